// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return bits(pow(unit(i), unit(i + 1) * 3.0)); }

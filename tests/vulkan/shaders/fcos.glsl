// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return bits(cos(unit(i) * 2.0 - 1.0) + 2.0); }

// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return bits(atan(unit(i), unit(i + 1)) + tan(unit(i + 2) - 1.0) + 2.0); }

// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return bits(ldexp(unit(i), int(at(i + 1) & 31u) - 16)); }

// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return bits(exp2(unit(i) * 7.0 - 8.0)); }

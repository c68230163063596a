// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return bits(log2(unit(i) + 1.5)); }

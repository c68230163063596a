// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return packHalf2x16(vec2(unit(i), wide(i + 1))); }

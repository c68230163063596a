// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { vec2 v = unpackHalf2x16(at(i) & 0x3fff3fffu); return bits(v.x) ^ bits(v.y) * 3u; }

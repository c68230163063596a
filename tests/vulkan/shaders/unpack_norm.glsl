// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { vec4 v = unpackUnorm4x8(at(i)); return bits(v.x + v.y + v.z + v.w); }

// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return packUnorm4x8(vec4(unit(i) - 1.0, unit(i + 1) - 1.0, 0.25, 1.0)) ^ packSnorm2x16(vec2(unit(i + 2) - 1.5, 0.5)) * 3u; }

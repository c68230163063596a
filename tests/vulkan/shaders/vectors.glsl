// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { vec3 a = vec3(unit(i), unit(i + 1), unit(i + 2)); vec3 b = vec3(unit(i + 3), 1.5, 0.5); return bits(dot(normalize(cross(a, b)) + 1.0, a) + length(b) + distance(a, b)); }

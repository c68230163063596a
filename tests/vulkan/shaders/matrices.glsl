// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { mat3 a = mat3(unit(i), 2, 3, 4, unit(i + 1), 6, 7, 8, unit(i + 2)); return bits(determinant(transpose(a) * a) + dot(a * vec3(1, 2, 3), vec3(1))); }

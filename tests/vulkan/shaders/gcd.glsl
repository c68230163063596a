// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { uint a = at(i) & 0xffffu, b = at(i + 1) & 0xffffu; while (b != 0u) { uint t = a % b; a = b; b = t; } return a; }

// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { switch (at(i) % 7u) { case 0: return 1u; case 1: return at(i) * 3u; case 2: case 3: return at(i + 1); case 4: return ~at(i); default: return i * 17u; } }

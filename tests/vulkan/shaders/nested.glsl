// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { uint r = 0u; for (uint y = 0u; y < (at(i) & 7u); y++) for (uint x = 0u; x <= y; x++) { if (((x ^ y) & 1u) == 0u) continue; if (r > 100000u) break; r += at(i + x) >> 16 ^ y; } return r; }

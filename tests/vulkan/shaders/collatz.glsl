// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { uint x = (at(i) & 0xffffu) + 1u, n = 0u; while (x != 1u && n < 500u) { x = (x & 1u) == 0u ? x / 2u : 3u * x + 1u; n++; } return n; }

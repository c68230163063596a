// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { uint n = at(i) & 63u, r = 0u; for (uint k = 0u; k < n; k++) r = r * 31u + at(i + k); return r; }

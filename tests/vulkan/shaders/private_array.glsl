// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { uint a[16]; for (uint k = 0u; k < 16u; k++) a[k] = at(i + k); uint r = 0u; for (uint k = 0u; k < 16u; k++) r = r * 7u + a[at(r + k) & 15u]; return r; }

// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { for (uint k = 0u; k < 40u; k++) if ((at(i + k) & 15u) == 3u) return k; return 99u; }

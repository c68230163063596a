// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { uint r = at(i); if ((r & 1u) != 0u) { if ((r & 2u) != 0u) r += 1u; else r *= 3u; } else if ((r & 4u) != 0u) r ^= 0xffu; else r = at(r); return r; }

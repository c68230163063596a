// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { uint c = ~at(i); for (int k = 0; k < 32; k++) c = (c >> 1) ^ ((c & 1u) != 0u ? 0xedb88320u : 0u); return ~c; }

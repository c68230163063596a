// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { uint h = 2166136261u; for (uint k = 0u; k < 4u; k++) for (uint b = 0u; b < 32u; b += 8u) h = (h ^ (at(i + k) >> b & 0xffu)) * 16777619u; return h; }

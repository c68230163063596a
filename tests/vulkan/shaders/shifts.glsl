// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { uint n = at(i + 1) & 31u; return (at(i) << n) ^ (at(i) >> (31u - n)) ^ uint(sat(i) >> n); }

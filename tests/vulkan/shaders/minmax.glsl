// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return uint(min(sat(i), sat(i + 1))) ^ max(at(i + 2), at(i + 3)) ^ uint(clamp(sat(i + 4), -1000, 1000)); }

// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return uint(sat(i) / (sat(i + 1) >> 15 | 1)); }

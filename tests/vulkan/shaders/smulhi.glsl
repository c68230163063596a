// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { int hi, lo; imulExtended(sat(i), sat(i + 1), hi, lo); return uint(hi ^ lo); }

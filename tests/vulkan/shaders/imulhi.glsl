// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { uint hi, lo; umulExtended(at(i), at(i + 1), hi, lo); return hi ^ lo; }

// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return bitfieldInsert(at(i), at(i + 1), int(at(i + 2) & 15u), int(at(i + 3) & 15u)); }

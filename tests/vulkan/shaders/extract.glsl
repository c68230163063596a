// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return bitfieldExtract(at(i), int(at(i + 1) & 15u), int(at(i + 2) & 15u)) + uint(bitfieldExtract(sat(i), 3, int(at(i + 2) & 15u))); }

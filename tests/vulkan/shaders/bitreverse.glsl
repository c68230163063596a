// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return bitfieldReverse(at(i)); }

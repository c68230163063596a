// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return bitCount(at(i)) * 100u + uint(findMSB(at(i + 1)) + 1) + uint(findLSB(at(i + 2))); }

// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return bits(float(sat(i))) ^ bits(float(at(i + 1))); }

// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return bits(inversesqrt(abs(wide(i)) + 0.001)); }

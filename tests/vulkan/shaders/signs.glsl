// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return uint(sign(sat(i)) * abs(sat(i + 1))); }

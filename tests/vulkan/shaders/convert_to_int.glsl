// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return uint(int(wide(i) * 65536.0)) ^ uint(unit(i + 1) * 1000.0); }

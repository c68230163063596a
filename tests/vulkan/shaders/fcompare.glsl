// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return uint(wide(i) < wide(i + 1)) | uint(wide(i) >= wide(i + 2)) << 1 | uint(wide(i) != wide(i)) << 2 | uint(isnan(unit(i))) << 3 | uint(isinf(wide(i))) << 4; }

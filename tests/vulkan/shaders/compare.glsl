// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return uint(at(i) < at(i + 1)) | uint(sat(i) < sat(i + 1)) << 1 | uint(sat(i) >= sat(i + 2)) << 2 | uint(at(i) == at(i)) << 3; }

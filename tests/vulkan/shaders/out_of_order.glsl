// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return src[(i * 389u + 7u) & 1023u]; }

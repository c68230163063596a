// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { precise float r = unit(i) + wide(i + 1); return bits(r); }

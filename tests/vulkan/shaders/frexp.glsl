// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { int e; float f = frexp(wide(i), e); return bits(f) + uint(e); }

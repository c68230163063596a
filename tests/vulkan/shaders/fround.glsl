// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { float x = wide(i) * 4096.0; return bits(floor(x) + ceil(x) * 2.0) ^ bits(trunc(x)) ^ bits(roundEven(x)); }

// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { uint c; uint s = uaddCarry(at(i), at(i + 1), c); return s + c * 3u; }

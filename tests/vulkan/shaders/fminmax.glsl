// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return bits(min(wide(i), wide(i + 1))) ^ bits(max(wide(i + 2), wide(i + 3))) ^ bits(clamp(wide(i), 0.0, 1.0)); }

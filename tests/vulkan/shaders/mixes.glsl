// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return bits(mix(unit(i), wide(i + 1), 0.25) + smoothstep(1.0, 2.0, unit(i + 2)) + step(1.5, unit(i)) + 4.0); }

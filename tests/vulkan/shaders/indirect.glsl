// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return at(at(at(i) & 1023u) & 1023u); }

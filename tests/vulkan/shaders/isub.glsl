// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { return at(i) - at(i + 1); }

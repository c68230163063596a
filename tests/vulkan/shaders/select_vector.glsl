// SPDX-License-Identifier: GPL-2.0-or-later
uint map(uint i) { uvec4 a = uvec4(at(i), at(i + 1), at(i + 2), at(i + 3)); bvec4 c = lessThan(a.wzyx, a); uvec4 r = mix(a, a.yzwx, c); return r.x ^ r.y * 3u ^ r.z * 5u ^ r.w * 7u; }

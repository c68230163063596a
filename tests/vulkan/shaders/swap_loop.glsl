// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	uint i = gl_GlobalInvocationID.x & 3u, seen = dst[i], old;

	do {
		old = seen;
		seen = atomicCompSwap(dst[i], old, old + (src[gl_GlobalInvocationID.x] & 15u) + 1u);
	} while (seen != old);
}

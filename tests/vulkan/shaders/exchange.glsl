// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	uint i = gl_GlobalInvocationID.x, old;

	old = atomicCompSwap(dst[i], 0u, src[i] | 1u);
	if (old == 0u)
		old = atomicExchange(dst[i], src[i] * 5u);
	atomicAdd(dst[i], old);
	if (atomicCompSwap(dst[i], 12345u, 1u) == 12345u)
		dst[i] = 0u;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	uint x = src[gl_GlobalInvocationID.x], i = gl_GlobalInvocationID.x & 7u;

	atomicAdd(dst[i], x);
	atomicMin(dst[16 + i], 0xffffffffu - x);
	atomicMax(dst[32 + i], x);
	atomicAnd(dst[48 + i], x | 0xffu);
	atomicOr(dst[64 + i], x & 0x11111111u);
	atomicXor(dst[80 + i], x);
}

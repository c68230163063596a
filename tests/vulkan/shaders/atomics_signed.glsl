// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
shared int low, high;

void main()
{
	if (gl_LocalInvocationIndex == 0u) {
		low = 0x7fffffff;
		high = -0x7fffffff;
	}
	barrier();
	atomicMin(low, int(src[gl_GlobalInvocationID.x]));
	atomicMax(high, int(src[gl_GlobalInvocationID.x]));
	barrier();
	dst[gl_GlobalInvocationID.x] = uint(low ^ high);
}

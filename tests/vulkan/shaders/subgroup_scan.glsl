// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	uint x = src[gl_GlobalInvocationID.x] >> 8;
	uint before = subgroupExclusiveAdd(x), with = subgroupInclusiveAdd(x);

	dst[gl_GlobalInvocationID.x] = with - before;
}

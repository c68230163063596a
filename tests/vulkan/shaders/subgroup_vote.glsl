// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	uint g = gl_WorkGroupID.x;
	uint r = uint(subgroupAll(src[g] > 10u)) | uint(subgroupAny(g == 3u)) << 1 |
		uint(subgroupAllEqual(g)) << 2;

	dst[gl_GlobalInvocationID.x] = r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	uint sum = subgroupAdd(src[gl_GlobalInvocationID.x]);

	if (subgroupElect())
		atomicAdd(dst[gl_WorkGroupID.x], sum);
}

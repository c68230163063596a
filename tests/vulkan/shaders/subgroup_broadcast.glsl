// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	uint first = subgroupBroadcastFirst(gl_LocalInvocationIndex - gl_SubgroupInvocationID);

	dst[gl_GlobalInvocationID.x] = first + gl_SubgroupInvocationID - gl_LocalInvocationIndex +
		subgroupBroadcast(gl_WorkGroupID.x, 2u);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	uvec4 b = subgroupBallot((src[gl_GlobalInvocationID.x] & 1u) != 0u);

	if (subgroupElect())
		atomicAdd(dst[gl_WorkGroupID.x], subgroupBallotBitCount(b));
	if (subgroupInverseBallot(b))
		atomicAdd(dst[512 + gl_WorkGroupID.x], 1u);
}

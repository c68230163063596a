// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	uvec3 g = gl_GlobalInvocationID, n = gl_NumWorkGroups * gl_WorkGroupSize;

	dst[(g.z * n.y + g.y) * n.x + g.x] = gl_LocalInvocationIndex | g.x << 8 | g.y << 16 |
		g.z << 20 | gl_WorkGroupID.x << 24 | gl_WorkGroupID.z << 28;
}

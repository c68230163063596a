// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	uint i = gl_GlobalInvocationID.x, x = src[i];

	dst[i] = subgroupClusteredAdd(x, 4u) ^ subgroupClusteredMax(x, 2u);
}

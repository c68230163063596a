// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	uint i = gl_GlobalInvocationID.x, x = src[i];

	/* Each side adds up its own lanes */
	if ((i & 1u) != 0u)
		x = subgroupAdd(1u) * 2u == gl_SubgroupSize ? x + 1u : 0u;
	else
		x = subgroupAdd(1u) * 2u == gl_SubgroupSize ? x + 2u : 0u;
	dst[i] = x;
}

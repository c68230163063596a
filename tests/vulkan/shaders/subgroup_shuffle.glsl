// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	uint i = gl_GlobalInvocationID.x, x = src[i];

	dst[i] = subgroupShuffleXor(x, 1u) ^ subgroupShuffleXor(x, 2u) * 3u ^
		subgroupShuffle(x, gl_SubgroupInvocationID ^ 3u) * 5u;
}

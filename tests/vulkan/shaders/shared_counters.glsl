// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
shared uint n[4];

void main()
{
	uint l = gl_LocalInvocationIndex;

	if (l < 4u)
		n[l] = 0u;
	barrier();
	atomicAdd(n[src[gl_GlobalInvocationID.x] & 3u], 1u);
	barrier();
	dst[gl_GlobalInvocationID.x] = n[l & 3u];
}

// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
shared uint sum[64];

void main()
{
	uint l = gl_LocalInvocationID.x;

	sum[l] = src[gl_GlobalInvocationID.x];
	barrier();
	for (uint k = 1u; k < 64u; k *= 2u) {
		uint left = l >= k ? sum[l - k] : 0u;

		barrier();
		sum[l] += left;
		barrier();
	}
	dst[gl_GlobalInvocationID.x] = sum[l];
}

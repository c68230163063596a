// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
shared uint part[64];

void main()
{
	uint l = gl_LocalInvocationID.x;

	part[l] = src[gl_GlobalInvocationID.x] >> 4;
	for (uint n = 32u; n > 0u; n /= 2u) {
		barrier();
		if (l < n)
			part[l] += part[l + n];
	}
	if (l == 0u)
		dst[gl_WorkGroupID.x] = part[0];
}

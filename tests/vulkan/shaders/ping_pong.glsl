// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
shared uint box[64];

void main()
{
	uint l = gl_LocalInvocationIndex, x = src[gl_GlobalInvocationID.x];

	for (uint k = 0u; k < 20u; k++) {
		box[l] = x;
		barrier();
		x = box[(l + k) & 63u] * 5u + 1u;
		barrier();
	}
	dst[gl_GlobalInvocationID.x] = x;
}

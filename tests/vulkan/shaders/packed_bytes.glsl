// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	uint i = gl_GlobalInvocationID.x, r = 0u;

	for (uint k = 0u; k < 4u; k++) {
		uint byte = src[(i + k) & 1023u] >> k * 8u & 0xffu;

		r |= (byte * 3u & 0xffu) << k * 8u;
	}
	dst[i] = r;
}

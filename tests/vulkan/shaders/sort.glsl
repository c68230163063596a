// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
shared uint v[64];

void main()
{
	uint l = gl_LocalInvocationID.x;

	v[l] = src[gl_GlobalInvocationID.x];
	for (uint k = 2u; k <= 64u; k *= 2u) {
		for (uint j = k / 2u; j > 0u; j /= 2u) {
			uint other = l ^ j, a, b;

			barrier();
			a = v[l];
			b = v[other];
			barrier();
			if (((l & k) == 0u) == (l < other))
				v[l] = min(a, b);
			else
				v[l] = max(a, b);
		}
	}
	barrier();
	dst[gl_GlobalInvocationID.x] = v[l];
}

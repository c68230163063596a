// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	uint i = gl_GlobalInvocationID.x;

	src[i] = src[i] * 3u;
	memoryBarrierBuffer();
	dst[i] = src[i] ^ 0x55u;
}

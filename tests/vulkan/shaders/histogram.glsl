// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	atomicAdd(dst[src[gl_GlobalInvocationID.x] & 63u], 1u);
}

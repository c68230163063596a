// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	uint x = src[gl_GlobalInvocationID.x], all = subgroupXor(x);

	atomicMax(dst[gl_WorkGroupID.x], subgroupMax(x));
	atomicMax(dst[64 + gl_WorkGroupID.x], ~subgroupMin(x));
	atomicOr(dst[128 + gl_WorkGroupID.x], subgroupOr(x & 0xf0u));
	atomicXor(dst[192 + gl_WorkGroupID.x], subgroupElect() ? all : 0u);
}

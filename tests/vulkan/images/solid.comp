// SPDX-License-Identifier: GPL-2.0-or-later
#version 450
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0, r32ui) uniform uimage3D img;
void main()
{
	uvec3 p = gl_GlobalInvocationID;

	imageStore(img, ivec3(p), uvec4(p.x | p.y << 10 | p.z << 20));
}

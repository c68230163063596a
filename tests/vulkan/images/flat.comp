// SPDX-License-Identifier: GPL-2.0-or-later
#version 450
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0, r32ui) uniform uimage2D img;
void main()
{
	uvec2 p = gl_GlobalInvocationID.xy;

	imageStore(img, ivec2(p), uvec4(p.x | p.y << 10 | 1u << 30));
}

// SPDX-License-Identifier: GPL-2.0-or-later
#version 450
// A number for each texel, as canvas.c has it
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0) writeonly uniform uimage3D img;
layout(push_constant) uniform Push { uint tag, shift, mask; };
void main()
{
	uvec3 p = gl_GlobalInvocationID;
	uint n = (p.x | p.y << 12 | (tag + 17u * p.z) << 24) >> shift;

	imageStore(img, ivec3(p), uvec4(n, ~n, n * 3u, n ^ 0x5555u) & mask);
}

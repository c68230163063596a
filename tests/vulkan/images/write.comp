// SPDX-License-Identifier: GPL-2.0-or-later
#version 450
// Each texel becomes its coordinates, in 64ths
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0) writeonly uniform image2D img;
void main()
{
	uvec2 p = gl_GlobalInvocationID.xy;

	imageStore(img, ivec2(p), vec4(p.x, p.y, p.x ^ p.y, 64) / 64.0);
}

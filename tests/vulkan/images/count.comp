// SPDX-License-Identifier: GPL-2.0-or-later
#version 450
// Each texel counts the threads that come to it, each thread the texels
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0, r32ui) uniform uimage2D img;
layout(binding = 2) buffer Out { uint result[]; };
void main()
{
	uvec2 p = gl_GlobalInvocationID.xy;

	result[p.y * 64u + p.x] = imageAtomicAdd(img, ivec2(p & 15u), 1u + (p.x >> 5));
}

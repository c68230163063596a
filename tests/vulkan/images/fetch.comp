// SPDX-License-Identifier: GPL-2.0-or-later
#version 450
// Texels of both levels, and the sizes that the descriptor has
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 1) uniform sampler2D tex;
layout(binding = 2) buffer Out { vec4 result[]; };
void main()
{
	uvec2 p = gl_GlobalInvocationID.xy;
	int level = int(p.x >> 5);
	ivec2 size = textureSize(tex, level);

	result[p.y * 64u + p.x] = texelFetch(tex, ivec2(p.x & 31u, p.y) % size, level);
}

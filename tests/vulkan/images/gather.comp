// SPDX-License-Identifier: GPL-2.0-or-later
#version 450
// What a filter would use, and with offsets
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 1) uniform sampler2D tex;
layout(binding = 2) buffer Out { vec4 result[]; };
void main()
{
	uvec2 p = gl_GlobalInvocationID.xy;
	vec2 at = (vec2(p) + 0.25) / 64.0;

	result[p.y * 64u + p.x] = (p.x & 1u) != 0u ? textureGather(tex, at, 1) :
		textureGatherOffset(tex, at, ivec2(2, -1), 2);
}

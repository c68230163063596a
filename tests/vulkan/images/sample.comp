// SPDX-License-Identifier: GPL-2.0-or-later
#version 450
// From -1 to 2 along both axes, LODs from 0 to 1
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 1) uniform sampler2D tex;
layout(binding = 2) buffer Out { vec4 result[]; };
void main()
{
	uvec2 p = gl_GlobalInvocationID.xy;
	vec2 at = vec2(p) * 3.0 / 64.0 - 1.0;

	result[p.y * 64u + p.x] = textureLod(tex, at, float(p.x % 5u) * 0.25);
}

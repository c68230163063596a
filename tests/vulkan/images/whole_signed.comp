// SPDX-License-Identifier: GPL-2.0-or-later
#version 450
#extension GL_EXT_shader_image_load_formatted : require
// Signed numbers of as many bits as each colour has are stored, or loaded; as s_stores.c
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0) uniform iimage2D img;
layout(binding = 2) buffer Out { ivec4 result[]; };
layout(push_constant) uniform Push { uint bits, load; };
void main()
{
	uvec2 p = gl_GlobalInvocationID.xy;
	uint n = p.x * 0x9e3779b1u ^ p.y * 0x85ebca77u;
	ivec4 value = ivec4(n * uvec4(1, 3, 5, 7));

	for (int k = 0; k < 4; k++)
		value[k] = bitfieldExtract(value[k], 0, int(bits >> 8 * k & 0xffu));
	if (load == 0)
		imageStore(img, ivec2(p), value);
	else
		result[p.y * 64u + p.x] = imageLoad(img, ivec2(p));
}

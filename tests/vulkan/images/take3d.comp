// SPDX-License-Identifier: GPL-2.0-or-later
#version 450
#extension GL_EXT_shader_image_load_formatted : require
// All texels, row by row, slice by slice
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0) readonly uniform uimage3D img;
layout(binding = 2) buffer Out { uvec4 result[]; };
void main()
{
	uvec3 p = gl_GlobalInvocationID, size = uvec3(imageSize(img));

	if (all(lessThan(p, size)))
		result[(p.z * size.y + p.y) * size.x + p.x] = imageLoad(img, ivec3(p));
}

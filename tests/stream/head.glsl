#version 460
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What all shaders have: the buffers, and how a word of the sparse space is reached.
 * The space is larger than a buffer may be, so it has several, 2 GiB each; where they
 * are is in a buffer as well.
 */
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_GOOGLE_include_directive : require

#include "land.h"
#include "view.h"

layout(buffer_reference, std430, buffer_reference_align = 4) buffer Words { uint words[]; };
layout(set = 0, binding = 0, std430) readonly buffer Space { uvec2 space[]; };
layout(set = 0, binding = 1, std430) readonly buffer PageTable { uint page_table[]; };
layout(set = 0, binding = 2, std430) buffer Wanted { uint wanted[]; };
layout(set = 0, binding = 3, std430) readonly buffer Strides { stride strides[]; };
layout(set = 0, binding = 4, std430) writeonly buffer Pixels { uint pixels[]; };
layout(set = 0, binding = 5, std430) readonly buffer Tiles { uint tiles[]; };
layout(set = 0, binding = 6, std430) readonly buffer Probed { uvec2 probed[]; };
layout(set = 0, binding = 7, std430) writeonly buffer Found { uint found[]; };
layout(push_constant) uniform Push { camera eye; uint count; } push;

Words words_at(uint tile, uint word)
{
	uvec2 start = space[tile >> SPACE_BITS];
	uint carry, low = uaddCarry(start.x, (tile & SPACE_MASK) << 16 | word << 2, carry);

	return Words(uvec2(low, start.y + carry));
}

#version 450
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loads and stores of single words, one a thread: at addresses, or at places in the
 * storage buffer that is bound.
 */
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require

layout(local_size_x = 64) in;

layout(buffer_reference, std430, buffer_reference_align = 4) buffer Word { uint word; };

/* @kind as enum touch_kind of touch.h */
struct Access { uvec2 place; uint kind; uint value; };

layout(set = 0, binding = 0, std430) readonly buffer List { Access list[]; };
layout(set = 0, binding = 1, std430) writeonly buffer Seen { uint seen[]; };
layout(set = 0, binding = 2, std430) buffer Sparse { uint words[]; };

void main()
{
	uint i = gl_GlobalInvocationID.x;
	Access a = list[i];

	switch (a.kind) {
	case 1:
		seen[i] = Word(a.place).word;
		break;
	case 2:
		Word(a.place).word = a.value;
		break;
	case 3:
		seen[i] = words[a.place.x];
		break;
	case 4:
		words[a.place.x] = a.value;
		break;
	}
}

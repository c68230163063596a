#version 450
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What comes before each shader: 1,024 words to read, 1,024 to write, and how many of
 * them count. A shader defines map(), which makes word i of what it reads, or
 * says OWN_MAIN and does all by itself.
 */
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_vote : require
#extension GL_KHR_shader_subgroup_ballot : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_KHR_shader_subgroup_shuffle_relative : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_clustered : require

layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
layout(set = 0, binding = 0, std430) buffer In { uint src[1024]; };
layout(set = 0, binding = 1, std430) buffer Out { uint dst[1024]; };
layout(push_constant) uniform Push { uint count; };

uint at(uint i) { return src[i & 1023]; }
int sat(uint i) { return int(at(i)); }
/* A float of about 1 to 2, and one of many sizes */
float unit(uint i) { return uintBitsToFloat(at(i) >> 9 | 0x3f800000u); }
float wide(uint i) { return uintBitsToFloat((at(i) & 0x87ffffffu) | 0x38000000u); }
uint bits(float f) { return floatBitsToUint(f); }

// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
shared uint tile[8][9];

void main()
{
	uvec2 l = gl_LocalInvocationID.xy, w = gl_WorkGroupID.xy;

	tile[l.y][l.x] = src[(w.y * 8 + l.y) * 32 + w.x * 8 + l.x];
	barrier();
	dst[(w.x * 8 + l.y) * 32 + w.y * 8 + l.x] = tile[l.x][l.y];
}

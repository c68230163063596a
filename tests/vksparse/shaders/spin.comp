#version 450
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Waits until the host writes word 0; gives up after a while, and says so in word 1.
 */
layout(local_size_x = 1) in;

layout(set = 0, binding = 1, std430) volatile buffer Flag { uint flag[]; };

void main()
{
	uint left = 100000000u;

	while (flag[0] == 0u && left != 0u)
		left--;
	flag[1] = left == 0u ? 1u : 0u;
}

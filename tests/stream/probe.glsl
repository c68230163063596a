// SPDX-License-Identifier: GPL-2.0-or-later
/* What is read of tiles that have memory, and of those that no longer have: one word each */
layout(local_size_x = 64) in;

void main()
{
	uint i = gl_GlobalInvocationID.x;

	if (i < push.count)
		found[i] = words_at(probed[i].x, probed[i].y).words[0];
}

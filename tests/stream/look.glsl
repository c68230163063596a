// SPDX-License-Identifier: GPL-2.0-or-later
/* A column of the picture, and which tiles it would like to have */
#define CAMERA			push.eye
#define STRIDE(i)			strides[i]
#define RESIDENT(tile)		(page_table[tile] != 0u)
#define WANT(tile)		wanted[tile] = push.count
#define WORD(tile, word)	words_at(tile, word).words[0]
#define PIXEL(x, y, word)	pixels[(y) * VIEW_WIDTH + (x)] = word
layout(local_size_x = 32) in;

#include "column.h"

void main()
{
	view_column(int(gl_GlobalInvocationID.x));
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Puts the land into the tiles of a list, a row of it each; 2,048 threads a tile */
#define ROW(i, word)	row_words.words[i] = word
layout(local_size_x = 64) in;
Words row_words;

#include "row.h"

void main()
{
	uint tile = tiles[gl_WorkGroupID.y], level = level_of(tile);
	uint x = (gl_GlobalInvocationID.x & 15u) << ROW_BITS, y = gl_GlobalInvocationID.x >> 4;

	row_words = words_at(tile, word_at(x, y));
	land_row(level, (tile_x(level, tile) + x) << level, (tile_y(level, tile) + y) << level);
}

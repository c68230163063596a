/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a column of the picture is made: from near to far along a ray over the land,
 * each step taking the texel whose size is that of a pixel there. C and GLSL, as
 * land.h. Who includes this has said before what the macros are:
 *
 *   CAMERA		a struct camera
 *   STRIDE(i)		a struct stride, by distance
 *   RESIDENT(tile)	whether the tile has memory
 *   WANT(tile)		the picture would like to have it
 *   WORD(tile, word)	a word of a tile that has memory
 *   PIXEL(x, y, word)	put a pixel
 *
 * Where a tile has no memory the one of the level above is taken, and so on; the last
 * one always has. So the picture is complete whatever is resident, and sharp where it is.
 */

LAND void view_column(int column)
{
	int side = 2 * column + 1 - VIEW_WIDTH;
	int along_x = CAMERA.forward_x + CAMERA.right_x * side / (2 * FOCAL);
	int along_y = CAMERA.forward_y + CAMERA.right_y * side / (2 * FOCAL);
	int top = VIEW_HEIGHT;
	int i, row;

	for (i = 0; i < STEPS && top > 0; i++) {
		stride s = STRIDE(i);
		uint x = UINT(CAMERA.x + (along_x * s.distance >> 12)) & (LAND_SIZE - 1u);
		uint y = UINT(CAMERA.y + (along_y * s.distance >> 12)) & (LAND_SIZE - 1u);
		uint level = s.level;
		uint tile = tile_at(level, x >> level, y >> level);
		uint word, colour;

		WANT(tile);
		while (level < LEVELS - 1u && !RESIDENT(tile)) {
			level++;
			tile = tile_at(level, x >> level, y >> level);
		}
		word = WORD(tile, word_at(x >> level, y >> level));
		row = CAMERA.horizon +
		      ((CAMERA.height - INT((word & 0xffffu) >> HEIGHT_SHIFT)) * s.inverse >> 12);
		row = row < 0 ? 0 : row;
		if (row < top) {
			colour = view_colour(word >> 16, s.fog) | level << VIEW_LEVEL |
				 (level - s.level) << VIEW_COARSE;
			for (top--; top >= row; top--)
				PIXEL(column, top, colour);
			top = row;
		}
	}
	for (row = 0; row < top; row++)
		PIXEL(column, row, view_sky(CAMERA.horizon - row) | 15u << VIEW_LEVEL);
}

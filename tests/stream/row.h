/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How texels come to be, eight of a row at a time: they have the corners of each hill
 * in common. C and GLSL, as land.h; who includes this has defined ROW(i, word), which
 * puts the word of texel i.
 */

/* The first one is at @x, @y in texels of level 0 */
LAND void land_row(uint level, uint x, uint y)
{
	hill sum[ROW_TEXELS];
	uint i, k;

	for (i = 0u; i < ROW_TEXELS; i++) {
		sum[i].height = 0;
		sum[i].dx = 0;
		sum[i].dy = 0;
	}
	for (k = HILL_MOST; k >= hill_least(level); k--) {
		uint mask = (1u << k) - 1u, left = x >> k, up = y >> k;
		int a = corner(left, up, k), b = corner(left + 1u, up, k);
		int c = corner(left, up + 1u, k), d = corner(left + 1u, up + 1u, k);
		int fy = INT((y & mask) << (HILL_MOST - k));

		for (i = 0u; i < ROW_TEXELS; i++) {
			int fx = INT(((x + (i << level)) & mask) << (HILL_MOST - k));
			hill h = hill_between(a, b, c, d, fx, fy);

			if (k >= RIDGE_LEAST)
				h = ridge(h);
			sum[i].height += h.height >> (HILL_MOST + 1u - k);
			sum[i].dx += h.dx;
			sum[i].dy += h.dy;
		}
	}
	for (i = 0u; i < ROW_TEXELS; i++)
		ROW(i, texel(sum[i], x + (i << level), y));
}

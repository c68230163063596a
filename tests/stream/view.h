/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a picture of the land is made with, C and GLSL as land.h; column.h makes it.
 */
#ifndef STREAM_VIEW_H
#define STREAM_VIEW_H

#include "land.h"

#define VIEW_WIDTH	320
#define VIEW_HEIGHT	180
#define VIEW_PIXELS	(VIEW_WIDTH * VIEW_HEIGHT)
/* Of a pixel; its lower three bytes are red, green and blue */
#define VIEW_LEVEL	24u
#define VIEW_COARSE	28u
/* Steps, the first and the last distance. Each step is a 128th longer. */
#define STEPS		748
#define STEP_FIRST	64
/* A pixel is a texel at this distance */
#define FOCAL		256
#define HEIGHT_SHIFT	5u

/* Directions in 4,096ths; @horizon is a row */
struct camera {
	int x, y;
	int height;
	int horizon;
	int forward_x, forward_y;
	int right_x, right_y;
};
STRUCT(camera)

/* @inverse: 4,096 rows of a texel's height there; @fog: in 256ths */
struct stride {
	int distance;
	int inverse;
	uint level;
	int fog;
};
STRUCT(stride)

LAND int to_sky(int c, int sky, int fog)
{
	return c + ((sky - c) * fog >> 8);
}

LAND uint view_colour(uint c, int fog)
{
	int r = INT(c >> 11 & 31u), g = INT(c >> 5 & 63u), b = INT(c & 31u);

	return rgb(to_sky(r << 3 | r >> 2, 196, fog), to_sky(g << 2 | g >> 4, 214, fog),
		   to_sky(b << 3 | b >> 2, 232, fog));
}

LAND uint view_sky(int above)
{
	int s = above < 0 ? 0 : above > 120 ? 120 : above;

	return rgb(196 - s, 214 - s * 3 / 4, 232 - s / 4);
}

#endif /* STREAM_VIEW_H */

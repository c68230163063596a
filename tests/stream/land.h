/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The land that is streamed, as numbers: a square of 131,072 by 131,072 texels that
 * has an end nowhere, and ten smaller ones, each of half the size. This file is both
 * C and GLSL, and all of it is integer arithmetic, so that the CPU knows each bit of
 * what the GPU computes. No product here is beyond 31 bits.
 *
 * A texel is a word: its height in the lower half, its colour (5:6:5), lit, in the
 * upper one. A tile is 128 by 128 texels, 64 KiB. Tiles are numbered along a Z curve,
 * level after level: 32 tiles with consecutive numbers, 2 MiB, are 8 by 4 neighbours.
 */
#ifndef STREAM_LAND_H
#define STREAM_LAND_H

#ifdef VULKAN
#define LAND
#define INT(x)		int(x)
#define UINT(x)		uint(x)
#define STRUCT(name)
#else
#include <stdint.h>
typedef uint32_t uint;
#define LAND		static inline
#define INT(x)		((int)(x))
#define UINT(x)		((uint)(x))
#define STRUCT(name)	typedef struct name name;
#endif

#define LAND_BITS	17u
#define LAND_SIZE	(1u << LAND_BITS)
#define TILE_BITS	7u
#define TILE_TEXELS	(1u << TILE_BITS)
#define TILE_WORDS	(TILE_TEXELS * TILE_TEXELS)
#define LEVELS		(LAND_BITS - TILE_BITS + 1u)
/* Of all levels: 85.3 GiB */
#define NUM_TILES	1398101u

/* A buffer may not have 4 GiB: 32,768 tiles are one of 2 GiB */
#define SPACE_BITS	15u
#define SPACE_MASK	((1u << SPACE_BITS) - 1u)

/* --- Where a texel is ------------------------------------------------------------- */

/* The tiles of a level, and of those before it, are powers of four added up */
LAND uint level_start(uint level)
{
	uint top = 2u * (LEVELS - 1u);

	return ((1u << (top + 2u)) - (1u << (top + 2u - 2u * level))) / 3u;
}

/* Ten bits, with a 0 between each two */
LAND uint spread(uint x)
{
	x = (x | x << 8) & 0xff00ffu;
	x = (x | x << 4) & 0xf0f0f0fu;
	x = (x | x << 2) & 0x33333333u;
	return (x | x << 1) & 0x55555555u;
}

LAND uint gather(uint x)
{
	x &= 0x55555555u;
	x = (x | x >> 1) & 0x33333333u;
	x = (x | x >> 2) & 0xf0f0f0fu;
	x = (x | x >> 4) & 0xff00ffu;
	return (x | x >> 8) & 0xffffu;
}

/* The tile of a texel; @x and @y in texels of that level */
LAND uint tile_at(uint level, uint x, uint y)
{
	return level_start(level) + (spread(x >> TILE_BITS) | spread(y >> TILE_BITS) << 1);
}

LAND uint level_of(uint tile)
{
	uint level = 0u;

	while (level < LEVELS - 1u && tile >= level_start(level + 1u))
		level++;
	return level;
}

/* The first column, or row, of a tile in texels of its level */
LAND uint tile_x(uint level, uint tile)
{
	return gather(tile - level_start(level)) << TILE_BITS;
}

LAND uint tile_y(uint level, uint tile)
{
	return gather((tile - level_start(level)) >> 1) << TILE_BITS;
}

/* The word of a texel in its tile */
LAND uint word_at(uint x, uint y)
{
	return (y & (TILE_TEXELS - 1u)) << TILE_BITS | (x & (TILE_TEXELS - 1u));
}

/* --- What is there ------------------------------------------------------------------ */

/* Hills from 4,096 texels to 32, and those that a level can still show */
#define HILL_MOST	12u
#define HILL_LEAST	5u
/* So many texels of a row are in the same square of the smallest hills */
#define ROW_BITS	3u
#define ROW_TEXELS	(1u << ROW_BITS)

LAND uint hill_least(uint level)
{
	return level + ROW_BITS > HILL_LEAST ? level + ROW_BITS : HILL_LEAST;
}

LAND uint hash(uint x, uint y, uint k)
{
	uint h = x * 0x9e3779b1u ^ y * 0x85ebca77u ^ k * 0xc2b2ae3du;

	h = (h ^ h >> 15) * 0x2c1b3c6du;
	h = (h ^ h >> 12) * 0x297a2d39u;
	return h ^ h >> 15;
}

/* A random height, 16 bits, for each corner of the squares of 1 << @k texels */
LAND int corner(uint x, uint y, uint k)
{
	uint mask = (1u << (LAND_BITS - k)) - 1u;

	return INT(hash(x & mask, y & mask, k) & 0xffffu);
}

struct hill {
	int height;
	int dx;
	int dy;
};
STRUCT(hill)

LAND int smooth12(int f)
{
	return ((f * f) >> 12) * (12288 - 2 * f) >> 12;
}

LAND int slope12(int f)
{
	return 6 * f * (4096 - f) >> 12;
}

LAND int mix12(int a, int b, int s)
{
	return a + ((b - a) * s >> 12);
}

/* Between four corners, at @fx and @fy 4,096ths of the way */
LAND hill hill_between(int a, int b, int c, int d, int fx, int fy)
{
	int sx = smooth12(fx), sy = smooth12(fy);
	int near = mix12(a, b, sx), far = mix12(c, d, sx);
	hill h;

	h.height = mix12(near, far, sy);
	h.dx = mix12(b - a, d - c, sy) * slope12(fx) >> 12;
	h.dy = (far - near) * slope12(fy) >> 12;
	return h;
}

/* The largest hills are ridges: their upper half is turned down */
#define RIDGE_LEAST	10u

LAND hill ridge(hill h)
{
	if (h.height < 32768) {
		h.height *= 2;
		h.dx *= 2;
		h.dy *= 2;
	} else {
		h.height = 131070 - 2 * h.height;
		h.dx *= -2;
		h.dy *= -2;
	}
	return h;
}

/* --- What it looks like ----------------------------------------------------------- */

#define WATER		21000

LAND uint rgb(int r, int g, int b)
{
	return UINT(r << 16 | g << 8 | b);
}

/* What grows there: by height, and where it is steep nothing does */
LAND uint ground(int height, int steep)
{
	if (height < WATER + 500)
		return rgb(206, 190, 140);
	if (height > 43000 + steep / 48)
		return rgb(240, 244, 250);
	if (height > 38000 + (200000 - steep) / 32)
		return rgb(140, 126, 110);
	if (height > 32000 + (200000 - steep) / 64)
		return rgb(98, 122, 66);
	return height < 25000 ? rgb(140, 168, 80) : rgb(62, 116, 54);
}

LAND int channel(uint colour, uint shift, int light, int noise)
{
	int c = (INT(colour >> shift & 255u) * light >> 8) + noise;

	return c < 0 ? 0 : c > 255 ? 255 : c;
}

LAND uint pack565(uint colour, int light, int noise)
{
	return UINT(channel(colour, 16u, light, noise) >> 3 << 11 |
		    channel(colour, 8u, light, noise / 2) >> 2 << 5 |
		    channel(colour, 0u, light, noise) >> 3);
}

/* The sun is in the north-west. @x and @y are texels of level 0 */
LAND uint texel(hill h, uint x, uint y)
{
	int noise = INT(hash(x, y, 99u) & 15u) - 8;
	int steep = (h.dx < 0 ? -h.dx : h.dx) + (h.dy < 0 ? -h.dy : h.dy);
	int light = 210 + ((h.dx + h.dy / 2) >> 11);
	uint colour = ground(h.height + noise * 64, steep);

	if (h.height < WATER) {
		colour = rgb(44, 92 + h.height / 512, 130 + h.height / 512);
		light = 230;
		h.height = WATER;
	}
	light = light < 90 ? 90 : light > 300 ? 300 : light;
	return pack565(colour, light, noise) << 16 | UINT(h.height);
}

#endif /* STREAM_LAND_H */

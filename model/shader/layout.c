// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where texels are in a plane.
 *
 * Facts, from Mesa: tiles have 16 by 16 texels, in an order whose bits are y3,
 * x3 ^ y3, y2, x2 ^ y2 and so on. In the order "64k" tiles are in rows in blocks of
 * 64 KiB, which are as wide as high or twice as wide, and blocks are in rows.
 *
 * Invariant: nothing is checked here; what coordinates there are say others.
 */
#include "texture.h"

#define TILE		16u
#define TILE_TEXELS	(TILE * TILE)
#define BLOCK_BYTES	65536u

static uint32_t in_tile(uint32_t x, uint32_t y)
{
	static const uint8_t spread[TILE] = {
		0x00, 0x01, 0x04, 0x05, 0x10, 0x11, 0x14, 0x15,
		0x40, 0x41, 0x44, 0x45, 0x50, 0x51, 0x54, 0x55,
	};

	return spread[(x ^ y) % TILE] | spread[y % TILE] << 1;
}

/* Tiles in rows of @width */
static uint64_t in_tiles(uint32_t x, uint32_t y, uint32_t width)
{
	uint32_t tile = y / TILE * width + x / TILE;

	return (uint64_t)tile * TILE_TEXELS + in_tile(x, y);
}

static uint64_t offset_u_tiled(const struct plane *p, uint32_t x, uint32_t y)
{
	return (uint64_t)(y / TILE) * p->row_stride +
	       in_tiles(x, y % TILE, 0) * p->format.bytes;
}

static uint64_t offset_64k(const struct plane *p, uint32_t x, uint32_t y)
{
	unsigned int log2_bytes = __builtin_ctz(p->format.bytes);
	uint32_t width = 1u << (17 - log2_bytes) / 2;
	uint32_t height = 1u << (16 - log2_bytes) / 2;

	return (uint64_t)(y / height) * p->row_stride +
	       (uint64_t)(x / width) * BLOCK_BYTES +
	       in_tiles(x % width, y % height, width / TILE) * p->format.bytes;
}

uint64_t layout_offset(const struct plane *p, uint32_t x, uint32_t y, uint32_t z)
{
	uint64_t slice = (uint64_t)z * p->slice_stride;

	switch (p->order) {
	case ORDER_U_TILED:
		return slice + offset_u_tiled(p, x, y);
	case ORDER_64K:
		return slice + offset_64k(p, x, y);
	}
	return slice + (uint64_t)y * p->row_stride + (uint64_t)x * p->format.bytes;
}

bool layout_fits(enum texel_order order, unsigned int bytes)
{
	return order != ORDER_64K || !(bytes & (bytes - 1));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which tiles have memory. A pool has few slots, of a tile each, and a tile that is
 * wanted takes a free one, or that of the tile which was wanted longest ago. Only
 * decides: what has to be bound for it is a list that others carry out.
 *
 * Where a region of 2 MiB loses its last tile, it goes back as a whole.
 */
#ifndef STREAM_POOL_H
#define STREAM_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "tile.h"

#define POOL_SLOTS	128u
#define SLOT_NONE	0xffu
/* Tiles that get memory in a frame */
#define POOL_LOADS	32u
#define REGION_BITS	5u
#define REGION_TILES	(1u << REGION_BITS)
#define NUM_REGIONS	((NUM_TILES + REGION_TILES - 1) >> REGION_BITS)
#define TILE_NONE	0xffffffffu

/**
 * struct pool - what has memory
 * @slot_of: By tile.
 * @tile_in: By slot.
 * @last: By slot, the frame that wanted its tile last.
 * @count: Slots in use.
 * @in_region: By region, how many tiles of it have memory.
 */
struct pool {
	uint8_t slot_of[NUM_TILES];
	uint32_t tile_in[POOL_SLOTS];
	uint32_t last[POOL_SLOTS];
	unsigned int count;
	uint8_t in_region[NUM_REGIONS];
};

/**
 * struct change - what a frame changes
 * @tile: Tiles that get memory, by @slot; those that lose it are @evicted.
 * @region: Regions that lose their last tile.
 * @wanting: Tiles that were wanted and had no memory.
 */
struct change {
	unsigned int loads, evictions, regions, wanting;
	uint32_t tile[POOL_SLOTS];
	uint8_t slot[POOL_SLOTS];
	uint32_t evicted[POOL_SLOTS];
	uint32_t region[POOL_SLOTS];
};

void pool_init(struct pool *p);
/* For those tiles whose word in @wanted is @frame; the coarsest come first */
void pool_decide(struct pool *p, const uint32_t *wanted, uint32_t frame,
		 struct change *c);
/* Everything goes */
void pool_empty(struct pool *p, struct change *c);

#endif /* STREAM_POOL_H */

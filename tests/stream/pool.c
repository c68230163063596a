// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which tiles have memory; see pool.h.
 */
#include <string.h>

#include "pool.h"

void pool_init(struct pool *p)
{
	memset(p, 0, sizeof(*p));
	memset(p->slot_of, SLOT_NONE, sizeof(p->slot_of));
	for (unsigned int i = 0; i < POOL_SLOTS; i++)
		p->tile_in[i] = TILE_NONE;
}

static void take(struct pool *p, struct change *c, uint32_t slot, uint32_t tile)
{
	p->slot_of[tile] = slot;
	p->tile_in[slot] = tile;
	p->in_region[tile >> REGION_BITS]++;
	p->count++;
	c->tile[c->loads] = tile;
	c->slot[c->loads++] = slot;
}

static void evict(struct pool *p, struct change *c, uint32_t slot)
{
	uint32_t tile = p->tile_in[slot];

	p->slot_of[tile] = SLOT_NONE;
	p->tile_in[slot] = TILE_NONE;
	p->in_region[tile >> REGION_BITS]--;
	p->count--;
	c->evicted[c->evictions++] = tile;
}

/* A free slot, or the one whose tile was wanted longest ago, before this frame */
static uint32_t find_slot(const struct pool *p, uint32_t frame)
{
	uint32_t best = SLOT_NONE;

	for (uint32_t i = 0; i < POOL_SLOTS; i++) {
		if (p->tile_in[i] == TILE_NONE)
			return i;
		if (p->last[i] < frame && (best == SLOT_NONE || p->last[i] < p->last[best]))
			best = i;
	}
	return best;
}

/* The last tile is the whole land, and always has memory */
static void touch(struct pool *p, const uint32_t *wanted, uint32_t frame)
{
	for (uint32_t i = 0; i < POOL_SLOTS; i++)
		if (p->tile_in[i] != TILE_NONE &&
		    (wanted[p->tile_in[i]] == frame || p->tile_in[i] == NUM_TILES - 1))
			p->last[i] = frame;
}

static void want(struct pool *p, uint32_t tile, uint32_t frame, struct change *c)
{
	uint32_t slot;

	if (p->slot_of[tile] != SLOT_NONE)
		return;
	c->wanting++;
	slot = c->loads < POOL_LOADS ? find_slot(p, frame) : SLOT_NONE;
	if (slot == SLOT_NONE)
		return;
	if (p->tile_in[slot] != TILE_NONE)
		evict(p, c, slot);
	take(p, c, slot, tile);
	p->last[slot] = frame;
}

/* Regions that have lost tiles and have none, each once */
static void find_regions(const struct pool *p, struct change *c)
{
	for (unsigned int i = 0; i < c->evictions; i++) {
		uint32_t region = c->evicted[i] >> REGION_BITS;
		unsigned int k = 0;

		while (k < c->regions && c->region[k] != region)
			k++;
		if (k == c->regions && !p->in_region[region])
			c->region[c->regions++] = region;
	}
}

void pool_decide(struct pool *p, const uint32_t *wanted, uint32_t frame,
		 struct change *c)
{
	memset(c, 0, sizeof(*c));
	touch(p, wanted, frame);
	want(p, NUM_TILES - 1, frame, c);
	/* Tiles of coarser levels have larger numbers */
	for (uint32_t tile = NUM_TILES - 1; tile-- > 0;)
		if (wanted[tile] == frame)
			want(p, tile, frame, c);
	find_regions(p, c);
}

void pool_empty(struct pool *p, struct change *c)
{
	memset(c, 0, sizeof(*c));
	for (uint32_t i = 0; i < POOL_SLOTS; i++)
		if (p->tile_in[i] != TILE_NONE)
			evict(p, c, i);
	find_regions(p, c);
}

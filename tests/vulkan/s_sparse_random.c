// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random binds of sparse images: blocks of any level, layer and slice, tails among them,
 * get memory of others, memory that was free, or none. Then what the GPU reads of each level
 * is what the memory of its blocks has, and what it stores is there and nowhere else.
 *
 * No memory is in two blocks at a time (s_sparse_alias.c has that).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "canvas.h"
#include "chance.h"
#include "scenarios.h"

#define MOST_CHANGES	8u
#define HISTORY		24u
#define WORDS		(BLOCK / 4)

/* A bind of a call */
struct past {
	unsigned int call;
	uint32_t block, place;
};

/**
 * struct shuffle - random binds of a canvas, whose memory has a number in each word
 * @random: Where chance is; a seed repeats it.
 * @unbinds: Blocks may lose their memory.
 * @round: Calls of vkQueueBindSparse so far, and @binds: blocks in them.
 * @past: The last binds.
 */
struct shuffle {
	struct canvas c;
	uint64_t random;
	bool unbinds;
	unsigned int round, binds;
	struct past past[HISTORY];
};

static uint32_t below(struct shuffle *s, uint32_t n)
{
	return chance(&s->random) % n;
}

/* --- What was bound ----------------------------------------------------------------- */

static void remember(struct shuffle *s, uint32_t block)
{
	s->past[s->binds++ % HISTORY] = (struct past){ s->round, block, s->c.place[block] };
}

static void tell_past(const struct shuffle *s, const struct past *p)
{
	char block[80], what[40] = "none";

	canvas_name(&s->c, p->block, block, sizeof(block));
	if (p->place != NONE)
		snprintf(what, sizeof(what), "block %u", p->place);
	note("call %u: block %s has memory: %s", p->call, block, what);
}

static void tell(const struct shuffle *s)
{
	unsigned int from = s->binds > HISTORY ? s->binds - HISTORY : 0;

	note("seed %llu; the last operations:", (unsigned long long)chance_seed);
	for (unsigned int i = from; i < s->binds; i++)
		tell_past(s, &s->past[i % HISTORY]);
}

/* --- What memory has ---------------------------------------------------------------- */

static uint32_t number_of(uint32_t place, uint32_t word, unsigned int round)
{
	return (place + 1) << 24 | (round & 0x3ff) << 14 | word;
}

static void number_memory(struct shuffle *s)
{
	for (uint32_t n = 0; n < (s->c.blocks + 1) * WORDS; n++)
		s->c.texels[n] = number_of(n / WORDS, n % WORDS, s->round);
}

static uint32_t owner_of(const struct canvas *c, uint32_t place)
{
	for (uint32_t n = 0; n < c->blocks; n++)
		if (c->place[n] == place)
			return n;
	return NONE;
}

static bool others_untouched(const struct shuffle *s)
{
	for (uint32_t place = 0; place <= s->c.blocks; place++) {
		for (uint32_t k = 0; owner_of(&s->c, place) == NONE && k < WORDS; k++) {
			if (s->c.texels[place * WORDS + k] == number_of(place, k, s->round))
				continue;
			detail("memory of no block, %u, was stored to", place);
			return false;
		}
	}
	return true;
}

/* --- What the GPU makes of it ------------------------------------------------------- */

static uint32_t pictures(const struct canvas *c)
{
	return c->i.info.mipLevels * c->i.info.arrayLayers;
}

/*
 * A level of a layer, by number; no two have the same texels. Small colours have parts of a
 * number, another one in each round.
 */
static struct paint picture(const struct shuffle *s, uint32_t n)
{
	uint32_t levels = s->c.i.info.mipLevels;

	return (struct paint){
		.level = n % levels,
		.layer = n / levels,
		.tag = (s->round + 1) * 29 + n,
		.shift = s->c.texel / s->c.colours < 4 ? s->round % 4 * 8 : 0,
	};
}

static bool reads_memory(struct shuffle *s)
{
	for (uint32_t n = 0; n < pictures(&s->c); n++) {
		struct paint p = picture(s, n);

		if (!canvas_shows(&s->c, &p))
			return false;
	}
	return true;
}

/* All are stored before the first is looked at */
static bool stores_are_right(struct shuffle *s)
{
	for (uint32_t n = 0; n < pictures(&s->c); n++) {
		struct paint p = picture(s, n);

		canvas_draw(&s->c, &p);
	}
	for (uint32_t n = 0; n < pictures(&s->c); n++) {
		struct paint p = picture(s, n);

		if (!canvas_has(&s->c, &p))
			return false;
	}
	return others_untouched(s);
}

/*
 * The GPU has translations of what is bound now. What binds then leave of them is seen
 * only while it does not sleep, so nothing that takes long is between.
 */
static void look(struct shuffle *s)
{
	for (uint32_t n = pictures(&s->c); n--;) {
		struct paint p = picture(s, n);

		canvas_download(&s->c, &p);
	}
}

/* --- Binds ------------------------------------------------------------------------- */

/* No memory is in two blocks: who had it gets what the other one had */
static void give(struct canvas *c, uint32_t block, uint32_t place)
{
	uint32_t other = owner_of(c, place);

	if (other != NONE)
		c->place[other] = c->place[block];
	c->place[block] = place;
}

static void change(struct shuffle *s)
{
	uint32_t block = below(s, s->c.blocks);

	if (s->unbinds && !below(s, 4))
		s->c.place[block] = NONE;
	else
		give(&s->c, block, below(s, s->c.blocks + 1));
}

/* Some blocks get other memory, or none; a bind for each block that differs then */
static void shuffle(struct shuffle *s)
{
	uint32_t before[MOST_BLOCKS], differ[MOST_BLOCKS], count = 0;

	memcpy(before, s->c.place, sizeof(before));
	for (uint32_t k = 1 + below(s, MOST_CHANGES); k; k--)
		change(s);
	for (uint32_t n = 0; n < s->c.blocks; n++) {
		if (s->c.place[n] == before[n])
			continue;
		differ[count++] = n;
		remember(s, n);
	}
	if (count)
		canvas_bind_these(&s->c, differ, count);
}

/* It is as if this block had lost its memory, and no other one */
static bool has_lost(struct shuffle *s, uint32_t block)
{
	uint32_t place = s->c.place[block];
	bool right;

	s->c.place[block] = NONE;
	number_memory(s);
	right = reads_memory(s) && stores_are_right(s);
	s->c.place[block] = place;
	return right;
}

/*
 * Whether a block that loses its memory is the one that was named. In panvk 26.1 it is the
 * first one; anything else, and that of any other version, is a failure.
 */
static bool unbinds_what_is_named(struct shuffle *s, const char *kind)
{
	static const char name[] = "the block that loses its memory is the one that was named";
	struct canvas *c = &s->c;
	uint32_t last = c->blocks - 1, place = c->place[last];
	bool right;

	c->place[last] = NONE;
	canvas_bind(c, last, 1);
	c->place[last] = place;
	right = has_lost(s, last);
	if (!right && vk_driver_is(&c->b.vk, "Mesa 26.1") && has_lost(s, 0))
		skip("panvk 26.1 takes that of the first block", "%s: %s", kind, name);
	else
		ok(right, "%s: %s", kind, name);
	/* Whatever it did, all blocks have memory again */
	canvas_bind_all(c);
	return right;
}

/* --- Images ------------------------------------------------------------------------ */

static const struct {
	const char *kind;
	VkFormat format;
	uint32_t texel, colours;
	VkExtent3D size;
	uint32_t levels, layers;
} images[] = {
	{ "2D", VK_FORMAT_R32_UINT, 4, 1, { 400, 300, 1 }, 1, 1 },
	{ "3D", VK_FORMAT_R32_UINT, 4, 1, { 200, 136, 3 }, 1, 1 },
	{ "2D, levels and layers", VK_FORMAT_R16G16_UINT, 4, 2, { 260, 140, 1 }, 3, 2 },
	{ "2D, layers of small texels", VK_FORMAT_R8_UINT, 1, 1, { 270, 260, 1 }, 2, 2 },
	{ "3D, levels", VK_FORMAT_R16G16B16A16_UINT, 8, 4, { 140, 100, 5 }, 3, 1 },
};

static bool rounds(struct shuffle *s, unsigned int calls)
{
	while (s->round < calls) {
		s->round++;
		number_memory(s);
		look(s);
		shuffle(s);
		if (!reads_memory(s) || !stores_are_right(s))
			return false;
	}
	return true;
}

static void at_random(unsigned int n)
{
	unsigned int calls = chance_calls ? chance_calls : extent == ALL ? 40 :
			     extent == SAMPLE ? 5 : 20;
	VkImageCreateInfo info = canvas_info(images[n].format, images[n].size.width,
					     images[n].size.height, images[n].size.depth);
	struct shuffle s = { .random = chance_seed };
	bool good;

	info.mipLevels = images[n].levels;
	info.arrayLayers = images[n].layers;
	canvas_open(&s.c, &info, images[n].texel, images[n].colours);
	canvas_bind_all(&s.c);
	image_ready(&s.c.b, &s.c.i);
	s.unbinds = unbinds_what_is_named(&s, images[n].kind);
	good = rounds(&s, calls);
	if (!ok(good, "%s: %u random binds in %u calls: loads and stores are where they belong",
		images[n].kind, s.binds, s.round))
		tell(&s);
	canvas_close(&s.c);
}

void run_sparse_random(void)
{
	setenv("PANVK_DEBUG", "noafbc", 1);
	for (unsigned int n = 0; n < ARRAY_SIZE(images); n++)
		at_random(n);
}

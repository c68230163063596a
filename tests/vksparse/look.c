// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One dispatch of random loads and stores in the buffers of a world; see world.h.
 *
 * What a load gives and what a store changes is known, as no word of memory is in two
 * accesses, though it may be in reach through several blocks. Where nothing is bound, in
 * a buffer with residency, an access must do no harm: Vulkan leaves open what a load
 * gives, unless residencyNonResidentStrict, which panvk does not have.
 */
#include <stdio.h>

#include "world.h"

#define POKES	8u

/* An access, and where its word is */
struct spot {
	unsigned int buf;
	uint32_t block, word;
	enum touch_kind kind;
	struct place at;
	uint32_t value;
};

static uint32_t draw_word(struct world *w)
{
	switch (below(w, 6)) {
	case 0: return 0;
	case 1: return BLOCK_WORDS - 1;
	default: return below(w, BLOCK_WORDS);
	}
}

static bool writes(enum touch_kind kind)
{
	return kind == TOUCH_WRITE || kind == TOUCH_WRITE_INDEX;
}

static bool same_word(const struct spot *a, const struct spot *b)
{
	return a->at.memory == b->at.memory && a->at.page == b->at.page &&
	       a->word == b->word && a->at.memory != UNBOUND;
}

/* Two loads may be of one word */
static bool collides(const struct spot *spots, unsigned int n, const struct spot *s)
{
	for (unsigned int i = 0; i < n; i++)
		if (same_word(&spots[i], s) && (writes(s->kind) || writes(spots[i].kind)))
			return true;
	return false;
}

/* Any block; mostly one that is bound, often near the start, where binds are dense */
static void draw_spot(struct world *w, const struct residency *const *map,
		      unsigned int by_index, struct spot *s)
{
	const struct residency *r;
	uint32_t from;

	s->buf = below(w, NUM_BUFS);
	r = map[s->buf];
	from = below(w, 2) ? below(w, r->blocks) : below(w, NEAR) % r->blocks;
	s->block = residency_find(r, from, below(w, 8));
	if (s->block == r->blocks)
		s->block = from;
	s->at = r->at[s->block];
	s->word = draw_word(w);
	s->kind = below(w, 3) ? TOUCH_READ : TOUCH_WRITE;
	if (s->buf == by_index && below(w, 2))
		s->kind += TOUCH_READ_INDEX - TOUCH_READ;
	s->value = below(w, 1ull << 32);
}

static void add_spot(struct world *w, const struct spot *s)
{
	uint64_t offset = s->block * BLOCK + s->word * 4;

	if (s->kind == TOUCH_READ || s->kind == TOUCH_WRITE)
		touch_access(&w->touch, s->kind, w->buf[s->buf].address + offset, s->value);
	else
		touch_access(&w->touch, s->kind, offset / 4, s->value);
}

/* What the host writes the GPU has to see */
static void poke(struct world *w)
{
	for (unsigned int i = 0; i < POKES; i++) {
		struct mem *m = &w->mem[below(w, NUM_MEMS)];

		mem_poke(m, below(w, m->pages), draw_word(w), below(w, 1ull << 32));
	}
}

static const char *spot_name(const struct spot *s)
{
	static char name[100];

	snprintf(name, sizeof(name), "buffer %u, block %u, word %u, memory %d, page %u", s->buf,
		 s->block, s->word, s->at.memory, s->at.page);
	return name;
}

static bool check_load(struct world *w, const struct spot *s, uint32_t got)
{
	uint32_t want = w->mem[s->at.memory].want[s->at.page * BLOCK_WORDS + s->word];

	w->tally.loads++;
	if (got == want)
		return true;
	return wrong(w, "a load of %s gives %#x, should be %#x", spot_name(s), got, want);
}

static bool check_store(struct world *w, const struct spot *s)
{
	struct mem *m = &w->mem[s->at.memory];
	uint64_t i = s->at.page * BLOCK_WORDS + s->word;

	w->tally.stores++;
	m->want[i] = s->value;
	if (((volatile uint32_t *)m->map)[i] == s->value)
		return true;
	return wrong(w, "a store to %s gives %#x, should be %#x", spot_name(s), m->map[i],
		     s->value);
}

static bool check(struct world *w, const struct spot *s, uint32_t seen)
{
	if (s->at.memory == UNBOUND) {
		w->tally.holes++;
		return true;
	}
	return writes(s->kind) ? check_store(w, s) : check_load(w, s, seen);
}

static VkResult run(struct world *w, unsigned int set, uint64_t point)
{
	if (point)
		return touch_run_after(&w->vk, &w->touch, set, w->line, point);
	return touch_run(&w->vk, &w->touch, set);
}

bool world_look(struct world *w, const struct residency *const *map, uint64_t point)
{
	unsigned int by_index = below(w, NUM_BUFS), n = 0;
	struct spot spots[TOUCHES];
	bool good = true;
	VkResult res;

	poke(w);
	touch_clear(&w->touch);
	for (unsigned int i = 0; i < TOUCHES; i++) {
		draw_spot(w, map, by_index, &spots[n]);
		if (collides(spots, n, &spots[n]))
			continue;
		add_spot(w, &spots[n++]);
	}
	res = run(w, w->buf[by_index].set, point);
	if (res != VK_SUCCESS)
		return wrong(w, "the dispatch gives %d", res);
	for (unsigned int i = 0; i < n; i++)
		good &= check(w, &spots[i], w->touch.seen[i]);
	return good;
}

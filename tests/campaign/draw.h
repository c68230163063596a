/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The next call of a thread. What is drawn depends on the thread's seed and on what it has
 * drawn before, never on what came of it: so a seed is a sequence of calls. A generator
 * believes that what it asked for is there, and asks for more of it than of what is not.
 */
#ifndef CAMPAIGN_DRAW_H
#define CAMPAIGN_DRAW_H

#include "state.h"

struct beliefs {
	uint64_t random;
	/* Bits of places, for each file */
	uint32_t vm[FILES], bo[FILES], group[FILES], heap[FILES], sync[FILES];
	uint32_t map, buf, fence;
	unsigned int begun;
};

void draw_init(struct beliefs *b, uint64_t seed);
void draw(struct beliefs *b, struct call *c);
/* What it draws are still the calls with which every thread begins */
bool draw_begins(const struct beliefs *b);
/* A call of this kind to the first file */
void draw_kind(struct beliefs *b, struct call *c, unsigned int kind);

#endif /* CAMPAIGN_DRAW_H */

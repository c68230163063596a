// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is behind each block; see residency.h.
 */
#include <stdlib.h>
#include <string.h>

#include "residency.h"
#include "vk.h"

void residency_make(struct residency *r, uint32_t blocks)
{
	r->blocks = blocks;
	r->at = malloc(blocks * sizeof(*r->at));
	must(r->at);
	residency_bind(r, 0, blocks, UNBOUND, 0);
}

void residency_free(struct residency *r)
{
	free(r->at);
}

void residency_copy(struct residency *to, const struct residency *from)
{
	memcpy(to->at, from->at, from->blocks * sizeof(*from->at));
}

void residency_bind(struct residency *r, uint32_t first, uint32_t count, int memory,
		    uint32_t page)
{
	for (uint32_t i = 0; i < count; i++)
		r->at[first + i] = (struct place){
			.memory = memory,
			.page = memory == UNBOUND ? 0 : page + i,
		};
}

uint32_t residency_find(const struct residency *r, uint32_t from, bool bound)
{
	for (uint32_t i = 0; i < r->blocks; i++) {
		uint32_t block = (from + i) % r->blocks;
		bool is_bound = r->at[block].memory != UNBOUND;

		if (is_bound == bound)
			return block;
	}
	return r->blocks;
}

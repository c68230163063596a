// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is mapped where; see space.h.
 */
#include <stdlib.h>
#include <string.h>

#include "space.h"
#include "tap.h"

#define FIRST_ROOM	256u

void space_free(struct space *s)
{
	free(s->extent);
	memset(s, 0, sizeof(*s));
}

static void make_room(struct space *s, unsigned int more)
{
	unsigned int room = s->room ? s->room : FIRST_ROOM;

	while (s->count + more > room)
		room *= 2;
	if (room == s->room)
		return;
	s->extent = realloc(s->extent, room * sizeof(*s->extent));
	need(s->extent ? 0 : -1);
	s->room = room;
}

void space_copy(struct space *to, const struct space *from)
{
	to->count = 0;
	make_room(to, from->count);
	to->count = from->count;
	memcpy(to->extent, from->extent, from->count * sizeof(*to->extent));
}

unsigned int space_after(const struct space *s, uint64_t va)
{
	unsigned int lo = 0, hi = s->count;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (extent_end(&s->extent[mid]) <= va)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct extent *space_at(const struct space *s, uint64_t va)
{
	unsigned int i = space_after(s, va);

	return i < s->count && s->extent[i].va <= va ? &s->extent[i] : NULL;
}

static void insert(struct space *s, unsigned int at, struct extent e)
{
	make_room(s, 1);
	memmove(&s->extent[at + 1], &s->extent[at],
		(s->count - at) * sizeof(e));
	s->extent[at] = e;
	s->count++;
}

/* The part of @e from @va on */
static struct extent tail(struct extent e, uint64_t va)
{
	e.size -= va - e.va;
	if (e.buf != SPARSE)
		e.offset += va - e.va;
	e.va = va;
	return e;
}

void space_unmap(struct space *s, uint64_t va, uint64_t size)
{
	uint64_t end = va + size;
	unsigned int i = space_after(s, va), last;

	if (i < s->count && s->extent[i].va < va) {
		insert(s, i + 1, tail(s->extent[i], va));
		s->extent[i].size = va - s->extent[i].va;
		i++;
	}
	for (last = i; last < s->count && extent_end(&s->extent[last]) <= end;)
		last++;
	if (last < s->count && s->extent[last].va < end)
		s->extent[last] = tail(s->extent[last], end);
	memmove(&s->extent[i], &s->extent[last],
		(s->count - last) * sizeof(*s->extent));
	s->count -= last - i;
}

void space_map(struct space *s, struct extent e)
{
	space_unmap(s, e.va, e.size);
	insert(s, space_after(s, e.va), e);
}

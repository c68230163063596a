// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mistakes of the model; see broken.h.
 */
#include <stdio.h>
#include <string.h>

#include "broken.h"
#include "world.h"

/* Some operations are right, so that a check has something to agree with */
#define FIRST_WRONG	40

static enum {
	SOUND,
	OFFSET,
	UNMAP,
	MAP,
	FLAGS,
	BUFFER,
	BLOCK,
	TABLES,
} broken;

static const struct {
	const char *name;
	const char *about;
} mistakes[] = {
	[OFFSET] = { "offset", "maps are a page further in their buffer" },
	[UNMAP] = { "unmap", "unmaps leave their last page" },
	[MAP] = { "map", "maps do not reach their last page" },
	[FLAGS] = { "flags", "read-only and writable are exchanged" },
	[BUFFER] = { "buffer", "maps are of the next buffer of the same size" },
	[BLOCK] = { "block", "all memory is thought to be in pieces of 2 MiB" },
	[TABLES] = { "tables", "a page of page tables more was there before" },
};

bool broken_set(const char *name)
{
	for (unsigned int i = OFFSET; i < ARRAY_SIZE(mistakes); i++) {
		if (strcmp(mistakes[i].name, name))
			continue;
		broken = i;
		return true;
	}
	return false;
}

void broken_list(void)
{
	for (unsigned int i = OFFSET; i < ARRAY_SIZE(mistakes); i++)
		printf("%-8s%s\n", mistakes[i].name, mistakes[i].about);
}

static int next_of_size(const struct bufs *b, int buf)
{
	for (unsigned int i = 1; i < b->count; i++) {
		int other = (buf + i) % b->count;

		if (b->buf[other].bo.size == b->buf[buf].bo.size)
			return other;
	}
	return buf;
}

bool broken_op(const struct world *w, struct op *op)
{
	struct extent *e = &op->e;

	if (broken == SOUND || w->tally.ops < FIRST_WRONG)
		return true;
	if (broken == UNMAP && op->kind == OP_UNMAP)
		return e->size -= SZ_4K;
	if (op->kind != OP_MAP)
		return true;
	if (broken == MAP)
		return e->size -= SZ_4K;
	if (broken == OFFSET && e->offset + e->size < w->bufs->buf[e->buf].bo.size)
		e->offset += SZ_4K;
	if (broken == FLAGS)
		e->flags ^= DRM_PANTHOR_VM_BIND_OP_MAP_READONLY;
	if (broken == BUFFER)
		e->buf = next_of_size(w->bufs, e->buf);
	return true;
}

bool broken_block(void)
{
	return broken == BLOCK;
}

long broken_count(long pages)
{
	return broken == TABLES ? pages + 1 : pages;
}

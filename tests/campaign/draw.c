// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See draw.h. slot[0] has the file in bit 0; slot[1] is the place that a call is mostly
 * about, slot[2] and slot[3] further ones.
 */
#include "draw.h"

#define OTHER_FILE	16	/* one call in so many is about the second file */
#define ASTRAY		12	/* and one about a place of which nothing is known */

static const struct {
	uint8_t kind;
	uint8_t weight;
	uint8_t wrong;		/* of 256 */
} weights[] = {
	{ K_QUERY, 4, 90 }, { K_VM_CREATE, 10, 30 }, { K_VM_DESTROY, 4, 30 },
	{ K_VM_BIND, 50, 50 }, { K_VM_BIND_ASYNC, 50, 50 }, { K_VM_GET_STATE, 3, 60 },
	{ K_BO_CREATE, 30, 30 }, { K_BO_CLOSE, 14, 40 }, { K_BO_MMAP_OFFSET, 10, 40 },
	{ K_BO_SET_LABEL, 4, 90 }, { K_BO_SYNC, 8, 80 }, { K_BO_QUERY_INFO, 4, 60 },
	{ K_GROUP_CREATE, 16, 40 }, { K_GROUP_DESTROY, 6, 30 }, { K_GROUP_SUBMIT, 60, 40 },
	{ K_GROUP_GET_STATE, 6, 60 }, { K_TILER_HEAP_CREATE, 6, 60 },
	{ K_TILER_HEAP_DESTROY, 4, 60 }, { K_SET_USER_MMIO_OFFSET, 2, 60 },
	{ K_MMAP, 16, 30 }, { K_MUNMAP, 8, 0 }, { K_MREMAP, 4, 0 }, { K_MADVISE, 4, 0 },
	{ K_TOUCH, 24, 0 }, { K_MMIO_MAP, 3, 60 }, { K_SYNCOBJ_CREATE, 10, 40 },
	{ K_SYNCOBJ_DESTROY, 4, 40 }, { K_SYNCOBJ_WAIT, 16, 40 },
	{ K_SYNCOBJ_TIMELINE_WAIT, 12, 40 }, { K_SYNCOBJ_RESET, 4, 60 },
	{ K_SYNCOBJ_SIGNAL, 5, 60 }, { K_SYNCOBJ_TIMELINE_SIGNAL, 5, 60 },
	{ K_SYNCOBJ_QUERY, 5, 60 }, { K_SYNCOBJ_TRANSFER, 6, 50 },
	{ K_SYNCOBJ_EVENTFD, 3, 60 }, { K_SYNCOBJ_EXPORT, 6, 60 },
	{ K_SYNCOBJ_IMPORT, 6, 60 }, { K_SYNCOBJ_TIMELINE_EXPORT, 4, 60 },
	{ K_SYNCOBJ_TIMELINE_IMPORT, 4, 60 }, { K_SYNC_FILE_MERGE, 3, 60 },
	{ K_PRIME_EXPORT, 8, 50 }, { K_PRIME_IMPORT, 8, 50 }, { K_DMABUF_MMAP, 4, 0 },
	{ K_DMABUF_SYNC, 4, 60 },
	{ K_DMABUF_SYNC_FILE, 3, 60 }, { K_UDMABUF, 2, 0 }, { K_FILE_OPEN, 2, 0 },
	{ K_FILE_CLOSE, 1, 0 }, { K_FORK, 1, 0 }, { K_RAW, 6, 0 }, { K_FDINFO, 2, 0 },
	{ K_DEBUGFS, 2, 0 },
};

/* What a thread begins with, so that what follows finds something */
static const uint8_t beginning[] = {
	K_FILE_OPEN, K_VM_CREATE, K_BO_CREATE, K_BO_CREATE, K_BO_CREATE, K_VM_BIND,
	K_SYNCOBJ_CREATE, K_SYNCOBJ_CREATE, K_GROUP_CREATE, K_GROUP_SUBMIT, K_BO_MMAP_OFFSET,
	K_MMAP, K_GROUP_SUBMIT, K_VM_BIND_ASYNC, K_TILER_HEAP_CREATE,
};

void draw_init(struct beliefs *b, uint64_t seed)
{
	*b = (struct beliefs){ .random = seed };
}

static uint32_t below(struct beliefs *b, uint32_t n)
{
	return draw_below(&b->random, n);
}

static unsigned int draw_weighted(struct beliefs *b)
{
	unsigned int sum = 0, at;

	for (unsigned int i = 0; i < ARRAY_SIZE(weights); i++)
		sum += weights[i].weight;
	at = below(b, sum);
	for (unsigned int i = 0; i < ARRAY_SIZE(weights); i++) {
		if (at < weights[i].weight)
			return i;
		at -= weights[i].weight;
	}
	return 0;
}

static bool is_wrong(struct beliefs *b, unsigned int kind)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(weights); i++)
		if (weights[i].kind == kind)
			return below(b, 256) < weights[i].wrong;
	return false;
}

/* A place that is believed to be taken, mostly */
static uint8_t taken(struct beliefs *b, uint32_t places, unsigned int n)
{
	unsigned int from = below(b, n);

	if (!places || !below(b, ASTRAY))
		return from;
	for (unsigned int i = 0; i < n; i++)
		if (places & 1u << (from + i) % n)
			return (from + i) % n;
	return from;
}

/* One that is believed to be free, if there is one */
static uint8_t vacant(struct beliefs *b, uint32_t places, unsigned int n)
{
	return taken(b, ~places & ((1u << n) - 1), n);
}

/* Makes something in a place: it is believed to be there */
static void makes(struct beliefs *b, struct call *c, uint32_t *places, unsigned int n)
{
	c->slot[1] = vacant(b, *places, n);
	if (c->twist == T_NONE)
		*places |= 1u << c->slot[1];
}

static void takes(struct beliefs *b, struct call *c, uint32_t *places, unsigned int n)
{
	c->slot[1] = taken(b, *places, n);
	if (c->twist == T_NONE)
		*places &= ~(1u << c->slot[1]);
}

static void places_of_objects(struct beliefs *b, struct call *c, unsigned int f)
{
	switch (c->kind) {
	case K_VM_CREATE:
		makes(b, c, &b->vm[f], VMS);
		break;
	case K_VM_DESTROY:
		takes(b, c, &b->vm[f], VMS);
		break;
	case K_BO_CREATE:
	case K_UDMABUF:
		makes(b, c, &b->bo[f], BOS);
		c->slot[2] = taken(b, b->vm[f], VMS);
		break;
	case K_PRIME_IMPORT:
		makes(b, c, &b->bo[f], BOS);
		c->slot[2] = taken(b, b->buf, BUFS);
		break;
	case K_BO_CLOSE:
		takes(b, c, &b->bo[f], BOS);
		break;
	case K_GROUP_CREATE:
		makes(b, c, &b->group[f], GROUPS);
		c->slot[2] = taken(b, b->vm[f], VMS);
		break;
	case K_GROUP_DESTROY:
		takes(b, c, &b->group[f], GROUPS);
		break;
	case K_GROUP_SUBMIT:
		c->slot[1] = taken(b, b->group[f], GROUPS);
		c->slot[2] = taken(b, b->vm[f], VMS);
		c->slot[3] = taken(b, b->sync[f], SYNCS);
		break;
	case K_TILER_HEAP_CREATE:
		makes(b, c, &b->heap[f], HEAPS);
		c->slot[2] = taken(b, b->vm[f], VMS);
		break;
	case K_TILER_HEAP_DESTROY:
		takes(b, c, &b->heap[f], HEAPS);
		break;
	case K_SYNCOBJ_CREATE:
		makes(b, c, &b->sync[f], SYNCS);
		break;
	case K_SYNCOBJ_DESTROY:
		takes(b, c, &b->sync[f], SYNCS);
		break;
	case K_VM_BIND:
	case K_VM_BIND_ASYNC:
		c->slot[1] = taken(b, b->vm[f], VMS);
		c->slot[2] = taken(b, b->bo[f], BOS);
		c->slot[3] = taken(b, b->sync[f], SYNCS);
		break;
	case K_VM_GET_STATE:
		c->slot[1] = taken(b, b->vm[f], VMS);
		break;
	case K_GROUP_GET_STATE:
		c->slot[1] = taken(b, b->group[f], GROUPS);
		break;
	default:
		c->slot[1] = taken(b, b->bo[f], BOS);
		c->slot[2] = below(b, 256);
		c->slot[3] = below(b, 256);
	}
}

static void places_of_the_rest(struct beliefs *b, struct call *c, unsigned int f)
{
	unsigned int t = c->thread;

	switch (c->kind) {
	case K_MMAP:
	case K_DMABUF_MMAP:
	case K_MMIO_MAP:
		c->slot[2] = t * MAPS_EACH + below(b, MAPS_EACH);
		b->map |= 1u << c->slot[2];
		break;
	case K_MUNMAP:
	case K_MREMAP:
	case K_MADVISE:
	case K_TOUCH:
		c->slot[2] = t * MAPS_EACH + taken(b, b->map >> t * MAPS_EACH, MAPS_EACH);
		break;
	case K_SYNCOBJ_WAIT ... K_SYNCOBJ_EVENTFD:
		c->slot[1] = taken(b, b->sync[f], SYNCS);
		c->slot[2] = taken(b, b->sync[f], SYNCS);
		break;
	case K_SYNCOBJ_EXPORT:
	case K_SYNCOBJ_TIMELINE_EXPORT:
		c->slot[1] = taken(b, b->sync[f], SYNCS);
		c->slot[2] = vacant(b, b->fence, FENCES);
		b->fence |= 1u << c->slot[2];
		break;
	case K_SYNCOBJ_IMPORT:
		makes(b, c, &b->sync[f], SYNCS);
		c->slot[2] = taken(b, b->fence, FENCES);
		break;
	case K_SYNCOBJ_TIMELINE_IMPORT:
		c->slot[1] = taken(b, b->sync[f], SYNCS);
		c->slot[2] = taken(b, b->fence, FENCES);
		break;
	case K_PRIME_EXPORT:
		c->slot[1] = taken(b, b->bo[f], BOS);
		c->slot[2] = vacant(b, b->buf, BUFS);
		b->buf |= 1u << c->slot[2];
		break;
	default:
		break;
	}
}

/* All but the kind, and what is wrong, of a call to the file @f */
static void draw_rest(struct beliefs *b, struct call *c, unsigned int f)
{
	for (unsigned int i = 0; i < CALL_WORDS; i++)
		c->r[i] = next_random(&b->random) >> 32;
	c->slot[0] = f;
	places_of_objects(b, c, f);
	places_of_the_rest(b, c, f);
	/* A file that goes takes what it has along */
	if (c->kind == K_FILE_CLOSE || c->kind == K_FILE_OPEN) {
		c->slot[0] = 1;
		b->vm[1] = 0;
		b->bo[1] = 0;
		b->group[1] = 0;
		b->heap[1] = 0;
		b->sync[1] = 0;
	}
}

bool draw_begins(const struct beliefs *b)
{
	return b->begun < ARRAY_SIZE(beginning);
}

void draw(struct beliefs *b, struct call *c)
{
	unsigned int f = !below(b, OTHER_FILE);

	*c = (struct call){ .proc = c->proc, .thread = c->thread };
	if (draw_begins(b)) {
		c->kind = beginning[b->begun++];
		f = 0;
	} else {
		c->kind = weights[draw_weighted(b)].kind;
		if (is_wrong(b, c->kind))
			c->twist = 1 + below(b, T_COUNT_OF - 1);
	}
	draw_rest(b, c, f);
}

void draw_kind(struct beliefs *b, struct call *c, unsigned int kind)
{
	*c = (struct call){ .proc = c->proc, .thread = c->thread, .kind = kind };
	if (is_wrong(b, kind))
		c->twist = 1 + below(b, T_COUNT_OF - 1);
	draw_rest(b, c, 0);
}

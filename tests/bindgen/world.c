// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VM and its model; see world.h.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broken.h"
#include "tap.h"
#include "world.h"

/* Nobody else maps anything here, see world::result_va */
#define RESULTS_VA	0x200000000000ull
#define RESULT_SIZE	SZ_64K
#define VA_LIMIT	0x800000000000ull

const struct window windows[NUM_WINDOWS] = {
	{ "first", 0, 8 * SZ_1M, 4 * SZ_1M },
	{ "512-gib", DATA_VA - 16 * SZ_1M, 32 * SZ_1M, DATA_VA },
	{ "1-gib", DATA_VA + 4 * SZ_1G - 8 * SZ_1M - SZ_4K, 24 * SZ_1M,
	  DATA_VA + 4 * SZ_1G },
	{ "dense", DATA_VA + 8 * SZ_1G + 7 * SZ_64K, SZ_2M,
	  DATA_VA + 8 * SZ_1G + SZ_2M },
	{ "wide", DATA_VA + 17 * SZ_1G - 512 * SZ_1M, SZ_1G,
	  DATA_VA + 17 * SZ_1G },
	{ "last", VA_LIMIT - 16 * SZ_1M, 16 * SZ_1M, VA_LIMIT - 6 * SZ_1M },
};

/* --- Chance ------------------------------------------------------------------ */

/* splitmix64: any seed will do, 0 as well */
static uint64_t next(struct world *w)
{
	uint64_t x = w->random += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

uint64_t below(struct world *w, uint64_t n)
{
	return next(w) % n;
}

static bool one_in(struct world *w, unsigned int n)
{
	return !below(w, n);
}

bool wrong(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->wrong[0])
		return false;
	va_start(ap, fmt);
	vsnprintf(w->wrong, sizeof(w->wrong), fmt, ap);
	va_end(ap);
	return false;
}

/* --- Opening and closing ----------------------------------------------------- */

void world_open(struct world *w, struct pan *p, struct bufs *b, unsigned int id,
		uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->pan = p;
	w->bufs = b;
	w->random = seed;
	gpu_open(&w->gpu, p);
	need(pan_syncobj_create(p, &w->fence));
	need(pan_bo_create(p, RESULT_SIZE, 0, &w->result));
	w->result_va = RESULTS_VA + ((getpid() & 0x7fffull) * 8 + id) * RESULT_SIZE;
	gpu_map(&w->gpu, w->result_va, &w->result, 0, RESULT_SIZE);
}

void world_close(struct world *w)
{
	gpu_close(&w->gpu);
	pan_syncobj_destroy(w->pan, w->fence);
	pan_bo_destroy(w->pan, &w->result);
	space_free(&w->space);
}

/* --- Drawing operations ------------------------------------------------------ */

static uint64_t round_to(uint64_t x, uint64_t to)
{
	return x & -to;
}

/* At least a page, at most @max */
static uint64_t draw_size(struct world *w, uint64_t max)
{
	uint64_t size;

	switch (below(w, 8)) {
	case 0:
		size = SZ_4K;
		break;
	case 1:
		size = SZ_4K * (1 + below(w, 16));
		break;
	case 2:
		size = SZ_64K;
		break;
	case 3:
		size = SZ_64K * (1 + below(w, 32));
		break;
	case 4:
		size = SZ_2M;
		break;
	case 5:
		size = SZ_2M * (1 + below(w, 4));
		break;
	case 6:
		size = SZ_4K * (1 + below(w, max / SZ_4K));
		break;
	default:
		size = max;
	}
	return size < max ? size : max;
}

static uint64_t into_window(const struct window *win, uint64_t va, uint64_t size)
{
	/* va may have wrapped around below 0 */
	if (va < win->va || va > VA_LIMIT)
		return win->va;
	if (va + size > win->va + win->size)
		return win->va + win->size - size;
	return va;
}

/* The start or the end of something that is mapped, or a few pages beside it */
static uint64_t draw_edge(struct world *w, const struct window *win)
{
	unsigned int first = space_after(&w->space, win->va);
	unsigned int last = space_after(&w->space, win->va + win->size - 1);
	const struct extent *e;
	uint64_t va;

	if (first >= last)
		return win->cross;
	e = &w->space.extent[first + below(w, last - first)];
	va = one_in(w, 2) ? e->va : extent_end(e);
	return one_in(w, 2) ? va : va + (below(w, 5) - 2) * SZ_4K;
}

static uint64_t draw_va(struct world *w, const struct window *win, uint64_t size)
{
	uint64_t va = win->va + SZ_4K * below(w, win->size / SZ_4K);

	switch (below(w, 6)) {
	case 0:
		va = round_to(va, SZ_64K);
		break;
	case 1:
		va = round_to(va, SZ_2M);
		break;
	case 2:
		va = draw_edge(w, win);
		break;
	case 3:
		va = draw_edge(w, win) - size;
		break;
	case 4:
		va = win->cross - round_to(below(w, size), SZ_4K);
		break;
	}
	return into_window(win, va, size);
}

/* Nearby, and at the same place within 2 MiB as @offset is: a block can be used */
static uint64_t congruent(const struct window *win, uint64_t va, uint64_t offset,
			  uint64_t size)
{
	uint64_t at = round_to(va, SZ_2M) + offset % SZ_2M;

	return into_window(win, at, size) == at ? at : va;
}

static uint32_t draw_flags(struct world *w)
{
	static const uint32_t flags[] = {
		DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC,
		DRM_PANTHOR_VM_BIND_OP_MAP_READONLY,
		DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED,
	};
	uint32_t drawn = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++)
		if (one_in(w, i ? 4 : 2))
			drawn |= flags[i];
	return drawn;
}

static struct extent draw_map(struct world *w, const struct window *win)
{
	struct extent e = { .buf = below(w, w->bufs->count) };
	uint64_t whole = w->bufs->buf[e.buf].bo.size;

	e.size = draw_size(w, whole < win->size ? whole : win->size);
	e.offset = SZ_4K * below(w, (whole - e.size) / SZ_4K + 1);
	e.va = draw_va(w, win, e.size);
	if (one_in(w, 2))
		e.va = congruent(win, e.va, e.offset, e.size);
	e.flags = draw_flags(w);
	return e;
}

static struct extent draw_sparse(struct world *w, const struct window *win)
{
	struct extent e = { .buf = SPARSE };

	e.size = draw_size(w, one_in(w, 8) || win->size < 8 * SZ_2M ? win->size :
				      8 * SZ_2M);
	e.va = draw_va(w, win, e.size);
	e.flags = draw_flags(w) | DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC;
	return e;
}

/* Something that is mapped: all of it, its head, its tail or from its middle */
static struct extent draw_part(struct world *w, const struct window *win)
{
	const struct extent *e = space_at(&w->space, into_window(win,
						draw_edge(w, win), SZ_4K));
	struct extent part = { .va = win->cross, .size = SZ_4K };
	uint64_t pages;

	if (!e)
		return part;
	part = *e;
	pages = part.size / SZ_4K;
	if (one_in(w, 3))
		return part;
	if (one_in(w, 2))
		part.va += SZ_4K * below(w, pages);
	part.size = SZ_4K * (1 + below(w, (extent_end(e) - part.va) / SZ_4K));
	return part;
}

static struct extent draw_unmap(struct world *w, const struct window *win)
{
	struct extent e = { 0 };

	if (one_in(w, 2))
		return draw_part(w, win);
	e.size = draw_size(w, one_in(w, 16) ? win->size : win->size / 4);
	e.va = draw_va(w, win, e.size);
	return e;
}

static unsigned int draw_window(struct world *w, uint32_t in)
{
	unsigned int i;

	do
		i = below(w, NUM_WINDOWS);
	while (!(in & 1u << i));
	return i;
}

struct op draw_op(struct world *w, uint32_t in)
{
	struct op op = { .window = draw_window(w, in) };
	const struct window *win = &windows[op.window];

	switch (below(w, 8)) {
	case 0:
		op.kind = OP_SPARSE;
		op.e = draw_sparse(w, win);
		break;
	case 1:
	case 2:
	case 3:
		op.kind = OP_UNMAP;
		op.e = draw_unmap(w, win);
		break;
	default:
		op.kind = OP_MAP;
		op.e = draw_map(w, win);
	}
	return op;
}

/* --- Carrying them out ------------------------------------------------------- */

struct drm_panthor_vm_bind_op op_for_driver(const struct world *w,
					    const struct op *op)
{
	struct drm_panthor_vm_bind_op d;

	switch (op->kind) {
	case OP_MAP:
		d = pan_op_map(op->e.va, &w->bufs->buf[op->e.buf].bo,
			       op->e.offset, op->e.size);
		break;
	case OP_SPARSE:
		d = pan_op_sparse(op->e.va, op->e.size);
		break;
	default:
		return pan_op_unmap(op->e.va, op->e.size);
	}
	d.flags |= op->e.flags;
	return d;
}

static void to_model(struct world *w, const struct op *op)
{
	struct op o = *op;

	if (!broken_op(w, &o))
		return;
	if (o.kind == OP_UNMAP)
		space_unmap(&w->space, o.e.va, o.e.size);
	else
		space_map(&w->space, o.e);
}

static void to_history(struct world *w, const struct op *op)
{
	w->history[w->done++ % HISTORY] = *op;
	w->tally.ops++;
}

void op_done(struct world *w, const struct op *op)
{
	to_history(w, op);
	to_model(w, op);
}

static void op_queued(struct world *w, const struct op *op)
{
	w->queued |= 1u << op->window;
	to_history(w, op);
	if (!w->holding)
		to_model(w, op);
	else if (w->held_count < MAX_HELD)
		w->held[w->held_count++] = *op;
	else
		wrong(w, "the model holds no more than %u operations", MAX_HELD);
}

bool bind_now(struct world *w, const struct op *ops, unsigned int n)
{
	struct drm_panthor_vm_bind_op d[MAX_BATCH];
	int ret;

	for (unsigned int i = 0; i < n; i++)
		d[i] = op_for_driver(w, &ops[i]);
	ret = pan_bind(w->pan, w->gpu.vm, 0, d, n);
	for (unsigned int i = 0; i < n; i++)
		op_done(w, &ops[i]);
	w->tally.batches++;
	return !ret || wrong(w, "VM_BIND of %u operations: %s", n, strerror(-ret));
}

/*
 * The last operation signals, the first one waits: a queue is in order, so the
 * others do not start before and are over then.
 */
bool bind_queued(struct world *w, const struct op *ops, unsigned int n,
		 uint32_t wait, uint64_t point)
{
	struct drm_panthor_sync_op in = pan_wait(wait, point);
	struct drm_panthor_sync_op out = pan_signal(w->fence, 0);
	struct drm_panthor_sync_op both[2] = { in, out };
	struct drm_panthor_vm_bind_op d[MAX_BATCH];
	int ret;

	for (unsigned int i = 0; i < n; i++)
		d[i] = op_for_driver(w, &ops[i]);
	d[n - 1].syncs = (struct drm_panthor_obj_array)
			 DRM_PANTHOR_OBJ_ARRAY(1, &out);
	if (wait && n > 1)
		d[0].syncs = (struct drm_panthor_obj_array)
			     DRM_PANTHOR_OBJ_ARRAY(1, &in);
	else if (wait)
		d[0].syncs = (struct drm_panthor_obj_array)
			     DRM_PANTHOR_OBJ_ARRAY(2, both);
	ret = pan_bind(w->pan, w->gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC, d, n);
	for (unsigned int i = 0; i < n; i++)
		op_queued(w, &ops[i]);
	w->tally.batches++;
	w->tally.queued += n;
	return !ret || wrong(w, "queued VM_BIND of %u operations: %s", n,
			     strerror(-ret));
}

bool drain(struct world *w)
{
	int ret;

	if (!w->queued)
		return true;
	ret = pan_syncobj_wait(w->pan, w->fence, 0, 4 * PAN_TIMEOUT_MS);
	if (ret)
		return wrong(w, "queued operations do not end: %s",
			     strerror(-ret));
	w->queued = 0;
	for (unsigned int i = 0; i < w->held_count; i++)
		to_model(w, &w->held[i]);
	w->held_count = 0;
	ret = pan_fence_status(w->pan, w->fence);
	return ret == 1 || wrong(w, "the fence of queued operations says %d", ret);
}

unsigned int draw_batch(struct world *w, struct op *ops, unsigned int most,
			uint32_t in)
{
	unsigned int n = 1 + below(w, one_in(w, 4) ? most : most / 4);

	for (unsigned int i = 0; i < n; i++)
		ops[i] = draw_op(w, in);
	return n;
}

bool random_batch(struct world *w)
{
	bool queued = one_in(w, 2);
	struct op ops[MAX_BATCH];
	uint32_t in = ALL_WINDOWS;
	unsigned int n;

	if (!queued && (w->queued == ALL_WINDOWS || one_in(w, 4)) && !drain(w))
		return false;
	if (!queued)
		in &= ~w->queued;
	n = draw_batch(w, ops, MAX_BATCH, in);
	return queued ? bind_queued(w, ops, n, 0, 0) : bind_now(w, ops, n);
}

bool unmap_all(struct world *w)
{
	if (!drain(w))
		return false;
	for (unsigned int i = 0; i < NUM_WINDOWS; i++) {
		struct op op = {
			.kind = OP_UNMAP, .window = i,
			.e = { .va = windows[i].va, .size = windows[i].size },
		};

		if (!bind_now(w, &op, 1))
			return false;
	}
	return true;
}

void tell_history(const struct world *w)
{
	static const char *const kind[] = { "map", "sparse", "unmap" };
	unsigned int from = w->done < HISTORY ? 0 : w->done - HISTORY;

	note("the last of %u operations:", w->done);
	for (unsigned int i = from; i < w->done; i++) {
		const struct op *op = &w->history[i % HISTORY];

		note("%5u %-6s %-8s 0x%012llx + 0x%llx, buffer %d at 0x%llx, flags %x",
		     i, kind[op->kind], windows[op->window].name,
		     (unsigned long long)op->e.va,
		     (unsigned long long)op->e.size, op->e.buf,
		     (unsigned long long)op->e.offset, op->e.flags);
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tiler heaps: their arguments, how they grow when the tiler runs out of memory,
 * and what happens when they may not. The layout of the tiler's own structures
 * is described in tests/model/test_tiler.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acct.h"
#include "host.h"
#include "scenarios.h"
#include "tap.h"
#include "work.h"

#define CHUNK		(128 * 1024u)
#define CHUNK_HEADER	64u
#define CHUNK_ROOM	(CHUNK - CHUNK_HEADER)
#define VERTEX		16u	/* bytes that the tiler takes for one */
#define TILER_VA	(DATA_VA + 16 * SZ_1G)
#define SB_ENDPOINT	1	/* what gpu_cs() sets for it */
#define R_HEAP		4
#define R_TOP		50
#define R_BOTTOM	52
#define FATAL		DRM_PANTHOR_GROUP_STATE_FATAL_FAULT

/* In the page of a tiler: its context, then its heap descriptor */
struct tiler_page {
	uint64_t ctx[3];
	uint64_t desc_va;	/* 24 */
	uint64_t ctx4;
	uint64_t done_top;	/* 40 */
	uint64_t done_bottom;	/* 48 */
	uint64_t pad[9];
	uint64_t desc0;		/* 128: the descriptor */
	uint64_t base;
	uint64_t bottom;
	uint64_t top;
};

struct tiler {
	struct gpu *owner;
	struct drm_panthor_tiler_heap_create heap;
	uint64_t va;
	struct tiler_page *page;
};

static struct drm_panthor_tiler_heap_create heap_args(uint32_t vm)
{
	return (struct drm_panthor_tiler_heap_create) {
		.vm_id = vm,
		.initial_chunk_count = 2,
		.chunk_size = CHUNK,
		.max_chunks = 8,
		.target_in_flight = 4,
	};
}

/* KiB that the kernel holds for the file's groups and heaps */
static long long held(struct pan *p)
{
	return fdinfo_value(p->fd, "panthor-resident-memory:");
}

/* --- Arguments ----------------------------------------------------------- */

#define BAD_HEAP(g, what, ...) do {					\
	struct drm_panthor_tiler_heap_create a = heap_args((g)->vm);	\
									\
	__VA_ARGS__;							\
	is(heap_create((g)->pan, &a), -EINVAL, "a heap with " what);	\
} while (0)

void run_heap_arguments(void)
{
	struct drm_panthor_tiler_heap_create a;
	uint32_t handle[130];
	unsigned int n = 0;
	long long before;
	struct gpu g;
	struct pan p;
	int ret = 0;

	need(pan_open(&p));
	gpu_open(&g, &p);
	is(heap_destroy(&p, g.vm << 16, 0), -ENOENT,
	   "a VM that never had a heap has none to destroy");
	BAD_HEAP(&g, "a VM that is not there", a.vm_id = 77);
	BAD_HEAP(&g, "no chunk", a.initial_chunk_count = 0);
	BAD_HEAP(&g, "more chunks than it may have", a.initial_chunk_count = 9);
	BAD_HEAP(&g, "chunks of 124 KiB", a.chunk_size = CHUNK - SZ_4K);
	BAD_HEAP(&g, "chunks of 8 MiB and a page",
		 a.chunk_size = 8 * SZ_1M + SZ_4K);
	BAD_HEAP(&g, "chunks that are not whole pages", a.chunk_size = CHUNK + 64);
	before = held(&p);
	a = heap_args(g.vm);
	is(heap_create(&p, &a), 0, "a good one");
	ok(a.tiler_heap_ctx_gpu_va && a.first_heap_chunk_gpu_va &&
	   !(a.first_heap_chunk_gpu_va & 0xfff), "has a context and a chunk");
	is(held(&p) - before, 2 * CHUNK / 1024, "and its chunks in fdinfo");
	is(heap_destroy(&p, a.handle, 1), -EINVAL, "destroyed with padding");
	is(heap_destroy(&p, 77 << 16, 0), -EINVAL, "of a VM that is not there");
	is(heap_destroy(&p, a.handle + 1, 0), -EINVAL, "that does not exist");
	is(heap_destroy(&p, a.handle, 0), 0, "as it should be");
	is(heap_destroy(&p, a.handle, 0), -EINVAL, "and once more");
	a.initial_chunk_count = 1;
	while (n < 130 && !(ret = heap_create(&p, &a)))
		handle[n++] = a.handle;
	detail("%u heaps, then %d", n, ret);
	ok(n == 128 && ret == -EBUSY, "the VM's 129th heap is refused");
	while (n)
		need(heap_destroy(&p, handle[--n], 0));
	/* But page tables, until somebody wants their memory */
	acct_reclaim();
	is(held(&p) - before, 0, "destroyed, they leave nothing");
	gpu_close(&g);
	pan_close(&p);
}

/* --- A tiler at work ----------------------------------------------------- */

/* Point the descriptor at the first chunk, as a driver does for each frame */
static void tiler_open(struct tiler *t, struct gpu *owner, struct pan_bo *bo,
		       unsigned int i)
{
	uint64_t chunk = t->heap.first_heap_chunk_gpu_va;

	t->owner = owner;
	t->va = TILER_VA + i * SZ_4K;
	t->page = (void *)((char *)bo->map + i * SZ_4K);
	memset(t->page, 0, sizeof(*t->page));
	t->page->desc_va = t->va + 128;
	t->page->base = chunk;
	t->page->bottom = chunk + CHUNK_HEADER;
	t->page->top = chunk + CHUNK;
	__sync_synchronize();
}

static struct cs tiler_cs(struct tiler *t)
{
	struct cs cs = gpu_cs(t->owner);

	cs_mov48(&cs, R_HEAP, t->heap.tiler_heap_ctx_gpu_va);
	cs_heap_set(&cs, R_HEAP);
	return cs;
}

static void cs_tile(struct cs *cs, struct tiler *t, uint64_t bytes)
{
	cs_heap_operation(cs, CS_VT_START);
	cs_mov32(cs, 33, bytes / VERTEX);
	cs_mov32(cs, 34, 1);
	cs_mov48(cs, 40, t->va);
	cs_run_tiling(cs);
	cs_finish_tiling(cs);
	cs_wait(cs, SB_ENDPOINT);
	cs_heap_operation(cs, CS_VT_END);
}

/* The full chunks go back to the heap, as if they had been rendered from */
static void cs_give_back(struct cs *cs, struct tiler *t, bool completed)
{
	cs_mov48(cs, R_ADDR, t->va);
	cs_load(cs, R_TOP, R_ADDR, 0xf, 40);
	cs_wait(cs, CS_SB_LS);
	cs_finish_fragment(cs, R_TOP, R_BOTTOM, completed);
	cs_mov48(cs, R_TOP, 0);
	cs_mov48(cs, R_BOTTOM, 0);
	cs_store(cs, R_TOP, R_ADDR, 0xf, 40);
	cs_wait(cs, CS_SB_LS);
}

static int run(struct gpu *g, struct cs *cs)
{
	cs_end(cs);
	need(gpu_queue(g, 0, cs, 0, g->done));
	return ends(g, 4500) ? 0 : -ETIME;
}

static void heap_setup(struct tiler *t, struct gpu *g, struct pan_bo *bo,
		       unsigned int max_chunks, unsigned int in_flight)
{
	t->heap = heap_args(g->vm);
	t->heap.max_chunks = max_chunks;
	t->heap.target_in_flight = in_flight;
	need(heap_create(g->pan, &t->heap));
	tiler_open(t, g, bo, 0);
}

static void bo_setup(struct gpu *g, struct pan_bo *bo)
{
	gpu_bo(g, SZ_64K, bo);
	need(pan_map(g->pan, g->vm, TILER_VA, bo, 0, SZ_64K,
		     DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC |
		     DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED));
}

void run_heap_growth(void)
{
	long long before;
	struct tiler t;
	struct pan_bo bo;
	struct gpu g;
	struct pan p;
	struct cs cs;

	need(pan_open(&p));
	kmsg_mark();
	gpu_open(&g, &p);
	bo_setup(&g, &bo);
	heap_setup(&t, &g, &bo, 8, 4);
	before = held(&p);

	cs = tiler_cs(&t);
	cs_tile(&cs, &t, 2 * CHUNK_ROOM - 320);
	is(run(&g, &cs), 0, "what fits into the initial chunks is tiled");
	is(held(&p) - before, 0, "and the heap does not grow");

	tiler_open(&t, &g, &bo, 0);
	cs = tiler_cs(&t);
	cs_tile(&cs, &t, 320);
	cs_give_back(&cs, &t, true);
	is(run(&g, &cs), 0, "a frame is rendered");

	/* A chain of chunks that was used up: from here on the driver's help */
	t.page->base = 0;
	t.page->bottom = 0;
	t.page->top = 0;
	__sync_synchronize();
	cs = tiler_cs(&t);
	cs_tile(&cs, &t, 3 * CHUNK_ROOM + 160);
	is(run(&g, &cs), 0, "one for which there is no chunk is tiled as well");
	is(pan_fence_status(&p, g.done), 1, "without an error");
	is(held(&p) - before, 4 * CHUNK / 1024, "by four more chunks");
	ok(t.page->bottom == (t.page->base & ~0xfffull) + CHUNK_HEADER + 160,
	   "the last of them is used as far as needed");
	ok(t.page->done_top && t.page->done_bottom &&
	   t.page->done_top != t.page->done_bottom,
	   "the others are listed as full");

	cs = tiler_cs(&t);
	cs_give_back(&cs, &t, true);
	cs_tile(&cs, &t, 3 * CHUNK_ROOM - 160);
	is(run(&g, &cs), 0, "a frame after they were given back is tiled");
	is(held(&p) - before, 4 * CHUNK / 1024, "with the chunks there are");
	not_said("Failed to extend the tiler heap");
	need(heap_destroy(&p, t.heap.handle, 0));
	pan_bo_destroy(&p, &bo);
	gpu_close(&g);
	life_goes_on("after all that tiling");
	pan_close(&p);
}

/* A tiling that cannot be served ends in a fault of the job alone. */
static void refused(struct gpu *g, struct cs *cs, const char *what)
{
	kmsg_mark();
	ok(!run(g, cs), "%s: the job is over", what);
	said("CS_FAULT.EXCEPTION_TYPE: 0x60 (OOM)");
	group_is(g, 0, -EINVAL, "the job is marked, the group is not");
}

/* The heap may not grow; a handler that renders what there is helps. */
static void limits(struct gpu *g, struct pan_bo *bo)
{
	struct cs cs, handler;
	struct tiler t;
	long long before;

	heap_setup(&t, g, bo, 3, 4);
	before = held(g->pan);
	cs = tiler_cs(&t);
	cs_tile(&cs, &t, 6 * CHUNK_ROOM);
	refused(g, &cs, "more than the heap may hold");
	is(held(g->pan) - before, CHUNK / 1024, "the heap grew as far as allowed");
	need(heap_destroy(g->pan, t.heap.handle, 0));

	heap_setup(&t, g, bo, 3, 4);
	handler = gpu_cs(g);
	cs_give_back(&handler, &t, false);
	gpu_cs_keep(g, &handler);
	cs = tiler_cs(&t);
	cs_mov48(&cs, R_CALL, handler.va);
	cs_mov32(&cs, R_CALL + 2, handler.count * sizeof(uint64_t));
	cs_set_handler(&cs, R_CALL, R_CALL + 2);
	cs_tile(&cs, &t, 6 * CHUNK_ROOM);
	kmsg_mark();
	is(run(g, &cs), 0, "with an exception handler it is tiled");
	not_said("CS_FAULT");
	is(pan_fence_status(g->pan, g->done), 1, "without an error");
	need(heap_destroy(g->pan, t.heap.handle, 0));
	/* A handler is the stream's as long as that lives */
	need(gpu_revive(g));
}

/* More passes in flight than the heap is for: no chunk either */
static void in_flight(struct gpu *g, struct pan_bo *bo)
{
	struct tiler t;
	struct cs cs;

	heap_setup(&t, g, bo, 8, 1);
	cs = tiler_cs(&t);
	cs_heap_operation(&cs, CS_VT_START);
	cs_tile(&cs, &t, 3 * CHUNK_ROOM);
	refused(g, &cs, "more passes in flight than agreed");
	need(heap_destroy(g->pan, t.heap.handle, 0));
}

/* The group dies of it: the driver does not believe the request. */
static void fatal(struct gpu *g, struct cs *cs, const char *what)
{
	kmsg_mark();
	ok(!run(g, cs), "%s: the job is over", what);
	said("Failed to extend the tiler heap");
	group_is(g, FATAL, -EINVAL, "and the group is dead");
	need(gpu_revive(g));
}

static void nonsense(struct gpu *g, struct pan_bo *bo)
{
	struct tiler t;
	struct cs cs;

	heap_setup(&t, g, bo, 8, 4);
	cs = tiler_cs(&t);
	cs_heap_operation(&cs, CS_VT_END);
	cs_tile(&cs, &t, 3 * CHUNK_ROOM);
	fatal(g, &cs, "counters that make no sense");
	need(heap_destroy(g->pan, t.heap.handle, 0));

	heap_setup(&t, g, bo, 8, 4);
	/* A context of one's own, which the kernel does not know */
	t.heap.tiler_heap_ctx_gpu_va = TILER_VA + SZ_4K;
	memset((char *)bo->map + SZ_4K, 0, SZ_4K);
	cs = tiler_cs(&t);
	cs_tile(&cs, &t, 3 * CHUNK_ROOM);
	fatal(g, &cs, "a heap that the kernel does not know");
	need(heap_destroy(g->pan, t.heap.handle, 0));
}

void run_heap_limits(void)
{
	struct pan_bo bo;
	struct gpu g;
	struct pan p;

	need(pan_open(&p));
	gpu_open(&g, &p);
	bo_setup(&g, &bo);
	limits(&g, &bo);
	in_flight(&g, &bo);
	nonsense(&g, &bo);
	pan_bo_destroy(&p, &bo);
	gpu_close(&g);
	life_goes_on("after tilings that failed");
	pan_close(&p);
}

#define MANY	12
#define PASSES	4
#define NEEDS	6	/* chunks of a pass */

/*
 * More tilers than slots: groups that wait for a chunk are suspended with the
 * others, and ask again when they are back.
 */
void run_heap_many(void)
{
	unsigned int over = 0, right = 0;
	struct gpu owner, m[MANY];
	struct tiler t[MANY];
	struct pan_bo bo;
	struct pan p;

	need(pan_open(&p));
	kmsg_mark();
	gpu_open(&owner, &p);
	bo_setup(&owner, &bo);
	for (unsigned int i = 0; i < MANY; i++) {
		struct cs cs;

		member_open(&m[i], &owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
		t[i].heap = heap_args(owner.vm);
		/* A chunk for a group that had just left its slot is lost */
		t[i].heap.max_chunks = 10 * PASSES * NEEDS;
		t[i].heap.target_in_flight = PASSES + 1;
		need(heap_create(&p, &t[i].heap));
		tiler_open(&t[i], &owner, &bo, i);
		cs = tiler_cs(&t[i]);
		for (int k = 0; k < PASSES; k++)
			cs_tile(&cs, &t[i], NEEDS * CHUNK_ROOM);
		cs_end(&cs);
		gpu_cs_keep(&owner, &cs);
		need(gpu_queue(&m[i], 0, &cs, 0, m[i].done));
	}
	for (unsigned int i = 0; i < MANY; i++) {
		over += ends(&m[i], 15000) && pan_fence_status(&p, m[i].done) == 1;
		right += t[i].page->bottom == t[i].page->top;
	}
	is(over, MANY, "twelve tilers are served on eight slots");
	is(right, MANY, "with exactly the memory that they need");
	not_said("CS_FAULT");
	for (unsigned int i = 0; i < MANY; i++) {
		member_close(&m[i]);
		need(heap_destroy(&p, t[i].heap.handle, 0));
	}
	pan_bo_destroy(&p, &bo);
	gpu_close(&owner);
	life_goes_on("after all of them");
	pan_close(&p);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rebinding under a running queue.
 *
 * "rebind": one GPU job copies from a window, phase after phase. Before each
 * phase an asynchronous bind puts another tile into the window. Binds and
 * phases hand over to each other through fences and sync objects; everything
 * is queued up front and the CPU only looks at the result.
 *
 * "running": the GPU reads a range without any pause while the CPU rebinds it,
 * so that what it sees of a bind that is half done shows.
 */
#include <time.h>

#include "gpu.h"
#include "scenarios.h"
#include "tap.h"

#define WIN_VA	DATA_VA
#define DST_VA	(DATA_VA + 0x100000000ull)
#define PHASES	24
#define TILES	5

/* Which tile phase @i shows: never the one before, all of them used */
static unsigned int tile_of(unsigned int i)
{
	return (i * 3 + 1) % TILES;
}

/* The job that runs from first to last phase */
static void queue_phases(struct gpu *g)
{
	struct cs cs = gpu_cs(g);

	for (unsigned int i = 0; i < PHASES; i++) {
		cs_word_wait(&cs, WORD_GO, i);
		cs_copy(&cs, DST_VA + i * SZ_64K, WIN_VA, SZ_64K);
		cs_word_add(&cs, WORD_DONE, 1);
	}
	cs_end(&cs);
	need(gpu_queue(g, 0, &cs, 0, g->done));
}

/* After @bound: let phase @i go; @copied when it is through */
static void queue_step(struct gpu *g, unsigned int i, uint32_t bound,
		       uint32_t copied)
{
	struct cs cs = gpu_cs(g);

	cs_word_add(&cs, WORD_GO, 1);
	cs_word_wait(&cs, WORD_DONE, i);
	cs_end(&cs);
	need(gpu_queue(g, 1, &cs, bound, copied));
}

static void queue_bind(struct gpu *g, const struct pan_bo *tiles,
		       unsigned int i, uint32_t copied, uint32_t bound)
{
	struct drm_panthor_vm_bind_op op =
		pan_op_map(WIN_VA, tiles, tile_of(i) * SZ_64K, SZ_64K);
	struct drm_panthor_sync_op s[2] = { pan_signal(bound, 0) };
	unsigned int n = 1;

	if (i)
		s[n++] = pan_wait(copied, 0);
	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(n, s);
	need(pan_bind(g->pan, g->vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1));
}

static void report_phases(const struct pan_bo *dst)
{
	for (unsigned int i = 0; i < PHASES; i++)
		ok(holds((char *)dst->map + i * SZ_64K, 1,
			 tile_of(i) * SZ_64K, SZ_64K),
		   "phase %u reads tile %u, every byte", i, tile_of(i));
}

void run_rebind(void)
{
	uint32_t bound[PHASES], copied[PHASES];
	struct pan_bo tiles, dst;
	struct pan p;
	struct gpu g;
	int ret;

	need(pan_open(&p));
	gpu_open(&g, &p);
	gpu_bo(&g, TILES * SZ_64K, &tiles);
	gpu_bo(&g, PHASES * SZ_64K, &dst);
	fill(tiles.map, 1, tiles.size);
	gpu_map(&g, DST_VA, &dst, 0, dst.size);
	queue_phases(&g);
	for (unsigned int i = 0; i < PHASES; i++) {
		need(pan_syncobj_create(&p, &bound[i]));
		need(pan_syncobj_create(&p, &copied[i]));
		queue_bind(&g, &tiles, i, i ? copied[i - 1] : 0, bound[i]);
		queue_step(&g, i, bound[i], copied[i]);
	}
	ret = pan_syncobj_wait(&p, g.done, 0, PAN_TIMEOUT_MS);
	is(ret, 0, "24 rebinds and 24 copies, queued at once, come to an end");
	ok(!gpu_dead(&g), "the group reports no fault");
	report_phases(&dst);
	gpu_close(&g);
	pan_close(&p);
}

/* --- running ------------------------------------------------------------ */

#define RING		16
#define TILE_BINDS	1000
#define SPARSE_BINDS	16
#define LOOPS		10
#define RUN_NS		3000000000ll	/* at most: the job may take 5 s */

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* Until both sides have done their part */
static bool go_on(const struct gpu *g, unsigned int binds, unsigned int want,
		  int64_t end)
{
	return (binds < want || gpu_word(g, WORD_LOOPS) < LOOPS) &&
	       now_ns() < end && !gpu_dead(g);
}

/* The window to each part of a ring, over and over */
static struct cs ring_stream(struct gpu *g)
{
	struct cs cs = gpu_cs(g);
	unsigned int loop = cs.count;

	for (unsigned int i = 0; i < RING; i++)
		cs_copy(&cs, DST_VA + i * SZ_64K, WIN_VA, SZ_64K);
	cs_until_stopped(&cs, loop);
	cs_end(&cs);
	return cs;
}

static bool is_either(const struct pan_bo *dst)
{
	for (unsigned int r = 0; r < RING; r++) {
		const uint64_t *w = (uint64_t *)((char *)dst->map + r * SZ_64K);

		for (unsigned int i = 0; i < SZ_64K / 8; i++)
			if (w[i] != pattern(1, i) && w[i] != pattern(2, i)) {
				detail("copy %u, byte 0x%x is of neither tile",
				       r, i * 8);
				return false;
			}
	}
	return true;
}

static void running_tile(struct gpu *g)
{
	struct pan_bo tile[2], dst;
	unsigned int binds = 0;
	int64_t end;
	struct cs cs;

	for (int i = 0; i < 2; i++) {
		gpu_bo(g, SZ_64K, &tile[i]);
		fill(tile[i].map, 1 + i, SZ_64K);
	}
	gpu_bo(g, RING * SZ_64K, &dst);
	gpu_map(g, DST_VA, &dst, 0, dst.size);
	gpu_map(g, WIN_VA, &tile[0], 0, SZ_64K);
	cs = ring_stream(g);
	gpu_start(g, &cs);
	for (end = now_ns() + RUN_NS; go_on(g, binds, TILE_BINDS, end); binds++)
		gpu_map(g, WIN_VA, &tile[binds & 1], 0, SZ_64K);
	ok(!gpu_stop(g),
	   "a tile is rebound while the GPU reads it: no fault");
	note("%u rebinds under %llu x %u copies", binds,
	     (unsigned long long)gpu_word(g, WORD_LOOPS), RING);
	ok(binds > 10 && gpu_word(g, WORD_LOOPS) > 1,
	   "both the CPU and the GPU got on");
	ok(is_either(&dst), "each word is of the one tile or of the other");
}

/*
 * Loads of four pages in each 2 MiB, more pages and more blocks than the TLB holds:
 * when the GPU comes to the same 2 MiB again it has to walk, so that it cannot miss
 * that they are being rebound.
 */
#define STRIDE_PAGES	4

static struct cs stride_stream(struct gpu *g, uint64_t va, uint64_t size)
{
	struct cs cs = gpu_cs(g);
	unsigned int outer = cs.count, loop;

	cs_mov48(&cs, R_SRC, va);
	cs_mov32(&cs, R_COUNT, size / SZ_2M);
	loop = cs.count;
	for (int i = 0; i < STRIDE_PAGES; i++)
		cs_load(&cs, i, R_SRC, 0x1, i * SZ_4K);
	cs_wait(&cs, CS_SB_LS);
	cs_add64(&cs, R_SRC, R_SRC, SZ_2M);
	cs_add32(&cs, R_COUNT, R_COUNT, -1);
	cs_branch(&cs, CS_GT, R_COUNT, loop);
	cs_until_stopped(&cs, outer);
	cs_end(&cs);
	return cs;
}

static void running_sparse(struct gpu *g)
{
	uint64_t va = DATA_VA + 0x1000000000ull, size = 4 * SZ_1G;
	unsigned int binds = 0;
	int64_t end;
	struct cs cs;

	need(pan_map_sparse(g->pan, g->vm, va, size));
	cs = stride_stream(g, va, size);
	gpu_start(g, &cs);
	for (end = now_ns() + RUN_NS; go_on(g, binds, SPARSE_BINDS, end); binds++)
		need(pan_map_sparse(g->pan, g->vm, va, size));
	ok(!gpu_stop(g),
	   "4 GiB are rebound while the GPU reads them: no fault");
	note("%u rebinds under %llu passes", binds,
	     (unsigned long long)gpu_word(g, WORD_LOOPS));
	ok(binds > 1 && gpu_word(g, WORD_LOOPS) > 1,
	   "both the CPU and the GPU got on with the 4 GiB");
}

void run_running(void)
{
	struct pan p;
	struct gpu g;

	need(pan_open(&p));
	gpu_open(&g, &p);
	running_tile(&g);
	gpu_close(&g);
	gpu_open(&g, &p);
	running_sparse(&g);
	gpu_close(&g);
	pan_close(&p);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the command streams themselves do: loads and stores of every register
 * mask, offsets of both signs, loops, subroutines, sync objects.
 */
#include "gpu.h"
#include "scenarios.h"
#include "tap.h"

#define SRC_VA	DATA_VA
#define DST_VA	(DATA_VA + 0x100000000ull)
#define SIZE	(8 * SZ_1M)

static void copy_sizes(struct gpu *g, const struct pan_bo *src,
		       const struct pan_bo *dst)
{
	static const uint64_t sizes[] = {
		256, SZ_4K, SZ_64K, SZ_1M + SZ_4K + 256, SIZE,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		fill(dst->map, 100 + i, SIZE);
		ok(!gpu_copy(g, DST_VA, SRC_VA, sizes[i]) &&
		   holds(dst->map, 1, 0, sizes[i]) &&
		   holds((char *)dst->map + sizes[i], 100 + i, sizes[i],
			 SIZE - sizes[i]),
		   "%llu bytes arrive, not one more is touched",
		   (unsigned long long)sizes[i]);
	}
	(void)src;
}

/* Every second register, from an address in the middle, to both sides of it */
static void copy_masked(struct gpu *g, const struct pan_bo *dst)
{
	const uint32_t *w = dst->map;
	struct cs cs = gpu_cs(g);
	bool right = true;
	int ret;

	fill(dst->map, 7, SZ_4K);
	cs_mov48(&cs, R_SRC, SRC_VA + SZ_4K);
	cs_mov48(&cs, R_DST, DST_VA + 2048);
	for (int i = 0; i < 16; i++)
		cs_mov32(&cs, i, 0xabc00000 + i);
	cs_store(&cs, 0, R_DST, 0x5555, -1024);
	cs_store(&cs, 0, R_DST, 0xaaaa, 1024);
	cs_wait(&cs, CS_SB_LS);
	cs_end(&cs);
	ret = gpu_run(g, &cs);
	for (int i = 0; i < 16; i++) {
		bool low = w[256 + i] == 0xabc00000u + i;
		bool high = w[768 + i] == 0xabc00000u + i;

		right &= low == !(i & 1) && high == (i & 1);
	}
	ok(!ret && right,
	   "a store writes the registers of its mask, no others");
}

static void copy_called(struct gpu *g, const struct pan_bo *dst)
{
	struct cs sub = gpu_cs(g), cs;

	cs_copy_loop(&sub);
	gpu_cs_keep(g, &sub);
	cs = gpu_cs(g);
	cs_mov48(&cs, R_CALL, sub.va);
	cs_mov32(&cs, R_CALL + 2, sub.count * sizeof(uint64_t));
	for (int i = 0; i < 4; i++) {
		/* Backwards, so that a call that is lost shows */
		cs_copy_args(&cs, DST_VA + i * SZ_64K,
			     SRC_VA + (3 - i) * SZ_64K, SZ_64K);
		cs_call(&cs, R_CALL, R_CALL + 2);
	}
	cs_end(&cs);
	fill(dst->map, 8, 4 * SZ_64K);
	need(gpu_run(g, &cs));
	for (int i = 0; i < 4; i++)
		if (!holds((char *)dst->map + i * SZ_64K, 1, (3 - i) * SZ_64K,
			   SZ_64K)) {
			ok(false, "a subroutine called four times");
			return;
		}
	ok(true, "a subroutine called four times");
}

static void copy_counted(struct gpu *g)
{
	struct cs cs = gpu_cs(g);
	unsigned int loop;

	gpu_set_word(g, WORD_SCRATCH, 1ull << 40);
	cs_mov32(&cs, R_COUNT, 1000);
	loop = cs.count;
	cs_word_add(&cs, WORD_SCRATCH, 3);
	cs_add32(&cs, R_COUNT, R_COUNT, -1);
	cs_branch(&cs, CS_NE, R_COUNT, loop);
	cs_end(&cs);
	need(gpu_run(g, &cs));
	is(gpu_word(g, WORD_SCRATCH), (1ll << 40) + 3000,
	   "a thousand SYNC_ADD64 of 3 add up in 64 bits");
}

/* Two queues that hand a turn to one another through memory */
static void copy_two_queues(struct gpu *g)
{
	const int turns = 50;
	struct cs cs = gpu_cs(g);
	int ret;

	gpu_set_word(g, WORD_GO, 0);
	gpu_set_word(g, WORD_DONE, 0);
	for (int i = 0; i < turns; i++) {
		cs_word_wait(&cs, WORD_GO, i);
		cs_word_add(&cs, WORD_DONE, 1);
	}
	cs_end(&cs);
	need(gpu_queue(g, 0, &cs, 0, g->done));
	cs = gpu_cs(g);
	for (int i = 0; i < turns; i++) {
		cs_word_add(&cs, WORD_GO, 1);
		cs_word_wait(&cs, WORD_DONE, i);
	}
	cs_end(&cs);
	need(gpu_queue(g, 1, &cs, 0, 0));
	ret = pan_syncobj_wait(g->pan, g->done, 0, PAN_TIMEOUT_MS);
	ok(!ret && gpu_word(g, WORD_GO) == 50 && gpu_word(g, WORD_DONE) == 50,
	   "two queues take turns through SYNC_WAIT64, fifty times");
}

static void copy_cached(struct gpu *g)
{
	struct pan_bo src, dst;

	need(pan_bo_create(g->pan, SZ_1M, DRM_PANTHOR_BO_WB_MMAP, &src));
	need(pan_bo_create(g->pan, SZ_1M, DRM_PANTHOR_BO_WB_MMAP, &dst));
	gpu_map(g, SRC_VA + SZ_1G, &src, 0, SZ_1M);
	gpu_map(g, DST_VA + SZ_1G, &dst, 0, SZ_1M);
	fill(src.map, 9, SZ_1M);
	fill(dst.map, 10, SZ_1M);
	is(pan_bo_sync(g->pan, &src, DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH), 0,
	   "BO_SYNC writes a cached buffer back");
	need(pan_bo_sync(g->pan, &dst,
			 DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE));
	need(gpu_copy(g, DST_VA + SZ_1G, SRC_VA + SZ_1G, SZ_1M));
	need(pan_bo_sync(g->pan, &dst,
			 DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE));
	ok(holds(dst.map, 9, 0, SZ_1M),
	   "1 MiB between buffers that the CPU caches");
	pan_bo_destroy(g->pan, &src);
	pan_bo_destroy(g->pan, &dst);
}

void run_copy(void)
{
	struct pan_bo src, dst;
	struct pan p;
	struct gpu g;

	need(pan_open(&p));
	gpu_open(&g, &p);
	gpu_bo(&g, SIZE, &src);
	gpu_bo(&g, SIZE, &dst);
	fill(src.map, 1, SIZE);
	gpu_map(&g, SRC_VA, &src, 0, SIZE);
	gpu_map(&g, DST_VA, &dst, 0, SIZE);
	copy_sizes(&g, &src, &dst);
	copy_masked(&g, &dst);
	copy_called(&g, &dst);
	copy_counted(&g);
	copy_two_queues(&g);
	copy_cached(&g);
	gpu_close(&g);
	pan_close(&p);
}

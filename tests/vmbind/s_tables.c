// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables that come and go with the only tile of a region, under a VM that the GPU
 * uses. The GPU may have every one of them in its walk cache, up to the table
 * that spans 512 GiB, although the tile that goes is small. What it still knows
 * of them when they are freed shows at the next tile in the same region, which
 * has tables of its own. Nothing waits in between: a GPU that has nothing to do
 * for 50 ms is powered down and forgets everything.
 *
 * A driver can keep tables that have nothing in them. So either reclaim takes them
 * after each tile, or so many others come after it that the driver lets go of its
 * table, in the middle of one of their operations. Tables that stay are come back
 * to, too. Last, another thread takes part: its operations hold tables at the same
 * places, and are dropped before they run.
 */
#include "acct.h"
#include "gpu.h"
#include "refused.h"
#include "scenarios.h"
#include "tap.h"

#define ROUNDS	16
#define PLACES	20
#define VISITS	3
#define OTHERS	(ACCT_IDLE_LEAVES + 8)
#define DROPPED_PER_RECLAIM	8
#define DST_VA 0x50000000ull
#define OTHERS_VA (DATA_VA + 0x800000000ull)
#define ABOVE_VA (DATA_VA + 0x1000000000ull)

/* What happens between two tiles */
enum between { NOTHING, RECLAIM, OTHER_TILES };

/*
 * Where the tile is in a round: not in the same 2 MiB as the last, nor next to it,
 * and once below and once above the others.
 */
static uint64_t tile_va(int round)
{
	return (round % 2 ? ABOVE_VA : DATA_VA) + round % PLACES * 5 * SZ_2M +
	       round % 7 * SZ_64K;
}

static bool tile_is_read(struct gpu *g, int round, const struct pan_bo *src,
			 const struct pan_bo *dst)
{
	int ret;

	fill(src->map, round, SZ_64K);
	fill(dst->map, 1000, SZ_64K);
	gpu_map(g, tile_va(round), src, 0, SZ_64K);
	ret = gpu_copy(g, DST_VA, tile_va(round), SZ_64K);
	if (!ret)
		return holds(dst->map, round, 0, SZ_64K);
	detail("round %d: the copy ended with %d", round, ret);
	return false;
}

/* In one call, as the GPU must not fall asleep meanwhile */
static void bind_others(struct gpu *g, const struct pan_bo *bo)
{
	static struct drm_panthor_vm_bind_op ops[2 * OTHERS];

	for (int i = 0; i < OTHERS; i++) {
		uint64_t va = OTHERS_VA + (uint64_t)i * SZ_2M;

		ops[2 * i] = pan_op_map(va, bo, 0, SZ_4K);
		ops[2 * i + 1] = pan_op_unmap(va, SZ_4K);
	}
	need(pan_bind(g->pan, g->vm, 0, ops, 2 * OTHERS));
}

static bool tiles_are_read(struct gpu *g, int rounds, enum between between,
			   const struct pan_bo *srcs, const struct pan_bo *dst)
{
	for (int round = 0; round < rounds; round++) {
		/* Two buffers, so that an old translation shows */
		for (int i = 0; i < 2; i++) {
			bool right = tile_is_read(g, round, &srcs[i], dst);

			need(pan_unmap(g->pan, g->vm, tile_va(round), SZ_64K));
			if (!right)
				return false;
		}
		if (between == RECLAIM)
			acct_reclaim();
		if (between == OTHER_TILES)
			bind_others(g, srcs);
	}
	return true;
}

/*
 * Whoever unmaps a tile lets go of the table that was idle for longest, which is far
 * away. The tile has to be forgotten all the same. Only a job that must die shows
 * that: what is mapped there next is looked up anew in any case.
 */
static bool tile_is_gone(struct pan *p, int round)
{
	struct pan_bo src, dst;
	struct gpu g;
	bool gone;

	gpu_open(&g, p);
	gpu_bo(&g, SZ_64K, &src);
	gpu_bo(&g, SZ_64K, &dst);
	gpu_map(&g, DST_VA, &dst, 0, SZ_64K);
	bind_others(&g, &src);
	gone = tile_is_read(&g, round, &src, &dst);
	need(pan_unmap(p, g.vm, tile_va(round), SZ_64K));
	gone &= gpu_copy(&g, DST_VA, tile_va(round), SZ_64K) != 0;
	pan_bo_destroy(p, &src);
	pan_bo_destroy(p, &dst);
	gpu_close(&g);
	return gone;
}

static struct gpu *dropped_in;

/* An unmap holds the table that it could cut, until the call is refused */
static int drop_operations(unsigned int i)
{
	struct pan_bo bad = { .handle = NOWHERE, .size = SZ_64K };
	uint64_t va = (tile_va(i) & -SZ_2M) + SZ_1M + SZ_4K;
	struct drm_panthor_vm_bind_op ops[2] = {
		pan_op_unmap(va, SZ_4K), pan_op_map(va, &bad, 0, SZ_64K),
	};

	return pan_bind(dropped_in->pan, dropped_in->vm, DRM_PANTHOR_VM_BIND_ASYNC,
			ops, 2);
}

static void read_beside_dropped(struct gpu *g, const struct pan_bo *srcs,
				const struct pan_bo *dst)
{
	static struct refused dropped = {
		.call = drop_operations,
		.calls_per_reclaim = DROPPED_PER_RECLAIM,
	};
	bool right;

	dropped_in = g;
	refused_start(&dropped);
	right = tiles_are_read(g, PLACES * VISITS, NOTHING, srcs, dst);
	refused_stop(&dropped);
	ok(right, "the same while operations on these tables are dropped");
	detail("%u refused, %u taken", dropped.refused, dropped.taken);
	ok(dropped.refused && !dropped.taken, "all of which were refused");
}

void run_tables(void)
{
	struct pan_bo srcs[2], dst;
	struct gpu g;
	struct pan p;

	need(pan_open(&p));
	gpu_open(&g, &p);
	gpu_bo(&g, SZ_64K, &srcs[0]);
	gpu_bo(&g, SZ_64K, &srcs[1]);
	gpu_bo(&g, SZ_64K, &dst);
	gpu_map(&g, DST_VA, &dst, 0, SZ_64K);
	ok(tiles_are_read(&g, ROUNDS, RECLAIM, srcs, &dst),
	   "%d tiles, each the only one of its region, are read", ROUNDS);
	ok(tiles_are_read(&g, PLACES * VISITS, OTHER_TILES, srcs, &dst),
	   "tiles in %d places, %d others after each, are read %d times", PLACES,
	   OTHERS, VISITS);
	ok(tiles_are_read(&g, PLACES * VISITS, NOTHING, srcs, &dst),
	   "tiles in %d places, each the only one, are read %d times", PLACES,
	   VISITS);
	ok(tile_is_gone(&p, 0), "a tile goes, and a table further up");
	ok(tile_is_gone(&p, 1), "a tile goes, and a table further down");
	read_beside_dropped(&g, srcs, &dst);
	pan_bo_destroy(&p, &srcs[0]);
	pan_bo_destroy(&p, &srcs[1]);
	pan_bo_destroy(&p, &dst);
	gpu_close(&g);
	pan_close(&p);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sparse binds: a whole range over one dummy buffer. Loads give undefined
 * values and stores go nowhere that anyone looks at, but neither faults, and
 * real memory can be bound into the range and taken out again.
 */
#include <errno.h>

#include "gpu.h"
#include "scenarios.h"
#include "tap.h"

#define RANGE_VA	DATA_VA
#define RANGE_SIZE	(16 * SZ_1G)
#define TILE_VA		(RANGE_VA + 7 * SZ_1G + 5 * SZ_2M + 3 * SZ_64K)
#define OTHER_VA	(RANGE_VA + RANGE_SIZE + SZ_1G)

static void sparse_tile(struct gpu *g, const struct pan_bo *tile,
			const struct pan_bo *other)
{
	fill(tile->map, 1, SZ_64K);
	is(pan_map(g->pan, g->vm, TILE_VA, tile, 0, SZ_64K,
		   DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC), 0,
	   "a tile of 64 KiB is bound in the middle of the range");
	ok(!gpu_copy(g, OTHER_VA, TILE_VA, SZ_64K) &&
	   holds(other->map, 1, 0, SZ_64K), "the GPU reads the tile");
	gpu_start_idling(g);
	tap_pause("mapped va=0x%llx bytes=%llu", TILE_VA, SZ_4K);
	tap_pause("mapped va=0x%llx bytes=%llu", TILE_VA + SZ_2M, SZ_2M);
	need(gpu_stop(g));
	is(gpu_touch_each(g, TILE_VA - SZ_64K, SZ_4K, 16), 0,
	   "the 64 KiB before the tile are still sparse");
	is(gpu_touch_each(g, TILE_VA + SZ_64K, SZ_4K, 16), 0,
	   "the 64 KiB after the tile are still sparse");
	ok(holds(tile->map, 1, 0, SZ_64K),
	   "stores next to the tile do not reach it");

	fill(other->map, 2, SZ_64K);
	ok(!gpu_copy(g, TILE_VA, OTHER_VA, SZ_64K) &&
	   holds(tile->map, 2, 0, SZ_64K), "the GPU writes the tile");

	is(pan_map_sparse(g->pan, g->vm, TILE_VA, SZ_64K), 0,
	   "the tile is made sparse again");
	is(gpu_touch_each(g, TILE_VA, SZ_4K, 16), 0,
	   "loads and stores where the tile was do not fault");
	ok(holds(tile->map, 2, 0, SZ_64K), "and do not reach its memory");
}

static void sparse_odd(struct gpu *g)
{
	uint64_t va = OTHER_VA + SZ_1G + 3 * SZ_4K;
	uint64_t size = 2 * SZ_2M - 5 * SZ_4K;

	is(pan_map_sparse(g->pan, g->vm, va, size), 0,
	   "a range that is no multiple of 2 MiB at either end");
	is(gpu_touch_each(g, va, SZ_4K, size / SZ_4K), 0,
	   "each of its pages can be loaded from and stored to");
	is(pan_unmap(g->pan, g->vm, va, size), 0, "and it is unmapped");
}

/* Beside one that can be written, whose tables it must not share */
static void sparse_readonly(struct gpu *g)
{
	uint64_t va = OTHER_VA + 3 * SZ_1G;
	struct drm_panthor_vm_bind_op op = pan_op_sparse(va, 2 * SZ_2M);
	struct cs cs;

	op.flags |= DRM_PANTHOR_VM_BIND_OP_MAP_READONLY;
	need(pan_bind(g->pan, g->vm, 0, &op, 1));
	cs = gpu_cs(g);
	cs_mov48(&cs, R_SRC, va + SZ_2M);
	cs_load(&cs, 0, R_SRC, 0xffff, 0);
	cs_wait(&cs, CS_SB_LS);
	cs_end(&cs);
	is(gpu_run(g, &cs), 0, "a range that is sparse and read-only can be loaded from");
	is(gpu_touch_each(g, va + SZ_2M, SZ_4K, 1), -EIO, "a store to it kills the job");
	need(gpu_revive(g));
	need(pan_unmap(g->pan, g->vm, va, 2 * SZ_2M));
}

void run_sparse(void)
{
	struct pan_bo tile, other;
	struct pan p;
	struct gpu g;

	need(pan_open(&p));
	gpu_open(&g, &p);
	gpu_bo(&g, SZ_64K, &tile);
	gpu_bo(&g, SZ_64K, &other);
	gpu_map(&g, OTHER_VA, &other, 0, SZ_64K);
	is(pan_map_sparse(&p, g.vm, RANGE_VA, RANGE_SIZE), 0,
	   "16 GiB are bound sparse");
	is(gpu_touch_each(&g, RANGE_VA, SZ_2M, RANGE_SIZE / SZ_2M), 0,
	   "a load and a store in each 2 MiB of it do not fault");
	sparse_tile(&g, &tile, &other);
	sparse_odd(&g);
	sparse_readonly(&g);
	is(pan_unmap(&p, g.vm, RANGE_VA, RANGE_SIZE), 0,
	   "the 16 GiB are unmapped");
	gpu_close(&g);
	pan_close(&p);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Binds that are valid beside calls that are not, in one VM. The failing calls
 * hold tables at the places of the others, and drop them before anything of
 * theirs runs: so a table can go while somebody else maps where it was. Whatever
 * the GPU still knows of it must be forgotten before that map is seen, which shows
 * best on a model that keeps what it knows of large tables ("-M mali-ignore=16"),
 * and with MMU commands and flushes that take their time.
 */
#include <stdatomic.h>

#include "host.h"
#include "inject.h"
#include "refused.h"
#include "scenarios.h"
#include "tap.h"
#include "work.h"

#define ROUNDS		240
#define PLACES		20
#define SEEDS		16
#define MAX_WRONG	8
#define DST_VA		0x50000000ull
/* In other tables of every level */
#define FAR_VA		(DATA_VA + 0x1000000000ull)
/* Rounds at a place, one after another: the second finds what the first left */
#define VISITS		3
#define CALLS_PER_RECLAIM 2
#define SLOW_NS		200000

static unsigned int rounds = ROUNDS;

void beside_set_rounds(unsigned int n)
{
	rounds = n;
}

static struct {
	struct gpu gpu;
	struct pan_bo src;
	struct pan_bo dst;
	unsigned int wrong;
	/* Where the tile is, or was */
	atomic_uint round;
} b;

static uint64_t place(unsigned int round)
{
	unsigned int i = round / VISITS;

	return (i % 2 ? FAR_VA : DATA_VA) + i % PLACES * 5 * SZ_2M + i % 7 * SZ_64K;
}

/* An unmap that could cut the tile, or maps beside it, and what nobody can do */
static int fail_once(unsigned int i)
{
	struct pan_bo bad = { .handle = NOWHERE, .size = SZ_64K };
	uint64_t va = place(atomic_load(&b.round));
	struct drm_panthor_vm_bind_op ops[3] = {
		pan_op_unmap(va + SZ_4K, SZ_4K),
		pan_op_map((va & -SZ_2M) + SZ_1M, &b.src, 0, SZ_64K),
		pan_op_map(va, &bad, 0, SZ_64K),
	};

	if (i % 3)
		return pan_bind(b.gpu.pan, b.gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC,
				ops + i % 3 - 1, 4 - i % 3);
	return pan_bind(b.gpu.pan, b.gpu.vm, 0, ops + 2, 1);
}

/* A page of a lone tile of 64 KiB is read, and is the one that was bound there */
static bool tile_is_right(unsigned int i)
{
	unsigned int page = i % SEEDS;
	int ret;

	atomic_store(&b.round, i);
	gpu_map(&b.gpu, place(i), &b.src, 0, SZ_64K);
	b.gpu.cmd_used = 0;
	ret = gpu_copy(&b.gpu, DST_VA, place(i) + page * SZ_4K, SZ_4K);
	need(pan_unmap(b.gpu.pan, b.gpu.vm, place(i), SZ_64K));
	if (!ret && holds(b.dst.map, page, 0, SZ_4K))
		return true;
	detail("round %u: the copy ended with %d", i, ret);
	if (ret)
		need(gpu_revive(&b.gpu));
	return false;
}

static void go_on_beside(const char *how)
{
	static struct refused r = {
		.call = fail_once,
		.calls_per_reclaim = CALLS_PER_RECLAIM,
	};
	unsigned int i;

	b.wrong = 0;
	refused_start(&r);
	for (i = 0; i < rounds && b.wrong < MAX_WRONG; i++)
		b.wrong += !tile_is_right(i);
	refused_stop(&r);
	note("%u rounds, %u wrong; %u calls refused", i, b.wrong, r.refused);
	ok(!b.wrong, "%s: tiles are bound and read beside calls that fail", how);
	detail("%u refused, %u taken", r.refused, r.taken);
	ok(r.refused && !r.taken, "%s: all of which were refused", how);
}

void run_beside(void)
{
	struct pan p;

	need(pan_open(&p));
	ok(stay_awake(true), "the GPU is awake");
	gpu_open(&b.gpu, &p);
	gpu_bo(&b.gpu, SZ_64K, &b.src);
	gpu_bo(&b.gpu, SZ_64K, &b.dst);
	for (unsigned int i = 0; i < SEEDS; i++)
		fill((char *)b.src.map + i * SZ_4K, i, SZ_4K);
	gpu_map(&b.gpu, DST_VA, &b.dst, 0, SZ_64K);
	go_on_beside("at full speed");
	need(inject_slow("as", SLOW_NS));
	need(inject_slow("flush", SLOW_NS));
	go_on_beside("with slow commands");
	need(inject_clear());
	pan_bo_destroy(&p, &b.src);
	pan_bo_destroy(&p, &b.dst);
	gpu_close(&b.gpu);
	pan_close(&p);
	stay_awake(false);
}

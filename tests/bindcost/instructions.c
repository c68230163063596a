// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Instructions an operation. A round is many operations, so that what the
 * kernel puts off (work items, RCU callbacks, its timer's ticks) has its share,
 * and the figure is the mean of the rounds: there is nothing to disturb one.
 * Nothing else runs, and the processor is never idle in a round: that is checked.
 *
 * A tile is 64 KiB. What is bound next to it decides whether page tables come
 * and go with it, and is in each metric's name:
 *
 *	tile	another tile in the same 2 MiB stays
 *	alone	nothing else is bound in the same 512 GiB
 *	batch	256 tiles in one call, all of 8 blocks of 2 MiB
 *	rebind	there is a mapping already, and it is replaced
 *	cut	a tile goes into the middle of a sparse mapping of the size that
 *		the name has; by itself, and so the median
 *	first	the first tile of a VM; for "life" what the VM takes from its creation
 *		to its destruction with that one tile, so that nothing is put off
 *	active	tile, in a VM that has one of the GPU's address spaces, so that the
 *		kernel has to talk to the MMU and wait for it
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "costs.h"
#include "counter.h"
#include "tap.h"

#define TILE		SZ_64K
#define BATCH		256
#define TILES_IN_BO	(SZ_2M / TILE)
#define ALONE_VA	(DATA_VA + 0x8000000000ull)
#define WARM_UP		5
#define SETTLE_US	20000
#define MAX_CUTS	64
#define UPSTREAMS_SLAB	"/sys/kernel/slab/panthor-mmu-pt"

struct bench {
	struct pan *pan;
	struct gpu gpu;
	uint32_t vm;
	uint32_t done;
	bool active;
	struct pan_bo bo;
	struct drm_panthor_vm_bind_op ops[BATCH];
};

/**
 * struct cost - a figure
 * @cycle: One operation, or one of each kind.
 * @flags: For VM_BIND: synchronous or not.
 * @va: Where.
 * @tiles: That a cycle is about.
 * @cycles: In a round.
 */
struct cost {
	const char *name;
	void (*cycle)(struct bench *b, const struct cost *c, unsigned int i);
	uint32_t flags;
	uint64_t va;
	unsigned int tiles;
	unsigned int cycles;
};

static void bind_ops(struct bench *b, const struct cost *c, bool last)
{
	if (!c->flags)
		need(pan_bind(b->pan, b->vm, 0, b->ops, c->tiles));
	else if (last)
		queue_and_wait(b->pan, b->vm, b->ops, c->tiles, b->done);
	else
		need(pan_bind(b->pan, b->vm, c->flags, b->ops, c->tiles));
}

static void map_tiles(struct bench *b, const struct cost *c, unsigned int turn,
		      bool last)
{
	for (unsigned int i = 0; i < c->tiles; i++)
		b->ops[i] = pan_op_map(c->va + i * TILE, &b->bo,
				       (turn + i) % TILES_IN_BO * TILE, TILE);
	bind_ops(b, c, last);
}

static void cycle_map_unmap(struct bench *b, const struct cost *c, unsigned int i)
{
	map_tiles(b, c, i, false);
	for (unsigned int j = 0; j < c->tiles; j++)
		b->ops[j] = pan_op_unmap(c->va + j * TILE, TILE);
	bind_ops(b, c, true);
}

static void cycle_rebind(struct bench *b, const struct cost *c, unsigned int i)
{
	map_tiles(b, c, i, true);
}

#define SYNC	0
#define ASYNC	DRM_PANTHOR_VM_BIND_ASYNC
#define NEXT	(DATA_VA + TILE)
#define OVER	(DATA_VA + SZ_2M)
#define FAR	(DATA_VA + SZ_1G)
#define CUT_VA	(DATA_VA + 4 * 0x8000000000ull)

static const struct cost costs[] = {
	{ "sync_tile", cycle_map_unmap, SYNC, NEXT, 1, 512 },
	{ "sync_alone", cycle_map_unmap, SYNC, ALONE_VA, 1, 512 },
	{ "sync_rebind", cycle_rebind, SYNC, OVER + TILE, 1, 512 },
	{ "sync_batch", cycle_map_unmap, SYNC, FAR, BATCH, 16 },
	{ "async_tile", cycle_map_unmap, ASYNC, NEXT, 1, 512 },
	{ "async_alone", cycle_map_unmap, ASYNC, ALONE_VA, 1, 512 },
	{ "async_rebind", cycle_rebind, ASYNC, OVER + TILE, 1, 512 },
	{ "async_batch", cycle_map_unmap, ASYNC, FAR, BATCH, 16 },
};

static const struct cost active_costs[] = {
	{ "sync_active", cycle_map_unmap, SYNC, NEXT, 1, 128 },
	{ "async_active", cycle_map_unmap, ASYNC, NEXT, 1, 128 },
};

static uint64_t round_instructions(struct bench *b, const struct cost *c)
{
	uint64_t start;

	if (b->active)
		need(gpu_touch(&b->gpu));
	start = counter_read();
	for (unsigned int i = 0; i < c->cycles; i++)
		c->cycle(b, c, i);
	return counter_read() - start;
}

static void figure(struct bench *b, const struct cost *c, unsigned int rounds)
{
	uint64_t took, all = 0, least = UINT64_MAX, most = 0, idle;

	for (unsigned int i = 0; i < WARM_UP; i++)
		round_instructions(b, c);
	idle = counter_idle();
	for (unsigned int i = 0; i < rounds; i++) {
		took = round_instructions(b, c);
		all += took;
		least = took < least ? took : least;
		most = took > most ? took : most;
	}
	idle = counter_idle() - idle;
	note("%s: %u rounds of %u x %u tiles, %llu to %llu instructions, idle %llu times",
	     c->name, rounds, c->cycles, c->tiles, (unsigned long long)least,
	     (unsigned long long)most, (unsigned long long)idle);
	/* The counter advances while the processor is idle: no figure then */
	if (!idle)
		printf("bench: P7 %s_instrs %.0f\n", c->name,
		       (double)all / rounds / c->cycles / c->tiles);
}

static int compare_counts(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * A tile into the middle of a sparse mapping, of which each is cut once. Few are, so what
 * the kernel does in one of them must not matter: the median. Negative errno if there can
 * be no such mapping.
 */
static int64_t cut_instructions(struct bench *b, uint64_t size, unsigned int rounds)
{
	uint64_t start, took[MAX_CUTS];
	int ret;

	for (unsigned int i = 0; i < rounds + 1; i++) {
		ret = pan_map_sparse(b->pan, b->vm, CUT_VA, size);
		if (ret)
			return ret;
		start = counter_read();
		need(pan_map(b->pan, b->vm, CUT_VA + size / 2 + TILE, &b->bo, 0, TILE, 0));
		/* The first one warms up */
		if (i)
			took[i - 1] = counter_read() - start;
		need(pan_unmap(b->pan, b->vm, CUT_VA, size));
	}
	qsort(took, rounds, sizeof(*took), compare_counts);
	return took[rounds / 2];
}

static void cut_figures(struct bench *b)
{
	static const struct {
		const char *name;
		uint64_t size;
		unsigned int rounds;
	} cuts[] = {
		{ "4M", 2 * SZ_2M, MAX_CUTS },
		{ "16G", 16 * SZ_1G, 9 },
		{ "1T", 1024 * SZ_1G, 9 },
	};
	int64_t took, first = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(cuts); i++) {
		/* Upstream would ask kmalloc for what it warns of */
		if (cuts[i].size > 512 * SZ_1G && !access(UPSTREAMS_SLAB, F_OK)) {
			note("no sparse mapping of %s on upstream", cuts[i].name);
			continue;
		}
		took = cut_instructions(b, cuts[i].size, cuts[i].rounds);
		if (took < 0) {
			note("no sparse mapping of %s: %lld", cuts[i].name, (long long)took);
			continue;
		}
		printf("bench: P7 cut_%s_instrs %lld\n", cuts[i].name, (long long)took);
		first = first ?: took;
		if (i)
			printf("bench: P7 cut_%s_against_4M %.3f\n", cuts[i].name,
			       (double)took / first);
	}
}

/* In a VM that is new each time */
static void first_figures(struct bench *b, unsigned int rounds)
{
	uint64_t start, created, bound, first = 0, life = 0;
	uint32_t vm;

	for (unsigned int i = 0; i < WARM_UP + rounds; i++) {
		/* The ones before are gone for good only after a while */
		usleep(SETTLE_US);
		start = counter_read();
		need(pan_vm_create(b->pan, &vm));
		created = counter_read();
		need(pan_map(b->pan, vm, NEXT, &b->bo, 0, TILE, 0));
		bound = counter_read();
		need(pan_vm_destroy(b->pan, vm));
		if (i < WARM_UP)
			continue;
		first += bound - created;
		life += counter_read() - start;
	}
	printf("bench: P7 sync_first_instrs %llu\n", (unsigned long long)first / rounds);
	printf("bench: P7 sync_life_instrs %llu\n", (unsigned long long)life / rounds);
}

/* Tiles next to those that come and go, and one block of them */
static void populate(struct bench *b)
{
	need(pan_map(b->pan, b->vm, DATA_VA, &b->bo, 0, TILE, 0));
	for (unsigned int i = 0; i < TILES_IN_BO; i++)
		need(pan_map(b->pan, b->vm, OVER + i * TILE, &b->bo, i * TILE,
			     TILE, 0));
}

void cost_instructions(struct pan *p, unsigned int rounds)
{
	struct bench b = { .pan = p };

	need(counter_open());
	gpu_open(&b.gpu, p);
	b.vm = b.gpu.vm;
	need(pan_syncobj_create(p, &b.done));
	need(pan_bo_create(p, SZ_2M, 0, &b.bo));
	populate(&b);
	for (unsigned int i = 0; i < ARRAY_SIZE(costs); i++)
		figure(&b, &costs[i], rounds);
	cut_figures(&b);
	first_figures(&b, rounds);
	b.active = true;
	for (unsigned int i = 0; i < ARRAY_SIZE(active_costs); i++)
		figure(&b, &active_costs[i], rounds);
	gpu_close(&b.gpu);
	pan_bo_destroy(p, &b.bo);
	pan_syncobj_destroy(p, b.done);
	counter_close();
}

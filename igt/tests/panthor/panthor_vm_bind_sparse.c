// SPDX-License-Identifier: MIT
/*
 * Sparse ranges: no page of them faults, what is stored there is seen nowhere, and memory
 * can be bound into them and taken out again, whatever their size.
 */
#include "panthor_bind.h"

IGT_TEST_DESCRIPTION("Checks sparse ranges, from a page to all that a VM has.");

enum { TILE_ID = 1, BIG_ID };

struct sparse {
	struct pb p;
	struct panthor_bo tile;
	struct panthor_bo big;		/* 8 MiB */
	uint64_t size;			/* from TEST_VA to the user's end */
};

static int device = -1;

/* Both ends, what is beside them, and places between */
static void is_all_sparse(struct sparse *s, uint64_t va, uint64_t size)
{
	gpu_sparse(&s->p, va);
	gpu_sparse(&s->p, va + size - PAGE);
	for (unsigned int i = 1; i < 8; i++)
		gpu_sparse(&s->p, va + (size / 8 * i & -PAGE));
}

static void range(struct sparse *s, uint64_t va, uint64_t size)
{
	do_sparse(&s->p, va, size);
	is_all_sparse(s, va, size);
	gpu_faults(&s->p, va - PAGE);
	if (va + size < USER_END)
		gpu_faults(&s->p, va + size);
	do_unmap(&s->p, va, size);
	gpu_faults(&s->p, va);
	gpu_faults(&s->p, va + size - PAGE);
}

static void sizes(struct sparse *s)
{
	static const uint64_t all[] = {
		PAGE, TILE, BLOCK - PAGE, BLOCK, BLOCK + PAGE, 3 * BLOCK, MB(512), GB(1),
		GB(1) + BLOCK, GB(16),
	};

	for (unsigned int i = 0; i < LEN(all); i++)
		range(s, TEST_VA, all[i]);
}

/* Neither end is that of a block */
static void odd_ends(struct sparse *s)
{
	static const uint64_t ends[] = { PAGE, TILE, MB(1), BLOCK - PAGE };

	for (unsigned int i = 0; i < LEN(ends); i++)
		for (unsigned int j = 0; j < LEN(ends); j++)
			range(s, TEST_VA + ends[i], 2 * BLOCK - ends[i] + ends[j]);
}

static void each_page(struct sparse *s)
{
	static uint64_t words[4096];

	do_sparse(&s->p, TEST_VA + 3 * PAGE, 16 * MB(1) - 8 * PAGE);
	igt_assert_eq(gpu_read(&s->p, TEST_VA + 3 * PAGE, PAGE, 4096 - 8, words), 0);
}

/* Stores to a sparse range reach no memory of ours, and a neighbour's even less */
static void stores_go_nowhere(struct sparse *s)
{
	do_map(&s->p, TEST_VA, &s->big, 0, 4 * BLOCK);
	do_sparse(&s->p, TEST_VA + BLOCK, BLOCK);
	for (unsigned int i = 0; i < 512; i += 31)
		igt_assert_eq(gpu_write(&s->p, TEST_VA + BLOCK + i * PAGE, ~0ull), 0);
	igt_assert(pb_is_marked(s->big.map, s->big.size, BIG_ID));
	gpu_sees(&s->p, TEST_VA, BIG_ID, 0, 512);
	gpu_sees(&s->p, TEST_VA + 2 * BLOCK, BIG_ID, 1024, 1024);
}

/* In a sparse @size at TEST_VA a tile comes and goes at @at */
static void tile_at(struct sparse *s, uint64_t at)
{
	uint64_t va = TEST_VA + at;

	do_map(&s->p, va, &s->tile, 0, TILE);
	gpu_sees(&s->p, va, TILE_ID, 0, 16);
	gpu_sparse(&s->p, va - PAGE);
	gpu_sparse(&s->p, va + TILE);
	do_sparse(&s->p, va, TILE);
	gpu_sparse(&s->p, va);
	gpu_sparse(&s->p, va + TILE - PAGE);
	igt_assert(pb_is_marked(s->tile.map, TILE, TILE_ID));
}

static void tiles(struct sparse *s)
{
	static const uint64_t at[] = {
		TILE, MB(1), BLOCK - TILE, BLOCK - PAGE, BLOCK, BLOCK + PAGE,
		GB(1) - PAGE, GB(1), GB(7) + 5 * BLOCK + 3 * TILE, GB(8) - 2 * TILE,
	};

	do_sparse(&s->p, TEST_VA, GB(8));
	for (unsigned int i = 0; i < LEN(at); i++)
		tile_at(s, at[i]);
}

static void blocks(struct sparse *s)
{
	do_sparse(&s->p, TEST_VA, GB(4));
	for (unsigned int i = 1; i < 4; i++) {
		uint64_t va = TEST_VA + i * GB(1) - BLOCK;

		do_map(&s->p, va, &s->big, 0, 4 * BLOCK);
		gpu_sees(&s->p, va, BIG_ID, 0, 2048);
		gpu_sparse(&s->p, va - PAGE);
		gpu_sparse(&s->p, va + 4 * BLOCK);
		do_sparse(&s->p, va + BLOCK, BLOCK);
		gpu_sees(&s->p, va, BIG_ID, 0, 512);
		gpu_sparse(&s->p, va + BLOCK);
		gpu_sees(&s->p, va + 2 * BLOCK, BIG_ID, 1024, 1024);
	}
}

/* Ranges go out of the middle, and nothing beside them */
static void holes(struct sparse *s)
{
	static const uint64_t all[] = { PAGE, TILE, BLOCK, 3 * BLOCK, MB(512), GB(1) };

	do_sparse(&s->p, TEST_VA, GB(8));
	for (unsigned int i = 0; i < LEN(all); i++) {
		for (unsigned int odd = 0; odd < 2; odd++) {
			uint64_t va = TEST_VA + (i + 1) * GB(1) - odd * 5 * PAGE;

			do_unmap(&s->p, va, all[i]);
			gpu_faults(&s->p, va);
			gpu_faults(&s->p, va + all[i] - PAGE);
			gpu_sparse(&s->p, va - PAGE);
			gpu_sparse(&s->p, va + all[i]);
			do_sparse(&s->p, va, all[i]);
			gpu_sparse(&s->p, va);
		}
	}
	is_all_sparse(s, TEST_VA, GB(8));
}

/*
 * At both ends of a range there are tables that no other part of it has: of 1 GiB where it begins
 * and ends between such, of 512 GiB likewise. A hole is far from them, and then all before it goes;
 * reclaim takes the tables that nothing holds any more.
 */
static void ends_between(struct sparse *s, uint64_t step)
{
	uint64_t start = TEST_VA + 3 * step, hole = start + 1000 * step, end = hole + 1500 * step;

	do_sparse(&s->p, start, end - start);
	do_unmap(&s->p, hole, PAGE);
	reclaim();
	gpu_sparse(&s->p, start);
	gpu_faults(&s->p, hole);
	gpu_sparse(&s->p, hole + PAGE);
	gpu_sparse(&s->p, end - PAGE);
	do_unmap(&s->p, start, hole - start);
	reclaim();
	gpu_faults(&s->p, start);
	gpu_sparse(&s->p, end - step);
	do_unmap(&s->p, hole, end - hole);
	gpu_faults(&s->p, end - PAGE);
}

static void far_ends(struct sparse *s)
{
	ends_between(s, BLOCK);
}

/* Memory goes, and the range is sparse: by one operation, over many mappings */
static void over_mappings(struct sparse *s)
{
	for (unsigned int i = 0; i < 64; i++)
		do_map(&s->p, TEST_VA + i * BLOCK / 2, i % 2 ? &s->tile : &s->big, 0, TILE);
	do_sparse(&s->p, TEST_VA + PAGE, 30 * BLOCK);
	gpu_sees(&s->p, TEST_VA, BIG_ID, 0, 1);
	gpu_sparse(&s->p, TEST_VA + PAGE);
	for (unsigned int i = 1; i < 60; i += 7)
		gpu_sparse(&s->p, TEST_VA + i * BLOCK / 2);
	gpu_sees(&s->p, TEST_VA + 30 * BLOCK + PAGE, BIG_ID, 1, 15);
	gpu_sees(&s->p, TEST_VA + 31 * BLOCK + BLOCK / 2, TILE_ID, 0, 16);
}

/* Two VMs of a file: the sparse memory is the same, the tables are not */
static void two_vms(struct sparse *s)
{
	struct pb other;

	pb_open_on(&other, s->p.fd);
	do_sparse(&s->p, TEST_VA, GB(1));
	do_sparse(&other, TEST_VA, GB(1));
	do_map(&s->p, TEST_VA + MB(512), &s->tile, 0, TILE);
	gpu_sparse(&other, TEST_VA + MB(512));
	do_unmap(&s->p, TEST_VA, GB(1));
	gpu_faults(&s->p, TEST_VA + MB(256));
	gpu_sparse(&other, TEST_VA + MB(256));
	pb_close_on(&other);
}

/* --- As much as there is: upstream's kernel warns, and has no memory for it ---------- */

static void terabyte(struct sparse *s)
{
	require_reservations(device);
	range(s, TEST_VA + GB(3), TB(1));
	do_sparse(&s->p, TEST_VA, TB(1));
	tile_at(s, GB(512) - PAGE);
	tile_at(s, GB(511) + 3 * BLOCK);
	do_unmap(&s->p, TEST_VA + GB(100), GB(300));
	gpu_faults(&s->p, TEST_VA + GB(100));
	gpu_faults(&s->p, TEST_VA + GB(400) - PAGE);
	gpu_sparse(&s->p, TEST_VA + GB(100) - PAGE);
	gpu_sparse(&s->p, TEST_VA + GB(400));
}

static void farther_ends(struct sparse *s)
{
	require_reservations(device);
	ends_between(s, GB(1));
}

static void all_there_is(struct sparse *s)
{
	long start = now_ms();

	require_reservations(device);
	do_sparse(&s->p, TEST_VA, s->size);
	igt_assert_lt_s64(now_ms() - start, 1000);
	is_all_sparse(s, TEST_VA, s->size);
	for (unsigned int i = 1; i < 30; i++)
		tile_at(s, (s->size / 31 * i & -BLOCK) + i * 37 * PAGE);
	do_unmap(&s->p, TEST_VA + TB(2), TB(60));
	gpu_faults(&s->p, TEST_VA + TB(30));
	gpu_sparse(&s->p, TEST_VA + TB(2) - PAGE);
	gpu_sparse(&s->p, TEST_VA + TB(62));
	do_unmap(&s->p, TEST_VA, s->size);
	gpu_faults(&s->p, TEST_VA + TB(1));
}

static void all_there_is_queued(struct sparse *s)
{
	uint32_t out = syncobj_create(s->p.fd, 0);
	struct drm_panthor_sync_op wait, signal = sync_signal(out, 0);
	struct drm_panthor_vm_bind_op ops[] = {
		op_sparse(TEST_VA, s->size),
		op_unmap(TEST_VA + TB(3) + PAGE, TB(7)),
		op_map(TEST_VA + TB(5), s->tile.handle, 0, TILE),
		op_sparse(TEST_VA + TB(9), TB(1)),
	};

	require_reservations(device);
	wait = sync_wait(gate_shut(&s->p), 0);
	ops[0] = op_with(ops[0], &wait, 1);
	ops[3] = op_with(ops[3], &signal, 1);
	igt_assert_eq(bind_raw(s->p.fd, s->p.vm, ASYNC, ops, LEN(ops), NULL), 0);
	gpu_faults(&s->p, TEST_VA);
	gate_open(&s->p);
	igt_assert_eq(fence_settled(s->p.fd, out), 1);
	gpu_sparse(&s->p, TEST_VA + TB(3));
	gpu_faults(&s->p, TEST_VA + TB(3) + PAGE);
	gpu_sees(&s->p, TEST_VA + TB(5), TILE_ID, 0, 16);
	gpu_faults(&s->p, TEST_VA + TB(5) + TILE);
	gpu_sparse(&s->p, TEST_VA + TB(9));
	gpu_sparse(&s->p, TEST_VA + TB(10) - PAGE);
	gpu_sparse(&s->p, USER_END - PAGE);
}

static const struct {
	const char *name;
	const char *about;
	void (*run)(struct sparse *s);
} subtests[] = {
	{ "sizes", "From a page to 16 GiB: all of it, and nothing beside it", sizes },
	{ "odd-ends", "Both ends anywhere in a block", odd_ends },
	{ "each-page", "Each page of 16 MiB can be read", each_page },
	{ "stores", "What is stored is not in memory of others", stores_go_nowhere },
	{ "tiles", "Tiles come and go, at all edges of tables", tiles },
	{ "blocks", "Blocks come, and go in part", blocks },
	{ "holes", "Parts are unmapped and sparse again", holes },
	{ "far-ends", "The ends of a range outlive a hole, and what is before it", far_ends },
	{ "over-mappings", "A sparse map replaces many mappings at once", over_mappings },
	{ "two-vms", "Two VMs of a file have sparse ranges of their own", two_vms },
	{ "terabyte", "1 TiB, and cuts of it", terabyte },
	{ "farther-ends", "The same of terabytes", farther_ends },
	{ "all", "All that a VM has, at once, with tiles and holes", all_there_is },
	{ "all-queued", "The same in one call that waits", all_there_is_queued },
};

int igt_main()
{
	igt_fixture()
		device = drm_open_driver(DRIVER_PANTHOR);

	for (unsigned int i = 0; i < LEN(subtests); i++) {
		igt_describe_f("%s", subtests[i].about);
		igt_subtest_f("%s", subtests[i].name) {
			static struct sparse s;

			pb_open(&s.p, device);
			pb_bo(&s.p, &s.tile, TILE, TILE_ID);
			pb_bo(&s.p, &s.big, 4 * BLOCK, BIG_ID);
			s.size = USER_END - TEST_VA;
			subtests[i].run(&s);
			pb_close(&s.p);
		}
	}

	igt_fixture()
		drm_close_driver(device);
}

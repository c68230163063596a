// SPDX-License-Identifier: MIT
/*
 * What the GPU may do with what is mapped: the flags of a map, for memory of all sizes
 * and for sparse ranges, and what changes when they change.
 */
#include "panthor_bind.h"

IGT_TEST_DESCRIPTION("Checks that the GPU has the access that VM_BIND gave it, and no other.");

enum { TILE_ID = 1, BLOCK_ID };

struct access {
	struct pb p;
	struct panthor_bo tile;
	struct panthor_bo block;
};

static int device = -1;

static void map_as(struct access *a, uint64_t va, const struct panthor_bo *bo, uint32_t flags)
{
	struct drm_panthor_vm_bind_op op = op_map(va, bo->handle, 0, bo->size);

	op.flags = flags;
	igt_assert_eq(bind_now(&a->p, op), 0);
}

/* Stores in the first and the last page, beside the words that say which page it is */
static void stores(struct access *a, uint64_t va, const struct panthor_bo *bo, bool allowed)
{
	for (uint64_t at = 8; at < bo->size; at += bo->size - PAGE) {
		volatile uint64_t *word = (uint64_t *)((char *)bo->map + at);

		*word = 1;
		__sync_synchronize();
		igt_assert_eq(gpu_write(&a->p, va + at, 2), allowed ? 0 : -EIO);
		__sync_synchronize();
		igt_assert_eq_u64(*word, allowed ? 2 : 1);
	}
}

static void flags_of(struct access *a, uint32_t flags)
{
	map_as(a, TEST_VA, &a->tile, flags);
	map_as(a, TEST_VA + BLOCK, &a->block, flags);
	gpu_sees(&a->p, TEST_VA, TILE_ID, 0, TILE / PAGE);
	gpu_sees(&a->p, TEST_VA + BLOCK, BLOCK_ID, 0, BLOCK / PAGE);
	stores(a, TEST_VA, &a->tile, !(flags & OP_RO));
	stores(a, TEST_VA + BLOCK, &a->block, !(flags & OP_RO));
}

static void executable(struct access *a)
{
	map_as(a, TEST_VA, &a->tile, 0);
	igt_assert_eq(gpu_execute(&a->p, TEST_VA + PAGE, (char *)a->tile.map + PAGE), 0);
	do_unmap(&a->p, TEST_VA, TILE);
	igt_assert_eq(gpu_execute(&a->p, TEST_VA + PAGE, (char *)a->tile.map + PAGE), -EIO);
}

/* The same memory with less and with more: no translation of before remains */
static void changes(struct access *a)
{
	for (unsigned int i = 0; i < 4; i++) {
		map_as(a, TEST_VA, &a->block, i % 2 ? OP_RO : 0);
		stores(a, TEST_VA, &a->block, !(i % 2));
	}
}

/* A part of a block is mapped again with less */
static void changes_in_part(struct access *a)
{
	struct drm_panthor_vm_bind_op op = op_map(TEST_VA + MB(1), a->block.handle, MB(1), TILE);

	map_as(a, TEST_VA, &a->block, 0);
	stores(a, TEST_VA, &a->block, true);
	op.flags = OP_RO;
	igt_assert_eq(bind_now(&a->p, op), 0);
	stores(a, TEST_VA, &a->block, true);
	igt_assert_eq(gpu_write(&a->p, TEST_VA + MB(1) + 8, 3), -EIO);
	igt_assert_eq(gpu_write(&a->p, TEST_VA + MB(1) + TILE - 8, 3), -EIO);
	igt_assert_eq(gpu_write(&a->p, TEST_VA + MB(1) - 8, 3), 0);
	igt_assert_eq(gpu_write(&a->p, TEST_VA + MB(1) + TILE + 8, 3), 0);
	gpu_sees(&a->p, TEST_VA, BLOCK_ID, 0, BLOCK / PAGE);
}

static void read_only_keeps_its_rest(struct access *a)
{
	map_as(a, TEST_VA, &a->block, OP_RO);
	do_unmap(&a->p, TEST_VA + MB(1), PAGE);
	igt_assert_eq(gpu_write(&a->p, TEST_VA + 8, 3), -EIO);
	igt_assert_eq(gpu_write(&a->p, TEST_VA + MB(1) - 8, 3), -EIO);
	igt_assert_eq(gpu_write(&a->p, TEST_VA + MB(1) + PAGE + 8, 3), -EIO);
	gpu_sees(&a->p, TEST_VA, BLOCK_ID, 0, 256);
	gpu_sees(&a->p, TEST_VA + MB(1) + PAGE, BLOCK_ID, 257, 255);
}

static void mapped_twice(struct access *a)
{
	map_as(a, TEST_VA, &a->block, 0);
	map_as(a, TEST_VA + GB(1), &a->block, OP_RO);
	igt_assert_eq(gpu_write(&a->p, TEST_VA + GB(1) + 8, 3), -EIO);
	stores(a, TEST_VA, &a->block, true);
	gpu_sees(&a->p, TEST_VA + GB(1), BLOCK_ID, 0, BLOCK / PAGE);
}

/* Beside one that can be written, whose tables it must not share */
static void sparse_read_only(struct access *a)
{
	struct drm_panthor_vm_bind_op op = op_sparse(TEST_VA, 2 * BLOCK);
	static uint64_t words[2048];

	op.flags |= OP_RO;
	igt_assert_eq(bind_now(&a->p, op), 0);
	do_sparse(&a->p, TEST_VA + 2 * BLOCK, 2 * BLOCK);
	igt_assert_eq(gpu_read(&a->p, TEST_VA, PAGE, LEN(words), words), 0);
	for (unsigned int i = 0; i < 2; i++) {
		igt_assert_eq(gpu_write(&a->p, TEST_VA + i * BLOCK + TILE, 1), -EIO);
		igt_assert_eq(gpu_write(&a->p, TEST_VA + (2 + i) * BLOCK + TILE, 0), 0);
	}
	do_sparse(&a->p, TEST_VA, 2 * BLOCK);
	igt_assert_eq(gpu_write(&a->p, TEST_VA + BLOCK + TILE, 0), 0);
}

/* Where its ends, and a page that is cut out, leave small pages */
static void sparse_read_only_edges(struct access *a)
{
	const uint64_t start = TEST_VA + PAGE, end = TEST_VA + 3 * BLOCK - 2 * PAGE;
	const uint64_t hole = TEST_VA + BLOCK + MB(1);
	const uint64_t places[] = { start, hole - 8, hole + PAGE, end - 8 };
	struct drm_panthor_vm_bind_op op = op_sparse(start, end - start);
	uint64_t word;

	op.flags |= OP_RO;
	igt_assert_eq(bind_now(&a->p, op), 0);
	do_unmap(&a->p, hole, PAGE);
	for (unsigned int i = 0; i < LEN(places); i++) {
		igt_assert_eq(gpu_read(&a->p, places[i], PAGE, 1, &word), 0);
		igt_assert_eq(gpu_write(&a->p, places[i], 1), -EIO);
	}
	gpu_faults(&a->p, hole);
}

static void run(void (*test)(struct access *a))
{
	static struct access a;

	pb_open(&a.p, device);
	pb_bo(&a.p, &a.tile, TILE, TILE_ID);
	pb_bo(&a.p, &a.block, BLOCK, BLOCK_ID);
	test(&a);
	pb_close(&a.p);
}

static void all_flags(struct access *a)
{
	for (uint32_t flags = 0; flags < 8; flags++)
		flags_of(a, flags);
}

int igt_main()
{
	igt_fixture()
		device = drm_open_driver(DRIVER_PANTHOR);

	igt_describe("Each set of flags: loads, and stores unless it is read-only");
	igt_subtest("flags")
		run(all_flags);
	igt_describe("A stream is executed where it is mapped, and no longer");
	igt_subtest("execute")
		run(executable);
	igt_describe("The same memory is mapped with less access, and with more again");
	igt_subtest("change")
		run(changes);
	igt_describe("A part of a block is made read-only");
	igt_subtest("change-in-part")
		run(changes_in_part);
	igt_describe("A read-only block is cut, and its rests are read-only");
	igt_subtest("read-only-cut")
		run(read_only_keeps_its_rest);
	igt_describe("One buffer is mapped twice, once read-only");
	igt_subtest("mapped-twice")
		run(mapped_twice);
	igt_describe("A sparse range that is read-only, beside one that is not");
	igt_subtest("sparse-read-only")
		run(sparse_read_only);
	igt_describe("Its ends, and what is beside a hole in it, are read-only, too");
	igt_subtest("sparse-read-only-edges")
		run(sparse_read_only_edges);

	igt_fixture()
		drm_close_driver(device);
}

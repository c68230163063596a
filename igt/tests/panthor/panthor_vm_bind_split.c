// SPDX-License-Identifier: MIT
/*
 * Blocks of 2 MiB that are broken up: what is cut out, at every page and of every size,
 * and that all the rest stays, looked at page by page through the GPU.
 */
#include "panthor_bind.h"

IGT_TEST_DESCRIPTION("Checks partial unmaps and maps of blocks at every alignment.");

enum { BIG_ID = 1, TILE_ID };

#define SIZE	(4 * BLOCK)
#define PAGES	(SIZE / PAGE)

struct split {
	struct pb p;
	struct panthor_bo big;
	struct panthor_bo tile;
};

static int device = -1;

static void map_all(struct split *s)
{
	do_map(&s->p, TEST_VA, &s->big, 0, SIZE);
}

/* All of the buffer is there but [at, at + n), in pages */
static void all_but(struct split *s, unsigned int at, unsigned int n)
{
	if (at)
		gpu_sees(&s->p, TEST_VA, BIG_ID, 0, at);
	if (at + n < PAGES)
		gpu_sees(&s->p, TEST_VA + (at + n) * PAGE, BIG_ID, at + n, PAGES - at - n);
}

static void cut(struct split *s, unsigned int at, unsigned int n)
{
	map_all(s);
	do_unmap(&s->p, TEST_VA + at * PAGE, n * PAGE);
	all_but(s, at, n);
	gpu_faults(&s->p, TEST_VA + at * PAGE);
	if (n > 1)
		gpu_faults(&s->p, TEST_VA + (at + n - 1) * PAGE);
}

/* Each of the 512 pages of a block: not one after the other, so that all differ */
static void each_page(struct split *s)
{
	for (unsigned int i = 0; i < 512; i++) {
		unsigned int at = 512 + i * 37 % 512;

		map_all(s);
		do_unmap(&s->p, TEST_VA + at * PAGE, PAGE);
		gpu_sees_each(&s->p, TEST_VA + (at - 1) * PAGE, BIG_ID, at - 1, 2, 2);
		if (i % 16 == 0) {
			gpu_faults(&s->p, TEST_VA + at * PAGE);
			all_but(s, at, 1);
		}
	}
}

static void each_size(struct split *s)
{
	for (unsigned int n = 1; n <= 1024; n += n < 8 ? 1 : n / 3)
		cut(s, 512 + 100, n);
	cut(s, 1, PAGES - 2);
	cut(s, 0, PAGES - 1);
	cut(s, 1, PAGES - 1);
}

/* Cuts that begin and end at, before and behind the edges of blocks */
static void edges(struct split *s)
{
	static const unsigned int at[] = { 0, 1, 511, 512, 513, 1023, 1024, 1025, 1536 };

	for (unsigned int i = 0; i < LEN(at); i++)
		for (unsigned int j = i + 1; j < LEN(at); j++)
			cut(s, at[i], at[j] - at[i]);
}

/* A tile in place of a part, at each tile's place and a page beside it */
static void each_tile(struct split *s)
{
	for (unsigned int i = 0; i < 64; i++) {
		unsigned int at = 512 + i / 2 * 16 - i % 2;
		uint64_t va = TEST_VA + at * PAGE;

		map_all(s);
		do_map(&s->p, va, &s->tile, 0, TILE);
		gpu_sees(&s->p, va, TILE_ID, 0, 16);
		all_but(s, at, 16);
	}
}

/* A block of another buffer over the edges of two blocks, and two halves of its own */
static void other_blocks(struct split *s)
{
	struct panthor_bo other;

	pb_bo(&s->p, &other, 2 * BLOCK, 3);
	for (unsigned int at = 0; at <= 1024; at += 128) {
		map_all(s);
		do_map(&s->p, TEST_VA + at * PAGE, &other, 0, BLOCK);
		gpu_sees(&s->p, TEST_VA + at * PAGE, 3, 0, 512);
		all_but(s, at, 512);
		/* Memory that is not as aligned as the address */
		do_map(&s->p, TEST_VA + at * PAGE, &other, TILE, BLOCK);
		gpu_sees(&s->p, TEST_VA + at * PAGE, 3, 16, 512);
		all_but(s, at, 512);
	}
	igt_panthor_free_bo(s->p.fd, &other);
}

/* Pieces become blocks again when the whole is mapped */
static void join(struct split *s)
{
	for (unsigned int step = 1; step <= 512; step *= 8) {
		for (unsigned int at = 0; at < PAGES; at += step)
			igt_assert_eq(bind_now(&s->p, op_map(TEST_VA + at * PAGE,
							     s->big.handle, at * PAGE,
							     step * PAGE)), 0);
		all_but(s, 0, 0);
		map_all(s);
		all_but(s, 0, 0);
		do_unmap(&s->p, TEST_VA, SIZE);
		gpu_faults(&s->p, TEST_VA);
	}
}

/* What remains of a block is cut again, until nothing is left */
static void cut_again(struct split *s)
{
	map_all(s);
	for (unsigned int i = 0; i < 256; i++) {
		unsigned int at = 512 + i * 2;

		do_unmap(&s->p, TEST_VA + at * PAGE, PAGE);
		gpu_sees(&s->p, TEST_VA + (at + 1) * PAGE, BIG_ID, at + 1, 511 - 2 * i);
	}
	gpu_sees_each(&s->p, TEST_VA + 513 * PAGE, BIG_ID, 513, 2, 256);
	for (unsigned int i = 0; i < 512; i += 63)
		if (i % 2 == 0)
			gpu_faults(&s->p, TEST_VA + (512 + i) * PAGE);
	all_but(s, 512, 512);
	do_unmap(&s->p, TEST_VA + BLOCK, BLOCK);
	all_but(s, 512, 512);
	gpu_faults(&s->p, TEST_VA + BLOCK + PAGE);
}

/* One operation replaces the end of one mapping, all of the next, and a third's beginning */
static void three_mappings(struct split *s)
{
	uint64_t va = TEST_VA + BLOCK;

	for (unsigned int i = 0; i < 3; i++)
		igt_assert_eq(bind_now(&s->p, op_map(va + i * BLOCK, s->big.handle, 0, BLOCK)), 0);
	igt_assert_eq(bind_now(&s->p, op_map(va + TILE, s->big.handle, 2 * BLOCK, 2 * BLOCK)), 0);
	gpu_sees(&s->p, va, BIG_ID, 0, 16);
	gpu_sees(&s->p, va + TILE, BIG_ID, 1024, 1024);
	gpu_sees(&s->p, va + TILE + 2 * BLOCK, BIG_ID, 16, 512 - 16);
	do_unmap(&s->p, va + PAGE, 3 * BLOCK - 2 * PAGE);
	gpu_sees(&s->p, va, BIG_ID, 0, 1);
	gpu_sees(&s->p, va + 3 * BLOCK - PAGE, BIG_ID, 511, 1);
	gpu_faults(&s->p, va + BLOCK);
}

/* Cuts while the GPU has the block in its TLB, and is awake */
static void while_awake(struct split *s)
{
	struct pb busy;

	pb_open_on(&busy, s->p.fd);
	gpu_start(&busy);
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int at = 512 + i * 31;

		map_all(s);
		gpu_sees(&s->p, TEST_VA + BLOCK, BIG_ID, 512, 512);
		do_map(&s->p, TEST_VA + at * PAGE, &s->tile, 0, TILE);
		gpu_sees(&s->p, TEST_VA + at * PAGE, TILE_ID, 0, 16);
		do_unmap(&s->p, TEST_VA + at * PAGE, PAGE);
		gpu_faults(&s->p, TEST_VA + at * PAGE);
	}
	igt_assert_eq(gpu_stop(&busy), 0);
	pb_close_on(&busy);
}

static const struct {
	const char *name;
	const char *about;
	void (*run)(struct split *s);
} subtests[] = {
	{ "each-page", "Each of 512 pages is cut out of a block", each_page },
	{ "each-size", "Cuts from a page to all but a page", each_size },
	{ "edges", "Cuts at, before and behind the edges of blocks", edges },
	{ "each-tile", "A tile in place of each tile of a block, and a page beside it",
	  each_tile },
	{ "other-blocks", "Another buffer's block over the edges of blocks", other_blocks },
	{ "join", "Pieces of many sizes become blocks again", join },
	{ "cut-again", "Every other page of a block goes, one by one", cut_again },
	{ "three-mappings", "One operation cuts two mappings and replaces a third",
	  three_mappings },
	{ "while-awake", "Cuts of a block that the GPU remembers", while_awake },
};

int igt_main()
{
	igt_fixture()
		device = drm_open_driver(DRIVER_PANTHOR);

	for (unsigned int i = 0; i < LEN(subtests); i++) {
		igt_describe_f("%s", subtests[i].about);
		igt_subtest_f("%s", subtests[i].name) {
			static struct split s;

			pb_open(&s.p, device);
			pb_bo(&s.p, &s.big, SIZE, BIG_ID);
			pb_bo(&s.p, &s.tile, TILE, TILE_ID);
			subtests[i].run(&s);
			pb_close(&s.p);
		}
	}

	igt_fixture()
		drm_close_driver(device);
}

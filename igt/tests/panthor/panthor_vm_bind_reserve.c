// SPDX-License-Identifier: MIT
/*
 * What reservations hold, as debugfs and fdinfo show it: page tables are there from when
 * a bind is queued until its mapping goes, and none stays behind. Skipped on a kernel
 * whose page tables have no reservations.
 */
#include <stdlib.h>

#include "panthor_bind.h"

IGT_TEST_DESCRIPTION("Checks what VM_BIND reserves in page tables, and that it goes again.");

enum { BIG_ID = 1 };

#define BIG_SIZE	(4 * BLOCK)
#define A_WHILE		3000

struct reserve {
	struct pb p;
	struct panthor_bo big;
	uint32_t out;
	/* Before the subtest's own binds */
	long tables;
	long shared;
	long pages;
};

static int device = -1;

/* All that is reserved, in pages of 4 KiB */
static long reserved(void)
{
	return tables(device, "reserved 4K") + tables(device, "reserved 2M") * 512;
}

/* By how much the tables have become more, when a group that has gone is cleaned up */
static long more_tables(struct reserve *r)
{
	return tables_at_rest(device, "tables") - r->tables;
}

static long more_pages(struct reserve *r)
{
	return reserved() - r->pages;
}

/* Within a while: a new group comes before the old one has gone */
static void has_pages(struct reserve *r, long want)
{
	long end = now_ms() + A_WHILE;

	while (more_pages(r) != want && now_ms() < end)
		sleep_ms(5);
	igt_assert_eq(more_pages(r), want);
}

static void has_tables(struct reserve *r, long want)
{
	long end = now_ms() + A_WHILE;

	while (tables(device, "tables") != r->tables + want && now_ms() < end)
		sleep_ms(5);
	igt_assert_eq(more_tables(r), want);
}

/* Within a while, as above */
static void has_what(const char *what, long want)
{
	long end = now_ms() + A_WHILE;

	while (tables(device, what) != want && now_ms() < end)
		sleep_ms(5);
	igt_assert_eq(tables(device, what), want);
}

/* Those of sparse mappings: as many for one as for many */
static void has_shared(struct reserve *r, long want)
{
	has_what("shared", r->shared + want);
}

static void now_from_here(struct reserve *r)
{
	reclaim();
	r->tables = tables_at_rest(device, "tables");
	r->shared = tables(device, "shared");
	r->pages = reserved();
}

/* Nothing is reserved beyond what was, and reclaim leaves no table */
static void nothing_is_left(struct reserve *r)
{
	has_pages(r, 0);
	for (unsigned int i = 0; i < 40 && more_tables(r); i++)
		reclaim();
	igt_assert_eq(more_tables(r), 0);
	has_shared(r, 0);
}

static void queue(struct reserve *r, struct drm_panthor_vm_bind_op op, uint32_t wait)
{
	igt_assert_eq(bind_queued(&r->p, op, wait, r->out), 0);
}

static void ran(struct reserve *r)
{
	gate_open(&r->p);
	igt_assert_eq(fence_settled(r->p.fd, r->out), 1);
}

/* --- From queued to gone ------------------------------------------------- */

/*
 * @more tables wait while it is queued, and no more are there when it has run; @pages are
 * reserved. How many others are in use changes with the group that looks.
 */
static void life_of(struct reserve *r, struct drm_panthor_vm_bind_op op, long more,
		    long pages)
{
	long waiting = tables_at_rest(device, "waiting");

	queue(r, op, gate_shut(&r->p));
	has_tables(r, more);
	has_pages(r, pages);
	has_what("waiting", waiting + more);
	gpu_faults(&r->p, op.va);
	ran(r);
	has_tables(r, more);
	has_pages(r, pages);
	has_what("waiting", waiting);
	igt_assert_eq(gpu_read(&r->p, op.va, PAGE, 1, &(uint64_t){ 0 }), 0);
	do_unmap(&r->p, op.va, op.size);
	gpu_faults(&r->p, op.va);
	nothing_is_left(r);
}

static void tile(struct reserve *r)
{
	/* One of each level */
	life_of(r, op_map(TEST_VA + TILE, r->big.handle, 0, TILE), 3, 16);
	/* Over the edge of a table of each level but the top */
	life_of(r, op_map(TEST_VA + 5 * GB(512) - PAGE, r->big.handle, 0, TILE), 6, 16);
	life_of(r, op_map(TEST_VA + 7 * GB(1) - PAGE, r->big.handle, 0, TILE), 5, 16);
	life_of(r, op_map(TEST_VA + 9 * BLOCK - PAGE, r->big.handle, 0, TILE), 4, 16);
}

/* With or without tables for pages, as its memory is */
static void blocks(struct reserve *r)
{
	queue(r, op_map(TEST_VA, r->big.handle, 0, BIG_SIZE), gate_shut(&r->p));
	has_pages(r, BIG_SIZE / PAGE);
	igt_assert(more_tables(r) == 2 || more_tables(r) == 2 + 4);
	ran(r);
	has_pages(r, BIG_SIZE / PAGE);
	do_unmap(&r->p, TEST_VA, BIG_SIZE);
	nothing_is_left(r);
}

/* A cut takes what it needs when it is queued: the rest is reserved as before */
static void cut(struct reserve *r)
{
	long before;

	do_map(&r->p, TEST_VA, &r->big, 0, BIG_SIZE);
	before = more_tables(r);
	queue(r, op_unmap(TEST_VA + BLOCK + 5 * TILE, TILE), gate_shut(&r->p));
	igt_assert(more_tables(r) - before <= 1);
	before = more_tables(r);
	ran(r);
	has_tables(r, before);
	has_pages(r, BIG_SIZE / PAGE - 16);
	gpu_sees(&r->p, TEST_VA, BIG_ID, 0, 512 + 80);
	gpu_sees(&r->p, TEST_VA + BLOCK + 6 * TILE, BIG_ID, 512 + 96, 2048 - 512 - 96);
	do_unmap(&r->p, TEST_VA, BIG_SIZE);
	nothing_is_left(r);
}

static void rebind(struct reserve *r)
{
	for (unsigned int i = 0; i < 32; i++)
		igt_assert_eq(bind_now(&r->p, op_map(TEST_VA + i * TILE, r->big.handle,
						     i * TILE, TILE)), 0);
	has_tables(r, 3);
	for (unsigned int i = 0; i < 32; i++)
		queue(r, op_map(TEST_VA + i * TILE, r->big.handle, BLOCK, TILE),
		      i ? 0 : gate_shut(&r->p));
	has_tables(r, 3);
	ran(r);
	has_tables(r, 3);
	has_pages(r, 512);
	gpu_sees(&r->p, TEST_VA + 31 * TILE, BIG_ID, 512, 16);
	do_unmap(&r->p, TEST_VA, BLOCK);
	nothing_is_left(r);
}

/* Many operations behind each other reserve together what one would */
static void scattered(struct reserve *r)
{
	uint32_t gate = gate_shut(&r->p);

	for (unsigned int i = 0; i < 512; i++)
		queue(r, op_map(TEST_VA + i * PAGE, r->big.handle, (511 - i) * PAGE, PAGE),
		      i ? 0 : gate);
	has_tables(r, 3);
	has_pages(r, 512);
	ran(r);
	has_tables(r, 3);
	gpu_sees(&r->p, TEST_VA, BIG_ID, 511, 1);
	gpu_sees(&r->p, TEST_VA + 511 * PAGE, BIG_ID, 0, 1);
	do_unmap(&r->p, TEST_VA, BLOCK);
	nothing_is_left(r);
}

/* A mapping in parts goes in parts: what is reserved is what is mapped */
static void in_parts(struct reserve *r)
{
	long left = BIG_SIZE / PAGE;

	do_map(&r->p, TEST_VA + PAGE, &r->big, PAGE, BIG_SIZE - PAGE);
	left--;
	for (unsigned int i = 0; i < 60; i++) {
		uint64_t at = PAGE + (i * 33 + 7) * PAGE;

		do_unmap(&r->p, TEST_VA + at, (1 + i % 5) * PAGE);
		left -= 1 + i % 5;
		has_pages(r, left);
	}
	do_unmap(&r->p, TEST_VA, BIG_SIZE);
	nothing_is_left(r);
}

/* --- What does not run --------------------------------------------------- */

static void refused(struct reserve *r)
{
	struct drm_panthor_vm_bind_op ops[] = {
		op_map(TEST_VA, r->big.handle, 0, TILE),
		op_sparse(TEST_VA + GB(10), GB(10)),
		op_unmap(TEST_VA + GB(40) + PAGE, PAGE),
		op_map(TEST_VA, 0x7fffffff, 0, TILE),
	};
	/* Nothing of these can be reserved, but what they share may be there by then */
	struct drm_panthor_vm_bind_op alone[] = {
		op_sparse(TEST_VA, 0), op_sparse(TB(256), GB(1)), op_sparse(TB(256) - GB(1), GB(2)),
	};

	for (unsigned int i = 0; i < 20; i++)
		igt_assert_eq(bind_raw(r->p.fd, r->p.vm, ASYNC, ops, LEN(ops), NULL), -EINVAL);
	nothing_is_left(r);
	for (unsigned int i = 0; i < LEN(alone); i++)
		igt_assert_lt(bind_raw(r->p.fd, r->p.vm, ASYNC, &alone[i], 1, NULL), 0);
	nothing_is_left(r);
	gpu_faults(&r->p, TEST_VA);
}

static void hole_unmapped(struct reserve *r)
{
	queue(r, op_unmap(TEST_VA + TILE, GB(1)), gate_shut(&r->p));
	/* The tables of both ends, in case that there is something to cut then */
	igt_assert_lte_s64(more_tables(r), 5);
	ran(r);
	nothing_is_left(r);
}

static void vm_destroyed(struct reserve *r)
{
	struct pb other;

	pb_open_on(&other, r->p.fd);
	for (unsigned int i = 0; i < 64; i++)
		do_map(&other, TEST_VA + i * GB(1), &r->big, 0, BIG_SIZE);
	do_sparse(&other, TEST_VA + TB(1), GB(300));
	igt_assert_lte_s64(64, more_tables(r));
	igt_assert_eq(bind_queued(&other, op_map(TEST_VA + TB(4), r->big.handle, 0, TILE),
				  gate_shut(&r->p), r->out), 0);
	pb_close_on(&other);
	gate_open(&r->p);
	igt_assert_eq(fence_settled(r->p.fd, r->out), -EINVAL);
	has_tables(r, 0);
	nothing_is_left(r);
}

/* --- Sparse -------------------------------------------------------------- */

static void sparse(struct reserve *r)
{
	static const uint64_t sizes[] = { GB(16), TB(1), TB(64) };

	for (unsigned int i = 0; i < LEN(sizes); i++) {
		do_sparse(&r->p, TEST_VA, sizes[i]);
		/* Those at its ends; the others are nobody's own */
		igt_assert_lte_s64(more_tables(r), 4);
		has_shared(r, 3);
		gpu_sparse(&r->p, TEST_VA + sizes[i] / 2);
		do_map(&r->p, TEST_VA + sizes[i] / 2 + TILE, &r->big, 0, TILE);
		igt_assert_lte_s64(more_tables(r), 4 + 3);
		gpu_sees(&r->p, TEST_VA + sizes[i] / 2 + TILE, BIG_ID, 0, 16);
		do_unmap(&r->p, TEST_VA, sizes[i]);
		nothing_is_left(r);
	}
}

/* A table of each level for each way in which the GPU may use them, until the last goes */
static void shared(struct reserve *r)
{
	static const uint32_t ways[] = {
		0, DRM_PANTHOR_VM_BIND_OP_MAP_READONLY, DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED,
		DRM_PANTHOR_VM_BIND_OP_MAP_READONLY | DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED,
	};
	uint64_t at = TEST_VA;

	for (unsigned int i = 0; i < LEN(ways); i++) {
		for (unsigned int j = 0; j < 3; j++, at += TB(1)) {
			struct drm_panthor_vm_bind_op op = op_sparse(at, GB(1) << j * 4);

			op.flags |= ways[i];
			if (j)
				igt_assert_eq(bind_now(&r->p, op), 0);
			else
				queue(r, op, gate_shut(&r->p));
			has_shared(r, 3 * (i + 1));
			if (!j)
				ran(r);
			has_shared(r, 3 * (i + 1));
		}
	}
	/* A part of one, all of one, and all of one way */
	do_unmap(&r->p, TEST_VA + MB(512), TILE);
	do_unmap(&r->p, TEST_VA + TB(1), GB(16));
	has_shared(r, 3 * LEN(ways));
	do_unmap(&r->p, TEST_VA, TB(3));
	has_shared(r, 3 * (LEN(ways) - 1));
	do_unmap(&r->p, TEST_VA, at - TEST_VA);
	nothing_is_left(r);
}

/* --- Tables that stay ---------------------------------------------------- */

#define PLACES	700

/* No more than 2 MiB of leaf tables stay for the next bind */
static void idle(struct reserve *r)
{
	for (unsigned int i = 0; i < PLACES; i++)
		igt_assert_eq(bind_now(&r->p, op_map(TEST_VA + i * BLOCK, r->big.handle, 0,
						     TILE)), 0);
	has_tables(r, PLACES + 3);
	do_unmap(&r->p, TEST_VA, PLACES * BLOCK);
	has_pages(r, 0);
	igt_assert_lt(0, tables(device, "idle"));
	igt_assert_lte_s64(tables(device, "idle"), 512 + 4);
	/* They are used again */
	do_map(&r->p, TEST_VA + (PLACES - 1) * BLOCK, &r->big, 0, TILE);
	gpu_sees(&r->p, TEST_VA + (PLACES - 1) * BLOCK, BIG_ID, 0, 16);
	do_unmap(&r->p, TEST_VA, PLACES * BLOCK);
	nothing_is_left(r);
}

/* Idle tables are come back to with other memory, and nothing of before shows */
static void idle_again(struct reserve *r)
{
	for (unsigned int i = 0; i < 64; i++) {
		uint64_t va = TEST_VA + i % 7 * GB(1);

		igt_assert_eq(bind_now(&r->p, op_map(va, r->big.handle, i * TILE, TILE)), 0);
		gpu_sees(&r->p, va, BIG_ID, i * 16, 16);
		do_unmap(&r->p, va, TILE);
		if (i % 5 == 0)
			gpu_faults(&r->p, va);
		if (i % 9 == 0)
			reclaim();
	}
	nothing_is_left(r);
}

/* --- fdinfo -------------------------------------------------------------- */

static void in_fdinfo(struct reserve *r)
{
	const char *key = "panthor-resident-memory:";
	long before = fdinfo(r->p.fd, key), had = tables(device, "tables");

	igt_assert_lte(0, before);
	for (unsigned int i = 0; i < 100; i++)
		do_map(&r->p, TEST_VA + i * BLOCK, &r->big, 0, TILE);
	igt_assert_eq(fdinfo(r->p.fd, key) - before,
		      (tables(device, "tables") - had) * (long)PAGE);
	igt_assert_lte_s64(100 * PAGE, fdinfo(r->p.fd, key) - before);
	do_unmap(&r->p, TEST_VA, 100 * BLOCK);
	nothing_is_left(r);
	igt_assert_eq(fdinfo(r->p.fd, key), before);
}

struct client {
	int fd;
	uint32_t vm[3];
	long tables;
};

/* What fdinfo says is each table of the client's that debugfs has, and the roots of @vms */
static void has_all(struct client *c, unsigned int vms)
{
	const char *key = "panthor-resident-memory:";
	long end = now_ms() + A_WHILE, want;

	do {
		want = (tables(device, "tables") + tables(device, "shared") - c->tables + vms) *
		       (long)PAGE;
	} while (fdinfo(c->fd, key) != want && now_ms() < end);
	igt_assert_eq(fdinfo(c->fd, key), want);
	/* The GPU has none of these VMs at hand */
	igt_assert_eq(fdinfo(c->fd, "panthor-active-memory:"), 0);
}

static void bind_as(struct client *c, unsigned int vm, struct drm_panthor_vm_bind_op op)
{
	igt_assert_eq(bind_raw(c->fd, c->vm[vm], 0, &op, 1, NULL), 0);
}

/* A client without a group has nothing but buffers and page tables: all numbers are known */
static void all_of_fdinfo(struct reserve *r)
{
	struct client c = {
		.fd = drm_reopen_driver(device), .tables = r->tables + r->shared,
	};
	struct panthor_bo bo;

	has_all(&c, 0);
	igt_assert_eq(fdinfo(c.fd, "drm-total-memory:"), 0);
	igt_panthor_bo_create(c.fd, &bo, BIG_SIZE, 0, 0);
	igt_assert_eq(fdinfo(c.fd, "drm-total-memory:"), BIG_SIZE);
	/* Not there, or 0 */
	igt_assert_lte_s64(fdinfo(c.fd, "drm-resident-memory:"), 0);
	for (unsigned int i = 0; i < LEN(c.vm); i++) {
		igt_panthor_vm_create(c.fd, &c.vm[i], 0);
		has_all(&c, i + 1);
	}
	for (unsigned int i = 0; i < LEN(c.vm); i++) {
		bind_as(&c, i, op_map(TEST_VA + i * GB(1) + PAGE, bo.handle, 0, BIG_SIZE));
		has_all(&c, LEN(c.vm));
	}
	igt_assert_eq(fdinfo(c.fd, "drm-total-memory:"), BIG_SIZE);
	igt_assert_eq(fdinfo(c.fd, "drm-resident-memory:"), BIG_SIZE);
	bind_as(&c, 0, op_sparse(TEST_VA + TB(1), TB(1)));
	has_all(&c, LEN(c.vm));
	bind_as(&c, 0, op_unmap(TEST_VA + TB(1) + GB(5), TILE));
	has_all(&c, LEN(c.vm));
	bind_as(&c, 0, op_unmap(TEST_VA, TB(2)));
	has_all(&c, LEN(c.vm));
	for (unsigned int i = LEN(c.vm); i-- > 0;) {
		igt_panthor_vm_destroy(c.fd, c.vm[i], 0);
		has_all(&c, i);
	}
	igt_panthor_free_bo(c.fd, &bo);
	igt_assert_eq(fdinfo(c.fd, "drm-total-memory:"), 0);
	drm_close_driver(c.fd);
}

/* --- Random -------------------------------------------------------------- */

#define AREA_PAGES	(8 * 512)

static void random_binds(struct reserve *r)
{
	static bool mapped[AREA_PAGES];
	long want = 0;

	memset(mapped, 0, sizeof(mapped));
	srandom(71);
	for (unsigned int i = 0; i < 400; i++) {
		unsigned int n = random() % 3 ? 1 + random() % 40 : 1 + random() % 1200;
		unsigned int at = random() % (AREA_PAGES - n);
		uint64_t va = TEST_VA + at * PAGE;
		bool map = random() % 3;

		if (map)
			do_map(&r->p, va, &r->big, random() % 2 ? va % BLOCK : 0, n * PAGE);
		else
			do_unmap(&r->p, va, n * PAGE);
		for (unsigned int j = at; j < at + n; j++) {
			want += map - mapped[j];
			mapped[j] = map;
		}
		has_pages(r, want);
	}
	do_unmap(&r->p, TEST_VA, AREA_PAGES * PAGE);
	nothing_is_left(r);
}

static const struct {
	const char *name;
	const char *about;
	void (*run)(struct reserve *r);
} subtests[] = {
	{ "tile", "A tile's tables are there while it is queued, and go with it", tile },
	{ "blocks", "So are those of blocks", blocks },
	{ "cut", "A cut through a block takes its table when it is queued", cut },
	{ "rebind", "Binds where tables are take none", rebind },
	{ "scattered", "512 pages are reserved one by one, in one table", scattered },
	{ "in-parts", "What is reserved is what is mapped, after each cut", in_parts },
	{ "refused", "A call that is refused gives all of it back", refused },
	{ "hole-unmapped", "So does an unmap of what is not there", hole_unmapped },
	{ "vm-destroyed", "A VM takes all it has with it", vm_destroyed },
	{ "sparse", "Sparse ranges of up to 64 TiB have a few tables", sparse },
	{ "shared", "What sparse mappings share is there once, while one is there", shared },
	{ "idle", "So many tables stay, and reclaim takes them", idle },
	{ "idle-again", "Tables that stay are used for other memory", idle_again },
	{ "fdinfo", "Tables are in the client's memory", in_fdinfo },
	{ "fdinfo-all", "A client's memory is its buffers and its tables, to the page",
	  all_of_fdinfo },
	{ "random", "After each of 400 random binds, what is reserved is what is mapped",
	  random_binds },
};

int igt_main()
{
	igt_fixture() {
		device = drm_open_driver(DRIVER_PANTHOR);
		require_reservations(device);
	}

	for (unsigned int i = 0; i < LEN(subtests); i++) {
		igt_describe_f("%s", subtests[i].about);
		igt_subtest_f("%s", subtests[i].name) {
			static struct reserve r;

			pb_open(&r.p, device);
			pb_bo(&r.p, &r.big, BIG_SIZE, BIG_ID);
			r.out = syncobj_create(r.p.fd, 0);
			now_from_here(&r);
			subtests[i].run(&r);
			pb_close(&r.p);
		}
	}

	igt_fixture()
		drm_close_driver(device);
}

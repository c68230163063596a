// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what is said about reservations, see io-pgtable-reserve-stats.c.
 * Each table is followed from its reservation until it is gone.
 */

#include <kunit/test.h>
#include <linux/io-pgtable.h>
#include <linux/iommu.h>
#include <linux/sizes.h>

#include "iopte-page.h"

static void flush_all(void *cookie)
{
}

static void flush_walk(unsigned long iova, size_t size, size_t granule, void *cookie)
{
}

static const struct iommu_flush_ops flush_ops = {
	.tlb_flush_all = flush_all,
	.tlb_flush_walk = flush_walk,
};

static struct io_pgtable_ops *make_pgtable(struct kunit *test,
					   enum io_pgtable_fmt fmt,
					   unsigned int ias, unsigned long quirks)
{
	struct io_pgtable_cfg cfg = {
		.pgsize_bitmap = SZ_4K | SZ_2M | SZ_1G,
		.ias = ias,
		.oas = 40,
		.coherent_walk = true,
		.tlb = &flush_ops,
		.quirks = quirks,
	};
	struct io_pgtable_ops *ops = alloc_io_pgtable_ops(fmt, &cfg, NULL);

	KUNIT_ASSERT_NOT_NULL(test, ops);
	return ops;
}

static void map(struct kunit *test, struct io_pgtable_ops *ops,
		unsigned long iova, size_t pgsize)
{
	size_t mapped = 0;

	KUNIT_EXPECT_EQ(test, 0,
			ops->map_pages(ops, iova, SZ_1G, pgsize, 1, IOMMU_READ,
				       GFP_NOWAIT, &mapped));
	KUNIT_EXPECT_EQ(test, pgsize, mapped);
}

static void unmap(struct kunit *test, struct io_pgtable_ops *ops,
		  unsigned long iova, size_t pgsize)
{
	KUNIT_EXPECT_EQ(test, pgsize, ops->unmap_pages(ops, iova, pgsize, 1, NULL));
}

static void reserve(struct kunit *test, struct io_pgtable_ops *ops,
		    unsigned long iova, size_t size, size_t pgsize)
{
	KUNIT_EXPECT_EQ(test, 0, ops->reserve(ops, iova, size, pgsize, GFP_KERNEL));
}

static void expect(struct kunit *test, struct io_pgtable_ops *ops,
		   unsigned long tables, unsigned long used,
		   unsigned long waiting, unsigned long idle, u64 pages,
		   u64 blocks)
{
	struct io_pgtable_reserve_stats stats;

	io_pgtable_reserve_stats(ops, &stats);
	KUNIT_EXPECT_EQ(test, tables, stats.tables);
	KUNIT_EXPECT_EQ(test, tables, io_pgtable_reserved_tables(ops));
	KUNIT_EXPECT_EQ(test, used, stats.used);
	KUNIT_EXPECT_EQ(test, waiting, stats.waiting);
	KUNIT_EXPECT_EQ(test, idle, stats.idle);
	KUNIT_EXPECT_EQ(test, pages, stats.pages);
	KUNIT_EXPECT_EQ(test, blocks, stats.blocks);
}

static void each_table_is_counted_once(struct kunit *test)
{
	struct io_pgtable_ops *ops = make_pgtable(test, ARM_64_LPAE_S1, 48,
						  IO_PGTABLE_QUIRK_RESERVED);

	expect(test, ops, 0, 0, 0, 0, 0, 0);

	/* Two tables for blocks and two leaf tables, of which one is shared */
	reserve(test, ops, SZ_1G, 4 * SZ_2M, SZ_2M);
	expect(test, ops, 2, 0, 2, 0, 0, 4);
	reserve(test, ops, SZ_1G + SZ_1M, SZ_2M, SZ_4K);
	reserve(test, ops, SZ_1G + SZ_1M, SZ_64K, SZ_4K);
	expect(test, ops, 4, 0, 4, 0, 512 + 16, 4);

	/* One leaf table has a block beside it, the other is in use */
	map(test, ops, SZ_1G, SZ_2M);
	expect(test, ops, 4, 2, 2, 0, 512 + 16, 4);
	map(test, ops, SZ_1G + SZ_2M, SZ_4K);
	expect(test, ops, 4, 3, 1, 0, 512 + 16, 4);

	/* A table without an entry is reserved, and that is all */
	unmap(test, ops, SZ_1G + SZ_2M, SZ_4K);
	expect(test, ops, 4, 2, 1, 0, 512 + 16, 4);
	unmap(test, ops, SZ_1G, SZ_2M);

	/* What was in use stays, what never was goes, and the rest is above */
	ops->unreserve(ops, SZ_1G + SZ_1M, SZ_2M, SZ_4K, NULL);
	expect(test, ops, 4, 2, 1, 1, 16, 4);
	ops->unreserve(ops, SZ_1G + SZ_1M, SZ_64K, SZ_4K, NULL);
	expect(test, ops, 3, 2, 0, 1, 0, 4);
	ops->unreserve(ops, SZ_1G, 4 * SZ_2M, SZ_2M, NULL);
	expect(test, ops, 3, 0, 0, 3, 0, 0);

	io_pgtable_trim(ops, ULONG_MAX, NULL);
	expect(test, ops, 0, 0, 0, 0, 0, 0);
	free_io_pgtable_ops(ops);
}

/*
 * Where the walk begins and ends, and where it goes in steps and where in one. The
 * top of the last one has more entries than the tables below.
 */
static void every_level_is_walked(struct kunit *test)
{
	static const struct {
		enum io_pgtable_fmt fmt;
		unsigned int ias;
		unsigned long levels;
	} shapes[] = {
		{ ARM_64_LPAE_S1, 48, 3 },
		{ ARM_64_LPAE_S1, 39, 2 },
		{ ARM_64_LPAE_S1, 30, 1 },
		{ ARM_64_LPAE_S2, 40, 2 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct io_pgtable_ops *ops = make_pgtable(test, shapes[i].fmt, shapes[i].ias,
							  IO_PGTABLE_QUIRK_RESERVED);
		unsigned long end = BIT(shapes[i].ias), levels = shapes[i].levels;

		reserve(test, ops, 0, SZ_4K, SZ_4K);
		expect(test, ops, levels, 0, levels, 0, 1, 0);
		reserve(test, ops, end - SZ_2M, SZ_2M, SZ_4K);
		expect(test, ops, 2 * levels, 0, 2 * levels, 0, 513, 0);
		map(test, ops, end - SZ_4K, SZ_4K);
		expect(test, ops, 2 * levels, levels, levels, 0, 513, 0);
		unmap(test, ops, end - SZ_4K, SZ_4K);
		ops->unreserve(ops, end - SZ_2M, SZ_2M, SZ_4K, NULL);
		ops->unreserve(ops, 0, SZ_4K, SZ_4K, NULL);
		expect(test, ops, levels, 0, 0, levels, 0, 0);
		free_io_pgtable_ops(ops);
	}
}

/* A table is in use because of any one below it, not because of the last */
static void idle_tables_are_beside_others(struct kunit *test)
{
	static const unsigned long iovas[] = { SZ_2M, SZ_1G, BIT(39) };
	struct io_pgtable_ops *ops = make_pgtable(test, ARM_64_LPAE_S1, 48,
						  IO_PGTABLE_QUIRK_RESERVED);

	reserve(test, ops, 0, SZ_4K, SZ_4K);
	for (unsigned int i = 0; i < ARRAY_SIZE(iovas); i++) {
		reserve(test, ops, iovas[i], SZ_4K, SZ_4K);
		map(test, ops, iovas[i], SZ_4K);
		unmap(test, ops, iovas[i], SZ_4K);
		ops->unreserve(ops, iovas[i], SZ_4K, SZ_4K, NULL);
	}
	expect(test, ops, 3 + 1 + 2 + 3, 2, 1, 1 + 2 + 3, 1, 0);
	ops->unreserve(ops, 0, SZ_4K, SZ_4K, NULL);
	expect(test, ops, 2 + 1 + 2 + 3, 0, 0, 2 + 1 + 2 + 3, 0, 0);
	free_io_pgtable_ops(ops);
}

static void others_have_nothing(struct kunit *test)
{
	struct io_pgtable_ops *ops = make_pgtable(test, ARM_64_LPAE_S1, 48, 0);

	map(test, ops, SZ_1G, SZ_4K);
	expect(test, ops, 0, 0, 0, 0, 0, 0);
	unmap(test, ops, SZ_1G, SZ_4K);
	free_io_pgtable_ops(ops);
}

/* Who meets a table that dies takes it for one that nothing holds */
static void dead_tables_hold_nothing(struct kunit *test)
{
	struct iopte_page iopte = {};

	KUNIT_EXPECT_EQ(test, 0, iopte_page_count(&iopte));
	atomic_long_set(&iopte.refs, 3);
	KUNIT_EXPECT_EQ(test, 3, iopte_page_count(&iopte));
	atomic_long_set(&iopte.refs, IOPTE_DEAD);
	KUNIT_EXPECT_EQ(test, 0, iopte_page_count(&iopte));
}

static struct kunit_case stats_cases[] = {
	KUNIT_CASE(each_table_is_counted_once),
	KUNIT_CASE(every_level_is_walked),
	KUNIT_CASE(idle_tables_are_beside_others),
	KUNIT_CASE(others_have_nothing),
	KUNIT_CASE(dead_tables_hold_nothing),
	{}
};

static struct kunit_suite stats_suite = {
	.name = "io-pgtable-reserve-stats",
	.test_cases = stats_cases,
};

kunit_test_suite(stats_suite);

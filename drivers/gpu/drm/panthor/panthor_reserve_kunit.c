// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * KUnit tests of what mappings reserve, see panthor_reserve.c. They look at real
 * page tables, by what io_pgtable_reserve_stats() says of them.
 */

#include <kunit/test.h>
#include <linux/err.h>
#include <linux/io-pgtable.h>
#include <linux/iommu.h>
#include <linux/minmax.h>
#include <linux/prandom.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "panthor_reserve.h"

#define SLOT		((u64)SZ_2M)
#define MAX_PIECES	8

static void no_flush_all(void *cookie)
{
}

static void no_flush_walk(unsigned long iova, size_t size, size_t granule, void *cookie)
{
}

static const struct iommu_flush_ops no_flush_ops = {
	.tlb_flush_all = no_flush_all,
	.tlb_flush_walk = no_flush_walk,
};

/* A page table as panthor_vm_create() makes one */
static struct io_pgtable_ops *make_pgtable(struct kunit *test)
{
	struct io_pgtable_cfg cfg = {
		.pgsize_bitmap = SZ_4K | SZ_2M,
		.ias = 48,
		.oas = 40,
		.coherent_walk = true,
		.tlb = &no_flush_ops,
		.quirks = IO_PGTABLE_QUIRK_RESERVED,
	};
	struct io_pgtable_ops *ops = alloc_io_pgtable_ops(ARM_64_LPAE_S1, &cfg, NULL);

	KUNIT_ASSERT_NOT_NULL(test, ops);
	return ops;
}

/* What panthor_mmu.c does after its flush */
static void put_gather(struct iommu_iotlb_gather *gather)
{
	iommu_put_pages_list(&gather->freelist);
	iommu_iotlb_gather_init(gather);
}

static int reserve(struct io_pgtable_ops *ops, u64 start, u64 end,
		   const struct panthor_layout *layout)
{
	struct iommu_iotlb_gather gather;
	u64 reserved;
	int ret;

	ret = panthor_reserve(ops, start, end, layout, &reserved);
	if (ret) {
		iommu_iotlb_gather_init(&gather);
		panthor_unreserve(ops, start, reserved, layout, &gather);
		put_gather(&gather);
	}
	return ret;
}

static void unreserve(struct io_pgtable_ops *ops, u64 start, u64 end,
		      const struct panthor_layout *layout)
{
	struct iommu_iotlb_gather gather;

	iommu_iotlb_gather_init(&gather);
	panthor_unreserve(ops, start, end, layout, &gather);
	put_gather(&gather);
}

static void expect_reserved(struct kunit *test, struct io_pgtable_ops *ops,
			    u64 pages, u64 blocks)
{
	struct io_pgtable_reserve_stats stats;

	io_pgtable_reserve_stats(ops, &stats);
	KUNIT_EXPECT_EQ(test, pages, stats.pages);
	KUNIT_EXPECT_EQ(test, blocks, stats.blocks);
}

/* Memory in pieces: where each begins and how long it is, up to one of no length */
struct piece {
	u64 paddr;
	u64 len;
};

static void make_memory(struct kunit *test, struct sg_table *sgt,
			const struct piece *pieces)
{
	struct scatterlist *sgl;
	unsigned int i, nr = 0;

	while (nr < MAX_PIECES && pieces[nr].len)
		nr++;
	KUNIT_ASSERT_EQ(test, 0, sg_alloc_table(sgt, nr, GFP_KERNEL));
	for_each_sg(sgt->sgl, sgl, nr, i) {
		sg_dma_address(sgl) = pieces[i].paddr;
		sg_dma_len(sgl) = pieces[i].len;
	}
}

/* What a mapping reserves, by where its memory is and where it is bound */
struct layout_case {
	const char *name;
	struct piece pieces[MAX_PIECES];
	u64 offset, start, size;
	u64 pages, blocks;
};

static const struct layout_case layout_cases[] = {
	{ "aligned memory is blocks",
	  { { 8 * SLOT, 4 * SLOT } }, 0, 16 * SLOT, 4 * SLOT, 0, 4 },
	{ "less than a block is pages",
	  { { 8 * SLOT, SLOT } }, 0, 16 * SLOT, SZ_64K, 16, 0 },
	{ "the edges are pages",
	  { { 8 * SLOT, 4 * SLOT } }, SZ_64K, 16 * SLOT + SZ_64K,
	  3 * SLOT, 512, 2 },
	{ "memory and address must be alike",
	  { { 8 * SLOT + SZ_4K, 4 * SLOT } }, 0, 16 * SLOT, 4 * SLOT, 4 * 512, 0 },
	{ "alike without being aligned",
	  { { 8 * SLOT + SZ_4K, 4 * SLOT } }, 0, 16 * SLOT + SZ_4K,
	  4 * SLOT, 512, 3 },
	{ "a block in the middle",
	  { { SZ_4K, SLOT }, { 8 * SLOT, SLOT }, { 5 * SLOT + SZ_8K, SLOT } },
	  0, 16 * SLOT, 3 * SLOT, 2 * 512, 1 },
	{ "two pieces are no block, though they touch",
	  { { 8 * SLOT, SLOT / 2 }, { 8 * SLOT + SLOT / 2, SLOT / 2 }, { 6 * SLOT, SLOT } },
	  0, 16 * SLOT, 2 * SLOT, 512, 1 },
	{ "an offset beyond the first pieces",
	  { { SZ_4K, SLOT }, { 8 * SLOT, 2 * SLOT }, { 5 * SLOT + SZ_4K, SLOT } },
	  2 * SLOT, 17 * SLOT, 2 * SLOT, 512, 1 },
	{ "blocks from the end of one table to the next",
	  { { 8 * SLOT, 4 * SLOT } }, 0, SZ_1G - 2 * SLOT, 4 * SLOT, 0, 4 },
};

static void layout_case_name(const struct layout_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(layout, layout_cases, layout_case_name);

static void layouts_follow_the_memory(struct kunit *test)
{
	const struct layout_case *c = test->param_value;
	struct io_pgtable_ops *ops = make_pgtable(test);
	u64 end = c->start + c->size;
	struct panthor_layout *layout;
	struct sg_table sgt;

	make_memory(test, &sgt, c->pieces);
	layout = panthor_layout_create(&sgt, c->offset, c->start, end);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, layout);
	sg_free_table(&sgt);

	KUNIT_EXPECT_EQ(test, 0, reserve(ops, c->start, end, layout));
	expect_reserved(test, ops, c->pages, c->blocks);
	unreserve(ops, c->start, end, layout);
	expect_reserved(test, ops, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, io_pgtable_reserved_tables(ops));

	panthor_layout_put(layout);
	free_io_pgtable_ops(ops);
}

static void sparse_mappings_are_blocks(struct kunit *test)
{
	static const struct piece huge[] = { { 8 * SLOT, SLOT }, {} };
	static const struct piece split[] = { { SLOT, SZ_1M }, { 8 * SLOT, SZ_1M }, {} };
	struct io_pgtable_ops *ops = make_pgtable(test);
	u64 start = 3 * SLOT + SZ_64K, end = 16 * SLOT;
	struct panthor_layout *layout;
	struct sg_table sgt;

	make_memory(test, &sgt, huge);
	layout = panthor_layout_sparse(&sgt);
	sg_free_table(&sgt);
	KUNIT_EXPECT_EQ(test, 0, reserve(ops, start, end, layout));
	expect_reserved(test, ops, 512 - 16, 12);
	unreserve(ops, start, end, layout);

	make_memory(test, &sgt, split);
	layout = panthor_layout_sparse(&sgt);
	sg_free_table(&sgt);
	KUNIT_EXPECT_EQ(test, 0, reserve(ops, start, end, layout));
	expect_reserved(test, ops, 13 * 512 - 16, 0);
	unreserve(ops, start, end, layout);

	KUNIT_EXPECT_EQ(test, 0, io_pgtable_reserved_tables(ops));
	free_io_pgtable_ops(ops);
}

static void bad_ranges_are_refused(struct kunit *test)
{
	static const struct piece huge[] = { { 8 * SLOT, SLOT }, {} };
	struct io_pgtable_ops *ops = make_pgtable(test);
	struct panthor_layout *layout;
	struct sg_table sgt;

	make_memory(test, &sgt, huge);
	layout = panthor_layout_sparse(&sgt);
	sg_free_table(&sgt);
	KUNIT_EXPECT_EQ(test, -EINVAL, reserve(ops, SLOT, SLOT, layout));
	KUNIT_EXPECT_EQ(test, -ERANGE,
			reserve(ops, BIT_ULL(48) - SLOT, BIT_ULL(48) + SLOT, layout));
	/* The first two runs can be had, the third can not */
	KUNIT_EXPECT_EQ(test, -ERANGE,
			reserve(ops, BIT_ULL(48) - SLOT - SZ_4K,
				BIT_ULL(48) + SZ_4K, layout));
	expect_reserved(test, ops, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, io_pgtable_reserved_tables(ops));
	free_io_pgtable_ops(ops);
}

/*
 * Random binds and unbinds as panthor_mmu.c does them, in a range of a few slots
 * on either side of a table's end. After each, all that is reserved is what the
 * mappings that are left would have reserved, had they been made like that.
 */

#define NR_SLOTS	6
#define NR_PAGES	(NR_SLOTS * 512)
#define FIRST_SLOT	(SZ_1G - 3 * SLOT)
#define NR_BINDS	3000
#define NR_LAYOUTS	4

struct mapping {
	struct list_head node;
	u64 start;
	u64 end;
	struct panthor_layout *layout;
};

struct binds {
	struct kunit *test;
	struct io_pgtable_ops *ops;
	struct panthor_layout *layouts[NR_LAYOUTS];
	struct list_head mappings;
	struct rnd_state rnd;
	struct iommu_iotlb_gather gather;
};

static u64 random_addr(struct binds *binds, u64 from, u64 to)
{
	u64 pages = (to - from) / SZ_4K + 1;
	u64 addr = from + prandom_u32_state(&binds->rnd) % pages * SZ_4K;

	/* A third of all is aligned */
	if (!(prandom_u32_state(&binds->rnd) % 3))
		addr = max(ALIGN_DOWN(addr, SLOT), from);
	return addr;
}

static void add_mapping(struct binds *binds, u64 start, u64 end,
			struct panthor_layout *layout)
{
	struct mapping *m = kunit_kzalloc(binds->test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(binds->test, m);
	m->start = start;
	m->end = end;
	m->layout = layout;
	list_add(&m->node, &binds->mappings);
}

static void cut_mapping(struct binds *binds, struct mapping *m, u64 start, u64 end)
{
	start = max(start, m->start);
	end = min(end, m->end);
	if (start >= end)
		return;

	panthor_reserve_cut(binds->ops, m->start, m->end, m->layout, start, end,
			    &binds->gather);
	if (m->start < start)
		add_mapping(binds, m->start, start, panthor_layout_get(m->layout));
	if (end < m->end)
		add_mapping(binds, end, m->end, panthor_layout_get(m->layout));

	panthor_layout_put(m->layout);
	list_del(&m->node);
	kunit_kfree(binds->test, m);
}

static void pin_cut(struct binds *binds, u64 addr, bool pin)
{
	if (IS_ALIGNED(addr, SLOT))
		return;
	if (pin)
		KUNIT_ASSERT_EQ(binds->test, 0, panthor_reserve_pin(binds->ops, addr));
	else
		panthor_reserve_unpin(binds->ops, addr, &binds->gather);
}

static void random_bind(struct binds *binds)
{
	u64 start = random_addr(binds, FIRST_SLOT, FIRST_SLOT + NR_SLOTS * SLOT - SZ_4K);
	u64 end = random_addr(binds, start + SZ_4K, FIRST_SLOT + NR_SLOTS * SLOT);
	bool map = prandom_u32_state(&binds->rnd) % 3;
	struct panthor_layout *layout =
		binds->layouts[prandom_u32_state(&binds->rnd) % NR_LAYOUTS];
	struct mapping *m, *tmp;
	unsigned long tables;

	if (map) {
		KUNIT_ASSERT_EQ(binds->test, 0,
				reserve(binds->ops, start, end, layout));
	} else {
		pin_cut(binds, start, true);
		pin_cut(binds, end, true);
	}

	/* From here on nothing may be added, only go */
	tables = io_pgtable_reserved_tables(binds->ops);
	list_for_each_entry_safe(m, tmp, &binds->mappings, node)
		cut_mapping(binds, m, start, end);
	KUNIT_EXPECT_LE(binds->test, io_pgtable_reserved_tables(binds->ops), tables);

	if (map) {
		add_mapping(binds, start, end, panthor_layout_get(layout));
	} else {
		pin_cut(binds, start, false);
		pin_cut(binds, end, false);
	}
	put_gather(&binds->gather);
}

static void expect_sum(struct binds *binds)
{
	u64 pages = 0, blocks = 0;
	struct mapping *m;

	list_for_each_entry(m, &binds->mappings, node)
		for (u64 addr = m->start; addr < m->end;) {
			u64 next = min(ALIGN_DOWN(addr, SLOT) + SLOT, m->end);

			if (panthor_layout_is_block(m->layout, m->start, m->end, addr))
				blocks++;
			else
				pages += (next - addr) / SZ_4K;
			addr = next;
		}
	expect_reserved(binds->test, binds->ops, pages, blocks);
}

static void cuts_leave_what_is_left(struct kunit *test)
{
	/* Blocks and pages in turn, by slot; all blocks; all pages */
	static const struct piece memory[NR_LAYOUTS][MAX_PIECES] = {
		{ { 8 * SLOT, SLOT }, { SZ_4K, SLOT }, { 9 * SLOT, SLOT }, { SZ_4K, 3 * SLOT } },
		{ { 8 * SLOT, 2 * SLOT }, { SZ_4K, SLOT }, { 12 * SLOT, 3 * SLOT } },
		{ { 8 * SLOT, 6 * SLOT } },
		{ { SZ_4K, 6 * SLOT } },
	};
	struct binds binds = { .test = test, .ops = make_pgtable(test) };
	struct mapping *m, *tmp;
	struct sg_table sgt;

	INIT_LIST_HEAD(&binds.mappings);
	iommu_iotlb_gather_init(&binds.gather);
	prandom_seed_state(&binds.rnd, 2026);
	for (int i = 0; i < NR_LAYOUTS; i++) {
		make_memory(test, &sgt, memory[i]);
		binds.layouts[i] = panthor_layout_create(&sgt, 0, FIRST_SLOT,
							 FIRST_SLOT + NR_SLOTS * SLOT);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, binds.layouts[i]);
		sg_free_table(&sgt);
	}

	for (int i = 0; i < NR_BINDS && test->status != KUNIT_FAILURE; i++) {
		random_bind(&binds);
		expect_sum(&binds);
	}

	list_for_each_entry_safe(m, tmp, &binds.mappings, node)
		cut_mapping(&binds, m, m->start, m->end);
	put_gather(&binds.gather);
	expect_reserved(test, binds.ops, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, io_pgtable_reserved_tables(binds.ops));

	for (int i = 0; i < NR_LAYOUTS; i++)
		panthor_layout_put(binds.layouts[i]);
	free_io_pgtable_ops(binds.ops);
}

static struct kunit_case panthor_reserve_cases[] = {
	KUNIT_CASE_PARAM(layouts_follow_the_memory, layout_gen_params),
	KUNIT_CASE(sparse_mappings_are_blocks),
	KUNIT_CASE(bad_ranges_are_refused),
	KUNIT_CASE_SLOW(cuts_leave_what_is_left),
	{}
};

static struct kunit_suite panthor_reserve_suite = {
	.name = "panthor-reserve",
	.test_cases = panthor_reserve_cases,
};

kunit_test_suite(panthor_reserve_suite);

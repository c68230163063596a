// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * KUnit tests of what mappings reserve, see panthor_reserve.c. They look at real
 * page tables, by what io_pgtable_reserve_stats() says of them.
 */

#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/align.h>
#include <linux/bits.h>
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
		   const struct panthor_shape *shape)
{
	struct iommu_iotlb_gather gather;
	u64 reserved;
	int ret;

	ret = panthor_reserve(ops, start, end, shape, &reserved);
	if (ret) {
		iommu_iotlb_gather_init(&gather);
		panthor_unreserve(ops, start, reserved, shape, &gather);
		put_gather(&gather);
	}
	return ret;
}

static void unreserve(struct io_pgtable_ops *ops, u64 start, u64 end,
		      const struct panthor_shape *shape)
{
	struct iommu_iotlb_gather gather;

	iommu_iotlb_gather_init(&gather);
	panthor_unreserve(ops, start, end, shape, &gather);
	put_gather(&gather);
}

/* What a sparse mapping maps does not matter for what it reserves */
static struct panthor_shape make_sparse(struct kunit *test, struct io_pgtable_ops *ops)
{
	struct panthor_shape shape = {
		.repeat = io_pgtable_repeat_create(ops, GFP_KERNEL),
	};

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, shape.repeat);
	return shape;
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
struct shape_case {
	const char *name;
	struct piece pieces[MAX_PIECES];
	u64 offset, start, size;
	enum panthor_blocks shape;
	u64 pages, blocks;
};

static const struct shape_case shape_cases[] = {
	{ "aligned memory is blocks",
	  { { 8 * SLOT, 4 * SLOT } }, 0, 16 * SLOT, 4 * SLOT,
	  PANTHOR_BLOCKS_ALL, 0, 4 },
	{ "less than a block is pages",
	  { { 8 * SLOT, SLOT } }, 0, 16 * SLOT, SZ_64K,
	  PANTHOR_BLOCKS_NONE, 16, 0 },
	{ "two halves are no block",
	  { { 8 * SLOT, 4 * SLOT } }, SLOT / 2, 16 * SLOT + SLOT / 2, SLOT,
	  PANTHOR_BLOCKS_NONE, 512, 0 },
	{ "the edges are pages",
	  { { 8 * SLOT, 4 * SLOT } }, SZ_64K, 16 * SLOT + SZ_64K, 3 * SLOT,
	  PANTHOR_BLOCKS_ALL, 512, 2 },
	{ "memory and address must be alike",
	  { { 8 * SLOT + SZ_4K, 4 * SLOT } }, 0, 16 * SLOT, 4 * SLOT,
	  PANTHOR_BLOCKS_NONE, 4 * 512, 0 },
	{ "alike without being aligned",
	  { { 8 * SLOT + SZ_4K, 4 * SLOT } }, 0, 16 * SLOT + SZ_4K, 4 * SLOT,
	  PANTHOR_BLOCKS_ALL, 512, 3 },
	{ "a block in the middle",
	  { { SZ_4K, SLOT }, { 8 * SLOT, SLOT }, { 5 * SLOT + SZ_8K, SLOT } },
	  0, 16 * SLOT, 3 * SLOT,
	  PANTHOR_BLOCKS_SOME, 3 * 512, 0 },
	{ "two pieces are no block, though they touch",
	  { { 8 * SLOT, SLOT / 2 }, { 8 * SLOT + SLOT / 2, SLOT / 2 }, { 6 * SLOT, SLOT } },
	  0, 16 * SLOT, 2 * SLOT,
	  PANTHOR_BLOCKS_SOME, 2 * 512, 0 },
	{ "an offset beyond the first pieces",
	  { { SZ_4K, SLOT }, { 8 * SLOT, 2 * SLOT }, { 5 * SLOT + SZ_4K, SLOT } },
	  2 * SLOT, 17 * SLOT, 2 * SLOT,
	  PANTHOR_BLOCKS_SOME, 2 * 512, 0 },
	{ "an offset within a piece, and less than the memory",
	  { { SZ_4K, SLOT }, { 8 * SLOT, 3 * SLOT }, { 5 * SLOT + SZ_4K, SLOT } },
	  2 * SLOT, 17 * SLOT, 2 * SLOT,
	  PANTHOR_BLOCKS_ALL, 0, 2 },
	{ "an offset within a piece, and another one behind it",
	  { { 8 * SLOT, 2 * SLOT }, { 5 * SLOT, SLOT }, { SZ_4K, SLOT } },
	  SLOT, 16 * SLOT, 2 * SLOT,
	  PANTHOR_BLOCKS_ALL, 0, 2 },
	{ "all blocks, of pieces that are apart",
	  { { 8 * SLOT, SLOT }, { 4 * SLOT, 2 * SLOT }, { 2 * SLOT, SLOT } },
	  0, 16 * SLOT, 4 * SLOT,
	  PANTHOR_BLOCKS_ALL, 0, 4 },
	{ "blocks from the end of one table to the next",
	  { { 8 * SLOT, 4 * SLOT } }, 0, SZ_1G - 2 * SLOT, 4 * SLOT,
	  PANTHOR_BLOCKS_ALL, 0, 4 },
};

static void shape_case_name(const struct shape_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(shape, shape_cases, shape_case_name);

static void shapes_follow_the_memory(struct kunit *test)
{
	const struct shape_case *c = test->param_value;
	struct io_pgtable_ops *ops = make_pgtable(test);
	u64 end = c->start + c->size;
	struct panthor_shape shape = {};
	struct sg_table sgt;

	make_memory(test, &sgt, c->pieces);
	shape.blocks = panthor_blocks_of(&sgt, c->offset, c->start, end);
	sg_free_table(&sgt);
	KUNIT_EXPECT_EQ(test, c->shape, shape.blocks);

	KUNIT_EXPECT_EQ(test, 0, reserve(ops, c->start, end, &shape));
	expect_reserved(test, ops, c->pages, c->blocks);
	unreserve(ops, c->start, end, &shape);
	expect_reserved(test, ops, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, io_pgtable_reserved_tables(ops));
	free_io_pgtable_ops(ops);
}

/* Whether a part of a slot is unmapped along with all of it */
static void slots_are_had_as_a_whole(struct kunit *test)
{
	struct io_pgtable_ops *ops = make_pgtable(test);
	struct panthor_shape sparse = make_sparse(test, ops);
	static const struct panthor_shape none, some = { .blocks = PANTHOR_BLOCKS_SOME },
					  all = { .blocks = PANTHOR_BLOCKS_ALL };
	const struct panthor_shape *shapes[] = { &some, &all, &sparse };
	u64 start = 3 * SLOT + SZ_4K, end = 6 * SLOT - SZ_4K;

	KUNIT_EXPECT_FALSE(test, panthor_has_block(&none, 0, 8 * SLOT, SLOT));
	for (int i = 0; i < ARRAY_SIZE(shapes); i++) {
		KUNIT_EXPECT_FALSE(test, panthor_has_block(shapes[i], start, end, start));
		KUNIT_EXPECT_FALSE(test, panthor_has_block(shapes[i], start, end,
							   4 * SLOT - 1));
		KUNIT_EXPECT_TRUE(test, panthor_has_block(shapes[i], start, end, 4 * SLOT));
		KUNIT_EXPECT_TRUE(test, panthor_has_block(shapes[i], start, end,
							  5 * SLOT - 1));
		KUNIT_EXPECT_FALSE(test, panthor_has_block(shapes[i], start, end, 5 * SLOT));
		KUNIT_EXPECT_TRUE(test, panthor_has_block(shapes[i], 4 * SLOT, 5 * SLOT,
							  4 * SLOT));
	}

	io_pgtable_repeat_destroy(sparse.repeat);
	free_io_pgtable_ops(ops);
}

static void sparse_mappings_take_their_ends(struct kunit *test)
{
	struct io_pgtable_ops *ops = make_pgtable(test);
	struct panthor_shape sparse = make_sparse(test, ops);
	u64 start = 3 * SLOT + SZ_64K, end = BIT_ULL(46) - SZ_4K;

	/* By both ends three tables each, of which they have none in common */
	KUNIT_EXPECT_EQ(test, 0, reserve(ops, start, end, &sparse));
	KUNIT_EXPECT_EQ(test, 6, io_pgtable_reserved_tables(ops));
	unreserve(ops, start, end, &sparse);
	KUNIT_EXPECT_EQ(test, 0, io_pgtable_reserved_tables(ops));

	/* Whole tables of the top */
	KUNIT_EXPECT_EQ(test, 0, reserve(ops, BIT_ULL(39), BIT_ULL(46), &sparse));
	KUNIT_EXPECT_EQ(test, 0, io_pgtable_reserved_tables(ops));
	unreserve(ops, BIT_ULL(39), BIT_ULL(46), &sparse);

	io_pgtable_repeat_destroy(sparse.repeat);
	free_io_pgtable_ops(ops);
}

static void bad_ranges_are_refused(struct kunit *test)
{
	struct io_pgtable_ops *ops = make_pgtable(test);
	struct panthor_shape shapes[] = {
		{ .blocks = PANTHOR_BLOCKS_NONE },
		{ .blocks = PANTHOR_BLOCKS_ALL },
		make_sparse(test, ops),
	};

	for (int i = 0; i < ARRAY_SIZE(shapes); i++) {
		KUNIT_EXPECT_EQ(test, -EINVAL, reserve(ops, SLOT, SLOT, &shapes[i]));
		KUNIT_EXPECT_EQ(test, -ERANGE,
				reserve(ops, BIT_ULL(48) - SLOT, BIT_ULL(48) + SLOT,
					&shapes[i]));
		/* The first two parts can be had, the third can not */
		KUNIT_EXPECT_EQ(test, -ERANGE,
				reserve(ops, BIT_ULL(48) - SLOT - SZ_4K,
					BIT_ULL(48) + SZ_4K, &shapes[i]));
		/* The first part, and one slot of two */
		KUNIT_EXPECT_EQ(test, -ERANGE,
				reserve(ops, BIT_ULL(48) - SLOT - SZ_4K,
					BIT_ULL(48) + SLOT, &shapes[i]));
		expect_reserved(test, ops, 0, 0);
		KUNIT_EXPECT_EQ(test, 0, io_pgtable_reserved_tables(ops));
	}
	io_pgtable_repeat_destroy(shapes[2].repeat);
	free_io_pgtable_ops(ops);
}

/*
 * Random binds and unbinds as panthor_mmu.c does them, around the end of a table, or
 * of one above it. After each, all that is reserved is what the mappings that are
 * left reserve in another page table, where they are made like that.
 */

#define NR_SLOTS	6
#define NR_BINDS	1500

struct mapping {
	struct list_head node;
	u64 start;
	u64 end;
	struct panthor_shape shape;
};

struct binds {
	struct kunit *test;
	struct io_pgtable_ops *ops;
	struct panthor_shape shapes[4];
	struct list_head mappings;
	struct rnd_state rnd;
	struct iommu_iotlb_gather gather;
	/* Where binds are */
	u64 start;
	u64 end;
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
			const struct panthor_shape *shape)
{
	struct mapping *m = kunit_kzalloc(binds->test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(binds->test, m);
	m->start = start;
	m->end = end;
	m->shape = *shape;
	list_add(&m->node, &binds->mappings);
}

static void cut_mapping(struct binds *binds, struct mapping *m, u64 start, u64 end)
{
	start = max(start, m->start);
	end = min(end, m->end);
	/* Where nothing is cut out of the middle, there are two of it afterwards */
	if (start > end || (start == end && (start == m->start || end == m->end)))
		return;

	panthor_reserve_cut(binds->ops, m->start, m->end, &m->shape, start, end,
			    &binds->gather);
	if (m->start < start)
		add_mapping(binds, m->start, start, &m->shape);
	if (end < m->end)
		add_mapping(binds, end, m->end, &m->shape);

	list_del(&m->node);
	kunit_kfree(binds->test, m);
}

/* An unmap operation's */
static void pin_ends(struct binds *binds, u64 start, u64 end, bool pin)
{
	u64 pins[2];
	unsigned int nr = panthor_reserve_pins(start, end, true, true, pins);

	for (unsigned int i = 0; i < nr; i++) {
		if (pin)
			KUNIT_ASSERT_EQ(binds->test, 0,
					panthor_reserve_pin(binds->ops, pins[i]));
		else
			panthor_reserve_unpin(binds->ops, pins[i], &binds->gather);
	}
}

static void random_bind(struct binds *binds)
{
	u64 start = random_addr(binds, binds->start, binds->end - SZ_4K);
	bool map = prandom_u32_state(&binds->rnd) % 3;
	u64 end = random_addr(binds, start + SZ_4K, binds->end);
	const struct panthor_shape *shape =
		&binds->shapes[prandom_u32_state(&binds->rnd) % ARRAY_SIZE(binds->shapes)];
	struct mapping *m, *tmp;
	unsigned long tables;

	/* Some unmap nothing */
	if (!map && !(prandom_u32_state(&binds->rnd) % 4))
		end = start;

	if (map)
		KUNIT_ASSERT_EQ(binds->test, 0, reserve(binds->ops, start, end, shape));
	else
		pin_ends(binds, start, end, true);

	/* From here on nothing may be added, only go */
	tables = io_pgtable_reserved_tables(binds->ops);
	list_for_each_entry_safe(m, tmp, &binds->mappings, node)
		cut_mapping(binds, m, start, end);
	KUNIT_EXPECT_LE(binds->test, io_pgtable_reserved_tables(binds->ops), tables);

	if (map)
		add_mapping(binds, start, end, shape);
	else
		pin_ends(binds, start, end, false);
	put_gather(&binds->gather);
}

/* The shape that a mapping has in another page table, which has shared tables of its own */
static const struct panthor_shape *like_shape(const struct mapping *m,
					      const struct panthor_shape *sparse)
{
	return m->shape.repeat ? sparse : &m->shape;
}

static void expect_made_like_that(struct binds *binds)
{
	struct io_pgtable_reserve_stats stats, like;
	struct io_pgtable_ops *ops = make_pgtable(binds->test);
	struct panthor_shape sparse = make_sparse(binds->test, ops);
	struct mapping *m;

	list_for_each_entry(m, &binds->mappings, node)
		KUNIT_ASSERT_EQ(binds->test, 0,
				reserve(ops, m->start, m->end, like_shape(m, &sparse)));
	io_pgtable_reserve_stats(binds->ops, &stats);
	io_pgtable_reserve_stats(ops, &like);
	KUNIT_EXPECT_EQ(binds->test, like.tables, stats.tables);
	KUNIT_EXPECT_EQ(binds->test, like.pages, stats.pages);
	KUNIT_EXPECT_EQ(binds->test, like.blocks, stats.blocks);

	list_for_each_entry(m, &binds->mappings, node)
		unreserve(ops, m->start, m->end, like_shape(m, &sparse));
	io_pgtable_repeat_destroy(sparse.repeat);
	free_io_pgtable_ops(ops);
}

static void cuts_around(struct kunit *test, u64 middle)
{
	struct binds binds = {
		.test = test,
		.ops = make_pgtable(test),
		.shapes = {
			{ .blocks = PANTHOR_BLOCKS_NONE },
			{ .blocks = PANTHOR_BLOCKS_SOME },
			{ .blocks = PANTHOR_BLOCKS_ALL },
		},
		.start = middle - NR_SLOTS / 2 * SLOT,
		.end = middle + NR_SLOTS / 2 * SLOT,
	};
	struct mapping *m, *tmp;

	binds.shapes[3] = make_sparse(test, binds.ops);
	INIT_LIST_HEAD(&binds.mappings);
	iommu_iotlb_gather_init(&binds.gather);
	prandom_seed_state(&binds.rnd, 2026);

	for (int i = 0; i < NR_BINDS && test->status != KUNIT_FAILURE; i++) {
		/* Now and then something large around it all */
		if (!(i % 50)) {
			u64 start = middle - SZ_1G, end = middle + SZ_1G + SZ_64K;

			KUNIT_ASSERT_EQ(test, 0, reserve(binds.ops, start, end,
							 &binds.shapes[2 + i / 50 % 2]));
			list_for_each_entry_safe(m, tmp, &binds.mappings, node)
				cut_mapping(&binds, m, start, end);
			add_mapping(&binds, start, end, &binds.shapes[2 + i / 50 % 2]);
		}
		random_bind(&binds);
		expect_made_like_that(&binds);
	}

	list_for_each_entry_safe(m, tmp, &binds.mappings, node)
		cut_mapping(&binds, m, m->start, m->end);
	put_gather(&binds.gather);
	expect_reserved(test, binds.ops, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, io_pgtable_reserved_tables(binds.ops));

	io_pgtable_repeat_destroy(binds.shapes[3].repeat);
	free_io_pgtable_ops(binds.ops);
}

static void cuts_leave_what_is_left(struct kunit *test)
{
	/* The end of a table that maps slots, of one that maps such tables, and neither */
	cuts_around(test, 4ULL * SZ_1G);
	cuts_around(test, BIT_ULL(39));
	cuts_around(test, 4ULL * SZ_1G + 200 * SLOT);
}

static int (*charged_reserve)(struct io_pgtable_ops *ops, unsigned long iova,
			      size_t size, size_t pgsize, gfp_t gfp);
static unsigned int charged_calls;

static int expect_charged(struct io_pgtable_ops *ops, unsigned long iova, size_t size,
			  size_t pgsize, gfp_t gfp)
{
	KUNIT_EXPECT_EQ(kunit_get_current_test(), GFP_KERNEL_ACCOUNT, gfp);
	charged_calls++;
	return charged_reserve(ops, iova, size, pgsize, gfp);
}

/* Pages on both sides of a slot, the slot, and what cuts need of both sizes */
static void tables_are_charged_to_who_binds(struct kunit *test)
{
	struct io_pgtable_ops *ops = make_pgtable(test);
	const u64 start = SLOT - SZ_4K, end = 2 * SLOT + SZ_4K;
	const struct panthor_shape shape = { .blocks = PANTHOR_BLOCKS_ALL };
	struct iommu_iotlb_gather gather;

	charged_calls = 0;
	charged_reserve = ops->reserve;
	ops->reserve = expect_charged;
	KUNIT_EXPECT_EQ(test, 0, reserve(ops, start, end, &shape));
	KUNIT_EXPECT_EQ(test, 3, charged_calls);
	KUNIT_EXPECT_EQ(test, 0, panthor_reserve_pin(ops, SLOT));
	KUNIT_EXPECT_EQ(test, 0, panthor_reserve_pin(ops, SLOT + SZ_4K));
	KUNIT_EXPECT_EQ(test, 5, charged_calls);

	iommu_iotlb_gather_init(&gather);
	panthor_reserve_unpin(ops, SLOT, &gather);
	panthor_reserve_unpin(ops, SLOT + SZ_4K, &gather);
	put_gather(&gather);
	unreserve(ops, start, end, &shape);
	expect_reserved(test, ops, 0, 0);
	free_io_pgtable_ops(ops);
}

static struct kunit_case panthor_reserve_cases[] = {
	KUNIT_CASE_PARAM(shapes_follow_the_memory, shape_gen_params),
	KUNIT_CASE(slots_are_had_as_a_whole),
	KUNIT_CASE(sparse_mappings_take_their_ends),
	KUNIT_CASE(bad_ranges_are_refused),
	KUNIT_CASE(tables_are_charged_to_who_binds),
	KUNIT_CASE_SLOW(cuts_leave_what_is_left),
	{}
};

static struct kunit_suite panthor_reserve_suite = {
	.name = "panthor-reserve",
	.test_cases = panthor_reserve_cases,
};

kunit_test_suite(panthor_reserve_suite);

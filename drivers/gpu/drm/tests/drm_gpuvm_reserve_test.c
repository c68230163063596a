// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * KUnit tests of reservations that mappings own, see drm_gpuvm_reserve.c. They look
 * at real page tables, by what io_pgtable_reserve_stats() says of them.
 */

#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/align.h>
#include <linux/bits.h>
#include <linux/io-pgtable.h>
#include <linux/iommu.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_gpuvm_reserve.h>

#define SLOT		((u64)SZ_2M)

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

static struct io_pgtable_ops *make_pgtable_with(struct kunit *test, unsigned long pgsizes)
{
	struct io_pgtable_cfg cfg = {
		.pgsize_bitmap = pgsizes,
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

static struct io_pgtable_ops *make_pgtable(struct kunit *test)
{
	return make_pgtable_with(test, SZ_4K | SZ_2M);
}

/* What a driver does after its flush */
static void put_gather(struct iommu_iotlb_gather *gather)
{
	iommu_put_pages_list(&gather->freelist);
	iommu_iotlb_gather_init(gather);
}

static void unreserve(struct io_pgtable_ops *ops, struct drm_gpuvm_rsv *rsv)
{
	struct iommu_iotlb_gather gather;

	iommu_iotlb_gather_init(&gather);
	drm_gpuvm_unreserve(ops, rsv, &gather);
	put_gather(&gather);
}

static int reserve(struct io_pgtable_ops *ops, struct drm_gpuvm_rsv *rsv, u64 start, u64 end)
{
	int ret = drm_gpuvm_reserve(ops, rsv, start, end);

	if (ret)
		unreserve(ops, rsv);
	return ret;
}

/* What a sparse mapping maps does not matter for what it reserves */
static struct drm_gpuvm_rsv make_sparse(struct kunit *test, struct io_pgtable_ops *ops)
{
	struct drm_gpuvm_rsv rsv = {
		.repeat = io_pgtable_repeat_create(ops, GFP_KERNEL),
	};

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rsv.repeat);
	return rsv;
}

/* Without those that what repeats shares */
static unsigned long own_tables(struct io_pgtable_ops *ops)
{
	struct io_pgtable_reserve_stats stats;

	io_pgtable_reserve_stats(ops, &stats);
	return stats.tables;
}

static void expect_reserved(struct kunit *test, struct io_pgtable_ops *ops,
			    u64 pages, u64 blocks)
{
	struct io_pgtable_reserve_stats stats;

	io_pgtable_reserve_stats(ops, &stats);
	KUNIT_EXPECT_EQ(test, pages, stats.pages);
	KUNIT_EXPECT_EQ(test, blocks, stats.blocks);
}

static struct drm_gpuvm_rsv at(const struct drm_gpuvm_rsv *shape, u64 start, u64 end)
{
	struct drm_gpuvm_rsv rsv = *shape;

	rsv.start = start;
	rsv.end = end;
	return rsv;
}

/* What a mapping of each kind reserves, by where it is bound */
struct shape_case {
	const char *name;
	enum drm_gpuvm_blocks blocks;
	u64 start, size;
	u64 pages, slots;
};

static const struct shape_case shape_cases[] = {
	{ "blocks", DRM_GPUVM_BLOCKS_ALL, 16 * SLOT, 4 * SLOT, 0, 4 },
	{ "less than a block", DRM_GPUVM_BLOCKS_NONE, 16 * SLOT, SZ_64K, 16, 0 },
	{ "less than a block, and at its end", DRM_GPUVM_BLOCKS_ALL,
	  17 * SLOT - SZ_64K, SZ_64K, 16, 0 },
	{ "two halves are no block", DRM_GPUVM_BLOCKS_ALL, 16 * SLOT + SLOT / 2, SLOT,
	  512, 0 },
	{ "the edges are pages", DRM_GPUVM_BLOCKS_ALL, 16 * SLOT + SZ_64K, 3 * SLOT,
	  512, 2 },
	{ "pages", DRM_GPUVM_BLOCKS_NONE, 16 * SLOT, 4 * SLOT, 4 * 512, 0 },
	{ "some blocks are pages", DRM_GPUVM_BLOCKS_SOME, 16 * SLOT, 3 * SLOT, 3 * 512, 0 },
	{ "blocks from the end of one table to the next", DRM_GPUVM_BLOCKS_ALL,
	  SZ_1G - 2 * SLOT, 4 * SLOT, 0, 4 },
};

static void shape_case_name(const struct shape_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(shape, shape_cases, shape_case_name);

static void blocks_say_what_is_held(struct kunit *test)
{
	const struct shape_case *c = test->param_value;
	struct io_pgtable_ops *ops = make_pgtable(test);
	struct drm_gpuvm_rsv rsv = { .blocks = c->blocks };

	KUNIT_EXPECT_EQ(test, 0, reserve(ops, &rsv, c->start, c->start + c->size));
	KUNIT_EXPECT_EQ(test, c->start, rsv.start);
	KUNIT_EXPECT_EQ(test, c->start + c->size, rsv.end);
	expect_reserved(test, ops, c->pages, c->slots);
	unreserve(ops, &rsv);
	expect_reserved(test, ops, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, own_tables(ops));
	free_io_pgtable_ops(ops);
}

/* It has one owner at any time, and is released once */
static void reservations_have_one_owner(struct kunit *test)
{
	struct io_pgtable_ops *ops = make_pgtable(test);
	struct drm_gpuvm_rsv op = make_sparse(test, ops), va;
	struct io_pgtable_repeat *repeat = op.repeat;
	struct drm_gpuvm_rsv nothing = {};

	KUNIT_EXPECT_TRUE(test, drm_gpuvm_rsv_empty(&nothing));
	unreserve(ops, &nothing);

	KUNIT_EXPECT_EQ(test, 0, reserve(ops, &op, SLOT - SZ_4K, 3 * SLOT));
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_rsv_empty(&op));
	va = drm_gpuvm_rsv_take(&op);
	KUNIT_EXPECT_TRUE(test, drm_gpuvm_rsv_empty(&op));
	KUNIT_EXPECT_NULL(test, op.repeat);
	KUNIT_EXPECT_PTR_EQ(test, repeat, va.repeat);
	unreserve(ops, &op);
	expect_reserved(test, ops, 1, 2);

	unreserve(ops, &va);
	KUNIT_EXPECT_TRUE(test, drm_gpuvm_rsv_empty(&va));
	/* The owner counts who uses what repeats, and can still see that this did */
	KUNIT_EXPECT_PTR_EQ(test, repeat, va.repeat);
	unreserve(ops, &va);
	expect_reserved(test, ops, 0, 0);
	io_pgtable_repeat_destroy(repeat);
	free_io_pgtable_ops(ops);
}

/* Where a page table has pages only, of whatever size, the range is all there is */
static void ranges_say_what_is_held(struct kunit *test)
{
	static const unsigned long sizes[] = { SZ_4K, SZ_16K, SZ_64K };

	for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct io_pgtable_ops *ops = make_pgtable_with(test, sizes[i]);
		u64 start = SZ_1G - 2 * sizes[i], end = SZ_1G + 6 * sizes[i];
		const struct drm_gpuva va = { .va.addr = start, .va.range = end - start };
		struct drm_gpuvm_rsv op = {}, all = drm_gpuvm_rsv_of(&va), part;

		KUNIT_EXPECT_EQ(test, 0, reserve(ops, &op, start, end));
		expect_reserved(test, ops, 8, 0);
		KUNIT_EXPECT_EQ(test, op.start, all.start);
		KUNIT_EXPECT_EQ(test, op.end, all.end);
		KUNIT_EXPECT_EQ(test, op.blocks, all.blocks);
		KUNIT_EXPECT_NULL(test, all.repeat);

		/* Parts of it can be released in any order */
		part = at(&all, start + sizes[i], end - sizes[i]);
		unreserve(ops, &part);
		expect_reserved(test, ops, 2, 0);
		part = at(&all, end - sizes[i], end);
		unreserve(ops, &part);
		part = at(&all, start, start + sizes[i]);
		unreserve(ops, &part);
		KUNIT_EXPECT_EQ(test, 0, own_tables(ops));
		free_io_pgtable_ops(ops);
	}
}

/* Whether a part of a slot is unmapped along with all of it */
static void slots_are_had_as_a_whole(struct kunit *test)
{
	struct io_pgtable_ops *ops = make_pgtable(test);
	struct drm_gpuvm_rsv sparse = make_sparse(test, ops);
	const struct drm_gpuvm_rsv shapes[] = {
		{ .blocks = DRM_GPUVM_BLOCKS_SOME },
		{ .blocks = DRM_GPUVM_BLOCKS_ALL },
		sparse,
	};
	const struct drm_gpuvm_rsv none = { .start = 0, .end = 8 * SLOT };

	KUNIT_EXPECT_FALSE(test, drm_gpuvm_rsv_has_block(ops, &none, SLOT));
	for (int i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct drm_gpuvm_rsv rsv = at(&shapes[i], 3 * SLOT + SZ_4K,
					      6 * SLOT - SZ_4K);
		struct drm_gpuvm_rsv one = at(&shapes[i], 4 * SLOT, 5 * SLOT);

		KUNIT_EXPECT_FALSE(test, drm_gpuvm_rsv_has_block(ops, &rsv, rsv.start));
		KUNIT_EXPECT_FALSE(test, drm_gpuvm_rsv_has_block(ops, &rsv, 4 * SLOT - 1));
		KUNIT_EXPECT_TRUE(test, drm_gpuvm_rsv_has_block(ops, &rsv, 4 * SLOT));
		KUNIT_EXPECT_TRUE(test, drm_gpuvm_rsv_has_block(ops, &rsv, 5 * SLOT - 1));
		KUNIT_EXPECT_FALSE(test, drm_gpuvm_rsv_has_block(ops, &rsv, 5 * SLOT));
		KUNIT_EXPECT_TRUE(test, drm_gpuvm_rsv_has_block(ops, &one, 4 * SLOT));
	}

	io_pgtable_repeat_destroy(sparse.repeat);
	free_io_pgtable_ops(ops);
}

static void sparse_mappings_take_their_ends(struct kunit *test)
{
	struct io_pgtable_ops *ops = make_pgtable(test);
	struct drm_gpuvm_rsv sparse = make_sparse(test, ops);

	/* By both ends three tables each, of which they have none in common */
	KUNIT_EXPECT_EQ(test, 0, reserve(ops, &sparse, 3 * SLOT + SZ_64K,
					 BIT_ULL(46) - SZ_4K));
	KUNIT_EXPECT_EQ(test, 6, own_tables(ops));
	unreserve(ops, &sparse);
	KUNIT_EXPECT_EQ(test, 0, own_tables(ops));

	/* Whole tables of the top */
	KUNIT_EXPECT_EQ(test, 0, reserve(ops, &sparse, BIT_ULL(39), BIT_ULL(46)));
	KUNIT_EXPECT_EQ(test, 0, own_tables(ops));
	unreserve(ops, &sparse);

	io_pgtable_repeat_destroy(sparse.repeat);
	free_io_pgtable_ops(ops);
}

static void bad_ranges_are_refused(struct kunit *test)
{
	struct io_pgtable_ops *ops = make_pgtable(test);
	struct drm_gpuvm_rsv shapes[] = {
		{ .blocks = DRM_GPUVM_BLOCKS_NONE },
		{ .blocks = DRM_GPUVM_BLOCKS_ALL },
		make_sparse(test, ops),
	};

	for (int i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct drm_gpuvm_rsv *rsv = &shapes[i];

		KUNIT_EXPECT_EQ(test, -EINVAL, reserve(ops, rsv, SLOT, SLOT));
		KUNIT_EXPECT_EQ(test, -ERANGE,
				reserve(ops, rsv, BIT_ULL(48) - SLOT, BIT_ULL(48) + SLOT));
		/* The first two parts can be had, the third can not */
		KUNIT_EXPECT_EQ(test, -ERANGE,
				reserve(ops, rsv, BIT_ULL(48) - SLOT - SZ_4K,
					BIT_ULL(48) + SZ_4K));
		/* The first part, and one slot of two */
		KUNIT_EXPECT_EQ(test, -ERANGE,
				reserve(ops, rsv, BIT_ULL(48) - SLOT - SZ_4K,
					BIT_ULL(48) + SLOT));
		expect_reserved(test, ops, 0, 0);
		KUNIT_EXPECT_EQ(test, 0, own_tables(ops));
	}
	io_pgtable_repeat_destroy(shapes[2].repeat);
	free_io_pgtable_ops(ops);
}

/*
 * Random binds and unbinds as a driver does them, around the end of a table, or
 * of one above it. After each, all that is reserved is what the mappings that are
 * left reserve in another page table, where they are made like that.
 */

#define NR_SLOTS	6
#define NR_BINDS	1500

struct mapping {
	struct list_head node;
	struct drm_gpuvm_rsv rsv;
};

struct binds {
	struct kunit *test;
	struct io_pgtable_ops *ops;
	struct drm_gpuvm_rsv shapes[4];
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

static struct mapping *add_mapping(struct binds *binds)
{
	struct mapping *m = kunit_kzalloc(binds->test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(binds->test, m);
	list_add(&m->node, &binds->mappings);
	return m;
}

static void cut_mapping(struct binds *binds, struct mapping *m, u64 start, u64 end)
{
	struct mapping *prev = NULL, *next = NULL;

	start = max(start, m->rsv.start);
	end = min(end, m->rsv.end);
	/* Where nothing is cut out of the middle, there are two of it afterwards */
	if (start > end || (start == end && (start == m->rsv.start || end == m->rsv.end)))
		return;

	if (m->rsv.start < start)
		prev = add_mapping(binds);
	if (end < m->rsv.end)
		next = add_mapping(binds);
	drm_gpuvm_reserve_cut(binds->ops, &m->rsv, start, end, prev ? &prev->rsv : NULL,
			      next ? &next->rsv : NULL, &binds->gather);
	KUNIT_EXPECT_TRUE(binds->test, drm_gpuvm_rsv_empty(&m->rsv));

	list_del(&m->node);
	kunit_kfree(binds->test, m);
}

static void bind(struct binds *binds, u64 start, u64 end, const struct drm_gpuvm_rsv *shape)
{
	struct drm_gpuvm_rsv op = *shape;
	struct mapping *m, *tmp;
	unsigned long tables;

	KUNIT_ASSERT_EQ(binds->test, 0, reserve(binds->ops, &op, start, end));

	/* From here on nothing may be added, only go */
	tables = own_tables(binds->ops);
	list_for_each_entry_safe(m, tmp, &binds->mappings, node)
		cut_mapping(binds, m, start, end);
	KUNIT_EXPECT_LE(binds->test, own_tables(binds->ops), tables);

	add_mapping(binds)->rsv = drm_gpuvm_rsv_take(&op);
	put_gather(&binds->gather);
}

static void unbind(struct binds *binds, u64 start, u64 end)
{
	struct drm_gpuvm_pins pins;
	struct mapping *m, *tmp;
	unsigned long tables;

	KUNIT_ASSERT_EQ(binds->test, 0,
			drm_gpuvm_pin_ends(binds->ops, &pins, start, end, true, true));
	tables = own_tables(binds->ops);
	list_for_each_entry_safe(m, tmp, &binds->mappings, node)
		cut_mapping(binds, m, start, end);
	KUNIT_EXPECT_LE(binds->test, own_tables(binds->ops), tables);

	drm_gpuvm_unpin_ends(binds->ops, &pins, &binds->gather);
	put_gather(&binds->gather);
}

static void random_bind(struct binds *binds)
{
	u64 start = random_addr(binds, binds->start, binds->end - SZ_4K);
	u64 end = random_addr(binds, start + SZ_4K, binds->end);
	u32 what = prandom_u32_state(&binds->rnd) % 12;

	if (what < 8)
		bind(binds, start, end, &binds->shapes[what % ARRAY_SIZE(binds->shapes)]);
	else	/* Some unmap nothing */
		unbind(binds, start, what == 8 ? start : end);
}

/* What a mapping holds in another page table, which has shared tables of its own */
static struct drm_gpuvm_rsv like(const struct mapping *m, const struct drm_gpuvm_rsv *sparse)
{
	return m->rsv.repeat ? at(sparse, m->rsv.start, m->rsv.end) : m->rsv;
}

static void expect_made_like_that(struct binds *binds)
{
	struct io_pgtable_reserve_stats stats, made;
	struct io_pgtable_ops *ops = make_pgtable(binds->test);
	struct drm_gpuvm_rsv sparse = make_sparse(binds->test, ops), rsv;
	struct mapping *m;

	list_for_each_entry(m, &binds->mappings, node) {
		rsv = like(m, &sparse);
		KUNIT_ASSERT_EQ(binds->test, 0, reserve(ops, &rsv, rsv.start, rsv.end));
	}
	io_pgtable_reserve_stats(binds->ops, &stats);
	io_pgtable_reserve_stats(ops, &made);
	KUNIT_EXPECT_EQ(binds->test, made.tables, stats.tables);
	KUNIT_EXPECT_EQ(binds->test, made.pages, stats.pages);
	KUNIT_EXPECT_EQ(binds->test, made.blocks, stats.blocks);

	list_for_each_entry(m, &binds->mappings, node) {
		rsv = like(m, &sparse);
		unreserve(ops, &rsv);
	}
	io_pgtable_repeat_destroy(sparse.repeat);
	free_io_pgtable_ops(ops);
}

static void cuts_around(struct kunit *test, u64 middle)
{
	struct binds binds = {
		.test = test,
		.ops = make_pgtable(test),
		.shapes = {
			{ .blocks = DRM_GPUVM_BLOCKS_NONE },
			{ .blocks = DRM_GPUVM_BLOCKS_SOME },
			{ .blocks = DRM_GPUVM_BLOCKS_ALL },
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
		if (!(i % 50))
			bind(&binds, middle - SZ_1G, middle + SZ_1G + SZ_64K,
			     &binds.shapes[2 + i / 50 % 2]);
		random_bind(&binds);
		expect_made_like_that(&binds);
	}

	list_for_each_entry_safe(m, tmp, &binds.mappings, node)
		cut_mapping(&binds, m, m->rsv.start, m->rsv.end);
	put_gather(&binds.gather);
	expect_reserved(test, binds.ops, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, own_tables(binds.ops));

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

static int (*real_reserve)(struct io_pgtable_ops *ops, unsigned long iova,
			   size_t size, size_t pgsize, gfp_t gfp);
static unsigned int reserve_calls, failing_call;

static int expect_charged(struct io_pgtable_ops *ops, unsigned long iova, size_t size,
			  size_t pgsize, gfp_t gfp)
{
	KUNIT_EXPECT_EQ(kunit_get_current_test(), GFP_KERNEL_ACCOUNT, gfp);
	if (++reserve_calls == failing_call)
		return -ENOMEM;
	return real_reserve(ops, iova, size, pgsize, gfp);
}

static struct io_pgtable_ops *make_watched(struct kunit *test)
{
	struct io_pgtable_ops *ops = make_pgtable(test);

	reserve_calls = 0;
	failing_call = 0;
	real_reserve = ops->reserve;
	ops->reserve = expect_charged;
	return ops;
}

static void unpin(struct io_pgtable_ops *ops, struct drm_gpuvm_pins *pins)
{
	struct iommu_iotlb_gather gather;

	iommu_iotlb_gather_init(&gather);
	drm_gpuvm_unpin_ends(ops, pins, &gather);
	put_gather(&gather);
}

/* Pages on both sides of a slot, the slot, and what cuts need of both sizes */
static void tables_are_charged_to_who_binds(struct kunit *test)
{
	struct io_pgtable_ops *ops = make_watched(test);
	struct drm_gpuvm_rsv rsv = { .blocks = DRM_GPUVM_BLOCKS_ALL };
	struct drm_gpuvm_pins pins;

	KUNIT_EXPECT_EQ(test, 0, reserve(ops, &rsv, SLOT - SZ_4K, 2 * SLOT + SZ_4K));
	KUNIT_EXPECT_EQ(test, 3, reserve_calls);
	KUNIT_EXPECT_EQ(test, 0, drm_gpuvm_pin_ends(ops, &pins, SLOT, 2 * SLOT + SZ_4K,
						    true, true));
	KUNIT_EXPECT_EQ(test, 5, reserve_calls);

	unpin(ops, &pins);
	unreserve(ops, &rsv);
	expect_reserved(test, ops, 0, 0);
	free_io_pgtable_ops(ops);
}

/* Whichever of the parts fails: the error is heard, and the others are given back */
static void failures_leave_nothing(struct kunit *test)
{
	struct io_pgtable_ops *ops = make_watched(test);
	struct drm_gpuvm_rsv rsv = { .blocks = DRM_GPUVM_BLOCKS_ALL };
	struct drm_gpuvm_pins pins;

	for (unsigned int call = 1; call <= 3; call++) {
		failing_call = reserve_calls + call;
		KUNIT_EXPECT_EQ(test, -ENOMEM,
				reserve(ops, &rsv, SLOT - SZ_4K, 2 * SLOT + SZ_4K));
		KUNIT_EXPECT_EQ(test, failing_call, reserve_calls);
		expect_reserved(test, ops, 0, 0);
	}

	for (unsigned int call = 1; call <= 2; call++) {
		failing_call = reserve_calls + call;
		KUNIT_EXPECT_EQ(test, -ENOMEM,
				drm_gpuvm_pin_ends(ops, &pins, SLOT + SZ_4K, 4 * SLOT,
						   true, true));
		KUNIT_EXPECT_EQ(test, call - 1, pins.nr);
		unpin(ops, &pins);
		expect_reserved(test, ops, 0, 0);
	}
	KUNIT_EXPECT_EQ(test, 0, own_tables(ops));
	free_io_pgtable_ops(ops);
}

/* Where nothing can be left on a side, nothing needs to be held there */
static void pins_are_for_what_is_left(struct kunit *test)
{
	struct io_pgtable_ops *ops = make_pgtable(test);
	struct drm_gpuvm_pins pins;

	KUNIT_EXPECT_EQ(test, 0, drm_gpuvm_pin_ends(ops, &pins, SLOT, 9 * SLOT, false, false));
	KUNIT_EXPECT_EQ(test, 0, pins.nr);
	expect_reserved(test, ops, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, drm_gpuvm_pin_ends(ops, &pins, SLOT, 9 * SLOT, true, false));
	KUNIT_EXPECT_EQ(test, 1, pins.nr);
	expect_reserved(test, ops, 0, 1);
	unpin(ops, &pins);
	KUNIT_EXPECT_EQ(test, 0, drm_gpuvm_pin_ends(ops, &pins, SLOT, 9 * SLOT + SZ_4K,
						    false, true));
	KUNIT_EXPECT_EQ(test, 1, pins.nr);
	expect_reserved(test, ops, 1, 0);
	unpin(ops, &pins);

	/* A page in the middle of a slot does for both ends */
	KUNIT_EXPECT_EQ(test, 0, drm_gpuvm_pin_ends(ops, &pins, SLOT, SLOT + SZ_4K,
						    true, true));
	KUNIT_EXPECT_EQ(test, 1, pins.nr);
	expect_reserved(test, ops, 1, 0);
	unpin(ops, &pins);
	expect_reserved(test, ops, 0, 0);
	free_io_pgtable_ops(ops);
}

static struct kunit_case gpuvm_reserve_cases[] = {
	KUNIT_CASE_PARAM(blocks_say_what_is_held, shape_gen_params),
	KUNIT_CASE(reservations_have_one_owner),
	KUNIT_CASE(ranges_say_what_is_held),
	KUNIT_CASE(slots_are_had_as_a_whole),
	KUNIT_CASE(sparse_mappings_take_their_ends),
	KUNIT_CASE(bad_ranges_are_refused),
	KUNIT_CASE(tables_are_charged_to_who_binds),
	KUNIT_CASE(failures_leave_nothing),
	KUNIT_CASE(pins_are_for_what_is_left),
	KUNIT_CASE_SLOW(cuts_leave_what_is_left),
	{}
};

static struct kunit_suite gpuvm_reserve_suite = {
	.name = "gpuvm-reserve",
	.test_cases = gpuvm_reserve_cases,
};

kunit_test_suite(gpuvm_reserve_suite);

MODULE_DESCRIPTION("KUnit tests of DRM GPUVM reservations");
MODULE_LICENSE("Dual MIT/GPL");

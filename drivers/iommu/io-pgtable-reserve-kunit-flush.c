// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of reservations in I/O page tables: who flushes what, and what
 * becomes of tables that nobody reserves any more. Also dirty tracking, which
 * has to leave out nothing when it runs beside them.
 *
 * A comment "Seen to fail" names a mistake that was tried.
 */

#define pr_fmt(fmt)	"iommu reserve: " fmt

#include <kunit/static_stub.h>
#include <linux/iova_bitmap.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/panic.h>
#include <linux/rcupdate.h>
#include <linux/shrinker.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "io-pgtable-reserve-kunit.h"
#include "iommu-pages.h"

static unsigned int count_tables(struct iommu_iotlb_gather *gather)
{
	struct iopte_page *iopte;
	unsigned int nr = 0;

	for (iopte = gather->freelist.tables; iopte; iopte = iopte->next)
		nr++;
	return nr;
}

static void expect_no_flush(struct rsvt *rt)
{
	RSVT_EXPECT(rt, !rt->flushes.walks);
	RSVT_EXPECT(rt, !rt->flushes.full);
	RSVT_EXPECT(rt, !rt->flushes.pages);
}

/* One call, for one address, which is the first of a slot */
static void expect_slot_flush(struct rsvt *rt, unsigned long iova, int level)
{
	RSVT_EXPECT(rt, rt->flushes.walks == 1);
	RSVT_EXPECT(rt, rt->flushes.addresses == 1);
	RSVT_EXPECT(rt, rt->flushes.start == iova);
	RSVT_EXPECT(rt, rt->flushes.last == iova + rsvt_span(rt, level) - 1);
	RSVT_EXPECT(rt, !rt->flushes.full);
	RSVT_EXPECT(rt, !rt->flushes.pages);
}

/* Leaf tables side by side, each with something mapped and unmapped in it */
static void reserve_and_use(struct rsvt *rt, unsigned long iova, unsigned int nr)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);

	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, nr * span, pgsize));
	for (unsigned int i = 0; i < nr; i++)
		rsvt_use(rt, iova + i * span, pgsize, pgsize);
	rsvt_forget_flushes(rt);
}

/*
 * Who releases, flushes.
 */

/* Another table in the same upper tables, so that these stay */
static bool keep_upper(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);

	if (rt->top == RSVT_LEAF ||
	    BIT_ULL(rt->config.ias) < (RSVT_IDLE_MAX + 10) * rsvt_span(rt, RSVT_LEAF))
		return false;
	RSVT_EXPECT(rt, !rsvt_reserve(rt, rt->base, pgsize, pgsize));
	rsvt_use(rt, rt->base, pgsize, pgsize);
	return true;
}

static void drop_upper(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);

	rsvt_unreserve(rt, rt->base, pgsize, pgsize);
	rsvt_expect_empty(rt);
}

static void join_the_gather(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	unsigned long iova = rt->base + span;
	struct iommu_iotlb_gather gather;
	unsigned int nr = RSVT_IDLE_MAX + 8;

	if (!keep_upper(rt))
		return;
	reserve_and_use(rt, iova, nr);
	iommu_iotlb_gather_init(&gather);
	rt->ops->unreserve(rt->ops, iova, nr * span, pgsize, &gather);

	/* Those that were released first, and one address for each */
	RSVT_EXPECT(rt, count_tables(&gather) == 8);
	RSVT_EXPECT(rt, rt->flushes.pages == 8);
	RSVT_EXPECT(rt, rt->flushes.granule == span);
	RSVT_EXPECT(rt, rt->flushes.start == iova);
	RSVT_EXPECT(rt, rt->flushes.last == iova + 8 * span - 1);
	RSVT_EXPECT(rt, gather.start == iova);
	RSVT_EXPECT(rt, gather.end == iova + 8 * span - 1);
	RSVT_EXPECT(rt, !rt->flushes.walks && !rt->flushes.full);
	RSVT_EXPECT(rt, !rsvt_table(rt, iova + 7 * span, RSVT_LEAF));
	if (RSVT_IDLE_MAX)
		RSVT_EXPECT(rt, rsvt_table(rt, iova + 8 * span, RSVT_LEAF));

	/* They are added to what the caller has, and the caller frees them */
	io_pgtable_trim(rt->ops, ULONG_MAX, &gather);
	RSVT_EXPECT(rt, count_tables(&gather) == nr);
	iommu_put_pages_list(&gather.freelist);
	drop_upper(rt);
}

/*
 * Seen to fail with rsv_gather() leaving out what the gather had, or the slots,
 * or with the stride of the table's own entries there; without iopt_idle_trim()
 * in rsv_drop_last(), and with the youngest tables going first.
 */
static void released_tables_join_the_gather(struct kunit *test)
{
	rsvt_all_shapes(test, join_the_gather);
}

/* Pages on both sides of a block, or of as many pages, and one more that stays */
static void unmap_and_release(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	size_t middle = rt->config.pgsizes & span ? span : pgsize;
	unsigned long block = rt->base + 2 * span, iova = block - pgsize;
	unsigned long stays = block + span + pgsize;
	struct iommu_iotlb_gather gather;

	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, pgsize, pgsize));
	RSVT_EXPECT(rt, !rsvt_reserve(rt, block, span, middle));
	RSVT_EXPECT(rt, !rsvt_reserve(rt, block + span, 2 * pgsize, pgsize));
	RSVT_EXPECT(rt, !rsvt_map(rt, iova, pgsize, pgsize, 0));
	RSVT_EXPECT(rt, !rsvt_map(rt, block, span, middle, 0));
	RSVT_EXPECT(rt, !rsvt_map(rt, block + span, 2 * pgsize, pgsize, 0));

	iommu_iotlb_gather_init(&gather);
	gather.unreserve = true;
	RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, span + 2 * pgsize, pgsize, &gather));
	RSVT_EXPECT(rt, gather.start <= iova && gather.end >= stays - 1);
	io_pgtable_trim(rt->ops, ULONG_MAX, &gather);
	iommu_put_pages_list(&gather.freelist);
	RSVT_EXPECT(rt, rsvt_faults(rt, iova));
	RSVT_EXPECT(rt, rsvt_faults(rt, block));
	RSVT_EXPECT(rt, rsvt_faults(rt, stays - pgsize));
	RSVT_EXPECT(rt, rsvt_translates(rt, stays));
	/* Their tables went, and that of the page which stays did not */
	RSVT_EXPECT(rt, !rsvt_table(rt, iova, RSVT_LEAF));
	RSVT_EXPECT(rt, !rsvt_table(rt, block, RSVT_LEAF));
	RSVT_EXPECT(rt, rsvt_table(rt, stays, RSVT_LEAF));

	iommu_iotlb_gather_init(&gather);
	gather.unreserve = true;
	/* Not mapped any more: neither unmapped nor released again */
	RSVT_EXPECT(rt, rsvt_unmap(rt, block, span, pgsize, &gather) == -ENOENT);
	RSVT_EXPECT(rt, !rsvt_unmap(rt, stays, pgsize, pgsize, &gather));
	iommu_put_pages_list(&gather.freelist);
	rsvt_expect_empty(rt);
}

/* The largest block, which can be an entry of the top: those are not counted */
static void unmap_largest(struct rsvt *rt)
{
	size_t block = BIT(__fls(rt->config.pgsizes));
	unsigned long iova = ALIGN(rt->base + 1, block);
	struct iommu_iotlb_gather gather;

	if (iova + block - 1 > rt->base + BIT_ULL(rt->config.ias) - 1)
		return;
	if (rsvt_reserve(rt, iova, block, block))
		return;
	RSVT_EXPECT(rt, !rsvt_map(rt, iova, block, block, 0));
	iommu_iotlb_gather_init(&gather);
	gather.unreserve = true;
	RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, block, block, &gather));
	iommu_put_pages_list(&gather.freelist);
	RSVT_EXPECT(rt, rsvt_faults(rt, iova));
	rsvt_expect_empty(rt);
}

/* What is asked for beyond the last address is not the first one */
static void unmap_beyond(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long last = rt->base + BIT_ULL(rt->config.ias) - pgsize;
	struct iommu_iotlb_gather gather;

	RSVT_EXPECT(rt, !rsvt_reserve(rt, rt->base, pgsize, pgsize));
	RSVT_EXPECT(rt, !rsvt_reserve(rt, last, pgsize, pgsize));
	RSVT_EXPECT(rt, !rsvt_map(rt, rt->base, pgsize, pgsize, 0));
	RSVT_EXPECT(rt, !rsvt_map(rt, last, pgsize, pgsize, 0));
	iommu_iotlb_gather_init(&gather);
	gather.unreserve = true;
	RSVT_EXPECT(rt, rt->ops->unmap_pages(rt->ops, last, pgsize, 2, &gather) == pgsize);
	RSVT_EXPECT(rt, rsvt_translates(rt, rt->base));
	RSVT_EXPECT(rt, !rsvt_unmap(rt, rt->base, pgsize, pgsize, &gather));
	iommu_put_pages_list(&gather.freelist);
	rsvt_expect_empty(rt);
}

/* Seen to fail without iopt_release_unmapped(), and with it for blocks alone */
static void unmap_releases_what_it_unmaps(struct kunit *test)
{
	rsvt_all_shapes(test, unmap_and_release);
	rsvt_all_shapes(test, unmap_beyond);
	rsvt_all_configs(test, unmap_largest);
}

/* All tables on the way to a page, which nothing else needs */
static void gather_way(struct rsvt *rt, unsigned long iova,
		       struct iommu_iotlb_gather *gather)
{
	iommu_iotlb_gather_init(gather);
	rsvt_let_die(rt, iova, SZ_4K, gather);
	io_pgtable_trim(rt->ops, ULONG_MAX, gather);
}

static void tables_wait_for_the_flush_of_the_caller(struct kunit *test)
{
	struct iommu_iotlb_gather gather;
	struct rsvt *rt = rsvt_gpu(test);
	long pages;

	rcu_barrier();
	pages = iopt_kunit_pages();
	gather_way(rt, SZ_1G, &gather);
	KUNIT_EXPECT_EQ(test, 3, count_tables(&gather));
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, pages + rsvt_pages_of(rt, 3), iopt_kunit_pages());
	KUNIT_EXPECT_FALSE(test, iommu_pages_list_empty(&gather.freelist));

	iommu_put_pages_list(&gather.freelist);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());
	rsvt_free(rt);
}

/* As dma-iommu.c does with those of its flush queue */
static void lists_of_tables_are_joined(struct kunit *test)
{
	struct iommu_iotlb_gather one, other;
	struct rsvt *rt = rsvt_gpu(test);
	long pages;

	rcu_barrier();
	pages = iopt_kunit_pages();
	gather_way(rt, SZ_1G, &one);
	gather_way(rt, SZ_2G, &other);

	iommu_pages_list_splice(&one.freelist, &other.freelist);
	KUNIT_EXPECT_EQ(test, 3 + 3, count_tables(&other));
	iommu_put_pages_list(&other.freelist);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());
	rsvt_free(rt);
}

/* The first half dies, there is a pause, and nobody dies after it */
static void what_died_before_a_pause_dies_once(struct kunit *test)
{
	struct rsvt *rt = rsvt_gpu(test);
	long pages;

	rcu_barrier();
	pages = iopt_kunit_pages();
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_1G + SZ_512M, SZ_512M, SZ_4K));
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_1G, SZ_1G, SZ_4K));
	rsvt_unreserve(rt, SZ_1G, SZ_1G, SZ_4K);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, pages + rsvt_pages_of(rt, 256 + 2), iopt_kunit_pages());
	rsvt_unreserve(rt, SZ_1G + SZ_512M, SZ_512M, SZ_4K);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());
	rsvt_free(rt);
}

/* So many that there is a pause */
static void what_died_before_a_pause_joins_the_gather(struct kunit *test)
{
	struct rsvt *rt = rsvt_gpu(test);
	struct iommu_iotlb_gather gather;
	unsigned int nr = IOPT_STEPS + 50;

	reserve_and_use(rt, SZ_1G, nr);
	iommu_iotlb_gather_init(&gather);
	rt->ops->unreserve(rt->ops, SZ_1G, nr * SZ_2M, SZ_4K, &gather);
	io_pgtable_trim(rt->ops, ULONG_MAX, &gather);
	KUNIT_EXPECT_EQ(test, nr + 2, count_tables(&gather));
	KUNIT_EXPECT_EQ(test, 0, rt->flushes.walks);
	iommu_put_pages_list(&gather.freelist);
	rsvt_free(rt);
}

/* Then nobody can say which slots the gather has */
static void without_tlb_add_page_each_slot_is_flushed(struct kunit *test)
{
	struct rsvt *rt = rsvt_gpu(test);
	struct iommu_flush_ops tlb = rsvt_tlb_ops;
	struct iommu_iotlb_gather gather;

	tlb.tlb_add_page = NULL;
	io_pgtable_ops_to_pgtable(rt->ops)->cfg.tlb = &tlb;
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_1G, SZ_4K, SZ_4K));
	rsvt_use(rt, SZ_1G, SZ_4K, SZ_4K);
	rsvt_forget_flushes(rt);

	iommu_iotlb_gather_init(&gather);
	rt->ops->unreserve(rt->ops, SZ_1G, SZ_4K, SZ_4K, &gather);
	io_pgtable_trim(rt->ops, ULONG_MAX, &gather);
	KUNIT_EXPECT_EQ(test, 3, rt->flushes.walks);
	KUNIT_EXPECT_TRUE(test, iommu_pages_list_empty(&gather.freelist));
	rsvt_free(rt);
}

/*
 * They are unmapped for the device when they are freed, which that may not outlive.
 * Seen to fail without rcu_barrier() in iopt_reserve_destroy().
 */
static void a_page_table_goes_with_what_waits_for_readers(struct kunit *test)
{
	struct rsvt_config config = rsvt_gpu_config;
	struct rsvt *rt;
	long pages;

	config.incoherent = true;
	rcu_barrier();
	pages = iopt_kunit_pages();
	rt = rsvt_new(test, &config);
	for (unsigned int i = 0; i < 2 * RSVT_LEAF; i++)
		rsvt_let_die(rt, SZ_1G + i * SZ_2M, SZ_4K, NULL);
	rsvt_free(rt);
	KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());
}

static void flush_without_a_gather(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	unsigned long iova = rt->base + span;
	unsigned int nr = RSVT_IDLE_MAX + 8;

	if (!keep_upper(rt))
		return;
	reserve_and_use(rt, iova, nr);
	rsvt_unreserve(rt, iova, nr * span, pgsize);
	RSVT_EXPECT(rt, rt->flushes.addresses == 8);
	RSVT_EXPECT(rt, rt->flushes.granule == span);
	RSVT_EXPECT(rt, rt->flushes.start == iova);
	RSVT_EXPECT(rt, rt->flushes.last == iova + 8 * span - 1);
	RSVT_EXPECT(rt, !rt->flushes.pages && !rt->flushes.full);
	drop_upper(rt);
}

/*
 * Seen to fail without the flush in iopt_bury(), and with the stride of the
 * table's own entries there.
 */
static void without_a_gather_each_slot_is_flushed_once(struct kunit *test)
{
	rsvt_all_shapes(test, flush_without_a_gather);
}

/* The entry, at the moment of a flush of its slot */
static u64 flushed_entry;

static void look_at_entry(struct rsvt *rt, unsigned long iova, size_t size,
			  size_t granule)
{
	flushed_entry |= rsvt_walk(rt, iova, RSVT_LEAF - 1) & 1;
}

static void empty_before_flush(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	unsigned long iova = rt->base + span;

	if (!keep_upper(rt))
		return;
	flushed_entry = 0;
	rt->flushed = look_at_entry;

	/* Without a gather, and for a block */
	rsvt_let_die(rt, iova, pgsize, NULL);
	if (rt->cfg.pgsize_bitmap & span) {
		RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, span, pgsize));
		rsvt_use(rt, iova, pgsize, pgsize);
		rsvt_forget_flushes(rt);
		RSVT_EXPECT(rt, !rsvt_map(rt, iova, span, span, GFP_ATOMIC));
		RSVT_EXPECT(rt, rt->flushes.walks == 1);
		RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, span, span, NULL));
		rsvt_unreserve(rt, iova, span, pgsize);
	}
	RSVT_EXPECT(rt, !flushed_entry);
	rt->flushed = NULL;
	drop_upper(rt);
}

/* Seen to fail with a flush before iopt_mark() in iopt_kill(). */
static void slots_are_empty_before_they_are_flushed(struct kunit *test)
{
	rsvt_all_shapes(test, empty_before_flush);
}

/*
 * What left a slot but is not flushed is written in the slot.
 */

static void flush_what_is_filled(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	unsigned long iova = rt->base + 3 * span, beside = iova + span;
	struct iommu_iotlb_gather gather;

	if (!keep_upper(rt))
		return;
	iommu_iotlb_gather_init(&gather);
	for (int i = 0; i < 3; i++)
		rsvt_let_die(rt, iova, pgsize, &gather);

	/* Nobody else: not who reserves, not who fills a slot beside */
	rsvt_forget_flushes(rt);
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, pgsize, pgsize));
	RSVT_EXPECT(rt, !rsvt_reserve(rt, beside, pgsize, pgsize));
	rsvt_use(rt, beside, pgsize, pgsize);
	rsvt_use(rt, rt->base, pgsize, pgsize);
	expect_no_flush(rt);

	/* Who fills that slot, and once */
	rsvt_use(rt, iova, pgsize, pgsize);
	expect_slot_flush(rt, iova, RSVT_LEAF);
	rsvt_use(rt, iova, pgsize, pgsize);
	expect_slot_flush(rt, iova, RSVT_LEAF);
	rsvt_unreserve(rt, iova, pgsize, pgsize);
	rsvt_unreserve(rt, beside, pgsize, pgsize);
	iommu_put_pages_list(&gather.freelist);
	drop_upper(rt);
}

/*
 * Seen to fail without the flush in rsv_link(), with one for every entry there,
 * and with 0 in place of the mark.
 */
static void emptied_slots_are_flushed_by_who_fills_them(struct kunit *test)
{
	rsvt_all_shapes(test, flush_what_is_filled);
}

static void flush_for_block(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	unsigned long iova = rt->base + 3 * span;
	struct iommu_iotlb_gather gather;

	if (!(rt->cfg.pgsize_bitmap & span) || !keep_upper(rt))
		return;
	iommu_iotlb_gather_init(&gather);
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova - span, 3 * span, span));
	rsvt_let_die(rt, iova, pgsize, &gather);

	rsvt_forget_flushes(rt);
	rsvt_use(rt, iova - span, span, span);
	rsvt_use(rt, iova + span, span, span);
	expect_no_flush(rt);

	/* Among others that have nothing to flush, too */
	rsvt_use(rt, iova - span, 3 * span, span);
	expect_slot_flush(rt, iova, RSVT_LEAF);
	rsvt_use(rt, iova - span, 3 * span, span);
	expect_slot_flush(rt, iova, RSVT_LEAF);
	rsvt_unreserve(rt, iova - span, 3 * span, span);
	iommu_put_pages_list(&gather.freelist);
	drop_upper(rt);
}

/* Seen to fail with __arm_lpae_make_way() taking a mark for nothing. */
static void emptied_slots_are_flushed_by_who_maps_a_block(struct kunit *test)
{
	rsvt_all_shapes(test, flush_for_block);
}

/* Of three entries, which are looked at two by two, the last one has something */
static void odd_runs(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	unsigned long iova = rt->base + 3 * span, last = iova + 2 * span;

	if (!keep_upper(rt))
		return;
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, 3 * span, pgsize));
	RSVT_EXPECT(rt, !rsvt_map(rt, iova + 2 * pgsize, pgsize, pgsize, GFP_ATOMIC));
	kunit_warning_suppress(rt->test)
		RSVT_EXPECT(rt, rsvt_map(rt, iova, 3 * pgsize, pgsize, GFP_ATOMIC) ==
				-EEXIST);
	RSVT_EXPECT(rt, rsvt_faults(rt, iova));
	RSVT_EXPECT(rt, !rsvt_unmap(rt, iova + 2 * pgsize, pgsize, pgsize, NULL));

	if (rt->cfg.pgsize_bitmap & span) {
		rsvt_use(rt, iova, span, span);
		rsvt_use(rt, iova + span, span, span);
		RSVT_EXPECT(rt, !rsvt_map(rt, last, pgsize, pgsize, GFP_ATOMIC));
		rsvt_forget_flushes(rt);
		RSVT_EXPECT(rt, !rsvt_map(rt, iova, 3 * span, span, GFP_ATOMIC));
		RSVT_EXPECT(rt, rt->flushes.walks == 1);
		RSVT_EXPECT(rt, rt->flushes.start == last);
		RSVT_EXPECT(rt, !rsvt_table(rt, last, RSVT_LEAF));
		RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, 2 * span, span, NULL));
		kunit_warning_suppress(rt->test)
			RSVT_EXPECT(rt, rsvt_map(rt, iova, 3 * span, span, GFP_ATOMIC) ==
					-EEXIST);
		RSVT_EXPECT(rt, rsvt_faults(rt, iova));
		RSVT_EXPECT(rt, !rsvt_unmap(rt, last, span, span, NULL));
	}
	rsvt_unreserve(rt, iova, 3 * span, pgsize);
	drop_upper(rt);
}

/* Seen to fail with arm_lpae_all_empty() leaving out the last of an odd run. */
static void runs_are_looked_at_to_their_end(struct kunit *test)
{
	rsvt_all_shapes(test, odd_runs);
}

/*
 * A block over a table, and a table emptied as a block.
 */

static void block_over_empty_table(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	unsigned long iova = rt->base + span;
	void *table;

	if (!(rt->cfg.pgsize_bitmap & span) || !keep_upper(rt))
		return;
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, span, pgsize));
	rsvt_use(rt, iova, span, pgsize);
	table = rsvt_table(rt, iova, RSVT_LEAF);

	/* One address is enough for what has nothing in it */
	rsvt_forget_flushes(rt);
	RSVT_EXPECT(rt, !rsvt_map(rt, iova, span, span, GFP_ATOMIC));
	expect_slot_flush(rt, iova, RSVT_LEAF);
	RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, span, span, NULL));

	/* And the table comes back without one */
	rsvt_forget_flushes(rt);
	rsvt_use(rt, iova, pgsize, pgsize);
	RSVT_EXPECT(rt, rsvt_table(rt, iova, RSVT_LEAF) == table);
	expect_no_flush(rt);

	/* Pages that a block goes over are flushed as such */
	RSVT_EXPECT(rt, !rsvt_map(rt, iova, pgsize, pgsize, GFP_ATOMIC));
	RSVT_EXPECT(rt, !rsvt_map(rt, iova, span, span, GFP_ATOMIC));
	RSVT_EXPECT(rt, rt->flushes.walks == 1);
	RSVT_EXPECT(rt, rt->flushes.start == iova);
	RSVT_EXPECT(rt, rt->flushes.last == iova + span - 1);
	RSVT_EXPECT(rt, rt->flushes.granule == pgsize);
	RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, span, span, NULL));
	rsvt_use(rt, iova, span, pgsize);
	rsvt_unreserve(rt, iova, span, pgsize);
	drop_upper(rt);
}

/*
 * Seen to fail with arm_lpae_clear_table() saying always, or never, that
 * something was mapped.
 */
static void blocks_flush_what_they_cover(struct kunit *test)
{
	rsvt_all_shapes(test, block_over_empty_table);
}

static void unmap_as_block(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	unsigned long iova = rt->base + span;
	struct iommu_iotlb_gather gather;
	void *table;

	if (!(rt->cfg.pgsize_bitmap & span) || !keep_upper(rt))
		return;
	/* A block on either side */
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, 3 * span, pgsize));
	RSVT_EXPECT(rt, !rsvt_map(rt, iova, span, span, GFP_ATOMIC));
	RSVT_EXPECT(rt, !rsvt_map(rt, iova + span, span, pgsize, GFP_ATOMIC));
	RSVT_EXPECT(rt, !rsvt_map(rt, iova + 2 * span, span, span, GFP_ATOMIC));
	table = rsvt_table(rt, iova + span, RSVT_LEAF);
	RSVT_EXPECT(rt, table);

	rsvt_forget_flushes(rt);
	iommu_iotlb_gather_init(&gather);
	RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, 3 * span, span, &gather));
	for (int i = 0; i < 3; i++) {
		RSVT_EXPECT(rt, rsvt_faults(rt, iova + i * span));
		RSVT_EXPECT(rt, rsvt_faults(rt, iova + (i + 1) * span - pgsize));
	}
	/* What was below is flushed here, the rest by the caller */
	RSVT_EXPECT(rt, rt->flushes.walks == 1);
	RSVT_EXPECT(rt, rt->flushes.walk == iova + span);
	RSVT_EXPECT(rt, rt->flushes.addresses == span / pgsize);
	RSVT_EXPECT(rt, rt->flushes.pages == 3);
	RSVT_EXPECT(rt, gather.start == iova && gather.end == iova + 3 * span - 1);
	/* The table stays */
	RSVT_EXPECT(rt, iommu_pages_list_empty(&gather.freelist));
	RSVT_EXPECT(rt, rsvt_table(rt, iova + span, RSVT_LEAF) == table);

	/* Nothing is mapped in it now */
	rsvt_forget_flushes(rt);
	RSVT_EXPECT(rt, !rsvt_unmap(rt, iova + span, span, span, NULL));
	expect_no_flush(rt);
	rsvt_use(rt, iova, 3 * span, pgsize);
	rsvt_unreserve(rt, iova, 3 * span, pgsize);
	drop_upper(rt);
}

/*
 * Seen to fail with the clearing of entries in arm_lpae_unmap_entries_reserved()
 * including those of tables, and without the flush there.
 */
static void tables_emptied_as_blocks_stay(struct kunit *test)
{
	rsvt_all_shapes(test, unmap_as_block);
}

/*
 * The walk cache can know a leaf table below the table that a block goes over,
 * and every one of those has its own address.
 */
static void block_over_linked_tables(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	unsigned long block = span << rt->bits;
	unsigned long iova = rt->base + block;

	if (!(rt->cfg.pgsize_bitmap & block) ||
	    2 * block > BIT_ULL(rt->config.ias))
		return;
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, block, block));
	reserve_and_use(rt, iova, 3);
	RSVT_EXPECT(rt, !rsvt_map(rt, iova, block, block, GFP_ATOMIC));
	RSVT_EXPECT(rt, rt->flushes.walks + rt->flushes.full == 1);
	RSVT_EXPECT(rt, rt->flushes.full || rt->flushes.granule == span);
	RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, block, block, NULL));
	rsvt_use(rt, iova + span, span, pgsize);
	rsvt_unreserve(rt, iova, 3 * span, pgsize);
	rsvt_unreserve(rt, iova, block, block);
	rsvt_expect_empty(rt);
}

/* Seen to fail with one address for all of a block in arm_lpae_displace_table(). */
static void blocks_flush_the_tables_below_them(struct kunit *test)
{
	rsvt_all_shapes(test, block_over_linked_tables);
}

/*
 * A table that left for a block comes back with the tables below it. The walk cache
 * can know these at once.
 */
static void block_in_table_that_returns(struct rsvt *rt)
{
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	unsigned long block = span << rt->bits;
	unsigned long iova = rt->base + block;

	if (!(rt->cfg.pgsize_bitmap & block) || !(rt->cfg.pgsize_bitmap & span) ||
	    2 * block > BIT_ULL(rt->config.ias))
		return;
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, block, span));
	reserve_and_use(rt, iova, 1);
	rsvt_use(rt, iova, block, block);
	rsvt_forget_flushes(rt);
	RSVT_EXPECT(rt, !rsvt_map(rt, iova, span, span, GFP_ATOMIC));
	expect_slot_flush(rt, iova, RSVT_LEAF);
	RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, span, span, NULL));
	rsvt_unreserve(rt, iova, span, BIT(rt->granule_shift));
	rsvt_unreserve(rt, iova, block, span);
	rsvt_expect_empty(rt);
}

/* Seen to fail with iopt_reserve_link() taking every table that returns for empty. */
static void tables_below_one_that_returns_are_flushed(struct kunit *test)
{
	rsvt_all_shapes(test, block_in_table_that_returns);
}

static void die_unseen(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	struct io_pgtable *iop = io_pgtable_ops_to_pgtable(rt->ops);
	unsigned long iova = rt->base + span;
	struct iommu_iotlb_gather gather;

	if (rt->top == RSVT_LEAF)
		return;
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, 2 * span, pgsize));
	/* No entry knows of them, not even one of the top */
	RSVT_EXPECT(rt, !rsvt_walk(rt, iova, rt->top));
	rsvt_unreserve(rt, iova, span, pgsize);
	iommu_iotlb_gather_init(&gather);
	rt->ops->unreserve(rt->ops, iova + span, span, pgsize, &gather);
	expect_no_flush(rt);
	RSVT_EXPECT(rt, !iop->rsv->nr_tables);
	/* Nor does a flush have to come first, which a gather is for */
	RSVT_EXPECT(rt, iommu_pages_list_empty(&gather.freelist));
	RSVT_EXPECT(rt, !rsvt_walk(rt, iova, rt->top));
}

/*
 * Seen to fail with tables that count as seen from the start, and with a flush of
 * those that were not.
 */
static void tables_never_seen_go_at_once_and_unflushed(struct kunit *test)
{
	rsvt_all_configs(test, die_unseen);
}

#ifdef CONFIG_IOMMU_RESERVE_IDLE
/*
 * Idle tables: a table that comes back is there already.
 */

static void find_idle(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long iova = rt->base + rsvt_span(rt, RSVT_LEAF);
	struct rsvt_state *state = rsvt_state(rt->test);
	void *table;

	if (rt->top == RSVT_LEAF)
		return;
	rsvt_come_and_go(rt, iova, pgsize);
	table = rsvt_table(rt, iova, RSVT_LEAF);
	RSVT_EXPECT(rt, table);

	/* With nothing to allocate, to clear or to flush */
	rsvt_forget_flushes(rt);
	RSVT_EXPECT(rt, !rsvt_reserve_failing(rt, 1, true, iova, pgsize, pgsize));
	RSVT_EXPECT(rt, !state->nr);
	rsvt_use(rt, iova, pgsize, pgsize);
	RSVT_EXPECT(rt, rsvt_table(rt, iova, RSVT_LEAF) == table);
	expect_no_flush(rt);

	/* It is not taken while it is in use */
	RSVT_EXPECT(rt, !rsvt_map(rt, iova, pgsize, pgsize, GFP_ATOMIC));
	io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
	RSVT_EXPECT(rt, rsvt_translates(rt, iova));
	RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, pgsize, pgsize, NULL));
	rsvt_unreserve(rt, iova, pgsize, pgsize);
	rsvt_expect_empty(rt);
}

/*
 * Seen to fail with tables that always die at once, and with iopt_kill() not
 * looking at the count.
 */
static void idle_tables_serve_the_next_reserve(struct kunit *test)
{
	rsvt_all_configs(test, find_idle);
}

static void bound_idle(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	struct io_pgtable *iop = io_pgtable_ops_to_pgtable(rt->ops);
	unsigned long iova = rt->base + span;

	if (!keep_upper(rt))
		return;
	for (unsigned int i = 0; i < RSVT_IDLE_MAX; i++)
		rsvt_come_and_go(rt, iova + i * span, pgsize);
	expect_no_flush(rt);
	RSVT_EXPECT(rt, iop->rsv->nr_idle == RSVT_IDLE_MAX);

	/* The first one is used again, so that the second is the oldest */
	rsvt_come_and_go(rt, iova, pgsize);
	expect_no_flush(rt);
	rsvt_come_and_go(rt, iova + RSVT_IDLE_MAX * span, pgsize);
	RSVT_EXPECT(rt, iop->rsv->nr_idle == RSVT_IDLE_MAX);
	expect_slot_flush(rt, iova + span, RSVT_LEAF);
	RSVT_EXPECT(rt, rsvt_table(rt, iova, RSVT_LEAF));
	RSVT_EXPECT(rt, !rsvt_table(rt, iova + span, RSVT_LEAF));
	RSVT_EXPECT(rt, rsvt_table(rt, iova + 2 * span, RSVT_LEAF));

	/* What is asked for goes, the oldest first */
	rsvt_forget_flushes(rt);
	RSVT_EXPECT(rt, io_pgtable_trim(rt->ops, 0, NULL) == 0);
	expect_no_flush(rt);
	RSVT_EXPECT(rt, io_pgtable_trim(rt->ops, 1, NULL) == 1);
	expect_slot_flush(rt, iova + 2 * span, RSVT_LEAF);
	RSVT_EXPECT(rt, io_pgtable_trim(rt->ops, ULONG_MAX, NULL) == RSVT_IDLE_MAX - 1);
	RSVT_EXPECT(rt, io_pgtable_trim(rt->ops, ULONG_MAX, NULL) == 0);
	RSVT_EXPECT(rt, !iop->rsv->nr_idle);
	drop_upper(rt);
}

/*
 * Seen to fail with a table on the list staying where it is there, and with the
 * youngest tables going first.
 */
static void idle_tables_are_few_and_the_oldest_go_first(struct kunit *test)
{
	rsvt_all_shapes(test, bound_idle);
}

/* With interrupts off; each unreserve() has another go */
static void one_release_lets_few_die(struct kunit *test)
{
	struct rsvt *rt = rsvt_gpu(test);
	struct iopt_reserve *rsv = io_pgtable_ops_to_pgtable(rt->ops)->rsv;
	unsigned int left = 3 * IOPT_LOCKED;

	rsv->max_idle = left;
	for (unsigned int i = 0; i < left; i++)
		rsvt_come_and_go(rt, SZ_1G + i * SZ_2M, SZ_4K);
	KUNIT_ASSERT_EQ(test, left, rsv->nr_idle);
	rsv->max_idle = 1;

	while (left > 1) {
		KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_1G, SZ_4K, SZ_4K));
		rsvt_unreserve(rt, SZ_1G, SZ_4K, SZ_4K);
		left = max(left - IOPT_LOCKED, 1);
		KUNIT_EXPECT_EQ(test, left, rsv->nr_idle);
	}
	rsvt_free(rt);
}

static void count_idle_bytes(struct rsvt *rt)
{
	RSVT_EXPECT(rt, rt->max_idle << rt->granule_shift == SZ_2M);
}

/* Each alone in its upper tables, which go with it and not one after the other */
static void trim_in_steps(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	struct io_pgtable *iop = io_pgtable_ops_to_pgtable(rt->ops);
	unsigned long step, tables;

	if (RSVT_LEAF - rt->top < 2)
		return;
	step = rsvt_span(rt, RSVT_LEAF - 1);
	if (BIT_ULL(rt->config.ias) / step < RSVT_IDLE_MAX + 2)
		return;

	for (unsigned int i = 0; i < RSVT_IDLE_MAX; i++)
		rsvt_come_and_go(rt, rt->base + i * step, pgsize);
	tables = iop->rsv->nr_tables;
	rsvt_come_and_go(rt, rt->base + RSVT_IDLE_MAX * step, pgsize);
	RSVT_EXPECT(rt, iop->rsv->nr_idle == RSVT_IDLE_MAX);
	RSVT_EXPECT(rt, iop->rsv->nr_tables >= tables);
	RSVT_EXPECT(rt, iop->rsv->nr_tables <= tables + RSVT_LEAF - 1);
	RSVT_EXPECT(rt, !rsvt_table(rt, rt->base, RSVT_LEAF - 1));
	RSVT_EXPECT(rt, rsvt_table(rt, rt->base + step, RSVT_LEAF));
	rsvt_expect_empty(rt);
}

static void tables_above_idle_ones_go_with_them(struct kunit *test)
{
	rsvt_all_shapes(test, trim_in_steps);
}

static void idle_tables_are_2m_of_memory(struct kunit *test)
{
	rsvt_all_shapes(test, count_idle_bytes);
}

/* What reserve() holds is given back, but tables that the hardware saw stay */
static void fail_beside_idle(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	unsigned long iova = rt->base + span;
	struct io_pgtable *iop = io_pgtable_ops_to_pgtable(rt->ops);
	unsigned int fail = 0;
	unsigned long tables;
	void *table;
	int ret;

	if (!keep_upper(rt))
		return;
	rsvt_come_and_go(rt, iova, pgsize);
	rsvt_come_and_go(rt, iova + 2 * span, pgsize);
	table = rsvt_table(rt, iova, RSVT_LEAF);
	tables = iop->rsv->nr_tables;
	rsvt_forget_flushes(rt);

	do {
		ret = rsvt_reserve_failing(rt, ++fail, true, iova, 4 * span, pgsize);
		if (!ret)
			break;
		RSVT_EXPECT(rt, ret == -ENOMEM);
		RSVT_EXPECT(rt, iop->rsv->nr_tables == tables);
		RSVT_EXPECT(rt, iop->rsv->nr_idle == 2);
	} while (rt->test->status != KUNIT_FAILURE);
	RSVT_EXPECT(rt, fail > 2);
	expect_no_flush(rt);
	RSVT_EXPECT(rt, rsvt_table(rt, iova, RSVT_LEAF) == table);
	rsvt_unreserve(rt, iova, 4 * span, pgsize);
	rsvt_use(rt, rt->base, pgsize, pgsize);
	drop_upper(rt);
}

static void a_reserve_that_fails_leaves_idle_tables(struct kunit *test)
{
	rsvt_all_shapes(test, fail_beside_idle);
}

/* While a reserve() allocates, the others let go of the table that it holds */
static void unreserve_first_table(struct rsvt *rt)
{
	unsigned long span = rsvt_span(rt, RSVT_LEAF);

	rsvt_unreserve(rt, rt->base + span, span, BIT(rt->granule_shift));
}

static void fail_with_last_hold(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	struct io_pgtable *iop = io_pgtable_ops_to_pgtable(rt->ops);
	unsigned long iova = rt->base + span;

	if (!keep_upper(rt))
		return;
	for (unsigned int i = 0; i < RSVT_IDLE_MAX; i++)
		rsvt_come_and_go(rt, iova + (4 + i) * span, pgsize);
	reserve_and_use(rt, iova, 1);

	rsvt_state(rt->test)->before = unreserve_first_table;
	RSVT_EXPECT(rt, rsvt_reserve_failing(rt, 1, true, iova, 2 * span, pgsize) ==
			-ENOMEM);
	/* One too many, until somebody releases who can flush */
	expect_no_flush(rt);
	RSVT_EXPECT(rt, iop->rsv->nr_idle == RSVT_IDLE_MAX + 1);
	rsvt_unreserve(rt, rt->base, pgsize, pgsize);
	RSVT_EXPECT(rt, iop->rsv->nr_idle == RSVT_IDLE_MAX);
	RSVT_EXPECT(rt, rt->flushes.walks == 2);
	rsvt_expect_empty(rt);
}

static void a_reserve_that_fails_flushes_nothing(struct kunit *test)
{
	rsvt_all_shapes(test, fail_with_last_hold);
}

/*
 * Reclaim has the idle tables of all page tables. These have one level below the
 * top, so that nothing is above a table that goes.
 */

static unsigned long idle_tables(struct rsvt *rt)
{
	return io_pgtable_ops_to_pgtable(rt->ops)->rsv->nr_idle;
}

static struct rsvt *new_idle(struct kunit *test, unsigned int nr)
{
	static const struct rsvt_config config = {
		.fmt = ARM_64_LPAE_S1,
		.pgsizes = SZ_4K | SZ_2M,
		.ias = 30,
		.oas = 32,
		.quirks = RSVT_QUIRKS,
	};
	struct rsvt *rt = rsvt_new(test, &config);

	for (unsigned int i = 0; i < nr; i++)
		rsvt_come_and_go(rt, i * SZ_2M, SZ_4K);
	RSVT_EXPECT(rt, idle_tables(rt) == nr);
	rsvt_forget_flushes(rt);
	return rt;
}

static unsigned long reclaim_count(void)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL };
	unsigned long nr = iopt_idle_count(NULL, &sc);

	return nr == SHRINK_EMPTY ? 0 : nr;
}

static unsigned long reclaim_scan(unsigned long nr)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL, .nr_to_scan = nr };

	return iopt_idle_scan(NULL, &sc);
}

/* What others left behind does not count */
static void reclaim_begin(struct kunit *test)
{
	reclaim_scan(ULONG_MAX);
	KUNIT_ASSERT_EQ(test, 0, reclaim_count());
}

static void reclaim_has_idle_tables(struct kunit *test)
{
	struct shrink_control sc = {};
	struct rsvt *rt[3];
	long pages;

	reclaim_begin(test);
	KUNIT_EXPECT_EQ(test, SHRINK_EMPTY, iopt_idle_count(NULL, &sc));
	for (int i = 0; i < ARRAY_SIZE(rt); i++)
		rt[i] = new_idle(test, 3 + i);
	KUNIT_EXPECT_EQ(test, 12, reclaim_count());

	/* As many as it asks for, and each is flushed */
	rcu_barrier();
	pages = iopt_kunit_pages();
	KUNIT_EXPECT_EQ(test, 5, reclaim_scan(5));
	KUNIT_EXPECT_EQ(test, 7, reclaim_count());
	KUNIT_EXPECT_EQ(test, 5, rt[0]->flushes.walks + rt[1]->flushes.walks +
				 rt[2]->flushes.walks);
	rcu_barrier();
	/* A page that several share goes with the last of them */
	if (rsvt_pages_of(rt[0], 5) == 5)
		KUNIT_EXPECT_EQ(test, pages - 5, iopt_kunit_pages());

	/* Or as many as there are */
	KUNIT_EXPECT_EQ(test, 7, reclaim_scan(100));
	KUNIT_EXPECT_EQ(test, 0, reclaim_scan(100));
	for (int i = 0; i < ARRAY_SIZE(rt); i++) {
		KUNIT_EXPECT_EQ(test, 0, idle_tables(rt[i]));
		KUNIT_EXPECT_EQ(test, 3 + i, rt[i]->flushes.walks);
		rsvt_expect_empty(rt[i]);
		rsvt_free(rt[i]);
	}
	KUNIT_EXPECT_EQ(test, SHRINK_EMPTY, iopt_idle_count(NULL, &sc));
}

/* Whose tables are in use does not lose them */
static void reclaim_leaves_what_is_in_use(struct kunit *test)
{
	struct rsvt *rt;

	reclaim_begin(test);
	rt = new_idle(test, 2);
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_2M, SZ_4K, SZ_4K));
	/* Only a map takes the lock, to see that it is not idle any more */
	KUNIT_EXPECT_EQ(test, 2, reclaim_count());
	KUNIT_EXPECT_EQ(test, 0, rsvt_map(rt, SZ_2M, SZ_4K, SZ_4K, GFP_ATOMIC));
	KUNIT_EXPECT_EQ(test, 1, reclaim_count());
	KUNIT_EXPECT_EQ(test, 1, reclaim_scan(100));
	KUNIT_EXPECT_EQ(test, 0, reclaim_count());
	KUNIT_EXPECT_EQ(test, 1, io_pgtable_reserved_tables(rt->ops));
	RSVT_EXPECT(rt, rsvt_translates(rt, SZ_2M));
	KUNIT_EXPECT_EQ(test, 0, rsvt_unmap(rt, SZ_2M, SZ_4K, SZ_4K, NULL));
	rsvt_unreserve(rt, SZ_2M, SZ_4K, SZ_4K);
	rsvt_expect_empty(rt);
	rsvt_free(rt);
}

/* Whoever flushes an IOMMU then may find it without a clock */
static void reclaim_leaves_a_system_that_sleeps(struct kunit *test)
{
	enum system_states state = system_state;
	struct rsvt *rt;

	reclaim_begin(test);
	rt = new_idle(test, 2);
	system_state = SYSTEM_SUSPEND;
	KUNIT_EXPECT_EQ(test, SHRINK_STOP, reclaim_scan(100));
	system_state = state;
	KUNIT_EXPECT_EQ(test, 2, idle_tables(rt));
	KUNIT_EXPECT_EQ(test, 0, rt->flushes.walks);
	KUNIT_EXPECT_EQ(test, 2, reclaim_scan(100));
	rsvt_free(rt);
}

/* All page tables give, a little at a time */
static void reclaim_goes_around(struct kunit *test)
{
	struct rsvt *rt[3];

	reclaim_begin(test);
	for (int i = 0; i < ARRAY_SIZE(rt); i++)
		rt[i] = new_idle(test, 4);
	for (int round = 1; round <= 4; round++) {
		for (int i = 0; i < ARRAY_SIZE(rt); i++)
			KUNIT_EXPECT_EQ(test, 1, reclaim_scan(1));
		for (int i = 0; i < ARRAY_SIZE(rt); i++)
			KUNIT_EXPECT_EQ(test, 4 - round, idle_tables(rt[i]));
	}
	for (int i = 0; i < ARRAY_SIZE(rt); i++)
		rsvt_free(rt[i]);
}

static unsigned long trim_asked, trim_calls;
static bool trim_refuses;

static unsigned long owner_trim(unsigned long nr, void *cookie)
{
	struct rsvt *rt = cookie;

	trim_asked = nr;
	trim_calls++;
	return trim_refuses ? 0 : io_pgtable_trim(rt->ops, nr, NULL);
}

static void reclaim_asks_the_owner(struct kunit *test)
{
	struct iommu_flush_ops tlb = rsvt_tlb_ops;
	struct rsvt *owned, *other;

	tlb.trim = owner_trim;
	trim_calls = 0;
	reclaim_begin(test);
	owned = new_idle(test, 3);
	io_pgtable_ops_to_pgtable(owned->ops)->cfg.tlb = &tlb;
	other = new_idle(test, 6);

	/* It says no, and the next one is asked */
	trim_refuses = true;
	KUNIT_EXPECT_EQ(test, 2, reclaim_scan(2));
	KUNIT_EXPECT_EQ(test, 1, trim_calls);
	KUNIT_EXPECT_EQ(test, 2, trim_asked);
	KUNIT_EXPECT_EQ(test, 3, idle_tables(owned));
	KUNIT_EXPECT_EQ(test, 4, idle_tables(other));
	KUNIT_EXPECT_EQ(test, 0, owned->flushes.walks);

	/* It gives all, and the next one gives the rest */
	trim_refuses = false;
	KUNIT_EXPECT_EQ(test, 5, reclaim_scan(5));
	KUNIT_EXPECT_EQ(test, 2, trim_calls);
	KUNIT_EXPECT_EQ(test, 5, trim_asked);
	KUNIT_EXPECT_EQ(test, 0, idle_tables(owned));
	KUNIT_EXPECT_EQ(test, 2, idle_tables(other));

	/* It has none, and is not asked */
	KUNIT_EXPECT_EQ(test, 2, reclaim_scan(5));
	KUNIT_EXPECT_EQ(test, 2, trim_calls);
	rsvt_free(owned);
	rsvt_free(other);
}

static void reclaim_forgets_page_tables_that_go(struct kunit *test)
{
	struct rsvt *rt[3];

	reclaim_begin(test);
	for (int i = 0; i < ARRAY_SIZE(rt); i++)
		rt[i] = new_idle(test, 3);
	KUNIT_EXPECT_EQ(test, 9, reclaim_count());
	rsvt_free(rt[1]);
	KUNIT_ASSERT_EQ(test, 6, reclaim_count());
	KUNIT_EXPECT_EQ(test, 6, reclaim_scan(100));
	rsvt_free(rt[0]);
	rsvt_free(rt[2]);
	KUNIT_EXPECT_EQ(test, 0, reclaim_count());
	KUNIT_EXPECT_EQ(test, 0, reclaim_scan(100));
}

/*
 * The stock: the tables of a first mapping are allocated before it comes.
 */

static unsigned int stock_tables(struct rsvt *rt)
{
	return iopt_stock_tables(io_pgtable_ops_to_pgtable(rt->ops)->rsv);
}

/* With the allocation number @fail failing */
static void stock_failing(struct rsvt *rt, unsigned int fail)
{
	struct rsvt_state *state = rsvt_state(rt->test);

	state->nr = 0;
	state->fail = fail;
	state->fail_all = false;
	io_pgtable_stock(rt->ops, GFP_KERNEL);
	state->fail = 0;
}

static void first_of_stock(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	struct rsvt_state *state = rsvt_state(rt->test);
	unsigned int levels = RSVT_LEAF - rt->top;
	struct io_pgtable_reserve_stats stats;

	io_pgtable_stock(rt->ops, GFP_KERNEL);
	RSVT_EXPECT(rt, stock_tables(rt) == levels);
	/* It is not worth an OOM kill */
	RSVT_EXPECT(rt, state->gfp & __GFP_NORETRY);
	io_pgtable_reserve_stats(rt->ops, &stats);
	RSVT_EXPECT(rt, stats.tables == levels && stats.idle == levels);
	RSVT_EXPECT(rt, io_pgtable_reserved_tables(rt->ops) == levels);

	/* Whoever is first takes nothing from the allocator */
	RSVT_EXPECT(rt, !rsvt_reserve_failing(rt, 1, true, rt->base, pgsize, pgsize));
	RSVT_EXPECT(rt, !state->nr);
	RSVT_EXPECT(rt, !stock_tables(rt));
	rsvt_use(rt, rt->base, pgsize, pgsize);
	RSVT_EXPECT(rt, io_pgtable_reserved_tables(rt->ops) == levels);
	rsvt_unreserve(rt, rt->base, pgsize, pgsize);
	rsvt_expect_empty(rt);
}

/*
 * Seen to fail with a reserve() that does not look for the stock, and with one that
 * leaves it there.
 */
static void the_stock_serves_the_first_reserve(struct kunit *test)
{
	rsvt_all_configs(test, first_of_stock);
}

/* What the first one does not need, or cannot do with, is not kept */
static void rest_of_stock(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long blocks = BIT(rsvt_shift(rt, RSVT_LEAF - 1));
	unsigned int levels = RSVT_LEAF - rt->top;

	if (levels > 1 && rsvt_pgsizes(rt) & blocks) {
		io_pgtable_stock(rt->ops, GFP_KERNEL);
		RSVT_EXPECT(rt, !rsvt_reserve(rt, rt->base, blocks, blocks));
		RSVT_EXPECT(rt, !stock_tables(rt));
		RSVT_EXPECT(rt, io_pgtable_reserved_tables(rt->ops) == levels - 1);
		rsvt_unreserve(rt, rt->base, blocks, blocks);
	}

	/* Twice is once, and it goes with the page table */
	io_pgtable_stock(rt->ops, GFP_KERNEL);
	io_pgtable_stock(rt->ops, GFP_KERNEL);
	RSVT_EXPECT(rt, stock_tables(rt) == levels);
	RSVT_EXPECT(rt, !rsvt_reserve(rt, rt->base, pgsize, pgsize));
	rsvt_unreserve(rt, rt->base, pgsize, pgsize);
	io_pgtable_stock(rt->ops, GFP_KERNEL);
}

static void what_is_left_of_the_stock_is_freed(struct kunit *test)
{
	rsvt_all_configs(test, rest_of_stock);
}

static void fail_stock(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	struct rsvt_state *state = rsvt_state(rt->test);
	unsigned int fail = 0, all;

	do {
		stock_failing(rt, ++fail);
		all = state->nr;
		RSVT_EXPECT(rt, stock_tables(rt) <= RSVT_LEAF - rt->top);
		/* Whatever is there, the next one allocates what is not */
		RSVT_EXPECT(rt, !rsvt_reserve(rt, rt->base, pgsize, pgsize));
		RSVT_EXPECT(rt, !stock_tables(rt));
		rsvt_unreserve(rt, rt->base, pgsize, pgsize);
	} while (fail <= all);
	rsvt_expect_empty(rt);
}

static void a_stock_is_not_promised(struct kunit *test)
{
	rsvt_all_configs(test, fail_stock);
}

static void reclaim_has_the_stock(struct kunit *test)
{
	struct rsvt *rt;
	long pages;

	reclaim_begin(test);
	rt = new_idle(test, 3);
	rcu_barrier();
	pages = iopt_kunit_pages();
	io_pgtable_stock(rt->ops, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, 1, stock_tables(rt));
	KUNIT_EXPECT_EQ(test, 4, reclaim_count());

	/* It goes first: nothing is to be flushed for it */
	KUNIT_EXPECT_EQ(test, 1, reclaim_scan(1));
	KUNIT_EXPECT_EQ(test, 0, stock_tables(rt));
	KUNIT_EXPECT_EQ(test, 0, rt->flushes.walks);
	KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());
	KUNIT_EXPECT_EQ(test, 3, reclaim_count());
	KUNIT_EXPECT_EQ(test, 3, reclaim_scan(100));

	/* And without a table that is idle */
	io_pgtable_stock(rt->ops, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, 1, reclaim_count());
	KUNIT_EXPECT_EQ(test, 1, reclaim_scan(100));
	KUNIT_EXPECT_EQ(test, 0, reclaim_count());
	rsvt_free(rt);
}

/* A stock that is more than reclaim asks for is no reason to take idle tables */
static void reclaim_stops_after_the_stock(struct kunit *test)
{
	struct rsvt *rt;

	reclaim_begin(test);
	rt = rsvt_gpu(test);
	rsvt_come_and_go(rt, SZ_1G, SZ_4K);
	KUNIT_ASSERT_EQ(test, 1, idle_tables(rt));
	io_pgtable_stock(rt->ops, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, 3, stock_tables(rt));
	KUNIT_EXPECT_EQ(test, 3, reclaim_scan(1));
	KUNIT_EXPECT_EQ(test, 1, idle_tables(rt));
	rsvt_free(rt);
}
#endif

static struct kunit_case flush_cases[] = {
	KUNIT_CASE(released_tables_join_the_gather),
	KUNIT_CASE(unmap_releases_what_it_unmaps),
	KUNIT_CASE(tables_wait_for_the_flush_of_the_caller),
	KUNIT_CASE(lists_of_tables_are_joined),
	KUNIT_CASE(what_died_before_a_pause_dies_once),
	KUNIT_CASE(what_died_before_a_pause_joins_the_gather),
	KUNIT_CASE(without_tlb_add_page_each_slot_is_flushed),
	KUNIT_CASE(a_page_table_goes_with_what_waits_for_readers),
	KUNIT_CASE(without_a_gather_each_slot_is_flushed_once),
	KUNIT_CASE(slots_are_empty_before_they_are_flushed),
	KUNIT_CASE(emptied_slots_are_flushed_by_who_fills_them),
	KUNIT_CASE(emptied_slots_are_flushed_by_who_maps_a_block),
	KUNIT_CASE(runs_are_looked_at_to_their_end),
	KUNIT_CASE(blocks_flush_what_they_cover),
	KUNIT_CASE(tables_emptied_as_blocks_stay),
	KUNIT_CASE(blocks_flush_the_tables_below_them),
	KUNIT_CASE(tables_below_one_that_returns_are_flushed),
	{}
};

static struct kunit_suite flush_suite = {
	.name = "io-pgtable-reserve-flushes",
	.init = rsvt_test_init,
	.exit = rsvt_test_exit,
	.test_cases = flush_cases,
};

static struct kunit_case idle_cases[] = {
	KUNIT_CASE_SLOW(tables_never_seen_go_at_once_and_unflushed),
#ifdef CONFIG_IOMMU_RESERVE_IDLE
	KUNIT_CASE_SLOW(idle_tables_serve_the_next_reserve),
	KUNIT_CASE(idle_tables_are_few_and_the_oldest_go_first),
	KUNIT_CASE(tables_above_idle_ones_go_with_them),
	KUNIT_CASE(one_release_lets_few_die),
	KUNIT_CASE(idle_tables_are_2m_of_memory),
	KUNIT_CASE(a_reserve_that_fails_leaves_idle_tables),
	KUNIT_CASE(a_reserve_that_fails_flushes_nothing),
	KUNIT_CASE(reclaim_has_idle_tables),
	KUNIT_CASE(reclaim_leaves_what_is_in_use),
	KUNIT_CASE(reclaim_leaves_a_system_that_sleeps),
	KUNIT_CASE(reclaim_goes_around),
	KUNIT_CASE(reclaim_asks_the_owner),
	KUNIT_CASE(reclaim_forgets_page_tables_that_go),
	KUNIT_CASE_SLOW(the_stock_serves_the_first_reserve),
	KUNIT_CASE_SLOW(what_is_left_of_the_stock_is_freed),
	KUNIT_CASE_SLOW(a_stock_is_not_promised),
	KUNIT_CASE(reclaim_has_the_stock),
	KUNIT_CASE(reclaim_stops_after_the_stock),
#endif
	{}
};

static struct kunit_suite idle_suite = {
	.name = "io-pgtable-reserve-idle",
	.init = rsvt_test_init,
	.exit = rsvt_test_exit,
	.test_cases = idle_cases,
};

kunit_test_suites(&flush_suite, &idle_suite);

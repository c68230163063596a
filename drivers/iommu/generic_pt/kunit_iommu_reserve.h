/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests of reservations in generic page tables, for each format and configuration.
 *
 * What is mapped is not looked up in the page table alone: struct rsv_hw walks it as
 * an IOMMU does that caches tables and translations for as long as it may, and forgets
 * them only where a flush says so. A table that is freed too early, or a slot that is
 * filled without a flush, is seen as a wrong address, and by KASAN.
 */
#include "kunit_iommu.h"

#include <kunit/static_stub.h>
#include <linux/prandom.h>
#include <linux/rcupdate.h>

#include "../io-pgtable-kunit.h"
#include "../iommu-reserve.h"

#define RSV_HW_ENTRIES	256
#define RSV_RANDOM_STEPS	4000
#define RSV_OBJECTS	12

/* What a walk cache has: a table; or what a TLB has: a page */
struct rsv_hw_entry {
	pt_vaddr_t va;
	pt_vaddr_t last_va;
	unsigned int level;
	struct pt_table_p *table;
	pt_oaddr_t oa;
};

struct rsv_hw {
	struct rsv_hw_entry walks[RSV_HW_ENTRIES];
	unsigned int nr_walks;
	struct rsv_hw_entry pages[RSV_HW_ENTRIES];
	unsigned int nr_pages;
	/* Where walks begin: what the driver was told last */
	struct pt_table_p *top;
	unsigned int top_level;
	unsigned int nr_wrong;
};

struct rsv_priv {
	/* First: it is kunit::priv */
	struct kunit_iommu_priv p;
	struct rsv_hw hw;
	struct iopt_kunit_dma *dma;
	unsigned int first_top;
	/* Somebody reserves here, when the next one is about to grow */
	pt_vaddr_t quicker;
	int reports;
	long pages;
};

static struct rsv_priv *rsv_priv(struct kunit *test)
{
	return container_of((struct kunit_iommu_priv *)test->priv,
			    struct rsv_priv, p);
}

/*
 * One command is for one address, and they come in steps of what the lowest level that
 * the gather names has in an entry. As RISC-V's driver, but however many there are.
 */
static bool rsv_hw_hit(struct pt_common *common, const struct rsv_hw_entry *entry,
		       const struct iommu_iotlb_gather *gather)
{
	unsigned int levels = gather->pt.leaf_levels_bitmap |
			      gather->pt.table_levels_bitmap;
	struct pt_range range = pt_top_range(common);
	struct pt_state pts = pt_init(&range, levels ? __ffs(levels) : 0, NULL);
	pt_vaddr_t at = gather->start;

	if (entry->va > at)
		at += round_up(entry->va - at, log2_to_int(pt_table_item_lg2sz(&pts)));
	return at >= gather->start && at <= entry->last_va && at <= gather->end;
}

static bool rsv_hw_forgets(struct pt_common *common, const struct rsv_hw_entry *entry,
			   const struct iommu_iotlb_gather *gather, bool walk)
{
	if (pt_feature(common, PT_FEAT_DETAILED_GATHER) &&
	    !rsv_hw_hit(common, entry, gather))
		return false;
	/* A walk cache forgets what is below one item, as all of it is */
	if (walk)
		return entry->va >= gather->start && entry->last_va <= gather->end;
	return entry->va <= gather->end && entry->last_va >= gather->start;
}

static void rsv_hw_drop(struct pt_common *common, struct rsv_hw_entry *entries,
			unsigned int *nr, struct iommu_iotlb_gather *gather, bool walks)
{
	for (unsigned int i = 0; i < *nr;) {
		struct rsv_hw_entry *entry = &entries[i];

		if (rsv_hw_forgets(common, entry, gather, walks))
			*entry = entries[--*nr];
		else
			i++;
	}
}

/* As drivers of such formats: walk caches only if the gather says that they matter */
static void rsv_iotlb_sync(struct iommu_domain *domain,
			   struct iommu_iotlb_gather *gather)
{
	struct rsv_priv *priv = container_of(domain, struct rsv_priv, p.domain);
	bool leaves = iommu_iotlb_gather_leaves(gather);

	if (pt_feature(priv->p.common, PT_FEAT_DETAILED_GATHER)) {
		leaves = !gather->pt.table_levels_bitmap;
		/* Entries of leaf tables point to none */
		priv->hw.nr_wrong += gather->pt.table_levels_bitmap & BIT(0);
	}
	rsv_hw_drop(priv->p.common, priv->hw.pages, &priv->hw.nr_pages, gather, false);
	if (!leaves)
		rsv_hw_drop(priv->p.common, priv->hw.walks, &priv->hw.nr_walks, gather,
			    true);
	iommu_put_pages_list(&gather->freelist);
}

static const struct iommu_domain_ops rsv_kunit_ops = {
	IOMMU_PT_DOMAIN_OPS1(PTPFX_RAW),
	.iotlb_sync = &rsv_iotlb_sync,
};

static struct rsv_priv *rsv_priv_of(struct pt_iommu *iommu_table)
{
	return container_of(iommu_table, struct rsv_priv, p.fmt_table.iommu);
}

static void rsv_change_top(struct pt_iommu *iommu_table, phys_addr_t top_paddr,
			   unsigned int top_level)
{
	struct rsv_hw *hw = &rsv_priv_of(iommu_table)->hw;

	hw->top = phys_to_virt(top_paddr);
	hw->top_level = top_level;
}

static spinlock_t *rsv_get_top_lock(struct pt_iommu *iommu_table)
{
	struct rsv_priv *priv = rsv_priv_of(iommu_table);
	pt_vaddr_t va = priv->quicker, small = priv->p.smallest_pgsz;

	priv->quicker = 0;
	if (va && iommu_table->ops->reserve(iommu_table, va, small, small, GFP_KERNEL))
		priv->hw.nr_wrong++;
	return &priv->p.top_lock;
}

static const struct pt_iommu_driver_ops rsv_driver_ops = {
	.change_top = rsv_change_top,
	.get_top_lock = rsv_get_top_lock,
};

static struct rsv_hw_entry *rsv_hw_find(struct rsv_hw_entry *entries,
					unsigned int nr, pt_vaddr_t va)
{
	struct rsv_hw_entry *best = NULL;

	for (struct rsv_hw_entry *entry = entries; entry != entries + nr; entry++)
		if (va >= entry->va && va <= entry->last_va &&
		    (!best || entry->level < best->level))
			best = entry;
	return best;
}

static void rsv_hw_add(struct rsv_hw_entry *entries, unsigned int *nr,
		       struct rsv_hw_entry entry)
{
	/* The oldest goes */
	if (*nr == RSV_HW_ENTRIES)
		memmove(entries, entries + 1, --*nr * sizeof(*entries));
	entries[(*nr)++] = entry;
}

/* An access of the hardware. False if it faults */
static bool rsv_hw_load(struct kunit *test, pt_vaddr_t va, pt_oaddr_t *oa)
{
	struct rsv_priv *priv = rsv_priv(test);
	struct rsv_hw *hw = &priv->hw;
	struct pt_range range = pt_make_range(priv->p.common, va, va);
	struct pt_state pts = pt_init(&range, hw->top_level, hw->top);
	unsigned int lg2 = priv->p.smallest_pgsz_lg2;
	struct rsv_hw_entry *hit;

	if (hw->top_level < PT_MAX_TOP_LEVEL &&
	    pt_feature(priv->p.common, PT_FEAT_DYNAMIC_TOP) &&
	    log2_div(va, pt_num_items_lg2(&pts) + pt_table_item_lg2sz(&pts)))
		return false;

	hit = rsv_hw_find(hw->pages, hw->nr_pages, va);
	if (hit) {
		*oa = hit->oa + (va - hit->va);
		return true;
	}
	hit = rsv_hw_find(hw->walks, hw->nr_walks, va);
	if (hit)
		pts = pt_init(&range, hit->level, hit->table);

	while (pt_load_single_entry(&pts) == PT_ENTRY_TABLE) {
		unsigned int lg2sz = pt_table_item_lg2sz(&pts);
		struct rsv_hw_entry entry = {
			.va = log2_set_mod(va, 0, lg2sz),
			.last_va = log2_set_mod_max(va, lg2sz),
			.level = pts.level - 1,
			.table = pt_table_ptr(&pts),
		};

		rsv_hw_add(hw->walks, &hw->nr_walks, entry);
		pts = pt_init(&range, entry.level, entry.table);
	}
	if (pts.type != PT_ENTRY_OA)
		return false;

	*oa = pt_entry_oa_exact(&pts);
	/* Where a flush is of addresses a step apart, what it can leave out is an entry */
	if (pt_feature(priv->p.common, PT_FEAT_DETAILED_GATHER))
		lg2 = pt_table_item_lg2sz(&pts);
	rsv_hw_add(hw->pages, &hw->nr_pages, (struct rsv_hw_entry){
		.va = log2_set_mod(va, 0, lg2),
		.last_va = log2_set_mod_max(va, lg2),
		.oa = oalog2_set_mod(*oa, 0, lg2),
	});
	return true;
}

static void rsv_expect(struct kunit *test, pt_vaddr_t va, pt_oaddr_t oa)
{
	pt_oaddr_t seen = 0;

	KUNIT_ASSERT_TRUE_MSG(test, rsv_hw_load(test, va, &seen), "fault at %#llx",
			      (u64)va);
	KUNIT_ASSERT_EQ(test, (u64)seen, (u64)oa);
	KUNIT_ASSERT_EQ(test, (u64)oa,
			(u64)iommu_iova_to_phys(&rsv_priv(test)->p.domain, va));
}

static void rsv_expect_fault(struct kunit *test, pt_vaddr_t va)
{
	pt_oaddr_t seen;

	KUNIT_ASSERT_FALSE(test, rsv_hw_load(test, va, &seen));
	KUNIT_ASSERT_EQ(test, 0, (u64)iommu_iova_to_phys(&rsv_priv(test)->p.domain, va));
}

/* First, last, and somewhere in between */
static void rsv_expect_range(struct kunit *test, pt_vaddr_t va, pt_oaddr_t oa,
			     pt_vaddr_t len)
{
	rsv_expect(test, va, oa);
	rsv_expect(test, va + len / 2 + 5, oa + len / 2 + 5);
	rsv_expect(test, va + len - 1, oa + len - 1);
}

/* What a walker that is not coherent was not told of, but for the mark that it was */
static void rsv_expect_clean(struct kunit *test)
{
#ifdef pt_sw_bit
	struct rsv_priv *priv = rsv_priv(test);
	u64 done = pt_sw_bit(0);  /* SW_BIT_CACHE_FLUSH_DONE */

	if (pt_feature(priv->p.common, PT_FEAT_DMA_INCOHERENT)) {
		KUNIT_ASSERT_EQ(test, 0, iopt_kunit_dma_stale(priv->dma, done));
		KUNIT_ASSERT_EQ(test, 0, priv->dma->nr_errors);
	}
#endif
}

static int rsv_reserve(struct kunit *test, pt_vaddr_t va, pt_vaddr_t len,
		       pt_vaddr_t pgsz)
{
	struct kunit_iommu_priv *priv = test->priv;
	int ret = priv->iommu->ops->reserve(priv->iommu, va, len, pgsz, GFP_KERNEL);

	rsv_expect_clean(test);
	return ret;
}

static void rsv_unreserve(struct kunit *test, pt_vaddr_t va, pt_vaddr_t len,
			  pt_vaddr_t pgsz, struct iommu_iotlb_gather *gather)
{
	struct kunit_iommu_priv *priv = test->priv;

	priv->iommu->ops->unreserve(priv->iommu, va, len, pgsz, gather);
	rsv_expect_clean(test);
}

/* Maps without memory. Tables that died before can be freed meanwhile */
static int rsv_try_map(struct kunit *test, pt_vaddr_t va, pt_oaddr_t oa,
		       pt_vaddr_t len)
{
	struct kunit_iommu_priv *priv = test->priv;
	unsigned long tables = priv->iommu->rsv->nr_tables;
	long pages = iopt_kunit_pages();
	size_t mapped = 0;
	int ret;

	ret = priv->iommu->ops->map_range(priv->iommu, va, oa, len,
					  IOMMU_READ | IOMMU_WRITE, GFP_KERNEL, &mapped);
	KUNIT_ASSERT_GE(test, pages, iopt_kunit_pages());
	KUNIT_ASSERT_EQ(test, tables, priv->iommu->rsv->nr_tables);
	KUNIT_ASSERT_EQ(test, mapped, ret ? 0 : len);
	rsv_expect_clean(test);
	return ret;
}

static void rsv_map(struct kunit *test, pt_vaddr_t va, pt_oaddr_t oa, pt_vaddr_t len)
{
	KUNIT_ASSERT_NO_ERRNO(test, rsv_try_map(test, va, oa, len));
	rsv_expect_range(test, va, oa, len);
}

static void rsv_unmap(struct kunit *test, pt_vaddr_t va, pt_vaddr_t len)
{
	struct kunit_iommu_priv *priv = test->priv;
	unsigned long tables = priv->iommu->rsv->nr_tables;

	KUNIT_ASSERT_EQ(test, len, iommu_unmap(&priv->domain, va, len));
	KUNIT_ASSERT_EQ(test, tables, priv->iommu->rsv->nr_tables);
	rsv_expect_fault(test, va);
	rsv_expect_fault(test, va + len - 1);
	rsv_expect_clean(test);
}

static void rsv_sync(struct kunit *test, struct iommu_iotlb_gather *gather)
{
	struct kunit_iommu_priv *priv = test->priv;

	iommu_iotlb_sync(&priv->domain, gather);
}

/* Pages of page tables, once all that died is freed */
static long rsv_pages(void)
{
	rcu_barrier();
	return iopt_kunit_pages();
}

static pt_oaddr_t rsv_oa(struct kunit *test, pt_vaddr_t pgsz)
{
	struct kunit_iommu_priv *priv = test->priv;

	return oalog2_set_mod(priv->test_oa, 0, vaffs(pgsz));
}

/* The page sizes that fit a few times into the lower half of the address space */
static pt_vaddr_t rsv_sizes(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	unsigned int lg2 = min(priv->common->max_vasz_lg2, 63);

	return log2_mod(priv->safe_pgsize_bitmap, min(lg2 - 4, 48));
}

static pt_vaddr_t rsv_base(pt_vaddr_t pgsz, pt_vaddr_t smallest)
{
	return ALIGN(smallest * 256, pgsz);
}

/* What one item of a level spans */
static pt_vaddr_t rsv_item_size(struct kunit *test, unsigned int level)
{
	struct kunit_iommu_priv *priv = test->priv;
	struct pt_range range = pt_top_range(priv->common);
	struct pt_state pts = pt_init(&range, level, NULL);

	return log2_to_int(pt_table_item_lg2sz(&pts));
}

/* No table is there but the top, and those that were it before */
static void rsv_expect_none(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	struct iopt_reserve *rsv = priv->iommu->rsv;
	unsigned int first = rsv->geo.levels - 1 - rsv_priv(test)->first_top;

	KUNIT_ASSERT_EQ(test, rsv->nr_tables, first - rsv->root->level);
	/* Nor does anything hold the top but itself, and the former one */
	KUNIT_ASSERT_EQ(test, iopte_page_count(rsv->root), 1 + rsv->root->nr_children);
}

/* R1: each page size, mapped twice without memory, and gone without a trace */
static void rsv_test_sizes(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	pt_vaddr_t sizes = rsv_sizes(test);

	for (unsigned int lg2 = 0; lg2 != PT_VADDR_MAX_LG2; lg2++) {
		pt_vaddr_t pgsz = log2_to_int(lg2), va, len = 3 * pgsz;
		pt_oaddr_t oa = rsv_oa(test, pgsz);
		long pages;

		if (!(sizes & pgsz))
			continue;
		va = rsv_base(pgsz, priv->smallest_pgsz);
		/* The top grows once */
		KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, len, pgsz));
		rsv_unreserve(test, va, len, pgsz, NULL);
		pages = rsv_pages();

		KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, len, pgsz));
		for (int i = 0; i < 2; i++) {
			for (unsigned int page = 0; page < 3; page++)
				rsv_map(test, va + page * pgsz, oa + page * pgsz, pgsz);
			rsv_expect_range(test, va, oa, len);
			rsv_unmap(test, va, pgsz);
			rsv_unmap(test, va + pgsz, 2 * pgsz);
		}
		rsv_unreserve(test, va, len, pgsz, NULL);
		KUNIT_ASSERT_EQ(test, pages, rsv_pages());
		rsv_expect_none(test);
	}
}

/* Nothing is mapped outside of reservations, and nothing changes by the attempt */
static void rsv_test_strict(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	pt_vaddr_t pgsz = priv->smallest_pgsz;
	pt_vaddr_t leaf = rsv_item_size(test, 1);
	pt_vaddr_t va = leaf * 4;

	KUNIT_ASSERT_EQ(test, -ENOENT, rsv_try_map(test, va, 0, pgsz));
	KUNIT_ASSERT_EQ(test, -ENOENT, rsv_try_map(test, va, 0, leaf));
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, leaf, pgsz));
	KUNIT_ASSERT_EQ(test, -ENOENT, rsv_try_map(test, va - pgsz, 0, pgsz));
	KUNIT_ASSERT_EQ(test, -ENOENT, rsv_try_map(test, va + leaf, 0, pgsz));
	rsv_map(test, va, rsv_oa(test, pgsz), pgsz);
	/* Memory is in the way, of either kind */
	KUNIT_ASSERT_EQ(test, -EADDRINUSE, rsv_try_map(test, va, 0, pgsz));
	KUNIT_ASSERT_EQ(test, -EADDRINUSE, rsv_try_map(test, va, 0, leaf));
	rsv_expect(test, va, rsv_oa(test, pgsz));
	rsv_unmap(test, va, pgsz);
	rsv_unreserve(test, va, leaf, pgsz, NULL);
	KUNIT_ASSERT_EQ(test, -ENOENT, rsv_try_map(test, va, 0, pgsz));
	rsv_expect_none(test);
}

static void rsv_test_arguments(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	pt_vaddr_t pgsz = priv->smallest_pgsz;
	pt_vaddr_t va = pgsz * 256;
	long pages = rsv_pages();

	KUNIT_ASSERT_EQ(test, -EINVAL, rsv_reserve(test, va, 0, pgsz));
	KUNIT_ASSERT_EQ(test, -EINVAL, rsv_reserve(test, va, pgsz, 0));
	KUNIT_ASSERT_EQ(test, -EINVAL, rsv_reserve(test, va, pgsz, pgsz / 2));
	KUNIT_ASSERT_EQ(test, -EINVAL, rsv_reserve(test, va, pgsz, pgsz * 3));
	KUNIT_ASSERT_EQ(test, -EINVAL, rsv_reserve(test, va + 1, pgsz, pgsz));
	KUNIT_ASSERT_EQ(test, -EINVAL, rsv_reserve(test, va, pgsz + 1, pgsz));
	KUNIT_ASSERT_EQ(test, -ERANGE, rsv_reserve(test, -pgsz, 2 * pgsz, pgsz));
	if (priv->common->max_vasz_lg2 < 63)
		KUNIT_ASSERT_EQ(test, -ERANGE,
				rsv_reserve(test, log2_to_int(priv->common->max_vasz_lg2),
					    pgsz, pgsz));
	KUNIT_ASSERT_EQ(test, pages, rsv_pages());
	rsv_expect_none(test);
}

/*
 * Tables, a block over them, tables again: the hardware has each in its caches when
 * the next comes. The smallest pages are reserved at the ends of the block.
 */
static void rsv_test_block(struct kunit *test, pt_vaddr_t block)
{
	struct kunit_iommu_priv *priv = test->priv;
	pt_vaddr_t small = priv->smallest_pgsz;
	pt_vaddr_t va = rsv_base(block, small), end = va + block - small;
	pt_oaddr_t oa = rsv_oa(test, block);

	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, small, small));
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, end, small, small));
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, block, block));

	for (int i = 0; i < 2; i++) {
		rsv_map(test, va, oa + 7 * small, small);
		rsv_map(test, end, oa + 9 * small, small);
		KUNIT_ASSERT_EQ(test, -EADDRINUSE, rsv_try_map(test, va, oa, block));
		rsv_unmap(test, va, small);
		rsv_unmap(test, end, small);
		rsv_map(test, va, oa, block);
		rsv_unmap(test, va, block);
	}

	/* The tables beside the block go, and those that come are others */
	rsv_map(test, va, oa, block);
	rsv_unreserve(test, va, small, small, NULL);
	rsv_unreserve(test, end, small, small, NULL);
	rsv_pages();
	rsv_expect_range(test, va, oa, block);
	rsv_unmap(test, va, block);
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, small, small));
	rsv_map(test, va, oa, small);
	rsv_unmap(test, va, small);
	rsv_map(test, va, oa, block);
	rsv_unmap(test, va, block);
	rsv_unreserve(test, va, small, small, NULL);
	rsv_map(test, va, oa, block);
	rsv_unmap(test, va, block);
	rsv_unreserve(test, va, block, block, NULL);
}

static void rsv_test_blocks(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	pt_vaddr_t sizes = rsv_sizes(test);

	for (unsigned int lg2 = priv->smallest_pgsz_lg2 + 1; lg2 < 40; lg2++)
		if (sizes & log2_to_int(lg2))
			rsv_test_block(test, log2_to_int(lg2));
	rsv_expect_none(test);
}

/*
 * Tables went, and their slots were not flushed yet: who maps there meanwhile is seen
 * nevertheless. @len has several leaf tables, at its ends.
 */
static void rsv_test_unflushed_in(struct kunit *test, pt_vaddr_t va, pt_vaddr_t len)
{
	struct kunit_iommu_priv *priv = test->priv;
	pt_vaddr_t small = priv->smallest_pgsz;
	pt_vaddr_t end = va + len - small;
	pt_oaddr_t oa = rsv_oa(test, small);
	struct iommu_iotlb_gather gather;

	iommu_iotlb_gather_init(&gather);
	for (int i = 0; i < 3; i++) {
		KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, small, small));
		KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, end, small, small));
		rsv_map(test, va, oa + i * small, small);
		rsv_map(test, end, oa + (i + 5) * small, small);
		rsv_unmap(test, va, small);
		rsv_unmap(test, end, small);
		rsv_unreserve(test, va, small, small, &gather);
		rsv_unreserve(test, end, small, small, &gather);
	}
	/* All of the tables are in one gather, and a block is next */
	if (rsv_sizes(test) & len) {
		oa = rsv_oa(test, len);
		KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, len, len));
		rsv_map(test, va, oa, len);
		rsv_unmap(test, va, len);
		rsv_unreserve(test, va, len, len, &gather);
	}
	rsv_sync(test, &gather);
	rsv_pages();
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, small, small));
	rsv_map(test, va, oa, small);
	rsv_unmap(test, va, small);
	rsv_unreserve(test, va, small, small, NULL);
}

static void rsv_test_unflushed(struct kunit *test)
{
	for (unsigned int level = 1; level < 4; level++) {
		pt_vaddr_t len = rsv_item_size(test, level);

		if (log2_mod(len, min(rsv_priv(test)->p.common->max_vasz_lg2, 63) - 3) != len)
			break;
		rsv_test_unflushed_in(test, len, len);
	}
	rsv_expect_none(test);
}

/* What a gather has when tables went, and when none did */
static void rsv_test_gather(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	pt_vaddr_t small = priv->smallest_pgsz;
	pt_vaddr_t leaf = rsv_item_size(test, 1);
	struct iommu_iotlb_gather gather;

	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, leaf, leaf, small));
	rsv_map(test, leaf, rsv_oa(test, small), small);
	rsv_unmap(test, leaf, small);

	iommu_iotlb_gather_init(&gather);
	rsv_unreserve(test, leaf + small, leaf - small, small, &gather);
	KUNIT_ASSERT_TRUE(test, iommu_iotlb_gather_leaves(&gather));
	KUNIT_ASSERT_EQ(test, 0, gather.end);

	rsv_unreserve(test, leaf, small, small, &gather);
	KUNIT_ASSERT_FALSE(test, iommu_iotlb_gather_leaves(&gather));
	KUNIT_ASSERT_FALSE(test, iommu_pages_list_empty(&gather.freelist));
	KUNIT_ASSERT_LE(test, gather.start, (unsigned long)leaf);
	KUNIT_ASSERT_GE(test, gather.end, (unsigned long)(2 * leaf - 1));
	if (pt_feature(priv->common, PT_FEAT_DETAILED_GATHER))
		KUNIT_ASSERT_EQ(test, GENMASK(pt_top_range(priv->common).top_level, 1),
				gather.pt.table_levels_bitmap);
	rsv_sync(test, &gather);

	/* What the hardware never saw goes without a flush */
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, leaf, leaf, small));
	iommu_iotlb_gather_init(&gather);
	rsv_unreserve(test, leaf, leaf, small, &gather);
	KUNIT_ASSERT_TRUE(test, iommu_iotlb_gather_leaves(&gather));
	rsv_expect_none(test);
}

/* Reservations that share tables: each keeps what it needs */
static void rsv_test_neighbours(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	pt_vaddr_t small = priv->smallest_pgsz;
	pt_vaddr_t va = rsv_item_size(test, 1), leaf = va;
	pt_oaddr_t oa = rsv_oa(test, small);
	long pages;

	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, leaf, small));
	pages = rsv_pages();
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, 2 * small, small));
	KUNIT_ASSERT_EQ(test, pages, rsv_pages());
	rsv_map(test, va, oa, 2 * small);
	rsv_unreserve(test, va, leaf, small, NULL);
	rsv_expect_range(test, va, oa, 2 * small);
	rsv_unreserve(test, va, small, small, NULL);
	KUNIT_ASSERT_EQ(test, pages, rsv_pages());
	rsv_unmap(test, va, 2 * small);
	rsv_unreserve(test, va + small, small, small, NULL);
	rsv_expect_none(test);
}

/* A page table that grows, by reservations alone; what is below stays */
static void rsv_test_grow(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	pt_vaddr_t small = priv->smallest_pgsz, va = small * 256;
	pt_vaddr_t leaf = rsv_item_size(test, 1);
	pt_oaddr_t oa = rsv_oa(test, small);
	struct pt_range top;

	if (!pt_feature(priv->common, PT_FEAT_DYNAMIC_TOP))
		kunit_skip(test, "PT_FEAT_DYNAMIC_TOP not set for this format");
	if (IS_32BIT)
		kunit_skip(test, "Unable to test on 32bit");

	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, small, small));
	rsv_map(test, va, oa, small);
	while (1) {
		struct pt_range next;
		pt_vaddr_t above;
		size_t mapped = 0;

		top = pt_top_range(priv->common);
		if (top.max_vasz_lg2 == priv->common->max_vasz_lg2)
			break;
		above = top.last_va + 1;
		/* A map does not do it */
		KUNIT_ASSERT_EQ(test, -ENOENT,
				priv->iommu->ops->map_range(priv->iommu, above, oa, small,
							    IOMMU_READ, GFP_KERNEL, &mapped));
		/* Nor does a reservation that is none */
		KUNIT_ASSERT_EQ(test, -EINVAL, rsv_reserve(test, above + 1, small, small));
		KUNIT_ASSERT_EQ(test, top.top_level, pt_top_range(priv->common).top_level);
		KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, above, small, small));
		next = pt_top_range(priv->common);
		KUNIT_ASSERT_EQ(test, top.top_level + 1, next.top_level);
		rsv_expect(test, va, oa);
		rsv_map(test, above, oa + small, small);
		rsv_unmap(test, above, small);
		rsv_unreserve(test, above, small, small, NULL);
		rsv_expect(test, va, oa);

		/* A table that the former top gets now, and loses */
		KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va + leaf, small, small));
		rsv_map(test, va + leaf, oa + small, small);
		rsv_unmap(test, va + leaf, small);
		rsv_unreserve(test, va + leaf, small, small, NULL);
		rsv_expect(test, va, oa);
	}
	rsv_unmap(test, va, small);
	rsv_unreserve(test, va, small, small, NULL);
	if (priv->common->max_vasz_lg2 < PT_VADDR_MAX_LG2)
		KUNIT_ASSERT_EQ(test, -ERANGE,
				rsv_reserve(test, top.last_va + 1, small, small));
	rsv_expect_none(test);
}

/* Where the top grows, but not for ever: it does not for what no top can have */
static void rsv_test_beyond(struct kunit *test)
{
	struct rsv_priv *priv = rsv_priv(test);
	pt_vaddr_t small = priv->p.smallest_pgsz;
	struct pt_range top = pt_top_range(priv->p.common);
	pt_vaddr_t end = log2_to_int(top.max_vasz_lg2 + 9);

	if (priv->p.common->max_vasz_lg2 != PT_VADDR_MAX_LG2 || IS_32BIT ||
	    !pt_feature(priv->p.common, PT_FEAT_DYNAMIC_TOP))
		kunit_skip(test, "The top does not grow");

	/* The same page table once more, of fewer addresses */
	pt_iommu_deinit(priv->p.iommu);
	priv->p.cfg.common.hw_max_vasz_lg2 = top.max_vasz_lg2 + 9;
	KUNIT_ASSERT_NO_ERRNO(test, pt_iommu_init(&priv->p.fmt_table, &priv->p.cfg,
						  GFP_KERNEL));
	priv->p.domain.ops = &rsv_kunit_ops;
	priv->hw.top = pt_top_range(priv->p.common).top_table;

	KUNIT_ASSERT_EQ(test, -ERANGE, rsv_reserve(test, end, small, small));
	KUNIT_ASSERT_EQ(test, -ERANGE, rsv_reserve(test, end - small, 2 * small, small));
	KUNIT_ASSERT_EQ(test, top.top_level, pt_top_range(priv->p.common).top_level);
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, end - small, small, small));
	KUNIT_ASSERT_EQ(test, top.top_level + 1, pt_top_range(priv->p.common).top_level);
	rsv_map(test, end - small, rsv_oa(test, small), small);
	rsv_unmap(test, end - small, small);
	rsv_unreserve(test, end - small, small, small, NULL);
	rsv_expect_none(test);
}

/* Skip what is about a top that gets one above it, where it does not */
static void rsv_skip_unless_grows(struct kunit *test)
{
	struct pt_common *common = rsv_priv(test)->p.common;

	if (pt_top_range(common).max_vasz_lg2 == common->max_vasz_lg2 || IS_32BIT)
		kunit_skip(test, "The top does not grow");
}

/* Two that need another top at once: it is one, and the other's is freed */
static void rsv_test_grow_twice(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	struct pt_range top = pt_top_range(priv->common);
	pt_vaddr_t small = priv->smallest_pgsz, va = top.last_va + 1;
	pt_oaddr_t oa = rsv_oa(test, small);

	rsv_skip_unless_grows(test);

	rsv_priv(test)->quicker = va;
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, 2 * small, small));
	KUNIT_ASSERT_EQ(test, 0, rsv_priv(test)->quicker);
	KUNIT_ASSERT_EQ(test, top.top_level + 1, pt_top_range(priv->common).top_level);
	rsv_map(test, va, oa, 2 * small);
	rsv_unmap(test, va, 2 * small);
	rsv_unreserve(test, va, 2 * small, small, NULL);
	rsv_map(test, va, oa, small);
	rsv_unmap(test, va, small);
	rsv_unreserve(test, va, small, small, NULL);
	rsv_expect_none(test);
}

/* All that the top spans, which a larger top could have as one leaf */
static void rsv_test_whole(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	pt_vaddr_t small = priv->smallest_pgsz;
	struct pt_range top;

	if (!pt_feature(priv->common, PT_FEAT_DYNAMIC_TOP) || IS_32BIT)
		kunit_skip(test, "The top does not grow");

	for (top = pt_top_range(priv->common);
	     top.max_vasz_lg2 < priv->common->max_vasz_lg2;
	     top = pt_top_range(priv->common)) {
		pt_vaddr_t len = top.last_va + 1;
		pt_vaddr_t pgsz = 2 * rsv_item_size(test, top.top_level);

		if (priv->info.pgsize_bitmap & len) {
			KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, 0, len, pgsz));
			rsv_map(test, 0, rsv_oa(test, len), len);
			rsv_unmap(test, 0, len);
			rsv_unreserve(test, 0, len, pgsz, NULL);
			KUNIT_ASSERT_EQ(test, top.top_level,
					pt_top_range(priv->common).top_level);
		}
		KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, len, small, small));
		rsv_unreserve(test, len, small, small, NULL);
	}
	rsv_expect_none(test);
}

/* Released once too often, at a top and at what was one: reported, and both stay */
static void rsv_test_too_much(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	struct pt_range top = pt_top_range(priv->common);
	pt_vaddr_t small = priv->smallest_pgsz, above = top.last_va + 1;
	pt_vaddr_t va = rsv_item_size(test, top.top_level);
	pt_oaddr_t oa = rsv_oa(test, small);

	rsv_skip_unless_grows(test);

	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, va, va));
	rsv_unreserve(test, va, va, va, NULL);
	rsv_unreserve(test, va, va, va, NULL);
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, above, small, small));
	rsv_unreserve(test, above, small, small, NULL);
	rsv_unreserve(test, va, va, va, NULL);
#ifdef CONFIG_IOMMU_RESERVE_DEBUG
	rsv_priv(test)->reports += 2;
	/* It counts what was never there */
	atomic_long_set(&priv->iommu->rsv->entries, 0);
#endif
	rcu_barrier();
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, small, small));
	rsv_map(test, va, oa, small);
	rsv_unmap(test, va, small);
	rsv_unreserve(test, va, small, small, NULL);
	rsv_expect_none(test);
}

/* Memory is where a leaf of @size is to be, in the last of the entries that it has */
static void rsv_over_memory(struct kunit *test, pt_vaddr_t size, pt_vaddr_t pgsz)
{
	pt_vaddr_t va = rsv_base(size, rsv_priv(test)->p.smallest_pgsz);
	pt_vaddr_t last = va + size - pgsz;
	pt_oaddr_t oa = rsv_oa(test, size);

	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, size, size));
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, last, pgsz, pgsz));
	rsv_map(test, last, oa, pgsz);
	KUNIT_ASSERT_EQ(test, -EADDRINUSE, rsv_try_map(test, va, oa + size, size));
	rsv_expect_range(test, last, oa, pgsz);
	rsv_unmap(test, last, pgsz);
	rsv_map(test, va, oa + size, size);
	rsv_unmap(test, va, size);
	rsv_unreserve(test, last, pgsz, pgsz, NULL);
	rsv_unreserve(test, va, size, size, NULL);
}

static void rsv_test_over_memory(struct kunit *test)
{
	pt_vaddr_t sizes = rsv_sizes(test);

	for (unsigned int lg2 = 0; lg2 != PT_VADDR_MAX_LG2; lg2++)
		for (unsigned int below = 0; below <= lg2; below++)
			if (sizes & log2_to_int(lg2) && sizes & log2_to_int(below))
				rsv_over_memory(test, log2_to_int(lg2), log2_to_int(below));
	rsv_expect_none(test);
}

static void rsv_unreserve_wrong(struct kunit *test, pt_vaddr_t va, pt_vaddr_t len,
				pt_vaddr_t pgsz)
{
	kunit_warning_suppress(test) {
		rsv_unreserve(test, va, len, pgsz, NULL);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
}

/* What can not have been reserved is released: reported, and what is reserved stays */
static void rsv_test_unreserve_wrong(struct kunit *test)
{
	struct rsv_priv *priv = rsv_priv(test);
	struct pt_range top = pt_top_range(priv->p.common);
	pt_vaddr_t small = priv->p.smallest_pgsz, va = small * 256;
	pt_oaddr_t oa = rsv_oa(test, small);

	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, small, small));
	rsv_map(test, va, oa, small);

	rsv_unreserve_wrong(test, va, 0, small);
	rsv_unreserve_wrong(test, va, small, 0);
	rsv_unreserve_wrong(test, va, small, small / 2);
	rsv_unreserve_wrong(test, va, small, small * 3);
	rsv_unreserve_wrong(test, va + 1, small, small);
	rsv_unreserve_wrong(test, va, small + 1, small);
	/* Beyond all addresses, and those that differ from it by what no level looks at */
	rsv_unreserve_wrong(test, -small, 2 * small, small);
	if (top.max_vasz_lg2 < 63) {
		pt_vaddr_t end = log2_to_int(top.max_vasz_lg2);

		rsv_unreserve_wrong(test, end + va, small, small);
		rsv_unreserve_wrong(test, end - small, 2 * small, small);
	}

	rsv_expect(test, va, oa);
	rsv_unmap(test, va, small);
	rsv_map(test, va, oa, small);
	rsv_unmap(test, va, small);
	rsv_unreserve(test, va, small, small, NULL);
	rsv_expect_none(test);
}

/* The upper half of addresses that are sign extended */
static void rsv_test_upper(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	struct pt_range upper = pt_upper_range(priv->common);
	pt_vaddr_t small = priv->smallest_pgsz;
	pt_vaddr_t va = upper.last_va - 2 * small + 1;
	pt_oaddr_t oa = rsv_oa(test, small);

	if (!pt_feature(priv->common, PT_FEAT_SIGN_EXTEND))
		kunit_skip(test, "PT_FEAT_SIGN_EXTEND not set for this format");

	KUNIT_ASSERT_EQ(test, -ERANGE, rsv_reserve(test, upper.va - small, small, small));
	KUNIT_ASSERT_EQ(test, -ERANGE, rsv_reserve(test, pt_top_range(priv->common).last_va + 1,
						   small, small));
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, 2 * small, small));
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, upper.va, small, small));
	rsv_map(test, va, oa, small);
	rsv_map(test, upper.va, oa + small, small);
	rsv_expect_fault(test, va + small);
	/* The same bits in the lower half are another address */
	rsv_expect_fault(test, small * 256);
	rsv_unmap(test, va, small);
	rsv_unmap(test, upper.va, small);
	rsv_unreserve(test, va, 2 * small, small, NULL);
	rsv_unreserve(test, upper.va, small, small, NULL);
	rsv_expect_none(test);
}

static void rsv_iommu_map(struct kunit *test, pt_vaddr_t va, pt_oaddr_t oa,
			  pt_vaddr_t len)
{
	struct rsv_priv *priv = rsv_priv(test);
	unsigned long tables = priv->p.iommu->rsv->nr_tables;

	KUNIT_ASSERT_NO_ERRNO(test, iommu_map(&priv->p.domain, va, oa, len,
					      IOMMU_READ | IOMMU_WRITE, GFP_KERNEL));
	KUNIT_ASSERT_EQ(test, tables, priv->p.iommu->rsv->nr_tables);
	rsv_expect_range(test, va, oa, len);
	rsv_expect_clean(test);
}

static void rsv_unmap_unreserve(struct kunit *test, pt_vaddr_t va, pt_vaddr_t len)
{
	struct rsv_priv *priv = rsv_priv(test);

	KUNIT_ASSERT_EQ(test, len, iommu_unmap_unreserve(&priv->p.domain, va, len));
	rsv_expect_fault(test, va);
	rsv_expect_fault(test, va + len - 1);
	rsv_expect_clean(test);
}

/*
 * What is reserved as it will be mapped, in small pages and large ones, goes when it is
 * unmapped, however that is cut.
 */
static void rsv_test_unmap_unreserve(struct kunit *test)
{
	struct rsv_priv *priv = rsv_priv(test);
	struct iommu_domain *domain = &priv->p.domain;
	pt_vaddr_t small = priv->p.smallest_pgsz, leaf = rsv_item_size(test, 1);
	pt_vaddr_t va = 2 * leaf - small, len = leaf + 3 * small;
	pt_oaddr_t oa = rsv_oa(test, leaf) + leaf - small;

	for (int cut = 0; cut < 3; cut++) {
		KUNIT_ASSERT_NO_ERRNO(test, iommu_reserve(domain, va, oa, len, GFP_KERNEL));
		rsv_iommu_map(test, va, oa, len);
		if (!cut) {
			rsv_unmap_unreserve(test, va, len);
		} else if (cut == 1) {
			rsv_unmap_unreserve(test, va + small, leaf);
			rsv_expect(test, va, oa);
			rsv_expect(test, va + small + leaf, oa + small + leaf);
			rsv_unmap_unreserve(test, va + small + leaf, 2 * small);
			rsv_unmap_unreserve(test, va, small);
		} else {
			/* Reserved twice, so what is unmapped can be mapped again */
			KUNIT_ASSERT_NO_ERRNO(test, iommu_reserve(domain, va, oa, len,
								  GFP_KERNEL));
			rsv_unmap_unreserve(test, va, len);
			rsv_iommu_map(test, va, oa, len);
			rsv_unmap_unreserve(test, va, len);
		}
		KUNIT_ASSERT_EQ(test, -ENOENT, rsv_try_map(test, va, oa, small));
		rsv_expect_none(test);
	}

	/* Tables that are not side by side go by flushes on the way */
	KUNIT_ASSERT_NO_ERRNO(test, iommu_reserve(domain, small, oa + small, 8 * leaf,
						  GFP_KERNEL));
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, 2 * leaf, small, small));
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, 5 * leaf, small, small));
	rsv_iommu_map(test, small, oa + small, 8 * leaf);
	rsv_unmap_unreserve(test, small, 8 * leaf);
	rsv_unreserve(test, 2 * leaf, small, small, NULL);
	rsv_unreserve(test, 5 * leaf, small, small, NULL);
	rsv_expect_none(test);

	/* What is not mapped is released by itself */
	KUNIT_ASSERT_NO_ERRNO(test, iommu_reserve(domain, va, oa, len, GFP_KERNEL));
	iommu_unreserve(domain, va, oa, len);
	rsv_expect_none(test);
	KUNIT_ASSERT_EQ(test, -EINVAL, iommu_reserve(domain, va + 1, oa, len, GFP_KERNEL));
	KUNIT_ASSERT_EQ(test, -EINVAL, iommu_reserve(domain, va, oa, 0, GFP_KERNEL));
	rsv_expect_none(test);
}

static unsigned int rsv_may_alloc;

static unsigned int rsv_alloc_few(int nid, gfp_t gfp, size_t size, unsigned int nr,
				  struct iommu_pages_list *list)
{
	unsigned int done = 0;

	while (done < nr && rsv_may_alloc) {
		void *virt = iommu_alloc_pages_node_sz(nid, gfp, size);

		if (!virt)
			break;
		iommu_pages_list_add(list, virt);
		rsv_may_alloc--;
		done++;
	}
	return done;
}

/* Memory ends after each number of tables: all or nothing */
static void rsv_test_no_memory(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	pt_vaddr_t small = priv->smallest_pgsz, leaf = rsv_item_size(test, 1);
	pt_vaddr_t va = rsv_item_size(test, 2) - leaf;
	unsigned int tables = 0;
	long pages;
	int ret;

	if (priv->iommu->rsv->src.packed)
		kunit_skip(test, "tables share pages, of which there are always some");
	if (rsv_sizes(test) < va)
		kunit_skip(test, "too small an address space");
	/* The top grows first */
	KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve(test, va, 2 * leaf, small));
	rsv_unreserve(test, va, 2 * leaf, small, NULL);
	pages = rsv_pages();

	kunit_activate_static_stub(test, iommu_alloc_pages_list_node_sz, rsv_alloc_few);
	do {
		rsv_may_alloc = tables++;
		ret = rsv_reserve(test, va, 2 * leaf, small);
		if (ret) {
			KUNIT_ASSERT_EQ(test, -ENOMEM, ret);
			rsv_expect_none(test);
			KUNIT_ASSERT_EQ(test, pages, rsv_pages());
		}
	} while (ret);
	kunit_deactivate_static_stub(test, iommu_alloc_pages_list_node_sz);

	/* Two leaf tables, and what is above them */
	KUNIT_ASSERT_GE(test, tables, 3);
	rsv_map(test, va, rsv_oa(test, leaf), 2 * leaf);
	rsv_unmap(test, va, 2 * leaf);
	rsv_unreserve(test, va, 2 * leaf, small, NULL);
	rsv_expect_none(test);
}

/* The same of a range of two page sizes, which is reserved bit by bit */
static void rsv_test_no_memory_domain(struct kunit *test)
{
	struct rsv_priv *priv = rsv_priv(test);
	struct iommu_domain *domain = &priv->p.domain;
	pt_vaddr_t small = priv->p.smallest_pgsz, leaf = rsv_item_size(test, 1);
	pt_vaddr_t va = 2 * leaf + small;
	unsigned int tables = 0;
	int ret;

	if (priv->p.iommu->rsv->src.packed)
		kunit_skip(test, "tables share pages, of which there are always some");

	kunit_activate_static_stub(test, iommu_alloc_pages_list_node_sz, rsv_alloc_few);
	do {
		rsv_may_alloc = tables++;
		ret = iommu_reserve(domain, va, small, 2 * leaf, GFP_KERNEL);
		if (ret) {
			KUNIT_ASSERT_EQ(test, -ENOMEM, ret);
			rsv_expect_none(test);
		}
	} while (ret);
	kunit_deactivate_static_stub(test, iommu_alloc_pages_list_node_sz);

	KUNIT_ASSERT_GE(test, tables, 3);
	rsv_iommu_map(test, va, small, 2 * leaf);
	rsv_unmap_unreserve(test, va, 2 * leaf);
	rsv_expect_none(test);
}

/* A range that somebody reserves, maps, unmaps and releases */
struct rsv_object {
	pt_vaddr_t va;
	pt_vaddr_t len;
	pt_vaddr_t pgsz;
	pt_oaddr_t oa;
	/* By the functions of the domain, the page sizes of which are not @pgsz alone */
	bool domain;
	bool reserved;
	bool mapped;
};

static void rsv_draw(struct kunit *test, struct rnd_state *rnd, pt_vaddr_t sizes,
		     pt_vaddr_t region, struct rsv_object *obj)
{
	unsigned int n = hweight64(sizes), lg2 = 0;

	for (n = prandom_u32_state(rnd) % n + 1; n; lg2++)
		n -= !!(sizes & log2_to_int(lg2));
	obj->pgsz = log2_to_int(lg2 - 1);
	obj->len = obj->pgsz * min(1 + prandom_u32_state(rnd) % 4, region / obj->pgsz);
	obj->va = region + obj->pgsz * (prandom_u32_state(rnd) %
					((region - obj->len) / obj->pgsz + 1));
	obj->oa = rsv_oa(test, obj->pgsz) + obj->pgsz * (prandom_u32_state(rnd) % 8);
}

static int rsv_reserve_object(struct kunit *test, struct rsv_object *obj)
{
	if (obj->domain)
		return iommu_reserve(&rsv_priv(test)->p.domain, obj->va, obj->oa,
				     obj->len, GFP_KERNEL);
	return rsv_reserve(test, obj->va, obj->len, obj->pgsz);
}

static void rsv_unreserve_object(struct kunit *test, struct rsv_object *obj,
				 struct iommu_iotlb_gather *gather)
{
	if (obj->domain)
		iommu_unreserve(&rsv_priv(test)->p.domain, obj->va, obj->oa, obj->len);
	else
		rsv_unreserve(test, obj->va, obj->len, obj->pgsz, gather);
	obj->reserved = false;
}

static void rsv_unmap_object(struct kunit *test, struct rsv_object *obj)
{
	if (obj->domain)
		rsv_unmap_unreserve(test, obj->va, obj->len);
	else
		rsv_unmap(test, obj->va, obj->len);
	obj->mapped = false;
	obj->reserved = !obj->domain;
}

static struct rsv_object *rsv_mapped_at(struct rsv_object *objs, pt_vaddr_t va,
					pt_vaddr_t len)
{
	for (struct rsv_object *obj = objs; obj != objs + RSV_OBJECTS; obj++)
		if (obj->mapped && va < obj->va + obj->len && obj->va < va + len)
			return obj;
	return NULL;
}

static void rsv_check_random(struct kunit *test, struct rnd_state *rnd,
			     struct rsv_object *objs, pt_vaddr_t region)
{
	for (int i = 0; i < 4; i++) {
		struct rsv_object *near = &objs[prandom_u32_state(rnd) % RSV_OBJECTS];
		pt_vaddr_t va = region + prandom_u32_state(rnd) % region;
		struct rsv_object *obj;

		if (near->len && prandom_u32_state(rnd) % 2)
			va = near->va + prandom_u32_state(rnd) % near->len;
		obj = rsv_mapped_at(objs, va, 1);
		if (obj)
			rsv_expect(test, va, obj->oa + (va - obj->va));
		else
			rsv_expect_fault(test, va);
	}
}

/*
 * By chance, in as much as two tables of the third level span: what overlaps, what
 * nests, blocks over tables and tables over blocks, and gathers that come late.
 */
static void rsv_test_random(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	pt_vaddr_t region = min(rsv_item_size(test, 1) * 16, SZ_1G);
	pt_vaddr_t sizes = log2_mod(priv->safe_pgsize_bitmap, vaffs(region));
	struct rsv_object *objs;
	struct iommu_iotlb_gather gather;
	struct rnd_state rnd;

	objs = kunit_kcalloc(test, RSV_OBJECTS, sizeof(*objs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, objs);
	prandom_seed_state(&rnd, 20261128);
	iommu_iotlb_gather_init(&gather);

	for (int step = 0; step < RSV_RANDOM_STEPS; step++) {
		struct rsv_object *obj = &objs[prandom_u32_state(&rnd) % RSV_OBJECTS];

		if (!obj->reserved) {
			rsv_draw(test, &rnd, sizes, region, obj);
			obj->domain = prandom_u32_state(&rnd) % 2;
			KUNIT_ASSERT_NO_ERRNO(test, rsv_reserve_object(test, obj));
			obj->reserved = true;
		} else if (obj->mapped) {
			rsv_unmap_object(test, obj);
		} else if (prandom_u32_state(&rnd) % 4 &&
			   !rsv_mapped_at(objs, obj->va, obj->len)) {
			rsv_map(test, obj->va, obj->oa, obj->len);
			obj->mapped = true;
		} else {
			rsv_unreserve_object(test, obj, prandom_u32_state(&rnd) % 4 ?
							&gather : NULL);
		}
		if (!(prandom_u32_state(&rnd) % 8))
			rsv_sync(test, &gather);
		rsv_check_random(test, &rnd, objs, region);
		cond_resched();
	}

	for (struct rsv_object *obj = objs; obj != objs + RSV_OBJECTS; obj++) {
		if (obj->mapped)
			rsv_unmap_object(test, obj);
		if (obj->reserved)
			rsv_unreserve_object(test, obj, &gather);
	}
	rsv_sync(test, &gather);
	rsv_expect_none(test);
}

static struct kunit_case rsv_test_cases[] = {
	KUNIT_CASE_FMT(rsv_test_sizes),
	KUNIT_CASE_FMT(rsv_test_strict),
	KUNIT_CASE_FMT(rsv_test_over_memory),
	KUNIT_CASE_FMT(rsv_test_arguments),
	KUNIT_CASE_FMT(rsv_test_blocks),
	KUNIT_CASE_FMT(rsv_test_unflushed),
	KUNIT_CASE_FMT(rsv_test_gather),
	KUNIT_CASE_FMT(rsv_test_neighbours),
	KUNIT_CASE_FMT(rsv_test_grow),
	KUNIT_CASE_FMT(rsv_test_beyond),
	KUNIT_CASE_FMT(rsv_test_grow_twice),
	KUNIT_CASE_FMT(rsv_test_whole),
	KUNIT_CASE_FMT(rsv_test_too_much),
	KUNIT_CASE_FMT(rsv_test_unreserve_wrong),
	KUNIT_CASE_FMT(rsv_test_upper),
	KUNIT_CASE_FMT(rsv_test_unmap_unreserve),
	KUNIT_CASE_FMT(rsv_test_no_memory),
	KUNIT_CASE_FMT(rsv_test_no_memory_domain),
	KUNIT_CASE_FMT(rsv_test_random),
	{},
};

static int rsv_test_init(struct kunit *test)
{
	struct rsv_priv *priv;
	int ret;

	priv = kunit_kzalloc(test, sizeof(*priv), GFP_KERNEL);
	if (!priv)
		return -ENOMEM;
	priv->pages = rsv_pages();
	priv->p.reserve = true;
	if (PT_SUPPORTED_FEATURE(PT_FEAT_DMA_INCOHERENT)) {
		priv->dma = iopt_kunit_dma_create(test);
		priv->p.walker = priv->dma->dev;
	}
	ret = pt_kunit_priv_init(test, &priv->p);
	if (ret) {
		kunit_kfree(test, priv);
		return ret;
	}
	priv->p.domain.ops = &rsv_kunit_ops;
	priv->p.iommu->driver_ops = &rsv_driver_ops;
	priv->first_top = pt_top_range(priv->p.common).top_level;
	priv->hw.top = pt_top_range(priv->p.common).top_table;
	priv->hw.top_level = priv->first_top;
	priv->reports = iopt_kunit_reports();
	test->priv = &priv->p;
	return 0;
}

static void rsv_test_exit(struct kunit *test)
{
	struct rsv_priv *priv;

	if (!test->priv)
		return;
	priv = rsv_priv(test);
	KUNIT_EXPECT_EQ(test, 0, priv->hw.nr_wrong);
	pt_iommu_deinit(priv->p.iommu);
	KUNIT_EXPECT_EQ(test, priv->reports, iopt_kunit_reports());
	KUNIT_EXPECT_EQ(test, priv->pages, rsv_pages());
	if (priv->dma) {
		KUNIT_EXPECT_EQ(test, 0, priv->dma->nr_views);
		KUNIT_EXPECT_EQ(test, 0, priv->dma->nr_errors);
	}
}

static struct kunit_suite NS(reserve_suite) = {
	.name = __stringify(NS(reserve_test)),
	.init = rsv_test_init,
	.exit = rsv_test_exit,
	.test_cases = rsv_test_cases,
};

kunit_test_suites(&NS(reserve_suite));

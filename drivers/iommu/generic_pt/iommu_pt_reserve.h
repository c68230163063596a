/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reservations of IOVA ranges in generic page tables: what iommu-reserve.h asks of a
 * page table, of every format, and what iommu_pt.h calls where it would allocate or
 * free a table. The rules are at the top of iommu-reserve.c.
 *
 * A page table with PT_FEAT_RESERVE maps nothing outside of reservations, allocates
 * tables in reserve() only, and frees them where a reservation ends: in unreserve(), and
 * in an unmap whose gather says iommu_iotlb_gather::unreserve. Here levels are
 * counted from the leaf tables, there from the last top that the page table can
 * have; rsv_level() translates either way.
 */
#ifndef __GENERIC_PT_IOMMU_PT_RESERVE_H
#define __GENERIC_PT_IOMMU_PT_RESERVE_H

#include "../iommu-reserve.h"

static_assert(sizeof(u64) == PT_ITEM_WORD_SIZE);
static_assert(PT_MAX_TOP_LEVEL < IOPT_MAX_LEVELS);

static inline unsigned int rsv_level(const struct pt_iommu *iommu_table,
				     unsigned int level)
{
	return iommu_table->rsv->geo.levels - 1 - level;
}

/* A state that is at one entry of a table, wherever that is */
static inline struct pt_state rsv_entry(struct pt_range *range,
					unsigned int level, void *entry)
{
	struct pt_state pts = pt_init(range, level, entry);

	pts.index = 0;
	pts.end_index = 1;
	return pts;
}

static enum iopt_entry NS(rsv_look)(void *pt, unsigned int level, void *entry,
				    void *table)
{
	struct pt_iommu *iommu_table = pt;
	struct pt_range range = pt_top_range(common_from_iommu(iommu_table));
	struct pt_state pts = rsv_entry(&range, rsv_level(iommu_table, level), entry);

	switch (pt_load_entry_raw(&pts)) {
	case PT_ENTRY_EMPTY:
		return pts.entry ? IOPT_ENTRY_UNFLUSHED : IOPT_ENTRY_EMPTY;
	case PT_ENTRY_TABLE:
		/* Nobody puts another table there than the slot's own */
		return IOPT_ENTRY_LINKED;
	default:
		return IOPT_ENTRY_OTHER;
	}
}

static void NS(rsv_set)(void *pt, unsigned int level, void *entry, void *table,
			enum iopt_entry to)
{
	struct pt_iommu *iommu_table = pt;
	struct pt_range range = pt_top_range(common_from_iommu(iommu_table));
	struct pt_state pts = rsv_entry(&range, rsv_level(iommu_table, level), entry);
	struct pt_write_attrs attrs = {};

	if (to == IOPT_ENTRY_UNFLUSHED) {
		WRITE_ONCE(*(u64 *)entry, PT_ENTRY_SW_UNFLUSHED);
		flush_writes_item(&pts);
		return;
	}

	/* Nobody else writes entries without memory, so this does not fail */
	pt_load_entry_raw(&pts);
	PT_WARN_ON(!pt_install_table(&pts, virt_to_phys(table), &attrs));
	if (pts_feature(&pts, PT_FEAT_DMA_INCOHERENT)) {
		flush_writes_item(&pts);
		pt_set_sw_bit_release(&pts, SW_BIT_CACHE_FLUSH_DONE);
	}
}

/* Without iopt_reserve_fmt::unflushed: a flush of a slot covers all below it */
static const struct iopt_reserve_fmt NS(rsv_fmt) = {
	.look		= NS(rsv_look),
	.set		= NS(rsv_set),
};

/*
 * Entries of tables at @level changed, in @len bytes from @iova, and what was below
 * them is to be forgotten with them: all levels of that, since the lowest that is named
 * can decide about the stride.
 */
static void rsv_gather(struct pt_iommu *iommu_table,
		       struct iommu_iotlb_gather *gather, unsigned long iova,
		       size_t len, unsigned int level)
{
	gather->tables = true;
	if (pt_feature(common_from_iommu(iommu_table), PT_FEAT_DETAILED_GATHER))
		gather->pt.table_levels_bitmap |= GENMASK(level, 1);
	if (!iommu_iotlb_gather_queued(gather))
		iommu_iotlb_gather_add_range(gather, iova, len);
}

static void rsv_flush(struct pt_iommu *iommu_table, unsigned long iova,
		      size_t len, unsigned int level)
{
	struct iommu_iotlb_gather gather;

	iommu_iotlb_gather_init(&gather);
	rsv_gather(iommu_table, &gather, iova, len, level);
	iommu_iotlb_sync(&iommu_table->domain, &gather);
}

static void NS(rsv_flush_slot)(void *pt, unsigned long iova, size_t span,
			       unsigned int level)
{
	rsv_flush(pt, iova, span, rsv_level(pt, level) + 1);
}

static bool NS(rsv_gather_slot)(void *pt, struct iommu_iotlb_gather *gather,
				unsigned long iova, size_t span,
				unsigned int level)
{
	struct pt_iommu *iommu_table = pt;

	if (pt_feature(common_from_iommu(iommu_table), PT_FEAT_FLUSH_RANGE_NO_GAPS) &&
	    !iommu_iotlb_gather_queued(gather) &&
	    iommu_iotlb_gather_is_disjoint(gather, iova, span))
		iommu_iotlb_sync(&iommu_table->domain, gather);
	rsv_gather(iommu_table, gather, iova, span, rsv_level(iommu_table, level) + 1);
	return true;
}

static const struct iopt_flush_ops NS(rsv_flush_ops) = {
	.any_time	= true,
	.flush_slot	= NS(rsv_flush_slot),
	.gather_slot	= NS(rsv_gather_slot),
};

/* The last top that the page table can have */
static unsigned int rsv_max_top(struct pt_common *common)
{
	struct pt_range range = pt_top_range(common);
	struct pt_state pts = pt_init_top(&range);

	if (!pt_feature(common, PT_FEAT_DYNAMIC_TOP))
		return pts.level;
	for (; pts.level < PT_MAX_TOP_LEVEL; pts.level++)
		if (pt_table_item_lg2sz(&pts) + pt_num_items_lg2(&pts) >=
		    common->max_vasz_lg2)
			break;
	return pts.level;
}

static void rsv_geometry(struct pt_common *common, struct iopt_geometry *geo)
{
	struct pt_range range = pt_top_range(common);
	struct pt_state pts = pt_init_top(&range);
	unsigned int max_top = rsv_max_top(common);

	geo->levels = max_top + 1;
	geo->entry_size = PT_ITEM_WORD_SIZE;
	geo->table_size = log2_to_int_t(size_t, PT_TABLEMEM_LG2SZ);
	for (pts.level = 0; pts.level <= max_top; pts.level++) {
		unsigned int level = max_top - pts.level;

		geo->shift[level] = pt_table_item_lg2sz(&pts);
		geo->bits[level] = level ? pt_num_items_lg2(&pts) :
					   common->max_vasz_lg2 - geo->shift[0];
	}
}

/* Once the top is there */
static int rsv_init(struct pt_iommu *iommu_table)
{
	struct pt_common *common = common_from_iommu(iommu_table);
	struct pt_range range = pt_top_range(common);
	struct iopt_reserve_cfg cfg = {
		.pt		= iommu_table,
		.fmt		= &NS(rsv_fmt),
		.flush		= &NS(rsv_flush_ops),
		.pgsize_bitmap	= ~0UL,
		.last		= ~0ULL,
		.top		= range.top_table,
		.nid		= iommu_table->nid,
	};

	rsv_geometry(common, &cfg.geo);
	cfg.top_level = cfg.geo.levels - 1 - range.top_level;
	if (pt_feature(common, PT_FEAT_DMA_INCOHERENT))
		cfg.dev = iommu_table->iommu_device;
	iommu_table->rsv = iopt_reserve_create(&cfg);
	return iommu_table->rsv ? 0 : -ENOMEM;
}

/* A table above the top at @top_of_table, which shows that by its first item */
static struct pt_table_p *rsv_alloc_top(struct pt_iommu *iommu_table,
					uintptr_t top_of_table, gfp_t gfp)
{
	struct pt_common *common = common_from_iommu(iommu_table);
	struct pt_range range = _pt_top_range(common, top_of_table);
	struct pt_state pts = pt_init_top(&range);
	struct pt_write_attrs attrs = {};
	struct pt_table_p *table_mem;

	pts.level++;
	if (pts.level > PT_MAX_TOP_LEVEL ||
	    pt_table_item_lg2sz(&pts) >= common->max_vasz_lg2)
		return ERR_PTR(-ERANGE);

	table_mem = table_alloc_top(common, _pt_top_set(NULL, pts.level), gfp,
				    ALLOC_NORMAL);
	if (IS_ERR(table_mem))
		return table_mem;

	range.va = 0;
	range.top_level = pts.level;
	pts.table_lower = pts.table;
	pts.table = table_mem;
	pt_load_single_entry(&pts);
	/* Whoever walks a page table that grows is coherent, so nothing is to be cleaned */
	pt_install_table(&pts, virt_to_phys(pts.table_lower), &attrs);
	return table_mem;
}

/*
 * The top of @range gets one above it. -EAGAIN if somebody else was quicker. As in
 * increase_top(), nothing is to be flushed.
 */
static int rsv_grow(struct pt_iommu *iommu_table, const struct pt_range *range,
		    gfp_t gfp)
{
	struct pt_common *common = common_from_iommu(iommu_table);
	uintptr_t top_of_table = _pt_top_set(range->top_table, range->top_level);
	unsigned int level = range->top_level + 1;
	struct pt_table_p *table_mem;
	/* The driver's, for what the hardware is told of the top */
	spinlock_t *domain_lock;
	struct iopte_page *top;
	unsigned long flags;
	bool grown;

	/* As for tables */
	gfp &= ~(__GFP_HIGHMEM | __GFP_COMP);
	table_mem = rsv_alloc_top(iommu_table, top_of_table, gfp);
	if (IS_ERR(table_mem))
		return PTR_ERR(table_mem);
	top = iopt_reserve_new_top(iommu_table->rsv, table_mem,
				   rsv_level(iommu_table, level), gfp);
	if (!top) {
		iommu_pages_free_incoherent(table_mem, iommu_table->iommu_device);
		return -ENOMEM;
	}

	/* In this order: the other lock is taken for flushes, too */
	domain_lock = iommu_table->driver_ops->get_top_lock(iommu_table);
	spin_lock_irqsave(&iommu_table->rsv->lock, flags);
	spin_lock(domain_lock);
	grown = common->top_of_table == top_of_table;
	if (grown) {
		iommu_table->driver_ops->change_top(iommu_table,
						    virt_to_phys(table_mem), level);
		iopt_reserve_grow(iommu_table->rsv, top);
		/* After what the reservations begin with; pairs with rsv_check_range() */
		smp_store_release(&common->top_of_table,
				  _pt_top_set(table_mem, level));
	}
	spin_unlock(domain_lock);
	spin_unlock_irqrestore(&iommu_table->rsv->lock, flags);

	if (grown)
		return 0;
	iopt_reserve_free_top(top);
	iommu_pages_free_incoherent(table_mem, iommu_table->iommu_device);
	return -EAGAIN;
}

/* No top can span the range, or have such leaves */
static bool rsv_is_beyond(struct pt_common *common, const struct pt_range *range,
			  unsigned int leaf_level)
{
	return leaf_level > rsv_max_top(common) ||
	       (common->max_vasz_lg2 < PT_VADDR_MAX_LG2 &&
		log2_div(range->last_va, common->max_vasz_lg2));
}

/*
 * The largest leaves that a map can have below the top of @range, as it does not grow
 * for larger ones
 */
static pt_vaddr_t rsv_page_sizes(const struct pt_range *range, pt_vaddr_t sizes)
{
	/* Most are smaller, and that is known sooner */
	if (range->max_vasz_lg2 >= PT_VADDR_MAX_LG2 ||
	    likely(!log2_div(range->last_va - range->va + 1, range->max_vasz_lg2)))
		return sizes;
	return log2_mod(sizes, range->max_vasz_lg2);
}

/* The range is one that the top, or one above it, spans */
static int rsv_check_range(struct pt_iommu *iommu_table, dma_addr_t iova,
			   dma_addr_t len, unsigned int leaf_level, gfp_t gfp)
{
	struct pt_common *common = common_from_iommu(iommu_table);
	struct pt_range range;
	int ret;

	do {
		ret = make_range_no_check(common, &range, iova, len);
		if (ret)
			return ret == -EOVERFLOW ? -ERANGE : ret;
		ret = pt_check_range(&range);
		if (!ret && leaf_level <= range.top_level)
			break;
		if (!pt_feature(common, PT_FEAT_DYNAMIC_TOP) ||
		    rsv_is_beyond(common, &range, leaf_level))
			return -ERANGE;
		ret = rsv_grow(iommu_table, &range, gfp);
		if (ret && ret != -EAGAIN)
			return ret;
	} while (true);
	/* What the reservations begin with is that top or one above; pairs with rsv_grow() */
	smp_rmb();
	return 0;
}

/* The range consists of pages of a size that the page table has */
static bool rsv_is_aligned(const struct pt_iommu *iommu_table, dma_addr_t iova,
			   dma_addr_t len, size_t pgsize)
{
	return len && is_power_of_2(pgsize) &&
	       (pgsize & iommu_table->domain.pgsize_bitmap) &&
	       !((iova | len) & (pgsize - 1));
}

/* The range is one that the top spans, as it does with all that is reserved */
static bool rsv_is_spanned(struct pt_common *common, dma_addr_t iova, dma_addr_t len,
			   unsigned int leaf_level)
{
	struct pt_range range;

	return !make_range_no_check(common, &range, iova, len) &&
	       !pt_check_range(&range) && leaf_level <= range.top_level;
}

static int NS(reserve)(struct pt_iommu *iommu_table, dma_addr_t iova,
		       dma_addr_t len, size_t pgsize, gfp_t gfp)
{
	struct pt_common *common = common_from_iommu(iommu_table);
	int ret;

	if (!pt_feature(common, PT_FEAT_RESERVE))
		return -EOPNOTSUPP;
	if (!rsv_is_aligned(iommu_table, iova, len, pgsize))
		return -EINVAL;

	ret = rsv_check_range(iommu_table, iova, len,
			      pt_pgsz_lg2_to_level(common, ilog2(pgsize)), gfp);
	if (ret)
		return ret;
	return iopt_reserve_range(iommu_table->rsv, iova, len, pgsize, gfp);
}

static void NS(unreserve)(struct pt_iommu *iommu_table, dma_addr_t iova,
			  dma_addr_t len, size_t pgsize,
			  struct iommu_iotlb_gather *iotlb_gather)
{
	struct pt_common *common = common_from_iommu(iommu_table);

	if (!pt_feature(common, PT_FEAT_RESERVE))
		return;
	/* Of an address that is too large some bits are that of somebody else's */
	if (WARN_ON(!rsv_is_aligned(iommu_table, iova, len, pgsize) ||
		    !rsv_is_spanned(common, iova, len,
				    pt_pgsz_lg2_to_level(common, ilog2(pgsize)))))
		return;
	iopt_unreserve_range(iommu_table->rsv, iova, len, pgsize, iotlb_gather);
}

/* A map met an item without a table: that of a reservation, or none */
static int rsv_link_table(struct pt_state *pts)
{
	struct pt_iommu *iommu_table = iommu_from_common(pts->range->common);
	struct iopte_page *iopte;

	iopte = iopt_reserve_link(iommu_table->rsv, pts->range->va,
				  rsv_level(iommu_table, pts->level - 1), NULL);
	if (IS_ERR(iopte))
		return PTR_ERR(iopte);
	pts->table_lower = iopte->table;
	return 0;
}

/* An unmap cleared @nr items of the table of @pts, which nobody else uses by then */
static void rsv_release(const struct pt_state *pts, unsigned int nr,
			struct iommu_iotlb_gather *gather)
{
	struct pt_iommu *iommu_table = iommu_from_common(pts->range->common);

	iopt_release_unmapped(iommu_table->rsv, pts->range->va,
			      rsv_level(iommu_table, pts->level), nr, gather);
}

static int __rsv_check_empty(struct pt_range *range, void *arg,
			     unsigned int level, struct pt_table_p *table)
{
	struct pt_state pts = pt_init(range, level, table);
	int ret;

	for_each_pt_level_entry(&pts) {
		if (pts.type == PT_ENTRY_OA)
			return -EADDRINUSE;
		if (pts.type != PT_ENTRY_TABLE)
			continue;
		ret = pt_descend(&pts, arg, __rsv_check_empty);
		if (ret)
			return ret;
	}
	return 0;
}

/* No table is, or was, in the @step items from that of @start_pts on, and no memory */
static bool rsv_is_clear(const struct pt_state *start_pts, unsigned int step)
{
	struct pt_state pts = *start_pts;

	for (; step; step--, pts.index++)
		if (pt_load_entry_raw(&pts) != PT_ENTRY_EMPTY || pts.entry)
			return false;
	return true;
}

/*
 * A leaf entry of @step items wants to be at @start_pts: tables that are there wait
 * from now on, and the walk cache forgets what was there. As clear_contig().
 */
static noinline int rsv_make_way(const struct pt_state *start_pts, unsigned int step)
{
	struct pt_iommu *iommu_table = iommu_from_common(start_pts->range->common);
	struct pt_range range = *start_pts->range;
	struct pt_state pts = pt_init(&range, start_pts->level, start_pts->table);
	bool flush = false;
	int ret;

	pts.index = start_pts->index;
	pts.end_index = start_pts->index + step;
	for (; _pt_iter_load(&pts); pt_next_entry(&pts)) {
		if (pts.type == PT_ENTRY_OA)
			return -EADDRINUSE;
		if (pts.type == PT_ENTRY_TABLE) {
			ret = pt_walk_descend_all(&pts, __rsv_check_empty, NULL);
			if (ret)
				return ret;
			iopt_reserve_unlink(iommu_table->rsv, range.va,
					    rsv_level(iommu_table, pts.level));
		}
		/* Now or before, a table left */
		flush |= pts.type == PT_ENTRY_TABLE || pts.entry;
	}
	if (!flush)
		return 0;
	/* Who took a table out may not have come to that yet */
	flush_writes_range(start_pts, start_pts->index, start_pts->index + step);
	rsv_flush(iommu_table, start_pts->range->va,
		  log2_mul(step, pt_table_item_lg2sz(start_pts)), pts.level);
	return 0;
}

#endif  /* __GENERIC_PT_IOMMU_PT_RESERVE_H */

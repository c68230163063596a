// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reservations in page tables of struct io_pgtable: how their owners flush, and what
 * drivers call that is not an operation of the page table.
 */

#include <linux/export.h>
#include <linux/io-pgtable.h>
#include <linux/iommu.h>

#include "iommu-reserve-idle.h"
#include "iommu-reserve.h"
#include "io-pgtable-reserve.h"

static void iop_flush_slot(void *pt, unsigned long iova, size_t span,
			   unsigned int level)
{
	io_pgtable_tlb_flush_walk(pt, iova, span, span);
}

/* Without a way to name a slot in a gather, it is flushed by itself */
static bool iop_gather_slot(void *pt, struct iommu_iotlb_gather *gather,
			    unsigned long iova, size_t span, unsigned int level)
{
	struct io_pgtable *iop = pt;

	if (!iop->cfg.tlb->tlb_add_page)
		return false;
	if (!iommu_iotlb_gather_queued(gather))
		io_pgtable_tlb_add_page(iop, gather, iova, span);
	return true;
}

static unsigned long iop_trim(void *pt, unsigned long nr)
{
	struct io_pgtable *iop = pt;

	if (iop->cfg.tlb->trim)
		return iop->cfg.tlb->trim(nr, iop->cookie);
	return iopt_trim(iop->rsv, nr, NULL);
}

static const struct iopt_flush_ops iop_flush_ops = {
	.flush_slot	= iop_flush_slot,
	.gather_slot	= iop_gather_slot,
	.trim		= iop_trim,
};

/**
 * io_pgtable_reserve_create - Give a page table reservations
 * @iop: The page table
 * @cfg: Its configuration, which the page table gets only later
 * @fmt: The format's functions
 * @geo: Shape of the page table
 * @top: Its top table
 *
 * Return: the reservations for iopt_reserve_destroy(), NULL without memory.
 */
struct iopt_reserve *
io_pgtable_reserve_create(struct io_pgtable *iop,
			  const struct io_pgtable_cfg *cfg,
			  const struct iopt_reserve_fmt *fmt,
			  const struct iopt_geometry *geo, void *top)
{
	bool upper = cfg->quirks & IO_PGTABLE_QUIRK_ARM_TTBR1;
	struct device *dev = cfg->iommu_dev;
	struct iopt_reserve_cfg rsv_cfg = {
		.pt		= iop,
		.fmt		= fmt,
		.flush		= &iop_flush_ops,
		.geo		= *geo,
		.pgsize_bitmap	= cfg->pgsize_bitmap,
		.first		= upper ? ~0ULL << cfg->ias : 0,
		.last		= upper ? ~0ULL : BIT_ULL(cfg->ias) - 1,
		.top		= top,
		.nid		= dev ? dev_to_node(dev) : NUMA_NO_NODE,
		.dev		= cfg->coherent_walk ? NULL : dev,
	};

	return iopt_reserve_create(&rsv_cfg);
}
EXPORT_SYMBOL_GPL(io_pgtable_reserve_create);

#ifdef CONFIG_IOMMU_RESERVE_IDLE
/**
 * io_pgtable_trim() - Let idle tables of a page table go
 * @ops: The page table
 * @nr: How many, the oldest first
 * @gather: As io_pgtable_ops::unreserve has it
 *
 * Idle tables are tables without a reservation that stayed where they are. Does
 * not sleep, and is safe in a section that signals a fence.
 *
 * Return: the number of tables that were on the list, which are idle or were a
 * moment ago, 0 without reservations.
 */
unsigned long io_pgtable_trim(struct io_pgtable_ops *ops, unsigned long nr,
			      struct iommu_iotlb_gather *gather)
{
	struct io_pgtable *iop = io_pgtable_ops_to_pgtable(ops);

	return iop->rsv ? iopt_trim(iop->rsv, nr, gather) : 0;
}
EXPORT_SYMBOL_GPL(io_pgtable_trim);

/**
 * io_pgtable_stock() - Have the tables of a first mapping at hand
 * @ops: The page table
 * @gfp: Flags for the tables, GFP_KERNEL or GFP_KERNEL_ACCOUNT
 *
 * For owners to whom the first io_pgtable_ops::reserve matters more than the
 * making of the page table: it takes what this allocates. Until then reclaim can
 * have it, and io_pgtable_reserve_stats() counts it as idle. May sleep. Does
 * nothing without reservations or memory.
 */
void io_pgtable_stock(struct io_pgtable_ops *ops, gfp_t gfp)
{
	struct io_pgtable *iop = io_pgtable_ops_to_pgtable(ops);

	if (iop->rsv)
		iopt_stock_fill(iop->rsv, gfp);
}
EXPORT_SYMBOL_GPL(io_pgtable_stock);
#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The caller's side of a page table: what a driver does around the calls. All
 * that differs between editions of the reservations is in this file.
 *
 * Nothing here is a scheduling point of its own.
 */
#include <linux/io-pgtable.h>
#include "iommu-pages.h"

const enum il_mapbad il_edition_mapbad = IL_MAPBAD_WORKS;

/* Variant: tables retire, and the owner takes and flushes them */
#define IL_RETIRE	BIT(0)

struct il_pt {
	struct io_pgtable_cfg cfg;
	struct io_pgtable_ops *ops;
	struct iommu_domain_ops domain_ops;
	struct iommu_domain domain;
	struct iommu_flush_ops tlb;
	struct device dev;
};

static struct il_pt il_pt;

static void il_flush_all(void *cookie)
{
	il_tlb_flush_all();
}

static void il_flush_walk(unsigned long iova, size_t size, size_t granule,
			  void *cookie)
{
	/* That is what retiring is for */
	if (il_pt.cfg.quirks & IO_PGTABLE_QUIRK_RETIRE)
		return;
	il_tlb_flush(iova, size, granule, false);
}

static void il_add_page(struct iommu_iotlb_gather *gather, unsigned long iova,
			size_t granule, void *cookie)
{
	iommu_iotlb_gather_add_page(&il_pt.domain, gather, iova, granule);
}

/* A driver: flush what was gathered, then free what waited for that */
static void il_iotlb_sync(struct iommu_domain *domain,
			  struct iommu_iotlb_gather *gather)
{
	il_tlb_flush(gather->start, gather->end - gather->start + 1,
		     gather->pgsize, iommu_pages_list_empty(&gather->freelist));
	iommu_put_pages_list(&gather->freelist);
}

void *il_pt_new(const struct il_cfg *cfg, unsigned long *pgd_phys)
{
	static const enum io_pgtable_fmt fmts[] = {
		[IL_FMT_S1] = ARM_64_LPAE_S1,
		[IL_FMT_S2] = ARM_64_LPAE_S2,
		[IL_FMT_MALI] = ARM_MALI_LPAE,
	};
	struct il_pt *pt = &il_pt;

	pt->tlb = (struct iommu_flush_ops) {
		.tlb_flush_all = il_flush_all,
		.tlb_flush_walk = il_flush_walk,
		.tlb_add_page = il_add_page,
	};
	pt->domain_ops.iotlb_sync = il_iotlb_sync;
	pt->domain.ops = &pt->domain_ops;
	pt->cfg = (struct io_pgtable_cfg) {
		.quirks = IO_PGTABLE_QUIRK_RESERVED,
		.pgsize_bitmap = cfg->pgsizes,
		.ias = cfg->ias,
		.oas = cfg->oas,
		.coherent_walk = cfg->coherent,
		.tlb = &pt->tlb,
		.iommu_dev = &pt->dev,
	};
	if (cfg->fmt == IL_FMT_S1)
		pt->cfg.quirks |= IO_PGTABLE_QUIRK_ARM_HD;
	if (cfg->fmt != IL_FMT_MALI)
		pt->cfg.quirks |= IO_PGTABLE_QUIRK_NO_WARN;
	if (cfg->variant & IL_RETIRE)
		pt->cfg.quirks |= IO_PGTABLE_QUIRK_RETIRE;

	pt->ops = alloc_io_pgtable_ops(fmts[cfg->fmt], &pt->cfg, pt);
	if (!pt->ops)
		return NULL;
	if (cfg->fmt == IL_FMT_S1)
		*pgd_phys = pt->cfg.arm_lpae_s1_cfg.ttbr;
	else if (cfg->fmt == IL_FMT_S2)
		*pgd_phys = pt->cfg.arm_lpae_s2_cfg.vttbr;
	else
		*pgd_phys = pt->cfg.arm_mali_lpae_cfg.transtab & PAGE_MASK;
	return pt;
}

void il_pt_free(void *p)
{
	struct il_pt *pt = p;

	free_io_pgtable_ops(pt->ops);
}

/* An owner of a page table whose tables retire */
static void il_take_retired(struct il_pt *pt)
{
	struct io_pgtable_retired retired;

	if (!(pt->cfg.quirks & IO_PGTABLE_QUIRK_RETIRE) ||
	    !io_pgtable_take_retired(pt->ops, &retired))
		return;
	il_tlb_flush(retired.start, retired.last - retired.start + 1,
		     BIT(__ffs(pt->cfg.pgsize_bitmap)), false);
	io_pgtable_free_retired(pt->ops, &retired);
}

int il_pt_reserve(void *p, unsigned long iova, size_t size, size_t pgsize)
{
	struct il_pt *pt = p;
	int ret = pt->ops->reserve(pt->ops, iova, size, pgsize, GFP_KERNEL);

	il_take_retired(pt);
	return ret;
}

void il_pt_unreserve(void *p, unsigned long iova, size_t size, size_t pgsize)
{
	struct il_pt *pt = p;

	pt->ops->unreserve(pt->ops, iova, size, pgsize);
	il_take_retired(pt);
}

int il_pt_map(void *p, unsigned long iova, unsigned long paddr, size_t pgsize,
	      size_t count)
{
	struct il_pt *pt = p;

	size_t size = pgsize * count;

	while (count) {
		size_t mapped = 0;
		int ret = pt->ops->map_pages(pt->ops, iova, paddr, pgsize, count,
					     IOMMU_READ | IOMMU_WRITE,
					     GFP_KERNEL, &mapped);

		if (ret)
			return ret;
		iova += mapped;
		paddr += mapped;
		count -= mapped / pgsize;
	}
	if (pt->cfg.quirks & IO_PGTABLE_QUIRK_RETIRE) {
		il_tlb_flush(iova - size, size, BIT(__ffs(pt->cfg.pgsize_bitmap)), false);
		il_take_retired(pt);
	}
	return 0;
}

size_t il_pt_unmap(void *p, unsigned long iova, size_t pgsize, size_t count)
{
	struct il_pt *pt = p;
	struct iommu_iotlb_gather gather;
	size_t done = 0;

	iommu_iotlb_gather_init(&gather);
	while (count) {
		size_t n = pt->ops->unmap_pages(pt->ops, iova, pgsize, count,
						&gather);

		if (!n)
			break;
		iova += n;
		done += n;
		count -= n / pgsize;
	}
	if (!iommu_pages_list_empty(&gather.freelist))
		il_unmap_freed();
	iommu_iotlb_sync(&pt->domain, &gather);
	if (pt->cfg.quirks & IO_PGTABLE_QUIRK_RETIRE) {
		il_tlb_flush(iova - done, done, BIT(__ffs(pt->cfg.pgsize_bitmap)), false);
		il_take_retired(pt);
	}
	return done;
}

unsigned long il_pt_lookup(void *p, unsigned long iova)
{
	struct il_pt *pt = p;

	return pt->ops->iova_to_phys(pt->ops, iova);
}

int il_pt_walk(void *p, unsigned long iova)
{
	struct il_pt *pt = p;
	struct arm_lpae_io_pgtable_walk_data wd = {};

	return pt->ops->pgtable_walk(pt->ops, iova, &wd);
}

int il_pt_dirty(void *p, unsigned long iova, size_t size)
{
	struct il_pt *pt = p;
	struct iommu_dirty_bitmap dirty;
	struct iommu_iotlb_gather gather;

	iommu_dirty_bitmap_init(&dirty, (struct iova_bitmap *)pt, &gather);
	return pt->ops->read_and_clear_dirty(pt->ops, iova, size, 0, &dirty);
}

void il_pt_trim(void *p)
{
}

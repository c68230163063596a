// SPDX-License-Identifier: GPL-2.0-only
/*
 * The caller's side of a page table: what a driver does around the calls.
 *
 * Nothing here is a scheduling point of its own.
 */
#include <linux/io-pgtable.h>
#include "iommu-reserve-idle.h"
#include "iommu-reserve-packed.h"
#include "iommu-reserve.h"
#include "iommu-pages.h"
#include "edition.h"

const char il_flavour[] = IL_FLAVOUR;
const unsigned int il_page_shift = PAGE_SHIFT;
const bool il_generic;

struct shrinker il_the_shrinker;
enum system_states system_state = SYSTEM_RUNNING;

struct il_pt {
	struct io_pgtable_cfg cfg;
	struct io_pgtable_ops *ops;
	struct iommu_domain_ops domain_ops;
	struct iommu_domain domain;
	struct iommu_flush_ops tlb;
	struct device dev;
	unsigned int variant;
	/* Of IL_MSM: its mmu_lock */
	struct mutex lock;
	struct io_pgtable_repeat *repeat;
};

static struct il_pt il_pt IL_STATE;

/* The callbacks of msm can not wake it up: what sleeps has nothing to flush */
static bool il_flushable(struct il_pt *pt)
{
	return !(pt->variant & IL_MSM) || il_hw_powered();
}

static void il_flush_all(void *cookie)
{
	if (il_flushable(cookie))
		il_tlb_flush_all();
}

static void il_flush_walk(unsigned long iova, size_t size, size_t granule,
			  void *cookie)
{
	if (il_flushable(cookie))
		il_tlb_flush(iova, size, granule, false);
}

static void il_add_page(struct iommu_iotlb_gather *gather, unsigned long iova,
			size_t granule, void *cookie)
{
	iommu_iotlb_gather_add_page(&il_pt.domain, gather, iova, granule);
}

/*
 * A driver: flush what was gathered, then free what waited for that. Most take
 * tables that wait for the sign that walk caches matter.
 */
static void il_iotlb_sync(struct iommu_domain *domain,
			  struct iommu_iotlb_gather *gather)
{
	bool leaf_only = iommu_pages_list_empty(&gather->freelist);

	il_tlb_flush(gather->start, gather->end - gather->start + 1,
		     1UL << gather->pgsize_lg2, leaf_only);
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
	pt->variant = cfg->variant;
	mutex_init(&pt->lock);

	pt->ops = alloc_io_pgtable_ops(fmts[cfg->fmt], &pt->cfg, pt);
	if (!pt->ops)
		return NULL;
	if (cfg->variant & IL_ONE_IDLE)
		io_pgtable_ops_to_pgtable(pt->ops)->rsv->max_idle = 1;
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

int il_pt_reserve(void *p, unsigned long iova, size_t size, size_t pgsize)
{
	struct il_pt *pt = p;

	return pt->ops->reserve(pt->ops, iova, size, pgsize, GFP_KERNEL);
}

static size_t il_clear(struct il_pt *pt, unsigned long iova, size_t pgsize,
		       size_t count, struct iommu_iotlb_gather *gather);

/* msm_iommu_pagetable_release(), which its caller calls under mmu_lock */
static size_t il_msm_release(struct il_pt *pt, unsigned long iova, size_t pgsize,
			     size_t count, bool mapped)
{
	struct iommu_iotlb_gather gather;
	size_t done = 0;

	mutex_lock(&pt->lock);
	if (mapped)
		done = il_clear(pt, iova, pgsize, count, NULL);
	iommu_iotlb_gather_init(&gather);
	pt->ops->unreserve(pt->ops, iova, pgsize * count, pgsize, &gather);
	il_hw_wake();
	il_tlb_flush_all();
	iommu_put_pages_list(&gather.freelist);
	mutex_unlock(&pt->lock);
	return done;
}

/* What the shrinker does to a VMA that stays */
static size_t il_msm_evict(struct il_pt *pt, unsigned long iova, size_t pgsize,
			   size_t count)
{
	size_t done;

	mutex_lock(&pt->lock);
	done = il_clear(pt, iova, pgsize, count, NULL);
	il_hw_wake();
	il_tlb_flush_all();
	mutex_unlock(&pt->lock);
	return done;
}

void il_pt_unreserve(void *p, unsigned long iova, size_t size, size_t pgsize)
{
	struct il_pt *pt = p;
	struct iommu_iotlb_gather gather;

	if (pt->variant & IL_MSM) {
		il_msm_release(pt, iova, pgsize, size / pgsize, false);
		return;
	}
	if (pt->variant & IL_NO_GATHER) {
		pt->ops->unreserve(pt->ops, iova, size, pgsize, NULL);
		return;
	}
	il_gather_init(pt->variant, &gather);
	pt->ops->unreserve(pt->ops, iova, size, pgsize, &gather);
	il_gather_sync(&pt->domain, &gather);
}

static int il_map(struct il_pt *pt, unsigned long iova, unsigned long paddr,
		  size_t pgsize, size_t count)
{
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
	return 0;
}

int il_pt_map(void *p, unsigned long iova, unsigned long paddr, size_t pgsize,
	      size_t count)
{
	struct il_pt *pt = p;
	int ret;

	if (!(pt->variant & IL_MSM))
		return il_map(pt, iova, paddr, pgsize, count);
	mutex_lock(&pt->lock);
	ret = il_map(pt, iova, paddr, pgsize, count);
	mutex_unlock(&pt->lock);
	return ret;
}

static size_t il_clear(struct il_pt *pt, unsigned long iova, size_t pgsize,
		       size_t count, struct iommu_iotlb_gather *gather)
{
	size_t done = 0;

	while (count) {
		size_t n = pt->ops->unmap_pages(pt->ops, iova, pgsize, count,
						gather);

		if (!n)
			break;
		iova += n;
		done += n;
		count -= n / pgsize;
	}
	return done;
}

static size_t il_unmap(struct il_pt *pt, unsigned long iova, size_t pgsize,
		       size_t count, struct iommu_iotlb_gather *gather)
{
	size_t done = il_clear(pt, iova, pgsize, count, gather);

	if (!iommu_pages_list_empty(&gather->freelist))
		il_unmap_freed();
	return done;
}

size_t il_pt_unmap(void *p, unsigned long iova, size_t pgsize, size_t count)
{
	struct il_pt *pt = p;
	struct iommu_iotlb_gather gather;
	size_t done;

	if (pt->variant & IL_MSM)
		return il_msm_evict(pt, iova, pgsize, count);
	il_gather_init(pt->variant, &gather);
	done = il_unmap(pt, iova, pgsize, count, &gather);
	il_gather_sync(&pt->domain, &gather);
	return done;
}

size_t il_pt_drop(void *p, unsigned long iova, size_t pgsize, size_t count)
{
	struct il_pt *pt = p;
	struct iommu_iotlb_gather gather;
	size_t done;

	if (pt->variant & IL_MSM)
		return il_msm_release(pt, iova, pgsize, count, true);
	il_gather_init(pt->variant, &gather);
	done = il_unmap(pt, iova, pgsize, count, &gather);
	pt->ops->unreserve(pt->ops, iova, pgsize * count, pgsize, &gather);
	il_gather_sync(&pt->domain, &gather);
	return done;
}

size_t il_pt_take(void *p, unsigned long iova, size_t pgsize, size_t count)
{
	struct il_pt *pt = p;
	struct iommu_iotlb_gather gather;
	size_t done;

	il_gather_init(pt->variant, &gather);
	gather.unreserve = true;
	done = il_clear(pt, iova, pgsize, count, &gather);
	il_gather_sync(&pt->domain, &gather);
	return done;
}

int il_pt_repeat_create(void *p, unsigned long paddr, size_t pgsize, size_t size)
{
	struct il_pt *pt = p;

	pt->repeat = io_pgtable_repeat_create(pt->ops, GFP_KERNEL);
	if (IS_ERR(pt->repeat))
		return PTR_ERR(pt->repeat);
	if (io_pgtable_repeat_size(pt->repeat) != size)
		return -EINVAL;
	return io_pgtable_repeat_fill(pt->repeat, 0, paddr, pgsize, size / pgsize,
				      IOMMU_READ | IOMMU_WRITE);
}

void il_pt_repeat_destroy(void *p)
{
	struct il_pt *pt = p;

	io_pgtable_repeat_destroy(pt->repeat);
}

int il_pt_repeat_reserve(void *p, unsigned long iova, size_t size)
{
	struct il_pt *pt = p;

	return io_pgtable_repeat_reserve(pt->repeat, iova, size, GFP_KERNEL);
}

void il_pt_repeat_unreserve(void *p, unsigned long iova, size_t size)
{
	struct il_pt *pt = p;
	struct iommu_iotlb_gather gather;

	if (pt->variant & IL_NO_GATHER) {
		io_pgtable_repeat_unreserve(pt->repeat, iova, size, NULL);
		return;
	}
	il_gather_init(pt->variant, &gather);
	io_pgtable_repeat_unreserve(pt->repeat, iova, size, &gather);
	il_gather_sync(&pt->domain, &gather);
}

int il_pt_repeat_map(void *p, unsigned long iova, size_t size)
{
	struct il_pt *pt = p;
	size_t mapped = 0;
	int ret = io_pgtable_repeat_map(pt->repeat, iova, size, &mapped);

	return !ret && mapped != size ? -EIO : ret;
}

unsigned long il_pt_lookup(void *p, unsigned long iova)
{
	struct il_pt *pt = p;

	return pt->ops->iova_to_phys(pt->ops, iova);
}

/* Their top stays, so ops.c does not ask for it */
void il_pt_attach(void *p)
{
}

bool il_pt_attached_elsewhere(void *p)
{
	return false;
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

bool il_pt_waits(void *p)
{
	struct il_pt *pt = p;
	struct iopt_reserve *rsv = io_pgtable_ops_to_pgtable(pt->ops)->rsv;

	return rsv && rsv->later.first;
}

void il_pt_trim(void *p, unsigned long nr)
{
	struct il_pt *pt = p;
	struct iommu_iotlb_gather gather;

	if (pt->variant & (IL_NO_GATHER | IL_MSM)) {
		io_pgtable_trim(pt->ops, nr, NULL);
		return;
	}
	il_gather_init(pt->variant, &gather);
	io_pgtable_trim(pt->ops, nr, &gather);
	il_gather_sync(&pt->domain, &gather);
}

void il_pt_stock(void *p)
{
	struct il_pt *pt = p;

	io_pgtable_stock(pt->ops, GFP_KERNEL);
}

void il_pt_unstock(void *p)
{
	struct il_pt *pt = p;
	struct iopte_stash stash = {};

	iopt_stock_take(io_pgtable_ops_to_pgtable(pt->ops)->rsv, &stash);
	iopte_stash_free(&stash);
}

void il_reclaim(void)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL, .nr_to_scan = 128 };
	unsigned long nr;

	if (!il_the_shrinker.scan_objects)
		return;
	nr = il_the_shrinker.count_objects(&il_the_shrinker, &sc);
	if (nr && nr != SHRINK_EMPTY)
		il_the_shrinker.scan_objects(&il_the_shrinker, &sc);
}

#ifdef CONFIG_IOMMU_RESERVE_PACKED
/* The linker has everybody call these two */
void *__real_iopt_packed_alloc(struct iopt_packed *packed, gfp_t gfp);
void *__wrap_iopt_packed_alloc(struct iopt_packed *packed, gfp_t gfp);
void __real_iopt_packed_free(struct iopt_packed *packed, void *table);
void __wrap_iopt_packed_free(struct iopt_packed *packed, void *table);

void *__wrap_iopt_packed_alloc(struct iopt_packed *packed, gfp_t gfp)
{
	void *table = __real_iopt_packed_alloc(packed, gfp);

	if (table)
		il_part(table, BIT(__ffs(il_pt.cfg.pgsize_bitmap)), false);
	return table;
}

void __wrap_iopt_packed_free(struct iopt_packed *packed, void *table)
{
	il_part(table, BIT(__ffs(il_pt.cfg.pgsize_bitmap)), true);
	__real_iopt_packed_free(packed, table);
}
#endif

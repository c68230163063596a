// SPDX-License-Identifier: GPL-2.0-only
/*
 * The caller's side of a generic page table: what the IOMMU core does around the
 * calls. The same functions as in edition.c, so that either can be linked.
 *
 * Nothing here is a scheduling point of its own.
 */
#include <linux/generic_pt/iommu.h>
#include "iommu-reserve.h"
#include "iommu-pages.h"
#include "edition.h"

const char il_flavour[] = IL_FLAVOUR;
const unsigned int il_page_shift = PAGE_SHIFT;
const bool il_generic = true;

struct shrinker il_the_shrinker;
enum system_states system_state = SYSTEM_RUNNING;

struct il_pt {
	union {
		struct iommu_domain domain;
		struct pt_iommu iommu;
		struct pt_iommu_vtdss vtd;
		struct pt_iommu_x86_64 x86;
		struct pt_iommu_amdv1 amd;
	};
	struct iommu_domain_ops domain_ops;
	struct iommu_dirty_ops dirty_ops;
	/* Of the top, as a driver has one */
	spinlock_t top_lock;
	/* What a device that is attached was told of the top, 0 if none is */
	unsigned long device_top;
	struct device dev;
	unsigned int variant;
};

static void il_iotlb_sync(struct iommu_domain *domain,
			  struct iommu_iotlb_gather *gather)
{
	il_tlb_flush_range(gather->start, gather->end - gather->start + 1,
			   iommu_iotlb_gather_leaves(gather));
	iommu_put_pages_list(&gather->freelist);
}

/* As AMD's driver: the devices that are attached are told of it, under the lock */
static void il_driver_change_top(struct pt_iommu *iommu, phys_addr_t top,
				 unsigned int level)
{
	struct il_pt *pt = container_of(iommu, struct il_pt, iommu);

	if (pt->device_top)
		pt->device_top = top;
	il_change_top(top, level);
}

static spinlock_t *il_driver_top_lock(struct pt_iommu *iommu)
{
	return &container_of(iommu, struct il_pt, iommu)->top_lock;
}

static const struct pt_iommu_driver_ops il_driver_ops = {
	.change_top	= il_driver_change_top,
	.get_top_lock	= il_driver_top_lock,
};

static unsigned int il_features(const struct il_cfg *cfg)
{
	unsigned int features = BIT(PT_FEAT_RESERVE);

	features |= BIT(cfg->variant & IL_NO_GAPS ? PT_FEAT_FLUSH_RANGE_NO_GAPS :
						    PT_FEAT_FLUSH_RANGE);
	if (!cfg->coherent)
		features |= BIT(PT_FEAT_DMA_INCOHERENT);
	/* The other two are compiled in, and nothing is encrypted here */
	if (cfg->fmt == IL_FMT_AMD)
		features |= BIT(PT_FEAT_DYNAMIC_TOP) | BIT(PT_FEAT_AMDV1_ENCRYPT_TABLES) |
			    BIT(PT_FEAT_AMDV1_FORCE_COHERENCE);
	return features;
}

static struct pt_iommu_cfg il_common(const struct il_cfg *cfg)
{
	return (struct pt_iommu_cfg) {
		.features = il_features(cfg),
		.hw_max_vasz_lg2 = cfg->ias,
		.hw_max_oasz_lg2 = cfg->oas,
	};
}

static int il_init(struct il_pt *pt, const struct il_cfg *cfg)
{
	unsigned int top_level = (cfg->ias - 12 + 8) / 9 - 1;
	struct pt_iommu_vtdss_cfg vtd = {
		.common = il_common(cfg), .top_level = top_level,
	};
	struct pt_iommu_x86_64_cfg x86 = {
		.common = il_common(cfg), .top_level = top_level,
	};
	struct pt_iommu_amdv1_cfg amd = {
		.common = il_common(cfg), .starting_level = IL_AMD_TOP,
	};

	if (cfg->fmt == IL_FMT_AMD)
		return pt_iommu_amdv1_init(&pt->amd, &amd, GFP_KERNEL);
	if (cfg->fmt == IL_FMT_VTD)
		return pt_iommu_vtdss_init(&pt->vtd, &vtd, GFP_KERNEL);
	return pt_iommu_x86_64_init(&pt->x86, &x86, GFP_KERNEL);
}

static unsigned long il_top(struct il_pt *pt, const struct il_cfg *cfg)
{
	struct pt_iommu_vtdss_hw_info vtd;
	struct pt_iommu_x86_64_hw_info x86;
	struct pt_iommu_amdv1_hw_info amd;

	if (cfg->fmt == IL_FMT_AMD) {
		pt_iommu_amdv1_hw_info(&pt->amd, &amd);
		return amd.host_pt_root;
	}
	if (cfg->fmt == IL_FMT_VTD) {
		pt_iommu_vtdss_hw_info(&pt->vtd, &vtd);
		return vtd.ssptptr;
	}
	pt_iommu_x86_64_hw_info(&pt->x86, &x86);
	return x86.gcr3_pt;
}

static void il_set_ops(struct il_pt *pt, enum il_fmt fmt)
{
	pt->domain_ops.iotlb_sync = il_iotlb_sync;
	if (fmt == IL_FMT_AMD) {
		pt->domain_ops.iova_to_phys = pt_iommu_amdv1_iova_to_phys;
		pt->dirty_ops.read_and_clear_dirty = pt_iommu_amdv1_read_and_clear_dirty;
	} else if (fmt == IL_FMT_VTD) {
		pt->domain_ops.iova_to_phys = pt_iommu_vtdss_iova_to_phys;
	} else {
		pt->domain_ops.iova_to_phys = pt_iommu_x86_64_iova_to_phys;
	}
	pt->domain.ops = &pt->domain_ops;
}

void *il_pt_new(const struct il_cfg *cfg, unsigned long *pgd_phys)
{
	/* Not static, as accesses to the top are points */
	struct il_pt *pt = il_kmalloc(sizeof(*pt), true, true);

	if (!pt)
		return NULL;
	il_set_ops(pt, cfg->fmt);
	spin_lock_init(&pt->top_lock);
	pt->iommu.driver_ops = &il_driver_ops;
	pt->iommu.iommu_device = &pt->dev;
	pt->iommu.nid = NUMA_NO_NODE;
	pt->variant = cfg->variant;

	if (il_init(pt, cfg)) {
		il_kfree(pt);
		return NULL;
	}
	pt->domain.pgsize_bitmap &= cfg->pgsizes;
	*pgd_phys = il_top(pt, cfg);
	return pt;
}

void il_pt_free(void *p)
{
	struct il_pt *pt = p;

	pt_iommu_deinit(&pt->iommu);
	il_kfree(pt);
}

int il_pt_reserve(void *p, unsigned long iova, size_t size, size_t pgsize)
{
	struct il_pt *pt = p;

	return pt->iommu.ops->reserve(&pt->iommu, iova, size, pgsize, GFP_KERNEL);
}

void il_pt_unreserve(void *p, unsigned long iova, size_t size, size_t pgsize)
{
	struct il_pt *pt = p;
	struct iommu_iotlb_gather gather;

	if (pt->variant & IL_NO_GATHER) {
		pt->iommu.ops->unreserve(&pt->iommu, iova, size, pgsize, NULL);
		return;
	}
	il_gather_init(pt->variant, &gather);
	pt->iommu.ops->unreserve(&pt->iommu, iova, size, pgsize, &gather);
	il_gather_sync(&pt->domain, &gather);
}

/* All at once where the page size is the one that the page table would take */
int il_pt_map(void *p, unsigned long iova, unsigned long paddr, size_t pgsize,
	      size_t count)
{
	struct il_pt *pt = p;
	size_t step = pgsize, mapped;
	int ret;

	if ((pgsize * count) >> 9 < pgsize)
		step *= count;
	for (size_t done = 0; done < pgsize * count; done += step) {
		mapped = 0;
		ret = pt->iommu.ops->map_range(&pt->iommu, iova + done, paddr + done, step,
					       IOMMU_READ | IOMMU_WRITE, GFP_KERNEL,
					       &mapped);
		if (ret)
			return ret;
		if (mapped != step)
			return -EIO;
	}
	return 0;
}

static size_t il_unmap(struct il_pt *pt, unsigned long iova, size_t size,
		       struct iommu_iotlb_gather *gather)
{
	size_t done;

	il_gather_init(pt->variant, gather);
	done = pt->iommu.ops->unmap_range(&pt->iommu, iova, size, gather);
	if (!iommu_pages_list_empty(&gather->freelist))
		il_unmap_freed();
	return done;
}

size_t il_pt_unmap(void *p, unsigned long iova, size_t pgsize, size_t count)
{
	struct il_pt *pt = p;
	struct iommu_iotlb_gather gather;
	size_t done = il_unmap(pt, iova, pgsize * count, &gather);

	il_gather_sync(&pt->domain, &gather);
	return done;
}

size_t il_pt_drop(void *p, unsigned long iova, size_t pgsize, size_t count)
{
	struct il_pt *pt = p;
	struct iommu_iotlb_gather gather;
	size_t done = il_unmap(pt, iova, pgsize * count, &gather);

	pt->iommu.ops->unreserve(&pt->iommu, iova, pgsize * count, pgsize, &gather);
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
	done = pt->iommu.ops->unmap_range(&pt->iommu, iova, pgsize * count, &gather);
	il_gather_sync(&pt->domain, &gather);
	return done;
}

unsigned long il_pt_lookup(void *p, unsigned long iova)
{
	struct il_pt *pt = p;

	return pt->domain_ops.iova_to_phys(&pt->domain, iova);
}

int il_pt_dirty(void *p, unsigned long iova, size_t size)
{
	struct il_pt *pt = p;
	struct iommu_dirty_bitmap dirty;
	struct iommu_iotlb_gather gather;

	iommu_dirty_bitmap_init(&dirty, (struct iova_bitmap *)pt, &gather);
	return pt->dirty_ops.read_and_clear_dirty(&pt->domain, iova, size, 0, &dirty);
}

/* A device is told of the top that the page table has, under the driver's lock */
void il_pt_attach(void *p)
{
	struct il_pt *pt = p;
	struct pt_iommu_amdv1_hw_info info;
	unsigned long flags;

	spin_lock_irqsave(&pt->top_lock, flags);
	pt_iommu_amdv1_hw_info(&pt->amd, &info);
	pt->device_top = info.host_pt_root;
	spin_unlock_irqrestore(&pt->top_lock, flags);
}

bool il_pt_attached_elsewhere(void *p)
{
	struct il_pt *pt = p;
	struct pt_iommu_amdv1_hw_info info;

	if (!pt->device_top)
		return false;
	pt_iommu_amdv1_hw_info(&pt->amd, &info);
	return pt->device_top != info.host_pt_root;
}

/* What generic page tables do not have; ops.c does not ask for it */

int il_pt_repeat_create(void *p, unsigned long paddr, size_t pgsize, size_t size)
{
	return -EOPNOTSUPP;
}

void il_pt_repeat_destroy(void *p)
{
}

int il_pt_repeat_reserve(void *p, unsigned long iova, size_t size)
{
	return -EOPNOTSUPP;
}

void il_pt_repeat_unreserve(void *p, unsigned long iova, size_t size)
{
}

int il_pt_repeat_map(void *p, unsigned long iova, size_t size)
{
	return -EOPNOTSUPP;
}

int il_pt_walk(void *p, unsigned long iova)
{
	return -EOPNOTSUPP;
}

/* No table is kept */
bool il_pt_waits(void *p)
{
	struct il_pt *pt = p;

	return pt->iommu.rsv && pt->iommu.rsv->later.first;
}

void il_pt_trim(void *p, unsigned long nr)
{
}

void il_pt_stock(void *p)
{
}

void il_pt_unstock(void *p)
{
}

void il_reclaim(void)
{
}

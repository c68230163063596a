/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KUnit tests of pgtables for userspace managed VMs, included by msm_iommu.c: that
 * the SMMU is flushed whenever it can have something in its TLB, and that tables
 * are freed after that.
 */

#include <kunit/device.h>
#include <linux/pm_runtime.h>

#include "../../../iommu/iommu-reserve.h"
#include "msm_kunit.h"

struct msm_kunit_smmu {
	struct adreno_smmu_priv priv;
	struct io_pgtable_cfg ttbr1_cfg;
	struct iommu_domain_ops domain_ops;
	struct iommu_domain domain;
	struct msm_iommu iommu;
	unsigned int flushes, walks;
	struct page *watched;
	bool freed_early;
};

static const struct io_pgtable_cfg *smmu_get_ttbr1_cfg(const void *cookie)
{
	return &((struct msm_kunit_smmu *)cookie)->ttbr1_cfg;
}

static int smmu_set_ttbr0_cfg(const void *cookie, const struct io_pgtable_cfg *cfg)
{
	return 0;
}

static void smmu_flush_all(void *cookie)
{
	((struct msm_kunit_smmu *)cookie)->walks++;
}

static void smmu_flush_walk(unsigned long iova, size_t size, size_t granule,
			    void *cookie)
{
	((struct msm_kunit_smmu *)cookie)->walks++;
}

static const struct iommu_flush_ops smmu_flush_ops = {
	.tlb_flush_all = smmu_flush_all,
	.tlb_flush_walk = smmu_flush_walk,
};

static void smmu_flush_iotlb_all(struct iommu_domain *domain)
{
	struct msm_kunit_smmu *smmu = container_of(domain, struct msm_kunit_smmu, domain);

	smmu->flushes++;
	if (smmu->watched) {
		/* What was freed before this flush is free by now: */
		rcu_barrier();
		smmu->freed_early |= !page_ref_count(smmu->watched);
	}
}

struct msm_mmu *msm_kunit_mmu(struct kunit *test, struct device *dev)
{
	struct msm_kunit_smmu *smmu = kunit_kzalloc(test, sizeof(*smmu), GFP_KERNEL);
	struct msm_mmu *mmu;

	KUNIT_ASSERT_NOT_NULL(test, smmu);
	smmu->priv.cookie = smmu;
	smmu->priv.get_ttbr1_cfg = smmu_get_ttbr1_cfg;
	smmu->priv.set_ttbr0_cfg = smmu_set_ttbr0_cfg;
	dev_set_drvdata(dev, &smmu->priv);
	smmu->ttbr1_cfg = (struct io_pgtable_cfg) {
		.quirks = IO_PGTABLE_QUIRK_ARM_TTBR1,
		.pgsize_bitmap = SZ_4K | SZ_2M | SZ_1G,
		.ias = 48,
		.oas = 48,
		.coherent_walk = true,
		.tlb = &smmu_flush_ops,
		.iommu_dev = dev,
	};
	smmu->domain_ops.flush_iotlb_all = smmu_flush_iotlb_all;
	smmu->domain.ops = &smmu->domain_ops;
	smmu->iommu.domain = &smmu->domain;
	mutex_init(&smmu->iommu.init_lock);
	msm_mmu_init(&smmu->iommu.base, dev, &funcs, MSM_MMU_IOMMU);

	mmu = msm_iommu_pagetable_create(&smmu->iommu.base, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mmu);
	return mmu;
}

static struct msm_kunit_smmu *to_kunit_smmu(struct msm_mmu *mmu)
{
	return container_of(to_msm_iommu(to_pagetable(mmu)->parent),
			    struct msm_kunit_smmu, iommu);
}

struct io_pgtable_ops *msm_kunit_pgtable(struct msm_mmu *mmu)
{
	return to_pagetable(mmu)->pgtbl_ops;
}

unsigned int msm_kunit_flushes(struct msm_mmu *mmu)
{
	return to_kunit_smmu(mmu)->flushes;
}

void msm_kunit_watch(struct msm_mmu *mmu, u64 iova)
{
	u64 ptes[4];

	msm_iommu_pagetable_walk(mmu, iova, ptes);
	to_kunit_smmu(mmu)->watched =
		pfn_to_page((ptes[2] & GENMASK_ULL(47, PAGE_SHIFT)) >> PAGE_SHIFT);
}

bool msm_kunit_freed_early(struct msm_mmu *mmu)
{
	return to_kunit_smmu(mmu)->freed_early;
}

static void flushed_if_powered(struct kunit *test)
{
	struct device *dev = kunit_device_register(test, "smmu");
	struct msm_iommu_pagetable *pagetable;
	struct msm_kunit_smmu *smmu;
	struct msm_mmu *mmu;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	mmu = msm_kunit_mmu(test, dev);
	pagetable = to_pagetable(mmu);
	smmu = to_kunit_smmu(mmu);

	/* Without runtime PM it is always powered, and has no references to drop */
	pm_runtime_get_noresume(dev);
	msm_iommu_tlb_flush_walk(SZ_1M, SZ_2M, SZ_4K, pagetable);
	msm_iommu_tlb_flush_all(pagetable);
	KUNIT_EXPECT_EQ(test, 2, smmu->walks);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&dev->power.usage_count));
	pm_runtime_put_noidle(dev);

	pm_runtime_enable(dev);
	msm_iommu_tlb_flush_walk(SZ_1M, SZ_2M, SZ_4K, pagetable);
	msm_iommu_tlb_flush_all(pagetable);
	KUNIT_EXPECT_EQ_MSG(test, 2, smmu->walks, "flushed while suspended");
	pm_runtime_disable(dev);

	/* Powered, though nobody uses it */
	pm_runtime_set_active(dev);
	pm_runtime_set_autosuspend_delay(dev, 60 * MSEC_PER_SEC);
	pm_runtime_use_autosuspend(dev);
	pm_runtime_enable(dev);
	msm_iommu_tlb_flush_walk(SZ_1M, SZ_2M, SZ_4K, pagetable);
	msm_iommu_tlb_flush_all(pagetable);
	KUNIT_EXPECT_EQ_MSG(test, 4, smmu->walks, "not flushed while powered");
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&dev->power.usage_count));
	pm_runtime_dont_use_autosuspend(dev);
	pm_runtime_disable(dev);

	mmu->funcs->destroy(mmu);
}

static void released_after_unmap_and_flush(struct kunit *test)
{
	struct device *dev = kunit_device_register(test, "smmu");
	struct drm_gpuvm_rsv rsv = {}, half;
	struct io_pgtable_ops *ops;
	struct msm_mmu *mmu;
	size_t mapped = 0;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	mmu = msm_kunit_mmu(test, dev);
	ops = msm_kunit_pgtable(mmu);
	/* Tables die at once: */
	io_pgtable_ops_to_pgtable(ops)->rsv->max_idle = 0;

	KUNIT_ASSERT_EQ(test, 0, mmu->funcs->reserve(mmu, &rsv, SZ_1G, 16 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 3, io_pgtable_reserved_tables(ops));
	KUNIT_ASSERT_EQ(test, 0, ops->map_pages(ops, SZ_1G, SZ_1M, PAGE_SIZE, 16,
						IOMMU_READ, GFP_KERNEL, &mapped));
	KUNIT_EXPECT_EQ(test, 16 * PAGE_SIZE, mapped);

	/* What was evicted keeps its tables */
	mmu->funcs->unmap(mmu, SZ_1G, 16 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 1, msm_kunit_flushes(mmu));
	KUNIT_EXPECT_EQ(test, 0, ops->iova_to_phys(ops, SZ_1G));
	KUNIT_EXPECT_EQ(test, 3, io_pgtable_reserved_tables(ops));
	KUNIT_ASSERT_EQ(test, 0, ops->map_pages(ops, SZ_1G, SZ_1M, PAGE_SIZE, 16,
						IOMMU_READ, GFP_KERNEL, &mapped));

	msm_kunit_watch(mmu, SZ_1G);
	half = rsv;
	half.end = rsv.start += 8 * PAGE_SIZE;
	mmu->funcs->release(mmu, &half, true);
	mmu->funcs->release(mmu, &rsv, true);
	KUNIT_EXPECT_EQ(test, 3, msm_kunit_flushes(mmu));
	KUNIT_EXPECT_FALSE(test, msm_kunit_freed_early(mmu));
	KUNIT_EXPECT_EQ(test, 0, ops->iova_to_phys(ops, SZ_1G + 8 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, io_pgtable_reserved_tables(ops));

	mmu->funcs->destroy(mmu);
}

static struct kunit_case msm_iommu_cases[] = {
	KUNIT_CASE(flushed_if_powered),
	KUNIT_CASE(released_after_unmap_and_flush),
	{}
};

static struct kunit_suite msm_iommu_suite = {
	.name = "msm-reserve-pagetable",
	.test_cases = msm_iommu_cases,
};

kunit_test_suite(msm_iommu_suite);

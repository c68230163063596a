/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the KUnit tests of VM_BIND share: a userspace managed pgtable, as it is in
 * the driver, with an SMMU that only counts.
 */
#ifndef __MSM_KUNIT_H__
#define __MSM_KUNIT_H__

#include <kunit/test.h>
#include <linux/io-pgtable.h>

#include "msm_mmu.h"

struct msm_mmu *msm_kunit_mmu(struct kunit *test, struct device *dev);
struct io_pgtable_ops *msm_kunit_pgtable(struct msm_mmu *mmu);
/* Flushes so far that waited for nothing to be there, which wake up the SMMU */
unsigned int msm_kunit_flushes(struct msm_mmu *mmu);
/* See that the table with the entry for an address is not freed before a flush */
void msm_kunit_watch(struct msm_mmu *mmu, u64 iova);
bool msm_kunit_freed_early(struct msm_mmu *mmu);

#endif /* __MSM_KUNIT_H__ */

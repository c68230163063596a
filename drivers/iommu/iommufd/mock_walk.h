/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walker of the selftests' IOMMU, and what it caches; see mock_walk.c.
 */
#ifndef __IOMMUFD_MOCK_WALK_H
#define __IOMMUFD_MOCK_WALK_H

#include <linux/spinlock.h>
#include <linux/types.h>

struct iommu_iotlb_gather;
struct pt_iommu;

#define MOCK_WALK_ENTRIES	128
/* mock_walk() would have used what is not in the page table any more */
#define MOCK_WALK_STALE		PHYS_ADDR_MAX

/* One step of a walk. It is free if @last is 0 */
struct mock_walk_entry {
	u64 iova;
	u64 last;
	/* Of the table that @pa is, or of the table that has the translation to @pa */
	unsigned int level;
	bool leaf;
	phys_addr_t pa;
};

struct mock_walk_cache {
	/* Of all that is below */
	spinlock_t lock;
	/* The oldest entry makes way */
	unsigned int next;
	struct mock_walk_entry entries[MOCK_WALK_ENTRIES];
};

phys_addr_t mock_walk(struct mock_walk_cache *cache, struct pt_iommu *iommu_table,
		      u64 iova);
void mock_walk_flush(struct mock_walk_cache *cache, struct iommu_iotlb_gather *gather);

#endif

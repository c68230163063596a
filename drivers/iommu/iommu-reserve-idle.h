/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Idle tables of page tables with reservations.
 */
#ifndef __IOMMU_RESERVE_IDLE_H
#define __IOMMU_RESERVE_IDLE_H

#include <linux/sizes.h>
#include <linux/types.h>

struct iommu_iotlb_gather;
struct iopt_dead;
struct iopt_reserve;
struct iopte_page;
struct iopte_stash;
struct shrink_control;
struct shrinker;

/* Memory of the idle tables that a page table keeps: 1 GiB of pages of 4 KiB */
#define IOPT_IDLE_BYTES		SZ_2M

#ifdef CONFIG_IOMMU_RESERVE_IDLE
bool iopt_idle_add(struct iopt_reserve *rsv, struct iopte_page *iopte);
void iopt_idle_remove(struct iopt_reserve *rsv, struct iopte_page *iopte);
unsigned long iopt_idle_trim(struct iopt_reserve *rsv, unsigned int max,
			     struct iopt_dead *dead);
unsigned long iopt_trim(struct iopt_reserve *rsv, unsigned long nr,
			struct iommu_iotlb_gather *gather);
void iopt_stock_fill(struct iopt_reserve *rsv, gfp_t gfp);
void iopt_stock_take(struct iopt_reserve *rsv, struct iopte_stash *stash);
void iopt_idle_register(struct iopt_reserve *rsv);
void iopt_idle_unregister(struct iopt_reserve *rsv);
#if IS_ENABLED(CONFIG_KUNIT)
/* What reclaim calls */
unsigned long iopt_idle_count(struct shrinker *shrinker,
			      struct shrink_control *sc);
unsigned long iopt_idle_scan(struct shrinker *shrinker,
			     struct shrink_control *sc);
#endif
#else
/* Then tables die at once */
static inline bool iopt_idle_add(struct iopt_reserve *rsv,
				 struct iopte_page *iopte)
{
	return false;
}

static inline void iopt_idle_remove(struct iopt_reserve *rsv,
				    struct iopte_page *iopte)
{
}

static inline unsigned long iopt_idle_trim(struct iopt_reserve *rsv,
					   unsigned int max,
					   struct iopt_dead *dead)
{
	return 0;
}

static inline unsigned long iopt_trim(struct iopt_reserve *rsv,
				      unsigned long nr,
				      struct iommu_iotlb_gather *gather)
{
	return 0;
}

static inline void iopt_stock_fill(struct iopt_reserve *rsv, gfp_t gfp)
{
}

static inline void iopt_stock_take(struct iopt_reserve *rsv,
				   struct iopte_stash *stash)
{
}

static inline void iopt_idle_register(struct iopt_reserve *rsv)
{
}

static inline void iopt_idle_unregister(struct iopt_reserve *rsv)
{
}
#endif

#endif /* __IOMMU_RESERVE_IDLE_H */

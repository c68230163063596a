/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory for tables that are smaller than a page, several to a page.
 */
#ifndef __IOMMU_RESERVE_PACKED_H
#define __IOMMU_RESERVE_PACKED_H

#include <linux/gfp_types.h>
#include <linux/types.h>

struct device;
struct iopt_packed;

#ifdef CONFIG_IOMMU_RESERVE_PACKED
struct iopt_packed *iopt_packed_create(size_t size, struct device *dev, int nid);
void iopt_packed_destroy(struct iopt_packed *packed);
void *iopt_packed_alloc(struct iopt_packed *packed, gfp_t gfp);
void iopt_packed_free(struct iopt_packed *packed, void *table);
#else
/* Then each table has a page of its own */
static inline struct iopt_packed *iopt_packed_create(size_t size,
						     struct device *dev, int nid)
{
	return NULL;
}

static inline void iopt_packed_destroy(struct iopt_packed *packed)
{
}

static inline void *iopt_packed_alloc(struct iopt_packed *packed, gfp_t gfp)
{
	return NULL;
}

static inline void iopt_packed_free(struct iopt_packed *packed, void *table)
{
}
#endif

#endif /* __IOMMU_RESERVE_PACKED_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* What editions share: how a driver gathers, flushes, and frees what waited. */
#ifndef EDITION_H
#define EDITION_H

#include <linux/iommu.h>
#include "iommu-pages.h"

static inline void il_gather_init(unsigned int variant, struct iommu_iotlb_gather *gather)
{
	iommu_iotlb_gather_init(gather);
	gather->queued = variant & IL_QUEUED;
}

static inline void il_gather_sync(struct iommu_domain *domain,
				  struct iommu_iotlb_gather *gather)
{
	if (gather->queued)
		il_tlb_flush_all();
	else if (gather->start < gather->end)
		return iommu_iotlb_sync(domain, gather);
	/* Tables that the hardware never saw come without a range */
	iommu_put_pages_list(&gather->freelist);
}

#endif /* EDITION_H */

/* SPDX-License-Identifier: GPL-2.0 or MIT */
/*
 * What a mapping reserves in the page table of its VM; panthor_reserve.c has the
 * rules. panthor_mmu.c is the only user.
 */
#ifndef __PANTHOR_RESERVE_H__
#define __PANTHOR_RESERVE_H__

#include <linux/types.h>

struct io_pgtable_ops;
struct iommu_iotlb_gather;
struct panthor_layout;
struct sg_table;

struct panthor_layout *panthor_layout_create(struct sg_table *sgt, u64 offset,
					     u64 start, u64 end);
struct panthor_layout *panthor_layout_sparse(struct sg_table *sgt);
struct panthor_layout *panthor_layout_get(struct panthor_layout *layout);
void panthor_layout_put(struct panthor_layout *layout);

bool panthor_layout_is_block(const struct panthor_layout *layout, u64 start,
			     u64 end, u64 addr);

int panthor_reserve(struct io_pgtable_ops *ops, u64 start, u64 end,
		    const struct panthor_layout *layout, u64 *reserved);
void panthor_unreserve(struct io_pgtable_ops *ops, u64 start, u64 end,
		       const struct panthor_layout *layout,
		       struct iommu_iotlb_gather *gather);
void panthor_reserve_cut(struct io_pgtable_ops *ops, u64 start, u64 end,
			 const struct panthor_layout *layout,
			 u64 cut_start, u64 cut_end,
			 struct iommu_iotlb_gather *gather);

int panthor_reserve_pin(struct io_pgtable_ops *ops, u64 addr);
void panthor_reserve_unpin(struct io_pgtable_ops *ops, u64 addr,
			   struct iommu_iotlb_gather *gather);

#endif

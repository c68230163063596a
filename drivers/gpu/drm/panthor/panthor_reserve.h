/* SPDX-License-Identifier: GPL-2.0 or MIT */
/*
 * What a mapping reserves in the page table of its VM, see panthor_reserve.c.
 */
#ifndef __PANTHOR_RESERVE_H__
#define __PANTHOR_RESERVE_H__

#include <linux/types.h>

struct io_pgtable_ops;
struct io_pgtable_repeat;
struct iommu_iotlb_gather;
struct sg_table;

/**
 * enum panthor_blocks - Which slots of a mapping are mapped with a block
 * @PANTHOR_BLOCKS_NONE: None
 * @PANTHOR_BLOCKS_SOME: Perhaps some of those that the mapping has as a whole
 * @PANTHOR_BLOCKS_ALL: All that the mapping has as a whole
 */
enum panthor_blocks {
	PANTHOR_BLOCKS_NONE,
	PANTHOR_BLOCKS_SOME,
	PANTHOR_BLOCKS_ALL,
};

/**
 * struct panthor_shape - What reservations depend on, but for where a mapping is
 * @blocks: Where it has blocks
 * @repeat: What it maps in all its inner slots, NULL if it is not sparse
 */
struct panthor_shape {
	enum panthor_blocks blocks;
	struct io_pgtable_repeat *repeat;
};

enum panthor_blocks panthor_blocks_of(struct sg_table *sgt, u64 offset,
				      u64 start, u64 end);
bool panthor_has_block(const struct panthor_shape *shape, u64 start, u64 end,
		       u64 addr);
void panthor_inner_slots(const struct panthor_shape *shape, u64 start, u64 end,
			 u64 *inner, u64 *inner_end);

int panthor_reserve(struct io_pgtable_ops *ops, u64 start, u64 end,
		    const struct panthor_shape *shape, u64 *reserved);
void panthor_unreserve(struct io_pgtable_ops *ops, u64 start, u64 end,
		       const struct panthor_shape *shape,
		       struct iommu_iotlb_gather *gather);
void panthor_reserve_cut(struct io_pgtable_ops *ops, u64 start, u64 end,
			 const struct panthor_shape *shape, u64 cut_start,
			 u64 cut_end, struct iommu_iotlb_gather *gather);

unsigned int panthor_reserve_pins(u64 start, u64 end, bool before, bool behind,
				  u64 *pins);
int panthor_reserve_pin(struct io_pgtable_ops *ops, u64 addr);
void panthor_reserve_unpin(struct io_pgtable_ops *ops, u64 addr,
			   struct iommu_iotlb_gather *gather);

#endif /* __PANTHOR_RESERVE_H__ */

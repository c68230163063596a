/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Reservations in I/O page tables that mappings of a GPU VM own, see
 * drivers/gpu/drm/drm_gpuvm_reserve.c.
 */
#ifndef __DRM_GPUVM_RESERVE_H__
#define __DRM_GPUVM_RESERVE_H__

#include <linux/types.h>

#include <drm/drm_gpuvm.h>

struct io_pgtable_ops;
struct io_pgtable_repeat;
struct iommu_iotlb_gather;

/**
 * enum drm_gpuvm_blocks - Which slots of a mapping are mapped with a block
 * @DRM_GPUVM_BLOCKS_NONE: None
 * @DRM_GPUVM_BLOCKS_SOME: Perhaps some of those that the mapping has as a whole
 * @DRM_GPUVM_BLOCKS_ALL: All that the mapping has as a whole
 */
enum drm_gpuvm_blocks {
	DRM_GPUVM_BLOCKS_NONE,
	DRM_GPUVM_BLOCKS_SOME,
	DRM_GPUVM_BLOCKS_ALL,
};

/**
 * struct drm_gpuvm_rsv - What a mapping, or an operation, holds in a page table
 * @start: Where it begins
 * @end: Where it ends; it holds nothing if that is @start
 * @blocks: Where it has blocks
 * @repeat: What is mapped in all its inner slots, and held in one piece; else NULL
 *
 * @blocks and @repeat are the owner's, and set before anything is reserved. Zeroes
 * are a reservation of nothing, and of pages.
 */
struct drm_gpuvm_rsv {
	u64 start;
	u64 end;
	enum drm_gpuvm_blocks blocks;
	struct io_pgtable_repeat *repeat;
};

/**
 * struct drm_gpuvm_pins - What an unmap holds of the tables at its ends
 * @addrs: Where
 * @nr: How many of @addrs there are
 */
struct drm_gpuvm_pins {
	u64 addrs[2];
	unsigned int nr;
};

/**
 * drm_gpuvm_rsv_empty() - Whether nothing is held
 * @rsv: The reservation
 *
 * Return: true if there is nothing to release.
 */
static inline bool drm_gpuvm_rsv_empty(const struct drm_gpuvm_rsv *rsv)
{
	return rsv->start == rsv->end;
}

/**
 * drm_gpuvm_rsv_take() - Hand over a reservation
 * @rsv: What hands it over, and holds nothing then
 *
 * Return: the reservation, for its new owner.
 */
static inline struct drm_gpuvm_rsv drm_gpuvm_rsv_take(struct drm_gpuvm_rsv *rsv)
{
	struct drm_gpuvm_rsv taken = *rsv;

	*rsv = (struct drm_gpuvm_rsv) {};
	return taken;
}

/**
 * drm_gpuvm_rsv_of() - The reservation of a mapping that has pages only
 * @va: The mapping
 *
 * Where page tables have no blocks the range of a mapping says what it holds, and
 * nothing needs to be kept beside it.
 *
 * Return: what it holds.
 */
static inline struct drm_gpuvm_rsv drm_gpuvm_rsv_of(const struct drm_gpuva *va)
{
	return (struct drm_gpuvm_rsv) {
		.start = va->va.addr,
		.end = va->va.addr + va->va.range,
	};
}

int drm_gpuvm_reserve(struct io_pgtable_ops *ops, struct drm_gpuvm_rsv *rsv,
		      u64 start, u64 end);
void drm_gpuvm_unreserve(struct io_pgtable_ops *ops, struct drm_gpuvm_rsv *rsv,
			 struct iommu_iotlb_gather *gather);
void drm_gpuvm_reserve_cut(struct io_pgtable_ops *ops, struct drm_gpuvm_rsv *rsv,
			   u64 start, u64 end, struct drm_gpuvm_rsv *prev,
			   struct drm_gpuvm_rsv *next,
			   struct iommu_iotlb_gather *gather);

void drm_gpuvm_rsv_slots(struct io_pgtable_ops *ops, const struct drm_gpuvm_rsv *rsv,
			 u64 *inner, u64 *inner_end);
bool drm_gpuvm_rsv_has_block(struct io_pgtable_ops *ops,
			     const struct drm_gpuvm_rsv *rsv, u64 addr);

int drm_gpuvm_pin_ends(struct io_pgtable_ops *ops, struct drm_gpuvm_pins *pins,
		       u64 start, u64 end, bool before, bool behind);
void drm_gpuvm_unpin_ends(struct io_pgtable_ops *ops, struct drm_gpuvm_pins *pins,
			  struct iommu_iotlb_gather *gather);

#endif /* __DRM_GPUVM_RESERVE_H__ */

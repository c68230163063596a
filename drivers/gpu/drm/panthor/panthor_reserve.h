/* SPDX-License-Identifier: GPL-2.0 or MIT */
/*
 * Where a mapping has blocks, see panthor_reserve.c.
 */
#ifndef __PANTHOR_RESERVE_H__
#define __PANTHOR_RESERVE_H__

#include <drm/drm_gpuvm_reserve.h>

struct sg_table;

enum drm_gpuvm_blocks panthor_blocks_of(struct sg_table *sgt, u64 offset,
					u64 start, u64 end);

#endif /* __PANTHOR_RESERVE_H__ */

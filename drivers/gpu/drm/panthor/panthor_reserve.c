// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Where a mapping has blocks, from which follows what it holds in the page table of
 * its VM, see drivers/gpu/drm/drm_gpuvm_reserve.c.
 *
 * A slot is an aligned 2 MiB of GPU address space: what one block maps, or one
 * leaf table with pages. The inner slots of a mapping are those that it has as a
 * whole. panthor_vm_map_pages() maps with a block what holds 2 MiB, and never maps
 * with pages there.
 */

#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include "panthor_reserve.h"

#define SLOT_SIZE	((u64)SZ_2M)

/**
 * panthor_blocks_of() - Where a mapping will have blocks
 * @sgt: The memory
 * @offset: Where in the memory the mapping begins
 * @start: GPU address of the mapping, a multiple of 4 KiB
 * @end: Where it ends
 *
 * panthor_vm_map_pages() takes the pieces of memory one by one, and so does this.
 *
 * Return: which inner slots are blocks.
 */
enum drm_gpuvm_blocks panthor_blocks_of(struct sg_table *sgt, u64 offset,
					u64 start, u64 end)
{
	u64 first = ALIGN(start, SLOT_SIZE), last = ALIGN_DOWN(end, SLOT_SIZE);
	struct scatterlist *sgl;
	u64 blocks = 0, addr = start;
	unsigned int i;

	if (first >= last)
		return DRM_GPUVM_BLOCKS_NONE;

	for_each_sgtable_dma_sg(sgt, sgl, i) {
		dma_addr_t paddr = sg_dma_address(sgl) + offset;
		u64 len = sg_dma_len(sgl), piece_end;

		if (len <= offset) {
			offset -= len;
			continue;
		}
		piece_end = min(addr + len - offset, end);
		offset = 0;

		if (!((addr ^ paddr) & (SLOT_SIZE - 1)) &&
		    ALIGN(addr, SLOT_SIZE) < ALIGN_DOWN(piece_end, SLOT_SIZE))
			blocks += ALIGN_DOWN(piece_end, SLOT_SIZE) - ALIGN(addr, SLOT_SIZE);

		addr = piece_end;
		if (addr == end)
			break;
	}

	if (!blocks)
		return DRM_GPUVM_BLOCKS_NONE;
	return blocks == last - first ? DRM_GPUVM_BLOCKS_ALL : DRM_GPUVM_BLOCKS_SOME;
}

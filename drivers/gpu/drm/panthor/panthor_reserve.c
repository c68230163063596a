// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * What a mapping reserves in the page table of its VM.
 *
 * A VM_BIND job signals a fence, so it can not allocate tables. The ioctl that
 * queues it reserves them, and whoever destroys the mapping releases them; see
 * Documentation/driver-api/io-pgtable-reserve.rst.
 *
 * A slot is an aligned 2 MiB of GPU address space: what one block maps, or one
 * leaf table with pages. The inner slots of a mapping are those that it has as a
 * whole.
 *
 * Invariants:
 *
 * P1.	A mapping whose inner slots are all blocks holds reservations of 2 MiB on
 *	these, and of 4 KiB on what is before and behind them. So does a sparse one,
 *	but that holds its inner slots as memory that repeats, in one piece. All
 *	others hold reservations of 4 KiB. Nothing else is written down.
 * P2.	panthor_vm_map_pages() maps with a block what holds 2 MiB, and never
 *	maps with pages there.
 * P3.	An operation holds the tables on the way to its first page and to its last
 *	one, be it by what it maps or by a pin. So the leaf table is there where it
 *	cuts through a block, and what remains of that gets its reservations of
 *	4 KiB without any memory; and so are those above it, where it cuts through
 *	tables that a sparse mapping shares.
 * P4.	What is released is not mapped any more. Tables that go, and what must be
 *	flushed for them, join the caller's gather; panthor_mmu.c flushes before
 *	it frees them.
 *
 * The work of a cut is that of the range which is cut out and of the two slots at
 * its ends, however large the mapping is.
 */

#include <linux/align.h>
#include <linux/bug.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/io-pgtable.h>
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
enum panthor_blocks panthor_blocks_of(struct sg_table *sgt, u64 offset,
				      u64 start, u64 end)
{
	u64 first = ALIGN(start, SLOT_SIZE), last = ALIGN_DOWN(end, SLOT_SIZE);
	struct scatterlist *sgl;
	u64 blocks = 0, addr = start;
	unsigned int i;

	if (first >= last)
		return PANTHOR_BLOCKS_NONE;

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
		return PANTHOR_BLOCKS_NONE;
	return blocks == last - first ? PANTHOR_BLOCKS_ALL : PANTHOR_BLOCKS_SOME;
}

/**
 * panthor_has_block() - Whether a slot is mapped, and unmapped, as a whole
 * @shape: The mapping's shape
 * @start: GPU address of the mapping
 * @end: Where it ends
 * @addr: An address in the slot
 *
 * Return: true if it is an inner one that can be a block, or is one that repeats.
 */
bool panthor_has_block(const struct panthor_shape *shape, u64 start, u64 end,
		       u64 addr)
{
	u64 slot = ALIGN_DOWN(addr, SLOT_SIZE);

	return (shape->repeat || shape->blocks != PANTHOR_BLOCKS_NONE) &&
	       slot >= start && slot + SLOT_SIZE <= end;
}

/**
 * panthor_inner_slots() - The inner slots that a mapping holds as such
 * @shape: The mapping's shape
 * @start: GPU address of the mapping
 * @end: Where it ends
 * @inner: Set to where they begin, @end if it holds none as such
 * @inner_end: Set to where they end
 */
void panthor_inner_slots(const struct panthor_shape *shape, u64 start, u64 end,
			 u64 *inner, u64 *inner_end)
{
	*inner = end;
	if (shape->repeat || shape->blocks == PANTHOR_BLOCKS_ALL)
		*inner = min(ALIGN(start, SLOT_SIZE), end);
	*inner_end = max(ALIGN_DOWN(end, SLOT_SIZE), *inner);
}

static int reserve_pages(struct io_pgtable_ops *ops, u64 start, u64 end, gfp_t gfp)
{
	if (start >= end)
		return 0;
	return ops->reserve(ops, start, end - start, SZ_4K, gfp);
}

static void unreserve_pages(struct io_pgtable_ops *ops, u64 start, u64 end,
			    struct iommu_iotlb_gather *gather)
{
	if (start < end)
		ops->unreserve(ops, start, end - start, SZ_4K, gather);
}

static int reserve_slots(struct io_pgtable_ops *ops, u64 start, u64 end,
			 const struct panthor_shape *shape, gfp_t gfp)
{
	if (start >= end)
		return 0;
	if (shape->repeat)
		return io_pgtable_repeat_reserve(shape->repeat, start, end - start, gfp);
	return ops->reserve(ops, start, end - start, SLOT_SIZE, gfp);
}

static void unreserve_slots(struct io_pgtable_ops *ops, u64 start, u64 end,
			    const struct panthor_shape *shape,
			    struct iommu_iotlb_gather *gather)
{
	if (start >= end)
		return;
	if (shape->repeat)
		io_pgtable_repeat_unreserve(shape->repeat, start, end - start, gather);
	else
		ops->unreserve(ops, start, end - start, SLOT_SIZE, gather);
}

/**
 * panthor_reserve() - Reserve what a mapping needs
 * @ops: The page table
 * @start: GPU address of the mapping, a multiple of 4 KiB
 * @end: Where it ends
 * @shape: Its shape
 * @reserved: Set to where that ends which is reserved, @end if all is well. On
 *	error the caller releases what comes before it: that can take a flush
 *
 * May sleep.
 *
 * Return: 0, -EINVAL if the mapping is empty, -ERANGE if it leaves the address
 * space, -ENOMEM, or -EINTR if the task is being killed.
 */
int panthor_reserve(struct io_pgtable_ops *ops, u64 start, u64 end,
		    const struct panthor_shape *shape, u64 *reserved)
{
	u64 inner, inner_end;
	int ret;

	*reserved = start;
	/* It would cut others, and hold nothing where it does */
	if (start >= end)
		return -EINVAL;

	panthor_inner_slots(shape, start, end, &inner, &inner_end);
	ret = reserve_pages(ops, start, inner, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;

	*reserved = inner;
	ret = reserve_slots(ops, inner, inner_end, shape, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;

	*reserved = inner_end;
	ret = reserve_pages(ops, inner_end, end, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;

	*reserved = end;
	return 0;
}

/**
 * panthor_unreserve() - Release what a mapping holds
 * @ops: The page table
 * @start: GPU address of the mapping
 * @end: Where it, or what panthor_reserve() reserved of it, ends
 * @shape: Its shape
 * @gather: As io_pgtable_ops::unreserve has it
 *
 * Safe in a section that signals a fence.
 */
void panthor_unreserve(struct io_pgtable_ops *ops, u64 start, u64 end,
		       const struct panthor_shape *shape,
		       struct iommu_iotlb_gather *gather)
{
	u64 inner, inner_end;

	panthor_inner_slots(shape, start, end, &inner, &inner_end);
	unreserve_pages(ops, start, inner, gather);
	unreserve_slots(ops, inner, inner_end, shape, gather);
	unreserve_pages(ops, inner_end, end, gather);
}

/*
 * [start, end) goes from the inner slots. Of a slot that goes in part, pages remain,
 * and what repeats is held in one piece. What is reserved here needs no memory,
 * see P3.
 */
static void cut_slots(struct io_pgtable_ops *ops, u64 inner, u64 inner_end,
		      const struct panthor_shape *shape, u64 start, u64 end,
		      struct iommu_iotlb_gather *gather)
{
	u64 first = ALIGN_DOWN(start, SLOT_SIZE), last = ALIGN(end, SLOT_SIZE);

	WARN_ON_ONCE(reserve_pages(ops, first, start, GFP_NOWAIT));
	WARN_ON_ONCE(reserve_pages(ops, end, last, GFP_NOWAIT));
	if (shape->repeat) {
		WARN_ON_ONCE(reserve_slots(ops, inner, first, shape, GFP_NOWAIT));
		WARN_ON_ONCE(reserve_slots(ops, last, inner_end, shape, GFP_NOWAIT));
		first = inner;
		last = inner_end;
	}
	unreserve_slots(ops, first, last, shape, gather);
}

/**
 * panthor_reserve_cut() - Release what a mapping holds of a range cut out of it
 * @ops: The page table
 * @start: GPU address of the mapping
 * @end: Where it ends
 * @shape: Its shape
 * @cut_start: Start of the range, in the mapping
 * @cut_end: Its end, in the mapping
 * @gather: As io_pgtable_ops::unreserve has it
 *
 * What is left on either side holds what a mapping there would have reserved.
 * Needs no memory if the caller holds what P3 says. Safe in a section that
 * signals a fence.
 */
void panthor_reserve_cut(struct io_pgtable_ops *ops, u64 start, u64 end,
			 const struct panthor_shape *shape, u64 cut_start,
			 u64 cut_end, struct iommu_iotlb_gather *gather)
{
	u64 inner, inner_end;

	panthor_inner_slots(shape, start, end, &inner, &inner_end);
	/* Cutting nothing out makes two of a mapping, too */
	if (inner < inner_end && max(cut_start, inner) <= min(cut_end, inner_end))
		cut_slots(ops, inner, inner_end, shape, max(cut_start, inner),
			  min(cut_end, inner_end), gather);
	unreserve_pages(ops, cut_start, min(cut_end, inner), gather);
	unreserve_pages(ops, max(cut_start, inner_end), cut_end, gather);
}

/* A page in the middle of a slot, or the slot that begins there */
static size_t pin_size(u64 addr)
{
	return IS_ALIGNED(addr, SLOT_SIZE) ? SLOT_SIZE : SZ_4K;
}

/**
 * panthor_reserve_pins() - What an unmap has to pin
 * @start: GPU address of the range that is unmapped, a multiple of 4 KiB
 * @end: Where it ends; an unmap of nothing makes two of a mapping, too
 * @before: There can be a rest of a mapping before it
 * @behind: There can be one behind it
 * @pins: Filled with addresses for panthor_reserve_pin()
 *
 * In one slot, a page that is somewhere in it will do for both ends.
 *
 * Return: the number of @pins, at most 2.
 */
unsigned int panthor_reserve_pins(u64 start, u64 end, bool before, bool behind,
				  u64 *pins)
{
	u64 last = start < end && IS_ALIGNED(end, SLOT_SIZE) ? end - SLOT_SIZE : end;
	bool one_slot = before && behind &&
			ALIGN_DOWN(start, SLOT_SIZE) == ALIGN_DOWN(last, SLOT_SIZE);
	unsigned int nr = 0;

	if (before && (!one_slot || !IS_ALIGNED(start, SLOT_SIZE)))
		pins[nr++] = start;
	if (behind && (!one_slot || IS_ALIGNED(start, SLOT_SIZE)))
		pins[nr++] = last;
	return nr;
}

/**
 * panthor_reserve_pin() - Hold the tables for a cut through a slot, or at its end
 * @ops: The page table
 * @addr: Where the cut will be, a multiple of 4 KiB; if that is between two slots,
 *	the one which goes
 *
 * May sleep.
 *
 * Return: as panthor_reserve().
 */
int panthor_reserve_pin(struct io_pgtable_ops *ops, u64 addr)
{
	size_t size = pin_size(addr);

	return ops->reserve(ops, addr, size, size, GFP_KERNEL_ACCOUNT);
}

/**
 * panthor_reserve_unpin() - Undo panthor_reserve_pin()
 * @ops: The page table
 * @addr: The same address
 * @gather: As io_pgtable_ops::unreserve has it
 *
 * Safe in a section that signals a fence.
 */
void panthor_reserve_unpin(struct io_pgtable_ops *ops, u64 addr,
			   struct iommu_iotlb_gather *gather)
{
	size_t size = pin_size(addr);

	ops->unreserve(ops, addr, size, size, gather);
}

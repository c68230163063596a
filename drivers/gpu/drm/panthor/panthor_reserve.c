// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * What a mapping reserves in the page table of its VM.
 *
 * A VM_BIND job signals a fence, so it can not allocate tables. The ioctl that
 * queues it reserves them, and whoever destroys the mapping releases them; see
 * Documentation/driver-api/io-pgtable-reserve.rst.
 *
 * A slot is an aligned 2 MiB of GPU address space: what one block maps, or one
 * leaf table with pages. The layout of a mapping says in which slots its memory
 * is such that a block can be used. It is made when the mapping is prepared,
 * never changes, and is shared by all mappings that are cut out of that one.
 *
 * Invariants:
 *
 * P1.	A mapping [start, end) holds a reservation of 2 MiB on each slot that is
 *	a block in its layout and lies in the mapping as a whole, and reservations
 *	of 4 KiB on the rest. Nothing else is written down.
 * P2.	panthor_vm_map_pages() maps with a block what holds 2 MiB, and never
 *	maps with pages there. So the layout also says where a block has to be
 *	broken up before a part of it can be unmapped.
 * P3.	An operation that can break up a block holds a page in its slot, be it
 *	a pin or the edge of what it maps. So the leaf table is there, and the
 *	pieces that remain get their reservations of 4 KiB without any memory.
 * P4.	What is released is not mapped any more. Tables that go, and what must be
 *	flushed for them, join the caller's gather; panthor_mmu.c flushes before
 *	it frees them.
 *
 * The work of a cut is that of the range which is cut out and of the two slots at
 * its ends, however large the mapping is.
 */

#include <linux/align.h>
#include <linux/bitmap.h>
#include <linux/bug.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/io-pgtable.h>
#include <linux/kref.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "panthor_reserve.h"
#include "panthor_trace.h"

#define SLOT_SHIFT	21
#define SLOT_SIZE	SZ_2M

enum panthor_layout_kind {
	/* There are blocks nowhere, or wherever the mapping has a whole slot */
	LAYOUT_PAGES,
	LAYOUT_BLOCKS,
	/* Where the bitmap says so */
	LAYOUT_MIXED,
};

/**
 * struct panthor_layout - Where a mapping can use blocks
 */
struct panthor_layout {
	/** @refcount: Mappings and operations that use it. */
	struct kref refcount;

	/** @kind: Whether there is something in @blocks. */
	enum panthor_layout_kind kind;

	/** @first: The slot that the first bit stands for. */
	u64 first;

	/** @nr: Number of bits. */
	unsigned long nr;

	/** @blocks: A bit for each slot, set if it is a block. */
	unsigned long blocks[];
};

/* Most mappings have one of these, which live forever */
static struct panthor_layout layout_pages = { .kind = LAYOUT_PAGES };
static struct panthor_layout layout_blocks = { .kind = LAYOUT_BLOCKS };

/**
 * panthor_layout_get() - Share a layout
 * @layout: The layout
 *
 * Return: @layout, for which panthor_layout_put() is due.
 */
struct panthor_layout *panthor_layout_get(struct panthor_layout *layout)
{
	if (layout->kind == LAYOUT_MIXED)
		kref_get(&layout->refcount);
	return layout;
}

static void layout_release(struct kref *kref)
{
	kvfree(container_of(kref, struct panthor_layout, refcount));
}

/**
 * panthor_layout_put() - Drop a layout
 * @layout: The layout, can be NULL
 *
 * Safe in a section that signals a fence.
 */
void panthor_layout_put(struct panthor_layout *layout)
{
	if (layout && layout->kind == LAYOUT_MIXED)
		kref_put(&layout->refcount, layout_release);
}

/*
 * Number of slots in [start, end) that panthor_vm_map_pages() maps with a block.
 * It takes the pieces of memory one by one, and so does this. Sets their bits
 * if there is a @layout.
 */
static unsigned long count_blocks(struct sg_table *sgt, u64 offset, u64 start,
				  u64 end, struct panthor_layout *layout)
{
	unsigned long blocks = 0;
	struct scatterlist *sgl;
	unsigned int i;

	for_each_sgtable_dma_sg(sgt, sgl, i) {
		dma_addr_t paddr = sg_dma_address(sgl);
		u64 len = sg_dma_len(sgl), first, last;

		if (len <= offset) {
			offset -= len;
			continue;
		}

		paddr += offset;
		len = min(len - offset, end - start);
		offset = 0;

		first = ALIGN(start, SLOT_SIZE) >> SLOT_SHIFT;
		last = (start + len) >> SLOT_SHIFT;
		if (first < last && !((start ^ paddr) & (SLOT_SIZE - 1))) {
			blocks += last - first;
			if (layout)
				bitmap_set(layout->blocks, first - layout->first,
					   last - first);
		}

		start += len;
		if (start == end)
			break;
	}
	return blocks;
}

/**
 * panthor_layout_create() - Find out where a mapping can use blocks
 * @sgt: The memory, which stays where it is as long as the layout is needed
 * @offset: Where in the memory the mapping begins
 * @start: GPU address of the mapping, a multiple of 4 KiB
 * @end: Where it ends
 *
 * May sleep.
 *
 * Return: a layout for panthor_layout_put(), or ERR_PTR(-ENOMEM).
 */
struct panthor_layout *panthor_layout_create(struct sg_table *sgt, u64 offset,
					     u64 start, u64 end)
{
	u64 first = ALIGN(start, SLOT_SIZE) >> SLOT_SHIFT;
	u64 last = end >> SLOT_SHIFT;
	struct panthor_layout *layout;
	unsigned long blocks;

	if (first >= last)
		return &layout_pages;

	blocks = count_blocks(sgt, offset, start, end, NULL);
	if (!blocks)
		return &layout_pages;
	if (blocks == last - first)
		return &layout_blocks;

	layout = kvzalloc(struct_size(layout, blocks, BITS_TO_LONGS(last - first)),
			  GFP_KERNEL_ACCOUNT);
	if (!layout)
		return ERR_PTR(-ENOMEM);

	kref_init(&layout->refcount);
	layout->kind = LAYOUT_MIXED;
	layout->first = first;
	layout->nr = last - first;
	count_blocks(sgt, offset, start, end, layout);
	return layout;
}

/**
 * panthor_layout_sparse() - The layout of a sparse mapping
 * @sgt: The 2 MiB of memory that each slot maps
 *
 * Return: a layout for panthor_layout_put().
 */
struct panthor_layout *panthor_layout_sparse(struct sg_table *sgt)
{
	return count_blocks(sgt, 0, 0, SLOT_SIZE, NULL) ? &layout_blocks : &layout_pages;
}

static bool slot_is_block(const struct panthor_layout *layout, u64 slot)
{
	if (layout->kind != LAYOUT_MIXED)
		return layout->kind == LAYOUT_BLOCKS;
	return slot >= layout->first && slot - layout->first < layout->nr &&
	       test_bit(slot - layout->first, layout->blocks);
}

/**
 * panthor_layout_is_block() - Whether a mapping has a block at an address
 * @layout: Its layout
 * @start: GPU address of the mapping
 * @end: Where it ends
 * @addr: Address to look at
 *
 * Return: true if the slot of @addr is in the mapping as a whole, and a block.
 */
bool panthor_layout_is_block(const struct panthor_layout *layout, u64 start,
			     u64 end, u64 addr)
{
	u64 slot = ALIGN_DOWN(addr, SLOT_SIZE);

	return slot >= start && slot + SLOT_SIZE <= end &&
	       slot_is_block(layout, slot >> SLOT_SHIFT);
}

/* Slots from @slot to @end that are all blocks, or all not; @block says which */
static u64 slots_alike(const struct panthor_layout *layout, u64 slot, u64 end,
		       bool block)
{
	unsigned long from, next;

	if (layout->kind != LAYOUT_MIXED)
		return block == (layout->kind == LAYOUT_BLOCKS) ? end : slot;

	/* What is beyond the bitmap belongs to nobody who uses this layout */
	from = slot - layout->first;
	next = block ? find_next_zero_bit(layout->blocks, layout->nr, from) :
		       find_next_bit(layout->blocks, layout->nr, from);
	return min(layout->first + next, end);
}

/* The end of what is reserved alike from @start on, and with which page size */
static u64 run_end(const struct panthor_layout *layout, u64 start, u64 end,
		   size_t *pgsize)
{
	u64 slot = ALIGN(start, SLOT_SIZE) >> SLOT_SHIFT;
	u64 end_slot = end >> SLOT_SHIFT;

	if (panthor_layout_is_block(layout, start, end, start)) {
		*pgsize = SLOT_SIZE;
		return slots_alike(layout, slot, end_slot, true) << SLOT_SHIFT;
	}

	*pgsize = SZ_4K;
	if (slot >= end_slot)
		return end;
	slot = slots_alike(layout, slot, end_slot, false);
	return slot < end_slot ? slot << SLOT_SHIFT : end;
}

/* The page table's address in traces */
static u64 pgtable_of(struct io_pgtable_ops *ops)
{
	return io_pgtable_ops_to_pgtable(ops)->cfg.arm_lpae_s1_cfg.ttbr;
}

static int reserve_run(struct io_pgtable_ops *ops, u64 start, u64 end,
		       size_t pgsize, gfp_t gfp)
{
	int ret = ops->reserve(ops, start, end - start, pgsize, gfp);

	trace_panthor_vm_reserve(pgtable_of(ops), start, end - start, pgsize, ret);
	return ret;
}

static void unreserve_run(struct io_pgtable_ops *ops, u64 start, u64 end,
			  size_t pgsize, struct iommu_iotlb_gather *gather)
{
	trace_panthor_vm_unreserve(pgtable_of(ops), start, end - start, pgsize);
	ops->unreserve(ops, start, end - start, pgsize, gather);
}

/**
 * panthor_reserve() - Reserve what a mapping needs
 * @ops: The page table
 * @start: GPU address of the mapping, a multiple of 4 KiB
 * @end: Where it ends
 * @layout: Its layout
 * @reserved: Set to where that ends which is reserved, @end if all is well. On
 *	error the caller releases what comes before it: that can take a flush
 *
 * May sleep.
 *
 * Return: 0, -EINVAL if the mapping is empty, -ERANGE if it leaves the address
 * space, -ENOMEM, or -EINTR if the task is being killed.
 */
int panthor_reserve(struct io_pgtable_ops *ops, u64 start, u64 end,
		    const struct panthor_layout *layout, u64 *reserved)
{
	size_t pgsize;
	u64 next;
	int ret;

	*reserved = start;
	if (start >= end)
		return -EINVAL;

	for (; *reserved < end; *reserved = next) {
		next = run_end(layout, *reserved, end, &pgsize);
		ret = reserve_run(ops, *reserved, next, pgsize, GFP_KERNEL_ACCOUNT);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * panthor_unreserve() - Release what a mapping, or a part of it, holds
 * @ops: The page table
 * @start: GPU address of the part. If the mapping has a block there, it begins
 *	with that
 * @end: Where it ends, or ends with a block in the same way
 * @layout: The mapping's layout
 * @gather: As io_pgtable_ops::unreserve has it
 *
 * Safe in a section that signals a fence.
 */
void panthor_unreserve(struct io_pgtable_ops *ops, u64 start, u64 end,
		       const struct panthor_layout *layout,
		       struct iommu_iotlb_gather *gather)
{
	size_t pgsize;
	u64 next;

	for (u64 addr = start; addr < end; addr = next) {
		next = run_end(layout, addr, end, &pgsize);
		unreserve_run(ops, addr, next, pgsize, gather);
	}
}

/* Pages in a slot whose leaf table is held: needs no memory, see P3 */
static void reserve_held(struct io_pgtable_ops *ops, u64 start, u64 end)
{
	if (start < end)
		WARN_ON_ONCE(reserve_run(ops, start, end, SZ_4K, GFP_NOWAIT));
}

/* The block of @slot loses [start, end); what remains of it are pages */
static void break_block(struct io_pgtable_ops *ops, u64 slot, u64 start, u64 end,
			struct iommu_iotlb_gather *gather)
{
	reserve_held(ops, slot, start);
	reserve_held(ops, end, slot + SLOT_SIZE);
	unreserve_run(ops, slot, slot + SLOT_SIZE, SLOT_SIZE, gather);
}

/**
 * panthor_reserve_cut() - Release what a mapping holds of a range cut out of it
 * @ops: The page table
 * @start: GPU address of the mapping
 * @end: Where it ends
 * @layout: Its layout
 * @cut_start: Start of the range, in the mapping
 * @cut_end: Its end, in the mapping
 * @gather: As io_pgtable_ops::unreserve has it
 *
 * What is left on either side holds what a mapping there would have reserved. The
 * caller holds a page in each slot that has a block of which a part goes. Safe
 * in a section that signals a fence.
 */
void panthor_reserve_cut(struct io_pgtable_ops *ops, u64 start, u64 end,
			 const struct panthor_layout *layout,
			 u64 cut_start, u64 cut_end,
			 struct iommu_iotlb_gather *gather)
{
	u64 first = cut_start, last = cut_end, slot;

	slot = ALIGN_DOWN(cut_start, SLOT_SIZE);
	if (slot < cut_start &&
	    panthor_layout_is_block(layout, start, end, cut_start)) {
		first = slot + SLOT_SIZE;
		break_block(ops, slot, cut_start, min(cut_end, first), gather);
	}

	slot = ALIGN_DOWN(cut_end, SLOT_SIZE);
	if (slot < cut_end && first <= slot &&
	    panthor_layout_is_block(layout, start, end, cut_end)) {
		last = slot;
		break_block(ops, slot, slot, cut_end, gather);
	}

	if (first < last)
		panthor_unreserve(ops, first, last, layout, gather);
}

/**
 * panthor_reserve_pin() - Hold a page for a cut through a slot
 * @ops: The page table
 * @addr: Where the cut will be, a multiple of 4 KiB
 *
 * May sleep.
 *
 * Return: as panthor_reserve().
 */
int panthor_reserve_pin(struct io_pgtable_ops *ops, u64 addr)
{
	return reserve_run(ops, addr, addr + SZ_4K, SZ_4K, GFP_KERNEL_ACCOUNT);
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
	unreserve_run(ops, addr, addr + SZ_4K, SZ_4K, gather);
}

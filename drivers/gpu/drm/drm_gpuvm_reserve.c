// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Reservations in I/O page tables that mappings of a GPU VM own.
 *
 * Invariants:
 *
 * G1.	A reservation whose inner slots are all blocks holds them with the size of
 *	a block, and with that of a page what is before and behind them. So does
 *	one that repeats, but that holds its inner slots in one piece. All others
 *	hold pages. Nothing else is written down.
 * G2.	The driver maps with a block what is held with the size of a block, and
 *	never maps with pages there.
 * G3.	Who cuts holds the tables on the way to the first page and to the last one
 *	of what is cut out, be it by what it maps or by pins. So the leaf table is
 *	there where a block is cut through, and what remains of that gets its
 *	pages without any memory; and so are those above it, where tables are cut
 *	through that are shared.
 * G4.	What is released is not mapped any more. Tables that go, and what must be
 *	flushed for them, join the caller's gather.
 *
 * The work of a cut is that of the range which is cut out and of the two slots at
 * its ends, however large the mapping is.
 */

#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/io-pgtable.h>
#include <linux/minmax.h>
#include <linux/module.h>

#include <drm/drm_gpuvm_reserve.h>

/**
 * DOC: Overview
 *
 * A job that binds or unbinds memory signals a fence, so it can not allocate page
 * tables. The ioctl that queues it reserves them in the page table (see
 * Documentation/driver-api/io-pgtable-reserve.rst), and whoever makes the mapping
 * go releases them. In between the reservation has one owner at any time, which
 * &struct drm_gpuvm_rsv is a part of:
 *
 * - the operation, from drm_gpuvm_reserve() in its ioctl on. If it does not run, or
 *   makes no mapping, it releases what it holds with drm_gpuvm_unreserve();
 * - the mapping, which takes it over with drm_gpuvm_rsv_take() when it is made;
 * - what is left of the mapping on either side after a cut, each its part, by
 *   drm_gpuvm_reserve_cut();
 * - where mappings change in the ioctl and page tables in the job: the operation
 *   that unmaps, which has what goes.
 *
 * A mapping that is evicted keeps its reservation, so that it is mapped again
 * without memory. If its new memory needs another one, that is reserved first and
 * takes the place of the old one, which is released after that.
 *
 * Page tables of some drivers have blocks. A slot is what one block maps, or a leaf
 * table with pages; the inner slots of a mapping are those that it has as a whole.
 * &drm_gpuvm_rsv.blocks says how the driver maps these, and with the addresses
 * it says all of what is held. A cut through a block leaves pages on either side,
 * which must not take memory when it is carried out. A map holds the leaf table there
 * by what it maps. An unmap reserves a page, or a slot, at each of its ends for
 * it with drm_gpuvm_pin_ends(). Drivers whose page tables have pages only need no
 * pins, no cuts, and nothing in their mappings: drm_gpuvm_rsv_of().
 *
 * The driver serializes releases and cuts with what maps and unmaps in the same VM. It
 * frees the gather's pages when the MMU was made to forget the gather's range.
 */

static u64 page_bytes(struct io_pgtable_ops *ops)
{
	return BIT_ULL(__ffs(io_pgtable_ops_to_pgtable(ops)->cfg.pgsize_bitmap));
}

/* A page table without blocks has no slots: 0 */
static u64 slot_bytes(struct io_pgtable_ops *ops)
{
	unsigned long sizes = io_pgtable_ops_to_pgtable(ops)->cfg.pgsize_bitmap;

	sizes &= sizes - 1;
	return sizes ? BIT_ULL(__ffs(sizes)) : 0;
}

static bool has_slots(const struct drm_gpuvm_rsv *rsv)
{
	return rsv->repeat || rsv->blocks == DRM_GPUVM_BLOCKS_ALL;
}

/**
 * drm_gpuvm_rsv_slots() - The inner slots that a reservation holds as such
 * @ops: The page table
 * @rsv: The reservation
 * @inner: Set to where they begin, to the end of @rsv if it holds none as such
 * @inner_end: Set to where they end
 */
void drm_gpuvm_rsv_slots(struct io_pgtable_ops *ops, const struct drm_gpuvm_rsv *rsv,
			 u64 *inner, u64 *inner_end)
{
	*inner = rsv->end;
	*inner_end = rsv->end;
	if (!has_slots(rsv))
		return;

	*inner = min(ALIGN(rsv->start, slot_bytes(ops)), rsv->end);
	*inner_end = max(ALIGN_DOWN(rsv->end, slot_bytes(ops)), *inner);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_rsv_slots);

/**
 * drm_gpuvm_rsv_has_block() - Whether a slot is mapped, and unmapped, as a whole
 * @ops: The page table
 * @rsv: What the mapping holds
 * @addr: An address in the slot
 *
 * Return: true if it is an inner one that can be a block, or is one that repeats.
 */
bool drm_gpuvm_rsv_has_block(struct io_pgtable_ops *ops,
			     const struct drm_gpuvm_rsv *rsv, u64 addr)
{
	u64 slot;

	if (!rsv->repeat && rsv->blocks == DRM_GPUVM_BLOCKS_NONE)
		return false;

	slot = ALIGN_DOWN(addr, slot_bytes(ops));
	return slot >= rsv->start && slot + slot_bytes(ops) <= rsv->end;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_rsv_has_block);

static int reserve_pages(struct io_pgtable_ops *ops, u64 start, u64 end, gfp_t gfp)
{
	if (start >= end)
		return 0;
	return ops->reserve(ops, start, end - start, page_bytes(ops), gfp);
}

static void unreserve_pages(struct io_pgtable_ops *ops, u64 start, u64 end,
			    struct iommu_iotlb_gather *gather)
{
	if (start < end)
		ops->unreserve(ops, start, end - start, page_bytes(ops), gather);
}

static int reserve_slots(struct io_pgtable_ops *ops, u64 start, u64 end,
			 struct io_pgtable_repeat *repeat, gfp_t gfp)
{
	if (start >= end)
		return 0;
	if (IS_ENABLED(CONFIG_IOMMU_IO_PGTABLE_REPEAT) && repeat)
		return io_pgtable_repeat_reserve(repeat, start, end - start, gfp);
	return ops->reserve(ops, start, end - start, slot_bytes(ops), gfp);
}

static void unreserve_slots(struct io_pgtable_ops *ops, u64 start, u64 end,
			    struct io_pgtable_repeat *repeat,
			    struct iommu_iotlb_gather *gather)
{
	if (start >= end)
		return;
	if (IS_ENABLED(CONFIG_IOMMU_IO_PGTABLE_REPEAT) && repeat)
		io_pgtable_repeat_unreserve(repeat, start, end - start, gather);
	else
		ops->unreserve(ops, start, end - start, slot_bytes(ops), gather);
}

/**
 * drm_gpuvm_reserve() - Reserve what a mapping needs
 * @ops: The page table
 * @rsv: What is to hold it. On error it holds what comes before that, and the caller
 *	releases it: that can take a flush
 * @start: GPU address of the mapping, a multiple of the page size
 * @end: Where it ends, a multiple of the page size
 *
 * May sleep. Tables that are missing are charged to the caller's memcg.
 *
 * Return: 0, -EINVAL if the mapping is empty, -ERANGE if it leaves the address
 * space, -EOPNOTSUPP if the page table was made without reservations, -ENOMEM, or
 * -EINTR if the task is being killed.
 */
int drm_gpuvm_reserve(struct io_pgtable_ops *ops, struct drm_gpuvm_rsv *rsv,
		      u64 start, u64 end)
{
	u64 inner, inner_end;
	int ret;

	/* It would cut others, and hold nothing where it does */
	if (start >= end)
		return -EINVAL;

	rsv->start = start;
	rsv->end = end;
	drm_gpuvm_rsv_slots(ops, rsv, &inner, &inner_end);

	rsv->end = start;
	ret = reserve_pages(ops, start, inner, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;

	rsv->end = inner;
	ret = reserve_slots(ops, inner, inner_end, rsv->repeat, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;

	rsv->end = inner_end;
	ret = reserve_pages(ops, inner_end, end, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;

	rsv->end = end;
	return 0;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_reserve);

/**
 * drm_gpuvm_unreserve() - Release what is held
 * @ops: The page table
 * @rsv: What holds it, and holds nothing then
 * @gather: As io_pgtable_ops::unreserve has it
 *
 * Safe in a section that signals a fence. What was mapped must be unmapped.
 */
void drm_gpuvm_unreserve(struct io_pgtable_ops *ops, struct drm_gpuvm_rsv *rsv,
			 struct iommu_iotlb_gather *gather)
{
	u64 inner, inner_end;

	drm_gpuvm_rsv_slots(ops, rsv, &inner, &inner_end);
	unreserve_pages(ops, rsv->start, inner, gather);
	unreserve_slots(ops, inner, inner_end, rsv->repeat, gather);
	unreserve_pages(ops, inner_end, rsv->end, gather);
	rsv->end = rsv->start;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_unreserve);

/*
 * [start, end) goes from the inner slots. Of a slot that goes in part, pages remain,
 * and what repeats is held in one piece. What is reserved here needs no memory,
 * see G3.
 */
static void cut_slots(struct io_pgtable_ops *ops, u64 inner, u64 inner_end,
		      struct io_pgtable_repeat *repeat, u64 start, u64 end,
		      struct iommu_iotlb_gather *gather)
{
	u64 first = ALIGN_DOWN(start, slot_bytes(ops)), last = ALIGN(end, slot_bytes(ops));

	WARN_ON_ONCE(reserve_pages(ops, first, start, GFP_NOWAIT));
	WARN_ON_ONCE(reserve_pages(ops, end, last, GFP_NOWAIT));
	if (repeat) {
		WARN_ON_ONCE(reserve_slots(ops, inner, first, repeat, GFP_NOWAIT));
		WARN_ON_ONCE(reserve_slots(ops, last, inner_end, repeat, GFP_NOWAIT));
		first = inner;
		last = inner_end;
	}
	unreserve_slots(ops, first, last, repeat, gather);
}

static void give_part(const struct drm_gpuvm_rsv *rsv, struct drm_gpuvm_rsv *part,
		      u64 start, u64 end)
{
	if (!part)
		return;
	*part = *rsv;
	part->start = start;
	part->end = end;
}

/**
 * drm_gpuvm_reserve_cut() - Release what is held of a range cut out of a mapping
 * @ops: The page table
 * @rsv: What the mapping holds. It holds nothing then
 * @start: Start of the range, in the mapping
 * @end: Its end, in the mapping
 * @prev: Set to what is before the range, NULL if that is nothing
 * @next: Set to what is behind it, NULL if that is nothing
 * @gather: As io_pgtable_ops::unreserve has it
 *
 * What is left on either side holds what a mapping there would have reserved.
 * Needs no memory if the caller holds what G3 says: the range, or pins of its
 * ends. Safe in a section that signals a fence.
 */
void drm_gpuvm_reserve_cut(struct io_pgtable_ops *ops, struct drm_gpuvm_rsv *rsv,
			   u64 start, u64 end, struct drm_gpuvm_rsv *prev,
			   struct drm_gpuvm_rsv *next,
			   struct iommu_iotlb_gather *gather)
{
	u64 inner, inner_end;

	drm_gpuvm_rsv_slots(ops, rsv, &inner, &inner_end);
	/* Cutting nothing out makes two of a mapping, too */
	if (inner < inner_end && max(start, inner) <= min(end, inner_end))
		cut_slots(ops, inner, inner_end, rsv->repeat, max(start, inner),
			  min(end, inner_end), gather);
	unreserve_pages(ops, start, min(end, inner), gather);
	unreserve_pages(ops, max(start, inner_end), end, gather);

	give_part(rsv, prev, rsv->start, start);
	give_part(rsv, next, end, rsv->end);
	rsv->end = rsv->start;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_reserve_cut);

/* A page in the middle of a slot, or the slot that begins there */
static u64 pin_size(struct io_pgtable_ops *ops, u64 addr)
{
	u64 slot = slot_bytes(ops);

	return IS_ALIGNED(addr, slot) ? slot : page_bytes(ops);
}

/* In one slot, a page that is somewhere in it will do for both ends. */
static unsigned int choose_pins(u64 start, u64 end, u64 slot, bool before, bool behind,
				u64 *addrs)
{
	u64 last = start < end && IS_ALIGNED(end, slot) ? end - slot : end;
	bool one_slot = before && behind &&
			ALIGN_DOWN(start, slot) == ALIGN_DOWN(last, slot);
	unsigned int nr = 0;

	if (before && (!one_slot || !IS_ALIGNED(start, slot)))
		addrs[nr++] = start;
	if (behind && (!one_slot || IS_ALIGNED(start, slot)))
		addrs[nr++] = last;
	return nr;
}

/**
 * drm_gpuvm_pin_ends() - Hold the tables for cuts at the ends of what is unmapped
 * @ops: The page table, which has blocks
 * @pins: What is to hold them. On error it holds some, and the caller undoes that
 * @start: GPU address of the range that is unmapped, a multiple of the page size
 * @end: Where it ends; an unmap of nothing makes two of a mapping, too
 * @before: There can be a rest of a mapping before it
 * @behind: There can be one behind it
 *
 * May sleep.
 *
 * Return: as drm_gpuvm_reserve().
 */
int drm_gpuvm_pin_ends(struct io_pgtable_ops *ops, struct drm_gpuvm_pins *pins,
		       u64 start, u64 end, bool before, bool behind)
{
	unsigned int nr = choose_pins(start, end, slot_bytes(ops), before, behind,
				      pins->addrs);

	for (pins->nr = 0; pins->nr < nr; pins->nr++) {
		u64 addr = pins->addrs[pins->nr], size = pin_size(ops, addr);
		int ret = ops->reserve(ops, addr, size, size, GFP_KERNEL_ACCOUNT);

		if (ret)
			return ret;
	}

	return 0;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_pin_ends);

/**
 * drm_gpuvm_unpin_ends() - Undo drm_gpuvm_pin_ends()
 * @ops: The page table
 * @pins: What holds them, and holds nothing then
 * @gather: As io_pgtable_ops::unreserve has it
 *
 * Safe in a section that signals a fence.
 */
void drm_gpuvm_unpin_ends(struct io_pgtable_ops *ops, struct drm_gpuvm_pins *pins,
			  struct iommu_iotlb_gather *gather)
{
	while (pins->nr) {
		u64 addr = pins->addrs[--pins->nr], size = pin_size(ops, addr);

		ops->unreserve(ops, addr, size, size, gather);
	}
}
EXPORT_SYMBOL_GPL(drm_gpuvm_unpin_ends);

MODULE_DESCRIPTION("DRM GPUVM reservations");
MODULE_LICENSE("Dual MIT/GPL");

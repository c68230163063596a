// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that repeats over a range of IOVA, as a sparse mapping repeats one dummy
 * buffer.
 *
 * What repeats is one table's worth: what a leaf table spans. All tables that
 * map it have the same entries then, so that one table of each level serves
 * every slot in the range, however large that is. To a slot, such a shared table
 * is what a block is: something that maps memory, and not the slot's own table.
 *
 * Invariants, besides those of iommu-reserve.c:
 *
 * S1.	A shared table is written before it is first mapped, and never after, but
 *	by the hardware and by who clears what the hardware wrote.
 * S2.	An entry with a shared table says so. It is written and cleared as a whole,
 *	as blocks are, and nothing is looked up by it that is to be changed.
 * S3.	A part of what it maps can be unmapped if the slot has a table of its own,
 *	by somebody's reservation. That one is given the same entries first, and
 *	then takes the place of the shared one: no address changes its meaning.
 * S4.	The walk cache can know the shared table for the slot a while longer. Until
 *	it is flushed the entry says that it is shared, though it shows the slot's
 *	own table. So whoever wants a part of that, too, waits for the lock.
 * S5.	The reservation of a range that repeats has counts only on the tables in
 *	which its entries are: those on the way to its ends.
 */

#include <linux/align.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/io-pgtable.h>
#include <linux/slab.h>

#include "io-pgtable-repeat.h"
#include "iommu-reserve-idle.h"
#include "iommu-reserve.h"

/**
 * struct io_pgtable_repeat - Memory that can be mapped again and again
 * @rsv: The reservations of the page table
 * @tables: The shared tables, not in any particular order
 * @table: They by level; the top is not shared
 * @value: By level, what an entry holds that maps the memory
 * @blocks: The memory is one block, and the leaf table is not used
 */
struct io_pgtable_repeat {
	struct iopt_reserve *rsv;
	struct iopte_page *tables;
	void *table[IOPT_MAX_LEVELS];
	u64 value[IOPT_MAX_LEVELS];
	bool blocks;
};

/* The level at which one entry maps all of it once */
static unsigned int rep_level(const struct io_pgtable_repeat *rep)
{
	return rep->rsv->geo.levels - 2;
}

/* One of each level but the top */
static unsigned int rep_nr_tables(const struct iopt_reserve *rsv)
{
	return rsv->geo.levels - 1;
}

/**
 * io_pgtable_repeat_size() - How much it is that repeats
 * @rep: The memory
 *
 * Return: the number of bytes, a power of 2.
 */
size_t io_pgtable_repeat_size(const struct io_pgtable_repeat *rep)
{
	return BIT(rep->rsv->geo.shift[rep_level(rep)]);
}
EXPORT_SYMBOL_GPL(io_pgtable_repeat_size);

/**
 * io_pgtable_repeat_create() - Prepare to map memory again and again
 * @ops: A page table with IO_PGTABLE_QUIRK_RESERVED
 * @gfp: Flags for the tables, one for each level but the top
 *
 * May sleep if @gfp says so.
 *
 * Return: what io_pgtable_repeat_fill() fills and io_pgtable_repeat_destroy()
 * frees, or ERR_PTR(): -EOPNOTSUPP if the page table can not do that, or
 * -ENOMEM.
 */
struct io_pgtable_repeat *io_pgtable_repeat_create(struct io_pgtable_ops *ops,
						   gfp_t gfp)
{
	struct iopt_reserve *rsv = io_pgtable_ops_to_pgtable(ops)->rsv;
	struct iopte_stash stash = {}, want = {};
	struct io_pgtable_repeat *rep;
	struct iopte_page *iopte;

	if (!rsv || !rsv->fmt->repeat || rsv->geo.levels < 2)
		return ERR_PTR(-EOPNOTSUPP);

	rep = kzalloc_obj(*rep, gfp & ~GFP_ZONEMASK);
	if (!rep)
		return ERR_PTR(-ENOMEM);
	rep->rsv = rsv;

	want.nr_leaf = rep_nr_tables(rsv);
	if (iopte_stash_fill(&stash, &rsv->src, &want, gfp)) {
		iopte_stash_free(&stash);
		kfree(rep);
		return ERR_PTR(-ENOMEM);
	}

	rep->tables = stash.leaf;
	iopte = stash.leaf;
	for (unsigned int level = 1; level < rsv->geo.levels; level++) {
		rep->table[level] = iopte->table;
		iopte = iopte->next;
	}
	atomic_long_add(rep_nr_tables(rsv), &rsv->nr_shared);
	return rep;
}
EXPORT_SYMBOL_GPL(io_pgtable_repeat_create);

/**
 * io_pgtable_repeat_destroy() - Undo io_pgtable_repeat_create()
 * @rep: What is not mapped any more, and of which no TLB or walk cache knows
 *
 * Before the page table is freed. Safe in a section that signals a fence.
 */
void io_pgtable_repeat_destroy(struct io_pgtable_repeat *rep)
{
	atomic_long_sub(rep_nr_tables(rep->rsv), &rep->rsv->nr_shared);
	iopte_pages_free_rcu(rep->tables);
	kfree(rep);
}
EXPORT_SYMBOL_GPL(io_pgtable_repeat_destroy);

/* The tables above the one that maps the memory */
static void rep_fill_upper(struct io_pgtable_repeat *rep)
{
	struct io_pgtable *iop = rep->rsv->pt;
	const struct iopt_repeat_fmt *fmt = rep->rsv->fmt->repeat;
	unsigned int level = rep_level(rep);

	if (!rep->blocks)
		rep->value[level] = fmt->value(iop, rep->table[level + 1]);
	for (; level; level--) {
		fmt->fill(iop, rep->table[level], level, rep->value[level]);
		rep->value[level - 1] = fmt->value(iop, rep->table[level]);
	}
}

static bool rep_is_filled(struct io_pgtable_repeat *rep, size_t offset, size_t size)
{
	const struct iopt_geometry *geo = &rep->rsv->geo;
	unsigned int level = rep_level(rep) + 1, shift = geo->shift[level];

	return memchr_inv(rep->table[level] + (offset >> shift) * geo->entry_size, 0,
			  (size >> shift) * geo->entry_size);
}

/**
 * io_pgtable_repeat_fill() - Say what it is that repeats
 * @rep: What is to be mapped again and again, and was not mapped yet
 * @offset: Where in it, in bytes
 * @paddr: The memory
 * @pgsize: Page size: that of all of it, or the smallest one of the page table
 * @pgcount: Number of pages
 * @prot: As io_pgtable_ops::map_pages has it
 *
 * Called until all is filled. Does not allocate or sleep.
 *
 * Return: 0, or -EINVAL if the arguments are wrong or do not go with what was
 * filled before.
 */
int io_pgtable_repeat_fill(struct io_pgtable_repeat *rep, size_t offset,
			   phys_addr_t paddr, size_t pgsize, size_t pgcount,
			   int prot)
{
	struct iopt_reserve *rsv = rep->rsv;
	struct io_pgtable *iop = rsv->pt;
	const struct iopt_repeat_fmt *fmt = rsv->fmt->repeat;
	size_t size = io_pgtable_repeat_size(rep);
	unsigned int level = rep_level(rep);

	if (!pgcount || !(prot & (IOMMU_READ | IOMMU_WRITE)) ||
	    !(pgsize & rsv->pgsize_bitmap) || (pgsize & (pgsize - 1)) ||
	    !IS_ALIGNED(offset | paddr, pgsize) || paddr >> iop->cfg.oas)
		return -EINVAL;
	if (offset >= size || pgcount > (size - offset) / pgsize)
		return -EINVAL;

	if (pgsize == size && level && !rep->value[0]) {
		rep->blocks = true;
		fmt->leaves(iop, rep->table[level], level, 0, 1, paddr, prot);
		rep->value[level] = READ_ONCE(*(u64 *)rep->table[level]);
	} else if (pgsize == BIT(rsv->geo.shift[level + 1]) && !rep->blocks &&
		   !rep_is_filled(rep, offset, pgsize * pgcount)) {
		fmt->leaves(iop, rep->table[level + 1], level + 1,
			    offset >> rsv->geo.shift[level + 1], pgcount, paddr,
			    prot);
	} else {
		return -EINVAL;
	}

	if (!rep->value[0])
		rep_fill_upper(rep);
	return 0;
}
EXPORT_SYMBOL_GPL(io_pgtable_repeat_fill);

/*
 * The next piece from @iova on, up to @last: entries of one level, side by side,
 * that map it whole, with tables as high up as can be.
 */
static unsigned int rep_piece(const struct iopt_geometry *geo,
			      unsigned int lowest, unsigned long iova,
			      unsigned long last, u64 *size)
{
	unsigned int level = lowest;
	u64 left = (u64)last - iova + 1, span, next;

	while (level && IS_ALIGNED((u64)iova, BIT_ULL(geo->shift[level - 1])) &&
	       left >= BIT_ULL(geo->shift[level - 1]))
		level--;

	/* Up to where the level above is aligned, or as many as there are */
	span = BIT_ULL(geo->shift[level]);
	*size = left & ~(span - 1);
	if (level) {
		next = ALIGN((u64)iova + 1, BIT_ULL(geo->shift[level - 1])) - iova;
		*size = min(*size, next);
	}
	return level;
}

static int rep_check(struct io_pgtable_repeat *rep, unsigned long iova,
		     size_t size)
{
	return iopt_reserve_check_range(rep->rsv, iova, size,
					io_pgtable_repeat_size(rep));
}

static void rep_release(struct io_pgtable_repeat *rep, unsigned long iova,
			unsigned long end, unsigned long last,
			struct iommu_iotlb_gather *gather, bool undo)
{
	struct iopt_reserve *rsv = rep->rsv;
	unsigned int level;
	u64 piece;

	for (; iova != end; iova += piece) {
		level = rep_piece(&rsv->geo, rep_level(rep), iova, last, &piece);
		if (level)
			iopt_release(rsv, iova, iova + piece - 1, level, gather,
				     undo);
	}
}

/**
 * io_pgtable_repeat_reserve() - Reserve a range of IOVA for memory that repeats
 * @rep: The memory; need not be filled yet
 * @iova: Start of the range, a multiple of what repeats
 * @size: Bytes of the range, likewise
 * @gfp: Flags for the tables
 *
 * As io_pgtable_ops::reserve, for io_pgtable_repeat_map(). Takes the tables on
 * the way to the ends of the range, however large it is. A part of it can only be
 * released after each part that remains was reserved by itself. That takes no
 * memory if a reservation of the smallest page size holds a page on either side
 * of each cut.
 *
 * Return: 0, or an error as io_pgtable_ops::reserve has them.
 */
int io_pgtable_repeat_reserve(struct io_pgtable_repeat *rep, unsigned long iova,
			      size_t size, gfp_t gfp)
{
	struct iopt_reserve *rsv = rep->rsv;
	unsigned long at = iova, last = iova + size - 1;
	unsigned int level;
	u64 piece;
	int ret;

	ret = rep_check(rep, iova, size);
	if (ret)
		return ret;

	do {
		level = rep_piece(&rsv->geo, rep_level(rep), at, last, &piece);
		ret = iopt_hold(rsv, at, at + piece - 1, level, gfp);
		if (ret) {
			rep_release(rep, iova, at, last, NULL, true);
			return ret;
		}
		at += piece;
	} while (at - 1 != last);
	return 0;
}
EXPORT_SYMBOL_GPL(io_pgtable_repeat_reserve);

/**
 * io_pgtable_repeat_unreserve() - Undo io_pgtable_repeat_reserve()
 * @rep: The memory
 * @iova: Start of a range that was reserved as a whole
 * @size: Bytes of the range
 * @gather: As io_pgtable_ops::unreserve has it
 *
 * Safe in a section that signals a fence.
 */
void io_pgtable_repeat_unreserve(struct io_pgtable_repeat *rep,
				 unsigned long iova, size_t size,
				 struct iommu_iotlb_gather *gather)
{
	if (rep_check(rep, iova, size)) {
		iopt_reserve_report(iova, "unreserve of what can not be reserved");
		return;
	}
	rep_release(rep, iova, iova + size, iova + size - 1, gather, false);
}
EXPORT_SYMBOL_GPL(io_pgtable_repeat_unreserve);

/* S3 and S4, unless somebody else was quicker. Under the lock */
static int rep_own(struct iopt_reserve *rsv, struct iopte_page *child)
{
	void *entry = iopt_entry(rsv, child->parent, child->iova);

	if (iopt_look(rsv, entry, child) == IOPT_ENTRY_LINKED)
		return 0;

	child->seen = true;
	if (!rsv->fmt->repeat->own(rsv->pt, entry, child->table))
		return -ENOENT;
	/* One address in the slot is enough: what is below it has not changed */
	iopt_flush_slot(rsv, child);
	iopt_idle_remove(rsv, child);
	iopt_set(rsv, entry, child, IOPT_ENTRY_LINKED);
	return 0;
}

/* Something is reserved in a table, or below it: not all that holds it is idle */
static bool rep_reserved(struct iopte_page *iopte)
{
	if (iopte_page_count(iopte) > iopte->nr_children)
		return true;

	for (unsigned int i = 0; i < iopte->nr_chunks; i++)
		for (unsigned int j = 0; iopte->chunks[i] && j < IOPTE_CHUNK_SIZE; j++)
			if (iopte->chunks[i][j] && rep_reserved(iopte->chunks[i][j]))
				return true;
	return false;
}

/**
 * iopt_repeat_own - Give a slot its own table, in place of a shared one
 * @rsv: The reservations of a page table
 * @iova: Address that leads to the slot
 * @level: Level of the table with the slot's entry
 *
 * For an unmap that needs a part of what a shared table maps. Under
 * rcu_read_lock(). Does not allocate or sleep.
 *
 * Return: 0, or -ENOENT if no reservation keeps a table of the slot's own.
 */
int iopt_repeat_own(struct iopt_reserve *rsv, unsigned long iova,
		    unsigned int level)
{
	struct iopte_page *child;
	unsigned long flags;
	int ret = -ENOENT;

	spin_lock_irqsave(&rsv->lock, flags);
	child = iopt_reserve_find(rsv, iova, level + 1);
	if (child && rep_reserved(child))
		ret = rep_own(rsv, child);
	spin_unlock_irqrestore(&rsv->lock, flags);
	return ret;
}
EXPORT_SYMBOL_GPL(iopt_repeat_own);

/**
 * io_pgtable_repeat_map() - Map memory again and again
 * @rep: The memory, filled
 * @iova: Start of a range that was reserved for it as a whole: the entries that
 *	map a part alone can be in tables that the whole does not hold
 * @size: Bytes of the range
 * @mapped: What was mapped is added to it, also on error
 *
 * It is unmapped with io_pgtable_ops::unmap_pages, with the page size that
 * repeats. If a part goes, its slots have tables of their own, by a reservation
 * of that page size or a smaller one, and the TLB is flushed as for any part of a
 * table. Does not allocate or sleep.
 *
 * Return: 0, or an error as io_pgtable_ops::map_pages has them.
 */
int io_pgtable_repeat_map(struct io_pgtable_repeat *rep, unsigned long iova,
			  size_t size, size_t *mapped)
{
	struct iopt_reserve *rsv = rep->rsv;
	const struct iopt_geometry *geo = &rsv->geo;
	unsigned long last = iova + size - 1, done;
	unsigned int level;
	u64 piece;
	int ret;

	ret = rep_check(rep, iova, size);
	if (!ret && !rep->value[0])
		ret = -EINVAL;

	while (!ret && size) {
		level = rep_piece(geo, rep_level(rep), iova, last, &piece);
		done = 0;
		ret = rsv->fmt->repeat->map(rsv->pt, iova, level, rep->value[level],
					    piece >> geo->shift[level], &done);
		piece = (u64)done << geo->shift[level];
		*mapped += piece;
		iova += piece;
		size -= piece;
	}
	/* Before anything can kick off a table walk */
	wmb();
	return ret;
}
EXPORT_SYMBOL_GPL(io_pgtable_repeat_map);

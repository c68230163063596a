// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reservations of IOVA ranges in I/O page tables: the walks that reserve, and
 * that link reserved tables into entries. iommu-reserve-release.c lets them go.
 *
 * A reservation keeps the tables that mapping its range can need. Everything
 * here is general: it knows the shape of the page table (struct iopt_geometry)
 * and touches entries through the format's functions (struct iopt_reserve_fmt)
 * only.
 *
 * The lowest level of a reservation is the one whose entries map its page size;
 * its lowest tables are the tables of that level. A slot is what a table has for
 * one child: an entry, which the hardware reads, and a pointer in its descriptor
 * (struct iopte_page), which says whose the slot is.
 *
 * Invariants:
 *
 * I1.	Each entry of a reservation counts one on its lowest table, and nothing
 *	else of a reservation is written down anywhere. So a reservation is
 *	released in any parts, by anyone, without a trace of where it was cut.
 * I2.	A table counts one on its parent as long as it is in the parent's pointer.
 *	So a table with a count can be reached, and stays reachable.
 * I3.	Pointers change under iopt_reserve::lock, and so do entries to, from and
 *	between tables. A table enters its slot, leaves it, and dies in one
 *	critical section, so that nobody who holds the lock meets a dead table.
 * I4.	Without the lock an entry changes between nothing and memory only, by who
 *	maps there and in nobody else's slot. It can also be written without it
 *	by the hardware, which sets flags in what maps memory.
 * I5.	reserve() touches pointers, and no entry. A table gets into an entry when
 *	somebody maps in it, and out of it when it dies or a block is mapped over
 *	it. While the slot is the table's, and the entry is not, the table waits.
 * I6.	A table leaves an entry by IOPT_ENTRY_UNFLUSHED. Who fills such an entry
 *	flushes the walk cache for that one slot first. Nobody else needs to look.
 *	The table that left can have had others below it, whose slots went with it
 *	and were not flushed either: iopte_page::left of its parent says so. Then a
 *	table that takes its place has that said in all its empty entries. A block
 *	has each slot below it flushed.
 * I7.	Tables are looked up under rcu_read_lock(), and freed by RCU once the walk
 *	cache was flushed.
 * I8.	Memory is allocated with no lock held and outside of rcu_read_lock().
 * I9.	A leaf table that is not in its entry is empty: who takes it out of there
 *	empties it first, and whoever maps in it puts it there first.
 */

#include <linux/err.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "iommu-reserve-idle.h"
#include "iommu-reserve.h"

/* Missing tables that are allocated in one go */
#define RSV_BATCH	64

/* What reserve() carries from table to table */
struct rsv_walk {
	struct iopt_reserve *rsv;
	/* Level of the lowest tables */
	unsigned int lowest;
	gfp_t gfp;
	/* Tables that were allocated and are not in a slot yet */
	struct iopte_stash stash;
};

/**
 * iopt_reserve_find - The table of a level on the way to an IOVA
 * @rsv: The reservations of a page table
 * @iova: The address
 * @level: Level of the table
 *
 * Under rcu_read_lock() or the lock.
 *
 * Return: the table, be it in the entry or waiting, or NULL.
 */
struct iopte_page *iopt_reserve_find(struct iopt_reserve *rsv,
				     unsigned long iova, unsigned int level)
{
	struct iopte_page *iopte = iopt_top(rsv);

	RCU_LOCKDEP_WARN(!rcu_read_lock_held() && !lockdep_is_held(&rsv->lock),
			 "tables are looked for, and could be freed");
	for (unsigned int l = iopte->level; iopte && l < level; l++)
		iopte = iopte_page_child(iopte, iopt_index(&rsv->geo, iova, l));
	return iopte;
}

/**
 * iopt_reserve_level - The level whose entries map a page size
 * @geo: Shape of the page table
 * @pgsize: The page size; can be that of several entries side by side
 *
 * Return: the level
 */
unsigned int iopt_reserve_level(const struct iopt_geometry *geo, size_t pgsize)
{
	unsigned int level = geo->levels - 1;

	while (level && geo->shift[level - 1] <= __ffs(pgsize))
		level--;
	return level;
}

/**
 * iopt_reserve_check - Look whether a range can be reserved
 * @rsv: The reservations of a page table
 * @iova: Start of the range
 * @size: Bytes of the range
 * @pgsize: Page size
 *
 * Return: 0, -EINVAL or -ERANGE as io_pgtable_ops::reserve has them.
 */
int iopt_reserve_check(struct iopt_reserve *rsv, unsigned long iova,
		       size_t size, size_t pgsize)
{
	if (!is_power_of_2(pgsize) || !(pgsize & rsv->pgsize_bitmap))
		return -EINVAL;
	return iopt_reserve_check_range(rsv, iova, size, pgsize);
}

/**
 * iopt_reserve_check_range - Look whether a range is one of the address space
 * @rsv: The reservations of a page table
 * @iova: Start of the range
 * @size: Bytes of the range
 * @unit: What both have to be multiples of, a power of 2
 *
 * Return: 0, -EINVAL or -ERANGE as io_pgtable_ops::reserve has them.
 */
int iopt_reserve_check_range(struct iopt_reserve *rsv, unsigned long iova,
			     size_t size, size_t unit)
{
	unsigned long last = iova + size - 1;

	if (!size || (iova | size) & (unit - 1))
		return -EINVAL;
	if (last < iova || iova < rsv->first || last > rsv->last)
		return -ERANGE;
	return 0;
}

/*
 * Hold the tables from @iova on that are there. True if these are all; else
 * @iova is where the first one is missing, or where it was time to pause.
 */
static bool rsv_hold_present(struct iopt_reserve *rsv, unsigned long *iova,
			     unsigned long last, unsigned int lowest)
{
	const struct iopt_geometry *geo = &rsv->geo;
	struct iopte_page *parent = NULL, *iopte;
	bool done = false;

	rcu_read_lock();
	for (unsigned int i = 0; i < IOPT_STEPS; i++) {
		iopte = iopt_reserve_step(rsv, *iova, lowest, &parent);
		if (!iopte ||
		    iopte_page_get(iopte, iopt_entries(geo, *iova, last, lowest)))
			break;

		done = iopt_last(geo, *iova, lowest) >= last;
		if (done)
			break;
		*iova = iopt_last(geo, *iova, lowest) + 1;
	}
	rcu_read_unlock();
	return done;
}

/*
 * A table out of the stash into its slot. NULL if the count of its parent is
 * full. Under the lock
 */
static struct iopte_page *rsv_add(struct rsv_walk *walk,
				  struct iopte_page *parent, unsigned long iova)
{
	struct iopt_reserve *rsv = walk->rsv;
	const struct iopt_geometry *geo = &rsv->geo;
	struct iopte_stash *stash = &walk->stash;
	unsigned int level = parent->level + 1;
	struct iopte_page *iopte;

	/* Nothing holds the new table yet, but something will before the lock goes */
	if (iopte_page_get(parent, 1))
		return NULL;

	if (level == geo->levels - 1) {
		iopte = stash->leaf;
		stash->leaf = iopte->next;
		stash->nr_leaf--;
	} else {
		iopte = stash->upper;
		stash->upper = iopte->next;
		stash->nr_upper--;
	}
	iopte->next = NULL;
	iopte->parent = parent;
	iopte->level = level;
	iopte->iova = iova & ~(unsigned long)(iopt_span(geo, level) - 1);

	rsv->nr_tables++;
	iopte_page_add(parent, iopt_index(geo, iova, parent->level), iopte, stash);
	return iopte;
}

/* The first address in @mask, or of the range: counted once */
static bool rsv_is_first(unsigned long iova, unsigned long first, u64 mask)
{
	return iova == first || !((u64)iova & mask);
}

/*
 * What is missing on the way to the lowest table of @iova, and was not counted
 * with an address between @first and that.
 */
static void rsv_count_way(struct rsv_walk *walk, unsigned long iova,
			  unsigned long first, struct iopte_stash *want)
{
	const struct iopt_geometry *geo = &walk->rsv->geo;
	struct iopte_page *iopte = iopt_top(walk->rsv);

	for (unsigned int level = iopte->level + 1; level <= walk->lowest; level++) {
		unsigned int index = iopt_index(geo, iova, level - 1);
		u64 span = iopt_span(geo, level);
		bool chunk;

		chunk = !iopte || !READ_ONCE(iopte->chunks[index >> IOPTE_CHUNK_SHIFT]);
		iopte = iopte ? iopte_page_child(iopte, index) : NULL;
		if (iopte || !rsv_is_first(iova, first, span - 1))
			continue;

		if (level == geo->levels - 1)
			want->nr_leaf++;
		else
			want->nr_upper++;
		/* A piece of the parent's array is missing, too */
		if (chunk && rsv_is_first(iova, first, (span << IOPTE_CHUNK_SHIFT) - 1))
			want->nr_chunks++;
	}
}

/*
 * Hold the lowest table on the way to @iova, and make all that is missing.
 * -EAGAIN if the stash does not have that. Under the lock
 */
static int rsv_hold(struct rsv_walk *walk, unsigned long iova, unsigned long n)
{
	struct iopte_stash want = {};
	struct iopte_page *iopte;

	iopte = iopt_reserve_find(walk->rsv, iova, walk->lowest);
	if (iopte)
		return iopte_page_get(iopte, n) ? -ENOMEM : 0;

	rsv_count_way(walk, iova, iova, &want);
	if (walk->stash.nr_leaf < want.nr_leaf ||
	    walk->stash.nr_upper < want.nr_upper ||
	    walk->stash.nr_chunks < want.nr_chunks)
		return -EAGAIN;

	/* Only an old table can have too many; then nothing was added */
	iopte = walk->rsv->root;
	while (iopte && iopte->level < walk->lowest) {
		unsigned int index = iopt_index(&walk->rsv->geo, iova, iopte->level);

		iopte = iopte_page_child(iopte, index) ?: rsv_add(walk, iopte, iova);
	}
	return !iopte || iopte_page_get(iopte, n) ? -ENOMEM : 0;
}

/*
 * Missing tables on the way to the lowest tables from @iova to @last, those of
 * about a batch. Wrong as soon as it is known: tables come and go.
 */
static struct iopte_stash rsv_count_missing(struct rsv_walk *walk,
					    unsigned long iova,
					    unsigned long last)
{
	const struct iopt_geometry *geo = &walk->rsv->geo;
	struct iopte_stash want = {};
	unsigned long first = iova;

	rcu_read_lock();
	for (unsigned int i = 0; i < IOPT_STEPS; i++) {
		rsv_count_way(walk, iova, first, &want);
		if (want.nr_leaf + want.nr_upper >= RSV_BATCH ||
		    iopt_last(geo, iova, walk->lowest) >= last)
			break;
		iova = iopt_last(geo, iova, walk->lowest) + 1;
	}
	rcu_read_unlock();
	return want;
}

/* Outside of all locks */
static int rsv_alloc(struct rsv_walk *walk, unsigned long iova,
		     unsigned long last)
{
	struct iopte_stash want;

	want = rsv_count_missing(walk, iova, last);
	if (!want.nr_leaf && !want.nr_upper && !want.nr_chunks)
		return 0;
	if (gfpflags_allow_blocking(walk->gfp) && fatal_signal_pending(current))
		return -EINTR;

	return iopte_stash_fill(&walk->stash, &walk->rsv->src, &want, walk->gfp);
}

/*
 * Hold a few lowest tables from @iova on, which moves up to what is next. Returns 1
 * if these are all, 0 if not, -EAGAIN if the stash has nothing left. Under the lock
 */
static int rsv_hold_some(struct rsv_walk *walk, unsigned long *iova,
			 unsigned long last)
{
	const struct iopt_geometry *geo = &walk->rsv->geo;
	unsigned int lowest = walk->lowest;

	for (unsigned int i = 0; i < IOPT_LOCKED; i++) {
		int ret = rsv_hold(walk, *iova, iopt_entries(geo, *iova, last, lowest));

		if (ret)
			return ret;
		if (iopt_last(geo, *iova, lowest) >= last)
			return 1;
		*iova = iopt_last(geo, *iova, lowest) + 1;
	}
	return 0;
}

/* Tables of a range at once, at most */
static u64 rsv_count_tables(const struct iopt_geometry *geo, unsigned long iova,
			    unsigned long last, unsigned int lowest)
{
	u64 tables = 0;

	for (unsigned int level = 1; level <= lowest; level++)
		tables += ((u64)last >> geo->shift[level - 1]) -
			  ((u64)iova >> geo->shift[level - 1]) + 1;
	return tables;
}

/* A few tables are worth what any small allocation is; many may fail instead */
static gfp_t rsv_gfp(u64 tables, gfp_t gfp)
{
	if (tables <= RSV_BATCH)
		return gfp;
	gfp |= __GFP_NOWARN;
	if ((gfp & __GFP_DIRECT_RECLAIM) && !(gfp & __GFP_NORETRY))
		gfp |= __GFP_RETRY_MAYFAIL;
	return gfp;
}

/*
 * Hold the tables from @iova on, of which the first one is missing. On error, @iova
 * is the first address that is not held
 */
static int rsv_hold_rest(struct iopt_reserve *rsv, unsigned long *iova,
			 unsigned long last, unsigned int lowest, gfp_t gfp)
{
	struct rsv_walk walk = { .rsv = rsv, .lowest = lowest };
	u64 tables = rsv_count_tables(&rsv->geo, *iova, last, lowest);
	unsigned long flags;
	int ret = -EAGAIN;

	/* More than the machine has memory for */
	if (tables << ilog2(rsv->geo.table_size) > (u64)totalram_pages() << PAGE_SHIFT)
		return -ENOMEM;

	walk.gfp = rsv_gfp(tables, gfp);
	iopt_stock_take(rsv, &walk.stash);
	do {
		if (ret)
			ret = rsv_alloc(&walk, *iova, last);
		if (ret)
			break;
		spin_lock_irqsave(&rsv->lock, flags);
		ret = rsv_hold_some(&walk, iova, last);
		spin_unlock_irqrestore(&rsv->lock, flags);
		if (gfpflags_allow_blocking(gfp))
			cond_resched();
	} while (ret == -EAGAIN ||
		 (!ret && !rsv_hold_present(rsv, iova, last, lowest)));

	iopte_stash_free(&walk.stash);
	return min(ret, 0);
}

/**
 * iopt_hold - Count a reservation on its lowest tables
 * @rsv: The reservations of a page table
 * @iova: First address of the range
 * @last: Its last address
 * @lowest: Level of the lowest tables. The top needs no count
 * @gfp: Flags for the tables
 *
 * Return: 0, -ENOMEM or -EINTR, and then nothing is held.
 */
int iopt_hold(struct iopt_reserve *rsv, unsigned long iova, unsigned long last,
	      unsigned int lowest, gfp_t gfp)
{
	unsigned long at = iova;
	int ret;

	if (!lowest || rsv_hold_present(rsv, &at, last, lowest))
		return 0;

	ret = rsv_hold_rest(rsv, &at, last, lowest, gfp);
	if (ret && at != iova)
		iopt_release(rsv, iova, at - 1, lowest, NULL, !rsv->flush->any_time);
	return ret;
}

/**
 * iopt_reserve_range - io_pgtable_ops::reserve for formats
 * @rsv: The reservations of a page table
 * @iova: Start of the range
 * @size: Bytes of the range
 * @pgsize: Smallest page size that will be mapped in it
 * @gfp: Flags for the tables
 *
 * Return: 0, or an error as io_pgtable_ops::reserve has them
 */
int iopt_reserve_range(struct iopt_reserve *rsv, unsigned long iova,
		       size_t size, size_t pgsize, gfp_t gfp)
{
	unsigned int lowest;
	int ret;

	ret = iopt_reserve_check(rsv, iova, size, pgsize);
	if (ret)
		return ret;

	lowest = iopt_reserve_level(&rsv->geo, pgsize);
	ret = iopt_hold(rsv, iova, iova + size - 1, lowest, gfp);
	if (!ret)
		iopt_count_entries(rsv, (u64)size >> rsv->geo.shift[lowest]);
	return ret;
}
EXPORT_SYMBOL_GPL(iopt_reserve_range);

/* The walk cache may know a table that was where @iopte will be. Under the lock */
static void rsv_flush_slot(struct iopt_reserve *rsv, struct iopte_page *iopte)
{
	/* And tables below it */
	if (iopte->parent->left > 1 && rsv->fmt->unflushed) {
		rsv->fmt->unflushed(rsv->pt, iopte->table);
		iopte->left = max(iopte->left, iopte->parent->left - 1);
	}
	iopt_flush_slot(rsv, iopte);
}

/*
 * Make the entry of a table's parent point to it, and those on the way to that:
 * from the top down, since only a table that is in its entry can have a block.
 * Returns 1 if the table's own did not before. Under the lock
 */
static int rsv_link(struct iopt_reserve *rsv, struct iopte_page *child)
{
	void *entry = iopt_entry(rsv, child->parent, child->iova);
	enum iopt_entry state;

	if (child->parent != rsv->root) {
		int ret = rsv_link(rsv, child->parent);

		if (ret < 0)
			return ret;
	}

	state = iopt_look(rsv, entry, child);
	if (state == IOPT_ENTRY_LINKED)
		return 0;
	if (state == IOPT_ENTRY_OTHER)
		return -EEXIST;
	if (state == IOPT_ENTRY_UNFLUSHED)
		rsv_flush_slot(rsv, child);
	child->seen = true;
	iopt_idle_remove(rsv, child);
	iopt_set(rsv, entry, child, IOPT_ENTRY_LINKED);
	return 1;
}

/**
 * iopt_reserve_link - Complete the way of a map down to its table
 * @rsv: The reservations of a page table
 * @iova: The address that is to be mapped
 * @level: Level of the table that the map will write to, not 0
 * @empty: Says afterwards whether the map need not look if something is mapped
 *	there: it is a leaf table that was not in its entry, or idle (I9, J1). Can
 *	be NULL
 *
 * For a map that met an entry on its way without a table in it, or with an idle
 * one. Under rcu_read_lock(). Does not allocate or sleep.
 *
 * Return: the table, or ERR_PTR(): -ENOENT if it is not under reservation,
 * -EEXIST if memory is mapped on the way. Nothing is changed then.
 */
struct iopte_page *iopt_reserve_link(struct iopt_reserve *rsv,
				     unsigned long iova, unsigned int level,
				     bool *empty)
{
	struct iopte_page *iopte;
	unsigned long flags;
	int ret = -ENOENT;

	spin_lock_irqsave(&rsv->lock, flags);
	iopte = iopt_reserve_find(rsv, iova, level);
	if (iopte && iopte_page_count(iopte))
		ret = rsv_link(rsv, iopte);
	spin_unlock_irqrestore(&rsv->lock, flags);
	if (empty)
		*empty = ret > 0 && level == rsv->geo.levels - 1;
	return ret < 0 ? ERR_PTR(ret) : iopte;
}
EXPORT_SYMBOL_GPL(iopt_reserve_link);

/**
 * iopt_reserve_unlink - Take a table out of an entry that is wanted for a block
 * @rsv: The reservations of a page table
 * @iova: Address that leads to the entry
 * @level: Level of the table with the entry
 *
 * The table waits until somebody maps in it again, or dies. Before the caller
 * writes the block, it flushes the walk cache, an address for each leaf table that
 * can be below the slot. Under rcu_read_lock().
 */
void iopt_reserve_unlink(struct iopt_reserve *rsv, unsigned long iova,
			 unsigned int level)
{
	struct iopte_page *child;
	unsigned long flags;

	spin_lock_irqsave(&rsv->lock, flags);
	child = iopt_reserve_find(rsv, iova, level + 1);
	if (child)
		iopt_mark(rsv, child, IOPT_ENTRY_UNFLUSHED);
	spin_unlock_irqrestore(&rsv->lock, flags);
}
EXPORT_SYMBOL_GPL(iopt_reserve_unlink);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reservations of IOVA ranges in I/O page tables: what they hold, for debugfs and
 * for accounting.
 *
 * The walk looks at one table above the leaf tables, and at all that is below
 * it, under one rcu_read_lock(). Between these steps it only knows the address
 * where it goes on, so it does not matter what came and went meanwhile.
 */

#include <linux/export.h>
#include <linux/io-pgtable.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "iommu-reserve.h"

static bool stats_is_linked(struct iopt_reserve *rsv, struct iopte_page *iopte)
{
	void *entry = iopt_entry(rsv, iopte->parent, iopte->iova);
	enum iopt_entry state = iopt_look(rsv, entry, iopte);

	return state == IOPT_ENTRY_LINKED || state == IOPT_ENTRY_IDLE;
}

/* Something is in an entry of the table */
static bool stats_is_used(struct iopt_reserve *rsv, struct iopte_page *iopte)
{
	const struct iopt_geometry *geo = &rsv->geo;

	if (iopte->level == geo->levels - 1) {
		size_t size = (size_t)geo->entry_size << geo->bits[iopte->level];

		/* Others map and unmap meanwhile, and either answer is right then */
		return data_race(memchr_inv(iopte->table, 0, size));
	}

	for (unsigned int i = 0; i < BIT(geo->bits[iopte->level]); i++) {
		void *entry = iopte->table + i * geo->entry_size;
		enum iopt_entry state = rsv->fmt->look(rsv->pt, iopte->level,
						       entry, rsv->root->table);

		if (state != IOPT_ENTRY_EMPTY && state != IOPT_ENTRY_UNFLUSHED)
			return true;
	}
	return false;
}

/* One table, of which the children were counted. True if it is not idle */
static bool stats_add(struct iopt_reserve *rsv, struct iopte_page *iopte,
		      unsigned long children, bool reserved_below,
		      struct io_pgtable_reserve_stats *stats)
{
	unsigned long count = iopte_page_count(iopte);

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "tables are counted, and could be freed");
	/* Others go on meanwhile, so the difference may be off */
	count -= min(count, children);
	if (iopte->level == rsv->geo.levels - 1)
		stats->pages += count;
	else
		stats->blocks += count;

	stats->tables++;
	if (!count && !reserved_below)
		stats->idle++;
	else if (!stats_is_linked(rsv, iopte))
		stats->waiting++;
	else if (stats_is_used(rsv, iopte))
		stats->used++;
	return count || reserved_below;
}

/*
 * The first table below @parent, from entry @i on, which becomes the one that it is
 * in. NULL if there is none. Under rcu_read_lock().
 */
static struct iopte_page *stats_child(struct iopt_reserve *rsv,
				      struct iopte_page *parent, unsigned int *i)
{
	for (; *i < BIT(rsv->geo.bits[parent->level]); (*i)++) {
		struct iopte_page *child = iopte_page_child(parent, *i);

		if (child)
			return child;
	}
	return NULL;
}

/* A table and all below it, in one step. Under rcu_read_lock() */
static bool stats_below(struct iopt_reserve *rsv, struct iopte_page *iopte,
			struct io_pgtable_reserve_stats *stats)
{
	struct iopte_page *child;
	unsigned long children = 0;
	bool reserved = false;

	if (iopte->level < rsv->geo.levels - 1) {
		for (unsigned int i = 0; (child = stats_child(rsv, iopte, &i)); i++) {
			children++;
			reserved |= stats_below(rsv, child, stats);
		}
	}
	return stats_add(rsv, iopte, children, reserved, stats);
}

/*
 * The table of @level that begins at @iova, in many steps: it is not one above
 * leaf tables. True if something is reserved in it or below.
 */
static bool stats_walk(struct iopt_reserve *rsv, unsigned long iova,
		       unsigned int level, struct io_pgtable_reserve_stats *stats)
{
	const struct iopt_geometry *geo = &rsv->geo;
	bool one_step = level + 3 >= geo->levels;
	struct iopte_page *iopte;
	unsigned long children = 0;
	bool reserved = false;

	for (unsigned int i = 0; ; i++) {
		rcu_read_lock();
		iopte = iopt_reserve_find(rsv, iova, level);
		if (iopte)
			iopte = stats_child(rsv, iopte, &i);
		if (iopte && one_step)
			reserved |= stats_below(rsv, iopte, stats);
		rcu_read_unlock();
		if (!iopte)
			break;

		children++;
		if (!one_step)
			reserved |= stats_walk(rsv, iova + ((u64)i << geo->shift[level]),
					       level + 1, stats);
		cond_resched();
	}

	if (!level)
		return reserved;

	rcu_read_lock();
	iopte = iopt_reserve_find(rsv, iova, level);
	if (iopte)
		reserved = stats_add(rsv, iopte, children, reserved, stats);
	rcu_read_unlock();
	return reserved;
}

/**
 * io_pgtable_reserve_stats() - What reservations hold in a page table
 * @ops: The page table
 * @stats: Filled in, with nothing if the page table has no reservations
 *
 * Walks the page table, and may sleep. The figures are exact if nobody maps,
 * reserves or releases meanwhile. What is reserved in the top itself is not
 * counted, since it needs no table.
 */
void io_pgtable_reserve_stats(struct io_pgtable_ops *ops,
			      struct io_pgtable_reserve_stats *stats)
{
	struct io_pgtable *iop = io_pgtable_ops_to_pgtable(ops);
	unsigned int stock;

	*stats = (struct io_pgtable_reserve_stats){};
	if (!iop->rsv)
		return;
	stats_walk(iop->rsv, 0, 0, stats);
	stats->shared = atomic_long_read(&iop->rsv->nr_shared);
	stock = iopt_stock_tables(iop->rsv);
	stats->tables += stock;
	stats->idle += stock;
}
EXPORT_SYMBOL_GPL(io_pgtable_reserve_stats);

/**
 * io_pgtable_reserved_tables() - Number of tables of a page table
 * @ops: The page table
 *
 * As io_pgtable_reserve_stats::tables and ::shared together, but does not walk or
 * sleep.
 *
 * Return: the number, without the top. 0 if the page table has no reservations.
 */
unsigned long io_pgtable_reserved_tables(struct io_pgtable_ops *ops)
{
	struct io_pgtable *iop = io_pgtable_ops_to_pgtable(ops);

	if (!iop->rsv)
		return 0;
	return READ_ONCE(iop->rsv->nr_tables) + iopt_stock_tables(iop->rsv) +
	       atomic_long_read(&iop->rsv->nr_shared);
}
EXPORT_SYMBOL_GPL(io_pgtable_reserved_tables);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Idle tables of page tables with reservations.
 *
 * A table that lost its last reservation stays where it is for a while. So a range
 * that is bound and unbound again costs what it costs where tables are never
 * freed: the next reservation finds the table, with nothing to allocate, to clear
 * or to flush. There are a few of them in each page table, and reclaim can have
 * them all.
 *
 * Invariants:
 *
 * J1.	An idle table is empty, in its slot, and on iopt_reserve::idle. If it is in
 *	its entry, that says so (IOPT_ENTRY_IDLE), which stops a map without
 *	a reservation.
 * J2.	A table on the list can be reserved again, as reserve() does not look at the
 *	list: who maps in it takes it off. Whoever wants to let a table on the list
 *	die looks at its count, under the lock.
 * J3.	An unreserve() that takes the last count of a table leaves no more than
 *	iopt_reserve::max_idle tables on the list. Only that, and reclaim, let idle
 *	tables die, as the flush is due then. A reserve() that fails does not: what
 *	it leaves goes a few at a time.
 * J4.	A page table on the list of reclaim is not freed while the mutex is held.
 *	The mutex is held across an owner's callback, and reclaim itself does not
 *	wait for it. An owner whose page table goes does, wherever that is; who
 *	holds it neither allocates nor waits for more than an owner's flush.
 * J5.	The stock is in no slot, and nobody finds its tables there. It is taken as
 *	a whole, under the lock, and what its taker does not use is freed.
 */

#include <kunit/visibility.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/suspend.h>

#include "iommu-reserve-idle.h"
#include "iommu-reserve.h"

/**
 * iopt_idle_add - Keep a table that nothing holds
 * @rsv: The reservations of a page table
 * @iopte: The table
 *
 * Under the lock.
 *
 * Return: false if it is one that can not be kept.
 */
bool iopt_idle_add(struct iopt_reserve *rsv, struct iopte_page *iopte)
{
	/* What the hardware never saw is not worth it: nothing is to be flushed */
	if (!iopte->seen || !rsv->fmt->idles)
		return false;

	iopt_mark(rsv, iopte, IOPT_ENTRY_IDLE);
	/*
	 * Who reserves in it from here on finds the mark; pairs with
	 * iopte_page_get(). Who was quicker may have mapped already, and then the
	 * table is not empty, and not idle.
	 */
	smp_mb();
	if (atomic_long_read(&iopte->refs)) {
		iopt_mark(rsv, iopte, IOPT_ENTRY_LINKED);
		iopt_idle_remove(rsv, iopte);
		return true;
	}
	iopt_check_empty(rsv, iopte);
	if (list_empty(&iopte->idle))
		rsv->nr_idle++;
	list_move_tail(&iopte->idle, &rsv->idle);
	return true;
}

/**
 * iopt_idle_remove - Take a table off the list, if it is there
 * @rsv: The reservations of a page table
 * @iopte: The table
 *
 * Under the lock.
 */
void iopt_idle_remove(struct iopt_reserve *rsv, struct iopte_page *iopte)
{
	if (list_empty(&iopte->idle))
		return;
	list_del_init(&iopte->idle);
	rsv->nr_idle--;
}

/**
 * iopt_idle_trim - Let the oldest idle tables die
 * @rsv: The reservations of a page table
 * @max: Tables that may stay on the list
 * @dead: List for those that die, and those above them
 *
 * Under the lock.
 *
 * Return: the number of tables that left the list.
 */
unsigned long iopt_idle_trim(struct iopt_reserve *rsv, unsigned int max,
			     struct iopt_dead *dead)
{
	unsigned long nr = 0;

	while (rsv->nr_idle > max) {
		struct iopte_page *iopte =
			list_first_entry(&rsv->idle, struct iopte_page, idle);

		nr++;
		iopt_idle_remove(rsv, iopte);
		/* And those above that only it held, so this ends after a few */
		while (iopt_kill(rsv, iopte, dead))
			iopte = iopte->parent;
	}
	return nr;
}

/**
 * iopt_trim - Let idle tables of a page table go, and those above that only they held
 * @rsv: The reservations of a page table
 * @nr: How many, the oldest first
 * @gather: As io_pgtable_ops::unreserve has it
 *
 * Return: the number of tables that were on the list.
 */
unsigned long iopt_trim(struct iopt_reserve *rsv, unsigned long nr,
			struct iommu_iotlb_gather *gather)
{
	unsigned long flags, done = 0;

	while (done < nr) {
		struct iopt_dead dead = IOPT_DEAD_INIT(dead);
		unsigned int left;

		spin_lock_irqsave(&rsv->lock, flags);
		left = rsv->nr_idle;
		if (left)
			done += iopt_idle_trim(rsv, left - 1, &dead);
		spin_unlock_irqrestore(&rsv->lock, flags);
		if (!left)
			break;
		iopt_bury(rsv, &dead, gather);
	}
	return done;
}

/**
 * iopt_stock_fill - Allocate the tables of one mapping for a reserve() to come
 * @rsv: The reservations of a page table
 * @gfp: Flags for the tables
 *
 * Nothing fails without them, so nothing is said if there is no memory.
 */
void iopt_stock_fill(struct iopt_reserve *rsv, gfp_t gfp)
{
	unsigned int below = rsv->geo.levels - 1;
	struct iopte_stash want = {
		.nr_leaf	= 1,
		.nr_upper	= below - 1,
		.nr_chunks	= below,
	};
	struct iopte_stash stash = {};
	unsigned long flags;

	if (!below)
		return;
	iopt_stock_take(rsv, &stash);
	iopte_stash_fill(&stash, &rsv->src, &want, gfp | __GFP_NORETRY | __GFP_NOWARN);

	spin_lock_irqsave(&rsv->lock, flags);
	if (!iopt_stock_tables(rsv))
		swap(rsv->stock, stash);
	spin_unlock_irqrestore(&rsv->lock, flags);
	iopte_stash_free(&stash);
}

/**
 * iopt_stock_take - Have the stock, if there is one
 * @rsv: The reservations of a page table
 * @stash: Where it goes to, empty
 */
void iopt_stock_take(struct iopt_reserve *rsv, struct iopte_stash *stash)
{
	unsigned long flags;

	/* Who does not see one that comes now allocates */
	if (!iopt_stock_tables(rsv))
		return;
	spin_lock_irqsave(&rsv->lock, flags);
	swap(rsv->stock, *stash);
	spin_unlock_irqrestore(&rsv->lock, flags);
}

/* The stock of a page table goes. Returns the number of its tables */
static unsigned long stock_drop(struct iopt_reserve *rsv)
{
	struct iopte_stash stash = {};
	unsigned long nr;

	iopt_stock_take(rsv, &stash);
	nr = stash.nr_leaf + stash.nr_upper;
	iopte_stash_free(&stash);
	return nr;
}

/* Protects the list, and the page tables on it from being freed */
static DEFINE_MUTEX(idle_lock);
static LIST_HEAD(idle_list);

/**
 * iopt_idle_register - Let reclaim have the idle tables of a page table
 * @rsv: Its reservations
 */
void iopt_idle_register(struct iopt_reserve *rsv)
{
	INIT_LIST_HEAD(&rsv->idle);
	rsv->max_idle = max(IOPT_IDLE_BYTES / rsv->geo.table_size, 1);
	INIT_LIST_HEAD(&rsv->reclaim);
	/* Without it there is nothing to be had: neither idle tables nor a stock */
	if (!rsv->flush->trim)
		return;
	mutex_lock(&idle_lock);
	list_add_tail(&rsv->reclaim, &idle_list);
	mutex_unlock(&idle_lock);
}

/**
 * iopt_idle_unregister - Undo iopt_idle_register(), and free the stock
 * @rsv: The reservations of a page table that is going to be freed
 */
void iopt_idle_unregister(struct iopt_reserve *rsv)
{
	mutex_lock(&idle_lock);
	list_del(&rsv->reclaim);
	mutex_unlock(&idle_lock);
	stock_drop(rsv);
}

VISIBLE_IF_KUNIT unsigned long iopt_idle_count(struct shrinker *shrinker,
					       struct shrink_control *sc)
{
	struct iopt_reserve *rsv;
	unsigned long nr = 0;

	if (!mutex_trylock(&idle_lock))
		return 0;
	list_for_each_entry(rsv, &idle_list, reclaim)
		nr += READ_ONCE(rsv->nr_idle) + iopt_stock_tables(rsv);
	mutex_unlock(&idle_lock);
	return nr ?: SHRINK_EMPTY;
}

VISIBLE_IF_KUNIT unsigned long iopt_idle_scan(struct shrinker *shrinker,
					      struct shrink_control *sc)
{
	struct iopt_reserve *rsv, *last;
	unsigned long nr = 0;

	/* What a flush touches may be off when the system goes to sleep, or down */
	if (system_state > SYSTEM_RUNNING || pm_suspended_storage() ||
	    !mutex_trylock(&idle_lock))
		return SHRINK_STOP;
	if (list_empty(&idle_list))
		goto unlock;

	/* Once around, and next time from where this ended */
	last = list_last_entry(&idle_list, struct iopt_reserve, reclaim);
	do {
		rsv = list_first_entry(&idle_list, struct iopt_reserve, reclaim);
		list_rotate_left(&idle_list);
		nr += stock_drop(rsv);
		if (nr < sc->nr_to_scan && READ_ONCE(rsv->nr_idle))
			nr += rsv->flush->trim(rsv->pt, sc->nr_to_scan - nr);
	} while (nr < sc->nr_to_scan && rsv != last);
unlock:
	mutex_unlock(&idle_lock);
	return nr;
}

static int __init idle_init(void)
{
	struct shrinker *shrinker = shrinker_alloc(0, "iommu-reserve-idle");

	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = iopt_idle_count;
	shrinker->scan_objects = iopt_idle_scan;
	shrinker_register(shrinker);
	return 0;
}
subsys_initcall(idle_init);

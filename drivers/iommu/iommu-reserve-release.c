// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reservations of IOVA ranges in I/O page tables: letting them go.
 *
 * Invariants, besides those of iommu-reserve.c:
 *
 * L1.	A table dies under the lock, by its count changing from 0 to IOPTE_DEAD.
 *	It leaves its slot in the same critical section, and its count on its
 *	parent goes, which may be the parent's last.
 * L2.	A table whose count becomes 0 dies at once, unless it is kept idle, which
 *	only tables are that the hardware saw, see iommu-reserve-idle.c. A table with
 *	children does not die, nor one that is or was the top, whatever its count: that
 *	can be wrong if somebody released what was not reserved.
 * L3.	Who lets tables die flushes: unreserve() with the caller's gather, and
 *	everybody else slot by slot. What the hardware never saw needs no flush.
 *	A reserve() that fails must not flush, unless the owner can at any time,
 *	and leaves what the hardware saw to the next unreserve() of what has tables.
 */

#define pr_fmt(fmt)	"iommu reserve: " fmt

#include <linux/device.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "iommu-reserve-idle.h"
#include "iommu-reserve-packed.h"
#include "iommu-reserve.h"

#ifdef CONFIG_IOMMU_RESERVE_DEBUG
atomic_t iopt_reserve_reports;
EXPORT_SYMBOL_GPL(iopt_reserve_reports);

/* The caller broke its side of the contract; the stack says who that was */
void iopt_reserve_report(unsigned long iova, const char *what)
{
	atomic_inc(&iopt_reserve_reports);
	pr_err("%s at IOVA %#lx\n", what, iova);
	dump_stack();
}
EXPORT_SYMBOL_GPL(iopt_reserve_report);

/*
 * A leaf table of which the last reservation went must be empty. Under the lock, where
 * nobody can reserve in it without that.
 */
void iopt_check_empty(struct iopt_reserve *rsv, struct iopte_page *iopte)
{
	size_t size = rsv->geo.entry_size << rsv->geo.bits[iopte->level];

	if (iopte->level == rsv->geo.levels - 1 && memchr_inv(iopte->table, 0, size))
		iopt_reserve_report(iopte->iova,
				    "last unreserve of a table with live entries");
}
#endif

/**
 * iopt_mark - Say something about a table in the entry that points to it
 * @rsv: The reservations of a page table
 * @iopte: The table
 * @to: What to say. Nothing happens if the table is not in its entry
 *
 * Under the lock.
 */
void iopt_mark(struct iopt_reserve *rsv, struct iopte_page *iopte,
	       enum iopt_entry to)
{
	void *entry = iopt_entry(rsv, iopte->parent, iopte->iova);
	enum iopt_entry state = iopt_look(rsv, entry, iopte);

	if (state == IOPT_ENTRY_LINKED || state == IOPT_ENTRY_IDLE)
		iopt_set(rsv, entry, iopte, to);
}

/*
 * The table has children, or goes with the page table only, though its count says that
 * nothing holds it. So somebody took away too much, and the count is mended. Under the
 * lock
 */
static bool rsv_is_held(struct iopt_reserve *rsv, struct iopte_page *iopte)
{
	long held = iopte->nr_children + iopte->stays;
	long refs = 0;

	if (!held)
		return false;
	if (atomic_long_try_cmpxchg(&iopte->refs, &refs, held))
		iopt_reserve_report(iopte->iova, "unreserve of what is not reserved");
	return true;
}

/**
 * iopt_kill - Take a table that nothing holds out of its slot for good
 * @rsv: The reservations of a page table
 * @iopte: The table
 * @dead: List that it joins
 *
 * Under the lock.
 *
 * Return: true if its parent has nothing left that holds it.
 */
bool iopt_kill(struct iopt_reserve *rsv, struct iopte_page *iopte,
	       struct iopt_dead *dead)
{
	struct iopte_page *parent = iopte->parent;
	long refs = 0;

	/* Somebody may have reserved in it without the lock */
	if (rsv_is_held(rsv, iopte) ||
	    !atomic_long_try_cmpxchg(&iopte->refs, &refs, IOPTE_DEAD))
		return false;

	iopt_check_empty(rsv, iopte);
	iopt_idle_remove(rsv, iopte);
	if (iopte->seen) {
		iopt_mark(rsv, iopte, IOPT_ENTRY_UNFLUSHED);
		iopt_note_left(iopte);
	}
	iopte_page_remove(parent, iopt_index(&rsv->geo, iopte->iova, parent->level));
	rsv->nr_tables--;

	iopte->next = NULL;
	*dead->end = iopte;
	dead->end = &iopte->next;
	return iopte_page_put(parent, 1) > 0;
}

/*
 * Nothing held a table a moment ago, and perhaps still. It dies, and so do those
 * above it that only it held; with @undo those that the hardware saw are for later.
 * Under the lock
 */
static void rsv_drop(struct iopt_reserve *rsv, struct iopte_page *iopte,
		     struct iopt_dead *dead, bool undo)
{
	do {
		if (atomic_long_read(&iopte->refs) || rsv_is_held(rsv, iopte))
			return;
		if (iopt_idle_add(rsv, iopte))
			return;
	} while (iopt_kill(rsv, iopte, undo && iopte->seen ? &rsv->later : dead) &&
		 (iopte = iopte->parent));
}

#ifdef CONFIG_IOMMU_API
/*
 * Adding to a gather can flush what it had before, and free it. So the table
 * comes after its slot. That it is there says that walk caches matter.
 */
static bool rsv_gather(struct iopt_reserve *rsv, struct iopte_page *iopte,
		       struct iommu_iotlb_gather *gather)
{
	size_t span = iopt_flush_span(&rsv->geo, iopte->level);

	if (!gather ||
	    !rsv->flush->gather_slot(rsv->pt, gather, iopte->iova, span, iopte->level))
		return false;
	iopte->next = gather->freelist.tables;
	gather->freelist.tables = iopte;
	return true;
}
#else
static bool rsv_gather(struct iopt_reserve *rsv, struct iopte_page *iopte,
		       struct iommu_iotlb_gather *gather)
{
	return false;
}
#endif

/**
 * iopt_bury - Flush, and free what died
 * @rsv: The reservations of a page table
 * @dead: The tables
 * @gather: As io_pgtable_ops::unreserve has it
 *
 * Outside of the lock. The tables are empty, so no address below them is cached,
 * only the entries that pointed to them: one address in each slot is enough.
 * What the hardware never saw has nothing to wait for but readers. The list is
 * empty afterwards.
 */
void iopt_bury(struct iopt_reserve *rsv, struct iopt_dead *dead,
	       struct iommu_iotlb_gather *gather)
{
	struct iopte_page *iopte, *next, *free = NULL;

	for (iopte = dead->first; iopte; iopte = next) {
		next = iopte->next;
		if (iopte->seen && rsv_gather(rsv, iopte, gather))
			continue;
		if (iopte->seen)
			iopt_flush_slot(rsv, iopte);
		iopte->next = free;
		free = iopte;
	}
	iopte_pages_free_rcu(free);
	dead->first = NULL;
	dead->end = &dead->first;
}

/* A reserve() that failed can leave more than one, but not all go in one section */
static void rsv_trim_some(struct iopt_reserve *rsv, struct iopt_dead *dead)
{
	unsigned int max = rsv->nr_idle - min(rsv->nr_idle, IOPT_LOCKED);

	iopt_idle_trim(rsv, max(max, rsv->max_idle), dead);
}

/*
 * The last count of a table went. Under rcu_read_lock(), since somebody else may
 * be quicker to let it die.
 */
static void rsv_drop_last(struct iopt_reserve *rsv, struct iopte_page *iopte,
			  struct iopt_dead *dead, bool undo)
{
	unsigned long flags;

	spin_lock_irqsave(&rsv->lock, flags);
	rsv_drop(rsv, iopte, dead, undo);
	if (!undo)
		rsv_trim_some(rsv, dead);
	spin_unlock_irqrestore(&rsv->lock, flags);
}

/* Take away what @nr entries count on their table. Under rcu_read_lock() */
static void rsv_put(struct iopt_reserve *rsv, struct iopte_page *iopte,
		    unsigned long iova, unsigned long nr, struct iopt_dead *dead,
		    bool undo)
{
	int ret = iopte ? iopte_page_put(iopte, nr) : -EINVAL;

	if (ret > 0)
		rsv_drop_last(rsv, iopte, dead, undo);
	else if (ret < 0)
		iopt_reserve_report(iova, "unreserve of what is not reserved");
}

/* A flush is due now, or can be: free what a reserve() that failed left */
static void rsv_bury_later(struct iopt_reserve *rsv, struct iommu_iotlb_gather *gather)
{
	struct iopt_dead dead = IOPT_DEAD_INIT(dead);
	unsigned long flags;

	/* Who does not see one that comes now leaves it to the next */
	if (likely(!data_race(rsv->later.first)))
		return;
	spin_lock_irqsave(&rsv->lock, flags);
	dead.first = rsv->later.first;
	rsv->later = (struct iopt_dead)IOPT_DEAD_INIT(rsv->later);
	spin_unlock_irqrestore(&rsv->lock, flags);
	iopt_bury(rsv, &dead, gather);
}

/**
 * iopt_release - Take away what a reservation counts
 * @rsv: The reservations of a page table
 * @iova: First address of the range
 * @last: Its last address
 * @lowest: Level of the lowest tables of the reservation
 * @gather: As io_pgtable_ops::unreserve has it
 * @undo: A reserve() failed that must not flush: a table that dies and that the hardware
 *	saw waits for an unreserve()
 */
void iopt_release(struct iopt_reserve *rsv, unsigned long iova,
		  unsigned long last, unsigned int lowest,
		  struct iommu_iotlb_gather *gather, bool undo)
{
	const struct iopt_geometry *geo = &rsv->geo;
	struct iopt_dead dead = IOPT_DEAD_INIT(dead);
	struct iopte_page *parent = NULL, *iopte;
	unsigned int steps = 0;

	rcu_read_lock();
	for (;; iova = iopt_last(geo, iova, lowest) + 1) {
		/* What is still held keeps the parent for its neighbours */
		iopte = iopt_reserve_step(rsv, iova, lowest, &parent);
		rsv_put(rsv, iopte, iova, iopt_entries(geo, iova, last, lowest), &dead,
			undo);
		if (iopt_last(geo, iova, lowest) >= last)
			break;
		if (!(++steps % IOPT_STEPS)) {
			rcu_read_unlock();
			parent = NULL;
			iopt_bury(rsv, &dead, gather);
			rcu_read_lock();
		}
	}
	rcu_read_unlock();
	iopt_bury(rsv, &dead, gather);
	if (!undo)
		rsv_bury_later(rsv, gather);
}

/**
 * iopt_unreserve_range - io_pgtable_ops::unreserve for formats
 * @rsv: The reservations of a page table
 * @iova: Start of the range
 * @size: Bytes of the range
 * @pgsize: As it was given to iopt_reserve_range()
 * @gather: As io_pgtable_ops::unreserve has it
 */
void iopt_unreserve_range(struct iopt_reserve *rsv, unsigned long iova,
			  size_t size, size_t pgsize,
			  struct iommu_iotlb_gather *gather)
{
	unsigned int lowest;

	if (iopt_reserve_check(rsv, iova, size, pgsize)) {
		iopt_reserve_report(iova, "unreserve of what can not be reserved");
		return;
	}

	lowest = iopt_reserve_level(&rsv->geo, pgsize);
	iopt_count_entries(rsv, -(long)((u64)size >> rsv->geo.shift[lowest]));
	if (lowest)
		iopt_release(rsv, iova, iova + size - 1, lowest, gather, false);
}
EXPORT_SYMBOL_GPL(iopt_unreserve_range);

/**
 * iopt_release_unmapped - Take away what entries counted that were cleared
 * @rsv: The reservations of a page table
 * @iova: An address in their table
 * @level: Level of the table
 * @nr: Their number
 * @gather: As io_pgtable_ops::unreserve has it
 *
 * For an unmap whose gather says iommu_iotlb_gather::unreserve. Whoever reserved did
 * so with the page sizes that were mapped, so each entry counts one. Under
 * rcu_read_lock(). The table can be gone afterwards, but for readers.
 */
void iopt_release_unmapped(struct iopt_reserve *rsv, unsigned long iova,
			   unsigned int level, unsigned long nr,
			   struct iommu_iotlb_gather *gather)
{
	struct iopt_dead dead = IOPT_DEAD_INIT(dead);

	iopt_count_entries(rsv, -(long)nr);
	/* The last top that there can be is not counted */
	if (!level)
		return;
	rsv_put(rsv, iopt_reserve_find(rsv, iova, level), iova, nr, &dead, false);
	iopt_bury(rsv, &dead, gather);
	rsv_bury_later(rsv, gather);
}
EXPORT_SYMBOL_GPL(iopt_release_unmapped);

static struct iopte_page *rsv_new_top(struct iopt_reserve *rsv, void *table,
				      unsigned int level, gfp_t gfp)
{
	unsigned int chunks = DIV_ROUND_UP(BIT(rsv->geo.bits[level]), IOPTE_CHUNK_SIZE);
	struct iopte_page *top;

	top = kzalloc(struct_size(top, chunks, chunks), gfp & ~GFP_ZONEMASK);
	if (!top)
		return NULL;
	top->nr_chunks = chunks;
	top->table = table;
	top->level = level;
	top->dev = rsv->src.dev;
	INIT_LIST_HEAD(&top->idle);
	top->stays = true;
	atomic_long_set(&top->refs, 1);
	return top;
}

/**
 * iopt_reserve_create - Give a page table reservations
 * @cfg: What must be known of it
 *
 * Return: the reservations for iopt_reserve_destroy(), NULL without memory.
 */
struct iopt_reserve *iopt_reserve_create(const struct iopt_reserve_cfg *cfg)
{
	const struct iopt_geometry *geo = &cfg->geo;
	struct iopt_reserve *rsv;

	rsv = kzalloc_obj(*rsv);
	if (!rsv)
		return NULL;

	rsv->pt = cfg->pt;
	rsv->fmt = cfg->fmt;
	rsv->flush = cfg->flush;
	rsv->geo = *geo;
	rsv->pgsize_bitmap = cfg->pgsize_bitmap;
	rsv->first = cfg->first;
	rsv->last = cfg->last;
	rsv->src.size = geo->table_size;
	rsv->src.phys_bits = geo->phys_bits;
	rsv->src.chunks = DIV_ROUND_UP(BIT(geo->bits[geo->levels - 1]),
				       IOPTE_CHUNK_SIZE);
	rsv->src.nid = cfg->nid;
	rsv->src.dev = cfg->dev;
	rsv->root = rsv_new_top(rsv, cfg->top, cfg->top_level, GFP_KERNEL);
	if (!rsv->root)
		goto err_free;
	if (geo->table_size < PAGE_SIZE)
		rsv->src.packed = iopt_packed_create(geo->table_size, rsv->src.dev,
						     rsv->src.nid);
	if (IS_ENABLED(CONFIG_IOMMU_RESERVE_PACKED) &&
	    geo->table_size < PAGE_SIZE && !rsv->src.packed)
		goto err_free;
	spin_lock_init(&rsv->lock);
	rsv->later = (struct iopt_dead)IOPT_DEAD_INIT(rsv->later);
	iopt_idle_register(rsv);
	return rsv;

err_free:
	kfree(rsv->root);
	kfree(rsv);
	return NULL;
}
EXPORT_SYMBOL_GPL(iopt_reserve_create);

/**
 * iopt_reserve_new_top - Describe a table that is to be the top
 * @rsv: The reservations of a page table that grows
 * @table: The table, in which the first entry shows the present top; is not touched
 * @level: Its level, one above that of the present top
 * @gfp: Flags
 *
 * Return: what iopt_reserve_grow() takes or iopt_reserve_free_top() frees, NULL
 * without memory.
 */
struct iopte_page *iopt_reserve_new_top(struct iopt_reserve *rsv, void *table,
					unsigned int level, gfp_t gfp)
{
	struct iopte_page *top = rsv_new_top(rsv, table, level, gfp);

	if (!top)
		return NULL;
	top->chunks[0] = kzalloc_objs(*top->chunks[0], IOPTE_CHUNK_SIZE,
				      gfp & ~GFP_ZONEMASK);
	if (!top->chunks[0]) {
		kfree(top);
		return NULL;
	}
	return top;
}
EXPORT_SYMBOL_GPL(iopt_reserve_new_top);

/**
 * iopt_reserve_free_top - Undo iopt_reserve_new_top()
 * @top: What it returned
 */
void iopt_reserve_free_top(struct iopte_page *top)
{
	kfree(top->chunks[0]);
	kfree(top);
}
EXPORT_SYMBOL_GPL(iopt_reserve_free_top);

/**
 * iopt_reserve_grow - A table becomes the top
 * @rsv: The reservations of the page table
 * @top: Its descriptor, by iopt_reserve_new_top(). Whatever the hardware begins with
 *	shows it or the one below
 *
 * The former top is a table as others are from now on, but that it never goes
 * before the page table does: its memory is freed with it. Under the lock.
 */
void iopt_reserve_grow(struct iopt_reserve *rsv, struct iopte_page *top)
{
	struct iopte_page *old = rsv->root;

	old->parent = top;
	old->seen = true;
	top->chunks[0][0] = old;
	top->nr_children = 1;
	atomic_long_inc(&top->refs);
	rsv->nr_tables++;
	/* Complete before it is found; pairs with iopt_top() */
	smp_store_release(&rsv->root, top);
}
EXPORT_SYMBOL_GPL(iopt_reserve_grow);

/* Everything below a table, and the table itself */
static void rsv_destroy_table(struct iopte_page *iopte)
{
	for (unsigned int i = 0; i < iopte->nr_chunks; i++)
		for (unsigned int j = 0; iopte->chunks[i] && j < IOPTE_CHUNK_SIZE; j++)
			if (iopte->chunks[i][j])
				rsv_destroy_table(iopte->chunks[i][j]);
	iopte_page_free(iopte);
}

/**
 * iopt_reserve_destroy - Free all tables of a page table but the top
 * @rsv: The reservations of a page table that neither hardware nor callers use
 */
void iopt_reserve_destroy(struct iopt_reserve *rsv)
{
	iopt_idle_unregister(rsv);
#ifdef CONFIG_IOMMU_RESERVE_DEBUG
	if (atomic_long_read(&rsv->entries))
		iopt_reserve_report(0, "page table destroyed with reservations");
#endif
	iopte_pages_free_rcu(rsv->later.first);
	/* Tables that died before are unmapped for the device when they are freed */
	if (rsv->src.dev)
		rcu_barrier();
	/* The top is the format's */
	rsv->root->table = NULL;
	rsv->root->dev = NULL;
	rsv_destroy_table(rsv->root);
	if (rsv->src.packed)
		iopt_packed_destroy(rsv->src.packed);
	kfree(rsv);
}
EXPORT_SYMBOL_GPL(iopt_reserve_destroy);

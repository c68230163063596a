// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reservations of IOVA ranges in I/O page tables.
 *
 * A reservation keeps the tables that mapping its range can need, so that a map
 * finds them and an unmap leaves them. Everything here is general: it knows the
 * shape of the page table (struct iopt_geometry) and touches entries through
 * the format's functions (struct iopt_reserve_fmt) only.
 *
 * The lowest level of a reservation is the one whose entries map its page size;
 * its lowest tables are the tables of that level. The slot of a table is what
 * its parent has for it: an entry and, at levels where an entry may be a block,
 * a pointer beside it (iopte_page::iopt_children).
 *
 * Invariants:
 *
 * I1.	Each entry of a reservation counts one on its lowest table, and nothing
 *	else of a reservation is written down anywhere. So a reservation is
 *	released in any parts, by anyone, without a trace of where it was cut.
 * I2.	A linked table (IOPTE_PAGE_LINKED) counts one on its parent, from before
 *	it is in its slot until after it left. All tables on the way to a table
 *	with a count are linked, except the top, which stays forever. So a table
 *	with a count can be reached, and stays reachable, without a lock.
 * I3.	At a level with blocks, a table with a count is in the pointer of its
 *	slot. The entry holds that table, or a block, or nothing, or, if a map
 *	without a reservation was quicker, another table, which then is treated
 *	like a block. At other levels it is in the entry.
 * I4.	A table that is in a pointer but not in the entry is waiting. It is
 *	empty, and no walk cache knows it.
 * I5.	A table that nothing keeps is dying. Whoever took the last away frees
 *	it; anybody may take it out of its slot; nobody revives it.
 * I6.	Who takes a table out of an entry raises iopt_reserve::unflushed first
 *	and lowers it after the walk cache was flushed. Who fills an entry looks
 *	at it afterwards, and flushes too if it is up.
 *	Where tables retire, the owner flushes for all of them.
 * I7.	A dying table is freed by RCU, after the flush; where tables retire,
 *	when the owner says that it flushed. Tables are looked up
 *	under rcu_read_lock(), except where the caller's own count keeps them.
 * I8.	Memory is allocated with no lock held and outside of rcu_read_lock().
 */

#define pr_fmt(fmt)	"io-pgtable reserve: " fmt

#include <linux/export.h>
#include <linux/io-pgtable.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "io-pgtable-reserve.h"
#include "iommu-pages.h"

/* Missing tables that are counted, allocated and linked in one go */
#define RSV_BATCH	64
/* Tables that are visited before others get a turn */
#define RSV_STEPS	256

/* The slot changed while it was looked at: look again */
#define RSV_AGAIN	1
/* A table on the way is dying: start over from the top */
#define RSV_RESTART	2
/* Something must be allocated first */
#define RSV_MEMORY	3

/*
 * Tables that die in one operation, and the range of IOVA that their slots
 * span. They are freed together, after one flush.
 */
struct rsv_gather {
	struct iopt_reserve *rsv;
	struct iommu_pages_list pages;
	unsigned int nr;
	bool raised;
	unsigned int shift;
	unsigned long start;
	unsigned long last;
};

/* The tables on the way to an IOVA, down to the one of level @depth */
struct rsv_path {
	unsigned long iova;
	unsigned int depth;
	void *table[IOPT_MAX_LEVELS];
};

/* What reserve() carries from table to table */
struct rsv_walk {
	struct iopt_reserve *rsv;
	struct rsv_gather gather;
	struct rsv_path path;
	/* Tables that were allocated and are not linked yet */
	struct iommu_pages_list spare;
	/* Level of the lowest tables */
	unsigned int lowest;
	/* Entries that the reservation has in the lowest table */
	unsigned long entries;
	/* The walk has a count of its own on the table it stands on */
	bool held;
	/* Level of the table that lacks an array of children, or -1 */
	int childless;
	/* Levels of tables that are held while that is allocated */
	unsigned int pinned;
};

#ifdef CONFIG_IOMMU_IO_PGTABLE_RESERVE_DEBUG
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

static void rsv_count_entries(struct iopt_reserve *rsv, size_t size,
			      size_t pgsize, int sign)
{
	atomic_long_add(sign * (long)(size >> __ffs(pgsize)), &rsv->entries);
}

/* A table of which the last reservation goes must be empty */
static void rsv_check_empty(struct iopt_reserve *rsv, void *table,
			    unsigned int level, unsigned long iova)
{
	size_t size = rsv->geo.entry_size << rsv->geo.bits[level];

	if (memchr_inv(table, 0, size))
		iopt_reserve_report(iova, "last unreserve of a table with live entries");
}
#else
static void rsv_count_entries(struct iopt_reserve *rsv, size_t size,
			      size_t pgsize, int sign)
{
}

static void rsv_check_empty(struct iopt_reserve *rsv, void *table,
			    unsigned int level, unsigned long iova)
{
}
#endif

static void *rsv_entry(const struct iopt_geometry *geo, void *table,
		       unsigned int level, unsigned long iova)
{
	return table + iopt_index(geo, iova, level) * geo->entry_size;
}

/* The pointer beside an entry, NULL if there is none or not yet */
static void **rsv_pointer(const struct iopt_geometry *geo, void *table,
			  unsigned int level, unsigned long iova)
{
	void **children;

	if (!(geo->blocks & BIT(level)))
		return NULL;

	children = iopte_page_children(virt_to_iopte_page(table));
	if (!children)
		return NULL;
	return &children[iopt_index(geo, iova, level)];
}

/*
 * The table in a slot: the one that the pointer names, if any, since that is
 * the one with the counts. It may be dying.
 */
static void *rsv_lookup(struct iopt_reserve *rsv, void *table,
			unsigned int level, unsigned long iova)
{
	void **pointer = rsv_pointer(&rsv->geo, table, level, iova);
	void *child = pointer ? READ_ONCE(*pointer) : NULL;

	if (child)
		return child;
	return rsv->fmt->child(rsv->iop,
			       rsv_entry(&rsv->geo, table, level, iova), level);
}

static void rsv_path_start(struct iopt_reserve *rsv, struct rsv_path *path,
			   unsigned long iova)
{
	path->iova = iova;
	path->depth = 0;
	path->table[0] = rsv->fmt->table(rsv->iop, iova, 0);
}

/* Down to the table of level @lowest. False if there is none */
static bool rsv_path_walk(struct iopt_reserve *rsv, struct rsv_path *path,
			  unsigned int lowest)
{
	while (path->depth < lowest) {
		void *child = rsv_lookup(rsv, path->table[path->depth],
					 path->depth, path->iova);

		if (!child)
			return false;
		path->table[++path->depth] = child;
	}
	return true;
}

/* Last address that the table of level @lowest spans */
static unsigned long rsv_path_last(struct iopt_reserve *rsv,
				   const struct rsv_path *path,
				   unsigned int lowest)
{
	return path->iova | iopt_span_mask(&rsv->geo, lowest);
}

/*
 * To the neighbour of the table of level @lowest. The tables that both have
 * above them are known; the caller sees to it that they still are there.
 */
static void rsv_path_next(struct iopt_reserve *rsv, struct rsv_path *path,
			  unsigned int lowest)
{
	path->iova = rsv_path_last(rsv, path, lowest) + 1;
	path->depth = min(path->depth, lowest - 1);
	while (path->depth &&
	       !(path->iova & iopt_span_mask(&rsv->geo, path->depth)))
		path->depth--;
	if (!path->depth)
		path->table[0] = rsv->fmt->table(rsv->iop, path->iova, 0);
}

static void rsv_gather_init(struct rsv_gather *gather, struct iopt_reserve *rsv)
{
	gather->rsv = rsv;
	INIT_LIST_HEAD(&gather->pages.pages);
	gather->nr = 0;
	gather->raised = false;
	gather->shift = BITS_PER_LONG - 1;
	gather->start = ULONG_MAX;
	gather->last = 0;
}

/* Before a table leaves an entry */
static void rsv_gather_raise(struct rsv_gather *gather)
{
	if (gather->raised)
		return;
	gather->raised = true;
	atomic_inc(&gather->rsv->unflushed);
	/* Before the entry is empty; pairs with iopt_reserve_mapped() */
	smp_mb__after_atomic();
}

/* The slot of the table of @level on the way to @iova must be flushed */
static void rsv_gather_span(struct rsv_gather *gather, unsigned long iova,
			    unsigned int level)
{
	const struct iopt_geometry *geo = &gather->rsv->geo;
	unsigned long mask = iopt_span_mask(geo, level);

	gather->start = min(gather->start, iova & ~mask);
	gather->last = max(gather->last, iova | mask);
	gather->shift = min_t(unsigned int, gather->shift,
			      geo->shift[level - 1]);
}

/* No walk cache has these any more, but RCU readers may be on them */
static void rsv_free(struct iopt_reserve *rsv, struct iommu_pages_list *pages)
{
	struct io_pgtable_cfg *cfg = &rsv->iop->cfg;

	if (!cfg->coherent_walk)
		iommu_pages_stop_incoherent_list(pages, cfg->iommu_dev);
	iommu_put_pages_list_rcu(pages);
}

static void rsv_retired_init(struct io_pgtable_retired *retired)
{
	INIT_LIST_HEAD(&retired->tables.pages);
	retired->start = ULONG_MAX;
	retired->last = 0;
	retired->nr = 0;
}

/* Those of @from join @to; @from has none then */
static void rsv_retired_move(struct io_pgtable_retired *from,
			     struct io_pgtable_retired *to)
{
	iommu_pages_list_splice(&from->tables, &to->tables);
	to->start = min(to->start, from->start);
	to->last = max(to->last, from->last);
	WRITE_ONCE(to->nr, to->nr + from->nr);
	rsv_retired_init(from);
}

static void rsv_retire(struct iopt_reserve *rsv,
		       struct io_pgtable_retired *retired)
{
	unsigned long flags;

	spin_lock_irqsave(&rsv->retired_lock, flags);
	rsv_retired_move(retired, &rsv->retired);
	spin_unlock_irqrestore(&rsv->retired_lock, flags);
}

/* What becomes of the tables of a gather, once they are out of their slots */
static void rsv_gather_bury(struct rsv_gather *gather)
{
	struct iopt_reserve *rsv = gather->rsv;
	struct io_pgtable_retired retired;

	if (!gather->nr)
		return;
	if (!(rsv->iop->cfg.quirks & IO_PGTABLE_QUIRK_RETIRE)) {
		rsv_free(rsv, &gather->pages);
		return;
	}

	rsv_retired_init(&retired);
	iommu_pages_list_splice(&gather->pages, &retired.tables);
	retired.start = gather->start;
	retired.last = gather->last;
	retired.nr = gather->nr;
	rsv_retire(rsv, &retired);
}

/*
 * Flush the walk cache and give the gathered tables back. They are empty, so
 * no address below them is cached, only the entries that pointed to them: one
 * address of each slot is enough to name those.
 */
static void rsv_gather_finish(struct rsv_gather *gather)
{
	struct iopt_reserve *rsv = gather->rsv;

	if (gather->start <= gather->last)
		io_pgtable_tlb_flush_walk(rsv->iop, gather->start,
					  gather->last - gather->start + 1,
					  BIT(gather->shift));
	if (gather->raised) {
		/* After the flush; pairs with iopt_reserve_mapped() */
		smp_mb__before_atomic();
		atomic_dec(&rsv->unflushed);
	}

	rsv_gather_bury(gather);
	rsv_gather_init(gather, rsv);
}

/* Take a table out of its slot, if it still is there */
static void rsv_unlink(struct rsv_gather *gather, void *parent,
		       unsigned int level, unsigned long iova, void *table)
{
	struct iopt_reserve *rsv = gather->rsv;
	void **pointer = rsv_pointer(&rsv->geo, parent, level, iova);
	void *entry = rsv_entry(&rsv->geo, parent, level, iova);

	rsv_gather_raise(gather);
	rsv->fmt->unlink(rsv->iop, entry, level, table);
	if (pointer)
		cmpxchg(pointer, table, NULL);
	rsv_gather_span(gather, iova, level + 1);
}

static void rsv_bury_below(struct rsv_gather *gather, void *table,
			   unsigned int level, unsigned long iova);

/* A dying table that is out of its slot joins those to be freed */
static void rsv_bury(struct rsv_gather *gather, void *table, unsigned int level,
		     unsigned long iova, bool mapped)
{
	if (mapped && level < gather->rsv->geo.levels - 1)
		rsv_bury_below(gather, table, level,
			       iova & ~iopt_span_mask(&gather->rsv->geo, level));
	iommu_pages_list_add(&gather->pages, table);
	gather->nr++;
}

/*
 * Tables that maps without a reservation put below a table go with it. Linked
 * ones can not be there, their counts would keep the table.
 */
static void rsv_bury_below(struct rsv_gather *gather, void *table,
			   unsigned int level, unsigned long iova)
{
	struct iopt_reserve *rsv = gather->rsv;
	const struct iopt_geometry *geo = &rsv->geo;

	for (unsigned int i = 0; i < BIT(geo->bits[level]); i++) {
		void *child = rsv->fmt->child(rsv->iop,
					      table + i * geo->entry_size,
					      level);

		if (child && iopte_page_clear_mapped(virt_to_iopte_page(child)))
			rsv_bury(gather, child, level + 1,
				 iova + ((unsigned long)i << geo->shift[level]),
				 true);
	}
}

/*
 * The caller took away the last of what kept the table at @level of @path: take
 * it out, and all tables above that only it kept. @mapped says that the last
 * was a map without a reservation, so that there may be more such tables below.
 */
static void rsv_kill(struct rsv_gather *gather, struct rsv_path *path,
		     unsigned int level, bool mapped)
{
	for (;; level--, mapped = false) {
		void *table = path->table[level];
		void *parent = path->table[level - 1];
		bool linked = iopte_page_linked(virt_to_iopte_page(table));

		if (linked)
			atomic_long_dec(&gather->rsv->tables);
		if (linked && !mapped)
			rsv_check_empty(gather->rsv, table, level, path->iova);
		rsv_unlink(gather, parent, level - 1, path->iova, table);
		rsv_bury(gather, table, level, path->iova, mapped || !linked);

		if (!linked ||
		    iopte_page_put(virt_to_iopte_page(parent), 1) <= 0)
			return;
	}
}

static int rsv_put(struct rsv_gather *gather, struct rsv_path *path,
		   unsigned int level, unsigned long n)
{
	int ret = iopte_page_put(virt_to_iopte_page(path->table[level]), n);

	if (ret > 0)
		rsv_kill(gather, path, level, false);
	return ret;
}

/*
 * reserve(): one lowest table at a time, from the top. Each step down finds or
 * makes the child; see I2 for what keeps it.
 */

/* A count on the table that the walk stands on, for a child */
static int rsv_hold(struct rsv_walk *walk, unsigned int level)
{
	int ret;

	if (walk->held)
		return 0;

	ret = iopte_page_get(virt_to_iopte_page(walk->path.table[level]), 1);
	if (ret)
		return ret == -ENOENT ? RSV_RESTART : -ENOMEM;
	walk->held = true;
	return 0;
}

/* Where the counts of a child are, if the entry does not show it */
static int rsv_get_pointer(struct rsv_walk *walk, unsigned int level,
			   void ***pointer)
{
	const struct iopt_geometry *geo = &walk->rsv->geo;
	void *table = walk->path.table[level];
	int ret;

	*pointer = rsv_pointer(geo, table, level, walk->path.iova);
	if (*pointer || !(geo->blocks & BIT(level)))
		return 0;

	/* The table must still be there when the array is */
	ret = rsv_hold(walk, level);
	if (ret)
		return ret;
	walk->held = false;
	walk->pinned |= BIT(level);
	walk->childless = level;
	return RSV_MEMORY;
}

/* Take a dying table out of the way of a new one */
static void rsv_evict(struct rsv_walk *walk, unsigned int level, void *child)
{
	struct rsv_gather gather;

	rsv_gather_init(&gather, walk->rsv);
	rsv_unlink(&gather, walk->path.table[level], level, walk->path.iova,
		   child);
	rsv_gather_finish(&gather);
}

/* Link a table that a map without a reservation made, and which is held */
static int rsv_adopt(struct rsv_walk *walk, unsigned int level, void **pointer,
		     void *child)
{
	int ret;

	if (pointer) {
		void *old = cmpxchg(pointer, NULL, child);

		if (old && old != child)
			return RSV_AGAIN;
	}

	ret = rsv_hold(walk, level);
	if (ret)
		return ret;

	/* The count on the parent is the child's now, unless it had one */
	if (!iopte_page_set(virt_to_iopte_page(child), IOPTE_PAGE_LINKED)) {
		walk->held = false;
		atomic_long_inc(&walk->rsv->tables);
	}
	return 0;
}

/* There is a table in the slot: hold it, or make way for a new one */
static int rsv_take(struct rsv_walk *walk, unsigned int level, void **pointer,
		    void *child, unsigned long n, bool *held)
{
	struct iopte_page *iopt = virt_to_iopte_page(child);
	bool adopt = !iopte_page_linked(iopt) ||
		     (pointer && READ_ONCE(*pointer) != child);
	int ret;

	/* A table on the way is kept by those below it, once it is linked */
	if (level + 1 == walk->lowest || adopt)
		ret = iopte_page_get(iopt, n);
	else
		ret = iopte_page_dead(iopt) ? -ENOENT : 0;

	if (ret == -ENOENT) {
		rsv_evict(walk, level, child);
		return RSV_AGAIN;
	}
	if (ret)
		return -ENOMEM;

	walk->path.table[level + 1] = child;
	if (!adopt)
		return 0;

	ret = rsv_adopt(walk, level, pointer, child);
	if (ret)
		rsv_put(&walk->gather, &walk->path, level + 1, n);
	else
		*held = level + 1 < walk->lowest;
	return ret;
}

/* There is no table in the slot: put one there */
static int rsv_make(struct rsv_walk *walk, unsigned int level, void **pointer,
		    unsigned long n, bool *held)
{
	struct iopt_reserve *rsv = walk->rsv;
	const struct iopt_geometry *geo = &rsv->geo;
	unsigned long mask = iopt_span_mask(geo, level + 1);
	void *table = walk->path.table[level];
	unsigned long iova = walk->path.iova;
	struct iopte_page *iopt;
	void *child;
	bool won;
	int ret;

	if (iommu_pages_list_empty(&walk->spare))
		return RSV_MEMORY;

	ret = rsv_hold(walk, level);
	if (ret)
		return ret;

	child = iommu_pages_list_pop(&walk->spare);
	iopt = virt_to_iopte_page(child);
	iopte_page_init(iopt, IOPTE_PAGE_LINKED, n);
	if (pointer)
		won = !cmpxchg(pointer, NULL, child);
	else
		won = rsv->fmt->link(rsv->iop,
				     rsv_entry(geo, table, level, iova), child);
	if (!won) {
		/* Nobody saw it */
		iopte_page_init(iopt, 0, 0);
		iommu_pages_list_add(&walk->spare, child);
		return RSV_AGAIN;
	}

	if (!pointer)
		iopt_reserve_mapped(rsv, iova & ~mask, mask + 1, mask + 1);
	atomic_long_inc(&rsv->tables);
	walk->path.table[level + 1] = child;
	walk->held = false;
	*held = level + 1 < walk->lowest;
	return 0;
}

/* One step down from the table at @level */
static int rsv_step(struct rsv_walk *walk, unsigned int level)
{
	unsigned long n = level + 1 == walk->lowest ? walk->entries : 1;
	bool held = false;
	void **pointer;
	void *child;
	int ret;

	do {
		ret = rsv_get_pointer(walk, level, &pointer);
		if (ret)
			break;

		child = rsv_lookup(walk->rsv, walk->path.table[level], level,
				   walk->path.iova);
		if (child)
			ret = rsv_take(walk, level, pointer, child, n, &held);
		else
			ret = rsv_make(walk, level, pointer, n, &held);
	} while (ret == RSV_AGAIN);

	if (walk->held)
		rsv_put(&walk->gather, &walk->path, level, 1);
	walk->held = held;
	return ret;
}

/*
 * Hold the lowest table on the way to the IOVA of the path, if it is there and
 * under reservation. A linked table that is held keeps all on the way to it.
 */
static int rsv_get_present(struct iopt_reserve *rsv, struct rsv_path *path,
			   unsigned int lowest, unsigned long n)
{
	struct iopte_page *iopt;

	if (!rsv_path_walk(rsv, path, lowest))
		return -ENOENT;
	iopt = virt_to_iopte_page(path->table[lowest]);
	if (!iopte_page_linked(iopt))
		return -ENOENT;
	return iopte_page_get(iopt, n);
}

/* Reserve in the one lowest table on the way to the IOVA of the path */
static int rsv_one(struct rsv_walk *walk)
{
	struct rsv_path *path = &walk->path;
	int ret;

	/* From the last table on that is known to stay */
	do {
		ret = 0;
		for (unsigned int level = path->depth;
		     level < walk->lowest && !ret; level++)
			ret = rsv_step(walk, level);
		if (ret == RSV_RESTART)
			rsv_path_start(walk->rsv, path, path->iova);
	} while (ret == RSV_RESTART);

	if (!ret)
		path->depth = walk->lowest;
	return ret;
}

/* The tables that were held for an array of children are held without it now */
static void rsv_unpin(struct rsv_walk *walk)
{
	for (unsigned int level = walk->lowest; walk->pinned && level--;)
		if (walk->pinned & BIT(level))
			rsv_put(&walk->gather, &walk->path, level, 1);
	walk->pinned = 0;
}

/*
 * Missing tables on the way to the lowest tables from @iova to @last. Stops
 * after about @max, or after a while. Wrong as soon as it is known: tables come
 * and go.
 */
static unsigned int rsv_count_missing(struct iopt_reserve *rsv,
				      unsigned long iova, unsigned long last,
				      unsigned int lowest, unsigned int max)
{
	const struct iopt_geometry *geo = &rsv->geo;
	unsigned long first = iova;
	unsigned int missing = 0;
	struct rsv_path path;

	rsv_path_start(rsv, &path, iova);
	for (unsigned int i = 0; i < RSV_STEPS && missing < max; i++) {
		while (path.depth < lowest) {
			void *child = rsv_lookup(rsv, path.table[path.depth],
						 path.depth, path.iova);

			if (!child || iopte_page_dead(virt_to_iopte_page(child)))
				break;
			path.table[++path.depth] = child;
		}

		/* Upper tables were counted with the first address in them */
		for (unsigned int level = path.depth + 1; level <= lowest; level++)
			if (path.iova == first ||
			    !(path.iova & iopt_span_mask(geo, level)))
				missing++;

		if (rsv_path_last(rsv, &path, lowest) >= last)
			break;
		rsv_path_next(rsv, &path, lowest);
	}
	return missing;
}

static int rsv_alloc_tables(struct rsv_walk *walk, unsigned long last,
			    gfp_t gfp)
{
	struct iopt_reserve *rsv = walk->rsv;
	struct io_pgtable_cfg *cfg = &rsv->iop->cfg;
	int nid = cfg->iommu_dev ? dev_to_node(cfg->iommu_dev) : NUMA_NO_NODE;
	unsigned int missing;
	int ret = 0;

	rcu_read_lock();
	missing = rsv_count_missing(rsv, walk->path.iova, last, walk->lowest,
				    RSV_BATCH);
	rcu_read_unlock();
	if (!missing)
		return 0;

	if (iommu_alloc_pages_list_node_sz(nid, gfp, rsv->geo.table_size,
					   missing, &walk->spare) != missing)
		return -ENOMEM;
	if (!cfg->coherent_walk)
		ret = iommu_pages_start_incoherent_list(&walk->spare,
							cfg->iommu_dev);
	return ret ? -ENOMEM : 0;
}

/* Nobody saw these pages, so they go back at once */
static void rsv_free_spare(struct rsv_walk *walk)
{
	struct io_pgtable_cfg *cfg = &walk->rsv->iop->cfg;

	if (iommu_pages_list_empty(&walk->spare))
		return;
	if (!cfg->coherent_walk)
		iommu_pages_stop_incoherent_list(&walk->spare, cfg->iommu_dev);
	iommu_put_pages_list(&walk->spare);
	walk->spare = IOMMU_PAGES_LIST_INIT(walk->spare);
}

/* What the walk stopped for, allocated outside of rcu_read_lock() */
static int rsv_alloc(struct rsv_walk *walk, unsigned long last, gfp_t gfp)
{
	int level = walk->childless;

	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();

	if (level < 0)
		return rsv_alloc_tables(walk, last, gfp);

	walk->childless = -1;
	return iopte_page_alloc_children(virt_to_iopte_page(walk->path.table[level]),
					 BIT(walk->rsv->geo.bits[level]), gfp);
}

/* Entries from @iova to @last that are in the same table of @level as @iova */
static unsigned long rsv_entries(const struct iopt_geometry *geo,
				 unsigned long iova, unsigned long last,
				 unsigned int level)
{
	last = min(last, iova | iopt_span_mask(geo, level));
	return ((last - iova) >> geo->shift[level]) + 1;
}

/*
 * Reserve from the IOVA of the path to @last. On error it stays where it came
 * to: what is below is reserved.
 */
static int rsv_fill(struct rsv_walk *walk, unsigned long last, gfp_t gfp)
{
	struct iopt_reserve *rsv = walk->rsv;
	unsigned int steps = 0;
	bool done = false;
	int ret;

	while (!done) {
		rcu_read_lock();
		do {
			walk->entries = rsv_entries(&rsv->geo, walk->path.iova,
						    last, walk->lowest);
			ret = rsv_one(walk);
			if (ret == RSV_MEMORY)
				break;
			rsv_unpin(walk);
			if (ret)
				break;

			done = rsv_path_last(rsv, &walk->path, walk->lowest) >= last;
			if (!done)
				rsv_path_next(rsv, &walk->path, walk->lowest);
		} while (!done && ++steps % RSV_STEPS);
		rcu_read_unlock();

		if (ret == RSV_MEMORY) {
			ret = rsv_alloc(walk, last, gfp);
			if (ret) {
				rcu_read_lock();
				rsv_unpin(walk);
				rcu_read_unlock();
			}
		}
		if (ret)
			return ret;

		if (fatal_signal_pending(current) && !done)
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/*
 * unreserve(), from @iova to @last. The counts that go keep the way to the
 * tables. That is not what rcu_read_lock() is for, but a caller who releases
 * what nobody reserved is to get a report, not a crash.
 */
static void rsv_release(struct iopt_reserve *rsv, unsigned long iova,
			unsigned long last, unsigned int lowest, bool may_sleep)
{
	struct rsv_gather gather;
	unsigned int steps = 0;
	struct rsv_path path;

	rsv_gather_init(&gather, rsv);
	rcu_read_lock();
	rsv_path_start(rsv, &path, iova);
	for (;;) {
		if (!rsv_path_walk(rsv, &path, lowest) ||
		    rsv_put(&gather, &path, lowest,
			    rsv_entries(&rsv->geo, path.iova, last, lowest)) < 0)
			iopt_reserve_report(path.iova, "unreserve of what is not reserved");

		if (rsv_path_last(rsv, &path, lowest) >= last)
			break;
		rsv_path_next(rsv, &path, lowest);

		if (!(++steps % RSV_STEPS)) {
			rsv_gather_finish(&gather);
			rcu_read_unlock();
			if (may_sleep)
				cond_resched();
			rcu_read_lock();
			rsv_path_start(rsv, &path, path.iova);
		}
	}
	rsv_gather_finish(&gather);
	rcu_read_unlock();
}

/* The level whose entries map @pgsize, or why there can be no reservation */
static int rsv_check(struct iopt_reserve *rsv, unsigned long iova, size_t size,
		     size_t pgsize)
{
	struct io_pgtable_cfg *cfg = &rsv->iop->cfg;
	unsigned long last = iova + size - 1;
	s64 ext = cfg->quirks & IO_PGTABLE_QUIRK_ARM_TTBR1 ? -1 : 0;

	if (cfg->alloc)
		return -EOPNOTSUPP;
	if (!size || !is_power_of_2(pgsize) || !(pgsize & cfg->pgsize_bitmap))
		return -EINVAL;
	if ((iova | size) & (pgsize - 1))
		return -EINVAL;
	if (last < iova || (s64)iova >> cfg->ias != ext ||
	    (s64)last >> cfg->ias != ext)
		return -ERANGE;
	return 0;
}

static unsigned int rsv_level(const struct iopt_geometry *geo, size_t pgsize)
{
	unsigned int level = geo->levels - 1;

	while (level && geo->shift[level] < __ffs(pgsize))
		level--;
	return level;
}

/* All tables of a range at once are more than the machine has memory for */
static bool rsv_hopeless(const struct iopt_geometry *geo, unsigned long iova,
			 unsigned long last, unsigned int lowest)
{
	u64 tables = 0;

	for (unsigned int level = 1; level <= lowest; level++)
		tables += iopt_count_tables(geo, iova, last, level);
	return tables > totalram_pages() >> get_order(geo->table_size);
}

/*
 * From here on tables may have counts. Those who did not see that yet, and free
 * tables at once, or make tables that mark nothing, are waited for.
 */
static void rsv_activate(struct iopt_reserve *rsv)
{
	/* Pairs with the release of ready below */
	if (smp_load_acquire(&rsv->ready))
		return;

	mutex_lock(&rsv->lock);
	if (!rsv->ready) {
		rsv->fmt->geometry(rsv->iop, &rsv->geo);
		/* The geometry comes first; pairs with iopt_reserve_active() */
		smp_store_release(&rsv->active, true);
		synchronize_rcu_expedited();
		/* So does the grace period */
		smp_store_release(&rsv->ready, true);
	}
	mutex_unlock(&rsv->lock);
}

/*
 * The table of @level where the hardware finds one on the way to @iova, if it is
 * under reservation. One that is waiting is not found.
 */
static struct iopte_page *rsv_find(struct iopt_reserve *rsv, unsigned long iova,
				   unsigned int level)
{
	void *table = rsv->fmt->table(rsv->iop, iova, level);
	struct iopte_page *iopt;

	if (!table)
		return NULL;
	iopt = virt_to_iopte_page(table);
	return iopte_page_linked(iopt) ? iopt : NULL;
}

/*
 * A dying table of level @lowest, which may be out of its slot already. Its link
 * still keeps those above it.
 */
static void rsv_release_dying(struct iopt_reserve *rsv, unsigned long iova,
			      unsigned int lowest, void *table)
{
	struct rsv_gather gather;
	struct rsv_path path;

	rsv_path_start(rsv, &path, iova);
	rsv_path_walk(rsv, &path, lowest - 1);
	path.table[lowest] = table;

	rsv_gather_init(&gather, rsv);
	rsv_kill(&gather, &path, lowest, false);
	rsv_gather_finish(&gather);
}

/* unreserve() of a range that is in the one table, if that is found */
static bool rsv_release_found(struct iopt_reserve *rsv, unsigned long iova,
			      unsigned long last, unsigned int lowest)
{
	unsigned long n = rsv_entries(&rsv->geo, iova, last, lowest);
	struct iopte_page *iopt;
	int ret = -EINVAL;

	rcu_read_lock();
	iopt = rsv_find(rsv, iova, lowest);
	if (iopt)
		ret = iopte_page_put(iopt, n);
	if (ret > 0)
		rsv_release_dying(rsv, iova, lowest,
				  folio_address(iopte_page_folio(iopt)));
	rcu_read_unlock();
	return ret >= 0;
}

/* All of a range is in the one table of @level */
static bool rsv_in_one(const struct iopt_geometry *geo, unsigned long iova,
		       unsigned long last, unsigned int level)
{
	return !((iova ^ last) & ~iopt_span_mask(geo, level));
}

/*
 * Hold the tables from the IOVA of @path on that are there, up to the first one
 * that is not. True if there is none: all is reserved.
 */
static bool rsv_reserve_present(struct iopt_reserve *rsv, struct rsv_path *path,
				unsigned long last, unsigned int lowest)
{
	bool done = false;

	rcu_read_lock();
	for (unsigned int i = 0; i < RSV_STEPS; i++) {
		if (rsv_get_present(rsv, path, lowest,
				    rsv_entries(&rsv->geo, path->iova, last,
						lowest)))
			break;
		done = rsv_path_last(rsv, path, lowest) >= last;
		if (done)
			break;
		rsv_path_next(rsv, path, lowest);
	}
	rcu_read_unlock();
	return done;
}

/* Hold the one table that all of a range is in. False if it is not found */
static bool rsv_reserve_found(struct iopt_reserve *rsv, unsigned long iova,
			      unsigned long last, unsigned int lowest)
{
	struct iopte_page *iopt;
	bool held;

	rcu_read_lock();
	iopt = rsv_find(rsv, iova, lowest);
	held = iopt && !iopte_page_get(iopt, rsv_entries(&rsv->geo, iova, last,
							 lowest));
	rcu_read_unlock();
	return held;
}

/* Member by member: the path is large, and nothing of it is known yet */
static void rsv_walk_init(struct rsv_walk *walk, struct iopt_reserve *rsv,
			  unsigned long iova, unsigned int lowest)
{
	walk->rsv = rsv;
	rsv_gather_init(&walk->gather, rsv);
	rsv_path_start(rsv, &walk->path, iova);
	INIT_LIST_HEAD(&walk->spare.pages);
	walk->lowest = lowest;
	walk->held = false;
	walk->childless = -1;
	walk->pinned = 0;
}

/* The rest, from @iova to @last, where tables are missing. All or nothing */
static int rsv_reserve_missing(struct iopt_reserve *rsv, unsigned long iova,
			       unsigned long last, unsigned int lowest,
			       gfp_t gfp)
{
	struct rsv_walk walk;
	int ret;

	if (rsv_hopeless(&rsv->geo, iova, last, lowest))
		return -ENOMEM;

	/* A request that the memory can not hold fails, and kills nobody */
	gfp |= __GFP_NOWARN;
	if ((gfp & __GFP_DIRECT_RECLAIM) && !(gfp & __GFP_NORETRY))
		gfp |= __GFP_RETRY_MAYFAIL;

	rsv_walk_init(&walk, rsv, iova, lowest);
	ret = rsv_alloc_tables(&walk, last, gfp);
	if (!ret)
		ret = rsv_fill(&walk, last, gfp);
	rsv_free_spare(&walk);
	rsv_gather_finish(&walk.gather);
	if (ret && walk.path.iova != iova)
		rsv_release(rsv, iova, walk.path.iova - 1, lowest, true);
	return ret;
}

/* What most reservations come to: all of the range is in one table */
static int rsv_reserve_one(struct iopt_reserve *rsv, unsigned long iova,
			   unsigned long last, unsigned int lowest, gfp_t gfp)
{
	if (rsv_reserve_found(rsv, iova, last, lowest))
		return 0;
	return rsv_reserve_missing(rsv, iova, last, lowest, gfp);
}

static int rsv_reserve_many(struct iopt_reserve *rsv, unsigned long iova,
			    unsigned long last, unsigned int lowest, gfp_t gfp)
{
	struct rsv_path path;
	int ret;

	rsv_path_start(rsv, &path, iova);
	if (rsv_reserve_present(rsv, &path, last, lowest))
		return 0;
	ret = rsv_reserve_missing(rsv, path.iova, last, lowest, gfp);
	if (ret && path.iova != iova)
		rsv_release(rsv, iova, path.iova - 1, lowest, true);
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
	unsigned long last = iova + size - 1;
	unsigned int lowest;
	int ret;

	ret = rsv_check(rsv, iova, size, pgsize);
	if (ret)
		return ret;

	rsv_activate(rsv);
	lowest = rsv_level(&rsv->geo, pgsize);
	if (!lowest)
		ret = 0;
	else if (rsv_in_one(&rsv->geo, iova, last, lowest))
		ret = rsv_reserve_one(rsv, iova, last, lowest, gfp);
	else
		ret = rsv_reserve_many(rsv, iova, last, lowest, gfp);
	if (!ret)
		rsv_count_entries(rsv, size, pgsize, 1);
	return ret;
}
EXPORT_SYMBOL_GPL(iopt_reserve_range);

/**
 * iopt_unreserve_range - io_pgtable_ops::unreserve for formats
 * @rsv: The reservations of a page table
 * @iova: Start of the range
 * @size: Bytes of the range
 * @pgsize: As it was given to iopt_reserve_range()
 */
void iopt_unreserve_range(struct iopt_reserve *rsv, unsigned long iova,
			  size_t size, size_t pgsize)
{
	unsigned long last = iova + size - 1;
	unsigned int lowest;

	/* Pairs with the release of ready in rsv_activate() */
	if (rsv_check(rsv, iova, size, pgsize) || !smp_load_acquire(&rsv->ready)) {
		iopt_reserve_report(iova, "unreserve of what can not be reserved");
		return;
	}

	rsv_count_entries(rsv, size, pgsize, -1);
	lowest = rsv_level(&rsv->geo, pgsize);
	if (!lowest)
		return;
	if (!rsv_in_one(&rsv->geo, iova, last, lowest) ||
	    !rsv_release_found(rsv, iova, last, lowest))
		rsv_release(rsv, iova, last, lowest, false);
}
EXPORT_SYMBOL_GPL(iopt_unreserve_range);

/**
 * iopt_reserve_waiting - The table that waits for an entry
 * @rsv: The reservations of a page table
 * @table: Table with the entry, which is empty
 * @level: Level of @table
 * @iova: Address that leads to the entry
 *
 * For a map that needs a table there. Called under rcu_read_lock().
 *
 * Return: the table, NULL if there is none.
 */
void *iopt_reserve_waiting(struct iopt_reserve *rsv, void *table,
			   unsigned int level, unsigned long iova)
{
	void **pointer = rsv_pointer(&rsv->geo, table, level, iova);
	void *child = pointer ? READ_ONCE(*pointer) : NULL;

	if (child && iopte_page_dead(virt_to_iopte_page(child)))
		return NULL;
	return child;
}
EXPORT_SYMBOL_GPL(iopt_reserve_waiting);

/**
 * iopt_reserve_keep - Keep a table for a map without a reservation
 * @rsv: The reservations of a page table, which is active
 * @table: A table that the map needs
 * @level: Level of @table
 * @iova: Address that leads to @table
 *
 * A dying table can not be kept, and whoever is to take it out of its slot may
 * not get to run for long. It is taken out here, for the caller to start over
 * from the top. Called under rcu_read_lock().
 *
 * Return: false if the table is dying.
 */
bool iopt_reserve_keep(struct iopt_reserve *rsv, void *table,
		       unsigned int level, unsigned long iova)
{
	struct rsv_gather gather;
	struct rsv_path path;

	if (iopte_page_set(virt_to_iopte_page(table), IOPTE_PAGE_MAPPED) >= 0)
		return true;

	rsv_path_start(rsv, &path, iova);
	if (rsv_path_walk(rsv, &path, level - 1)) {
		rsv_gather_init(&gather, rsv);
		rsv_unlink(&gather, path.table[level - 1], level - 1, iova,
			   table);
		rsv_gather_finish(&gather);
	}
	return false;
}
EXPORT_SYMBOL_GPL(iopt_reserve_keep);

/*
 * Empty a table that stays, and what is below it. Of the tables below, those
 * that only maps without reservations needed are not needed any more.
 */
static void rsv_clear_table(struct rsv_gather *gather, struct rsv_path *path,
			    unsigned int level)
{
	struct iopt_reserve *rsv = gather->rsv;
	const struct iopt_geometry *geo = &rsv->geo;
	unsigned int nr = BIT(geo->bits[level]), done = 0;
	void *table = path->table[level];
	unsigned long iova = path->iova;

	for (unsigned int i = 0; level < geo->levels - 1 && i < nr; i++) {
		void *child = rsv->fmt->child(rsv->iop,
					      table + i * geo->entry_size,
					      level);

		if (!child)
			continue;

		rsv->fmt->clear(rsv->iop, table + done * geo->entry_size,
				i - done);
		done = i + 1;

		path->iova = iova + ((unsigned long)i << geo->shift[level]);
		path->table[level + 1] = child;
		if (iopte_page_clear_mapped(virt_to_iopte_page(child)))
			rsv_kill(gather, path, level + 1, true);
		else
			rsv_clear_table(gather, path, level + 1);
	}
	path->iova = iova;
	rsv->fmt->clear(rsv->iop, table + done * geo->entry_size, nr - done);
}

/*
 * The plain case of unmapping a table: a leaf table that reservations alone
 * keep. It is emptied, and the walk cache may keep it, but not the TLB what it
 * mapped.
 */
static bool rsv_clear_leaf(struct iopt_reserve *rsv, void *table,
			   unsigned int level, unsigned long iova)
{
	const struct iopt_geometry *geo = &rsv->geo;
	struct iopte_page *iopt = virt_to_iopte_page(table);

	if (level < geo->levels - 1 || iopte_page_mapped(iopt) ||
	    !iopte_page_count(iopt))
		return false;

	rsv->fmt->clear(rsv->iop, table, BIT(geo->bits[level]));
	io_pgtable_tlb_flush_walk(rsv->iop, iova, BIT_ULL(geo->shift[level - 1]),
				  BIT_ULL(geo->shift[level]));
	return true;
}

/**
 * iopt_reserve_unmap_table - Unmap all that is below an entry
 * @rsv: The reservations of a page table, which is active
 * @table: The table that the entry points to
 * @level: Level of the table with the entry
 * @iova: Start of the range that the entry spans
 * @detach: The entry is wanted for a block
 *
 * The table below the entry is emptied and stays, or goes if nothing keeps it.
 * The TLB forgets the range and the walk cache the table. Called under
 * rcu_read_lock().
 *
 * Return: true if the table stays in the entry.
 */
bool iopt_reserve_unmap_table(struct iopt_reserve *rsv, void *table,
			      unsigned int level, unsigned long iova,
			      bool detach)
{
	unsigned long mask = iopt_span_mask(&rsv->geo, level + 1);
	struct rsv_path path = { .iova = iova };
	struct rsv_gather gather;
	struct iopte_page *iopt;
	void *entry;

	if (!detach && rsv_clear_leaf(rsv, table, level + 1, iova & ~mask))
		return true;

	path.table[0] = rsv->fmt->table(rsv->iop, iova, 0);
	for (unsigned int l = 0;; l++) {
		entry = rsv_entry(&rsv->geo, path.table[l], l, iova);
		path.table[l + 1] = rsv->fmt->child(rsv->iop, entry, l);
		/* A reservation can have gone, and the table with it */
		if (!path.table[l + 1])
			return false;
		if (l == level)
			break;
	}

	rsv_gather_init(&gather, rsv);
	iopt = virt_to_iopte_page(path.table[level + 1]);
	if (iopte_page_dead(iopt))
		detach = true;
	if (detach) {
		rsv_gather_raise(&gather);
		rsv->fmt->unlink(rsv->iop, entry, level, path.table[level + 1]);
	}

	if (iopte_page_clear_mapped(iopt)) {
		rsv_kill(&gather, &path, level + 1, true);
		detach = true;
	} else if (!iopte_page_dead(iopt)) {
		rsv_clear_table(&gather, &path, level + 1);
	}

	/*
	 * Pages are cached, too: each one has to be named. That names the
	 * entries of tables above, if such went along.
	 */
	gather.start = iova & ~mask;
	gather.last = iova | mask;
	gather.shift = rsv->geo.shift[rsv->geo.levels - 1];
	rsv_gather_finish(&gather);
	return !detach;
}
EXPORT_SYMBOL_GPL(iopt_reserve_unmap_table);

/**
 * iopt_reserve_init - Prepare for reservations
 * @rsv: The reservations of a page table
 * @iop: The page table
 * @fmt: The format's functions
 */
void iopt_reserve_init(struct iopt_reserve *rsv, struct io_pgtable *iop,
		       const struct iopt_reserve_fmt *fmt)
{
	*rsv = (struct iopt_reserve) {
		.fmt = fmt,
		.iop = iop,
	};
	mutex_init(&rsv->lock);
	spin_lock_init(&rsv->retired_lock);
	rsv_retired_init(&rsv->retired);
	iop->rsv = rsv;
}
EXPORT_SYMBOL_GPL(iopt_reserve_init);

/**
 * iopt_reserve_destroy - Undo iopt_reserve_init()
 * @rsv: The reservations of a page table whose tables were freed
 */
void iopt_reserve_destroy(struct iopt_reserve *rsv)
{
#ifdef CONFIG_IOMMU_IO_PGTABLE_RESERVE_DEBUG
	if (atomic_long_read(&rsv->entries))
		iopt_reserve_report(0, "page table destroyed with reservations");
#endif
	if (rsv->retired.nr)
		rsv_free(rsv, &rsv->retired.tables);
	mutex_destroy(&rsv->lock);
}
EXPORT_SYMBOL_GPL(iopt_reserve_destroy);

/**
 * io_pgtable_take_retired() - Take the tables that left a page table
 * @ops: A page table with IO_PGTABLE_QUIRK_RETIRE
 * @retired: Filled with the tables and the range to flush
 *
 * The caller flushes the walk cache for the range, then frees the tables with
 * io_pgtable_free_retired(); if the flush fails, it hands them back to
 * io_pgtable_keep_retired(). Destroying the page table frees those that were
 * not taken. Does not sleep.
 *
 * Return: false if there are none, and then there is nothing to do.
 */
bool io_pgtable_take_retired(struct io_pgtable_ops *ops,
			     struct io_pgtable_retired *retired)
{
	struct io_pgtable *iop = io_pgtable_ops_to_pgtable(ops);
	struct iopt_reserve *rsv = iop->rsv;
	unsigned long flags;

	if (!(iop->cfg.quirks & IO_PGTABLE_QUIRK_RETIRE) ||
	    !READ_ONCE(rsv->retired.nr))
		return false;

	rsv_retired_init(retired);
	spin_lock_irqsave(&rsv->retired_lock, flags);
	rsv_retired_move(&rsv->retired, retired);
	spin_unlock_irqrestore(&rsv->retired_lock, flags);
	return retired->nr;
}
EXPORT_SYMBOL_GPL(io_pgtable_take_retired);

/**
 * io_pgtable_free_retired() - Free tables that no walk cache has any more
 * @ops: The page table that they were taken from
 * @retired: The tables, which belong to the callee now
 *
 * The memory returns after an RCU grace period. Does not sleep, and is safe in
 * a section that signals a fence.
 */
void io_pgtable_free_retired(struct io_pgtable_ops *ops,
			     struct io_pgtable_retired *retired)
{
	rsv_free(io_pgtable_ops_to_pgtable(ops)->rsv, &retired->tables);
	rsv_retired_init(retired);
}
EXPORT_SYMBOL_GPL(io_pgtable_free_retired);

/**
 * io_pgtable_keep_retired() - Hand back tables that a walk cache may have
 * @ops: The page table that they were taken from
 * @retired: The tables, which the next io_pgtable_take_retired() finds. Does
 *	not sleep
 */
void io_pgtable_keep_retired(struct io_pgtable_ops *ops,
			     struct io_pgtable_retired *retired)
{
	rsv_retire(io_pgtable_ops_to_pgtable(ops)->rsv, retired);
}
EXPORT_SYMBOL_GPL(io_pgtable_keep_retired);

static void rsv_stats_below(struct iopt_reserve *rsv, void *table,
			    unsigned int level, unsigned long iova,
			    struct io_pgtable_reserve_stats *stats);

/* The table in a slot; false if there is none that reservations keep */
static bool rsv_stats_slot(struct iopt_reserve *rsv, void *table,
			   unsigned int level, unsigned long iova,
			   struct io_pgtable_reserve_stats *stats)
{
	const struct iopt_geometry *geo = &rsv->geo;
	void *child = rsv_lookup(rsv, table, level, iova);
	struct iopte_page *iopt;

	if (!child)
		return false;
	iopt = virt_to_iopte_page(child);
	if (!iopte_page_linked(iopt) || iopte_page_dead(iopt))
		return false;

	stats->tables++;
	if (rsv->fmt->child(rsv->iop, rsv_entry(geo, table, level, iova), level) !=
	    child)
		stats->waiting++;
	else if (memchr_inv(child, 0, geo->table_size))
		stats->used++;
	rsv_stats_below(rsv, child, level + 1, iova, stats);
	return true;
}

static void rsv_stats_below(struct iopt_reserve *rsv, void *table,
			    unsigned int level, unsigned long iova,
			    struct io_pgtable_reserve_stats *stats)
{
	const struct iopt_geometry *geo = &rsv->geo;
	unsigned long count = iopte_page_count(virt_to_iopte_page(table));
	unsigned long children = 0;

	for (unsigned int i = 0; level < geo->levels - 1 && i < BIT(geo->bits[level]); i++)
		children += rsv_stats_slot(rsv, table, level,
					   iova + ((unsigned long)i << geo->shift[level]),
					   stats);

	/* Others go on meanwhile, so the difference may be off */
	count -= min(count, children);
	if (level == geo->levels - 1)
		stats->pages += count;
	else
		stats->blocks += count;
}

/**
 * io_pgtable_reserve_stats() - What reservations hold in a page table
 * @ops: A page table with IO_PGTABLE_QUIRK_RESERVED
 * @stats: Filled in
 *
 * Walks the page table, and may sleep. The figures are exact if nobody maps,
 * reserves or releases meanwhile.
 */
void io_pgtable_reserve_stats(struct io_pgtable_ops *ops,
			      struct io_pgtable_reserve_stats *stats)
{
	struct io_pgtable *iop = io_pgtable_ops_to_pgtable(ops);
	struct iopt_reserve *rsv = iop->rsv;

	*stats = (struct io_pgtable_reserve_stats){};
	if (!(iop->cfg.quirks & IO_PGTABLE_QUIRK_RESERVED) ||
	    !iopt_reserve_active(rsv))
		return;

	stats->retired = READ_ONCE(rsv->retired.nr);
	for (unsigned int i = 0; i < BIT(rsv->geo.bits[0]); i++) {
		unsigned long iova = (unsigned long)i << rsv->geo.shift[0];

		rcu_read_lock();
		rsv_stats_slot(rsv, rsv->fmt->table(iop, iova, 0), 0, iova, stats);
		rcu_read_unlock();
		cond_resched();
	}
}
EXPORT_SYMBOL_GPL(io_pgtable_reserve_stats);

/**
 * io_pgtable_reserved_tables() - Number of tables under reservation
 * @ops: A page table with IO_PGTABLE_QUIRK_RESERVED
 *
 * As io_pgtable_reserve_stats::tables, but does not walk or sleep.
 *
 * Return: the number, without the top
 */
unsigned long io_pgtable_reserved_tables(struct io_pgtable_ops *ops)
{
	struct io_pgtable *iop = io_pgtable_ops_to_pgtable(ops);

	if (!(iop->cfg.quirks & IO_PGTABLE_QUIRK_RESERVED))
		return 0;
	return atomic_long_read(&iop->rsv->tables);
}
EXPORT_SYMBOL_GPL(io_pgtable_reserved_tables);

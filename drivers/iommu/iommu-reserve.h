/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reservations of IOVA ranges in I/O page tables: what a page-table format
 * gives to the general code, and what it calls there.
 *
 * The words and the rules are explained in
 * Documentation/driver-api/io-pgtable-reserve.rst, the invariants at the top of
 * iommu-reserve.c. Formats include this file; drivers have no use for it.
 */
#ifndef __IOMMU_RESERVE_H
#define __IOMMU_RESERVE_H

#include <linux/bits.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "iopte-page.h"

#define IOPT_MAX_LEVELS		6
/* Tables that are visited before others get a turn */
#define IOPT_STEPS		256
/* Tables that get into slots, or leave them, before others get the lock */
#define IOPT_LOCKED		16

/**
 * struct iopt_geometry - The shape of a page table
 * @levels: Number of levels. Level @levels - 1 are the leaf tables, which have no
 *	tables below them, level 0 is the top, or the last one that a page table
 *	which grows can have
 * @entry_size: Bytes of an entry
 * @table_size: Bytes of a table below the top
 * @phys_bits: Bits of a physical address that entries have for such a table, 0
 *	if they have room for all
 * @shift: By level, log2 of the bytes of IOVA that an entry maps
 * @bits: By level, log2 of the number of entries of a table, less than 16. Tables
 *	that are concatenated at the top count as one
 */
struct iopt_geometry {
	unsigned int levels;
	unsigned int entry_size;
	size_t table_size;
	unsigned int phys_bits;
	u8 shift[IOPT_MAX_LEVELS];
	u8 bits[IOPT_MAX_LEVELS];
};

/**
 * enum iopt_entry - What an entry above the leaf tables holds
 * @IOPT_ENTRY_EMPTY: Nothing
 * @IOPT_ENTRY_UNFLUSHED: Nothing, but a walk cache may know the table that was
 *	there. Invalid to the hardware, and not zero
 * @IOPT_ENTRY_LINKED: The table in question
 * @IOPT_ENTRY_IDLE: The table in question, which no reservation keeps. The
 *	hardware sees no difference to @IOPT_ENTRY_LINKED
 * @IOPT_ENTRY_OTHER: Anything else: memory
 */
enum iopt_entry {
	IOPT_ENTRY_EMPTY,
	IOPT_ENTRY_UNFLUSHED,
	IOPT_ENTRY_LINKED,
	IOPT_ENTRY_IDLE,
	IOPT_ENTRY_OTHER,
};

struct iopt_repeat_fmt;

/**
 * struct iopt_reserve_fmt - What the general code must know of a format
 * @idles: The format has @IOPT_ENTRY_IDLE
 * @look: What an entry holds, with regard to a table
 * @set: Make an entry that holds no memory say something else, by one store, and
 *	visibly to the hardware
 * @unflushed: Make all empty entries of a table say IOPT_ENTRY_UNFLUSHED. NULL if
 *	there are no tables between the top and the leaf tables, or if a flush of a
 *	slot is one of all that is below it
 * @repeat: What the format does for memory that repeats, NULL if nothing, see
 *	io-pgtable-repeat.h
 *
 * All but @repeat are called under the lock of the reservations, and may not
 * sleep; @look also without it, by who only counts. @pt is iopt_reserve_cfg::pt, and
 * @level that of the table with the entry.
 */
struct iopt_reserve_fmt {
	bool idles;
	enum iopt_entry (*look)(void *pt, unsigned int level, void *entry,
				void *table);
	void (*set)(void *pt, unsigned int level, void *entry, void *table,
		    enum iopt_entry to);
	void (*unflushed)(void *pt, void *table);
	const struct iopt_repeat_fmt *repeat;
};

/**
 * struct iopt_flush_ops - How a page table's walk cache is made to forget a slot
 * @any_time: It can be flushed in reserve(), too. Otherwise a reserve() that fails
 *	leaves tables that the hardware saw to the next unreserve()
 * @flush_slot: Flush whatever the walk cache has of the slot of a table of @level
 *	that spans @span bytes from @iova. Called with and without the lock of the
 *	reservations, and may not sleep
 * @gather_slot: Add the same to a gather, whose freelist the table joins next. False
 *	if that can not be said there, so that the slot is flushed at once. May
 *	flush what the gather had before
 * @trim: Let up to @nr idle tables go by iopt_trim(), with a gather of the owner's or
 *	without one. Returns what that returns
 */
struct iopt_flush_ops {
	bool any_time;
	void (*flush_slot)(void *pt, unsigned long iova, size_t span,
			   unsigned int level);
	bool (*gather_slot)(void *pt, struct iommu_iotlb_gather *gather,
			    unsigned long iova, size_t span, unsigned int level);
	unsigned long (*trim)(void *pt, unsigned long nr);
};

/**
 * struct iopt_reserve_cfg - What iopt_reserve_create() must know of a page table
 * @pt: The page table, as the functions of @fmt and @flush get it
 * @fmt: The format's functions
 * @flush: The functions that flush
 * @geo: Shape of the page table
 * @pgsize_bitmap: Its page sizes
 * @first: First address that it can map
 * @last: Last one
 * @top: The top table, which is the caller's
 * @top_level: Its level, 0 unless the page table can grow
 * @nid: NUMA node of tables
 * @dev: Device for the DMA API if the walker is not coherent, else NULL
 */
struct iopt_reserve_cfg {
	void *pt;
	const struct iopt_reserve_fmt *fmt;
	const struct iopt_flush_ops *flush;
	struct iopt_geometry geo;
	unsigned long pgsize_bitmap;
	u64 first;
	u64 last;
	void *top;
	unsigned int top_level;
	int nid;
	struct device *dev;
};

/* Tables that died in one operation, in that order */
struct iopt_dead {
	struct iopte_page *first;
	struct iopte_page **end;
};

#define IOPT_DEAD_INIT(dead)	{ .end = &(dead).first }

/**
 * struct iopt_reserve - The reservations of one page table
 * @pt: The page table
 * @fmt: The format's functions
 * @flush: The functions that flush
 * @geo: Shape of the page table
 * @pgsize_bitmap: Its page sizes
 * @first: First address that it can map
 * @last: Last one
 * @src: How its tables are allocated
 * @root: Descriptor of the top. Another one takes its place when the page table
 *	grows, and it stays where it is, below that
 * @lock: The one arbiter of what is in which slot: protects all slots and all
 *	entries that hold tables. Taken with interrupts off; nothing is allocated
 *	under it
 * @idle: Idle tables, the oldest first
 * @nr_idle: Number of @idle
 * @max_idle: How many of them stay
 * @stock: Tables for the first reserve(), see iommu-reserve-idle.c
 * @nr_tables: Number of tables, without the top and the stock
 * @nr_shared: Number of those of what repeats, see io-pgtable-repeat.c
 * @later: Tables that died where nothing can be flushed, for the next unreserve()
 * @reclaim: Element of the list of page tables that reclaim looks at
 * @entries: Entries of all reservations, to find what is never released
 */
struct iopt_reserve {
	void *pt;
	const struct iopt_reserve_fmt *fmt;
	const struct iopt_flush_ops *flush;
	struct iopt_geometry geo;
	unsigned long pgsize_bitmap;
	u64 first;
	u64 last;
	struct iopte_source src;
	struct iopte_page *root;
	/* The one arbiter of what is in which slot */
	spinlock_t lock;
	struct list_head idle;
	unsigned int nr_idle;
	unsigned int max_idle;
	struct iopte_stash stock;
	unsigned long nr_tables;
	atomic_long_t nr_shared;
	struct iopt_dead later;
	struct list_head reclaim;
#ifdef CONFIG_IOMMU_RESERVE_DEBUG
	atomic_long_t entries;
#endif
};

struct iopt_reserve *iopt_reserve_create(const struct iopt_reserve_cfg *cfg);
void iopt_reserve_destroy(struct iopt_reserve *rsv);

struct iopte_page *iopt_reserve_new_top(struct iopt_reserve *rsv, void *table,
					unsigned int level, gfp_t gfp);
void iopt_reserve_free_top(struct iopte_page *top);
void iopt_reserve_grow(struct iopt_reserve *rsv, struct iopte_page *top);

int iopt_reserve_range(struct iopt_reserve *rsv, unsigned long iova,
		       size_t size, size_t pgsize, gfp_t gfp);
void iopt_unreserve_range(struct iopt_reserve *rsv, unsigned long iova,
			  size_t size, size_t pgsize,
			  struct iommu_iotlb_gather *gather);

void iopt_release_unmapped(struct iopt_reserve *rsv, unsigned long iova,
			   unsigned int level, unsigned long nr,
			   struct iommu_iotlb_gather *gather);

struct iopte_page *iopt_reserve_link(struct iopt_reserve *rsv,
				     unsigned long iova, unsigned int level,
				     bool *empty);
void iopt_reserve_unlink(struct iopt_reserve *rsv, unsigned long iova,
			 unsigned int level);

#ifdef CONFIG_IOMMU_RESERVE_DEBUG
/* Number of reports, for tests */
extern atomic_t iopt_reserve_reports;
void iopt_reserve_report(unsigned long iova, const char *what);
void iopt_check_empty(struct iopt_reserve *rsv, struct iopte_page *iopte);
#else
static inline void iopt_reserve_report(unsigned long iova, const char *what)
{
}

static inline void iopt_check_empty(struct iopt_reserve *rsv, struct iopte_page *iopte)
{
}
#endif

/*
 * Between the files of the general code.
 */

int iopt_reserve_check(struct iopt_reserve *rsv, unsigned long iova,
		       size_t size, size_t pgsize);
int iopt_reserve_check_range(struct iopt_reserve *rsv, unsigned long iova,
			     size_t size, size_t unit);
unsigned int iopt_reserve_level(const struct iopt_geometry *geo, size_t pgsize);
struct iopte_page *iopt_reserve_find(struct iopt_reserve *rsv,
				     unsigned long iova, unsigned int level);
int iopt_hold(struct iopt_reserve *rsv, unsigned long iova, unsigned long last,
	      unsigned int lowest, gfp_t gfp);
void iopt_mark(struct iopt_reserve *rsv, struct iopte_page *iopte,
	       enum iopt_entry to);
bool iopt_kill(struct iopt_reserve *rsv, struct iopte_page *iopte,
	       struct iopt_dead *dead);
void iopt_bury(struct iopt_reserve *rsv, struct iopt_dead *dead,
	       struct iommu_iotlb_gather *gather);
void iopt_release(struct iopt_reserve *rsv, unsigned long iova,
		  unsigned long last, unsigned int lowest,
		  struct iommu_iotlb_gather *gather, bool undo);

#ifdef CONFIG_IOMMU_RESERVE_DEBUG
static inline void iopt_count_entries(struct iopt_reserve *rsv, long nr)
{
	atomic_long_add(nr, &rsv->entries);
}
#else
static inline void iopt_count_entries(struct iopt_reserve *rsv, long nr)
{
}
#endif

/**
 * iopt_index - The index of an IOVA in a table
 * @geo: Shape of the page table
 * @iova: The address
 * @level: Level of the table
 *
 * Return: the index
 */
static inline unsigned int iopt_index(const struct iopt_geometry *geo,
				      unsigned long iova, unsigned int level)
{
	return ((u64)iova >> geo->shift[level]) & (BIT(geo->bits[level]) - 1);
}

/**
 * iopt_span - Bytes of IOVA that a table spans
 * @geo: Shape of the page table
 * @level: Level of the table, not 0
 *
 * Return: their number
 */
static inline u64 iopt_span(const struct iopt_geometry *geo, unsigned int level)
{
	return BIT_ULL(geo->shift[level - 1]);
}

/**
 * iopt_stock_tables - Tables of the stock
 * @rsv: The reservations of a page table
 *
 * Return: their number, which can be wrong without the lock.
 */
static inline unsigned int iopt_stock_tables(struct iopt_reserve *rsv)
{
	/* Who needs to know takes the lock */
	return data_race(rsv->stock.nr_leaf + rsv->stock.nr_upper);
}

/**
 * iopt_flush_span - What a table spans, as far as a size can say it
 * @geo: Shape of the page table
 * @level: Level of the table, not 0
 *
 * Return: the number of bytes
 */
static inline size_t iopt_flush_span(const struct iopt_geometry *geo,
				     unsigned int level)
{
	return min_t(u64, iopt_span(geo, level), BIT(BITS_PER_LONG - 1));
}

/**
 * iopt_flush_slot - Let the walk cache forget the slot of a table
 * @rsv: The reservations of a page table
 * @iopte: The table, not the top
 */
static inline void iopt_flush_slot(struct iopt_reserve *rsv,
				   const struct iopte_page *iopte)
{
	rsv->flush->flush_slot(rsv->pt, iopte->iova,
			       iopt_flush_span(&rsv->geo, iopte->level),
			       iopte->level);
}

/**
 * iopt_last - Last address that a table spans
 * @geo: Shape of the page table
 * @iova: An address in it
 * @level: Level of the table, not 0
 *
 * Return: the address
 */
static inline unsigned long iopt_last(const struct iopt_geometry *geo,
				      unsigned long iova, unsigned int level)
{
	return iova | (unsigned long)(iopt_span(geo, level) - 1);
}

/**
 * iopt_entries - Entries of a table that a range has
 * @geo: Shape of the page table
 * @iova: First address of the range, in the table
 * @last: Last address of the range, which can go beyond the table
 * @level: Level of the table, not 0
 *
 * Return: their number
 */
static inline unsigned long iopt_entries(const struct iopt_geometry *geo,
					 unsigned long iova, unsigned long last,
					 unsigned int level)
{
	last = min(last, iopt_last(geo, iova, level));
	return (((u64)last - iova) >> geo->shift[level]) + 1;
}

/**
 * iopt_note_left - A table leaves its entry
 * @iopte: The table
 *
 * So do those that were below it and left before. Under the lock.
 */
static inline void iopt_note_left(struct iopte_page *iopte)
{
	iopte->parent->left = max(iopte->parent->left, iopte->left + 1);
}

/**
 * iopt_top - The top of a page table, of this moment
 * @rsv: The reservations of the page table
 *
 * Return: its descriptor
 */
static inline struct iopte_page *iopt_top(struct iopt_reserve *rsv)
{
	/* Pairs with iopt_reserve_grow(), by the address: it has the former top below */
	return READ_ONCE(rsv->root);
}

/* What @entry, on the way to @iopte, holds with regard to that. Under the lock */
static inline enum iopt_entry iopt_look(struct iopt_reserve *rsv, void *entry,
					struct iopte_page *iopte)
{
	return rsv->fmt->look(rsv->pt, iopte->level - 1, entry, iopte->table);
}

static inline void iopt_set(struct iopt_reserve *rsv, void *entry,
			    struct iopte_page *iopte, enum iopt_entry to)
{
	rsv->fmt->set(rsv->pt, iopte->level - 1, entry, iopte->table, to);
}

/* The entry of @parent on the way to @iova */
static inline void *iopt_entry(struct iopt_reserve *rsv,
			       struct iopte_page *parent, unsigned long iova)
{
	return parent->table + iopt_index(&rsv->geo, iova, parent->level) *
	       rsv->geo.entry_size;
}

/**
 * iopt_reserve_step - The lowest table of an address, on a way from one to the next
 * @rsv: The reservations of a page table
 * @iova: The address
 * @lowest: Level of the table, not 0
 * @parent: The table above, kept for its next child; NULL to begin with
 *
 * Under rcu_read_lock(). The caller holds a child of @parent, which keeps that.
 *
 * Return: the table, or NULL if there is none.
 */
static inline struct iopte_page *
iopt_reserve_step(struct iopt_reserve *rsv, unsigned long iova,
		  unsigned int lowest, struct iopte_page **parent)
{
	struct iopte_page *top = iopt_top(rsv);
	unsigned int index;

	if (lowest == top->level)
		return top;

	index = iopt_index(&rsv->geo, iova, lowest - 1);
	if (!*parent || !index)
		*parent = iopt_reserve_find(rsv, iova, lowest - 1);
	return *parent ? iopte_page_child(*parent, index) : NULL;
}

#endif /* __IOMMU_RESERVE_H */

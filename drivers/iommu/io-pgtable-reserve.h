/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reservations of IOVA ranges in I/O page tables: what a page-table format
 * gives to the general code, and what it calls there.
 *
 * The words and the rules are explained in
 * Documentation/driver-api/io-pgtable-reserve.rst, the invariants at the top of
 * io-pgtable-reserve.c. Formats include this file; drivers have no use for it.
 */
#ifndef __IO_PGTABLE_RESERVE_H
#define __IO_PGTABLE_RESERVE_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/io-pgtable.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <asm/barrier.h>

#include "iommu-pages.h"

#define IOPT_MAX_LEVELS		4

/**
 * struct iopt_geometry - The shape of a page table
 * @levels: Number of levels. Level 0 is the top, level @levels - 1 the leaf
 *	tables, which have no tables below them
 * @entry_size: Bytes of an entry
 * @table_size: Bytes of a table below the top
 * @blocks: The levels, as bits, whose entries may map memory though there are
 *	levels below
 * @shift: By level, log2 of the bytes of IOVA that an entry maps
 * @bits: By level, log2 of the number of entries of a table. Tables that are
 *	concatenated at the top count as one
 */
struct iopt_geometry {
	unsigned int levels;
	unsigned int entry_size;
	size_t table_size;
	unsigned int blocks;
	u8 shift[IOPT_MAX_LEVELS];
	u8 bits[IOPT_MAX_LEVELS];
};

/**
 * struct iopt_reserve_fmt - What the general code must know of a format
 * @geometry: Describe the shape of the page table. Called once, by the first
 *	reservation
 * @table: The table of a level that the hardware passes on its way to an IOVA,
 *	NULL if the way ends before
 * @child: The table that an entry of a level above the leaf points to, NULL if
 *	the entry is empty or maps memory
 * @link: Make an empty entry point to a table. False if it is not empty
 * @unlink: Empty an entry that points to a table. False if it does not
 * @clear: Empty entries side by side, none of which points to a table. Only
 *	for formats that have blocks
 *
 * @link and @unlink are atomic against each other and against the installation
 * of tables by a map, and leave the entry visible to the hardware.
 */
struct iopt_reserve_fmt {
	void (*geometry)(struct io_pgtable *iop, struct iopt_geometry *geo);
	void *(*table)(struct io_pgtable *iop, unsigned long iova,
		       unsigned int level);
	void *(*child)(struct io_pgtable *iop, void *entry, unsigned int level);
	bool (*link)(struct io_pgtable *iop, void *entry, void *table);
	bool (*unlink)(struct io_pgtable *iop, void *entry, unsigned int level,
		       void *table);
	void (*clear)(struct io_pgtable *iop, void *entries, unsigned int nr);
};

/**
 * struct iopt_reserve - The reservations of one page table
 * @fmt: The format's functions
 * @iop: The page table
 * @geo: Its shape, valid once @active
 * @active: Set by the first reservation, never cleared: tables may be under
 *	reservation, so that they are freed by RCU and only if nothing keeps them
 * @ready: All who saw @active clear are done
 * @lock: Serializes the first reservations. Nothing is allocated under it
 * @unflushed: Number of those who took a table out of an entry and did not yet
 *	flush the walk cache
 * @retired_lock: Protects @retired
 * @retired: Tables that wait for the owner to take them, with
 *	IO_PGTABLE_QUIRK_RETIRE
 * @tables: Number of linked tables
 * @entries: Entries of all reservations, to find what is never released
 */
struct iopt_reserve {
	const struct iopt_reserve_fmt *fmt;
	struct io_pgtable *iop;
	struct iopt_geometry geo;
	bool active;
	bool ready;
	/* Serializes the first reservations; nothing is allocated under it */
	struct mutex lock;
	atomic_t unflushed;
	/* Protects the tables that retired */
	spinlock_t retired_lock;
	struct io_pgtable_retired retired;
	atomic_long_t tables;
#ifdef CONFIG_IOMMU_IO_PGTABLE_RESERVE_DEBUG
	atomic_long_t entries;
#endif
};

void iopt_reserve_init(struct iopt_reserve *rsv, struct io_pgtable *iop,
		       const struct iopt_reserve_fmt *fmt);
void iopt_reserve_destroy(struct iopt_reserve *rsv);

int iopt_reserve_range(struct iopt_reserve *rsv, unsigned long iova,
		       size_t size, size_t pgsize, gfp_t gfp);
void iopt_unreserve_range(struct iopt_reserve *rsv, unsigned long iova,
			  size_t size, size_t pgsize);

bool iopt_reserve_unmap_table(struct iopt_reserve *rsv, void *table,
			      unsigned int level, unsigned long iova,
			      bool detach);
void *iopt_reserve_waiting(struct iopt_reserve *rsv, void *table,
			   unsigned int level, unsigned long iova);
bool iopt_reserve_keep(struct iopt_reserve *rsv, void *table,
		       unsigned int level, unsigned long iova);

#ifdef CONFIG_IOMMU_IO_PGTABLE_RESERVE_DEBUG
/* Number of reports, for tests */
extern atomic_t iopt_reserve_reports;
void iopt_reserve_report(unsigned long iova, const char *what);
#else
static inline void iopt_reserve_report(unsigned long iova, const char *what)
{
}
#endif

/**
 * iopt_reserve_active - True if the page table has or had a reservation
 * @rsv: The reservations of a page table
 *
 * Return: false if there was none. Whoever acts on that does so under
 * rcu_read_lock(), which the first reservation waits for.
 */
static inline bool iopt_reserve_active(struct iopt_reserve *rsv)
{
	/* Pairs with the release that makes the geometry known */
	return smp_load_acquire(&rsv->active);
}

/**
 * iopt_reserve_check_map - Look whether a map keeps to its reservations
 * @rsv: The reservations of a page table
 * @table: Table that entries were written to, not the top
 * @iova: Address that the entries map
 *
 * Only with IO_PGTABLE_QUIRK_RESERVED, and only in debug kernels.
 */
static inline void iopt_reserve_check_map(struct iopt_reserve *rsv, void *table,
					  unsigned long iova)
{
	if (!IS_ENABLED(CONFIG_IOMMU_IO_PGTABLE_RESERVE_DEBUG) ||
	    !(rsv->iop->cfg.quirks & IO_PGTABLE_QUIRK_RESERVED))
		return;
	if (!iopt_reserve_active(rsv) ||
	    !iopte_page_count(virt_to_iopte_page(table)))
		iopt_reserve_report(iova, "map outside of reservations");
}

/**
 * iopt_reserve_mapped - Tell that entries were written
 * @rsv: The reservations of a page table
 * @iova: Start of the range that the entries map
 * @size: Bytes of the range
 * @granule: Bytes that each entry maps
 *
 * An entry may have been empty only because the table that it pointed to is on
 * its way out, with the flush of the walk cache still to come. What was written
 * must not wait for that flush.
 */
static inline void iopt_reserve_mapped(struct iopt_reserve *rsv,
				       unsigned long iova, size_t size,
				       size_t granule)
{
	/* The count was raised before the entry was emptied */
	smp_rmb();
	if (unlikely(atomic_read(&rsv->unflushed)))
		io_pgtable_tlb_flush_walk(rsv->iop, iova, size, granule);
}

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
 * iopt_span_mask - The bits of an IOVA below what one table spans
 * @geo: Shape of the page table
 * @level: Level of the table, not 0
 *
 * Return: the bits as a mask
 */
static inline unsigned long iopt_span_mask(const struct iopt_geometry *geo,
					   unsigned int level)
{
	return BIT_ULL(geo->shift[level - 1]) - 1;
}

/**
 * iopt_count_tables - Number of tables of a level on the way to a range
 * @geo: Shape of the page table
 * @iova: First address of the range
 * @last: Last address of the range
 * @level: Level of the tables, not 0
 *
 * Return: the number
 */
static inline u64 iopt_count_tables(const struct iopt_geometry *geo,
				    unsigned long iova, unsigned long last,
				    unsigned int level)
{
	unsigned int shift = geo->shift[level - 1];

	return ((u64)last >> shift) - ((u64)iova >> shift) + 1;
}

#endif /* __IO_PGTABLE_RESERVE_H */

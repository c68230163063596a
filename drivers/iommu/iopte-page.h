/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct iopte_page: the descriptor of a table of an I/O page table.
 *
 * Only page tables with reservations have them, one for each table however
 * small. The descriptors of a page table are a tree of the same shape as the
 * tables, and hold what entries can not: what keeps a table, and which table
 * belongs to a slot while a block, or nothing, is in its entry.
 *
 * Formats and drivers have no use for this file; iommu-reserve.c and its
 * neighbours have.
 */
#ifndef __IOPTE_PAGE_H
#define __IOPTE_PAGE_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/gfp_types.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

struct device;
struct iopt_packed;

/* Children that one piece of a table's array has */
#define IOPTE_CHUNK_SHIFT	6
#define IOPTE_CHUNK_SIZE	BIT(IOPTE_CHUNK_SHIFT)

/**
 * struct iopte_page - Descriptor of a table
 * @refs: Entries of reservations in the table, plus its children. Negative once
 *	the table is dead, which is final
 * @parent: The table above, NULL for the top
 * @table: The table itself
 * @iova: First address that the table spans
 * @level: Level of the table, 0 is the top
 * @nr_children: Children in @chunks, each of which has a part of @refs
 * @nr_chunks: Number of @chunks
 * @seen: The hardware can have seen the table
 * @stays: Is the top, or was it: goes with the page table only
 * @left: Levels below the table in which tables left their entries at some time
 * @idle: Element of the list of idle tables, see iommu-reserve-idle.c
 * @next: Next one on a list of tables that are not in the page table
 * @rcu: Frees the list that begins with this table
 * @dev: Device for the DMA API if the walker is not coherent, else NULL
 * @packed: Where the memory of a table that is smaller than a page comes from
 * @chunks: Children by index, in pieces that are there if one child was. A leaf
 *	table has none
 *
 * A descriptor is freed by RCU together with its table. @refs is counted up and
 * down by anybody; everything else changes under the lock of the page table.
 */
struct iopte_page {
	atomic_long_t refs;
	struct iopte_page *parent;
	void *table;
	unsigned long iova;
	u16 nr_children;
	u16 nr_chunks;
	u8 level;
	u8 left;
	bool seen;
	bool stays;
	struct list_head idle;
	struct iopte_page *next;
	struct rcu_head rcu;
	struct device *dev;
	struct iopt_packed *packed;
	struct iopte_page **chunks[] __counted_by(nr_chunks);
};

/**
 * struct iopte_stash - Tables that are allocated and not in a page table
 * @leaf: Tables without children
 * @upper: Tables with room for children
 * @chunks: Pieces of arrays of children, chained by their first word
 * @nr_leaf: Number of @leaf
 * @nr_upper: Number of @upper
 * @nr_chunks: Number of @chunks
 */
struct iopte_stash {
	struct iopte_page *leaf;
	struct iopte_page *upper;
	struct iopte_page **chunks;
	unsigned int nr_leaf;
	unsigned int nr_upper;
	unsigned int nr_chunks;
};

/**
 * struct iopte_source - How the tables of a page table are allocated
 * @size: Bytes of a table
 * @phys_bits: Bits of the physical address of a table, 0 if any will do
 * @chunks: Pieces that the array of children of an upper table can have
 * @dev: Device for the DMA API if the walker is not coherent, else NULL
 * @nid: NUMA node
 * @packed: Memory for tables that are smaller than a page, else NULL
 */
struct iopte_source {
	size_t size;
	unsigned int phys_bits;
	unsigned int chunks;
	struct device *dev;
	int nid;
	struct iopt_packed *packed;
};

#define IOPTE_DEAD	LONG_MIN

int iopte_stash_fill(struct iopte_stash *stash, const struct iopte_source *src,
		     const struct iopte_stash *want, gfp_t gfp);
void iopte_stash_free(struct iopte_stash *stash);

void iopte_page_free(struct iopte_page *iopte);
void iopte_pages_free_rcu(struct iopte_page *list);

/**
 * iopte_page_get - Hold a table
 * @iopte: The table, kept by RCU or by the caller
 * @n: Number of entries, or children, that hold it
 *
 * Return: 0, -ENOENT if the table is dead, or -EOVERFLOW if the count has no
 * room for so many.
 */
static inline int iopte_page_get(struct iopte_page *iopte, unsigned long n)
{
	long refs = atomic_long_read(&iopte->refs);

	do {
		if (refs < 0)
			return -ENOENT;
		if (n > (unsigned long)(LONG_MAX - refs))
			return -EOVERFLOW;
	} while (!atomic_long_try_cmpxchg(&iopte->refs, &refs, refs + n));
	return 0;
}

/**
 * iopte_page_put - Undo iopte_page_get()
 * @iopte: The table
 * @n: Number of entries, or children, that held it
 *
 * Return: 0 if something still holds the table, 1 if this call took the last
 * away. Changes nothing and returns -EINVAL if it is not held so often.
 */
static inline int iopte_page_put(struct iopte_page *iopte, unsigned long n)
{
	long refs = atomic_long_read(&iopte->refs);

	do {
		if (refs < 0 || (unsigned long)refs < n)
			return -EINVAL;
	} while (!atomic_long_try_cmpxchg(&iopte->refs, &refs, refs - n));
	return (unsigned long)refs == n;
}

/**
 * iopte_page_count - Entries under reservation, and children
 * @iopte: The table
 *
 * Return: their number, 0 for a dead table.
 */
static inline unsigned long iopte_page_count(struct iopte_page *iopte)
{
	return max(atomic_long_read(&iopte->refs), 0L);
}

/**
 * iopte_page_child - A child of a table
 * @iopte: The table, which is not a leaf table
 * @index: Index of the child
 *
 * Under rcu_read_lock() or the lock of the page table.
 *
 * Return: the child, or NULL if there is none.
 */
static inline struct iopte_page *iopte_page_child(struct iopte_page *iopte,
						  unsigned int index)
{
	struct iopte_page **chunk;

	/* Pairs with iopte_page_add(): the chunk is empty */
	chunk = smp_load_acquire(&iopte->chunks[index >> IOPTE_CHUNK_SHIFT]);
	if (!chunk)
		return NULL;
	/* Pairs with iopte_page_add(): the child is complete */
	return smp_load_acquire(&chunk[index & (IOPTE_CHUNK_SIZE - 1)]);
}

void iopte_page_add(struct iopte_page *iopte, unsigned int index,
		    struct iopte_page *child, struct iopte_stash *stash);
void iopte_page_remove(struct iopte_page *iopte, unsigned int index);

#if IS_ENABLED(CONFIG_KUNIT)
void *iopte_alloc_desc(size_t size, gfp_t gfp);
#endif

#endif /* __IOPTE_PAGE_H */

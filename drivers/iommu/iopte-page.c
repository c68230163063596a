// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors of tables: their counts, their children, their memory.
 *
 * Invariants:
 *
 * D1.	A table is held by its count alone. Who takes the last of it away decides
 *	what becomes of the table; the count can rise again until the table is
 *	declared dead, and never afterwards.
 * D2.	A descriptor, its table and its array of children are one: made together,
 *	found together, freed together, by RCU if anybody could have found them.
 *	So is the mapping for a walker that is not coherent: who is on a table
 *	that died may still clean its entries.
 * D3.	A chunk stays where it is until its table is freed.
 */

#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "iommu-pages.h"
#include "iopte-page.h"
#include "iommu-reserve-packed.h"

/**
 * iopte_page_add - Put a child into its slot
 * @iopte: The table
 * @index: Index of the slot, which is empty
 * @child: The child, complete
 * @stash: Has a chunk if the slot needs one
 *
 * Under the lock of the page table.
 */
void iopte_page_add(struct iopte_page *iopte, unsigned int index,
		    struct iopte_page *child, struct iopte_stash *stash)
{
	struct iopte_page ***slot = &iopte->chunks[index >> IOPTE_CHUNK_SHIFT];
	struct iopte_page **chunk = *slot;

	if (!chunk) {
		chunk = stash->chunks;
		stash->chunks = (struct iopte_page **)chunk[0];
		stash->nr_chunks--;
		chunk[0] = NULL;
		/* Empty before it is found; pairs with iopte_page_child() */
		smp_store_release(slot, chunk);
	}
	iopte->nr_children++;
	/* Complete before it is found; pairs with iopte_page_child() */
	smp_store_release(&chunk[index & (IOPTE_CHUNK_SIZE - 1)], child);
}
EXPORT_SYMBOL_GPL(iopte_page_add);

/**
 * iopte_page_remove - Empty a slot
 * @iopte: The table
 * @index: Index of the slot, which has a child
 *
 * Under the lock of the page table.
 */
void iopte_page_remove(struct iopte_page *iopte, unsigned int index)
{
	struct iopte_page **chunk = iopte->chunks[index >> IOPTE_CHUNK_SHIFT];

	WRITE_ONCE(chunk[index & (IOPTE_CHUNK_SIZE - 1)], NULL);
	iopte->nr_children--;
}
EXPORT_SYMBOL_GPL(iopte_page_remove);

/* What describes tables, which is zeroed; apart, so that tests can fail it */
VISIBLE_IF_KUNIT void *iopte_alloc_desc(size_t size, gfp_t gfp)
{
	KUNIT_STATIC_STUB_REDIRECT(iopte_alloc_desc, size, gfp);

	/* The zone is meant for the tables, which the hardware reads */
	return kzalloc(size, gfp & ~GFP_ZONEMASK);
}

static struct iopte_page *alloc_desc(unsigned int chunks, gfp_t gfp)
{
	struct iopte_page *iopte;

	iopte = iopte_alloc_desc(struct_size(iopte, chunks, chunks), gfp);
	if (!iopte)
		return NULL;
	iopte->nr_chunks = chunks;
	INIT_LIST_HEAD(&iopte->idle);
	return iopte;
}

/* Tables that a stash lacks */
static unsigned int lacks(const struct iopte_stash *stash,
			  const struct iopte_stash *want)
{
	return want->nr_leaf - min(want->nr_leaf, stash->nr_leaf) +
	       want->nr_upper - min(want->nr_upper, stash->nr_upper);
}

/* @table with a descriptor, as what the stash lacks */
static int push_table(struct iopte_stash *stash, const struct iopte_source *src,
		      const struct iopte_stash *want, void *table, gfp_t gfp)
{
	bool leaf = stash->nr_leaf < want->nr_leaf;
	struct iopte_page **list = leaf ? &stash->leaf : &stash->upper;
	struct iopte_page *iopte;

	/* An entry has no room for the address */
	if (src->phys_bits && (u64)virt_to_phys(table) >> src->phys_bits)
		return -ENOMEM;

	iopte = alloc_desc(leaf ? 0 : src->chunks, gfp);
	if (!iopte)
		return -ENOMEM;
	iopte->table = table;
	iopte->dev = src->dev;
	iopte->packed = src->packed;
	iopte->next = *list;
	*list = iopte;
	++*(leaf ? &stash->nr_leaf : &stash->nr_upper);
	return 0;
}

static int fill_packed(struct iopte_stash *stash, const struct iopte_source *src,
		       const struct iopte_stash *want, gfp_t gfp)
{
	while (lacks(stash, want)) {
		void *table = iopt_packed_alloc(src->packed, gfp);

		if (!table)
			return -ENOMEM;
		if (push_table(stash, src, want, table, gfp)) {
			iopt_packed_free(src->packed, table);
			return -ENOMEM;
		}
	}
	return 0;
}

static int fill_pages(struct iopte_stash *stash, const struct iopte_source *src,
		      const struct iopte_stash *want, gfp_t gfp)
{
	struct iommu_pages_list pages = IOMMU_PAGES_LIST_INIT(pages);
	unsigned int nr = lacks(stash, want);
	int ret = 0;
	void *table;

	if (!nr)
		return 0;
	if (iommu_alloc_pages_list_node_sz(src->nid, gfp, src->size, nr, &pages) != nr)
		ret = -ENOMEM;
	if (!ret && src->dev && iommu_pages_start_incoherent_list(&pages, src->dev))
		ret = -ENOMEM;

	while (!ret && (table = iommu_pages_list_pop(&pages))) {
		ret = push_table(stash, src, want, table, gfp);
		if (ret)
			iommu_pages_list_add(&pages, table);
	}

	if (src->dev)
		iommu_pages_stop_incoherent_list(&pages, src->dev);
	iommu_put_pages_list(&pages);
	return ret;
}

static int fill_chunks(struct iopte_stash *stash, unsigned int want, gfp_t gfp)
{
	while (stash->nr_chunks < want) {
		struct iopte_page **chunk;

		chunk = iopte_alloc_desc(IOPTE_CHUNK_SIZE * sizeof(*chunk), gfp);
		if (!chunk)
			return -ENOMEM;
		chunk[0] = (struct iopte_page *)stash->chunks;
		stash->chunks = chunk;
		stash->nr_chunks++;
	}
	return 0;
}

/**
 * iopte_stash_fill - Allocate tables
 * @stash: Gets what it does not have yet
 * @src: How the tables of the page table are allocated
 * @want: Only the numbers: what the stash is to have
 * @gfp: Flags for the tables
 *
 * May sleep if @gfp says so. What was allocated stays in the stash on error.
 *
 * Return: 0 or -ENOMEM.
 */
int iopte_stash_fill(struct iopte_stash *stash, const struct iopte_source *src,
		     const struct iopte_stash *want, gfp_t gfp)
{
	int ret;

	/* Tables are pages of the kernel, and they are one page each */
	gfp &= ~(__GFP_HIGHMEM | __GFP_COMP);
	if (src->packed)
		ret = fill_packed(stash, src, want, gfp);
	else
		ret = fill_pages(stash, src, want, gfp);
	return ret ?: fill_chunks(stash, want->nr_chunks, gfp);
}

/**
 * iopte_page_free - Free a table that nobody can find
 * @iopte: The table
 */
void iopte_page_free(struct iopte_page *iopte)
{
	if (iopte->packed)
		iopt_packed_free(iopte->packed, iopte->table);
	else if (iopte->dev)
		iommu_pages_free_incoherent(iopte->table, iopte->dev);
	else
		iommu_free_pages(iopte->table);
	for (unsigned int i = 0; i < iopte->nr_chunks; i++)
		kfree(iopte->chunks[i]);
	kfree(iopte);
}

/* Tables that one callback frees, with softirqs off */
#define FREE_BATCH	64

static void free_list(struct iopte_page *list)
{
	while (list) {
		struct iopte_page *iopte = list;

		list = iopte->next;
		iopte_page_free(iopte);
	}
}

static void free_list_rcu(struct rcu_head *rcu)
{
	free_list(container_of(rcu, struct iopte_page, rcu));
}

/**
 * iopte_pages_free_rcu - Free tables after a grace period
 * @list: Tables that are out of the page table, and of which no walk cache
 *	knows; can be NULL
 *
 * Does not sleep, and is safe in a section that signals a fence.
 */
void iopte_pages_free_rcu(struct iopte_page *list)
{
	while (list) {
		struct iopte_page *first = list, *end = list;

		for (unsigned int i = 1; i < FREE_BATCH && end->next; i++)
			end = end->next;
		list = end->next;
		end->next = NULL;
		call_rcu(&first->rcu, free_list_rcu);
	}
}
EXPORT_SYMBOL_GPL(iopte_pages_free_rcu);

/**
 * iopte_stash_free - Free what was not used
 * @stash: The stash, empty afterwards
 */
void iopte_stash_free(struct iopte_stash *stash)
{
	while (stash->chunks) {
		struct iopte_page **chunk = stash->chunks;

		stash->chunks = (struct iopte_page **)chunk[0];
		kfree(chunk);
	}
	free_list(stash->leaf);
	free_list(stash->upper);
	*stash = (struct iopte_stash){};
}

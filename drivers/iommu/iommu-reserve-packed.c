// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for tables that are smaller than a page, several to a page.
 *
 * A pool serves one page table. Its pages are those of iommu-pages.c, so they
 * are accounted as all page-table memory is: to the node, and to the memcg of
 * who took the page. That is who needed a table when none was left over; tables
 * that others get in the same page cost them nothing, and keep the page charged
 * to the first one until the last of them goes.
 *
 * Invariants:
 *
 * K1.	All pages of a pool are on its list, those that have room before those
 *	that have none. A page leaves the list, and the pool, with its last table.
 * K2.	The pool is freed once it is destroyed and has no page. Tables come back
 *	by RCU, so that can be long after iopt_packed_destroy().
 * K3.	A table that is handed out is zero, for the device, too. From
 *	packed_page::fresh on, nothing was ever handed out and all is zero; the
 *	rest is cleared by who gets it.
 * K4.	The walker is told about a page once. It is told that the page is gone
 *	when the page leaves the pool, or when the pool is destroyed if that is
 *	earlier; the device is not touched after that.
 * K5.	Nothing is allocated under the lock, which is taken in softirq.
 */

#include <kunit/static_stub.h>
#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "iommu-reserve-packed.h"
#include "iommu-pages.h"

/**
 * struct iopt_packed - Pool of tables that are smaller than a page
 * @lock: Protects everything below, and the pages
 * @pages: The pages
 * @dev: Device for the DMA API, NULL if the walker is coherent
 * @size: Bytes of a table, a power of 2
 * @slots: Tables that a page has room for
 * @nid: NUMA node
 * @destroyed: No table is taken any more, and the last one frees the pool
 */
struct iopt_packed {
	/* Protects everything below, and the pages */
	spinlock_t lock;
	struct list_head pages;
	struct device *dev;
	size_t size;
	unsigned int slots;
	int nid;
	bool destroyed;
};

/**
 * struct packed_page - Descriptor of a page, which the page itself refers to
 * @list: Element of &struct iopt_packed.pages
 * @mem: The page
 * @nr_used: Number of tables that are handed out
 * @fresh: First slot that was never handed out; nor was any after it
 * @used: Slots that are handed out
 */
struct packed_page {
	struct list_head list;
	void *mem;
	unsigned int nr_used;
	unsigned int fresh;
	unsigned long used[];
};

/**
 * iopt_packed_create - Make a pool
 * @size: Bytes of a table: a power of 2, less than a page
 * @dev: Device for the DMA API if the walker is not coherent, else NULL
 * @nid: NUMA node
 *
 * Return: the pool for iopt_packed_destroy(), NULL without memory.
 */
struct iopt_packed *iopt_packed_create(size_t size, struct device *dev, int nid)
{
	struct iopt_packed *packed = kzalloc(sizeof(*packed), GFP_KERNEL);

	if (!packed)
		return NULL;
	spin_lock_init(&packed->lock);
	INIT_LIST_HEAD(&packed->pages);
	packed->dev = dev;
	packed->size = size;
	packed->slots = PAGE_SIZE / size;
	packed->nid = nid;
	return packed;
}

/* The walker is told that the page is gone, if it was not before. Under the lock */
static void packed_stop_incoherent(struct iopt_packed *packed,
				   struct packed_page *page)
{
	struct iommu_pages_list list = IOMMU_PAGES_LIST_INIT(list);

	if (!packed->dev)
		return;
	iommu_pages_list_add(&list, page->mem);
	iommu_pages_stop_incoherent_list(&list, packed->dev);
}

/**
 * iopt_packed_destroy - Give a pool up
 * @packed: The pool, of which no table is used by hardware
 *
 * Tables that are on their way back, by RCU, still come by iopt_packed_free().
 */
void iopt_packed_destroy(struct iopt_packed *packed)
{
	struct packed_page *page;
	unsigned long flags;
	bool last;

	spin_lock_irqsave(&packed->lock, flags);
	list_for_each_entry(page, &packed->pages, list)
		packed_stop_incoherent(packed, page);
	packed->destroyed = true;
	last = list_empty(&packed->pages);
	spin_unlock_irqrestore(&packed->lock, flags);

	if (last)
		kfree(packed);
}

static struct packed_page *packed_new_page(struct iopt_packed *packed, gfp_t gfp)
{
	struct packed_page *page;

	/* The zone is meant for the tables, which the hardware reads */
	page = kzalloc(struct_size(page, used, BITS_TO_LONGS(packed->slots)),
		       gfp & ~GFP_ZONEMASK);
	if (!page)
		return NULL;
	page->mem = iommu_alloc_pages_node_sz(packed->nid, gfp, PAGE_SIZE);
	if (!page->mem)
		goto err_free;
	if (packed->dev && iommu_pages_start_incoherent(page->mem, packed->dev))
		goto err_free_mem;
	virt_to_ioptdesc(page->mem)->_private = page;
	return page;

err_free_mem:
	iommu_free_pages(page->mem);
err_free:
	kfree(page);
	return NULL;
}

/* A slot of a page that has one, or NULL. Under the lock */
static void *packed_take(struct iopt_packed *packed, bool *fresh)
{
	struct packed_page *page;
	unsigned int slot;

	page = list_first_entry_or_null(&packed->pages, struct packed_page, list);
	if (!page || page->nr_used == packed->slots)
		return NULL;

	/* The first one, so that fresh ones are a run at the end */
	slot = find_first_zero_bit(page->used, packed->slots);
	__set_bit(slot, page->used);
	if (++page->nr_used == packed->slots)
		list_move_tail(&page->list, &packed->pages);
	*fresh = slot == page->fresh;
	page->fresh += *fresh;
	return page->mem + slot * packed->size;
}

/**
 * iopt_packed_alloc - Take a table
 * @packed: The pool
 * @gfp: Flags for a page if none has room
 *
 * May sleep if @gfp says so.
 *
 * Return: the table, which is zero, or NULL without memory.
 */
void *iopt_packed_alloc(struct iopt_packed *packed, gfp_t gfp)
{
	struct packed_page *page;
	unsigned long flags;
	bool fresh;
	void *table;

	KUNIT_STATIC_STUB_REDIRECT(iopt_packed_alloc, packed, gfp);

	spin_lock_irqsave(&packed->lock, flags);
	table = packed_take(packed, &fresh);
	spin_unlock_irqrestore(&packed->lock, flags);

	if (!table) {
		page = packed_new_page(packed, gfp);
		if (!page)
			return NULL;
		spin_lock_irqsave(&packed->lock, flags);
		list_add(&page->list, &packed->pages);
		table = packed_take(packed, &fresh);
		spin_unlock_irqrestore(&packed->lock, flags);
	}

	if (!fresh) {
		memset(table, 0, packed->size);
		if (packed->dev)
			iommu_pages_flush_incoherent(packed->dev, table, 0,
						     packed->size);
	}
	return table;
}

/**
 * iopt_packed_free - Give a table back
 * @packed: The pool, perhaps destroyed
 * @table: The table, which neither hardware nor anybody else reaches
 *
 * Does not sleep.
 */
void iopt_packed_free(struct iopt_packed *packed, void *table)
{
	struct packed_page *page = virt_to_ioptdesc(table)->_private;
	bool empty, last;
	unsigned long flags;

	spin_lock_irqsave(&packed->lock, flags);
	__clear_bit((table - page->mem) / packed->size, page->used);
	if (page->nr_used-- == packed->slots)
		list_move(&page->list, &packed->pages);
	empty = !page->nr_used;
	if (empty) {
		list_del(&page->list);
		packed_stop_incoherent(packed, page);
	}
	last = packed->destroyed && list_empty(&packed->pages);
	spin_unlock_irqrestore(&packed->lock, flags);

	if (empty) {
		iommu_free_pages(page->mem);
		kfree(page);
	}
	if (last)
		kfree(packed);
}

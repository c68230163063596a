// SPDX-License-Identifier: GPL-2.0-only
/*
 * What KUnit tests of I/O page tables share: counting memory, and a device that
 * sees memory only as the DMA API told it.
 *
 * A mapping of that device is a copy of the memory, which the device reads in
 * place of it. Writes get into the copy by dma_sync_single_for_device() alone,
 * as on a machine where the device does not look into the caches of the CPU and
 * where nothing is ever evicted from them. So a write that nobody synchronised
 * shows in the comparison of the two.
 */

#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/dma-map-ops.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmstat.h>

#include "io-pgtable-kunit.h"

/* What the device sees of a mapping */
struct dma_view {
	struct list_head list;
	phys_addr_t phys;
	size_t size;
	u8 data[] __counted_by(size) __aligned(sizeof(u64));
};

static struct iopt_kunit_dma *to_dma(struct device *dev)
{
	return dev_get_drvdata(dev);
}

/* The mapping that has all of a range, or NULL. Under the lock */
static struct dma_view *view_find(struct iopt_kunit_dma *dma, phys_addr_t phys,
				  size_t size)
{
	struct dma_view *view;

	list_for_each_entry(view, &dma->views, list)
		if (phys >= view->phys && phys + size <= view->phys + view->size)
			return view;
	return NULL;
}

static dma_addr_t dma_op_map(struct device *dev, phys_addr_t phys, size_t size,
			     enum dma_data_direction dir, unsigned long attrs)
{
	struct iopt_kunit_dma *dma = to_dma(dev);
	struct dma_view *view;
	unsigned long flags;

	if (dma->fail)
		return DMA_MAPPING_ERROR;
	view = kmalloc(struct_size(view, data, size), GFP_ATOMIC);
	if (!view)
		return DMA_MAPPING_ERROR;
	view->phys = phys;
	view->size = size;
	memcpy(view->data, phys_to_virt(phys), size);

	spin_lock_irqsave(&dma->lock, flags);
	list_add(&view->list, &dma->views);
	dma->nr_views++;
	spin_unlock_irqrestore(&dma->lock, flags);
	return phys;
}

static void dma_op_unmap(struct device *dev, dma_addr_t addr, size_t size,
			 enum dma_data_direction dir, unsigned long attrs)
{
	struct iopt_kunit_dma *dma = to_dma(dev);
	struct dma_view *view;
	unsigned long flags;

	spin_lock_irqsave(&dma->lock, flags);
	view = view_find(dma, addr, size);
	if (view && view->size == size) {
		list_del(&view->list);
		dma->nr_views--;
	} else {
		view = NULL;
		dma->nr_errors++;
	}
	spin_unlock_irqrestore(&dma->lock, flags);
	kfree(view);
}

static void dma_op_sync_for_device(struct device *dev, dma_addr_t addr,
				   size_t size, enum dma_data_direction dir)
{
	struct iopt_kunit_dma *dma = to_dma(dev);
	struct dma_view *view;
	unsigned long flags;

	spin_lock_irqsave(&dma->lock, flags);
	view = view_find(dma, addr, size);
	if (view)
		memcpy(view->data + (addr - view->phys), phys_to_virt(addr), size);
	else
		dma->nr_errors++;
	spin_unlock_irqrestore(&dma->lock, flags);
}

/* The device only reads, so there is nothing that the CPU does not see */
static void dma_op_sync_for_cpu(struct device *dev, dma_addr_t addr,
				size_t size, enum dma_data_direction dir)
{
}

static int dma_op_supported(struct device *dev, u64 mask)
{
	return 1;
}

static const struct dma_map_ops kunit_dma_ops = {
	.map_phys		= dma_op_map,
	.unmap_phys		= dma_op_unmap,
	.sync_single_for_device	= dma_op_sync_for_device,
	.sync_single_for_cpu	= dma_op_sync_for_cpu,
	.dma_supported		= dma_op_supported,
};

/**
 * iopt_kunit_device - Make a device for page tables
 * @test: The test, which fails without the device
 *
 * Return: the device, which goes with the test.
 */
struct device *iopt_kunit_device(struct kunit *test)
{
	static atomic_t nr;
	struct device *dev;
	char name[32];

	snprintf(name, sizeof(name), "io-pgtable-%d", atomic_inc_return(&nr));
	dev = kunit_device_register(test, name);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	dev->dma_mask = &dev->coherent_dma_mask;
	return dev;
}

/**
 * iopt_kunit_dma_create - Make a device that is not coherent
 * @test: The test, which fails without the device
 *
 * Return: the device, which goes with the test.
 */
struct iopt_kunit_dma *iopt_kunit_dma_create(struct kunit *test)
{
	struct iopt_kunit_dma *dma = kunit_kzalloc(test, sizeof(*dma), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, dma);
	spin_lock_init(&dma->lock);
	INIT_LIST_HEAD(&dma->views);
	dma->dev = iopt_kunit_device(test);
	dev_set_drvdata(dma->dev, dma);
	set_dma_ops(dma->dev, &kunit_dma_ops);
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask_and_coherent(dma->dev, DMA_BIT_MASK(64)));
	return dma;
}

/**
 * iopt_kunit_dma_clean - Look whether the device sees nothing but zeroes
 * @dma: The device
 * @virt: Start of the memory
 * @size: Bytes of it
 *
 * Return: true if all of it is mapped, and zero.
 */
bool iopt_kunit_dma_clean(struct iopt_kunit_dma *dma, void *virt, size_t size)
{
	phys_addr_t phys = virt_to_phys(virt);
	struct dma_view *view;
	unsigned long flags;
	bool clean = false;

	spin_lock_irqsave(&dma->lock, flags);
	view = view_find(dma, phys, size);
	if (view)
		clean = !memchr_inv(view->data + (phys - view->phys), 0, size);
	spin_unlock_irqrestore(&dma->lock, flags);
	return clean;
}

/**
 * iopt_kunit_dma_stale - Look for what the device was not told
 * @dma: The device
 * @ignore: Bits of a word of 64 bits that may differ
 *
 * Return: the bits in which memory and what the device sees of it differ, of
 * all words of all mappings together.
 */
u64 iopt_kunit_dma_stale(struct iopt_kunit_dma *dma, u64 ignore)
{
	struct dma_view *view;
	unsigned long flags;
	u64 stale = 0;

	spin_lock_irqsave(&dma->lock, flags);
	list_for_each_entry(view, &dma->views, list) {
		const u64 *memory = phys_to_virt(view->phys);
		const u64 *data = (const u64 *)view->data;

		for (size_t i = 0; i < view->size / sizeof(*data); i++)
			stale |= memory[i] ^ data[i];
	}
	spin_unlock_irqrestore(&dma->lock, flags);
	return stale & ~ignore;
}

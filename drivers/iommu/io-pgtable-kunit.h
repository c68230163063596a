/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KUnit tests of I/O page tables share: counting memory, and a device that
 * sees memory only as the DMA API told it.
 */
#ifndef __IO_PGTABLE_KUNIT_H
#define __IO_PGTABLE_KUNIT_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct device;
struct kunit;

/**
 * struct iopt_kunit_dma - A device that is not coherent
 * @dev: The device
 * @lock: Protects the rest
 * @views: What the device sees of each mapping
 * @nr_views: Number of @views
 * @nr_errors: Calls of the DMA API that no mapping allows
 * @fail: The next mappings fail
 */
struct iopt_kunit_dma {
	struct device *dev;
	/* Protects the rest */
	spinlock_t lock;
	struct list_head views;
	unsigned int nr_views;
	unsigned int nr_errors;
	bool fail;
};

struct iopt_kunit_dma *iopt_kunit_dma_create(struct kunit *test);
bool iopt_kunit_dma_clean(struct iopt_kunit_dma *dma, void *virt, size_t size);
u64 iopt_kunit_dma_stale(struct iopt_kunit_dma *dma, u64 ignore);
struct device *iopt_kunit_device(struct kunit *test);

long iopt_kunit_pages(void);

#endif /* __IO_PGTABLE_KUNIT_H */

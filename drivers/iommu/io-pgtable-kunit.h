/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KUnit tests of I/O page tables share: counting memory, and a device that
 * sees memory only as the DMA API told it.
 */
#ifndef __IO_PGTABLE_KUNIT_H
#define __IO_PGTABLE_KUNIT_H

#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/mmzone.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vmstat.h>

#include "iommu-reserve.h"

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

/*
 * Not by node_page_state_pages(), which takes less than nothing for nothing. By itself
 * where nobody may sleep, for iopt_kunit_node_stat() is exact
 */
static inline long iopt_kunit_node_sum(enum node_stat_item item)
{
	struct pglist_data *pgdat;
	long sum = 0;
	int cpu;

	for_each_online_pgdat(pgdat) {
		sum += atomic_long_read(&pgdat->vm_stat[item]);
		for_each_online_cpu(cpu)
			sum += per_cpu_ptr(pgdat->per_cpu_nodestats,
					   cpu)->vm_node_stat_diff[item];
	}
	return sum;
}

/**
 * iopt_kunit_node_stat - A counter of all nodes
 * @item: NR_IOMMU_PAGES, or a sibling
 *
 * May sleep. Each CPU adds up what it counted once in a while, in a work, and what
 * interrupts that between the two halves of a sum can be long, such as the very
 * callbacks that rcu_barrier() waits for. So works that began end first. One that
 * begins meanwhile does not come three times in a row.
 *
 * Return: its value, with what the CPUs did not add up yet.
 */
static inline long iopt_kunit_node_stat(enum node_stat_item item)
{
	long sum;

	vmstat_flush_workqueue();
	sum = iopt_kunit_node_sum(item);
	for (int same = 0; same < 2;) {
		long again = iopt_kunit_node_sum(item);

		same = again == sum ? same + 1 : 0;
		sum = again;
	}
	return sum;
}

/**
 * iopt_kunit_pages - Pages that page tables have
 *
 * Return: their number.
 */
static inline long iopt_kunit_pages(void)
{
	return iopt_kunit_node_stat(NR_IOMMU_PAGES);
}

/**
 * iopt_kunit_reports - Reports of who broke the contract, so far
 *
 * Return: their number, 0 without CONFIG_IOMMU_RESERVE_DEBUG.
 */
static inline int iopt_kunit_reports(void)
{
#ifdef CONFIG_IOMMU_RESERVE_DEBUG
	return atomic_read(&iopt_reserve_reports);
#else
	return 0;
#endif
}

#ifdef CONFIG_VM_EVENT_COUNTERS
/**
 * iopt_kunit_page_events - Pages that this CPU ever took or gave back
 *
 * With interrupts off.
 *
 * Return: their number.
 */
static inline unsigned long iopt_kunit_page_events(void)
{
	struct vm_event_state *state = this_cpu_ptr(&vm_event_states);
	unsigned long sum = state->event[PGFREE];

	for (int zone = 0; zone < MAX_NR_ZONES; zone++)
		sum += state->event[PGALLOC_NORMAL - ZONE_NORMAL + zone];
	return sum;
}
#endif

/* An expectation of whoever has a test and a config, which a failure then names */
#define IOPT_KUNIT_EXPECT(_owner, condition)				\
do {									\
	const __auto_type __owner = (_owner);				\
									\
	KUNIT_EXPECT_TRUE_MSG(__owner->test, condition,			\
			      "fmt %d pgsizes %#lx ias %u oas %u quirks %#lx%s", \
			      __owner->config.fmt, __owner->config.pgsizes, \
			      __owner->config.ias, __owner->config.oas,	\
			      __owner->config.quirks,			\
			      __owner->config.incoherent ? " incoherent" : ""); \
} while (0)

#endif /* __IO_PGTABLE_KUNIT_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the KUnit tests of reservations in I/O page tables share: making page
 * tables of every shape, reading them as the hardware does, and counting what
 * they take from the allocator and ask of the TLB.
 */
#ifndef __IO_PGTABLE_RESERVE_KUNIT_H
#define __IO_PGTABLE_RESERVE_KUNIT_H

#include <kunit/test.h>
#include <linux/hashtable.h>
#include <linux/io-pgtable.h>
#include <linux/mmzone.h>
#include <linux/prandom.h>
#include <linux/types.h>

#include "iommu-reserve-idle.h"
#include "io-pgtable-kunit.h"
#include "iommu-reserve.h"

#define RSVT_PROT	(IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE)
#define RSVT_LEAF	3
/* Idle tables that stay after an unreserve(), few, so that more are quickly made */
#define RSVT_IDLE_MAX	(IS_ENABLED(CONFIG_IOMMU_RESERVE_IDLE) ? 16 : 0)
#define RSVT_QUIRKS	(IO_PGTABLE_QUIRK_RESERVED | IO_PGTABLE_QUIRK_NO_WARN)

struct rsvt_config {
	enum io_pgtable_fmt fmt;
	unsigned long pgsizes;
	unsigned int ias;
	unsigned int oas;
	unsigned long quirks;
	bool incoherent;
};

/* What was asked of the TLB */
struct rsvt_flushes {
	/* Calls of tlb_flush_walk(), and the addresses that they named */
	unsigned int walks;
	u64 addresses;
	/* Calls of tlb_flush_all() and tlb_add_page() */
	unsigned int full;
	unsigned int pages;
	/* Where the last tlb_flush_walk() began */
	unsigned long walk;
	/* What these span, and the granule of the last one */
	unsigned long start;
	unsigned long last;
	size_t granule;
};

/* A page table under test, and what a test needs to look at it */
struct rsvt {
	struct kunit *test;
	struct rsvt_config config;
	struct io_pgtable_cfg cfg;
	struct io_pgtable_ops *ops;
	/* Page size of the leaf level and bits of a table's index */
	unsigned int granule_shift;
	unsigned int bits;
	/* Level of the top, in the architecture's counting: 3 is the leaf */
	int top;
	/* First address */
	unsigned long base;
	/* Idle tables that would stay if it were not for the test */
	unsigned int max_idle;
	struct rsvt_flushes flushes;
	/*
	 * Called in each tlb_flush_walk() and tlb_add_page(), after it was
	 * counted. For tlb_flush_all() @flushed is called with all there is
	 */
	void (*flushed)(struct rsvt *rt, unsigned long iova, size_t size,
			size_t granule);
	void (*added)(struct rsvt *rt, struct iommu_iotlb_gather *gather,
		      unsigned long iova, size_t granule);
	void *data;
};

/*
 * A test, as kunit::priv has it. Its allocations of tables and of what describes
 * them go through here.
 */
struct rsvt_state {
	struct rnd_state rnd;
	struct device *dev;
	/* Done once, before the next allocation */
	void (*before)(struct rsvt *rt);
	struct rsvt *rt;
	/* The allocation that fails, from 1 on; all from there on, perhaps */
	unsigned int fail;
	bool fail_all;
	unsigned int nr;
	/* Tables taken, and the flags of the last ones */
	unsigned int tables;
	gfp_t gfp;
	/* Flags that all descriptors and pieces of arrays had */
	gfp_t desc_gfp;
	/* Reports of careless callers, which tests are not, but one */
	int reports;
	bool careless;
	/*
	 * What a walker that is not coherent sees, by page. Only the test's
	 * thread looks there: without locks, which debug kernels are slow with
	 */
	DECLARE_HASHTABLE(shadow, 10);
};

#define RSVT_EXPECT	IOPT_KUNIT_EXPECT

int rsvt_test_init(struct kunit *test);
void rsvt_test_exit(struct kunit *test);

static inline struct rsvt_state *rsvt_state(struct kunit *test)
{
	return test->priv;
}

u32 rsvt_random(struct rsvt *rt, u32 ceil);

extern const struct iommu_flush_ops rsvt_tlb_ops;
void rsvt_forget_flushes(struct rsvt *rt);

unsigned int rsvt_table_pages(struct rsvt *rt);
unsigned int rsvt_pages_of(struct rsvt *rt, unsigned int tables);

unsigned int rsvt_shift(struct rsvt *rt, int level);
int rsvt_level(struct rsvt *rt, unsigned long pgsize);
u64 rsvt_span(struct rsvt *rt, int level);
unsigned long rsvt_pgsizes(struct rsvt *rt);
unsigned long rsvt_last(struct rsvt *rt);
phys_addr_t rsvt_paddr(struct rsvt *rt, unsigned long iova);

void *rsvt_top(struct rsvt *rt);
u64 *rsvt_entry(struct rsvt *rt, void *table, int level, unsigned long iova);
u64 rsvt_read(struct rsvt *rt, u64 *entry);
bool rsvt_entry_is_table(struct rsvt *rt, u64 entry, int level);
bool rsvt_entry_is_leaf(struct rsvt *rt, u64 entry, int level);
phys_addr_t rsvt_entry_addr(struct rsvt *rt, u64 entry);
void *rsvt_table(struct rsvt *rt, unsigned long iova, int level);
struct iopte_page *rsvt_find(struct rsvt *rt, unsigned long iova, int level);
u64 rsvt_walk(struct rsvt *rt, unsigned long iova, int level);
bool rsvt_hw_translate(struct rsvt *rt, unsigned long iova, phys_addr_t *paddr);
bool rsvt_translates(struct rsvt *rt, unsigned long iova);
bool rsvt_faults(struct rsvt *rt, unsigned long iova);
void rsvt_expect_empty(struct rsvt *rt);

int rsvt_init(struct rsvt *rt, struct kunit *test,
	      const struct rsvt_config *config);
void rsvt_free(struct rsvt *rt);
struct rsvt *rsvt_new(struct kunit *test, const struct rsvt_config *config);
extern const struct rsvt_config rsvt_gpu_config;
struct rsvt *rsvt_gpu(struct kunit *test);
void rsvt_all_configs(struct kunit *test, void (*fn)(struct rsvt *rt));
void rsvt_all_shapes(struct kunit *test, void (*fn)(struct rsvt *rt));

int rsvt_map(struct rsvt *rt, unsigned long iova, size_t size, size_t pgsize,
	     gfp_t gfp);
int rsvt_unmap(struct rsvt *rt, unsigned long iova, size_t size, size_t pgsize,
	       struct iommu_iotlb_gather *gather);
int rsvt_reserve(struct rsvt *rt, unsigned long iova, size_t size,
		 size_t pgsize);
void rsvt_unreserve(struct rsvt *rt, unsigned long iova, size_t size,
		    size_t pgsize);
int rsvt_reserve_failing(struct rsvt *rt, unsigned int fail, bool all,
			 unsigned long iova, size_t size, size_t pgsize);
void rsvt_use(struct rsvt *rt, unsigned long iova, size_t size, size_t pgsize);
void rsvt_come_and_go(struct rsvt *rt, unsigned long iova, size_t pgsize);
void rsvt_let_die(struct rsvt *rt, unsigned long iova, size_t pgsize,
		  struct iommu_iotlb_gather *gather);

#endif /* __IO_PGTABLE_RESERVE_KUNIT_H */

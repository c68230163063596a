// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the memory of tables that are smaller than a page.
 */

#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/prandom.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "io-pgtable-kunit.h"
#include "iommu-reserve-packed.h"
#include "iopte-page.h"

/* Tables of the largest test */
#define PT_MAX		300
/* Pools that come and go */
#define PT_POOLS	20000

/* A pool under test, and the tables that it handed out */
struct pt {
	struct kunit *test;
	struct iopt_packed *packed;
	struct iopt_kunit_dma *dma;
	size_t size;
	/* Pages when there was no pool */
	long pages;
	void *table[PT_MAX];
};

/* Sizes of tables that formats have, and that share a page here */
static const size_t pt_sizes[] = { SZ_1K, SZ_4K, SZ_16K };

static unsigned int pt_slots(struct pt *pt)
{
	return PAGE_SIZE / pt->size;
}

static long pt_pages(struct pt *pt)
{
	return iopt_kunit_pages() - pt->pages;
}

static struct pt *pt_create(struct kunit *test, size_t size, bool incoherent)
{
	struct pt *pt = kunit_kzalloc(test, sizeof(*pt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pt);
	pt->test = test;
	pt->size = size;
	if (incoherent)
		pt->dma = iopt_kunit_dma_create(test);
	rcu_barrier();
	pt->pages = iopt_kunit_pages();
	pt->packed = iopt_packed_create(size, pt->dma ? pt->dma->dev : NULL,
					NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, pt->packed);
	return pt;
}

static void pt_alloc(struct pt *pt, unsigned int i)
{
	struct kunit *test = pt->test;
	void *table = iopt_packed_alloc(pt->packed, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, table);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)table, pt->size));
	KUNIT_EXPECT_NULL(test, memchr_inv(table, 0, pt->size));
	if (pt->dma)
		KUNIT_EXPECT_TRUE(test, iopt_kunit_dma_clean(pt->dma, table, pt->size));

	/* What the next one finds in the slot, if nobody clears it */
	memset(table, i | 1, pt->size);
	if (pt->dma)
		dma_sync_single_for_device(pt->dma->dev, virt_to_phys(table),
					   pt->size, DMA_TO_DEVICE);
	pt->table[i] = table;
}

static void pt_free(struct pt *pt, unsigned int i)
{
	/* Nobody else's table was written to */
	KUNIT_EXPECT_NULL(pt->test, memchr_inv(pt->table[i], i | 1, pt->size));
	iopt_packed_free(pt->packed, pt->table[i]);
	pt->table[i] = NULL;
}

static void pt_expect_gone(struct pt *pt)
{
	struct kunit *test = pt->test;

	KUNIT_EXPECT_EQ(test, 0, pt_pages(pt));
	if (!pt->dma)
		return;
	KUNIT_EXPECT_EQ(test, 0, pt->dma->nr_views);
	KUNIT_EXPECT_EQ(test, 0, pt->dma->nr_errors);
}

static void pt_each(struct kunit *test, void (*fn)(struct pt *pt))
{
	for (unsigned int i = 0; i < ARRAY_SIZE(pt_sizes) && pt_sizes[i] < PAGE_SIZE; i++) {
		for (int incoherent = 0; incoherent < 2; incoherent++) {
			struct pt *pt = pt_create(test, pt_sizes[i], incoherent);

			fn(pt);
			pt_expect_gone(pt);
		}
	}
}

/* N tables take as few pages as can hold them, and give them all back */
static void pt_fill(struct pt *pt)
{
	struct kunit *test = pt->test;

	for (unsigned int i = 0; i < PT_MAX; i++) {
		pt_alloc(pt, i);
		KUNIT_EXPECT_EQ(test, DIV_ROUND_UP(i + 1, pt_slots(pt)), pt_pages(pt));
	}
	for (unsigned int i = PT_MAX; i--;) {
		pt_free(pt, i);
		KUNIT_EXPECT_EQ(test, DIV_ROUND_UP(i, pt_slots(pt)), pt_pages(pt));
	}
	iopt_packed_destroy(pt->packed);
}

static void pt_test_fill(struct kunit *test)
{
	pt_each(test, pt_fill);
}

/* A slot that is free is taken before another page is */
static void pt_reuse(struct pt *pt)
{
	struct kunit *test = pt->test;
	unsigned int nr = 4 * pt_slots(pt);
	void *table;

	nr = min(nr, PT_MAX);
	for (unsigned int i = 0; i < nr; i++)
		pt_alloc(pt, i);
	for (unsigned int i = 1; i < nr; i += 3) {
		table = pt->table[i];
		pt_free(pt, i);
		pt_alloc(pt, i);
		KUNIT_EXPECT_PTR_EQ(test, table, pt->table[i]);
	}
	for (unsigned int i = 0; i < nr; i += 2)
		pt_free(pt, i);
	for (unsigned int i = 0; i < nr; i += 2)
		pt_alloc(pt, i);
	KUNIT_EXPECT_EQ(test, DIV_ROUND_UP(nr, pt_slots(pt)), pt_pages(pt));

	for (unsigned int i = 0; i < nr; i++)
		pt_free(pt, i);
	iopt_packed_destroy(pt->packed);
}

static void pt_test_reuse(struct kunit *test)
{
	pt_each(test, pt_reuse);
}

/* Any order: no table is handed out twice, and none has a page too many */
static void pt_random(struct pt *pt)
{
	struct kunit *test = pt->test;
	struct rnd_state rnd;
	unsigned int nr = 0, most = 0;

	prandom_seed_state(&rnd, pt->size);
	for (unsigned int n = 0; n < 20 * PT_MAX; n++) {
		unsigned int i = prandom_u32_state(&rnd) % PT_MAX;

		if (pt->table[i]) {
			pt_free(pt, i);
			nr--;
		} else {
			pt_alloc(pt, i);
			nr++;
		}
		most = max(most, DIV_ROUND_UP(nr, pt_slots(pt)));
		KUNIT_EXPECT_LE(test, pt_pages(pt), most);
		KUNIT_EXPECT_GE(test, pt_pages(pt), DIV_ROUND_UP(nr, pt_slots(pt)));
	}
	for (unsigned int i = 0; i < PT_MAX; i++)
		if (pt->table[i])
			pt_free(pt, i);
	iopt_packed_destroy(pt->packed);
}

static void pt_test_random(struct kunit *test)
{
	pt_each(test, pt_random);
}

/* Tables come back when the pool was given up, and the device may be gone */
static void pt_late(struct pt *pt)
{
	struct kunit *test = pt->test;

	for (unsigned int i = 0; i < PT_MAX; i++)
		pt_alloc(pt, i);
	iopt_packed_destroy(pt->packed);
	if (pt->dma)
		KUNIT_EXPECT_EQ(test, 0, pt->dma->nr_views);
	KUNIT_EXPECT_EQ(test, DIV_ROUND_UP(PT_MAX, pt_slots(pt)), pt_pages(pt));
	for (unsigned int i = 0; i < PT_MAX; i++)
		pt_free(pt, i);
}

static void pt_test_late(struct kunit *test)
{
	pt_each(test, pt_late);
}

/* As page tables do it: descriptors, freed by RCU while the pool goes */
static void pt_rcu(struct pt *pt)
{
	struct kunit *test = pt->test;
	struct iopte_source src = {
		.size = pt->size,
		.dev = pt->dma ? pt->dma->dev : NULL,
		.nid = NUMA_NO_NODE,
		.packed = pt->packed,
	};
	struct iopte_stash want = { .nr_leaf = PT_MAX }, stash = {};

	KUNIT_ASSERT_EQ(test, 0, iopte_stash_fill(&stash, &src, &want, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, DIV_ROUND_UP(PT_MAX, pt_slots(pt)), pt_pages(pt));
	iopte_pages_free_rcu(stash.leaf);
	iopt_packed_destroy(pt->packed);
	rcu_barrier();
}

static void pt_test_rcu(struct kunit *test)
{
	pt_each(test, pt_rcu);
}

/* The pool goes with what comes last, be that a table */
static void pt_test_pool_goes(struct kunit *test)
{
	long slabs;

	if (IS_ENABLED(CONFIG_KASAN))
		kunit_skip(test, "KASAN keeps what was freed for a while");

	slabs = iopt_kunit_node_stat(NR_SLAB_UNRECLAIMABLE_B);
	for (unsigned int i = 0; i < PT_POOLS; i++) {
		struct iopt_packed *packed = iopt_packed_create(SZ_1K, NULL, NUMA_NO_NODE);
		void *table;

		KUNIT_ASSERT_NOT_NULL(test, packed);
		table = iopt_packed_alloc(packed, GFP_KERNEL);
		KUNIT_EXPECT_NOT_NULL(test, table);
		if (i % 2)
			iopt_packed_free(packed, table);
		iopt_packed_destroy(packed);
		if (!(i % 2))
			iopt_packed_free(packed, table);
	}
	slabs = iopt_kunit_node_stat(NR_SLAB_UNRECLAIMABLE_B) - slabs;
	/* A pool is more than 32 bytes; that half of them leak shows well */
	KUNIT_EXPECT_LT(test, slabs, PT_POOLS / 4 * 32L / (long)PAGE_SIZE);
}

/* No memory, or none that the device can have, leaves nothing behind */
static void pt_test_no_mapping(struct kunit *test)
{
	struct pt *pt = pt_create(test, SZ_1K, true);

	pt->dma->fail = true;
	KUNIT_EXPECT_NULL(test, iopt_packed_alloc(pt->packed, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 0, pt_pages(pt));
	pt->dma->fail = false;
	pt_alloc(pt, 0);
	pt_free(pt, 0);
	iopt_packed_destroy(pt->packed);
	pt_expect_gone(pt);
}

/* An entry that has no room for an address does not get it, packed or not */
static void pt_test_phys_bits(struct kunit *test)
{
	struct pt *pt = pt_create(test, SZ_1K, true);
	struct iopte_source src = {
		.size = pt->size,
		.phys_bits = 1,
		.dev = pt->dma->dev,
		.nid = NUMA_NO_NODE,
		.packed = pt->packed,
	};
	struct iopte_stash want = { .nr_leaf = 3 }, stash = {};

	for (int i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, -ENOMEM,
				iopte_stash_fill(&stash, &src, &want, GFP_KERNEL));
		KUNIT_EXPECT_EQ(test, 0, pt_pages(pt));
		iopte_stash_free(&stash);
		src.packed = NULL;
	}
	iopt_packed_destroy(pt->packed);
	pt_expect_gone(pt);
}

static struct kunit_case pt_cases[] = {
	KUNIT_CASE(pt_test_fill),
	KUNIT_CASE(pt_test_reuse),
	KUNIT_CASE(pt_test_random),
	KUNIT_CASE(pt_test_late),
	KUNIT_CASE(pt_test_rcu),
	KUNIT_CASE(pt_test_pool_goes),
	KUNIT_CASE(pt_test_no_mapping),
	KUNIT_CASE(pt_test_phys_bits),
	{},
};

static struct kunit_suite pt_suite = {
	.name = "iommu-reserve-packed",
	.test_cases = pt_cases,
};

kunit_test_suite(pt_suite);

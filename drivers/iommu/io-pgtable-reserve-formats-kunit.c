// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of reservations in page tables of Apple DART and of the Armv7
 * short descriptors. io-pgtable-reserve-kunit.c has those of the LPAE formats.
 *
 * The tests read page tables as the hardware does, from the registers on, and
 * through a walk cache: a table that was found once is used again until a flush
 * names its slot. So a table that is swapped or freed without a flush shows in
 * what the hardware sees. Where the walker is not coherent, what it sees is
 * compared with memory, too.
 */

#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/dma-mapping.h>
#include <linux/io-pgtable.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>

#include "io-pgtable-kunit.h"
#include "iommu-reserve.h"
#include "iommu-pages.h"

#define FT_PROT		(IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE)
#define FT_V7S_PGSIZES	(SZ_4K | SZ_64K | SZ_1M | SZ_16M)
#define FT_MTK		(IO_PGTABLE_QUIRK_ARM_MTK_EXT | IO_PGTABLE_QUIRK_NO_PERMS)

/* Tables that the walk cache knows */
#define FT_CACHE	64

struct ft_config {
	enum io_pgtable_fmt fmt;
	unsigned long pgsizes;
	unsigned int ias;
	unsigned int oas;
	unsigned long quirks;
	bool incoherent;
};

/* A leaf table that the walk cache knows */
struct ft_cached {
	unsigned long slot;
	void *table;
};

/* A page table under test, and what a test needs to look at it */
struct ft {
	struct kunit *test;
	struct ft_config config;
	struct io_pgtable_cfg cfg;
	struct io_pgtable_ops *ops;
	struct iopt_kunit_dma *dma;
	unsigned int granule_shift;
	/* Levels of tables, and bits of an index below the top */
	unsigned int levels;
	unsigned int bits;
	size_t table_size;
	/* Pages when the page table was new */
	long pages;
	/* The walk cache, and which of it the gather will flush */
	struct ft_cached cache[FT_CACHE];
	unsigned int nr_cached;
	DECLARE_BITMAP(gathered, FT_CACHE);
	/* What the page table asked of the TLB */
	unsigned int nr_flushes;
	unsigned int nr_added;
	/* The first flush, and the last one */
	unsigned long first_flush;
	unsigned long last_flush;
	size_t granule;
	/* A flush that came while the hardware could still find a table there */
	bool expect_empty;
	unsigned int nr_early;
};

static const struct ft_config ft_configs[] = {
	{ APPLE_DART, SZ_4K, 32, 36 },
	{ APPLE_DART, SZ_4K, 36, 36 },
	{ APPLE_DART, SZ_16K, 32, 36 },
	{ APPLE_DART, SZ_16K, 36, 36 },
	{ APPLE_DART2, SZ_16K, 32, 42 },
	{ APPLE_DART2, SZ_16K, 42, 42 },
	{ ARM_V7S, FT_V7S_PGSIZES, 32, 32, 0 },
	{ ARM_V7S, SZ_4K | SZ_1M, 32, 32, 0 },
	{ ARM_V7S, FT_V7S_PGSIZES, 32, 32, IO_PGTABLE_QUIRK_ARM_NS, true },
	{ ARM_V7S, FT_V7S_PGSIZES, 32, 35, FT_MTK, true },
	{ ARM_V7S, FT_V7S_PGSIZES, 34, 35,
	  FT_MTK | IO_PGTABLE_QUIRK_ARM_MTK_TTBR_EXT },
	{ ARM_V7S, FT_V7S_PGSIZES, 34, 35,
	  FT_MTK | IO_PGTABLE_QUIRK_ARM_MTK_TTBR_EXT, true },
};

#define FT_EXPECT	IOPT_KUNIT_EXPECT

static bool ft_config_valid(const struct ft_config *config)
{
	/* Without these, neither the addresses nor the extensions are there */
	if (config->ias > BITS_PER_LONG)
		return false;
	return config->oas <= 32 || IS_ENABLED(CONFIG_PHYS_ADDR_T_64BIT);
}

static bool ft_is_v7s(struct ft *ft)
{
	return ft->config.fmt == ARM_V7S;
}

/*
 * Reading page tables as the hardware does.
 */

static unsigned int ft_shift(struct ft *ft, unsigned int level)
{
	return ft->granule_shift + (ft->levels - 1 - level) * ft->bits;
}

/* What a leaf table spans */
static unsigned long ft_span(struct ft *ft)
{
	return BIT(ft_shift(ft, ft->levels - 2));
}

static phys_addr_t ft_mtk_bits(struct ft *ft, u32 entry)
{
	phys_addr_t paddr = 0;

	if (!(ft->config.quirks & IO_PGTABLE_QUIRK_ARM_MTK_EXT))
		return 0;
	if (entry & BIT(9))
		paddr |= BIT_ULL(32);
	if (entry & BIT(4))
		paddr |= BIT_ULL(33);
	if (entry & BIT(5))
		paddr |= BIT_ULL(34);
	return paddr;
}

static void *ft_top(struct ft *ft, unsigned long iova)
{
	phys_addr_t paddr;
	u32 ttbr;

	if (!ft_is_v7s(ft))
		return phys_to_virt(ft->cfg.apple_dart_cfg.ttbr[(u64)iova >>
				    (ft_shift(ft, 0) + ft->bits)]);

	ttbr = ft->cfg.arm_v7s_cfg.ttbr;
	paddr = ttbr & GENMASK(31, 14);
	if (ft->config.quirks & IO_PGTABLE_QUIRK_ARM_MTK_EXT)
		paddr |= (u64)(ttbr & GENMASK(2, 0)) << 32;
	return phys_to_virt(paddr);
}

static void *ft_entry(struct ft *ft, void *table, unsigned int level,
		      unsigned long iova)
{
	unsigned int index = iova >> ft_shift(ft, level);

	if (!ft_is_v7s(ft))
		return (u64 *)table + (index & (BIT(ft->bits) - 1));
	return (u32 *)table + (index & (BIT(level ? 8 : ft->config.ias - 20) - 1));
}

/* The table that an entry above the leaf tables leads to, or NULL */
static void *ft_entry_table(struct ft *ft, void *entry)
{
	u64 pte;

	if (ft_is_v7s(ft)) {
		pte = READ_ONCE(*(u32 *)entry);
		if ((pte & 3) != 1)
			return NULL;
		/* What is below is not secure either */
		FT_EXPECT(ft, !(pte & BIT(3)) ==
			      !(ft->config.quirks & IO_PGTABLE_QUIRK_ARM_NS));
		return phys_to_virt((pte & GENMASK(31, 10)) | ft_mtk_bits(ft, pte));
	}
	pte = READ_ONCE(*(u64 *)entry);
	if (!(pte & 1))
		return NULL;
	if (ft->config.fmt == APPLE_DART)
		return phys_to_virt(pte & GENMASK_ULL(35, 12));
	return phys_to_virt((pte & GENMASK_ULL(37, 10)) << 4);
}

/* The entry of a level on the way to an address, or NULL */
static void *ft_find_entry(struct ft *ft, unsigned long iova, unsigned int level)
{
	void *table = ft_top(ft, iova);

	for (unsigned int l = 0; table && l < level; l++)
		table = ft_entry_table(ft, ft_entry(ft, table, l, iova));
	return table ? ft_entry(ft, table, level, iova) : NULL;
}

/* The leaf table on the way to an address, if it can be found without a cache */
static void *ft_leaf_table(struct ft *ft, unsigned long iova)
{
	void *entry = ft_find_entry(ft, iova, ft->levels - 2);

	return entry ? ft_entry_table(ft, entry) : NULL;
}

/* The leaf table on the way to an address: as it was, once it was looked at */
static void *ft_cached_table(struct ft *ft, unsigned long iova)
{
	unsigned long slot = iova & ~(ft_span(ft) - 1);
	void *table;

	for (unsigned int i = 0; i < ft->nr_cached; i++)
		if (ft->cache[i].slot == slot)
			return ft->cache[i].table;

	table = ft_leaf_table(ft, iova);
	if (table && !WARN_ON(ft->nr_cached == FT_CACHE))
		ft->cache[ft->nr_cached++] = (struct ft_cached){ slot, table };
	return table;
}

static phys_addr_t ft_v7s_leaf(struct ft *ft, u32 pte, unsigned int level,
			       unsigned long iova)
{
	phys_addr_t high = ft_mtk_bits(ft, pte);
	unsigned int shift;

	switch (pte & 3) {
	case 0:
		return 0;
	case 1:
		shift = 16;
		break;
	default:
		shift = 12;
		if (!level)
			shift = pte & BIT(18) ? 24 : 20;
	}
	return (pte & GENMASK(31, shift)) | high | (iova & (BIT(shift) - 1));
}

/* Where the hardware goes with an address, 0 if it faults */
static phys_addr_t ft_translate(struct ft *ft, unsigned long iova)
{
	void *table = ft_cached_table(ft, iova), *entry;
	u64 pte;

	if (!table) {
		entry = ft_find_entry(ft, iova, 0);
		return ft_is_v7s(ft) ? ft_v7s_leaf(ft, *(u32 *)entry, 0, iova) : 0;
	}
	entry = ft_entry(ft, table, ft->levels - 1, iova);
	if (ft_is_v7s(ft))
		return ft_v7s_leaf(ft, READ_ONCE(*(u32 *)entry), 1, iova);

	pte = READ_ONCE(*(u64 *)entry);
	if (!(pte & 1))
		return 0;
	iova &= BIT(ft->granule_shift) - 1;
	if (ft->config.fmt == APPLE_DART)
		return (pte & GENMASK_ULL(35, 12)) | iova;
	return ((pte & GENMASK_ULL(37, 10)) << 4) | iova;
}

/*
 * Flushes.
 */

/* A flush names one address in each granule, and no more is forgotten */
static bool ft_hits(struct ft *ft, unsigned int i, unsigned long iova,
		    size_t size, size_t granule)
{
	unsigned long slot = ft->cache[i].slot, at = 0;

	if (slot > iova)
		at = ALIGN(slot - iova, granule);
	return at < size && iova + at - slot < ft_span(ft);
}

static void ft_forget(struct ft *ft, unsigned int i)
{
	unsigned int last = --ft->nr_cached;

	ft->cache[i] = ft->cache[last];
	__assign_bit(i, ft->gathered, test_bit(last, ft->gathered));
	__clear_bit(last, ft->gathered);
}

static void ft_tlb_flush_all(void *cookie)
{
}

static void ft_tlb_flush_walk(unsigned long iova, size_t size, size_t granule,
			      void *cookie)
{
	struct ft *ft = cookie;

	if (!ft->nr_flushes++)
		ft->first_flush = iova;
	ft->last_flush = iova;
	ft->granule = granule;
	if (ft->expect_empty && ft_leaf_table(ft, iova))
		ft->nr_early++;
	for (unsigned int i = ft->nr_cached; i--;)
		if (ft_hits(ft, i, iova, size, granule))
			ft_forget(ft, i);
}

static void ft_tlb_add_page(struct iommu_iotlb_gather *gather,
			    unsigned long iova, size_t granule, void *cookie)
{
	struct ft *ft = cookie;

	ft->nr_added++;
	for (unsigned int i = 0; i < ft->nr_cached; i++)
		if (ft_hits(ft, i, iova, granule, granule))
			__set_bit(i, ft->gathered);
}

static const struct iommu_flush_ops ft_tlb_ops = {
	.tlb_flush_all	= ft_tlb_flush_all,
	.tlb_flush_walk	= ft_tlb_flush_walk,
	.tlb_add_page	= ft_tlb_add_page,
};

/* What the owner does with its gather, and what the test looks at then */
static void ft_sync(struct ft *ft, struct iommu_iotlb_gather *gather)
{
	for (unsigned int i = ft->nr_cached; i--;)
		if (test_bit(i, ft->gathered))
			ft_forget(ft, i);
	iommu_put_pages_list(&gather->freelist);
	iommu_iotlb_gather_init(gather);
}

static void ft_forget_flushes(struct ft *ft)
{
	ft->nr_flushes = 0;
	ft->nr_added = 0;
}

/*
 * Making page tables.
 */

static struct ft *ft_create(struct kunit *test, const struct ft_config *config,
			    unsigned long quirks)
{
	struct ft *ft = kunit_kzalloc(test, sizeof(*ft), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ft);
	ft->test = test;
	ft->config = *config;
	ft->cfg = (struct io_pgtable_cfg) {
		.quirks = config->quirks | quirks,
		.pgsize_bitmap = config->pgsizes,
		.ias = config->ias,
		.oas = config->oas,
		.coherent_walk = !config->incoherent,
		.tlb = &ft_tlb_ops,
	};
	if (config->incoherent) {
		ft->dma = iopt_kunit_dma_create(test);
		ft->cfg.iommu_dev = ft->dma->dev;
	} else {
		ft->cfg.iommu_dev = iopt_kunit_device(test);
	}

	rcu_barrier();
	ft->ops = alloc_io_pgtable_ops(config->fmt, &ft->cfg, ft);
	KUNIT_ASSERT_NOT_NULL(test, ft->ops);
	ft->pages = iopt_kunit_pages();

	ft->granule_shift = __ffs(ft->cfg.pgsize_bitmap);
	ft->levels = ft_is_v7s(ft) ? 2 : ft->cfg.apple_dart_cfg.n_levels - 1;
	ft->bits = ft_is_v7s(ft) ? 8 : ft->granule_shift - 3;
	ft->table_size = ft_is_v7s(ft) ? SZ_1K : BIT(ft->granule_shift);
	return ft;
}

static void ft_expect_synced(struct ft *ft)
{
	if (!ft->dma)
		return;
	FT_EXPECT(ft, !iopt_kunit_dma_stale(ft->dma, 0));
	FT_EXPECT(ft, !ft->dma->nr_errors);
}

/* Everything was released: nothing is left but the top */
static void ft_free(struct ft *ft)
{
	rcu_barrier();
	FT_EXPECT(ft, iopt_kunit_pages() == ft->pages);
	FT_EXPECT(ft, !ft->nr_early);
	ft_expect_synced(ft);
	free_io_pgtable_ops(ft->ops);
	if (ft->dma) {
		FT_EXPECT(ft, !ft->dma->nr_views);
		FT_EXPECT(ft, !ft->dma->nr_errors);
	}
	kunit_kfree(ft->test, ft);
}

static void ft_each_config(struct kunit *test, void (*fn)(struct ft *ft))
{
	for (int i = 0; i < ARRAY_SIZE(ft_configs); i++) {
		struct ft *ft;

		if (!ft_config_valid(&ft_configs[i]))
			continue;
		ft = ft_create(test, &ft_configs[i], IO_PGTABLE_QUIRK_RESERVED);
		fn(ft);
		ft_free(ft);
		if (test->status == KUNIT_FAILURE)
			return;
	}
}

/* The highest address bit that is there is set, so that all of an entry counts */
static phys_addr_t ft_paddr(struct ft *ft, unsigned long iova)
{
	return (iova & (BIT(ft->config.ias - 1) - 1)) | BIT_ULL(ft->config.oas - 1);
}

static int ft_map(struct ft *ft, unsigned long iova, size_t size, size_t pgsize)
{
	while (size) {
		size_t mapped = 0;
		int ret;

		ret = ft->ops->map_pages(ft->ops, iova, ft_paddr(ft, iova), pgsize,
					 size / pgsize, FT_PROT, GFP_NOWAIT, &mapped);
		if (ret)
			return ret;
		iova += mapped;
		size -= mapped;
	}
	return 0;
}

static void ft_unmap(struct ft *ft, unsigned long iova, size_t size,
		     size_t pgsize, struct iommu_iotlb_gather *gather)
{
	while (size) {
		size_t unmapped = ft->ops->unmap_pages(ft->ops, iova, pgsize,
						       size / pgsize, gather);

		KUNIT_ASSERT_NE(ft->test, 0, unmapped);
		iova += unmapped;
		size -= unmapped;
	}
}

static int ft_reserve(struct ft *ft, unsigned long iova, size_t size, size_t pgsize)
{
	return ft->ops->reserve(ft->ops, iova, size, pgsize, GFP_KERNEL);
}

static bool ft_is_mapped(struct ft *ft, unsigned long iova)
{
	phys_addr_t paddr = ft_paddr(ft, iova);

	return ft_translate(ft, iova) == paddr &&
	       ft->ops->iova_to_phys(ft->ops, iova) == paddr;
}

static bool ft_is_empty(struct ft *ft, unsigned long iova)
{
	return !ft_translate(ft, iova) && !ft->ops->iova_to_phys(ft->ops, iova);
}

/* The last address that a page table has, plus one, minus @size */
static unsigned long ft_end(struct ft *ft, size_t size)
{
	return (BIT_ULL(ft->config.ias) - size);
}

/* Pages of so many tables, if each has been made for this */
static long ft_table_pages(struct ft *ft, unsigned long tables)
{
	if (ft->table_size >= PAGE_SIZE)
		return tables * (ft->table_size / PAGE_SIZE);
	if (IS_ENABLED(CONFIG_IOMMU_RESERVE_PACKED))
		return DIV_ROUND_UP(tables * ft->table_size, PAGE_SIZE);
	return tables;
}

/* Tables that a range needs */
static unsigned long ft_tables(struct ft *ft, unsigned long iova, size_t size,
			       size_t pgsize)
{
	unsigned long tables = 0;

	for (unsigned int level = 1; level < ft->levels; level++) {
		unsigned int shift = ft_shift(ft, level - 1);

		if (pgsize < BIT(shift))
			tables += ((iova + size - 1) >> shift) - (iova >> shift) + 1;
	}
	return tables;
}

static long ft_pages(struct ft *ft)
{
	return iopt_kunit_pages() - ft->pages;
}

/* The next larger page size that a page table has, 0 if there is none */
static unsigned long ft_next_pgsize(struct ft *ft, unsigned long pgsize)
{
	unsigned long larger = ft->cfg.pgsize_bitmap & ~(pgsize ? 2 * pgsize - 1 : 0);

	return larger ? BIT(__ffs(larger)) : 0;
}

/*
 * Reserve, map, look, unmap, release; at both ends and over tables' borders.
 */

/* What an entry maps where a page size is mapped; that can be several of them */
static unsigned int ft_entry_shift(struct ft *ft, unsigned long pgsize)
{
	return ft_shift(ft, pgsize < ft_span(ft) ? ft->levels - 1 : ft->levels - 2);
}

static void ft_round(struct ft *ft, unsigned long iova, size_t size, size_t pgsize)
{
	unsigned long tables = ft_tables(ft, iova, size, pgsize);
	struct iommu_iotlb_gather gather;
	long pages = ft_pages(ft);

	iommu_iotlb_gather_init(&gather);
	FT_EXPECT(ft, !ft_reserve(ft, iova, size, pgsize));
	FT_EXPECT(ft, ft_pages(ft) == pages + ft_table_pages(ft, tables));
	FT_EXPECT(ft, ft_is_empty(ft, iova));

	pages = ft_pages(ft);
	FT_EXPECT(ft, !ft_map(ft, iova, size, pgsize));
	for (unsigned long at = iova; at - iova < size; at += pgsize) {
		FT_EXPECT(ft, ft_is_mapped(ft, at));
		FT_EXPECT(ft, ft_is_mapped(ft, at + pgsize - 4));
	}
	ft_expect_synced(ft);
	ft_unmap(ft, iova, size, pgsize, &gather);
	for (unsigned long at = iova; at - iova < size; at += pgsize)
		FT_EXPECT(ft, ft_is_empty(ft, at));
	FT_EXPECT(ft, ft_pages(ft) == pages);
	FT_EXPECT(ft, ft->nr_added == size >> ft_entry_shift(ft, pgsize));
	/* An earlier round may have left slots behind that nobody filled since */
	FT_EXPECT(ft, ft->nr_flushes <= tables + size / ft_span(ft));

	/* One address for each table that goes */
	ft_forget_flushes(ft);
	ft->ops->unreserve(ft->ops, iova, size, pgsize, &gather);
	FT_EXPECT(ft, ft->nr_added == tables);
	FT_EXPECT(ft, !ft->nr_flushes);
	FT_EXPECT(ft, !tables == iommu_pages_list_empty(&gather.freelist));
	ft_sync(ft, &gather);
	FT_EXPECT(ft, !ft->nr_cached);
	rcu_barrier();
	ft_expect_synced(ft);
	ft_forget_flushes(ft);
}

static void ft_rounds(struct ft *ft)
{
	unsigned long pgsize = 0;

	while ((pgsize = ft_next_pgsize(ft, pgsize))) {
		size_t small = 3 * pgsize, many = 3 * ft_span(ft);

		ft_round(ft, 0, small, pgsize);
		ft_round(ft, ft_end(ft, small), small, pgsize);
		many = ALIGN(many, pgsize);
		ft_round(ft, ft_end(ft, many), many, pgsize);
		FT_EXPECT(ft, !ft_pages(ft));
		if (pgsize < ft_span(ft))
			ft_round(ft, 16 * ft_span(ft) - pgsize, 2 * pgsize, pgsize);
	}
}

static void ft_test_rounds(struct kunit *test)
{
	ft_each_config(test, ft_rounds);
}

/*
 * Nothing is mapped where nothing is reserved, and nothing changes by trying.
 */

static void ft_strict(struct ft *ft)
{
	unsigned long granule = BIT(ft->granule_shift), span = ft_span(ft);

	FT_EXPECT(ft, ft_map(ft, 0, granule, granule) == -ENOENT);
	FT_EXPECT(ft, !ft_reserve(ft, 0, granule, granule));
	FT_EXPECT(ft, ft_map(ft, span, granule, granule) == -ENOENT);
	FT_EXPECT(ft, !ft_map(ft, 0, granule, granule));
	FT_EXPECT(ft, ft_map(ft, span, granule, granule) == -ENOENT);
	FT_EXPECT(ft, ft_is_mapped(ft, 0));
	ft_unmap(ft, 0, granule, granule, NULL);

	/* With no gather, the page table flushes for itself */
	ft->expect_empty = true;
	FT_EXPECT(ft, ft->nr_cached);
	ft->ops->unreserve(ft->ops, 0, granule, granule, NULL);
	FT_EXPECT(ft, !ft->nr_cached);
	FT_EXPECT(ft, ft_map(ft, 0, granule, granule) == -ENOENT);
	FT_EXPECT(ft, ft_is_empty(ft, 0));
}

static void ft_test_strict(struct kunit *test)
{
	ft_each_config(test, ft_strict);
}

/*
 * Arguments that reserve() refuses, without a warning; and map(), perhaps with.
 */

static void ft_arguments(struct ft *ft)
{
	unsigned long granule = BIT(ft->granule_shift);

	FT_EXPECT(ft, ft_reserve(ft, 0, 0, granule) == -EINVAL);
	FT_EXPECT(ft, ft_reserve(ft, 0, granule, 0) == -EINVAL);
	FT_EXPECT(ft, ft_reserve(ft, 0, granule, granule / 2) == -EINVAL);
	FT_EXPECT(ft, ft_reserve(ft, granule / 2, granule, granule) == -EINVAL);
	FT_EXPECT(ft, ft_reserve(ft, 0, granule / 2, granule) == -EINVAL);
	FT_EXPECT(ft, ft_reserve(ft, ft_end(ft, granule), 2 * granule, granule) == -ERANGE);
	if (ft->config.ias < BITS_PER_LONG) {
		unsigned long beyond = BIT(ft->config.ias);

		FT_EXPECT(ft, ft_reserve(ft, beyond, granule, granule) == -ERANGE);
		FT_EXPECT(ft, ft_reserve(ft, -granule, granule, granule) == -ERANGE);
		/* Of the first table's address, it has only more bits */
		FT_EXPECT(ft, !ft_reserve(ft, 0, granule, granule));
		kunit_warning_suppress(ft->test)
			FT_EXPECT(ft, ft_map(ft, beyond, granule, granule) == -ERANGE);
		FT_EXPECT(ft, !ft_map(ft, 0, granule, granule));
		kunit_warning_suppress(ft->test)
			FT_EXPECT(ft, !ft->ops->unmap_pages(ft->ops, beyond, granule, 1,
							    NULL));
		FT_EXPECT(ft, ft_is_v7s(ft) || !ft->ops->iova_to_phys(ft->ops, beyond));
		FT_EXPECT(ft, ft_is_mapped(ft, 0));
		ft_unmap(ft, 0, granule, granule, NULL);
		ft->ops->unreserve(ft->ops, 0, granule, granule, NULL);
	}
	rcu_barrier();
	FT_EXPECT(ft, !ft_pages(ft));
}

static void ft_test_arguments(struct kunit *test)
{
	ft_each_config(test, ft_arguments);
}

/* Addresses that an entry has no room for are refused, and nothing is mapped */
static void ft_beyond_oas(struct ft *ft)
{
	unsigned long granule = BIT(ft->granule_shift);
	size_t mapped = 0;

	if (ft->config.oas >= sizeof(phys_addr_t) * 8)
		return;
	FT_EXPECT(ft, !ft_reserve(ft, 0, granule, granule));
	kunit_warning_suppress(ft->test)
		FT_EXPECT(ft, ft->ops->map_pages(ft->ops, 0, (phys_addr_t)1 << ft->config.oas,
						 granule, 1, FT_PROT, GFP_NOWAIT,
						 &mapped) == -ERANGE);
	FT_EXPECT(ft, !mapped && ft_is_empty(ft, 0));
	ft->ops->unreserve(ft->ops, 0, granule, granule, NULL);
}

static void ft_test_beyond_oas(struct kunit *test)
{
	ft_each_config(test, ft_beyond_oas);
}

/*
 * Tables are where their entries can say: from a zone, if the format knows one, and
 * looked at if it does not.
 */

static gfp_t ft_gfp;
static size_t ft_desc_size;

static void *ft_note_and_fail(size_t size, gfp_t gfp)
{
	ft_desc_size = size;
	ft_gfp = gfp;
	return NULL;
}

static void ft_where_tables_are(struct ft *ft)
{
	bool ext = ft->config.quirks & IO_PGTABLE_QUIRK_ARM_MTK_TTBR_EXT;
	struct iopt_reserve *rsv = io_pgtable_ops_to_pgtable(ft->ops)->rsv;
	unsigned long granule = BIT(ft->granule_shift);
	unsigned int bits = rsv->src.phys_bits;

	FT_EXPECT(ft, bits == (ft_is_v7s(ft) && !ext ? 32 : ft->config.oas));
	rsv->src.phys_bits = 1;
	FT_EXPECT(ft, ft_reserve(ft, 0, granule, granule) == -ENOMEM);
	rsv->src.phys_bits = bits;

	kunit_activate_static_stub(ft->test, iopte_alloc_desc, ft_note_and_fail);
	FT_EXPECT(ft, ft_reserve(ft, 0, granule, granule) == -ENOMEM);
	kunit_deactivate_static_stub(ft->test, iopte_alloc_desc);
	FT_EXPECT(ft, !(ft_gfp & GFP_ZONEMASK) == (!ft_is_v7s(ft) || ext));
	/* A leaf table, which comes first, has no room for children */
	FT_EXPECT(ft, ft_desc_size == sizeof(struct iopte_page));
}

static void ft_test_where_tables_are(struct kunit *test)
{
	ft_each_config(test, ft_where_tables_are);
}

/*
 * Without the quirk, or a way to flush, page tables are what they were.
 */

static void ft_test_opt_in(struct kunit *test)
{
	for (int i = 0; i < ARRAY_SIZE(ft_configs); i++) {
		struct iommu_flush_ops no_walk = { .tlb_flush_all = ft_tlb_flush_all };
		struct ft_config config = ft_configs[i];
		unsigned long granule;
		struct ft *ft;

		if (!ft_config_valid(&config))
			continue;
		ft = ft_create(test, &config, 0);
		granule = BIT(ft->granule_shift);
		FT_EXPECT(ft, ft_reserve(ft, 0, granule, granule) == -EOPNOTSUPP);
		FT_EXPECT(ft, !io_pgtable_trim(ft->ops, ULONG_MAX, NULL));
		FT_EXPECT(ft, !ft_map(ft, 0, granule, granule));
		FT_EXPECT(ft, ft_is_mapped(ft, 0));
		ft_unmap(ft, 0, granule, granule, NULL);
		free_io_pgtable_ops(ft->ops);

		ft->cfg.quirks |= IO_PGTABLE_QUIRK_RESERVED;
		ft->cfg.tlb = &no_walk;
		ft->ops = alloc_io_pgtable_ops(config.fmt, &ft->cfg, ft);
		KUNIT_ASSERT_NOT_NULL(test, ft->ops);
		FT_EXPECT(ft, ft_reserve(ft, 0, granule, granule) == -EOPNOTSUPP);
		free_io_pgtable_ops(ft->ops);

		ft->cfg.tlb = NULL;
		ft->ops = alloc_io_pgtable_ops(config.fmt, &ft->cfg, ft);
		KUNIT_ASSERT_NOT_NULL(test, ft->ops);
		FT_EXPECT(ft, ft_reserve(ft, 0, granule, granule) == -EOPNOTSUPP);
		free_io_pgtable_ops(ft->ops);
	}
}

/*
 * A slot whose last table nobody flushed yet is flushed by who fills it.
 */

static void ft_unflushed(struct ft *ft)
{
	unsigned long granule = BIT(ft->granule_shift), span = ft_span(ft);
	struct iommu_iotlb_gather gather;
	unsigned long iova = 5 * span;

	iommu_iotlb_gather_init(&gather);
	FT_EXPECT(ft, !ft_reserve(ft, iova, 2 * span, granule));
	FT_EXPECT(ft, !ft_map(ft, iova, granule, granule));
	FT_EXPECT(ft, ft_is_mapped(ft, iova));
	ft_unmap(ft, iova, granule, granule, &gather);
	ft->ops->unreserve(ft->ops, iova, span, granule, &gather);
	FT_EXPECT(ft, ft_is_empty(ft, iova));
	FT_EXPECT(ft, !ft_leaf_table(ft, iova));

	/* The neighbour was never in its slot, so that there is nothing to flush */
	ft->expect_empty = true;
	FT_EXPECT(ft, !ft_reserve(ft, iova, span, granule));
	FT_EXPECT(ft, !ft_map(ft, iova + span, granule, granule));
	FT_EXPECT(ft, !ft->nr_flushes);
	FT_EXPECT(ft, !ft_map(ft, iova, granule, granule));
	FT_EXPECT(ft, ft->nr_flushes == 1);
	FT_EXPECT(ft, ft_is_mapped(ft, iova));
	FT_EXPECT(ft, !ft_map(ft, iova + granule, granule, granule));
	FT_EXPECT(ft, ft->nr_flushes == 1);

	ft_unmap(ft, iova, 2 * granule, granule, &gather);
	ft_unmap(ft, iova + span, granule, granule, &gather);
	ft->ops->unreserve(ft->ops, iova, 2 * span, granule, &gather);
	ft_sync(ft, &gather);
}

static void ft_test_unflushed(struct kunit *test)
{
	ft_each_config(test, ft_unflushed);
}

/* The same for all slots below a table that went with them */
static void ft_unflushed_below(struct ft *ft)
{
	unsigned long granule = BIT(ft->granule_shift), span = ft_span(ft);
	unsigned long iova = SZ_1G;
	struct iommu_iotlb_gather gather;

	if (ft->levels < 3)
		return;
	iommu_iotlb_gather_init(&gather);
	for (unsigned int round = 0; round < 3; round++) {
		FT_EXPECT(ft, !ft_reserve(ft, iova, 4 * span, granule));
		for (unsigned long at = iova; at < iova + 4 * span; at += span) {
			FT_EXPECT(ft, !ft_map(ft, at, granule, granule));
			FT_EXPECT(ft, ft_is_mapped(ft, at));
			ft_unmap(ft, at, granule, granule, &gather);
		}
		ft->ops->unreserve(ft->ops, iova, 4 * span, granule, &gather);
		FT_EXPECT(ft, !ft_find_entry(ft, iova, ft->levels - 2));
	}
	ft_sync(ft, &gather);
}

static void ft_test_unflushed_below(struct kunit *test)
{
	ft_each_config(test, ft_unflushed_below);
}

/*
 * Blocks take the place of tables, and give it back.
 */

static void ft_block(struct ft *ft, size_t block, bool mapped)
{
	unsigned long granule = BIT(ft->granule_shift), iova = 3 * SZ_16M;
	unsigned int nr = block / ft_span(ft);
	struct iommu_iotlb_gather gather;
	long pages;

	iommu_iotlb_gather_init(&gather);
	FT_EXPECT(ft, !ft_reserve(ft, iova, block, granule));
	pages = ft_pages(ft);
	for (unsigned int i = 0; i < nr; i++) {
		FT_EXPECT(ft, !ft_map(ft, iova + i * ft_span(ft), granule, granule));
		FT_EXPECT(ft, ft_is_mapped(ft, iova + i * ft_span(ft)));
		if (!mapped)
			ft_unmap(ft, iova + i * ft_span(ft), granule, granule, NULL);
	}

	ft_forget_flushes(ft);
	ft->expect_empty = true;
	FT_EXPECT(ft, !ft_map(ft, iova, block, block));
	FT_EXPECT(ft, ft->nr_flushes == nr);
	FT_EXPECT(ft, ft->granule == (mapped ? granule : ft_span(ft)));
	ft->expect_empty = false;
	for (unsigned long at = iova; at - iova < block; at += SZ_64K)
		FT_EXPECT(ft, ft_is_mapped(ft, at));
	ft_expect_synced(ft);

	/* Nothing in the way but what is mapped */
	kunit_warning_suppress(ft->test) {
		FT_EXPECT(ft, ft_map(ft, iova, granule, granule) == -EEXIST);
		FT_EXPECT(ft, ft_map(ft, iova, block, block) == -EEXIST);
		FT_EXPECT(ft, ft_map(ft, iova, SZ_1M, SZ_1M) == -EEXIST);
	}

	ft_unmap(ft, iova, block, block, &gather);
	ft_sync(ft, &gather);
	FT_EXPECT(ft, ft_is_empty(ft, iova));
	FT_EXPECT(ft, ft_pages(ft) == pages);

	/* The tables waited, and are empty */
	ft_forget_flushes(ft);
	for (unsigned int i = 0; i < nr; i++) {
		unsigned long at = iova + i * ft_span(ft);

		FT_EXPECT(ft, !ft_map(ft, at + granule, granule, granule));
		FT_EXPECT(ft, ft_is_empty(ft, at));
		FT_EXPECT(ft, ft_is_mapped(ft, at + granule));
	}
	FT_EXPECT(ft, !ft->nr_flushes);

	/* As a block, what tables map can be unmapped, and they stay. It is flushed here */
	ft_unmap(ft, iova, block, block, &gather);
	FT_EXPECT(ft, ft->nr_flushes == nr);
	FT_EXPECT(ft, ft->first_flush == iova);
	FT_EXPECT(ft, ft->last_flush == iova + block - ft_span(ft));
	FT_EXPECT(ft, ft->granule == granule);
	for (unsigned int i = 0; i < nr; i++) {
		FT_EXPECT(ft, ft_is_empty(ft, iova + i * ft_span(ft) + granule));
		FT_EXPECT(ft, ft_leaf_table(ft, iova + i * ft_span(ft)));
	}
	FT_EXPECT(ft, ft_pages(ft) == pages);

	/* The block stays when its tables go */
	FT_EXPECT(ft, !ft_map(ft, iova, block, block));
	ft->ops->unreserve(ft->ops, iova, block, granule, &gather);
	ft_sync(ft, &gather);
	rcu_barrier();
	FT_EXPECT(ft, !ft_pages(ft));
	FT_EXPECT(ft, ft_is_mapped(ft, iova + block - 4));
	ft_unmap(ft, iova, block, block, &gather);
	ft_sync(ft, &gather);
}

/* One that is mapped is enough to be in the way of a supersection */
static void ft_blocks_side_by_side(struct ft *ft)
{
	unsigned long iova = 9 * SZ_16M;

	FT_EXPECT(ft, !ft_map(ft, iova + SZ_4M, SZ_1M, SZ_1M));
	kunit_warning_suppress(ft->test)
		FT_EXPECT(ft, ft_map(ft, iova, SZ_16M, SZ_16M) == -EEXIST);
	FT_EXPECT(ft, ft_is_empty(ft, iova));
	FT_EXPECT(ft, ft_is_mapped(ft, iova + SZ_4M));
	kunit_warning_suppress(ft->test) {
		FT_EXPECT(ft, !ft->ops->unmap_pages(ft->ops, iova, SZ_16M, 1, NULL));
		FT_EXPECT(ft, !ft->ops->unmap_pages(ft->ops, iova, SZ_4K, 1, NULL));
	}
	FT_EXPECT(ft, ft_is_mapped(ft, iova + SZ_4M));
	ft_unmap(ft, iova + SZ_4M, SZ_1M, SZ_1M, NULL);
}

static void ft_blocks(struct ft *ft)
{
	if (!ft_is_v7s(ft))
		return;
	ft_block(ft, SZ_1M, false);
	ft_block(ft, SZ_1M, true);
	if (!(ft->config.pgsizes & SZ_16M))
		return;
	ft_block(ft, SZ_16M, false);
	ft_block(ft, SZ_16M, true);
	ft_blocks_side_by_side(ft);
}

static void ft_test_blocks(struct kunit *test)
{
	ft_each_config(test, ft_blocks);
}

/*
 * A conflict is an error, and no table is needed to find it.
 */

static void ft_conflict(struct ft *ft)
{
	unsigned long iova = 7 * SZ_64M, pgsize = 0;

	while ((pgsize = ft_next_pgsize(ft, pgsize))) {
		FT_EXPECT(ft, !ft_reserve(ft, iova, pgsize, pgsize));
		FT_EXPECT(ft, !ft_map(ft, iova, pgsize, pgsize));
		kunit_warning_suppress(ft->test)
			FT_EXPECT(ft, ft_map(ft, iova, pgsize, pgsize) == -EEXIST);
		FT_EXPECT(ft, ft_is_mapped(ft, iova));
		ft_unmap(ft, iova, pgsize, pgsize, NULL);
		ft->ops->unreserve(ft->ops, iova, pgsize, pgsize, NULL);
	}
}

static void ft_test_conflict(struct kunit *test)
{
	ft_each_config(test, ft_conflict);
}

/*
 * Somebody else has just put the table into its entry, and did not come to clean
 * that: who maps in the table cleans the entry for itself.
 */

static void ft_clean_way(struct ft *ft)
{
	unsigned long iova = 5 * SZ_64M, granule = BIT(ft->granule_shift);
	u32 *entry, pte;

	if (!ft_is_v7s(ft) || !ft->dma)
		return;
	FT_EXPECT(ft, !ft_reserve(ft, iova, 2 * granule, granule));
	FT_EXPECT(ft, !ft_map(ft, iova, granule, granule));

	entry = ft_find_entry(ft, iova, 0);
	pte = READ_ONCE(*entry);
	WRITE_ONCE(*entry, 0);
	dma_sync_single_for_device(ft->dma->dev, virt_to_phys(entry), sizeof(pte),
				   DMA_TO_DEVICE);
	WRITE_ONCE(*entry, pte);
	FT_EXPECT(ft, iopt_kunit_dma_clean(ft->dma, entry, sizeof(pte)));
	FT_EXPECT(ft, !ft_map(ft, iova + granule, granule, granule));
	ft_expect_synced(ft);

	ft_unmap(ft, iova, 2 * granule, granule, NULL);
	ft->ops->unreserve(ft->ops, iova, 2 * granule, granule, NULL);
}

static void ft_test_clean_way(struct kunit *test)
{
	ft_each_config(test, ft_clean_way);
}

/*
 * No memory: all or nothing.
 */

static unsigned int ft_alloc_nothing(int nid, gfp_t gfp, size_t size,
				     unsigned int nr, struct iommu_pages_list *list)
{
	return 0;
}

static void ft_no_memory(struct ft *ft)
{
	unsigned long granule = BIT(ft->granule_shift), span = ft_span(ft);
	bool packed = IS_ENABLED(CONFIG_IOMMU_RESERVE_PACKED) &&
		      ft->table_size < PAGE_SIZE;
	long pages;

	/* Packed tables come one by one, and fail by the DMA API */
	if (packed && !ft->dma)
		return;
	FT_EXPECT(ft, !ft_reserve(ft, 0, span, granule));
	pages = ft_pages(ft);

	kunit_activate_static_stub(ft->test, iommu_alloc_pages_list_node_sz,
				   ft_alloc_nothing);
	if (ft->dma)
		ft->dma->fail = true;
	FT_EXPECT(ft, ft_reserve(ft, 0, 100 * span, granule) == -ENOMEM);
	/* What is there takes no memory */
	FT_EXPECT(ft, !ft_reserve(ft, 0, span, granule));
	if (ft->dma)
		ft->dma->fail = false;
	kunit_deactivate_static_stub(ft->test, iommu_alloc_pages_list_node_sz);

	rcu_barrier();
	FT_EXPECT(ft, ft_pages(ft) == pages);
	ft->ops->unreserve(ft->ops, 0, span, granule, NULL);
	FT_EXPECT(ft, ft_map(ft, 2 * span, granule, granule) == -ENOENT);
	FT_EXPECT(ft, !ft_map(ft, 0, granule, granule));
	ft_unmap(ft, 0, granule, granule, NULL);
	ft->ops->unreserve(ft->ops, 0, span, granule, NULL);
}

static void ft_test_no_memory(struct kunit *test)
{
	ft_each_config(test, ft_no_memory);
}

/*
 * While a reserve() allocates, and fails, the others let go of the table that it
 * holds. It may not flush, so the table leaves its slot, and waits for the next who
 * releases, wherever that is.
 */

static void *ft_unreserve_and_fail(size_t size, gfp_t gfp)
{
	struct ft *ft = kunit_get_current_test()->priv;

	ft->ops->unreserve(ft->ops, 0, BIT(ft->granule_shift),
			   BIT(ft->granule_shift), NULL);
	return NULL;
}

static void ft_lose_last_hold(struct ft *ft)
{
	unsigned long granule = BIT(ft->granule_shift);

	FT_EXPECT(ft, !ft_reserve(ft, 0, granule, granule));
	FT_EXPECT(ft, !ft_map(ft, 0, granule, granule));
	ft_unmap(ft, 0, granule, granule, NULL);

	ft_forget_flushes(ft);
	ft->test->priv = ft;
	kunit_activate_static_stub(ft->test, iopte_alloc_desc, ft_unreserve_and_fail);
	FT_EXPECT(ft, ft_reserve(ft, 0, 2 * ft_span(ft), granule) == -ENOMEM);
	kunit_deactivate_static_stub(ft->test, iopte_alloc_desc);
	FT_EXPECT(ft, !ft->nr_flushes);
	FT_EXPECT(ft, !ft_leaf_table(ft, 0));
}

static void ft_last_hold(struct ft *ft)
{
	unsigned long granule = BIT(ft->granule_shift), elsewhere = 4 * ft_span(ft);
	long pages = ft_pages(ft);

	for (int i = 0; i < 2; i++) {
		ft_lose_last_hold(ft);
		FT_EXPECT(ft, !ft_reserve(ft, elsewhere, 2 * granule, granule));
		/* No table goes by that */
		ft->ops->unreserve(ft->ops, elsewhere, granule, granule, NULL);
		FT_EXPECT(ft, ft->nr_flushes == ft->levels - 1);
		ft->ops->unreserve(ft->ops, elsewhere + granule, granule, granule, NULL);
		FT_EXPECT(ft, ft->nr_flushes == ft->levels - 1);
		rcu_barrier();
		FT_EXPECT(ft, ft_pages(ft) == pages);
	}
}

static void ft_test_last_hold(struct kunit *test)
{
	ft_each_config(test, ft_last_hold);
}

/*
 * Page tables that go with everything in them: reservations, maps, tables that
 * wait, and tables that were released and not flushed, by whoever.
 */

static void ft_test_destroy(struct kunit *test)
{
	for (int i = 0; i < ARRAY_SIZE(ft_configs); i++) {
		unsigned long granule, span;
		long pages = iopt_kunit_pages();
		struct iommu_iotlb_gather gather;
		struct ft *ft;

		if (!ft_config_valid(&ft_configs[i]))
			continue;
		ft = ft_create(test, &ft_configs[i], IO_PGTABLE_QUIRK_RESERVED);
		granule = BIT(ft->granule_shift);
		span = ft_span(ft);
		iommu_iotlb_gather_init(&gather);
		FT_EXPECT(ft, !ft_reserve(ft, 0, 20 * span, granule));
		FT_EXPECT(ft, !ft_map(ft, 0, 3 * span, granule));
		FT_EXPECT(ft, !ft_map(ft, 7 * span, granule, granule));
		ft_unmap(ft, 7 * span, granule, granule, &gather);
		ft->ops->unreserve(ft->ops, 3 * span, 17 * span, granule, &gather);
		ft_unmap(ft, 0, 3 * span, granule, &gather);
		ft->ops->unreserve(ft->ops, 0, 2 * span, granule, &gather);
		ft->ops->unreserve(ft->ops, 2 * span, span, granule, &gather);
		ft_lose_last_hold(ft);
		free_io_pgtable_ops(ft->ops);

		/* The page table is gone, its tables are not */
		iommu_put_pages_list(&gather.freelist);
		rcu_barrier();
		FT_EXPECT(ft, iopt_kunit_pages() == pages);
		if (ft->dma) {
			FT_EXPECT(ft, !ft->dma->nr_views);
			FT_EXPECT(ft, !ft->dma->nr_errors);
		}
	}
}

/*
 * Random operations in a few tables, with blocks where the format has them,
 * against a model; everything is looked at through the walk cache.
 */

#define FT_MODEL_SLOTS	34
#define FT_MODEL_PAGES	(FT_MODEL_SLOTS * 4)
#define FT_MODEL_RANGES	24

/* Four pages of each table are used: of 64K, so that large pages are, too */
struct ft_model {
	struct ft *ft;
	struct rnd_state rnd;
	unsigned long base;
	/* Page size that maps each page, 0 if nothing does */
	unsigned long mapped[FT_MODEL_PAGES];
	/* Reservations: first slot and number of slots */
	struct {
		unsigned int first;
		unsigned int nr;
	} range[FT_MODEL_RANGES];
	unsigned int reserved[FT_MODEL_SLOTS];
	struct iommu_iotlb_gather gather;
};

static unsigned int ft_random(struct ft_model *m, unsigned int below)
{
	return prandom_u32_state(&m->rnd) % below;
}

static unsigned long ft_model_iova(struct ft_model *m, unsigned int page)
{
	return m->base + page / 4 * ft_span(m->ft) + page % 4 * SZ_64K;
}

static void ft_model_reserve(struct ft_model *m)
{
	unsigned long span = ft_span(m->ft), granule = BIT(m->ft->granule_shift);
	unsigned int i = ft_random(m, FT_MODEL_RANGES);

	if (m->range[i].nr) {
		unsigned int first = m->range[i].first, nr = m->range[i].nr;

		/* The last reservation goes only once nothing is mapped */
		for (unsigned int s = first; s < first + nr; s++)
			for (unsigned int p = 0; p < 4 && m->reserved[s] == 1; p++)
				if (m->mapped[s * 4 + p])
					return;
		m->range[i].nr = 0;
		for (unsigned int s = first; s < first + nr; s++)
			m->reserved[s]--;
		m->ft->ops->unreserve(m->ft->ops, m->base + first * span, nr * span,
				      granule, ft_random(m, 3) ? &m->gather : NULL);
		return;
	}

	m->range[i].nr = 1 + ft_random(m, 6);
	m->range[i].first = ft_random(m, FT_MODEL_SLOTS - m->range[i].nr + 1);
	for (unsigned int s = 0; s < m->range[i].nr; s++)
		m->reserved[m->range[i].first + s]++;
	FT_EXPECT(m->ft, !ft_reserve(m->ft, m->base + m->range[i].first * span,
				     m->range[i].nr * span, granule));
}

/* The pages of the model that a page size maps at a page, as a run */
static unsigned int ft_model_run(struct ft_model *m, unsigned int *page,
				 unsigned long pgsize)
{
	unsigned int nr = 1;

	if (pgsize >= ft_span(m->ft))
		nr = pgsize / ft_span(m->ft) * 4;
	*page -= *page % nr;
	return nr;
}

static void ft_model_map(struct ft_model *m, unsigned int page, unsigned long pgsize)
{
	unsigned int nr = ft_model_run(m, &page, pgsize);
	int ret;

	if (page + nr > FT_MODEL_PAGES)
		return;
	for (unsigned int i = 0; i < nr; i++)
		if (m->mapped[page + i])
			return;

	ret = ft_map(m->ft, ft_model_iova(m, page), pgsize, pgsize);
	if (pgsize < ft_span(m->ft) && !m->reserved[page / 4]) {
		FT_EXPECT(m->ft, ret == -ENOENT);
		return;
	}
	FT_EXPECT(m->ft, !ret);
	for (unsigned int i = 0; i < nr; i++)
		m->mapped[page + i] = pgsize;
}

static void ft_model_unmap(struct ft_model *m, unsigned int page)
{
	unsigned long pgsize = m->mapped[page];
	unsigned int nr = ft_model_run(m, &page, pgsize);

	ft_unmap(m->ft, ft_model_iova(m, page), pgsize, pgsize, &m->gather);
	for (unsigned int i = 0; i < nr; i++)
		m->mapped[page + i] = 0;
}

static void ft_model_check(struct ft_model *m)
{
	for (unsigned int page = 0; page < FT_MODEL_PAGES; page++) {
		unsigned long iova = ft_model_iova(m, page);

		/* Of a block that was unmapped, the TLB has nothing in this model */
		if (m->mapped[page])
			FT_EXPECT(m->ft, ft_is_mapped(m->ft, iova));
		else
			FT_EXPECT(m->ft, ft_is_empty(m->ft, iova));
	}
}

static void ft_model_step(struct ft_model *m)
{
	unsigned int page = ft_random(m, FT_MODEL_PAGES);
	unsigned long pgsizes = m->ft->cfg.pgsize_bitmap;
	unsigned int shift;

	switch (ft_random(m, 8)) {
	case 0:
	case 1:
		ft_model_reserve(m);
		break;
	case 2:
		ft_sync(m->ft, &m->gather);
		break;
	default:
		if (m->mapped[page]) {
			ft_model_unmap(m, page);
			break;
		}
		do {
			shift = ft_random(m, 25);
		} while (!(pgsizes & BIT(shift)));
		ft_model_map(m, page, BIT(shift));
	}
}

static void ft_random_steps(struct ft *ft)
{
	struct ft_model *m = kunit_kzalloc(ft->test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(ft->test, m);
	m->ft = ft;
	m->base = 4 * SZ_64M;
	prandom_seed_state(&m->rnd, ft->config.ias * 100 + ft->config.fmt);
	iommu_iotlb_gather_init(&m->gather);
	for (unsigned int n = 0; n < 3000; n++) {
		ft_model_step(m);
		ft_model_check(m);
		if (!(n % 64))
			ft_expect_synced(ft);
		if (ft->test->status == KUNIT_FAILURE)
			break;
	}

	for (unsigned int page = 0; page < FT_MODEL_PAGES; page++)
		if (m->mapped[page])
			ft_model_unmap(m, page);
	for (unsigned int i = 0; i < FT_MODEL_RANGES; i++)
		if (m->range[i].nr)
			ft->ops->unreserve(ft->ops, m->base + m->range[i].first * ft_span(ft),
					   m->range[i].nr * ft_span(ft),
					   BIT(ft->granule_shift), &m->gather);
	ft_sync(ft, &m->gather);
	kunit_kfree(ft->test, m);
}

static void ft_test_random(struct kunit *test)
{
	ft_each_config(test, ft_random_steps);
}

static struct kunit_case ft_cases[] = {
	KUNIT_CASE(ft_test_rounds),
	KUNIT_CASE(ft_test_strict),
	KUNIT_CASE(ft_test_arguments),
	KUNIT_CASE(ft_test_beyond_oas),
	KUNIT_CASE(ft_test_where_tables_are),
	KUNIT_CASE(ft_test_opt_in),
	KUNIT_CASE(ft_test_unflushed),
	KUNIT_CASE(ft_test_unflushed_below),
	KUNIT_CASE(ft_test_blocks),
	KUNIT_CASE(ft_test_conflict),
	KUNIT_CASE(ft_test_clean_way),
	KUNIT_CASE(ft_test_no_memory),
	KUNIT_CASE(ft_test_last_hold),
	KUNIT_CASE(ft_test_destroy),
	KUNIT_CASE_SLOW(ft_test_random),
	{},
};

static struct kunit_suite ft_suite = {
	.name = "io-pgtable-reserve-formats",
	.test_cases = ft_cases,
};

kunit_test_suite(ft_suite);

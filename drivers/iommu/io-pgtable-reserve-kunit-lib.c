// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the KUnit tests of reservations in I/O page tables share.
 *
 * Page tables are read as the hardware does, from the registers on, and memory
 * is counted by the page allocator's counters, so that the tests do not believe
 * what they test. A walker that is not coherent reads a copy of its own, which
 * has only what was synced.
 */

#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmstat.h>

#include "io-pgtable-arm.h"
#include "iommu-reserve-packed.h"
#include "io-pgtable-reserve-kunit.h"
#include "iommu-pages.h"

u32 rsvt_random(struct rsvt *rt, u32 ceil)
{
	return prandom_u32_state(&rsvt_state(rt->test)->rnd) % ceil;
}

/*
 * What is asked of the TLB.
 */

static void rsvt_flushed(struct rsvt *rt, unsigned long iova, size_t size,
			 size_t granule)
{
	rt->flushes.start = min(rt->flushes.start, iova);
	rt->flushes.last = max(rt->flushes.last, iova + size - 1);
	rt->flushes.granule = granule;
}

static void rsvt_tlb_flush_all(void *cookie)
{
	struct rsvt *rt = cookie;

	rt->flushes.full++;
	if (rt->flushed)
		rt->flushed(rt, 0, ULONG_MAX, 1);
}

static void rsvt_tlb_flush_walk(unsigned long iova, size_t size, size_t granule,
				void *cookie)
{
	struct rsvt *rt = cookie;

	rt->flushes.walks++;
	rt->flushes.walk = iova;
	rt->flushes.addresses += size / granule;
	rsvt_flushed(rt, iova, size, granule);
	if (rt->flushed)
		rt->flushed(rt, iova, size, granule);
}

static void rsvt_tlb_add_page(struct iommu_iotlb_gather *gather,
			      unsigned long iova, size_t granule, void *cookie)
{
	struct rsvt *rt = cookie;

	rt->flushes.pages++;
	rsvt_flushed(rt, iova, granule, granule);
	iommu_iotlb_gather_add_range(gather, iova, granule);
	if (rt->added)
		rt->added(rt, gather, iova, granule);
}

const struct iommu_flush_ops rsvt_tlb_ops = {
	.tlb_flush_all	= rsvt_tlb_flush_all,
	.tlb_flush_walk	= rsvt_tlb_flush_walk,
	.tlb_add_page	= rsvt_tlb_add_page,
};

void rsvt_forget_flushes(struct rsvt *rt)
{
	rt->flushes = (struct rsvt_flushes) { .start = ULONG_MAX };
}

unsigned int rsvt_table_pages(struct rsvt *rt)
{
	return DIV_ROUND_UP(BIT(rt->granule_shift), PAGE_SIZE);
}

/* Of tables that are under reservation, and small ones of which share pages */
unsigned int rsvt_pages_of(struct rsvt *rt, unsigned int tables)
{
	if (!IS_ENABLED(CONFIG_IOMMU_RESERVE_PACKED))
		return tables * rsvt_table_pages(rt);
	return DIV_ROUND_UP(tables * BIT(rt->granule_shift), PAGE_SIZE);
}

/*
 * Allocations with something else in their midst, and what a walker that is not
 * coherent sees of the tables.
 */

struct rsvt_shadow {
	struct hlist_node node;
	unsigned long index;
	/* Of entries, which can be larger than what is in front of them */
	u8 page[PAGE_SIZE] __aligned(sizeof(u64));
};

static unsigned long rsvt_shadow_index(void *at)
{
	return (unsigned long)at >> PAGE_SHIFT;
}

/* What the hardware sees of the page that @at is in, NULL if nothing */
static void *rsvt_shadow_page(struct rsvt_state *state, void *at)
{
	unsigned long index = rsvt_shadow_index(at);
	struct rsvt_shadow *shadow;

	hash_for_each_possible(state->shadow, shadow, node, index)
		if (shadow->index == index)
			return shadow->page;
	return NULL;
}

static void rsvt_shadow_new(struct rsvt_state *state, void *at)
{
	struct rsvt_shadow *shadow = kzalloc(sizeof(*shadow), GFP_KERNEL);

	if (!shadow)
		return;
	shadow->index = rsvt_shadow_index(at);
	hash_add(state->shadow, &shadow->node, shadow->index);
}

/*
 * A table that is new to the hardware, if that is not coherent. It has to be zeroed
 * when it gets to it
 */
static void rsvt_shadow_table(struct rsvt_state *state, void *table, size_t size)
{
	if (!state->rt || !state->rt->config.incoherent)
		return;
	for (size_t done = 0; done < size; done += PAGE_SIZE) {
		void *page = rsvt_shadow_page(state, table + done);

		if (page)
			memset(page + offset_in_page(table), 0, min(size, PAGE_SIZE));
		else
			rsvt_shadow_new(state, table + done);
	}
}

static void rsvt_sync_pte(u64 *ptep, int num_entries, struct io_pgtable_cfg *cfg)
{
	struct rsvt_state *state = rsvt_state(kunit_get_current_test());
	void *page = NULL;

	for (int i = 0; i < num_entries; i++) {
		if (!i || !offset_in_page(&ptep[i]))
			page = rsvt_shadow_page(state, &ptep[i]);
		if (page)
			*(u64 *)(page + offset_in_page(&ptep[i])) = READ_ONCE(ptep[i]);
	}
}

static bool rsvt_alloc_fails(struct rsvt_state *state)
{
	void (*before)(struct rsvt *rt) = state->before;

	state->before = NULL;
	if (before)
		before(state->rt);
	state->nr++;
	return state->fail && (state->nr == state->fail ||
			       (state->fail_all && state->nr > state->fail));
}

/* A batch that fails gives half of what was asked for */
static unsigned int rsvt_alloc_list(int nid, gfp_t gfp, size_t size,
				    unsigned int nr,
				    struct iommu_pages_list *list)
{
	struct kunit *test = kunit_get_current_test();
	struct rsvt_state *state = rsvt_state(test);
	struct ioptdesc *iopt;
	unsigned int got;

	if (rsvt_alloc_fails(state))
		nr /= 2;
	state->gfp = gfp;
	/* Without it the real one is called */
	current->kunit_test = NULL;
	got = iommu_alloc_pages_list_node_sz(nid, gfp, size, nr, list);
	list_for_each_entry(iopt, &list->pages, iopt_freelist_elm)
		rsvt_shadow_table(state, folio_address(ioptdesc_folio(iopt)), size);
	current->kunit_test = test;
	state->tables += got;
	return got;
}

#ifdef CONFIG_IOMMU_RESERVE_PACKED
/* Tables that are smaller than a page come one by one */
static void *rsvt_packed_alloc(struct iopt_packed *packed, gfp_t gfp)
{
	struct kunit *test = kunit_get_current_test();
	struct rsvt_state *state = rsvt_state(test);
	void *table;

	if (rsvt_alloc_fails(state))
		return NULL;
	state->gfp = gfp;
	current->kunit_test = NULL;
	table = iopt_packed_alloc(packed, gfp);
	if (table && state->rt)
		rsvt_shadow_table(state, table, BIT(state->rt->granule_shift));
	current->kunit_test = test;
	state->tables += !!table;
	return table;
}
#endif

static void *rsvt_alloc_desc(size_t size, gfp_t gfp)
{
	struct kunit *test = kunit_get_current_test();
	void *desc = NULL;

	rsvt_state(test)->desc_gfp &= gfp;
	if (!rsvt_alloc_fails(rsvt_state(test))) {
		current->kunit_test = NULL;
		desc = iopte_alloc_desc(size, gfp);
		current->kunit_test = test;
	}
	return desc;
}

static struct device *rsvt_device(struct kunit *test)
{
	static atomic_t nr;
	struct device *dev;
	char name[32];

	snprintf(name, sizeof(name), "io-pgtable-reserve-%d",
		 atomic_inc_return(&nr));
	dev = kunit_device_register(test, name);
	if (IS_ERR(dev))
		return NULL;
	dev->dma_mask = &dev->coherent_dma_mask;
	return dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)) ? NULL : dev;
}

int rsvt_test_init(struct kunit *test)
{
	struct rsvt_state *state = kunit_kzalloc(test, sizeof(*state), GFP_KERNEL);

	if (!state)
		return -ENOMEM;
	state->dev = rsvt_device(test);
	if (!state->dev)
		return -ENODEV;
	/* What the test before left to RCU is not this one's: pages are counted */
	rcu_barrier();
	prandom_seed_state(&state->rnd, 1);
	hash_init(state->shadow);
	state->reports = iopt_kunit_reports();
	test->priv = state;
	kunit_activate_static_stub(test, iommu_alloc_pages_list_node_sz,
				   rsvt_alloc_list);
	kunit_activate_static_stub(test, iopte_alloc_desc, rsvt_alloc_desc);
#ifdef CONFIG_IOMMU_RESERVE_PACKED
	kunit_activate_static_stub(test, iopt_packed_alloc, rsvt_packed_alloc);
#endif
	kunit_activate_static_stub(test, __arm_lpae_sync_pte, rsvt_sync_pte);
	return 0;
}

void rsvt_test_exit(struct kunit *test)
{
	struct rsvt_state *state = rsvt_state(test);
	struct rsvt_shadow *shadow;
	struct hlist_node *next;
	int bucket;

	if (!state)
		return;
	if (!state->careless)
		KUNIT_EXPECT_EQ(test, state->reports, iopt_kunit_reports());
	hash_for_each_safe(state->shadow, bucket, next, shadow, node)
		kfree(shadow);
}

/*
 * Reading page tables as the hardware does.
 */

unsigned int rsvt_shift(struct rsvt *rt, int level)
{
	return rt->granule_shift + (RSVT_LEAF - level) * rt->bits;
}

int rsvt_level(struct rsvt *rt, unsigned long pgsize)
{
	return RSVT_LEAF - (__ffs(pgsize) - rt->granule_shift) / rt->bits;
}

/* What a table of a level spans, one more than fits for the top */
u64 rsvt_span(struct rsvt *rt, int level)
{
	return BIT_ULL(rsvt_shift(rt, level - 1));
}

/* Page sizes that fit, and that an entry of the top can map, or one below */
unsigned long rsvt_pgsizes(struct rsvt *rt)
{
	unsigned int shift = min(rsvt_shift(rt, rt->top), rt->config.ias);

	return rt->cfg.pgsize_bitmap & (2 * BIT(shift) - 1);
}

unsigned long rsvt_last(struct rsvt *rt)
{
	return rt->base + BIT(rt->config.ias) - 1;
}

phys_addr_t rsvt_paddr(struct rsvt *rt, unsigned long iova)
{
	return iova - rt->base;
}

void *rsvt_top(struct rsvt *rt)
{
	struct io_pgtable_cfg *cfg = &rt->cfg;

	switch (rt->config.fmt) {
	case ARM_64_LPAE_S2:
	case ARM_32_LPAE_S2:
		return phys_to_virt(cfg->arm_lpae_s2_cfg.vttbr);
	case ARM_MALI_LPAE:
		return phys_to_virt(cfg->arm_mali_lpae_cfg.transtab & PAGE_MASK);
	default:
		return phys_to_virt(cfg->arm_lpae_s1_cfg.ttbr);
	}
}

static int rsvt_top_level(struct rsvt *rt)
{
	unsigned int sl;

	switch (rt->config.fmt) {
	case ARM_64_LPAE_S2:
	case ARM_32_LPAE_S2:
		sl = ~rt->cfg.arm_lpae_s2_cfg.vtcr.sl & 3;
		return rt->granule_shift == 12 ? sl - 1 : sl;
	case ARM_MALI_LPAE:
		return 0;
	default:
		return RSVT_LEAF + 1 -
		       DIV_ROUND_UP(rt->config.ias - rt->granule_shift, rt->bits);
	}
}

/* Entries of the top, which can be several tables side by side */
static unsigned long rsvt_top_entries(struct rsvt *rt)
{
	unsigned int shift = rsvt_shift(rt, rt->top);

	return rt->config.ias > shift ? BIT(rt->config.ias - shift) : 1;
}

bool rsvt_entry_is_table(struct rsvt *rt, u64 entry, int level)
{
	return level != RSVT_LEAF && (entry & 3) == 3;
}

bool rsvt_entry_is_leaf(struct rsvt *rt, u64 entry, int level)
{
	if (level == RSVT_LEAF && rt->config.fmt != ARM_MALI_LPAE)
		return (entry & 3) == 3;
	return (entry & 3) == 1;
}

phys_addr_t rsvt_entry_addr(struct rsvt *rt, u64 entry)
{
	if (rt->granule_shift < 16)
		return entry & GENMASK_ULL(47, 12);
	return (entry & GENMASK_ULL(47, 16)) |
	       ((entry & GENMASK_ULL(15, 12)) << 36);
}

u64 *rsvt_entry(struct rsvt *rt, void *table, int level, unsigned long iova)
{
	unsigned long entries = BIT(rt->bits);

	if (level == rt->top)
		entries = rsvt_top_entries(rt);
	return (u64 *)table + (((u64)iova >> rsvt_shift(rt, level)) & (entries - 1));
}

u64 rsvt_read(struct rsvt *rt, u64 *entry)
{
	void *page;

	if (!rt->config.incoherent)
		return READ_ONCE(*entry);
	page = rsvt_shadow_page(rsvt_state(rt->test), entry);
	return page ? *(u64 *)(page + offset_in_page(entry)) : ~0ULL;
}

/* The table of @level that a walk to @iova passes, NULL if it does not */
void *rsvt_table(struct rsvt *rt, unsigned long iova, int level)
{
	void *table = rsvt_top(rt);

	for (int l = rt->top; l < level; l++) {
		u64 entry = rsvt_read(rt, rsvt_entry(rt, table, l, iova));

		if (!rsvt_entry_is_table(rt, entry, l))
			return NULL;
		/* What is below is not secure either: NSTable */
		RSVT_EXPECT(rt, !(entry & BIT_ULL(63)) ==
				!(rt->config.quirks & IO_PGTABLE_QUIRK_ARM_NS));
		table = phys_to_virt(rsvt_entry_addr(rt, entry));
		/* What the allocator wrote was flushed, too */
		if (IOMMU_PAGES_USE_DMA_API && BIT(rt->granule_shift) >= PAGE_SIZE)
			RSVT_EXPECT(rt, virt_to_ioptdesc(table)->incoherent ==
					rt->config.incoherent);
	}
	return table;
}

/* What describes a table, in its entry or not, which the test keeps */
struct iopte_page *rsvt_find(struct rsvt *rt, unsigned long iova, int level)
{
	struct io_pgtable *iop = io_pgtable_ops_to_pgtable(rt->ops);
	struct iopte_page *iopte;

	rcu_read_lock();
	iopte = iopt_reserve_find(iop->rsv, iova, level - rt->top);
	rcu_read_unlock();
	return iopte;
}

/* The entry of @level that a walk to @iova ends at, 0 if it ends before */
u64 rsvt_walk(struct rsvt *rt, unsigned long iova, int level)
{
	void *table = rsvt_table(rt, iova, level);

	return table ? rsvt_read(rt, rsvt_entry(rt, table, level, iova)) : 0;
}

bool rsvt_hw_translate(struct rsvt *rt, unsigned long iova, phys_addr_t *paddr)
{
	for (int level = rt->top; level <= RSVT_LEAF; level++) {
		u64 entry = rsvt_walk(rt, iova, level);

		if (rsvt_entry_is_table(rt, entry, level))
			continue;
		if (!rsvt_entry_is_leaf(rt, entry, level))
			return false;
		*paddr = rsvt_entry_addr(rt, entry) |
			 (iova & (BIT_ULL(rsvt_shift(rt, level)) - 1));
		return true;
	}
	return false;
}

/* To the hardware and to the kernel */
bool rsvt_translates(struct rsvt *rt, unsigned long iova)
{
	phys_addr_t paddr;

	return rsvt_hw_translate(rt, iova, &paddr) &&
	       paddr == rsvt_paddr(rt, iova) &&
	       rt->ops->iova_to_phys(rt->ops, iova) == paddr;
}

bool rsvt_faults(struct rsvt *rt, unsigned long iova)
{
	phys_addr_t paddr;

	return !rsvt_hw_translate(rt, iova, &paddr) &&
	       !rt->ops->iova_to_phys(rt->ops, iova);
}

/* Once idle tables are gone, too, nothing is left but the top */
void rsvt_expect_empty(struct rsvt *rt)
{
	struct io_pgtable *iop = io_pgtable_ops_to_pgtable(rt->ops);
	u64 *top = rsvt_top(rt);

	io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
	RSVT_EXPECT(rt, !iop->rsv->nr_tables);
	RSVT_EXPECT(rt, !iop->rsv->nr_idle);
	for (unsigned long i = 0; i < rsvt_top_entries(rt); i++)
		if (rsvt_read(rt, &top[i]) & 1) {
			RSVT_EXPECT(rt, !"an entry of the top is valid");
			break;
		}
}

/*
 * Making page tables.
 */

int rsvt_init(struct rsvt *rt, struct kunit *test,
	      const struct rsvt_config *config)
{
	struct rsvt_state *state = rsvt_state(test);

	*rt = (struct rsvt) {
		.test = test,
		.config = *config,
		.cfg = {
			.quirks = config->quirks,
			.pgsize_bitmap = config->pgsizes,
			.ias = config->ias,
			.oas = config->oas,
			.coherent_walk = !config->incoherent,
			.tlb = &rsvt_tlb_ops,
			.iommu_dev = state->dev,
		},
	};
	rt->ops = alloc_io_pgtable_ops(config->fmt, &rt->cfg, rt);
	if (!rt->ops)
		return -ENOMEM;

	rt->granule_shift = __ffs(rt->cfg.pgsize_bitmap);
	rt->bits = rt->granule_shift - 3;
	rt->top = rsvt_top_level(rt);
	if (config->quirks & IO_PGTABLE_QUIRK_ARM_TTBR1)
		rt->base = ~0UL << config->ias;
	if (config->quirks & IO_PGTABLE_QUIRK_RESERVED) {
		rt->max_idle = io_pgtable_ops_to_pgtable(rt->ops)->rsv->max_idle;
		io_pgtable_ops_to_pgtable(rt->ops)->rsv->max_idle = RSVT_IDLE_MAX;
	}
	rsvt_forget_flushes(rt);
	state->rt = rt;
	rsvt_shadow_table(state, rsvt_top(rt),
			  max(rsvt_top_entries(rt) * sizeof(u64), PAGE_SIZE));
	return 0;
}

void rsvt_free(struct rsvt *rt)
{
	struct iopt_reserve *rsv = io_pgtable_ops_to_pgtable(rt->ops)->rsv;

	if (rsv)
		RSVT_EXPECT(rt, !atomic_long_read(&rsv->nr_shared));
	rsvt_state(rt->test)->rt = NULL;
	free_io_pgtable_ops(rt->ops);
}

struct rsvt *rsvt_new(struct kunit *test, const struct rsvt_config *config)
{
	struct rsvt *rt = kunit_kzalloc(test, sizeof(*rt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rt);
	KUNIT_ASSERT_EQ(test, 0, rsvt_init(rt, test, config));
	return rt;
}

/* A GPU's page table, for tests of what does not depend on the shape */
const struct rsvt_config rsvt_gpu_config = {
	.fmt = ARM_64_LPAE_S1,
	.pgsizes = SZ_4K | SZ_2M,
	.ias = 48,
	.oas = 48,
	.quirks = RSVT_QUIRKS,
};

struct rsvt *rsvt_gpu(struct kunit *test)
{
	return rsvt_new(test, &rsvt_gpu_config);
}

static const unsigned long rsvt_pgsize_sets[] = {
	SZ_4K | SZ_2M | SZ_1G,
	SZ_4K | SZ_2M,
	SZ_4K | SZ_1G,
	SZ_16K | SZ_32M,
	SZ_64K | SZ_512M,
	SZ_64K | SZ_512M | SZ_4T,
};

/*
 * Those that upstream's own test of the LPAE formats walks, one that has a
 * single level with 16 KiB, and the largest there is.
 */
static const unsigned int rsvt_address_sizes[] = { 25, 32, 36, 40, 42, 44, 48, 52 };

static const struct {
	enum io_pgtable_fmt fmt;
	unsigned long quirks;
	bool incoherent;
} rsvt_variants[] = {
	{ ARM_64_LPAE_S1, RSVT_QUIRKS },
	{ ARM_64_LPAE_S2, RSVT_QUIRKS },
	{ ARM_32_LPAE_S1, RSVT_QUIRKS },
	{ ARM_32_LPAE_S2, RSVT_QUIRKS },
	{ ARM_MALI_LPAE, IO_PGTABLE_QUIRK_RESERVED },
	{ ARM_64_LPAE_S1, RSVT_QUIRKS | IO_PGTABLE_QUIRK_ARM_TTBR1 },
	{ ARM_64_LPAE_S1, RSVT_QUIRKS | IO_PGTABLE_QUIRK_ARM_NS },
	{ ARM_64_LPAE_S1, RSVT_QUIRKS, true },
	{ ARM_64_LPAE_S2, RSVT_QUIRKS, true },
	{ ARM_MALI_LPAE, IO_PGTABLE_QUIRK_RESERVED, true },
};

static bool rsvt_config_valid(const struct rsvt_config *config)
{
	bool small = config->pgsizes & SZ_4K;
	unsigned int max = config->pgsizes & SZ_64K ? 52 : 48;

	if (config->ias > max || config->oas > max ||
	    (config->oas < 52 && (config->pgsizes & SZ_4T)))
		return false;
	switch (config->fmt) {
	case ARM_32_LPAE_S1:
		return small && config->ias <= 32 && config->oas <= 40;
	case ARM_32_LPAE_S2:
		return small && config->ias <= 40 && config->oas <= 40;
	case ARM_MALI_LPAE:
		return small && config->oas <= 40;
	case ARM_64_LPAE_S2:
		/* A start level that the register has no name for */
		return config->ias >= 32;
	default:
		return true;
	}
}

static void rsvt_one_config(struct kunit *test, const struct rsvt_config *config,
			    void (*fn)(struct rsvt *rt))
{
	struct rsvt *rt = rsvt_new(test, config);

	fn(rt);
	rsvt_free(rt);
	kunit_kfree(test, rt);
}

static void rsvt_variants_of(struct kunit *test, struct rsvt_config *config,
			     void (*fn)(struct rsvt *rt), unsigned int *nr)
{
	for (int v = 0; v < ARRAY_SIZE(rsvt_variants); v++) {
		if (test->status == KUNIT_FAILURE)
			return;
		config->fmt = rsvt_variants[v].fmt;
		config->quirks = rsvt_variants[v].quirks;
		config->incoherent = rsvt_variants[v].incoherent;
		if (!rsvt_config_valid(config))
			continue;
		rsvt_one_config(test, config, fn);
		++*nr;
		cond_resched();
	}
}

/* Every format, granule, address size and walker; stops at the first finding */
void rsvt_all_configs(struct kunit *test, void (*fn)(struct rsvt *rt))
{
	struct rsvt_config config;
	unsigned int nr = 0;
	long pages;

	rcu_barrier();
	pages = iopt_kunit_pages();
	for (int i = 0; i < ARRAY_SIZE(rsvt_pgsize_sets); i++)
		for (int j = 0; j < ARRAY_SIZE(rsvt_address_sizes); j++)
			for (int k = 0; k <= j; k++) {
				config.pgsizes = rsvt_pgsize_sets[i];
				config.oas = max(rsvt_address_sizes[j], 32);
				config.ias = rsvt_address_sizes[k];
				rsvt_variants_of(test, &config, fn, &nr);
			}
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());
	kunit_info(test, "%u configurations\n", nr);
}

/* Every set of page sizes and every walker, in one large address space each */
void rsvt_all_shapes(struct kunit *test, void (*fn)(struct rsvt *rt))
{
	struct rsvt_config config;
	unsigned int nr = 0;
	long pages;

	rcu_barrier();
	pages = iopt_kunit_pages();
	for (int i = 0; i < ARRAY_SIZE(rsvt_pgsize_sets); i++) {
		config.pgsizes = rsvt_pgsize_sets[i];
		config.ias = config.pgsizes & SZ_4T ? 52 : 48;
		config.oas = config.ias;
		rsvt_variants_of(test, &config, fn, &nr);
		/* And those formats that have to do with less */
		if (!(config.pgsizes & SZ_4K))
			continue;
		config.ias = 40;
		config.oas = 40;
		rsvt_variants_of(test, &config, fn, &nr);
	}
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());
}

/*
 * Using page tables.
 */

int rsvt_map(struct rsvt *rt, unsigned long iova, size_t size, size_t pgsize,
	     gfp_t gfp)
{
	while (size) {
		size_t mapped = 0;
		int ret;

		ret = rt->ops->map_pages(rt->ops, iova, rsvt_paddr(rt, iova),
					 pgsize, size / pgsize, RSVT_PROT, gfp,
					 &mapped);
		if (ret)
			return ret;
		iova += mapped;
		size -= mapped;
	}
	return 0;
}

int rsvt_unmap(struct rsvt *rt, unsigned long iova, size_t size, size_t pgsize,
	       struct iommu_iotlb_gather *gather)
{
	while (size) {
		size_t unmapped;

		unmapped = rt->ops->unmap_pages(rt->ops, iova, pgsize,
						size / pgsize, gather);
		if (!unmapped)
			return -ENOENT;
		iova += unmapped;
		size -= unmapped;
	}
	return 0;
}

int rsvt_reserve(struct rsvt *rt, unsigned long iova, size_t size, size_t pgsize)
{
	return rt->ops->reserve(rt->ops, iova, size, pgsize, GFP_KERNEL);
}

/* Without a gather */
void rsvt_unreserve(struct rsvt *rt, unsigned long iova, size_t size,
		    size_t pgsize)
{
	rt->ops->unreserve(rt->ops, iova, size, pgsize, NULL);
}

/* With the allocation number @fail failing, and all after it if @all */
int rsvt_reserve_failing(struct rsvt *rt, unsigned int fail, bool all,
			 unsigned long iova, size_t size, size_t pgsize)
{
	struct rsvt_state *state = rsvt_state(rt->test);
	int ret;

	state->nr = 0;
	state->fail = fail;
	state->fail_all = all;
	ret = rsvt_reserve(rt, iova, size, pgsize);
	state->fail = 0;
	return ret;
}

/* Map and unmap what is reserved, which takes nothing and gives nothing back */
void rsvt_use(struct rsvt *rt, unsigned long iova, size_t size, size_t pgsize)
{
	unsigned long events, flags;
	int mapped, unmapped;
	bool first, last;

	local_irq_save(flags);
	events = iopt_kunit_page_events();
	mapped = rsvt_map(rt, iova, size, pgsize, GFP_ATOMIC);
	first = rsvt_translates(rt, iova);
	last = rsvt_translates(rt, iova + size - BIT(rt->granule_shift));
	unmapped = rsvt_unmap(rt, iova, size, pgsize, NULL);
	events = iopt_kunit_page_events() - events;
	local_irq_restore(flags);

	RSVT_EXPECT(rt, !mapped);
	RSVT_EXPECT(rt, first);
	RSVT_EXPECT(rt, last);
	RSVT_EXPECT(rt, !unmapped);
	RSVT_EXPECT(rt, !events);
	RSVT_EXPECT(rt, rsvt_faults(rt, iova));
}

/* Leave tables that the hardware has seen, and that nobody reserves any more */
void rsvt_come_and_go(struct rsvt *rt, unsigned long iova, size_t pgsize)
{
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, pgsize, pgsize));
	rsvt_use(rt, iova, pgsize, pgsize);
	rsvt_unreserve(rt, iova, pgsize, pgsize);
}

/* The same, but the lowest of them does not stay idle */
void rsvt_let_die(struct rsvt *rt, unsigned long iova, size_t pgsize,
		  struct iommu_iotlb_gather *gather)
{
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, pgsize, pgsize));
	rsvt_use(rt, iova, pgsize, pgsize);
	rt->ops->unreserve(rt->ops, iova, pgsize, pgsize, gather);
	io_pgtable_trim(rt->ops, 1, gather);
	RSVT_EXPECT(rt, !rsvt_table(rt, iova, rsvt_level(rt, pgsize)));
}

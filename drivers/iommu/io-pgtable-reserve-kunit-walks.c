// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit test of reservations in I/O page tables: a walker with a walk cache, as
 * mean as the architecture lets it be, while operations run at random.
 *
 * The walker knows, for each slot of each level, all tables that it can have
 * found there since the slot was flushed last: it looks whenever it can, in the
 * midst of flushes, too, through all tables that it knows, and forgets nothing
 * by itself. An address names one slot of each level to flush. What was added to
 * a gather is flushed when the gather is synced, which is later, and not in
 * order.
 *
 * Whatever the walker picks from what it knows: what is mapped must translate,
 * what is not mapped must fault, and no table that it knows may be free.
 *
 * Seen to fail without the flush in iopt_bury(), in rsv_link() and for a slot of
 * a gather; with 0 in place of the mark of emptied entries, and with a block that
 * takes it for nothing; with one address for all of a block over tables; with an
 * unmap that clears entries of tables; and with tables that die in use.
 */

#define pr_fmt(fmt)	"iommu reserve: " fmt

#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "io-pgtable-reserve-kunit.h"
#include "iommu-pages.h"

/* Leaf tables, their pages that are used, and tables known for a slot */
#define SLOTS		8
#define REGIONS		(SLOTS * 4)
#define KNOWN		8
#define GATHERS		2
#define ADDED		64
#define ROUNDS		4000

/* A page or a block */
struct region {
	unsigned long iova;
	size_t size;
	unsigned int reserved;
	bool mapped;
};

struct known {
	unsigned long iova;
	unsigned int nr;
	void *tables[KNOWN];
};

struct gather {
	struct iommu_iotlb_gather gather;
	unsigned int nr;
	struct {
		unsigned long iova;
		size_t granule;
	} added[ADDED];
};

struct walker {
	struct rsvt *rt;
	unsigned int nr_slots;
	unsigned long slots[SLOTS];
	unsigned int nr_regions;
	struct region regions[REGIONS];
	/* By level, and for each slot that a way to @slots has */
	unsigned int nr_known[RSVT_LEAF + 1];
	struct known known[RSVT_LEAF + 1][SLOTS];
	struct gather gathers[GATHERS];
	bool failed;
};

/* What is wrong, once: the rest follows from it */
static void found(struct walker *walker, const char *what)
{
	const struct rsvt_config *config = &walker->rt->config;

	if (!walker->failed)
		KUNIT_FAIL(walker->rt->test, "%s: fmt %d pgsizes %#lx ias %u quirks %#lx%s",
			   what, config->fmt, config->pgsizes, config->ias,
			   config->quirks, config->incoherent ? " incoherent" : "");
	walker->failed = true;
}

static struct known *find_known(struct walker *walker, unsigned long iova,
				int level)
{
	unsigned long start = iova & ~(unsigned long)(rsvt_span(walker->rt, level) - 1);
	struct known *known = walker->known[level];

	while (known->iova != start)
		known++;
	return known;
}

static void know(struct walker *walker, struct known *known, void *table)
{
	for (unsigned int i = 0; i < known->nr; i++)
		if (known->tables[i] == table)
			return;
	if (known->nr == KNOWN)
		found(walker, "no end of tables for a slot");
	else
		known->tables[known->nr++] = table;
}

static void look_below(struct walker *walker, void *table, unsigned long iova,
		       int level)
{
	struct rsvt *rt = walker->rt;
	u64 entry = rsvt_read(rt, rsvt_entry(rt, table, level, iova));

	if (rsvt_entry_is_table(rt, entry, level))
		know(walker, find_known(walker, iova, level + 1),
		     phys_to_virt(rsvt_entry_addr(rt, entry)));
}

/* Look everywhere */
static void look(struct walker *walker)
{
	struct rsvt *rt = walker->rt;

	for (unsigned int i = 0; i < walker->nr_slots; i++) {
		unsigned long iova = walker->slots[i];

		look_below(walker, rsvt_top(rt), iova, rt->top);
		for (int level = rt->top + 1; level < RSVT_LEAF; level++) {
			struct known *known = find_known(walker, iova, level);

			for (unsigned int j = 0; j < known->nr; j++)
				look_below(walker, known->tables[j], iova, level);
		}
	}
}

/* One of the addresses from @iova on in strides of @granule is in the slot */
static bool names_slot(unsigned long iova, size_t size, size_t granule,
		       unsigned long slot, u64 span)
{
	unsigned long first = iova, last = iova + size - 1;

	if (slot > iova)
		first += round_up(slot - iova, granule);
	return first >= slot && first <= last && first <= slot + (span - 1);
}

static void forget(struct walker *walker, unsigned long iova, size_t size,
		   size_t granule)
{
	struct rsvt *rt = walker->rt;

	for (int level = rt->top + 1; level <= RSVT_LEAF; level++)
		for (unsigned int i = 0; i < walker->nr_known[level]; i++)
			if (names_slot(iova, size, granule,
				       walker->known[level][i].iova,
				       rsvt_span(rt, level)))
				walker->known[level][i].nr = 0;
}

static void walker_flushed(struct rsvt *rt, unsigned long iova, size_t size,
			   size_t granule)
{
	look(rt->data);
	forget(rt->data, iova, size, granule);
	look(rt->data);
}

static void walker_added(struct rsvt *rt, struct iommu_iotlb_gather *gather,
			 unsigned long iova, size_t granule)
{
	struct gather *g = container_of(gather, struct gather, gather);
	struct walker *walker = rt->data;

	look(walker);
	if (g->nr == ADDED) {
		found(walker, "no end of flushes in a gather");
		return;
	}
	g->added[g->nr].iova = iova;
	g->added[g->nr++].granule = granule;
}

/* It is in its slot, or it waits for the sync of a gather */
static bool table_lives(struct walker *walker, void *table, unsigned long iova,
			int level)
{
	struct iopte_page *iopte = rsvt_find(walker->rt, iova, level);

	if (iopte && iopte->table == table)
		return true;
	for (int i = 0; i < GATHERS; i++)
		for (iopte = walker->gathers[i].gather.freelist.tables; iopte;
		     iopte = iopte->next)
			if (iopte->table == table)
				return true;
	return false;
}

static void check_tables(struct walker *walker)
{
	for (int level = walker->rt->top + 1; level <= RSVT_LEAF; level++)
		for (unsigned int i = 0; i < walker->nr_known[level]; i++) {
			struct known *known = &walker->known[level][i];

			for (unsigned int j = 0; j < known->nr; j++)
				if (!table_lives(walker, known->tables[j],
						 known->iova, level))
					found(walker, "the walker knows a free table");
		}
}

static void check_entry(struct walker *walker, void *table, unsigned long iova,
			int level, bool mapped)
{
	struct rsvt *rt = walker->rt;
	u64 entry = rsvt_read(rt, rsvt_entry(rt, table, level, iova));
	phys_addr_t paddr;

	if (rsvt_entry_is_table(rt, entry, level))
		return;
	if (!rsvt_entry_is_leaf(rt, entry, level)) {
		if (mapped)
			found(walker, "what is mapped faults");
		return;
	}
	paddr = rsvt_entry_addr(rt, entry) |
		(iova & (BIT_ULL(rsvt_shift(rt, level)) - 1));
	if (!mapped)
		found(walker, "what is not mapped translates");
	else if (paddr != rsvt_paddr(rt, iova))
		found(walker, "what is mapped is elsewhere");
}

static bool region_is_page(struct walker *walker, struct region *region)
{
	return region->size == BIT(walker->rt->granule_shift);
}

static bool within(struct region *inner, struct region *outer)
{
	return inner->iova >= outer->iova &&
	       inner->iova + (inner->size - 1) <= outer->iova + (outer->size - 1);
}

/* What maps the page, or a part of it */
static struct region *mapped_at(struct walker *walker, struct region *page)
{
	for (unsigned int i = 0; i < walker->nr_regions; i++)
		if (walker->regions[i].mapped && within(page, &walker->regions[i]))
			return &walker->regions[i];
	return NULL;
}

static void check_region(struct walker *walker, struct region *region)
{
	struct rsvt *rt = walker->rt;
	bool mapped = mapped_at(walker, region);

	check_entry(walker, rsvt_top(rt), region->iova, rt->top, mapped);
	for (int level = rt->top + 1; level <= RSVT_LEAF; level++) {
		struct known *known = find_known(walker, region->iova, level);

		for (unsigned int i = 0; i < known->nr; i++)
			check_entry(walker, known->tables[i], region->iova,
				    level, mapped);
	}
}

static void check(struct walker *walker)
{
	check_tables(walker);
	if (walker->failed)
		return;
	look(walker);
	for (unsigned int i = 0; i < walker->nr_regions; i++)
		if (region_is_page(walker, &walker->regions[i]))
			check_region(walker, &walker->regions[i]);
}

/*
 * Operations.
 */

static void sync(struct walker *walker, struct gather *gather)
{
	look(walker);
	for (unsigned int i = 0; i < gather->nr; i++)
		forget(walker, gather->added[i].iova, gather->added[i].granule,
		       gather->added[i].granule);
	gather->nr = 0;
	look(walker);
	iommu_put_pages_list(&gather->gather.freelist);
	iommu_iotlb_gather_init(&gather->gather);
}

/* One that has room, or none */
static struct iommu_iotlb_gather *some_gather(struct walker *walker)
{
	unsigned int i = rsvt_random(walker->rt, GATHERS + 1);

	if (i == GATHERS)
		return NULL;
	if (walker->gathers[i].nr > ADDED / 2)
		sync(walker, &walker->gathers[i]);
	return &walker->gathers[i].gather;
}

static void do_reserve(struct walker *walker, struct region *region)
{
	struct rsvt *rt = walker->rt;
	unsigned int fail = rsvt_random(rt, 3) ? 0 : 1 + rsvt_random(rt, 8);
	int ret;

	if (region->reserved == 3)
		return;
	ret = rsvt_reserve_failing(rt, fail, false, region->iova, region->size,
				   region->size);
	if (ret && (!fail || ret != -ENOMEM))
		found(walker, "a reserve failed");
	region->reserved += !ret;
}

static void do_unreserve(struct walker *walker, struct region *region)
{
	struct io_pgtable_ops *ops = walker->rt->ops;

	/* What is mapped keeps one */
	if (region->reserved <= region->mapped)
		return;
	region->reserved--;
	ops->unreserve(ops, region->iova, region->size, region->size,
		       some_gather(walker));
}

static void do_map(struct walker *walker, struct region *region)
{
	if (!region->reserved || mapped_at(walker, region))
		return;
	if (rsvt_map(walker->rt, region->iova, region->size, region->size,
		     GFP_ATOMIC))
		found(walker, "a map failed");
	/* Over what was mapped by smaller pages */
	for (unsigned int i = 0; i < walker->nr_regions; i++)
		if (within(&walker->regions[i], region))
			walker->regions[i].mapped = false;
	region->mapped = true;
}

static void do_unmap(struct walker *walker, struct region *region)
{
	bool mapped = false;

	/* As it was mapped, or as a block what was mapped by smaller pages */
	for (unsigned int i = 0; i < walker->nr_regions; i++)
		if (within(&walker->regions[i], region)) {
			mapped |= walker->regions[i].mapped;
			walker->regions[i].mapped = false;
		}
	if (mapped && rsvt_unmap(walker->rt, region->iova, region->size,
				 region->size, NULL))
		found(walker, "an unmap failed");
}

/* All goes in what a table of some level spans, so that upper tables go, too */
static void let_go(struct walker *walker, struct region *region)
{
	struct rsvt *rt = walker->rt;
	int level = rt->top + rsvt_random(rt, RSVT_LEAF - rt->top + 1);
	unsigned int shift = rsvt_shift(rt, level) + rt->bits;
	struct region *r;

	for (r = walker->regions; r < &walker->regions[walker->nr_regions]; r++) {
		if (level > rt->top && r->iova >> shift != region->iova >> shift)
			continue;
		if (r->mapped)
			do_unmap(walker, r);
		while (r->reserved)
			do_unreserve(walker, r);
	}
	io_pgtable_trim(rt->ops, rsvt_random(rt, 8), some_gather(walker));
}

static void do_something(struct walker *walker)
{
	struct rsvt *rt = walker->rt;
	struct region *region = &walker->regions[rsvt_random(rt, walker->nr_regions)];

	if (!rsvt_random(rt, 32)) {
		let_go(walker, region);
		return;
	}
	switch (rsvt_random(rt, 16)) {
	case 0 ... 3:
		do_reserve(walker, region);
		break;
	case 4 ... 7:
		do_unreserve(walker, region);
		break;
	case 8 ... 10:
		do_map(walker, region);
		break;
	case 11 ... 13:
		do_unmap(walker, region);
		break;
	case 14:
		io_pgtable_trim(rt->ops, 1 + rsvt_random(rt, 3), some_gather(walker));
		break;
	case 15:
		sync(walker, &walker->gathers[rsvt_random(rt, GATHERS)]);
		break;
	}
}

/*
 * Two neighbours of each level, as far as the address space goes, with two pages
 * each, and every block around them.
 */

static void add_region(struct walker *walker, unsigned long iova, size_t size)
{
	for (unsigned int i = 0; i < walker->nr_regions; i++)
		if (walker->regions[i].iova == iova && walker->regions[i].size == size)
			return;
	walker->regions[walker->nr_regions++] = (struct region) {
		.iova = iova, .size = size,
	};
}

static void add_slot(struct walker *walker, unsigned long iova)
{
	struct rsvt *rt = walker->rt;
	unsigned long pgsizes = rsvt_pgsizes(rt);
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned int bit;

	walker->slots[walker->nr_slots++] = iova;
	add_region(walker, iova, pgsize);
	add_region(walker, iova + rsvt_span(rt, RSVT_LEAF) - pgsize, pgsize);
	for_each_set_bit(bit, &pgsizes, BITS_PER_LONG)
		if (BIT(bit) != pgsize)
			add_region(walker, ALIGN_DOWN(iova, BIT(bit)), BIT(bit));

	for (int level = rt->top + 1; level <= RSVT_LEAF; level++) {
		unsigned long start = iova & ~(unsigned long)(rsvt_span(rt, level) - 1);
		unsigned int i = 0;

		while (i < walker->nr_known[level] &&
		       walker->known[level][i].iova != start)
			i++;
		walker->known[level][i].iova = start;
		walker->nr_known[level] = max(walker->nr_known[level], i + 1);
	}
}

static void add_slots(struct walker *walker)
{
	struct rsvt *rt = walker->rt;

	for (unsigned int i = 0; i < SLOTS; i++) {
		unsigned long offset = 0;
		bool fits = true;

		for (unsigned int bit = 0; bit < 3; bit++) {
			if (!(i & BIT(bit)))
				continue;
			/* The second slot of the table of a level */
			if (RSVT_LEAF - 1 - (int)bit < rt->top)
				fits = false;
			else
				offset += rsvt_span(rt, RSVT_LEAF - bit);
		}
		if (fits && offset < BIT_ULL(rt->config.ias))
			add_slot(walker, rt->base + offset);
	}
}

static void clean_up(struct walker *walker)
{
	struct rsvt *rt = walker->rt;

	for (unsigned int i = 0; i < walker->nr_regions; i++)
		if (walker->regions[i].mapped)
			do_unmap(walker, &walker->regions[i]);
	for (unsigned int i = 0; i < walker->nr_regions; i++)
		while (walker->regions[i].reserved)
			do_unreserve(walker, &walker->regions[i]);
	for (int i = 0; i < GATHERS; i++)
		sync(walker, &walker->gathers[i]);
	check(walker);
	rsvt_expect_empty(rt);
	check_tables(walker);
}

static void walk_and_do(struct rsvt *rt)
{
	struct walker *walker;

	if (rt->top == RSVT_LEAF)
		return;
	walker = kzalloc_obj(*walker);
	KUNIT_ASSERT_NOT_NULL(rt->test, walker);
	walker->rt = rt;
	for (int i = 0; i < GATHERS; i++)
		iommu_iotlb_gather_init(&walker->gathers[i].gather);
	add_slots(walker);
	rt->data = walker;
	rt->flushed = walker_flushed;
	rt->added = walker_added;

	for (int i = 0; i < ROUNDS && !walker->failed; i++) {
		do_something(walker);
		check(walker);
	}
	if (!walker->failed)
		clean_up(walker);
	for (int i = 0; i < GATHERS; i++)
		iommu_put_pages_list(&walker->gathers[i].gather.freelist);
	rt->flushed = NULL;
	rt->added = NULL;
	kfree(walker);
}

static void what_is_mapped_translates_whatever_the_walk_cache_knows(struct kunit *test)
{
	rsvt_all_shapes(test, walk_and_do);
}

static struct kunit_case walks[] = {
	KUNIT_CASE_SLOW(what_is_mapped_translates_whatever_the_walk_cache_knows),
	{}
};

static struct kunit_suite walks_suite = {
	.name = "io-pgtable-reserve-walks",
	.init = rsvt_test_init,
	.exit = rsvt_test_exit,
	.test_cases = walks,
};

kunit_test_suites(&walks_suite);

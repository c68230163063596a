// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of reservations in I/O page tables: memory that repeats. How many
 * tables it takes, what each address of it translates to, and how others get into
 * the middle of it without memory, and without a moment in which the rest faults.
 *
 * What repeats is filled by pages with its halves swapped, so that it shows which
 * of its bytes an address leads to.
 */

#define pr_fmt(fmt)	"iommu reserve: " fmt

#include <linux/irqflags.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "io-pgtable-reserve-kunit.h"
#include "iommu-pages.h"

#define SAMPLES		24
#define RANGES		16

/* Memory that repeats in a page table under test */
struct repeat {
	struct rsvt *rt;
	struct io_pgtable_repeat *rep;
	size_t unit;
	/* Where it is, as one block or as pages */
	phys_addr_t paddr;
	bool blocks;
	/* Page size to unmap it with */
	size_t pgsize;
};

struct iova_range {
	unsigned long iova;
	size_t size;
};

static struct iova_range make_range(unsigned long iova, size_t size)
{
	return (struct iova_range) { .iova = iova, .size = size };
}

static unsigned long range_last(struct iova_range range)
{
	return range.iova + range.size - 1;
}

static bool range_has(struct iova_range range, unsigned long iova)
{
	return range.size && iova >= range.iova && iova <= range_last(range);
}

/* Ends, where the halves meet, and addresses at random */
static unsigned long sample(struct repeat *r, struct iova_range range, unsigned int i)
{
	u64 offset;

	switch (i) {
	case 0:
		return range.iova;
	case 1:
		return range.iova + r->unit / 2 - 1;
	case 2:
		return range.iova + r->unit / 2;
	case 3:
		return range_last(range);
	case 4:
		return range_last(range) - r->unit + 1;
	default:
		offset = (u64)rsvt_random(r->rt, U32_MAX) << 24;
		offset ^= rsvt_random(r->rt, U32_MAX);
		return range.iova + offset % range.size;
	}
}

static phys_addr_t repeat_paddr(struct repeat *r, unsigned long iova)
{
	unsigned long offset = iova & (r->unit - 1);

	return r->paddr + (r->blocks ? offset : offset ^ (r->unit / 2));
}

/* To the hardware and to the kernel */
static bool repeat_translates(struct repeat *r, unsigned long iova)
{
	phys_addr_t paddr;

	return rsvt_hw_translate(r->rt, iova, &paddr) &&
	       paddr == repeat_paddr(r, iova) &&
	       r->rt->ops->iova_to_phys(r->rt->ops, iova) == paddr;
}

static void expect_mapped(struct repeat *r, struct iova_range range)
{
	for (unsigned int i = 0; range.size && i < SAMPLES; i++)
		RSVT_EXPECT(r->rt, repeat_translates(r, sample(r, range, i)));
}

static void expect_unmapped(struct repeat *r, struct iova_range range)
{
	for (unsigned int i = 0; range.size && i < SAMPLES; i++)
		RSVT_EXPECT(r->rt, rsvt_faults(r->rt, sample(r, range, i)));
}

static void expect_no_flush(struct rsvt *rt)
{
	RSVT_EXPECT(rt, !rt->flushes.walks);
	RSVT_EXPECT(rt, !rt->flushes.full);
	RSVT_EXPECT(rt, !rt->flushes.pages);
}

/* Without those that are shared */
static unsigned long nr_tables(struct rsvt *rt)
{
	struct io_pgtable_reserve_stats stats;

	io_pgtable_reserve_stats(rt->ops, &stats);
	RSVT_EXPECT(rt, io_pgtable_reserved_tables(rt->ops) == stats.tables + stats.shared);
	return stats.tables;
}

static unsigned long nr_shared(struct rsvt *rt)
{
	struct io_pgtable_reserve_stats stats;

	io_pgtable_reserve_stats(rt->ops, &stats);
	return stats.shared;
}

static struct io_pgtable_repeat *create(struct rsvt *rt)
{
	struct io_pgtable_repeat *rep = io_pgtable_repeat_create(rt->ops, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(rt->test, rep);
	return rep;
}

/* In more steps than it takes */
static void fill(struct repeat *r)
{
	unsigned long pgsize = BIT(r->rt->granule_shift);
	size_t half = r->unit / 2, most = half - pgsize;

	if (r->blocks) {
		RSVT_EXPECT(r->rt, !io_pgtable_repeat_fill(r->rep, 0, r->paddr,
							   r->unit, 1, RSVT_PROT));
		return;
	}
	RSVT_EXPECT(r->rt, !io_pgtable_repeat_fill(r->rep, half, r->paddr, pgsize,
						   half / pgsize, RSVT_PROT));
	RSVT_EXPECT(r->rt, !io_pgtable_repeat_fill(r->rep, most,
						   r->paddr + half + most,
						   pgsize, 1, RSVT_PROT));
	RSVT_EXPECT(r->rt, !io_pgtable_repeat_fill(r->rep, 0, r->paddr + half, pgsize,
						   most / pgsize, RSVT_PROT));
}

/* Memory that is not filled yet; false if it can not be by blocks */
static bool repeat_init(struct repeat *r, struct rsvt *rt, bool blocks)
{
	size_t unit = rsvt_span(rt, RSVT_LEAF);

	if (rt->top == RSVT_LEAF)
		return false;
	if (blocks && (rt->top == RSVT_LEAF - 1 || !(rt->cfg.pgsize_bitmap & unit)))
		return false;
	*r = (struct repeat) {
		.rt = rt,
		.unit = unit,
		.paddr = 3 * unit,
		.blocks = blocks,
		.pgsize = rt->cfg.pgsize_bitmap & unit ? unit : BIT(rt->granule_shift),
	};
	r->rep = create(rt);
	RSVT_EXPECT(rt, io_pgtable_repeat_size(r->rep) == unit);
	return true;
}

static void repeat_free(struct repeat *r)
{
	rsvt_expect_empty(r->rt);
	io_pgtable_repeat_destroy(r->rep);
}

/*
 * Kernels that check locks and memory would take minutes for tables with so many
 * units as those of larger granules have, or for all configurations.
 */
static bool repeat_is_tried(struct rsvt *rt)
{
	static unsigned int turn;

	return !IS_ENABLED(CONFIG_PROVE_LOCKING) ||
	       (rt->granule_shift == 12 && !(turn++ % 4));
}

static void by_pages_and_blocks(struct rsvt *rt, void (*fn)(struct repeat *r))
{
	struct repeat r;

	if (!repeat_is_tried(rt))
		return;

	for (int blocks = 0; blocks < 2; blocks++) {
		cond_resched();
		if (!repeat_init(&r, rt, blocks))
			continue;
		fill(&r);
		rsvt_forget_flushes(rt);
		fn(&r);
		repeat_free(&r);
	}
}

static int reserve(struct repeat *r, struct iova_range range, gfp_t gfp)
{
	return range.size ? io_pgtable_repeat_reserve(r->rep, range.iova, range.size,
						      gfp) : 0;
}

static void unreserve(struct repeat *r, struct iova_range range,
		      struct iommu_iotlb_gather *gather)
{
	if (range.size)
		io_pgtable_repeat_unreserve(r->rep, range.iova, range.size, gather);
}

/* Takes no memory */
static void map(struct repeat *r, struct iova_range range)
{
	unsigned long events, flags;
	size_t mapped = 0;
	int ret;

	local_irq_save(flags);
	events = iopt_kunit_page_events();
	ret = io_pgtable_repeat_map(r->rep, range.iova, range.size, &mapped);
	events = iopt_kunit_page_events() - events;
	local_irq_restore(flags);

	RSVT_EXPECT(r->rt, !ret);
	RSVT_EXPECT(r->rt, mapped == range.size);
	RSVT_EXPECT(r->rt, !events);
}

static void unmap(struct repeat *r, struct iova_range range)
{
	struct iommu_iotlb_gather gather;

	iommu_iotlb_gather_init(&gather);
	RSVT_EXPECT(r->rt, !rsvt_unmap(r->rt, range.iova, range.size, r->pgsize,
				       &gather));
	/* No table goes as long as it is reserved */
	RSVT_EXPECT(r->rt, iommu_pages_list_empty(&gather.freelist));
	expect_unmapped(r, range);
}

static void reserve_and_map(struct repeat *r, struct iova_range range)
{
	RSVT_EXPECT(r->rt, !reserve(r, range, GFP_KERNEL));
	map(r, range);
	expect_mapped(r, range);
}

/*
 * Ranges: whole tables, and those that begin or end in the midst of one.
 */

static void add_iova_range(struct rsvt *rt, struct iova_range *ranges,
			   unsigned int *nr, u64 offset, u64 size)
{
	u64 total = BIT_ULL(rt->config.ias);

	if (offset < total && size <= total - offset)
		ranges[(*nr)++] = make_range(rt->base + offset, size);
}

static unsigned int make_ranges(struct repeat *r, struct iova_range *ranges)
{
	struct rsvt *rt = r->rt;
	size_t unit = r->unit;
	unsigned int nr = 0;

	add_iova_range(rt, ranges, &nr, 0, BIT_ULL(rt->config.ias));
	add_iova_range(rt, ranges, &nr, unit, unit);
	for (int level = rt->top + 1; level < RSVT_LEAF; level++) {
		u64 span = rsvt_span(rt, level);

		add_iova_range(rt, ranges, &nr, span, span);
		add_iova_range(rt, ranges, &nr, span - unit, 2 * unit);
		add_iova_range(rt, ranges, &nr, span - 2 * unit, span + 5 * unit);
		add_iova_range(rt, ranges, &nr, unit, 2 * span - unit);
	}
	return nr;
}

/* A table has entries of the range if the range has a part of what it spans */
static unsigned long tables_at_ends(struct rsvt *rt, struct iova_range range)
{
	u64 start = range.iova - rt->base, end = start + range.size;
	unsigned long nr = 0;

	for (int level = rt->top + 1; level < RSVT_LEAF; level++) {
		u64 span = rsvt_span(rt, level);
		bool first = start & (span - 1), last = end & (span - 1);

		nr += first;
		nr += last && !(first && start / span == end / span);
	}
	return nr;
}

static void map_ranges(struct repeat *r)
{
	struct rsvt *rt = r->rt;
	unsigned long end = rsvt_last(rt);
	struct iova_range ranges[RANGES];
	unsigned int nr = make_ranges(r, ranges);

	for (unsigned int i = 0; i < nr; i++) {
		struct iova_range range = ranges[i];

		RSVT_EXPECT(rt, !reserve(r, range, GFP_KERNEL));
		RSVT_EXPECT(rt, nr_tables(rt) == tables_at_ends(rt, range));
		map(r, range);
		expect_mapped(r, range);
		if (range.iova > rt->base)
			RSVT_EXPECT(rt, rsvt_faults(rt, range.iova - 1));
		if (range_last(range) < end)
			RSVT_EXPECT(rt, rsvt_faults(rt, range_last(range) + 1));

		unmap(r, range);
		unreserve(r, range, NULL);
		rsvt_expect_empty(rt);
	}
}

static void map_all(struct rsvt *rt)
{
	by_pages_and_blocks(rt, map_ranges);
}

static void each_address_translates_to_its_byte(struct kunit *test)
{
	rsvt_all_configs(test, map_all);
}

static void count_shared(struct rsvt *rt)
{
	struct rsvt_state *state = rsvt_state(rt->test);
	unsigned int tables = state->tables;
	struct repeat r;

	if (!repeat_is_tried(rt))
		return;
	if (BIT(rt->granule_shift) < PAGE_SIZE || !repeat_init(&r, rt, false))
		return;
	RSVT_EXPECT(rt, state->tables - tables == RSVT_LEAF - rt->top);
	/* Whatever is done with them, it may be filled late, and nothing is flushed */
	RSVT_EXPECT(rt, !reserve(&r, make_range(rt->base, BIT(rt->config.ias)),
				 GFP_KERNEL));
	fill(&r);
	map(&r, make_range(rt->base, BIT(rt->config.ias)));
	/* But those of a top that has more entries than the address space */
	RSVT_EXPECT(rt, state->tables - tables <= 2 * (RSVT_LEAF - rt->top));
	expect_no_flush(rt);
	unmap(&r, make_range(rt->base, BIT(rt->config.ias)));
	unreserve(&r, make_range(rt->base, BIT(rt->config.ias)), NULL);
	repeat_free(&r);
}

static void one_table_of_each_level_is_enough(struct kunit *test)
{
	rsvt_all_configs(test, count_shared);
}

/* Two neighbours, in the same tables, each with memory of its own */
static void map_beside(struct repeat *r)
{
	struct rsvt *rt = r->rt;
	u64 span = rsvt_span(rt, RSVT_LEAF - 1);
	struct iova_range left = make_range(rt->base + r->unit, span + r->unit);
	struct iova_range right = make_range(rt->base + 2 * r->unit + span, span);
	struct repeat other = *r;

	other.rep = create(rt);
	other.paddr = 1 * r->unit;
	fill(&other);
	RSVT_EXPECT(rt, !reserve(r, left, GFP_KERNEL));
	reserve_and_map(&other, right);
	map(r, left);
	expect_mapped(r, left);
	expect_mapped(&other, right);

	unmap(r, left);
	expect_mapped(&other, right);
	unreserve(r, left, NULL);
	io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
	expect_mapped(&other, right);
	reserve_and_map(r, left);
	unmap(&other, right);
	unreserve(&other, right, NULL);
	expect_mapped(r, left);
	unmap(r, left);
	unreserve(r, left, NULL);
	io_pgtable_repeat_destroy(other.rep);
}

static void map_all_beside(struct rsvt *rt)
{
	by_pages_and_blocks(rt, map_beside);
}

static void neighbours_do_not_mind(struct kunit *test)
{
	rsvt_all_shapes(test, map_all_beside);
}

/*
 * What is counted.
 */

static void say_how_many(struct rsvt *rt)
{
	unsigned long levels = RSVT_LEAF - rt->top;
	struct repeat r, other;

	if (!repeat_init(&r, rt, false))
		return;
	RSVT_EXPECT(rt, nr_shared(rt) == levels);
	RSVT_EXPECT(rt, !nr_tables(rt));

	/* However often it is mapped, and by how much */
	fill(&r);
	reserve_and_map(&r, make_range(rt->base, r.unit));
	RSVT_EXPECT(rt, nr_shared(rt) == levels);
	if (repeat_init(&other, rt, true)) {
		RSVT_EXPECT(rt, nr_shared(rt) == 2 * levels);
		io_pgtable_repeat_destroy(other.rep);
		RSVT_EXPECT(rt, nr_shared(rt) == levels);
	}

	unmap(&r, make_range(rt->base, r.unit));
	unreserve(&r, make_range(rt->base, r.unit), NULL);
	repeat_free(&r);
	RSVT_EXPECT(rt, !nr_shared(rt));
}

static void shared_tables_are_counted_once(struct kunit *test)
{
	rsvt_all_shapes(test, say_how_many);
}

/*
 * What is refused.
 */

static void refuse_fill(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift), others;
	size_t unit = rsvt_span(rt, RSVT_LEAF), mapped = 0;
	struct io_pgtable_repeat *rep;
	unsigned int bit;

	if (rt->top == RSVT_LEAF) {
		RSVT_EXPECT(rt, io_pgtable_repeat_create(rt->ops, GFP_KERNEL) ==
				ERR_PTR(-EOPNOTSUPP));
		return;
	}
	rep = create(rt);

#define REFUSED(...)							\
	RSVT_EXPECT(rt, io_pgtable_repeat_fill(rep, __VA_ARGS__) == -EINVAL)

	REFUSED(0, unit, pgsize, 0, RSVT_PROT);
	REFUSED(0, unit, pgsize, 1, 0);
	REFUSED(0, unit, 0, 1, RSVT_PROT);
	REFUSED(0, unit, 2 * pgsize, 1, RSVT_PROT);
	REFUSED(0, unit, rt->cfg.pgsize_bitmap, 1, RSVT_PROT);
	REFUSED(pgsize / 2, unit, pgsize, 1, RSVT_PROT);
	REFUSED(0, unit + pgsize / 2, pgsize, 1, RSVT_PROT);
	REFUSED(0, BIT_ULL(rt->config.oas), pgsize, 1, RSVT_PROT);
	REFUSED(unit, unit, pgsize, 1, RSVT_PROT);
	REFUSED(unit - pgsize, unit, pgsize, 2, RSVT_PROT);
	REFUSED(0, unit, pgsize, unit / pgsize + 1, RSVT_PROT);
	REFUSED(0, unit, pgsize, SIZE_MAX, RSVT_PROT);
	REFUSED(0, unit / 2, unit, 1, RSVT_PROT);
	REFUSED(0, unit, unit, 2, RSVT_PROT);
	others = rt->cfg.pgsize_bitmap & ~(pgsize | unit);
	for_each_set_bit(bit, &others, BITS_PER_LONG)
		REFUSED(0, 0, BIT(bit), 1, RSVT_PROT);

	/* So there is nothing to map */
	RSVT_EXPECT(rt, !io_pgtable_repeat_reserve(rep, rt->base, unit, GFP_KERNEL));
	RSVT_EXPECT(rt, io_pgtable_repeat_map(rep, rt->base, unit, &mapped) == -EINVAL);
	RSVT_EXPECT(rt, !mapped);
	RSVT_EXPECT(rt, rsvt_faults(rt, rt->base));
	io_pgtable_repeat_unreserve(rep, rt->base, unit, NULL);

	/* Both pages and a block are one too many */
	RSVT_EXPECT(rt, !io_pgtable_repeat_fill(rep, 0, unit, pgsize, 1, RSVT_PROT));
	REFUSED(0, unit, unit, 1, RSVT_PROT);
	/* And so is a page where another one is */
	REFUSED(0, 2 * unit, pgsize, 2, RSVT_PROT);
	RSVT_EXPECT(rt, !io_pgtable_repeat_fill(rep, unit - pgsize, unit, pgsize, 1,
						RSVT_PROT));
	io_pgtable_repeat_destroy(rep);
	if (!(rt->cfg.pgsize_bitmap & unit) || rt->top == RSVT_LEAF - 1)
		return;
	rep = create(rt);
	RSVT_EXPECT(rt, !io_pgtable_repeat_fill(rep, 0, unit, unit, 1, RSVT_PROT));
	REFUSED(0, unit, pgsize, 1, RSVT_PROT);
	REFUSED(0, 2 * unit, unit, 1, RSVT_PROT);
	io_pgtable_repeat_destroy(rep);
#undef REFUSED
}

static void what_can_not_repeat_is_refused(struct kunit *test)
{
	rsvt_all_configs(test, refuse_fill);
}

static void expect_range_refused(struct repeat *r, int error, unsigned long iova,
				 size_t size)
{
	size_t mapped = 0;

	RSVT_EXPECT(r->rt, io_pgtable_repeat_reserve(r->rep, iova, size,
						     GFP_KERNEL) == error);
	RSVT_EXPECT(r->rt, io_pgtable_repeat_map(r->rep, iova, size, &mapped) == error);
	RSVT_EXPECT(r->rt, !mapped);
}

static void refuse_ranges(struct repeat *r)
{
	struct rsvt *rt = r->rt;
	struct iova_range range = make_range(rt->base, r->unit);
	unsigned long pgsize = BIT(rt->granule_shift), beyond = rsvt_last(rt) + 1;
	size_t mapped = 0;

	expect_range_refused(r, -EINVAL, rt->base, 0);
	expect_range_refused(r, -EINVAL, rt->base + pgsize, r->unit);
	expect_range_refused(r, -EINVAL, rt->base, r->unit + pgsize);
	expect_range_refused(r, -ERANGE, beyond, r->unit);
	expect_range_refused(r, -ERANGE, beyond - r->unit, 2 * r->unit);
	expect_range_refused(r, -ERANGE, rt->base, -r->unit);
	RSVT_EXPECT(rt, !nr_tables(rt));

	/* What is not reserved has no table for the entry, if not in the top */
	if (rt->top < RSVT_LEAF - 1) {
		RSVT_EXPECT(rt, io_pgtable_repeat_map(r->rep, rt->base, r->unit,
						      &mapped) == -ENOENT);
		RSVT_EXPECT(rt, !mapped);
	}
	if (!(rt->config.quirks & IO_PGTABLE_QUIRK_NO_WARN))
		return;

	/* Nor does it go over what is mapped */
	reserve_and_map(r, range);
	RSVT_EXPECT(rt, io_pgtable_repeat_map(r->rep, rt->base, r->unit, &mapped) ==
			-EEXIST);
	RSVT_EXPECT(rt, !mapped);
	expect_mapped(r, range);

	/* Others do not go over it */
	RSVT_EXPECT(rt, !rsvt_reserve(rt, rt->base, pgsize, pgsize));
	RSVT_EXPECT(rt, rsvt_map(rt, rt->base, pgsize, pgsize, GFP_ATOMIC) == -EEXIST);
	expect_mapped(r, range);
	rsvt_unreserve(rt, rt->base, pgsize, pgsize);
	unmap(r, range);
	unreserve(r, range, NULL);
}

static void refuse_all_ranges(struct rsvt *rt)
{
	by_pages_and_blocks(rt, refuse_ranges);
}

static void ranges_are_checked(struct kunit *test)
{
	rsvt_all_configs(test, refuse_all_ranges);
}

/* What was mapped before an error is said, and stays */
static void map_in_part(struct repeat *r)
{
	struct rsvt *rt = r->rt;
	u64 span = rsvt_span(rt, RSVT_LEAF - 1);
	struct iova_range range = make_range(rt->base + span - 2 * r->unit, 4 * r->unit);
	struct iova_range left = make_range(range.iova, 2 * r->unit);
	struct iova_range beyond = make_range(rt->base + span, 2 * r->unit);
	size_t mapped = r->unit;

	RSVT_EXPECT(rt, !reserve(r, left, GFP_KERNEL));
	RSVT_EXPECT(rt, io_pgtable_repeat_map(r->rep, range.iova, range.size, &mapped) ==
			-ENOENT);
	RSVT_EXPECT(rt, mapped == 3 * r->unit);
	expect_mapped(r, left);
	expect_unmapped(r, beyond);

	/* The rest can follow */
	RSVT_EXPECT(rt, !reserve(r, beyond, GFP_KERNEL));
	map(r, beyond);
	expect_mapped(r, range);
	unmap(r, range);
	unreserve(r, left, NULL);
	unreserve(r, beyond, NULL);
}

static void map_all_in_part(struct rsvt *rt)
{
	by_pages_and_blocks(rt, map_in_part);
}

static void a_map_that_fails_says_what_it_mapped(struct kunit *test)
{
	rsvt_all_shapes(test, map_all_in_part);
}

static void page_tables_without_reservations_do_not_repeat(struct kunit *test)
{
	struct rsvt_config config = rsvt_gpu_config;
	struct rsvt *rt;

	config.quirks = 0;
	rt = rsvt_new(test, &config);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EOPNOTSUPP),
			    io_pgtable_repeat_create(rt->ops, GFP_KERNEL));
	rsvt_free(rt);
}

/*
 * Without memory, whichever allocation fails, nothing is kept.
 */

/* As rsvt_reserve_failing() */
static int reserve_failing(struct repeat *r, unsigned int fail, bool all,
			   struct iova_range range)
{
	struct rsvt_state *state = rsvt_state(r->rt->test);
	int ret;

	state->nr = 0;
	state->fail = fail;
	state->fail_all = all;
	ret = reserve(r, range, GFP_KERNEL);
	state->fail = 0;
	return ret;
}

static void fail_at_each(struct rsvt *rt, bool all)
{
	struct rsvt_state *state = rsvt_state(rt->test);
	struct iova_range ranges[RANGES];
	struct repeat r = {};
	unsigned int nr, fail = 0;

	do {
		if (r.rep)
			io_pgtable_repeat_destroy(r.rep);
		state->nr = 0;
		state->fail = ++fail;
		state->fail_all = all;
		r.rep = io_pgtable_repeat_create(rt->ops, GFP_KERNEL);
		state->fail = 0;
		if (!IS_ERR(r.rep))
			break;
		RSVT_EXPECT(rt, r.rep == ERR_PTR(-ENOMEM));
		r.rep = NULL;
	} while (rt->test->status != KUNIT_FAILURE);
	if (!r.rep)
		return;
	/* The tables, and what describes each of them */
	RSVT_EXPECT(rt, fail > RSVT_LEAF - rt->top + 1);
	RSVT_EXPECT(rt, !nr_tables(rt));

	r.rt = rt;
	r.unit = rsvt_span(rt, RSVT_LEAF);
	nr = make_ranges(&r, ranges);
	for (unsigned int i = 0; i < nr; i++) {
		unsigned long tables = tables_at_ends(rt, ranges[i]);
		int ret;

		fail = 0;
		do {
			ret = reserve_failing(&r, ++fail, all, ranges[i]);
			if (!ret)
				break;
			RSVT_EXPECT(rt, ret == -ENOMEM);
			RSVT_EXPECT(rt, !nr_tables(rt));
		} while (rt->test->status != KUNIT_FAILURE);
		if (ret)
			break;
		RSVT_EXPECT(rt, fail > tables);
		unreserve(&r, ranges[i], NULL);
		RSVT_EXPECT(rt, !nr_tables(rt));
	}
	expect_no_flush(rt);
	repeat_free(&r);
}

static void fail_at_one_or_from_there_on(struct rsvt *rt)
{
	fail_at_each(rt, false);
	fail_at_each(rt, true);
}

static void what_fails_keeps_nothing(struct kunit *test)
{
	rsvt_all_shapes(test, fail_at_one_or_from_there_on);
}

/*
 * Others get into the middle of it. What is beside them translates all the time.
 */

struct look {
	struct repeat *r;
	struct iova_range left;
	struct iova_range right;
};

static void look_beside(struct rsvt *rt, unsigned long iova, size_t size,
			size_t granule)
{
	struct look *look = rt->data;

	expect_mapped(look->r, look->left);
	expect_mapped(look->r, look->right);
}

static void unmap_between(struct repeat *r, struct iova_range left, struct iova_range cut,
			  struct iova_range right)
{
	struct look look = { .r = r, .left = left, .right = right };

	r->rt->data = &look;
	r->rt->flushed = look_beside;
	unmap(r, cut);
	r->rt->flushed = NULL;
	expect_mapped(r, left);
	expect_mapped(r, right);
}

/* By pages, what @bind leaves of whole units */
static void map_rest(struct repeat *r, struct iova_range cut, struct iova_range bind)
{
	unsigned long pgsize = BIT(r->rt->granule_shift);
	struct io_pgtable_ops *ops = r->rt->ops;

	for (size_t done = 0; done < cut.size; done += pgsize) {
		unsigned long iova = cut.iova + done;
		size_t mapped = 0;

		if (range_has(bind, iova))
			continue;
		if (ops->map_pages(ops, iova, repeat_paddr(r, iova), pgsize, 1,
				   RSVT_PROT, GFP_ATOMIC, &mapped)) {
			RSVT_EXPECT(r->rt, !"what a bind leaves can not be mapped");
			return;
		}
	}
}

static void expect_bound(struct repeat *r, struct iova_range cut, struct iova_range bind)
{
	for (unsigned int i = 0; i < SAMPLES; i++) {
		unsigned long iova = sample(r, cut, i);

		RSVT_EXPECT(r->rt, range_has(bind, iova) ?
				   rsvt_translates(r->rt, iova) :
				   repeat_translates(r, iova));
	}
	RSVT_EXPECT(r->rt, rsvt_translates(r->rt, bind.iova));
	RSVT_EXPECT(r->rt, rsvt_translates(r->rt, range_last(bind)));
	RSVT_EXPECT(r->rt, repeat_translates(r, bind.iova - 1));
	RSVT_EXPECT(r->rt, repeat_translates(r, range_last(bind) + 1));
}

/* As the documentation says it */
static void break_up(struct repeat *r, struct iova_range whole, struct iova_range bind)
{
	struct rsvt *rt = r->rt;
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long start = round_down(bind.iova, r->unit);
	unsigned long end = round_up(bind.iova + bind.size, r->unit);
	struct iova_range cut = make_range(start, end - start);
	struct iova_range left = make_range(whole.iova, start - whole.iova);
	struct iova_range right = make_range(end, whole.iova + whole.size - end);
	struct rsvt_state *state = rsvt_state(rt->test);
	struct iommu_iotlb_gather gather;

	reserve_and_map(r, whole);
	RSVT_EXPECT(rt, !rsvt_reserve(rt, bind.iova, bind.size, pgsize));

	/* From here on, nothing takes memory */
	state->nr = 0;
	state->fail = 1;
	state->fail_all = true;
	RSVT_EXPECT(rt, !reserve(r, left, GFP_NOWAIT));
	RSVT_EXPECT(rt, !reserve(r, right, GFP_NOWAIT));
	unmap_between(r, left, cut, right);
	map_rest(r, cut, bind);
	RSVT_EXPECT(rt, !rsvt_map(rt, bind.iova, bind.size, pgsize, GFP_ATOMIC));
	iommu_iotlb_gather_init(&gather);
	unreserve(r, whole, &gather);
	state->fail = 0;
	RSVT_EXPECT(rt, !state->nr);
	iommu_put_pages_list(&gather.freelist);

	/* Idle tables go, and none that anybody needs */
	io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
	expect_bound(r, cut, bind);
	expect_mapped(r, left);
	expect_mapped(r, right);

	/* In any order */
	unmap(r, left);
	unreserve(r, left, NULL);
	io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
	expect_bound(r, cut, bind);
	unmap(r, cut);
	rsvt_unreserve(rt, bind.iova, bind.size, pgsize);
	io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
	expect_mapped(r, right);
	unmap(r, right);
	unreserve(r, right, NULL);
	rsvt_expect_empty(rt);
}

/* From the midst of a table over a whole one into another */
static struct iova_range large_range(struct repeat *r)
{
	u64 span = rsvt_span(r->rt, RSVT_LEAF - 1);

	return make_range(r->rt->base + span - 2 * r->unit, span + 5 * r->unit);
}

static void bind_within(struct repeat *r)
{
	unsigned long pgsize = BIT(r->rt->granule_shift), unit = r->unit;
	unsigned long slot = r->rt->base + rsvt_span(r->rt, RSVT_LEAF - 1);
	struct iova_range whole = large_range(r);

	/* In one unit, over two units, and over two tables */
	break_up(r, whole, make_range(slot + 3 * unit + 3 * pgsize, 5 * pgsize));
	break_up(r, whole, make_range(slot + 4 * unit - 2 * pgsize, 4 * pgsize));
	break_up(r, whole, make_range(slot - 2 * pgsize, 4 * pgsize));
	/* And where the table is that of an end */
	break_up(r, whole, make_range(slot - unit + pgsize, pgsize));
	/* All that there is of an address space */
	break_up(r, make_range(r->rt->base, BIT(r->rt->config.ias)),
		 make_range(slot + unit + pgsize, pgsize));
}

static void bind_within_all(struct rsvt *rt)
{
	by_pages_and_blocks(rt, bind_within);
}

static void binds_break_it_up(struct kunit *test)
{
	rsvt_all_shapes(test, bind_within_all);
}

/* Whole units go, of which neither end is one of a table that it is mapped by */
static void cut_out(struct repeat *r)
{
	struct rsvt *rt = r->rt;
	unsigned long pgsize = BIT(rt->granule_shift);
	u64 span = rsvt_span(rt, RSVT_LEAF - 1);
	struct iova_range whole = large_range(r);
	struct iova_range cut = make_range(rt->base + span + 2 * r->unit, span);
	struct iova_range left = make_range(whole.iova, cut.iova - whole.iova);
	struct iova_range right = make_range(cut.iova + span, r->unit);
	unsigned long near_end = range_last(cut) + 1 - pgsize;

	reserve_and_map(r, whole);
	/* A page on either side of a cut keeps its table */
	RSVT_EXPECT(rt, !rsvt_reserve(rt, cut.iova, pgsize, pgsize));
	RSVT_EXPECT(rt, !rsvt_reserve(rt, near_end, pgsize, pgsize));
	RSVT_EXPECT(rt, !reserve(r, left, GFP_NOWAIT));
	RSVT_EXPECT(rt, !reserve(r, right, GFP_NOWAIT));
	unmap_between(r, left, cut, right);
	unreserve(r, whole, NULL);
	io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
	expect_mapped(r, left);
	expect_mapped(r, right);
	expect_unmapped(r, cut);

	/* What was cut out is for others */
	rsvt_use(rt, cut.iova, pgsize, pgsize);
	rsvt_unreserve(rt, cut.iova, pgsize, pgsize);
	rsvt_unreserve(rt, near_end, pgsize, pgsize);
	reserve_and_map(r, cut);
	expect_mapped(r, whole);
	unmap(r, whole);
	unreserve(r, cut, NULL);
	unreserve(r, left, NULL);
	unreserve(r, right, NULL);
}

static void cut_out_all(struct rsvt *rt)
{
	by_pages_and_blocks(rt, cut_out);
}

static void whole_units_are_cut_out(struct kunit *test)
{
	rsvt_all_shapes(test, cut_out_all);
}

/* A few pages of a unit, with all of the reservation still there */
static void bind_pages(struct repeat *r)
{
	struct rsvt *rt = r->rt;
	unsigned long pgsize = BIT(rt->granule_shift);
	struct iova_range whole = large_range(r);
	struct iova_range bind, unit;

	if (r->blocks)
		return;
	reserve_and_map(r, whole);
	for (int i = 1; i < 4; i++) {
		unit = make_range(whole.iova + i * r->unit, r->unit);
		bind = make_range(unit.iova + 3 * pgsize, 2 * pgsize);
		RSVT_EXPECT(rt, !rsvt_reserve(rt, bind.iova, bind.size, pgsize));
		RSVT_EXPECT(rt, !rsvt_unmap(rt, bind.iova, bind.size, pgsize, NULL));
		RSVT_EXPECT(rt, rsvt_faults(rt, bind.iova));
		RSVT_EXPECT(rt, rsvt_faults(rt, range_last(bind)));
		RSVT_EXPECT(rt, !rsvt_map(rt, bind.iova, bind.size, pgsize, GFP_ATOMIC));
		expect_bound(r, unit, bind);
		expect_mapped(r, make_range(whole.iova, r->unit));
		expect_mapped(r, make_range(whole.iova + 4 * r->unit,
					    whole.size - 4 * r->unit));
	}
	unmap(r, whole);
	for (int i = 1; i < 4; i++)
		rsvt_unreserve(rt, whole.iova + i * r->unit + 3 * pgsize, 2 * pgsize,
			       pgsize);
	unreserve(r, whole, NULL);
}

static void bind_pages_all(struct rsvt *rt)
{
	by_pages_and_blocks(rt, bind_pages);
}

static void single_pages_are_replaced(struct kunit *test)
{
	rsvt_all_shapes(test, bind_pages_all);
}

/* As one block that is larger than what repeats, out of a table of the slot's own */
static void unmap_larger(struct repeat *r)
{
	struct rsvt *rt = r->rt;
	unsigned long pgsize = BIT(rt->granule_shift);
	u64 span = rsvt_span(rt, RSVT_LEAF - 1);
	struct iova_range whole = large_range(r);
	unsigned long slot = rt->base + span, end = slot + span;

	if (!(rt->cfg.pgsize_bitmap & span))
		return;
	reserve_and_map(r, whole);
	RSVT_EXPECT(rt, !rsvt_reserve(rt, slot + r->unit, pgsize, pgsize));
	unmap(r, make_range(slot + r->unit, r->unit));

	/* All others of its entries show what repeats, here and elsewhere */
	RSVT_EXPECT(rt, !rsvt_unmap(rt, slot, span, span, NULL));
	expect_unmapped(r, make_range(slot, span));
	expect_mapped(r, make_range(whole.iova, slot - whole.iova));
	expect_mapped(r, make_range(end, range_last(whole) - end + 1));

	unmap(r, make_range(whole.iova, slot - whole.iova));
	unmap(r, make_range(end, range_last(whole) - end + 1));
	unreserve(r, whole, NULL);
	rsvt_unreserve(rt, slot + r->unit, pgsize, pgsize);
}

static void unmap_larger_all(struct rsvt *rt)
{
	by_pages_and_blocks(rt, unmap_larger);
}

static void larger_blocks_take_it_along(struct kunit *test)
{
	rsvt_all_shapes(test, unmap_larger_all);
}

/* Without a table of the slot's own, a part of it does not go */
static void refuse_part(struct repeat *r)
{
	struct rsvt *rt = r->rt;
	struct iova_range whole = large_range(r);
	unsigned long slot = rt->base + rsvt_span(rt, RSVT_LEAF - 1);

	reserve_and_map(r, whole);
	if (rt->config.quirks & IO_PGTABLE_QUIRK_NO_WARN)
		RSVT_EXPECT(rt, !rt->ops->unmap_pages(rt->ops, slot + r->unit,
						      r->pgsize, 1, NULL));
	io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
	expect_mapped(r, whole);

	unmap(r, whole);
	unreserve(r, whole, NULL);
}

/* Nor with one that only stayed idle */
static void refuse_part_of_idle(struct repeat *r)
{
	struct rsvt *rt = r->rt;

	rsvt_come_and_go(rt, rt->base + rsvt_span(rt, RSVT_LEAF - 1) + r->unit,
			 BIT(rt->granule_shift));
	refuse_part(r);
}

static void refuse_part_all(struct rsvt *rt)
{
	by_pages_and_blocks(rt, refuse_part);
	by_pages_and_blocks(rt, refuse_part_of_idle);
}

static void parts_stay_without_a_table_of_their_own(struct kunit *test)
{
	rsvt_all_shapes(test, refuse_part_all);
}

/*
 * Who flushes what.
 */

struct flushed {
	struct repeat *r;
	unsigned long iova[SAMPLES];
	bool flushed[SAMPLES];
	bool coarse;
};

/* By who unmaps, once it faults */
static void note_flush(struct rsvt *rt, unsigned long iova, size_t size,
		       size_t granule)
{
	struct iova_range range = make_range(iova, size);
	struct flushed *f = rt->data;

	if (granule > (f->r->blocks ? f->r->unit : BIT(rt->granule_shift)))
		f->coarse = true;
	for (unsigned int i = 0; i < SAMPLES; i++)
		if (range_has(range, f->iova[i]) && rsvt_faults(rt, f->iova[i]))
			f->flushed[i] = true;
}

/* Or by the caller, later */
static void note_gather(struct rsvt *rt, struct iommu_iotlb_gather *gather,
			unsigned long iova, size_t granule)
{
	struct flushed *f = rt->data;

	for (unsigned int i = 0; i < SAMPLES; i++)
		if (range_has(make_range(iova, granule), f->iova[i]))
			f->flushed[i] = true;
}

static void flush_unmapped(struct repeat *r)
{
	struct rsvt *rt = r->rt;
	struct iova_range ranges[RANGES];
	unsigned int nr = make_ranges(r, ranges);
	struct flushed f;

	for (unsigned int i = 0; i < nr; i++) {
		f = (struct flushed) { .r = r };
		for (unsigned int j = 0; j < SAMPLES; j++)
			f.iova[j] = sample(r, ranges[i], j);
		reserve_and_map(r, ranges[i]);
		rt->data = &f;
		rt->flushed = note_flush;
		rt->added = note_gather;
		unmap(r, ranges[i]);
		rt->flushed = NULL;
		rt->added = NULL;
		for (unsigned int j = 0; j < SAMPLES; j++)
			RSVT_EXPECT(rt, f.flushed[j]);
		RSVT_EXPECT(rt, !f.coarse);
		unreserve(r, ranges[i], NULL);
		rsvt_expect_empty(rt);
	}
}

static void flush_all_unmapped(struct rsvt *rt)
{
	by_pages_and_blocks(rt, flush_unmapped);
}

static void what_is_unmapped_is_flushed(struct kunit *test)
{
	rsvt_all_shapes(test, flush_all_unmapped);
}

static void flush_emptied(struct repeat *r)
{
	struct rsvt *rt = r->rt;
	unsigned long pgsize = BIT(rt->granule_shift);
	u64 span = rsvt_span(rt, RSVT_LEAF - 1);
	struct iova_range whole = make_range(rt->base + span, span);
	struct iova_range few = make_range(whole.iova, 3 * r->unit);
	unsigned long beside = whole.iova + 5 * r->unit;
	struct iommu_iotlb_gather gather;

	/* One that is used keeps the table above */
	RSVT_EXPECT(rt, !rsvt_reserve(rt, beside, pgsize, pgsize));
	rsvt_use(rt, beside, pgsize, pgsize);
	iommu_iotlb_gather_init(&gather);
	rsvt_let_die(rt, few.iova + r->unit, pgsize, &gather);

	/* The walk cache may know what was in one slot */
	RSVT_EXPECT(rt, !reserve(r, few, GFP_KERNEL));
	rsvt_forget_flushes(rt);
	map(r, few);
	RSVT_EXPECT(rt, rt->flushes.walks == 1);
	/* Or in all, if the table above is in place of one */
	RSVT_EXPECT(rt, rt->flushes.start <= few.iova + r->unit);
	RSVT_EXPECT(rt, rt->flushes.last >= few.iova + 2 * r->unit - 1);
	expect_mapped(r, few);
	unmap(r, few);
	unreserve(r, few, NULL);

	/* Or a table and what is below it, which waits until its slot is free */
	RSVT_EXPECT(rt, !reserve(r, whole, GFP_KERNEL));
	rsvt_forget_flushes(rt);
	map(r, whole);
	RSVT_EXPECT(rt, rt->flushes.walks + rt->flushes.full == 1);
	RSVT_EXPECT(rt, rt->flushes.full || rt->flushes.granule <= r->unit);
	RSVT_EXPECT(rt, rt->flushes.full || rt->flushes.start == whole.iova);
	RSVT_EXPECT(rt, rt->flushes.full || rt->flushes.last == range_last(whole));
	expect_mapped(r, whole);
	unmap(r, whole);
	unreserve(r, whole, NULL);
	rsvt_use(rt, beside, pgsize, pgsize);
	rsvt_unreserve(rt, beside, pgsize, pgsize);
	iommu_put_pages_list(&gather.freelist);
}

static void flush_all_emptied(struct rsvt *rt)
{
	by_pages_and_blocks(rt, flush_emptied);
}

static void emptied_slots_are_flushed(struct kunit *test)
{
	rsvt_all_shapes(test, flush_all_emptied);
}

/* The way to a slot is another one once it has a table of its own */
static void flush_own(struct repeat *r)
{
	struct rsvt *rt = r->rt;
	unsigned long pgsize = BIT(rt->granule_shift);
	struct iova_range whole = large_range(r);
	unsigned long slot = rt->base + rsvt_span(rt, RSVT_LEAF - 1);
	unsigned long iova = slot + 3 * r->unit;

	reserve_and_map(r, whole);
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, pgsize, pgsize));
	rsvt_forget_flushes(rt);
	RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, r->unit, r->pgsize, NULL));
	RSVT_EXPECT(rt, rt->flushes.walks + rt->flushes.full >= 1);
	/* Nothing that is mapped elsewhere */
	RSVT_EXPECT(rt, rt->flushes.full || rt->flushes.start >= slot);
	expect_unmapped(r, make_range(iova, r->unit));
	expect_mapped(r, make_range(slot, 3 * r->unit));

	/* It is there now, and does not become one again */
	rsvt_use(rt, iova, pgsize, pgsize);
	unmap(r, make_range(whole.iova, iova - whole.iova));
	unmap(r, make_range(iova + r->unit, range_last(whole) - iova - r->unit + 1));
	unreserve(r, whole, NULL);
	rsvt_unreserve(rt, iova, pgsize, pgsize);
}

static void flush_all_own(struct rsvt *rt)
{
	by_pages_and_blocks(rt, flush_own);
}

static void the_way_to_a_slot_is_flushed(struct kunit *test)
{
	rsvt_all_shapes(test, flush_all_own);
}

/* A block above, with a table that waits beside it */
static void map_under_a_block(struct repeat *r)
{
	struct rsvt *rt = r->rt;
	u64 block = rsvt_span(rt, RSVT_LEAF - 1);
	unsigned long iova = rt->base + block;
	struct iova_range range = make_range(iova + r->unit, r->unit);
	size_t mapped = 0;

	if (RSVT_LEAF - rt->top < 2 || !(rsvt_pgsizes(rt) & block) ||
	    BIT_ULL(rt->config.ias) < 2 * block)
		return;
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, block, block));
	RSVT_EXPECT(rt, !rsvt_map(rt, iova, block, block, GFP_ATOMIC));
	RSVT_EXPECT(rt, !reserve(r, range, GFP_KERNEL));
	RSVT_EXPECT(rt, io_pgtable_repeat_map(r->rep, range.iova, range.size, &mapped) ==
			-EEXIST);
	RSVT_EXPECT(rt, !mapped);
	RSVT_EXPECT(rt, rsvt_translates(rt, range.iova));
	RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, block, block, NULL));

	/* It left nothing in the table that waited */
	map(r, range);
	expect_mapped(r, range);
	unmap(r, range);
	unreserve(r, range, NULL);
	rsvt_unreserve(rt, iova, block, block);
}

static void try_under_a_block(struct rsvt *rt)
{
	by_pages_and_blocks(rt, map_under_a_block);
}

/* Seen to fail with rsv_link() putting up with memory on the way. */
static void larger_blocks_are_in_the_way(struct kunit *test)
{
	rsvt_all_shapes(test, try_under_a_block);
}

/* While a reserve() allocates, somebody else lets go of what it holds already */
static struct repeat *released_repeat;

static void unreserve_first_piece(struct rsvt *rt)
{
	unsigned long end = rt->base + rsvt_span(rt, RSVT_LEAF - 1);

	unreserve(released_repeat, make_range(end - released_repeat->unit,
					      released_repeat->unit), NULL);
}

static void fail_with_last_hold(struct repeat *r)
{
	struct rsvt *rt = r->rt;
	u64 span = rsvt_span(rt, RSVT_LEAF - 1);
	unsigned long end = rt->base + span;
	struct iova_range first = make_range(end - r->unit, r->unit);

	if (RSVT_LEAF - rt->top < 2 || BIT_ULL(rt->config.ias) < 4 * span)
		return;
	/* As many idle tables as stay */
	for (unsigned int i = 0; i < RSVT_IDLE_MAX; i++)
		rsvt_come_and_go(rt, end + span + i * r->unit, BIT(rt->granule_shift));
	reserve_and_map(r, first);
	unmap(r, first);
	rsvt_forget_flushes(rt);

	released_repeat = r;
	rsvt_state(rt->test)->before = unreserve_first_piece;
	RSVT_EXPECT(rt, reserve_failing(r, 1, true, make_range(end - r->unit, 2 * r->unit)) ==
			-ENOMEM);
	expect_no_flush(rt);
	RSVT_EXPECT(rt, rsvt_table(rt, first.iova, RSVT_LEAF - 1));

	/* Who releases next can flush */
	RSVT_EXPECT(rt, !reserve(r, first, GFP_KERNEL));
	unreserve(r, first, NULL);
}

static void try_last_hold(struct rsvt *rt)
{
	by_pages_and_blocks(rt, fail_with_last_hold);
}

/* Seen to fail with io_pgtable_repeat_reserve() undoing by a release. */
static void a_reserve_that_fails_flushes_nothing(struct kunit *test)
{
	rsvt_all_shapes(test, try_last_hold);
}

static struct kunit_case repeat_cases[] = {
	KUNIT_CASE_SLOW(each_address_translates_to_its_byte),
	KUNIT_CASE_SLOW(one_table_of_each_level_is_enough),
	KUNIT_CASE(neighbours_do_not_mind),
	KUNIT_CASE(shared_tables_are_counted_once),
	KUNIT_CASE_SLOW(what_can_not_repeat_is_refused),
	KUNIT_CASE_SLOW(ranges_are_checked),
	KUNIT_CASE(a_map_that_fails_says_what_it_mapped),
	KUNIT_CASE(page_tables_without_reservations_do_not_repeat),
	KUNIT_CASE(what_fails_keeps_nothing),
	KUNIT_CASE_SLOW(binds_break_it_up),
	KUNIT_CASE(whole_units_are_cut_out),
	KUNIT_CASE(single_pages_are_replaced),
	KUNIT_CASE(larger_blocks_take_it_along),
	KUNIT_CASE(larger_blocks_are_in_the_way),
	KUNIT_CASE(a_reserve_that_fails_flushes_nothing),
	KUNIT_CASE(parts_stay_without_a_table_of_their_own),
	KUNIT_CASE(what_is_unmapped_is_flushed),
	KUNIT_CASE(emptied_slots_are_flushed),
	KUNIT_CASE(the_way_to_a_slot_is_flushed),
	{}
};

static struct kunit_suite repeat_suite = {
	.name = "io-pgtable-reserve-repeat",
	.init = rsvt_test_init,
	.exit = rsvt_test_exit,
	.test_cases = repeat_cases,
};

kunit_test_suites(&repeat_suite);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what reservations in I/O page tables promise (R1 to R11 in
 * Documentation/driver-api/io-pgtable-reserve.rst), most of them over every
 * format, granule, address size and walker. What they share, and how they look
 * at page tables, is in io-pgtable-reserve-kunit-lib.c; races and corners are in
 * io-pgtable-reserve-kunit-races.c.
 *
 * A comment "Seen to fail" names a mistake that was tried.
 */

#define pr_fmt(fmt)	"iommu reserve: " fmt

#include <linux/align.h>
#include <linux/delay.h>
#include <linux/iova_bitmap.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/panic.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "io-pgtable-reserve-kunit.h"
#include "iommu-pages.h"

/*
 * R1: between reserve and unreserve, mapping takes and unmapping gives nothing.
 */

/* The first pages of a range, and its last */
static void use_ends(struct rsvt *rt, unsigned long iova, size_t size,
		     size_t pgsize)
{
	size_t part = min(size, 20 * pgsize);

	rsvt_use(rt, iova, part, pgsize);
	rsvt_use(rt, iova + size - part, part, pgsize);
}

static void use_all_sizes(struct rsvt *rt, unsigned long iova, size_t size,
			  size_t pgsize)
{
	unsigned long pgsizes = rsvt_pgsizes(rt);
	unsigned int bit;

	for_each_set_bit(bit, &pgsizes, BITS_PER_LONG) {
		unsigned long start = ALIGN(iova, BIT(bit));

		if (BIT(bit) < pgsize || start - iova >= size ||
		    size - (start - iova) < BIT(bit))
			continue;
		use_ends(rt, start, ALIGN_DOWN(size - (start - iova), BIT(bit)),
			 BIT(bit));
	}
	/* And once more, now that blocks were there */
	use_ends(rt, iova, size, pgsize);
}

static void map_takes_nothing(struct rsvt *rt)
{
	unsigned long pgsizes = rsvt_pgsizes(rt);
	unsigned int bit;

	for_each_set_bit(bit, &pgsizes, BITS_PER_LONG) {
		/* The whole of a table and a bit of its neighbours */
		u64 span = min(BIT_ULL(bit + rt->bits), BIT_ULL(rt->config.ias - 2));
		size_t size = span + 2 * BIT(bit);
		unsigned long starts[] = {
			rt->base,
			rt->base + span - BIT(bit),
			rt->base + BIT(rt->config.ias - 1) - BIT(bit),
			rsvt_last(rt) - size + 1,
		};

		if (4 * BIT(bit) > BIT_ULL(rt->config.ias))
			continue;
		for (int i = 0; i < ARRAY_SIZE(starts); i++) {
			RSVT_EXPECT(rt, !rsvt_reserve(rt, starts[i], size, BIT(bit)));
			use_all_sizes(rt, starts[i], size, BIT(bit));
			rsvt_unreserve(rt, starts[i], size, BIT(bit));
		}
	}
	rsvt_expect_empty(rt);
}

static void reserved_maps_take_no_memory(struct kunit *test)
{
	rsvt_all_configs(test, map_takes_nothing);
}

/*
 * Nothing is mapped outside of reservations.
 */

static void refuse_map(struct rsvt *rt, unsigned long iova, size_t pgsize)
{
	unsigned long events, flags;
	int ret;

	rsvt_forget_flushes(rt);
	local_irq_save(flags);
	events = iopt_kunit_page_events();
	ret = rsvt_map(rt, iova, pgsize, pgsize, GFP_ATOMIC);
	events = iopt_kunit_page_events() - events;
	local_irq_restore(flags);

	RSVT_EXPECT(rt, ret == -ENOENT);
	RSVT_EXPECT(rt, !events);
	RSVT_EXPECT(rt, rsvt_faults(rt, iova));
	RSVT_EXPECT(rt, !rt->flushes.walks && !rt->flushes.full);
}

static void refuse_maps(struct rsvt *rt)
{
	unsigned long granule = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	unsigned long iova = rt->base + span;
	bool warned = test_taint(TAINT_WARN);
	void *table;

	if (rt->top == RSVT_LEAF)
		return;

	/* No table at all, and one that is not for pages so small */
	refuse_map(rt, iova, granule);
	RSVT_EXPECT(rt, !rsvt_table(rt, iova, rt->top + 1));
	if (rt->cfg.pgsize_bitmap & span) {
		RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, span, span));
		refuse_map(rt, iova, granule);
		rsvt_unreserve(rt, iova, span, span);
	}

	/* One that never was in its entry, and one that is idle there */
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, granule, granule));
	rsvt_unreserve(rt, iova, granule, granule);
	refuse_map(rt, iova, granule);
	rsvt_come_and_go(rt, iova, granule);
	table = rsvt_table(rt, iova, RSVT_LEAF);
	RSVT_EXPECT(rt, !table == !RSVT_IDLE_MAX);
	refuse_map(rt, iova, granule);
	RSVT_EXPECT(rt, rsvt_table(rt, iova, RSVT_LEAF) == table);

	/* And where one was */
	rsvt_expect_empty(rt);
	refuse_map(rt, iova, granule);
	RSVT_EXPECT(rt, warned == test_taint(TAINT_WARN));
}

/*
 * Seen to fail with iopt_reserve_link() not looking at the count, and with a map
 * not looking at the idle bit.
 */
static void maps_outside_of_reservations_are_refused(struct kunit *test)
{
	struct rsvt_config config = {
		.fmt = ARM_64_LPAE_S1,
		.pgsizes = SZ_4K | SZ_2M,
		.ias = 48,
		.oas = 48,
		.quirks = IO_PGTABLE_QUIRK_RESERVED,
	};
	struct rsvt *rt;

	rsvt_all_configs(test, refuse_maps);
	/* Without a warning, be that asked for or not */
	rt = rsvt_new(test, &config);
	refuse_maps(rt);
	rsvt_free(rt);
}

/*
 * R2: an error leaves nothing behind, and no argument makes a WARN.
 */

static void refuse(struct rsvt *rt, unsigned long iova, size_t size,
		   size_t pgsize, int error)
{
	long pages = iopt_kunit_pages();
	int ret = rsvt_reserve(rt, iova, size, pgsize);

	RSVT_EXPECT(rt, ret == error);
	RSVT_EXPECT(rt, iopt_kunit_pages() == pages);
}

static void bad_arguments(struct rsvt *rt)
{
	unsigned long granule = BIT(rt->granule_shift);
	unsigned long block = BIT(__fls(rsvt_pgsizes(rt)));
	unsigned long too_large = rt->cfg.pgsize_bitmap &
				  ~(2 * BIT(rsvt_shift(rt, rt->top)) - 1);
	unsigned long outside = rsvt_last(rt) + 1;

	refuse(rt, rt->base, 0, granule, -EINVAL);
	refuse(rt, rt->base, granule, 0, -EINVAL);
	refuse(rt, rt->base, granule, 1, -EINVAL);
	refuse(rt, rt->base, granule, granule / 2, -EINVAL);
	refuse(rt, rt->base, 8 * granule, 8 * granule, -EINVAL);
	refuse(rt, rt->base + 1, granule, granule, -EINVAL);
	refuse(rt, rt->base, granule + 1, granule, -EINVAL);
	if (block != granule) {
		refuse(rt, rt->base, block, granule | block, -EINVAL);
		refuse(rt, rt->base + granule, block, block, -EINVAL);
		refuse(rt, rt->base, granule, block, -EINVAL);
	}
	if (too_large)
		refuse(rt, rt->base, BIT(__ffs(too_large)), BIT(__ffs(too_large)), -EINVAL);
	refuse(rt, rt->base, ~0UL, granule, -EINVAL);

	refuse(rt, outside, granule, granule, -ERANGE);
	refuse(rt, rt->base - granule, granule, granule, -ERANGE);
	refuse(rt, rt->base - granule, 2 * granule, granule, -ERANGE);
	refuse(rt, outside - granule, 2 * granule, granule, -ERANGE);
	refuse(rt, rt->base, BIT(rt->config.ias) + granule, granule, -ERANGE);
	refuse(rt, rt->base + granule, -granule, granule, -ERANGE);
	refuse(rt, BIT(62), granule, granule, -ERANGE);
	refuse(rt, ~0UL << 62, granule, granule, -ERANGE);
	refuse(rt, rt->base ? 0 : -granule, granule, granule, -ERANGE);
	rsvt_expect_empty(rt);
}

static bool arguments_good(struct rsvt *rt, unsigned long iova, size_t size,
			   size_t pgsize)
{
	unsigned long last = iova + size - 1;

	return size && is_power_of_2(pgsize) &&
	       (pgsize & rt->cfg.pgsize_bitmap) && !(iova % pgsize) &&
	       !(size % pgsize) && iova >= rt->base && last >= iova &&
	       last <= rsvt_last(rt);
}

/* Bits that make numbers of all sizes, and many that are nearly right */
static unsigned long odd_number(struct rnd_state *rnd)
{
	unsigned long number = prandom_u32_state(rnd);

	number = (number << 32) | prandom_u32_state(rnd);
	switch (prandom_u32_state(rnd) % 4) {
	case 0:
		return number >> (prandom_u32_state(rnd) % 64);
	case 1:
		return BIT(number % 64);
	case 2:
		return -BIT(number % 64);
	default:
		return number & ~0UL << (prandom_u32_state(rnd) % 48);
	}
}

static void errors_leave_nothing(struct kunit *test)
{
	struct rnd_state *rnd = &rsvt_state(test)->rnd;
	bool warned = test_taint(TAINT_WARN);
	unsigned int refused = 0;
	struct rsvt *rt;
	long pages;

	rsvt_all_configs(test, bad_arguments);

	rt = rsvt_gpu(test);
	pages = iopt_kunit_pages();
	for (int i = 0; i < 200000; i++) {
		unsigned long iova = odd_number(rnd);
		size_t size = odd_number(rnd);
		size_t pgsize = odd_number(rnd);

		if (arguments_good(rt, iova, size, pgsize))
			continue;
		if (rsvt_reserve(rt, iova, size, pgsize) >= 0)
			break;
		refused++;
	}
	KUNIT_EXPECT_GT(test, refused, 190000);
	KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());
	KUNIT_EXPECT_EQ(test, warned, test_taint(TAINT_WARN));
	rsvt_free(rt);
}

/*
 * Who has reservations.
 */

static void expect_no_reservations(struct kunit *test, enum io_pgtable_fmt fmt,
				   struct io_pgtable_cfg *cfg)
{
	struct rsvt *cookie = kunit_kzalloc(test, sizeof(*cookie), GFP_KERNEL);
	struct io_pgtable_ops *ops;

	KUNIT_ASSERT_NOT_NULL(test, cookie);
	cfg->iommu_dev = rsvt_state(test)->dev;
	ops = alloc_io_pgtable_ops(fmt, cfg, cookie);
	KUNIT_ASSERT_NOT_NULL(test, ops);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			ops->reserve(ops, 0, SZ_4K, SZ_4K, GFP_KERNEL));
	ops->unreserve(ops, 0, SZ_4K, SZ_4K, NULL);
	KUNIT_EXPECT_EQ(test, 0, io_pgtable_trim(ops, ULONG_MAX, NULL));
	free_io_pgtable_ops(ops);
}

static void tlb_flush_nothing(void *cookie)
{
}

static const struct io_pgtable_cfg lpae_cfg = {
	.quirks = IO_PGTABLE_QUIRK_RESERVED,
	.pgsize_bitmap = SZ_4K,
	.ias = 48,
	.oas = 48,
	.coherent_walk = true,
	.tlb = &rsvt_tlb_ops,
};

static void page_tables_that_did_not_opt_in_have_no_reservations(struct kunit *test)
{
	struct io_pgtable_cfg cfg = lpae_cfg;

	cfg.quirks = 0;
	expect_no_reservations(test, ARM_64_LPAE_S1, &cfg);
}

static void owners_that_can_not_flush_have_no_reservations(struct kunit *test)
{
	static const struct iommu_flush_ops no_walk = {
		.tlb_flush_all	= tlb_flush_nothing,
	};
	struct io_pgtable_cfg cfg = lpae_cfg;

	cfg.tlb = NULL;
	expect_no_reservations(test, ARM_64_LPAE_S1, &cfg);
	cfg = lpae_cfg;
	cfg.tlb = &no_walk;
	expect_no_reservations(test, ARM_64_LPAE_S1, &cfg);
}

/*
 * R3: exactly the missing tables. The model is the set of tables that there
 * are, by level and by the part of the address space that they span.
 */

struct model {
	struct rsvt *rt;
	struct xarray tables[RSVT_LEAF + 1];
};

static void model_init(struct model *model, struct rsvt *rt)
{
	model->rt = rt;
	for (int level = 0; level <= RSVT_LEAF; level++)
		xa_init(&model->tables[level]);
}

static void model_destroy(struct model *model)
{
	for (int level = 0; level <= RSVT_LEAF; level++)
		xa_destroy(&model->tables[level]);
}

/* Add the tables on the way to each page of a range; how many are new? */
static unsigned int model_reserve(struct model *model, unsigned long iova,
				  size_t size, size_t pgsize)
{
	struct rsvt *rt = model->rt;
	unsigned int new = 0;

	for (size_t done = 0; done < size; done += pgsize) {
		unsigned long offset = iova - rt->base + done;

		for (int level = rt->top + 1; level <= rsvt_level(rt, pgsize);
		     level++) {
			struct xarray *xa = &model->tables[level];
			unsigned long index = offset / rsvt_span(rt, level);

			/* That of the page before is there */
			if (done && index == (offset - pgsize) / rsvt_span(rt, level))
				continue;
			if (xa_load(xa, index))
				continue;
			xa_store(xa, index, xa_mk_value(1), GFP_KERNEL);
			new++;
		}
	}
	return new;
}

#define EXACT_RANGES	20

struct exact_range {
	unsigned long iova;
	size_t size;
	size_t pgsize;
};

/* A page or a hundred, somewhere in what little is left of the addresses */
static void random_range(struct rsvt *rt, struct exact_range *range)
{
	unsigned long pgsizes = rsvt_pgsizes(rt), space;
	unsigned int nr, bit;

	do {
		bit = rsvt_random(rt, BITS_PER_LONG);
	} while (!(pgsizes & BIT(bit)));

	/* So small a part of the address space that ranges meet */
	space = min(BIT_ULL(rt->config.ias), rsvt_span(rt, RSVT_LEAF) << 6);
	if (BIT(bit) * 4 > space)
		space = BIT_ULL(rt->config.ias);
	space >>= bit;
	nr = 1 + rsvt_random(rt, min_t(unsigned long, space, 400));
	if (rsvt_random(rt, 2))
		nr = min_t(unsigned long, 1 + nr % 5, space);

	range->pgsize = BIT(bit);
	range->size = (size_t)nr << bit;
	range->iova = rt->base +
		      ((unsigned long)rsvt_random(rt, space - nr + 1) << bit);
	/* Half of them at the end of the address space */
	if (rsvt_random(rt, 2))
		range->iova = rsvt_last(rt) + 1 - range->size -
			      (range->iova - rt->base) %
			      (BIT(rt->config.ias) - range->size + 1);
	range->iova = ALIGN_DOWN(range->iova, BIT(bit));
}

/* Ranges reserved over one another, and after that all given back */
static void take_exactly(struct rsvt *rt)
{
	struct rsvt_state *state = rsvt_state(rt->test);
	struct exact_range ranges[EXACT_RANGES];
	struct model model;

	model_init(&model, rt);
	for (int i = 0; i < EXACT_RANGES; i++) {
		struct exact_range *range = &ranges[i];
		unsigned int new;

		random_range(rt, range);
		new = model_reserve(&model, range->iova, range->size,
				    range->pgsize);
		state->tables = 0;
		RSVT_EXPECT(rt, !rsvt_reserve(rt, range->iova, range->size,
					      range->pgsize));
		RSVT_EXPECT(rt, state->tables == new);
	}

	for (int i = 0; i < EXACT_RANGES; i++)
		rsvt_unreserve(rt, ranges[i].iova, ranges[i].size,
			       ranges[i].pgsize);
	rsvt_expect_empty(rt);
	model_destroy(&model);
}

static void reserve_takes_exactly_what_is_missing(struct kunit *test)
{
	rsvt_all_configs(test, take_exactly);
}

/* The requests of the project's table of results */
static void known_requests_take_known_tables(struct kunit *test)
{
	static const struct {
		unsigned long iova;
		size_t size;
		size_t pgsize;
		unsigned int tables;
	} requests[] = {
		{ 0, SZ_4K, SZ_4K, 3 },
		{ 0, SZ_2M, SZ_2M, 2 },
		/* A page on each side of a table's end, and of a table's end above */
		{ SZ_2M - SZ_4K, SZ_8K, SZ_4K, 4 },
		{ SZ_1G - SZ_4K, SZ_8K, SZ_4K, 5 },
		{ 512UL * SZ_1G - SZ_4K, SZ_8K, SZ_4K, 6 },
		/* 1 GiB of pages; 16 GiB and 1 TiB of blocks */
		{ SZ_1G, SZ_1G, SZ_4K, 512 + 2 },
		{ 16UL * SZ_1G, 16UL * SZ_1G, SZ_2M, 16 + 1 },
		{ 1024UL * SZ_1G, 1024UL * SZ_1G, SZ_2M, 1024 + 2 },
	};
	struct rsvt_state *state = rsvt_state(test);
	struct rsvt *rt = rsvt_gpu(test);

	for (int i = 0; i < ARRAY_SIZE(requests); i++) {
		state->tables = 0;
		KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, requests[i].iova,
						      requests[i].size,
						      requests[i].pgsize));
		KUNIT_EXPECT_EQ(test, requests[i].tables, state->tables);
		rsvt_unreserve(rt, requests[i].iova, requests[i].size,
			       requests[i].pgsize);
		rsvt_expect_empty(rt);
	}
	rsvt_free(rt);
}

/* Others took what was there, and left what was missing: it has too much of one kind */
static void a_stash_gets_what_it_lacks(struct kunit *test)
{
	struct rsvt *rt = rsvt_gpu(test);
	struct iopte_source *src = &io_pgtable_ops_to_pgtable(rt->ops)->rsv->src;
	struct iopte_stash stash = {}, want = { .nr_leaf = 2 };

	KUNIT_EXPECT_EQ(test, 0, iopte_stash_fill(&stash, src, &want, GFP_KERNEL));
	want = (struct iopte_stash){ .nr_leaf = 1, .nr_upper = 2 };
	KUNIT_EXPECT_EQ(test, 0, iopte_stash_fill(&stash, src, &want, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 2, stash.nr_leaf);
	KUNIT_EXPECT_EQ(test, 2, stash.nr_upper);
	want = (struct iopte_stash){ .nr_leaf = 3, .nr_upper = 1 };
	KUNIT_EXPECT_EQ(test, 0, iopte_stash_fill(&stash, src, &want, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 3, stash.nr_leaf);
	KUNIT_EXPECT_EQ(test, 2, stash.nr_upper);
	iopte_stash_free(&stash);
	rsvt_free(rt);
}

/*
 * R4: a table lives while any reservation needs it.
 */

static void nest(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long iova = rt->base + rsvt_span(rt, RSVT_LEAF) - pgsize;
	unsigned long beside = iova - pgsize;
	u64 entry;

	if (rt->top == RSVT_LEAF)
		return;
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, pgsize, pgsize));
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, pgsize, pgsize));
	RSVT_EXPECT(rt, !rsvt_reserve(rt, beside, pgsize, pgsize));
	RSVT_EXPECT(rt, !rsvt_map(rt, iova, pgsize, pgsize, GFP_ATOMIC));
	entry = rsvt_walk(rt, iova, RSVT_LEAF);

	rsvt_unreserve(rt, iova, pgsize, pgsize);
	io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
	RSVT_EXPECT(rt, rsvt_walk(rt, iova, RSVT_LEAF) == entry);
	rsvt_unreserve(rt, beside, pgsize, pgsize);
	io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
	RSVT_EXPECT(rt, rsvt_walk(rt, iova, RSVT_LEAF) == entry);
	RSVT_EXPECT(rt, rsvt_translates(rt, iova));
	rsvt_use(rt, beside, pgsize, pgsize);

	RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, pgsize, pgsize, NULL));
	RSVT_EXPECT(rt, rsvt_table(rt, iova, RSVT_LEAF));
	rsvt_unreserve(rt, iova, pgsize, pgsize);
	rsvt_expect_empty(rt);
}

static void tables_live_while_any_reservation_needs_them(struct kunit *test)
{
	rsvt_all_configs(test, nest);
}

/*
 * R5: what was reserved as one is released in parts.
 */

#define PARTS	24

static void split_blocks(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	unsigned long start = rt->base + span - pgsize * 5, cut[PARTS + 1];
	size_t size = span + pgsize * 10;
	u8 order[PARTS];

	if (rt->top == RSVT_LEAF)
		return;
	cut[0] = start;
	cut[PARTS] = start + size;
	for (int i = 1; i < PARTS; i++)
		cut[i] = cut[i - 1] + pgsize *
			 (1 + rsvt_random(rt, (cut[PARTS] - cut[i - 1]) / pgsize -
					      (PARTS - i)));
	for (int i = 0; i < PARTS; i++) {
		int j = rsvt_random(rt, i + 1);

		order[i] = order[j];
		order[j] = i;
	}

	RSVT_EXPECT(rt, !rsvt_reserve(rt, start, size, pgsize));
	for (int i = 0; i < PARTS; i++) {
		unsigned long part = cut[order[i]];

		/* Parts that are still held can be mapped */
		for (int j = i; j < PARTS; j++)
			rsvt_use(rt, cut[order[j]], pgsize, pgsize);
		rsvt_unreserve(rt, part, cut[order[i] + 1] - part, pgsize);
		io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
	}
	rsvt_expect_empty(rt);
}

static void reservations_are_released_in_parts(struct kunit *test)
{
	rsvt_all_configs(test, split_blocks);
}

/*
 * R6: unreserve where nothing may sleep; the memory stays until neither the walk
 * cache nor a reader can reach it.
 */

static void release(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift), flags;
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	unsigned long iova = rt->base + span;
	unsigned long events;
	u64 *table;

	if (rt->top == RSVT_LEAF)
		return;
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, span, pgsize));
	rsvt_use(rt, iova, pgsize, pgsize);
	table = rsvt_table(rt, iova, RSVT_LEAF);
	rsvt_forget_flushes(rt);

	local_irq_save(flags);
	rcu_read_lock();
	events = iopt_kunit_page_events();
	rsvt_unreserve(rt, iova, span, pgsize);
	io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
	events = iopt_kunit_page_events() - events;
	RSVT_EXPECT(rt, !READ_ONCE(*table));
	rcu_read_unlock();
	local_irq_restore(flags);

	RSVT_EXPECT(rt, !events);
	RSVT_EXPECT(rt, !rsvt_table(rt, iova, RSVT_LEAF));
	RSVT_EXPECT(rt, rt->flushes.start <= iova);
	RSVT_EXPECT(rt, rt->flushes.last >= iova + span - 1);
	rsvt_expect_empty(rt);
}

/* Seen to crash with tables freed at once in iopte_pages_free_rcu(). */
static void unreserve_is_safe_anywhere(struct kunit *test)
{
	rsvt_all_configs(test, release);
}

static void readers_keep_tables(struct kunit *test)
{
	struct rsvt *rt = rsvt_gpu(test);
	long pages;

	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, 0, SZ_4K, SZ_4K));
	rsvt_use(rt, 0, SZ_4K, SZ_4K);
	rcu_barrier();
	pages = iopt_kunit_pages();

	rcu_read_lock();
	rsvt_unreserve(rt, 0, SZ_4K, SZ_4K);
	io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
	mdelay(100);
	KUNIT_EXPECT_EQ(test, pages, iopt_kunit_node_sum(NR_IOMMU_PAGES));
	rcu_read_unlock();

	rcu_barrier();
	KUNIT_EXPECT_EQ(test, pages - rsvt_pages_of(rt, 3), iopt_kunit_pages());
	rsvt_free(rt);
}

/*
 * R8: blocks stay blocks, and the table is there when the block is broken up.
 */

static void block_over_table(struct rsvt *rt, unsigned long block)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long iova = rt->base + 2 * block;
	int level = rsvt_level(rt, block);
	/* All of it, but not more tables than this is worth */
	size_t size = min(block, 4 * rsvt_span(rt, RSVT_LEAF));

	if (3 * block > BIT_ULL(rt->config.ias))
		return;

	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, block, block));
	RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, size, pgsize));
	for (int i = 0; i < 2; i++) {
		/* A block, though it is reserved by pages */
		RSVT_EXPECT(rt, !rsvt_map(rt, iova, block, block, GFP_ATOMIC));
		RSVT_EXPECT(rt, rsvt_entry_is_leaf(rt, rsvt_walk(rt, iova, level), level));
		RSVT_EXPECT(rt, rsvt_translates(rt, iova + block - 1));
		RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, block, block, NULL));

		/* Pages, in the table that waited */
		use_ends(rt, iova, size, pgsize);
		RSVT_EXPECT(rt, rsvt_entry_is_table(rt, rsvt_walk(rt, iova, level), level));

		/* The next block finds pages, as it may without reservations */
		RSVT_EXPECT(rt, !rsvt_map(rt, iova, pgsize, pgsize, GFP_ATOMIC));
	}
	RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, block, block, NULL));
	RSVT_EXPECT(rt, rsvt_faults(rt, iova));
	rsvt_unreserve(rt, iova, size, pgsize);
	rsvt_unreserve(rt, iova, block, block);
	rsvt_expect_empty(rt);
}

static void block_over_tables(struct rsvt *rt)
{
	unsigned long blocks = rsvt_pgsizes(rt) & ~BIT(rt->granule_shift);
	unsigned int bit;

	for_each_set_bit(bit, &blocks, BITS_PER_LONG)
		block_over_table(rt, BIT(bit));
}

static void blocks_stay_blocks(struct kunit *test)
{
	rsvt_all_configs(test, block_over_tables);
}

/*
 * R9: nothing changes for those who did not opt in.
 */

static void be_as_ever(struct rsvt *reserved)
{
	struct rsvt_config config = reserved->config;
	unsigned long pgsize = BIT(reserved->granule_shift);
	unsigned long block = rsvt_span(reserved, RSVT_LEAF);
	unsigned long iova = reserved->base + block;
	unsigned int levels = RSVT_LEAF - reserved->top;
	unsigned int table = rsvt_table_pages(reserved);
	struct iommu_iotlb_gather gather;
	struct rsvt *rt;
	long pages;

	if (!(reserved->cfg.pgsize_bitmap & block) || !levels)
		return;

	config.quirks &= ~IO_PGTABLE_QUIRK_RESERVED;
	rt = rsvt_new(reserved->test, &config);
	/* Tables of these do not come from the allocator that the oracle knows */
	rt->config.incoherent = false;
	/* What an earlier page table left to RCU must not come in between */
	rcu_barrier();
	pages = iopt_kunit_pages();
	RSVT_EXPECT(rt, !rsvt_map(rt, iova, pgsize, pgsize, GFP_KERNEL));
	RSVT_EXPECT(rt, iopt_kunit_pages() - pages == levels * table);
	RSVT_EXPECT(rt, !rt->flushes.walks);

	/* The table is empty, and stays */
	RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, pgsize, pgsize, NULL));
	RSVT_EXPECT(rt, iopt_kunit_pages() - pages == levels * table);
	RSVT_EXPECT(rt, !rt->flushes.walks);

	/* A block takes its place, and it goes at once */
	RSVT_EXPECT(rt, !rsvt_map(rt, iova, block, block, GFP_KERNEL));
	RSVT_EXPECT(rt, iopt_kunit_pages() - pages == (levels - 1) * table);
	RSVT_EXPECT(rt, rt->flushes.walks == 1);
	RSVT_EXPECT(rt, rt->flushes.start == iova);
	RSVT_EXPECT(rt, rt->flushes.last == iova + block - 1);
	RSVT_EXPECT(rt, rt->flushes.granule == pgsize);
	RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, block, block, NULL));

	/* So does one of two, which is the one that is flushed */
	if (BIT_ULL(config.ias) >= 3 * block) {
		RSVT_EXPECT(rt, !rsvt_map(rt, iova + block, pgsize, pgsize, GFP_KERNEL));
		rsvt_forget_flushes(rt);
		RSVT_EXPECT(rt, !rsvt_map(rt, iova, 2 * block, block, GFP_KERNEL));
		RSVT_EXPECT(rt, rt->flushes.walks == 1);
		RSVT_EXPECT(rt, rt->flushes.start == iova + block);
		RSVT_EXPECT(rt, !rsvt_unmap(rt, iova + block, block, block, NULL));

		/* And if they are unmapped together */
		RSVT_EXPECT(rt, !rsvt_map(rt, iova + block, pgsize, pgsize, GFP_KERNEL));
		rsvt_forget_flushes(rt);
		iommu_iotlb_gather_init(&gather);
		RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, 2 * block, block, &gather));
		RSVT_EXPECT(rt, rt->flushes.walk == iova + block);
	}

	/* Pages unmapped as a block take the table along */
	rsvt_forget_flushes(rt);
	RSVT_EXPECT(rt, !rsvt_map(rt, iova, block, pgsize, GFP_KERNEL));
	iommu_iotlb_gather_init(&gather);
	RSVT_EXPECT(rt, rt->ops->unmap_pages(rt->ops, iova, block, 1, &gather) ==
			block);
	RSVT_EXPECT(rt, iommu_pages_list_empty(&gather.freelist));
	RSVT_EXPECT(rt, iopt_kunit_pages() - pages == (levels - 1) * table);
	RSVT_EXPECT(rt, rt->flushes.walks == 1);
	RSVT_EXPECT(rt, rt->flushes.pages == 1);
	RSVT_EXPECT(rt, !rt->flushes.full);
	rsvt_free(rt);
	kunit_kfree(reserved->test, rt);
}

static void tables_that_did_not_opt_in_are_as_ever(struct kunit *test)
{
	rsvt_all_configs(test, be_as_ever);
}

/*
 * R10: accounting.
 */

static void tables_are_accounted(struct kunit *test)
{
	struct rsvt_state *state = rsvt_state(test);
	struct rsvt *rt = rsvt_gpu(test);
	long secondary, pages;

	rcu_barrier();
	pages = iopt_kunit_pages();
	secondary = iopt_kunit_node_stat(NR_SECONDARY_PAGETABLE);
	state->desc_gfp = GFP_KERNEL_ACCOUNT;
	KUNIT_EXPECT_EQ(test, 0,
			rt->ops->reserve(rt->ops, SZ_1G, SZ_1G, SZ_4K,
					 GFP_KERNEL_ACCOUNT));
	KUNIT_EXPECT_TRUE(test, state->gfp & __GFP_ACCOUNT);
	KUNIT_EXPECT_EQ(test, GFP_KERNEL_ACCOUNT, state->desc_gfp);
	KUNIT_EXPECT_EQ(test, pages + rsvt_pages_of(rt, 512 + 2), iopt_kunit_pages());
	KUNIT_EXPECT_EQ(test, secondary + rsvt_pages_of(rt, 512 + 2),
			iopt_kunit_node_stat(NR_SECONDARY_PAGETABLE));
	rsvt_unreserve(rt, SZ_1G, SZ_1G, SZ_4K);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());
	KUNIT_EXPECT_EQ(test, secondary, iopt_kunit_node_stat(NR_SECONDARY_PAGETABLE));
	rsvt_free(rt);
}

/*
 * What it does to the machine: a few tables are worth reclaim, many are not worth
 * the life of others, and who may not sleep does nothing of the kind.
 */

static void large_requests_kill_nobody(struct kunit *test)
{
	struct rsvt *rt = rsvt_gpu(test);
	struct rsvt_state *state = rsvt_state(test);

	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_1G, SZ_4K, SZ_4K));
	KUNIT_EXPECT_EQ(test, GFP_KERNEL, state->gfp);
	rsvt_unreserve(rt, SZ_1G, SZ_4K, SZ_4K);

	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_1G, SZ_1G, SZ_4K));
	KUNIT_EXPECT_TRUE(test, state->gfp & __GFP_RETRY_MAYFAIL);
	KUNIT_EXPECT_TRUE(test, state->gfp & __GFP_NOWARN);
	rsvt_unreserve(rt, SZ_1G, SZ_1G, SZ_4K);

	/* Those that would not do it, anyway */
	KUNIT_EXPECT_EQ(test, 0, rt->ops->reserve(rt->ops, SZ_1G, SZ_1G, SZ_4K,
						  GFP_KERNEL | __GFP_NORETRY));
	KUNIT_EXPECT_FALSE(test, state->gfp & __GFP_RETRY_MAYFAIL);
	rsvt_unreserve(rt, SZ_1G, SZ_1G, SZ_4K);
	KUNIT_EXPECT_EQ(test, 0, rt->ops->reserve(rt->ops, SZ_1G, SZ_1G, SZ_4K,
						  GFP_NOWAIT));
	KUNIT_EXPECT_FALSE(test, state->gfp & __GFP_RETRY_MAYFAIL);
	rsvt_unreserve(rt, SZ_1G, SZ_1G, SZ_4K);
	rsvt_free(rt);
}

/* As SIGKILL does it, but this thread has nobody who would send it */
static void set_killed(bool killed)
{
	if (!killed) {
		flush_signals(current);
		return;
	}
	spin_lock_irq(&current->sighand->siglock);
	sigaddset(&current->pending.signal, SIGKILL);
	set_tsk_thread_flag(current, TIF_SIGPENDING);
	spin_unlock_irq(&current->sighand->siglock);
}

static void only_who_sleeps_is_killed(struct kunit *test)
{
	/* More than are looked at in one go */
	const size_t size = 300 * SZ_2M;
	struct rsvt *rt = rsvt_gpu(test);
	int atomic, blocking, present;

	set_killed(true);
	atomic = rt->ops->reserve(rt->ops, SZ_1G, size, SZ_4K, GFP_NOWAIT);
	present = rsvt_reserve(rt, SZ_1G, size, SZ_4K);
	blocking = rsvt_reserve(rt, 2UL * SZ_1G, SZ_2M, SZ_4K);
	set_killed(false);

	KUNIT_EXPECT_EQ(test, 0, atomic);
	/* With nothing to allocate there is nothing to wait for */
	KUNIT_EXPECT_EQ(test, 0, present);
	KUNIT_EXPECT_EQ(test, -EINTR, blocking);
	rsvt_unreserve(rt, SZ_1G, size, SZ_4K);
	rsvt_unreserve(rt, SZ_1G, size, SZ_4K);
	rsvt_expect_empty(rt);
	rsvt_free(rt);
}

/* R2: flags that pages of the kernel can not have are no reason to warn, or to fail */
static void flags_are_for_pages(struct kunit *test)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_HIGHMEM | __GFP_COMP;
	bool warned = test_taint(TAINT_WARN);
	struct rsvt *rt = rsvt_gpu(test);
	struct io_pgtable_repeat *rep;

	KUNIT_EXPECT_EQ(test, 0, rt->ops->reserve(rt->ops, SZ_1G, SZ_1G, SZ_4K, gfp));
	KUNIT_EXPECT_EQ(test, 0, rt->ops->reserve(rt->ops, 0, SZ_4K, SZ_4K, gfp));
	rep = io_pgtable_repeat_create(rt->ops, gfp);
	if (!IS_ERR(rep))
		io_pgtable_repeat_destroy(rep);
	KUNIT_EXPECT_TRUE(test, !IS_ERR(rep) || PTR_ERR(rep) == -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, warned, test_taint(TAINT_WARN));
	rsvt_unreserve(rt, 0, SZ_4K, SZ_4K);
	rsvt_unreserve(rt, SZ_1G, SZ_1G, SZ_4K);
	rsvt_expect_empty(rt);
	rsvt_free(rt);
}

static void atomic_requests_do_not_give_way(struct kunit *test)
{
	struct rsvt *rt = rsvt_gpu(test);
	bool stays;
	int ret;

	preempt_disable();
	set_tsk_need_resched(current);
	set_preempt_need_resched();
	ret = rt->ops->reserve(rt->ops, SZ_1G, SZ_1G, SZ_4K, GFP_NOWAIT);
	/* What is gone if it did */
	stays = test_tsk_need_resched(current);
	preempt_enable();

	KUNIT_EXPECT_EQ(test, 0, ret);
	KUNIT_EXPECT_TRUE(test, stays);
	rsvt_unreserve(rt, SZ_1G, SZ_1G, SZ_4K);
	rsvt_expect_empty(rt);
	rsvt_free(rt);
}

/* What pages were before does not say whether tables are mapped for a device */
static void pages_forget_what_they_were(struct kunit *test)
{
	struct rsvt *rt = rsvt_gpu(test);
	LIST_HEAD(pages);
	struct page *page, *next;

	for (int i = 0; i < 256; i++) {
		page = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, page);
		/* As the page cache does it */
		page_folio(page)->index = 0xff;
		list_add(&page->lru, &pages);
	}
	list_for_each_entry_safe(page, next, &pages, lru) {
		list_del(&page->lru);
		__free_page(page);
	}

	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_1G, 64 * SZ_2M, SZ_4K));
	for (int i = 0; i < 64; i++) {
		unsigned long iova = SZ_1G + i * SZ_2M;

		/* rsvt_table() looks */
		rsvt_use(rt, iova, SZ_4K, SZ_4K);
		RSVT_EXPECT(rt, rsvt_table(rt, iova, RSVT_LEAF));
	}
	rsvt_unreserve(rt, SZ_1G, 64 * SZ_2M, SZ_4K);
	rsvt_expect_empty(rt);
	rsvt_free(rt);
}

/*
 * Dirty tracking leaves nothing out and sleeps only where it may: recording pins
 * memory of user space. A page that is mapped writable is dirty at first.
 */

#define DIRTY_SIZE	(3 * SZ_2M)
#define DIRTY_PAGES	(DIRTY_SIZE / SZ_4K)
#define DIRTY_BYTES	(DIRTY_PAGES / BITS_PER_BYTE)

static u64 __user *dirty_user(struct kunit *test)
{
	unsigned long addr;

	if (!IS_ENABLED(CONFIG_IOMMUFD_DRIVER_CORE))
		kunit_skip(test, "nothing that tracks in this kernel");
	addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, 0, addr);
	KUNIT_ASSERT_LT(test, addr, (unsigned long)TASK_SIZE);
	return (u64 __user *)addr;
}

/* Dirty pages of a range, by pages of 4 KiB */
static unsigned int count_dirty(struct rsvt *rt, u64 __user *user, size_t size,
				unsigned long flags)
{
	unsigned long *bits = kunit_kzalloc(rt->test, DIRTY_BYTES, GFP_KERNEL);
	struct iommu_dirty_bitmap dirty;
	struct iova_bitmap *bitmap;
	unsigned int nr;

	KUNIT_ASSERT_NOT_NULL(rt->test, bits);
	KUNIT_ASSERT_EQ(rt->test, 0, clear_user(user, DIRTY_BYTES));
	bitmap = iova_bitmap_alloc(SZ_1G, DIRTY_SIZE, SZ_4K, user);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(rt->test, bitmap);
	iommu_dirty_bitmap_init(&dirty, bitmap, NULL);
	RSVT_EXPECT(rt, !rt->ops->read_and_clear_dirty(rt->ops, SZ_1G, size,
						       flags, &dirty));
	iova_bitmap_free(bitmap);
	KUNIT_ASSERT_EQ(rt->test, 0, copy_from_user(bits, user, DIRTY_BYTES));
	nr = bitmap_weight(bits, DIRTY_PAGES);
	kunit_kfree(rt->test, bits);
	return nr;
}

/* What the hardware does when it writes to a page */
static void make_dirty(struct rsvt *rt, unsigned long iova, int level)
{
	u64 *entry = rsvt_entry(rt, rsvt_table(rt, iova, level), level, iova);

	/* AP[2], which is bit 7, says read-only */
	RSVT_EXPECT(rt, *entry & BIT(7));
	clear_bit(7, (unsigned long *)entry);
}

static void track(struct kunit *test, unsigned long quirks)
{
	struct rsvt_config config = {
		.fmt = ARM_64_LPAE_S1,
		.pgsizes = SZ_4K | SZ_2M,
		.ias = 48,
		.oas = 48,
		.quirks = quirks | IO_PGTABLE_QUIRK_ARM_HD,
	};
	bool reserved = quirks & IO_PGTABLE_QUIRK_RESERVED;
	u64 __user *user = dirty_user(test);
	bool warned = test_taint(TAINT_WARN);
	struct rsvt *rt = rsvt_new(test, &config);

	/* A table, a block, a table */
	if (reserved)
		KUNIT_ASSERT_EQ(test, 0, rsvt_reserve(rt, SZ_1G, DIRTY_SIZE, SZ_4K));
	KUNIT_EXPECT_EQ(test, 0, rsvt_map(rt, SZ_1G, SZ_2M, SZ_4K, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 0, rsvt_map(rt, SZ_1G + SZ_2M, SZ_2M, SZ_2M, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 0, rsvt_map(rt, SZ_1G + 2 * SZ_2M, SZ_2M, SZ_4K, GFP_KERNEL));

	KUNIT_EXPECT_EQ(test, DIRTY_PAGES, count_dirty(rt, user, DIRTY_SIZE,
						       IOMMU_DIRTY_NO_CLEAR));
	/* A part, whose end is not that of what is collected at a time */
	KUNIT_EXPECT_EQ(test, 77, count_dirty(rt, user, 77 * SZ_4K, 0));
	KUNIT_EXPECT_EQ(test, DIRTY_PAGES - 77, count_dirty(rt, user, DIRTY_SIZE, 0));
	KUNIT_EXPECT_EQ(test, 0, count_dirty(rt, user, DIRTY_SIZE, 0));

	for (int i = 0; i < 40; i++)
		make_dirty(rt, SZ_1G + i * 12 * SZ_4K, RSVT_LEAF);
	make_dirty(rt, SZ_1G + SZ_2M, RSVT_LEAF - 1);
	KUNIT_EXPECT_EQ(test, 40 + 512, count_dirty(rt, user, DIRTY_SIZE, 0));
	KUNIT_EXPECT_EQ(test, 0, count_dirty(rt, user, DIRTY_SIZE, 0));

	/* Kernels that look for it report who sleeps where he may not */
	KUNIT_EXPECT_EQ(test, warned, test_taint(TAINT_WARN));
	if (reserved) {
		KUNIT_EXPECT_EQ(test, 0, rsvt_unmap(rt, SZ_1G, DIRTY_SIZE, SZ_2M, NULL));
		rsvt_unreserve(rt, SZ_1G, DIRTY_SIZE, SZ_4K);
		rsvt_expect_empty(rt);
	}
	rsvt_free(rt);
}

static void dirty_pages_are_recorded(struct kunit *test)
{
	track(test, RSVT_QUIRKS);
}

static void dirty_pages_are_recorded_without_reservations(struct kunit *test)
{
	track(test, IO_PGTABLE_QUIRK_NO_WARN);
}

static struct kunit_case promises[] = {
	KUNIT_CASE_SLOW(reserved_maps_take_no_memory),
	KUNIT_CASE_SLOW(maps_outside_of_reservations_are_refused),
	KUNIT_CASE(errors_leave_nothing),
	KUNIT_CASE(page_tables_that_did_not_opt_in_have_no_reservations),
	KUNIT_CASE(owners_that_can_not_flush_have_no_reservations),
	KUNIT_CASE_SLOW(reserve_takes_exactly_what_is_missing),
	KUNIT_CASE(known_requests_take_known_tables),
	KUNIT_CASE(a_stash_gets_what_it_lacks),
	KUNIT_CASE(tables_live_while_any_reservation_needs_them),
	KUNIT_CASE_SLOW(reservations_are_released_in_parts),
	KUNIT_CASE_SLOW(unreserve_is_safe_anywhere),
	KUNIT_CASE(readers_keep_tables),
	KUNIT_CASE_SLOW(blocks_stay_blocks),
	KUNIT_CASE_SLOW(tables_that_did_not_opt_in_are_as_ever),
	KUNIT_CASE(tables_are_accounted),
	KUNIT_CASE(large_requests_kill_nobody),
	KUNIT_CASE(only_who_sleeps_is_killed),
	KUNIT_CASE(flags_are_for_pages),
	KUNIT_CASE(atomic_requests_do_not_give_way),
	KUNIT_CASE(pages_forget_what_they_were),
	KUNIT_CASE(dirty_pages_are_recorded),
	KUNIT_CASE(dirty_pages_are_recorded_without_reservations),
	{}
};

static struct kunit_suite promises_suite = {
	.name = "io-pgtable-reserve-promises",
	.init = rsvt_test_init,
	.exit = rsvt_test_exit,
	.test_cases = promises,
};

kunit_test_suites(&promises_suite);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of reservations in I/O page tables: what could break a promise
 * when two operations meet, when memory or counts run out, or at the ends of
 * what there is.
 *
 * Two operations meet where one can be stopped: in an allocation of reserve(),
 * and in a flush. A comment "Seen to fail" names a mistake that was tried.
 */

#define pr_fmt(fmt)	"iommu reserve: " fmt

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "iommu-reserve-idle.h"
#include "io-pgtable-reserve-kunit.h"
#include "iommu-pages.h"

/*
 * Reserve beside map, unmap, lookups and other reservations, on the same tables.
 * Each thread has its own pages in tables that all of them share, and which come
 * and go as the threads reserve and release.
 */

#define THREADS	4
#define ROUNDS	4000
#define SHARED	3

struct thread {
	struct rsvt *rt;
	unsigned int id;
	unsigned int failures;
	struct completion done;
};

/* Reserve a page of a shared table, use it, and let go of it */
static void thread_round(struct thread *thread, struct rnd_state *rnd)
{
	struct rsvt *rt = thread->rt;
	unsigned long iova = (prandom_u32_state(rnd) % SHARED) * SZ_2M +
			     thread->id * SZ_4K;
	bool bad = false;

	if (rsvt_reserve(rt, iova, SZ_4K, SZ_4K)) {
		thread->failures++;
		return;
	}
	for (int i = 0; i < 2; i++) {
		preempt_disable();
		bad |= rsvt_map(rt, iova, SZ_4K, SZ_4K, 0);
		bad |= !rsvt_translates(rt, iova);
		bad |= rsvt_unmap(rt, iova, SZ_4K, SZ_4K, NULL);
		preempt_enable();
	}
	rsvt_unreserve(rt, iova, SZ_4K, SZ_4K);
	if (!(prandom_u32_state(rnd) % 16))
		io_pgtable_trim(rt->ops, 1, NULL);
	thread->failures += bad;
}

static int thread_fn(void *data)
{
	struct thread *thread = data;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, thread->id + 1);
	for (int i = 0; i < ROUNDS; i++) {
		thread_round(thread, &rnd);
		cond_resched();
	}
	complete(&thread->done);
	return 0;
}

static void reserve_runs_beside_everything(struct kunit *test)
{
	struct thread threads[THREADS];
	struct rsvt *rt = rsvt_gpu(test);
	long pages;

	rcu_barrier();
	pages = iopt_kunit_pages();
	for (int i = 0; i < THREADS; i++) {
		struct task_struct *task;

		threads[i] = (struct thread) { .rt = rt, .id = i };
		init_completion(&threads[i].done);
		task = kthread_run(thread_fn, &threads[i], "rsvt-%d", i);
		if (IS_ERR(task))
			complete(&threads[i].done);
	}
	for (int i = 0; i < THREADS; i++) {
		wait_for_completion(&threads[i].done);
		KUNIT_EXPECT_EQ(test, 0, threads[i].failures);
	}
	rsvt_expect_empty(rt);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());
	rsvt_free(rt);
}

/*
 * While a reserve() allocates, all tables on its way die, and come back for an address
 * that has another piece of the parent's array of children.
 */
static void come_back_elsewhere(struct rsvt *rt)
{
	rsvt_unreserve(rt, SZ_1G, SZ_4K, SZ_4K);
	RSVT_EXPECT(rt, !rsvt_reserve(rt, SZ_1G + IOPTE_CHUNK_SIZE * SZ_2M, SZ_4K, SZ_4K));
}

/* Seen to fail with rsv_hold() not looking for pieces in the stash. */
static void tables_come_back_with_another_piece(struct kunit *test)
{
	struct rsvt *rt = rsvt_gpu(test);

	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_1G, SZ_4K, SZ_4K));
	rsvt_state(test)->before = come_back_elsewhere;
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_1G + SZ_2M, SZ_4K, SZ_4K));
	rsvt_use(rt, SZ_1G + SZ_2M, SZ_4K, SZ_4K);
	rsvt_unreserve(rt, SZ_1G + SZ_2M, SZ_4K, SZ_4K);
	rsvt_unreserve(rt, SZ_1G + IOPTE_CHUNK_SIZE * SZ_2M, SZ_4K, SZ_4K);
	rsvt_expect_empty(rt);
	rsvt_free(rt);
}

/*
 * The walk cache: while one has taken a table out and not flushed yet, another
 * fills the slot. What it maps there must not wait for the first.
 */

static unsigned int nested_flushes;

/* In the midst of the flush of an unreserve: map in the slot it emptied */
static void map_in_flush(struct rsvt *rt, unsigned long iova, size_t size,
			 size_t granule)
{
	rt->flushed = NULL;
	rsvt_forget_flushes(rt);
	RSVT_EXPECT(rt, !rsvt_map(rt, iova, size, size, GFP_ATOMIC));
	nested_flushes = rt->flushes.walks;
	rsvt_forget_flushes(rt);
}

static void maps_do_not_wait_for_flushes_of_others(struct kunit *test)
{
	struct rsvt *rt = rsvt_gpu(test);

	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_2M, SZ_2M, SZ_2M));
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_2M, SZ_2M, SZ_4K));
	rsvt_use(rt, SZ_2M, SZ_4K, SZ_4K);

	nested_flushes = 0;
	rt->flushed = map_in_flush;
	rsvt_unreserve(rt, SZ_2M, SZ_2M, SZ_4K);
	io_pgtable_trim(rt->ops, 1, NULL);
	KUNIT_EXPECT_EQ(test, 1, nested_flushes);
	KUNIT_EXPECT_TRUE(test, rsvt_translates(rt, SZ_2M));

	KUNIT_EXPECT_EQ(test, 0, rsvt_unmap(rt, SZ_2M, SZ_2M, SZ_2M, NULL));
	rsvt_unreserve(rt, SZ_2M, SZ_2M, SZ_2M);
	rsvt_expect_empty(rt);
	rsvt_free(rt);
}

/*
 * Two reservers fill the same hole: the second one comes while the first has its
 * tables and did not link them yet.
 */

static void reserve_same(struct rsvt *rt)
{
	RSVT_EXPECT(rt, !rsvt_reserve(rt, SZ_1G, 8 * SZ_2M, SZ_4K));
}

/* Seen to fail without iopte_stash_free() in rsv_hold_rest(). */
static void surplus_tables_go_back(struct kunit *test)
{
	struct rsvt_state *state = rsvt_state(test);
	struct rsvt *rt = rsvt_gpu(test);
	long pages;

	rcu_barrier();
	pages = iopt_kunit_pages();
	state->before = reserve_same;
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_1G, 8 * SZ_2M, SZ_4K));
	KUNIT_EXPECT_EQ(test, pages + rsvt_pages_of(rt, 8 + 2), iopt_kunit_pages());
	rsvt_use(rt, SZ_1G, 8 * SZ_2M, SZ_4K);
	rsvt_unreserve(rt, SZ_1G, 8 * SZ_2M, SZ_4K);
	rsvt_use(rt, SZ_1G, 8 * SZ_2M, SZ_4K);
	rsvt_unreserve(rt, SZ_1G, 8 * SZ_2M, SZ_4K);
	rsvt_expect_empty(rt);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());
	rsvt_free(rt);
}

/* Tables that were there when the missing ones were counted are gone later. */
static void unreserve_half(struct rsvt *rt)
{
	rsvt_unreserve(rt, SZ_1G + 4 * SZ_2M, 4 * SZ_2M, SZ_4K);
	io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
}

static void tables_may_go_after_they_were_counted(struct kunit *test)
{
	struct rsvt_state *state = rsvt_state(test);
	struct rsvt *rt = rsvt_gpu(test);
	long pages;

	rcu_barrier();
	pages = iopt_kunit_pages();
	for (int seen = 0; seen < 2; seen++) {
		KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_1G + 4 * SZ_2M,
						      4 * SZ_2M, SZ_4K));
		if (seen)
			rsvt_use(rt, SZ_1G + 4 * SZ_2M, 4 * SZ_2M, SZ_4K);
		state->before = unreserve_half;
		KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_1G, 8 * SZ_2M,
						      SZ_4K));
		rcu_barrier();
		KUNIT_EXPECT_EQ(test, pages + rsvt_pages_of(rt, 8 + 2), iopt_kunit_pages());
		rsvt_use(rt, SZ_1G, 8 * SZ_2M, SZ_4K);
		rsvt_unreserve(rt, SZ_1G, 8 * SZ_2M, SZ_4K);
		rsvt_expect_empty(rt);
		rcu_barrier();
		KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());
	}
	rsvt_free(rt);
}

/*
 * The first and the last page of each address space, and a range that is all of
 * it. The promises' tests do the rest with every shape there is.
 */
static void reserve_ends(struct rsvt *rt)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long block = BIT(__fls(rsvt_pgsizes(rt)));
	unsigned long last = rsvt_last(rt) + 1 - pgsize;

	RSVT_EXPECT(rt, !rsvt_reserve(rt, rt->base, pgsize, pgsize));
	RSVT_EXPECT(rt, !rsvt_reserve(rt, last, pgsize, pgsize));
	rsvt_use(rt, rt->base, pgsize, pgsize);
	rsvt_use(rt, last, pgsize, pgsize);
	rsvt_unreserve(rt, last, pgsize, pgsize);
	rsvt_use(rt, rt->base, pgsize, pgsize);
	rsvt_unreserve(rt, rt->base, pgsize, pgsize);
	rsvt_expect_empty(rt);

	if (BIT_ULL(rt->config.ias) / block / BIT(rt->bits) > 1024)
		return;
	RSVT_EXPECT(rt, !rsvt_reserve(rt, rt->base, BIT(rt->config.ias), block));
	rsvt_use(rt, rt->base, block, block);
	rsvt_use(rt, rsvt_last(rt) + 1 - block, block, block);
	rsvt_unreserve(rt, rt->base, BIT(rt->config.ias), block);
	rsvt_expect_empty(rt);
}

static void ends_of_the_address_space(struct kunit *test)
{
	rsvt_all_configs(test, reserve_ends);
}

/* Who finds that somebody reserved in the table before it was marked */
static void tables_in_use_are_not_idle(struct kunit *test)
{
	struct rsvt *rt = rsvt_gpu(test);
	struct iopt_reserve *rsv = io_pgtable_ops_to_pgtable(rt->ops)->rsv;
	struct iopte_page *iopte;
	void *entry;

	if (!RSVT_IDLE_MAX)
		return;
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_2M, SZ_4K, SZ_4K));
	rsvt_use(rt, SZ_2M, SZ_4K, SZ_4K);
	iopte = rsvt_find(rt, SZ_2M, RSVT_LEAF);
	KUNIT_ASSERT_NOT_NULL(test, iopte);
	entry = iopt_entry(rsv, iopte->parent, SZ_2M);

	spin_lock_irq(&rsv->lock);
	KUNIT_EXPECT_TRUE(test, iopt_idle_add(rsv, iopte));
	KUNIT_EXPECT_EQ(test, IOPT_ENTRY_LINKED,
			iopt_look(rsv, entry, iopte));
	spin_unlock_irq(&rsv->lock);
	KUNIT_EXPECT_EQ(test, 0, rsv->nr_idle);

	rsvt_unreserve(rt, SZ_2M, SZ_4K, SZ_4K);
	KUNIT_EXPECT_EQ(test, 1, rsv->nr_idle);
	rsvt_expect_empty(rt);
}

/*
 * The count of a table is full. The reservation fails, and nothing changes.
 *
 * Seen to fail without the comparison with LONG_MAX in iopte_page_get().
 */
static void full_counts_refuse(struct kunit *test)
{
	struct rsvt *rt = rsvt_gpu(test);
	struct iopte_page *iopte;
	unsigned long room;
	long pages;

	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_2M, SZ_4K, SZ_4K));
	rsvt_use(rt, SZ_2M, SZ_4K, SZ_4K);
	iopte = rsvt_find(rt, SZ_2M, RSVT_LEAF);
	KUNIT_ASSERT_NOT_NULL(test, iopte);
	room = LONG_MAX - iopte_page_count(iopte) - 511;
	KUNIT_ASSERT_EQ(test, 0, iopte_page_get(iopte, room));

	pages = iopt_kunit_pages();
	KUNIT_EXPECT_EQ(test, -ENOMEM, rsvt_reserve(rt, 0, 2 * SZ_2M, SZ_4K));
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());
	KUNIT_EXPECT_EQ(test, room + 1, iopte_page_count(iopte));

	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_2M, SZ_2M - SZ_4K, SZ_4K));
	KUNIT_EXPECT_EQ(test, LONG_MAX, iopte_page_count(iopte));
	rsvt_unreserve(rt, SZ_2M, SZ_2M - SZ_4K, SZ_4K);

	KUNIT_EXPECT_EQ(test, 0, iopte_page_put(iopte, room));
	rsvt_unreserve(rt, SZ_2M, SZ_4K, SZ_4K);
	rsvt_expect_empty(rt);
	rsvt_free(rt);
}

/*
 * Pages beside a waiting table, and a block that one bind breaks up while the
 * reservation of another waits for the same slot.
 */
static void blocks_break_over_waiting_tables(struct kunit *test)
{
	struct rsvt *rt = rsvt_gpu(test);
	int level = rsvt_level(rt, SZ_2M);

	/* Three slots by blocks; the one in the middle also by pages, twice */
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, 0, 3 * SZ_2M, SZ_2M));
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_2M, SZ_2M, SZ_4K));
	KUNIT_EXPECT_EQ(test, 0, rsvt_map(rt, 0, 3 * SZ_2M, SZ_2M, GFP_ATOMIC));
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_2M, SZ_1M, SZ_4K));
	KUNIT_EXPECT_EQ(test, 1, rsvt_walk(rt, SZ_2M, level) & 3);

	/* The first bind breaks the block up, its neighbours do not notice */
	KUNIT_EXPECT_EQ(test, 0, rsvt_unmap(rt, SZ_2M, SZ_2M, SZ_2M, NULL));
	KUNIT_EXPECT_EQ(test, 0, rsvt_map(rt, SZ_2M + SZ_1M, SZ_1M, SZ_4K,
					  GFP_ATOMIC));
	KUNIT_EXPECT_EQ(test, 3, rsvt_walk(rt, SZ_2M, level) & 3);
	KUNIT_EXPECT_TRUE(test, rsvt_translates(rt, 0));
	KUNIT_EXPECT_TRUE(test, rsvt_translates(rt, 2 * SZ_2M));

	/* Its reservation goes; the other still has the table */
	KUNIT_EXPECT_EQ(test, 0, rsvt_unmap(rt, SZ_2M + SZ_1M, SZ_1M, SZ_4K, NULL));
	rsvt_unreserve(rt, SZ_2M, SZ_2M, SZ_4K);
	rsvt_use(rt, SZ_2M, SZ_1M, SZ_4K);

	/* All three as one: two blocks are cleared, the table stays */
	KUNIT_EXPECT_EQ(test, 0, rsvt_map(rt, SZ_2M, SZ_1M, SZ_4K, GFP_ATOMIC));
	KUNIT_EXPECT_EQ(test, 0, rsvt_unmap(rt, 0, 3 * SZ_2M, SZ_2M, NULL));
	KUNIT_EXPECT_EQ(test, 0, rsvt_walk(rt, 0, level));
	KUNIT_EXPECT_EQ(test, 3, rsvt_walk(rt, SZ_2M, level) & 3);
	KUNIT_EXPECT_EQ(test, 0, rsvt_walk(rt, SZ_2M, RSVT_LEAF));
	KUNIT_EXPECT_EQ(test, 0, rsvt_walk(rt, 2 * SZ_2M, level));

	/* A table that waits under a block can go, and the block stays */
	KUNIT_EXPECT_EQ(test, 0, rsvt_map(rt, 0, 3 * SZ_2M, SZ_2M, GFP_ATOMIC));
	rsvt_unreserve(rt, SZ_2M, SZ_1M, SZ_4K);
	io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
	KUNIT_EXPECT_TRUE(test, rsvt_translates(rt, SZ_2M));
	KUNIT_EXPECT_EQ(test, 0, rsvt_unmap(rt, 0, 3 * SZ_2M, SZ_2M, NULL));
	rsvt_unreserve(rt, 0, 3 * SZ_2M, SZ_2M);
	rsvt_expect_empty(rt);
	rsvt_free(rt);
}

/*
 * Allocations fail, one after the other: of tables and of what describes them,
 * alone and with all after it, with nothing there before and with a part.
 *
 * Seen to fail without iopt_release() in rsv_hold_rest(), and in iopt_hold().
 */
static void fail_each(struct rsvt *rt, bool all, bool part)
{
	unsigned long pgsize = BIT(rt->granule_shift);
	unsigned long span = rsvt_span(rt, RSVT_LEAF);
	/* More than are allocated in one go */
	size_t size = span * 70 + pgsize;
	unsigned long iova = rt->base + span - pgsize;
	struct io_pgtable *iop = io_pgtable_ops_to_pgtable(rt->ops);
	unsigned int fail = 0, failed = 0;
	unsigned long tables;
	long pages;
	int ret;

	if (part) {
		RSVT_EXPECT(rt, !rsvt_reserve(rt, iova, 3 * span, pgsize));
		RSVT_EXPECT(rt, !rsvt_map(rt, iova, pgsize, pgsize, 0));
	}
	rcu_barrier();
	pages = iopt_kunit_pages();
	tables = iop->rsv->nr_tables;
	do {
		fail += 1 + (failed > 10 ? rsvt_random(rt, 8) : 0);
		ret = rsvt_reserve_failing(rt, fail, all, iova, size, pgsize);
		if (!ret)
			break;
		failed++;
		RSVT_EXPECT(rt, ret == -ENOMEM);
		RSVT_EXPECT(rt, iop->rsv->nr_tables == tables);
		/* Not each time, for the time it takes */
		if (failed % 16 == 1) {
			rcu_barrier();
			RSVT_EXPECT(rt, iopt_kunit_pages() == pages);
		}
		if (part)
			RSVT_EXPECT(rt, rsvt_translates(rt, iova));
	} while (rt->test->status != KUNIT_FAILURE);
	RSVT_EXPECT(rt, failed > 15);
	RSVT_EXPECT(rt, iop->rsv->nr_tables > tables);

	rsvt_unreserve(rt, iova, size, pgsize);
	if (part) {
		RSVT_EXPECT(rt, rsvt_translates(rt, iova));
		RSVT_EXPECT(rt, !rsvt_unmap(rt, iova, pgsize, pgsize, NULL));
		rsvt_unreserve(rt, iova, 3 * span, pgsize);
	}
	rsvt_expect_empty(rt);
}

static void fail_all(struct rsvt *rt)
{
	if (rsvt_span(rt, RSVT_LEAF) * 80 > BIT_ULL(rt->config.ias))
		return;
	for (int i = 0; i < 4 && rt->test->status != KUNIT_FAILURE; i++)
		fail_each(rt, i & 1, i & 2);
}

static void failed_allocations_leave_nothing(struct kunit *test)
{
	rsvt_all_shapes(test, fail_all);
}

/*
 * A request for more than there is, one that the memory ends, and one whose task
 * is killed.
 *
 * Seen to fail without the look at fatal_signal_pending() in rsv_alloc().
 */

static void kill_self(struct rsvt *rt)
{
	send_sig(SIGKILL, current, 1);
}

static void giant_requests_end(struct kunit *test)
{
	struct rsvt_state *state = rsvt_state(test);
	struct rsvt *rt = rsvt_gpu(test);
	long pages;

	rcu_barrier();
	pages = iopt_kunit_pages();
	KUNIT_EXPECT_EQ(test, -ENOMEM, rsvt_reserve(rt, 0, SZ_64T, SZ_4K));
	KUNIT_EXPECT_EQ(test, -ENOMEM, rsvt_reserve(rt, 0, 4 * SZ_64T, SZ_4K));
	KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());
	KUNIT_EXPECT_EQ(test, 0, state->nr);

	KUNIT_EXPECT_EQ(test, -ENOMEM,
			rsvt_reserve_failing(rt, 5000, true, SZ_4K,
					     64UL * SZ_1G, SZ_4K));
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());

	allow_signal(SIGKILL);
	state->before = kill_self;
	KUNIT_EXPECT_EQ(test, -EINTR, rsvt_reserve(rt, SZ_4K, 8UL * SZ_1G, SZ_4K));
	disallow_signal(SIGKILL);
	flush_signals(current);
	rsvt_expect_empty(rt);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());
	rsvt_free(rt);
}

/*
 * A reservation with smaller pages, where another keeps all tables, needs no
 * memory: that is how a block is cut in a section that signals a fence.
 */
static void kept_tables_are_reserved_without_memory(struct kunit *test)
{
	struct rsvt_state *state = rsvt_state(test);
	struct rsvt *rt = rsvt_gpu(test);

	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, 0, 2 * SZ_2M, SZ_2M));
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_2M + SZ_1M, SZ_64K, SZ_4K));

	/* The leaf table waits beside the block, then it is in the entry */
	KUNIT_EXPECT_EQ(test, 0, rsvt_map(rt, SZ_2M, SZ_2M, SZ_2M, GFP_ATOMIC));
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve_failing(rt, 1, true, SZ_2M, SZ_1M,
						      SZ_4K));
	KUNIT_EXPECT_EQ(test, 0, rsvt_unmap(rt, SZ_2M, SZ_2M, SZ_2M, NULL));
	KUNIT_EXPECT_EQ(test, 0, rsvt_map(rt, SZ_2M + SZ_1M, SZ_64K, SZ_4K, GFP_ATOMIC));
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve_failing(rt, 1, true,
						      SZ_2M + SZ_1M + SZ_64K,
						      SZ_1M - SZ_64K, SZ_4K));
	KUNIT_EXPECT_EQ(test, 0, state->nr);
	KUNIT_EXPECT_EQ(test, 0, rsvt_unmap(rt, SZ_2M + SZ_1M, SZ_64K, SZ_4K, NULL));

	/* The block is gone for good, each piece goes by itself */
	rsvt_unreserve(rt, SZ_2M, SZ_2M, SZ_2M);
	rsvt_unreserve(rt, SZ_2M + SZ_1M, SZ_64K, SZ_4K);
	rsvt_use(rt, SZ_2M, SZ_1M, SZ_4K);
	rsvt_unreserve(rt, SZ_2M, SZ_1M, SZ_4K);
	rsvt_unreserve(rt, SZ_2M + SZ_1M + SZ_64K, SZ_1M - SZ_64K, SZ_4K);
	rsvt_unreserve(rt, 0, SZ_2M, SZ_2M);
	rsvt_expect_empty(rt);
	rsvt_free(rt);
}

/*
 * The caller's side, which debug kernels look at.
 */

#ifdef CONFIG_IOMMU_RESERVE_DEBUG
#define EXPECT_REPORTS(test, number, call)				\
do {									\
	int __before = atomic_read(&iopt_reserve_reports);		\
									\
	call;								\
	KUNIT_EXPECT_EQ(test, __before + (number),			\
			atomic_read(&iopt_reserve_reports));		\
} while (0)
#else
/* Nobody looks, so nothing is reported */
#define EXPECT_REPORTS(test, number, call)				\
do {									\
	struct kunit *__test = (test);					\
									\
	(void)(number);							\
	call;								\
	KUNIT_EXPECT_TRUE(__test, rsvt_state(__test)->careless);	\
} while (0)
#endif

/* Who takes away the count of a block that is not reserved takes no leaf table */
static void releasing_too_much_takes_no_table(struct kunit *test)
{
	struct rsvt *rt = rsvt_gpu(test);

	rsvt_state(test)->careless = true;
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, 0, SZ_4K, SZ_4K));
	KUNIT_EXPECT_EQ(test, 0, rsvt_map(rt, 0, SZ_4K, SZ_4K, GFP_KERNEL));
	rsvt_come_and_go(rt, SZ_2M, SZ_4K);

	/* Two tables hold the one above, one of them idle */
	EXPECT_REPORTS(test, 0, rsvt_unreserve(rt, 0, SZ_2M, SZ_2M));
	EXPECT_REPORTS(test, 1, rsvt_unreserve(rt, 0, SZ_2M, SZ_2M));
	io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
	KUNIT_EXPECT_TRUE(test, rsvt_translates(rt, 0));

	/* And what is not there can not be taken from a count */
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_4M, SZ_4K, SZ_4K));
	EXPECT_REPORTS(test, 1, rsvt_unreserve(rt, SZ_4M, SZ_8K, SZ_4K));
	rsvt_use(rt, SZ_4M, SZ_4K, SZ_4K);
	rsvt_unreserve(rt, SZ_4M, SZ_4K, SZ_4K);

	KUNIT_EXPECT_EQ(test, 0, rsvt_unmap(rt, 0, SZ_4K, SZ_4K, NULL));
	rsvt_unreserve(rt, 0, SZ_4K, SZ_4K);
	io_pgtable_trim(rt->ops, ULONG_MAX, NULL);
	KUNIT_EXPECT_PTR_EQ(test, NULL, rsvt_table(rt, 0, RSVT_LEAF));
	EXPECT_REPORTS(test, 1, rsvt_free(rt));
}

#ifdef CONFIG_IOMMU_RESERVE_DEBUG
static void careless_callers_are_reported(struct kunit *test)
{
	struct rsvt *rt = rsvt_gpu(test);

	rsvt_state(test)->careless = true;
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, 0, SZ_2M, SZ_4K));

	/* What is not reserved, or not so often, or not so */
	EXPECT_REPORTS(test, 1, rsvt_unreserve(rt, SZ_1G, SZ_4K, SZ_4K));
	EXPECT_REPORTS(test, 1, rsvt_unreserve(rt, 0, SZ_4K, SZ_64K));
	KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, SZ_2M, SZ_4K, SZ_4K));
	EXPECT_REPORTS(test, 1, rsvt_unreserve(rt, SZ_2M, SZ_8K, SZ_4K));
	EXPECT_REPORTS(test, 0, rsvt_unreserve(rt, SZ_2M, SZ_4K, SZ_4K));

	/* Once more what is idle now */
	rsvt_come_and_go(rt, SZ_2M, SZ_4K);
	EXPECT_REPORTS(test, 1, rsvt_unreserve(rt, SZ_2M, SZ_4K, SZ_4K));

	/* The last reservation goes and a page is still mapped */
	EXPECT_REPORTS(test, 0, rsvt_map(rt, 0, SZ_4K, SZ_4K, GFP_KERNEL));
	EXPECT_REPORTS(test, 1, rsvt_unreserve(rt, 0, SZ_2M, SZ_4K));

	/* The wrong calls above gave back entries that nobody had */
	EXPECT_REPORTS(test, 1, rsvt_free(rt));
}
#endif

/* More pages than an int has room for: up to the end of the table, as always */
static void count_beyond_an_int(struct kunit *test, unsigned long quirks)
{
	struct rsvt_config config = rsvt_gpu_config;
	size_t count = (size_t)INT_MAX + 2, mapped = 0;
	struct rsvt *rt;

	config.pgsizes = SZ_4K;
	config.quirks = quirks;
	rt = rsvt_new(test, &config);
	if (quirks & IO_PGTABLE_QUIRK_RESERVED)
		KUNIT_EXPECT_EQ(test, 0, rsvt_reserve(rt, 0, SZ_2M, SZ_4K));
	KUNIT_EXPECT_EQ(test, 0, rt->ops->map_pages(rt->ops, 0, 0, SZ_4K, count, RSVT_PROT,
						    GFP_KERNEL, &mapped));
	KUNIT_EXPECT_EQ(test, SZ_2M, mapped);
	KUNIT_EXPECT_EQ(test, SZ_2M, rt->ops->unmap_pages(rt->ops, 0, SZ_4K, count, NULL));
	KUNIT_EXPECT_TRUE(test, rsvt_faults(rt, 0));
	if (quirks & IO_PGTABLE_QUIRK_RESERVED)
		rsvt_unreserve(rt, 0, SZ_2M, SZ_4K);
	rsvt_free(rt);
}

static void counts_can_be_large(struct kunit *test)
{
	if (BITS_PER_LONG < 64)
		kunit_skip(test, "addresses have less bits");
	count_beyond_an_int(test, RSVT_QUIRKS);
	count_beyond_an_int(test, IO_PGTABLE_QUIRK_NO_WARN);
}

static struct kunit_case races[] = {
	KUNIT_CASE(reserve_runs_beside_everything),
	KUNIT_CASE(tables_come_back_with_another_piece),
	KUNIT_CASE(maps_do_not_wait_for_flushes_of_others),
	KUNIT_CASE(surplus_tables_go_back),
	KUNIT_CASE(tables_may_go_after_they_were_counted),
	KUNIT_CASE_SLOW(ends_of_the_address_space),
	KUNIT_CASE(tables_in_use_are_not_idle),
	KUNIT_CASE(full_counts_refuse),
	KUNIT_CASE(blocks_break_over_waiting_tables),
	KUNIT_CASE_SLOW(failed_allocations_leave_nothing),
	KUNIT_CASE(giant_requests_end),
	KUNIT_CASE(counts_can_be_large),
	KUNIT_CASE(kept_tables_are_reserved_without_memory),
	KUNIT_CASE(releasing_too_much_takes_no_table),
#ifdef CONFIG_IOMMU_RESERVE_DEBUG
	KUNIT_CASE(careless_callers_are_reported),
#endif
	{}
};

static struct kunit_suite races_suite = {
	.name = "io-pgtable-reserve-races",
	.init = rsvt_test_init,
	.exit = rsvt_test_exit,
	.test_cases = races,
};

kunit_test_suites(&races_suite);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Torture of reservations in I/O page tables: several threads reserve, map,
 * unmap, release in parts and look up, in one page table, with allocations that
 * fail, and compare each result with a reference model.
 *
 * The window of IOVA that is used is a row of slots of one leaf table each.
 * Each page has one owner, who alone maps it, so that its model needs no lock:
 * in even slots the pages belong to the threads in turn, in odd slots all to
 * one, who also maps blocks there. Everybody reserves anywhere. So tables come
 * and go under the feet of their neighbours.
 *
 * What a thread tries follows from the seed; what it finds, and so whether an
 * allocation is there to fail, also from how the threads interleave. The first
 * finding stops all, with the seed and the last operations
 * of the thread that has it.
 */

#define pr_fmt(fmt)	"io-pgtable reserve torture: " fmt

#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/io-pgtable.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/vmstat.h>

#include "iommu-pages.h"

static unsigned int seconds = 2;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "How long the threads run");

static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "What the threads do");

#define RT_THREADS	4
#define RT_SLOTS	16
#define RT_PAGES	512
#define RT_LAST_OPS	12
#define RT_GUESTS	8
#define RT_BASE		(SZ_1G - RT_SLOTS / 2 * SZ_2M)

/* A page of the window, to its owner */
struct rt_page {
	u8 reserved;
	bool mapped;
};

/* A slot, to its owner, if it has one for all of its pages */
struct rt_slot {
	u8 reserved;
	bool block;
};

struct rt_torture {
	struct kunit *test;
	struct io_pgtable_ops *ops;
	struct rt_page (*pages)[RT_PAGES];
	struct rt_slot slots[RT_SLOTS];
	bool stop;
	unsigned long end;
};

struct rt_op {
	const char *name;
	unsigned long iova;
	size_t size;
	size_t pgsize;
	long result;
};

struct rt_thread {
	struct rt_torture *torture;
	unsigned int id;
	struct rnd_state rnd;
	struct rnd_state fail_rnd;
	unsigned long nr_ops;
	unsigned long nr_failed;
	struct rt_op last[RT_LAST_OPS];
	/* Reservations of others' pages, which are never mapped by us */
	struct rt_op guests[RT_GUESTS];
	struct completion done;
};

static u32 rt_random(struct rt_thread *thread, u32 ceil)
{
	return prandom_u32_state(&thread->rnd) % ceil;
}

static void rt_note(struct rt_thread *thread, const char *name,
		    unsigned long iova, size_t size, size_t pgsize, long result)
{
	thread->last[thread->nr_ops++ % RT_LAST_OPS] = (struct rt_op) {
		name, iova, size, pgsize, result
	};
}

static void rt_found(struct rt_thread *thread, const char *what)
{
	struct rt_torture *torture = thread->torture;

	if (xchg(&torture->stop, true))
		return;
	pr_err("thread %u: %s; seed %u, last operations:\n", thread->id, what,
	       seed);
	for (unsigned long i = 0; i < RT_LAST_OPS; i++) {
		struct rt_op *op;

		op = &thread->last[(thread->nr_ops + i) % RT_LAST_OPS];
		if (op->name)
			pr_err("  %s iova %#lx size %#zx pgsize %#zx: %ld\n",
			       op->name, op->iova, op->size, op->pgsize,
			       op->result);
	}
	KUNIT_FAIL(torture->test, "%s, seed %u", what, seed);
}

static unsigned long rt_iova(unsigned int slot, unsigned int page)
{
	return RT_BASE + slot * SZ_2M + page * SZ_4K;
}

/* Another place in memory each time it is asked for would tell no more */
static phys_addr_t rt_paddr(unsigned long iova)
{
	return iova + SZ_1G;
}

/*
 * Allocations of a thread that has current->kunit_test set may fail.
 */

static bool rt_fails(void)
{
	struct rt_thread *thread = kthread_data(current);

	return !(prandom_u32_state(&thread->fail_rnd) % 4);
}

static unsigned int rt_alloc_list(int nid, gfp_t gfp, size_t size,
				  unsigned int nr,
				  struct iommu_pages_list *list)
{
	struct kunit *test = current->kunit_test;
	unsigned int got;

	/* Without it the real one is called */
	current->kunit_test = NULL;
	got = iommu_alloc_pages_list_node_sz(nid, gfp, size,
					     rt_fails() ? nr / 2 : nr, list);
	current->kunit_test = test;
	return got;
}

static int rt_alloc_children(struct iopte_page *iopt, unsigned int nr,
			     gfp_t gfp)
{
	struct kunit *test = current->kunit_test;
	int ret = -ENOMEM;

	current->kunit_test = NULL;
	if (!rt_fails())
		ret = iopte_page_alloc_children(iopt, nr, gfp);
	current->kunit_test = test;
	return ret;
}

/* Pages that this CPU ever took or gave back; with interrupts off */
static unsigned long rt_page_events(void)
{
	struct vm_event_state *state = this_cpu_ptr(&vm_event_states);
	unsigned long sum = state->event[PGFREE];

	for (int zone = 0; zone < MAX_NR_ZONES; zone++)
		sum += state->event[PGALLOC_NORMAL - ZONE_NORMAL + zone];
	return sum;
}

static long rt_iommu_pages(void)
{
	struct pglist_data *pgdat;
	long sum = 0;
	int cpu;

	for_each_online_pgdat(pgdat) {
		sum += node_page_state_pages(pgdat, NR_IOMMU_PAGES);
		for_each_online_cpu(cpu)
			sum += per_cpu_ptr(pgdat->per_cpu_nodestats,
					   cpu)->vm_node_stat_diff[NR_IOMMU_PAGES];
	}
	return sum;
}

/*
 * The operations on the page table.
 */

static bool rt_reserve(struct rt_thread *thread, unsigned long iova,
		       size_t size, size_t pgsize)
{
	struct io_pgtable_ops *ops = thread->torture->ops;
	bool may_fail = !rt_random(thread, 4);
	int ret;

	if (may_fail)
		current->kunit_test = thread->torture->test;
	ret = ops->reserve(ops, iova, size, pgsize, GFP_KERNEL);
	current->kunit_test = NULL;

	rt_note(thread, "reserve", iova, size, pgsize, ret);
	if (ret && !(may_fail && ret == -ENOMEM))
		rt_found(thread, "reserve failed");
	thread->nr_failed += !!ret;
	return !ret;
}

static void rt_unreserve(struct rt_thread *thread, unsigned long iova,
			 size_t size, size_t pgsize)
{
	struct io_pgtable_ops *ops = thread->torture->ops;
	unsigned long flags;

	local_irq_save(flags);
	ops->unreserve(ops, iova, size, pgsize);
	local_irq_restore(flags);
	rt_note(thread, "unreserve", iova, size, pgsize, 0);
}

static void rt_map(struct rt_thread *thread, unsigned long iova, size_t size,
		   size_t pgsize)
{
	struct io_pgtable_ops *ops = thread->torture->ops;
	unsigned long flags, events;
	size_t mapped = 0;
	int ret;

	local_irq_save(flags);
	events = rt_page_events();
	ret = ops->map_pages(ops, iova, rt_paddr(iova), pgsize, size / pgsize,
			     IOMMU_READ | IOMMU_WRITE, 0, &mapped);
	events = rt_page_events() - events;
	local_irq_restore(flags);

	rt_note(thread, "map", iova, size, pgsize, ret);
	if (ret || mapped != size)
		rt_found(thread, "map in a reservation failed");
	if (events)
		rt_found(thread, "map in a reservation took memory");
}

static void rt_unmap(struct rt_thread *thread, unsigned long iova, size_t size,
		     size_t pgsize)
{
	struct io_pgtable_ops *ops = thread->torture->ops;
	unsigned long flags, events;
	size_t unmapped;

	local_irq_save(flags);
	events = rt_page_events();
	unmapped = ops->unmap_pages(ops, iova, pgsize, size / pgsize, NULL);
	events = rt_page_events() - events;
	local_irq_restore(flags);

	rt_note(thread, "unmap", iova, size, pgsize, unmapped);
	if (unmapped != size)
		rt_found(thread, "unmap failed");
	if (events)
		rt_found(thread, "unmap in a reservation gave memory back");
}

static void rt_look(struct rt_thread *thread, unsigned long iova, bool mapped)
{
	struct io_pgtable_ops *ops = thread->torture->ops;
	phys_addr_t want = mapped ? rt_paddr(iova) : 0;
	phys_addr_t paddr = ops->iova_to_phys(ops, iova);

	rt_note(thread, "lookup", iova, 0, 0, paddr);
	if (paddr != want)
		rt_found(thread, "lookup does not find what is mapped");
}

/*
 * The model.
 */

/* A run of pages of one owner: slot, first and number */
struct rt_run {
	unsigned int slot;
	unsigned int first;
	unsigned int nr;
};

static bool rt_slot_shared(unsigned int slot)
{
	return !(slot % 2);
}

static void rt_own_run(struct rt_thread *thread, struct rt_run *run)
{
	unsigned int part = RT_PAGES / RT_THREADS;

	if (rt_random(thread, 2)) {
		run->slot = 2 * rt_random(thread, RT_SLOTS / 2);
		run->first = thread->id * part + rt_random(thread, part);
		run->nr = 1 + rt_random(thread, (thread->id + 1) * part - run->first);
		return;
	}
	run->slot = 2 * (thread->id + RT_THREADS *
			 rt_random(thread, RT_SLOTS / 2 / RT_THREADS)) + 1;
	run->first = rt_random(thread, RT_PAGES);
	run->nr = 1 + rt_random(thread, RT_PAGES - run->first);
	if (!rt_random(thread, 4)) {
		run->first = 0;
		run->nr = RT_PAGES;
	}
}

/* Pages of a run that are as wanted, from its start on */
static unsigned int rt_run_while(struct rt_thread *thread, struct rt_run *run,
				 bool (*wanted)(const struct rt_page *page))
{
	struct rt_page *page = thread->torture->pages[run->slot];
	unsigned int nr = 0;

	while (nr < run->nr && wanted(&page[run->first + nr]))
		nr++;
	run->nr = nr;
	return nr;
}

static bool rt_can_reserve(const struct rt_page *page)
{
	return page->reserved < 100;
}

/* A mapped page keeps one reservation */
static bool rt_can_unreserve(const struct rt_page *page)
{
	return page->reserved > page->mapped;
}

static bool rt_can_map(const struct rt_page *page)
{
	return page->reserved && !page->mapped;
}

static bool rt_can_unmap(const struct rt_page *page)
{
	return page->mapped;
}

static void rt_do_pages(struct rt_thread *thread)
{
	static bool (*const can[])(const struct rt_page *page) = {
		rt_can_reserve, rt_can_unreserve, rt_can_map, rt_can_unmap,
	};
	struct rt_torture *torture = thread->torture;
	unsigned int what = rt_random(thread, ARRAY_SIZE(can));
	struct rt_run run;
	struct rt_page *page;
	unsigned long iova;
	size_t size;

	rt_own_run(thread, &run);
	if (torture->slots[run.slot].block || !rt_run_while(thread, &run, can[what]))
		return;
	page = &torture->pages[run.slot][run.first];
	iova = rt_iova(run.slot, run.first);
	size = run.nr * SZ_4K;

	switch (what) {
	case 0:
		if (!rt_reserve(thread, iova, size, SZ_4K))
			return;
		break;
	case 1:
		rt_unreserve(thread, iova, size, SZ_4K);
		break;
	case 2:
		rt_map(thread, iova, size, SZ_4K);
		break;
	case 3:
		rt_unmap(thread, iova, size, SZ_4K);
		break;
	}
	for (unsigned int i = 0; i < run.nr; i++) {
		page[i].reserved += (what == 0) - (what == 1);
		page[i].mapped = what == 2 || (what != 3 && page[i].mapped);
	}
}

/* In a slot that is ours: reserve, map and unmap it as a block */
static void rt_do_block(struct rt_thread *thread)
{
	struct rt_torture *torture = thread->torture;
	struct rt_page *page;
	struct rt_slot *slot;
	unsigned int mapped = 0;
	struct rt_run run;
	unsigned long iova;

	rt_own_run(thread, &run);
	if (rt_slot_shared(run.slot))
		return;
	slot = &torture->slots[run.slot];
	page = torture->pages[run.slot];
	iova = rt_iova(run.slot, 0);
	for (unsigned int i = 0; i < RT_PAGES; i++)
		mapped += page[i].mapped;

	switch (rt_random(thread, 4)) {
	case 0:
		if (slot->reserved < 100)
			slot->reserved += rt_reserve(thread, iova, SZ_2M, SZ_2M);
		break;
	case 1:
		if (slot->reserved <= slot->block)
			break;
		rt_unreserve(thread, iova, SZ_2M, SZ_2M);
		slot->reserved--;
		break;
	case 2:
		/* Over pages, too: they are gone then */
		if (!slot->reserved || slot->block)
			break;
		rt_map(thread, iova, SZ_2M, SZ_2M);
		for (unsigned int i = 0; i < RT_PAGES; i++)
			page[i].mapped = false;
		slot->block = true;
		break;
	case 3:
		if (!slot->block && !mapped)
			break;
		rt_unmap(thread, iova, SZ_2M, SZ_2M);
		for (unsigned int i = 0; i < RT_PAGES; i++)
			page[i].mapped = false;
		slot->block = false;
		break;
	}
}

static void rt_do_look(struct rt_thread *thread)
{
	struct rt_torture *torture = thread->torture;
	struct io_pgtable_ops *ops = torture->ops;
	struct rt_run run;

	rt_own_run(thread, &run);
	rt_look(thread, rt_iova(run.slot, run.first),
		torture->slots[run.slot].block ||
		torture->pages[run.slot][run.first].mapped);

	/* And somewhere else: whatever it says, it must come back */
	ops->iova_to_phys(ops, rt_iova(rt_random(thread, RT_SLOTS), run.first));
}

/* Reserve what is not ours, or let go of it in two parts */
static void rt_do_guest(struct rt_thread *thread)
{
	struct rt_op *guest = &thread->guests[rt_random(thread, RT_GUESTS)];
	unsigned int slot = rt_random(thread, RT_SLOTS);
	size_t cut;

	if (guest->size) {
		cut = guest->pgsize * rt_random(thread, guest->size / guest->pgsize);
		if (cut)
			rt_unreserve(thread, guest->iova, cut, guest->pgsize);
		rt_unreserve(thread, guest->iova + cut, guest->size - cut,
			     guest->pgsize);
		guest->size = 0;
		return;
	}

	guest->pgsize = rt_random(thread, 3) ? SZ_4K : SZ_2M;
	guest->iova = rt_iova(slot, 0);
	cut = SZ_2M * (1 + rt_random(thread, RT_SLOTS - slot));
	if (rt_reserve(thread, guest->iova, cut, guest->pgsize))
		guest->size = cut;
}

static void rt_clean_slot(struct rt_thread *thread, unsigned int slot,
			  unsigned int first, unsigned int nr)
{
	struct rt_torture *torture = thread->torture;
	struct rt_page *page = torture->pages[slot];

	for (unsigned int i = first; i < first + nr; i++) {
		if (page[i].mapped)
			rt_unmap(thread, rt_iova(slot, i), SZ_4K, SZ_4K);
		for (; page[i].reserved; page[i].reserved--)
			rt_unreserve(thread, rt_iova(slot, i), SZ_4K, SZ_4K);
		page[i].mapped = false;
	}
}

static void rt_clean(struct rt_thread *thread)
{
	struct rt_torture *torture = thread->torture;
	unsigned int part = RT_PAGES / RT_THREADS;

	for (unsigned int i = 0; i < RT_GUESTS; i++) {
		struct rt_op *guest = &thread->guests[i];

		if (guest->size)
			rt_unreserve(thread, guest->iova, guest->size,
				     guest->pgsize);
		guest->size = 0;
	}

	for (unsigned int i = 0; i < RT_SLOTS; i++) {
		struct rt_slot *slot = &torture->slots[i];

		if (rt_slot_shared(i)) {
			rt_clean_slot(thread, i, thread->id * part, part);
		} else if (i / 2 % RT_THREADS == thread->id) {
			if (slot->block)
				rt_unmap(thread, rt_iova(i, 0), SZ_2M, SZ_2M);
			slot->block = false;
			rt_clean_slot(thread, i, 0, RT_PAGES);
			for (; slot->reserved; slot->reserved--)
				rt_unreserve(thread, rt_iova(i, 0), SZ_2M, SZ_2M);
		}
	}
}

static void rt_round(struct rt_thread *thread)
{
	/* Now and then all is given back, so that tables really come and go */
	if (!rt_random(thread, 200))
		rt_clean(thread);

	switch (rt_random(thread, 8)) {
	case 0:
		rt_do_guest(thread);
		break;
	case 1:
		rt_do_look(thread);
		break;
	case 2:
	case 3:
		rt_do_block(thread);
		break;
	default:
		rt_do_pages(thread);
		break;
	}
}

static int rt_thread_fn(void *data)
{
	struct rt_thread *thread = data;
	struct rt_torture *torture = thread->torture;

	prandom_seed_state(&thread->rnd, seed * 1000ULL + thread->id);
	prandom_seed_state(&thread->fail_rnd, ~(seed * 1000ULL + thread->id));
	while (!READ_ONCE(torture->stop) && time_before(jiffies, torture->end)) {
		for (int i = 0; i < 64 && !READ_ONCE(torture->stop); i++)
			rt_round(thread);
		cond_resched();
	}
	if (!READ_ONCE(torture->stop))
		rt_clean(thread);
	complete(&thread->done);
	return 0;
}

static void rt_tlb_flush_all(void *cookie)
{
}

static void rt_tlb_flush_walk(unsigned long iova, size_t size, size_t granule,
			      void *cookie)
{
}

static const struct iommu_flush_ops rt_tlb_ops = {
	.tlb_flush_all	= rt_tlb_flush_all,
	.tlb_flush_walk	= rt_tlb_flush_walk,
};

static void rt_run_threads(struct rt_torture *torture)
{
	struct kunit *test = torture->test;
	struct rt_thread *threads;
	unsigned long nr_ops = 0, nr_failed = 0;

	threads = kunit_kcalloc(test, RT_THREADS, sizeof(*threads), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, threads);
	for (int i = 0; i < RT_THREADS; i++) {
		struct task_struct *task;

		threads[i].torture = torture;
		threads[i].id = i;
		init_completion(&threads[i].done);
		task = kthread_run(rt_thread_fn, &threads[i], "torture-%d", i);
		if (IS_ERR(task)) {
			complete(&threads[i].done);
			KUNIT_FAIL(test, "no thread %d", i);
		}
	}
	for (int i = 0; i < RT_THREADS; i++) {
		wait_for_completion(&threads[i].done);
		nr_ops += threads[i].nr_ops;
		nr_failed += threads[i].nr_failed;
	}
	kunit_info(test, "%lu operations, %lu of them without memory, seed %u\n",
		   nr_ops, nr_failed, seed);
	KUNIT_EXPECT_GT(test, nr_ops, 0);
}

static void threads_reserve_and_map(struct kunit *test)
{
	struct rt_torture *torture = kunit_kzalloc(test, sizeof(*torture), GFP_KERNEL);
	struct io_pgtable_cfg cfg = {
		.quirks = IO_PGTABLE_QUIRK_NO_WARN,
		.pgsize_bitmap = SZ_4K | SZ_2M,
		.ias = 48,
		.oas = 48,
		.coherent_walk = true,
		.tlb = &rt_tlb_ops,
	};
	long pages;

	KUNIT_ASSERT_NOT_NULL(test, torture);
	torture->test = test;
	torture->pages = kunit_kcalloc(test, RT_SLOTS, sizeof(*torture->pages),
				       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, torture->pages);
	cfg.iommu_dev = kunit_device_register(test, "io-pgtable-reserve-torture");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, cfg.iommu_dev);
	rcu_barrier();
	pages = rt_iommu_pages();
	torture->ops = alloc_io_pgtable_ops(ARM_64_LPAE_S1, &cfg, torture);
	KUNIT_ASSERT_NOT_NULL(test, torture->ops);

	kunit_activate_static_stub(test, iommu_alloc_pages_list_node_sz,
				   rt_alloc_list);
	kunit_activate_static_stub(test, iopte_page_alloc_children,
				   rt_alloc_children);
	torture->end = jiffies + seconds * HZ;
	rt_run_threads(torture);

	/* All is released: what is left is the top table */
	rcu_barrier();
	if (!torture->stop)
		KUNIT_EXPECT_EQ(test, pages + 1, rt_iommu_pages());
	free_io_pgtable_ops(torture->ops);
	if (!torture->stop)
		KUNIT_EXPECT_EQ(test, pages, rt_iommu_pages());
}

static struct kunit_case rt_torture_cases[] = {
	KUNIT_CASE_SLOW(threads_reserve_and_map),
	{}
};

static struct kunit_suite rt_torture_suite = {
	.name = "io-pgtable-reserve-torture",
	.test_cases = rt_torture_cases,
};

kunit_test_suites(&rt_torture_suite);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Torture of reservations in I/O page tables: several threads reserve, map,
 * unmap, release in parts, trim, look up, count and track what is dirty, in one
 * page table, with allocations that fail, and compare each result with a reference
 * model. One page table after the other, of each set of page sizes, for a walker
 * that is coherent and for one that is not.
 *
 * The window of IOVA that is used is a row of slots of one leaf table each, on
 * both sides of the end of a table above. Each page has one owner, who alone maps
 * it, so that its model needs no lock: in even slots the pages belong to the
 * threads in turn, in odd slots all to one, who also maps blocks there. Beyond
 * the window each thread has all that a larger block maps. Everybody reserves
 * anywhere in the window. So tables come and go under the feet of their
 * neighbours.
 *
 * What a thread tries follows from the seed; what it finds, and so whether an
 * allocation is there to fail, also from how the threads interleave. The first
 * finding stops all, with the seed and the last operations of the thread that has
 * it.
 */

#define pr_fmt(fmt)	"io-pgtable reserve torture: " fmt

#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/io-pgtable.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/vmstat.h>

#include "io-pgtable-kunit.h"
#include "iommu-pages.h"

static unsigned int seconds = 3;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "How long the threads run, all page tables together");

static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "What the threads do");

#define RT_THREADS	4
/* Slots of the window, and of what each thread has beyond it */
#define RT_SLOTS	16
#define RT_OWN_SLOTS	2
#define RT_ALL_SLOTS	(RT_SLOTS + RT_THREADS * RT_OWN_SLOTS)
/* Pages of a slot that are used, the first ones */
#define RT_PAGES	128
#define RT_LAST_OPS	12
#define RT_GUESTS	8

/* A page, to its owner */
struct rt_page {
	u8 reserved;
	bool mapped;
};

/* A block, to its owner, if it has one for all of its pages */
struct rt_block {
	u8 reserved;
	bool mapped;
};

struct rt_torture {
	struct kunit *test;
	struct io_pgtable_ops *ops;
	struct io_pgtable_cfg cfg;
	/* What a page, a leaf table and the table above span */
	size_t pgsize;
	size_t span;
	size_t upper;
	struct rt_page (*pages)[RT_PAGES];
	struct rt_block slots[RT_ALL_SLOTS];
	/* The larger blocks beyond the window, by thread */
	struct rt_block larger[RT_THREADS];
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
	/* Tables that wait for a flush */
	struct iommu_iotlb_gather gather;
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
	pr_err("thread %u: %s; page sizes %#lx%s, seed %u, last operations:\n",
	       thread->id, what, torture->cfg.pgsize_bitmap,
	       torture->cfg.coherent_walk ? "" : " incoherent", seed);
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

/*
 * Where things are. The window has half of its slots at the end of the first
 * table of the level above.
 */

static unsigned long rt_slot_iova(struct rt_torture *torture, unsigned int slot)
{
	unsigned int own = slot - RT_SLOTS;

	if (slot < RT_SLOTS)
		return torture->upper + slot * torture->span -
		       RT_SLOTS / 2 * torture->span;
	return (2 + own / RT_OWN_SLOTS) * torture->upper +
	       own % RT_OWN_SLOTS * torture->span;
}

static unsigned long rt_iova(struct rt_torture *torture, unsigned int slot,
			     unsigned int page)
{
	return rt_slot_iova(torture, slot) + page * torture->pgsize;
}

static phys_addr_t rt_paddr(struct rt_torture *torture, unsigned long iova)
{
	return iova + torture->upper;
}

static bool rt_slot_shared(unsigned int slot)
{
	return slot < RT_SLOTS && !(slot % 2);
}

/* A slot that is all of a thread's */
static unsigned int rt_own_slot(struct rt_thread *thread)
{
	unsigned int i = rt_random(thread, RT_SLOTS / 2 / RT_THREADS + RT_OWN_SLOTS);

	if (i < RT_OWN_SLOTS)
		return RT_SLOTS + thread->id * RT_OWN_SLOTS + i;
	return 2 * (thread->id + RT_THREADS * (i - RT_OWN_SLOTS)) + 1;
}

/* The block around a slot, if it has one that is larger than itself */
static struct rt_block *rt_larger(struct rt_torture *torture, unsigned int slot)
{
	return slot < RT_SLOTS ? NULL :
	       &torture->larger[(slot - RT_SLOTS) / RT_OWN_SLOTS];
}

/* A block is mapped in the slot, or around it */
static bool rt_in_block(struct rt_torture *torture, unsigned int slot)
{
	struct rt_block *larger = rt_larger(torture, slot);

	return torture->slots[slot].mapped || (larger && larger->mapped);
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

static void *rt_alloc_desc(size_t size, gfp_t gfp)
{
	struct kunit *test = current->kunit_test;
	void *desc = NULL;

	current->kunit_test = NULL;
	if (!rt_fails())
		desc = iopte_alloc_desc(size, gfp);
	current->kunit_test = test;
	return desc;
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

/* The caller's flush: there is no hardware here */
static void rt_sync(struct rt_thread *thread)
{
	iommu_put_pages_list(&thread->gather.freelist);
	iommu_iotlb_gather_init(&thread->gather);
}

static struct iommu_iotlb_gather *rt_gather(struct rt_thread *thread)
{
	return rt_random(thread, 3) ? &thread->gather : NULL;
}

static void rt_unreserve(struct rt_thread *thread, unsigned long iova,
			 size_t size, size_t pgsize)
{
	struct io_pgtable_ops *ops = thread->torture->ops;
	struct iommu_iotlb_gather *gather = rt_gather(thread);
	unsigned long flags, events;

	local_irq_save(flags);
	events = iopt_kunit_page_events();
	ops->unreserve(ops, iova, size, pgsize, gather);
	events = iopt_kunit_page_events() - events;
	local_irq_restore(flags);

	rt_note(thread, "unreserve", iova, size, pgsize, !!gather);
	if (events)
		rt_found(thread, "unreserve took memory or gave some back");
	if (!rt_random(thread, 8))
		rt_sync(thread);
}

static void rt_trim(struct rt_thread *thread)
{
	struct iommu_iotlb_gather *gather = rt_gather(thread);
	unsigned long nr = 1 + rt_random(thread, 4);

	nr = io_pgtable_trim(thread->torture->ops, nr, gather);
	rt_note(thread, "trim", 0, 0, 0, nr);
}

/* What it says is only right at rest; that it comes back is for KASAN to see */
static void rt_stats(struct rt_thread *thread)
{
	struct io_pgtable_reserve_stats stats;

	io_pgtable_reserve_stats(thread->torture->ops, &stats);
	rt_note(thread, "statistics", 0, 0, 0, stats.tables);
}

static void rt_map(struct rt_thread *thread, unsigned long iova, size_t size,
		   size_t pgsize)
{
	struct rt_torture *torture = thread->torture;
	struct io_pgtable_ops *ops = torture->ops;
	unsigned long flags, events;
	size_t mapped = 0;
	int ret;

	local_irq_save(flags);
	events = iopt_kunit_page_events();
	ret = ops->map_pages(ops, iova, rt_paddr(torture, iova), pgsize,
			     size / pgsize, IOMMU_READ | IOMMU_WRITE, 0, &mapped);
	events = iopt_kunit_page_events() - events;
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
	events = iopt_kunit_page_events();
	unmapped = ops->unmap_pages(ops, iova, pgsize, size / pgsize, NULL);
	events = iopt_kunit_page_events() - events;
	local_irq_restore(flags);

	rt_note(thread, "unmap", iova, size, pgsize, unmapped);
	if (unmapped != size)
		rt_found(thread, "unmap failed");
	if (events)
		rt_found(thread, "unmap in a reservation gave memory back");
}

static void rt_look(struct rt_thread *thread, unsigned long iova, bool mapped)
{
	struct rt_torture *torture = thread->torture;
	phys_addr_t want = mapped ? rt_paddr(torture, iova) : 0;
	phys_addr_t paddr = torture->ops->iova_to_phys(torture->ops, iova);

	rt_note(thread, "lookup", iova, 0, 0, paddr);
	if (paddr != want)
		rt_found(thread, "lookup does not find what is mapped");
}

/* A range that is mapped, and was written to or not since it was looked at last */
static void rt_dirty(struct rt_thread *thread, unsigned long iova, size_t size,
		     bool dirty)
{
	struct io_pgtable_ops *ops = thread->torture->ops;
	struct iommu_iotlb_gather gather;
	struct iommu_dirty_bitmap bitmap;
	bool right;
	int ret;

	iommu_iotlb_gather_init(&gather);
	iommu_dirty_bitmap_init(&bitmap, NULL, &gather);
	ret = ops->read_and_clear_dirty(ops, iova, size, 0, &bitmap);
	rt_note(thread, dirty ? "dirty" : "clean", iova, size, 0, ret);
	right = dirty ? gather.start == iova && gather.end == iova + size - 1 :
			gather.start > gather.end;
	if (ret || !right)
		rt_found(thread, "dirty tracking does not find what is dirty");
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

static void rt_own_run(struct rt_thread *thread, struct rt_run *run)
{
	unsigned int part = RT_PAGES / RT_THREADS;

	if (rt_random(thread, 2)) {
		run->slot = 2 * rt_random(thread, RT_SLOTS / 2);
		run->first = thread->id * part + rt_random(thread, part);
		run->nr = 1 + rt_random(thread, (thread->id + 1) * part - run->first);
		return;
	}
	run->slot = rt_own_slot(thread);
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
	if (rt_in_block(torture, run.slot) || !rt_run_while(thread, &run, can[what]))
		return;
	page = &torture->pages[run.slot][run.first];
	iova = rt_iova(torture, run.slot, run.first);
	size = run.nr * torture->pgsize;

	switch (what) {
	case 0:
		if (!rt_reserve(thread, iova, size, torture->pgsize))
			return;
		break;
	case 1:
		rt_unreserve(thread, iova, size, torture->pgsize);
		break;
	case 2:
		rt_map(thread, iova, size, torture->pgsize);
		if (!rt_random(thread, 4)) {
			rt_dirty(thread, iova, size, true);
			rt_dirty(thread, iova, size, false);
		}
		break;
	case 3:
		rt_unmap(thread, iova, size, torture->pgsize);
		break;
	}
	for (unsigned int i = 0; i < run.nr; i++) {
		page[i].reserved += (what == 0) - (what == 1);
		page[i].mapped = what == 2 || (what != 3 && page[i].mapped);
	}
}

static bool rt_slot_mapped(struct rt_torture *torture, unsigned int slot)
{
	struct rt_page *page = torture->pages[slot];

	for (unsigned int i = 0; i < RT_PAGES; i++)
		if (page[i].mapped)
			return true;
	return torture->slots[slot].mapped;
}

static void rt_slot_unmapped(struct rt_torture *torture, unsigned int slot)
{
	struct rt_page *page = torture->pages[slot];

	for (unsigned int i = 0; i < RT_PAGES; i++)
		page[i].mapped = false;
	torture->slots[slot].mapped = false;
}

/*
 * Reserve, release, map or unmap a block of @size with @nr slots from @slot on in
 * it. What was mapped in these by smaller pages is gone then.
 */
static void rt_use_block(struct rt_thread *thread, struct rt_block *block,
			 unsigned int slot, unsigned int nr, size_t size)
{
	struct rt_torture *torture = thread->torture;
	unsigned long iova = rt_slot_iova(torture, slot);
	bool mapped = block->mapped;

	for (unsigned int i = slot; i < slot + nr; i++)
		mapped |= rt_slot_mapped(torture, i);

	switch (rt_random(thread, 4)) {
	case 0:
		if (block->reserved < 100)
			block->reserved += rt_reserve(thread, iova, size, size);
		return;
	case 1:
		if (block->reserved <= block->mapped)
			return;
		rt_unreserve(thread, iova, size, size);
		block->reserved--;
		return;
	case 2:
		/* Over pages, too */
		if (!block->reserved || block->mapped)
			return;
		rt_map(thread, iova, size, size);
		break;
	case 3:
		if (!mapped)
			return;
		rt_unmap(thread, iova, size, size);
		mapped = false;
		break;
	}
	/* What is below is gone, and the block is there or gone */
	for (unsigned int i = slot; i < slot + nr; i++)
		rt_slot_unmapped(torture, i);
	block->mapped = torture->ops->iova_to_phys(torture->ops, iova);
}

static void rt_do_block(struct rt_thread *thread)
{
	struct rt_torture *torture = thread->torture;
	unsigned long pgsizes = torture->cfg.pgsize_bitmap;
	unsigned int slot = rt_own_slot(thread);
	struct rt_block *larger = rt_larger(torture, slot);

	if (larger && (pgsizes & torture->upper) && rt_random(thread, 2)) {
		rt_use_block(thread, larger,
			     RT_SLOTS + thread->id * RT_OWN_SLOTS, RT_OWN_SLOTS,
			     torture->upper);
		return;
	}
	if ((pgsizes & torture->span) && !(larger && larger->mapped))
		rt_use_block(thread, &torture->slots[slot], slot, 1, torture->span);
}

static void rt_do_look(struct rt_thread *thread)
{
	struct arm_lpae_io_pgtable_walk_data walk;
	struct rt_torture *torture = thread->torture;
	struct io_pgtable_ops *ops = torture->ops;
	struct rt_run run;
	unsigned long iova;

	rt_own_run(thread, &run);
	rt_look(thread, rt_iova(torture, run.slot, run.first),
		rt_in_block(torture, run.slot) ||
		torture->pages[run.slot][run.first].mapped);

	/* And somewhere else: whatever these say, they must come back */
	iova = rt_iova(torture, rt_random(thread, RT_ALL_SLOTS), run.first);
	ops->iova_to_phys(ops, iova);
	ops->pgtable_walk(ops, iova, &walk);
}

/* Where nobody ever reserves, nothing can be mapped */
static void rt_do_refused(struct rt_thread *thread)
{
	struct rt_torture *torture = thread->torture;
	struct io_pgtable_ops *ops = torture->ops;
	unsigned long iova = (8 + thread->id) * torture->upper;
	size_t mapped = 0;
	int ret;

	ret = ops->map_pages(ops, iova, 0, torture->pgsize, 1, IOMMU_READ,
			     GFP_KERNEL, &mapped);
	rt_note(thread, "map nowhere", iova, 0, 0, ret);
	if (ret != -ENOENT || mapped)
		rt_found(thread, "map without a reservation");
}

/* Reserve what is not ours, or let go of it in two parts */
static void rt_do_guest(struct rt_thread *thread)
{
	struct rt_torture *torture = thread->torture;
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

	guest->pgsize = torture->pgsize;
	if ((torture->cfg.pgsize_bitmap & torture->span) && !rt_random(thread, 3))
		guest->pgsize = torture->span;
	guest->iova = rt_slot_iova(torture, slot);
	cut = torture->span * (1 + rt_random(thread, RT_SLOTS - slot));
	if (rt_reserve(thread, guest->iova, cut, guest->pgsize))
		guest->size = cut;
}

static void rt_clean_pages(struct rt_thread *thread, unsigned int slot,
			   unsigned int first, unsigned int nr)
{
	struct rt_torture *torture = thread->torture;
	struct rt_page *page = torture->pages[slot];
	size_t pgsize = torture->pgsize;

	for (unsigned int i = first; i < first + nr; i++) {
		unsigned long iova = rt_iova(torture, slot, i);

		if (page[i].mapped)
			rt_unmap(thread, iova, pgsize, pgsize);
		for (; page[i].reserved; page[i].reserved--)
			rt_unreserve(thread, iova, pgsize, pgsize);
		page[i].mapped = false;
	}
}

static void rt_clean_block(struct rt_thread *thread, struct rt_block *block,
			   unsigned long iova, size_t size)
{
	if (block->mapped)
		rt_unmap(thread, iova, size, size);
	block->mapped = false;
	for (; block->reserved; block->reserved--)
		rt_unreserve(thread, iova, size, size);
}

static void rt_clean(struct rt_thread *thread)
{
	struct rt_torture *torture = thread->torture;
	unsigned int part = RT_PAGES / RT_THREADS;
	unsigned int own = RT_SLOTS + thread->id * RT_OWN_SLOTS;

	for (unsigned int i = 0; i < RT_GUESTS; i++) {
		struct rt_op *guest = &thread->guests[i];

		if (guest->size)
			rt_unreserve(thread, guest->iova, guest->size,
				     guest->pgsize);
		guest->size = 0;
	}

	rt_clean_block(thread, &torture->larger[thread->id],
		       rt_slot_iova(torture, own), torture->upper);
	for (unsigned int i = 0; i < RT_ALL_SLOTS; i++) {
		if (rt_slot_shared(i)) {
			rt_clean_pages(thread, i, thread->id * part, part);
		} else if (i < RT_SLOTS ? i / 2 % RT_THREADS == thread->id :
					  i >= own && i < own + RT_OWN_SLOTS) {
			rt_clean_block(thread, &torture->slots[i],
				       rt_slot_iova(torture, i), torture->span);
			rt_clean_pages(thread, i, 0, RT_PAGES);
		}
	}
}

static void rt_round(struct rt_thread *thread)
{
	/* Now and then all is given back, so that tables really come and go */
	if (!rt_random(thread, 200))
		rt_clean(thread);

	switch (rt_random(thread, 16)) {
	case 0 ... 1:
		rt_do_guest(thread);
		break;
	case 2:
		rt_do_look(thread);
		break;
	case 3:
		rt_do_refused(thread);
		break;
	case 4:
		if (rt_random(thread, 16))
			rt_trim(thread);
		else
			rt_stats(thread);
		break;
	case 5 ... 8:
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
	iommu_iotlb_gather_init(&thread->gather);
	/* Once at least: on a busy machine the time may be up before this runs */
	do {
		for (int i = 0; i < 64 && !READ_ONCE(torture->stop); i++)
			rt_round(thread);
		cond_resched();
	} while (!READ_ONCE(torture->stop) && time_before(jiffies, torture->end));
	if (!READ_ONCE(torture->stop))
		rt_clean(thread);
	rt_sync(thread);
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
	kunit_info(test, "%lu operations, %lu of them without memory, seed %u, page sizes %#lx%s\n",
		   nr_ops, nr_failed, seed, torture->cfg.pgsize_bitmap,
		   torture->cfg.coherent_walk ? "" : " incoherent");
	KUNIT_EXPECT_GT(test, nr_ops, 0);
	kunit_kfree(test, threads);
}

/* All is released, and each table that is left is idle */
static void rt_expect_idle(struct rt_torture *torture)
{
	struct io_pgtable_reserve_stats stats;
	struct kunit *test = torture->test;

	io_pgtable_reserve_stats(torture->ops, &stats);
	KUNIT_EXPECT_EQ(test, io_pgtable_reserved_tables(torture->ops), stats.tables);
	KUNIT_EXPECT_EQ(test, stats.tables, stats.idle);
	KUNIT_EXPECT_EQ(test, 0, stats.pages + stats.blocks);
}

static void rt_torture_one(struct rt_torture *torture, unsigned long pgsizes,
			   bool coherent, struct device *dev)
{
	struct kunit *test = torture->test;
	unsigned int bits;
	long pages, top;

	torture->cfg = (struct io_pgtable_cfg) {
		.quirks = IO_PGTABLE_QUIRK_NO_WARN | IO_PGTABLE_QUIRK_RESERVED |
			  IO_PGTABLE_QUIRK_ARM_HD,
		.pgsize_bitmap = pgsizes,
		.ias = pgsizes & SZ_4T ? 52 : 48,
		.oas = pgsizes & SZ_4T ? 52 : 48,
		.coherent_walk = coherent,
		.tlb = &rt_tlb_ops,
		.iommu_dev = dev,
	};
	torture->pgsize = BIT(__ffs(pgsizes));
	bits = __ffs(pgsizes) - 3;
	torture->span = torture->pgsize << bits;
	torture->upper = torture->span << bits;
	memset(torture->pages, 0, RT_ALL_SLOTS * sizeof(*torture->pages));
	memset(torture->slots, 0, sizeof(torture->slots));
	memset(torture->larger, 0, sizeof(torture->larger));

	rcu_barrier();
	pages = iopt_kunit_pages();
	torture->ops = alloc_io_pgtable_ops(ARM_64_LPAE_S1, &torture->cfg, torture);
	KUNIT_ASSERT_NOT_NULL(test, torture->ops);
	top = iopt_kunit_pages();
	rt_run_threads(torture);

	/* What is left are idle tables, and the top */
	if (!torture->stop)
		rt_expect_idle(torture);
	io_pgtable_trim(torture->ops, ULONG_MAX, NULL);
	rcu_barrier();
	if (!torture->stop)
		KUNIT_EXPECT_EQ(test, top, iopt_kunit_pages());
	free_io_pgtable_ops(torture->ops);
	if (!torture->stop)
		KUNIT_EXPECT_EQ(test, pages, iopt_kunit_pages());
}

static void threads_reserve_and_map(struct kunit *test)
{
	static const unsigned long pgsizes[] = {
		SZ_4K | SZ_2M, SZ_4K | SZ_2M | SZ_1G, SZ_4K | SZ_1G,
		SZ_16K | SZ_32M, SZ_64K | SZ_512M, SZ_64K | SZ_512M | SZ_4T,
	};
	struct rt_torture *torture = kunit_kzalloc(test, sizeof(*torture), GFP_KERNEL);
	unsigned long start = jiffies, each;
	struct device *dev;

	KUNIT_ASSERT_NOT_NULL(test, torture);
	torture->test = test;
	torture->pages = kunit_kcalloc(test, RT_ALL_SLOTS, sizeof(*torture->pages),
				       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, torture->pages);
	dev = kunit_device_register(test, "io-pgtable-reserve-torture");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	dev->dma_mask = &dev->coherent_dma_mask;
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)));

	kunit_activate_static_stub(test, iommu_alloc_pages_list_node_sz,
				   rt_alloc_list);
	kunit_activate_static_stub(test, iopte_alloc_desc, rt_alloc_desc);
	each = seconds * HZ / (2 * ARRAY_SIZE(pgsizes));
	for (int i = 0; i < 2 * ARRAY_SIZE(pgsizes) && !torture->stop; i++) {
		torture->end = start + (i + 1) * each;
		rt_torture_one(torture, pgsizes[i / 2], i % 2, dev);
	}
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

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What binding memory costs in an I/O page table, the allocator's way and by
 * reservations: scenarios P1 to P5, P9 to P11, P13 and P14 of docs/results.md.
 *
 * One module for kernels without reservations and for the one with the series.
 * On the former, page tables are used exactly as Panthor does: the worst case is
 * taken from a kmem_cache before the map, a custom allocator hands it out, what
 * is left goes back. On the latter the range is reserved before the map and
 * released when the mapping is gone.
 *
 * Prints a line "bench: SCENARIO METRIC VALUE" for each figure, which is the
 * median of many short runs. The work is done while the module is loaded;
 * loading fails with -EAGAIN when all went well, so that nothing has to be
 * unloaded, and with another error when a scenario failed.
 */

#define pr_fmt(fmt)	"bench: " fmt

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/io-pgtable.h>
#include <linux/iommu.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/vmstat.h>

#ifdef CONFIG_IOMMU_RESERVE
#define BENCH_RESERVES	true
#else
#define BENCH_RESERVES	false
#endif

#define BENCH_PROT	(IOMMU_READ | IOMMU_WRITE)
#define BENCH_MAX_SAMPLES	1024
#define BENCH_BASE	SZ_1T
/* Memory that stays free while the rest is touched */
#define BENCH_UNTOUCHED	SZ_16M

static char *only = "";
module_param(only, charp, 0444);
MODULE_PARM_DESC(only, "Run only these scenarios, with commas between them");

static unsigned int samples = 31;
module_param(samples, uint, 0444);
MODULE_PARM_DESC(samples, "Runs of which a figure is the median");

static unsigned int sample_ms = 2;
module_param(sample_ms, uint, 0444);
MODULE_PARM_DESC(sample_ms, "A run takes about so long, so that a tick in it does not matter");

/*
 * Where time passes by instructions, waiting for RCU is nothing but the way to the next
 * tick, and what is freed is a part of long runs anyway.
 */
static bool settle = true;
module_param(settle, bool, 0444);
MODULE_PARM_DESC(settle, "A run ends when RCU has freed all that it left");

/* A page table and, on the unmodified kernel, what Panthor keeps beside it */
struct bench {
	struct io_pgtable_ops *ops;
	struct io_pgtable_cfg cfg;
	struct kmem_cache *pt_cache;
	/* Of the operation that runs: pages taken, and how many of them used */
	void **pages;
	u64 nr_pages;
	u64 used;
	/* Of a scenario: the most pages that were taken for an operation */
	u64 most_taken;
	u64 most_used;
	/* Where it is bound by saying once what repeats */
	struct io_pgtable_repeat *repeat;
};

static void bench_tlb_flush_all(void *cookie)
{
}

static void bench_tlb_flush_walk(unsigned long iova, size_t size,
				 size_t granule, void *cookie)
{
}

/* As Panthor's: unlocking the region flushes what there is to flush */
static const struct iommu_flush_ops bench_tlb_ops = {
	.tlb_flush_all	= bench_tlb_flush_all,
	.tlb_flush_walk	= bench_tlb_flush_walk,
};

static void *bench_alloc_pt(void *cookie, size_t size, gfp_t gfp)
{
	struct bench *bench = cookie;
	void *page;

	if (!bench->ops)
		return (void *)get_zeroed_page(gfp);
	if (WARN_ON(size != SZ_4K || bench->used >= bench->nr_pages))
		return NULL;
	page = bench->pages[bench->used++];
	memset(page, 0, SZ_4K);
	return page;
}

static void bench_free_pt(void *cookie, void *data, size_t size)
{
	struct bench *bench = cookie;

	if (virt_to_folio(data) && folio_test_slab(virt_to_folio(data)))
		kmem_cache_free(bench->pt_cache, data);
	else
		free_page((unsigned long)data);
}

/* How a page table gets its tables */
enum bench_way {
	BENCH_PLAIN,
	BENCH_CUSTOM,
	BENCH_RESERVED,
};

/* The way of who may not allocate when he maps */
#define BENCH_BEST	(BENCH_RESERVES ? BENCH_RESERVED : BENCH_CUSTOM)

static bool bench_init(struct bench *bench, enum bench_way way)
{
	*bench = (struct bench) {
		.cfg = {
			.pgsize_bitmap = SZ_4K | SZ_2M,
			.ias = 48,
			.oas = 48,
			.coherent_walk = true,
			.tlb = &bench_tlb_ops,
		},
	};
#ifdef CONFIG_IOMMU_RESERVE
	if (way == BENCH_RESERVED)
		bench->cfg.quirks = IO_PGTABLE_QUIRK_RESERVED;
#else
	if (way == BENCH_CUSTOM) {
		bench->pt_cache = kmem_cache_create("bench-pt", SZ_4K, SZ_4K, 0, NULL);
		if (!bench->pt_cache)
			return false;
		bench->cfg.alloc = bench_alloc_pt;
		bench->cfg.free = bench_free_pt;
	}
#endif
	bench->ops = alloc_io_pgtable_ops(ARM_64_LPAE_S1, &bench->cfg, bench);
	if (!bench->ops)
		kmem_cache_destroy(bench->pt_cache);
	return bench->ops;
}

static void bench_exit(struct bench *bench)
{
	free_io_pgtable_ops(bench->ops);
	kmem_cache_destroy(bench->pt_cache);
}

/*
 * A bind: prepare, map or unmap, finish, and release once the mapping is gone.
 */

#ifdef CONFIG_IOMMU_RESERVE

static bool bench_prepare(struct bench *bench, unsigned long iova, size_t size,
			  size_t pgsize)
{
	return !bench->ops->reserve(bench->ops, iova, size, pgsize, GFP_KERNEL);
}

static void bench_finish(struct bench *bench)
{
}

static void bench_release(struct bench *bench, unsigned long iova, size_t size,
			  size_t pgsize)
{
	bench->ops->unreserve(bench->ops, iova, size, pgsize, NULL);
}

#else

static u64 bench_tables(unsigned long iova, size_t size, unsigned int shift)
{
	return ((iova + size - 1) >> shift) - (iova >> shift) + 1;
}

static bool bench_prepare(struct bench *bench, unsigned long iova, size_t size,
			  size_t pgsize)
{
	u64 nr = bench_tables(iova, size, 39) + bench_tables(iova, size, 30) +
		 bench_tables(iova, size, 21);

	bench->pages = kzalloc_objs(*bench->pages, nr, GFP_KERNEL | __GFP_NOWARN);
	if (!bench->pages)
		return false;
	if (!kmem_cache_alloc_bulk(bench->pt_cache, GFP_KERNEL, nr,
				   bench->pages)) {
		kfree(bench->pages);
		return false;
	}
	bench->nr_pages = nr;
	bench->used = 0;
	return true;
}

static void bench_finish(struct bench *bench)
{
	u64 left = bench->nr_pages - bench->used;

	bench->most_taken = max(bench->most_taken, bench->nr_pages);
	bench->most_used = max(bench->most_used, bench->used);
	if (left)
		kmem_cache_free_bulk(bench->pt_cache, left,
				     bench->pages + bench->used);
	kfree(bench->pages);
	bench->nr_pages = 0;
}

static void bench_release(struct bench *bench, unsigned long iova, size_t size,
			  size_t pgsize)
{
}

#endif

static bool bench_map(struct bench *bench, unsigned long iova,
		      phys_addr_t paddr, size_t size, size_t pgsize)
{
	struct io_pgtable_ops *ops = bench->ops;

	while (size) {
		size_t mapped = 0;

		if (ops->map_pages(ops, iova, paddr, pgsize,
				   size >> __ffs(pgsize), BENCH_PROT,
				   GFP_KERNEL, &mapped) || !mapped)
			return false;
		iova += mapped;
		paddr += mapped;
		size -= mapped;
	}
	return true;
}

/* In the largest pages that the range allows, whatever is mapped there */
static bool bench_unmap(struct bench *bench, unsigned long iova, size_t size)
{
	struct io_pgtable_ops *ops = bench->ops;

	while (size) {
		size_t pgsize = (iova | size) & (SZ_2M - 1) ? SZ_4K : SZ_2M;
		size_t unmapped = ops->unmap_pages(ops, iova, pgsize,
						   size >> __ffs(pgsize), NULL);

		if (!unmapped)
			return false;
		iova += unmapped;
		size -= unmapped;
	}
	return true;
}

/* Pages in physical order, but not so that a block could map them */
#define BENCH_PADDR	(SZ_4G + SZ_4K)

/* Prepare, map and finish. Pages only, wherever they lie */
static bool bench_bind(struct bench *bench, unsigned long iova, size_t size)
{
	bool ok;

	if (!bench_prepare(bench, iova, size, SZ_4K))
		return false;
	ok = bench_map(bench, iova, BENCH_PADDR, size, SZ_4K);
	bench_finish(bench);
	return ok;
}

static bool bench_unbind(struct bench *bench, unsigned long iova, size_t size)
{
	bool ok = bench_unmap(bench, iova, size);

	bench_release(bench, iova, size, SZ_4K);
	return ok;
}

/* An operation in place of one that is mapped */
static bool bench_rebind(struct bench *bench, unsigned long iova, size_t size)
{
	bool ok;

	if (!bench_prepare(bench, iova, size, SZ_4K))
		return false;
	ok = bench_unmap(bench, iova, size) &&
	     bench_map(bench, iova, BENCH_PADDR, size, SZ_4K);
	bench_finish(bench);
	bench_release(bench, iova, size, SZ_4K);
	return ok;
}

/*
 * Measuring.
 */

typedef bool (*bench_op)(struct bench *bench);

static int bench_compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u64 bench_median(u64 *values, unsigned int nr)
{
	sort(values, nr, sizeof(*values), bench_compare, NULL);
	return values[nr / 2];
}

/*
 * Time of @nr operations, 0 if one failed. What they leave to RCU to be freed is
 * a part of it.
 */
static u64 bench_time(struct bench *bench, bench_op op, unsigned long nr)
{
	u64 start = ktime_get_ns(), end;

	for (unsigned long i = 0; i < nr; i++)
		if (!op(bench))
			return 0;
	end = ktime_get_ns();
	rcu_barrier();
	if (settle)
		end = ktime_get_ns();
	return max(end - start, 1ULL);
}

static void bench_print(const char *scenario, const char *metric, u64 value,
			unsigned int decimals)
{
	if (decimals == 2)
		pr_info("%s %s %llu.%02llu\n", scenario, metric, value / 100,
			value % 100);
	else
		pr_info("%s %s %llu\n", scenario, metric, value);
}

/* Median time of an operation in hundredths of a ns, 0 if one failed */
static u64 bench_measure(struct bench *bench, bench_op op)
{
	static u64 times[BENCH_MAX_SAMPLES];
	unsigned int nr_samples = clamp(samples, 1, BENCH_MAX_SAMPLES);
	u64 enough = sample_ms * NSEC_PER_MSEC;
	unsigned long nr = 1;
	u64 time;

	/* The first call also warms up */
	do {
		time = bench_time(bench, op, nr);
		if (!time)
			return 0;
		if (time < enough)
			nr *= 2;
	} while (time < enough);

	for (int i = 0; i < nr_samples; i++) {
		time = bench_time(bench, op, nr);
		if (!time)
			return 0;
		times[i] = div64_u64(time * 100, nr);
	}
	return bench_median(times, nr_samples);
}

/* Whether "only", names with commas between them, has this one */
static bool bench_wanted(const char *scenario)
{
	size_t len = strlen(scenario);

	for (const char *at = only; *at; at += strcspn(at, ",")) {
		at += *at == ',';
		if (!strncmp(at, scenario, len) && (!at[len] || at[len] == ','))
			return true;
	}
	return !*only;
}

static int bench_report(struct bench *bench, const char *scenario,
			const char *metric, bench_op op)
{
	u64 time = bench_measure(bench, op);

	if (!time) {
		pr_err("%s %s failed\n", scenario, metric);
		return -EIO;
	}
	bench_print(scenario, metric, time, 2);
	return 0;
}

/*
 * P1: a tile of 64 KiB is bound anew where 2 MiB are bound.
 */

static bool p1_op(struct bench *bench)
{
	return bench_rebind(bench, BENCH_BASE + SZ_64K, SZ_64K);
}

static int p1(void)
{
	struct bench bench;
	int ret = -EIO;

	if (!bench_init(&bench, BENCH_BEST))
		return -ENOMEM;
	if (bench_bind(&bench, BENCH_BASE, SZ_2M))
		ret = bench_report(&bench, "P1", "cycle_ns", p1_op);
	bench_unbind(&bench, BENCH_BASE, SZ_2M);
	bench_exit(&bench);
	return ret;
}

/*
 * P2: 2 MiB of 4 KiB pages. "cycle": bound and unbound beside something else,
 * so that only the leaf table comes and goes. "alone": in a page table that is
 * empty otherwise. "scattered": as cycle, a call for each page. "rebind": bound
 * anew where the same is bound. "roam": as cycle, each time elsewhere, in more
 * places than a page table keeps idle tables for.
 */

#define P2_PLACES	64

static bool p2_cycle(struct bench *bench)
{
	return bench_bind(bench, BENCH_BASE, SZ_2M) &&
	       bench_unbind(bench, BENCH_BASE, SZ_2M);
}

static bool p2_scattered(struct bench *bench)
{
	bool ok = bench_prepare(bench, BENCH_BASE, SZ_2M, SZ_4K);

	/* Each page of a pair in the place of the other */
	for (unsigned long i = 0; ok && i < SZ_2M; i += SZ_4K)
		ok = bench_map(bench, BENCH_BASE + i, BENCH_PADDR + (i ^ SZ_4K),
			       SZ_4K, SZ_4K);
	bench_finish(bench);
	return bench_unbind(bench, BENCH_BASE, SZ_2M) && ok;
}

static bool p2_rebind(struct bench *bench)
{
	return bench_rebind(bench, BENCH_BASE, SZ_2M);
}

static bool p2_roam(struct bench *bench)
{
	static unsigned int place;
	unsigned long iova = BENCH_BASE + (P2_PLACES + place++ % P2_PLACES) * SZ_2M;

	return bench_bind(bench, iova, SZ_2M) && bench_unbind(bench, iova, SZ_2M);
}

static int p2(void)
{
	struct bench bench;
	int ret = -EIO;

	if (!bench_init(&bench, BENCH_BEST))
		return -ENOMEM;
	ret = bench_report(&bench, "P2", "alone_ns", p2_cycle);
	if (!bench_bind(&bench, BENCH_BASE + SZ_2M, SZ_2M))
		ret = -EIO;
	if (!ret)
		ret = bench_report(&bench, "P2", "cycle_ns", p2_cycle);
	if (!ret)
		ret = bench_report(&bench, "P2", "scattered_ns", p2_scattered);
	if (!ret)
		ret = bench_report(&bench, "P2", "roam_ns", p2_roam);
	if (!ret && !bench_bind(&bench, BENCH_BASE, SZ_2M))
		ret = -EIO;
	if (!ret)
		ret = bench_report(&bench, "P2", "rebind_ns", p2_rebind);
	bench_unbind(&bench, BENCH_BASE, SZ_4M);
	bench_exit(&bench);
	return ret;
}

/*
 * P3: 1 GiB of 4 KiB pages, bound and unbound.
 */

static bool p3_op(struct bench *bench)
{
	return bench_bind(bench, BENCH_BASE, SZ_1G) &&
	       bench_unbind(bench, BENCH_BASE, SZ_1G);
}

static int p3(void)
{
	struct bench bench;
	int ret;

	if (!bench_init(&bench, BENCH_BEST))
		return -ENOMEM;
	ret = bench_report(&bench, "P3", "cycle_ns", p3_op);
	bench_exit(&bench);
	return ret;
}

/*
 * P4: 16 GiB in blocks of 2 MiB, as a sparse resource is bound. "cycle": a call
 * for each table's worth. "calls": a call for each block, as Panthor does, whose
 * blocks are all the same memory. "repeat": that memory said once, where page
 * tables have that, and else as "cycle". P5: 1 TiB. P14: 64 TiB, said once.
 */

static bool bench_sparse(struct bench *bench, size_t size, size_t step)
{
	bool ok = true;

	if (!bench_prepare(bench, BENCH_BASE, size, SZ_2M))
		return false;
	for (size_t at = 0; ok && at < size; at += step)
		ok = bench_map(bench, BENCH_BASE + at, SZ_4G, step, SZ_2M);
	bench_finish(bench);
	if (!bench_unmap(bench, BENCH_BASE, size))
		ok = false;
	bench_release(bench, BENCH_BASE, size, SZ_2M);
	return ok;
}

static long bench_iommu_pages(void)
{
	rcu_barrier();
	return global_node_page_state(NR_IOMMU_PAGES);
}

/* Pages taken for a sparse bind, and those of them that are used */
static int bench_sparse_pages(struct bench *bench, const char *scenario,
			      size_t size)
{
	long before = bench_iommu_pages();
	u64 taken, used;

	bench->most_taken = 0;
	bench->most_used = 0;
	if (BENCH_RESERVES) {
		if (!bench_prepare(bench, BENCH_BASE, size, SZ_2M))
			return -ENOMEM;
		taken = bench_iommu_pages() - before;
		used = taken;
		bench_release(bench, BENCH_BASE, size, SZ_2M);
	} else {
		if (!bench_sparse(bench, size, SZ_1G))
			return -ENOMEM;
		taken = bench->most_taken;
		used = bench->most_used;
	}
	bench_print(scenario, "pages_taken", taken, 0);
	bench_print(scenario, "pages_used", used, 0);
	return 0;
}

static bool p4_cycle(struct bench *bench)
{
	return bench_sparse(bench, 16UL * SZ_1G, SZ_1G);
}

static bool p4_calls(struct bench *bench)
{
	return bench_sparse(bench, 16UL * SZ_1G, SZ_2M);
}

#ifdef CONFIG_IOMMU_RESERVE

/* Memory for bench_repeat(): a block, or the pages of one */
static bool bench_repeat_init(struct bench *bench, size_t pgsize)
{
	struct io_pgtable_repeat *rep;

	rep = io_pgtable_repeat_create(bench->ops, GFP_KERNEL);
	if (IS_ERR(rep))
		return false;
	bench->repeat = rep;
	return !io_pgtable_repeat_fill(rep, 0, SZ_4G, pgsize, SZ_2M / pgsize,
				       BENCH_PROT);
}

static void bench_repeat_exit(struct bench *bench)
{
	if (bench->repeat)
		io_pgtable_repeat_destroy(bench->repeat);
}

/* Bind and unbind it. The time after each of the four steps goes to @times */
static bool bench_repeat(struct bench *bench, unsigned long iova, size_t size,
			 u64 *times)
{
	size_t mapped = 0;
	bool ok;

	if (io_pgtable_repeat_reserve(bench->repeat, iova, size, GFP_KERNEL))
		return false;
	times[0] = ktime_get_ns();
	ok = !io_pgtable_repeat_map(bench->repeat, iova, size, &mapped) &&
	     mapped == size;
	times[1] = ktime_get_ns();
	if (!bench_unmap(bench, iova, mapped))
		ok = false;
	times[2] = ktime_get_ns();
	io_pgtable_repeat_unreserve(bench->repeat, iova, size, NULL);
	times[3] = ktime_get_ns();
	return ok;
}

static bool p4_repeat(struct bench *bench)
{
	u64 times[4];

	return bench_repeat(bench, BENCH_BASE, 16UL * SZ_1G, times);
}

/* Not aligned to anything, so that its ends have tables of their own */
#define P14_IOVA	(BENCH_BASE + SZ_1G + SZ_2M)
#define P14_SIZE	(64UL * SZ_1T)

static int p14_measure(struct bench *bench)
{
	static const char * const metrics[] = {
		"reserve_ns", "map_ns", "unmap_ns", "release_ns",
	};
	static u64 steps[4][BENCH_MAX_SAMPLES];
	unsigned int nr_samples = clamp(samples, 1, BENCH_MAX_SAMPLES);

	for (unsigned int i = 0; i < nr_samples; i++) {
		u64 times[5] = { ktime_get_ns() };

		if (!bench_repeat(bench, P14_IOVA, P14_SIZE, times + 1))
			return -EIO;
		for (unsigned int j = 0; j < 4; j++)
			steps[j][i] = times[j + 1] - times[j];
		cond_resched();
	}
	for (unsigned int j = 0; j < 4; j++)
		bench_print("P14", metrics[j],
			    bench_median(steps[j], nr_samples), 0);
	return 0;
}

static int p14(void)
{
	struct bench bench;
	int ret = -EIO;
	long before;

	if (!bench_init(&bench, BENCH_RESERVED))
		return -ENOMEM;
	before = bench_iommu_pages();
	if (bench_repeat_init(&bench, SZ_4K) &&
	    !io_pgtable_repeat_reserve(bench.repeat, P14_IOVA, P14_SIZE, GFP_KERNEL)) {
		bench_print("P14", "pages_taken", bench_iommu_pages() - before, 0);
		io_pgtable_repeat_unreserve(bench.repeat, P14_IOVA, P14_SIZE, NULL);
		ret = p14_measure(&bench);
	}
	bench_repeat_exit(&bench);
	bench_exit(&bench);
	return ret;
}

#else

static bool bench_repeat_init(struct bench *bench, size_t pgsize)
{
	return true;
}

static void bench_repeat_exit(struct bench *bench)
{
}

static bool p4_repeat(struct bench *bench)
{
	return p4_cycle(bench);
}

/* More pointers to tables than kmalloc() has room for */
static int p14(void)
{
	pr_info("P14 map_ns impossible\n");
	return 0;
}

#endif

static bool p5_op(struct bench *bench)
{
	return bench_sparse(bench, SZ_1T, SZ_1G);
}

static int p4(void)
{
	struct bench bench;
	int ret;

	if (!bench_init(&bench, BENCH_BEST))
		return -ENOMEM;
	ret = bench_sparse_pages(&bench, "P4", 16UL * SZ_1G);
	if (!ret)
		ret = bench_report(&bench, "P4", "cycle_ns", p4_cycle);
	if (!ret)
		ret = bench_report(&bench, "P4", "calls_ns", p4_calls);
	if (!ret && !bench_repeat_init(&bench, SZ_2M))
		ret = -EIO;
	if (!ret)
		ret = bench_report(&bench, "P4", "repeat_ns", p4_repeat);
	bench_repeat_exit(&bench);
	bench_exit(&bench);
	return ret;
}

/* That it can not be done is a result, too */
static int p5(void)
{
	struct bench bench;
	int ret;

	if (!bench_init(&bench, BENCH_BEST))
		return -ENOMEM;
	ret = bench_sparse_pages(&bench, "P5", SZ_1T);
	if (ret)
		pr_info("P5 cycle_ns impossible\n");
	else
		ret = bench_report(&bench, "P5", "cycle_ns", p5_op);
	bench_exit(&bench);
	return BENCH_RESERVES ? ret : 0;
}

/*
 * P11: a page table that never reserves and has no allocator of its own.
 */

static bool p11_tile(struct bench *bench)
{
	return bench_unmap(bench, BENCH_BASE + SZ_64K, SZ_64K) &&
	       bench_map(bench, BENCH_BASE + SZ_64K, BENCH_PADDR, SZ_64K, SZ_4K);
}

static bool p11_pages(struct bench *bench)
{
	return bench_map(bench, BENCH_BASE + SZ_2M, BENCH_PADDR, SZ_2M, SZ_4K) &&
	       bench_unmap(bench, BENCH_BASE + SZ_2M, SZ_2M);
}

static bool p11_blocks(struct bench *bench)
{
	return bench_map(bench, BENCH_BASE + SZ_1G, SZ_4G, SZ_1G, SZ_2M) &&
	       bench_unmap(bench, BENCH_BASE + SZ_1G, SZ_1G);
}

static bool p11_look(struct bench *bench)
{
	return bench->ops->iova_to_phys(bench->ops, BENCH_BASE + SZ_64K);
}

static int p11(void)
{
	struct bench bench;
	int ret = -EIO;

	if (!bench_init(&bench, BENCH_PLAIN))
		return -ENOMEM;
	if (bench_map(&bench, BENCH_BASE, BENCH_PADDR, SZ_2M, SZ_4K))
		ret = bench_report(&bench, "P11", "tile_ns", p11_tile);
	if (!ret)
		ret = bench_report(&bench, "P11", "pages_ns", p11_pages);
	if (!ret)
		ret = bench_report(&bench, "P11", "blocks_ns", p11_blocks);
	if (!ret)
		ret = bench_report(&bench, "P11", "lookup_ns", p11_look);
	bench_exit(&bench);
	return ret;
}

#ifdef CONFIG_IOMMU_RESERVE

/*
 * P9: what reserve() and unreserve() take for a range, by the number of leaf
 * tables in it and by how many of them are there already: none, every second,
 * or all.
 */

static size_t p9_size;

static bool p9_op(struct bench *bench)
{
	if (!bench_prepare(bench, BENCH_BASE, p9_size, SZ_4K))
		return false;
	bench_release(bench, BENCH_BASE, p9_size, SZ_4K);
	return true;
}

static int p9_present(struct bench *bench, const char *name, size_t step)
{
	for (p9_size = 16 * SZ_2M; p9_size <= 4096UL * SZ_2M; p9_size *= 4) {
		char metric[32];
		u64 time;

		snprintf(metric, sizeof(metric), "%s_%zu_ns_per_table", name,
			 p9_size / SZ_2M);
		for (size_t at = 0; step && at < p9_size; at += step)
			if (!bench_prepare(bench, BENCH_BASE + at, SZ_2M, SZ_4K))
				return -ENOMEM;
		time = bench_measure(bench, p9_op);
		for (size_t at = 0; step && at < p9_size; at += step)
			bench_release(bench, BENCH_BASE + at, SZ_2M, SZ_4K);
		if (!time)
			return -EIO;
		bench_print("P9", metric, div64_u64(time, p9_size / SZ_2M), 2);
	}
	return 0;
}

static int p9(void)
{
	struct bench bench;
	int ret;

	if (!bench_init(&bench, BENCH_RESERVED))
		return -ENOMEM;
	/* A table that the ranges have in common, so that it stays */
	ret = bench_prepare(&bench, BENCH_BASE + 32UL * SZ_1G, SZ_2M, SZ_4K) ?
	      0 : -ENOMEM;
	if (!ret)
		ret = p9_present(&bench, "none", 0);
	if (!ret)
		ret = p9_present(&bench, "half", SZ_4M);
	if (!ret)
		ret = p9_present(&bench, "all", SZ_2M);
	bench_release(&bench, BENCH_BASE + 32UL * SZ_1G, SZ_2M, SZ_4K);
	bench_exit(&bench);
	return ret;
}

/*
 * Threads, each on a processor of its own.
 */

struct bench_thread;

typedef bool (*thread_op)(struct bench_thread *thread);

struct bench_thread {
	struct bench *bench;
	unsigned long iova;
	thread_op op;
	u64 start;
	u64 end;
	/* Operations, as many as there were in the time */
	u64 nr;
	struct completion done;
};

static int bench_thread_fn(void *data)
{
	struct bench_thread *thread = data;

	while (ktime_get_ns() < thread->start)
		cpu_relax();
	/* Once in any case: a host that was busy all the time is no failure of the operation's */
	while (thread->op(thread)) {
		thread->nr++;
		if (ktime_get_ns() >= thread->end)
			break;
		cond_resched();
	}
	complete(&thread->done);
	return 0;
}

static void bench_threads_run(struct bench_thread *threads, unsigned int nr,
			      u64 time)
{
	u64 start = ktime_get_ns() + 5 * NSEC_PER_MSEC;

	for (unsigned int i = 0; i < nr; i++) {
		struct bench_thread *thread = &threads[i];
		struct task_struct *task;

		thread->start = start;
		thread->end = start + time;
		thread->nr = 0;
		init_completion(&thread->done);
		task = kthread_create_on_cpu(bench_thread_fn, thread, i, "bench/%u");
		if (IS_ERR(task))
			complete(&thread->done);
		else
			wake_up_process(task);
	}
	for (unsigned int i = 0; i < nr; i++)
		wait_for_completion(&threads[i].done);
}

/*
 * P10: threads that reserve and release ranges of their own in one page table,
 * on one CPU and on two. "alloc" is what two CPUs of the machine have to give:
 * as many pages and descriptors, cleared and freed as much later, with neither a
 * page table nor a lock of ours.
 */

#define P10_TABLES	32
#define P10_ROUNDS	25
#define P10_NS		(50 * NSEC_PER_MSEC)
/* Calls until a page is freed; tables go after a grace period, which is about that */
#define P10_LATER	512

struct p10_page {
	struct p10_page *next;
	void *page;
	/* As large as a leaf table's descriptor */
	char rest[112];
};

/* Each thread's pages, the oldest at the next call's place */
static struct p10_page *p10_kept[2][P10_LATER];

static bool p10_reserve(struct bench_thread *thread)
{
	if (!bench_prepare(thread->bench, thread->iova, P10_TABLES * SZ_2M, SZ_4K))
		return false;
	bench_release(thread->bench, thread->iova, P10_TABLES * SZ_2M, SZ_4K);
	return true;
}

static void p10_free(struct p10_page **list)
{
	while (*list) {
		struct p10_page *page = *list;

		*list = page->next;
		free_page((unsigned long)page->page);
		kfree(page);
	}
}

static bool p10_alloc(struct p10_page **list)
{
	struct p10_page *page = kzalloc_obj(*page);

	if (!page)
		return false;
	page->next = *list;
	*list = page;
	page->page = (void *)get_zeroed_page(GFP_KERNEL);
	return page->page;
}

static bool p10_pages(struct bench_thread *thread)
{
	struct p10_page **list = &p10_kept[thread->iova != BENCH_BASE][thread->nr % P10_LATER];

	p10_free(list);
	for (unsigned int i = 0; i < P10_TABLES; i++)
		if (!p10_alloc(list))
			return false;
	return true;
}

/* Operations of all threads in the time of a run */
static u64 p10_run(struct bench *bench, thread_op op, unsigned int nr_cpus)
{
	struct bench_thread threads[2] = {
		{ .bench = bench, .iova = BENCH_BASE, .op = op },
		{ .bench = bench, .iova = BENCH_BASE + SZ_1G, .op = op },
	};

	bench_threads_run(threads, nr_cpus, P10_NS);
	return threads[0].nr + threads[1].nr;
}

static void p10_print(const char *name, const char *metric, u64 value, unsigned int decimals)
{
	char whole[32];

	snprintf(whole, sizeof(whole), "%s_%s", name, metric);
	bench_print("P10", whole, value, decimals);
}

/*
 * A run on one CPU and a run on two belong together, 50 ms apart: what else the
 * machine does changes more slowly than that.
 */
static int p10_measure(struct bench *bench, const char *name, thread_op op)
{
	u64 one[P10_ROUNDS], two[P10_ROUNDS], scaling[P10_ROUNDS];
	const u64 per_s = P10_TABLES * (NSEC_PER_SEC / P10_NS);

	for (int i = 0; i < P10_ROUNDS; i++) {
		one[i] = p10_run(bench, op, 1);
		two[i] = p10_run(bench, op, 2);
		if (!one[i] || !two[i])
			return -EIO;
		scaling[i] = div64_u64(two[i] * 100, one[i]);
	}
	p10_print(name, "1_cpu_per_s", bench_median(one, P10_ROUNDS) * per_s, 0);
	p10_print(name, "2_cpu_per_s", bench_median(two, P10_ROUNDS) * per_s, 0);
	p10_print(name, "scaling", bench_median(scaling, P10_ROUNDS), 2);
	return 0;
}

static int p10_measure_pages(void)
{
	int ret = p10_measure(NULL, "alloc", p10_pages);

	for (int i = 0; i < P10_LATER; i++) {
		p10_free(&p10_kept[0][i]);
		p10_free(&p10_kept[1][i]);
	}
	return ret;
}

/*
 * A page of this machine that nobody had before is one that the host has to find,
 * which takes ten times as long as what is measured. So have all there are.
 */
static void p10_touch_memory(void)
{
	struct p10_page *list = NULL;
	struct sysinfo info;

	si_meminfo(&info);
	for (unsigned long nr = info.freeram / 4 * 3; nr && p10_alloc(&list); nr--)
		;
	p10_free(&list);
}

static int p10(void)
{
	struct bench bench;
	int ret;

	if (num_online_cpus() < 2)
		return 0;
	p10_touch_memory();
	ret = p10_measure_pages();
	if (ret)
		return ret;
	if (!bench_init(&bench, BENCH_RESERVED))
		return -ENOMEM;
	ret = -ENOMEM;
	if (bench_prepare(&bench, BENCH_BASE + 2UL * SZ_1G, SZ_2M, SZ_4K)) {
		ret = p10_measure(&bench, "missing", p10_reserve);
		bench_release(&bench, BENCH_BASE + 2UL * SZ_1G, SZ_2M, SZ_4K);
	}
	if (!ret && bench_prepare(&bench, BENCH_BASE, 2UL * SZ_1G, SZ_4K)) {
		ret = p10_measure(&bench, "present", p10_reserve);
		bench_release(&bench, BENCH_BASE, 2UL * SZ_1G, SZ_4K);
	}
	bench_exit(&bench);
	return ret;
}

/*
 * P13: one CPU maps and unmaps in a range that stays reserved. "alone": nobody
 * else does anything. "beside": another CPU reserves, maps, unmaps and releases
 * elsewhere in the same page table, so that tables come, become idle and die all
 * the time. "elsewhere": it does so in another page table, which shows what two
 * busy CPUs of this machine cost each other in any case.
 *
 * The time is that of short runs, and their median: so it does not matter that
 * the machine has other things to do now and then.
 */

#define P13_TABLES	32
/* So many batches of tables, in turn: far more than a page table keeps idle */
#define P13_PLACES	64
#define P13_CALLS	1000
#define P13_ROUNDS	15
#define P13_RUNS	64
#define P13_TRIES	10
#define P13_NS		(20 * NSEC_PER_MSEC)

/* Times of short runs */
struct p13_times {
	u64 ns[P13_ROUNDS * P13_RUNS];
	unsigned int nr;
};

static struct p13_times *p13_current;

static bool p13_map(struct bench_thread *thread)
{
	u64 start = ktime_get_ns();

	for (int i = 0; i < P13_CALLS; i++)
		if (!bench_unmap(thread->bench, thread->iova, SZ_64K) ||
		    !bench_map(thread->bench, thread->iova, BENCH_PADDR, SZ_64K, SZ_4K))
			return false;
	if (thread->nr < P13_RUNS)
		p13_current->ns[p13_current->nr++] = ktime_get_ns() - start;
	return true;
}

static bool p13_release(struct bench_thread *thread)
{
	unsigned long place = thread->nr % P13_PLACES * P13_TABLES;

	for (unsigned long i = 0; i < P13_TABLES; i++) {
		unsigned long iova = thread->iova + (place + i) * SZ_2M;

		if (!bench_bind(thread->bench, iova, SZ_64K) ||
		    !bench_unbind(thread->bench, iova, SZ_64K))
			return false;
	}
	return true;
}

/*
 * The machine below can take a CPU away for as long as a round, which then says
 * nothing about the other one.
 */
static bool p13_round(struct bench_thread *threads, unsigned int nr)
{
	unsigned int before = p13_current->nr;

	for (int tries = 0; tries < P13_TRIES; tries++) {
		bench_threads_run(threads, nr, P13_NS);
		if (threads[0].nr && (nr < 2 || threads[1].nr))
			return true;
		p13_current->nr = before;
	}
	return false;
}

static int p13_measure(struct bench *bench, struct bench *other)
{
	static const char * const metrics[] = {
		"alone_ns", "beside_ns", "elsewhere_ns",
	};
	static struct p13_times times[ARRAY_SIZE(metrics)];
	struct bench_thread threads[2] = {
		{ .iova = BENCH_BASE, .bench = bench, .op = p13_map },
		{ .iova = BENCH_BASE + SZ_1G, .op = p13_release },
	};
	u64 released = 0;

	for (int i = 0; i < P13_ROUNDS * ARRAY_SIZE(metrics); i++) {
		unsigned int which = i % ARRAY_SIZE(metrics);

		p13_current = &times[which];
		threads[1].bench = which == 1 ? bench : other;
		if (!p13_round(threads, which ? 2 : 1))
			return -EIO;
		if (which == 1)
			released += threads[1].nr;
	}

	for (int i = 0; i < ARRAY_SIZE(metrics); i++)
		bench_print("P13", metrics[i],
			    bench_median(times[i].ns, times[i].nr) * 100 / P13_CALLS, 2);
	bench_print("P13", "released_per_s",
		    div64_u64(released * P13_TABLES * NSEC_PER_SEC,
			      P13_ROUNDS * P13_NS), 0);
	return 0;
}

static int p13(void)
{
	struct bench bench, other;
	int ret = -EIO;

	if (num_online_cpus() < 2)
		return 0;
	if (!bench_init(&bench, BENCH_RESERVED))
		return -ENOMEM;
	if (!bench_init(&other, BENCH_RESERVED)) {
		bench_exit(&bench);
		return -ENOMEM;
	}
	if (bench_bind(&bench, BENCH_BASE, SZ_2M)) {
		ret = p13_measure(&bench, &other);
		bench_unbind(&bench, BENCH_BASE, SZ_2M);
	}
	bench_exit(&other);
	bench_exit(&bench);
	return ret;
}

#else

static int p9(void)
{
	return 0;
}

static int p10(void)
{
	return 0;
}

static int p13(void)
{
	return 0;
}

#endif

static const struct {
	const char *name;
	int (*run)(void);
} bench_scenarios[] = {
	{ "P1", p1 },
	{ "P2", p2 },
	{ "P3", p3 },
	{ "P4", p4 },
	{ "P5", p5 },
	{ "P9", p9 },
	{ "P10", p10 },
	{ "P11", p11 },
	{ "P13", p13 },
	{ "P14", p14 },
};

/*
 * The machine's memory is a file of the host, which gives a page when it is
 * first written. Have that done before anything is measured.
 */
static void bench_touch_memory(void)
{
	struct page *page, *next;
	LIST_HEAD(pages);

	while (si_mem_available() > BENCH_UNTOUCHED / PAGE_SIZE) {
		page = alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_NORETRY |
				  __GFP_NOWARN);
		if (!page)
			break;
		list_add(&page->lru, &pages);
	}
	list_for_each_entry_safe(page, next, &pages, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}

static int __init bench_module_init(void)
{
	bench_touch_memory();
	for (unsigned int i = 0; i < ARRAY_SIZE(bench_scenarios); i++) {
		int ret;

		if (!bench_wanted(bench_scenarios[i].name))
			continue;
		ret = bench_scenarios[i].run();
		if (ret) {
			pr_err("%s: error %d\n", bench_scenarios[i].name, ret);
			return ret;
		}
		cond_resched();
	}
	pr_info("done\n");
	return -EAGAIN;
}
module_init(bench_module_init);

MODULE_DESCRIPTION("What binding memory costs in an I/O page table");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Buffers that the kernel takes away while nobody uses them. What they hold
 * must be back when the GPU or the CPU wants it, and the page tables of each VM
 * must be right again. The GPU is kept awake, so that its TLB remembers where the
 * buffers were.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "gpu.h"
#include "host.h"
#include "memory.h"
#include "scenarios.h"
#include "tap.h"

#define SIZE	SZ_1M
#define SRC_VA	DATA_VA
#define DST_VA	(DATA_VA + SZ_1G)
#define OTHER_VA	(DATA_VA + 2 * SZ_1G)
#define MAPPINGS	8
#define VMS		(edges_short ? 50 : 1000)
#define VMS_ROUNDS	4
#define VMS_LEFT_KIB	256

static void labelled(struct gpu *g, uint64_t size, const char *label,
		     struct pan_bo *bo)
{
	gpu_bo(g, size, bo);
	bo_label(g->pan, bo, label);
}

/* The GPU copies @src, mapped at SRC_VA, and the copy is pattern @seed */
static bool copies(struct gpu *g, struct pan_bo *dst, uint32_t seed)
{
	int ret;

	memset(dst->map, 0, dst->size);
	ret = gpu_copy(g, DST_VA, SRC_VA, dst->size);
	detail("the copy: %d", ret);
	return !ret && holds(dst->map, seed, 0, dst->size);
}

static void by_gpu(struct gpu *g, struct pan_bo *dst)
{
	ok(copies(g, dst, 1), "a copy before anything happens");
	is(bo_state("edges src").evictions, 0, "nothing was taken away yet");
	ok(evict("edges src"), "the shrinker takes a buffer that no job uses");
	is(bo_state("edges src").state & BO_EVICTED, BO_EVICTED,
	   "debugfs says so");
	ok(copies(g, dst, 1), "the GPU finds every byte again");
	is(bo_state("edges src").resident, SIZE, "the buffer is back");
	is(bo_state("edges src").evictions, 1, "it was away once");
}

static void by_cpu(struct gpu *g, struct pan_bo *src, struct pan_bo *dst)
{
	ok(evict("edges src"), "it is taken away again");
	ok(holds(src->map, 1, 0, SIZE), "the CPU finds every byte again");
	fill(src->map, 2, SIZE);
	ok(copies(g, dst, 2), "what the CPU then writes the GPU reads");
	for (int i = 0; i < 5; i++)
		if (!evict("edges src") || !copies(g, dst, 2))
			break;
	is(bo_state("edges src").evictions, 7, "five times more, and right");
}

/* Without the GPU: mapped by the CPU only, then by nobody, then by the GPU */
static void without_gpu(struct gpu *g, struct pan_bo *dst)
{
	struct pan_bo bo;

	labelled(g, SIZE, "edges plain", &bo);
	is(bo_state("edges plain").resident, 0, "a new buffer has no pages");
	fill(bo.map, 3, SIZE);
	is(bo_state("edges plain").resident, SIZE, "a written one has");
	ok(evict("edges plain"), "one that only the CPU maps is taken");
	ok(holds(bo.map, 3, 0, SIZE), "and holds what was written");
	need(munmap(bo.map, SIZE));
	bo.map = NULL;
	ok(evict("edges plain"), "one that nobody maps is taken");
	gpu_map(g, OTHER_VA, &bo, 0, SIZE);
	ok(!gpu_copy(g, DST_VA, OTHER_VA, SIZE) && holds(dst->map, 3, 0, SIZE),
	   "the GPU, which had not seen it before, finds every byte");
	need(pan_unmap(g->pan, g->vm, OTHER_VA, SIZE));
	pan_bo_destroy(g->pan, &bo);
}

/* The GPU finds @seed through each of the mappings from OTHER_VA on */
static bool all_copy(struct gpu *g, struct pan_bo *dst, uint32_t seed)
{
	for (int i = 0; i < MAPPINGS; i++) {
		memset(dst->map, 0, SIZE);
		if (gpu_copy(g, DST_VA, OTHER_VA + i * SIZE, SIZE) ||
		    !holds(dst->map, seed, 0, SIZE))
			return false;
	}
	return true;
}

/* A driver can use the object of a mapping again that went while it was away */
static void mapped_after_evicted(struct gpu *g, struct pan_bo *dst)
{
	struct pan_bo gone, bo;

	labelled(g, SIZE, "edges gone", &gone);
	fill(gone.map, 4, SIZE);
	gpu_map(g, OTHER_VA, &gone, 0, SIZE);
	need(gpu_copy(g, DST_VA, OTHER_VA, SIZE));
	ok(evict("edges gone"), "a buffer is taken away");
	need(pan_unmap(g->pan, g->vm, OTHER_VA, SIZE));
	pan_bo_destroy(g->pan, &gone);

	labelled(g, SIZE, "edges next", &bo);
	fill(bo.map, 5, SIZE);
	for (int i = 0; i < MAPPINGS; i++)
		gpu_map(g, OTHER_VA + i * SIZE, &bo, 0, SIZE);
	ok(all_copy(g, dst, 5), "what is mapped after it was unmapped is right");
	ok(evict("edges next"), "that is taken away");
	fill(bo.map, 6, SIZE);
	ok(all_copy(g, dst, 6), "and is back in all its mappings");
	need(pan_unmap(g->pan, g->vm, OTHER_VA, MAPPINGS * SIZE));
	pan_bo_destroy(g->pan, &bo);
}

/* The loop reads and writes, until it is stopped */
static void while_busy(struct gpu *g, struct pan_bo *dst)
{
	struct cs cs = gpu_cs(g);
	unsigned int loop = cs.count;
	int before;

	cs_copy(&cs, DST_VA, SRC_VA, SZ_64K);
	cs_until_stopped(&cs, loop);
	cs_end(&cs);
	gpu_start(g, &cs);
	before = bo_state("edges src").evictions;
	shrink(100000);
	is(bo_state("edges src").evictions, before,
	   "the shrinker leaves what a job is using");
	is(gpu_stop(g), 0, "that job ends without a fault");
	ok(holds(dst->map, 2, 0, SZ_64K), "and did its work");
}

/* The way the kernel itself asks */
static void by_the_kernel(struct gpu *g, struct pan_bo *dst)
{
	int before = bo_state("edges src").evictions;
	long end = now_ms() + 3000;

	sleep_ms(100);
	do
		need(sysfs_write("/proc/sys/vm/drop_caches", "2"));
	while (bo_state("edges src").resident && now_ms() < end);
	is(bo_state("edges src").evictions, before + 1,
	   "the kernel's drop_caches takes it as well");
	ok(copies(g, dst, 2), "and it is back");
}

void run_reclaim(void)
{
	struct pan_bo src, dst;
	struct gpu g;
	struct pan p;

	swap_ready();
	need(pan_open(&p));
	need(stay_awake(true) ? 0 : -ETIME);
	gpu_open(&g, &p);
	labelled(&g, SIZE, "edges src", &src);
	labelled(&g, SIZE, "edges dst", &dst);
	fill(src.map, 1, SIZE);
	gpu_map(&g, SRC_VA, &src, 0, SIZE);
	gpu_map(&g, DST_VA, &dst, 0, SIZE);
	by_gpu(&g, &dst);
	by_cpu(&g, &src, &dst);
	without_gpu(&g, &dst);
	mapped_after_evicted(&g, &dst);
	while_busy(&g, &dst);
	by_the_kernel(&g, &dst);
	gpu_close(&g);
	stay_awake(false);
	pan_close(&p);
}

/* --- VMs that come and go ------------------------------------------------ */

/* By how much slabs grow, in KiB */
static long grown_by_vms(struct pan *p, struct pan_bo *bo)
{
	long before = mem_kib("SUnreclaim:");
	uint32_t vm;

	need(before);
	for (int i = 0; i < VMS; i++) {
		need(pan_vm_create(p, &vm));
		for (int j = 0; j < MAPPINGS; j++)
			need(pan_map(p, vm, DATA_VA + j * SZ_64K, bo, 0, SZ_64K, 0));
		need(pan_unmap(p, vm, DATA_VA, SZ_64K));
		need(pan_vm_destroy(p, vm));
	}
	sleep_ms(200);
	return mem_kib("SUnreclaim:") - before;
}

/* Slabs grow for many reasons, but not each time */
void run_gone_vms(void)
{
	long least = LONG_MAX;
	struct pan_bo bo;
	struct pan p;

	need(pan_open(&p));
	need(pan_bo_create(&p, SZ_64K, 0, &bo));
	for (int i = 0; i < VMS_ROUNDS; i++) {
		long grown = grown_by_vms(&p, &bo);

		note("round %d: %ld KiB", i, grown);
		least = grown < least ? grown : least;
	}
	/* KASAN keeps freed objects for a while */
	if (edges_short)
		skip("a debug kernel's slabs grow", "VMs with mappings leave nothing");
	else
		ok(least < VMS_LEFT_KIB, "%d VMs with mappings leave nothing", VMS);
	pan_bo_destroy(&p, &bo);
	pan_close(&p);
}

/* --- More than one mapping ----------------------------------------------- */

static void in_two_vms(struct gpu *a, struct gpu *b)
{
	struct pan_bo src, dst[2];

	labelled(a, SIZE, "edges shared", &src);
	gpu_bo(a, SIZE, &dst[0]);
	gpu_bo(b, SIZE, &dst[1]);
	fill(src.map, 4, SIZE);
	gpu_map(a, SRC_VA, &src, 0, SIZE);
	gpu_map(b, SRC_VA, &src, 0, SIZE);
	gpu_map(a, DST_VA, &dst[0], 0, SIZE);
	gpu_map(b, DST_VA, &dst[1], 0, SIZE);
	ok(copies(a, &dst[0], 4) && copies(b, &dst[1], 4),
	   "two VMs read one buffer");
	ok(evict("edges shared"), "the shrinker takes what two VMs map");
	ok(copies(a, &dst[0], 4), "the one VM has it back");
	ok(copies(b, &dst[1], 4), "so has the other");
	ok(evict("edges shared") && copies(b, &dst[1], 4) &&
	   evict("edges shared"),
	   "it is taken from one when only that one has it back");
	ok(copies(a, &dst[0], 4) && copies(b, &dst[1], 4), "both have it back");
	need(pan_unmap(a->pan, a->vm, DST_VA, SIZE));
	need(pan_unmap(b->pan, b->vm, DST_VA, SIZE));
	pan_bo_destroy(a->pan, &src);
	pan_bo_destroy(a->pan, &dst[0]);
	pan_bo_destroy(b->pan, &dst[1]);
}

static void of_one_vm(struct gpu *g)
{
	struct drm_panthor_bo_create c = {
		.size = SIZE, .exclusive_vm_id = g->vm,
	};
	struct pan_bo dst, src = { .size = SIZE };

	need(pan_ioctl(g->pan, DRM_IOCTL_PANTHOR_BO_CREATE, &c));
	src.handle = c.handle;
	bo_label(g->pan, &src, "edges private");
	gpu_bo(g, SIZE, &dst);
	fill(dst.map, 5, SIZE);
	gpu_map(g, SRC_VA, &src, 0, SIZE);
	gpu_map(g, DST_VA, &dst, 0, SIZE);
	need(gpu_copy(g, SRC_VA, DST_VA, SIZE));
	ok(evict("edges private"), "a VM's own buffer is taken");
	ok(copies(g, &dst, 5), "and back when its VM works");
	need(pan_unmap(g->pan, g->vm, SRC_VA, SIZE));
	need(pan_unmap(g->pan, g->vm, DST_VA, SIZE));
	pan_bo_destroy(g->pan, &src);
	pan_bo_destroy(g->pan, &dst);
}

/* A buffer that is away is bound once more, and bound into */
static void half_bound(struct gpu *g)
{
	struct pan_bo src, dst;

	labelled(g, 2 * SIZE, "edges half", &src);
	gpu_bo(g, SIZE, &dst);
	fill(src.map, 6, 2 * SIZE);
	gpu_map(g, SRC_VA, &src, 0, SIZE);
	gpu_map(g, DST_VA, &dst, 0, SIZE);
	ok(copies(g, &dst, 6) && evict("edges half"),
	   "a buffer that is bound in part is taken");
	gpu_map(g, SRC_VA + SIZE, &src, SIZE, SIZE);
	is(bo_state("edges half").resident, 2 * SIZE,
	   "binding the rest of it brings it back");
	ok(evict("edges half"), "it is taken, half of it for the second time");
	ok(copies(g, &dst, 6), "the first half is right");
	ok(!gpu_copy(g, DST_VA, SRC_VA + SIZE, SIZE) &&
	   holds(dst.map, 6, SIZE, SIZE), "so is the second");
	ok(evict("edges half"), "it is taken once more");
	need(pan_unmap(g->pan, g->vm, SRC_VA + SZ_64K, SZ_64K));
	ok(!gpu_copy(g, DST_VA, SRC_VA, SZ_64K) && holds(dst.map, 6, 0, SZ_64K),
	   "what lies before a hole made meanwhile is right");
	ok(!gpu_copy(g, DST_VA, SRC_VA + 2 * SZ_64K, SZ_64K) &&
	   holds(dst.map, 6, 2 * SZ_64K, SZ_64K), "so is what lies behind it");
	is(gpu_copy(g, DST_VA, SRC_VA + SZ_64K, SZ_4K), -EIO,
	   "the hole is a hole");
	need(gpu_revive(g));
	ok(evict("edges half"), "it is taken for the last time");
	is(pan_unmap(g->pan, g->vm, SRC_VA, 2 * SIZE), 0,
	   "what is away can be unbound");
	need(pan_unmap(g->pan, g->vm, DST_VA, SIZE));
	pan_bo_destroy(g->pan, &src);
	pan_bo_destroy(g->pan, &dst);
}

/* The dummy page of a sparse range is a buffer like any other */
static void dummy_pages(struct gpu *g)
{
	struct pan_bo dst;

	gpu_bo(g, SIZE, &dst);
	gpu_map(g, DST_VA, &dst, 0, SIZE);
	need(pan_map_sparse(g->pan, g->vm, SRC_VA + SZ_64K, 8 * SZ_2M));
	is(gpu_copy(g, DST_VA, SRC_VA + SZ_64K, SIZE), 0,
	   "the GPU reads a sparse range");
	sleep_ms(100);
	ok(shrink(100000) > 0, "the shrinker takes what is behind it");
	is(gpu_copy(g, DST_VA, SRC_VA + SZ_2M + SZ_64K, SIZE), 0,
	   "the GPU reads it again without a fault");
	need(pan_unmap(g->pan, g->vm, SRC_VA + SZ_64K, 8 * SZ_2M));
	pan_bo_destroy(g->pan, &dst);
}

/*
 * Mappings are cut while they are restored: the driver has to let go of its lock in
 * between, to reserve tables. Each cut takes a page from the middle of one.
 */
#define CUTS		64
#define CUT_ROUNDS	(edges_short ? 3 : 24)
#define HALF		(SZ_64K / 2)
#define CUT_VA(i)	(OTHER_VA + (uint64_t)(i) * SZ_2M)

static void *cut_all(void *arg)
{
	struct gpu *g = arg;

	for (int i = 0; i < CUTS; i++)
		need(pan_unmap(g->pan, g->vm, CUT_VA(i) + HALF, SZ_4K));
	return NULL;
}

/* Pages that all VMs have under reservation; 0 where the driver does not say */
static long reserved_pages(void)
{
	static char text[65536];

	if (debugfs_read("vm_tables", text, sizeof(text)) < 0)
		return 0;
	return sum_of(text, "  reserved 4K ");
}

static bool rests_are_right(struct gpu *g, struct pan_bo *dst)
{
	for (int i = 0; i < CUTS; i += CUTS / 8) {
		if (gpu_copy(g, DST_VA, CUT_VA(i), HALF) ||
		    gpu_copy(g, DST_VA + HALF + SZ_4K, CUT_VA(i) + HALF + SZ_4K,
			     HALF - SZ_4K) ||
		    !holds(dst->map, 9, i * SZ_64K, HALF) ||
		    !holds((char *)dst->map + HALF + SZ_4K, 9,
			   i * SZ_64K + HALF + SZ_4K, HALF - SZ_4K))
			return false;
	}
	return true;
}

static void cut_while_restored(struct gpu *g)
{
	unsigned int right = 0;
	struct pan_bo dst, src;
	pthread_t thread;
	long reserved;

	labelled(g, CUTS * SZ_64K, "edges cut", &src);
	gpu_bo(g, SZ_64K, &dst);
	fill(src.map, 9, CUTS * SZ_64K);
	gpu_map(g, DST_VA, &dst, 0, SZ_64K);
	reserved = reserved_pages();
	for (int round = 0; round < CUT_ROUNDS; round++) {
		for (int i = 0; i < CUTS; i++)
			gpu_map(g, CUT_VA(i), &src, i * SZ_64K, SZ_64K);
		need(gpu_copy(g, DST_VA, CUT_VA(0), SZ_4K));
		need(evict("edges cut") ? 0 : -ETIME);
		need(-pthread_create(&thread, NULL, cut_all, g));
		right += !gpu_copy(g, DST_VA, CUT_VA(0), SZ_4K);
		pthread_join(thread, NULL);
		right += rests_are_right(g, &dst);
		need(pan_unmap(g->pan, g->vm, CUT_VA(0), CUTS * SZ_2M));
	}
	is(right, 2 * CUT_ROUNDS, "mappings are cut while they are restored, and the rests are right");
	is(reserved_pages(), reserved, "and nothing of them is left under reservation");
	need(pan_unmap(g->pan, g->vm, DST_VA, SZ_64K));
	pan_bo_destroy(g->pan, &src);
	pan_bo_destroy(g->pan, &dst);
}

void run_reclaim_vms(void)
{
	struct gpu a, b;
	struct pan p;

	swap_ready();
	need(pan_open(&p));
	need(stay_awake(true) ? 0 : -ETIME);
	gpu_open(&a, &p);
	gpu_open(&b, &p);
	in_two_vms(&a, &b);
	of_one_vm(&a);
	half_bound(&a);
	cut_while_restored(&a);
	dummy_pages(&b);
	gpu_close(&b);
	gpu_close(&a);
	stay_awake(false);
	pan_close(&p);
}

/* --- Pressure ------------------------------------------------------------ */

#define BIG		(32 * SZ_1M)
#define NEAR_KIB	(64 * 1024)
#define LEAST_KIB	(4 * 1024)

/*
 * Memory is locked, in small steps towards the end, until the buffer is gone: how
 * much, 0 when it stays.
 */
static uint64_t hog(const char *label)
{
	uint64_t used = 0;

	while (mem_kib("MemFree:") > LEAST_KIB) {
		uint64_t step = mem_kib("MemAvailable:") > NEAR_KIB ?
				16 * SZ_1M : SZ_1M;
		char *m = mmap(NULL, step, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);

		need(m == MAP_FAILED ? -1 : 0);
		used += step;
		if (!bo_state(label).resident)
			return used;
	}
	detail("%ld KiB are free", mem_kib("MemFree:"));
	return 0;
}

void run_pressure(void)
{
	struct pan_bo src, dst;
	struct gpu g;
	struct pan p;
	uint64_t used;
	long swapped;

	swap_ready();
	need(pan_open(&p));
	gpu_open(&g, &p);
	labelled(&g, BIG, "edges big", &src);
	gpu_bo(&g, SIZE, &dst);
	fill(src.map, 7, BIG);
	gpu_map(&g, SRC_VA, &src, 0, BIG);
	gpu_map(&g, DST_VA, &dst, 0, SIZE);
	ok(copies(&g, &dst, 7), "a copy while there is memory");
	used = hog("edges big");
	swapped = mem_kib("SwapTotal:") - mem_kib("SwapFree:");
	note("gone after %llu MiB, %ld KiB are in the swap file",
	     (unsigned long long)(used / SZ_1M), swapped);
	ok(used, "32 MiB go when memory is short");
	ok(copies(&g, &dst, 7), "the GPU finds its first MiB again");
	ok(!gpu_copy(&g, DST_VA, SRC_VA + BIG - SIZE, SIZE) &&
	   holds(dst.map, 7, BIG - SIZE, SIZE), "and its last");
	ok(holds(src.map, 7, 0, BIG), "the CPU finds every byte again");
	gpu_close(&g);
	pan_close(&p);
}

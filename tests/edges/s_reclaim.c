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
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "acct.h"
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

/* Two threads are the first in their VM to bind sparse memory, at the same time */
#define AT_ONCE		200

struct first {
	struct pan *pan;
	uint32_t vm;
	uint64_t va;
	atomic_int *arrived;
};

static void *bind_first(void *arg)
{
	struct first *f = arg;

	/* Closer together than who is woken up can be */
	atomic_fetch_add(f->arrived, 1);
	while (atomic_load(f->arrived) < 2)
		;
	need(pan_map_sparse(f->pan, f->vm, f->va, SZ_1G));
	return NULL;
}

static void both_first(struct pan *p)
{
	atomic_int arrived = 0;
	struct first f[2];
	pthread_t thread[2];
	uint32_t vm;

	need(pan_vm_create(p, &vm));
	for (int i = 0; i < 2; i++) {
		f[i] = (struct first){ p, vm, DATA_VA + i * SZ_1G, &arrived };
		need(-pthread_create(&thread[i], NULL, bind_first, &f[i]));
	}
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	need(pan_unmap(p, vm, DATA_VA, 2 * SZ_1G));
	need(pan_vm_destroy(p, vm));
}

static void first_at_once(struct pan *p)
{
	static const char what[] = "two at once make shared tables, and none stay";
	long before;

	if (acct_why_not()) {
		skip(acct_why_not(), what);
		return;
	}
	both_first(p);
	before = acct_reclaimed();
	for (int i = 0; i < AT_ONCE; i++)
		both_first(p);
	is(acct_wait_for(before) - before, 0, what);
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
	first_at_once(&p);
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
 * Mappings are cut while they are restored. The driver lets go of its lock between
 * the choice of a mapping and its restoration, to reserve tables, and must look again
 * afterwards: the object of the one that it chose can be that of another by now. Every
 * other one has blocks, and those between have pages, so that it matters for which one
 * tables were reserved.
 *
 * The cuts are made by a thread that is urgent and on the same processor: if it waits
 * for the lock, or wakes up without it, then all of a wave falls into that gap.
 */
#define CUTS		64
#define CUT_WAVES	8
#define CUT_ROUNDS	(edges_short ? 3 : edges_long ? 500 : 24)
#define CUT_SIZE	(2 * SZ_2M)
#define CUT_VA(i)	(OTHER_VA + (uint64_t)(i) * 2 * CUT_SIZE + (i) % 2 * SZ_64K)
/* In the second slot, so that the first is left whole; from above */
#define CUT_AT(wave)	(SZ_2M + (CUT_WAVES - (wave)) * SZ_64K)

struct cutter {
	struct gpu *g;
	unsigned int every_us;
};

static void *cut_all(void *arg)
{
	const struct cutter *c = arg;

	for (int wave = 0; wave < CUT_WAVES; wave++) {
		usleep(c->every_us);
		for (int i = 0; i < CUTS; i++)
			need(pan_unmap(c->g->pan, c->g->vm, CUT_VA(i) + CUT_AT(wave),
				       SZ_4K));
	}
	return NULL;
}

static void start_urgent(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	struct sched_param param = { .sched_priority = 1 };
	pthread_attr_t attr;

	need(-pthread_attr_init(&attr));
	need(-pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED));
	need(-pthread_attr_setschedpolicy(&attr, SCHED_FIFO));
	need(-pthread_attr_setschedparam(&attr, &param));
	need(-pthread_create(thread, &attr, fn, arg));
	need(-pthread_attr_destroy(&attr));
}

/* Pages that all VMs have under reservation, once VMs that were closed are gone */
static long reserved_pages(void)
{
	long now = vm_tables("reserved 4K"), last;

	do {
		last = now;
		sleep_ms(200);
		now = vm_tables("reserved 4K");
	} while (now != last);
	return now;
}

static bool rests_are_right(struct gpu *g, struct pan_bo *dst)
{
	const uint64_t before = CUT_AT(CUT_WAVES - 1), behind = CUT_AT(0) + SZ_4K;

	for (int i = 0; i < CUTS; i++) {
		if (gpu_copy(g, DST_VA, CUT_VA(i) + before - SZ_4K, SZ_4K) ||
		    gpu_copy(g, DST_VA + SZ_4K, CUT_VA(i) + behind, SZ_4K) ||
		    !holds(dst->map, 9, before - SZ_4K, SZ_4K) ||
		    !holds((char *)dst->map + SZ_4K, 9, behind, SZ_4K)) {
			detail("mapping %d", i);
			return false;
		}
	}
	return true;
}

static void cut_while_restored(struct gpu *g)
{
	cpu_set_t all, one;
	struct cutter cutter = { .g = g };
	unsigned int right = 0, used = g->cmd_used;
	struct pan_bo dst, src;
	pthread_t thread;
	long reserved;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	need(sched_getaffinity(0, sizeof(all), &all));
	need(sched_setaffinity(0, sizeof(one), &one));
	labelled(g, CUT_SIZE, "edges cut", &src);
	gpu_bo(g, SZ_64K, &dst);
	fill(src.map, 9, CUT_SIZE);
	gpu_map(g, DST_VA, &dst, 0, SZ_64K);
	reserved = reserved_pages();
	for (int round = 0; round < CUT_ROUNDS; round++) {
		/* The streams of the last round are done */
		g->cmd_used = used;
		for (int i = 0; i < CUTS; i++)
			gpu_map(g, CUT_VA(i), &src, 0, CUT_SIZE);
		need(gpu_copy(g, DST_VA, CUT_VA(0), SZ_4K));
		need(evict("edges cut") ? 0 : -ETIME);
		cutter.every_us = 1000 + 97 * (round % 48);
		start_urgent(&thread, cut_all, &cutter);
		right += !gpu_copy(g, DST_VA, CUT_VA(0), SZ_4K);
		pthread_join(thread, NULL);
		right += rests_are_right(g, &dst);
		need(pan_unmap(g->pan, g->vm, CUT_VA(0), 2 * CUTS * CUT_SIZE));
	}
	is(right, 2 * CUT_ROUNDS,
	   "mappings are cut while they are restored, and the rests are right");
	is(reserved_pages(), reserved, "and nothing of them is left under reservation");
	need(pan_unmap(g->pan, g->vm, DST_VA, SZ_64K));
	pan_bo_destroy(g->pan, &src);
	pan_bo_destroy(g->pan, &dst);
	need(sched_setaffinity(0, sizeof(all), &all));
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

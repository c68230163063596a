// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VM is destroyed while another thread works in it, or the MMU does not answer.
 * Whatever that thread gets to see, nothing of the VM may stay when the file is closed.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "acct.h"
#include "gate.h"
#include "gpu.h"
#include "host.h"
#include "inject.h"
#include "memory.h"
#include "scenarios.h"
#include "tap.h"
#include "work.h"

#define SPARSE_VA	(DATA_VA + 256 * SZ_1G)
#define SPARSE_SIZE	(4 * SZ_2M)
#define ROUNDS		300
#define HEAP_ROUNDS	300
#define BINDS		64
#define MAX_TEXT	(1 << 20)
#define GONE_MS		5000
#define LONG_MS		3000	/* a halt of the firmware has 1 s */

struct race {
	struct pan *pan;
	struct pan_bo bo;
	uint32_t vm;
	atomic_uint done;
	/* 0, or what ended it */
	atomic_int ret;
	/* It had ended before the VM went */
	bool early;
};

/* VMs that the kernel has */
static int vms_listed(void)
{
	char *text = malloc(MAX_TEXT), *vm = text;
	int n = 0;

	need(text ? 0 : -1);
	need(debugfs_read("gpuvas", text, MAX_TEXT));
	for (; (vm = strstr(vm, "DRM GPU VA space (")); vm++)
		n++;
	free(text);
	return n;
}

/* One of those before may have been about to go */
static bool all_gone(int before, int *left)
{
	*left = vms_listed();
	return *left <= before;
}

static void none_stays(int before, const char *what)
{
	int left;

	for (int ms = 0; !all_gone(before, &left) && ms < GONE_MS; ms += 20)
		sleep_ms(20);
	detail("%d VMs, %d before", left, before);
	ok(all_gone(before, &left), "%s", what);
}

static void *bind_in_it(void *arg)
{
	struct race *r = arg;

	for (unsigned int i = 0; !r->ret; i++) {
		r->ret = pan_map(r->pan, r->vm, DATA_VA + i % BINDS * SZ_2M, &r->bo, 0,
				 SZ_64K, 0);
		atomic_fetch_add(&r->done, 1);
	}
	return NULL;
}

static struct drm_panthor_tiler_heap_create small_heap(uint32_t vm)
{
	return (struct drm_panthor_tiler_heap_create) {
		.vm_id = vm,
		.initial_chunk_count = 1,
		.chunk_size = 4 * SZ_64K,
		.max_chunks = 2,
		.target_in_flight = 1,
	};
}

static void *make_heaps(void *arg)
{
	struct race *r = arg;

	for (unsigned int i = 0; !r->ret; i++) {
		struct drm_panthor_tiler_heap_create heap = small_heap(r->vm);

		r->ret = heap_create(r->pan, &heap);
		atomic_fetch_add(&r->done, 1);
	}
	return NULL;
}

/* The VM goes when the thread has done @after of what it does, or has ended early */
static void destroy_under(struct race *r, void *(*work)(void *race), unsigned int after)
{
	pthread_t thread;

	r->ret = 0;
	atomic_store(&r->done, 0);
	need(pan_vm_create(r->pan, &r->vm));
	need(-pthread_create(&thread, NULL, work, r));
	while (atomic_load(&r->done) < after && !atomic_load(&r->ret))
		sched_yield();
	r->early = atomic_load(&r->ret);
	need(pan_vm_destroy(r->pan, r->vm));
	pthread_join(thread, NULL);
}

void run_vm_race(void)
{
	unsigned int refused = 0;
	struct race r = { };
	struct pan p;
	int before;

	before = vms_listed();
	need(pan_open(&p));
	r.pan = &p;
	need(pan_bo_create(&p, SZ_64K, 0, &r.bo));
	for (unsigned int i = 0; i < ROUNDS; i++) {
		destroy_under(&r, bind_in_it, i % 5);
		refused += !r.early && r.ret == -EINVAL;
	}
	is(refused, ROUNDS, "a bind in a VM that is gone is refused, each time");
	pan_bo_destroy(&p, &r.bo);
	pan_close(&p);
	none_stays(before, "no VM stays that was destroyed while something was bound in it");
}

static int destroy_vm(struct gpu *g, void *arg)
{
	(void)arg;
	return pan_vm_destroy(g->pan, g->vm);
}

static int destroy_with_stuck_mmu(struct gpu *g)
{
	need(inject_stuck());
	return destroy_vm(g, NULL);
}

/*
 * What was unmapped waits for a flush, and nothing else is done in the VM: what its group
 * has there goes first. The VM keeps its address space meanwhile.
 */
static int destroy_with_stuck_flush(struct gpu *g)
{
	gpu_end_group(g);
	sleep_ms(100);
	return call_with_stuck("flush", g, destroy_vm, NULL);
}

/*
 * The GPU is put to sleep as the flush is waited for: the reset is cancelled, and comes when
 * the GPU is woken up. The firmware takes its time for the halt, so that the VM keeps its
 * address space for a second, in which nothing can be flushed.
 */
static int destroy_into_suspend(struct gpu *g)
{
	struct call c;
	long began;
	int ret;

	gpu_end_group(g);
	sleep_ms(100);
	need(inject_slow("flush", INJECT_NEVER));
	need(inject_slow("firmware", INJECT_NEVER));
	call_begin(&c, g, destroy_vm, NULL);
	began = now_ms();
	sleep_ms(20);
	stay_awake(false);
	ret = call_end(&c);
	ok(now_ms() - began < LONG_MS, "the suspend is waited for, and no longer");
	ok(sleeps(5000), "the GPU is suspended meanwhile");
	need(inject_clear());
	ok(stay_awake(true), "and wakes up");
	return ret;
}

/* Nobody unmaps what is left in a VM whose handle is gone */
static void destroyed_while_stuck(int (*destroy)(struct gpu *g), const char *what)
{
	uint64_t resets = gpu_stat("resets");
	struct copier c;
	struct pan p;
	int before;
	long pages;

	before = vms_listed();
	need(pan_open(&p));
	pages = acct_settled();
	copier_open(&c, &p);
	need(pan_map_sparse(&p, c.gpu.vm, SPARSE_VA, SPARSE_SIZE));
	is(copier_run(&c), 0, "the VM works, and has an address space");
	kmsg_mark();
	need(destroy(&c.gpu));
	ok(reset_within(resets, 2000), "%s is stuck as it is destroyed, which takes a reset", what);
	not_said("WARNING");
	gpu_end_group(&c.gpu);
	none_stays(before, "no VM stays");
	if (!acct_why_not())
		is(acct_wait_for(pages) - pages, 0, "nor does a page table");
	pan_close(&p);
}

static void stick_mmu(void)
{
	need(inject_stuck());
}

static void stick_flush(void)
{
	need(inject_slow("flush", INJECT_NEVER));
}

/*
 * Buffers of a group are mapped in the firmware's VM. Its own VM has no address space, as
 * nothing was executed there, so that it is the firmware's which meets what is stuck.
 */
static void group_destroyed_while_stuck(void (*stick)(void), const char *said_of, const char *what)
{
	long before = bo_count(), left = 0;
	struct copier c;
	struct pan p;

	need(pan_open(&p));
	copier_open(&c, &p);
	kmsg_mark();
	stick();
	gpu_end_group(&c.gpu);
	ok(kmsg_wait(said_of, 5000), "%s is stuck as its group goes", what);
	need(inject_slow("flush", 0));
	copier_close(&c);
	pan_close(&p);
	for (int ms = 0; ms < GONE_MS && (left = bo_count()) != before; ms += 20)
		sleep_ms(20);
	note("%ld buffers before, %ld after", before, left);
	is(left - before, 0, "no buffer stays");
}

void run_stuck_destroy(void)
{
	ok(stay_awake(true), "the GPU is awake");
	destroyed_while_stuck(destroy_with_stuck_mmu, "the MMU");
	destroyed_while_stuck(destroy_with_stuck_flush, "the flush");
	destroyed_while_stuck(destroy_into_suspend, "the flush before a suspend");
	group_destroyed_while_stuck(stick_mmu, "AS_ACTIVE bit stuck", "the firmware's MMU");
	group_destroyed_while_stuck(stick_flush, "Flush caches timeout", "its flush");
	stay_awake(false);
	life_goes_on("after a VM was destroyed with a stuck MMU");
}

/*
 * Reclaim goes from one VM to the next, and flushes for each as long as it takes. The last
 * one is about to be freed by then, and waits for reclaim to be done: its address space is
 * nobody's, and reclaim does not lock it.
 */
#define OTHERS		4
#define FEW_TABLES	4
#define SLOW_FLUSH	(20 * 1000000ull)

static int drop_slab(struct gpu *g, void *arg)
{
	(void)g;
	(void)arg;
	return sysfs_write("/proc/sys/vm/drop_caches", "2");
}

/* A queued operation that waits is all that keeps the VM */
static void keep_by_operation(struct gpu *g, const struct gate *gate, uint32_t done)
{
	struct drm_panthor_vm_bind_op op = pan_op_sync_only();
	struct drm_panthor_sync_op syncs[2] = {
		pan_wait(gate->fence, 0), pan_signal(done, 0),
	};

	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(2, syncs);
	need(pan_bind(g->pan, g->vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1));
	need(pan_vm_destroy(g->pan, g->vm));
}

void run_freed_trim(void)
{
	static const char what[] = "reclaim locks no address space of a VM that is freed";
	struct copier c[OTHERS + 1];
	struct gate gate;
	struct call drop;
	uint64_t locks;
	uint32_t done;
	struct pan p;

	if (acct_has_slab()) {
		skip("this driver has no idle tables", what);
		return;
	}
	need(pan_open(&p));
	ok(stay_awake(true), "the GPU is awake");
	gate_init(&gate, &p);
	need(pan_syncobj_create(&p, &done));
	acct_reclaim();
	for (int i = 0; i <= OTHERS; i++) {
		copier_open(&c[i], &p);
		need(copier_run(&c[i]));
		copier_idle(&c[i], FEW_TABLES);
	}
	gate_shut(&gate);
	keep_by_operation(&c[OTHERS].gpu, &gate, done);

	need(inject_slow("flush", SLOW_FLUSH));
	locks = gpu_stat("as-lock");
	call_begin(&drop, &c[0].gpu, drop_slab, NULL);
	sleep_ms(5);
	need(gate_open(&gate));
	need(call_end(&drop));
	need(pan_syncobj_wait(&p, done, 0, PAN_TIMEOUT_MS));
	is(gpu_stat("as-lock") - locks, OTHERS, what);
	need(inject_clear());
	gate_fini(&gate);
	pan_close(&p);
	stay_awake(false);
	life_goes_on("after a VM was freed while reclaim was at work");
}

void run_heap_race(void)
{
	struct race r = { };
	struct pan p;
	int before;

	before = vms_listed();
	need(pan_open(&p));
	r.pan = &p;
	kmsg_mark();
	for (unsigned int i = 0; i < HEAP_ROUNDS && !kmsg_count("WARNING"); i++)
		destroy_under(&r, make_heaps, i % 2);
	not_said("WARNING");
	pan_close(&p);
	none_stays(before, "no VM stays that was destroyed while heaps were made in it");
}

/*
 * The first heap of a VM comes with the pool of its heaps. Who unmaps holds up whoever maps
 * in the VM, as long as the flush takes: so two calls have made a pool each when they go
 * on, or the VM is destroyed just when the one call does.
 */
#define POOL_ROUNDS	4
#define POOL_DELAYS	64
#define POOL_STEP_US	20
#define POOL_FLUSH	(60 * MS)	/* the driver waits for 100 */
#define HELD_VA		(DATA_VA + 64 * SZ_1G)

struct pool_race {
	struct copier c;
	struct call hold, first;
	struct drm_panthor_tiler_heap_create heap[2];
};

static int make_heap(struct gpu *g, void *heap)
{
	return heap_create(g->pan, heap);
}

static int unmap_slowly(struct gpu *g, void *arg)
{
	(void)arg;
	return pan_unmap(g->pan, g->vm, HELD_VA, SZ_64K);
}

/* It is too short to sleep */
static void spin_us(unsigned int us)
{
	long end = now_us() + us;

	while (now_us() < end)
		;
}

/* A VM with an address space, which is being changed, and somebody who wants its first heap */
static void pool_race_begin(struct pool_race *r, struct pan *p)
{
	copier_open(&r->c, p);
	need(copier_run(&r->c));
	copier_idle(&r->c, 1);
	for (int i = 0; i < 2; i++)
		r->heap[i] = small_heap(r->c.gpu.vm);
	need(pan_map(p, r->c.gpu.vm, HELD_VA, &r->c.src, 0, SZ_64K, 0));
	need(inject_slow("flush", POOL_FLUSH));
	call_begin(&r->hold, &r->c.gpu, unmap_slowly, NULL);
	sleep_ms(2);
	call_begin(&r->first, &r->c.gpu, make_heap, &r->heap[0]);
	sleep_ms(5);
}

static void pool_race_end(struct pool_race *r)
{
	need(inject_slow("flush", 0));
	pan_bo_destroy(r->c.gpu.pan, &r->c.src);
	pan_bo_destroy(r->c.gpu.pan, &r->c.dst);
}

static bool two_first_heaps(struct pan *p)
{
	struct pool_race r;
	struct call second;
	bool held, there;

	pool_race_begin(&r, p);
	call_begin(&second, &r.c.gpu, make_heap, &r.heap[1]);
	sleep_ms(5);
	held = !call_is_over(&r.hold);
	need(call_end(&r.hold));
	need(call_end(&r.first));
	need(call_end(&second));
	there = !heap_destroy(p, r.heap[0].handle, 0) && !heap_destroy(p, r.heap[1].handle, 0);
	need(pan_vm_destroy(p, r.c.gpu.vm));
	pool_race_end(&r);
	need(held ? 0 : -ETIME);
	return there;
}

/* What the call that wants a heap says when the VM goes @delay after it can go on */
static int heap_of_destroyed(struct pan *p, unsigned int delay)
{
	struct pool_race r;
	int ret;

	pool_race_begin(&r, p);
	while (!call_is_over(&r.hold))
		;
	spin_us(delay * POOL_STEP_US);
	need(pan_vm_destroy(p, r.c.gpu.vm));
	need(call_end(&r.hold));
	ret = call_end(&r.first);
	pool_race_end(&r);
	return ret;
}

void run_heap_pool(void)
{
	unsigned int there = 0, made = 0, refused = 0;
	struct pan p;
	int before;

	before = vms_listed();
	need(pan_open(&p));
	ok(stay_awake(true), "the GPU is awake");
	for (unsigned int i = 0; i < POOL_ROUNDS; i++)
		there += two_first_heaps(&p);
	is(there, POOL_ROUNDS, "of two first heaps of a VM both are there");
	for (unsigned int i = 0; i < POOL_DELAYS; i++) {
		int ret = heap_of_destroyed(&p, i);

		made += !ret;
		refused += ret == -EINVAL;
	}
	detail("%u made, %u refused", made, refused);
	is(made + refused, POOL_DELAYS, "a first heap is made before its VM goes, or not at all");
	pan_close(&p);
	stay_awake(false);
	none_stays(before, "no VM stays whose first heap was made by two, or when it went");
	life_goes_on("after first heaps");
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asynchronous binds: fences to wait for and to signal, binary and timeline,
 * and that a queued bind changes nothing before its fence lets it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate.h"
#include "gpu.h"
#include "host.h"
#include "scenarios.h"
#include "tap.h"

#define WIN_VA	DATA_VA
#define DST_VA	(DATA_VA + 0x100000000ull)

struct async {
	struct gpu gpu;
	struct gate gate;
	struct pan_bo old;
	struct pan_bo new;
	struct pan_bo dst;
	uint32_t out;
	uint32_t timeline;
};

static void open_all(struct async *a, struct pan *p)
{
	gpu_open(&a->gpu, p);
	gate_init(&a->gate, p);
	gpu_bo(&a->gpu, SZ_64K, &a->old);
	gpu_bo(&a->gpu, SZ_64K, &a->new);
	gpu_bo(&a->gpu, SZ_64K, &a->dst);
	fill(a->old.map, 1, SZ_64K);
	fill(a->new.map, 2, SZ_64K);
	gpu_map(&a->gpu, DST_VA, &a->dst, 0, SZ_64K);
	need(pan_syncobj_create(p, &a->out));
	need(pan_syncobj_create(p, &a->timeline));
}

static int bind_one(struct async *a, struct drm_panthor_vm_bind_op op,
		    struct drm_panthor_sync_op *syncs, unsigned int n)
{
	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(n, syncs);
	return pan_bind(a->gpu.pan, a->gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC, &op,
			1);
}

static bool window_holds(struct async *a, uint32_t seed)
{
	fill(a->dst.map, 99, SZ_64K);
	if (gpu_copy(&a->gpu, DST_VA, WIN_VA, SZ_64K)) {
		detail("the copy failed");
		return false;
	}
	return holds(a->dst.map, seed, 0, SZ_64K);
}

static void async_signals(struct async *a)
{
	struct drm_panthor_sync_op s = pan_signal(a->out, 0);

	is(bind_one(a, pan_op_map(WIN_VA, &a->old, 0, SZ_64K), &s, 1), 0,
	   "a bind is queued with a syncobj to signal");
	is(pan_syncobj_wait(a->gpu.pan, a->out, 0, PAN_TIMEOUT_MS), 0,
	   "the syncobj signals");
	ok(window_holds(a, 1), "the GPU then reads what was bound");
}

static void async_behind_gate(struct async *a)
{
	struct drm_panthor_sync_op s[2];

	gate_shut(&a->gate);
	s[0] = pan_wait(a->gate.fence, 0);
	s[1] = pan_signal(a->out, 0);
	is(bind_one(a, pan_op_map(WIN_VA, &a->new, 0, SZ_64K), s, 2), 0,
	   "a rebind is queued behind an unsignalled syncobj");
	is(pan_syncobj_wait(a->gpu.pan, a->out, 0, 50), -ETIME,
	   "it does not signal before its fence");
	ok(window_holds(a, 1), "the GPU still reads the old binding meanwhile");
	is(pan_syncobj_wait(a->gpu.pan, a->out, 0, 0), -ETIME,
	   "and the rebind is still queued");
	is(gate_open(&a->gate), 0, "the fence it waits for signals");
	is(pan_syncobj_wait(a->gpu.pan, a->out, 0, PAN_TIMEOUT_MS), 0,
	   "the rebind signals after it");
	ok(window_holds(a, 2), "the GPU now reads the new binding");
}

static void async_timeline(struct async *a)
{
	struct drm_panthor_sync_op s[2];

	gate_shut(&a->gate);
	s[0] = pan_wait(a->gate.fence, 0);
	s[1] = pan_signal(a->timeline, 10);
	need(bind_one(a, pan_op_map(WIN_VA, &a->old, 0, SZ_64K), s, 2));
	s[0] = pan_wait(a->timeline, 10);
	s[1] = pan_signal(a->timeline, 20);
	is(bind_one(a, pan_op_map(WIN_VA, &a->new, 0, SZ_64K), s, 2), 0,
	   "a bind waits for timeline point 10 and signals point 20");
	is(pan_syncobj_wait(a->gpu.pan, a->timeline, 10, 0), -ETIME,
	   "point 10 is not reached while the first bind waits");
	need(gate_open(&a->gate));
	is(pan_syncobj_wait(a->gpu.pan, a->timeline, 20, PAN_TIMEOUT_MS), 0,
	   "point 20 is reached when the fence lets them go");
	is(pan_syncobj_wait(a->gpu.pan, a->timeline, 10, 0), 0,
	   "and so is point 10");
	ok(window_holds(a, 2), "the later bind is the one that holds");
}

static void async_batch(struct async *a)
{
	struct drm_panthor_sync_op s[2];
	struct drm_panthor_vm_bind_op ops[3];

	/* Within a call, later operations see the fences of earlier ones */
	s[0] = pan_signal(a->timeline, 30);
	s[1] = pan_wait(a->timeline, 30);
	ops[0] = pan_op_map(WIN_VA, &a->new, 0, SZ_64K);
	ops[1] = pan_op_unmap(WIN_VA, SZ_64K);
	ops[1].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &s[0]);
	ops[2] = pan_op_map(WIN_VA, &a->old, 0, SZ_64K);
	ops[2].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &s[1]);
	is(pan_bind(a->gpu.pan, a->gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, 3),
	   0, "map, unmap and map in one call, the last waits for the second");
	s[0] = pan_signal(a->out, 0);
	is(bind_one(a, pan_op_sync_only(), s, 1), 0,
	   "a sync-only operation is queued behind them");
	is(pan_syncobj_wait(a->gpu.pan, a->out, 0, PAN_TIMEOUT_MS), 0,
	   "its fence signals");
	ok(window_holds(a, 1), "the operations took effect in their order");
}

/*
 * Runs of operations without sync operations, in one call: each fence stands for what
 * was before it and for nothing behind it.
 */
#define RUN_VA(i)	(WIN_VA + SZ_1G + (i) * SZ_2M)
#define NUM_RUN		200

static void async_runs(struct async *a)
{
	static struct drm_panthor_vm_bind_op ops[2 * NUM_RUN + 2];
	struct drm_panthor_sync_op first, wait, last;
	struct pan *p = a->gpu.pan;
	uint32_t before, behind;
	unsigned int n = 0, right = 0;

	need(pan_syncobj_create(p, &before));
	need(pan_syncobj_create(p, &behind));
	gate_shut(&a->gate);
	first = pan_signal(before, 0);
	wait = pan_wait(a->gate.fence, 0);
	last = pan_signal(behind, 0);
	for (unsigned int i = 0; i < NUM_RUN; i++)
		ops[n++] = pan_op_map(RUN_VA(i), i % 2 ? &a->new : &a->old, 0, SZ_64K);
	/* In the middle: one that says that those before it are done, and one that waits */
	ops[n] = pan_op_sync_only();
	ops[n++].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &first);
	ops[n] = pan_op_unmap(RUN_VA(0), SZ_64K);
	ops[n++].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &wait);
	for (unsigned int i = 0; i < NUM_RUN; i++)
		ops[n++] = pan_op_map(RUN_VA(i), i % 2 ? &a->old : &a->new, 0, SZ_64K);
	ops[n - 1].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &last);
	is(pan_bind(p, a->gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, n), 0,
	   "402 operations in one call, two in their middle with fences");
	is(pan_syncobj_wait(p, before, 0, PAN_TIMEOUT_MS), 0,
	   "the fence in the middle says that the first half is done");
	for (unsigned int i = 0; i < NUM_RUN; i += 9)
		right += !gpu_copy(&a->gpu, DST_VA, RUN_VA(i), SZ_64K) &&
			 holds(a->dst.map, i % 2 ? 2 : 1, 0, SZ_64K);
	is(right, (NUM_RUN + 8) / 9, "which it is");
	is(pan_syncobj_wait(p, behind, 0, 50), -ETIME, "the other half waits");
	need(gate_open(&a->gate));
	is(pan_syncobj_wait(p, behind, 0, PAN_TIMEOUT_MS), 0, "for its fence");
	right = 0;
	for (unsigned int i = 0; i < NUM_RUN; i += 9)
		right += !gpu_copy(&a->gpu, DST_VA, RUN_VA(i), SZ_64K) &&
			 holds(a->dst.map, i % 2 ? 1 : 2, 0, SZ_64K);
	is(right, (NUM_RUN + 8) / 9, "and then all are as they were asked to be");
	need(pan_unmap(p, a->gpu.vm, RUN_VA(0), NUM_RUN * SZ_2M));
}

/* KiB of shared memory, which is what buffers are */
static long shmem(void)
{
	static char text[8192];
	char *at;

	need(sysfs_read("/proc/meminfo", text, sizeof(text)));
	at = strstr(text, "\nShmem:");
	return at ? strtol(at + 7, NULL, 10) : -1;
}

/* What an operation holds goes with its job, be it the first of it or not */
#define HELD_SIZE	(8 * SZ_2M)

static void async_lets_go(struct async *a)
{
	struct drm_panthor_vm_bind_op ops[8];
	struct pan *p = a->gpu.pan;
	struct pan_bo bo[ARRAY_SIZE(ops) - 1];
	long before = shmem(), after;
	struct drm_panthor_sync_op s = pan_signal(a->out, 0);

	for (unsigned int i = 0; i < ARRAY_SIZE(bo); i++) {
		need(pan_bo_create(p, HELD_SIZE, DRM_PANTHOR_BO_NO_MMAP, &bo[i]));
		ops[i] = pan_op_map(RUN_VA(i * 8), &bo[i], 0, HELD_SIZE);
	}
	ops[ARRAY_SIZE(bo)] = pan_op_unmap(RUN_VA(0), ARRAY_SIZE(bo) * HELD_SIZE);
	need(pan_bind(p, a->gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, ARRAY_SIZE(ops)));
	need(bind_one(a, pan_op_sync_only(), &s, 1));
	need(pan_syncobj_wait(p, a->out, 0, PAN_TIMEOUT_MS));
	for (unsigned int i = 0; i < ARRAY_SIZE(bo); i++)
		pan_bo_destroy(p, &bo[i]);
	for (int i = 0; i < 100 && shmem() >= before + (long)(SZ_1M / 1024); i++)
		usleep(20000);
	after = shmem();
	detail("%ld KiB more", after - before);
	ok(after < before + (long)(SZ_1M / 1024),
	   "buffers that one job mapped and unmapped are gone");
}

/* The GPU job itself waits for the bind: no CPU in between */
static void async_job_waits(struct async *a)
{
	struct drm_panthor_sync_op s[2];
	struct cs cs = gpu_cs(&a->gpu);
	int ret;

	fill(a->dst.map, 98, SZ_64K);
	cs_copy(&cs, DST_VA, WIN_VA, SZ_64K);
	cs_end(&cs);
	gate_shut(&a->gate);
	s[0] = pan_wait(a->gate.fence, 0);
	s[1] = pan_signal(a->out, 0);
	need(bind_one(a, pan_op_map(WIN_VA, &a->new, 0, SZ_64K), s, 2));
	need(gpu_queue(&a->gpu, 0, &cs, a->out, a->gpu.done));
	is(pan_syncobj_wait(a->gpu.pan, a->gpu.done, 0, 50), -ETIME,
	   "a job that waits for a queued bind does not run");
	need(gate_open(&a->gate));
	ret = pan_syncobj_wait(a->gpu.pan, a->gpu.done, 0, PAN_TIMEOUT_MS);
	ok(!ret && !gpu_dead(&a->gpu) && holds(a->dst.map, 2, 0, SZ_64K),
	   "it runs after the bind and reads the new binding");
}

void run_async(void)
{
	struct async a;
	struct pan p;

	need(pan_open(&p));
	open_all(&a, &p);
	async_signals(&a);
	async_behind_gate(&a);
	async_timeline(&a);
	async_batch(&a);
	async_runs(&a);
	async_lets_go(&a);
	async_job_waits(&a);
	is(pan_vm_state(&p, a.gpu.vm), DRM_PANTHOR_VM_STATE_USABLE,
	   "the VM is usable after all of them");
	gate_fini(&a.gate);
	gpu_close(&a.gpu);
	pan_close(&p);
}

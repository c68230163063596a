// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that is not the buffer's any more, or is about to be taken away, while the
 * GPU may still write to it: until its caches were flushed, and where they cannot be,
 * until it was reset.
 */
#include <errno.h>
#include <string.h>

#include "host.h"
#include "inject.h"
#include "memory.h"
#include "scenarios.h"
#include "tap.h"
#include "work.h"

#define SIZE		(16 * SZ_1M)
#define SIZE_KIB	((long)(SIZE / 1024))
#define VA		(DATA_VA + 128 * SZ_1G)
/* The driver waits for 100 ms */
#define FLUSH_MS	80
#define EARLY_MS	50
/* Another flush can be under way, behind which all waits */
#define TRIES		5
/* The driver waits for 100 ms, and what is looked at meanwhile takes its time, too */
#define RESET_MS	80
#define LOOK_MS		60

/*
 * A call that is refused, in which another operation had been prepared: what that
 * releases are all mappings of the VM that nobody has any more.
 */
static int refused_after(struct gpu *g, struct drm_panthor_vm_bind_op first)
{
	struct pan_bo bad = { .size = SZ_64K };
	struct drm_panthor_vm_bind_op ops[2] = { first, pan_op_map(VA, &bad, 0, SZ_64K) };

	return pan_bind(g->pan, g->vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, 2);
}

static int release_gone(struct gpu *g, uint32_t out)
{
	struct drm_panthor_vm_bind_op op = pan_op_sync_only();
	struct drm_panthor_sync_op s = pan_signal(out, 0);

	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &s);
	return refused_after(g, op);
}

static void queue_unmap(struct gpu *g, uint32_t out)
{
	struct drm_panthor_vm_bind_op op = pan_op_unmap(VA, SIZE);
	struct drm_panthor_sync_op s = pan_signal(out, 0);

	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &s);
	need(pan_bind(g->pan, g->vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1));
}

static bool memory_goes(long shmem)
{
	return mem_kib("Shmem:") < shmem - SIZE_KIB / 2;
}

/* How long it takes from when a buffer is unmapped until its memory is somebody else's */
static long memory_gone_after(struct gpu *g, uint32_t out, uint32_t other)
{
	struct pan_bo bo;
	long shmem, start;

	gpu_bo(g, SIZE, &bo);
	memset(bo.map, 1, SIZE);
	gpu_map(g, VA, &bo, 0, SIZE);
	shmem = mem_kib("Shmem:");

	need(inject_slow("flush", FLUSH_MS * MS));
	start = now_ms();
	queue_unmap(g, out);
	/* Before that is done */
	pan_bo_destroy(g->pan, &bo);
	while (!memory_goes(shmem) && now_ms() - start < 2000) {
		need(release_gone(g, other) == -EINVAL ? 0 : -EIO);
		sleep_ms(2);
	}
	start = now_ms() - start;
	need(pan_syncobj_wait(g->pan, out, 0, PAN_TIMEOUT_MS));
	need(inject_clear());
	return start;
}

/* Within this file a try says one of these */
enum outcome { WRONG, RIGHT, TOO_LATE };

/*
 * A reset takes its time here, but a machine with other work can be slower still, and then
 * look too late. So it is tried again, in a VM whose group lives.
 */
static void before_the_reset(struct pan *p, enum outcome (*look)(struct copier *c),
			     const char *what)
{
	enum outcome seen = TOO_LATE;

	for (int i = 0; i < TRIES && seen == TOO_LATE; i++) {
		uint64_t resets = gpu_stat("resets");
		struct copier c;

		copier_open(&c, p);
		need(copier_run(&c));
		need(inject_slow("reset", RESET_MS * MS));
		seen = look(&c);
		/* It has begun; then comes the firmware */
		need(reset_within(resets, 2000) ? 0 : -ETIMEDOUT);
		sleep_ms(5 * RESET_MS);
		need(inject_clear());
		copier_close(&c);
	}
	detail("%s", seen == TOO_LATE ? "too late, each time" : "in time");
	ok(seen == RIGHT, "%s", what);
}

static int unmap_queued(struct gpu *g, void *out)
{
	queue_unmap(g, *(uint32_t *)out);
	return pan_syncobj_wait(g->pan, *(uint32_t *)out, 0, PAN_TIMEOUT_MS);
}

/* A buffer is unmapped, and the flush does not end: nobody else gets its memory */
static enum outcome look_at_unmapped(struct copier *c)
{
	struct gpu *g = &c->gpu;
	uint32_t out, other;
	struct pan_bo bo;
	long shmem, start;
	bool kept = true;

	need(pan_syncobj_create(g->pan, &out));
	need(pan_syncobj_create(g->pan, &other));
	gpu_bo(g, SIZE, &bo);
	memset(bo.map, 1, SIZE);
	gpu_map(g, VA, &bo, 0, SIZE);
	shmem = mem_kib("Shmem:");
	pan_bo_destroy(g->pan, &bo);

	need(call_with_stuck("flush", g, unmap_queued, &out));
	start = now_ms();
	while (kept && now_ms() - start < LOOK_MS / 2) {
		need(release_gone(g, other) == -EINVAL ? 0 : -EIO);
		kept = !memory_goes(shmem);
		sleep_ms(2);
	}
	start = now_ms() - start;

	pan_syncobj_destroy(g->pan, other);
	pan_syncobj_destroy(g->pan, out);
	return start > LOOK_MS ? TOO_LATE : kept ? RIGHT : WRONG;
}

/* And when the GPU was reset somebody does */
static int unmap_it(struct copier *c)
{
	return pan_unmap(c->gpu.pan, c->gpu.vm, VA, SIZE);
}

/* Tables were held for the first operation, and are released */
static int be_refused(struct copier *c)
{
	int ret = refused_after(&c->gpu, pan_op_map(VA + SIZE, &c->src, 0, SZ_64K));

	return ret == -EINVAL ? 0 : -EIO;
}

static void gone_after_reset(struct pan *p, int (*next)(struct copier *c), const char *what)
{
	long shmem = mem_kib("Shmem:");
	struct copier c;
	int ms = 0;

	copier_open(&c, p);
	need(copier_run(&c));
	need(look_at_unmapped(&c) == WRONG ? -EIO : 0);
	sleep_ms(5 * RESET_MS);
	need(next(&c));
	while (mem_kib("Shmem:") > shmem + SIZE_KIB / 2 && ms < 2000) {
		sleep_ms(20);
		ms += 20;
	}
	ok(ms < 2000, "it goes with the next %s after the reset", what);
	copier_close(&c);
}

void run_unmapped_memory(void)
{
	long least = 2000, most = 0;
	uint32_t out, other;
	struct copier c;
	struct pan p;

	copier_open_awake(&c, &p, "the VM works, and has an address space");
	need(pan_syncobj_create(&p, &other));
	for (int i = 0; i < TRIES; i++) {
		long ms;

		need(pan_syncobj_create(&p, &out));
		ms = memory_gone_after(&c.gpu, out, other);
		least = ms < least ? ms : least;
		most = ms > most ? ms : most;
		pan_syncobj_destroy(&p, out);
	}
	note("the memory went after %ld to %ld ms", least, most);
	detail("%ld to %ld ms", least, most);
	ok(least >= EARLY_MS && most < 1000,
	   "memory goes after the flush, and not before");
	is(copier_run(&c), 0, "the VM still works");
	pan_syncobj_destroy(&p, other);
	copier_close(&c);

	kmsg_mark();
	before_the_reset(&p, look_at_unmapped,
			 "memory stays when the flush does not end, until the reset");
	gone_after_reset(&p, unmap_it, "operation");
	gone_after_reset(&p, be_refused, "call that is refused");
	said("Flush caches timeout");
	stay_awake(false);
	life_goes_on("after memory stayed until a reset");
	pan_close(&p);
}

static int shrink_all(struct gpu *g, void *arg)
{
	(void)g;
	(void)arg;
	return shrink(1000000);
}

/*
 * The shrinker is told no while the caches cannot be flushed. It does not take that for
 * an answer, and asks again. Whatever it asks for first, there is nothing.
 */
static enum outcome look_at_evicted(struct copier *c)
{
	long taken, start;

	/* What the GPU does not know is taken at any time, so now; the VM's comes back */
	for (int i = 0; i < TRIES && shrink(1000000); i++)
		;
	need(copier_run(c));
	taken = call_with_stuck("flush", &c->gpu, shrink_all, NULL);
	start = now_ms();
	taken += shrink(1000000);
	taken += shrink(1000000);
	start = now_ms() - start;
	note("%ld pages were taken, looked at for %ld ms", taken, start);
	return start > LOOK_MS ? TOO_LATE : taken ? WRONG : RIGHT;
}

/* Later it has its way */
void run_evicted_memory(void)
{
	struct copier c;
	struct pan p;

	need(pan_open(&p));
	swap_ready();
	ok(stay_awake(true), "the GPU is awake");
	kmsg_mark();
	before_the_reset(&p, look_at_evicted,
			 "what the GPU may still write to is not taken away");
	said("Flush caches timeout");
	copier_open(&c, &p);
	bo_label(&p, &c.src, "hardpaths src");
	is(copier_run(&c), 0, "a new VM works, and has an address space");
	fill(c.src.map, 98, SZ_64K);
	ok(evict("hardpaths src"), "now it can be taken");
	ok(holds(c.src.map, 98, 0, SZ_64K), "and is back with all that it held");
	copier_close(&c);
	stay_awake(false);
	life_goes_on("after memory could not be taken");
	pan_close(&p);
}

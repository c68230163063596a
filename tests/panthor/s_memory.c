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

#define MS		1000000ull
#define SIZE		(16 * SZ_1M)
#define SIZE_KIB	((long)(SIZE / 1024))
#define VA		(DATA_VA + 128 * SZ_1G)
/* The driver waits for 100 ms */
#define FLUSH_MS	80
#define EARLY_MS	50
/* Another flush can be under way, behind which all waits */
#define TRIES		5

/*
 * A call that is refused, in which another operation had been prepared: what that
 * releases are all mappings of the VM that nobody has any more.
 */
static int release_gone(struct gpu *g, uint32_t out)
{
	struct pan_bo bad = { .size = SZ_64K };
	struct drm_panthor_sync_op s = pan_signal(out, 0);
	struct drm_panthor_vm_bind_op ops[2] = {
		pan_op_sync_only(), pan_op_map(VA, &bad, 0, SZ_64K),
	};

	ops[0].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &s);
	return pan_bind(g->pan, g->vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, 2);
}

/* The buffer is unmapped, queued, and its handle is closed before that is done */
static void queue_unmap(struct gpu *g, struct pan_bo *bo, uint32_t out)
{
	struct drm_panthor_vm_bind_op op = pan_op_unmap(VA, SIZE);
	struct drm_panthor_sync_op s = pan_signal(out, 0);

	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &s);
	need(pan_bind(g->pan, g->vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1));
	pan_bo_destroy(g->pan, bo);
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
	queue_unmap(g, &bo, out);
	while (!memory_goes(shmem) && now_ms() - start < 2000) {
		need(release_gone(g, other) == -EINVAL ? 0 : -EIO);
		sleep_ms(2);
	}
	start = now_ms() - start;
	need(pan_syncobj_wait(g->pan, out, 0, PAN_TIMEOUT_MS));
	need(inject_clear());
	return start;
}

void run_unmapped_memory(void)
{
	long least = 2000, most = 0;
	uint32_t out, other;
	struct copier c;
	struct pan p;

	need(pan_open(&p));
	ok(stay_awake(true), "the GPU is awake");
	copier_open(&c, &p);
	is(copier_run(&c), 0, "the VM works, and has an address space");
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
	stay_awake(false);
	pan_close(&p);
}

/* The shrinker is told no while the caches cannot be flushed, and later has its way */
void run_evicted_memory(void)
{
	uint64_t resets = gpu_stat("resets");
	struct copier c;
	struct pan p;
	long resident;

	need(pan_open(&p));
	swap_ready();
	ok(stay_awake(true), "the GPU is awake");
	copier_open(&c, &p);
	bo_label(&p, &c.src, "hardpaths src");
	is(copier_run(&c), 0, "the VM works, and has an address space");
	fill(c.src.map, 98, SZ_64K);
	kmsg_mark();
	need(inject_slow("flush", INJECT_NEVER));
	shrink(1000000);
	need(inject_slow("flush", 0));
	said("Flush caches timeout");
	/* A slow kernel has reset the GPU before the shrinker gave up */
	resident = bo_state("hardpaths src").resident;
	detail("%ld bytes are there, %llu resets", resident,
	       (unsigned long long)(gpu_stat("resets") - resets));
	ok(resident == SZ_64K || gpu_stat("resets") > resets,
	   "what the GPU may still write to is not taken away");
	ok(reset_within(resets, 2000), "the GPU is reset");
	need(inject_clear());
	ok(evict("hardpaths src"), "now it can be taken");
	ok(holds(c.src.map, 98, 0, SZ_64K), "and is back with all that it held");
	copier_close(&c);
	stay_awake(false);
	life_goes_on("after memory could not be taken");
	pan_close(&p);
}

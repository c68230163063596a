// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory reclaim when the MMU or a flush fails, and what becomes of mappings whose memory
 * is away then: nothing is taken that the GPU may still use, nothing is restored by
 * halves, and nobody waits for a VM that is at work.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "acct.h"
#include "host.h"
#include "inject.h"
#include "memory.h"
#include "scenarios.h"
#include "tap.h"
#include "work.h"

#define VA		(DATA_VA + 128 * SZ_1G)
#define LABEL		"hardpaths evicted"
#define TRIES		5
/* A reset is over by then, and the firmware started */
#define RESET_MS	500
/* The driver allows each command of the MMU, and a flush, 100 ms */
#define SLOW_MS		80
#define IDLE_TABLES	16
/* Of each command, and a few of them for each buffer that is restored */
#define COMMAND_MS	40
#define MOVED		"hardpaths moved"

/* Pages and blocks that all VMs have under reservation */
static long reserved_now(void)
{
	return vm_tables("reserved 4K") + vm_tables("reserved 2M");
}

/* The same once what was destroyed is gone */
static long reserved_at_rest(void)
{
	long now = reserved_now(), last;

	do {
		last = now;
		sleep_ms(200);
		now = reserved_now();
	} while (now != last);
	return now;
}

/* A VM with an address space, in which a buffer can be found by its label */
static void start(struct copier *c, struct pan *p)
{
	/* VMs of others that are on their way out send commands to the MMU, too */
	reserved_at_rest();
	need(pan_open(p));
	swap_ready();
	ok(stay_awake(true), "the GPU is awake");
	copier_open(c, p);
	bo_label(p, &c->dst, LABEL);
	is(copier_run(c), 0, "the VM works, and has an address space");
}

static void end(struct copier *c, struct pan *p, const char *when)
{
	copier_close(c);
	stay_awake(false);
	life_goes_on(when);
	pan_close(p);
}

static void wait_for_reset(uint64_t resets)
{
	ok(reset_within(resets, 2000), "the GPU is reset");
	sleep_ms(RESET_MS);
}

static int shrink_all(struct gpu *g, void *arg)
{
	(void)g;
	(void)arg;
	return shrink(1000000);
}

/* All that the VM has is away */
static void take_all(const char *label)
{
	need(evict(label) ? 0 : -ETIME);
	while (shrink(1000000))
		;
}

/*
 * The buffer is the only one that can be taken, and the LOCK with which that begins fails.
 * All that follows would not.
 */
void run_late_evict(void)
{
	uint64_t resets = gpu_stat("resets");
	struct bo_state s;
	struct copier c;
	struct pan p;

	start(&c, &p);
	take_all(LABEL);
	gpu_map(&c.gpu, VA, &c.dst, 0, SZ_64K);
	s = bo_state(LABEL);
	is(s.resident, SZ_64K, "a buffer is back, and no other");

	call_with_late(&c.gpu, shrink_all, NULL);
	is(bo_state(LABEL).evictions, s.evictions,
	   "it is not taken when its address space cannot be locked");
	is(bo_state(LABEL).resident, SZ_64K, "its memory is there");
	not_said("WARNING");
	wait_for_reset(resets);
	need(gpu_revive(&c.gpu));
	memset(c.src.map, 0, SZ_64K);
	ok(!gpu_copy(&c.gpu, COPY_VA, VA, SZ_64K) && holds(c.src.map, c.seed, 0, SZ_64K),
	   "it is mapped as it was");
	ok(evict(LABEL), "after the reset it can be taken");
	is(copier_run(&c), 0, "and comes back");
	end(&c, &p, "after memory could not be taken");
}

static int queue_copy(struct gpu *g, void *arg)
{
	struct cs cs = gpu_cs(g);

	(void)arg;
	cs_copy(&cs, COPY_VA + SZ_1M, COPY_VA, SZ_64K);
	cs_end(&cs);
	return gpu_queue(g, 0, &cs, 0, g->done);
}

/* A job needs what was taken, and the LOCK with which that is restored fails */
void run_late_restore(void)
{
	uint64_t resets = gpu_stat("resets");
	long reserved = reserved_at_rest();
	struct copier c;
	struct pan p;

	start(&c, &p);
	take_all(LABEL);
	is(call_with_late(&c.gpu, queue_copy, NULL), -ETIMEDOUT,
	   "a job is refused when its address space cannot be locked");
	not_said("WARNING");
	wait_for_reset(resets);
	is(pan_vm_state(&p, c.gpu.vm), DRM_PANTHOR_VM_STATE_USABLE,
	   "the VM is still usable");
	need(gpu_revive(&c.gpu));
	fill(c.src.map, 77, SZ_64K);
	ok(!gpu_copy(&c.gpu, COPY_VA + SZ_1M, COPY_VA, SZ_64K) &&
	   holds(c.dst.map, 77, 0, SZ_64K), "the next job finds all that it needs");

	copier_idle(&c, 0);
	is(reserved_at_rest(), reserved, "nothing stays reserved in a VM with nothing in it");
	pan_close(&p);
	stay_awake(false);
	life_goes_on("after memory could not be restored");
}

/* --- VMAs that are gone -------------------------------------------------- */

/*
 * The buffer is unmapped, and the flush never ends: until another operation of the VM
 * flushes, it is linked to its buffer.
 */
static void unmap_with_stuck_flush(struct gpu *g)
{
	uint64_t resets = gpu_stat("resets");

	need(op_with_stuck(g, pan_op_unmap(VA, SZ_64K), "flush"));
	wait_for_reset(resets);
}

/* There is nothing to unmap in it when its buffer is taken */
static void taken_when_gone(struct copier *c)
{
	unmap_with_stuck_flush(&c->gpu);
	ok(evict(LABEL), "the buffer can be taken");
	not_said("WARNING");
	is(pan_vm_state(c->gpu.pan, c->gpu.vm), DRM_PANTHOR_VM_STATE_USABLE,
	   "the VM is still usable");
}

/*
 * Nor is there anything to restore in it if the buffer had been taken before. A group that
 * has not run yet survives the reset; to make one would flush.
 */
static void restored_when_gone(struct copier *c)
{
	struct gpu other;
	struct cs cs;

	member_open(&other, &c->gpu, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
	take_all(LABEL);
	unmap_with_stuck_flush(&c->gpu);
	fill(c->src.map, 78, SZ_64K);
	cs = gpu_cs(&c->gpu);
	cs_copy(&cs, COPY_VA + SZ_1M, COPY_VA, SZ_64K);
	cs_end(&cs);
	need(gpu_queue(&other, 0, &cs, 0, other.done));
	ok(ends(&other, 5000) && holds(c->dst.map, 78, 0, SZ_64K),
	   "a job has what it needs");

	gpu_cs_keep(&c->gpu, &cs);
	cs = gpu_cs(&c->gpu);
	cs_copy(&cs, COPY_VA, VA, SZ_4K);
	cs_end(&cs);
	need(gpu_queue(&other, 0, &cs, 0, other.done));
	ok(ends(&other, 5000) && pan_fence_status(c->gpu.pan, other.done) < 0,
	   "what was unmapped is not mapped again");
	member_close(&other);
}

static void with_buffer(void (*test)(struct copier *c))
{
	struct copier c;
	struct pan p;

	start(&c, &p);
	gpu_map(&c.gpu, VA, &c.dst, 0, SZ_64K);
	kmsg_mark();
	test(&c);
	said("Flush caches timeout");
	end(&c, &p, "after something was unmapped without a flush");
}

static int unmap_nothing(struct gpu *g, void *arg)
{
	(void)arg;
	return pan_unmap(g->pan, g->vm, VA + SZ_1G, SZ_64K);
}

/* Who is woken up for the VM's lock as a realtime thread has it before who let go of it */
static int unmap_now(struct gpu *g, void *arg)
{
	struct sched_param urgent = { .sched_priority = 1 };

	(void)arg;
	need(sched_setscheduler(0, SCHED_FIFO, &urgent) ? -errno : 0);
	return pan_unmap(g->pan, g->vm, VA, SZ_64K);
}

/*
 * All three want the VM's lock, in this order: an operation has it for a while; a job that
 * has memory restored looks for it, and takes its reservation without the lock; an unmap
 * meets a flush that never ends, so that what it unmaps stays linked.
 */
static void gone_while_restored(struct copier *c)
{
	struct call first, restore, unmap;

	need(inject_slow("flush", SLOW_MS * MS));
	call_begin(&first, &c->gpu, unmap_nothing, NULL);
	sleep_ms(SLOW_MS / 8);
	need(inject_slow("flush", INJECT_NEVER));
	call_begin(&restore, &c->gpu, queue_copy, NULL);
	sleep_ms(SLOW_MS / 8);
	call_begin(&unmap, &c->gpu, unmap_now, NULL);
	need(call_end(&first));
	ok(kmsg_wait("Flush caches timeout", 2000), "the flush of an unmap never ends");
	need(inject_slow("flush", 0));
	call_end(&restore);
	need(call_end(&unmap));
}

/* A buffer of the copier's as it is mapped */
struct mapping {
	const struct pan_bo *bo;
	uint64_t va;
	uint64_t size;
	uint32_t flags;
};

/* At VA as well, and as if that had been first. Next to it is one that keeps the tables */
static void map_before(struct copier *c, const struct mapping *m)
{
	gpu_map(&c->gpu, VA, m->bo, 0, SZ_64K);
	need(pan_map(c->gpu.pan, c->gpu.vm, m->va, m->bo, 0, m->size, m->flags));
	gpu_map(&c->gpu, VA + SZ_64K, &c->src, 0, SZ_64K);
}

/* What is at VA is restored first, if the buffer is */
static void unmapped_while_restored(unsigned int which)
{
	long reserved = reserved_at_rest();
	uint64_t resets = gpu_stat("resets");
	struct copier c;
	const struct mapping mappings[] = {
		{ &c.gpu.cmd, CMD_VA, CMD_SIZE, DRM_PANTHOR_VM_BIND_OP_MAP_READONLY },
		{ &c.gpu.words, WORDS_VA, WORDS_SIZE,
		  DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC | DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED },
		{ &c.dst, COPY_VA + SZ_1M, SZ_64K, DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC },
	};
	struct pan p;

	start(&c, &p);
	map_before(&c, &mappings[which]);
	take_all(LABEL);
	kmsg_mark();
	gone_while_restored(&c);
	wait_for_reset(resets);
	not_said("WARNING");
	need(gpu_revive(&c.gpu));
	is(gpu_copy(&c.gpu, COPY_VA + SZ_1M, VA + SZ_64K, SZ_4K), 0, "what was not is mapped");
	ok(gpu_copy(&c.gpu, COPY_VA + SZ_1M, VA, SZ_4K) < 0,
	   "what was unmapped meanwhile is not mapped again");
	copier_close(&c);
	pan_close(&p);
	is(reserved_at_rest(), reserved, "nor is it reserved");
	stay_awake(false);
}

void run_gone_vmas(void)
{
	with_buffer(taken_when_gone);
	with_buffer(restored_when_gone);
	/* Which buffer is restored first is up to the driver */
	for (unsigned int i = 0; i < 3; i++)
		unmapped_while_restored(i);
}

/* --- Idle tables of a VM that is at work --------------------------------- */

static void make_idle(struct copier *c)
{
	for (unsigned int i = 0; i < IDLE_TABLES; i++)
		gpu_map(&c->gpu, VA + i * SZ_2M, &c->src, 0, SZ_64K);
	need(pan_unmap(c->gpu.pan, c->gpu.vm, VA, IDLE_TABLES * SZ_2M));
}

static int bind_elsewhere(struct gpu *g, void *bo)
{
	return pan_map(g->pan, g->vm, VA - SZ_1G, bo, 0, SZ_64K,
		       DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC);
}

static void drop_slab(void)
{
	need(sysfs_write("/proc/sys/vm/drop_caches", "2"));
}

/* The kernel is done with its shrinkers, while the VM is not with its bind */
static bool reclaims_meanwhile(struct copier *c, long *ms)
{
	struct call bind;
	bool over;

	need(inject_slow("as", SLOW_MS * MS));
	need(inject_slow("flush", SLOW_MS * MS));
	call_begin(&bind, &c->gpu, bind_elsewhere, &c->src);
	sleep_ms(SLOW_MS / 8);
	*ms = now_ms();
	drop_slab();
	*ms = now_ms() - *ms;
	over = call_is_over(&bind);
	is(call_end(&bind), 0, "a slow bind succeeds");
	need(inject_clear());
	need(pan_unmap(c->gpu.pan, c->gpu.vm, VA - SZ_1G, SZ_64K));
	return !over;
}

/* Reclaim wants the tables of a VM that has its lock for a while, and does without */
void run_busy_trim(void)
{
	static const char what[] = "reclaim does not wait for a VM that is at work";
	bool meanwhile = false;
	struct copier c;
	struct pan p;
	long ms;

	if (acct_has_slab()) {
		skip("this driver has no idle tables", what);
		return;
	}
	start(&c, &p);
	kmsg_mark();
	for (int i = 0; i < TRIES && !meanwhile; i++) {
		/* What else there is to take would take its time */
		acct_reclaim();
		need(copier_run(&c));
		make_idle(&c);
		ok(vm_tables("idle") >= IDLE_TABLES, "the VM has idle tables");
		meanwhile = reclaims_meanwhile(&c, &ms);
		note("reclaim took %ld ms", ms);
	}
	ok(meanwhile, what);
	ok(vm_tables("idle") >= IDLE_TABLES, "its idle tables stay");
	drop_slab();
	is(vm_tables("idle"), 0, "and are taken when it is not");
	not_said("*ERROR*");
	end(&c, &p, "after reclaim met a bind");
}

/* --- Memory that moves from one VM to another ---------------------------- */

static void queue_unmap(struct pan *p, uint32_t vm, uint32_t done)
{
	struct drm_panthor_vm_bind_op op = pan_op_unmap(VA, SZ_64K);
	struct drm_panthor_sync_op s = pan_signal(done, 0);

	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &s);
	need(pan_bind(p, vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1));
}

/*
 * The buffer is in two VMs, and away from the copier's. A job restores that one's buffers,
 * this one last, and has all of them locked until then. Meanwhile the other VM unmaps the
 * buffer, and the driver, which has to lock it to see who has it, sees it in one VM as
 * before.
 */
static void move(struct copier *c, uint32_t from, const struct pan_bo *bo)
{
	struct pan *p = c->gpu.pan;
	struct call restore;
	uint32_t done;

	need(pan_syncobj_create(p, &done));
	take_all(LABEL);
	gpu_map(&c->gpu, VA, bo, 0, SZ_64K);
	need(evict(MOVED) ? 0 : -ETIME);
	need(pan_map(p, from, VA, bo, 0, SZ_64K, 0));
	need(inject_slow("as", COMMAND_MS * MS));
	call_begin(&restore, &c->gpu, queue_copy, NULL);
	sleep_ms(COMMAND_MS / 2);
	queue_unmap(p, from, done);
	need(pan_syncobj_wait(p, done, 0, PAN_TIMEOUT_MS));
	ok(!call_is_over(&restore), "a buffer is unmapped while another VM's job restores it");
	need(call_end(&restore));
	need(inject_clear());
	need(pan_syncobj_wait(p, c->gpu.done, 0, PAN_TIMEOUT_MS));
	pan_syncobj_destroy(p, done);
}

/*
 * Each VM has a list of the buffers that are in no other one, where reclaim looks. One
 * that stays in the list of a VM that is freed is in none, and writes to that memory.
 */
void run_moved_memory(void)
{
	struct pan_bo bo;
	struct copier c;
	uint32_t from;
	struct pan p;

	start(&c, &p);
	need(pan_vm_create(&p, &from));
	gpu_bo(&c.gpu, SZ_64K, &bo);
	bo_label(&p, &bo, MOVED);
	move(&c, from, &bo);
	need(pan_vm_destroy(&p, from));
	reserved_at_rest();
	is(bo_state(MOVED).resident, SZ_64K, "its memory is there");
	ok(evict(MOVED), "reclaim finds it when the first VM is gone");
	pan_bo_destroy(&p, &bo);
	end(&c, &p, "after memory moved from VM to VM");
}

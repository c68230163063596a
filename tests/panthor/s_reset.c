// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Resets while everything is at work: what can be suspended survives them, be
 * it on a slot or off. And a reset that comes while reclaim has the GPU flush.
 */
#include <errno.h>

#include "acct.h"
#include "gate.h"
#include "host.h"
#include "inject.h"
#include "memory.h"
#include "scenarios.h"
#include "tap.h"
#include "work.h"

#define MEMBERS		12	/* 8 on the slots, 4 off */
#define RESETS		4

static bool started(const struct sums *s)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < MEMBERS; i++)
		n += !!sums_progress(s, i);
	return n >= 8;
}

static unsigned int unfinished(struct gpu *m)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < MEMBERS; i++)
		n += !ends(&m[i], 0);
	return n;
}

void run_reset_survival(void)
{
	struct gpu owner, m[MEMBERS];
	unsigned int busy = 0, right = 0, resets = 0;
	struct copier trigger;
	struct sums s;
	struct pan p;

	need(pan_open(&p));
	/* See stuck-suspend */
	ok(stay_awake(true), "the GPU is awake");
	kmsg_mark();
	copier_open(&trigger, &p);
	is(copier_run(&trigger), 0, "the VM that will cause the resets works");
	gpu_open(&owner, &p);
	sums_open(&s, &owner);
	gpu_set_word(&owner, WORD_STOP, 0);
	/* Until the resets are over, however long the host takes for them */
	for (int i = 0; i < MEMBERS; i++) {
		struct cs cs = sums_until_stopped(&s, i);

		member_open(&m[i], &owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
		need(gpu_queue(&m[i], 0, &cs, 0, m[i].done));
	}
	for (int ms = 0; ms < 2000 && !started(&s); ms += 5)
		sleep_ms(5);
	for (int i = 0; i < RESETS; i++) {
		uint64_t before = gpu_stat("resets");

		/* Without an address space there is nothing to get stuck */
		copier_run(&trigger);
		/* Half of the limit, each second time */
		need(inject_slow("reset", i % 2 ? 50000000 : 0));
		bind_with_stuck(&trigger.gpu, &trigger.dst, "as");
		busy += unfinished(m) == MEMBERS;
		resets += reset_within(before, 2000);
	}
	said("AS_ACTIVE bit stuck");
	is(resets, RESETS, "a stuck MMU command ends in a reset, each time");
	is(busy, RESETS, "while groups are at work, more than there are slots");
	gpu_set_word(&owner, WORD_STOP, 1);
	for (int i = 0; i < MEMBERS; i++)
		right += ends(&m[i], 10000) &&
			 pan_fence_status(&p, m[i].done) == 1 &&
			 sums_right(&s, i, sums_progress(&s, i));
	is(right, MEMBERS, "the sums of all of them are exact");
	group_is(&m[0], 0, 1, "and no group is marked");
	not_said("escalating to termination");
	not_said("Soft reset timeout");
	for (int i = 0; i < MEMBERS; i++)
		member_close(&m[i]);
	sums_close(&s);
	gpu_close(&owner);
	copier_close(&trigger);
	stay_awake(false);
	life_goes_on("after all those resets");
	pan_close(&p);
}

/*
 * From when the GPU wakes up until the watchdog is not answered; a timer of that length can
 * be a quarter of a second late
 */
#define WATCHDOG_MS	12100
#define EARLY_MS	200
/* Each has tables for four flushes */
#define FLUSHED_VMS	3
/* The driver allows each 100 ms */
#define FLUSH_MS	90
#define LONG_RESET_MS	95

/* Its watchdog's time is counted from what this returns */
static long awake_from_now(void)
{
	ok(sleeps(3000), "the GPU sleeps");
	ok(stay_awake(true), "it is awake");
	return now_ms();
}

/*
 * The firmware stops, and flushes take nearly as long as they may, as the reset will.
 * Returns shortly before the watchdog asks for that: the number of resets so far
 */
static uint64_t before_watchdog(long awake)
{
	uint64_t resets = gpu_stat("resets");

	kmsg_mark();
	need(induce("\"kind\": \"firmware-stop\""));
	need(inject_slow("flush", FLUSH_MS * MS));
	need(inject_slow("reset", LONG_RESET_MS * MS));
	sleep_ms(awake + WATCHDOG_MS - EARLY_MS - now_ms());
	return resets;
}

/*
 * Reclaim takes tables in many steps, and flushes after each. One flush is under way when
 * the watchdog has the GPU reset: it comes to its end before the reset begins, and no other
 * one does. Nothing else is at work then, whose end would be waited for.
 */
void run_reset_flush(void)
{
	static const char what[] = "a reset waits for the flush that is under way";
	struct copier c[FLUSHED_VMS];
	uint64_t resets;
	struct pan p;
	long awake;

	if (acct_has_slab()) {
		skip("this driver does not flush for reclaim", what);
		return;
	}
	need(pan_open(&p));
	awake = awake_from_now();
	for (int i = 0; i < FLUSHED_VMS; i++) {
		copier_open(&c[i], &p);
		need(copier_run(&c[i]));
		copier_idle(&c[i], ACCT_IDLE_LEAVES);
	}
	resets = before_watchdog(awake);
	need(sysfs_write("/proc/sys/vm/drop_caches", "2"));
	need(inject_slow("flush", 0));
	ok(vm_tables("idle") > 0, "the reset comes while reclaim is at work");
	ok(reset_within(resets, 2000), "the watchdog has the GPU reset");
	said("FW ping timeout, scheduling a reset");
	sleep_ms(5 * LONG_RESET_MS);
	detail("\"Flush caches timeout\" or \"AS_ACTIVE bit stuck\"");
	ok(!kmsg_count("Flush caches timeout") && !kmsg_count("AS_ACTIVE bit stuck"), what);
	need(inject_clear());
	acct_reclaim();
	is(vm_tables("idle"), 0, "what is left is reclaimed after it");
	pan_close(&p);
	stay_awake(false);
	life_goes_on("after a reset met a flush");
}

/* --- A VM that goes during a reset ---------------------------------------- */

#define FREED_VMS	6

/* A queued operation is all that keeps the VM: it is refused, for which the VM is given up */
static void keep_by_map(struct copier *c, const struct gate *gate)
{
	struct drm_panthor_vm_bind_op op = pan_op_map(COPY_VA, &c->src, 0, SZ_64K);
	struct drm_panthor_sync_op s = pan_wait(gate->fence, 0);

	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &s);
	gpu_end_group(&c->gpu);
	sleep_ms(100);
	need(pan_bind(c->gpu.pan, c->gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1));
	need(pan_vm_destroy(c->gpu.pan, c->gpu.vm));
}

/* Each VM makes one for its operation, one as it is given up, and one as it is freed */
static int freed_before(uint64_t flushes)
{
	return (int)(gpu_stat("cache-flushes") - flushes) - 2 * FREED_VMS;
}

/*
 * The watchdog has the GPU reset. It waits for what is executed in VMs by then, some of
 * which goes with that: the GPU takes no command any more, the VM's address space is
 * the reset's, and its tables are what the GPU may read until that is over.
 */
void run_reset_free(void)
{
	uint64_t resets, writes, flushes;
	struct copier c[FREED_VMS];
	long awake, pages, least;
	struct gate gate;
	struct pan p;
	int before;

	need(pan_open(&p));
	pages = acct_settled();
	awake = awake_from_now();
	gate_init(&gate, &p);
	gate_shut(&gate);
	for (int i = 0; i < FREED_VMS; i++) {
		copier_open(&c[i], &p);
		need(copier_run(&c[i]));
		keep_by_map(&c[i], &gate);
	}
	resets = before_watchdog(awake);
	writes = gpu_stat("reset-writes");
	flushes = gpu_stat("cache-flushes");
	least = (acct_pages() - pages) / FREED_VMS;
	need(gate_open(&gate));
	ok(reset_within(resets, 2000), "the watchdog has the GPU reset");
	before = freed_before(flushes);
	detail("%d of %d went before", before, FREED_VMS);
	ok(before >= 0 && before < FREED_VMS, "and waits for the last operation of a VM");
	/* Who reads tables without a lock is waited for before they go, too */
	sleep_ms(LONG_RESET_MS / 2);
	if (!acct_has_slab()) {
		least *= FREED_VMS - before;
		pages = acct_pages() - pages;
		detail("%ld, %ld are needed", pages, least);
		ok(pages >= least, "whose tables stay during the reset");
	}
	need(inject_slow("flush", 0));
	sleep_ms(5 * LONG_RESET_MS);
	said("FW ping timeout, scheduling a reset");
	is(gpu_stat("reset-writes") - writes, 0,
	   "VMs go during the reset, and none writes to the GPU");
	is(gpu_stat("resets") - resets, 1, "which is reset once");
	not_said("Flush caches timeout");
	need(inject_clear());
	gate_fini(&gate);
	pan_close(&p);
	stay_awake(false);
	life_goes_on("after VMs went during a reset");
}

/* --- Binds during a reset ------------------------------------------------- */

/*
 * A flush has 100 ms, and a reset whose interrupt is lost as many: in the middle of that.
 * Who binds once more before it is over may flush and unlock
 */
#define REBIND_MS	160

static int rebind(struct gpu *g, void *arg)
{
	struct copier *c = arg;
	long end = now_ms() + REBIND_MS;
	int ret = 0;

	/* Each changes what the GPU may know, or no region need be locked */
	for (unsigned int i = 0; !ret && now_ms() < end; i++)
		ret = pan_map(g->pan, g->vm, COPY_VA, i % 2 ? &c->src : &c->dst, 0, SZ_64K,
			      DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC);
	return ret;
}

/*
 * A flush never ends, so the GPU is reset. It has forgotten everything then, but the driver,
 * whose interrupt is lost, still waits for that flush, and refuses others. A region that is
 * locked meanwhile would not be unlocked.
 */
void run_reset_lock(void)
{
	uint64_t resets = gpu_stat("resets");
	struct copier binder, next;
	struct call c;
	struct pan p;

	copier_open_awake(&binder, &p, "a VM has an address space");
	gpu_end_group(&binder.gpu);
	sleep_ms(100);

	need(inject_slow("flush", INJECT_NEVER));
	need(inject_lost("gpu"));
	call_begin(&c, &binder.gpu, rebind, &binder);
	sleep_ms(50);
	need(inject_slow("flush", 0));
	is(call_end(&c), 0, "its memory is bound again and again while the GPU is reset");
	ok(reset_within(resets, 2000), "the GPU was reset");
	sleep_ms(500);

	copier_open(&next, &p);
	is(copier_run(&next), 0, "the slot's next VM gets at its memory");
	copier_close(&next);
	copier_close(&binder);
	pan_close(&p);
	stay_awake(false);
	life_goes_on("after binds met a reset");
}

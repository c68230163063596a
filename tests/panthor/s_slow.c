// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A GPU that takes its time: within what the driver allows nothing changes,
 * beyond it there is a reset or an end.
 */
#include <errno.h>

#include "acct.h"
#include "host.h"
#include "inject.h"
#include "memory.h"
#include "refused.h"
#include "scenarios.h"
#include "tap.h"
#include "work.h"

#define WORK_MS	1500
#define LONE_VA	(DATA_VA + 128 * SZ_1G)
#define SPARSE_VA	(DATA_VA + 256 * SZ_1G)
#define SPARSE_SIZE	(4 * SZ_2M)
/* The driver waits for 100 */
#define RESET_MS	80
/* One of each level below the top, however large the mapping */
#define SHARED_TABLES	3
/* Of the VM that is asleep with a stuck MMU */
#define LEFT_TABLES	8
#define LAST_VA	(LONE_VA + ACCT_IDLE_LEAVES * SZ_2M)

/* Sleep, wake up, bind, copy; @ms is how long that took, but for the sleep */
static int one_of_all(struct copier *c, long *ms)
{
	long start;
	int ret;

	if (!sleeps(3000))
		return -EBUSY;
	start = now_ms();
	ret = pan_map(c->gpu.pan, c->gpu.vm, DATA_VA, &c->src, 0, SZ_64K, 0);
	if (!ret)
		ret = copier_run(c);
	if (!ret)
		ret = pan_unmap(c->gpu.pan, c->gpu.vm, DATA_VA, SZ_64K);
	*ms = now_ms() - start;
	return ret;
}

void run_slow(void)
{
	static const struct {
		const char *what;
		unsigned int ms;
	} slow[] = {
		{ "as", 30 }, { "flush", 60 }, { "power", 18 },
		{ "firmware", 60 }, { "stream", 1 },
	};
	uint64_t resets;
	long usual, ms;
	struct copier c;
	struct pan p;

	need(pan_open(&p));
	kmsg_mark();
	copier_open(&c, &p);
	resets = gpu_stat("resets");
	need(one_of_all(&c, &usual));
	for (unsigned int i = 0; i < ARRAY_SIZE(slow); i++) {
		int ret;

		need(inject_slow(slow[i].what, slow[i].ms * MS));
		ret = one_of_all(&c, &ms);
		detail("ended with %d after %ld ms, in place of %ld ms", ret, ms,
		       usual);
		ok(!ret && ms >= slow[i].ms,
		   "%u ms for \"%s\" are allowed, and take their time",
		   slow[i].ms, slow[i].what);
		need(inject_clear());
	}
	is(gpu_stat("resets") - resets, 0, "none of that is a reason to reset");
	not_said("*ERROR*");
	copier_close(&c);
	pan_close(&p);
}

/* A job that runs, and another VM whose flush will not end in time */
struct beside_flush {
	struct pan p;
	struct copier trigger;
	struct gpu g;
	struct sums s;
	uint32_t rounds;
	uint64_t resets;
};

static void beside_flush_open(struct beside_flush *b, const char *first)
{
	struct cs cs;

	b->resets = gpu_stat("resets");
	copier_open_awake(&b->trigger, &b->p, first);
	kmsg_mark();
	gpu_open(&b->g, &b->p);
	sums_open(&b->s, &b->g);
	b->rounds = sums_rounds(&b->s, WORK_MS);
	cs = sums_stream(&b->s, 0, b->rounds);
	need(gpu_queue(&b->g, 0, &cs, 0, b->g.done));
	for (int ms = 0; ms < 1000 && !sums_progress(&b->s, 0); ms += 5)
		sleep_ms(5);
}

static void beside_flush_close(struct beside_flush *b, const char *when)
{
	sums_close(&b->s);
	gpu_close(&b->g);
	copier_close(&b->trigger);
	stay_awake(false);
	life_goes_on(when);
	pan_close(&b->p);
}

/*
 * A flush that never ends. The driver cannot know whether the state of what ran
 * reached memory, and gives it up.
 */
void run_slow_flush(void)
{
	struct drm_panthor_group_get_state st;
	struct beside_flush b;
	int fence;

	beside_flush_open(&b, "the VM that will get stuck works");
	bind_with_stuck(&b.trigger.gpu, &b.trigger.dst, "flush");
	said("Flush caches timeout");
	ok(reset_within(b.resets, 2000), "a flush that does not end is a reason to reset");
	ok(ends(&b.g, 8000), "what ran has an end");
	is(kmsg_count("Flush caches timeout"), 1, "no other flush is begun, and waited for, before");
	fence = pan_fence_status(&b.p, b.g.done);
	need(pan_group_state(&b.p, b.g.group, &st));
	note("its fence is %d, its state 0x%x", fence, st.state);
	detail("fence %d", fence);
	ok(fence == -ETIMEDOUT || (fence == 1 && sums_right(&b.s, 0, b.rounds)),
	   "it is lost, and its fence says so");
	ok(fence == 1 || st.state == (DRM_PANTHOR_GROUP_STATE_TIMEDOUT |
				      DRM_PANTHOR_GROUP_STATE_INNOCENT),
	   "so does its group, which is not to blame");
	beside_flush_close(&b, "after a stuck flush");
}

/*
 * A flush that is given up, and ends before the reset that is made for it flushes: the
 * firmware takes its time to suspend what runs. So what runs goes on after the reset.
 */
void run_late_flush(void)
{
	struct beside_flush b;

	beside_flush_open(&b, "the VM whose flush is late works");
	need(inject_slow("firmware", 80 * MS));
	bind_with_slow(&b.trigger.gpu, &b.trigger.dst, "flush", 130 * MS);
	said("Flush caches timeout");
	ok(reset_within(b.resets, 2000), "a flush that is late is a reason to reset");
	need(inject_clear());
	ok(ends(&b.g, 8000), "what ran has an end");
	is(pan_fence_status(&b.p, b.g.done), 1, "it went on after the reset");
	ok(sums_right(&b.s, 0, b.rounds), "and is right");
	beside_flush_close(&b, "after a late flush");
}

/* As many tables as can be idle, and one in which a tile is bound, at LAST_VA */
static void all_idle_but_last(struct copier *c)
{
	static struct drm_panthor_vm_bind_op ops[2 * ACCT_IDLE_LEAVES + 1];

	for (unsigned int i = 0; i <= ACCT_IDLE_LEAVES; i++) {
		ops[2 * i] = pan_op_map(LONE_VA + i * SZ_2M, &c->src, 0, SZ_64K);
		if (i < ACCT_IDLE_LEAVES)
			ops[2 * i + 1] = pan_op_unmap(LONE_VA + i * SZ_2M, SZ_64K);
	}
	need(pan_bind(c->gpu.pan, c->gpu.vm, 0, ops, ARRAY_SIZE(ops)));
}

/*
 * An unmap lets go of a table, and its flush never ends: the GPU may still know the
 * table, so it is kept, until an operation after the reset lets go of it.
 */
static void kept_while_known(struct copier *c)
{
	struct drm_panthor_vm_bind_op op = pan_op_unmap(LAST_VA, SZ_64K);
	uint64_t resets = gpu_stat("resets");
	struct pan *p = c->gpu.pan;
	uint32_t vm = c->gpu.vm;
	long pages;

	all_idle_but_last(c);
	pages = acct_settled();

	is(op_with_stuck(&c->gpu, op, "flush"), 0,
	   "a tile is unmapped, and its flush does not end");
	is(acct_settled() - pages, 0, "a table that goes by that is kept");
	ok(reset_within(resets, 2000), "the GPU is reset");
	need(pan_map(p, vm, LAST_VA, &c->src, 0, SZ_64K, 0));
	is(acct_settled() - pages, -1, "the next operation lets go of it");
	need(pan_unmap(p, vm, LONE_VA, ACCT_IDLE_LEAVES * SZ_2M + SZ_64K));
}

/* Refused, with what it has prepared by then */
static int refused_late(struct copier *c)
{
	struct drm_panthor_vm_bind_op ops[2] = {
		pan_op_map(LAST_VA + SZ_1G, &c->src, 0, SZ_64K),
		pan_op_map(LAST_VA + SZ_1G, &c->src, 0, SZ_64K),
	};

	ops[1].bo_handle = NOWHERE;
	return pan_bind(c->gpu.pan, c->gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, 2);
}

/*
 * The same of tables that sparse mappings share, and while the reset takes its time:
 * who is refused meanwhile has nothing to flush, and does not let go of them.
 */
static void kept_while_shared(struct copier *c)
{
	struct drm_panthor_vm_bind_op op = pan_op_unmap(SPARSE_VA, SPARSE_SIZE);
	uint64_t resets = gpu_stat("resets");
	struct pan *p = c->gpu.pan;
	uint32_t vm = c->gpu.vm;
	long pages;

	need(pan_map_sparse(p, vm, SPARSE_VA, SPARSE_SIZE));
	pages = acct_settled();
	need(inject_slow("reset", RESET_MS * MS));
	is(op_with_stuck(&c->gpu, op, "flush"), 0,
	   "a sparse mapping is unmapped, and its flush does not end");
	ok(refused_late(c) < 0, "what comes next is refused");
	/* A table that is freed is gone after a grace period */
	sleep_ms(RESET_MS / 2);
	is(acct_pages() - pages, 0, "the tables that it shared are kept");
	ok(reset_within(resets, 2000), "the GPU is reset");
	/* It has begun; then comes the firmware */
	sleep_ms(5 * RESET_MS);
	need(inject_clear());
	need(pan_unmap(p, vm, COPY_VA, SZ_64K));
	is(acct_settled() - pages, -SHARED_TABLES, "the next operation lets go of them");
}

/* In a VM that has an address space: a reset takes that away, and kills its group */
static void in_new_vm(struct pan *p, void (*test)(struct copier *c))
{
	struct copier c;

	copier_open(&c, p);
	is(copier_run(&c), 0, "the VM works, and has an address space");
	kmsg_mark();
	test(&c);
	said("Flush caches timeout");
	copier_close(&c);
}

void run_stuck_gather(void)
{
	struct pan p;

	if (acct_has_slab()) {
		skip("this driver frees no tables",
		     "tables that go are kept while the GPU knows them");
		return;
	}
	need(pan_open(&p));
	ok(stay_awake(true), "the GPU is awake");
	in_new_vm(&p, kept_while_known);
	in_new_vm(&p, kept_while_shared);
	stay_awake(false);
	life_goes_on("after a table was kept");
	pan_close(&p);
}

/* A LOCK that is still within what the driver allows */
#define LOCK_MS		60

static int unmap_of_block(struct gpu *g, void *arg)
{
	(void)arg;
	return pan_unmap(g->pan, g->vm, LONE_VA + SZ_1M, SZ_64K);
}

/*
 * A part of a block is unmapped. What is asked for is locked, and then all of the block,
 * which is about to be cut: that LOCK never ends.
 */
void run_late_cut(void)
{
	uint64_t resets = gpu_stat("resets"), locks;
	struct pan_bo block;
	struct copier c;
	struct call cut;
	struct pan p;

	copier_open_awake(&c, &p, "a VM works, and has an address space");
	need(pan_bo_create(&p, SZ_2M, 0, &block));
	gpu_map(&c.gpu, LONE_VA, &block, 0, SZ_2M);
	kmsg_mark();
	locks = gpu_stat("as-lock");
	need(inject_slow("as", LOCK_MS * MS));
	call_begin(&cut, &c.gpu, unmap_of_block, NULL);
	sleep_ms(LOCK_MS / 2);
	need(inject_slow("as", INJECT_NEVER));
	ok(kmsg_wait("AS_ACTIVE bit stuck", 20000), "a LOCK never ends");
	is(gpu_stat("as-lock") - locks, 1, "but the first one does, of what is asked for");
	need(inject_clear());
	ok(call_end(&cut) < 0, "the unmap fails");
	not_said("WARNING");
	ok(reset_within(resets, 2000), "the GPU is reset");
	need(gpu_revive(&c.gpu));
	ok(!gpu_copy(&c.gpu, COPY_VA, LONE_VA + SZ_1M, SZ_64K), "the block is mapped as it was");
	is(pan_unmap(&p, c.gpu.vm, LONE_VA + SZ_1M, SZ_64K), 0, "and can be cut");
	ok(gpu_copy(&c.gpu, COPY_VA, LONE_VA + SZ_1M, SZ_64K), "where it is not mapped any more");
	copier_close(&c);
	pan_bo_destroy(&p, &block);
	stay_awake(false);
	life_goes_on("after a block that could not be locked");
	pan_close(&p);
}

/* The L2 is late when the GPU wakes up: the firmware starts when it is there. */
void run_slow_power(void)
{
	struct copier c;
	struct pan p;
	long start;

	need(pan_open(&p));
	copier_open(&c, &p);
	is(copier_run(&c), 0, "a copy is right");
	ok(sleeps(3000), "the GPU sleeps");
	kmsg_mark();
	need(inject_slow("power", 200 * MS));
	start = now_ms();
	is(copier_run(&c), 0, "with an L2 that comes late it is right");
	ok(now_ms() - start >= 200, "and late as well");
	need(inject_clear());
	is(copier_run(&c), 0, "the next is right");
	not_said("Failed to boot MCU");
	copier_close(&c);
	pan_close(&p);
}

static void copy_to_come(struct copier *c, uint32_t seed)
{
	struct cs cs = gpu_cs(&c->gpu);

	fill(c->src.map, seed, SZ_64K);
	cs_copy(&cs, COPY_VA + SZ_1M, COPY_VA, SZ_64K);
	cs_end(&cs);
	need(gpu_queue(&c->gpu, 0, &cs, 0, c->gpu.done));
}

/*
 * The driver allows an L2 20 ms. What upstream's does wrong: it does not notice; an L2 that
 * does not come at the first attempt is not reset for the second; that it does not come at
 * all is a warning, and the next groups have suspend buffers of a size of 0.
 */
void run_late_l2(void)
{
	struct copier c;
	uint32_t group;
	struct pan p;

	need(pan_open(&p));
	copier_open(&c, &p);
	is(copier_run(&c), 0, "a copy is right");
	ok(sleeps(3000), "the GPU sleeps");
	kmsg_mark();
	need(inject_slow("power", 200 * MS));
	is(copier_run(&c), 0, "with an L2 that comes late it is right");
	said("timeout waiting on L2:1 readiness");
	need(inject_clear());
	ok(sleeps(3000), "the GPU sleeps");

	kmsg_mark();
	need(inject_slow("power", INJECT_NEVER));
	copy_to_come(&c, 98);
	sleep_ms(400);
	need(inject_slow("power", 0));
	ok(ends(&c.gpu, 5000) && pan_fence_status(&p, c.gpu.done) == 1 &&
	   holds(c.dst.map, 98, 0, SZ_64K),
	   "an L2 that comes at the second attempt only is enough");
	said("Fast reset failed, trying a slow reset");
	need(inject_clear());
	ok(sleeps(3000), "the GPU sleeps");

	need(inject_slow("power", INJECT_NEVER));
	copy_to_come(&c, 99);
	ok(ends(&c.gpu, 10000) && pan_fence_status(&p, c.gpu.done) < 0,
	   "without an L2 a job fails");
	is(pan_group_create(&p, c.gpu.vm, 1, &group), 0, "a group can be made all the same");
	need(inject_clear());
	not_said("WARNING");
	copier_close(&c);
	life_goes_on("after an L2 that did not come");
	pan_close(&p);
}

/*
 * After a reset, with @what slow for ever, the device cannot be used any more,
 * until the driver takes it anew.
 */
static void dies_of(const char *what, const char *message)
{
	struct copier c;
	uint32_t vm;
	struct pan p;

	copier_open_awake(&c, &p, "a copy is right");
	kmsg_mark();
	need(inject_slow(what, INJECT_NEVER));
	bind_with_stuck(&c.gpu, &c.dst, "as");
	ok(kmsg_wait(message, 3000), "the driver says \"%s\"", message);
	ok(kmsg_wait("Failed to boot MCU after reset, making device unusable",
		     5000), "and gives the device up");
	is(pan_vm_create(&p, &vm), -ENODEV, "then a new VM is refused");
	need(inject_clear());
	pan_close(&p);
	is(driver_unbind(), 0, "the driver lets go of it");
	is(driver_bind(), 0, "and takes it again");
	stay_awake(false);
	life_goes_on("then");
}

void run_dead(void)
{
	dies_of("firmware", "FW slow reset failed");
}

void run_dead_reset(void)
{
	dies_of("reset", "Soft reset timeout");
	not_said("WARNING");
}

/* The GPU is about to be suspended, and a command of the MMU stuck */
static void suspend_stuck(struct copier *c, struct pan *p)
{
	need(pan_open(p));
	copier_open(c, p);
	is(copier_run(c), 0, "a copy is right");
	copier_leave_tables(c, LEFT_TABLES);
	kmsg_mark();
	bind_with_stuck(&c->gpu, &c->dst, "as");
	sleep_ms(500);
	not_said("WARNING");
}

/*
 * When the GPU is about to be suspended there is no reset, and then the suspend finds the
 * command stuck: upstream's driver warns of that, and does not reset the GPU.
 */
void run_stuck_suspend(void)
{
	uint64_t resets = gpu_stat("resets");
	struct copier c;
	struct pan p;

	suspend_stuck(&c, &p);
	ok(gpu_stat("resets") > resets, "the GPU is reset as it is suspended");
	if (!acct_has_slab()) {
		ok(sleeps(2000) && vm_tables("idle") >= LEFT_TABLES, "it sleeps, and tables are idle");
		need(sysfs_write("/proc/sys/vm/drop_caches", "2"));
		is(vm_tables("idle"), 0, "reclaim gets all of them");
	}
	copier_close(&c);
	pan_close(&p);
	life_goes_on("after that");
}

/*
 * The reset does not end either, and the GPU is off. The next one is not to be taken for it:
 * upstream's driver warns of that, and resets nothing any more.
 */
void run_stuck_reset(void)
{
	struct copier c;
	struct pan p;

	need(inject_slow("reset", INJECT_NEVER));
	suspend_stuck(&c, &p);
	said("Soft reset timeout");
	need(inject_clear());
	copier_close(&c);
	pan_close(&p);
	life_goes_on("after a reset that did not end");
	not_said("WARNING");
}

/*
 * A command of the MMU is stuck while the GPU wakes up, and a reset asked for that nobody
 * makes then. It is awake all the same, after a slow start; but upstream's driver takes it
 * that there still is a reset to come, and makes none when it needs one.
 */
void run_resume_reset(void)
{
	uint64_t resets;
	struct copier c;
	struct pan p;

	need(pan_open(&p));
	copier_open(&c, &p);
	is(copier_run(&c), 0, "a copy is right");
	ok(sleeps(2000), "the GPU sleeps");
	kmsg_mark();
	need(inject_stuck());
	ok(stay_awake(true), "it wakes up, when a command of the MMU is stuck");
	need(inject_clear());
	life_goes_on("then");
	resets = gpu_stat("resets");
	need(gpu_revive(&c.gpu));
	bind_with_stuck(&c.gpu, &c.dst, "as");
	ok(reset_within(resets, 2000), "the next one that is stuck has the GPU reset");
	copier_close(&c);
	pan_close(&p);
	life_goes_on("after that");
	not_said("WARNING");
	stay_awake(false);
}

/*
 * A reset waits for jobs that are being run, and they for a GPU that wakes up. If it is
 * suspended meanwhile, which waits for the reset, that is for ever: upstream's driver looks
 * once whether it is awake, and goes to sleep in the middle of the reset. The firmware
 * takes its time to suspend the copier's group; so all three are there at once.
 */
void run_reset_suspend(void)
{
	struct copier c;
	struct pan p;

	copier_open_awake(&c, &p, "a copy is right, and its group keeps its slot");
	/* What it has been idle for is more than what it may be */
	sleep_ms(100);
	need(inject_slow("firmware", 90 * MS));
	bind_with_stuck(&c.gpu, &c.dst, "as");
	/* It has begun, and waits for the firmware */
	sleep_ms(20);
	stay_awake(false);
	copy_to_come(&c, 97);
	ok(ends(&c.gpu, 10000), "a job that comes as the GPU is reset, and may sleep, ends");
	need(inject_clear());
	copier_close(&c);
	pan_close(&p);
	life_goes_on("after that");
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faults of the MMU of every kind, and memory that does not answer, both as
 * data and as page table.
 */
#include <errno.h>
#include <stdio.h>

#include "host.h"
#include "inject.h"
#include "scenarios.h"
#include "tap.h"
#include "work.h"

#define FATAL		DRM_PANTHOR_GROUP_STATE_FATAL_FAULT
#define FRESH_VA	(DATA_VA + 0x100000000ull)
#define WORK_MS		1500	/* for both of them */
#define FLUSH_MS	60	/* the driver waits for 100 */

/* A stream that does nothing is on a slot, which takes the VM's address space */
static int idle_on_slot(struct copier *c)
{
	int as = -1, slot;

	gpu_start_idling(&c->gpu);
	for (int i = 0; i < 200 && as < 0; i++) {
		slot = gpu_slot_of(CMD_VA, CMD_SIZE, -1);
		if (slot >= 0)
			as = gpu_slot_as(slot);
		else
			sleep_ms(10);
	}
	return as;
}

/* The VM's address space, which it keeps as long as the GPU is awake */
static int as_of(struct copier *c)
{
	int as = idle_on_slot(c);

	need(gpu_stop(&c->gpu));
	return as;
}

/*
 * An unlock of the address space, of whatever part, has the stream try again:
 * the fault must still be there then, or the copy is made.
 *
 * The copy dies of it, the driver names it, a new group works.
 */
static void dies(struct copier *c, uint64_t src, const char *name,
		 const char *what)
{
	struct cs cs = gpu_cs(&c->gpu);
	char at[64];

	snprintf(at, sizeof(at), "at VA 0x%016llX", (unsigned long long)src);
	cs_copy(&cs, COPY_VA + SZ_1M, src, SZ_4K);
	cs_end(&cs);
	need(gpu_queue(&c->gpu, 0, &cs, 0, c->gpu.done));
	ok(ends(&c->gpu, 2000), "%s: the job is over", what);
	detail("the kernel says nothing of the kind");
	ok(kmsg_wait(name, 1000) && kmsg_count(at), "%s: the driver says so and where",
	   what);
	group_is(&c->gpu, FATAL, -EINVAL, "the group has a fatal fault");
	need(inject_clear());
	need(gpu_revive(&c->gpu));
	is(copier_run(c), 0, "a new group in the VM works");
}

static void exceptions(struct copier *c)
{
	static const struct {
		int code;
		const char *name;
	} e[] = {
		{ 0xc1, "TRANSLATION_FAULT_1" },
		{ 0xc4, "TRANSLATION_FAULT_4" },
		{ 0xc8, "PERM_FAULT_0" },
		{ 0xcb, "PERM_FAULT_3" },
		{ 0xd9, "ACCESS_FLAG_1" },
		{ 0xdb, "ACCESS_FLAG_3" },
		{ 0xe0, "ADDR_SIZE_FAULT_IN" },
		{ 0xe7, "ADDR_SIZE_FAULT_OUT3" },
		{ 0xe8, "MEM_ATTR_FAULT_0" },
		{ 0xeb, "MEM_ATTR_FAULT_3" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(e); i++) {
		uint64_t va = COPY_VA + i * SZ_4K;

		kmsg_mark();
		need(induce("\"kind\": \"fault\", \"va\": %llu, \"exception\": %d, \"count\": 1000",
			    (unsigned long long)va, e[i].code));
		dies(c, va, e[i].name, e[i].name);
	}
}

/* All groups of the VM die with it, those of others do not notice */
static void neighbours(struct copier *c)
{
	struct gpu same, other;
	struct sums s, t;
	uint32_t rounds;
	struct cs cs;

	gpu_open(&other, c->gpu.pan);
	sums_open(&s, &other);
	rounds = sums_rounds(&s, WORK_MS) / 2;
	cs = sums_stream(&s, 0, rounds);
	need(gpu_queue(&other, 0, &cs, 0, other.done));
	sums_open(&t, &c->gpu);
	member_open(&same, &c->gpu, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
	cs = sums_stream(&t, 0, rounds);
	need(gpu_queue(&same, 0, &cs, 0, same.done));
	for (int ms = 0; ms < 1000 && !sums_progress(&t, 0); ms += 5)
		sleep_ms(5);
	kmsg_mark();
	dies(c, COPY_VA + 64 * SZ_1M, "TRANSLATION_FAULT",
	     "nothing is mapped there");
	ok(ends(&same, 1000), "another group of the VM is over, too");
	group_is(&same, FATAL, -EINVAL, "as it lost its address space");
	ok(ends(&other, 8000) && sums_right(&s, 0, rounds),
	   "a group of another VM computed the right sum meanwhile");
	group_is(&other, 0, 1, "and is not marked");
	member_close(&same);
	sums_close(&t);
	sums_close(&s);
	gpu_close(&other);
}

void run_faults(void)
{
	struct copier c;
	struct pan p;

	need(pan_open(&p));
	copier_open(&c, &p);
	exceptions(&c);
	neighbours(&c);
	copier_close(&c);
	life_goes_on("after the faults");
	pan_close(&p);
}

/*
 * The second fault comes between the moment in which the driver clears the first one and
 * that in which it disables the address space. With both groups gone and the GPU asleep,
 * nothing of it may be left to whoever has the address space next.
 */
static void faults_twice(struct copier *c)
{
	struct gpu same;
	struct cs cs;

	member_open(&same, &c->gpu, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
	cs = gpu_cs(&c->gpu);
	cs_until_stopped(&cs, cs.count);
	cs_copy(&cs, COPY_VA + SZ_1M, FRESH_VA, SZ_4K);
	cs_end(&cs);
	gpu_cs_keep(&c->gpu, &cs);
	gpu_start(&c->gpu, &cs);
	kmsg_mark();
	need(inject_slow("flush", FLUSH_MS * MS));
	/* The second group is there until it has faulted, whatever the driver wants */
	need(inject_slow("firmware", FLUSH_MS * MS));
	cs = gpu_cs(&c->gpu);
	cs_copy(&cs, COPY_VA + SZ_1M, FRESH_VA + SZ_1M, SZ_4K);
	cs_end(&cs);
	need(gpu_queue(&same, 0, &cs, 0, same.done));
	ok(kmsg_wait("Unhandled Page fault", 2000), "a group faults");
	gpu_set_word(&c->gpu, WORD_STOP, 1);
	ok(ends(&same, 2000) && ends(&c->gpu, 2000), "another one of its VM does, at once");
	need(inject_clear());
	group_is(&same, FATAL, -EINVAL, "the first one has a fatal fault");
	group_is(&c->gpu, FATAL, -EINVAL, "and so has the second");
	member_close(&same);
}

void run_stale_fault(void)
{
	struct copier c;
	struct pan p;

	need(pan_open(&p));
	copier_open(&c, &p);
	is(copier_run(&c), 0, "a copy is right");
	faults_twice(&c);
	copier_close(&c);
	pan_close(&p);
	ok(sleeps(10000), "all is gone, and the GPU sleeps");
	kmsg_mark();
	need(pan_open(&p));
	copier_open(&c, &p);
	is(copier_run(&c), 0, "the next client's copy is right");
	ok(!kmsg_count("Unhandled Page fault"), "and nobody says that it faulted");
	copier_close(&c);
	pan_close(&p);
}

void run_bus_errors(void)
{
	struct copier c;
	uint64_t pa;
	struct pan p;
	int as;

	copier_open_awake(&c, &p, "a copy is right");
	as = as_of(&c);
	need(as);
	pa = gpu_translate(as, COPY_VA + SZ_4K);
	kmsg_mark();
	need(induce("\"kind\": \"bus-error\", \"pa\": %llu, \"count\": 1000",
		    (unsigned long long)pa));
	dies(&c, COPY_VA + SZ_4K, "GPU_BUS_FAULT", "data that does not answer");

	for (unsigned int level = 2; level <= 3; level++) {
		uint64_t va = FRESH_VA + level * SZ_1G;

		/* What no TLB holds has to be walked */
		gpu_map(&c.gpu, va, &c.src, 0, SZ_64K);
		pa = gpu_table(as, va, level);
		need(pa ? 0 : -ENOENT);
		kmsg_mark();
		need(induce("\"kind\": \"bus-error\", \"pa\": %llu, \"count\": 1000",
			    (unsigned long long)pa));
		dies(&c, va, "GPU_BUS_FAULT",
		     level == 3 ? "a table of the last level that does not answer" :
		     "a table of the level above that does not answer");
	}
	copier_close(&c);
	stay_awake(false);
	life_goes_on("after the bus errors");
	pan_close(&p);
}

/*
 * A queued bind has promised to succeed. When the MMU does not take its commands
 * the VM is lost, and all that is left is to take it down.
 */
void run_unusable(void)
{
	struct drm_panthor_vm_bind_op op;
	struct drm_panthor_sync_op s;
	uint32_t bound, vm;
	uint64_t resets = gpu_stat("resets");
	struct copier c;
	struct pan p;

	copier_open_awake(&c, &p, "a copy is right");
	need(pan_syncobj_create(&p, &bound));
	vm = c.gpu.vm;
	op = pan_op_map(FRESH_VA, &c.src, 0, SZ_64K);
	s = pan_signal(bound, 0);
	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &s);
	/*
	 * A VM without an address space has none to be stuck in: the bind would
	 * be done, and enabling the address space afterwards be stuck.
	 */
	ok(idle_on_slot(&c) >= 0, "the VM has an address space");
	kmsg_mark();
	need(inject_stuck());
	is(pan_bind(&p, vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1), 0,
	   "a bind is queued, and the MMU is stuck");
	/* 10,000 polls, 10 us at least each but 300 us under emulation */
	ok(kmsg_wait("AS_ACTIVE bit stuck", 20000), "the driver says so");
	is(pan_syncobj_wait(&p, bound, 0, 3000), 0, "the bind comes to an end");
	detail("its fence is %d", pan_fence_status(&p, bound));
	ok(pan_fence_status(&p, bound) < 0, "its fence carries an error");
	ok(reset_within(resets, 2000), "the GPU is reset");
	is(pan_vm_state(&p, vm), DRM_PANTHOR_VM_STATE_UNUSABLE,
	   "the VM says that it is not usable any more");
	op.syncs = (struct drm_panthor_obj_array){ 0 };
	is(pan_bind(&p, vm, 0, &op, 1), -EINVAL, "another bind is refused");
	is(pan_bind(&p, vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1), -EINVAL,
	   "so is another queued one");
	is(pan_unmap(&p, vm, COPY_VA, SZ_64K), 0, "what is bound can be unbound");
	copier_close(&c);
	stay_awake(false);
	life_goes_on("after a VM was lost");
	pan_close(&p);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asynchronous instructions: scoreboard entries, when loads and stores touch
 * their registers, deferred instructions, and work that takes time.
 */
#include "cs_fixture.h"

/* Wait mask and signal slot of a deferrable instruction */
#define DEFER(mask, slot)	(F16(mask) | F48(slot))
#define SB(n)			(1u << (n))

static void slow(struct cs *c, uint64_t ns)
{
	struct mali_injection inj = {
		.kind = MALI_INJECT_SLOW,
		.slow = MALI_SLOW_STREAM,
		.ns = ns,
	};

	mali_inject(c->d.m, &inj);
}

static void test_load_hazard(void)
{
	struct cs *c = cs_new();

	set32(c, DATA, 7);
	RUN(c, I_MOVE(4, DATA), I_MOVE32(8, 1), I_LOAD(8, 4, 1, 0),
	    I_ADD32(9, 8, 0), I_WAIT(SB(0)), I_ADD32(10, 8, 0));
	is_u64(reg(c, 9), 1, "a load without a WAIT: the old register");
	is_u64(reg(c, 10), 7, "after the WAIT: what was loaded");
	RUN(c, I_MOVE32(8, 2));
	RUN(c, I_LOAD(8, 4, 1, 0), I_MOVE32(8, 3), I_WAIT(SB(0)));
	is_u64(reg(c, 8), 7, "the load wins over what came before its WAIT");
	cs_delete(c);
}

static void test_store_hazard(void)
{
	struct cs *c = cs_new();

	RUN(c, I_MOVE(4, DATA), I_MOVE32(8, 1), I_STORE(8, 4, 1, 0),
	    I_WAIT(SB(0)), I_MOVE32(8, 2), I_STORE(8, 4, 1, 4), I_MOVE32(8, 3));
	is_u64(data32(c, DATA), 1, "a store that is waited for");
	is_u64(data32(c, DATA + 4), 3, "one that is not takes the new register");
	RUN(c, I_MOVE(4, DATA), I_MOVE32(8, 4), I_STORE(8, 4, 1, 8),
	    I_MOVE(4, DATA + 64), I_WAIT(SB(0)));
	ok(data32(c, DATA + 8) == 4 && !data32(c, DATA + 72),
	   "its address is that of the time it was issued");
	cs_delete(c);
}

static void test_entries(void)
{
	struct cs *c = cs_new();

	set32(c, DATA, 7);
	RUN(c, I_MOVE(4, DATA), I_SB_ENTRY(1, 2), I_LOAD(8, 4, 1, 0),
	    I_WAIT(SB(0) | SB(1) | 0xf8), I_ADD32(9, 8, 0),
	    I_WAIT(SB(2)), I_ADD32(10, 8, 0));
	is_u64(reg(c, 9), 0, "a WAIT for other entries");
	is_u64(reg(c, 10), 7, "and for this one");
	cs_delete(c);
}

static void test_queue_full(void)
{
	struct cs *c = cs_new();
	uint64_t prog[40] = { I_MOVE(4, DATA) };
	struct result r;

	for (unsigned int i = 0; i < 32; i++) {
		set32(c, DATA + i * 4, 100 + i);
		prog[1 + i] = I_LOAD(16 + i, 4, 1, i * 4);
	}
	prog[33] = I_ADD32(60, 16, 0);	/* the oldest, long out of the queue */
	prog[34] = I_ADD32(61, 47, 0);	/* the youngest, still in it */
	r = run(c, prog, 35);
	ok(!r.events, "more loads than the queue holds");
	is_u64(reg(c, 60), 100, "the oldest have completed");
	is_u64(reg(c, 61), 0, "the youngest has not");
	is_u64(reg(c, 47), 131, "at the end of the slice it has");
	cs_delete(c);
}

/* A store that takes a millisecond, and a signal behind it */
static void test_deferred_sync(void)
{
	struct cs *c = cs_new();

	slow(c, 1 * MS);
	RUN(c, I_MOVE(4, DATA), I_MOVE(6, DATA + 16), I_MOVE(8, 5),
	    I_STORE(8, 4, 1, 0), I_SET_SYNC64(6, 8, 0));
	ok(!data32(c, DATA) && data64(c, DATA + 16) == 5,
	   "a signal that does not wait overtakes the store");
	drv_run(&c->d, 1 * MS);
	is_u64(data32(c, DATA), 5, "which comes in its time");

	RUN(c, I_MOVE32(8, 6), I_STORE(8, 4, 1, 0),
	    I_SET_SYNC64(6, 8, 0) | DEFER(SB(0), 3), I_MOVE(8, 9),
	    I_MOVE(6, DATA + 64));
	is_u64(data64(c, DATA + 16), 5, "a deferred one waits");
	drv_run(&c->d, 3 * MS);
	is_u64(data32(c, DATA), 9, "the store");
	ok(data64(c, DATA + 16) == 6 && !data64(c, DATA + 64),
	   "then the signal, with the operands of its issue");

	slow(c, 0);
	RUN(c, I_SET_SYNC64(6, 8, 0) | DEFER(SB(0), 8));
	is_u64(result(c).fatal, EXC_INVALID, "there is no entry 8 to signal");
	fresh(c);
	RUN(c, I_SET_SYNC64(6, 8, 0) | DEFER(0x100, 1));
	is_u64(result(c).fatal, EXC_INVALID, "nor one to wait for");
	cs_delete(c);
}

static void test_deferred_others(void)
{
	struct cs *c = cs_new();
	struct mali_stats before, after;
	uint64_t t;

	slow(c, 1 * MS);
	t = c->d.sim.now_ns;
	mali_get_stats(c->d.m, &before);
	RUN(c, I_MOVE(4, DATA), I_MOVE32(10, 0), I_STORE(8, 4, 1, 0),
	    I_STORE_STATE(0, 4, 8) | DEFER(SB(0), 1),
	    I_FLUSH(10, 0x233) | DEFER(SB(1), 2));
	drv_run(&c->d, 5 * MS);
	mali_get_stats(c->d.m, &after);
	ok(data64(c, DATA + 8) >= (t + 1 * MS) / 16,
	   "a deferred timestamp is taken when the store is done");
	is_u64(after.cache_flushes, before.cache_flushes + 1,
	       "a deferred flush happens once");
	cs_delete(c);
}

static void test_wait_status(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;
	struct mali_slot s;

	slow(c, 1 * MS);
	RUN(c, I_MOVE(4, DATA), I_LOAD(8, 4, 1, 0), I_WAIT(SB(0)),
	    I_ADD32(20, 20, 1));
	is_u64(result(c).extract, 16, "a WAIT for slow work blocks");
	drv_csg_toggle(d, 0, S_STATUS_UPDATE);
	is_u64(mem32(d, d->cs_out[0][0] + CO_BLOCKED), 1, "blocked: scoreboard");
	is_u64(mem32(d, d->cs_out[0][0] + CO_SCOREBOARDS), 1, "entry 0 is busy");
	is_u64(mem32(d, d->cs_out[0][0] + CO_WAIT), 8 << 16 | 1,
	       "and waited for by a WAIT");
	mali_get_slot(d->m, 0, &s);
	ok(s.active && s.stream[0].block == MALI_CS_BLOCK_SB && !s.idle,
	   "seen from outside, too");
	drv_run(d, 1 * MS);
	is_u64(result(c).extract, 32, "then the stream goes on");
	RUN(c, I_LOAD(8, 4, 1, 0), I_WAIT(SB(0) | 0xff00));
	drv_csg_toggle(d, 0, S_STATUS_UPDATE);
	is_u64(mem32(d, d->cs_out[0][0] + CO_WAIT), 8 << 16 | 1,
	       "the status names entries that there are");
	drv_run(d, 1 * MS);
	drv_csg_toggle(d, 0, S_STATUS_UPDATE);
	is_u64(mem32(d, d->cs_out[0][0] + CO_SCOREBOARDS), 0, "nothing busy");
	cs_delete(c);
}

static bool suspend_acked(struct cs *c)
{
	return (mem32(&c->d, c->d.csg_out[0] + SO_ACK) & S_STATE) == S_SUSPEND;
}

static uint64_t instrs(struct cs *c)
{
	struct mali_stats s;

	mali_get_stats(c->d.m, &s);
	return s.cs_instrs;
}

static void test_suspend(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	set32(c, DATA, 7);
	slow(c, 2 * MS);
	RUN(c, I_MOVE(4, DATA), I_LOAD(8, 4, 1, 0), I_WAIT(SB(0)),
	    I_ADD32(8, 8, 1), I_STORE(8, 4, 1, 4), I_WAIT(SB(0)));
	ok(!drv_csg_state(d, 0, S_SUSPEND), "a suspend waits for slow work");
	is_u64(data32(c, DATA + 4), 0, "and nothing new is begun");
	drv_run(d, 3 * MS);
	ok(suspend_acked(c), "it is acknowledged when the work is done");
	slow(c, 0);
	c->g.slot = 1;
	ok(drv_group_resume(d, &c->g, 1), "resumed in another slot");
	drv_run(d, 1 * MS);
	is_u64(data32(c, DATA + 4), 8, "it goes on where it was");
	cs_delete(c);
}

/* Nothing new is begun in a group that leaves, nor what a driver has not been told. */
static void test_suspend_others(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;
	uint32_t rounds;

	slow(c, 2 * MS);
	RUN(c, I_MOVE(4, DATA), I_LOAD(8, 4, 1, 0), I_WAIT(SB(0)));
	drv_submit(d, &c->g, 1, I_ADD32(9, 9, 1), I_BRANCH(ALWAYS, 0, -2));
	drv_run(d, 100 * US);
	ok(!drv_csg_state(d, 0, S_SUSPEND), "a suspend waits for slow work");
	rounds = instrs(c);
	drv_run(d, 1 * MS);
	is_u64(instrs(c), rounds, "the stream beside it waits with it");
	drv_run(d, 2 * MS);
	ok(suspend_acked(c), "and leaves with it");
	cs_delete(c);

	c = cs_new();
	d = &c->d;
	drv_submit(d, &c->g, 0, OP(7), I_NOP, I_NOP);
	drv_run(d, 1 * MS);
	is_u64(result(c).events, C_FAULT, "a fault that nobody has acknowledged");
	drv_group_stop(d, &c->g, S_SUSPEND);
	is_u64(drv_extract(d, &c->g.q[0]), 8, "a suspend leaves EXTRACT where it tells of it");
	cs_delete(c);
}

/* What waits for a fault to be handled is saved, and done after the resume */
static void test_suspend_fault(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	RUN(c, I_MOVE(4, HOLE), I_MOVE32(8, 6), I_STORE(8, 4, 1, 0),
	    I_ADD32(9, 9, 1));
	ok(rd32(d, MMU_INT + RAWSTAT) & 2, "a store to nowhere");
	ok(drv_group_stop(d, &c->g, S_SUSPEND), "its group can be suspended");
	wr32(d, MMU_INT + CLEAR, ~0u);
	drv_map(d, 1, HOLE, 1, SIM_RW);
	ok(drv_group_resume(d, &c->g, 0), "and resumed");
	drv_run(d, 1 * MS);
	ok(!(rd32(d, MMU_INT + RAWSTAT) & 2), "with the memory there, no fault");
	RUN(c, I_MOVE(4, HOLE), I_LOAD(10, 4, 1, 0), I_WAIT(SB(0)));
	is_u64(reg(c, 10), 6, "the store was done, once");
	cs_delete(c);
}

/* A wait that is over when its group leaves must not be reported as a wait */
static void test_suspend_signalled(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	RUN(c, I_MOVE(4, DATA), I_MOVE(6, 0), I_WAIT_SYNC64(GT, 4, 6, 0),
	    I_ADD32(20, 20, 1), I_ADD32(20, 20, 1));
	is_u64(result(c).extract, 16, "a wait for a sync object");
	set64(c, DATA, 1);
	ok(drv_group_stop(d, &c->g, S_SUSPEND), "signalled, and suspended");
	is_u64(mem32(d, d->cs_out[0][0] + CO_BLOCKED), 0, "it is no more blocked");
	is_u64(mem32(d, d->cs_out[0][0] + CO_WAIT), 0, "nor waiting");
	ok(drv_group_resume(d, &c->g, 0), "resumed");
	drv_run(d, 1 * MS);
	is_u64(reg(c, 20), 2, "it goes on from there, once");
	cs_delete(c);

	c = cs_new();
	RUN(c, I_MOVE(4, DATA), I_MOVE(6, 0), I_WAIT_SYNC64(GT, 4, 6, 0));
	drv_group_stop(&c->d, &c->g, S_SUSPEND);
	is_u64(mem32(&c->d, c->d.cs_out[0][0] + CO_BLOCKED), 3,
	       "one that is not signalled stays blocked");
	cs_delete(c);
}

/* What is under way completes in its time, whatever the stream waits for. */
static void test_beside_a_wait(void)
{
	struct cs *c = cs_new();

	slow(c, 300 * US);
	RUN(c, I_MOVE(4, DATA), I_MOVE(6, 0), I_MOVE32(8, 5), I_STORE(8, 4, 1, 64),
	    I_WAIT_SYNC64(GT, 4, 6, 0));
	is_u64(data32(c, DATA + 64), 0, "a slow store, and a wait that is not for it");
	drv_run(&c->d, 200 * US);
	is_u64(data32(c, DATA + 64), 5, "it does not wait with the stream");
	drv_csg_toggle(&c->d, 0, S_STATUS_UPDATE);
	is_u64(mem32(&c->d, c->d.cs_out[0][0] + CO_BLOCKED), 3, "which waits still");
	cs_delete(c);

	c = cs_new();
	slow(c, 900 * US);
	RUN(c, I_MOVE(4, DATA), I_MOVE(6, 0), I_MOVE32(8, 5), I_STORE(8, 4, 1, 64),
	    I_WAIT_SYNC64(GT, 4, 6, 0));
	drv_ring_glb(&c->d);
	drv_run(&c->d, 100 * US);
	drv_csg_toggle(&c->d, 0, S_STATUS_UPDATE);
	is_u64(mem32(&c->d, c->d.cs_out[0][0] + CO_BLOCKED), 3,
	       "for its object, and not for what is under way");
	cs_delete(c);
}

/* A fault is told once, and tried again when the driver has done something about it. */
static void test_fault_waits(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;
	struct mali_stats a, b;

	RUN(c, I_MOVE(4, HOLE), I_LOAD(8, 4, 1, 0), I_WAIT(SB(0)));
	ok(rd32(d, MMU_INT + RAWSTAT) & 2, "a load from nowhere");
	wr32(d, MMU_INT + CLEAR, ~0u);
	mali_get_stats(d->m, &a);
	drv_submit(d, &c->g, 1, I_NOP);
	drv_ring_glb(d);
	drv_run(d, 10 * MS);
	mali_get_stats(d->m, &b);
	ok(!(rd32(d, MMU_INT + RAWSTAT) & 2) && b.faults == a.faults,
	   "is not tried again for a doorbell");
	drv_as_lock(d, 1, HOLE, 15);
	drv_as_cmd(d, 1, AS_UNLOCK);
	drv_run(d, 1 * MS);
	ok(rd32(d, MMU_INT + RAWSTAT) & 2, "but for an UNLOCK");
	cs_delete(c);

	c = cs_new();
	RUN(c, I_MOVE(4, 1), I_PROGRESS_WAIT(1, 4));
	drv_as_disable(&c->d, 1);
	drv_run(&c->d, 1 * MS);
	is_u64(result(c).events, 0, "a stream that waits for another needs no memory");
	drv_submit(&c->d, &c->g, 1, I_NOP);
	drv_run(&c->d, 1 * MS);
	ok(result(c).fatal == EXC_BUS && result(c).fatal_info == c->g.q[0].ring_va + 8,
	   "until it looks again, where its instruction is missed");
	cs_delete(c);
}

/* A CPU that writes a sync object need not ring a doorbell */
static void test_sync_noticed(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;
	unsigned int rounds = 0;
	uint64_t end;

	RUN(c, I_MOVE(4, DATA), I_MOVE(6, 0), I_WAIT_SYNC64(GT, 4, 6, 0),
	    I_ADD32(20, 20, 1));
	drv_run(d, 100 * MS);
	is_u64(result(c).extract, 16, "a wait for a sync object");
	set64(c, DATA, 1);
	drv_run(d, 4 * MS);
	is_u64(result(c).extract, 32, "written by a CPU, it is noticed within 4 ms");

	RUN(c, I_MOVE(6, 1), I_WAIT_SYNC64(GT, 4, 6, 0));
	end = d->sim.now_ns + 1000 * MS;
	while (d->sim.deadline_ns < end && sim_step(&d->sim, d->m))
		rounds++;
	ok(rounds > 250 && rounds < 1000, "a look now and then is all (%u a second)", rounds);
	drv_as_disable(d, 1);
	drv_run(d, 4 * MS);
	is_u64(result(c).fatal, EXC_BUS, "a look that has no address space is fatal");
	cs_delete(c);
}

static void test_never(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;
	struct mali_injection clear = { .kind = MALI_INJECT_CLEAR };

	slow(c, INT64_MAX);
	RUN(c, I_MOVE(4, DATA), I_LOAD(8, 4, 1, 0), I_WAIT(SB(0)));
	drv_run(d, 1000 * MS);
	is_u64(result(c).extract, 16, "work that never ends");
	ok(!drv_csg_state(d, 0, S_SUSPEND), "holds off a suspend");
	mali_inject(d->m, &clear);
	drv_run(d, 1 * MS);
	ok(suspend_acked(c), "until the injection is cleared");
	cs_delete(c);
}

int main(void)
{
	test_load_hazard();
	test_store_hazard();
	test_entries();
	test_queue_full();
	test_deferred_sync();
	test_deferred_others();
	test_wait_status();
	test_suspend();
	test_suspend_others();
	test_suspend_fault();
	test_suspend_signalled();
	test_beside_a_wait();
	test_fault_waits();
	test_sync_noticed();
	test_never();
	return done_testing();
}

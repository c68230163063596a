// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RUN_COMPUTE: dispatches of command streams, as they are issued, go on, are waited
 * for, leave with their group, fault and never end. What shaders compute is the
 * business of tests/shader.
 */
#include "gpu_fixture.h"

/* Workgroups of 16 lanes that take a turn each with so many rounds, about */
#define ROUNDS_A_TURN	20000u
#define GROUPS		((OUT_PAGES - 1) * 64)
#define PROGRESS_EVENT	(1u << 31)

static uint64_t lane_instrs(struct gp *g)
{
	struct mali_stats s;

	mali_get_stats(g->c->d.m, &s);
	return s.lane_instrs;
}

static void test_dispatch(void)
{
	struct mali_stats a, b;
	struct result r;
	struct gp g;

	gp_begin(&g);
	gp_code(&g, FILL);
	mali_get_stats(g.c->d.m, &a);
	r = RUN(g.c, SETUP(GROUPS), I_RUN_COMPUTE, I_WAIT(1));
	mali_get_stats(g.c->d.m, &b);
	ok(!r.events, "a dispatch");
	is_u64(out_count(&g, GROUPS * 16, 7), GROUPS * 16, "each thread stored its word");
	is_u64(out32(&g, GROUPS * 16), 0, "and none beyond");
	is_u64(g.c->d.sim.wrote, GROUPS * 64, "the machine was told of each byte");
	is_u64(g.c->d.sim.wrote_calls, OUT_PAGES - 1, "once for each page");
	ok(b.dispatches == a.dispatches + 1 && b.workgroups == a.workgroups + GROUPS &&
	   b.warps == a.warps + GROUPS && !b.shader_faults &&
	   b.shader_instrs == a.shader_instrs + GROUPS * 3 &&
	   b.lane_instrs == a.lane_instrs + GROUPS * 3 * 16, "counted");
	drv_run(&g.c->d, 1 * MS);
	r = RUN(g.c, SETUP(0), I_RUN_COMPUTE, I_WAIT(1), I_ADD32(60, 60, 1));
	ok(!r.events && reg(g.c, 60) == 1, "one of no workgroup is over at once");
	gp_end(&g);
}

/* Which registers an instruction takes is its own business: bits 40 to 47 */
static void test_selectors(void)
{
	struct result r;
	struct gp g;

	gp_begin(&g);
	gp_code(&g, FILL);
	r = RUN(g.c, SETUP(1), I_MOVE(2, SRT | 1), I_MOVE(12, FAU),
		I_MOVE32(13, UNIFORMS << 24), I_MOVE(22, SPD), I_MOVE(24, 0),
		I_MOVE(26, TSD), I_MOVE(0, 0), I_MOVE(8, 0), I_MOVE(16, 0),
		I_RUN_COMPUTE | 1ull << 40 | 3ull << 42 | 1ull << 44 | 2ull << 46);
	ok(!r.events && out_count(&g, 16, 7) == 16, "operands by their selectors");
	gp_end(&g);
}

/* Operands are those of the issue; memory is not touched before somebody waits. */
static void test_issue(void)
{
	struct result r;
	struct gp g;

	gp_begin(&g);
	gp_code(&g, FILL);
	r = RUN(g.c, SETUP(4), I_MOVE(40, OUT), I_LOAD(50, 40, 1, 0), I_RUN_COMPUTE,
		I_ADD32(60, 50, 0), I_MOVE(16, 0), I_MOVE32(37, 0),
		I_LOAD(51, 40, 1, 0), I_WAIT(1), I_ADD32(61, 51, 0));
	ok(!r.events && out_count(&g, 64, 7) == 64,
	   "registers may change after the issue");
	ok(reg(g.c, 50) == 0 && reg(g.c, 61) == 7, "in order with what is around it");
	gp_end(&g);
}

/* A group whose shader takes its time: so many rounds of a loop for each thread */
static struct driver *begin_slow(struct gp *g, uint32_t rounds)
{
	gp_begin(g);
	gp_code(g, SLOW_COUNT);
	gp_uniform(g, 3, rounds);
	return &g->c->d;
}

/* More than a turn's worth: the stream goes on, a WAIT does not. */
static void test_async(void)
{
	struct driver *d;
	struct result r;
	uint64_t start, took;
	struct gp g;

	d = begin_slow(&g, ROUNDS_A_TURN);
	start = d->sim.now_ns;
	r = RUN(g.c, SETUP(8), I_SB_ENTRY(2, 0), I_RUN_COMPUTE, I_MOVE(40, DATA),
		I_MOVE32(60, 5), I_STORE(60, 40, 1, 0), I_WAIT(1), I_ADD32(61, 61, 1),
		I_WAIT(4), I_ADD32(62, 62, 1), I_STORE(62, 40, 1, 4));
	ok(!r.events && out_count(&g, 128, 1) < 64, "a dispatch that takes time");
	is_u64(r.extract, 19 * 8, "holds the stream at the WAIT for its entry");
	is_u64(data32(g.c, DATA), 5, "and not at that for another");
	drv_csg_toggle(d, 0, S_STATUS_UPDATE);
	is_u64(mem32(d, d->cs_out[0][0] + CO_BLOCKED), 1, "blocked: scoreboard");
	is_u64(mem32(d, d->cs_out[0][0] + CO_SCOREBOARDS), 4, "entry 2 is busy");
	is_u64(mem32(d, d->csg_out[0] + SO_STATE) & 1, 0, "its group is not idle");
	drv_run(d, 5 * MS);
	is_u64(data32(g.c, DATA + 4), 0, "time passes");
	while (!data32(g.c, DATA + 4) && d->sim.now_ns < start + 100 * MS)
		drv_run(d, 100 * US);
	is_u64(out_count(&g, 128, 1), 128, "at its end the stream goes on");
	took = d->sim.now_ns - start;
	ok(took > lane_instrs(&g) * 2 - 3 * MS && took < lane_instrs(&g) * 2 + 3 * MS,
	   "two nanoseconds a lane instruction, but for a turn");
	diag("%" PRIu64 " ns for %" PRIu64 " lane instructions", took, lane_instrs(&g));
	gp_end(&g);
}

/* The same work in a hundredth of the time, turn by turn as before */
static void test_fast_cores(void)
{
	struct driver *d;
	uint64_t start, took, want;
	struct gp g;

	drv_lane_ps = 20;
	d = begin_slow(&g, 10 * ROUNDS_A_TURN);
	drv_lane_ps = 0;
	start = d->sim.now_ns;
	RUN(g.c, SETUP(8), I_RUN_COMPUTE, I_MOVE(40, DATA), I_MOVE32(60, 5), I_WAIT(1),
	    I_STORE(60, 40, 1, 0));
	while (!data32(g.c, DATA) && d->sim.now_ns < start + 200 * MS)
		drv_run(d, 10 * US);
	took = d->sim.now_ns - start;
	want = lane_instrs(&g) / 50;
	is_u64(out_count(&g, 128, 1), 128, "faster shader cores");
	ok(want > 500 * US && took > want - 50 * US && took < want + 1500 * US,
	   "a fiftieth of a nanosecond a lane instruction (%" PRIu64 " ns)", took);
	gp_end(&g);
}

/* However fast they are: the machine has time of its own between two turns */
static void test_breath(void)
{
	struct driver *d;
	bool good = true;
	struct gp g;

	drv_lane_ps = 1;
	d = begin_slow(&g, ROUNDS_A_TURN);
	drv_lane_ps = 0;
	gp_code(&g, ENDLESS);
	drv_submit(d, &g.c->g, 0, SETUP(1), I_RUN_COMPUTE, I_WAIT(1));
	drv_run(d, 100 * US);
	for (unsigned int i = 0; i < 4; i++) {
		sim_step(&d->sim, d->m);
		good &= d->sim.deadline_ns >= d->sim.now_ns + 20 * US;
	}
	ok(good, "20 us from one turn to the next");
	drv_group_stop(d, &g.c->g, S_TERMINATE);
	gp_end(&g);
}

/* One dispatch under way: the second is issued when the first is over. */
static void test_one_at_a_time(void)
{
	struct driver *d;
	struct gp g;

	d = begin_slow(&g, ROUNDS_A_TURN);
	RUN(g.c, SETUP(4), I_SB_ENTRY(1, 0), I_RUN_COMPUTE, I_SB_ENTRY(2, 0),
	    I_RUN_COMPUTE, I_ADD32(60, 60, 1), I_WAIT(6));
	is_u64(result(g.c).extract, 15 * 8, "the second of two holds the stream");
	drv_run(d, 100 * MS);
	ok(out_count(&g, 64, 2) == 64 && reg(g.c, 60) == 1, "both are done in turn");
	gp_end(&g);
}

/* Two streams share the cores: neither waits for the other's end. */
static void test_two_streams(void)
{
	struct driver *d;
	struct gp g;
	unsigned int n0, n1;

	d = begin_slow(&g, ROUNDS_A_TURN / 10);
	drv_submit(d, &g.c->g, 0, SETUP(64), I_RUN_COMPUTE, I_WAIT(1));
	drv_submit(d, &g.c->g, 1, SETUP(64), I_MOVE32(34, 1024), I_RUN_COMPUTE, I_WAIT(1));
	/* In the first round nobody knows of the second stream */
	drv_run(d, 10 * MS);
	n0 = out_count(&g, 1024, 1);
	n1 = out_count(&g, 2048, 1) - n0;
	ok(n0 && n1 && n0 < 1024 && n1 < 1024 && n0 < 2 * n1 && n1 < 2 * n0,
	   "two dispatches go on side by side (%u, %u)", n0, n1);
	drv_run(d, 60 * MS);
	is_u64(out_count(&g, 2048, 1), 2048, "to the end of both");
	gp_end(&g);
}

/* What cores do between two looks at the guest is the same for one stream and for two. */
static void test_turns_of_two(void)
{
	uint64_t least = UINT64_MAX, most = 0, before, sum = 0, start, took;
	struct driver *d;
	struct gp g;

	d = begin_slow(&g, ROUNDS_A_TURN / 10);
	drv_submit(d, &g.c->g, 0, SETUP(512), I_RUN_COMPUTE, I_WAIT(1));
	drv_submit(d, &g.c->g, 1, SETUP(512), I_RUN_COMPUTE, I_WAIT(1));
	drv_run(d, 10 * MS);
	start = d->sim.deadline_ns;
	for (unsigned int i = 0; i < 8; i++) {
		before = lane_instrs(&g);
		sim_step(&d->sim, d->m);
		before = lane_instrs(&g) - before;
		least = before < least ? before : least;
		most = before > most ? before : most;
		sum += before;
	}
	/* The deadline is the end of the last of eight turns */
	took = d->sim.deadline_ns - start;
	ok(took > 2 * sum - 50 * US && took < 2 * sum + 50 * US,
	   "eight turns take two nanoseconds a lane instruction");
	ok(least > 900000 && most < 1200000, "a turn of two is a million (%" PRIu64 ", %" PRIu64
	   ")", least, most);
	gp_end(&g);
}

/* All slots full of streams of which nobody knew: a round is a million all the same */
static void test_first_round(void)
{
	const uint64_t job[] = { SETUP(64), I_RUN_COMPUTE, I_WAIT(1) };
	uint64_t before, most = 0;
	struct group others[7];
	struct driver *d;
	struct gp g;

	gp_begin(&g);
	gp_code(&g, ENDLESS);
	d = &g.c->d;
	for (unsigned int i = 0; i < 7; i++) {
		drv_group_new(d, &others[i], 1, 8, RING);
		others[i].priority = 0;
		if (!drv_group_start(d, &others[i], i + 1))
			abort();
	}
	for (unsigned int i = 0; i < 7 * 8; i++) {
		struct queue *q = &others[i / 8].q[i % 8];

		drv_emit(d, q, job, sizeof(job) / sizeof(job[0]));
		drv_publish(d, q);
		drv_cs_doorbell(d, i / 8 + 1, 1u << i % 8);
	}
	for (unsigned int i = 0; i < 8; i++) {
		before = lane_instrs(&g);
		sim_step(&d->sim, d->m);
		before = lane_instrs(&g) - before;
		most = before > most ? before : most;
	}
	ok(most > 900000 && most < 1200000,
	   "56 streams that begin together do no more in a round than one (%" PRIu64 ")", most);
	for (unsigned int i = 0; i < 7; i++)
		drv_group_stop(d, &others[i], S_TERMINATE);
	gp_end(&g);
}

/* A second group, of one stream */
static void begin_other(struct gp *g, struct group *other, unsigned int slot,
			unsigned int priority)
{
	drv_group_new(&g->c->d, other, 1, 1, RING);
	other->priority = priority;
	if (!drv_group_start(&g->c->d, other, slot))
		abort();
}

/* Cores work for a group of lower priority an eighth of what they do for the other. */
static void test_lower_priority(void)
{
	unsigned int low, high;
	struct group other;
	struct driver *d;
	struct gp g;

	d = begin_slow(&g, ROUNDS_A_TURN / 10);
	begin_other(&g, &other, 1, 5);
	drv_submit(d, &g.c->g, 0, SETUP(1024), I_RUN_COMPUTE, I_WAIT(1));
	drv_submit(d, &other, 0, SETUP(1024), I_MOVE32(34, 32768), I_RUN_COMPUTE, I_WAIT(1));
	drv_run(d, 60 * MS);
	low = out_count(&g, 32768, 1);
	high = out_count(&g, OUT_PAGES * 1024, 1) - low;
	ok(low * 6 < high && high < low * 10, "the lower priority has an eighth (%u, %u)", low,
	   high);
	gp_end(&g);
}

/* A group that finishes its workgroup to leave has no part in whose turns are long. */
static void test_leaving_beside(void)
{
	struct group idle, loops;
	struct mali_stats a, b;
	struct driver *d;
	struct gp g;

	d = begin_slow(&g, 20 * ROUNDS_A_TURN);
	begin_other(&g, &idle, 1, 9);
	begin_other(&g, &loops, 2, 5);
	RUN(g.c, SETUP(1), I_RUN_COMPUTE, I_WAIT(1));
	drv_submit(d, &loops, 0, I_ADD32(2, 2, 1), I_BRANCH(ALWAYS, 0, -2));
	ok(!drv_csg_state(d, 0, S_SUSPEND), "a workgroup holds off a suspend");
	mali_get_stats(d->m, &a);
	for (unsigned int i = 0; i < 8; i++)
		sim_step(&d->sim, d->m);
	mali_get_stats(d->m, &b);
	is_u64(b.cs_instrs - a.cs_instrs, 8 * 4096, "another group has whole turns meanwhile");
	gp_end(&g);
}

/* A group whose ring is empty is not idle while its dispatch goes on. */
static void test_not_idle(void)
{
	struct driver *d;
	struct gp g;

	d = begin_slow(&g, ROUNDS_A_TURN);
	RUN(g.c, SETUP(8), I_RUN_COMPUTE);
	ok(result(g.c).extract == 13 * 8 && out_count(&g, 128, 1) < 128,
	   "a dispatch that nobody waits for");
	is_u64(mem32(d, d->csg_out[0] + SO_STATE) & 1, 0, "its group is not idle");
	drv_run(d, 50 * MS);
	ok(out_count(&g, 128, 1) == 128 && mem32(d, d->csg_out[0] + SO_STATE) & 1,
	   "but when it is over");
	gp_end(&g);
}

/* A stream that waits for what never comes: its dispatch does not wait with it. */
static void test_waiting_stream(void)
{
	struct driver *d;
	struct gp g;

	d = begin_slow(&g, ROUNDS_A_TURN);
	RUN(g.c, SETUP(8), I_MOVE(4, 1), I_RUN_COMPUTE, I_PROGRESS_WAIT(1, 4),
	    I_ADD32(60, 60, 1));
	ok(out_count(&g, 128, 1) < 128, "a stream that waits for another's progress");
	drv_run(d, 50 * MS);
	is_u64(out_count(&g, 128, 1), 128, "has its dispatch done meanwhile");
	is_u64(result(g.c).extract, 14 * 8, "and waits still");
	gp_end(&g);
}

/* What has one entry of the scoreboard completes in its order. */
static void test_same_entry(void)
{
	struct driver *d;
	struct gp g;

	d = begin_slow(&g, ROUNDS_A_TURN);
	RUN(g.c, SETUP(8), I_SB_ENTRY(1, 1), I_MOVE(40, DATA), I_MOVE32(60, 5),
	    I_RUN_COMPUTE, I_STORE(60, 40, 1, 0), I_WAIT(2));
	ok(out_count(&g, 128, 1) < 128 && !data32(g.c, DATA),
	   "a store with the entry of a dispatch waits for it");
	drv_run(d, 50 * MS);
	ok(out_count(&g, 128, 1) == 128 && data32(g.c, DATA) == 5, "and comes after it");
	gp_end(&g);
}

/* Bit 32 counts as it does for WAIT, when the dispatch is issued. */
static void test_progress(void)
{
	struct gp g;

	gp_begin(&g);
	gp_code(&g, FILL);
	RUN(g.c, SETUP(1), I_RUN_COMPUTE, I_WAIT(1), I_PROGRESS_LOAD(60),
	    I_RUN_COMPUTE | 1ull << 32, I_WAIT(1), I_PROGRESS_LOAD(62));
	ok(reg(g.c, 60) == 0 && reg(g.c, 62) == 1, "a dispatch that counts as progress");
	gp_end(&g);
}

/* Warps take their time even if there is nothing for them to do. */
static void test_empty_warps(void)
{
	uint64_t start, took, want = 60000 * (64 + 16) * 2;
	struct driver *d;
	struct gp g;

	gp_begin(&g);
	d = &g.c->d;
	gp_code(&g, "NOP.end\n");
	start = d->sim.now_ns;
	RUN(g.c, SETUP(60000), I_MOVE(40, DATA), I_MOVE32(60, 5), I_RUN_COMPUTE, I_WAIT(1),
	    I_STORE(60, 40, 1, 0));
	while (!data32(g.c, DATA) && d->sim.now_ns < start + 100 * MS)
		drv_run(d, 100 * US);
	took = d->sim.now_ns - start;
	ok(took > want - 3 * MS && took < want + 3 * MS,
	   "60,000 warps of one instruction: 80 lane instructions each (%" PRIu64 " ns)", took);
	gp_end(&g);
}

/* The machine is told of all that lies between the first and the last byte. */
static void test_told_backwards(void)
{
	struct gp g;

	gp_begin(&g);
	gp_code(&g, ADDRESS "STORE.i32.slot0 @r0, r2, offset:128\n" PUT);
	RUN(g.c, SETUP(1), I_RUN_COMPUTE, I_WAIT(1));
	is_u64(g.c->d.sim.wrote, 192, "a page that is written from its end to its start");
	is_u64(g.c->d.sim.wrote_calls, 1, "is told once");
	gp_end(&g);
}

/* --- Leaving --------------------------------------------------------------- */

static bool state_acked(struct gp *g, unsigned int state)
{
	return (mem32(&g->c->d, g->c->d.csg_out[0] + SO_ACK) & S_STATE) == state;
}

static void test_suspend(void)
{
	struct mali_stats stats;
	unsigned int done, started;
	struct driver *d;
	struct gp g;

	d = begin_slow(&g, ROUNDS_A_TURN);
	RUN(g.c, SETUP(16), I_RUN_COMPUTE, I_WAIT(1), I_MOVE(40, DATA),
	    I_MOVE32(60, 5), I_STORE(60, 40, 1, 0));
	drv_run(d, 3 * MS);
	started = out_count(&g, 256, 1);
	ok(started < 128, "in the middle of a dispatch (%u)", started);
	drv_csg_state(d, 0, S_SUSPEND);
	drv_run(d, 5 * MS);
	ok(state_acked(&g, S_SUSPEND), "its group can be suspended");
	done = out_count(&g, 256, 1);
	ok(done >= started && done % 16 == 0 && done <= started + 16,
	   "the workgroup under way was finished, and none begun (%u)", done);
	is_u64(mem32(d, d->cs_out[0][0] + CO_BLOCKED), 1, "it waits for an entry");
	drv_group_stop(d, &g.c->g, S_SUSPEND);
	drv_run(d, 50 * MS);
	is_u64(out_count(&g, 256, 1), done, "nothing happens while it is away");
	g.c->g.slot = 1;
	ok(drv_group_resume(d, &g.c->g, 1), "resumed in another slot");
	drv_run(d, 100 * MS);
	is_u64(out_count(&g, 256, 1), 256, "each thread did its work, once");
	is_u64(data32(g.c, DATA), 5, "and the stream went on");
	mali_get_stats(d->m, &stats);
	is_u64(stats.dispatches, 1, "of one dispatch");
	gp_end(&g);
}

/* A job that no turn has begun leaves as it was issued. */
static void test_suspend_unbegun(void)
{
	struct driver *d;
	struct mali_injection inj = {
		.kind = MALI_INJECT_SLOW, .slow = MALI_SLOW_STREAM, .ns = 1 * MS,
	};
	struct gp g;

	gp_begin(&g);
	d = &g.c->d;
	gp_code(&g, COUNT);
	mali_inject(d->m, &inj);
	RUN(g.c, SETUP(16), I_RUN_COMPUTE, I_MOVE(16, 0));
	is_u64(out_count(&g, 256, 1), 0, "a dispatch that is slow to begin");
	ok(!drv_csg_state(d, 0, S_SUSPEND), "holds off a suspend");
	drv_run(d, 2 * MS);
	ok(state_acked(&g, S_SUSPEND), "until it could begin");
	is_u64(out_count(&g, 256, 1), 0, "but it does not, with a group that leaves");
	drv_group_stop(d, &g.c->g, S_SUSPEND);
	ok(drv_group_resume(d, &g.c->g, 0), "resumed");
	drv_run(d, 2 * MS);
	is_u64(out_count(&g, 256, 1), 256, "it is done then");
	gp_end(&g);
}

/* A stream that died has nothing to finish. */
static void test_suspend_dead(void)
{
	struct mali_injection inj = {
		.kind = MALI_INJECT_SLOW, .slow = MALI_SLOW_STREAM, .ns = 50 * MS,
	};
	struct driver *d;
	struct gp g;

	gp_begin(&g);
	d = &g.c->d;
	mali_inject(d->m, &inj);
	RUN(g.c, I_MOVE(4, DATA), I_LOAD(6, 4, 1, 0), OP(200));
	is_u64(result(g.c).events, C_FATAL, "a stream that dies with a load under way");
	ok(drv_csg_state(d, 0, S_SUSPEND), "does not hold off a suspend");
	gp_end(&g);
}

/* In a suspend buffer there may be anything. */
static void test_suspend_damaged(void)
{
	unsigned int damaged = 0, alive = 0;
	struct driver *d;
	struct gp g;

	d = begin_slow(&g, ROUNDS_A_TURN);
	for (uint32_t at = 384; at < 1300; at += 4) {
		RUN(g.c, SETUP(2), I_RUN_COMPUTE, I_WAIT(1));
		drv_csg_state(d, 0, S_SUSPEND);
		drv_run(d, 10 * MS);
		drv_group_stop(d, &g.c->g, S_SUSPEND);
		put32(d, g.c->g.suspend_pa + at, at % 8 ? ~0u : 2);
		damaged++;
		drv_group_resume(d, &g.c->g, 0);
		drv_run(d, 3 * MS);
		drv_group_stop(d, &g.c->g, S_TERMINATE);
		alive += rd32(d, MCU_STAT) == MCU_ENABLED;
		fresh(g.c);
	}
	is_u64(alive, damaged, "whatever is in the suspend buffer of a dispatch");
	gp_end(&g);
}

/* The stream of a dispatch waits for its driver: the workgroup ends all the same. */
static void test_suspend_held(void)
{
	struct driver *d;
	struct gp g;

	d = begin_slow(&g, ROUNDS_A_TURN);
	drv_submit(d, &g.c->g, 0, SETUP(16), I_RUN_COMPUTE);
	drv_run(d, 1 * MS);
	drv_submit(d, &g.c->g, 0, OP(7), I_WAIT(1));
	drv_run(d, 100 * US);
	ok(result(g.c).events == C_FAULT && out_count(&g, 256, 1) < 256,
	   "a fault beside a dispatch, not acknowledged");
	drv_csg_state(d, 0, S_SUSPEND);
	drv_run(d, 5 * MS);
	ok(state_acked(&g, S_SUSPEND), "does not hold off a suspend");
	gp_end(&g);
}

/* The same at any time of the stream's looks at its sync object and of the cores' turns */
static void test_suspend_waiting(void)
{
	unsigned int between = 0, waits = 0, once = 0, tried = 0;
	struct driver *d;
	unsigned int n;
	struct gp g;

	for (uint64_t at = 0; at < 2200 * US; at += 100 * US, tried++) {
		gp_begin(&g);
		d = &g.c->d;
		gp_code(&g, COUNT_SLOW);
		gp_uniform(&g, 3, 20);
		RUN(g.c, SETUP(GROUPS), I_MOVE(40, DATA), I_MOVE(42, 0), I_RUN_COMPUTE,
		    I_WAIT_SYNC64(GT, 40, 42, 0));
		drv_run(d, at);
		drv_csg_state(d, 0, S_SUSPEND);
		drv_run(d, 5 * MS);
		n = out_count(&g, GROUPS * 16, 1);
		between += state_acked(&g, S_SUSPEND) && n && n < GROUPS * 16 && n % 16 == 0;
		waits += mem32(d, d->cs_out[0][0] + CO_BLOCKED) == 3;
		drv_group_stop(d, &g.c->g, S_SUSPEND);
		drv_group_resume(d, &g.c->g, 0);
		drv_run(d, 20 * MS);
		once += out_count(&g, GROUPS * 16, 1) == GROUPS * 16;
		gp_end(&g);
	}
	is_u64(between, tried, "a dispatch whose stream waits leaves between two workgroups");
	is_u64(waits, tried, "and says that it waits");
	is_u64(once, tried, "and does the others once");
}

/*
 * What is under way in a suspend buffer: instruction, address, operand, then 8 bytes of time,
 * entries to wait for and its own. Two dispatches would share one place for how far they are.
 */
static void test_suspend_ops(void)
{
	static const struct {
		const char *name;
		uint64_t instr, va, data;
		uint16_t slot;
		bool good;
	} ops[] = {
		{ "as it was", I_FINISH_TILING, 0, 0, 1, true },
		{ "a second dispatch", I_RUN_COMPUTE, 0, 0, 1, false },
		{ "no entry of the scoreboard", I_FINISH_TILING, 0, 0, 8, false },
		{ "tiling, misaligned context", OP(5), 4, 0, 1, false },
		{ "tiling, misaligned heap", OP(5), 0, 4, 1, false },
		{ "a misaligned heap", OP(49), 0, 4, 1, false },
		{ "a load beyond the registers", I_LOAD(90, 4, 0xff, 0), DATA, 0, 1, false },
		{ "a store beyond the registers", I_STORE(90, 4, 0xff, 0), DATA, 0, 1, false },
		{ "what is done when it is read", I_MOVE32(4, 5), 0, 0, 1, false },
	};
	struct driver *d;
	uint64_t at;
	struct gp g;

	for (unsigned int i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		d = begin_slow(&g, ROUNDS_A_TURN);
		RUN(g.c, SETUP(8), I_SB_ENTRY(1, 0), I_RUN_COMPUTE, I_FINISH_TILING);
		drv_csg_state(d, 0, S_SUSPEND);
		drv_run(d, 10 * MS);
		drv_group_stop(d, &g.c->g, S_SUSPEND);
		for (at = g.c->g.suspend_pa; mem64(d, at) != I_FINISH_TILING; at += 8)
			;
		put64(d, at, ops[i].instr);
		put64(d, at + 8, ops[i].va);
		put64(d, at + 16, ops[i].data);
		put32(d, at + 32, (uint32_t)ops[i].slot << 16);
		drv_group_resume(d, &g.c->g, 0);
		drv_run(d, 1 * MS);
		ok(ops[i].good ? !result(g.c).events : result(g.c).events == C_FATAL &&
		   result(g.c).fatal == EXC_CONFIG, "under way in a suspend buffer: %s",
		   ops[i].name);
		gp_end(&g);
	}
}

static void test_terminate(void)
{
	struct driver *d;
	unsigned int done;
	uint64_t work;
	struct gp g;

	d = begin_slow(&g, ROUNDS_A_TURN);
	RUN(g.c, SETUP(16), I_RUN_COMPUTE, I_WAIT(1));
	drv_run(d, 3 * MS);
	ok(drv_csg_state(d, 0, S_TERMINATE), "in the middle of a dispatch: terminated");
	done = out_count(&g, 256, 1);
	work = lane_instrs(&g);
	drv_run(d, 50 * MS);
	ok(out_count(&g, 256, 1) == done && lane_instrs(&g) == work && done < 256,
	   "nothing of it goes on");
	fresh(g.c);
	gp_code(&g, FILL);
	RUN(g.c, SETUP(16), I_RUN_COMPUTE, I_WAIT(1));
	is_u64(out_count(&g, 256, 7), 256, "the next group has the cores");

	/* A stream that is stopped alone */
	gp_code(&g, ENDLESS);
	RUN(g.c, SETUP(1), I_RUN_COMPUTE);
	put32(d, d->cs_in[0][0] + CI_REQ,
	      mem32(d, d->cs_in[0][0] + CI_REQ) & ~C_STATE);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	work = lane_instrs(&g);
	drv_run(d, 10 * MS);
	is_u64(lane_instrs(&g), work, "a stream that stops takes its shader along");
	gp_end(&g);
}

static void test_reset(void)
{
	struct driver *d;
	uint64_t work, start;
	struct gp g;

	gp_begin(&g);
	d = &g.c->d;
	gp_code(&g, ENDLESS);
	RUN(g.c, SETUP(16), I_RUN_COMPUTE, I_WAIT(1));
	drv_run(d, 3 * MS);
	wr32(d, GPU_CMD, GPU_CMD_SOFT_RESET);
	drv_run(d, 1 * MS);
	work = lane_instrs(&g);
	drv_run(d, 50 * MS);
	ok(work && lane_instrs(&g) == work, "a reset ends a dispatch");
	gp_end(&g);

	gp_begin(&g);
	d = &g.c->d;
	gp_code(&g, ENDLESS);
	RUN(g.c, SETUP(16), I_RUN_COMPUTE, I_WAIT(1));
	drv_mcu_stop(d);
	work = lane_instrs(&g);
	drv_run(d, 50 * MS);
	is_u64(lane_instrs(&g), work, "so does stopping the microcontroller");
	gp_end(&g);

	gp_begin(&g);
	d = &g.c->d;
	gp_code(&g, ENDLESS);
	start = d->sim.now_ns;
	drv_submit(d, &g.c->g, 0, SETUP(16), I_RUN_COMPUTE);
	while (!lane_instrs(&g))
		sim_step(&d->sim, d->m);
	drv_mcu_stop(d);
	if (!drv_boot(d))
		abort();
	fresh(g.c);
	gp_code(&g, FILL);
	RUN(g.c, SETUP(16), I_RUN_COMPUTE, I_WAIT(1));
	ok(d->sim.now_ns < start + 2 * MS && out_count(&g, 256, 7) == 256,
	   "of whose turn nothing is left then");
	gp_end(&g);
}

/* --- Faults of the MMU ----------------------------------------------------- */

static void gp_output(struct gp *g, uint64_t va)
{
	gp_uniform(g, 0, va);
	gp_uniform(g, 1, va >> 32);
}

static void test_fault(void)
{
	uint64_t hole = OUT + OUT_PAGES * 4096, pa;
	unsigned int before = 0;
	struct driver *d;
	struct gp g;

	gp_begin(&g);
	d = &g.c->d;
	/* Each thread counts, and the last page is not there */
	gp_code(&g, COUNT);
	gp_output(&g, hole - 8 * 64 - 32);
	RUN(g.c, SETUP(16), I_RUN_COMPUTE, I_WAIT(1), I_ADD32(60, 60, 1));
	ok(rd32(d, MMU_INT + RAWSTAT) & 2, "an access to nowhere faults");
	is_u64(rd32(d, AS_REG(1, AS_FAULT)) & 0xff, 0xc3, "translation, level 3");
	is_u64(rd32(d, AS_REG(1, AS_FAULT)) >> 8 & 3, 2, "of a read");
	is_u64(rd64(d, AS_REG(1, AS_FAULTADDR)), hole, "at the first byte that is not there");
	is_u64(rd32(d, AS_REG(1, AS_FAULT)) >> 16, 0x8000, "by this stream");
	is_u64(drv_cs_events(d, 0, 0), 0, "which was told nothing");
	drv_run(d, 10 * MS);
	pa = drv_map(d, 1, hole, 1, SIM_RW);
	wr32(d, MMU_INT + CLEAR, ~0u);
	drv_as_lock(d, 1, hole, 15);
	drv_run(d, 1 * MS);
	is_u64(mem32(d, pa), 0, "nor does it go on before it is unlocked");
	drv_as_cmd(d, 1, AS_UNLOCK);
	drv_run(d, 10 * MS);
	for (unsigned int i = 0; i < 8 * 16 + 8; i++)
		before += out32(&g, OUT_PAGES * 1024 - 8 * 16 - 8 + i) == 1;
	is_u64(before, 8 * 16 + 8, "what was before the fault was done once");
	for (unsigned int i = 0; i < 8 * 16 - 8; i++)
		before += mem32(d, pa + 4 * i) == 1;
	is_u64(before, 256, "and what came after it, too");
	is_u64(reg(g.c, 60), 1, "the stream goes on");
	ok(!(rd32(d, MMU_INT + RAWSTAT) & 2), "without a second fault");
	gp_end(&g);
}

/* Memory in a locked region: the shader waits, and nobody is told. */
static void test_locked(void)
{
	struct driver *d;
	struct gp g;

	gp_begin(&g);
	d = &g.c->d;
	gp_code(&g, COUNT);
	drv_as_lock(d, 1, OUT, 15);
	RUN(g.c, SETUP(16), I_RUN_COMPUTE, I_WAIT(1), I_ADD32(60, 60, 1));
	drv_run(d, 5 * MS);
	ok(out_count(&g, 256, 0) == 256 && !(rd32(d, MMU_INT + RAWSTAT) & 2) &&
	   !drv_cs_events(d, 0, 0), "an access in a locked region waits, without a fault");
	ok(!drv_csg_state(d, 0, S_SUSPEND), "and so does a suspend, for the workgroup");
	is_u64(d->sim.deadline_ns, MALI_NEVER, "asleep, since time does not help");
	drv_as_cmd(d, 1, AS_UNLOCK);
	drv_run(d, 5 * MS);
	is_u64(mem32(d, d->csg_out[0] + SO_ACK) & S_STATE, S_SUSPEND, "until it is unlocked");
	drv_group_stop(d, &g.c->g, S_SUSPEND);
	ok(drv_group_resume(d, &g.c->g, 0), "resumed");
	drv_run(d, 5 * MS);
	ok(out_count(&g, 256, 1) == 256 && reg(g.c, 60) == 1, "each thread did its work, once");
	gp_end(&g);
}

static void test_fault_kinds(void)
{
	struct driver *d;
	struct result r;
	struct gp g;

	gp_begin(&g);
	d = &g.c->d;
	gp_code(&g, FILL);
	gp_output(&g, DESC);
	RUN(g.c, SETUP(1), I_RUN_COMPUTE);
	is_u64(rd32(d, AS_REG(1, AS_FAULT)) & 0x3ff, 0x3cb, "a store to what is read only");
	wr32(d, MMU_INT + CLEAR, ~0u);
	drv_as_disable(d, 1);
	drv_run(d, 1 * MS);
	r = result(g.c);
	ok(r.events == C_FATAL && r.fatal == EXC_BUS && r.fatal_info == DESC,
	   "without an address space: a bus fault, with the address");
	gp_end(&g);

	gp_begin(&g);
	d = &g.c->d;
	put64(d, g.desc + 8, OUT);
	RUN(g.c, SETUP(1), I_RUN_COMPUTE);
	is_u64(rd32(d, AS_REG(1, AS_FAULT)) & 0x3ff, 0x1cb, "code that cannot be executed");
	is_u64(rd64(d, AS_REG(1, AS_FAULTADDR)), OUT, "its address");
	gp_end(&g);

	gp_begin(&g);
	d = &g.c->d;
	RUN(g.c, SETUP(1), I_MOVE(16, HOLE), I_RUN_COMPUTE);
	ok((rd32(d, AS_REG(1, AS_FAULT)) & 0x3ff) == 0x2c3 &&
	   rd64(d, AS_REG(1, AS_FAULTADDR)) == HOLE, "a descriptor that is not there");
	gp_end(&g);
}

/* A bus error that was armed for memory which has a host page */
static void test_bus_error(void)
{
	struct mali_injection inj = { .kind = MALI_INJECT_BUS_ERROR, .size = 4, .count = 1 };
	struct driver *d;
	struct gp g;

	gp_begin(&g);
	d = &g.c->d;
	gp_code(&g, FILL);
	RUN(g.c, SETUP(1), I_RUN_COMPUTE, I_WAIT(1));
	inj.pa = g.out + 128;
	mali_inject(d->m, &inj);
	RUN(g.c, SETUP(16), I_RUN_COMPUTE, I_WAIT(1), I_ADD32(60, 60, 1));
	ok((rd32(d, AS_REG(1, AS_FAULT)) & 0xff) == 0x80 && rd32(d, MMU_INT + RAWSTAT) & 2,
	   "a bus error on request");
	drv_as_lock(d, 1, OUT, 15);
	drv_as_cmd(d, 1, AS_UNLOCK);
	drv_run(d, 1 * MS);
	is_u64(out_count(&g, 256, 7), 256, "and then it is done");
	gp_end(&g);
}

/* A workgroup that faulted is finished before its group leaves. */
static void test_suspend_fault(void)
{
	uint64_t hole = OUT + OUT_PAGES * 4096;
	struct driver *d;
	struct gp g;

	gp_begin(&g);
	d = &g.c->d;
	gp_code(&g, COUNT);
	gp_output(&g, hole);
	RUN(g.c, SETUP(2), I_RUN_COMPUTE, I_WAIT(1));
	ok(!drv_csg_state(d, 0, S_SUSPEND), "a fault that nobody handled holds off a suspend");
	drv_run(d, 10 * MS);
	ok(!state_acked(&g, S_SUSPEND), "for as long as it takes");
	drv_map(d, 1, hole, 1, SIM_RW);
	drv_as_lock(d, 1, hole, 15);
	drv_as_cmd(d, 1, AS_UNLOCK);
	drv_run(d, 1 * MS);
	ok(state_acked(&g, S_SUSPEND), "handled: suspended");
	gp_end(&g);

	gp_begin(&g);
	d = &g.c->d;
	gp_code(&g, COUNT);
	gp_output(&g, hole);
	RUN(g.c, SETUP(2), I_RUN_COMPUTE, I_WAIT(1));
	drv_csg_state(d, 0, S_SUSPEND);
	drv_as_disable(d, 1);
	drv_run(d, 1 * MS);
	ok(state_acked(&g, S_SUSPEND) && result(g.c).fatal == EXC_BUS,
	   "without its address space it is dead, and gone");
	gp_end(&g);
}

/* --- Faults of shaders ----------------------------------------------------- */

static void shader_fault(struct gp *g, uint32_t exc, uint64_t info, const char *name)
{
	unsigned int errors = g->c->d.sim.errors;
	struct result r;

	r = RUN(g->c, SETUP(3), I_RUN_COMPUTE, I_WAIT(1), I_ADD32(60, 60, 1),
		I_ERROR_BARRIER);
	ok(r.events == C_FAULT && r.fault == exc && r.fault_info == info,
	   "%s: fault 0x%x", name, exc);
	if (r.fault != exc || r.fault_info != info)
		diag("events 0x%x fault 0x%x info 0x%" PRIx64, r.events, r.fault,
		     r.fault_info);
	ok(g->c->d.sim.errors > errors && reg(g->c, 60) == 1,
	   "%s: told, and the stream goes on", name);
	fresh(g->c);
}

static void test_shader_faults(void)
{
	struct mali_stats a, b;
	struct driver *d;
	struct gp g;

	gp_begin(&g);
	d = &g.c->d;
	mali_get_stats(d->m, &a);
	gp_code(&g, "NOP\nNOP\n");
	put64(d, g.code + 16, ~0ull);
	shader_fault(&g, EXC_INVALID_ENC, SHADER + 16, "a word that is no instruction");
	ok(strstr(d->sim.last_error, "0x40000010") &&
	   strstr(d->sim.last_error, "word 0xffffffffffffffff"),
	   "with its address, and as it is");
	put64(d, g.desc + 8, SHADER + 4);
	shader_fault(&g, EXC_INVALID_PC, SHADER + 4, "a program that is not aligned");
	put64(d, g.desc + 8, SHADER);
	gp_code(&g, "LSHIFT_AND.i32 r1, r60, 0x1F1E1D1C.b33, 0x0.not\n"
		"BRANCHZ.reconverge r1, offset:1\n"
		"BARRIER.slot7.wait\nNOP.end\n");
	shader_fault(&g, EXC_BARRIER, SHADER + 16, "a barrier for some");
	put32(d, g.desc, 9);
	shader_fault(&g, EXC_DATA_INVALID, SPD, "a descriptor of something else");
	put32(d, g.desc, 8 | 1 << 4);
	gp_code(&g, FILL);
	gp_output(&g, 1ull << 50);
	shader_fault(&g, EXC_ADDR_RANGE, 1ull << 50, "an address that is none");
	mali_get_stats(d->m, &b);
	is_u64(b.shader_faults - a.shader_faults, 5, "five faults were counted");
	gp_end(&g);
}

/* A dispatch that faulted is over: the next one of the stream is not its rest. */
static void test_after_fault(void)
{
	struct result r;
	struct gp g;

	gp_begin(&g);
	gp_code(&g, "NOP\n");
	put64(&g.c->d, g.code + 8, ~0ull);
	r = RUN(g.c, SETUP(3), I_RUN_COMPUTE, I_WAIT(1), I_ERROR_BARRIER);
	is_u64(r.fault, EXC_INVALID_ENC, "a dispatch that faults");
	drv_cs_ack(&g.c->d, 0, 0, ~0u);
	gp_code(&g, FILL);
	r = RUN(g.c, I_MOVE32(37, 5), I_RUN_COMPUTE, I_WAIT(1));
	ok(!r.events, "the stream's next one does not");
	is_u64(out_count(&g, OUT_PAGES * 1024, 7), 5 * 16, "and is done from its start");
	gp_end(&g);
}

/* Shader cores have to be asked for, and the group has to have some. */
static void test_resources(void)
{
	struct driver *d;
	struct result r;
	struct gp g;

	gp_begin(&g);
	d = &g.c->d;
	gp_code(&g, FILL);
	r = RUN(g.c, SETUP(1), I_REQ_RESOURCE(0xe), I_RUN_COMPUTE, I_ERROR_BARRIER);
	ok(r.events == C_FAULT && r.fault == EXC_ENDPOINT && r.fault_info == I_RUN_COMPUTE,
	   "without REQ_RESOURCE of compute: a fault");
	is_u64(out_count(&g, 16, 0), 16, "and no shader");
	fresh(g.c);
	put32(d, d->csg_in[0] + SI_EP_REQ, 0x010400);
	ok(drv_csg_toggle(d, 0, S_EP_CONFIG), "an endpoint request without compute");
	r = RUN(g.c, SETUP(1), I_RUN_COMPUTE, I_ERROR_BARRIER);
	ok(r.events == C_FAULT && r.fault == EXC_ENDPOINT, "a fault");
	fresh(g.c);
	put64(d, d->csg_in[0] + SI_ALLOW_COMPUTE, 0);
	put32(d, d->csg_in[0] + SI_EP_REQ, 0x010404);
	drv_csg_toggle(d, 0, S_EP_CONFIG);
	r = RUN(g.c, SETUP(1), I_RUN_COMPUTE, I_ERROR_BARRIER);
	ok(r.events == C_FAULT && r.fault == EXC_ENDPOINT, "no core is allowed: a fault");
	fresh(g.c);
	r = RUN(g.c, SETUP(1), I_RUN_COMPUTE | 3 << 14);
	is_fatal(&r, EXC_INVALID, I_RUN_COMPUTE | 3 << 14, "a fourth axis");
	gp_end(&g);
}

/* In error state a dispatch does nothing. */
static void test_error_state(void)
{
	struct gp g;

	gp_begin(&g);
	gp_code(&g, FILL);
	RUN(g.c, SETUP(1), OP(7), I_RUN_COMPUTE, I_WAIT(1), I_ERROR_BARRIER);
	is_u64(out_count(&g, 16, 0), 16, "after a fault no shader is run");
	is_u64(drv_cs_events(&g.c->d, 0, 0), 0, "and that is no second fault");
	RUN(g.c, OP(7), I_MOVE(4, DATA), I_MOVE(6, 0), I_WAIT_SYNC64(GT, 4, 6, 0),
	    I_ERROR_BARRIER, I_ADD32(60, 60, 1));
	is_u64(reg(g.c, 60), 1, "nor is anything waited for");
	RUN(g.c, I_RUN_COMPUTE);
	is_u64(out_count(&g, 16, 7), 16, "but behind an ERROR_BARRIER");
	gp_end(&g);
}

/* --- Time ------------------------------------------------------------------ */

static void set_progress_timer(struct driver *d, uint32_t units)
{
	put32(d, d->glb_in + GI_PROGRESS, units);
	is_u64(drv_glb_toggle(d, G_PROGRESS), G_PROGRESS, "progress timer set");
}

static void test_endless(void)
{
	struct driver *d;
	struct gp g;

	d = begin_slow(&g, ROUNDS_A_TURN);
	set_progress_timer(d, 20000);	/* of 1024 cycles: 20.48 ms */
	RUN(g.c, SETUP(32), I_RUN_COMPUTE, I_WAIT(1));
	drv_run(d, 80 * MS);
	ok(out_count(&g, 512, 1) == 512 && !(drv_csg_events(d, 0) & PROGRESS_EVENT),
	   "workgroup after workgroup is progress");
	gp_code(&g, ENDLESS);
	RUN(g.c, I_RUN_COMPUTE, I_WAIT(1));
	drv_run(d, 15 * MS);
	ok(!(drv_csg_events(d, 0) & PROGRESS_EVENT), "an endless shader: not yet");
	drv_run(d, 10 * MS);
	ok(drv_csg_events(d, 0) & PROGRESS_EVENT, "the progress timer reports it");
	drv_csg_ack(d, 0, PROGRESS_EVENT);
	drv_run(d, 50 * MS);
	ok(!(drv_csg_events(d, 0) & PROGRESS_EVENT), "once");
	ok(!drv_csg_state(d, 0, S_SUSPEND), "a suspend waits for it");
	drv_run(d, 50 * MS);
	ok(!state_acked(&g, S_SUSPEND), "in vain");
	ok(drv_csg_state(d, 0, S_TERMINATE), "a termination does not");
	gp_end(&g);
}

/* One that was late once and is over: the next that is late is reported as well. */
static void test_late_twice(void)
{
	struct driver *d;
	struct gp g;

	d = begin_slow(&g, 4 * ROUNDS_A_TURN);
	set_progress_timer(d, 2000);	/* of 1024 cycles: 2.05 ms */
	RUN(g.c, SETUP(1), I_RUN_COMPUTE, I_WAIT(1));
	drv_run(d, 20 * MS);
	ok(drv_csg_events(d, 0) & PROGRESS_EVENT && out_count(&g, 16, 1) == 16,
	   "a workgroup that is late, and comes to its end");
	drv_csg_ack(d, 0, PROGRESS_EVENT);
	gp_code(&g, ENDLESS);
	RUN(g.c, I_RUN_COMPUTE, I_WAIT(1));
	drv_run(d, 20 * MS);
	ok(drv_csg_events(d, 0) & PROGRESS_EVENT, "the next one is reported, too");
	gp_end(&g);
}

/* What a dead stream left on the cores is nothing that could be late. */
static void test_dead(void)
{
	struct driver *d;
	struct gp g;

	gp_begin(&g);
	d = &g.c->d;
	set_progress_timer(d, 20000);	/* of 1024 cycles: 20.48 ms */
	gp_code(&g, COUNT);
	gp_output(&g, OUT + OUT_PAGES * 4096);
	RUN(g.c, SETUP(2), I_RUN_COMPUTE, I_WAIT(1));
	drv_as_disable(d, 1);
	drv_run(d, 1 * MS);
	is_u64(result(g.c).fatal, EXC_BUS, "a stream that dies in the middle of a dispatch");
	drv_run(d, 100 * MS);
	ok(!(drv_csg_events(d, 0) & PROGRESS_EVENT),
	   "the progress timer has nothing to say of it");
	gp_end(&g);
}

/* Two runs do the same at the same times. */
static uint64_t history(void)
{
	uint64_t hash = 0;
	struct driver *d;
	struct gp g;

	d = begin_slow(&g, 1000);
	drv_submit(d, &g.c->g, 0, SETUP(64), I_RUN_COMPUTE, I_WAIT(1));
	drv_submit(d, &g.c->g, 1, SETUP(64), I_RUN_COMPUTE, I_WAIT(1));
	while (sim_step(&d->sim, d->m) && d->sim.now_ns < 200 * MS)
		hash = (hash ^ d->sim.now_ns ^ lane_instrs(&g) << 20) * 0x100000001b3ull;
	gp_end(&g);
	return hash;
}

static void test_repeats(void)
{
	is_u64(history(), history(), "a run repeats, to each time it wants");
}

/* --- Code ------------------------------------------------------------------ */

static uint32_t ran(struct gp *g, const char *value)
{
	char text[256];

	snprintf(text, sizeof(text), ADDRESS "MOV.i32 r0, %s\n" PUT, value);
	gp_code(g, text);
	RUN(g->c, SETUP(1), I_RUN_COMPUTE, I_WAIT(1));
	return out32(g, 0);
}

#define ALL_CORES	0x50005u

/* The same group in the same address space, as a driver does it */
static void reset_and_boot(struct cs *c)
{
	struct driver *d = &c->d;

	wr32(d, GPU_CMD, GPU_CMD_SOFT_RESET);
	drv_run(d, 1 * MS);
	drv_power_l2(d);
	drv_as_enable(d, 0, d->root[0]);
	drv_as_enable(d, 1, d->root[1]);
	if (!drv_boot(d))
		abort();
	drv_glb_toggle(d, G_ALLOC_EN | G_POWEROFF | G_PROGRESS | G_IDLE_EN);
	fresh(c);
}

static void test_code(void)
{
	struct driver *d;
	struct gp g;

	gp_begin(&g);
	d = &g.c->d;
	ran(&g, "u2");
	is_u64(ran(&g, "0x3020100"), 0x3020100, "new code is executed, flushed or not");
	gp_end(&g);

	drv_ignore = 1 << 5;
	gp_begin(&g);
	drv_ignore = 0;
	d = &g.c->d;
	is_u64(ran(&g, "u2"), 7, "a model that ignores new code");
	is_u64(ran(&g, "0x3020100"), 7, "executes the old one");
	RUN(g.c, I_MOVE32(50, 0), I_FLUSH(50, 0x33) | F48(1), I_WAIT(2));
	drv_as_lock(d, 1, SHADER, 15);
	drv_as_cmd(d, 1, AS_FLUSH_MEM);
	drv_as_cmd(d, 1, AS_UNLOCK);
	is_u64(ran(&g, "0x3020100"), 7, "after flushes of L2, load/store cache and TLB as well");
	RUN(g.c, I_FLUSH(50, 0x200) | F48(1), I_WAIT(2));
	is_u64(ran(&g, "0x3020100"), 0x3020100, "until FLUSH_CACHE2 drops it");
	wr32(d, GPU_CMD, GPU_CMD_FLUSH);
	is_u64(ran(&g, "u2"), 0x3020100, "a flush command of L2 and load/store cache");
	wr32(d, GPU_CMD, 4 | 2 << 16);
	is_u64(ran(&g, "u2"), 7, "and one of the others");
	wr32(d, PWR_ON + PWR_SHADER, ALL_CORES);
	is_u64(ran(&g, "0x3020100"), 7, "power of the cores that comes drops nothing");
	wr32(d, PWR_OFF + PWR_SHADER, ALL_CORES);
	is_u64(ran(&g, "0x3020100"), 0x3020100, "its loss does");
	wr32(d, PWR_ON + PWR_TILER, 1);
	wr32(d, PWR_OFF + PWR_TILER, 1);
	is_u64(ran(&g, "u2"), 0x3020100, "that of the tiler does not");
	wr32(d, PWR_OFF + PWR_L2, 1);
	drv_power_l2(d);
	is_u64(ran(&g, "u2"), 7, "and that of the L2 does");
	ran(&g, "0x3020100");
	wr32(d, PWR_OFF + PWR_SHADER, ALL_CORES);
	is_u64(ran(&g, "0x3020100"), 0x3020100, "the cores' again");
	reset_and_boot(g.c);
	is_u64(ran(&g, "u2"), 7, "and so does a reset");
	gp_end(&g);
}

int main(void)
{
	test_dispatch();
	test_selectors();
	test_issue();
	test_async();
	test_fast_cores();
	test_breath();
	test_one_at_a_time();
	test_two_streams();
	test_turns_of_two();
	test_first_round();
	test_lower_priority();
	test_leaving_beside();
	test_not_idle();
	test_waiting_stream();
	test_same_entry();
	test_progress();
	test_empty_warps();
	test_told_backwards();
	test_suspend();
	test_suspend_unbegun();
	test_suspend_dead();
	test_suspend_damaged();
	test_suspend_held();
	test_suspend_waiting();
	test_suspend_ops();
	test_terminate();
	test_reset();
	test_fault();
	test_locked();
	test_fault_kinds();
	test_bus_error();
	test_suspend_fault();
	test_shader_faults();
	test_after_fault();
	test_resources();
	test_error_state();
	test_endless();
	test_late_twice();
	test_dead();
	test_repeats();
	test_code();
	return done_testing();
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which group and which stream has its turn when: priorities, and that nobody
 * is left out.
 */
#include <stdlib.h>

#include "driver.h"
#include "tap.h"

#define RING	0x1000u
#define DATA	0x10000000ull

struct sched {
	struct driver d;
	struct group g[4];
	uint64_t data;
};

static struct sched *sched_new(unsigned int groups)
{
	struct sched *s = malloc(sizeof(*s));

	if (!s)
		abort();
	drv_up(&s->d);
	drv_as_new(&s->d, 1);
	s->data = drv_map(&s->d, 1, DATA, 1, SIM_RW);
	for (unsigned int i = 0; i < groups; i++)
		drv_group_new(&s->d, &s->g[i], 1, 2, RING);
	return s;
}

static void sched_delete(struct sched *s)
{
	drv_free(&s->d);
	free(s);
}

static void start(struct sched *s, unsigned int i, unsigned int priority)
{
	s->g[i].priority = priority;
	if (!drv_group_start(&s->d, &s->g[i], i))
		abort();
}

/* An endless loop that counts in word @word */
static void loop(struct sched *s, unsigned int i, unsigned int queue,
		 unsigned int word)
{
	drv_submit(&s->d, &s->g[i], queue, I_MOVE(0, DATA + word * 4),
		   I_ADD32(2, 2, 1), I_STORE(2, 0, 1, 0), I_WAIT(1),
		   I_BRANCH(ALWAYS, 0, -4));
}

/* Counts in word 0, and says in word @word which one it was */
static void take_number(struct driver *d, struct queue *q, unsigned int word)
{
	const uint64_t prog[] = {
		I_MOVE(4, DATA), I_MOVE32(6, 1), I_ADD_SYNC32(4, 6, SCOPE_CSG),
		I_LOAD(8, 4, 1, 0), I_WAIT(1), I_STORE(8, 4, 1, 4 * word),
	};

	drv_emit(d, q, prog, 6);
}

static uint32_t count(struct sched *s, unsigned int word)
{
	return mem32(&s->d, s->data + word * 4);
}

static void test_priority(void)
{
	struct sched *s = sched_new(4);
	uint32_t n[4];

	for (unsigned int i = 0; i < 4; i++) {
		start(s, i, i < 2 ? 4 : 4 + i);		/* 4, 4, 6, 7 */
		loop(s, i, 0, i);
	}
	drv_run(&s->d, 20 * MS);
	for (unsigned int i = 0; i < 4; i++) {
		n[i] = count(s, i);
		diag("group %u: %u rounds", i, n[i]);
	}
	ok(n[3] > 4 * n[2] && n[3] > 4 * n[0],
	   "the highest priority has most of the time");
	ok(n[0] > 100 && n[1] > 100, "the lowest is not starved");
	ok(abs((int)(n[0] - n[1])) < (int)n[0] / 4,
	   "equal priorities share alike");
	for (unsigned int i = 0; i < 3; i++)
		ok(n[i] * 7 < n[3] && n[3] < n[i] * 9, "group %u has an eighth of the highest", i);
	sched_delete(s);
}

/* Two groups of the same priority */
static struct sched *two_that_loop(void)
{
	struct sched *s = sched_new(2);

	for (unsigned int i = 0; i < 2; i++) {
		start(s, i, 5);
		loop(s, i, 0, i);
	}
	return s;
}

/* Nobody has less than another of the same priority, whoever is first of them. */
static void test_equal(void)
{
	struct sched *s = two_that_loop();
	uint32_t a, b;

	drv_run(&s->d, 20 * MS);
	a = count(s, 0);
	b = count(s, 1);
	ok(a > 100 && abs((int)(a - b)) < (int)a / 8, "two of the highest share alike (%u, %u)",
	   a, b);
	sched_delete(s);
}

/* Nor is one of them always first. */
static void test_turns(void)
{
	/* One between them has nothing to do */
	static const unsigned int group[] = { 0, 2 };
	struct sched *s = sched_new(3);
	struct driver *d = &s->d;
	unsigned int first[2] = { 0 };

	for (unsigned int i = 0; i < 3; i++)
		start(s, i, 5);
	for (unsigned int n = 0; n < 16; n++) {
		for (unsigned int i = 0; i < 2; i++) {
			take_number(d, &s->g[group[i]].q[0], 2 + i);
			drv_kick(d, &s->g[group[i]], 0);
		}
		drv_run(d, 1 * MS);
		first[count(s, 2) > count(s, 3)]++;
	}
	ok(first[0] + first[1] == 16 && first[0] > 4 && first[1] > 4,
	   "of equal groups each is first as often (%u, %u)", first[0], first[1]);
	sched_delete(s);
}

/* Whatever wants the next round at once, the embedder's other work comes between. */
static void test_breath(void)
{
	struct sched *s = sched_new(1);
	struct sim *sim = &s->d.sim;
	unsigned int rounds = 0;
	bool good = true;

	start(s, 0, 5);
	drv_submit(&s->d, &s->g[0], 0, I_MOVE(4, DATA), I_MOVE32(6, 1),
		   I_ADD_SYNC32(4, 6, SCOPE_CSG));
	while (sim_step(sim, s->d.m) && sim->deadline_ns < sim->now_ns + 1 * MS) {
		good &= sim->deadline_ns >= sim->now_ns + 20 * US;
		rounds++;
	}
	ok(rounds && good, "%u rounds, each 20 us after the last one", rounds);
	sched_delete(s);
}

/* However many streams there are, an instruction takes its time. */
static void test_time(void)
{
	struct sched *s = sched_new(4);
	struct mali_stats a, b;
	uint64_t n;

	for (unsigned int i = 0; i < 4; i++) {
		start(s, i, 5);
		loop(s, i, 0, i);
	}
	mali_get_stats(s->d.m, &a);
	drv_run(&s->d, 20 * MS);
	mali_get_stats(s->d.m, &b);
	n = b.cs_instrs - a.cs_instrs;
	ok(n > 4900000 && n < 5100000, "four nanoseconds an instruction (%" PRIu64 " in 20 ms)",
	   n);
	sched_delete(s);
}

/* Of two streams of a group, the one of higher priority has its turn first. */
static void test_streams(void)
{
	for (unsigned int first = 0; first < 2; first++) {
		struct sched *s = sched_new(1);
		struct driver *d = &s->d;
		struct group *g = &s->g[0];

		for (unsigned int q = 0; q < 2; q++) {
			take_number(d, &g->q[q], 2 + q);
			drv_publish(d, &g->q[q]);
		}
		drv_group_prog(d, g, 0);
		put32(d, d->cs_in[0][first] + CI_CONFIG,
		      mem32(d, d->cs_in[0][first] + CI_CONFIG) | 9);
		drv_csg_state(d, 0, S_START);
		drv_run(d, 1 * MS);
		ok(count(s, 2 + first) == 1 && count(s, 3 - first) == 2,
		   "stream %u goes first by its priority", first);
		sched_delete(s);
	}
}

/* A group of high priority that becomes runnable goes first from then on */
static void test_preemption(void)
{
	struct sched *s = sched_new(2);
	uint32_t before, low, high;

	start(s, 0, 2);
	start(s, 1, 9);
	loop(s, 0, 0, 0);
	drv_run(&s->d, 5 * MS);
	before = count(s, 0);
	loop(s, 1, 0, 1);
	drv_run(&s->d, 5 * MS);
	low = count(s, 0) - before;
	high = count(s, 1);
	diag("alone %u, then %u beside %u", before, low, high);
	ok(low < before / 4, "the low group is slowed down");
	ok(high > 4 * low, "by the high one");
	drv_group_stop(&s->d, &s->g[1], S_SUSPEND);
	before = count(s, 0);
	drv_run(&s->d, 5 * MS);
	ok(count(s, 0) - before > 4 * low, "and recovers when that is gone");
	sched_delete(s);
}

/* An endpoint request changes the priority of a group that is running */
static void test_change(void)
{
	struct sched *s = two_that_loop();
	uint32_t a, b;

	drv_run(&s->d, 2 * MS);
	put32(&s->d, s->d.csg_in[0] + SI_EP_REQ, 9u << 28);
	ok(drv_csg_toggle(&s->d, 0, S_EP_CONFIG), "a new priority");
	a = count(s, 0);
	b = count(s, 1);
	drv_run(&s->d, 5 * MS);
	ok(count(s, 0) - a > 4 * (count(s, 1) - b), "is in force");
	sched_delete(s);
}

int main(void)
{
	test_priority();
	test_equal();
	test_turns();
	test_breath();
	test_time();
	test_streams();
	test_preemption();
	test_change();
	return done_testing();
}

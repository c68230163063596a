// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Work that never ends, and what the driver does about it: the firmware's
 * progress timer, the job timeout, termination, and the reset when not even that
 * is answered. Who is not to blame must not suffer, and is told when it did.
 */
#include <errno.h>

#include "host.h"
#include "inject.h"
#include "scenarios.h"
#include "tap.h"
#include "work.h"

#define TIMEDOUT	DRM_PANTHOR_GROUP_STATE_TIMEDOUT
#define FATAL		DRM_PANTHOR_GROUP_STATE_FATAL_FAULT
#define INNOCENT	DRM_PANTHOR_GROUP_STATE_INNOCENT

/* A stream that goes on until WORD_STOP, counting in @member's word 0 */
static struct cs cs_busy(struct gpu *owner, unsigned int member)
{
	struct cs cs = gpu_cs(owner);
	unsigned int loop = cs.count;

	cs_word_add(&cs, member_word(member, 0), 1);
	cs_mov48(&cs, R_ADDR, gpu_word_va(WORD_STOP));
	cs_load(&cs, R_DATA, R_ADDR, 0x1, 0);
	cs_wait(&cs, CS_SB_LS);
	cs_branch(&cs, CS_EQ, R_DATA, loop);
	cs_end(&cs);
	gpu_cs_keep(owner, &cs);
	return cs;
}

/* Queue it and have it hang where it runs */
static void start_hanging(struct gpu *owner, struct gpu *g, unsigned int member,
			  bool hard)
{
	struct cs cs = cs_busy(owner, member);
	int slot;

	gpu_set_word(owner, member_word(member, 0), 0);
	need(gpu_queue(g, 0, &cs, 0, g->done));
	slot = slot_of_stream(&cs);
	need(slot < 0 ? -ENOENT : 0);
	need(induce("\"kind\": \"hang\", \"csg\": %d, \"cs\": 0, \"hard\": %s",
		    slot, hard ? "true" : "false"));
}

/* Copies of bystanders until @g's job is over: how many failed, or -1 */
static int bystanders_until(struct copier *c, unsigned int n, struct gpu *g,
			    unsigned int ms, unsigned int *copies)
{
	long end = now_ms() + ms;
	int failed = 0;

	*copies = 0;
	while (!ends(g, 0)) {
		if (now_ms() > end)
			return -1;
		for (unsigned int i = 0; i < n; i++, ++*copies)
			failed += !!copier_run(&c[i]);
		sleep_ms(20);
	}
	return failed;
}

/*
 * Three ways to take for ever, side by side: work that does not move, a
 * stream that turns in a circle, a wait for what never comes.
 */
void run_timeouts(void)
{
	struct gpu owner, hung, endless, never;
	struct copier c[2];
	unsigned int copies;
	uint64_t resets;
	struct pan p;
	struct cs cs;
	long start;
	int ret;

	need(pan_open(&p));
	kmsg_mark();
	resets = gpu_stat("resets");
	gpu_open(&owner, &p);
	member_open(&hung, &owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
	member_open(&endless, &owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
	member_open(&never, &owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
	for (int i = 0; i < 2; i++)
		copier_open(&c[i], &p);
	gpu_set_word(&owner, WORD_STOP, 0);
	start = now_ms();
	start_hanging(&owner, &hung, 0, false);
	cs = cs_endless(&owner);
	need(gpu_queue(&endless, 0, &cs, 0, endless.done));
	cs = cs_never(&owner, 1);
	need(gpu_queue(&never, 0, &cs, 0, never.done));

	ret = bystanders_until(c, 2, &hung, 4500, &copies);
	note("the hang ended after %ld ms, %u copies of others meanwhile",
	     now_ms() - start, copies);
	ok(now_ms() - start > 2000, "the progress timer gives it its time");
	said("progress timeout");
	group_is(&hung, TIMEDOUT, -ETIMEDOUT, "the group that hung timed out");
	is(ret, 0, "copies of others are done and right meanwhile");
	ret = bystanders_until(c, 2, &endless, 5000, &copies);
	ok(ends(&never, 2000), "a wait for what never comes has an end");
	note("the others ended after %ld ms", now_ms() - start);
	ok(now_ms() - start > 4500, "the job timeout gives them theirs");
	said("job timeout");
	is(ret, 0, "copies of others are done and right all the time");
	group_is(&endless, TIMEDOUT, -ETIMEDOUT, "the endless loop timed out");
	group_is(&never, TIMEDOUT, -ETIMEDOUT, "so did the endless wait");
	is(gpu_stat("resets") - resets, 0, "and no reset was needed");
	is(gpu_queue(&hung, 0, &cs, 0, 0), -EINVAL,
	   "a group that timed out takes no more jobs");
	need(inject_clear());
	member_close(&hung);
	member_close(&endless);
	member_close(&never);
	for (int i = 0; i < 2; i++)
		copier_close(&c[i]);
	gpu_close(&owner);
	life_goes_on("after timeouts");
	pan_close(&p);
}

#define RUNNING		6

/* Sums that go on until they are told to stop, in VMs of their own */
struct runners {
	struct gpu owner[RUNNING];
	struct sums s[RUNNING];
};

static void runners_open(struct runners *r, struct pan *p)
{
	for (unsigned int i = 0; i < RUNNING; i++) {
		gpu_open(&r->owner[i], p);
		sums_open(&r->s[i], &r->owner[i]);
	}
}

static unsigned int runners_beyond(struct runners *r, const uint32_t *rounds)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < RUNNING; i++)
		n += sums_progress(&r->s[i], 0) > rounds[i];
	return n;
}

/* Each has done more than these rounds, within two seconds */
static bool runners_run(struct runners *r, const uint32_t *rounds)
{
	long end = now_ms() + 2000;

	while (runners_beyond(r, rounds) < RUNNING && now_ms() < end)
		sleep_ms(10);
	return runners_beyond(r, rounds) == RUNNING;
}

static void runners_start(struct runners *r)
{
	static const uint32_t none[RUNNING];

	for (unsigned int i = 0; i < RUNNING; i++) {
		struct cs cs = sums_until_stopped(&r->s[i], 0);

		gpu_set_word(&r->owner[i], WORD_STOP, 0);
		need(gpu_queue(&r->owner[i], 0, &cs, 0, r->owner[i].done));
	}
	need(runners_run(r, none) ? 0 : -ETIME);
}

static unsigned int runners_unfinished(struct runners *r)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < RUNNING; i++)
		n += !ends(&r->owner[i], 0);
	return n;
}

/* Those that still count, stop when they are told to, and are right */
static unsigned int runners_right(struct runners *r)
{
	uint32_t rounds[RUNNING];
	unsigned int right = 0;

	for (unsigned int i = 0; i < RUNNING; i++)
		rounds[i] = sums_progress(&r->s[i], 0);
	if (!runners_run(r, rounds))
		return runners_beyond(r, rounds);
	for (unsigned int i = 0; i < RUNNING; i++)
		gpu_set_word(&r->owner[i], WORD_STOP, 1);
	for (unsigned int i = 0; i < RUNNING; i++)
		right += ends(&r->owner[i], 2000) &&
			 pan_fence_status(r->owner[i].pan, r->owner[i].done) == 1 &&
			 sums_right(&r->s[i], 0, sums_progress(&r->s[i], 0));
	return right;
}

static void runners_close(struct runners *r)
{
	for (unsigned int i = 0; i < RUNNING; i++) {
		sums_close(&r->s[i]);
		gpu_close(&r->owner[i]);
	}
}

/*
 * Not even a termination is answered: only a reset helps, and hits all. The
 * others are on their slots before, since the scheduler would ask the one that
 * hangs for its state when they come, and find it before the timer does.
 */
void run_hard_hang(void)
{
	struct gpu owner, hung;
	struct runners r;
	uint64_t resets;
	struct pan p;

	need(pan_open(&p));
	kmsg_mark();
	resets = gpu_stat("resets");
	gpu_open(&owner, &p);
	member_open(&hung, &owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
	runners_open(&r, &p);
	gpu_set_word(&owner, WORD_STOP, 0);
	runners_start(&r);
	/* Which slot is to hang is found by its stream's address: no other's */
	owner.cmd_used += r.owner[0].cmd_used;
	start_hanging(&owner, &hung, 0, true);
	ok(kmsg_wait("progress timeout", 5000), "the progress timer strikes");
	ok(kmsg_wait("update request timedout", 2000),
	   "the termination is not answered");
	ok(ends(&hung, 3000), "the job that hung is over");
	is(runners_unfinished(&r), RUNNING,
	   "then others were in the middle of their work");
	ok(reset_within(resets, 2000), "it took a reset");
	said("CSG suspend failed, escalating to termination");
	group_is(&hung, TIMEDOUT, -ETIMEDOUT, "the one that hung is to blame");
	is(runners_right(&r), RUNNING,
	   "what ran on the other slots goes on after the reset, sums exact");
	group_is(&r.owner[0], 0, 1, "and is not marked");
	need(inject_clear());
	member_close(&hung);
	runners_close(&r);
	gpu_close(&owner);
	life_goes_on("after the reset");
	pan_close(&p);
}

/*
 * Groups for which there is no slot: the one that hangs cannot be suspended to
 * make room, and is not to blame as long as nobody noticed that it hangs.
 */
void run_evicted_hang(void)
{
	struct gpu owner, hung, m[8];
	unsigned int right = 0;
	struct sums s;
	uint64_t resets;
	struct pan p;
	long start;

	need(pan_open(&p));
	kmsg_mark();
	resets = gpu_stat("resets");
	gpu_open(&owner, &p);
	sums_open(&s, &owner);
	member_open(&hung, &owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
	gpu_set_word(&owner, WORD_STOP, 0);
	for (int i = 0; i < 8; i++)
		member_open(&m[i], &owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
	start = now_ms();
	start_hanging(&owner, &hung, 20, false);
	for (int i = 0; i < 8; i++) {
		struct cs cs = sums_until_stopped(&s, i);

		need(gpu_queue(&m[i], 0, &cs, 0, m[i].done));
	}
	ok(ends(&hung, 4500), "a hang that is in the way is found");
	note("after %ld ms", now_ms() - start);
	said("update request timedout");
	said("CSG suspend failed, escalating to termination");
	ok(reset_within(resets, 2000), "by a reset");
	group_is(&hung, TIMEDOUT | INNOCENT, -ETIMEDOUT,
		 "its group is lost, and called innocent");
	/* However much the host had time for until then */
	gpu_set_word(&owner, WORD_STOP, 1);
	for (int i = 0; i < 8; i++)
		right += ends(&m[i], 8000) &&
			 pan_fence_status(&p, m[i].done) == 1 &&
			 sums_right(&s, i, sums_progress(&s, i));
	is(right, 8, "the sums of the others are exact");
	need(inject_clear());
	for (int i = 0; i < 8; i++)
		member_close(&m[i]);
	member_close(&hung);
	sums_close(&s);
	gpu_close(&owner);
	life_goes_on("after the reset");
	pan_close(&p);
}

/* What this hardware does not have ends in an error, not in a hang. */
void run_protected(void)
{
	struct gpu g;
	struct pan p;
	struct cs cs;

	need(pan_open(&p));
	kmsg_mark();
	gpu_open(&g, &p);
	cs = gpu_cs(&g);
	cs_prot_region(&cs);
	cs_end(&cs);
	need(gpu_queue(&g, 0, &cs, 0, g.done));
	ok(ends(&g, 1000), "a job that wants into protected mode is over at once");
	said("CS_FATAL.EXCEPTION_TYPE: 0x49 (CS_INSTR_INVALID)");
	group_is(&g, FATAL, -EINVAL, "with a fatal fault");
	need(gpu_revive(&g));
	cs = gpu_cs(&g);
	cs_run_compute(&cs);
	cs_end(&cs);
	need(gpu_queue(&g, 0, &cs, 0, g.done));
	ok(ends(&g, 1000), "so is one that runs on shader cores it did not ask for");
	said("CS_FAULT.EXCEPTION_TYPE: 0x44 (CS_ENDPOINT_FAULT)");
	group_is(&g, 0, -EINVAL, "with a fault of its own only");
	cs = gpu_cs(&g);
	cs_word_add(&cs, WORD_DONE, 1);
	cs_end(&cs);
	is(gpu_run(&g, &cs), 0, "the same group goes on with the next job");
	ok(pan_fence_status(&p, g.done) == 1 && gpu_word(&g, WORD_DONE) == 1,
	   "which is not marked");
	gpu_close(&g);
	life_goes_on("after both");
	pan_close(&p);
}

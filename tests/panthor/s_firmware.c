// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Firmware that stops answering or crashes: with work, without, while the GPU
 * goes to sleep and while it wakes up. Work that is lost is reported as lost.
 */
#include <errno.h>

#include "host.h"
#include "inject.h"
#include "scenarios.h"
#include "tap.h"
#include "work.h"

#define TIMEDOUT	DRM_PANTHOR_GROUP_STATE_TIMEDOUT
#define INNOCENT	DRM_PANTHOR_GROUP_STATE_INNOCENT

#define BUSY		8	/* all slots */
#define WORK_MS		4000	/* for all of them together */

struct busy {
	struct gpu owner;
	struct gpu m[BUSY];
	struct sums s;
	uint32_t rounds;
};

static bool all_started(const struct busy *b)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < BUSY; i++)
		n += !!sums_progress(&b->s, i);
	return n == BUSY;
}

static void busy_start(struct busy *b, struct pan *p)
{
	gpu_open(&b->owner, p);
	sums_open(&b->s, &b->owner);
	b->rounds = sums_rounds(&b->s, WORK_MS) / BUSY;
	for (unsigned int i = 0; i < BUSY; i++) {
		struct cs cs = sums_stream(&b->s, i, b->rounds);

		member_open(&b->m[i], &b->owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
		need(gpu_queue(&b->m[i], 0, &cs, 0, b->m[i].done));
	}
	for (int ms = 0; ms < 2000 && !all_started(b); ms += 5)
		sleep_ms(5);
}

/*
 * Each of the jobs either failed, and its fence and its group say so, or it is
 * done and its results are right. How many failed; -1 when one is neither.
 */
static int busy_lost(struct busy *b)
{
	int lost = 0;

	for (unsigned int i = 0; i < BUSY; i++) {
		struct drm_panthor_group_get_state st;
		int fence;

		if (!ends(&b->m[i], 8000))
			return -1;
		fence = pan_fence_status(b->m[i].pan, b->m[i].done);
		need(pan_group_state(b->m[i].pan, b->m[i].group, &st));
		if (fence < 0 && st.state & TIMEDOUT)
			lost++;
		else if (fence != 1 || st.state || !sums_right(&b->s, i, b->rounds))
			return -1;
	}
	return lost;
}

static void busy_close(struct busy *b)
{
	for (unsigned int i = 0; i < BUSY; i++)
		member_close(&b->m[i]);
	sums_close(&b->s);
	gpu_close(&b->owner);
}

/* The firmware goes away under groups on all slots; the next tick notices. */
static void lose_firmware(const char *kind, const char *what)
{
	struct busy b;
	uint64_t resets = gpu_stat("resets");
	struct pan p;
	long start;

	need(pan_open(&p));
	kmsg_mark();
	busy_start(&b, &p);
	start = now_ms();
	need(induce("\"kind\": \"%s\"", kind));
	is(busy_lost(&b), BUSY, what);
	note("%ld ms", now_ms() - start);
	said("update request timedout");
	said("CSG suspend failed, escalating to termination");
	group_is(&b.m[0], TIMEDOUT | INNOCENT, -ETIMEDOUT,
		 "the groups are called innocent");
	ok(reset_within(resets, 2000), "there was a reset");
	busy_close(&b);
	life_goes_on("after the reset");
	pan_close(&p);
}

void run_firmware_busy(void)
{
	lose_firmware("firmware-stop", "all jobs are lost, and reported as lost");
}

void run_firmware_crash(void)
{
	lose_firmware("firmware-crash",
		      "all jobs are lost with the crash, and reported as lost");
}

/*
 * Nobody works: only the watchdog can notice. One job comes before it does,
 * on a group that has a slot already.
 */
void run_firmware_idle(void)
{
	uint64_t resets;
	struct pan p;
	long start;

	need(pan_open(&p));
	ok(stay_awake(true), "the GPU is awake");
	kmsg_mark();
	resets = gpu_stat("resets");
	need(induce("\"kind\": \"firmware-stop\""));
	start = now_ms();
	ok(kmsg_wait("FW ping timeout, scheduling a reset", 14000),
	   "the watchdog notices within its 12 s");
	note("after %ld ms", now_ms() - start);
	ok(reset_within(resets, 3000), "and resets the GPU");
	life_goes_on("after the watchdog's reset");
	stay_awake(false);
	ok(sleeps(3000), "the GPU goes to sleep as before");
	pan_close(&p);
}

/* It does not answer when it is to halt: sleep anyway, and a slow reset then */
void run_firmware_suspend(void)
{
	uint64_t resets;
	struct pan p;

	need(pan_open(&p));
	need(inject_clear());
	ok(sleeps(3000) && gpu_works() && sleeps(3000), "the GPU sleeps");
	resets = gpu_stat("resets");
	ok(gpu_works() && sleeps(3000), "it wakes up and sleeps again");
	is(gpu_stat("resets") - resets, 0, "by a fast reset: the GPU sees none");
	ok(stay_awake(true), "the GPU is awake");
	kmsg_mark();
	need(induce("\"kind\": \"firmware-stop\""));
	stay_awake(false);
	ok(sleeps(15000), "it goes to sleep though the firmware does not halt");
	said("Timed out waiting for MCU to halt");
	said("Failed to cleanly suspend MCU");
	ok(gpu_stat("resets") > resets, "by a slow reset: the GPU sees it");
	life_goes_on("after a suspend without firmware");
	resets = gpu_stat("resets");
	ok(sleeps(3000) && gpu_works() && sleeps(3000), "it sleeps and wakes up");
	is(gpu_stat("resets") - resets, 0, "by fast resets again");
	pan_close(&p);
}

/* It does not boot when the GPU wakes up: once more, slowly */
void run_firmware_boot(void)
{
	struct copier c;
	struct pan p;
	struct cs cs;

	need(pan_open(&p));
	copier_open(&c, &p);
	is(copier_run(&c), 0, "a copy is right");
	ok(sleeps(3000), "the GPU sleeps");
	kmsg_mark();
	fill(c.src.map, 99, SZ_64K);
	cs = gpu_cs(&c.gpu);
	cs_copy(&cs, COPY_VA + SZ_1M, COPY_VA, SZ_64K);
	cs_end(&cs);
	need(inject_slow("firmware", INJECT_NEVER));
	need(gpu_queue(&c.gpu, 0, &cs, 0, c.gpu.done));
	sleep_ms(400);
	/* For the next start; the one under way will never be over */
	need(inject_slow("firmware", 0));
	ok(ends(&c.gpu, 5000) && pan_fence_status(&p, c.gpu.done) == 1 &&
	   holds(c.dst.map, 99, 0, SZ_64K),
	   "work waits for the second start of the firmware, and is right");
	said("Failed to boot MCU (status=disabled)");
	said("FW fast reset failed");
	said("Fast reset failed, trying a slow reset");
	copier_close(&c);
	life_goes_on("after a slow start");
	pan_close(&p);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counts instructions by the virtual counter; see counter.h.
 */
#include <errno.h>
#include <time.h>

#include "counter.h"
#include "trace.h"

#define LOOPS		16000ull
#define LOOP_INSTRS	2
#define TRIES		5

static uint64_t per_tick;

static uint64_t ticks(void)
{
	uint64_t now;

	asm volatile("isb; mrs %0, cntvct_el0" : "=r"(now) : : "memory");
	return now;
}

/* The fewest of some tries: there is one without an interrupt among them */
static uint64_t loop_ticks(uint64_t loops)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t n = loops, start = ticks(), took;

		asm volatile("1: subs %0, %0, #1; b.ne 1b" : "+r"(n) : : "cc");
		took = ticks() - start;
		if (took < least)
			least = took;
	}
	return least;
}

/* Asleep with nothing else to run, it must be seen to go idle */
static int idle_open(void)
{
	int ret = trace_event("power", "cpu_idle", true);

	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	if (!ret && !counter_idle())
		ret = -ENOENT;
	return ret;
}

int counter_open(void)
{
	uint64_t once = loop_ticks(LOOPS), twice = loop_ticks(2 * LOOPS);
	uint64_t expected;

	/* What reading itself costs is in both */
	if (twice <= once)
		return -ENOSYS;
	per_tick = (LOOPS * LOOP_INSTRS + (twice - once) / 2) / (twice - once);
	if (!per_tick)
		return -ENOSYS;
	/* Time by the host's clock is never that regular */
	expected = LOOPS * LOOP_INSTRS / per_tick;
	if (twice - once > expected + 1 || twice - once + 1 < expected ||
	    once > expected + 8)
		return -ENOSYS;
	return idle_open();
}

uint64_t counter_read(void)
{
	return ticks() * per_tick;
}

uint64_t counter_idle(void)
{
	/* Going idle is an event, and so is waking up */
	return trace_written() / 2;
}

void counter_close(void)
{
	trace_event("power", "cpu_idle", false);
}

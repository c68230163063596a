// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Anything, in any order, as long as Vulkan says what comes of it.
 */
#include "scenarios.h"
#include "world.h"

#define COMPARE_EVERY	16

static bool goes_on(const struct world *w, uint64_t end)
{
	return !w->wrong[0] && w->tally.binds < options.binds &&
	       (!options.seconds || host_ns() < end);
}

static void tell_tally(const struct tally *t)
{
	note("%lu binds, %lu of them unbinds, in %lu batches, %lu calls, %lu rounds",
	     t->binds, t->unbinds, t->batches, t->calls, t->rounds);
	note("behind the host %lu rounds, behind a binary semaphore %lu, behind a timeline %lu",
	     t->gates[GATE_HOST], t->gates[GATE_BINARY], t->gates[GATE_TIMELINE]);
	note("%lu loads, %lu stores, %lu accesses where nothing is bound", t->loads, t->stores,
	     t->holes);
}

void run_random(void)
{
	uint64_t end = host_ns() + options.seconds * SECOND;
	struct world w;

	world_open(&w);
	while (goes_on(&w, end))
		if (world_round(&w) && w.tally.rounds % COMPARE_EVERY == 0)
			world_compare(&w);
	if (!w.wrong[0])
		world_compare(&w);
	tell_tally(&w.tally);
	detail("%s", w.wrong);
	if (!ok(!w.wrong[0], "GPU, memory and model agree on all binds"))
		world_tell(&w);
	/* A run that looked at nothing has shown nothing */
	ok(w.tally.loads && w.tally.stores && w.tally.holes,
	   "loads, stores, and accesses where nothing is bound");
	if (!w.wrong[0])
		world_close(&w);
}

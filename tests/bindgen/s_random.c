// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One VM: anything, in any order; and what is left of it.
 */
#include "acct.h"
#include "broken.h"
#include "check.h"
#include "common.h"
#include "host.h"
#include "scenarios.h"
#include "tap.h"

#define RESIDUE_OPS	10000u
#define QUICK_OPS	2000u
#define FAULT_EVERY	16

static void some_batches(struct world *w, unsigned int most)
{
	unsigned int n = 1 + below(w, most);

	while (n-- && random_batch(w))
		;
}

void run_random(void)
{
	struct stage s;
	struct world w;

	stage_open(&s);
	world_open(&w, &s.pan, &s.bufs, 0, options.seed);
	note("%u pieces of 2 MiB of the buffers are blocks", survey(&w));
	while (goes_on(&s, &w)) {
		some_batches(&w, 12);
		if (check_all(&w) && !below(&w, FAULT_EVERY))
			check_fault(&w);
	}
	tell_tally(&w, 1);
	report(&w, "the model is right all the time");
	if (!w.wrong[0]) {
		unmap_all(&w);
		check_all(&w);
		report(&w, "nothing is mapped when all is unmapped");
	}
	world_close(&w);
	stage_close(&s);
}

static void residue(struct world *w)
{
	const char *name = "no tables are left when all is unmapped";
	const char *why = acct_why_not();
	long fresh = why ? 0 : broken_count(acct_reclaimed()), left;
	unsigned int ops = options.quick ? QUICK_OPS : RESIDUE_OPS;

	while (w->tally.ops < ops && random_batch(w))
		;
	check_all(w);
	unmap_all(w);
	check_all(w);
	tell_tally(w, 1);
	report(w, "thousands of operations, and all is unmapped");
	if (why) {
		skip(why, "%s", name);
		return;
	}
	note("idle: %ld", acct_settled() - fresh);
	left = acct_wait_for(fresh) - fresh;
	note("left: %ld", left);
	if (keeps_empty_tables())
		skip("this kernel keeps empty tables until the VM goes", "%s",
		     name);
	else
		is(left, 0, name);
}

void run_residue(void)
{
	struct stage s;
	struct world w;

	stage_open(&s);
	world_open(&w, &s.pan, &s.bufs, 0, options.seed);
	residue(&w);
	world_close(&w);
	stage_close(&s);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How scenarios begin and end; see common.h.
 */
#include <errno.h>
#include <unistd.h>

#include "acct.h"
#include "broken.h"
#include "common.h"
#include "host.h"
#include "scenarios.h"
#include "tap.h"

void stage_open_with(struct stage *s, bool large)
{
	need(pan_open(&s->pan));
	need(stay_awake(true) ? 0 : -ETIME);
	s->before = acct_why_not() ? -EOPNOTSUPP : acct_reclaimed();
	bufs_open(&s->bufs, &s->pan, large);
	s->end = now_ms() + options.seconds * 1000l;
}

void stage_open(struct stage *s)
{
	stage_open_with(s, true);
}

void stage_close(struct stage *s)
{
	const char *name = "each page of page tables came back";
	long before = broken_count(s->before);

	bufs_close(&s->bufs);
	pan_close(&s->pan);
	stay_awake(false);
	if (s->before < 0)
		skip(acct_why_not(), "%s", name);
	else
		is(acct_wait_for(before), before, name);
}

bool goes_on(const struct stage *s, const struct world *w)
{
	return !w->wrong[0] && now_ms() < s->end &&
	       (!options.ops || w->tally.ops < options.ops);
}

void report(const struct world *w, const char *what)
{
	detail("seed %llu, operation %u: %s", (unsigned long long)options.seed,
	       w->done, w->wrong);
	if (!ok(!w->wrong[0], "%s", what))
		tell_history(w);
}

void tell_tally(const struct world *w, unsigned int n)
{
	struct tally t = { 0 };

	for (unsigned int i = 0; i < n; i++) {
		t.ops += w[i].tally.ops;
		t.batches += w[i].tally.batches;
		t.queued += w[i].tally.queued;
		t.checks += w[i].tally.checks;
		t.loads += w[i].tally.loads;
		t.walks += w[i].tally.walks;
		t.listed += w[i].tally.listed;
		t.blocks += w[i].tally.blocks;
		t.faults += w[i].tally.faults;
	}
	note("seed %llu: %lu operations in %lu calls, %lu of them queued, %lu checks",
	     (unsigned long long)options.seed, t.ops, t.batches, t.queued,
	     t.checks);
	note("%lu loads, %lu walks (%lu in blocks), %lu mappings listed, %lu faults",
	     t.loads, t.walks, t.blocks, t.listed, t.faults);
}

bool keeps_empty_tables(void)
{
	return !access("/sys/kernel/slab/panthor-mmu-pt", F_OK);
}

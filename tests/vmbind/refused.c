// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls that are refused, in a thread of their own; see refused.h.
 */
#include "acct.h"
#include "refused.h"
#include "tap.h"

static void *make_calls(void *refused)
{
	struct refused *r = refused;

	for (unsigned int i = 0; !atomic_load(&r->stop); i++) {
		if (r->call(i))
			r->refused++;
		else
			r->taken++;
		if (!(i % r->calls_per_reclaim))
			acct_reclaim();
	}
	return NULL;
}

void refused_start(struct refused *r)
{
	r->refused = 0;
	r->taken = 0;
	atomic_store(&r->stop, false);
	need(-pthread_create(&r->thread, NULL, make_calls, r));
}

void refused_stop(struct refused *r)
{
	atomic_store(&r->stop, true);
	pthread_join(r->thread, NULL);
}

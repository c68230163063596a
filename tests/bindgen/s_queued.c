// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations that are queued behind a fence nobody has signalled: until it is,
 * nothing of them may be seen; afterwards all of it, in the queue's order. Some
 * windows go on with synchronous operations meanwhile.
 */
#include <errno.h>
#include <string.h>

#include <xf86drm.h>

#include "check.h"
#include "common.h"
#include "gate.h"
#include "scenarios.h"
#include "tap.h"

#define MAX_CALLS	10u

/* A fence to wait for: the gate's own, or a point of a timeline */
struct barrier {
	struct gate gate;
	uint32_t timeline;
	uint64_t point;
};

static bool shut(struct world *w, struct barrier *b, uint32_t *fence,
		 uint64_t *point)
{
	gate_shut(&b->gate);
	*fence = b->gate.fence;
	*point = 0;
	if (below(w, 2))
		return true;
	if (drmSyncobjTransfer(w->pan->fd, b->timeline, ++b->point,
			       b->gate.fence, 0, 0))
		return wrong(w, "a fence does not become point %llu: %s",
			     (unsigned long long)b->point, strerror(errno));
	*fence = b->timeline;
	*point = b->point;
	return true;
}

/* Some windows, not none and not all */
static uint32_t some_windows(struct world *w)
{
	return 1 + below(w, ALL_WINDOWS - 1);
}

static bool queue_some(struct world *w, uint32_t in, uint32_t fence,
		       uint64_t point)
{
	unsigned int calls = 1 + below(w, MAX_CALLS);
	struct op ops[MAX_BATCH];

	for (unsigned int i = 0; i < calls; i++) {
		unsigned int n = draw_batch(w, ops, MAX_BATCH, in);
		bool waits = !i || !below(w, 3);

		if (!bind_queued(w, ops, n, waits ? fence : 0, point))
			return false;
	}
	return true;
}

static bool go_on_elsewhere(struct world *w, uint32_t in)
{
	unsigned int calls = below(w, MAX_CALLS);
	struct op ops[MAX_BATCH];

	while (calls--)
		if (!bind_now(w, ops, draw_batch(w, ops, MAX_BATCH, in)))
			return false;
	return true;
}

static bool behind_a_fence(struct world *w, struct barrier *b)
{
	uint32_t in = some_windows(w), fence;
	uint64_t point;
	int ret;

	w->holding = true;
	if (!shut(w, b, &fence, &point) || !queue_some(w, in, fence, point) ||
	    !go_on_elsewhere(w, ALL_WINDOWS & ~in))
		return false;
	if (pan_fence_status(w->pan, w->fence))
		return wrong(w, "what is queued behind a fence is over before it");
	if (!check_three(w))
		return false;
	ret = gate_open(&b->gate);
	if (ret)
		return wrong(w, "the fence does not come: %s", strerror(-ret));
	return check_all(w);
}

void run_queued(void)
{
	struct barrier b = { 0 };
	struct stage s;
	struct world w;

	stage_open(&s);
	gate_init(&b.gate, &s.pan);
	need(pan_syncobj_create(&s.pan, &b.timeline));
	world_open(&w, &s.pan, &s.bufs, 0, options.seed);
	while (goes_on(&s, &w))
		behind_a_fence(&w, &b);
	tell_tally(&w, 1);
	report(&w, "nothing of the queue is seen before its fence, all afterwards");
	gate_open(&b.gate);
	world_close(&w);
	pan_syncobj_destroy(&s.pan, b.timeline);
	gate_fini(&b.gate);
	stage_close(&s);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which stream executes when.
 *
 * Groups take turns in the order of their priority. While one of a higher priority
 * has more to do than its turn allows, those below get a small one: they are slowed
 * down and not starved, as on hardware, where streams that need no endpoint share
 * the command-stream unit.
 */
#include "group.h"

/* The same while a group of higher priority is busy */
#define SMALL_SLICE_INSTRS	(SLICE_INSTRS / 8)

static void set_idle(struct mali_groups *gs, unsigned int csg, bool idle)
{
	struct mali_csg *g = &gs->csg[csg];

	if (g->idle == idle)
		return;
	g->idle = idle;
	gs->idle_changed = true;
	fw_wr32(gs->fw, csg_out(gs->fw, csg) + CSG_STATUS_STATE,
		idle ? CSG_STATUS_STATE_IDLE : 0);
	if (idle)
		group_event(gs, csg, CSG_IDLE);
}

/* Nothing to do that could go on without the driver or another stream */
static bool stream_idle(const struct mali_cs *cs)
{
	if (!cs->started || cs->ctx.dead)
		return true;
	if (cs->ctx.num_ops || cs->held)
		return false;
	if (cs->block == MALI_CS_BLOCK_SYNC)
		return cs->idle_flags & CS_IDLE_SYNC_WAIT;
	/* What else a stream waits for is an instruction that is still to come. */
	return !cs->ctx.depth && cs->ctx.extract == cs->insert &&
	       cs->idle_flags & CS_IDLE_EMPTY;
}

static void update_idle(struct mali_groups *gs, unsigned int csg)
{
	struct mali_csg *g = &gs->csg[csg];
	bool idle = true;

	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		idle &= stream_idle(&g->cs[id]);
	set_idle(gs, csg, idle);
}

/* The indices 0 to @n - 1 by falling rank. @n is 8: nothing cleverer is worth it. */
static void sort_by_rank(unsigned int order[], const uint64_t rank[], unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		unsigned int at = i;

		for (; at && rank[order[at - 1]] < rank[i]; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
}

/* By priority; of equal groups the one that was not first for the longest time */
static uint64_t group_rank(const struct mali_csg *g)
{
	return (uint64_t)g->priority << 60 | ((UINT64_MAX >> 4) - g->last_first);
}

/* True: a stream had more to do than its turn allowed. */
static bool run_group(struct mali_groups *gs, unsigned int csg, unsigned int slice,
		      struct mali_round *round)
{
	unsigned int order[FW_NUM_CS];
	uint64_t rank[FW_NUM_CS];
	struct mali_csg *g = &gs->csg[csg];
	uint64_t before = round->executed;
	bool busy = false;

	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		rank[id] = CS_CONFIG_PRIORITY(g->cs[id].config);
	sort_by_rank(order, rank, FW_NUM_CS);
	for (unsigned int i = 0; i < FW_NUM_CS; i++)
		busy |= stream_run(gs, csg, order[i], slice, round);

	/* However short the work was, it ends an idle period */
	if (round->executed != before)
		set_idle(gs, csg, false);
	update_idle(gs, csg);
	return busy;
}

static void run_groups(struct mali_groups *gs, struct mali_round *round)
{
	unsigned int order[FW_NUM_CSGS];
	uint64_t rank[FW_NUM_CSGS];
	uint32_t epoch = gs->env->wake_epoch;
	int busy = -1;	/* the highest priority that has more to do */
	int first = -1;	/* the priority of the last group that executed something */

	for (unsigned int csg = 0; csg < FW_NUM_CSGS; csg++)
		rank[csg] = group_rank(&gs->csg[csg]);
	sort_by_rank(order, rank, FW_NUM_CSGS);
	gs->rounds++;

	for (unsigned int i = 0; i < FW_NUM_CSGS; i++) {
		struct mali_csg *g = &gs->csg[order[i]];
		bool small = busy > (int)g->priority;
		struct mali_round was = *round;

		if (!g->active || g->ending)
			continue;
		round->more |= run_group(gs, order[i],
					 small ? SMALL_SLICE_INSTRS : SLICE_INSTRS,
					 round);
		if (busy < 0 && (round->more || round->working != was.working))
			busy = g->priority;
		if (first != (int)g->priority &&
		    (round->executed != was.executed || round->work != was.work)) {
			first = g->priority;
			g->last_first = gs->rounds;
		}
	}
	/* What a stream signalled may have unblocked one that had its turn */
	round->more |= epoch != gs->env->wake_epoch;
}

/* Suspend and terminate requests that could not be met at once */
static void end_groups(struct mali_groups *gs, struct mali_round *round)
{
	for (unsigned int csg = 0; csg < FW_NUM_CSGS; csg++) {
		struct mali_csg *g = &gs->csg[csg];

		if (!g->ending)
			continue;
		for (unsigned int id = 0; id < FW_NUM_CS; id++)
			if (g->cs[id].job.group)
				stream_run(gs, csg, id, 0, round);
		group_process(gs, csg);
		for (unsigned int id = 0; g->ending && id < FW_NUM_CS; id++)
			note_due(round, mali_cs_finish_due(&g->cs[id]));
	}
}

/* Work on an endpoint: a workgroup that is under way, or what hangs on request */
static bool on_endpoint(const struct mali_cs *cs)
{
	return cs->started && (cs->job.group || cs->block == MALI_CS_BLOCK_HANG);
}

/* CSG_PROGRESS_TIMER_EVENT for work on an endpoint that does not move */
static void progress_timer(struct mali_groups *gs, struct mali_round *round)
{
	for (unsigned int i = 0; i < FW_NUM_CSGS * FW_NUM_CS; i++) {
		struct mali_csg *g = &gs->csg[i / FW_NUM_CS];
		struct mali_cs *cs = &g->cs[i % FW_NUM_CS];

		if (!g->active || !gs->progress_ns || cs->stuck_reported ||
		    !on_endpoint(cs))
			continue;
		if (mali_now(gs->env->base) - cs->stuck_since < gs->progress_ns) {
			note_due(round, cs->stuck_since + gs->progress_ns);
			continue;
		}
		cs->stuck_reported = true;
		group_event(gs, i / FW_NUM_CS, CSG_PROGRESS_TIMER_EVENT);
	}
}

void groups_run(struct mali_groups *gs, struct mali_round *round)
{
	gs->env->lanes_left = ROUND_LANES;
	end_groups(gs, round);
	run_groups(gs, round);
	gs->env->sharing = round->working;
	progress_timer(gs, round);
}

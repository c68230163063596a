// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A stream as the driver sees it: START and STOP, its ring, its status, what it
 * reports; and its turn.
 *
 * Invariants: INSERT runs ahead of EXTRACT by no more than the ring, and both are
 * whole instructions, or the stream is dead. After each turn EXTRACT is published. A
 * stream that faulted is held until the driver knows: EXTRACT tells it which job failed.
 */
#include <string.h>

#include "group.h"

static void stream_exception(struct mali_groups *gs, unsigned int csg,
			     unsigned int cs, const struct mali_cs_result *r)
{
	bool fatal = r->outcome == MALI_CS_FATAL;
	uint32_t out = cs_out(gs->fw, csg, cs);

	fw_wr32(gs->fw, out + (fatal ? CS_OUT_FATAL : CS_OUT_FAULT), r->exception);
	fw_wr64(gs->fw, out + (fatal ? CS_OUT_FATAL_INFO : CS_OUT_FAULT_INFO),
		r->info);
	stream_event(gs, csg, cs, fatal ? CS_FATAL : CS_FAULT);
}

void stream_fatal(struct mali_groups *gs, unsigned int csg, unsigned int cs,
		  enum cs_exception exc, uint64_t info)
{
	struct mali_cs_result r = {
		.outcome = MALI_CS_FATAL,
		.exception = exc,
		.info = info,
	};

	gs->csg[csg].cs[cs].ctx.dead = 1;
	stream_exception(gs, csg, cs, &r);
}

/* Tell the queue's owner how far the stream is. */
static void publish(struct mali_groups *gs, struct mali_cs *cs)
{
	uint32_t active;

	if (!cs->started)
		return;
	active = cs->ctx.extract != cs->insert || cs->ctx.depth;
	if (cs->published == cs->ctx.extract && cs->published_active == active)
		return;
	fw_wr64(gs->fw, cs->ring_out + RING_EXTRACT, cs->ctx.extract);
	fw_wr32(gs->fw, cs->ring_out + RING_ACTIVE, active);
	cs->published = cs->ctx.extract;
	cs->published_active = active;
}

static bool ring_valid(const struct mali_cs *cs)
{
	return cs->ring_size >= CS_INSTR_SIZE &&
	       !(cs->ring_size & (cs->ring_size - 1)) &&
	       !(cs->ring_base % CS_INSTR_SIZE) &&
	       !(cs->ctx.extract % CS_INSTR_SIZE) &&
	       !(cs->insert % CS_INSTR_SIZE) &&
	       cs->insert - cs->ctx.extract <= cs->ring_size;
}

/* An INSERT that cannot be would have the stream run until the end of time */
void stream_read_insert(struct mali_groups *gs, unsigned int csg,
			unsigned int id)
{
	struct mali_cs *cs = &gs->csg[csg].cs[id];

	cs->insert = fw_rd64(gs->fw, cs->ring_in + RING_INSERT);
	if (!fw_alive(gs->fw) || cs->ctx.dead || ring_valid(cs))
		return;
	mali_guest_error(gs->env->base, "bad ring for group %u stream %u", csg, id);
	cs->insert = cs->ctx.extract;
	stream_fatal(gs, csg, id, CS_EXC_CONFIG_FAULT, cs->ring_base);
}

/* The driver has acknowledged the recoverable fault: it knows whose it was. */
static void fault_answer(struct mali_groups *gs, unsigned int csg,
			 unsigned int id, uint32_t req, uint32_t ack)
{
	struct mali_csg *g = &gs->csg[csg];

	if (!((g->cs_events[id] | (req ^ ack)) & CS_FAULT))
		g->cs[id].held = false;
}

/* The driver has acknowledged the out-of-memory event: with a chunk, or none */
static void oom_answer(struct mali_groups *gs, unsigned int csg,
		       unsigned int id, uint32_t req, uint32_t ack)
{
	struct mali_csg *g = &gs->csg[csg];
	struct mali_cs *cs = &g->cs[id];

	if (!cs->oom_sent || (g->cs_events[id] | (req ^ ack)) & CS_TILER_OOM)
		return;
	cs->oom_sent = false;
	cs->oom_answered = true;
	cs->chunk = fw_rd64(gs->fw, cs_in(gs->fw, csg, id) + CS_HEAP_START);
}

static void stream_out_of_memory(struct mali_groups *gs, unsigned int csg,
				 unsigned int id,
				 const struct mali_cs_result *r)
{
	uint32_t out = cs_out(gs->fw, csg, id);

	fw_wr32(gs->fw, out + CS_OUT_HEAP_VT_START, r->counters.vt_start);
	fw_wr32(gs->fw, out + CS_OUT_HEAP_VT_END, r->counters.vt_end);
	fw_wr32(gs->fw, out + CS_OUT_HEAP_FRAG_END, r->counters.frag_end);
	fw_wr64(gs->fw, out + CS_OUT_HEAP_ADDRESS, r->heap);
	stream_event(gs, csg, id, CS_TILER_OOM);
}

/*
 * What the stream before this one reported and nobody acknowledged is nothing to
 * wait for: Panthor leaves an out-of-memory event alone when its group leaves.
 */
static void forget_events(struct mali_groups *gs, unsigned int csg,
			  unsigned int id)
{
	uint32_t req = fw_rd32(gs->fw, cs_in(gs->fw, csg, id) + CS_REQ);
	uint32_t out = cs_out(gs->fw, csg, id) + CS_ACK;

	fw_wr32(gs->fw, out, (fw_rd32(gs->fw, out) & ~CS_EVT_MASK) | (req & CS_EVT_MASK));
}

static void stream_start(struct mali_groups *gs, unsigned int csg,
			 unsigned int id, bool resume)
{
	struct mali_cs *cs = &gs->csg[csg].cs[id];
	uint32_t in = cs_in(gs->fw, csg, id);

	forget_events(gs, csg, id);
	cs->held = false;
	cs->oom_sent = false;
	cs->oom_answered = false;
	cs->chunk = 0;
	cs->ring_base = fw_rd64(gs->fw, in + CS_BASE);
	cs->ring_size = fw_rd32(gs->fw, in + CS_SIZE);
	cs->ring_in = fw_rd64(gs->fw, in + CS_USER_INPUT);
	cs->ring_out = fw_rd64(gs->fw, in + CS_USER_OUTPUT);
	cs->config = fw_rd32(gs->fw, in + CS_CONFIG);
	if (!resume) {
		memset(&cs->ctx, 0, sizeof(cs->ctx));
		cs->ctx.extract = fw_rd64(gs->fw, cs->ring_in + RING_EXTRACT_INIT);
	}
	cs->published = ~cs->ctx.extract;
	mali_cs_start(cs);
	stream_read_insert(gs, csg, id);
}

void stream_process(struct mali_groups *gs, unsigned int csg, unsigned int id,
		    bool resume)
{
	struct mali_cs *cs = &gs->csg[csg].cs[id];
	uint32_t req = fw_rd32(gs->fw, cs_in(gs->fw, csg, id) + CS_REQ);
	uint32_t ack = fw_rd32(gs->fw, cs_out(gs->fw, csg, id) + CS_ACK);
	uint32_t state = req & CS_STATE_MASK;

	cs->idle_flags = req & (CS_IDLE_SYNC_WAIT | CS_IDLE_EMPTY);
	if (state == CS_STATE_START && !cs->started) {
		stream_start(gs, csg, id, resume);
	} else if (state == CS_STATE_STOP && cs->started) {
		mali_cs_stop(cs);
	} else if (cs->started) {
		stream_read_insert(gs, csg, id);
		fault_answer(gs, csg, id, req, ack);
		oom_answer(gs, csg, id, req, ack);
	}

	/* stream_start() may have sent an event: its bit is not to be undone */
	ack = fw_rd32(gs->fw, cs_out(gs->fw, csg, id) + CS_ACK);
	fw_wr32(gs->fw, cs_out(gs->fw, csg, id) + CS_ACK,
		(ack & CS_EVT_MASK) | (req & ~CS_EVT_MASK));
	stream_send_events(gs, csg, id);
}

static uint32_t blocked_reason(const struct mali_cs *cs)
{
	switch (cs->block) {
	case MALI_CS_BLOCK_SYNC:
		return CS_BLOCKED_SYNC_WAIT;
	case MALI_CS_BLOCK_PROGRESS:
		return CS_BLOCKED_PROGRESS_WAIT;
	case MALI_CS_BLOCK_SB:
		return CS_BLOCKED_SB_WAIT;
	default:
		return CS_BLOCKED_UNBLOCKED;
	}
}

/* The CS_STATUS_WAIT word */
static uint32_t wait_word(const struct mali_cs *cs)
{
	switch (cs->block) {
	case MALI_CS_BLOCK_SYNC:
	case MALI_CS_BLOCK_SB:
		return cs->wait_flags;
	case MALI_CS_BLOCK_PROGRESS:
		return CS_WAIT_PROGRESS;
	default:
		return 0;
	}
}

void stream_write_status(struct mali_groups *gs, unsigned int csg,
			 unsigned int id)
{
	const struct mali_cs *cs = &gs->csg[csg].cs[id];
	bool waits = cs->started && cs->block == MALI_CS_BLOCK_SYNC;
	uint32_t out = cs_out(gs->fw, csg, id);

	fw_wr64(gs->fw, out + CS_STATUS_CMD_PTR, mali_cs_cmd_ptr(cs));
	fw_wr32(gs->fw, out + CS_STATUS_WAIT, cs->started ? wait_word(cs) : 0);
	fw_wr32(gs->fw, out + CS_STATUS_REQ_RESOURCE, cs->ctx.resources);
	fw_wr64(gs->fw, out + CS_STATUS_WAIT_PTR, waits ? cs->wait_addr : 0);
	fw_wr32(gs->fw, out + CS_STATUS_WAIT_VALUE,
		waits ? (uint32_t)cs->wait_ref : 0);
	fw_wr32(gs->fw, out + CS_STATUS_WAIT_VALUE_HI,
		waits ? cs->wait_ref >> 32 : 0);
	fw_wr32(gs->fw, out + CS_STATUS_SCOREBOARDS, mali_cs_scoreboards(cs));
	fw_wr32(gs->fw, out + CS_STATUS_BLOCKED,
		cs->started ? blocked_reason(cs) : CS_BLOCKED_UNBLOCKED);
}

bool stream_run(struct mali_groups *gs, unsigned int csg, unsigned int id,
		unsigned int slice, struct mali_round *round)
{
	struct mali_csg *g = &gs->csg[csg];
	struct mali_cs *cs = &g->cs[id];
	struct mali_cs_place at = {
		.cs = g->cs,
		.id = id,
		.csg = csg,
		.as = g->as,
		.compute = g->compute,
		.leaving = g->ending,
	};
	unsigned int budget = slice;
	struct mali_cs_result r;

	if (!cs->started || (cs->held && !g->ending))
		return false;
	r = mali_cs_run(gs->env, &at, &budget);
	round->executed += slice - budget;
	round->work += r.work;
	gs->env->lanes_left -= r.work;
	round->working += r.working;
	note_due(round, r.due);
	publish(gs, cs);

	if (r.wake)
		gs->env->wake_epoch++;
	if (r.sync_update)
		group_event(gs, csg, CSG_SYNC_UPDATE);
	if (r.oom)
		stream_out_of_memory(gs, csg, id, &r);
	if (r.outcome == MALI_CS_FATAL || r.outcome == MALI_CS_FAULTED)
		stream_exception(gs, csg, id, &r);
	/* EXTRACT tells the driver which job failed: it must not move on yet */
	cs->held |= r.outcome == MALI_CS_FAULTED;
	return r.outcome == MALI_CS_RAN;
}

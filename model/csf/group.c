// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A group as the driver sees it: start, suspend, resume, terminate, status.
 *
 * Invariants: a suspend waits for work under way (mali_csg::ending), and nothing
 * ends a hard hang but a reset. When a group leaves its slot, a stream that waits for
 * a sync object has looked once more.
 */
#include <string.h>

#include "group.h"

static void group_begin(struct mali_groups *gs, unsigned int csg, bool resume)
{
	struct mali_csg *g = &gs->csg[csg];
	uint32_t in = csg_in(gs->fw, csg);
	unsigned int priority = g->priority;
	bool compute = g->compute, lost;

	memset(g, 0, sizeof(*g));
	g->active = true;
	g->priority = priority;
	g->last_first = gs->rounds;
	g->compute = compute;
	g->as = CSG_CONFIG_AS(fw_rd32(gs->fw, in + CSG_CONFIG));
	fw_wr32(gs->fw, csg_out(gs->fw, csg) + CSG_STATUS_STATE, 0);
	lost = resume && !group_restore(gs, csg);
	if (lost)
		memset(g->cs, 0, sizeof(g->cs));

	for (unsigned int id = 0; id < FW_NUM_CS; id++) {
		stream_process(gs, csg, id, resume && !lost);
		if (lost && g->cs[id].started)
			stream_fatal(gs, csg, id, CS_EXC_CONFIG_FAULT, 0);
	}
}

/*
 * A stream that waits for a sync object has one more look at it before its group
 * leaves: who signals it now may have nobody left to tell.
 */
static void look_again(struct mali_groups *gs, unsigned int csg)
{
	struct mali_round round = { .due = MALI_NEVER };

	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		if (gs->csg[csg].cs[id].block == MALI_CS_BLOCK_SYNC)
			stream_run(gs, csg, id, 1, &round);
}

static void group_end(struct mali_groups *gs, unsigned int csg, bool save)
{
	struct mali_csg *g = &gs->csg[csg];

	g->ending = true;
	if (save)
		look_again(gs, csg);
	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		stream_write_status(gs, csg, id);
	if (save)
		group_save(gs, csg);
	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		mali_cs_stop(&g->cs[id]);
	g->active = false;
	g->idle = false;
	g->ending = false;
}

void groups_stop(struct mali_groups *gs)
{
	for (unsigned int i = 0; i < FW_NUM_CSGS * FW_NUM_CS; i++)
		mali_cs_stop(&gs->csg[i / FW_NUM_CS].cs[i % FW_NUM_CS]);
	memset(gs->csg, 0, sizeof(gs->csg));
}

/*
 * Whether the group can do as it is told now: a suspend waits for work under
 * way, and nothing ends a hard hang but a reset.
 */
static bool ready_to_end(struct mali_groups *gs, unsigned int csg, uint32_t state)
{
	struct mali_csg *g = &gs->csg[csg];
	uint64_t now = mali_now(gs->env->base);

	for (unsigned int id = 0; g->active && id < FW_NUM_CS; id++) {
		struct mali_cs *cs = &g->cs[id];

		if (state == CSG_STATE_SUSPEND && mali_cs_unfinished(cs, now))
			return false;
		if (state == CSG_STATE_TERMINATE && cs->hang_hard &&
		    cs->block == MALI_CS_BLOCK_HANG)
			return false;
	}
	return true;
}

static void set_state(struct mali_groups *gs, unsigned int csg, uint32_t state)
{
	struct mali_csg *g = &gs->csg[csg];

	switch (state) {
	case CSG_STATE_START:
	case CSG_STATE_RESUME:
		if (!g->active)
			group_begin(gs, csg, state == CSG_STATE_RESUME);
		break;
	case CSG_STATE_SUSPEND:
	case CSG_STATE_TERMINATE:
		if (g->active)
			group_end(gs, csg, state == CSG_STATE_SUSPEND);
		break;
	default:
		mali_guest_error(gs->env->base, "group %u: unknown state %u", csg, state);
		break;
	}
}

/* Streams whose doorbell bit the driver toggled */
static void stream_doorbells(struct mali_groups *gs, unsigned int csg)
{
	uint32_t req = fw_rd32(gs->fw, csg_in(gs->fw, csg) + CSG_DB_REQ);
	uint32_t out = csg_out(gs->fw, csg) + CSG_DB_ACK;
	uint32_t rung = req ^ fw_rd32(gs->fw, out);

	fw_wr32(gs->fw, out, req);
	if (!gs->csg[csg].active)
		return;
	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		if (rung & BIT(id))
			stream_process(gs, csg, id, false);
}

void group_process(struct mali_groups *gs, unsigned int csg)
{
	struct mali_csg *g = &gs->csg[csg];
	uint32_t in = csg_in(gs->fw, csg), out = csg_out(gs->fw, csg);
	uint32_t req = fw_rd32(gs->fw, in + CSG_REQ);
	uint32_t changed = (req ^ fw_rd32(gs->fw, out + CSG_ACK)) & ~CSG_EVT_MASK;

	if (changed & CSG_ENDPOINT_CONFIG) {
		uint32_t ep = fw_rd32(gs->fw, in + CSG_EP_REQ);

		g->priority = CSG_EP_REQ_PRIORITY(ep);
		g->compute = CSG_EP_REQ_COMPUTE(ep) &&
			     fw_rd64(gs->fw, in + CSG_ALLOW_COMPUTE);
		fw_wr32(gs->fw, out + CSG_STATUS_EP_CURRENT, ep);
		fw_wr32(gs->fw, out + CSG_STATUS_EP_REQ, ep);
	}
	g->ending = changed & CSG_STATE_MASK &&
		    !ready_to_end(gs, csg, req & CSG_STATE_MASK);
	if (g->ending)
		changed &= ~CSG_STATE_MASK;
	else if (changed & CSG_STATE_MASK)
		set_state(gs, csg, req & CSG_STATE_MASK);
	stream_doorbells(gs, csg);
	/* The status of a group that was just suspended is written already */
	if (changed & CSG_STATUS_UPDATE && g->active)
		for (unsigned int id = 0; id < FW_NUM_CS; id++)
			stream_write_status(gs, csg, id);

	if (changed) {
		fw_wr32(gs->fw, out + CSG_ACK,
			fw_rd32(gs->fw, out + CSG_ACK) ^ changed);
		group_irq(gs, csg, changed);
	}
	group_send_events(gs, csg);
	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		stream_send_events(gs, csg, id);
}

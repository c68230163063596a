// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The global interface: configuration requests, halt, doorbells of groups, GLB_IDLE.
 *
 * Invariant: GLB_IDLE is sent once for each time that every group has been idle for
 * the hysteresis; if the driver has not acknowledged the last one, when it rings next.
 */
#include "mcu.h"

/* Requests that are done by taking note of them */
#define GLB_SIMPLE_REQS	(GLB_CFG_PROGRESS_TIMER | GLB_CFG_ALLOC_EN | \
			 GLB_CFG_POWEROFF_TIMER | GLB_PERFCNT_EN | \
			 GLB_PERFCNT_SAMPLE | GLB_COUNTER_EN | GLB_PING | \
			 GLB_FWCFG_UPDATE | GLB_IDLE_EN)

/* Timers are set in units of 1024 counts of a clock: the core's, or a choice */
static uint64_t units_ns(uint32_t units)
{
	return mali_cycles_ns((uint64_t)units << GLB_TIMER_SHIFT);
}

static uint64_t timer_ns(const struct mali_csf *c, uint32_t val)
{
	uint64_t units = GLB_TIMER_VALUE(val);

	return val & GLB_TIMER_SOURCE_CYCLES ?
		       units_ns(units) :
		       mali_timestamp_ns(c->env.base, units << GLB_TIMER_SHIFT);
}

static void halt(struct mali_csf *c)
{
	fw_wr32(&c->fw, glb_out(&c->fw) + GLB_HALT_STATUS, 0);
	if (fw_alive(&c->fw))
		fw_set_status(&c->fw, MCU_STATUS_HALT);
}

static void glb_irq(struct mali_csf *c, uint32_t changed)
{
	if (changed & fw_rd32(&c->fw, glb_in(&c->fw) + GLB_ACK_IRQ_MASK))
		fw_raise(&c->fw, JOB_INT_GLOBAL);
}

static void send_events(struct mali_csf *c)
{
	glb_irq(c, fw_send_events(&c->fw, glb_in(&c->fw) + GLB_REQ,
				  glb_out(&c->fw) + GLB_ACK, &c->events));
}

void global_process(struct mali_csf *c)
{
	uint32_t in = glb_in(&c->fw), out = glb_out(&c->fw);
	uint32_t req = fw_rd32(&c->fw, in + GLB_REQ);
	uint32_t ack = fw_rd32(&c->fw, out + GLB_ACK);
	uint32_t changed = (req ^ ack) & GLB_SIMPLE_REQS;
	uint32_t db_req, rung;

	if (req & GLB_HALT) {
		halt(c);
		return;
	}
	if (changed & GLB_CFG_PROGRESS_TIMER)
		c->groups.progress_ns =
			units_ns(fw_rd32(&c->fw, in + GLB_PROGRESS_TIMER));
	c->timers_on = req & GLB_IDLE_EN;
	c->idle_ns = timer_ns(c, fw_rd32(&c->fw, in + GLB_IDLE_TIMER));
	if (changed) {
		fw_wr32(&c->fw, out + GLB_ACK, ack ^ changed);
		glb_irq(c, changed);
	}

	/* One that the driver has acknowledged makes room for the next */
	send_events(c);

	db_req = fw_rd32(&c->fw, in + GLB_DB_REQ);
	rung = db_req ^ fw_rd32(&c->fw, out + GLB_DB_ACK);
	fw_wr32(&c->fw, out + GLB_DB_ACK, db_req);
	for (unsigned int csg = 0; csg < FW_NUM_CSGS; csg++)
		if (rung & BIT(csg))
			group_process(&c->groups, csg);
}

uint64_t global_idle_timer(struct mali_csf *c)
{
	bool any = false, idle = true;
	uint64_t due;

	if (c->groups.idle_changed) {
		c->groups.idle_changed = false;
		c->idle_since = MALI_NEVER;
		c->idle_sent = false;
	}
	for (unsigned int csg = 0; csg < FW_NUM_CSGS; csg++) {
		const struct mali_csg *g = &c->groups.csg[csg];

		any |= g->active;
		idle &= !g->active || g->idle;
	}
	if (!idle) {
		c->idle_since = MALI_NEVER;
		c->idle_sent = false;
		return MALI_NEVER;
	}
	if (!any || c->idle_sent || !c->timers_on)
		return MALI_NEVER;
	if (c->idle_since == MALI_NEVER)
		c->idle_since = mali_now(c->env.base);
	due = c->idle_since + c->idle_ns;
	if (mali_now(c->env.base) < due)
		return due;
	c->idle_sent = true;
	c->events |= GLB_IDLE;
	send_events(c);
	return MALI_NEVER;
}

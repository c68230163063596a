// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command-stream frontend as a whole: the microcontroller's registers, doorbells
 * and rounds.
 *
 * Invariant: while the driver has a region of address space 0 locked the firmware
 * does nothing: the core could be stalled on any access.
 */
#include <stdlib.h>
#include <string.h>

#include "mcu.h"

/* What one instruction takes of the model's time */
#define INSTR_NS		4u

struct mali_csf *mali_csf_new(struct mali_base *base, struct mali_mmu *mmu,
			      struct mali_gpu *gpu, uint32_t ignore,
			      uint32_t lane_ps)
{
	struct mali_csf *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->env.cores = mali_cores_new(base, mmu, gpu,
				      ignore & MALI_IGNORE_NEW_CODE);
	if (!c->env.cores) {
		free(c);
		return NULL;
	}
	c->fw.base = base;
	c->fw.mmu = mmu;
	c->fw.gpu = gpu;
	c->fw.irq.line = MALI_IRQ_JOB;
	c->lane_ps = lane_ps;
	c->env.base = base;
	c->env.mmu = mmu;
	c->env.gpu = gpu;
	c->env.stats = mali_base_stats(base);
	c->groups.fw = &c->fw;
	c->groups.env = &c->env;
	return c;
}

void mali_csf_free(struct mali_csf *c)
{
	if (!c)
		return;
	groups_stop(&c->groups);
	mali_cores_free(c->env.cores);
	free(c);
}

static void stop(struct mali_csf *c)
{
	c->boot_pending = false;
	c->stopped = false;
	c->glb_doorbell = false;
	c->doorbells = 0;
	c->env.cores_free = 0;
	c->groups.progress_ns = 0;
	c->events = 0;
	groups_stop(&c->groups);
	fw_set_status(&c->fw, MCU_STATUS_DISABLED);
}

void mali_csf_reset(struct mali_csf *c)
{
	stop(c);
	c->groups.rounds = 0;
	c->groups.idle_changed = false;
	c->env.sharing = 0;
	c->timers_on = false;
	c->idle_ns = 0;
	c->idle_since = MALI_NEVER;
	c->idle_sent = false;
	c->control = MCU_CONTROL_DISABLE;
	mali_irq_reset(c->env.base, &c->fw.irq);
}

/* --- Registers ---------------------------------------------------------- */

static void control_write(struct mali_csf *c, uint32_t val)
{
	c->control = val;
	if (val == MCU_CONTROL_DISABLE) {
		stop(c);
	} else if (c->fw.status == MCU_STATUS_DISABLED) {
		c->boot_pending = true;
		c->answer_due = mali_inject_due(c->env.base, MALI_SLOW_FIRMWARE);
		mali_kick(c->env.base);
	}
}

static void doorbell_write(struct mali_csf *c, unsigned int id)
{
	if (!c->glb_doorbell && !c->doorbells)
		c->answer_due = mali_inject_due(c->env.base, MALI_SLOW_FIRMWARE);
	if (!id)
		c->glb_doorbell = true;
	else if (id < 32)
		c->doorbells |= BIT(id);
	mali_kick(c->env.base);
}

uint32_t mali_csf_reg_read(struct mali_csf *c, uint32_t reg)
{
	if (reg - JOB_INT_BASE < MALI_INT_SIZE)
		return mali_irq_read(c->env.base, &c->fw.irq,
				     reg - JOB_INT_BASE);
	switch (reg) {
	case MCU_CONTROL:
		return c->control;
	case MCU_STATUS:
		return c->fw.status;
	default:
		return 0;
	}
}

void mali_csf_reg_write(struct mali_csf *c, uint32_t reg, uint32_t val)
{
	if (reg - JOB_INT_BASE < MALI_INT_SIZE)
		mali_irq_write(c->env.base, &c->fw.irq, reg - JOB_INT_BASE, val);
	else if (reg == MCU_CONTROL)
		control_write(c, val);
	else if (reg >= DOORBELL_BASE && reg % DOORBELL_STRIDE == 0)
		doorbell_write(c, (reg - DOORBELL_BASE) / DOORBELL_STRIDE);
}

/* --- One round ---------------------------------------------------------- */

static void user_doorbells(struct mali_csf *c)
{
	uint32_t rung = c->doorbells;

	c->doorbells = 0;
	for (unsigned int csg = 0; csg < FW_NUM_CSGS; csg++) {
		struct mali_csg *g = &c->groups.csg[csg];

		for (unsigned int id = 0; g->active && id < FW_NUM_CS; id++) {
			unsigned int db = CS_CONFIG_DOORBELL(g->cs[id].config);

			if (g->cs[id].started && db < 32 && rung & BIT(db))
				stream_read_insert(&c->groups, csg, id);
		}
	}
}

static void doorbells(struct mali_csf *c)
{
	/* The CPU may have written a sync object before it rang */
	if (c->glb_doorbell || c->doorbells)
		c->env.wake_epoch++;
	if (c->doorbells)
		user_doorbells(c);
	if (c->glb_doorbell) {
		c->glb_doorbell = false;
		global_process(c);
	}
}

/* True when the firmware is still asleep over what it was called for */
static bool answers_later(const struct mali_csf *c, struct mali_round *round)
{
	if (!c->boot_pending && !c->glb_doorbell && !c->doorbells)
		return false;
	if (mali_now(c->env.base) >= c->answer_due)
		return false;
	note_due(round, c->answer_due);
	return true;
}

uint64_t mali_csf_run(struct mali_csf *c)
{
	struct mali_round round = { .due = MALI_NEVER };
	uint64_t start = mali_now(c->env.base);

	/* An unlock kicks, and so does what ends an injection */
	if (mali_mmu_as_locked(c->env.mmu, MCU_AS) || c->stopped)
		return MALI_NEVER;
	if (!answers_later(c, &round)) {
		if (c->boot_pending)
			mcu_boot(c);
		if (fw_alive(&c->fw))
			doorbells(c);
	}
	if (!fw_alive(&c->fw))
		return round.due;
	groups_run(&c->groups, &round);
	note_due(&round, global_idle_timer(c));
	if (round.more)
		note_due(&round, start + round.executed * INSTR_NS);
	if (round.work)
		c->env.cores_free = start + round.work * c->lane_ps / 1000;
	if (round.working)
		note_due(&round, c->env.cores_free);
	return round.due;
}

/* --- Looking inside, and injection -------------------------------------- */

void mali_csf_get_slot(const struct mali_csf *c, unsigned int csg,
		       struct mali_slot *s)
{
	const struct mali_csg *g = &c->groups.csg[csg];

	memset(s, 0, sizeof(*s));
	s->active = g->active;
	s->as = g->as;
	s->priority = g->priority;
	s->idle = g->idle;
	for (unsigned int id = 0; id < FW_NUM_CS; id++) {
		const struct mali_cs *cs = &g->cs[id];

		s->stream[id].started = cs->started;
		s->stream[id].block = cs->block;
		s->stream[id].cmd_ptr = mali_cs_cmd_ptr(cs);
		s->stream[id].extract = cs->ctx.extract;
		s->stream[id].insert = cs->insert;
	}
}

const char *mali_csf_inject(struct mali_csf *c, bool crash)
{
	if (!fw_alive(&c->fw))
		return "the firmware is not running";
	if (crash)
		fw_set_status(&c->fw, MCU_STATUS_FATAL);
	else
		c->stopped = true;
	return NULL;
}

void mali_csf_hurry(struct mali_csf *c)
{
	c->stopped = false;
	c->answer_due = 0;
	for (unsigned int i = 0; i < FW_NUM_CSGS * FW_NUM_CS; i++) {
		struct mali_cs *cs = &c->groups.csg[i / FW_NUM_CS].cs[i % FW_NUM_CS];

		if (cs->block == MALI_CS_BLOCK_HANG)
			cs->block = MALI_CS_UNBLOCKED;
		for (unsigned int k = 0; k < cs->ctx.num_ops; k++)
			cs->ctx.op[k].due = 0;
	}
}

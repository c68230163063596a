// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Power domains: which cores are up, and their way there.
 *
 * Transitions take no time unless they were made slow. Invariant: a domain's cores
 * are in at most one of going_up and going_down. The TLBs are in the L2's domain
 * and do not survive it, nor does the code in shader cores survive theirs.
 */
#include <string.h>

#include "gpu_state.h"

static const uint64_t present[MALI_NUM_PWR] = {
	[MALI_PWR_SHADER] = G610_SHADER_PRESENT,
	[MALI_PWR_TILER] = G610_TILER_PRESENT,
	[MALI_PWR_L2] = G610_L2_PRESENT,
};

bool mali_gpu_l2_ready(const struct mali_gpu *g)
{
	return g->ready[MALI_PWR_L2] == G610_L2_PRESENT;
}

static void power_done(struct mali_gpu *g, enum mali_power_domain d)
{
	if (d == MALI_PWR_L2 && g->going_down[d])
		mali_mmu_drop_all(g->mmu);
	if (d != MALI_PWR_TILER && g->going_down[d])
		g->code_epoch++;
	g->ready[d] = (g->ready[d] | g->going_up[d]) & ~g->going_down[d];
	g->going_up[d] = 0;
	g->going_down[d] = 0;
	mali_irq_raise(g->base, &g->irq,
		       GPU_IRQ_POWER_CHANGED | GPU_IRQ_POWER_CHANGED_ALL);
	mali_kick(g->base);
}

static void power(struct mali_gpu *g, enum mali_power_domain d, uint64_t cores,
		  bool on)
{
	cores &= present[d];
	if (!cores)
		return;
	g->going_up[d] = on ? g->going_up[d] | cores : g->going_up[d] & ~cores;
	g->going_down[d] = on ? g->going_down[d] & ~cores :
				g->going_down[d] | cores;
	if (!mali_inject_delay(g->base, MALI_SLOW_POWER)) {
		power_done(g, d);
		return;
	}
	g->power_due[d] = mali_inject_due(g->base, MALI_SLOW_POWER);
	mali_kick(g->base);
}

static bool in_transition(const struct mali_gpu *g, enum mali_power_domain d)
{
	return g->going_up[d] | g->going_down[d];
}

void gpu_power_reset(struct mali_gpu *g)
{
	g->code_epoch++;
	memset(g->ready, 0, sizeof(g->ready));
	memset(g->going_up, 0, sizeof(g->going_up));
	memset(g->going_down, 0, sizeof(g->going_down));
}

void gpu_power_hurry(struct mali_gpu *g)
{
	memset(g->power_due, 0, sizeof(g->power_due));
}

bool gpu_powered(const struct mali_gpu *g)
{
	return g->ready[MALI_PWR_L2] | g->ready[MALI_PWR_SHADER] |
	       g->ready[MALI_PWR_TILER];
}

uint64_t gpu_power_run(struct mali_gpu *g, uint64_t now)
{
	uint64_t next = MALI_NEVER;

	for (unsigned int d = 0; d < MALI_NUM_PWR; d++)
		if (in_transition(g, d) && now >= g->power_due[d])
			power_done(g, d);
	for (unsigned int d = 0; d < MALI_NUM_PWR; d++)
		if (in_transition(g, d) && g->power_due[d] < next)
			next = g->power_due[d];
	return next;
}

/* --- Registers ------------------------------------------------------------ */

/*
 * The twelve power registers of a kind sit 0x10 apart, domain by domain, in
 * groups that start at @base.
 */
static bool power_reg(uint32_t reg, uint32_t base, enum mali_power_domain *d,
		      unsigned int *half)
{
	if (reg < base || reg >= base + 0x30 || (reg & 0xf) > 4)
		return false;
	*d = (reg - base) / 0x10;
	*half = (reg & 0xf) / 4;
	return true;
}

bool gpu_power_read(const struct mali_gpu *g, uint32_t reg, uint32_t *val)
{
	enum mali_power_domain d;
	unsigned int half;

	if (power_reg(reg, GPU_SHADER_PRESENT, &d, &half))
		*val = gpu_half_of(present[d], half);
	else if (power_reg(reg, SHADER_READY, &d, &half) ||
		 power_reg(reg, SHADER_PWRACTIVE, &d, &half))
		*val = gpu_half_of(g->ready[d], half);
	else if (power_reg(reg, SHADER_PWRTRANS, &d, &half))
		*val = gpu_half_of(g->going_up[d] | g->going_down[d], half);
	else
		return false;
	return true;
}

bool gpu_power_write(struct mali_gpu *g, uint32_t reg, uint32_t val)
{
	enum mali_power_domain d;
	unsigned int half;

	if (power_reg(reg, SHADER_PWRON, &d, &half))
		power(g, d, (uint64_t)val << (32 * half), true);
	else if (power_reg(reg, SHADER_PWROFF, &d, &half))
		power(g, d, (uint64_t)val << (32 * half), false);
	else
		return false;
	return true;
}

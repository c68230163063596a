// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The GPU control page: identity, power domains, reset, cache flushes,
 * counters. Commands complete at once, unless an injection makes them slow: the
 * driver polls or waits for the interrupt either way.
 */
#include <string.h>

#include "gpu_regs.h"
#include "../mali_internal.h"

static const uint64_t present[MALI_NUM_PWR] = {
	[MALI_PWR_SHADER] = G610_SHADER_PRESENT,
	[MALI_PWR_TILER] = G610_TILER_PRESENT,
	[MALI_PWR_L2] = G610_L2_PRESENT,
};

bool mali_gpu_l2_ready(const struct mali *m)
{
	return m->gpu.ready[MALI_PWR_L2] == G610_L2_PRESENT;
}

void mali_gpu_count_flush(struct mali *m)
{
	m->stats->cache_flushes++;
	/* 0 means "always flush" to FLUSH_CACHE2, so it is never an identity */
	if (!++m->gpu.flush_id)
		m->gpu.flush_id = 1;
}

/*
 * What a soft reset does; power-on reset does the same. The mask of the GPU
 * interrupt survives: it is how the driver learns that the reset completed.
 */
void mali_gpu_reset(struct mali *m)
{
	struct mali_gpu *g = &m->gpu;

	memset(g->ready, 0, sizeof(g->ready));
	memset(g->going_up, 0, sizeof(g->going_up));
	memset(g->going_down, 0, sizeof(g->going_down));
	g->flushing = false;
	g->resetting = false;
	g->fault_status = 0;
	g->fault_addr = 0;
	g->coherency = m->cfg.coherent ? 0 : 31;
	g->l2_config = 0;
	g->timestamp_offset = 0;
	g->flush_id = 1;
	mali_mmu_reset(m->mmu);
	mali_mcu_reset(m);
	/* Last: that the MCU stopped is no event when all of the GPU stops */
	g->irq.rawstat = 0;
	mali_irq_raise(m->base, &g->irq, 0);
}

static void reset_done(struct mali *m)
{
	m->gpu.resetting = false;
	mali_irq_raise(m->base, &m->gpu.irq, GPU_IRQ_RESET_COMPLETED);
}

static void reset_start(struct mali *m)
{
	m->stats->resets++;
	mali_gpu_reset(m);
	if (!mali_inject_delay(m->base, MALI_SLOW_RESET)) {
		reset_done(m);
		return;
	}
	m->gpu.resetting = true;
	m->gpu.reset_due = mali_inject_due(m->base, MALI_SLOW_RESET);
	mali_kick(m->base);
}

static void flush_done(struct mali *m)
{
	m->gpu.flushing = false;
	mali_gpu_count_flush(m);
	mali_irq_raise(m->base, &m->gpu.irq, GPU_IRQ_CLEAN_CACHES_COMPLETED);
}

static void flush_start(struct mali *m)
{
	if (m->gpu.flushing) {
		mali_guest_error(m->base, "FLUSH_CACHES while one is under way");
		return;
	}
	if (!mali_inject_delay(m->base, MALI_SLOW_FLUSH)) {
		flush_done(m);
		return;
	}
	m->gpu.flushing = true;
	m->gpu.flush_due = mali_inject_due(m->base, MALI_SLOW_FLUSH);
	mali_kick(m->base);
}

static void command(struct mali *m, uint32_t cmd)
{
	uint32_t payload = GPU_COMMAND_PAYLOAD(cmd);

	switch (GPU_COMMAND_CODE(cmd)) {
	case GPU_COMMAND_NOP:
		break;
	case GPU_COMMAND_RESET:
		if (payload != RESET_SOFT && payload != RESET_HARD)
			goto unknown;
		reset_start(m);
		break;
	case GPU_COMMAND_FLUSH_CACHES:
		flush_start(m);
		break;
	case GPU_COMMAND_CLEAR_FAULT:
		m->gpu.fault_status = 0;
		m->gpu.fault_addr = 0;
		break;
	default:
		goto unknown;
	}
	return;

unknown:
	mali_guest_error(m->base, "unknown GPU_COMMAND 0x%x", cmd);
}

/* The first fault stays until it is cleared. */
void mali_gpu_fault(struct mali *m, uint8_t exception, uint64_t va, bool protm)
{
	struct mali_gpu *g = &m->gpu;

	if (!g->fault_status) {
		g->fault_status = exception;
		g->fault_addr = va;
	}
	mali_irq_raise(m->base, &g->irq, protm ? GPU_IRQ_PROTM_FAULT : GPU_IRQ_FAULT);
}

static void power_done(struct mali *m, enum mali_power_domain d)
{
	struct mali_gpu *g = &m->gpu;

	/* The TLBs are in the L2's domain and do not survive it. */
	if (d == MALI_PWR_L2 && g->going_down[d])
		mali_mmu_drop_all(m->mmu);
	g->ready[d] = (g->ready[d] | g->going_up[d]) & ~g->going_down[d];
	g->going_up[d] = 0;
	g->going_down[d] = 0;
	mali_irq_raise(m->base, &g->irq,
		       GPU_IRQ_POWER_CHANGED | GPU_IRQ_POWER_CHANGED_ALL);
	mali_kick(m->base);
}

static void power(struct mali *m, enum mali_power_domain d, uint64_t cores,
		  bool on)
{
	struct mali_gpu *g = &m->gpu;

	cores &= present[d];
	if (!cores)
		return;
	g->going_up[d] = on ? g->going_up[d] | cores : g->going_up[d] & ~cores;
	g->going_down[d] = on ? g->going_down[d] & ~cores :
				g->going_down[d] | cores;
	if (!mali_inject_delay(m->base, MALI_SLOW_POWER)) {
		power_done(m, d);
		return;
	}
	g->power_due[d] = mali_inject_due(m->base, MALI_SLOW_POWER);
	mali_kick(m->base);
}

static bool in_transition(const struct mali_gpu *g, enum mali_power_domain d)
{
	return g->going_up[d] | g->going_down[d];
}

void mali_gpu_hurry(struct mali *m)
{
	struct mali_gpu *g = &m->gpu;

	g->reset_due = 0;
	g->flush_due = 0;
	memset(g->power_due, 0, sizeof(g->power_due));
}

uint64_t mali_gpu_run(struct mali *m)
{
	struct mali_gpu *g = &m->gpu;
	uint64_t now = mali_now(m->base), next = MALI_NEVER;

	if (g->resetting && now >= g->reset_due)
		reset_done(m);
	if (g->flushing && now >= g->flush_due)
		flush_done(m);
	for (unsigned int d = 0; d < MALI_NUM_PWR; d++)
		if (in_transition(g, d) && now >= g->power_due[d])
			power_done(m, d);

	if (g->resetting)
		next = g->reset_due;
	if (g->flushing && g->flush_due < next)
		next = g->flush_due;
	for (unsigned int d = 0; d < MALI_NUM_PWR; d++)
		if (in_transition(g, d) && g->power_due[d] < next)
			next = g->power_due[d];
	return next;
}

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

static uint32_t half_of(uint64_t val, unsigned int half)
{
	return half ? val >> 32 : (uint32_t)val;
}

static bool power_read(struct mali *m, uint32_t reg, uint32_t *val)
{
	enum mali_power_domain d;
	unsigned int half;

	if (power_reg(reg, GPU_SHADER_PRESENT, &d, &half))
		*val = half_of(present[d], half);
	else if (power_reg(reg, SHADER_READY, &d, &half) ||
		 power_reg(reg, SHADER_PWRACTIVE, &d, &half))
		*val = half_of(m->gpu.ready[d], half);
	else if (power_reg(reg, SHADER_PWRTRANS, &d, &half))
		*val = half_of(m->gpu.going_up[d] | m->gpu.going_down[d], half);
	else
		return false;
	return true;
}

static bool power_write(struct mali *m, uint32_t reg, uint32_t val)
{
	enum mali_power_domain d;
	unsigned int half;

	if (power_reg(reg, SHADER_PWRON, &d, &half))
		power(m, d, (uint64_t)val << (32 * half), true);
	else if (power_reg(reg, SHADER_PWROFF, &d, &half))
		power(m, d, (uint64_t)val << (32 * half), false);
	else
		return false;
	return true;
}

static uint32_t status(const struct mali *m)
{
	const struct mali_gpu *g = &m->gpu;
	uint32_t val = 0;

	if (g->ready[MALI_PWR_L2] | g->ready[MALI_PWR_SHADER] |
	    g->ready[MALI_PWR_TILER])
		val |= GPU_STATUS_PWR_ACTIVE;
	if (m->mcu.status == MCU_STATUS_ENABLED || g->flushing)
		val |= GPU_STATUS_ACTIVE;
	return val;
}

static uint32_t identity(const struct mali *m, uint32_t reg)
{
	switch (reg) {
	case GPU_ID:
	case GPU_REVID:
		return G610_GPU_ID;
	case GPU_L2_FEATURES:
		return G610_L2_FEATURES;
	case GPU_TILER_FEATURES:
		return G610_TILER_FEATURES;
	case GPU_MEM_FEATURES:
		return G610_MEM_FEATURES;
	case GPU_MMU_FEATURES:
		return G610_MMU_FEATURES;
	case GPU_AS_PRESENT:
		return G610_AS_PRESENT;
	case GPU_CSF_ID:
		return G610_CSF_ID;
	case GPU_THREAD_MAX_THREADS:
		return G610_MAX_THREADS;
	case GPU_THREAD_MAX_WG_SIZE:
		return G610_MAX_WG_SIZE;
	case GPU_THREAD_MAX_BARRIER:
		return G610_MAX_BARRIER;
	case GPU_THREAD_FEATURES:
		return G610_THREAD_FEATURES;
	case GPU_TEXTURE_FEATURES0:
		return G610_TEXTURE_FEATURES0;
	case GPU_COHERENCY_FEATURES:
		return COHERENCY_NONE |
		       (m->cfg.coherent ? COHERENCY_ACE_LITE : 0);
	default:
		return 0;
	}
}

uint32_t mali_gpu_read(struct mali *m, uint32_t reg)
{
	struct mali_gpu *g = &m->gpu;
	uint32_t val;

	if (reg >= GPU_INT_BASE && reg < GPU_INT_BASE + 0x10)
		return mali_irq_read(m->base, &g->irq, reg - GPU_INT_BASE);
	if (power_read(m, reg, &val))
		return val;

	switch (reg) {
	case GPU_STATUS:
		return status(m);
	case GPU_FAULT_STATUS:
		return g->fault_status;
	case GPU_FAULT_ADDR:
	case GPU_FAULT_ADDR + 4:
		return half_of(g->fault_addr, reg != GPU_FAULT_ADDR);
	case GPU_L2_CONFIG:
		return g->l2_config;
	case GPU_COHERENCY_PROTOCOL:
		return g->coherency;
	case GPU_TIMESTAMP_OFFSET:
	case GPU_TIMESTAMP_OFFSET + 4:
		return half_of(g->timestamp_offset, reg != GPU_TIMESTAMP_OFFSET);
	case GPU_CYCLE_COUNT:
	case GPU_CYCLE_COUNT + 4:
		return half_of(mali_cycles(m->base), reg != GPU_CYCLE_COUNT);
	case GPU_TIMESTAMP:
	case GPU_TIMESTAMP + 4:
		return half_of(mali_timestamp(m->base) + g->timestamp_offset,
			       reg != GPU_TIMESTAMP);
	default:
		return identity(m, reg);
	}
}

void mali_gpu_write(struct mali *m, uint32_t reg, uint32_t val)
{
	struct mali_gpu *g = &m->gpu;

	if (reg >= GPU_INT_BASE && reg < GPU_INT_BASE + 0x10) {
		mali_irq_write(m->base, &g->irq, reg - GPU_INT_BASE, val);
		return;
	}
	if (power_write(m, reg, val))
		return;

	switch (reg) {
	case GPU_COMMAND:
		command(m, val);
		break;
	case GPU_L2_CONFIG:
		g->l2_config = val;
		break;
	case GPU_COHERENCY_PROTOCOL:
		g->coherency = val;
		break;
	case GPU_TIMESTAMP_OFFSET:
		g->timestamp_offset = (g->timestamp_offset & ~0xffffffffull) |
				      val;
		break;
	case GPU_TIMESTAMP_OFFSET + 4:
		g->timestamp_offset = (uint32_t)g->timestamp_offset |
				      (uint64_t)val << 32;
		break;
	default:
		/* Read-only and unknown registers ignore writes, as hardware */
		break;
	}
}

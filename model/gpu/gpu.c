// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The GPU control page: identity, reset, cache flushes, faults, counters; power.c
 * has the power domains.
 *
 * Commands complete at once, unless an injection makes them slow: the driver polls
 * or waits for the interrupt either way. A reset is an event: what it does to
 * other blocks is their owner's business (on_reset), which calls mali_gpu_reset()
 * when it is done with them.
 */
#include <stdlib.h>

#include "gpu_state.h"

struct mali_gpu *mali_gpu_new(struct mali_base *base, struct mali_mmu *mmu,
			      bool coherent, void (*on_reset)(void *opaque),
			      void *opaque)
{
	struct mali_gpu *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->base = base;
	g->mmu = mmu;
	g->stats = mali_base_stats(base);
	g->irq.line = MALI_IRQ_GPU;
	g->coherent = coherent;
	g->on_reset = on_reset;
	g->opaque = opaque;
	return g;
}

void mali_gpu_free(struct mali_gpu *g)
{
	free(g);
}

/* --- What other blocks ask and say ---------------------------------------- */

uint64_t mali_gpu_timestamp(const struct mali_gpu *g)
{
	return mali_timestamp(g->base) + g->timestamp_offset;
}

uint32_t mali_gpu_flush_id(const struct mali_gpu *g)
{
	return g->flush_id;
}

void mali_gpu_mcu_changed(struct mali_gpu *g, bool runs)
{
	g->mcu_runs = runs;
	mali_irq_raise(g->base, &g->irq, GPU_IRQ_MCU_STATUS_CHANGED);
}

uint32_t mali_gpu_code_epoch(const struct mali_gpu *g)
{
	return g->code_epoch;
}

void mali_gpu_count_flush(struct mali_gpu *g, uint32_t what)
{
	g->stats->cache_flushes++;
	g->code_epoch += !!(what & MALI_FLUSH_OTHER);
	/* 0 means "always flush" to FLUSH_CACHE2, so it is never an identity */
	if (!++g->flush_id)
		g->flush_id = 1;
}

/* --- Reset ---------------------------------------------------------------- */

void mali_gpu_reset(struct mali_gpu *g)
{
	gpu_power_reset(g);
	g->flushing = false;
	g->resetting = false;
	g->fault_status = 0;
	g->fault_addr = 0;
	g->coherency = g->coherent ? 0 : 31;
	g->l2_config = 0;
	g->timestamp_offset = 0;
	g->flush_id = 1;
	mali_irq_forget(g->base, &g->irq);
}

void mali_gpu_power_on(struct mali_gpu *g)
{
	mali_irq_reset(g->base, &g->irq);
}

bool mali_gpu_takes_write(const struct mali_gpu *g, uint32_t reg)
{
	return !g->resetting || reg - GPU_INT_BASE < MALI_INT_SIZE;
}

static void reset_done(struct mali_gpu *g)
{
	g->resetting = false;
	mali_irq_raise(g->base, &g->irq, GPU_IRQ_RESET_COMPLETED);
}

static void reset_start(struct mali_gpu *g)
{
	g->stats->resets++;
	g->on_reset(g->opaque);
	if (!mali_inject_delay(g->base, MALI_SLOW_RESET)) {
		reset_done(g);
		return;
	}
	g->resetting = true;
	g->reset_due = mali_inject_due(g->base, MALI_SLOW_RESET);
	mali_kick(g->base);
}

static void flush_done(struct mali_gpu *g)
{
	g->flushing = false;
	mali_gpu_count_flush(g, g->flush_what);
	mali_irq_raise(g->base, &g->irq, GPU_IRQ_CLEAN_CACHES_COMPLETED);
}

static void flush_start(struct mali_gpu *g, uint32_t what)
{
	if (g->flushing) {
		mali_guest_error(g->base, "FLUSH_CACHES while one is under way");
		return;
	}
	g->flush_what = what;
	if (!mali_inject_delay(g->base, MALI_SLOW_FLUSH)) {
		flush_done(g);
		return;
	}
	g->flushing = true;
	g->flush_due = mali_inject_due(g->base, MALI_SLOW_FLUSH);
	mali_kick(g->base);
}

static void command(struct mali_gpu *g, uint32_t cmd)
{
	uint32_t payload = GPU_COMMAND_PAYLOAD(cmd);

	switch (GPU_COMMAND_CODE(cmd)) {
	case GPU_COMMAND_NOP:
		break;
	case GPU_COMMAND_RESET:
		if (payload != RESET_SOFT && payload != RESET_HARD)
			goto unknown;
		reset_start(g);
		break;
	case GPU_COMMAND_FLUSH_CACHES:
		flush_start(g, payload);
		break;
	case GPU_COMMAND_CLEAR_FAULT:
		g->fault_status = 0;
		g->fault_addr = 0;
		break;
	default:
		goto unknown;
	}
	return;

unknown:
	mali_guest_error(g->base, "unknown GPU_COMMAND 0x%x", cmd);
}

/* The first fault stays until it is cleared. */
void mali_gpu_fault(struct mali_gpu *g, uint8_t exception, uint64_t va, bool protm)
{
	if (!g->fault_status) {
		g->fault_status = exception;
		g->fault_addr = va;
	}
	mali_irq_raise(g->base, &g->irq, protm ? GPU_IRQ_PROTM_FAULT : GPU_IRQ_FAULT);
}

/* --- Time ----------------------------------------------------------------- */

void mali_gpu_hurry(struct mali_gpu *g)
{
	g->reset_due = 0;
	g->flush_due = 0;
	gpu_power_hurry(g);
}

uint64_t mali_gpu_run(struct mali_gpu *g)
{
	uint64_t now = mali_now(g->base), next;

	if (g->resetting && now >= g->reset_due)
		reset_done(g);
	if (g->flushing && now >= g->flush_due)
		flush_done(g);
	next = gpu_power_run(g, now);
	if (g->resetting && g->reset_due < next)
		next = g->reset_due;
	if (g->flushing && g->flush_due < next)
		next = g->flush_due;
	return next;
}

/* --- Registers ------------------------------------------------------------ */

static uint32_t status(const struct mali_gpu *g)
{
	uint32_t val = 0;

	if (gpu_powered(g))
		val |= GPU_STATUS_PWR_ACTIVE;
	if (g->mcu_runs || g->flushing)
		val |= GPU_STATUS_ACTIVE;
	return val;
}

static uint32_t identity(const struct mali_gpu *g, uint32_t reg)
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
		       (g->coherent ? COHERENCY_ACE_LITE : 0);
	default:
		return 0;
	}
}

uint32_t mali_gpu_reg_read(struct mali_gpu *g, uint32_t reg)
{
	uint32_t val;

	if (reg - GPU_INT_BASE < MALI_INT_SIZE)
		return mali_irq_read(g->base, &g->irq, reg - GPU_INT_BASE);
	if (gpu_power_read(g, reg, &val))
		return val;

	switch (reg) {
	case GPU_STATUS:
		return status(g);
	case GPU_FAULT_STATUS:
		return g->fault_status;
	case GPU_FAULT_ADDR:
	case GPU_FAULT_ADDR + 4:
		return gpu_half_of(g->fault_addr, reg != GPU_FAULT_ADDR);
	case GPU_L2_CONFIG:
		return g->l2_config;
	case GPU_COHERENCY_PROTOCOL:
		return g->coherency;
	case LATEST_FLUSH_ID:
		return g->flush_id;
	case GPU_TIMESTAMP_OFFSET:
	case GPU_TIMESTAMP_OFFSET + 4:
		return gpu_half_of(g->timestamp_offset, reg != GPU_TIMESTAMP_OFFSET);
	case GPU_CYCLE_COUNT:
	case GPU_CYCLE_COUNT + 4:
		return gpu_half_of(mali_cycles(g->base), reg != GPU_CYCLE_COUNT);
	case GPU_TIMESTAMP:
	case GPU_TIMESTAMP + 4:
		return gpu_half_of(mali_gpu_timestamp(g),
			       reg != GPU_TIMESTAMP);
	default:
		return identity(g, reg);
	}
}

void mali_gpu_reg_write(struct mali_gpu *g, uint32_t reg, uint32_t val)
{
	if (reg - GPU_INT_BASE < MALI_INT_SIZE) {
		mali_irq_write(g->base, &g->irq, reg - GPU_INT_BASE, val);
		return;
	}
	if (gpu_power_write(g, reg, val))
		return;

	switch (reg) {
	case GPU_COMMAND:
		command(g, val);
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

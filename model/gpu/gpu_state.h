/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of the GPU control page, and what its two files share. Nobody else
 * includes this.
 */
#ifndef MALI_GPU_STATE_H
#define MALI_GPU_STATE_H

#include "gpu.h"
#include "gpu_regs.h"

enum mali_power_domain {
	MALI_PWR_SHADER,
	MALI_PWR_TILER,
	MALI_PWR_L2,
	MALI_NUM_PWR,
};

/**
 * struct mali_gpu - state of the GPU control page
 * @base: What it stands on.
 * @mmu: What loses its caches with the L2.
 * @stats: Counters to keep.
 * @coherent: The integration is I/O coherent.
 * @on_reset: Called with @opaque when a reset begins.
 * @opaque: See @on_reset.
 * @irq: The GPU interrupt.
 * @mcu_runs: The microcontroller said so.
 * @ready: Powered cores of each domain; power.c has this and what follows
 * @going_up: Cores of each domain on their way up; @going_down likewise.
 * @power_due: When the transition of a domain ends.
 * @fault_status: GPU_FAULT_STATUS; zero while there is none to report.
 * @fault_addr: GPU_FAULT_ADDR.
 * @flushing: A FLUSH_CACHES command is under way until @flush_due.
 * @flush_what: Of which caches.
 * @resetting: A reset is under way until @reset_due: nothing but the interrupt
 *	block of this page takes a write.
 * @coherency: COHERENCY_PROTOCOL as written.
 * @l2_config: L2_CONFIG as written.
 * @timestamp_offset: TIMESTAMP_OFFSET as written.
 * @flush_id: LATEST_FLUSH_ID: incremented by each flush of the L2.
 * @code_epoch: How often instruction caches were dropped.
 */
struct mali_gpu {
	struct mali_base *base;
	struct mali_mmu *mmu;
	struct mali_stats *stats;
	bool coherent;
	void (*on_reset)(void *opaque);
	void *opaque;

	struct mali_irq_block irq;
	bool mcu_runs;
	uint64_t ready[MALI_NUM_PWR];
	uint64_t going_up[MALI_NUM_PWR];
	uint64_t going_down[MALI_NUM_PWR];
	uint64_t power_due[MALI_NUM_PWR];
	uint32_t fault_status;
	uint64_t fault_addr;
	bool flushing;
	uint32_t flush_what;
	uint64_t flush_due;
	bool resetting;
	uint64_t reset_due;
	uint32_t coherency;
	uint32_t l2_config;
	uint64_t timestamp_offset;
	uint32_t flush_id;
	uint32_t code_epoch;
};

static inline uint32_t gpu_half_of(uint64_t val, unsigned int half)
{
	return half ? val >> 32 : (uint32_t)val;
}

/* --- power.c -------------------------------------------------------------- */

void gpu_power_reset(struct mali_gpu *g);
void gpu_power_hurry(struct mali_gpu *g);
/* Ends what is due at @now; when the next transition ends, or MALI_NEVER. */
uint64_t gpu_power_run(struct mali_gpu *g, uint64_t now);
/* Something is powered. */
bool gpu_powered(const struct mali_gpu *g);
/* False when @reg is not of a power domain */
bool gpu_power_read(const struct mali_gpu *g, uint32_t reg, uint32_t *val);
bool gpu_power_write(struct mali_gpu *g, uint32_t reg, uint32_t val);

#endif /* MALI_GPU_STATE_H */

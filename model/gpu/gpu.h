/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GPU control page: identity, power, reset, cache flushes, counters. It knows
 * the MMU, whose caches go with the power of the L2, and the base.
 */
#ifndef MALI_GPU_H
#define MALI_GPU_H

#include "../mmu/mmu.h"

/* The parts of the register window that it answers, but for the MCU's registers */
#define MALI_GPU_BASE		0x00000u
#define MALI_GPU_END		0x01000u
/* The page that user space maps, to read LATEST_FLUSH_ID */
#define MALI_GPU_USER_BASE	0x10000u
#define MALI_GPU_USER_END	0x20000u

struct mali_gpu;

/*
 * @on_reset is called with @opaque when the driver resets the GPU: it resets all
 * blocks, this one last, by mali_gpu_reset(). NULL when the host is out of memory.
 * Before its first use it wants mali_gpu_power_on() and mali_gpu_reset().
 */
struct mali_gpu *mali_gpu_new(struct mali_base *base, struct mali_mmu *mmu,
			      bool coherent, void (*on_reset)(void *opaque),
			      void *opaque);
void mali_gpu_free(struct mali_gpu *g);

/* What power-on does beyond a reset */
void mali_gpu_power_on(struct mali_gpu *g);
/*
 * What a reset does to this page. The mask of its interrupt survives: it is how
 * the driver learns that the reset completed. What other blocks reported while
 * they were reset is forgotten: that the MCU stopped is no event when all stops.
 */
void mali_gpu_reset(struct mali_gpu *g);

uint32_t mali_gpu_reg_read(struct mali_gpu *g, uint32_t reg);
void mali_gpu_reg_write(struct mali_gpu *g, uint32_t reg, uint32_t val);
/* False while a reset is under way: no register of any block but few takes it. */
bool mali_gpu_takes_write(const struct mali_gpu *g, uint32_t reg);

/* Ends what is due; when the next command ends, or MALI_NEVER. */
uint64_t mali_gpu_run(struct mali_gpu *g);
/* What is under way ends at the next run. */
void mali_gpu_hurry(struct mali_gpu *g);

/* --- What other blocks ask and say ---------------------------------------- */

bool mali_gpu_l2_ready(const struct mali_gpu *g);
/* The system counter with the offset that the driver set */
uint64_t mali_gpu_timestamp(const struct mali_gpu *g);
uint32_t mali_gpu_flush_id(const struct mali_gpu *g);
/*
 * A flush of caches on behalf of a register or an instruction. @what says of which;
 * MALI_FLUSH_OTHER is to drop those beside L2 and load/store cache.
 */
#define MALI_FLUSH_OTHER	(1u << 9)
void mali_gpu_count_flush(struct mali_gpu *g, uint32_t what);
/* Changes whenever the instruction caches of shader cores are dropped */
uint32_t mali_gpu_code_epoch(const struct mali_gpu *g);
/* MCU_STATUS changed; whether the microcontroller runs now. */
void mali_gpu_mcu_changed(struct mali_gpu *g, bool runs);
/* A fault of the GPU itself, not of one of its address spaces */
void mali_gpu_fault(struct mali_gpu *g, uint8_t exception, uint64_t va,
		    bool protm);

#endif /* MALI_GPU_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command-stream frontend: the microcontroller, its firmware interface, groups,
 * command streams and tiler heaps. It knows the shader cores, the GPU control page,
 * the MMU and the base.
 */
#ifndef MALI_CSF_H
#define MALI_CSF_H

#include "../gpu/gpu.h"

/* The parts of the register window that it answers: MCU, job interrupt, doorbells */
#define MALI_MCU_BASE		0x00700u
#define MALI_MCU_END		0x00708u
#define MALI_JOB_BASE		0x01000u
#define MALI_JOB_END		0x02000u
#define MALI_DOORBELL_BASE	0x80000u

struct mali_csf;

/*
 * Of the mask of what a deliberately broken model ignores (see mmu.h), the bit of
 * the shader cores: memory. They take code from their instruction cache until a
 * flush drops it, as hardware does, whatever has been written since.
 */
#define MALI_IGNORE_NEW_CODE	(1u << 5)

/*
 * @ignore: MALI_IGNORE_NEW_CODE or 0; other bits are others'. @lane_ps: what an
 * instruction of a lane takes of the model's time, in picoseconds. NULL when the host
 * is out of memory. Before its first use it wants mali_csf_reset().
 */
struct mali_csf *mali_csf_new(struct mali_base *base, struct mali_mmu *mmu,
			      struct mali_gpu *gpu, uint32_t ignore,
			      uint32_t lane_ps);
void mali_csf_free(struct mali_csf *c);
void mali_csf_reset(struct mali_csf *c);

uint32_t mali_csf_reg_read(struct mali_csf *c, uint32_t reg);
void mali_csf_reg_write(struct mali_csf *c, uint32_t reg, uint32_t val);

/*
 * One round of firmware and streams. Returns the time at which it wants the
 * next one: now, a timer, or MALI_NEVER.
 */
uint64_t mali_csf_run(struct mali_csf *c);

/* The firmware stops or crashes on request; NULL, or why it cannot. */
const char *mali_csf_inject(struct mali_csf *c, bool crash);
/* What was stopped, slow or hung on request goes on. */
void mali_csf_hurry(struct mali_csf *c);

/* --- Looking inside ------------------------------------------------------- */

/* Group slots, and streams in each */
#define MALI_NUM_SLOTS		8
#define MALI_NUM_STREAMS	8

/* Why a stream does not go on */
enum mali_cs_block {
	MALI_CS_UNBLOCKED,
	MALI_CS_BLOCK_SYNC,	/* SYNC_WAIT: until memory or a doorbell says so */
	MALI_CS_BLOCK_PROGRESS,	/* PROGRESS_WAIT */
	MALI_CS_BLOCK_MMU,	/* a locked region */
	MALI_CS_BLOCK_FAULT,	/* a fault not yet handled */
	MALI_CS_BLOCK_SB,	/* WAIT: a scoreboard entry is busy */
	MALI_CS_BLOCK_HEAP,	/* the tiler heap is out of memory */
	MALI_CS_BLOCK_HANG,	/* injected: its work never ends */
};

/**
 * struct mali_slot - what a group slot does at this moment
 * @active: A group is on it.
 * @as: Its address space.
 * @priority: Its priority, 0 to 15.
 * @idle: It reported that it is idle.
 * @stream: Its streams.
 */
struct mali_slot {
	bool active;
	unsigned int as;
	unsigned int priority;
	bool idle;
	struct {
		bool started;
		enum mali_cs_block block;
		uint64_t cmd_ptr;
		uint64_t extract;
		uint64_t insert;
	} stream[MALI_NUM_STREAMS];
};

void mali_csf_get_slot(const struct mali_csf *c, unsigned int csg,
		       struct mali_slot *s);

#endif /* MALI_CSF_H */

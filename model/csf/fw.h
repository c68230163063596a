/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the firmware stands on: its memory in address space 0, the words in which
 * it talks to the driver, MCU_STATUS and the job interrupt.
 *
 * All that the firmware reads and writes is memory of address space 0, through
 * the MMU. An access that faults there is the end of it (MCU_STATUS FATAL), as a
 * crash of the real one is. After that the accessors do nothing and read zero, so
 * that callers need no error path: whatever they go on to do has no effect.
 */
#ifndef MALI_CSF_FW_H
#define MALI_CSF_FW_H

#include "../gpu/gpu.h"
#include "csf_regs.h"
#include "fw_iface.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "guest memory is little-endian and is copied to host integers as it is"
#endif

#define BIT(n)		(1u << (n))

/* The firmware's address space */
#define MCU_AS		0u

/**
 * struct mali_fw - the firmware's ground
 * @base: What all stands on.
 * @mmu: Its way to memory.
 * @gpu: Who is told of MCU_STATUS.
 * @irq: The job interrupt.
 * @status: MCU_STATUS.
 * @shared_va: Shared section, from the image.
 */
struct mali_fw {
	struct mali_base *base;
	struct mali_mmu *mmu;
	struct mali_gpu *gpu;
	struct mali_irq_block irq;
	uint32_t status;
	uint32_t shared_va;
};

static inline bool fw_alive(const struct mali_fw *fw)
{
	return fw->status == MCU_STATUS_ENABLED;
}

void fw_set_status(struct mali_fw *fw, uint32_t status);
/* An access of the firmware's failed. */
void fw_crash(struct mali_fw *fw, const struct mali_mmu_fault *f);
void fw_raise(struct mali_fw *fw, uint32_t events);

/* --- Memory --------------------------------------------------------------- */

bool fw_read(struct mali_fw *fw, uint64_t va, void *buf, size_t len);
void fw_write(struct mali_fw *fw, uint64_t va, const void *buf, size_t len);

static inline uint32_t fw_rd32(struct mali_fw *fw, uint64_t va)
{
	uint32_t val;

	fw_read(fw, va, &val, sizeof(val));
	return val;
}

static inline uint64_t fw_rd64(struct mali_fw *fw, uint64_t va)
{
	uint64_t val;

	fw_read(fw, va, &val, sizeof(val));
	return val;
}

static inline void fw_wr32(struct mali_fw *fw, uint64_t va, uint32_t val)
{
	fw_write(fw, va, &val, sizeof(val));
}

static inline void fw_wr64(struct mali_fw *fw, uint64_t va, uint64_t val)
{
	fw_write(fw, va, &val, sizeof(val));
}

static inline uint32_t glb_in(const struct mali_fw *fw)
{
	return fw->shared_va + FW_GLB_INPUT;
}

static inline uint32_t glb_out(const struct mali_fw *fw)
{
	return fw->shared_va + FW_GLB_OUTPUT;
}

static inline uint32_t csg_in(const struct mali_fw *fw, unsigned int csg)
{
	return fw->shared_va + FW_CSG_INPUT(csg);
}

static inline uint32_t csg_out(const struct mali_fw *fw, unsigned int csg)
{
	return fw->shared_va + FW_CSG_OUTPUT(csg);
}

static inline uint32_t cs_in(const struct mali_fw *fw, unsigned int csg,
			     unsigned int cs)
{
	return fw->shared_va + FW_CS_INPUT(csg, cs);
}

static inline uint32_t cs_out(const struct mali_fw *fw, unsigned int csg,
			      unsigned int cs)
{
	return fw->shared_va + FW_CS_OUTPUT(csg, cs);
}

/* --- Events --------------------------------------------------------------- */

/*
 * Toggle those of *@events in the ACK word at @out that the driver is not still
 * working on, and take them off *@events. Returns what was sent.
 */
uint32_t fw_send_events(struct mali_fw *fw, uint32_t in, uint32_t out,
			uint32_t *events);

#endif /* MALI_CSF_FW_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Register layout of the microcontroller, the job interrupt and the doorbells of
 * a Mali Valhall (architecture 10) GPU.
 *
 * Offsets and bits are facts of the hardware as the Linux driver states them
 * (drivers/gpu/drm/panthor/panthor_fw_regs.h).
 */
#ifndef MALI_CSF_REGS_H
#define MALI_CSF_REGS_H

#define MCU_CONTROL		0x700
#define   MCU_CONTROL_DISABLE		0
#define   MCU_CONTROL_ENABLE		1
#define   MCU_CONTROL_AUTO		2
#define MCU_STATUS		0x704
#define   MCU_STATUS_DISABLED		0
#define   MCU_STATUS_ENABLED		1
#define   MCU_STATUS_HALT		2
#define   MCU_STATUS_FATAL		3

#define JOB_INT_BASE		0x1000
#define   JOB_INT_CSG(i)		(1u << (i))
#define   JOB_INT_GLOBAL		(1u << 31)

/* One 64 KiB page a doorbell; doorbell 0 belongs to the global interface */
#define DOORBELL_BASE		0x80000
#define DOORBELL_STRIDE		0x10000

#endif /* MALI_CSF_REGS_H */

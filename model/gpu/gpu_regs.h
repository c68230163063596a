/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Register layout of the GPU control page of a Mali Valhall (architecture 10)
 * GPU, and the values of a Mali-G610.
 *
 * Offsets and bits are facts of the hardware as the Linux driver states them
 * (drivers/gpu/drm/panthor/panthor_gpu_regs.h).
 */
#ifndef MALI_GPU_REGS_H
#define MALI_GPU_REGS_H

/* Identity */
#define GPU_ID			0x000
#define GPU_L2_FEATURES		0x004
#define GPU_CORE_FEATURES	0x008
#define GPU_TILER_FEATURES	0x00c
#define GPU_MEM_FEATURES	0x010
#define GPU_MMU_FEATURES	0x014
#define GPU_AS_PRESENT		0x018
#define GPU_CSF_ID		0x01c
#define GPU_THREAD_MAX_THREADS	0x0a0
#define GPU_THREAD_MAX_WG_SIZE	0x0a4
#define GPU_THREAD_MAX_BARRIER	0x0a8
#define GPU_THREAD_FEATURES	0x0ac
#define GPU_TEXTURE_FEATURES0	0x0b0
#define GPU_TEXTURE_FEATURES3	0x0bc
#define GPU_REVID		0x280
#define GPU_COHERENCY_FEATURES	0x300
#define   COHERENCY_ACE_LITE		(1u << 0)
#define   COHERENCY_NONE		(1u << 31)
#define GPU_COHERENCY_PROTOCOL	0x304

#define GPU_INT_BASE		0x020
#define   GPU_IRQ_FAULT			(1u << 0)
#define   GPU_IRQ_PROTM_FAULT		(1u << 1)
#define   GPU_IRQ_RESET_COMPLETED	(1u << 8)
#define   GPU_IRQ_POWER_CHANGED		(1u << 9)
#define   GPU_IRQ_POWER_CHANGED_ALL	(1u << 10)
#define   GPU_IRQ_CLEAN_CACHES_COMPLETED (1u << 17)
#define   GPU_IRQ_DOORBELL_MIRROR	(1u << 18)
#define   GPU_IRQ_MCU_STATUS_CHANGED	(1u << 19)

#define GPU_COMMAND		0x030
#define   GPU_COMMAND_CODE(x)		((x) & 0xff)
#define   GPU_COMMAND_PAYLOAD(x)	(((x) >> 8) & 0xffffff)
#define   GPU_COMMAND_NOP		0
#define   GPU_COMMAND_RESET		1
#define     RESET_SOFT			1
#define     RESET_HARD			2
#define   GPU_COMMAND_FLUSH_CACHES	4
#define   GPU_COMMAND_CLEAR_FAULT	7
#define GPU_STATUS		0x034
#define   GPU_STATUS_ACTIVE		(1u << 0)
#define   GPU_STATUS_PWR_ACTIVE		(1u << 1)
#define   GPU_STATUS_PAGE_FAULT		(1u << 4)
#define GPU_FAULT_STATUS	0x03c
#define GPU_FAULT_ADDR		0x040
#define GPU_L2_CONFIG		0x048
#define GPU_PWR_KEY		0x050
#define GPU_PWR_OVERRIDE0	0x054
#define GPU_PWR_OVERRIDE1	0x058
#define GPU_TIMESTAMP_OFFSET	0x088
#define GPU_CYCLE_COUNT		0x090
#define GPU_TIMESTAMP		0x098

/* Power: each a 64-bit mask; one group of registers for each domain */
#define GPU_SHADER_PRESENT	0x100
#define GPU_TILER_PRESENT	0x110
#define GPU_L2_PRESENT		0x120
#define SHADER_READY		0x140
#define TILER_READY		0x150
#define L2_READY		0x160
#define SHADER_PWRON		0x180
#define TILER_PWRON		0x190
#define L2_PWRON		0x1a0
#define SHADER_PWROFF		0x1c0
#define TILER_PWROFF		0x1d0
#define L2_PWROFF		0x1e0
#define SHADER_PWRTRANS		0x200
#define L2_PWRTRANS		0x220
#define SHADER_PWRACTIVE	0x240
#define TILER_PWRACTIVE		0x250
#define L2_PWRACTIVE		0x260

/* The page that user space maps to read the flush identifier */
#define LATEST_FLUSH_ID		0x10000

/*
 * Values of a Mali-G610 MC4 as an RK3588 has it (r0p0, architecture 10.8.6).
 * The driver prints the identity and feature words when it probes.
 */
#define G610_GPU_ID		0xa8670005u
#define G610_L2_FEATURES	0x07120306u
#define G610_TILER_FEATURES	0x00000809u
#define G610_MEM_FEATURES	0x00000301u
#define G610_MMU_FEATURES	0x00002830u	/* 48 bits of VA, 40 of PA */
#define G610_AS_PRESENT		0x000000ffu
#define G610_CSF_ID		0x040a0412u
#define G610_MAX_THREADS	0x00000800u
#define G610_MAX_WG_SIZE	0x00000400u
#define G610_MAX_BARRIER	0x00000400u
#define G610_THREAD_FEATURES	0x04010000u
#define G610_TEXTURE_FEATURES0	0xc1ffff9eu
#define G610_SHADER_PRESENT	0x00050005u
#define G610_L2_PRESENT		0x1u
#define G610_TILER_PRESENT	0x1u

#endif /* MALI_GPU_REGS_H */

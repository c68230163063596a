/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MMU registers, exception codes and descriptor bits of a Mali CSF GPU, as
 * the model implements them. Facts of the hardware: nothing here may be
 * changed to suit the model.
 */
#ifndef MALI_MMU_REGS_H
#define MALI_MMU_REGS_H

/*
 * Interrupt block. RAWSTAT has one bit for the pending fault of each AS, and
 * from bit 16 on one for a completed command of each AS.
 */
#define MALI_MMU_INT_BASE		0x2000u
#define MALI_MMU_INT_FAULT(as)		(1u << (as))
#define MALI_MMU_INT_COMPLETED(as)	(1u << (16 + (as)))

/* Address spaces: one block of registers each. */
#define MALI_MMU_AS_BASE		0x2400u
#define MALI_MMU_AS_STRIDE		0x40u
#define MALI_MMU_AS(as, reg)		(MALI_MMU_AS_BASE + (as) * MALI_MMU_AS_STRIDE + (reg))

#define MALI_AS_TRANSTAB		0x00u
#define MALI_AS_MEMATTR			0x08u
#define MALI_AS_LOCKADDR		0x10u
#define MALI_AS_COMMAND			0x18u
#define MALI_AS_FAULTSTATUS		0x1cu
#define MALI_AS_FAULTADDRESS		0x20u
#define MALI_AS_STATUS			0x28u
#define MALI_AS_TRANSCFG		0x30u
#define MALI_AS_FAULTEXTRA		0x38u

enum mali_as_command {
	MALI_AS_COMMAND_NOP,
	MALI_AS_COMMAND_UPDATE,
	MALI_AS_COMMAND_LOCK,
	MALI_AS_COMMAND_UNLOCK,
	MALI_AS_COMMAND_FLUSH_PT,
	MALI_AS_COMMAND_FLUSH_MEM,
};

#define MALI_AS_STATUS_ACTIVE		(1u << 0)

/* LOCKADDR: log2(size) - 1 in the low bits, the aligned address above. */
#define MALI_AS_LOCK_WIDTH_MASK		0x3fu
#define MALI_AS_LOCK_WIDTH_MIN		14u	/* 32 KiB */

#define MALI_AS_FAULTSTATUS_ACCESS_SHIFT	8
#define MALI_AS_FAULTSTATUS_SOURCE_SHIFT	16

/* MEMATTR: one byte for each attribute index. */
#define MALI_AS_MEMATTR_POLICY_MASK	(3u << 6)
#define MALI_AS_MEMATTR_FAULT		(3u << 6)

/* TRANSCFG */
#define MALI_AS_TRANSCFG_MODE_MASK	0xfu
#define MALI_AS_TRANSCFG_UNMAPPED	1u
#define MALI_AS_TRANSCFG_IDENTITY	2u
#define MALI_AS_TRANSCFG_AARCH64_4K	6u
#define MALI_AS_TRANSCFG_AARCH64_64K	8u
/* Both fields hold 55 minus the number of address bits. */
#define MALI_AS_TRANSCFG_INA_SHIFT	6
#define MALI_AS_TRANSCFG_OUTA_SHIFT	14
#define MALI_AS_TRANSCFG_BITS_MASK	0x1fu
#define MALI_AS_TRANSCFG_BITS_BASE	55u
#define MALI_AS_TRANSCFG_SL_CONCAT	(1ull << 22)
#define MALI_AS_TRANSCFG_NO_HIER_AP	(1ull << 33)
#define MALI_AS_TRANSCFG_NO_AF_FAULT	(1ull << 34)
#define MALI_AS_TRANSCFG_WXN		(1ull << 35)
#define MALI_AS_TRANSCFG_XREADABLE	(1ull << 36)

/*
 * Exception types that the MMU raises. The levelled ones are the code of
 * level 0; add the level.
 */
#define MALI_EXC_GPU_BUS_FAULT		0x80u
#define MALI_EXC_TRANSLATION_0		0xc0u
#define MALI_EXC_PERMISSION_0		0xc8u
#define MALI_EXC_ACCESS_FLAG_0		0xd8u
#define MALI_EXC_ADDR_SIZE_IN		0xe0u
#define MALI_EXC_ADDR_SIZE_OUT_0	0xe4u
#define MALI_EXC_MEM_ATTR_0		0xe8u

/* AArch64 stage-1 descriptors, 4 KiB granule. */
#define MALI_PTE_TYPE_MASK		3u
#define MALI_PTE_TYPE_BLOCK		1u	/* levels 1 and 2 */
#define MALI_PTE_TYPE_TABLE		3u	/* levels 0 to 2 */
#define MALI_PTE_TYPE_PAGE		3u	/* level 3 */
#define MALI_PTE_ATTR_SHIFT		2
#define MALI_PTE_ATTR_MASK		7u
#define MALI_PTE_AP_UNPRIV		(1ull << 6)
#define MALI_PTE_AP_RDONLY		(1ull << 7)
#define MALI_PTE_AF			(1ull << 10)
#define MALI_PTE_ADDR_MASK		0x0000fffffffff000ull
#define MALI_PTE_PXN			(1ull << 53)
#define MALI_PTE_UXN			(1ull << 54)
#define MALI_PTE_UXNTABLE		(1ull << 60)
#define MALI_PTE_APTABLE_NO_UNPRIV	(1ull << 61)
#define MALI_PTE_APTABLE_RDONLY		(1ull << 62)

/* What MMU_FEATURES of this GPU announces. */
#define MALI_MMU_VA_BITS		48u
#define MALI_MMU_PA_BITS		40u

#endif /* MALI_MMU_REGS_H */

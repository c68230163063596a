/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the MMU share, and nobody else includes:
 *
 *	mmu.c		creation, reset, registers
 *	command.c	UPDATE, LOCK, UNLOCK and the flushes
 *	access.c	memory, read and written through the MMU
 *	translate.c	one translation that the TLB's fast path left
 *	walk.c		the walk of the tables
 *	cache.c, cache.h TLB and walk cache
 *	fault.c		faults, and which accesses take the slow path
 *	peek.c		looking without side effects
 *
 * Calls go down that list, but that peek.c is called from outside only.
 */
#ifndef MALI_MMU_PARTS_H
#define MALI_MMU_PARTS_H

#include "mmu.h"
#include "mmu_regs.h"

#define ENTRIES			512
#define LEVELS			4

#define PERM(access)		(1u << (access))

/* log2 of the bytes that one descriptor of @level covers. */
static inline unsigned int level_shift(int level)
{
	return MALI_PAGE_SHIFT + 9 * (LEVELS - 1 - level);
}

static inline uint64_t low_mask(unsigned int bits)
{
	return bits >= 64 ? UINT64_MAX : (1ull << bits) - 1;
}

/* --- walk.c ------------------------------------------------------------- */

/**
 * struct walk - one walk, from the table it starts with to its end
 * @level: Level of @table[level], the table read next or last.
 * @table: Physical address of the table read at each level.
 * @page: Host page that holds it, or NULL.
 * @hier: Restrictions inherited by the entries of that table.
 * @desc: The descriptor read last.
 * @reads: Descriptors fetched.
 * @leaf: A block or page descriptor was found.
 * @exception: MALI_EXC_*, or 0.
 * @pa: Where the leaf points to.
 * @perms: What it permits.
 * @attr: Its MEMATTR byte.
 */
struct walk {
	int level;
	uint64_t table[LEVELS];
	uint8_t *page[LEVELS];
	uint8_t hier[LEVELS];
	uint64_t desc;
	unsigned int reads;
	bool leaf;
	uint8_t exception;
	uint64_t pa;
	uint8_t perms;
	uint8_t attr;
};

static inline bool beyond_pa(const struct mali_mmu_config *cfg, uint64_t pa)
{
	return pa >> cfg->pa_bits;
}

/* Number of entries that a table of @level has in this address space. */
static inline unsigned int table_entries(const struct mali_mmu_config *cfg,
					 int level)
{
	if (level != cfg->start_level)
		return ENTRIES;
	return 1u << (cfg->va_bits - level_shift(level));
}

static inline bool desc_is_table(uint64_t desc, int level)
{
	return level < LEVELS - 1 &&
	       (desc & MALI_PTE_TYPE_MASK) == MALI_PTE_TYPE_TABLE;
}

static inline bool desc_is_leaf(uint64_t desc, int level)
{
	if (level == LEVELS - 1)
		return (desc & MALI_PTE_TYPE_MASK) == MALI_PTE_TYPE_PAGE;
	return level > 0 && (desc & MALI_PTE_TYPE_MASK) == MALI_PTE_TYPE_BLOCK;
}

/* Start at the root; false when there is none to start from. */
bool mmu_walk_start(const struct mali_mmu *mmu, const struct mali_mmu_config *cfg,
		    struct walk *w);
/* From the table of w->level to a leaf or an exception. Has no side effect. */
void mmu_walk_run(const struct mali_mmu *mmu, const struct mali_mmu_config *cfg,
		  uint64_t va, struct walk *w);

/* --- fault.c ------------------------------------------------------------ */

enum mali_mmu_result mmu_make_fault(struct mali_mmu_fault *fault, uint64_t va,
				    enum mali_mmu_access access,
				    uint8_t exception);
/* Which accesses need more than a look into the TLB */
void mmu_update_slow(struct mali_mmu *mmu, unsigned int as);
void mmu_update_all_slow(struct mali_mmu *mmu);

/* --- command.c ---------------------------------------------------------- */

/* A command takes effect when it ends, which is at once unless it is slow. */
void mmu_command_start(struct mali_mmu *mmu, unsigned int as, uint32_t cmd);

#endif /* MALI_MMU_PARTS_H */

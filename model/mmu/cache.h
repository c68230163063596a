/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLB and walk cache: how their entries are found and entered. Inline, since all
 * that the TLB does not answer at once comes this way; cache.c drops entries.
 *
 * The same tag is never entered twice: who enters one has looked first.
 */
#ifndef MALI_MMU_CACHE_H
#define MALI_MMU_CACHE_H

#include "mmu_parts.h"

enum bank_id { BANK_PAGE, BANK_BLOCK, BANK_WALK3, BANK_WALK2, BANK_WALK1 };

static const struct bank {
	unsigned int first;
	unsigned int sets;
} banks[] = {
	[BANK_PAGE] = { 0, MALI_MMU_PAGE_SETS },
	[BANK_BLOCK] = { MALI_MMU_PAGE_SETS, MALI_MMU_BLOCK_SETS },
	[BANK_WALK3] = { MALI_MMU_PAGE_SETS + MALI_MMU_BLOCK_SETS,
			 MALI_MMU_WALK3_SETS },
	[BANK_WALK2] = { MALI_MMU_PAGE_SETS + MALI_MMU_BLOCK_SETS +
			 MALI_MMU_WALK3_SETS, MALI_MMU_WALK2_SETS },
	[BANK_WALK1] = { MALI_MMU_SETS - MALI_MMU_WALK1_SETS,
			 MALI_MMU_WALK1_SETS },
};

static inline unsigned int bank_set(enum bank_id id, unsigned int as, uint64_t va,
				    unsigned int shift)
{
	if (id == BANK_PAGE)
		return mali_mmu_page_set(as, va);
	return banks[id].first +
	       ((va >> shift ^ as << 3) & (banks[id].sets - 1));
}

/* @level is 0 in the page bank, which holds pages only. */
static inline uint64_t bank_tag(unsigned int as, uint64_t va, unsigned int shift,
				int level)
{
	return (va & ~low_mask(shift)) | as << MALI_MMU_TAG_AS_SHIFT |
	       (unsigned int)level << MALI_MMU_TAG_LEVEL_SHIFT |
	       MALI_MMU_TAG_VALID;
}

static inline const struct mali_mmu_entry *
mmu_cache_lookup(const struct mali_mmu *mmu, enum bank_id id, unsigned int as,
		 uint64_t va, unsigned int shift, int level)
{
	unsigned int set = bank_set(id, as, va, shift);
	uint64_t tag = bank_tag(as, va, shift, level);

	for (unsigned int way = 0; way < MALI_MMU_WAYS; way++) {
		if (mmu->tag[set][way] == tag)
			return &mmu->entry[set][way];
	}
	return NULL;
}

/* The caller looked first: the same tag is never entered twice. */
static inline const struct mali_mmu_entry *
mmu_cache_insert(struct mali_mmu *mmu, enum bank_id id, unsigned int as,
		 uint64_t va, unsigned int shift, int level,
		 const struct mali_mmu_entry *e)
{
	unsigned int set = bank_set(id, as, va, shift);
	unsigned int way = 0;

	while (way < MALI_MMU_WAYS && mmu->tag[set][way])
		way++;
	if (way == MALI_MMU_WAYS)
		way = mmu->victim[set]++ % MALI_MMU_WAYS;

	mmu->tag[set][way] = bank_tag(as, va, shift, level);
	mmu->entry[set][way] = *e;
	return &mmu->entry[set][way];
}

/* The bank that caches pointers to tables of @level. */
static inline enum bank_id walk_bank(int level)
{
	return BANK_WALK3 + (LEVELS - 1 - level);
}

/* Drop what @as has cached of [first, last]; all that it has cached. */
void mmu_cache_drop(struct mali_mmu *mmu, unsigned int as, uint64_t first,
		    uint64_t last);
void mmu_cache_drop_as(struct mali_mmu *mmu, unsigned int as);

#endif /* MALI_MMU_CACHE_H */

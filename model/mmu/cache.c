// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What makes TLB and walk cache forget.
 *
 * What caches keep is the point of this model: an entry stays until a command
 * drops it or another entry needs its place, whatever happens to the tables in
 * memory meanwhile. Do not add a drop that hardware would not do.
 */
#include <string.h>

#include "cache.h"

static bool entry_overlaps(uint64_t tag, const struct mali_mmu_entry *e,
			   uint64_t first, uint64_t last)
{
	uint64_t start = tag & MALI_PAGE_MASK & ~low_mask(e->shift);

	return start <= last && (start | low_mask(e->shift)) >= first;
}

static bool entry_within(uint64_t tag, const struct mali_mmu_entry *e,
			 uint64_t first, uint64_t last)
{
	uint64_t start = tag & MALI_PAGE_MASK & ~low_mask(e->shift);

	return start >= first && (start | low_mask(e->shift)) <= last;
}

/*
 * Drop what @as has cached of [first, last], translations and table pointers
 * alike. A descriptor goes as a whole: a page of a block leaves with the
 * block even where the page itself lies outside. Whether hardware drops tables
 * whose span is wider than the region is not known: MALI_IGNORE_AS_WIDER is for
 * drivers that do not count on it.
 */
void mmu_cache_drop(struct mali_mmu *mmu, unsigned int as, uint64_t first,
		    uint64_t last)
{
	uint64_t want = as << MALI_MMU_TAG_AS_SHIFT | MALI_MMU_TAG_VALID;
	uint64_t mask = MALI_MMU_TAG_AS_MASK | MALI_MMU_TAG_VALID;

	for (unsigned int set = 0; set < MALI_MMU_SETS; set++) {
		for (unsigned int way = 0; way < MALI_MMU_WAYS; way++) {
			uint64_t tag = mmu->tag[set][way];
			const struct mali_mmu_entry *e = &mmu->entry[set][way];
			bool wider = set >= banks[BANK_WALK3].first &&
				     mmu->ignore & MALI_IGNORE_AS_WIDER;

			if ((tag & mask) == want &&
			    (wider ? entry_within(tag, e, first, last) :
				     entry_overlaps(tag, e, first, last)))
				mmu->tag[set][way] = 0;
		}
	}
}

void mmu_cache_drop_as(struct mali_mmu *mmu, unsigned int as)
{
	mmu_cache_drop(mmu, as, 0, UINT64_MAX);
}

void mali_mmu_drop_all(struct mali_mmu *mmu)
{
	memset(mmu->tag, 0, sizeof(mmu->tag));
	memset(mmu->victim, 0, sizeof(mmu->victim));
	for (unsigned int as = 0; as < MALI_NUM_AS; as++)
		mmu->as[as].generation++;
}

void mali_mmu_rearm(struct mali_mmu *mmu)
{
	mmu_update_all_slow(mmu);
	for (unsigned int set = 0; set < MALI_MMU_SETS; set++)
		for (unsigned int way = 0; way < MALI_MMU_WAYS; way++)
			mmu->entry[set][way].page = NULL;
	for (unsigned int as = 0; as < MALI_NUM_AS; as++)
		mmu->as[as].generation++;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOMMU of the selftests reads its page table as hardware does that caches tables
 * and translations for as long as it may, and forgets them only where a flush says so.
 * A walk notices if it would have used a table or a translation that the page table
 * does not have there any more: a flush was left out, or was of too little. It does not
 * follow what is stale, which can be freed memory.
 */
#define AMDV1_IOMMUFD_SELFTEST 1
#define PT_FMT amdv1
#include <linux/generic_pt/common.h>
#include "../generic_pt/fmt/defs_amdv1.h"
#include "../generic_pt/pt_defs.h"
#include "../generic_pt/fmt/amdv1.h"
#include "../generic_pt/pt_common.h"
#include "../generic_pt/pt_iter.h"

#include <linux/cleanup.h>
#include <linux/rcupdate.h>

#include "../iommu-pages.h"
#include "mock_walk.h"

struct mock_walk_path {
	unsigned int nr;
	struct mock_walk_entry steps[PT_MAX_TOP_LEVEL + 1];
};

static struct mock_walk_entry mock_walk_step(struct pt_state *pts, u64 iova)
{
	bool leaf = pts->type == PT_ENTRY_OA;
	unsigned int lg2sz = leaf ? pt_entry_oa_lg2sz(pts) : pt_table_item_lg2sz(pts);

	return (struct mock_walk_entry){
		.iova = log2_set_mod(iova, 0, lg2sz),
		.last = log2_set_mod_max(iova, lg2sz),
		.level = pts->level - !leaf,
		.leaf = leaf,
		.pa = leaf ? pt_entry_oa(pts) : pt_table_pa(pts),
	};
}

/* What is in the page table now. The last step is a leaf, or the walk faults */
static void mock_walk_look(struct pt_iommu *iommu_table, u64 iova,
			   struct mock_walk_path *path)
{
	struct pt_range range = pt_make_range(common_from_iommu(iommu_table), iova, iova);
	struct pt_state pts = pt_init_top(&range);

	path->nr = 0;
	for (;;) {
		pts.type = pt_load_single_entry(&pts);
		if (pts.type == PT_ENTRY_EMPTY)
			return;
		path->steps[path->nr++] = mock_walk_step(&pts, iova);
		if (pts.type == PT_ENTRY_OA)
			return;
		pts = pt_init(&range, pts.level - 1, pt_table_ptr(&pts));
	}
}

static bool mock_walk_same(const struct mock_walk_entry *a, const struct mock_walk_entry *b)
{
	return a->iova == b->iova && a->last == b->last && a->level == b->level &&
	       a->leaf == b->leaf && a->pa == b->pa;
}

/* Takes away from @path what is cached. False if something else is, for @iova */
static bool mock_walk_cached(struct mock_walk_cache *cache, u64 iova,
			     struct mock_walk_path *path)
{
	for (unsigned int i = 0; i != MOCK_WALK_ENTRIES; i++) {
		const struct mock_walk_entry *entry = &cache->entries[i];
		unsigned int step = 0;

		if (!entry->last || iova < entry->iova || iova > entry->last)
			continue;
		while (step != path->nr && !mock_walk_same(entry, &path->steps[step]))
			step++;
		if (step == path->nr)
			return false;
		path->steps[step] = path->steps[--path->nr];
	}
	return true;
}

/**
 * mock_walk - Translate an address as the hardware would
 * @cache: What it knows
 * @iommu_table: The page table
 * @iova: The address
 *
 * Nobody else changes the page table at @iova meanwhile.
 *
 * Return: where @iova is, 0 if it is not mapped, or MOCK_WALK_STALE.
 */
phys_addr_t mock_walk(struct mock_walk_cache *cache, struct pt_iommu *iommu_table,
		      u64 iova)
{
	struct mock_walk_path path;
	phys_addr_t pa = 0;

	guard(spinlock)(&cache->lock);
	guard(rcu)();
	mock_walk_look(iommu_table, iova, &path);
	if (path.nr && path.steps[path.nr - 1].leaf)
		pa = path.steps[path.nr - 1].pa + (iova - path.steps[path.nr - 1].iova);
	if (!mock_walk_cached(cache, iova, &path))
		return MOCK_WALK_STALE;
	while (path.nr)
		cache->entries[cache->next++ % MOCK_WALK_ENTRIES] = path.steps[--path.nr];
	return pa;
}

/**
 * mock_walk_flush - Forget what a gather says
 * @cache: What the hardware knows
 * @gather: What it shall forget: translations in its range, and tables of which all is
 *	in its range if entries for tables changed
 */
void mock_walk_flush(struct mock_walk_cache *cache, struct iommu_iotlb_gather *gather)
{
	bool leaves = iommu_iotlb_gather_leaves(gather);

	guard(spinlock)(&cache->lock);
	for (unsigned int i = 0; i != MOCK_WALK_ENTRIES; i++) {
		struct mock_walk_entry *entry = &cache->entries[i];

		if (entry->leaf ? entry->iova <= gather->end && entry->last >= gather->start :
				  !leaves && entry->iova >= gather->start &&
					  entry->last <= gather->end)
			*entry = (struct mock_walk_entry){};
	}
}

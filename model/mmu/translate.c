// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Translation that the TLB's fast path in mmu.h left: locks, faults on request,
 * blocks, misses.
 *
 * Invariant: what ends in a fault of the walk leaves nothing in the TLB, but the
 * tables that it went through in the walk cache; a fault of permission leaves
 * the translation. UNMAPPED, and modes not modelled, raise a translation fault
 * of level 0.
 */
#include <inttypes.h>

#include "cache.h"

/* What Linux fills free slab objects and free pages with (linux/poison.h) */
#define MALI_POISON_SLAB	0x6b6b6b6b6b6b6b6bull
#define MALI_POISON_PAGE	0xaaaaaaaaaaaaaaaaull

#define PERM_ALL		(PERM(MALI_ACCESS_ATOMIC) | \
				 PERM(MALI_ACCESS_EXECUTE) | \
				 PERM(MALI_ACCESS_READ) | \
				 PERM(MALI_ACCESS_WRITE))

/* Start at the deepest table that the walk cache knows; true on a hit. */
static bool walk_start_cached(const struct mali_mmu *mmu, unsigned int as,
			      uint64_t va, struct walk *w)
{
	int start = mmu->as[as].cfg.start_level;

	for (int level = LEVELS - 1; level > start; level--) {
		const struct mali_mmu_entry *e;

		e = mmu_cache_lookup(mmu, walk_bank(level), as, va,
				     level_shift(level - 1), level);
		if (!e)
			continue;
		*w = (struct walk){ .level = level };
		w->table[level] = e->pa;
		w->page[level] = e->page;
		w->hier[level] = e->perms;
		return true;
	}
	return false;
}

/* Remember the tables that a walk found below @from, the one it started at. */
static void walk_remember(struct mali_mmu *mmu, unsigned int as, uint64_t va,
			  const struct walk *w, int from)
{
	for (int level = from + 1; level <= w->level; level++) {
		struct mali_mmu_entry e = {
			.pa = w->table[level],
			.page = w->page[level],
			.perms = w->hier[level],
			.level = level,
			.shift = level_shift(level - 1),
		};

		mmu_cache_insert(mmu, walk_bank(level), as, va, e.shift, level, &e);
	}
}

/*
 * A kernel that poisons what it frees (slab_debug=P, page_poison=1) fills it with
 * a byte. A walk that reads a whole descriptor of it went through a table that
 * was freed too early: the fault that follows says nothing of the sort.
 */
static void check_poison(struct mali_mmu *mmu, unsigned int as, uint64_t va,
			 const struct walk *w)
{
	if (w->desc != MALI_POISON_SLAB && w->desc != MALI_POISON_PAGE)
		return;
	mmu->stats->poisoned_walks++;
	mali_guest_error(mmu->base, "mmu: AS %u: the walk of 0x%" PRIx64
		    " reads a freed table of level %d at 0x%" PRIx64, as, va,
		    w->level, w->table[w->level]);
}

/* Enter the page of @va, whose descriptor covers 1 << @shift bytes. */
static const struct mali_mmu_entry *
tlb_insert_page(struct mali_mmu *mmu, unsigned int as, uint64_t va,
		const struct mali_mmu_entry *of)
{
	struct mali_mmu_entry e = *of;

	e.pa = (of->pa | (va & low_mask(of->shift))) & MALI_PAGE_MASK;
	e.page = mali_page_ptr(mmu->base, e.pa);
	return mmu_cache_insert(mmu, BANK_PAGE, as, va, MALI_PAGE_SHIFT, 0, &e);
}

static const struct mali_mmu_entry *
tlb_lookup_block(struct mali_mmu *mmu, unsigned int as, uint64_t va)
{
	for (int level = 2; level > 0; level--) {
		const struct mali_mmu_entry *e;

		e = mmu_cache_lookup(mmu, BANK_BLOCK, as, va, level_shift(level),
				     level);
		if (e)
			return e;
	}
	return NULL;
}

static const struct mali_mmu_entry *
tlb_lookup(struct mali_mmu *mmu, unsigned int as, uint64_t va)
{
	const struct mali_mmu_entry *e = mali_mmu_page_lookup(mmu, as, va);

	if (e)
		return e;
	e = tlb_lookup_block(mmu, as, va);
	return e ? tlb_insert_page(mmu, as, va, e) : NULL;
}

static const struct mali_mmu_entry *
tlb_fill_walk(struct mali_mmu *mmu, unsigned int as, uint64_t va,
	      uint8_t *exception)
{
	const struct mali_mmu_config *cfg = &mmu->as[as].cfg;
	struct mali_mmu_entry e;
	struct walk w;
	int from;

	if (walk_start_cached(mmu, as, va, &w)) {
		mmu->stats->walk_cache_hits++;
	} else if (!mmu_walk_start(mmu, cfg, &w)) {
		*exception = w.exception;
		return NULL;
	}

	from = w.level;
	mmu_walk_run(mmu, cfg, va, &w);
	mmu->stats->table_reads += w.reads;
	walk_remember(mmu, as, va, &w, from);
	if (w.exception) {
		check_poison(mmu, as, va, &w);
		*exception = w.exception;
		return NULL;
	}

	e = (struct mali_mmu_entry){
		.pa = w.pa & ~low_mask(level_shift(w.level)),
		.perms = w.perms,
		.attr = w.attr,
		.level = w.level,
		.shift = level_shift(w.level),
	};
	if (w.level < LEVELS - 1)
		mmu_cache_insert(mmu, BANK_BLOCK, as, va, e.shift, w.level, &e);
	return tlb_insert_page(mmu, as, va, &e);
}

static const struct mali_mmu_entry *
tlb_fill(struct mali_mmu *mmu, unsigned int as, uint64_t va,
	 uint8_t *exception)
{
	const struct mali_mmu_config *cfg = &mmu->as[as].cfg;
	struct mali_mmu_entry identity = {
		.pa = va & MALI_PAGE_MASK,
		.perms = PERM_ALL,
		.attr = cfg->memattr,
		.shift = MALI_PAGE_SHIFT,
	};

	switch (cfg->mode) {
	case MALI_MMU_MODE_IDENTITY:
		if (beyond_pa(cfg, va)) {
			*exception = MALI_EXC_ADDR_SIZE_OUT_0;
			return NULL;
		}
		return tlb_insert_page(mmu, as, va, &identity);
	case MALI_MMU_MODE_4K:
		if (va >> cfg->va_bits) {
			*exception = MALI_EXC_ADDR_SIZE_IN;
			return NULL;
		}
		return tlb_fill_walk(mmu, as, va, exception);
	default:
		*exception = MALI_EXC_TRANSLATION_0;
		return NULL;
	}
}

static bool as_locks(const struct mali_mmu *mmu, unsigned int as, uint64_t va)
{
	const struct mali_mmu_as *a = &mmu->as[as];

	return a->locked && !(mmu->ignore & MALI_IGNORE_AS_LOCK) &&
	       va >= a->lock_first && va <= a->lock_last;
}

/* The access faults on request, which may have been the last such fault. */
static bool injected_fault(struct mali_mmu *mmu, unsigned int as, uint64_t va,
			   uint8_t *exception)
{
	if (!(mmu->slow_mask >> as & 1) ||
	    !mali_inject_fault(mmu->base, as, va, exception))
		return false;
	mmu_update_all_slow(mmu);
	return true;
}

enum mali_mmu_result
mali_mmu_translate_slow(struct mali_mmu *mmu, unsigned int as, uint64_t va,
			enum mali_mmu_access access,
			struct mali_mmu_xlat *xlat,
			struct mali_mmu_fault *fault)
{
	const struct mali_mmu_entry *e;
	uint8_t exception = 0;

	if (as >= MALI_NUM_AS)
		return mmu_make_fault(fault, va, access, MALI_EXC_TRANSLATION_0);
	if (as_locks(mmu, as, va))
		return MALI_MMU_STALL;
	if (injected_fault(mmu, as, va, &exception))
		return mmu_make_fault(fault, va, access, exception);

	e = tlb_lookup(mmu, as, va);
	if (e) {
		mmu->stats->tlb_hits++;
	} else {
		mmu->stats->tlb_misses++;
		e = tlb_fill(mmu, as, va, &exception);
		if (!e)
			return mmu_make_fault(fault, va, access, exception);
	}
	if (!(e->perms >> access & 1))
		return mmu_make_fault(fault, va, access,
				  MALI_EXC_PERMISSION_0 + e->level);

	xlat->pa = e->pa | (va & ~MALI_PAGE_MASK);
	xlat->page = e->page;
	xlat->attr = e->attr;
	return MALI_MMU_OK;
}

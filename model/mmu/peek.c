// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking at address spaces, for tests and people.
 *
 * Invariant: nothing that the guest or the GPU can notice changes, neither TLB,
 * walk cache, counters nor fault registers, nor is a bus error used up.
 */
#include <string.h>

#include "cache.h"

static void peek_cached(const struct mali_mmu *mmu, unsigned int as,
			uint64_t va, struct mali_translation *t)
{
	const struct mali_mmu_entry *e = mali_mmu_page_lookup(mmu, as, va);
	uint64_t offset = ~MALI_PAGE_MASK;

	for (int level = 2; !e && level > 0; level--) {
		offset = low_mask(level_shift(level));
		e = mmu_cache_lookup(mmu, BANK_BLOCK, as, va, level_shift(level),
				     level);
	}
	if (!e)
		return;
	t->cached = true;
	t->cached_pa = e->pa | (va & offset);
}

static void peek_walk(const struct mali_mmu *mmu,
		      const struct mali_mmu_config *cfg, uint64_t va,
		      struct mali_translation *t)
{
	struct walk w;

	mali_looking(mmu->base, true);
	if (mmu_walk_start(mmu, cfg, &w))
		mmu_walk_run(mmu, cfg, va, &w);
	mali_looking(mmu->base, false);

	memcpy(t->tables, w.table, sizeof(t->tables));
	t->level = w.level;
	t->desc = w.desc;
	t->page_size = 1ull << level_shift(w.level);
	t->mapped = w.leaf;
	t->pa = w.pa;
	t->readable = w.perms & PERM(MALI_ACCESS_READ);
	t->writable = w.perms & PERM(MALI_ACCESS_WRITE);
	t->executable = w.perms & PERM(MALI_ACCESS_EXECUTE);
}

int mali_mmu_translate_peek(const struct mali_mmu *mmu, unsigned int as,
			    uint64_t va, struct mali_translation *t)
{
	const struct mali_mmu_config *cfg;

	memset(t, 0, sizeof(*t));
	if (!mali_mmu_as_enabled(mmu, as))
		return -1;
	cfg = &mmu->as[as].cfg;

	if (cfg->mode == MALI_MMU_MODE_IDENTITY) {
		if (beyond_pa(cfg, va))
			return -1;
		t->mapped = true;
		t->readable = true;
		t->writable = true;
		t->executable = true;
		t->pa = va;
		t->page_size = MALI_PAGE_SIZE;
	} else {
		if (va >> cfg->va_bits)
			return -1;
		peek_walk(mmu, cfg, va, t);
	}
	peek_cached(mmu, as, va, t);
	return 0;
}

struct visit {
	const struct mali_mmu *mmu;
	const struct mali_mmu_config *cfg;
	mali_table_fn *fn;
	void *opaque;
	long count;
	long looks;
};

static void visit_table(struct visit *v, uint64_t pa, int level)
{
	unsigned int entries = table_entries(v->cfg, level);
	uint64_t desc[ENTRIES];
	unsigned int valid = 0;

	/* Also entries that name no memory take time, and tables may name each other */
	if (v->looks++ >= MALI_MMU_MAX_TABLES || beyond_pa(v->cfg, pa) ||
	    mali_mem_read(v->mmu->mem, pa, desc,
			  entries * sizeof(desc[0])))
		return;

	for (unsigned int i = 0; i < entries; i++) {
		desc[i] = mali_le64(desc[i]);
		valid += desc_is_table(desc[i], level) ||
			 desc_is_leaf(desc[i], level);
	}
	v->count++;
	v->fn(v->opaque, pa, level, valid);

	for (unsigned int i = 0; i < entries; i++) {
		if (desc_is_table(desc[i], level))
			visit_table(v, desc[i] & MALI_PTE_ADDR_MASK, level + 1);
	}
}

long mali_mmu_walk_tables(const struct mali_mmu *mmu, unsigned int as,
			  mali_table_fn *fn, void *opaque)
{
	struct visit v = {
		.mmu = mmu,
		.fn = fn,
		.opaque = opaque,
	};

	if (!mali_mmu_as_enabled(mmu, as))
		return -1;
	v.cfg = &mmu->as[as].cfg;
	mali_looking(mmu->base, true);
	if (v.cfg->mode == MALI_MMU_MODE_4K)
		visit_table(&v, v.cfg->root, v.cfg->start_level);
	mali_looking(mmu->base, false);
	return v.count;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The walk of AArch64 stage-1 tables in guest memory.
 *
 * A walk has no side effect: it fills a struct walk, and translate.c or peek.c
 * make of it what they need. Of several reasons to fault, the first of address
 * size, access flag and memory attribute is raised; permissions are the
 * access's, and checked after it. GPU accesses are unprivileged: AP[1] and UXN
 * count, PXN does not. XREADABLE makes every executable page readable. A bus
 * error of a walk is GPU_BUS_FAULT.
 */
#include "mmu_parts.h"

/* Restrictions that table descriptors hand down. */
#define HIER_NO_UNPRIV		(1u << 0)
#define HIER_RDONLY		(1u << 1)
#define HIER_XN			(1u << 2)

static bool read_desc(const struct mali_mmu *mmu, struct walk *w, uint64_t va)
{
	uint64_t idx = va >> level_shift(w->level) & (ENTRIES - 1);
	uint64_t pa = w->table[w->level] + idx * sizeof(uint64_t);
	const uint8_t *page = w->page[w->level];

	w->reads++;
	if (page) {
		w->desc = mali_load64(page + (pa & ~MALI_PAGE_MASK));
		return true;
	}
	if (mali_mem_read(mmu->mem, pa, &w->desc, sizeof(w->desc))) {
		w->desc = 0;
		return false;
	}
	w->desc = mali_le64(w->desc);
	return true;
}

static uint8_t table_hier(const struct mali_mmu_config *cfg, uint64_t desc)
{
	uint8_t hier = 0;

	if (cfg->transcfg & MALI_AS_TRANSCFG_NO_HIER_AP)
		return 0;
	if (desc & MALI_PTE_APTABLE_NO_UNPRIV)
		hier |= HIER_NO_UNPRIV;
	if (desc & MALI_PTE_APTABLE_RDONLY)
		hier |= HIER_RDONLY;
	if (desc & MALI_PTE_UXNTABLE)
		hier |= HIER_XN;
	return hier;
}

static uint8_t leaf_perms(const struct mali_mmu_config *cfg, uint64_t desc,
			  uint8_t hier)
{
	bool read = (desc & MALI_PTE_AP_UNPRIV) && !(hier & HIER_NO_UNPRIV);
	bool write = read && !(desc & MALI_PTE_AP_RDONLY) &&
		     !(hier & HIER_RDONLY);
	bool exec = !(desc & MALI_PTE_UXN) && !(hier & HIER_XN);

	if (write && (cfg->transcfg & MALI_AS_TRANSCFG_WXN))
		exec = false;
	if (exec && (cfg->transcfg & MALI_AS_TRANSCFG_XREADABLE))
		read = true;

	return (read ? PERM(MALI_ACCESS_READ) : 0) |
	       (write ? PERM(MALI_ACCESS_WRITE) : 0) |
	       (read && write ? PERM(MALI_ACCESS_ATOMIC) : 0) |
	       (exec ? PERM(MALI_ACCESS_EXECUTE) : 0);
}

static void walk_leaf(const struct mali_mmu_config *cfg, struct walk *w,
		      uint64_t va)
{
	uint64_t offset = low_mask(level_shift(w->level));
	uint64_t base = w->desc & MALI_PTE_ADDR_MASK & ~offset;
	unsigned int idx = w->desc >> MALI_PTE_ATTR_SHIFT & MALI_PTE_ATTR_MASK;

	w->leaf = true;
	w->pa = base | (va & offset);
	w->attr = cfg->memattr >> (8 * idx);

	if (beyond_pa(cfg, base))
		w->exception = MALI_EXC_ADDR_SIZE_OUT_0 + w->level;
	else if (!(w->desc & MALI_PTE_AF) &&
		 !(cfg->transcfg & MALI_AS_TRANSCFG_NO_AF_FAULT))
		w->exception = MALI_EXC_ACCESS_FLAG_0 + w->level;
	else if ((w->attr & MALI_AS_MEMATTR_POLICY_MASK) ==
		 MALI_AS_MEMATTR_FAULT)
		w->exception = MALI_EXC_MEM_ATTR_0 + w->level;
	else
		w->perms = leaf_perms(cfg, w->desc, w->hier[w->level]);
}

/* Go down to the table that w->desc points to; false when it cannot be. */
static bool walk_down(const struct mali_mmu *mmu,
		      const struct mali_mmu_config *cfg, struct walk *w)
{
	uint64_t next = w->desc & MALI_PTE_ADDR_MASK;
	uint8_t hier = w->hier[w->level] | table_hier(cfg, w->desc);

	if (beyond_pa(cfg, next)) {
		w->exception = MALI_EXC_ADDR_SIZE_OUT_0 + w->level;
		return false;
	}
	w->level++;
	w->table[w->level] = next;
	w->page[w->level] = mali_page_ptr(mmu->base, next);
	w->hier[w->level] = hier;
	return true;
}

void mmu_walk_run(const struct mali_mmu *mmu,
		  const struct mali_mmu_config *cfg, uint64_t va,
		  struct walk *w)
{
	do {
		if (!read_desc(mmu, w, va)) {
			w->exception = MALI_EXC_GPU_BUS_FAULT;
			return;
		}
		if (desc_is_leaf(w->desc, w->level)) {
			walk_leaf(cfg, w, va);
			return;
		}
		if (!desc_is_table(w->desc, w->level)) {
			w->exception = MALI_EXC_TRANSLATION_0 + w->level;
			return;
		}
	} while (walk_down(mmu, cfg, w));
}

bool mmu_walk_start(const struct mali_mmu *mmu,
		    const struct mali_mmu_config *cfg, struct walk *w)
{
	*w = (struct walk){ .level = cfg->start_level };
	if (beyond_pa(cfg, cfg->root)) {
		w->exception = MALI_EXC_ADDR_SIZE_OUT_0;
		return false;
	}
	w->table[w->level] = cfg->root;
	w->page[w->level] = mali_page_ptr(mmu->base, cfg->root);
	return true;
}

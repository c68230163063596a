// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The GPU's MMU: registers and commands of the address spaces, the walk of
 * AArch64 stage-1 tables in guest memory, TLB, walk cache and faults.
 *
 * What caches keep is the point of this file: an entry stays until a command
 * drops it or another entry needs its place, whatever happens to the tables
 * in memory meanwhile. Do not add a drop that hardware would not do.
 *
 * Where the public headers leave the hardware open, the model takes this:
 *  - GPU accesses are unprivileged: AP[1] and UXN count, PXN does not.
 *  - Of several reasons to fault, the first of address size, access flag,
 *    memory attribute, permission is raised; all but the last are found by
 *    the walk and leave nothing in the TLB.
 *  - UNMAPPED, and modes not modelled, raise a translation fault of level 0.
 *  - XREADABLE makes every executable page readable.
 *  - LOCK survives UPDATE; UNLOCK, FLUSH_PT and FLUSH_MEM end it, and UNLOCK
 *    without a lock does nothing.
 *  - A bus error of a walk or of the access itself is GPU_BUS_FAULT.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include "mmu.h"

#define ENTRIES			512

/* What Linux fills free slab objects and free pages with (linux/poison.h) */
#define MALI_POISON_SLAB	0x6b6b6b6b6b6b6b6bull
#define MALI_POISON_PAGE	0xaaaaaaaaaaaaaaaaull
#define LEVELS			4

/* Restrictions that table descriptors hand down. */
#define HIER_NO_UNPRIV		(1u << 0)
#define HIER_RDONLY		(1u << 1)
#define HIER_XN			(1u << 2)

#define PERM(access)		(1u << (access))
#define PERM_ALL		(PERM(MALI_ACCESS_ATOMIC) | \
				 PERM(MALI_ACCESS_EXECUTE) | \
				 PERM(MALI_ACCESS_READ) | \
				 PERM(MALI_ACCESS_WRITE))

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

/* log2 of the bytes that one descriptor of @level covers. */
static unsigned int level_shift(int level)
{
	return MALI_PAGE_SHIFT + 9 * (LEVELS - 1 - level);
}

static uint64_t low_mask(unsigned int bits)
{
	return bits >= 64 ? UINT64_MAX : (1ull << bits) - 1;
}

static void __attribute__((format(printf, 2, 3)))
guest_error(const struct mali_mmu *mmu, const char *fmt, ...)
{
	char msg[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	mmu->ops->guest_error(mmu->host, msg);
}

static const uint8_t *host_page(const struct mali_mmu *mmu, uint64_t pa)
{
	return mmu->ops->page_ptr(mmu->host, pa & MALI_PAGE_MASK);
}

/* --- Caches -------------------------------------------------------------- */

static unsigned int bank_set(enum bank_id id, unsigned int as, uint64_t va,
			     unsigned int shift)
{
	if (id == BANK_PAGE)
		return mali_mmu_page_set(as, va);
	return banks[id].first +
	       ((va >> shift ^ as << 3) & (banks[id].sets - 1));
}

/* @level is 0 in the page bank, which holds pages only. */
static uint64_t bank_tag(unsigned int as, uint64_t va, unsigned int shift,
			 int level)
{
	return (va & ~low_mask(shift)) | as << MALI_MMU_TAG_AS_SHIFT |
	       (unsigned int)level << MALI_MMU_TAG_LEVEL_SHIFT |
	       MALI_MMU_TAG_VALID;
}

static const struct mali_mmu_entry *
cache_lookup(const struct mali_mmu *mmu, enum bank_id id, unsigned int as,
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
static const struct mali_mmu_entry *
cache_insert(struct mali_mmu *mmu, enum bank_id id, unsigned int as,
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
static void cache_drop(struct mali_mmu *mmu, unsigned int as, uint64_t first,
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

static void cache_drop_as(struct mali_mmu *mmu, unsigned int as)
{
	cache_drop(mmu, as, 0, UINT64_MAX);
}

/* The bank that caches pointers to tables of @level. */
static enum bank_id walk_bank(int level)
{
	return BANK_WALK3 + (LEVELS - 1 - level);
}

/* --- The walk ------------------------------------------------------------ */

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
	const uint8_t *page[LEVELS];
	uint8_t hier[LEVELS];
	uint64_t desc;
	unsigned int reads;
	bool leaf;
	uint8_t exception;
	uint64_t pa;
	uint8_t perms;
	uint8_t attr;
};

static bool beyond_pa(const struct mali_mmu_config *cfg, uint64_t pa)
{
	return pa >> cfg->pa_bits;
}

/* Number of entries that a table of @level has in this address space. */
static unsigned int table_entries(const struct mali_mmu_config *cfg, int level)
{
	if (level != cfg->start_level)
		return ENTRIES;
	return 1u << (cfg->va_bits - level_shift(level));
}

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
	if (mmu->ops->mem_read(mmu->host, pa, &w->desc, sizeof(w->desc))) {
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

static bool desc_is_table(uint64_t desc, int level)
{
	return level < LEVELS - 1 &&
	       (desc & MALI_PTE_TYPE_MASK) == MALI_PTE_TYPE_TABLE;
}

static bool desc_is_leaf(uint64_t desc, int level)
{
	if (level == LEVELS - 1)
		return (desc & MALI_PTE_TYPE_MASK) == MALI_PTE_TYPE_PAGE;
	return level > 0 && (desc & MALI_PTE_TYPE_MASK) == MALI_PTE_TYPE_BLOCK;
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
	w->page[w->level] = host_page(mmu, next);
	w->hier[w->level] = hier;
	return true;
}

/* From the table of w->level to a leaf or an exception. Has no side effect. */
static void walk_run(const struct mali_mmu *mmu,
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

/* Start at the root; false when there is none to start from. */
static bool walk_start(const struct mali_mmu *mmu,
		       const struct mali_mmu_config *cfg, struct walk *w)
{
	*w = (struct walk){ .level = cfg->start_level };
	if (beyond_pa(cfg, cfg->root)) {
		w->exception = MALI_EXC_ADDR_SIZE_OUT_0;
		return false;
	}
	w->table[w->level] = cfg->root;
	w->page[w->level] = host_page(mmu, cfg->root);
	return true;
}

/* --- Translation --------------------------------------------------------- */

/* Start at the deepest table that the walk cache knows; true on a hit. */
static bool walk_start_cached(const struct mali_mmu *mmu, unsigned int as,
			      uint64_t va, struct walk *w)
{
	int start = mmu->as[as].cfg.start_level;

	for (int level = LEVELS - 1; level > start; level--) {
		const struct mali_mmu_entry *e;

		e = cache_lookup(mmu, walk_bank(level), as, va,
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

		cache_insert(mmu, walk_bank(level), as, va, e.shift, level, &e);
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
	guest_error(mmu, "mmu: AS %u: the walk of 0x%" PRIx64
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
	e.page = host_page(mmu, e.pa);
	return cache_insert(mmu, BANK_PAGE, as, va, MALI_PAGE_SHIFT, 0, &e);
}

static const struct mali_mmu_entry *
tlb_lookup_block(struct mali_mmu *mmu, unsigned int as, uint64_t va)
{
	for (int level = 2; level > 0; level--) {
		const struct mali_mmu_entry *e;

		e = cache_lookup(mmu, BANK_BLOCK, as, va, level_shift(level),
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
	} else if (!walk_start(mmu, cfg, &w)) {
		*exception = w.exception;
		return NULL;
	}

	from = w.level;
	walk_run(mmu, cfg, va, &w);
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
		cache_insert(mmu, BANK_BLOCK, as, va, e.shift, w.level, &e);
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

static enum mali_mmu_result make_fault(struct mali_mmu_fault *fault,
				       uint64_t va,
				       enum mali_mmu_access access,
				       uint8_t exception)
{
	*fault = (struct mali_mmu_fault){
		.va = va,
		.exception = exception,
		.access = access,
	};
	return MALI_MMU_FAULT;
}

static bool as_locks(const struct mali_mmu *mmu, unsigned int as, uint64_t va)
{
	const struct mali_mmu_as *a = &mmu->as[as];

	return a->locked && !(mmu->ignore & MALI_IGNORE_AS_LOCK) &&
	       va >= a->lock_first && va <= a->lock_last;
}

static bool as_injected(const struct mali_mmu *mmu, unsigned int as)
{
	const struct mali_mmu_injection *in = &mmu->inject;

	return in->count && (in->as < 0 ? as != 0 : (unsigned int)in->as == as);
}

/* Which accesses need more than a look into the TLB */
static void update_slow(struct mali_mmu *mmu, unsigned int as)
{
	bool holds = mmu->as[as].locked && !(mmu->ignore & MALI_IGNORE_AS_LOCK);

	if (holds || as_injected(mmu, as))
		mmu->slow_mask |= 1u << as;
	else
		mmu->slow_mask &= ~(1u << as);
}

static void update_all_slow(struct mali_mmu *mmu)
{
	for (unsigned int as = 0; as < MALI_NUM_AS; as++)
		update_slow(mmu, as);
}

/* The access faults on request */
static bool injected_fault(struct mali_mmu *mmu, unsigned int as, uint64_t va,
			   uint8_t *exception)
{
	if (!as_injected(mmu, as) || (va & MALI_PAGE_MASK) != mmu->inject.page)
		return false;
	*exception = mmu->inject.exception;
	if (!--mmu->inject.count)
		update_all_slow(mmu);
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
		return make_fault(fault, va, access, MALI_EXC_TRANSLATION_0);
	if (as_locks(mmu, as, va))
		return MALI_MMU_STALL;
	if (injected_fault(mmu, as, va, &exception))
		return make_fault(fault, va, access, exception);

	e = tlb_lookup(mmu, as, va);
	if (e) {
		mmu->stats->tlb_hits++;
	} else {
		mmu->stats->tlb_misses++;
		e = tlb_fill(mmu, as, va, &exception);
		if (!e)
			return make_fault(fault, va, access, exception);
	}
	if (!(e->perms >> access & 1))
		return make_fault(fault, va, access,
				  MALI_EXC_PERMISSION_0 + e->level);

	xlat->pa = e->pa | (va & ~MALI_PAGE_MASK);
	xlat->page = e->page;
	xlat->attr = e->attr;
	return MALI_MMU_OK;
}

/* --- Memory -------------------------------------------------------------- */

static size_t page_part(uint64_t va, size_t len)
{
	size_t left = MALI_PAGE_SIZE - (va & ~MALI_PAGE_MASK);

	return len < left ? len : left;
}

enum mali_mmu_result mali_mmu_read(struct mali_mmu *mmu, unsigned int as,
				   uint64_t va, void *buf, size_t len,
				   enum mali_mmu_access access,
				   struct mali_mmu_fault *fault)
{
	uint8_t *to = buf;

	while (len) {
		size_t n = page_part(va, len);
		struct mali_mmu_xlat x;
		enum mali_mmu_result r;

		r = mali_mmu_translate(mmu, as, va, access, &x, fault);
		if (r != MALI_MMU_OK)
			return r;
		if (x.page)
			memcpy(to, x.page + (va & ~MALI_PAGE_MASK), n);
		else if (mmu->ops->mem_read(mmu->host, x.pa, to, n))
			return make_fault(fault, va, access,
					  MALI_EXC_GPU_BUS_FAULT);
		va += n;
		to += n;
		len -= n;
	}
	return MALI_MMU_OK;
}

/* Would a write be let through? The access may end in a later page. */
static enum mali_mmu_result check_pages(struct mali_mmu *mmu, unsigned int as,
					uint64_t va, size_t len,
					enum mali_mmu_access access,
					struct mali_mmu_fault *fault)
{
	while (len) {
		size_t n = page_part(va, len);
		struct mali_mmu_xlat x;
		enum mali_mmu_result r;

		r = mali_mmu_translate(mmu, as, va, access, &x, fault);
		if (r != MALI_MMU_OK)
			return r;
		va += n;
		len -= n;
	}
	return MALI_MMU_OK;
}

/*
 * Translating again what check_pages() let through can fail only when the
 * write changes the very tables that map it.
 */
enum mali_mmu_result mali_mmu_write(struct mali_mmu *mmu, unsigned int as,
				    uint64_t va, const void *buf, size_t len,
				    enum mali_mmu_access access,
				    struct mali_mmu_fault *fault)
{
	const uint8_t *from = buf;
	enum mali_mmu_result r;

	if (page_part(va, len) != len) {
		r = check_pages(mmu, as, va, len, access, fault);
		if (r != MALI_MMU_OK)
			return r;
	}
	while (len) {
		size_t n = page_part(va, len);
		struct mali_mmu_xlat x;

		r = mali_mmu_translate(mmu, as, va, access, &x, fault);
		if (r != MALI_MMU_OK)
			return r;
		if (mmu->ops->mem_write(mmu->host, x.pa, from, n))
			return make_fault(fault, va, access,
					  MALI_EXC_GPU_BUS_FAULT);
		va += n;
		from += n;
		len -= n;
	}
	return MALI_MMU_OK;
}

/* --- Interrupt and faults ------------------------------------------------ */

static void update_irq(struct mali_mmu *mmu)
{
	bool level = mmu->rawstat & mmu->mask;

	if (level == mmu->irq_level)
		return;
	mmu->irq_level = level;
	if (level)
		mmu->stats->irqs[MALI_IRQ_MMU]++;
	mmu->ops->set_irq(mmu->host, MALI_IRQ_MMU, level);
}

void mali_mmu_report_fault(struct mali_mmu *mmu, unsigned int as,
			   const struct mali_mmu_fault *fault,
			   uint16_t source_id)
{
	struct mali_mmu_as *a;

	mmu->stats->faults++;
	if (as >= MALI_NUM_AS) {
		guest_error(mmu, "mmu: access through AS %u, which does not exist",
			    as);
		return;
	}
	if (mmu->rawstat & MALI_MMU_INT_FAULT(as))
		return;

	a = &mmu->as[as];
	a->faultaddress = fault->va;
	a->faultstatus = fault->exception |
			 (uint32_t)fault->access <<
			 MALI_AS_FAULTSTATUS_ACCESS_SHIFT |
			 (uint32_t)source_id <<
			 MALI_AS_FAULTSTATUS_SOURCE_SHIFT;
	mmu->rawstat |= MALI_MMU_INT_FAULT(as);
	update_irq(mmu);
}

unsigned int mali_mmu_as_generation(const struct mali_mmu *mmu,
				    unsigned int as)
{
	return as < MALI_NUM_AS ? mmu->as[as].generation : 0;
}

bool mali_mmu_as_enabled(const struct mali_mmu *mmu, unsigned int as)
{
	return as < MALI_NUM_AS &&
	       mmu->as[as].cfg.mode != MALI_MMU_MODE_UNMAPPED;
}

/* --- Commands ------------------------------------------------------------ */

static void set_locked(struct mali_mmu *mmu, unsigned int as, bool locked)
{
	mmu->as[as].locked = locked;
	update_slow(mmu, as);
}

static enum mali_mmu_mode decode_mode(const struct mali_mmu *mmu,
				      unsigned int as, uint64_t transcfg)
{
	unsigned int mode = transcfg & MALI_AS_TRANSCFG_MODE_MASK;

	switch (mode) {
	case MALI_AS_TRANSCFG_UNMAPPED:
		return MALI_MMU_MODE_UNMAPPED;
	case MALI_AS_TRANSCFG_IDENTITY:
		return MALI_MMU_MODE_IDENTITY;
	case MALI_AS_TRANSCFG_AARCH64_4K:
		if (!(transcfg & MALI_AS_TRANSCFG_SL_CONCAT))
			return MALI_MMU_MODE_4K;
		guest_error(mmu, "mmu: AS %u: concatenated root tables are not modelled",
			    as);
		return MALI_MMU_MODE_UNMAPPED;
	default:
		guest_error(mmu, "mmu: AS %u: address mode %u is not modelled",
			    as, mode);
		return MALI_MMU_MODE_UNMAPPED;
	}
}

static unsigned int decode_bits(uint64_t transcfg, unsigned int shift,
				unsigned int most)
{
	unsigned int bits = MALI_AS_TRANSCFG_BITS_BASE -
			    (transcfg >> shift & MALI_AS_TRANSCFG_BITS_MASK);

	return bits < most ? bits : most;
}

static void latch_config(struct mali_mmu *mmu, unsigned int as)
{
	struct mali_mmu_as *a = &mmu->as[as];
	struct mali_mmu_config *cfg = &a->cfg;
	uint64_t align;

	cfg->transcfg = a->transcfg;
	cfg->memattr = a->memattr;
	cfg->mode = decode_mode(mmu, as, a->transcfg);
	cfg->va_bits = decode_bits(a->transcfg, MALI_AS_TRANSCFG_INA_SHIFT,
				   MALI_MMU_VA_BITS);
	cfg->pa_bits = decode_bits(a->transcfg, MALI_AS_TRANSCFG_OUTA_SHIFT,
				   MALI_MMU_PA_BITS);
	/* As many levels as it takes, each of 9 bits but the root. */
	cfg->start_level = LEVELS - (cfg->va_bits - MALI_PAGE_SHIFT + 8) / 9;
	/* The root is aligned to its own size, and to 64 at least. */
	align = table_entries(cfg, cfg->start_level) * sizeof(uint64_t);
	if (align < 64)
		align = 64;
	cfg->root = a->transtab & low_mask(48) & ~(align - 1);
}

static void cmd_update(struct mali_mmu *mmu, unsigned int as)
{
	mmu->stats->as_update++;
	latch_config(mmu, as);
	if (!(mmu->ignore & MALI_IGNORE_AS_UPDATE))
		cache_drop_as(mmu, as);
}

static bool cmd_lock(struct mali_mmu *mmu, unsigned int as)
{
	struct mali_mmu_as *a = &mmu->as[as];
	unsigned int width = a->lockaddr & MALI_AS_LOCK_WIDTH_MASK;
	uint64_t offset = low_mask(width + 1);

	if (width < MALI_AS_LOCK_WIDTH_MIN) {
		guest_error(mmu, "mmu: AS %u: LOCK of 2^%u bytes, less than 32 KiB",
			    as, width + 1);
		return false;
	}
	mmu->stats->as_lock++;
	a->lock_first = a->lockaddr & ~offset;
	a->lock_last = a->lock_first | offset;
	set_locked(mmu, as, true);
	return true;
}

static void cmd_unlock(struct mali_mmu *mmu, unsigned int as)
{
	struct mali_mmu_as *a = &mmu->as[as];

	mmu->stats->as_unlock++;
	if (a->locked && !(mmu->ignore & MALI_IGNORE_AS_UNLOCK))
		cache_drop(mmu, as, a->lock_first, a->lock_last);
	set_locked(mmu, as, false);
}

static void cmd_flush(struct mali_mmu *mmu, unsigned int as)
{
	struct mali_mmu_as *a = &mmu->as[as];

	if (mmu->ignore & MALI_IGNORE_AS_FLUSH)
		;
	else if (a->locked)
		cache_drop(mmu, as, a->lock_first, a->lock_last);
	else
		cache_drop_as(mmu, as);
	set_locked(mmu, as, false);
}

/* Do @cmd; false when the MMU takes no notice of it. */
static bool command_run(struct mali_mmu *mmu, unsigned int as, uint32_t cmd)
{
	switch (cmd) {
	case MALI_AS_COMMAND_UPDATE:
		cmd_update(mmu, as);
		return true;
	case MALI_AS_COMMAND_LOCK:
		return cmd_lock(mmu, as);
	case MALI_AS_COMMAND_UNLOCK:
		cmd_unlock(mmu, as);
		return true;
	case MALI_AS_COMMAND_FLUSH_PT:
		mmu->stats->as_flush_pt++;
		cmd_flush(mmu, as);
		return true;
	case MALI_AS_COMMAND_FLUSH_MEM:
		mmu->stats->as_flush_mem++;
		cmd_flush(mmu, as);
		return true;
	default:
		guest_error(mmu, "mmu: AS %u: unknown command %u", as, cmd);
		return false;
	}
}

static void command_complete(struct mali_mmu *mmu, unsigned int as,
			     uint32_t cmd)
{
	mmu->as[as].status &= ~MALI_AS_STATUS_ACTIVE;
	mmu->rawstat |= MALI_MMU_INT_COMPLETED(as);
	update_irq(mmu);

	if (cmd == MALI_AS_COMMAND_LOCK)
		return;
	mmu->as[as].generation++;
	if (mmu->on_change)
		mmu->on_change(mmu->opaque, as);
}

static void command_end(struct mali_mmu *mmu, unsigned int as)
{
	struct mali_mmu_as *a = &mmu->as[as];

	if (command_run(mmu, as, a->command))
		command_complete(mmu, as, a->command);
	else
		a->status &= ~MALI_AS_STATUS_ACTIVE;
}

#define ALL_COMMANDS UINT_MAX

static uint64_t next_delay(struct mali_mmu *mmu)
{
	if (!mmu->slow_commands)
		return 0;
	if (mmu->slow_commands != ALL_COMMANDS)
		mmu->slow_commands--;
	return mmu->delay;
}

/* A command takes effect when it ends, which is at once unless it is slow. */
static void command_start(struct mali_mmu *mmu, unsigned int as, uint32_t cmd)
{
	struct mali_mmu_as *a = &mmu->as[as];
	uint64_t delay;

	if (cmd == MALI_AS_COMMAND_NOP)
		return;
	if (a->status & MALI_AS_STATUS_ACTIVE) {
		guest_error(mmu, "mmu: AS %u: command %u while one is active",
			    as, cmd);
		return;
	}
	a->status |= MALI_AS_STATUS_ACTIVE;
	a->command = cmd;
	delay = next_delay(mmu);
	if (!delay) {
		command_end(mmu, as);
		return;
	}
	a->command_due = mali_deadline(mmu->ops->clock_ns(mmu->host), delay);
}

void mali_mmu_set_delay(struct mali_mmu *mmu, uint64_t ns, unsigned int count)
{
	mmu->delay = ns;
	mmu->slow_commands = count ? count : ALL_COMMANDS;
}

bool mali_mmu_busy(const struct mali_mmu *mmu)
{
	for (unsigned int as = 0; as < MALI_NUM_AS; as++)
		if (mmu->as[as].status & MALI_AS_STATUS_ACTIVE)
			return true;
	return false;
}

uint64_t mali_mmu_run(struct mali_mmu *mmu)
{
	uint64_t next = MALI_NEVER;

	if (!mali_mmu_busy(mmu))
		return next;
	for (unsigned int as = 0; as < MALI_NUM_AS; as++) {
		struct mali_mmu_as *a = &mmu->as[as];

		if (!(a->status & MALI_AS_STATUS_ACTIVE))
			continue;
		if (mmu->ops->clock_ns(mmu->host) >= a->command_due)
			command_end(mmu, as);
		else if (a->command_due < next)
			next = a->command_due;
	}
	return next;
}

/* --- Injection ----------------------------------------------------------- */

void mali_mmu_inject_fault(struct mali_mmu *mmu, int as, uint64_t va,
			   uint8_t exception, unsigned int count)
{
	mmu->inject = (struct mali_mmu_injection){
		.as = as,
		.page = va & MALI_PAGE_MASK,
		.exception = exception,
		.count = count,
	};
	update_all_slow(mmu);
	/* Streams fetch through a page of their own, until the AS changes */
	mali_mmu_forget_pages(mmu);
}

void mali_mmu_inject_clear(struct mali_mmu *mmu)
{
	mmu->slow_commands = 0;
	mmu->inject.count = 0;
	update_all_slow(mmu);
	for (unsigned int as = 0; as < MALI_NUM_AS; as++)
		mmu->as[as].command_due = 0;
}

void mali_mmu_forget_pages(struct mali_mmu *mmu)
{
	for (unsigned int set = 0; set < MALI_MMU_SETS; set++)
		for (unsigned int way = 0; way < MALI_MMU_WAYS; way++)
			mmu->entry[set][way].page = NULL;
	for (unsigned int as = 0; as < MALI_NUM_AS; as++)
		mmu->as[as].generation++;
}

/* --- Registers ----------------------------------------------------------- */

static uint32_t half_get(uint64_t reg, uint32_t offset)
{
	return offset & 4 ? reg >> 32 : reg;
}

static void half_set(uint64_t *reg, uint32_t offset, uint32_t val)
{
	if (offset & 4)
		*reg = (*reg & UINT32_MAX) | (uint64_t)val << 32;
	else
		*reg = (*reg & ~(uint64_t)UINT32_MAX) | val;
}

static uint32_t as_read(const struct mali_mmu_as *a, uint32_t reg)
{
	if (reg == MALI_AS_FAULTSTATUS)
		return a->faultstatus;
	if (reg == MALI_AS_STATUS)
		return a->status;

	switch (reg & ~4u) {
	case MALI_AS_TRANSTAB:
		return half_get(a->transtab, reg);
	case MALI_AS_MEMATTR:
		return half_get(a->memattr, reg);
	case MALI_AS_LOCKADDR:
		return half_get(a->lockaddr, reg);
	case MALI_AS_FAULTADDRESS:
		return half_get(a->faultaddress, reg);
	case MALI_AS_TRANSCFG:
		return half_get(a->transcfg, reg);
	default:
		/* COMMAND is write-only; FAULTEXTRA has nothing to say. */
		return 0;
	}
}

static void as_write(struct mali_mmu *mmu, unsigned int as, uint32_t reg,
		     uint32_t val)
{
	struct mali_mmu_as *a = &mmu->as[as];

	if (reg == MALI_AS_COMMAND) {
		command_start(mmu, as, val);
		return;
	}
	switch (reg & ~4u) {
	case MALI_AS_TRANSTAB:
		half_set(&a->transtab, reg, val);
		break;
	case MALI_AS_MEMATTR:
		half_set(&a->memattr, reg, val);
		break;
	case MALI_AS_LOCKADDR:
		half_set(&a->lockaddr, reg, val);
		break;
	case MALI_AS_TRANSCFG:
		half_set(&a->transcfg, reg, val);
		break;
	}
}

/* Which AS and register @offset is; false when it is neither. */
static bool decode_offset(uint32_t offset, unsigned int *as, uint32_t *reg)
{
	if (offset < MALI_MMU_AS_BASE)
		return false;
	*as = (offset - MALI_MMU_AS_BASE) / MALI_MMU_AS_STRIDE;
	*reg = (offset - MALI_MMU_AS_BASE) % MALI_MMU_AS_STRIDE & ~3u;
	return *as < MALI_NUM_AS;
}

uint32_t mali_mmu_reg_read(const struct mali_mmu *mmu, uint32_t offset)
{
	unsigned int as;
	uint32_t reg;

	switch (offset) {
	case MALI_MMU_INT_RAWSTAT:
		return mmu->rawstat;
	case MALI_MMU_INT_MASK:
		return mmu->mask;
	case MALI_MMU_INT_STAT:
		return mmu->rawstat & mmu->mask;
	}
	return decode_offset(offset, &as, &reg) ? as_read(&mmu->as[as], reg) : 0;
}

void mali_mmu_reg_write(struct mali_mmu *mmu, uint32_t offset, uint32_t val)
{
	unsigned int as;
	uint32_t reg;

	switch (offset) {
	case MALI_MMU_INT_CLEAR:
		mmu->rawstat &= ~val;
		update_irq(mmu);
		return;
	case MALI_MMU_INT_MASK:
		mmu->mask = val;
		update_irq(mmu);
		return;
	}
	if (decode_offset(offset, &as, &reg))
		as_write(mmu, as, reg, val);
}

void mali_mmu_drop_all(struct mali_mmu *mmu)
{
	memset(mmu->tag, 0, sizeof(mmu->tag));
	memset(mmu->victim, 0, sizeof(mmu->victim));
}

void mali_mmu_reset(struct mali_mmu *mmu)
{
	for (unsigned int as = 0; as < MALI_NUM_AS; as++) {
		unsigned int generation = mmu->as[as].generation + 1;

		mmu->as[as] = (struct mali_mmu_as){ .generation = generation };
	}
	mali_mmu_drop_all(mmu);
	mmu->slow_mask = ~low_mask(MALI_NUM_AS);
	update_all_slow(mmu);
	mmu->rawstat = 0;
	mmu->mask = 0;
	update_irq(mmu);
}

void mali_mmu_init(struct mali_mmu *mmu, const struct mali_host_ops *ops,
		   void *host, uint32_t ignore, struct mali_stats *stats,
		   void (*on_change)(void *opaque, unsigned int as),
		   void *opaque)
{
	memset(mmu, 0, sizeof(*mmu));
	mmu->ops = ops;
	mmu->host = host;
	mmu->ignore = ignore;
	mmu->stats = stats;
	mmu->on_change = on_change;
	mmu->opaque = opaque;
	mali_mmu_reset(mmu);
}

/* --- Introspection ------------------------------------------------------- */

static void peek_cached(const struct mali_mmu *mmu, unsigned int as,
			uint64_t va, struct mali_translation *t)
{
	const struct mali_mmu_entry *e = mali_mmu_page_lookup(mmu, as, va);
	uint64_t offset = ~MALI_PAGE_MASK;

	for (int level = 2; !e && level > 0; level--) {
		offset = low_mask(level_shift(level));
		e = cache_lookup(mmu, BANK_BLOCK, as, va, level_shift(level),
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

	if (walk_start(mmu, cfg, &w))
		walk_run(mmu, cfg, va, &w);

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
	void (*fn)(void *opaque, uint64_t pa, int level, unsigned int valid);
	void *opaque;
	long count;
};

static void visit_table(struct visit *v, uint64_t pa, int level)
{
	unsigned int entries = table_entries(v->cfg, level);
	uint64_t desc[ENTRIES];
	unsigned int valid = 0;

	if (v->count >= MALI_MMU_MAX_TABLES || beyond_pa(v->cfg, pa) ||
	    v->mmu->ops->mem_read(v->mmu->host, pa, desc,
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

long mali_mmu_walk_tables(const struct mali_mmu *mmu, unsigned int as, mali_table_fn *fn,
			  void *opaque)
{
	struct visit v = {
		.mmu = mmu,
		.fn = fn,
		.opaque = opaque,
	};

	if (!mali_mmu_as_enabled(mmu, as))
		return -1;
	v.cfg = &mmu->as[as].cfg;
	if (v.cfg->mode == MALI_MMU_MODE_4K)
		visit_table(&v, v.cfg->root, v.cfg->start_level);
	return v.count;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GPU's MMU: address spaces, a TLB and a walk cache that really cache,
 * faults and their interrupt. It knows the base and nothing else of the model.
 *
 * struct mali_mmu is here for the inline paths below; the rest of the model uses
 * the functions.
 */
#ifndef MALI_MMU_H
#define MALI_MMU_H

#include "../base/base.h"

/* Number of address spaces. AS 0 belongs to the MCU. */
#define MALI_NUM_AS		8

/* The part of the register window that the MMU answers. */
#define MALI_MMU_BASE		0x2000u
#define MALI_MMU_END		0x3000u

/*
 * Commands that a deliberately broken model ignores: it answers as if it had
 * done them and keeps its caches. Used by the tests that prove that a missing
 * flush shows.
 */
#define MALI_IGNORE_AS_UNLOCK	(1u << 0)	/* UNLOCK drops no translation */
#define MALI_IGNORE_AS_UPDATE	(1u << 1)	/* UPDATE drops no translation */
#define MALI_IGNORE_AS_FLUSH	(1u << 2)	/* nor FLUSH_PT, FLUSH_MEM */
#define MALI_IGNORE_AS_LOCK	(1u << 3)	/* LOCK does not hold accesses off */
#define MALI_IGNORE_AS_WIDER	(1u << 4)	/* a region drops no table wider than it */
/* Bit 5 is MALI_IGNORE_NEW_CODE, see csf.h */

/* What an access does; the values are those of FAULTSTATUS. */
enum mali_mmu_access {
	MALI_ACCESS_ATOMIC,	/* needs read and write permission */
	MALI_ACCESS_EXECUTE,
	MALI_ACCESS_READ,
	MALI_ACCESS_WRITE,
};

/*
 * MALI_MMU_STALL: the address is in a locked region; nothing was accessed.
 * Try again after the on_change callback.
 * MALI_MMU_FAULT: struct mali_mmu_fault was filled, nothing was raised. The
 * caller reports it with mali_mmu_report_fault(), and the access may be tried
 * again once mali_mmu_as_generation() has changed.
 */
enum mali_mmu_result {
	MALI_MMU_OK,
	MALI_MMU_STALL,
	MALI_MMU_FAULT,
};

struct mali_mmu_fault {
	uint64_t va;		/* first byte that could not be accessed */
	uint8_t exception;	/* MALI_EXC_* */
	uint8_t access;		/* enum mali_mmu_access */
};

/**
 * struct mali_mmu_xlat - where an access goes
 * @pa: Physical address of the byte asked for.
 * @page: Host address of the 4 KiB page around it, or NULL.
 * @attr: The MEMATTR byte that the descriptor selects.
 */
struct mali_mmu_xlat {
	uint64_t pa;
	uint8_t *page;
	uint8_t attr;
};

/*
 * TLB and walk cache are banks of one set-associative array, so that one scan
 * drops what a command drops. The page bank comes first and the inline lookup
 * relies on it. A page inside a block is entered in both: the block bank
 * keeps the reach of a block, the page bank the fast path and the host page.
 */
#define MALI_MMU_WAYS		4
#ifndef MALI_MMU_PAGE_SETS	/* a fuzzer wants them small; powers of two */
#define MALI_MMU_PAGE_SETS	1024u
#define MALI_MMU_BLOCK_SETS	64u
#define MALI_MMU_WALK3_SETS	256u
#define MALI_MMU_WALK2_SETS	64u
#define MALI_MMU_WALK1_SETS	16u
#endif
#define MALI_MMU_SETS		(MALI_MMU_PAGE_SETS + MALI_MMU_BLOCK_SETS + \
				 MALI_MMU_WALK3_SETS + MALI_MMU_WALK2_SETS + \
				 MALI_MMU_WALK1_SETS)

/*
 * The tag of an entry is the address it starts at, with the AS, a level where
 * a bank mixes levels, and a valid bit below.
 */
#define MALI_MMU_TAG_VALID	1u
#define MALI_MMU_TAG_LEVEL_SHIFT	1
#define MALI_MMU_TAG_AS_SHIFT	4
#define MALI_MMU_TAG_AS_MASK	0xff0u

/**
 * struct mali_mmu_entry - one cached translation, or one cached table pointer
 * @pa: Physical address of the page, block or table.
 * @page: Host address of that page; NULL for blocks and where there is no
 *	plain RAM.
 * @perms: Bit of each enum mali_mmu_access that is permitted. In the walk
 *	cache, the hierarchical restrictions collected so far.
 * @attr: MEMATTR byte.
 * @level: Level of the descriptor, or of the table that @pa points to.
 * @shift: log2 of the bytes that the descriptor behind this entry covers:
 *	more than the entry's own when it is a page of a block.
 */
struct mali_mmu_entry {
	uint64_t pa;
	uint8_t *page;
	uint8_t perms;
	uint8_t attr;
	uint8_t level;
	uint8_t shift;
};

enum mali_mmu_mode {
	MALI_MMU_MODE_UNMAPPED,		/* also every mode that is not modelled */
	MALI_MMU_MODE_IDENTITY,
	MALI_MMU_MODE_4K,
};

/* Configuration of an AS in force: what UPDATE made of the registers. */
struct mali_mmu_config {
	enum mali_mmu_mode mode;
	unsigned int va_bits;
	unsigned int pa_bits;
	int start_level;
	uint64_t root;
	uint64_t transcfg;
	uint64_t memattr;
};

struct mali_mmu_as {
	/* Registers. */
	uint64_t transtab;
	uint64_t memattr;
	uint64_t lockaddr;
	uint64_t transcfg;
	uint64_t faultaddress;
	uint32_t faultstatus;
	uint32_t status;

	struct mali_mmu_config cfg;
	unsigned int generation;

	/* The command under way while STATUS says ACTIVE, and when it ends. */
	uint32_t command;
	uint64_t command_due;

	/* The region that LOCK latched. */
	bool locked;
	uint64_t lock_first;
	uint64_t lock_last;
};

struct mali_mmu {
	/* Address spaces whose accesses take the slow path; and all beyond. */
	uint32_t slow_mask;
	struct mali_stats *stats;

	uint64_t tag[MALI_MMU_SETS][MALI_MMU_WAYS];
	struct mali_mmu_entry entry[MALI_MMU_SETS][MALI_MMU_WAYS];
	uint8_t victim[MALI_MMU_SETS];

	struct mali_mmu_as as[MALI_NUM_AS];
	struct mali_irq_block irq;

	struct mali_base *base;
	const struct mali_mem *mem;
	uint32_t ignore;
	void (*on_change)(void *opaque, unsigned int as);
	void *opaque;
};

/**
 * mali_mmu_new() - Make an MMU in its power-on state
 * @base: What it stands on; must outlive the MMU.
 * @ignore: MALI_IGNORE_AS_* mask.
 * @on_change: Called with @opaque after UPDATE, UNLOCK, FLUSH_PT and
 *	FLUSH_MEM of an AS: stalled and faulted accesses may go on.
 *	It may access memory through the MMU, but not its registers.
 * @opaque: First argument of @on_change.
 *
 * NULL when the host is out of memory.
 */
struct mali_mmu *mali_mmu_new(struct mali_base *base, uint32_t ignore,
			      void (*on_change)(void *opaque, unsigned int as),
			      void *opaque);
void mali_mmu_free(struct mali_mmu *mmu);

/*
 * Power-on or soft reset: registers, locks and caches; the interrupt line
 * falls. on_change is not called. Generations move on.
 */
void mali_mmu_reset(struct mali_mmu *mmu);

/* Power loss of the block that holds the caches: they forget, all of them. */
void mali_mmu_drop_all(struct mali_mmu *mmu);

/*
 * Registers, @offset in the GPU's register window, from MALI_MMU_BASE to
 * MALI_MMU_END, aligned to 4. A 64-bit access is two: low word, high word.
 */
uint32_t mali_mmu_reg_read(const struct mali_mmu *mmu, uint32_t offset);
void mali_mmu_reg_write(struct mali_mmu *mmu, uint32_t offset, uint32_t val);

/*
 * Raise a fault: FAULTSTATUS, FAULTADDRESS and the interrupt, unless a fault
 * of this AS is pending already, which keeps its registers.
 */
void mali_mmu_report_fault(struct mali_mmu *mmu, unsigned int as,
			   const struct mali_mmu_fault *fault,
			   uint16_t source_id);

/* Changes at every UPDATE, UNLOCK and FLUSH of @as, and at reset. */
unsigned int mali_mmu_as_generation(const struct mali_mmu *mmu,
				    unsigned int as);

/* The AS translates something: a mode is in force that is not UNMAPPED. */
bool mali_mmu_as_enabled(const struct mali_mmu *mmu, unsigned int as);

/* A LOCK is in force somewhere in @as. */
static inline bool mali_mmu_as_locked(const struct mali_mmu *mmu,
				      unsigned int as)
{
	return as < MALI_NUM_AS && mmu->as[as].locked;
}

/* A command is under way: mali_mmu_run() is wanted. */
bool mali_mmu_busy(const struct mali_mmu *mmu);
/* Ends the commands that are due; when the next one ends, or MALI_NEVER. */
uint64_t mali_mmu_run(struct mali_mmu *mmu);

/*
 * A fault or a bus error was armed: who has a translation or a host page asks
 * again. Generations move on, since streams fetch through a page of their own.
 */
void mali_mmu_rearm(struct mali_mmu *mmu);
/* Nothing is armed any more; commands under way end at the next run. */
void mali_mmu_hurry(struct mali_mmu *mmu);

/* --- Looking, without side effects ---------------------------------------- */

/**
 * struct mali_translation - one GPU address, walked in guest memory now
 * @mapped: A valid leaf or block descriptor was found.
 * @pa: The physical address @va translates to.
 * @desc: The last descriptor read.
 * @level: Its level, 0 to 3.
 * @page_size: Bytes that the descriptor covers.
 * @readable: GPU loads are permitted; @writable, @executable likewise.
 * @cached: The TLB holds a translation of this page.
 * @cached_pa: What the TLB translates @va to, when @cached.
 * @tables: Physical address of the table read at each level; 0 where the
 *	walk did not get there.
 */
struct mali_translation {
	bool mapped;
	uint64_t pa;
	uint64_t desc;
	int level;
	uint64_t page_size;
	bool readable;
	bool writable;
	bool executable;
	bool cached;
	uint64_t cached_pa;
	uint64_t tables[4];
};

/*
 * Walk @va in address space @as without touching TLB, walk cache, counters
 * or fault registers. Returns 0, or -1 when @as is out of range, disabled or
 * @va is beyond the address space.
 */
int mali_mmu_translate_peek(const struct mali_mmu *mmu, unsigned int as,
			    uint64_t va, struct mali_translation *t);

/*
 * Call @fn for each table reachable from the root of @as: its physical
 * address, level (0 is the root) and the number of valid entries. Returns the
 * number of tables, or -1 as mali_mmu_translate_peek() does.
 *
 * Looks for at most MALI_MMU_MAX_TABLES tables, so that a table that points to
 * itself ends; those that no memory backs are left out. A level is that of
 * the architecture, so the root of a smaller address space is not level 0.
 */
#ifndef MALI_MMU_MAX_TABLES
#define MALI_MMU_MAX_TABLES	(1 << 18)
#endif
typedef void mali_table_fn(void *opaque, uint64_t pa, int level,
			   unsigned int valid);
long mali_mmu_walk_tables(const struct mali_mmu *mmu, unsigned int as,
			  mali_table_fn *fn, void *opaque);

/* --- Translation ---------------------------------------------------------- */

/* Everything that the inline paths below leave. */
enum mali_mmu_result
mali_mmu_translate_slow(struct mali_mmu *mmu, unsigned int as, uint64_t va,
			enum mali_mmu_access access,
			struct mali_mmu_xlat *xlat,
			struct mali_mmu_fault *fault);

static inline uint64_t mali_mmu_page_tag(unsigned int as, uint64_t va)
{
	return (va & MALI_PAGE_MASK) | as << MALI_MMU_TAG_AS_SHIFT |
	       MALI_MMU_TAG_VALID;
}

static inline unsigned int mali_mmu_page_set(unsigned int as, uint64_t va)
{
	uint64_t vpn = va >> MALI_PAGE_SHIFT;

	return (vpn ^ vpn >> 10 ^ as << 7) & (MALI_MMU_PAGE_SETS - 1);
}

static inline const struct mali_mmu_entry *
mali_mmu_page_lookup(const struct mali_mmu *mmu, unsigned int as, uint64_t va)
{
	uint64_t tag = mali_mmu_page_tag(as, va);
	unsigned int set = mali_mmu_page_set(as, va);

	for (unsigned int way = 0; way < MALI_MMU_WAYS; way++) {
		if (mmu->tag[set][way] == tag)
			return &mmu->entry[set][way];
	}
	return NULL;
}

/**
 * mali_mmu_translate() - Translate one address for one kind of access
 * @mmu: The MMU.
 * @as: Address space; up to 255, those that do not exist fault.
 * @va: Virtual address.
 * @access: What the access does.
 * @xlat: Where it goes, on MALI_MMU_OK.
 * @fault: Why not, on MALI_MMU_FAULT.
 */
static inline enum mali_mmu_result
mali_mmu_translate(struct mali_mmu *mmu, unsigned int as, uint64_t va,
		   enum mali_mmu_access access, struct mali_mmu_xlat *xlat,
		   struct mali_mmu_fault *fault)
{
	const struct mali_mmu_entry *e;

	if (!(mmu->slow_mask >> (as & 31) & 1)) {
		e = mali_mmu_page_lookup(mmu, as, va);
		if (e && (e->perms >> access & 1)) {
			mmu->stats->tlb_hits++;
			xlat->pa = e->pa | (va & ~MALI_PAGE_MASK);
			xlat->page = e->page;
			xlat->attr = e->attr;
			return MALI_MMU_OK;
		}
	}
	return mali_mmu_translate_slow(mmu, as, va, access, xlat, fault);
}

/*
 * Memory. A fault's address is the first byte of the access that lies in the
 * page at fault. A read may have filled a part of @buf when it does not end
 * with MALI_MMU_OK; a write checks every page before it changes any.
 */
enum mali_mmu_result mali_mmu_read(struct mali_mmu *mmu, unsigned int as,
				   uint64_t va, void *buf, size_t len,
				   enum mali_mmu_access access,
				   struct mali_mmu_fault *fault);
enum mali_mmu_result mali_mmu_write(struct mali_mmu *mmu, unsigned int as,
				    uint64_t va, const void *buf, size_t len,
				    enum mali_mmu_access access,
				    struct mali_mmu_fault *fault);

/*
 * The page around @va, to be accessed in place before anything else is asked of
 * the MMU; what is written there is told by mali_page_wrote(). What is not plain
 * RAM cannot be had this way and is a bus fault.
 */
enum mali_mmu_result mali_mmu_page(struct mali_mmu *mmu, unsigned int as,
				   uint64_t va, enum mali_mmu_access access,
				   uint8_t **page, struct mali_mmu_fault *fault);

static inline enum mali_mmu_result
mali_mmu_read32(struct mali_mmu *mmu, unsigned int as, uint64_t va,
		uint32_t *val, enum mali_mmu_access access,
		struct mali_mmu_fault *fault)
{
	struct mali_mmu_xlat x;
	enum mali_mmu_result r;

	if (!(va & 3)) {
		r = mali_mmu_translate(mmu, as, va, access, &x, fault);
		if (r != MALI_MMU_OK)
			return r;
		if (x.page) {
			*val = mali_load32(x.page + (va & ~MALI_PAGE_MASK));
			return MALI_MMU_OK;
		}
	}
	r = mali_mmu_read(mmu, as, va, val, sizeof(*val), access, fault);
	if (r == MALI_MMU_OK)
		*val = mali_le32(*val);
	return r;
}

static inline enum mali_mmu_result
mali_mmu_read64(struct mali_mmu *mmu, unsigned int as, uint64_t va,
		uint64_t *val, enum mali_mmu_access access,
		struct mali_mmu_fault *fault)
{
	struct mali_mmu_xlat x;
	enum mali_mmu_result r;

	if (!(va & 7)) {
		r = mali_mmu_translate(mmu, as, va, access, &x, fault);
		if (r != MALI_MMU_OK)
			return r;
		if (x.page) {
			*val = mali_load64(x.page + (va & ~MALI_PAGE_MASK));
			return MALI_MMU_OK;
		}
	}
	r = mali_mmu_read(mmu, as, va, val, sizeof(*val), access, fault);
	if (r == MALI_MMU_OK)
		*val = mali_le64(*val);
	return r;
}

static inline enum mali_mmu_result
mali_mmu_write32(struct mali_mmu *mmu, unsigned int as, uint64_t va,
		 uint32_t val, enum mali_mmu_access access,
		 struct mali_mmu_fault *fault)
{
	val = mali_le32(val);
	return mali_mmu_write(mmu, as, va, &val, sizeof(val), access, fault);
}

static inline enum mali_mmu_result
mali_mmu_write64(struct mali_mmu *mmu, unsigned int as, uint64_t va,
		 uint64_t val, enum mali_mmu_access access,
		 struct mali_mmu_fault *fault)
{
	val = mali_le64(val);
	return mali_mmu_write(mmu, as, va, &val, sizeof(val), access, fault);
}

#endif /* MALI_MMU_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What both sides know: the kernel's sources behind the shims, which see no
 * libc, and the harness, which sees no kernel header. Plain C types only.
 */
#ifndef IL_H
#define IL_H

#include <stdbool.h>
#include <stddef.h>

/* A variable that a run changes and that the state after a setup is a part of */
#define IL_STATE	__attribute__((section("il_state")))

/* --- memory: what the shims' allocators are ------------------------------ */

#define IL_PAGE_DESC	64

unsigned long il_desc_to_virt(unsigned long desc);
unsigned long il_virt_to_desc(unsigned long virt);
unsigned long il_virt_to_phys(unsigned long virt);
unsigned long il_phys_to_virt(unsigned long phys);
unsigned int il_page_order(unsigned long desc);

/* Head descriptor of zeroed pages, 0 if there are none to be had */
unsigned long il_alloc_pages(unsigned int order, bool may_sleep);
void il_free_pages(unsigned long desc);
/* A part of a page is handed out, or given back */
void il_part(const void *p, size_t size, bool freed);
void *il_kmalloc(size_t size, bool zero, bool may_sleep);
void il_kfree(const void *p);

enum il_counter { IL_IOMMU_PAGES, IL_SECONDARY, IL_COUNTERS };
void il_count(enum il_counter which, long delta);

void il_dma_map(unsigned long virt, size_t size);
void il_dma_unmap(unsigned long virt, size_t size);
void il_dma_sync(unsigned long virt, size_t size);

/* --- threads ------------------------------------------------------------- */

enum il_rmw { IL_ADD, IL_AND, IL_OR, IL_XCHG };

/* All return what was there before */
unsigned long il_rmw(void *p, size_t size, enum il_rmw op, unsigned long arg);
unsigned long il_cmpxchg(void *p, size_t size, unsigned long old,
			 unsigned long new);
void *il_memset(void *p, int c, size_t n);
void *il_memcpy(void *to, const void *from, size_t n);
void *il_memchr_inv(const void *p, int c, size_t n);

void il_lock(void *lock, bool sleeps);
bool il_trylock(void *lock, bool sleeps);
void il_unlock(void *lock, bool sleeps);
bool il_is_locked(const void *lock);

void il_rcu_read_lock(void);
void il_rcu_read_unlock(void);
bool il_rcu_read_held(void);
void il_call_rcu(void *head, void (*fn)(void *head));
void il_synchronize_rcu(void);

void il_might_sleep(const char *what);
bool il_signal_pending(void);

void il_warn(const char *file, int line, const char *what);
void il_say(const char *fmt, ...);

/* --- the hardware -------------------------------------------------------- */

void il_tlb_flush(unsigned long iova, size_t size, size_t granule,
		  bool leaf_only);
/* A flush of what lies in a range as a whole */
void il_tlb_flush_range(unsigned long iova, size_t size, bool leaf_only);
void il_tlb_flush_all(void);
/* Without power there are no walks, and what was cached stays until it is back */
bool il_hw_powered(void);
void il_hw_sleep(void);
/* Forgets all that was cached, before the first walk */
void il_hw_wake(void);
/* Walks begin with another table: @level counts from leaf tables, which are 0 */
void il_change_top(unsigned long phys, unsigned int level);

/* --- the page table under test: edition.c, edition-pt.c ------------------- */

enum il_fmt {
	IL_FMT_S1, IL_FMT_S2, IL_FMT_MALI,
	/* Of generic page tables */
	IL_FMT_VTD, IL_FMT_X86, IL_FMT_AMD
};

struct il_cfg {
	enum il_fmt fmt;
	unsigned long pgsizes;
	unsigned int ias;
	unsigned int oas;
	bool coherent;
	/* How the owner flushes, and how much stays idle */
	unsigned int variant;
};

/* Releases without a gather; a gather that ends with a flush of everything */
#define IL_NO_GATHER	1
#define IL_QUEUED	2
/* A release that leaves a second idle table has the first one die */
#define IL_ONE_IDLE	4
/* A flush of two ranges is two flushes */
#define IL_NO_GAPS	8
/*
 * As drm/msm: one mutex for all that changes entries, what is unmapped and released is
 * flushed as a whole, and the IOMMU sleeps now and then
 */
#define IL_MSM	16

/* Of AMDv1, the level of the first top, from which on it grows */
#define IL_AMD_TOP	1

/* Objects that a page table keeps of its own when nothing is reserved any more */
#define IL_KEPT_OBJS	8
/* And for each table that became the top */
#define IL_TOP_OBJS	2

/* How the kernel was configured */
extern const char il_flavour[];
extern const unsigned int il_page_shift;
/* Which page tables it has */
extern const bool il_generic;

void *il_pt_new(const struct il_cfg *cfg, unsigned long *pgd_phys);
void il_pt_free(void *pt);
int il_pt_reserve(void *pt, unsigned long iova, size_t size, size_t pgsize);
void il_pt_unreserve(void *pt, unsigned long iova, size_t size, size_t pgsize);
int il_pt_map(void *pt, unsigned long iova, unsigned long paddr, size_t pgsize,
	      size_t count);
/* Unmaps, flushes and frees what is to be freed */
size_t il_pt_unmap(void *pt, unsigned long iova, size_t pgsize, size_t count);
/* As one: unmaps and releases, then flushes once */
size_t il_pt_drop(void *pt, unsigned long iova, size_t pgsize, size_t count);
/* The same by an unmap that releases what it unmaps */
size_t il_pt_take(void *pt, unsigned long iova, size_t pgsize, size_t count);

/* Memory that repeats every @size bytes, of which there is one in a page table */
int il_pt_repeat_create(void *pt, unsigned long paddr, size_t pgsize, size_t size);
void il_pt_repeat_destroy(void *pt);
int il_pt_repeat_reserve(void *pt, unsigned long iova, size_t size);
void il_pt_repeat_unreserve(void *pt, unsigned long iova, size_t size);
int il_pt_repeat_map(void *pt, unsigned long iova, size_t size);

unsigned long il_pt_lookup(void *pt, unsigned long iova);
int il_pt_walk(void *pt, unsigned long iova);
/* A device begins to walk where the page table begins, and is told when that changes */
void il_pt_attach(void *pt);
/* It walks elsewhere. While nobody does anything to the page table */
bool il_pt_attached_elsewhere(void *pt);
int il_pt_dirty(void *pt, unsigned long iova, size_t size);
/* A reserve() that failed left tables to whoever flushes next. While nobody does anything */
bool il_pt_waits(void *pt);
/* Lets go of some of what the page table keeps though nobody needs it */
void il_pt_trim(void *pt, unsigned long nr);
void il_pt_stock(void *pt);
void il_pt_unstock(void *pt);
/* The same for all page tables, as reclaim does it */
void il_reclaim(void);

/* Called by il_pt_dirty() for what was dirty */
void il_dirty(unsigned long iova, size_t size);
/* Tables that an unmap gave back */
void il_unmap_freed(void);

#endif /* IL_H */

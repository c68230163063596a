// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory side of the tiler: heaps that grow by chunks, and what a tiling
 * operation takes of them. What the tiler writes into that memory is its own
 * business on hardware, too, and is not modelled.
 *
 * Facts, from the driver (panthor_heap.c) and Mesa's description of the
 * descriptors: a chunk is named by its address with its size in pages in the
 * low 12 bits; it starts with a header of 64 bytes, whose first word names
 * the next chunk; the tiler heap descriptor has base, bottom and top of the
 * chunk in use at bytes 8, 16 and 24; the tiler context names its heap
 * descriptor at byte 24, and the list of chunks that a render pass is done
 * with at bytes 40 (top) and 48 (bottom).
 *
 * A heap context is 32 bytes that belong to the firmware. This one's layout:
 *	0	render passes whose vertex work started
 *	4	... whose vertex work completed
 *	8	... whose fragment work completed
 *	16	top of the list of free chunks
 *
 * Invariants:
 * - A function that does not return MALI_MMU_OK has changed nothing: all that
 *   it writes is checked before the first write. A bus error alone, which no
 *   check can foresee, may leave a list half changed.
 * - Heap and tiler contexts are aligned to 8 bytes; the callers see to that.
 */
#include "cs_isa.h"
#include "tiler.h"

#define CHUNK_HEADER		64u
#define CHUNK_ADDR(name)	((name) & MALI_PAGE_MASK)
#define CHUNK_SIZE(name)	(((name) & ~MALI_PAGE_MASK) << MALI_PAGE_SHIFT)

#define TILER_CTX_HEAP		24u
#define TILER_CTX_DONE_TOP	40u
#define TILER_CTX_DONE_BOTTOM	48u

#define HEAP_DESC_BASE		8u
#define HEAP_DESC_BOTTOM	16u
#define HEAP_DESC_TOP		24u

#define HEAP_CTX_VT_START	0u
#define HEAP_CTX_VT_END		4u
#define HEAP_CTX_FRAG_END	8u
#define HEAP_CTX_FREE		16u

/* Words that one step reads, then writes; the first failure sticks. */
struct words {
	struct mali_mmu *mmu;
	unsigned int as;
	enum mali_mmu_result r;
	struct mali_mmu_fault *f;
};

static uint64_t get64(struct words *w, uint64_t va)
{
	uint64_t val = 0;

	if (w->r == MALI_MMU_OK)
		w->r = mali_mmu_read64(w->mmu, w->as, va, &val,
				       MALI_ACCESS_READ, w->f);
	return val;
}

static uint32_t get32(struct words *w, uint64_t va)
{
	uint32_t val = 0;

	if (w->r == MALI_MMU_OK)
		w->r = mali_mmu_read32(w->mmu, w->as, va, &val,
				       MALI_ACCESS_READ, w->f);
	return val;
}

/* A word of a descriptor may lie in two pages: nobody says how those are aligned */
static void check_write(struct words *w, uint64_t va)
{
	uint64_t end = (va + 7) & MALI_PAGE_MASK;
	struct mali_mmu_xlat x;

	if (w->r == MALI_MMU_OK)
		w->r = mali_mmu_translate(w->mmu, w->as, va,
					  MALI_ACCESS_WRITE, &x, w->f);
	if (w->r == MALI_MMU_OK && end > va)
		w->r = mali_mmu_translate(w->mmu, w->as, end,
					  MALI_ACCESS_WRITE, &x, w->f);
}

static void put64(struct words *w, uint64_t va, uint64_t val)
{
	if (w->r == MALI_MMU_OK)
		w->r = mali_mmu_write64(w->mmu, w->as, va, val,
					MALI_ACCESS_WRITE, w->f);
}

/* --- Counters ------------------------------------------------------------ */

enum mali_mmu_result mali_heap_counters(struct mali_mmu *mmu, unsigned int as,
					uint64_t heap,
					struct mali_heap_counters *c,
					struct mali_mmu_fault *f)
{
	struct words w = { mmu, as, MALI_MMU_OK, f };

	c->vt_start = get32(&w, heap + HEAP_CTX_VT_START);
	c->vt_end = get32(&w, heap + HEAP_CTX_VT_END);
	c->frag_end = get32(&w, heap + HEAP_CTX_FRAG_END);
	return w.r;
}

enum mali_mmu_result mali_heap_count(struct mali_mmu *mmu, unsigned int as,
				     uint64_t heap, unsigned int operation,
				     struct mali_mmu_fault *f)
{
	static const uint8_t word[4] = {
		[CS_HEAP_VT_START] = HEAP_CTX_VT_START,
		[CS_HEAP_VT_END] = HEAP_CTX_VT_END,
		[CS_HEAP_FRAG_END] = HEAP_CTX_FRAG_END,
	};
	struct words w = { mmu, as, MALI_MMU_OK, f };
	uint64_t va = heap + word[operation & 3];
	uint32_t count = get32(&w, va);

	if (w.r != MALI_MMU_OK)
		return w.r;
	return mali_mmu_write32(mmu, as, va, count + 1, MALI_ACCESS_WRITE, f);
}

/* --- Chunks -------------------------------------------------------------- */

/*
 * The list that @top starts and @bottom ends goes in front of the free ones;
 * @completed: and a render pass has completed.
 */
enum mali_mmu_result mali_heap_free(struct mali_mmu *mmu, unsigned int as,
				    uint64_t heap, uint64_t top,
				    uint64_t bottom, bool completed,
				    struct mali_mmu_fault *f)
{
	struct words w = { mmu, as, MALI_MMU_OK, f };
	bool chunks = top && bottom;
	uint64_t free = 0;

	if (chunks) {
		free = get64(&w, heap + HEAP_CTX_FREE);
		check_write(&w, CHUNK_ADDR(bottom));
	}
	if (chunks)
		check_write(&w, heap + HEAP_CTX_FREE);
	if (completed)
		check_write(&w, heap + HEAP_CTX_FRAG_END);
	if (chunks) {
		put64(&w, CHUNK_ADDR(bottom), free);
		put64(&w, heap + HEAP_CTX_FREE, top);
	}
	if (w.r == MALI_MMU_OK && completed)
		w.r = mali_heap_count(mmu, as, heap, CS_HEAP_FRAG_END, f);
	return w.r;
}

/* Which chunk comes next: one linked to @base, a free one, the driver's. */
static uint64_t next_chunk(struct words *w, uint64_t heap, uint64_t base,
			   uint64_t offered, bool *from_free)
{
	uint64_t next = base ? get64(w, CHUNK_ADDR(base)) : 0;

	*from_free = false;
	if (next || w->r != MALI_MMU_OK)
		return next;
	next = get64(w, heap + HEAP_CTX_FREE);
	if (!next || w->r != MALI_MMU_OK)
		return offered;
	*from_free = true;
	return next;
}

/* The chunk in use is full: retire it to the pass's list, take @next. */
static void change_chunk(struct words *w, const struct mali_tiling *t,
			 uint64_t desc, uint64_t base, uint64_t next,
			 bool from_free)
{
	uint64_t done_top = get64(w, t->tiler + TILER_CTX_DONE_TOP);
	uint64_t done_bottom = get64(w, t->tiler + TILER_CTX_DONE_BOTTOM);
	uint64_t after = from_free ? get64(w, CHUNK_ADDR(next)) : 0;

	check_write(w, t->tiler + TILER_CTX_DONE_TOP);
	check_write(w, t->tiler + TILER_CTX_DONE_BOTTOM);
	check_write(w, desc + HEAP_DESC_BASE);
	check_write(w, desc + HEAP_DESC_BOTTOM);
	check_write(w, desc + HEAP_DESC_TOP);
	if (base)
		check_write(w, CHUNK_ADDR(base));
	check_write(w, CHUNK_ADDR(next));
	if (from_free)
		check_write(w, t->heap + HEAP_CTX_FREE);

	if (base) {
		put64(w, CHUNK_ADDR(base), done_top);
		put64(w, t->tiler + TILER_CTX_DONE_TOP, base);
		if (!done_bottom)
			put64(w, t->tiler + TILER_CTX_DONE_BOTTOM, base);
	}
	if (from_free) {
		put64(w, t->heap + HEAP_CTX_FREE, after);
		put64(w, CHUNK_ADDR(next), 0);
	}
	put64(w, desc + HEAP_DESC_BASE, next);
	put64(w, desc + HEAP_DESC_BOTTOM, CHUNK_ADDR(next) + CHUNK_HEADER);
	put64(w, desc + HEAP_DESC_TOP, CHUNK_ADDR(next) + CHUNK_SIZE(next));
}

/* The base as the driver names chunks, whatever the descriptor left out */
static uint64_t chunk_name(uint64_t base, uint64_t top)
{
	if (!base || base & ~MALI_PAGE_MASK || top < base)
		return base;
	return base | ((top - base) >> MALI_PAGE_SHIFT &
		       ~MALI_PAGE_MASK);
}

enum mali_mmu_result mali_tiler_take(struct mali_mmu *mmu, unsigned int as,
				     struct mali_tiling *t,
				     struct mali_mmu_fault *f)
{
	struct words w = { mmu, as, MALI_MMU_OK, f };
	uint64_t desc = get64(&w, t->tiler + TILER_CTX_HEAP);
	uint64_t base = get64(&w, desc + HEAP_DESC_BASE);
	uint64_t bottom = get64(&w, desc + HEAP_DESC_BOTTOM);
	uint64_t top = get64(&w, desc + HEAP_DESC_TOP);
	uint64_t room = top > bottom ? top - bottom : 0, next;
	bool from_free;

	t->out_of_memory = false;
	if (room) {
		if (room > t->left)
			room = t->left;
		put64(&w, desc + HEAP_DESC_BOTTOM, bottom + room);
		if (w.r == MALI_MMU_OK)
			t->left -= room;
		return w.r;
	}
	if (w.r != MALI_MMU_OK)
		return w.r;

	base = chunk_name(base, top);
	next = next_chunk(&w, t->heap, base, t->offered, &from_free);
	if (w.r == MALI_MMU_OK && CHUNK_SIZE(next) <= CHUNK_HEADER)
		t->out_of_memory = true;
	else
		change_chunk(&w, t, desc, base, next, from_free);
	if (next == t->offered)
		t->offered = 0;
	return w.r;
}

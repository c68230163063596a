/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory side of the tiler, on behalf of a stream: heaps and what tiling takes
 * of them. It knows the MMU and no stream.
 */
#ifndef MALI_CSF_TILER_H
#define MALI_CSF_TILER_H

#include "../mmu/mmu.h"

/**
 * struct mali_heap_counters - render passes of a tiler heap
 * @vt_start: Vertex work started.
 * @vt_end: Vertex work completed.
 * @frag_end: Fragment work completed.
 */
struct mali_heap_counters {
	uint32_t vt_start;
	uint32_t vt_end;
	uint32_t frag_end;
};

/**
 * struct mali_tiling - what a tiling operation takes
 * @tiler: GPU address of its tiler context.
 * @heap: GPU address of the heap context.
 * @left: Bytes of heap memory that it still needs.
 * @offered: A chunk from the driver, or 0; taken when the heap has no other.
 * @out_of_memory: Nothing was taken: there is no chunk.
 */
struct mali_tiling {
	uint64_t tiler;
	uint64_t heap;
	uint64_t left;
	uint64_t offered;
	bool out_of_memory;
};

/* One step: a part of a chunk, or the change to the next one. */
enum mali_mmu_result mali_tiler_take(struct mali_mmu *mmu, unsigned int as,
				     struct mali_tiling *t,
				     struct mali_mmu_fault *f);
enum mali_mmu_result mali_heap_counters(struct mali_mmu *mmu, unsigned int as,
					uint64_t heap,
					struct mali_heap_counters *c,
					struct mali_mmu_fault *f);
enum mali_mmu_result mali_heap_count(struct mali_mmu *mmu, unsigned int as,
				     uint64_t heap, unsigned int operation,
				     struct mali_mmu_fault *f);
enum mali_mmu_result mali_heap_free(struct mali_mmu *mmu, unsigned int as,
				    uint64_t heap, uint64_t top,
				    uint64_t bottom, bool completed,
				    struct mali_mmu_fault *f);

#endif /* MALI_CSF_TILER_H */

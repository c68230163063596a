// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the device says of itself, and synchronous binds: each is checked by a
 * GPU copy through it, every byte compared by the CPU.
 */
#include <stdlib.h>

#include "gpu.h"
#include "scenarios.h"
#include "tap.h"

/*
 * Each part has addresses of its own. Where a flush is missing, the GPU then
 * reads stale memory, which shows, but never writes to memory that is free.
 */
#define SRC_VA		DATA_VA
#define DST_VA		(DATA_VA + 0x100000000ull)
#define SCATTERED	0x200000000ull
#define HUGE		0x400000000ull

void run_query(void)
{
	struct pan p;
	int ret = pan_open(&p);

	if (!is(ret, 0, "a render node of the driver panthor opens"))
		return;
	note("%s, GPU 0x%08x, %u-bit addresses, coherency %u", p.node,
	     p.gpu.gpu_id, DRM_PANTHOR_MMU_VA_BITS(p.gpu.mmu_features),
	     p.gpu.selected_coherency);
	is(DRM_PANTHOR_ARCH_MAJOR(p.gpu.gpu_id), 10,
	   "GPU_INFO: the architecture is Valhall with CSF, 10");
	ok(p.gpu.shader_present && p.gpu.tiler_present && p.gpu.l2_present,
	   "GPU_INFO: shader cores, a tiler and an L2 are there");
	is(p.mmu.page_size_bitmap, SZ_4K | SZ_2M,
	   "MMU_INFO: pages of 4 KiB and 2 MiB");
	ok(p.csif.cs_reg_count >= 96 && p.csif.unpreserved_cs_reg_count == 4,
	   "CSIF_INFO: 96 registers, the kernel's calls use four");
	ok(p.csif.cs_slot_count >= 2 && p.csif.csg_slot_count >= 1,
	   "CSIF_INFO: a group slot with at least two queues");
	pan_close(&p);
}

/* Page i of the range at @va is page (i * step) % pages of the BO */
static void map_scattered(struct gpu *g, uint64_t va, const struct pan_bo *bo,
			  unsigned int pages, unsigned int step)
{
	struct drm_panthor_vm_bind_op *ops = calloc(pages, sizeof(*ops));

	for (unsigned int i = 0; i < pages; i++)
		ops[i] = pan_op_map(va + i * SZ_4K, bo,
				    (i * step) % pages * SZ_4K, SZ_4K);
	is(pan_bind(g->pan, g->vm, 0, ops, pages), 0,
	   "1021 binds of single pages in one call");
	free(ops);
}

static bool holds_scattered(const struct pan_bo *bo, unsigned int pages,
			    unsigned int step, uint32_t seed)
{
	for (unsigned int i = 0; i < pages; i++)
		if (!holds((char *)bo->map + i * SZ_4K, seed,
			   (uint64_t)i * step % pages * SZ_4K, SZ_4K))
			return false;
	return true;
}

static void bind_scattered(struct gpu *g)
{
	/* A prime number of pages, so that any step visits all of them */
	const unsigned int pages = 1021;
	struct pan_bo src, dst;
	uint64_t size = pages * SZ_4K;

	gpu_bo(g, size, &src);
	gpu_bo(g, size, &dst);
	fill(src.map, 5, size);
	gpu_map(g, DST_VA + SCATTERED, &dst, 0, size);
	map_scattered(g, SRC_VA + SCATTERED, &src, pages, 37);
	ok(!gpu_copy(g, DST_VA + SCATTERED, SRC_VA + SCATTERED, size) &&
	   holds_scattered(&dst, pages, 37, 5),
	   "the GPU reads the 1021 pages in the order of the binds");
	is(pan_unmap(g->pan, g->vm, SRC_VA + SCATTERED, size), 0,
	   "one unmap takes all 1021 binds away");
	pan_unmap(g->pan, g->vm, DST_VA + SCATTERED, size);
	pan_bo_destroy(g->pan, &src);
	pan_bo_destroy(g->pan, &dst);
}

static void bind_huge(struct gpu *g)
{
	uint64_t size = 16 * SZ_1M;
	struct pan_bo src, dst;

	gpu_bo(g, size, &src);
	gpu_bo(g, size, &dst);
	fill(src.map, 6, size);
	gpu_map(g, SRC_VA + HUGE, &src, 0, size);
	gpu_map(g, DST_VA + HUGE, &dst, 0, size);
	ok(!gpu_copy(g, DST_VA + HUGE, SRC_VA + HUGE, size) && holds(dst.map, 6, 0, size),
	   "16 MiB between buffers that 2 MiB pages can back");
	pan_unmap(g->pan, g->vm, SRC_VA + HUGE, size);
	pan_unmap(g->pan, g->vm, DST_VA + HUGE, size);
	pan_bo_destroy(g->pan, &src);
	pan_bo_destroy(g->pan, &dst);
}

static void bind_small(struct gpu *g)
{
	struct drm_panthor_vm_bind_op ops[3];
	struct pan_bo a, b, dst;

	gpu_bo(g, SZ_1M, &a);
	gpu_bo(g, SZ_1M, &b);
	gpu_bo(g, SZ_1M, &dst);
	fill(a.map, 1, SZ_1M);
	fill(b.map, 2, SZ_1M);
	gpu_map(g, DST_VA, &dst, 0, SZ_1M);

	is(pan_map(g->pan, g->vm, SRC_VA, &a, 0, SZ_64K, 0), 0,
	   "a synchronous bind of 64 KiB");
	ok(!gpu_copy(g, DST_VA, SRC_VA, SZ_64K) && holds(dst.map, 1, 0, SZ_64K),
	   "the GPU copies the 64 KiB");

	gpu_map(g, SRC_VA + SZ_1M, &a, 5 * SZ_64K, SZ_64K);
	ok(!gpu_copy(g, DST_VA, SRC_VA + SZ_1M, SZ_64K) &&
	   holds(dst.map, 1, 5 * SZ_64K, SZ_64K),
	   "a bind at an offset into the buffer shows that part");

	gpu_map(g, SRC_VA + 2 * SZ_1M, &a, 0, SZ_64K);
	ok(!gpu_copy(g, DST_VA, SRC_VA + 2 * SZ_1M, SZ_64K) &&
	   holds(dst.map, 1, 0, SZ_64K),
	   "the same memory is visible at a second address");

	ops[0] = pan_op_map(SRC_VA, &b, 0, SZ_64K);
	ops[1] = pan_op_unmap(SRC_VA + SZ_1M, SZ_64K);
	ops[2] = pan_op_map(SRC_VA + SZ_64K, &b, SZ_64K, SZ_64K);
	is(pan_bind(g->pan, g->vm, 0, ops, 3), 0,
	   "two maps, one over an older one, and an unmap in one call");
	ok(!gpu_copy(g, DST_VA, SRC_VA, 2 * SZ_64K) &&
	   holds(dst.map, 2, 0, 2 * SZ_64K),
	   "the GPU reads the memory that was mapped last");
	is(pan_vm_state(g->pan, g->vm), DRM_PANTHOR_VM_STATE_USABLE,
	   "the VM says that it is usable");

	pan_unmap(g->pan, g->vm, SRC_VA, 3 * SZ_1M);
	pan_unmap(g->pan, g->vm, DST_VA, SZ_1M);
	pan_bo_destroy(g->pan, &a);
	pan_bo_destroy(g->pan, &b);
	pan_bo_destroy(g->pan, &dst);
}

void run_bind(void)
{
	struct pan p;
	struct gpu g;

	need(pan_open(&p));
	gpu_open(&g, &p);
	bind_small(&g);
	bind_scattered(&g);
	bind_huge(&g);
	gpu_close(&g);
	pan_close(&p);
}

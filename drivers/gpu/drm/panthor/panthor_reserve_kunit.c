// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * KUnit tests of what mappings reserve by where their memory is, see panthor_reserve.c.
 * They look at real page tables, by what io_pgtable_reserve_stats() says of them. What
 * becomes of it when they are cut is tested in drivers/gpu/drm/tests.
 */

#include <kunit/test.h>
#include <linux/io-pgtable.h>
#include <linux/iommu.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include "panthor_reserve.h"

#define SLOT		((u64)SZ_2M)
#define MAX_PIECES	8

static void no_flush_all(void *cookie)
{
}

static void no_flush_walk(unsigned long iova, size_t size, size_t granule, void *cookie)
{
}

static const struct iommu_flush_ops no_flush_ops = {
	.tlb_flush_all = no_flush_all,
	.tlb_flush_walk = no_flush_walk,
};

/* A page table as panthor_vm_create() makes one */
static struct io_pgtable_ops *make_pgtable(struct kunit *test)
{
	struct io_pgtable_cfg cfg = {
		.pgsize_bitmap = SZ_4K | SZ_2M,
		.ias = 48,
		.oas = 40,
		.coherent_walk = true,
		.tlb = &no_flush_ops,
		.quirks = IO_PGTABLE_QUIRK_RESERVED,
	};
	struct io_pgtable_ops *ops = alloc_io_pgtable_ops(ARM_64_LPAE_S1, &cfg, NULL);

	KUNIT_ASSERT_NOT_NULL(test, ops);
	return ops;
}

static void expect_reserved(struct kunit *test, struct io_pgtable_ops *ops,
			    u64 pages, u64 blocks)
{
	struct io_pgtable_reserve_stats stats;

	io_pgtable_reserve_stats(ops, &stats);
	KUNIT_EXPECT_EQ(test, pages, stats.pages);
	KUNIT_EXPECT_EQ(test, blocks, stats.blocks);
}

/* Memory in pieces: where each begins and how long it is, up to one of no length */
struct piece {
	u64 paddr;
	u64 len;
};

static void make_memory(struct kunit *test, struct sg_table *sgt,
			const struct piece *pieces)
{
	struct scatterlist *sgl;
	unsigned int i, nr = 0;

	while (nr < MAX_PIECES && pieces[nr].len)
		nr++;
	KUNIT_ASSERT_EQ(test, 0, sg_alloc_table(sgt, nr, GFP_KERNEL));
	for_each_sg(sgt->sgl, sgl, nr, i) {
		sg_dma_address(sgl) = pieces[i].paddr;
		sg_dma_len(sgl) = pieces[i].len;
	}
}

/* What a mapping reserves, by where its memory is and where it is bound */
struct shape_case {
	const char *name;
	struct piece pieces[MAX_PIECES];
	u64 offset, start, size;
	enum drm_gpuvm_blocks shape;
	u64 pages, blocks;
};

static const struct shape_case shape_cases[] = {
	{ "aligned memory is blocks",
	  { { 8 * SLOT, 4 * SLOT } }, 0, 16 * SLOT, 4 * SLOT,
	  DRM_GPUVM_BLOCKS_ALL, 0, 4 },
	{ "less than a block is pages",
	  { { 8 * SLOT, SLOT } }, 0, 16 * SLOT, SZ_64K,
	  DRM_GPUVM_BLOCKS_NONE, 16, 0 },
	{ "two halves are no block",
	  { { 8 * SLOT, 4 * SLOT } }, SLOT / 2, 16 * SLOT + SLOT / 2, SLOT,
	  DRM_GPUVM_BLOCKS_NONE, 512, 0 },
	{ "the edges are pages",
	  { { 8 * SLOT, 4 * SLOT } }, SZ_64K, 16 * SLOT + SZ_64K, 3 * SLOT,
	  DRM_GPUVM_BLOCKS_ALL, 512, 2 },
	{ "memory and address must be alike",
	  { { 8 * SLOT + SZ_4K, 4 * SLOT } }, 0, 16 * SLOT, 4 * SLOT,
	  DRM_GPUVM_BLOCKS_NONE, 4 * 512, 0 },
	{ "alike without being aligned",
	  { { 8 * SLOT + SZ_4K, 4 * SLOT } }, 0, 16 * SLOT + SZ_4K, 4 * SLOT,
	  DRM_GPUVM_BLOCKS_ALL, 512, 3 },
	{ "a block in the middle",
	  { { SZ_4K, SLOT }, { 8 * SLOT, SLOT }, { 5 * SLOT + SZ_8K, SLOT } },
	  0, 16 * SLOT, 3 * SLOT,
	  DRM_GPUVM_BLOCKS_SOME, 3 * 512, 0 },
	{ "two pieces are no block, though they touch",
	  { { 8 * SLOT, SLOT / 2 }, { 8 * SLOT + SLOT / 2, SLOT / 2 }, { 6 * SLOT, SLOT } },
	  0, 16 * SLOT, 2 * SLOT,
	  DRM_GPUVM_BLOCKS_SOME, 2 * 512, 0 },
	{ "an offset beyond the first pieces",
	  { { SZ_4K, SLOT }, { 8 * SLOT, 2 * SLOT }, { 5 * SLOT + SZ_4K, SLOT } },
	  2 * SLOT, 17 * SLOT, 2 * SLOT,
	  DRM_GPUVM_BLOCKS_SOME, 2 * 512, 0 },
	{ "an offset within a piece, and less than the memory",
	  { { SZ_4K, SLOT }, { 8 * SLOT, 3 * SLOT }, { 5 * SLOT + SZ_4K, SLOT } },
	  2 * SLOT, 17 * SLOT, 2 * SLOT,
	  DRM_GPUVM_BLOCKS_ALL, 0, 2 },
	{ "an offset within a piece, and another one behind it",
	  { { 8 * SLOT, 2 * SLOT }, { 5 * SLOT, SLOT }, { SZ_4K, SLOT } },
	  SLOT, 16 * SLOT, 2 * SLOT,
	  DRM_GPUVM_BLOCKS_ALL, 0, 2 },
	{ "all blocks, of pieces that are apart",
	  { { 8 * SLOT, SLOT }, { 4 * SLOT, 2 * SLOT }, { 2 * SLOT, SLOT } },
	  0, 16 * SLOT, 4 * SLOT,
	  DRM_GPUVM_BLOCKS_ALL, 0, 4 },
	{ "blocks from the end of one table to the next",
	  { { 8 * SLOT, 4 * SLOT } }, 0, SZ_1G - 2 * SLOT, 4 * SLOT,
	  DRM_GPUVM_BLOCKS_ALL, 0, 4 },
};

static void shape_case_name(const struct shape_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(shape, shape_cases, shape_case_name);

static void shapes_follow_the_memory(struct kunit *test)
{
	const struct shape_case *c = test->param_value;
	struct io_pgtable_ops *ops = make_pgtable(test);
	u64 end = c->start + c->size;
	struct iommu_iotlb_gather gather;
	struct drm_gpuvm_rsv rsv = {};
	struct sg_table sgt;

	make_memory(test, &sgt, c->pieces);
	rsv.blocks = panthor_blocks_of(&sgt, c->offset, c->start, end);
	sg_free_table(&sgt);
	KUNIT_EXPECT_EQ(test, c->shape, rsv.blocks);

	KUNIT_EXPECT_EQ(test, 0, drm_gpuvm_reserve(ops, &rsv, c->start, end));
	expect_reserved(test, ops, c->pages, c->blocks);
	iommu_iotlb_gather_init(&gather);
	drm_gpuvm_unreserve(ops, &rsv, &gather);
	iommu_put_pages_list(&gather.freelist);
	expect_reserved(test, ops, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, io_pgtable_reserved_tables(ops));
	free_io_pgtable_ops(ops);
}

static struct kunit_case panthor_reserve_cases[] = {
	KUNIT_CASE_PARAM(shapes_follow_the_memory, shape_gen_params),
	{}
};

static struct kunit_suite panthor_reserve_suite = {
	.name = "panthor-reserve",
	.test_cases = panthor_reserve_cases,
};

kunit_test_suite(panthor_reserve_suite);

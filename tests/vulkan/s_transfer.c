// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fills, updates, copies and copied query results, which panvk does with shaders of
 * its own: exact to the byte, on buffers with and without sparse memory, and no
 * byte around them changes.
 */
#include <stdlib.h>
#include <string.h>

#include "area.h"
#include "scenarios.h"

#define SMALL	(192u << 10)
#define KIB	1024u
#define MIB	(1024u * KIB)
#define LARGE	(64u * MIB)

static const char *kind(bool sparse)
{
	return sparse ? "sparse" : "plain";
}

/* What is recorded in @cmd, executed; whether that changed @a as it should */
static bool executed(struct vk *vk, VkCommandBuffer cmd, struct area *a)
{
	VkResult res;

	vk_barrier(cmd);
	res = vk_run(vk, vk_end(cmd));
	vkFreeCommandBuffers(vk->dev, vk->pool, 1, &cmd);
	if (res != VK_SUCCESS)
		detail("the queue says %d", res);
	return res == VK_SUCCESS && area_good(a);
}

/* --- Fills ----------------------------------------------------------------- */

static bool fill(struct vk *vk, struct area *a, VkDeviceSize at, VkDeviceSize size,
		 uint32_t word)
{
	VkCommandBuffer cmd = vk_begin_primary(vk);
	VkDeviceSize n = size == VK_WHOLE_SIZE ? (a->size - at) & ~3ull : size;

	for (VkDeviceSize i = 0; i < n; i += 4)
		memcpy(a->want + at + i, &word, 4);
	vkCmdFillBuffer(cmd, a->buffer, at, size, word);
	return executed(vk, cmd, a);
}

static const VkDeviceSize fill_sizes[] = {
	4, 8, 12, 16, 20, 28, 32, 60, 64, 68, 124, 128, 252, 256, 260, 1020, 1024,
	4092, 4096, 4100, 16384, 65532, 65536, 65540, 131072, VK_WHOLE_SIZE,
};

static void fills(struct vk *vk, bool sparse)
{
	static const VkDeviceSize offsets[] = { 0, 4, 8, 12, 16, 60, 4092, 65528 };
	struct area a;

	area_make(vk, &a, SMALL + 3, sparse);
	area_random(&a, 1);
	for (unsigned int s = 0; s < ARRAY_SIZE(fill_sizes); s++) {
		bool good = true;

		for (unsigned int o = 0; good && o < ARRAY_SIZE(offsets); o++)
			good = fill(vk, &a, offsets[o], fill_sizes[s],
				    0x01020304 * (s + 1) + o);
		if (fill_sizes[s] == VK_WHOLE_SIZE)
			ok(good, "%s: fills of what is left", kind(sparse));
		else
			ok(good, "%s: fills of %llu bytes", kind(sparse),
			   (unsigned long long)fill_sizes[s]);
	}
	area_free(vk, &a);
}

void run_fill(void)
{
	struct area a;
	struct vk vk;

	vk_open(&vk);
	for (int sparse = 0; sparse < 2; sparse++) {
		fills(&vk, sparse);
		area_make(&vk, &a, LARGE + 2 * MIB, sparse);
		area_random(&a, 2);
		ok(fill(&vk, &a, MIB - 4, LARGE, 0xfeedf00d), "%s: a fill of 64 MiB",
		   kind(sparse));
		area_free(&vk, &a);
	}
	vk_close(&vk);
}

/* --- Updates --------------------------------------------------------------- */

static bool update(struct vk *vk, struct area *a, VkDeviceSize at, VkDeviceSize size,
		   uint32_t seed)
{
	VkCommandBuffer cmd = vk_begin_primary(vk);

	for (VkDeviceSize i = 0; i < size; i++)
		a->want[at + i] = (i + 1) * (seed | 1) >> 3;
	vkCmdUpdateBuffer(cmd, a->buffer, at, size, a->want + at);
	return executed(vk, cmd, a);
}

void run_update(void)
{
	static const VkDeviceSize offsets[] = { 0, 4, 8, 12, 16, 60, 4092, 65532 };
	static const VkDeviceSize sizes[] = {
		4, 8, 12, 16, 36, 60, 64, 68, 256, 1000, 1024, 4092, 4096, 4100, 16380,
		65528, 65532, 65536,
	};
	struct area a;
	struct vk vk;

	vk_open(&vk);
	for (int sparse = 0; sparse < 2; sparse++) {
		area_make(&vk, &a, SMALL, sparse);
		area_random(&a, 3);
		for (unsigned int s = 0; s < ARRAY_SIZE(sizes); s++) {
			bool good = true;

			for (unsigned int o = 0; good && o < ARRAY_SIZE(offsets); o++)
				good = update(&vk, &a, offsets[o], sizes[s], s * 64 + o);
			ok(good, "%s: updates of %llu bytes", kind(sparse),
			   (unsigned long long)sizes[s]);
		}
		area_free(&vk, &a);
	}
	vk_close(&vk);
}

/* --- Copies ---------------------------------------------------------------- */

static bool copy(struct vk *vk, struct area *from, struct area *to,
		 const VkBufferCopy *regions, uint32_t n)
{
	VkCommandBuffer cmd = vk_begin_primary(vk);

	for (uint32_t i = 0; i < n; i++)
		memcpy(to->want + regions[i].dstOffset, from->want + regions[i].srcOffset,
		       regions[i].size);
	vkCmdCopyBuffer(cmd, from->buffer, to->buffer, n, regions);
	return executed(vk, cmd, to);
}

/* Each alignment of source and destination, alone and to each other */
static bool copies_of(struct vk *vk, struct area *from, struct area *to,
		      VkDeviceSize size, unsigned int seed)
{
	static const VkDeviceSize at[] = { 0, 1, 2, 3, 4, 5, 8, 12, 15, 16, 17, 4093 };

	for (unsigned int i = 0; i < ARRAY_SIZE(at); i++) {
		VkBufferCopy r = {
			.srcOffset = at[i],
			.dstOffset = at[(i * 5 + seed) % ARRAY_SIZE(at)],
			.size = size,
		};

		if (!copy(vk, from, to, &r, 1)) {
			detail("from %llu to %llu", (unsigned long long)r.srcOffset,
			       (unsigned long long)r.dstOffset);
			return false;
		}
	}
	return true;
}

static void many_regions(struct vk *vk, struct area *from, struct area *to, bool sparse)
{
	VkBufferCopy r[40];

	for (unsigned int i = 0; i < ARRAY_SIZE(r); i++)
		r[i] = (VkBufferCopy){ .srcOffset = i * 1711, .dstOffset = i * 3001 + i % 7,
				       .size = 1 + i * i };
	ok(copy(vk, from, to, r, ARRAY_SIZE(r)), "%s: many regions in one copy",
	   kind(sparse));
	for (unsigned int i = 0; i < ARRAY_SIZE(r); i++)
		r[i] = (VkBufferCopy){ .srcOffset = i * 1024, .dstOffset = 128 * KIB + i * 512,
				       .size = 509 };
	ok(copy(vk, to, to, r, ARRAY_SIZE(r)), "%s: within a buffer", kind(sparse));
}

static void copies(struct vk *vk, bool sparse)
{
	static const VkDeviceSize sizes[] = {
		1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 20, 31, 32, 33, 48, 63, 64, 65,
		127, 255, 257, 1000, 1023, 4095, 4096, 4097, 10007, 65535, 65536, 65537,
		131071,
	};
	struct area from, to;

	area_make(vk, &from, SMALL, sparse);
	area_make(vk, &to, SMALL, sparse);
	area_random(&from, 4);
	area_random(&to, 5);
	for (unsigned int s = 0; s < ARRAY_SIZE(sizes); s++)
		ok(copies_of(vk, &from, &to, sizes[s], s), "%s: copies of %llu bytes",
		   kind(sparse), (unsigned long long)sizes[s]);
	many_regions(vk, &from, &to, sparse);
	ok(area_good(&from), "%s: what was copied is as it was", kind(sparse));
	area_free(vk, &from);
	area_free(vk, &to);
}

static void large_copy(struct vk *vk, bool sparse)
{
	struct area from, to;
	VkBufferCopy r = { .srcOffset = 16, .dstOffset = MIB + 32, .size = LARGE };

	area_make(vk, &from, LARGE + 2 * MIB, sparse);
	area_make(vk, &to, LARGE + 2 * MIB, !sparse);
	area_random(&from, 6);
	area_random(&to, 7);
	ok(copy(vk, &from, &to, &r, 1), "from %s to %s: 64 MiB", kind(sparse),
	   kind(!sparse));
	r.srcOffset = 3;
	r.size = 2 * MIB + 1;
	ok(copy(vk, &from, &to, &r, 1), "from %s to %s: 2 MiB and a byte", kind(sparse),
	   kind(!sparse));
	area_free(vk, &from);
	area_free(vk, &to);
}

void run_copies(void)
{
	struct vk vk;

	vk_open(&vk);
	for (int sparse = 0; sparse < 2; sparse++) {
		copies(&vk, sparse);
		large_copy(&vk, sparse);
	}
	vk_close(&vk);
}

/* --- Results of queries ----------------------------------------------------- */

#define STAMPS	37u

struct results {
	uint32_t first, count;
	VkDeviceSize at, stride;
	VkQueryResultFlags flags;
};

/* What the host reads is what the GPU copies. */
static bool results(struct vk *vk, VkQueryPool pool, struct area *a,
		    const struct results *r)
{
	VkCommandBuffer cmd = vk_begin_primary(vk);

	vk_need(vkGetQueryPoolResults(vk->dev, pool, r->first, r->count,
				      a->size - r->at, a->want + r->at, r->stride,
				      r->flags));
	vkCmdCopyQueryPoolResults(cmd, pool, r->first, r->count, a->buffer, r->at,
				  r->stride, r->flags);
	return executed(vk, cmd, a);
}

static void timestamps(struct vk *vk, VkQueryPool pool, bool sparse)
{
	static const VkQueryResultFlags flags[] = {
		0, VK_QUERY_RESULT_WAIT_BIT, VK_QUERY_RESULT_WITH_AVAILABILITY_BIT,
	};
	static const struct results shapes[] = {
		{ 0, STAMPS, 0, 8, 0 }, { 0, STAMPS, 0, 16, 0 }, { 3, 5, 4, 16, 0 },
		{ 36, 1, 65532, 16, 0 }, { 0, STAMPS, 4096 - 8, 24, 0 },
		{ 7, 30, 64 * KIB - 100, 4000, 0 },
	};
	struct area a;

	area_make(vk, &a, SMALL, sparse);
	area_random(&a, 8);
	for (unsigned int f = 0; f < 2 * ARRAY_SIZE(flags); f++) {
		bool wide = f & 1, good = true;

		for (unsigned int i = 0; good && i < ARRAY_SIZE(shapes); i++) {
			struct results r = shapes[i];

			r.flags = flags[f / 2] | (wide ? VK_QUERY_RESULT_64_BIT : 0);
			/* Alignments, and room for two values, as Vulkan asks for it */
			if (wide)
				r.at = (r.at + 7) & ~7ull;
			if (wide && f / 2 == 2 && r.stride < 16)
				r.stride = 16;
			good = results(vk, pool, &a, &r);
		}
		ok(good, "%s: results of timestamps of %u bits, flags %u", kind(sparse),
		   wide ? 64 : 32, flags[f / 2]);
	}
	area_free(vk, &a);
}

void run_results(void)
{
	VkCommandBuffer cmd;
	VkQueryPool pool;
	struct vk vk;

	vk_open(&vk);
	pool = vk_query_pool(&vk, VK_QUERY_TYPE_TIMESTAMP, STAMPS);
	cmd = vk_begin_primary(&vk);
	vkCmdResetQueryPool(cmd, pool, 0, STAMPS);
	for (uint32_t i = 0; i < STAMPS; i++)
		vkCmdWriteTimestamp2(cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, pool, i);
	vk_need(vk_run(&vk, vk_end(cmd)));
	for (int sparse = 0; sparse < 2; sparse++)
		timestamps(&vk, pool, sparse);
	vk_close(&vk);
}

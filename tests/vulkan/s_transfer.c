// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fills, updates, copies and copied query results, which panvk does with shaders of
 * its own: exact to the byte, on buffers with and without sparse memory, and no
 * byte around them changes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "area.h"
#include "scenarios.h"

#define SMALL	(192u << 10)
#define KIB	1024u
#define MIB	(1024u * KIB)
#define LARGE	(64u * MIB)
#define TINY	256u

static VkDeviceSize large(void)
{
	return extent == SAMPLE ? 2 * MIB : LARGE;
}

/* Which of a list's sizes are tried: the sample has each third, and the last */
static bool chosen(unsigned int i, unsigned int n)
{
	return extent != SAMPLE || i % 3 == 0 || i == n - 1;
}

/* For a name of a test point */
static const char *size_name(VkDeviceSize size, char text[24])
{
	if (size % MIB == 0 && size)
		snprintf(text, 24, "%u MiB", (unsigned int)(size / MIB));
	else
		snprintf(text, 24, "%llu bytes", (unsigned long long)size);
	return text;
}

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

static void record_fill(VkCommandBuffer cmd, struct area *a, VkDeviceSize at,
			VkDeviceSize size, uint32_t word)
{
	VkDeviceSize n = size == VK_WHOLE_SIZE ? (a->size - at) & ~3ull : size;

	for (VkDeviceSize i = 0; i < n; i += 4)
		memcpy(a->want + at + i, &word, 4);
	vkCmdFillBuffer(cmd, a->buffer, at, size, word);
}

static bool fill(struct vk *vk, struct area *a, VkDeviceSize at, VkDeviceSize size,
		 uint32_t word)
{
	VkCommandBuffer cmd = vk_begin_primary(vk);

	record_fill(cmd, a, at, size, word);
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

		if (!chosen(s, ARRAY_SIZE(fill_sizes)))
			continue;
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

/* Every size up to TINY at every alignment to 64 bytes, those of a size together */
static void every_fill(struct vk *vk, bool sparse)
{
	unsigned int sizes = 0;
	struct area a;
	bool good = true;

	area_make(vk, &a, SMALL, sparse);
	area_random(&a, 10);
	for (VkDeviceSize size = 4; good && size <= TINY; size += 4, sizes++) {
		VkCommandBuffer cmd = vk_begin_primary(vk);

		for (unsigned int i = 0; i < 16; i++)
			record_fill(cmd, &a, i * 1024 + i * 4, size, size * 0x10001 + i);
		good = executed(vk, cmd, &a);
	}
	ok(good && sizes == TINY / 4, "%s: fills of all sizes to %u bytes, 16 alignments",
	   kind(sparse), TINY);
	area_free(vk, &a);
}

/* Powers of two and what is around them, up to 64 MiB */
static void long_fills(struct vk *vk, bool sparse)
{
	char text[24];
	struct area a;

	area_make(vk, &a, LARGE + 2 * MIB, sparse);
	area_random(&a, 11);
	for (VkDeviceSize size = 512; size <= LARGE; size *= 2)
		ok(fill(vk, &a, MIB + size % 60, size - 4, size) &&
		   fill(vk, &a, MIB + 12, size, size + 1) &&
		   (size == LARGE || fill(vk, &a, 4, size + 4, size + 2)),
		   "%s: fills of about %s", kind(sparse), size_name(size, text));
	area_free(vk, &a);
}

void run_fill(void)
{
	char text[24];
	struct area a;
	struct vk vk;

	vk_open(&vk);
	for (int sparse = 0; sparse < 2; sparse++) {
		fills(&vk, sparse);
		area_make(&vk, &a, large() + 2 * MIB, sparse);
		area_random(&a, 2);
		ok(fill(&vk, &a, MIB - 4, large(), 0xfeedf00d), "%s: a fill of %s",
		   kind(sparse), size_name(large(), text));
		area_free(&vk, &a);
		if (extent != ALL)
			continue;
		every_fill(&vk, sparse);
		long_fills(&vk, sparse);
	}
	vk_close(&vk);
}

/* --- Updates --------------------------------------------------------------- */

static void record_update(VkCommandBuffer cmd, struct area *a, VkDeviceSize at,
			  VkDeviceSize size, uint32_t seed)
{
	for (VkDeviceSize i = 0; i < size; i++)
		a->want[at + i] = (i + 1) * (seed | 1) >> 3;
	vkCmdUpdateBuffer(cmd, a->buffer, at, size, a->want + at);
}

static bool update(struct vk *vk, struct area *a, VkDeviceSize at, VkDeviceSize size,
		   uint32_t seed)
{
	VkCommandBuffer cmd = vk_begin_primary(vk);

	record_update(cmd, a, at, size, seed);
	return executed(vk, cmd, a);
}

/* Every size up to TINY at every alignment to 64 bytes */
static void every_update(struct vk *vk, struct area *a, bool sparse)
{
	unsigned int sizes = 0;
	bool good = true;

	for (VkDeviceSize size = 4; good && size <= TINY; size += 4, sizes++) {
		VkCommandBuffer cmd = vk_begin_primary(vk);

		for (unsigned int i = 0; i < 16; i++)
			record_update(cmd, a, i * 1024 + i * 4, size, size + i);
		good = executed(vk, cmd, a);
	}
	ok(good && sizes == TINY / 4, "%s: updates of all sizes to %u bytes, 16 alignments",
	   kind(sparse), TINY);
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

			if (!chosen(s, ARRAY_SIZE(sizes)))
				continue;
			for (unsigned int o = 0; good && o < ARRAY_SIZE(offsets); o++)
				good = update(&vk, &a, offsets[o], sizes[s], s * 64 + o);
			ok(good, "%s: updates of %llu bytes", kind(sparse),
			   (unsigned long long)sizes[s]);
		}
		if (extent == ALL)
			every_update(&vk, &a, sparse);
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
		if (chosen(s, ARRAY_SIZE(sizes)))
			ok(copies_of(vk, &from, &to, sizes[s], s), "%s: copies of %llu bytes",
			   kind(sparse), (unsigned long long)sizes[s]);
	many_regions(vk, &from, &to, sparse);
	ok(area_good(&from), "%s: what was copied is as it was", kind(sparse));
	area_free(vk, &from);
	area_free(vk, &to);
}

/*
 * Every size up to TINY, from each of 16 alignments to each; those of a size are regions
 * of one copy.
 */
static void every_copy(struct vk *vk, bool sparse)
{
	unsigned int sizes = 0;
	VkBufferCopy r[256];
	struct area from, to;
	bool good = true;

	area_make(vk, &from, SMALL, sparse);
	area_make(vk, &to, SMALL, !sparse);
	area_random(&from, 12);
	area_random(&to, 13);
	for (VkDeviceSize size = 1; good && size <= TINY; size++, sizes++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(r); i++)
			r[i] = (VkBufferCopy){ .srcOffset = i * 16 + i % 16 + size,
					       .dstOffset = i * 512 + i / 16, .size = size };
		good = copy(vk, &from, &to, r, ARRAY_SIZE(r));
	}
	ok(good && sizes == TINY, "from %s to %s: all sizes to %u bytes, 16 by 16 alignments",
	   kind(sparse), kind(!sparse), TINY);
	area_free(vk, &from);
	area_free(vk, &to);
}

/* Powers of two and what is around them, up to 64 MiB */
static void long_copies(struct vk *vk, struct area *from, struct area *to, bool sparse)
{
	char text[24];

	for (VkDeviceSize size = 512; size <= LARGE; size *= 2) {
		bool good = true;

		for (int more = -1; good && more <= 1; more++) {
			VkBufferCopy r = { .srcOffset = size / 512 % 13 + (more + 1) * 3,
					   .dstOffset = MIB - 1 + (more + 1) * 5,
					   .size = size + more };

			good = copy(vk, from, to, &r, 1);
		}
		ok(good, "from %s to %s: copies of about %s", kind(sparse), kind(!sparse),
		   size_name(size, text));
	}
}

static void large_copy(struct vk *vk, bool sparse)
{
	struct area from, to;
	VkBufferCopy r = { .srcOffset = 16, .dstOffset = MIB + 32, .size = large() };
	char text[24];

	area_make(vk, &from, large() + 2 * MIB, sparse);
	area_make(vk, &to, large() + 2 * MIB, !sparse);
	area_random(&from, 6);
	area_random(&to, 7);
	ok(copy(vk, &from, &to, &r, 1), "from %s to %s: %s", kind(sparse), kind(!sparse),
	   size_name(large(), text));
	r.srcOffset = 3;
	r.size = 2 * MIB + 1;
	ok(copy(vk, &from, &to, &r, 1), "from %s to %s: 2 MiB and a byte", kind(sparse),
	   kind(!sparse));
	if (extent == ALL)
		long_copies(vk, &from, &to, sparse);
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
		if (extent == ALL)
			every_copy(&vk, sparse);
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

/* Any number of results, any first one, at every place that Vulkan allows */
static void every_result(struct vk *vk, VkQueryPool pool, bool sparse)
{
	unsigned int tried = 0;
	bool good = true;
	struct area a;

	area_make(vk, &a, SMALL, sparse);
	area_random(&a, 14);
	for (uint32_t count = 1; good && count <= STAMPS; count++) {
		for (unsigned int i = 0; good && i < 16; i++, tried++) {
			bool wide = i & 1;
			uint32_t width = wide ? 8 : 4;
			struct results r = {
				.first = (count * 7 + i) % (STAMPS - count + 1),
				.count = count,
				.at = (i * 5 + count) * width,
				.stride = (2 + i) * width,
				.flags = (wide ? VK_QUERY_RESULT_64_BIT : 0) |
					 (i & 2 ? VK_QUERY_RESULT_WITH_AVAILABILITY_BIT : 0),
			};

			good = results(vk, pool, &a, &r);
		}
	}
	ok(good && tried == STAMPS * 16, "%s: 1 to %u results in 16 shapes", kind(sparse),
	   STAMPS);
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
	for (int sparse = 0; sparse < 2; sparse++) {
		timestamps(&vk, pool, sparse);
		if (extent == ALL)
			every_result(&vk, pool, sparse);
	}
	vk_close(&vk);
}

/* --- Memory that changes ------------------------------------------------------ */

#define TURNS	8u

/*
 * The driver's shader reads and writes a sparse buffer, each time with other memory behind
 * its addresses, which the GPU's TLB must not know from the time before.
 */
void run_rebind(void)
{
	const VkBufferCopy r = { .size = SMALL };
	unsigned int reads = 0, writes = 0;
	struct area sparse, plain;
	struct vk vk;

	vk_open(&vk);
	area_make(&vk, &sparse, SMALL, true);
	area_make(&vk, &plain, SMALL, false);
	for (unsigned int i = 0; i < TURNS; i++) {
		area_random(&sparse, 20 + i);
		area_random(&plain, 40 + i);
		reads += copy(&vk, &sparse, &plain, &r, 1);
		area_random(&plain, 60 + i);
		writes += copy(&vk, &plain, &sparse, &r, 1);
		area_turn(&vk, &sparse);
	}
	is(reads, TURNS, "a shader reads the memory that is bound now, each time");
	is(writes, TURNS, "and writes there");
	area_free(&vk, &sparse);
	area_free(&vk, &plain);
	vk_close(&vk);
}

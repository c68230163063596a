// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Partial changes of a mapping in 2 MiB blocks: the driver has to split a
 * block into pages, and everything that was not asked for must stay.
 */
#include "gpu.h"
#include "scenarios.h"
#include "tap.h"

#define SRC_VA	DATA_VA
#define DST_VA	(DATA_VA + 0x100000000ull)
#define SIZE	(8 * SZ_1M)

struct split {
	struct gpu gpu;
	struct pan_bo src;
	struct pan_bo dst;
};

/* [from, to) of the source is there, through the GPU */
static bool reads(struct split *s, uint64_t from, uint64_t to, uint32_t seed)
{
	fill(s->dst.map, 99, SIZE);
	if (gpu_copy(&s->gpu, DST_VA + from, SRC_VA + from, to - from)) {
		detail("the copy failed");
		return false;
	}
	return holds((char *)s->dst.map + from, seed, from, to - from);
}

static void split_unmap(struct split *s, uint64_t at, uint64_t size,
			const char *what)
{
	struct gpu *g = &s->gpu;

	gpu_map(g, SRC_VA, &s->src, 0, SIZE);
	ok(reads(s, 0, SIZE, 1), "8 MiB are there before %s", what);
	is(pan_unmap(g->pan, g->vm, SRC_VA + at, size), 0, what);
	ok(reads(s, 0, at, 1), "everything before it stays (%s)", what);
	ok(reads(s, at + size, SIZE, 1), "everything after it stays (%s)",
	   what);
	need(pan_unmap(g->pan, g->vm, SRC_VA, SIZE));
}

static void split_remap(struct split *s)
{
	uint64_t at = SZ_2M + 5 * SZ_64K;
	struct gpu *g = &s->gpu;
	struct pan_bo tile;

	gpu_bo(g, SIZE, &tile);
	fill(tile.map, 2, SIZE);
	gpu_map(g, SRC_VA, &s->src, 0, SIZE);
	ok(reads(s, 0, SIZE, 1), "8 MiB are there before a tile is replaced");
	gpu_map(g, SRC_VA + at, &tile, at, SZ_64K);
	ok(reads(s, at, at + SZ_64K, 2), "the tile is the new one");
	ok(reads(s, 0, at, 1), "what is before the tile is the old memory");
	ok(reads(s, at + SZ_64K, SIZE, 1),
	   "what is after the tile is the old memory");
	need(pan_unmap(g->pan, g->vm, SRC_VA, SIZE));
	pan_bo_destroy(g->pan, &tile);
}

/* Pages become a block again when the whole 2 MiB are bound anew */
static void split_join(struct split *s)
{
	struct gpu *g = &s->gpu;

	for (uint64_t at = 0; at < SZ_2M; at += SZ_64K)
		gpu_map(g, SRC_VA + at, &s->src, at, SZ_64K);
	ok(reads(s, 0, SZ_2M, 1), "2 MiB of tiles bound one by one");
	gpu_map(g, SRC_VA, &s->src, 0, SIZE);
	ok(reads(s, 0, SIZE, 1), "one bind over them all");
	need(pan_unmap(g->pan, g->vm, SRC_VA, SIZE));
}

void run_split(void)
{
	struct split s;
	struct pan p;

	need(pan_open(&p));
	gpu_open(&s.gpu, &p);
	gpu_bo(&s.gpu, SIZE, &s.src);
	gpu_bo(&s.gpu, SIZE, &s.dst);
	fill(s.src.map, 1, SIZE);
	gpu_map(&s.gpu, DST_VA, &s.dst, 0, SIZE);
	split_unmap(&s, SZ_2M + 7 * SZ_64K, SZ_64K,
		    "an unmap of 64 KiB inside a block");
	split_unmap(&s, 2 * SZ_2M - SZ_64K, 2 * SZ_64K,
		    "an unmap of 128 KiB across two blocks");
	split_unmap(&s, SZ_2M, SZ_2M, "an unmap of one whole block");
	split_unmap(&s, SZ_1M, SZ_2M + SZ_64K,
		    "an unmap from one block to the next but one");
	split_remap(&s);
	split_join(&s);
	gpu_close(&s.gpu);
	pan_close(&p);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Buffers and where they are; see bufs.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bufs.h"
#include "gpu.h"
#include "tap.h"

#define CRUMBS		(32 * SZ_1M)

/* Large ones first: what follows finds memory in crumbs */
static const struct {
	uint64_t size;
	unsigned int count;
} shapes[] = {
	{ 6 * SZ_2M, 1 },
	{ 2 * SZ_2M, 1 },
	{ SZ_2M, 3 },
	{ SZ_2M + SZ_2M / 4, 2 },
	{ SZ_2M - SZ_4K, 2 },
	{ SZ_1M, 2 },
	{ 3 * SZ_64K, 2 },
	{ SZ_64K, 4 },
	{ 4 * SZ_4K, 2 },
	{ SZ_4K, 4 },
};

/* Every other page of it is free: the free ones are what is taken next */
static void *crumble(void)
{
	char *m = mmap(NULL, CRUMBS, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(m == MAP_FAILED ? -errno : 0);
	madvise(m, CRUMBS, MADV_NOHUGEPAGE);
	memset(m, 1, CRUMBS);
	for (uint64_t at = 0; at < CRUMBS; at += 2 * SZ_4K)
		madvise(m + at, SZ_4K, MADV_DONTNEED);
	return m;
}

void bufs_add(struct bufs *b, uint64_t size)
{
	struct buf *it = &b->buf[b->count];

	need(pan_bo_create(b->pan, size, 0, &it->bo));
	it->seed = ++b->count;
	it->pa = calloc(size / SZ_4K, sizeof(*it->pa));
	need(it->pa ? 0 : -ENOMEM);
	fill(it->bo.map, it->seed, size);
}

void bufs_open(struct bufs *b, struct pan *p, bool large)
{
	void *crumbs = NULL;

	memset(b, 0, sizeof(*b));
	b->pan = p;
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		if (!crumbs && shapes[i].size < SZ_2M)
			crumbs = crumble();
		if (shapes[i].size >= SZ_2M && !large)
			continue;
		for (unsigned int n = 0; n < shapes[i].count; n++)
			bufs_add(b, shapes[i].size);
	}
	munmap(crumbs, CRUMBS);
}

void bufs_close(struct bufs *b)
{
	for (unsigned int i = 0; i < b->count; i++) {
		free(b->buf[i].pa);
		pan_bo_destroy(b->pan, &b->buf[i].bo);
	}
	b->count = 0;
}

void bufs_forget(struct bufs *b)
{
	for (unsigned int i = 0; i < b->count; i++)
		memset(b->buf[i].pa, 0, b->buf[i].bo.size / SZ_4K *
		       sizeof(*b->buf[i].pa));
}

void buf_found(struct buf *b, uint64_t page, uint64_t pa, bool block)
{
	uint64_t first = page, last = page;

	if (block) {
		/* Of what lies in the block, the part that is the buffer's */
		uint64_t before = pa % SZ_2M / SZ_4K;

		first = page > before ? page - before : 0;
		last = page - before + SZ_2M / SZ_4K - 1;
	}
	for (uint64_t i = first; i <= last && i < b->bo.size / SZ_4K; i++)
		b->pa[i] = pa + (i - page) * SZ_4K;
}

bool buf_is_block(const struct buf *b, uint64_t offset)
{
	const uint64_t *pa = &b->pa[offset / SZ_4K];

	if (offset + SZ_2M > b->bo.size || !pa[0] || pa[0] % SZ_2M)
		return false;
	for (unsigned int i = 1; i < SZ_2M / SZ_4K; i++)
		if (pa[i] != pa[0] + i * SZ_4K)
			return false;
	return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The buffers that are bound: each page of each has contents of its own, and it
 * is known where in physical memory it is.
 */
#ifndef BINDGEN_BUFS_H
#define BINDGEN_BUFS_H

#include <stdbool.h>
#include <stdint.h>

#include "pan.h"

#define MAX_BUFS	32u

/**
 * struct buf - a buffer object
 * @seed: Of the pattern that it holds.
 * @pa: Physical address of each page; 0 while that is not known.
 * @object: How debugfs calls it; 0 while that is not known.
 */
struct buf {
	struct pan_bo bo;
	uint32_t seed;
	uint64_t *pa;
	uint64_t object;
};

struct bufs {
	struct pan *pan;
	unsigned int count;
	struct buf buf[MAX_BUFS];
};

/*
 * Some are made of huge pages, those below 2 MiB of pages that lie scattered. They
 * are filled. Without @large there are only those.
 */
void bufs_open(struct bufs *b, struct pan *p, bool large);
void bufs_close(struct bufs *b);
/* One more */
void bufs_add(struct bufs *b, uint64_t size);

/* The pages may have moved: it is not known any more where they are */
void bufs_forget(struct bufs *b);

/* Page @page is at @pa; with @block, so are its neighbours in 2 MiB */
void buf_found(struct buf *b, uint64_t page, uint64_t pa, bool block);

/* The 2 MiB from @offset on are known to be one aligned piece of memory */
bool buf_is_block(const struct buf *b, uint64_t offset);

#endif /* BINDGEN_BUFS_H */

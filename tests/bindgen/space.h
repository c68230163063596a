/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model: what is mapped where in one VM. It knows of no GPU and no driver.
 *
 * Invariant: the extents are sorted, do not overlap and are not empty. An extent
 * is (a part of) what one operation mapped: neighbours are never merged, so that
 * it can be told which 2 MiB were mapped in one go.
 */
#ifndef BINDGEN_SPACE_H
#define BINDGEN_SPACE_H

#include <stdbool.h>
#include <stdint.h>

/* Instead of a buffer: a sparse range */
#define SPARSE		(-1)

/**
 * struct extent - a part of the address space with something in it
 * @va: Where it starts.
 * @size: In bytes, a multiple of 4 KiB.
 * @buf: Number of the buffer, or SPARSE.
 * @offset: Into the buffer; 0 for SPARSE.
 * @flags: DRM_PANTHOR_VM_BIND_OP_MAP_*.
 */
struct extent {
	uint64_t va;
	uint64_t size;
	int buf;
	uint64_t offset;
	uint32_t flags;
};

struct space {
	struct extent *extent;
	unsigned int count;
	unsigned int room;
};

void space_free(struct space *s);
void space_copy(struct space *to, const struct space *from);

/* What VM_BIND does: the last one to come has the range */
void space_map(struct space *s, struct extent e);
void space_unmap(struct space *s, uint64_t va, uint64_t size);

/* The extent at @va; NULL: nothing is mapped there */
const struct extent *space_at(const struct space *s, uint64_t va);

/* Index of the first extent that ends behind @va */
unsigned int space_after(const struct space *s, uint64_t va);

static inline uint64_t extent_end(const struct extent *e)
{
	return e->va + e->size;
}

#endif /* BINDGEN_SPACE_H */

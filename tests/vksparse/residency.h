/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model: which page of which memory is behind each block of a resource. It knows of
 * no Vulkan, and nothing of what kind the resource is: an image's blocks have numbers
 * as well.
 */
#ifndef VKSPARSE_RESIDENCY_H
#define VKSPARSE_RESIDENCY_H

#include <stdbool.h>
#include <stdint.h>

/* In place of a memory object */
#define UNBOUND		(-1)

/* @memory: Number of the object, or UNBOUND; @page: in blocks, from its start */
struct place {
	int memory;
	uint32_t page;
};

struct residency {
	uint32_t blocks;
	struct place *at;
};

/* All is unbound */
void residency_make(struct residency *r, uint32_t blocks);
void residency_free(struct residency *r);
void residency_copy(struct residency *to, const struct residency *from);

/* Blocks @first and on are @count pages of @memory, from @page on; or UNBOUND */
void residency_bind(struct residency *r, uint32_t first, uint32_t count, int memory,
		    uint32_t page);

/* A bound block at @from or behind it, in a circle; @blocks when there is none */
uint32_t residency_find(const struct residency *r, uint32_t from, bool bound);

#endif /* VKSPARSE_RESIDENCY_H */

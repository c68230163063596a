/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sparse space: buffers of 2 GiB that together have room for each tile of the land,
 * and the little memory that is bound to them.
 *
 * What has no memory of the pool any more is bound to "the void", 2 MiB that are the
 * same everywhere: so what is read there is known. (That panvk 26.1 takes memory away
 * at the start of a buffer, whatever the offset, is the other reason.)
 */
#ifndef STREAM_SPACE_H
#define STREAM_SPACE_H

#include "pool.h"
#include "vk.h"

#define SPACE_TILES	(1u << SPACE_BITS)
#define SPACE_BUFFERS	((NUM_TILES + SPACE_TILES - 1) >> SPACE_BITS)
#define REGION_SIZE	((VkDeviceSize)REGION_TILES * TILE_SIZE)
#define VOID_WORDS	(REGION_TILES * TILE_WORDS)

/**
 * struct space - the buffers and their memory
 * @address: Of each buffer, for shaders.
 * @pool: The memory of the slots, @slots as the host sees it.
 * @none: The void.
 */
struct space {
	struct vk *vk;
	VkBuffer buffer[SPACE_BUFFERS];
	uint64_t address[SPACE_BUFFERS];
	uint64_t size;
	VkDeviceMemory pool;
	VkDeviceMemory none;
	uint32_t *slots;
};

void space_make(struct space *s, struct vk *vk);
void space_free(struct space *s);

/*
 * Queue what @c says, to be done when @wait has @wait_value, and to signal @signal;
 * the number of binds, or a negative number when the queue does not take them.
 */
int space_bind(struct space *s, const struct change *c, const struct batch *b);

/* What is read of a tile that is bound to the void */
uint32_t void_word(uint32_t tile, uint32_t word);

static inline const uint32_t *space_slot(const struct space *s, unsigned int slot)
{
	return s->slots + (size_t)slot * TILE_WORDS;
}

#endif /* STREAM_SPACE_H */

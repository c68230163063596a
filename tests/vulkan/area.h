/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A buffer whose bytes the host knows: each has a copy of what it should hold, to
 * compare with after the GPU wrote. The memory of a sparse one is bound block by
 * block, backwards, so that neighbours in the buffer are none in memory, until it is
 * turned round.
 */
#ifndef VKQUEUE_AREA_H
#define VKQUEUE_AREA_H

#include "vk.h"

/**
 * struct area - a buffer and what should be in it
 * @buffer: The buffer.
 * @size: Its bytes.
 * @block: Bytes that are neighbours in memory.
 * @blocks: Blocks of it; the first is the last in memory.
 * @forwards: It is the first.
 * @map: Memory as the host sees it.
 * @want: What should be in the buffer.
 */
struct area {
	VkBuffer buffer;
	VkDeviceSize size;
	VkDeviceSize block;
	uint64_t blocks;
	bool forwards;
	VkDeviceMemory memory;
	unsigned char *map;
	unsigned char *want;
};

void area_make(struct vk *vk, struct area *a, VkDeviceSize size, bool sparse);
void area_free(struct vk *vk, struct area *a);
/* Bind the memory of a sparse one in the other order; what is in it stays where it is */
void area_turn(struct vk *vk, struct area *a);
/* Bytes that depend on @seed, in the buffer and in @want */
void area_random(struct area *a, uint32_t seed);
/* Whether all of it is as it should be; a failure names the first byte */
bool area_good(struct area *a);

#endif /* VKQUEUE_AREA_H */

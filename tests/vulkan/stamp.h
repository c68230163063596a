/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the GPU writes bytes of one's choice without a shader.
 *
 * An occlusion query that began and ended outside of a render pass has the
 * result 0 and is available; one that was only reset is not available. When
 * panvk copies results of such queries with their availability to a buffer,
 * the command stream itself loads and stores them: a word 0, and a word that is
 * 0 or 1. The queries of a pool are the bits of a number.
 */
#ifndef VKQUEUE_STAMP_H
#define VKQUEUE_STAMP_H

#include "vk.h"

#define STAMP_BITS	32u
#define STAMP_SIZE	(STAMP_BITS * 8)
/* What memory is wiped with: no stamp has such a byte */
#define STAMP_WIPED	0xee

/* A pool of queries that are the bits of @number; executed before it returns */
VkQueryPool stamp_make(struct vk *vk, uint32_t number);
/* Record that @pool is copied to @offset of @buffer, and barriers around it */
void stamp_record(VkCommandBuffer cmd, VkQueryPool pool, VkBuffer buffer,
		  VkDeviceSize offset);
/* Make a stamp of @number and write it; waits until that is done */
VkResult stamp_write(struct vk *vk, VkBuffer buffer, VkDeviceSize offset,
		     uint32_t number);

/* Whether the stamp of @number, and nothing else, is at @at */
bool stamp_is(const void *at, uint32_t number);
/* Whether there are @size bytes that nobody has written since they were wiped */
bool stamp_none(const void *at, size_t size);

#endif /* VKQUEUE_STAMP_H */

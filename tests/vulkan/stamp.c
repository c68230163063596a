// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes that the GPU writes; see stamp.h.
 */
#include "stamp.h"

VkQueryPool stamp_make(struct vk *vk, uint32_t number)
{
	VkQueryPool pool = vk_query_pool(vk, VK_QUERY_TYPE_OCCLUSION,
					 STAMP_BITS);
	VkCommandBuffer cmd = vk_begin_primary(vk);

	vkResetQueryPool(vk->dev, pool, 0, STAMP_BITS);
	for (uint32_t i = 0; i < STAMP_BITS; i++) {
		if (!(number >> i & 1))
			continue;
		vkCmdBeginQuery(cmd, pool, i, 0);
		vkCmdEndQuery(cmd, pool, i);
	}
	vk_need(vk_run(vk, vk_end(cmd)));
	return pool;
}

void stamp_record(VkCommandBuffer cmd, VkQueryPool pool, VkBuffer buffer,
		  VkDeviceSize offset)
{
	vk_barrier(cmd);
	vkCmdCopyQueryPoolResults(cmd, pool, 0, STAMP_BITS, buffer, offset,
				  STAMP_SIZE / STAMP_BITS,
				  VK_QUERY_RESULT_WITH_AVAILABILITY_BIT);
	vk_barrier(cmd);
}

VkResult stamp_write(struct vk *vk, VkBuffer buffer, VkDeviceSize offset,
		     uint32_t number)
{
	VkQueryPool pool = stamp_make(vk, number);
	VkCommandBuffer cmd = vk_begin_primary(vk);
	VkResult res;

	stamp_record(cmd, pool, buffer, offset);
	res = vk_run(vk, vk_end(cmd));
	vkDestroyQueryPool(vk->dev, pool, NULL);
	return res;
}

bool stamp_is(const void *at, uint32_t number)
{
	const uint32_t *word = at;

	/* A result that is not available is not written */
	for (uint32_t i = 0; i < STAMP_BITS; i++) {
		uint32_t bit = number >> i & 1;

		if (word[2 * i + 1] != bit || (bit && word[2 * i]))
			return false;
	}
	return true;
}

bool stamp_none(const void *at, size_t size)
{
	const unsigned char *p = at;

	for (size_t i = 0; i < size; i++)
		if (p[i] != STAMP_WIPED)
			return false;
	return true;
}

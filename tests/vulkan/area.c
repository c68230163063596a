// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Buffers whose bytes the host knows; see area.h.
 */
#include <stdlib.h>
#include <string.h>

#include "area.h"
#include "chance.h"

static uint64_t memory_block(const struct area *a, uint64_t block)
{
	return a->forwards || a->blocks == 1 ? block : a->blocks - 1 - block;
}

/* Where in memory the byte at @at of the buffer is */
static unsigned char *place(struct area *a, VkDeviceSize at)
{
	return a->map + memory_block(a, at / a->block) * a->block + at % a->block;
}

static void bind_blocks(struct vk *vk, struct area *a)
{
	VkSparseMemoryBind *binds = calloc(a->blocks, sizeof(*binds));
	const VkSparseBufferMemoryBindInfo buffer = {
		.buffer = a->buffer,
		.bindCount = a->blocks,
		.pBinds = binds,
	};
	const VkBindSparseInfo info = {
		.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
		.bufferBindCount = 1,
		.pBufferBinds = &buffer,
	};
	VkFence fence = vk_fence(vk);

	must(binds);
	for (uint64_t i = 0; i < a->blocks; i++)
		binds[i] = (VkSparseMemoryBind){
			.resourceOffset = i * a->block,
			.size = a->block,
			.memory = a->memory,
			.memoryOffset = memory_block(a, i) * a->block,
		};
	vk_need(vkQueueBindSparse(vk->family[vk->sparse].queue[0], 1, &info, fence));
	vk_need(vk_wait_fence(vk, fence, PATIENCE));
	vkDestroyFence(vk->dev, fence, NULL);
	free(binds);
}

void area_make(struct vk *vk, struct area *a, VkDeviceSize size, bool sparse)
{
	const VkBufferCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.flags = sparse ? VK_BUFFER_CREATE_SPARSE_BINDING_BIT |
				  VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT : 0,
		.size = size,
		.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
			 VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
			 VK_BUFFER_USAGE_TRANSFER_DST_BIT,
	};
	VkMemoryRequirements req;
	void *map;

	must(!sparse || (vk->sparse >= 0 && vk->features.sparseResidencyBuffer));
	memset(a, 0, sizeof(*a));
	vk_need(vkCreateBuffer(vk->dev, &info, NULL, &a->buffer));
	vkGetBufferMemoryRequirements(vk->dev, a->buffer, &req);
	a->size = size;
	a->block = sparse ? req.alignment : req.size;
	a->blocks = (req.size + a->block - 1) / a->block;
	a->memory = vk_memory(vk, &req, a->blocks * a->block, &map);
	a->map = map;
	a->want = malloc(size);
	must(a->want);
	if (sparse)
		bind_blocks(vk, a);
	else
		vk_need(vkBindBufferMemory(vk->dev, a->buffer, a->memory, 0));
}

void area_turn(struct vk *vk, struct area *a)
{
	a->forwards = !a->forwards;
	bind_blocks(vk, a);
}

void area_free(struct vk *vk, struct area *a)
{
	vkDestroyBuffer(vk->dev, a->buffer, NULL);
	vkFreeMemory(vk->dev, a->memory, NULL);
	free(a->want);
}

/* Bytes from @at on that are together in memory */
static VkDeviceSize run_of(const struct area *a, VkDeviceSize at)
{
	VkDeviceSize left = a->block - at % a->block;

	return left < a->size - at ? left : a->size - at;
}

void area_random(struct area *a, uint32_t seed)
{
	uint64_t x = seed * 2654435761u | 1;

	/* By words, since areas are large and the guest's processor is emulated */
	for (VkDeviceSize i = 0; i < a->size; i += sizeof(x)) {
		chance(&x);
		memcpy(a->want + i, &x, a->size - i < sizeof(x) ? a->size - i : sizeof(x));
	}
	for (VkDeviceSize at = 0; at < a->size; at += run_of(a, at))
		memcpy(place(a, at), a->want + at, run_of(a, at));
}

bool area_good(struct area *a)
{
	for (VkDeviceSize at = 0; at < a->size; at += run_of(a, at)) {
		const unsigned char *is = place(a, at);
		VkDeviceSize i = 0;

		if (!memcmp(is, a->want + at, run_of(a, at)))
			continue;
		while (is[i] == a->want[at + i])
			i++;
		detail("byte %llu is 0x%02x, should be 0x%02x",
		       (unsigned long long)(at + i), is[i], a->want[at + i]);
		return false;
	}
	return true;
}

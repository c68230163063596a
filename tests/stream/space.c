// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sparse space; see space.h.
 */
#include <string.h>

#include "space.h"

static uint32_t tiles_of(unsigned int buffer)
{
	uint32_t left = NUM_REGIONS * REGION_TILES - buffer * SPACE_TILES;

	return left < SPACE_TILES ? left : SPACE_TILES;
}

static void make_buffer(struct space *s, unsigned int i)
{
	const VkBufferCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.flags = VK_BUFFER_CREATE_SPARSE_BINDING_BIT |
			 VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT,
		.size = (VkDeviceSize)tiles_of(i) * TILE_SIZE,
		.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
			 VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT,
	};
	VkBufferDeviceAddressInfo address = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO,
	};

	vk_need(vkCreateBuffer(s->vk->dev, &info, NULL, &s->buffer[i]));
	address.buffer = s->buffer[i];
	s->address[i] = vkGetBufferDeviceAddress(s->vk->dev, &address);
	s->size += info.size;
}

uint32_t void_word(uint32_t tile, uint32_t word)
{
	return 0xdead0000u ^ ((tile & (REGION_TILES - 1)) * TILE_WORDS + word);
}

static void fill_void(uint32_t *words)
{
	for (uint32_t i = 0; i < VOID_WORDS; i++)
		words[i] = void_word(i / TILE_WORDS, i % TILE_WORDS);
}

void space_make(struct space *s, struct vk *vk)
{
	VkMemoryRequirements req;
	void *map;

	memset(s, 0, sizeof(*s));
	s->vk = vk;
	must(vk->sparse >= 0 && vk->features.sparseResidencyBuffer &&
	     vk->features12.bufferDeviceAddress);
	for (unsigned int i = 0; i < SPACE_BUFFERS; i++)
		make_buffer(s, i);
	vkGetBufferMemoryRequirements(vk->dev, s->buffer[0], &req);
	must(TILE_SIZE % req.alignment == 0);
	s->pool = vk_memory(vk, &req, POOL_SLOTS * (VkDeviceSize)TILE_SIZE, &map);
	s->slots = map;
	s->none = vk_memory(vk, &req, REGION_SIZE, &map);
	fill_void(map);
}

void space_free(struct space *s)
{
	for (unsigned int i = 0; i < SPACE_BUFFERS; i++)
		vkDestroyBuffer(s->vk->dev, s->buffer[i], NULL);
	vkFreeMemory(s->vk->dev, s->pool, NULL);
	vkFreeMemory(s->vk->dev, s->none, NULL);
}

/* --- Binds ------------------------------------------------------------------------ */

/* Sorted by buffer, as Vulkan wants them, in the order in which they came */
struct binds {
	unsigned int n, groups;
	VkSparseMemoryBind bind[2 * POOL_SLOTS];
	VkSparseBufferMemoryBindInfo group[2 * POOL_SLOTS];
};

static void add(struct space *s, struct binds *b, uint32_t tile, VkDeviceSize size,
		VkDeviceMemory memory, VkDeviceSize offset)
{
	VkBuffer buffer = s->buffer[tile >> SPACE_BITS];
	VkSparseBufferMemoryBindInfo *g = b->groups ? &b->group[b->groups - 1] : NULL;

	must(b->n < ARRAY_SIZE(b->bind));
	b->bind[b->n] = (VkSparseMemoryBind){
		.resourceOffset = (VkDeviceSize)(tile & SPACE_MASK) * TILE_SIZE,
		.size = size,
		.memory = memory,
		.memoryOffset = offset,
	};
	if (!g || g->buffer != buffer) {
		g = &b->group[b->groups++];
		*g = (VkSparseBufferMemoryBindInfo){ buffer, 0, &b->bind[b->n] };
	}
	g->bindCount++;
	b->n++;
}

static bool goes_as_a_whole(const struct change *c, uint32_t tile)
{
	for (unsigned int i = 0; i < c->regions; i++)
		if (c->region[i] == tile >> REGION_BITS)
			return true;
	return false;
}

static void collect(struct space *s, const struct change *c, struct binds *b)
{
	for (unsigned int i = 0; i < c->evictions; i++) {
		uint32_t tile = c->evicted[i];

		if (!goes_as_a_whole(c, tile))
			add(s, b, tile, TILE_SIZE, s->none,
			    (VkDeviceSize)(tile & (REGION_TILES - 1)) * TILE_SIZE);
	}
	for (unsigned int i = 0; i < c->regions; i++)
		add(s, b, c->region[i] << REGION_BITS, REGION_SIZE, s->none, 0);
	for (unsigned int i = 0; i < c->loads; i++)
		add(s, b, c->tile[i], TILE_SIZE, s->pool,
		    (VkDeviceSize)c->slot[i] * TILE_SIZE);
}

int space_bind(struct space *s, const struct change *c, const struct batch *b)
{
	static struct binds binds;
	const VkTimelineSemaphoreSubmitInfo values = {
		.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
		.waitSemaphoreValueCount = 1,
		.pWaitSemaphoreValues = &b->wait_value,
		.signalSemaphoreValueCount = 1,
		.pSignalSemaphoreValues = &b->signal_value,
	};
	VkBindSparseInfo info = {
		.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
		.pNext = &values,
		.waitSemaphoreCount = b->wait != VK_NULL_HANDLE,
		.pWaitSemaphores = &b->wait,
		.signalSemaphoreCount = b->signal != VK_NULL_HANDLE,
		.pSignalSemaphores = &b->signal,
	};

	binds.n = 0;
	binds.groups = 0;
	collect(s, c, &binds);
	info.bufferBindCount = binds.groups;
	info.pBufferBinds = binds.group;
	if (vkQueueBindSparse(s->vk->family[s->vk->sparse].queue[0], 1, &info,
			      VK_NULL_HANDLE) != VK_SUCCESS)
		return -1;
	return binds.n;
}

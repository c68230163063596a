// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sparse buffers and memory; see objects.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "objects.h"

uint64_t block_size = 65536;

/* --- Memory --------------------------------------------------------------- */

VkDeviceMemory mem_alloc(struct vk *vk, VkDeviceSize size,
			 VkExternalMemoryHandleTypeFlags handle, int fd)
{
	const VkImportMemoryFdInfoKHR import = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
		.handleType = handle,
		.fd = fd,
	};
	const VkExportMemoryAllocateInfo export = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
		.pNext = fd >= 0 ? &import : NULL,
		.handleTypes = handle,
	};
	const VkMemoryAllocateFlagsInfo flags = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
		.pNext = handle ? &export : NULL,
		.flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT,
	};
	const VkMemoryAllocateInfo info = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
		.pNext = &flags,
		.allocationSize = size,
		.memoryTypeIndex = vk_memory_type(vk, ~0u),
	};
	VkDeviceMemory memory;

	vk_need(vkAllocateMemory(vk->dev, &info, NULL, &memory));
	return memory;
}

void mem_make(struct vk *vk, struct mem *m, uint32_t pages, uint32_t number)
{
	void *map;

	m->pages = pages;
	m->memory = mem_alloc(vk, pages * BLOCK, 0, -1);
	vk_need(vkMapMemory(vk->dev, m->memory, 0, VK_WHOLE_SIZE, 0, &map));
	m->map = map;
	m->want = malloc(pages * BLOCK);
	must(m->want);
	/* An odd factor: no two words are the same */
	for (uint64_t i = 0; i < pages * BLOCK_WORDS; i++)
		m->want[i] = (number * BLOCK_WORDS + i) * 2654435761u;
	memcpy(m->map, m->want, pages * BLOCK);
}

void mem_free(struct vk *vk, struct mem *m)
{
	vkFreeMemory(vk->dev, m->memory, NULL);
	free(m->want);
}

void mem_poke(struct mem *m, uint32_t page, uint32_t word, uint32_t value)
{
	uint64_t i = page * BLOCK_WORDS + word;

	((volatile uint32_t *)m->map)[i] = value;
	m->want[i] = value;
}

bool mem_good(const struct mem *m, uint64_t *at)
{
	if (!memcmp(m->map, m->want, m->pages * BLOCK))
		return true;
	for (*at = 0; m->map[*at] == m->want[*at];)
		++*at;
	return false;
}

/* --- Buffers -------------------------------------------------------------- */

VkBuffer sparse_buffer(struct vk *vk, VkDeviceSize size, bool resident)
{
	const VkBufferCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.flags = VK_BUFFER_CREATE_SPARSE_BINDING_BIT |
			 (resident ? VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT : 0),
		.size = size,
		.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
			 VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT,
	};
	VkMemoryRequirements req;
	VkBuffer buffer;

	vk_need(vkCreateBuffer(vk->dev, &info, NULL, &buffer));
	vkGetBufferMemoryRequirements(vk->dev, buffer, &req);
	must(BLOCK % req.alignment == 0);
	return buffer;
}

void blocks_of_driver(struct vk *vk)
{
	VkBuffer buffer = sparse_buffer(vk, BLOCK, true);
	VkMemoryRequirements req;

	vkGetBufferMemoryRequirements(vk->dev, buffer, &req);
	block_size = req.alignment;
	vkDestroyBuffer(vk->dev, buffer, NULL);
}

VkDeviceAddress buffer_address(struct vk *vk, VkBuffer buffer)
{
	const VkBufferDeviceAddressInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO,
		.buffer = buffer,
	};

	return vkGetBufferDeviceAddress(vk->dev, &info);
}

void buf_make(struct vk *vk, struct touch *t, struct buf *b, uint32_t blocks, bool resident)
{
	b->buffer = sparse_buffer(vk, blocks * BLOCK, resident);
	b->address = buffer_address(vk, b->buffer);
	b->resident = resident;
	residency_make(&b->now, blocks);
	if (t)
		b->set = touch_add(vk, t, b->buffer);
}

void buf_free(struct vk *vk, struct buf *b)
{
	vkDestroyBuffer(vk->dev, b->buffer, NULL);
	residency_free(&b->now);
}

/* --- Binds ---------------------------------------------------------------- */

VkQueue bind_queue(const struct vk *vk)
{
	return vk->family[vk->sparse].queue[0];
}

VkSparseMemoryBind bind_blocks(uint32_t first, uint32_t count, VkDeviceMemory memory,
			       uint32_t page)
{
	return (VkSparseMemoryBind){
		.resourceOffset = first * BLOCK,
		.size = count * BLOCK,
		.memory = memory,
		.memoryOffset = memory == VK_NULL_HANDLE ? 0 : page * BLOCK,
	};
}

VkResult bind_submit(struct vk *vk, VkBuffer buffer, const VkSparseMemoryBind *binds,
		     uint32_t count, const struct batch *b, VkFence fence)
{
	const VkSparseBufferMemoryBindInfo of_buffer = {
		.buffer = buffer,
		.bindCount = count,
		.pBinds = binds,
	};
	const VkTimelineSemaphoreSubmitInfo values = {
		.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
		.waitSemaphoreValueCount = b->wait != VK_NULL_HANDLE,
		.pWaitSemaphoreValues = &b->wait_value,
		.signalSemaphoreValueCount = b->signal != VK_NULL_HANDLE,
		.pSignalSemaphoreValues = &b->signal_value,
	};
	const VkBindSparseInfo info = {
		.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
		.pNext = &values,
		.waitSemaphoreCount = b->wait != VK_NULL_HANDLE,
		.pWaitSemaphores = &b->wait,
		.bufferBindCount = 1,
		.pBufferBinds = &of_buffer,
		.signalSemaphoreCount = b->signal != VK_NULL_HANDLE,
		.pSignalSemaphores = &b->signal,
	};

	return vkQueueBindSparse(bind_queue(vk), 1, &info, fence);
}

void bind_now(struct vk *vk, VkBuffer buffer, const VkSparseMemoryBind *binds,
	      uint32_t count)
{
	VkFence fence = vk_fence(vk);

	vk_need(bind_submit(vk, buffer, binds, count, &(struct batch){ 0 }, fence));
	vk_need(vk_wait_fence(vk, fence, PATIENCE));
	vkDestroyFence(vk->dev, fence, NULL);
}

/* --- Unbinds -------------------------------------------------------------- */

/* A block behind the first 2 MiB, so that it and the start can be told apart */
#define BEHIND	(uint32_t)(5 * MIB / 2 / BLOCK)

enum unbind unbind_ask(struct vk *vk, struct touch *t)
{
	VkSparseMemoryBind binds[2];
	struct mem m;
	struct buf b;
	bool start, behind;

	mem_make(vk, &m, 2, 0);
	buf_make(vk, NULL, &b, 2 * BEHIND, true);
	binds[0] = bind_blocks(0, 1, m.memory, 0);
	binds[1] = bind_blocks(BEHIND, 1, m.memory, 1);
	bind_now(vk, b.buffer, binds, 2);
	binds[0] = bind_blocks(BEHIND, 1, VK_NULL_HANDLE, 0);
	bind_now(vk, b.buffer, binds, 1);
	vk_need(touch_write(vk, t, b.address, 0x57a27));
	vk_need(touch_write(vk, t, b.address + BEHIND * BLOCK, 0xbe41d));
	start = m.map[0] == 0x57a27;
	behind = m.map[BLOCK_WORDS] == 0xbe41d;
	buf_free(vk, &b);
	mem_free(vk, &m);
	if (start && !behind)
		return UNBIND_SPEC;
	return behind && !start ? UNBIND_START : UNBIND_OTHER;
}

void unbind_model(const struct buf *b, struct residency *r, uint32_t first, uint32_t count,
		  enum unbind how)
{
	uint32_t boundary = (2 * MIB - b->address % (2 * MIB)) / BLOCK;

	if (how == UNBIND_START) {
		first = 0;
		count = count < boundary ? count : boundary;
	}
	residency_bind(r, first, count, UNBOUND, 0);
}

const char *mesa_name(const struct vk *vk)
{
	static char name[32];
	int n = strcspn(vk->driver.driverInfo, "-");

	/* Without the package's revision */
	snprintf(name, sizeof(name), "%.*s", n < 31 ? n : 31, vk->driver.driverInfo);
	return name;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory of another device, which comes as a dma-buf, bound to a sparse buffer.
 */
#include <unistd.h>

#include "objects.h"
#include "scenarios.h"

#define DMA_BUF	VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT
#define PAGES	8u

static int export_fd(struct vk *vk, VkDeviceMemory memory)
{
	const VkMemoryGetFdInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR,
		.memory = memory,
		.handleType = DMA_BUF,
	};
	PFN_vkGetMemoryFdKHR get =
		(PFN_vkGetMemoryFdKHR)vkGetDeviceProcAddr(vk->dev, "vkGetMemoryFdKHR");
	int fd = -1;

	must(get);
	vk_need(get(vk->dev, &info, &fd));
	return fd;
}

void run_import(void)
{
	struct vk theirs, ours;
	VkSparseMemoryBind binds[2];
	VkDeviceMemory exported, imported;
	struct touch touch;
	uint32_t value = 0;
	uint32_t *map;
	struct buf buf;

	vk_open(&theirs);
	vk_open(&ours);
	if (!vk_has_extension(&ours, VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME)) {
		skip("the driver has no VK_EXT_external_memory_dma_buf", "imported memory");
		return;
	}
	touch_make(&ours, &touch);
	exported = mem_alloc(&theirs, PAGES * BLOCK, DMA_BUF, -1);
	vk_need(vkMapMemory(theirs.dev, exported, 0, VK_WHOLE_SIZE, 0, (void **)&map));
	for (uint64_t i = 0; i < PAGES * BLOCK_WORDS; i++)
		map[i] = i * 2654435761u;
	imported = mem_alloc(&ours, PAGES * BLOCK, DMA_BUF, export_fd(&theirs, exported));
	buf_make(&ours, &touch, &buf, 64, true);
	binds[0] = bind_blocks(33, 2, imported, 6);
	binds[1] = bind_blocks(7, 1, imported, 0);
	bind_now(&ours, buf.buffer, binds, 2);
	vk_need(touch_read(&ours, &touch, buf.address + 34 * BLOCK + 40, &value));
	ok(value == (uint32_t)((7 * BLOCK_WORDS + 10) * 2654435761u),
	   "the GPU loads what another device's host wrote");
	vk_need(touch_write(&ours, &touch, buf.address + 7 * BLOCK + 4, 0x1a9047));
	ok(((volatile uint32_t *)map)[1] == 0x1a9047, "and stores what that reads");
	vkFreeMemory(theirs.dev, exported, NULL);
	vk_close(&theirs);
	vk_need(touch_read(&ours, &touch, buf.address + 7 * BLOCK + 4, &value));
	ok(value == 0x1a9047, "it is there when the other device is gone");
	buf_free(&ours, &buf);
	vkFreeMemory(ours.dev, imported, NULL);
	touch_free(&ours, &touch);
	vk_close(&ours);
}

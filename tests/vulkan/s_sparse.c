// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sparse buffers: memory bound and unbound on the queue that does so. What is
 * in that memory only a shader could tell, so this is about order and errors.
 */
#include "scenarios.h"
#include "vk.h"

#define SIZE	(64ull << 20)

struct sparse {
	struct vk vk;
	VkBuffer buffer;
	VkMemoryRequirements req;
	VkDeviceMemory memory;
};

static void make_buffer(struct sparse *s)
{
	const VkBufferCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.flags = VK_BUFFER_CREATE_SPARSE_BINDING_BIT |
			 VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT,
		.size = SIZE,
		.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
	};

	need(vkCreateBuffer(s->vk.dev, &info, NULL, &s->buffer));
	vkGetBufferMemoryRequirements(s->vk.dev, s->buffer, &s->req);
}

static void make_memory(struct sparse *s)
{
	const VkMemoryAllocateInfo info = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
		.allocationSize = 16 * s->req.alignment,
		.memoryTypeIndex = __builtin_ctz(s->req.memoryTypeBits),
	};

	need(vkAllocateMemory(s->vk.dev, &info, NULL, &s->memory));
}

/* Block @block of the buffer: memory, or none */
static VkResult bind(struct sparse *s, unsigned int block, bool memory,
		     VkSemaphore wait, VkSemaphore signal, VkFence fence)
{
	const VkSparseMemoryBind one = {
		.resourceOffset = block * s->req.alignment,
		.size = s->req.alignment,
		.memory = memory ? s->memory : VK_NULL_HANDLE,
		.memoryOffset = memory ? block % 16 * s->req.alignment : 0,
	};
	const VkSparseBufferMemoryBindInfo buffer = {
		.buffer = s->buffer,
		.bindCount = 1,
		.pBinds = &one,
	};
	const VkBindSparseInfo info = {
		.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
		.waitSemaphoreCount = wait != VK_NULL_HANDLE,
		.pWaitSemaphores = &wait,
		.bufferBindCount = 1,
		.pBufferBinds = &buffer,
		.signalSemaphoreCount = signal != VK_NULL_HANDLE,
		.pSignalSemaphores = &signal,
	};

	return vkQueueBindSparse(s->vk.family[s->vk.sparse].queue[0], 1, &info,
				 fence);
}

void run_sparse(void)
{
	VkSemaphore before, after;
	struct sparse s = { 0 };
	bool good = true;
	VkFence fence;

	vk_open(&s.vk);
	make_buffer(&s);
	detail("alignment %llu", (unsigned long long)s.req.alignment);
	ok(s.req.alignment && s.req.size >= SIZE, "a sparse buffer");
	make_memory(&s);
	fence = vk_fence(&s.vk);
	is(bind(&s, 3, true, VK_NULL_HANDLE, VK_NULL_HANDLE, fence), VK_SUCCESS,
	   "a block is bound");
	is(vk_wait_fence(&s.vk, fence, PATIENCE), VK_SUCCESS, "with a fence");
	for (unsigned int i = 0; i < 200 && good; i++)
		good = bind(&s, i % 32, i & 1, VK_NULL_HANDLE, VK_NULL_HANDLE,
			    VK_NULL_HANDLE) == VK_SUCCESS;
	ok(good, "200 binds and unbinds");
	is(vkQueueWaitIdle(s.vk.family[s.vk.sparse].queue[0]), VK_SUCCESS,
	   "come to their end");

	before = vk_semaphore(&s.vk);
	after = vk_semaphore(&s.vk);
	need(vkResetFences(s.vk.dev, 1, &fence));
	need(vk_submit_batch(vk_queue(&s.vk), &(struct batch){
		.signal = before }, VK_NULL_HANDLE));
	is(bind(&s, 5, true, before, after, VK_NULL_HANDLE), VK_SUCCESS,
	   "a bind between two batches of another queue");
	need(vk_submit_batch(vk_queue(&s.vk), &(struct batch){ .wait = after },
			     fence));
	is(vk_wait_fence(&s.vk, fence, PATIENCE), VK_SUCCESS,
	   "in the order of their semaphores");
	vkDestroyBuffer(s.vk.dev, s.buffer, NULL);
	vkFreeMemory(s.vk.dev, s.memory, NULL);
	vk_close(&s.vk);
}

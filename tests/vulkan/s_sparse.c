// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sparse buffers: memory bound and unbound on the queue that does so, and what
 * the GPU writes through such a buffer, found again in the memory behind it.
 */
#include <string.h>

#include "scenarios.h"
#include "stamp.h"
#include "vk.h"

#define SIZE	(64ull << 20)
#define PAGES	16u
#define BIG	(4ull << 20)
#define NONE	~0u

/**
 * struct sparse - a sparse buffer and memory for some of its blocks
 * @block: Size of a block, the unit of binds.
 * @memory: @size bytes; what they hold the host sees at @map.
 */
struct sparse {
	struct vk vk;
	VkBuffer buffer;
	VkDeviceSize block;
	VkDeviceMemory memory;
	VkDeviceSize size;
	unsigned char *map;
};

static void open_sparse(struct sparse *s, VkDeviceSize size)
{
	const VkBufferCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.flags = VK_BUFFER_CREATE_SPARSE_BINDING_BIT |
			 VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT,
		.size = SIZE,
		.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
			 VK_BUFFER_USAGE_TRANSFER_DST_BIT,
	};
	VkMemoryRequirements req;
	void *map;

	memset(s, 0, sizeof(*s));
	vk_open(&s->vk);
	must(s->vk.sparse >= 0 && s->vk.features.sparseResidencyBuffer);
	vk_need(vkCreateBuffer(s->vk.dev, &info, NULL, &s->buffer));
	vkGetBufferMemoryRequirements(s->vk.dev, s->buffer, &req);
	s->block = req.alignment;
	detail("alignment %llu", (unsigned long long)req.alignment);
	ok(req.alignment && req.size >= SIZE, "a sparse buffer");
	s->size = size ? size : PAGES * s->block;
	s->memory = vk_memory(&s->vk, &req, s->size, &map);
	s->map = map;
	memset(map, STAMP_WIPED, s->size);
}

static void close_sparse(struct sparse *s)
{
	vk_need(vkDeviceWaitIdle(s->vk.dev));
	vkDestroyBuffer(s->vk.dev, s->buffer, NULL);
	vkFreeMemory(s->vk.dev, s->memory, NULL);
	vk_close(&s->vk);
}

static VkQueue sparse_queue(struct sparse *s)
{
	return s->vk.family[s->vk.sparse].queue[0];
}

/* --- Binding -------------------------------------------------------------- */

static VkResult bind(struct sparse *s, const VkSparseMemoryBind *binds,
		     uint32_t count, const struct batch *b, VkFence fence)
{
	const VkSparseBufferMemoryBindInfo buffer = {
		.buffer = s->buffer,
		.bindCount = count,
		.pBinds = binds,
	};
	const VkTimelineSemaphoreSubmitInfo values = {
		.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
		.waitSemaphoreValueCount = 1,
		.pWaitSemaphoreValues = &b->wait_value,
		.signalSemaphoreValueCount = 1,
		.pSignalSemaphoreValues = &b->signal_value,
	};
	const VkBindSparseInfo info = {
		.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
		.pNext = &values,
		.waitSemaphoreCount = b->wait != VK_NULL_HANDLE,
		.pWaitSemaphores = &b->wait,
		.bufferBindCount = 1,
		.pBufferBinds = &buffer,
		.signalSemaphoreCount = b->signal != VK_NULL_HANDLE,
		.pSignalSemaphores = &b->signal,
	};

	return vkQueueBindSparse(sparse_queue(s), 1, &info, fence);
}

/* Block @block of the buffer is page @page of the memory, or none */
static VkSparseMemoryBind to_page(struct sparse *s, unsigned int block,
				  unsigned int page)
{
	return (VkSparseMemoryBind){
		.resourceOffset = block * s->block,
		.size = s->block,
		.memory = page == NONE ? VK_NULL_HANDLE : s->memory,
		.memoryOffset = page == NONE ? 0 : page * s->block,
	};
}

static VkResult bind_page(struct sparse *s, unsigned int block,
			  unsigned int page, const struct batch *b,
			  VkFence fence)
{
	const VkSparseMemoryBind one = to_page(s, block, page);

	return bind(s, &one, 1, b, fence);
}

/* The same, done when this returns */
static void rebind(struct sparse *s, const VkSparseMemoryBind *binds,
		   uint32_t count)
{
	VkFence fence = vk_fence(&s->vk);

	vk_need(bind(s, binds, count, &(struct batch){ 0 }, fence));
	vk_need(vk_wait_fence(&s->vk, fence, PATIENCE));
	vkDestroyFence(s->vk.dev, fence, NULL);
}

static void many_binds(struct sparse *s)
{
	bool good = true;

	for (unsigned int i = 0; i < 200 && good; i++)
		good = bind_page(s, i % 32, i & 1 ? i % PAGES : NONE,
				 &(struct batch){ 0 },
				 VK_NULL_HANDLE) == VK_SUCCESS;
	ok(good, "200 binds and unbinds");
	vk_is(vkQueueWaitIdle(sparse_queue(s)), VK_SUCCESS,
	      "come to their end");
}

/* A bind between two batches of another queue */
static void bind_in_order(struct sparse *s)
{
	VkSemaphore before = vk_semaphore(&s->vk), after = vk_semaphore(&s->vk);
	VkFence fence = vk_fence(&s->vk);

	vk_need(vk_submit_batch(vk_queue(&s->vk), &(struct batch){
		.signal = before }, VK_NULL_HANDLE));
	vk_is(bind_page(s, 5, 5, &(struct batch){
		.wait = before, .signal = after }, VK_NULL_HANDLE),
	      VK_SUCCESS, "a bind between two batches of another queue");
	vk_need(vk_submit_batch(vk_queue(&s->vk), &(struct batch){
		.wait = after }, fence));
	vk_is(vk_wait_fence(&s->vk, fence, PATIENCE), VK_SUCCESS,
	      "in the order of their semaphores");
}

void run_sparse(void)
{
	struct sparse s;
	VkFence fence;

	open_sparse(&s, 0);
	fence = vk_fence(&s.vk);
	vk_is(bind_page(&s, 3, 3, &(struct batch){ 0 }, fence), VK_SUCCESS,
	      "a block is bound");
	vk_is(vk_wait_fence(&s.vk, fence, PATIENCE), VK_SUCCESS,
	      "with a fence");
	many_binds(&s);
	bind_in_order(&s);
	close_sparse(&s);
}

/* --- Bytes ---------------------------------------------------------------- */

static VkResult write_block(struct sparse *s, unsigned int block,
			    uint32_t number)
{
	return stamp_write(&s->vk, s->buffer, block * s->block, number);
}

static bool page_is(struct sparse *s, unsigned int page, uint32_t number)
{
	const unsigned char *at = s->map + page * s->block;

	return stamp_is(at, number) &&
	       stamp_none(at + STAMP_SIZE, s->block - STAMP_SIZE);
}

static bool page_is_wiped(struct sparse *s, unsigned int page)
{
	return stamp_none(s->map + page * s->block, s->block);
}

static void wipe(struct sparse *s)
{
	memset(s->map, STAMP_WIPED, s->size);
}

/* Two blocks, and the same two the other way round */
static void two_pages(struct sparse *s)
{
	const VkSparseMemoryBind straight[] = { to_page(s, 3, 7),
						to_page(s, 4, 2) };
	const VkSparseMemoryBind crossed[] = { to_page(s, 3, 2),
					       to_page(s, 4, 7) };

	rebind(s, straight, 2);
	vk_need(write_block(s, 3, 0xdeadbeef));
	vk_need(write_block(s, 4, 0x12345678));
	ok(page_is(s, 7, 0xdeadbeef) && page_is(s, 2, 0x12345678),
	   "two blocks are two pages");
	ok(page_is_wiped(s, 3) && page_is_wiped(s, 4), "and no others");

	wipe(s);
	rebind(s, crossed, 2);
	vk_need(write_block(s, 3, 0xcafe0001));
	vk_need(write_block(s, 4, 0xcafe0002));
	ok(page_is(s, 2, 0xcafe0001) && page_is(s, 7, 0xcafe0002),
	   "bound the other way round");
}

/* What is written where no memory is bound goes nowhere */
static void unbound(struct sparse *s)
{
	const VkSparseMemoryBind bound = to_page(s, 0, 5);
	const VkSparseMemoryBind none = to_page(s, 0, NONE);

	wipe(s);
	rebind(s, &bound, 1);
	vk_need(write_block(s, 0, 0x600d0001));
	ok(page_is(s, 5, 0x600d0001), "a block with memory");
	wipe(s);
	rebind(s, &none, 1);
	vk_is(write_block(s, 0, 0x600d0002), VK_SUCCESS,
	      "is written to without it");
	ok(stamp_none(s->map, s->size), "which changes no memory");
	vk_need(write_block(s, 4, 0x600d0003));
	ok(page_is(s, 7, 0x600d0003), "other blocks keep theirs");
}

/*
 * panvk 26.1 takes the memory away at the start of the buffer, whatever the
 * offset of the bind: block 3 keeps its page. Anything but that and what is
 * right is a failure.
 */
static void unbound_behind(struct sparse *s)
{
	const VkSparseMemoryBind bound = to_page(s, 3, 2);
	const VkSparseMemoryBind none = to_page(s, 3, NONE);

	rebind(s, &bound, 1);
	rebind(s, &none, 1);
	wipe(s);
	vk_need(write_block(s, 3, 0x600d0004));
	if (page_is(s, 2, 0x600d0004))
		skip("panvk unbinds the first block instead",
		     "the memory of a later block is unbound");
	else
		ok(stamp_none(s->map, s->size),
		   "the memory of a later block is unbound");
}

/* What lies across the border of two blocks lies in two pages */
static void over_a_border(struct sparse *s)
{
	const VkSparseMemoryBind binds[] = { to_page(s, 8, 9),
					     to_page(s, 9, 4) };
	unsigned char whole[STAMP_SIZE];

	wipe(s);
	rebind(s, binds, 2);
	vk_need(stamp_write(&s->vk, s->buffer, 9 * s->block - STAMP_SIZE / 2,
			    0xa5a5f00d));
	memcpy(whole, s->map + 10 * s->block - STAMP_SIZE / 2, STAMP_SIZE / 2);
	memcpy(whole + STAMP_SIZE / 2, s->map + 4 * s->block, STAMP_SIZE / 2);
	ok(stamp_is(whole, 0xa5a5f00d), "across the border of two blocks");
	ok(page_is_wiped(s, 10), "but not of two pages");
}

static void every_page(struct sparse *s)
{
	VkSparseMemoryBind binds[PAGES];
	bool good = true;

	wipe(s);
	for (unsigned int i = 0; i < PAGES; i++)
		binds[i] = to_page(s, 100 + i, PAGES - 1 - i);
	rebind(s, binds, PAGES);
	for (unsigned int i = 0; i < PAGES; i++)
		vk_need(write_block(s, 100 + i, 0x1000 + i));
	for (unsigned int i = 0; i < PAGES; i++)
		good &= page_is(s, PAGES - 1 - i, 0x1000 + i);
	ok(good, "%u blocks, bound backwards", PAGES);
}

/* The bind waits for the host, and the batch that writes for the bind */
static void in_time(struct sparse *s)
{
	const VkSparseMemoryBind old = to_page(s, 20, 0);
	VkQueryPool pool = stamp_make(&s->vk, 0xb16b00);
	VkCommandBuffer cmd = vk_begin_primary(&s->vk);
	VkSemaphore sem = vk_timeline(&s->vk, 0);
	VkFence fence = vk_fence(&s->vk);

	wipe(s);
	rebind(s, &old, 1);
	stamp_record(cmd, pool, s->buffer, 20 * s->block);
	vk_end(cmd);
	vk_need(bind_page(s, 20, 1, &(struct batch){
		.wait = sem, .wait_value = 1, .signal = sem, .signal_value = 2,
	}, VK_NULL_HANDLE));
	vk_need(vk_submit_batch(vk_queue(&s->vk), &(struct batch){
		.wait = sem, .wait_value = 2, .cmd = cmd }, fence));
	vk_is(vk_wait_fence(&s->vk, fence, 50000000), VK_TIMEOUT,
	      "a write waits for a bind that waits for the host");
	ok(stamp_none(s->map, s->size), "nothing is written until then");
	vk_need(vk_signal(&s->vk, sem, 1));
	vk_is(vk_wait_fence(&s->vk, fence, PATIENCE), VK_SUCCESS,
	      "the host lets them go");
	ok(page_is(s, 1, 0xb16b00) && page_is_wiped(s, 0),
	   "the write goes to the new page");
}

void run_bytes(void)
{
	struct sparse s;

	open_sparse(&s, 0);
	two_pages(&s);
	unbound(&s);
	unbound_behind(&s);
	over_a_border(&s);
	every_page(&s);
	in_time(&s);
	close_sparse(&s);
}

/* --- Large binds ---------------------------------------------------------- */

/*
 * Memory that the page tables may hold in blocks of 2 MiB, and then holes and
 * other pages in it: the blocks must be broken up, and nothing else may change.
 */
void run_large(void)
{
	const VkDeviceSize spot[] = { 0, 64 << 10, (2 << 20) - STAMP_SIZE,
				      2 << 20, (3 << 20) + 4096,
				      BIG - STAMP_SIZE };
	const unsigned int block[] = { 0, 1, 699, 700, 701 };
	VkSparseMemoryBind binds[2];
	unsigned int last;
	struct sparse s;
	bool good = true;

	open_sparse(&s, BIG);
	binds[0] = (VkSparseMemoryBind){ .size = BIG, .memory = s.memory };
	rebind(&s, binds, 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(spot); i++)
		vk_need(stamp_write(&s.vk, s.buffer, spot[i], 0xb160 + i));
	for (unsigned int i = 0; i < ARRAY_SIZE(spot); i++)
		good &= stamp_is(s.map + spot[i], 0xb160 + i);
	ok(good, "4 MiB in one bind");

	/* The first block goes, and another one becomes the last page */
	wipe(&s);
	last = BIG / s.block - 1;
	binds[0] = to_page(&s, 0, NONE);
	binds[1] = to_page(&s, 700, last);
	rebind(&s, binds, 2);
	for (unsigned int i = 0; i < ARRAY_SIZE(block); i++)
		vk_need(write_block(&s, block[i], 0x5000 + i));
	ok(page_is_wiped(&s, 0), "a hole at its start");
	ok(page_is(&s, 1, 0x5001), "the block behind it");
	ok(page_is_wiped(&s, 700) && page_is(&s, last, 0x5003),
	   "a block that moved");
	ok(page_is(&s, 699, 0x5002) && page_is(&s, 701, 0x5004),
	   "the blocks around it");
	close_sparse(&s);
}

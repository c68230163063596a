/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sparse buffers and the memory that is bound to them, each with what the test knows of
 * it, and vkQueueBindSparse.
 */
#ifndef VKSPARSE_OBJECTS_H
#define VKSPARSE_OBJECTS_H

#include "residency.h"
#include "touch.h"
#include "vk.h"

/*
 * What this process counts in: 64 KiB, which is a tile of the GPU's, or what
 * blocks_of_driver() found, which is less.
 */
extern uint64_t block_size;

#define BLOCK		block_size
#define BLOCK_WORDS	(BLOCK / 4)
#define MIB		(1ull << 20)

/**
 * struct mem - a memory object
 * @map: What the host sees of it.
 * @want: What should be in it.
 */
struct mem {
	VkDeviceMemory memory;
	uint32_t pages;
	uint32_t *map;
	uint32_t *want;
};

/**
 * struct buf - a sparse buffer
 * @resident: It may be used while blocks are unbound.
 * @now: What is bound, once all is executed that was handed to the driver.
 * @set: Its number in struct touch.
 */
struct buf {
	VkBuffer buffer;
	VkDeviceAddress address;
	bool resident;
	struct residency now;
	unsigned int set;
};

/* Words that tell each page of each memory object from all others, from @number on */
void mem_make(struct vk *vk, struct mem *m, uint32_t pages, uint32_t number);
void mem_free(struct vk *vk, struct mem *m);
/* Of any size, exported where @handle is not 0, imported from @fd where that is not -1 */
VkDeviceMemory mem_alloc(struct vk *vk, VkDeviceSize size,
			 VkExternalMemoryHandleTypeFlags handle, int fd);
/* Write word @word of page @page as the host does, now */
void mem_poke(struct mem *m, uint32_t page, uint32_t word, uint32_t value);
/* All of it is as it should be; if not, *@at is the first word that is not */
bool mem_good(const struct mem *m, uint64_t *at);

/* From now on, blocks are as small as the driver has them */
void blocks_of_driver(struct vk *vk);
VkBuffer sparse_buffer(struct vk *vk, VkDeviceSize size, bool resident);
VkDeviceAddress buffer_address(struct vk *vk, VkBuffer buffer);
/* With touch_add() where @t is not NULL */
void buf_make(struct vk *vk, struct touch *t, struct buf *b, uint32_t blocks, bool resident);
void buf_free(struct vk *vk, struct buf *b);

VkQueue bind_queue(const struct vk *vk);

/* Blocks of one buffer become pages of a memory object, or unbound */
VkSparseMemoryBind bind_blocks(uint32_t first, uint32_t count, VkDeviceMemory memory,
			       uint32_t page);
/* One batch of binds of one buffer; the batch's command buffer is ignored */
VkResult bind_submit(struct vk *vk, VkBuffer buffer, const VkSparseMemoryBind *binds,
		     uint32_t count, const struct batch *b, VkFence fence);
/* The same, waited for; any failure ends the scenario */
void bind_now(struct vk *vk, VkBuffer buffer, const VkSparseMemoryBind *binds,
	      uint32_t count);

/*
 * What a driver makes of a bind without memory. Mesa 26.1 takes the first operation of
 * what it does, up to a boundary of 2 MiB, at the start of the buffer whatever the
 * offset. Vulkan 1.4, VkSparseMemoryBind: "If memory is VK_NULL_HANDLE, the range is
 * unbound", the range being @size bytes from @resourceOffset on.
 */
enum unbind {
	UNBIND_ASK,
	UNBIND_SPEC,
	UNBIND_START,
	UNBIND_OTHER,
};

/* Which of these the driver does, tried on a buffer of its own */
enum unbind unbind_ask(struct vk *vk, struct touch *t);
/* The model follows: @count blocks of @b from @first on are unbound, as @how has it */
void unbind_model(const struct buf *b, struct residency *r, uint32_t first, uint32_t count,
		  enum unbind how);

/* "Mesa 26.1.6" */
const char *mesa_name(const struct vk *vk);

#endif /* VKSPARSE_OBJECTS_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the GPU sees and changes: single words, loaded and stored by a compute shader, by
 * address or through a storage buffer. Accesses are collected, then one dispatch does
 * all of them, in no order.
 */
#ifndef VKSPARSE_TOUCH_H
#define VKSPARSE_TOUCH_H

#include "vk.h"

#define TOUCHES		256u
#define MAX_SETS	8u

/* The numbers are those of shaders/touch.comp */
enum touch_kind {
	TOUCH_NONE,
	TOUCH_READ,
	TOUCH_WRITE,
	TOUCH_READ_INDEX,
	TOUCH_WRITE_INDEX,
};

struct touch_access {
	uint32_t place[2];
	uint32_t kind;
	uint32_t value;
};

/**
 * struct touch - a dispatch that can be had again and again
 * @list: The accesses; the host's view.
 * @seen: What loads gave. Of a spin, the flag and whether it gave up.
 * @count: Accesses so far.
 * @sets: Storage buffers that touch_add() made known, and 0, which stands for none.
 */
struct touch {
	VkDescriptorSetLayout set_layout;
	VkPipelineLayout layout;
	VkDescriptorPool pool;
	VkPipeline pipeline, spin_pipeline;
	VkBuffer buffer[2];
	VkDeviceMemory memory[2];
	struct touch_access *list;
	volatile uint32_t *seen;
	unsigned int count;
	unsigned int sets;
	VkCommandBuffer cmd[MAX_SETS];
	VkCommandBuffer spin;
};

void touch_make(struct vk *vk, struct touch *t);
void touch_free(struct vk *vk, struct touch *t);
/* Make storage buffer @buffer known; its number, for touch_batch() */
unsigned int touch_add(struct vk *vk, struct touch *t, VkBuffer buffer);

/* No accesses */
void touch_clear(struct touch *t);
/* One more, at an address or at a word of the storage buffer; its number */
unsigned int touch_access(struct touch *t, enum touch_kind kind, uint64_t place,
			  uint32_t value);
/* All of them, with storage buffer @set, waited for */
VkResult touch_run(struct vk *vk, struct touch *t, unsigned int set);
/* The same behind timeline semaphore @sem, which the GPU waits for */
VkResult touch_run_after(struct vk *vk, struct touch *t, unsigned int set, VkSemaphore sem,
			 uint64_t value);
/* One access by address: a load gives *@value */
VkResult touch_read(struct vk *vk, struct touch *t, uint64_t address, uint32_t *value);
VkResult touch_write(struct vk *vk, struct touch *t, uint64_t address, uint32_t value);

/*
 * A gate: the batch that a queue is given here signals @sem (at @value of a timeline) when
 * spin_end() was called. Nothing may be touched with the same struct meanwhile.
 */
void spin_start(struct touch *t, VkQueue queue, VkSemaphore sem, uint64_t value);
void spin_end(struct touch *t);

#endif /* VKSPARSE_TOUCH_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Vulkan device with a queue of each family, and the few objects that every
 * scenario needs. Whatever cannot be made ends the scenario, through vk_need().
 *
 * No draw is ever used: the GPU executes compute shaders only. On
 * panvk (26.1, architecture 10) commands that look innocent run shaders of the
 * driver's own: vkCmdFillBuffer, vkCmdUpdateBuffer, vkCmdCopyBuffer,
 * vkCmdCopyQueryPoolResults of timestamps. The command stream itself executes
 * barriers, events, timestamps, query resets, occlusion queries outside of a
 * render pass, and vkCmdCopyQueryPoolResults of these: see stamp.h.
 */
#ifndef VKQUEUE_VK_H
#define VKQUEUE_VK_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <vulkan/vulkan.h>

#include "tap.h"

#define MAX_FAMILIES	4u
#define MAX_QUEUES	4u
#define MAX_BINDINGS	8u
#define SECOND		1000000000ull
/* More than anything here takes, and more than the driver's job timeout */
#define PATIENCE	(20 * SECOND)

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* How much of what is the same but for numbers is tried: --sample, --all */
enum extent { SAMPLE, USUAL, ALL };
extern enum extent extent;
/* Random binds of images: where chance starts, calls for each image (0: as @extent says) */
extern uint64_t chance_seed;
extern unsigned int chance_calls;

/* Passes when the two are equal; a failure names both */
__printf(3, 4)
bool vk_is(VkResult got, VkResult want, const char *name, ...);

/* Set-up: any result but VK_SUCCESS ends the scenario */
#define vk_need(expr)	vk_need_(expr, #expr)
void vk_need_(VkResult res, const char *expr);

/* The same of a condition */
#define must(cond)	need_((cond) ? 0 : -EINVAL, #cond)

struct family {
	VkQueueFlags flags;
	uint32_t count;
	uint32_t timestamp_bits;
	VkQueue queue[MAX_QUEUES];
};

/**
 * struct vk - the device
 * @main: Index of the family that records commands.
 * @sparse: Index of the family that binds sparse memory, or -1.
 * @pool: Command pool of the main family.
 */
struct vk {
	VkInstance instance;
	VkPhysicalDevice phys;
	VkPhysicalDeviceProperties props;
	VkPhysicalDeviceDriverProperties driver;
	VkPhysicalDeviceFeatures features;
	VkPhysicalDeviceVulkan12Features features12;
	struct family family[MAX_FAMILIES];
	uint32_t families;
	int main;
	int sparse;
	VkDevice dev;
	VkCommandPool pool;
};

void vk_open(struct vk *vk);
void vk_close(struct vk *vk);
/* Only the device: opened again on the same instance */
void vk_open_device(struct vk *vk);
void vk_close_device(struct vk *vk);
bool vk_has_extension(const struct vk *vk, const char *name);
/* "Mesa 26.1": whether it is that one */
bool vk_driver_is(const struct vk *vk, const char *version);

VkFence vk_fence(struct vk *vk);
VkSemaphore vk_semaphore(struct vk *vk);
VkSemaphore vk_timeline(struct vk *vk, uint64_t value);
VkEvent vk_event(struct vk *vk);
VkQueryPool vk_query_pool(struct vk *vk, VkQueryType type, uint32_t count);
/* Of those that @allowed has, one that the host sees, coherently */
uint32_t vk_memory_type(struct vk *vk, uint32_t allowed);
/* Memory that @req allows and the host sees, mapped at *@map */
VkDeviceMemory vk_memory(struct vk *vk, const VkMemoryRequirements *req,
			 VkDeviceSize size, void **map);
/* A buffer on all of a memory object of its own, mapped at *@map */
VkBuffer vk_buffer(struct vk *vk, VkDeviceSize size, VkBufferUsageFlags usage,
		   VkDeviceMemory *memory, void **map);
/* Bindings 0 to @count - 1 are storage buffers of compute shaders */
VkDescriptorSetLayout vk_storage_layout(struct vk *vk, uint32_t count);
/* Room for @sets sets of @count storage buffers each */
VkDescriptorPool vk_storage_pool(struct vk *vk, uint32_t sets, uint32_t count);
VkDescriptorSet vk_set(struct vk *vk, VkDescriptorPool pool, VkDescriptorSetLayout layout);
/* Binding @binding of @set is all of @buffer */
void vk_set_storage(struct vk *vk, VkDescriptorSet set, uint32_t binding, VkBuffer buffer);
/* A compute pipeline; @constants can be NULL. What the driver says when it compiles */
VkResult vk_pipeline(struct vk *vk, VkPipelineLayout layout, const uint32_t *code, size_t size,
		     const VkSpecializationInfo *constants, VkPipeline *pipeline);
/* Recording, to be submitted as often as one likes */
VkCommandBuffer vk_begin(struct vk *vk, VkCommandBufferLevel level);
VkCommandBuffer vk_begin_primary(struct vk *vk);
VkCommandBuffer vk_end(VkCommandBuffer cmd);

/* Everything before, in any part of the queue, and then everything behind */
extern const VkDependencyInfo vk_everything;
void vk_barrier(VkCommandBuffer cmd);

VkQueue vk_queue(const struct vk *vk);
/* Submit @cmd (may be NULL) with @fence (may be VK_NULL_HANDLE) */
VkResult vk_submit(VkQueue queue, VkCommandBuffer cmd, VkFence fence);
/* Submit and wait for it; counts as failed when the device is lost */
VkResult vk_run(struct vk *vk, VkCommandBuffer cmd);

/* Semaphores of one batch. Binary ones ignore the value. */
struct batch {
	VkSemaphore wait;
	uint64_t wait_value;
	VkSemaphore signal;
	uint64_t signal_value;
	VkCommandBuffer cmd;
};

VkResult vk_submit_batch(VkQueue queue, const struct batch *b, VkFence fence);
/* The counter of a timeline semaphore */
uint64_t vk_counter(struct vk *vk, VkSemaphore sem);
VkResult vk_signal(struct vk *vk, VkSemaphore sem, uint64_t value);
VkResult vk_wait(struct vk *vk, VkSemaphore sem, uint64_t value, uint64_t ns);
VkResult vk_wait_fence(struct vk *vk, VkFence fence, uint64_t ns);

/* Nanoseconds between two ticks of vkCmdWriteTimestamp2 */
double vk_ns(const struct vk *vk, uint64_t from, uint64_t to);
uint64_t host_ns(void);
void sleep_ms(unsigned int ms);

#endif /* VKQUEUE_VK_H */

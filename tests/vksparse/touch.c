// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Words that the GPU loads and stores; see touch.h.
 */
#include <string.h>

#include "touch.h"

#include "spv-spin.h"
#include "spv-touch.h"

#define GROUP	64u
/* The list, what was seen, and a buffer to look at */
#define BINDINGS	3u

static void make_layout(struct vk *vk, struct touch *t)
{
	const VkPipelineLayoutCreateInfo layout = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
		.setLayoutCount = 1,
		.pSetLayouts = &t->set_layout,
	};

	t->set_layout = vk_storage_layout(vk, BINDINGS);
	vk_need(vkCreatePipelineLayout(vk->dev, &layout, NULL, &t->layout));
}

static void *make_buffer(struct vk *vk, struct touch *t, unsigned int i, VkDeviceSize size)
{
	void *map;

	t->buffer[i] = vk_buffer(vk, size, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT, &t->memory[i],
				 &map);
	memset(map, 0, size);
	return map;
}

static VkDescriptorSet make_set(struct vk *vk, struct touch *t, VkBuffer sparse)
{
	VkDescriptorSet set = vk_set(vk, t->pool, t->set_layout);

	vk_set_storage(vk, set, 0, t->buffer[0]);
	vk_set_storage(vk, set, 1, t->buffer[1]);
	vk_set_storage(vk, set, 2, sparse);
	return set;
}

static VkCommandBuffer record(struct vk *vk, struct touch *t, VkDescriptorSet set,
			      VkPipeline pipeline, uint32_t groups)
{
	VkCommandBuffer cmd = vk_begin_primary(vk);

	vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
	vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, t->layout, 0, 1, &set,
				0, NULL);
	vkCmdDispatch(cmd, groups, 1, 1);
	vk_barrier(cmd);
	return vk_end(cmd);
}

void touch_make(struct vk *vk, struct touch *t)
{
	VkDescriptorSet set;

	memset(t, 0, sizeof(*t));
	make_layout(vk, t);
	t->pool = vk_storage_pool(vk, MAX_SETS, BINDINGS);
	t->list = make_buffer(vk, t, 0, TOUCHES * sizeof(*t->list));
	t->seen = make_buffer(vk, t, 1, TOUCHES * sizeof(*t->seen));
	vk_need(vk_pipeline(vk, t->layout, spv_touch, sizeof(spv_touch), NULL, &t->pipeline));
	vk_need(vk_pipeline(vk, t->layout, spv_spin, sizeof(spv_spin), NULL,
			    &t->spin_pipeline));
	/* For accesses by address alone, any buffer will do */
	set = make_set(vk, t, t->buffer[0]);
	t->cmd[t->sets++] = record(vk, t, set, t->pipeline, TOUCHES / GROUP);
	t->spin = record(vk, t, set, t->spin_pipeline, 1);
}

void touch_free(struct vk *vk, struct touch *t)
{
	vkDestroyPipeline(vk->dev, t->pipeline, NULL);
	vkDestroyPipeline(vk->dev, t->spin_pipeline, NULL);
	for (unsigned int i = 0; i < 2; i++) {
		vkDestroyBuffer(vk->dev, t->buffer[i], NULL);
		vkFreeMemory(vk->dev, t->memory[i], NULL);
	}
	vkDestroyDescriptorPool(vk->dev, t->pool, NULL);
	vkDestroyPipelineLayout(vk->dev, t->layout, NULL);
	vkDestroyDescriptorSetLayout(vk->dev, t->set_layout, NULL);
}

unsigned int touch_add(struct vk *vk, struct touch *t, VkBuffer buffer)
{
	must(t->sets < MAX_SETS);
	t->cmd[t->sets] = record(vk, t, make_set(vk, t, buffer), t->pipeline,
				 TOUCHES / GROUP);
	return t->sets++;
}

void touch_clear(struct touch *t)
{
	memset(t->list, 0, TOUCHES * sizeof(*t->list));
	t->count = 0;
}

unsigned int touch_access(struct touch *t, enum touch_kind kind, uint64_t place,
			  uint32_t value)
{
	must(t->count < TOUCHES);
	t->seen[t->count] = 0xdeadc0de;
	t->list[t->count] = (struct touch_access){
		.place = { place, place >> 32 },
		.kind = kind,
		.value = value,
	};
	return t->count++;
}

VkResult touch_run(struct vk *vk, struct touch *t, unsigned int set)
{
	return vk_run(vk, t->cmd[set]);
}

VkResult touch_run_after(struct vk *vk, struct touch *t, unsigned int set, VkSemaphore sem,
			 uint64_t value)
{
	VkFence fence = vk_fence(vk);
	VkResult res = vk_submit_batch(vk_queue(vk), &(struct batch){
		.wait = sem, .wait_value = value, .cmd = t->cmd[set] }, fence);

	if (res == VK_SUCCESS)
		res = vk_wait_fence(vk, fence, PATIENCE);
	vkDestroyFence(vk->dev, fence, NULL);
	return res;
}

VkResult touch_read(struct vk *vk, struct touch *t, uint64_t address, uint32_t *value)
{
	VkResult res;

	touch_clear(t);
	touch_access(t, TOUCH_READ, address, 0);
	res = touch_run(vk, t, 0);
	*value = t->seen[0];
	return res;
}

VkResult touch_write(struct vk *vk, struct touch *t, uint64_t address, uint32_t value)
{
	touch_clear(t);
	touch_access(t, TOUCH_WRITE, address, value);
	return touch_run(vk, t, 0);
}

void spin_start(struct touch *t, VkQueue queue, VkSemaphore sem, uint64_t value)
{
	t->seen[0] = 0;
	t->seen[1] = 0;
	vk_need(vk_submit_batch(queue, &(struct batch){
		.cmd = t->spin, .signal = sem, .signal_value = value }, VK_NULL_HANDLE));
}

void spin_end(struct touch *t)
{
	t->seen[0] = 1;
}

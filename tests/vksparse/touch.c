// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Words that the GPU loads and stores; see touch.h.
 */
#include <string.h>

#include "touch.h"

#include "spv-spin.h"
#include "spv-touch.h"

#define GROUP	64u

static void make_layouts(struct vk *vk, struct touch *t)
{
	VkDescriptorSetLayoutBinding bindings[3];
	const VkDescriptorSetLayoutCreateInfo set = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
		.bindingCount = ARRAY_SIZE(bindings),
		.pBindings = bindings,
	};
	const VkPipelineLayoutCreateInfo layout = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
		.setLayoutCount = 1,
		.pSetLayouts = &t->set_layout,
	};
	const VkDescriptorPoolSize size = {
		.type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
		.descriptorCount = MAX_SETS * ARRAY_SIZE(bindings),
	};
	const VkDescriptorPoolCreateInfo pool = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
		.maxSets = MAX_SETS,
		.poolSizeCount = 1,
		.pPoolSizes = &size,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bindings); i++)
		bindings[i] = (VkDescriptorSetLayoutBinding){
			.binding = i,
			.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
			.descriptorCount = 1,
			.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
		};
	vk_need(vkCreateDescriptorSetLayout(vk->dev, &set, NULL, &t->set_layout));
	vk_need(vkCreatePipelineLayout(vk->dev, &layout, NULL, &t->layout));
	vk_need(vkCreateDescriptorPool(vk->dev, &pool, NULL, &t->pool));
}

static VkPipeline make_pipeline(struct vk *vk, struct touch *t, const uint32_t *code,
				size_t size)
{
	const VkShaderModuleCreateInfo module = {
		.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
		.codeSize = size,
		.pCode = code,
	};
	VkComputePipelineCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
		.stage = {
			.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
			.stage = VK_SHADER_STAGE_COMPUTE_BIT,
			.pName = "main",
		},
		.layout = t->layout,
	};
	VkPipeline pipeline;

	vk_need(vkCreateShaderModule(vk->dev, &module, NULL, &info.stage.module));
	vk_need(vkCreateComputePipelines(vk->dev, VK_NULL_HANDLE, 1, &info, NULL, &pipeline));
	vkDestroyShaderModule(vk->dev, info.stage.module, NULL);
	return pipeline;
}

static void *make_buffer(struct vk *vk, struct touch *t, unsigned int i, VkDeviceSize size)
{
	const VkBufferCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.size = size,
		.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
	};
	VkMemoryRequirements req;
	void *map;

	vk_need(vkCreateBuffer(vk->dev, &info, NULL, &t->buffer[i]));
	vkGetBufferMemoryRequirements(vk->dev, t->buffer[i], &req);
	t->memory[i] = vk_memory(vk, &req, req.size, &map);
	vk_need(vkBindBufferMemory(vk->dev, t->buffer[i], t->memory[i], 0));
	memset(map, 0, size);
	return map;
}

static VkDescriptorSet make_set(struct vk *vk, struct touch *t, VkBuffer sparse)
{
	const VkDescriptorSetAllocateInfo alloc = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
		.descriptorPool = t->pool,
		.descriptorSetCount = 1,
		.pSetLayouts = &t->set_layout,
	};
	const VkDescriptorBufferInfo range[] = {
		{ .buffer = t->buffer[0], .range = VK_WHOLE_SIZE },
		{ .buffer = t->buffer[1], .range = VK_WHOLE_SIZE },
		{ .buffer = sparse, .range = VK_WHOLE_SIZE },
	};
	VkWriteDescriptorSet write = {
		.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
		.descriptorCount = 3,
		.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
		.pBufferInfo = range,
	};

	vk_need(vkAllocateDescriptorSets(vk->dev, &alloc, &write.dstSet));
	vkUpdateDescriptorSets(vk->dev, 1, &write, 0, NULL);
	return write.dstSet;
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
	make_layouts(vk, t);
	t->list = make_buffer(vk, t, 0, TOUCHES * sizeof(*t->list));
	t->seen = make_buffer(vk, t, 1, TOUCHES * sizeof(*t->seen));
	t->pipeline = make_pipeline(vk, t, spv_touch, sizeof(spv_touch));
	t->spin_pipeline = make_pipeline(vk, t, spv_spin, sizeof(spv_spin));
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

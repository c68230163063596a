// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compute shaders on a device; see compute.h.
 */
#include <string.h>

#include "compute.h"
#include "programs.h"

#define THREE(x, y, z)	{ x, y, z }
#define SHADER(name, threads, groups, ulps)				\
	{ #name, spv_##name, sizeof(spv_##name), threads, groups, ulps },
const struct shader shaders[] = {
#include "shaders/list.h"
};

const unsigned int num_shaders = ARRAY_SIZE(shaders);

/* --- Set-up ------------------------------------------------------------------- */

static void make_layouts(struct vk *vk, struct compute *c)
{
	static const VkDescriptorSetLayoutBinding bindings[2] = {
		{ 0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL },
		{ 1, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL },
	};
	const VkDescriptorSetLayoutCreateInfo set = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
		.bindingCount = 2,
		.pBindings = bindings,
	};
	const VkPushConstantRange push = {
		.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
		.size = sizeof(uint32_t),
	};
	const VkPipelineLayoutCreateInfo layout = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
		.setLayoutCount = 1,
		.pSetLayouts = &c->set_layout,
		.pushConstantRangeCount = 1,
		.pPushConstantRanges = &push,
	};

	vk_need(vkCreateDescriptorSetLayout(vk->dev, &set, NULL, &c->set_layout));
	vk_need(vkCreatePipelineLayout(vk->dev, &layout, NULL, &c->layout));
}

static void make_set(struct vk *vk, struct compute *c)
{
	const VkDescriptorPoolSize size = {
		.type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
		.descriptorCount = 2,
	};
	const VkDescriptorPoolCreateInfo pool = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
		.maxSets = 1,
		.poolSizeCount = 1,
		.pPoolSizes = &size,
	};
	VkDescriptorSetAllocateInfo alloc = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
		.descriptorSetCount = 1,
		.pSetLayouts = &c->set_layout,
	};

	vk_need(vkCreateDescriptorPool(vk->dev, &pool, NULL, &c->pool));
	alloc.descriptorPool = c->pool;
	vk_need(vkAllocateDescriptorSets(vk->dev, &alloc, &c->set));
}

static uint32_t *make_buffer(struct vk *vk, struct compute *c, unsigned int i)
{
	const VkBufferCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.size = WORDS * sizeof(uint32_t),
		.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
			 VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT,
	};
	VkDescriptorBufferInfo range = { .range = VK_WHOLE_SIZE };
	const VkWriteDescriptorSet write = {
		.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
		.dstSet = c->set,
		.dstBinding = i,
		.descriptorCount = 1,
		.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
		.pBufferInfo = &range,
	};
	VkMemoryRequirements req;
	void *map;

	vk_need(vkCreateBuffer(vk->dev, &info, NULL, &c->buffer[i]));
	vkGetBufferMemoryRequirements(vk->dev, c->buffer[i], &req);
	c->memory[i] = vk_memory(vk, &req, req.size, &map);
	vk_need(vkBindBufferMemory(vk->dev, c->buffer[i], c->memory[i], 0));
	range.buffer = c->buffer[i];
	vkUpdateDescriptorSets(vk->dev, 1, &write, 0, NULL);
	return map;
}

void compute_make(struct vk *vk, struct compute *c)
{
	memset(c, 0, sizeof(*c));
	make_layouts(vk, c);
	make_set(vk, c);
	c->src = make_buffer(vk, c, 0);
	c->dst = make_buffer(vk, c, 1);
}

void compute_free(struct vk *vk, struct compute *c)
{
	vkDestroyPipeline(vk->dev, c->pipeline, NULL);
	for (unsigned int i = 0; i < 2; i++) {
		vkDestroyBuffer(vk->dev, c->buffer[i], NULL);
		vkFreeMemory(vk->dev, c->memory[i], NULL);
	}
	vkDestroyDescriptorPool(vk->dev, c->pool, NULL);
	vkDestroyPipelineLayout(vk->dev, c->layout, NULL);
	vkDestroyDescriptorSetLayout(vk->dev, c->set_layout, NULL);
}

VkResult compute_load(struct vk *vk, struct compute *c, const struct shader *s)
{
	static const VkSpecializationMapEntry entries[] = {
		{ 0, 0, 4 }, { 1, 4, 4 }, { 2, 8, 4 },
	};
	const VkSpecializationInfo threads = {
		.mapEntryCount = 3,
		.pMapEntries = entries,
		.dataSize = sizeof(s->threads),
		.pData = s->threads,
	};
	const VkShaderModuleCreateInfo code = {
		.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
		.codeSize = s->size,
		.pCode = s->code,
	};
	VkComputePipelineCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
		.stage = {
			.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
			.stage = VK_SHADER_STAGE_COMPUTE_BIT,
			.pName = "main",
			.pSpecializationInfo = &threads,
		},
		.layout = c->layout,
	};
	VkShaderModule module;
	VkResult res;

	vkDestroyPipeline(vk->dev, c->pipeline, NULL);
	c->pipeline = VK_NULL_HANDLE;
	vk_need(vkCreateShaderModule(vk->dev, &code, NULL, &module));
	info.stage.module = module;
	res = vkCreateComputePipelines(vk->dev, VK_NULL_HANDLE, 1, &info, NULL,
				       &c->pipeline);
	vkDestroyShaderModule(vk->dev, module, NULL);
	return res;
}

/* --- Runs ------------------------------------------------------------------------ */

void compute_record(VkCommandBuffer cmd, struct compute *c, const uint32_t *groups,
		    uint32_t count)
{
	vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, c->pipeline);
	vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, c->layout, 0, 1,
				&c->set, 0, NULL);
	vkCmdPushConstants(cmd, c->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(count),
			   &count);
	vkCmdDispatch(cmd, groups[0], groups[1], groups[2]);
	vk_barrier(cmd);
}

void compute_fill(struct compute *c)
{
	uint32_t x = 12345;

	for (unsigned int i = 0; i < WORDS; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		c->src[i] = x;
		c->dst[i] = 0;
	}
}

VkResult compute_run(struct vk *vk, struct compute *c, const struct shader *s)
{
	VkCommandBuffer cmd;
	VkResult res;

	res = compute_load(vk, c, s);
	if (res != VK_SUCCESS)
		return res;
	compute_fill(c);
	cmd = vk_begin_primary(vk);
	compute_record(cmd, c, s->groups, WORDS - 24);
	res = vk_run(vk, vk_end(cmd));
	vkFreeCommandBuffers(vk->dev, vk->pool, 1, &cmd);
	return res;
}

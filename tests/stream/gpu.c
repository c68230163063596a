// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The shaders and their buffers; see gpu.h.
 */
#include <string.h>

#include "gpu.h"
#include "pool.h"
#include "space.h"

#include "programs.h"

static const struct {
	const uint32_t *code;
	size_t size;
} programs[NUM_PROGRAMS] = {
	[FILL] = { spv_fill, sizeof(spv_fill) },
	[LOOK] = { spv_look, sizeof(spv_look) },
	[PROBE] = { spv_probe, sizeof(spv_probe) },
};

static const VkDeviceSize sizes[NUM_BUFFERS] = {
	[SPACE] = SPACE_BUFFERS * sizeof(uint64_t),
	[PAGE_TABLE] = NUM_TILES * sizeof(uint32_t),
	[WANTED] = NUM_TILES * sizeof(uint32_t),
	[STRIDES] = STEPS * sizeof(struct stride),
	[PIXELS] = VIEW_PIXELS * sizeof(uint32_t),
	[TILES] = POOL_SLOTS * sizeof(uint32_t),
	[PROBED] = PROBES * 2 * sizeof(uint32_t),
	[FOUND] = PROBES * sizeof(uint32_t),
};

static void make_layouts(struct gpu *g)
{
	VkDescriptorSetLayoutBinding bindings[NUM_BUFFERS];
	const VkDescriptorSetLayoutCreateInfo set = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
		.bindingCount = NUM_BUFFERS,
		.pBindings = bindings,
	};
	const VkPushConstantRange push = {
		.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
		.size = sizeof(struct push),
	};
	const VkPipelineLayoutCreateInfo layout = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
		.setLayoutCount = 1,
		.pSetLayouts = &g->set_layout,
		.pushConstantRangeCount = 1,
		.pPushConstantRanges = &push,
	};

	for (unsigned int i = 0; i < NUM_BUFFERS; i++)
		bindings[i] = (VkDescriptorSetLayoutBinding){
			.binding = i,
			.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
			.descriptorCount = 1,
			.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
		};
	vk_need(vkCreateDescriptorSetLayout(g->vk->dev, &set, NULL, &g->set_layout));
	vk_need(vkCreatePipelineLayout(g->vk->dev, &layout, NULL, &g->layout));
}

static void make_set(struct gpu *g)
{
	const VkDescriptorPoolSize size = {
		.type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
		.descriptorCount = NUM_BUFFERS,
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
		.pSetLayouts = &g->set_layout,
	};

	vk_need(vkCreateDescriptorPool(g->vk->dev, &pool, NULL, &g->pool));
	alloc.descriptorPool = g->pool;
	vk_need(vkAllocateDescriptorSets(g->vk->dev, &alloc, &g->set));
}

static void make_buffer(struct gpu *g, enum buffer i)
{
	const VkBufferCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.size = sizes[i],
		.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
	};
	VkDescriptorBufferInfo range = { .range = VK_WHOLE_SIZE };
	const VkWriteDescriptorSet write = {
		.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
		.dstSet = g->set,
		.dstBinding = i,
		.descriptorCount = 1,
		.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
		.pBufferInfo = &range,
	};
	VkMemoryRequirements req;
	void *map;

	vk_need(vkCreateBuffer(g->vk->dev, &info, NULL, &g->buffer[i]));
	vkGetBufferMemoryRequirements(g->vk->dev, g->buffer[i], &req);
	g->memory[i] = vk_memory(g->vk, &req, req.size, &map);
	vk_need(vkBindBufferMemory(g->vk->dev, g->buffer[i], g->memory[i], 0));
	range.buffer = g->buffer[i];
	vkUpdateDescriptorSets(g->vk->dev, 1, &write, 0, NULL);
	g->map[i] = map;
	memset(map, 0, sizes[i]);
}

static void make_pipeline(struct gpu *g, enum program i)
{
	const VkShaderModuleCreateInfo code = {
		.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
		.codeSize = programs[i].size,
		.pCode = programs[i].code,
	};
	VkComputePipelineCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
		.stage = {
			.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
			.stage = VK_SHADER_STAGE_COMPUTE_BIT,
			.pName = "main",
		},
		.layout = g->layout,
	};

	vk_need(vkCreateShaderModule(g->vk->dev, &code, NULL, &info.stage.module));
	vk_need(vkCreateComputePipelines(g->vk->dev, VK_NULL_HANDLE, 1, &info, NULL,
					 &g->pipeline[i]));
	vkDestroyShaderModule(g->vk->dev, info.stage.module, NULL);
}

void gpu_make(struct gpu *g, struct vk *vk)
{
	memset(g, 0, sizeof(*g));
	g->vk = vk;
	make_layouts(g);
	make_set(g);
	for (unsigned int i = 0; i < NUM_BUFFERS; i++)
		make_buffer(g, i);
	for (unsigned int i = 0; i < NUM_PROGRAMS; i++)
		make_pipeline(g, i);
}

void gpu_free(struct gpu *g)
{
	for (unsigned int i = 0; i < NUM_PROGRAMS; i++)
		vkDestroyPipeline(g->vk->dev, g->pipeline[i], NULL);
	for (unsigned int i = 0; i < NUM_BUFFERS; i++) {
		vkDestroyBuffer(g->vk->dev, g->buffer[i], NULL);
		vkFreeMemory(g->vk->dev, g->memory[i], NULL);
	}
	vkDestroyDescriptorPool(g->vk->dev, g->pool, NULL);
	vkDestroyPipelineLayout(g->vk->dev, g->layout, NULL);
	vkDestroyDescriptorSetLayout(g->vk->dev, g->set_layout, NULL);
}

void gpu_record(struct gpu *g, VkCommandBuffer cmd, enum program program,
		const struct push *push, uint32_t across, uint32_t down)
{
	vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, g->pipeline[program]);
	vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, g->layout, 0, 1,
				&g->set, 0, NULL);
	vkCmdPushConstants(cmd, g->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(*push),
			   push);
	vkCmdDispatch(cmd, across, down, 1);
	vk_barrier(cmd);
}

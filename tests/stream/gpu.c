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

static void make_layout(struct gpu *g)
{
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

	g->set_layout = vk_storage_layout(g->vk, NUM_BUFFERS);
	vk_need(vkCreatePipelineLayout(g->vk->dev, &layout, NULL, &g->layout));
}

static void make_buffer(struct gpu *g, enum buffer i)
{
	void *map;

	g->buffer[i] = vk_buffer(g->vk, sizes[i], VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
				 &g->memory[i], &map);
	vk_set_storage(g->vk, g->set, i, g->buffer[i]);
	g->map[i] = map;
	memset(map, 0, sizes[i]);
}

void gpu_make(struct gpu *g, struct vk *vk)
{
	memset(g, 0, sizeof(*g));
	g->vk = vk;
	make_layout(g);
	g->pool = vk_storage_pool(vk, 1, NUM_BUFFERS);
	g->set = vk_set(vk, g->pool, g->set_layout);
	for (unsigned int i = 0; i < NUM_BUFFERS; i++)
		make_buffer(g, i);
	for (unsigned int i = 0; i < NUM_PROGRAMS; i++)
		vk_need(vk_pipeline(vk, g->layout, programs[i].code, programs[i].size, NULL,
				    &g->pipeline[i]));
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

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

static void make_layout(struct vk *vk, struct compute *c)
{
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

	c->set_layout = vk_storage_layout(vk, 2);
	vk_need(vkCreatePipelineLayout(vk->dev, &layout, NULL, &c->layout));
}

static uint32_t *make_buffer(struct vk *vk, struct compute *c, unsigned int i)
{
	void *map;

	c->buffer[i] = vk_buffer(vk, WORDS * sizeof(uint32_t),
				 VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
				 VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT,
				 &c->memory[i], &map);
	vk_set_storage(vk, c->set, i, c->buffer[i]);
	return map;
}

void compute_make(struct vk *vk, struct compute *c)
{
	memset(c, 0, sizeof(*c));
	make_layout(vk, c);
	c->pool = vk_storage_pool(vk, 1, 2);
	c->set = vk_set(vk, c->pool, c->set_layout);
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

	vkDestroyPipeline(vk->dev, c->pipeline, NULL);
	c->pipeline = VK_NULL_HANDLE;
	return vk_pipeline(vk, c->layout, s->code, s->size, &threads, &c->pipeline);
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

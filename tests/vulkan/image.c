// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Images and what shaders of ours do to them; see image.h.
 */
#include <string.h>

#include "image.h"
#include "images.h"

#define PROGRAM(name) \
	const struct program image_##name = { spv_##name, sizeof(spv_##name) }

PROGRAM(write);
PROGRAM(read);
PROGRAM(count);
PROGRAM(fetch);
PROGRAM(sample);
PROGRAM(gather);
PROGRAM(number);
PROGRAM(take);
PROGRAM(number3d);
PROGRAM(take3d);
PROGRAM(whole);
PROGRAM(whole_signed);

/* --- The device --------------------------------------------------------------- */

static void make_layouts(struct bench *b)
{
	static const VkDescriptorSetLayoutBinding bindings[3] = {
		{ 0, VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL },
		{ 1, VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 1, VK_SHADER_STAGE_COMPUTE_BIT,
		  NULL },
		{ 2, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL },
	};
	const VkDescriptorSetLayoutCreateInfo set = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
		.bindingCount = 3,
		.pBindings = bindings,
	};
	const VkPushConstantRange push = {
		.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
		.size = sizeof(b->push),
	};
	const VkPipelineLayoutCreateInfo layout = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
		.setLayoutCount = 1,
		.pSetLayouts = &b->set_layout,
		.pushConstantRangeCount = 1,
		.pPushConstantRanges = &push,
	};

	vk_need(vkCreateDescriptorSetLayout(b->vk.dev, &set, NULL, &b->set_layout));
	vk_need(vkCreatePipelineLayout(b->vk.dev, &layout, NULL, &b->layout));
}

static void make_set(struct bench *b)
{
	static const VkDescriptorPoolSize sizes[3] = {
		{ VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, 1 },
		{ VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 1 },
		{ VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1 },
	};
	const VkDescriptorPoolCreateInfo pool = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
		.maxSets = 1,
		.poolSizeCount = 3,
		.pPoolSizes = sizes,
	};

	vk_need(vkCreateDescriptorPool(b->vk.dev, &pool, NULL, &b->pool));
	b->set = vk_set(&b->vk, b->pool, b->set_layout);
}

static void make_buffer(struct bench *b)
{
	void *map;

	b->buffer = vk_buffer(&b->vk, STAGING, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
			      VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
			      VK_BUFFER_USAGE_TRANSFER_DST_BIT, &b->memory, &map);
	b->bytes = map;
}

void bench_open(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	vk_open(&b->vk);
	make_layouts(b);
	make_set(b);
	make_buffer(b);
}

void bench_close(struct bench *b)
{
	vk_need(vkDeviceWaitIdle(b->vk.dev));
	for (unsigned int i = 0; i < ARRAY_SIZE(b->compiled); i++)
		vkDestroyPipeline(b->vk.dev, b->compiled[i].pipeline, NULL);
	vkDestroyBuffer(b->vk.dev, b->buffer, NULL);
	vkFreeMemory(b->vk.dev, b->memory, NULL);
	vkDestroyDescriptorPool(b->vk.dev, b->pool, NULL);
	vkDestroyPipelineLayout(b->vk.dev, b->layout, NULL);
	vkDestroyDescriptorSetLayout(b->vk.dev, b->set_layout, NULL);
	vk_close(&b->vk);
}

/* --- Images --------------------------------------------------------------------- */

VkImageCreateInfo image_info(VkFormat format, uint32_t width, uint32_t height)
{
	return (VkImageCreateInfo){
		.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
		.imageType = VK_IMAGE_TYPE_2D,
		.format = format,
		.extent = { width, height, 1 },
		.mipLevels = 1,
		.arrayLayers = 1,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.tiling = VK_IMAGE_TILING_OPTIMAL,
		.usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT |
			 VK_IMAGE_USAGE_STORAGE_BIT,
	};
}

bool image_can(struct bench *b, const VkImageCreateInfo *info)
{
	VkImageFormatProperties props;

	return vkGetPhysicalDeviceImageFormatProperties(b->vk.phys, info->format,
							info->imageType, info->tiling,
							info->usage, info->flags,
							&props) == VK_SUCCESS &&
	       props.maxMipLevels >= info->mipLevels &&
	       props.maxArrayLayers >= info->arrayLayers;
}

static VkImageSubresourceRange whole(const struct image *i)
{
	return (VkImageSubresourceRange){
		VK_IMAGE_ASPECT_COLOR_BIT, 0, i->info.mipLevels, 0, i->info.arrayLayers,
	};
}

void image_ready(struct bench *b, struct image *i)
{
	const VkImageMemoryBarrier2 barrier = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
		.srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
		.dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
		.dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT,
		.oldLayout = VK_IMAGE_LAYOUT_UNDEFINED,
		.newLayout = VK_IMAGE_LAYOUT_GENERAL,
		.srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
		.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
		.image = i->image,
		.subresourceRange = whole(i),
	};
	const VkDependencyInfo info = {
		.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
		.imageMemoryBarrierCount = 1,
		.pImageMemoryBarriers = &barrier,
	};
	VkCommandBuffer cmd = vk_begin_primary(&b->vk);

	vkCmdPipelineBarrier2(cmd, &info);
	vk_need(vk_run(&b->vk, vk_end(cmd)));
}

void image_make_sparse(struct bench *b, struct image *i, const VkImageCreateInfo *info)
{
	*i = (struct image){ .info = *info };
	vk_need(vkCreateImage(b->vk.dev, info, NULL, &i->image));
}

void image_make(struct bench *b, struct image *i, const VkImageCreateInfo *info)
{
	VkMemoryRequirements req;
	void *map;

	image_make_sparse(b, i, info);
	vkGetImageMemoryRequirements(b->vk.dev, i->image, &req);
	i->memory = vk_memory(&b->vk, &req, req.size, &map);
	vk_need(vkBindImageMemory(b->vk.dev, i->image, i->memory, 0));
	image_ready(b, i);
}

void image_free(struct bench *b, struct image *i)
{
	vkDestroyImage(b->vk.dev, i->image, NULL);
	vkFreeMemory(b->vk.dev, i->memory, NULL);
}

/* --- Copies ----------------------------------------------------------------------- */

static uint32_t at_level(uint32_t size, uint32_t level)
{
	return size >> level ? size >> level : 1;
}

VkExtent3D image_extent(const struct image *i, uint32_t level)
{
	return (VkExtent3D){
		at_level(i->info.extent.width, level),
		at_level(i->info.extent.height, level),
		at_level(i->info.extent.depth, level),
	};
}

VkBufferImageCopy image_region(const struct image *i, uint32_t level)
{
	return (VkBufferImageCopy){
		.imageSubresource = { VK_IMAGE_ASPECT_COLOR_BIT, level, 0,
				      i->info.arrayLayers },
		.imageExtent = image_extent(i, level),
	};
}

VkResult image_upload(struct bench *b, struct image *i, const VkBufferImageCopy *region)
{
	VkCommandBuffer cmd = vk_begin_primary(&b->vk);
	VkResult res;

	vkCmdCopyBufferToImage(cmd, b->buffer, i->image, VK_IMAGE_LAYOUT_GENERAL, 1,
			       region);
	vk_barrier(cmd);
	res = vk_run(&b->vk, vk_end(cmd));
	vkFreeCommandBuffers(b->vk.dev, b->vk.pool, 1, &cmd);
	return res;
}

VkResult image_download(struct bench *b, struct image *i, const VkBufferImageCopy *region)
{
	VkCommandBuffer cmd = vk_begin_primary(&b->vk);
	VkResult res;

	vk_barrier(cmd);
	vkCmdCopyImageToBuffer(cmd, i->image, VK_IMAGE_LAYOUT_GENERAL, b->buffer, 1,
			       region);
	vk_barrier(cmd);
	res = vk_run(&b->vk, vk_end(cmd));
	vkFreeCommandBuffers(b->vk.dev, b->vk.pool, 1, &cmd);
	return res;
}

/* --- Shaders ------------------------------------------------------------------------ */

/* A shader stores to one level */
static VkImageView make_view(struct bench *b, const struct image *i, bool sampled)
{
	const VkImageViewCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
		.image = i->image,
		.viewType = i->info.imageType == VK_IMAGE_TYPE_3D ? VK_IMAGE_VIEW_TYPE_3D :
			    VK_IMAGE_VIEW_TYPE_2D,
		.format = i->info.format,
		.subresourceRange = { VK_IMAGE_ASPECT_COLOR_BIT, i->level,
				      sampled ? i->info.mipLevels - i->level : 1,
				      i->layer, 1 },
	};
	VkImageView view;

	vk_need(vkCreateImageView(b->vk.dev, &info, NULL, &view));
	return view;
}

static void write_set(struct bench *b, VkImageView view, VkSampler sampler)
{
	const VkDescriptorImageInfo image = { sampler, view, VK_IMAGE_LAYOUT_GENERAL };
	const VkWriteDescriptorSet write = {
		.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
		.dstSet = b->set,
		.dstBinding = sampler ? 1 : 0,
		.descriptorCount = 1,
		.descriptorType = sampler ? VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER :
				  VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
		.pImageInfo = &image,
	};

	vkUpdateDescriptorSets(b->vk.dev, 1, &write, 0, NULL);
	vk_set_storage(&b->vk, b->set, 2, b->buffer);
}

static VkPipeline make_pipeline(struct bench *b, const struct program *p)
{
	VkPipeline pipeline;

	vk_need(vk_pipeline(&b->vk, b->layout, p->code, p->size, NULL, &pipeline));
	return pipeline;
}

void image_compile(struct bench *b, const struct program *p)
{
	vkDestroyPipeline(b->vk.dev, make_pipeline(b, p), NULL);
}

/* Of the latest programs, the last one first */
static VkPipeline pipeline_of(struct bench *b, const struct program *p)
{
	unsigned int last = ARRAY_SIZE(b->compiled) - 1;

	for (unsigned int i = 0; i <= last; i++)
		if (b->compiled[i].program == p)
			return b->compiled[i].pipeline;
	vkDestroyPipeline(b->vk.dev, b->compiled[last].pipeline, NULL);
	memmove(&b->compiled[1], &b->compiled[0], last * sizeof(b->compiled[0]));
	b->compiled[0].program = p;
	b->compiled[0].pipeline = make_pipeline(b, p);
	return b->compiled[0].pipeline;
}

VkResult image_run(struct bench *b, struct image *i, VkSampler sampler,
		   const struct program *p, const uint32_t *groups)
{
	VkPipeline pipeline = pipeline_of(b, p);
	VkImageView view = make_view(b, i, sampler);
	VkCommandBuffer cmd = vk_begin_primary(&b->vk);
	VkResult res;

	memset(b->bytes, 0, STAGING);
	write_set(b, view, sampler);
	vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
	vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->layout, 0, 1,
				&b->set, 0, NULL);
	vkCmdPushConstants(cmd, b->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(b->push),
			   b->push);
	vkCmdDispatch(cmd, groups[0], groups[1], groups[2]);
	vk_barrier(cmd);
	res = vk_run(&b->vk, vk_end(cmd));
	vkFreeCommandBuffers(b->vk.dev, b->vk.pool, 1, &cmd);
	vkDestroyImageView(b->vk.dev, view, NULL);
	return res;
}

float image_float(const struct bench *b, uint32_t n)
{
	float f;

	memcpy(&f, b->bytes + n * sizeof(f), sizeof(f));
	return f;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images, what shaders of ours do to them (images/), and copies to memory that the
 * host sees.
 */
#ifndef VKQUEUE_IMAGE_H
#define VKQUEUE_IMAGE_H

#include "vk.h"

/* Bytes of the buffers that copies and shaders use */
#define STAGING	(4u << 20)

struct program {
	const uint32_t *code;
	size_t size;
};

/**
 * struct bench - a device with what images need
 * @buffer: Where copies go to and come from, and results of shaders.
 * @bytes: Its memory.
 * @push: Push constants of shaders.
 * @compiled: Programs that have run: to compile one takes longer than to run it.
 */
struct bench {
	struct vk vk;
	VkDescriptorSetLayout set_layout;
	VkPipelineLayout layout;
	VkDescriptorPool pool;
	VkDescriptorSet set;
	VkBuffer buffer;
	VkDeviceMemory memory;
	unsigned char *bytes;
	uint32_t push[3];
	struct {
		const struct program *program;
		VkPipeline pipeline;
	} compiled[4];
};

/**
 * struct image - an image in layout GENERAL
 * @level, @layer: The first that shaders see. Of a storage image they see one.
 * @memory: NULL if it is sparse.
 */
struct image {
	VkImage image;
	VkImageCreateInfo info;
	uint32_t level, layer;
	VkDeviceMemory memory;
};

extern const struct program image_write, image_read, image_count, image_fetch,
	image_sample, image_gather, image_number, image_take, image_number3d, image_take3d,
	image_whole, image_whole_signed;

void bench_open(struct bench *b);
void bench_close(struct bench *b);

/* The usual image: one level and layer, optimal tiling, copies and storage */
VkImageCreateInfo image_info(VkFormat format, uint32_t width, uint32_t height);
bool image_can(struct bench *b, const VkImageCreateInfo *info);
void image_make(struct bench *b, struct image *i, const VkImageCreateInfo *info);
/* Without memory: the caller binds some */
void image_make_sparse(struct bench *b, struct image *i, const VkImageCreateInfo *info);
/* To layout GENERAL; a sparse image wants its memory first */
void image_ready(struct bench *b, struct image *i);
void image_free(struct bench *b, struct image *i);

/* Of a level */
VkExtent3D image_extent(const struct image *i, uint32_t level);
/* All of a level of all layers, or what @region says; bytes are packed */
VkBufferImageCopy image_region(const struct image *i, uint32_t level);
VkResult image_upload(struct bench *b, struct image *i, const VkBufferImageCopy *region);
VkResult image_download(struct bench *b, struct image *i, const VkBufferImageCopy *region);

/*
 * Run a program on the image, as storage image and, with a sampler, as texture:
 * workgroups of 8 by 8. Results are in the buffer, which is cleared before.
 */
VkResult image_run(struct bench *b, struct image *i, VkSampler sampler,
		   const struct program *p, const uint32_t *groups);

/* A number of the results */
float image_float(const struct bench *b, uint32_t n);

/* As image_run() does, for the driver to print what it makes of it */
void image_compile(struct bench *b, const struct program *p);

#endif /* VKQUEUE_IMAGE_H */

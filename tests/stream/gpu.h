/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The three shaders (fill.glsl, look.glsl, probe.glsl) and the buffers that they have
 * in common, all of which the host sees.
 */
#ifndef STREAM_GPU_H
#define STREAM_GPU_H

#include "tile.h"
#include "vk.h"

enum program { FILL, LOOK, PROBE, NUM_PROGRAMS };

/* In the order of their bindings, see head.glsl */
enum buffer { SPACE, PAGE_TABLE, WANTED, STRIDES, PIXELS, TILES, PROBED, FOUND, NUM_BUFFERS };

#define PROBES		256u

/* What head.glsl calls Push */
struct push {
	struct camera eye;
	uint32_t count;
};

struct gpu {
	struct vk *vk;
	VkDescriptorSetLayout set_layout;
	VkPipelineLayout layout;
	VkDescriptorPool pool;
	VkDescriptorSet set;
	VkPipeline pipeline[NUM_PROGRAMS];
	VkBuffer buffer[NUM_BUFFERS];
	VkDeviceMemory memory[NUM_BUFFERS];
	uint32_t *map[NUM_BUFFERS];
};

void gpu_make(struct gpu *g, struct vk *vk);
void gpu_free(struct gpu *g);

/* Record a program; what is recorded behind it sees what it did */
void gpu_record(struct gpu *g, VkCommandBuffer cmd, enum program program,
		const struct push *push, uint32_t across, uint32_t down);

#endif /* STREAM_GPU_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compute shaders on a device: those of shaders/, a SPIR-V program each.
 */
#ifndef VKQUEUE_COMPUTE_H
#define VKQUEUE_COMPUTE_H

#include "vk.h"

/* Words that each reads, and writes */
#define WORDS	1024u

/**
 * struct shader - a program, and how it is run
 * @name: Its file's.
 * @code: SPIR-V, @size bytes.
 * @threads: Of a workgroup.
 * @groups: Workgroups.
 * @tolerance: In units in the last place; 0: exact.
 */
struct shader {
	const char *name;
	const uint32_t *code;
	size_t size;
	uint32_t threads[3], groups[3];
	uint32_t tolerance;
};

extern const struct shader shaders[];
extern const unsigned int num_shaders;

/**
 * struct compute - a pipeline on two buffers
 * @src: Words to read, of the host's memory.
 * @dst: Words to write.
 */
struct compute {
	VkDescriptorSetLayout set_layout;
	VkPipelineLayout layout;
	VkDescriptorPool pool;
	VkDescriptorSet set;
	VkBuffer buffer[2];
	VkDeviceMemory memory[2];
	uint32_t *src, *dst;
	VkPipeline pipeline;
};

void compute_make(struct vk *vk, struct compute *c);
void compute_free(struct vk *vk, struct compute *c);
/* Another program; the one before is gone */
VkResult compute_load(struct vk *vk, struct compute *c, const struct shader *s);
/* Record a dispatch of the program */
void compute_record(VkCommandBuffer cmd, struct compute *c, const uint32_t *groups,
		    uint32_t count);
/* The buffers as they are before each run: numbers of a seed, and 0 */
void compute_fill(struct compute *c);
/* All of it, once; a result of the device's */
VkResult compute_run(struct vk *vk, struct compute *c, const struct shader *s);

/* Run all shaders on whatever device there is, results to a file */
int reference_write(const char *path);

/* Compile all shaders, and many by chance, and run none (compile.c) */
int compile_all(void);

#endif /* VKQUEUE_COMPUTE_H */

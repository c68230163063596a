// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shaders that are compiled for Mesa to print what it makes of them, and not run but for
 * copies of images: those of shaders/, images/ and generate.awk, and what the driver uses
 * for transfers. With
 * BIFROST_MESA_DEBUG=shaders,internal,verbose it does so; a line "compile: NAME" comes
 * before each.
 */
#include <stdio.h>
#include <stdlib.h>

#include "compute.h"
#include "generated.h"
#include "image.h"

#define GENERATED(name)	{ #name, spv_##name, sizeof(spv_##name), { 64, 1, 1 }, { 1, 1, 1 }, 0 },
static const struct shader generated[] = {
#include "generated-list.h"
};

static void say(const char *name)
{
	printf("\ncompile: %s\n", name);
	fflush(stdout);
}

static int compile(struct vk *vk, struct compute *c, const struct shader *s, unsigned int n)
{
	int failed = 0;

	for (unsigned int i = 0; i < n; i++) {
		say(s[i].name);
		if (compute_load(vk, c, &s[i]) == VK_SUCCESS)
			continue;
		fprintf(stderr, "vkqueue: %s is not compiled\n", s[i].name);
		failed = 1;
	}
	return failed;
}

/* Recorded and not submitted: the driver compiles what it would execute. */
static void transfers(struct vk *vk, struct compute *c)
{
	VkCommandBuffer cmd = vk_begin_primary(vk);
	VkBufferCopy r = { 0, 0, 0 };

	for (unsigned int size = 1; size <= 64; size *= 2) {
		r.size = size;
		say("copy");
		vkCmdCopyBuffer(cmd, c->buffer[0], c->buffer[1], 1, &r);
		r.srcOffset = size;
		vkCmdCopyBuffer(cmd, c->buffer[0], c->buffer[1], 1, &r);
	}
	for (unsigned int size = 4; size <= 64; size *= 2) {
		say("fill");
		vkCmdFillBuffer(cmd, c->buffer[1], 64 - size, size, 5);
	}
	say("update");
	vkCmdUpdateBuffer(cmd, c->buffer[1], 4, 16, c->src);
	vk_end(cmd);
}

static void images(void)
{
	static const struct {
		const char *name;
		const struct program *program;
	} programs[] = {
		{ "image write", &image_write }, { "image read", &image_read },
		{ "image count", &image_count }, { "image fetch", &image_fetch },
		{ "image sample", &image_sample }, { "image gather", &image_gather },
		{ "image number", &image_number }, { "image take", &image_take },
		{ "image number3d", &image_number3d }, { "image take3d", &image_take3d },
		{ "image whole", &image_whole }, { "image whole_signed", &image_whole_signed },
	};
	VkImageCreateInfo info = image_info(VK_FORMAT_R8G8B8A8_UNORM, 16, 16);
	VkBufferImageCopy region;
	struct image i;
	struct bench b;

	/* As the scenarios: copies to compressed images are draws */
	setenv("PANVK_DEBUG", "noafbc", 1);
	bench_open(&b);
	for (unsigned int k = 0; k < ARRAY_SIZE(programs); k++) {
		say(programs[k].name);
		image_compile(&b, programs[k].program);
	}
	image_make(&b, &i, &info);
	region = image_region(&i, 0);
	say("copy to image");
	vk_need(image_upload(&b, &i, &region));
	say("copy from image");
	vk_need(image_download(&b, &i, &region));
	image_free(&b, &i);
	bench_close(&b);
}

int compile_all(void)
{
	struct compute c;
	struct vk vk;
	int failed;

	vk_open(&vk);
	compute_make(&vk, &c);
	failed = compile(&vk, &c, shaders, num_shaders);
	if (extent != SAMPLE)
		failed |= compile(&vk, &c, generated, ARRAY_SIZE(generated));
	transfers(&vk, &c);
	compute_free(&vk, &c);
	vk_close(&vk);
	images();
	puts("\ncompiled");
	return failed;
}

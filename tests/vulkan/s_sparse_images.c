// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sparse images: memory bound block by block, written by shaders and copies, found
 * again through the image and in the memory behind it, where the host sees it.
 */
#include <stdlib.h>
#include <string.h>

#include "canvas.h"
#include "scenarios.h"

static void check_requirements(struct canvas *c)
{
	ok(c->block.width == 128 && c->block.height == 128 && c->block.depth == 1,
	   "blocks have 128 by 128 texels");
	detail("tail: from level %u, %llu bytes", c->needs.imageMipTailFirstLod,
	       (unsigned long long)c->needs.imageMipTailSize);
}

static void open_canvas(struct canvas *c, uint32_t width, uint32_t height, uint32_t depth)
{
	VkImageCreateInfo info = canvas_info(VK_FORMAT_R32_UINT, width, height, depth);

	canvas_open(c, &info, 4, 1);
}

/* Memory has it, and the image shows that memory */
static bool is_right(struct canvas *c, const struct paint *p)
{
	return canvas_has(c, p) && canvas_shows(c, p);
}

/* --- Two dimensions --------------------------------------------------------------- */

static const struct paint stored = { .tag = 0x40 }, copied = { .tag = 0x41 };

/* Blocks change places while their contents stay in memory */
static void swap(struct canvas *c)
{
	uint32_t first = c->place[0];

	c->place[0] = c->place[4];
	c->place[4] = first;
	canvas_bind(c, 0, 5);
	ok(canvas_shows(c, &copied), "blocks that change places show each other's texels");
	canvas_draw(c, &stored);
	ok(is_right(c, &stored), "and take what is stored then");
}

static void holes(struct canvas *c)
{
	for (uint32_t n = 0; n < c->blocks; n++)
		c->place[n] = n & 1 ? NONE : n;
	canvas_bind(c, 0, 1);
	for (uint32_t n = 2; n < c->blocks; n += 2)
		canvas_bind(c, n, 1);
	image_ready(&c->b, &c->i);
	canvas_draw(c, &stored);
	ok(is_right(c, &stored), "blocks with memory are right while their neighbours have none");
	ok(canvas_untouched(c, 1) && canvas_untouched(c, 3),
	   "what is stored to the others is nowhere in that memory");
}

static void flat(void)
{
	struct canvas c;

	open_canvas(&c, 400, 300, 1);
	check_requirements(&c);
	canvas_bind_all(&c);
	image_ready(&c.b, &c.i);
	canvas_draw(&c, &stored);
	ok(canvas_has(&c, &stored), "each texel that a shader stores is in its block's memory");
	ok(canvas_shows(&c, &stored), "and read through the image");
	ok(canvas_untouched(&c, c.blocks), "memory that is not bound is as it was");
	canvas_upload(&c, &copied);
	ok(is_right(&c, &copied), "the same by copies");
	swap(&c);
	canvas_close(&c);
	open_canvas(&c, 512, 256, 1);
	holes(&c);
	canvas_close(&c);
}

/* --- Three dimensions, and without blocks ------------------------------------------ */

static void solid(void)
{
	struct canvas c;

	open_canvas(&c, 200, 136, 3);
	canvas_bind_all(&c);
	image_ready(&c.b, &c.i);
	canvas_draw(&c, &stored);
	ok(is_right(&c, &stored), "a 3D image, slice by slice");
	canvas_upload(&c, &copied);
	ok(is_right(&c, &copied), "and by copies");
	canvas_close(&c);
}

static void bind_bytes(struct canvas *c, const VkSparseMemoryBind *binds, uint32_t count)
{
	const VkSparseImageOpaqueMemoryBindInfo image = {
		.image = c->i.image,
		.bindCount = count,
		.pBinds = binds,
	};
	const VkBindSparseInfo info = {
		.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
		.imageOpaqueBindCount = 1,
		.pImageOpaqueBinds = &image,
	};

	canvas_submit(c, &info);
}

/* Bound as bytes: two halves, the second first in memory */
static void opaque(void)
{
	VkImageCreateInfo info = image_info(VK_FORMAT_R32_UINT, 300, 200);
	VkSparseMemoryBind binds[2] = { 0 };
	struct canvas c = { .texel = 4, .colours = 1 };
	VkMemoryRequirements req;
	VkDeviceSize half;
	void *map;

	bench_open(&c.b);
	info.flags = VK_IMAGE_CREATE_SPARSE_BINDING_BIT;
	image_make_sparse(&c.b, &c.i, &info);
	vkGetImageMemoryRequirements(c.b.vk.dev, c.i.image, &req);
	half = req.size / 2 / req.alignment * req.alignment;
	c.memory = vk_memory(&c.b.vk, &req, req.size, &map);
	binds[0].size = half;
	binds[0].memory = c.memory;
	binds[0].memoryOffset = req.size - half;
	binds[1].resourceOffset = half;
	binds[1].size = req.size - half;
	binds[1].memory = c.memory;
	bind_bytes(&c, binds, 2);
	image_ready(&c.b, &c.i);
	canvas_draw(&c, &stored);
	ok(canvas_gives(&c, &stored), "an image that is bound as bytes");
	canvas_close(&c);
}

void run_sparse_images(void)
{
	setenv("PANVK_DEBUG", "noafbc", 1);
	flat();
	solid();
	opaque();
}

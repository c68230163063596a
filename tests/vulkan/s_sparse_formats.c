// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sparse images in formats of each size: blocks have the shapes of Vulkan's standard, and
 * each byte of them is where this program's own idea of the layout has it (canvas.c).
 */
#include <stdlib.h>
#include <string.h>

#include "canvas.h"
#include "scenarios.h"

#define F(name, texel, colours, width, height) \
	{ VK_FORMAT_##name, #name, texel, colours, width, height }
static const struct {
	VkFormat format;
	const char *name;
	uint32_t texel, colours;
	/* Vulkan 1.4, "Standard Sparse Image Block Shapes" */
	uint32_t width, height;
} formats[] = {
	F(R8_UINT, 1, 1, 256, 256),
	F(R8G8_UINT, 2, 2, 256, 128),
	F(R16_UINT, 2, 1, 256, 128),
	F(R8G8B8A8_UINT, 4, 4, 128, 128),
	F(R16G16_UINT, 4, 2, 128, 128),
	F(R32_UINT, 4, 1, 128, 128),
	F(R16G16B16A16_UINT, 8, 4, 128, 64),
	F(R32G32_UINT, 8, 2, 128, 64),
	F(R32G32B32A32_UINT, 16, 4, 64, 64),
};

static bool is_standard(const struct canvas *c, unsigned int f)
{
	VkPhysicalDeviceProperties props;

	vkGetPhysicalDeviceProperties(c->b.vk.phys, &props);
	return props.sparseProperties.residencyStandard2DBlockShape &&
	       !c->needs.formatProperties.flags && c->block.width == formats[f].width &&
	       c->block.height == formats[f].height && c->block.depth == 1;
}

/*
 * A number has 32 bits, and a texel of one colour may have fewer: then one part after
 * the other is stored. With several colours there are enough of them.
 */
static bool stored(struct canvas *c)
{
	uint32_t bits = 8 * c->texel / c->colours, rounds = c->colours > 1 ? 1 : 32 / bits;
	struct paint p = { .tag = 0xa5 };

	for (uint32_t k = 0; k < rounds; k++) {
		p.shift = k * bits;
		canvas_wipe(c);
		canvas_draw(c, &p);
		if (!canvas_has_only(c, &p))
			return false;
	}
	return canvas_shows(c, &p);
}

static bool copied(struct canvas *c)
{
	const struct paint p = { .tag = 0x5a };

	canvas_wipe(c);
	canvas_upload(c, &p);
	return canvas_has_only(c, &p) && canvas_shows(c, &p);
}

/* Two by two blocks, three of which the image's edges cut */
static void check(unsigned int f)
{
	VkImageCreateInfo info = canvas_info(formats[f].format, formats[f].width + 19,
					     formats[f].height + 13, 1);
	struct canvas c;

	canvas_open(&c, &info, formats[f].texel, formats[f].colours);
	ok(is_standard(&c, f), "%s: blocks have %u by %u texels, as Vulkan's standard has",
	   formats[f].name, formats[f].width, formats[f].height);
	for (uint32_t n = 0; n < c.blocks; n++)
		c.place[n] = c.blocks - n;
	canvas_bind(&c, 0, c.blocks);
	image_ready(&c.b, &c.i);
	ok(stored(&c), "%s: what shaders store is where it belongs, and nothing else changes",
	   formats[f].name);
	ok(copied(&c), "%s: the same by copies", formats[f].name);
	canvas_close(&c);
}

void run_sparse_formats(void)
{
	setenv("PANVK_DEBUG", "noafbc", 1);
	for (unsigned int f = 0; f < ARRAY_SIZE(formats); f++)
		check(f);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that is in two places at once: in two sparse images, in two layers of one, twice
 * in a layer. Whatever the driver does not refuse has to be right.
 */
#include <stdlib.h>
#include <string.h>

#include "canvas.h"
#include "scenarios.h"

#define WIDTH	200u
#define HEIGHT	136u

static VkImageCreateInfo info_of(VkImageCreateFlags more)
{
	VkImageCreateInfo info = canvas_info(VK_FORMAT_R32_UINT, WIDTH, HEIGHT, 1);

	info.flags |= more;
	info.arrayLayers = 2;
	return info;
}

/*
 * VK_IMAGE_CREATE_SPARSE_ALIASED_BIT wants sparseResidencyAliased. A driver without it has to
 * say that there are no such images (Vulkan 1.4, vkGetPhysicalDeviceImageFormatProperties);
 * panvk says there are.
 */
static bool refused(void)
{
	static const char name[] = "images for aliases are refused without the feature";
	VkImageCreateInfo info = info_of(VK_IMAGE_CREATE_SPARSE_ALIASED_BIT);
	struct bench b;
	bool can;

	bench_open(&b);
	can = image_can(&b, &info);
	if (can && !b.vk.features.sparseResidencyAliased)
		skip("panvk says that it has them", "%s", name);
	else
		ok(true, "%s", name);
	bench_close(&b);
	return !can;
}

/* Another image like that of @c, on its device and with its memory */
static void open_second(struct canvas *second, struct canvas *c)
{
	*second = *c;
	image_make_sparse(&c->b, &second->i, &c->i.info);
	must(second->i.image);
}

/* What was drawn into the one is in memory, and the other shows that memory */
static bool drawn_is_shown(struct canvas *to, const struct paint *there, struct canvas *from,
			   const struct paint *here)
{
	canvas_draw(to, there);
	return canvas_has(to, there) && canvas_shows(from, here);
}

/* Two images whose blocks are in the same memory, in the opposite order */
static void two_images(struct canvas *c, const char *flags)
{
	const struct paint all[3] = { { .tag = 1 }, { .tag = 2 }, { .layer = 1, .tag = 3 } };
	struct canvas d;
	bool good;

	open_second(&d, c);
	for (uint32_t n = 0; n < c->blocks; n++) {
		c->place[n] = n;
		d.place[n] = c->blocks - 1 - n;
	}
	canvas_bind(c, 0, c->blocks);
	canvas_bind(&d, 0, d.blocks);
	image_ready(&c->b, &c->i);
	image_ready(&d.b, &d.i);
	good = drawn_is_shown(c, &all[0], &d, &all[2]) &&
	       drawn_is_shown(&d, &all[1], c, &all[2]) && canvas_shows(c, &all[0]) &&
	       drawn_is_shown(c, &all[2], &d, &all[1]);
	ok(good, "%s: two images on the same memory show what is stored to either", flags);
	canvas_upload(&d, &all[2]);
	ok(canvas_has(&d, &all[2]) && canvas_shows(c, &all[0]), "%s: the same by copies", flags);
	image_free(&d.b, &d.i);
	ok(canvas_shows(c, &all[0]) && drawn_is_shown(c, &all[0], c, &all[2]),
	   "%s: the one that stays has all of it", flags);
}

/* Layer 1 has the memory of layer 0, and then memory of its own again */
static void two_layers(struct canvas *c, const char *flags)
{
	const struct paint first = { .tag = 4 }, second = { .layer = 1, .tag = 5 };
	uint32_t each = c->blocks / 2;

	for (uint32_t n = 0; n < c->blocks; n++)
		c->place[n] = n % each;
	canvas_bind(c, 0, c->blocks);
	ok(drawn_is_shown(c, &first, c, &second) && drawn_is_shown(c, &second, c, &first) &&
	   canvas_has(c, &second), "%s: two layers on the same memory", flags);
	for (uint32_t n = each; n < c->blocks; n++)
		c->place[n] = n;
	canvas_bind(c, each, each);
	canvas_draw(c, &first);
	canvas_draw(c, &second);
	ok(canvas_has(c, &first) && canvas_has(c, &second) && canvas_shows(c, &first) &&
	   canvas_shows(c, &second), "%s: and with memory of their own again", flags);
}

static bool same_blocks(const struct canvas *c, uint32_t from, uint32_t to)
{
	const uint32_t *got = (const uint32_t *)c->b.bytes;
	uint32_t width = WIDTH - c->block.width;

	for (uint32_t y = 0; y < HEIGHT && y < c->block.height; y++)
		if (memcmp(&got[y * WIDTH + from], &got[y * WIDTH + to], 4 * width))
			return false;
	return true;
}

/* Blocks 0 and 1, beside each other; a copy changes one of them */
static void twice(struct canvas *c, const char *flags)
{
	VkBufferImageCopy all = image_region(&c->i, 0), part;
	const struct paint first = { 0 };
	uint32_t width = c->block.width;
	bool good;

	all.imageSubresource.layerCount = 1;
	part = all;
	part.imageOffset.x = width;
	part.imageExtent.width = WIDTH - width;
	c->place[1] = c->place[0];
	canvas_bind(c, 0, 2);
	for (uint32_t n = 0; n < part.imageExtent.width * HEIGHT; n++)
		((uint32_t *)c->b.bytes)[n] = 0x600d0000 + n;
	vk_need(image_upload(&c->b, &c->i, &part));
	vk_need(image_download(&c->b, &c->i, &all));
	good = same_blocks(c, 0, width) && ((uint32_t *)c->b.bytes)[1] == 0x600d0001;
	ok(good && canvas_shows(c, &first), "%s: a block twice in a layer", flags);
}

static void aliases(VkImageCreateFlags more, const char *flags)
{
	VkImageCreateInfo info = info_of(more);
	struct canvas c;

	canvas_open(&c, &info, 4, 1);
	two_images(&c, flags);
	two_layers(&c, flags);
	twice(&c, flags);
	canvas_close(&c);
}

void run_sparse_alias(void)
{
	setenv("PANVK_DEBUG", "noafbc", 1);
	if (!refused())
		aliases(VK_IMAGE_CREATE_SPARSE_ALIASED_BIT, "for aliases");
	aliases(0, "as they are");
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sparse images with levels and layers, of two and three dimensions: the mip tail, which is
 * bound as bytes, and slices and layers that have memory of their own.
 *
 * panvk has the last level in the tail, and no other one; levels before it that are smaller
 * than a block have a block each.
 */
#include <stdlib.h>
#include <string.h>

#include "canvas.h"
#include "scenarios.h"

#define MOST_LAYERS	3u

/**
 * struct pile - levels and layers, and what was drawn into each last
 * @tag: 0 if nothing was, or if it has no memory.
 */
struct pile {
	struct canvas c;
	uint32_t tag[MOST_LAYERS][MOST_LEVELS];
	uint32_t tags;
};

/* @size: of the first level */
static void open_pile(struct pile *p, VkExtent3D size, uint32_t levels, uint32_t layers)
{
	VkImageCreateInfo info = canvas_info(VK_FORMAT_R32_UINT, size.width, size.height,
					     size.depth);

	must(levels <= MOST_LEVELS && layers <= MOST_LAYERS);
	memset(p, 0, sizeof(*p));
	info.mipLevels = levels;
	info.arrayLayers = layers;
	canvas_open(&p->c, &info, 4, 1);
}

/* First block of a level */
static uint32_t first_of(const struct pile *p, uint32_t level, uint32_t layer)
{
	return layer * canvas_of_layer(&p->c) + p->c.before[level];
}

static uint32_t tail_size(const struct pile *p)
{
	return canvas_of_layer(&p->c) - p->c.before[p->c.tail];
}

static struct paint paint_of(const struct pile *p, uint32_t level, uint32_t layer)
{
	return (struct paint){ level, layer, p->tag[layer][level], 0 };
}

enum way { BY_SHADER, BY_COPY };

static void paint(struct pile *p, uint32_t level, uint32_t layer, enum way way)
{
	struct paint now;

	p->tag[layer][level] = ++p->tags;
	now = paint_of(p, level, layer);
	if (way == BY_SHADER)
		canvas_draw(&p->c, &now);
	else
		canvas_upload(&p->c, &now);
}

static void paint_all(struct pile *p, enum way way)
{
	for (uint32_t layer = 0; layer < p->c.i.info.arrayLayers; layer++)
		for (uint32_t level = 0; level < p->c.i.info.mipLevels; level++)
			paint(p, level, layer, way);
}

/* Levels that have something have it in memory, and copies and loads find it there */
static bool all_right(struct pile *p)
{
	for (uint32_t layer = 0; layer < p->c.i.info.arrayLayers; layer++) {
		for (uint32_t level = 0; level < p->c.i.info.mipLevels; level++) {
			struct paint now = paint_of(p, level, layer);

			if (now.tag && (!canvas_has(&p->c, &now) || !canvas_shows(&p->c, &now)))
				return false;
		}
	}
	return true;
}

/* @count blocks from @first on get the memory of those from @second on, and the reverse */
static void exchange(struct canvas *c, uint32_t first, uint32_t second, uint32_t count)
{
	for (uint32_t n = 0; n < count; n++) {
		uint32_t place = c->place[first + n];

		c->place[first + n] = c->place[second + n];
		c->place[second + n] = place;
	}
	canvas_bind(c, first, count);
	canvas_bind(c, second, count);
}

/* --- Levels ----------------------------------------------------------------------- */

static void check_tail(const struct pile *p)
{
	const VkSparseImageMemoryRequirements *n = &p->c.needs;
	uint32_t last = p->c.i.info.mipLevels - 1;
	/* Standard blocks of three dimensions have several slices, these have one */
	VkSparseImageFormatFlags flags = p->c.i.info.imageType == VK_IMAGE_TYPE_3D ?
					 VK_SPARSE_IMAGE_FORMAT_NONSTANDARD_BLOCK_SIZE_BIT : 0;

	detail("from level %u, at 0x%llx, 0x%llx bytes, 0x%llx between layers, flags %u",
	       n->imageMipTailFirstLod, (unsigned long long)n->imageMipTailOffset,
	       (unsigned long long)n->imageMipTailSize,
	       (unsigned long long)n->imageMipTailStride, n->formatProperties.flags);
	ok(n->imageMipTailFirstLod == last && n->formatProperties.flags == flags &&
	   n->imageMipTailOffset == (VkDeviceSize)p->c.before[last] * BLOCK &&
	   n->imageMipTailSize == (VkDeviceSize)tail_size(p) * BLOCK &&
	   n->imageMipTailStride == (VkDeviceSize)canvas_of_layer(&p->c) * BLOCK,
	   "the last level is the tail, behind the blocks of the others");
}

/* All but the tail, whose blocks have none; backwards, so that neighbours are none there */
static void bind_blocks(struct pile *p)
{
	struct canvas *c = &p->c;

	for (uint32_t n = 0; n < c->before[c->tail]; n++)
		c->place[n] = c->blocks - 1 - n;
	canvas_bind(c, 0, c->before[c->tail]);
}

static void without_tail(struct pile *p)
{
	struct canvas *c = &p->c;

	paint_all(p, BY_SHADER);
	p->tag[0][c->tail] = 0;
	ok(all_right(p), "levels are right while the tail has no memory");
	ok(canvas_untouched(c, 0) && canvas_untouched(c, c->blocks),
	   "what is stored to that tail is nowhere in memory");
}

static void with_tail(struct pile *p)
{
	struct canvas *c = &p->c;
	uint32_t n = first_of(p, c->tail, 0);

	c->place[n] = 0;
	canvas_bind(c, n, 1);
	paint(p, c->tail, 0, BY_SHADER);
	ok(all_right(p), "a tail that is bound as bytes has what a shader stores");
	paint_all(p, BY_COPY);
	ok(all_right(p), "all levels have what is copied");
}

/* The tail gets the memory of a block of level 1, which gets other memory */
static void other_memory(struct pile *p)
{
	struct canvas *c = &p->c;
	uint32_t block = first_of(p, 1, 0), tail = first_of(p, c->tail, 0);
	struct paint now = paint_of(p, c->tail, 0), before;

	c->place[tail] = c->place[block];
	c->place[block] = c->blocks;
	canvas_bind(c, block, tail - block + 1);
	ok(canvas_shows(c, &now), "a tail that is bound elsewhere shows the memory there");
	/* Block 0 of level 1 had texels of the same coordinates */
	before = paint_of(p, 1, 0);
	before.level = c->tail;
	ok(canvas_has(c, &before), "which is as it was");
	paint_all(p, BY_SHADER);
	ok(all_right(p), "and takes what is stored then");
}

/*
 * Whether a tail loses its memory, and nothing else does. panvk 26.1 takes that of the first
 * block instead.
 */
static void lose_tail(struct pile *p)
{
	static const char name[] = "a tail loses its memory, and nothing else does";
	struct canvas *c = &p->c;
	uint32_t n = first_of(p, c->tail, 0), place = c->place[n], first = c->place[0];
	struct paint now = paint_of(p, c->tail, 0);
	bool right;

	c->place[n] = NONE;
	canvas_bind(c, n, 1);
	/* Whatever is stored to the tail now, its memory is as it was */
	c->place[n] = place;
	memset(c->bytes + (size_t)place * BLOCK, 0xee, BLOCK);
	canvas_draw(c, &now);
	right = canvas_untouched(c, place);
	c->place[n] = NONE;
	p->tag[0][c->tail] = 0;
	right &= all_right(p);
	if (right || !vk_driver_is(&c->b.vk, "Mesa 26.1")) {
		ok(right, "%s", name);
		return;
	}
	c->place[0] = NONE;
	if (all_right(p))
		skip("panvk 26.1 takes that of the first block", "%s", name);
	else
		ok(false, "%s", name);
	c->place[0] = first;
}

static void levels(void)
{
	struct pile p;

	open_pile(&p, (VkExtent3D){ 300, 200, 1 }, 4, 1);
	check_tail(&p);
	bind_blocks(&p);
	image_ready(&p.c.b, &p.c.i);
	without_tail(&p);
	with_tail(&p);
	other_memory(&p);
	lose_tail(&p);
	canvas_close(&p.c);
}

/*
 * Two levels, the second of which has more than a block. residencyAlignedMipSize is not set,
 * so only levels smaller than a block may be in the tail (Vulkan 1.4,
 * VkPhysicalDeviceSparseProperties); panvk has the last one there.
 */
static void large_tail(void)
{
	static const char name[] = "a level that is no smaller than a block is not in the tail";
	VkPhysicalDeviceProperties props;
	struct canvas *c;
	struct pile p;

	open_pile(&p, (VkExtent3D){ 260, 260, 1 }, 2, 1);
	c = &p.c;
	vkGetPhysicalDeviceProperties(c->b.vk.phys, &props);
	if (c->tail == 1 && !props.sparseProperties.residencyAlignedMipSize)
		skip("panvk has the last level there, whatever its size", "%s", name);
	else
		ok(true, "%s", name);
	check_tail(&p);
	for (uint32_t n = 0; n < c->blocks; n++)
		c->place[n] = (n * 5 + 2) % c->blocks;
	canvas_bind(c, 0, c->blocks);
	image_ready(&c->b, &c->i);
	paint_all(&p, BY_SHADER);
	ok(all_right(&p), "a tail of %u blocks, each bound for itself", tail_size(&p));
	canvas_close(c);
}

/* --- Levels of three dimensions ---------------------------------------------------- */

/* Slices of the first level change places; each level has half as many as the one before */
static void swap_slices(struct pile *p)
{
	struct canvas *c = &p->c;
	uint32_t each = c->grid[0].width * c->grid[0].height, last = c->grid[0].depth - 1;
	struct paint now = paint_of(p, 0, 0);

	exchange(c, 0, last * each, each);
	ok(canvas_shows(c, &now), "slices that change places show each other's texels");
	paint_all(p, BY_SHADER);
	ok(all_right(p), "and take what is stored then, and the other levels stay");
}

/* A slice of level 1 has no memory, and neither it nor its neighbours are elsewhere */
static void slice_without(struct pile *p)
{
	struct canvas *c = &p->c;
	uint32_t n = c->before[1];

	for (uint32_t k = 0; k < c->blocks; k++)
		c->place[k] = k == n ? NONE : k;
	canvas_bind(c, 0, n);
	canvas_bind(c, n + 1, c->blocks - n - 1);
	image_ready(&c->b, &c->i);
	paint_all(p, BY_SHADER);
	ok(all_right(p), "levels are right while a slice of one has no memory");
	ok(canvas_untouched(c, n), "what is stored to that one is nowhere in memory");
}

static void solid(void)
{
	const VkExtent3D size = { 200, 136, 5 };
	struct pile p;

	open_pile(&p, size, 3, 1);
	check_tail(&p);
	canvas_bind_all(&p.c);
	image_ready(&p.c.b, &p.c.i);
	paint_all(&p, BY_SHADER);
	ok(all_right(&p), "a 3D image has each slice of each level");
	paint_all(&p, BY_COPY);
	ok(all_right(&p), "the same by copies");
	swap_slices(&p);
	canvas_close(&p.c);
	open_pile(&p, size, 3, 1);
	slice_without(&p);
	canvas_close(&p.c);
}

/* --- Layers ----------------------------------------------------------------------- */

/* Blocks that are neighbours in memory are of different layers */
static void mix(struct pile *p)
{
	struct canvas *c = &p->c;
	uint32_t each = canvas_of_layer(&p->c), layers = c->i.info.arrayLayers;

	for (uint32_t n = 0; n < c->blocks; n++)
		c->place[n] = n % each * layers + n / each;
	canvas_bind(c, 0, c->blocks);
}

static void swap_layers(struct pile *p)
{
	struct canvas *c = &p->c;
	uint32_t each = canvas_of_layer(&p->c), tag;

	exchange(c, 0, 2 * each, each);
	for (uint32_t level = 0; level < c->i.info.mipLevels; level++) {
		tag = p->tag[0][level];
		p->tag[0][level] = p->tag[2][level];
		p->tag[2][level] = tag;
	}
	ok(all_right(p), "layers that change places show each other's texels, tails as well");
}

/* A block of one layer alone */
static void other_block(struct pile *p)
{
	struct canvas *c = &p->c;
	uint32_t n = first_of(p, 0, 1) + 1;

	c->place[n] = c->blocks;
	canvas_bind(c, n, 1);
	paint(p, 0, 1, BY_SHADER);
	ok(all_right(p), "a block of one layer is bound elsewhere, and the others stay");
}

/* Neither its blocks nor its tail */
static void layer_without(struct pile *p)
{
	struct canvas *c = &p->c;
	uint32_t each = canvas_of_layer(&p->c);

	for (uint32_t n = 0; n < c->blocks; n++)
		c->place[n] = n / each == 1 ? NONE : n;
	canvas_bind(c, 0, each);
	canvas_bind(c, 2 * each, each);
	image_ready(&c->b, &c->i);
	paint_all(p, BY_SHADER);
	memset(p->tag[1], 0, sizeof(p->tag[1]));
	ok(all_right(p), "layers are right while the one between has no memory");
}

static bool all_untouched(const struct canvas *c, uint32_t first, uint32_t count)
{
	while (count--)
		if (!canvas_untouched(c, first + count))
			return false;
	return true;
}

static void layers(void)
{
	struct pile p;

	open_pile(&p, (VkExtent3D){ 200, 136, 1 }, 3, 3);
	check_tail(&p);
	mix(&p);
	image_ready(&p.c.b, &p.c.i);
	paint_all(&p, BY_SHADER);
	ok(all_right(&p), "each layer has its texels, in each level");
	paint_all(&p, BY_COPY);
	ok(all_right(&p), "the same by copies");
	swap_layers(&p);
	other_block(&p);
	canvas_close(&p.c);
	open_pile(&p, (VkExtent3D){ 200, 136, 1 }, 3, 3);
	layer_without(&p);
	ok(all_untouched(&p.c, canvas_of_layer(&p.c), canvas_of_layer(&p.c)),
	   "what is stored to that one is nowhere in memory");
	canvas_close(&p.c);
}

void run_sparse_levels(void)
{
	setenv("PANVK_DEBUG", "noafbc", 1);
	levels();
	large_tail();
	solid();
	layers();
}

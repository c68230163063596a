// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sparse images block by block; see canvas.h.
 *
 * Blocks of 64 KiB have tiles of 16 by 16 texels in rows, each in U order; that is
 * known here, so that the host tells which block a byte is in.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "canvas.h"

#define TILE	16u

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Of a level, which has texels, and blocks, row by row, slice by slice */
struct texel {
	uint32_t x, y, z;
};

static struct texel texel_of(VkExtent3D e, uint32_t n)
{
	return (struct texel){ n % e.width, n / e.width % e.height, n / e.width / e.height };
}

static uint32_t texels_in(VkExtent3D e)
{
	return e.width * e.height * e.depth;
}

/* --- Which block ------------------------------------------------------------------ */

void canvas_measure(struct canvas *c)
{
	must(c->i.info.mipLevels <= MOST_LEVELS);
	for (uint32_t level = 0; level < c->i.info.mipLevels; level++) {
		VkExtent3D e = image_extent(&c->i, level), *g = &c->grid[level];

		g->width = (e.width + c->block.width - 1) / c->block.width;
		g->height = (e.height + c->block.height - 1) / c->block.height;
		g->depth = e.depth;
		c->before[level + 1] = c->before[level] + g->width * g->height * g->depth;
	}
}

uint32_t canvas_of_layer(const struct canvas *c)
{
	return c->before[c->i.info.mipLevels];
}

uint32_t canvas_block(const struct canvas *c, uint32_t level, uint32_t layer, uint32_t x,
		      uint32_t y, uint32_t z)
{
	const VkExtent3D *g = &c->grid[level];

	return layer * canvas_of_layer(c) + c->before[level] +
	       (z * g->height + y / c->block.height) * g->width + x / c->block.width;
}

uint32_t canvas_in_block(const struct canvas *c, uint32_t x, uint32_t y)
{
	uint32_t tiles = c->block.width / TILE, n;

	x %= c->block.width;
	y %= c->block.height;
	n = (y / TILE * tiles + x / TILE) * TILE * TILE;
	for (unsigned int bit = 0; bit < 4; bit++)
		n |= ((x ^ y) >> bit & 1) << 2 * bit | (y >> bit & 1) << (2 * bit + 1);
	return n * c->texel;
}

static const unsigned char *texel_at(const struct canvas *c, const struct paint *p,
				     struct texel t)
{
	uint32_t place = c->place[canvas_block(c, p->level, p->layer, t.x, t.y, t.z)];

	return place == NONE ? NULL :
	       c->bytes + (size_t)place * BLOCK + canvas_in_block(c, t.x, t.y);
}

static uint32_t level_of(const struct canvas *c, uint32_t n)
{
	uint32_t level = c->i.info.mipLevels - 1;

	while (n % canvas_of_layer(c) < c->before[level])
		level--;
	return level;
}

void canvas_name(const struct canvas *c, uint32_t n, char *to, size_t len)
{
	uint32_t level = level_of(c, n), k = n % canvas_of_layer(c) - c->before[level];
	struct texel at = texel_of(c->grid[level], k);

	snprintf(to, len, "%u (level %u, layer %u, at %u, %u, %u)", n, level,
		 n / canvas_of_layer(c), at.x, at.y, at.z);
}

/* --- Binds ------------------------------------------------------------------------ */

void canvas_submit(struct canvas *c, const VkBindSparseInfo *info)
{
	VkFence fence = vk_fence(&c->b.vk);

	vk_need(vkQueueBindSparse(c->b.vk.family[c->b.vk.sparse].queue[0], 1, info, fence));
	vk_need(vk_wait_fence(&c->b.vk, fence, PATIENCE));
	vkDestroyFence(c->b.vk.dev, fence, NULL);
}

/* Memory for a block, as its place says */
static VkSparseImageMemoryBind bind_of(const struct canvas *c, uint32_t n)
{
	uint32_t level = level_of(c, n), k = n % canvas_of_layer(c) - c->before[level];
	struct texel at = texel_of(c->grid[level], k);
	uint32_t x = at.x * c->block.width, y = at.y * c->block.height;
	VkExtent3D e = image_extent(&c->i, level);
	bool none = c->place[n] == NONE;

	return (VkSparseImageMemoryBind){
		.subresource = { VK_IMAGE_ASPECT_COLOR_BIT, level, n / canvas_of_layer(c) },
		.offset = { x, y, at.z },
		.extent = { least(e.width - x, c->block.width),
			    least(e.height - y, c->block.height), 1 },
		.memory = none ? VK_NULL_HANDLE : c->memory,
		.memoryOffset = none ? 0 : (VkDeviceSize)c->place[n] * BLOCK,
	};
}

/* The same for blocks of the tail */
static VkSparseMemoryBind tail_bind_of(const struct canvas *c, uint32_t n)
{
	uint32_t k = n % canvas_of_layer(c) - c->before[c->tail];
	bool none = c->place[n] == NONE;

	return (VkSparseMemoryBind){
		.resourceOffset = c->needs.imageMipTailOffset +
				  n / canvas_of_layer(c) * c->needs.imageMipTailStride +
				  (VkDeviceSize)k * BLOCK,
		.size = BLOCK,
		.memory = none ? VK_NULL_HANDLE : c->memory,
		.memoryOffset = none ? 0 : (VkDeviceSize)c->place[n] * BLOCK,
	};
}

void canvas_bind_these(struct canvas *c, const uint32_t *blocks, uint32_t count)
{
	VkSparseImageMemoryBind binds[MOST_BLOCKS];
	VkSparseMemoryBind tails[MOST_BLOCKS];
	VkSparseImageMemoryBindInfo image = { .image = c->i.image, .pBinds = binds };
	VkSparseImageOpaqueMemoryBindInfo tail = { .image = c->i.image, .pBinds = tails };
	VkBindSparseInfo info = {
		.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
		.pImageBinds = &image,
		.pImageOpaqueBinds = &tail,
	};

	for (uint32_t k = 0; k < count; k++) {
		if (level_of(c, blocks[k]) < c->tail)
			binds[image.bindCount++] = bind_of(c, blocks[k]);
		else
			tails[tail.bindCount++] = tail_bind_of(c, blocks[k]);
	}
	info.imageBindCount = image.bindCount ? 1 : 0;
	info.imageOpaqueBindCount = tail.bindCount ? 1 : 0;
	canvas_submit(c, &info);
}

void canvas_bind(struct canvas *c, uint32_t first, uint32_t count)
{
	uint32_t blocks[MOST_BLOCKS];

	must(count <= MOST_BLOCKS);
	for (uint32_t k = 0; k < count; k++)
		blocks[k] = first + k;
	canvas_bind_these(c, blocks, count);
}

void canvas_bind_all(struct canvas *c)
{
	for (uint32_t n = 0; n < c->blocks; n++)
		c->place[n] = c->blocks - 1 - n;
	canvas_bind(c, 0, c->blocks);
}

/* --- Begin and end ---------------------------------------------------------------- */

VkImageCreateInfo canvas_info(VkFormat format, uint32_t width, uint32_t height, uint32_t depth)
{
	VkImageCreateInfo info = image_info(format, width, height);

	if (depth > 1)
		info.imageType = VK_IMAGE_TYPE_3D;
	info.extent.depth = depth;
	info.flags = VK_IMAGE_CREATE_SPARSE_BINDING_BIT | VK_IMAGE_CREATE_SPARSE_RESIDENCY_BIT;
	return info;
}

static size_t size_of(const struct canvas *c)
{
	return (size_t)(c->blocks + 1) * BLOCK;
}

void canvas_wipe(struct canvas *c)
{
	memset(c->bytes, 0xee, size_of(c));
}

static void make_memory(struct canvas *c)
{
	VkMemoryRequirements req;
	void *map;

	vkGetImageMemoryRequirements(c->b.vk.dev, c->i.image, &req);
	must(req.size == (VkDeviceSize)c->blocks * BLOCK && req.alignment == BLOCK);
	c->memory = vk_memory(&c->b.vk, &req, size_of(c), &map);
	c->bytes = map;
	canvas_wipe(c);
}

/*
 * panvk has the last level in the tail, even if there is no other one; then blocks can be
 * bound as well.
 */
static void ask_needs(struct canvas *c)
{
	uint32_t n = 1;

	vkGetImageSparseMemoryRequirements(c->b.vk.dev, c->i.image, &n, &c->needs);
	must(n == 1);
	c->block = c->needs.formatProperties.imageGranularity;
	canvas_measure(c);
	c->tail = c->i.info.mipLevels == 1 ? 1 : c->needs.imageMipTailFirstLod;
}

void canvas_open(struct canvas *c, const VkImageCreateInfo *info, uint32_t texel,
		 uint32_t colours)
{
	memset(c, 0, sizeof(*c));
	bench_open(&c->b);
	must(c->b.vk.sparse >= 0);
	must(image_can(&c->b, info));
	image_make_sparse(&c->b, &c->i, info);
	ask_needs(c);
	c->texel = texel;
	c->colours = colours;
	c->blocks = canvas_of_layer(c) * info->arrayLayers;
	must(c->blocks <= MOST_BLOCKS);
	memset(c->place, 0xff, sizeof(c->place));
	make_memory(c);
}

void canvas_close(struct canvas *c)
{
	vk_need(vkDeviceWaitIdle(c->b.vk.dev));
	image_free(&c->b, &c->i);
	vkFreeMemory(c->b.vk.dev, c->memory, NULL);
	bench_close(&c->b);
}

bool canvas_untouched(const struct canvas *c, uint32_t place)
{
	for (uint32_t k = 0; k < BLOCK / 4; k++)
		if (c->texels[place * (BLOCK / 4) + k] != 0xeeeeeeee)
			return false;
	return true;
}

/* --- Numbers in texels ------------------------------------------------------------- */

/* Bytes of a colour */
static uint32_t each_of(const struct canvas *c)
{
	return c->texel / c->colours;
}

static uint32_t mask_of(const struct canvas *c)
{
	return each_of(c) == 4 ? ~0u : (1u << 8 * each_of(c)) - 1;
}

/* As images/number.comp and number3d.comp have it */
static void number(const struct canvas *c, const struct paint *p, struct texel t,
		   uint32_t *colours)
{
	uint32_t n = (t.x | t.y << 12 | (p->tag + 17 * t.z) << 24) >> p->shift;
	const uint32_t all[4] = { n, ~n, n * 3, n ^ 0x5555 };

	for (unsigned int k = 0; k < 4; k++)
		colours[k] = all[k] & mask_of(c);
}

static void number_bytes(const struct canvas *c, const struct paint *p, struct texel t,
			 unsigned char *to)
{
	uint32_t colours[4], each = each_of(c);

	number(c, p, t, colours);
	/* The lowest bytes are first, here as in texels */
	for (uint32_t k = 0; k < c->colours; k++)
		memcpy(to + k * each, &colours[k], each);
}

static bool solid(const struct canvas *c)
{
	return c->i.info.imageType == VK_IMAGE_TYPE_3D;
}

static void run(struct canvas *c, const struct paint *p, const struct program *program)
{
	VkExtent3D e = image_extent(&c->i, p->level);
	const uint32_t groups[3] = { (e.width + 7) / 8, (e.height + 7) / 8, e.depth };

	c->i.level = p->level;
	c->i.layer = p->layer;
	c->b.push[0] = p->tag;
	c->b.push[1] = p->shift;
	c->b.push[2] = mask_of(c);
	vk_need(image_run(&c->b, &c->i, VK_NULL_HANDLE, program, groups));
}

void canvas_draw(struct canvas *c, const struct paint *p)
{
	run(c, p, solid(c) ? &image_number3d : &image_number);
}

static VkBufferImageCopy region_of(const struct canvas *c, const struct paint *p)
{
	VkBufferImageCopy r = image_region(&c->i, p->level);

	r.imageSubresource.baseArrayLayer = p->layer;
	r.imageSubresource.layerCount = 1;
	return r;
}

void canvas_upload(struct canvas *c, const struct paint *p)
{
	VkBufferImageCopy r = region_of(c, p);

	for (uint32_t n = 0; n < texels_in(r.imageExtent); n++)
		number_bytes(c, p, texel_of(r.imageExtent, n), c->b.bytes + n * c->texel);
	vk_need(image_upload(&c->b, &c->i, &r));
}

void canvas_download(struct canvas *c, const struct paint *p)
{
	VkBufferImageCopy r = region_of(c, p);

	must(c->texel * texels_in(r.imageExtent) <= STAGING);
	vk_need(image_download(&c->b, &c->i, &r));
}

bool canvas_has_only(const struct canvas *c, const struct paint *p)
{
	VkExtent3D e = image_extent(&c->i, p->level);
	unsigned char *want = malloc(size_of(c));
	size_t k = 0;
	bool same;

	must(want);
	memset(want, 0xee, size_of(c));
	for (uint32_t n = 0; n < texels_in(e); n++) {
		struct texel t = texel_of(e, n);

		number_bytes(c, p, t, want + (texel_at(c, p, t) - c->bytes));
	}
	same = !memcmp(c->bytes, want, size_of(c));
	while (!same && c->bytes[k] == want[k])
		k++;
	if (!same)
		detail("memory, block %zu, byte %zu: 0x%02x, should be 0x%02x", k / BLOCK,
		       k % BLOCK, c->bytes[k], want[k]);
	free(want);
	return same;
}

/* A texel that was loaded has a word for each colour; a copied one is its bytes */
static unsigned char byte_of(const struct canvas *c, const unsigned char *texel, uint32_t k,
			     bool loaded)
{
	uint32_t each = each_of(c);

	return texel[loaded ? k / each * 4 + k % each : k];
}

static bool is_texel(const struct canvas *c, const unsigned char *got, bool loaded,
		     const unsigned char *want)
{
	uint32_t each = each_of(c);

	if (!loaded)
		return !memcmp(got, want, c->texel);
	for (uint32_t k = 0; k < c->colours; k++)
		if (memcmp(got + 4 * k, want + each * k, each))
			return false;
	return true;
}

/* Always false; the first bytes of the texel that differ, as one word */
static bool wrong(const struct canvas *c, const struct paint *p, struct texel t,
		  const char *what, const unsigned char *got, const unsigned char *want,
		  bool loaded)
{
	uint32_t is = 0, should = 0, from = 0;

	while (byte_of(c, got, from, loaded) == want[from])
		from++;
	from &= ~3u;
	for (uint32_t k = 0; k < 4 && from + k < c->texel; k++) {
		is |= (uint32_t)byte_of(c, got, from + k, loaded) << 8 * k;
		should |= (uint32_t)want[from + k] << 8 * k;
	}
	detail("level %u, layer %u, texel %u, %u, %u, byte %u: %s 0x%x, should be 0x%x",
	       p->level, p->layer, t.x, t.y, t.z, from, what, is, should);
	return false;
}

bool canvas_has(const struct canvas *c, const struct paint *p)
{
	VkExtent3D e = image_extent(&c->i, p->level);
	unsigned char want[16];

	for (uint32_t n = 0; n < texels_in(e); n++) {
		struct texel t = texel_of(e, n);
		const unsigned char *at = texel_at(c, p, t);

		if (!at)
			continue;
		number_bytes(c, p, t, want);
		if (memcmp(at, want, c->texel))
			return wrong(c, p, t, "memory has", at, want, false);
	}
	return true;
}

bool canvas_gives(struct canvas *c, const struct paint *p)
{
	VkExtent3D e = image_extent(&c->i, p->level);
	unsigned char want[16];

	canvas_download(c, p);
	for (uint32_t n = 0; n < texels_in(e); n++) {
		const unsigned char *got = c->b.bytes + n * c->texel;

		number_bytes(c, p, texel_of(e, n), want);
		if (!is_texel(c, got, false, want))
			return wrong(c, p, texel_of(e, n), "a copy gives", got, want, false);
	}
	return true;
}

static bool shown(const struct canvas *c, const struct paint *p, bool loaded)
{
	VkExtent3D e = image_extent(&c->i, p->level);
	uint32_t stride = loaded ? 16 : c->texel;

	for (uint32_t n = 0; n < texels_in(e); n++) {
		struct texel t = texel_of(e, n);
		const unsigned char *want = texel_at(c, p, t);
		const unsigned char *got = c->b.bytes + n * stride;

		if (want && !is_texel(c, got, loaded, want))
			return wrong(c, p, t, loaded ? "a load gives" : "a copy gives", got,
				     want, loaded);
	}
	return true;
}

bool canvas_shows(struct canvas *c, const struct paint *p)
{
	must(16 * texels_in(image_extent(&c->i, p->level)) <= STAGING);
	memset(c->b.bytes, 0, STAGING);
	canvas_download(c, p);
	if (!shown(c, p, false))
		return false;
	run(c, p, solid(c) ? &image_take3d : &image_take);
	return shown(c, p, true);
}

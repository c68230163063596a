// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sparse images: memory bound block by block, written by shaders and copies, found
 * again through the image and in the memory behind it, where the host sees it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "canvas.h"
#include "chance.h"
#include "scenarios.h"

#define SIDE	128u	/* of a block of texels of 4 bytes */

static void check_requirements(struct canvas *c)
{
	ok(c->block.width == 128 && c->block.height == 128 && c->block.depth == 1,
	   "blocks have 128 by 128 texels");
	detail("tail: from level %u, %llu bytes", c->needs.imageMipTailFirstLod,
	       (unsigned long long)c->needs.imageMipTailSize);
}

static void open_canvas(struct canvas *c, uint32_t width, uint32_t height, uint32_t depth)
{
	VkImageCreateInfo info = canvas_info(VK_FORMAT_R32_UINT, width, height);

	if (depth > 1) {
		info.imageType = VK_IMAGE_TYPE_3D;
		info.extent.depth = depth;
	}
	canvas_open(c, &info, 4, 1);
}

/* --- Where texels are ------------------------------------------------------------- */

static uint32_t value(const struct canvas *c, uint32_t x, uint32_t y, uint32_t z)
{
	return c->i.info.imageType == VK_IMAGE_TYPE_3D ? x | y << 10 | z << 20 :
	       x | y << 10 | 1u << 30;
}

/* Each texel of a bound block is in its memory */
static bool memory_is_right(const struct canvas *c)
{
	const VkExtent3D *e = &c->i.info.extent;

	for (uint32_t n = 0; n < e->width * e->height * e->depth; n++) {
		uint32_t x = n % e->width, y = n / e->width % e->height;
		uint32_t z = n / e->width / e->height, got;
		uint32_t at = c->place[canvas_block(c, 0, 0, x, y, z)];

		if (at == NONE)
			continue;
		got = c->texels[at * (BLOCK / 4) + canvas_in_block(c, x, y) / 4];
		if (got == value(c, x, y, z))
			continue;
		detail("texel %u, %u, %u: memory has 0x%x, not 0x%x", x, y, z, got,
		       value(c, x, y, z));
		return false;
	}
	return true;
}

/* And is read through the image */
static bool image_is_right(struct canvas *c)
{
	const VkExtent3D *e = &c->i.info.extent;
	VkBufferImageCopy all = image_region(&c->i, 0);

	memset(c->b.bytes, 0, STAGING);
	vk_need(image_download(&c->b, &c->i, &all));
	for (uint32_t n = 0; n < e->width * e->height * e->depth; n++) {
		uint32_t x = n % e->width, y = n / e->width % e->height;
		uint32_t z = n / e->width / e->height, got = ((uint32_t *)c->b.bytes)[n];

		if (c->place[canvas_block(c, 0, 0, x, y, z)] == NONE || got == value(c, x, y, z))
			continue;
		detail("texel %u, %u, %u: 0x%x, not 0x%x", x, y, z, got, value(c, x, y, z));
		return false;
	}
	return true;
}

static void draw(struct canvas *c)
{
	const VkExtent3D *e = &c->i.info.extent;
	const uint32_t groups[3] = { (e->width + 7) / 8, (e->height + 7) / 8, e->depth };

	vk_need(image_run(&c->b, &c->i, VK_NULL_HANDLE,
			  e->depth > 1 ? &image_solid : &image_flat, groups));
}

/* --- Two dimensions --------------------------------------------------------------- */

/* All blocks, backwards, so that neighbours are none in memory */
static void bind_all(struct canvas *c)
{
	for (uint32_t n = 0; n < c->blocks; n++)
		c->place[n] = c->blocks - 1 - n;
	canvas_bind(c, 0, c->blocks);
}

static void copies_of(struct canvas *c)
{
	const VkExtent3D *e = &c->i.info.extent;
	VkBufferImageCopy all = image_region(&c->i, 0);

	memset(c->texels, 0, (size_t)c->blocks * BLOCK);
	for (uint32_t n = 0; n < e->width * e->height * e->depth; n++)
		((uint32_t *)c->b.bytes)[n] = value(c, n % e->width, n / e->width % e->height,
						    n / e->width / e->height);
	vk_need(image_upload(&c->b, &c->i, &all));
}

/* Blocks change places while their contents stay in memory */
static void swap(struct canvas *c)
{
	VkBufferImageCopy all = image_region(&c->i, 0);
	uint32_t first = c->place[0], width = c->i.info.extent.width;
	uint32_t across = (width + SIDE - 1) / SIDE;
	const uint32_t *got = (uint32_t *)c->b.bytes;
	bool good = true;

	c->place[0] = c->place[4];
	c->place[4] = first;
	canvas_bind(c, 0, 5);
	vk_need(image_download(&c->b, &c->i, &all));
	for (uint32_t y = 0; y < SIDE; y++) {
		for (uint32_t x = 0; x < SIDE; x++) {
			uint32_t ox = 4 % across * SIDE + x;
			uint32_t oy = 4 / across * SIDE + y;

			good &= got[y * width + x] == value(c, ox, oy, 0) &&
				got[oy * width + ox] == value(c, x, y, 0);
		}
	}
	ok(good, "blocks that change places show each other's texels");
	draw(c);
	ok(memory_is_right(c) && image_is_right(c), "and take what is stored then");
}

static void holes(struct canvas *c)
{
	for (uint32_t n = 0; n < c->blocks; n++)
		c->place[n] = n & 1 ? NONE : n;
	canvas_bind(c, 0, 1);
	for (uint32_t n = 2; n < c->blocks; n += 2)
		canvas_bind(c, n, 1);
	image_ready(&c->b, &c->i);
	draw(c);
	ok(memory_is_right(c) && image_is_right(c),
	   "blocks with memory are right while their neighbours have none");
	ok(canvas_untouched(c, 1) && canvas_untouched(c, 3),
	   "what is stored to the others is nowhere in that memory");
}

static void flat(void)
{
	struct canvas c;

	open_canvas(&c, 400, 300, 1);
	check_requirements(&c);
	bind_all(&c);
	image_ready(&c.b, &c.i);
	draw(&c);
	ok(memory_is_right(&c), "each texel that a shader stores is in its block's memory");
	ok(image_is_right(&c), "and read through the image");
	ok(canvas_untouched(&c, c.blocks), "memory that is not bound is as it was");
	copies_of(&c);
	ok(memory_is_right(&c) && image_is_right(&c), "the same by copies");
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
	bind_all(&c);
	image_ready(&c.b, &c.i);
	draw(&c);
	ok(memory_is_right(&c) && image_is_right(&c), "a 3D image, slice by slice");
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
	struct canvas c = { .block = { SIDE, SIDE, 1 } };
	VkMemoryRequirements req;
	VkDeviceSize half;
	void *map;

	bench_open(&c.b);
	info.flags = VK_IMAGE_CREATE_SPARSE_BINDING_BIT;
	image_make_sparse(&c.b, &c.i, &info);
	canvas_measure(&c);
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
	draw(&c);
	ok(image_is_right(&c), "an image that is bound as bytes");
	canvas_close(&c);
}

/* --- In any order ------------------------------------------------------------------- */

#define MOST_BINDS	8u
#define HISTORY		24u

/* A bind of a call */
struct past {
	unsigned int call;
	VkSparseImageMemoryBind bind;
	uint32_t block, place;
};

/**
 * struct shuffle - random binds of a canvas, whose memory has a number in each texel
 * @random: Where chance is; a seed repeats it.
 * @unbinds: Blocks may lose their memory.
 * @round: Calls of vkQueueBindSparse so far, and @binds: blocks in them.
 * @past: The last binds.
 */
struct shuffle {
	struct canvas *c;
	uint64_t random;
	bool unbinds;
	unsigned int round, binds;
	struct past past[HISTORY];
};

static uint32_t below(struct shuffle *s, uint32_t n)
{
	return chance(&s->random) % n;
}

static uint32_t number_of(uint32_t place, uint32_t texel, unsigned int round)
{
	return (place + 1) << 24 | (round & 0x3ff) << 14 | texel;
}

static void number_memory(struct shuffle *s)
{
	for (uint32_t n = 0; n < (s->c->blocks + 1) * (BLOCK / 4); n++)
		s->c->texels[n] = number_of(n / (BLOCK / 4), n % (BLOCK / 4), s->round);
}

static uint32_t owner_of(const struct canvas *c, uint32_t place)
{
	for (uint32_t n = 0; n < c->blocks; n++)
		if (c->place[n] == place)
			return n;
	return NONE;
}

/* No memory is in two blocks: who had it gets what the other one had */
static void give(struct canvas *c, uint32_t block, uint32_t place)
{
	uint32_t other = owner_of(c, place);

	if (other != NONE)
		c->place[other] = c->place[block];
	c->place[block] = place;
}

static void remember(struct shuffle *s, uint32_t block, const VkSparseImageMemoryBind *bind)
{
	s->past[s->binds++ % HISTORY] = (struct past){
		s->round, *bind, block, s->c->place[block] };
}

static void tell_past(const struct past *p)
{
	char what[40] = "none";

	if (p->place != NONE)
		snprintf(what, sizeof(what), "block %u", p->place);
	note("call %u: block %u, which begins at %d, %d, %d, has memory: %s", p->call, p->block,
	     p->bind.offset.x, p->bind.offset.y, p->bind.offset.z, what);
}

static void tell(const struct shuffle *s)
{
	unsigned int from = s->binds > HISTORY ? s->binds - HISTORY : 0;

	note("seed %llu; the last operations:", (unsigned long long)chance_seed);
	for (unsigned int i = from; i < s->binds; i++)
		tell_past(&s->past[i % HISTORY]);
}

/* Some blocks get other memory, or none; a bind for each block that differs then */
static void shuffle(struct shuffle *s)
{
	VkSparseImageMemoryBind binds[2 * MOST_BINDS];
	struct canvas *c = s->c;
	VkSparseImageMemoryBindInfo image = { .image = c->i.image, .pBinds = binds };
	VkBindSparseInfo info = {
		.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
		.imageBindCount = 1,
		.pImageBinds = &image,
	};
	uint32_t before[ARRAY_SIZE(c->place)];

	memcpy(before, c->place, sizeof(before));
	for (uint32_t k = 1 + below(s, MOST_BINDS); k; k--) {
		uint32_t block = below(s, c->blocks);

		if (s->unbinds && !below(s, 4))
			c->place[block] = NONE;
		else
			give(c, block, below(s, c->blocks + 1));
	}
	for (uint32_t n = 0; n < c->blocks; n++) {
		if (c->place[n] == before[n])
			continue;
		binds[image.bindCount] = canvas_bind_of(c, n);
		remember(s, n, &binds[image.bindCount++]);
	}
	if (image.bindCount)
		canvas_submit(c, &info);
}

/*
 * The GPU has translations of what is bound now. What binds then leave of them is seen
 * only while it does not sleep, so nothing that takes long is between.
 */
static void look(struct canvas *c)
{
	VkBufferImageCopy all = image_region(&c->i, 0);

	vk_need(image_download(&c->b, &c->i, &all));
}

/* What the GPU reads is what memory has, texel by texel */
static bool reads_memory(struct shuffle *s)
{
	struct canvas *c = s->c;
	const VkExtent3D *e = &c->i.info.extent;
	VkBufferImageCopy all = image_region(&c->i, 0);
	const uint32_t *got = (uint32_t *)c->b.bytes;

	vk_need(image_download(&c->b, &c->i, &all));
	for (uint32_t n = 0; n < e->width * e->height * e->depth; n++) {
		uint32_t x = n % e->width, y = n / e->width % e->height;
		uint32_t block = canvas_block(c, 0, 0, x, y, n / e->width / e->height);
		uint32_t at = c->place[block], want;

		if (at == NONE)
			continue;
		want = number_of(at, canvas_in_block(c, x, y) / 4, s->round);
		if (got[n] == want)
			continue;
		detail("call %u: block %u, texel %u, %u: 0x%x, should be 0x%x", s->round, block,
		       x, y, got[n], want);
		return false;
	}
	return true;
}

/* Memory that no block has is as it was; what has one has what was stored through it */
static bool stores_are_right(struct shuffle *s)
{
	struct canvas *c = s->c;

	draw(c);
	if (!memory_is_right(c))
		return false;
	for (uint32_t place = 0; place <= c->blocks; place++) {
		for (uint32_t k = 0; owner_of(c, place) == NONE && k < BLOCK / 4; k++) {
			if (c->texels[place * (BLOCK / 4) + k] == number_of(place, k, s->round))
				continue;
			detail("call %u: memory of no block, %u, was stored to", s->round, place);
			return false;
		}
	}
	return true;
}

/* It is as if this block had lost its memory, and no other one */
static bool has_lost(struct shuffle *s, uint32_t block)
{
	uint32_t place = s->c->place[block];
	bool right;

	s->c->place[block] = NONE;
	number_memory(s);
	right = reads_memory(s) && stores_are_right(s);
	s->c->place[block] = place;
	return right;
}

/*
 * Whether a block that loses its memory is the one that was named. In panvk 26.1 it is the
 * first one; anything else, and that of any other version, is a failure.
 */
static bool unbinds_what_is_named(struct shuffle *s)
{
	static const char name[] = "the block that loses its memory is the one that was named";
	struct canvas *c = s->c;
	uint32_t last = c->blocks - 1, place;
	bool right;

	bind_all(c);
	place = c->place[last];
	c->place[last] = NONE;
	canvas_bind(c, last, 1);
	c->place[last] = place;
	right = has_lost(s, last);
	if (!right && vk_driver_is(&c->b.vk, "Mesa 26.1") && has_lost(s, 0))
		skip("panvk 26.1 takes that of the first block", "%s", name);
	else
		ok(right, "%s", name);
	/* Whatever it did, all blocks have memory again */
	bind_all(c);
	return right;
}

static void at_random(uint32_t width, uint32_t height, uint32_t depth)
{
	unsigned int rounds = chance_calls ? chance_calls : extent == ALL ? 100 : 30;
	struct shuffle s = { .random = chance_seed };
	bool good = true;
	struct canvas c;

	open_canvas(&c, width, height, depth);
	s.c = &c;
	bind_all(&c);
	image_ready(&c.b, &c.i);
	s.unbinds = unbinds_what_is_named(&s);
	while (good && s.round < rounds) {
		s.round++;
		number_memory(&s);
		look(&c);
		shuffle(&s);
		good = reads_memory(&s) && stores_are_right(&s);
	}
	if (!ok(good, "%u random binds in %u calls, %uD: loads and stores are where they belong",
		s.binds, s.round, depth > 1 ? 3 : 2))
		tell(&s);
	canvas_close(&c);
}

void run_sparse_images(void)
{
	setenv("PANVK_DEBUG", "noafbc", 1);
	flat();
	solid();
	opaque();
	at_random(400, 300, 1);
	at_random(200, 136, 3);
}

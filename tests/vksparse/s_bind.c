// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Binds of one kind each, and what the GPU sees then.
 */
#include <string.h>

#include "objects.h"
#include "scenarios.h"

/**
 * struct stage - what these scenarios play on
 * @mem: Two of as many pages as @buf has blocks.
 */
struct stage {
	struct vk vk;
	struct touch touch;
	struct mem mem[2];
	struct buf buf[2];
};

static void stage_open(struct stage *s, uint32_t blocks)
{
	vk_open(&s->vk);
	must(s->vk.sparse >= 0 && s->vk.features.sparseResidencyBuffer);
	touch_make(&s->vk, &s->touch);
	for (unsigned int i = 0; i < 2; i++) {
		mem_make(&s->vk, &s->mem[i], blocks, i * blocks);
		buf_make(&s->vk, &s->touch, &s->buf[i], blocks, true);
	}
}

static void stage_close(struct stage *s)
{
	for (unsigned int i = 0; i < 2; i++) {
		buf_free(&s->vk, &s->buf[i]);
		mem_free(&s->vk, &s->mem[i]);
	}
	touch_free(&s->vk, &s->touch);
	vk_close(&s->vk);
}

static void bind(struct stage *s, unsigned int buf, uint32_t first, uint32_t count, int mem,
		 uint32_t page)
{
	const VkSparseMemoryBind one = bind_blocks(first, count, mem == UNBOUND ?
		VK_NULL_HANDLE : s->mem[mem].memory, page);

	bind_now(&s->vk, s->buf[buf].buffer, &one, 1);
}

static uint64_t address(const struct stage *s, unsigned int buf, uint32_t block, uint32_t word)
{
	return s->buf[buf].address + block * BLOCK + word * 4;
}

static uint32_t load(struct stage *s, unsigned int buf, uint32_t block, uint32_t word)
{
	uint32_t value;

	vk_need(touch_read(&s->vk, &s->touch, address(s, buf, block, word), &value));
	return value;
}

static void store(struct stage *s, unsigned int buf, uint32_t block, uint32_t word,
		  uint32_t value)
{
	vk_need(touch_write(&s->vk, &s->touch, address(s, buf, block, word), value));
}

/* What the host has at a place, and whether it should be there */
static uint32_t host_word(const struct stage *s, int mem, uint32_t page, uint32_t word)
{
	return ((volatile uint32_t *)s->mem[mem].map)[page * BLOCK_WORDS + word];
}

static bool untouched(const struct stage *s)
{
	uint64_t at;

	return mem_good(&s->mem[0], &at) && mem_good(&s->mem[1], &at);
}

/* The line that it does not keep to */
#define UNBIND_TEXT							\
	"Vulkan 1.4, VkSparseMemoryBind: \"If memory is VK_NULL_HANDLE, "	\
	"the range is unbound\""

/* --- Unbinds -------------------------------------------------------------- */

void run_unbind(void)
{
	const char *name = "an unbind takes the range that it names";
	struct stage s;
	enum unbind how;

	stage_open(&s, 80);
	how = unbind_ask(&s.vk, &s.touch);
	if (how == UNBIND_START)
		skip("this Mesa unbinds the start of the buffer, up to 2 MiB; " UNBIND_TEXT,
		     "%s", name);
	else
		ok(how == UNBIND_SPEC, "%s", name);
	bind(&s, 0, 0, 80, 0, 0);
	bind(&s, 0, 0, 8, UNBOUND, 0);
	for (uint32_t i = 0; i < 80; i += 4)
		store(&s, 0, i, 7, 0xb10c0000 + i);
	for (uint32_t i = 0; i < 80; i += 4)
		if (i >= 8)
			s.mem[0].want[i * BLOCK_WORDS + 7] = 0xb10c0000 + i;
	ok(untouched(&s), "unbound at its start, a buffer keeps the rest");
	stage_close(&s);
}

/* --- Memory in two places ------------------------------------------------- */

/* What Vulkan's rules of memory aliasing say of buffers: bytes are bytes */
void run_alias(void)
{
	struct stage s;

	stage_open(&s, 16);
	bind(&s, 0, 3, 1, 0, 5);
	bind(&s, 1, 9, 1, 0, 5);
	store(&s, 0, 3, 100, 0xa11a5);
	ok(load(&s, 1, 9, 100) == 0xa11a5, "what one buffer stores another one loads");
	ok(host_word(&s, 0, 5, 100) == 0xa11a5, "and the host");
	store(&s, 1, 9, 101, 0xa11a6);
	ok(load(&s, 0, 3, 101) == 0xa11a6, "the other way round");
	bind(&s, 1, 9, 1, 1, 2);
	ok(load(&s, 1, 9, 100) == s.mem[1].want[2 * BLOCK_WORDS + 100],
	   "bound elsewhere the one has other memory");
	ok(load(&s, 0, 3, 100) == 0xa11a5, "and the other one keeps it");
	bind(&s, 0, 4, 1, 0, 5);
	store(&s, 0, 4, 102, 0xa11a7);
	ok(load(&s, 0, 3, 102) == 0xa11a7, "two blocks of one buffer");
	/* Memory lives as long as its last bind */
	vkDestroyBuffer(s.vk.dev, s.buf[0].buffer, NULL);
	s.buf[0].buffer = VK_NULL_HANDLE;
	bind(&s, 1, 1, 1, 0, 5);
	ok(load(&s, 1, 1, 102) == 0xa11a7, "after the buffer is gone that shared it");
	stage_close(&s);
}

/* --- Some blocks move ----------------------------------------------------- */

#define MANY	128u

/* Block @i of buffer 0 begins and ends with @want(i)'s first and last word */
static bool all_blocks(struct stage *s, const struct place *want)
{
	bool good = true;

	touch_clear(&s->touch);
	for (uint32_t i = 0; i < MANY; i++) {
		touch_access(&s->touch, TOUCH_READ, address(s, 0, i, 0), 0);
		touch_access(&s->touch, TOUCH_READ, address(s, 0, i, BLOCK_WORDS - 1), 0);
	}
	vk_need(touch_run(&s->vk, &s->touch, 0));
	for (uint32_t i = 0; i < MANY; i++) {
		const uint32_t *words = s->mem[want[i].memory].want +
					want[i].page * BLOCK_WORDS;

		good &= s->touch.seen[2 * i] == words[0] &&
			s->touch.seen[2 * i + 1] == words[BLOCK_WORDS - 1];
	}
	return good;
}

void run_elsewhere(void)
{
	static const uint32_t moved[] = { 0, 31, 32, 63, 77, MANY - 1 };
	struct residency *now;
	struct stage s;
	bool good = true;

	stage_open(&s, MANY);
	now = &s.buf[0].now;
	bind(&s, 0, 0, MANY, 0, 0);
	residency_bind(now, 0, MANY, 0, 0);
	ok(all_blocks(&s, now->at), "%u blocks bound at once", MANY);
	for (unsigned int i = 0; i < ARRAY_SIZE(moved); i++) {
		bind(&s, 0, moved[i], 1, 1, MANY - 1 - moved[i]);
		residency_bind(now, moved[i], 1, 1, MANY - 1 - moved[i]);
		good &= all_blocks(&s, now->at);
	}
	ok(good, "one after another is bound elsewhere, the rest stays");
	bind(&s, 0, 20, 60, 1, 3);
	residency_bind(now, 20, 60, 1, 3);
	ok(all_blocks(&s, now->at), "a range over several of them");
	bind(&s, 0, 0, MANY, 0, 0);
	residency_bind(now, 0, MANY, 0, 0);
	ok(all_blocks(&s, now->at), "and all of it as it was");
	ok(untouched(&s), "no memory changed");
	stage_close(&s);
}

/* --- Nothing is bound ----------------------------------------------------- */

void run_holes(void)
{
	uint32_t before, after;
	struct stage s;

	stage_open(&s, 64);
	bind(&s, 0, 0, 1, 0, 0);
	before = load(&s, 0, 1, 5);
	store(&s, 0, 1, 5, 0x5107e);
	after = load(&s, 0, 1, 5);
	note("a load where nothing is bound gives %#x, after a store there %#x", before, after);
	for (uint32_t i = 1; i < 64; i++) {
		store(&s, 0, i, 9, 0xbad);
		load(&s, 0, i, 9);
	}
	ok(true, "blocks that were never bound can be loaded and stored");
	ok(untouched(&s), "which changes no memory");
	ok(load(&s, 0, 0, 9) == s.mem[0].want[9], "the block beside them keeps its own");
	bind(&s, 0, 1, 63, 1, 1);
	ok(load(&s, 0, 5, 9) == s.mem[1].want[5 * BLOCK_WORDS + 9],
	   "bound then, they have what the memory has");
	bind(&s, 0, 0, 32, UNBOUND, 0);
	for (uint32_t i = 0; i < 32; i++)
		store(&s, 0, i, 11, 0xbad);
	ok(untouched(&s), "unbound again, they change no memory");
	ok(load(&s, 0, 40, 9) == s.mem[1].want[40 * BLOCK_WORDS + 9], "but the rest keeps it");
	stage_close(&s);
}

/* --- Opaque binds --------------------------------------------------------- */

static VkImage sparse_image(struct vk *vk, VkMemoryRequirements *req)
{
	const VkImageCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
		.flags = VK_IMAGE_CREATE_SPARSE_BINDING_BIT,
		.imageType = VK_IMAGE_TYPE_2D,
		.format = VK_FORMAT_R8G8B8A8_UNORM,
		.extent = { 256, 256, 1 },
		.mipLevels = 1,
		.arrayLayers = 1,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.tiling = VK_IMAGE_TILING_OPTIMAL,
		.usage = VK_IMAGE_USAGE_TRANSFER_DST_BIT | VK_IMAGE_USAGE_STORAGE_BIT,
	};
	VkImage image;

	vk_need(vkCreateImage(vk->dev, &info, NULL, &image));
	vkGetImageMemoryRequirements(vk->dev, image, req);
	return image;
}

/*
 * An image's opaque bind and a buffer's bind in one batch. What is in the image is for
 * tests of images; here it is in the way of nothing.
 */
void run_opaque(void)
{
	VkMemoryRequirements req;
	VkSparseMemoryBind of_image, of_buffer;
	struct stage s;
	VkImage image;
	VkFence fence;

	stage_open(&s, 16);
	image = sparse_image(&s.vk, &req);
	must(BLOCK % req.alignment == 0 && req.size <= 8 * BLOCK);
	of_image = bind_blocks(0, (req.size + BLOCK - 1) / BLOCK, s.mem[1].memory, 0);
	of_buffer = bind_blocks(2, 3, s.mem[0].memory, 4);
	fence = vk_fence(&s.vk);
	vk_is(vkQueueBindSparse(bind_queue(&s.vk), 1, &(VkBindSparseInfo){
		.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
		.bufferBindCount = 1,
		.pBufferBinds = &(VkSparseBufferMemoryBindInfo){
			s.buf[0].buffer, 1, &of_buffer },
		.imageOpaqueBindCount = 1,
		.pImageOpaqueBinds = &(VkSparseImageOpaqueMemoryBindInfo){
			image, 1, &of_image },
	}, fence), VK_SUCCESS, "an opaque bind of an image and one of a buffer in a batch");
	vk_is(vk_wait_fence(&s.vk, fence, PATIENCE), VK_SUCCESS, "are executed");
	ok(load(&s, 0, 4, 1) == s.mem[0].want[6 * BLOCK_WORDS + 1], "the buffer has its memory");
	/* The other way round: what the image has becomes the buffer's as well */
	bind(&s, 0, 2, 1, 1, 0);
	store(&s, 0, 2, 1, 0x09a90e);
	ok(host_word(&s, 1, 0, 1) == 0x09a90e, "and may share that of the image");
	vkDestroyImage(s.vk.dev, image, NULL);
	ok(load(&s, 0, 2, 1) == 0x09a90e, "and keeps it when the image is gone");
	stage_close(&s);
}

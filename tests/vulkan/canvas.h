/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sparse images block by block: which memory each block has, what it should contain, and
 * how it is looked at.
 *
 * Blocks have numbers: those of the first layer, level by level, slice by slice, row by
 * row; then those of the next layer. panvk has them in this order in its address space.
 */
#ifndef VKQUEUE_CANVAS_H
#define VKQUEUE_CANVAS_H

#include "image.h"

#define BLOCK		65536u
#define MOST_BLOCKS	64u
#define MOST_LEVELS	4u
#define NONE		~0u

/**
 * struct canvas - a sparse image with residency, and memory for its blocks
 * @needs: What the driver says of the image.
 * @block: A block, in texels.
 * @grid: Each level, in blocks.
 * @before: Blocks of a layer in the levels before that one; the last is all of them.
 * @texel: Bytes of a texel, which has @colours.
 * @tail: Levels from this one on are bound as bytes.
 * @blocks: All of them.
 * @place: For each block where in memory it is, in blocks; NONE if it has none.
 * @memory: Of one block more than the image has.
 */
struct canvas {
	struct bench b;
	struct image i;
	VkSparseImageMemoryRequirements needs;
	VkExtent3D block;
	VkExtent3D grid[MOST_LEVELS];
	uint32_t before[MOST_LEVELS + 1];
	uint32_t texel, colours;
	uint32_t tail;
	uint32_t blocks;
	uint32_t place[MOST_BLOCKS];
	VkDeviceMemory memory;
	union {
		unsigned char *bytes;
		uint32_t *texels;
	};
};

/*
 * An image of @info, which has the flags of a sparse one already; texels have @texel
 * bytes. No block has memory, and memory has 0xee in each byte.
 */
void canvas_open(struct canvas *c, const VkImageCreateInfo *info, uint32_t texel,
		 uint32_t colours);
void canvas_close(struct canvas *c);
VkImageCreateInfo canvas_info(VkFormat format, uint32_t width, uint32_t height, uint32_t depth);

/* @grid and @before, of an image that is there and blocks that are known */
void canvas_measure(struct canvas *c);
/* Blocks of all levels of a layer */
uint32_t canvas_of_layer(const struct canvas *c);
/* That of a texel */
uint32_t canvas_block(const struct canvas *c, uint32_t level, uint32_t layer, uint32_t x,
		      uint32_t y, uint32_t z);
/* Bytes from the beginning of its block on */
uint32_t canvas_in_block(const struct canvas *c, uint32_t x, uint32_t y);

/* Its number and where it is, for people */
void canvas_name(const struct canvas *c, uint32_t n, char *to, size_t len);

/* Some blocks, each where @place says, in one call */
void canvas_bind_these(struct canvas *c, const uint32_t *blocks, uint32_t count);
void canvas_bind(struct canvas *c, uint32_t first, uint32_t count);
/* All blocks, backwards, so that neighbours are none in memory */
void canvas_bind_all(struct canvas *c);
/* A call of the bind queue, and its end */
void canvas_submit(struct canvas *c, const VkBindSparseInfo *info);

/* Memory as it was made */
void canvas_wipe(struct canvas *c);
/* All of a piece of memory is as it was made */
bool canvas_untouched(const struct canvas *c, uint32_t place);

/* --- Numbers in texels ------------------------------------------------------------- */

/**
 * struct paint - what each texel of a level of a layer, all its slices, has
 * (images/number.comp, number3d.comp)
 * @tag: Of the level, the layer or the picture; 8 bits.
 * @shift: Which bits of a texel's number are stored: formats have fewer than there are.
 */
struct paint {
	uint32_t level, layer, tag, shift;
};

/* Formats of unsigned integers, each colour of which has @texel / @colours bytes */
void canvas_draw(struct canvas *c, const struct paint *p);
void canvas_upload(struct canvas *c, const struct paint *p);
/* What is there now becomes the bytes of the staging buffer */
void canvas_download(struct canvas *c, const struct paint *p);
/* What is bound has it in its memory; what is not is not looked at */
bool canvas_has(const struct canvas *c, const struct paint *p);
/* And each other byte of all memory is as it was made */
bool canvas_has_only(const struct canvas *c, const struct paint *p);
/* Copies from it give that, wherever its memory is */
bool canvas_gives(struct canvas *c, const struct paint *p);
/* Copies from it, and shaders' loads, give what memory has */
bool canvas_shows(struct canvas *c, const struct paint *p);

#endif /* VKQUEUE_CANVAS_H */

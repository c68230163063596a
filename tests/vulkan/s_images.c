// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Images: copies to the byte in each format and layout, atomics, and what samplers make of
 * texels.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formats.h"
#include "image.h"
#include "scenarios.h"

/* What floats of 32 bits lose */
#define NEARLY	0.000001

static uint32_t seed;

static void random_bytes(unsigned char *to, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		to[i] = seed >> 24;
	}
}

/* --- Copies ----------------------------------------------------------------------- */

static size_t level_bytes(const struct image *i, uint32_t level, uint32_t texel)
{
	VkBufferImageCopy r = image_region(i, level);

	return (size_t)r.imageExtent.width * r.imageExtent.height * r.imageExtent.depth *
	       r.imageSubresource.layerCount * texel;
}

/* Bytes that depend on the level alone */
static void level_fill(unsigned char *to, size_t len, uint32_t level)
{
	seed = level + 1;
	random_bytes(to, len);
}

static bool level_is(struct bench *b, struct image *i, uint32_t level, uint32_t texel)
{
	static unsigned char want[STAGING];
	VkBufferImageCopy region = image_region(i, level);
	size_t len = level_bytes(i, level, texel);

	level_fill(want, len, level);
	memset(b->bytes, 0xee, len);
	vk_need(image_download(b, i, &region));
	for (size_t k = 0; k < len; k++) {
		if (b->bytes[k] == want[k])
			continue;
		detail("level %u, byte %zu of %zu: got 0x%02x, want 0x%02x", level, k, len,
		       b->bytes[k], want[k]);
		return false;
	}
	return true;
}

/* All levels are written before the first is read, so that none is on another */
static bool returns(struct bench *b, const VkImageCreateInfo *info, uint32_t texel)
{
	struct image i;
	bool good = true;

	image_make(b, &i, info);
	for (uint32_t level = 0; level < info->mipLevels; level++) {
		VkBufferImageCopy region = image_region(&i, level);

		level_fill(b->bytes, level_bytes(&i, level, texel), level);
		vk_need(image_upload(b, &i, &region));
	}
	for (uint32_t level = 0; good && level < info->mipLevels; level++)
		good = level_is(b, &i, level, texel);
	image_free(b, &i);
	return good;
}

static void copies(struct bench *b, VkImageTiling tiling, const char *name)
{
	unsigned int done = 0, good = 0;

	for (unsigned int i = 0; i < format_count; i++) {
		VkImageCreateInfo info = image_info(formats[i].format, 37, 21);

		info.usage &= ~VK_IMAGE_USAGE_STORAGE_BIT;
		info.tiling = tiling;
		if (tiling == VK_IMAGE_TILING_OPTIMAL) {
			info.mipLevels = 3;
			info.arrayLayers = 2;
		}
		if (!image_can(b, &info)) {
			detail("%s: not supported", formats[i].name);
			continue;
		}
		done++;
		if (returns(b, &info, formats[i].bytes))
			good++;
		else
			detail("%s does not come back", formats[i].name);
	}
	ok(done >= 40 && good == done, "%s: %u of %u formats come back to the byte", name,
	   good, done);
}

/* A part of a level: what is around it stays */
static void part(struct bench *b, VkImageTiling tiling, const char *name)
{
	VkImageCreateInfo info = image_info(VK_FORMAT_R8G8B8A8_UNORM, 50, 40);
	unsigned char *want = malloc(50 * 40 * 4);
	VkBufferImageCopy all, region;
	struct image i;
	bool good = true;

	must(want);
	info.tiling = tiling;
	image_make(b, &i, &info);
	all = image_region(&i, 0);
	random_bytes(want, 50 * 40 * 4);
	memcpy(b->bytes, want, 50 * 40 * 4);
	vk_need(image_upload(b, &i, &all));
	region = all;
	region.bufferOffset = 64;
	region.bufferRowLength = 33;
	region.imageOffset.x = 13;
	region.imageOffset.y = 7;
	region.imageExtent.width = 29;
	region.imageExtent.height = 18;
	random_bytes(b->bytes, 64 + 33 * 18 * 4);
	for (unsigned int y = 0; y < 18; y++)
		memcpy(want + ((7 + y) * 50 + 13) * 4, b->bytes + 64 + 33 * 4 * y, 29 * 4);
	vk_need(image_upload(b, &i, &region));
	vk_need(image_download(b, &i, &all));
	good = !memcmp(b->bytes, want, 50 * 40 * 4);
	ok(good, "%s: a part changes and nothing around it", name);
	image_free(b, &i);
	free(want);
}

static void solid(struct bench *b)
{
	VkImageCreateInfo info = image_info(VK_FORMAT_R16G16B16A16_UINT, 19, 11);

	info.imageType = VK_IMAGE_TYPE_3D;
	info.extent.depth = 7;
	info.mipLevels = 2;
	ok(returns(b, &info, 8), "a 3D image comes back");
}

/* --- Shaders ------------------------------------------------------------------------ */

static void atomics(struct bench *b)
{
	static const uint32_t groups[3] = { 8, 8, 1 };
	VkImageCreateInfo info = image_info(VK_FORMAT_R32_UINT, 16, 16);
	VkBufferImageCopy region;
	struct image i;
	bool good = true;

	image_make(b, &i, &info);
	region = image_region(&i, 0);
	memset(b->bytes, 0, 1024);
	vk_need(image_upload(b, &i, &region));
	vk_need(image_run(b, &i, VK_NULL_HANDLE, &image_count, groups));
	vk_need(image_download(b, &i, &region));
	/* 4 by 4 threads each, half of which count 2 */
	for (unsigned int k = 0; k < 256; k++)
		good &= ((uint32_t *)b->bytes)[k] == 24;
	ok(good, "atomics on texels");
	image_free(b, &i);
}

/* --- Samplers ----------------------------------------------------------------------- */

#define SIDE	16u

/* Two levels of numbers, as floats */
static double picture[2][SIDE][SIDE][4];

static double picture_at(int level, int x, int y, int c)
{
	int n = SIDE >> level;

	return picture[level][(y % n + n) % n][(x % n + n) % n][c];
}

static void make_picture(struct bench *b, struct image *i)
{
	VkImageCreateInfo info = image_info(VK_FORMAT_R8G8B8A8_UNORM, SIDE, SIDE);

	info.usage |= VK_IMAGE_USAGE_SAMPLED_BIT;
	info.mipLevels = 2;
	image_make(b, i, &info);
	for (uint32_t level = 0; level < 2; level++) {
		VkBufferImageCopy region = image_region(i, level);
		uint32_t n = SIDE >> level;

		random_bytes(b->bytes, n * n * 4);
		for (uint32_t k = 0; k < n * n * 4; k++)
			picture[level][k / 4 / n][k / 4 % n][k % 4] = b->bytes[k] / 255.0;
		vk_need(image_upload(b, i, &region));
	}
}

static VkSampler make_sampler(struct bench *b, VkFilter filter)
{
	const VkSamplerCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
		.magFilter = filter,
		.minFilter = filter,
		.mipmapMode = filter == VK_FILTER_LINEAR ? VK_SAMPLER_MIPMAP_MODE_LINEAR :
			      VK_SAMPLER_MIPMAP_MODE_NEAREST,
		.maxLod = 1,
	};
	VkSampler sampler;

	vk_need(vkCreateSampler(b->vk.dev, &info, NULL, &sampler));
	return sampler;
}

static double linear(int level, double s, double t, int c)
{
	double u = s * (SIDE >> level) - 0.5, v = t * (SIDE >> level) - 0.5;
	int x = floor(u), y = floor(v);

	u -= x;
	v -= y;
	return (1 - u) * (1 - v) * picture_at(level, x, y, c) +
	       u * (1 - v) * picture_at(level, x + 1, y, c) +
	       (1 - u) * v * picture_at(level, x, y + 1, c) +
	       u * v * picture_at(level, x + 1, y + 1, c);
}

static double expect_fetch(uint32_t x, uint32_t y, int c)
{
	int level = x >> 5, n = SIDE >> level;

	return picture[level][y % n][(x & 31) % n][c];
}

static double expect_linear(uint32_t x, uint32_t y, int c)
{
	double s = x * 3.0 / 64 - 1, t = y * 3.0 / 64 - 1, f = x % 5 * 0.25;

	return (1 - f) * linear(0, s, t, c) + f * linear(1, s, t, c);
}

static double expect_gather(uint32_t x, uint32_t y, int c)
{
	static const int dx[4] = { 0, 1, 1, 0 }, dy[4] = { 1, 1, 0, 0 };
	int i = floor((x + 0.25) / 64 * SIDE - 0.5), j = floor((y + 0.25) / 64 * SIDE - 0.5);

	return x & 1 ? picture_at(0, i + dx[c], j + dy[c], 1) :
	       picture_at(0, i + dx[c] + 2, j + dy[c] - 1, 2);
}

static void samples(struct bench *b, struct image *i, const struct program *p,
		    double (*expect)(uint32_t x, uint32_t y, int c), double tolerance,
		    const char *name)
{
	static const uint32_t groups[3] = { 8, 8, 1 };
	VkSampler sampler = make_sampler(b, p == &image_sample ? VK_FILTER_LINEAR :
						VK_FILTER_NEAREST);
	double most = 0;

	vk_need(image_run(b, i, sampler, p, groups));
	for (uint32_t k = 0; k < 64 * 64 * 4; k++) {
		double got = image_float(b, k);
		double d = fabs(got - expect(k / 4 % 64, k / 256, k % 4));

		most = !(d <= most) ? d : most;
	}
	detail("at most %.6f off, %.6f allowed", most, tolerance);
	ok(most <= tolerance, "%s", name);
	vkDestroySampler(b->vk.dev, sampler, NULL);
}

static void sampling(struct bench *b)
{
	struct image i;

	make_picture(b, &i);
	samples(b, &i, &image_fetch, expect_fetch, NEARLY, "texels are fetched");
	/* Half of a 256th along each axis and between levels */
	samples(b, &i, &image_sample, expect_linear, 1.6 / 256, "filtered, along three axes");
	samples(b, &i, &image_gather, expect_gather, NEARLY, "and gathered");
	image_free(b, &i);
}

void run_images(void)
{
	struct bench b;

	/* Copies to compressed images are draws, which do not run yet */
	setenv("PANVK_DEBUG", "noafbc", 1);
	seed = 1;
	bench_open(&b);
	copies(&b, VK_IMAGE_TILING_OPTIMAL, "optimal");
	copies(&b, VK_IMAGE_TILING_LINEAR, "linear");
	part(&b, VK_IMAGE_TILING_OPTIMAL, "optimal");
	part(&b, VK_IMAGE_TILING_LINEAR, "linear");
	solid(&b);
	atomics(&b);
	sampling(&b);
	bench_close(&b);
}

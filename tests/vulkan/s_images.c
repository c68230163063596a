// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Images: copies to the byte in each format and layout, what shaders store and
 * load, and what samplers make of it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "scenarios.h"

/* What floats of 32 bits lose, and hardly anything */
#define NEARLY	0.000001
#define TINY	0.000000001

struct format {
	VkFormat format;
	const char *name;
	uint32_t bytes;
	/* Of a value that is stored and loaded; 0: shaders leave it alone */
	double tolerance;
};

#define F(name, bytes, tolerance) \
	{ VK_FORMAT_##name, #name, bytes, tolerance }
static const struct format formats[] = {
	F(R8_UNORM, 1, 0.5 / 255), F(R8_SNORM, 1, 0.5 / 127), F(R8_UINT, 1, 0),
	F(R8_SINT, 1, 0), F(R8G8_UNORM, 2, 0.5 / 255), F(R8G8_SNORM, 2, 0.5 / 127),
	F(R8G8_UINT, 2, 0), F(R8G8B8A8_UNORM, 4, 0.5 / 255),
	F(R8G8B8A8_SNORM, 4, 0.5 / 127), F(R8G8B8A8_UINT, 4, 0), F(R8G8B8A8_SINT, 4, 0),
	F(R8G8B8A8_SRGB, 4, 0), F(B8G8R8A8_UNORM, 4, 0.5 / 255), F(B8G8R8A8_SRGB, 4, 0),
	F(A8B8G8R8_UNORM_PACK32, 4, 0.5 / 255), F(R5G6B5_UNORM_PACK16, 2, 0.5 / 31),
	F(B5G6R5_UNORM_PACK16, 2, 0.5 / 31), F(R5G5B5A1_UNORM_PACK16, 2, 0.5 / 31),
	F(A1R5G5B5_UNORM_PACK16, 2, 0.5 / 31), F(R4G4B4A4_UNORM_PACK16, 2, 0.5 / 15),
	F(B4G4R4A4_UNORM_PACK16, 2, 0.5 / 15),
	F(A2R10G10B10_UNORM_PACK32, 4, 0.5 / 1023),
	F(A2B10G10R10_UNORM_PACK32, 4, 0.5 / 1023), F(A2B10G10R10_UINT_PACK32, 4, 0),
	F(R16_UNORM, 2, 0.5 / 65535), F(R16_SNORM, 2, 0.5 / 32767), F(R16_UINT, 2, 0),
	F(R16_SFLOAT, 2, TINY), F(R16G16_UNORM, 4, 0.5 / 65535), F(R16G16_SFLOAT, 4, TINY),
	F(R16G16B16A16_UNORM, 8, 0.5 / 65535), F(R16G16B16A16_SNORM, 8, 0.5 / 32767),
	F(R16G16B16A16_UINT, 8, 0), F(R16G16B16A16_SFLOAT, 8, TINY), F(R32_UINT, 4, 0),
	F(R32_SINT, 4, 0), F(R32_SFLOAT, 4, TINY), F(R32G32_UINT, 8, 0),
	F(R32G32_SFLOAT, 8, TINY), F(R32G32B32A32_UINT, 16, 0),
	F(R32G32B32A32_SFLOAT, 16, TINY), F(B10G11R11_UFLOAT_PACK32, 4, 1.0 / 64),
	F(E5B9G9R9_UFLOAT_PACK32, 4, 1.0 / 256),
};

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

	for (unsigned int i = 0; i < ARRAY_SIZE(formats); i++) {
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

static float result(const struct bench *b, uint32_t x, uint32_t y, unsigned int colour)
{
	float f;

	memcpy(&f, b->bytes + 16 * (y * 64 + x) + 4 * colour, 4);
	return f;
}

/* What the shader stores as @colour, and the format says of colours that it does not have */
static double stored(const struct format *f, uint32_t x, uint32_t y, unsigned int colour)
{
	const char *has = strchr(f->name, "RGBA"[colour]);

	if (colour == 3)
		return 1;
	if (!has || has > strchr(f->name, '_'))
		return 0;
	return (colour == 0 ? x : colour == 1 ? y : x ^ y) / 64.0;
}

/* Colours that the format has come back as near as it allows */
static bool stored_is_loaded(struct bench *b, const struct format *f)
{
	static const uint32_t groups[3] = { 8, 5, 1 };
	VkImageCreateInfo info = image_info(f->format, 64, 40);
	unsigned int worst = 0;
	struct image i;
	double most = 0;

	image_make(b, &i, &info);
	vk_need(image_run(b, &i, VK_NULL_HANDLE, &image_write, groups));
	vk_need(image_run(b, &i, VK_NULL_HANDLE, &image_read, groups));
	image_free(b, &i);
	for (uint32_t y = 0; y < 40; y++) {
		for (uint32_t x = 0; x < 64; x++) {
			for (unsigned int c = 0; c < 4; c++) {
				double d = fabs(result(b, x, y, c) - stored(f, x, y, c));

				if (!(d <= most)) {
					most = d;
					worst = c;
				}
			}
		}
	}
	if (most <= f->tolerance * 1.001 + TINY)
		return true;
	detail("%s: %c is off by %g, %g allowed", f->name, "RGBA"[worst], most, f->tolerance);
	return false;
}

static void stores(struct bench *b)
{
	unsigned int done = 0, good = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(formats); i++) {
		VkImageCreateInfo info = image_info(formats[i].format, 64, 40);

		if (formats[i].tolerance == 0 || !image_can(b, &info))
			continue;
		done++;
		good += stored_is_loaded(b, &formats[i]);
	}
	ok(done >= 15 && good == done, "stores and loads of %u of %u formats", good, done);
}

/*
 * What a colour of @bits is for a value from 0 to 1, by the format's name. Floats lose
 * nothing: values are 64ths.
 */
static uint32_t encode(const char *kind, unsigned int bits, double value)
{
	unsigned int mantissa = bits == 16 ? 10 : bits - 5;
	float single = value;
	uint32_t word;
	int e;

	if (!strncmp(kind, "UNORM", 5))
		return lrint(value * ((1u << bits) - 1));
	if (!strncmp(kind, "SNORM", 5))
		return lrint(value * ((1u << (bits - 1)) - 1));
	memcpy(&word, &single, 4);
	if (bits == 32 || value == 0)
		return word;
	value = frexp(value, &e);
	return (uint32_t)(e + 14) << mantissa | (uint32_t)((2 * value - 1) * (1u << mantissa));
}

/* Bits @from on of the texel become @value */
static void put_bits(unsigned char *to, unsigned int from, unsigned int bits, uint32_t value)
{
	for (unsigned int i = 0; i < bits; i++)
		to[(from + i) / 8] |= (value >> i & 1) << (from + i) % 8;
}

/* Three colours of 9 bits with one exponent, that of the largest */
static void pack_shared(const double *values, unsigned char *to)
{
	double most = fmax(values[0], fmax(values[1], values[2]));
	int e = 0;

	if (most > 0)
		frexp(most, &e);
	/* Nothing at all has the least exponent */
	e = most > 0 ? e + 15 : 0;
	for (unsigned int c = 0; c < 3; c++)
		put_bits(to, 9 * c, 9, lrint(ldexp(values[c], 24 - e)));
	put_bits(to, 27, 5, e);
}

/*
 * The bytes of what the shader stores, as the format's name says: colours and their bits,
 * from the lowest on, or from the highest if all are packed into one number
 */
static void pack(const struct format *f, uint32_t x, uint32_t y, unsigned char *to)
{
	const double values[4] = { x / 64.0, y / 64.0, (x ^ y) / 64.0, 1 };
	bool packed = strstr(f->name, "_PACK");
	const char *kind = strchr(f->name, '_') + 1, *at = f->name;
	unsigned int done = 0;

	memset(to, 0, f->bytes);
	if (*at == 'E') {
		pack_shared(values, to);
		return;
	}
	while (*at != '_') {
		double value = values[strchr("RGBA", *at) - "RGBA"];
		unsigned int bits = strtoul(at + 1, (char **)&at, 10);

		done += bits;
		put_bits(to, packed ? 8 * f->bytes - done : done - bits, bits,
			 encode(kind, bits, value));
	}
}

static bool has_bytes(struct bench *b, const struct format *f, VkImageTiling tiling)
{
	static const uint32_t groups[3] = { 8, 5, 1 };
	VkImageCreateInfo info = image_info(f->format, 64, 40);
	VkBufferImageCopy region;
	unsigned char want[16];
	struct image i;

	info.tiling = tiling;
	image_make(b, &i, &info);
	vk_need(image_run(b, &i, VK_NULL_HANDLE, &image_write, groups));
	region = image_region(&i, 0);
	vk_need(image_download(b, &i, &region));
	image_free(b, &i);
	for (uint32_t k = 0; k < 64 * 40; k++) {
		pack(f, k % 64, k / 64, want);
		if (!memcmp(b->bytes + k * f->bytes, want, f->bytes))
			continue;
		detail("%s: texel %u, %u is not what was stored", f->name, k % 64, k / 64);
		return false;
	}
	return true;
}

static void stored_bytes(struct bench *b, VkImageTiling tiling, const char *name)
{
	unsigned int done = 0, good = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(formats); i++) {
		VkImageCreateInfo info = image_info(formats[i].format, 64, 40);

		info.tiling = tiling;
		if (formats[i].tolerance == 0 || !image_can(b, &info))
			continue;
		done++;
		good += has_bytes(b, &formats[i], tiling);
	}
	ok(done >= 15 && good == done, "%s: stored texels of %u of %u formats have their bytes",
	   name, good, done);
}

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
		double got = result(b, k / 4 % 64, k / 256, k % 4);
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
	stores(&b);
	stored_bytes(&b, VK_IMAGE_TILING_OPTIMAL, "optimal");
	stored_bytes(&b, VK_IMAGE_TILING_LINEAR, "linear");
	atomics(&b);
	sampling(&b);
	bench_close(&b);
}

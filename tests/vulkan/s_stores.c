// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What shaders store to images and load again, in each format that can be stored to, and the
 * bytes of it: values from 0 to 1 as near as the format allows, whole numbers exactly.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formats.h"
#include "image.h"
#include "scenarios.h"

#define WIDTH	64u
#define HEIGHT	40u

/**
 * struct kind - formats whose colours a shader has as one kind of numbers
 * @takes: Which they are.
 * @store, @load: The shaders; all texels are loaded, row by row.
 * @pack: The bytes of a texel that is stored.
 * @loaded: What was loaded is right; the image's results are in the buffer.
 */
struct kind {
	const char *name;
	bool (*takes)(const struct format *f);
	const struct program *store, *load;
	void (*pack)(const struct format *f, uint32_t x, uint32_t y, unsigned char *to);
	bool (*loaded)(const struct bench *b, const struct format *f);
};

/* Bits @from on of the texel become @value */
static void put_bits(unsigned char *to, unsigned int from, unsigned int bits, uint32_t value)
{
	for (unsigned int i = 0; i < bits; i++)
		to[(from + i) / 8] |= (value >> i & 1) << (from + i) % 8;
}

/* --- From 0 to 1 -------------------------------------------------------------------- */

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
static bool real_loaded(const struct bench *b, const struct format *f)
{
	unsigned int worst = 0;
	double most = 0;

	for (uint32_t n = 0; n < WIDTH * HEIGHT * 4; n++) {
		double d = fabs(image_float(b, n) - stored(f, n / 4 % WIDTH, n / 4 / WIDTH, n % 4));

		if (!(d <= most)) {
			most = d;
			worst = n % 4;
		}
	}
	if (most <= f->tolerance * 1.001 + TINY)
		return true;
	detail("%s: %c is off by %g, %g allowed", f->name, "RGBA"[worst], most, f->tolerance);
	return false;
}

/*
 * What a colour of @bits is for a value from 0 to 1, by the format's name. Floats lose
 * nothing: values are 64ths.
 */
static uint32_t encode(const struct format *f, unsigned int bits, double value)
{
	unsigned int mantissa = bits == 16 ? 10 : bits - 5;
	float single = value;
	uint32_t word;
	int e;

	if (format_is(f, "UNORM"))
		return lrint(value * ((1u << bits) - 1));
	if (format_is(f, "SNORM"))
		return lrint(value * ((1u << (bits - 1)) - 1));
	memcpy(&word, &single, 4);
	if (bits == 32 || value == 0)
		return word;
	value = frexp(value, &e);
	return (uint32_t)(e + 14) << mantissa | (uint32_t)((2 * value - 1) * (1u << mantissa));
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

/* The bytes of what the shader stores, as the format's name says */
static void real_pack(const struct format *f, uint32_t x, uint32_t y, unsigned char *to)
{
	const double values[4] = { x / 64.0, y / 64.0, (x ^ y) / 64.0, 1 };
	struct colour colours[4];
	unsigned int n;

	memset(to, 0, f->bytes);
	if (f->name[0] == 'E') {
		pack_shared(values, to);
		return;
	}
	n = format_colours(f, colours);
	while (n--)
		put_bits(to, colours[n].from, colours[n].bits,
			 encode(f, colours[n].bits, values[colours[n].which]));
}

static bool real_takes(const struct format *f)
{
	return f->tolerance > 0;
}

/* --- Whole numbers ----------------------------------------------------------------- */

static uint32_t mask_of(unsigned int bits)
{
	return bits == 32 ? ~0u : (1u << bits) - 1;
}

/* As images/whole.comp has it, without what the format has no room for */
static uint32_t whole(uint32_t x, uint32_t y, const struct colour *c)
{
	return ((x * 0x9e3779b1 ^ y * 0x85ebca77) * (2 * c->which + 1)) & mask_of(c->bits);
}

static void whole_pack(const struct format *f, uint32_t x, uint32_t y, unsigned char *to)
{
	struct colour colours[4];
	unsigned int n = format_colours(f, colours);

	memset(to, 0, f->bytes);
	while (n--)
		put_bits(to, colours[n].from, colours[n].bits, whole(x, y, &colours[n]));
}

/* Shaders have numbers of 32 bits; colours that a format lacks are 0, 0 and 1 */
static void whole_texel(const struct format *f, uint32_t x, uint32_t y, uint32_t *to)
{
	struct colour colours[4];
	unsigned int n = format_colours(f, colours);

	memset(to, 0, 3 * sizeof(*to));
	to[3] = 1;
	while (n--) {
		const struct colour *c = &colours[n];

		to[c->which] = whole(x, y, c);
		if (format_is(f, "SINT") && to[c->which] >> (c->bits - 1))
			to[c->which] |= ~mask_of(c->bits);
	}
}

static bool whole_loaded(const struct bench *b, const struct format *f)
{
	const uint32_t *got = (const uint32_t *)b->bytes;
	uint32_t want[4];

	for (uint32_t n = 0; n < WIDTH * HEIGHT; n++, got += 4) {
		whole_texel(f, n % WIDTH, n / WIDTH, want);
		if (!memcmp(got, want, sizeof(want)))
			continue;
		detail("%s: texel %u, %u: %x %x %x %x, should be %x %x %x %x", f->name, n % WIDTH,
		       n / WIDTH, got[0], got[1], got[2], got[3], want[0], want[1], want[2],
		       want[3]);
		return false;
	}
	return true;
}

static bool unsigned_takes(const struct format *f)
{
	return format_is(f, "UINT");
}

static bool signed_takes(const struct format *f)
{
	return format_is(f, "SINT");
}

/* --- Both --------------------------------------------------------------------------- */

static const struct kind kinds[] = {
	{ "from 0 to 1", real_takes, &image_write, &image_read, real_pack, real_loaded },
	{ "unsigned", unsigned_takes, &image_whole, &image_whole, whole_pack, whole_loaded },
	{ "signed", signed_takes, &image_whole_signed, &image_whole_signed, whole_pack,
	  whole_loaded },
};

/* Bits of each colour, and whether it loads: constants of whole.comp and whole_signed.comp */
static void push(struct bench *b, const struct format *f, bool load)
{
	struct colour colours[4];
	unsigned int n = f->name[0] == 'E' ? 0 : format_colours(f, colours);

	b->push[0] = 0;
	while (n--)
		b->push[0] |= colours[n].bits << 8 * colours[n].which;
	b->push[1] = load;
}

static void run(struct bench *b, struct image *i, const struct format *f, const struct kind *k,
		bool load)
{
	static const uint32_t groups[3] = { WIDTH / 8, HEIGHT / 8, 1 };

	push(b, f, load);
	vk_need(image_run(b, i, VK_NULL_HANDLE, load ? k->load : k->store, groups));
}

static bool has_bytes(const struct bench *b, const struct format *f, const struct kind *k)
{
	unsigned char want[16];

	for (uint32_t n = 0; n < WIDTH * HEIGHT; n++) {
		k->pack(f, n % WIDTH, n / WIDTH, want);
		if (!memcmp(b->bytes + n * f->bytes, want, f->bytes))
			continue;
		detail("%s: texel %u, %u is not what was stored", f->name, n % WIDTH,
		       n / WIDTH);
		return false;
	}
	return true;
}

static bool stored_right(struct bench *b, const VkImageCreateInfo *info, const struct format *f,
			 const struct kind *k)
{
	VkBufferImageCopy region;
	struct image i;
	bool right;

	image_make(b, &i, info);
	run(b, &i, f, k, false);
	region = image_region(&i, 0);
	vk_need(image_download(b, &i, &region));
	right = has_bytes(b, f, k);
	run(b, &i, f, k, true);
	right &= k->loaded(b, f);
	image_free(b, &i);
	return right;
}

static void stores(struct bench *b, const struct kind *k, VkImageTiling tiling, const char *name,
		   unsigned int least)
{
	unsigned int done = 0, good = 0;

	for (unsigned int n = 0; n < format_count; n++) {
		VkImageCreateInfo info = image_info(formats[n].format, WIDTH, HEIGHT);

		info.tiling = tiling;
		if (!k->takes(&formats[n]) || !image_can(b, &info))
			continue;
		done++;
		good += stored_right(b, &info, &formats[n], k);
	}
	ok(done >= least && good == done,
	   "%s, %s: what is stored to %u of %u formats has its bytes and is loaded again", name,
	   k->name, good, done);
}

void run_stores(void)
{
	/* As many formats as Vulkan wants of each kind */
	static const unsigned int least[ARRAY_SIZE(kinds)] = { 7, 7, 5 };
	struct bench b;

	setenv("PANVK_DEBUG", "noafbc", 1);
	bench_open(&b);
	for (unsigned int k = 0; k < ARRAY_SIZE(kinds); k++) {
		stores(&b, &kinds[k], VK_IMAGE_TILING_OPTIMAL, "optimal", least[k]);
		stores(&b, &kinds[k], VK_IMAGE_TILING_LINEAR, "linear", least[k]);
	}
	bench_close(&b);
}

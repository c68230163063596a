// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Images: pixel formats against a second implementation, where texels are, and
 * programs that load, store and sample them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../model/tap.h"
#include "program.h"
#include "ref_image.h"
#include "texture.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static uint64_t seed = 1;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dull >> 32;
}

/* --- Formats -------------------------------------------------------------- */

static uint32_t edge_value(char type)
{
	static const uint32_t floats[] = {
		0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000,
		0x7fc00000, 0xffc00001, 0x00000001, 0x7f7fffff, 0x3f000000,
		0x3f7fffff, 0x477fe000, 0x477fe800, 0x477fefff, 0x477ff000,
		0x33800000, 0x38800000, 0x387fffff, 0x3b808081,
	};
	static const uint32_t ints[] = {
		0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000,
		0x1ff, 0x200, 0x7fffffff, 0x80000000, 0xffffff80, 0xffffff7f,
		0xffff8000, 0xffffffff, 0xfffffe00, 3,
	};

	return type == 'u' || type == 'i' ? ints[rnd() % N(ints)] :
	       floats[rnd() % N(floats)];
}

static uint32_t value(char type)
{
	union {
		float f;
		uint32_t u;
	} val;

	switch (rnd() % 4) {
	case 0:
		return edge_value(type);
	case 1:
		return rnd();
	}
	if (type == 'u' || type == 'i')
		return rnd() % 600 - 300;
	/* Where normalized numbers are, and a bit beyond */
	val.f = (float)(int32_t)rnd() / 0x78000000;
	return val.u;
}

static bool same(const struct ref_format *r, const char *what, const void *got,
		 const void *want, unsigned int len)
{
	const uint8_t *g = got, *w = want;

	if (!memcmp(got, want, len))
		return true;
	for (unsigned int i = 0; i < len; i++)
		diag("%s %s: byte %u: got %02x, want %02x", what, r->text, i, g[i],
		     w[i]);
	return false;
}

static bool unpacks(const struct ref_format *r, const struct pixel_format *f)
{
	uint8_t texel[16] = { 0 };
	uint32_t got[4], want[4];

	for (unsigned int i = 0; i < 500; i++) {
		uint32_t fill = rnd() % 8;

		for (unsigned int k = 0; k < f->bytes; k++)
			texel[k] = fill == 0 ? 0xff : fill == 1 ? 0 : rnd();
		format_unpack(f, texel, got);
		ref_unpack(r, texel, want);
		if (!same(r, "unpack", got, want, sizeof(got)))
			return false;
	}
	return true;
}

static bool packs(const struct ref_format *r, const struct pixel_format *f)
{
	unsigned int rounds = strstr(r->text, "11") ? 100 : 500;

	for (unsigned int i = 0; i < rounds; i++) {
		uint32_t v[4] = { value(r->type), value(r->type), value(r->type),
				  value(r->type) };
		uint8_t got[16] = { 0 }, want[16];

		format_pack(f, v, got);
		ref_pack(r, v, want);
		if (!same(r, "pack", got, want, f->bytes)) {
			diag("of %08x %08x %08x %08x", v[0], v[1], v[2], v[3]);
			return false;
		}
	}
	return true;
}

static void test_formats(void)
{
	unsigned int unpacked = 0, packed = 0, decoded = 0;

	for (unsigned int i = 0; i < ref_num_formats; i++) {
		const struct ref_format *r = &ref_formats[i];
		struct pixel_format f;
		const char *why = format_decode(&f, r->word);

		if (why || f.bytes != ref_bytes(r)) {
			diag("%s: %s", r->text, why ? why : "wrong size");
			continue;
		}
		decoded++;
		unpacked += unpacks(r, &f);
		packed += packs(r, &f);
	}
	is_u64(decoded, ref_num_formats, "%u formats are known", ref_num_formats);
	is_u64(unpacked, ref_num_formats, "all unpack as the second implementation does");
	is_u64(packed, ref_num_formats, "and pack");
}

static void refused(uint32_t word, const char *why, const char *what)
{
	struct pixel_format f;
	const char *said = format_decode(&f, word);

	ok(said && !strcmp(said, why), "%s is refused", what);
}

static void cannot_store(uint32_t word, unsigned int clump, const char *why)
{
	struct pixel_format f;
	const char *said;

	format_decode(&f, word);
	said = format_store_as(&f, clump);
	ok(said && !strcmp(said, why), "a plane is refused: %s", why);
}

static void test_refused(void)
{
	refused(1u << 21 | 187 << 12, "big-endian formats are not implemented",
		"big-endian");
	refused(32 << 12, "pixel format is not implemented", "YUV");
	refused(66 << 12, "pixel format is not implemented", "a format that is not used");
	refused(187 << 12 | 1, "order of components is not implemented",
		"an order that does not exist");
	cannot_store(187 << 12, 33, "ETC2 is not implemented");
	cannot_store(187 << 12, 48, "BC is not implemented");
	cannot_store(187 << 12, 1, "plane does not fit the pixel format");
	cannot_store(187 << 12, 25, "layout of texels is not implemented");
	cannot_store(163 << 12, 22, "plane does not fit the pixel format");
}

/* Stencils and what has alpha alone */
static void test_stored_as(void)
{
	static const uint8_t bytes[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	static const struct {
		uint32_t word;
		unsigned int clump, colour, want, bytes;
	} cases[] = {
		{ 93 << 12 | 2, 22, 0, 1, 1 }, { 93 << 12 | 2, 21, 0, 1, 4 },
		{ 93 << 12 | 2, 20, 0, 4, 4 }, { 93 << 12 | 2, 18, 0, 5, 8 },
		{ 93 << 12 | 2, 19, 0, 4, 8 }, { 155 << 12 | 229, 26, 3, 1, 1 },
		{ 76 << 12, 16, 0, 0x04030201, 8 }, { 76 << 12, 17, 0, 0x08070605, 8 },
	};
	unsigned int good = 0;

	for (unsigned int i = 0; i < N(cases); i++) {
		struct pixel_format f;
		uint32_t v[4];

		format_decode(&f, cases[i].word);
		if (format_store_as(&f, cases[i].clump) || f.bytes != cases[i].bytes)
			continue;
		format_unpack(&f, bytes, v);
		good += v[cases[i].colour] == cases[i].want;
	}
	is_u64(good, N(cases), "stencils, depths and alphas of planes of their own");
}

/* --- Layouts -------------------------------------------------------------- */

#define WIDTH	300u
#define HEIGHT	270u

/* From an offset back to coordinates, bit by bit */
static void from_tile(uint32_t index, uint32_t *x, uint32_t *y)
{
	for (unsigned int bit = 0; bit < 4; bit++) {
		uint32_t yb = index >> (2 * bit + 1) & 1;

		*y |= yb << bit;
		*x |= ((index >> 2 * bit & 1) ^ yb) << bit;
	}
}

static void from_u_tiled(uint64_t offset, uint32_t stride, uint32_t bytes,
			 uint32_t *x, uint32_t *y)
{
	uint64_t texel = offset % stride / bytes;

	*x = texel / 256 * 16;
	*y = offset / stride * 16;
	from_tile(texel % 256, x, y);
}

static void from_64k(uint64_t offset, uint32_t stride, uint32_t bytes, uint32_t *x,
		     uint32_t *y)
{
	static const struct {
		uint32_t bytes, width, height;
	} sizes[] = {
		{ 1, 256, 256 }, { 2, 256, 128 }, { 4, 128, 128 }, { 8, 128, 64 },
		{ 16, 64, 64 },
	};
	unsigned int i = 0;
	uint32_t tile, texel = offset % 65536 / bytes;

	while (sizes[i].bytes != bytes)
		i++;
	tile = texel / 256;
	*x = offset % stride / 65536 * sizes[i].width + tile % (sizes[i].width / 16) * 16;
	*y = offset / stride * sizes[i].height + tile / (sizes[i].width / 16) * 16;
	from_tile(texel % 256, x, y);
}

static bool comes_back(const struct plane *p, uint32_t x, uint32_t y)
{
	uint64_t offset = layout_offset(p, x, y, 0);
	uint32_t bx = 0, by = 0;

	if (offset % p->format.bytes)
		return false;
	if (p->order == ORDER_LINEAR) {
		bx = offset % p->row_stride / p->format.bytes;
		by = offset / p->row_stride;
	} else if (p->order == ORDER_U_TILED) {
		from_u_tiled(offset, p->row_stride, p->format.bytes, &bx, &by);
	} else {
		from_64k(offset, p->row_stride, p->format.bytes, &bx, &by);
	}
	return bx == x && by == y;
}

static void test_layout(enum texel_order order, const char *name)
{
	static const uint8_t sizes[] = { 1, 2, 3, 4, 6, 8, 12, 16 };
	unsigned int tried = 0, good = 0;

	for (unsigned int i = 0; i < N(sizes); i++) {
		struct plane p = { .format.bytes = sizes[i], .order = order };

		if (!layout_fits(order, sizes[i]))
			continue;
		p.row_stride = order == ORDER_LINEAR ? WIDTH * sizes[i] :
			       order == ORDER_U_TILED ? (WIDTH + 15) / 16 * 256 * sizes[i] :
			       5 * 65536;
		p.slice_stride = 12345 * sizes[i];
		for (uint32_t y = 0; y < HEIGHT; y++)
			for (uint32_t x = 0; x < WIDTH; x++, tried++)
				good += comes_back(&p, x, y);
		tried++;
		good += layout_offset(&p, 17, 18, 3) ==
			layout_offset(&p, 17, 18, 0) + 3ull * p.slice_stride;
	}
	is_u64(good, tried, "%s: each texel from its offset", name);
}

static void test_layouts(void)
{
	/* The first texels in their order, as Mesa's documentation draws them */
	static const uint8_t first[8][2] = {
		{ 0, 0 }, { 1, 0 }, { 1, 1 }, { 0, 1 }, { 2, 0 }, { 3, 0 }, { 3, 1 }, { 2, 1 },
	};
	struct plane p = { .format.bytes = 1, .order = ORDER_U_TILED, .row_stride = 256 };
	bool good = true;

	for (unsigned int i = 0; i < N(first); i++)
		good &= layout_offset(&p, first[i][0], first[i][1], 0) == i;
	ok(good, "tiles begin with a U");
	test_layout(ORDER_LINEAR, "linear");
	test_layout(ORDER_U_TILED, "U-tiled");
	test_layout(ORDER_64K, "64k");
	ok(!layout_fits(ORDER_64K, 12), "no texels of 12 bytes in blocks of 64 KiB");
}

/* --- Images for programs -------------------------------------------------- */

#define IMAGE		1u	/* descriptors in set 0 */
#define SAMPLER		2u
#define TEXTURE		3u
#define RGBA8		(187u << 12)
#define RGBA32F		(191u << 12)
#define R32UI		(133u << 12 | 16)
#define R32F		(167u << 12 | 16)

/**
 * struct picture - what a test's texture is
 */
struct picture {
	uint32_t word, dim, width, height, depth, levels, layers, order, clump;
};

static void put_plane(struct machine *m, const struct picture *p, unsigned int i,
		      uint64_t va, uint32_t row, uint32_t slice)
{
	uint64_t at = PLANES + 32 * i;

	machine_put32(m, at, 10 | 1 << 4 | p->order << 8 | p->clump << 24);
	machine_put32(m, at + 4, 0x10000);
	machine_put64(m, at + 8, va);
	machine_put32(m, at + 16, row);
	machine_put32(m, at + 24, slice);
}

static void put_texture(struct machine *m, unsigned int index,
			const struct picture *p)
{
	uint64_t at = SET0 + 32 * index;

	machine_put32(m, at, 2 | p->dim << 4 | p->word << 10);
	machine_put32(m, at + 4, (p->width - 1) | (p->height - 1) << 16);
	machine_put32(m, at + 8, 0x688 | (p->levels - 1) << 16);
	machine_put32(m, at + 12, (p->levels - 1) << 24);
	machine_put64(m, at + 16, PLANES);
	machine_put32(m, at + 24, p->layers - 1);
	machine_put32(m, at + 28, p->depth - 1);
}

/* Word 0 without its type, and the limits of LODs */
static void put_sampler(struct machine *m, uint32_t word, uint32_t lods)
{
	uint64_t at = SET0 + 32 * SAMPLER;

	for (unsigned int i = 0; i < 8; i++)
		machine_put32(m, at + 4 * i, 0);
	machine_put32(m, at, 1 | word);
	machine_put32(m, at + 4, lods);
}

#define WRAP(mode)	((mode) << 8 | (mode) << 12 | (mode) << 16)
#define NORMALIZED	(1u << 25)
#define MIN_NEAREST	(1u << 27)
#define MAG_NEAREST	(1u << 28)
#define ROUND		(1u << 21)
#define TRILINEAR	(3u << 30)
#define MAX_LOD		(16u << 24)

static const struct picture small = { RGBA8, DIM_2D, 16, 16, 1, 1, 1, ORDER_U_TILED, 2 };

static const struct picture words = { R32UI, DIM_2D, 16, 16, 1, 1, 1, ORDER_U_TILED, 2 };

static void begin(struct machine *m, const struct picture *p)
{
	machine_init(m);
	put_texture(m, IMAGE, p);
	put_plane(m, p, 0, DATA + 0x4000, 16 * 16 * 4, 0);
	machine_uniform(m, 2, 1 << 24 | SAMPLER);
	machine_uniform(m, 3, 1 << 24 | IMAGE);
	machine_size(m, 16, 16, 1, 1, 1, 1);
}

/* r5 = x | y << 16, r4 = y * 16 + x: places in the image and in the result */
#define COORDS \
	"LSHIFT_OR.i32 r5, r61, 0x13121110.b00, r60\n" \
	"LSHIFT_OR.i32 r4, r61, 0x7060504.b00, r60\n"
#define RESULT	"SHADDX.u64 r2, u0, r4.w0, shift:0x2\n"
#define PUT	"STORE.i32.slot0.end @r0, r2, offset:0\n"

static uint32_t tiled32(struct machine *m, uint32_t x, uint32_t y)
{
	struct plane p = { .format.bytes = 4, .order = ORDER_U_TILED, .row_stride = 1024 };

	return machine_get32(m, DATA + 0x4000 + layout_offset(&p, x, y, 0));
}

#define ADDRESS_OF_TEXEL \
	"LEA_TEX_IMM.slot0.wait0 @r8:r9:r10, r5, 0x0, table:0x1, index:0x1\n"

static void test_store(void)
{
	struct machine m;
	bool good = true;

	begin(&m, &small);
	machine_uniform(&m, 4, 0x3d800000);
	/* Red is x / 16, green y / 16, blue and alpha 1 */
	is_u64(run(&m, COORDS ADDRESS_OF_TEXEL
		   "U32_TO_F32 r16, r60\nU32_TO_F32 r17, r61\n"
		   "MOV.i32 r18, 0x3F800000\nMOV.i32 r19, 0x3F800000\n"
		   "FMA.f32 r16, r16, u4, 0x0.neg\nFMA.f32 r17, r17, u4, 0x0.neg\n"
		   "ST_CVT.slot1.v4.auto.end @r16:r17:r18:r19, r8, r10, offset:0x0\n"),
	       SHADER_DONE, "a store to each texel");
	for (uint32_t y = 0; y < 16; y++)
		for (uint32_t x = 0; x < 16; x++)
			good &= tiled32(&m, x, y) ==
				(0xffff0000 | (uint32_t)lrint(y * 255 / 16.0) << 8 |
				 (uint32_t)lrint(x * 255 / 16.0));
	ok(good, "converted, and where it belongs");
	ok(m.wrote >= 1024, "and told so");
	/* Loads of the same; four bytes of integers are what a float's were */
	put_texture(&m, IMAGE, &words);
	run(&m, COORDS "LD_TEX_IMM.u32.slot0.wait0 @r0, r5, 0x0, index:0x1, table:0x1\n"
	    RESULT PUT);
	for (unsigned int i = 0; i < 256; i++)
		good &= data32(&m, i) == tiled32(&m, i % 16, i / 16);
	ok(good, "loads find it");
	/* An atomic by address */
	run(&m, COORDS ADDRESS_OF_TEXEL "ATOM.i32.slot0.aadd.end @r4, r8, offset:0x0\n");
	for (unsigned int i = 0; i < 256; i++)
		good &= data32(&m, i) + i == tiled32(&m, i % 16, i / 16);
	ok(good, "and so do atomics");
	machine_fini(&m);
}

static void test_outside(void)
{
	struct machine m;
	unsigned int zero = 0, ones = 0;

	begin(&m, &(struct picture){ RGBA8, DIM_2D, 10, 12, 1, 1, 1, ORDER_U_TILED, 2 });
	memset(machine_at(&m, DATA + 0x4000), 0x55, 1024);
	run(&m, COORDS ADDRESS_OF_TEXEL "MOV.i32 r16, 0x3F800000\n"
	    "ST_CVT.slot1.auto.end @r16, r8, r10, offset:0x0\n");
	for (unsigned int i = 0; i < 256; i++)
		ones += tiled32(&m, i % 16, i / 16) == 0xff0000ff;
	is_u64(ones, 120, "stores reach the texels that are, missing colours are 0 and 1");
	run(&m, COORDS "LD_TEX_IMM.v4.f32.slot0.wait0 @r0:r1:r2:r3, r5, 0x0, index:0x1, table:0x1\n"
	    "MOV.i32 r0, r3\n" RESULT PUT);
	for (unsigned int i = 0; i < 256; i++)
		zero += !data32(&m, i);
	is_u64(zero, 136, "loads of others are zero, alpha as well");
	machine_put32(&m, SET0 + 32 * IMAGE, 0);
	for (unsigned int i = 4; i < 32; i += 4)
		machine_put32(&m, SET0 + 32 * IMAGE + i, 0);
	is_u64(run(&m, COORDS ADDRESS_OF_TEXEL "MOV.i32 r16, 0x3F800000\n"
		   "ST_CVT.slot1.auto.end @r16, r8, r10, offset:0x0\n"),
	       SHADER_DONE, "a texture of zeros takes stores");
	machine_fini(&m);
}

/* Three layers of two levels: each texel has its own number, each plane begins with 64 i */
static void begin_array(struct machine *m)
{
	static const struct picture array = { R32UI, DIM_2D, 4, 4, 1, 2, 3, ORDER_LINEAR, 2 };

	begin(m, &array);
	for (unsigned int i = 0; i < 6; i++)
		put_plane(m, &array, i, DATA + 0x4000 + 256 * i, 64, 0);
	for (unsigned int i = 0; i < 0x200; i++)
		machine_put32(m, DATA + 0x4000 + 4 * i, i);
}

/* Layers, slices and levels */
static void test_places(void)
{
	static const struct picture solid = { R32UI, DIM_3D, 4, 4, 3, 1, 1, ORDER_LINEAR, 2 };
	bool good = true;
	struct machine m;

	begin_array(&m);
	machine_size(&m, 4, 4, 1, 1, 1, 3);
	/* By layer, of level 1: half as large */
	run(&m, "LSHIFT_OR.i32 r4, r61, 0x3020100.b22, r60\n"
	    "LSHIFT_OR.i32 r4, r62, 0x7060504.b00, r4\n"
	    "MOV.i32 r8, r60\nMOV.i32 r9, r61\nMOV.i32 r10, r62\nMOV.i32 r11, 0x1000000\n"
	    "TEX_FETCH.slot0.u.32.r.2d.wide_indices.array_enable.texel_offset.wait0 "
	    "@r0, @r8:r9:r10:r11, u2\n"
	    RESULT PUT);
	for (unsigned int i = 0; i < 48; i++) {
		uint32_t x = i % 4, y = i / 4 % 4, layer = i / 16;
		uint32_t want = x < 2 && y < 2 ? 64 * (2 * layer + 1) + 16 * y + x : 0;

		good &= data32(&m, i) == want;
	}
	ok(good, "fetches by layer and level");
	run(&m, "LSHIFT_OR.i32 r4, r61, 0x3020100.b22, r60\n"
	    "LSHIFT_OR.i32 r4, r62, 0x7060504.b00, r4\n"
	    "LSHIFT_OR.i32 r5, r61, 0x13121110.b00, r60\n"
	    "LSHIFT_OR.i32 r6, r62, 0x13121110.b00, 0x0\n"
	    "LD_TEX.u32.slot0.wait0 @r0, r5, r6, u3\n" RESULT PUT);
	for (unsigned int i = 0; i < 48; i++)
		good &= data32(&m, i) == 128 * (i / 16) + 16 * (i / 4 % 4) + i % 4;
	ok(good, "loads by layer");
	put_texture(&m, IMAGE, &solid);
	put_plane(&m, &solid, 0, DATA + 0x4000, 64, 512);
	run(&m, "LSHIFT_OR.i32 r4, r61, 0x3020100.b22, r60\n"
	    "LSHIFT_OR.i32 r4, r62, 0x7060504.b00, r4\n"
	    "LSHIFT_OR.i32 r5, r61, 0x13121110.b00, r60\n"
	    "LD_TEX.u32.slot0.wait0 @r0, r5, r62, u3\n" RESULT PUT);
	for (unsigned int i = 0; i < 48; i++)
		good &= data32(&m, i) == 128 * (i / 16) + 16 * (i / 4 % 4) + i % 4;
	ok(good, "and by slice");
	machine_fini(&m);
}

static bool fetch_as(struct machine *m, const char *type, const char *rest)
{
	char code[512];

	snprintf(code, sizeof(code), COORDS
		 "TEX_FETCH.slot0.%s.%s.2d.wide_indices.wait0 @r0, @r60:r61, u2\n" RESULT PUT,
		 type, rest);
	return run(m, code) == SHADER_DONE;
}

/* Fetches bring what the texture has, whatever type the instruction gives them */
static void test_types(void)
{
	static const struct picture real = { R32F, DIM_2D, 16, 16, 1, 1, 1, ORDER_U_TILED, 2 };
	static const char *const types[] = { "reserved", "f", "u", "s" };

	for (unsigned int t = 0; t < N(types); t++) {
		bool good = true, halves = true;
		struct machine m;

		begin(&m, &words);
		for (unsigned int i = 0; i < 256; i++)
			machine_put32(&m, DATA + 0x4000 + 4 * i, i & 1 ? rnd() : rnd() >> 16);
		good &= fetch_as(&m, types[t], "32.r");
		for (unsigned int i = 0; i < 256; i++)
			good &= data32(&m, i) == tiled32(&m, i % 16, i / 16);
		halves &= fetch_as(&m, types[t], "16.r");
		for (unsigned int i = 0; i < 256; i++) {
			uint32_t v = tiled32(&m, i % 16, i / 16);

			halves &= (data32(&m, i) & 0xffff) == (v < 0xffff ? v : 0xffff);
		}
		put_texture(&m, IMAGE, &real);
		for (unsigned int i = 0; i < 256; i++)
			machine_put32(&m, DATA + 0x4000 + 4 * i, 0x3f800000 | i << 13);
		good &= fetch_as(&m, types[t], "32.r");
		for (unsigned int i = 0; i < 256; i++)
			good &= data32(&m, i) == tiled32(&m, i % 16, i / 16);
		halves &= fetch_as(&m, types[t], "16.r");
		for (unsigned int i = 0; i < 256; i++)
			halves &= (data32(&m, i) & 0xffff) ==
				  0x3c00 + (tiled32(&m, i % 16, i / 16) - 0x3f800000) / 0x2000;
		ok(good, "a fetch to 32 bits as %s is of the texture's type", types[t]);
		ok(halves, "and to 16");
		machine_fini(&m);
	}
}

/*
 * Three halves, after an instruction that brings four words: of the last register the
 * half that has no value is 0, and nothing of what was somewhere before.
 */
static void odd_halves(const char *instr)
{
	unsigned int good = 0;
	struct machine m;
	char code[1024];

	begin(&m, &small);
	for (unsigned int i = 0; i < 256; i++)
		machine_put32(&m, DATA + 0x4000 + 4 * i, ~0u);
	machine_uniform(&m, 4, DATA + 0x4000);
	machine_uniform(&m, 5, 0);
	machine_uniform(&m, 6, RGBA8);
	snprintf(code, sizeof(code), COORDS
		 "LD_TEX_IMM.v4.f32.slot0.wait0 @r16:r17:r18:r19, r5, 0x0, index:0x1, table:0x1\n"
		 "LD_CVT.slot0.v4.f32.wait0 @r16:r17:r18:r19, u4, u6, offset:0x0\n"
		 "TEX_FETCH.slot0.f.32.2d.wide_indices.wait0 @r16:r17:r18:r19, @r60:r61, u2\n"
		 "MOV.i32 r0, 0xFFFFFFFF\nMOV.i32 r1, 0xFFFFFFFF\n"
		 "%s\nMOV.i32 r0, r1\n" RESULT PUT, instr);
	run_through(&m, code);
	for (unsigned int i = 0; i < 256; i++)
		good += data32(&m, i) == 0x3c00;
	is_u64(good, 256, "three halves, then 0: %.*s", (int)strcspn(instr, "."), instr);
	machine_fini(&m);
}

static void test_odd_halves(void)
{
	odd_halves("LD_TEX_IMM.v3.f16.slot0.wait0 @r0:r1, r5, 0x0, index:0x1, table:0x1");
	odd_halves("LD_CVT.slot0.v3.f16.wait0 @r0:r1, u4, u6, offset:0x0");
	odd_halves("TEX_FETCH.slot0.f.16.rgb.2d.wide_indices.wait0 @r0:r1, @r60:r61, u2");
}

/* Table and index of texture and sampler in one word, as panvk has them if they fit */
#define NARROW	(1u << 27 | IMAGE << 16 | 1 << 11 | SAMPLER)

static bool fetches_beside(struct machine *m, int dx, int dy)
{
	bool good;

	machine_uniform(m, 3, (dx & 15) | (dy & 15) << 4 | 0xabcd0000);
	good = run(m, COORDS "TEX_FETCH.slot0.u.32.r.2d.wait0 @r0, @r60:r61, u2\n"
		   RESULT PUT) == SHADER_DONE;
	for (int i = 0; i < 256; i++) {
		int x = i % 16 + dx, y = i / 16 + dy;
		uint32_t want = x < 0 || y < 0 || x > 15 || y > 15 ? 0 : tiled32(m, x, y);

		good &= data32(m, i) == want;
	}
	return good;
}

/* The second word of a narrow handle: offsets of four bits, and the level of a fetch */
static void test_narrow(void)
{
	static const struct picture two = { R32UI, DIM_2D, 16, 16, 1, 2, 1, ORDER_U_TILED, 2 };
	struct machine m;
	bool good = true;

	begin(&m, &words);
	for (unsigned int i = 0; i < 256; i++)
		machine_put32(&m, DATA + 0x4000 + 4 * i, rnd() | 1);
	machine_uniform(&m, 2, NARROW);
	for (int i = -8; i < 8; i++)
		good &= fetches_beside(&m, i, -1 - i);
	ok(good, "fetches with offsets in the handle");
	good = true;
	put_texture(&m, IMAGE, &two);
	put_plane(&m, &two, 0, DATA + 0x5000, 16 * 16 * 4, 0);
	put_plane(&m, &two, 1, DATA + 0x4000, 16 * 16 * 4, 0);
	machine_uniform(&m, 3, 0x1000);
	run(&m, COORDS "MOV.i32 r6, r60\nMOV.i32 r7, r61\nIADD_IMM.i32 r8, 0x0, #0x1\n"
	    "TEX_FETCH.slot0.u.32.r.2d.texel_offset.wait0 @r0, @r6:r7:r8, u2\n" RESULT PUT);
	for (unsigned int i = 0; i < 256; i++) {
		uint32_t x = i % 16 + 1, y = i / 16;

		good &= data32(&m, i) == (x < 8 && y < 8 ? tiled32(&m, x, y) : 0);
	}
	ok(good, "and of a level, with offsets in a register");
	good = true;
	run(&m, COORDS "MOV.i32 r6, r60\nMOV.i32 r7, r61\nIADD_IMM.i32 r8, 0x0, #0x1000000\n"
	    "TEX_FETCH.slot0.u.32.r.2d.texel_offset.wait0 @r0, @r6:r7:r8, u2\n" RESULT PUT);
	for (unsigned int i = 0; i < 256; i++)
		good &= !data32(&m, i);
	ok(good, "two levels add up");
	machine_fini(&m);
}

/* Elements of a buffer, with their format beside them */
static void test_texel_buffer(void)
{
	struct machine m;
	bool good = true;

	machine_init(&m);
	/* And half of one more */
	machine_buffer(&m, 4, DATA + 0x4001, 2 * 100 + 1);
	machine_put32(&m, SET0 + 32 * 4, 9 | 3 << 4);
	machine_put32(&m, SET0 + 32 * 4 + 16, 2);
	machine_put32(&m, SET0 + 32 * 4 + 28, 64 << 12 | 20);
	machine_uniform(&m, 2, 1 << 24 | 4);
	machine_uniform(&m, 3, 64 << 12 | 20);
	machine_size(&m, 112, 1, 1, 1, 1, 1);
	run(&m, "LEA_BUF_IMM.slot0.wait0 @r8:r9, r60, table:0x1, index:0x4\n"
	    "MOV.i32 r0, 0x3F800000\nMOV.i32 r1, 0x0\n"
	    "ST_CVT.slot0.v2.f32.wait0 @r0:r1, r8, u3, offset:0x0\n"
	    "LEA_BUF.slot0.wait0 @r8:r9, r60, u2\n"
	    "LD_CVT.slot0.v4.f32.wait0 @r0:r1:r2:r3, r8, u3, offset:0x0\n"
	    "MOV.i32 r4, r60\n" RESULT PUT);
	for (unsigned int i = 0; i < 112; i++)
		good &= data32(&m, i) == (i < 100 ? 0x3f800000 : 0);
	ok(good, "a buffer of 565, and zeros beyond it");
	is_u64(*(uint8_t *)machine_at(&m, DATA + 0x4001 + 199), 0xf8, "its last byte");
	is_u64(*(uint8_t *)machine_at(&m, DATA + 0x4001 + 200), 0, "and the one behind");
	/* The format without a byte */
	machine_uniform(&m, 5, 95 << 12);
	machine_uniform(&m, 8, 0x70000000);
	machine_uniform(&m, 9, 0);
	is_u64(run(&m, "MOV.i32 r8, u5\nST_CVT.slot0.v2.f32.end @r0:r1, u8, r8, offset:0x0\n"),
	       SHADER_DONE,
	       "what has no byte in memory can be stored where none is");
	machine_fini(&m);
}

/* --- Filters -------------------------------------------------------------- */

#define SIDE	8

static double texels[3][SIDE][SIDE];	/* by level */

static int side_of(int level)
{
	return SIDE >> level;
}

/* What is at a place, wherever it is: the modes as pictures of each other */
static double at(int level, int x, int y, int mode)
{
	int n = side_of(level), *axis[2] = { &x, &y };

	for (int i = 0; i < 2; i++) {
		int *c = axis[i];

		while (mode == WRAP_REPEAT && *c < 0)
			*c += n;
		while (mode == WRAP_REPEAT && *c >= n)
			*c -= n;
		while (mode == WRAP_MIRROR && (*c < 0 || *c >= n))
			*c = *c < 0 ? -1 - *c : 2 * n - 1 - *c;
		if (*c < 0 && (mode == WRAP_MIRROR_EDGE || mode == WRAP_MIRROR_BORDER))
			*c = -1 - *c;
		if (mode == WRAP_EDGE || mode == WRAP_MIRROR_EDGE)
			*c = *c < 0 ? 0 : *c >= n ? n - 1 : *c;
	}
	return x < 0 || y < 0 || x >= n || y >= n ? 0.5 : texels[level][y][x];
}

static double bilinear(int level, double s, double t, int mode)
{
	double u = s * side_of(level) - 0.5, v = t * side_of(level) - 0.5;
	int i = floor(u), j = floor(v);
	double a = u - i, b = v - j;

	return (1 - a) * (1 - b) * at(level, i, j, mode) +
	       a * (1 - b) * at(level, i + 1, j, mode) +
	       (1 - a) * b * at(level, i, j + 1, mode) + a * b * at(level, i + 1, j + 1, mode);
}

static const struct picture levels = {
	R32F, DIM_2D, SIDE, SIDE, 1, 3, 1, ORDER_LINEAR, 2,
};

static uint32_t bits_of(float f)
{
	uint32_t u;

	memcpy(&u, &f, 4);
	return u;
}

static float float_of(uint32_t u)
{
	float f;

	memcpy(&f, &u, 4);
	return f;
}

static void begin_levels(struct machine *m)
{
	begin(m, &levels);
	for (int level = 0; level < 3; level++) {
		uint64_t va = DATA + 0x4000 + 0x400 * level;

		put_plane(m, &levels, level, va, 64, 0);
		for (int i = 0; i < side_of(level) * side_of(level); i++) {
			int x = i % side_of(level), y = i / side_of(level);
			float f = (float)(rnd() % 1000) / 1000;

			texels[level][y][x] = f;
			machine_put32(m, va + 64 * y + 4 * x, bits_of(f));
		}
	}
	machine_size(m, 64, 1, 1, 1, 1, 1);
}

/* Coordinates of 64 threads at DATA + 0x2000, LODs beside them */
static void put_places(struct machine *m, float *s, float *t, int *lod)
{
	for (unsigned int i = 0; i < 64; i++) {
		s[i] = (float)(int32_t)rnd() / 0x40000000;
		t[i] = (float)(int32_t)rnd() / 0x40000000;
		lod[i] = (int)(rnd() % 800) - 100;
		machine_put32(m, DATA + 0x2000 + 16 * i, bits_of(s[i]));
		machine_put32(m, DATA + 0x2004 + 16 * i, bits_of(t[i]));
		machine_put32(m, DATA + 0x2008 + 16 * i, lod[i] & 0xffff);
	}
}

#define PLACE \
	"MOV.i32 r4, r60\nSHADDX.u64 r6, u4, r60.w0, shift:0x4\n" \
	"LOAD.i96.unsigned.slot0.wait0 @r8:r9:r10, r6, offset:0\n" RESULT
#define SAMPLE \
	"TEX_SINGLE.slot0.f.32.r.2d.wide_indices.explicit.wait0 @r0, @r8:r9:r10, u2\n" PUT

static void run_places(struct machine *m, const char *code)
{
	machine_uniform(m, 4, DATA + 0x2000);
	machine_uniform(m, 5, 0);
	is_u64(run(m, code), SHADER_DONE, "samples");
}

static void set_border(struct machine *m)
{
	for (unsigned int i = 0; i < 4; i++)
		machine_put32(m, SET0 + 32 * SAMPLER + 16 + 4 * i, 0x3f000000);
}

static void test_linear(int mode)
{
	float s[64], t[64];
	double most = 0;
	struct machine m;
	int lod[64];

	begin_levels(&m);
	put_sampler(&m, WRAP(mode) | NORMALIZED | ROUND | TRILINEAR, MAX_LOD);
	set_border(&m);
	put_places(&m, s, t, lod);
	run_places(&m, PLACE SAMPLE);
	for (unsigned int i = 0; i < 64; i++) {
		double l = lod[i] < 0 ? 0 : lod[i] > 512 ? 2 : lod[i] / 256.0, f = l - floor(l);
		int low = floor(l), high = low < 2 ? low + 1 : 2;
		double want = (1 - f) * bilinear(low, s[i], t[i], mode) +
			      f * bilinear(high, s[i], t[i], mode);
		double d = fabs(want - float_of(data32(&m, i)));

		most = d > most ? d : most;
	}
	/* Half of a 256th along each axis, of a slope of 1 at most */
	ok(most < 1.01 / 256 && most > 0, "mode %d: at most %.6f from the exact value", mode,
	   most);
	machine_fini(&m);
}

static void test_nearest(int mode)
{
	unsigned int good = 0;
	float s[64], t[64];
	struct machine m;
	int lod[64];

	begin_levels(&m);
	put_sampler(&m, WRAP(mode) | NORMALIZED | MIN_NEAREST | MAG_NEAREST, MAX_LOD);
	set_border(&m);
	put_places(&m, s, t, lod);
	run_places(&m, PLACE SAMPLE);
	for (unsigned int i = 0; i < 64; i++) {
		double l = lod[i] < 0 ? 0 : lod[i] > 512 ? 2 : lod[i] / 256.0;
		int level = ceil(l + 0.5) - 1, n = side_of(level);
		float want = at(level, floor(s[i] * n), floor(t[i] * n), mode);

		good += data32(&m, i) == bits_of(want);
	}
	is_u64(good, 64, "mode %d: the nearest texel of the nearest level", mode);
	machine_fini(&m);
}

/* A coordinate within a 512th of the next texel is in that if it is rounded */
static void test_rounding(void)
{
	struct machine m;

	for (unsigned int round = 0; round < 2; round++) {
		begin_levels(&m);
		put_sampler(&m, WRAP(WRAP_EDGE) | MIN_NEAREST | MAG_NEAREST |
			    (round ? ROUND : 0), MAX_LOD);
		for (unsigned int i = 0; i < 64; i++) {
			machine_put32(&m, DATA + 0x2000 + 16 * i, bits_of(1.9985));
			machine_put32(&m, DATA + 0x2004 + 16 * i, bits_of(0.5));
		}
		run_places(&m, PLACE SAMPLE);
		ok(data32(&m, 5) == bits_of(texels[0][0][1 + round]),
		   "coordinates are rounded %s", round ? "to the nearest" : "down");
		machine_fini(&m);
	}
}

/* Of as many texels aside as the handle says, if it is a narrow one */
static void test_gather(const char *wide, int dx, int dy)
{
	struct machine m;
	unsigned int good = 0;
	char code[512];
	float s[64], t[64];
	int lod[64];

	begin_levels(&m);
	put_sampler(&m, WRAP(WRAP_REPEAT) | NORMALIZED | ROUND, MAX_LOD);
	put_places(&m, s, t, lod);
	if (!*wide) {
		machine_uniform(&m, 2, NARROW);
		machine_uniform(&m, 3, (dx & 15) | (dy & 15) << 4);
	}
	snprintf(code, sizeof(code), PLACE
		 "SHADDX.u64 r2, u0, r60.w0, shift:0x4\n"
		 "TEX_GATHER.slot0.f.32.2d%s.gather4_r.wait0 "
		 "@r12:r13:r14:r15, @r8:r9, u2\n"
		 "STORE.i128.slot0.end @r12:r13:r14:r15, r2, offset:0\n", wide);
	run_places(&m, code);
	for (unsigned int i = 0; i < 64; i++) {
		double u = rint(s[i] * SIDE * 256) / 256 - 0.5;
		double v = rint(t[i] * SIDE * 256) / 256 - 0.5;
		int x = floor(u) + dx, y = floor(v) + dy;
		float want[4] = {
			at(0, x, y, WRAP_REPEAT), at(0, x + 1, y, WRAP_REPEAT),
			at(0, x, y + 1, WRAP_REPEAT), at(0, x + 1, y + 1, WRAP_REPEAT),
		};

		good += !memcmp(machine_at(&m, DATA + 16 * i), want, 16);
	}
	is_u64(good, 64, "gathers, row by row, %d and %d aside", dx, dy);
	machine_fini(&m);
}

/* Less than or equal is function 3: the texel, then the reference */
static void test_compare(void)
{
	float s[64], t[64];
	unsigned int good = 0;
	struct machine m;
	int lod[64];

	begin_levels(&m);
	put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED | MIN_NEAREST | MAG_NEAREST,
		    MAX_LOD | 3 << 13);
	put_places(&m, s, t, lod);
	run_places(&m, PLACE "MOV.i32 r10, u6\n"
		   "TEX_SINGLE.slot0.f.32.r.2d.wide_indices.shadow.zero.wait0 "
		   "@r0, @r8:r9:r10, u2\n" PUT);
	machine_uniform(&m, 6, bits_of(0.6));
	machine_run(&m);
	for (unsigned int i = 0; i < 64; i++) {
		float d = at(0, floor(s[i] * SIDE), floor(t[i] * SIDE), WRAP_EDGE);

		good += data32(&m, i) == (d <= 0.6f ? 0x3f800000 : 0);
	}
	is_u64(good, 64, "comparisons");
	machine_fini(&m);
}

/* Derivatives to a LOD, and that LOD used */
static void test_gradient(void)
{
	struct machine m;
	double most = 0;

	begin_levels(&m);
	put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED, MAX_LOD);
	for (unsigned int i = 0; i < 64; i++) {
		machine_put32(&m, DATA + 0x2000 + 16 * i, bits_of(0.01 * (i + 1)));
		machine_put32(&m, DATA + 0x2004 + 16 * i, bits_of(0.013 * (64 - i)));
		machine_put32(&m, DATA + 0x2008 + 16 * i, bits_of(0.02));
	}
	run_places(&m, PLACE "MOV.i32 r11, 0x0\n"
		   "TEX_GRADIENT.slot0.u.32.rg.2d.wide_indices.lod_bias_disable."
		   "lod_clamp_disable.derivative.wait0 @r0:r1, @r8:r9:r10:r11, u2\n" PUT);
	for (unsigned int i = 0; i < 64; i++) {
		double dx = SIDE * hypot(0.01 * (i + 1), 0.02), dy = SIDE * 0.013 * (64 - i);
		double d = fabs(log2(dx > dy ? dx : dy) - (int16_t)data32(&m, i) / 256.0);

		most = d > most ? d : most;
	}
	ok(most < 2.1 / 256, "gradients to LODs, %.4f off at most", most);
	machine_fini(&m);
}

/* --- What descriptors say ---------------------------------------------------- */

/* All 64 threads sample one place, with one LOD; what the first of them gets */
static float sampled(struct machine *m, float s, float t, int lod)
{
	for (unsigned int i = 0; i < 64; i++) {
		machine_put32(m, DATA + 0x2000 + 16 * i, bits_of(s));
		machine_put32(m, DATA + 0x2004 + 16 * i, bits_of(t));
		machine_put32(m, DATA + 0x2008 + 16 * i, lod & 0xffff);
	}
	machine_uniform(m, 4, DATA + 0x2000);
	machine_uniform(m, 5, 0);
	run_through(m, PLACE SAMPLE);
	return float_of(data32(m, 0));
}

/* However far away, an edge is repeated */
static void test_far_away(void)
{
	static const float far[] = { 1e6, 1e13, 1e30, INFINITY };
	unsigned int good = 0;
	struct machine m;

	begin_levels(&m);
	put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED, MAX_LOD);
	for (unsigned int i = 0; i < N(far); i++) {
		good += sampled(&m, -far[i], 0.5 / SIDE, 0) == (float)texels[0][0][0];
		good += sampled(&m, far[i], 0.5 / SIDE, 0) == (float)texels[0][0][SIDE - 1];
	}
	is_u64(good, 2 * N(far), "the edges, however far beyond them");
	machine_fini(&m);
}

/* Texels are the number of their level, the first 1 */
static void begin_numbered(struct machine *m)
{
	begin_levels(m);
	for (int level = 0; level < 3; level++)
		for (int i = 0; i < 16 * side_of(level); i++)
			machine_put32(m, DATA + 0x4000 + 0x400 * level + 4 * i,
				      bits_of(level + 1));
}

/* LODs: the instruction's and the bias, then the sampler's limits, then the texture's */
static void test_lods(void)
{
	static const struct {
		uint32_t lods, bias, limits;
		int lod;
		float want;
	} all[] = {
		{ MAX_LOD, 0, 2 << 24, 0, 1 },
		{ MAX_LOD, 0, 2 << 24, 0x100, 2 },
		{ MAX_LOD | 0x100, 0, 2 << 24, 0, 2 },		/* at least 1 */
		{ 0x100 << 16, 0, 2 << 24, 0x200, 2 },		/* at most 1 */
		{ MAX_LOD, 0x100, 2 << 24, 0, 2 },		/* 1 more */
		{ MAX_LOD, 0xff00, 2 << 24, 0x200, 2 },		/* 1 less */
		{ MAX_LOD, 0x100, 2 << 24, -0x100, 1 },
		{ MAX_LOD, 0, 2 << 24 | 0x200, 0, 3 },		/* the texture's least */
		{ MAX_LOD, 0, 1 << 24, 0x200, 2 },		/* and its most */
		{ MAX_LOD | 0x200, 0, 1 << 24, 0, 2 },		/* which comes last */
		{ MAX_LOD, 0, 16 << 24, 0x700, 3 },		/* there are three */
		{ MAX_LOD, 0, 2 << 24, 0x80, 1.5 },		/* between two */
	};
	unsigned int good = 0;
	struct machine m;

	begin_numbered(&m);
	for (unsigned int i = 0; i < N(all); i++) {
		float got;

		put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED | TRILINEAR, all[i].lods);
		machine_put32(&m, SET0 + 32 * SAMPLER + 8, all[i].bias);
		machine_put32(&m, SET0 + 32 * IMAGE + 12, all[i].limits);
		got = sampled(&m, 0.5, 0.5, all[i].lod);
		good += got == all[i].want;
		if (got != all[i].want)
			diag("case %u: %f, not %f", i, got, all[i].want);
	}
	is_u64(good, N(all), "LODs with their limits and a bias");
	put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED | TRILINEAR, MAX_LOD);
	machine_put32(&m, SET0 + 32 * SAMPLER + 8, 0);
	machine_put32(&m, SET0 + 32 * IMAGE + 12, 2 << 24);
	for (int i = 0; i < 16 * side_of(1); i++)
		machine_put32(&m, DATA + 0x4400 + 4 * i, bits_of(INFINITY));
	ok(sampled(&m, 0.5, 0.5, 0) == 1, "a level's next one has no part in it");
	machine_fini(&m);
}

/* Numbers that are integers are not filtered, neither within a level nor between two */
static void test_integer_levels(void)
{
	struct machine m;
	uint32_t low;

	begin_numbered(&m);
	machine_put32(&m, SET0 + 32 * IMAGE,
		      (machine_get32(&m, SET0 + 32 * IMAGE) & 0x3ff) | R32UI << 10);
	for (int level = 0; level < 3; level++)
		for (int i = 0; i < 16 * side_of(level); i++)
			machine_put32(&m, DATA + 0x4000 + 0x400 * level + 4 * i, level + 1);
	put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED | TRILINEAR, MAX_LOD);
	sampled(&m, 0.5, 0.5, 0x80);
	low = data32(&m, 0);
	sampled(&m, 0.5, 0.5, 0x81);
	ok(low == 1 && data32(&m, 0) == 2,
	   "between two levels of integers the nearest is read (%u, %u)", low, data32(&m, 0));
	machine_fini(&m);
}

/* What no other texel has a part in is read as it is; the mean of NaNs is the one there is */
static void test_alone(void)
{
	static const uint32_t values[] = { 0x80000000, 0xffc12345, 0x7f800001, 0x80000001 };
	unsigned int nearest = 0, linear = 0, mean = 0;
	struct machine m;

	begin_levels(&m);
	for (unsigned int i = 0; i < N(values); i++) {
		for (unsigned int k = 0; k < 16 * SIDE; k++)
			machine_put32(&m, DATA + 0x4000 + 4 * k, values[i]);
		put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED | MIN_NEAREST | MAG_NEAREST, MAX_LOD);
		sampled(&m, 0.5, 0.5, 0);
		nearest += data32(&m, 0) == values[i];
		put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED, MAX_LOD);
		/* In the middle of a texel, and of four */
		sampled(&m, 0.5 / SIDE, 0.5 / SIDE, 0);
		linear += data32(&m, 0) == values[i];
		sampled(&m, 0.5, 0.5, 0);
		mean += data32(&m, 0) == (i == 1 || i == 2 ? 0x7fc00000 : values[i]);
	}
	is_u64(nearest, N(values), "a texel without a filter keeps its bits");
	is_u64(linear, N(values), "and one that a filter reads alone");
	is_u64(mean, N(values), "the mean of what is the same is the same, of NaNs it is one");
	machine_fini(&m);
}

/* Bit 29: magnified up to half a level, not up to the first alone */
static void test_cutoff(void)
{
	unsigned int good = 0;
	struct machine m;

	begin_levels(&m);
	for (unsigned int i = 0; i < 2; i++) {
		uint32_t word = WRAP(WRAP_EDGE) | NORMALIZED | MIN_NEAREST | i << 29;
		/* Half-way between texels 1 and 2 of the first row */
		float want = i ? (texels[0][0][1] + texels[0][0][2]) / 2 : texels[0][0][2];

		put_sampler(&m, word, MAX_LOD);
		good += fabs(sampled(&m, 2.0 / SIDE, 0.5 / SIDE, 0x40) - want) < 0.000001;
		good += fabs(sampled(&m, 2.0 / SIDE, 0.5 / SIDE, 0) -
			     (texels[0][0][1] + texels[0][0][2]) / 2) < 0.000001;
		good += sampled(&m, 2.0 / SIDE, 0.5 / SIDE, 0x81) ==
			(float)texels[1][0][1];
	}
	is_u64(good, 6, "which filter there is at which LOD");
	machine_fini(&m);
}

/* The least and the most of four texels, where their mean would be */
static void test_reduction(void)
{
	double a, b, c, d, least, most;
	struct machine m;

	begin_levels(&m);
	a = texels[0][3][4];
	b = texels[0][3][5];
	c = texels[0][4][4];
	d = texels[0][4][5];
	least = fmin(fmin(a, b), fmin(c, d));
	most = fmax(fmax(a, b), fmax(c, d));
	put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED | 2 << 4, MAX_LOD);
	ok(sampled(&m, 5.0 / SIDE, 4.0 / SIDE, 0) == (float)least, "the least of four texels");
	put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED | 3 << 4, MAX_LOD);
	ok(sampled(&m, 5.0 / SIDE, 4.0 / SIDE, 0) == (float)most, "and the most");
	machine_fini(&m);
}

/* Each function, of a texel of 0.5 with what is less, the same and more */
static void test_functions(void)
{
	static const float references[3] = { 0.25, 0.5, 0.75 };
	static const uint8_t holds[8] = { 0, 4, 2, 6, 1, 5, 3, 7 };
	unsigned int good = 0;
	struct machine m;

	begin_numbered(&m);
	for (int i = 0; i < 16 * SIDE; i++)
		machine_put32(&m, DATA + 0x4000 + 4 * i, bits_of(0.5));
	for (unsigned int function = 0; function < 8; function++) {
		put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED | MIN_NEAREST | MAG_NEAREST,
			    MAX_LOD | function << 13);
		for (unsigned int i = 0; i < 3; i++) {
			machine_uniform(&m, 6, bits_of(references[i]));
			run_through(&m, "MOV.i32 r4, r60\nMOV.i32 r8, 0x0\nMOV.i32 r9, 0x0\n"
				    "MOV.i32 r10, u6\n" RESULT
				    "TEX_SINGLE.slot0.f.32.r.2d.wide_indices.shadow.zero.wait0 "
				    "@r0, @r8:r9:r10, u2\n" PUT);
			good += data32(&m, 0) == (holds[function] >> i & 1 ? 0x3f800000 : 0);
		}
	}
	is_u64(good, 24, "each function of comparisons");
	machine_fini(&m);

	/* What is normalized is compared with what it can be */
	begin(&m, &small);
	memset(machine_at(&m, DATA + 0x4000), 0xff, 1024);
	put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED | MIN_NEAREST | MAG_NEAREST,
		    MAX_LOD | 2 << 13);
	machine_uniform(&m, 6, bits_of(2));
	run_through(&m, "MOV.i32 r4, r60\nMOV.i32 r8, 0x0\nMOV.i32 r9, 0x0\nMOV.i32 r10, u6\n"
		    RESULT "TEX_SINGLE.slot0.f.32.r.2d.wide_indices.shadow.zero.wait0 "
		    "@r0, @r8:r9:r10, u2\n" PUT);
	is_u64(data32(&m, 0), 0x3f800000, "a reference of 2 is 1 to a texel of 1");
	machine_fini(&m);
}

/* Red is what was blue, green 0, blue 1, alpha what was red */
/* Texels that all are this one, of which red is what was blue, and alpha what was red */
static void begin_swizzled(struct machine *m, uint32_t texel)
{
	begin(m, &small);
	for (unsigned int i = 0; i < 256; i++)
		machine_put32(m, DATA + 0x4000 + 4 * i, texel);
	machine_put32(m, SET0 + 32 * IMAGE + 8, 2 | 4 << 3 | 5 << 6);
}

static void test_swizzles(void)
{
	static const char *const reads[] = {
		"LD_TEX_IMM.v4.f32.slot0.wait0 @r12:r13:r14:r15, r5, 0x0, index:0x1, table:0x1",
		"TEX_FETCH.slot0.f.32.2d.wide_indices.wait0 @r12:r13:r14:r15, @r60:r61, u2",
		"TEX_SINGLE.slot0.f.32.2d.wide_indices.zero.wait0 @r12:r13:r14:r15, @r8:r9, u2",
	};
	static const uint32_t want[4] = { 0x3f800000, 0, 0x3f800000, 0 };
	struct machine m;
	char code[512];

	begin_swizzled(&m, 0x40ff8000);
	put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED | MIN_NEAREST | MAG_NEAREST, MAX_LOD);
	for (unsigned int i = 0; i < N(reads); i++) {
		snprintf(code, sizeof(code), COORDS "MOV.i32 r8, 0x0\nMOV.i32 r9, 0x0\n%s\n"
			 "STORE.i128.slot0.end @r12:r13:r14:r15, u0, offset:0\n", reads[i]);
		run_through(&m, code);
		ok(!memcmp(machine_at(&m, DATA), want, sizeof(want)), "swizzled: %.*s",
		   (int)strcspn(reads[i], "."), reads[i]);
	}
	machine_fini(&m);
}

/* An sRGB texture as it is read, and as a sampler that takes it as it is */
static void test_srgb(void)
{
	static const struct picture picture = {
		RGBA8 | 1 << 20, DIM_2D, 16, 16, 1, 1, 1, ORDER_U_TILED, 2
	};
	struct machine m;

	for (unsigned int raw = 0; raw < 2; raw++) {
		float want = raw ? 128 / 255.0f : 0.215861f;

		begin(&m, &picture);
		memset(machine_at(&m, DATA + 0x4000), 0x80, 1024);
		put_sampler(&m,
			    WRAP(WRAP_EDGE) | NORMALIZED | MIN_NEAREST | MAG_NEAREST | raw << 22,
			    MAX_LOD);
		machine_size(&m, 64, 1, 1, 1, 1, 1);
		ok(fabs(sampled(&m, 0.5, 0.5, 0) - want) < 0.00001, "sRGB %s",
		   raw ? "as it is" : "becomes linear");
		machine_fini(&m);
	}
}

/* R32 as UNORM and SNORM, by their numbers: what doubles have no room for is rounded once */
static void test_wide(void)
{
	static const struct {
		unsigned int number;
		uint32_t value, want;
	} cases[] = {
		{ 165, 0x3f000001, 0x800000ff }, { 165, 0x3f7fffff, 0xfffffeff },
		{ 165, 0x2f000000, 0 }, { 165, 0x2f000001, 1 }, { 165, 1, 0 },
		{ 165, 0x3f000000, 0x80000000 }, { 165, 0x3f800000, 0xffffffff },
		{ 165, 0x40000000, 0xffffffff }, { 101, 0x3f000001, 0x4000007f },
		{ 101, 0xbf000001, 0xbfffff81 }, { 101, 0xbf800000, 0x80000001 },
		{ 101, 0xc0400000, 0x80000001 }, { 101, 0x80000000, 0 },
	};

	for (unsigned int i = 0; i < N(cases); i++) {
		struct pixel_format f;
		uint32_t v[4] = { cases[i].value }, texel[4] = { 0 };

		if (format_decode(&f, cases[i].number << 12))
			abort();
		format_pack(&f, v, texel);
		is_u64(texel[0], cases[i].want, "0x%x in 32 bits, format %u", cases[i].value,
		       cases[i].number);
	}
	for (unsigned int bits = 0; bits < 256; bits++) {
		struct pixel_format f;
		bool eight = bits == 163 || bits == 171 || bits == 179 || bits == 187;

		if (format_decode(&f, bits << 12))
			continue;
		ok(!format_decode(&f, 1u << 20 | bits << 12) == eight,
		   "sRGB of format %u: %s", bits, eight ? "is there" : "is refused");
	}
}

/* Each thread has a texture, or a layer and a level, of its own */
static void test_each_its_own(void)
{
	static const struct picture one = { R32UI, DIM_2D, 4, 4, 1, 1, 1, ORDER_LINEAR, 2 };
	struct machine m;
	bool good = true;

	begin_array(&m);
	machine_size(&m, 12, 1, 1, 1, 1, 1);
	/* Layer: a fourth of the number; level: its lowest bit, in the offsets' top byte */
	run_through(&m, "MOV.i32 r4, r60\nMOV.i32 r8, 0x0\nMOV.i32 r9, 0x0\n"
		    "RSHIFT_OR.i32 r10, r60, 0x3020100.b22, 0x0\n"
		    "LSHIFT_AND.i32 r11, r60, 0x1F1E1D1C.b33, 0x0.not\n"
		    "RSHIFT_OR.i32 r11, r11, 0x7060504.b33, 0x0\n"
		    "TEX_FETCH.slot0.u.32.r.2d.wide_indices.array_enable.texel_offset.wait0 "
		    "@r0, @r8:r9:r10:r11, u2\n" RESULT PUT);
	for (unsigned int i = 0; i < 12; i++)
		good &= data32(&m, i) == 64 * (2 * (i / 4) + i % 2);
	ok(good, "a layer and a level for each thread");
	/* The level is the same for all, a layer a fourth of the number */
	run_through(&m, "MOV.i32 r4, r60\nMOV.i32 r8, 0x0\nMOV.i32 r9, 0x0\n"
		    "RSHIFT_OR.i32 r10, r60, 0x3020100.b22, 0x0\n"
		    "TEX_FETCH.slot0.u.32.r.2d.wide_indices.array_enable.wait0 "
		    "@r0, @r8:r9:r10, u2\n" RESULT PUT);
	for (unsigned int i = 0; i < 12; i++)
		good &= data32(&m, i) == 64 * 2 * (i / 4);
	ok(good, "a layer for each thread, of one level");
	put_texture(&m, TEXTURE, &one);
	machine_put32(&m, SET0 + 32 * TEXTURE + 16, PLANES + 32 * 5);
	machine_uniform(&m, 6, 6);
	machine_uniform(&m, 7, 1 << 24 | TEXTURE);
	run_through(&m, "MOV.i32 r4, r60\n"
		    "ICMP_OR.u32.lt.m1 r1, r60, u6, 0x0\n"
		    "MOV.i32 r7, u7\nCSEL.u32.eq r5, r1, 0x0, u3, r7\n"
		    "LD_TEX.u32.slot0.wait0 @r0, 0x0, 0x0, r5\n" RESULT PUT);
	for (unsigned int i = 0; i < 12; i++)
		good &= data32(&m, i) == (i < 6 ? 64 * 5 : 0);
	ok(good, "and a texture");
	machine_fini(&m);
}

/*
 * A texture with each row in pages of its own, the first texel at the end of one: sixteen
 * filters want more pages than an instruction keeps.
 */
static void test_many_pages(void)
{
	static const struct picture tall = { R32F, DIM_2D, 4, 40, 1, 1, 1, ORDER_LINEAR, 2 };
	unsigned int good = 0;
	struct machine m;

	begin(&m, &tall);
	machine_map(&m, DATA + DATA_PAGES * 4096, 24, MAY_READ | MAY_WRITE);
	put_plane(&m, &tall, 0, DATA + 4092, 4096, 0);
	for (unsigned int y = 0; y < 39; y++)
		for (unsigned int x = 0; x < 4; x++)
			machine_put32(&m, DATA + 4092 + 4096 * y + 4 * x, bits_of(y));
	put_sampler(&m, WRAP(WRAP_EDGE), MAX_LOD);
	machine_size(&m, 16, 1, 1, 1, 1, 1);
	machine_uniform(&m, 0, WLS);
	machine_uniform(&m, 6, bits_of(2.25));
	run_through(&m, "MOV.i32 r4, r60\nU32_TO_F32 r9, r60\nFMA.f32 r9, r9, u6, 0x3F800000\n"
		    "MOV.i32 r8, 0x3F800000\n" RESULT
		    "TEX_SINGLE.slot0.f.32.r.2d.wide_indices.zero.wait0 @r0, @r8:r9, u2\n" PUT);
	for (unsigned int i = 0; i < 16; i++)
		good += machine_get32(&m, WLS + 4 * i) == bits_of(2.25 * i + 0.5);
	is_u64(good, 16, "filters of 16 threads, each in pages of its own");
	machine_fini(&m);
}

/* --- What each part of a descriptor does ------------------------------------- */

/* The first of 16 threads' result of an instruction: registers 8 to 11 are uniforms 8 to 11 */
static uint32_t result_of(struct machine *m, const char *instr)
{
	char code[512];

	snprintf(code, sizeof(code), "MOV.i32 r4, r60\nMOV.i32 r8, u8\nMOV.i32 r9, u9\n"
		 "MOV.i32 r10, u10\nMOV.i32 r11, u11\n" RESULT "%s\n" PUT, instr);
	machine_size(m, 16, 1, 1, 1, 1, 1);
	machine_put32(m, DATA, 0x55555555);
	run_through(m, code);
	return data32(m, 0);
}

static float result_at(struct machine *m, const char *instr, float s, float t, float r)
{
	machine_uniform(m, 8, bits_of(s));
	machine_uniform(m, 9, bits_of(t));
	machine_uniform(m, 10, bits_of(r));
	return float_of(result_of(m, instr));
}

#define NEAREST	(MIN_NEAREST | MAG_NEAREST)
#define SINGLE(rest)	"TEX_SINGLE.slot0.f.32.r." rest ", u2"
#define SINGLE_2D	SINGLE("2d.wide_indices.zero.wait0 @r0, @r8:r9")
#define SINGLE_3D	SINGLE("3d.wide_indices.zero.wait0 @r0, @r8:r9:r10")

/* 4 by 4 by 4 texels, which are x + 4 y + 16 z */
static void begin_solid(struct machine *m)
{
	static const struct picture solid = { R32F, DIM_3D, 4, 4, 4, 1, 1, ORDER_LINEAR, 2 };

	begin(m, &solid);
	put_plane(m, &solid, 0, DATA + 0x4000, 16, 64);
	for (unsigned int i = 0; i < 64; i++)
		machine_put32(m, DATA + 0x4000 + 4 * i, bits_of(i));
}

/* The third axis counts as the others do, and each has a mode of its own */
static void test_axes(void)
{
	struct machine m;

	begin_solid(&m);
	put_sampler(&m, WRAP_REPEAT << 16 | WRAP_EDGE << 12 | WRAP_BORDER << 8 | NORMALIZED |
		    NEAREST, MAX_LOD);
	set_border(&m);
	ok(result_at(&m, SINGLE_3D, 1.375, 1.375, 0.375) == 1 + 4 * 3 + 16 * 1,
	   "repeated along S, the edge along T");
	ok(result_at(&m, SINGLE_3D, 0.375, 0.375, 1.375) == 0.5, "and a border along R");
	ok(result_at(&m, SINGLE_3D, 0.375, -0.375, 0.875) == 1 + 4 * 0 + 16 * 3,
	   "of which nothing shows inside");
	machine_uniform(&m, 11, 0x02ff01);
	ok(result_at(&m, SINGLE("3d.wide_indices.texel_offset.zero.wait0 @r0, @r8:r9:r10:r11"),
		     0.125, 0.375, 0.125) == 1 + 4 * 0 + 16 * 2, "offsets along three axes");
	put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED, MAX_LOD);
	ok(result_at(&m, SINGLE_3D, 0.375, 0.625, 0.5) == 1 + 4 * 2 + 16 * 1.5,
	   "half-way between two slices is their mean");
	machine_fini(&m);
}

/* A layer is a float, and the nearest even one where two are as near */
static void test_layers(void)
{
	static const struct picture array = { R32F, DIM_2D, 4, 4, 1, 1, 3, ORDER_LINEAR, 2 };
	static const struct {
		float layer, want;
	} all[] = {
		{ 0, 1 }, { 0.5, 1 }, { 0.51, 2 }, { 1, 2 }, { 1.5, 3 }, { 1.6, 3 }, { 7, 3 },
		{ -3, 1 }, { NAN, 1 }, { INFINITY, 3 },
	};
	unsigned int good = 0;
	struct machine m;

	begin(&m, &array);
	put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED, MAX_LOD);
	for (unsigned int layer = 0; layer < 3; layer++) {
		put_plane(&m, &array, layer, DATA + 0x4000 + 64 * layer, 16, 0);
		for (unsigned int i = 0; i < 16; i++)
			machine_put32(&m, DATA + 0x4000 + 64 * layer + 4 * i,
				      bits_of(layer + 1));
	}
	for (unsigned int i = 0; i < N(all); i++)
		good += result_at(&m, SINGLE("2d.wide_indices.array_enable.zero.wait0 "
					     "@r0, @r8:r9:r10"),
				  0.5, 0.5, all[i].layer) == all[i].want;
	is_u64(good, N(all), "layers by floats");
	machine_fini(&m);
}

#define LOAD_LAYER	"LD_TEX.u32.slot0.wait0 @r0, 0x0, r8, u3"

/* What is beyond the last layer is outside, even with a plane there; so are slices in 2D */
static void test_beyond(void)
{
	struct machine m;

	begin_array(&m);
	put_plane(&m, &words, 6, DATA + 0x4000, 64, 0);
	machine_put32(&m, DATA + 0x4000, 1);
	machine_uniform(&m, 8, 2 << 16);
	is_u64(result_of(&m, LOAD_LAYER), 64 * 4, "the last layer");
	machine_uniform(&m, 8, 3 << 16);
	is_u64(result_of(&m, LOAD_LAYER), 0, "and none behind it");
	/* A depth says nothing of a 2D texture */
	machine_put32(&m, SET0 + 32 * IMAGE + 28, 7);
	machine_uniform(&m, 8, 1);
	is_u64(result_of(&m, LOAD_LAYER), 0, "a 2D texture has one slice");
	machine_fini(&m);
}

/* Faces are layers, six for each of a cube's */
static void test_faces(void)
{
	static const struct picture cube = { R32UI, DIM_CUBE, 4, 4, 1, 1, 2, ORDER_LINEAR, 2 };
	unsigned int loads = 0, fetches = 0;
	struct machine m;

	begin(&m, &cube);
	for (unsigned int i = 0; i < 12; i++) {
		put_plane(&m, &cube, i, DATA + 0x4000 + 64 * i, 16, 0);
		machine_put32(&m, DATA + 0x4000 + 64 * i, i + 1);
	}
	machine_uniform(&m, 9, 0);
	for (unsigned int i = 0; i < 14; i++) {
		machine_uniform(&m, 8, i << 16);
		loads += result_of(&m, LOAD_LAYER) == (i < 12 ? i + 1 : 0);
		machine_uniform(&m, 8, 0);
		machine_uniform(&m, 10, i);
		fetches += result_of(&m, "TEX_FETCH.slot0.u.32.r.2d.wide_indices.array_enable"
				     ".wait0 @r0, @r8:r9:r10, u2") == (i < 12 ? i + 1 : 0);
	}
	is_u64(loads, 14, "loads from each face of two cubes");
	is_u64(fetches, 14, "and fetches");
	machine_fini(&m);
}

/* A level is a texel high at least */
static void test_flat_levels(void)
{
	static const struct picture flat = { R32F, DIM_2D, 16, 2, 1, 4, 1, ORDER_LINEAR, 2 };
	static const int modes[] = { WRAP_REPEAT, WRAP_EDGE };
	unsigned int good = 0;
	struct machine m;

	begin(&m, &flat);
	for (unsigned int level = 0; level < 4; level++) {
		put_plane(&m, &flat, level, DATA + 0x4000 + 128 * level, 64, 0);
		for (unsigned int i = 0; i < 32; i++)
			machine_put32(&m, DATA + 0x4000 + 128 * level + 4 * i,
				      bits_of(level + 1));
	}
	for (unsigned int i = 0; i < N(modes); i++) {
		put_sampler(&m, WRAP(modes[i]) | NORMALIZED | NEAREST, MAX_LOD);
		machine_size(&m, 64, 1, 1, 1, 1, 1);
		good += sampled(&m, 0.9, 0.9, 0x200) == 3 && sampled(&m, 0.9, 0.9, 0x300) == 4;
	}
	is_u64(good, N(modes), "levels of 4 by 1 and 2 by 1");
	machine_fini(&m);
}

/* A sampler that has no levels reads the first, whatever the LOD */
static void test_no_levels(void)
{
	struct machine m;

	begin_numbered(&m);
	put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED | 1u << 30, MAX_LOD);
	ok(sampled(&m, 0.5, 0.5, 0x100) == 1, "a sampler without levels reads the first");
	machine_put32(&m, SET0 + 32 * IMAGE,
		      (machine_get32(&m, SET0 + 32 * IMAGE) & 0x3ff) | R32UI << 10);
	ok(sampled(&m, 0.5, 0.5, 0x100) == 1, "of integers as well");
	machine_fini(&m);
}

/* What has a byte of its own for alpha, or for a stencil, is stored as such */
static void stores_byte(uint32_t word, unsigned int clump, const char *type,
			uint32_t value, uint32_t want, const char *what)
{
	struct picture p = { word, DIM_2D, 4, 4, 1, 1, 1, ORDER_LINEAR, clump };
	struct machine m;
	char code[512];

	begin(&m, &p);
	put_plane(&m, &p, 0, DATA + 0x4000, 4, 0);
	machine_put32(&m, DATA + 0x4000, 0x11111111);
	machine_size(&m, 1, 1, 1, 1, 1, 1);
	machine_uniform(&m, 8, value);
	machine_uniform(&m, 9, 1);
	snprintf(code, sizeof(code), "MOV.i32 r4, u8\nMOV.i32 r5, u8\nMOV.i32 r6, u8\n"
		 "MOV.i32 r7, u8\nLEA_TEX.slot0.wait0 @r8:r9:r10, u9, 0x0, u3\n"
		 "ST_CVT.slot1.v4.%s.end @r4:r5:r6:r7, r8, r10, offset:0x0\n", type);
	run_through(&m, code);
	is_u64(machine_get32(&m, DATA + 0x4000), 0x11110011 | want << 8,
	       "%s is stored as a byte", what);
	machine_fini(&m);
}

/* A plane that is none: reads are of texels of zeros, stores go nowhere */
static void test_null_plane(void)
{
	struct machine m;

	begin(&m, &words);
	for (unsigned int i = 4; i < 32; i += 4)
		machine_put32(&m, PLANES + i, 0);
	machine_put32(&m, PLANES, 10);
	machine_uniform(&m, 8, 0);
	machine_uniform(&m, 9, 0);
	is_u64(result_of(&m, LOAD_LAYER), 0, "a plane that is none reads as zero");
	is_u64(result_of(&m, "TEX_FETCH.slot0.u.32.r.2d.wide_indices.wait0 @r0, @r8:r9, u2"), 0,
	       "by a fetch as well");
	is_u64(result_of(&m, "LEA_TEX.slot0.wait0 @r12:r13:r14, 0x0, 0x0, u3\nMOV.i32 r0, r13"),
	       NOWHERE >> 32, "and its texels are nowhere");
	machine_fini(&m);
}

/* A texture that is none, by what has a sampler and what has none */
static void test_null_texture(void)
{
	static const char *const reads[] = {
		LOAD_LAYER, SINGLE_2D,
		"TEX_FETCH.slot0.u.32.r.2d.wide_indices.wait0 @r0, @r8:r9, u2",
		"TEX_GATHER.slot0.f.32.r.2d.wide_indices.gather4_r.wait0 @r0, @r8:r9, u2",
		"TEX_GRADIENT.slot0.u.32.rg.2d.wide_indices.lod_bias_disable."
		"lod_clamp_disable.derivative.wait0 @r0:r1, @r8:r9:r10:r11, u2",
	};
	struct machine m;

	begin(&m, &words);
	put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED, MAX_LOD);
	for (unsigned int i = 0; i < 32; i += 4)
		machine_put32(&m, SET0 + 32 * IMAGE + i, 0);
	for (unsigned int i = 8; i < 12; i++)
		machine_uniform(&m, i, 0x3f800000);
	for (unsigned int i = 0; i < N(reads); i++)
		is_u64(result_of(&m, reads[i]), 0, "no texture: %.*s",
		       (int)strcspn(reads[i], "."), reads[i]);
	machine_fini(&m);
}

/* Each colour of a gather, after the swizzle: what was blue, 0, 1, what was red */
static void test_gathered_colours(void)
{
	/* 0x33 is a fifth of 0xff */
	static const float want[4] = { 1, 0, 1, 0.2 };
	unsigned int good = 0;
	struct machine m;
	char instr[128];

	begin_swizzled(&m, 0x40ff8033);
	put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED, MAX_LOD);
	machine_uniform(&m, 8, 0x3f000000);
	machine_uniform(&m, 9, 0x3f000000);
	for (unsigned int i = 0; i < 4; i++) {
		snprintf(instr, sizeof(instr), "TEX_GATHER.slot0.f.32.r.2d.wide_indices."
			 "gather4_%c.wait0 @r0, @r8:r9, u2", "rgba"[i]);
		good += result_of(&m, instr) == bits_of(want[i]);
	}
	is_u64(good, 4, "gathers of each colour are swizzled");
	machine_fini(&m);
}

/* A derivative counts by the size along its axis */
static void test_wide_gradient(void)
{
	static const struct picture wide = { R32F, DIM_2D, 16, 2, 1, 1, 1, ORDER_LINEAR, 2 };
	static const char gradient[] =
		"TEX_GRADIENT.slot0.u.32.rg.2d.wide_indices.lod_bias_disable."
		"lod_clamp_disable.derivative.wait0 @r0:r1, @r8:r9:r10:r11, u2";
	struct machine m;

	begin(&m, &wide);
	machine_uniform(&m, 11, 0);
	result_at(&m, gradient, 0.5, 0, 0);
	is_u64(data32(&m, 0), 3 * LOD_ONE, "half of a width of 16 is a LOD of 3");
	result_at(&m, gradient, 0, 0, 0.5);
	is_u64(data32(&m, 0), 0, "and half of a height of 2 one of 0");
	machine_fini(&m);
}

/* Slices, and rows in each order, that are more than 4 GiB behind the first */
static void test_far_texels(void)
{
	static const struct picture solid = { R32UI, DIM_3D, 4, 4, 3, 1, 1, ORDER_LINEAR, 2 };
	static const struct {
		enum texel_order order;
		uint32_t y;
	} rows[] = { { ORDER_LINEAR, 2 }, { ORDER_U_TILED, 32 }, { ORDER_64K, 256 } };
	struct machine m;

	for (unsigned int i = 0; i < N(rows); i++) {
		struct plane p = { .format.bytes = 4, .order = rows[i].order,
				   .row_stride = 0x80000000 };

		is_u64(layout_offset(&p, 0, rows[i].y, 0), 1ull << 32,
		       "order %u: a row 4 GiB away", rows[i].order);
	}
	begin(&m, &solid);
	put_plane(&m, &solid, 0, DATA + 0x4000, 16, 0x80000000);
	for (unsigned int z = 1; z < 3; z++) {
		machine_map(&m, DATA + 0x4000 + z * 0x80000000ull, 1, MAY_READ);
		machine_put32(&m, DATA + 0x4000 + z * 0x80000000ull, z + 10);
		machine_uniform(&m, 8, z);
		is_u64(result_of(&m, LOAD_LAYER), z + 10, "slice %u of 2 GiB each", z);
	}
	machine_fini(&m);
}

/* --- What it costs -------------------------------------------------------- */

/* Whoever reads descriptors pays for each page: the table's, the descriptor's, the plane's */
static void test_cost(void)
{
	static const struct {
		const char *code, *what;
		unsigned int pages, texels;
	} all[] = {
		{ "LD_BUFFER.i32.unsigned.slot0.end @r0, 0x0, u6\n", "a buffer", 2, 0 },
		{ "LEA_BUFFER.slot0.end @r0:r1, 0x0, u7\n", "a table as a buffer", 1, 0 },
		{ "LEA_BUF.slot0.end @r0:r1, r60, u6\n", "elements of a buffer", 2, 0 },
		{ BY_PARITY("u6") "LEA_BUF.slot0.end @r0:r1, r60, r6\n",
		  "of a buffer each", 32, 0 },
		{ "LEA_TEX.slot0.end @r0:r1:r2, r60, 0x0, u4\n", "addresses of texels", 3, 0 },
		{ BY_PARITY("u4") "LEA_TEX.slot0.end @r0:r1:r2, r60, 0x0, r6\n",
		  "of a texture each", 48, 0 },
		{ "IADD_IMM.i32 r6, 0x0, #0x10000\nLSHIFT_AND.i32 r6, r60, 0x13121110.b00, r6\n"
		  "LEA_TEX.slot0.end @r0:r1:r2, r60, r6, u4\n", "of a plane each", 18, 0 },
		{ "LD_TEX.u32.slot0.end @r0, r60, 0x0, u4\n", "texels", 3, 16 },
		{ "TEX_FETCH.slot0.u.32.r.2d.wide_indices.end @r0, @r60:r61, u2\n",
		  "texels that are fetched", 3, 16 },
		{ "TEX_SINGLE.slot0.u.32.r.2d.wide_indices.zero.end @r0, @r60:r61, u2\n",
		  "and sampled", 5, 16 },
	};
	static const struct picture array = { R32UI, DIM_2D, 16, 16, 1, 1, 2, ORDER_U_TILED, 2 };
	struct machine m;

	begin(&m, &array);
	put_plane(&m, &array, 1, DATA + 0x4000, 1024, 0);
	put_texture(&m, TEXTURE, &array);
	put_sampler(&m, WRAP(WRAP_EDGE) | MIN_NEAREST | MAG_NEAREST, MAX_LOD);
	machine_size(&m, 16, 1, 1, 1, 1, 1);
	machine_uniform(&m, 4, 1 << 24 | IMAGE);
	machine_buffer(&m, 4, DATA, 4096);
	machine_buffer(&m, 6, DATA, 4096);
	machine_uniform(&m, 6, 1 << 24 | 4);
	machine_uniform(&m, 7, 62 << 24 | 1);
	for (unsigned int i = 0; i < N(all); i++)
		is_u64(extra_of(&m, all[i].code),
		       all[i].pages * COST_DESC + all[i].texels * COST_TEXEL,
		       "what it costs: %s", all[i].what);
	/* The second descriptor of this table is in two pages */
	machine_map(&m, DATA + DATA_PAGES * 4096, 1, MAY_READ);
	machine_put64(&m, SRT + 16, (DATA + 4096 * DATA_PAGES - 48) | 1ull << 56);
	machine_uniform(&m, 6, 1 << 24 | 1);
	is_u64(extra_of(&m, all[0].code), 3 * COST_DESC, "and of a descriptor in two pages");
	machine_fini(&m);
}

/* --- What is refused ------------------------------------------------------ */

static void faults(struct machine *m, const char *code, unsigned int exception,
		   const char *why)
{
	enum shader_result r = run(m, code);

	if (!ok(r == SHADER_FAULT && m->fault.exception == exception &&
		!strcmp(m->fault.why, why), "0x%x: %s", exception, why))
		diag("result %u, 0x%x: %s", r, m->fault.exception,
		     m->fault.why ? m->fault.why : "");
}

#define LOAD_ONE "LD_TEX.f32.slot0.end @r0, r60, 0x0, u3\n"

static void put_word(struct machine *m, uint64_t at, uint32_t clear, uint32_t set)
{
	machine_put32(m, at, (machine_get32(m, at) & ~clear) | set);
}

static void bad_texture(unsigned int word, uint32_t clear, uint32_t set,
			const char *why)
{
	struct machine m;

	begin(&m, &small);
	put_word(&m, SET0 + 32 * IMAGE + 4 * word, clear, set);
	faults(&m, LOAD_ONE, SHADER_DATA_INVALID, why);
	machine_fini(&m);
}

static void bad_plane(uint32_t clear, uint32_t set, const char *why)
{
	struct machine m;

	begin(&m, &small);
	put_word(&m, PLANES, clear, set);
	faults(&m, LOAD_ONE, SHADER_DATA_INVALID, why);
	machine_fini(&m);
}

static void bad_sampler(uint32_t clear, uint32_t set, const char *why)
{
	struct machine m;

	begin(&m, &small);
	put_sampler(&m, WRAP(WRAP_EDGE) | NORMALIZED, MAX_LOD);
	put_word(&m, SET0 + 32 * SAMPLER, clear, set);
	faults(&m, "TEX_SINGLE.slot0.f.32.r.2d.wide_indices.zero.end @r0, @r60:r61, u2\n",
	       SHADER_DATA_INVALID, why);
	machine_fini(&m);
}

static void test_invalid(void)
{
	struct machine m;

	bad_texture(0, 0xf, 9, "not the descriptor of a texture");
	bad_texture(3, 0, 1 << 13, "textures of several samples are not implemented");
	bad_texture(2, 0, 1 << 24, "a minimum level is not implemented");
	bad_texture(2, 0, 17 << 16, "too many levels");
	bad_texture(2, 0, 7, "no such component");
	bad_texture(0, 0xffu << 22, 40u << 22, "pixel format is not implemented");
	bad_plane(0xf, 2, "not the descriptor of a plane");
	bad_plane(0xf0, 6 << 4, "AFBC is not implemented");
	bad_plane(0xf0, 4 << 4, "ASTC is not implemented");
	bad_plane(0xf0, 10 << 4, "AFRC is not implemented");
	bad_plane(0xf0, 8 << 4, "kind of plane is not implemented");
	bad_plane(0xf00, 3 << 8, "order of texels is not implemented");
	bad_plane(0xff000000, 32u << 24, "ETC2 is not implemented");
	bad_plane(0xff000000, 50u << 24, "BC is not implemented");
	bad_sampler(0xf, 2, "not the descriptor of a sampler");
	bad_sampler(0xf000, 10 << 12, "no such wrap mode");
	bad_sampler(0, 2u << 30, "no such mode of levels");
	bad_sampler(0, 1 << 4, "no such reduction");
	begin(&m, &small);
	put_plane(&m, &small, 0, 1ull << 48, 1024, 0);
	faults(&m, LOAD_ONE, SHADER_ADDR_RANGE, "no address of data");
	is_u64(m.fault.va >> 48, 1, "which is told");
	machine_fini(&m);
}

static void test_unimplemented(void)
{
	struct machine m;

	begin(&m, &small);
	faults(&m, "TEX_SINGLE.slot0.f.32.r.cube.zero.end @r0, @r60:r61:r62:r63, u2\n",
	       SHADER_INSTR_INVALID_ENC, "cubes are not implemented");
	faults(&m, "TEX_SINGLE.slot0.f.32.r.2d.computed.end @r0, @r60:r61, u2\n",
	       SHADER_INSTR_INVALID_ENC, "LODs from the threads beside are not implemented");
	faults(&m, "TEX_GATHER.slot0.f.32.r.2d.integer_coordinates.gather4_r.end "
	       "@r0, @r60:r61, u2\n",
	       SHADER_INSTR_INVALID_ENC, "gathers by integers are not implemented");
	faults(&m, "TEX_FETCH.slot0.f.32.r.2d.array_enable.end @r0, @r60:r61, u2\n",
	       SHADER_INSTR_INVALID_ENC, "wrong number of operands");
	faults(&m, "TEX_FETCH.slot0.f.32.r.3d.wide_indices.end @r0, @r60:r61:r62, u2\n",
	       SHADER_DATA_INVALID, "texture of another dimension");
	machine_uniform(&m, 6, RGBA8 | 1 << 22);
	faults(&m, "LD_CVT.slot0.f32.end @r0, u0, u6, offset:0x0\n",
	       SHADER_DATA_INVALID, "raw conversions are not implemented");
	machine_uniform(&m, 6, RGBA32F);
	machine_uniform(&m, 0, DATA + DATA_PAGES * 4096 - 8);
	is_u64(run(&m, "ST_CVT.slot0.v4.f32.end @r0:r1:r2:r3, u0, u6, offset:0x0\n"),
	       SHADER_FAULT, "a texel half of which is not mapped");
	is_u64(machine_get32(&m, DATA + DATA_PAGES * 4096 - 8), 0, "is not written");
	machine_fini(&m);
}

int main(void)
{
	static const int modes[] = {
		WRAP_REPEAT, WRAP_EDGE, WRAP_BORDER, WRAP_MIRROR, WRAP_MIRROR_EDGE,
		WRAP_MIRROR_BORDER,
	};

	test_formats();
	test_refused();
	test_stored_as();
	test_layouts();
	test_store();
	test_outside();
	test_places();
	test_types();
	test_odd_halves();
	test_narrow();
	test_texel_buffer();
	for (unsigned int i = 0; i < N(modes); i++) {
		test_linear(modes[i]);
		test_nearest(modes[i]);
	}
	test_rounding();
	test_gather(".wide_indices", 0, 0);
	test_gather("", 2, -1);
	test_compare();
	test_gradient();
	test_lods();
	test_integer_levels();
	test_alone();
	test_cutoff();
	test_far_away();
	test_reduction();
	test_functions();
	test_swizzles();
	test_srgb();
	test_wide();
	test_each_its_own();
	test_axes();
	test_layers();
	test_beyond();
	test_faces();
	test_flat_levels();
	test_no_levels();
	stores_byte(155 << 12 | 229, 26, "u32", 0x42, 0x42, "alpha");
	stores_byte(93 << 12 | 2, 22, "u32", 0x42, 0x42, "a stencil");
	test_null_plane();
	test_null_texture();
	test_gathered_colours();
	test_wide_gradient();
	test_far_texels();
	test_many_pages();
	test_cost();
	test_invalid();
	test_unimplemented();
	return done_testing();
}

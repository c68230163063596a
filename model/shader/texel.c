// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Texels to values and back, and values to registers and back.
 *
 * Invariants: no function of the host's library rounds here: conversions are
 * integer arithmetic, or double arithmetic that IEEE 754 determines. Each result
 * is rounded once, to nearest even; what does not fit becomes the nearest that
 * does, and a NaN that cannot stay one becomes 0.
 */
#include <math.h>
#include <string.h>

#include "format.h"
#include "softfp.h"

/* --- sRGB ----------------------------------------------------------------- */

/* x to the power of 2.4, for x from 0.05 to 1: the fifth root, by Newton */
static double power_2_4(double x)
{
	double t = 1, y;

	for (unsigned int i = 0; i < 24; i++)
		t -= (t * t * t * t * t - x) / (5 * t * t * t * t);
	y = t * t * t;
	y = y * y;
	return y * y;
}

static double srgb_to_linear(double c)
{
	return c <= 0.04045 ? c / 12.92 : power_2_4((c + 0.055) / 1.055);
}

/*
 * Components have 8 bits (format.c sees to that): the linear value of each of the 256, and
 * where its neighbourhood begins. Made when they are first asked for.
 */
#define SRGB_MAX	255u
static double srgb_value[SRGB_MAX + 1], srgb_from[SRGB_MAX + 1];

static void make_srgb(void)
{
	if (srgb_value[SRGB_MAX] > 0)
		return;
	for (unsigned int i = 0; i <= SRGB_MAX; i++) {
		srgb_value[i] = srgb_to_linear((double)i / SRGB_MAX);
		srgb_from[i] = i ? srgb_to_linear((i - 0.5) / SRGB_MAX) : 0;
	}
}

/* The number whose neighbourhood, in sRGB, has the linear value in it */
static uint32_t linear_to_srgb(double linear)
{
	uint32_t low = 0, high = SRGB_MAX;

	make_srgb();
	if (!(linear > 0))
		return 0;
	while (low < high) {
		uint32_t mid = high - (high - low) / 2;

		if (srgb_from[mid] <= linear)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

/* --- One component -------------------------------------------------------- */

static uint32_t ones(unsigned int bits)
{
	return bits == 32 ? ~0u : (1u << bits) - 1;
}

static int32_t sign_extend(uint32_t raw, unsigned int bits)
{
	uint32_t sign = 1u << (bits - 1);

	return (int32_t)((raw ^ sign) - sign);
}

static uint32_t unpack_float(uint32_t raw, unsigned int bits)
{
	switch (bits) {
	case 16:
		return f16_to_f32(raw);
	case 11:
		return f16_to_f32(raw << 4);
	case 10:
		return f16_to_f32(raw << 5);
	}
	return raw;
}

static uint32_t unpack_unorm(uint32_t raw, unsigned int bits, bool srgb)
{
	if (!srgb)
		return f64_to_f32((double)raw / ones(bits), ROUND_EVEN);
	make_srgb();
	return f64_to_f32(srgb_value[raw], ROUND_EVEN);
}

static uint32_t unpack_snorm(uint32_t raw, unsigned int bits)
{
	double c = (double)sign_extend(raw, bits) / ones(bits - 1);

	return f64_to_f32(c < -1 ? -1 : c, ROUND_EVEN);
}

static uint32_t unpack_one(const struct pixel_format *f, uint32_t raw,
			   unsigned int bits, bool srgb)
{
	switch (f->type) {
	case COMP_UNORM:
		return unpack_unorm(raw, bits, srgb);
	case COMP_SNORM:
		return unpack_snorm(raw, bits);
	case COMP_SINT:
		return sign_extend(raw, bits);
	case COMP_FLOAT:
		return unpack_float(raw, bits);
	}
	return raw;
}

static uint32_t pack_float(uint32_t v, unsigned int bits)
{
	double d = f32_of(v);

	switch (bits) {
	case 16:
		return f16_from_f32(v);
	case 11:
		return d < 0 ? 0 : f64_round(d, 7, -14, 15, ROUND_EVEN);
	case 10:
		return d < 0 ? 0 : f64_round(d, 6, -14, 15, ROUND_EVEN);
	}
	return v;
}

/*
 * A float from 0 to 1 of a number: 24 bits times up to 32, which no double holds; so it is
 * rounded from the integer that it is
 */
static uint32_t scale(double d, uint32_t max)
{
	int exp;
	uint64_t product = (uint64_t)ldexp(frexp(d, &exp), 24) * max, half, rest;
	unsigned int shift = 24 - exp;

	if (shift > 56)
		return 0;
	half = 1ull << (shift - 1);
	rest = product & (2 * half - 1);
	product >>= shift;
	return product + (rest > half || (rest == half && product & 1));
}

static uint32_t pack_unorm(uint32_t v, unsigned int bits, bool srgb)
{
	double d = f32_of(v);

	if (!(d > 0))
		return 0;
	if (d >= 1)
		return ones(bits);
	return srgb ? linear_to_srgb(d) : scale(d, ones(bits));
}

static uint32_t pack_snorm(uint32_t v, unsigned int bits)
{
	double d = f32_of(v);
	uint32_t size = d != d || d == 0 ? 0 : fabs(d) >= 1 ? ones(bits - 1) :
			scale(fabs(d), ones(bits - 1));

	return (d < 0 ? -size : size) & ones(bits);
}

static uint32_t pack_sint(int32_t v, unsigned int bits)
{
	int32_t max = ones(bits - 1);

	return (v > max ? max : v < -max - 1 ? -max - 1 : v) & ones(bits);
}

static uint32_t pack_one(const struct pixel_format *f, uint32_t v,
			 unsigned int bits, bool srgb)
{
	switch (f->type) {
	case COMP_UNORM:
		return pack_unorm(v, bits, srgb);
	case COMP_SNORM:
		return pack_snorm(v, bits);
	case COMP_UINT:
		return v < ones(bits) ? v : ones(bits);
	case COMP_SINT:
		return pack_sint(v, bits);
	}
	/* The sign of a NaN has no place in what is unsigned */
	return pack_float(v, bits) & ones(bits);
}

/* --- A shared exponent ---------------------------------------------------- */

static void unpack_shared(uint32_t word, uint32_t *c)
{
	int exp = (int)(word >> 27) - 24;

	for (unsigned int i = 0; i < 3; i++)
		c[i] = f32_bits(ldexpf(word >> 9 * i & 0x1ff, exp));
	c[3] = 0;
}

static double shared_range(uint32_t v)
{
	double d = f32_of(v);

	return !(d > 0) ? 0 : d > 65408 ? 65408 : d;
}

/* As EXT_texture_shared_exponent has it */
static uint32_t pack_shared(const uint32_t *c)
{
	double d[3], max = 0;
	uint32_t word;
	int exp = -16;

	for (unsigned int i = 0; i < 3; i++) {
		d[i] = shared_range(c[i]);
		max = d[i] > max ? d[i] : max;
	}
	if (max > 0 && ilogb(max) > exp)
		exp = ilogb(max);
	exp += 16;
	if (floor(ldexp(max, 24 - exp) + 0.5) == 512)
		exp++;
	word = (uint32_t)exp << 27;
	for (unsigned int i = 0; i < 3; i++)
		word |= (uint32_t)floor(ldexp(d[i], 24 - exp) + 0.5) << 9 * i;
	return word;
}

/* --- Texels --------------------------------------------------------------- */

static uint32_t one_of(const struct pixel_format *f)
{
	return format_kind(f) == KIND_FLOAT ? F32_ONE : 1;
}

static uint32_t component(const struct pixel_format *f, const uint32_t *word,
			  unsigned int i)
{
	return word[f->pos[i] / 32] >> f->pos[i] % 32 & ones(f->bits[i]);
}

static uint32_t unpack_colour(const struct pixel_format *f, const uint32_t *word,
			      unsigned int colour)
{
	unsigned int i = f->from[colour];

	if (i == FROM_ONE)
		return one_of(f);
	if (i == FROM_ZERO || !f->bits[i])
		return 0;
	return unpack_one(f, component(f, word, i), f->bits[i],
			  f->srgb && colour < 3);
}

void format_unpack(const struct pixel_format *f, const void *texel, uint32_t *v)
{
	uint32_t word[4] = { 0 }, shared[4];

	memcpy(word, texel, f->bytes);
	if (f->type != COMP_SHARED) {
		for (unsigned int i = 0; i < 4; i++)
			v[i] = unpack_colour(f, word, i);
		return;
	}
	unpack_shared(word[0], shared);
	for (unsigned int i = 0; i < 4; i++)
		v[i] = f->from[i] < FROM_ZERO ? shared[f->from[i]] :
		       f->from[i] == FROM_ONE ? F32_ONE : 0;
}

void format_pack(const struct pixel_format *f, const uint32_t *v, void *texel)
{
	uint32_t word[4] = { 0 }, shared[4] = { 0 };

	for (unsigned int colour = 0; colour < 4; colour++) {
		unsigned int i = f->from[colour];

		if (i >= FROM_ZERO)
			continue;
		shared[i] = v[colour];
		if (f->bits[i])
			word[f->pos[i] / 32] |=
				pack_one(f, v[colour], f->bits[i],
					 f->srgb && colour < 3) << f->pos[i] % 32;
	}
	if (f->type == COMP_SHARED)
		word[0] = pack_shared(shared);
	memcpy(texel, word, f->bytes);
}

/* --- Registers ------------------------------------------------------------ */

static uint32_t to_float(uint32_t v, enum value_kind from)
{
	return f64_to_f32(from == KIND_SINT ? (int32_t)v : (double)v, ROUND_EVEN);
}

static uint32_t from_float(uint32_t v, enum value_kind to)
{
	double d = f32_of(v), min = to == KIND_SINT ? INT32_MIN : 0;
	double max = to == KIND_SINT ? INT32_MAX : UINT32_MAX;

	if (d != d)
		return 0;
	d = d < min ? min : d > max ? max : d;
	return to == KIND_SINT ? (uint32_t)(int32_t)d : (uint32_t)d;
}

uint32_t value_convert(uint32_t v, enum value_kind from, enum value_kind to)
{
	if (from == to)
		return v;
	if (to == KIND_FLOAT)
		return to_float(v, from);
	if (from == KIND_FLOAT)
		return from_float(v, to);
	/* What one kind of integers has and the other has not */
	if (v >> 31)
		return to == KIND_SINT ? INT32_MAX : 0;
	return v;
}

struct reg_format reg_format_of(unsigned int field)
{
	static const struct reg_format formats[8] = {
		[0] = { KIND_FLOAT, true, false },
		[2] = { KIND_FLOAT, false, false }, { KIND_FLOAT, false, true },
		[4] = { KIND_SINT, false, false }, { KIND_SINT, false, true },
		[6] = { KIND_UINT, false, false }, { KIND_UINT, false, true },
	};

	return formats[field & 7];
}

uint32_t reg_from_value(struct reg_format r, uint32_t v, enum value_kind kind)
{
	if (!r.automatic)
		v = value_convert(v, kind, r.kind);
	if (!r.half)
		return v;
	if (r.kind == KIND_FLOAT)
		return f16_from_f32(v);
	return r.kind == KIND_UINT ? (v < 0xffff ? v : 0xffff) :
	       pack_sint((int32_t)v, 16);
}

uint32_t value_from_reg(struct reg_format r, uint32_t reg, enum value_kind kind)
{
	if (r.half)
		reg = r.kind == KIND_FLOAT ? f16_to_f32(reg & 0xffff) :
		      r.kind == KIND_UINT ? reg & 0xffff :
		      (uint32_t)sign_extend(reg & 0xffff, 16);
	return r.automatic ? reg : value_convert(reg, r.kind, kind);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The second implementation of pixel formats. See ref_image.h.
 *
 * Packing tries what unpacking gives: the code whose value is nearest, of all of
 * them where these are few, and of those around where they are many.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ref.h"
#include "ref_image.h"

#define FORMAT(number, order, text, type) \
	{ (number) << 12 | (order), text, type, false, (order) >= 16 }
#define SRGB(number, order, text) \
	{ 1 << 20 | (number) << 12 | (order), text, 'n', true, (order) >= 16 }
/* One to four components of a width; UI, UNORM and so on differ by 32 */
#define FOUR(first, type, w) \
	FORMAT(first, 16, "r" w, type), FORMAT((first) + 8, 16, "r" w "g" w, type), \
	FORMAT((first) + 16, 16, "r" w "g" w "b" w, type), \
	FORMAT((first) + 24, 0, "r" w "g" w "b" w "a" w, type)
#define INTS(first, type) \
	FOUR((first) + 3, type, "8"), FOUR((first) + 4, type, "16"), \
	FOUR((first) + 5, type, "32")

const struct ref_format ref_formats[] = {
	INTS(160, 'n'), INTS(96, 's'), INTS(128, 'u'), INTS(192, 'i'),
	FOUR(199, 'f', "16"), FOUR(167, 'f', "32"),
	FORMAT(187, 4, "b8g8r8a8", 'n'), FORMAT(187, 12, "a8b8g8r8", 'n'),
	FORMAT(187, 8, "a8r8g8b8", 'n'), FORMAT(187, 20, "b8g8r8x8", 'n'),
	FORMAT(187, 24, "x8r8g8b8", 'n'), FORMAT(187, 28, "x8b8g8r8", 'n'),
	FORMAT(155, 4, "b8g8r8a8", 'u'), FORMAT(219, 4, "b8g8r8a8", 'i'),
	FORMAT(123, 12, "a8b8g8r8", 's'), FORMAT(155, 12, "a8b8g8r8", 'u'),
	FORMAT(186, 0, "r4g4b4a4", 'n'), FORMAT(186, 4, "b4g4r4a4", 'n'),
	FORMAT(186, 8, "a4r4g4b4", 'n'), FORMAT(186, 12, "a4b4g4r4", 'n'),
	FORMAT(64, 16, "r5g6b5", 'n'), FORMAT(64, 20, "b5g6r5", 'n'),
	FORMAT(65, 0, "r5g5b5a1", 'n'), FORMAT(65, 4, "b5g5r5a1", 'n'),
	FORMAT(67, 0, "r10g10b10a2", 'n'), FORMAT(67, 4, "b10g10r10a2", 'n'),
	FORMAT(69, 0, "r10g10b10a2", 's'), FORMAT(71, 0, "r10g10b10a2", 'u'),
	FORMAT(73, 4, "b10g10r10a2", 'i'), FORMAT(89, 16, "r11g11b10", 'f'),
	FORMAT(91, 16, "r9g9b9x5", 'e'), FORMAT(75, 0, "r16", 'n'),
	FORMAT(77, 0, "r24x8", 'n'), FORMAT(76, 0, "r32", 'f'),
	SRGB(163, 16, "r8"), SRGB(171, 16, "r8g8"), SRGB(187, 0, "r8g8b8a8"),
	SRGB(187, 4, "b8g8r8a8"), SRGB(187, 12, "a8b8g8r8"),
};

const unsigned int ref_num_formats = sizeof(ref_formats) / sizeof(ref_formats[0]);

/* --- Bits ----------------------------------------------------------------- */

static const char *next(const char *text, char *colour, unsigned int *width)
{
	char *end;

	*colour = *text;
	*width = strtoul(text + 1, &end, 10);
	return end;
}

unsigned int ref_bytes(const struct ref_format *f)
{
	unsigned int bits = 0, width;
	char colour;

	for (const char *t = f->text; *t; bits += width)
		t = next(t, &colour, &width);
	return bits / 8;
}

/* Where a colour is, or false */
static bool place(const struct ref_format *f, char want, unsigned int *pos,
		  unsigned int *width)
{
	char colour;

	*pos = 0;
	for (const char *t = f->text; *t; *pos += *width) {
		t = next(t, &colour, width);
		if (colour == want)
			return true;
	}
	return false;
}

static uint32_t get_bits(const uint8_t *texel, unsigned int pos, unsigned int width)
{
	uint32_t raw = 0;

	for (unsigned int i = 0; i < width; i++)
		raw |= (uint32_t)(texel[(pos + i) / 8] >> (pos + i) % 8 & 1) << i;
	return raw;
}

static void put_bits(uint8_t *texel, unsigned int pos, unsigned int width,
		     uint32_t raw)
{
	for (unsigned int i = 0; i < width; i++)
		texel[(pos + i) / 8] |= (raw >> i & 1) << (pos + i) % 8;
}

/* --- Values --------------------------------------------------------------- */

static quad power(unsigned int n)
{
	return (quad)(1ull << n);
}

/* Small floats, from what their bits say */
static quad small_float(uint32_t raw, unsigned int mantissa)
{
	unsigned int exp = raw >> mantissa;
	quad m = (quad)(raw & ((1u << mantissa) - 1)) / power(mantissa);

	if (!exp)
		return m / power(14);
	return exp >= 15 ? (1 + m) * power(exp - 15) : (1 + m) / power(15 - exp);
}

static uint32_t half_bits(uint32_t raw)
{
	uint32_t sign = (raw & 0x8000) << 16, mag = raw & 0x7fff;

	return mag == 0x7c00 ? sign | 0x7f800000 :
	       sign | ref_round(ref_value(mag, 16), 0, 32, "");
}

static uint32_t float_bits(uint32_t raw, unsigned int width)
{
	unsigned int mantissa = width == 11 ? 6 : 5;

	if (width == 32)
		return raw;
	if (width == 16)
		return ref_is_nan(raw, 16) ? ref_nan(32) : half_bits(raw);
	if (raw >> mantissa == 31)
		return raw & ((1u << mantissa) - 1) ? ref_nan(32) : 0x7f800000;
	return ref_round(small_float(raw, mantissa), 0, 32, "");
}

static int32_t as_signed(uint32_t raw, unsigned int width)
{
	return raw >> (width - 1) ? (int64_t)raw - (1ll << width) : raw;
}

/* The number that a normalized code stands for */
static quad normal(const struct ref_format *f, uint32_t raw, unsigned int width,
		   bool srgb)
{
	long double c;

	if (f->type == 's') {
		int32_t n = as_signed(raw, width), most = (1ll << (width - 1)) - 1;

		return n < -most ? -1 : (quad)n / most;
	}
	if (!srgb)
		return (quad)raw / (power(width) - 1);
	c = (long double)raw / ((1 << width) - 1);
	return c <= 0.04045L ? c / 12.92L : powl((c + 0.055L) / 1.055L, 2.4L);
}

static uint32_t unpack(const struct ref_format *f, const uint8_t *texel, char colour)
{
	unsigned int pos, width;
	uint32_t raw;

	if (!place(f, colour, &pos, &width))
		return colour != 'a' || !f->missing ? 0 :
		       f->type == 'u' || f->type == 'i' ? 1 : 0x3f800000;
	raw = get_bits(texel, pos, width);
	switch (f->type) {
	case 'u':
		return raw;
	case 'i':
		return as_signed(raw, width);
	case 'f':
		return float_bits(raw, width);
	case 'e':
		return ref_round((quad)raw * power(get_bits(texel, 27, 5)) / power(24),
				 0, 32, "");
	}
	return ref_round(normal(f, raw, width, f->srgb && colour != 'a'), 0, 32,
			 "");
}

void ref_unpack(const struct ref_format *f, const uint8_t *texel, uint32_t *v)
{
	for (unsigned int i = 0; i < 4; i++)
		v[i] = unpack(f, texel, "rgba"[i]);
}

/* --- Packing -------------------------------------------------------------- */

static quad distance(quad a, quad b)
{
	return a < b ? b - a : a - b;
}

/* Of the codes around a guess the nearest; of two that are, the even one */
static uint32_t nearest_normal(const struct ref_format *f, quad x,
			       unsigned int width)
{
	quad most = f->type == 's' ? power(width - 1) - 1 : power(width) - 1;
	int64_t guess = (int64_t)(x * most), best = guess;

	for (int64_t c = guess - 1; c <= guess + 1; c++) {
		quad d = distance(c, x * most), least = distance(best, x * most);

		if (d < least || (d == least && !(c & 1)))
			best = c;
	}
	return best;
}

static uint32_t pack_normal(const struct ref_format *f, uint32_t v,
			    unsigned int width, bool srgb)
{
	quad x = ref_is_nan(v, 32) ? 0 : ref_value(v, 32), low = f->type == 's' ? -1 : 0;
	bool infinite = (v & 0x7fffffff) == 0x7f800000;

	if (infinite)
		x = v >> 31 ? -2 : 2;
	x = x < low ? low : x > 1 ? 1 : x;
	if (srgb)
		x = x <= 0.0031308L ? x * 12.92L :
		    1.055L * powl(x, 1 / 2.4L) - 0.055L;
	return nearest_normal(f, x, width);
}

/* Whichever code is nearest; what is beyond half a step from the last is infinite */
static uint32_t pack_small(uint32_t v, unsigned int width)
{
	unsigned int mantissa = width == 11 ? 6 : 5;
	uint32_t infinite = 31u << mantissa, best = 0;
	quad x, step;

	if (ref_is_nan(v, 32))
		return infinite | 1u << (mantissa - 1);
	if (v >> 31)
		return 0;
	if (v == 0x7f800000)
		return infinite;
	x = ref_value(v, 32);
	step = small_float(infinite - 1, mantissa) - small_float(infinite - 2, mantissa);
	if (x >= small_float(infinite - 1, mantissa) + step / 2)
		return infinite;
	for (uint32_t c = 1; c < infinite; c++) {
		quad d = distance(small_float(c, mantissa), x);
		quad least = distance(small_float(best, mantissa), x);

		if (d < least || (d == least && !(c & 1)))
			best = c;
	}
	return best;
}

static uint32_t pack_half(uint32_t v)
{
	if (ref_is_nan(v, 32))
		return ref_nan(16);
	if ((v & 0x7fffffff) == 0x7f800000)
		return (v >> 16 & 0x8000) | 0x7c00;
	return (v >> 16 & 0x8000) | ref_round(ref_value(v & 0x7fffffff, 32), 0, 16, "");
}

static uint32_t pack(const struct ref_format *f, uint32_t v, unsigned int width,
		     bool srgb)
{
	int64_t n = f->type == 'i' ? (int32_t)v : (int64_t)v, low, high;

	switch (f->type) {
	case 'u':
	case 'i':
		low = f->type == 'i' ? -(1ll << (width - 1)) : 0;
		high = f->type == 'i' ? -low - 1 : (1ll << width) - 1;
		return n < low ? low : n > high ? high : n;
	case 'f':
		return width == 32 ? v : width == 16 ? pack_half(v) :
		       pack_small(v, width);
	}
	return pack_normal(f, v, width, srgb);
}

static long double mantissa(uint32_t v, int exp)
{
	long double x = ref_is_nan(v, 32) || v >> 31 ? 0 :
			v == 0x7f800000 ? 65408 : (long double)ref_value(v, 32);

	return floorl((x > 65408 ? 65408 : x) * powl(2, 24 - exp) + 0.5L);
}

/* The smallest exponent with which all mantissas have 9 bits */
static void pack_exponent(const uint32_t *v, uint8_t *texel)
{
	int exp = 0;

	while (mantissa(v[0], exp) > 511 || mantissa(v[1], exp) > 511 ||
	       mantissa(v[2], exp) > 511)
		exp++;
	for (unsigned int i = 0; i < 3; i++)
		put_bits(texel, 9 * i, 9, mantissa(v[i], exp));
	put_bits(texel, 27, 5, exp);
}

void ref_pack(const struct ref_format *f, const uint32_t *v, uint8_t *texel)
{
	unsigned int pos, width;

	memset(texel, 0, 16);
	if (f->type == 'e') {
		pack_exponent(v, texel);
		return;
	}
	for (unsigned int i = 0; i < 4; i++)
		if (place(f, "rgba"[i], &pos, &width))
			put_bits(texel, pos, width,
				 pack(f, v[i], width, f->srgb && i < 3));
}

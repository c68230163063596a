// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Floats for the second implementation: values in quadruple precision, rounding
 * by a search among all floats there are.
 */
#include <math.h>
#include <string.h>

#include "ref.h"

static uint32_t inf_of(unsigned int width)
{
	return width == 16 ? 0x7c00 : 0x7f800000;
}

static uint32_t sign_of(unsigned int width)
{
	return 1u << (width - 1);
}

uint32_t ref_nan(unsigned int width)
{
	return width == 16 ? 0x7e00 : 0x7fc00000;
}

bool ref_is_nan(uint32_t bits, unsigned int width)
{
	return (bits & (sign_of(width) - 1)) > inf_of(width);
}

static bool is_inf(uint32_t bits, unsigned int width)
{
	return (bits & (sign_of(width) - 1)) == inf_of(width);
}

uint32_t ref_flush(uint32_t bits, unsigned int width)
{
	return bits & inf_of(width) ? bits : bits & sign_of(width);
}

static quad power(int n)
{
	quad p = 1;

	for (; n > 0; n--)
		p *= 2;
	for (; n < 0; n++)
		p /= 2;
	return p;
}

/* Infinity is what would come next */
quad ref_value(uint32_t bits, unsigned int width)
{
	unsigned int mant_bits = width == 16 ? 10 : 23;
	int bias = width == 16 ? 15 : 127;
	uint32_t mag = bits & (sign_of(width) - 1);
	int exp = mag >> mant_bits;
	quad v = mag & ((1u << mant_bits) - 1);

	if (exp)
		v += power(mant_bits);
	else
		exp = 1;
	v *= power(exp - bias - (int)mant_bits);
	return bits & sign_of(width) ? -v : v;
}

uint32_t ref_round(quad val, quad err, unsigned int width, const char *mode)
{
	bool neg = val < 0 || (val == 0 && err < 0), up;
	quad mag = neg ? -val : val, rest = neg ? -err : err, low, half;
	uint32_t lo = 0, hi = inf_of(width);

	if (mag >= ref_value(hi, width)) {
		lo = hi - 1;
	} else {
		while (hi - lo > 1) {
			uint32_t mid = (lo + hi) / 2;
			quad v = ref_value(mid, width);

			if (v < mag || (v == mag && rest >= 0))
				lo = mid;
			else
				hi = mid;
		}
	}
	low = ref_value(lo, width);
	half = (ref_value(lo + 1, width) - low) / 2;
	if (mag == low && rest == 0)
		up = false;
	else if (!strcmp(mode, "rtz"))
		up = false;
	else if (!strcmp(mode, "rtp"))
		up = !neg;
	else if (!strcmp(mode, "rtn"))
		up = neg;
	else if (mag - low == half && rest == 0)
		up = lo & 1;
	else
		up = mag - low > half || (mag - low == half && rest > 0);
	return (lo + up) | (neg ? sign_of(width) : 0);
}

static uint32_t zero_sum(uint32_t a, uint32_t b, unsigned int width)
{
	return a & b & sign_of(width);
}

uint32_t ref_add(uint32_t a, uint32_t b, unsigned int width)
{
	quad x = ref_value(a, width), y = ref_value(b, width), s = x + y, t;

	if (is_inf(a, width))
		return is_inf(b, width) && a != b ? ref_nan(width) : a;
	if (is_inf(b, width))
		return b;
	if (s == 0)
		return x == 0 && y == 0 ? zero_sum(a, b, width) : 0;
	t = s - x;
	return ref_round(s, (x - (s - t)) + (y - t), width, "");
}

uint32_t ref_fma(uint32_t a, uint32_t b, uint32_t c, int scale,
		 unsigned int width)
{
	quad x = ref_value(a, width), y = ref_value(b, width);
	quad z = ref_value(c, width), p = x * y, s = p + z, t;
	uint32_t sign = (a ^ b) & sign_of(width);

	if (is_inf(a, width) || is_inf(b, width)) {
		if (x == 0 || y == 0 ||
		    (is_inf(c, width) && (c & sign_of(width)) != sign))
			return ref_nan(width);
		return sign | inf_of(width);
	}
	if (is_inf(c, width))
		return c;
	if (s == 0)
		return p == 0 && z == 0 ? zero_sum(sign, c, width) : 0;
	t = s - p;
	t = (p - (s - t)) + (z - t);
	return ref_round(s * power(scale), t * power(scale), width, "");
}

/* Towards the root in quadruple precision, from the one in long double */
static quad inverse_root(quad x)
{
	quad y = 1 / sqrtl((long double)x);

	for (int i = 0; i < 3; i++)
		y = y * (3 - x * y * y) / 2;
	return y;
}

static uint32_t reciprocal(uint32_t x, unsigned int width)
{
	uint32_t sign = x & sign_of(width);

	if (is_inf(x, width))
		return sign;
	if (ref_value(x, width) == 0)
		return sign | inf_of(width);
	return ref_round(1 / ref_value(x, width), 0, width, "");
}

static uint32_t root(uint32_t x, unsigned int width)
{
	if (ref_value(x, width) == 0)
		return x | inf_of(width);
	if (x & sign_of(width))
		return ref_nan(width);
	if (is_inf(x, width))
		return 0;
	return ref_round(inverse_root(ref_value(x, width)), 0, width, "");
}

static uint32_t log_ratio(uint32_t x)
{
	long double m;
	int e;

	if (ref_value(x, 32) == 0 || x == inf_of(32))
		return inf_of(32);
	if (x & sign_of(32))
		return ref_nan(32);
	m = frexpl((long double)ref_value(x, 32), &e);
	if (m < 0.75L)
		m *= 2;
	return ref_round(m == 1 ? 1 / logl(2) : log2l(m) / (m - 1), 0, 32, "");
}

uint32_t ref_special(const char *name, uint32_t x, unsigned int width)
{
	if (ref_is_nan(x, width))
		return ref_nan(width);
	if (!strcmp(name, "FRCP"))
		return reciprocal(x, width);
	return !strcmp(name, "FRSQ") ? root(x, width) : log_ratio(x);
}

uint32_t ref_exp(int32_t fixed, uint32_t x)
{
	long double v;

	if (ref_is_nan(x, 32))
		return ref_nan(32);
	v = ref_value(x, 32) / (1 << 24);
	if (v >= 128)
		return inf_of(32);
	if (v <= -160)
		return 0;
	return ref_round(exp2l(fabsl(v) < 127 ? ldexpl(fixed, -24) : v), 0, 32,
			 "");
}

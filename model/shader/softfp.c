// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conversions and rounding of floats, by integers. See softfp.h.
 */
#include <math.h>

#include "softfp.h"

uint32_t f16_to_f32(uint16_t f)
{
	uint32_t sign = (uint32_t)(f & F16_SIGN) << 16, mag = f & 0x7fff;
	unsigned int shift;

	if (mag > F16_INF)
		return F32_NAN;
	if (mag == F16_INF)
		return sign | F32_INF;
	if (mag >= 0x400)
		return sign | ((mag << 13) + ((127 - 15) << 23));
	if (!mag)
		return sign;
	/* subnormal: make it a number with a leading 1 */
	shift = __builtin_clz(mag) - 21;
	return sign | ((mag << (shift + 13)) + ((112 - shift) << 23));
}

static bool rounds_away(uint64_t kept, uint64_t lost, uint64_t half,
			bool negative, enum round_mode mode)
{
	switch (mode) {
	case ROUND_EVEN:
		return lost > half || (lost == half && kept & 1);
	case ROUND_UP:
		return lost && !negative;
	case ROUND_DOWN:
		return lost && negative;
	case ROUND_ZERO:
		break;
	}
	return false;
}

static bool overflow_is_finite(bool negative, enum round_mode mode)
{
	return mode == ROUND_ZERO || (mode == ROUND_UP && negative) ||
	       (mode == ROUND_DOWN && !negative);
}

uint64_t f64_round(double d, unsigned int prec, int emin, int emax,
		   enum round_mode mode)
{
	uint64_t bits = f64_bits(d), mant = bits & ((1ull << 52) - 1);
	unsigned int width = emax == 15 ? 16 : 32, shift = 53 - prec;
	uint64_t sign = bits >> 63 << (width - 1);
	uint64_t inf = (uint64_t)(2 * emax + 1) << (prec - 1);
	int exp = bits >> 52 & 0x7ff;
	uint64_t kept, lost;

	if (exp == 0x7ff)
		return mant ? inf | 1ull << (prec - 2) : sign | inf;
	if (!exp && !mant)
		return sign;
	if (exp)
		mant |= 1ull << 52;
	else
		exp = 1;
	exp -= 1023;
	if (exp < emin) {
		int more = emin - exp;

		shift = more > 60 - (int)shift ? 60 : shift + more;
		exp = emin;
	}
	kept = mant >> shift;
	lost = mant & ((1ull << shift) - 1);
	kept += rounds_away(kept, lost, 1ull << (shift - 1), sign, mode);
	/* A carry goes on into the exponent, where it belongs. */
	kept += (uint64_t)(exp - emin) << (prec - 1);
	if (kept >= inf)
		kept = inf - overflow_is_finite(sign, mode);
	return sign | kept;
}

/* Of two neighbours the one whose last bit is set, unless @d is exact */
static double to_odd(double d, double error)
{
	uint64_t bits = f64_bits(d);

	if (error == 0 || bits & 1)
		return d;
	/* One step towards where the exact value is */
	return f64_of((error > 0) == (d > 0) ? bits + 1 : bits - 1);
}

double fma_odd(double a, double b, double c)
{
	/* Of floats of 24 bits the product is exact. */
	double p = a * b, s = p + c, bb, error;

	if (!isfinite(s) || s == 0)
		return s;
	bb = s - p;
	error = (p - (s - bb)) + (c - bb);
	return to_odd(s, error);
}

uint16_t f16_from_f32(uint32_t f)
{
	uint32_t sign = f >> 16 & F16_SIGN, mag = f & ~F32_SIGN;

	if (mag > F32_INF)
		return F16_NAN;
	if (mag >= (127u + 16) << 23)
		return sign | F16_INF;
	/* Beside 0.5 a float's last place is that of subnormal halves. */
	if (mag < (127u - 14) << 23)
		return sign | (f32_bits(f32_of(mag) + 0.5f) -
			       f32_bits(0.5f));
	mag += 0xfff + (mag >> 13 & 1);
	return sign | (mag - (112u << 23)) >> 13;
}

double round_integral(double d, enum round_mode mode)
{
	double t = trunc(d), frac = fabs(d - t), step = d < 0 ? -1 : 1;

	if (!isfinite(d) || frac == 0)
		return d;
	switch (mode) {
	case ROUND_EVEN:
		if (frac > 0.5 || (frac == 0.5 && fmod(t, 2) != 0))
			t += step;
		break;
	case ROUND_UP:
		t += d > 0;
		break;
	case ROUND_DOWN:
		t -= d < 0;
		break;
	case ROUND_ZERO:
		break;
	}
	return copysign(t, d);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floats as bits: conversions between formats, rounding in all four modes, what
 * is subnormal. All of it is integer arithmetic or exact, so that no host
 * differs.
 *
 * Invariants: every NaN that is made here is the positive quiet one without
 * payload. Products and sums are separate operations: these files have to be
 * compiled with -ffp-contract=off.
 */
#ifndef SHADER_SOFTFP_H
#define SHADER_SOFTFP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define F32_SIGN	0x80000000u
#define F32_INF		0x7f800000u
#define F32_NAN		0x7fc00000u
#define F32_ONE		0x3f800000u
#define F16_SIGN	0x8000u
#define F16_INF		0x7c00u
#define F16_NAN		0x7e00u
#define F16_ONE		0x3c00u

enum round_mode {
	ROUND_EVEN,
	ROUND_UP,
	ROUND_DOWN,
	ROUND_ZERO,
};

static inline float f32_of(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static inline uint32_t f32_bits(float f)
{
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

static inline double f64_of(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

static inline uint64_t f64_bits(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	return bits;
}

static inline bool f32_is_nan(uint32_t f)
{
	return (f & ~F32_SIGN) > F32_INF;
}

static inline bool f16_is_nan(uint16_t f)
{
	return (f & 0x7fffu) > F16_INF;
}

/* The sign of what is subnormal, anything else as it is */
static inline uint32_t f32_flush(uint32_t f)
{
	return f & F32_INF ? f : f & F32_SIGN;
}

static inline uint16_t f16_flush(uint16_t f)
{
	return f & F16_INF ? f : f & F16_SIGN;
}

static inline uint32_t f32_quiet(float f)
{
	return f == f ? f32_bits(f) : F32_NAN;
}

uint32_t f16_to_f32(uint16_t f);

/*
 * Rounds a double, which is exact or was rounded to odd, to a format: @prec
 * bits of precision, exponents from @emin to @emax.
 */
uint64_t f64_round(double d, unsigned int prec, int emin, int emax,
		   enum round_mode mode);

static inline uint32_t f64_to_f32(double d, enum round_mode mode)
{
	return f64_round(d, 24, -126, 127, mode);
}

static inline uint16_t f64_to_f16(double d, enum round_mode mode)
{
	return f64_round(d, 11, -14, 15, mode);
}

static inline double f16_value(uint16_t f)
{
	return f32_of(f16_to_f32(f));
}

/* @a * @b + @c, rounded to odd: rounding once more is as good as once */
double fma_odd(double a, double b, double c);

/* Rounded to nearest even, and NaNs to that of halves */
uint16_t f16_from_f32(uint32_t f);

/* To an integer of the float's own, in a mode */
double round_integral(double d, enum round_mode mode);

#endif /* SHADER_SOFTFP_H */

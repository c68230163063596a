/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Halves of four lanes at a time, each in a word of its own whose other half is zero.
 *
 * Invariant: each function gives what the one of softfp.h gives that does the same.
 */
#ifndef SHADER_HALF_H
#define SHADER_HALF_H

#include "softfp.h"
#include "warp.h"

static inline v4u choose(v4u mask, v4u a, v4u b)
{
	return (a & mask) | (b & ~mask);
}

static inline v4u all_lanes(uint32_t a)
{
	return (v4u){ a, a, a, a };
}

/* The first or the second half of each lane */
static inline v4u half_of(v4u lanes, unsigned int which)
{
	return which ? lanes >> 16 : lanes & 0xffff;
}

static inline v4u half_flush(v4u h)
{
	return h & ((v4u)((h & F16_INF) != 0) | F16_SIGN);
}

static inline v4f half_to_f32(v4u h)
{
	v4u mag = h & 0x7fff, sign = (h & F16_SIGN) << 16;
	/* A float's exponent is 112 more; what is subnormal is so until then */
	v4u r = (v4u)((v4f)(mag << 13) * 0x1p112f);

	r = choose((v4u)((v4s)mag >= (int32_t)F16_INF), all_lanes(F32_INF), r) | sign;
	return (v4f)choose((v4u)((v4s)mag > (int32_t)F16_INF), all_lanes(F32_NAN), r);
}

static inline v4u half_from_f32(v4f f)
{
	v4u mag = (v4u)f & ~F32_SIGN, sign = (v4u)f >> 16 & F16_SIGN;
	/* Beside 0.5 a float's last place is that of subnormal halves. */
	v4u small = (v4u)((v4f)mag + 0.5f) - (126u << 23);
	v4u r = (mag + 0xfff + (mag >> 13 & 1) - (112u << 23)) >> 13;

	r = choose((v4u)((v4s)mag < 113 << 23), small, r);
	r = choose((v4u)((v4s)mag >= 143 << 23), all_lanes(F16_INF), r) | sign;
	return choose((v4u)((v4s)mag > (int32_t)F32_INF), all_lanes(F16_NAN), r);
}

/*
 * fma_odd() in floats, which hold every product of halves: what is not finite, zero or
 * exact stays as it is.
 */
static inline v4f half_fma_odd(v4f a, v4f b, v4f c)
{
	v4f p = a * b, s = p + c, bb = s - p, zero = { 0 };
	v4f error = (p - (s - bb)) + (c - bb);
	v4u bits = (v4u)s, mag = bits & ~F32_SIGN;
	v4u step = (v4u)((v4s)mag < (int32_t)F32_INF) & (v4u)(error != zero) &
		   ((bits & 1) - 1) & (v4u)(s != zero);
	v4u away = (v4u)((error > zero) == (s > zero));

	/* -1 or 1, one step towards where the exact value is */
	return (v4f)(bits + (step & choose(away, all_lanes(1), all_lanes(~0u))));
}

#endif /* SHADER_HALF_H */

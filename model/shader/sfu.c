// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Special functions: reciprocals, exponents and logarithms, sines, and taking
 * floats apart.
 *
 * What bits hardware gives here is not public. Invariant: every function of
 * this file is rounded correctly to nearest even. It is computed in double; if
 * that is too close to the middle between two floats to tell, once more with
 * what long double has.
 */
#include <math.h>
#include <stdlib.h>

#include "lanes.h"

/*
 * Whether a double with an error of a few units in the last place is on one side
 * of every middle between two floats of @prec bits.
 */
static bool is_safe(double d, unsigned int prec)
{
	uint64_t below = f64_bits(d) & ((1ull << (53 - prec)) - 1);
	int64_t middle = 1ll << (52 - prec);

	return llabs((int64_t)below - middle) > 8;
}

static uint32_t result(const struct warp *w, double r)
{
	uint32_t f = r == r ? f64_to_f32(r, ROUND_EVEN) : F32_NAN;

	return f32_result(w, f);
}

static uint16_t half_result(const struct warp *w, double r)
{
	uint16_t h = r == r ? f64_to_f16(r, ROUND_EVEN) : F16_NAN;

	return f16_result(w, h);
}

/* Quotients in double may be rounded again: 53 bits are more than 2 * 24 + 2. */
static double reciprocal(double x)
{
	return 1 / x;
}

static double inverse_root(double x)
{
	double r = x < 0 ? (double)NAN : 1 / sqrt(x);

	if (x == 0)
		return copysign(INFINITY, x);
	if (!isfinite(r) || r == 0 || is_safe(r, 24))
		return r;
	/* A float's root in 64 bits; if that is not enough, it is exact. */
	return (double)(1 / sqrtl((long double)x));
}

#define SFU_OF(name, fn)						\
	HANDLER(name##_32)						\
	{								\
		EACH(i, LANES)						\
			d->u32[i] = result(w, fn(f32_operand(w, s[0]->u32[i]))); \
	}								\
	/* One half is read, and both are written. */			\
	HANDLER(name##_16)						\
	{								\
		EACH(i, LANES) {					\
			uint16_t h = half_result(w,			\
				fn(f16_operand(w, s[0]->u16[i * 2])));	\
									\
			d->u16[i * 2] = h;				\
			d->u16[i * 2 + 1] = h;				\
		}							\
	}

SFU_OF(frcp, reciprocal)
SFU_OF(frsq, inverse_root)

/* --- Fractions and exponents ---------------------------------------------- */

/* So that x = m * 2^e (4^e for roots), m from where the reduction wants it */
static double take_apart(double x, uint64_t word, int *e)
{
	double m;

	*e = 0;
	if (!isfinite(x) || x == 0)
		return x;
	m = frexp(x, e);
	if (isa_mod(word, M_LOG) && fabs(m) < 0.75) {
		m *= 2;
		--*e;
	}
	if (isa_mod(word, M_SQRT)) {
		if (*e & 1) {
			m /= 2;
			++*e;
		}
		*e /= 2;
	}
	return m;
}

HANDLER(frexpm_32)
{
	int e;

	EACH(i, LANES)
		d->u32[i] = result(w, take_apart(f32_operand(w, s[0]->u32[i]),
						 in->word, &e));
}

HANDLER(frexpm_16)
{
	int e;

	EACH(i, 2 * LANES)
		d->u16[i] = half_result(w, take_apart(f16_operand(w, s[0]->u16[i]),
						      in->word, &e));
}

HANDLER(frexpe_32)
{
	EACH(i, LANES) {
		int e;

		take_apart(f32_operand(w, s[0]->u32[i]), in->word, &e);
		d->s32[i] = e;
	}
}

HANDLER(frexpe_16)
{
	EACH(i, 2 * LANES) {
		int e;

		take_apart(f16_operand(w, s[0]->u16[i]), in->word, &e);
		d->s16[i] = e;
	}
}

HANDLER(ldexp_32)
{
	unsigned int mode = isa_mod(in->word, M_ROUND);

	EACH(i, LANES) {
		double r = ldexp(f32_operand(w, s[0]->u32[i]),
				 clamp_to(s[1]->s32[i], -600, 600));
		uint32_t f = r == r ? f64_to_f32(r, mode) : F32_NAN;

		d->u32[i] = f32_result(w, f);
	}
}

HANDLER(ldexp_16)
{
	unsigned int mode = isa_mod(in->word, M_ROUND);

	EACH(i, 2 * LANES) {
		double r = ldexp(f16_operand(w, s[0]->u16[i]), s[1]->s16[i] < -600 ?
				 -600 : s[1]->s16[i] > 600 ? 600 : s[1]->s16[i]);
		uint16_t h = r == r ? f64_to_f16(r, mode) : F16_NAN;

		d->u16[i] = f16_result(w, h);
	}
}

/* --- Exponentials and logarithms ------------------------------------------ */

static unsigned int clamp_bits(const struct insn *in)
{
	return isa_mod(in->word, M_CLAMP);
}

static double clamped(double r, unsigned int clamp)
{
	if (clamp & 1)
		r = r > 0 ? r : 0;
	if (clamp & 2)
		r = r >= 1 ? 1 : r > -1 ? r : -1;
	return r;
}

static double exp2_of(double x)
{
	double r = exp2(x);

	if (!isfinite(r) || r == 0 || is_safe(r, 24))
		return r;
	return (double)exp2l((long double)x);
}

/*
 * 2 to the power of a number with 24 bits behind the point. The float that was
 * converted to it, which is 2^24 times the exponent as well, decides where fixed
 * point ends: special values, and beyond 128.
 */
static double exponential(int32_t fixed, double scaled)
{
	double x = ldexp(scaled, -24);

	if (x != x)
		return x;
	if (fabs(x) >= 127)
		return exp2_of(x > 300 ? 300 : x < -300 ? -300 : x);
	return exp2_of(ldexp(fixed, -24));
}

HANDLER(fexp)
{
	EACH(i, LANES) {
		double r = exponential(s[0]->s32[i], f32_operand(w, s[1]->u32[i]));

		d->u32[i] = result(w, clamped(r, clamp_bits(in)));
	}
}

/* What FLOGD's operand is reduced to, less 1 */
static double reduced(double x, int *e)
{
	return take_apart(x, 1ull << isa_mods[M_LOG].pos, e);
}

/* log2(m) / (m - 1), which FADD_LSCALE's m - 1 is multiplied by */
static double log_ratio(double x)
{
	int e;
	double m, r;

	if (x == 0)
		return INFINITY;
	if (x != x || x < 0)
		return NAN;
	if (!isfinite(x))
		return x;
	m = reduced(x, &e);
	if (m == 1)
		return 1.4426950408889634;
	r = log2(m) / (m - 1);
	if (is_safe(r, 24))
		return r;
	return (double)(log2l((long double)m) / ((long double)m - 1));
}

HANDLER(flogd)
{
	EACH(i, LANES)
		d->u32[i] = result(w, log_ratio(f32_operand(w, s[0]->u32[i])));
}

/* The first operand plus the second as FLOGD reduces it */
HANDLER(fadd_lscale)
{
	int e;

	EACH(i, LANES) {
		double r = f32_operand(w, s[0]->u32[i]) +
			   reduced(f32_operand(w, s[1]->u32[i]), &e);

		d->u32[i] = result(w, clamped(r, clamp_bits(in)));
	}
}

/* --- Sines ---------------------------------------------------------------- */

/* sin(n * pi / 32) for n from 0 to 16, rounded */
static const uint32_t sines[17] = {
	0x00000000, 0x3dc8bd36, 0x3e47c5c2, 0x3e94a031, 0x3ec3ef15, 0x3ef15aea,
	0x3f0e39da, 0x3f226799, 0x3f3504f3, 0x3f45e403, 0x3f54db31, 0x3f61c598,
	0x3f6c835e, 0x3f74fa0b, 0x3f7b14be, 0x3f7ec46d, 0x3f800000,
};

/* The low 6 bits of a number are the angle, a turn having 64 */
static uint32_t sine(uint32_t n)
{
	uint32_t half = n & 31;
	uint32_t f = sines[half > 16 ? 32 - half : half];

	return n & 32 && f ? f | F32_SIGN : f;
}

MAP1(fsin, u32, 16, uint32_t, sine(a))
MAP1(fcos, u32, 16, uint32_t, sine(a + 16))

insn_fn sfu_handler(const struct insn *in)
{
	bool half = in->op->type == T_F16;

	switch (in->op->id) {
	case OP_FRCP:
		return half ? frcp_16 : frcp_32;
	case OP_FRSQ:
		return half ? frsq_16 : frsq_32;
	case OP_FREXPM:
		return half ? frexpm_16 : frexpm_32;
	case OP_FREXPE:
		return half ? frexpe_16 : frexpe_32;
	case OP_LDEXP:
		return half ? ldexp_16 : ldexp_32;
	case OP_FEXP:
		return fexp;
	case OP_FLOGD:
		return flogd;
	case OP_FADD_LSCALE:
		return fadd_lscale;
	case OP_FSIN:
		return fsin;
	case OP_FCOS:
		return fcos;
	}
	return NULL;
}

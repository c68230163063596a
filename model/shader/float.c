// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Float arithmetic: sums, products, minimum and maximum, of 32 and 16 bits.
 *
 * Invariants:
 * - Every result is rounded once, to nearest even. Halves are computed in floats,
 *   whose 24 bits are enough for a sum to be rounded again; what is more than a
 *   sum is rounded to odd first.
 * - A result that is a NaN is the one of softfp.h.
 * - With subnormals flushed, operands and results that are subnormal are zeros
 *   of their sign.
 */
#include <math.h>

#include "half.h"
#include "lanes.h"

static inline v4u quiet(v4f r)
{
	v4u nan = (v4u)(r != r);

	return ((v4u)r & ~nan) | (F32_NAN & nan);
}

static inline v4u flush(v4u f)
{
	v4u subnormal = (v4u)((f & F32_INF) == 0);

	return f & (~subnormal | F32_SIGN);
}

/* Operands as this job sees them */
static inline v4f operand(const struct warp *w, v4u f)
{
	return (v4f)(w->env->ftz32 ? flush(f) : f);
}

/* max(x, 0), as SPIR-V has it: NaN and -0 become +0 */
static uint32_t clamp_low(uint32_t f)
{
	return f32_is_nan(f) || f & F32_SIGN ? 0 : f;
}

static uint32_t clamp_one(uint32_t f, unsigned int clamp)
{
	if (clamp & 1)
		f = clamp_low(f);
	if (!(clamp & 2))
		return f;
	if (f32_is_nan(f))
		return F32_SIGN | F32_ONE;
	if ((f & ~F32_SIGN) > F32_ONE)
		return (f & F32_SIGN) | F32_ONE;
	return f;
}

/* What follows each operation: clamps, and flushing */
static inline void finish(const struct warp *w, const struct insn *in,
			  union lanes *d)
{
	unsigned int clamp = isa_mod(in->word, M_CLAMP);

	if (clamp)
		EACH(i, LANES)
			d->u32[i] = clamp_one(d->u32[i], clamp);
	if (w->env->ftz32)
		QUARTERS(i)
			d->vu32[i] = flush(d->vu32[i]);
}

/* The same for a half, from an exact or safely rounded value */
static inline uint16_t finish_half(const struct warp *w, unsigned int clamp,
				   float val)
{
	uint16_t h = f16_from_f32(f32_bits(val));

	if (clamp)
		h = f16_from_f32(clamp_one(f16_to_f32(h), clamp));
	return f16_result(w, h);
}

/* And four halves at a time; few are clamped */
static inline v4u finish_halves(const struct warp *w, unsigned int clamp, v4f val)
{
	v4u h = half_from_f32(val);

	if (clamp)
		EACH(i, 4)
			h[i] = f16_from_f32(clamp_one(f16_to_f32(h[i]), clamp));
	return w->env->ftz16 ? half_flush(h) : h;
}

static inline v4f operand_half(const struct warp *w, v4u lanes, unsigned int which)
{
	v4u h = half_of(lanes, which);

	return half_to_f32(w->env->ftz16 ? half_flush(h) : h);
}

/* --- Sums ----------------------------------------------------------------- */

HANDLER(fadd_32)
{
	QUARTERS(i)
		d->vu32[i] = quiet(operand(w, s[0]->vu32[i]) +
				   operand(w, s[1]->vu32[i]));
	finish(w, in, d);
}

static inline v4u fadd_halves(const struct warp *w, unsigned int clamp, v4u a, v4u b)
{
	v4u h[2];

	EACH(i, 2)
		h[i] = finish_halves(w, clamp, operand_half(w, a, i) +
					       operand_half(w, b, i));
	return h[0] | h[1] << 16;
}

HANDLER(fadd_16)
{
	unsigned int clamp = isa_mod(in->word, M_CLAMP);

	QUARTERS(i)
		d->vu32[i] = fadd_halves(w, clamp, s[0]->vu32[i], s[1]->vu32[i]);
}

HANDLER(fadd_imm_32)
{
	uint32_t imm = in->imm;
	const v4u all = { imm, imm, imm, imm };
	v4f b = operand(w, all);

	QUARTERS(i)
		d->vu32[i] = quiet(operand(w, s[0]->vu32[i]) + b);
	if (w->env->ftz32)
		QUARTERS(i)
			d->vu32[i] = flush(d->vu32[i]);
}

HANDLER(fadd_imm_16)
{
	QUARTERS(i)
		d->vu32[i] = fadd_halves(w, 0, s[0]->vu32[i], all_lanes(in->imm));
}

/* --- Minimum and maximum -------------------------------------------------- */

/* Integers in the order of floats; -0 is below +0 */
static inline v4s order(v4u f)
{
	return (v4s)f ^ (((v4s)f >> 31) & 0x7fffffff);
}

static inline v4u is_nan(v4u f)
{
	return (v4u)((v4s)(f & ~F32_SIGN) > (int32_t)F32_INF);
}

static inline v4u pick(v4u a, v4u b, bool max)
{
	v4u first = (v4u)(max ? order(a) > order(b) : order(a) < order(b));
	v4u r;

	/* A NaN gives way to the other */
	first = (first & ~is_nan(a)) | is_nan(b);
	r = (a & first) | (b & ~first);
	return (r & ~is_nan(r)) | (F32_NAN & is_nan(r));
}

static inline void fminmax_32(struct warp *w, const struct insn *in,
			      const union lanes *const *s, union lanes *d,
			      bool max)
{
	QUARTERS(i)
		d->vu32[i] = pick((v4u)operand(w, s[0]->vu32[i]),
				  (v4u)operand(w, s[1]->vu32[i]), max);
	finish(w, in, d);
}

HANDLER(fmin_32)
{
	fminmax_32(w, in, s, d, false);
}

HANDLER(fmax_32)
{
	fminmax_32(w, in, s, d, true);
}

/* Floats are in the order of halves */
HANDLER(fminmax_16)
{
	unsigned int clamp = isa_mod(in->word, M_CLAMP);
	bool max = in->op->id == OP_FMAX;

	QUARTERS(i) {
		v4u a = s[0]->vu32[i], b = s[1]->vu32[i], h[2];

		EACH(j, 2)
			h[j] = finish_halves(w, clamp,
					     (v4f)pick((v4u)operand_half(w, a, j),
						       (v4u)operand_half(w, b, j), max));
		d->vu32[i] = h[0] | h[1] << 16;
	}
}

/* --- Multiply and add ----------------------------------------------------- */

/* Without the host's instruction: a product of floats is exact in double */
static void fma_soft(const float *a, const float *b, const float *c,
		     uint32_t *d)
{
	EACH(i, LANES) {
		double r = fma_odd(a[i], b[i], c[i]);

		d[i] = r == r ? f64_to_f32(r, ROUND_EVEN) : F32_NAN;
	}
}

#if defined(__x86_64__)
__attribute__((target("fma")))
static void fma_hard(const float *a, const float *b, const float *c,
		     uint32_t *d)
{
	EACH(i, LANES)
		d[i] = f32_quiet(__builtin_fmaf(a[i], b[i], c[i]));
}

static bool host_has_fma(void)
{
	static int has = -1;

	if (has < 0)
		has = __builtin_cpu_supports("fma") != 0;
	return has;
}
#elif defined(__aarch64__)
static void fma_hard(const float *a, const float *b, const float *c,
		     uint32_t *d)
{
	EACH(i, LANES)
		d[i] = f32_quiet(__builtin_fmaf(a[i], b[i], c[i]));
}

static bool host_has_fma(void)
{
	return true;
}
#else
#define fma_hard	fma_soft

static bool host_has_fma(void)
{
	return false;
}
#endif

static inline void fma_operands(const struct warp *w,
				const union lanes *const *s, union lanes *t)
{
	for (unsigned int j = 0; j < 3; j++)
		QUARTERS(i)
			t[j].vf32[i] = operand(w, s[j]->vu32[i]);
}

HANDLER(fma_32_soft)
{
	union lanes t[3];

	fma_operands(w, s, t);
	fma_soft(t[0].f32, t[1].f32, t[2].f32, d->u32);
	finish(w, in, d);
}

HANDLER(fma_32_hard)
{
	union lanes t[3];

	if (!w->env->ftz32) {
		fma_hard(s[0]->f32, s[1]->f32, s[2]->f32, d->u32);
	} else {
		fma_operands(w, s, t);
		fma_hard(t[0].f32, t[1].f32, t[2].f32, d->u32);
	}
	finish(w, in, d);
}

HANDLER(fma_16)
{
	unsigned int clamp = isa_mod(in->word, M_CLAMP);

	QUARTERS(i) {
		v4u a = s[0]->vu32[i], b = s[1]->vu32[i], c = s[2]->vu32[i], h[2];

		EACH(j, 2)
			h[j] = finish_halves(w, clamp,
					     half_fma_odd(operand_half(w, a, j),
							  operand_half(w, b, j),
							  operand_half(w, c, j)));
		d->vu32[i] = h[0] | h[1] << 16;
	}
}

/*
 * Multiply, add and scale, rounded once. "n": a zero factor makes the product
 * zero; "left": it makes it the first factor.
 */
HANDLER(fma_rscale)
{
	EACH(i, LANES) {
		float a = f32_operand(w, s[0]->u32[i]), b = f32_operand(w, s[1]->u32[i]);
		float c = f32_operand(w, s[2]->u32[i]);
		int scale = clamp_to(s[3]->s32[i], -600, 600);
		bool zero = a == 0 || b == 0;
		double r;

		if (zero && in->op->id == OP_FMA_RSCALE_N)
			r = (double)c;
		else if (zero && in->op->id == OP_FMA_RSCALE_LEFT)
			r = (double)a + c;
		else
			r = fma_odd(a, b, c);
		r = ldexp(r, scale);
		d->u32[i] = r == r ? f64_to_f32(r, ROUND_EVEN) : F32_NAN;
	}
	finish(w, in, d);
}

/* --- Rounding to integers, special values --------------------------------- */

HANDLER(fround_32)
{
	unsigned int mode = isa_mod(in->word, M_ROUND);

	EACH(i, LANES)
		d->u32[i] = f32_quiet(round_integral(f32_operand(w, s[0]->u32[i]),
						     mode));
}

HANDLER(fround_16)
{
	unsigned int mode = isa_mod(in->word, M_ROUND);

	EACH(i, 2 * LANES)
		d->u16[i] = finish_half(w, 0,
					round_integral(f16_operand(w, s[0]->u16[i]),
						       mode));
}

static uint32_t flush_value(uint32_t f, uint64_t word)
{
	unsigned int nan = isa_mod(word, M_NAN);

	if (f32_is_nan(f))
		return nan == 1 ? 0 : nan == 2 ? f | 0x400000 : f;
	if (isa_mod(word, M_FTZ))
		f = f32_flush(f);
	if (isa_mod(word, M_FLUSH_INF) && (f & ~F32_SIGN) == F32_INF)
		f--;
	return f;
}

HANDLER(flush_32)
{
	EACH(i, LANES)
		d->u32[i] = flush_value(s[0]->u32[i], in->word);
}

static uint16_t flush_half(uint16_t f, uint64_t word)
{
	unsigned int nan = isa_mod(word, M_NAN);

	if (f16_is_nan(f))
		return nan == 1 ? 0 : nan == 2 ? f | 0x200 : f;
	if (isa_mod(word, M_FTZ))
		f = f16_flush(f);
	if (isa_mod(word, M_FLUSH_INF) && (f & 0x7fff) == F16_INF)
		f--;
	return f;
}

HANDLER(flush_16)
{
	EACH(i, 2 * LANES)
		d->u16[i] = flush_half(s[0]->u16[i], in->word);
}

/* --- Which is it ---------------------------------------------------------- */

static insn_fn float_32(const struct insn *in)
{
	switch (in->op->id) {
	case OP_FADD:
		return fadd_32;
	case OP_FMIN:
		return fmin_32;
	case OP_FMAX:
		return fmax_32;
	case OP_FMA:
		return host_has_fma() ? fma_32_hard : fma_32_soft;
	case OP_FMA_RSCALE:
	case OP_FMA_RSCALE_N:
	case OP_FMA_RSCALE_LEFT:
		return fma_rscale;
	case OP_FADD_IMM:
		return fadd_imm_32;
	case OP_FROUND:
		return fround_32;
	case OP_FLUSH:
		return flush_32;
	}
	return NULL;
}

static insn_fn float_16(const struct insn *in)
{
	switch (in->op->id) {
	case OP_FADD:
		return fadd_16;
	case OP_FMIN:
	case OP_FMAX:
		return fminmax_16;
	case OP_FMA:
		return fma_16;
	case OP_FADD_IMM:
		return fadd_imm_16;
	case OP_FROUND:
		return fround_16;
	case OP_FLUSH:
		return flush_16;
	}
	return NULL;
}

insn_fn float_handler(const struct insn *in)
{
	return in->op->type == T_F32 ? float_32(in) :
	       in->op->type == T_F16 ? float_16(in) : NULL;
}

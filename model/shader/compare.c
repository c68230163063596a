// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Comparisons of integers and floats, and what selects by one.
 *
 * Invariants: a comparison with a NaN is false but for "not equal"; "gtlt" is
 * ordered and different, "total" is ordered. What a comparison is combined
 * with counts as true when it is not zero.
 */
#include "lanes.h"

enum { CMP_EQ, CMP_GT, CMP_GE, CMP_NE, CMP_LT, CMP_LE, CMP_GTLT, CMP_TOTAL };

/* All ones where it holds; @T is the type of vectors, @M that of masks */
#define COMPARE_INTS(name, T, M)					\
	static inline M name(T a, T b, unsigned int cond)		\
	{								\
		switch (cond) {						\
		case CMP_EQ:						\
			return (M)(a == b);				\
		case CMP_GT:						\
			return (M)(a > b);				\
		case CMP_GE:						\
			return (M)(a >= b);				\
		case CMP_NE:						\
			return (M)(a != b);				\
		case CMP_LT:						\
			return (M)(a < b);				\
		}							\
		return (M)(a <= b);					\
	}

COMPARE_INTS(compare_u32, v4u, v4u)
COMPARE_INTS(compare_s32, v4s, v4u)
COMPARE_INTS(compare_u16, v8u16, v8u16)
COMPARE_INTS(compare_s16, v8s16, v8u16)
COMPARE_INTS(compare_u8, v16u8, v16u8)
COMPARE_INTS(compare_s8, v16s8, v16u8)

static inline v4u compare_f32(v4f a, v4f b, unsigned int cond)
{
	switch (cond) {
	case CMP_EQ:
		return (v4u)(a == b);
	case CMP_GT:
		return (v4u)(a > b);
	case CMP_GE:
		return (v4u)(a >= b);
	case CMP_NE:
		return (v4u)(a != b);
	case CMP_LT:
		return (v4u)(a < b);
	case CMP_LE:
		return (v4u)(a <= b);
	case CMP_GTLT:
		return (v4u)(a < b) | (v4u)(a > b);
	}
	return (v4u)(a == a) & (v4u)(b == b);
}

static bool compare_f16(uint16_t x, uint16_t y, unsigned int cond)
{
	float a = f32_of(f16_to_f32(x)), b = f32_of(f16_to_f32(y));

	switch (cond) {
	case CMP_EQ:
		return a == b;
	case CMP_GT:
		return a > b;
	case CMP_GE:
		return a >= b;
	case CMP_NE:
		return a != b;
	case CMP_LT:
		return a < b;
	case CMP_LE:
		return a <= b;
	case CMP_GTLT:
		return a < b || a > b;
	}
	return a == a && b == b;
}

/* --- Results -------------------------------------------------------------- */

static uint32_t true_value(const struct insn *in, uint32_t one_float)
{
	switch (isa_mod(in->word, M_RESULT)) {
	case 1:
		return one_float;
	case 2:
		return ~0u;
	}
	return 1;
}

/* OR and AND with the third source; @T as above */
#define COMBINE(name, f, T)						\
	static inline T name(const struct insn *in, T m, T c, uint32_t yes) \
	{								\
		T accum = (T)(c != 0);					\
									\
		m = isa_bits(in->word, 24, 2) == 1 ? m & accum : m | accum; \
		return m & (__typeof__(m[0]))yes;			\
	}

COMBINE(combine_32, vu32, v4u)
COMBINE(combine_16, vu16, v8u16)
COMBINE(combine_8, vu8, v16u8)

#define ICMP_OF(name, f, uf, compare, combine, one)			\
	HANDLER(name)							\
	{								\
		unsigned int cond = isa_mod(in->word, M_ICMP);		\
		uint32_t yes = true_value(in, one);			\
									\
		QUARTERS(i)						\
			d->uf[i] = combine(in,				\
					   compare(s[0]->f[i], s[1]->f[i], \
						   cond),		\
					   s[2]->uf[i], yes);		\
	}

ICMP_OF(icmp_u32, vu32, vu32, compare_u32, combine_32, F32_ONE)
ICMP_OF(icmp_s32, vs32, vu32, compare_s32, combine_32, F32_ONE)
ICMP_OF(icmp_u16, vu16, vu16, compare_u16, combine_16, F16_ONE)
ICMP_OF(icmp_s16, vs16, vu16, compare_s16, combine_16, F16_ONE)
ICMP_OF(icmp_u8, vu8, vu8, compare_u8, combine_8, 0)
ICMP_OF(icmp_s8, vs8, vu8, compare_s8, combine_8, 0)

/*
 * A comparison of more words than one: the low word's result, of kind u1, is
 * the third source of the high word's. The high words decide unless they are
 * equal.
 */
static bool compare_word(int64_t a, int64_t b, unsigned int cond, bool low)
{
	switch (cond) {
	case CMP_EQ:
		return a == b && low;
	case CMP_NE:
		return a != b || low;
	case CMP_GT:
	case CMP_GE:
		return a == b ? low : a > b;
	}
	return a == b ? low : a < b;
}

HANDLER(icmp_multi)
{
	unsigned int cond = isa_mod(in->word, M_ICMP);
	bool lowest = isa_mod(in->word, M_RESULT) == 3;
	bool of_equal = cond == CMP_EQ || cond == CMP_GE || cond == CMP_LE;
	uint32_t yes = true_value(in, F32_ONE);

	EACH(i, LANES) {
		int64_t a = s[0]->u32[i], b = s[1]->u32[i];

		if (in->op->type == T_S32) {
			a = s[0]->s32[i];
			b = s[1]->s32[i];
		}
		d->u32[i] = compare_word(a, b, cond, lowest ? of_equal :
					 s[2]->u32[i] != 0) ? yes : 0;
	}
}

static inline v4f flushed(const struct warp *w, v4u f)
{
	v4u subnormal;

	if (!w->env->ftz32)
		return (v4f)f;
	subnormal = (v4u)((f & F32_INF) == 0);
	return (v4f)(f & (~subnormal | F32_SIGN));
}

HANDLER(fcmp_32)
{
	unsigned int cond = isa_mod(in->word, M_CMP);
	uint32_t yes = true_value(in, F32_ONE);

	QUARTERS(i)
		d->vu32[i] = combine_32(in, compare_f32(flushed(w, s[0]->vu32[i]),
							flushed(w, s[1]->vu32[i]),
							cond),
					s[2]->vu32[i], yes);
}

HANDLER(fcmp_16)
{
	unsigned int cond = isa_mod(in->word, M_CMP);
	bool and = isa_bits(in->word, 24, 2) == 1;
	uint16_t yes = true_value(in, F16_ONE);

	EACH(i, 2 * LANES) {
		bool holds = compare_f16(f16_result(w, s[0]->u16[i]),
					 f16_result(w, s[1]->u16[i]), cond);
		bool accum = s[2]->u16[i];

		d->u16[i] = (and ? holds && accum : holds || accum) ? yes : 0;
	}
}

/* --- Select by a comparison ----------------------------------------------- */

#define CSEL_OF(name, f, uf, T, compare)				\
	HANDLER(name)							\
	{								\
		unsigned int cond = isa_mod(in->word, M_ICMP);		\
									\
		QUARTERS(i) {						\
			T m = compare(s[0]->f[i], s[1]->f[i], cond);	\
									\
			d->uf[i] = (s[2]->uf[i] & m) | (s[3]->uf[i] & ~m); \
		}							\
	}

CSEL_OF(csel_u32, vu32, vu32, v4u, compare_u32)
CSEL_OF(csel_s32, vs32, vu32, v4u, compare_s32)
CSEL_OF(csel_u16, vu16, vu16, v8u16, compare_u16)
CSEL_OF(csel_s16, vs16, vu16, v8u16, compare_s16)

HANDLER(csel_f32)
{
	unsigned int cond = isa_mod(in->word, M_CMP);

	QUARTERS(i) {
		v4u m = compare_f32(flushed(w, s[0]->vu32[i]),
				    flushed(w, s[1]->vu32[i]), cond);

		d->vu32[i] = (s[2]->vu32[i] & m) | (s[3]->vu32[i] & ~m);
	}
}

HANDLER(csel_f16)
{
	unsigned int cond = isa_mod(in->word, M_CMP);

	EACH(i, 2 * LANES)
		d->u16[i] = compare_f16(f16_result(w, s[0]->u16[i]),
					f16_result(w, s[1]->u16[i]), cond) ?
			    s[2]->u16[i] : s[3]->u16[i];
}

insn_fn compare_handler(const struct insn *in)
{
	static const insn_fn icmp[16] = {
		[T_U32] = icmp_u32, [T_S32] = icmp_s32,
		[T_U16] = icmp_u16, [T_S16] = icmp_s16,
		[T_U8] = icmp_u8, [T_S8] = icmp_s8,
	}, csel[16] = {
		[T_U32] = csel_u32, [T_S32] = csel_s32,
		[T_U16] = csel_u16, [T_S16] = csel_s16,
	};

	switch (in->op->id) {
	case OP_ICMP:
		return icmp[in->op->type];
	case OP_ICMP_MULTI:
		return icmp_multi;
	case OP_CSEL:
		return csel[in->op->type];
	case OP_FCMP:
		return in->op->type == T_F32 ? fcmp_32 : fcmp_16;
	case OP_FCSEL:
		return in->op->type == T_F32 ? csel_f32 : csel_f16;
	}
	return NULL;
}

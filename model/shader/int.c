// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Integer arithmetic: sums, products, dot products, what moves between lanes.
 *
 * Invariant: elements wrap unless the instruction saturates; signed overflow of
 * C does not occur, since sums are made wider or unsigned.
 */
#include "lanes.h"

/* --- Sums and products of each type --------------------------------------- */

VMAP2(add_32, vu32, v4u, a + b)
VMAP2(add_16, vu16, v8u16, a + b)
VMAP2(add_8, vu8, v16u8, a + b)
VMAP2(sub_32, vu32, v4u, a - b)
VMAP2(sub_16, vu16, v8u16, a - b)
VMAP2(sub_8, vu8, v16u8, a - b)
VMAP2(mul_32, vu32, v4u, a * b)
VMAP2(mul_16, vu16, v8u16, a * b)
VMAP2(mul_8, vu8, v16u8, a * b)

#define SATURATING(what, op)						\
	MAP2(what##_u32_sat, u32, 16, int64_t,				\
	     clamp_to(a op b, 0, UINT32_MAX))				\
	MAP2(what##_u16_sat, u16, 32, int64_t, clamp_to(a op b, 0, UINT16_MAX)) \
	MAP2(what##_u8_sat, u8, 64, int64_t, clamp_to(a op b, 0, UINT8_MAX)) \
	MAP2(what##_s32_sat, s32, 16, int64_t, clamp_to(a op b, INT32_MIN, INT32_MAX)) \
	MAP2(what##_s16_sat, s16, 32, int64_t, clamp_to(a op b, INT16_MIN, INT16_MAX)) \
	MAP2(what##_s8_sat, s8, 64, int64_t, clamp_to(a op b, INT8_MIN, INT8_MAX))

SATURATING(add, +)
SATURATING(sub, -)

/* A product of two words of 32 bits needs all 64 */
HANDLER(mul_u32_sat)
{
	EACH(i, LANES) {
		uint64_t p = (uint64_t)s[0]->u32[i] * s[1]->u32[i];

		d->u32[i] = p > UINT32_MAX ? UINT32_MAX : p;
	}
}

MAP2(mul_u16_sat, u16, 32, int64_t, clamp_to(a * b, 0, UINT16_MAX))
MAP2(mul_u8_sat, u8, 64, int64_t, clamp_to(a * b, 0, UINT8_MAX))
MAP2(mul_s32_sat, s32, 16, int64_t, clamp_to(a * b, INT32_MIN, INT32_MAX))
MAP2(mul_s16_sat, s16, 32, int64_t, clamp_to(a * b, INT16_MIN, INT16_MAX))
MAP2(mul_s8_sat, s8, 64, int64_t, clamp_to(a * b, INT8_MIN, INT8_MAX))

/* Half of the sum, rounded up if asked for */
#define HALVING(suffix, f, n)						\
	MAP2(hadd_##suffix, f, n, int64_t,				\
	     (a + b + isa_mod(in->word, M_RHADD)) >> 1)

HALVING(u32, u32, 16)
HALVING(u16, u16, 32)
HALVING(u8, u8, 64)
HALVING(s32, s32, 16)
HALVING(s16, s16, 32)
HALVING(s8, s8, 64)

/* --- 64 bits -------------------------------------------------------------- */

HANDLER(add_64)
{
	EACH(i, LANES)
		put64(d, i, get64(s, 0, i) + get64(s, 2, i));
}

HANDLER(sub_64)
{
	EACH(i, LANES)
		put64(d, i, get64(s, 0, i) - get64(s, 2, i));
}

HANDLER(shaddx)
{
	EACH(i, LANES)
		put64(d, i, get64(s, 0, i) + (get64(s, 2, i) << in->imm));
}

/* The multiplier has 32 bits on each side */
HANDLER(imuld)
{
	EACH(i, LANES)
		put64(d, i, (uint64_t)s[0]->u32[i] * s[2]->u32[i]);
}

/* --- With an immediate value ---------------------------------------------- */

HANDLER(add_imm_32)
{
	uint32_t imm = in->imm;

	QUARTERS(i)
		d->vu32[i] = s[0]->vu32[i] + imm;
}

HANDLER(add_imm_16)
{
	EACH(i, 2 * LANES)
		d->u16[i] = s[0]->u16[i] + (in->imm >> (i & 1) * 16);
}

HANDLER(add_imm_8)
{
	EACH(i, 4 * LANES)
		d->u8[i] = s[0]->u8[i] + (in->imm >> (i & 3) * 8);
}

/* --- One source ----------------------------------------------------------- */

HANDLER(mov)
{
	*d = *s[0];
}

HANDLER(mov_not)
{
	QUARTERS(i)
		d->vu32[i] = ~s[0]->vu32[i];
}

HANDLER(not_64)
{
	EACH(i, LANES)
		put64(d, i, ~get64(s, 0, i));
}

MAP1(abs_32, s32, 16, uint32_t, a >> 31 ? -a : a)
MAP1(abs_16, s16, 32, int, a < 0 ? -a : a)
MAP1(abs_8, s8, 64, int, a < 0 ? -a : a)

/* --- Dot products --------------------------------------------------------- */

HANDLER(idp_u8)
{
	bool sat = isa_mod(in->word, M_SAT);

	EACH(i, LANES) {
		uint64_t sum = s[2]->u32[i];

		EACH(j, 4)
			sum += s[0]->u8[i * 4 + j] * s[1]->u8[i * 4 + j];
		d->u32[i] = sat && sum > UINT32_MAX ? UINT32_MAX : sum;
	}
}

HANDLER(idp_s8)
{
	bool sat = isa_mod(in->word, M_SAT);

	EACH(i, LANES) {
		int64_t sum = s[2]->s32[i];

		EACH(j, 4)
			sum += s[0]->s8[i * 4 + j] * s[1]->s8[i * 4 + j];
		d->u32[i] = sat ? clamp_to(sum, INT32_MIN, INT32_MAX) : sum;
	}
}

/* --- Between lanes -------------------------------------------------------- */

/* Lanes that execute and whose source is not zero, of the lane's subgroup */
HANDLER(wmask)
{
	unsigned int size = 2u << isa_mod(in->word, M_SUBGROUP);
	uint32_t votes = 0;

	EACH(i, LANES)
		votes |= (uint32_t)(s[0]->u32[i] != 0) << i;
	votes &= w->mask;
	EACH(i, LANES)
		d->u32[i] = votes & ((1u << size) - 1) << (i & ~(size - 1));
}

/* What a lane that does not execute gives */
static const uint32_t inactive_results[16] = {
	0x00000000, 0xffffffff, 0x00000001, 0x00010001,
	0x80000000, 0x7fffffff, 0x80008000, 0x7fff7fff,
	0x80808080, 0x7f7f7f7f, 0x3f800000, 0x3c003c00,
	0xff800000, 0x7f800000, 0xfc00fc00, 0x7c007c00,
};

HANDLER(clper)
{
	unsigned int size = 2u << isa_mod(in->word, M_SUBGROUP);
	unsigned int op = isa_mod(in->word, M_LANE_OP);
	uint32_t inactive = inactive_results[isa_mod(in->word, M_INACTIVE)];

	EACH(i, LANES) {
		unsigned int in_group = op ? i ^ s[1]->u32[i] : s[1]->u32[i];
		unsigned int from = (i & ~(size - 1)) | (in_group & (size - 1));

		d->u32[i] = w->mask >> from & 1 ? s[0]->u32[from] : inactive;
	}
}

/* --- Which is it ---------------------------------------------------------- */

#define SATURATED(prefix) {						\
	[T_U32] = prefix##_u32_sat, [T_S32] = prefix##_s32_sat,		\
	[T_U16] = prefix##_u16_sat, [T_S16] = prefix##_s16_sat,		\
	[T_U8] = prefix##_u8_sat, [T_S8] = prefix##_s8_sat,		\
}

#define BY_SIZE(prefix) {						\
	[T_U32] = prefix##_32, [T_S32] = prefix##_32,			\
	[T_U16] = prefix##_16, [T_S16] = prefix##_16,			\
	[T_U8] = prefix##_8, [T_S8] = prefix##_8,			\
}

static insn_fn sum_handler(const struct insn *in)
{
	static const insn_fn add[16] = BY_SIZE(add), sub[16] = BY_SIZE(sub),
			     mul[16] = BY_SIZE(mul),
			     add_sat[16] = SATURATED(add),
			     sub_sat[16] = SATURATED(sub),
			     mul_sat[16] = SATURATED(mul);
	unsigned int type = in->op->type;
	bool sat = isa_mod(in->word, M_SAT);

	if (type == T_U64 || type == T_S64)
		return in->op->id == OP_IADD ? add_64 : sub_64;
	switch (in->op->id) {
	case OP_IADD:
		return sat ? add_sat[type] : add[type];
	case OP_ISUB:
		return sat ? sub_sat[type] : sub[type];
	}
	return sat ? mul_sat[type] : mul[type];
}

#define HALVES {							\
	[T_U32] = hadd_u32, [T_S32] = hadd_s32,				\
	[T_U16] = hadd_u16, [T_S16] = hadd_s16,				\
	[T_U8] = hadd_u8, [T_S8] = hadd_s8,				\
}

insn_fn int_handler(const struct insn *in)
{
	static const insn_fn hadd[16] = HALVES,
			     abs[16] = BY_SIZE(abs),
			     add_imm[16] = BY_SIZE(add_imm);
	unsigned int type = in->op->type;

	switch (in->op->id) {
	case OP_IADD:
	case OP_ISUB:
	case OP_IMUL:
		return sum_handler(in);
	case OP_HADD:
		return hadd[type];
	case OP_IABS:
		return abs[type];
	case OP_IADD_IMM:
		return add_imm[type];
	case OP_SHADDX:
		return shaddx;
	case OP_IMULD:
		return imuld;
	case OP_MOV:
		return mov;
	case OP_NOT:
		return type == T_U64 ? not_64 : mov_not;
	case OP_IDP:
		return type == T_U32 ? idp_u8 : idp_s8;
	case OP_WMASK:
		return wmask;
	case OP_CLPER:
		/* What the other two do is not known. */
		return isa_mod(in->word, M_LANE_OP) < 2 ? clper : NULL;
	}
	return NULL;
}

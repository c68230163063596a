// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bits: shifts and rotations with a bitwise operation after them, vectors put
 * together, counting, selecting.
 *
 * Invariant: an amount to shift by counts modulo the width of the element.
 */
#include "lanes.h"

/* --- Shift, then AND, OR or XOR ------------------------------------------- */

#define BITS(a)		(8 * sizeof(a))
#define AMOUNT(a, n)	((n) & (BITS(a) - 1))
#define LEFT(a, n)	((a) << AMOUNT(a, n))
#define RIGHT(a, n)	((a) >> AMOUNT(a, n))
/* The other way by what is missing; not at all when nothing is */
#define ROT_LEFT(a, n)	(LEFT(a, n) | (a) >> AMOUNT(a, -(n)))
#define ROT_RIGHT(a, n)	(RIGHT(a, n) | (a) << AMOUNT(a, -(n)))

#define SHIFT_OF(name, f, num, type, shift_f, expr)			\
	static void name(const union lanes *const *s, union lanes *d)	\
	{								\
		EACH(i, num) {						\
			type a = s[0]->f[i];				\
			unsigned int n = s[1]->shift_f[i];		\
									\
			d->f[i] = (expr);				\
		}							\
	}

#define SHIFTS_OF(bits, f, sf, num, shift_f)				\
	SHIFT_OF(lshift_##bits, f, num, uint##bits##_t, shift_f, LEFT(a, n)) \
	SHIFT_OF(rshift_##bits, f, num, uint##bits##_t, shift_f, RIGHT(a, n)) \
	SHIFT_OF(arshift_##bits, sf, num, int##bits##_t, shift_f, RIGHT(a, n)) \
	SHIFT_OF(lrot_##bits, f, num, uint##bits##_t, shift_f, ROT_LEFT(a, n)) \
	SHIFT_OF(rrot_##bits, f, num, uint##bits##_t, shift_f, ROT_RIGHT(a, n))

SHIFTS_OF(16, u16, s16, 32, u16)
SHIFTS_OF(8, u8, s8, 64, u8)
SHIFT_OF(lrot_32, u32, 16, uint32_t, u32, ROT_LEFT(a, n))
SHIFT_OF(rrot_32, u32, 16, uint32_t, u32, ROT_RIGHT(a, n))
SHIFT_OF(lshift_32, u32, 16, uint32_t, u32, LEFT(a, n))
SHIFT_OF(rshift_32, u32, 16, uint32_t, u32, RIGHT(a, n))
SHIFT_OF(arshift_32, s32, 16, int32_t, u32, RIGHT(a, n))

static void logic(const struct insn *in, const union lanes *b, union lanes *d)
{
	uint32_t flip = isa_mod(in->word, M_NOT_RESULT) ? ~0u : 0;

	switch (isa_bits(in->word, 24, 2)) {
	case 0:
		QUARTERS(i)
			d->vu32[i] = (d->vu32[i] & b->vu32[i]) ^ flip;
		break;
	case 1:
		QUARTERS(i)
			d->vu32[i] = (d->vu32[i] | b->vu32[i]) ^ flip;
		break;
	case 2:
		QUARTERS(i)
			d->vu32[i] = (d->vu32[i] ^ b->vu32[i]) ^ flip;
		break;
	}
}

/* The shifted value is on its own: @d may be what it is combined with */
#define SHIFT_HANDLER(what, bits)					\
	HANDLER(what##_##bits##_op)					\
	{								\
		union lanes t;						\
									\
		what##_##bits(s, &t);					\
		logic(in, s[2], &t);					\
		*d = t;							\
	}

#define SHIFT_HANDLERS(what)	\
	SHIFT_HANDLER(what, 32)	\
	SHIFT_HANDLER(what, 16)	\
	SHIFT_HANDLER(what, 8)

SHIFT_HANDLERS(lshift)
SHIFT_HANDLERS(rshift)
SHIFT_HANDLERS(arshift)
SHIFT_HANDLERS(lrot)
SHIFT_HANDLERS(rrot)

/* By a constant 0, which is how bitwise operations are written */
HANDLER(logic_op)
{
	union lanes t = *s[0];

	logic(in, s[2], &t);
	*d = t;
}

static uint64_t shift_64(unsigned int id, uint64_t a, unsigned int n)
{
	switch (id) {
	case OP_LSHIFT:
		return LEFT(a, n);
	case OP_RSHIFT:
		return RIGHT(a, n);
	case OP_ARSHIFT:
		return RIGHT((int64_t)a, n);
	case OP_LROT:
		return ROT_LEFT(a, n);
	}
	return ROT_RIGHT(a, n);
}

HANDLER(shift_64_op)
{
	EACH(i, LANES)
		put64(d, i, shift_64(in->op->id, get64(s, 0, i), s[2]->u32[i]));
	logic(in, s[3], &d[0]);
	logic(in, s[4], &d[1]);
}

/* --- Vectors -------------------------------------------------------------- */

HANDLER(mkvec_16)
{
	QUARTERS(i)
		d->vu32[i] = (s[0]->vu32[i] & 0xffff) | s[1]->vu32[i] << 16;
}

HANDLER(mkvec_8)
{
	QUARTERS(i)
		d->vu32[i] = s[0]->vu32[i] | s[1]->vu32[i] << 8 |
			     s[2]->vu32[i] << 16;
}

/* --- Selecting ------------------------------------------------------------ */

#define SELECT(mask, a, b)	(((a) & (mask)) | ((b) & ~(mask)))

HANDLER(mux_bit)
{
	QUARTERS(i)
		d->vu32[i] = SELECT(s[2]->vu32[i], s[0]->vu32[i],
				    s[1]->vu32[i]);
}

#define MUX_OF(name, f, sf, type, cond)					\
	HANDLER(name)							\
	{								\
		QUARTERS(i) {						\
			type c = s[2]->sf[i];				\
			type m = (type)(cond);				\
									\
			d->sf[i] = SELECT(m, s[0]->sf[i], s[1]->sf[i]);	\
		}							\
	}

MUX_OF(mux_neg_32, vu32, vs32, v4s, c < 0)
MUX_OF(mux_neg_16, vu16, vs16, v8s16, c < 0)
MUX_OF(mux_neg_8, vu8, vs8, v16s8, c < 0)
MUX_OF(mux_zero_32, vu32, vs32, v4s, c == 0)
MUX_OF(mux_zero_16, vu16, vs16, v8s16, c == 0)
MUX_OF(mux_zero_8, vu8, vs8, v16s8, c == 0)
MUX_OF(mux_fp_32, vu32, vs32, v4s, (c & 0x7fffffff) == 0)
MUX_OF(mux_fp_16, vu16, vs16, v8s16, (c & 0x7fff) == 0)

static insn_fn mux_handler(const struct insn *in)
{
	static const insn_fn by_size[3][4] = {
		{ mux_neg_32, mux_zero_32, mux_fp_32, mux_bit },
		{ mux_neg_16, mux_zero_16, mux_fp_16, mux_bit },
		{ mux_neg_8, mux_zero_8, NULL, mux_bit },
	};
	unsigned int size = in->op->type == T_U32 ? 0 :
			    in->op->type == T_U16 ? 1 : 2;

	return by_size[size][isa_mod(in->word, M_MUX)];
}

/* --- Counting ------------------------------------------------------------- */

static unsigned int leading_zeros(uint32_t val, unsigned int bits)
{
	return val ? __builtin_clz(val) - (32 - bits) : bits;
}

/* With a mask, what has no bit at all is all ones */
#define CLZ_OF(bits, f, num)						\
	HANDLER(clz_##bits)						\
	{								\
		bool mask = isa_mod(in->word, M_MASK);			\
									\
		EACH(i, num)						\
			d->f[i] = mask && !s[0]->f[i] ?		\
				  (uint##bits##_t)~0u :			\
				  leading_zeros(s[0]->f[i], bits);	\
	}

CLZ_OF(32, u32, 16)
CLZ_OF(16, u16, 32)
CLZ_OF(8, u8, 64)

MAP1(popcount, u32, 16, uint32_t, __builtin_popcount(a))

HANDLER(bitrev)
{
	EACH(i, LANES) {
		uint32_t a = s[0]->u32[i];

		a = (a >> 1 & 0x55555555) | (a & 0x55555555) << 1;
		a = (a >> 2 & 0x33333333) | (a & 0x33333333) << 2;
		a = (a >> 4 & 0x0f0f0f0f) | (a & 0x0f0f0f0f) << 4;
		d->u32[i] = __builtin_bswap32(a);
	}
}

/* --- Which is it ---------------------------------------------------------- */

static bool shifts_by_zero(const struct insn *in)
{
	const struct insn_src *n = &in->src[1];

	return n->file == FILE_CONST && !isa_constants[n->index];
}

static insn_fn shift_handler(const struct insn *in)
{
	static const insn_fn by_id[3][5] = {
		{ rshift_32_op, lshift_32_op, rrot_32_op, lrot_32_op,
		  arshift_32_op },
		{ rshift_16_op, lshift_16_op, rrot_16_op, lrot_16_op,
		  arshift_16_op },
		{ rshift_8_op, lshift_8_op, rrot_8_op, lrot_8_op,
		  arshift_8_op },
	};
	unsigned int type = in->op->type;

	if (type == T_U64)
		return shift_64_op;
	if (shifts_by_zero(in))
		return logic_op;
	return by_id[type == T_U32 ? 0 : type == T_U16 ? 1 : 2]
		    [in->op->id - OP_RSHIFT];
}

insn_fn bits_handler(const struct insn *in)
{
	switch (in->op->id) {
	case OP_RSHIFT:
	case OP_LSHIFT:
	case OP_RROT:
	case OP_LROT:
	case OP_ARSHIFT:
		return shift_handler(in);
	case OP_MKVEC16:
		return mkvec_16;
	case OP_MKVEC8:
		return mkvec_8;
	case OP_MUX:
		return mux_handler(in);
	case OP_CLZ:
		return in->op->type == T_U32 ? clz_32 :
		       in->op->type == T_U16 ? clz_16 : clz_8;
	case OP_POPCOUNT:
		return popcount;
	case OP_BITREV:
		return bitrev;
	}
	return NULL;
}

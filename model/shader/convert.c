// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conversions between integers and floats, wide and narrow.
 *
 * Invariants: an integer that a float does not fit becomes the nearest that
 * there is, and a NaN becomes 0; rounding is in the mode of the instruction.
 */
#include <math.h>

#include "half.h"
#include "lanes.h"

static unsigned int mode_of(const struct insn *in)
{
	return isa_mod(in->word, M_ROUND);
}

/* --- To integers ---------------------------------------------------------- */

static int64_t to_int(double d, unsigned int mode, int64_t min, int64_t max)
{
	if (d != d)
		return 0;
	d = round_integral(d, mode);
	return d <= (double)min ? min : d >= (double)max ? max : (int64_t)d;
}

static int64_t to_word(double d, const struct insn *in)
{
	return in->op->type == T_S32 ?
	       to_int(d, mode_of(in), INT32_MIN, INT32_MAX) :
	       to_int(d, mode_of(in), 0, UINT32_MAX);
}

HANDLER(f32_to_i)
{
	EACH(i, LANES)
		d->u32[i] = to_word(f32_operand(w, s[0]->u32[i]), in);
}

/* Of the half that the swizzle puts first */
HANDLER(f16_to_i32)
{
	EACH(i, LANES)
		d->u32[i] = to_word(f16_operand(w, s[0]->u16[i * 2]), in);
}

HANDLER(f16_to_i16)
{
	bool is_signed = in->op->type == T_S16;

	EACH(i, 2 * LANES)
		d->u16[i] = to_int(f16_operand(w, s[0]->u16[i]), mode_of(in),
				   is_signed ? INT16_MIN : 0,
				   is_signed ? INT16_MAX : UINT16_MAX);
}

/* --- To floats ------------------------------------------------------------ */

HANDLER(i_to_f32)
{
	EACH(i, LANES)
		d->u32[i] = f64_to_f32(in->op->type == T_S32 ? s[0]->s32[i] :
				       (double)s[0]->u32[i], mode_of(in));
}

HANDLER(s32_to_f32)
{
	QUARTERS(i)
		d->vf32[i] = __builtin_convertvector(s[0]->vs32[i], v4f);
}

HANDLER(i_to_f16)
{
	EACH(i, 2 * LANES)
		d->u16[i] = f64_to_f16(in->op->type == T_S16 ? s[0]->s16[i] :
				       s[0]->u16[i], mode_of(in));
}

HANDLER(f32_to_f16)
{
	unsigned int clamp = isa_mod(in->word, M_CLAMP);
	union lanes t;

	EACH(i, 2 * LANES) {
		double v = f32_operand(w, s[i & 1]->u32[i / 2]);
		uint16_t h;

		if (clamp & 1)
			v = v > 0 ? v : 0;
		if (clamp & 2)
			v = v >= 1 ? 1 : v > -1 ? v : -1;
		h = v == v ? f64_to_f16(v, mode_of(in)) : F16_NAN;
		t.u16[i] = f16_result(w, h);
	}
	*d = t;
}

void float_narrow(const struct warp *w, union lanes *d)
{
	QUARTERS(i) {
		v4u h = half_from_f32(d->vf32[i]);

		h = w->env->ftz16 ? half_flush(h) : h;
		d->vu32[i] = h | h << 16;
	}
}

HANDLER(f16_to_f32_lane)
{
	QUARTERS(i) {
		v4u h = half_of(s[0]->vu32[i], 0);

		d->vf32[i] = half_to_f32(w->env->ftz16 ? half_flush(h) : h);
	}
}

/* --- Small integers: sources are extended already, or here ---------------- */

/* Of the half that the swizzle puts first */
HANDLER(i16_to_i32)
{
	EACH(i, LANES)
		d->u32[i] = in->op->type == T_S16 ? (uint32_t)s[0]->s16[i * 2] :
			    s[0]->u16[i * 2];
}

HANDLER(i16_to_f32)
{
	EACH(i, LANES)
		d->f32[i] = in->op->type == T_S16 ? s[0]->s16[i * 2] :
			    s[0]->u16[i * 2];
}

HANDLER(i8_to_i32)
{
	*d = *s[0];
}

HANDLER(i8_to_f32)
{
	EACH(i, LANES)
		d->f32[i] = s[0]->s32[i];
}

HANDLER(i8_to_f16)
{
	EACH(i, 2 * LANES)
		d->u16[i] = f64_to_f16(s[0]->s16[i], ROUND_EVEN);
}

static insn_fn to_f32_handler(const struct insn *in)
{
	/* The host rounds to nearest even, as nobody told it otherwise. */
	return in->op->type == T_S32 && mode_of(in) == ROUND_EVEN ?
	       s32_to_f32 : i_to_f32;
}

insn_fn convert_handler(const struct insn *in)
{
	switch (in->op->id) {
	case OP_F32_TO_I:
		return f32_to_i;
	case OP_F16_TO_I32:
		return f16_to_i32;
	case OP_F16_TO_I16:
		return f16_to_i16;
	case OP_I_TO_F32:
		return to_f32_handler(in);
	case OP_I_TO_F16:
		return i_to_f16;
	case OP_F32_TO_F16:
		return f32_to_f16;
	case OP_F16_TO_F32:
		return f16_to_f32_lane;
	case OP_I16_TO_I32:
		return i16_to_i32;
	case OP_I16_TO_F32:
		return i16_to_f32;
	case OP_I8_TO_I32:
	case OP_I8_TO_I16:
		return i8_to_i32;
	case OP_I8_TO_F32:
		return i8_to_f32;
	case OP_I8_TO_F16:
		return i8_to_f16;
	}
	return NULL;
}

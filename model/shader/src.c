// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading sources: registers, uniforms, constants and special values, with the
 * bytes and halves put where a swizzle says, widened, negated.
 *
 * Invariant: a source that is a whole register is given as it is, without a
 * copy; whatever else becomes one in temporary memory of the caller.
 */
#include "half.h"
#include "warp.h"

/* Which element of a source is which of the result */
static const uint8_t half_order[4][2] = {
	{ 0, 0 }, { 1, 0 }, { 0, 1 }, { 1, 1 },
};

/* Values 4 and up of 16-bit swizzles: bytes */
static const uint8_t wide_order[10][2] = {
	{ 0, 0 }, { 2, 0 }, { 0, 2 }, { 2, 2 }, { 1, 1 },
	{ 3, 1 }, { 1, 3 }, { 3, 3 }, { 0, 1 }, { 2, 3 },
};

static const uint8_t byte_order[12][4] = {
	{ 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 0, 1, 0, 1 }, { 2, 3, 2, 3 },
	{ 0, 0, 0, 0 }, { 1, 1, 1, 1 }, { 2, 2, 2, 2 }, { 3, 3, 3, 3 },
	{ 2, 3, 0, 1 }, { 1, 0, 3, 2 }, { 0, 0, 1, 1 }, { 2, 2, 3, 3 },
};

static uint64_t pair(uint64_t val, unsigned int index)
{
	return index & 1 ? val >> 32 : (uint32_t)val;
}

uint32_t warp_special(const struct warp *w, unsigned int page,
		      unsigned int index, unsigned int lane)
{
	const struct shader_env *env = w->env;

	switch (page << 4 | index >> 1) {
	case 0x02: /* warp, and how many there are less 1 */
		return index & 1 ? SHADER_MAX_THREADS / LANES - 1 : w->id;
	case 0x11: /* memory of the thread */
		if (!env->tls_base)
			return 0;
		return pair(env->tls_base + (w->first + lane) * env->tls_size,
			    index);
	case 0x13:
		return pair(w->wls, index);
	case 0x17:
		return pair(env->srt, index);
	case 0x31:
		return index & 1 ? 0 : lane;
	case 0x3f: /* of the next instruction, as branches count */
		return pair(w->pc + 8, index);
	}
	return 0; /* those of fragments, and the core: there is one */
}

static void broadcast(union lanes *to, uint32_t val)
{
	const v4u all = { val, val, val, val };

	for (int i = 0; i < 4; i++)
		to->vu32[i] = all;
}

/* The register or value, word @high of a pair */
static const union lanes *raw(struct warp *w, const struct insn_src *s,
			      unsigned int high, union lanes *tmp)
{
	switch (s->file) {
	case FILE_REG:
		return &w->r[s->index + high];
	case FILE_UNIFORM:
		broadcast(tmp, w->env->uniforms[s->index + high]);
		break;
	case FILE_CONST:
		/* Constants have 32 bits */
		broadcast(tmp, high ? 0 : isa_constants[s->index]);
		break;
	case FILE_SPECIAL:
		for (unsigned int i = 0; i < LANES; i++)
			tmp->u32[i] = warp_special(w, s->page, s->index + high,
						   i);
		break;
	}
	return tmp;
}

static bool type_is_signed(unsigned int type)
{
	return type == T_S32 || type == T_S16 || type == T_S8 || type == T_S64;
}

/* Part of a word as swizzles of 32 bits name them: 2, 3 halves, 4 to 7 bytes */
static uint32_t widen(uint32_t val, unsigned int swizzle, bool is_signed)
{
	if (swizzle >= 4) {
		val = val >> (swizzle - 4) * 8 & 0xff;
		return is_signed ? (uint32_t)(int8_t)val : val;
	}
	val = val >> (swizzle - 2) * 16 & 0xffff;
	return is_signed ? (uint32_t)(int16_t)val : val;
}

static void swizzle_32(const union lanes *from, union lanes *to,
		       unsigned int swizzle, bool is_signed)
{
	for (unsigned int i = 0; i < LANES; i++)
		to->u32[i] = widen(from->u32[i], swizzle, is_signed);
}

static void swizzle_16(const union lanes *from, union lanes *to,
		       unsigned int swizzle, bool is_signed)
{
	for (unsigned int i = 0; i < 2 * LANES; i++) {
		unsigned int lane = i / 2, half = i % 2;
		uint8_t b;

		if (swizzle < 4) {
			to->u16[i] = from->u16[lane * 2 + half_order[swizzle][half]];
			continue;
		}
		b = from->u8[lane * 4 + wide_order[swizzle - 4][half]];
		to->u16[i] = is_signed ? (uint16_t)(int8_t)b : b;
	}
}

static void swizzle_8(const union lanes *from, union lanes *to,
		      unsigned int swizzle)
{
	for (unsigned int i = 0; i < 4 * LANES; i++)
		to->u8[i] = from->u8[(i & ~3u) + byte_order[swizzle][i & 3]];
}

/* Amounts to shift by, one for each element of the operation */
static void swizzle_shift(const union lanes *from, union lanes *to,
			  unsigned int swizzle, unsigned int type)
{
	for (unsigned int i = 0; i < LANES; i++) {
		const uint8_t *b = &from->u8[i * 4];

		if (type == T_U16) {
			/* the codes are those of 8-bit swizzles: 0 is b02 */
			to->u16[i * 2] = b[byte_order[swizzle][0]];
			to->u16[i * 2 + 1] = b[byte_order[swizzle][2]];
		} else if (type == T_U8) {
			for (unsigned int j = 0; j < 4; j++)
				to->u8[i * 4 + j] = b[byte_order[swizzle][j]];
		} else {
			to->u32[i] = b[swizzle - 4];
		}
	}
}

static void widen_float(const union lanes *from, union lanes *to,
			unsigned int half)
{
	for (int i = 0; i < 4; i++)
		to->vf32[i] = half_to_f32(half_of(from->vu32[i], half));
}

static void float_sign(const union lanes *from, union lanes *to, uint32_t sign,
		       bool abs, bool neg)
{
	uint32_t keep = abs ? ~sign : ~0u, flip = neg ? sign : 0;

	for (int i = 0; i < 4; i++)
		to->vu32[i] = (from->vu32[i] & keep) ^ flip;
}

static const union lanes *float_source(const struct insn_src *s,
				       const union lanes *from, union lanes *to)
{
	bool half = s->kind == SRC_F16 || s->kind == SRC_F16N ||
		    s->kind == SRC_F16L;

	if ((s->kind == SRC_F32 || s->kind == SRC_F32S) && s->swizzle) {
		widen_float(from, to, s->swizzle - 1);
		from = to;
	} else if (s->kind == SRC_F16 && s->swizzle != 2) {
		union lanes copy = *from;

		swizzle_16(&copy, to, s->swizzle, false);
		from = to;
	} else if (s->kind == SRC_F16L) {
		union lanes copy = *from;

		swizzle_16(&copy, to, s->swizzle ? 3 : 0, false);
		from = to;
	}
	if (s->neg || s->abs) {
		float_sign(from, to, half ? 0x80008000 : 0x80000000, s->abs,
			   s->neg);
		from = to;
	}
	return from;
}

static const union lanes *int_source(const struct insn *in,
				     const struct insn_src *s,
				     const union lanes *from, union lanes *to)
{
	bool is_signed = type_is_signed(in->op->type);
	union lanes copy;

	switch (s->kind) {
	case SRC_I32:
		if (!s->swizzle)
			return from;
		swizzle_32(from, to, s->swizzle, is_signed);
		return to;
	case SRC_I16:
	case SRC_S16:
		if (s->swizzle == 2)
			return from;
		copy = *from;
		swizzle_16(&copy, to, s->swizzle, is_signed);
		return to;
	case SRC_I8:
		if (!s->swizzle)
			return from;
		copy = *from;
		swizzle_8(&copy, to, s->swizzle);
		return to;
	case SRC_SHIFT:
		copy = *from;
		swizzle_shift(&copy, to, s->swizzle, in->op->type);
		return to;
	case SRC_B28:
	case SRC_B36:
	case SRC_B38:
		swizzle_32(from, to, s->swizzle + 4, is_signed);
		return to;
	case SRC_BB:
		copy = *from;
		for (unsigned int i = 0; i < 2 * LANES; i++) {
			uint8_t b = copy.u8[i / 2 * 4 +
					    (s->swizzle >> (i & 1) * 2 & 3)];

			to->u16[i] = is_signed ? (uint16_t)(int8_t)b : b;
		}
		return to;
	case SRC_NOT:
		if (!s->neg)
			return from;
		for (int i = 0; i < 4; i++)
			to->vu32[i] = ~from->vu32[i];
		return to;
	}
	return from;
}

static const union lanes *single(struct warp *w, const struct insn *in,
				 const struct insn_src *s, union lanes *tmp)
{
	const union lanes *from = raw(w, s, 0, tmp);

	switch (s->kind) {
	case SRC_F32:
	case SRC_F32N:
	case SRC_F32S:
	case SRC_F16:
	case SRC_F16N:
	case SRC_F16L:
		return float_source(s, from, tmp);
	}
	return int_source(in, s, from, tmp);
}

/* Two words; those of a widened source are made here */
static void wide(struct warp *w, const struct insn *in,
		 const struct insn_src *s, const union lanes **out,
		 union lanes *tmp)
{
	bool is_signed = type_is_signed(in->op->type);

	out[0] = raw(w, s, 0, &tmp[0]);
	if (s->kind == SRC_I64 && s->swizzle) {
		if (s->swizzle < 8)
			swizzle_32(out[0], &tmp[0], s->swizzle, is_signed);
		else
			tmp[0] = *out[0];
		for (int i = 0; i < 4; i++)
			tmp[1].vs32[i] = tmp[0].vs32[i] >> 31 & -is_signed;
		out[0] = &tmp[0];
		out[1] = &tmp[1];
		return;
	}
	out[1] = raw(w, s, 1, &tmp[1]);
	if (s->kind != SRC_NOT64 || !s->neg)
		return;
	for (unsigned int j = 0; j < 2; j++) {
		for (int i = 0; i < 4; i++)
			tmp[j].vu32[i] = ~out[j]->vu32[i];
		out[j] = &tmp[j];
	}
}

void warp_fetch(struct warp *w, const struct insn *in, const union lanes **s,
		union lanes *tmp)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < in->num_srcs; i++) {
		const struct insn_src *src = &in->src[i];

		if (isa_src_is_64(src->kind)) {
			wide(w, in, src, &s[n], &tmp[n]);
			n += 2;
		} else if (src->plain) {
			s[n++] = &w->r[src->index];
		} else {
			s[n] = single(w, in, src, &tmp[n]);
			n++;
		}
	}
}

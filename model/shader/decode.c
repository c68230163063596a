// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From words to decoded instructions.
 *
 * Invariants: see decode.h. Everything is checked here and nothing later;
 * each check has a reason of its own, which ends up in the guest-error line.
 */
#include <string.h>

#include "decode.h"

static const char *decode_file(struct insn_src *s, unsigned int byte,
			       unsigned int page, bool pair)
{
	unsigned int value = byte & 0x3f;

	s->page = page;
	if (byte < 0x80) {
		s->file = FILE_REG;
		s->index = value;
		return pair && value & 1 ? "odd register of a pair" : NULL;
	}
	if (byte < 0xc0) {
		s->file = FILE_UNIFORM;
		s->index = value | page << 6;
		return pair && value & 1 ? "odd uniform of a pair" : NULL;
	}
	if (value < 32) {
		s->file = FILE_CONST;
		s->index = value;
		return NULL;
	}
	s->file = FILE_SPECIAL;
	s->index = value - 32;
	if (!isa_specials[page][s->index >> 1])
		return "reserved special value";
	return pair && value & 1 ? "odd special value of a pair" : NULL;
}

static bool swizzle_is_identity(const struct insn_src *s)
{
	switch (s->kind) {
	case SRC_F16:
	case SRC_S16:
	case SRC_I16:
		return s->swizzle == 2;
	case SRC_F32:
	case SRC_F32S:
	case SRC_F32N:
	case SRC_F16N:
	case SRC_I32:
	case SRC_I64:
	case SRC_I8:
	case SRC_32:
	case SRC_64:
	case SRC_NOT:
	case SRC_NOT64:
		return !s->swizzle;
	}
	return false;
}

static const char *decode_src(struct insn *in, unsigned int i)
{
	const struct isa_src *row = &in->op->src[i];
	struct insn_src *s = &in->src[i];
	unsigned int width, pos = isa_swizzle_field(row->kind, i, &width);
	const char *why;

	s->kind = row->kind;
	why = decode_file(s, isa_bits(in->word, 8 * row->byte, 8),
			  isa_fau_page(in->word), isa_src_is_64(s->kind));
	if (why)
		return why;
	if (width) {
		s->swizzle = isa_bits(in->word, pos, width);
		if (!isa_swizzle_name(s->kind, in->op->type, s->swizzle))
			return "reserved swizzle";
	}
	if (isa_src_has_neg(s->kind)) {
		s->neg = isa_bits(in->word, isa_neg_pos(i), 1);
		s->abs = isa_bits(in->word, isa_neg_pos(i) + 1, 1);
	}
	if (s->kind == SRC_NOT || s->kind == SRC_NOT64)
		s->neg = isa_bits(in->word, 35, 1);
	s->plain = s->file == FILE_REG && !s->neg && !s->abs &&
		   swizzle_is_identity(s);
	return NULL;
}

static const char *check_registers(unsigned int first, unsigned int count)
{
	if (count > 1 && first & 1)
		return "staging registers begin at an odd one";
	return first + count > 64 ? "no such staging register" : NULL;
}

/* How many registers an access has to name; any number if it is not one */
static bool staging_count_fits(const struct insn *in)
{
	unsigned int words = in->op->size / 32;

	switch (in->op->id) {
	case OP_LOAD:
	case OP_LD_BUFFER:
	case OP_LEA_BUFFER:
		return in->sw_count == isa_load_regs(in->op, in->word);
	case OP_LEA_BUF:
		return in->sw_count == 2;
	case OP_LEA_TEX:
		return in->sw_count == 3;
	case OP_LD_TEX:
	case OP_LD_CVT:
		return in->sw_count == isa_typed_regs(in->word);
	case OP_ST_CVT:
		return in->sr_count == isa_typed_regs(in->word);
	case OP_TEX_FETCH:
	case OP_TEX_SINGLE:
	case OP_TEX_GATHER:
	case OP_TEX_GRADIENT:
		return in->sw_count == isa_texture_regs(in->word);
	case OP_STORE:
		return in->sr_count == (in->op->size + 31) / 32;
	case OP_ATOM1:
		return !in->sw_count || in->sw_count == words;
	case OP_ATOM:
	case OP_ATOM_RETURN:
		if (isa_mod(in->word, M_ATOM) < 2)
			words = 1;
		else if (in->op->id == OP_ATOM_RETURN &&
			 isa_mod(in->word, M_COMPARE))
			words *= 2;
		return in->sr_count == words &&
		       (in->op->id == OP_ATOM ||
			in->sw_count == in->op->size / 32u);
	}
	return true;
}

static bool staging_control_fits(const struct insn *in, unsigned int control)
{
	switch (in->op->staging) {
	case SR_W:
	case SR_VT:
		/* What returns nothing may name its register as it likes */
		return control == 2 || (in->op->id == OP_ATOM1 && control == 3 &&
					!in->sw_count);
	case SR_R:
		return control == 1;
	case SR_RW:
		return control == 3;
	}
	return true;
}

static const char *decode_staging(struct insn *in)
{
	unsigned int reg = isa_bits(in->word, 40, 6);
	unsigned int count = isa_bits(in->word, 33, 3);
	unsigned int write_count = isa_bits(in->word, 36, 3) + 1;
	const char *why;

	switch (in->op->staging) {
	case SR_W:
		in->sw = reg;
		in->sw_count = count;
		break;
	case SR_R:
		in->sr = reg;
		in->sr_count = count;
		break;
	case SR_RW:
	case SR_TEX:
		in->sr = reg;
		in->sr_count = count;
		in->sw = isa_bits(in->word, 16, 6);
		in->sw_count = write_count;
		break;
	case SR_VT:
		in->sw = reg;
		in->sw_count = write_count;
		break;
	}
	why = check_registers(in->sr, in->sr_count);
	if (!why)
		why = check_registers(in->sw, in->sw_count);
	if (why)
		return why;
	if (!staging_count_fits(in))
		return "wrong number of staging registers";
	if (!staging_control_fits(in, isa_bits(in->word, 46, 2)))
		return "wrong use of staging registers";
	return NULL;
}

static bool type_is_64(unsigned int type)
{
	return type == T_U64 || type == T_S64;
}

static const char *decode_dest(struct insn *in)
{
	in->dst_mask = isa_bits(in->word, 46, 2);
	if (!in->op->dest)
		return in->op->staging || in->dst_mask == 3 ?
		       NULL : "a destination where there is none";
	in->dst = isa_bits(in->word, 40, 6);
	if (!in->dst_mask)
		return "nothing is written";
	if (type_is_64(in->op->type) && in->dst & 1)
		return "odd destination of a pair";
	if (type_is_64(in->op->type) && in->dst_mask != 3)
		return "half of a pair is written";
	return NULL;
}

static const char *check_mods(const struct insn *in)
{
	for (unsigned int i = 0; i < ISA_MAX_MODS && in->op->mods[i]; i++) {
		const struct isa_mod *m = &isa_mods[in->op->mods[i]];

		if (!m->names[isa_bits(in->word, m->pos, m->width)])
			return "reserved value of a modifier";
	}
	return NULL;
}

/* Combinations that the fields alone do not rule out */
static const char *check_rules(const struct insn *in)
{
	switch (in->op->id) {
	case OP_ICMP:
	case OP_FCMP:
		if (isa_mod(in->word, M_RESULT) == 3)
			return "result for a comparison in parts";
		if (in->op->id == OP_ICMP && isa_mod(in->word, M_RESULT) == 1 &&
		    (in->op->type == T_U8 || in->op->type == T_S8))
			return "float of 8 bits";
		break;
	case OP_MUX:
		if (in->op->type == T_U8 && isa_mod(in->word, M_MUX) == 2)
			return "float of 8 bits";
		break;
	case OP_FREXPM:
	case OP_FREXPE:
		if (isa_mod(in->word, M_SQRT) && isa_mod(in->word, M_LOG))
			return "two kinds of reduction";
		break;
	case OP_ATOM:
	case OP_ATOM_RETURN:
		if (in->op->size == 32 && isa_mod(in->word, M_ATOM) < 2)
			return "32 bits to be extended to 32";
		if (in->op->id == OP_ATOM_RETURN &&
		    isa_mod(in->word, M_COMPARE) &&
		    isa_mod(in->word, M_ATOM) != 15)
			return "comparison without exchange";
		if (in->op->id == OP_ATOM && isa_mod(in->word, M_ATOM) == 15)
			return "exchange that returns nothing";
		break;
	}
	return NULL;
}

static void decode_imm(struct insn *in)
{
	const struct isa_imm *imm = &in->op->imms[0];
	uint64_t sign;

	if (!imm->name)
		return;
	in->imm = isa_bits(in->word, imm->pos, imm->width);
	sign = 1ull << (imm->width - 1);
	if (imm->is_signed)
		in->imm = (int64_t)((in->imm ^ sign) - sign);
}

const char *insn_decode(struct insn *in, uint64_t word)
{
	const char *why;

	memset(in, 0, sizeof(*in));
	in->word = word;
	in->op = isa_find(word);
	if (!in->op)
		return "unknown opcode";
	if (word & ~isa_known_bits(in->op))
		return "reserved bit";
	in->flow = isa_flow_of(word);
	if (!isa_flows[in->flow])
		return "reserved flow";
	why = check_mods(in);
	if (!why)
		why = decode_dest(in);
	if (!why && in->op->staging)
		why = decode_staging(in);
	for (unsigned int i = 0; !why && i < ISA_MAX_SRCS && in->op->src[i].kind; i++) {
		in->num_srcs++;
		why = decode_src(in, i);
	}
	if (!why)
		why = check_rules(in);
	decode_imm(in);
	in->slot = isa_bits(word, 30, 3);
	return why;
}

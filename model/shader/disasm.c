// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The text of instructions, in the syntax of Mesa's disassembler, so that both
 * can be compared line by line.
 *
 * Invariant: the text depends on the decoded instruction alone, and each field
 * of it shows.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "decode.h"

struct text {
	char *at;
	size_t left;
	bool first;		/* no operand was written yet */
};

__attribute__((format(printf, 2, 3)))
static void put(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(t->at, t->left, fmt, ap);
	va_end(ap);
	if (len < 0)
		len = 0;
	if ((size_t)len >= t->left)
		len = t->left ? t->left - 1 : 0;
	t->at += len;
	t->left -= len;
}

static void next_operand(struct text *t)
{
	put(t, t->first ? " " : ", ");
	t->first = false;
}

static void put_suffix(struct text *t, const char *name)
{
	if (name && *name)
		put(t, ".%s", name);
}

static void put_mods(struct text *t, const struct insn *in)
{
	for (unsigned int i = 0; i < ISA_MAX_MODS && in->op->mods[i]; i++) {
		const struct isa_mod *m = &isa_mods[in->op->mods[i]];
		int val = isa_bits(in->word, m->pos, m->width);

		if (val != m->hide)
			put_suffix(t, m->names[val]);
	}
	put_suffix(t, isa_flows[in->flow]);
}

static void put_registers(struct text *t, unsigned int first,
			  unsigned int count)
{
	next_operand(t);
	put(t, "@");
	for (unsigned int i = 0; i < count; i++)
		put(t, "%sr%u", i ? ":" : "", first + i);
}

static void put_staging(struct text *t, const struct insn *in)
{
	switch (in->op->staging) {
	case SR_R:
		put_registers(t, in->sr, in->sr_count);
		break;
	case SR_W:
	case SR_VT:
		put_registers(t, in->sw, in->sw_count);
		break;
	case SR_RW:
	case SR_TEX:
		put_registers(t, in->sw, in->sw_count);
		put_registers(t, in->sr, in->sr_count);
		break;
	}
}

static void put_dest(struct text *t, const struct insn *in)
{
	if (!in->op->dest)
		return;
	next_operand(t);
	put(t, "r%u", in->dst);
	if (in->dst_mask != 3)
		put(t, ".h%u", in->dst_mask - 1);
}

static void put_src(struct text *t, const struct insn *in, unsigned int i)
{
	const struct insn_src *s = &in->src[i];

	next_operand(t);
	switch (s->file) {
	case FILE_REG:
		/* Bit 6: the value is not needed any more */
		put(t, "%sr%u",
		    in->word >> (8 * in->op->src[i].byte + 6) & 1 ? "^" : "",
		    s->index);
		break;
	case FILE_UNIFORM:
		put(t, "u%u", s->index);
		break;
	case FILE_CONST:
		put(t, "0x%" PRIX32, isa_constants[s->index]);
		break;
	case FILE_SPECIAL:
		put(t, "%s.w%u", isa_specials[s->page][s->index >> 1],
		    s->index & 1);
		break;
	}
	if (s->kind == SRC_NOT || s->kind == SRC_NOT64) {
		put_suffix(t, s->neg ? "not" : "");
		return;
	}
	put_suffix(t, s->neg ? "neg" : "");
	put_suffix(t, s->abs ? "abs" : "");
	put_suffix(t, isa_swizzle_name(s->kind, in->op->type, s->swizzle));
}

static void put_imms(struct text *t, const struct insn *in)
{
	for (unsigned int i = 0; i < ISA_MAX_IMMS && in->op->imms[i].name; i++) {
		const struct isa_imm *imm = &in->op->imms[i];
		uint64_t val = isa_bits(in->word, imm->pos, imm->width);

		next_operand(t);
		put(t, imm->name[0] == '#' ? "%s" : "%s:", imm->name);
		if (imm->is_signed)
			put(t, "%" PRId64, in->imm);
		else
			put(t, "0x%" PRIX64, val);
	}
}

void insn_disasm(const struct insn *in, char *buf, size_t size)
{
	struct text t = { buf, size, true };

	if (size)
		*buf = '\0';
	put(&t, "%s", in->op->name);
	put_mods(&t, in);
	put_dest(&t, in);
	put_staging(&t, in);
	for (unsigned int i = 0; i < in->num_srcs; i++)
		put_src(&t, in, i);
	put_imms(&t, in);
}

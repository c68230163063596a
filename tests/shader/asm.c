// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An assembler for tests. It knows the tables of the instruction set and the
 * syntax, and no single instruction.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asm.h"
#include "isa.h"

struct assembler {
	const struct isa_op *op;
	uint64_t word;
	bool given[ISA_MAX_MODS];
	char *operand[10];
	unsigned int num_operands, next;
	const char *why;
};

static void set(struct assembler *a, unsigned int pos, uint64_t val)
{
	a->word |= val << pos;
}

static const struct isa_op *find_op(const char *head)
{
	const struct isa_op *best = NULL;

	for (unsigned int i = 0; i < isa_num_ops; i++) {
		size_t len = strlen(isa_ops[i].name);

		if (strncmp(head, isa_ops[i].name, len) ||
		    (head[len] && head[len] != '.'))
			continue;
		if (!best || len > strlen(best->name))
			best = &isa_ops[i];
	}
	return best;
}

static bool put_mod(struct assembler *a, const char *name)
{
	for (unsigned int i = 0; i < ISA_MAX_MODS && a->op->mods[i]; i++) {
		const struct isa_mod *m = &isa_mods[a->op->mods[i]];

		if (a->given[i])
			continue;
		for (unsigned int v = 0; v < 1u << m->width; v++) {
			if (!m->names[v] || strcmp(m->names[v], name))
				continue;
			a->given[i] = true;
			set(a, m->pos, v);
			return true;
		}
	}
	for (unsigned int v = 1; v < 16; v++) {
		if (isa_flows[v] && !strcmp(isa_flows[v], name)) {
			set(a, 59, v);
			return true;
		}
	}
	return false;
}

static void put_mods(struct assembler *a, char *mods)
{
	for (char *m = strtok(mods, "."); m; m = strtok(NULL, "."))
		if (!put_mod(a, m))
			a->why = "unknown modifier";
	for (unsigned int i = 0; i < ISA_MAX_MODS && a->op->mods[i]; i++) {
		const struct isa_mod *m = &isa_mods[a->op->mods[i]];

		if (a->given[i])
			continue;
		if (m->hide > 0)
			set(a, m->pos, m->hide);
		else if (m->hide < 0 && (!m->names[0] || *m->names[0]))
			a->why = "modifier is missing";
	}
}

static char *operand(struct assembler *a)
{
	static char none[1];

	if (a->next < a->num_operands)
		return a->operand[a->next++];
	a->why = "operand is missing";
	return none;
}

static void put_staging_regs(struct assembler *a, unsigned int pos,
			     unsigned int count_pos, unsigned int bias)
{
	char *text = operand(a);
	unsigned int count = 0, first = 0;

	for (char *r = strtok(text + 1, ":"); r; r = strtok(NULL, ":"))
		if (!count++)
			first = atoi(r + 1);
	set(a, pos, first);
	set(a, count_pos, count - bias);
}

static void put_staging(struct assembler *a)
{
	switch (a->op->staging) {
	case SR_W:
		put_staging_regs(a, 40, 33, 0);
		set(a, 46, 2);
		break;
	case SR_R:
		put_staging_regs(a, 40, 33, 0);
		set(a, 46, 1);
		break;
	case SR_VT:
		put_staging_regs(a, 40, 36, 1);
		set(a, 46, 2);
		break;
	case SR_RW:
		set(a, 46, 3);
		/* fall through */
	case SR_TEX:
		put_staging_regs(a, 16, 36, 1);
		put_staging_regs(a, 40, 33, 0);
		break;
	}
}

static void put_dest(struct assembler *a)
{
	char *text = operand(a), *half = strchr(text, '.');

	set(a, 40, atoi(text + 1));
	set(a, 46, !half ? 3 : half[2] == '0' ? 1 : 2);
}

static bool special(struct assembler *a, const char *name, unsigned int *byte)
{
	for (unsigned int page = 0; page < 4; page++) {
		for (unsigned int i = 0; i < 16; i++) {
			if (!isa_specials[page][i] ||
			    strcmp(isa_specials[page][i], name))
				continue;
			*byte = 0xe0 + 2 * i;
			a->word &= ~(3ull << 57);
			set(a, 57, page);
			return true;
		}
	}
	return false;
}

static bool constant(const char *name, unsigned int *byte)
{
	uint32_t val = strtoul(name, NULL, 16);

	for (unsigned int i = 0; i < 32; i++) {
		if (isa_constants[i] == val) {
			*byte = 0xc0 + i;
			return true;
		}
	}
	return false;
}

static bool source_name(struct assembler *a, const char *name, unsigned int *byte)
{
	unsigned int n = atoi(name + 1);

	if (*name == '^') {
		*byte = 0x40 + atoi(name + 2);
		return true;
	}
	if (*name == 'r' && name[1] >= '0' && name[1] <= '9') {
		*byte = n;
		return true;
	}
	if (*name == 'u') {
		*byte = 0x80 + n % 64;
		a->word &= ~(3ull << 57);
		set(a, 57, n / 64);
		return true;
	}
	return *name == '0' ? constant(name, byte) : special(a, name, byte);
}

static bool put_swizzle(struct assembler *a, unsigned int i, const char *name)
{
	unsigned int kind = a->op->src[i].kind, width;
	unsigned int pos = isa_swizzle_field(kind, i, &width);

	for (unsigned int v = 0; width && v < 1u << width; v++) {
		const char *have = isa_swizzle_name(kind, a->op->type, v);

		if (have && !strcmp(have, name)) {
			a->word &= ~(((1ull << width) - 1) << pos);
			set(a, pos, v);
			return true;
		}
	}
	return false;
}

static void put_source(struct assembler *a, unsigned int i)
{
	const struct isa_src *s = &a->op->src[i];
	char *text = operand(a), *save, *part = strtok_r(text, ".", &save);
	unsigned int byte = 0;

	put_swizzle(a, i, "");
	if (!part || !source_name(a, part, &byte)) {
		a->why = "unknown source";
		return;
	}
	while ((part = strtok_r(NULL, ".", &save))) {
		if (byte >= 0xe0 && part[0] == 'w' && !part[2])
			byte |= part[1] - '0';
		else if (!strcmp(part, "neg") && isa_src_has_neg(s->kind))
			set(a, isa_neg_pos(i), 1);
		else if (!strcmp(part, "abs") && isa_src_has_neg(s->kind))
			set(a, isa_neg_pos(i) + 1, 1);
		else if (!strcmp(part, "not"))
			set(a, 35, 1);
		else if (!put_swizzle(a, i, part))
			a->why = "unknown swizzle";
	}
	set(a, 8 * s->byte, byte);
}

static void put_imm(struct assembler *a, const struct isa_imm *imm)
{
	char *text = operand(a), *val = strpbrk(text, "#:");

	if (!val) {
		a->why = "immediate value is missing";
		return;
	}
	set(a, imm->pos, strtoll(val + 1, NULL, 0) & ((1ull << imm->width) - 1));
}

static void split(struct assembler *a, char *text)
{
	char *save, *part = strtok_r(text, ",", &save);

	while (part && a->num_operands < 10) {
		part += strspn(part, " ");
		a->operand[a->num_operands++] = part;
		part = strtok_r(NULL, ",", &save);
	}
}

const char *asm_line(const char *text, uint64_t *word)
{
	struct assembler a = { 0 };
	char line[256], *tail;

	snprintf(line, sizeof(line), "%s", text);
	tail = strchr(line, ' ');
	if (tail) {
		*tail = '\0';
		split(&a, tail + 1);
	}
	a.op = find_op(line);
	if (!a.op)
		return "unknown mnemonic";
	a.word = (uint64_t)a.op->opcode << 48 | a.op->sel;
	put_mods(&a, line + strlen(a.op->name));
	if (a.op->dest)
		put_dest(&a);
	else if (!a.op->staging)
		set(&a, 46, 3);
	put_staging(&a);
	for (unsigned int i = 0; i < ISA_MAX_SRCS && a.op->src[i].kind; i++)
		put_source(&a, i);
	for (unsigned int i = 0; i < ISA_MAX_IMMS && a.op->imms[i].name; i++)
		put_imm(&a, &a.op->imms[i]);
	*word = a.word;
	return a.why;
}

uint64_t asm_one(const char *text)
{
	uint64_t word = 0;
	const char *why = asm_line(text, &word);

	if (why) {
		fprintf(stderr, "asm: %s: %s\n", text, why);
		abort();
	}
	return word;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The instruction tables, the decoder and the disassembler: encodings that are
 * known, reserved bits and values, and whatever else a word may be.
 */
#include <stdlib.h>
#include <string.h>

#include "../model/tap.h"
#include "asm.h"
#include "decode.h"
#include "isa_pairs.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static uint64_t seed = 1;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dull;
}

static bool pair_agrees(unsigned int i)
{
	struct insn in;
	char text[256];
	const char *why = insn_decode(&in, pairs[i].word);

	if (why) {
		diag("%016" PRIx64 " (%s): %s", pairs[i].word, pairs[i].text,
		     why);
		return false;
	}
	insn_disasm(&in, text, sizeof(text));
	if (strcmp(text, pairs[i].text)) {
		diag("%016" PRIx64 ": got \"%s\", want \"%s\"", pairs[i].word,
		     text, pairs[i].text);
		return false;
	}
	return true;
}

static void test_pairs(void)
{
	unsigned int good = 0;

	for (unsigned int i = 0; i < N(pairs); i++)
		good += pair_agrees(i);
	is_u64(good, N(pairs), "%zu known encodings have their text", N(pairs));
}

/* The text says everything: it assembles to what it is of */
static void test_assembler(void)
{
	unsigned int good = 0, words = 0;
	char text[256], again[256];
	struct insn in;

	for (unsigned int i = 0; i < N(pairs); i++) {
		uint64_t word;
		const char *why = asm_line(pairs[i].text, &word);

		if (!why && word == pairs[i].word)
			good++;
		else
			diag("%s: %016" PRIx64 ", want %016" PRIx64 " %s",
			     pairs[i].text, word, pairs[i].word, why ? why : "");
	}
	is_u64(good, N(pairs), "known texts have their encodings");
	good = 0;
	for (unsigned int i = 0; i < 300000; i++) {
		const struct isa_op *op = &isa_ops[rnd() % isa_num_ops];
		uint64_t w = (rnd() & isa_known_bits(op) & ~(0x1ffull << 48) &
			      ~op->sel_mask) | op->sel |
			     (uint64_t)op->opcode << 48, back;

		if (!op->dest || insn_decode(&in, w))
			continue;
		words++;
		insn_disasm(&in, text, sizeof(text));
		if (asm_line(text, &back) || insn_decode(&in, back))
			continue;
		insn_disasm(&in, again, sizeof(again));
		good += !strcmp(text, again);
	}
	is_u64(good, words, "random arithmetic is the same after a round trip");
}

/* The simplest word of a row that decodes, by trying fields that have to be set */
static bool example(const struct isa_op *op, uint64_t *word)
{
	uint64_t known = isa_known_bits(op);
	struct insn in;

	for (unsigned int tries = 0; tries < 200000; tries++) {
		uint64_t w = rnd() & (tries < 100000 ? rnd() : ~0ull) & known;

		/* a free choice, but for what would only make it less likely */
		w &= ~(0x1ffull << 48 | op->sel_mask | 0xfull << 59);
		w |= (uint64_t)op->opcode << 48 | op->sel;
		if (op->dest || (!op->dest && !op->staging))
			w |= 3ull << 46;
		if (!insn_decode(&in, w) && in.op == op) {
			*word = w;
			return true;
		}
	}
	diag("no example of %s", op->name);
	return false;
}

static void test_rows(void)
{
	unsigned int found = 0, clashes = 0, bits = 0, refused = 0;

	for (unsigned int i = 0; i < isa_num_ops; i++) {
		const struct isa_op *op = &isa_ops[i];
		uint64_t word, reserved = ~isa_known_bits(op);
		struct insn in;

		if (!example(op, &word))
			continue;
		found++;
		for (unsigned int j = 0; j < isa_num_ops; j++)
			clashes += j != i && isa_ops[j].opcode == op->opcode &&
				   (word & isa_ops[j].sel_mask) ==
				   isa_ops[j].sel;
		for (unsigned int b = 0; b < 64; b++) {
			if (!(reserved >> b & 1))
				continue;
			bits++;
			refused += !!insn_decode(&in, word | 1ull << b);
		}
	}
	is_u64(found, isa_num_ops, "each of %u instructions can be encoded",
	       isa_num_ops);
	is_u64(clashes, 0, "no word is two instructions");
	is_u64(refused, bits, "each reserved bit of each instruction is refused (%u)",
	       bits);
}

/* Every value of every field: named and accepted, or refused */
static void test_mods(void)
{
	unsigned int wrong = 0, values = 0;

	for (unsigned int i = 0; i < isa_num_ops; i++) {
		const struct isa_op *op = &isa_ops[i];
		uint64_t word;

		if (!example(op, &word))
			continue;
		for (unsigned int m = 0; m < ISA_MAX_MODS && op->mods[m]; m++) {
			const struct isa_mod *mod = &isa_mods[op->mods[m]];

			for (uint64_t v = 0; v < 1ull << mod->width; v++) {
				uint64_t w = word & ~(((1ull << mod->width) - 1) <<
						      mod->pos);
				struct insn in;

				values++;
				if (!mod->names[v] &&
				    !insn_decode(&in, w | v << mod->pos))
					wrong++;
			}
		}
	}
	is_u64(wrong, 0, "no reserved value of a modifier decodes (of %u)",
	       values);
}

static void refused(uint64_t word, const char *want)
{
	struct insn in;
	const char *why = insn_decode(&in, word);

	ok(why && !strcmp(why, want), "%016" PRIx64 " is refused: %s", word,
	   want);
	if (why && strcmp(why, want))
		diag("but for: %s", why);
}

static void test_reasons(void)
{
	refused(0x00ffc00000000000, "unknown opcode");
	refused(0x8000c00000000000, "reserved bit");
	refused(0x5800c00000000000, "reserved flow");
	refused(0x7000c00000000000, "reserved flow");
	refused(0x0000000000000000, "a destination where there is none");
	refused(0x0091010000000002, "nothing is written");
	refused(0x0091c100000000e0, "reserved special value");
	refused(0x0491c100000000e2, "reserved special value");
	refused(0x01a3c10000000000, "odd destination of a pair");
	refused(0x01a3400000000000, "half of a pair is written");
	refused(0x01a3c00000000001, "odd register of a pair");
	refused(0x0060828418000080, "wrong number of staging registers");
	refused(0x006085f838000080, "staging registers begin at an odd one");
	refused(0x0060bef838000080, "no such staging register");
	refused(0x0061840218000000, "wrong use of staging registers");
	refused(0x00a0c01000000000, "reserved swizzle");
	refused(0x0045c00000000000, "reserved value of a modifier");
	refused(0x00f0c000c0000000, "result for a comparison in parts");
	refused(0x00f2c00040000000, "float of 8 bits");
	refused(0x00bac00200000000, "float of 8 bits");
	refused(0x0099c00003000000, "two kinds of reduction");
}

/* A decoder and a disassembler have to cope with anything */
static void test_random(void)
{
	unsigned int decoded = 0, empty = 0;
	struct insn in;
	char text[256], small[8];

	for (unsigned int i = 0; i < 2000000; i++) {
		uint64_t w = rnd();
		const struct isa_op *op = &isa_ops[rnd() % isa_num_ops];

		if (i & 1)
			w = (w & isa_known_bits(op) & ~(0x1ffull << 48) &
			     ~op->sel_mask) |
			    op->sel | (uint64_t)op->opcode << 48;
		if (insn_decode(&in, w))
			continue;
		decoded++;
		insn_disasm(&in, text, sizeof(text));
		insn_disasm(&in, small, sizeof(small));
		empty += strlen(text) < 3 || strncmp(text, small, 7);
	}
	ok(decoded > 10000 && !empty, "random words decode to text (%u)",
	   decoded);
}

int main(void)
{
	test_pairs();
	test_assembler();
	test_rows();
	test_mods();
	test_reasons();
	test_random();
	return done_testing();
}

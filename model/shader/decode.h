/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoded instructions, and their text.
 *
 * Invariants: a word decodes or is refused, and a word that decodes has no
 * reserved bit, no reserved value of a field and no register that does not
 * exist; what executes may rely on that.
 */
#ifndef SHADER_DECODE_H
#define SHADER_DECODE_H

#include <stddef.h>

#include "isa.h"

enum src_file {
	FILE_REG,
	FILE_UNIFORM,
	FILE_CONST,
	FILE_SPECIAL,
};

/**
 * struct insn_src - a source of a decoded instruction
 * @kind: How it is read (enum isa_src_kind).
 * @file: Where it is (enum src_file).
 * @index: Register, uniform (with its page), constant, or special value.
 * @page: The page of a special value.
 * @swizzle: The value of its swizzle field.
 * @neg: Bit 0 negates a float, or inverts an integer.
 * @abs: Take the magnitude, before @neg.
 * @plain: Nothing to be done but to read a register.
 */
struct insn_src {
	uint8_t kind, file, index, page, swizzle;
	bool neg, abs, plain;
};

struct warp;
struct insn;
union lanes;

typedef void (*insn_fn)(struct warp *w, const struct insn *in,
			const union lanes *const *s, union lanes *d);

/**
 * struct insn - a decoded instruction
 * @op: Its row.
 * @word: What it was decoded from.
 * @fn: What executes it when it is arithmetic; the executor's business.
 * @imm: Its first immediate value.
 * @flow: What happens after it (enum isa_flow).
 * @slot: Message slot.
 * @dst: Destination register.
 * @dst_mask: Halves of it that are written.
 * @sr: First staging register, the one read if there are two.
 * @sr_count: How many.
 * @sw: First staging register that is written.
 * @sw_count: How many.
 * @num_srcs: How many sources.
 * @src: The sources.
 */
struct insn {
	const struct isa_op *op;
	uint64_t word;
	insn_fn fn;
	int64_t imm;
	uint8_t flow, slot;
	uint8_t dst, dst_mask;
	uint8_t sr, sr_count, sw, sw_count;
	uint8_t num_srcs;
	struct insn_src src[ISA_MAX_SRCS];
};

/**
 * insn_decode() - decode a word
 * @in: Where to.
 * @word: The instruction.
 *
 * Return: NULL, or why the word is no instruction.
 */
const char *insn_decode(struct insn *in, uint64_t word);

/**
 * insn_disasm() - the text of a decoded instruction, in Mesa's syntax
 * @in: The instruction.
 * @buf: Where to; always terminated.
 * @size: Size of @buf.
 */
void insn_disasm(const struct insn *in, char *buf, size_t size);

#endif /* SHADER_DECODE_H */

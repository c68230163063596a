// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tables of the instruction set leave unsaid: how swizzles are called
 * and where their fields are, which bits a row accounts for.
 *
 * Invariant: these functions know kinds of fields, never single instructions.
 */
#include <stddef.h>

#include "isa.h"

/* --- Swizzles ------------------------------------------------------------- */

/* Values are called by what the elements of the result are, lowest first. */
static const char *const half_names[16] = {
	"h00", "h10", "", "h11", "b00", "b20", "b02", "b22", "b11", "b31",
	"b13", "b33", "b01", "b23",
};

static const char *const widen_names[16] = {
	"", NULL, "h0", "h1", "b0", "b1", "b2", "b3", "w0",
};

static const char *const byte_names[16] = {
	"", "b3210", "b0101", "b2323", "b0000", "b1111", "b2222", "b3333",
	"b2301", "b1032", "b0011", "b2233",
};

static const char *const two_byte_names[16] = {
	"b00", "b10", "b20", "b30", "b01", "b11", "b21", "b31",
	"b02", "b12", "b22", "b32", "b03", "b13", "b23", "b33",
};

static const char *const lane_names[4] = { "b0", "b1", "b2", "b3" };
static const char *const float_widen_names[4] = { "", "h0", "h1" };
static const char *const cond_names[8] = { "", "h0", "h1", "and", "lowbits" };

/* Shift amounts of words are one byte, written twice */
static const char *const shift_names[16] = {
	[4] = "b00", "b11", "b22", "b33",
};

static const char *const shift16_names[16] = {
	"b02", [4] = "b00", "b11", "b22", "b33", [10] = "b01", "b23",
};

static const char *const shift8_names[16] = {
	"", [4] = "b00", "b11", "b22", "b33",
};

unsigned int isa_swizzle_field(unsigned int kind, unsigned int i,
			       unsigned int *width)
{
	*width = 0;
	switch (kind) {
	case SRC_F32:
	case SRC_F32S:
	case SRC_F16:
	case SRC_S16:
		*width = 2;
		return 24 + (2 - i) * 2;
	case SRC_F16L:
		*width = 1;
		return 28;
	case SRC_I32:
	case SRC_I16:
	case SRC_I8:
	case SRC_I64:
	case SRC_SHIFT:
		*width = 4;
		return i == 1 ? 26 : 36;
	case SRC_BB:
		*width = 4;
		return 36;
	case SRC_B28:
		*width = 2;
		return 28;
	case SRC_B36:
		*width = 2;
		return 36;
	case SRC_B38:
		*width = 2;
		return 38;
	case SRC_COND:
		*width = 3;
		return 37;
	}
	return 0;
}

static const char *shift_name(unsigned int type, unsigned int val)
{
	if (type == T_U16)
		return shift16_names[val];
	return type == T_U8 ? shift8_names[val] : shift_names[val];
}

/* What a value of a source's field is called; "" is not written, NULL reserved */
const char *isa_swizzle_name(unsigned int kind, unsigned int type,
			     unsigned int val)
{
	switch (kind) {
	case SRC_F32:
	case SRC_F32S:
		return float_widen_names[val];
	case SRC_F16:
	case SRC_S16:
	case SRC_I16:
		return half_names[val];
	case SRC_F16L:
		return val ? "h1" : "h0";
	case SRC_I32:
		return val == 8 ? NULL : widen_names[val];
	case SRC_I64:
		return widen_names[val];
	case SRC_I8:
		return byte_names[val];
	case SRC_BB:
		return two_byte_names[val];
	case SRC_B28:
	case SRC_B36:
	case SRC_B38:
		return lane_names[val];
	case SRC_SHIFT:
		return shift_name(type, val);
	case SRC_COND:
		return cond_names[val];
	}
	return "";
}

bool isa_src_has_neg(unsigned int kind)
{
	switch (kind) {
	case SRC_F32:
	case SRC_F32N:
	case SRC_F16:
	case SRC_F16N:
	case SRC_F16L:
		return true;
	}
	return false;
}

/* --- Rows and bits -------------------------------------------------------- */

static uint64_t field(unsigned int pos, unsigned int width)
{
	return ((1ull << width) - 1) << pos;
}

static uint64_t src_bits(const struct isa_src *src, unsigned int i)
{
	uint64_t bits = field(8 * src->byte, 8);
	unsigned int width, pos = isa_swizzle_field(src->kind, i, &width);

	if (width)
		bits |= field(pos, width);
	if (isa_src_has_neg(src->kind))
		bits |= field(isa_neg_pos(i), 2);
	if (src->kind == SRC_NOT || src->kind == SRC_NOT64)
		bits |= field(35, 1);
	return bits;
}

static uint64_t staging_bits(unsigned int staging)
{
	switch (staging) {
	case SR_W:
	case SR_R:
		return field(33, 3);
	case SR_RW:
	case SR_TEX:
		return field(33, 3) | field(16, 6) | field(36, 3);
	case SR_VT:
		return field(36, 3);
	}
	return 0;
}

uint64_t isa_known_bits(const struct isa_op *op)
{
	/* opcode, page, flow; the top bits of a destination stand in any case */
	uint64_t known = field(46, 17) | op->sel_mask | staging_bits(op->staging);

	if (op->dest || op->staging)
		known |= field(40, 6);
	for (unsigned int i = 0; i < ISA_MAX_SRCS && op->src[i].kind; i++)
		known |= src_bits(&op->src[i], i);
	for (unsigned int i = 0; i < ISA_MAX_MODS && op->mods[i]; i++)
		known |= field(isa_mods[op->mods[i]].pos,
			       isa_mods[op->mods[i]].width);
	for (unsigned int i = 0; i < ISA_MAX_IMMS && op->imms[i].name; i++)
		known |= field(op->imms[i].pos, op->imms[i].width);
	return known;
}

const struct isa_op *isa_find(uint64_t word)
{
	unsigned int opcode = isa_bits(word, 48, 9);

	for (unsigned int i = 0; i < isa_num_ops; i++)
		if (isa_ops[i].opcode == opcode &&
		    (word & isa_ops[i].sel_mask) == isa_ops[i].sel)
			return &isa_ops[i];
	return NULL;
}

unsigned int isa_load_regs(const struct isa_op *op, uint64_t word)
{
	unsigned int lane = isa_bits(word, 36, 3);

	switch (op->size) {
	case 8:
		return lane == 7 ? 2 : 1;
	case 16:
		return lane == 3 ? 2 : 1;
	case 32:
		return lane == 1 ? 2 : 1;
	}
	return (op->size + 31) / 32;
}

unsigned int isa_typed_regs(uint64_t word)
{
	unsigned int values = isa_mod(word, M_VECSIZE) + 1;
	/* Odd ones from f16 on have halves */
	bool halves = isa_mod(word, M_REGFMT) & 1;

	return halves ? (values + 1) / 2 : values;
}

unsigned int isa_texture_regs(uint64_t word)
{
	unsigned int values = __builtin_popcount(isa_mod(word, M_WRMASK));

	return isa_mod(word, M_REGWIDTH) ? values : (values + 1) / 2;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which handler executes an instruction, and what cannot be executed.
 *
 * Invariant: an instruction that is bound executes completely. What is decoded
 * but not implemented, or not as its modifiers say, has a reason here and
 * becomes INSTR_INVALID_ENC.
 */
#include "warp.h"

/* Whether the result has elements of 16 or 8 bits, so that half of it is a thing */
static bool result_is_narrow(const struct insn *in)
{
	switch (in->op->id) {
	case OP_F16_TO_F32:
	case OP_F16_TO_I32:
	case OP_I16_TO_I32:
	case OP_I16_TO_F32:
	case OP_I8_TO_I32:
	case OP_I8_TO_F32:
		return false;
	}
	switch (in->op->type) {
	case T_U16:
	case T_S16:
	case T_U8:
	case T_S8:
	case T_F16:
		return true;
	}
	return false;
}

/*
 * Whether a float that is the result is converted where half a register is to be
 * written. Of the others with 32 bits no half is known to be used.
 */
static bool result_narrows(const struct insn *in)
{
	return in->op->type == T_F32 &&
	       (in->op->id == OP_FADD || in->op->id == OP_FADD_LSCALE ||
		in->op->id == OP_FMA);
}

/* With 32 registers a thread has 0 to 15 and 48 to 63 */
static bool has_register(unsigned int reg)
{
	return reg < 16 || reg >= 48;
}

static bool has_registers(unsigned int first, unsigned int count)
{
	return !count || (has_register(first) && has_register(first + count - 1));
}

static bool registers_exist(const struct insn *in)
{
	if (in->op->dest && !has_register(in->dst))
		return false;
	if (!has_registers(in->sr, in->sr_count) ||
	    !has_registers(in->sw, in->sw_count))
		return false;
	for (unsigned int i = 0; i < in->num_srcs; i++)
		if (in->src[i].file == FILE_REG &&
		    !has_register(in->src[i].index))
			return false;
	return true;
}

static insn_fn arithmetic(const struct insn *in)
{
	static insn_fn (*const handlers[])(const struct insn *) = {
		int_handler, bits_handler, compare_handler, float_handler,
		sfu_handler, convert_handler,
	};

	for (unsigned int i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
		insn_fn fn = handlers[i](in);

		if (fn)
			return fn;
	}
	return NULL;
}

static const char *bind_branch(const struct insn *in)
{
	if (isa_mod(in->word, M_CONSERVATIVE))
		return "conservative branches are not implemented";
	if (in->src[0].swizzle > 2)
		return "combined conditions are not implemented";
	return NULL;
}

const char *exec_bind(struct insn *in, bool half_regs)
{
	if (half_regs && !registers_exist(in))
		return "a register beyond the 32 that the shader has";
	if (in->op->id == OP_UNIMPLEMENTED)
		return "instruction is not implemented";
	if (in->op->id == OP_BRANCHZ || in->op->id == OP_BRANCHZI)
		return bind_branch(in);
	if (in->op->id >= OP_TEX_FETCH && in->op->id <= OP_TEX_GRADIENT)
		return tex_bind(in);
	if (!in->op->dest)
		return NULL;
	if (in->dst_mask != 3 && !result_is_narrow(in) && !result_narrows(in))
		return "half of a 32-bit result is not implemented";
	in->fn = arithmetic(in);
	return in->fn ? NULL : "modifier is not implemented";
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an instruction of Valhall (architecture 10) looks like: the words that
 * describe one, and the table of all of them.
 *
 * An instruction has 64 bits. Everywhere alike are: the opcode in bits 48 to
 * 56, the page of the fast-access uniforms (FAU) in 57 and 58, the flow in 59
 * to 62; a destination or a staging register in 40 to 45, with two bits above
 * that say which halves are written, or whether the staging registers are
 * read, written or both; one byte a source from bit 0 on. The rest is a
 * matter of modifiers, each at a fixed place of its own, and of selectors,
 * which tell instructions of the same opcode apart.
 *
 * Invariants: no two rows of isa_ops[] describe the same word, and whatever
 * bit no part of its row accounts for is reserved and has to be zero.
 */
#ifndef SHADER_ISA_H
#define SHADER_ISA_H

#include <stdbool.h>
#include <stdint.h>

#define ISA_MAX_SRCS	4
#define ISA_MAX_MODS	12
#define ISA_MAX_IMMS	2

/* How a source is read; the comment says which bits choose */
enum isa_src_kind {
	SRC_NONE,
	SRC_32,		/* as it is */
	SRC_64,		/* a pair, as it is */
	SRC_F32,	/* negate, absolute, and a half widened */
	SRC_F32N,	/* negate, absolute */
	SRC_F32S,	/* a half widened */
	SRC_F16,	/* negate, absolute, halves in any order */
	SRC_F16N,	/* negate, absolute */
	SRC_F16L,	/* negate, absolute, one half by bit 28 */
	SRC_S16,	/* halves in any order */
	SRC_I32,	/* a byte or half widened to 32 bits */
	SRC_I16,	/* two bytes widened to halves, halves in any order */
	SRC_I8,		/* bytes in one of twelve orders */
	SRC_I64,	/* a byte, half or word widened to 64 bits, or a pair */
	SRC_B28,	/* one byte by bits 28 and 29 */
	SRC_B36,	/* one byte by bits 36 and 37 */
	SRC_B38,	/* one byte by bits 38 and 39 */
	SRC_BB,		/* any two bytes */
	SRC_SHIFT,	/* shift amounts: bytes */
	SRC_NOT,	/* inverted by bit 35 */
	SRC_NOT64,	/* a pair, inverted by bit 35 */
	SRC_COND,	/* the condition of a branch */
};

/* Modifiers, in no particular order; isa_mods[] has their places and names */
enum isa_mod_id {
	M_END, M_CONSERVATIVE, M_EQ, M_ABSOLUTE, M_CMP, M_ICMP, M_SLOT,
	M_SLOT_BARRIER, M_VECSIZE, M_REGFMT, M_SRCFMT, M_SAMPLE, M_UPDATE,
	M_LANE8, M_LANE16, M_LANE24, M_LANE32, M_LANE48, M_LANE64, M_LANE96,
	M_LANE128, M_UNSIGNED, M_ACCESS, M_ACCESS3, M_ROUND, M_CLAMP, M_SAT,
	M_RHADD, M_NOT_RESULT, M_SUBGROUP, M_LANE_OP, M_INACTIVE, M_RESULT,
	M_MUX, M_NAN, M_FTZ, M_FLUSH_INF, M_SQRT, M_LOG, M_ATOM, M_ATOM1,
	M_COMPARE, M_SKIP, M_REGTYPE, M_REGWIDTH, M_REGWIDTH2, M_WRMASK,
	M_DIM, M_WIDE, M_ARRAY, M_TEXEL_OFFSET, M_SHADOW, M_LOD, M_INT_COORD,
	M_FETCH, M_LOD_BIAS, M_LOD_CLAMP, M_SAU, M_VT_WIDTH, M_Z, M_STENCIL,
	M_SECOND, M_NEG, M_PRESERVE_NULL, M_MASK, M_FORCE_DELTA, M_DERIVATIVE,
	ISA_NUM_MODS
};

/**
 * struct isa_mod - a modifier
 * @pos: Its lowest bit.
 * @width: How many bits it has.
 * @hide: The value that is not written out, or -1.
 * @names: What values are called; NULL is reserved.
 */
struct isa_mod {
	uint8_t pos, width;
	int8_t hide;
	const char *names[16];
};

extern const struct isa_mod isa_mods[ISA_NUM_MODS];

/* Staging registers: in bits 40 to 45 unless said otherwise */
enum isa_staging {
	SR_NONE,
	SR_W,		/* written, count in 33 to 35 */
	SR_R,		/* read, the same */
	SR_RW,		/* read, the same; written: 16 to 21, count 36 to 38 */
	SR_TEX,		/* the same without the two control bits */
	SR_VT,		/* written, count in 36 to 38 */
};

/* What the elements of an operation are */
enum isa_type {
	T_NONE, T_U32, T_S32, T_U16, T_S16, T_U8, T_S8, T_U64, T_S64,
	T_F32, T_F16,
};

/* What an instruction does; several rows may share one, by type */
enum isa_id {
	OP_NOP, OP_BRANCHZ, OP_BRANCHZI, OP_BARRIER,
	OP_LOAD, OP_STORE, OP_LD_BUFFER, OP_LEA_BUFFER, OP_ATOM, OP_ATOM1,
	OP_ATOM_RETURN, OP_LD_TEX, OP_LEA_TEX, OP_LEA_BUF, OP_LD_CVT, OP_ST_CVT,
	OP_TEX_FETCH, OP_TEX_SINGLE, OP_TEX_GATHER, OP_TEX_GRADIENT,
	/* from here on arithmetic */
	OP_MOV, OP_CLZ, OP_IABS, OP_POPCOUNT, OP_BITREV, OP_NOT, OP_WMASK,
	OP_IADD, OP_ISUB, OP_IMUL, OP_IMULD, OP_HADD, OP_CLPER, OP_SHADDX,
	OP_MKVEC16, OP_MKVEC8, OP_RSHIFT, OP_LSHIFT, OP_RROT, OP_LROT,
	OP_ARSHIFT, OP_MUX, OP_IDP, OP_ICMP, OP_ICMP_MULTI, OP_CSEL,
	OP_IADD_IMM,
	OP_FADD, OP_FMIN, OP_FMAX, OP_FMA, OP_FADD_IMM, OP_FCMP, OP_FCSEL,
	OP_FROUND, OP_FLUSH, OP_FREXPM, OP_FREXPE, OP_FRCP, OP_FRSQ,
	OP_FLOGD, OP_FSIN, OP_FCOS, OP_FEXP, OP_FADD_LSCALE, OP_LDEXP,
	OP_FMA_RSCALE, OP_FMA_RSCALE_N, OP_FMA_RSCALE_LEFT,
	OP_F32_TO_F16, OP_F16_TO_F32, OP_I_TO_F32, OP_I_TO_F16, OP_F32_TO_I,
	OP_F16_TO_I32, OP_F16_TO_I16, OP_I16_TO_I32, OP_I16_TO_F32,
	OP_I8_TO_I32, OP_I8_TO_F32, OP_I8_TO_I16, OP_I8_TO_F16,
	/* decoded and disassembled, not executed */
	OP_UNIMPLEMENTED, ISA_NUM_IDS
};

struct isa_imm {
	const char *name;
	uint8_t pos, width;
	bool is_signed;
};

struct isa_src {
	uint8_t kind;		/* enum isa_src_kind */
	uint8_t byte;		/* which byte of the word names it */
};

/**
 * struct isa_op - an instruction
 * @name: Its mnemonic, with its type.
 * @sel_mask: Bits that tell it from others with the same opcode.
 * @sel: What these bits are.
 * @opcode: Bits 48 to 56.
 * @id: What it does (enum isa_id).
 * @type: On which elements (enum isa_type).
 * @size: Bits of an access to memory.
 * @dest: It has a destination register.
 * @staging: enum isa_staging.
 * @src: Its sources, as they are written.
 * @mods: Its modifiers (enum isa_mod_id), as they are written.
 * @imms: Its immediate values, as they are written.
 */
struct isa_op {
	const char *name;
	uint64_t sel_mask, sel;
	uint16_t opcode;
	uint8_t id, type, size;
	bool dest;
	uint8_t staging;
	struct isa_src src[ISA_MAX_SRCS];
	uint8_t mods[ISA_MAX_MODS];
	struct isa_imm imms[ISA_MAX_IMMS];
};

extern const struct isa_op isa_ops[];
extern const unsigned int isa_num_ops;

extern const uint32_t isa_constants[32];
extern const char *const isa_flows[16];
extern const char *const isa_specials[4][16];

enum isa_flow {
	FLOW_NONE,
	FLOW_WAIT0126 = 8,
	FLOW_WAIT,
	FLOW_RECONVERGE,
	FLOW_WAIT_RESOURCE = 12,
	FLOW_DISCARD,
	FLOW_END = 15,
};

static inline uint64_t isa_bits(uint64_t word, unsigned int pos,
				unsigned int width)
{
	return word >> pos & ((1ull << width) - 1);
}

static inline unsigned int isa_mod(uint64_t word, enum isa_mod_id m)
{
	return isa_bits(word, isa_mods[m].pos, isa_mods[m].width);
}

static inline unsigned int isa_flow_of(uint64_t word)
{
	return isa_bits(word, 59, 4);
}

static inline unsigned int isa_fau_page(uint64_t word)
{
	return isa_bits(word, 57, 2);
}

/* Whether a source takes two registers */
static inline bool isa_src_is_64(unsigned int kind)
{
	return kind == SRC_64 || kind == SRC_I64 || kind == SRC_NOT64;
}

/* Where the bits of a source with index @i are, and how many; 0 if none */
static inline unsigned int isa_neg_pos(unsigned int i)
{
	return 34 + (2 - i) * 2;
}

unsigned int isa_swizzle_field(unsigned int kind, unsigned int i,
			       unsigned int *width);
const char *isa_swizzle_name(unsigned int kind, unsigned int type,
			     unsigned int val);
bool isa_src_has_neg(unsigned int kind);

/* First row for the word, or NULL */
const struct isa_op *isa_find(uint64_t word);

/* The bits that a row accounts for */
uint64_t isa_known_bits(const struct isa_op *op);

/* Registers that an access of @op moves, by its size and its lane modifier */
unsigned int isa_load_regs(const struct isa_op *op, uint64_t word);

/* The same of typed accesses, and of what the texture unit brings */
unsigned int isa_typed_regs(uint64_t word);
unsigned int isa_texture_regs(uint64_t word);

#endif /* SHADER_ISA_H */

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The instruction set as tables.
 *
 * Facts from Mesa 25.0's Valhall description, corrected where a newer one
 * differs: shifts have rotations, CLZ has a mask, one more flow, LEA_BUF, LD_CVT,
 * two more bits of TEX_GRADIENT, and the type of a texture's registers, which is
 * ignored: Mesa 26 leaves it 0 and prints that as it is here.
 *
 * Invariants: see isa.h. Rows are sorted by opcode, then by selector; tests
 * rely on nothing but that each word has at most one row.
 */
#include <stddef.h>

#include "isa.h"

const uint32_t isa_constants[32] = {
	0x00000000, 0xffffffff, 0x7fffffff, 0xfafcfdfe,
	0x01000000, 0x80002000, 0x70605030, 0xc0b0a090,
	0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c,
	0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c,
	0x3f800000, 0x3dcccccd, 0x3ea2f983, 0x3f317218,
	0x40490fdb, 0x00000000, 0x477fff00, 0x5c005bf8,
	0x2e660000, 0x34000000, 0x38000000, 0x3c000000,
	0x40000000, 0x44000000, 0x48000000, 0x42480000,
};

const char *const isa_flows[16] = {
	"", "wait0", "wait1", "wait01", "wait2", "wait02", "wait12", "wait012",
	"wait0126", "wait", "reconverge", NULL, "wait_resource", "discard",
	NULL, "end",
};

/* By page; each is a pair of words */
const char *const isa_specials[4][16] = {
	{
		[2] = "warp_id", [4] = "framebuffer_size", [5] = "atest_datum",
		[6] = "sample",
		[8] = "blend_descriptor_0", "blend_descriptor_1",
		"blend_descriptor_2", "blend_descriptor_3",
		"blend_descriptor_4", "blend_descriptor_5",
		"blend_descriptor_6", "blend_descriptor_7",
	}, {
		[1] = "thread_local_pointer", [3] = "workgroup_local_pointer",
		[7] = "resource_table_pointer",
	}, { NULL }, {
		[1] = "lane_id", [3] = "core_id", [15] = "program_counter",
	},
};

#define FLAG(name)	-1, { "", name }

const struct isa_mod isa_mods[ISA_NUM_MODS] = {
	[M_CONSERVATIVE] = { 35, 1, FLAG("conservative") },
	[M_EQ] = { 36, 1, FLAG("eq") },
	[M_ABSOLUTE] = { 40, 1, FLAG("absolute") },
	[M_CMP] = { 32, 3, -1, { "eq", "gt", "ge", "ne", "lt", "le", "gtlt",
				 "total" } },
	[M_ICMP] = { 32, 3, -1, { "eq", "gt", "ge", "ne", "lt", "le" } },
	[M_SLOT] = { 30, 3, -1, { "slot0", "slot1", "slot2" } },
	[M_SLOT_BARRIER] = { 30, 3, -1, { [7] = "slot7" } },
	[M_VECSIZE] = { 28, 2, 0, { "", "v2", "v3", "v4" } },
	[M_REGFMT] = { 24, 3, -1, { "auto", NULL, "f32", "f16", "s32", "s16",
				    "u32", "u16" } },
	[M_SRCFMT] = { 24, 4, -1, { "src_flat32", "src_flat16", "src_f32",
				    "src_f16" } },
	[M_SAMPLE] = { 38, 2, -1, { "center", "centroid", "sample",
				    "explicit" } },
	[M_UPDATE] = { 36, 2, -1, { "store", "retrieve", NULL, "clobber" } },
	[M_LANE8] = { 36, 3, 0, { "", "b1", "b2", "b3", "h0", "h1", "w0",
				  "d0" } },
	[M_LANE16] = { 36, 3, 0, { "", "h1", "w0", "d0" } },
	[M_LANE24] = { 36, 3, 0, { "" } },
	[M_LANE32] = { 36, 3, 0, { "", "d0" } },
	[M_LANE48] = { 36, 3, 4, { [4] = "" } },
	[M_LANE64] = { 36, 3, 7, { [7] = "" } },
	[M_LANE96] = { 36, 3, 6, { [6] = "" } },
	[M_LANE128] = { 36, 3, 7, { [7] = "" } },
	[M_UNSIGNED] = { 39, 1, FLAG("unsigned") },
	[M_ACCESS] = { 24, 2, 0, { "", "istream", "estream", "force" } },
	[M_ACCESS3] = { 37, 3, 0, { "", "istream", "estream", "force" } },
	[M_ROUND] = { 30, 2, 0, { "", "rtp", "rtn", "rtz" } },
	[M_CLAMP] = { 32, 2, 0, { "", "clamp_0_inf", "clamp_m1_1",
				  "clamp_0_1" } },
	[M_SAT] = { 30, 1, FLAG("saturate") },
	[M_RHADD] = { 30, 1, FLAG("rhadd") },
	[M_NOT_RESULT] = { 30, 1, FLAG("not_result") },
	[M_SUBGROUP] = { 36, 4, 3, { "subgroup2", "subgroup4", "subgroup8",
				     "" } },
	[M_LANE_OP] = { 32, 2, 0, { "", "xor", "accumulate", "shift" } },
	[M_INACTIVE] = { 22, 4, 0, { "", "umax", "i1", "v2i1", "smin", "smax",
				     "v2smin", "v2smax", "v4smin", "v4smax",
				     "f1", "v2f1", "infn", "inf", "v2infn",
				     "v2inf" } },
	[M_RESULT] = { 30, 2, -1, { "i1", "f1", "m1", "u1" } },
	[M_MUX] = { 32, 2, 1, { "neg", "", "fp_zero", "bit" } },
	[M_NAN] = { 8, 2, -1, { "none", "flush_nan", "quiet_nan" } },
	[M_FTZ] = { 10, 1, FLAG("ftz") },
	[M_FLUSH_INF] = { 11, 1, FLAG("flush_inf") },
	[M_SQRT] = { 24, 1, FLAG("sqrt") },
	[M_LOG] = { 25, 1, FLAG("log") },
	[M_ATOM] = { 22, 4, -1, { "aaddu", "aadds", "aadd", [8] = "asmin",
				  "asmax", "aumin", "aumax", "aand", "aor",
				  "axor", "axchg" } },
	[M_ATOM1] = { 22, 4, -1, { "ainc", "adec", "aumax1", "asmax1",
				   "aor1" } },
	[M_COMPARE] = { 26, 1, FLAG("compare") },
	[M_SKIP] = { 39, 1, FLAG("skip") },
	[M_REGTYPE] = { 26, 2, -1, { "reserved", "f", "u", "s" } },
	[M_REGWIDTH] = { 46, 1, -1, { "16", "32" } },
	[M_REGWIDTH2] = { 47, 1, -1, { "16", "32" } },
	[M_WRMASK] = { 22, 4, 15, { NULL, "r", "g", "rg", "b", "rb", "gb",
				    "rgb", "a", "ra", "ga", "rga", "ba",
				    "rba", "gba", "" } },
	[M_DIM] = { 28, 2, -1, { "1d", "2d", "3d", "cube" } },
	[M_WIDE] = { 8, 1, FLAG("wide_indices") },
	[M_ARRAY] = { 10, 1, FLAG("array_enable") },
	[M_TEXEL_OFFSET] = { 11, 1, FLAG("texel_offset") },
	[M_SHADOW] = { 12, 1, FLAG("shadow") },
	[M_LOD] = { 13, 3, -1, { "zero", "computed", NULL, NULL, "explicit",
				 "computed_bias", "grdesc" } },
	[M_INT_COORD] = { 13, 1, FLAG("integer_coordinates") },
	[M_FETCH] = { 14, 2, -1, { "gather4_r", "gather4_g", "gather4_b",
				   "gather4_a" } },
	[M_LOD_BIAS] = { 13, 1, FLAG("lod_bias_disable") },
	[M_LOD_CLAMP] = { 14, 1, FLAG("lod_clamp_disable") },
	[M_SAU] = { 33, 3, -1, { "center_store", "centroid_store",
				 "sample_store", "explicit_store",
				 "center_clobber", NULL, "sample_clobber",
				 "retrieve" } },
	[M_VT_WIDTH] = { 24, 2, -1, { "16", "32", "16.32", "32.32" } },
	[M_Z] = { 25, 1, FLAG("z") },
	[M_STENCIL] = { 24, 1, FLAG("stencil") },
	[M_SECOND] = { 24, 1, FLAG("second") },
	[M_NEG] = { 38, 1, FLAG("neg") },
	[M_PRESERVE_NULL] = { 39, 1, FLAG("preserve_null") },
	[M_MASK] = { 30, 1, FLAG("mask") },
	[M_FORCE_DELTA] = { 12, 1, FLAG("force_delta") },
	[M_DERIVATIVE] = { 15, 1, FLAG("derivative") },
};

/* --- Rows ----------------------------------------------------------------- */

#define SEL(pos, width, val) \
	.sel_mask = ((1ull << (width)) - 1) << (pos), \
	.sel = (uint64_t)(val) << (pos)
#define S1(a)		.src = { { SRC_##a, 0 } }
#define S2(a, b)	.src = { { SRC_##a, 0 }, { SRC_##b, 1 } }
#define S3(a, b, c)	.src = { { SRC_##a, 0 }, { SRC_##b, 1 }, { SRC_##c, 2 } }
#define S4(a, b, c, d)	.src = { { SRC_##a, 0 }, { SRC_##b, 1 }, \
				 { SRC_##c, 2 }, { SRC_##d, 3 } }
/* The first source is a pair, and counts as two */
#define S2P(a, b)	.src = { { SRC_##a, 0 }, { SRC_##b, 2 } }
#define MODS(...)	.mods = { __VA_ARGS__ }
#define IMM(n, p, w)	.imms = { { n, p, w, false } }
#define IMM2(n, p, w, n2, p2, w2) \
	.imms = { { n, p, w, false }, { n2, p2, w2, false } }
#define SIMM(n, p, w)	.imms = { { n, p, w, true } }
#define DO(i)		.id = OP_##i
#define ON(t)		.type = T_##t
#define DST		.dest = true
#define TODO		DO(UNIMPLEMENTED)

/* The integer types of two-source arithmetic: their opcodes differ alike */
#define INT2(n32, n16, n8, m32, m16, m8, op2, what, mod) \
	{ n32, SEL(16, 4, op2), 0xa0, DO(what), ON(U32), DST, S2(I32, I32), MODS(mod) }, \
	{ n16, SEL(16, 4, op2), 0xa1, DO(what), ON(U16), DST, S2(I16, I16), MODS(mod) }, \
	{ n8, SEL(16, 4, op2), 0xa2, DO(what), ON(U8), DST, S2(I8, I8), MODS(mod) }, \
	{ m32, SEL(16, 4, op2), 0xa8, DO(what), ON(S32), DST, S2(I32, I32), MODS(mod) }, \
	{ m16, SEL(16, 4, op2), 0xa9, DO(what), ON(S16), DST, S2(I16, I16), MODS(mod) }, \
	{ m8, SEL(16, 4, op2), 0xaa, DO(what), ON(S8), DST, S2(I8, I8), MODS(mod) }
#define INT2US(n, op2, what, mod) \
	INT2(n ".u32", n ".v2u16", n ".v4u8", n ".s32", n ".v2s16", n ".v4s8", \
	     op2, what, mod)

#define INT64(n, op2, what) \
	{ n ".u64", SEL(16, 4, op2), 0x1a3, DO(what), ON(U64), DST, S2(I64, I64) }, \
	{ n ".s64", SEL(16, 4, op2), 0x1ab, DO(what), ON(S64), DST, S2(I64, I64) }

#define CLPER(n, op, st, ...) \
	{ "CLPER." n, SEL(16, 4, 15), op, DST, S2(st, SHIFT), \
	  MODS(M_SUBGROUP, M_LANE_OP, M_INACTIVE), __VA_ARGS__ }

/* Shift, then one of three bitwise operations */
#define SH_SEL(logic, shift) \
	.sel_mask = 3ull << 24 | 7ull << 32, \
	.sel = (uint64_t)(logic) << 24 | (uint64_t)(shift) << 32
#define SHIFT4(n, suffix, logic, shift, what) \
	{ n ".i32" suffix, SH_SEL(logic, shift), 0xb4, DO(what), ON(U32), DST, S3(I32, \
	  SHIFT, NOT), MODS(M_NOT_RESULT) }, \
	{ n ".v2i16" suffix, SH_SEL(logic, shift), 0xb5, DO(what), ON(U16), DST, S3(I16, \
	  SHIFT, NOT), MODS(M_NOT_RESULT) }, \
	{ n ".v4i8" suffix, SH_SEL(logic, shift), 0xb6, DO(what), ON(U8), DST, S3(I8, \
	  SHIFT, NOT), MODS(M_NOT_RESULT) }, \
	{ n ".i64" suffix, SH_SEL(logic, shift), 0x1b7, DO(what), ON(U64), DST, S3(I64, \
	  SHIFT, NOT64), MODS(M_NOT_RESULT) }
#define SHIFTS(n, suffix, shift, what) \
	SHIFT4(n "_AND", suffix, 0, shift, what), \
	SHIFT4(n "_OR", suffix, 1, shift, what), \
	SHIFT4(n "_XOR", suffix, 2, shift, what)

#define ICMP(n, combine, what) \
	{ n ".u32", SEL(24, 2, combine), 0xf0, DO(what), ON(U32), DST, S3(I32, I32, 32), \
	  MODS(M_ICMP, M_RESULT) }, \
	{ n ".s32", SEL(24, 2, combine), 0xf8, DO(what), ON(S32), DST, S3(I32, I32, 32), \
	  MODS(M_ICMP, M_RESULT) }
#define ICMP_SMALL(n, combine) \
	{ n ".v2u16", SEL(24, 2, combine), 0xf1, DO(ICMP), ON(U16), DST, S3(I16, I16, \
	  32), MODS(M_ICMP, M_RESULT) }, \
	{ n ".v4u8", SEL(24, 2, combine), 0xf2, DO(ICMP), ON(U8), DST, S3(I8, I8, 32), \
	  MODS(M_ICMP, M_RESULT) }, \
	{ n ".v2s16", SEL(24, 2, combine), 0xf9, DO(ICMP), ON(S16), DST, S3(I16, I16, \
	  32), MODS(M_ICMP, M_RESULT) }, \
	{ n ".v4s8", SEL(24, 2, combine), 0xfa, DO(ICMP), ON(S8), DST, S3(I8, I8, 32), \
	  MODS(M_ICMP, M_RESULT) }
#define FCMP(n, combine) \
	{ n ".f32", SEL(24, 2, combine), 0xf4, DO(FCMP), ON(F32), DST, S3(F32, F32, 32), \
	  MODS(M_CMP, M_RESULT) }, \
	{ n ".v2f16", SEL(24, 2, combine), 0xf5, DO(FCMP), ON(F16), DST, S3(F16, F16, \
	  32), MODS(M_CMP, M_RESULT) }

#define CONVERT(n, op2, ...)	{ n, SEL(16, 5, op2), 0x90, DST, __VA_ARGS__ }
#define UNARY(n, op2, ...)	{ n, SEL(16, 5, op2), 0x91, DST, __VA_ARGS__ }
#define SPECIAL(n, op2, ...)	{ n, SEL(16, 4, op2), 0x9c, DST, __VA_ARGS__ }

#define MEM(n, op, w, bits, ...) \
	{ n, SEL(27, 3, w), op, .size = bits, __VA_ARGS__ }
#define LOAD(n, w, bits, lane) \
	MEM("LOAD." n, 0x60, w, bits, DO(LOAD), .staging = SR_W, S1(64), \
	    MODS(M_ACCESS, lane, M_UNSIGNED, M_SLOT), SIMM("offset", 8, 16))
#define STORE(n, w, bits) \
	MEM("STORE." n, 0x61, w, bits, DO(STORE), .staging = SR_R, S1(64), \
	    MODS(M_ACCESS, M_SLOT), SIMM("offset", 8, 16))
#define LD_BUFFER(n, w, bits, lane) \
	MEM("LD_BUFFER." n, 0x6a, w, bits, DO(LD_BUFFER), .staging = SR_W, \
	    S2(32, 32), MODS(lane, M_UNSIGNED, M_SLOT))
#define ATOM(n, w, bits) \
	MEM("ATOM." n, 0x68, w, bits, DO(ATOM), .staging = SR_R, S1(64), \
	    MODS(M_SLOT, M_ATOM), IMM("offset", 8, 8)), \
	MEM("ATOM1_RETURN." n, 0x69, w, bits, DO(ATOM1), .staging = SR_W, \
	    S1(64), MODS(M_SLOT, M_ATOM1), IMM("offset", 8, 8)), \
	MEM("ATOM_RETURN." n, 0x120, w, bits, DO(ATOM_RETURN), \
	    .staging = SR_RW, S1(64), MODS(M_SLOT, M_COMPARE, M_ATOM), \
	    IMM("offset", 8, 8))

#define VARYING	M_SLOT, M_VECSIZE, M_SRCFMT, M_SAMPLE, M_UPDATE
#define TEX	M_SLOT, M_SKIP, M_REGTYPE, M_REGWIDTH, M_WRMASK, M_DIM, M_WIDE
#define VTEX(n, op, ...) \
	{ n, 0, 0, op, TODO, .staging = SR_VT, S2P(64, 32), \
	  MODS(M_SLOT, M_SKIP, M_SAU, M_REGTYPE, M_VT_WIDTH, M_DIM, M_ARRAY, \
	       __VA_ARGS__) }
#define VTEXES(n, op) \
	VTEX(n "_SINGLE", op, M_SHADOW, M_LOD), \
	VTEX(n "_GATHER", (op) + 1, M_INT_COORD, M_FETCH, M_SHADOW), \
	VTEX(n "_GRADIENT", (op) + 2, M_SHADOW, M_LOD_BIAS, M_LOD_CLAMP), \
	VTEX(n "_DUAL", (op) + 7, M_SHADOW, M_LOD)
#define DESC(n, op, type, what, ...) \
	{ n, SEL(37, 2, type), op, what, .staging = SR_W, __VA_ARGS__ }
#define TYPED		MODS(M_VECSIZE, M_REGFMT, M_SLOT)
#define IDX_TABLE	IMM2("index", 20, 4, "table", 16, 4)
#define TABLE_IDX	IMM2("table", 16, 4, "index", 20, 4)

const struct isa_op isa_ops[] = {
	{ "NOP", 0, 0, 0x00, DO(NOP) },
	{ "BRANCHZ", 0, 0, 0x1f, DO(BRANCHZ), S1(COND), MODS(M_CONSERVATIVE, M_EQ),
	  SIMM("offset", 8, 27) },
	{ "DISCARD.f32", 0, 0, 0x20, TODO, S2(F32, F32), MODS(M_CMP) },
	{ "BRANCHZI", 0, 0, 0x2f, DO(BRANCHZI), S2(COND, 32), MODS(M_CONSERVATIVE, M_EQ,
	  M_ABSOLUTE) },
	{ "LD_VAR_FLAT_IMM", 0, 0, 0x41, TODO, .staging = SR_W, MODS(M_SLOT, M_VECSIZE,
	  M_REGFMT), IMM2("table", 8, 4, "index", 12, 8) },
	{ "BARRIER", 0, 0, 0x45, DO(BARRIER), MODS(M_SLOT_BARRIER) },
	{ "LD_VAR_IMM", 0, 0, 0x54, TODO, .staging = SR_W, S1(32), MODS(M_SLOT,
	  M_VECSIZE, M_REGFMT, M_SAMPLE, M_UPDATE), IMM2("table", 8, 4, "index", 12,
	  8) },
	{ "LD_VAR_FLAT", 0, 0, 0x55, TODO, .staging = SR_W, S1(32), MODS(M_SLOT,
	  M_VECSIZE, M_REGFMT) },
	{ "LD_VAR_SPECIAL", 0, 0, 0x56, TODO, .staging = SR_W, S1(32), MODS(M_VECSIZE,
	  M_REGFMT, M_SAMPLE, M_UPDATE, M_SLOT), IMM("index", 12, 4) },
	{ "LD_VAR_BUF_IMM.f32", 0, 0, 0x5c, TODO, .staging = SR_W, S1(32),
	  MODS(VARYING), IMM("index", 16, 8) },
	{ "LD_VAR_BUF_IMM.f16", 0, 0, 0x5d, TODO, .staging = SR_W, S1(32),
	  MODS(VARYING), IMM("index", 16, 8) },
	{ "LEA_BUF_IMM", 0, 0, 0x5e, DO(LEA_BUF), .size = 64, .staging = SR_W, S1(32),
	  MODS(M_SLOT), IMM2("table", 8, 4, "index", 12, 8) },
	LOAD("i8", 0, 8, M_LANE8), LOAD("i16", 1, 16, M_LANE16),
	LOAD("i24", 2, 24, M_LANE24), LOAD("i32", 3, 32, M_LANE32),
	LOAD("i48", 4, 48, M_LANE48), LOAD("i64", 5, 64, M_LANE64),
	LOAD("i96", 6, 96, M_LANE96), LOAD("i128", 7, 128, M_LANE128),
	STORE("i8", 0, 8), STORE("i16", 1, 16), STORE("i24", 2, 24),
	STORE("i32", 3, 32), STORE("i48", 4, 48), STORE("i64", 5, 64),
	STORE("i96", 6, 96), STORE("i128", 7, 128),
	{ "LD_VAR", 0, 0, 0x64, TODO, .staging = SR_W, S2(32, 32), MODS(M_SLOT,
	  M_VECSIZE, M_REGFMT, M_SAMPLE, M_UPDATE) },
	DESC("LD_ATTR_IMM", 0x66, 0, TODO, S2(32, 32), TYPED, IDX_TABLE),
	DESC("LD_TEX_IMM", 0x66, 1, DO(LD_TEX), S2(32, 32), TYPED, IDX_TABLE),
	DESC("LEA_ATTR_IMM", 0x67, 0, TODO, S2(32, 32), MODS(M_SLOT), TABLE_IDX),
	DESC("LEA_TEX_IMM", 0x67, 1, DO(LEA_TEX), S2(32, 32), MODS(M_SLOT), TABLE_IDX),
	ATOM("i32", 3, 32), ATOM("i64", 5, 64),
	LD_BUFFER("i8", 0, 8, M_LANE8), LD_BUFFER("i16", 1, 16, M_LANE16),
	LD_BUFFER("i24", 2, 24, M_LANE24), LD_BUFFER("i32", 3, 32, M_LANE32),
	LD_BUFFER("i48", 4, 48, M_LANE48), LD_BUFFER("i64", 5, 64, M_LANE64),
	LD_BUFFER("i96", 6, 96, M_LANE96), LD_BUFFER("i128", 7, 128, M_LANE128),
	{ "LEA_BUFFER", 0, 0, 0x6b, DO(LEA_BUFFER), .size = 64, .staging = SR_W, S2(32,
	  32), MODS(M_SLOT) },
	{ "LD_VAR_BUF.f32", 0, 0, 0x6c, TODO, .staging = SR_W, S2(32, 32), MODS(VARYING) },
	{ "LD_VAR_BUF.f16", 0, 0, 0x6d, TODO, .staging = SR_W, S2(32, 32), MODS(VARYING) },
	{ "LEA_BUF", 0, 0, 0x6e, DO(LEA_BUF), .size = 64, .staging = SR_W, S2(32, 32),
	  MODS(M_SLOT) },
	{ "LD_CVT", 0, 0, 0x70, DO(LD_CVT), .staging = SR_W, S2P(64, 32), MODS(M_SLOT,
	  M_ACCESS3, M_VECSIZE, M_REGFMT), IMM("offset", 8, 8) },
	{ "ST_CVT", 0, 0, 0x71, DO(ST_CVT), .staging = SR_R, S2P(64, 32), MODS(M_SLOT,
	  M_ACCESS3, M_VECSIZE, M_REGFMT), IMM("offset", 8, 8) },
	DESC("LD_ATTR", 0x76, 0, TODO, S3(32, 32, 32), TYPED),
	DESC("LD_TEX", 0x76, 1, DO(LD_TEX), S3(32, 32, 32), TYPED),
	DESC("LEA_ATTR", 0x77, 0, TODO, S3(32, 32, 32), MODS(M_VECSIZE, M_SLOT)),
	DESC("LEA_TEX", 0x77, 1, DO(LEA_TEX), S3(32, 32, 32), MODS(M_VECSIZE, M_SLOT)),
	{ "LD_TILE", 0, 0, 0x78, TODO, .staging = SR_W, S3(32, 32, 32), MODS(M_VECSIZE,
	  M_REGFMT, M_SLOT) },
	{ "ST_TILE", 0, 0, 0x79, TODO, .staging = SR_R, S3(32, 32, 32), MODS(M_VECSIZE,
	  M_REGFMT, M_SLOT) },
	{ "ATEST", 0, 0, 0x7d, TODO, .staging = SR_W, S3(32, F32S, 32) },
	{ "ZS_EMIT", 0, 0, 0x7e, TODO, .staging = SR_W, S3(32, 32, 32), MODS(M_Z,
	  M_STENCIL, M_SLOT) },
	{ "BLEND", 0, 0, 0x7f, TODO, .staging = SR_R, S2P(64, 32), MODS(M_SLOT,
	  M_VECSIZE, M_REGFMT), IMM("target", 8, 8) },

	CONVERT("S8_TO_S32", 0x00, DO(I8_TO_I32), ON(S8), S1(B28)),
	CONVERT("S8_TO_F32", 0x01, DO(I8_TO_F32), ON(S8), S1(B28)),
	CONVERT("V2S8_TO_V2S16", 0x02, DO(I8_TO_I16), ON(S8), S1(BB)),
	CONVERT("V2S8_TO_V2F16", 0x03, DO(I8_TO_F16), ON(S8), S1(BB)),
	CONVERT("S16_TO_S32", 0x04, DO(I16_TO_I32), ON(S16), S1(S16)),
	CONVERT("S16_TO_F32", 0x05, DO(I16_TO_F32), ON(S16), S1(S16)),
	CONVERT("V2S16_TO_V2F16", 0x07, DO(I_TO_F16), ON(S16), S1(I16), MODS(M_ROUND)),
	CONVERT("S32_TO_F32", 0x09, DO(I_TO_F32), ON(S32), S1(I32), MODS(M_ROUND)),
	CONVERT("F16_TO_S32", 0x0a, DO(F16_TO_I32), ON(S32), S1(F16), MODS(M_ROUND)),
	CONVERT("F16_TO_F32", 0x0b, DO(F16_TO_F32), ON(F16), S1(F16L), MODS(M_ROUND)),
	CONVERT("F32_TO_S32", 0x0c, DO(F32_TO_I), ON(S32), S1(F32N), MODS(M_ROUND)),
	CONVERT("FROUND.f32", 0x0d, DO(FROUND), ON(F32), S1(F32), MODS(M_ROUND)),
	CONVERT("V2F16_TO_V2S16", 0x0e, DO(F16_TO_I16), ON(S16), S1(F16), MODS(M_ROUND)),
	CONVERT("FROUND.v2f16", 0x0f, DO(FROUND), ON(F16), S1(F16), MODS(M_ROUND)),
	CONVERT("U8_TO_U32", 0x10, DO(I8_TO_I32), ON(U8), S1(B28)),
	CONVERT("U8_TO_F32", 0x11, DO(I8_TO_F32), ON(U8), S1(B28)),
	CONVERT("V2U8_TO_V2U16", 0x12, DO(I8_TO_I16), ON(U8), S1(BB)),
	CONVERT("V2U8_TO_V2F16", 0x13, DO(I8_TO_F16), ON(U8), S1(BB)),
	CONVERT("U16_TO_U32", 0x14, DO(I16_TO_I32), ON(U16), S1(S16)),
	CONVERT("U16_TO_F32", 0x15, DO(I16_TO_F32), ON(U16), S1(S16)),
	CONVERT("V2U16_TO_V2F16", 0x17, DO(I_TO_F16), ON(U16), S1(I16), MODS(M_ROUND)),
	CONVERT("U32_TO_F32", 0x19, DO(I_TO_F32), ON(U32), S1(I32), MODS(M_ROUND)),
	CONVERT("F16_TO_U32", 0x1a, DO(F16_TO_I32), ON(U32), S1(F16), MODS(M_ROUND)),
	CONVERT("F32_TO_U32", 0x1c, DO(F32_TO_I), ON(U32), S1(F32N), MODS(M_ROUND)),
	CONVERT("V2F16_TO_V2U16", 0x1e, DO(F16_TO_I16), ON(U16), S1(F16), MODS(M_ROUND)),

	UNARY("MOV.i32", 0x0, DO(MOV), ON(U32), S1(32)),
	UNARY("CLZ.u32", 0x4, DO(CLZ), ON(U32), S1(32), MODS(M_MASK)),
	UNARY("CLZ.v2u16", 0x5, DO(CLZ), ON(U16), S1(S16), MODS(M_MASK)),
	UNARY("CLZ.v4u8", 0x6, DO(CLZ), ON(U8), S1(32), MODS(M_MASK)),
	UNARY("IABS.s32", 0x8, DO(IABS), ON(S32), S1(I32)),
	UNARY("IABS.v2s16", 0x9, DO(IABS), ON(S16), S1(I16)),
	UNARY("IABS.v4s8", 0xa, DO(IABS), ON(S8), S1(32)),
	UNARY("POPCOUNT.i32", 0xc, DO(POPCOUNT), ON(U32), S1(32)),
	UNARY("BITREV.i32", 0xd, DO(BITREV), ON(U32), S1(32)),
	UNARY("NOT_OLD.i32", 0xe, DO(NOT), ON(U32), S1(32)),
	{ "WMASK", 0, 0, 0x95, DO(WMASK), ON(U32), DST, S1(32), MODS(M_SUBGROUP) },
	{ "FLUSH.f32", SEL(16, 4, 0), 0x98, DO(FLUSH), ON(F32), DST, S1(F32),
	  MODS(M_NAN, M_FTZ, M_FLUSH_INF) },
	{ "FLUSH.v2f16", SEL(16, 4, 1), 0x98, DO(FLUSH), ON(F16), DST, S1(F16),
	  MODS(M_NAN, M_FTZ, M_FLUSH_INF) },
	{ "FREXPM.f32", SEL(16, 4, 0), 0x99, DO(FREXPM), ON(F32), DST, S1(F32S),
	  MODS(M_SQRT, M_LOG) },
	{ "FREXPM.v2f16", SEL(16, 4, 1), 0x99, DO(FREXPM), ON(F16), DST, S1(S16),
	  MODS(M_SQRT, M_LOG) },
	{ "FREXPE.f32", SEL(16, 4, 2), 0x99, DO(FREXPE), ON(F32), DST, S1(F32S),
	  MODS(M_SQRT, M_LOG) },
	{ "FREXPE.v2f16", SEL(16, 4, 3), 0x99, DO(FREXPE), ON(F16), DST, S1(S16),
	  MODS(M_SQRT, M_LOG) },
	SPECIAL("FRCP.f32", 0, DO(FRCP), ON(F32), S1(F32)),
	SPECIAL("FRCP.f16", 1, DO(FRCP), ON(F16), S1(F16)),
	SPECIAL("FRSQ.f32", 2, DO(FRSQ), ON(F32), S1(F32)),
	SPECIAL("FRSQ.f16", 3, DO(FRSQ), ON(F16), S1(F16)),
	SPECIAL("FSIN_TABLE.u6", 4, DO(FSIN), ON(F32), S1(32)),
	SPECIAL("FCOS_TABLE.u6", 5, DO(FCOS), ON(F32), S1(32)),
	SPECIAL("FSINCOS_OFFSET.u6", 6, TODO, S1(32)),
	SPECIAL("FLOGD.f32", 8, DO(FLOGD), ON(F32), S1(F32)),
	SPECIAL("FPCLASS.f32", 10, TODO, S1(F32)),
	SPECIAL("FPCLASS.f16", 11, TODO, S1(F16)),
	SPECIAL("FLOG_TABLE.f32", 12, TODO, S1(F32)),
	SPECIAL("FEXP_TABLE.u4", 13, TODO, S1(32)),
	SPECIAL("FRCP_APPROX.f32", 14, TODO, S1(F32)),
	SPECIAL("FRSQ_APPROX.f32", 15, TODO, S1(F32)),

	INT2US("IADD", 0, IADD, M_SAT),
	INT2US("ISUB", 1, ISUB, M_SAT),
	{ "MKVEC.v2i16", SEL(16, 4, 5), 0xa1, DO(MKVEC16), ON(U16), DST, S2(S16, S16) },
	INT2("IMUL.i32", "IMUL.v2i16", "IMUL.v4i8", "IMUL.s32", "IMUL.v2s16",
	     "IMUL.v4s8", 10, IMUL, M_SAT),
	INT2US("HADD", 11, HADD, M_RHADD),
	CLPER("i32", 0xa0, 32, DO(CLPER), ON(U32)),
	CLPER("v2u16", 0xa1, 32, TODO), CLPER("v4u8", 0xa2, 32, TODO),
	CLPER("s32", 0xa8, 32, TODO), CLPER("v2s16", 0xa9, 32, TODO),
	CLPER("v4s8", 0xaa, 32, TODO), CLPER("u64", 0x1a3, 64, TODO),
	CLPER("s64", 0x1ab, 64, TODO),
	{ "FADD.f32", SEL(16, 4, 0), 0xa4, DO(FADD), ON(F32), DST, S2(F32, F32), MODS(M_CLAMP) },
	{ "FMIN.f32", SEL(16, 4, 2), 0xa4, DO(FMIN), ON(F32), DST, S2(F32, F32), MODS(M_CLAMP) },
	{ "FMAX.f32", SEL(16, 4, 3), 0xa4, DO(FMAX), ON(F32), DST, S2(F32, F32), MODS(M_CLAMP) },
	{ "LDEXP.f32", SEL(16, 4, 6), 0xa4, DO(LDEXP), ON(F32), DST, S2(F32N, 32),
	  MODS(M_ROUND) },
	{ "FEXP.f32", SEL(16, 4, 8), 0xa4, DO(FEXP), ON(F32), DST, S2(32, F32N), MODS(M_CLAMP) },
	{ "FADD_LSCALE.f32", SEL(16, 4, 9), 0xa4, DO(FADD_LSCALE), ON(F32), DST,
	  S2(F32N, F32N), MODS(M_CLAMP) },
	{ "FATAN_ASSIST.f32", SEL(16, 4, 14), 0xa4, TODO, DST, S2(32, 32), MODS(M_SECOND) },
	{ "FADD.v2f16", SEL(16, 4, 0), 0xa5, DO(FADD), ON(F16), DST, S2(F16, F16),
	  MODS(M_CLAMP) },
	{ "FMIN.v2f16", SEL(16, 4, 2), 0xa5, DO(FMIN), ON(F16), DST, S2(F16, F16),
	  MODS(M_CLAMP) },
	{ "FMAX.v2f16", SEL(16, 4, 3), 0xa5, DO(FMAX), ON(F16), DST, S2(F16, F16),
	  MODS(M_CLAMP) },
	{ "V2F32_TO_V2F16", SEL(16, 4, 4), 0xa5, DO(F32_TO_F16), ON(F16), DST, S2(F32N,
	  F32N), MODS(M_CLAMP, M_ROUND) },
	{ "LDEXP.v2f16", SEL(16, 4, 6), 0xa5, DO(LDEXP), ON(F16), DST, S2(F16N, 32),
	  MODS(M_ROUND) },
	INT64("IADD", 0, IADD),
	INT64("ISUB", 1, ISUB),
	{ "SEG_ADD.u64", SEL(16, 4, 6), 0x1a3, TODO, DST, S2(64, I64), MODS(M_NEG,
	  M_PRESERVE_NULL) },
	{ "SHADDX.u64", SEL(16, 4, 7), 0x1a3, DO(SHADDX), ON(U64), DST, S2(64, I64),
	  IMM("shift", 20, 3) },
	{ "SHADDX.s64", SEL(16, 4, 7), 0x1ab, DO(SHADDX), ON(S64), DST, S2(64, I64),
	  IMM("shift", 20, 3) },
	{ "IMULD.u64", SEL(16, 4, 10), 0x1a3, DO(IMULD), ON(U64), DST, S2(I64, I64) },
	{ "NOT_OLD.i64", SEL(16, 5, 14), 0x191, DO(NOT), ON(U64), DST, S1(64) },

	{ "FMA.f32", 0, 0, 0xb2, DO(FMA), ON(F32), DST, S3(F32, F32, F32), MODS(M_CLAMP) },
	{ "FMA.v2f16", 0, 0, 0xb3, DO(FMA), ON(F16), DST, S3(F16, F16, F16), MODS(M_CLAMP) },
	SHIFTS("RSHIFT", "", 0, RSHIFT), SHIFTS("LSHIFT", "", 1, LSHIFT),
	SHIFTS("RROT", "", 2, RROT), SHIFTS("LROT", "", 3, LROT),
	SHIFTS("RSHIFT", ".signed", 4, ARSHIFT),
	{ "MUX.i32", 0, 0, 0xb8, DO(MUX), ON(U32), DST, S3(32, 32, 32), MODS(M_MUX) },
	{ "MUX.v2i16", 0, 0, 0xb9, DO(MUX), ON(U16), DST, S3(S16, S16, S16), MODS(M_MUX) },
	{ "MUX.v4i8", 0, 0, 0xba, DO(MUX), ON(U8), DST, S3(32, 32, 32), MODS(M_MUX) },
	{ "CUBE_SSEL", SEL(24, 4, 0), 0xbc, TODO, DST, S3(F32N, F32N, 32) },
	{ "CUBE_TSEL", SEL(24, 4, 1), 0xbc, TODO, DST, S3(F32N, F32N, 32) },
	{ "MKVEC.v2i8", 0, 0, 0xbd, DO(MKVEC8), ON(U32), DST, S3(B38, B36, 32) },
	{ "CUBEFACE1", 0, 0, 0xc0, TODO, DST, S3(F32N, F32N, F32N) },
	{ "CUBEFACE2_V9", 0, 0, 0xc1, TODO, DST, S3(F32N, F32N, F32N) },
	{ "IDP.v4s8", SEL(24, 4, 0), 0xc2, DO(IDP), ON(S32), DST, S3(32, 32, 32), MODS(M_SAT) },
	{ "IDP.v4u8", SEL(24, 4, 1), 0xc2, DO(IDP), ON(U32), DST, S3(32, 32, 32), MODS(M_SAT) },
	ICMP("ICMP_OR", 0, ICMP), ICMP("ICMP_AND", 1, ICMP),
	ICMP("ICMP_MULTI", 2, ICMP_MULTI),
	ICMP_SMALL("ICMP_OR", 0), ICMP_SMALL("ICMP_AND", 1),
	FCMP("FCMP_OR", 0), FCMP("FCMP_AND", 1),

	{ "IADD_IMM.i32", 0, 0, 0x110, DO(IADD_IMM), ON(U32), DST, S1(32), IMM("#", 8, 32) },
	{ "IADD_IMM.v2i16", 0, 0, 0x111, DO(IADD_IMM), ON(U16), DST, S1(32), IMM("#", 8, 32) },
	{ "IADD_IMM.v4i8", 0, 0, 0x112, DO(IADD_IMM), ON(U8), DST, S1(32), IMM("#", 8, 32) },
	{ "FADD_IMM.f32", 0, 0, 0x114, DO(FADD_IMM), ON(F32), DST, S1(32), IMM("#", 8, 32) },
	{ "FADD_IMM.v2f16", 0, 0, 0x115, DO(FADD_IMM), ON(F16), DST, S1(32), IMM("#", 8, 32) },
	{ "TEX_FETCH", 0, 0, 0x125, DO(TEX_FETCH), .staging = SR_TEX, S1(64), MODS(TEX, M_ARRAY,
	  M_TEXEL_OFFSET) },
	{ "TEX_SINGLE", 0, 0, 0x128, DO(TEX_SINGLE), .staging = SR_TEX, S1(64), MODS(TEX, M_ARRAY,
	  M_TEXEL_OFFSET, M_SHADOW, M_LOD) },
	{ "TEX_GATHER", 0, 0, 0x129, DO(TEX_GATHER), .staging = SR_TEX, S1(64), MODS(TEX, M_ARRAY,
	  M_TEXEL_OFFSET, M_INT_COORD, M_FETCH, M_SHADOW) },
	{ "TEX_GRADIENT", 0, 0, 0x12a, DO(TEX_GRADIENT), .staging = SR_TEX, S1(64), MODS(TEX,
	  M_FORCE_DELTA, M_LOD_BIAS, M_LOD_CLAMP, M_DERIVATIVE) },
	{ "TEX_DUAL", 0, 0, 0x12f, TODO, .staging = SR_TEX, S1(64), MODS(M_SLOT, M_SKIP,
	  M_REGTYPE, M_REGWIDTH, M_REGWIDTH2, M_WRMASK, M_DIM, M_WIDE, M_ARRAY,
	  M_TEXEL_OFFSET, M_SHADOW, M_LOD) },
	VTEXES("VAR_TEX_BUF", 0x130), VTEXES("VAR_TEX", 0x138),
	{ "CSEL.u32", 0, 0, 0x150, DO(CSEL), ON(U32), DST, S4(32, 32, 32, 32), MODS(M_ICMP) },
	{ "CSEL.v2u16", 0, 0, 0x151, DO(CSEL), ON(U16), DST, S4(32, 32, 32, 32), MODS(M_ICMP) },
	{ "CSEL.f32", 0, 0, 0x154, DO(FCSEL), ON(F32), DST, S4(32, 32, 32, 32), MODS(M_CMP) },
	{ "CSEL.v2f16", 0, 0, 0x155, DO(FCSEL), ON(F16), DST, S4(32, 32, 32, 32), MODS(M_CMP) },
	{ "CSEL.s32", 0, 0, 0x158, DO(CSEL), ON(S32), DST, S4(32, 32, 32, 32), MODS(M_ICMP) },
	{ "CSEL.v2s16", 0, 0, 0x159, DO(CSEL), ON(S16), DST, S4(32, 32, 32, 32), MODS(M_ICMP) },
	{ "FMA_RSCALE.f32", 0, 0, 0x160, DO(FMA_RSCALE), ON(F32), DST, S4(F32N, F32N,
	  F32N, 32), MODS(M_CLAMP) },
	{ "FMA_RSCALE_N.f32", 0, 0, 0x161, DO(FMA_RSCALE_N), ON(F32), DST, S4(F32N,
	  F32N, F32N, 32), MODS(M_CLAMP) },
	{ "FMA_RSCALE_LEFT.f32", 0, 0, 0x162, DO(FMA_RSCALE_LEFT), ON(F32), DST,
	  S4(F32N, F32N, F32N, 32), MODS(M_CLAMP) },
	{ "FMA_RSCALE_SCALE16.f32", 0, 0, 0x163, TODO, DST, S4(F32N, F32N, F32N, 32),
	  MODS(M_CLAMP) },
};

const unsigned int isa_num_ops = sizeof(isa_ops) / sizeof(isa_ops[0]);

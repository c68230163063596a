// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes what a fuzzer of the shader core without a corpus begins with: programs in
 * assembly, and instructions of each row of the tables with modifiers and operands by
 * chance, each of them through disassembler and assembler.
 *
 *	seeds_shader FOLDER
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "asm.h"
#include "fuzz_shader.h"
#include "warp.h"

/* Of one row, and instructions of a program */
#define VARIANTS	24u
#define TOGETHER	20u

#define ADDRESS		"SHADDX.u64 r2, u0, r60.w0, shift:0x2\n"

static const char *folder;
static unsigned int num_seeds;

struct seed {
	uint8_t at[1024];
	size_t len;
	unsigned int num;
};

static void put(struct seed *s, uint64_t val, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		s->at[s->len++] = val >> (8 * i);
}

static void begin(struct seed *s, unsigned int what, unsigned int threads)
{
	memset(s, 0, sizeof(*s));
	put(s, what, 2);
	put(s, threads - 1, 1);
	put(s, 64, 2);
}

static void put_word(struct seed *s, uint64_t word)
{
	put(s, FUZZ_NO_ROW, 2);
	put(s, word, 8);
	s->num++;
}

static void put_text(struct seed *s, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		char line[256];

		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		put_word(s, asm_one(line));
		text += len + (text[len] == '\n');
	}
}

static void write_seed(struct seed *s)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%04u", folder, num_seeds++);
	f = fopen(path, "wb");
	if (!f || fwrite(s->at, s->len, 1, f) != 1 || fclose(f)) {
		perror(path);
		exit(1);
	}
}

/* --- Rows by chance --------------------------------------------------------------- */

static uint64_t chance(void)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static bool executes(uint64_t word)
{
	struct insn in;

	return !insn_decode(&in, word) && !exec_bind(&in, false);
}

static uint64_t word_of(const struct isa_op *op)
{
	uint64_t flow = 0xfull << 59;

	return (chance() & isa_known_bits(op) & ~op->sel_mask & ~flow &
		~(0x1ffull << 48)) | op->sel | (uint64_t)op->opcode << 48;
}

/* Sources that are something in the fuzzer's machine: addresses and handles */
static uint64_t with_place(const struct isa_op *op, uint64_t word)
{
	static const struct {
		unsigned int id;
		uint64_t srcs;		/* uniforms 0 and 4, constant 0 */
	} places[] = {
		{ OP_LOAD, 0x80 }, { OP_STORE, 0x80 }, { OP_ATOM, 0x80 },
		{ OP_ATOM1, 0x80 }, { OP_ATOM_RETURN, 0x80 },
		{ OP_LD_BUFFER, 0x84c0 }, { OP_LEA_BUFFER, 0x84c0 },
	};

	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].id != op->id)
			continue;
		for (unsigned int k = 0; k < ISA_MAX_SRCS && op->src[k].kind; k++)
			word = (word & ~(0xffull << 8 * op->src[k].byte)) |
			       (places[i].srcs >> 8 * k & 0xff) << 8 * op->src[k].byte;
		/* A small offset, of whole words */
		word &= ~(3ull << 57);
		if (op->imms[0].name)
			word &= ~((((1ull << op->imms[0].width) - 1) & ~0x3cull) <<
				  op->imms[0].pos);
	}
	return word;
}

static bool is_control(const struct isa_op *op)
{
	return op->id == OP_BRANCHZ || op->id == OP_BRANCHZI || op->id == OP_BARRIER;
}

/* As the assembler makes it of the text; the fuzzer begins with what both agree on */
static uint64_t assembled(uint64_t word)
{
	const char *why;
	char text[256];
	uint64_t again;

	shader_disasm(word, text, sizeof(text));
	why = asm_line(text, &again);
	if (why) {
		fprintf(stderr, "seeds_shader: %s: %s\n", text, why);
		exit(1);
	}
	return again;
}

static void add_variants(struct seed *s, const struct isa_op *op)
{
	unsigned int found = 0;

	for (unsigned int tries = 0; found < VARIANTS && tries < 4000; tries++) {
		uint64_t word = with_place(op, word_of(op));

		if (!executes(word))
			continue;
		put_word(s, assembled(word));
		found++;
		if (s->num < TOGETHER)
			continue;
		put_text(s, "NOP.end\n");
		write_seed(s);
		begin(s, num_seeds & 1 ? FUZZ_DATA : 0, num_seeds & 2 ? 16 : 13);
	}
}

static void rows(void)
{
	struct seed s;

	begin(&s, 0, 16);
	for (unsigned int i = 0; i < isa_num_ops; i++)
		if (!is_control(&isa_ops[i]))
			add_variants(&s, &isa_ops[i]);
	write_seed(&s);
}

/* What is refused, of each row: decoded by the fuzzer, though not executed */
static void refused(void)
{
	struct seed s;

	begin(&s, 0, 16);
	for (unsigned int i = 0; i < 8 * isa_num_ops; i++) {
		put_word(&s, word_of(&isa_ops[i % isa_num_ops]) | chance() % 4 << 57);
		if (s.num < FUZZ_INSTRS)
			continue;
		write_seed(&s);
		begin(&s, 0, 16);
	}
}

/* --- Programs --------------------------------------------------------------------- */

static const struct {
	unsigned int what, threads;
	const char *code;
} programs[] = {
	{ 0, 40, ADDRESS "MOV.i32 r0, r60\nSTORE.i32.slot0.end @r0, r2, offset:0\n" },
	{ FUZZ_STALL, 40, ADDRESS "LOAD.i32.unsigned.slot0.wait0 @r0, r2, offset:0\n"
	  "STORE.i32.slot0.end @r0, r2, offset:4\n" },
	{ FUZZ_SMALL, 40, ADDRESS "FADD.f32 r0, r60, r60\nFADD.v2f16 r1, r60, r60\n"
	  "STORE.i32.slot0.end @r0, r2, offset:0\n" },
	{ FUZZ_SMALL, 1, "MOV.i32 r20, 0x0\n" },
	{ FUZZ_SMALL, 1, "MOV.i32 r0, r20\n" },
	{ FUZZ_SMALL, 1, "STORE.i32.slot0.end @r20, u0, offset:0\n" },
	{ FUZZ_CHANGE, 16, "IADD.u32 r0, r60, r60\nMOV.i32 r1, r0\nNOP\n"
	  "BRANCHZ.eq.reconverge 0x0, offset:1\nNOP\nNOP.end\n" },
	{ FUZZ_CHANGE | FUZZ_KEEP, 16, "IADD.u32 r0, r60, r60\nMOV.i32 r1, r0\nNOP.end\n" },
	/* Threads with counts of their own, both sides of an if, early ends */
	{ 0, 40, ADDRESS "MOV.i32 r0, 0x0\nMOV.i32 r1, r60\n"
	  "BRANCHZ.eq.reconverge r1, offset:3\nIADD.u32 r0, r0, r1\n"
	  "IADD.s32 r1, r1, 0xFFFFFFFF\nBRANCHZ.reconverge r1, offset:-3\n"
	  "STORE.i32.slot0.end @r0, r2, offset:0\n" },
	{ 0, 40, "LSHIFT_AND.i32 r1, r60, 0x1F1E1D1C.b33, 0x0.not\n"
	  "BRANCHZ.reconverge r1.h1, offset:2\nMOV.i32 r0, r60\n"
	  "BRANCHZ.eq.reconverge 0x0.h0, offset:1\nNOP.end\nWMASK r0, 0x1000000\n"
	  "CLPER.i32.i1 r4, r60, 0x7060504.b00\nNOP.end\n" },
	{ 0, 16, "IADD_IMM.i32 r4, program_counter.w0, #0x10\n"
	  "BRANCHZI.eq.absolute.reconverge 0x0, r4\nNOP\nNOP.end\n" },
	{ 0, 16, "IADD_IMM.i32 r4, 0x0, #0x8\nBRANCHZI.eq.reconverge r60, r4\n"
	  "NOP\nNOP.end\n" },
	{ 0, 1, "BRANCHZI.eq.absolute 0x0, u2\n" },
	{ FUZZ_FAR, 1, "BRANCHZI.eq 0x0, u3\n" },
	{ 0, 1, "BRANCHZ.eq.reconverge 0x0, offset:-1\n" },
	{ 0, 1, "BRANCHZ.eq.reconverge 0x0, offset:4096\n" },
	/* Barriers, whole and not, and local memory */
	{ FUZZ_DEEP, 36, "SHADDX.u64 r8, workgroup_local_pointer.w0, r55.w0, shift:0x2\n"
	  "STORE.i32.slot0.wait0 @r60, r8, offset:0\nBARRIER.slot7.wait\n"
	  "LOAD.i32.unsigned.slot0.wait0 @r0, r8, offset:0\nBARRIER.slot7\nBARRIER.slot7\n"
	  "NOP.wait\nNOP.end\n" },
	{ 0, 16, "BRANCHZ.reconverge r60, offset:1\nBARRIER.slot7.wait\nNOP.end\n" },
	{ 0, 32, "BRANCHZ.eq.reconverge warp_id.w0, offset:1\nNOP.end\n"
	  "BARRIER.slot7.wait\nNOP.end\n" },
	{ 0, 32, "MOV.i32 r4, thread_local_pointer.w0\nMOV.i32 r5, thread_local_pointer.w1\n"
	  "STORE.i32.force.slot0.wait0 @r0, r4, offset:60\nNOP.end\n" },
	/* Accesses of many pages, across two, partly nowhere */
	{ 0, 40, "SHADDX.u64 r2, u0, r60.w0, shift:0x7\nSHADDX.u64 r2, r2, r60.w0, shift:0x7\n"
	  "SHADDX.u64 r2, r2, r60.w0, shift:0x7\nSHADDX.u64 r2, r2, r60.w0, shift:0x7\n"
	  "STORE.i128.slot0 @r4:r5:r6:r7, r2, offset:4090\n"
	  "LOAD.i128.unsigned.slot0.wait0 @r4:r5:r6:r7, r2, offset:4090\n"
	  "LOAD.i8.unsigned.slot0.wait0 @r4, r2, offset:3\n"
	  "STORE.i24.slot0.wait0 @r4, r2, offset:4095\n"
	  "ATOM.i32.slot0.aadd.wait0 @r4, r2, offset:0x4\nNOP.end\n" },
	{ 0, 1, "LOAD.i32.unsigned.slot0.wait0 @r0, u0, offset:4094\n"
	  "STORE.i32.slot0.end @r0, u0, offset:8190\n" },
	{ FUZZ_FAR, 16, "LOAD.i32.unsigned.slot0.end @r0, u2, offset:0\n" },
	{ 0, 16, "MOV.i32 r0, 0xFFFFFFFF\nMOV.i32 r1, 0x7FFFFFFF\n"
	  "LOAD.i32.unsigned.slot0.end @r0, r0, offset:0\n" },
	{ 0, 16, "ATOM.i32.slot0.aadd.end @r60, u0, offset:0x2\n" },
	{ 0, 13, "IADD_IMM.i32 r5, 0x0, #0x5\nIADD_IMM.i32 r4, r60, #0x64\n"
	  "ATOM_RETURN.i32.slot0.compare.axchg.wait0 @r0, @r4:r5, u0, offset:0xC\nNOP.end\n" },
	{ 0, 32, "LSHIFT_OR.i32 r4, r60, 0x3020100.b22, 0x0\n"
	  "IADD_IMM.i32 r4, r4, #0xFE0\nLEA_BUFFER.slot0.wait0 @r6:r7, r4, u4\n"
	  "STORE.i64.slot0 @r60:r61, r6, offset:0\n"
	  "LOAD.i64.unsigned.slot0.wait0 @r0:r1, r6, offset:0\n"
	  "LD_BUFFER.i32.unsigned.slot0.wait0 @r0, r4, u4\n"
	  "LD_BUFFER.i32.unsigned.slot0.wait0 @r0, 0x0, u5\nNOP.end\n" },
	/* A filter in pages of its own for each thread */
	{ FUZZ_TALL, 16, "U32_TO_F32 r9, r60\nFMA.f32 r9, r9, u10, 0x0.neg\nMOV.i32 r8, 0x0\n"
	  "TEX_SINGLE.slot0.f.32.r.2d.wide_indices.zero.wait0 @r0, @r8:r9, u8\nNOP.end\n" },
	{ FUZZ_NO_BUFFER, 16, "LD_BUFFER.i32.unsigned.slot0.end @r0, 0x0, u4\n" },
	{ 0, 16, "LD_BUFFER.i32.unsigned.slot0.end @r0, 0x0, r60\n" },
};

/* A word of the descriptors or of the stream's registers that is not as it should be */
static const struct {
	unsigned int what, at;
	uint64_t value;
} oddities[] = {
	{ FUZZ_DESCRIPTOR, 0, 9 },			/* no program */
	{ FUZZ_DESCRIPTOR, 0, 8 | 1 << 4 | 1u << 30 },
	{ FUZZ_DESCRIPTOR, 1, 4 },			/* misaligned code */
	{ FUZZ_DESCRIPTOR, 1, 1ull << 50 },
	{ FUZZ_DESCRIPTOR, 8, 2 | 31ull << 32 },	/* no local memory */
	{ FUZZ_DESCRIPTOR, 9, 2ull << 60 },
	{ FUZZ_DESCRIPTOR, 9, 0x600000 },
	{ FUZZ_DESCRIPTOR, 18, 1ull << 52 },		/* a table nowhere */
	{ FUZZ_DESCRIPTOR, 18, 0x200200 },		/* a table of other things */
	{ FUZZ_DESCRIPTOR, 19, 1ull << 40 },
	{ FUZZ_DESCRIPTOR, 19, 0 },
	{ FUZZ_REGISTER, 0, 0 },
	{ FUZZ_REGISTER, 9, 255u << 24 },		/* too many uniforms */
	{ FUZZ_REGISTER, 9, 64u << 24 | 0xffffff },
	{ FUZZ_REGISTER, 8, 0x200ff0 },			/* of two pages */
	{ FUZZ_REGISTER, 16, 0x700000 },
	{ FUZZ_REGISTER, 24, 0 },			/* no local storage */
	{ FUZZ_REGISTER, 24, 0x700000 },
	{ FUZZ_REGISTER, 33, ~0u },			/* too many threads */
	{ FUZZ_REGISTER, 37, 0 },			/* no workgroup */
	{ FUZZ_REGISTER, 37, ~0u },
};

static void oddity(unsigned int i)
{
	unsigned int what = oddities[i].what;
	struct seed s;

	begin(&s, what, 16);
	put(&s, oddities[i].at, 1);
	put(&s, oddities[i].value, what == FUZZ_DESCRIPTOR ? 8 : 4);
	put_text(&s, "LD_BUFFER.i32.unsigned.slot0.wait0 @r0, 0x0, u4\n"
		 "STORE.i32.slot0.end @r0, u0, offset:0\n");
	write_seed(&s);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "Usage: seeds_shader FOLDER\n");
		return 2;
	}
	folder = argv[1];
	if (mkdir(folder, 0777) && errno != EEXIST) {
		perror(folder);
		return 1;
	}
	for (unsigned int i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		struct seed s;

		begin(&s, programs[i].what, programs[i].threads);
		if (programs[i].what & FUZZ_STALL)
			put(&s, 9, 1);
		put_text(&s, programs[i].code);
		write_seed(&s);
	}
	for (unsigned int i = 0; i < sizeof(oddities) / sizeof(oddities[0]); i++)
		oddity(i);
	rows();
	refused();
	return 0;
}

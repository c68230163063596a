// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs: what a compute job does, from its registers to memory. Branches,
 * messages and when they land, barriers, local memory, atomics, buffers, slices,
 * faults.
 */
#include <stdlib.h>

#include "../model/tap.h"
#include "program.h"

/* r2:r3 = DATA + 4 * global id of the thread */
#define ADDRESS "SHADDX.u64 r2, u0, r60.w0, shift:0x2\n"
#define ADDRESS_OF(reg) "SHADDX.u64 r2, u0, " reg ".w0, shift:0x2\n"
#define PUT(reg) "STORE.i32.slot0.end @" reg ", r2, offset:0\n"

static bool all(struct machine *m, unsigned int n, uint32_t (*want)(unsigned int))
{
	for (unsigned int i = 0; i < n; i++) {
		if (data32(m, i) != want(i)) {
			diag("element %u: got 0x%x, want 0x%x", i, data32(m, i),
			     want(i));
			return false;
		}
	}
	return true;
}

static uint32_t identity(unsigned int i)
{
	return i;
}

static uint32_t constant7(unsigned int i)
{
	(void)i;
	return 7;
}

static void test_fill(void)
{
	struct machine m;

	machine_init(&m);
	machine_size(&m, 64, 1, 1, 16, 1, 1);
	machine_uniform(&m, 2, 7);
	is_u64(run(&m, ADDRESS "MOV.i32 r0, u2\n" PUT("r0")), SHADER_DONE,
	       "a fill is done");
	ok(all(&m, 1024, constant7), "each thread stored the uniform");
	is_u64(m.wrote, 4096, "and told so");
	run(&m, ADDRESS "MOV.i32 r0, r60\n" PUT("r0"));
	ok(all(&m, 1024, identity), "each thread knows its global id");
	machine_fini(&m);
}

/* 16 bytes a thread, as panvk's copies do it */
static void test_copy(void)
{
	struct machine m;
	bool same = true;

	machine_init(&m);
	machine_size(&m, 32, 1, 1, 8, 1, 1);
	for (unsigned int i = 0; i < 1024; i++)
		machine_put32(&m, DATA + 4 * i, i * 0x9e3779b9u);
	machine_uniform(&m, 2, DATA + 0x2000);
	run(&m,
	    "SHADDX.u64 r2, u0, r60.w0, shift:0x4\n"
	    "SHADDX.u64 r4, u2, r60.w0, shift:0x4\n"
	    "LOAD.i128.unsigned.slot0.wait0 @r8:r9:r10:r11, r2, offset:0\n"
	    "STORE.i128.slot1.end @r8:r9:r10:r11, r4, offset:0\n");
	for (unsigned int i = 0; i < 1024; i++)
		same &= data32(&m, i) == machine_get32(&m, DATA + 0x2000 + 4 * i);
	ok(same, "a copy of 4 KiB by 16 bytes");
	machine_fini(&m);
}

static uint32_t ids3(unsigned int i)
{
	unsigned int wg = i / 12, t = i % 12;
	unsigned int lx = t % 3, ly = t / 3 % 2, lz = t / 6;
	unsigned int gx = wg % 2, gy = wg / 2 % 3;

	return (gx * 3 + lx + 100) | (gy * 2 + ly) << 8 | lx << 16 | ly << 20 |
	       lz << 24 | gx << 28;
}

static void test_ids(void)
{
	struct machine m;

	machine_init(&m);
	machine_size(&m, 3, 2, 2, 2, 3, 1);
	m.regs[34] = 100;
	/* The place is (workgroup * 12 + local index) */
	is_u64(run(&m,
		   "LSHIFT_OR.i32 r4, r58, 0x3020100.b11, 0x0\n"
		   "IADD.u32 r4, r4, r57\n"
		   "IMUL.i32 r4, r4, 0xF0E0D0C.b0\n"
		   "IADD.u32 r4, r4, r55.h0\n"
		   "U16_TO_U32 r5, r55.h10\n"
		   "IMUL.i32 r6, r5, 0x3020100.b3\n"
		   "IADD.u32 r4, r4, r6\n"
		   "IMUL.i32 r6, r56, 0x7060504.b2\n"
		   "IADD.u32 r4, r4, r6\n"
		   ADDRESS_OF("r4")
		   "LSHIFT_OR.i32 r0, r61, 0xB0A0908.b00, r60\n"
		   "U16_TO_U32 r6, r55.h00\n"
		   "LSHIFT_OR.i32 r0, r6, 0x13121110.b00, r0\n"
		   "LSHIFT_OR.i32 r0, r5, 0x17161514.b00, r0\n"
		   "LSHIFT_OR.i32 r0, r56, 0x1B1A1918.b00, r0\n"
		   "LSHIFT_OR.i32 r0, r57, 0x1F1E1D1C.b00, r0\n"
		   PUT("r0")), SHADER_DONE, "two by three workgroups of 12");
	ok(all(&m, 72, ids3), "local, workgroup and global ids, with an offset");
	machine_fini(&m);
}

/* --- Halves ---------------------------------------------------------------- */

/* A float, and the half next to it */
static const struct {
	uint32_t from;
	uint16_t to;
} narrowed[] = {
	{ 0x3f800000, 0x3c00 }, { 0x80000000, 0x8000 }, { 0x00000000, 0x0000 },
	{ 0x7f800000, 0x7c00 }, { 0xff800000, 0xfc00 }, { 0x7fc01234, 0x7e00 },
	{ 0x477fefff, 0x7bff }, { 0x477ff000, 0x7c00 }, { 0xc77ff000, 0xfc00 },
	/* Halfway between two: the even one; a little more is the upper one */
	{ 0x3f801000, 0x3c00 }, { 0x3f801001, 0x3c01 }, { 0x3f803000, 0x3c02 },
	/* Halves that are subnormal, and the least of them */
	{ 0x387fffff, 0x0400 }, { 0x387fc000, 0x03ff }, { 0x33800000, 0x0001 },
	{ 0x33000001, 0x0001 }, { 0x33000000, 0x0000 }, { 0x00000001, 0x0000 },
};

#define NUM_NARROWED	(sizeof(narrowed) / sizeof(narrowed[0]))

/* Each thread's float, and the one of the thread beside it (wrapping around) */
static void floats_to_narrow(struct machine *m)
{
	machine_uniform(m, 2, DATA + 0x1000);
	for (unsigned int i = 0; i <= NUM_NARROWED; i++)
		machine_put32(m, DATA + 0x1000 + 4 * i,
			      narrowed[i % NUM_NARROWED].from);
}

static uint32_t both_halves(unsigned int i)
{
	return narrowed[i].to |
	       (uint32_t)narrowed[(i + 1) % NUM_NARROWED].to << 16;
}

static uint32_t low_half(unsigned int i)
{
	return 0x7fff0000 | narrowed[i].to;
}

static uint32_t twice_rounded(unsigned int i)
{
	(void)i;
	return 0x3c003c00;
}

#define LOAD_FLOATS							\
	"SHADDX.u64 r6, u2, r60.w0, shift:0x2\n"			\
	"LOAD.i64.unsigned.slot0.wait0 @r4:r5, r6, offset:0\n"

static void test_halves(void)
{
	struct machine m;

	machine_init(&m);
	machine_size(&m, NUM_NARROWED, 1, 1, 1, 1, 1);
	floats_to_narrow(&m);
	is_u64(run(&m, ADDRESS LOAD_FLOATS
		   "FADD.f32 r0.h1, r5, 0x0.neg\n"
		   "FADD.f32 r0.h0, ^r4, 0x0.neg\n" PUT("r0")), SHADER_DONE,
	       "sums of floats go to halves of a register");
	ok(all(&m, NUM_NARROWED, both_halves), "as the halves next to them");

	run(&m, ADDRESS LOAD_FLOATS
	    "MOV.i32 r0, 0x7FFFFFFF\n"
	    "FMA.f32 r0.h0, r4, 0x3F800000, 0x0.neg\n" PUT("r0"));
	ok(all(&m, NUM_NARROWED, low_half),
	   "so do products, and the other half stays as it is");

	/* 1 + 2^-11 + 2^-30 is a little more than halfway between two halves */
	machine_uniform(&m, 4, 0x3f801000);
	machine_uniform(&m, 5, 0x30800000);
	run(&m, ADDRESS
	    "FADD.f32 r0.h0, u4, u5\n"
	    "MOV.i32 r1, u5\n"
	    "FMA.f32 r0.h1, u4, 0x3F800000, r1\n" PUT("r0"));
	ok(all(&m, NUM_NARROWED, twice_rounded),
	   "what does not fit a float is rounded to one first");
	is_u64(run(&m, ADDRESS "FMAX.f32 r0.h0, u4, u5\n" PUT("r0")),
	       SHADER_FAULT, "others do not narrow");
	machine_fini(&m);
}

/* --- Branches ------------------------------------------------------------- */

static uint32_t triangle(unsigned int i)
{
	return i * (i + 1) / 2;
}

static uint32_t odd_even(unsigned int i)
{
	return i & 1 ? 100 + i : 200 + i;
}

static void test_branches(void)
{
	struct machine m;

	machine_init(&m);
	machine_size(&m, 40, 1, 1, 1, 1, 1);
	/* A loop of as many rounds as the thread's number */
	run(&m, ADDRESS
	    "MOV.i32 r0, 0x0\n"
	    "MOV.i32 r1, r60\n"
	    "BRANCHZ.eq.reconverge r1, offset:3\n"
	    "IADD.u32 r0, r0, r1\n"
	    "IADD.s32 r1, r1, 0xFFFFFFFF\n"
	    "BRANCHZ.reconverge r1, offset:-3\n"
	    PUT("r0"));
	ok(all(&m, 40, triangle), "a loop with its own count in each thread");

	/* if (odd) r0 = 100 else r0 = 200; r0 += id */
	run(&m, ADDRESS
	    "LSHIFT_AND.i32 r1, r60, 0x0.b00, 0x3020100\n"
	    "LSHIFT_AND.i32 r1, r60, 0x0.b00, 0x0.not\n"
	    "LSHIFT_AND.i32 r1, r60, 0x1F1E1D1C.b33, 0x0.not\n"
	    "BRANCHZ.reconverge r1, offset:2\n"
	    "IADD_IMM.i32 r0, 0x0, #0xC8\n"
	    "BRANCHZ.eq.reconverge 0x0, offset:1\n"
	    "IADD_IMM.i32 r0, 0x0, #0x64\n"
	    "IADD.u32 r0, r0, r60\n"
	    PUT("r0"));
	ok(all(&m, 40, odd_even), "both sides of an if, and together again");

	/* Jump over a word by address: low half of the next, plus 8 */
	run(&m, ADDRESS
	    "MOV.i32 r0, r60\n"
	    "IADD_IMM.i32 r4, program_counter.w0, #0x10\n"
	    "BRANCHZI.eq.absolute.reconverge 0x0, r4\n"
	    "IADD_IMM.i32 r0, 0x0, #0x1\n"
	    PUT("r0"));
	ok(all(&m, 40, identity), "an indirect branch to an address");
	machine_fini(&m);
}

/* Lanes that end early do not come back. */
static void test_end(void)
{
	struct machine m;

	machine_init(&m);
	run(&m, ADDRESS
	    "LSHIFT_AND.i32 r1, r60, 0x1F1E1D1C.b33, 0x0.not\n"
	    "BRANCHZ.reconverge r1, offset:1\n"
	    "NOP.end\n"
	    "MOV.i32 r0, 0xFFFFFFFF\n"
	    PUT("r0"));
	ok(data32(&m, 0) == 0 && data32(&m, 1) == ~0u && data32(&m, 2) == 0,
	   "threads end one by one");
	machine_fini(&m);
}

/* --- Messages ------------------------------------------------------------- */

static void test_landing(void)
{
	struct machine m;

	machine_init(&m);
	machine_size(&m, 1, 1, 1, 1, 1, 1);
	machine_put32(&m, DATA + 64, 42);
	machine_put32(&m, DATA + 68, 43);
	run(&m,
	    "MOV.i32 r0, 0x0\n"
	    "LOAD.i32.unsigned.slot0 @r0, u0, offset:64\n"
	    "STORE.i32.slot1 @r0, u0, offset:0\n"
	    "NOP.wait12\n"
	    "STORE.i32.slot1 @r0, u0, offset:4\n"
	    "NOP.wait0\n"
	    "STORE.i32.slot1 @r0, u0, offset:8\n"
	    "MOV.i32 r0, 0x0\n"
	    "LOAD.i32.unsigned.slot0 @r0, u0, offset:64\n"
	    "LOAD.i32.unsigned.slot0 @r1, u0, offset:68\n"
	    "STORE.i32.slot1 @r0, u0, offset:12\n"
	    "STORE.i32.slot1 @r1, u0, offset:16\n"
	    "NOP.wait0126\n"
	    "STORE.i32.slot1.end @r1, u0, offset:20\n");
	is_u64(data32(&m, 0), 0, "a load without a wait has not landed");
	is_u64(data32(&m, 1), 0, "nor after a wait for other slots");
	is_u64(data32(&m, 2), 42, "it lands at the wait for its slot");
	is_u64(data32(&m, 3), 42, "or when its slot is used again");
	ok(data32(&m, 4) != 43, "which says nothing of the second one");
	is_u64(data32(&m, 5), 43, "wait0126 waits for slot 0 as well");
	machine_fini(&m);
}

static uint32_t loaded(struct machine *m, const char *load)
{
	char code[512];

	snprintf(code, sizeof(code),
		 "MOV.i32 r4, 0x7FFFFFFF\nMOV.i32 r5, 0x7FFFFFFF\n"
		 "%s, u0, offset:64\nSTORE.i64.slot0.end @r4:r5, u0, offset:0\n",
		 load);
	if (run(m, code) != SHADER_DONE)
		diag("%s: %s", load, m->fault.why);
	return data32(m, 0);
}

static void test_widths(void)
{
	struct machine m;

	machine_init(&m);
	machine_size(&m, 1, 1, 1, 1, 1, 1);
	machine_put64(&m, DATA + 64, 0x1122334455f68788);
	is_u64(loaded(&m, "LOAD.i8.unsigned.slot0.wait0 @r4"), 0x7fffff88,
	       "a byte into the lowest byte");
	is_u64(loaded(&m, "LOAD.i8.b2.unsigned.slot0.wait0 @r4"), 0x7f88ffff,
	       "into another one");
	is_u64(loaded(&m, "LOAD.i8.h1.slot0.wait0 @r4"), 0xff88ffff,
	       "with its sign into a half");
	is_u64(loaded(&m, "LOAD.i8.h0.slot0.wait0 @r4"), 0x7fffff88,
	       "into the other");
	is_u64(loaded(&m, "LOAD.i8.w0.slot0.wait0 @r4"), 0xffffff88,
	       "into a word");
	is_u64(loaded(&m, "LOAD.i8.w0.unsigned.slot0.wait0 @r4"), 0x88,
	       "or without");
	is_u64(loaded(&m, "LOAD.i16.unsigned.slot0.wait0 @r4"), 0x7fff8788,
	       "a half");
	is_u64(loaded(&m, "LOAD.i16.d0.slot0.wait0 @r4:r5"), 0xffff8788,
	       "a half into two words");
	is_u64(data32(&m, 1), ~0u, "the second one its sign");
	is_u64(loaded(&m, "LOAD.i24.unsigned.slot0.wait0 @r4"), 0xf68788,
	       "three bytes");
	is_u64(loaded(&m, "LOAD.i24.slot0.wait0 @r4"), 0xfff68788,
	       "with their sign");
	is_u64(loaded(&m, "LOAD.i48.unsigned.slot0.wait0 @r4:r5"), 0x55f68788,
	       "six bytes");
	is_u64(data32(&m, 1), 0x3344, "of which two in the second word");
	is_u64(loaded(&m, "LOAD.i32.d0.unsigned.slot0.wait0 @r4:r5"),
	       0x55f68788, "a word into two");
	is_u64(data32(&m, 1), 0, "the second one zero");
	machine_put64(&m, DATA, ~0ull);
	run(&m, "MOV.i32 r0, 0x3020100\n"
	    "STORE.i24.slot0 @r0, u0, offset:0\n"
	    "STORE.i8.slot0.end @r0, u0, offset:5\n");
	is_u64(machine_get64(&m, DATA), 0xffff00ffff020100,
	       "stores of odd sizes leave their neighbours alone");
	/* Over the end of a page */
	machine_put32(&m, DATA + 0xffc, 0x44332211);
	machine_put32(&m, DATA + 0x1000, 0x88776655);
	run(&m, "LOAD.i32.unsigned.slot0.wait0 @r0, u0, offset:4094\n"
	    "STORE.i32.slot0 @r0, u0, offset:0\n"
	    "STORE.i32.slot0.end @r0, u0, offset:8190\n");
	is_u64(data32(&m, 0), 0x66554433, "a word in two pages is loaded");
	is_u64(machine_get32(&m, DATA + 8188) >> 16, 0x4433,
	       "and stored, the first half");
	is_u64(machine_get32(&m, DATA + 8192) & 0xffff, 0x6655,
	       "and the second");
	machine_fini(&m);
}

static void test_translations(void)
{
	struct machine m;
	uint64_t before;

	machine_init(&m);
	run(&m, "NOP.end\n");
	before = m.maps;
	run(&m, "NOP.end\n");
	before = m.maps - before;
	m.maps = 0;
	run(&m, ADDRESS PUT("r60"));
	is_u64(m.maps - before, 1, "16 threads in a page: one translation");
	m.maps = 0;
	run(&m, "SHADDX.u64 r2, u0, r60.w0, shift:0x7\n"
	    "SHADDX.u64 r2, r2, r60.w0, shift:0x7\n"
	    "SHADDX.u64 r2, r2, r60.w0, shift:0x7\n"
	    "SHADDX.u64 r2, r2, r60.w0, shift:0x7\n" PUT("r60"));
	is_u64(m.maps - before, 2, "in two pages: two");
	machine_fini(&m);
}

/* --- Workgroups ----------------------------------------------------------- */

static uint32_t reversed(unsigned int i)
{
	return i / 256 * 256 + 255 - i % 256;
}

/* Each thread writes to the workgroup's memory and reads what another wrote */
static void test_barrier(void)
{
	static const char code[] = ADDRESS
		"IADD_IMM.i32 r4, 0x0, #0xFF\n"
		"U16_TO_U32 r6, r55.h00\n"
		"ISUB.u32 r4, r4, r6\n"
		"SHADDX.u64 r8, workgroup_local_pointer.w0, r6.w0, shift:0x2\n"
		"STORE.i32.slot0.wait0 @r60, r8, offset:0\n"
		"BARRIER.slot7.wait\n"
		"IADD_IMM.i32 r5, 0x0, #0x0\n"
		"SHADDX.u64 r8, workgroup_local_pointer.w0, r4.w0, shift:0x2\n"
		"LOAD.i32.unsigned.slot0.wait0 @r0, r8, offset:0\n"
		"BARRIER.slot7.wait\n"
		PUT("r0");
	struct machine m;
	struct shader_stats s;

	machine_init(&m);
	machine_size(&m, 256, 1, 1, 8, 1, 1);
	is_u64(run(&m, code), SHADER_DONE, "8 workgroups with barriers");
	ok(all(&m, 2048, reversed), "every thread read what another had written");
	shader_get_stats(m.sh, &s);
	ok(s.warps == 128 && s.workgroups == 8 && s.jobs == 1,
	   "128 warps were counted");
	machine_size(&m, 1, 1, 1, 6, 1, 1);
	run(&m, ADDRESS "MOV.i32 r0, workgroup_local_pointer.w0\n" PUT("r0"));
	ok(data32(&m, 3) == WLS + 3 * 4096 && data32(&m, 4) == WLS,
	   "workgroups use instances of local memory in turn");
	machine_size(&m, 256, 1, 1, 8, 1, 1);
	/* Without the barrier it is wrong, so the test can tell */
	run(&m, ADDRESS
	    "IADD_IMM.i32 r4, 0x0, #0xFF\n"
	    "U16_TO_U32 r6, r55.h00\n"
	    "ISUB.u32 r4, r4, r6\n"
	    "SHADDX.u64 r8, workgroup_local_pointer.w0, r6.w0, shift:0x2\n"
	    "STORE.i32.slot0.wait0 @r60, r8, offset:0\n"
	    "SHADDX.u64 r8, workgroup_local_pointer.w0, r4.w0, shift:0x2\n"
	    "LOAD.i32.unsigned.slot0.wait0 @r0, r8, offset:0\n" PUT("r0"));
	ok(data32(&m, 0) != reversed(0), "a missing barrier shows");
	machine_fini(&m);
}

static void test_barrier_fault(void)
{
	struct machine m;

	machine_init(&m);
	is_u64(run(&m,
		   "BRANCHZ.reconverge r60, offset:1\n"
		   "BARRIER.slot7.wait\n"
		   "NOP.end\n"), SHADER_FAULT,
	       "a barrier that only some lanes reach is a fault");
	is_u64(m.fault.exception, SHADER_INSTR_BARRIER, "INSTR_BARRIER_FAULT");
	/* A warp that has ended is not waited for */
	machine_size(&m, 32, 1, 1, 1, 1, 1);
	is_u64(run(&m,
		   "BRANCHZ.eq.reconverge warp_id.w0, offset:1\n"
		   "NOP.end\n"
		   "BARRIER.slot7.wait\n"
		   "NOP.end\n"), SHADER_DONE,
	       "warps that have ended do not hold up a barrier");
	machine_fini(&m);
}

static uint32_t scratch(unsigned int i)
{
	return i * 3;
}

static void test_tls(void)
{
	struct machine m;

	machine_init(&m);
	machine_size(&m, 64, 1, 1, 4, 1, 1);
	run(&m, ADDRESS
	    "IMUL.i32 r0, r60, 0x3020100.b3\n"
	    "MOV.i32 r4, thread_local_pointer.w0\n"
	    "MOV.i32 r5, thread_local_pointer.w1\n"
	    "STORE.i32.force.slot0.wait0 @r0, r4, offset:60\n"
	    "MOV.i32 r0, 0x0\n"
	    "LOAD.i32.force.unsigned.slot0.wait0 @r0, r4, offset:60\n"
	    PUT("r0"));
	ok(all(&m, 256, scratch), "each thread has memory of its own");
	/* Not packed, and with bits that are no address */
	machine_put64(&m, TSD + 8, TLS | 0xfffull << 48);
	machine_put32(&m, DATA, 1);
	machine_run(&m);
	ok(all(&m, 256, scratch), "wherever its base is said to be");
	machine_fini(&m);
}

/* What no program can be */
static void test_bad_programs(void)
{
	struct machine m;

	for (unsigned int registers = 0; registers < 4; registers++) {
		machine_init(&m);
		machine_code(&m, "NOP.end\n");
		machine_put32(&m, SPD, 8 | 1 << 4 | registers << 30);
		is_u64(machine_run(&m), registers & 1 ? SHADER_FAULT : SHADER_DONE,
		       "number of registers %u", registers);
		machine_fini(&m);
	}
	machine_init(&m);
	is_u64(run(&m, "BRANCHZ.reconverge r60.h1, offset:0\nNOP.end\n"), SHADER_DONE,
	       "a branch by one half");
	is_u64(run(&m, "BRANCHZ.reconverge r60.and, offset:0\nNOP.end\n"), SHADER_FAULT,
	       "one by both");
	is_u64(m.fault.exception, SHADER_INSTR_INVALID_ENC, "is no instruction");
	machine_fini(&m);
}

/* --- Subgroups ------------------------------------------------------------ */

static uint32_t from_lane_5(unsigned int i)
{
	return i / 16 * 16 + 5;
}

static uint32_t neighbour(unsigned int i)
{
	return i ^ 1;
}

static void test_subgroups(void)
{
	struct machine m;

	machine_init(&m);
	machine_size(&m, 64, 1, 1, 1, 1, 1);
	run(&m, ADDRESS "CLPER.i32 r0, r60, 0x7060504.b11\n" PUT("r0"));
	ok(all(&m, 64, from_lane_5), "what lane 5 has, for all");
	run(&m, ADDRESS "CLPER.i32.subgroup4.xor r0, r60, 0x3020100.b11\n"
	    PUT("r0"));
	ok(all(&m, 64, neighbour), "what the neighbour has");
	run(&m, ADDRESS
	    "LSHIFT_AND.i32 r1, lane_id.w0, 0x0.b00, 0x3020100\n"
	    "ICMP_OR.u32.lt.m1 r1, lane_id.w0, 0x3020100.b3, 0x0\n"
	    "WMASK r0, r1\n" PUT("r0"));
	is_u64(data32(&m, 20), 7, "lanes for which something holds");
	run(&m, ADDRESS
	    "IADD_IMM.i32 r0, 0x0, #0x9\n"
	    "ICMP_OR.u32.lt.m1 r1, lane_id.w0, 0x3020100.b3, 0x0\n"
	    "BRANCHZ.eq.reconverge r1, offset:2\n"
	    "WMASK r0, 0x1000000\n"
	    "CLPER.i32.i1 r4, r60, 0x7060504.b00\n"
	    "BRANCHZ.eq.reconverge r1, offset:1\n"
	    "IADD.u32 r0, r0, r4\n" PUT("r0"));
	ok(data32(&m, 2) == 8 && data32(&m, 3) == 9,
	   "lanes that do not execute have no say, and give what was asked for");
	/* Both sides of an if, then again as one */
	run(&m, ADDRESS
	    "ICMP_OR.u32.lt.m1 r1, lane_id.w0, 0x3020100.b3, 0x0\n"
	    "BRANCHZ.eq.reconverge r1, offset:2\n"
	    "MOV.i32 r4, 0x0\n"
	    "BRANCHZ.eq.reconverge 0x0, offset:1\n"
	    "MOV.i32 r4, 0x1000000\n"
	    "WMASK r0, 0x1000000\n" PUT("r0"));
	is_u64(data32(&m, 20), 0xffff, "lanes come together where paths meet");
	run(&m, ADDRESS "MOV.i32 r0, warp_id.w0\n" PUT("r0"));
	is_u64(data32(&m, 40), 2, "the number of a warp");
	run(&m, ADDRESS "MOV.i32 r0, warp_id.w1\n" PUT("r0"));
	is_u64(data32(&m, 40), 63, "and the last that a core has place for");
	machine_fini(&m);
}

/* --- Atomics -------------------------------------------------------------- */

static void test_atomics(void)
{
	struct machine m;
	uint32_t seen[64] = { 0 };
	bool once = true;

	machine_init(&m);
	machine_size(&m, 64, 1, 1, 1, 1, 1);
	machine_uniform(&m, 2, DATA + 0x2000);
	machine_uniform(&m, 3, 0);
	run(&m, ADDRESS
	    "ATOM1_RETURN.i32.slot0.ainc.wait0 @r0, u2, offset:0x0\n" PUT("r0"));
	for (unsigned int i = 0; i < 64; i++)
		seen[data32(&m, i) % 64]++;
	for (unsigned int i = 0; i < 64; i++)
		once &= seen[i] == 1;
	ok(once && machine_get32(&m, DATA + 0x2000) == 64,
	   "64 threads count to 64, each seeing another number");
	run(&m, "ATOM.i32.slot0.aadd.end @r60, u2, offset:0x4\n");
	is_u64(machine_get32(&m, DATA + 0x2004), 63 * 32, "a sum");
	run(&m, "ATOM.i32.slot0.aumax.end @r60, u2, offset:0x8\n");
	is_u64(machine_get32(&m, DATA + 0x2008), 63, "a maximum");
	machine_put32(&m, DATA + 0x200c, 5);
	run(&m, ADDRESS
	    "MOV.i32 r4, r60\n"
	    "IADD_IMM.i32 r5, 0x0, #0x5\n"
	    "IADD_IMM.i32 r4, r60, #0x64\n"
	    "ATOM_RETURN.i32.slot0.compare.axchg.wait0 @r0, @r4:r5, u2, offset:0xC\n"
	    PUT("r0"));
	ok(data32(&m, 0) == 5 && data32(&m, 1) == 100 &&
	   machine_get32(&m, DATA + 0x200c) == 100,
	   "the first thread's exchange finds what it expected");
	machine_put64(&m, DATA + 0x2010, 0xffffffff);
	run(&m, "MOV.i32 r4, 0x1000000\nMOV.i32 r5, 0x0\n"
	    "ATOM.i64.slot0.aadd.end @r4:r5, u2, offset:0x10\n");
	is_u64(machine_get64(&m, DATA + 0x2010), 0xffffffffull + 64 * 0x1000000ull,
	       "64 bits");
	is_u64(run(&m, "ATOM.i32.slot0.aadd.end @r60, u2, offset:0x2\n"),
	       SHADER_FAULT, "a misaligned one is a fault");
	is_u64(m.fault.exception, SHADER_ADDR_RANGE, "ADDR_RANGE_FAULT");
	machine_fini(&m);
}

/* --- Buffers -------------------------------------------------------------- */

static void test_buffers(void)
{
	struct machine m;

	machine_init(&m);
	machine_buffer(&m, 3, DATA + 0x1000, 100);
	for (unsigned int i = 0; i < 32; i++)
		machine_put32(&m, DATA + 0x1000 + 4 * i, 1000 + i);
	machine_uniform(&m, 2, 1 << 24 | 3);
	machine_uniform(&m, 3, 62 << 24 | 1);
	machine_size(&m, 32, 1, 1, 1, 1, 1);
	run(&m, ADDRESS
	    "LSHIFT_OR.i32 r4, r60, 0x3020100.b22, 0x0\n"
	    "LD_BUFFER.i32.unsigned.slot0.wait0 @r0, r4, u2\n" PUT("r0"));
	is_u64(data32(&m, 24), 1024, "the last word of a buffer");
	is_u64(data32(&m, 25), 0, "zero beyond it");
	run(&m, "LSHIFT_OR.i32 r4, r60, 0x3020100.b22, 0x0\n"
	    "LEA_BUFFER.slot0.wait0 @r6:r7, r4, u2\n"
	    "STORE.i32.slot0 @r60, r6, offset:0\n"
	    "LOAD.i32.unsigned.slot0.wait0 @r0, r6, offset:0\n"
	    ADDRESS PUT("r0"));
	is_u64(machine_get32(&m, DATA + 0x1000 + 96), 24,
	       "a store by its address");
	is_u64(machine_get32(&m, DATA + 0x1000 + 100), 1025,
	       "no store beyond it");
	is_u64(data32(&m, 25), 0, "and a load of zero");
	machine_put32(&m, DATA, 0);
	machine_size(&m, 1, 1, 1, 1, 1, 1);
	run(&m, "IADD_IMM.i32 r4, 0x0, #0x64\n"
	    "LD_BUFFER.i32.unsigned.slot0.wait0 @r0, r4, u3\n"
	    "STORE.i32.slot0.end @r0, u0, offset:0\n");
	is_u64(data32(&m, 0), 100, "a table's descriptors as bytes");
	machine_uniform(&m, 2, 1 << 24 | 8);
	machine_buffer(&m, 8, DATA, 4096);
	is_u64(run(&m, "LD_BUFFER.i32.unsigned.slot0.end @r0, r4, u2\n"),
	       SHADER_FAULT, "a descriptor beyond its table is a fault");
	is_u64(m.fault.exception, SHADER_DATA_INVALID, "DATA_INVALID_FAULT");
	machine_uniform(&m, 2, 5 << 24);
	run(&m, "LD_BUFFER.i32.unsigned.slot0.end @r0, r4, u2\n");
	is_u64(m.fault.exception, SHADER_DATA_INVALID, "and so is a table");
	machine_fini(&m);
}

/* --- Slices --------------------------------------------------------------- */

static void test_slices(void)
{
	struct shader_stats s;
	struct machine m;
	unsigned int slices = 1;

	machine_init(&m);
	machine_size(&m, 64, 1, 1, 16, 1, 1);
	machine_code(&m, ADDRESS "MOV.i32 r0, r60\n" PUT("r0"));
	machine_job(&m);
	while (shader_run(m.sh, &m.job, 100, &m.fault) == SHADER_MORE)
		slices++;
	ok(slices > 20 && slices < 60, "about 3072 lane instructions in slices of 100 (%u)",
	   slices);
	ok(all(&m, 1024, identity), "with the same result");

	machine_job(&m);
	shader_run(m.sh, &m.job, 1000, &m.fault);
	is_u64(shader_run_group(m.sh, &m.job, 1000, &m.fault), SHADER_PAUSED,
	       "a suspend waits for the workgroup under way");
	ok(!m.job.group && m.job.d.next == 3, "then the job is plain data");
	is_u64(shader_run(m.sh, &m.job, 100000, &m.fault), SHADER_DONE,
	       "and goes on from there");
	shader_get_stats(m.sh, &s);
	is_u64(s.jobs, 2, "and is counted once");
	/* Endless, but within its budget */
	machine_code(&m, "BRANCHZ.eq.reconverge 0x0, offset:-1\n");
	machine_job(&m);
	is_u64(shader_run(m.sh, &m.job, 100000, &m.fault), SHADER_MORE,
	       "an endless loop spends its budget");
	is_u64(shader_run_group(m.sh, &m.job, 100000, &m.fault), SHADER_MORE,
	       "a suspend as well");
	shader_job_cancel(&m.job);
	ok(!m.job.group, "and can be cancelled");
	machine_size(&m, 64, 1, 1, 0, 1, 1);
	is_u64(run(&m, "NOP.end\n"), SHADER_DONE, "no workgroup, nothing to do");
	machine_fini(&m);
}

/* --- Code ----------------------------------------------------------------- */

static void test_code(void)
{
	struct machine m;
	struct shader_stats a, b;

	machine_init(&m);
	run(&m, ADDRESS "MOV.i32 r0, 0xFFFFFFFF\n" PUT("r0"));
	shader_get_stats(m.sh, &a);
	machine_run(&m);
	shader_get_stats(m.sh, &b);
	is_u64(b.decoded, a.decoded, "code that did not change is not decoded again");
	run(&m, ADDRESS "MOV.i32 r0, 0x3020100\n" PUT("r0"));
	shader_get_stats(m.sh, &b);
	is_u64(b.decoded, a.decoded + 1, "of what changed, only that");
	is_u64(data32(&m, 0), 0x3020100, "and it executes");
	shader_keep_code(m.sh, true);
	run(&m, ADDRESS "MOV.i32 r0, 0x7060504\n" PUT("r0"));
	is_u64(data32(&m, 0), 0x3020100, "a cache that keeps code shows it");
	shader_flush_code(m.sh);
	machine_run(&m);
	is_u64(data32(&m, 0), 0x7060504, "until it is flushed");
	machine_fini(&m);
}

/* --- Faults --------------------------------------------------------------- */

static void faults(struct machine *m, const char *code, unsigned int exception,
		   uint64_t va, const char *what)
{
	enum shader_result r = run(m, code);

	if (!ok(r == SHADER_FAULT && m->fault.exception == exception &&
		m->fault.va == va && m->fault.why, "%s: 0x%x at 0x%" PRIx64,
		what, exception, va))
		diag("result %u, exception 0x%x at 0x%" PRIx64 ": %s", r,
		     m->fault.exception, m->fault.va,
		     m->fault.why ? m->fault.why : "");
}

static void test_faults(void)
{
	struct machine m;

	machine_init(&m);
	faults(&m, "SHADDX.u64 r2, u0, r60.w0, shift:0x0\n"
	       "LOAD.i32.unsigned.slot0.end @r0, r2, offset:-8\n", 0xc3,
	       DATA - 8, "a load of what is not mapped");
	ok(m.fault.mmu && m.fault.access == SHADER_READ &&
	   m.fault.pc == CODE + 8, "is the MMU's, of a read, with its instruction");
	machine_uniform(&m, 2, DESC);
	faults(&m, "STORE.i32.slot0.end @r0, u2, offset:0\n", 0xc8, DESC,
	       "a store to what is read-only");
	faults(&m, "ATOM.i32.slot0.aadd.end @r0, u2, offset:0x0\n", 0xc8, DESC,
	       "an atomic as well");
	machine_uniform(&m, 2, DATA);
	faults(&m, "BRANCHZI.eq.absolute 0x0, u2\n", 0xc8, DATA,
	       "execution of data");
	machine_uniform(&m, 2, 0x3020100);
	faults(&m, "BRANCHZI.eq.absolute 0x0, u2\n", 0xc3, 0x3020100,
	       "execution of what is not mapped");
	faults(&m, "MOV.i32 r0, 0xFFFFFFFF\nMOV.i32 r1, 0x7FFFFFFF\n"
	       "LOAD.i32.unsigned.slot0.end @r0, r0, offset:0\n",
	       SHADER_ADDR_RANGE, 0x7fffffffffffffff, "no address");
	machine_uniform(&m, 2, 4);
	faults(&m, "BRANCHZI.eq.absolute 0x0, u2\n", SHADER_INSTR_INVALID_PC, 4,
	       "a misaligned branch");
	machine_uniform(&m, 2, 12);
	faults(&m, "NOP\nBRANCHZI.eq.reconverge 0x0, u2\nNOP\nNOP\nNOP.end\n",
	       SHADER_INSTR_INVALID_PC, CODE + 16 + 12, "one within the page");
	machine_code(&m, "NOP\n");
	machine_put64(&m, CODE + 8, 0x00ffc00000000000);
	is_u64(machine_run(&m), SHADER_FAULT, "what is no instruction");
	ok(m.fault.exception == SHADER_INSTR_INVALID_ENC &&
	   m.fault.word == 0x00ffc00000000000 && m.fault.va == CODE + 8,
	   "is INSTR_INVALID_ENC with the word");
	faults(&m, "LEA_ATTR_IMM.slot0 @r4:r5:r6, r60, 0x0, table:0x2, index:0x0\n",
	       SHADER_INSTR_INVALID_ENC, CODE, "attributes are not implemented");
	ok(m.job.group, "the job is still there after a fault");
	machine_put32(&m, SPD, 8 | 1 << 4 | 2u << 30);
	faults(&m, "MOV.i32 r20, 0x0\n", SHADER_INSTR_INVALID_ENC, CODE,
	       "a register that a shader with 32 does not have");
	machine_put32(&m, SPD, 8 | 1 << 4);
	is_u64(run(&m, "MOV.i32 r20, 0x0\nNOP.end\n"), SHADER_DONE, "one with 64 has it");
	machine_put32(&m, SPD, 8 | 1 << 4 | 2u << 30);
	ok(machine_run(&m) == SHADER_FAULT && m.fault.exception == SHADER_INSTR_INVALID_ENC,
	   "in the same code, which the other one has decoded");
	machine_put32(&m, SPD, 9);
	faults(&m, "NOP.end\n", SHADER_DATA_INVALID, SPD, "not a program");
	machine_put32(&m, SPD, 8 | 1 << 4);
	machine_size(&m, 1024, 2, 1, 1, 1, 1);
	faults(&m, "NOP.end\n", SHADER_DATA_INVALID, SPD, "2048 threads");
	machine_fini(&m);
}

/* A fault that goes away, and answers that come late */
static void test_retry(void)
{
	struct machine m;
	unsigned int stalls = 0;
	enum shader_result r;

	machine_init(&m);
	machine_uniform(&m, 0, 0x700000);
	is_u64(run(&m, ADDRESS PUT("r60")), SHADER_FAULT, "memory is missing");
	machine_map(&m, 0x700000, 1, MAY_READ | MAY_WRITE);
	is_u64(shader_run(m.sh, &m.job, 100000, &m.fault), SHADER_DONE,
	       "the instruction is repeated when it is there");
	is_u64(machine_get32(&m, 0x700000 + 20), 5, "with its effect");
	m.stall = 3;
	r = machine_run(&m);
	while (r == SHADER_STALL) {
		stalls++;
		r = shader_run(m.sh, &m.job, 100000, &m.fault);
	}
	ok(r == SHADER_DONE && stalls == 3, "stalls are waited for");
	machine_fini(&m);
}

int main(void)
{
	test_fill();
	test_copy();
	test_ids();
	test_halves();
	test_branches();
	test_end();
	test_landing();
	test_widths();
	test_translations();
	test_barrier();
	test_barrier_fault();
	test_tls();
	test_bad_programs();
	test_subgroups();
	test_atomics();
	test_buffers();
	test_slices();
	test_code();
	test_faults();
	test_retry();
	return done_testing();
}

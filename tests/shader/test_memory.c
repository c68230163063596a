// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages to memory at their edges: ends of pages, of buffers and of addresses; lanes
 * that do not execute and have anything in their registers; a buffer for each lane; every
 * atomic operation against its meaning in C.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../model/tap.h"
#include "program.h"

/* r2:r3 = DATA + 4 * global id of the thread */
#define ADDRESS	"SHADDX.u64 r2, u0, r60.w0, shift:0x2\n"
#define PUT	"STORE.i32.slot0.end @r0, r2, offset:0\n"
/* r1: whether the thread is below u8 */
#define BELOW_U8 "ICMP_OR.u32.lt.m1 r1, r60, u8, 0x0\n"
#define TRUE	"0x3020100"
#define LAST	(DATA + DATA_PAGES * 4096)	/* behind what is mapped */
#define CELL	(DATA + 0x2000)

static void uniform64(struct machine *m, unsigned int index, uint64_t val)
{
	machine_uniform(m, index, val);
	machine_uniform(m, index + 1, val >> 32);
}

static void faults(struct machine *m, const char *code, unsigned int exception,
		   uint64_t va, const char *what)
{
	enum shader_result r = run(m, code);

	if (!ok(r == SHADER_FAULT && m->fault.exception == exception &&
		m->fault.va == va && m->fault.pc >= CODE, "%s: 0x%x at 0x%" PRIx64, what,
		exception, va))
		diag("result %u, exception 0x%x at 0x%" PRIx64 " by 0x%" PRIx64, r,
		     m->fault.exception, m->fault.va, m->fault.pc);
}

/* --- Pages ---------------------------------------------------------------- */

/* The first thread writes the last word of a page, the others elsewhere */
static void test_last_word(void)
{
	struct machine m;

	machine_init(&m);
	uniform64(&m, 2, LAST - 4);
	machine_uniform(&m, 8, 1);
	is_u64(run(&m, BELOW_U8 ADDRESS
		   "CSEL.u32.eq r2, r1, 0x0, r2, u2\n"
		   "MOV.i32 r0, " TRUE "\n" PUT), SHADER_DONE,
	       "a word that ends with its page needs no other one");
	ok(machine_get32(&m, LAST - 4) == 0x3020100 && data32(&m, 0) == 0 &&
	   data32(&m, 15) == 0x3020100, "and is written");
	is_u64(m.wrote, 4 + 15 * 4, "what is told are the bytes that were written");
	machine_fini(&m);

	machine_init(&m);
	machine_size(&m, 1, 1, 1, 1, 1, 1);
	uniform64(&m, 2, DATA + 0x1ffa);
	run(&m, "MOV.i32 r4, 0xFFFFFFFF\nMOV.i32 r5, 0xFFFFFFFF\n"
	    "STORE.i64.slot0.end @r4:r5, u2, offset:0\n");
	is_u64(m.wrote, 8, "so it is of both parts of what crosses into the next page");
	ok(machine_get64(&m, DATA + 0x1ff8) == 0xffffffffffff0000 &&
	   machine_get64(&m, DATA + 0x2000) == 0xffff, "both are there");
	uniform64(&m, 2, LAST - 4);
	faults(&m, "STORE.i64.slot0.end @r4:r5, u2, offset:0\n", 0xc3, LAST,
	       "the second part where nothing is");
	is_u64(machine_get32(&m, LAST - 4), 0, "of which nothing is written");
	machine_fini(&m);
}

/* Addresses have 48 bits, and what begins there has to end there. */
static void test_last_address(void)
{
	struct machine m;

	machine_init(&m);
	machine_size(&m, 1, 1, 1, 1, 1, 1);
	uniform64(&m, 2, (1ull << 48) - 4);
	faults(&m, "LOAD.i64.unsigned.slot0.end @r4:r5, u2, offset:0\n",
	       SHADER_ADDR_RANGE, (1ull << 48) - 4, "a load over the end of addresses");
	faults(&m, "LOAD.i32.unsigned.slot0.end @r4, u2, offset:0\n", 0xc3,
	       (1ull << 48) - 4, "one that ends with them is the MMU's");
	uniform64(&m, 2, 1ull << 48);
	faults(&m, "ATOM.i32.slot0.aadd.end @r60, u2, offset:0x0\n", SHADER_ADDR_RANGE,
	       1ull << 48, "an atomic beyond");
	machine_fini(&m);
}

/*
 * One lane has an address in the first page, the other one the last address that a register
 * can hold: what it would access is nowhere, though it ends in the first page.
 */
static void test_around_the_end(void)
{
	static const char *const widths[] = { "i128", "i64", "i32", "i16" };
	static const char *const regs[] = { "@r4:r5:r6:r7", "@r4:r5", "@r4", "@r4" };
	struct machine m;

	for (unsigned int i = 0; i < 4; i++) {
		char code[512];

		machine_init(&m);
		machine_map(&m, 0, 1, MAY_READ | MAY_WRITE);
		machine_size(&m, 2, 1, 1, 1, 1, 1);
		uniform64(&m, 2, 0x40);
		uniform64(&m, 4, ~0ull);
		machine_put32(&m, 0x40, 0x12345678);
		snprintf(code, sizeof(code),
			 "CSEL.u32.eq r2, r60, 0x0, u2, u4\nCSEL.u32.eq r3, r60, 0x0, u3, u5\n"
			 "MOV.i32 r4, 0xFFFFFFFF\n"
			 "LOAD.%s.unsigned.slot0.wait0 %s, r2, offset:0\n"
			 "MOV.i32 r0, r4\n" ADDRESS PUT, widths[i], regs[i]);
		is_u64(run(&m, code), SHADER_DONE, "%s: a load from the last address on",
		       widths[i]);
		is_u64(data32(&m, 1) & 0xffff, 0, "is from nowhere, and 0");
		ok((data32(&m, 0) & 0xffff) == 0x5678, "and the other lane's is what is there");
		snprintf(code, sizeof(code),
			 "CSEL.u32.eq r2, r60, 0x0, u2, u4\nCSEL.u32.eq r3, r60, 0x0, u3, u5\n"
			 "MOV.i32 r4, 0xFFFFFFFF\nMOV.i32 r5, 0xFFFFFFFF\n"
			 "MOV.i32 r6, 0xFFFFFFFF\nMOV.i32 r7, 0xFFFFFFFF\n"
			 "STORE.%s.slot0.end %s, r2, offset:0\n", widths[i], regs[i]);
		is_u64(run(&m, code), SHADER_DONE, "a store there");
		ok((machine_get32(&m, 0x40) & 0xffff) == 0xffff && !machine_get32(&m, 0),
		   "changes nothing in the first page but what the other lane stores");
		machine_fini(&m);
	}
}

/* --- Lanes that do not execute --------------------------------------------- */

/* Half of the threads have an address that is none, and leave it alone. */
static void test_masked(void)
{
	struct machine m;
	bool good = true;

	machine_init(&m);
	for (unsigned int i = 0; i < 16; i++)
		machine_put32(&m, CELL + 4 * i, 100 + i);
	uniform64(&m, 2, CELL);
	machine_uniform(&m, 8, 8);
	is_u64(run(&m, BELOW_U8 ADDRESS "MOV.i32 r0, " TRUE "\n"
		   "SHADDX.u64 r4, u2, r60.w0, shift:0x2\n"
		   "CSEL.u32.eq r5, r1, 0x0, 0x7FFFFFFF, r5\n"
		   "BRANCHZ.eq.reconverge r1, offset:2\n"
		   "LOAD.i32.unsigned.slot0.wait0 @r0, r4, offset:0\n"
		   "STORE.i32.slot0 @r60, r4, offset:0\n"
		   PUT), SHADER_DONE, "addresses of those who are elsewhere are none");
	for (unsigned int i = 0; i < 16; i++) {
		good &= data32(&m, i) == (i < 8 ? 100 + i : 0x3020100);
		good &= machine_get32(&m, CELL + 4 * i) == (i < 8 ? i : 100 + i);
	}
	ok(good, "they keep their registers, and nothing is written for them");
	machine_uniform(&m, 9, 5 << 24);
	machine_uniform(&m, 10, 5 << 24);
	faults(&m, BELOW_U8 ADDRESS
	       "CSEL.u32.eq r5, r1, 0x0, u9, u10\n"
	       "BRANCHZ.eq.reconverge r1, offset:1\n"
	       "LD_BUFFER.i32.unsigned.slot0.wait0 @r0, r60, r5\n" PUT,
	       SHADER_DATA_INVALID, SRT, "a handle of no table");
	machine_uniform(&m, 10, 1 << 24);
	is_u64(machine_run(&m), SHADER_DONE, "is of those who use it alone");
	machine_fini(&m);
}

/* --- Buffers ---------------------------------------------------------------- */

static void test_handles(void)
{
	struct machine m;
	bool good = true;

	machine_init(&m);
	machine_buffer(&m, 2, CELL, 64);
	machine_buffer(&m, 3, CELL + 0x1000, 64);
	for (unsigned int i = 0; i < 16; i++) {
		machine_put32(&m, CELL + 4 * i, 100 + i);
		machine_put32(&m, CELL + 0x1000 + 4 * i, 200 + i);
	}
	machine_uniform(&m, 8, 6);
	machine_uniform(&m, 9, 1 << 24 | 2);
	machine_uniform(&m, 10, 1 << 24 | 3);
	run(&m, BELOW_U8 ADDRESS
	    "CSEL.u32.eq r5, r1, 0x0, u9, u10\n"
	    "LSHIFT_OR.i32 r4, r60, " TRUE ".b22, 0x0\n"
	    "LD_BUFFER.i32.unsigned.slot0.wait0 @r0, r4, r5\n" PUT);
	for (unsigned int i = 0; i < 16; i++)
		good &= data32(&m, i) == (i < 6 ? 200 + i : 100 + i);
	ok(good, "a buffer for each thread");

	machine_uniform(&m, 11, 1 << 24 | 2);
	machine_put64(&m, SRT + 16 + 8, 1ull << 32);
	is_u64(run(&m, ADDRESS "LSHIFT_OR.i32 r4, r60, " TRUE ".b22, 0x0\n"
		   "LD_BUFFER.i32.unsigned.slot0.wait0 @r0, r4, u11\n" PUT), SHADER_DONE,
	       "a table of descriptors of 4 GiB");
	is_u64(data32(&m, 3), 103, "has the one that is asked for");
	machine_put64(&m, SRT + 16, 1ull << 50 | 1ull << 56);
	faults(&m, "LD_BUFFER.i32.unsigned.slot0.wait0 @r0, r60, u11\nNOP.end\n",
	       SHADER_DATA_INVALID, (1ull << 50) + 2 * 32, "a table where no address is");
	machine_fini(&m);
}

/* What a load of a type at an offset of a buffer of 98 bytes gives */
static uint32_t in_buffer(struct machine *m, const char *type, uint32_t offset)
{
	char code[256];

	machine_uniform(m, 8, offset);
	snprintf(code, sizeof(code), "MOV.i32 r0, 0x0\nMOV.i32 r4, u8\n"
		 "LD_BUFFER.%s.unsigned.slot0.wait0 @r0, r4, u9\n"
		 "STORE.i32.slot0.end @r0, u0, offset:0\n", type);
	run(m, code);
	return data32(m, 0);
}

/* Where a store by LEA_BUFFER goes: whether the byte is written */
static bool reached(struct machine *m, uint32_t offset)
{
	machine_put32(m, CELL + (offset & 0xffc), 0);
	machine_uniform(m, 8, offset);
	run(m, "MOV.i32 r4, u8\nLEA_BUFFER.slot0.wait0 @r6:r7, r4, u9\n"
	    "MOV.i32 r0, 0xFFFFFFFF\nSTORE.i8.slot0.end @r0, r6, offset:0\n");
	return machine_get32(m, CELL + (offset & 0xffc));
}

static void test_bounds(void)
{
	struct machine m;

	machine_init(&m);
	machine_size(&m, 1, 1, 1, 1, 1, 1);
	machine_buffer(&m, 2, CELL, 98);
	for (unsigned int i = 0; i < 32; i++)
		machine_put32(&m, CELL + 4 * i, 0x55555555);
	/* What is in front of the buffer, if 32 bits are not enough for a sum */
	machine_put32(&m, CELL - 4, 0x66666666);
	machine_uniform(&m, 9, 1 << 24 | 2);
	is_u64(in_buffer(&m, "i16", 96), 0x5555, "the last half of a buffer");
	is_u64(in_buffer(&m, "i8", 97), 0x55, "its last byte");
	is_u64(in_buffer(&m, "i8", 98), 0, "the one behind");
	is_u64(in_buffer(&m, "i16", 97), 0, "a half that begins in it");
	is_u64(in_buffer(&m, "i32", 95), 0, "a word that ends a byte behind it");
	is_u64(in_buffer(&m, "i32", 94), 0x55555555, "one that ends with it");
	is_u64(in_buffer(&m, "i32", 0xfffffffc), 0, "one at the end of all offsets");
	is_u64(in_buffer(&m, "i32", 0xfffffffe), 0, "or over it");
	ok(reached(&m, 97) && !reached(&m, 98), "addresses end where the buffer does");
	ok(!reached(&m, 0xffffffff), "the last offset is none");
	machine_fini(&m);
}

/* --- Atomics ---------------------------------------------------------------- */

static const char *const operations[] = {
	"aadd", "asmin", "asmax", "aumin", "aumax", "aand", "aor", "axor", "axchg",
};

static uint64_t meaning(unsigned int op, uint64_t old, uint64_t arg, unsigned int bits)
{
	int64_t so = old, sa = arg;

	if (bits == 32) {
		so = (int32_t)old;
		sa = (int32_t)arg;
	}
	switch (op) {
	case 0:
		return old + arg;
	case 1:
		return so < sa ? old : arg;
	case 2:
		return so > sa ? old : arg;
	case 3:
		return old < arg ? old : arg;
	case 4:
		return old > arg ? old : arg;
	case 5:
		return old & arg;
	case 6:
		return old | arg;
	case 7:
		return old ^ arg;
	}
	return arg;
}

static const uint64_t edges[] = {
	0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x100000000,
	0x7fffffffffffffff, 0x8000000000000000, 0xffffffff00000000, ~0ull,
	0x123456789abcdef0,
};

#define NUM_EDGES	(sizeof(edges) / sizeof(edges[0]))

/* Memory and argument; the old value is left in the first words of DATA */
static void set_cell(struct machine *m, uint64_t old, uint64_t arg)
{
	machine_put64(m, CELL, old);
	machine_put64(m, DATA, 0x5555555555555555);
	uniform64(m, 8, arg);
}

static uint64_t masked(uint64_t val, unsigned int bits)
{
	return bits == 32 ? (uint32_t)val : val;
}

/* All pairs of edges; @want as meaning() */
static void atomic(const char *code, unsigned int bits, unsigned int op, bool returns,
		   uint64_t (*want)(unsigned int op, uint64_t old, uint64_t arg,
				    unsigned int bits), const char *name)
{
	unsigned int good = 0;
	struct machine m;

	machine_init(&m);
	machine_size(&m, 1, 1, 1, 1, 1, 1);
	uniform64(&m, 2, CELL);
	machine_code(&m, code);
	for (unsigned int i = 0; i < NUM_EDGES * NUM_EDGES; i++) {
		uint64_t old = masked(edges[i / NUM_EDGES], bits);
		uint64_t arg = masked(edges[i % NUM_EDGES], bits), now, was;

		set_cell(&m, old, arg);
		m.wrote = 0;
		if (machine_run(&m) != SHADER_DONE)
			diag("%s: %s", name, m.fault.why);
		now = masked(machine_get64(&m, CELL), bits);
		was = masked(machine_get64(&m, DATA), bits);
		if (now == masked(want(op, old, arg, bits), bits) && (!returns || was == old) &&
		    m.wrote == bits / 8 * (1 + returns))
			good++;
		else
			diag("of 0x%" PRIx64 " and 0x%" PRIx64 ": 0x%" PRIx64, old, arg, now);
	}
	is_u64(good, NUM_EDGES * NUM_EDGES, "%s of %u bits%s", name, bits,
	       returns ? ", and what was there" : "");
	machine_fini(&m);
}

#define ARGUMENT	"MOV.i32 r4, u8\nMOV.i32 r5, u9\n"

static void test_operations(void)
{
	char code[256];

	for (unsigned int op = 0; op < 9; op++) {
		snprintf(code, sizeof(code), ARGUMENT
			 "ATOM_RETURN.i32.slot0.%s.wait0 @r6, @r4, u2, offset:0x0\n"
			 "STORE.i32.slot0.end @r6, u0, offset:0\n", operations[op]);
		atomic(code, 32, op, true, meaning, operations[op]);
		snprintf(code, sizeof(code), ARGUMENT
			 "ATOM_RETURN.i64.slot0.%s.wait0 @r6:r7, @r4:r5, u2, offset:0x0\n"
			 "STORE.i64.slot0.end @r6:r7, u0, offset:0\n", operations[op]);
		atomic(code, 64, op, true, meaning, operations[op]);
		if (op == 8)	/* an exchange always returns something */
			break;
		snprintf(code, sizeof(code), ARGUMENT
			 "ATOM.i64.slot0.%s.end @r4:r5, u2, offset:0x0\n", operations[op]);
		atomic(code, 64, op, false, meaning, operations[op]);
	}
}

/* Sums of 64 bits with what 32 bits are extended to */
static uint64_t extended(unsigned int op, uint64_t old, uint64_t arg, unsigned int bits)
{
	(void)bits;
	return old + (op ? (uint64_t)(int64_t)(int32_t)arg : (uint32_t)arg);
}

static uint64_t with_one(unsigned int op, uint64_t old, uint64_t arg, unsigned int bits)
{
	static const unsigned int as[] = { 0, 0, 4, 2, 6 };

	(void)arg;
	return meaning(as[op], old, op == 1 ? ~0ull : 1, bits);
}

static void test_short_operands(void)
{
	static const char *const ones[] = { "ainc", "adec", "aumax1", "asmax1", "aor1" };
	char code[256];

	atomic(ARGUMENT "ATOM.i64.slot0.aaddu.end @r4, u2, offset:0x0\n", 64, 0, false,
	       extended, "aaddu");
	atomic(ARGUMENT "ATOM.i64.slot0.aadds.end @r4, u2, offset:0x0\n", 64, 1, false,
	       extended, "aadds");
	for (unsigned int op = 0; op < 5; op++) {
		snprintf(code, sizeof(code),
			 "ATOM1_RETURN.i32.slot0.%s.wait0 @r6, u2, offset:0x0\n"
			 "STORE.i32.slot0.end @r6, u0, offset:0\n", ones[op]);
		atomic(code, 32, op, true, with_one, ones[op]);
		snprintf(code, sizeof(code),
			 "ATOM1_RETURN.i64.slot0.%s.wait0 @r6:r7, u2, offset:0x0\n"
			 "STORE.i64.slot0.end @r6:r7, u0, offset:0\n", ones[op]);
		atomic(code, 64, op, true, with_one, ones[op]);
	}
}

/* New value first, then what is expected; in words that are nearly the same */
static void test_compare(void)
{
	static const uint64_t near[] = { 1, 0x100000001, 0x200000001, 0x100000002 };
	unsigned int good = 0;
	struct machine m;

	machine_init(&m);
	machine_size(&m, 1, 1, 1, 1, 1, 1);
	uniform64(&m, 2, CELL);
	machine_code(&m, ARGUMENT "MOV.i32 r6, u10\nMOV.i32 r7, u11\n"
		     "ATOM_RETURN.i64.slot0.compare.axchg.wait0 "
		     "@r8:r9, @r4:r5:r6:r7, u2, offset:0x0\n"
		     "STORE.i64.slot0.end @r8:r9, u0, offset:0\n");
	for (unsigned int i = 0; i < 16; i++) {
		uint64_t old = near[i / 4], expected = near[i % 4];
		uint64_t want = old == expected ? 0x7777777788888888 : old;

		set_cell(&m, old, 0x7777777788888888);
		uniform64(&m, 10, expected);
		machine_run(&m);
		good += machine_get64(&m, CELL) == want && machine_get64(&m, DATA) == old;
	}
	is_u64(good, 16, "an exchange of what is expected, of 64 bits");
	machine_code(&m, ARGUMENT "MOV.i32 r5, u10\n"
		     "ATOM_RETURN.i32.slot0.compare.axchg.wait0 @r8, @r4:r5, u2, offset:0x0\n"
		     "STORE.i32.slot0.end @r8, u0, offset:0\n");
	for (unsigned int i = 0; i < 16; i++) {
		uint32_t old = near[i / 4], expected = near[i % 4];

		set_cell(&m, old, 9);
		machine_uniform(&m, 10, expected);
		machine_run(&m);
		good += machine_get32(&m, CELL) == (old == expected ? 9 : old) &&
			data32(&m, 0) == old;
	}
	is_u64(good, 32, "and of 32");
	machine_fini(&m);
}

static void test_places(void)
{
	struct machine m;

	machine_init(&m);
	machine_size(&m, 1, 1, 1, 1, 1, 1);
	uniform64(&m, 2, CELL + 4);
	faults(&m, "ATOM.i64.slot0.aadd.end @r4:r5, u2, offset:0x0\n", SHADER_ADDR_RANGE,
	       CELL + 4, "64 bits at half of their size");
	uniform64(&m, 2, 1ull << 63 | CELL);
	is_u64(run(&m, "MOV.i32 r6, " TRUE "\nMOV.i32 r7, " TRUE "\n"
		   "ATOM_RETURN.i64.slot0.aadd.wait0 @r6:r7, @r4:r5, u2, offset:0x0\n"
		   "STORE.i64.slot0.end @r6:r7, u0, offset:0\n"), SHADER_DONE,
	       "an atomic on what is out of bounds");
	ok(!machine_get64(&m, DATA) && !machine_get64(&m, CELL), "finds 0 and leaves nothing");
	machine_fini(&m);
}

int main(void)
{
	test_last_word();
	test_last_address();
	test_around_the_end();
	test_masked();
	test_handles();
	test_bounds();
	test_operations();
	test_short_operands();
	test_compare();
	test_places();
	return done_testing();
}

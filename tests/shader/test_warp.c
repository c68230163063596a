// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a warp goes its way: what each wait waits for, where branches go, how lanes part
 * and come together, which of them a barrier counts, what of it is counted, and code
 * that others' code takes the place of.
 *
 * Each program is as small as it can be for its one question: what larger programs do
 * (test_run.c, tests/vulkan/shaders) is often right by luck where only one path is taken.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../model/tap.h"
#include "asm.h"
#include "program.h"
#include "warp.h"

/* r2:r3 = DATA + 4 * global id of the thread */
#define ADDRESS	"SHADDX.u64 r2, u0, r60.w0, shift:0x2\n"
#define PUT	"STORE.i32.slot0.end @r0, r2, offset:0\n"
/* r1, r4: whether the thread is below u8, u9 */
#define BELOW_U8	"ICMP_OR.u32.lt.m1 r1, r60, u8, 0x0\n"
#define BELOW_U9	"ICMP_OR.u32.lt.m1 r4, r60, u9, 0x0\n"
/* Something that is not zero */
#define TRUE		"0x3020100"

/* So many of the first 16 results are @val, from @first on */
static bool are(struct machine *m, unsigned int first, unsigned int n, uint32_t val)
{
	for (unsigned int i = first; i < first + n; i++) {
		if (data32(m, i) == val)
			continue;
		diag("lane %u: got 0x%x, want 0x%x", i, data32(m, i), val);
		return false;
	}
	return true;
}

/* --- Waits ---------------------------------------------------------------- */

/* Three loads, a wait, and what has landed: a bit for each slot */
static unsigned int landed(const char *wait)
{
	unsigned int slots = 0;
	struct machine m;
	char code[512];

	machine_init(&m);
	machine_size(&m, 1, 1, 1, 1, 1, 1);
	for (unsigned int i = 0; i < 3; i++)
		machine_put32(&m, DATA + 64 + 4 * i, 1);
	snprintf(code, sizeof(code),
		 "LOAD.i32.unsigned.slot0 @r4, u0, offset:64\n"
		 "LOAD.i32.unsigned.slot1 @r5, u0, offset:68\n"
		 "LOAD.i32.unsigned.slot2 @r6, u0, offset:72\n"
		 "NOP%s%s\n"
		 "STORE.i32.slot0 @r4, u0, offset:0\n"
		 "STORE.i32.slot1 @r5, u0, offset:4\n"
		 "STORE.i32.slot2.end @r6, u0, offset:8\n", *wait ? "." : "", wait);
	run(&m, code);
	for (unsigned int i = 0; i < 3; i++)
		slots |= (data32(&m, i) == 1) << i;
	machine_fini(&m);
	return slots;
}

static void test_waits(void)
{
	static const struct {
		const char *wait;
		unsigned int slots;
	} all[] = {
		{ "", 0 }, { "wait0", 1 }, { "wait1", 2 }, { "wait01", 3 },
		{ "wait2", 4 }, { "wait02", 5 }, { "wait12", 6 }, { "wait012", 7 },
		{ "wait0126", 7 }, { "wait", 7 }, { "reconverge", 0 },
	};

	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		is_u64(landed(all[i].wait), all[i].slots, "slots of \"%s\"", all[i].wait);
}

/* Registers that nobody wrote show it */
static void test_unset(void)
{
	struct machine m;

	machine_init(&m);
	run(&m, ADDRESS "MOV.i32 r0, r20\n" PUT);
	ok(are(&m, 0, 16, 0xdeadbeef), "what nobody wrote");
	machine_fini(&m);
}

/* --- Where branches go ----------------------------------------------------- */

static void condition(const char *part, uint32_t with, uint32_t without)
{
	struct machine m;
	char code[256];

	machine_init(&m);
	snprintf(code, sizeof(code), ADDRESS "MOV.i32 r0, 0x0\nMOV.i32 r5, u8\n"
		 "BRANCHZ.reconverge r5%s, offset:1\nMOV.i32 r0, " TRUE "\n" PUT, part);
	machine_uniform(&m, 8, with);
	run(&m, code);
	ok(are(&m, 0, 16, 0), "a branch is taken by r5%s of 0x%x", part, with);
	machine_uniform(&m, 8, without);
	run(&m, code);
	ok(are(&m, 0, 16, 0x3020100), "and not of 0x%x", without);
	machine_fini(&m);
}

/* Bytes from the next instruction on, back and forth; and each lane elsewhere */
static void test_indirect(void)
{
	struct machine m;
	bool good = true;

	machine_init(&m);
	run(&m, ADDRESS "MOV.i32 r0, 0x0\n"
	    "IADD_IMM.i32 r5, 0x0, #0xFFFFFFE8\n"	/* 24 bytes back */
	    "IADD_IMM.i32 r0, r0, #0x1\n"
	    "ICMP_OR.u32.lt.m1 r4, r0, u8, 0x0\n"
	    "BRANCHZI.reconverge r4, r5\n" PUT);
	ok(are(&m, 0, 16, 1), "an indirect branch that is not taken");
	machine_uniform(&m, 8, 5);
	machine_run(&m);
	ok(are(&m, 0, 16, 5), "goes so many bytes back, again and again");

	/* Into a ladder, each lane a step farther */
	run(&m, ADDRESS "MOV.i32 r0, 0x0\n"
	    "IADD.u32 r5, lane_id.w0, lane_id.w0\nIADD.u32 r5, r5, r5\n"
	    "IADD.u32 r5, r5, r5\n"
	    "BRANCHZI.eq.reconverge 0x0, r5\n"
	    "IADD_IMM.i32 r0, r0, #0x1\nIADD_IMM.i32 r0, r0, #0x1\n"
	    "IADD_IMM.i32 r0, r0, #0x1\nIADD_IMM.i32 r0, r0, #0x1\n"
	    "IADD_IMM.i32 r0, r0, #0x1\nIADD_IMM.i32 r0, r0, #0x1\n"
	    "IADD_IMM.i32 r0, r0, #0x1\nIADD_IMM.i32 r0, r0, #0x1\n"
	    "IADD_IMM.i32 r0, r0, #0x1\nIADD_IMM.i32 r0, r0, #0x1\n"
	    "IADD_IMM.i32 r0, r0, #0x1\nIADD_IMM.i32 r0, r0, #0x1\n"
	    "IADD_IMM.i32 r0, r0, #0x1\nIADD_IMM.i32 r0, r0, #0x1\n"
	    "IADD_IMM.i32 r0, r0, #0x1\n" PUT);
	for (unsigned int i = 0; i < 16; i++)
		good &= data32(&m, i) == 15 - i;
	ok(good, "each lane has a target of its own");
	machine_fini(&m);
}

/* An address has 32 bits in a register; the others are those of where the code is. */
static void test_high_code(void)
{
	const uint64_t high = 0x123400100000ull;
	struct machine m;
	static const char *const code[] = {
		"SHADDX.u64 r2, u0, r60.w0, shift:0x2",
		"MOV.i32 r0, 0x0",
		"BRANCHZI.eq.absolute.reconverge 0x0, u8",
		"MOV.i32 r0, 0xFFFFFFFF",
		"IADD_IMM.i32 r0, r0, #0x7",
		"STORE.i32.slot0.end @r0, r2, offset:0",
	};

	machine_init(&m);
	machine_map(&m, high, 1, MAY_READ | MAY_EXECUTE);
	for (unsigned int i = 0; i < 6; i++)
		machine_put64(&m, high + 8 * i, asm_one(code[i]));
	machine_put64(&m, SPD + 8, high);
	machine_uniform(&m, 8, (uint32_t)high + 4 * 8);
	is_u64(machine_run(&m), SHADER_DONE, "an absolute branch in code above 4 GiB");
	ok(are(&m, 0, 16, 7), "stays there");
	machine_fini(&m);
}

/* --- Parting and coming together ------------------------------------------- */

static void test_groups(void)
{
	struct machine m;

	machine_init(&m);
	machine_uniform(&m, 8, 4);
	machine_uniform(&m, 9, 8);
	/* Two groups wait at one place before a third comes there */
	run(&m, ADDRESS BELOW_U8 BELOW_U9
	    "BRANCHZ.reconverge r1, offset:2\n"
	    "BRANCHZ.reconverge r4, offset:1\n"
	    "NOP\n"
	    "WMASK r0, " TRUE "\n" PUT);
	ok(are(&m, 0, 16, 0xffff), "three paths that meet are one again");

	/* Lanes that wait elsewhere have no part in a branch, whatever is in their registers */
	run(&m, ADDRESS BELOW_U8 "MOV.i32 r0, 0x0\n"
	    "BRANCHZ.reconverge r1, offset:1\n"
	    "BRANCHZ.reconverge u9, offset:2\n"
	    "IADD_IMM.i32 r0, r0, #0x1\n"
	    "BRANCHZ.eq.reconverge 0x0, offset:1\n"
	    "IADD_IMM.i32 r0, r0, #0x64\n" PUT);
	ok(are(&m, 0, 4, 1) && are(&m, 4, 12, 100), "a branch is taken by those who are there");

	/* The same of a result: those who are not there keep theirs */
	run(&m, ADDRESS BELOW_U8 "MOV.i32 r0, r60\n"
	    "BRANCHZ.reconverge r1, offset:1\n"
	    "MOV.i32 r0, " TRUE "\n" PUT);
	ok(data32(&m, 3) == 3 && are(&m, 4, 12, 0x3020100), "a result is of those who are there");

	/* A lane that is behind comes first */
	run(&m, ADDRESS BELOW_U8
	    "BRANCHZ.reconverge r1, offset:2\n"
	    "MOV.i32 r6, 0xFFFFFFFF\n"
	    "BRANCHZ.eq.reconverge 0x0, offset:1\n"
	    "CLPER.i32 r6, r6, 0x0.b00\n"
	    "CLPER.i32 r0, r60, 0x7060504.b33\n" PUT);
	ok(are(&m, 0, 16, 7), "and all are together before any goes on");
	machine_fini(&m);
}

/* CLPER reads what others have before it writes */
static void test_in_place(void)
{
	struct machine m;
	bool good = true;

	machine_init(&m);
	run(&m, ADDRESS "MOV.i32 r0, r60\n"
	    "CLPER.i32.xor r0, r0, 0x3020100.b11\n" PUT);
	for (unsigned int i = 0; i < 16; i++)
		good &= data32(&m, i) == (i ^ 1);
	ok(good, "lanes exchange a register in place");
	machine_fini(&m);
}

/* --- Barriers --------------------------------------------------------------- */

static void test_ended(void)
{
	struct machine m;

	machine_init(&m);
	machine_uniform(&m, 8, 4);
	machine_size(&m, 32, 1, 1, 1, 1, 1);
	is_u64(run(&m, ADDRESS BELOW_U8
		   "BRANCHZ.eq.reconverge r1, offset:1\n"
		   "NOP.end\n"
		   "BARRIER.slot7.wait\n"
		   "MOV.i32 r0, " TRUE "\n" PUT), SHADER_DONE,
	       "lanes that have ended are not missed at a barrier");
	ok(are(&m, 0, 4, 0) && are(&m, 4, 12, 0x3020100) && are(&m, 20, 12, 0x3020100),
	   "and the others pass it");
	machine_fini(&m);
}

/*
 * A warp that comes to a second barrier without having waited for the first has not
 * arrived there: what another does between the two comes before what it does after. It is
 * the second warp, since that is the one which goes on first when a barrier is complete.
 */
static void test_two_barriers(void)
{
	struct machine m;

	machine_init(&m);
	machine_size(&m, 32, 1, 1, 1, 1, 1);
	run(&m, ADDRESS
	    "BRANCHZ.eq.reconverge warp_id.w0, offset:5\n"
	    /* Both at once, then it looks */
	    "BARRIER.slot7\n"
	    "BARRIER.slot7.wait\n"
	    "LOAD.i32.unsigned.slot0.wait0 @r0, u0, offset:256\n"
	    "STORE.i32.slot0 @r0, r2, offset:0\n"
	    "BRANCHZ.eq.reconverge 0x0, offset:4\n"
	    /* The first warp writes in between */
	    "BARRIER.slot7.wait\n"
	    "MOV.i32 r0, " TRUE "\n"
	    "STORE.i32.slot0 @r0, u0, offset:256\n"
	    "BARRIER.slot7.wait\n"
	    "NOP.end\n");
	ok(are(&m, 16, 16, 0x3020100), "two barriers are not one");
	machine_fini(&m);
}

/* --- What is counted -------------------------------------------------------- */

static void test_counts(void)
{
	struct shader_stats s;
	struct machine m;

	machine_init(&m);
	machine_uniform(&m, 8, 4);
	machine_size(&m, 5, 1, 1, 1, 1, 1);
	run(&m, "NOP\nNOP\nNOP.end\n");
	shader_get_stats(m.sh, &s);
	ok(s.instrs == 3 && s.lane_instrs == 15, "five lanes count as five");
	machine_size(&m, 16, 1, 1, 1, 1, 1);
	run(&m, BELOW_U8 "BRANCHZ.reconverge r1, offset:1\nNOP\nNOP.end\n");
	shader_get_stats(m.sh, &s);
	ok(s.instrs == 3 + 4 && s.lane_instrs == 15 + 16 + 16 + 12 + 16,
	   "and those who are elsewhere do not");
	machine_fini(&m);
}

/* --- Code ------------------------------------------------------------------- */

/* Two jobs in turn, whose code has the same place in the cache: @first's, and @second's */
static void turns(struct machine *first, struct machine *second, const char *name)
{
	enum shader_result a = SHADER_MORE, b = SHADER_MORE;

	machine_job(first);
	machine_job(second);
	for (unsigned int i = 0; i < 1000; i++) {
		if (a == SHADER_MORE)
			a = shader_run(first->sh, &first->job, 100, &first->fault);
		if (b == SHADER_MORE)
			b = shader_run(first->sh, &second->job, 100, &second->fault);
	}
	ok(a == SHADER_DONE && b == SHADER_DONE, "two jobs in turn: %s", name);
	ok(are(first, 0, 16, 1000) && are(second, 0, 16, 1000), "each by its own code");
}

/* 1000 by steps of so many */
static void code_in_steps(struct machine *m, uint64_t at, const char *step)
{
	char text[64];
	const char *code[] = {
		"SHADDX.u64 r2, u0, r60.w0, shift:0x2",
		"MOV.i32 r0, 0x0",
		text,
		"ICMP_OR.u32.lt.m1 r1, r0, u8, 0x0",
		"BRANCHZ.reconverge r1, offset:-3",
		"STORE.i32.slot0.end @r0, r2, offset:0",
	};

	snprintf(text, sizeof(text), "IADD_IMM.i32 r0, r0, #%s", step);
	for (unsigned int i = 0; i < 6; i++)
		machine_put64(m, at + 8 * i, asm_one(code[i]));
	machine_put64(m, SPD + 8, at);
	machine_uniform(m, 8, 1000);
}

#define OTHER_CODE	(CODE + 64 * 4096)

static void test_turns(void)
{
	struct machine a, b;

	machine_init(&a);
	machine_init(&b);
	code_in_steps(&a, CODE, "0x1");
	code_in_steps(&b, CODE, "0xFA");
	turns(&a, &b, "one address in two spaces");
	machine_map(&b, OTHER_CODE, 1, MAY_READ | MAY_EXECUTE);
	code_in_steps(&b, OTHER_CODE, "0x1F4");
	turns(&a, &b, "two addresses");
	machine_fini(&b);
	machine_fini(&a);
}

/* Ten rounds through two pages, so many pages from each other; beside lanes, what they cost */
static uint64_t cost_of_pages(unsigned int pages)
{
	struct machine m;
	uint64_t cost;

	machine_init(&m);
	machine_far_code(&m, CODE + pages * 4096ull);
	machine_size(&m, 16, 1, 1, 1, 1, 1);
	cost = extra_of(&m, "IADD_IMM.i32 r1, 0x0, #0xA\nBRANCHZI.eq.absolute 0x0, u12\n");
	machine_fini(&m);
	return cost;
}

static void test_code_cost(void)
{
	is_u64(cost_of_pages(2), 0, "code of two pages costs nothing beside its lanes");
	is_u64(cost_of_pages(64), 19 * COST_CODE, "but where one makes room for the other");
}

/* Four instructions of so many lanes, beside what a warp costs */
static uint64_t cost_of_lanes(unsigned int threads)
{
	struct machine m;
	uint64_t cost;

	machine_init(&m);
	machine_size(&m, threads, 1, 1, 1, 1, 1);
	cost = work_of(&m, "IADD_IMM.i32 r1, 0x0, #0xA\nNOP\nNOP\nNOP.end\n");
	machine_fini(&m);
	return cost;
}

static void test_lane_cost(void)
{
	is_u64(cost_of_lanes(16), 4 * 16, "an instruction costs its lanes");
	is_u64(cost_of_lanes(5), 4 * 5, "however few");
	is_u64(cost_of_lanes(1), 4 * LEAST_COST, "but that of a lone one costs more");
}

int main(void)
{
	test_waits();
	test_unset();
	condition("", 0x80000000, 0);
	condition(".h0", 0x00000001, 0xffff0000);
	condition(".h1", 0x00010000, 0x0000ffff);
	test_indirect();
	test_high_code();
	test_groups();
	test_in_place();
	test_ended();
	test_two_barriers();
	test_counts();
	test_turns();
	test_code_cost();
	test_lane_cost();
	return done_testing();
}

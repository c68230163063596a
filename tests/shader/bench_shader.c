// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How fast shaders execute, by the time of one core: loops of arithmetic, of
 * divided warps, of loads and stores, and what panvk's fills and copies do.
 *
 *	bench_shader [RESULTS]	append lines of JSON to RESULTS
 *
 * Fails below the rates that the virtual Mali needs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "machine.h"

#define ROUNDS		5
#define ADDRESS		"SHADDX.u64 r2, u0, r60.w0, shift:0x2\n"
/* 1,000 times */
#define LOOP(body, n)	"IADD_IMM.i32 r1, 0x0, #0x3E8\n" body \
			"IADD.s32 r1, r1, 0xFFFFFFFF\n" \
			"BRANCHZ.reconverge r1, offset:-" n "\nNOP.end\n"

static const struct {
	const char *name, *code;
	double min;
} benches[] = {
	{ "integer", LOOP("IADD.u32 r4, r5, r6\n"
			  "LSHIFT_XOR.i32 r5, r4, 0x3020100.b33, r6\n"
			  "IMUL.i32 r6, r4, r5\n"
			  "ICMP_OR.u32.gt.m1 r7, r4, r5, 0x0\n"
			  "MUX.i32 r8, r4, r5, r7\n"
			  "IADD.u32 r9, r8, u2\n", "8"), 500e6 },
	{ "float", LOOP("FMA.f32 r4, r5, r6, r7\n"
			"FADD.f32 r5, r4, r6.neg\n"
			"FMA.f32 r6, r4, r4, 0x3F800000\n"
			"FMAX.f32 r7, r6, r5\n"
			"FMA.f32 r8, r5, u2, 0x0.neg\n", "7"), 500e6 },
	{ "half", LOOP("FMA.v2f16 r4, r5, r6, r7\n"
		       "FADD.v2f16 r5, r4, r6\n", "4"), 0 },
	{ "special functions", LOOP("FRCP.f32 r4, r60\n"
				    "FRSQ.f32 r5, r4\n"
				    "FLOGD.f32 r6, r5\n", "5"), 0 },
	{ "divided", "LSHIFT_AND.i32 r6, r60, 0x1000000.b00, 0x0.not\n"
		     LOOP("RSHIFT_AND.i32 r7, r60, 0x1000000.b00, 0x0.not\n"
			  "LSHIFT_AND.i32 r7, lane_id.w0, 0x1000000.b00, r1\n"
			  "BRANCHZ.reconverge r7, offset:2\n"
			  "IADD.u32 r4, r5, r6\n"
			  "IADD.u32 r5, r5, r6\n", "7"), 0 },
	{ "memory", ADDRESS LOOP("LOAD.i32.unsigned.slot0.wait0 @r4, r2, offset:0\n"
				 "IADD.u32 r4, r4, r1\n"
				 "STORE.i32.slot1.wait1 @r4, r2, offset:0\n",
				 "5"), 300e6 },
	{ "wide memory", "SHADDX.u64 r2, u0, r60.w0, shift:0x4\n"
		LOOP("LOAD.i128.unsigned.slot0.wait0 @r4:r5:r6:r7, r2, offset:0\n"
		     "STORE.i128.slot1.wait1 @r4:r5:r6:r7, r2, offset:0\n",
		     "4"), 0 },
	{ "narrow memory", "SHADDX.u64 r2, u0, r60.w0, shift:0x1\n"
		LOOP("LOAD.i16.w0.unsigned.slot0.wait0 @r4, r2, offset:0\n"
		     "STORE.i16.slot1.wait1 @r4, r2, offset:0\n",
		     "4"), 0 },
	{ "halves as floats", LOOP("FADD.f32 r4, r5.h0, r6.h1\n"
				   "FMA.f32 r5, r4, r6.h0, r7\n", "4"), 0 },
	{ "atomics", LOOP("ATOM.i32.slot0.aadd.wait0 @r1, u0, offset:0x0\n",
			  "3"), 0 },
};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec * 1.0 / 1000000000;
}

static double once(struct machine *m)
{
	struct shader_stats a, b;
	double start;

	shader_get_stats(m->sh, &a);
	start = seconds();
	if (machine_run(m) != SHADER_DONE) {
		fprintf(stderr, "bench_shader: %s\n", m->fault.why);
		exit(1);
	}
	start = seconds() - start;
	shader_get_stats(m->sh, &b);
	return (b.lane_instrs - a.lane_instrs) / start;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const char *code)
{
	double rate[ROUNDS];
	struct machine m;

	machine_init(&m);
	machine_size(&m, 256, 1, 1, 4, 1, 1);
	machine_code(&m, code);
	for (unsigned int i = 0; i < ROUNDS; i++)
		rate[i] = once(&m);
	machine_fini(&m);
	qsort(rate, ROUNDS, sizeof(rate[0]), by_value);
	return rate[ROUNDS / 2];
}

int main(int argc, char **argv)
{
	FILE *json = argc > 1 ? fopen(argv[1], "a") : NULL;
	int slow = 0;

	for (unsigned int i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
		double rate = median(benches[i].code);

		printf("%-20s %8.1f million lane instructions/s%s\n",
		       benches[i].name, rate / 1e6,
		       rate < benches[i].min ? "  TOO SLOW" : "");
		slow |= rate < benches[i].min;
		if (json)
			fprintf(json, "{\"bench\": \"shader %s\", \"lane_instrs_per_s\": %.0f}\n",
				benches[i].name, rate);
	}
	if (json)
		fclose(json);
	return slow;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How fast shaders execute, by the time of one core: loops of arithmetic, of
 * divided warps, of loads and stores, and what panvk's fills and copies do; textures.
 *
 *	bench_shader [RESULTS]	append lines of JSON to RESULTS
 *
 * Fails below the rates that the virtual Mali needs, and where a turn of the shader cores
 * takes longer than MOST_MS: what an instruction takes off the budget has to fit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "machine.h"

#define ROUNDS		5
#define TURN		1048576
#define MOST_MS		50
#define ADDRESS		"SHADDX.u64 r2, u0, r60.w0, shift:0x2\n"
/* 1,000 times */
#define LOOP(body, n)	"IADD_IMM.i32 r1, 0x0, #0x3E8\n" body \
			"IADD.s32 r1, r1, 0xFFFFFFFF\n" \
			"BRANCHZ.reconverge r1, offset:-" n "\nNOP.end\n"
#define EIGHT(s)	s s s s s s s s

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
	{ "filtered sRGB", "MOV.i32 r8, u8\nMOV.i32 r9, u8\nMOV.i32 r10, u9\n"
		LOOP("TEX_SINGLE.slot0.f.32.2d.wide_indices.explicit.wait0 "
		     "@r4:r5:r6:r7, @r8:r9:r10, u6\n", "3"), 0 },
	{ "stored sRGB", ADDRESS LOOP("MOV.i32 r8, u10\nMOV.i32 r4, u8\nMOV.i32 r5, u8\n"
				      "MOV.i32 r6, u8\nMOV.i32 r7, u8\n"
				      "ST_CVT.slot0.f32.v4.wait0 @r4:r5:r6:r7, r2, r8, "
				      "offset:0x0\n", "8"), 0 },
	{ "atomics", LOOP("ATOM.i32.slot0.aadd.wait0 @r1, u0, offset:0x0\n",
			  "3"), 0 },
	{ "buffers", LOOP("LD_BUFFER.i32.unsigned.slot0.wait0 @r4, 0x0, u11\n", "3"), 0 },
	/* As many descriptors as an instruction can want */
	{ "a buffer each", BY_PARITY("u11")
		LOOP(EIGHT("LEA_BUF.slot0.wait0 @r8:r9, r60, r6\n"), "10"), 0 },
	{ "a texture each", BY_PARITY("u7")
		LOOP(EIGHT("LEA_TEX.slot0.wait0 @r8:r9:r10, 0x0, 0x0, r6\n"), "10"), 0 },
	{ "two pages of code", "IADD_IMM.i32 r1, 0x0, #0x3E8\n"
			       "BRANCHZI.eq.absolute 0x0, u12\n", 0 },
};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec * 1.0 / 1000000000;
}

struct rate {
	double lanes, turn_ms;
};

static struct rate once(struct machine *m)
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
	return (struct rate){ (b.lane_instrs - a.lane_instrs) / start,
			      1000 * start * TURN / (b.work - a.work) };
}

static int by_value(const void *a, const void *b)
{
	double x = ((const struct rate *)a)->lanes, y = ((const struct rate *)b)->lanes;

	return (x > y) - (x < y);
}

/*
 * A texture of sRGB, of which each texel is another, and the same once more; a descriptor to
 * store such; two buffers
 */
#define SRGBA8	(1u << 20 | 187u << 12)

static void textures(struct machine *m)
{
	machine_put32(m, SET0 + 32 * MACHINE_TEXTURE, 2 | 2 << 4 | SRGBA8 << 10);
	for (unsigned int i = 0; i < 32; i += 4)
		machine_put32(m, SET0 + 32 * (MACHINE_TEXTURE + 2) + i,
			      machine_get32(m, SET0 + 32 * MACHINE_TEXTURE + i));
	machine_buffer(m, 2, DATA, 4096);
	for (unsigned int i = 0; i < 0x3000; i += 4)
		machine_put32(m, DATA + 0x8000 + i, i * 0x9e3779b9u);
	machine_uniform(m, 8, 0x3eb33333);	/* 0.35 */
	machine_uniform(m, 9, 0x80);		/* half-way between two levels */
	machine_uniform(m, 10, SRGBA8);
	machine_uniform(m, 11, 1 << 24);	/* a buffer's handle */
}

static struct rate median(const char *code, unsigned int threads)
{
	struct rate rate[ROUNDS];
	struct machine m;

	machine_init(&m);
	textures(&m);
	/* The end of a loop takes the cache's place of its beginning */
	machine_far_code(&m, CODE + 64 * 4096);
	machine_size(&m, threads, 1, 1, 4, 1, 1);
	machine_code(&m, code);
	for (unsigned int i = 0; i < ROUNDS; i++)
		rate[i] = once(&m);
	machine_fini(&m);
	qsort(rate, ROUNDS, sizeof(rate[0]), by_value);
	return rate[ROUNDS / 2];
}

/* Whether it is too slow */
static bool bench(FILE *json, const char *name, const char *code, unsigned int threads,
		  double min)
{
	struct rate rate = median(code, threads);
	bool bad = rate.lanes < min || rate.turn_ms > MOST_MS;

	printf("%-20s %8.1f million lane instructions/s, a turn takes %4.1f ms%s\n",
	       name, rate.lanes / 1e6, rate.turn_ms, bad ? "  TOO SLOW" : "");
	if (json)
		fprintf(json, "{\"bench\": \"shader %s\", "
			"\"lane_instrs_per_s\": %.0f, \"turn_ms\": %.2f}\n",
			name, rate.lanes, rate.turn_ms);
	return bad;
}

int main(int argc, char **argv)
{
	FILE *json = argc > 1 ? fopen(argv[1], "a") : NULL;
	bool slow = false;

	for (unsigned int i = 0; i < sizeof(benches) / sizeof(benches[0]); i++)
		slow |= bench(json, benches[i].name, benches[i].code, 256, benches[i].min);
	/* A warp of one lane costs the host what others do */
	slow |= bench(json, "one thread", LOOP(EIGHT("FMA.v2f16 r4, r4, r5, r5\n"), "10"), 1, 0);
	if (json)
		fclose(json);
	return slow;
}

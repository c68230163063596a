// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions of GLSL as Mesa's compiler puts them together from special
 * instructions: logarithm, exponent, power, sine, root, division. Each within
 * what Vulkan allows.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../model/tap.h"
#include "machine.h"

#define THREADS	256u
/* r8 = the thread's number from memory; the result is in r0 */
#define LOAD "SHADDX.u64 r2, u0, r60.w0, shift:0x2\n" \
	     "LOAD.i32.unsigned.slot0.wait0 @r8, r2, offset:0\n"
#define STORE "STORE.i32.slot0.end @r0, r2, offset:0\n"
#define LOG2(in) "FREXPE.f32.log r4, " in "\nS32_TO_F32 r4, r4\n" \
	"FADD_LSCALE.f32 r5, u2, " in "\nFLOGD.f32 r6, " in "\n" \
	"FMA.f32 r0, r6, r5, r4\n"
/* 2 to the power of (in * by) */
#define EXP2(in, by) "IADD_IMM.i32 r7, 0x0, #0x18\n" \
	"FMA_RSCALE.f32 r4, " in ", " by ", 0x0.neg, r7\n" \
	"F32_TO_S32 r5, r4\n" \
	"FEXP.f32 r0, r5, r4\n"

static struct machine m;

static float of(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, 4);
	return f;
}

static uint32_t bits(float f)
{
	uint32_t b;

	memcpy(&b, &f, 4);
	return b;
}

static float input[THREADS];

static void run(const char *code, float lo, float hi)
{
	machine_size(&m, 64, 1, 1, THREADS / 64, 1, 1);
	for (unsigned int i = 0; i < THREADS; i++) {
		input[i] = lo + (hi - lo) * ((i * 2654435761u) / 4294967296.0f);
		machine_put32(&m, DATA + 4 * i, bits(input[i]));
	}
	machine_code(&m, code);
	if (machine_run(&m) != SHADER_DONE)
		diag("%s", m.fault.why);
}

static double ulp(double x)
{
	float f = fabs(x);

	return nextafterf(f, INFINITY) - f;
}

/* Each result no farther from @want than @abs, or @ulps of it */
static void within(double (*want)(double), double abs, double ulps, double per_x,
		   const char *what)
{
	double worst = 0;
	unsigned int at = 0;

	for (unsigned int i = 0; i < THREADS; i++) {
		double w = want(input[i]), got = of(data32(&m, i));
		double may = fmax(abs, (ulps + per_x * fabs(input[i])) * ulp(w));
		double err = fabs(got - w) / may;

		if (!(err <= worst)) {
			worst = err;
			at = i;
		}
	}
	if (!ok(worst <= 1, "%s", what))
		diag("of %g: %g, want %g", input[at], of(data32(&m, at)),
		     want(input[at]));
	else
		diag("%.3f of what is allowed", worst);
}

static double inverse(double x)
{
	return 1 / x;
}

static double inverse_root(double x)
{
	return 1 / sqrt(x);
}

static double power_2_5(double x)
{
	return pow(x, 2.5);
}

int main(void)
{
	machine_init(&m);
	machine_uniform(&m, 2, bits(-1));
	machine_uniform(&m, 3, bits(2.5f));
	machine_uniform(&m, 4, bits(0.63661977f));
	machine_uniform(&m, 5, 0x49400000);
	machine_uniform(&m, 6, bits(-1.5707964f));

	run(LOAD LOG2("r8") STORE, 0.5, 2);
	within(log2, 1 / 0x1p21, 0, 0, "log2 near 1");
	run(LOAD LOG2("r8") STORE, 1 / 1e37, 1e30);
	within(log2, 0, 3, 0, "log2 of large numbers");
	run(LOAD EXP2("r8", "0x3F800000") STORE, -120, 120);
	within(exp2, 0, 3, 2, "exp2");
	run(LOAD LOG2("r8") "MOV.i32 r9, r0\n" EXP2("r9", "u3") STORE, 0.01, 1000);
	within(power_2_5, 0, 16 + 2 * 25, 0, "pow");
	run(LOAD "FRCP.f32 r0, r8\n" STORE, 1 / 1e30, 1e30);
	within(inverse, 0, 0.5001, 0, "1 / x, rounded correctly");
	run(LOAD "FRSQ.f32 r0, r8\n" STORE, 1 / 1e30, 1e30);
	within(inverse_root, 0, 0.5001, 0, "1 / sqrt(x), rounded correctly");
	run(LOAD
	    "FMA.f32 r4, r8, u4, u5\n"
	    "FADD.f32 r5, r4, u5.neg\n"
	    "FMA.f32 r5, r5, u6, r8\n"
	    "FSIN_TABLE.u6 r6, r4\n"
	    "FCOS_TABLE.u6 r7, r4\n"
	    "FMA_RSCALE.f32 r9, r5, r5, 0x0.neg, 0xFFFFFFFF\n"
	    "FMA.f32 r9, r9.neg, r6, 0x0.neg\n"
	    "FMA.f32.clamp_m1_1 r9, r5, r7, r9\n"
	    "FADD.f32 r0, r9, r6\n" STORE, -3.14159f, 3.14159f);
	within(sin, 1 / 0x1p11, 0, 0, "sin");
	machine_fini(&m);
	return done_testing();
}

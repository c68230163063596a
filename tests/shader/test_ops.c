// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each instruction of arithmetic, with all its modifiers and with operands at
 * the edges and at random, against the second implementation (ref.h): every
 * register of every lane afterwards, full warps and partial ones, subnormals
 * kept and flushed.
 */
#include <stdlib.h>

#include "../model/tap.h"
#include "machine.h"
#include "ref.h"
#include "softfp.h"
#include "warp.h"

#define ROUNDS	400

static uint64_t seed = 88172645463325252ull;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dull;
}

static const uint32_t edges[] = {
	0, 1, 2, 3, 31, 32, 33, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff,
	0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, 0xfffffffe, 0x10001,
	0x00800000, 0x007fffff, 0x807fffff, 0x3f800000, 0xbf800000, 0x3f7fffff,
	0x3f800001, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000,
	0x7f800001, 0xffc12345, 0x3f000000, 0xbf000000, 0x3fc00000, 0x40200000,
	0x4b000001, 0x4affffff, 0x4f000000, 0x4effffff, 0xcf000000, 0x4f800000,
	0x7c00fc00, 0x3c00bc00, 0x7bfffbff, 0x00018001, 0x03ff83ff, 0x04008400,
	0x7e007c01, 0x38003800, 0x66006601, 0x3f400000, 0x3f3fffff, 0x42fe0000,
	0xc2fe0000, 0x43000000, 0xc3160000, 0x33800000, 0xb3800000, 0x477fe000,
	0x477ff000, 0x477fefff, 0x38800000, 0x387fffff, 0x33000000, 0x33000001,
};

static uint32_t operand(void)
{
	switch (rnd() % 8) {
	case 0:
	case 1:
	case 2:
		return edges[rnd() % (sizeof(edges) / sizeof(edges[0]))];
	case 3: /* a float near 1, or one whose square is about to vanish */
		return ((rnd() & 1 ? rnd() % 60 + 97 : rnd() % 12 + 57) << 23) |
		       (rnd() & 0x807fffff);
	case 4: /* two halves */
		return (edges[rnd() % (sizeof(edges) / sizeof(edges[0]))] &
			0xffff0000) | (rnd() & 0xffff);
	case 5:
		return rnd() & 0xff;
	case 6: /* next to where floats, or halves, are subnormal */
		return rnd() & 1 ? ((rnd() % 4) << 23) | (rnd() & 0x807fffff) :
		       (rnd() & 0x8fff8fff);
	}
	return rnd();
}

/* A random word of a row: no flow, no special value but lane_id */
static bool random_word(const struct isa_op *op, uint64_t *word)
{
	struct insn in;

	for (unsigned int tries = 0; tries < 20000; tries++) {
		uint64_t w = rnd() & isa_known_bits(op);

		w &= ~(0x1ffull << 48 | op->sel_mask | 0xfull << 59);
		w |= (uint64_t)op->opcode << 48 | op->sel;
		if (tries > 200 || rnd() & 3)
			w |= 3ull << 46;
		/* mostly registers, so that most words are fine */
		if (rnd() & 3)
			for (unsigned int i = 0; i < 4 && op->src[i].kind; i++)
				w &= ~(0x80ull << 8 * op->src[i].byte);
		if (insn_decode(&in, w) || in.op != op || exec_bind(&in, false))
			continue;
		for (unsigned int i = 0; i < in.num_srcs; i++)
			if (in.src[i].file == FILE_SPECIAL &&
			    (in.src[i].page != 3 || in.src[i].index >> 1 != 1))
				goto again;
		*word = w;
		return true;
again:;
	}
	return false;
}

static struct machine m;
static struct shader_env env;
static struct warp *w;

static void setup(struct ref *ref)
{
	static const uint16_t masks[] = { 0xffff, 0xffff, 0x00ff, 0x8001, 0x0010 };

	warp_start(w, &env, 16);
	ref->mask = masks[rnd() % 5];
	w->mask = ref->mask;
	w->live = ref->mask;
	ref->ftz32 = rnd() % 4 == 0;
	ref->ftz16 = rnd() % 4 == 0;
	env.ftz32 = ref->ftz32;
	env.ftz16 = ref->ftz16;
	for (unsigned int r = 0; r < 64; r++) {
		for (unsigned int i = 0; i < 16; i++) {
			ref->r[i][r] = operand();
			w->r[r].u32[i] = ref->r[i][r];
		}
	}
	for (unsigned int i = 0; i < 256; i++) {
		ref->u[i] = operand();
		env.uniforms[i] = ref->u[i];
	}
}

static bool same(const struct ref *ref, const struct ref *before, const char *text)
{
	for (unsigned int r = 0; r < 64; r++) {
		for (unsigned int i = 0; i < 16; i++) {
			if (ref->r[i][r] == w->r[r].u32[i])
				continue;
			diag("%s: lane %u, r%u: got 0x%08x, want 0x%08x", text, i,
			     r, w->r[r].u32[i], ref->r[i][r]);
			diag("flushed %d %d, mask 0x%x; r0 to r3 of it: %08x %08x %08x %08x",
			     ref->ftz32, ref->ftz16, ref->mask,
			     before->r[i][0], before->r[i][1], before->r[i][2],
			     before->r[i][3]);
			return false;
		}
	}
	return true;
}

static bool agrees(const struct isa_op *op)
{
	static struct ref ref, before;
	uint64_t word;
	struct insn in;
	char text[256];
	int64_t budget = 17;

	if (!random_word(op, &word)) {
		diag("no word of %s", op->name);
		return false;
	}
	insn_decode(&in, word);
	insn_disasm(&in, text, sizeof(text));
	setup(&ref);
	before = ref;
	machine_put64(&m, CODE, word);
	env.job_id++;
	warp_run(w, &budget);
	budget = 0;
	if (!ref_exec(&ref, text)) {
		diag("the second implementation has no %s", text);
		return false;
	}
	return same(&ref, &before, text);
}

/* What hosts without the instruction do, which the test above may not reach */
static void test_soft_fma(void)
{
	unsigned int good = 0, n = 300000;

	while (good < n) {
		uint32_t a = operand(), b = operand(), c = operand(), want, got;
		double r;
		bool nan;

		/* every other one a sum in which much cancels */
		if (good & 1)
			c = f64_to_f32(-(double)f32_of(a) * f32_of(b),
				       rnd() & 3) ^ (rnd() & 1);
		r = fma_odd(f32_of(a), f32_of(b), f32_of(c));
		nan = f32_is_nan(a) || f32_is_nan(b) || f32_is_nan(c);
		got = r == r ? f64_to_f32(r, ROUND_EVEN) : F32_NAN;
		want = nan ? F32_NAN : ref_fma(a, b, c, 0, 32);
		if (got != want) {
			diag("%08x * %08x + %08x: got %08x, want %08x", a, b, c,
			     got, want);
			break;
		}
		good++;
	}
	is_u64(good, n, "multiply and add without the host's instruction");
}

int main(void)
{
	unsigned int rounds = getenv("ROUNDS") ? atoi(getenv("ROUNDS")) : ROUNDS;
	unsigned int ops = 0;

	machine_init(&m);
	machine_code(&m, "NOP.end\nNOP.end\n");
	env.sh = m.sh;
	env.ctx = &m;
	env.entry = CODE;
	w = aligned_alloc(64, sizeof(*w));
	for (unsigned int i = 0; i < isa_num_ops; i++) {
		const struct isa_op *op = &isa_ops[i];
		unsigned int good = 0;

		if (op->id == OP_UNIMPLEMENTED || !op->dest)
			continue;
		ops++;
		while (good < rounds && agrees(op))
			good++;
		ok(good == rounds, "%s (%u warps)", op->name, rounds);
	}
	diag("%u instructions", ops);
	test_soft_fma();
	free(w);
	machine_fini(&m);
	return done_testing();
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target for the shader core: the input is a job, its descriptors and
 * its code. What comes of it is judged by the sanitizers, and by what every
 * answer of the shader core has to fulfil.
 *
 * The input: what is unusual (enum fuzz_what), sizes, then instructions. Each of these
 * has two bytes that choose a row of the tables (beyond the last: none) and 8, of which
 * the bits are taken that the row accounts for. seeds_shader.c writes such inputs.
 */
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "fuzz_shader.h"
#include "machine.h"

/* Behind the machine's own */
#define TALL_TEXTURE	7u
#define TALL_PLANE	(PLANES + 32 * 3)

struct input {
	const uint8_t *at;
	size_t left;
};

static uint64_t get(struct input *in, unsigned int bytes)
{
	uint64_t val = 0;

	for (unsigned int i = 0; i < bytes && in->left; i++, in->left--)
		val |= (uint64_t)*in->at++ << (8 * i);
	return val;
}

static uint64_t instruction(struct input *in)
{
	unsigned int row = get(in, 2);
	uint64_t bits = get(in, 8);
	const struct isa_op *op;

	if (row >= isa_num_ops)
		return bits;
	op = &isa_ops[row];
	return (bits & isa_known_bits(op) & ~op->sel_mask & ~(0x1ffull << 48)) |
	       op->sel | (uint64_t)op->opcode << 48;
}

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_text(uint64_t word)
{
	char text[256], small[5];

	shader_disasm(word, text, sizeof(text));
	shader_disasm(word, small, sizeof(small));
	check(strlen(text) < 255 && strlen(small) <= 4 &&
	      !strncmp(text, small, strlen(small)));
}

/*
 * A texture of floats of which each row has pages of its own, the first texel at the end of
 * one; uniforms 8 and 9 are handles of the sampler and of it, 10 a sixteenth.
 */
static void tall(struct machine *m)
{
	static const uint32_t desc[8] = {
		2 | 2 << 4 | (167u << 12 | 16) << 10, 3 | 38 << 16, 0x688, 0, TALL_PLANE,
	};

	machine_map(m, DATA + DATA_PAGES * 4096, 24, MAY_READ | MAY_WRITE);
	for (unsigned int i = 0; i < 8; i++)
		machine_put32(m, SET0 + 32 * TALL_TEXTURE + 4 * i, desc[i]);
	machine_put32(m, TALL_PLANE, 10 | 1 << 4 | 2 << 8 | 2 << 24);
	machine_put64(m, TALL_PLANE + 8, DATA + 4092);
	machine_put32(m, TALL_PLANE + 16, 4096);
	machine_uniform(m, 8, 1 << 24 | MACHINE_SAMPLER);
	machine_uniform(m, 9, 1 << 24 | TALL_TEXTURE);
	machine_uniform(m, 10, 0x3d800000);
}

static void set_up(struct machine *m, struct input *in, unsigned int what)
{
	machine_size(m, get(in, 1) % 40 + 1, what & FUZZ_DEEP ? 3 : 1, 1, 2, 1, 1);
	machine_uniform(m, 2, DATA + get(in, 2));
	machine_uniform(m, 3, what & FUZZ_FAR ? 1 : 0);
	machine_uniform(m, 4, 1 << 24 | (what & FUZZ_NO_BUFFER ? 9 : 0));
	machine_uniform(m, 5, 62 << 24 | 1);
	if (what & FUZZ_TALL)
		tall(m);
	if (what & FUZZ_SMALL)
		machine_put32(m, SPD, 8 | 1 << 4 | 2u << 30 | 2 << 17);
	if (what & FUZZ_DESCRIPTOR)
		machine_put64(m, DESC + 8 * (get(in, 1) % 64), get(in, 8));
	if (what & FUZZ_REGISTER)
		m->regs[get(in, 1) % 40] = get(in, 4);
	m->stall = what & FUZZ_STALL ? get(in, 1) % 16 : 0;
	for (unsigned int i = 0; what & FUZZ_DATA && i < 256; i++)
		machine_put32(m, DATA + 4 * i, i * 0x9e3779b9u ^ 0x7f800000);
}

/* What comes of a job, in slices, some of which end with the workgroup */
static void execute(struct machine *m)
{
	enum shader_result r = SHADER_MORE;

	machine_job(m);
	for (unsigned int i = 0; i < 40 && (r == SHADER_MORE || r == SHADER_STALL); i++) {
		r = i % 3 == 2 ? shader_run_group(m->sh, &m->job, 500, &m->fault) :
		    shader_run(m->sh, &m->job, 500, &m->fault);
		check(r != SHADER_FAULT || (m->fault.why && m->fault.exception));
		check(r != SHADER_DONE || !m->job.group);
		check(r != SHADER_PAUSED || !m->job.group);
		if (r == SHADER_PAUSED)
			r = SHADER_MORE;
	}
}

/* Other code in the same place: the cache has to notice, unless it keeps its own */
static void execute_changed(struct machine *m, unsigned int what)
{
	shader_keep_code(m->sh, what & FUZZ_KEEP);
	for (unsigned int i = 0; i < 64; i += 3)
		machine_put64(m, CODE + 8 * i, machine_get64(m, CODE + 8 * (i + 1)));
	execute(m);
	shader_flush_code(m->sh);
	execute(m);
}

/* There is nothing to be made before the first input, but replay.c asks for it */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct shader_stats stats;
	unsigned int what = get(&in, 2);
	struct machine m;

	machine_init(&m);
	set_up(&m, &in, what);
	for (unsigned int i = 0; in.left && i < FUZZ_INSTRS; i++) {
		uint64_t word = instruction(&in);

		check_text(word);
		machine_put64(&m, CODE + 8 * i, word);
	}
	execute(&m);
	if (what & FUZZ_CHANGE)
		execute_changed(&m, what);
	shader_get_stats(m.sh, &stats);
	check(stats.lane_instrs <= stats.instrs * SHADER_LANES);
	machine_fini(&m);
	return 0;
}

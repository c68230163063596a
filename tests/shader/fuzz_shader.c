// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target for the shader core: the input is a job, its descriptors and
 * its code. What comes of it is judged by the sanitizers, and by what every
 * answer of the shader core has to fulfil.
 *
 * The input: a byte that says what is unusual, sizes, then instructions. Each of
 * these has a byte that chooses a row of the tables (255: none) and 8 bytes, of
 * which the bits are taken that the row accounts for.
 */
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "machine.h"

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

static void set_up(struct machine *m, struct input *in)
{
	unsigned int what = get(in, 1);

	machine_size(m, get(in, 1) % 40 + 1, what & 1 ? 3 : 1, 1, 2, 1, 1);
	machine_uniform(m, 2, DATA + get(in, 2));
	machine_uniform(m, 3, what & 2 ? 1 : 0);
	machine_uniform(m, 4, 1 << 24 | (what & 4 ? 9 : 0));
	machine_uniform(m, 5, 62 << 24 | 1);
	if (what & 8)
		machine_put32(m, SPD, 8 | 1 << 4 | 2u << 30 | 2 << 17);
	if (what & 16)
		machine_put64(m, DESC + 8 * (get(in, 1) % 64), get(in, 8));
	if (what & 32)
		m->regs[get(in, 1) % 40] = get(in, 4);
	m->stall = what & 64 ? get(in, 1) % 16 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	enum shader_result r = SHADER_MORE;
	struct machine m;

	machine_init(&m);
	set_up(&m, &in);
	for (unsigned int i = 0; in.left && i < 64; i++) {
		uint64_t word = instruction(&in);

		check_text(word);
		machine_put64(&m, CODE + 8 * i, word);
	}
	machine_job(&m);
	for (unsigned int i = 0; i < 40 && (r == SHADER_MORE || r == SHADER_STALL); i++) {
		r = i % 3 == 2 ? shader_run_group(m.sh, &m.job, 500, &m.fault) :
		    shader_run(m.sh, &m.job, 500, &m.fault);
		check(r != SHADER_FAULT || (m.fault.why && m.fault.exception));
		check(r != SHADER_DONE || !m.job.group);
		check(r != SHADER_PAUSED || !m.job.group);
		if (r == SHADER_PAUSED)
			r = SHADER_MORE;
	}
	machine_fini(&m);
	return 0;
}

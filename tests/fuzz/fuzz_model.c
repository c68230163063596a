// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target for the GPU model: the input is a guest's life, and what the
 * model makes of it is judged by the sanitizers and by machine_check().
 *
 * The first byte chooses the state to start from, then actions follow, each of
 * one byte and its operands; see do_action(). Whatever is beyond the end of
 * the input is 0. The order of the actions is the format of the corpus: new
 * ones go to the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

/* An input and how far it was read */
struct input {
	const uint8_t *at;
	size_t left;
};

static struct machine machine;

static uint64_t get(struct input *in, unsigned int bytes)
{
	uint64_t val = 0;

	for (unsigned int i = 0; i < bytes && in->left; i++, in->left--)
		val |= (uint64_t)*in->at++ << (8 * i);
	return val;
}

/* Values that mean something more often than chance would have it */
static const uint64_t values[] = {
	0, 1, 2, 3, 4, 5, 0xff, 0x100, 0xffffffff, -1ull, 0x101, 0x201, 0x304,
	DATA_VA, DATA_VA + 0x200, DATA_VA + 0x300, DATA_VA + 0xff8, HEAP_VA,
	HEAP_VA | 2, HEAP_VA + 0x2000, (HEAP_VA + 0x2000) | 2,
	DATA_VA + DATA_PAGES * 0x1000, SIM_RAM_BASE, SIM_RAM_BASE | 3,
	SIM_RAM_BASE | 0x443, 1ull << 47, 1ull << 48, DATA_VA | 14,
	0x8888888888888888, 6 | 7 << 6 | 15 << 14, INT64_MAX, 8,
	0x6b6b6b6b6b6b6b6b,
};

#define PICK(in, table)	((table)[get(in, 1) % (sizeof(table) / sizeof((table)[0]))])

static uint64_t value(struct input *in)
{
	uint8_t how = get(in, 1);

	return how & 0x80 ? get(in, 1 + (how & 7)) :
			    values[how % (sizeof(values) / sizeof(values[0]))];
}

static uint64_t place(struct input *in)
{
	const struct region *r = &machine.region[get(in, 1) % machine.num_regions];

	return r->pa + get(in, 2) % r->size;
}

/* --- Command streams ---------------------------------------------------------- */

static const uint8_t opcodes[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 16, 17, 18, 20, 21, 22, 23, 24, 25,
	32, 33, 34, 36, 37, 38, 39, 40, 41, 42, 43, 44, 47, 48, 49, 50, 51, 52,
	53, 10, 255,
};

static void emit(struct input *in, uint64_t instr)
{
	uint8_t which = get(in, 1);
	struct group *g = &machine.g[which % 2];
	struct queue *q = &g->q[which >> 1 & 1];

	machine_poke(&machine, q->ring_pa + q->insert % q->ring_size, &instr, 8);
	q->insert += 8;
	machine_poke(&machine, q->io_pa, &q->insert, 8);
	if (which & 0x80)
		wr32(&machine.d, DOORBELL(g->slot + 1), 1);
}

/* Operands are read one by one: C leaves open which of two comes first. */
static uint64_t instruction(struct input *in)
{
	uint64_t op = OP(PICK(in, opcodes));

	return op | get(in, 7);
}

static void emit_any(struct input *in)
{
	emit(in, instruction(in));
}

/* Few registers, so that operands meet */
static void emit_small(struct input *in)
{
	uint64_t regs = get(in, 2);
	uint64_t instr = OP(PICK(in, opcodes));

	instr |= F48((regs & 7) * 4) | F40((regs >> 3 & 7) * 4) |
		 F32((regs >> 6 & 7) * 4);
	emit(in, instr | get(in, 4));
}

static void emit_move(struct input *in)
{
	static const uint8_t where[] = { 0, 4, 8, 12, 16, 20, 24, 28, 33, 34,
					 40, 92, 94 };
	unsigned int reg = PICK(in, where);

	emit(in, I_MOVE(reg, value(in) & 0xffffffffffffull));
}

/* A render pass's tiling, from the heap that the machine has ready */
static void emit_tiling(struct input *in)
{
	uint64_t vertices = get(in, 2);

	emit(in, I_MOVE(4, DATA_VA + 0x100));
	emit(in, I_HEAP_SET(4));
	emit(in, OP(49));
	emit(in, I_MOVE(33, vertices | 1ull << 32));
	emit(in, I_MOVE(40, DATA_VA + 0x200));
	emit(in, OP(5));
}

/* A dispatch of the program that the machine has ready, whatever put_shader() made */
static void emit_compute(struct input *in)
{
	uint32_t threads = get(in, 2), groups = get(in, 1);

	emit(in, I_REQ_RESOURCE(1));
	emit(in, I_MOVE(0, SHADER_VA + SHADER_SRT + (threads >> 15)));
	emit(in, I_MOVE(8, SHADER_VA + SHADER_FAU));
	emit(in, I_MOVE32(9, 4u << 24));
	emit(in, I_MOVE(16, SHADER_VA + SHADER_SPD));
	emit(in, I_MOVE(24, SHADER_VA + SHADER_TSD));
	emit(in, I_MOVE32(33, threads & 0x7c1f));
	emit(in, I_MOVE32(37, groups & 15));
	emit(in, I_MOVE(38, 1 | 1ull << 32));
	emit(in, OP(4));
}

/* Words of shaders that do something */
static const uint64_t shader_words[] = {
	0x01a3c20020273c80ull,	/* SHADDX.u64 r2, u0, r60.w0, shift:0x2 */
	0x0860808218000002ull,	/* LOAD.i32.unsigned.slot0.wait0 @r0, r2, offset:0 */
	0x0110c00000000100ull,	/* IADD_IMM.i32 r0, r0, #0x1 */
	0x0061400218000002ull,	/* STORE.i32.slot0 @r0, r2, offset:0 */
	0x7861400218000002ull,	/* STORE.i32.slot0.end @r0, r2, offset:0 */
	0x501fc017ffffffc0ull,	/* BRANCHZ.eq.reconverge 0x0, offset:-1 */
	0x501fc007fffffe00ull,	/* BRANCHZ.reconverge r0, offset:-2 */
	0x4845c001c0000000ull,	/* BARRIER.slot7.wait */
	0x7800c00000000000ull,	/* NOP.end */
};

static void put_shader(struct input *in)
{
	uint8_t where = get(in, 1);
	uint64_t word = where & 0x80 ? get(in, 8) : PICK(in, shader_words);

	machine_poke(&machine, machine.shader_pa + (where & 7) * 8, &word, 8);
}

/* Call a buffer in one of few places, into which put_code() writes */
static void emit_call(struct input *in)
{
	uint8_t where = get(in, 1);

	emit(in, I_MOVE(80, DATA_VA + 0x1000 + (where & 3) * 0x20));
	emit(in, I_MOVE32(82, (1 + (where >> 2 & 7)) * 8));
	emit(in, I_CALL(80, 82));
}

static void put_code(struct input *in)
{
	uint8_t where = get(in, 1);
	uint64_t instr = where & 0x80 ? I_CALL(80, 82) : instruction(in);

	machine_poke(&machine, machine.data_pa[1] + (where & 15) * 8, &instr, 8);
}

/* --- Registers and memory ------------------------------------------------------- */

static const uint32_t registers[] = {
	0x20, 0x24, 0x28, 0x2c, 0x30, 0x34, 0x3c, 0x48, 0x88, 0x90, 0x98,
	0x140, 0x160, 0x180, 0x190, 0x1a0, 0x1c0, 0x1d0, 0x1e0, 0x200, 0x220,
	0x304, 0x700, 0x704, 0x1000, 0x1004, 0x1008, 0x100c, 0x2000, 0x2004,
	0x2008, 0x200c, 0x2400, 0x2408, 0x2410, 0x2418, 0x241c, 0x2420, 0x2428,
	0x2430, 0x2440, 0x2448, 0x2450, 0x2458, 0x2468, 0x2470, 0x10000,
	0x80000, 0x90000, 0xa0000, 0xb0000,
};

static void write_register(struct input *in)
{
	uint32_t reg = PICK(in, registers);

	mali_mmio_write(machine.d.m, reg, value(in), 4);
}

static void access_anything(struct input *in)
{
	uint32_t at = get(in, 3);
	unsigned int size = at & 0x800000 ? 8 : 4;

	at &= 0x3fffff;
	if (get(in, 1) & 1)
		mali_mmio_write(machine.d.m, at, get(in, size), size);
	else
		mali_mmio_read(machine.d.m, at, size);
}

static void poke(struct input *in)
{
	uint64_t pa = place(in), val = value(in);

	machine_poke(&machine, pa, &val, 8);
}

static void flip(struct input *in)
{
	uint64_t pa = place(in);
	uint8_t byte;

	if (pa + 1 > machine.d.sim.ram_base + machine.d.sim.ram_size)
		return;
	sim_read(&machine.d.sim, pa, &byte, 1);
	byte ^= 1 << get(in, 1) % 8;
	machine_poke(&machine, pa, &byte, 1);
}

static void as_command(struct input *in)
{
	unsigned int as = get(in, 1) % 8;

	if (as & 4)
		wr64(&machine.d, AS_REG(as & 3, AS_LOCKADDR), value(in));
	wr32(&machine.d, AS_REG(as & 3, AS_CMD), get(in, 1) % 7);
}

/* --- The firmware ------------------------------------------------------------------ */

static void request(unsigned int slot, uint32_t how)
{
	struct driver *d = &machine.d;
	uint32_t req = mem32(d, d->csg_in[slot] + SI_REQ), db;

	req = (req & ~7u) | (how & 7);
	req ^= how & 0x30;
	machine_poke(&machine, d->csg_in[slot] + SI_REQ, &req, 4);
	db = mem32(d, d->csg_in[slot] + SI_DB_REQ) ^ how >> 6;
	machine_poke(&machine, d->csg_in[slot] + SI_DB_REQ, &db, 4);
	db = mem32(d, d->glb_in + GI_DB_REQ) ^ 1u << slot;
	machine_poke(&machine, d->glb_in + GI_DB_REQ, &db, 4);
	wr32(d, DOORBELL(0), 1);
}

static void ask_group(struct input *in)
{
	unsigned int slot = get(in, 1) % 4;

	request(slot, get(in, 1));
}

/* Suspend a group, change what was saved of it, and resume it */
static void corrupt(struct input *in)
{
	unsigned int slot = get(in, 1) % NUM_GROUPS;
	uint64_t pa = machine.g[slot].suspend_pa;
	uint32_t word;

	request(slot, 2);
	machine_pass(&machine, 100000);
	pa += get(in, 2) % machine.d.suspend_size & ~3u;
	word = mem32(&machine.d, pa) ^ (uint32_t)value(in);
	machine_poke(&machine, pa, &word, 4);
	request(slot, 3);
}

static void ask_global(struct input *in)
{
	struct driver *d = &machine.d;
	uint32_t req = mem32(d, d->glb_in + GI_REQ) ^ (uint32_t)get(in, 2);

	machine_poke(&machine, d->glb_in + GI_REQ, &req, 4);
	wr32(d, DOORBELL(0), 1);
}

/* Acknowledge every event of a stream, an answer to out-of-memory with it */
static void acknowledge(struct input *in)
{
	struct driver *d = &machine.d;
	unsigned int slot = get(in, 1) % 3, cs = get(in, 1) % NUM_QUEUES;
	uint64_t chunk = value(in);
	uint32_t req, ack;

	ack = mem32(d, d->cs_out[slot][cs] + CO_ACK);
	req = mem32(d, d->cs_in[slot][cs] + CI_REQ);
	req = (req & ~C_EVENTS) | (ack & C_EVENTS);
	machine_poke(&machine, d->cs_in[slot][cs] + CI_REQ, &req, 4);
	machine_poke(&machine, d->cs_in[slot][cs] + 0x20, &chunk, 8);
	ack = mem32(d, d->csg_in[slot] + SI_DB_REQ) ^ 1u << cs;
	machine_poke(&machine, d->csg_in[slot] + SI_DB_REQ, &ack, 4);
	ack = mem32(d, d->glb_in + GI_DB_REQ) ^ 1u << slot;
	machine_poke(&machine, d->glb_in + GI_DB_REQ, &ack, 4);
	wr32(d, DOORBELL(0), 1);
}

/* --- Everything else ------------------------------------------------------------------ */

static void pass_time(struct input *in)
{
	static const uint64_t ns[] = { 1000, 100000, 1000000, 20000000,
				       3000000000ull };

	machine_pass(&machine, PICK(in, ns));
}

static void inject(struct input *in)
{
	struct mali_injection i = { .kind = get(in, 1) % 11 };

	i.csg = (int)(get(in, 1) % 10) - 1;
	i.cs = (int)(get(in, 1) % 10) - 1;
	i.hard = get(in, 1) & 1;
	i.line = get(in, 1) % 4;
	i.count = get(in, 1);
	i.pa = place(in);
	i.size = get(in, 2);
	i.as = (int)(get(in, 1) % 10) - 1;
	i.va = value(in);
	i.exception = get(in, 1);
	i.protm = get(in, 1) & 1;
	i.slow = get(in, 1) % 7;
	i.ns = value(in);
	mali_inject(machine.d.m, &i);
}

static void count_table(void *opaque, uint64_t pa, int level, unsigned int valid)
{
	unsigned int *n = opaque;

	(void)pa;
	if (level > 3 || valid > 512)
		abort();
	++*n;
}

static void look(struct input *in)
{
	uint8_t how = get(in, 1);
	struct mali_translation t;
	struct mali_slot slot;
	unsigned int n = 0;

	if (how & 0x80)
		mali_walk_tables(machine.d.m, how & 15, count_table, &n);
	else if (how & 0x40)
		mali_get_slot(machine.d.m, how & 15, &slot);
	else
		mali_translate(machine.d.m, how & 15, value(in), &t);
}

static void do_action(struct input *in)
{
	static void (*const actions[])(struct input *in) = {
		emit_any, emit_small, emit_move, write_register,
		access_anything, poke, flip, as_command, ask_group, ask_global,
		acknowledge, pass_time, inject, look, emit_tiling,
		emit_call, put_code, corrupt, emit_compute, put_shader,
	};

	PICK(in, actions)(in);
}

static void live(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	unsigned int start;

	start = get(&in, 1);
	machine_restore(&machine, start % NUM_STARTS);
	/* Every access by copying, as where the guest has no plain RAM */
	machine.d.sim.no_page_ptr = start / NUM_STARTS & 1;
	while (in.left) {
		do_action(&in);
		machine_check(&machine);
	}
	machine_pass(&machine, 1000000);
	machine_check(&machine);
}

/* What a function that comes later finds on the stack if it did not write it */
static void __attribute__((noinline)) soil_stack(int with)
{
	volatile uint8_t soil[32768];

	for (unsigned int i = 0; i < sizeof(soil); i++)
		soil[i] = with;
}

/* The same life again must end the same way, whatever the stack held before. */
static void live_twice(const uint8_t *data, size_t size)
{
	uint64_t hash;

	soil_stack(0x55);
	live(data, size);
	hash = machine_hash(&machine);
	soil_stack(0xaa);
	live(data, size);
	if (machine_hash(&machine) == hash)
		return;
	fprintf(stderr, "the same input ends in two ways\n");
	abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	machine_init(&machine);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned long count;

	if (++count % 256)
		live(data, size);
	else
		live_twice(data, size);
	return 0;
}

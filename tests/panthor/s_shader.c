// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compute shaders and the driver: one that faults, one that never ends, and groups
 * that leave their slot, are destroyed or lose the GPU in the middle of a dispatch.
 *
 * Each thread of a dispatch adds 1 to a word of its own, so that a thread that was
 * left out shows as well as one that was executed twice.
 *
 * Each fault is the exception that docs/shaders.md has for it, as the driver's own
 * message has it, with its address.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host.h"
#include "inject.h"
#include "scenarios.h"
#include "tap.h"
#include "work.h"

#define TIMEDOUT	DRM_PANTHOR_GROUP_STATE_TIMEDOUT
#define FATAL		DRM_PANTHOR_GROUP_STATE_FATAL_FAULT
#define LAB_VA		(DATA_VA + 32 * SZ_1G)
#define LAB_PAGE	4096u
#define MEMBERS		12u	/* there are 8 slots */
#define WORDS		4096u	/* of each member */
#define OUT(m)		(LAB_VA + SZ_1M + (m) * SZ_64K)
#define SB_ENDPOINT	1

/* Registers of RUN_COMPUTE */
#define R_SRT		0
#define R_FAU		8
#define R_SPD		16
#define R_TSD		24
#define R_JOB		32

/* What is in the first page of a laboratory, and the page of each member */
enum program {
	COUNT,		/* adds 1 to the thread's word, after u3 rounds */
	ENDLESS,
	BROKEN,
	HALF_BARRIER,	/* only some threads of a warp come to the barrier */
	NUM_PROGRAMS,
};

static const uint64_t programs[NUM_PROGRAMS][8] = {
	[COUNT] = {
		0x0091c10000000083ull,	/* MOV.i32 r1, u3 */
		0x00a8c1000000c101ull,	/* IADD.s32 r1, r1, 0xFFFFFFFF */
		0x501fc007fffffe01ull,	/* BRANCHZ.reconverge r1, offset:-2 */
		0x01a3c20020273c80ull,	/* SHADDX.u64 r2, u0, r60.w0, shift:0x2 */
		0x0860808218000002ull,	/* LOAD.i32.unsigned.slot0.wait0 @r0, r2 */
		0x0110c00000000100ull,	/* IADD_IMM.i32 r0, r0, #0x1 */
		0x7861400218000002ull,	/* STORE.i32.slot0.end @r0, r2 */
	},
	[ENDLESS] = { 0x501fc017ffffffc0ull },	/* BRANCHZ.eq.reconverge 0x0, offset:-1 */
	[BROKEN] = { ~0ull },
	[HALF_BARRIER] = {
		0x00b4c1091cc0cf3cull,	/* LSHIFT_AND.i32 r1, r60, 0x1F1E1D1C.b33, 0x0.not */
		0x501fc00000000101ull,	/* BRANCHZ.reconverge r1, offset:1 */
		0x4845c001c0000000ull,	/* BARRIER.slot7.wait */
		0x7800c00000000000ull,	/* NOP.end */
	},
};

/* Where a program is */
#define CODE(program)	(LAB_VA - SZ_1M + (program) * sizeof(programs[0]))
#define NOWHERE		(LAB_VA + 64ull * SZ_1M)

/* Descriptors of a member, in a page of its own */
struct desc {
	uint64_t program[4];
	uint64_t storage[8];
	uint64_t srt[4];
	uint64_t fau[2];
};

struct lab {
	struct gpu *owner;
	struct pan_bo code;
	struct pan_bo data;
};

static struct desc *desc_of(struct lab *l, unsigned int m)
{
	return (void *)((char *)l->data.map + m * LAB_PAGE);
}

static uint32_t *out_of(struct lab *l, unsigned int m)
{
	return (void *)((char *)l->data.map + (OUT(m) - LAB_VA));
}

static void lab_open(struct lab *l, struct gpu *owner)
{
	l->owner = owner;
	gpu_bo(owner, SZ_64K, &l->code);
	memcpy(l->code.map, programs, sizeof(programs));
	/* Code may be executed, data may not */
	need(pan_map(owner->pan, owner->vm, LAB_VA - SZ_1M, &l->code, 0, SZ_64K,
		     DRM_PANTHOR_VM_BIND_OP_MAP_READONLY));
	gpu_bo(owner, 2 * SZ_1M, &l->data);
	gpu_map(owner, LAB_VA, &l->data, 0, 2 * SZ_1M);
	memset(l->data.map, 0, l->data.size);
}

static void lab_close(struct lab *l)
{
	pan_bo_destroy(l->owner->pan, &l->code);
	pan_bo_destroy(l->owner->pan, &l->data);
}

/* A stream that dispatches @groups workgroups of 16 threads, counting from @out on */
static struct cs dispatch(struct lab *l, unsigned int m, enum program program,
			  uint64_t out, uint32_t groups, uint32_t rounds)
{
	uint64_t va = LAB_VA + m * LAB_PAGE;
	struct cs cs = gpu_cs(l->owner);
	struct desc *d = desc_of(l, m);

	*d = (struct desc){
		/* A compute program, r55 to r62 preloaded, 64 registers */
		.program = { 8 | 1 << 4 | 0x7f80ull << 32,
			     CODE(program) },
		/* No memory of workgroups */
		.storage = { 31ull << 32 },
		.fau = { out, (uint64_t)rounds << 32 },
	};
	cs_mov48(&cs, R_SRT, va + offsetof(struct desc, srt));
	cs_mov48(&cs, R_FAU, va + offsetof(struct desc, fau));
	cs_mov32(&cs, R_FAU + 1, (va + offsetof(struct desc, fau)) >> 32 | 2u << 24);
	cs_mov48(&cs, R_SPD, va + offsetof(struct desc, program));
	cs_mov48(&cs, R_TSD, va + offsetof(struct desc, storage));
	cs_mov32(&cs, R_JOB, 0);
	cs_mov32(&cs, R_JOB + 1, 15);
	for (unsigned int i = 2; i < 8; i++)
		cs_mov32(&cs, R_JOB + i, i < 5 ? 0 : i == 5 ? groups : 1);
	cs_emit(&cs, 34, 1);		/* REQ_RESOURCE compute */
	cs_emit(&cs, 4, 0);		/* RUN_COMPUTE */
	cs_wait(&cs, SB_ENDPOINT);
	cs_end(&cs);
	gpu_cs_keep(l->owner, &cs);
	return cs;
}

/* How many of a member's words are @val */
static unsigned int words_with(struct lab *l, unsigned int m, uint32_t val)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < WORDS; i++)
		n += out_of(l, m)[i] == val;
	return n;
}

/* --- Faults -------------------------------------------------------------------- */

/**
 * struct fault - a dispatch that cannot be done, and what the driver says of it
 * @name: What is wrong.
 * @program: What is dispatched.
 * @out: Where it counts; 0 is where it may.
 * @spoil: Makes the descriptors wrong, or NULL.
 * @exception: As the driver has it.
 * @access: Of a fault of the MMU: what it was.
 * @at: The address that goes with it.
 */
struct fault {
	const char *name;
	enum program program;
	uint64_t out;
	void (*spoil)(struct desc *d);
	const char *exception, *access;
	uint64_t at;
};

static void be_something_else(struct desc *d)
{
	d->program[0] ^= 1;
}

static void have_odd_registers(struct desc *d)
{
	d->program[0] |= 1 << 30;
}

static void begin_misaligned(struct desc *d)
{
	d->program[1] += 4;
}

static void begin_in_data(struct desc *d)
{
	d->program[1] = OUT(1);
}

static void begin_nowhere(struct desc *d)
{
	d->program[1] = NOWHERE;
}

static void have_odd_storage(struct desc *d)
{
	d->storage[1] |= 2ull << 60;
}

/* Told to the stream, which can go on; then the group can, too */
static const struct fault recoverable[] = {
	{ "a word that is no instruction", BROKEN, 0, NULL,
	  "0x51 (INSTR_INVALID_ENC)", NULL, CODE(BROKEN) },
	{ "a program that is not aligned", COUNT, 0, begin_misaligned,
	  "0x50 (INSTR_INVALID_PC)", NULL, CODE(COUNT) + 4 },
	{ "a descriptor that is no program's", COUNT, 0, be_something_else,
	  "0x58 (DATA_INVALID_FAULT)", NULL, LAB_VA },
	{ "a number of registers that there is not", COUNT, 0, have_odd_registers,
	  "0x58 (DATA_INVALID_FAULT)", NULL, LAB_VA },
	{ "a descriptor of storage that is none", COUNT, 0, have_odd_storage,
	  "0x58 (DATA_INVALID_FAULT)", NULL, LAB_VA + offsetof(struct desc, storage) },
	{ "a barrier that half of the threads reach", HALF_BARRIER, 0, NULL,
	  "0x55 (INSTR_BARRIER_FAULT)", NULL, CODE(HALF_BARRIER) + 16 },
	{ "an address beyond 48 bits", COUNT, 1ull << 50, NULL,
	  "0x5a (ADDR_RANGE_FAULT)", NULL, 1ull << 50 },
};

/* Faults of the MMU end the group */
static const struct fault fatal[] = {
	{ "a load of what is not mapped", COUNT, NOWHERE, NULL,
	  "TRANSLATION_FAULT_", "READ", NOWHERE },
	{ "a store to what is read only", COUNT, CODE(0), NULL,
	  "PERM_FAULT_", "WRITE", CODE(0) },
	{ "a program in memory without execute permission", COUNT, 0, begin_in_data,
	  "PERM_FAULT_", "EXECUTE", OUT(1) },
	{ "a program where nothing is mapped", COUNT, 0, begin_nowhere,
	  "TRANSLATION_FAULT_", "EXECUTE", NOWHERE },
};

static void run_fault(struct lab *l, struct gpu *g, const struct fault *f)
{
	struct cs cs = dispatch(l, 0, f->program, f->out ? f->out : OUT(0), 16, 1);

	if (f->spoil)
		f->spoil(desc_of(l, 0));
	kmsg_mark();
	need(gpu_queue(g, 0, &cs, 0, g->done));
	ok(ends(g, 2000), "%s: the job is over", f->name);
}

/* A test point: the driver says all of @format */
static void says(const char *name, const char *format, ...)
{
	char text[128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ok(kmsg_wait(text, 1000), "%s: the driver says \"%s\"", name, text);
}

/* Each thread of another dispatch counts once */
static void still_counts(struct lab *l, struct gpu *g, uint32_t *count, const char *name)
{
	struct cs cs = dispatch(l, 0, COUNT, OUT(0), WORDS / 16, 1);

	++*count;
	ok(!gpu_run(g, &cs) && words_with(l, 0, *count) == WORDS,
	   "%s: the next dispatch is right", name);
}

void run_shader_fault(void)
{
	uint32_t count = 0;
	struct gpu owner;
	struct pan p;
	struct lab l;

	need(pan_open(&p));
	gpu_open(&owner, &p);
	lab_open(&l, &owner);
	still_counts(&l, &owner, &count, "before all");
	for (unsigned int i = 0; i < ARRAY_SIZE(recoverable); i++) {
		const struct fault *f = &recoverable[i];

		run_fault(&l, &owner, f);
		says(f->name, "CS_FAULT.EXCEPTION_TYPE: %s", f->exception);
		says(f->name, "CS_FAULT_INFO.EXCEPTION_DATA: 0x%llx",
		     (unsigned long long)f->at);
		ok(pan_fence_status(&p, owner.done) == -EINVAL, "%s: its fence says so",
		   f->name);
		still_counts(&l, &owner, &count, f->name);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(fatal); i++) {
		const struct fault *f = &fatal[i];

		run_fault(&l, &owner, f);
		says(f->name, "at VA 0x%016llX", (unsigned long long)f->at);
		says(f->name, ": %s", f->exception);
		says(f->name, ": %s", f->access);
		group_is(&owner, FATAL, -EINVAL, f->name);
		need(gpu_revive(&owner));
		still_counts(&l, &owner, &count, f->name);
	}
	lab_close(&l);
	gpu_close(&owner);
	life_goes_on("after shaders that fault");
	pan_close(&p);
}

/* --- Without an end -------------------------------------------------------------- */

void run_shader_endless(void)
{
	struct copier c;
	struct gpu owner;
	uint64_t resets;
	int failed = 0;
	struct pan p;
	struct lab l;
	struct cs cs;
	long start;

	need(pan_open(&p));
	kmsg_mark();
	resets = gpu_stat("resets");
	gpu_open(&owner, &p);
	lab_open(&l, &owner);
	copier_open(&c, &p);
	cs = dispatch(&l, 0, ENDLESS, OUT(0), 1, 1);
	start = now_ms();
	need(gpu_queue(&owner, 0, &cs, 0, owner.done));
	while (!ends(&owner, 0) && now_ms() - start < 8000) {
		failed += !!copier_run(&c);
		sleep_ms(20);
	}
	note("it ended after %ld ms", now_ms() - start);
	ok(now_ms() - start > 2000, "the progress timer gives an endless shader its time");
	ok(ends(&owner, 0), "and ends it");
	said("progress timeout");
	group_is(&owner, TIMEDOUT, -ETIMEDOUT, "the group timed out");
	is(failed, 0, "copies of others are done and right meanwhile");
	is(gpu_stat("resets") - resets, 0, "and no reset was needed");
	copier_close(&c);
	lab_close(&l);
	gpu_close(&owner);
	life_goes_on("after an endless shader");
	pan_close(&p);
}

/* --- In the middle ---------------------------------------------------------------- */

/* More groups than slots: they are suspended in the middle, again and again. */
void run_shader_rotate(void)
{
	struct gpu owner, member[MEMBERS];
	unsigned int right = 0;
	struct pan p;
	struct lab l;

	need(pan_open(&p));
	gpu_open(&owner, &p);
	lab_open(&l, &owner);
	for (unsigned int m = 0; m < MEMBERS; m++)
		member_open(&member[m], &owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
	for (unsigned int m = 0; m < MEMBERS; m++) {
		struct cs cs = dispatch(&l, m, COUNT, OUT(m), WORDS / 16, 3000);

		need(gpu_queue(&member[m], 0, &cs, 0, member[m].done));
	}
	for (unsigned int m = 0; m < MEMBERS; m++) {
		ok(ends(&member[m], 10000), "dispatch %u of more than there are slots ends", m);
		right += words_with(&l, m, 1) == WORDS;
	}
	is(right, MEMBERS, "each thread of each was executed once");
	for (unsigned int m = 0; m < MEMBERS; m++)
		member_close(&member[m]);
	lab_close(&l);
	gpu_close(&owner);
	pan_close(&p);
}

/* Queue an endless shader and wait until it runs */
static void start_endless(struct lab *l, struct gpu *g, unsigned int m)
{
	struct cs cs = dispatch(l, m, ENDLESS, OUT(m), 1, 1);

	need(gpu_queue(g, 0, &cs, 0, g->done));
	need(slot_of_stream(&cs) < 0 ? -ENOENT : 0);
}

void run_shader_killed(void)
{
	struct gpu owner, member;
	uint64_t resets, work;
	struct pan p;
	struct lab l;

	need(pan_open(&p));
	kmsg_mark();
	gpu_open(&owner, &p);
	lab_open(&l, &owner);
	resets = gpu_stat("resets");
	member_open(&member, &owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
	start_endless(&l, &member, 0);
	member_close(&member);
	sleep_ms(200);
	work = gpu_stat("lane-instrs");
	ok(work, "an endless shader ran");
	sleep_ms(200);
	is(gpu_stat("lane-instrs") - work, 0, "its group is destroyed, and it with it");
	is(gpu_stat("resets") - resets, 0, "without a reset");

	member_open(&member, &owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
	start_endless(&l, &member, 0);
	need(induce("\"kind\": \"firmware-crash\""));
	ok(reset_within(resets, 8000), "under another one the firmware crashes: a reset");
	ok(ends(&member, 5000), "which ends the shader");
	work = gpu_stat("lane-instrs");
	sleep_ms(200);
	is(gpu_stat("lane-instrs") - work, 0, "for good");
	member_close(&member);
	lab_close(&l);
	gpu_close(&owner);
	life_goes_on("after the reset");
	pan_close(&p);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command-stream interpreter, through a real ring in a real group: every
 * instruction with the bounds of its operands, faults and what becomes of
 * them, control flow, synchronisation, and the job that Panthor emits.
 */
#include <pthread.h>

#include "cs_fixture.h"

/* --- Opcodes and operands -------------------------------------------------------- */

enum expect { INVALID, DONE, NO_ENDPOINT, BLOCKS };

/* Opcodes of architecture 10; an address in 4, zero in 6 */
static enum expect expected(unsigned int op)
{
	switch (op) {
	case 0 ... 3: case 9: case 11: case 16 ... 18: case 20 ... 23:
	case 25: case 32: case 34: case 36 ... 40: case 42: case 43:
	case 47: case 48: case 50 ... 53:
	case 5:			/* tiles no vertex */
		return DONE;
	case 4: case 6 ... 8: case 44:
		return NO_ENDPOINT;
	case 24:		/* no stream gets that far */
	case 49:		/* there is no heap context at address 0 */
		return BLOCKS;
	default:		/* JUMP is refused in the ring */
		return INVALID;
	}
}

static void test_opcodes(void)
{
	struct cs *c = cs_new();

	for (unsigned int op = 0; op < 256; op++) {
		uint64_t instr = OP(op) | F40(4) | F32(6);
		enum expect want = expected(op);
		struct result r;
		bool good;

		fresh(c);
		r = RUN(c, I_MOVE(4, DATA), instr, I_NOP);
		good = r.extract == (want == INVALID || want == BLOCKS ? 8 : 24);
		if (want == INVALID)
			good &= r.events == C_FATAL && r.fatal == EXC_INVALID &&
				r.fatal_info == instr;
		else if (want == NO_ENDPOINT)
			good &= r.events == C_FAULT && r.fault == EXC_ENDPOINT &&
				r.fault_info == instr;
		else
			good &= !r.events;
		if (!ok(good, "opcode %u", op))
			diag("events 0x%x, fatal 0x%x, extract %" PRIu64,
			     r.events, r.fatal, r.extract);
	}
	cs_delete(c);
}

static void test_operands(void)
{
	static const struct {
		const char *name;
		uint64_t instr;
		unsigned int shift, width;
	} fields[] = {
		{ "MOVE destination", I_MOVE(0, 0), 48, 2 },
		{ "MOVE32 destination", I_MOVE32(0, 0), 48, 1 },
		{ "ADD32 destination", I_ADD32(0, 0, 0), 48, 1 },
		{ "ADD32 source", I_ADD32(0, 0, 0), 40, 1 },
		{ "ADD64 destination", I_ADD64(0, 0, 0), 48, 2 },
		{ "ADD64 source", I_ADD64(0, 0, 0), 40, 2 },
		{ "UMIN destination", I_UMIN(0, 0, 0), 48, 1 },
		{ "UMIN first source", I_UMIN(0, 0, 0), 32, 1 },
		{ "UMIN second source", I_UMIN(0, 0, 0), 40, 1 },
		{ "LOAD address", I_LOAD(0, 0, 0, 0), 40, 2 },
		{ "LOAD of one register", I_LOAD(0, 4, 1, 0), 48, 1 },
		{ "LOAD of 16 registers", I_LOAD(0, 4, 0xffff, 0), 48, 16 },
		{ "LOAD of the third of three", I_LOAD(0, 4, 4, 0), 48, 3 },
		{ "STORE address", I_STORE(0, 0, 0, 0), 40, 2 },
		{ "STORE of one register", I_STORE(0, 4, 1, 0), 48, 1 },
		{ "STORE of 16 registers", I_STORE(0, 4, 0xffff, 0), 48, 16 },
		{ "STORE with a hole", I_STORE(0, 4, 0x21, 0), 48, 6 },
		{ "BRANCH value", I_BRANCH(LT, 0, 1), 40, 1 },
		{ "PROGRESS_WAIT source", I_PROGRESS_WAIT(0, 0), 40, 2 },
		{ "SET_EXCEPTION_HANDLER address", I_HANDLER(0, 0), 40, 2 },
		{ "SET_EXCEPTION_HANDLER length", I_HANDLER(0, 0), 32, 1 },
		{ "CALL address", I_CALL(0, 6), 40, 2 },
		{ "CALL length", I_CALL(6, 0), 32, 1 },
		{ "FLUSH_CACHE2 identity", I_FLUSH(0, 0), 40, 1 },
		{ "SYNC_ADD32 address", I_ADD_SYNC32(0, 6, 0), 40, 2 },
		{ "SYNC_ADD32 data", I_ADD_SYNC32(4, 0, 0), 32, 1 },
		{ "SYNC_SET32 address", I_SET_SYNC32(0, 6, 0), 40, 2 },
		{ "SYNC_SET32 data", I_SET_SYNC32(4, 0, 0), 32, 1 },
		{ "SYNC_WAIT32 address", I_WAIT_SYNC32(LE, 0, 6, 0), 40, 2 },
		{ "SYNC_WAIT32 data", I_WAIT_SYNC32(LE, 4, 0, 0), 32, 1 },
		{ "SYNC_ADD64 address", I_ADD_SYNC64(0, 6, 0), 40, 2 },
		{ "SYNC_ADD64 data", I_ADD_SYNC64(4, 0, 0), 32, 2 },
		{ "SYNC_SET64 address", I_SET_SYNC64(0, 6, 0), 40, 2 },
		{ "SYNC_SET64 data", I_SET_SYNC64(4, 0, 0), 32, 2 },
		{ "SYNC_WAIT64 address", I_WAIT_SYNC64(LE, 0, 6, 0), 40, 2 },
		{ "SYNC_WAIT64 data", I_WAIT_SYNC64(LE, 4, 0, 0), 32, 2 },
		{ "STORE_STATE address", I_STORE_STATE(0, 0, 0), 40, 2 },
		{ "PROGRESS_STORE source", I_PROGRESS_STORE(0), 40, 2 },
		{ "PROGRESS_LOAD destination", I_PROGRESS_LOAD(0), 48, 2 },
		{ "HEAP_SET address", I_HEAP_SET(0), 40, 2 },
	};
	struct cs *c = cs_new();

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		unsigned int limit = 97 - fields[i].width;
		bool good = true;

		for (unsigned int v = limit - 1; v < 256; v++) {
			uint64_t instr = fields[i].instr |
					 (uint64_t)v << fields[i].shift;
			struct result r;

			fresh(c);
			r = RUN(c, I_MOVE(4, DATA), instr);
			if (v < limit)
				good &= !(r.events & C_FATAL);
			else
				good &= r.events == C_FATAL &&
					r.fatal == EXC_INVALID &&
					r.fatal_info == instr && r.extract == 8;
		}
		ok(good, "%s: register %u is the last", fields[i].name,
		   limit - 1);
	}
	fresh(c);
	ok(!RUN(c, I_MOVE(4, DATA), I_LOAD(200, 4, 0, 0)).events,
	   "a LOAD of no register has none that is not there");
	cs_delete(c);
}

static void test_other_operands(void)
{
	const struct {
		const char *name;
		uint64_t instr;
	} bad[] = {
		{ "SYNC_WAIT32 for equality", I_WAIT_SYNC32(EQ, 4, 6, 0) },
		{ "SYNC_WAIT64 for less", I_WAIT_SYNC64(LT, 4, 6, 0) },
		{ "SYNC_WAIT64, condition 15", I_WAIT_SYNC64(15, 4, 6, 0) },
		{ "BRANCH, condition 7", I_BRANCH(7, 6, 0) },
		{ "SET_SB_ENTRY, endpoint 8", I_SB_ENTRY(8, 0) },
		{ "SET_SB_ENTRY, other 8", I_SB_ENTRY(0, 8) },
		{ "PROGRESS_WAIT, queue 8", I_PROGRESS_WAIT(8, 6) },
		{ "PROT_REGION", I_PROT_REGION },
		{ "JUMP in the ring", I_JUMP(4, 6) },
	};
	struct cs *c = cs_new();
	struct result r;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fresh(c);
		r = RUN(c, I_MOVE(4, DATA), bad[i].instr);
		is_fatal(&r, EXC_INVALID, bad[i].instr, bad[i].name);
	}
	fresh(c);
	r = RUN(c, I_SB_ENTRY(7, 7), I_REQ_RESOURCE(0xd), I_WAIT(0xff));
	drv_csg_toggle(&c->d, 0, S_STATUS_UPDATE);
	ok(!r.events && mem32(&c->d, c->d.cs_out[0][0] + CO_RESOURCE) == 0xd,
	   "REQ_RESOURCE shows in the status");
	cs_delete(c);
}

/* --- Registers ---------------------------------------------------------------------- */

static void reference_alu(uint32_t *r, uint64_t i)
{
	unsigned int d = i >> 48 & 0xff, a = i >> 40 & 0xff, b = i >> 32 & 0xff;
	uint64_t v;

	switch (i >> 56) {
	case 1:
		r[d] = (uint32_t)i;
		r[d + 1] = i >> 32 & 0xffff;
		break;
	case 2:
		r[d] = (uint32_t)i;
		break;
	case 16:
		r[d] = r[a] + (uint32_t)i;
		break;
	case 17:
		v = r[a] + ((uint64_t)r[a + 1] << 32);
		v += (uint64_t)((int64_t)(i << 32) >> 32);
		r[d] = (uint32_t)v;
		r[d + 1] = v >> 32;
		break;
	case 18:
		r[d] = r[b] < r[a] ? r[b] : r[a];
		break;
	}
}

static uint64_t random_alu(uint64_t *seed)
{
	uint64_t r = sim_random(seed), d = r % 93, a = (r >> 8) % 93;
	uint64_t b = (r >> 16) % 93, imm = sim_random(seed);

	switch (r >> 40 & 7) {
	case 0:
		return I_MOVE(d, imm & 0xffffffffffff);
	case 1:
		return I_MOVE32(d, imm);
	case 2: case 3:
		return I_ADD32(d, a, imm >> (r >> 50 & 31));
	case 4: case 5:
		return I_ADD64(d, a, imm);
	default:
		return I_UMIN(d, a, b);
	}
}

static void test_alu(void)
{
	struct cs *c = cs_new();
	uint64_t seed = 20250607;

	for (unsigned int n = 0; n < 40; n++) {
		uint32_t want[96] = { 0 }, got[NUM_REGS];
		uint64_t prog[512];

		fresh(c);
		for (unsigned int i = 0; i < 512; i++) {
			prog[i] = random_alu(&seed);
			reference_alu(want, prog[i]);
		}
		run(c, prog, 512);
		dump(c, got);
		is_mem(got, want, sizeof(got), "random arithmetic %u", n);
	}
	fresh(c);
	RUN(c, I_MOVE(0, 0xfffffffffffe), I_ADD64(0, 0, 5), I_MOVE(2, 1),
	    I_ADD64(2, 2, -2), I_ADD64(5, 2, 0), I_MOVE32(7, ~0u),
	    I_ADD32(7, 7, 1));
	ok(reg(c, 0) == 3 && reg(c, 1) == 0x10000, "ADD64 carries");
	ok(reg(c, 2) == ~0u && reg(c, 3) == ~0u, "its immediate is signed");
	ok(reg(c, 5) == ~0u && reg(c, 6) == ~0u, "odd pairs work");
	is_u64(reg(c, 7), 0, "ADD32 wraps");
	cs_delete(c);
}

/* --- Loads and stores --------------------------------------------------------------- */

static uint32_t word_at(uint64_t va, uint32_t salt)
{
	return (uint32_t)(va * 2654435761u) ^ salt;
}

static void fill(struct cs *c, uint32_t salt)
{
	for (uint64_t va = DATA; va < HOLE; va += 4)
		set32(c, va, word_at(va, salt));
}

/* An address so that offset and mask stay in the data pages */
static uint64_t random_va(uint64_t *seed)
{
	/* Every other one near a page boundary */
	uint64_t r = sim_random(seed);
	uint64_t va = DATA + 64 + r % (DATA_PAGES * 4096 - 192);

	if (r >> 63)
		va = DATA + (1 + (r >> 32) % 3) * 4096 - 64 + r % 68;
	return va & ~3ull;
}

static void test_load_random(void)
{
	struct cs *c = cs_new();
	uint64_t seed = 17;
	bool good = true;

	fill(c, 0);
	for (unsigned int n = 0; good && n < 400; n++) {
		uint32_t mask = sim_random(&seed) & sim_random(&seed) & 0xffff;
		unsigned int base = sim_random(&seed) % 78;
		int64_t off = (int16_t)sim_random(&seed);
		uint32_t got[NUM_REGS], want[NUM_REGS];
		uint64_t va = random_va(&seed);

		if (n < 2)
			mask = n ? 0xffff : 0;
		off &= ~3ll;
		fresh(c);
		RUN(c, I_MOVE(92, va - off), I_LOAD(base, 92, mask, off));
		dump(c, got);
		memset(want, 0, sizeof(want));
		want[92] = (uint32_t)(va - off);
		want[93] = (va - off) >> 32;
		for (unsigned int i = 0; i < 16; i++)
			if (mask >> i & 1)
				want[base + i] = word_at(va + i * 4, 0);
		good &= !memcmp(got, want, sizeof(got));
		if (!good)
			diag("mask 0x%x base %u va 0x%" PRIx64 " offset %" PRId64,
			     mask, base, va, off);
	}
	ok(good, "LOAD_MULTIPLE: 400 masks, bases, offsets and addresses");
	fresh(c);
	RUN(c, I_MOVE(4, DATA), I_LOAD(4, 4, 3, 0));
	ok(reg(c, 4) == word_at(DATA, 0) && reg(c, 5) == word_at(DATA + 4, 0),
	   "a load over its own address");
	cs_delete(c);
}

static void test_store_random(void)
{
	struct cs *c = cs_new();
	uint64_t seed = 18;
	bool good = true;

	for (unsigned int n = 0; good && n < 200; n++) {
		uint32_t mask = sim_random(&seed) & 0xffff;
		unsigned int base = sim_random(&seed) % 77;
		int64_t off = (int16_t)sim_random(&seed) & ~3ll;
		uint64_t va = random_va(&seed), prog[18];

		fill(c, n);
		fresh(c);
		for (unsigned int i = 0; i < 16; i++)
			prog[i] = I_MOVE32(base + i, 0xabc00000 + n * 16 + i);
		prog[16] = I_MOVE(94, va - off);
		prog[17] = I_STORE(base, 94, mask, off);
		run(c, prog, 18);
		for (uint64_t at = DATA; at < HOLE; at += 4) {
			uint64_t i = (at - va) / 4;
			bool hit = at >= va && i < 16 && mask >> i & 1;

			good &= data32(c, at) ==
				(hit ? 0xabc00000 + n * 16 + i : word_at(at, n));
		}
		if (!good)
			diag("mask 0x%x base %u va 0x%" PRIx64 " offset %" PRId64,
			     mask, base, va, off);
	}
	ok(good, "STORE_MULTIPLE: 200 masks, bases, offsets and addresses");
	cs_delete(c);
}

static void test_misaligned(void)
{
	const struct {
		const char *name;
		uint64_t instr;
		unsigned int align;
	} insns[] = {
		{ "LOAD_MULTIPLE", I_LOAD(0, 4, 3, 0), 4 },
		{ "STORE_MULTIPLE", I_STORE(0, 4, 3, 0), 4 },
		{ "STORE_STATE", I_STORE_STATE(0, 4, 0), 8 },
		{ "SYNC_ADD32", I_ADD_SYNC32(4, 6, 0), 4 },
		{ "SYNC_SET32", I_SET_SYNC32(4, 6, 0), 4 },
		{ "SYNC_WAIT32", I_WAIT_SYNC32(LE, 4, 6, 0), 4 },
		{ "SYNC_ADD64", I_ADD_SYNC64(4, 6, 0), 8 },
		{ "SYNC_SET64", I_SET_SYNC64(4, 6, 0), 8 },
		{ "SYNC_WAIT64", I_WAIT_SYNC64(LE, 4, 6, 0), 8 },
	};
	struct cs *c = cs_new();

	for (size_t i = 0; i < sizeof(insns) / sizeof(insns[0]); i++) {
		bool good = true;

		for (unsigned int by = 0; by < 8; by++) {
			struct result r;

			fresh(c);
			r = RUN(c, I_MOVE(4, DATA + by), I_MOVE(6, 0),
				insns[i].instr);
			if (by % insns[i].align == 0)
				good &= !r.events && r.extract == 24;
			else
				good &= r.fatal == EXC_BUS && r.extract == 16 &&
					r.fatal_info == DATA + by;
		}
		ok(good, "%s wants %u-byte alignment", insns[i].name,
		   insns[i].align);
	}
	cs_delete(c);
}

/* --- Faults of the address space ----------------------------------------------------- */

/* Each instruction that accesses memory, at HOLE through register 4 */
static const struct access {
	const char *name;
	uint64_t instr;
	unsigned int type;	/* FAULTSTATUS: 0 atomic, 2 read, 3 write */
	uint64_t va;
} accesses[] = {
	{ "LOAD_MULTIPLE", I_LOAD(0, 4, 1, 0), 2, HOLE },
	{ "LOAD_MULTIPLE across", I_LOAD(8, 4, 0xff, -16), 2, HOLE },
	{ "STORE_MULTIPLE", I_STORE(8, 4, 1, 0), 3, HOLE },
	{ "STORE_MULTIPLE across", I_STORE(8, 4, 0xff, -16), 3, HOLE },
	{ "STORE_STATE", I_STORE_STATE(2, 4, 0), 3, HOLE },
	{ "SYNC_ADD32", I_ADD_SYNC32(4, 8, 0), 0, HOLE },
	{ "SYNC_ADD64", I_ADD_SYNC64(4, 8, 0), 0, HOLE },
	{ "SYNC_SET32", I_SET_SYNC32(4, 8, 0), 0, HOLE },
	{ "SYNC_SET64", I_SET_SYNC64(4, 8, 0), 0, HOLE },
	{ "SYNC_WAIT32", I_WAIT_SYNC32(LE, 4, 8, 0), 2, HOLE },
	{ "SYNC_WAIT64", I_WAIT_SYNC64(LE, 4, 8, 0), 2, HOLE },
	{ "CALL", I_CALL(4, 8), 2, HOLE },
};

/* Loads and stores: the stream goes on and is stopped when they complete */
static bool is_async(const struct access *a)
{
	return a->instr >> 56 == 20 || a->instr >> 56 == 21;
}

/* Where the stream is while the access waits */
static uint64_t stalled_at(const struct access *a)
{
	if (is_async(a))
		return 32;
	return a->instr >> 56 == 32 ? 24 : 16;
}

static struct result fault_at_hole(struct cs *c, const struct access *a)
{
	return RUN(c, I_MOVE(4, HOLE), I_MOVE(8, 8), a->instr,
		   I_ADD32(20, 20, 1));
}

static void check_fault(struct cs *c, const struct access *a)
{
	uint32_t status = rd32(&c->d, AS_REG(1, AS_FAULT));

	ok(rd32(&c->d, MMU_INT + RAWSTAT) & 2, "%s: MMU interrupt", a->name);
	is_u64(rd64(&c->d, AS_REG(1, AS_FAULTADDR)), a->va, "%s: address",
	       a->name);
	ok((status & 0xff) == 0xc3 && (status >> 8 & 3) == a->type,
	   "%s: status 0x%x", a->name, status);
}

static void test_fault_resume(const struct access *a)
{
	struct cs *c = cs_new();
	struct result r = fault_at_hole(c, a);
	uint64_t pa;

	ok(!r.events && r.extract == stalled_at(a), "%s: no memory: stalls",
	   a->name);
	check_fault(c, a);
	wr32(&c->d, MMU_INT + CLEAR, ~0u);
	pa = drv_map(&c->d, 1, HOLE, 1, SIM_RW);
	drv_run(&c->d, 10 * MS);
	is_u64(result(c).extract, r.extract, "%s: goes on only when told",
	       a->name);
	drv_as_lock(&c->d, 1, HOLE, 15);
	drv_as_cmd(&c->d, 1, AS_UNLOCK);
	drv_run(&c->d, 1 * MS);
	r = result(c);
	ok(!r.events && r.extract == 32 && reg(c, 20) == 1,
	   "%s: mapped and unlocked: goes on", a->name);
	ok(!(rd32(&c->d, MMU_INT + RAWSTAT) & 2), "%s: no second fault",
	   a->name);
	if (a->instr >> 56 == 37 || a->instr >> 56 == 51)
		is_u64(mem32(&c->d, pa), 8, "%s: added exactly once", a->name);
	cs_delete(c);
}

static void test_fault_kill(const struct access *a)
{
	struct cs *c = cs_new();
	struct result r;
	char name[80];

	fault_at_hole(c, a);
	drv_as_disable(&c->d, 1);
	drv_run(&c->d, 1 * MS);
	r = result(c);
	snprintf(name, sizeof(name), "%s: address space disabled", a->name);
	is_fatal(&r, EXC_BUS, a->va, name);
	cs_delete(c);
}

/* A crossing store that faults has not stored the part in front */
static void test_fault_atomicity(void)
{
	struct cs *c = cs_new();

	set32(c, HOLE - 4, 0x55);
	RUN(c, I_MOVE(4, HOLE - 4), I_MOVE(8, 7), I_STORE(8, 4, 3, 0));
	is_u64(data32(c, HOLE - 4), 0x55, "a store that faults stores nothing");
	RUN(c, I_NOP);
	is_u64(result(c).extract, 24, "more work does not get past a fault");
	cs_delete(c);
}

static void test_read_only(void)
{
	struct cs *c = cs_new();
	struct result r;

	drv_map(&c->d, 1, HOLE, 1, SIM_RO);
	r = RUN(c, I_MOVE(4, HOLE), I_LOAD(8, 4, 1, 0), I_ADD_SYNC64(4, 8, 0));
	is_u64(r.extract, 16, "read-only memory: a load passes, SYNC_ADD not");
	is_u64(rd32(&c->d, AS_REG(1, AS_FAULT)) & 0x3ff, 0x0cb,
	       "permission fault of an atomic");
	cs_delete(c);
}

static void test_locked(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	/* The lock covers 32 KiB: data, but not code */
	drv_as_lock(d, 1, DATA, 15);
	RUN(c, I_MOVE(4, DATA), I_MOVE32(6, 9), I_STORE(6, 4, 1, 0));
	RUN(c, I_NOP);
	is_u64(result(c).extract, 24, "a locked region stalls a store");
	is_u64(rd32(d, MMU_INT + RAWSTAT) & 2, 0, "without a fault");
	drv_submit(d, &c->g, 1, I_MOVE(4, REGS), I_MOVE32(6, 8),
		   I_STORE(6, 4, 1, 0));
	drv_run(d, 1 * MS);
	is_u64(mem32(d, c->regs), 8, "another stream goes on beside it");
	is_u64(data32(c, DATA), 0, "nothing was stored");
	drv_as_cmd(d, 1, AS_UNLOCK);
	drv_run(d, 1 * MS);
	is_u64(data32(c, DATA), 9, "unlocked: stored");
	is_u64(result(c).extract, 32, "and over");
	cs_delete(c);
}

/* A loop in memory that is locked: the next instruction is an access like others */
static void test_locked_code(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;
	uint32_t rounds;

	PUT_CODE(c, 0, I_ADD32(2, 2, 1), I_STORE(2, 8, 1, 0), I_WAIT(1),
		 I_BRANCH(ALWAYS, 0, -4));
	RUN(c, I_MOVE(8, DATA), CALL_CODE(0, 4));
	drv_as_lock(d, 1, CODE, 16);
	rounds = data32(c, DATA);
	ok(rounds, "a loop in a called buffer");
	drv_run(d, 5 * MS);
	is_u64(data32(c, DATA), rounds, "stands still while its code is locked");
	drv_as_cmd(d, 1, AS_UNLOCK);
	drv_run(d, 1 * MS);
	ok(data32(c, DATA) > rounds, "and goes on after that");
	cs_delete(c);
}

/* A buffer that was remapped is fetched anew after the flush */
static void test_fetch_flush(void)
{
	struct cs *c = cs_new();
	uint64_t pa = sim_alloc(&c->d.sim, 1);

	PUT_CODE(c, 0, I_ADD32(1, 1, 1));
	RUN(c, CALL_CODE(0, 1));
	put64(&c->d, pa, I_ADD32(1, 1, 0x10));
	sim_pt_map_one(&c->d.sim, c->d.root[1], CODE, pa, 3, SIM_RW);
	RUN(c, CALL_CODE(0, 1));
	is_u64(reg(c, 1), 2, "remapped without a flush: the old code");
	drv_as_lock(&c->d, 1, CODE, 15);
	drv_as_cmd(&c->d, 1, AS_UNLOCK);
	RUN(c, CALL_CODE(0, 1));
	is_u64(reg(c, 1), 0x12, "after it: the new one");
	put64(&c->d, pa, I_ADD32(1, 1, 0x100));
	RUN(c, CALL_CODE(0, 1));
	is_u64(reg(c, 1), 0x112, "code that was rewritten is seen at once");
	cs_delete(c);
}

/* The same while a stream is in it, and so has not fetched from anywhere else since */
static void test_fetch_flush_inside(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;
	uint64_t pa = sim_alloc(&d->sim, 1);

	PUT_CODE(c, 0, I_WAIT_SYNC64(GT, 4, 6, 0), I_ADD32(1, 1, 1));
	put64(d, pa, I_WAIT_SYNC64(GT, 4, 6, 0));
	put64(d, pa + 8, I_ADD32(1, 1, 0x10));
	RUN(c, I_MOVE(4, DATA), I_MOVE(6, 0), CALL_CODE(0, 2));
	sim_pt_map_one(&d->sim, d->root[1], CODE, pa, 3, SIM_RW);
	drv_as_lock(d, 1, CODE, 15);
	drv_as_cmd(d, 1, AS_UNLOCK);
	set64(c, DATA, 1);
	drv_run(d, 10 * MS);
	is_u64(reg(c, 1), 0x10, "a buffer that is remapped under a stream in it");
	cs_delete(c);
}

/* Memory that is no plain RAM of the host: everything takes the slow way */
static void test_no_page_ptr(void)
{
	struct cs *c = cs_new();
	struct result r;

	PUT_CODE(c, 0xff0, I_ADD32(1, 1, 1), I_ADD32(1, 1, 2),
		 I_ADD32(1, 1, 4), I_ADD32(1, 1, 8));
	c->d.sim.no_page_ptr = true;
	for (unsigned int as = 0; as < 2; as++) {
		drv_as_lock(&c->d, as, 0, 48);
		drv_as_cmd(&c->d, as, AS_UNLOCK);
	}
	r = RUN(c, CALL_CODE(0xff0, 4), I_MOVE(4, DATA), I_STORE(1, 4, 1, 0),
		I_LOAD(2, 4, 1, 0));
	ok(!r.events && r.extract == 48, "without host pages: executes");
	ok(data32(c, DATA) == 15 && reg(c, 2) == 15,
	   "without host pages: loads and stores");
	cs_delete(c);
}

/* --- Control flow --------------------------------------------------------------------- */

static bool branches(unsigned int cond, int32_t v)
{
	const bool taken[] = { v <= 0, v > 0, v == 0, v != 0, v < 0, v >= 0,
			       true };

	return taken[cond];
}

static void test_branch(void)
{
	static const int32_t vals[] = { 0, 1, -1, INT32_MAX, INT32_MIN };
	static const char *const names[] = { "LE", "GT", "EQ", "NE", "LT",
					     "GE", "ALWAYS" };
	struct cs *c = cs_new();

	for (unsigned int cond = LE; cond <= ALWAYS; cond++) {
		bool good = true;

		for (unsigned int i = 0; i < 5; i++) {
			bool taken = branches(cond, vals[i]);

			fresh(c);
			RUN(c, I_MOVE32(3, vals[i]), I_BRANCH(cond, 3, 2),
			    I_ADD32(5, 5, 1), I_ADD32(5, 5, 2),
			    I_ADD32(5, 5, 4));
			good &= reg(c, 5) == (taken ? 4 : 7);
			PUT_CODE(c, 0, I_BRANCH(cond, 3, 1), I_ADD32(6, 6, 1),
				 I_ADD32(6, 6, 2));
			RUN(c, CALL_CODE(0, 3));
			good &= reg(c, 6) == (taken ? 2 : 3);
		}
		ok(good, "BRANCH %s, in the ring and in a buffer", names[cond]);
	}
	cs_delete(c);
}

static void test_branch_targets(void)
{
	struct cs *c = cs_new();
	struct result r;

	RUN(c, I_MOVE32(3, 1000), I_ADD32(4, 4, 3), I_ADD32(3, 3, -1),
	    I_BRANCH(GT, 3, -3));
	ok(reg(c, 4) == 3000 && !reg(c, 3), "a loop in the ring");
	PUT_CODE(c, 0x100, I_ADD32(5, 5, 1), I_ADD32(3, 3, -1),
		 I_BRANCH(NE, 3, -3), I_ADD32(6, 6, 1));
	RUN(c, I_MOVE32(3, 5000), CALL_CODE(0x100, 4));
	drv_run(&c->d, 1 * MS);
	ok(reg(c, 5) == 5000 && reg(c, 6) == 1,
	   "a loop in a buffer, longer than a time slice");

	PUT_CODE(c, 0, I_BRANCH(ALWAYS, 0, 1), I_ADD32(7, 7, 1));
	RUN(c, CALL_CODE(0, 2), I_ADD32(8, 8, 1));
	ok(!reg(c, 7) && reg(c, 8) == 1, "a branch to the end returns");
	PUT_CODE(c, 0, I_BRANCH(ALWAYS, 0, 32767), I_ADD32(7, 7, 1));
	RUN(c, CALL_CODE(0, 2), I_ADD32(8, 8, 1));
	ok(!reg(c, 7) && reg(c, 8) == 2, "a branch far beyond it as well");

	fresh(c);
	r = RUN(c, I_NOP, I_BRANCH(ALWAYS, 0, 0), I_NOP);
	ok(!r.events && r.extract == 24, "a branch to the next instruction");
	r = RUN(c, I_BRANCH(ALWAYS, 0, 1), I_NOP);
	ok(!r.events && r.extract == 40, "a branch to INSERT");

	fresh(c);
	r = RUN(c, I_NOP, I_BRANCH(ALWAYS, 0, 2), I_NOP);
	is_fatal(&r, EXC_CONFIG, I_BRANCH(ALWAYS, 0, 2),
		 "a branch beyond INSERT");
	is_u64(r.extract, 8, "it did not move the stream");
	fresh(c);
	r = RUN(c, I_NOP, I_BRANCH(ALWAYS, 0, -32768), I_NOP);
	is_fatal(&r, EXC_CONFIG, I_BRANCH(ALWAYS, 0, -32768),
		 "a branch to what was overwritten");
	is_u64(r.extract, 8, "it did not move the stream either");

	/* A ring that has come around: its oldest instruction, and the one before that */
	for (int more = 0; more < 2; more++) {
		const uint64_t nop = I_NOP, back[] = {
			I_ADD32(5, 5, 1), I_ADD32(7, 5, -2),
			I_BRANCH(GE, 7, 1), I_BRANCH(ALWAYS, 0, -(int)(RING / 8) - more + 2),
			I_NOP, I_NOP,
		};

		fresh(c);
		for (unsigned int i = 0; i < RING / 8; i++)
			drv_emit(&c->d, &c->g.q[0], &nop, 1);
		drv_kick(&c->d, &c->g, 0);
		drv_run(&c->d, 1 * MS);
		r = run(c, back, 6);
		if (!more)
			ok(!r.events && r.extract == RING + 6 * 8,
			   "a branch to the oldest instruction there is");
		else
			is_fatal(&r, EXC_CONFIG, back[3], "a branch to the one before it");
	}
	cs_delete(c);
}

/* Buffer @n calls buffer @n + 1; the last one counts in register 10 */
static void put_calls(struct cs *c, unsigned int depth)
{
	for (unsigned int n = 0; n + 1 < depth; n++)
		PUT_CODE(c, n * 0x100, I_ADD32(11, 11, 1),
			 CALL_CODE((n + 1) * 0x100, 5), I_ADD32(12, 12, 1));
	PUT_CODE(c, (depth - 1) * 0x100, I_ADD32(10, 10, 1), I_NOP, I_NOP,
		 I_NOP, I_NOP);
}

static void test_calls(void)
{
	struct cs *c = cs_new();
	struct result r;

	for (unsigned int depth = 1; depth <= 8; depth++) {
		fresh(c);
		put_calls(c, depth);
		r = RUN(c, CALL_CODE(0, 5), I_ADD32(13, 13, 1));
		ok(!r.events && reg(c, 10) == 1 && reg(c, 11) == depth - 1 &&
		   reg(c, 12) == depth - 1 && reg(c, 13) == 1,
		   "%u nested calls", depth);
	}
	fresh(c);
	put_calls(c, 9);
	r = RUN(c, CALL_CODE(0, 5), I_ADD32(13, 13, 1));
	is_fatal(&r, EXC_OVERFLOW, I_CALL(80, 82), "nine nested calls");

	fresh(c);
	PUT_CODE(c, 0, CALL_CODE(0x100, 1), I_ADD32(12, 12, 1));
	PUT_CODE(c, 0x100, I_ADD32(10, 10, 1));
	r = RUN(c, CALL_CODE(0, 3), I_ADD32(13, 13, 1));
	ok(!r.events && reg(c, 10) == 1 && !reg(c, 12) && reg(c, 13) == 1,
	   "buffers whose last instruction is a call");

	fresh(c);
	PUT_CODE(c, 0, I_ADD32(10, 10, 1), I_CALL(80, 82));
	r = RUN(c, CALL_CODE(0, 2));
	is_fatal(&r, EXC_OVERFLOW, I_CALL(80, 82), "endless recursion");

	fresh(c);
	r = RUN(c, CALL_CODE(0, 0), I_ADD32(13, 13, 1));
	ok(!r.events && reg(c, 13) == 1, "an empty buffer");
	cs_delete(c);
}

static void test_bad_calls(void)
{
	static const struct {
		const char *name;
		uint64_t va;
		uint32_t len;
	} bad[] = {
		{ "a misaligned buffer", CODE + 4, 8 },
		{ "a buffer of odd length", CODE, 12 },
		{ "a buffer at the end of all addresses", -8ull, 16 },
	};
	struct cs *c = cs_new();
	struct result r;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fresh(c);
		r = RUN(c, I_MOVE32(4, bad[i].va), I_MOVE32(5, bad[i].va >> 32),
			I_MOVE32(6, bad[i].len), I_CALL(4, 6));
		is_fatal(&r, EXC_INVALID, I_CALL(4, 6), bad[i].name);
	}
	cs_delete(c);
}

static void test_jump(void)
{
	struct cs *c = cs_new();
	struct result r;

	PUT_CODE(c, 0, I_MOVE(4, CODE + 0x100), I_MOVE32(6, 16), I_JUMP(4, 6),
		 I_ADD32(10, 10, 1));
	PUT_CODE(c, 0x100, I_ADD32(11, 11, 1), I_ADD32(11, 11, 2));
	r = RUN(c, CALL_CODE(0, 4), I_ADD32(12, 12, 1));
	ok(!r.events && !reg(c, 10) && reg(c, 11) == 3 && reg(c, 12) == 1,
	   "JUMP leaves its buffer and returns from the next");

	/* Chains of jumps use no stack */
	PUT_CODE(c, 0, I_ADD32(13, 13, 1), I_ADD32(14, 14, -1),
		 I_BRANCH(EQ, 14, 1), I_JUMP(80, 82), I_NOP);
	RUN(c, I_MOVE32(14, 300), CALL_CODE(0, 5), I_ADD32(12, 12, 1));
	drv_run(&c->d, 1 * MS);
	ok(reg(c, 13) == 300 && reg(c, 12) == 2, "300 jumps in a row");
	cs_delete(c);
}

static void test_ring_wrap(void)
{
	struct driver d;
	struct group g;
	uint64_t data;
	bool good = true;
	uint64_t start = 0xffffff00ull;

	drv_up(&d);
	drv_as_new(&d, 1);
	data = drv_map(&d, 1, DATA, 1, SIM_RW);
	drv_group_new(&d, &g, 1, 1, 128);
	g.q[0].insert = start;
	put64(&d, g.q[0].io_pa, start);
	put64(&d, g.q[0].io_pa + 4096, start);
	drv_group_start(&d, &g, 0);
	for (unsigned int i = 0; good && i < 100; i++) {
		/* 56 bytes: starts everywhere in the ring */
		drv_submit(&d, &g, 0, I_MOVE(0, DATA), I_ADD32(2, 2, 1),
			   I_STORE(2, 0, 1, 0), I_NOP, I_BRANCH(ALWAYS, 0, 1),
			   I_ADD32(2, 2, 100), I_NOP);
		drv_run(&d, 100 * US);
		good &= mem32(&d, data) == i + 1 &&
			drv_extract(&d, &g.q[0]) == start + (i + 1) * 56;
	}
	ok(good, "a small ring, a hundred jobs, across 4 GiB of EXTRACT");
	drv_free(&d);
}

/* --- Synchronisation ------------------------------------------------------------------- */

static void test_sync_ops(void)
{
	struct cs *c = cs_new();

	set64(c, DATA, 0xffffffffull);
	set64(c, DATA + 8, 0x77);
	RUN(c, I_MOVE(4, DATA), I_MOVE(6, 3), I_ADD_SYNC32(4, 6, PROPAGATE));
	is_u64(data64(c, DATA), 2, "SYNC_ADD32 wraps and stays in its word");
	set64(c, DATA, 0xffffffffull);
	RUN(c, I_ADD_SYNC64(4, 6, PROPAGATE));
	is_u64(data64(c, DATA), 0x100000002ull, "SYNC_ADD64 carries");
	RUN(c, I_SET_SYNC32(4, 6, PROPAGATE));
	is_u64(data64(c, DATA), 0x100000003ull, "SYNC_SET32");
	RUN(c, I_MOVE(6, 0xabcdef012345), I_SET_SYNC64(4, 6, PROPAGATE));
	is_u64(data64(c, DATA), 0xabcdef012345, "SYNC_SET64");
	RUN(c, I_MOVE(6, -1ull & 0xffffffffffff), I_MOVE32(7, ~0u),
	    I_ADD_SYNC64(4, 6, PROPAGATE));
	is_u64(data64(c, DATA), 0xabcdef012344, "adding -1 subtracts");
	is_u64(data64(c, DATA + 8), 0x77, "no error: the status is left alone");
	cs_delete(c);
}

static bool sync_passes(struct cs *c, unsigned int size, unsigned int cond,
			uint64_t mem, uint64_t ref)
{
	uint64_t wait = size == 8 ? I_WAIT_SYNC64(cond, 4, 6, 0) :
				    I_WAIT_SYNC32(cond, 4, 6, 0);

	fresh(c);
	set64(c, DATA, mem);
	set64(c, DATA + 8, 0);
	return RUN(c, I_MOVE(4, DATA), I_MOVE32(6, ref), I_MOVE32(7, ref >> 32),
		   wait, I_NOP).extract == 40;
}

static void test_sync_conditions(void)
{
	static const uint64_t vals[] = {
		0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000ull,
		0x8000000000000000ull, ~0ull,
	};
	struct cs *c = cs_new();

	for (unsigned int size = 4; size <= 8; size += 4) {
		bool good = true;

		for (unsigned int i = 0; i < 64; i++) {
			uint64_t mem = vals[i / 8], ref = vals[i % 8];

			/* The word behind a 32-bit object is its status */
			if (size == 4 && (mem >> 32 || ref >> 32))
				continue;
			good &= sync_passes(c, size, GT, mem, ref) ==
				(mem > ref);
			good &= sync_passes(c, size, LE, mem, ref) ==
				(mem <= ref);
		}
		ok(good, "SYNC_WAIT%u compares unsigned, GT and LE", size * 8);
	}
	cs_delete(c);
}

/* Stream 0 waits on a 64-bit object; the word tells when it goes on */
static void start_waiting(struct cs *c)
{
	fresh(c);
	set64(c, DATA, 0);
	set64(c, DATA + 8, 0);
	RUN(c, I_MOVE(4, DATA), I_MOVE(6, 0), I_WAIT_SYNC64(GT, 4, 6, 0),
	    I_NOP);
}

static void test_sync_wake(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;
	struct group other;
	uint64_t data2;

	start_waiting(c);
	drv_run(d, 100 * MS);
	is_u64(result(c).extract, 16, "a stream waits");
	ok(d->sim.deadline_ns > d->sim.now_ns + 100 * US, "and costs next to nothing");
	drv_submit(d, &c->g, 1, I_MOVE(4, DATA), I_MOVE(6, 1),
		   I_ADD_SYNC64(4, 6, SCOPE_CSG));
	drv_run(d, 100 * US);
	is_u64(result(c).extract, 32, "another stream wakes it");
	is_u64(drv_csg_events(d, 0) & S_SYNC_UPDATE, 0,
	       "a signal of group scope is not told the driver");

	start_waiting(c);
	set64(c, DATA, 1);
	drv_run(d, 500 * US);
	is_u64(result(c).extract, 16, "a write of the CPU alone does not at once");
	wr32(d, DOORBELL(7), 1);
	drv_run(d, 100 * US);
	is_u64(result(c).extract, 32, "a doorbell has it look");

	start_waiting(c);
	drv_submit(d, &c->g, 1, I_MOVE(4, DATA), I_MOVE(6, 1),
		   I_STORE(6, 4, 1, 0));
	drv_run(d, 500 * US);
	is_u64(result(c).extract, 16, "a plain store does not wake");
	drv_submit(d, &c->g, 1, I_MOVE(4, DATA + 64),
		   I_SET_SYNC32(4, 6, SCOPE_SYSTEM));
	drv_run(d, 100 * US);
	is_u64(result(c).extract, 32, "any signal has all streams look");
	ok(drv_csg_events(d, 0) & S_SYNC_UPDATE,
	   "a signal of system scope is told the driver");

	/* The same memory in another group's address space */
	start_waiting(c);
	drv_as_new(d, 2);
	sim_pt_map_one(&d->sim, d->root[2], DATA + 0x5000, c->data[0], 3,
		       SIM_RW);
	data2 = DATA + 0x5000;
	drv_group_new(d, &other, 2, 1, 4096);
	drv_group_start(d, &other, 6);
	drv_submit(d, &other, 0, I_MOVE(4, data2), I_MOVE(6, 1),
		   I_ADD_SYNC64(4, 6, SCOPE_SYSTEM));
	drv_run(d, 1 * MS);
	is_u64(result(c).extract, 32, "another group wakes it");
	ok(drv_csg_events(d, 6) & S_SYNC_UPDATE &&
	   !(drv_csg_events(d, 0) & S_SYNC_UPDATE),
	   "the event is that of the group that signalled");
	cs_delete(c);
}

/* Two streams that hand each other the turn */
static void test_ping_pong(void)
{
	struct cs *c = cs_new();

	for (unsigned int i = 0; i < 2; i++) {
		uint64_t mine = DATA + 64 * i, its = DATA + 64 * !i;

		/* wait until my object is above n, signal the other, n++ */
		drv_submit(&c->d, &c->g, i, I_MOVE(4, mine), I_MOVE(8, its),
			   I_MOVE(10, 1), I_MOVE(6, 0), I_MOVE32(20, 500),
			   I_WAIT_SYNC64(GT, 4, 6, 0),
			   I_ADD_SYNC64(8, 10, SCOPE_CSG), I_ADD64(6, 6, 1),
			   I_ADD32(20, 20, -1), I_BRANCH(GT, 20, -5));
	}
	drv_run(&c->d, 1 * MS);
	is_u64(data64(c, DATA) + data64(c, DATA + 64), 0, "both wait");
	set64(c, DATA, 1);
	wr32(&c->d, DOORBELL(1), 1);
	drv_run(&c->d, 100 * MS);
	ok(data64(c, DATA) == 501 && data64(c, DATA + 64) == 500,
	   "500 rounds of ping-pong");
	cs_delete(c);
}

/* A CPU that adds to a word until it is told to stop */
struct cpu {
	uint32_t *at;
	uint32_t added;
	bool stop;
};

static void *add_to_the_same(void *opaque)
{
	struct cpu *cpu = opaque;

	while (!__atomic_load_n(&cpu->stop, __ATOMIC_RELAXED)) {
		__atomic_fetch_add(cpu->at, 3, __ATOMIC_SEQ_CST);
		cpu->added += 3;
	}
	return NULL;
}

static void test_sync_beside_a_cpu(void)
{
	struct cs *c = cs_new();
	struct cpu cpu = { .at = sim_host(&c->d.sim, data_pa(c, DATA)) };
	uint32_t sum = 0;
	pthread_t thread;

	PUT_CODE(c, 0, I_ADD_SYNC32(4, 6, SCOPE_CSG), I_ADD32(2, 2, -1),
		 I_BRANCH(NE, 2, -3));
	if (pthread_create(&thread, NULL, add_to_the_same, &cpu))
		abort();
	for (unsigned int i = 0; i < 40; i++) {
		RUN(c, I_MOVE(4, DATA), I_MOVE32(6, 1), I_MOVE32(2, 4000), CALL_CODE(0, 3));
		drv_run(&c->d, 1 * MS);
		sum += 4000;
	}
	__atomic_store_n(&cpu.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	is_u64(data32(c, DATA), sum + cpu.added,
	       "a stream and a CPU add to one word, and nothing is lost");
	cs_delete(c);
}

/* An error that comes with the value as the group leaves is for when it is back */
static void test_sync_error_at_suspend(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	RUN(c, I_MOVE(4, DATA), I_MOVE(6, 1), I_WAIT_SYNC64(GT, 4, 6, 0), I_ADD32(20, 20, 1));
	is_u64(result(c).extract, 16, "a stream waits");
	set64(c, DATA + 8, 1);
	set64(c, DATA, 5);
	ok(drv_group_stop(d, &c->g, S_SUSPEND) && !drv_cs_events(d, 0, 0),
	   "it is suspended as it is signalled with an error, which is not told");
	ok(drv_group_resume(d, &c->g, 0), "resumed");
	drv_run(d, 1 * MS);
	ok(result(c).events == C_FAULT && result(c).fault == EXC_INHERIT,
	   "it inherits the error");
	cs_delete(c);
}

static void test_sync_errors(void)
{
	struct cs *c = cs_new();
	struct result r;

	set64(c, DATA, 5);
	set64(c, DATA + 8, 1);
	r = RUN(c, I_MOVE(4, DATA), I_MOVE(6, 1), I_WAIT_SYNC64(GT, 4, 6, 1),
		I_ADD32(20, 20, 1));
	ok(!r.events && reg(c, 20) == 1, "an error of the object is rejected");
	r = RUN(c, I_WAIT_SYNC64(GT, 4, 6, 0), I_NOP);
	ok(r.events == C_FAULT && r.fault == EXC_INHERIT,
	   "or inherited as a fault");

	set64(c, DATA + 32, 0);
	set64(c, DATA + 40, 0);
	RUN(c, I_MOVE(8, DATA + 32), I_ADD_SYNC64(8, 6, 0));
	ok(data64(c, DATA + 32) == 1 && !data64(c, DATA + 40),
	   "in error state a signal without propagation is clean");
	RUN(c, I_ADD_SYNC64(8, 6, PROPAGATE));
	ok(data64(c, DATA + 32) == 2 && data64(c, DATA + 40) == 1,
	   "with it, the error is in the object");
	RUN(c, I_MOVE(8, DATA + 48), I_SET_SYNC32(8, 6, PROPAGATE));
	ok(data32(c, DATA + 48) == 1 && data32(c, DATA + 52) == 1,
	   "a 32-bit object has its status in the next word");

	fresh(c);
	set32(c, DATA, 0);
	set32(c, DATA + 4, 1);
	r = RUN(c, I_MOVE(4, DATA), I_MOVE(6, 1), I_WAIT_SYNC32(GT, 4, 6, 0),
		I_NOP);
	ok(!r.events && r.extract == 16,
	   "an error does not count before the value is there");
	cs_delete(c);
}

/* --- Error state ------------------------------------------------------------------------ */

/* The driver tells by EXTRACT which job failed, so it must not move on */
static void test_fault_held(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	drv_submit(d, &c->g, 0, OP(4), I_ERROR_BARRIER, I_ADD32(20, 20, 1));
	drv_run(d, 10 * MS);
	ok(result(c).events == C_FAULT && result(c).extract == 8,
	   "a stream that faulted stays behind the instruction");
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 10 * MS);
	is_u64(result(c).extract, 8, "a doorbell alone does not help");
	drv_cs_ack(d, 0, 0, C_FAULT);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	is_u64(result(c).extract, 24, "acknowledged, it goes on");
	is_u64(reg(c, 20), 1, "to its end");
	cs_delete(c);
}

static void test_error_state(void)
{
	struct cs *c = cs_new();
	struct result r;

	set32(c, DATA, 0x11);
	set64(c, DATA + 8, 0x22);
	set64(c, DATA + 16, 0x33);
	r = RUN(c, I_MOVE(4, DATA), I_MOVE(8, DATA + 8), OP(4),
		I_ADD32(20, 20, 1), I_STORE(20, 4, 1, 0), I_LOAD(21, 4, 1, 0),
		I_STORE_STATE(3, 8, 0), I_WAIT_SYNC32(GT, 4, 20, 0),
		OP(7), I_ERROR_BARRIER, I_STORE_STATE(3, 8, 8));
	ok(r.events == C_FAULT && r.fault == EXC_ENDPOINT && r.extract == 88,
	   "a fault, and the stream goes on to the end");
	is_u64(data32(c, DATA), 0x11, "in error state a store is skipped");
	is_u64(data64(c, DATA + 8), 1, "the state can be stored: error");
	is_u64(data64(c, DATA + 16), 0, "after the barrier: none");
	ok(reg(c, 20) == 1 && reg(c, 21) == 0,
	   "arithmetic is done, a load is skipped");
	drv_cs_ack(&c->d, 0, 0, ~0u);
	drv_run(&c->d, 1 * MS);
	is_u64(drv_cs_events(&c->d, 0, 0), 0,
	       "endpoint work in error state is no second fault");
	RUN(c, I_STORE(20, 4, 1, 0));
	is_u64(data32(c, DATA), 1, "after the barrier a store is done");

	fresh(c);
	PUT_CODE(c, 0, CALL_CODE(0x100, 2), I_ADD32(10, 10, 1));
	PUT_CODE(c, 0x100, OP(4), I_ADD32(10, 10, 1));
	r = RUN(c, CALL_CODE(0, 4), I_ADD32(11, 11, 1), I_ERROR_BARRIER);
	ok(r.events == C_FAULT && !reg(c, 10) && reg(c, 11) == 1,
	   "a fault leaves all buffers and goes on in the ring");

	fresh(c);
	r = RUN(c, I_NOP, OP(255), I_ERROR_BARRIER, I_ADD32(11, 11, 1));
	is_fatal(&r, EXC_INVALID, OP(255), "a fatal exception");
	drv_cs_ack(&c->d, 0, 0, ~0u);
	RUN(c, I_NOP);
	drv_cs_doorbell(&c->d, 0, 1);
	drv_run(&c->d, 10 * MS);
	is_u64(result(c).extract, 8, "it is the end of the stream");
	cs_delete(c);
}

/* --- State, flushes, progress ---------------------------------------------------------- */

static void test_store_state(void)
{
	struct cs *c = cs_new();
	uint64_t t0, t1, c0, c1;

	wr64(&c->d, 0x88, 1000000000);
	set64(c, DATA + 16, ~0ull);
	set64(c, DATA + 24, ~0ull);
	t0 = rd64(&c->d, 0x98);
	c0 = rd64(&c->d, 0x90);
	RUN(c, I_MOVE(4, DATA + 32), I_STORE_STATE(0, 4, -32),
	    I_STORE_STATE(1, 4, -24), I_STORE_STATE(2, 4, -16),
	    I_STORE_STATE(3, 4, -8));
	t1 = rd64(&c->d, 0x98);
	c1 = rd64(&c->d, 0x90);
	ok(data64(c, DATA) >= t0 && data64(c, DATA) <= t1,
	   "STORE_STATE timestamp, offset included");
	ok(data64(c, DATA + 8) >= c0 && data64(c, DATA + 8) <= c1,
	   "STORE_STATE cycle count");
	is_u64(data64(c, DATA + 16), 0, "STORE_STATE disjoint count");
	is_u64(data64(c, DATA + 24), 0, "STORE_STATE error status");
	cs_delete(c);
}

static unsigned int flushes(struct cs *c, uint32_t id, uint32_t modes)
{
	uint32_t before = rd32(&c->d, FLUSH_ID);

	RUN(c, I_MOVE32(4, id), I_FLUSH(4, modes), I_WAIT(1));
	return rd32(&c->d, FLUSH_ID) - before;
}

static void test_flush(void)
{
	struct cs *c = cs_new();
	uint32_t now;

	is_u64(flushes(c, 0, 0x233), 1, "FLUSH_CACHE2 of identity 0 flushes");
	is_u64(flushes(c, 0, 0x233), 1, "every time");
	now = rd32(&c->d, FLUSH_ID);
	is_u64(flushes(c, now - 1, 0x233), 0,
	       "nothing to do when a flush came in between");
	is_u64(flushes(c, now, 0x233), 1, "but when none came");
	is_u64(flushes(c, now, 0x233), 0, "which counts for the next one");
	is_u64(flushes(c, 0, 0), 0, "no cache named, none flushed");
	is_u64(flushes(c, 0, 0x200), 1, "other caches alone");
	wr32(&c->d, GPU_CMD, GPU_CMD_FLUSH);
	is_u64(flushes(c, rd32(&c->d, FLUSH_ID) - 1, 0x233), 0,
	       "a flush by register counts");
	cs_delete(c);
}

static void test_progress(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	RUN(c, I_MOVE(4, 3), I_PROGRESS_WAIT(1, 4), I_NOP);
	is_u64(result(c).extract, 8, "PROGRESS_WAIT waits");
	drv_csg_toggle(d, 0, S_STATUS_UPDATE);
	is_u64(mem32(d, d->cs_out[0][0] + CO_BLOCKED), 2, "its status");
	is_u64(mem32(d, d->cs_out[0][0] + CO_WAIT), 1u << 28,
	       "and the wait word");
	drv_submit(d, &c->g, 1, I_WAIT_PROGRESS, OP(9) | 1ull << 32);
	drv_run(d, 1 * MS);
	is_u64(result(c).extract, 8, "two increments are not three");
	drv_submit(d, &c->g, 1, I_WAIT(1), OP(9));
	drv_run(d, 1 * MS);
	is_u64(result(c).extract, 8, "nor do instructions without the bit count");
	drv_submit(d, &c->g, 1, I_WAIT_PROGRESS, I_PROGRESS_LOAD(30),
		   I_MOVE(4, DATA), I_STORE(30, 4, 3, 0));
	drv_run(d, 1 * MS);
	is_u64(result(c).extract, 24, "three are");
	is_u64(data64(c, DATA), 3, "PROGRESS_LOAD");

	RUN(c, I_MOVE(6, 0x123456789abc), I_PROGRESS_STORE(6),
	    I_PROGRESS_LOAD(8), I_PROGRESS_WAIT(0, 6), I_NOP);
	ok(reg(c, 8) == 0x56789abc && reg(c, 9) == 0x1234 &&
	   !drv_cs_events(d, 0, 0), "PROGRESS_STORE, and its own progress");
	cs_delete(c);
}

/* --- The job ------------------------------------------------------------------------------ */

/*
 * What Panthor puts into the ring for one job: flush, call, signal, barrier,
 * and the profiling around the call; padded to a cache line.
 */
static unsigned int panthor_job(uint64_t *out, uint64_t cs, uint32_t size,
				uint32_t flush, uint64_t sync, uint64_t times)
{
	const uint64_t addr = 92, val = 94;
	unsigned int n = 0;

	out[n++] = I_MOVE32(val, flush);
	out[n++] = I_FLUSH(val, 0x233);
	if (times) {
		out[n++] = I_MOVE(addr, times);
		out[n++] = I_STORE_STATE(1, addr, 0);
		out[n++] = I_MOVE(val, times + 16);
		out[n++] = I_STORE_STATE(0, val, 0);
	}
	out[n++] = I_MOVE(addr, cs);
	out[n++] = I_MOVE32(val, size);
	out[n++] = I_WAIT(1);
	out[n++] = I_CALL(addr, val);
	if (times) {
		out[n++] = I_MOVE(addr, times + 8);
		out[n++] = I_STORE_STATE(1, addr, 0);
		out[n++] = I_MOVE(val, times + 24);
		out[n++] = I_STORE_STATE(0, val, 0);
	}
	out[n++] = I_MOVE(addr, sync);
	out[n++] = I_MOVE(val, 1);
	out[n++] = I_WAIT(0xff);
	out[n++] = I_ADD_SYNC64(addr, val, PROPAGATE | SCOPE_SYSTEM);
	out[n++] = I_ERROR_BARRIER;
	while (n % 8)
		out[n++] = I_NOP;
	return n;
}

static void test_job(uint64_t times)
{
	const char *name = times ? "job with profiling" : "job";
	uint64_t sync = DATA + 0x100, t0, t1, job[32];
	struct cs *c = cs_new();
	struct result r;
	unsigned int n;

	PUT_CODE(c, 0, I_MOVE(0, DATA), I_ADD32(2, 2, 1), I_STORE(2, 0, 1, 0));
	PUT_CODE(c, 0x100, I_ADD32(2, 2, 1), OP(4), I_ADD32(2, 2, 1));
	t0 = rd64(&c->d, 0x98);
	n = panthor_job(job, CODE, 24, rd32(&c->d, FLUSH_ID), sync, times);
	r = run(c, job, n);
	t1 = rd64(&c->d, 0x98);
	ok(!r.events && r.extract == n * 8, "%s: done", name);
	is_u64(data32(c, DATA), 1, "%s: its stream was called", name);
	ok(data64(c, sync) == 1 && !data64(c, sync + 8), "%s: signalled", name);
	ok(drv_csg_events(&c->d, 0) & S_SYNC_UPDATE, "%s: reported", name);
	is_u64(rd32(&c->d, FLUSH_ID), 2, "%s: flushed", name);
	if (times)
		ok(data64(c, times) <= data64(c, times + 8) &&
		   data64(c, times + 16) <= data64(c, times + 24) &&
		   data64(c, times + 16) >= t0 && data64(c, times + 24) <= t1 &&
		   data64(c, times), "%s: times", name);

	if (times)
		set64(c, times + 24, 0);
	n = panthor_job(job, CODE + 0x100, 24, 1, sync, times);
	r = run(c, job, n);
	ok(r.events == C_FAULT && r.fault == EXC_ENDPOINT, "%s: with a fault",
	   name);
	is_u64(reg(c, 2), 2, "%s: the rest of its stream is abandoned", name);
	ok(data64(c, sync) == 2 && data64(c, sync + 8) == 1,
	   "%s: signalled with the error", name);
	if (times)
		ok(data64(c, times + 24) > t1, "%s: timed all the same", name);

	drv_cs_ack(&c->d, 0, 0, ~0u);
	set64(c, sync + 8, 0);
	n = panthor_job(job, CODE, 24, 1, sync, times);
	r = run(c, job, n);
	ok(!r.events && data64(c, sync) == 3 && !data64(c, sync + 8) &&
	   data32(c, DATA) == 3, "%s: the next one is sound", name);
	cs_delete(c);
}

/* Many jobs queued at once, as much as the ring takes */
static void test_many_jobs(void)
{
	struct cs *c = cs_new();
	uint64_t sync = DATA + 0x100, job[32];
	unsigned int n, count = 0;

	PUT_CODE(c, 0, I_MOVE(0, DATA), I_ADD32(2, 2, 1), I_STORE(2, 0, 1, 0));
	n = panthor_job(job, CODE, 24, 0, sync, 0);
	for (; (count + 1) * n * 8 <= RING; count++)
		drv_emit(&c->d, &c->g.q[0], job, n);
	drv_kick(&c->d, &c->g, 0);
	drv_run(&c->d, 10 * MS);
	is_u64(data64(c, sync), count, "a full ring of %u jobs", count);
	is_u64(data32(c, DATA), count, "each was called");
	is_u64(result(c).extract, count * n * 8, "EXTRACT is at INSERT");
	cs_delete(c);
}

int main(void)
{
	test_opcodes();
	test_operands();
	test_other_operands();
	test_alu();
	test_load_random();
	test_store_random();
	test_misaligned();
	for (size_t i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++) {
		test_fault_resume(&accesses[i]);
		test_fault_kill(&accesses[i]);
	}
	test_fault_atomicity();
	test_read_only();
	test_locked();
	test_locked_code();
	test_fetch_flush();
	test_fetch_flush_inside();
	test_no_page_ptr();
	test_branch();
	test_branch_targets();
	test_calls();
	test_bad_calls();
	test_jump();
	test_ring_wrap();
	test_sync_ops();
	test_sync_conditions();
	test_sync_wake();
	test_ping_pong();
	test_sync_errors();
	test_sync_error_at_suspend();
	test_sync_beside_a_cpu();
	test_fault_held();
	test_error_state();
	test_store_state();
	test_flush();
	test_progress();
	test_job(0);
	test_job(DATA + 0x200);
	test_many_jobs();
	return done_testing();
}

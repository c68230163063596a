// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Atomic messages, of 32 and 64 bits, with and without the old value.
 *
 * Invariants: lanes act in their order; each is atomic towards the guest's CPUs,
 * which run in other threads of the host. An address that is not a multiple of
 * the size is a fault, and all lanes' addresses are checked before the first
 * acts.
 */
#include "lanes.h"

enum {
	ATOM_ADD_U32, ATOM_ADD_S32, ATOM_ADD, ATOM_SMIN = 8, ATOM_SMAX,
	ATOM_UMIN, ATOM_UMAX, ATOM_AND, ATOM_OR, ATOM_XOR, ATOM_XCHG,
};

enum { ATOM1_INC, ATOM1_DEC, ATOM1_UMAX, ATOM1_SMAX, ATOM1_OR };

/* What the memory becomes */
static uint64_t operate(unsigned int op, uint64_t old, uint64_t arg,
			unsigned int bits)
{
	int64_t so = bits == 32 ? (int32_t)old : (int64_t)old;
	int64_t sa = bits == 32 ? (int32_t)arg : (int64_t)arg;

	switch (op) {
	case ATOM_ADD_U32:
		return old + (uint32_t)arg;
	case ATOM_ADD_S32:
		return old + (uint64_t)(int64_t)(int32_t)arg;
	case ATOM_ADD:
		return old + arg;
	case ATOM_SMIN:
		return so < sa ? old : arg;
	case ATOM_SMAX:
		return so > sa ? old : arg;
	case ATOM_UMIN:
		return old < arg ? old : arg;
	case ATOM_UMAX:
		return old > arg ? old : arg;
	case ATOM_AND:
		return old & arg;
	case ATOM_OR:
		return old | arg;
	case ATOM_XOR:
		return old ^ arg;
	}
	return arg;
}

static uint64_t change_32(uint32_t *at, unsigned int op, uint32_t arg,
			  const uint32_t *expected)
{
	uint32_t old = __atomic_load_n(at, __ATOMIC_SEQ_CST), new;

	do {
		if (expected && old != *expected)
			return old;
		new = operate(op, old, arg, 32);
	} while (!__atomic_compare_exchange_n(at, &old, new, false,
					      __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	return old;
}

static uint64_t change_64(uint64_t *at, unsigned int op, uint64_t arg,
			  const uint64_t *expected)
{
	uint64_t old = __atomic_load_n(at, __ATOMIC_SEQ_CST), new;

	do {
		if (expected && old != *expected)
			return old;
		new = operate(op, old, arg, 64);
	} while (!__atomic_compare_exchange_n(at, &old, new, false,
					      __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	return old;
}

/**
 * struct atomic - what an instruction does
 * @op: The operation, those with 1 translated.
 * @one: Its operand is a constant.
 * @arg: It, then.
 * @compare: Exchange only what is expected.
 */
struct atomic {
	unsigned int op;
	bool one, compare;
	uint64_t arg;
};

static struct atomic with_one(unsigned int op)
{
	switch (op) {
	case ATOM1_INC:
		return (struct atomic){ ATOM_ADD, true, false, 1 };
	case ATOM1_DEC:
		return (struct atomic){ ATOM_ADD, true, false, ~0ull };
	case ATOM1_UMAX:
		return (struct atomic){ ATOM_UMAX, true, false, 1 };
	case ATOM1_SMAX:
		return (struct atomic){ ATOM_SMAX, true, false, 1 };
	}
	return (struct atomic){ ATOM_OR, true, false, 1 };
}

static struct atomic atomic_of(const struct insn *in)
{
	if (in->op->id == OP_ATOM1)
		return with_one(isa_mod(in->word, M_ATOM1));
	return (struct atomic){
		.op = isa_mod(in->word, M_ATOM),
		.compare = in->op->id == OP_ATOM_RETURN &&
			   isa_mod(in->word, M_COMPARE),
	};
}

static bool atomic_addresses(struct span *sp, const struct insn *in,
			     const union lanes **s, uint64_t *va, uint8_t **at)
{
	unsigned int len = in->op->size / 8;
	struct warp *w = sp->w;

	for (unsigned int i = 0; i < LANES; i++) {
		va[i] = get64(s, 0, i) + in->imm;
		at[i] = NULL;
		if (!(w->mask >> i & 1) || va[i] >> 63)
			continue;
		if (!mem_check(w, va[i], len))
			return false;
		if (va[i] % len)
			return warp_fault(w, SHADER_ADDR_RANGE, va[i],
					  "atomic access is not aligned");
		at[i] = span_at(sp, va[i]);
		if (!at[i])
			return false;
	}
	return true;
}

/* Registers of a lane: the operand, and after it what is expected */
static uint64_t staged(const union lanes *data, unsigned int first,
		       unsigned int words, unsigned int lane)
{
	uint64_t val = data[first].u32[lane];

	return words == 2 ? val | (uint64_t)data[first + 1].u32[lane] << 32 : val;
}

static uint64_t act(const struct insn *in, const struct atomic *op,
		    const union lanes *data, unsigned int lane, uint8_t *at)
{
	unsigned int words = in->op->size / 32;
	uint64_t arg = op->one ? op->arg :
		       staged(data, 0, in->sr_count > 1 ? words : 1, lane);
	uint64_t expected = op->compare ? staged(data, words, words, lane) : 0;
	uint32_t expected_32 = expected;

	if (words == 1)
		return change_32((uint32_t *)(void *)at, op->op, arg,
				 op->compare ? &expected_32 : NULL);
	return change_64((uint64_t *)(void *)at, op->op, arg,
			 op->compare ? &expected : NULL);
}

bool mem_atomic(struct warp *w, const struct insn *in, const union lanes **s)
{
	struct span sp = { .w = w, .access = SHADER_ATOMIC };
	struct atomic op = atomic_of(in);
	union lanes data[4];
	uint64_t va[LANES];
	uint8_t *at[LANES];
	struct message *m;

	if (!atomic_addresses(&sp, in, s, va, at))
		return false;
	for (unsigned int j = 0; j < in->sr_count; j++)
		data[j] = w->r[in->sr + j];
	m = warp_message(w, in);
	for (unsigned int i = 0; i < LANES; i++) {
		uint64_t old = 0;

		if (!(w->mask >> i & 1))
			continue;
		if (at[i]) {
			old = act(in, &op, data, i, at[i]);
			span_wrote(&sp, va[i], in->op->size / 8);
		}
		m->data[0].u32[i] = old;
		m->data[1].u32[i] = old >> 32;
	}
	span_done(&sp);
	return true;
}

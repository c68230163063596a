// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a warp executes: one instruction after another for the group of lanes
 * with the lowest program counter, barriers, ends.
 *
 * Invariants: see warp.h. An instruction changes nothing unless it executes
 * completely; then its flow is carried out, and the program counter moves.
 */
#include <string.h>

#include "warp.h"

/* Where to put what nobody has written yet, so that it shows */
#define UNSET		0xdeadbeefu

void warp_start(struct warp *w, struct shader_env *env, unsigned int lanes)
{
	for (unsigned int i = 0; i < 64 * LANES; i++)
		w->r[i / LANES].u32[i % LANES] = UNSET;
	w->env = env;
	w->pc = env->entry;
	w->all = (1u << lanes) - 1;
	w->live = w->all;
	w->mask = w->all;
	w->num_waiting = 0;
	w->busy = 0;
	w->arrived = false;
	w->state = WARP_READY;
	w->page = NULL;
}

/* --- Groups --------------------------------------------------------------- */

static void group_wait(struct warp *w, uint64_t pc, uint16_t mask)
{
	for (unsigned int i = 0; i < w->num_waiting; i++) {
		if (w->waiting[i].pc == pc) {
			w->waiting[i].mask |= mask;
			return;
		}
	}
	w->waiting[w->num_waiting++] = (struct warp_group){ pc, mask };
}

/* Whoever has the lowest program counter executes, with all who have the same */
static void groups_settle(struct warp *w)
{
	struct warp_group *lowest = &w->waiting[0], old;

	for (unsigned int i = 1; i < w->num_waiting; i++)
		if (w->waiting[i].pc < lowest->pc)
			lowest = &w->waiting[i];
	if (w->mask && w->pc < lowest->pc)
		return;
	old = (struct warp_group){ w->pc, w->mask };
	w->pc = lowest->pc;
	w->mask = lowest->mask;
	*lowest = w->waiting[--w->num_waiting];
	if (!old.mask)
		return;
	if (old.pc == w->pc)
		w->mask |= old.mask;
	else
		group_wait(w, old.pc, old.mask);
}

/* --- Control -------------------------------------------------------------- */

/* Lanes of the group whose condition holds */
static uint16_t branch_taken(struct warp *w, const struct insn *in,
			     const union lanes *cond)
{
	bool if_zero = isa_mod(in->word, M_EQ);
	unsigned int part = in->src[0].swizzle;
	uint32_t bits = part == 1 ? 0xffff : part == 2 ? 0xffff0000 : ~0u;
	v4u lane = { 1, 2, 4, 8 }, zero = { 0 };

	for (int i = 0; i < 4; i++, lane <<= 4)
		zero |= (v4u)((cond->vu32[i] & bits) == 0) & lane;
	zero[0] |= zero[1] | zero[2] | zero[3];
	return (if_zero ? zero[0] : ~zero[0]) & w->mask;
}

/* Lanes @mask of the group go elsewhere; the others go on */
static void go_to(struct warp *w, uint16_t mask, uint64_t target)
{
	w->mask &= ~mask;
	group_wait(w, target, mask);
}

static void branch(struct warp *w, const struct insn *in, const union lanes **s)
{
	uint64_t next = w->pc + 8, target = next + in->imm * 8;
	uint16_t taken = branch_taken(w, in, s[0]);

	w->pc = next;
	if (taken == w->mask)
		w->pc = target;
	else if (taken)
		go_to(w, taken, target);
}

/* Each lane has its own target: 32 bits of it, or how far from here */
static void branch_indirect(struct warp *w, const struct insn *in,
			    const union lanes **s)
{
	uint64_t next = w->pc + 8;
	uint16_t taken = branch_taken(w, in, s[0]);

	w->pc = next;
	for (unsigned int i = 0; i < LANES; i++) {
		uint64_t target = isa_mod(in->word, M_ABSOLUTE) ?
			(next & ~0xffffffffull) | s[1]->u32[i] :
			next + (int64_t)s[1]->s32[i];

		if (taken >> i & 1)
			go_to(w, 1u << i, target);
	}
}

/* Wait for a barrier that not all warps have reached */
static bool barrier_blocks(struct warp *w, unsigned int slots)
{
	if (!(slots & 0x80) || !w->arrived)
		return false;
	w->state = WARP_BARRIER;
	return true;
}

static const uint8_t waits_of_flow[16] = {
	[1] = 0x01, [2] = 0x02, [3] = 0x03, [4] = 0x04, [5] = 0x05,
	[6] = 0x06, [7] = 0x07, [8] = 0x47, [9] = 0xc7,
};

static void end_lanes(struct warp *w)
{
	w->live &= ~w->mask;
	w->mask = 0;
	if (!w->live) {
		warp_land(w, 7);
		w->state = WARP_DONE;
	}
}

/* What comes after an instruction; the warp may not be ready any more */
static void flow(struct warp *w, unsigned int flow)
{
	unsigned int slots = waits_of_flow[flow];

	if (flow == FLOW_END)
		end_lanes(w);
	if (!slots)
		return;
	if (w->busy & slots)
		warp_land(w, slots);
	barrier_blocks(w, slots);
}

static bool barrier(struct warp *w)
{
	if (w->arrived) {
		/* The one before is not complete: first wait for that */
		w->state = WARP_BARRIER;
		return true;
	}
	if (w->mask != w->live)
		return warp_fault(w, SHADER_INSTR_BARRIER, w->pc,
				  "barrier that not all threads reach");
	w->arrived = true;
	w->pc += 8;
	return true;
}

static bool image(struct warp *w, const struct insn *in, const union lanes **s)
{
	switch (in->op->id) {
	case OP_LD_TEX:
		return image_load(w, in, s);
	case OP_LEA_TEX:
		return image_address(w, in, s);
	case OP_LEA_BUF:
		return image_lea_buf(w, in, s);
	case OP_LD_CVT:
		return image_load_typed(w, in, s);
	case OP_ST_CVT:
		return image_store_typed(w, in, s);
	case OP_TEX_FETCH:
	case OP_TEX_SINGLE:
	case OP_TEX_GATHER:
	case OP_TEX_GRADIENT:
		return tex_execute(w, in, s);
	}
	/* NOP */
	return true;
}

/* What is not arithmetic; moves the program counter if it executes */
static bool control(struct warp *w, const struct insn *in,
		    const union lanes **s)
{
	bool good = true;

	switch (in->op->id) {
	case OP_BRANCHZ:
		branch(w, in, s);
		return true;
	case OP_BRANCHZI:
		branch_indirect(w, in, s);
		return true;
	case OP_BARRIER:
		return barrier(w);
	case OP_LOAD:
		good = mem_load(w, in, s);
		break;
	case OP_STORE:
		good = mem_store(w, in, s);
		break;
	case OP_LD_BUFFER:
		good = mem_ld_buffer(w, in, s);
		break;
	case OP_LEA_BUFFER:
		good = mem_lea_buffer(w, in, s);
		break;
	case OP_ATOM:
	case OP_ATOM1:
	case OP_ATOM_RETURN:
		good = mem_atomic(w, in, s);
		break;
	default:
		good = image(w, in, s);
	}
	if (good)
		w->pc += 8;
	return good;
}

/* --- Arithmetic ----------------------------------------------------------- */

static void merge(union lanes *to, const union lanes *from, uint16_t mask,
		  uint32_t bits)
{
	for (unsigned int i = 0; i < LANES; i++)
		if (mask >> i & 1)
			to->u32[i] = (to->u32[i] & ~bits) |
				     (from->u32[i] & bits);
}

static bool result_is_pair(const struct insn *in)
{
	return in->op->type == T_U64 || in->op->type == T_S64;
}

static inline void arithmetic(struct warp *w, const struct insn *in,
			      const union lanes *const *s)
{
	static const uint32_t halves[4] = { 0, 0xffff, 0xffff0000, ~0u };
	union lanes d[2];

	if (w->mask == ALL_LANES && in->dst_mask == 3 && !result_is_pair(in) &&
	    in->op->id != OP_CLPER) {
		in->fn(w, in, s, &w->r[in->dst]);
		return;
	}
	in->fn(w, in, s, d);
	/* exec.c has let through those only that this is right for */
	if (in->dst_mask != 3 && in->op->type == T_F32)
		float_narrow(w, &d[0]);
	merge(&w->r[in->dst], &d[0], w->mask, halves[in->dst_mask]);
	if (result_is_pair(in))
		merge(&w->r[in->dst + 1], &d[1], w->mask, ~0u);
}

static bool step(struct warp *w, const struct insn *in)
{
	const union lanes *s[MAX_OPERANDS];
	union lanes tmp[MAX_OPERANDS];
	uint64_t pc = w->pc;

	warp_fetch(w, in, s, tmp);
	if (in->fn) {
		arithmetic(w, in, s);
		w->pc += 8;
	} else if (!control(w, in, s)) {
		return false;
	}
	/* A barrier that has to wait for another did not execute */
	if (in->flow && (w->state == WARP_READY || w->pc != pc))
		flow(w, in->flow);
	return true;
}

/* How many execute; without an instruction of the host's that not all have */
static unsigned int num_lanes(uint16_t mask)
{
	return mask == ALL_LANES ? LANES : (unsigned int)__builtin_popcount(mask);
}

enum warp_state warp_run(struct warp *w, int64_t *budget)
{
	struct shader_stats *stats = &w->env->sh->stats;
	int64_t before = *budget;

	w->extra = 0;
	w->state = WARP_READY;
	w->page = NULL;
	while (w->state == WARP_READY && *budget > 0) {
		const struct insn *in = code_at(w);
		unsigned int lanes = num_lanes(w->mask);

		if (!in || !step(w, in)) {
			w->state = WARP_FAULT;
			break;
		}
		stats->instrs++;
		stats->lane_instrs += lanes;
		*budget -= lanes > LEAST_COST ? lanes : LEAST_COST;
		if (w->extra) {
			*budget -= w->extra;
			w->extra = 0;
		}
		if (w->num_waiting && w->state != WARP_DONE)
			groups_settle(w);
	}
	stats->work += before - *budget;
	return w->state;
}

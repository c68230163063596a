// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command-stream interpreter: one time slice of one stream.
 *
 * Invariants:
 * - An instruction either commits as a whole and the stream moves on, or it
 *   changes nothing the stream owns and is executed again later (STEP_AGAIN).
 *   A stream can therefore be suspended between any two instructions.
 * - Nothing here touches firmware memory. What the firmware must tell the
 *   driver is in the struct mali_cs_result.
 */
#include "cs_slice.h"

/* --- Position ----------------------------------------------------------- */

uint64_t mali_cs_cmd_ptr(const struct mali_cs *cs)
{
	return cs->started ? slice_position(cs) : 0;
}

static void move_by(struct mali_cs *cs, int64_t bytes)
{
	struct mali_cs_ctx *c = &cs->ctx;

	if (c->depth)
		c->frame[c->depth - 1].pc += bytes;
	else
		c->extract += bytes;
}

/* Leave the buffers that ended */
static void unwind(struct mali_cs_ctx *c)
{
	while (c->depth && c->frame[c->depth - 1].pc >=
			   c->frame[c->depth - 1].end)
		c->depth--;
	if (c->depth < c->handler_depth)
		c->handler_depth = 0;
}

/* --- Control flow ------------------------------------------------------- */

static bool branch_taken(unsigned int cond, int32_t val)
{
	switch (cond) {
	case CS_COND_LE:
		return val <= 0;
	case CS_COND_GT:
		return val > 0;
	case CS_COND_EQ:
		return val == 0;
	case CS_COND_NE:
		return val != 0;
	case CS_COND_LT:
		return val < 0;
	case CS_COND_GE:
		return val >= 0;
	default:
		return true;
	}
}

static enum step branch(struct slice *s, uint64_t i)
{
	struct mali_cs *cs = s->cs;
	unsigned int cond = cs_branch_cond(i);
	int64_t by = (1 + cs_offset16(i)) * CS_INSTR_SIZE;

	if (cond > CS_COND_ALWAYS || !is_reg(cs_src(i)))
		return slice_invalid(s, i);
	if (!branch_taken(cond, cs->ctx.regs[cs_src(i)]))
		return STEP_NEXT;

	/* In the ring, only what has been inserted and not overwritten counts */
	if (!cs->ctx.depth &&
	    cs->insert - (cs->ctx.extract + by) > cs->ring_size)
		return slice_raise(s, STEP_FATAL, CS_EXC_CONFIG_FAULT, i);
	move_by(cs, by);
	return STEP_JUMPED;
}

static enum step call(struct slice *s, uint64_t i, bool jump)
{
	struct mali_cs_ctx *c = &s->cs->ctx;
	struct mali_cs_frame to;
	uint32_t len;

	if (!is_pair(cs_src(i)) || !is_reg(cs_src2(i)))
		return slice_invalid(s, i);
	to.pc = pair(s->cs, cs_src(i));
	len = c->regs[cs_src2(i)];
	to.end = to.pc + len;
	if (!buffer_valid(to.pc, len))
		return slice_invalid(s, i);

	if (jump) {
		/* A jump out of the ring would leave EXTRACT meaningless */
		if (!c->depth)
			return slice_invalid(s, i);
	} else {
		if (c->depth == MALI_CALL_DEPTH)
			return slice_raise(s, STEP_FATAL, CS_EXC_CALL_STACK_OVERFLOW,
				     i);
		move_by(s->cs, CS_INSTR_SIZE);
		c->depth++;
	}
	c->frame[c->depth - 1] = to;
	return STEP_JUMPED;
}

/* --- Dispatch ----------------------------------------------------------- */

/* Instructions that only touch registers */
static enum step step_alu(struct slice *s, uint64_t i)
{
	struct mali_cs *cs = s->cs;
	uint32_t *regs = cs->ctx.regs;
	unsigned int dst = cs_dst(i), src = cs_src(i), src2 = cs_src2(i);

	switch (cs_opcode(i)) {
	case CS_OP_MOVE:
		if (!is_pair(dst))
			return slice_invalid(s, i);
		set_pair(cs, dst, cs_imm48(i));
		return STEP_NEXT;
	case CS_OP_MOVE32:
		if (!is_reg(dst))
			return slice_invalid(s, i);
		regs[dst] = cs_imm32(i);
		return STEP_NEXT;
	case CS_OP_ADD_IMM32:
		if (!is_reg(dst) || !is_reg(src))
			return slice_invalid(s, i);
		regs[dst] = regs[src] + cs_imm32(i);
		return STEP_NEXT;
	case CS_OP_ADD_IMM64:
		if (!is_pair(dst) || !is_pair(src))
			return slice_invalid(s, i);
		set_pair(cs, dst, pair(cs, src) +
				  (uint64_t)(int64_t)(int32_t)cs_imm32(i));
		return STEP_NEXT;
	case CS_OP_UMIN32:
		if (!is_reg(dst) || !is_reg(src) || !is_reg(src2))
			return slice_invalid(s, i);
		regs[dst] = regs[src] < regs[src2] ? regs[src] : regs[src2];
		return STEP_NEXT;
	default:
		return slice_invalid(s, i);
	}
}

/* Instructions that set a stream's own state */
static enum step step_state(struct slice *s, uint64_t i)
{
	struct mali_cs_ctx *c = &s->cs->ctx;

	switch (cs_opcode(i)) {
	case CS_OP_SET_SB_ENTRY:
		if ((i & 0xf) >= CS_NUM_SCOREBOARDS ||
		    (i >> 4 & 0xf) >= CS_NUM_SCOREBOARDS)
			return slice_invalid(s, i);
		c->sb_endpoint = i & 0xf;
		c->sb_other = i >> 4 & 0xf;
		return STEP_NEXT;
	case CS_OP_PROGRESS_STORE:
		if (!is_pair(cs_src(i)))
			return slice_invalid(s, i);
		set_progress(s, pair(s->cs, cs_src(i)));
		return STEP_NEXT;
	case CS_OP_PROGRESS_LOAD:
		if (!is_pair(cs_dst(i)))
			return slice_invalid(s, i);
		set_pair(s->cs, cs_dst(i), c->progress);
		return STEP_NEXT;
	case CS_OP_SET_EXCEPTION_HANDLER:
		if (!is_pair(cs_src(i)) || !is_reg(cs_src2(i)) ||
		    !buffer_valid(pair(s->cs, cs_src(i)),
				  c->regs[cs_src2(i)]))
			return slice_invalid(s, i);
		c->handler = pair(s->cs, cs_src(i));
		c->handler_len = c->regs[cs_src2(i)];
		return STEP_NEXT;
	case CS_OP_REQ_RESOURCE:
		c->resources = i & 0xf;
		return STEP_NEXT;
	case CS_OP_HEAP_SET:
		if (!is_pair(cs_src(i)))
			return slice_invalid(s, i);
		if (pair(s->cs, cs_src(i)) & 7)
			return slice_misaligned(s, pair(s->cs, cs_src(i)));
		c->heap = pair(s->cs, cs_src(i));
		return STEP_NEXT;
	case CS_OP_ERROR_BARRIER:
		c->error = 0;
		return STEP_NEXT;
	default:
		return slice_invalid(s, i);
	}
}

/* Work for shader cores that they cannot do */
static enum step step_endpoint(struct slice *s, uint64_t i)
{
	if (s->cs->ctx.error)
		return STEP_NEXT;
	mali_guest_error(s->env->base, "opcode %u is none that shader cores can do",
			 cs_opcode(i));
	return slice_raise(s, STEP_FAULT, CS_EXC_ENDPOINT_FAULT, i);
}

static enum step step(struct slice *s, uint64_t i)
{
	switch (cs_opcode(i)) {
	case CS_OP_NOP:
		return STEP_NEXT;
	case CS_OP_MOVE:
	case CS_OP_MOVE32:
	case CS_OP_ADD_IMM32:
	case CS_OP_ADD_IMM64:
	case CS_OP_UMIN32:
		return step_alu(s, i);
	case CS_OP_WAIT:
		return slice_wait(s, i);
	case CS_OP_SET_SB_ENTRY:
	case CS_OP_PROGRESS_STORE:
	case CS_OP_PROGRESS_LOAD:
	case CS_OP_SET_EXCEPTION_HANDLER:
	case CS_OP_REQ_RESOURCE:
	case CS_OP_HEAP_SET:
	case CS_OP_ERROR_BARRIER:
		return step_state(s, i);
	case CS_OP_BRANCH:
		return branch(s, i);
	case CS_OP_CALL:
		return call(s, i, false);
	case CS_OP_JUMP:
		return call(s, i, true);
	case CS_OP_PROGRESS_WAIT:
		return slice_progress_wait(s, i);
	case CS_OP_SYNC_WAIT32:
	case CS_OP_SYNC_WAIT64:
		return slice_sync_wait(s, i);
	case CS_OP_LOAD_MULTIPLE:
	case CS_OP_STORE_MULTIPLE:
	case CS_OP_STORE_STATE:
	case CS_OP_FLUSH_CACHE2:
	case CS_OP_TRACE_POINT:
	case CS_OP_SYNC_ADD32:
	case CS_OP_SYNC_SET32:
	case CS_OP_SYNC_ADD64:
	case CS_OP_SYNC_SET64:
	case CS_OP_HEAP_OPERATION:
	case CS_OP_FINISH_FRAGMENT:
	case CS_OP_RUN_TILING:
	case CS_OP_FINISH_TILING:
	case CS_OP_RUN_COMPUTE:
		return slice_async(s, i);
	case CS_OP_RUN_COMPUTE_INDIRECT:
	case CS_OP_RUN_IDVS:
	case CS_OP_RUN_FRAGMENT:
	case CS_OP_RUN_FULLSCREEN:
		return step_endpoint(s, i);
	case CS_OP_PROT_REGION:		/* no protected mode in this firmware */
	default:
		return slice_invalid(s, i);
	}
}

/* --- The slice ---------------------------------------------------------- */

/* Fetch through the stream's own one-page instruction buffer */
static enum step fetch(struct slice *s, uint64_t *instr)
{
	struct mali_mmu *mmu = s->env->mmu;
	struct mali_cs *cs = s->cs;
	uint64_t va = slice_position(cs);
	struct mali_mmu_xlat x;
	struct mali_mmu_fault f;
	enum mali_mmu_result r;

	if ((va & MALI_PAGE_MASK) != cs->fetch_page) {
		r = mali_mmu_translate(mmu, s->at->as, va, MALI_ACCESS_READ, &x,
				       &f);
		if (r != MALI_MMU_OK)
			return slice_bad_access(s, r, &f);
		if (!x.page) {
			r = mali_mmu_read64(mmu, s->at->as, va, instr,
					    MALI_ACCESS_READ, &f);
			return r == MALI_MMU_OK ? STEP_NEXT :
						  slice_bad_access(s, r, &f);
		}
		cs->fetch_page = va & MALI_PAGE_MASK;
		cs->fetch_ptr = x.page;
	}
	*instr = mali_load64(cs->fetch_ptr + (va & ~MALI_PAGE_MASK));
	return STEP_NEXT;
}

/*
 * A recoverable fault abandons the called buffers; the ring goes on in error
 * state, up to the ERROR_BARRIER at the end of the job.
 */
static void take_fault(struct slice *s)
{
	struct mali_cs *cs = s->cs;

	/* The ring's instruction is over, unless it only waited for the fault */
	if (!cs->ctx.depth && !s->late_fault)
		cs->ctx.extract += CS_INSTR_SIZE;
	cs->ctx.depth = 0;
	cs->ctx.handler_depth = 0;
	cs->ctx.error = 1;
}

/* How a slice ends in which the stream cannot take another step */
static enum mali_cs_outcome stop(struct slice *s, enum step st)
{
	switch (st) {
	case STEP_FATAL:
		s->cs->ctx.dead = 1;
		return MALI_CS_FATAL;
	case STEP_FAULT:
		take_fault(s);
		return MALI_CS_FAULTED;
	default:
		return s->cs->block == MALI_CS_UNBLOCKED ? MALI_CS_RAN :
							   MALI_CS_BLOCKED;
	}
}

/* Time passes: what is under way completes, whatever the stream waits for. */
static enum step drain(struct slice *s)
{
	enum mali_cs_block block = s->cs->block;
	enum step st;

	if (!s->cs->ctx.num_ops)
		return STEP_NEXT;
	st = slice_retire(s, ~0u);
	/* Time alone ends this; what the stream itself waits for goes first */
	if (st == STEP_AGAIN && s->cs->block == MALI_CS_BLOCK_SB) {
		s->cs->block = block;
		return STEP_NEXT;
	}
	return st;
}

static enum mali_cs_outcome run(struct slice *s, unsigned int *budget)
{
	struct mali_stats *stats = s->env->stats;
	struct mali_cs *cs = s->cs;
	uint64_t instr = 0;
	enum step st = drain(s);

	while (st == STEP_NEXT && *budget) {
		if (ring_empty(cs))
			return MALI_CS_EMPTY;
		st = fetch(s, &instr);
		if (st == STEP_NEXT)
			st = step(s, instr);
		if (st == STEP_AGAIN)
			break;
		--*budget;
		if (st == STEP_NEXT)
			move_by(cs, CS_INSTR_SIZE);
		else if (st != STEP_JUMPED && st != STEP_HANDLER)
			break;
		stats->cs_instrs++;
		unwind(&cs->ctx);
		st = STEP_NEXT;
	}
	return st == STEP_NEXT ? MALI_CS_RAN : stop(s, st);
}

/* The slice is over: so is the wait for what was left under way. */
static void end_slice(struct slice *s)
{
	enum step st;

	if (s->res.outcome == MALI_CS_FATAL || s->res.outcome == MALI_CS_FAULTED)
		return;
	/* The oldest of them is what cannot go on: it had its turn */
	if (s->cs->block == MALI_CS_BLOCK_FAULT ||
	    s->cs->block == MALI_CS_BLOCK_MMU ||
	    s->cs->block == MALI_CS_BLOCK_HEAP)
		return;
	st = drain(s);
	if (st != STEP_NEXT)
		s->res.outcome = stop(s, st);
}

void mali_cs_start(struct mali_cs *cs)
{
	cs->started = true;
	cs->block = MALI_CS_UNBLOCKED;
	cs->fetch_page = ~0ull;
}

void mali_cs_stop(struct mali_cs *cs)
{
	shader_job_cancel(&cs->job);
	cs->started = false;
}

/*
 * What cores that work for several streams do for this one. How many those are is known
 * from the round before; so that what is new, too, leaves the host its time, all of them
 * together get no more than a round's.
 */
static int64_t share_of_cores(const struct slice *s, unsigned int budget)
{
	unsigned int n = s->env->sharing;
	int64_t share;

	if (s->at->leaving)
		budget = SLICE_INSTRS;
	share = (int64_t)budget * LANES_PER_INSTR / (n ? n : 1);
	return share < s->env->lanes_left ? share : s->env->lanes_left;
}

/* Whether the stream can take a turn at all; otherwise the slice is over. */
static bool begin_slice(struct slice *s)
{
	unsigned int gen = mali_mmu_as_generation(s->env->mmu, s->at->as);

	if (!slice_may_go_on(s)) {
		/* What is under way does not wait with the stream */
		if (s->cs->block == MALI_CS_BLOCK_SYNC ||
		    s->cs->block == MALI_CS_BLOCK_PROGRESS)
			end_slice(s);
		return false;
	}
	if (slice_lost_address_space(s) || slice_hangs(s))
		return false;
	s->cs->block = MALI_CS_UNBLOCKED;
	/* Flushes of the address space reach the instruction buffer as well, and locks */
	if (s->cs->fetch_gen != gen || mali_mmu_as_locked(s->env->mmu, s->at->as)) {
		s->cs->fetch_gen = gen;
		s->cs->fetch_page = ~0ull;
	}
	return true;
}

/* Until an instruction is executed again */
static bool waits_by_instruction(enum mali_cs_block block)
{
	return block == MALI_CS_BLOCK_SB || block == MALI_CS_BLOCK_SYNC ||
	       block == MALI_CS_BLOCK_PROGRESS;
}

struct mali_cs_result mali_cs_run(const struct mali_cs_env *env,
				  const struct mali_cs_place *at,
				  unsigned int *budget)
{
	struct slice s = {
		.env = env,
		.at = at,
		.cs = &at->cs[at->id],
		.now = mali_now(env->base),
		.delayed = mali_inject_delay(env->base, MALI_SLOW_STREAM),
		.res = { .outcome = MALI_CS_BLOCKED, .due = MALI_NEVER },
	};
	enum mali_cs_block waits = s.cs->block;
	bool no_turn = !*budget;

	if (s.cs->ctx.dead)
		return s.res;
	s.lanes = share_of_cores(&s, *budget);
	if (begin_slice(&s)) {
		s.res.outcome = run(&s, budget);
		end_slice(&s);
	}
	/* Without an instruction to look with, it waits for what it waited for */
	if (no_turn && s.res.outcome == MALI_CS_RAN && waits_by_instruction(waits))
		s.cs->block = waits;
	if (s.res.outcome == MALI_CS_FATAL)
		shader_job_cancel(&s.cs->job);
	return s.res;
}

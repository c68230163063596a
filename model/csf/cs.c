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
#include <inttypes.h>
#include <string.h>

#include "cs_slice.h"

/* FAULTSTATUS source of a stream: the group slot and the stream slot */
#define SOURCE_ID(csg, cs)	(0x8000u | (csg) << 5 | (cs))

/* --- Position ----------------------------------------------------------- */

static uint64_t position(const struct mali_cs *cs)
{
	const struct mali_cs_ctx *c = &cs->ctx;

	if (c->depth)
		return c->frame[c->depth - 1].pc;
	return cs->ring_base + (c->extract & (cs->ring_size - 1));
}

uint64_t mali_cs_cmd_ptr(const struct mali_cs *cs)
{
	return cs->started ? position(cs) : 0;
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

/* --- Exceptions --------------------------------------------------------- */

enum step slice_raise(struct slice *s, enum step severity,
		      enum cs_exception exc, uint64_t info)
{
	s->res.exception = exc;
	s->res.info = info;
	return severity;
}

enum step slice_invalid(struct slice *s, uint64_t instr)
{
	mali_guest_error(s->m->base, "command-stream instruction 0x%016" PRIx64
			 " at 0x%" PRIx64 " is not one", instr, position(s->cs));
	return slice_raise(s, STEP_FATAL, CS_EXC_INSTR_INVALID, instr);
}

enum step slice_block(struct slice *s, enum mali_cs_block why)
{
	s->cs->block = why;
	s->cs->block_epoch = s->m->mcu.wake_epoch;
	s->cs->block_gen = mali_mmu_as_generation(s->m->mmu, s->g->as);
	return STEP_AGAIN;
}

/*
 * An access did not go through. A locked region and an enabled address space
 * stall it: the driver unlocks, or handles the fault. In a disabled address
 * space nothing can come to help, and the stream gets a bus fault.
 */
enum step slice_bad_access(struct slice *s, enum mali_mmu_result r,
			   const struct mali_mmu_fault *f)
{
	struct mali_mmu *mmu = s->m->mmu;

	if (r == MALI_MMU_STALL)
		return slice_block(s, MALI_CS_BLOCK_MMU);
	if (!mali_mmu_as_enabled(mmu, s->g->as))
		return slice_raise(s, STEP_FATAL, CS_EXC_BUS_FAULT, f->va);
	mali_mmu_report_fault(mmu, s->g->as, f,
			      SOURCE_ID((unsigned int)(s->g - s->m->mcu.csg),
					s->id));
	s->cs->block_va = f->va;
	return slice_block(s, MALI_CS_BLOCK_FAULT);
}

enum step slice_misaligned(struct slice *s, uint64_t va)
{
	mali_guest_error(s->m->base, "access to 0x%" PRIx64 " is not aligned", va);
	return slice_raise(s, STEP_FATAL, CS_EXC_BUS_FAULT, va);
}

/* --- Synchronisation objects --------------------------------------------- */

static void note_wait(struct slice *s, uint64_t va, uint64_t ref,
		      unsigned int size, unsigned int cond)
{
	struct mali_cs *cs = s->cs;

	cs->wait_addr = va;
	cs->wait_ref = ref;
	cs->wait_flags = CS_WAIT_SYNC | (size == 8 ? CS_WAIT_SYNC_64B : 0) |
			 cond << CS_WAIT_SYNC_COND_SHIFT;
}

static enum step sync_wait(struct slice *s, uint64_t i)
{
	unsigned int size = sync_size(i);
	struct mali_mmu *mmu = s->m->mmu;
	uint64_t va, ref, val = 0;
	struct mali_mmu_fault f;
	enum mali_mmu_result r;
	uint32_t failed = 0;
	bool done;

	if (!sync_valid(i) || cs_wait_cond(i) > CS_COND_GT)
		return slice_invalid(s, i);
	va = pair(s->cs, cs_src(i));
	if (va & (size - 1))
		return slice_misaligned(s, va);
	if (s->cs->ctx.error)
		return STEP_NEXT;

	r = mali_mmu_read(mmu, s->g->as, va, &val, size, MALI_ACCESS_READ, &f);
	if (r == MALI_MMU_OK && !cs_sync_reject(i))
		r = mali_mmu_read32(mmu, s->g->as, va + size, &failed,
				    MALI_ACCESS_READ, &f);
	if (r != MALI_MMU_OK)
		return slice_bad_access(s, r, &f);

	ref = sync_data(s->cs, i);
	done = cs_wait_cond(i) == CS_COND_GT ? val > ref : val <= ref;
	if (!done) {
		note_wait(s, va, ref, size, cs_wait_cond(i));
		return slice_block(s, MALI_CS_BLOCK_SYNC);
	}
	if (failed)
		return slice_raise(s, STEP_FAULT, CS_EXC_INHERIT_FAULT, va);
	return STEP_NEXT;
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

/* --- Progress counters -------------------------------------------------- */

static enum step progress_wait(struct slice *s, uint64_t i)
{
	unsigned int queue = i & 0x1f;

	if (queue >= FW_NUM_CS || !is_pair(cs_src(i)))
		return slice_invalid(s, i);
	if (s->g->cs[queue].ctx.progress >= pair(s->cs, cs_src(i)))
		return STEP_NEXT;
	return slice_block(s, MALI_CS_BLOCK_PROGRESS);
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

static enum step step_wait(struct slice *s, uint64_t i)
{
	enum step st = slice_retire(s, cs_mask16(i));

	if (st == STEP_AGAIN && s->cs->block == MALI_CS_BLOCK_SB)
		s->cs->wait_flags = CS_WAIT_SB_SRC | (cs_mask16(i) & 0xff);
	if (st == STEP_NEXT && cs_progress_inc(i))
		set_progress(s, s->cs->ctx.progress + 1);
	return st;
}

/* Work for shader cores, which this model does not have */
static enum step step_endpoint(struct slice *s, uint64_t i)
{
	if (s->cs->ctx.error)
		return STEP_NEXT;
	mali_guest_error(s->m->base, "opcode %u needs shader cores, which are not modelled",
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
		return step_wait(s, i);
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
		return progress_wait(s, i);
	case CS_OP_SYNC_WAIT32:
	case CS_OP_SYNC_WAIT64:
		return sync_wait(s, i);
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
		return slice_async(s, i);
	case CS_OP_RUN_COMPUTE:
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
	struct mali_mmu *mmu = s->m->mmu;
	struct mali_cs *cs = s->cs;
	uint64_t va = position(cs);
	struct mali_mmu_xlat x;
	struct mali_mmu_fault f;
	enum mali_mmu_result r;

	if ((va & MALI_PAGE_MASK) != cs->fetch_page) {
		r = mali_mmu_translate(mmu, s->g->as, va, MALI_ACCESS_READ, &x,
				       &f);
		if (r != MALI_MMU_OK)
			return slice_bad_access(s, r, &f);
		if (!x.page) {
			r = mali_mmu_read64(mmu, s->g->as, va, instr,
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

/* Whether what the stream waited for may have happened */
static bool may_go_on(struct slice *s)
{
	const struct mali_cs *cs = s->cs;

	switch (cs->block) {
	case MALI_CS_BLOCK_SYNC:
	case MALI_CS_BLOCK_PROGRESS:
		return cs->block_epoch != s->m->mcu.wake_epoch;
	case MALI_CS_BLOCK_HEAP:
		return cs->oom_answered;
	case MALI_CS_BLOCK_HANG:
		return false;
	case MALI_CS_BLOCK_MMU:
	case MALI_CS_BLOCK_FAULT:
		return cs->block_gen != mali_mmu_as_generation(s->m->mmu,
							       s->g->as);
	default:
		return true;
	}
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

static bool ring_empty(const struct mali_cs *cs)
{
	return !cs->ctx.depth && cs->ctx.extract == cs->insert;
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
	uint32_t epoch = s->cs->block_epoch;
	enum step st;

	if (!s->cs->ctx.num_ops)
		return STEP_NEXT;
	st = slice_retire(s, ~0u);
	/* Time alone ends this; what the stream itself waits for goes first */
	if (st == STEP_AGAIN && s->cs->block == MALI_CS_BLOCK_SB) {
		s->cs->block = block;
		s->cs->block_epoch = epoch;
		return STEP_NEXT;
	}
	return st;
}

static enum mali_cs_outcome run(struct slice *s, unsigned int *budget)
{
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
		s->m->stats->cs_instrs++;
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
	if (st == STEP_HANDLER)
		s->res.outcome = MALI_CS_RAN;
	else if (st != STEP_NEXT)
		s->res.outcome = stop(s, st);
}

static bool hangs(struct slice *s)
{
	struct mali_cs *cs = s->cs;
	unsigned int csg = s->g - s->m->mcu.csg;

	if (ring_empty(cs) ||
	    !mali_inject_hang(s->m->base, csg, s->id, &cs->hang_hard))
		return false;
	cs->hang_since = s->now;
	cs->hang_reported = false;
	slice_block(s, MALI_CS_BLOCK_HANG);
	return true;
}

void mali_cs_start(struct mali_cs *cs)
{
	cs->started = true;
	cs->block = MALI_CS_UNBLOCKED;
	cs->fetch_page = ~0ull;
}

/* The access that waits is what fails, not the fetch that repeats it. */
static bool lost_address_space(struct slice *s)
{
	struct mali_cs *cs = s->cs;

	if (cs->block != MALI_CS_BLOCK_FAULT ||
	    mali_mmu_as_enabled(s->m->mmu, s->g->as))
		return false;
	cs->block = MALI_CS_UNBLOCKED;
	cs->ctx.dead = 1;
	slice_raise(s, STEP_FATAL, CS_EXC_BUS_FAULT, cs->block_va);
	s->res.outcome = MALI_CS_FATAL;
	return true;
}

struct mali_cs_result mali_cs_run(struct mali *m, struct mali_csg *g,
				  unsigned int id, unsigned int *budget)
{
	struct slice s = {
		.m = m,
		.g = g,
		.cs = &g->cs[id],
		.id = id,
		.now = mali_now(m->base),
		.delayed = mali_inject_delay(m->base, MALI_SLOW_STREAM),
		.res = { .outcome = MALI_CS_BLOCKED, .due = MALI_NEVER },
	};
	unsigned int gen = mali_mmu_as_generation(m->mmu, g->as);

	if (s.cs->ctx.dead)
		return s.res;
	if (!may_go_on(&s)) {
		/* What is under way does not wait with the stream */
		if (s.cs->block == MALI_CS_BLOCK_SYNC ||
		    s.cs->block == MALI_CS_BLOCK_PROGRESS)
			end_slice(&s);
		return s.res;
	}
	if (lost_address_space(&s) || hangs(&s))
		return s.res;
	s.cs->block = MALI_CS_UNBLOCKED;
	/* Flushes of the address space reach the instruction buffer as well */
	if (s.cs->fetch_gen != gen) {
		s.cs->fetch_gen = gen;
		s.cs->fetch_page = ~0ull;
	}
	s.res.outcome = run(&s, budget);
	end_slice(&s);
	return s.res;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the interpreter share: the time slice, what became of an
 * instruction, and access to registers. Nobody else includes this.
 */
#ifndef MALI_CS_SLICE_H
#define MALI_CS_SLICE_H

#include "cs.h"

enum step {
	STEP_NEXT,	/* go to the next instruction */
	STEP_JUMPED,	/* the position was set */
	STEP_AGAIN,	/* blocked: try this one again later */
	STEP_BUSY,	/* asynchronous, and not done: others may go on */
	STEP_HANDLER,	/* the same, but an exception handler comes first */
	STEP_FATAL,
	STEP_FAULT,
};

/* One time slice */
struct slice {
	const struct mali_cs_env *env;
	const struct mali_cs_place *at;
	struct mali_cs *cs;
	uint64_t now;
	int64_t lanes;	/* what is left of its share of the shader cores */
	bool delayed;	/* asynchronous instructions take time */
	bool late_fault; /* the fault is one of those, not of the one at hand */
	struct mali_cs_result res;
};

/* --- Position ------------------------------------------------------------ */

static inline uint64_t slice_position(const struct mali_cs *cs)
{
	const struct mali_cs_ctx *c = &cs->ctx;

	if (c->depth)
		return c->frame[c->depth - 1].pc;
	return cs->ring_base + (c->extract & (cs->ring_size - 1));
}

static inline bool ring_empty(const struct mali_cs *cs)
{
	return !cs->ctx.depth && cs->ctx.extract == cs->insert;
}

static inline void slice_note_due(struct slice *s, uint64_t due)
{
	if (due < s->res.due)
		s->res.due = due;
}

/* --- Exceptions: cs_slice.c; all return the step that the instruction becomes */

/* STEP_FATAL or STEP_FAULT with an exception and its information */
enum step slice_raise(struct slice *s, enum step severity,
		      enum cs_exception exc, uint64_t info);
/* Not an instruction of this architecture, or a register that is not there */
enum step slice_invalid(struct slice *s, uint64_t instr);
enum step slice_misaligned(struct slice *s, uint64_t va);
/* Wait, for what @why says */
enum step slice_block(struct slice *s, enum mali_cs_block why);
/* An access did not go through: @r is not MALI_MMU_OK, @f belongs to it. */
enum step slice_bad_access(struct slice *s, enum mali_mmu_result r,
			   const struct mali_mmu_fault *f);

/* --- Waits: cs_wait.c ----------------------------------------------------- */

/* SYNC_WAIT, PROGRESS_WAIT and WAIT */
enum step slice_sync_wait(struct slice *s, uint64_t instr);
enum step slice_progress_wait(struct slice *s, uint64_t instr);
enum step slice_wait(struct slice *s, uint64_t instr);
/* Whether what the stream waited for may have happened */
bool slice_may_go_on(struct slice *s);
/* Its address space was disabled while it waited there: the slice is over. */
bool slice_lost_address_space(struct slice *s);
/* It hangs on request from now on: the slice is over. */
bool slice_hangs(struct slice *s);

/* --- Asynchronous instructions: cs_async.c ------------------------------- */

/*
 * Complete what scoreboard entries @want stand for, and what was issued before.
 * STEP_NEXT: no entry of @want is busy any more. STEP_AGAIN: at least one is,
 * and the stream is blocked; or it is not, and there is more to do at once.
 */
enum step slice_retire(struct slice *s, unsigned int want);
/* An instruction that is queued or can be; STEP_NEXT when it was. */
enum step slice_async(struct slice *s, uint64_t instr);

/* --- Tiling: cs_tiling.c --------------------------------------------------- */

/* Complete a tiling operation, a heap operation, a FINISH_FRAGMENT. */
enum step slice_tiling(struct slice *s, const struct mali_cs_op *op);
enum step slice_heap_operation(struct slice *s, const struct mali_cs_op *op);
enum step slice_finish_fragment(struct slice *s, const struct mali_cs_op *op);
/* Bytes of heap memory that the operation at hand takes */
uint64_t slice_tiling_size(const struct mali_cs *cs);

/* --- Compute: cs_compute.c -------------------------------------------------- */

/* RUN_COMPUTE may be issued, and its operands are taken; the step if not */
enum step slice_dispatch(struct slice *s, uint64_t instr);
/* Go on with the dispatch, as far as the slice's share goes. */
enum step slice_compute(struct slice *s, const struct mali_cs_op *op);

/* --- Operands ------------------------------------------------------------- */

/* A buffer of instructions that could be called */
static inline bool buffer_valid(uint64_t va, uint32_t len)
{
	return !(va % CS_INSTR_SIZE) && !(len % CS_INSTR_SIZE) &&
	       va + len >= va;
}

static inline bool is_reg(unsigned int r)
{
	return r < CS_NUM_REGS;
}

static inline bool is_pair(unsigned int r)
{
	return r < CS_NUM_REGS - 1;
}

static inline uint64_t pair(const struct mali_cs *cs, unsigned int r)
{
	return cs->ctx.regs[r] | (uint64_t)cs->ctx.regs[r + 1] << 32;
}

static inline void set_pair(struct mali_cs *cs, unsigned int r, uint64_t val)
{
	cs->ctx.regs[r] = (uint32_t)val;
	cs->ctx.regs[r + 1] = val >> 32;
}

static inline void set_progress(struct slice *s, uint64_t val)
{
	s->cs->ctx.progress = val;
	s->res.wake = true;
}

/* --- Operands of SYNC_ADD, SYNC_SET and SYNC_WAIT ------------------------- */

static inline unsigned int sync_size(uint64_t i)
{
	return cs_opcode(i) >= CS_OP_SYNC_ADD64 ? 8 : 4;
}

static inline bool sync_valid(uint64_t i)
{
	return is_pair(cs_src(i)) && (sync_size(i) == 8 ? is_pair(cs_src2(i)) :
							  is_reg(cs_src2(i)));
}

static inline uint64_t sync_data(const struct mali_cs *cs, uint64_t i)
{
	return sync_size(i) == 8 ? pair(cs, cs_src2(i)) :
				   cs->ctx.regs[cs_src2(i)];
}

#endif /* MALI_CS_SLICE_H */

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
 * - Asynchronous instructions (loads, stores, flushes, sync operations)
 *   complete in order and at once. Scoreboard entries are therefore always
 *   clear and every WAIT is satisfied when it is reached.
 */
#include <inttypes.h>
#include <string.h>

#include "mali_internal.h"

/* FAULTSTATUS source of a stream: the group slot and the stream slot */
#define SOURCE_ID(csg, cs)	(0x8000u | (csg) << 5 | (cs))

enum step {
	STEP_NEXT,	/* go to the next instruction */
	STEP_JUMPED,	/* the position was set */
	STEP_AGAIN,	/* blocked: try this one again later */
	STEP_FATAL,
	STEP_FAULT,
};

/* One time slice */
struct slice {
	struct mali *m;
	struct mali_csg *g;
	struct mali_cs *cs;
	unsigned int id;
	struct mali_cs_result res;
};

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
}

/* --- Exceptions --------------------------------------------------------- */

static enum step raise(struct slice *s, enum step severity,
		       enum cs_exception exc, uint64_t info)
{
	s->res.exception = exc;
	s->res.info = info;
	return severity;
}

static enum step invalid(struct slice *s, uint64_t instr)
{
	mali_guest_error(s->m, "command-stream instruction 0x%016" PRIx64
			 " at 0x%" PRIx64 " is not one", instr, position(s->cs));
	return raise(s, STEP_FATAL, CS_EXC_INSTR_INVALID, instr);
}

static enum step block(struct slice *s, enum mali_cs_block why)
{
	s->cs->block = why;
	s->cs->block_epoch = s->m->mcu.wake_epoch;
	s->cs->block_gen = mali_mmu_as_generation(&s->m->mmu, s->g->as);
	return STEP_AGAIN;
}

/*
 * An access did not go through. A locked region and an enabled address space
 * stall it: the driver unlocks, or handles the fault. In a disabled address
 * space nothing can come to help, and the stream gets a bus fault.
 */
static enum step bad_access(struct slice *s, enum mali_mmu_result r,
			    const struct mali_mmu_fault *f)
{
	struct mali_mmu *mmu = &s->m->mmu;

	if (r == MALI_MMU_STALL)
		return block(s, MALI_CS_BLOCK_MMU);
	if (!mali_mmu_as_enabled(mmu, s->g->as))
		return raise(s, STEP_FATAL, CS_EXC_BUS_FAULT, f->va);
	mali_mmu_report_fault(mmu, s->g->as, f,
			      SOURCE_ID((unsigned int)(s->g - s->m->mcu.csg),
					s->id));
	s->cs->block_va = f->va;
	return block(s, MALI_CS_BLOCK_FAULT);
}

static enum step misaligned(struct slice *s, uint64_t va)
{
	mali_guest_error(s->m, "access to 0x%" PRIx64 " is not aligned", va);
	return raise(s, STEP_FATAL, CS_EXC_BUS_FAULT, va);
}

/* --- Registers ---------------------------------------------------------- */

static bool is_reg(unsigned int r)
{
	return r < CS_NUM_REGS;
}

static bool is_pair(unsigned int r)
{
	return r < CS_NUM_REGS - 1;
}

static uint64_t pair(const struct mali_cs *cs, unsigned int r)
{
	return cs->ctx.regs[r] | (uint64_t)cs->ctx.regs[r + 1] << 32;
}

static void set_pair(struct mali_cs *cs, unsigned int r, uint64_t val)
{
	cs->ctx.regs[r] = (uint32_t)val;
	cs->ctx.regs[r + 1] = val >> 32;
}

/* --- Memory ------------------------------------------------------------- */

/* Take the lowest run of set bits off *mask */
static unsigned int next_run(unsigned int *mask, unsigned int *first)
{
	unsigned int len;

	*first = __builtin_ctz(*mask);
	len = __builtin_ctz(~(*mask >> *first));
	*mask &= ~(((1u << len) - 1) << *first);
	return len;
}

/* Check the registers of a load or store, and say where it goes */
static enum step multiple_address(struct slice *s, uint64_t i, uint64_t *va)
{
	unsigned int mask = cs_mask16(i);

	if (!is_pair(cs_src(i)) ||
	    (mask && !is_reg(cs_dst(i) + 31 - __builtin_clz(mask))))
		return invalid(s, i);
	*va = pair(s->cs, cs_src(i)) + cs_offset16(i);
	if (*va & 3)
		return misaligned(s, *va);
	return STEP_NEXT;
}

static enum step load_multiple(struct slice *s, uint64_t i)
{
	unsigned int mask = cs_mask16(i), base = cs_dst(i), first, len;
	uint32_t tmp[16];
	struct mali_mmu_fault f;
	enum mali_mmu_result r;
	uint64_t va;
	enum step st = multiple_address(s, i, &va);

	if (st != STEP_NEXT || s->cs->ctx.error)
		return st;

	while (mask) {
		len = next_run(&mask, &first);
		r = mali_mmu_read(&s->m->mmu, s->g->as, va + first * 4,
				  &tmp[first], len * 4, MALI_ACCESS_READ, &f);
		if (r != MALI_MMU_OK)
			return bad_access(s, r, &f);
	}
	for (mask = cs_mask16(i); mask; mask &= mask - 1) {
		first = __builtin_ctz(mask);
		s->cs->ctx.regs[base + first] = tmp[first];
	}
	return STEP_NEXT;
}

/* A store that faults half-way is repeated whole: it writes the same words. */
static enum step store_multiple(struct slice *s, uint64_t i)
{
	unsigned int mask = cs_mask16(i), base = cs_dst(i), first, len;
	struct mali_mmu_fault f;
	enum mali_mmu_result r;
	uint64_t va;
	enum step st = multiple_address(s, i, &va);

	if (st != STEP_NEXT || s->cs->ctx.error)
		return st;

	while (mask) {
		len = next_run(&mask, &first);
		r = mali_mmu_write(&s->m->mmu, s->g->as, va + first * 4,
				   &s->cs->ctx.regs[base + first], len * 4,
				   MALI_ACCESS_WRITE, &f);
		if (r != MALI_MMU_OK)
			return bad_access(s, r, &f);
	}
	return STEP_NEXT;
}

/* Done in error state as well: the error is part of the state */
static enum step store_state(struct slice *s, uint64_t i)
{
	struct mali_mmu_fault f;
	enum mali_mmu_result r;
	uint64_t va, val = 0;

	if (!is_pair(cs_src(i)))
		return invalid(s, i);
	va = pair(s->cs, cs_src(i)) + cs_offset16(i);
	if (va & 7)
		return misaligned(s, va);

	switch (cs_state_select(i)) {
	case CS_STATE_SEL_TIMESTAMP:
		val = mali_timestamp(s->m) + s->m->gpu.timestamp_offset;
		break;
	case CS_STATE_SEL_CYCLE_COUNT:
		val = mali_cycles(s->m);
		break;
	case CS_STATE_SEL_DISJOINT_COUNT:
		break;		/* power never comes and goes under a job */
	case CS_STATE_SEL_ERROR_STATUS:
		val = s->cs->ctx.error;
		break;
	}
	r = mali_mmu_write64(&s->m->mmu, s->g->as, va, val, MALI_ACCESS_WRITE,
			     &f);
	return r == MALI_MMU_OK ? STEP_NEXT : bad_access(s, r, &f);
}

static enum step flush_cache(struct slice *s, uint64_t i)
{
	uint32_t since;

	if (!is_reg(cs_src(i)))
		return invalid(s, i);
	/* Nothing to do where a flush came after the one the stream knows of */
	since = s->cs->ctx.regs[cs_src(i)];
	if ((i & 0x3ff) && (!since || since >= s->m->gpu.flush_id))
		mali_gpu_count_flush(s->m);
	return STEP_NEXT;
}

/* --- Synchronisation objects -------------------------------------------- */

/* A sync object: a seqno of 4 or 8 bytes, and a status word behind it */
static enum step sync_update(struct slice *s, uint64_t i, unsigned int size,
			     bool add)
{
	struct mali_mmu *mmu = &s->m->mmu;
	unsigned int as = s->g->as;
	uint64_t va, data, val = 0;
	struct mali_mmu_fault f;
	enum mali_mmu_result r;
	uint32_t failed = 1;

	if (!is_pair(cs_src(i)) ||
	    !(size == 8 ? is_pair(cs_src2(i)) : is_reg(cs_src2(i))))
		return invalid(s, i);
	va = pair(s->cs, cs_src(i));
	if (va & (size - 1))
		return misaligned(s, va);

	r = mali_mmu_read(mmu, as, va, &val, size, MALI_ACCESS_ATOMIC, &f);
	if (r == MALI_MMU_OK && s->cs->ctx.error && cs_sync_propagate(i))
		/* The error must be there when the seqno is seen */
		r = mali_mmu_write(mmu, as, va + size, &failed, sizeof(failed),
				   MALI_ACCESS_WRITE, &f);
	if (r != MALI_MMU_OK)
		return bad_access(s, r, &f);

	data = size == 8 ? pair(s->cs, cs_src2(i)) :
			   s->cs->ctx.regs[cs_src2(i)];
	val = add ? val + data : data;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	r = mali_mmu_write(mmu, as, va, &val, size, MALI_ACCESS_ATOMIC, &f);
	if (r != MALI_MMU_OK)
		return bad_access(s, r, &f);

	s->res.wake = true;
	if (cs_sync_scope(i) == CS_SCOPE_SYSTEM)
		s->res.sync_update = true;
	return STEP_NEXT;
}

static void note_wait(struct slice *s, uint64_t va, uint64_t ref,
		      unsigned int size, unsigned int cond)
{
	struct mali_cs *cs = s->cs;

	cs->wait_addr = va;
	cs->wait_ref = ref;
	cs->wait_flags = CS_WAIT_SYNC | (size == 8 ? CS_WAIT_SYNC_64B : 0) |
			 cond << CS_WAIT_SYNC_COND_SHIFT;
}

static enum step sync_wait(struct slice *s, uint64_t i, unsigned int size)
{
	struct mali_mmu *mmu = &s->m->mmu;
	uint64_t va, ref, val = 0;
	struct mali_mmu_fault f;
	enum mali_mmu_result r;
	uint32_t failed = 0;
	bool done;

	if (!is_pair(cs_src(i)) ||
	    !(size == 8 ? is_pair(cs_src2(i)) : is_reg(cs_src2(i))) ||
	    cs_wait_cond(i) > CS_COND_GT)
		return invalid(s, i);
	va = pair(s->cs, cs_src(i));
	if (va & (size - 1))
		return misaligned(s, va);
	if (s->cs->ctx.error)
		return STEP_NEXT;

	r = mali_mmu_read(mmu, s->g->as, va, &val, size, MALI_ACCESS_READ, &f);
	if (r == MALI_MMU_OK && !cs_sync_reject(i))
		r = mali_mmu_read32(mmu, s->g->as, va + size, &failed,
				    MALI_ACCESS_READ, &f);
	if (r != MALI_MMU_OK)
		return bad_access(s, r, &f);

	ref = size == 8 ? pair(s->cs, cs_src2(i)) :
			  s->cs->ctx.regs[cs_src2(i)];
	done = cs_wait_cond(i) == CS_COND_GT ? val > ref : val <= ref;
	if (!done) {
		note_wait(s, va, ref, size, cs_wait_cond(i));
		return block(s, MALI_CS_BLOCK_SYNC);
	}
	if (failed)
		return raise(s, STEP_FAULT, CS_EXC_INHERIT_FAULT, va);
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
		return invalid(s, i);
	if (!branch_taken(cond, cs->ctx.regs[cs_src(i)]))
		return STEP_NEXT;

	/* In the ring, only what has been inserted and not overwritten counts */
	if (!cs->ctx.depth &&
	    cs->insert - (cs->ctx.extract + by) > cs->ring_size)
		return raise(s, STEP_FATAL, CS_EXC_CONFIG_FAULT, i);
	move_by(cs, by);
	return STEP_JUMPED;
}

static enum step call(struct slice *s, uint64_t i, bool jump)
{
	struct mali_cs_ctx *c = &s->cs->ctx;
	struct mali_cs_frame to;
	uint32_t len;

	if (!is_pair(cs_src(i)) || !is_reg(cs_src2(i)))
		return invalid(s, i);
	to.pc = pair(s->cs, cs_src(i));
	len = c->regs[cs_src2(i)];
	to.end = to.pc + len;
	if (to.pc % CS_INSTR_SIZE || len % CS_INSTR_SIZE || to.end < to.pc)
		return invalid(s, i);

	if (jump) {
		/* A jump out of the ring would leave EXTRACT meaningless */
		if (!c->depth)
			return invalid(s, i);
	} else {
		if (c->depth == MALI_CALL_DEPTH)
			return raise(s, STEP_FATAL, CS_EXC_CALL_STACK_OVERFLOW,
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
		return invalid(s, i);
	if (s->g->cs[queue].ctx.progress >= pair(s->cs, cs_src(i)))
		return STEP_NEXT;
	return block(s, MALI_CS_BLOCK_PROGRESS);
}

static void progress(struct slice *s, uint64_t val)
{
	s->cs->ctx.progress = val;
	s->res.wake = true;
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
			return invalid(s, i);
		set_pair(cs, dst, cs_imm48(i));
		return STEP_NEXT;
	case CS_OP_MOVE32:
		if (!is_reg(dst))
			return invalid(s, i);
		regs[dst] = cs_imm32(i);
		return STEP_NEXT;
	case CS_OP_ADD_IMM32:
		if (!is_reg(dst) || !is_reg(src))
			return invalid(s, i);
		regs[dst] = regs[src] + cs_imm32(i);
		return STEP_NEXT;
	case CS_OP_ADD_IMM64:
		if (!is_pair(dst) || !is_pair(src))
			return invalid(s, i);
		set_pair(cs, dst, pair(cs, src) +
				  (uint64_t)(int64_t)(int32_t)cs_imm32(i));
		return STEP_NEXT;
	case CS_OP_UMIN32:
		if (!is_reg(dst) || !is_reg(src) || !is_reg(src2))
			return invalid(s, i);
		regs[dst] = regs[src] < regs[src2] ? regs[src] : regs[src2];
		return STEP_NEXT;
	default:
		return invalid(s, i);
	}
}

/* Instructions that set a stream's own state */
static enum step step_state(struct slice *s, uint64_t i)
{
	struct mali_cs_ctx *c = &s->cs->ctx;

	switch (cs_opcode(i)) {
	case CS_OP_WAIT:
	case CS_OP_FINISH_TILING:
		if (i >> 32 & 1)
			progress(s, c->progress + 1);
		return STEP_NEXT;
	case CS_OP_SET_SB_ENTRY:
		if ((i & 0xf) >= CS_NUM_SCOREBOARDS ||
		    (i >> 4 & 0xf) >= CS_NUM_SCOREBOARDS)
			return invalid(s, i);
		c->sb_endpoint = i & 0xf;
		c->sb_other = i >> 4 & 0xf;
		return STEP_NEXT;
	case CS_OP_PROGRESS_STORE:
		if (!is_pair(cs_src(i)))
			return invalid(s, i);
		progress(s, pair(s->cs, cs_src(i)));
		return STEP_NEXT;
	case CS_OP_PROGRESS_LOAD:
		if (!is_pair(cs_dst(i)))
			return invalid(s, i);
		set_pair(s->cs, cs_dst(i), c->progress);
		return STEP_NEXT;
	case CS_OP_SET_EXCEPTION_HANDLER:
		if (!is_pair(cs_src(i)) || !is_reg(cs_src2(i)))
			return invalid(s, i);
		c->handler = pair(s->cs, cs_src(i));
		c->handler_len = c->regs[cs_src2(i)];
		return STEP_NEXT;
	case CS_OP_REQ_RESOURCE:
		c->resources = i & 0xf;
		return STEP_NEXT;
	case CS_OP_HEAP_SET:
		if (!is_pair(cs_src(i)))
			return invalid(s, i);
		c->heap = pair(s->cs, cs_src(i));
		return STEP_NEXT;
	case CS_OP_ERROR_BARRIER:
		c->error = 0;
		return STEP_NEXT;
	default:
		return invalid(s, i);
	}
}

/* Work for shader cores and tiler, which this model does not have */
static enum step step_endpoint(struct slice *s, uint64_t i)
{
	if (s->cs->ctx.error)
		return STEP_NEXT;
	mali_guest_error(s->m, "opcode %u needs shader cores or a tiler, which are not modelled",
			 cs_opcode(i));
	return raise(s, STEP_FAULT, CS_EXC_ENDPOINT_FAULT, i);
}

static enum step step(struct slice *s, uint64_t i)
{
	switch (cs_opcode(i)) {
	case CS_OP_NOP:
	case CS_OP_TRACE_POINT:		/* no trace is being taken */
	case CS_OP_HEAP_OPERATION:	/* counts tiler work: there is none */
	case CS_OP_FINISH_FRAGMENT:
		return STEP_NEXT;
	case CS_OP_MOVE:
	case CS_OP_MOVE32:
	case CS_OP_ADD_IMM32:
	case CS_OP_ADD_IMM64:
	case CS_OP_UMIN32:
		return step_alu(s, i);
	case CS_OP_WAIT:
	case CS_OP_FINISH_TILING:
	case CS_OP_SET_SB_ENTRY:
	case CS_OP_PROGRESS_STORE:
	case CS_OP_PROGRESS_LOAD:
	case CS_OP_SET_EXCEPTION_HANDLER:
	case CS_OP_REQ_RESOURCE:
	case CS_OP_HEAP_SET:
	case CS_OP_ERROR_BARRIER:
		return step_state(s, i);
	case CS_OP_LOAD_MULTIPLE:
		return load_multiple(s, i);
	case CS_OP_STORE_MULTIPLE:
		return store_multiple(s, i);
	case CS_OP_STORE_STATE:
		return store_state(s, i);
	case CS_OP_FLUSH_CACHE2:
		return flush_cache(s, i);
	case CS_OP_BRANCH:
		return branch(s, i);
	case CS_OP_CALL:
		return call(s, i, false);
	case CS_OP_JUMP:
		return call(s, i, true);
	case CS_OP_PROGRESS_WAIT:
		return progress_wait(s, i);
	case CS_OP_SYNC_ADD32:
		return sync_update(s, i, 4, true);
	case CS_OP_SYNC_SET32:
		return sync_update(s, i, 4, false);
	case CS_OP_SYNC_WAIT32:
		return sync_wait(s, i, 4);
	case CS_OP_SYNC_ADD64:
		return sync_update(s, i, 8, true);
	case CS_OP_SYNC_SET64:
		return sync_update(s, i, 8, false);
	case CS_OP_SYNC_WAIT64:
		return sync_wait(s, i, 8);
	case CS_OP_RUN_COMPUTE:
	case CS_OP_RUN_COMPUTE_INDIRECT:
	case CS_OP_RUN_TILING:
	case CS_OP_RUN_IDVS:
	case CS_OP_RUN_FRAGMENT:
	case CS_OP_RUN_FULLSCREEN:
		return step_endpoint(s, i);
	case CS_OP_PROT_REGION:		/* no protected mode in this firmware */
	default:
		return invalid(s, i);
	}
}

/* --- The slice ---------------------------------------------------------- */

/* Fetch through the stream's own one-page instruction buffer */
static enum step fetch(struct slice *s, uint64_t *instr)
{
	struct mali_mmu *mmu = &s->m->mmu;
	struct mali_cs *cs = s->cs;
	uint64_t va = position(cs);
	struct mali_mmu_xlat x;
	struct mali_mmu_fault f;
	enum mali_mmu_result r;

	if ((va & MALI_PAGE_MASK) != cs->fetch_page) {
		r = mali_mmu_translate(mmu, s->g->as, va, MALI_ACCESS_READ, &x,
				       &f);
		if (r != MALI_MMU_OK)
			return bad_access(s, r, &f);
		if (!x.page) {
			r = mali_mmu_read64(mmu, s->g->as, va, instr,
					    MALI_ACCESS_READ, &f);
			return r == MALI_MMU_OK ? STEP_NEXT :
						  bad_access(s, r, &f);
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
	case MALI_CS_BLOCK_MMU:
	case MALI_CS_BLOCK_FAULT:
		return cs->block_gen != mali_mmu_as_generation(&s->m->mmu,
							       s->g->as);
	default:
		return true;
	}
}

/*
 * A recoverable fault abandons the called buffers; the ring goes on in error
 * state, up to the ERROR_BARRIER at the end of the job.
 */
static void take_fault(struct mali_cs *cs)
{
	if (!cs->ctx.depth)
		cs->ctx.extract += CS_INSTR_SIZE;
	cs->ctx.depth = 0;
	cs->ctx.error = 1;
}

static enum mali_cs_outcome run(struct slice *s, unsigned int *budget)
{
	struct mali_cs *cs = s->cs;
	uint64_t instr = 0;
	enum step st;

	while (*budget) {
		if (!cs->ctx.depth && cs->ctx.extract == cs->insert)
			return MALI_CS_EMPTY;
		st = fetch(s, &instr);
		if (st == STEP_NEXT)
			st = step(s, instr);
		if (st != STEP_AGAIN)
			--*budget;
		switch (st) {
		case STEP_NEXT:
			move_by(cs, CS_INSTR_SIZE);
			break;
		case STEP_JUMPED:
			break;
		case STEP_AGAIN:
			return MALI_CS_BLOCKED;
		case STEP_FATAL:
			cs->ctx.dead = 1;
			return MALI_CS_FATAL;
		case STEP_FAULT:
			take_fault(cs);
			return MALI_CS_FAULTED;
		}
		s->m->stats.cs_instrs++;
		unwind(&cs->ctx);
	}
	return MALI_CS_RAN;
}

void mali_cs_start(struct mali_cs *cs)
{
	cs->started = true;
	cs->block = MALI_CS_UNBLOCKED;
	cs->fetch_page = ~0ull;
}

struct mali_cs_result mali_cs_run(struct mali *m, struct mali_csg *g,
				  unsigned int id, unsigned int *budget)
{
	struct slice s = { .m = m, .g = g, .cs = &g->cs[id], .id = id };
	unsigned int gen = mali_mmu_as_generation(&m->mmu, g->as);

	if (s.cs->ctx.dead || !may_go_on(&s)) {
		s.res.outcome = MALI_CS_BLOCKED;
		return s.res;
	}
	/* The access that waits is what fails, not the fetch that repeats it */
	if (s.cs->block == MALI_CS_BLOCK_FAULT &&
	    !mali_mmu_as_enabled(&m->mmu, g->as)) {
		s.cs->block = MALI_CS_UNBLOCKED;
		s.cs->ctx.dead = 1;
		raise(&s, STEP_FATAL, CS_EXC_BUS_FAULT, s.cs->block_va);
		s.res.outcome = MALI_CS_FATAL;
		return s.res;
	}
	s.cs->block = MALI_CS_UNBLOCKED;
	/* Flushes of the address space reach the instruction buffer as well */
	if (s.cs->fetch_gen != gen) {
		s.cs->fetch_gen = gen;
		s.cs->fetch_page = ~0ull;
	}
	s.res.outcome = run(&s, budget);
	return s.res;
}

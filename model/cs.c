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
 * - Asynchronous instructions (loads, stores, flushes, deferred ones) are
 *   queued, complete in order, and as late as the stream allows: when it waits
 *   for their scoreboard entry, when the queue is full, or at the end of the
 *   slice. A load's registers change then and a store reads its own then, so
 *   that a WAIT that is missing shows.
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
	STEP_HANDLER,	/* the same, but an exception handler comes first */
	STEP_FATAL,
	STEP_FAULT,
};

/* One time slice */
struct slice {
	struct mali *m;
	struct mali_csg *g;
	struct mali_cs *cs;
	unsigned int id;
	uint64_t now;
	bool delayed;	/* asynchronous instructions take time */
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
	if (c->depth < c->handler_depth)
		c->handler_depth = 0;
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

static bool multiple_valid(uint64_t i)
{
	unsigned int mask = cs_mask16(i);

	return is_pair(cs_src(i)) &&
	       (!mask || is_reg(cs_dst(i) + 31 - __builtin_clz(mask)));
}

static enum step do_load(struct slice *s, const struct mali_cs_op *op)
{
	unsigned int mask = cs_mask16(op->instr), base = cs_dst(op->instr);
	unsigned int first, len;
	struct mali_mmu_fault f;
	enum mali_mmu_result r;
	uint32_t tmp[16];

	while (mask) {
		len = next_run(&mask, &first);
		r = mali_mmu_read(&s->m->mmu, s->g->as, op->va + first * 4,
				  &tmp[first], len * 4, MALI_ACCESS_READ, &f);
		if (r != MALI_MMU_OK)
			return bad_access(s, r, &f);
	}
	for (mask = cs_mask16(op->instr); mask; mask &= mask - 1) {
		first = __builtin_ctz(mask);
		s->cs->ctx.regs[base + first] = tmp[first];
	}
	return STEP_NEXT;
}

/* A store that faults half-way is repeated whole: it writes the same words. */
static enum step do_store(struct slice *s, const struct mali_cs_op *op)
{
	unsigned int mask = cs_mask16(op->instr), base = cs_dst(op->instr);
	unsigned int first, len;
	struct mali_mmu_fault f;
	enum mali_mmu_result r;

	while (mask) {
		len = next_run(&mask, &first);
		r = mali_mmu_write(&s->m->mmu, s->g->as, op->va + first * 4,
				   &s->cs->ctx.regs[base + first], len * 4,
				   MALI_ACCESS_WRITE, &f);
		if (r != MALI_MMU_OK)
			return bad_access(s, r, &f);
	}
	return STEP_NEXT;
}

static enum step do_store_state(struct slice *s, const struct mali_cs_op *op)
{
	struct mali_mmu_fault f;
	enum mali_mmu_result r;
	uint64_t val = 0;

	switch (cs_state_select(op->instr)) {
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
	r = mali_mmu_write64(&s->m->mmu, s->g->as, op->va, val,
			     MALI_ACCESS_WRITE, &f);
	return r == MALI_MMU_OK ? STEP_NEXT : bad_access(s, r, &f);
}

static enum step do_flush(struct slice *s, const struct mali_cs_op *op)
{
	uint32_t since = op->data;

	/* Nothing to do where a flush came after the one the stream knows of */
	if ((op->instr & 0x3ff) && (!since || since >= s->m->gpu.flush_id))
		mali_gpu_count_flush(s->m);
	return STEP_NEXT;
}

/* --- Synchronisation objects -------------------------------------------- */

static unsigned int sync_size(uint64_t i)
{
	return cs_opcode(i) >= CS_OP_SYNC_ADD64 ? 8 : 4;
}

static bool sync_adds(uint64_t i)
{
	return cs_opcode(i) == CS_OP_SYNC_ADD32 ||
	       cs_opcode(i) == CS_OP_SYNC_ADD64;
}

static bool sync_valid(uint64_t i)
{
	return is_pair(cs_src(i)) && (sync_size(i) == 8 ? is_pair(cs_src2(i)) :
							  is_reg(cs_src2(i)));
}

static uint64_t sync_data(const struct mali_cs *cs, uint64_t i)
{
	return sync_size(i) == 8 ? pair(cs, cs_src2(i)) :
				   cs->ctx.regs[cs_src2(i)];
}

/* A sync object: a seqno of 4 or 8 bytes, and a status word behind it */
static enum step do_sync(struct slice *s, const struct mali_cs_op *op)
{
	unsigned int as = s->g->as, size = sync_size(op->instr);
	struct mali_mmu *mmu = &s->m->mmu;
	uint64_t val = 0, va = op->va;
	struct mali_mmu_fault f;
	enum mali_mmu_result r;
	uint32_t failed = 1;

	r = mali_mmu_read(mmu, as, va, &val, size, MALI_ACCESS_ATOMIC, &f);
	if (r == MALI_MMU_OK && s->cs->ctx.error && cs_sync_propagate(op->instr))
		/* The error must be there when the seqno is seen */
		r = mali_mmu_write(mmu, as, va + size, &failed, sizeof(failed),
				   MALI_ACCESS_WRITE, &f);
	if (r != MALI_MMU_OK)
		return bad_access(s, r, &f);

	val = sync_adds(op->instr) ? val + op->data : op->data;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	r = mali_mmu_write(mmu, as, va, &val, size, MALI_ACCESS_ATOMIC, &f);
	if (r != MALI_MMU_OK)
		return bad_access(s, r, &f);

	s->res.wake = true;
	if (cs_sync_scope(op->instr) == CS_SCOPE_SYSTEM)
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

static enum step sync_wait(struct slice *s, uint64_t i)
{
	unsigned int size = cs_opcode(i) == CS_OP_SYNC_WAIT64 ? 8 : 4;
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

static bool buffer_valid(uint64_t va, uint32_t len)
{
	return !(va % CS_INSTR_SIZE) && !(len % CS_INSTR_SIZE) &&
	       va + len >= va;
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
	if (!buffer_valid(to.pc, len))
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

/* --- The tiler ----------------------------------------------------------- */

/* Bytes of heap memory that the tiler takes for a vertex: the model's own */
#define TILER_BYTES_PER_VERTEX	16u

static uint64_t tiling_size(const struct mali_cs *cs)
{
	uint64_t vertices = (uint64_t)cs->ctx.regs[CS_SR_INDEX_COUNT] *
			    cs->ctx.regs[CS_SR_INSTANCE_COUNT];

	return vertices > UINT64_MAX / TILER_BYTES_PER_VERTEX ?
		       UINT64_MAX : vertices * TILER_BYTES_PER_VERTEX;
}

/* Ask the driver for a chunk, and say which heap it is for. */
static enum step ask_for_chunk(struct slice *s)
{
	struct mali_mmu_fault f;
	enum mali_mmu_result r;

	r = mali_heap_counters(s->m, s->g->as, s->cs->ctx.heap,
			       &s->res.counters, &f);
	if (r != MALI_MMU_OK)
		return bad_access(s, r, &f);
	s->res.heap = s->cs->ctx.heap;
	s->res.oom = true;
	s->cs->oom_sent = true;
	return block(s, MALI_CS_BLOCK_HEAP);
}

/*
 * The driver has no chunk either. The handler of the stream may free some, by
 * having what was tiled so far rendered; then the heap is looked at again.
 */
static enum step out_of_memory(struct slice *s, const struct mali_cs_op *op)
{
	struct mali_cs_ctx *c = &s->cs->ctx;

	if (!s->cs->oom_answered)
		return ask_for_chunk(s);
	s->cs->oom_answered = false;
	if (c->handler_ran || !c->handler_len || c->depth == MALI_CALL_DEPTH)
		return raise(s, STEP_FAULT, CS_EXC_OOM, op->instr);

	c->handler_ran = 1;
	c->frame[c->depth].pc = c->handler;
	c->frame[c->depth].end = c->handler + c->handler_len;
	c->handler_depth = ++c->depth;
	return STEP_HANDLER;
}

/* One chunk at a time: a list that bites its tail must not hold us here. */
static enum step do_tiling(struct slice *s, const struct mali_cs_op *op)
{
	struct mali_cs_ctx *c = &s->cs->ctx;
	struct mali_tiling t = {
		.tiler = op->va,
		.heap = c->heap,
		.left = c->tiling_left,
		.offered = s->cs->chunk,
	};
	struct mali_mmu_fault f;
	enum mali_mmu_result r;

	if (!t.left)
		return STEP_NEXT;
	r = mali_tiler_take(s->m, s->g->as, &t, &f);
	if (r != MALI_MMU_OK)
		return bad_access(s, r, &f);
	if (t.out_of_memory)
		return out_of_memory(s, op);
	c->tiling_left = t.left;
	c->handler_ran = 0;
	s->cs->chunk = t.offered;
	s->cs->oom_answered = false;
	if (!t.left)
		return STEP_NEXT;
	s->res.due = s->now;
	return STEP_AGAIN;
}

static enum step do_heap_operation(struct slice *s, const struct mali_cs_op *op)
{
	struct mali_mmu_fault f;
	enum mali_mmu_result r;

	r = mali_heap_count(s->m, s->g->as, s->cs->ctx.heap,
			    cs_heap_op(op->instr), &f);
	if (r != MALI_MMU_OK)
		return bad_access(s, r, &f);
	s->res.wake = true;
	return STEP_NEXT;
}

static enum step do_finish_fragment(struct slice *s, const struct mali_cs_op *op)
{
	struct mali_mmu_fault f;
	enum mali_mmu_result r;

	r = mali_heap_free(s->m, s->g->as, s->cs->ctx.heap, op->va, op->data,
			   cs_frag_completed(op->instr), &f);
	if (r != MALI_MMU_OK)
		return bad_access(s, r, &f);
	s->res.wake = true;
	return STEP_NEXT;
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

/* --- Asynchronous instructions ------------------------------------------- */

static enum step complete(struct slice *s, const struct mali_cs_op *op)
{
	switch (cs_opcode(op->instr)) {
	case CS_OP_LOAD_MULTIPLE:
		return do_load(s, op);
	case CS_OP_STORE_MULTIPLE:
		return do_store(s, op);
	case CS_OP_STORE_STATE:
		return do_store_state(s, op);
	case CS_OP_FLUSH_CACHE2:
		return do_flush(s, op);
	case CS_OP_HEAP_OPERATION:
		return do_heap_operation(s, op);
	case CS_OP_FINISH_FRAGMENT:
		return do_finish_fragment(s, op);
	case CS_OP_RUN_TILING:
		return do_tiling(s, op);
	case CS_OP_FINISH_TILING:
	case CS_OP_TRACE_POINT:		/* no trace is being taken */
		return STEP_NEXT;
	default:
		return do_sync(s, op);
	}
}

/* A tiling operation waits, and is not waited for, while its handler runs. */
static bool op_held(const struct mali_cs_ctx *c, const struct mali_cs_op *op)
{
	return c->handler_depth && cs_opcode(op->instr) == CS_OP_RUN_TILING;
}

static bool op_ready(struct slice *s, const struct mali_cs_op *op,
		     unsigned int busy)
{
	if (busy & (op->wait | 1u << op->slot))
		return false;
	if (op->due <= s->now)
		return true;
	if (op->due < s->res.due)
		s->res.due = op->due;
	return false;
}

/* The number of instructions, from the oldest on, that @want waits for */
static unsigned int wanted_ops(const struct mali_cs_ctx *c, unsigned int want)
{
	unsigned int n = c->num_ops;

	while (n && (!(want >> c->op[n - 1].slot & 1) ||
		     op_held(c, &c->op[n - 1])))
		n--;
	return n;
}

/*
 * Complete what scoreboard entries @want stand for, and what was issued before.
 * STEP_NEXT: no entry of @want is busy any more. STEP_AGAIN: at least one is,
 * and the stream is blocked; or it is not, and there is more to do at once.
 */
static enum step retire(struct slice *s, unsigned int want)
{
	struct mali_cs_ctx *c = &s->cs->ctx;
	unsigned int n = wanted_ops(c, want), kept = 0, busy = 0, k;
	enum step st = STEP_NEXT;

	for (k = 0; k < n && st == STEP_NEXT; k++) {
		struct mali_cs_op op = c->op[k];

		if (op_held(c, &op)) {
			c->op[kept++] = op;
			continue;
		}
		if (!op_ready(s, &op, busy)) {
			busy |= 1u << op.slot;
			c->op[kept++] = op;
			continue;
		}
		st = complete(s, &op);
		if (st == STEP_AGAIN || st == STEP_HANDLER)
			c->op[kept++] = op;
	}
	memmove(&c->op[kept], &c->op[k], (c->num_ops - k) * sizeof(c->op[0]));
	c->num_ops -= k - kept;
	if (st == STEP_NEXT && busy & want)
		return block(s, MALI_CS_BLOCK_SB);
	return st;
}

static enum step issue(struct slice *s, const struct mali_cs_op *op)
{
	struct mali_cs_ctx *c = &s->cs->ctx;
	enum step st;

	if (c->num_ops == MALI_CS_OPS) {
		st = retire(s, 1u << c->op[0].slot);
		if (st != STEP_NEXT)
			return st;
		/* Only what a handler's operation holds is left */
		if (c->num_ops == MALI_CS_OPS)
			return raise(s, STEP_FATAL, CS_EXC_UNRECOVERABLE,
				     op->instr);
	}
	c->op[c->num_ops] = *op;
	c->op[c->num_ops++].due = s->delayed ?
		mali_inject_due(s->m, MALI_SLOW_STREAM) : 0;
	return STEP_NEXT;
}

/* Instructions with a wait mask and a signal slot of their own */
static enum step deferrable(struct slice *s, uint64_t i, uint64_t va,
			    uint64_t data, bool always)
{
	struct mali_cs_op op = {
		.instr = i,
		.va = va,
		.data = data,
		.wait = cs_wait_mask(i),
		.slot = cs_signal_slot(i),
	};

	if (!op.wait && !always)
		return complete(s, &op);
	if (op.slot >= CS_NUM_SCOREBOARDS || op.wait >> CS_NUM_SCOREBOARDS)
		return invalid(s, i);
	return issue(s, &op);
}

static enum step step_load_store(struct slice *s, uint64_t i)
{
	struct mali_cs_op op = { .instr = i, .slot = s->cs->ctx.sb_other };

	if (!multiple_valid(i))
		return invalid(s, i);
	op.va = pair(s->cs, cs_src(i)) + cs_offset16(i);
	if (op.va & 3)
		return misaligned(s, op.va);
	return s->cs->ctx.error ? STEP_NEXT : issue(s, &op);
}

static enum step step_sync(struct slice *s, uint64_t i)
{
	uint64_t va;

	if (!sync_valid(i))
		return invalid(s, i);
	va = pair(s->cs, cs_src(i));
	if (va & (sync_size(i) - 1))
		return misaligned(s, va);
	return deferrable(s, i, va, sync_data(s->cs, i), false);
}

/* Done in error state as well: the error is part of the state */
static enum step step_store_state(struct slice *s, uint64_t i)
{
	uint64_t va;

	if (!is_pair(cs_src(i)))
		return invalid(s, i);
	va = pair(s->cs, cs_src(i)) + cs_offset16(i);
	if (va & 7)
		return misaligned(s, va);
	return deferrable(s, i, va, 0, false);
}

static enum step step_flush(struct slice *s, uint64_t i)
{
	if (!is_reg(cs_src(i)))
		return invalid(s, i);
	return deferrable(s, i, 0, s->cs->ctx.regs[cs_src(i)], true);
}

static enum step step_heap(struct slice *s, uint64_t i)
{
	if (s->cs->ctx.heap & 7)
		return misaligned(s, s->cs->ctx.heap);
	if (cs_opcode(i) == CS_OP_HEAP_OPERATION)
		return deferrable(s, i, 0, 0, false);
	if (!is_pair(cs_src(i)) || !is_pair(cs_src2(i)))
		return invalid(s, i);
	return deferrable(s, i, pair(s->cs, cs_src(i)),
			  pair(s->cs, cs_src2(i)), false);
}

static enum step step_tiling(struct slice *s, uint64_t i)
{
	struct mali_cs_ctx *c = &s->cs->ctx;
	struct mali_cs_op op = {
		.instr = i,
		.va = pair(s->cs, CS_SR_TILER_CTX),
		.slot = c->sb_endpoint,
	};
	enum step st;

	if (c->error)
		return STEP_NEXT;
	if (c->handler_depth)	/* the one that called the handler is not done */
		return invalid(s, i);
	if ((op.va | c->heap) & 7)
		return misaligned(s, op.va & 7 ? op.va : c->heap);
	/* One at a time: there is one tiler, and one place for what is left */
	st = retire(s, 1u << op.slot);
	if (st != STEP_NEXT)
		return st;
	c->tiling_left = tiling_size(s->cs);
	c->handler_ran = 0;
	return issue(s, &op);
}

static enum step step_finish_tiling(struct slice *s, uint64_t i)
{
	struct mali_cs_op op = { .instr = i, .slot = s->cs->ctx.sb_endpoint };

	if (cs_progress_inc(i))
		progress(s, s->cs->ctx.progress + 1);
	return issue(s, &op);
}

unsigned int mali_cs_scoreboards(const struct mali_cs *cs)
{
	unsigned int busy = 0;

	for (unsigned int k = 0; k < cs->ctx.num_ops; k++)
		busy |= 1u << cs->ctx.op[k].slot;
	return busy;
}

uint64_t mali_cs_finish_due(const struct mali_cs *cs)
{
	uint64_t due = 0;

	for (unsigned int k = 0; k < cs->ctx.num_ops; k++)
		if (cs->ctx.op[k].due > due)
			due = cs->ctx.op[k].due;
	return due ? due : MALI_NEVER;
}

/* Guest memory had it: what complete() relies on must be checked again. */
bool mali_cs_op_valid(const struct mali_cs_op *op)
{
	if (op->slot >= CS_NUM_SCOREBOARDS)
		return false;
	switch (cs_opcode(op->instr)) {
	case CS_OP_LOAD_MULTIPLE:
	case CS_OP_STORE_MULTIPLE:
		return multiple_valid(op->instr);
	case CS_OP_RUN_TILING:
		return !(op->va & 7);
	case CS_OP_STORE_STATE:
	case CS_OP_FLUSH_CACHE2:
	case CS_OP_HEAP_OPERATION:
	case CS_OP_FINISH_FRAGMENT:
	case CS_OP_FINISH_TILING:
	case CS_OP_TRACE_POINT:
	case CS_OP_SYNC_ADD32:
	case CS_OP_SYNC_SET32:
	case CS_OP_SYNC_ADD64:
	case CS_OP_SYNC_SET64:
		return true;
	default:
		return false;
	}
}

bool mali_cs_unfinished(const struct mali *m, const struct mali_cs *cs)
{
	if (!cs->started || cs->ctx.dead)
		return false;
	if (cs->block == MALI_CS_BLOCK_HANG)
		return true;
	for (unsigned int k = 0; k < cs->ctx.num_ops; k++)
		if (cs->ctx.op[k].due > mali_now(m))
			return true;
	return false;
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
		if (!is_pair(cs_src(i)) || !is_reg(cs_src2(i)) ||
		    !buffer_valid(pair(s->cs, cs_src(i)),
				  c->regs[cs_src2(i)]))
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

static enum step step_wait(struct slice *s, uint64_t i)
{
	enum step st = retire(s, cs_wait_mask(i));

	if (st == STEP_AGAIN && s->cs->block == MALI_CS_BLOCK_SB)
		s->cs->wait_flags = CS_WAIT_SB_SRC | (cs_wait_mask(i) & 0xff);
	if (st == STEP_NEXT && cs_progress_inc(i))
		progress(s, s->cs->ctx.progress + 1);
	return st;
}

/* Work for shader cores, which this model does not have */
static enum step step_endpoint(struct slice *s, uint64_t i)
{
	if (s->cs->ctx.error)
		return STEP_NEXT;
	mali_guest_error(s->m, "opcode %u needs shader cores, which are not modelled",
			 cs_opcode(i));
	return raise(s, STEP_FAULT, CS_EXC_ENDPOINT_FAULT, i);
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
	case CS_OP_LOAD_MULTIPLE:
	case CS_OP_STORE_MULTIPLE:
		return step_load_store(s, i);
	case CS_OP_STORE_STATE:
		return step_store_state(s, i);
	case CS_OP_FLUSH_CACHE2:
		return step_flush(s, i);
	case CS_OP_TRACE_POINT:
		return deferrable(s, i, 0, 0, false);
	case CS_OP_BRANCH:
		return branch(s, i);
	case CS_OP_CALL:
		return call(s, i, false);
	case CS_OP_JUMP:
		return call(s, i, true);
	case CS_OP_PROGRESS_WAIT:
		return progress_wait(s, i);
	case CS_OP_SYNC_ADD32:
	case CS_OP_SYNC_SET32:
	case CS_OP_SYNC_ADD64:
	case CS_OP_SYNC_SET64:
		return step_sync(s, i);
	case CS_OP_SYNC_WAIT32:
	case CS_OP_SYNC_WAIT64:
		return sync_wait(s, i);
	case CS_OP_HEAP_OPERATION:
	case CS_OP_FINISH_FRAGMENT:
		return step_heap(s, i);
	case CS_OP_RUN_TILING:
		return step_tiling(s, i);
	case CS_OP_FINISH_TILING:
		return step_finish_tiling(s, i);
	case CS_OP_RUN_COMPUTE:
	case CS_OP_RUN_COMPUTE_INDIRECT:
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
	case MALI_CS_BLOCK_HEAP:
		return cs->oom_answered;
	case MALI_CS_BLOCK_HANG:
		return false;
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
		take_fault(s->cs);
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
	st = retire(s, ~0u);
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
		s->m->stats.cs_instrs++;
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
	    !mali_inject_hang(s->m, csg, s->id, &cs->hang_hard))
		return false;
	cs->hang_since = s->now;
	cs->hang_reported = false;
	block(s, MALI_CS_BLOCK_HANG);
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
	    mali_mmu_as_enabled(&s->m->mmu, s->g->as))
		return false;
	cs->block = MALI_CS_UNBLOCKED;
	cs->ctx.dead = 1;
	raise(s, STEP_FATAL, CS_EXC_BUS_FAULT, cs->block_va);
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
		.now = mali_now(m),
		.delayed = mali_inject_delay(m, MALI_SLOW_STREAM),
		.res = { .outcome = MALI_CS_BLOCKED, .due = MALI_NEVER },
	};
	unsigned int gen = mali_mmu_as_generation(&m->mmu, g->as);

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

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asynchronous instructions of a command stream: loads, stores, flushes, tiling,
 * compute and what is deferred until scoreboard entries are clear.
 *
 * Invariants:
 * - They are queued in struct mali_cs_ctx and complete in order, as late as
 *   the stream allows: when it waits for their scoreboard entry, when the
 *   queue is full, or at the end of the slice. A load's registers change then
 *   and a store reads its own then, so that a WAIT that is missing shows.
 * - One that cannot complete stays in the queue, changes nothing, and is tried
 *   again. The queue can therefore be saved and restored at any time; what
 *   complete() relies on is what mali_cs_op_valid() checks.
 */
#include <string.h>

#include "cs_slice.h"

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
		r = mali_mmu_read(s->env->mmu, s->at->as, op->va + first * 4,
				  &tmp[first], len * 4, MALI_ACCESS_READ, &f);
		if (r != MALI_MMU_OK)
			return slice_bad_access(s, r, &f);
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
		r = mali_mmu_write(s->env->mmu, s->at->as, op->va + first * 4,
				   &s->cs->ctx.regs[base + first], len * 4,
				   MALI_ACCESS_WRITE, &f);
		if (r != MALI_MMU_OK)
			return slice_bad_access(s, r, &f);
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
		val = mali_gpu_timestamp(s->env->gpu);
		break;
	case CS_STATE_SEL_CYCLE_COUNT:
		val = mali_cycles(s->env->base);
		break;
	case CS_STATE_SEL_DISJOINT_COUNT:
		break;		/* power never comes and goes under a job */
	case CS_STATE_SEL_ERROR_STATUS:
		val = s->cs->ctx.error;
		break;
	}
	r = mali_mmu_write64(s->env->mmu, s->at->as, op->va, val,
			     MALI_ACCESS_WRITE, &f);
	return r == MALI_MMU_OK ? STEP_NEXT : slice_bad_access(s, r, &f);
}

static enum step do_flush(struct slice *s, const struct mali_cs_op *op)
{
	uint32_t since = op->data;

	/* Nothing to do where a flush came after the one the stream knows of */
	if ((op->instr & 0x3ff) && (!since || since >= mali_gpu_flush_id(s->env->gpu)))
		mali_gpu_count_flush(s->env->gpu, op->instr & 0x3ff);
	return STEP_NEXT;
}

/* --- Synchronisation objects --------------------------------------------- */

static bool sync_adds(uint64_t i)
{
	return cs_opcode(i) == CS_OP_SYNC_ADD32 ||
	       cs_opcode(i) == CS_OP_SYNC_ADD64;
}

static void add32(void *at, uint32_t n)
{
	mali_u32_alias *p = at;
	uint32_t old = __atomic_load_n(p, __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n(p, &old, mali_le32(mali_le32(old) + n), false,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
}

static void add64(void *at, uint64_t n)
{
	mali_u64_alias *p = at;
	uint64_t old = __atomic_load_n(p, __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n(p, &old, mali_le64(mali_le64(old) + n), false,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
}

/*
 * Write the seqno, which was @val. What a CPU adds meanwhile to one that the stream adds
 * to is not lost, where there is plain memory behind it.
 */
static enum mali_mmu_result put_seqno(struct slice *s, const struct mali_cs_op *op,
				      uint64_t val, struct mali_mmu_fault *f)
{
	unsigned int as = s->at->as, size = sync_size(op->instr);
	struct mali_mmu *mmu = s->env->mmu;
	enum mali_mmu_result r;
	struct mali_mmu_xlat x;
	uint8_t *at;

	if (sync_adds(op->instr)) {
		r = mali_mmu_translate(mmu, as, op->va, MALI_ACCESS_ATOMIC, &x, f);
		if (r != MALI_MMU_OK)
			return r;
		if (x.page) {
			at = x.page + (op->va & ~MALI_PAGE_MASK);
			if (size == 4)
				add32(at, op->data);
			else
				add64(at, op->data);
			mali_page_wrote(s->env->base, at, size);
			return MALI_MMU_OK;
		}
		val = mali_le64(mali_le64(val) + op->data);
	} else {
		val = mali_le64(op->data);
	}
	return mali_mmu_write(mmu, as, op->va, &val, size, MALI_ACCESS_ATOMIC, f);
}

/* A sync object: a seqno of 4 or 8 bytes, and a status word behind it */
static enum step do_sync(struct slice *s, const struct mali_cs_op *op)
{
	unsigned int as = s->at->as, size = sync_size(op->instr);
	struct mali_mmu *mmu = s->env->mmu;
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
		return slice_bad_access(s, r, &f);

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	r = put_seqno(s, op, val, &f);
	if (r != MALI_MMU_OK)
		return slice_bad_access(s, r, &f);

	s->res.wake = true;
	if (cs_sync_scope(op->instr) == CS_SCOPE_SYSTEM)
		s->res.sync_update = true;
	return STEP_NEXT;
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
		return slice_heap_operation(s, op);
	case CS_OP_FINISH_FRAGMENT:
		return slice_finish_fragment(s, op);
	case CS_OP_RUN_TILING:
		return slice_tiling(s, op);
	case CS_OP_RUN_COMPUTE:
		return slice_compute(s, op);
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

/* With a group that leaves its slot nothing is begun that can be done later. */
static bool op_stays(const struct slice *s, const struct mali_cs_op *op)
{
	return s->at->leaving && !(cs_opcode(op->instr) == CS_OP_RUN_COMPUTE &&
				   s->cs->job.group);
}

static bool op_ready(struct slice *s, const struct mali_cs_op *op,
		     unsigned int busy)
{
	if (busy & (op->wait | 1u << op->slot) || op_stays(s, op))
		return false;
	if (op->due <= s->now)
		return true;
	slice_note_due(s, op->due);
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

enum step slice_retire(struct slice *s, unsigned int want)
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
		if (st == STEP_AGAIN || st == STEP_HANDLER || st == STEP_BUSY)
			c->op[kept++] = op;
		if (st == STEP_BUSY) {
			busy |= 1u << op.slot;
			st = STEP_NEXT;
		}
	}
	memmove(&c->op[kept], &c->op[k], (c->num_ops - k) * sizeof(c->op[0]));
	c->num_ops -= k - kept;
	s->late_fault = st == STEP_FAULT;
	if (st == STEP_NEXT && busy & want)
		return slice_block(s, MALI_CS_BLOCK_SB);
	return st;
}

static enum step issue(struct slice *s, const struct mali_cs_op *op)
{
	struct mali_cs_ctx *c = &s->cs->ctx;
	unsigned int oldest = 0;
	enum step st;

	if (c->num_ops == MALI_CS_OPS) {
		/* An operation whose handler runs completes only after that */
		while (oldest < MALI_CS_OPS - 1 && op_held(c, &c->op[oldest]))
			oldest++;
		st = slice_retire(s, 1u << c->op[oldest].slot);
		if (st != STEP_NEXT)
			return st;
		/* A suspend buffer can hold nothing but such operations */
		if (c->num_ops == MALI_CS_OPS)
			return slice_raise(s, STEP_FATAL, CS_EXC_UNRECOVERABLE,
				     op->instr);
	}
	c->op[c->num_ops] = *op;
	c->op[c->num_ops++].due = s->delayed ?
		mali_inject_due(s->env->base, MALI_SLOW_STREAM) : 0;
	return STEP_NEXT;
}

/* Scoreboard entries of the instructions under way with an opcode */
static unsigned int slots_of(const struct mali_cs_ctx *c, enum cs_opcode opcode)
{
	unsigned int slots = 0;

	for (unsigned int k = 0; k < c->num_ops; k++)
		if (cs_opcode(c->op[k].instr) == opcode)
			slots |= 1u << c->op[k].slot;
	return slots;
}

/* Instructions with a wait mask and a signal slot of their own */
static enum step deferrable(struct slice *s, uint64_t i, uint64_t va,
			    uint64_t data, bool always)
{
	struct mali_cs_op op = {
		.instr = i,
		.va = va,
		.data = data,
		.wait = cs_mask16(i),
		.slot = cs_signal_slot(i),
	};

	if (!op.wait && !always)
		return complete(s, &op);
	if (op.slot >= CS_NUM_SCOREBOARDS || op.wait >> CS_NUM_SCOREBOARDS)
		return slice_invalid(s, i);
	return issue(s, &op);
}

static enum step step_load_store(struct slice *s, uint64_t i)
{
	struct mali_cs_op op = { .instr = i, .slot = s->cs->ctx.sb_other };

	if (!multiple_valid(i))
		return slice_invalid(s, i);
	op.va = pair(s->cs, cs_src(i)) + cs_offset16(i);
	if (op.va & 3)
		return slice_misaligned(s, op.va);
	return s->cs->ctx.error ? STEP_NEXT : issue(s, &op);
}

static enum step step_sync(struct slice *s, uint64_t i)
{
	uint64_t va;

	if (!sync_valid(i))
		return slice_invalid(s, i);
	va = pair(s->cs, cs_src(i));
	if (va & (sync_size(i) - 1))
		return slice_misaligned(s, va);
	return deferrable(s, i, va, sync_data(s->cs, i), false);
}

/* Done in error state as well: the error is part of the state */
static enum step step_store_state(struct slice *s, uint64_t i)
{
	uint64_t va;

	if (!is_pair(cs_src(i)))
		return slice_invalid(s, i);
	va = pair(s->cs, cs_src(i)) + cs_offset16(i);
	if (va & 7)
		return slice_misaligned(s, va);
	return deferrable(s, i, va, 0, false);
}

static enum step step_flush(struct slice *s, uint64_t i)
{
	if (!is_reg(cs_src(i)))
		return slice_invalid(s, i);
	return deferrable(s, i, 0, s->cs->ctx.regs[cs_src(i)], true);
}

static enum step step_heap(struct slice *s, uint64_t i)
{
	if (cs_opcode(i) == CS_OP_HEAP_OPERATION)
		return deferrable(s, i, 0, s->cs->ctx.heap, false);
	if (!is_pair(cs_src(i)) || !is_pair(cs_src2(i)))
		return slice_invalid(s, i);
	return deferrable(s, i, pair(s->cs, cs_src(i)),
			  pair(s->cs, cs_src2(i)), false);
}

static enum step step_tiling(struct slice *s, uint64_t i)
{
	struct mali_cs_ctx *c = &s->cs->ctx;
	struct mali_cs_op op = {
		.instr = i,
		.va = pair(s->cs, CS_SR_TILER_CTX),
		.data = c->heap,
		.slot = c->sb_endpoint,
	};
	enum step st;

	if (c->error)
		return STEP_NEXT;
	if (c->handler_depth)	/* the one that called the handler is not done */
		return slice_invalid(s, i);
	if (op.va & 7)
		return slice_misaligned(s, op.va);
	/* One at a time: there is one tiler, and one place for what is left */
	st = slice_retire(s, slots_of(c, CS_OP_RUN_TILING));
	if (st != STEP_NEXT)
		return st;
	c->tiling_left = slice_tiling_size(s->cs);
	c->handler_ran = 0;
	return issue(s, &op);
}

static enum step step_finish_tiling(struct slice *s, uint64_t i)
{
	struct mali_cs_op op = { .instr = i, .slot = s->cs->ctx.sb_endpoint };

	if (cs_progress_inc(i))
		set_progress(s, s->cs->ctx.progress + 1);
	return issue(s, &op);
}

static enum step step_compute(struct slice *s, uint64_t i)
{
	struct mali_cs_op op = { .instr = i, .slot = s->cs->ctx.sb_endpoint };
	enum step st;

	if (s->cs->ctx.error)
		return STEP_NEXT;
	/* One at a time: there is one place for how far it is */
	st = slice_retire(s, slots_of(&s->cs->ctx, CS_OP_RUN_COMPUTE));
	if (st == STEP_NEXT)
		st = slice_dispatch(s, i);
	if (st == STEP_NEXT)
		st = issue(s, &op);
	if (st == STEP_NEXT && cs_progress_inc(i))
		set_progress(s, s->cs->ctx.progress + 1);
	return st;
}

enum step slice_async(struct slice *s, uint64_t i)
{
	switch (cs_opcode(i)) {
	case CS_OP_LOAD_MULTIPLE:
	case CS_OP_STORE_MULTIPLE:
		return step_load_store(s, i);
	case CS_OP_STORE_STATE:
		return step_store_state(s, i);
	case CS_OP_FLUSH_CACHE2:
		return step_flush(s, i);
	case CS_OP_TRACE_POINT:
		return deferrable(s, i, 0, 0, false);
	case CS_OP_HEAP_OPERATION:
	case CS_OP_FINISH_FRAGMENT:
		return step_heap(s, i);
	case CS_OP_RUN_TILING:
		return step_tiling(s, i);
	case CS_OP_RUN_COMPUTE:
		return step_compute(s, i);
	case CS_OP_FINISH_TILING:
		return step_finish_tiling(s, i);
	default:
		return step_sync(s, i);
	}
}

/* --- Looking at the queue ------------------------------------------------ */

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
		return !((op->va | op->data) & 7);
	case CS_OP_HEAP_OPERATION:
		return !(op->data & 7);
	case CS_OP_RUN_COMPUTE:
	case CS_OP_STORE_STATE:
	case CS_OP_FLUSH_CACHE2:
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

bool mali_cs_unfinished(const struct mali_cs *cs, uint64_t now)
{
	if (!cs->started || cs->ctx.dead)
		return false;
	if (cs->block == MALI_CS_BLOCK_HANG || cs->job.group)
		return true;
	for (unsigned int k = 0; k < cs->ctx.num_ops; k++)
		if (cs->ctx.op[k].due > now)
			return true;
	return false;
}

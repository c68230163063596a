// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asynchronous instructions of the tiler, as they complete: RUN_TILING,
 * HEAP_OPERATION, FINISH_FRAGMENT.
 *
 * Invariant: a tiling operation that finds no memory stays under way. It asks the
 * driver, then runs the stream's handler, once, and only then fails.
 */
#include "cs_slice.h"

/* Bytes of heap memory that the tiler takes for a vertex: the model's own */
#define TILER_BYTES_PER_VERTEX	16u

uint64_t slice_tiling_size(const struct mali_cs *cs)
{
	uint64_t vertices = (uint64_t)cs->ctx.regs[CS_SR_INDEX_COUNT] *
			    cs->ctx.regs[CS_SR_INSTANCE_COUNT];

	return vertices > UINT64_MAX / TILER_BYTES_PER_VERTEX ?
		       UINT64_MAX : vertices * TILER_BYTES_PER_VERTEX;
}

/* Ask the driver for a chunk, and say which heap it is for. */
static enum step ask_for_chunk(struct slice *s, uint64_t heap)
{
	struct mali_mmu_fault f;
	enum mali_mmu_result r;

	r = mali_heap_counters(s->env->mmu, s->at->as, heap, &s->res.counters, &f);
	if (r != MALI_MMU_OK)
		return slice_bad_access(s, r, &f);
	s->res.heap = heap;
	s->res.oom = true;
	s->cs->oom_sent = true;
	return slice_block(s, MALI_CS_BLOCK_HEAP);
}

/*
 * The driver has no chunk either. The handler of the stream may free some, by
 * having what was tiled so far rendered; then the heap is looked at again.
 */
static enum step out_of_memory(struct slice *s, const struct mali_cs_op *op)
{
	struct mali_cs_ctx *c = &s->cs->ctx;

	if (!s->cs->oom_answered)
		return ask_for_chunk(s, op->data);
	s->cs->oom_answered = false;
	if (c->handler_ran || !c->handler_len || c->depth == MALI_CALL_DEPTH)
		return slice_raise(s, STEP_FAULT, CS_EXC_OOM, op->instr);

	c->handler_ran = 1;
	c->frame[c->depth].pc = c->handler;
	c->frame[c->depth].end = c->handler + c->handler_len;
	c->handler_depth = ++c->depth;
	return STEP_HANDLER;
}

/* One chunk at a time: a list that bites its tail must not hold us here. */
enum step slice_tiling(struct slice *s, const struct mali_cs_op *op)
{
	struct mali_cs_ctx *c = &s->cs->ctx;
	struct mali_tiling t = {
		.tiler = op->va,
		.heap = op->data,
		.left = c->tiling_left,
		.offered = s->cs->chunk,
	};
	struct mali_mmu_fault f;
	enum mali_mmu_result r;

	if (!t.left)
		return STEP_NEXT;
	r = mali_tiler_take(s->env->mmu, s->at->as, &t, &f);
	if (r != MALI_MMU_OK)
		return slice_bad_access(s, r, &f);
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

enum step slice_heap_operation(struct slice *s, const struct mali_cs_op *op)
{
	struct mali_mmu_fault f;
	enum mali_mmu_result r;

	r = mali_heap_count(s->env->mmu, s->at->as, op->data, cs_heap_op(op->instr), &f);
	if (r != MALI_MMU_OK)
		return slice_bad_access(s, r, &f);
	s->res.wake = true;
	return STEP_NEXT;
}

enum step slice_finish_fragment(struct slice *s, const struct mali_cs_op *op)
{
	struct mali_mmu_fault f;
	enum mali_mmu_result r;

	r = mali_heap_free(s->env->mmu, s->at->as, s->cs->ctx.heap, op->va, op->data,
			   cs_frag_completed(op->instr), &f);
	if (r != MALI_MMU_OK)
		return slice_bad_access(s, r, &f);
	s->res.wake = true;
	return STEP_NEXT;
}

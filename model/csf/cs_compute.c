// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compute: RUN_COMPUTE when it is issued, and the dispatch as it goes on.
 *
 * Invariants:
 * - Operands are those of the time of issue, in mali_cs_ctx::dispatch, which also
 *   says how far the dispatch is whenever no workgroup is under way.
 * - A workgroup that stalls or faults by the MMU waits as an access of the stream
 *   does, and goes on with the instruction that it was at. After any other fault
 *   the dispatch is over.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cs_slice.h"

/* Shader cores want to have been asked for, and the group to have some. */
static bool has_cores(const struct slice *s)
{
	return s->at->compute && s->cs->ctx.resources & CS_RESOURCE_COMPUTE;
}

enum step slice_dispatch(struct slice *s, uint64_t i)
{
	if (cs_task_axis(i) == 3)
		return slice_invalid(s, i);
	if (!has_cores(s)) {
		mali_guest_error(s->env->base, "RUN_COMPUTE at 0x%" PRIx64
				 " without a shader core", slice_position(s->cs));
		return slice_raise(s, STEP_FAULT, CS_EXC_ENDPOINT_FAULT, i);
	}
	shader_dispatch_init(&s->cs->ctx.dispatch, s->cs->ctx.regs, i);
	return STEP_NEXT;
}

/* A job again of what is plain data */
static void revive(struct slice *s)
{
	s->cs->job = (struct shader_job){
		.ctx = mali_cores_space(s->env->cores, s->at->as),
		.d = s->cs->ctx.dispatch,
	};
	s->cs->stuck_since = s->now;
	s->cs->stuck_reported = false;
}

/* Run it, and note what that cost and whether it moved. */
static enum shader_result go_on(struct slice *s, struct shader_fault *f)
{
	struct shader_dispatch *d = &s->cs->ctx.dispatch;
	int64_t before = s->lanes;
	enum shader_result r;

	r = mali_cores_run(s->env->cores, &s->cs->job, &s->lanes,
			   s->at->leaving, f);
	s->res.work += before - s->lanes;
	if (d->next != s->cs->job.d.next)
		s->cs->stuck_since = s->now;
	d->next = s->cs->job.d.next;
	return r;
}

static enum step failed(struct slice *s, const struct shader_fault *f)
{
	struct mali_mmu_fault mmu = { f->va, f->exception, f->access };
	char text[80];

	if (f->mmu)
		return slice_bad_access(s, MALI_MMU_FAULT, &mmu);
	/* Of what is no instruction, f->why says as much as its text would */
	if (!shader_disasm(f->word, text, sizeof(text)))
		snprintf(text, sizeof(text), "word 0x%016" PRIx64, f->word);
	mali_guest_error(s->env->base, "shader at 0x%" PRIx64 ": %s, address 0x%"
			 PRIx64 "%s%s", f->pc, f->why, f->va,
			 f->word ? ", " : "", f->word ? text : "");
	shader_job_cancel(&s->cs->job);
	return slice_raise(s, STEP_FAULT, (enum cs_exception)f->exception, f->va);
}

enum step slice_compute(struct slice *s, const struct mali_cs_op *op)
{
	struct shader_fault f;

	(void)op;
	if (s->lanes <= 0 || s->now < s->env->cores_free) {
		s->res.working = true;
		return STEP_BUSY;
	}
	if (!s->cs->job.group)
		revive(s);
	switch (go_on(s, &f)) {
	case SHADER_DONE:
		return STEP_NEXT;
	case SHADER_MORE:
		s->res.working = true;
		return STEP_BUSY;
	case SHADER_PAUSED:
		return STEP_BUSY;
	case SHADER_STALL:
		return slice_block(s, MALI_CS_BLOCK_MMU);
	default:
		return failed(s, &f);
	}
}

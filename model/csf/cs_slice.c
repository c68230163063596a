// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How an instruction fails or waits: exceptions, bad accesses, blocks.
 *
 * Invariant: nothing here moves a stream on. An instruction that fails or waits has
 * changed nothing that the stream owns but why it is blocked.
 */
#include <inttypes.h>

#include "cs_slice.h"

/* FAULTSTATUS source of a stream: the group slot and the stream slot */
#define SOURCE_ID(csg, cs)	(0x8000u | (csg) << 5 | (cs))

enum step slice_raise(struct slice *s, enum step severity,
		      enum cs_exception exc, uint64_t info)
{
	s->res.exception = exc;
	s->res.info = info;
	return severity;
}

enum step slice_invalid(struct slice *s, uint64_t instr)
{
	mali_guest_error(s->env->base, "command-stream instruction 0x%016" PRIx64
			 " at 0x%" PRIx64 " is not one", instr, slice_position(s->cs));
	return slice_raise(s, STEP_FATAL, CS_EXC_INSTR_INVALID, instr);
}

enum step slice_block(struct slice *s, enum mali_cs_block why)
{
	s->cs->block = why;
	s->cs->block_epoch = s->env->wake_epoch;
	s->cs->block_gen = mali_mmu_as_generation(s->env->mmu, s->at->as);
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
	struct mali_mmu *mmu = s->env->mmu;

	if (r == MALI_MMU_STALL)
		return slice_block(s, MALI_CS_BLOCK_MMU);
	if (!mali_mmu_as_enabled(mmu, s->at->as))
		return slice_raise(s, STEP_FATAL, CS_EXC_BUS_FAULT, f->va);
	mali_mmu_report_fault(mmu, s->at->as, f,
			      SOURCE_ID(s->at->csg, s->at->id));
	s->cs->block_va = f->va;
	return slice_block(s, MALI_CS_BLOCK_FAULT);
}

enum step slice_misaligned(struct slice *s, uint64_t va)
{
	mali_guest_error(s->env->base, "access to 0x%" PRIx64 " is not aligned", va);
	return slice_raise(s, STEP_FATAL, CS_EXC_BUS_FAULT, va);
}

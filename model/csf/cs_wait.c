// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a stream waits for, and when it may go on: sync objects, progress counters,
 * scoreboard entries, address spaces, hangs on request.
 *
 * Invariant: a stream that is blocked looks again when something has changed since
 * (wake_epoch, the generation of its address space), and not before; but in SYNC_WAIT
 * now and then as well, since a CPU that writes a sync object need not tell.
 */
#include "cs_slice.h"

/* How long it takes a stream to notice what a CPU wrote */
#define SYNC_LOOK_NS		2000000u

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

enum step slice_sync_wait(struct slice *s, uint64_t i)
{
	unsigned int size = sync_size(i);
	struct mali_mmu *mmu = s->env->mmu;
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

	r = mali_mmu_read(mmu, s->at->as, va, &val, size, MALI_ACCESS_READ, &f);
	if (r == MALI_MMU_OK && !cs_sync_reject(i))
		r = mali_mmu_read32(mmu, s->at->as, va + size, &failed,
				    MALI_ACCESS_READ, &f);
	if (r != MALI_MMU_OK)
		return slice_bad_access(s, r, &f);

	ref = sync_data(s->cs, i);
	done = cs_wait_cond(i) == CS_COND_GT ? val > ref : val <= ref;
	if (!done) {
		note_wait(s, va, ref, size, cs_wait_cond(i));
		s->cs->look_due = s->now + SYNC_LOOK_NS;
		slice_note_due(s, s->cs->look_due);
		return slice_block(s, MALI_CS_BLOCK_SYNC);
	}
	/* A fault that is reported as the group leaves would be forgotten with its slot */
	if (failed && s->at->leaving)
		return slice_block(s, MALI_CS_BLOCK_SYNC);
	if (failed)
		return slice_raise(s, STEP_FAULT, CS_EXC_INHERIT_FAULT, va);
	return STEP_NEXT;
}

/* --- Progress counters -------------------------------------------------- */

enum step slice_progress_wait(struct slice *s, uint64_t i)
{
	unsigned int queue = i & 0x1f;

	if (queue >= FW_NUM_CS || !is_pair(cs_src(i)))
		return slice_invalid(s, i);
	if (s->at->cs[queue].ctx.progress >= pair(s->cs, cs_src(i)))
		return STEP_NEXT;
	return slice_block(s, MALI_CS_BLOCK_PROGRESS);
}

/* --- Scoreboard entries -------------------------------------------------- */

enum step slice_wait(struct slice *s, uint64_t i)
{
	enum step st = slice_retire(s, cs_mask16(i));

	if (st == STEP_AGAIN && s->cs->block == MALI_CS_BLOCK_SB)
		s->cs->wait_flags = CS_WAIT_SB_SRC | (cs_mask16(i) & 0xff);
	if (st == STEP_NEXT && cs_progress_inc(i))
		set_progress(s, s->cs->ctx.progress + 1);
	return st;
}

/* --- Going on ------------------------------------------------------------ */

bool slice_may_go_on(struct slice *s)
{
	const struct mali_cs *cs = s->cs;

	switch (cs->block) {
	case MALI_CS_BLOCK_SYNC:
		if (s->now >= cs->look_due || cs->block_epoch != s->env->wake_epoch)
			return true;
		slice_note_due(s, cs->look_due);
		return false;
	case MALI_CS_BLOCK_PROGRESS:
		return cs->block_epoch != s->env->wake_epoch;
	case MALI_CS_BLOCK_HEAP:
		return cs->oom_answered;
	case MALI_CS_BLOCK_HANG:
		return false;
	case MALI_CS_BLOCK_MMU:
	case MALI_CS_BLOCK_FAULT:
		return cs->block_gen != mali_mmu_as_generation(s->env->mmu,
							       s->at->as);
	default:
		return true;
	}
}

/* The access that waits is what fails, not the fetch that repeats it. */
bool slice_lost_address_space(struct slice *s)
{
	struct mali_cs *cs = s->cs;

	if (cs->block != MALI_CS_BLOCK_FAULT ||
	    mali_mmu_as_enabled(s->env->mmu, s->at->as))
		return false;
	cs->block = MALI_CS_UNBLOCKED;
	cs->ctx.dead = 1;
	slice_raise(s, STEP_FATAL, CS_EXC_BUS_FAULT, cs->block_va);
	s->res.outcome = MALI_CS_FATAL;
	return true;
}

bool slice_hangs(struct slice *s)
{
	struct mali_cs *cs = s->cs;

	if (ring_empty(cs) ||
	    !mali_inject_hang(s->env->base, s->at->csg, s->at->id,
			      &cs->hang_hard))
		return false;
	cs->stuck_since = s->now;
	cs->stuck_reported = false;
	slice_block(s, MALI_CS_BLOCK_HANG);
	return true;
}

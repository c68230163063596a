// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faults: how they are made, reported and asked for; and the accesses that need
 * more than a look into the TLB because of a lock or of such a request.
 *
 * Invariants: an address space that reported a fault keeps its registers until
 * the driver has cleared the interrupt. slow_mask is right after each change of
 * a lock or of the injection, or the fast path would not see it.
 */
#include "mmu_parts.h"

enum mali_mmu_result mmu_make_fault(struct mali_mmu_fault *fault,
				    uint64_t va,
				    enum mali_mmu_access access,
				    uint8_t exception)
{
	*fault = (struct mali_mmu_fault){
		.va = va,
		.exception = exception,
		.access = access,
	};
	return MALI_MMU_FAULT;
}

void mmu_update_slow(struct mali_mmu *mmu, unsigned int as)
{
	bool holds = mmu->as[as].locked && !(mmu->ignore & MALI_IGNORE_AS_LOCK);

	if (holds || mali_inject_faults(mmu->base, as))
		mmu->slow_mask |= 1u << as;
	else
		mmu->slow_mask &= ~(1u << as);
}

void mmu_update_all_slow(struct mali_mmu *mmu)
{
	for (unsigned int as = 0; as < MALI_NUM_AS; as++)
		mmu_update_slow(mmu, as);
}

void mali_mmu_report_fault(struct mali_mmu *mmu, unsigned int as,
			   const struct mali_mmu_fault *fault,
			   uint16_t source_id)
{
	struct mali_mmu_as *a;

	mmu->stats->faults++;
	if (as >= MALI_NUM_AS) {
		mali_guest_error(mmu->base, "mmu: access through AS %u, which does not exist",
				 as);
		return;
	}
	if (mmu->irq.rawstat & MALI_MMU_INT_FAULT(as))
		return;

	a = &mmu->as[as];
	a->faultaddress = fault->va;
	a->faultstatus = fault->exception |
			 (uint32_t)fault->access <<
			 MALI_AS_FAULTSTATUS_ACCESS_SHIFT |
			 (uint32_t)source_id <<
			 MALI_AS_FAULTSTATUS_SOURCE_SHIFT;
	mali_irq_raise(mmu->base, &mmu->irq, MALI_MMU_INT_FAULT(as));
}

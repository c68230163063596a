// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faults: how they are made, reported and asked for; and the accesses that need
 * more than a look into the TLB because of a lock or of such a request.
 *
 * Invariants: an address space that reported a fault keeps its registers until
 * the driver has cleared the interrupt. slow_mask is right after each change of
 * a lock or of the injection, or the fast path would not see it.
 */
#include <stdarg.h>
#include <stdio.h>

#include "mmu_parts.h"

void __attribute__((format(printf, 2, 3)))
mmu_guest_error(const struct mali_mmu *mmu, const char *fmt, ...)
{
	char msg[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	mmu->ops->guest_error(mmu->host, msg);
}

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

static bool as_injected(const struct mali_mmu *mmu, unsigned int as)
{
	const struct mali_mmu_injection *in = &mmu->inject;

	return in->count && (in->as < 0 ? as != 0 : (unsigned int)in->as == as);
}

void mmu_update_slow(struct mali_mmu *mmu, unsigned int as)
{
	bool holds = mmu->as[as].locked && !(mmu->ignore & MALI_IGNORE_AS_LOCK);

	if (holds || as_injected(mmu, as))
		mmu->slow_mask |= 1u << as;
	else
		mmu->slow_mask &= ~(1u << as);
}

void mmu_update_all_slow(struct mali_mmu *mmu)
{
	for (unsigned int as = 0; as < MALI_NUM_AS; as++)
		mmu_update_slow(mmu, as);
}

bool mmu_injected_fault(struct mali_mmu *mmu, unsigned int as, uint64_t va,
			uint8_t *exception)
{
	if (!as_injected(mmu, as) || (va & MALI_PAGE_MASK) != mmu->inject.page)
		return false;
	*exception = mmu->inject.exception;
	if (!--mmu->inject.count)
		mmu_update_all_slow(mmu);
	return true;
}

void mmu_update_irq(struct mali_mmu *mmu)
{
	bool level = mmu->rawstat & mmu->mask;

	if (level == mmu->irq_level)
		return;
	mmu->irq_level = level;
	if (level)
		mmu->stats->irqs[MALI_IRQ_MMU]++;
	mmu->ops->set_irq(mmu->host, MALI_IRQ_MMU, level);
}

void mali_mmu_report_fault(struct mali_mmu *mmu, unsigned int as,
			   const struct mali_mmu_fault *fault,
			   uint16_t source_id)
{
	struct mali_mmu_as *a;

	mmu->stats->faults++;
	if (as >= MALI_NUM_AS) {
		mmu_guest_error(mmu, "mmu: access through AS %u, which does not exist",
				as);
		return;
	}
	if (mmu->rawstat & MALI_MMU_INT_FAULT(as))
		return;

	a = &mmu->as[as];
	a->faultaddress = fault->va;
	a->faultstatus = fault->exception |
			 (uint32_t)fault->access <<
			 MALI_AS_FAULTSTATUS_ACCESS_SHIFT |
			 (uint32_t)source_id <<
			 MALI_AS_FAULTSTATUS_SOURCE_SHIFT;
	mmu->rawstat |= MALI_MMU_INT_FAULT(as);
	mmu_update_irq(mmu);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The GPU's MMU as a whole: creation, reset, the registers of the address spaces.
 *
 * This file decodes; what a command does is in command.c. Where the public
 * headers leave the hardware open, the file concerned says what the model takes.
 */
#include <stdlib.h>

#include "mmu_parts.h"

/* --- State of an address space ------------------------------------------- */

unsigned int mali_mmu_as_generation(const struct mali_mmu *mmu,
				    unsigned int as)
{
	return as < MALI_NUM_AS ? mmu->as[as].generation : 0;
}

bool mali_mmu_as_enabled(const struct mali_mmu *mmu, unsigned int as)
{
	return as < MALI_NUM_AS &&
	       mmu->as[as].cfg.mode != MALI_MMU_MODE_UNMAPPED;
}

/* --- Registers ----------------------------------------------------------- */

static uint32_t half_get(uint64_t reg, uint32_t offset)
{
	return offset & 4 ? reg >> 32 : reg;
}

static void half_set(uint64_t *reg, uint32_t offset, uint32_t val)
{
	if (offset & 4)
		*reg = (*reg & UINT32_MAX) | (uint64_t)val << 32;
	else
		*reg = (*reg & ~(uint64_t)UINT32_MAX) | val;
}

static uint32_t as_read(const struct mali_mmu_as *a, uint32_t reg)
{
	if (reg == MALI_AS_FAULTSTATUS)
		return a->faultstatus;
	if (reg == MALI_AS_STATUS)
		return a->status;

	switch (reg & ~4u) {
	case MALI_AS_TRANSTAB:
		return half_get(a->transtab, reg);
	case MALI_AS_MEMATTR:
		return half_get(a->memattr, reg);
	case MALI_AS_LOCKADDR:
		return half_get(a->lockaddr, reg);
	case MALI_AS_FAULTADDRESS:
		return half_get(a->faultaddress, reg);
	case MALI_AS_TRANSCFG:
		return half_get(a->transcfg, reg);
	default:
		/* COMMAND is write-only; FAULTEXTRA has nothing to say. */
		return 0;
	}
}

static void as_write(struct mali_mmu *mmu, unsigned int as, uint32_t reg,
		     uint32_t val)
{
	struct mali_mmu_as *a = &mmu->as[as];

	if (reg == MALI_AS_COMMAND) {
		mmu_command_start(mmu, as, val);
		return;
	}
	switch (reg & ~4u) {
	case MALI_AS_TRANSTAB:
		half_set(&a->transtab, reg, val);
		break;
	case MALI_AS_MEMATTR:
		half_set(&a->memattr, reg, val);
		break;
	case MALI_AS_LOCKADDR:
		half_set(&a->lockaddr, reg, val);
		break;
	case MALI_AS_TRANSCFG:
		half_set(&a->transcfg, reg, val);
		break;
	}
}

/* Which AS and register @offset is; false when it is neither. */
static bool decode_offset(uint32_t offset, unsigned int *as, uint32_t *reg)
{
	if (offset < MALI_MMU_AS_BASE)
		return false;
	*as = (offset - MALI_MMU_AS_BASE) / MALI_MMU_AS_STRIDE;
	*reg = (offset - MALI_MMU_AS_BASE) % MALI_MMU_AS_STRIDE & ~3u;
	return *as < MALI_NUM_AS;
}

uint32_t mali_mmu_reg_read(const struct mali_mmu *mmu, uint32_t offset)
{
	unsigned int as;
	uint32_t reg;

	if (offset - MALI_MMU_INT_BASE < MALI_INT_SIZE)
		return mali_irq_read(mmu->base, &mmu->irq,
				     offset - MALI_MMU_INT_BASE);
	return decode_offset(offset, &as, &reg) ? as_read(&mmu->as[as], reg) : 0;
}

/* RAWSTAT of this block takes no events from software. */
static void irq_write(struct mali_mmu *mmu, uint32_t reg, uint32_t val)
{
	if (reg != MALI_INT_RAWSTAT)
		mali_irq_write(mmu->base, &mmu->irq, reg, val);
}

void mali_mmu_reg_write(struct mali_mmu *mmu, uint32_t offset, uint32_t val)
{
	unsigned int as;
	uint32_t reg;

	if (offset - MALI_MMU_INT_BASE < MALI_INT_SIZE)
		irq_write(mmu, offset - MALI_MMU_INT_BASE, val);
	else if (decode_offset(offset, &as, &reg))
		as_write(mmu, as, reg, val);
}

/* --- Life ---------------------------------------------------------------- */

void mali_mmu_reset(struct mali_mmu *mmu)
{
	for (unsigned int as = 0; as < MALI_NUM_AS; as++) {
		unsigned int generation = mmu->as[as].generation + 1;

		mmu->as[as] = (struct mali_mmu_as){ .generation = generation };
	}
	mali_mmu_drop_all(mmu);
	mmu->slow_mask = ~low_mask(MALI_NUM_AS);
	mmu_update_all_slow(mmu);
	mali_irq_reset(mmu->base, &mmu->irq);
}

struct mali_mmu *mali_mmu_new(struct mali_base *base, uint32_t ignore,
			      void (*on_change)(void *opaque, unsigned int as),
			      void *opaque)
{
	struct mali_mmu *mmu = calloc(1, sizeof(*mmu));

	if (!mmu)
		return NULL;
	mmu->base = base;
	mmu->mem = mali_base_mem(base);
	mmu->stats = mali_base_stats(base);
	mmu->irq.line = MALI_IRQ_MMU;
	mmu->ignore = ignore;
	mmu->on_change = on_change;
	mmu->opaque = opaque;
	mali_mmu_reset(mmu);
	return mmu;
}

void mali_mmu_free(struct mali_mmu *mmu)
{
	free(mmu);
}

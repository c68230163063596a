// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands of the address spaces.
 *
 * Registers take effect at UPDATE. LOCK survives UPDATE; UNLOCK, FLUSH_PT and
 * FLUSH_MEM end it, and UNLOCK without a lock does nothing. What a command drops
 * of the caches is decided here, and nothing else drops any but reset and power.
 */
#include "cache.h"

static void set_locked(struct mali_mmu *mmu, unsigned int as, bool locked)
{
	mmu->as[as].locked = locked;
	mmu_update_slow(mmu, as);
}

static enum mali_mmu_mode decode_mode(const struct mali_mmu *mmu,
				      unsigned int as, uint64_t transcfg)
{
	unsigned int mode = transcfg & MALI_AS_TRANSCFG_MODE_MASK;

	switch (mode) {
	case MALI_AS_TRANSCFG_UNMAPPED:
		return MALI_MMU_MODE_UNMAPPED;
	case MALI_AS_TRANSCFG_IDENTITY:
		return MALI_MMU_MODE_IDENTITY;
	case MALI_AS_TRANSCFG_AARCH64_4K:
		if (!(transcfg & MALI_AS_TRANSCFG_SL_CONCAT))
			return MALI_MMU_MODE_4K;
		mali_guest_error(mmu->base, "mmu: AS %u: concatenated root tables are not modelled",
				 as);
		return MALI_MMU_MODE_UNMAPPED;
	default:
		mali_guest_error(mmu->base, "mmu: AS %u: address mode %u is not modelled",
				 as, mode);
		return MALI_MMU_MODE_UNMAPPED;
	}
}

static unsigned int decode_bits(uint64_t transcfg, unsigned int shift,
				unsigned int most)
{
	unsigned int bits = MALI_AS_TRANSCFG_BITS_BASE -
			    (transcfg >> shift & MALI_AS_TRANSCFG_BITS_MASK);

	return bits < most ? bits : most;
}

static void latch_config(struct mali_mmu *mmu, unsigned int as)
{
	struct mali_mmu_as *a = &mmu->as[as];
	struct mali_mmu_config *cfg = &a->cfg;
	uint64_t align;

	cfg->transcfg = a->transcfg;
	cfg->memattr = a->memattr;
	cfg->mode = decode_mode(mmu, as, a->transcfg);
	cfg->va_bits = decode_bits(a->transcfg, MALI_AS_TRANSCFG_INA_SHIFT,
				   MALI_MMU_VA_BITS);
	cfg->pa_bits = decode_bits(a->transcfg, MALI_AS_TRANSCFG_OUTA_SHIFT,
				   MALI_MMU_PA_BITS);
	/* As many levels as it takes, each of 9 bits but the root. */
	cfg->start_level = LEVELS - (cfg->va_bits - MALI_PAGE_SHIFT + 8) / 9;
	/* The root is aligned to its own size, and to 64 at least. */
	align = table_entries(cfg, cfg->start_level) * sizeof(uint64_t);
	if (align < 64)
		align = 64;
	cfg->root = a->transtab & low_mask(48) & ~(align - 1);
}

static void cmd_update(struct mali_mmu *mmu, unsigned int as)
{
	mmu->stats->as_update++;
	latch_config(mmu, as);
	if (!(mmu->ignore & MALI_IGNORE_AS_UPDATE))
		mmu_cache_drop_as(mmu, as);
}

static bool cmd_lock(struct mali_mmu *mmu, unsigned int as)
{
	struct mali_mmu_as *a = &mmu->as[as];
	unsigned int width = a->lockaddr & MALI_AS_LOCK_WIDTH_MASK;
	uint64_t offset = low_mask(width + 1);

	if (width < MALI_AS_LOCK_WIDTH_MIN) {
		mali_guest_error(mmu->base, "mmu: AS %u: LOCK of 2^%u bytes, less than 32 KiB",
				 as, width + 1);
		return false;
	}
	mmu->stats->as_lock++;
	a->lock_first = a->lockaddr & ~offset;
	a->lock_last = a->lock_first | offset;
	set_locked(mmu, as, true);
	return true;
}

static void cmd_unlock(struct mali_mmu *mmu, unsigned int as)
{
	struct mali_mmu_as *a = &mmu->as[as];

	mmu->stats->as_unlock++;
	if (a->locked && !(mmu->ignore & MALI_IGNORE_AS_UNLOCK))
		mmu_cache_drop(mmu, as, a->lock_first, a->lock_last);
	set_locked(mmu, as, false);
}

static void cmd_flush(struct mali_mmu *mmu, unsigned int as)
{
	struct mali_mmu_as *a = &mmu->as[as];

	if (mmu->ignore & MALI_IGNORE_AS_FLUSH)
		;
	else if (a->locked)
		mmu_cache_drop(mmu, as, a->lock_first, a->lock_last);
	else
		mmu_cache_drop_as(mmu, as);
	set_locked(mmu, as, false);
}

/* Do @cmd; false when the MMU takes no notice of it. */
static bool command_run(struct mali_mmu *mmu, unsigned int as, uint32_t cmd)
{
	switch (cmd) {
	case MALI_AS_COMMAND_UPDATE:
		cmd_update(mmu, as);
		return true;
	case MALI_AS_COMMAND_LOCK:
		return cmd_lock(mmu, as);
	case MALI_AS_COMMAND_UNLOCK:
		cmd_unlock(mmu, as);
		return true;
	case MALI_AS_COMMAND_FLUSH_PT:
		mmu->stats->as_flush_pt++;
		cmd_flush(mmu, as);
		return true;
	case MALI_AS_COMMAND_FLUSH_MEM:
		mmu->stats->as_flush_mem++;
		cmd_flush(mmu, as);
		return true;
	default:
		mali_guest_error(mmu->base, "mmu: AS %u: unknown command %u", as, cmd);
		return false;
	}
}

static void command_complete(struct mali_mmu *mmu, unsigned int as,
			     uint32_t cmd)
{
	mmu->as[as].status &= ~MALI_AS_STATUS_ACTIVE;
	mali_irq_raise(mmu->base, &mmu->irq, MALI_MMU_INT_COMPLETED(as));

	if (cmd == MALI_AS_COMMAND_LOCK)
		return;
	mmu->as[as].generation++;
	mmu->on_change(mmu->opaque, as);
}

static void command_end(struct mali_mmu *mmu, unsigned int as)
{
	struct mali_mmu_as *a = &mmu->as[as];

	if (command_run(mmu, as, a->command))
		command_complete(mmu, as, a->command);
	else
		a->status &= ~MALI_AS_STATUS_ACTIVE;
}

void mmu_command_start(struct mali_mmu *mmu, unsigned int as, uint32_t cmd)
{
	struct mali_mmu_as *a = &mmu->as[as];
	uint64_t delay;

	if (cmd == MALI_AS_COMMAND_NOP)
		return;
	if (a->status & MALI_AS_STATUS_ACTIVE) {
		mali_guest_error(mmu->base, "mmu: AS %u: command %u while one is active",
				 as, cmd);
		return;
	}
	a->status |= MALI_AS_STATUS_ACTIVE;
	a->command = cmd;
	delay = mali_inject_delay(mmu->base, MALI_SLOW_AS);
	if (!delay) {
		command_end(mmu, as);
		return;
	}
	a->command_due = mali_deadline(mali_now(mmu->base), delay);
}

void mali_mmu_hurry(struct mali_mmu *mmu)
{
	mmu_update_all_slow(mmu);
	for (unsigned int as = 0; as < MALI_NUM_AS; as++)
		mmu->as[as].command_due = 0;
}

bool mali_mmu_busy(const struct mali_mmu *mmu)
{
	for (unsigned int as = 0; as < MALI_NUM_AS; as++)
		if (mmu->as[as].status & MALI_AS_STATUS_ACTIVE)
			return true;
	return false;
}

uint64_t mali_mmu_run(struct mali_mmu *mmu)
{
	uint64_t next = MALI_NEVER;

	if (!mali_mmu_busy(mmu))
		return next;
	for (unsigned int as = 0; as < MALI_NUM_AS; as++) {
		struct mali_mmu_as *a = &mmu->as[as];

		if (!(a->status & MALI_AS_STATUS_ACTIVE))
			continue;
		if (mali_now(mmu->base) >= a->command_due)
			command_end(mmu, as);
		else if (a->command_due < next)
			next = a->command_due;
	}
	return next;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The model as a whole: creation, register decode, interrupt lines, time.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "gpu/gpu_regs.h"
#include "mali_internal.h"

/*
 * After each round the embedder's other work gets this much of the model's
 * time, so that a busy GPU cannot keep the machine's lock to itself.
 */
#define BREATH_NS		20000
/* What QEMU gives the generic timers of a Cortex-A76 */
#define DEFAULT_TIMER_HZ	62500000u

/* --- Life --------------------------------------------------------------- */

/* Nothing is armed, and what was stuck goes on. */
static void inject_clear(struct mali *m)
{
	mali_disarm(m->base);
	mali_mmu_hurry(m->mmu);
	mali_gpu_hurry(m);
	mali_mcu_inject_clear(m);
	mali_kick(m->base);
}

/* A stalled access may go on, or learn that it failed. */
static void mmu_changed(void *opaque, unsigned int as)
{
	struct mali *m = opaque;

	(void)as;
	mali_kick(m->base);
}

struct mali *mali_new(const struct mali_config *cfg,
		      const struct mali_host_ops *ops, void *host)
{
	struct mali *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->cfg = *cfg;
	m->base = mali_base_new(ops, host, cfg->timer_hz ? cfg->timer_hz :
							   DEFAULT_TIMER_HZ);
	m->mmu = m->base ? mali_mmu_new(m->base, cfg->ignore, mmu_changed, m) :
			   NULL;
	if (!m->mmu) {
		mali_free(m);
		return NULL;
	}
	m->stats = mali_base_stats(m->base);
	m->gpu.irq.line = MALI_IRQ_GPU;
	m->mcu.irq.line = MALI_IRQ_JOB;
	mali_reset(m);
	return m;
}

void mali_free(struct mali *m)
{
	mali_mmu_free(m->mmu);
	mali_base_free(m->base);
	free(m);
}

void mali_reset(struct mali *m)
{
	inject_clear(m);
	mali_irq_reset(m->base, &m->gpu.irq);
	mali_gpu_reset(m);
	/* Last: how the blocks got there does not count */
	mali_base_reset(m->base);
}

/* --- Register decode ---------------------------------------------------- */

static uint32_t read32(struct mali *m, uint32_t off)
{
	if (off >= MALI_MMU_BASE && off < MALI_MMU_END)
		return mali_mmu_reg_read(m->mmu, off);
	if (off >= JOB_INT_BASE && off < JOB_INT_BASE + 0x10)
		return mali_irq_read(m->base, &m->mcu.irq, off - JOB_INT_BASE);
	if (off == MCU_CONTROL || off == MCU_STATUS)
		return mali_mcu_read(m, off);
	if (off == LATEST_FLUSH_ID)
		return m->gpu.flush_id;
	if (off < JOB_INT_BASE)
		return mali_gpu_read(m, off);
	return 0;
}

static bool in_gpu_irq_block(uint32_t off)
{
	return off >= GPU_INT_BASE && off < GPU_INT_BASE + 0x10;
}

static void write32(struct mali *m, uint32_t off, uint32_t val)
{
	if (m->gpu.resetting && !in_gpu_irq_block(off)) {
		mali_guest_error(m->base, "write to register 0x%" PRIx32 " during a reset",
				 off);
	} else if (off >= MALI_MMU_BASE && off < MALI_MMU_END) {
		mali_mmu_reg_write(m->mmu, off, val);
		if (mali_mmu_busy(m->mmu))
			mali_kick(m->base);
	} else if (off >= JOB_INT_BASE && off < JOB_INT_BASE + 0x10) {
		mali_irq_write(m->base, &m->mcu.irq, off - JOB_INT_BASE, val);
	} else if (off == MCU_CONTROL) {
		mali_mcu_write(m, off, val);
	} else if (off >= DOORBELL_BASE) {
		if (off % DOORBELL_STRIDE == 0)
			mali_mcu_doorbell(m, (off - DOORBELL_BASE) /
					     DOORBELL_STRIDE);
	} else if (off < JOB_INT_BASE) {
		mali_gpu_write(m, off, val);
	}
}

uint64_t mali_mmio_read(struct mali *m, uint32_t offset, unsigned int size)
{
	uint64_t val;

	if (offset % 4 || offset > MALI_MMIO_SIZE - size)
		return 0;
	val = read32(m, offset);
	if (size == 8)
		val |= (uint64_t)read32(m, offset + 4) << 32;
	return val;
}

void mali_mmio_write(struct mali *m, uint32_t offset, uint64_t val,
		     unsigned int size)
{
	if (offset % 4 || offset > MALI_MMIO_SIZE - size)
		return;
	write32(m, offset, (uint32_t)val);
	if (size == 8)
		write32(m, offset + 4, val >> 32);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void mali_run(struct mali *m)
{
	uint64_t next = mali_gpu_run(m);

	next = sooner(next, mali_mmu_run(m->mmu));
	next = sooner(next, mali_mcu_run(m));
	if (next != MALI_NEVER && next < mali_now(m->base) + BREATH_NS)
		next = mali_now(m->base) + BREATH_NS;
	mali_schedule(m->base, next);
}

/* --- Introspection ------------------------------------------------------ */

int mali_translate(struct mali *m, unsigned int as, uint64_t va,
		   struct mali_translation *t)
{
	return mali_mmu_translate_peek(m->mmu, as, va, t);
}

long mali_walk_tables(struct mali *m, unsigned int as, mali_table_fn *fn,
		      void *opaque)
{
	return mali_mmu_walk_tables(m->mmu, as, fn, opaque);
}

int mali_get_slot(const struct mali *m, unsigned int csg, struct mali_slot *s)
{
	if (csg >= MALI_NUM_SLOTS)
		return -1;
	mali_mcu_get_slot(m, csg, s);
	return 0;
}

void mali_get_stats(const struct mali *m, struct mali_stats *s)
{
	*s = *m->stats;
}

/* --- Injection ---------------------------------------------------------- */

static const char *inject_hang(struct mali *m, const struct mali_injection *i)
{
	if (i->csg >= MALI_NUM_SLOTS)
		return "there is no such group slot";
	if (i->cs >= MALI_NUM_STREAMS)
		return "there is no such stream";
	mali_arm_hang(m->base, i->csg, i->cs, i->hard);
	mali_kick(m->base);
	return NULL;
}

static const char *inject_irq(struct mali *m, const struct mali_injection *i)
{
	if ((unsigned int)i->line >= MALI_NUM_IRQS)
		return "there is no such interrupt line";
	if (i->kind == MALI_INJECT_SPURIOUS_IRQ) {
		mali_arm_spurious_irq(m->base, i->line);
		return NULL;
	}
	if (!i->count)
		return "a count of 0 loses no interrupt";
	mali_arm_lost_irq(m->base, i->line, i->count);
	return NULL;
}

static const char *inject_bus_error(struct mali *m,
				    const struct mali_injection *i)
{
	if (!i->count || !i->size)
		return "count and size must be at least 1";
	if (i->pa + i->size < i->pa)
		return "the range wraps around";
	mali_arm_bus_error(m->base, i->pa, i->size, i->count);
	mali_mmu_rearm(m->mmu);
	return NULL;
}

static const char *inject_fault(struct mali *m, const struct mali_injection *i)
{
	if (i->as >= MALI_NUM_AS)
		return "there is no such address space";
	if (!i->count)
		return "a count of 0 is no fault";
	mali_arm_fault(m->base, i->as, i->va, i->exception, i->count);
	mali_mmu_rearm(m->mmu);
	return NULL;
}

static const char *inject_slow(struct mali *m, const struct mali_injection *i)
{
	if ((unsigned int)i->slow >= MALI_NUM_SLOW)
		return "there is no such thing to slow down";
	if (i->count && i->slow != MALI_SLOW_AS)
		return "only commands of address spaces are counted";
	mali_arm_slow(m->base, i->slow, i->ns, i->count);
	return NULL;
}

const char *mali_inject(struct mali *m, const struct mali_injection *i)
{
	switch (i->kind) {
	case MALI_INJECT_HANG:
		return inject_hang(m, i);
	case MALI_INJECT_LOST_IRQ:
	case MALI_INJECT_SPURIOUS_IRQ:
		return inject_irq(m, i);
	case MALI_INJECT_FIRMWARE_STOP:
	case MALI_INJECT_FIRMWARE_CRASH:
		return mali_mcu_inject(m, i->kind == MALI_INJECT_FIRMWARE_CRASH);
	case MALI_INJECT_BUS_ERROR:
		return inject_bus_error(m, i);
	case MALI_INJECT_FAULT:
		return inject_fault(m, i);
	case MALI_INJECT_GPU_FAULT:
		mali_gpu_fault(m, i->exception, i->va, i->protm);
		return NULL;
	case MALI_INJECT_SLOW:
		return inject_slow(m, i);
	case MALI_INJECT_CLEAR:
		inject_clear(m);
		return NULL;
	}
	return "there is no such injection";
}

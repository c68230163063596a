// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The model as a whole: creation, register decode, interrupt lines, time.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/gpu_regs.h"
#include "mali_internal.h"

/*
 * After each round the embedder's other work gets this much of the model's
 * time, so that a busy GPU cannot keep the machine's lock to itself.
 */
#define BREATH_NS		20000

uint64_t mali_mul_div(uint64_t a, uint64_t mul, uint64_t div)
{
	return a / div * mul + a % div * mul / div;
}

uint64_t mali_now(const struct mali *m)
{
	return m->outside.clock_ns(m->host);
}

uint64_t mali_timestamp(const struct mali *m)
{
	return mali_mul_div(mali_now(m), m->cfg.timer_hz, 1000000000u);
}

uint64_t mali_cycles(const struct mali *m)
{
	return mali_mul_div(mali_now(m), MALI_CORE_HZ, 1000000000u);
}

void mali_kick(struct mali *m)
{
	m->ops.schedule(m, mali_now(m));
}

void mali_guest_error(struct mali *m, const char *fmt, ...)
{
	char msg[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	m->ops.guest_error(m, msg);
}

/* --- Interrupts --------------------------------------------------------- */

static void irq_update(struct mali *m, struct mali_irq_block *b)
{
	bool level = b->rawstat & b->mask;

	if (level == b->level)
		return;
	b->level = level;
	if (level)
		m->stats.irqs[b->line]++;
	m->ops.set_irq(m, b->line, level);
}

void mali_irq_raise(struct mali *m, struct mali_irq_block *b, uint32_t events)
{
	b->rawstat |= events;
	irq_update(m, b);
}

uint32_t mali_irq_read(const struct mali_irq_block *b, uint32_t reg)
{
	switch (reg) {
	case INT_RAWSTAT:
		return b->rawstat;
	case INT_MASK:
		return b->mask;
	case INT_STAT:
		return b->rawstat & b->mask;
	default:
		return 0;
	}
}

void mali_irq_write(struct mali *m, struct mali_irq_block *b, uint32_t reg,
		    uint32_t val)
{
	switch (reg) {
	case INT_RAWSTAT:	/* software may raise events, for testing */
		b->rawstat |= val;
		break;
	case INT_CLEAR:
		b->rawstat &= ~val;
		break;
	case INT_MASK:
		b->mask = val;
		break;
	default:
		return;
	}
	irq_update(m, b);
}

void mali_irq_reset(struct mali *m, struct mali_irq_block *b)
{
	b->rawstat = 0;
	b->mask = 0;
	irq_update(m, b);
}

/* --- Life --------------------------------------------------------------- */

/* A stalled access may go on, or learn that it failed. */
static void mmu_changed(void *opaque, unsigned int as)
{
	(void)as;
	mali_kick(opaque);
}

struct mali *mali_new(const struct mali_config *cfg,
		      const struct mali_host_ops *ops, void *host)
{
	struct mali *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->cfg = *cfg;
	if (!m->cfg.timer_hz)
		m->cfg.timer_hz = 62500000;
	mali_inject_init(m, ops, host);
	m->gpu.irq.line = MALI_IRQ_GPU;
	m->mcu.irq.line = MALI_IRQ_JOB;
	mali_mmu_init(&m->mmu, &m->ops, m, cfg->ignore, &m->stats,
		      mmu_changed, m);
	mali_reset(m);
	return m;
}

void mali_free(struct mali *m)
{
	free(m);
}

void mali_reset(struct mali *m)
{
	mali_inject_reset(m);
	mali_irq_reset(m, &m->gpu.irq);
	mali_gpu_reset(m);
	memset(&m->stats, 0, sizeof(m->stats));
	m->ops.schedule(m, MALI_NEVER);
}

/* --- Register decode ---------------------------------------------------- */

/* A block of interrupt registers whose STAT is read */
static void stat_read(struct mali *m, uint32_t off)
{
	if (off == GPU_INT_BASE + INT_STAT)
		mali_inject_stat_read(m, MALI_IRQ_GPU);
	else if (off == JOB_INT_BASE + INT_STAT)
		mali_inject_stat_read(m, MALI_IRQ_JOB);
	else if (off == MALI_MMU_INT_STAT)
		mali_inject_stat_read(m, MALI_IRQ_MMU);
}

static uint32_t read32(struct mali *m, uint32_t off)
{
	stat_read(m, off);
	if (off >= MALI_MMU_BASE && off < MALI_MMU_END)
		return mali_mmu_reg_read(&m->mmu, off);
	if (off >= JOB_INT_BASE && off < JOB_INT_BASE + 0x10)
		return mali_irq_read(&m->mcu.irq, off - JOB_INT_BASE);
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
		mali_guest_error(m, "write to register 0x%" PRIx32 " during a reset",
				 off);
	} else if (off >= MALI_MMU_BASE && off < MALI_MMU_END) {
		mali_mmu_reg_write(&m->mmu, off, val);
		if (mali_mmu_busy(&m->mmu))
			mali_kick(m);
	} else if (off >= JOB_INT_BASE && off < JOB_INT_BASE + 0x10) {
		mali_irq_write(m, &m->mcu.irq, off - JOB_INT_BASE, val);
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

	next = sooner(next, mali_mmu_run(&m->mmu));
	next = sooner(next, mali_mcu_run(m));
	if (next != MALI_NEVER && next < mali_now(m) + BREATH_NS)
		next = mali_now(m) + BREATH_NS;
	m->ops.schedule(m, next);
}

/* --- Introspection ------------------------------------------------------ */

int mali_translate(struct mali *m, unsigned int as, uint64_t va,
		   struct mali_translation *t)
{
	int ret;

	m->inject.looking = true;
	ret = mali_mmu_translate_peek(&m->mmu, as, va, t);
	m->inject.looking = false;
	return ret;
}

long mali_walk_tables(struct mali *m, unsigned int as, mali_table_fn *fn,
		      void *opaque)
{
	long ret;

	m->inject.looking = true;
	ret = mali_mmu_walk_tables(&m->mmu, as, fn, opaque);
	m->inject.looking = false;
	return ret;
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
	*s = m->stats;
}

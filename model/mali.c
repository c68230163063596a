// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The whole GPU: creation, register decode, the run loop; and what one block wants
 * of those above it, which is carried from here.
 *
 * A block calls those below it only: csf, shader, gpu, mmu, base, from top to bottom. What
 * it wants of others is an event, a function that it got when it was made; what a
 * test injects is held by the base, and who must know at once is told here.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "mali_blocks.h"
#include "shader/shader.h"

/*
 * After each round the embedder's other work gets this much of the model's
 * time, so that a busy GPU cannot keep the machine's lock to itself.
 */
#define BREATH_NS		20000
/* What QEMU gives the generic timers of a Cortex-A76 */
#define DEFAULT_TIMER_HZ	62500000u
/* An instruction of one lane of a shader core: about what it takes of the host's time */
#define DEFAULT_LANE_PS		2000u

/* --- Events of the blocks ------------------------------------------------ */

/* A stalled access may go on, or learn that it failed. */
static void mmu_changed(void *opaque, unsigned int as)
{
	struct mali *m = opaque;

	(void)as;
	mali_kick(m->base);
}

/* All blocks; the GPU control page last, see mali_gpu_reset(). */
static void reset_blocks(void *opaque)
{
	struct mali *m = opaque;

	mali_mmu_reset(m->mmu);
	mali_csf_reset(m->csf);
	mali_gpu_reset(m->gpu);
}

/* Nothing is armed, and what was stuck goes on. */
static void inject_clear(struct mali *m)
{
	mali_disarm(m->base);
	mali_mmu_hurry(m->mmu);
	mali_gpu_hurry(m->gpu);
	mali_csf_hurry(m->csf);
	mali_kick(m->base);
}

/* --- Life --------------------------------------------------------------- */

/* From bottom to top; false when the host is out of memory. */
static bool make_blocks(struct mali *m, const struct mali_config *cfg,
			const struct mali_host_ops *ops, void *host)
{
	m->base = mali_base_new(ops, host, cfg->timer_hz ? cfg->timer_hz :
							   DEFAULT_TIMER_HZ);
	if (!m->base)
		return false;
	m->mmu = mali_mmu_new(m->base, cfg->ignore, mmu_changed, m);
	if (!m->mmu)
		return false;
	m->gpu = mali_gpu_new(m->base, m->mmu, cfg->coherent, reset_blocks, m);
	if (!m->gpu)
		return false;
	m->csf = mali_csf_new(m->base, m->mmu, m->gpu, cfg->ignore,
			      cfg->lane_ps ? cfg->lane_ps : DEFAULT_LANE_PS);
	return m->csf;
}

struct mali *mali_new(const struct mali_config *cfg,
		      const struct mali_host_ops *ops, void *host)
{
	struct mali *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	if (!make_blocks(m, cfg, ops, host)) {
		mali_free(m);
		return NULL;
	}
	mali_reset(m);
	return m;
}

void mali_free(struct mali *m)
{
	mali_csf_free(m->csf);
	mali_gpu_free(m->gpu);
	mali_mmu_free(m->mmu);
	mali_base_free(m->base);
	free(m);
}

void mali_reset(struct mali *m)
{
	inject_clear(m);
	mali_gpu_power_on(m->gpu);
	reset_blocks(m);
	/* Last: how the blocks got there does not count */
	mali_base_reset(m->base);
}

/* --- Register decode ---------------------------------------------------- */

static bool is_mmu(uint32_t off)
{
	return off >= MALI_MMU_BASE && off < MALI_MMU_END;
}

static bool is_csf(uint32_t off)
{
	return (off >= MALI_MCU_BASE && off < MALI_MCU_END) ||
	       (off >= MALI_JOB_BASE && off < MALI_JOB_END) ||
	       off >= MALI_DOORBELL_BASE;
}

static bool is_gpu(uint32_t off)
{
	return off < MALI_GPU_END ||
	       (off >= MALI_GPU_USER_BASE && off < MALI_GPU_USER_END);
}

static uint32_t read32(struct mali *m, uint32_t off)
{
	if (is_mmu(off))
		return mali_mmu_reg_read(m->mmu, off);
	if (is_csf(off))
		return mali_csf_reg_read(m->csf, off);
	if (is_gpu(off))
		return mali_gpu_reg_read(m->gpu, off);
	return 0;
}

static void write32(struct mali *m, uint32_t off, uint32_t val)
{
	if (!mali_gpu_takes_write(m->gpu, off)) {
		mali_base_stats(m->base)->reset_writes++;
		mali_guest_error(m->base, "write to register 0x%" PRIx32 " during a reset",
				 off);
	} else if (is_mmu(off)) {
		mali_mmu_reg_write(m->mmu, off, val);
		if (mali_mmu_busy(m->mmu))
			mali_kick(m->base);
	} else if (is_csf(off)) {
		mali_csf_reg_write(m->csf, off, val);
	} else if (is_gpu(off)) {
		mali_gpu_reg_write(m->gpu, off, val);
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
	uint64_t next = mali_gpu_run(m->gpu);

	next = sooner(next, mali_mmu_run(m->mmu));
	next = sooner(next, mali_csf_run(m->csf));
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

/* A word of memory, without a trace; false where there is none */
static bool look_at(struct mali *m, unsigned int as, uint64_t va, uint64_t *word)
{
	struct mali_translation t;
	int wrong;

	if (mali_mmu_translate_peek(m->mmu, as, va, &t) || !t.mapped)
		return false;
	mali_looking(m->base, true);
	wrong = mali_mem_read(mali_base_mem(m->base), t.pa, word, sizeof(*word));
	mali_looking(m->base, false);
	*word = mali_le64(*word);
	return !wrong;
}

long mali_disassemble(struct mali *m, unsigned int as, uint64_t va,
		      unsigned int count, mali_instr_fn *fn, void *opaque)
{
	struct mali_translation t;
	char text[160];
	uint64_t word;
	bool good = true;
	long n;

	if (va % sizeof(word) || mali_mmu_translate_peek(m->mmu, as, va, &t))
		return -1;
	for (n = 0; good && n < count && look_at(m, as, va, &word); n++) {
		good = shader_disasm(word, text, sizeof(text));
		fn(opaque, va, word, text);
		va += sizeof(word);
	}
	return n;
}

int mali_get_slot(const struct mali *m, unsigned int csg, struct mali_slot *s)
{
	if (csg >= MALI_NUM_SLOTS)
		return -1;
	mali_csf_get_slot(m->csf, csg, s);
	return 0;
}

void mali_get_stats(const struct mali *m, struct mali_stats *s)
{
	*s = *mali_base_stats(m->base);
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
		return mali_csf_inject(m->csf, i->kind == MALI_INJECT_FIRMWARE_CRASH);
	case MALI_INJECT_BUS_ERROR:
		return inject_bus_error(m, i);
	case MALI_INJECT_FAULT:
		return inject_fault(m, i);
	case MALI_INJECT_GPU_FAULT:
		mali_gpu_fault(m->gpu, i->exception, i->va, i->protm);
		return NULL;
	case MALI_INJECT_SLOW:
		return inject_slow(m, i);
	case MALI_INJECT_CLEAR:
		inject_clear(m);
		return NULL;
	}
	return "there is no such injection";
}

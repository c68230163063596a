// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Injection: what goes wrong on a real machine, on request; and the layer
 * between the model and the embedder's operations in which half of it happens.
 *
 * Every part of the model reaches the outside through the operations here, so
 * that a bus error or a lost interrupt looks the same to all of them. What is
 * decided here is when a fault happens; what the guest then sees is decided
 * where the same thing would be noticed on hardware.
 */
#include <string.h>

#include "../gpu/gpu_regs.h"
#include "../mali_internal.h"

/* --- Between the model and the embedder ---------------------------------- */

static bool bus_hits(const struct mali_inject *in, uint64_t pa, size_t len)
{
	return in->bus_count && pa < in->bus_pa + in->bus_size &&
	       in->bus_pa < pa + len;
}

static bool bus_error(struct mali *m, uint64_t pa, size_t len)
{
	if (!bus_hits(&m->inject, pa, len) || m->inject.looking)
		return false;
	m->inject.bus_count--;
	return true;
}

static int mem_read(void *opaque, uint64_t pa, void *buf, size_t len)
{
	struct mali *m = opaque;

	return bus_error(m, pa, len) ? -1 :
				       m->outside.mem_read(m->host, pa, buf, len);
}

static int mem_write(void *opaque, uint64_t pa, const void *buf, size_t len)
{
	struct mali *m = opaque;

	return bus_error(m, pa, len) ? -1 :
				       m->outside.mem_write(m->host, pa, buf, len);
}

/* No pointer around an armed bus error: the access has to come this way. */
static const void *page_ptr(void *opaque, uint64_t pa)
{
	struct mali *m = opaque;

	return bus_hits(&m->inject, pa, MALI_PAGE_SIZE) ?
		       NULL : m->outside.page_ptr(m->host, pa);
}

static uint64_t clock_ns(void *opaque)
{
	struct mali *m = opaque;

	return m->outside.clock_ns(m->host);
}

static void schedule(void *opaque, uint64_t deadline_ns)
{
	struct mali *m = opaque;

	m->outside.schedule(m->host, deadline_ns);
}

static void guest_error(void *opaque, const char *msg)
{
	struct mali *m = opaque;

	m->outside.guest_error(m->host, msg);
}

static void drive_line(struct mali *m, enum mali_irq line)
{
	struct mali_line *l = &m->inject.line[line];
	bool level = (l->wanted && !l->losing) || l->spurious;

	if (level == l->driven)
		return;
	l->driven = level;
	m->outside.set_irq(m->host, line, level);
}

/* An edge is lost as a whole: the line stays low until the next one. */
static void set_irq(void *opaque, enum mali_irq line, bool level)
{
	struct mali *m = opaque;
	struct mali_line *l = &m->inject.line[line];

	l->losing = level && (l->losing || l->lose);
	if (l->losing && !l->wanted)
		l->lose--;
	l->wanted = level;
	drive_line(m, line);
}

static const struct mali_host_ops inner_ops = {
	.mem_read = mem_read,
	.mem_write = mem_write,
	.page_ptr = page_ptr,
	.set_irq = set_irq,
	.clock_ns = clock_ns,
	.schedule = schedule,
	.guest_error = guest_error,
};

void mali_inject_init(struct mali *m, const struct mali_host_ops *outside,
		      void *host)
{
	m->outside = *outside;
	m->host = host;
	m->ops = inner_ops;
}

/* The driver looked at the block: what it was called for is not there. */
void mali_inject_stat_read(struct mali *m, enum mali_irq line)
{
	if (!m->inject.line[line].spurious)
		return;
	m->inject.line[line].spurious = false;
	drive_line(m, line);
}

/* --- Asked by the parts -------------------------------------------------- */

uint64_t mali_inject_delay(const struct mali *m, enum mali_slow what)
{
	return m->inject.delay[what];
}

uint64_t mali_inject_due(const struct mali *m, enum mali_slow what)
{
	return mali_deadline(mali_now(m), m->inject.delay[what]);
}

bool mali_inject_hang(struct mali *m, unsigned int csg, unsigned int cs,
		      bool *hard)
{
	struct mali_inject *in = &m->inject;

	if (!in->hang || (in->hang_csg >= 0 && in->hang_csg != (int)csg) ||
	    (in->hang_cs >= 0 && in->hang_cs != (int)cs))
		return false;
	in->hang = false;
	*hard = in->hang_hard;
	return true;
}

/* --- Requests ------------------------------------------------------------ */

static void clear(struct mali *m)
{
	struct mali_inject *in = &m->inject;

	in->hang = false;
	in->bus_count = 0;
	memset(in->delay, 0, sizeof(in->delay));
	for (unsigned int i = 0; i < MALI_NUM_IRQS; i++) {
		in->line[i].lose = 0;
		in->line[i].losing = false;
		in->line[i].spurious = false;
		drive_line(m, i);
	}
	mali_mmu_inject_clear(&m->mmu);
	mali_gpu_hurry(m);
	mali_mcu_inject_clear(m);
	mali_kick(m);
}

/* Power-on: nothing is armed and every line is low. */
void mali_inject_reset(struct mali *m)
{
	clear(m);
}

static const char *inject_hang(struct mali *m, const struct mali_injection *i)
{
	if (i->csg >= MALI_NUM_SLOTS)
		return "there is no such group slot";
	if (i->cs >= MALI_NUM_STREAMS)
		return "there is no such stream";
	m->inject.hang = true;
	m->inject.hang_csg = i->csg;
	m->inject.hang_cs = i->cs;
	m->inject.hang_hard = i->hard;
	mali_kick(m);
	return NULL;
}

static const char *inject_irq(struct mali *m, const struct mali_injection *i)
{
	struct mali_line *l;

	if ((unsigned int)i->line >= MALI_NUM_IRQS)
		return "there is no such interrupt line";
	l = &m->inject.line[i->line];
	if (i->kind == MALI_INJECT_SPURIOUS_IRQ) {
		l->spurious = true;
		drive_line(m, i->line);
		return NULL;
	}
	if (!i->count)
		return "a count of 0 loses no interrupt";
	l->lose = i->count;
	return NULL;
}

static const char *inject_bus_error(struct mali *m,
				    const struct mali_injection *i)
{
	if (!i->count || !i->size)
		return "count and size must be at least 1";
	if (i->pa + i->size < i->pa)
		return "the range wraps around";
	m->inject.bus_pa = i->pa;
	m->inject.bus_size = i->size;
	m->inject.bus_count = i->count;
	mali_mmu_forget_pages(&m->mmu);
	return NULL;
}

static const char *inject_fault(struct mali *m, const struct mali_injection *i)
{
	if (i->as >= MALI_NUM_AS)
		return "there is no such address space";
	if (!i->count)
		return "a count of 0 is no fault";
	mali_mmu_inject_fault(&m->mmu, i->as, i->va, i->exception, i->count);
	return NULL;
}

static const char *inject_slow(struct mali *m, const struct mali_injection *i)
{
	if ((unsigned int)i->slow >= MALI_NUM_SLOW)
		return "there is no such thing to slow down";
	if (i->count && i->slow != MALI_SLOW_AS)
		return "only commands of address spaces are counted";
	m->inject.delay[i->slow] = i->ns;
	if (i->slow == MALI_SLOW_AS)
		mali_mmu_set_delay(&m->mmu, i->ns, i->count);
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
		clear(m);
		return NULL;
	}
	return "there is no such injection";
}

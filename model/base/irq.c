// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupts: the registers of a block, and its line on the way to the machine.
 *
 * Invariants: a line follows STAT, but for edges that are lost and for a level
 * that is spurious on request; both are decided here. An edge is lost as a whole:
 * the line stays low until the next one. A spurious level ends when the driver
 * looks at STAT: what it was called for is not there.
 */
#include "base_state.h"

/* --- Lines ---------------------------------------------------------------- */

void base_drive_line(struct mali_base *b, enum mali_irq line)
{
	struct mali_line *l = &b->line[line];
	bool level = (l->wanted && !l->losing) || l->spurious;

	if (level == l->driven)
		return;
	l->driven = level;
	b->ops.set_irq(b->host, line, level);
}

static void set_line(struct mali_base *b, enum mali_irq line, bool level)
{
	struct mali_line *l = &b->line[line];

	l->losing = level && l->lose;
	if (l->losing)
		l->lose--;
	l->wanted = level;
	base_drive_line(b, line);
}

static void stat_read(struct mali_base *b, enum mali_irq line)
{
	if (!b->line[line].spurious)
		return;
	b->line[line].spurious = false;
	base_drive_line(b, line);
}

/* --- Registers ------------------------------------------------------------ */

static void update(struct mali_base *b, struct mali_irq_block *i)
{
	bool level = i->rawstat & i->mask;

	if (level == i->level)
		return;
	i->level = level;
	if (level)
		b->stats.irqs[i->line]++;
	set_line(b, i->line, level);
}

void mali_irq_raise(struct mali_base *b, struct mali_irq_block *i,
		    uint32_t events)
{
	i->rawstat |= events;
	update(b, i);
}

void mali_irq_forget(struct mali_base *b, struct mali_irq_block *i)
{
	i->rawstat = 0;
	update(b, i);
}

void mali_irq_reset(struct mali_base *b, struct mali_irq_block *i)
{
	i->mask = 0;
	mali_irq_forget(b, i);
}

uint32_t mali_irq_read(struct mali_base *b, const struct mali_irq_block *i,
		       uint32_t reg)
{
	switch (reg) {
	case MALI_INT_RAWSTAT:
		return i->rawstat;
	case MALI_INT_MASK:
		return i->mask;
	case MALI_INT_STAT:
		stat_read(b, i->line);
		return i->rawstat & i->mask;
	default:
		return 0;
	}
}

void mali_irq_write(struct mali_base *b, struct mali_irq_block *i,
		    uint32_t reg, uint32_t val)
{
	switch (reg) {
	case MALI_INT_RAWSTAT:	/* software may raise events, for testing */
		i->rawstat |= val;
		break;
	case MALI_INT_CLEAR:
		i->rawstat &= ~val;
		break;
	case MALI_INT_MASK:
		i->mask = val;
		break;
	default:
		return;
	}
	update(b, i);
}

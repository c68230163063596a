// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Injection: holds what is armed, and says so to whoever asks.
 *
 * It asks nobody and tells nobody: mali_inject() in mali.c carries a request to
 * the blocks that have to know at once. What is decided here is when a fault
 * happens; what the guest then sees is decided where the same thing would be
 * noticed on hardware.
 */
#include <limits.h>
#include <string.h>

#include "base_state.h"

#define ALL_COMMANDS		UINT_MAX

/* --- Requests ------------------------------------------------------------- */

void mali_arm_hang(struct mali_base *b, int csg, int cs, bool hard)
{
	b->armed.hang.armed = true;
	b->armed.hang.csg = csg;
	b->armed.hang.cs = cs;
	b->armed.hang.hard = hard;
}

void mali_arm_lost_irq(struct mali_base *b, enum mali_irq line,
		       unsigned int count)
{
	b->line[line].lose = count;
}

void mali_arm_spurious_irq(struct mali_base *b, enum mali_irq line)
{
	b->line[line].spurious = true;
	base_drive_line(b, line);
}

void mali_arm_bus_error(struct mali_base *b, uint64_t pa, uint64_t size,
			unsigned int count)
{
	b->armed.bus.pa = pa;
	b->armed.bus.size = size;
	b->armed.bus.count = count;
	base_update_mem(b);
}

void mali_arm_fault(struct mali_base *b, int as, uint64_t va,
		    uint8_t exception, unsigned int count)
{
	b->armed.fault.as = as;
	b->armed.fault.page = va & MALI_PAGE_MASK;
	b->armed.fault.exception = exception;
	b->armed.fault.count = count;
}

void mali_arm_slow(struct mali_base *b, enum mali_slow what, uint64_t ns,
		   unsigned int count)
{
	b->armed.slow[what].ns = ns;
	b->armed.slow[what].count = count ? count : ALL_COMMANDS;
}

void mali_disarm(struct mali_base *b)
{
	memset(&b->armed, 0, sizeof(b->armed));
	base_update_mem(b);
	for (unsigned int i = 0; i < MALI_NUM_IRQS; i++) {
		b->line[i].lose = 0;
		b->line[i].losing = false;
		b->line[i].spurious = false;
		base_drive_line(b, i);
	}
}

/* --- Asked by the blocks -------------------------------------------------- */

bool mali_inject_hang(struct mali_base *b, unsigned int csg, unsigned int cs,
		      bool *hard)
{
	int want_csg = b->armed.hang.csg, want_cs = b->armed.hang.cs;

	if (!b->armed.hang.armed || (want_csg >= 0 && want_csg != (int)csg) ||
	    (want_cs >= 0 && want_cs != (int)cs))
		return false;
	b->armed.hang.armed = false;
	*hard = b->armed.hang.hard;
	return true;
}

bool mali_inject_faults(const struct mali_base *b, unsigned int as)
{
	int want = b->armed.fault.as;

	return b->armed.fault.count &&
	       (want < 0 ? as != 0 : (unsigned int)want == as);
}

bool mali_inject_fault(struct mali_base *b, unsigned int as, uint64_t va,
		       uint8_t *exception)
{
	if (!mali_inject_faults(b, as) ||
	    (va & MALI_PAGE_MASK) != b->armed.fault.page)
		return false;
	b->armed.fault.count--;
	*exception = b->armed.fault.exception;
	return true;
}

uint64_t mali_inject_delay(struct mali_base *b, enum mali_slow what)
{
	unsigned int *count = &b->armed.slow[what].count;

	if (!*count)
		return 0;
	if (*count != ALL_COMMANDS)
		--*count;
	return b->armed.slow[what].ns;
}

uint64_t mali_inject_due(struct mali_base *b, enum mali_slow what)
{
	return mali_deadline(mali_now(b), mali_inject_delay(b, what));
}

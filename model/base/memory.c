// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guest-physical memory, and the bus errors that were asked for.
 *
 * Accesses go straight to the machine (struct mali_mem) unless a bus error is armed.
 * Invariant: while one is armed there is no pointer to memory around it, and each
 * access has to come this way. Who keeps pointers forgets them when one is armed
 * (mali_mmu_rearm()).
 */
#include "base_state.h"

static bool bus_hits(const struct mali_base *b, uint64_t pa, size_t len)
{
	return b->armed.bus.count && pa < b->armed.bus.pa + b->armed.bus.size &&
	       b->armed.bus.pa < pa + len;
}

/* The access fails, and is counted. */
static bool bus_error(struct mali_base *b, uint64_t pa, size_t len)
{
	if (!bus_hits(b, pa, len) || b->looking)
		return false;
	b->armed.bus.count--;
	base_update_mem(b);
	return true;
}

static int read_armed(void *opaque, uint64_t pa, void *buf, size_t len)
{
	struct mali_base *b = opaque;

	return bus_error(b, pa, len) ? -1 :
				       b->ops.mem_read(b->host, pa, buf, len);
}

static int write_armed(void *opaque, uint64_t pa, const void *buf, size_t len)
{
	struct mali_base *b = opaque;

	return bus_error(b, pa, len) ? -1 :
				       b->ops.mem_write(b->host, pa, buf, len);
}

void base_update_mem(struct mali_base *b)
{
	bool armed = b->armed.bus.count;

	b->mem.read = armed ? read_armed : b->ops.mem_read;
	b->mem.write = armed ? write_armed : b->ops.mem_write;
	b->mem.host = armed ? b : b->host;
}

uint8_t *mali_page_ptr(struct mali_base *b, uint64_t pa)
{
	pa &= MALI_PAGE_MASK;
	return bus_hits(b, pa, MALI_PAGE_SIZE) ? NULL :
						 b->ops.page_ptr(b->host, pa);
}

void mali_page_wrote(struct mali_base *b, void *at, size_t len)
{
	b->ops.page_wrote(b->host, at, len);
}

void mali_looking(struct mali_base *b, bool looking)
{
	b->looking = looking;
}

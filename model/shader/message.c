// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an instruction leaves with its warp: a message, whose result lands where its slot
 * is waited for or taken again, and no earlier; or a fault.
 *
 * Invariants: see warp.h.
 */
#include "warp.h"

bool warp_fault(struct warp *w, unsigned int exception, uint64_t va,
		const char *why)
{
	w->fault = (struct shader_fault){
		.exception = exception, .va = va, .pc = w->pc, .why = why,
	};
	return false;
}

static void land(struct warp *w, struct message *m)
{
	uint32_t bits = m->bits;

	for (unsigned int j = 0; j < m->count; j++, bits = ~0u) {
		union lanes *r = &w->r[m->reg + j];

		if (m->mask == ALL_LANES && bits == ~0u) {
			*r = m->data[j];
			continue;
		}
		for (unsigned int i = 0; i < LANES; i++)
			if (m->mask >> i & 1)
				r->u32[i] = (r->u32[i] & ~bits) |
					    (m->data[j].u32[i] & bits);
	}
}

void warp_land(struct warp *w, unsigned int slots)
{
	for (unsigned int i = 0; i < NUM_SLOTS; i++)
		if (w->busy & slots & 1u << i)
			land(w, &w->msg[i]);
	w->busy &= ~slots;
}

/* A new message; the one that had the slot before lands now, operands being read */
struct message *warp_message(struct warp *w, const struct insn *in)
{
	struct message *m = &w->msg[in->slot];

	warp_land(w, 1u << in->slot);
	m->mask = w->mask;
	m->reg = in->sw;
	m->count = in->sw_count;
	m->bits = ~0u;
	if (m->count)
		w->busy |= 1u << in->slot;
	return m;
}

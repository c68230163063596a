// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages to memory: loads and stores, and what finds its address by a buffer
 * descriptor.
 *
 * Invariants:
 * - All pages of an access are translated before the first byte moves, each
 *   once, so that a fault or a stall leaves no trace.
 * - A load reads memory when it is issued, and its registers change when it
 *   lands; a store takes registers and changes memory when it is issued.
 */
#include <string.h>

#include "lanes.h"

/* --- Pages ---------------------------------------------------------------- */

static bool map_fault(struct span *sp, uint64_t va)
{
	struct shader_fault *f = &sp->w->fault;

	f->mmu = true;
	f->access = sp->access;
	f->va = va;
	f->pc = sp->w->pc;
	f->why = "data cannot be accessed";
	return false;
}

static bool span_map(struct span *sp, uint64_t va)
{
	struct shader_env *env = sp->w->env;
	void *host;

	/* Two for each lane; whoever may want more begins anew */
	assert(sp->count < 2 * LANES);
	if (sp->count)
		sp->w->extra += COST_PAGE;
	memset(&sp->w->fault, 0, sizeof(sp->w->fault));
	host = env->sh->ops->map(env->ctx, PAGE_OF(va), sp->access,
				 &sp->w->fault);
	if (!host)
		return map_fault(sp, va);
	sp->page[sp->count].va = PAGE_OF(va);
	sp->page[sp->count].host = host;
	sp->page[sp->count].lo = SHADER_PAGE_SIZE;
	sp->page[sp->count].hi = 0;
	sp->count++;
	return true;
}

/* The page is the last one in most cases */
static unsigned int span_find(const struct span *sp, uint64_t va)
{
	unsigned int i = sp->count;

	while (i && sp->page[i - 1].va != PAGE_OF(va))
		i--;
	return i;
}

uint8_t *span_at(struct span *sp, uint64_t va)
{
	unsigned int i = span_find(sp, va);

	if (!i) {
		if (!span_map(sp, va))
			return NULL;
		i = sp->count;
	}
	return sp->page[i - 1].host + va % SHADER_PAGE_SIZE;
}

void span_wrote(struct span *sp, uint64_t va, unsigned int len)
{
	unsigned int i = span_find(sp, va) - 1, at = va % SHADER_PAGE_SIZE;

	if (sp->page[i].lo > at)
		sp->page[i].lo = at;
	if (sp->page[i].hi < at + len)
		sp->page[i].hi = at + len;
}

void span_done(struct span *sp)
{
	const struct shader_ops *ops = sp->w->env->sh->ops;

	if (!ops->wrote)
		return;
	for (unsigned int i = 0; i < sp->count; i++)
		if (sp->page[i].hi)
			ops->wrote(sp->w->env->ctx,
				   sp->page[i].va + sp->page[i].lo,
				   sp->page[i].host + sp->page[i].lo,
				   sp->page[i].hi - sp->page[i].lo);
}

bool mem_check(struct warp *w, uint64_t va, unsigned int len)
{
	if (va + len <= 1ull << VA_BITS && va + len >= len)
		return true;
	return warp_fault(w, SHADER_ADDR_RANGE, va, "no address of data");
}

/* --- Accesses ------------------------------------------------------------- */

/**
 * struct access - where each lane reads or writes
 * @span: The pages.
 * @len: Bytes of each lane.
 * @base, @low: If all are in one page, where the lowest address is; else NULL.
 * @va: Address; NOWHERE if it is out of bounds.
 * @at: Host address of the first byte.
 * @rest: Host address of what is in the next page, or NULL.
 * @first: Bytes before that.
 */
struct access {
	struct span span;
	unsigned int len;
	uint8_t *base;
	uint64_t low;
	uint64_t va[LANES];
	uint8_t *at[LANES], *rest[LANES];
	uint8_t first[LANES];
};

static bool access_lane(struct access *a, unsigned int i)
{
	uint64_t va = a->va[i];
	unsigned int room = SHADER_PAGE_SIZE - va % SHADER_PAGE_SIZE;

	a->rest[i] = NULL;
	if (va >> 63)
		return true;
	if (!mem_check(a->span.w, va, a->len))
		return false;
	a->at[i] = span_at(&a->span, va);
	if (!a->at[i])
		return false;
	if (room >= a->len)
		return true;
	a->first[i] = room;
	a->rest[i] = span_at(&a->span, va + room);
	return a->rest[i];
}

/* Whether all lanes are in one page, as they mostly are; from where to where */
static bool access_is_near(const struct access *a, uint64_t *low, uint64_t *high)
{
	uint64_t min = UINT64_MAX, max = 0;

	for (unsigned int i = 0; i < LANES; i++) {
		if (!(a->span.w->mask >> i & 1))
			continue;
		min = a->va[i] < min ? a->va[i] : min;
		max = a->va[i] > max ? a->va[i] : max;
	}
	*low = min;
	*high = max + a->len - 1;
	/* The end of what begins at the last addresses is not at the first ones */
	return PAGE_OF(*low) == PAGE_OF(*high) && !((max | *high) >> VA_BITS);
}

static bool access_begin(struct access *a, struct warp *w, unsigned int len,
			 enum shader_access how)
{
	uint64_t high;

	a->span.w = w;
	a->span.access = how;
	a->span.count = 0;
	a->len = len;
	a->base = NULL;
	if (access_is_near(a, &a->low, &high)) {
		a->base = span_at(&a->span, a->low);
		if (a->base && how == SHADER_WRITE)
			span_wrote(&a->span, a->low, high - a->low + 1);
		return a->base;
	}
	for (unsigned int i = 0; i < LANES; i++)
		if (w->mask >> i & 1 && !access_lane(a, i))
			return false;
	return true;
}

/* Of a length that the compiler knows, for those that most accesses have */
static inline void move(void *to, const void *from, unsigned int len)
{
	switch (len) {
	case 1:
		memcpy(to, from, 1);
		return;
	case 2:
		memcpy(to, from, 2);
		return;
	case 4:
		memcpy(to, from, 4);
		return;
	case 8:
		memcpy(to, from, 8);
		return;
	case 16:
		memcpy(to, from, 16);
		return;
	}
	memcpy(to, from, len);
}

static void read_lane(const struct access *a, unsigned int i, uint32_t *raw)
{
	uint8_t *to = (uint8_t *)raw;

	if (a->base) {
		move(to, a->base + (a->va[i] - a->low), a->len);
		return;
	}
	if (a->va[i] >> 63)
		return;
	if (!a->rest[i]) {
		move(to, a->at[i], a->len);
		return;
	}
	memcpy(to, a->at[i], a->first[i]);
	memcpy(to + a->first[i], a->rest[i], a->len - a->first[i]);
}

static void write_lane(struct access *a, unsigned int i, const uint32_t *raw)
{
	const uint8_t *from = (const uint8_t *)raw;

	if (a->base) {
		move(a->base + (a->va[i] - a->low), from, a->len);
		return;
	}
	if (a->va[i] >> 63)
		return;
	if (!a->rest[i]) {
		move(a->at[i], from, a->len);
		span_wrote(&a->span, a->va[i], a->len);
		return;
	}
	memcpy(a->at[i], from, a->first[i]);
	memcpy(a->rest[i], from + a->first[i], a->len - a->first[i]);
	span_wrote(&a->span, a->va[i], a->first[i]);
	span_wrote(&a->span, a->va[i] + a->first[i], a->len - a->first[i]);
}

/* --- What a load makes of what it read ------------------------------------ */

/* Widths into which less is extended, and where in the register that goes */
struct place {
	unsigned int width, pos;
};

static struct place place_of(const struct insn *in)
{
	unsigned int lane = isa_bits(in->word, 36, 3);

	switch (in->op->size) {
	case 8:
		if (lane < 4)
			return (struct place){ 8, lane * 8 };
		return lane < 6 ? (struct place){ 16, (lane - 4) * 16 } :
		       (struct place){ 32, 0 };
	case 16:
		return lane < 2 ? (struct place){ 16, lane * 16 } :
		       (struct place){ 32, 0 };
	}
	return (struct place){ 32, 0 };
}

static uint32_t extend(uint32_t val, unsigned int bits, bool is_signed)
{
	if (bits == 32)
		return val;
	val &= (1u << bits) - 1;
	if (is_signed && val >> (bits - 1))
		val |= ~0u << bits;
	return val;
}

/* The last word of what was read, and the one beyond it, are extended. */
static void extend_raw(const struct insn *in, uint32_t *raw)
{
	bool is_signed = !isa_mod(in->word, M_UNSIGNED);
	unsigned int last = (in->op->size - 1) / 32;
	unsigned int bits = in->op->size - last * 32;

	raw[last] = extend(raw[last], bits, is_signed);
	if (last < 3)
		raw[last + 1] = is_signed && raw[last] >> 31 ? ~0u : 0;
}

/* Whole words, all lanes, one page: nothing to be decided for each lane */
static void deliver_words(const struct access *a, struct message *m)
{
	for (unsigned int i = 0; i < LANES; i++) {
		const uint8_t *at = a->base + (a->va[i] - a->low);

		for (unsigned int j = 0; j < m->count; j++)
			memcpy(&m->data[j].u32[i], at + 4 * j, 4);
	}
}

static void deliver(struct access *a, const struct insn *in, struct message *m)
{
	struct place p = place_of(in);
	bool whole = in->op->size % 32 == 0 && m->count == in->op->size / 32;

	if (whole && a->base && m->mask == ALL_LANES) {
		deliver_words(a, m);
		return;
	}
	if (p.width < 32)
		m->bits = ((1u << p.width) - 1) << p.pos;
	for (unsigned int i = 0; i < LANES; i++) {
		uint32_t raw[4] = { 0 };

		if (!(m->mask >> i & 1))
			continue;
		read_lane(a, i, raw);
		if (!whole)
			extend_raw(in, raw);
		for (unsigned int j = 0; j < m->count; j++)
			m->data[j].u32[i] = raw[j] << p.pos;
	}
}

bool mem_load(struct warp *w, const struct insn *in, const union lanes **s)
{
	struct access a;

	for (unsigned int i = 0; i < LANES; i++)
		a.va[i] = get64(s, 0, i) + in->imm;
	if (!access_begin(&a, w, in->op->size / 8, SHADER_READ))
		return false;
	deliver(&a, in, warp_message(w, in));
	return true;
}

static void store_words(const struct access *a, const union lanes *data,
			unsigned int count)
{
	for (unsigned int i = 0; i < LANES; i++) {
		uint8_t *at = a->base + (a->va[i] - a->low);

		for (unsigned int j = 0; j < count; j++)
			memcpy(at + 4 * j, &data[j].u32[i], 4);
	}
}

static void store_lanes(struct access *a, const struct insn *in,
			const union lanes *data)
{
	for (unsigned int i = 0; i < LANES; i++) {
		uint32_t raw[4];

		if (!(a->span.w->mask >> i & 1))
			continue;
		for (unsigned int j = 0; j < in->sr_count; j++)
			raw[j] = data[j].u32[i];
		write_lane(a, i, raw);
	}
}

bool mem_store(struct warp *w, const struct insn *in, const union lanes **s)
{
	union lanes data[4];
	struct access a;

	for (unsigned int i = 0; i < LANES; i++)
		a.va[i] = get64(s, 0, i) + in->imm;
	if (!access_begin(&a, w, in->op->size / 8, SHADER_WRITE))
		return false;
	/* Registers as they are before an older message lands */
	for (unsigned int j = 0; j < in->sr_count; j++)
		data[j] = w->r[in->sr + j];
	warp_message(w, in);
	if (a.base && in->op->size % 32 == 0 && w->mask == ALL_LANES)
		store_words(&a, data, in->sr_count);
	else
		store_lanes(&a, in, data);
	span_done(&a.span);
	return true;
}

/* --- Buffers -------------------------------------------------------------- */

/* Address of each lane, if @len bytes from its offset on are in its buffer */
static bool buffer_addresses(struct warp *w, const union lanes **s,
			     unsigned int len, uint64_t *va)
{
	struct buffers b = { false };

	for (unsigned int i = 0; i < LANES; i++) {
		uint64_t end = (uint64_t)s[0]->u32[i] + len;

		va[i] = NOWHERE;
		if (!(w->mask >> i & 1))
			continue;
		if (!desc_buffer(w, &b, s[1]->u32[i]))
			return false;
		if (end <= b.buf.size)
			va[i] = b.buf.va + s[0]->u32[i];
	}
	return true;
}

bool mem_ld_buffer(struct warp *w, const struct insn *in, const union lanes **s)
{
	struct access a;

	if (!buffer_addresses(w, s, in->op->size / 8, a.va))
		return false;
	if (!access_begin(&a, w, in->op->size / 8, SHADER_READ))
		return false;
	deliver(&a, in, warp_message(w, in));
	return true;
}

bool mem_lea_buffer(struct warp *w, const struct insn *in, const union lanes **s)
{
	uint64_t va[LANES];
	struct message *m;

	if (!buffer_addresses(w, s, 1, va))
		return false;
	m = warp_message(w, in);
	for (unsigned int i = 0; i < LANES; i++) {
		m->data[0].u32[i] = va[i];
		m->data[1].u32[i] = va[i] >> 32;
	}
	return true;
}

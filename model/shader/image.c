// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Typed memory: loads from images and the addresses of their texels, loads and
 * stores that convert, elements of buffers with structures.
 *
 * Invariants:
 * - What a coordinate outside of its image gives is chosen: loads are those of a
 *   texel of zeros, stores go nowhere.
 * - As for all messages: an instruction that faults has changed nothing.
 */
#include <string.h>

#include "lanes.h"
#include "texture.h"

/* --- Results -------------------------------------------------------------- */

/* Values of a lane to registers, some of which may hold two */
static void put_values(const struct insn *in, union lanes *out, unsigned int lane,
		       const uint32_t *v, enum value_kind kind)
{
	struct reg_format r = reg_format_of(isa_mod(in->word, M_REGFMT));
	unsigned int count = isa_mod(in->word, M_VECSIZE) + 1;

	for (unsigned int i = 0; i < count; i++)
		put_value(r, out, lane, i, reg_from_value(r, v[i], kind));
}

static bool deliver(struct warp *w, const struct insn *in, const union lanes *out)
{
	struct message *m = warp_message(w, in);

	memcpy(m->data, out, m->count * sizeof(*out));
	return true;
}

/* --- Images --------------------------------------------------------------- */

static uint32_t fold_table(uint32_t table)
{
	return table < 12 ? table : table + 48;
}

/* The texture of a lane: by register, or the same for all */
static uint32_t image_handle(const struct insn *in, const union lanes **s,
			     unsigned int lane)
{
	if (in->num_srcs > 2)
		return s[2]->u32[lane];
	return fold_table(isa_bits(in->word, 16, 4)) << 24 |
	       isa_bits(in->word, 20, 4);
}

/**
 * struct spot - a texel of an image
 * @at: Where, by axis.
 * @layer: In which layer.
 * @inside: It exists.
 */
struct spot {
	uint32_t at[3], layer;
	bool inside;
};

/*
 * Coordinates are halves; a 1D image takes a whole word. The layer is the upper half
 * of the second word, the third coordinate the lower.
 */
static struct spot spot_of(const struct texture *t, uint32_t xy, uint32_t zw)
{
	struct spot s = {
		.at = { t->dim == DIM_1D ? xy : xy & 0xffff,
			t->dim == DIM_1D ? 0 : xy >> 16, zw & 0xffff },
		.layer = zw >> 16,
	};

	s.inside = !t->null && s.layer < t->layers;
	for (unsigned int i = 0; s.inside && i < 3; i++)
		s.inside = s.at[i] < t->size[i];
	return s;
}

static bool load_lane(struct texels *t, struct view *v, uint32_t xy, uint32_t zw,
		      uint32_t *value)
{
	struct spot s = spot_of(&v->texture, xy, zw);

	if (v->texture.null) {
		memset(value, 0, 4 * sizeof(*value));
		return true;
	}
	if (!s.inside) {
		texel_none(t, &v->texture.format, value);
	} else {
		if (!view_plane(t->span.w, v, 0, s.layer) ||
		    !texel_read(t, &v->plane, s.at, value))
			return false;
	}
	texture_swizzle(&v->texture, value);
	return true;
}

bool image_load(struct warp *w, const struct insn *in, const union lanes **s)
{
	struct texels t = { .span = { .w = w, .access = SHADER_READ } };
	struct view v = { .valid = false };
	union lanes out[4];

	for (unsigned int i = 0; i < LANES; i++) {
		uint32_t value[4];

		if (!(w->mask >> i & 1))
			continue;
		if (!view_texture(w, &v, image_handle(in, s, i)) ||
		    !load_lane(&t, &v, s[0]->u32[i], s[1]->u32[i], value))
			return false;
		put_values(in, out, i, value,
			   v.texture.null ? KIND_UINT :
			   format_kind(&v.texture.format));
	}
	return deliver(w, in, out);
}

/* --- Addresses ------------------------------------------------------------ */

/**
 * struct target - where a store goes, and as what
 */
struct target {
	uint64_t va;
	uint32_t cvt;
};

static bool target_of(struct warp *w, struct view *v, uint32_t xy, uint32_t zw,
		      struct target *t)
{
	struct spot s = spot_of(&v->texture, xy, zw);

	*t = (struct target){ NOWHERE, 0 };
	if (!s.inside)
		return true;
	if (!view_plane(w, v, 0, s.layer))
		return false;
	if (v->plane.null || v->plane.format.nothing)
		return true;
	t->va = v->plane.va + layout_offset(&v->plane, s.at[0], s.at[1], s.at[2]);
	t->cvt = v->plane.cvt;
	return true;
}

bool image_address(struct warp *w, const struct insn *in, const union lanes **s)
{
	struct view v = { .valid = false };
	union lanes out[4];

	for (unsigned int i = 0; i < LANES; i++) {
		struct target t;

		if (!(w->mask >> i & 1))
			continue;
		if (!view_texture(w, &v, image_handle(in, s, i)) ||
		    !target_of(w, &v, s[0]->u32[i], s[1]->u32[i], &t))
			return false;
		put64(out, i, t.va);
		out[2].u32[i] = t.cvt;
	}
	return deliver(w, in, out);
}

static uint64_t element(const struct buffer *b, uint32_t index)
{
	uint64_t at = (uint64_t)index * b->stride;

	return at + b->stride <= b->size ? b->va + at : NOWHERE;
}

static uint32_t buffer_handle(const struct insn *in, const union lanes **s,
			      unsigned int lane)
{
	if (in->num_srcs > 1)
		return s[1]->u32[lane];
	return fold_table(isa_bits(in->word, 8, 4)) << 24 |
	       isa_bits(in->word, 12, 8);
}

bool image_lea_buf(struct warp *w, const struct insn *in, const union lanes **s)
{
	struct buffers b = { .valid = false };
	union lanes out[4];

	for (unsigned int i = 0; i < LANES; i++) {
		if (!(w->mask >> i & 1))
			continue;
		if (!desc_buffer(w, &b, buffer_handle(in, s, i)))
			return false;
		put64(out, i, element(&b.buf, s[0]->u32[i]));
	}
	return deliver(w, in, out);
}

/* --- Conversions ---------------------------------------------------------- */

/**
 * struct cell - a typed access of a lane
 * @va: Where; NOWHERE if it is out of bounds.
 * @format: What is there.
 */
struct cell {
	uint64_t va;
	struct pixel_format format;
};

/* The descriptor is looked at only where there is memory to be accessed. */
static bool cell_of(struct warp *w, const struct insn *in, const union lanes **s,
		    unsigned int lane, struct cell *c)
{
	uint64_t va = get64(s, 0, lane) + in->imm;
	const char *why = cvt_decode(&c->format, s[2]->u32[lane]);

	c->va = va;
	if (!(va >> 63))
		return why ? warp_fault(w, SHADER_DATA_INVALID, w->pc, why) :
		       mem_check(w, va, c->format.bytes);
	c->va = NOWHERE;
	if (why)
		memset(&c->format, 0, sizeof(c->format));
	return true;
}

static bool load_cell(struct texels *t, const struct cell *c, uint32_t *v)
{
	if (!(c->va >> 63))
		return texel_read_at(t, &c->format, c->va, v);
	texel_none(t, &c->format, v);
	return true;
}

bool image_load_typed(struct warp *w, const struct insn *in, const union lanes **s)
{
	struct texels t = { .span = { .w = w, .access = SHADER_READ } };
	union lanes out[4];

	for (unsigned int i = 0; i < LANES; i++) {
		struct cell c;
		uint32_t v[4];

		if (!(w->mask >> i & 1))
			continue;
		if (!cell_of(w, in, s, i, &c) || !load_cell(&t, &c, v))
			return false;
		put_values(in, out, i, v, format_kind(&c.format));
	}
	return deliver(w, in, out);
}

/* Values of a lane from registers; what is not given is 0, and alpha 1 */
static void get_values(const struct warp *w, const struct insn *in,
		       unsigned int lane, uint32_t *v, enum value_kind kind)
{
	struct reg_format r = reg_format_of(isa_mod(in->word, M_REGFMT));
	unsigned int count = isa_mod(in->word, M_VECSIZE) + 1;

	memset(v, 0, 4 * sizeof(*v));
	v[3] = kind == KIND_FLOAT ? F32_ONE : 1;
	for (unsigned int i = 0; i < count; i++) {
		const union lanes *reg = &w->r[in->sr + (r.half ? i / 2 : i)];

		v[i] = value_from_reg(r, r.half ? reg->u16[lane * 2 + i % 2] :
				      reg->u32[lane], kind);
	}
}

/* Both pages of a texel that crosses into the next */
static bool reach(struct span *sp, const struct cell *c)
{
	if (c->va >> 63 || !c->format.bytes)
		return true;
	return span_at(sp, c->va) && span_at(sp, c->va + c->format.bytes - 1);
}

static void write_cell(struct span *sp, const struct cell *c, const uint8_t *bytes)
{
	unsigned int room = SHADER_PAGE_SIZE - c->va % SHADER_PAGE_SIZE;
	unsigned int len = c->format.bytes, first = room < len ? room : len;

	if (c->va >> 63 || !len)
		return;
	memcpy(span_at(sp, c->va), bytes, first);
	span_wrote(sp, c->va, first);
	if (first == len)
		return;
	memcpy(span_at(sp, c->va + first), bytes + first, len - first);
	span_wrote(sp, c->va + first, len - first);
}

bool image_store_typed(struct warp *w, const struct insn *in, const union lanes **s)
{
	struct span sp = { .w = w, .access = SHADER_WRITE };
	uint8_t bytes[LANES][TEXEL_MAX];
	struct cell c[LANES];
	uint32_t v[4];

	for (unsigned int i = 0; i < LANES; i++) {
		if (!(w->mask >> i & 1))
			continue;
		if (!cell_of(w, in, s, i, &c[i]) || !reach(&sp, &c[i]))
			return false;
		/* Registers as they are before an older message lands */
		get_values(w, in, i, v, format_kind(&c[i].format));
		format_pack(&c[i].format, v, bytes[i]);
		w->extra += COST_TEXEL;
	}
	warp_message(w, in);
	for (unsigned int i = 0; i < LANES; i++)
		if (w->mask >> i & 1)
			write_cell(&sp, &c[i], bytes[i]);
	span_done(&sp);
	return true;
}

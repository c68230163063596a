// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages to the texture unit: what their registers mean, and what they bring.
 *
 * Facts, from how Mesa's compiler uses them: staging registers have, one after
 * another and only as far as the modifiers ask for them, the coordinates, the
 * layer, the reference of a comparison, offsets (bytes; for TEX_FETCH the level in
 * the uppermost), and a LOD or bias with 8 bits behind the point. Results are
 * written without gaps. A handle is a register each of sampler and texture, or, in
 * the narrow form, 5 bits of table and 11 of index each in one register. Then the other
 * register has three offsets of 4 bits, and in bits 12 to 15 the level for TEX_FETCH,
 * whether or not there are offsets in a staging register.
 *
 * Chosen: offsets in a staging register replace those of the handle, levels add up. Bits
 * 16 to 31 of a narrow handle's second register, a layer, have no effect: Mesa says that
 * they do not do well on architecture 10, and leaves them 0. A coordinate or level of
 * TEX_FETCH that does not exist gives a texel of zeros. What TEX_GRADIENT gives is its LOD
 * in the form of the above, then 0.
 *
 * Invariant: whatever is not implemented has a reason in tex_bind().
 */
#include <string.h>

#include "lanes.h"
#include "texture.h"

enum lod_mode {
	LOD_ZERO = 0,
	LOD_COMPUTED = 1,
	LOD_EXPLICIT = 4,
	LOD_COMPUTED_BIAS = 5,
	LOD_GRDESC = 6,
};

/* --- Which registers ------------------------------------------------------ */

/**
 * struct parts - which operands an instruction has, in their order
 */
struct parts {
	unsigned int coords, lods;
	bool layer, reference, offset;
};

static unsigned int lod_regs(const struct insn *in)
{
	if (in->op->id != OP_TEX_SINGLE)
		return 0;
	switch (isa_mod(in->word, M_LOD)) {
	case LOD_EXPLICIT:
	case LOD_COMPUTED_BIAS:
		return 1;
	case LOD_GRDESC:
		return 2;
	}
	return 0;
}

static struct parts parts_of(const struct insn *in)
{
	bool fetch = in->op->id == OP_TEX_FETCH;

	return (struct parts){
		.coords = isa_mod(in->word, M_DIM) + 1,
		.lods = lod_regs(in),
		.layer = isa_mod(in->word, M_ARRAY),
		.reference = !fetch && isa_mod(in->word, M_SHADOW),
		.offset = isa_mod(in->word, M_TEXEL_OFFSET),
	};
}

static unsigned int num_parts(const struct insn *in)
{
	struct parts p = parts_of(in);

	if (in->op->id == OP_TEX_GRADIENT)
		return 2 * p.coords;
	return p.coords + p.lods + p.layer + p.reference + p.offset;
}

/* --- What is implemented -------------------------------------------------- */

static const char *bind_single(const struct insn *in)
{
	switch (isa_mod(in->word, M_LOD)) {
	case LOD_COMPUTED:
	case LOD_COMPUTED_BIAS:
		return "LODs from the threads beside are not implemented";
	}
	return NULL;
}

static const char *bind_gradient(const struct insn *in)
{
	if (!isa_mod(in->word, M_DERIVATIVE) || isa_mod(in->word, M_FORCE_DELTA))
		return "LODs from the threads beside are not implemented";
	if (isa_bits(in->word, 22, 4) != 3)
		return "gradients have two words";
	return NULL;
}

const char *tex_bind(const struct insn *in)
{
	const char *why = NULL;

	if (isa_mod(in->word, M_DIM) == 3)
		return "cubes are not implemented";
	if (in->op->id == OP_TEX_SINGLE)
		why = bind_single(in);
	if (in->op->id == OP_TEX_GRADIENT)
		why = bind_gradient(in);
	if (in->op->id == OP_TEX_GATHER && isa_mod(in->word, M_INT_COORD))
		why = "gathers by integers are not implemented";
	if (!why && in->sr_count != num_parts(in))
		why = "wrong number of operands";
	return why;
}

/* --- Handles -------------------------------------------------------------- */

static uint32_t narrow_handle(uint32_t half)
{
	uint32_t table = half >> 11 & 0x1f;

	return (table < 12 ? table : table + 48) << 24 | (half & 0x7ff);
}

static uint32_t texture_handle(const struct insn *in, const union lanes **s,
			       unsigned int lane)
{
	return isa_mod(in->word, M_WIDE) ? s[1]->u32[lane] :
	       narrow_handle(s[0]->u32[lane] >> 16);
}

static uint32_t sampler_handle(const struct insn *in, const union lanes **s,
			       unsigned int lane)
{
	return isa_mod(in->word, M_WIDE) ? s[0]->u32[lane] :
	       narrow_handle(s[0]->u32[lane] & 0xffff);
}

static bool dimension_fits(const struct insn *in, const struct texture *t)
{
	switch (isa_mod(in->word, M_DIM)) {
	case 0:
		return t->dim == DIM_1D;
	case 1:
		return t->dim == DIM_2D || t->dim == DIM_CUBE;
	}
	return t->dim == DIM_3D;
}

/**
 * struct access - what the lanes of an instruction share, mostly
 */
struct access {
	struct texels t;
	struct view v;
	bool sampler_valid;
	uint32_t sampler_handle;
	struct sampler sampler;
};

static bool find_texture(struct access *a, const struct insn *in,
			 const union lanes **s, unsigned int lane)
{
	struct warp *w = a->t.span.w;
	uint32_t handle = texture_handle(in, s, lane);

	if (!view_texture(w, &a->v, handle))
		return false;
	if (!a->v.texture.null && !dimension_fits(in, &a->v.texture))
		return warp_fault(w, SHADER_DATA_INVALID, w->pc,
				  "texture of another dimension");
	return true;
}

static bool find_sampler(struct access *a, const struct insn *in,
			 const union lanes **s, unsigned int lane)
{
	uint32_t handle = sampler_handle(in, s, lane);

	if (a->sampler_valid && a->sampler_handle == handle)
		return true;
	a->sampler_valid = read_sampler(a->t.span.w, handle, &a->sampler);
	a->sampler_handle = handle;
	return a->sampler_valid;
}

/* --- Operands ------------------------------------------------------------- */

/**
 * struct operands - what an instruction has for a lane
 * @offset: By axis.
 * @level: Of a fetch.
 */
struct operands {
	uint32_t coord[3], layer, reference, lod;
	int32_t offset[3];
	uint32_t level;
};

/* In the second word of a narrow handle */
static void put_narrow(struct operands *o, uint32_t word)
{
	for (unsigned int i = 0; i < 3; i++)
		o->offset[i] = (int32_t)((word >> 4 * i & 15) ^ 8) - 8;
	o->level = word >> 12 & 15;
}

static void put_offsets(struct operands *o, uint32_t word)
{
	for (unsigned int i = 0; i < 3; i++)
		o->offset[i] = (int8_t)(word >> 8 * i);
	o->level += word >> 24;
}

static struct operands operands_of(const struct warp *w, const struct insn *in,
				   const union lanes **s, unsigned int lane)
{
	struct parts p = parts_of(in);
	struct operands o = { .layer = 0 };
	unsigned int reg = in->sr;

	if (!isa_mod(in->word, M_WIDE))
		put_narrow(&o, s[1]->u32[lane]);
	for (unsigned int i = 0; i < p.coords; i++)
		o.coord[i] = w->r[reg++].u32[lane];
	if (p.layer)
		o.layer = w->r[reg++].u32[lane];
	if (p.reference)
		o.reference = w->r[reg++].u32[lane];
	if (p.offset)
		put_offsets(&o, w->r[reg++].u32[lane]);
	if (p.lods)
		o.lod = w->r[reg].u32[lane];
	return o;
}

/* --- Fetch ---------------------------------------------------------------- */

static bool fetch_is_inside(const struct operands *o, const struct texture *t,
			    uint32_t *at)
{
	unsigned int axes = t->dim == DIM_3D ? 3 : t->dim == DIM_1D ? 1 : 2;

	memset(at, 0, 3 * sizeof(*at));
	if (o->level >= t->levels || o->layer >= t->layers)
		return false;
	for (unsigned int i = 0; i < axes; i++) {
		at[i] = o->coord[i] + (uint32_t)o->offset[i];
		if (at[i] >= texture_extent(t, i, o->level))
			return false;
	}
	return true;
}

static bool fetch(struct access *a, const struct operands *o, uint32_t *v)
{
	const struct texture *t = &a->v.texture;
	uint32_t at[3];

	if (!fetch_is_inside(o, t, at))
		texel_none(&a->t, &t->format, v);
	else if (!view_plane(a->t.span.w, &a->v, o->level, o->layer) ||
		 !texel_read(&a->t, &a->v.plane, at, v))
		return false;
	texture_swizzle(t, v);
	return true;
}

/* --- Samplers ------------------------------------------------------------- */

/* A layer is a float, and the nearest that there is */
static uint32_t layer_of(const struct texture *t, uint32_t layer)
{
	double d = round_integral(f32_of(layer), ROUND_EVEN), last = t->layers - 1;

	return !(d > 0) ? 0 : d > last ? (uint32_t)last : (uint32_t)d;
}

static struct lookup lookup_of(const struct insn *in, const struct texture *t,
			       const struct operands *o)
{
	struct parts p = parts_of(in);
	struct lookup l = {
		.coord = { o->coord[0], o->coord[1], o->coord[2] },
		.offset = { o->offset[0], o->offset[1], o->offset[2] },
		.lod = (int16_t)o->lod,
		.compare = p.reference,
		.reference = o->reference,
	};

	l.layer = p.layer ? layer_of(t, o->layer) : 0;
	return l;
}

static bool sample(struct access *a, const struct insn *in,
		   const struct operands *o, uint32_t *v)
{
	struct lookup l = lookup_of(in, &a->v.texture, o);

	if (in->op->id == OP_TEX_GATHER)
		return filter_gather(&a->t, &a->v, &a->sampler, &l,
				     isa_mod(in->word, M_FETCH), v);
	return filter_texture(&a->t, &a->v, &a->sampler, &l, v);
}

/* --- Gradients ------------------------------------------------------------ */

/* 256 times half the logarithm of @d, which is not negative, by squaring */
static int32_t half_log2(double d)
{
	uint64_t bits = f64_bits(d);
	int32_t lod;

	if (!(d > 0))
		return INT16_MIN;
	lod = ((int)(bits >> 52) - 1023) * 128;
	d = f64_of((bits & ((1ull << 52) - 1)) | 1023ull << 52);
	for (int32_t step = 64; step; step /= 2) {
		d *= d;
		if (d >= 2) {
			d /= 2;
			lod += step;
		}
	}
	return lod < INT16_MIN ? INT16_MIN : lod > INT16_MAX ? INT16_MAX : lod;
}

/* Of pairs of derivatives, one for each axis */
static int32_t gradient_lod(const struct warp *w, const struct insn *in,
			    const struct texture *t, unsigned int lane)
{
	double most = 0;

	for (unsigned int along = 0; along < 2; along++) {
		double sum = 0;

		for (unsigned int i = 0; i < parts_of(in).coords; i++) {
			double d = f32_of(w->r[in->sr + 2 * i + along].u32[lane]) *
				   (double)t->size[i];

			sum += d * d;
		}
		most = sum > most ? sum : most;
	}
	return half_log2(most);
}

/* --- Results -------------------------------------------------------------- */

/* Results are of the texture's kind; the type that the instruction names is ignored */
static struct reg_format result_format(const struct insn *in, enum value_kind kind)
{
	return (struct reg_format){
		.kind = kind,
		.half = !isa_mod(in->word, M_REGWIDTH),
	};
}

static void put_result(const struct insn *in, union lanes *out, unsigned int lane,
		       const uint32_t *v, enum value_kind kind)
{
	struct reg_format r = result_format(in, kind);
	unsigned int mask = isa_bits(in->word, 22, 4), n = 0;

	for (unsigned int i = 0; i < 4; i++)
		if (mask >> i & 1)
			put_value(r, out, lane, n++, reg_from_value(r, v[i], kind));
}

static bool execute_lane(struct access *a, const struct insn *in,
			 const union lanes **s, unsigned int lane, uint32_t *v,
			 enum value_kind *kind)
{
	struct warp *w = a->t.span.w;
	struct operands o;

	memset(v, 0, 4 * sizeof(*v));
	*kind = KIND_UINT;
	if (!find_texture(a, in, s, lane))
		return false;
	if (a->v.texture.null)
		return true;
	if (in->op->id == OP_TEX_GRADIENT) {
		v[0] = gradient_lod(w, in, &a->v.texture, lane) & 0xffff;
		return true;
	}
	*kind = format_kind(&a->v.texture.format);
	o = operands_of(w, in, s, lane);
	if (in->op->id == OP_TEX_FETCH)
		return fetch(a, &o, v);
	return find_sampler(a, in, s, lane) && sample(a, in, &o, v);
}

bool tex_execute(struct warp *w, const struct insn *in, const union lanes **s)
{
	struct access a = { .t = { .span = { .w = w, .access = SHADER_READ } } };
	union lanes out[4];
	struct message *m;

	for (unsigned int i = 0; i < LANES; i++) {
		enum value_kind kind;
		uint32_t v[4];

		if (!(w->mask >> i & 1))
			continue;
		if (!execute_lane(&a, in, s, i, v, &kind))
			return false;
		put_result(in, out, i, v, kind);
	}
	m = warp_message(w, in);
	memcpy(m->data, out, m->count * sizeof(*out));
	return true;
}

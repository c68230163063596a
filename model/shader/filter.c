// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How samplers read textures: which level, which texels, and what becomes of
 * them.
 *
 * Facts: coordinates are rounded to fixed-point numbers with 8 bits behind the
 * point before anything else (Mesa, which knows it from a test of Khronos that
 * failed), to nearest even or down as the sampler says; so weights have 8 bits.
 * The rest is Vulkan's specification.
 *
 * Chosen: weighted sums are made of doubles and rounded once; a NaN of several texels
 * is the canonical one. Where a texel alone is read its bits stay, of NaNs and zeros
 * as well. Integers are not filtered.
 *
 * Invariant: which texels are read, and in which order, depends on the operands
 * alone; a texel whose weight is 0 is not read.
 */
#include <math.h>
#include <string.h>

#include "softfp.h"
#include "texture.h"

#define SUBTEXELS	256

/**
 * struct axis - texels that a filter uses along an axis
 * @at: Two of them.
 * @border: They are beyond the edge.
 * @weight: Of the second, in 256ths.
 */
struct axis {
	uint32_t at[2];
	bool border[2];
	uint32_t weight;
};

/**
 * struct filter - a lookup under way
 * @dims: Axes that count.
 * @filters: What is read can be filtered.
 * @linear: Whether the texels beside count.
 */
struct filter {
	struct texels *t;
	struct view *v;
	const struct sampler *s;
	const struct lookup *l;
	unsigned int dims;
	bool filters, linear;
};

/* --- Coordinates ---------------------------------------------------------- */

static int64_t to_fixed(const struct filter *f, unsigned int axis, uint32_t size)
{
	double d = f32_of(f->l->coord[axis]) * (f->s->normalized ? (double)size : 1) *
		   SUBTEXELS;
	const double limit = 1ll << 40;

	if (d != d)
		return 0;
	d = d > limit ? limit : d < -limit ? -limit : d;
	d = round_integral(d, f->s->round ? ROUND_EVEN : ROUND_DOWN);
	return (int64_t)d + (int64_t)f->l->offset[axis] * SUBTEXELS;
}

static int64_t clamp_edge(int64_t i, int64_t size)
{
	return i < 0 ? 0 : i >= size ? size - 1 : i;
}

static int64_t modulo(int64_t i, int64_t size)
{
	i %= size;
	return i < 0 ? i + size : i;
}

static int64_t wrap_index(int64_t i, int64_t size, enum wrap_mode mode)
{
	int64_t twice;

	switch (mode) {
	case WRAP_REPEAT:
		return modulo(i, size);
	case WRAP_MIRROR:
		twice = modulo(i, 2 * size);
		return twice < size ? twice : 2 * size - 1 - twice;
	case WRAP_MIRROR_EDGE:
		return clamp_edge(i < 0 ? -1 - i : i, size);
	case WRAP_MIRROR_BORDER:
		return i < 0 ? -1 - i : i;
	case WRAP_EDGE:
		return clamp_edge(i, size);
	case WRAP_BORDER:
		break;
	}
	return i;
}

static void put_index(const struct filter *f, struct axis *a, unsigned int which,
		      unsigned int axis, int64_t i, uint32_t size)
{
	i = wrap_index(i, size, f->s->wrap[axis]);
	a->border[which] = i < 0 || i >= size;
	a->at[which] = a->border[which] ? 0 : i;
}

static struct axis axis_of(const struct filter *f, unsigned int axis,
			   uint32_t level)
{
	struct axis a = { .weight = 0 };
	uint32_t size;
	int64_t fixed;

	if (axis >= f->dims)
		return a;
	size = texture_extent(&f->v->texture, axis, level);
	fixed = to_fixed(f, axis, size);
	if (f->linear) {
		fixed -= SUBTEXELS / 2;
		a.weight = fixed & (SUBTEXELS - 1);
	}
	put_index(f, &a, 0, axis, fixed >> 8, size);
	put_index(f, &a, 1, axis, (fixed >> 8) + 1, size);
	return a;
}

/* --- One texel ------------------------------------------------------------ */

static bool compare(unsigned int function, float texel, float reference)
{
	switch (function) {
	case 1:
		return texel < reference;
	case 2:
		return texel == reference;
	case 3:
		return texel <= reference;
	case 4:
		return texel > reference;
	case 5:
		return texel != reference;
	case 6:
		return texel >= reference;
	}
	return function == 7;
}

static void compare_texel(const struct filter *f, uint32_t *v)
{
	float reference = f32_of(f->l->reference);

	if (f->v->texture.format.type == COMP_UNORM)
		reference = !(reference > 0) ? 0 : reference > 1 ? 1 : reference;
	v[0] = compare(f->s->compare, f32_of(v[0]), reference) ? F32_ONE : 0;
	v[1] = 0;
	v[2] = 0;
	v[3] = F32_ONE;
}

static bool read_texel(const struct filter *f, const struct axis *axes,
		       unsigned int corner, uint32_t *v)
{
	struct plane plane = f->v->plane;
	uint32_t at[3];
	bool border = false;

	for (unsigned int i = 0; i < 3; i++) {
		unsigned int which = corner >> i & 1;

		at[i] = axes[i].at[which];
		border |= axes[i].border[which];
	}
	if (f->s->linear)
		plane.format.srgb = false;
	if (border)
		memcpy(v, f->s->border, sizeof(f->s->border));
	else if (!texel_read(f->t, &plane, at, v))
		return false;
	if (f->l->compare)
		compare_texel(f, v);
	return true;
}

/* --- Sums ----------------------------------------------------------------- */

/**
 * struct sum - what texels come to
 * @c: Red, green, blue and alpha: a sum with weights, or the least or most.
 * @weight: Sum of the weights.
 * @texels: How many.
 * @last: The last of them.
 */
struct sum {
	double c[4], weight;
	unsigned int texels;
	uint32_t last[4];
};

static double number_of(const struct filter *f, uint32_t v)
{
	switch (format_kind(&f->v->texture.format)) {
	case KIND_UINT:
		return v;
	case KIND_SINT:
		return (int32_t)v;
	case KIND_FLOAT:
		break;
	}
	return f32_of(v);
}

static void add(const struct filter *f, struct sum *sum, const uint32_t *v,
		double weight)
{
	for (unsigned int i = 0; i < 4; i++) {
		double c = number_of(f, v[i]);

		/* Not 0 plus the first, which would make a zero positive */
		if (f->s->reduction == REDUCE_AVERAGE)
			sum->c[i] = sum->texels ? sum->c[i] + weight * c : weight * c;
		else if (!sum->texels || (f->s->reduction == REDUCE_MIN) ==
			 (c < sum->c[i]))
			sum->c[i] = c;
	}
	sum->weight += weight;
	sum->texels++;
	memcpy(sum->last, v, sizeof(sum->last));
}

/* Weight of a corner, in 256ths for each axis */
static double corner_weight(const struct axis *axes, unsigned int corner)
{
	double weight = 1;

	for (unsigned int i = 0; i < 3; i++)
		weight *= corner >> i & 1 ? axes[i].weight :
			  SUBTEXELS - axes[i].weight;
	return weight;
}

static bool add_level(struct filter *f, struct sum *sum, uint32_t level,
		      double weight)
{
	struct axis axes[3];

	if (!view_plane(f->t->span.w, f->v, level, f->l->layer))
		return false;
	for (unsigned int i = 0; i < 3; i++)
		axes[i] = axis_of(f, i, level);
	for (unsigned int corner = 0; corner < 8; corner++) {
		double part = corner_weight(axes, corner);
		uint32_t v[4];

		if (part == 0)
			continue;
		if (!read_texel(f, axes, corner, v))
			return false;
		add(f, sum, v, weight * part);
	}
	return true;
}

static void value_of(const struct filter *f, const struct sum *sum, uint32_t *out)
{
	bool average = f->s->reduction == REDUCE_AVERAGE;

	for (unsigned int i = 0; i < 4; i++) {
		double c = average ? sum->c[i] / sum->weight : sum->c[i];

		switch (format_kind(&f->v->texture.format)) {
		case KIND_UINT:
			out[i] = (uint32_t)c;
			break;
		case KIND_SINT:
			out[i] = (uint32_t)(int32_t)c;
			break;
		case KIND_FLOAT:
			out[i] = c == c ? f64_to_f32(c, ROUND_EVEN) : F32_NAN;
			break;
		}
	}
}

static void finish(const struct filter *f, const struct sum *sum, uint32_t *out)
{
	if (sum->texels == 1)
		memcpy(out, sum->last, sizeof(sum->last));
	else
		value_of(f, sum, out);
	texture_swizzle(&f->v->texture, out);
}

/* --- Levels --------------------------------------------------------------- */

static int32_t clamp_lod(int32_t lod, int32_t min, int32_t max)
{
	lod = lod < min ? min : lod;
	return lod > max ? max : lod;
}

static int32_t lod_of(const struct filter *f)
{
	int32_t lod = f->l->lod + f->s->bias;

	lod = clamp_lod(lod, f->s->min_lod, f->s->max_lod);
	return clamp_lod(lod, f->v->texture.min_lod, f->v->texture.max_lod);
}

static uint32_t level_of(const struct filter *f, int32_t lod)
{
	int32_t last = f->v->texture.levels - 1;

	lod /= LOD_ONE;
	return lod > last ? last : lod;
}

static bool add_levels(struct filter *f, struct sum *sum, int32_t lod)
{
	int32_t part = lod % LOD_ONE;
	unsigned int mip = f->s->mip;

	if (!f->filters && mip != MIP_NONE)
		mip = MIP_NEAREST;
	switch (mip) {
	case MIP_NONE:
		return add_level(f, sum, 0, 1);
	case MIP_NEAREST:
		/* Half-way is nearer to the larger level. */
		return add_level(f, sum, level_of(f, lod + LOD_ONE / 2 - 1), 1);
	}
	if (!add_level(f, sum, level_of(f, lod), LOD_ONE - part))
		return false;
	return !part || add_level(f, sum, level_of(f, lod + LOD_ONE), part);
}

static unsigned int dims_of(const struct texture *t)
{
	return t->dim == DIM_1D ? 1 : t->dim == DIM_3D ? 3 : 2;
}

bool filter_texture(struct texels *t, struct view *v, const struct sampler *s,
		    const struct lookup *l, uint32_t *out)
{
	struct filter f = {
		t, v, s, l, dims_of(&v->texture),
		format_kind(&v->texture.format) == KIND_FLOAT, false
	};
	struct sum sum = { .weight = 0 };
	int32_t lod = lod_of(&f);

	f.linear = f.filters && !(lod <= s->cutoff ? s->mag_nearest : s->min_nearest);
	if (!add_levels(&f, &sum, lod))
		return false;
	finish(&f, &sum, out);
	return true;
}

bool filter_gather(struct texels *t, struct view *v, const struct sampler *s,
		   const struct lookup *l, unsigned int from, uint32_t *out)
{
	struct filter f = { t, v, s, l, dims_of(&v->texture), true, true };
	struct axis axes[3];

	if (!view_plane(t->span.w, v, 0, l->layer))
		return false;
	for (unsigned int i = 0; i < 3; i++)
		axes[i] = axis_of(&f, i, 0);
	for (unsigned int i = 0; i < 4; i++) {
		uint32_t value[4];

		if (!read_texel(&f, axes, i, value))
			return false;
		texture_swizzle(&v->texture, value);
		out[i] = value[from];
	}
	return true;
}

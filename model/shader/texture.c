// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Descriptors of textures, planes and samplers.
 *
 * Facts, from Mesa's description of architecture 10 and what panvk makes of it:
 * - A texture has one plane for each level of each layer, levels first; slices of
 *   a 3D texture are a stride apart in one plane. Faces of cubes are layers.
 * - LODs have 8 bits behind the point, limits 13 bits, a bias 16.
 * - A descriptor of zeros stands for none (VK_EXT_robustness2): it reads as zero.
 *
 * - A conversion descriptor has a pixel format in bits 0 to 21, "raw" in 22 and, on
 *   older architectures, the registers' format in 24 to 26.
 *
 * Chosen: bits 27 to 31 of a conversion descriptor that LEA_TEX makes have a plane's
 * way to store texels where that is not the format's own. The size of a plane, its
 * width and height are not looked at, because a driver that is right has its texels
 * inside, and the MMU judges the others.
 *
 * Invariants: see texture.h.
 */
#include <string.h>

#include "texture.h"

#define DESC_SAMPLER	1u
#define DESC_TEXTURE	2u
#define DESC_PLANE	10u
#define MAX_LEVELS	17u
#define CVT_RAW		(1u << 22)
#define CVT_CLUMP_SHIFT	27
/* From here on a plane's "clump format" says more than how many bytes there are */
#define CVT_CLUMPS	16u

static bool invalid(struct warp *w, uint64_t va, const char *why)
{
	return warp_fault(w, SHADER_DATA_INVALID, va, why);
}

static int32_t lod_of(uint32_t word)
{
	return word & 0x1fff;
}

static bool is_zero(const uint32_t *w)
{
	for (unsigned int i = 0; i < 8; i++)
		if (w[i])
			return false;
	return true;
}

/* --- Textures ------------------------------------------------------------- */

static const char *decode_swizzle(struct texture *t, uint32_t swizzle)
{
	for (unsigned int i = 0; i < 4; i++) {
		t->swizzle[i] = swizzle >> 3 * i & 7;
		if (t->swizzle[i] > FROM_ONE)
			return "no such component";
	}
	return NULL;
}

static const char *decode_size(struct texture *t, const uint32_t *w)
{
	t->dim = w[0] >> 4 & 3;
	t->size[0] = (w[1] & 0xffff) + 1;
	t->size[1] = t->dim == DIM_1D ? 1 : (w[1] >> 16) + 1;
	t->size[2] = t->dim == DIM_3D ? (w[7] & 0xffff) + 1 : 1;
	t->levels = (w[2] >> 16 & 0x1f) + 1;
	t->layers = (w[6] & 0xffff) + 1;
	if (t->dim == DIM_CUBE)
		t->layers *= 6;
	if (t->levels > MAX_LEVELS)
		return "too many levels";
	return NULL;
}

static const char *decode_texture(struct texture *t, const uint32_t *w)
{
	const char *why;

	if ((w[0] & 0xf) != DESC_TEXTURE)
		return "not the descriptor of a texture";
	if (w[3] >> 13 & 7)
		return "textures of several samples are not implemented";
	if (w[2] >> 24 & 0x1f)
		return "a minimum level is not implemented";
	why = decode_size(t, w);
	t->word = w[0] >> 10;
	if (!why)
		why = format_decode(&t->format, t->word);
	if (!why)
		why = decode_swizzle(t, w[2] & 0xfff);
	t->min_lod = lod_of(w[3]);
	t->max_lod = lod_of(w[3] >> 16);
	t->surfaces = w[4] | (uint64_t)w[5] << 32;
	return why;
}

static bool read_texture(struct warp *w, struct texture *t, uint32_t handle)
{
	uint32_t words[8];
	const char *why;
	uint64_t va;

	if (!desc_words(w, handle, words, &va))
		return false;
	t->null = is_zero(words);
	if (t->null)
		return true;
	why = decode_texture(t, words);
	return why ? invalid(w, va, why) : true;
}

bool view_texture(struct warp *w, struct view *v, uint32_t handle)
{
	if (v->valid && v->handle == handle)
		return true;
	v->plane_valid = false;
	v->valid = read_texture(w, &v->texture, handle);
	v->handle = handle;
	return v->valid;
}

uint32_t texture_extent(const struct texture *t, unsigned int axis,
			uint32_t level)
{
	uint32_t size = t->size[axis] >> level;

	return size ? size : 1;
}

void texture_swizzle(const struct texture *t, uint32_t *v)
{
	uint32_t one = format_kind(&t->format) == KIND_FLOAT ? 0x3f800000 : 1;
	uint32_t all[6] = { v[0], v[1], v[2], v[3], 0, one };

	for (unsigned int i = 0; i < 4; i++)
		v[i] = all[t->swizzle[i]];
}

/* --- Conversions ---------------------------------------------------------- */

static uint32_t cvt_of(uint32_t word, unsigned int clump)
{
	return word | (clump >= CVT_CLUMPS ? clump << CVT_CLUMP_SHIFT : 0);
}

const char *cvt_decode(struct pixel_format *f, uint32_t cvt)
{
	const char *why = NULL;

	if (cvt & CVT_RAW)
		return "raw conversions are not implemented";
	why = format_decode(f, cvt & FORMAT_BITS);
	if (!why && cvt >> CVT_CLUMP_SHIFT)
		why = format_store_as(f, cvt >> CVT_CLUMP_SHIFT);
	return why;
}

/* --- Planes --------------------------------------------------------------- */

static const char *plane_kind(unsigned int type)
{
	switch (type) {
	case 0:
	case 1:
		return NULL;
	case 4:
	case 5:
		return "ASTC is not implemented";
	case 6:
		return "AFBC is not implemented";
	case 10:
	case 11:
		return "AFRC is not implemented";
	}
	return "kind of plane is not implemented";
}

static const char *decode_plane(struct plane *p, const struct texture *t,
				const uint32_t *w)
{
	const char *why;

	if ((w[0] & 0xf) != DESC_PLANE)
		return "not the descriptor of a plane";
	why = plane_kind(w[0] >> 4 & 0xf);
	if (why)
		return why;
	p->null = !(w[0] >> 4 & 0xf);
	p->order = w[0] >> 8 & 0xf;
	p->format = t->format;
	p->cvt = cvt_of(t->word, w[0] >> 24);
	p->va = w[2] | (uint64_t)w[3] << 32;
	p->row_stride = w[4];
	p->slice_stride = w[6];
	if (p->null || p->format.nothing)
		return NULL;
	if (p->order != ORDER_U_TILED && p->order != ORDER_LINEAR &&
	    p->order != ORDER_64K)
		return "order of texels is not implemented";
	why = format_store_as(&p->format, w[0] >> 24);
	if (why)
		return why;
	return layout_fits(p->order, p->format.bytes) ?
	       NULL : "texels do not fit their order";
}

bool view_plane(struct warp *w, struct view *v, uint32_t level, uint32_t layer)
{
	uint64_t va = v->texture.surfaces +
		      32 * ((uint64_t)layer * v->texture.levels + level);
	uint32_t words[8];
	const char *why;

	if (v->plane_valid && v->level == level && v->layer == layer)
		return true;
	v->plane_valid = desc_read(w, va, words, sizeof(words));
	if (!v->plane_valid)
		return false;
	why = decode_plane(&v->plane, &v->texture, words);
	v->plane_valid = !why;
	v->level = level;
	v->layer = layer;
	return why ? invalid(w, va, why) : true;
}

/* --- Samplers ------------------------------------------------------------- */

static bool wrap_is_one(unsigned int wrap)
{
	return wrap == WRAP_REPEAT || wrap == WRAP_EDGE || wrap == WRAP_BORDER ||
	       wrap == WRAP_MIRROR || wrap == WRAP_MIRROR_EDGE ||
	       wrap == WRAP_MIRROR_BORDER;
}

static const char *decode_modes(struct sampler *s, const uint32_t *w)
{
	for (unsigned int i = 0; i < 3; i++) {
		s->wrap[i] = w[0] >> (16 - 4 * i) & 0xf;
		if (!wrap_is_one(s->wrap[i]))
			return "no such wrap mode";
	}
	s->mip = w[0] >> 30;
	if (s->mip == 2)
		return "no such mode of levels";
	s->reduction = w[0] >> 4 & 3;
	return s->reduction == 1 ? "no such reduction" : NULL;
}

static const char *decode_sampler(struct sampler *s, const uint32_t *w)
{
	if ((w[0] & 0xf) != DESC_SAMPLER)
		return "not the descriptor of a sampler";
	s->round = w[0] >> 21 & 1;
	s->linear = w[0] >> 22 & 1;
	s->normalized = w[0] >> 25 & 1;
	s->min_nearest = w[0] >> 27 & 1;
	s->mag_nearest = w[0] >> 28 & 1;
	s->cutoff = w[0] >> 29 & 1 ? LOD_ONE / 2 : 0;
	s->min_lod = lod_of(w[1]);
	s->max_lod = lod_of(w[1] >> 16);
	s->compare = w[1] >> 13 & 7;
	s->bias = (int16_t)w[2];
	memcpy(s->border, w + 4, sizeof(s->border));
	return decode_modes(s, w);
}

bool read_sampler(struct warp *w, uint32_t handle, struct sampler *s)
{
	uint32_t words[8];
	const char *why;
	uint64_t va;

	if (!desc_words(w, handle, words, &va))
		return false;
	why = decode_sampler(s, words);
	return why ? invalid(w, va, why) : true;
}

/* --- Texels --------------------------------------------------------------- */

static bool read_bytes(struct texels *t, uint64_t va, uint8_t *to,
		       unsigned int len)
{
	while (len) {
		unsigned int room = SHADER_PAGE_SIZE - va % SHADER_PAGE_SIZE;
		unsigned int part = room < len ? room : len;
		const uint8_t *at;

		if (t->span.count == 2 * LANES)
			t->span.count = 0;
		at = span_at(&t->span, va);
		if (!at)
			return false;
		memcpy(to, at, part);
		to += part;
		va += part;
		len -= part;
	}
	return true;
}

void texel_none(struct texels *t, const struct pixel_format *f, uint32_t *v)
{
	static const uint8_t zeros[TEXEL_MAX];

	t->span.w->extra += COST_TEXEL;
	format_unpack(f, zeros, v);
}

bool texel_read_at(struct texels *t, const struct pixel_format *f, uint64_t va,
		   uint32_t *v)
{
	uint8_t bytes[TEXEL_MAX] = { 0 };

	t->span.w->extra += COST_TEXEL;
	if (!read_bytes(t, va, bytes, f->bytes))
		return false;
	format_unpack(f, bytes, v);
	return true;
}

bool texel_read(struct texels *t, const struct plane *p, const uint32_t *at,
		uint32_t *v)
{
	uint64_t va;

	if (p->null || p->format.nothing) {
		texel_none(t, &p->format, v);
		return true;
	}
	va = p->va + layout_offset(p, at[0], at[1], at[2]);
	return mem_check(t->span.w, va, p->format.bytes) &&
	       texel_read_at(t, &p->format, va, v);
}

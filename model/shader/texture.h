/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Textures as shaders see them: their descriptors, where their texels are, how
 * samplers read them.
 *
 * Invariants:
 * - A texture, a plane or a sampler that was read is one that is implemented;
 *   anything else is DATA_INVALID with the descriptor's address.
 * - Coordinates that reach a plane are inside of its level.
 */
#ifndef SHADER_TEXTURE_H
#define SHADER_TEXTURE_H

#include "format.h"
#include "warp.h"

enum texture_dimension {
	DIM_CUBE,
	DIM_1D,
	DIM_2D,
	DIM_3D,
};

/* How texels of a plane are ordered; the values are those of descriptors */
enum texel_order {
	ORDER_U_TILED = 1,
	ORDER_LINEAR = 2,
	ORDER_64K = 8,
};

/* Value @n of a lane's result to its register, which may hold two; half of one is then 0 */
static inline void put_value(struct reg_format r, union lanes *out, unsigned int lane,
			     unsigned int n, uint32_t val)
{
	if (r.half && n % 2)
		out[n / 2].u16[lane * 2 + 1] = val;
	else
		out[r.half ? n / 2 : n].u32[lane] = val;
}

/* LODs are fixed-point numbers with 8 bits behind the point. */
#define LOD_ONE		256

/**
 * struct texture - a TEXTURE descriptor
 * @word: Its pixel format as the descriptor has it.
 * @format: Of its texels.
 * @dim: See enum texture_dimension.
 * @size: Width, height and depth of its first level.
 * @levels: Levels.
 * @layers: Layers; faces of a cube are layers.
 * @swizzle: For each colour another, or FROM_ZERO, FROM_ONE.
 * @min_lod, @max_lod: Bounds of what a sampler may use.
 * @surfaces: Where its planes are described.
 * @null: Reads as zero, writes go nowhere; nothing else is valid.
 */
struct texture {
	uint32_t word;
	struct pixel_format format;
	uint8_t dim;
	uint32_t size[3];
	uint32_t levels, layers;
	uint8_t swizzle[4];
	int32_t min_lod, max_lod;
	uint64_t surfaces;
	bool null;
};

/**
 * struct plane - a PLANE descriptor: a level of a layer
 * @format: The texture's, as it is stored here.
 * @order: See enum texel_order.
 * @va: Its first texel.
 * @row_stride: Bytes from a row of texels, or of tiles, to the next.
 * @slice_stride: Bytes from one slice to the next.
 * @cvt: A conversion descriptor that says the same as @format.
 * @null: There is nothing: texels are zero. Only @format is valid.
 */
struct plane {
	struct pixel_format format;
	uint32_t cvt;
	uint8_t order;
	uint64_t va;
	uint32_t row_stride, slice_stride;
	bool null;
};

enum wrap_mode {
	WRAP_REPEAT = 8,
	WRAP_EDGE = 9,
	WRAP_BORDER = 11,
	WRAP_MIRROR = 12,
	WRAP_MIRROR_EDGE = 13,
	WRAP_MIRROR_BORDER = 15,
};

enum mip_mode {
	MIP_NEAREST = 0,
	MIP_NONE = 1,
	MIP_LINEAR = 3,
};

enum reduction {
	REDUCE_AVERAGE = 0,
	REDUCE_MIN = 2,
	REDUCE_MAX = 3,
};

/**
 * struct sampler - a SAMPLER descriptor
 * @wrap: By axis, enum wrap_mode.
 * @mip, @reduction, @compare: How levels and texels are combined, and what is
 *	compared: texel, function, reference.
 * @min_nearest, @mag_nearest: No filter.
 * @normalized: Coordinates are from 0 to 1.
 * @round: Coordinates are rounded to nearest even, not down.
 * @linear: sRGB texels are taken as they are.
 * @cutoff: The LOD up to which textures are magnified.
 * @min_lod, @max_lod, @bias: Of LODs.
 * @border: Beyond the edge.
 */
struct sampler {
	uint8_t wrap[3];
	uint8_t mip, reduction, compare;
	bool min_nearest, mag_nearest, normalized, round, linear;
	int32_t cutoff, min_lod, max_lod, bias;
	uint32_t border[4];
};

/**
 * struct view - a texture that lanes read or write, and the plane used last
 *
 * Mostly all lanes have the same; each that differs from the lane's before is
 * read anew.
 */
struct view {
	bool valid, plane_valid;
	uint32_t handle, level, layer;
	struct texture texture;
	struct plane plane;
};

/* texture.c: false with a fault */
bool view_texture(struct warp *w, struct view *v, uint32_t handle);
bool view_plane(struct warp *w, struct view *v, uint32_t level, uint32_t layer);
bool read_sampler(struct warp *w, uint32_t handle, struct sampler *s);

/*
 * A conversion descriptor, as LD_CVT and ST_CVT take it and LEA_TEX gives it; NULL,
 * or why it is none.
 */
const char *cvt_decode(struct pixel_format *f, uint32_t cvt);

/* Texels of a level along an axis */
uint32_t texture_extent(const struct texture *t, unsigned int axis,
			uint32_t level);
/* Red, green, blue and alpha as the texture's swizzle has them */
void texture_swizzle(const struct texture *t, uint32_t *v);

/* layout.c: from the first texel of a plane to another */
uint64_t layout_offset(const struct plane *p, uint32_t x, uint32_t y, uint32_t z);
bool layout_fits(enum texel_order order, unsigned int bytes);

/**
 * struct texels - what an instruction reads of textures
 *
 * Its span begins anew when it is full, since reads leave no trace.
 */
struct texels {
	struct span span;
};

/* texture.c: one texel, unpacked; false with a fault */
bool texel_read(struct texels *t, const struct plane *p, const uint32_t *at,
		uint32_t *v);
/* What is read where there is no texel: zeros, and what the format puts in their place */
void texel_none(struct texels *t, const struct pixel_format *f, uint32_t *v);
bool texel_read_at(struct texels *t, const struct pixel_format *f, uint64_t va,
		   uint32_t *v);

/* filter.c */

/**
 * struct lookup - a texel to be filtered
 * @coord: Floats as bits, by axis.
 * @offset: Texels to add, by axis.
 * @layer: The layer.
 * @lod: Its LOD, with the instruction's bias but without the sampler's.
 * @compare: Compare with @reference.
 * @reference: A float as bits.
 */
struct lookup {
	uint32_t coord[3];
	int32_t offset[3];
	uint32_t layer;
	int32_t lod;
	bool compare;
	uint32_t reference;
};

bool filter_texture(struct texels *t, struct view *v, const struct sampler *s,
		    const struct lookup *l, uint32_t *out);
/*
 * Of the four texels that a filter would use, row by row, colour @from (after the
 * swizzle)
 */
bool filter_gather(struct texels *t, struct view *v, const struct sampler *s,
		   const struct lookup *l, unsigned int from, uint32_t *out);

#endif /* SHADER_TEXTURE_H */

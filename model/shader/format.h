/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pixel formats: what texels are in memory, and as four values.
 *
 * A pixel format has 22 bits: the order of components in 0 to 11, what they are
 * in 12 to 19, sRGB in 20, big-endian in 21. Values are 32 bits each, floats or
 * integers as the format's kind says.
 *
 * Invariant: a format that decodes unpacks whatever bytes there are, and packs
 * whatever values there are.
 */
#ifndef SHADER_FORMAT_H
#define SHADER_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#define FORMAT_BITS	0x3fffffu
#define TEXEL_MAX	16u

enum value_kind {
	KIND_FLOAT,
	KIND_UINT,
	KIND_SINT,
};

enum component_type {
	COMP_UNORM,
	COMP_SNORM,
	COMP_UINT,
	COMP_SINT,
	COMP_FLOAT,	/* of 32, 16, 11 or 10 bits, the latter two without a sign */
	COMP_SHARED,	/* three mantissas of 9 bits, an exponent of 5 */
};

/* Where a colour comes from: a stored component, or one of these */
enum { FROM_ZERO = 4, FROM_ONE };

/**
 * struct pixel_format - a decoded pixel format
 * @bytes: Of a texel in memory.
 * @type: What its components are (enum component_type).
 * @bits, @pos: Width and place of each component; width 0 if there is none.
 * @from: For red, green, blue and alpha, the component, or a constant.
 * @srgb: Red, green and blue are not linear.
 * @nothing: There are no texels in memory: reads are constants.
 */
struct pixel_format {
	uint8_t bytes;
	uint8_t type;
	uint8_t bits[4], pos[4];
	uint8_t from[4];
	bool srgb, nothing;
};

/* NULL, or why the word is no format that is implemented */
const char *format_decode(struct pixel_format *f, uint32_t word);

/*
 * The same format with texels as a plane's "clump format" stores them: NULL, or
 * why it cannot be. What is compressed cannot.
 */
const char *format_store_as(struct pixel_format *f, unsigned int clump);

enum value_kind format_kind(const struct pixel_format *f);
void format_unpack(const struct pixel_format *f, const void *texel, uint32_t *v);
void format_pack(const struct pixel_format *f, const uint32_t *v, void *texel);

/* A value as one of another kind: the nearest that there is */
uint32_t value_convert(uint32_t v, enum value_kind from, enum value_kind to);

/**
 * struct reg_format - how registers hold values
 * @kind: What they are.
 * @automatic: They are of the format's kind instead.
 * @half: 16 bits each, two in a register.
 */
struct reg_format {
	uint8_t kind;
	bool automatic, half;
};

/* Of the "register format" of an instruction */
struct reg_format reg_format_of(unsigned int field);

static inline unsigned int reg_format_regs(struct reg_format r, unsigned int n)
{
	return r.half ? (n + 1) / 2 : n;
}

/* A value on its way to a register, 16 or 32 bits, and back */
uint32_t reg_from_value(struct reg_format r, uint32_t v, enum value_kind kind);
uint32_t value_from_reg(struct reg_format r, uint32_t reg, enum value_kind kind);

#endif /* SHADER_FORMAT_H */

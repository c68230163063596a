// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which pixel formats there are, and how each is stored.
 *
 * Facts, from Mesa's description of architecture 10: the number of most formats
 * is made of their kind (bits 5 to 7), components minus one (3 and 4) and width
 * (0 to 2: 2, 4, 8, 16 or 32 bits). Kinds 3 to 6 are SNORM, UINT, UNORM and SINT;
 * width 7 is a float, of 32 bits in kinds 5 and 7 and of 16 in kind 6. Numbers
 * below 96 are single formats, of which those are here that Mesa's panvk uses.
 *
 * Invariants: see format.h. Components never cross a word.
 */
#include <stddef.h>
#include <string.h>

#include "format.h"

#define PF_RGB565	64u
#define PF_RGB5_A1	65u
#define PF_RGB10_A2	67u
#define PF_RGB10_A2S	69u
#define PF_RGB10_A2UI	71u
#define PF_RGB10_A2I	73u
#define PF_Z16		75u
#define PF_Z32		76u
#define PF_Z24X8	77u
#define PF_R11G11B10F	89u
#define PF_RGB9E5	91u
#define PF_S8		93u
#define PF_CONSTANT	95u

struct special {
	uint8_t number, bytes, type;
	uint8_t bits[4], pos[4];
};

static const struct special specials[] = {
	{ PF_RGB565, 2, COMP_UNORM, { 5, 6, 5 }, { 0, 5, 11 } },
	{ PF_RGB5_A1, 2, COMP_UNORM, { 5, 5, 5, 1 }, { 0, 5, 10, 15 } },
	{ PF_RGB10_A2, 4, COMP_UNORM, { 10, 10, 10, 2 }, { 0, 10, 20, 30 } },
	{ PF_RGB10_A2S, 4, COMP_SNORM, { 10, 10, 10, 2 }, { 0, 10, 20, 30 } },
	{ PF_RGB10_A2UI, 4, COMP_UINT, { 10, 10, 10, 2 }, { 0, 10, 20, 30 } },
	{ PF_RGB10_A2I, 4, COMP_SINT, { 10, 10, 10, 2 }, { 0, 10, 20, 30 } },
	{ PF_Z16, 2, COMP_UNORM, { 16 }, { 0 } },
	{ PF_Z32, 4, COMP_FLOAT, { 32 }, { 0 } },
	{ PF_Z24X8, 4, COMP_UNORM, { 24 }, { 0 } },
	{ PF_R11G11B10F, 4, COMP_FLOAT, { 11, 11, 10 }, { 0, 11, 22 } },
	{ PF_RGB9E5, 4, COMP_SHARED, { 9, 9, 9 }, { 0, 9, 18 } },
	/* Green is the stencil; the plane says where it is. */
	{ PF_S8, 1, COMP_UINT, { 0, 8 }, { 0 } },
	{ PF_CONSTANT, 0, COMP_FLOAT, { 0 }, { 0 } },
};

/* --- Order of components -------------------------------------------------- */

struct order {
	uint8_t number, from[4];
};

#define Z	FROM_ZERO
#define ONE	FROM_ONE
/* For each colour the place that it is stored at; the names are of the places */
static const struct order orders[] = {
	{ 0, { 0, 1, 2, 3 } },		/* RGBA */
	{ 2, { 1, 0, 2, 3 } },		/* GRBA */
	{ 4, { 2, 1, 0, 3 } },		/* BGRA */
	{ 8, { 1, 2, 3, 0 } },		/* ARGB */
	{ 10, { 2, 1, 3, 0 } },		/* AGRB */
	{ 12, { 3, 2, 1, 0 } },		/* ABGR */
	{ 16, { 0, 1, 2, ONE } },	/* RGB1 */
	{ 18, { 1, 0, 2, ONE } },	/* GRB1 */
	{ 20, { 2, 1, 0, ONE } },	/* BGR1 */
	{ 24, { 1, 2, 3, ONE } },	/* 1RGB */
	{ 26, { 2, 1, 3, ONE } },	/* 1GRB */
	{ 28, { 3, 2, 1, ONE } },	/* 1BGR */
	{ 226, { 0, 0, 0, 0 } },	/* RRRR */
	{ 227, { 0, 0, 0, ONE } },	/* RRR1 */
	{ 228, { 0, 0, 0, 3 } },	/* RRRA */
	{ 229, { Z, Z, Z, 3 } },	/* 000A */
	{ 230, { Z, Z, Z, ONE } },	/* 0001 */
	{ 231, { Z, Z, Z, Z } },	/* 0000 */
};

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static const char *decode_order(struct pixel_format *f, unsigned int number)
{
	for (unsigned int i = 0; i < N(orders); i++) {
		if (orders[i].number != number)
			continue;
		memcpy(f->from, orders[i].from, sizeof(f->from));
		return NULL;
	}
	return "order of components is not implemented";
}

/* --- What is stored ------------------------------------------------------- */

static bool decode_special(struct pixel_format *f, unsigned int number)
{
	for (unsigned int i = 0; i < N(specials); i++) {
		if (specials[i].number != number)
			continue;
		f->bytes = specials[i].bytes;
		f->type = specials[i].type;
		f->nothing = number == PF_CONSTANT;
		memcpy(f->bits, specials[i].bits, sizeof(f->bits));
		memcpy(f->pos, specials[i].pos, sizeof(f->pos));
		return true;
	}
	return false;
}

/* Bits of a component, 0 if there is no such format */
static unsigned int regular_width(struct pixel_format *f, unsigned int kind,
				  unsigned int width)
{
	static const uint8_t types[8] = {
		[3] = COMP_SNORM, COMP_UINT, COMP_UNORM, COMP_SINT,
	};
	static const uint8_t widths[6] = { 0, 2, 4, 8, 16, 32 };

	if (width == 7) {
		f->type = COMP_FLOAT;
		return kind == 6 ? 16 : kind == 5 || kind == 7 ? 32 : 0;
	}
	if (kind < 3 || kind > 6 || width > 5)
		return 0;
	f->type = types[kind];
	return widths[width];
}

static bool decode_regular(struct pixel_format *f, unsigned int number)
{
	unsigned int comps = (number >> 3 & 3) + 1;
	unsigned int bits = regular_width(f, number >> 5, number & 7);

	/* Texels of less than a byte are not addressable. */
	if (!bits || comps * bits % 8)
		return false;
	for (unsigned int i = 0; i < comps; i++) {
		f->bits[i] = bits;
		f->pos[i] = i * bits;
	}
	f->bytes = comps * bits / 8;
	return true;
}

/* Components of 8 bits, as all formats with sRGB have that can be had uncompressed */
static bool has_srgb(const struct pixel_format *f)
{
	bool has = f->type == COMP_UNORM;

	for (unsigned int i = 0; i < 4; i++)
		has &= !f->bits[i] || f->bits[i] == 8;
	return has;
}

const char *format_decode(struct pixel_format *f, uint32_t word)
{
	unsigned int number = word >> 12 & 0xff;

	memset(f, 0, sizeof(*f));
	if (word >> 21 & 1)
		return "big-endian formats are not implemented";
	f->srgb = word >> 20 & 1;
	if (!decode_special(f, number) && !decode_regular(f, number))
		return "pixel format is not implemented";
	if (f->srgb && !has_srgb(f))
		return "sRGB is not implemented for this pixel format";
	return decode_order(f, word & 0xfff);
}

/* --- Planes --------------------------------------------------------------- */

enum {
	CLUMP_RAW8, CLUMP_RAW16, CLUMP_RAW32, CLUMP_RAW64, CLUMP_RAW128,
	CLUMP_RAW24 = 8, CLUMP_RAW48, CLUMP_RAW96,
	CLUMP_D32X32 = 16, CLUMP_X32D32, CLUMP_X32S8X24, CLUMP_X24S8X32,
	CLUMP_X24S8, CLUMP_S8X24, CLUMP_S8,
	CLUMP_A8 = 26,
	CLUMP_ETC2_FIRST = 32, CLUMP_ETC2_LAST = 38,
	CLUMP_BC_FIRST = 48, CLUMP_BC_LAST = 57,
};

static unsigned int raw_bytes(unsigned int clump)
{
	static const uint8_t bytes[11] = {
		[CLUMP_RAW8] = 1, 2, 4, 8, 16, [CLUMP_RAW24] = 3, 6, 12,
	};

	return clump < N(bytes) ? bytes[clump] : 0;
}

/* A component that stands alone in memory, in so many bytes, from a bit on */
static const char *store_one(struct pixel_format *f, unsigned int comp,
			     unsigned int bits, unsigned int bytes,
			     unsigned int pos)
{
	if (f->bits[comp] != bits)
		return "plane does not fit the pixel format";
	memset(f->bits, 0, sizeof(f->bits));
	f->bits[comp] = bits;
	f->pos[comp] = pos;
	f->bytes = bytes;
	return NULL;
}

static const char *store_special(struct pixel_format *f, unsigned int clump)
{
	switch (clump) {
	case CLUMP_A8:
		return store_one(f, 3, 8, 1, 0);
	case CLUMP_S8:
		return store_one(f, 1, 8, 1, 0);
	case CLUMP_S8X24:
		return store_one(f, 1, 8, 4, 0);
	case CLUMP_X24S8:
		return store_one(f, 1, 8, 4, 24);
	case CLUMP_X32S8X24:
		return store_one(f, 1, 8, 8, 32);
	case CLUMP_X24S8X32:
		return store_one(f, 1, 8, 8, 24);
	case CLUMP_D32X32:
		return store_one(f, 0, 32, 8, 0);
	case CLUMP_X32D32:
		return store_one(f, 0, 32, 8, 32);
	}
	return "layout of texels is not implemented";
}

const char *format_store_as(struct pixel_format *f, unsigned int clump)
{
	if (clump >= CLUMP_ETC2_FIRST && clump <= CLUMP_ETC2_LAST)
		return "ETC2 is not implemented";
	if (clump >= CLUMP_BC_FIRST && clump <= CLUMP_BC_LAST)
		return "BC is not implemented";
	if (f->nothing)
		return NULL;
	if (!raw_bytes(clump))
		return store_special(f, clump);
	return raw_bytes(clump) == f->bytes ?
	       NULL : "plane does not fit the pixel format";
}

enum value_kind format_kind(const struct pixel_format *f)
{
	return f->type == COMP_UINT ? KIND_UINT :
	       f->type == COMP_SINT ? KIND_SINT : KIND_FLOAT;
}

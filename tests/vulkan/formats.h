/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formats of images of one plane, as their names say: colours and their bits.
 */
#ifndef VKQUEUE_FORMATS_H
#define VKQUEUE_FORMATS_H

#include "vk.h"

/* Floats lose nothing of the values that are stored, or hardly anything */
#define TINY	0.000000001

/**
 * struct format - a format
 * @name: Vulkan's, without VK_FORMAT_.
 * @bytes: Of a texel.
 * @tolerance: Of a value from 0 to 1 that is stored and loaded; 0: of whole numbers, or
 *	shaders do not store it.
 */
struct format {
	VkFormat format;
	const char *name;
	uint32_t bytes;
	double tolerance;
};

extern const struct format formats[];
extern const unsigned int format_count;

/**
 * struct colour - bits of a texel, whose first is the lowest of its first byte
 * @which: 0 to 3, as shaders have them.
 */
struct colour {
	unsigned int which, from, bits;
};

/* At most four; returns how many there are. Not for formats of a shared exponent */
unsigned int format_colours(const struct format *f, struct colour *to);
/* UNORM and so on: how colours are numbers */
const char *format_kind(const struct format *f);
bool format_is(const struct format *f, const char *kind);

#endif /* VKQUEUE_FORMATS_H */

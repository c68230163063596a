/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second implementation of pixel formats, to judge the first by: from a text
 * that says where each colour is, without a line of the model's.
 */
#ifndef SHADER_REF_IMAGE_H
#define SHADER_REF_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct ref_format - a pixel format
 * @word: As descriptors have it.
 * @text: Its components from the lowest bit on, a letter and a width each; x is
 *	what has no colour.
 * @type: n, s, u, i and f for UNORM, SNORM, UINT, SINT and floats; e for a shared
 *	exponent.
 * @missing: What alpha is where the text has none.
 */
struct ref_format {
	uint32_t word;
	const char *text;
	char type;
	bool srgb;
	unsigned int missing;
};

extern const struct ref_format ref_formats[];
extern const unsigned int ref_num_formats;

unsigned int ref_bytes(const struct ref_format *f);
void ref_unpack(const struct ref_format *f, const uint8_t *texel, uint32_t *v);
void ref_pack(const struct ref_format *f, const uint32_t *v, uint8_t *texel);

#endif

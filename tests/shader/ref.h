/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second implementation of the arithmetic of shaders, to judge the first by:
 * scalar, from the text of an instruction, without a line of the model's.
 */
#ifndef SHADER_REF_H
#define SHADER_REF_H

#include <stdbool.h>
#include <stdint.h>

struct ref {
	uint32_t r[16][64];	/* by lane, then register */
	uint32_t u[256];
	uint16_t mask;		/* lanes that execute */
	bool ftz32, ftz16;
};

/* false if the text is no arithmetic that this knows */
bool ref_exec(struct ref *ref, const char *text);

/* ref_fp.c: floats as bits, 32 or 16 of them */
#ifdef __SIZEOF_FLOAT128__
typedef __float128 quad;
#else
typedef long double quad;
#endif

quad ref_value(uint32_t bits, unsigned int width);
/* The float nearest to @val + @err, where @err is too small to show */
uint32_t ref_round(quad val, quad err, unsigned int width, const char *mode);
bool ref_is_nan(uint32_t bits, unsigned int width);
uint32_t ref_nan(unsigned int width);
/* One, two or three operands that are numbers or infinite, no NaN */
uint32_t ref_add(uint32_t a, uint32_t b, unsigned int width);
uint32_t ref_fma(uint32_t a, uint32_t b, uint32_t c, int scale,
		 unsigned int width);
uint32_t ref_special(const char *name, uint32_t x, unsigned int width);
uint32_t ref_exp(int32_t fixed, uint32_t x);
uint32_t ref_flush(uint32_t bits, unsigned int width);

#endif

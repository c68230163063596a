/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Discrete Fourier transforms on the CPU, in doubles, and how far others may be off.
 */
#ifndef VKFFT_DFT_H
#define VKFFT_DFT_H

#include <complex.h>
#include <stddef.h>

/* A float's unit roundoff */
#define UNIT	(1.0 / (1 << 24))

typedef double complex value_t;

/*
 * Transform @n values that are @stride apart, in place, forward: value k becomes
 * the sum over j of value j times exp(-2 pi i j k / n)
 */
void dft(value_t *x, size_t n, size_t stride);

/* One value of it, by the definition */
value_t dft_value(const value_t *x, size_t n, size_t k);

/* Primes up to here have stages of their own */
#define LARGEST_STAGE	13

/* How a transform of @n is computed */
enum method {
	FACTORS,	/* by its prime factors, those above 13 as Rader does */
	BLUESTEIN,	/* as a convolution of any length that is long enough */
};

/*
 * What is lost in floats, at most: the length of the difference by that of the result.
 * @root: By how much roots of unity between stages are off, in UNIT.
 */
double dft_bound(size_t n, enum method method, double root);

#endif /* VKFFT_DFT_H */

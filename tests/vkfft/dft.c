// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Transforms by the definition, split by prime factors, and bounds; see dft.h.
 */
#include <math.h>
#include <stdlib.h>

#include "dft.h"

static size_t smallest_factor(size_t n)
{
	for (size_t p = 2; p * p <= n; p++)
		if (!(n % p))
			return p;
	return n;
}

/* A sum of @p values that are @m apart, each times a root of unity */
static value_t sum(const value_t *x, size_t p, size_t m,
		   const value_t *roots, size_t step, size_t total)
{
	value_t sum = 0;

	for (size_t j = 0; j < p; j++)
		sum += x[j * m] * roots[j * step % total];
	return sum;
}

/*
 * Transform @n values of @in, that are @total / @n apart, to @out; @line has room for as many
 * as the largest prime factor. @roots are those of unity, of @total.
 */
static void transform(const value_t *in, value_t *out, size_t n, size_t total,
		      const value_t *roots, value_t *line)
{
	size_t p = smallest_factor(n), m = n / p, stride = total / n;

	if (n == 1) {
		*out = *in;
		return;
	}
	for (size_t j = 0; j < p; j++)
		transform(in + j * stride, out + j * m, m, total, roots, line);
	for (size_t k = 0; k < m; k++) {
		for (size_t q = 0; q < p; q++)
			line[q] = sum(out + k, p, m, roots, (k + q * m) * stride, total);
		for (size_t q = 0; q < p; q++)
			out[k + q * m] = line[q];
	}
}

static value_t root(size_t k, size_t n)
{
	return cexp(-2 * M_PI * I * ((double)k / n));
}

void dft(value_t *x, size_t n, size_t stride)
{
	value_t *room = calloc(4 * n, sizeof(*room));
	value_t *roots = room, *in = room + n, *out = room + 2 * n;

	if (!room)
		abort();
	for (size_t k = 0; k < n; k++) {
		roots[k] = root(k, n);
		in[k] = x[k * stride];
	}
	transform(in, out, n, n, roots, room + 3 * n);
	for (size_t k = 0; k < n; k++)
		x[k * stride] = out[k];
	free(room);
}

value_t dft_value(const value_t *x, size_t n, size_t k)
{
	value_t sum = 0;

	for (size_t j = 0; j < n; j++)
		sum += x[j] * root(j * k % n, n);
	return sum;
}

/*
 * A complex product in floats is off by at most sqrt(5) UNIT of it (Brent, Percival,
 * Zimmermann 2007), and by what the root is. A sum of p such adds p - 1 UNIT of the sum of
 * amounts, which is at most sqrt(p) times the length of what is summed; the p sums together
 * have sqrt(p) times that, and the result is sqrt(p) times as long as what is transformed.
 * Stages keep lengths in proportion, so what they lose adds up.
 */
#define PRODUCT	2.24

static double stage(size_t p, double root)
{
	return sqrt(p) * (p + PRODUCT) + PRODUCT + root;
}

/*
 * As Rader and Bluestein have it: a transform, a product, a transform back. What the product
 * is with differs in size: of a prime p all values have the same, but one, while
 * of Bluestein's the largest are 2.3 sqrt(n) at most, and what comes out is sqrt(n) times as long.
 */
#define CHIRP	2.3

static double convolution(size_t n, double root)
{
	return 2 * dft_bound(n, FACTORS, root) + 3 * (PRODUCT + 1);
}

double dft_bound(size_t n, enum method method, double root)
{
	double bound = 0;
	size_t p, m = 1;

	if (method == BLUESTEIN) {
		while (m < 2 * n - 1)
			m *= 2;
		return CHIRP * convolution(m, root);
	}
	for (; n > 1; n /= p) {
		p = smallest_factor(n);
		if (p <= LARGEST_STAGE)
			bound += stage(p, root);
		else
			bound += convolution(p - 1, root) + stage(1, root);
	}
	return bound;
}

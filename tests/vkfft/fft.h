/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transforms by VkFFT, each against that of the CPU.
 */
#ifndef VKFFT_FFT_H
#define VKFFT_FFT_H

#include <stddef.h>

#define MAX_DIMS	3

/*
 * REAL: of real values, half of the result. CHIRP_Z: primes of the first dimension as
 * Bluestein has it. SINE: roots of unity by the GPU's sine.
 */
enum { REAL = 1, CHIRP_Z = 2, SINE = 4 };

/**
 * struct fft - a case
 * @scenario: Whose it is.
 * @size: Values along each dimension, the first is that of neighbours; 0: there is none.
 * @batch: Transforms at once.
 * @flags: Which kind.
 */
struct fft {
	const char *scenario;
	size_t size[MAX_DIMS];
	size_t batch;
	unsigned int flags;
};

/* Plan it, there and back, each within its bound: three points */
void fft_run(const struct fft *f);

#endif /* VKFFT_FFT_H */

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VkFFT's plans and what comes out of them; see fft.h.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "chance.h"
#include "dft.h"
#include "fft.h"
#include "vk.h"

#include <vkFFT.h>

/* Of a transform, that are compared with the definition */
#define SINGLE_VALUES	3u

/* Vulkan's sine is off by 2^-11 at most, and so is its cosine */
#define SINE_ERROR	(M_SQRT2 / (1 << 11) / UNIT)

/**
 * struct work - a case, its plan and its values
 * @rows: Of all dimensions but the first, and of all batches.
 * @pitch: Floats from one row to the next.
 * @row: Complex values of a row of the result.
 * @input: Floats of the buffer at the start.
 * @want: The result.
 */
struct work {
	const struct fft *f;
	char name[64];
	struct vk vk;
	VkQueue queue;
	VkFence fence;
	VkBuffer buffer;
	pfUINT bytes;
	float *map;
	VkFFTApplication app;
	size_t rows, pitch, row;
	float *input;
	value_t *want;
};

static size_t size_of(const struct fft *f, unsigned int dim)
{
	return f->size[dim] ? f->size[dim] : 1;
}

static void name_of(struct work *w)
{
	const struct fft *f = w->f;
	int at = sprintf(w->name, "%s %zu", f->flags & REAL ? "real" : "complex", f->size[0]);

	for (unsigned int i = 1; i < MAX_DIMS && f->size[i]; i++)
		at += sprintf(w->name + at, " x %zu", f->size[i]);
	if (f->batch > 1)
		sprintf(w->name + at, ", %zu at once", f->batch);
}

static void measure(struct work *w)
{
	const struct fft *f = w->f;
	bool real = f->flags & REAL;
	VkDeviceMemory memory;
	void *map;

	w->rows = size_of(f, 1) * size_of(f, 2) * f->batch;
	w->row = real ? f->size[0] / 2 + 1 : f->size[0];
	w->pitch = 2 * w->row;
	w->bytes = w->rows * w->pitch * sizeof(float);
	w->buffer = vk_buffer(&w->vk, w->bytes, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
			      &memory, &map);
	w->map = map;
	w->input = malloc(w->bytes);
	w->want = calloc(w->rows * f->size[0], sizeof(*w->want));
	must(w->input && w->want);
}

/* Between -1 and 1, the rest of a row of real values is 0 */
static void fill(struct work *w)
{
	size_t used = w->f->flags & REAL ? w->f->size[0] : w->pitch;
	uint64_t seed = 20261130;

	for (size_t i = 0; i < w->rows * w->pitch; i++)
		w->input[i] = i % w->pitch < used ? (int32_t)chance(&seed) / 2147483648.0f : 0;
	memcpy(w->map, w->input, w->bytes);
}

static value_t input_at(const struct work *w, size_t row, size_t x)
{
	const float *in = w->input + row * w->pitch;

	return w->f->flags & REAL ? in[x] : in[2 * x] + I * in[2 * x + 1];
}

/* The definition, at a few places, of the first row; the reference is to be trusted */
static bool reference_holds(const struct work *w, const value_t *in)
{
	size_t n = w->f->size[0];
	double worst = 0;

	for (size_t i = 0; i < SINGLE_VALUES; i++) {
		size_t k = (i * 7 + 1) % n;

		worst = fmax(worst, cabs(dft_value(in, n, k) - w->want[k]));
	}
	return worst * 1e12 < n;
}

static void reference(struct work *w)
{
	size_t n = w->f->size[0], y = size_of(w->f, 1), z = size_of(w->f, 2);
	value_t *first = calloc(n, sizeof(*first));

	must(first);
	for (size_t i = 0; i < w->rows * n; i++)
		w->want[i] = input_at(w, i / n, i % n);
	memcpy(first, w->want, n * sizeof(*first));
	for (size_t i = 0; i < w->rows; i++)
		dft(w->want + i * n, n, 1);
	must(reference_holds(w, first));
	free(first);
	for (size_t i = 0; y > 1 && i < w->rows / y * n; i++)
		dft(w->want + i / n * n * y + i % n, y, n);
	for (size_t i = 0; z > 1 && i < w->rows / z * n; i++)
		dft(w->want + i / (n * y) * n * y * z + i % (n * y), z, n * y);
}

static bool fft_is(VkFFTResult got, const char *what)
{
	detail("%s: %s (%d)", what, getVkFFTErrorString(got), got);
	return got == VKFFT_SUCCESS;
}

/*
 * The buffer comes with each launch: of a plan that has it VkFFT 1.3.4 writes the descriptors
 * before there are Bluestein's buffers, which read as 0 then.
 */
static bool plan(struct work *w)
{
	const struct fft *f = w->f;
	VkFFTConfiguration c = {
		.physicalDevice = &w->vk.phys,
		.device = &w->vk.dev,
		.queue = &w->queue,
		.commandPool = &w->vk.pool,
		.fence = &w->fence,
		.bufferSize = &w->bytes,
		.numberBatches = f->batch,
		.performR2C = !!(f->flags & REAL),
		.useLUT = f->flags & SINE ? -1 : 1,
		.normalize = 1,
	};
	bool good;

	for (; c.FFTdim < MAX_DIMS && f->size[c.FFTdim]; c.FFTdim++)
		c.size[c.FFTdim] = f->size[c.FFTdim];
	good = fft_is(initializeVkFFT(&w->app, c), "initializeVkFFT");
	if (good && !w->app.useBluesteinFFT[0] != !(f->flags & CHIRP_Z)) {
		detail("Bluestein: %d", (int)w->app.useBluesteinFFT[0]);
		good = false;
	}
	return ok(good, "%s: a plan", w->name);
}

/* @direction: -1 forward, 1 back */
static void run(struct work *w, int direction)
{
	VkCommandBuffer cmd = vk_begin_primary(&w->vk);
	VkFFTLaunchParams launch = { .commandBuffer = &cmd, .buffer = &w->buffer };

	if (!fft_is(VkFFTAppend(&w->app, direction, &launch), "VkFFTAppend")) {
		ok(false, "%s: is recorded", w->name);
		exit(1);
	}
	vk_barrier(cmd);
	vk_need(vk_run(&w->vk, vk_end(cmd)));
}

static double bound_of(const struct fft *f)
{
	double bound = 0, root = f->flags & SINE ? SINE_ERROR : 1;

	for (unsigned int i = 0; i < MAX_DIMS && f->size[i]; i++)
		bound += dft_bound(f->size[i], i || !(f->flags & CHIRP_Z) ? FACTORS : BLUESTEIN,
				   root);
	/* Real values as half as many complex ones, and a stage more */
	return f->flags & REAL ? bound + dft_bound(2, FACTORS, root) : bound;
}

/* How far the buffer is off, by lengths */
static double off(const struct work *w, bool back)
{
	size_t n = w->f->size[0], used = back ? n : w->row;
	double difference = 0, length = 0;

	for (size_t i = 0; i < w->rows * used; i++) {
		size_t row = i / used, x = i % used;
		const float *got = w->map + row * w->pitch;
		value_t want = back ? input_at(w, row, x) : w->want[row * n + x];
		value_t is = back && w->f->flags & REAL ? got[x] :
								 got[2 * x] + I * got[2 * x + 1];

		difference += pow(cabs(is - want), 2);
		length += pow(cabs(want), 2);
	}
	return sqrt(difference / length);
}

/* No number is within no bound */
static bool near(const struct work *w, double error, double bound, const char *what)
{
	detail("off by %.3g of it, %.3g allowed", error, bound);
	return ok(error <= bound, "%s: %s", w->name, what);
}

void fft_run(const struct fft *f)
{
	double bound = bound_of(f) * UNIT, forward, back;
	struct work w = { .f = f };

	vk_open(&w.vk);
	w.queue = vk_queue(&w.vk);
	w.fence = vk_fence(&w.vk);
	name_of(&w);
	measure(&w);
	fill(&w);
	reference(&w);
	if (!plan(&w))
		exit(1);
	run(&w, -1);
	forward = off(&w, false);
	near(&w, forward, bound, "forward");
	run(&w, 1);
	back = off(&w, true);
	near(&w, back, 2 * bound, "and back");
	note("%s: off by %.2g and %.2g; %.2g allowed", w.name, forward, back, bound);
	deleteVkFFT(&w.app);
	vkDestroyFence(w.vk.dev, w.fence, NULL);
	free(w.input);
	free(w.want);
	vk_close(&w.vk);
}

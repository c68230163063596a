// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How fast streams execute, by the time of one core: loops of arithmetic, of
 * loads and stores, of signals, and whole jobs as Panthor emits them. What the
 * firmware does in between is included.
 *
 *	bench_cs [RESULTS]	append lines of JSON to RESULTS
 *
 * Fails when simple instructions are slower than MIN_RATE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "driver.h"

#define SECONDS		0.5
#define MIN_RATE	20e6
#define RING		0x10000u
#define DATA		0x10000000ull
#define CODE		0x20000000ull

struct bench {
	struct driver d;
	struct group g;
	uint64_t data, code;
};

static void die(const char *msg)
{
	fprintf(stderr, "bench_cs: %s\n", msg);
	exit(1);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec * 1.0 / 1000000000;
}

static struct bench *bench_new(unsigned int queues)
{
	struct bench *b = malloc(sizeof(*b));

	if (!b)
		die("out of memory");
	drv_up(&b->d);
	drv_as_new(&b->d, 1);
	b->data = drv_map(&b->d, 1, DATA, 4, SIM_RW);
	b->code = drv_map(&b->d, 1, CODE, 1, SIM_RW);
	drv_group_new(&b->d, &b->g, 1, queues, RING);
	if (!drv_group_start(&b->d, &b->g, 0))
		die("the group does not start");
	return b;
}

static uint64_t executed(struct bench *b)
{
	struct mali_stats s;

	mali_get_stats(b->d.m, &s);
	return s.cs_instrs;
}

/* Each round is one run of the model; @feed gives it work, or is NULL */
static double measure(struct bench *b, void (*feed)(struct bench *))
{
	double start = seconds(), now;
	uint64_t first = executed(b), count;

	do {
		if (feed)
			feed(b);
		for (int i = 0; i < 32; i++)
			sim_step(&b->d.sim, b->d.m);
		now = seconds();
	} while (now - start < SECONDS);
	count = executed(b) - first;
	if (drv_cs_events(&b->d, 0, 0))
		die("a stream raised an exception");
	if (!count)
		die("nothing was executed");
	return count / (now - start);
}

static void called_loop(struct bench *b, const uint64_t *code, size_t size)
{
	sim_write(&b->d.sim, b->code, code, size);
	for (unsigned int i = 0; i < b->g.num_queues; i++)
		drv_submit(&b->d, &b->g, i, I_MOVE(10, DATA + i * 512),
			   I_MOVE(12, 1), I_MOVE(80, CODE),
			   I_MOVE32(82, size), I_CALL(80, 82));
}

#define LOOP(b, ...) do {						\
	const uint64_t code_[] = { __VA_ARGS__ };			\
									\
	called_loop(b, code_, sizeof(code_));				\
} while (0)

static void feed_jobs(struct bench *b)
{
	struct queue *q = &b->g.q[0];

	while (q->insert + 128 - drv_extract(&b->d, q) <= RING) {
		const uint64_t job[16] = {
			I_MOVE32(94, 1), I_FLUSH(94, 0x233), I_MOVE(92, CODE),
			I_MOVE32(94, 16), I_WAIT(1), I_CALL(92, 94),
			I_MOVE(92, DATA), I_MOVE(94, 1), I_WAIT(0xff),
			I_ADD_SYNC64(92, 94, PROPAGATE), I_ERROR_BARRIER,
		};

		drv_emit(&b->d, q, job, 16);
	}
	drv_kick(&b->d, &b->g, 0);
	drv_csg_ack(&b->d, 0, ~0u);
}

static void report(FILE *json, const char *what, double rate)
{
	printf("CS  %-30s %9.2f M/s  %8.1f ns\n", what, rate / 1e6,
	       1e9 / rate);
	if (json)
		fprintf(json,
			"{\"scenario\": \"CS\", \"metric\": \"%s\", \"unit\": \"1/s\", \"value\": %.0f}\n",
			what, rate);
}

static double bench_alu(unsigned int queues)
{
	struct bench *b = bench_new(queues);
	double rate;

	LOOP(b, I_ADD32(0, 0, 1), I_ADD64(2, 2, -1), I_MOVE32(4, 7),
	     I_UMIN(5, 0, 4), I_MOVE(6, 0x123456789), I_ADD32(8, 8, 3), I_NOP,
	     I_BRANCH(ALWAYS, 0, -8));
	rate = measure(b, NULL);
	drv_free(&b->d);
	free(b);
	return rate;
}

static double bench_memory(void)
{
	struct bench *b = bench_new(1);
	double rate;

	LOOP(b, I_LOAD(20, 10, 0xffff, 0), I_ADD32(20, 20, 1),
	     I_STORE(20, 10, 0x00ff, 0), I_BRANCH(ALWAYS, 0, -4));
	rate = measure(b, NULL);
	drv_free(&b->d);
	free(b);
	return rate;
}

static double bench_signal(void)
{
	struct bench *b = bench_new(1);
	double rate;

	LOOP(b, I_ADD_SYNC64(10, 12, PROPAGATE | SCOPE_CSG),
	     I_BRANCH(ALWAYS, 0, -2));
	rate = measure(b, NULL);
	drv_free(&b->d);
	free(b);
	return rate;
}

static double bench_jobs(void)
{
	struct bench *b = bench_new(1);
	double start = seconds(), took;
	uint64_t jobs;

	measure(b, feed_jobs);
	took = seconds() - start;
	jobs = mem64(&b->d, b->data);
	drv_free(&b->d);
	free(b);
	return jobs / took;
}

int main(int argc, char **argv)
{
	FILE *json = argc > 1 ? fopen(argv[1], "a") : NULL;
	double alu;

	if (argc > 1 && !json)
		die("cannot open the result file");
	alu = bench_alu(1);
	report(json, "simple instructions", alu);
	report(json, "the same in 8 streams", bench_alu(8));
	report(json, "loads, stores and a branch", bench_memory());
	report(json, "signals and a branch", bench_signal());
	report(json, "whole jobs", bench_jobs());
	if (json && fclose(json))
		die("cannot write the result file");
	if (alu < MIN_RATE)
		die("simple instructions are slower than 20 million a second");
	return 0;
}

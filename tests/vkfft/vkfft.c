// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vkfft: Fourier transforms by VkFFT, on the Vulkan device that there is, against those of the
 * CPU in doubles. VkFFT writes shaders for each plan.
 *
 * This file is the command line and the list of cases, nothing more.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fft.h"
#include "tap.h"

#define DEFAULT_TIMEOUT_S	900
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

static const struct fft ffts[] = {
	{ "pow2", { 2 }, 64, 0 },
	{ "pow2", { 16 }, 1, 0 },
	{ "pow2", { 64 }, 5, 0 },
	{ "pow2", { 256 }, 1, 0 },
	{ "pow2", { 1024 }, 3, 0 },
	{ "pow2", { 4096 }, 1, 0 },
	{ "mixed", { 3 }, 7, 0 },
	{ "mixed", { 60 }, 2, 0 },
	{ "mixed", { 125 }, 1, 0 },
	{ "mixed", { 343 }, 1, 0 },
	{ "mixed", { 1001 }, 2, 0 },
	{ "mixed", { 2310 }, 1, 0 },
	{ "rader", { 17 }, 4, 0 },
	{ "rader", { 127 }, 1, 0 },
	{ "rader", { 1009 }, 1, 0 },
	{ "bluestein", { 1283 }, 1, CHIRP_Z },
	{ "short", { 47 }, 1, CHIRP_Z },
	{ "dims", { 32, 32 }, 1, 0 },
	{ "dims", { 60, 77 }, 2, 0 },
	{ "dims", { 16, 9, 10 }, 2, 0 },
	{ "real", { 64 }, 3, REAL },
	{ "real", { 1000 }, 1, REAL },
	{ "real", { 105 }, 1, REAL },
	{ "real", { 48, 20 }, 2, REAL },
	{ "sine", { 512 }, 1, SINE },
	{ "sine", { 1155 }, 1, SINE },
	{ "large", { 1 << 16 }, 1, 0 },
	{ "large", { 1 << 20 }, 1, 0 },
	{ "large", { 100000 }, 1, 0 },
	{ "large", { 512, 384 }, 1, 0 },
	{ "large", { 1 << 17 }, 1, REAL },
	{ "large", { 65537 }, 1, CHIRP_Z },
};

static void run_cases(const char *scenario)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(ffts); i++)
		if (!strcmp(ffts[i].scenario, scenario))
			fft_run(&ffts[i]);
}

#define CASES(name)	static void run_##name(void) { run_cases(#name); }

CASES(pow2)
CASES(mixed)
CASES(rader)
CASES(bluestein)
CASES(short)
CASES(dims)
CASES(real)
CASES(sine)
CASES(large)

/* Those that take long, or that Mesa 26.1 fails, run when they are named only */
enum { NAMED = 1 };

static const struct scenario scenarios[] = {
	{ "pow2", "powers of two", run_pow2, 0 },
	{ "mixed", "products of 2, 3, 5, 7, 11 and 13", run_mixed, 0 },
	{ "rader", "primes, as Rader has it", run_rader, 0 },
	{ "bluestein", "primes, as Bluestein has it", run_bluestein, 0 },
	{ "short", "a short prime, which Mesa 26.1 gets wrong", run_short, NAMED },
	{ "dims", "two and three dimensions", run_dims, 0 },
	{ "real", "of real values", run_real, 0 },
	{ "sine", "roots of unity by the GPU's sine", run_sine, 0 },
	{ "large", "more than a workgroup's memory holds", run_large, NAMED },
};

static void usage(FILE *f)
{
	fprintf(f,
		"Usage: vkfft [OPTION]... [SCENARIO]...\n"
		"Fourier transforms in floats by VkFFT, on the Vulkan device, there and back: each\n"
		"against one in doubles on the CPU, within a bound of what floats lose. Prints TAP;\n"
		"exits 0 only when no test point failed.\n"
		"\n"
		"  --timeout S    seconds that a scenario may take (%d)\n"
		"  --list         the names of the scenarios\n"
		"  --help         this text\n"
		"\n"
		"Without a SCENARIO all run but those with a *:\n", DEFAULT_TIMEOUT_S);
	tap_about(f, scenarios, ARRAY_SIZE(scenarios), NAMED, '*');
}

static unsigned int parse_timeout(const char *arg)
{
	unsigned long seconds = strtoul(arg, NULL, 10);

	if (!seconds || seconds > 1000000) {
		fprintf(stderr, "vkfft: --timeout is a number of seconds, and not 0\n");
		exit(2);
	}
	return seconds;
}

static unsigned int parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "timeout", required_argument, NULL, 't' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	unsigned int timeout_s = DEFAULT_TIMEOUT_S;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 't':
			timeout_s = parse_timeout(optarg);
			break;
		case 'l':
			tap_list(scenarios, ARRAY_SIZE(scenarios));
			exit(0);
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	return timeout_s;
}

int main(int argc, char **argv)
{
	unsigned int timeout_s = parse(argc, argv);

	tap_check_names(scenarios, ARRAY_SIZE(scenarios), argv + optind);
	tap_init("vkfft");
	tap_run_names(scenarios, ARRAY_SIZE(scenarios), argv + optind, NAMED, tap_run, timeout_s);
	return tap_done();
}

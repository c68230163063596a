// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stream: a land that is larger than memory, seen from above.
 *
 * This file is the command line, nothing more.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "film.h"
#include "record.h"
#include "sight.h"
#include "tap.h"

#define DEFAULT_TIMEOUT_S	900

static const struct scenario flight = {
	"flight", "pictures of 85 GiB, of which 8 MiB have memory", run_flight, 0
};

static void usage(FILE *f)
{
	fprintf(f,
		"Usage: stream [OPTION]...\n"
		"Flies over a land of 85 GiB, a sparse space of which 8 MiB have memory at a\n"
		"time: tiles are bound and evicted as the camera moves, a shader makes them, and\n"
		"another one pictures of what is resident. The CPU checks every bit. Prints TAP;\n"
		"exits 0 only when no test point failed.\n"
		"\n"
		"  --out DIR      put the pictures and what was measured, flight.json, there\n"
		"  --frames N     pictures to make (%u; at most %u)\n"
		"  --json FILE    write the test points to FILE too\n"
		"  --pause FILE   at some points, print \"# pause: ...\" and wait until FILE is\n"
		"                 there, so that the GPU can be looked at from outside\n"
		"  --timeout S    seconds that it may take (%d)\n"
		"  --help         this text\n",
		film_options.frames, MAX_FRAMES, DEFAULT_TIMEOUT_S);
}

static void bad_usage(void)
{
	usage(stderr);
	exit(2);
}

static unsigned int number(const char *text, unsigned int most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (*end || !n || n > most)
		bad_usage();
	return n;
}

static unsigned int parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "out", required_argument, NULL, 'o' },
		{ "frames", required_argument, NULL, 'f' },
		{ "json", required_argument, NULL, 'j' },
		{ "pause", required_argument, NULL, 'p' },
		{ "timeout", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	unsigned int timeout_s = DEFAULT_TIMEOUT_S;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'o':
			film_options.out = optarg;
			break;
		case 'f':
			film_options.frames = number(optarg, MAX_FRAMES);
			break;
		case 'j':
			tap_set_json(optarg);
			break;
		case 'p':
			tap_set_pause(optarg);
			break;
		case 't':
			timeout_s = number(optarg, 1000000);
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			bad_usage();
		}
	}
	if (optind < argc)
		bad_usage();
	return timeout_s;
}

int main(int argc, char **argv)
{
	unsigned int timeout_s = parse(argc, argv);
	bool awake;
	int ret;

	tap_init("stream");
	awake = sight_stay_awake(true);
	tap_run(&flight, timeout_s);
	if (awake)
		sight_stay_awake(false);
	tap_pause("end");
	ret = tap_done();
	return tap_json() ? 1 : ret;
}

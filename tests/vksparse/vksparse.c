// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vksparse: Vulkan's sparse binding of buffers, against a model of what is bound where.
 *
 * This file is the command line and the list of scenarios, nothing more.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "costs.h"
#include "scenarios.h"
#include "world.h"

#define DEFAULT_BINDS	4000
/* Beyond --seconds; a scenario's own time */
#define PATIENCE_S	900
#define PATIENCE_BINDS	50

struct options options = { .seed = 1, .binds = DEFAULT_BINDS };

/* FAULTS: the kernel's log has faults of the GPU's then */
enum kind {
	FAULTS = 1,
};

static const struct scenario scenarios[] = {
	{ "unbind", "memory is taken away", run_unbind, 0 },
	{ "alias", "memory in two buffers, and twice in one", run_alias, 0 },
	{ "elsewhere", "blocks move while the rest stays", run_elsewhere, 0 },
	{ "holes", "accesses where nothing is bound, with residency", run_holes, 0 },
	{ "opaque", "an image's opaque bind beside a buffer's", run_opaque, 0 },
	{ "import", "memory of another device, as a dma-buf", run_import, 0 },
	{ "ahead", "thousands of binds queued ahead", run_ahead, 0 },
	{ "killed", "processes are killed with binds queued", run_killed, 0 },
	{ "random", "random binds against the model", run_random, 0 },
	{ "fault", "an unbound block without residency", run_fault, FAULTS },
};

static void usage(FILE *f)
{
	fprintf(f,
		"Usage: vksparse [OPTION]... [SCENARIO]...\n"
		"Sparse binding of Vulkan buffers: what compute shaders load and store through them,\n"
		"the memory behind it, and a model of what is bound where. Prints TAP; exits 0 only\n"
		"when no test point failed.\n"
		"\n"
		"  --seed N       where chance starts (1)\n"
		"  --binds N      random ends after so many (%d)\n"
		"  --seconds N    or after so long\n"
		"  --unbind HOW   what the model takes a bind without memory for: 'spec', its range\n"
		"                 is unbound; 'start', the start of the buffer is, as Mesa 26.1 has\n"
		"                 it; 'ask', whichever the driver does (ask)\n"
		"  --costs        no scenarios, but instructions of sparse binds (V1 to V4); for a\n"
		"                 guest with one processor whose time passes by instructions\n"
		"  --list         the names of the scenarios\n"
		"  --help         this text\n"
		"\n"
		"The driver is what VK_DRIVER_FILES says. Without a SCENARIO all run but those with\n"
		"a !, which have the GPU fault:\n", DEFAULT_BINDS);
	tap_about(f, scenarios, ARRAY_SIZE(scenarios), FAULTS, '!');
}

static void parse_unbind(const char *how)
{
	static const char *const names[] = { "ask", "spec", "start" };

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(how, names[i])) {
			options.unbind = i;
			return;
		}
	}
	fprintf(stderr, "vksparse: --unbind is ask, spec or start\n");
	exit(2);
}

static void parse(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "seed", required_argument, NULL, 'e' },
		{ "binds", required_argument, NULL, 'b' },
		{ "seconds", required_argument, NULL, 's' },
		{ "unbind", required_argument, NULL, 'u' },
		{ "costs", no_argument, NULL, 'c' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (opt) {
		case 'e':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case 'b':
			options.binds = strtoul(optarg, NULL, 0);
			break;
		case 's':
			options.seconds = strtoul(optarg, NULL, 0);
			break;
		case 'u':
			parse_unbind(optarg);
			break;
		case 'c':
			costs();
			exit(0);
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
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	tap_check_names(scenarios, ARRAY_SIZE(scenarios), argv + optind);
	tap_init("vksparse");
	tap_run_names(scenarios, ARRAY_SIZE(scenarios), argv + optind, FAULTS, tap_run,
		      PATIENCE_S + options.binds / PATIENCE_BINDS);
	return tap_done();
}

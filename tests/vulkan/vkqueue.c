// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vkqueue: what Vulkan's queues and compute shaders do, on panvk.
 *
 * This file is the command line and the list of scenarios, nothing more.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute.h"
#include "scenarios.h"
#include "vk.h"

#define DEFAULT_TIMEOUT_S	900

enum extent extent = USUAL;
uint64_t chance_seed = 20261129;
unsigned int chance_calls;

/*
 * What the kernel and its kind make no difference to, and what takes long, is not in
 * --sample; what ends in faults runs when it is named only.
 */
enum { ONCE = 1, NAMED = 2 };

static const struct scenario scenarios[] = {
	{ "device", "the device, its families and features", run_device, 0 },
	{ "submit", "batches and fences on every queue", run_submit, 0 },
	{ "commands", "command buffers of all kinds", run_commands, 0 },
	{ "binary", "binary semaphores between queues", run_binary, 0 },
	{ "timeline", "timeline semaphores, the host's part too", run_timeline, 0 },
	{ "external", "fences and semaphores as file descriptors", run_external, 0 },
	{ "event", "events set by GPU and host", run_event, 0 },
	{ "timestamp", "timestamps against the host's clock", run_timestamp, 0 },
	{ "reset", "queries reset by GPU and host", run_reset, 0 },
	{ "copy", "results of queries that the GPU copies", run_copy, 0 },
	{ "sparse", "memory bound to sparse buffers", run_sparse, 0 },
	{ "bytes", "what the GPU writes through sparse buffers", run_bytes, 0 },
	{ "large", "large binds, and holes in them", run_large, 0 },
	{ "fill", "vkCmdFillBuffer, to the byte", run_fill, 0 },
	{ "update", "vkCmdUpdateBuffer, to the byte", run_update, 0 },
	{ "copies", "vkCmdCopyBuffer, to the byte", run_copies, 0 },
	{ "results", "results of timestamps that the GPU copies", run_results, 0 },
	{ "rebind", "shaders' view of sparse buffers whose memory changes", run_rebind, 0 },
	{ "dispatch", "shaders of ours, dispatched in many ways", run_dispatch, 0 },
	{ "clock", "the time that fast shader cores take", run_clock, NAMED },
	{ "shaders", "the same shaders on panvk and lavapipe", run_shaders, ONCE },
	{ "lost", "shaders that cannot execute", run_lost, NAMED },
	{ "images", "images that are copied and sampled, and their atomics", run_images, ONCE },
	{ "stores", "what shaders store to images and load again", run_stores, ONCE },
	{ "sparseimg", "sparse images, block by block", run_sparse_images, 0 },
	{ "sparseformats", "where sparse images of each texel size have their bytes",
	  run_sparse_formats, ONCE },
	{ "sparselevels", "mip tails and layers of sparse images", run_sparse_levels, 0 },
	{ "sparsealias", "memory that is in two places of sparse images", run_sparse_alias, 0 },
	{ "sparserandom", "sparse images whose blocks get other memory by chance",
	  run_sparse_random, 0 },
	{ "many", "thousands of submissions", run_many, 0 },
	{ "lifetime", "devices and instances that come and go", run_lifetime, 0 },
};

static void usage(FILE *f)
{
	fprintf(f,
		"Usage: vkqueue [OPTION]... [SCENARIO]...\n"
		"What Vulkan's queues can do: batches, fences, semaphores, events, timestamps,\n"
		"query resets and sparse binds, on every queue of the device; fills, copies and\n"
		"compute shaders. Prints TAP; exits 0 only when no test point failed.\n"
		"\n"
		"  --sample       transfers of few sizes, the largest of 2 MiB; without a SCENARIO\n"
		"                 all but shaders, images, stores and sparseformats\n"
		"  --all          transfers of every size to 256 bytes and every alignment\n"
		"  --seed N       where chance starts in sparserandom (%llu)\n"
		"  --calls N      of random binds, for each image of sparserandom (20; --sample: 5, --all: 40)\n"
		"  --timeout S    seconds that a scenario may take (%d)\n"
		"  --reference F  only write what shaders give on this device to a file\n"
		"  --compile      only compile shaders, each behind a line that names it; after\n"
		"                 --sample those that also run, else many by chance as well\n"
		"  --list         the names of the scenarios\n"
		"  --help         this text\n"
		"\n"
		"Without a SCENARIO all run but those with a *:\n",
		(unsigned long long)chance_seed, DEFAULT_TIMEOUT_S);
	tap_about(f, scenarios, ARRAY_SIZE(scenarios), NAMED, '*');
}

static uint64_t parse_seed(const char *arg)
{
	uint64_t seed = strtoull(arg, NULL, 0);

	if (!seed) {
		fprintf(stderr, "vkqueue: a seed is a number, and not 0\n");
		exit(2);
	}
	return seed;
}

static unsigned int parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "sample", no_argument, NULL, 's' },
		{ "all", no_argument, NULL, 'a' },
		{ "seed", required_argument, NULL, 'e' },
		{ "calls", required_argument, NULL, 'n' },
		{ "timeout", required_argument, NULL, 't' },
		{ "reference", required_argument, NULL, 'r' },
		{ "compile", no_argument, NULL, 'c' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	unsigned int timeout_s = DEFAULT_TIMEOUT_S;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 's':
			extent = SAMPLE;
			break;
		case 'a':
			extent = ALL;
			break;
		case 'e':
			chance_seed = parse_seed(optarg);
			break;
		case 'n':
			chance_calls = strtoul(optarg, NULL, 0);
			break;
		case 't':
			timeout_s = strtoul(optarg, NULL, 0);
			break;
		case 'r':
			exit(reference_write(optarg));
		case 'c':
			exit(compile_all());
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
	tap_init("vkqueue");
	tap_run_names(scenarios, ARRAY_SIZE(scenarios), argv + optind,
		      extent == SAMPLE ? ONCE | NAMED : NAMED, tap_run, timeout_s);
	return tap_done();
}

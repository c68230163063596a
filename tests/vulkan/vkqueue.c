// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vkqueue: what Vulkan's queues can do without a shader, on panvk.
 *
 * This file is the command line and the list of scenarios, nothing more.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios.h"
#include "vk.h"

#define DEFAULT_TIMEOUT_S	120

static const struct scenario scenarios[] = {
	{ "device", "the device, its families and features", run_device },
	{ "submit", "batches and fences on every queue", run_submit },
	{ "commands", "command buffers of all kinds", run_commands },
	{ "binary", "binary semaphores between queues", run_binary },
	{ "timeline", "timeline semaphores, the host's part too", run_timeline },
	{ "external", "fences and semaphores as file descriptors", run_external },
	{ "event", "events set by GPU and host", run_event },
	{ "timestamp", "timestamps against the host's clock", run_timestamp },
	{ "reset", "queries reset by GPU and host", run_reset },
	{ "copy", "results of queries that the GPU copies", run_copy },
	{ "sparse", "memory bound to sparse buffers", run_sparse },
	{ "bytes", "what the GPU writes through sparse buffers", run_bytes },
	{ "large", "large binds, and holes in them", run_large },
	{ "many", "thousands of submissions", run_many },
	{ "lifetime", "devices and instances that come and go", run_lifetime },
};

static void usage(FILE *f)
{
	fprintf(f,
		"Usage: vkqueue [OPTION]... [SCENARIO]...\n"
		"What Vulkan's queues can do without a shader: batches, fences, semaphores,\n"
		"events, timestamps, query resets and sparse binds, on every queue of the\n"
		"device. Prints TAP; exits 0 only when no test point failed.\n"
		"\n"
		"  --timeout S    seconds that a scenario may take (%d)\n"
		"  --list         the names of the scenarios\n"
		"  --help         this text\n"
		"\n"
		"Without a SCENARIO all run:\n", DEFAULT_TIMEOUT_S);
	for (unsigned int i = 0; i < ARRAY_SIZE(scenarios); i++)
		fprintf(f, "  %-10s%s\n", scenarios[i].name, scenarios[i].about);
}

static const struct scenario *find(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(scenarios); i++)
		if (!strcmp(scenarios[i].name, name))
			return &scenarios[i];
	fprintf(stderr, "vkqueue: there is no scenario '%s'; see --list\n", name);
	exit(2);
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
			timeout_s = strtoul(optarg, NULL, 0);
			break;
		case 'l':
			for (unsigned int i = 0; i < ARRAY_SIZE(scenarios); i++)
				puts(scenarios[i].name);
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

	for (int i = optind; i < argc; i++)
		find(argv[i]);
	tap_init("vkqueue");
	for (int i = optind; i < argc; i++)
		tap_run(find(argv[i]), timeout_s);
	for (unsigned int i = 0; optind == argc && i < ARRAY_SIZE(scenarios); i++)
		tap_run(&scenarios[i], timeout_s);
	return tap_done();
}

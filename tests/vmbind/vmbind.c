// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmbind: VM_BIND on Panthor, demonstrated and checked byte by byte.
 *
 * This file is the command line and the list of scenarios, nothing more.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pan.h"
#include "scenarios.h"
#include "tap.h"

#define DEFAULT_TIMEOUT_S	120

static const struct scenario scenarios[] = {
	{ "query", "what the device says of itself", run_query },
	{ "bind", "synchronous binds, read back by the GPU", run_bind },
	{ "copy", "command streams: loads, stores, loops, calls, sync objects", run_copy },
	{ "async", "queued binds, their fences and their order", run_async },
	{ "sparse", "16 GiB over a dummy buffer, with a tile bound into it", run_sparse },
	{ "rebind", "tiles rebound between the phases of one running job", run_rebind },
	{ "running", "rebinds under a GPU that reads without a pause", run_running },
	{ "split", "partial unmaps and remaps of 2 MiB blocks", run_split },
	{ "fault", "what must fault does, and is reported", run_fault },
	{ "slots", "more VMs than address spaces", run_slots },
	{ "errors", "bad arguments and their errno", run_errors },
	{ "pages", "page-table pages taken, used, kept and left", run_pages },
};

static void usage(FILE *f)
{
	fprintf(f,
		"Usage: vmbind [OPTION]... [SCENARIO]...\n"
		"VM_BIND on Panthor: binds memory, has the GPU copy through it and checks\n"
		"every byte. Prints TAP; exits 0 only when no test point failed.\n"
		"\n"
		"  --json FILE    write points and page counts to FILE too\n"
		"  --timeout S    seconds that a scenario may take (%d)\n"
		"  --pause FILE   at some points, print \"# pause: ...\" and wait until FILE is\n"
		"                 there, so that the GPU can be looked at from outside\n"
		"  --list         the names of the scenarios\n"
		"  --help         this text\n"
		"\n"
		"Without a SCENARIO all run:\n", DEFAULT_TIMEOUT_S);
	for (unsigned int i = 0; i < ARRAY_SIZE(scenarios); i++)
		fprintf(f, "  %-9s%s\n", scenarios[i].name, scenarios[i].about);
}

static const struct scenario *find(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(scenarios); i++)
		if (!strcmp(scenarios[i].name, name))
			return &scenarios[i];
	fprintf(stderr, "vmbind: there is no scenario '%s'; see --list\n",
		name);
	exit(2);
}

static void list(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(scenarios); i++)
		puts(scenarios[i].name);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", required_argument, NULL, 'j' },
		{ "timeout", required_argument, NULL, 't' },
		{ "pause", required_argument, NULL, 'p' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	unsigned int timeout_s = DEFAULT_TIMEOUT_S;
	const char *json = NULL;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'j':
			json = optarg;
			break;
		case 't':
			timeout_s = strtoul(optarg, NULL, 0);
			break;
		case 'p':
			tap_set_pause(optarg);
			break;
		case 'l':
			list();
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	for (int i = optind; i < argc; i++)
		find(argv[i]);
	tap_init("vmbind");
	for (int i = optind; i < argc; i++)
		tap_run(find(argv[i]), timeout_s);
	for (unsigned int i = 0; optind == argc && i < ARRAY_SIZE(scenarios); i++)
		tap_run(&scenarios[i], timeout_s);
	tap_pause("end");
	ret = tap_done();
	if (json && tap_json(json)) {
		perror(json);
		ret = 1;
	}
	return ret;
}

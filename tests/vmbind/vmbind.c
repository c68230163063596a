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

#include "host.h"
#include "pan.h"
#include "scenarios.h"
#include "tap.h"

#define DEFAULT_TIMEOUT_S	900
/* The kind of a scenario that some kernel answers with a warning */
#define WARNS			1
#define ASLEEP_MS		10000

static const struct scenario scenarios[] = {
	{ "query", "what the device says of itself", run_query, 0 },
	{ "bind", "synchronous binds, read back by the GPU", run_bind, 0 },
	{ "copy", "command streams: loads, stores, loops, calls, sync objects", run_copy, 0 },
	{ "async", "queued binds, their fences and their order", run_async, 0 },
	{ "sparse", "16 GiB over a dummy buffer, with a tile bound into it", run_sparse, 0 },
	{ "rebind", "tiles rebound between the phases of one running job", run_rebind, 0 },
	{ "running", "rebinds under a GPU that reads without a pause", run_running, 0 },
	{ "split", "partial unmaps and remaps of 2 MiB blocks", run_split, 0 },
	{ "fault", "what must fault does, and is reported", run_fault, 0 },
	{ "gone", "a load through a mapping that is gone", run_gone, 0 },
	{ "walk", "a walk through a table that is gone", run_walk, 0 },
	{ "tables", "tables that come and go with a tile", run_tables, 0 },
	{ "slots", "more VMs than address spaces", run_slots, 0 },
	{ "errors", "bad arguments and their errno", run_errors, 0 },
	{ "pages", "page-table pages taken, held, used, kept and left", run_pages, 0 },
	{ "random", "page-table pages kept after 10,000 random binds", run_random, 0 },
	{ "figures", "what debugfs and fdinfo say of page tables", run_figures, 0 },
	{ "charged", "tables and the memcg of who binds; not on upstream's", run_charged, 0 },
	{ "takers", "the same of each request that takes any; not on upstream's", run_takers, 0 },
	{ "huge", "1 TiB and 64 TiB sparse; upstream's kernel warns", run_huge, WARNS },
	{ "vast", "all the address space sparse, and cut; not on upstream's", run_vast, WARNS },
	{ "killed", "who binds it is killed; not on upstream's", run_killed, WARNS },
	{ "neighbour", "what another client notices; not on upstream's", run_neighbour, WARNS },
};

/*
 * A GPU that sleeps forgets its translations. Where a stale one is to show, it
 * must not do so in the middle of a scenario, but when there is a delay it does.
 * Between two it has to: what groups save when they are suspended goes where the
 * one before had its own.
 */
static void run_awake(const struct scenario *s, unsigned int timeout_s)
{
	if (!stay_awake(true)) {
		ok(false, "%s: the GPU can be kept awake", s->name);
		return;
	}
	tap_run(s, timeout_s);
	stay_awake(false);
	if (!sleeps(ASLEEP_MS))
		ok(false, "%s: the GPU sleeps afterwards", s->name);
}

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
		"  --awake        do not let the GPU sleep while a scenario runs\n"
		"  --warning      without a SCENARIO, those with a *, too\n"
		"  --list         the names of the scenarios\n"
		"  --help         this text\n"
		"\n"
		"Without a SCENARIO all run but those with a *, at which some kernel warns:\n",
		DEFAULT_TIMEOUT_S);
	for (unsigned int i = 0; i < ARRAY_SIZE(scenarios); i++)
		fprintf(f, "%c %-9s%s\n", scenarios[i].kind & WARNS ? '*' : ' ',
			scenarios[i].name, scenarios[i].about);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", required_argument, NULL, 'j' },
		{ "timeout", required_argument, NULL, 't' },
		{ "pause", required_argument, NULL, 'p' },
		{ "awake", no_argument, NULL, 'a' },
		{ "warning", no_argument, NULL, 'w' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	unsigned int timeout_s = DEFAULT_TIMEOUT_S;
	void (*run)(const struct scenario *s, unsigned int timeout_s) = tap_run;
	unsigned int without = WARNS;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'j':
			tap_set_json(optarg);
			break;
		case 't':
			timeout_s = strtoul(optarg, NULL, 0);
			break;
		case 'p':
			tap_set_pause(optarg);
			break;
		case 'a':
			run = run_awake;
			break;
		case 'w':
			without = 0;
			break;
		case 'l':
			tap_list(scenarios, ARRAY_SIZE(scenarios));
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	tap_check_names(scenarios, ARRAY_SIZE(scenarios), argv + optind);
	tap_init("vmbind");
	tap_run_names(scenarios, ARRAY_SIZE(scenarios), argv + optind, without,
		      run, timeout_s);
	tap_pause("end");
	ret = tap_done();
	return tap_json() ? 1 : ret;
}

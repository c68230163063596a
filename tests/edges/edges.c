// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * edges: what Panthor does at the edges of everyday work: memory pressure,
 * shared buffers, odd mappings and VM layouts, what it tells of itself, and
 * allocations that fail. No GPU needs to be broken for any of it.
 *
 * This file is the command line and the list of scenarios, nothing more.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acct.h"
#include "pan.h"
#include "scenarios.h"
#include "tap.h"

#define DEFAULT_TIMEOUT_S	300

bool edges_short, edges_long;

/*
 * FAULTS: it needs a kernel with fault injection. ENDS: upstream's kernel does not survive
 * it, and runs it by its name only.
 */
enum kind {
	FAULTS = 1,
	ENDS = 2,
};

static const struct scenario scenarios[] = {
	{ "reclaim", "buffers are taken away and come back, byte by byte", run_reclaim, 0 },
	{ "reclaim-vms", "the same for shared, sparse and half-bound buffers", run_reclaim_vms, 0 },
	{ "gone-vms", "slabs when thousands of VMs came and went", run_gone_vms, 0 },
	{ "pressure", "buffers go to a swap file when memory is short", run_pressure, 0 },
	{ "export", "buffers as dma-bufs", run_export, 0 },
	{ "import", "memory of somebody else", run_import, 0 },
	{ "import-part", "a part of that is unmapped", run_import_part, ENDS },
	{ "mmap", "CPU mappings: huge, forked, private, beyond", run_mmap, 0 },
	{ "mmio", "the flush ID's page at its two offsets", run_mmio, 0 },
	{ "layout", "VMs split between user and kernel in many ways", run_layout, 0 },
	{ "syncs", "sync objects within one submission, and timelines", run_syncs, 0 },
	{ "waits", "waits that outlast the GPU's sleep", run_waits, 0 },
	{ "jobs", "which queued operations are one job", run_jobs, 0 },
	{ "trace", "the driver's tracepoints", run_trace, 0 },
	{ "profiling", "what jobs measure about themselves", run_profiling, 0 },
	{ "devfreq", "the device's clock in sysfs", run_devfreq, 0 },
	{ "secrets", "no address of the kernel's is told", run_secrets, 0 },
	{ "failing", "every allocation of every request fails once", run_failing,
	  FAULTS | ENDS },
	{ "failing-restore", "the same as buffers that were taken come back",
	  run_failing_restore, FAULTS },
	{ "failing-probe", "the same while the driver probes", run_failing_probe, FAULTS },
};

static void usage(FILE *f)
{
	fprintf(f,
		"Usage: edges [OPTION]... [SCENARIO]...\n"
		"Panthor at the edges of everyday work. Prints TAP; exits 0 only when no test\n"
		"point failed.\n"
		"\n"
		"  --short        leave out what takes long\n"
		"  --long         try longer for what comes by chance\n"
		"  --no-faults    leave out what needs a kernel with fault injection\n"
		"  --timeout S    seconds that a scenario may take (%d)\n"
		"  --list         the names of the scenarios\n"
		"  --help         this text\n"
		"\n"
		"Without a SCENARIO all run, but \"import-part\" and \"failing\" not on upstream's\n"
		"kernel, which does not survive them (docs/panthor-findings.md):\n",
		DEFAULT_TIMEOUT_S);
	tap_about(f, scenarios, ARRAY_SIZE(scenarios), 0, ' ');
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "timeout", required_argument, NULL, 't' },
		{ "short", no_argument, NULL, 's' },
		{ "long", no_argument, NULL, 'L' },
		{ "no-faults", no_argument, NULL, 'n' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	unsigned int timeout_s = DEFAULT_TIMEOUT_S;
	unsigned int without = 0;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 't':
			timeout_s = strtoul(optarg, NULL, 0);
			break;
		case 's':
			edges_short = true;
			break;
		case 'L':
			edges_long = true;
			break;
		case 'n':
			without |= FAULTS;
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
	tap_init("edges");
	if (acct_has_slab())
		without |= ENDS;
	tap_run_names(scenarios, ARRAY_SIZE(scenarios), argv + optind, without,
		      tap_run, timeout_s);
	return tap_done();
}

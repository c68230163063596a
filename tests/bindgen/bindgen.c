// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bindgen: random VM_BIND operations against a model of the address space.
 *
 * This file is the command line and the list of scenarios, nothing more.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "broken.h"
#include "check.h"
#include "host.h"
#include "inject.h"
#include "pan.h"
#include "scenarios.h"
#include "tap.h"

/* Beyond --seconds */
#define PATIENCE_S	900

struct options options = { .seed = 1, .seconds = 5 };

/*
 * INJECTS: needs a QMP port. FAULTS: a kernel with fault injection. FINDING:
 * upstream's driver does it wrong, so that it runs by its name only.
 */
enum kind {
	INJECTS = 1,
	FAULTS = 2,
	FINDING = 4,
};

static const struct scenario scenarios[] = {
	{ "random", "one VM, synchronous and queued operations", run_random, 0 },
	{ "queued", "behind fences that have not signalled", run_queued, 0 },
	{ "vms", "several VMs, a thread each", run_vms, 0 },
	{ "kills", "processes are killed while they bind", run_kills, 0 },
	{ "resets", "faults, hangs and resets in between", run_resets, INJECTS },
	{ "failing", "each allocation of a bind fails", run_failing, FAULTS },
	{ "residue", "tables that stay when all is unmapped", run_residue, 0 },
	{ "pressure", "buffers are taken away meanwhile", run_pressure, 0 },
	{ "finding-kill", "killed with operations queued: the VM stays",
	  run_finding_kill, FINDING },
	{ "finding-block", "small pages that become a block", run_finding_block,
	  FINDING },
};

static char mark(const struct scenario *s)
{
	if (s->kind & FINDING)
		return '!';
	return s->kind & INJECTS ? '*' : ' ';
}

static void usage(FILE *f)
{
	fprintf(f,
		"Usage: bindgen [OPTION]... [SCENARIO]...\n"
		"Random VM_BIND operations, against a model of the address space that is checked\n"
		"in three ways: what the GPU loads, what its walker finds, what the driver lists.\n"
		"Prints TAP; exits 0 only when no test point failed.\n"
		"\n"
		"  --seed N       where chance starts (1)\n"
		"  --seconds N    how long a scenario goes on (5)\n"
		"  --ops N        it ends after so many operations\n"
		"  --samples N    walks in a check, and four times as many loads (48)\n"
		"  --checks LIST  only these, of loads,walks,list\n"
		"  --break NAME   a mistake in the model: it must be found\n"
		"  --quick        leave out what takes long\n"
		"  --no-faults    leave out what needs a kernel with fault injection\n"
		"  --list         the names of the scenarios\n"
		"  --mistakes     the names for --break\n"
		"  --help         this text\n"
		"\n"
		"Without a SCENARIO all run but those with a !, which show what upstream's driver\n"
		"does wrong. Those with a * need the virtual Mali's QMP in the guest\n"
		"(scripts/guest/guest.sh --inject), and so do walks:\n");
	for (unsigned int i = 0; i < ARRAY_SIZE(scenarios); i++)
		fprintf(f, " %c%-15s%s\n", mark(&scenarios[i]),
			scenarios[i].name, scenarios[i].about);
}

static void run(const struct scenario *s, unsigned int timeout_s)
{
	if (s->kind & INJECTS && !inject_ready()) {
		skip("there is no QMP port in this guest", "%s", s->name);
		return;
	}
	tap_run(s, timeout_s);
	if (inject_ready())
		inject_clear();
	stay_awake(false);
}

static bool parse_break(const char *name)
{
	if (broken_set(name))
		return true;
	fprintf(stderr, "bindgen: there is no mistake '%s'; see --mistakes\n", name);
	return false;
}

static bool parse_checks(const char *names)
{
	if (checks_set(names))
		return true;
	fprintf(stderr, "bindgen: checks are loads, walks and list\n");
	return false;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "seed", required_argument, NULL, 'e' },
		{ "seconds", required_argument, NULL, 's' },
		{ "ops", required_argument, NULL, 'o' },
		{ "samples", required_argument, NULL, 'p' },
		{ "checks", required_argument, NULL, 'c' },
		{ "break", required_argument, NULL, 'b' },
		{ "quick", no_argument, NULL, 'q' },
		{ "no-faults", no_argument, NULL, 'n' },
		{ "list", no_argument, NULL, 'l' },
		{ "mistakes", no_argument, NULL, 'm' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	unsigned int without = FINDING;
	int opt;

	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (opt) {
		case 'e':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case 's':
			options.seconds = strtoul(optarg, NULL, 0);
			break;
		case 'o':
			options.ops = strtoul(optarg, NULL, 0);
			break;
		case 'p':
			samples = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			if (!parse_checks(optarg))
				return 2;
			break;
		case 'b':
			if (!parse_break(optarg))
				return 2;
			break;
		case 'q':
			options.quick = true;
			break;
		case 'n':
			without |= FAULTS;
			break;
		case 'l':
			tap_list(scenarios, ARRAY_SIZE(scenarios));
			return 0;
		case 'm':
			broken_list();
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
	tap_init("bindgen");
	inject_open();
	tap_run_names(scenarios, ARRAY_SIZE(scenarios), argv + optind, without,
		      run, options.seconds * 4 + PATIENCE_S);
	return tap_done();
}

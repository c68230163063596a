// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bindcost: what VM_BIND costs the processor. To be run with one processor and
 * time that passes by instructions (QEMU's -icount), so that a figure is a
 * number of instructions and the same each time.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "costs.h"
#include "tap.h"

#define ROUNDS		30
#define SHORT_ROUNDS	12

static void usage(FILE *f)
{
	fprintf(f,
		"Usage: bindcost [--short]\n"
		"       bindcost --during COMMAND...\n"
		"What VM_BIND on Panthor costs in instructions, and how often it allocates\n"
		"memory where it may not.\n"
		"\n"
		"  --short   %d rounds for each figure in place of %d\n"
		"  --during  run a command, count what its queued binds allocate where they\n"
		"            may not; fails when they do, and when there were none\n"
		"  --help    this text\n", SHORT_ROUNDS, ROUNDS);
}

int gpu_touch(struct gpu *g)
{
	struct cs cs;

	/* All before it has come to its end */
	g->cmd_used = 0;
	cs = gpu_cs(g);
	cs_end(&cs);
	return gpu_run(g, &cs);
}

void queue_and_wait(struct pan *p, uint32_t vm, struct drm_panthor_vm_bind_op *ops,
		    unsigned int n, uint32_t syncobj)
{
	struct drm_panthor_sync_op signal = pan_signal(syncobj, 0);

	ops[n - 1].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &signal);
	need(pan_bind(p, vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, n));
	need(pan_syncobj_wait(p, syncobj, 0, PAN_TIMEOUT_MS));
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "short", no_argument, NULL, 's' },
		{ "during", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	unsigned int rounds = ROUNDS;
	bool during = false;
	struct pan p;
	int opt;

	while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (opt) {
		case 's':
			rounds = SHORT_ROUNDS;
			break;
		case 'd':
			during = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (during == !argv[optind]) {
		usage(stderr);
		return 2;
	}
	tap_init("bindcost");
	if (during)
		return allocations_during(argv + optind);
	need(pan_open(&p));
	cost_instructions(&p, rounds);
	cost_allocations(&p);
	pan_close(&p);
	printf("bench: done\n");
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the soak: workers keep groups busy and check what they did, the
 * injector has the GPU fail, soak.c starts both and reports.
 *
 * Invariant: what a worker counts as done was reported as complete by a fence
 * without an error, and was compared byte by byte; what it counts as lost was
 * reported as failed. Nothing else can happen to a job; when it does, it is
 * counted as wrong or as unreported, and the soak fails.
 */
#ifndef SOAK_H
#define SOAK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gpu.h"

#define NUM_VMS		8u
#define GROUPS_PER_VM	8u
#define PIECE		SZ_64K	/* bytes that a job copies */

/**
 * struct tally - what became of the jobs of a worker
 * @done: Complete, and every byte was right.
 * @wrong: Complete, and a byte was wrong.
 * @lost: Reported as failed: by the fence, or refused by a dead group.
 * @stuck: Neither within the time-out, or refused by a group that is not dead.
 * @groups: Groups made again.
 * @vms: VMs made again.
 * @binds: Pieces unmapped and mapped again.
 */
struct tally {
	atomic_ulong done, wrong, lost, stuck;
	atomic_ulong groups, vms, binds;
};

/* Set when workers shall finish their round and end */
extern atomic_bool soak_over;

struct worker {
	struct pan *pan;
	unsigned int id;
	struct tally tally;
	/* The rest belongs to worker.c */
	struct gpu owner;
	struct gpu member[GROUPS_PER_VM];
	struct cs stream[GROUPS_PER_VM];
	/* Each piece that is copied is in one of two buffers: from[] says which */
	struct pan_bo src[2], dst;
	unsigned int from[GROUPS_PER_VM];
	uint32_t seed;
	uint32_t random;
	pthread_t thread;
};

void worker_open(struct worker *w, struct pan *p, unsigned int id);
void *worker_run(void *worker);
/* One round after all is over: how many of its groups did not do their work */
unsigned int worker_last_round(struct worker *w);
void worker_close(struct worker *w);

/* --- Injection -------------------------------------------------------------- */

#define NUM_KINDS	5u

struct injected {
	const char *what;
	unsigned int times;
	unsigned int resets;
};

extern struct injected injected[NUM_KINDS];

/*
 * A thread: until soak_over, every @every_ms one failure and what follows. While
 * it runs the port to QEMU is its own; others read @resets.
 */
struct injector {
	unsigned int every_ms;
	atomic_ulong resets;
	unsigned int next;
	pthread_t thread;
};

void *injector_run(void *injector);

#endif /* SOAK_H */

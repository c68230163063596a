/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bindcost measures. Each function prints lines
 *
 *	bench: SCENARIO METRIC VALUE
 *
 * and leaves through need() when something that must work does not.
 */
#ifndef BINDCOST_COSTS_H
#define BINDCOST_COSTS_H

#include "gpu.h"

/* Instructions an operation, each figure the mean of @rounds */
void cost_instructions(struct pan *p, unsigned int rounds);

/* Allocations while queued operations run and while they are prepared */
void cost_allocations(struct pan *p);

/*
 * The command's exit code; 3 when that is 0 and it queued no binds, or those
 * allocated in their fence-signalling sections, or some events were lost.
 */
int allocations_during(char **argv);

/*
 * An empty job: the VM gets an address space, and keeps it until the GPU is
 * suspended, 50 ms later.
 */
int gpu_touch(struct gpu *g);

/* The binds of @n operations, in one call that waits for nothing, and waited for */
void queue_and_wait(struct pan *p, uint32_t vm, struct drm_panthor_vm_bind_op *ops,
		    unsigned int n, uint32_t syncobj);

#endif /* BINDCOST_COSTS_H */

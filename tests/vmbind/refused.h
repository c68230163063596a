/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread whose calls are refused all, one after another, and which has memory
 * reclaimed between them: what they held goes while others work.
 */
#ifndef VMBIND_REFUSED_H
#define VMBIND_REFUSED_H

#include <pthread.h>
#include <stdatomic.h>

#define NOWHERE	0x7fffffffu	/* a handle that nothing has */

struct refused {
	/* Call number @i: a negative errno */
	int (*call)(unsigned int i);
	unsigned int calls_per_reclaim;
	pthread_t thread;
	atomic_bool stop;
	/* Once it is over: calls that were refused, and those that were not */
	unsigned int refused;
	unsigned int taken;
};

/* @r outlives the scenario, which need() may leave before the end */
void refused_start(struct refused *r);
void refused_stop(struct refused *r);

#endif /* VMBIND_REFUSED_H */

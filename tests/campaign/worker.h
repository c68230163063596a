/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Workers: processes whose threads make calls, until they are told to end or are killed.
 */
#ifndef CAMPAIGN_WORKER_H
#define CAMPAIGN_WORKER_H

#include "state.h"

/* The call START: a new process with a seed of its own. Does not return in it */
void worker_start(const struct call *start);
/* What it is to become a worker, and one of its threads, for those who make calls of their own */
void worker_begin(const struct call *start);
void worker_thread(unsigned int thread);
/* The call FORK: a child with the same files and places. 0 or a negative errno */
int worker_fork(const struct call *c);

#endif /* CAMPAIGN_WORKER_H */

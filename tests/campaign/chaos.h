/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes wrong around the workers: the GPU fails, memory is short, the device sleeps,
 * caches are dropped, the driver is unbound. A thread of the supervisor draws it from a
 * seed of its own, and what it does is in the log like any call.
 */
#ifndef CAMPAIGN_CHAOS_H
#define CAMPAIGN_CHAOS_H

#include "state.h"

/* Once, before all: a cgroup for the workers, where the kernel has them */
void chaos_prepare(void);
/* A round's thread */
void chaos_start(uint64_t seed);
/* False when it hangs in the kernel */
bool chaos_stop(void);
/* One of them, as the call says */
void chaos_do(const struct call *c);
/* Nothing is wrong any more, and the driver is bound */
void chaos_end(void);

/* How often the driver was unbound */
unsigned long chaos_unbound(void);
unsigned int chaos_kinds(void);
const char *chaos_name(unsigned int i);
/* All that happened by which something can fail */
unsigned long chaos_faults(void);

#endif /* CAMPAIGN_CHAOS_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model against the truth, looked at in three ways. Each wants a drained
 * queue, and is false, and wrong(), when the two differ.
 */
#ifndef BINDGEN_CHECK_H
#define BINDGEN_CHECK_H

#include <stdbool.h>

#include "world.h"

enum check {
	CHECK_LOADS = 1,
	CHECK_WALKS = 2,
	CHECK_LIST = 4,
};

/* Which of them are done (all), and at how many places */
extern unsigned int checks;
extern unsigned int samples;

/* "loads,walks,list"; false when a name is none of them */
bool checks_set(const char *names);

/* The GPU loads from @n places where something is mapped */
bool check_loads(struct world *w, unsigned int n);

/*
 * The GPU's walker translates @n addresses, of which some are beside what is
 * mapped: physical address, permissions, memory type, blocks, and what the TLB
 * holds. Not without a QMP port, and not when others take the VM's address space
 * away. Nothing may be evicted meanwhile.
 */
bool check_walks(struct world *w, unsigned int n);

/* The driver's own list of what is mapped, in debugfs, all of it */
bool check_list(struct world *w);

/* A load where nothing is mapped ends in a fault, and the VM lives on */
bool check_fault(struct world *w);

/* The three of them; false at the first that fails */
bool check_three(struct world *w);
/* The queue is drained, and the three */
bool check_all(struct world *w);

/*
 * Which pieces of 2 MiB of the buffers are blocks: each is mapped once, in an
 * empty VM, and walked. Their number; 0 without a QMP port.
 */
unsigned int survey(struct world *w);

#endif /* BINDGEN_CHECK_H */

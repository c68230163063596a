/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A booted GPU that can be put back into its first state in microseconds: what
 * the fuzzer runs each of its inputs on. Also the invariants that must hold
 * whatever the guest does.
 */
#ifndef FUZZ_MACHINE_H
#define FUZZ_MACHINE_H

#include "driver.h"

#define NUM_GROUPS	3u	/* 0 and 1 are started, 2 is suspended */
#define NUM_QUEUES	2u
#define RING_SIZE	0x1000u
#define DATA_VA		0x10000000ull
#define DATA_PAGES	8u
#define HEAP_VA		0x20000000ull	/* chunks of two pages */
#define HEAP_PAGES	8u
#define SHADER_VA	0x30000000ull	/* code, and descriptors behind it */
#define SHADER_SPD	0x100
#define SHADER_TSD	0x140
#define SHADER_SRT	0x180
#define SHADER_FAU	0x1c0

enum start {
	START_POWER_ON,		/* the model after power-up, memory as booted */
	START_BOOTED,		/* firmware up, no group */
	START_GROUPS,		/* groups started, one suspended */
	NUM_STARTS,
};

/* A part of guest memory that means something to the GPU */
struct region {
	uint64_t pa;
	uint32_t size;
};

#define MAX_REGIONS	64u

struct machine {
	struct driver d;
	struct group g[NUM_GROUPS];
	uint64_t data_pa[DATA_PAGES];
	uint64_t heap_pa[HEAP_PAGES];
	uint64_t shader_pa;
	struct region region[MAX_REGIONS];
	unsigned int num_regions;
	unsigned long runs;	/* of mali_run(), in this execution */
};

/* Boots it once and takes the snapshots; aborts when that does not work. */
void machine_init(struct machine *m);
/* Model, memory and rings as in @start. */
void machine_restore(struct machine *m, enum start start);

/* A write of the CPU to guest memory, within RAM or not */
void machine_poke(struct machine *m, uint64_t pa, const void *buf, size_t len);
/* Let @ns pass; an idle model is not asked again and again. */
void machine_pass(struct machine *m, uint64_t ns);
/* Aborts with a message when the model contradicts itself. */
void machine_check(struct machine *m);
/* A number that differs when anything that a guest can see differs */
uint64_t machine_hash(struct machine *m);

#endif /* FUZZ_MACHINE_H */

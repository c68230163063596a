/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random binds of several buffers and memory objects, and the model of them.
 *
 * A round draws some calls of vkQueueBindSparse, hands them to the driver, perhaps behind
 * a gate, does them to the model, and has the GPU look.
 *
 * Invariants:
 * - All that is random comes from world::random, so that a seed repeats a run.
 * - Vulkan leaves it open in which order binds of the same blocks are done, but where a
 *   semaphore is between them. So the calls of a round are chained by a timeline, batch by
 *   batch, or no block occurs in two of them; within a batch none ever does.
 * - Buffers without residency are bound all over from the start, and never unbound: Vulkan
 *   allows no access to them otherwise.
 * - buf::now is what the driver was told last; world::before what is bound as long as the
 *   round's gate is closed.
 */
#ifndef VKSPARSE_WORLD_H
#define VKSPARSE_WORLD_H

#include "objects.h"
#include "tap.h"

#define NUM_BUFS	4u
#define NUM_MEMS	4u
#define MAX_CALLS	6u
#define MAX_BATCHES	4u
#define MAX_BINDS	12u
#define HISTORY		24u
#define TILE		65536ull
/* Blocks in which there is more to be seen than elsewhere: 3 MiB of them */
#define NEAR		(3 * MIB / BLOCK)

struct options {
	uint64_t seed;
	unsigned long binds;
	unsigned int seconds;
	enum unbind unbind;
};

extern struct options options;

/* What a round's binds wait for */
enum gate {
	GATE_NONE,
	GATE_HOST,	/* a timeline that the host signals */
	GATE_BINARY,	/* a binary semaphore of a shader that runs */
	GATE_TIMELINE,	/* a timeline of such a shader */
	NUM_GATES,
};

/* @memory: UNBOUND for an unbind */
struct bind {
	unsigned int buf;
	uint32_t first, count;
	int memory;
	uint32_t page;
};

struct past {
	unsigned long round;
	unsigned int call, batch;
	enum gate gate;
	struct bind bind;
};

struct tally {
	unsigned long binds, unbinds, batches, calls, rounds;
	unsigned long gates[NUM_GATES];
	unsigned long loads, stores, holes;
};

/**
 * struct world - all of it
 * @line: Timeline of the binds, and @point its last value.
 * @gate_sem: Timeline of the gates, and @gate_point its last value.
 * @binary: Binary semaphore of the gates.
 * @spin: The gates' own dispatch.
 * @taken: Blocks that a bind of this round, or batch, is about, by buffer.
 * @chained: Whether batches of this round wait for each other.
 * @wrong: The first thing that was not as it should be; "" as long as all is.
 */
struct world {
	struct vk vk;
	struct touch touch, spin;
	struct mem mem[NUM_MEMS];
	struct buf buf[NUM_BUFS];
	struct residency before[NUM_BUFS];
	bool *taken[NUM_BUFS];
	uint64_t random;
	enum unbind unbind;
	VkSemaphore line, gate_sem, binary;
	uint64_t point, gate_point;
	bool chained;
	struct past past[HISTORY];
	unsigned long pasts;
	struct tally tally;
	char wrong[200];
};

void world_open(struct world *w);
void world_close(struct world *w);

/* In [0, n) */
uint64_t below(struct world *w, uint64_t n);

/* The first time, it becomes @wrong; always false */
__printf(2, 3)
bool wrong(struct world *w, const char *fmt, ...);

/* A round; false when something was wrong */
bool world_round(struct world *w);
/* Each byte of each memory object; false when something is wrong */
bool world_compare(struct world *w);

/* The seed and the last operations, as notes */
void world_tell(const struct world *w);

/* look.c: accesses of the GPU's, against @map, one for each buffer. After @point of the
 * timeline of binds, if that is not 0
 */
bool world_look(struct world *w, const struct residency *const *map, uint64_t point);

#endif /* VKSPARSE_WORLD_H */

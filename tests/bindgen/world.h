/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM, its model, and what is done to both: operations are drawn from a seeded
 * generator, handed to the driver and, when they have been executed, to the
 * model.
 *
 * Invariants:
 * - All that is random comes from world::random, so that a seed repeats a run.
 * - An operation stays within one window. A window has operations of one kind
 *   under way, queued ones, in the queue's order; synchronous ones go only where
 *   none is queued (@queued).
 * - The model is right when the queue is drained. Before, it is ahead of the driver
 *   in the windows that are in @queued; or right as well, while nothing that is
 *   queued can have been executed and the model waits with it (@holding).
 */
#ifndef BINDGEN_WORLD_H
#define BINDGEN_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "bufs.h"
#include "gpu.h"
#include "space.h"
#include "tap.h"

#define HISTORY		24u
#define MAX_BATCH	16u
#define MAX_HELD	256u
#define NUM_WINDOWS	6u
#define ALL_WINDOWS	((1u << NUM_WINDOWS) - 1)

/* Part of the address space; @cross: a boundary inside that is worth crossing */
struct window {
	const char *name;
	uint64_t va;
	uint64_t size;
	uint64_t cross;
};

extern const struct window windows[NUM_WINDOWS];

enum op_kind {
	OP_MAP,
	OP_SPARSE,
	OP_UNMAP,
};

struct op {
	enum op_kind kind;
	unsigned int window;
	struct extent e;
};

/* What was done and seen, for the report */
struct tally {
	unsigned long ops, batches, queued;
	unsigned long checks, loads, walks, listed, blocks, faults;
};

/**
 * struct world - a VM under test
 * @space: The model.
 * @queued: Windows in which queued operations may not have been executed yet.
 * @holding: Queued operations wait in @held until drain() does them to the model.
 * @fence: Signalled by the last operation of each queued batch.
 * @result: Where the GPU stores what it loaded; mapped at @result_va, which no
 *	other VM in the system has mapped, so that the VM can be recognized.
 * @as: Its address space when it was last looked for.
 * @dummy: What debugfs calls the memory behind sparse ranges.
 * @sparse_pa: Where each page of that memory is; 0 while that is not known.
 * @wrong: The first thing that was not as it should be; "" as long as all is.
 */
struct world {
	struct pan *pan;
	struct bufs *bufs;
	struct gpu gpu;
	struct space space;
	uint64_t random;
	uint32_t queued;
	bool holding;
	unsigned int held_count;
	struct op held[MAX_HELD];
	uint32_t fence;
	struct pan_bo result;
	uint64_t result_va;
	unsigned int as;
	uint64_t dummy;
	uint64_t sparse_pa[512];
	struct op history[HISTORY];
	unsigned int done;
	struct tally tally;
	char wrong[200];
};

/* @id: another one for each VM that this process has at a time, below 8 */
void world_open(struct world *w, struct pan *p, struct bufs *b, unsigned int id,
		uint64_t seed);
void world_close(struct world *w);

/* In [0, n) */
uint64_t below(struct world *w, uint64_t n);

/* The first time, it becomes @wrong; always false */
__printf(2, 3)
bool wrong(struct world *w, const char *fmt, ...);

/* An operation in one of the windows of mask @in */
struct op draw_op(struct world *w, uint32_t in);
struct drm_panthor_vm_bind_op op_for_driver(const struct world *w,
					    const struct op *op);
/* The operation is in the history, and what it does to the model is done */
void op_done(struct world *w, const struct op *op);

/* False, and wrong, when the driver does not take them */
bool bind_now(struct world *w, const struct op *ops, unsigned int n);
/* Queue them, behind the fence in syncobj @wait, at @point if that is not 0 */
bool bind_queued(struct world *w, const struct op *ops, unsigned int n,
		 uint32_t wait, uint64_t point);
/* Wait until what is queued has been executed */
bool drain(struct world *w);

/* A batch of random operations, now or queued, as the invariants allow */
bool random_batch(struct world *w);
/* Up to @most in windows of mask @in */
unsigned int draw_batch(struct world *w, struct op *ops, unsigned int most,
			uint32_t in);

/* All windows are unmapped and the queue is empty */
bool unmap_all(struct world *w);

/* The last operations and the seed, as notes */
void tell_history(const struct world *w);

#endif /* BINDGEN_WORLD_H */

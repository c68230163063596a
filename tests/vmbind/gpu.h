/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM with a group of two queues, memory for command streams and memory for
 * sync objects: what a scenario works with. Patterns and the copy loop too.
 */
#ifndef VMBIND_GPU_H
#define VMBIND_GPU_H

#include <stdbool.h>
#include <stdint.h>

#include "cs.h"
#include "pan.h"

/* Where struct gpu maps its own memory; scenarios stay at DATA_VA and above */
#define CMD_VA		0x40000000ull
#define CMD_SIZE	SZ_2M
#define WORDS_VA	0x48000000ull
#define WORDS_SIZE	SZ_64K
#define DATA_VA		0x8000000000ull

/*
 * Sync objects of 16 bytes: a 64-bit value, then a 32-bit status that a
 * faulty stream would set.
 */
enum word {
	WORD_GO,
	WORD_DONE,
	WORD_STOP,
	WORD_SCRATCH,
	WORD_LOOPS,
};

/*
 * Registers of our streams: r0-r63 hold data on its way, these addresses and
 * counters. The kernel's own calling sequence uses the last four of all.
 */
enum reg {
	R_SRC = 64,
	R_DST = 66,
	R_COUNT = 68,
	R_FLUSH = 69,
	R_ADDR = 70,
	R_DATA = 72,
	R_CALL = 74,
};

struct gpu {
	struct pan *pan;
	uint32_t vm;
	uint32_t group;
	uint32_t done;
	struct pan_bo cmd;
	struct pan_bo words;
	unsigned int cmd_used;
};

/* Both leave the scenario when they fail, through need() */
void gpu_open(struct gpu *g, struct pan *p);
/* Its group alone goes; nothing if it has none any more */
void gpu_end_group(struct gpu *g);
void gpu_close(struct gpu *g);

/* The value of a sync object, as the CPU sees it */
uint64_t gpu_word(const struct gpu *g, enum word w);
void gpu_set_word(struct gpu *g, enum word w, uint64_t val);
uint64_t gpu_word_va(enum word w);

/* A buffer object in a VM, to be checked word by word */
void gpu_bo(struct gpu *g, uint64_t size, struct pan_bo *bo);
void gpu_map(struct gpu *g, uint64_t va, const struct pan_bo *bo,
	     uint64_t offset, uint64_t size);

/*
 * A new stream. Only one is written at a time; once queued or kept, what it
 * holds stays until gpu_close().
 */
struct cs gpu_cs(struct gpu *g);
void gpu_cs_keep(struct gpu *g, const struct cs *cs);

/* [dst, dst + size) = [src, src + size), size a multiple of 256 */
void cs_copy_args(struct cs *cs, uint64_t dst, uint64_t src, uint64_t size);
void cs_copy_loop(struct cs *cs);
void cs_copy(struct cs *cs, uint64_t dst, uint64_t src, uint64_t size);
void cs_word_add(struct cs *cs, enum word w, uint64_t val);
/* Waits until the sync object is greater than @val */
void cs_word_wait(struct cs *cs, enum word w, uint64_t val);
/* Back to instruction @loop until gpu_stop(); counts in WORD_LOOPS */
void cs_until_stopped(struct cs *cs, unsigned int loop);
/* Ends a stream: what it stored becomes visible to the CPU */
void cs_end(struct cs *cs);

/*
 * Queue a stream with fences to wait for and to signal (0 for none). Negative
 * errno.
 */
int gpu_queue(struct gpu *g, unsigned int queue, const struct cs *cs,
	      uint32_t wait, uint32_t signal);

/* Queue it on queue 0 and wait for it: 0, -EIO when the group died, -ETIME */
int gpu_run(struct gpu *g, const struct cs *cs);
int gpu_copy(struct gpu *g, uint64_t dst, uint64_t src, uint64_t size);

/*
 * Queue a stream that loops until it is stopped and wait until it runs, in
 * time that the driver's job timeout leaves. gpu_stop() is 0 or a negative
 * errno, as gpu_run().
 */
void gpu_start(struct gpu *g, const struct cs *cs);
int gpu_stop(struct gpu *g);
/* The same with a stream that does nothing: the VM keeps its address space */
void gpu_start_idling(struct gpu *g);

/* One load and one store at each of @count places, @step bytes apart */
int gpu_touch_each(struct gpu *g, uint64_t va, uint32_t step, unsigned int count);

/* The group reported a fatal fault */
bool gpu_dead(const struct gpu *g);
/* A new group in the same VM, after a fault */
int gpu_revive(struct gpu *g);

/* Word @i of pattern @seed: no two seeds, no two places alike */
uint64_t pattern(uint32_t seed, uint64_t i);
void fill(void *p, uint32_t seed, uint64_t size);
/* The next of the throws that @seed has, the same each time */
uint64_t dice(uint32_t seed, uint64_t *turn, uint64_t sides);
/*
 * @size bytes at @p are bytes [from, from + size) of pattern @seed. A mismatch
 * becomes the detail() of the next point.
 */
bool holds(const void *p, uint32_t seed, uint64_t from, uint64_t size);

#endif /* VMBIND_GPU_H */

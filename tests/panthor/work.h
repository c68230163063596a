/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work for the GPU whose outcome can be told: groups that share a VM, sums that
 * live in registers only, and what has to be true of a group afterwards.
 */
#ifndef PANTHOR_WORK_H
#define PANTHOR_WORK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "gpu.h"

#define OUT_VA		DATA_VA		/* struct sum_out of every member */
#define COPY_VA		(DATA_VA + SZ_1G)

/*
 * Another group in the VM of @owner, with its own fence. Streams are written
 * with the owner's gpu_cs() and queued with this one. Members' own sync
 * objects are those from member_word() on.
 */
void member_open(struct gpu *g, const struct gpu *owner, int priority,
		 unsigned int queues);
void member_close(struct gpu *g);
enum word member_word(unsigned int member, unsigned int i);

/* What a sum leaves in memory: see cs_sum() */
struct sum_out {
	uint32_t sum;
	uint32_t rounds;
	uint64_t big;
	uint32_t kept[12];
};

/*
 * Streams that count in registers through nested calls. A buffer for the
 * results of @members is mapped at OUT_VA; each round also goes to memory, at
 * member_word(i, 0), so that the CPU sees it move.
 */
struct sums {
	struct gpu *owner;
	struct pan_bo out;
	uint64_t sub;
	uint32_t sub_bytes;
};

void sums_open(struct sums *s, struct gpu *owner);
void sums_close(struct sums *s);
/* The stream of member @i: @rounds rounds */
struct cs sums_stream(struct sums *s, unsigned int i, uint32_t rounds);
/* The same until the CPU sets the owner's WORD_STOP: as many as sums_progress() */
struct cs sums_until_stopped(struct sums *s, unsigned int i);
/*
 * How many rounds the GPU does in @ms of its whole time, as busy as this
 * machine is: a job must neither be over at once nor outlive its time-out.
 */
uint32_t sums_rounds(struct sums *s, unsigned int ms);
uint32_t sums_progress(const struct sums *s, unsigned int i);
/* The results are exactly those of @rounds rounds */
bool sums_right(const struct sums *s, unsigned int i, uint32_t rounds);

/* A file, a VM, a group and a copy, all new: what a client that starts does */
bool gpu_works(void);
/* The same as a test point: "WHEN a new client's work is done and right" */
void life_goes_on(const char *when);

/* 64 KiB through the group, checked; a different pattern each time */
struct copier {
	struct gpu gpu;
	struct pan_bo src;
	struct pan_bo dst;
	uint32_t seed;
};

void copier_open(struct copier *c, struct pan *p);
/*
 * As test points: a file of its own, @p, and a copier on a GPU that stays awake; "@first",
 * which is a copy, gives its VM an address space
 */
void copier_open_awake(struct copier *c, struct pan *p, const char *first);
void copier_close(struct copier *c);
/* 0, or a negative errno; -EBADMSG when the bytes are wrong */
int copier_run(struct copier *c);
/* Its VM has @tables leaf tables that are idle */
void copier_leave_tables(struct copier *c, unsigned int tables);
/*
 * Its VM has no group any more and nothing mapped, but keeps its address space, and has
 * @tables leaf tables that are idle. Not for copier_close().
 */
void copier_idle(struct copier *c, unsigned int tables);

/* Tiler heaps: 0, or a negative errno */
int heap_create(struct pan *p, struct drm_panthor_tiler_heap_create *h);
int heap_destroy(struct pan *p, uint32_t handle, uint32_t pad);

/* The job is over within @ms: true, however it ended */
bool ends(const struct gpu *g, unsigned int ms);
/*
 * A test point: the group's state is these flags of GROUP_GET_STATE, its fence
 * carries @fence (1: it is without error), and when it is dead a new job is
 * refused.
 */
void group_is(struct gpu *g, uint32_t state, int fence, const char *what);

/* A stream that never ends, and a job that waits for what never comes */
struct cs cs_endless(struct gpu *owner);
struct cs cs_never(struct gpu *owner, unsigned int member);

/* The GPU was reset again since it had been @resets times, or is within @ms */
bool reset_within(uint64_t resets, unsigned int ms);

/* A call that a thread makes; the rest is the thread's */
struct call {
	struct gpu *g;
	int (*function)(struct gpu *g, void *arg);
	void *arg;
	pthread_t thread;
	bool begun;
	bool over;
	int ret;
};

/* Returns when it has begun */
void call_begin(struct call *c, struct gpu *g, int (*function)(struct gpu *g, void *arg),
		void *arg);
bool call_is_over(const struct call *c);
/* Waits for it; what it returned */
int call_end(struct call *c);

/*
 * A command of the GPU is made to last for ever while a function is called, or @g's VM is
 * changed, or memory is bound in it; those that follow are not slow. What the call
 * returned; the GPU's reset is under way then. @what is "as" or "flush".
 */
int call_with_stuck(const char *what, struct gpu *g,
		    int (*function)(struct gpu *g, void *arg), void *arg);
int op_with_stuck(struct gpu *g, struct drm_panthor_vm_bind_op op, const char *what);
int bind_with_stuck(struct gpu *g, struct pan_bo *bo, const char *what);
/* The same with a command that ends after @ns, which is more than 50 ms */
int bind_with_slow(struct gpu *g, struct pan_bo *bo, const char *what, uint64_t ns);

/*
 * The next command of an address space does not end before the driver gives it up, and
 * does right after that. What the driver says is looked at from here on.
 */
int call_with_late(struct gpu *g, int (*function)(struct gpu *g, void *arg), void *arg);

/* The slot of the stream of a job that has just been queued, within a second */
int slot_of_stream(const struct cs *cs);

#endif /* PANTHOR_WORK_H */

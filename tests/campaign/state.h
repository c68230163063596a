/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a worker has, and what all processes share.
 *
 * A worker is a process with a few threads. Its objects are in places of fixed number, and
 * a call names places; what is in them, nobody knows for sure: threads do not lock, a call
 * may have failed, and a replay may have left out the one that made it. Only two things
 * are kept from going wrong, since the driver is known not to survive it
 * (docs/panthor-findings.md): what a job signals is one of a file's lasting syncobjs, which
 * are there as long as the file, and the number of a file descriptor is never used twice.
 */
#ifndef CAMPAIGN_STATE_H
#define CAMPAIGN_STATE_H

#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "calls.h"
#include "pan.h"

#define MAX_PROCS	16	/* the first is the supervisor */
#define FORKED		8	/* what process n forks is n + FORKED */
#define PID_SOON	(-1)	/* it is being forked */
#define MAX_THREADS	3
#define MAX_ERRNO	134

#define FILES		2
#define VMS		4
#define BOS		12
#define GROUPS		6
#define HEAPS		4
#define SYNCS		8
#define LASTING		4
#define MAPS_EACH	4
#define MAPS		(MAPS_EACH * MAX_THREADS)
#define BUFS		4	/* dma-bufs */
#define FENCES		4	/* sync files and exported syncobjs */

/* Where a VM that is made well has streams and data; binds go elsewhere and here */
#define CODE_VA		0x1000000ull
#define CODE_SIZE	SZ_64K
#define RESULT_VA	0x2000000ull
#define RESULT_SIZE	SZ_64K

struct vm {
	uint32_t id;
	uint32_t code_bo;
	uint32_t data_bo;
	void *code;
};

struct heap {
	uint32_t handle;
	uint64_t ctx_va;
};

struct group {
	uint32_t handle;
	unsigned int vm;	/* the place of its VM */
};

struct bo {
	uint32_t handle;
	uint64_t size;
	uint64_t offset;	/* of its mapping */
};

struct map {
	void *at;
	uint64_t size;
};

struct file {
	int fd;
	struct vm vm[VMS];
	struct bo bo[BOS];
	struct group group[GROUPS];
	struct heap heap[HEAPS];
	uint32_t sync[SYNCS];
	uint32_t lasting[LASTING];
	bool low_window;
};

struct proc {
	unsigned int id;
	unsigned int threads;
	struct drm_panthor_gpu_info gpu;
	struct file file[FILES];
	struct map map[MAPS];
	int buf[BUFS];
	int fence[FENCES];
	int udmabuf;
};

extern struct proc me;

/* What a thread needs to be alone with */
struct self {
	unsigned int thread;
	int fail_nth;		/* its fail-nth, or -1 */
	bool failing;
	sigjmp_buf fault;
	bool may_fault;
};

extern __thread struct self self;

/* Of one thread, for replays: the dispatcher puts a call there and waits until it is made */
struct mailbox {
	atomic_uint state;	/* enum mail */
	struct call call;
};

enum mail { MAIL_DOWN, MAIL_NONE, MAIL_READY, MAIL_TAKEN };

/* In memory that all processes share */
struct shared {
	atomic_uint over;
	atomic_uint replaying;
	atomic_int pid[MAX_PROCS];
	atomic_ulong calls[MAX_PROCS];
	atomic_ulong by_errno[K_COUNT][MAX_ERRNO];
	atomic_ulong by_twist[T_COUNT_OF];
	atomic_ulong failed_allocations;
	atomic_ulong faulted;
	atomic_ulong chaos[64];
	struct mailbox mail[MAX_PROCS][MAX_THREADS];
};

extern struct shared *shared;

struct options {
	uint64_t seed;
	unsigned int seconds;
	unsigned int round_seconds;
	unsigned int rounds;
	unsigned int procs;
	bool faults;
	bool unbind;
	bool findings;
	bool leaks;
	const char *replay;
	const char *until;
	const char *json;
};

extern struct options options;

/* A generator of numbers: splitmix64 */
static inline uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static inline uint32_t draw_below(uint64_t *state, uint32_t n)
{
	return (next_random(state) >> 32) * n >> 32;
}

#endif /* CAMPAIGN_STATE_H */

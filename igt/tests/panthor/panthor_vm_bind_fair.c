// SPDX-License-Identifier: MIT
/*
 * Clients beside each other: one that binds all it can holds up no other's GPU work and
 * no other's binds, and is gone at once when it is killed.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "panthor_bind.h"

IGT_TEST_DESCRIPTION("Checks that a client's binds do not hold up another client.");

enum { BO_ID = 1 };

#define ROUNDS		150
/* The longest that a round may take beside others: a busy machine's noise, and no job's */
#define WORST_MS	1000
#define RACE_MS		1500
#define NUM_CLIENTS	3

static int device = -1;
static struct pb p;
static struct panthor_bo bo;
/* What the other client has bound, in memory that is shared with it */
static unsigned long *progress;

/* The greediest client there can be: it ends when it is killed */
static void bind_large(struct pb *q, struct panthor_bo *b)
{
	for (;;) {
		do_map(q, TEST_VA, b, 0, b->size);
		do_unmap(q, TEST_VA, b->size);
		__atomic_add_fetch(progress, 1, __ATOMIC_SEQ_CST);
	}
}

static void bind_tiles(struct pb *q, struct panthor_bo *b)
{
	static struct drm_panthor_vm_bind_op ops[500];

	for (;;) {
		for (unsigned int i = 0; i < LEN(ops); i++)
			ops[i] = op_map(TEST_VA + i * 33 * TILE, b->handle, 0, TILE);
		igt_assert_eq(bind_raw(q->fd, q->vm, ASYNC, ops, LEN(ops), NULL), 0);
		igt_assert_eq(bind_queued(q, op_unmap(TEST_VA, GB(4)), 0, q->done), 0);
		igt_assert_eq(fence_wait(q->fd, q->done, 0, WAIT_MS), 0);
		__atomic_add_fetch(progress, 1, __ATOMIC_SEQ_CST);
	}
}

static void bind_sparse(struct pb *q, struct panthor_bo *b)
{
	for (unsigned int i = 0;; i++) {
		do_sparse(q, TEST_VA, TB(64));
		do_map(q, TEST_VA + TB(i % 60) + TILE, b, 0, TILE);
		do_unmap(q, TEST_VA + TB(20), TB(20));
		do_unmap(q, TEST_VA, TB(64));
		__atomic_add_fetch(progress, 1, __ATOMIC_SEQ_CST);
	}
}

static unsigned long progressed(void)
{
	return __atomic_load_n(progress, __ATOMIC_SEQ_CST);
}

/* A client that could not bind would be no test of anything */
static void goes_on(unsigned long since)
{
	for (unsigned int i = 0; i < WAIT_MS && progressed() == since; i++)
		sleep_ms(1);
	igt_assert_lt_s64(since, progressed());
}

/* It binds by the time that this returns */
static void start_client(void (*client)(struct pb *q, struct panthor_bo *b))
{
	__atomic_store_n(progress, 0, __ATOMIC_SEQ_CST);
	igt_fork(child, 1) {
		static struct panthor_bo mine;
		static struct pb q;

		igt_assert(nice(5) != -1);
		pb_open(&q, device);
		pb_bo(&q, &mine, 8 * BLOCK, BO_ID);
		client(&q, &mine);
	}
	goes_on(0);
}

/* The GPU reads and a tile is bound, each round within the limit */
static void rounds_are_quick(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		long start = now_ms();
		uint64_t va = TEST_VA + i % 9 * GB(1);

		do_map(&p, va, &bo, i % 4 * TILE, TILE);
		gpu_sees(&p, va, BO_ID, i % 4 * 16, 16);
		do_unmap(&p, va, TILE);
		igt_assert_lt_s64(now_ms() - start, WORST_MS);
	}
}

static void beside(void (*client)(struct pb *q, struct panthor_bo *b))
{
	start_client(client);
	rounds_are_quick();
	goes_on(progressed());
	end_children();
	rounds_are_quick();
}

static void beside_sparse(void)
{
	require_reservations(device);
	beside(bind_sparse);
}

/* --- Alike --------------------------------------------------------------- */

struct race {
	unsigned int ready;
	unsigned int go;
	unsigned long done[NUM_CLIENTS];
};

static void run_race(struct race *r, unsigned int i)
{
	static struct panthor_bo mine;
	static struct pb q;
	long end;

	pb_open(&q, device);
	pb_bo(&q, &mine, BLOCK, BO_ID);
	__atomic_add_fetch(&r->ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&r->go, __ATOMIC_SEQ_CST))
		sleep_ms(1);
	for (end = now_ms() + RACE_MS; now_ms() < end; r->done[i]++) {
		do_map(&q, TEST_VA, &mine, 0, BLOCK);
		gpu_sees(&q, TEST_VA, BO_ID, 0, 16);
		do_unmap(&q, TEST_VA + PAGE, BLOCK - PAGE);
	}
	pb_close(&q);
}

/* Clients that do the same get as far as each other, within a factor of three */
static void alike(void)
{
	struct race *r = shared_memory(sizeof(*r));
	unsigned long least = ~0ul, most = 0;

	igt_fork(child, NUM_CLIENTS)
		run_race(r, child);
	while (__atomic_load_n(&r->ready, __ATOMIC_SEQ_CST) < NUM_CLIENTS)
		sleep_ms(1);
	__atomic_store_n(&r->go, 1, __ATOMIC_SEQ_CST);
	igt_waitchildren();
	for (unsigned int i = 0; i < NUM_CLIENTS; i++) {
		igt_info("client %u: %lu rounds\n", i, r->done[i]);
		least = r->done[i] < least ? r->done[i] : least;
		most = r->done[i] > most ? r->done[i] : most;
	}
	igt_assert_lt_s64(most, 3 * least);
	munmap(r, sizeof(*r));
}

/* --- Killed -------------------------------------------------------------- */

static void killed(void (*client)(struct pb *q, struct panthor_bo *b))
{
	for (unsigned int i = 0; i < 8; i++) {
		long start;

		start_client(client);
		sleep_ms(13 * i);
		start = now_ms();
		end_children();
		igt_assert_lt_s64(now_ms() - start, WORST_MS);
	}
	rounds_are_quick();
}

/* Nothing of who was killed is left */
static void killed_leaves_nothing(void)
{
	long before;

	require_reservations(device);
	reclaim();
	before = tables_at_rest(device, "tables");
	killed(bind_tiles);
	killed(bind_sparse);
	for (unsigned int i = 0; i < 50 && tables_at_rest(device, "tables") != before; i++)
		reclaim();
	igt_assert_eq(tables_at_rest(device, "tables"), before);
}

int igt_main()
{
	void (*const clients[])(struct pb *q, struct panthor_bo *b) = { bind_large, bind_tiles };
	static const char *const names[] = { "large", "tiles" };

	igt_fixture() {
		device = drm_open_driver(DRIVER_PANTHOR);
		progress = shared_memory(sizeof(*progress));
	}

	for (unsigned int i = 0; i < LEN(clients); i++) {
		igt_describe("Rounds of a bind and GPU work, beside a client that only binds");
		igt_subtest_f("beside-%s", names[i]) {
			pb_open(&p, device);
			pb_bo(&p, &bo, BLOCK, BO_ID);
			beside(clients[i]);
			pb_close(&p);
		}
	}

	igt_describe("The same beside a client that binds, cuts and unmaps 64 TiB");
	igt_subtest("beside-sparse") {
		pb_open(&p, device);
		pb_bo(&p, &bo, BLOCK, BO_ID);
		beside_sparse();
		pb_close(&p);
	}

	igt_describe("Three clients that do the same get as far as each other");
	igt_subtest("alike")
		alike();

	igt_describe("Clients are killed while they bind: they end at once");
	igt_subtest("killed") {
		pb_open(&p, device);
		pb_bo(&p, &bo, BLOCK, BO_ID);
		killed(bind_large);
		pb_close(&p);
	}

	igt_describe("And leave no page table");
	igt_subtest("killed-leaves-nothing") {
		pb_open(&p, device);
		pb_bo(&p, &bo, BLOCK, BO_ID);
		killed_leaves_nothing();
		pb_close(&p);
	}

	igt_fixture() {
		munmap(progress, sizeof(*progress));
		drm_close_driver(device);
	}
}

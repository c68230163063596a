// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sparse binds of all the address space there is: however large they are, they take
 * no time and no page tables to speak of, and everything can be bound into their
 * middle; and whoever made them can be killed at any moment. Upstream's kernel can
 * not do this, and warns.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acct.h"
#include "gpu.h"
#include "host.h"
#include "scenarios.h"
#include "tap.h"

#define VAST_VA		SZ_1T
#define OUT_VA		DATA_VA
#define BO_SIZE		(4 * SZ_2M)
#define BO_SEED		71
#define DICE_SEED	72
#define NUM_TILES	48
#define NUM_HOLES	24
#define NUM_KILLS	12
#define MAX_PAGES	8
/* Of the guest's time, which can stand still while the host is busy */
#define MAX_BIND_MS	200
#define MAX_KILL_MS	100
#define KILL_TRIES	5

struct vast {
	struct pan pan;
	struct gpu gpu;
	struct pan_bo bo;
	struct pan_bo out;
	uint64_t size;
	uint64_t turn;
};

/* What is bound over the sparse range */
struct tile {
	uint64_t va;
	uint64_t offset;
	uint64_t size;
};

static uint64_t roll(struct vast *v, uint64_t sides)
{
	return dice(DICE_SEED, &v->turn, sides);
}

/* What remains of the half of the address space that is the user's */
static uint64_t vast_size(const struct pan *p)
{
	return (1ull << ((p->gpu.mmu_features & 0xff) - 1)) - VAST_VA;
}

/* A load and a store, which must not fault; what they see nobody knows */
static bool is_sparse(struct vast *v, uint64_t va)
{
	if (!gpu_touch_each(&v->gpu, va, SZ_4K, 1))
		return true;
	detail("%#llx faults", (unsigned long long)va);
	return false;
}

static bool holds_tile(struct vast *v, const struct tile *t, uint64_t at)
{
	return !gpu_copy(&v->gpu, OUT_VA, t->va + at, SZ_4K) &&
	       holds(v->out.map, BO_SEED, t->offset + at, SZ_4K);
}

/* Places that differ in all levels; half of them close to where a table ends */
static uint64_t random_place(struct vast *v, uint64_t size)
{
	static const uint64_t spans[] = { SZ_2M, SZ_1G, 512 * SZ_1G };
	uint64_t va = VAST_VA + SZ_1G + roll(v, (v->size - 2 * SZ_1G) / SZ_4K) * SZ_4K;
	uint64_t span = spans[roll(v, 3)];

	if (roll(v, 2))
		va = (va & ~(span - 1)) + roll(v, 3) * SZ_4K;
	if (va < VAST_VA + SZ_1G || va + size > VAST_VA + v->size - SZ_1G)
		va = VAST_VA + SZ_1G;
	return va;
}

static bool overlaps(const struct tile *tiles, unsigned int n, uint64_t va, uint64_t size)
{
	for (unsigned int i = 0; i < n; i++)
		if (va <= tiles[i].va + tiles[i].size && tiles[i].va <= va + size)
			return true;
	return false;
}

static bool bind_tile(struct vast *v, struct tile *tiles, unsigned int n)
{
	struct tile *t = &tiles[n];

	do {
		t->size = SZ_4K << roll(v, 12);
		t->va = random_place(v, t->size);
	} while (overlaps(tiles, n, t->va, t->size));
	/* Alike now and then, so that there are blocks among them */
	t->offset = roll(v, 2) ? t->va % SZ_2M : 0;
	if (t->offset + t->size > BO_SIZE)
		t->offset = 0;
	return !pan_map(&v->pan, v->gpu.vm, t->va, &v->bo, t->offset, t->size,
			DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC);
}

static void cut_by_tiles(struct vast *v, struct tile *tiles)
{
	unsigned int bound = 0, read = 0, beside = 0;

	for (unsigned int i = 0; i < NUM_TILES; i++) {
		struct tile *t = &tiles[i];

		bound += bind_tile(v, tiles, i);
		read += holds_tile(v, t, 0) && holds_tile(v, t, t->size - SZ_4K);
		beside += is_sparse(v, t->va - SZ_4K) && is_sparse(v, t->va + t->size);
	}
	is(bound, NUM_TILES, "tiles of 4 KiB to 8 MiB are bound into it");
	is(read, NUM_TILES, "the GPU reads each of them, at both ends");
	is(beside, NUM_TILES, "what is beside them is sparse");

	read = 0;
	for (unsigned int i = 0; i < NUM_TILES; i++)
		read += holds_tile(v, &tiles[i], 0) &&
			holds_tile(v, &tiles[i], tiles[i].size - SZ_4K);
	is(read, NUM_TILES, "they are still there when all of them are bound");
}

/* Ranges go, and nothing beside them. Then they are sparse again, and larger */
static void cut_by_holes(struct vast *v, const struct tile *tiles)
{
	static const uint64_t sizes[] = { SZ_4K, SZ_64K, SZ_2M, 3 * SZ_2M, SZ_1G,
					  SZ_1G + SZ_2M };
	unsigned int gone = 0, beside = 0, again = 0, read = 0;

	for (unsigned int i = 0; i < NUM_HOLES; i++) {
		uint64_t size = sizes[roll(v, ARRAY_SIZE(sizes))], va;

		do {
			va = random_place(v, size);
			/* As often as not what was shared goes as a whole */
			if (roll(v, 2))
				va &= ~(SZ_2M - 1);
		} while (overlaps(tiles, NUM_TILES, va - SZ_2M, size + 2 * SZ_2M));
		gone += !pan_unmap(&v->pan, v->gpu.vm, va, size);
		beside += is_sparse(v, va - SZ_4K) && is_sparse(v, va + size);
		again += !pan_map_sparse(&v->pan, v->gpu.vm, va - SZ_4K, size + SZ_64K) &&
			 is_sparse(v, va) && is_sparse(v, va + size - SZ_4K);
	}
	is(gone, NUM_HOLES, "ranges of it are unmapped");
	is(beside, NUM_HOLES, "what is beside them is sparse");
	is(again, NUM_HOLES, "and they are bound sparse again");

	for (unsigned int i = 0; i < NUM_TILES; i++)
		read += holds_tile(v, &tiles[i], 0);
	is(read, NUM_TILES, "no tile has changed");
}

static void bind_all(struct vast *v)
{
	long start = now_ms();
	unsigned int sparse = 0;

	need(pan_map_sparse(&v->pan, v->gpu.vm, VAST_VA, v->size));
	detail("%ld ms", now_ms() - start);
	ok(now_ms() - start < MAX_BIND_MS, "all from 1 TiB to the end is bound sparse at once");
	for (unsigned int i = 0; i < 64; i++)
		sparse += is_sparse(v, random_place(v, SZ_4K));
	sparse += is_sparse(v, VAST_VA) + is_sparse(v, VAST_VA + v->size - SZ_4K);
	is(sparse, 64 + 2, "loads and stores at random places, the first and the last");
}

static void vast_open(struct vast *v)
{
	need(pan_open(&v->pan));
	gpu_open(&v->gpu, &v->pan);
	gpu_bo(&v->gpu, SZ_4K, &v->out);
	gpu_bo(&v->gpu, BO_SIZE, &v->bo);
	gpu_map(&v->gpu, OUT_VA, &v->out, 0, SZ_4K);
	fill(v->bo.map, BO_SEED, BO_SIZE);
	v->size = vast_size(&v->pan);
}

void run_vast(void)
{
	static struct tile tiles[NUM_TILES];
	static struct vast v;
	const char *why = acct_why_not();
	long before = 0, used;

	vast_open(&v);
	if (!why)
		before = acct_reclaimed();
	bind_all(&v);
	if (why) {
		skip(why, "page-table pages are counted");
	} else {
		used = acct_settled() - before;
		detail("%ld pages", used);
		ok(used <= MAX_PAGES, "it takes a few page tables");
	}
	cut_by_tiles(&v, tiles);
	cut_by_holes(&v, tiles);
	is(pan_unmap(&v.pan, v.gpu.vm, VAST_VA, v.size), 0, "all of it is unmapped");
	if (!why)
		is(acct_wait_for(before), before, "and no page table is kept");
	gpu_close(&v.gpu);
	pan_close(&v.pan);
}

/*
 * Binds, cuts and unmaps until it is killed. It leaves the processor to others: to
 * share one is not what is looked at here.
 */
static void bind_for_ever(void)
{
	static struct vast v;
	struct tile t;

	vast_open(&v);
	for (;;) {
		need(pan_map_sparse(&v.pan, v.gpu.vm, VAST_VA, v.size));
		for (int i = 0; i < 8; i++)
			bind_tile(&v, &t, 0);
		need(pan_unmap(&v.pan, v.gpu.vm, VAST_VA + v.size / 2, v.size / 4));
		need(pan_unmap(&v.pan, v.gpu.vm, VAST_VA, v.size));
	}
}

static pid_t start_binder(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (nice(19) != -1)
		bind_for_ever();
	_exit(1);
}

/* How long it takes to end; negative if it did so before */
static long kill_binder(pid_t pid)
{
	long start = now_ms();
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? now_ms() - start : -1;
}

void run_killed(void)
{
	const char *why = acct_why_not();
	unsigned int ended = 0, quick = 0;
	long worst = 0;
	long before = why ? 0 : acct_reclaimed();

	for (unsigned int i = 0; i < NUM_KILLS; i++) {
		for (unsigned int try = 0; try < KILL_TRIES; try++) {
			pid_t pid = start_binder();
			long ms;

			usleep(150000 + 17000 * i);
			ms = kill_binder(pid);
			if (ms < 0)
				break;
			if (try == 0)
				ended++;
			if (ms < MAX_KILL_MS) {
				worst = ms > worst ? ms : worst;
				quick++;
				break;
			}
		}
	}
	note("the slowest end took %ld ms", worst);
	is(ended, NUM_KILLS, "who binds all there is runs until it is killed");
	is(quick, NUM_KILLS, "and then ends at once");
	if (why)
		skip(why, "page-table pages are counted");
	else
		is(acct_wait_for(before), before, "nothing of it is left");
}

/*
 * A neighbour: another client, whose GPU copies 4 KiB again and again.
 */

#define COPIES		400
#define NEIGHBOUR_TRIES	5
/* What a host with more to do than it can takes from a guest's copy */
#define NOISE_MS	50

static long worst_copy(struct vast *v)
{
	long worst = 0;

	for (int i = 0; i < COPIES; i++) {
		long start = now_ms(), ms;

		need(gpu_copy(&v->gpu, OUT_VA, VAST_VA, SZ_4K));
		ms = now_ms() - start;
		worst = ms > worst ? ms : worst;
		usleep(1000);
	}
	return worst;
}

void run_neighbour(void)
{
	static struct vast v;
	long idle = 0, beside = 0;
	bool fair = false;

	vast_open(&v);
	gpu_map(&v.gpu, VAST_VA, &v.bo, 0, SZ_4K);
	for (int try = 0; try < NEIGHBOUR_TRIES && !fair; try++) {
		pid_t pid;

		idle = worst_copy(&v);
		pid = start_binder();
		usleep(200000);
		beside = worst_copy(&v);
		ok(kill_binder(pid) >= 0, "another client binds and cuts all there is");
		fair = beside < 3 * (idle > NOISE_MS ? idle : NOISE_MS);
	}
	note("the slowest copy took %ld ms, and %ld ms beside the other client", idle, beside);
	detail("%ld ms instead of %ld ms", beside, idle);
	ok(fair, "the slowest copy meanwhile takes less than three times as long");
	gpu_close(&v.gpu);
	pan_close(&v.pan);
}

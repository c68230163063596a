// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Buffers are taken away and come back while they are bound: by the driver's
 * shrinker, which a thread asks again and again, and by a process that takes all
 * the memory there is.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "common.h"
#include "host.h"
#include "memory.h"
#include "scenarios.h"
#include "tap.h"

#define NEAR_KIB	(64 * 1024)
#define LAST_KIB	(10 * 1024)
#define SWAPPED_KIB	2048

/* --- The shrinker ------------------------------------------------------------ */

static struct {
	pthread_t id;
	pthread_mutex_t lock;	/* held by who wants peace */
	atomic_bool over;
	atomic_ulong taken;
} shrinker = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *shrink_again_and_again(void *arg)
{
	(void)arg;
	while (!atomic_load(&shrinker.over)) {
		pthread_mutex_lock(&shrinker.lock);
		shrinker.taken += shrink(512);
		pthread_mutex_unlock(&shrinker.lock);
		sleep_ms(5);
	}
	return NULL;
}

/* --- The hog ----------------------------------------------------------------- */

/* Takes memory until that of others is swapped out, keeps it a while, and is gone */
static void hog(void)
{
	long swap = mem_kib("SwapFree:");

	while (mem_kib("MemFree:") > LAST_KIB &&
	       mem_kib("SwapFree:") > swap - SWAPPED_KIB) {
		uint64_t step = mem_kib("MemAvailable:") > NEAR_KIB ?
				16 * SZ_1M : SZ_1M;
		void *m = mmap(NULL, step, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);

		if (m == MAP_FAILED)
			break;
	}
	sleep_ms(500);
	_exit(0);
}

/* --- The scenario ------------------------------------------------------------ */

/*
 * In peace, after a job that brought everything back: where buffers are has
 * changed, and what the walker says can be compared again.
 */
static bool look_in_peace(struct world *w)
{
	bool right;

	pthread_mutex_lock(&shrinker.lock);
	bufs_forget(w->bufs);
	memset(w->sparse_pa, 0, sizeof(w->sparse_pa));
	right = check_all(w);
	pthread_mutex_unlock(&shrinker.lock);
	return right;
}

/* What holds at any time: loads bring back what they need */
static bool look_now(struct world *w)
{
	return drain(w) && check_loads(w, samples) && check_list(w);
}

static void some_batches(struct world *w)
{
	unsigned int n = 1 + below(w, 8);

	while (n-- && random_batch(w))
		;
}

static bool while_shrinking(struct world *w, long end)
{
	while (!w->wrong[0] && now_ms() < end) {
		some_batches(w);
		if (look_now(w) && !below(w, 3))
			look_in_peace(w);
	}
	return !w->wrong[0];
}

static void while_hogging(struct world *w)
{
	pid_t pid = fork();

	need(pid < 0 ? -errno : 0);
	if (!pid)
		hog();
	while (!waitpid(pid, NULL, WNOHANG)) {
		if (w->wrong[0])
			kill(pid, SIGKILL);
		else
			some_batches(w);
		look_now(w);
	}
}

static void pressure(bool large)
{
	struct stage s;
	struct world w;
	long swapped;

	swap_ready();
	stage_open_with(&s, large);
	world_open(&w, &s.pan, &s.bufs, 0, options.seed);
	need(-pthread_create(&shrinker.id, NULL, shrink_again_and_again, NULL));
	while_shrinking(&w, s.end);
	report(&w, "the model is right while the shrinker takes buffers away");
	atomic_store(&shrinker.over, true);
	pthread_join(shrinker.id, NULL);
	if (!w.wrong[0]) {
		while_hogging(&w);
		look_in_peace(&w);
		report(&w, "and while there is no memory");
	}
	swapped = mem_kib("SwapTotal:") - mem_kib("SwapFree:");
	tell_tally(&w, 1);
	note("the shrinker took %lu pages, %ld KiB are in the swap file",
	     atomic_load(&shrinker.taken), swapped);
	ok(shrinker.taken, "buffers were taken away");
	world_close(&w);
	stage_close(&s);
}

/*
 * Upstream's driver takes 2 MiB of small pages that happen to lie side by side for
 * a block when it maps them, and for small pages when it cuts the mapping:
 * "Unmap of a partial large IOPTE is not allowed". What comes back from swap may lie
 * so. Buffers below 2 MiB cannot.
 */
void run_pressure(void)
{
	pressure(!keeps_empty_tables());
}

/* --- Small pages side by side ------------------------------------------------ */

#define SHMEM_THP	"/sys/kernel/mm/transparent_hugepage/shmem_enabled"

/* Buffers that are made meanwhile have no huge page */
static void huge_pages(bool allowed)
{
	need(sysfs_write(SHMEM_THP, allowed ? "never" : "deny"));
}

/*
 * The first offset from @at on that is at a multiple of 2 MiB in memory, if the pages
 * lie side by side: guessed from one of them that a walk has found.
 */
static uint64_t aligned(const struct buf *b, uint64_t at)
{
	for (uint64_t page = at / SZ_4K; page < (at + SZ_2M) / SZ_4K; page++)
		if (b->pa[page])
			return at + (page * SZ_4K - at - b->pa[page]) % SZ_2M;
	return at;
}

/*
 * 2 MiB of the buffer are mapped where they can be a block, and a page is taken from
 * their middle: in how many of its pieces they were a block.
 */
static unsigned int cut(struct world *w, unsigned int buf)
{
	struct op op[2] = {
		{ .kind = OP_MAP, .window = 1,
		  .e = { .va = DATA_VA, .size = SZ_2M, .buf = buf } },
		{ .kind = OP_UNMAP, .window = 1,
		  .e = { .va = DATA_VA + SZ_1M, .size = SZ_4K } },
	};
	const struct buf *b = &w->bufs->buf[buf];
	unsigned int blocks = 0;

	for (uint64_t at = 0; at + 2 * SZ_2M <= b->bo.size; at += SZ_2M) {
		unsigned long before;

		op[0].e.offset = at;
		if (!bind_now(w, &op[0], 1) || !check_all(w))
			break;
		op[0].e.offset = aligned(b, at);
		before = w->tally.blocks;
		if (!bind_now(w, &op[0], 1) || !check_all(w))
			break;
		blocks += w->tally.blocks > before;
		if (!bind_now(w, &op[1], 1) || !check_all(w))
			break;
	}
	return blocks;
}

/* Large, so that it uses up what lies scattered and comes to what does not */
#define LARGE		(128 * SZ_1M)

void run_finding_block(void)
{
	unsigned int blocks;
	struct stage s;
	struct world w;

	stage_open(&s);
	huge_pages(false);
	bufs_add(&s.bufs, LARGE);
	huge_pages(true);
	world_open(&w, &s.pan, &s.bufs, 0, options.seed);
	samples = 12;
	blocks = cut(&w, s.bufs.count - 1);
	note("%u pieces of 2 MiB were blocks, though made of small pages", blocks);
	detail("none of %llu", LARGE / SZ_2M);
	ok(blocks, "2 MiB of small pages lie side by side now and then");
	report(&w, "and can be cut all the same");
	world_close(&w);
	stage_close(&s);
}

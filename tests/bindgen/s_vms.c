// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several VMs that map the same buffers: each in a thread of its own, more than the
 * GPU has address spaces; and in processes that are killed.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "common.h"
#include "gate.h"
#include "host.h"
#include "scenarios.h"
#include "tap.h"

#define VMS		8u	/* seven address spaces are the users' */
#define QUICK_VMS	4u
#define CHILDREN	3u
#define LIFE_MS		1500u	/* at most, until the first is killed */
#define QUICK_LIFE_MS	700u

struct thread {
	pthread_t id;
	const struct stage *stage;
	struct world world;
};

static void *bind_for_long(void *thread)
{
	struct thread *t = thread;
	struct world *w = &t->world;

	while (goes_on(t->stage, w)) {
		unsigned int n = 1 + below(w, 12);

		while (n-- && random_batch(w))
			;
		check_all(w);
	}
	return NULL;
}

void run_vms(void)
{
	static struct thread t[VMS];
	static struct world all[VMS];
	unsigned int n = options.quick ? QUICK_VMS : VMS;
	struct stage s;

	stage_open(&s);
	for (unsigned int i = 0; i < n; i++) {
		t[i].stage = &s;
		world_open(&t[i].world, &s.pan, &s.bufs, i, options.seed + i);
	}
	for (unsigned int i = 0; i < n; i++)
		need(-pthread_create(&t[i].id, NULL, bind_for_long, &t[i]));
	for (unsigned int i = 0; i < n; i++) {
		pthread_join(t[i].id, NULL);
		all[i] = t[i].world;
	}
	tell_tally(all, n);
	for (unsigned int i = 0; i < n; i++) {
		report(&t[i].world, "a VM beside others is what its model is");
		world_close(&t[i].world);
	}
	stage_close(&s);
}

/* --- Killed ------------------------------------------------------------------ */

/*
 * Upstream's driver destroys a VM whose operations are still queued, executes them
 * afterwards, and what they map is never unmapped: the VM stays for ever. So on
 * that kernel nothing is queued when a process is killed, unless that is what is to
 * be seen.
 */
static bool with_queue;

static void bind_now_for_ever(struct world *w)
{
	struct op ops[MAX_BATCH];

	while (bind_now(w, ops, draw_batch(w, ops, MAX_BATCH, ALL_WINDOWS)))
		if (!below(w, 8) && !check_loads(w, 64))
			break;
}

/* Half of them leave operations behind whose fence has not come */
static void queue_for_ever(struct world *w, struct gate *gate)
{
	struct op ops[MAX_BATCH];
	uint32_t fence = 0;

	if (below(w, 2)) {
		gate_shut(gate);
		fence = gate->fence;
	}
	while (bind_queued(w, ops, draw_batch(w, ops, MAX_BATCH, ALL_WINDOWS),
			   fence, 0))
		if (!fence && !below(w, 8) && (!drain(w) || !check_loads(w, 64)))
			break;
}

/* Binds until it is killed */
static void live(uint64_t seed)
{
	struct stage s = { 0 };
	struct gate gate;
	struct world w;

	need(pan_open(&s.pan));
	bufs_open(&s.bufs, &s.pan, true);
	gate_init(&gate, &s.pan);
	world_open(&w, &s.pan, &s.bufs, 0, seed);
	if (with_queue)
		queue_for_ever(&w, &gate);
	else
		bind_now_for_ever(&w);
	_exit(1);
}

static bool one_life(struct world *w)
{
	uint64_t seed = below(w, 1ull << 32);
	unsigned int life = options.quick ? QUICK_LIFE_MS : LIFE_MS;
	unsigned int ms = below(w, life);
	pid_t pid[CHILDREN];
	bool alive = true;

	for (unsigned int i = 0; i < CHILDREN; i++) {
		pid[i] = fork();
		need(pid[i] < 0 ? -errno : 0);
		if (!pid[i])
			live(seed + i);
	}
	for (unsigned int i = 0; i < CHILDREN; i++) {
		int status;

		sleep_ms(ms);
		kill(pid[i], SIGKILL);
		waitpid(pid[i], &status, 0);
		alive &= WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		ms = below(w, life / 4);
	}
	return alive || wrong(w, "a process ended by itself, seed %llu",
			      (unsigned long long)seed);
}

/* A world that lives on sees to it that what is shared by all is well */
static void kills(void)
{
	unsigned int lives = 0;
	struct stage s;
	struct world w;

	stage_open(&s);
	world_open(&w, &s.pan, &s.bufs, 0, options.seed);
	while (goes_on(&s, &w)) {
		one_life(&w);
		lives += CHILDREN;
		if (random_batch(&w))
			check_all(&w);
	}
	tell_tally(&w, 1);
	note("%u processes were killed", lives);
	report(&w, "the VM of a process that lives is right while others are killed");
	world_close(&w);
	stage_close(&s);
}

void run_kills(void)
{
	with_queue = !keeps_empty_tables();
	kills();
}

void run_finding_kill(void)
{
	with_queue = true;
	kills();
}

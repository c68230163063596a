// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * neighbour: how long the GPU takes to copy 4 KiB for one client, again and again, while
 * another client makes calls of one kind as fast as it can: each kind that the campaign
 * has, drawn as it draws them. What is too long is up to run.sh, which knows both kernels.
 *
 * The other client leaves the processor to the first one: to share that is not what is
 * looked at here.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "draw.h"
#include "gpu.h"
#include "host.h"
#include "perform.h"
#include "ring.h"
#include "tap.h"
#include "worker.h"

#define SRC_VA		DATA_VA
#define DST_VA		(DATA_VA + SZ_1G)
#define COPIES		400
#define PAUSE_US	1000
#define BEFORE_US	100000
#define TIMEOUT_S	120
/* So many calls, and all begins with a new file: what was made is not to fill the memory */
#define LIFE		250
#define OTHER		1	/* its number as a process of the campaign's */
#define ZEROES		(16 * SZ_1M)

static unsigned int beside;	/* the kind of calls of the scenario */

/* --- The other client ---------------------------------------------------- */

/* What a kind undoes, or is undone by: they take turns */
static unsigned int turn_of(unsigned int kind, unsigned int n)
{
	static const struct {
		uint8_t kind, also;
	} pairs[] = {
		{ K_VM_CREATE, K_VM_DESTROY }, { K_BO_CREATE, K_BO_CLOSE },
		{ K_GROUP_CREATE, K_GROUP_DESTROY }, { K_MMAP, K_MUNMAP },
		{ K_TILER_HEAP_CREATE, K_TILER_HEAP_DESTROY },
		{ K_SYNCOBJ_CREATE, K_SYNCOBJ_DESTROY }, { K_FILE_CLOSE, K_FILE_OPEN },
		{ K_PRIME_IMPORT, K_PRIME_EXPORT }, { K_UDMABUF, K_BO_CLOSE },
		{ K_SYNCOBJ_IMPORT, K_SYNCOBJ_EXPORT },
		{ K_SYNCOBJ_TIMELINE_IMPORT, K_SYNCOBJ_TIMELINE_EXPORT }, { K_TOUCH, K_MMAP },
		{ K_MREMAP, K_MMAP }, { K_MADVISE, K_MMAP }, { K_DMABUF_MMAP, K_PRIME_EXPORT },
		{ K_DMABUF_SYNC, K_PRIME_EXPORT }, { K_DMABUF_SYNC_FILE, K_PRIME_EXPORT },
		{ K_SYNC_FILE_MERGE, K_SYNCOBJ_EXPORT },
	};

	for (unsigned int i = 0; n % 2 && i < ARRAY_SIZE(pairs); i++) {
		if (pairs[i].kind == kind)
			return pairs[i].also;
		if (pairs[i].also == kind && pairs[i].kind != K_TOUCH)
			return pairs[i].kind;
	}
	return kind;
}

/* All that a process has goes */
static void forget(void)
{
	for (unsigned int i = 0; i < MAPS; i++)
		if (me.map[i].at)
			munmap(me.map[i].at, me.map[i].size);
	memset(me.map, 0, sizeof(me.map));
	for (unsigned int i = 0; i < BUFS; i++)
		close(me.buf[i]);
	for (unsigned int i = 0; i < FENCES; i++)
		close(me.fence[i]);
	memset(me.buf, -1, sizeof(me.buf));
	memset(me.fence, -1, sizeof(me.fence));
	for (unsigned int i = 0; i < FILES; i++) {
		close(me.file[i].fd);
		me.file[i] = (struct file){ .fd = -1 };
	}
	me.file[0].fd = file_open(&me.file[0]);
}

/* The processor is the first client's when it wants it */
static void only_when_idle(void)
{
	struct sched_param none = { 0 };

	need(sched_setscheduler(0, SCHED_IDLE, &none) ? -errno : 0);
}

static void call_on(unsigned int kind, uint64_t seed)
{
	struct call start = { .kind = K_START, .slot = { OTHER } };
	struct beliefs b;

	worker_begin(&start);
	worker_thread(0);
	only_when_idle();
	for (;;) {
		forget();
		draw_init(&b, next_random(&seed));
		for (unsigned int n = 0; n < LIFE; n++) {
			struct call c = { .proc = OTHER };

			if (draw_begins(&b))
				draw(&b, &c);
			else
				draw_kind(&b, &c, turn_of(kind, n));
			ring_put(&c);
			perform(&c);
		}
	}
}

/* Some calls write to wherever they were told to, and so end who makes them */
static void call_for_ever(unsigned int kind)
{
	for (uint64_t seed = 1; ; seed++) {
		pid_t pid = fork();

		if (!pid)
			call_on(kind, seed);
		need(pid > 0 && waitpid(pid, NULL, 0) == pid ? 0 : -errno);
	}
}

/* Calls that no driver knows of, and that take long */
static void read_for_ever(unsigned int kind)
{
	static char zeroes[ZEROES];
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	(void)kind;
	only_when_idle();
	while (read(fd, zeroes, sizeof(zeroes)) == sizeof(zeroes))
		;
}

static pid_t start_other(void (*run)(unsigned int kind), unsigned int kind)
{
	pid_t pid = fork();

	if (!pid) {
		run(kind);
		_exit(1);
	}
	need(pid < 0 ? -errno : 0);
	return pid;
}

/* How it ended, which is by us */
static bool end_other(pid_t pid)
{
	int status = 0;

	kill(pid, SIGKILL);
	need(waitpid(pid, &status, 0) == pid ? 0 : -errno);
	detail("status %#x", status);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static unsigned long calls_of(unsigned int kind, bool that_succeed)
{
	unsigned long n = 0;

	for (unsigned int i = 0; i < (that_succeed ? 1 : MAX_ERRNO); i++)
		n += atomic_load(&shared->by_errno[kind][i]);
	return n;
}

/* --- The one that copies ------------------------------------------------- */

static void copier_open(struct pan *p, struct gpu *g)
{
	static struct pan_bo bo;

	need(pan_open(p));
	gpu_open(g, p);
	gpu_bo(g, SZ_64K, &bo);
	gpu_map(g, SRC_VA, &bo, 0, SZ_4K);
	gpu_map(g, DST_VA, &bo, SZ_4K, SZ_4K);
	need(gpu_copy(g, DST_VA, SRC_VA, SZ_4K));
}

/* The slowest, and the sum of all. Their sum says what one takes in the mean */
static long worst_copy(struct gpu *g, long *sum)
{
	long worst = 0;

	*sum = 0;
	for (unsigned int i = 0; i < COPIES; i++) {
		long start = now_us(), us;

		need(gpu_copy(g, DST_VA, SRC_VA, SZ_4K));
		us = now_us() - start;
		*sum += us;
		worst = us > worst ? us : worst;
		usleep(PAUSE_US);
	}
	return worst;
}

static void copies_alone(const char *what, bool busy)
{
	pid_t pid = busy ? start_other(read_for_ever, 0) : 0;
	long worst, sum;
	struct gpu g;
	struct pan p;

	copier_open(&p, &g);
	worst = worst_copy(&g, &sum);
	note("figure: %s %ld %ld 0", what, worst, sum / COPIES);
	ok(!busy || end_other(pid), "all of %d copies are made", COPIES);
}

static void run_idle(void)
{
	copies_alone("idle", false);
}

static void run_busy(void)
{
	copies_alone("busy", true);
}

static void run_beside(void)
{
	pid_t pid = start_other(call_for_ever, beside);
	long worst, sum;
	struct gpu g;
	struct pan p;

	copier_open(&p, &g);
	usleep(BEFORE_US);
	worst = worst_copy(&g, &sum);
	ok(end_other(pid), "the other client calls until it is killed");
	note("figure: %s %ld %ld %lu", kind_name(beside), worst, sum / COPIES,
	     calls_of(beside, false));
	detail("%lu calls", calls_of(beside, false));
	ok(calls_of(beside, true), "with calls that succeed");
}

/* --- The program --------------------------------------------------------- */

/* A call that makes another process is none to the driver */
static bool is_of_interest(unsigned int kind)
{
	return kind != K_FORK;
}

static struct scenario scenarios[K_WORKERS];
static unsigned int num;

static void add(const char *name, const char *about, void (*run)(void))
{
	scenarios[num++] = (struct scenario){ name, about, run, 0 };
}

static void list_kinds(void)
{
	add("idle", "nobody else is there", run_idle);
	add("busy", "a process that has nothing to do with the GPU", run_busy);
	for (unsigned int k = K_NONE + 1; k < K_WORKERS; k++)
		if (is_of_interest(k))
			add(kind_name(k), "calls of this kind", run_beside);
}

static void run_one(const struct scenario *s, unsigned int timeout_s)
{
	memset(shared, 0, sizeof(*shared));
	for (unsigned int k = 0; k < K_WORKERS; k++)
		if (!strcmp(s->name, kind_name(k)))
			beside = k;
	tap_run(s, timeout_s);
}

static void *for_all(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	need(at == MAP_FAILED ? -errno : 0);
	return at;
}

static void usage(FILE *f)
{
	fprintf(f,
		"Usage: neighbour [KIND]...\n"
		"The slowest copy of 4 KiB beside a client that makes calls of a kind, as\n"
		"\"figure: KIND WORST-US MEAN-US CALLS\". Prints TAP; exits 0 only when no test\n"
		"point failed.\n"
		"\n"
		"  --list         the kinds, all of which run when none is named\n"
		"  --help         this text\n");
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int opt;

	list_kinds();
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (opt == 'l')
			tap_list(scenarios, num);
		else
			usage(opt == 'h' ? stdout : stderr);
		return opt == 'l' || opt == 'h' ? 0 : 2;
	}
	tap_check_names(scenarios, num, argv + optind);
	tap_init("neighbour");
	shared = for_all(sizeof(*shared));
	ring_open();
	tap_run_names(scenarios, num, argv + optind, 0, run_one, TIMEOUT_S);
	return tap_done();
}

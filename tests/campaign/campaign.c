// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign: random calls of many processes to Panthor, syncobjs and dma-bufs, while the
 * GPU, memory and power fail around them. This file is the supervisor: it starts and kills
 * workers, ends a round, looks at what is left, and says what was done. Or it has the calls
 * of a log made once more.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaos.h"
#include "host.h"
#include "inject.h"
#include "memory.h"
#include "rest.h"
#include "ring.h"
#include "tap.h"
#include "worker.h"

#define LAST_WORKER	(FORKED - 1)
#define TICK_MS		20
#define ENOUGH_MS	200
#define NOTE_MS		10000
#define END_MS		3000	/* that workers have to end by themselves */
#define GONE_MS		90000	/* and when they are killed */
#define HUNG_S		"60"
#define LOST_MS		10	/* that a call of a replay has before the next one begins */
#define MOST_MS		7000	/* and that its thread has before the next one of its own */
#define UP_MS		10000	/* that a worker has to be there */
#define KILL_ONE_IN	4

static struct {
	long began;
	uint64_t random;
	unsigned long kill_at[MAX_PROCS];
	unsigned long starts, kills;
	long enough_until;		/* who was killed gives back what it had */
	bool held;			/* and meanwhile nobody takes more */
	unsigned long unbound;
	unsigned int next_to_go;
	unsigned int left;
	unsigned int hung;
	unsigned int rounds;
} S;

static const struct options defaults = {
	.seed = 1, .seconds = 60, .round_seconds = 30, .rounds = 0, .procs = 5, .faults = true,
};

/* --- Workers ------------------------------------------------------------- */

static void log_and_start(unsigned int slot)
{
	uint64_t seed = next_random(&S.random);
	struct call c = {
		.kind = K_START, .slot = { slot, next_random(&S.random) % MAX_THREADS },
		.r = { seed >> 32, seed },
	};
	unsigned long now = atomic_load(&shared->calls[slot]);

	/* Most workers live until the round ends, the others for so many calls */
	S.kill_at[slot] = next_random(&S.random) % KILL_ONE_IN ? 0 :
			  now + 20 + next_random(&S.random) % 2000;
	ring_put(&c);
	worker_start(&c);
	S.starts++;
}

static void log_and_kill(unsigned int slot)
{
	struct call c = { .kind = K_KILL, .slot = { slot } };
	int pid = atomic_load(&shared->pid[slot]);

	if (pid <= 0)
		return;
	ring_put(&c);
	kill(pid, SIGKILL);
	S.kill_at[slot] = 0;
	S.kills++;
}

/* Who has ended makes room in its slot, and in that of a child it was about to have */
static void make_room(unsigned int slot)
{
	int soon = PID_SOON;

	if (slot + FORKED < MAX_PROCS)
		atomic_compare_exchange_strong(&shared->pid[slot + FORKED], &soon, 0);
	atomic_store(&shared->pid[slot], 0);
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (unsigned int i = 0; i < MAX_PROCS; i++)
			if (atomic_load(&shared->pid[i]) == pid)
				make_room(i);
}

static unsigned int alive(void)
{
	unsigned int n = 0;

	for (unsigned int i = 1; i < MAX_PROCS; i++)
		n += atomic_load(&shared->pid[i]) != 0;
	return n;
}

/*
 * Buffers fill half of the memory. Nobody can take their pages from a process that was
 * killed before it has closed its files, which takes as long as the GPU is slow: were there
 * more, there would be moments in which memory is short and all who may go are going
 * already, and then the kernel panics
 */
static bool too_many_buffers(void)
{
	struct sysinfo info;

	return !sysinfo(&info) && info.sharedram > info.totalram / 2;
}

static void hold_all(bool hold)
{
	if (S.held == hold)
		return;
	S.held = hold;
	for (unsigned int i = 1; i < MAX_PROCS; i++) {
		int pid = atomic_load(&shared->pid[i]);

		if (pid > 0)
			kill(pid, hold ? SIGSTOP : SIGCONT);
	}
}

/* One after another, so that others stay; they go on when there is room */
static void kill_for_memory(void)
{
	hold_all(too_many_buffers());
	if (now_ms() < S.enough_until || !S.held)
		return;
	S.enough_until = now_ms() + ENOUGH_MS;
	for (unsigned int i = 0; i < MAX_PROCS; i++) {
		S.next_to_go = S.next_to_go % (MAX_PROCS - 1) + 1;
		if (atomic_load(&shared->pid[S.next_to_go]) > 0)
			break;
	}
	log_and_kill(S.next_to_go);
}

/* Files of a device that is gone say ENODEV for ever, and nothing is tried any more */
static void kill_after_unbind(void)
{
	if (S.unbound == chaos_unbound())
		return;
	S.unbound = chaos_unbound();
	for (unsigned int i = 1; i < MAX_PROCS; i++)
		log_and_kill(i);
}

static void tend(void)
{
	reap();
	kill_after_unbind();
	kill_for_memory();
	for (unsigned int i = 1; i <= options.procs; i++) {
		if (!atomic_load(&shared->pid[i]) && !S.held)
			log_and_start(i);
		else if (S.kill_at[i] && atomic_load(&shared->calls[i]) >= S.kill_at[i])
			log_and_kill(i);
	}
	/* A child that outlived its parent, now and then */
	if (!(next_random(&S.random) % 200))
		log_and_kill(FORKED + 1 + next_random(&S.random) % options.procs);
}

static void kill_all(void)
{
	for (unsigned int i = 1; i < MAX_PROCS; i++) {
		int pid = atomic_load(&shared->pid[i]);

		if (pid > 0)
			kill(pid, SIGKILL);
	}
}

static void wait_for_all(unsigned int ms)
{
	long end = now_ms() + ms;

	while (now_ms() < end) {
		reap();
		if (!alive())
			break;
		sleep_ms(TICK_MS);
	}
}

/* They end, are killed, or hang: then the kernel says where */
static void end_workers(void)
{
	atomic_store(&shared->over, 1);
	hold_all(false);
	wait_for_all(END_MS);
	kill_all();
	wait_for_all(GONE_MS);
	if (!alive())
		return;
	printf("left: %u processes do not end\n", alive());
	sysfs_write("/proc/sysrq-trigger", "w");
	S.hung++;
}

/* --- What was done ------------------------------------------------------- */

static unsigned long calls_made(void)
{
	unsigned long n = 0;

	for (unsigned int i = 0; i < MAX_PROCS; i++)
		n += atomic_load(&shared->calls[i]);
	return n;
}

static void progress(void)
{
	printf("# %ld s: round %u, %lu calls, %lu processes, %lu killed, ",
	       (now_ms() - S.began) / 1000, S.rounds, calls_made(), S.starts, S.kills);
	printf("%lu faults, %lu allocations failed\n", chaos_faults(),
	       atomic_load(&shared->failed_allocations));
	fflush(stdout);
}

static void json_of_calls(FILE *f)
{
	const char *comma = "";

	for (unsigned int k = 1; k < K_WORKERS; k++) {
		const char *inner = "";

		fprintf(f, "%s\n  \"%s\": {", comma, kind_name(k));
		for (unsigned int e = 0; e < MAX_ERRNO; e++) {
			unsigned long n = atomic_load(&shared->by_errno[k][e]);

			if (!n)
				continue;
			fprintf(f, "%s\"%s\": %lu", inner, e ? strerrorname_np(e) : "OK", n);
			inner = ", ";
		}
		fprintf(f, "}");
		comma = ",";
	}
}

static void write_json(void)
{
	FILE *f = options.json ? fopen(options.json, "w") : NULL;

	if (!f)
		return;
	fprintf(f, "{\n \"seed\": %llu, \"seconds\": %ld, \"rounds\": %u,\n"
		" \"calls\": %lu, \"processes\": %lu,\n"
		" \"killed\": %lu, \"failed_allocations\": %lu, \"memory_gone\": %lu,\n"
		" \"left\": %u, \"hung\": %u, \"faults\": %lu,\n \"chaos\": {",
		(unsigned long long)options.seed, (now_ms() - S.began) / 1000, S.rounds,
		calls_made(), S.starts, S.kills,
		atomic_load(&shared->failed_allocations), atomic_load(&shared->faulted),
		S.left, S.hung, chaos_faults());
	for (unsigned int i = 0; i < chaos_kinds(); i++)
		fprintf(f, "%s\n  \"%s\": %lu", i ? "," : "", chaos_name(i),
			atomic_load(&shared->chaos[i]));
	fprintf(f, "\n },\n \"wrong\": {");
	for (unsigned int i = 0; i < T_COUNT_OF; i++)
		fprintf(f, "%s\"%s\": %lu", i ? ", " : "", twist_name(i),
			atomic_load(&shared->by_twist[i]));
	fprintf(f, "},\n \"ioctls\": {");
	json_of_calls(f);
	fprintf(f, "\n }\n}\n");
	fclose(f);
}

/* --- Rounds -------------------------------------------------------------- */

static void begin_round(void)
{
	struct call c = { .kind = K_ROUND };
	char text[32];

	S.rounds++;
	c.r[0] = S.rounds;
	snprintf(text, sizeof(text), "campaign: round %u\n", S.rounds);
	sysfs_write("/dev/kmsg", text);
	atomic_store(&shared->over, 0);
	memset(S.kill_at, 0, sizeof(S.kill_at));
	ring_put(&c);
}

/* The kernel has said what a replay waits for */
static bool said_it(void)
{
	return options.until && kmsg_count(options.until);
}

static void end_round(void)
{
	end_workers();
	if (!S.hung) {
		chaos_end();
		S.left += rest_check(S.rounds);
	}
	write_json();
}

static void one_round(void)
{
	long end, last = now_ms();
	uint64_t seed = options.seed * 1000003 + S.rounds;

	begin_round();
	S.random = seed;
	end = now_ms() + options.round_seconds * 1000l;
	chaos_start(next_random(&seed));
	while (now_ms() < end && !said_it()) {
		tend();
		sleep_ms(TICK_MS);
		if (now_ms() - last > NOTE_MS) {
			last = now_ms();
			progress();
		}
	}
	if (!chaos_stop()) {
		printf("left: what makes things fail does not end\n");
		S.hung++;
	}
	end_round();
	progress();
}

static void rounds(void)
{
	long end = now_ms() + options.seconds * 1000l;

	do {
		one_round();
	} while (!S.hung && !said_it() &&
		 (options.rounds ? S.rounds < options.rounds : now_ms() < end));
}

/* --- Replay -------------------------------------------------------------- */

/* To the thread whose call it is, once that has made the one before, or has had its time */
static void hand_out(const struct call *c)
{
	struct mailbox *m = &shared->mail[c->proc % MAX_PROCS][c->thread % MAX_THREADS];
	long end = now_ms() + MOST_MS;

	if (!atomic_load(&shared->pid[c->proc % MAX_PROCS]))
		return;
	while (atomic_load(&m->state) != MAIL_NONE && now_ms() < end)
		usleep(50);
	if (atomic_load(&m->state) != MAIL_NONE)
		return;
	m->call = *c;
	atomic_store(&m->state, MAIL_READY);
	for (end = now_ms() + LOST_MS; atomic_load(&m->state) != MAIL_NONE && now_ms() < end;)
		usleep(50);
}

static void clear_mail(unsigned int slot)
{
	for (unsigned int i = 0; i < MAX_THREADS; i++)
		atomic_store(&shared->mail[slot][i].state, MAIL_DOWN);
}

static void wait_for_worker(const struct call *c)
{
	long end = now_ms() + UP_MS;

	for (unsigned int i = 0; i <= c->slot[1] % MAX_THREADS; i++)
		while (atomic_load(&shared->mail[c->slot[0]][i].state) == MAIL_DOWN &&
		       now_ms() < end)
			sleep_ms(1);
}

static void replay_call(struct call *c)
{
	int pid;

	switch (c->kind) {
	case K_ROUND:
		begin_round();
		return;
	case K_START:
		c->slot[0] %= FORKED;
		clear_mail(c->slot[0]);
		clear_mail(c->slot[0] + FORKED);
		ring_put(c);
		worker_start(c);
		wait_for_worker(c);
		S.starts++;
		return;
	case K_KILL:
		pid = atomic_load(&shared->pid[c->slot[0] % MAX_PROCS]);
		ring_put(c);
		if (pid > 0)
			kill(pid, SIGKILL);
		S.kills++;
		return;
	case K_CHAOS:
		ring_put(c);
		chaos_do(c);
		return;
	default:
		hand_out(c);
	}
}

static void replay(void)
{
	FILE *f = fopen(options.replay, "r");
	char line[CALL_TEXT * 2];
	struct call c;

	if (!f) {
		fprintf(stderr, "campaign: %s: %s\n", options.replay, strerror(errno));
		exit(2);
	}
	atomic_store(&shared->replaying, 1);
	while (fgets(line, sizeof(line), f) && !said_it()) {
		reap();
		if (call_parse(line, &c))
			replay_call(&c);
	}
	fclose(f);
	sleep_ms(said_it() ? 0 : 500);
	end_round();
	progress();
}

/* --- The program --------------------------------------------------------- */

static void usage(FILE *f)
{
	fprintf(f,
		"Usage: campaign [OPTION]...\n"
		"Random calls of many processes to Panthor, while the GPU, memory and power fail.\n"
		"\n"
		"  --seed N           what is drawn (1)\n"
		"  --seconds N        begin rounds for so long (60)\n"
		"  --round N          seconds of a round (30)\n"
		"  --rounds N         so many rounds instead\n"
		"  --workers N        processes at a time (5), 1 to %d; some have a child\n"
		"  --no-faults        nothing fails but calls\n"
		"  --unbind           the driver is unbound and bound now and then\n"
		"  --leaks            kmemleak is asked after each round (boot with kmemleak=on)\n"
		"  --with-findings    calls that end upstream's kernel, too\n"
		"  --replay FILE      make the calls of a log\n"
		"  --until TEXT       end when the kernel says TEXT\n"
		"  --json FILE        write figures to FILE\n"
		"  --help             this text\n"
		"\n"
		"Exit code: 0; 1 when something is left after a round, or a process hangs.\n",
		LAST_WORKER);
}

static unsigned int number(const char *s, unsigned int min, unsigned int max)
{
	unsigned long n = strtoul(s, NULL, 0);

	if (n < min || n > max) {
		usage(stderr);
		exit(2);
	}
	return n;
}

static const struct option long_options[] = {
	{ "seed", required_argument, NULL, 's' },
	{ "seconds", required_argument, NULL, 't' },
	{ "round", required_argument, NULL, 'r' },
	{ "rounds", required_argument, NULL, 'n' },
	{ "workers", required_argument, NULL, 'w' },
	{ "no-faults", no_argument, NULL, 'f' },
	{ "unbind", no_argument, NULL, 'u' },
	{ "leaks", no_argument, NULL, 'l' },
	{ "with-findings", no_argument, NULL, 'F' },
	{ "replay", required_argument, NULL, 'R' },
	{ "until", required_argument, NULL, 'U' },
	{ "json", required_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static void set_option(int opt)
{
	switch (opt) {
	case 's':
		options.seed = strtoull(optarg, NULL, 0);
		break;
	case 't':
		options.seconds = number(optarg, 1, 1000000);
		break;
	case 'r':
		options.round_seconds = number(optarg, 1, 100000);
		break;
	case 'n':
		options.rounds = number(optarg, 1, 100000);
		break;
	case 'w':
		options.procs = number(optarg, 1, LAST_WORKER);
		break;
	case 'f':
		options.faults = false;
		break;
	case 'u':
		options.unbind = true;
		break;
	case 'l':
		options.leaks = true;
		break;
	case 'F':
		options.findings = true;
		break;
	case 'R':
		options.replay = optarg;
		break;
	case 'U':
		options.until = optarg;
		break;
	case 'j':
		options.json = optarg;
		break;
	case 'h':
		usage(stdout);
		exit(0);
	default:
		usage(stderr);
		exit(2);
	}
}

static void prepare(void)
{
	int ret;

	tap_init("campaign");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	need(shared == MAP_FAILED ? -errno : 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* The one that must not go when memory is short, and not wait for all the others */
	sysfs_write("/proc/self/oom_score_adj", "-1000");
	setpriority(PRIO_PROCESS, 0, -10);
	sysfs_write("/proc/sys/kernel/hung_task_timeout_secs", HUNG_S);
	if (!ring_open())
		printf("# no ivshmem: the log of calls goes with the guest\n");
	ret = inject_open();
	if (ret && options.faults)
		printf("# no port to QEMU (%s): the GPU does not fail\n", strerror(-ret));
	swap_ready();
	chaos_prepare();
	kmsg_mark();
	rest_begin();
}

int main(int argc, char **argv)
{
	int opt;

	options = defaults;
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		set_option(opt);
	prepare();
	S.began = now_ms();
	if (options.replay)
		replay();
	else
		rounds();
	printf("# %u calls are in the log\n", ring_count());
	return S.left || S.hung;
}

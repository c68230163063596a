// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See worker.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "draw.h"
#include "host.h"
#include "perform.h"
#include "ring.h"
#include "worker.h"

#define CGROUP_PROCS	"/sys/fs/cgroup/campaign/cgroup.procs"
#define OPEN_TRIES	200
#define TICK_MS		700

static struct {
	uint64_t seed[MAX_THREADS];
} start;

/* Memory that was to be there is not: the call that touched it says so */
static void on_fault(int signal)
{
	if (!self.may_fault) {
		sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
		return;
	}
	siglongjmp(self.fault, 1);
}

static void on_tick(int signal)
{
	(void)signal;
}

/* A thread that waits for what never comes is interrupted: calls can have such time-outs */
static void tick(void)
{
	struct sigevent to = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	struct itimerspec every = {
		{ 0, TICK_MS * 1000000l }, { 0, TICK_MS * 1000000l },
	};
	timer_t timer;

	to._sigev_un._tid = gettid();
	if (!timer_create(CLOCK_MONOTONIC, &to, &timer))
		timer_settime(timer, 0, &every, NULL);
}

static void make(struct call *c)
{
	ring_put(c);
	perform(c);
}

/* Calls of a seed, one after another */
static void go_on_drawing(unsigned int thread)
{
	struct beliefs b;

	draw_init(&b, start.seed[thread]);
	while (!atomic_load(&shared->over)) {
		struct call c = { .proc = me.id, .thread = thread };

		draw(&b, &c);
		make(&c);
	}
}

/* Calls of a log, as the supervisor hands them out */
static void go_on_replaying(unsigned int thread)
{
	struct mailbox *m = &shared->mail[me.id][thread];

	atomic_store(&m->state, MAIL_NONE);
	while (!atomic_load(&shared->over)) {
		unsigned int ready = MAIL_READY;
		struct call c;

		if (!atomic_compare_exchange_strong(&m->state, &ready, MAIL_TAKEN)) {
			usleep(50);
			continue;
		}
		c = m->call;
		make(&c);
		atomic_store(&m->state, MAIL_NONE);
	}
}

void worker_thread(unsigned int thread)
{
	self = (struct self){ .thread = thread };
	tick();
	self.fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
}

static void *thread_run(void *arg)
{
	unsigned int thread = (uintptr_t)arg;

	worker_thread(thread);
	if (atomic_load(&shared->replaying))
		go_on_replaying(thread);
	else
		go_on_drawing(thread);
	return NULL;
}

static void run_threads(void)
{
	pthread_t threads[MAX_THREADS];
	unsigned int n = 0;

	for (unsigned int i = 1; i < me.threads; i++)
		if (!pthread_create(&threads[n], NULL, thread_run, (void *)(uintptr_t)i))
			n++;
	thread_run(NULL);
	while (n--)
		pthread_join(threads[n], NULL);
	_exit(0);
}

static void own_settings(void)
{
	struct rlimit files = { 65536, 65536 };
	struct sigaction interrupt = { .sa_handler = on_tick };
	struct sigaction fault = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	char pid[16];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpriority(PRIO_PROCESS, 0, 5);
	/* The supervisor must stay, any of these may go */
	sysfs_write("/proc/self/oom_score_adj", "500");
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	sigaction(SIGBUS, &fault, NULL);
	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGUSR1, &interrupt, NULL);
	snprintf(pid, sizeof(pid), "%d", getpid());
	sysfs_write(CGROUP_PROCS, pid);
}

static void draw_seeds(uint64_t seed)
{
	for (unsigned int i = 0; i < MAX_THREADS; i++)
		start.seed[i] = next_random(&seed);
}

/* The device may be gone for a while */
static void first_file(void)
{
	struct drm_panthor_dev_query q = {
		.type = DRM_PANTHOR_DEV_QUERY_GPU_INFO, .size = sizeof(me.gpu),
		.pointer = (uintptr_t)&me.gpu,
	};
	struct pan p;

	for (unsigned int i = 0; i < OPEN_TRIES && !atomic_load(&shared->over); i++) {
		me.file[0].fd = file_open(&me.file[0]);
		if (me.file[0].fd >= 0)
			break;
		sleep_ms(10);
	}
	p.fd = me.file[0].fd;
	pan_ioctl(&p, DRM_IOCTL_PANTHOR_DEV_QUERY, &q);
}

void worker_begin(const struct call *s)
{
	memset(&me, 0, sizeof(me));
	me.id = s->slot[0];
	me.threads = 1 + s->slot[1] % MAX_THREADS;
	own_settings();
	for (unsigned int i = 0; i < FILES; i++)
		me.file[i].fd = -1;
	memset(me.buf, -1, sizeof(me.buf));
	memset(me.fence, -1, sizeof(me.fence));
	me.udmabuf = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	draw_seeds((uint64_t)s->r[0] << 32 | s->r[1]);
	first_file();
}

void worker_start(const struct call *s)
{
	pid_t pid = fork();

	if (pid) {
		atomic_store(&shared->pid[s->slot[0]], pid > 0 ? pid : 0);
		return;
	}
	worker_begin(s);
	run_threads();
}

int worker_fork(const struct call *c)
{
	unsigned int child = me.id + FORKED;
	int none = 0, soon = PID_SOON;
	pid_t pid;

	/* One child at a time, and none of its own */
	if (child >= MAX_PROCS ||
	    !atomic_compare_exchange_strong(&shared->pid[child], &none, PID_SOON))
		return -EAGAIN;
	pid = fork();
	if (pid < 0)
		atomic_store(&shared->pid[child], 0);
	if (pid)
		return pid < 0 ? -errno : 0;
	/* Its parent may have been killed, and the place be free again */
	if (!atomic_compare_exchange_strong(&shared->pid[child], &soon, getpid()))
		_exit(0);
	me.id = child;
	me.threads = 1;
	draw_seeds((uint64_t)c->r[0] << 32 | c->r[1]);
	run_threads();
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the driver tells about the device, its buffers and its clients, and the
 * arguments that it refuses.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "memory.h"
#include "scenarios.h"
#include "tap.h"
#include "work.h"

static char text[1 << 18];

/* --- Time ---------------------------------------------------------------- */

static int timestamp(struct pan *p, uint32_t flags,
		     struct drm_panthor_timestamp_info *t)
{
	memset(t, 0, sizeof(*t));
	t->flags = flags;
	return pan_query(p, DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO, t, sizeof(*t));
}

static uint64_t clock_now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* The GPU's timestamp is the system counter: the kernel asks within this */
static bool between(struct pan *p, uint32_t cpu, clockid_t clock)
{
	struct drm_panthor_timestamp_info t;
	uint64_t before = clock_now(clock), at;

	if (timestamp(p, cpu, &t))
		return false;
	at = t.cpu_timestamp_sec * 1000000000ull + t.cpu_timestamp_nsec;
	detail("%llu is not in %llu..%llu", (unsigned long long)at,
	       (unsigned long long)before,
	       (unsigned long long)clock_now(clock));
	return before <= at && at <= clock_now(clock);
}

static void query_time(struct pan *p)
{
	const uint32_t all = DRM_PANTHOR_TIMESTAMP_GPU |
			     DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC |
			     DRM_PANTHOR_TIMESTAMP_GPU_OFFSET |
			     DRM_PANTHOR_TIMESTAMP_GPU_CYCLE_COUNT |
			     DRM_PANTHOR_TIMESTAMP_FREQ |
			     DRM_PANTHOR_TIMESTAMP_DURATION;
	struct drm_panthor_timestamp_info a, b;
	uint64_t ns, ticks;

	need(timestamp(p, all, &a));
	sleep_ms(50);
	need(timestamp(p, all, &b));
	ns = (b.cpu_timestamp_sec - a.cpu_timestamp_sec) * 1000000000ull +
	     b.cpu_timestamp_nsec - a.cpu_timestamp_nsec;
	ticks = ns * a.timestamp_frequency / 1000000000ull;
	detail("%llu ticks, %llu ns at %llu Hz",
	       (unsigned long long)(b.current_timestamp - a.current_timestamp),
	       (unsigned long long)ns, (unsigned long long)a.timestamp_frequency);
	ok(llabs((long long)(b.current_timestamp - a.current_timestamp - ticks)) <
	   (long long)ticks / 20,
	   "the GPU's timestamp goes as fast as the CPU's time");
	ok(a.duration_nsec && b.cycle_count && !b.timestamp_offset,
	   "duration, cycles and offset are answered");
	need(timestamp(p, 0, &a));
	ok(a.current_timestamp && a.timestamp_frequency && !a.cycle_count &&
	   !a.cpu_timestamp_sec && !a.duration_nsec,
	   "without flags it answers what it did before there were any");
	ok(between(p, DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC, CLOCK_MONOTONIC),
	   "CPU time is CLOCK_MONOTONIC");
	ok(between(p, DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC_RAW,
		   CLOCK_MONOTONIC_RAW), "or CLOCK_MONOTONIC_RAW");
	is(timestamp(p, 3 << 1, &a), -EINVAL, "another clock is refused");
	is(timestamp(p, 1 << 8, &a), -EINVAL, "an unknown flag is refused");
}

static void query_sizes(struct pan *p)
{
	struct drm_panthor_dev_query q = { 0 };
	struct drm_panthor_group_priorities_info prio = { 0 };
	uint32_t first = 0;
	int bad = 0;

	for (q.type = 0; q.type <= DRM_PANTHOR_DEV_QUERY_MMU_INFO; q.type++) {
		q.size = 0;
		bad += pan_ioctl(p, DRM_IOCTL_PANTHOR_DEV_QUERY, &q) || !q.size;
	}
	ok(!bad, "each query without a buffer tells the size");
	is(pan_ioctl(p, DRM_IOCTL_PANTHOR_DEV_QUERY, &q), -EINVAL,
	   "an unknown query is refused");
	is(pan_query(p, 99, &prio, sizeof(prio)), -EINVAL,
	   "with a buffer as well");
	is(pan_query(p, DRM_PANTHOR_DEV_QUERY_GPU_INFO, &first, 4), -EINVAL,
	   "a buffer that is too short is refused");
	need(pan_query(p, DRM_PANTHOR_DEV_QUERY_GROUP_PRIORITIES_INFO, &prio,
		       sizeof(prio)));
	is(prio.allowed_mask, 15, "root may use all four priorities");
}

void run_query(void)
{
	struct pan p;

	need(pan_open(&p));
	query_sizes(&p);
	query_time(&p);
	pan_close(&p);
}

/* --- Groups and jobs ----------------------------------------------------- */

/* The arguments of a good group, and one thing that makes it bad */
#define BAD_GROUP(g, want, what, ...) do {				\
	struct drm_panthor_queue_create q[8];				\
	struct drm_panthor_group_create a = pan_group_args((g)->pan,	\
							   (g)->vm, q, 1); \
	uint32_t group_;						\
									\
	__VA_ARGS__;							\
	is(pan_group_create_args((g)->pan, &a, &group_), want,		\
	   "a group with " what);					\
} while (0)

static void bad_groups(struct gpu *g)
{
	BAD_GROUP(g, -EINVAL, "padding", a.pad = 1);
	BAD_GROUP(g, -EINVAL, "a priority of 4", a.priority = 4);
	BAD_GROUP(g, -EINVAL, "no queue", a.queues.count = 0);
	BAD_GROUP(g, -EINVAL, "a VM that is not there", a.vm_id = 77);
	BAD_GROUP(g, -EINVAL, "compute cores that are not there",
		  a.compute_core_mask = ~0ull);
	BAD_GROUP(g, -EINVAL, "fragment cores that are not there",
		  a.fragment_core_mask = ~0ull);
	BAD_GROUP(g, -EINVAL, "tilers that are not there", a.tiler_core_mask = 2);
	BAD_GROUP(g, -EINVAL, "more cores than in its mask",
		  a.max_compute_cores = 200);
	BAD_GROUP(g, -EINVAL, "more fragment cores than in its mask",
		  a.max_fragment_cores = 200);
	BAD_GROUP(g, -EINVAL, "more tilers than in its mask",
		  a.max_tiler_cores = 2);
	BAD_GROUP(g, -EINVAL, "a ring of 2 KiB", q[0].ringbuf_size = 2048);
	BAD_GROUP(g, -EINVAL, "a ring of 128 KiB",
		  q[0].ringbuf_size = 2 * SZ_64K);
	BAD_GROUP(g, -EINVAL, "a ring of 12 KiB", q[0].ringbuf_size = 3 * SZ_4K);
	BAD_GROUP(g, -EINVAL, "a queue priority of 16", q[0].priority = 16);
	BAD_GROUP(g, -EINVAL, "padding of a queue", q[0].pad[1] = 1);
	BAD_GROUP(g, -EFAULT, "queues that cannot be read", a.queues.array = 8);
	BAD_GROUP(g, -EINVAL, "33 queues", a.queues.count = 33);
}

static int submit(struct gpu *g, struct drm_panthor_queue_submit job)
{
	return pan_submit(g->pan, g->group, &job, 1);
}

#define JOB(...) ((struct drm_panthor_queue_submit){			\
	.stream_size = 8, .stream_addr = CMD_VA, __VA_ARGS__ })

static void bad_jobs(struct gpu *g)
{
	struct drm_panthor_group_get_state s = { .group_handle = 99 };
	struct drm_panthor_group_destroy d = { .group_handle = 99 };
	struct drm_panthor_sync_op sync = pan_wait(9999, 0);
	struct gpu other = *g;

	is(submit(g, JOB(.pad = 1)), -EINVAL, "a job with padding");
	is(submit(g, JOB(.queue_index = 2)), -EINVAL, "a job on queue 2 of 2");
	is(submit(g, (struct drm_panthor_queue_submit){ .stream_size = 8 }),
	   -EINVAL, "a job with a size and no address");
	is(submit(g, (struct drm_panthor_queue_submit){ .stream_addr = CMD_VA }),
	   -EINVAL, "a job with an address and no size");
	is(submit(g, (struct drm_panthor_queue_submit){
		.stream_size = 8, .stream_addr = CMD_VA + 8 }), -EINVAL,
	   "a job off a cache line");
	is(submit(g, (struct drm_panthor_queue_submit){
		.stream_size = 4, .stream_addr = CMD_VA }), -EINVAL,
	   "a job with half an instruction");
	is(submit(g, JOB(.latest_flush = 1 << 24)), -EINVAL,
	   "a job with a flush ID that cannot be");
	is(submit(g, JOB(.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync))), -ENOENT,
	   "a job that waits for what is not there");
	other.group = 99;
	is(submit(&other, JOB()), -EINVAL, "a job for a group that is not there");
	is(pan_ioctl(g->pan, DRM_IOCTL_PANTHOR_GROUP_GET_STATE, &s), -EINVAL,
	   "the state of a group that is not there");
	is(pan_ioctl(g->pan, DRM_IOCTL_PANTHOR_GROUP_DESTROY, &d), -EINVAL,
	   "the end of a group that is not there");
}

/* 129 groups in a file are one too many; what was refused leaves no trace */
static void many_groups(struct gpu *g)
{
	uint32_t group[130];
	unsigned int n = 0;
	int ret = 0;

	while (n < 130 && !(ret = pan_group_create(g->pan, g->vm, 1, &group[n])))
		n++;
	detail("%u groups, then %d", n, ret);
	ok(n == 127 && ret == -EBUSY, "the file's 129th group is refused");
	while (n)
		need(pan_group_destroy(g->pan, group[--n]));
}

/* Far more jobs than fit a ring: the scheduler must pace itself */
static void full_queue(struct gpu *g)
{
	struct drm_panthor_queue_create q[1];
	struct drm_panthor_group_create a = pan_group_args(g->pan, g->vm, q, 1);
	struct gpu small = *g;
	struct cs cs = gpu_cs(g);
	const unsigned int jobs = 1000;

	q[0].ringbuf_size = SZ_4K;
	need(pan_group_create_args(g->pan, &a, &small.group));
	gpu_set_word(g, member_word(0, 0), 0);
	cs_word_add(&cs, member_word(0, 0), 1);
	gpu_cs_keep(g, &cs);
	for (unsigned int i = 0; i < jobs; i++)
		need(gpu_queue(&small, 0, &cs, 0, i + 1 == jobs ? g->done : 0));
	ok(ends(g, 20000) && gpu_word(g, member_word(0, 0)) == jobs,
	   "1000 jobs through a ring of 32 are each executed once");
	need(pan_group_destroy(g->pan, small.group));
}

static void empty_job(struct gpu *g)
{
	struct cs cs = gpu_cs(g), none = { .va = 0, .count = 0,
					   .buf = g->cmd.map };

	gpu_set_word(g, WORD_DONE, 0);
	cs_word_add(&cs, WORD_DONE, 1);
	need(gpu_queue(g, 1, &cs, 0, 0));
	need(gpu_queue(g, 1, &none, 0, g->done));
	ok(ends(g, 3000) && gpu_word(g, WORD_DONE) == 1,
	   "an empty job signals when those before it are done");
}

void run_arguments(void)
{
	struct gpu g;
	struct pan p;

	need(pan_open(&p));
	gpu_open(&g, &p);
	bad_groups(&g);
	bad_jobs(&g);
	many_groups(&g);
	full_queue(&g);
	empty_job(&g);
	gpu_close(&g);
	life_goes_on("after all that was refused");
	pan_close(&p);
}

/* Upstream puts the sync object that it did not find, which is the end of the kernel */
void run_signal_nothing(void)
{
	struct drm_panthor_vm_bind_op op = pan_op_sync_only();
	struct drm_panthor_sync_op sync = pan_signal(9999, 0);
	struct gpu g;
	struct pan p;

	need(pan_open(&p));
	gpu_open(&g, &p);
	is(submit(&g, JOB(.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync))), -EINVAL,
	   "a job that signals what is not there");
	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &sync);
	is(pan_bind(&p, g.vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1), -EINVAL,
	   "a bind that does");
	gpu_close(&g);
	pan_close(&p);
}

/*
 * What only a later operation of the same request signals can not be waited for. That is
 * for the caller to know: upstream warns.
 */
void run_wait_behind(void)
{
	struct drm_panthor_sync_op wait, signal;
	struct drm_panthor_vm_bind_op ops[2];
	struct drm_panthor_queue_submit jobs[2];
	uint32_t out;
	struct gpu g;
	struct pan p;

	need(pan_open(&p));
	gpu_open(&g, &p);
	need(pan_syncobj_create(&p, &out));
	kmsg_mark();
	wait = pan_wait(out, 0);
	signal = pan_signal(out, 0);
	jobs[0] = JOB(.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &wait));
	jobs[1] = JOB(.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &signal));
	is(pan_submit(&p, g.group, jobs, 2), -EINVAL,
	   "a job that waits for the one behind it");
	ops[0] = pan_op_sync_only();
	ops[1] = pan_op_sync_only();
	ops[0].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &wait);
	ops[1].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &signal);
	is(pan_bind(&p, g.vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, 2), -EINVAL,
	   "a bind that waits for the one behind it");
	not_said("WARNING");
	gpu_close(&g);
	pan_close(&p);
}

/* A count that the page allocator would warn of: each of them fails before it looks at more */
static void syncobj_counts(struct pan *p, uint32_t count)
{
	struct drm_syncobj_array a = { .count_handles = count };
	struct drm_syncobj_timeline_array t = { .count_handles = count };
	struct drm_syncobj_wait w = { .count_handles = count };

	detail("%u handles", count);
	ok(pan_ioctl(p, DRM_IOCTL_SYNCOBJ_SIGNAL, &a) == -ENOMEM &&
	   pan_ioctl(p, DRM_IOCTL_SYNCOBJ_RESET, &a) == -ENOMEM &&
	   pan_ioctl(p, DRM_IOCTL_SYNCOBJ_QUERY, &t) == -ENOMEM &&
	   pan_ioctl(p, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &t) == -ENOMEM &&
	   pan_ioctl(p, DRM_IOCTL_SYNCOBJ_WAIT, &w) == -ENOMEM,
	   "%u sync objects", count);
}

/* As many handles as there can be, of one sync object, and more than there can be entries */
static void syncobj_entries(struct pan *p, uint32_t count)
{
	struct drm_syncobj_wait w = { .count_handles = count };
	uint32_t out, *handles = malloc(count * sizeof(*handles));

	need(handles ? 0 : -ENOMEM);
	need(pan_syncobj_create(p, &out));
	for (uint32_t i = 0; i < count; i++)
		handles[i] = out;
	w.handles = (uintptr_t)handles;
	is(pan_ioctl(p, DRM_IOCTL_SYNCOBJ_WAIT, &w), -ENOMEM, "a wait for so many that are there");
	free(handles);
}

void run_counts(void)
{
	struct drm_panthor_vm_bind b = { .flags = DRM_PANTHOR_VM_BIND_ASYNC };
	struct drm_panthor_group_submit s = { };
	struct drm_panthor_vm_bind_op op;
	struct drm_panthor_queue_submit job;
	struct gpu g;
	struct pan p;

	need(pan_open(&p));
	gpu_open(&g, &p);
	kmsg_mark();
	op = pan_op_sync_only();
	b.vm_id = g.vm;
	b.ops = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(0xffffffff, &op);
	is(pan_ioctl(&p, DRM_IOCTL_PANTHOR_VM_BIND, &b), -ENOMEM,
	   "4294967295 operations");
	op.syncs.count = 0xffffffff;
	op.syncs.stride = sizeof(struct drm_panthor_sync_op);
	is(pan_bind(&p, g.vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1), -ENOMEM,
	   "as many sync operations");
	job = (struct drm_panthor_queue_submit)JOB();
	s.group_handle = g.group;
	s.queue_submits = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(0xffffffff, &job);
	is(pan_ioctl(&p, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &s), -ENOMEM, "as many jobs");
	syncobj_counts(&p, 0xffffffff);
	syncobj_counts(&p, 4 * SZ_1M / sizeof(uint32_t) + 1);
	syncobj_entries(&p, 4 * SZ_1M / sizeof(void *));
	not_said("WARNING");
	gpu_close(&g);
	pan_close(&p);
}

/* Somebody who has @size bytes, and whom the OOM killer would take first */
static pid_t easy_victim(size_t size)
{
	char ready;
	int fds[2];
	pid_t pid;

	need(pipe(fds) ? -errno : 0);
	pid = fork();
	need(pid < 0 ? -errno : 0);
	if (!pid) {
		char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		int adj = open("/proc/self/oom_score_adj", O_WRONLY);

		if (mem == MAP_FAILED || write(adj, "1000", 4) != 4)
			_exit(1);
		memset(mem, 1, size);
		if (write(fds[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	need(read(fds[0], &ready, 1) == 1 ? 0 : -ECHILD);
	close(fds[0]);
	return pid;
}

/* As Panthor has it */
#define ARRAY_MAX	(16 * SZ_1M)
#define MANY(_count, _array)	((struct drm_panthor_obj_array){		\
		.array = (uintptr_t)(_array), .count = (_count), .stride = sizeof(*(_array)) })

static void answers(long got, long want, const char *what, const char *of)
{
	detail("got %ld, wanted %ld", got, want);
	ok(got == want, "%s: %s", what, of);
}

/* Nothing is where these arrays of @bytes are said to be */
static void arrays_of(struct pan *p, struct gpu *g, uint64_t bytes, int answer, const char *what)
{
	struct drm_panthor_vm_bind b = { .vm_id = g->vm };
	struct drm_panthor_group_submit s = { .group_handle = g->group };
	struct drm_panthor_vm_bind_op op = pan_op_sync_only(), *ops = NULL;
	struct drm_panthor_queue_submit *jobs = NULL;
	struct drm_panthor_sync_op *syncs = NULL;

	b.ops = MANY(bytes / sizeof(*ops), ops);
	answers(pan_ioctl(p, DRM_IOCTL_PANTHOR_VM_BIND, &b), answer, what, "operations");
	b.flags = DRM_PANTHOR_VM_BIND_ASYNC;
	answers(pan_ioctl(p, DRM_IOCTL_PANTHOR_VM_BIND, &b), answer, what, "queued ones");
	op.syncs = MANY(bytes / sizeof(*syncs), syncs);
	answers(pan_bind(p, g->vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1), answer, what,
		"sync operations");
	s.queue_submits = MANY(bytes / sizeof(*jobs), jobs);
	answers(pan_ioctl(p, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &s), answer, what, "jobs");
}

/* What one operation may have is what all of a call may have */
static void shared_arrays(struct pan *p, struct gpu *g)
{
	static struct drm_panthor_sync_op syncs[ARRAY_MAX / sizeof(struct drm_panthor_sync_op)];
	struct drm_panthor_vm_bind_op ops[2] = { pan_op_sync_only(), pan_op_sync_only() };

	ops[0].syncs = MANY(ARRAY_SIZE(syncs) / 2, syncs);
	ops[1].syncs = MANY(ARRAY_SIZE(syncs) / 2 + 1, syncs);
	is(pan_bind(p, g->vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, 2), -ENOMEM,
	   "two arrays that are too large together");
	ops[1].syncs.count--;
	is(pan_bind(p, g->vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, 2), -ENOENT,
	   "two that are not, of syncobjs that there are not");
}

/* 3/8 of the memory is somebody's */
void run_arrays(void)
{
	uint64_t all = mem_kib("MemTotal:") * 1024ull;
	pid_t victim = easy_victim(all / 8 * 3);
	struct gpu g;
	struct pan p;

	need(pan_open(&p));
	gpu_open(&g, &p);
	arrays_of(&p, &g, all / 16 * 15, -ENOMEM, "nearly all memory");
	is(waitpid(victim, NULL, WNOHANG), 0, "nobody is killed for it");
	/* By one element of each kind */
	arrays_of(&p, &g, ARRAY_MAX + sizeof(struct drm_panthor_vm_bind_op), -ENOMEM,
		  "more than may be");
	arrays_of(&p, &g, ARRAY_MAX, -EFAULT, "as much as may be");
	shared_arrays(&p, &g);

	kill(victim, SIGKILL);
	waitpid(victim, NULL, 0);
	gpu_close(&g);
	pan_close(&p);
}

/* The fence of a timeline's point as a sync file, or what went wrong */
static int point_to_file(struct pan *p, uint32_t syncobj, uint64_t point)
{
	struct drm_syncobj_handle h = {
		.handle = syncobj,
		.fd = -1,
		.point = point,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE |
			 DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_TIMELINE,
	};
	int ret = pan_ioctl(p, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &h);

	return ret ?: h.fd;
}

static int file_to_point(struct pan *p, int fd, uint32_t syncobj, uint64_t point)
{
	struct drm_syncobj_handle h = {
		.handle = syncobj,
		.fd = fd,
		.point = point,
		.flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE |
			 DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_TIMELINE,
	};

	return pan_ioctl(p, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &h);
}

static int file_to_buffer(struct pan *p, int fd, uint32_t bo)
{
	struct dma_buf_import_sync_file i = { .flags = DMA_BUF_SYNC_WRITE, .fd = fd };
	struct drm_prime_handle h = { .handle = bo };
	int ret = pan_ioctl(p, DRM_IOCTL_PRIME_HANDLE_TO_FD, &h);

	if (ret)
		return ret;
	ret = ioctl(h.fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &i) ? -errno : 0;
	close(h.fd);
	return ret;
}

/* From the kernel's drivers/dma-buf/sw_sync.c: fences that are over when the host says so */
#define SW_SYNC		"/sys/kernel/debug/sync/sw_sync"
#define SW_SYNC_CREATE	_IOWR('W', 0, struct sw_fence)
#define SW_SYNC_INC	_IOW('W', 1, uint32_t)

struct sw_fence {
	uint32_t value;
	char name[32];
	int32_t fence;
};

/* A fence of the host's becomes a point: it is over when the host has counted to @value */
static void host_point(struct pan *p, int host, uint32_t value, uint32_t syncobj, uint64_t point)
{
	struct sw_fence f = { .value = value, .name = "hardpaths" };

	need(ioctl(host, SW_SYNC_CREATE, &f) ? -errno : 0);
	need(file_to_point(p, f.fence, syncobj, point));
	close(f.fence);
}

static void host_counts(int host)
{
	uint32_t one = 1;

	need(ioctl(host, SW_SYNC_INC, &one) ? -errno : 0);
}

/* A point of a timeline becomes one of another, and that a fence of a buffer */
void run_sync_points(void)
{
	int host = open(SW_SYNC, O_RDWR | O_CLOEXEC), file;
	uint32_t first, second;
	struct pan_bo bo;
	struct pan p;

	need(host < 0 ? -errno : 0);
	need(pan_open(&p));
	need(pan_bo_create(&p, SZ_64K, 0, &bo));
	need(pan_syncobj_create(&p, &first));
	need(pan_syncobj_create(&p, &second));
	kmsg_mark();
	host_point(&p, host, 1, first, 1);
	host_point(&p, host, 2, first, 2);
	file = point_to_file(&p, first, 2);
	ok(file >= 0, "two points that are not over are had as a sync file");
	is(file_to_point(&p, file, second, 7), 0, "which becomes another timeline's point");
	close(file);
	file = point_to_file(&p, second, 7);
	ok(file >= 0, "and a sync file again");
	is(file_to_buffer(&p, file, bo.handle), 0, "which becomes a fence of a buffer");
	close(file);
	host_counts(host);
	is(pan_syncobj_wait(&p, second, 7, 20), -ETIME, "after the first it is not over");
	host_counts(host);
	is(pan_syncobj_wait(&p, second, 7, 2000), 0, "after the second it is");
	not_said("WARNING");
	pan_syncobj_destroy(&p, first);
	pan_syncobj_destroy(&p, second);
	pan_bo_destroy(&p, &bo);
	pan_close(&p);
	close(host);
}

/* --- Buffers ------------------------------------------------------------- */

static int label(struct pan *p, uint32_t handle, const char *l)
{
	struct drm_panthor_bo_set_label s = {
		.handle = handle,
		.label = (uintptr_t)l,
	};

	return pan_ioctl(p, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &s);
}

static void labels(struct pan *p, struct gpu *g)
{
	static char longest[4200];
	struct drm_panthor_bo_set_label pad = { .handle = 1, .pad = 1 };
	struct pan_bo bo;

	need(pan_bo_create(p, SZ_64K, 0, &bo));
	is(label(p, bo.handle, "hardpaths' buffer"), 0, "a buffer gets a label");
	need(debugfs_read("gems", text, sizeof(text)));
	ok(strstr(text, "hardpaths' buffer") && strstr(text, "CS ring buffer") &&
	   strstr(text, "Total size"), "debugfs lists buffers by their labels");
	is(label(p, bo.handle, "another"), 0, "the label can be changed");
	need(debugfs_read("gems", text, sizeof(text)));
	ok(!strstr(text, "hardpaths' buffer") && strstr(text, "another"),
	   "then the new one is shown");
	is(label(p, bo.handle, NULL), 0, "and removed");
	memset(longest, 'x', sizeof(longest) - 1);
	is(label(p, bo.handle, longest), -E2BIG, "more than 4096 bytes are too many");
	is(label(p, 9999, "x"), -ENOENT, "the label of no buffer");
	is(label(p, bo.handle, (char *)8), -EFAULT, "a label that cannot be read");
	is(pan_ioctl(p, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &pad), -EINVAL,
	   "a label with padding");
	gpu_map(g, DATA_VA, &bo, 0, SZ_64K);
	need(debugfs_read("gpuvas", text, sizeof(text)));
	ok(strstr(text, "0x0000008000000000"), "debugfs lists what is mapped");
	pan_bo_destroy(p, &bo);
}

static int sync_bo(struct pan *p, uint32_t handle, uint32_t type,
		   uint64_t offset, uint64_t size)
{
	struct drm_panthor_bo_sync_op op = {
		.handle = handle, .type = type, .offset = offset, .size = size,
	};
	struct drm_panthor_bo_sync s = { .ops = DRM_PANTHOR_OBJ_ARRAY(1, &op) };

	return pan_ioctl(p, DRM_IOCTL_PANTHOR_BO_SYNC, &s);
}

static void syncs(struct pan *p, struct gpu *g)
{
	struct drm_panthor_bo_query_info info;
	struct pan_bo src, dst;

	need(pan_bo_create(p, SZ_64K, DRM_PANTHOR_BO_WB_MMAP, &src));
	need(pan_bo_create(p, SZ_64K, DRM_PANTHOR_BO_WB_MMAP, &dst));
	info = (struct drm_panthor_bo_query_info){ .handle = src.handle };
	need(pan_ioctl(p, DRM_IOCTL_PANTHOR_BO_QUERY_INFO, &info));
	ok(info.create_flags == DRM_PANTHOR_BO_WB_MMAP && !info.extra_flags,
	   "a buffer tells its flags");
	info.handle = 9999;
	is(pan_ioctl(p, DRM_IOCTL_PANTHOR_BO_QUERY_INFO, &info), -ENOENT,
	   "one that is not there does not");
	gpu_map(g, COPY_VA, &src, 0, SZ_64K);
	gpu_map(g, COPY_VA + SZ_1M, &dst, 0, SZ_64K);
	fill(src.map, 5, SZ_64K);
	is(sync_bo(p, src.handle, DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH, 0,
		   SZ_64K), 0, "a cached buffer is flushed");
	need(gpu_copy(g, COPY_VA + SZ_1M, COPY_VA, SZ_64K));
	is(sync_bo(p, dst.handle,
		   DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE, 0,
		   SZ_64K), 0, "another is invalidated");
	ok(holds(dst.map, 5, 0, SZ_64K), "and holds what the GPU wrote");
	is(sync_bo(p, src.handle, 2, 0, SZ_64K), -EINVAL, "an unknown sync");
	is(sync_bo(p, src.handle, 0, SZ_4K, SZ_64K), -EINVAL,
	   "a sync beyond the buffer");
	is(sync_bo(p, src.handle, 0, ~0ull, 2), -EINVAL,
	   "a sync that wraps around");
	is(sync_bo(p, 9999, 0, 0, SZ_4K), -ENOENT, "a sync of no buffer");
	is(sync_bo(p, src.handle, 0, 0, 0), 0, "a sync of nothing");
	pan_bo_destroy(p, &src);
	pan_bo_destroy(p, &dst);
}

static void bad_buffers(struct pan *p)
{
	struct drm_panthor_bo_mmap_offset off = { 0 };
	struct pan_bo bo;

	is(pan_bo_create(p, 0, 0, &bo), -EINVAL, "a buffer of no size");
	is(pan_bo_create(p, SZ_4K, 4, &bo), -EINVAL, "an unknown flag");
	is(pan_bo_create(p, SZ_4K, DRM_PANTHOR_BO_NO_MMAP |
			 DRM_PANTHOR_BO_WB_MMAP, &bo), -EINVAL,
	   "no mapping and a cached one");
	need(pan_bo_create(p, SZ_4K, DRM_PANTHOR_BO_NO_MMAP, &bo));
	off.handle = bo.handle;
	is(pan_ioctl(p, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &off), -EPERM,
	   "a buffer that was to have no mapping gets none");
	pan_bo_destroy(p, &bo);
}

void run_buffers(void)
{
	struct gpu g;
	struct pan p;

	need(pan_open(&p));
	gpu_open(&g, &p);
	bad_buffers(&p);
	labels(&p, &g);
	syncs(&p, &g);
	gpu_close(&g);
	pan_close(&p);
}

/* --- fdinfo -------------------------------------------------------------- */

static long long client_info(struct pan *p, const char *key)
{
	char path[64], *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", p->fd);
	need(sysfs_read(path, text, sizeof(text)));
	at = strstr(text, key);
	return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

void run_profiling(void)
{
	long long resident, ns, cycles;
	struct pan_bo bo;
	struct sums s;
	struct gpu g;
	struct pan p;
	struct cs cs;

	need(pan_open(&p));
	ok(client_info(&p, "drm-engine-panthor:") < 0 &&
	   client_info(&p, "drm-cycles-panthor:") < 0,
	   "without profiling fdinfo has no time and no cycles");
	is(sysfs_write("profiling", "4"), -EINVAL, "profiling 4 is refused");
	need(sysfs_write("profiling", "3"));
	gpu_open(&g, &p);
	sums_open(&s, &g);
	cs = sums_stream(&s, 0, 20000);
	need(gpu_run(&g, &cs));
	ns = client_info(&p, "drm-engine-panthor:");
	cycles = client_info(&p, "drm-cycles-panthor:");
	note("%lld ns, %lld cycles", ns, cycles);
	detail("%lld ns, %lld cycles", ns, cycles);
	ok(ns > 0 && cycles > 0, "with profiling it has both");
	ok(cycles / 2 < ns && ns < cycles * 2,
	   "at 1 GHz a cycle is a nanosecond");
	ok(sums_right(&s, 0, 20000), "what was profiled is right");
	need(gpu_run(&g, &cs));
	ok(client_info(&p, "drm-engine-panthor:") > ns, "another job adds to it");
	resident = client_info(&p, "drm-resident-memory:");
	need(pan_bo_create(&p, SZ_2M, 0, &bo));
	memset(bo.map, 1, SZ_2M);
	detail("before %lld KiB, after %lld", resident,
	       client_info(&p, "drm-resident-memory:"));
	is(client_info(&p, "drm-resident-memory:") - resident, 2048,
	   "a buffer of 2 MiB counts as such");
	is(client_info(&p, "drm-maxfreq-panthor:"), 1000000000, "the clock's rate");
	pan_bo_destroy(&p, &bo);
	need(sysfs_write("profiling", "0"));
	sums_close(&s);
	gpu_close(&g);
	pan_close(&p);
}

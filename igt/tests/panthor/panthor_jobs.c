// SPDX-License-Identifier: MIT
/*
 * Jobs of the GPU: queues, slots, priorities, rings, what ends a job, and what jobs and
 * binds wait for. What a job did is told by a counter that its stream writes: one that is
 * complete has counted to the end, and one that was taken away has not.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "panthor_bind.h"
#include "panthor_stream.h"
#include "sw_sync.h"

IGT_TEST_DESCRIPTION("Checks queues, slots, priorities, time-outs and dependencies of jobs.");

/* Rounds of a stream that is to run for a while, but not for seconds */
#define ROUNDS		50000
#define RING		KB(4)
#define MAX_SLOTS	31
#define MAX_QUEUES	4
#define WORK_VA		(TEST_VA + GB(4))
#define POWER_MS	5000

enum { R_ADDR = 0, R_COUNT = 2, R_LEFT = 4, R_ZERO = 6, R_TMP = 7 };

/* Words of the memory of a struct work, behind its streams */
enum { W_COUNT = 400, W_GO = 408 };

/* A VM with memory for streams and results, and a group in it */
struct work {
	int fd;
	uint32_t vm;
	uint32_t group;
	uint32_t done;
	struct panthor_bo bo;
};

static struct drm_panthor_gpu_info gpu;
static struct drm_panthor_csif_info csif;
static int device = -1;

/* --- Groups and streams -------------------------------------------------- */

/* 0 or a negative errno */
static int try_group(struct work *w, unsigned int queues, unsigned int priority)
{
	struct drm_panthor_queue_create q[MAX_QUEUES] = { };
	struct drm_panthor_group_create g = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(queues, q),
		.max_compute_cores = 1, .max_fragment_cores = 1, .max_tiler_cores = 1,
		.priority = priority, .vm_id = w->vm,
		.compute_core_mask = gpu.shader_present,
		.fragment_core_mask = gpu.shader_present,
		.tiler_core_mask = gpu.tiler_present,
	};
	int ret;

	for (unsigned int i = 0; i < queues; i++)
		q[i].ringbuf_size = RING;
	ret = igt_ioctl(w->fd, DRM_IOCTL_PANTHOR_GROUP_CREATE, &g) ? -errno : 0;
	errno = 0;
	w->group = g.group_handle;
	return ret;
}

static void open_vm(struct work *w, int fd)
{
	memset(w, 0, sizeof(*w));
	w->fd = fd;
	igt_panthor_vm_create(fd, &w->vm, 0);
	w->done = syncobj_create(fd, 0);
	igt_panthor_bo_create_mapped(fd, &w->bo, PAGE, 0, 0);
	igt_panthor_vm_bind(fd, w->vm, w->bo.handle, WORK_VA, PAGE, OP_UC, 0);
}

static void open_work(struct work *w, int fd, unsigned int queues, unsigned int priority)
{
	open_vm(w, fd);
	igt_assert_eq(try_group(w, queues, priority), 0);
}

static void close_work(struct work *w)
{
	if (w->group)
		igt_panthor_group_destroy(w->fd, w->group, 0);
	syncobj_destroy(w->fd, w->done);
	igt_panthor_free_bo(w->fd, &w->bo);
	igt_panthor_vm_destroy(w->fd, w->vm, 0);
}

static volatile uint64_t *work_word(struct work *w, unsigned int i)
{
	return (uint64_t *)w->bo.map + i;
}

static uint64_t word_at(unsigned int i)
{
	return WORK_VA + i * sizeof(uint64_t);
}

static struct stream work_stream(struct work *w)
{
	struct stream s = { .code = w->bo.map, .va = WORK_VA };

	st_begin(&s);
	return s;
}

/* Counts from 1 to @rounds in the word @word of the page at @page */
static struct stream counting(struct work *w, uint64_t page, uint32_t rounds)
{
	struct stream s = work_stream(w);
	unsigned int loop;

	*work_word(w, W_COUNT) = 0;
	st_mov48(&s, R_ADDR, page + W_COUNT * sizeof(uint64_t));
	st_mov48(&s, R_COUNT, 0);
	st_mov32(&s, R_LEFT, rounds);
	loop = s.count;
	st_add64(&s, R_COUNT, 1);
	st_store(&s, R_COUNT, R_ADDR);
	st_add32(&s, R_LEFT, -1);
	st_wait(&s);
	st_branch(&s, COND_GT, R_LEFT, loop);
	st_end(&s, R_TMP);
	return s;
}

/* Waits until the word W_GO is greater than 0, for ever if nobody changes it */
static struct stream waiting(struct work *w)
{
	struct stream s = work_stream(w);

	*work_word(w, W_GO) = 0;
	st_mov48(&s, R_ADDR, word_at(W_GO));
	st_mov48(&s, R_COUNT, 0);
	st_sync_wait64(&s, COND_GT, R_ADDR, R_COUNT);
	return s;
}

static struct stream hanging(struct work *w)
{
	struct stream s = work_stream(w);

	st_mov32(&s, R_ZERO, 0);
	st_branch(&s, COND_ALWAYS, R_ZERO, s.count);
	return s;
}

static struct drm_panthor_queue_submit job_of(const struct stream *s, unsigned int queue,
					      struct drm_panthor_sync_op *syncs, unsigned int n)
{
	struct drm_panthor_queue_submit job = {
		.queue_index = queue,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(n, syncs),
	};

	/* Without a stream it is nothing but its fences */
	if (s) {
		job.stream_addr = s->va;
		job.stream_size = s->count * sizeof(uint64_t);
	}
	return job;
}

/* 0 or a negative errno */
static int submit(struct work *w, struct drm_panthor_queue_submit *jobs, unsigned int n)
{
	struct drm_panthor_group_submit g = {
		.group_handle = w->group, .queue_submits = DRM_PANTHOR_OBJ_ARRAY(n, jobs),
	};
	int ret;

	__sync_synchronize();
	ret = igt_ioctl(w->fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &g) ? -errno : 0;
	errno = 0;
	return ret;
}

/* A job that signals @signal, and waits for @wait if that is not 0 */
static int queue_on(struct work *w, const struct stream *s, unsigned int queue, uint32_t wait,
		    uint32_t signal)
{
	struct drm_panthor_sync_op syncs[2] = { sync_signal(signal, 0), sync_wait(wait, 0) };
	struct drm_panthor_queue_submit job = job_of(s, queue, syncs, wait ? 2 : 1);

	return submit(w, &job, 1);
}

static int queue_job(struct work *w, const struct stream *s)
{
	return queue_on(w, s, 0, 0, w->done);
}

static void started(struct work *w)
{
	long end = now_ms() + WAIT_MS;

	while (!*work_word(w, W_COUNT) && now_ms() < end)
		sleep_ms(1);
	igt_assert_f(*work_word(w, W_COUNT), "the job does not start\n");
}

static void counted(struct work *w, uint32_t rounds)
{
	igt_assert_eq(fence_settled(w->fd, w->done), 1);
	__sync_synchronize();
	igt_assert_eq_u64(*work_word(w, W_COUNT), rounds);
}

static struct drm_panthor_group_get_state group_state(struct work *w)
{
	struct drm_panthor_group_get_state s = { .group_handle = w->group };

	do_ioctl(w->fd, DRM_IOCTL_PANTHOR_GROUP_GET_STATE, &s);
	return s;
}

/* A group that died takes no more jobs, and its VM has room for another one */
static void is_dead(struct work *w, uint32_t how)
{
	struct stream s;

	igt_assert_eq_u32(group_state(w).state & how, how);
	igt_assert_eq(queue_job(w, NULL), -EINVAL);
	igt_assert_eq(vm_state(w->fd, w->vm), DRM_PANTHOR_VM_STATE_USABLE);
	igt_panthor_group_destroy(w->fd, w->group, 0);
	igt_assert_eq(try_group(w, 1, PANTHOR_GROUP_PRIORITY_LOW), 0);
	s = counting(w, WORK_VA, ROUNDS);
	igt_assert_eq(queue_job(w, &s), 0);
	counted(w, ROUNDS);
}

/* --- One group ----------------------------------------------------------- */

static void fences_only(void)
{
	struct drm_panthor_queue_submit job;
	struct drm_panthor_sync_op sync;
	struct work w;

	open_work(&w, device, 2, PANTHOR_GROUP_PRIORITY_LOW);
	igt_assert_eq(submit(&w, NULL, 0), 0);
	for (unsigned int q = 0; q < 2; q++) {
		uint32_t out = syncobj_create(w.fd, 0);

		igt_assert_eq(queue_on(&w, NULL, q, 0, out), 0);
		igt_assert_eq(fence_settled(w.fd, out), 1);
		syncobj_destroy(w.fd, out);
	}
	/* Address and size of a stream come together, and a queue has to exist */
	sync = sync_signal(w.done, 0);
	job = job_of(NULL, 0, &sync, 1);
	job.stream_addr = WORK_VA;
	igt_assert_eq(submit(&w, &job, 1), -EINVAL);
	job = job_of(NULL, 0, &sync, 1);
	job.stream_size = sizeof(uint64_t);
	igt_assert_eq(submit(&w, &job, 1), -EINVAL);
	job = job_of(NULL, 2, &sync, 1);
	igt_assert_eq(submit(&w, &job, 1), -EINVAL);
	igt_assert_eq(fence_of(w.fd, w.done), NO_FENCE);
	close_work(&w);
}

static void submit_args(void)
{
	struct drm_panthor_queue_submit job = { };
	struct drm_panthor_group_submit g = { };
	struct stream s;
	struct work w;

	open_work(&w, device, 1, PANTHOR_GROUP_PRIORITY_LOW);
	s = counting(&w, WORK_VA, 1);
	g.group_handle = w.group;
	g.pad = 1;
	do_ioctl_err(w.fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &g, EINVAL);
	g.pad = 0;
	g.group_handle = w.group + 100;
	g.queue_submits = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &job);
	do_ioctl_err(w.fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &g, EINVAL);
	job.pad = 1;
	igt_assert_eq(submit(&w, &job, 1), -EINVAL);
	/* Streams begin at 64 bytes and consist of whole instructions */
	job = job_of(&s, 0, NULL, 0);
	job.stream_addr += 8;
	igt_assert_eq(submit(&w, &job, 1), -EINVAL);
	job = job_of(&s, 0, NULL, 0);
	job.stream_size -= 4;
	igt_assert_eq(submit(&w, &job, 1), -EINVAL);
	igt_assert_eq(queue_job(&w, &s), 0);
	counted(&w, 1);
	close_work(&w);
}

static void counts(void)
{
	struct stream s;
	struct work w;

	open_work(&w, device, 1, PANTHOR_GROUP_PRIORITY_LOW);
	for (unsigned int i = 1; i < 5; i++) {
		s = counting(&w, WORK_VA, i * ROUNDS / 4);
		igt_assert_eq(queue_job(&w, &s), 0);
		counted(&w, i * ROUNDS / 4);
	}
	close_work(&w);
}

/* As many instructions as a page has, of which the last one counts */
static void whole_page(void)
{
	struct panthor_bo code;
	struct stream s;
	struct work w;

	open_work(&w, device, 1, PANTHOR_GROUP_PRIORITY_LOW);
	*work_word(&w, W_COUNT) = 0;
	igt_panthor_bo_create_mapped(w.fd, &code, PAGE, 0, 0);
	igt_panthor_vm_bind(w.fd, w.vm, code.handle, WORK_VA + PAGE, PAGE, 0, 0);
	s = (struct stream){ .code = code.map, .va = WORK_VA + PAGE };
	st_begin(&s);
	st_mov48(&s, R_ADDR, word_at(W_COUNT));
	st_mov48(&s, R_COUNT, 0);
	while (s.count < PAGE / sizeof(uint64_t) - 5)
		st_add64(&s, R_COUNT, 1);
	st_store(&s, R_COUNT, R_ADDR);
	st_wait(&s);
	st_end(&s, R_TMP);
	igt_assert_eq_u64(s.count, PAGE / sizeof(uint64_t));
	igt_assert_eq(queue_job(&w, &s), 0);
	counted(&w, PAGE / sizeof(uint64_t) - 8);
	igt_panthor_free_bo(w.fd, &code);
	close_work(&w);
}

/* Many more jobs than a ring has room for, each of which counts one */
static void ring_wraps(void)
{
	const unsigned int jobs = 300;
	struct stream s;
	struct work w;

	open_work(&w, device, 1, PANTHOR_GROUP_PRIORITY_LOW);
	s = work_stream(&w);
	*work_word(&w, W_COUNT) = 0;
	st_mov48(&s, R_ADDR, word_at(W_COUNT));
	st_load(&s, R_COUNT, R_ADDR);
	st_wait(&s);
	st_add64(&s, R_COUNT, 1);
	st_store(&s, R_COUNT, R_ADDR);
	st_wait(&s);
	for (unsigned int i = 0; i < 2 * jobs; i++)
		igt_assert_eq(queue_on(&w, i % 2 ? NULL : &s, 0, 0, w.done), 0);
	counted(&w, jobs);
	close_work(&w);
}

static void destroyed_while_running(void)
{
	uint64_t count;
	struct stream s;
	struct work w;

	open_work(&w, device, 1, PANTHOR_GROUP_PRIORITY_LOW);
	/* Years */
	s = counting(&w, WORK_VA, INT32_MAX);
	igt_assert_eq(queue_job(&w, &s), 0);
	started(&w);
	igt_panthor_group_destroy(w.fd, w.group, 0);
	w.group = 0;
	igt_assert_lt(fence_settled(w.fd, w.done), 0);
	count = *work_word(&w, W_COUNT);
	sleep_ms(A_WHILE_MS);
	igt_assert_eq_u64(*work_word(&w, W_COUNT), count);
	close_work(&w);
}

static void unbound_while_running(void)
{
	struct stream s;
	struct work w;
	int status;

	open_work(&w, device, 1, PANTHOR_GROUP_PRIORITY_LOW);
	igt_panthor_vm_bind(w.fd, w.vm, w.bo.handle, WORK_VA + PAGE, PAGE, OP_UC | OP_NX, 0);
	s = counting(&w, WORK_VA + PAGE, INT32_MAX);
	igt_assert_eq(queue_job(&w, &s), 0);
	started(&w);
	igt_panthor_vm_bind(w.fd, w.vm, 0, WORK_VA + PAGE, PAGE, OP_UNMAP, 0);
	/* It can not come to its end */
	status = fence_settled(w.fd, w.done);
	igt_assert_lt(status, 0);
	is_dead(&w, DRM_PANTHOR_GROUP_STATE_FATAL_FAULT);
	close_work(&w);
}

static void faults(void)
{
	struct work bad, good;
	struct stream s;

	open_work(&bad, device, 1, PANTHOR_GROUP_PRIORITY_LOW);
	open_work(&good, device, 1, PANTHOR_GROUP_PRIORITY_LOW);
	s = counting(&good, WORK_VA, 10 * ROUNDS);
	igt_assert_eq(queue_job(&good, &s), 0);
	started(&good);
	s = work_stream(&bad);
	/* No instruction */
	st_emit(&s, 0xff, 0);
	igt_assert_eq(queue_job(&bad, &s), 0);
	igt_assert_eq(fence_settled(bad.fd, bad.done), -EINVAL);
	igt_assert_eq_u32(group_state(&bad).fatal_queues, 1);
	is_dead(&bad, DRM_PANTHOR_GROUP_STATE_FATAL_FAULT);
	counted(&good, 10 * ROUNDS);
	igt_assert_eq_u32(group_state(&good).state, 0);
	close_work(&good);
	close_work(&bad);
}

static void hangs(void)
{
	struct stream s;
	struct work w;

	open_work(&w, device, 1, PANTHOR_GROUP_PRIORITY_LOW);
	s = hanging(&w);
	igt_assert_eq(queue_job(&w, &s), 0);
	igt_assert_eq(fence_settled(w.fd, w.done), -ETIMEDOUT);
	is_dead(&w, DRM_PANTHOR_GROUP_STATE_TIMEDOUT);
	close_work(&w);
}

static void waits_in_vain(void)
{
	struct stream s;
	struct work w;

	open_work(&w, device, 1, PANTHOR_GROUP_PRIORITY_LOW);
	s = waiting(&w);
	igt_assert_eq(queue_job(&w, &s), 0);
	igt_assert_eq(fence_settled(w.fd, w.done), -ETIMEDOUT);
	is_dead(&w, DRM_PANTHOR_GROUP_STATE_TIMEDOUT);
	close_work(&w);
}

/* --- Several groups ------------------------------------------------------ */

/* What the driver says when it loses a job or the GPU that nobody gave cause for */
static int log_mark(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	igt_require(fd >= 0);
	lseek(fd, 0, SEEK_END);
	return fd;
}

static void nothing_lost(int log)
{
	static const char * const bad[] = { "timeout", "timedout", "Timed out", "stuck",
					     "reset failed", "ping" };
	char line[KB(4)];
	ssize_t n;

	while ((n = read(log, line, sizeof(line) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		line[n > 0 ? n : 0] = '\0';
		for (unsigned int i = 0; i < LEN(bad); i++)
			igt_assert_f(!strstr(line, bad[i]), "the driver says: %s", line);
	}
	errno = 0;
	close(log);
}

/* @n groups, a VM each, count at once; each comes to its end */
static void groups_count(unsigned int n)
{
	struct work *w = calloc(n, sizeof(*w));
	int log = log_mark();
	struct stream s;

	for (unsigned int i = 0; i < n; i++) {
		open_work(&w[i], device, 1, PANTHOR_GROUP_PRIORITY_LOW);
		s = counting(&w[i], WORK_VA, ROUNDS);
		igt_assert_eq(queue_job(&w[i], &s), 0);
	}
	for (unsigned int i = 0; i < n; i++)
		started(&w[i]);
	for (unsigned int i = 0; i < n; i++)
		counted(&w[i], ROUNDS);
	for (unsigned int i = 0; i < n; i++)
		close_work(&w[i]);
	nothing_lost(log);
	free(w);
}

static void all_slots(void)
{
	groups_count(csif.csg_slot_count);
}

static void one_more_than_slots(void)
{
	groups_count(csif.csg_slot_count + 1);
}

static void twice_the_slots(void)
{
	groups_count(2 * csif.csg_slot_count);
}

/* Each slot has a group that is idle, and one more comes */
static void idle_groups(void)
{
	struct work w[MAX_SLOTS + 1];
	struct stream s;

	for (unsigned int i = 0; i <= csif.csg_slot_count; i++) {
		open_work(&w[i], device, 1, PANTHOR_GROUP_PRIORITY_LOW);
		s = counting(&w[i], WORK_VA, 10);
		igt_assert_eq(queue_job(&w[i], &s), 0);
		counted(&w[i], 10);
	}
	for (unsigned int i = 0; i <= csif.csg_slot_count; i++)
		close_work(&w[i]);
}

/* Groups of @below have all slots and work without end; one of @above comes */
static void preempts(unsigned int below, unsigned int above)
{
	struct work w[MAX_SLOTS], rush;
	struct stream s;

	open_vm(&rush, device);
	igt_require_f(!try_group(&rush, 1, above), "this user may not have such a group\n");
	for (unsigned int i = 0; i < csif.csg_slot_count; i++) {
		open_work(&w[i], device, 1, below);
		s = counting(&w[i], WORK_VA, INT32_MAX);
		igt_assert_eq(queue_job(&w[i], &s), 0);
		started(&w[i]);
	}
	s = counting(&rush, WORK_VA, ROUNDS);
	igt_assert_eq(queue_job(&rush, &s), 0);
	counted(&rush, ROUNDS);
	for (unsigned int i = 0; i < csif.csg_slot_count; i++) {
		igt_assert_eq(fence_of(device, w[i].done), 0);
		close_work(&w[i]);
	}
	close_work(&rush);
}

static void high_beside_low(void)
{
	preempts(PANTHOR_GROUP_PRIORITY_LOW, PANTHOR_GROUP_PRIORITY_HIGH);
}

static void realtime_beside_high(void)
{
	preempts(PANTHOR_GROUP_PRIORITY_HIGH, PANTHOR_GROUP_PRIORITY_REALTIME);
}

/* --- What waits for what ------------------------------------------------- */

/* Four queues, each of which waits for the one before it, in one call */
static void queue_chain(struct work *w, const struct stream *first, uint32_t head,
			uint32_t out[MAX_QUEUES])
{
	struct drm_panthor_sync_op syncs[MAX_QUEUES][2];
	struct drm_panthor_queue_submit jobs[MAX_QUEUES];

	for (unsigned int i = 0; i < MAX_QUEUES; i++) {
		uint32_t before = i ? out[i - 1] : head;

		out[i] = syncobj_create(w->fd, 0);
		syncs[i][0] = sync_signal(out[i], 0);
		syncs[i][1] = sync_wait(before, 0);
		jobs[i] = job_of(i ? NULL : first, i, syncs[i], before ? 2 : 1);
	}
	igt_assert_eq(submit(w, jobs, MAX_QUEUES), 0);
}

static void chain_ends(struct work *w, uint32_t out[MAX_QUEUES])
{
	for (unsigned int i = 0; i < MAX_QUEUES; i++) {
		igt_assert_eq(fence_settled(w->fd, out[i]), 1);
		syncobj_destroy(w->fd, out[i]);
	}
}

static void chain_of_queues(void)
{
	uint32_t out[MAX_QUEUES];
	struct stream s;
	struct work w;
	struct pb p;

	pb_open(&p, device);
	open_work(&w, p.fd, MAX_QUEUES, PANTHOR_GROUP_PRIORITY_LOW);
	s = counting(&w, WORK_VA, 10);
	queue_chain(&w, &s, gate_shut(&p), out);
	sleep_ms(A_WHILE_MS);
	for (unsigned int i = 0; i < MAX_QUEUES; i++)
		igt_assert_eq(fence_of(w.fd, out[i]), 0);
	igt_assert_eq_u64(*work_word(&w, W_COUNT), 0);
	gate_open(&p);
	chain_ends(&w, out);
	igt_assert_eq_u64(*work_word(&w, W_COUNT), 10);
	close_work(&w);
	pb_close(&p);
}

/* The processor writes what a stream waits for. Nobody rings a doorbell */
static void released_by_the_processor(void)
{
	uint32_t out[MAX_QUEUES];
	struct stream s;
	struct work w;

	open_work(&w, device, MAX_QUEUES, PANTHOR_GROUP_PRIORITY_LOW);
	s = waiting(&w);
	queue_chain(&w, &s, 0, out);
	sleep_ms(500);
	for (unsigned int i = 0; i < MAX_QUEUES; i++)
		igt_assert_eq(fence_of(w.fd, out[i]), 0);
	*work_word(&w, W_GO) = 1;
	__sync_synchronize();
	chain_ends(&w, out);
	close_work(&w);
}

/* A job waits for a syncobj that a later one of the call signals: for what it has now */
static void waits_for_the_fence_before(void)
{
	uint32_t both = syncobj_create(device, DRM_SYNCOBJ_CREATE_SIGNALED);
	struct drm_panthor_sync_op first[2], second;
	struct drm_panthor_queue_submit jobs[2];
	struct work w;

	open_work(&w, device, 1, PANTHOR_GROUP_PRIORITY_LOW);
	first[0] = sync_wait(both, 0);
	first[1] = sync_signal(w.done, 0);
	second = sync_signal(both, 0);
	jobs[0] = job_of(NULL, 0, first, 2);
	jobs[1] = job_of(NULL, 0, &second, 1);
	igt_assert_eq(submit(&w, jobs, 2), 0);
	igt_assert_eq(fence_settled(w.fd, w.done), 1);
	igt_assert_eq(fence_settled(w.fd, both), 1);
	syncobj_destroy(device, both);
	close_work(&w);
}

/* The unmap of what a job uses waits for the job, and the job after it for the unmap */
static void job_bind_job(void)
{
	struct drm_panthor_vm_bind_op op = op_unmap(WORK_VA + PAGE, PAGE);
	struct drm_panthor_sync_op syncs[2];
	uint32_t unmapped;
	struct stream s;
	struct work w;
	struct pb p;

	pb_open(&p, device);
	open_work(&w, p.fd, 1, PANTHOR_GROUP_PRIORITY_LOW);
	unmapped = syncobj_create(w.fd, 0);
	igt_panthor_vm_bind(w.fd, w.vm, w.bo.handle, WORK_VA + PAGE, PAGE, OP_UC | OP_NX, 0);
	s = counting(&w, WORK_VA + PAGE, 100);
	igt_assert_eq(queue_on(&w, &s, 0, gate_shut(&p), w.done), 0);
	syncs[0] = sync_wait(w.done, 0);
	syncs[1] = sync_signal(unmapped, 0);
	op = op_with(op, syncs, 2);
	igt_assert_eq(bind_raw(w.fd, w.vm, ASYNC, &op, 1, NULL), 0);
	sleep_ms(A_WHILE_MS);
	igt_assert_eq(fence_of(w.fd, unmapped), 0);
	gate_open(&p);
	counted(&w, 100);
	igt_assert_eq(fence_settled(w.fd, unmapped), 1);
	igt_assert_eq(queue_on(&w, &s, 0, unmapped, w.done), 0);
	igt_assert_lt(fence_settled(w.fd, w.done), 0);
	syncobj_destroy(w.fd, unmapped);
	close_work(&w);
	pb_close(&p);
}

/* @syncobj as another file has it */
static uint32_t in_file(int from, uint32_t syncobj, int to)
{
	int fd = syncobj_handle_to_fd(from, syncobj, 0);
	uint32_t there = syncobj_fd_to_handle(to, fd, 0);

	close(fd);
	return there;
}

static void point_to_binary(int fd, uint32_t timeline, uint64_t point, uint32_t binary)
{
	struct drm_syncobj_transfer t = {
		.src_handle = timeline, .src_point = point, .dst_handle = binary,
	};

	do_ioctl(fd, DRM_IOCTL_SYNCOBJ_TRANSFER, &t);
}

/* Another file waits for a job of this one: for its syncobj, and for a point made one */
static void seen_by_another_file(void)
{
	int other = drm_reopen_driver(device);
	struct drm_panthor_sync_op syncs[3];
	struct drm_panthor_queue_submit job;
	uint32_t timeline, binary, there[2];
	struct work w;
	struct pb p;

	pb_open(&p, device);
	open_work(&w, p.fd, 1, PANTHOR_GROUP_PRIORITY_LOW);
	timeline = syncobj_create(w.fd, 0);
	binary = syncobj_create(w.fd, 0);
	syncs[0] = sync_wait(gate_shut(&p), 0);
	syncs[1] = sync_signal(w.done, 0);
	syncs[2] = sync_signal(timeline, 7);
	job = job_of(NULL, 0, syncs, 3);
	igt_assert_eq(submit(&w, &job, 1), 0);
	point_to_binary(w.fd, timeline, 7, binary);
	there[0] = in_file(w.fd, w.done, other);
	there[1] = in_file(w.fd, binary, other);
	sleep_ms(A_WHILE_MS);
	for (unsigned int i = 0; i < 2; i++)
		igt_assert_eq(fence_of(other, there[i]), 0);
	gate_open(&p);
	for (unsigned int i = 0; i < 2; i++)
		igt_assert_eq(fence_settled(other, there[i]), 1);
	drm_close_driver(other);
	syncobj_destroy(w.fd, timeline);
	syncobj_destroy(w.fd, binary);
	close_work(&w);
	pb_close(&p);
}

/* --- Power --------------------------------------------------------------- */

static const char *power_file(const char *name)
{
	static char path[160];
	char link[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", device);
	n = readlink(path, link, sizeof(link) - 1);
	igt_assert_lt(0, n);
	link[n] = '\0';
	snprintf(path, sizeof(path), "/sys/class/drm/%s/device/power/%s",
		 strrchr(link, '/') + 1, name);
	return path;
}

static void sleeps(void)
{
	long end = now_ms() + POWER_MS;
	char text[32] = "";

	while (now_ms() < end) {
		igt_require(read_file(power_file("runtime_status"), text, sizeof(text)));
		if (!strncmp(text, "suspended", 9))
			return;
		sleep_ms(10);
	}
	igt_assert_f(false, "the idle GPU is %s", text);
}

static void sleeps_and_wakes(void)
{
	struct stream s;
	struct work w;

	open_work(&w, device, 1, PANTHOR_GROUP_PRIORITY_LOW);
	for (unsigned int i = 0; i < 8; i++) {
		sleeps();
		s = counting(&w, WORK_VA, 1000 + i);
		igt_assert_eq(queue_job(&w, &s), 0);
		counted(&w, 1000 + i);
	}
	sleeps();
	close_work(&w);
	sleeps();
}

static const struct {
	const char *name;
	const char *about;
	void (*run)(void);
} subtests[] = {
	{ "fences-only", "Jobs without a stream, and half of one", fences_only },
	{ "submit-args", "Fields of GROUP_SUBMIT that are refused", submit_args },
	{ "counts", "A stream counts to its end", counts },
	{ "whole-page", "A stream of as many instructions as a page has", whole_page },
	{ "ring-wraps", "More jobs than a ring has room for", ring_wraps },
	{ "destroyed-while-running", "A group is destroyed, its stream stops",
	  destroyed_while_running },
	{ "unbound-while-running", "What a stream writes to is unmapped", unbound_while_running },
	{ "faults", "A fault ends its group, and no other", faults },
	{ "hangs", "A stream without an end is ended", hangs },
	{ "waits-in-vain", "So is one that waits for what never comes", waits_in_vain },
	{ "all-slots", "As many groups as slots count at once", all_slots },
	{ "one-more-than-slots", "One more than slots", one_more_than_slots },
	{ "twice-the-slots", "Twice as many", twice_the_slots },
	{ "idle-groups", "One more than slots, all others idle", idle_groups },
	{ "high-beside-low", "A group of high priority when low ones have all slots",
	  high_beside_low },
	{ "realtime-beside-high", "A real-time group when high ones have all slots",
	  realtime_beside_high },
	{ "chain-of-queues", "Each queue waits for the one before it", chain_of_queues },
	{ "released-by-the-processor", "The processor writes what a stream waits for",
	  released_by_the_processor },
	{ "waits-for-the-fence-before", "What a later job of the call signals is waited for",
	  waits_for_the_fence_before },
	{ "job-bind-job", "An unmap waits for a job, and a job for the unmap", job_bind_job },
	{ "seen-by-another-file", "Another file waits for a job, and for a point of a timeline",
	  seen_by_another_file },
	{ "sleeps-and-wakes", "An idle GPU sleeps, and works for the next job",
	  sleeps_and_wakes },
};

int igt_main()
{
	igt_fixture() {
		device = drm_open_driver(DRIVER_PANTHOR);
		igt_panthor_query(device, DRM_PANTHOR_DEV_QUERY_GPU_INFO, &gpu, sizeof(gpu), 0);
		igt_panthor_query(device, DRM_PANTHOR_DEV_QUERY_CSIF_INFO, &csif, sizeof(csif), 0);
		igt_assert_lte(csif.csg_slot_count, MAX_SLOTS);
	}

	for (unsigned int i = 0; i < LEN(subtests); i++) {
		igt_describe_f("%s", subtests[i].about);
		igt_subtest_f("%s", subtests[i].name)
			subtests[i].run();
	}

	igt_fixture()
		drm_close_driver(device);
}

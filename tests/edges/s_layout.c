// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a VM's addresses are split between user and kernel, and what is in a
 * submission: sync objects that belong together, and odd sizes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <xf86drm.h>

#include "gpu.h"
#include "host.h"
#include "memory.h"
#include "scenarios.h"
#include "tap.h"

#define SIZE		SZ_64K
#define GPU_VA_BITS	48
#define KERNEL_LEAST	(256 * SZ_1M)
#define NOWHERE		0x7fffffffu	/* a handle that nothing has */

/* gpu_open() in a VM with a range of one's own choice; what the VM then has */
static uint64_t open_with(struct gpu *g, struct pan *p, uint64_t range)
{
	struct drm_panthor_vm_create c = { .user_va_range = range };
	uint32_t group;

	gpu_open(g, p);
	need(pan_group_destroy(p, g->group));
	need(pan_vm_destroy(p, g->vm));
	need(pan_ioctl(p, DRM_IOCTL_PANTHOR_VM_CREATE, &c));
	g->vm = c.id;
	need(pan_map(p, g->vm, CMD_VA, &g->cmd, 0, CMD_SIZE,
		     DRM_PANTHOR_VM_BIND_OP_MAP_READONLY));
	need(pan_map(p, g->vm, WORDS_VA, &g->words, 0, WORDS_SIZE,
		     DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC));
	need(pan_group_create(p, g->vm, 2, &group));
	g->group = group;
	return c.user_va_range;
}

/* Work at the very top of the user's range, and not a page above it */
static void works_up_to(struct pan *p, uint64_t range, uint64_t want,
			const char *what)
{
	struct pan_bo src, dst;
	struct gpu g;
	uint64_t top = open_with(&g, p, range);

	detail("0x%llx", (unsigned long long)top);
	ok(top == want, "%s: the user's part is what was asked for", what);
	gpu_bo(&g, SIZE, &src);
	gpu_bo(&g, SIZE, &dst);
	fill(src.map, 1, SIZE);
	is(pan_map(p, g.vm, top - SIZE, &src, 0, SIZE,
		   DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC), 0, "its end is bound");
	gpu_map(&g, top - 2 * SIZE, &dst, 0, SIZE);
	ok(!gpu_copy(&g, top - 2 * SIZE, top - SIZE, SIZE) &&
	   holds(dst.map, 1, 0, SIZE), "%s: the GPU works there", what);
	is(pan_map(p, g.vm, top - SZ_4K, &src, 0, SIZE, 0), -EINVAL,
	   "nothing is bound across it");
	is(pan_unmap(p, g.vm, top, SZ_4K), -EINVAL, "nor unbound beyond it");
	gpu_close(&g);
	pan_bo_destroy(p, &src);
	pan_bo_destroy(p, &dst);
}

static void refused(struct pan *p, uint64_t range, const char *what)
{
	struct drm_panthor_vm_create c = { .user_va_range = range };

	is(pan_ioctl(p, DRM_IOCTL_PANTHOR_VM_CREATE, &c), -EINVAL, what);
}

void run_layout(void)
{
	const uint64_t all = 1ull << GPU_VA_BITS;
	struct pan p;

	need(pan_open(&p));
	works_up_to(&p, 0, all / 2, "by default");
	works_up_to(&p, 4 * SZ_1G, all / 2, "32 bits");
	works_up_to(&p, 3 * all / 4, 3 * all / 4, "three quarters");
	works_up_to(&p, all - KERNEL_LEAST, all - KERNEL_LEAST,
		    "all but 256 MiB");
	refused(&p, all - KERNEL_LEAST + SZ_4K, "less than 256 MiB for the kernel");
	refused(&p, all, "nothing for the kernel");
	refused(&p, ~0ull, "more than the GPU has");
	pan_close(&p);
}

/* --- Sync objects -------------------------------------------------------- */

#define SRC_VA	DATA_VA
#define MID_VA	(DATA_VA + SZ_1G)
#define DST_VA	(DATA_VA + 2 * SZ_1G)

static struct drm_panthor_queue_submit job_of(struct gpu *g, unsigned int queue,
					      uint64_t dst, uint64_t src)
{
	struct cs cs = gpu_cs(g);

	cs_copy(&cs, dst, src, SIZE);
	cs_end(&cs);
	gpu_cs_keep(g, &cs);
	return (struct drm_panthor_queue_submit){
		.queue_index = queue,
		.stream_size = cs.count * sizeof(uint64_t),
		.stream_addr = cs.va,
	};
}

#define SYNCS(s)	((struct drm_panthor_obj_array)			\
			 DRM_PANTHOR_OBJ_ARRAY(ARRAY_SIZE(s), s))

/*
 * Two queues, one ioctl: what the second job waits for is a fence that exists
 * only since the first job of the same submission.
 */
static void within_a_submission(struct gpu *g, struct pan_bo *dst, uint64_t point,
				const char *what)
{
	struct drm_panthor_queue_submit jobs[2];
	struct drm_panthor_sync_op first[1], second[2];
	uint32_t mid;

	need(pan_syncobj_create(g->pan, &mid));
	memset(dst->map, 0, SIZE);
	jobs[0] = job_of(g, 0, MID_VA, SRC_VA);
	jobs[1] = job_of(g, 1, DST_VA, MID_VA);
	first[0] = pan_signal(mid, point);
	second[0] = pan_wait(mid, point);
	second[1] = pan_signal(g->done, 0);
	jobs[0].syncs = SYNCS(first);
	jobs[1].syncs = SYNCS(second);
	need(pan_submit(g->pan, g->group, jobs, 2));
	ok(!pan_syncobj_wait(g->pan, g->done, 0, PAN_TIMEOUT_MS) &&
	   holds(dst->map, 1, 0, SIZE), "a job waits for %s of its own submission",
	   what);
	is(pan_syncobj_wait(g->pan, mid, point, 0), 0,
	   "which others see as well");
	pan_syncobj_destroy(g->pan, mid);
}

/* The same of binds: the first signals, the second waits, one ioctl */
static void within_a_bind(struct gpu *g, struct pan_bo *src, struct pan_bo *dst)
{
	struct drm_panthor_sync_op first[1], second[2];
	struct drm_panthor_vm_bind_op ops[3];
	uint32_t line;

	need(pan_syncobj_create(g->pan, &line));
	ops[0] = pan_op_unmap(SRC_VA, SIZE);
	ops[1] = pan_op_map(SRC_VA, src, SIZE, SIZE);
	ops[2] = pan_op_sync_only();
	first[0] = pan_signal(line, 1);
	second[0] = pan_wait(line, 1);
	second[1] = pan_signal(line, 2);
	ops[0].syncs = SYNCS(first);
	ops[2].syncs = SYNCS(second);
	is(pan_bind(g->pan, g->vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, 3), 0,
	   "an unbind, a bind and a point of a timeline after both");
	is(pan_syncobj_wait(g->pan, line, 2, PAN_TIMEOUT_MS), 0,
	   "the point comes");
	ok(!gpu_copy(g, DST_VA, SRC_VA, SIZE) && holds(dst->map, 1, SIZE, SIZE),
	   "and the GPU sees the new binding");
	pan_syncobj_destroy(g->pan, line);
}

/*
 * What is wrong about the second job shows when the first has its fence already:
 * both are taken back, and what is queued later on goes on as if nothing had been.
 */
static void half_wrong(struct gpu *g, struct pan_bo *src, struct pan_bo *dst)
{
	struct drm_panthor_sync_op first[1] = { pan_signal(g->done, 0) };
	struct drm_panthor_sync_op second[2] = {
		pan_wait(g->done, 0), pan_wait(NOWHERE, 0),
	};
	struct drm_panthor_queue_submit jobs[2];
	struct drm_panthor_vm_bind_op ops[2];

	memset(dst->map, 0, SIZE);
	jobs[0] = job_of(g, 0, DST_VA, MID_VA);
	jobs[1] = job_of(g, 1, DST_VA, MID_VA);
	jobs[0].syncs = SYNCS(first);
	jobs[1].syncs = SYNCS(second);
	is(pan_submit(g->pan, g->group, jobs, 2), -ENOENT,
	   "a second job that waits for what is not there");
	ops[0] = pan_op_map(SRC_VA, src, 0, SIZE);
	ops[1] = pan_op_sync_only();
	ops[0].syncs = SYNCS(first);
	ops[1].syncs = SYNCS(second);
	is(pan_bind(g->pan, g->vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, 2), -ENOENT,
	   "a second bind that does");
	is(pan_syncobj_wait(g->pan, g->done, 0, 0), 0,
	   "the sync object still has the fence that it had");
	ok(!gpu_copy(g, DST_VA, SRC_VA, SIZE) && holds(dst->map, 1, SIZE, SIZE),
	   "neither the first job nor the first bind was done");
}

/* A job fence imported elsewhere is a fence like any other */
static void in_another_file(struct gpu *g)
{
	struct drm_panthor_queue_submit job = job_of(g, 0, DST_VA, SRC_VA);
	struct drm_panthor_sync_op s[1] = { pan_signal(g->done, 0) };
	uint32_t theirs;
	struct gpu other;
	struct pan p;
	int fd;

	need(pan_open(&p));
	gpu_open(&other, &p);
	job.syncs = SYNCS(s);
	need(pan_submit(g->pan, g->group, &job, 1));
	need(drmSyncobjHandleToFD(g->pan->fd, g->done, &fd) ? -errno : 0);
	need(drmSyncobjFDToHandle(p.fd, fd, &theirs) ? -errno : 0);
	{
		struct cs cs = gpu_cs(&other);

		cs_word_add(&cs, WORD_DONE, 1);
		cs_end(&cs);
		need(gpu_queue(&other, 0, &cs, theirs, other.done));
	}
	ok(!pan_syncobj_wait(&p, other.done, 0, PAN_TIMEOUT_MS) &&
	   gpu_word(&other, WORD_DONE) == 1,
	   "a job of another file waits for this one");
	gpu_close(&other);
	pan_close(&p);
}

/* --- Programs that are newer --------------------------------------------- */

/*
 * Structures of programs that are newer than the kernel: what the kernel does
 * not know of must be zero, and what it does not fill in is made so.
 */
static void newer_program(struct gpu *g)
{
	struct {
		struct drm_panthor_queue_submit job;
		uint64_t more[2];
	} jobs[2] = { 0 };
	struct drm_panthor_group_submit s = {
		.group_handle = g->group,
		.queue_submits = { .stride = sizeof(jobs[0]), .count = 2,
				   .array = (uintptr_t)jobs },
	};
	struct {
		struct drm_panthor_gpu_info info;
		uint64_t more[2];
	} q = { .more = { 1, 1 } };

	jobs[0].job = job_of(g, 0, MID_VA, SRC_VA);
	jobs[1].job = job_of(g, 1, DST_VA, SRC_VA);
	jobs[1].more[1] = 1;
	is(pan_ioctl(g->pan, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &s), -E2BIG,
	   "a longer job with something in what is unknown is refused");
	jobs[1].more[1] = 0;
	is(pan_ioctl(g->pan, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &s), 0,
	   "with nothing in it the jobs are taken");
	s.queue_submits.count = 0;
	is(pan_ioctl(g->pan, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &s), 0,
	   "no job at all is no error");
	need(pan_query(g->pan, DRM_PANTHOR_DEV_QUERY_GPU_INFO, &q, sizeof(q)));
	ok(q.info.gpu_id == g->pan->gpu.gpu_id && !q.more[0] && !q.more[1],
	   "a longer answer is filled up with zeros");
}

void run_syncs(void)
{
	struct pan_bo src, mid, dst;
	struct gpu g;
	struct pan p;

	need(pan_open(&p));
	gpu_open(&g, &p);
	gpu_bo(&g, 2 * SIZE, &src);
	gpu_bo(&g, SIZE, &mid);
	gpu_bo(&g, SIZE, &dst);
	fill(src.map, 1, 2 * SIZE);
	gpu_map(&g, SRC_VA, &src, 0, SIZE);
	gpu_map(&g, MID_VA, &mid, 0, SIZE);
	gpu_map(&g, DST_VA, &dst, 0, SIZE);
	within_a_submission(&g, &dst, 0, "the fence");
	within_a_submission(&g, &dst, 7, "a timeline's point");
	within_a_bind(&g, &src, &dst);
	half_wrong(&g, &src, &dst);
	in_another_file(&g);
	newer_program(&g);
	gpu_close(&g);
	pan_close(&p);
}

/* --- Waits that the kernel takes over ------------------------------------ */

#define OP_SYNC_WAIT32	39
#define WAIT_VA		(DATA_VA + 3 * SZ_1G)

/* A wait for the word at WAIT_VA, of 32 or 64 bits, then a mark */
static void queue_wait(struct gpu *g, bool wide, enum cs_cond cond,
		       uint32_t ref)
{
	struct cs cs = gpu_cs(g);

	cs_mov48(&cs, R_ADDR, WAIT_VA);
	cs_mov48(&cs, R_DATA, ref);
	if (wide)
		cs_sync_wait64(&cs, cond, R_ADDR, R_DATA);
	else
		cs_emit(&cs, OP_SYNC_WAIT32, (uint64_t)R_ADDR << 40 |
			(uint64_t)R_DATA << 32 | (uint64_t)cond << 28);
	cs_word_add(&cs, WORD_DONE, 1);
	cs_end(&cs);
	need(gpu_queue(g, 0, &cs, 0, g->done));
}

/* The write comes from the GPU: a CPU's would wake nobody */
static void let_go(struct gpu *by, uint64_t add)
{
	struct cs cs = gpu_cs(by);

	cs_mov48(&cs, R_ADDR, WAIT_VA);
	cs_mov32(&cs, R_DATA, add);
	cs_mov32(&cs, R_DATA + 1, add >> 32);
	cs_sync_add64(&cs, R_ADDR, R_DATA);
	cs_end(&cs);
	need(gpu_run(by, &cs));
}

/*
 * The group that waits is idle, and goes when the GPU does. Whether it may come
 * back is then for the kernel to say, which reads the word by itself.
 */
static void one_wait(struct gpu *g, struct gpu *by, uint64_t *word, bool wide,
		     enum cs_cond cond, const char *what)
{
	uint64_t before = gpu_word(g, WORD_DONE);
	bool slept;

	*word = cond == CS_GT ? 5 : 6;
	queue_wait(g, wide, cond, 5);
	slept = sleeps(3000);
	detail("slept %d", slept);
	ok(slept && gpu_word(g, WORD_DONE) == before,
	   "the GPU sleeps while a job waits for %s", what);
	let_go(by, cond == CS_GT ? 1 : -1ull);
	is(pan_syncobj_wait(g->pan, g->done, 0, 3000), 0, "it comes");
	is(gpu_word(g, WORD_DONE), before + 1, "and the job goes on");
}

/* The word is in a buffer of Panthor's, or in a memfd */
static void waits_in(struct gpu *g, struct gpu *by, struct pan_bo *bo,
		     uint64_t *word, const char *where)
{
	char what[80];

	for (int i = 0; i < 4; i++) {
		bool wide = i & 1;
		enum cs_cond cond = i & 2 ? CS_LE : CS_GT;

		need(pan_map(g->pan, g->vm, WAIT_VA, bo, 0, SIZE,
			     DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC));
		need(pan_map(by->pan, by->vm, WAIT_VA, bo, 0, SIZE,
			     DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC));
		snprintf(what, sizeof(what), "%d bits %s in %s",
			 wide ? 64 : 32, cond == CS_GT ? "above" : "below",
			 where);
		one_wait(g, by, word, wide, cond, what);
	}
}

void run_waits(void)
{
	struct pan_bo bo, shared;
	struct gpu g, by;
	struct pan p;
	void *mem;
	int fd;

	need(pan_open(&p));
	gpu_open(&g, &p);
	gpu_open(&by, &p);
	gpu_bo(&g, SIZE, &bo);
	waits_in(&g, &by, &bo, bo.map, "a buffer");
	fd = memfd_dma_buf(SIZE, &mem);
	shared = (struct pan_bo){ .size = SIZE };
	need(drmPrimeFDToHandle(p.fd, fd, &shared.handle) ? -errno : 0);
	waits_in(&g, &by, &shared, mem, "a memfd");
	gpu_close(&by);
	gpu_close(&g);
	pan_close(&p);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which queued operations are one job of the scheduler, as its tracepoint tells: what a
 * job has holds the VM's lock, and the memory that it locks, in one go. Each buffer that
 * it maps has its fence.
 */
#include "gpu.h"
#include "host.h"
#include "scenarios.h"
#include "tap.h"
#include "traces.h"

#define QUEUED	"drm_sched_job_queue"
#define FENCED	"edges_fenced"
#define TILE	SZ_64K
#define BUFFERS	3
#define MAX_OPS	64
#define SIZE	(64 * SZ_1M)

struct jobs {
	struct pan p;
	struct gpu gpu;
	struct pan_bo bo;
	uint32_t syncobj;
};

/* In one call; the jobs that it queued, once they have run */
static unsigned int jobs_of(struct jobs *j, struct drm_panthor_vm_bind_op *ops,
			    unsigned int count)
{
	struct drm_panthor_sync_op signal = pan_signal(j->syncobj, 0);
	struct drm_panthor_vm_bind_op last = pan_op_sync_only();
	unsigned int n;

	need(trace_clear());
	need(trace_event("gpu_scheduler", QUEUED, true));
	need(pan_bind(&j->p, j->gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, count));
	need(trace_event("gpu_scheduler", QUEUED, false));
	traces_read();
	n = traces_lines(QUEUED ":", "");

	last.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &signal);
	need(pan_bind(&j->p, j->gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC, &last, 1));
	need(pan_syncobj_wait(&j->p, j->syncobj, 0, PAN_TIMEOUT_MS));
	return n;
}

static unsigned int jobs_of_tiles(struct jobs *j, unsigned int count)
{
	struct drm_panthor_vm_bind_op ops[2 * MAX_OPS + 1];

	for (unsigned int i = 0; i < count; i++)
		ops[i] = pan_op_map(DATA_VA + i * TILE, &j->bo, 0, TILE);
	return jobs_of(j, ops, count);
}

/* @count operations of one kind, side by side, which have @size together */
static unsigned int jobs_of_size(struct jobs *j, uint64_t size, unsigned int count,
				 struct drm_panthor_vm_bind_op (*op)(uint64_t, uint64_t))
{
	struct drm_panthor_vm_bind_op ops[8];

	for (unsigned int i = 0; i < count; i++)
		ops[i] = op(DATA_VA + i * (size / count), size / count);
	return jobs_of(j, ops, count);
}

static void by_number(struct jobs *j)
{
	is(jobs_of_tiles(j, 1), 1, "an operation is a job");
	is(jobs_of_tiles(j, MAX_OPS), 1, "so are 64, without sync operations");
	is(jobs_of_tiles(j, MAX_OPS + 1), 2, "65 are two");
	is(jobs_of_tiles(j, 2 * MAX_OPS + 1), 3, "129 are three");
}

static void by_size(struct jobs *j)
{
	is(jobs_of_size(j, SIZE, 4, pan_op_unmap), 1, "unmaps of 64 MiB are a job");
	is(jobs_of_size(j, SIZE + 4 * TILE, 4, pan_op_unmap), 2, "of more, two");
	is(jobs_of_size(j, SIZE, 4, pan_op_sparse), 1,
	   "sparse maps of 64 MiB are a job");
	is(jobs_of_size(j, 4 * SIZE, 4, pan_op_sparse), 4,
	   "of 64 MiB each, one each: they may replace any number of tiles");
	is(jobs_of_size(j, 8 * SIZE, 4, pan_op_sparse), 4,
	   "and so may what is larger");
	is(jobs_of_size(j, 8 * SIZE, 1, pan_op_unmap), 1, "one is never cut");
}

static void by_syncs(struct jobs *j)
{
	struct drm_panthor_sync_op signal = pan_signal(j->syncobj, 0);
	struct drm_panthor_vm_bind_op ops[5];

	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++)
		ops[i] = pan_op_map(DATA_VA + i * TILE, &j->bo, 0, TILE);
	ops[2].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &signal);
	is(jobs_of(j, ops, ARRAY_SIZE(ops)), 3,
	   "one with a sync operation is alone, and those on both sides together");
}

/*
 * So that whoever has such a buffer can wait for what the job does with it. The VM's own
 * is one more.
 */
static void with_fences(struct jobs *j)
{
	struct drm_panthor_vm_bind_op ops[BUFFERS];
	struct pan_bo bo[BUFFERS];

	need(trace_probe("p:kprobes/" FENCED " dma_resv_add_fence"));
	for (unsigned int i = 0; i < BUFFERS; i++) {
		gpu_bo(&j->gpu, TILE, &bo[i]);
		ops[i] = pan_op_map(DATA_VA + i * TILE, &bo[i], 0, TILE);
	}
	need(trace_event("kprobes", FENCED, true));
	is(jobs_of(j, ops, BUFFERS), 1, "maps of several buffers are a job");
	need(trace_event("kprobes", FENCED, false));
	is(traces_lines(FENCED ":", " edges-"), BUFFERS + 1, "whose fence all of them have");
	need(trace_probe("-:kprobes/" FENCED));
	for (unsigned int i = 0; i < BUFFERS; i++)
		pan_bo_destroy(&j->p, &bo[i]);
}

void run_jobs(void)
{
	static char tables[65536];
	struct jobs j = {};

	traces_open();
	need(pan_open(&j.p));
	if (debugfs_read("vm_tables", tables, sizeof(tables)) < 0) {
		skip("upstream's driver has a job for each",
		     "operations without sync operations are one job");
		return;
	}
	gpu_open(&j.gpu, &j.p);
	gpu_bo(&j.gpu, TILE, &j.bo);
	need(pan_syncobj_create(&j.p, &j.syncobj));

	by_number(&j);
	by_size(&j);
	by_syncs(&j);
	with_fences(&j);

	pan_syncobj_destroy(&j.p, j.syncobj);
	gpu_close(&j.gpu);
	pan_bo_destroy(&j.p, &j.bo);
	pan_close(&j.p);
}

// SPDX-License-Identifier: MIT
/*
 * Queued VM_BIND: what waits for what, in which order it runs, how far errors go, and
 * what becomes of what is queued when its VM or its file goes.
 */
#include <unistd.h>

#include "panthor_bind.h"

IGT_TEST_DESCRIPTION("Checks order, fences and errors of queued VM_BIND.");

enum { OLD = 1, NEW, LARGE };

struct async {
	struct pb p;
	struct panthor_bo old;		/* a tile */
	struct panthor_bo new;		/* a tile */
	struct panthor_bo large;	/* two blocks */
	uint32_t out[4];
};

static int device = -1;

static void open_async(struct async *a)
{
	pb_open(&a->p, device);
	pb_bo(&a->p, &a->old, TILE, OLD);
	pb_bo(&a->p, &a->new, TILE, NEW);
	pb_bo(&a->p, &a->large, 2 * BLOCK, LARGE);
	for (unsigned int i = 0; i < LEN(a->out); i++)
		a->out[i] = syncobj_create(a->p.fd, 0);
}

static void close_async(struct async *a)
{
	igt_assert_eq(vm_state(a->p.fd, a->p.vm), DRM_PANTHOR_VM_STATE_USABLE);
	pb_close(&a->p);
}

static void queue_map(struct async *a, uint64_t va, const struct panthor_bo *bo,
		      uint32_t wait, uint32_t signal)
{
	igt_assert_eq(bind_queued(&a->p, op_map(va, bo->handle, 0, bo->size), wait, signal), 0);
}

static void queue_unmap(struct async *a, uint64_t va, uint64_t size, uint32_t wait,
			uint32_t signal)
{
	igt_assert_eq(bind_queued(&a->p, op_unmap(va, size), wait, signal), 0);
}

/* None of the first @n fences has signalled after a while */
static void pending(struct async *a, unsigned int n)
{
	sleep_ms(A_WHILE_MS);
	for (unsigned int i = 0; i < n; i++)
		igt_assert_eq(fence_of(a->p.fd, a->out[i]), 0);
}

static void settled(struct async *a, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		igt_assert_eq(fence_settled(a->p.fd, a->out[i]), 1);
}

static void sees_tile(struct async *a, uint64_t va, uint32_t id)
{
	gpu_sees(&a->p, va, id, 0, TILE / PAGE);
}

/* --- Waiting ------------------------------------------------------------- */

static void map_waits(struct async *a)
{
	do_map(&a->p, TEST_VA, &a->old, 0, TILE);
	queue_map(a, TEST_VA, &a->new, gate_shut(&a->p), a->out[0]);
	pending(a, 1);
	sees_tile(a, TEST_VA, OLD);
	gate_open(&a->p);
	settled(a, 1);
	sees_tile(a, TEST_VA, NEW);
}

static void unmap_waits(struct async *a)
{
	do_map(&a->p, TEST_VA, &a->large, 0, 2 * BLOCK);
	queue_unmap(a, TEST_VA + TILE, TILE, gate_shut(&a->p), a->out[0]);
	pending(a, 1);
	gpu_sees(&a->p, TEST_VA, LARGE, 0, 1024);
	gate_open(&a->p);
	settled(a, 1);
	gpu_sees(&a->p, TEST_VA, LARGE, 0, 16);
	gpu_faults(&a->p, TEST_VA + TILE);
	gpu_sees(&a->p, TEST_VA + 2 * TILE, LARGE, 32, 1024 - 32);
}

static void sparse_waits(struct async *a)
{
	igt_assert_eq(bind_queued(&a->p, op_sparse(TEST_VA, GB(1)), gate_shut(&a->p),
				  a->out[0]), 0);
	pending(a, 1);
	gpu_faults(&a->p, TEST_VA + MB(512));
	gate_open(&a->p);
	settled(a, 1);
	gpu_sparse(&a->p, TEST_VA + MB(512));
}

static void waits_for_all(struct async *a)
{
	uint32_t done = syncobj_create(a->p.fd, DRM_SYNCOBJ_CREATE_SIGNALED);
	uint32_t gate = gate_shut(&a->p);
	struct drm_panthor_sync_op s[] = {
		sync_wait(done, 0), sync_wait(gate, 0), sync_wait(gate, 0),
		sync_signal(a->out[0], 0), sync_signal(a->out[1], 0),
	};
	struct drm_panthor_vm_bind_op op = op_map(TEST_VA, a->new.handle, 0, TILE);

	op = op_with(op, s, LEN(s));
	igt_assert_eq(bind_raw(a->p.fd, a->p.vm, ASYNC, &op, 1, NULL), 0);
	pending(a, 2);
	gate_open(&a->p);
	settled(a, 2);
	sees_tile(a, TEST_VA, NEW);
}

/* What is waited for is the fence, not the syncobj */
static void wait_replaced(struct async *a)
{
	uint32_t gate = gate_shut(&a->p), copy = syncobj_create(a->p.fd, 0);
	int fd = syncobj_handle_to_fd(a->p.fd, gate,
				      DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE);

	syncobj_import_sync_file(a->p.fd, copy, fd);
	close(fd);
	queue_map(a, TEST_VA, &a->new, copy, a->out[0]);
	syncobj_signal(a->p.fd, &copy, 1);
	syncobj_destroy(a->p.fd, copy);
	pending(a, 1);
	gpu_faults(&a->p, TEST_VA);
	gate_open(&a->p);
	settled(a, 1);
	sees_tile(a, TEST_VA, NEW);
}

/* The GPU waits for the bind, and no CPU is in between */
static void job_waits(struct async *a)
{
	uint64_t word;

	do_map(&a->p, TEST_VA, &a->old, 0, TILE);
	queue_map(a, TEST_VA, &a->new, gate_shut(&a->p), a->out[0]);
	gpu_read_after(&a->p, TEST_VA + PAGE, a->out[0]);
	sleep_ms(A_WHILE_MS);
	igt_assert_eq(fence_of(a->p.fd, a->p.done), 0);
	gate_open(&a->p);
	igt_assert_eq(gpu_read_result(&a->p, &word), 0);
	igt_assert_eq_u64(word, pb_word(NEW, 1));
}

/* The bind waits for the GPU */
static void bind_waits_for_job(struct async *a)
{
	do_map(&a->p, TEST_VA, &a->old, 0, TILE);
	gpu_start(&a->p);
	queue_unmap(a, TEST_VA, TILE, a->p.done, a->out[0]);
	pending(a, 1);
	igt_assert_eq(gpu_stop(&a->p), 0);
	settled(a, 1);
	gpu_faults(&a->p, TEST_VA);
}

/* --- Order --------------------------------------------------------------- */

static void in_order(struct async *a)
{
	queue_map(a, TEST_VA, &a->old, gate_shut(&a->p), a->out[0]);
	queue_map(a, TEST_VA + BLOCK, &a->new, 0, a->out[1]);
	queue_unmap(a, TEST_VA + PAGE, PAGE, 0, a->out[2]);
	pending(a, 3);
	gpu_faults(&a->p, TEST_VA);
	gpu_faults(&a->p, TEST_VA + BLOCK);
	gate_open(&a->p);
	settled(a, 3);
	gpu_sees(&a->p, TEST_VA, OLD, 0, 1);
	gpu_faults(&a->p, TEST_VA + PAGE);
	gpu_sees(&a->p, TEST_VA + 2 * PAGE, OLD, 2, 14);
	sees_tile(a, TEST_VA + BLOCK, NEW);
}

/* What is synchronous does not wait for what is queued */
static void overtaken(struct async *a, struct drm_panthor_vm_bind_op now)
{
	igt_assert_eq(bind_queued(&a->p, op_map(TEST_VA, a->large.handle, 0, 2 * BLOCK),
				  gate_shut(&a->p), a->out[0]), 0);
	igt_assert_eq(bind_now(&a->p, now), 0);
	pending(a, 1);
	if (now.bo_handle)
		sees_tile(a, now.va, NEW);
	else
		gpu_faults(&a->p, TEST_VA);
	gate_open(&a->p);
	settled(a, 1);
	gpu_sees(&a->p, TEST_VA, LARGE, 0, 1024);
}

static void map_overtakes(struct async *a)
{
	overtaken(a, op_map(TEST_VA, a->new.handle, 0, TILE));
}

static void map_across_the_edge_overtakes(struct async *a)
{
	overtaken(a, op_map(TEST_VA + 2 * BLOCK - PAGE, a->new.handle, 0, TILE));
	gpu_sees(&a->p, TEST_VA + 2 * BLOCK, NEW, 1, 15);
}

static void unmap_overtakes(struct async *a)
{
	overtaken(a, op_unmap(TEST_VA, 2 * BLOCK));
}

/* A queued unmap finds other mappings than when it was queued */
static void unmap_overtaken(struct async *a)
{
	do_map(&a->p, TEST_VA, &a->large, 0, 2 * BLOCK);
	queue_unmap(a, TEST_VA + PAGE, BLOCK, gate_shut(&a->p), a->out[0]);
	do_map(&a->p, TEST_VA, &a->new, 0, TILE);
	do_sparse(&a->p, TEST_VA + BLOCK, 2 * BLOCK);
	sees_tile(a, TEST_VA, NEW);
	gate_open(&a->p);
	settled(a, 1);
	gpu_sees(&a->p, TEST_VA, NEW, 0, 1);
	gpu_faults(&a->p, TEST_VA + PAGE);
	gpu_faults(&a->p, TEST_VA + BLOCK);
	gpu_sparse(&a->p, TEST_VA + BLOCK + PAGE);
	gpu_sparse(&a->p, TEST_VA + 3 * BLOCK - PAGE);
}

/* --- One call ------------------------------------------------------------ */

#define RUN	150

/* Many operations in one call, with fences in their middle; each stands for what is before */
static void fences_in_a_call(struct async *a)
{
	static struct drm_panthor_vm_bind_op ops[2 * RUN + 2];
	struct drm_panthor_sync_op first = sync_signal(a->out[0], 0);
	struct drm_panthor_sync_op wait = sync_wait(gate_shut(&a->p), 0);
	struct drm_panthor_sync_op last = sync_signal(a->out[1], 0);
	unsigned int n = 0;

	for (unsigned int i = 0; i < RUN; i++)
		ops[n++] = op_map(TEST_VA + i * TILE, a->old.handle, 0, TILE);
	ops[n++] = op_with(op_sync(), &first, 1);
	ops[n++] = op_with(op_unmap(TEST_VA, TILE), &wait, 1);
	for (unsigned int i = 0; i < RUN; i++)
		ops[n++] = op_map(TEST_VA + i * TILE, a->new.handle, 0, TILE);
	ops[n - 1] = op_with(ops[n - 1], &last, 1);
	igt_assert_eq(bind_raw(a->p.fd, a->p.vm, ASYNC, ops, n, NULL), 0);
	settled(a, 1);
	for (unsigned int i = 0; i < RUN; i++)
		sees_tile(a, TEST_VA + i * TILE, OLD);
	igt_assert_eq(fence_of(a->p.fd, a->out[1]), 0);
	gate_open(&a->p);
	settled(a, 2);
	for (unsigned int i = 0; i < RUN; i++)
		sees_tile(a, TEST_VA + i * TILE, NEW);
}

/* Without sync operations, they are done in their order all the same */
static void order_in_a_call(struct async *a)
{
	struct drm_panthor_vm_bind_op ops[] = {
		op_map(TEST_VA, a->large.handle, 0, 2 * BLOCK),
		op_unmap(TEST_VA + BLOCK - TILE, 2 * TILE),
		op_map(TEST_VA + BLOCK, a->new.handle, 0, TILE),
		op_unmap(TEST_VA, PAGE),
		op_map(TEST_VA, a->old.handle, PAGE, PAGE),
		op_sparse(TEST_VA + 2 * BLOCK - TILE, 2 * TILE),
	};

	igt_assert_eq(bind_raw(a->p.fd, a->p.vm, ASYNC, ops, LEN(ops), NULL), 0);
	queue_drained(&a->p);
	gpu_sees(&a->p, TEST_VA, OLD, 1, 1);
	gpu_sees(&a->p, TEST_VA + PAGE, LARGE, 1, 512 - 17);
	gpu_faults(&a->p, TEST_VA + BLOCK - TILE);
	gpu_faults(&a->p, TEST_VA + BLOCK - PAGE);
	sees_tile(a, TEST_VA + BLOCK, NEW);
	gpu_sees(&a->p, TEST_VA + BLOCK + TILE, LARGE, 512 + 16, 512 - 32);
	gpu_sparse(&a->p, TEST_VA + 2 * BLOCK - TILE);
	gpu_sparse(&a->p, TEST_VA + 2 * BLOCK + TILE - PAGE);
	gpu_faults(&a->p, TEST_VA + 2 * BLOCK + TILE);
}

/* A call that is refused leaves no fence, no mapping, and nothing that waits */
static void refused_call(struct async *a)
{
	struct drm_panthor_sync_op s = sync_signal(a->out[0], 0);
	struct drm_panthor_sync_op wait = sync_wait(a->out[1], 0);
	struct drm_panthor_vm_bind_op ops[] = {
		op_with(op_map(TEST_VA, a->new.handle, 0, TILE), &s, 1),
		op_sparse(TEST_VA + GB(1), GB(1)),
		/* For what has no fence */
		op_with(op_map(TEST_VA + BLOCK, a->new.handle, 0, TILE), &wait, 1),
	};

	for (unsigned int i = 0; i < 50; i++)
		igt_assert_eq(bind_raw(a->p.fd, a->p.vm, ASYNC, ops, 3, NULL), -EINVAL);
	igt_assert_eq(fence_of(a->p.fd, a->out[0]), NO_FENCE);
	queue_drained(&a->p);
	gpu_faults(&a->p, TEST_VA);
	gpu_faults(&a->p, TEST_VA + GB(1));
	igt_assert_eq(bind_raw(a->p.fd, a->p.vm, ASYNC, ops, 2, NULL), 0);
	settled(a, 1);
	sees_tile(a, TEST_VA, NEW);
}

/* --- Timelines, and other VMs -------------------------------------------- */

static void queue_points(struct async *a, struct pb *p, uint64_t va, uint32_t tl,
			 uint64_t wait, uint64_t signal, uint32_t bo)
{
	struct drm_panthor_sync_op s[2] = { sync_wait(tl, wait), sync_signal(tl, signal) };
	struct drm_panthor_vm_bind_op op = op_with(op_map(va, bo, 0, TILE), s, 2);

	(void)a;
	igt_assert_eq(bind_raw(p->fd, p->vm, ASYNC, &op, 1, NULL), 0);
}

static uint64_t timeline_at(struct async *a, uint32_t tl)
{
	uint64_t point;

	syncobj_timeline_query(a->p.fd, &tl, &point, 1);
	return point;
}

/* Point 1 is the gate's */
static uint32_t gated_timeline(struct async *a)
{
	uint32_t tl = syncobj_create(a->p.fd, 0);
	struct drm_syncobj_transfer t = {
		.src_handle = gate_shut(&a->p), .dst_handle = tl, .dst_point = 1,
	};

	do_ioctl(a->p.fd, DRM_IOCTL_SYNCOBJ_TRANSFER, &t);
	return tl;
}

static void timeline(struct async *a)
{
	uint32_t tl = gated_timeline(a);

	queue_points(a, &a->p, TEST_VA, tl, 1, 10, a->old.handle);
	queue_points(a, &a->p, TEST_VA, tl, 10, 20, a->new.handle);
	sleep_ms(A_WHILE_MS);
	igt_assert_eq_u64(timeline_at(a, tl), 0);
	igt_assert_eq(fence_wait(a->p.fd, tl, 10, 0), -ETIME);
	gate_open(&a->p);
	igt_assert_eq(fence_wait(a->p.fd, tl, 20, WAIT_MS), 0);
	igt_assert_eq_u64(timeline_at(a, tl), 20);
	sees_tile(a, TEST_VA, NEW);
}

static void timeline_of_two_vms(struct async *a)
{
	uint32_t tl = gated_timeline(a);
	struct pb other;

	pb_open_on(&other, a->p.fd);
	queue_points(a, &a->p, TEST_VA, tl, 1, 2, a->old.handle);
	queue_points(a, &other, TEST_VA, tl, 2, 3, a->new.handle);
	queue_points(a, &a->p, TEST_VA + BLOCK, tl, 3, 4, a->new.handle);
	sleep_ms(A_WHILE_MS);
	gpu_faults(&other, TEST_VA);
	gate_open(&a->p);
	igt_assert_eq(fence_wait(a->p.fd, tl, 4, WAIT_MS), 0);
	sees_tile(a, TEST_VA, OLD);
	sees_tile(a, TEST_VA + BLOCK, NEW);
	gpu_sees(&other, TEST_VA, NEW, 0, 16);
	pb_close_on(&other);
}

static void other_vm_goes_on(struct async *a)
{
	struct pb other;

	pb_open_on(&other, a->p.fd);
	queue_map(a, TEST_VA, &a->old, gate_shut(&a->p), a->out[0]);
	igt_assert_eq(bind_queued(&other, op_map(TEST_VA, a->new.handle, 0, TILE), 0,
				  a->out[1]), 0);
	igt_assert_eq(fence_settled(a->p.fd, a->out[1]), 1);
	gpu_sees(&other, TEST_VA, NEW, 0, 16);
	pending(a, 1);
	gate_open(&a->p);
	settled(a, 1);
	pb_close_on(&other);
}

/* --- Errors -------------------------------------------------------------- */

/* A fence that failed has signalled: the bind runs, and its own says nothing of that */
static void after_failed_fence(struct async *a)
{
	uint32_t failed = failed_fence(&a->p);

	queue_map(a, TEST_VA, &a->new, failed, a->out[0]);
	queue_unmap(a, TEST_VA + PAGE, PAGE, a->out[0], a->out[1]);
	settled(a, 2);
	gpu_sees(&a->p, TEST_VA, NEW, 0, 1);
	gpu_faults(&a->p, TEST_VA + PAGE);
}

/* --- What goes while it is needed ---------------------------------------- */

static void handle_closed(struct async *a)
{
	queue_map(a, TEST_VA, &a->new, gate_shut(&a->p), a->out[0]);
	igt_panthor_free_bo(a->p.fd, &a->new);
	pending(a, 1);
	gate_open(&a->p);
	settled(a, 1);
	sees_tile(a, TEST_VA, NEW);
}

static void out_destroyed(struct async *a)
{
	uint32_t out = syncobj_create(a->p.fd, 0);

	queue_map(a, TEST_VA, &a->new, gate_shut(&a->p), out);
	syncobj_destroy(a->p.fd, out);
	queue_unmap(a, TEST_VA + PAGE, PAGE, 0, a->out[0]);
	gate_open(&a->p);
	settled(a, 1);
	gpu_sees(&a->p, TEST_VA, NEW, 0, 1);
}

/* Only a kernel with reservations refuses the map; elsewhere the VM stays for ever */
static void vm_destroyed(struct async *a)
{
	struct pb other;

	require_reservations(device);
	pb_open_on(&other, a->p.fd);
	do_map(&other, TEST_VA, &a->old, 0, TILE);
	igt_assert_eq(bind_queued(&other, op_map(TEST_VA + BLOCK, a->new.handle, 0, TILE),
				  gate_shut(&a->p), a->out[0]), 0);
	igt_assert_eq(bind_queued(&other, op_unmap(TEST_VA, TILE), 0, a->out[1]), 0);
	queue_map(a, TEST_VA, &a->new, a->out[1], a->out[2]);
	pb_close_on(&other);
	pending(a, 3);
	igt_assert_eq(vm_state(a->p.fd, other.vm), -EINVAL);
	gate_open(&a->p);
	igt_assert_eq(fence_settled(a->p.fd, a->out[0]), -EINVAL);
	igt_assert_eq(fence_settled(a->p.fd, a->out[1]), 1);
	igt_assert_eq(fence_settled(a->p.fd, a->out[2]), 1);
	sees_tile(a, TEST_VA, NEW);
}

/* A sync point and an unmap of a file that is closed signal, on any kernel */
static void file_closed(struct async *a)
{
	uint32_t gate = gate_shut(&a->p), theirs[2];
	struct pb other;

	pb_open(&other, device);
	for (unsigned int i = 0; i < 2; i++) {
		int fd = syncobj_handle_to_fd(a->p.fd, i ? a->out[0] : gate, 0);

		theirs[i] = syncobj_fd_to_handle(other.fd, fd, 0);
		close(fd);
	}
	do_sparse(&other, TEST_VA, BLOCK);
	igt_assert_eq(bind_queued(&other, op_unmap(TEST_VA, PAGE), theirs[0], 0), 0);
	igt_assert_eq(bind_queued(&other, op_sync(), 0, theirs[1]), 0);
	igt_panthor_free_bo(other.fd, &other.code);
	igt_panthor_free_bo(other.fd, &other.seen);
	drm_close_driver(other.fd);
	pending(a, 1);
	gate_open(&a->p);
	settled(a, 1);
}

/* --- Many ---------------------------------------------------------------- */

#define MANY	1000

/* A thousand calls behind a gate, each of which undoes a part of the one before */
static void many_calls(struct async *a)
{
	queue_map(a, TEST_VA, &a->large, gate_shut(&a->p), 0);
	for (unsigned int i = 0; i < MANY; i++) {
		uint64_t va = TEST_VA + i % 32 * TILE;

		if (i % 3 == 2)
			queue_unmap(a, va, PAGE, 0, 0);
		else
			queue_map(a, va, i % 3 ? &a->new : &a->old, 0, 0);
	}
	igt_assert_eq(bind_queued(&a->p, op_sync(), 0, a->out[0]), 0);
	pending(a, 1);
	gpu_faults(&a->p, TEST_VA);
	gate_open(&a->p);
	settled(a, 1);
	/* The last 32 operations say what is where */
	for (unsigned int i = MANY - 32; i < MANY; i++) {
		uint64_t va = TEST_VA + i % 32 * TILE;

		if (i % 3 == 2)
			gpu_faults(&a->p, va);
		else
			sees_tile(a, va, i % 3 ? NEW : OLD);
	}
	gpu_sees(&a->p, TEST_VA + BLOCK, LARGE, 512, 512);
}

static const struct {
	const char *name;
	const char *about;
	void (*run)(struct async *a);
} subtests[] = {
	{ "map-waits", "A map changes nothing before its fence has signalled", map_waits },
	{ "unmap-waits", "Nor does an unmap of a part of a block", unmap_waits },
	{ "sparse-waits", "Nor does a sparse map", sparse_waits },
	{ "waits-for-all", "A bind waits for each of its fences, and signals each", waits_for_all },
	{ "wait-replaced", "The syncobj that is waited for has another fence, and goes",
	  wait_replaced },
	{ "job-waits-for-bind", "A job of the GPU waits for a bind", job_waits },
	{ "bind-waits-for-job", "A bind waits for a job of the GPU", bind_waits_for_job },
	{ "in-order", "What waits for nothing waits for those before it", in_order },
	{ "map-overtakes", "A synchronous map is done at once", map_overtakes },
	{ "edge-overtakes", "The same across the end of what is queued",
	  map_across_the_edge_overtakes },
	{ "unmap-overtakes", "A synchronous unmap is done at once", unmap_overtakes },
	{ "unmap-overtaken", "A queued unmap meets what was mapped meanwhile", unmap_overtaken },
	{ "fences-in-a-call", "302 operations in a call with fences in their middle",
	  fences_in_a_call },
	{ "order-in-a-call", "Operations without fences are done in their order",
	  order_in_a_call },
	{ "refused-call", "A call that is refused leaves nothing behind", refused_call },
	{ "timeline", "Points of a timeline are waited for and signalled", timeline },
	{ "timeline-of-two-vms", "A timeline goes from one VM to another and back",
	  timeline_of_two_vms },
	{ "other-vm-goes-on", "One VM's queue does not hold up another's", other_vm_goes_on },
	{ "after-failed-fence", "A bind that waited for what failed is done", after_failed_fence },
	{ "handle-closed", "The handle of a buffer goes before it is mapped", handle_closed },
	{ "out-destroyed", "The syncobj goes that a bind signals", out_destroyed },
	{ "vm-destroyed", "Binds are queued in a VM that is destroyed", vm_destroyed },
	{ "file-closed", "Binds are queued in a file that is closed", file_closed },
	{ "many-calls", "A thousand calls are queued, and done in their order", many_calls },
};

int igt_main()
{
	igt_fixture()
		device = drm_open_driver(DRIVER_PANTHOR);

	for (unsigned int i = 0; i < LEN(subtests); i++) {
		igt_describe_f("%s", subtests[i].about);
		igt_subtest_f("%s", subtests[i].name) {
			static struct async a;

			open_async(&a);
			subtests[i].run(&a);
			close_async(&a);
		}
	}

	igt_fixture()
		drm_close_driver(device);
}

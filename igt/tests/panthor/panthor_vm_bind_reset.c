// SPDX-License-Identifier: MIT
/*
 * GPUs and jobs that fail while binds are queued: faults and hangs, which any GPU can be
 * brought to, and an MMU that is slow or stuck, which needs one that fails on request:
 * the virtual Mali, by a port to its machine's monitor. Skipped without it.
 */
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "panthor_bind.h"
#include "panthor_stream.h"

IGT_TEST_DESCRIPTION("Checks VM_BIND beside faults, hangs, slow and stuck MMUs and resets.");

enum { OLD = 1, NEW };

#define SIZE		(4 * BLOCK)
#define PAGES		(SIZE / PAGE)
#define QUEUED		100
#define ANSWER_MS	5000
/* Much more than what else there is in Shmem changes by */
#define LARGE		MB(16)
/* The driver waits for 100 ms until a flush is over */
#define FLUSH_MS	80
/* The clock may be read late, and the flush has begun early */
#define EARLY_MS	50
#define GONE_MS		2000
#define NEVER		INT64_MAX

static int device = -1, port = -1;
static struct pb p, other;
static struct panthor_bo old, new;

/* --- The monitor's port -------------------------------------------------- */

/* Its number in /dev is not fixed, its name is */
static int open_port(void)
{
	int fd = -1;
	glob_t g;

	if (glob("/sys/class/virtio-ports/*/name", 0, NULL, &g))
		return -1;
	for (size_t i = 0; i < g.gl_pathc && fd < 0; i++) {
		char name[32], dev[64], *end = strrchr(g.gl_pathv[i], '/');

		if (!read_file(g.gl_pathv[i], name, sizeof(name)) || strcmp(name, "qmp\n"))
			continue;
		*end = '\0';
		snprintf(dev, sizeof(dev), "/dev/%s", strrchr(g.gl_pathv[i], '/') + 1);
		fd = open(dev, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	globfree(&g);
	return fd;
}

/* A line that the monitor says, or NULL in time */
static const char *monitor_line(long end)
{
	static char line[8192];
	size_t n = 0;

	while (now_ms() < end) {
		struct pollfd wait = { .fd = port, .events = POLLIN };

		if (poll(&wait, 1, 10) <= 0)
			continue;
		if (read(port, line + n, 1) != 1) {
			sleep_ms(5);
			continue;
		}
		if (line[n] == '\n') {
			line[n] = '\0';
			return line;
		}
		if (n + 2 < sizeof(line))
			n++;
	}
	return NULL;
}

/* Whether the monitor did it; answers to others' commands are passed over */
static bool monitor(const char *command, const char *arguments)
{
	static unsigned int last;
	unsigned int id = (unsigned int)getpid() << 8 | (++last & 0xff);
	long end = now_ms() + ANSWER_MS;
	char text[512], mark[32];
	const char *line;
	int n;

	n = snprintf(text, sizeof(text), "{\"execute\": \"%s\", \"arguments\": {%s}, \"id\": %u}\n",
		     command, arguments, id);
	snprintf(mark, sizeof(mark), "\"id\": %u", id);
	for (int at = 0; at < n && now_ms() < end;) {
		ssize_t did = write(port, text + at, n - at);

		if (did > 0)
			at += did;
		else
			sleep_ms(5);
	}
	while ((line = monitor_line(end)))
		if (strstr(line, mark))
			return strstr(line, "\"return\"") ||
			       strstr(line, "already complete");
	return false;
}

static void as_before(void)
{
	igt_assert(monitor("x-mali-inject", "\"kind\": \"clear\""));
}

static void require_monitor(void)
{
	if (port < 0)
		port = open_port();
	errno = 0;
	igt_require_f(port >= 0, "this GPU does not fail on request\n");
	igt_require(monitor("qmp_capabilities", ""));
	as_before();
}

/* What is @what takes @ns each time, the next @count times if it is not 0 */
static void make_slow(const char *what, int64_t ns, unsigned int count)
{
	char text[128];
	int n = snprintf(text, sizeof(text),
			 "\"kind\": \"slow\", \"what\": \"%s\", \"ns\": %lld", what,
			 (long long)ns);

	if (count)
		snprintf(text + n, sizeof(text) - n, ", \"count\": %u", count);
	igt_assert(monitor("x-mali-inject", text));
}

/* Commands of the MMU */
static void slow_mmu(int64_t ns, unsigned int count)
{
	make_slow("as", ns, count);
}

/* --- Jobs that fail ------------------------------------------------------ */

/* Binds that are queued in a VM whose job fails meanwhile are done all the same */
static void queue_many(struct pb *q, uint32_t wait, uint32_t out)
{
	for (unsigned int i = 0; i < QUEUED; i++) {
		uint64_t va = TEST_VA + GB(1) + i * TILE;

		igt_assert_eq(bind_queued(q, op_map(va, i % 2 ? new.handle : old.handle,
						    i * PAGE, TILE), i ? 0 : wait, 0), 0);
	}
	igt_assert_eq(bind_queued(q, op_unmap(TEST_VA + GB(1), PAGE), 0, out), 0);
}

static void many_are_there(struct pb *q)
{
	for (unsigned int i = 1; i < QUEUED; i += 7)
		gpu_sees(q, TEST_VA + GB(1) + i * TILE, i % 2 ? NEW : OLD, i, 16);
	gpu_faults(q, TEST_VA + GB(1));
}

static void fault(void)
{
	uint32_t out = syncobj_create(p.fd, 0);

	queue_many(&p, gate_shut(&p), out);
	gpu_faults(&p, TEST_VA);
	gate_open(&p);
	gpu_faults(&p, TEST_VA);
	igt_assert_eq(fence_settled(p.fd, out), 1);
	many_are_there(&p);
	igt_assert_eq(vm_state(p.fd, p.vm), DRM_PANTHOR_VM_STATE_USABLE);
}

/* The driver ends a job that has no end; whoever waits for it goes on */
static void hang(void)
{
	uint32_t out[2] = { syncobj_create(p.fd, 0), syncobj_create(p.fd, 0) };
	uint64_t word;

	gpu_hang(&p);
	/* Binds do not wait for it unless they are told to */
	queue_many(&p, 0, out[0]);
	igt_assert_eq(bind_queued(&p, op_map(TEST_VA, new.handle, 0, TILE), p.done, out[1]), 0);
	igt_assert_eq(fence_settled(p.fd, out[0]), 1);
	igt_assert_eq(fence_of(p.fd, p.done), 0);
	igt_assert_eq(fence_of(p.fd, out[1]), 0);
	igt_assert_eq(gpu_read_result(&p, &word), -ETIMEDOUT);
	igt_assert_eq(fence_settled(p.fd, out[1]), 1);
	gpu_sees(&p, TEST_VA, NEW, 0, 16);
	many_are_there(&p);
	igt_assert_eq(vm_state(p.fd, p.vm), DRM_PANTHOR_VM_STATE_USABLE);
}

/* Memory that a job faults on is mapped afterwards, where it faulted before */
static void faults_then_maps(void)
{
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t va = TEST_VA + i % 4 * BLOCK + i * PAGE;

		gpu_faults(&p, va);
		do_map(&p, va, &old, i * PAGE, TILE);
		gpu_sees(&p, va, OLD, i, 16);
		do_unmap(&p, va, TILE);
	}
}

/* --- An MMU that is slow ------------------------------------------------- */

static void slow(void)
{
	require_monitor();
	slow_mmu(2000000, 0);
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t va = TEST_VA + i % 3 * BLOCK;

		do_map(&p, va, i % 2 ? &new : &old, 0, SIZE);
		gpu_sees(&p, va, i % 2 ? NEW : OLD, 0, 512);
		do_unmap(&p, va + TILE, PAGE);
		gpu_faults(&p, va + TILE);
	}
	as_before();
}

/* What only its mapping keeps is there as long as a page of that is */
static void slow_and_closed(void)
{
	static struct panthor_bo bo;

	require_monitor();
	slow_mmu(5000000, 0);
	for (unsigned int i = 0; i < 10; i++) {
		pb_bo(&p, &bo, BLOCK, 10 + i);
		do_map(&p, TEST_VA, &bo, 0, BLOCK);
		gpu_sees(&p, TEST_VA, 10 + i, 0, 512);
		igt_panthor_free_bo(p.fd, &bo);
		do_map(&p, TEST_VA + PAGE, &old, 0, BLOCK);
		gpu_sees(&p, TEST_VA, 10 + i, 0, 1);
		gpu_sees(&p, TEST_VA + PAGE, OLD, 0, 512);
	}
	as_before();
}

/*
 * A call that is refused, in which another operation had been prepared: with that goes what
 * the VM has given up, and would otherwise go at some time
 */
static void tidy_up(uint32_t out)
{
	struct drm_panthor_sync_op signal = sync_signal(out, 0);
	struct drm_panthor_vm_bind_op ops[] = {
		op_with(op_sync(), &signal, 1), op_map(TEST_VA, 0, 0, TILE),
	};

	igt_assert_eq(bind_raw(p.fd, p.vm, ASYNC, ops, LEN(ops), NULL), -EINVAL);
}

/*
 * After how many ms the memory of a buffer that was closed goes when it is unmapped. The GPU
 * has an address space for the VM, and may write to that memory until its caches were flushed.
 */
static long gone_after(uint32_t out, uint32_t other)
{
	struct panthor_bo bo;
	long before, start;

	igt_panthor_bo_create_mapped(p.fd, &bo, LARGE, 0, 0);
	memset(bo.map, 1, LARGE);
	do_map(&p, TEST_VA, &bo, 0, LARGE);
	igt_panthor_free_bo(p.fd, &bo);
	before = meminfo("Shmem:");
	gpu_start(&p);
	make_slow("flush", FLUSH_MS * 1000000ll, 0);
	start = now_ms();
	igt_assert_eq(bind_queued(&p, op_unmap(TEST_VA, LARGE), 0, out), 0);
	while (meminfo("Shmem:") > before - (long)LARGE / 2048 && now_ms() < start + GONE_MS) {
		tidy_up(other);
		sleep_ms(2);
	}
	start = now_ms() - start;
	as_before();
	igt_assert_eq(fence_settled(p.fd, out), 1);
	igt_assert_eq(gpu_stop(&p), 0);
	return start;
}

/* Memory is nobody else's before the GPU has written back all it has of it */
static void memory_until_flush(void)
{
	uint32_t out = syncobj_create(p.fd, 0), other = syncobj_create(p.fd, 0);

	require_monitor();
	/* Upstream's kernel does not wait */
	require_reservations(device);
	for (unsigned int i = 0; i < 5; i++) {
		long ms = gone_after(out, other);

		igt_assert_f(ms >= EARLY_MS, "it goes after %ld ms\n", ms);
		igt_assert_f(ms < GONE_MS, "it stays\n");
	}
}

/* --- An MMU that is stuck ------------------------------------------------ */

/*
 * A queued map meets a command that never ends: the VM is lost, and the driver resets the
 * GPU. The VM has an address space, as there is a job that runs.
 */
static void lose_vm(uint32_t out)
{
	do_map(&p, TEST_VA, &old, 0, TILE);
	gpu_start(&p);
	slow_mmu(NEVER, 1);
	igt_assert_eq(bind_queued(&p, op_map(TEST_VA + GB(1), new.handle, 0, TILE), 0, out), 0);
	igt_assert(fence_settled(p.fd, out) < 0);
	igt_assert_eq(vm_state(p.fd, p.vm), DRM_PANTHOR_VM_STATE_UNUSABLE);
	as_before();
}

/* It takes no more maps, and nothing that is queued; unmaps are done at once */
static void unusable(void)
{
	uint32_t out = syncobj_create(p.fd, 0);
	const struct drm_panthor_vm_bind_op ops[] = {
		op_map(TEST_VA + BLOCK, new.handle, 0, TILE),
		op_map(TEST_VA, new.handle, 0, TILE),
		op_sparse(TEST_VA + BLOCK, BLOCK),
		op_unmap(TEST_VA + PAGE, PAGE),
		op_unmap(TEST_VA + GB(3), PAGE),
		op_unmap(TEST_VA, TILE),
		op_sync(),
	};

	require_monitor();
	pb_open_on(&other, p.fd);
	lose_vm(out);
	syncobj_reset(p.fd, &out, 1);
	for (unsigned int i = 0; i < LEN(ops); i++) {
		igt_assert_eq(bind_now(&p, ops[i]), i < 3 ? -EINVAL : 0);
		igt_assert_eq(bind_queued(&p, ops[i], 0, out), -EINVAL);
		igt_assert_eq(fence_of(p.fd, out), NO_FENCE);
	}
	/* Others do not notice */
	do_map(&other, TEST_VA, &new, 0, SIZE);
	gpu_sees(&other, TEST_VA, NEW, 0, PAGES);
	igt_assert_eq(vm_state(p.fd, other.vm), DRM_PANTHOR_VM_STATE_USABLE);
	pb_close_on(&other);
}

/* Another VM's binds are queued before, and while the GPU is reset */
static void reset_beside(void)
{
	uint32_t out[2] = { syncobj_create(p.fd, 0), syncobj_create(p.fd, 0) };

	require_monitor();
	pb_open(&other, device);
	pb_bo(&other, &old, SIZE, OLD);
	pb_bo(&other, &new, SIZE, NEW);
	do_map(&other, TEST_VA, &old, 0, SIZE);
	gpu_sees(&other, TEST_VA, OLD, 0, PAGES);
	queue_many(&other, gate_shut(&other), out[1] = syncobj_create(other.fd, 0));
	pb_bo(&p, &old, SIZE, OLD);
	pb_bo(&p, &new, SIZE, NEW);
	lose_vm(out[0]);
	gate_open(&other);
	igt_assert_eq(fence_settled(other.fd, out[1]), 1);
	many_are_there(&other);
	gpu_sees(&other, TEST_VA, OLD, 0, PAGES);
	do_unmap(&other, TEST_VA + TILE, PAGE);
	gpu_faults(&other, TEST_VA + TILE);
	igt_assert_eq(vm_state(other.fd, other.vm), DRM_PANTHOR_VM_STATE_USABLE);
	pb_close(&other);
}

/*
 * A VM that cannot be unmapped when it is destroyed is unmapped after the reset. It has
 * an address space, since it has just worked; and another's job keeps the GPU awake, as
 * one that falls asleep with a stuck MMU is another matter.
 */
static void destroyed_while_stuck(void)
{
	long before;

	require_monitor();
	require_reservations(device);
	reclaim();
	before = tables_at_rest(device, "tables");
	pb_open_on(&other, p.fd);
	do_map(&other, TEST_VA, &old, 0, SIZE);
	gpu_start(&p);
	gpu_sees(&other, TEST_VA, OLD, 0, 16);
	slow_mmu(NEVER, 1);
	igt_panthor_vm_destroy(p.fd, other.vm, 0);
	as_before();
	stream_close(&other);
	syncobj_destroy(p.fd, other.done);
	igt_assert_eq(gpu_stop(&p), 0);
	for (unsigned int i = 0; i < 50 && tables_at_rest(device, "tables") != before; i++)
		reclaim();
	igt_assert_eq(tables_at_rest(device, "tables"), before);
	do_map(&p, TEST_VA, &new, 0, TILE);
	gpu_sees(&p, TEST_VA, NEW, 0, 16);
}

static const struct {
	const char *name;
	const char *about;
	void (*run)(void);
} subtests[] = {
	{ "fault", "A job faults while binds of its VM are queued", fault },
	{ "hang", "A job hangs while binds of its VM are queued, and one waits for it", hang },
	{ "map-after-fault", "What faulted is mapped", faults_then_maps },
	{ "slow", "Commands of the MMU take 2 ms each", slow },
	{ "slow-and-closed", "The same, and buffers are closed that are mapped", slow_and_closed },
	{ "memory-until-flush", "Memory of what is unmapped is kept until a slow flush is over",
	  memory_until_flush },
	{ "unusable", "A VM is lost: what it still takes, and that no other notices",
	  unusable },
	{ "reset-beside", "The GPU is reset while another VM's binds are queued",
	  reset_beside },
	{ "destroyed-while-stuck", "A VM is destroyed while the MMU is stuck",
	  destroyed_while_stuck },
};

int igt_main()
{
	igt_fixture()
		device = drm_open_driver(DRIVER_PANTHOR);

	for (unsigned int i = 0; i < LEN(subtests); i++) {
		igt_describe_f("%s", subtests[i].about);
		igt_subtest_f("%s", subtests[i].name) {
			pb_open(&p, device);
			pb_bo(&p, &old, SIZE, OLD);
			pb_bo(&p, &new, SIZE, NEW);
			subtests[i].run();
			pb_close(&p);
		}
	}

	igt_fixture()
		drm_close_driver(device);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device comes and goes: runtime PM, a driver that is unbound under work,
 * a module that is unloaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host.h"
#include "inject.h"
#include "scenarios.h"
#include "tap.h"
#include "work.h"

#define CYCLES	25
#define UNBINDS	8
#define MAKERS	4
#define QUEUES	8
#define FLUSH_ID	DRM_PANTHOR_USER_FLUSH_ID_MMIO_OFFSET

static void *map_flush_id(struct pan *p, int prot, int flags, size_t size,
			  off_t offset)
{
	void *at = mmap(NULL, size, prot, flags, p->fd, offset);

	return at == MAP_FAILED ? NULL : at;
}

/* It changes by itself: read it where it is read */
static uint32_t read_id(const uint32_t *id)
{
	return __atomic_load_n(id, __ATOMIC_RELAXED);
}

static void bad_mappings(struct pan *p)
{
	ok(!map_flush_id(p, PROT_READ | PROT_WRITE, MAP_SHARED, SZ_4K, FLUSH_ID),
	   "the flush ID page is not for writing");
	ok(!map_flush_id(p, PROT_READ, MAP_PRIVATE, SZ_4K, FLUSH_ID),
	   "nor for private mappings");
	ok(!map_flush_id(p, PROT_READ, MAP_SHARED, 2 * SZ_4K, FLUSH_ID),
	   "it is one page");
	ok(!map_flush_id(p, PROT_READ, MAP_SHARED, SZ_4K, FLUSH_ID + SZ_4K),
	   "and the only one");
}

static void flush_id(struct pan *p)
{
	const uint32_t *id = map_flush_id(p, PROT_READ, MAP_SHARED, SZ_4K,
					     FLUSH_ID);
	uint32_t before, after;
	struct copier c;

	need(id ? 0 : -ENOMEM);
	ok(stay_awake(true), "the GPU is awake");
	copier_open(&c, p);
	before = read_id(id);
	is(copier_run(&c), 0, "a copy is right");
	after = read_id(id);
	detail("before %u, after %u", before, after);
	ok(after > before && after > 1, "each flush counts in the flush ID");
	stay_awake(false);
	ok(sleeps(3000), "the GPU sleeps");
	is(read_id(id), 1, "then the page reads 1: there is nothing to flush");
	ok(sleeps(0), "and reading it wakes nobody");
	ok(stay_awake(true), "the GPU is awake");
	detail("it reads %u", read_id(id));
	ok(read_id(id) >= after, "the page is the register again");
	stay_awake(false);
	copier_close(&c);
	munmap((void *)id, SZ_4K);
}

void run_power(void)
{
	struct copier c;
	int wrong = 0, awake = 0;
	uint64_t resets;
	struct pan p;
	long start;

	need(pan_open(&p));
	resets = inject_ready() ? gpu_stat("resets") : 0;
	copier_open(&c, &p);
	start = now_ms();
	for (int i = 0; i < CYCLES; i++) {
		wrong += !!copier_run(&c);
		awake += !sleeps(2000);
	}
	note("%d cycles in %ld ms", CYCLES, now_ms() - start);
	is(awake, 0, "the GPU sleeps as soon as there is no work, each time");
	is(wrong, 0, "work wakes it up and is right, each time");
	if (inject_ready())
		is(gpu_stat("resets") - resets, 0, "all by fast resets");
	copier_close(&c);
	bad_mappings(&p);
	flush_id(&p);
	pan_close(&p);
	skip("CONFIG_SUSPEND is not set: nothing but runtime PM can suspend",
	     "system suspend");
}

/* --- Unbind -------------------------------------------------------------- */

#define BUSY	8
#define ROUNDS	8000000u

static sigjmp_buf back;

static void on_sigbus(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

/* Whether a read of @at is a SIGBUS */
static bool is_gone(const uint32_t *at)
{
	bool gone = true;

	signal(SIGBUS, on_sigbus);
	if (!sigsetjmp(back, 1)) {
		(void)read_id(at);
		gone = false;
	}
	signal(SIGBUS, SIG_DFL);
	return gone;
}

static void unplugged(struct pan *p, struct gpu *g, const uint32_t *id)
{
	struct drm_panthor_vm_bind_op op;
	struct pan_bo bo = { .handle = g->cmd.handle };
	struct cs cs = cs_endless(g);
	uint32_t vm;

	is(pan_vm_create(p, &vm), -ENODEV, "a new VM is refused");
	is(pan_bo_create(p, SZ_4K, 0, &bo), -ENODEV, "a new buffer is refused");
	op = pan_op_map(DATA_VA + 64 * SZ_1G, &g->cmd, 0, SZ_64K);
	is(pan_bind(p, g->vm, 0, &op, 1), -ENODEV, "a bind is refused");
	is(pan_bind(p, g->vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1), -ENODEV,
	   "a queued bind is refused");
	is(gpu_queue(g, 0, &cs, 0, 0), -ENODEV, "a job is refused");
	ok(is_gone(id), "the flush ID page is gone");
	is(pan_open(&(struct pan){ 0 }), -ENODEV, "the device does not open");
}

/* Its job's fence: no ioctl says anything of it when the device is gone */
static int sync_file_of(const struct gpu *g)
{
	struct drm_syncobj_handle h = {
		.handle = g->done,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
		.fd = -1,
	};

	need(pan_ioctl(g->pan, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &h));
	return h.fd;
}

static bool signals(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	bool over = poll(&p, 1, ms) == 1;

	close(fd);
	return over;
}

/* @busy: with groups at work on all slots */
static void unbind_once(bool busy, const char *what)
{
	struct gpu owner, m[BUSY];
	const uint32_t *id;
	unsigned int over = 0;
	int fence[BUSY];
	struct sums s;
	struct pan p;

	need(pan_open(&p));
	gpu_open(&owner, &p);
	sums_open(&s, &owner);
	id = map_flush_id(&p, PROT_READ, MAP_SHARED, SZ_4K, FLUSH_ID);
	need(id ? 0 : -ENOMEM);
	for (int i = 0; i < BUSY && busy; i++) {
		struct cs cs = sums_stream(&s, i, ROUNDS);

		member_open(&m[i], &owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
		need(gpu_queue(&m[i], 0, &cs, 0, m[i].done));
		fence[i] = sync_file_of(&m[i]);
	}
	for (int ms = 0; ms < 1000 && busy && !sums_progress(&s, BUSY - 1); ms += 5)
		sleep_ms(5);
	if (!busy)
		ok(sleeps(10000), "the GPU sleeps");
	is(driver_unbind(), 0, what);
	unplugged(&p, &owner, id);
	for (int i = 0; i < BUSY && busy; i++)
		over += signals(fence[i], i ? 100 : 7000);
	if (busy)
		is(over, BUSY, "the jobs that were at work are over");
	munmap((void *)id, SZ_4K);
	pan_close(&p);
	is(driver_bind(), 0, "the driver takes the device again");
	life_goes_on("then");
}

void run_unbind(void)
{
	unbind_once(false, "unbound with files and groups open");
	unbind_once(false, "unbound once more");
}

/* Upstream's driver forgets what is on the slots, and who waits for it waits for ever */
void run_unbind_busy(void)
{
	unbind_once(true, "unbound while groups run on all slots");
}

/*
 * Who has no address space frees its memory at once. What could not be flushed, and may go
 * on, is made to forget it before, since nothing else resets a GPU that is unplugged.
 */
void run_unbind_stuck(void)
{
	uint64_t resets;
	struct copier c;
	struct pan p;

	copier_open_awake(&c, &p, "a VM has an address space");
	resets = gpu_stat("resets");
	kmsg_mark();
	need(inject_slow("flush", INJECT_NEVER));
	is(driver_unbind(), 0, "unbound while a flush never ends");
	said("Flush caches timeout");
	is(gpu_stat("resets") - resets, 1, "the GPU is reset");
	not_said("WARNING");
	need(inject_clear());
	pan_close(&p);
	is(driver_bind(), 0, "the driver takes the device again");
	stay_awake(false);
	life_goes_on("then");
}

/* Until the device is gone */
static int make_groups(struct gpu *g, void *arg)
{
	uint32_t group;
	int ret;

	(void)arg;
	while (!(ret = pan_group_create(g->pan, g->vm, QUEUES, &group)))
		pan_group_destroy(g->pan, group);
	return ret;
}

/*
 * A group has buffers in the firmware's VM, which goes with the device. Upstream's driver
 * looks for it while that happens, warns, and may use what was freed: one of these makes
 * groups at that moment.
 */
void run_unbind_group(void)
{
	struct call make[MAKERS];
	struct gpu g;
	struct pan p;

	kmsg_mark();
	for (int n = 0; n < UNBINDS; n++) {
		need(pan_open(&p));
		gpu_open(&g, &p);
		for (int i = 0; i < MAKERS; i++)
			call_begin(&make[i], &g, make_groups, NULL);
		sleep_ms(50 + n);
		is(driver_unbind(), 0, "unbound while groups are made");
		for (int i = 0; i < MAKERS; i++)
			is(call_end(&make[i]), -ENODEV, "until the device is gone");
		pan_close(&p);
		is(driver_bind(), 0, "the driver takes the device again");
	}
	not_said("WARNING");
	life_goes_on("then");
}

/* --- Module -------------------------------------------------------------- */

static int load(const char *file, const char *options)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, options, 0) ? -errno : 0;
	close(fd);
	return ret;
}

static int unload(void)
{
	return syscall(SYS_delete_module, "panthor", O_NONBLOCK) ? -errno : 0;
}

/*
 * What was closed is released by work items, by and by; what is not when the
 * driver goes is lost, see docs/panthor-findings.md.
 */
static int unload_at_rest(void)
{
	if (!sleeps(10000))
		return -EBUSY;
	sleep_ms(500);
	return unload();
}

void run_module(void)
{
	struct copier c;
	struct pan p;

	need(pan_open(&p));
	copier_open(&c, &p);
	is(copier_run(&c), 0, "a copy is right");
	ok(unload() < 0, "with a file open the module stays");
	copier_close(&c);
	pan_close(&p);
	is(unload_at_rest(), 0, "then it is unloaded");
	is(pan_open(&p), -ENODEV, "and the device is gone");
	is(load("/modules/panthor.ko", "transparent_hugepage=0"), 0,
	   "it is loaded again, without huge pages");
	life_goes_on("then");
	is(unload_at_rest(), 0, "it is unloaded once more");
	is(load("/modules/panthor.ko", ""), 0, "and loaded");
	life_goes_on("then");
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All requests that can take page tables: what each takes is charged to the memcg of who
 * makes it, all of it, and ends at its limit. The kernel counts the tables of the whole
 * system; those that it has more of than the memcg is charged for are nobody's.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acct.h"
#include "gate.h"
#include "gpu.h"
#include "memcg.h"
#include "scenarios.h"
#include "tap.h"

#define FAR_VA		(DATA_VA + SZ_1T)
#define STEP		SZ_1G
#define SPARSE_VA	(DATA_VA + 8 * SZ_1T)
#define FEW		24
/* More than the limit has room for */
#define TOO_MANY	4096
#define LIMIT_KIB	2048
/* Processes look at the system's tables once in so many requests */
#define LOOK		8
/* The driver's limit for a file; with one more file there are more */
#define VMS_OF_FILE	30
#define HEAP_CHUNK	(2 * SZ_1M)

/* What takes tables works with these; none is made twice */
struct taking {
	struct pan p;
	struct gpu g;
	struct gate gate;
	struct pan_bo bo;
	/* For requests that need a VM each, of which a file has only so many */
	struct pan more;
	unsigned int vms;
};

/* --- Requests ------------------------------------------------------------ */

static int another_vm(struct taking *t, uint32_t *vm)
{
	int ret = t->vms++ % VMS_OF_FILE ? 0 : pan_open(&t->more);

	return ret ? ret : pan_vm_create(&t->more, vm);
}

static int take_vm(struct taking *t, unsigned int i)
{
	uint32_t vm;

	(void)i;
	return another_vm(t, &vm);
}

static int take_map(struct taking *t, unsigned int i)
{
	return pan_map(&t->p, t->g.vm, FAR_VA + i * STEP, &t->bo, 0, SZ_4K, 0);
}

static int queue(struct taking *t, struct drm_panthor_vm_bind_op op)
{
	struct drm_panthor_sync_op s = pan_wait(t->gate.fence, 0);

	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &s);
	return pan_bind(&t->p, t->g.vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1);
}

/* Behind a fence that does not signal */
static int take_queued(struct taking *t, unsigned int i)
{
	return queue(t, pan_op_map(FAR_VA + i * STEP, &t->bo, 0, SZ_4K));
}

static int take_sparse(struct taking *t, unsigned int i)
{
	return pan_map_sparse(&t->p, t->g.vm, FAR_VA + i * STEP + SZ_4K, SZ_4K);
}

static void all_sparse(struct taking *t)
{
	need(pan_map_sparse(&t->p, t->g.vm, SPARSE_VA, 8 * SZ_1T));
}

/* A hole, or a page, in what was one table for all of it */
static int take_hole(struct taking *t, unsigned int i)
{
	return pan_unmap(&t->p, t->g.vm, SPARSE_VA + i * STEP + SZ_4K, SZ_4K);
}

static int take_queued_hole(struct taking *t, unsigned int i)
{
	return queue(t, pan_op_unmap(SPARSE_VA + i * STEP + SZ_4K, SZ_4K));
}

static int take_page_over(struct taking *t, unsigned int i)
{
	return pan_map(&t->p, t->g.vm, SPARSE_VA + i * STEP + SZ_4K, &t->bo, 0, SZ_4K, 0);
}

/* Rings and what queues synchronize with are in the VM */
static int take_group(struct taking *t, unsigned int i)
{
	uint32_t vm, group;
	int ret = another_vm(t, &vm);

	(void)i;
	return ret ? ret : pan_group_create(&t->more, vm, 2, &group);
}

static int take_heap(struct taking *t, unsigned int i)
{
	struct drm_panthor_tiler_heap_create h = {
		.initial_chunk_count = 1, .chunk_size = HEAP_CHUNK, .max_chunks = 2,
		.target_in_flight = 1,
	};
	int ret = another_vm(t, &h.vm_id);

	(void)i;
	return ret ? ret : pan_ioctl(&t->more, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &h);
}

static const struct taker {
	const char *what;
	void (*before)(struct taking *t);
	int (*take)(struct taking *t, unsigned int i);
	/* Tables that each takes at least */
	unsigned int least;
} takers[] = {
	{ "VMs", NULL, take_vm, 4 },
	{ "maps", NULL, take_map, 2 },
	{ "queued maps", NULL, take_queued, 2 },
	{ "sparse maps", NULL, take_sparse, 2 },
	{ "holes in sparse memory", all_sparse, take_hole, 2 },
	{ "queued holes", all_sparse, take_queued_hole, 2 },
	{ "pages over sparse memory", all_sparse, take_page_over, 2 },
	{ "groups", NULL, take_group, 4 },
	{ "heaps", NULL, take_heap, 4 },
};

/* --- Processes that make them -------------------------------------------- */

/* What a process says, which may be killed at any moment */
static struct said {
	long taken_kib;
	long charged_kib;
	long limit_kib;
	unsigned int requests;
	int error;
} *said;

static long kib(long pages)
{
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static long system_kib(void)
{
	return kib(acct_pages());
}

static void taking_open(struct taking *t, const struct taker *k)
{
	need(pan_open(&t->p));
	gpu_open(&t->g, &t->p);
	gpu_bo(&t->g, SZ_64K, &t->bo);
	memset(t->bo.map, 1, SZ_64K);
	gate_init(&t->gate, &t->p);
	gate_shut(&t->gate);
	if (k->before)
		k->before(t);
}

/* So many requests: what the system has more then, and what is charged more */
static void few(struct taking *t, const struct taker *k)
{
	long charged = memcg_tables_kib(), before = system_kib();

	for (unsigned int i = 0; i < FEW; i++)
		need(k->take(t, i));
	said->requests = FEW;
	said->taken_kib = system_kib() - before;
	said->charged_kib = memcg_tables_rise_to(charged + said->taken_kib) - charged;
}

static void all_there_are(struct taking *t, const struct taker *k)
{
	long before = system_kib(), taken;

	said->limit_kib = memcg_limit(LIMIT_KIB);
	for (unsigned int i = 0; i < TOO_MANY && !said->error; i++) {
		said->error = k->take(t, i);
		said->requests++;
		if (i % LOOK && !said->error)
			continue;
		taken = system_kib() - before;
		if (taken > said->taken_kib)
			said->taken_kib = taken;
	}
}

/* Returns how it ended */
static int in_child(const struct taker *k, void (*run)(struct taking *t, const struct taker *k))
{
	static struct taking t;
	int status;
	pid_t pid;

	*said = (struct said){ 0 };
	pid = fork();
	if (!pid) {
		memcg_enter();
		taking_open(&t, k);
		run(&t, k);
		_exit(0);
	}
	need(pid < 0 ? -errno : 0);
	need(waitpid(pid, &status, 0) == pid ? 0 : -errno);
	return status;
}

static void is_charged(const struct taker *k)
{
	long least = FEW * k->least * 4;
	int status = in_child(k, few);

	note("%s: %ld KiB of tables for %u, %ld KiB charged", k->what, said->taken_kib,
	     said->requests, said->charged_kib);
	detail("%ld KiB, status %#x", said->taken_kib, status);
	ok(!status && said->taken_kib >= least, "%s take tables", k->what);
	is(said->charged_kib, said->taken_kib, "all of which are charged");
	is(memcg_tables_fall_to(0), 0, "and none stays");
}

static void is_limited(const struct taker *k)
{
	int status = in_child(k, all_there_are);
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;

	note("%s: %u requests, %ld KiB of tables, of %ld KiB", k->what, said->requests,
	     said->taken_kib, said->limit_kib);
	detail("status %#x, error %d", status, said->error);
	ok(killed || (!status && said->error == -ENOMEM),
	   "%s: more than its memcg allows are ENOMEM, or the end of the process", k->what);
	detail("%ld KiB of %ld KiB", said->taken_kib, said->limit_kib);
	ok(said->taken_kib <= said->limit_kib, "there are no more tables than that");
	is(memcg_tables_fall_to(0), 0, "nor any that stay");
	memcg_limit(0);
}

/* As large an array as the driver takes: before it is known that there is nothing in it */
static int take_array(struct taking *t, unsigned int i)
{
	struct drm_panthor_vm_bind b = { .vm_id = t->g.vm };

	(void)i;
	b.ops.stride = sizeof(struct drm_panthor_vm_bind_op);
	b.ops.count = 16 * SZ_1M / b.ops.stride;
	return pan_ioctl(&t->p, DRM_IOCTL_PANTHOR_VM_BIND, &b);
}

static void one_of_them(struct taking *t, const struct taker *k)
{
	said->limit_kib = memcg_limit(LIMIT_KIB);
	said->error = k->take(t, 0);
}

static void arrays_are_charged(void)
{
	static const struct taker arrays = { "arrays", NULL, take_array, 0 };
	int status = in_child(&arrays, one_of_them);
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;

	detail("status %#x, error %d", status, said->error);
	ok(killed || (!status && said->error == -ENOMEM),
	   "an array that its memcg has no room for is ENOMEM, or the end of the process");
	memcg_limit(0);
}

void run_takers(void)
{
	const char *why = memcg_make();

	why = why ? why : acct_why_not();
	if (why) {
		skip(why, "requests that take tables");
		return;
	}
	said = mmap(NULL, sizeof(*said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	need(said == MAP_FAILED ? -errno : 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(takers); i++) {
		is_charged(&takers[i]);
		is_limited(&takers[i]);
	}
	arrays_are_charged();
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The n-th allocation of a request fails, for every n that there is: each time
 * the request says so, or does without, and nothing is left behind that would
 * harm the next one. Needs a kernel with fault injection. Upstream's driver does not
 * survive it where a group is made and a point of a timeline is signalled, see
 * docs/panthor-findings.md.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xf86drm.h>

#include "acct.h"
#include "fail.h"
#include "gpu.h"
#include "host.h"
#include "memory.h"
#include "scenarios.h"
#include "tap.h"

#define FAULTS	"/sys/kernel/debug/"
#define SIZE	SZ_64K
#define VA	DATA_VA
#define MOST	2000
#define SHORT_STEP	13
#define SLUB_TRIES	5
#define CGROUPS	"/sys/fs/cgroup"
#define MEMCG	CGROUPS "/edges"
#define BLOCKS	2
#define BLOCKS_KIB	((long)(BLOCKS * SZ_2M / 1024))
#define BLOCKS_VA	(VA + 4 * SZ_1G)
#define COPY_VA	(VA + 5 * SZ_1G)

/* What the requests work with; they leave it as it was */
static struct {
	struct pan p;
	struct gpu g;
	struct pan_bo bo;
	uint32_t out;
	/* A timeline, and its last point */
	uint32_t line;
	uint64_t point;
	int fd;
} S;

static void filter(const char *file, unsigned long long value)
{
	static const char * const attr[] = {
		"failslab", "fail_page_alloc", "fail_mempool_alloc", "fail_mempool_alloc_bulk",
	};
	char path[128], text[32];

	snprintf(text, sizeof(text), "0x%llx", value);
	for (unsigned int i = 0; i < ARRAY_SIZE(attr); i++) {
		snprintf(path, sizeof(path), FAULTS "%s/%s", attr[i], file);
		need(sysfs_write(path, text));
	}
}

/* From where @function starts to where the next one does */
static void text_of(const char *function, unsigned long long *start,
		    unsigned long long *end)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long long at;
	char line[256], name[128];

	need(f ? 0 : -errno);
	*start = *end = 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %*c %127s", &at, name) == 2 &&
		    !strcmp(name, function))
			*start = at;
	rewind(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx", &at) == 1 && at > *start &&
		    (!*end || at < *end))
			*end = at;
	fclose(f);
	detail("there is no %s", function);
	need(*start ? 0 : -ENOENT);
}

/* What is called from @function does not fail; NULL: all may */
static void spare(const char *function)
{
	unsigned long long start = 0, end = 0;

	if (function)
		text_of(function, &start, &end);
	filter("reject-start", start);
	filter("reject-end", end);
}

/* Only what is called from @function fails; NULL: all may */
static void only(const char *function)
{
	unsigned long long start = 0, end = ~0ull;

	if (function)
		text_of(function, &start, &end);
	filter("require-start", start);
	filter("require-end", end);
}

/* --- Requests ------------------------------------------------------------ */

/*
 * @try is 0 or a negative errno; @undo follows when it is 0. ENOSPC stands for a failed
 * allocation as well as ENOMEM: shmem says so when there is no inode. With @only none but
 * those of that function fail, and none of them is to be survived.
 */
struct request {
	const char *name;
	int (*try)(void);
	void (*undo)(void);
	const char *only;
};

static union {
	struct pan_bo bo;
	uint32_t id;
	int fd;
} got;

static int try_open(void)
{
	got.fd = open(S.p.node, O_RDWR | O_CLOEXEC);
	return got.fd < 0 ? -errno : 0;
}

static void undo_open(void)
{
	close(got.fd);
}

static int try_vm(void)
{
	return pan_vm_create(&S.p, &got.id);
}

static void undo_vm(void)
{
	need(pan_vm_destroy(&S.p, got.id));
}

static int try_bo(void)
{
	return pan_bo_create(&S.p, SIZE, DRM_PANTHOR_BO_NO_MMAP, &got.bo);
}

static void undo_bo(void)
{
	pan_bo_destroy(&S.p, &got.bo);
}

static int try_label(void)
{
	struct drm_panthor_bo_set_label l = {
		.handle = S.bo.handle, .label = (uintptr_t)"edges failing",
	};

	return pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &l);
}

/* Nothing there again, and no table that could stay for the next try */
static void unmap_all(uint64_t size)
{
	need(pan_unmap(&S.p, S.g.vm, VA, size));
	acct_reclaim();
}

/* A buffer without pages, at an address without tables */
static int try_map(void)
{
	return pan_map(&S.p, S.g.vm, VA, &S.bo, 0, SIZE,
		       DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC);
}

static void undo_map(void)
{
	unmap_all(SIZE);
	pan_bo_destroy(&S.p, &S.bo);
	need(pan_bo_create(&S.p, SIZE, 0, &S.bo));
}

static int try_sparse(void)
{
	return pan_map_sparse(&S.p, S.g.vm, VA, 4 * SZ_2M);
}

static void undo_sparse(void)
{
	unmap_all(4 * SZ_2M);
}

/* A hole in the middle of what is bound at VA + 1 GiB */
static int try_hole(void)
{
	return pan_unmap(&S.p, S.g.vm, VA + SZ_1G + SZ_4K, SZ_4K);
}

static void undo_hole(void)
{
	need(pan_map(&S.p, S.g.vm, VA + SZ_1G, &S.bo, 0, SIZE,
		     DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC));
}

/* From one block of what is sparse at VA + 2 GiB into another */
static int try_cut(void)
{
	return pan_unmap(&S.p, S.g.vm, VA + 2 * SZ_1G + SZ_4K, 2 * SZ_2M);
}

static void undo_cut(void)
{
	need(pan_map_sparse(&S.p, S.g.vm, VA + 2 * SZ_1G, 4 * SZ_2M));
	acct_reclaim();
}

static int try_async(void)
{
	struct drm_panthor_sync_op s[3] = {
		pan_signal(S.out, 0), pan_wait(S.g.done, 0), pan_signal(S.line, ++S.point),
	};
	struct drm_panthor_vm_bind_op ops[2] = {
		pan_op_map(VA, &S.bo, 0, SIZE), pan_op_sync_only(),
	};

	ops[0].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(3, s);
	ops[1].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, s);
	return pan_bind(&S.p, S.g.vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, 2);
}

static void undo_async(void)
{
	need(pan_syncobj_wait(&S.p, S.out, 0, PAN_TIMEOUT_MS));
	unmap_all(SIZE);
}

static int try_group(void)
{
	return pan_group_create(&S.p, S.g.vm, 3, &got.id);
}

static void undo_group(void)
{
	need(pan_group_destroy(&S.p, got.id));
}

static int try_submit(void)
{
	struct drm_panthor_sync_op s[3] = {
		pan_signal(S.out, 0), pan_wait(S.g.done, 0), pan_signal(S.line, ++S.point),
	};
	struct drm_panthor_queue_submit jobs[2] = {
		{ .stream_addr = CMD_VA, .stream_size = 64,
		  .syncs = DRM_PANTHOR_OBJ_ARRAY(1, &s[1]) },
		{ .queue_index = 1, .stream_addr = CMD_VA, .stream_size = 64,
		  .syncs = DRM_PANTHOR_OBJ_ARRAY(3, s) },
	};

	return pan_submit(&S.p, S.g.group, jobs, 2);
}

static void undo_submit(void)
{
	need(pan_syncobj_wait(&S.p, S.out, 0, PAN_TIMEOUT_MS));
}

static int try_heap(void)
{
	struct drm_panthor_tiler_heap_create h = {
		.vm_id = S.g.vm, .initial_chunk_count = 3, .max_chunks = 8,
		.chunk_size = SZ_2M, .target_in_flight = 2,
	};
	int ret = pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &h);

	got.id = h.handle;
	return ret;
}

static void undo_heap(void)
{
	struct drm_panthor_tiler_heap_destroy d = { .handle = got.id };

	need(pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY, &d));
}

static int try_export(void)
{
	return drmPrimeHandleToFD(S.p.fd, S.bo.handle, DRM_CLOEXEC, &got.fd) ?
	       -errno : 0;
}

static int try_import(void)
{
	return drmPrimeFDToHandle(S.p.fd, S.fd, &got.id) ? -errno : 0;
}

static void undo_import(void)
{
	need(drmCloseBufferHandle(S.p.fd, got.id) ? -errno : 0);
}

static const struct request requests[] = {
	{ .name = "open", .try = try_open, .undo = undo_open },
	{ .name = "VM_CREATE", .try = try_vm, .undo = undo_vm },
	{ .name = "BO_CREATE", .try = try_bo, .undo = undo_bo },
	{ .name = "BO_SET_LABEL", .try = try_label },
	{ .name = "VM_BIND, a buffer", .try = try_map, .undo = undo_map },
	{ .name = "VM_BIND, sparse", .try = try_sparse, .undo = undo_sparse },
	{ .name = "VM_BIND, a hole", .try = try_hole, .undo = undo_hole },
	/* Both ends need a table */
	{ .name = "VM_BIND, a cut", .try = try_cut, .undo = undo_cut,
	  .only = "drm_gpuvm_pin_ends" },
	{ .name = "VM_BIND, queued", .try = try_async, .undo = undo_async },
	{ .name = "GROUP_CREATE", .try = try_group, .undo = undo_group },
	{ .name = "GROUP_SUBMIT", .try = try_submit, .undo = undo_submit },
	{ .name = "TILER_HEAP_CREATE", .try = try_heap, .undo = undo_heap },
	{ .name = "export", .try = try_export, .undo = undo_open },
	{ .name = "import", .try = try_import, .undo = undo_import },
};

/*
 * False if there is no n-th allocation. What must not be survived is tried again if it
 * was: SLUB makes attempts of its own at times, and does without.
 */
static bool fails_once(const struct request *r, unsigned int n, int *ret)
{
	unsigned int tries = r->only ? SLUB_TRIES : 1;
	bool failed;

	do {
		fail_nth(n);
		*ret = r->try();
		failed = fail_happened();
		if (!*ret && r->undo)
			r->undo();
	} while (failed && !*ret && --tries);
	return failed;
}

static void fails_well(const struct request *r)
{
	unsigned int refused = 0, survived = 0, n;
	int ret = 0, odd = 0;

	only(r->only);
	for (n = 1; n < MOST; n++) {
		if (!fails_once(r, n, &ret))
			break;
		refused += !!ret;
		survived += !ret;
		if (ret && ret != -ENOMEM && ret != -ENOSPC)
			odd = ret;
	}
	note("%s: %u failures refused, %u survived", r->name, refused, survived);
	detail("%u refused, %u survived, at last %d, odd %d", refused, survived,
	       ret, odd);
	ok(refused && !ret && !odd && !(r->only && survived),
	   "%s: each allocation fails once", r->name);
	only(NULL);
}

/* A job that has so many is larger than a page, and need not be in one piece */
static void large_jobs_do_without_large_pieces(void)
{
	struct drm_panthor_sync_op signal = pan_signal(S.out, 0);
	struct drm_panthor_vm_bind_op ops[65];
	const unsigned int last = ARRAY_SIZE(ops) - 1;
	int ret;

	for (unsigned int i = 0; i < last; i++)
		ops[i] = pan_op_map(VA + i * SIZE, &S.bo, 0, SIZE);
	ops[last] = pan_op_sync_only();
	ops[last].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &signal);

	only("panthor_vm_bind_job_create");
	fail_nth(1);
	ret = pan_bind(&S.p, S.g.vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, ARRAY_SIZE(ops));
	detail("%d", ret);
	ok(fail_happened() && !ret, "64 operations are a job without memory in one piece");
	only(NULL);
	if (!ret)
		undo_async();
	need(pan_unmap(&S.p, S.g.vm, VA, last * SIZE));
	acct_reclaim();
}

/* It has to work when nothing else does: a process is being killed for its memory */
static void destroying_takes_no_memory(void)
{
	uint32_t vm;

	need(pan_vm_create(&S.p, &vm));
	need(pan_map(&S.p, vm, VA, &S.bo, 0, SIZE, 0));
	need(pan_map_sparse(&S.p, vm, VA + SZ_1G, 4 * SZ_2M));
	only("panthor_ioctl_vm_destroy");
	spare("debug_objects_fill_pool");
	fail_nth(1);
	is(pan_vm_destroy(&S.p, vm), 0, "a VM is destroyed");
	ok(!fail_happened(), "which takes no memory");
	spare(NULL);
	only(NULL);
}

static void open_subject(void)
{
	void *mem;

	need(pan_open(&S.p));
	gpu_open(&S.g, &S.p);
	need(pan_bo_create(&S.p, SIZE, 0, &S.bo));
	need(pan_syncobj_create(&S.p, &S.out));
	need(pan_syncobj_create(&S.p, &S.line));
	need(pan_syncobj_signal(&S.p, S.g.done));
	need(pan_map(&S.p, S.g.vm, VA + SZ_1G, &S.bo, 0, SIZE,
		     DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC));
	undo_cut();
	S.fd = memfd_dma_buf(SIZE, &mem);
}

void run_failing(void)
{
	need(fail_open() ? 0 : -EOPNOTSUPP);
	open_subject();
	for (unsigned int i = 0; i < ARRAY_SIZE(requests); i++)
		if (requests[i].only && acct_has_slab())
			skip("this driver holds no tables",
			     "%s: each allocation fails once", requests[i].name);
		else
			fails_well(&requests[i]);
	if (!acct_has_slab()) {
		large_jobs_do_without_large_pieces();
		destroying_takes_no_memory();
	}
	is(pan_vm_state(&S.p, S.g.vm), DRM_PANTHOR_VM_STATE_USABLE,
	   "the VM is still usable");
	pan_close(&S.p);
}

/* --- Restoring ----------------------------------------------------------- */

/* Whether there is a memcg, and this process is in it */
static bool in_memcg(void)
{
	char controllers[256] = "";

	mount("none", CGROUPS, "cgroup2", 0, NULL);
	sysfs_read(CGROUPS "/cgroup.controllers", controllers, sizeof(controllers));
	if (!strstr(controllers, "memory"))
		return false;
	need(sysfs_write(CGROUPS "/cgroup.subtree_control", "+memory"));
	mkdir(MEMCG, 0755);
	need(sysfs_write(MEMCG "/cgroup.procs", "0"));
	return true;
}

/* All memory of the process that nobody uses, and so much of it is there */
static void swap_out(long kib)
{
	long before = mem_kib("SwapFree:");

	for (int i = 0; i < 20 && before - mem_kib("SwapFree:") < kib; i++)
		sysfs_write(MEMCG "/memory.reclaim", "64M");
	need(before - mem_kib("SwapFree:") < kib ? -ETIME : 0);
}

/* A buffer of huge pages is mapped as blocks, goes to swap, and is pages when it is back */
static void lose_blocks(struct pan_bo *bo, uint32_t seed)
{
	gpu_bo(&S.g, BLOCKS * SZ_2M, bo);
	bo_label(&S.p, bo, "edges blocks");
	fill(bo->map, seed, bo->size);
	gpu_map(&S.g, BLOCKS_VA, bo, 0, bo->size);
	detail("nothing is mapped as blocks");
	need(vm_tables("reserved 2M") < BLOCKS ? -ENOENT : 0);
	need(evict("edges blocks") ? 0 : -ETIME);
	swap_out(BLOCKS_KIB);
}

static bool blocks_are_right(const struct pan_bo *dst, uint32_t seed)
{
	for (uint64_t at = SZ_1M; at < BLOCKS * SZ_2M; at += SZ_2M) {
		memset(dst->map, 0, SIZE);
		if (gpu_copy(&S.g, COPY_VA, BLOCKS_VA + at, SIZE) ||
		    !holds(dst->map, seed, at, SIZE))
			return false;
	}
	return true;
}

/* A job that needs them, and the @n-th allocation of what is reserved for that fails */
static int restore_with_failure(unsigned int n, bool *failed)
{
	struct cs cs = gpu_cs(&S.g);
	int ret;

	cs_copy(&cs, COPY_VA, BLOCKS_VA, SIZE);
	cs_end(&cs);
	only("drm_gpuvm_reserve");
	/* It takes memory in whoever comes along */
	spare("debug_objects_fill_pool");
	fail_nth(n);
	ret = gpu_queue(&S.g, 0, &cs, 0, S.g.done);
	*failed = fail_happened();
	spare(NULL);
	only(NULL);
	if (!ret)
		need(pan_syncobj_wait(&S.p, S.g.done, 0, PAN_TIMEOUT_MS));
	return ret;
}

/* What the job is told, or -EBADE if it, or the one after it, does not leave all right */
static int restore_once(unsigned int n, const struct pan_bo *dst, bool *failed)
{
	long pages, blocks;
	struct pan_bo bo;
	bool right;
	int ret;

	lose_blocks(&bo, n);
	pages = vm_tables("reserved 4K");
	blocks = vm_tables("reserved 2M");
	ret = restore_with_failure(n, failed);
	right = !ret || (vm_tables("reserved 4K") == pages &&
			 vm_tables("reserved 2M") == blocks);
	detail("%ld pages were reserved, and are %ld", pages, vm_tables("reserved 4K"));
	right = right && blocks_are_right(dst, n) &&
		vm_tables("reserved 2M") <= blocks - BLOCKS;
	need(pan_unmap(&S.p, S.g.vm, BLOCKS_VA, bo.size));
	pan_bo_destroy(&S.p, &bo);
	acct_reclaim();
	return right ? ret : -EBADE;
}

/* The tables that are missing then can be, too: all that was evicted stays so */
static void restores_all_or_nothing(void)
{
	unsigned int refused = 0, n, used = S.g.cmd_used;
	bool failed = true;
	struct pan_bo dst;
	int ret = 0;

	gpu_bo(&S.g, SIZE, &dst);
	gpu_map(&S.g, COPY_VA, &dst, 0, SIZE);
	for (n = 1; n < MOST && failed && (!ret || ret == -ENOMEM); n++) {
		S.g.cmd_used = used;
		ret = restore_once(n, &dst, &failed);
		refused += ret == -ENOMEM;
	}
	note("a job that needs what was taken: %u failures refused", refused);
	if (ret != -EBADE)
		detail("%u refused, at last %d", refused, ret);
	ok(refused && !ret && !failed, "each allocation fails once");
}

void run_failing_restore(void)
{
	need(fail_open() ? 0 : -EOPNOTSUPP);
	if (!in_memcg() || acct_has_slab()) {
		skip("this kernel has no memcg, or no reservations", "each allocation fails once");
		return;
	}
	swap_ready();
	open_subject();
	restores_all_or_nothing();
	is(pan_vm_state(&S.p, S.g.vm), DRM_PANTHOR_VM_STATE_USABLE,
	   "the VM is still usable");
	pan_close(&S.p);
	need(sysfs_write(CGROUPS "/cgroup.procs", "0"));
}

/* --- Probing ------------------------------------------------------------- */

/*
 * A node in /dev is made after everything else, and that it could not be is
 * nobody's failure: then there is nothing to open.
 */
static bool works(bool always)
{
	struct pan_bo src, dst;
	struct gpu g;
	struct pan p;
	bool right;

	if (!always && access("/dev/dri/renderD128", F_OK))
		return true;
	if (pan_open(&p))
		return false;
	gpu_open(&g, &p);
	gpu_bo(&g, SIZE, &src);
	gpu_bo(&g, SIZE, &dst);
	fill(src.map, 1, SIZE);
	gpu_map(&g, VA, &src, 0, SIZE);
	gpu_map(&g, VA + SZ_1G, &dst, 0, SIZE);
	right = !gpu_copy(&g, VA + SZ_1G, VA, SIZE) && holds(dst.map, 1, 0, SIZE);
	gpu_close(&g);
	pan_close(&p);
	return right;
}

/*
 * What the driver does while it probes, a function at a time, and what in it is
 * spared because nobody survives it: a notifier's SRCU structure that finds no
 * memory is a BUG() of the kernel's.
 */
static const struct step {
	const char *only;
	const char *spared;
} steps[] = {
	{ "panthor_devfreq_init", "srcu_init_notifier_head" },
	{ "panthor_gpu_init", NULL },
	{ "panthor_mmu_init", NULL },
	{ "panthor_fw_init", NULL },
	{ "panthor_sched_init", NULL },
	{ "drm_dev_register", NULL },
};

static void probe_fails(const struct step *step)
{
	unsigned int by = edges_short ? SHORT_STEP : 1;
	unsigned int refused = 0, survived = 0, broken = 0, n;
	bool bound = true;
	int ret = 0;

	only(step->only);
	spare(step->spared);
	for (n = 1; n < MOST; n += by) {
		bool failed;

		if (bound)
			need(driver_unbind());
		fail_nth(n);
		ret = driver_bind();
		failed = fail_happened();
		if (!failed)
			break;
		refused += !!ret;
		survived += !ret;
		broken += !ret && !works(false);
		bound = !ret;
	}
	only(NULL);
	spare(NULL);
	note("%s: %u failures refused, %u survived", step->only, refused,
	     survived);
	detail("%u refused, %u survived, %u broken, at last %d", refused,
	       survived, broken, ret);
	ok(refused && !broken && !ret && works(true),
	   "%s: each failure is refused or survived", step->only);
}

/* On a file system whose lookups do not remember what failed */
static void move_firmware(void)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		execlp("cp", "cp", "-rT", "/share/firmware", "/tmp/firmware",
		       NULL);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	need(status ? -EIO : 0);
	need(sysfs_write("/sys/module/firmware_class/parameters/path",
			 "/tmp/firmware"));
}

void run_failing_probe(void)
{
	need(fail_open() ? 0 : -EOPNOTSUPP);
	move_firmware();
	for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++)
		probe_fails(&steps[i]);
}

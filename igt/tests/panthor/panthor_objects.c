// SPDX-License-Identifier: MIT
/*
 * What a file has beside VMs and groups: tiler heaps, buffers and their labels, what can
 * be asked of the device, and where its registers are mapped. Arguments at their limits
 * and beyond; a call that is refused leaves its object as it was.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "igt_debugfs.h"
#include "panthor_bind.h"

IGT_TEST_DESCRIPTION("Checks tiler heaps, buffers, labels, queries and the register window.");

#define CHUNK_MIN	KB(128)
#define CHUNK_MAX	MB(8)
#define LABEL_MAX	4096
#define TAIL		24

static int device = -1;

static int call(int fd, unsigned long request, void *arg)
{
	int ret = igt_ioctl(fd, request, arg) ? -errno : 0;

	errno = 0;
	return ret;
}

/* --- Tiler heaps --------------------------------------------------------- */

static int heap_create(uint32_t vm, uint32_t first, uint32_t size, uint32_t max, uint32_t flight,
		       struct drm_panthor_tiler_heap_create *out)
{
	struct drm_panthor_tiler_heap_create c = {
		.vm_id = vm, .initial_chunk_count = first, .chunk_size = size,
		.max_chunks = max, .target_in_flight = flight,
	};
	int ret = call(device, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &c);

	if (out)
		*out = c;
	return ret;
}

static int heap_destroy(uint32_t handle, uint32_t pad)
{
	struct drm_panthor_tiler_heap_destroy d = { .handle = handle, .pad = pad };

	return call(device, DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY, &d);
}

static void heap_args(void)
{
	static const struct {
		uint32_t first, size, max, flight;
		int ret;
	} rows[] = {
		{ 1, CHUNK_MIN, 1, 1, 0 }, { 1, CHUNK_MIN, 1, 0, 0 },
		{ 1, CHUNK_MAX, 1, 1, 0 }, { 4, CHUNK_MIN, 4, 1, 0 },
		/* No power of two is asked for, but pages are */
		{ 1, CHUNK_MIN + PAGE, 1, 1, 0 }, { 1, CHUNK_MIN + 64, 1, 1, -EINVAL },
		{ 1, CHUNK_MIN - PAGE, 1, 1, -EINVAL }, { 1, CHUNK_MAX + PAGE, 1, 1, -EINVAL },
		{ 1, 0, 1, 1, -EINVAL }, { 0, CHUNK_MIN, 1, 1, -EINVAL },
		{ 2, CHUNK_MIN, 1, 1, -EINVAL }, { 1, CHUNK_MIN, 0, 1, -EINVAL },
	};
	struct drm_panthor_tiler_heap_create c;
	uint32_t vm;

	igt_panthor_vm_create(device, &vm, 0);
	for (unsigned int i = 0; i < LEN(rows); i++) {
		int ret = heap_create(vm, rows[i].first, rows[i].size, rows[i].max,
				      rows[i].flight, &c);

		igt_assert_f(ret == rows[i].ret, "row %u: %d, not %d\n", i, ret, rows[i].ret);
		if (ret)
			continue;
		igt_assert_eq_u32(c.handle >> 16, vm);
		igt_assert(c.tiler_heap_ctx_gpu_va && c.first_heap_chunk_gpu_va);
		igt_assert_eq(heap_destroy(c.handle, 0), 0);
	}
	igt_assert_eq(heap_create(vm + 7, 1, CHUNK_MIN, 1, 1, NULL), -EINVAL);
	igt_panthor_vm_destroy(device, vm, 0);
}

static void heap_handles(void)
{
	struct drm_panthor_tiler_heap_create c[8];
	uint32_t vm, without;

	igt_panthor_vm_create(device, &vm, 0);
	igt_panthor_vm_create(device, &without, 0);
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < LEN(c); i++) {
			igt_assert_eq(heap_create(vm, 1, CHUNK_MIN, 4, 1, &c[i]), 0);
			for (unsigned int k = 0; k < i; k++)
				igt_assert(c[k].handle != c[i].handle &&
					   c[k].tiler_heap_ctx_gpu_va !=
					   c[i].tiler_heap_ctx_gpu_va);
		}
		igt_assert_eq(heap_destroy(c[0].handle, 1), -EINVAL);
		for (unsigned int i = 0; i < LEN(c); i++)
			igt_assert_eq(heap_destroy(c[i].handle, 0), 0);
	}
	/* Gone, never there, in no VM, and in a VM that never had one */
	igt_assert_eq(heap_destroy(c[0].handle, 0), -EINVAL);
	igt_assert_eq(heap_destroy(vm << 16 | 0x7fff, 0), -EINVAL);
	igt_assert_eq(heap_destroy(0xdeadu << 16, 0), -EINVAL);
	igt_assert_eq(heap_destroy(without << 16, 0), -ENOENT);
	/* One that its VM takes along */
	igt_assert_eq(heap_create(vm, 1, CHUNK_MIN, 4, 1, &c[0]), 0);
	igt_panthor_vm_destroy(device, vm, 0);
	igt_panthor_vm_destroy(device, without, 0);
	igt_assert_eq(heap_destroy(c[0].handle, 0), -EINVAL);
}

/* --- Buffers ------------------------------------------------------------- */

static int bo_create(struct drm_panthor_bo_create c)
{
	int ret = call(device, DRM_IOCTL_PANTHOR_BO_CREATE, &c);

	if (!ret)
		gem_close(device, c.handle);
	return ret;
}

static void buffer_args(void)
{
	uint32_t vm;

	igt_panthor_vm_create(device, &vm, 0);
	igt_assert_eq(bo_create((struct drm_panthor_bo_create){ .size = 0 }), -EINVAL);
	igt_assert_eq(bo_create((struct drm_panthor_bo_create){ .size = PAGE, .pad = 1 }),
		      -EINVAL);
	for (unsigned int bit = 2; bit < 32; bit++)
		igt_assert_eq(bo_create((struct drm_panthor_bo_create){
				.size = PAGE, .flags = 1u << bit }), -EINVAL);
	/* Not for the processor, and cached for it */
	igt_assert_eq(bo_create((struct drm_panthor_bo_create){
			.size = PAGE,
			.flags = DRM_PANTHOR_BO_NO_MMAP | DRM_PANTHOR_BO_WB_MMAP }), -EINVAL);
	igt_assert_eq(bo_create((struct drm_panthor_bo_create){
			.size = PAGE, .exclusive_vm_id = vm + 7 }), -EINVAL);
	igt_assert_eq(bo_create((struct drm_panthor_bo_create){
			.size = PAGE, .exclusive_vm_id = vm }), 0);
	igt_assert_lt(bo_create((struct drm_panthor_bo_create){ .size = UINT64_MAX }), 0);
	igt_panthor_vm_destroy(device, vm, 0);
}

/* Rounded up to pages, and without a byte of someone else's */
static void buffer_memory(void)
{
	struct drm_panthor_bo_mmap_offset m = { .handle = 0xdead };
	struct panthor_bo bo;

	for (unsigned int round = 0; round < 4; round++) {
		igt_panthor_bo_create_mapped(device, &bo, 5 * PAGE + 1, 0, 0);
		igt_assert_eq_u64(bo.size, 6 * PAGE);
		for (uint64_t i = 0; i < bo.size / sizeof(uint64_t); i++)
			igt_assert_eq_u64(((uint64_t *)bo.map)[i], 0);
		memset(bo.map, 0xa5, bo.size);
		igt_panthor_free_bo(device, &bo);
	}
	igt_assert_eq(call(device, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &m), -ENOENT);
	igt_panthor_bo_create(device, &bo, PAGE, 0, 0);
	m = (struct drm_panthor_bo_mmap_offset){ .handle = bo.handle, .pad = 1 };
	igt_assert_eq(call(device, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &m), -EINVAL);
	igt_panthor_free_bo(device, &bo);
	igt_panthor_bo_create(device, &bo, PAGE, DRM_PANTHOR_BO_NO_MMAP, 0);
	m = (struct drm_panthor_bo_mmap_offset){ .handle = bo.handle };
	igt_assert_eq(call(device, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &m), -EPERM);
	igt_panthor_free_bo(device, &bo);
}

static int bo_sync(const void *ops, uint32_t stride, uint32_t count)
{
	struct drm_panthor_bo_sync s = {
		.ops = { .stride = stride, .count = count, .array = (uintptr_t)ops },
	};

	return call(device, DRM_IOCTL_PANTHOR_BO_SYNC, &s);
}

static int sync_one(struct drm_panthor_bo_sync_op op)
{
	return bo_sync(&op, sizeof(op), 1);
}

static void sync_of(uint32_t bo_flags)
{
	struct {
		struct drm_panthor_bo_sync_op op;
		uint8_t more[TAIL];
	} longer = { };
	struct drm_panthor_bo_sync_op op = { };
	struct panthor_bo bo;

	igt_panthor_bo_create_mapped(device, &bo, 2 * PAGE, bo_flags, 0);
	memset(bo.map, 0x3c, bo.size);
	op.handle = bo.handle;
	for (op.type = 0; op.type < 2; op.type++) {
		op.offset = 0;
		op.size = bo.size;
		igt_assert_eq(sync_one(op), 0);
		op.offset = 65;
		op.size = 130;
		igt_assert_eq(sync_one(op), 0);
		op.size = 0;
		igt_assert_eq(sync_one(op), 0);
		op.offset = PAGE;
		op.size = PAGE + 1;
		igt_assert_eq(sync_one(op), -EINVAL);
		op.offset = UINT64_MAX;
		op.size = 2;
		igt_assert_lt(sync_one(op), 0);
	}
	op = (struct drm_panthor_bo_sync_op){ .handle = bo.handle, .type = 2, .size = PAGE };
	igt_assert_eq(sync_one(op), -EINVAL);
	op = (struct drm_panthor_bo_sync_op){ .handle = 0xdead, .size = PAGE };
	igt_assert_eq(sync_one(op), -ENOENT);
	/* What follows an operation that the kernel knows has to be zero */
	longer.op = (struct drm_panthor_bo_sync_op){ .handle = bo.handle, .size = PAGE };
	igt_assert_eq(bo_sync(&longer, sizeof(longer), 1), 0);
	longer.more[TAIL - 1] = 1;
	igt_assert_eq(bo_sync(&longer, sizeof(longer), 1), -E2BIG);
	igt_assert_eq(bo_sync(&longer, sizeof(op) - 1, 1), -EINVAL);
	igt_assert_eq(bo_sync(NULL, sizeof(op), 0), 0);
	for (uint64_t i = 0; i < bo.size; i++)
		igt_assert_eq(((uint8_t *)bo.map)[i], 0x3c);
	igt_panthor_free_bo(device, &bo);
}

static void buffer_sync(void)
{
	sync_of(0);
	sync_of(DRM_PANTHOR_BO_WB_MMAP);
}

/* --- Labels -------------------------------------------------------------- */

static int set_label(uint32_t handle, const void *label, uint32_t pad)
{
	struct drm_panthor_bo_set_label l = {
		.handle = handle, .pad = pad, .label = (uintptr_t)label,
	};

	return call(device, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &l);
}

/* Whether debugfs shows a buffer with this label */
static bool is_shown(const char *label)
{
	static char text[MB(1)];
	int fd = igt_debugfs_open(device, "gems", 0);
	size_t len = 0;
	ssize_t n;

	igt_require_f(fd >= 0, "there is no list of buffers\n");
	while ((n = read(fd, text + len, sizeof(text) - len - 1)) > 0)
		len += n;
	text[len] = '\0';
	close(fd);
	return strstr(text, label);
}

static void labels(void)
{
	static char text[2 * LABEL_MAX];
	size_t page = getpagesize();
	struct panthor_bo bo;
	char *hole;

	igt_panthor_bo_create(device, &bo, PAGE, 0, 0);
	igt_assert_eq(set_label(bo.handle, "igt label one", 0), 0);
	igt_assert(is_shown("igt label one"));
	igt_assert_eq(set_label(bo.handle, "igt label two", 0), 0);
	igt_assert(!is_shown("igt label one") && is_shown("igt label two"));
	/* The end of the string counts */
	memset(text, 'x', sizeof(text) - 1);
	igt_assert_eq(set_label(bo.handle, text, 0), -E2BIG);
	text[LABEL_MAX] = '\0';
	igt_assert_eq(set_label(bo.handle, text, 0), -E2BIG);
	igt_assert_eq(set_label(0xdead, "x", 0), -ENOENT);
	igt_assert_eq(set_label(bo.handle, "x", 1), -EINVAL);
	/* Memory that is not there, from the first byte or before the end of the string */
	hole = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	igt_assert(hole != MAP_FAILED && !munmap(hole + page, page));
	memset(hole, 'x', page);
	igt_assert_eq(set_label(bo.handle, hole + page, 0), -EFAULT);
	igt_assert_eq(set_label(bo.handle, hole + page - 9, 0), -EFAULT);
	munmap(hole, page);
	/* None of these changed it */
	igt_assert(is_shown("igt label two"));
	text[LABEL_MAX - 1] = '\0';
	igt_assert_eq(set_label(bo.handle, text, 0), 0);
	igt_assert_eq(set_label(bo.handle, "", 0), 0);
	igt_assert_eq(set_label(bo.handle, NULL, 0), 0);
	igt_assert_eq(set_label(bo.handle, NULL, 0), 0);
	igt_assert(!is_shown("igt label two"));
	igt_panthor_free_bo(device, &bo);
}

/* --- What is said of a buffer -------------------------------------------- */

static void is_said(int fd, uint32_t handle, uint32_t flags, uint32_t extra)
{
	struct drm_panthor_bo_query_info q = {
		.handle = handle, .create_flags = 0x5a5a5a5a, .extra_flags = 0x5a5a5a5a,
	};

	do_ioctl(fd, DRM_IOCTL_PANTHOR_BO_QUERY_INFO, &q);
	igt_assert_eq_u32(q.handle, handle);
	igt_assert_eq_u32(q.create_flags, flags);
	igt_assert_eq_u32(q.extra_flags, extra);
	igt_assert_eq_u32(q.pad, 0);
}

static void buffer_info(void)
{
	static const uint32_t flags[] = { 0, DRM_PANTHOR_BO_NO_MMAP, DRM_PANTHOR_BO_WB_MMAP };
	struct drm_panthor_bo_query_info q = { .handle = 0xdead };
	int other = drm_reopen_driver(device);

	for (unsigned int i = 0; i < LEN(flags); i++) {
		struct panthor_bo bo;
		uint32_t there;
		int fd;

		igt_panthor_bo_create(device, &bo, PAGE, flags[i], 0);
		is_said(device, bo.handle, flags[i], 0);
		/* In another file of the same device it is the same buffer */
		fd = prime_handle_to_fd(device, bo.handle);
		there = prime_fd_to_handle(other, fd);
		close(fd);
		is_said(other, there, flags[i], 0);
		gem_close(other, there);
		is_said(device, bo.handle, flags[i], 0);
		igt_panthor_free_bo(device, &bo);
	}
	igt_assert_eq(call(device, DRM_IOCTL_PANTHOR_BO_QUERY_INFO, &q), -ENOENT);
	drm_close_driver(other);
}

/* --- What is said of the device ------------------------------------------ */

static int query(uint32_t type, void *out, uint32_t size, uint32_t *said)
{
	struct drm_panthor_dev_query q = {
		.type = type, .size = size, .pointer = (uintptr_t)out,
	};
	int ret = call(device, DRM_IOCTL_PANTHOR_DEV_QUERY, &q);

	if (said)
		*said = q.size;
	return ret;
}

static const struct {
	uint32_t type, size;
	bool reads;
} queries[] = {
	{ DRM_PANTHOR_DEV_QUERY_GPU_INFO, sizeof(struct drm_panthor_gpu_info), false },
	{ DRM_PANTHOR_DEV_QUERY_CSIF_INFO, sizeof(struct drm_panthor_csif_info), false },
	{ DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO, sizeof(struct drm_panthor_timestamp_info), true },
	{ DRM_PANTHOR_DEV_QUERY_GROUP_PRIORITIES_INFO,
	  sizeof(struct drm_panthor_group_priorities_info), false },
	{ DRM_PANTHOR_DEV_QUERY_MMU_INFO, sizeof(struct drm_panthor_mmu_info), false },
};

static void query_sizes(void)
{
	uint8_t buf[512];
	uint32_t said;

	for (unsigned int i = 0; i < LEN(queries); i++) {
		igt_assert_eq(query(queries[i].type, NULL, 0, &said), 0);
		igt_assert_eq_u32(said, queries[i].size);
		memset(buf, 0, sizeof(buf));
		igt_assert_eq(query(queries[i].type, buf, 0, NULL), -EINVAL);
		igt_assert_eq(query(queries[i].type, buf, 1, NULL), -EINVAL);
		igt_assert_eq(query(queries[i].type, buf, said, NULL), 0);
		/* More room than the kernel has to say is cleared; one query reads it first */
		if (!queries[i].reads)
			memset(buf, 0xff, sizeof(buf));
		igt_assert_eq(query(queries[i].type, buf, said + TAIL, NULL), 0);
		for (unsigned int k = 0; k < TAIL; k++)
			igt_assert_eq(buf[said + k], 0);
	}
	/* Who knows an older header asks for what that had */
	said = offsetof(struct drm_panthor_gpu_info, tiler_present) + sizeof(uint64_t);
	igt_assert_eq(query(DRM_PANTHOR_DEV_QUERY_GPU_INFO, buf, said, NULL), 0);
	igt_assert_eq(query(DRM_PANTHOR_DEV_QUERY_GPU_INFO, buf, said - 1, NULL), -EINVAL);
	igt_assert_eq(query(LEN(queries), buf, sizeof(buf), NULL), -EINVAL);
	igt_assert_eq(query(UINT32_MAX, NULL, 0, NULL), -EINVAL);
}

static void query_values(void)
{
	struct drm_panthor_group_priorities_info prio = { .pad = { 1, 1, 1 } };
	struct drm_panthor_csif_info csif = { .pad = 1 };
	struct drm_panthor_gpu_info gpu = { };
	uint32_t usual = 1 << PANTHOR_GROUP_PRIORITY_LOW | 1 << PANTHOR_GROUP_PRIORITY_MEDIUM;

	igt_panthor_query(device, DRM_PANTHOR_DEV_QUERY_GPU_INFO, &gpu, sizeof(gpu), 0);
	igt_assert(gpu.gpu_id && gpu.shader_present && gpu.tiler_present && gpu.as_present);
	igt_panthor_query(device, DRM_PANTHOR_DEV_QUERY_CSIF_INFO, &csif, sizeof(csif), 0);
	igt_assert(csif.csg_slot_count && csif.cs_slot_count && csif.cs_reg_count &&
		   csif.scoreboard_slot_count);
	igt_assert_eq_u32(csif.pad, 0);
	igt_panthor_query(device, DRM_PANTHOR_DEV_QUERY_GROUP_PRIORITIES_INFO, &prio,
			  sizeof(prio), 0);
	igt_assert_eq_u32(prio.allowed_mask & usual, usual);
	igt_assert_eq_u32(prio.allowed_mask >> (PANTHOR_GROUP_PRIORITY_REALTIME + 1), 0);
	igt_assert(!prio.pad[0] && !prio.pad[1] && !prio.pad[2]);
}

static struct drm_panthor_timestamp_info timestamp(uint32_t flags)
{
	struct drm_panthor_timestamp_info t = { .flags = flags };

	igt_panthor_query(device, DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO, &t, sizeof(t), 0);
	return t;
}

static void query_time(void)
{
	static const uint32_t wrong[] = {
		DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC | DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC_RAW,
		DRM_PANTHOR_TIMESTAMP_CPU_TYPE_MASK, 1u << 31, 1u << 8,
	};
	struct drm_panthor_timestamp_info a = timestamp(0), b = timestamp(0);

	igt_assert(a.current_timestamp && b.current_timestamp >= a.current_timestamp);
	/* What was asked for, and nothing else */
	a = timestamp(DRM_PANTHOR_TIMESTAMP_GPU | DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC);
	igt_assert(a.current_timestamp && (a.cpu_timestamp_sec || a.cpu_timestamp_nsec));
	igt_assert(!a.timestamp_frequency && !a.cycle_count);
	a = timestamp(DRM_PANTHOR_TIMESTAMP_GPU);
	igt_assert(a.current_timestamp && !a.cpu_timestamp_sec && !a.cpu_timestamp_nsec &&
		   !a.timestamp_frequency && !a.timestamp_offset && !a.cycle_count);
	a = timestamp(DRM_PANTHOR_TIMESTAMP_FREQ);
	igt_assert(a.timestamp_frequency && !a.current_timestamp);
	for (unsigned int i = 0; i < LEN(wrong); i++) {
		a = (struct drm_panthor_timestamp_info){ .flags = wrong[i] };
		igt_assert_eq(query(DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO, &a, sizeof(a), NULL),
			      -EINVAL);
	}
}

/* --- The window of registers --------------------------------------------- */

static int set_window(int fd, uint64_t offset)
{
	struct drm_panthor_set_user_mmio_offset s = { .offset = offset };

	return call(fd, DRM_IOCTL_PANTHOR_SET_USER_MMIO_OFFSET, &s);
}

/* The page with the flush ID can be mapped, and read */
static bool is_window(int fd, uint64_t offset)
{
	size_t page = getpagesize();
	volatile uint32_t *id = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, offset);

	errno = 0;
	if (id == MAP_FAILED)
		return false;
	(void)*id;
	munmap((void *)id, page);
	return true;
}

static void window(void)
{
	const uint64_t low = DRM_PANTHOR_USER_MMIO_OFFSET_32BIT;
	const uint64_t high = DRM_PANTHOR_USER_MMIO_OFFSET_64BIT;
	const uint64_t wrong[] = { 0, PAGE, low + PAGE, low - 1, high - 1, high + PAGE, low << 1 };
	int fd = drm_reopen_driver(device), other = drm_reopen_driver(device);
	struct panthor_bo bo;

	igt_assert_eq(set_window(fd, high), 0);
	for (unsigned int i = 0; i < LEN(wrong); i++)
		igt_assert_eq(set_window(fd, wrong[i]), -EINVAL);
	igt_assert(is_window(fd, high) && !is_window(fd, low));
	igt_assert_eq(set_window(fd, low), 0);
	igt_assert(is_window(fd, low) && !is_window(fd, high));
	/* Of this file only, and where buffers are mapped stays */
	igt_assert(is_window(other, high));
	igt_panthor_bo_create_mapped(fd, &bo, PAGE, 0, 0);
	*(uint32_t *)bo.map = 1;
	igt_panthor_free_bo(fd, &bo);
	drm_close_driver(other);
	drm_close_driver(fd);
}

static const struct {
	const char *name;
	const char *about;
	void (*run)(void);
} subtests[] = {
	{ "heap-args", "Sizes and numbers of chunks, at their limits and beyond", heap_args },
	{ "heap-handles", "Heaps come and go, and one that is not there", heap_handles },
	{ "buffer-args", "Fields of BO_CREATE that are refused", buffer_args },
	{ "buffer-memory", "Memory of a buffer is whole pages of zeroes", buffer_memory },
	{ "buffer-sync", "Ranges, types and arrays of BO_SYNC", buffer_sync },
	{ "buffer-info", "Flags of a buffer, here and in another file", buffer_info },
	{ "labels", "Labels of all lengths, and where there is none", labels },
	{ "query-sizes", "Queries without room, with too little and too much", query_sizes },
	{ "query-values", "What has to be true of each GPU", query_values },
	{ "query-time", "Clocks that are asked for, and those that are not", query_time },
	{ "window", "Where the registers are mapped", window },
};

int igt_main()
{
	igt_fixture()
		device = drm_open_driver(DRIVER_PANTHOR);

	for (unsigned int i = 0; i < LEN(subtests); i++) {
		igt_describe_f("%s", subtests[i].about);
		igt_subtest_f("%s", subtests[i].name)
			subtests[i].run();
	}

	igt_fixture()
		drm_close_driver(device);
}

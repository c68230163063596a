// SPDX-License-Identifier: MIT
/*
 * Binds, fences and what the kernel shows; see panthor_bind.h. Command streams are in
 * panthor_stream.c.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <time.h>
#include <unistd.h>

#include "igt_debugfs.h"
#include "panthor_bind.h"
#include "panthor_stream.h"
#include "sw_sync.h"

#define MAX_TEXT	KB(256)
#define SETTLE_MS	4000
#define RESTS		5
#define REST_MS		10
#define SWAP_FILE	"/igt.swap"
#define SWAP_SIZE	MB(64)

void pb_open_on(struct pb *p, int fd)
{
	memset(p, 0, sizeof(*p));
	p->fd = fd;
	p->timeline = -1;
	igt_panthor_vm_create(p->fd, &p->vm, 0);
	p->done = syncobj_create(p->fd, 0);
	stream_open(p);
}

void pb_open(struct pb *p, int fd)
{
	pb_open_on(p, drm_reopen_driver(fd));
}

void pb_close_on(struct pb *p)
{
	if (p->timeline >= 0) {
		syncobj_destroy(p->fd, p->gate);
		close(p->timeline);
	}
	stream_close(p);
	igt_panthor_vm_destroy(p->fd, p->vm, 0);
	syncobj_destroy(p->fd, p->done);
}

void pb_close(struct pb *p)
{
	pb_close_on(p);
	drm_close_driver(p->fd);
}

/* --- Buffers ------------------------------------------------------------- */

uint64_t pb_word(uint32_t id, uint64_t page)
{
	return 0xb0ull << 56 | (uint64_t)id << 32 | page;
}

void pb_mark(void *map, uint64_t size, uint32_t id)
{
	for (uint64_t at = 0; at < size; at += PAGE)
		*(uint64_t *)((char *)map + at) = pb_word(id, at / PAGE);
	__sync_synchronize();
}

bool pb_is_marked(const void *map, uint64_t size, uint32_t id)
{
	__sync_synchronize();
	for (uint64_t at = 0; at < size; at += PAGE)
		if (*(const uint64_t *)((const char *)map + at) != pb_word(id, at / PAGE))
			return false;
	return true;
}

void pb_bo(struct pb *p, struct panthor_bo *bo, uint64_t size, uint32_t id)
{
	igt_panthor_bo_create_mapped(p->fd, bo, size, 0, 0);
	pb_mark(bo->map, bo->size, id);
}

/* --- Binds --------------------------------------------------------------- */

struct drm_panthor_vm_bind_op op_map(uint64_t va, uint32_t handle, uint64_t offset,
				     uint64_t size)
{
	return (struct drm_panthor_vm_bind_op){
		.bo_handle = handle, .bo_offset = offset, .va = va, .size = size,
	};
}

struct drm_panthor_vm_bind_op op_unmap(uint64_t va, uint64_t size)
{
	return (struct drm_panthor_vm_bind_op){
		.flags = OP_UNMAP, .va = va, .size = size,
	};
}

struct drm_panthor_vm_bind_op op_sparse(uint64_t va, uint64_t size)
{
	return (struct drm_panthor_vm_bind_op){
		.flags = OP_SPARSE, .va = va, .size = size,
	};
}

struct drm_panthor_vm_bind_op op_sync(void)
{
	return (struct drm_panthor_vm_bind_op){ .flags = OP_SYNC };
}

struct drm_panthor_vm_bind_op op_with(struct drm_panthor_vm_bind_op op,
				      const struct drm_panthor_sync_op *s, unsigned int n)
{
	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(n, s);
	return op;
}

static struct drm_panthor_sync_op sync_op(uint32_t flags, uint32_t handle, uint64_t point)
{
	if (point)
		flags |= DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ;
	return (struct drm_panthor_sync_op){
		.flags = flags, .handle = handle, .timeline_value = point,
	};
}

struct drm_panthor_sync_op sync_wait(uint32_t handle, uint64_t point)
{
	return sync_op(DRM_PANTHOR_SYNC_OP_WAIT, handle, point);
}

struct drm_panthor_sync_op sync_signal(uint32_t handle, uint64_t point)
{
	return sync_op(DRM_PANTHOR_SYNC_OP_SIGNAL, handle, point);
}

int bind_raw(int fd, uint32_t vm, uint32_t flags, const struct drm_panthor_vm_bind_op *ops,
	     unsigned int count, uint32_t *failed)
{
	struct drm_panthor_vm_bind b = {
		.vm_id = vm, .flags = flags,
		.ops = DRM_PANTHOR_OBJ_ARRAY(count, ops),
	};
	int ret = igt_ioctl(fd, DRM_IOCTL_PANTHOR_VM_BIND, &b) ? -errno : 0;

	errno = 0;
	if (failed)
		*failed = b.ops.count;
	return ret;
}

int bind_now(struct pb *p, struct drm_panthor_vm_bind_op op)
{
	return bind_raw(p->fd, p->vm, 0, &op, 1, NULL);
}

int bind_queued(struct pb *p, struct drm_panthor_vm_bind_op op, uint32_t wait,
		uint32_t signal)
{
	struct drm_panthor_sync_op s[2];
	unsigned int n = 0;

	if (wait)
		s[n++] = sync_wait(wait, 0);
	if (signal)
		s[n++] = sync_signal(signal, 0);
	op = op_with(op, s, n);
	return bind_raw(p->fd, p->vm, ASYNC, &op, 1, NULL);
}

void do_map(struct pb *p, uint64_t va, const struct panthor_bo *bo, uint64_t offset,
	    uint64_t size)
{
	igt_assert_eq(bind_now(p, op_map(va, bo->handle, offset, size)), 0);
}

void do_unmap(struct pb *p, uint64_t va, uint64_t size)
{
	igt_assert_eq(bind_now(p, op_unmap(va, size)), 0);
}

void do_sparse(struct pb *p, uint64_t va, uint64_t size)
{
	igt_assert_eq(bind_now(p, op_sparse(va, size)), 0);
}

int vm_state(int fd, uint32_t vm)
{
	struct drm_panthor_vm_get_state s = { .vm_id = vm };
	int ret = igt_ioctl(fd, DRM_IOCTL_PANTHOR_VM_GET_STATE, &s) ? -errno : (int)s.state;

	errno = 0;
	return ret;
}

/* --- Fences -------------------------------------------------------------- */

int fence_of(int fd, uint32_t syncobj)
{
	struct drm_syncobj_handle h = {
		.handle = syncobj, .fd = -1,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
	};
	int status;

	if (__syncobj_handle_to_fd(fd, &h))
		return NO_FENCE;
	status = sync_fence_status(h.fd);
	close(h.fd);
	return status;
}

int fence_wait(int fd, uint32_t syncobj, uint64_t point, unsigned int ms)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return syncobj_timeline_wait_err(fd, &syncobj, &point, 1,
					 now.tv_sec * 1000000000ll + now.tv_nsec +
					 ms * 1000000ll,
					 DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT);
}

int fence_settled(int fd, uint32_t syncobj)
{
	fence_wait(fd, syncobj, 0, WAIT_MS);
	return fence_of(fd, syncobj);
}

uint32_t gate_shut(struct pb *p)
{
	int fence;

	igt_require_sw_sync();
	if (p->timeline < 0) {
		p->timeline = sw_sync_timeline_create();
		p->gate = syncobj_create(p->fd, 0);
	}
	fence = sw_sync_timeline_create_fence(p->timeline, p->passed + 1);
	syncobj_import_sync_file(p->fd, p->gate, fence);
	close(fence);
	return p->gate;
}

void gate_open(struct pb *p)
{
	p->passed++;
	sw_sync_timeline_inc(p->timeline, 1);
	igt_assert_eq(fence_wait(p->fd, p->gate, 0, WAIT_MS), 0);
}

void queue_drained(struct pb *p)
{
	uint32_t out = syncobj_create(p->fd, 0);

	igt_assert_eq(bind_queued(p, op_sync(), 0, out), 0);
	igt_assert_eq(fence_wait(p->fd, out, 0, WAIT_MS), 0);
	syncobj_destroy(p->fd, out);
}

/* --- What the kernel shows ----------------------------------------------- */

long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void sleep_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	errno = 0;
	return ok;
}

static bool read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return false;
	while (len + 1 < size && (n = read(fd, text + len, size - len - 1)) > 0)
		len += n;
	text[len] = '\0';
	close(fd);
	errno = 0;
	return n >= 0 && len;
}

bool read_file(const char *path, char *text, size_t size)
{
	return read_all(open(path, O_RDONLY | O_CLOEXEC), text, size);
}

static bool has_list(int fd, const char *list)
{
	int file = igt_debugfs_open(fd, list, O_RDONLY);

	if (file >= 0)
		close(file);
	errno = 0;
	return file >= 0;
}

bool has_reservations(int fd)
{
	return has_list(fd, "vm_tables");
}

void require_reservations(int fd)
{
	igt_require_f(has_reservations(fd), "the kernel has no vm_tables\n");
}

/* A VM is listed before it has a name, and the file cannot be read then: once more */
static const char *all_vms(int fd, const char *list)
{
	static char text[MAX_TEXT];
	long end = now_ms() + SETTLE_MS;

	while (!read_all(igt_debugfs_open(fd, list, O_RDONLY), text, sizeof(text))) {
		igt_assert_lt_s64(now_ms(), end);
		sleep_ms(5);
	}
	return text;
}

long tables(int fd, const char *what)
{
	char label[32];
	const char *at = all_vms(fd, "vm_tables");
	long sum = 0;

	snprintf(label, sizeof(label), "  %s ", what);
	while ((at = strstr(at, label))) {
		at += strlen(label);
		sum += strtol(at, NULL, 10);
	}
	return sum;
}

long tables_at_rest(int fd, const char *what)
{
	long last = tables(fd, what), end = now_ms() + SETTLE_MS;

	for (unsigned int same = 0; same < RESTS && now_ms() < end;) {
		long now;

		sleep_ms(REST_MS);
		now = tables(fd, what);
		same = now == last ? same + 1 : 0;
		last = now;
	}
	return last;
}

/* FNV-1a */
static uint64_t digest(uint64_t sum, const char *text, size_t n)
{
	while (n--)
		sum = (sum ^ (unsigned char)*text++) * 0x100000001b3ull;
	return sum;
}

uint64_t mappings(int fd)
{
	const char *line, *next;
	uint64_t sum = 0xcbf29ce484222325ull;
	bool firmware = false;

	if (!has_list(fd, "gpuvas"))
		return 0;
	for (line = all_vms(fd, "gpuvas"); *line; line = next) {
		static const char vm[] = "DRM GPU VA space (", va[] = "     | 0x";

		next = strchr(line, '\n');
		next = next ? next + 1 : line + strlen(line);
		if (!strncmp(line, vm, strlen(vm)))
			firmware = !strncmp(line + strlen(vm), "panthor-MCU", 11);
		/* Groups that have gone take their own with them when it suits them */
		if (!firmware && !strncmp(line, va, strlen(va)) &&
		    strtoull(line + strlen(va), NULL, 16) < USER_END)
			sum = digest(sum, line, next - line);
	}
	return sum;
}

static long value_of(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	char *unit;
	long n;

	if (!at)
		return -1;
	n = strtol(at + strlen(key), &unit, 10);
	return n * (strncmp(unit, " MiB", 4) ? strncmp(unit, " KiB", 4) ? 1 : 1024 : 1048576);
}

long fdinfo(int fd, const char *key)
{
	static char text[KB(8)];
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	igt_assert(read_file(path, text, sizeof(text)));
	return value_of(text, key);
}

long meminfo(const char *key)
{
	static char text[KB(8)];
	const char *at;

	igt_assert(read_file("/proc/meminfo", text, sizeof(text)));
	at = strstr(text, key);
	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

void reclaim(void)
{
	/* A table that goes can be the last one below another */
	for (int i = 0; i < 3; i++)
		igt_require(write_file("/proc/sys/vm/drop_caches", i ? "2\n" : "4\n"));
	igt_require(write_file("/proc/sys/vm/drop_caches", "2\n"));
}

void end_children(void)
{
	igt_kill_children(SIGKILL);
	igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
}

void *shared_memory(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	igt_assert(map != MAP_FAILED);
	return map;
}

/* What mkswap writes: version, last page, signature at the page's end */
static bool write_swap(int fd)
{
	static char page[PAGE];
	uint32_t head[2] = { 1, SWAP_SIZE / PAGE - 1 };

	memcpy(page + 1024, head, sizeof(head));
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	return !posix_fallocate(fd, 0, SWAP_SIZE) &&
	       pwrite(fd, page, PAGE, 0) == (ssize_t)PAGE && !fsync(fd);
}

void require_swap(void)
{
	int fd;

	if (meminfo("SwapTotal:") > 0)
		return;
	fd = open(SWAP_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	igt_require(fd >= 0);
	igt_require(write_swap(fd));
	close(fd);
	igt_require(!swapon(SWAP_FILE, 0));
}

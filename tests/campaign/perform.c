// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which function does which call, files, and what all of them draw from; see perform.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <xf86drm.h>

#include "issue.h"
#include "perform.h"

#define FIRST_FD	1000
#define LAST_FD		60000

struct proc me = { .udmabuf = -1 };
__thread struct self self;
struct shared *shared;
struct options options;

static performer * const performers[K_WORKERS] = {
	[K_QUERY] = do_query, [K_VM_CREATE] = do_vm_create, [K_VM_DESTROY] = do_vm_destroy,
	[K_VM_BIND] = do_vm_bind, [K_VM_BIND_ASYNC] = do_vm_bind,
	[K_VM_GET_STATE] = do_vm_get_state, [K_BO_CREATE] = do_bo_create,
	[K_BO_CLOSE] = do_bo_close, [K_BO_MMAP_OFFSET] = do_bo_mmap_offset,
	[K_BO_SET_LABEL] = do_bo_set_label, [K_BO_SYNC] = do_bo_sync,
	[K_BO_QUERY_INFO] = do_bo_query_info, [K_GROUP_CREATE] = do_group_create,
	[K_GROUP_DESTROY] = do_group_destroy, [K_GROUP_SUBMIT] = do_group_submit,
	[K_GROUP_GET_STATE] = do_group_get_state, [K_TILER_HEAP_CREATE] = do_heap_create,
	[K_TILER_HEAP_DESTROY] = do_heap_destroy, [K_SET_USER_MMIO_OFFSET] = do_set_window,
	[K_MMAP] = do_mmap, [K_MUNMAP] = do_munmap, [K_MREMAP] = do_mremap,
	[K_MADVISE] = do_madvise, [K_TOUCH] = do_touch, [K_MMIO_MAP] = do_mmio_map,
	[K_SYNCOBJ_CREATE] = do_sync_create, [K_SYNCOBJ_DESTROY] = do_sync_destroy,
	[K_SYNCOBJ_WAIT] = do_sync_wait, [K_SYNCOBJ_TIMELINE_WAIT] = do_sync_timeline_wait,
	[K_SYNCOBJ_RESET] = do_sync_array, [K_SYNCOBJ_SIGNAL] = do_sync_array,
	[K_SYNCOBJ_TIMELINE_SIGNAL] = do_sync_timeline_array,
	[K_SYNCOBJ_QUERY] = do_sync_timeline_array, [K_SYNCOBJ_TRANSFER] = do_sync_transfer,
	[K_SYNCOBJ_EVENTFD] = do_sync_eventfd, [K_SYNCOBJ_EXPORT] = do_sync_export,
	[K_SYNCOBJ_IMPORT] = do_sync_import,
	[K_SYNCOBJ_TIMELINE_EXPORT] = do_sync_timeline_export,
	[K_SYNCOBJ_TIMELINE_IMPORT] = do_sync_timeline_import,
	[K_SYNC_FILE_MERGE] = do_fence_merge,
	[K_PRIME_EXPORT] = do_prime_export, [K_PRIME_IMPORT] = do_prime_import,
	[K_DMABUF_MMAP] = do_buf_mmap, [K_DMABUF_SYNC] = do_buf_sync,
	[K_DMABUF_SYNC_FILE] = do_buf_sync_file, [K_UDMABUF] = do_udmabuf,
	[K_FILE_OPEN] = do_file_open, [K_FILE_CLOSE] = do_file_close, [K_FORK] = do_fork,
	[K_RAW] = do_raw, [K_FDINFO] = do_fdinfo, [K_DEBUGFS] = do_debugfs,
};

void perform(const struct call *c)
{
	if (c->kind < K_WORKERS && performers[c->kind])
		performers[c->kind](c);
	atomic_fetch_add(&shared->by_twist[c->twist % T_COUNT_OF], 1);
	atomic_fetch_add(&shared->calls[me.id], 1);
}

uint32_t handle_for(const struct call *c, uint32_t handle)
{
	if (c->twist != T_HANDLE)
		return handle;
	return c->r[3] & 3 ? handle + (c->r[3] >> 2) % 5 + 1 : odd_value(c->r[3] >> 2);
}

/* --- Sync operations ----------------------------------------------------- */

static uint32_t lasting(const struct call *c, bool wait, unsigned int i)
{
	/* Half of them are signalled by this call, the others waited for */
	unsigned int half = (c->r[2] & 1) ^ wait;

	return file_of(c)->lasting[half * (LASTING / 2) + i % (LASTING / 2)];
}

uint32_t sync_to_signal(const struct call *c, unsigned int i)
{
	return lasting(c, false, i);
}

uint32_t sync_to_wait(const struct call *c, unsigned int i)
{
	uint32_t handle = file_of(c)->sync[(c->slot[3] + i) % SYNCS];

	return handle && !(c->r[2] & 2) ? handle : lasting(c, true, i);
}

/* A signal of what is not there is an oops that is known */
static void disturb_sync(const struct call *c, struct drm_panthor_sync_op *op)
{
	disturb(c, op, sizeof(*op));
	if (!options.findings && (op->flags & DRM_PANTHOR_SYNC_OP_SIGNAL)) {
		op->flags &= ~DRM_PANTHOR_SYNC_OP_SIGNAL;
		op->handle |= 0x40000000;
	}
}

unsigned int sync_ops(const struct call *c, struct drm_panthor_sync_op *ops, uint32_t r)
{
	unsigned int waits = (r & 7) < 6 ? 0 : (r & 7) - 5, signals = (r >> 3 & 7) % 3, n = 0;
	uint64_t point;

	for (unsigned int i = 0; i < waits; i++) {
		point = r >> (8 + i) & 7 ? 0 : 1 + (r >> 12) % 8;
		ops[n++] = (struct drm_panthor_sync_op){
			.flags = point ? DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ : 0,
			.handle = sync_to_wait(c, i), .timeline_value = point,
		};
	}
	for (unsigned int i = 0; i < signals; i++) {
		point = r >> (16 + i) & 1 ? 1 + (r >> 20) % 64 : 0;
		if (c->twist == T_FAIL && !options.findings)
			point = 0;
		ops[n++] = (struct drm_panthor_sync_op){
			.flags = DRM_PANTHOR_SYNC_OP_SIGNAL |
				 (point ? DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ : 0),
			.handle = sync_to_signal(c, i), .timeline_value = point,
		};
	}
	if (n && c->twist == T_SYNC)
		disturb_sync(c, &ops[c->r[4] % n]);
	return n;
}

/* --- Addresses ----------------------------------------------------------- */

uint64_t address(uint32_t r)
{
	static const uint64_t windows[] = {
		0x10000000ull, 0x10000000ull, 0x10000000ull, 0x3fe00000ull, 0x8000000000ull,
		0x7fffe00000ull, 0x7fff00000000ull, 0,
	};
	uint64_t window = windows[r & 7];

	switch (r >> 3 & 3) {
	case 0:
		return window + (r >> 5) % 4096 * SZ_4K;
	case 1:
		return window + (r >> 5) % 256 * SZ_64K;
	case 2:
		return window + (r >> 5) % 16 * SZ_2M;
	default:
		return window + (r >> 5) % 8 * SZ_2M + (r >> 8) % 3 * SZ_4K;
	}
}

uint64_t length(uint32_t r)
{
	switch (r & 7) {
	case 0:
	case 1:
		return SZ_4K * (1 + (r >> 3) % 16);
	case 2:
	case 3:
		return SZ_64K * (1 + (r >> 3) % 8);
	case 4:
	case 5:
		return SZ_2M * (1 + (r >> 3) % 2);
	case 6:
		return SZ_4K * (1 + (r >> 3) % 1024);
	default:
		return SZ_1M * (1 + (r >> 3) % 4) + SZ_4K * ((r >> 8) % 2);
	}
}

/* --- Files --------------------------------------------------------------- */

static int open_node(void)
{
	char path[32];

	for (int minor = 128; minor < 192; minor++) {
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/renderD%d", minor);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

/* A number that has not been used, which a thread with an old one cannot meet */
static int at_new_number(int fd)
{
	static atomic_uint next;
	unsigned int n = atomic_fetch_add(&next, 1);
	int at = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD + n % (LAST_FD - FIRST_FD));

	close(fd);
	return at;
}

int file_open(struct file *f)
{
	int fd = open_node();

	if (fd < 0)
		return -1;
	for (unsigned int i = 0; i < LASTING; i++) {
		struct drm_syncobj_create s = { .flags = DRM_SYNCOBJ_CREATE_SIGNALED };

		if (ioctl(fd, DRM_IOCTL_SYNCOBJ_CREATE, &s)) {
			close(fd);
			return -1;
		}
		f->lasting[i] = s.handle;
	}
	return at_new_number(fd);
}

/* The objects of a file that goes are forgotten, all but the syncobjs that last */
void do_file_open(const struct call *c)
{
	struct file *f = file_of(c);
	int old = f->fd;

	f->fd = file_open(f);
	count(c, f->fd < 0 ? -ENODEV : 0);
	if (old >= 0)
		close(old);
}

void do_file_close(const struct call *c)
{
	struct file *f = file_of(c);
	int old = f->fd;

	f->fd = -1;
	count(c, old >= 0 && close(old) ? -errno : 0);
}

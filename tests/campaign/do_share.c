// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is shared: syncobjs, fences, dma-bufs, and all of it with a child.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/sync_file.h>
#include <linux/udmabuf.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <xf86drm.h>

#include "issue.h"
#include "perform.h"
#include "worker.h"

#define MOST_HANDLES	3

/* What the call is about: one of those that come and go, or one that lasts */
static uint32_t sync_at(const struct call *c, unsigned int i)
{
	uint32_t handle = file_of(c)->sync[(c->slot[1] + i) % SYNCS];

	return handle && c->r[0] & 3 ? handle : file_of(c)->lasting[(c->slot[2] + i) % LASTING];
}

static unsigned int sync_handles(const struct call *c, uint32_t *handles)
{
	unsigned int n = 1 + (c->r[0] >> 8) % MOST_HANDLES;

	for (unsigned int i = 0; i < n; i++)
		handles[i] = sync_at(c, i);
	handles[0] = handle_for(c, handles[0]);
	return n;
}

static int64_t deadline(uint32_t r)
{
	struct timespec now;
	int64_t ms = r & 63 ? r % 12 : 300;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return r >> 8 & 15 ? now.tv_sec * 1000000000ll + now.tv_nsec + ms * 1000000 : 0;
}

/* --- Syncobjs ------------------------------------------------------------ */

void do_sync_create(const struct call *c)
{
	struct drm_syncobj_create s = {
		.flags = c->r[0] & 3 ? DRM_SYNCOBJ_CREATE_SIGNALED : 0,
	};

	if (!issue(c, file_of(c)->fd, DRM_IOCTL_SYNCOBJ_CREATE, &s, sizeof(s), -1, -1))
		file_of(c)->sync[c->slot[1] % SYNCS] = s.handle;
}

static bool lasts(const struct file *f, uint32_t handle)
{
	for (unsigned int i = 0; i < LASTING; i++)
		if (f->lasting[i] == handle)
			return true;
	return false;
}

void do_sync_destroy(const struct call *c)
{
	struct file *f = file_of(c);
	struct drm_syncobj_destroy d = { .handle = f->sync[c->slot[1] % SYNCS] };

	/* Nothing is wrong that could make it one of those that last */
	if (c->twist == T_HANDLE)
		d.handle = 0x40000000 | c->r[3];
	if (c->twist == T_SIZE)
		d.pad = c->r[3];
	f->sync[c->slot[1] % SYNCS] = 0;
	if (!options.findings && lasts(f, d.handle))
		return;
	issue_well(K_SYNCOBJ_DESTROY, f->fd, DRM_IOCTL_SYNCOBJ_DESTROY, &d);
}

void do_sync_wait(const struct call *c)
{
	uint32_t handles[MOST_HANDLES + 80] = { 0 };
	struct drm_syncobj_wait w = {
		.handles = (uintptr_t)handles, .count_handles = sync_handles(c, handles),
		.timeout_nsec = deadline(c->r[1]),
		/* Points that are there are for timelines */
		.flags = c->r[2] & (DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL |
				    DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT),
	};

	issue(c, file_of(c)->fd, DRM_IOCTL_SYNCOBJ_WAIT, &w, sizeof(w), -1,
	      offsetof(struct drm_syncobj_wait, handles));
}

void do_sync_timeline_wait(const struct call *c)
{
	uint32_t handles[MOST_HANDLES + 80] = { 0 };
	uint64_t points[MOST_HANDLES + 80] = { c->r[2] % 64, c->r[2] >> 8 & 7 };
	struct drm_syncobj_timeline_wait w = {
		.handles = (uintptr_t)handles, .points = (uintptr_t)points,
		.count_handles = sync_handles(c, handles), .timeout_nsec = deadline(c->r[1]),
		.flags = c->r[2] >> 12 & 15,
	};

	issue(c, file_of(c)->fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &w, sizeof(w), -1,
	      offsetof(struct drm_syncobj_timeline_wait, points));
}

void do_sync_array(const struct call *c)
{
	uint32_t handles[MOST_HANDLES + 80] = { 0 };
	struct drm_syncobj_array a = {
		.handles = (uintptr_t)handles, .count_handles = sync_handles(c, handles),
	};

	issue(c, file_of(c)->fd, c->kind == K_SYNCOBJ_RESET ? DRM_IOCTL_SYNCOBJ_RESET :
	      DRM_IOCTL_SYNCOBJ_SIGNAL, &a, sizeof(a), -1,
	      offsetof(struct drm_syncobj_array, handles));
}

void do_sync_timeline_array(const struct call *c)
{
	uint32_t handles[MOST_HANDLES + 80] = { 0 };
	uint64_t points[MOST_HANDLES + 80] = { c->r[2] % 64, c->r[2] >> 8 & 7, c->r[2] };
	bool query = c->kind == K_SYNCOBJ_QUERY;
	struct drm_syncobj_timeline_array a = {
		.handles = (uintptr_t)handles, .points = (uintptr_t)points,
		.count_handles = sync_handles(c, handles),
		.flags = query ? c->r[2] >> 12 & 1 : 0,
	};

	issue(c, file_of(c)->fd, query ? DRM_IOCTL_SYNCOBJ_QUERY :
	      DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &a, sizeof(a), -1,
	      offsetof(struct drm_syncobj_timeline_array, points));
}

void do_sync_transfer(const struct call *c)
{
	struct drm_syncobj_transfer t = {
		.src_handle = handle_for(c, sync_at(c, 0)), .dst_handle = sync_at(c, 1),
		.src_point = c->r[1] & 1 ? c->r[1] >> 1 & 31 : 0,
		.dst_point = c->r[1] & 2 ? c->r[1] >> 8 & 63 : 0,
		.flags = c->r[2] & 7 ? 0 : DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
	};

	/* It would wait as long as it takes for a fence to come */
	if (c->twist == T_NONE || c->twist == T_FAIL)
		t.flags = 0;
	issue(c, file_of(c)->fd, DRM_IOCTL_SYNCOBJ_TRANSFER, &t, sizeof(t), -1, -1);
}

void do_sync_eventfd(const struct call *c)
{
	struct drm_syncobj_eventfd e = {
		.handle = handle_for(c, sync_at(c, 0)), .flags = c->r[1] & 1 ? 4 : 0,
		.point = c->r[1] & 2 ? c->r[1] >> 8 & 63 : 0,
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	int fd = e.fd;

	issue(c, file_of(c)->fd, DRM_IOCTL_SYNCOBJ_EVENTFD, &e, sizeof(e), -1, -1);
	if (fd >= 0)
		close(fd);
}

/* --- Fences and syncobjs as files ---------------------------------------- */

/* What was in the place goes */
static void put_fd(int *place, int fd)
{
	int old = *place;

	*place = fd;
	if (old >= 0)
		close(old);
}

static void export_sync(const struct call *c, uint32_t flags, uint64_t point)
{
	struct drm_syncobj_handle h = {
		.handle = handle_for(c, sync_at(c, 0)), .fd = -1, .point = point, .flags = flags,
	};

	if (!issue(c, file_of(c)->fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &h, sizeof(h), -1, -1))
		put_fd(&me.fence[c->slot[2] % FENCES], h.fd);
}

/* A sync file into the sync object @into, or a sync object as one of its own */
static void import_sync(const struct call *c, uint32_t into, uint32_t flags, uint64_t point)
{
	struct file *f = file_of(c);
	struct drm_syncobj_handle h = {
		.fd = me.fence[c->slot[2] % FENCES], .handle = into, .point = point,
		.flags = flags,
	};
	bool own = !(flags & DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE);

	/* Its own syncobj comes back under the number that it has, and must not go */
	if (!issue(c, f->fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &h, sizeof(h), -1, -1) && own &&
	    !lasts(f, h.handle))
		f->sync[c->slot[1] % SYNCS] = h.handle;
}

void do_sync_export(const struct call *c)
{
	export_sync(c, c->r[1] & 1 ? DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE : 0, 0);
}

void do_sync_import(const struct call *c)
{
	if (c->r[1] & 1)
		import_sync(c, sync_at(c, 0), DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE, 0);
	else
		import_sync(c, 0, 0, 0);
}

/* Points that are there, mostly, and 0, which is what a binary syncobj has */
static uint64_t point_of(const struct call *c)
{
	return c->r[2] & 7 ? c->r[2] >> 3 & 7 : (uint64_t)odd_value(c->r[2] >> 3) << 16;
}

/* The fence of a point, as a sync file. Without that flag a point is refused */
void do_sync_timeline_export(const struct call *c)
{
	export_sync(c, DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_TIMELINE |
		    (c->r[1] & 7 ? DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE : 0),
		    point_of(c));
}

/* A sync file becomes a point, which need not be behind those that there are */
void do_sync_timeline_import(const struct call *c)
{
	uint32_t timeline = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_TIMELINE;

	if (c->r[1] & 7)
		import_sync(c, handle_for(c, sync_at(c, 0)),
			    timeline | DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE,
			    point_of(c));
	else
		import_sync(c, 0, timeline, c->r[2] & 7);
}

void do_fence_merge(const struct call *c)
{
	struct sync_merge_data m = {
		.name = "campaign", .fd2 = me.fence[c->r[1] % FENCES],
	};
	struct sync_fence_info fences[4];
	struct sync_file_info info = {
		.num_fences = c->r[1] & 0x100 ? ARRAY_SIZE(fences) : 0,
		.sync_fence_info = (uintptr_t)fences,
	};
	int fd = me.fence[c->r[0] % FENCES];

	if (c->r[0] & 0x100) {
		issue(c, fd, SYNC_IOC_FILE_INFO, &info, sizeof(info), -1,
		      offsetof(struct sync_file_info, sync_fence_info));
	} else if (!issue(c, fd, SYNC_IOC_MERGE, &m, sizeof(m), -1, -1)) {
		put_fd(&me.fence[c->r[2] % FENCES], m.fence);
	}
}

/* --- dma-bufs ------------------------------------------------------------ */

void do_prime_export(const struct call *c)
{
	struct drm_prime_handle p = {
		.handle = handle_for(c, bo_at(c, c->slot[1])->handle),
		.flags = DRM_CLOEXEC | (c->r[0] & 1 ? DRM_RDWR : 0), .fd = -1,
	};

	if (!issue(c, file_of(c)->fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &p, sizeof(p), -1, -1))
		put_fd(&me.buf[c->slot[2] % BUFS], p.fd);
}

static void import(const struct call *c, int fd)
{
	struct drm_prime_handle p = { .fd = fd };
	off_t size = lseek(fd, 0, SEEK_END);

	if (!issue(c, file_of(c)->fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &p, sizeof(p), -1, -1))
		*bo_at(c, c->slot[1]) = (struct bo){
			.handle = p.handle, .size = size > 0 ? size : 0,
		};
}

void do_prime_import(const struct call *c)
{
	import(c, c->twist == T_HANDLE ? me.fence[c->r[3] % FENCES] :
					 me.buf[c->slot[2] % BUFS]);
}

/* Memory of a program's own, as a dma-buf */
void do_udmabuf(const struct call *c)
{
	struct udmabuf_create u = { .size = SZ_64K << c->r[0] % 6 };
	int memory = memfd_create("campaign", MFD_ALLOW_SEALING | MFD_CLOEXEC), fd = -1;

	u.memfd = memory;
	if (memory >= 0 && !ftruncate(memory, u.size) &&
	    !fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK))
		fd = ioctl(me.udmabuf, UDMABUF_CREATE, &u);
	if (memory >= 0)
		close(memory);
	if (fd < 0) {
		count(c, -ENOMEM);
		return;
	}
	import(c, fd);
	put_fd(&me.buf[c->slot[2] % BUFS], fd);
}

void do_buf_mmap(const struct call *c)
{
	int fd = me.buf[c->slot[1] % BUFS];
	struct map *m = &me.map[c->slot[2] % MAPS];
	off_t size = lseek(fd, 0, SEEK_END);
	void *at;

	if (size <= 0)
		size = SZ_4K;
	at = mmap(NULL, size, c->r[0] & 1 ? PROT_READ : PROT_READ | PROT_WRITE,
		  c->r[0] & 14 ? MAP_SHARED : MAP_PRIVATE, fd,
		  c->r[0] & 0x70 ? 0 : SZ_4K * (c->r[1] % 8));
	count(c, at == MAP_FAILED ? -errno : 0);
	if (at == MAP_FAILED)
		return;
	if (m->at)
		munmap(m->at, m->size);
	m->size = size;
	m->at = at;
}

void do_buf_sync(const struct call *c)
{
	struct dma_buf_sync s = { .flags = c->r[0] % 8 };

	issue(c, me.buf[c->slot[1] % BUFS], DMA_BUF_IOCTL_SYNC, &s, sizeof(s), -1, -1);
}

void do_buf_sync_file(const struct call *c)
{
	struct dma_buf_export_sync_file e = { .flags = 1 + c->r[1] % 3, .fd = -1 };
	struct dma_buf_import_sync_file i = {
		.flags = 1 + c->r[1] % 3, .fd = me.fence[c->r[2] % FENCES],
	};
	int fd = me.buf[c->slot[1] % BUFS];

	if (c->r[0] & 1)
		issue(c, fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &i, sizeof(i), -1, -1);
	else if (!issue(c, fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &e, sizeof(e), -1, -1))
		put_fd(&me.fence[c->r[2] % FENCES], e.fd);
}

/* --- A child with all of it ---------------------------------------------- */

void do_fork(const struct call *c)
{
	count(c, worker_fork(c));
}

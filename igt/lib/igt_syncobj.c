// SPDX-License-Identifier: MIT
/*
 * See igt_syncobj.h.
 */
#include "igt_core.h"
#include "igt_syncobj.h"
#include "ioctl_wrappers.h"

uint32_t syncobj_create(int fd, uint32_t flags)
{
	struct drm_syncobj_create c = { .flags = flags };

	do_ioctl(fd, DRM_IOCTL_SYNCOBJ_CREATE, &c);
	return c.handle;
}

void syncobj_destroy(int fd, uint32_t handle)
{
	struct drm_syncobj_destroy d = { .handle = handle };

	do_ioctl(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &d);
}

int __syncobj_handle_to_fd(int fd, struct drm_syncobj_handle *args)
{
	int ret = igt_ioctl(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, args) ? -errno : 0;

	errno = 0;
	return ret;
}

int syncobj_handle_to_fd(int fd, uint32_t handle, uint32_t flags)
{
	struct drm_syncobj_handle h = { .handle = handle, .flags = flags, .fd = -1 };

	igt_assert_eq(__syncobj_handle_to_fd(fd, &h), 0);
	return h.fd;
}

uint32_t syncobj_fd_to_handle(int fd, int syncobj_fd, uint32_t flags)
{
	struct drm_syncobj_handle h = { .fd = syncobj_fd, .flags = flags };

	do_ioctl(fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &h);
	return h.handle;
}

void syncobj_import_sync_file(int fd, uint32_t handle, int sync_file)
{
	struct drm_syncobj_handle h = {
		.handle = handle, .fd = sync_file,
		.flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE,
	};

	do_ioctl(fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &h);
}

static void on_array(int fd, unsigned long request, uint32_t *handles, uint32_t count)
{
	struct drm_syncobj_array a = {
		.handles = (uintptr_t)handles, .count_handles = count,
	};

	do_ioctl(fd, request, &a);
}

void syncobj_reset(int fd, uint32_t *handles, uint32_t count)
{
	on_array(fd, DRM_IOCTL_SYNCOBJ_RESET, handles, count);
}

void syncobj_signal(int fd, uint32_t *handles, uint32_t count)
{
	on_array(fd, DRM_IOCTL_SYNCOBJ_SIGNAL, handles, count);
}

static void on_timelines(int fd, unsigned long request, uint32_t *handles,
			 uint64_t *points, uint32_t count)
{
	struct drm_syncobj_timeline_array a = {
		.handles = (uintptr_t)handles, .points = (uintptr_t)points,
		.count_handles = count,
	};

	do_ioctl(fd, request, &a);
}

void syncobj_timeline_signal(int fd, uint32_t *handles, uint64_t *points, uint32_t count)
{
	on_timelines(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, handles, points, count);
}

void syncobj_timeline_query(int fd, uint32_t *handles, uint64_t *points, uint32_t count)
{
	on_timelines(fd, DRM_IOCTL_SYNCOBJ_QUERY, handles, points, count);
}

int syncobj_timeline_wait_err(int fd, uint32_t *handles, uint64_t *points,
			      unsigned int num_handles, int64_t timeout_nsec,
			      unsigned int flags)
{
	struct drm_syncobj_timeline_wait w = {
		.handles = (uintptr_t)handles, .points = (uintptr_t)points,
		.timeout_nsec = timeout_nsec, .count_handles = num_handles, .flags = flags,
	};
	int ret = igt_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &w) ? -errno : 0;

	errno = 0;
	return ret;
}

// SPDX-License-Identifier: MIT
/*
 * See igt_panthor.h.
 */
#include <string.h>
#include <sys/mman.h>

#include "igt_core.h"
#include "igt_panthor.h"
#include "ioctl_wrappers.h"

static void call(int fd, unsigned long request, void *arg, int err)
{
	if (err)
		do_ioctl_err(fd, request, arg, err);
	else
		do_ioctl(fd, request, arg);
}

void igt_panthor_query(int fd, int32_t type, void *data, size_t size, int err)
{
	struct drm_panthor_dev_query q = {
		.type = type, .size = size, .pointer = (uintptr_t)data,
	};

	call(fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &q, err);
}

void igt_panthor_vm_create(int fd, uint32_t *vm_id, int err)
{
	struct drm_panthor_vm_create c = { };

	call(fd, DRM_IOCTL_PANTHOR_VM_CREATE, &c, err);
	*vm_id = c.id;
}

void igt_panthor_vm_destroy(int fd, uint32_t vm_id, int err)
{
	struct drm_panthor_vm_destroy d = { .id = vm_id };

	call(fd, DRM_IOCTL_PANTHOR_VM_DESTROY, &d, err);
}

void igt_panthor_vm_bind(int fd, uint32_t vm_id, uint32_t bo_handle, uint64_t va,
			 uint64_t size, uint32_t flags, int err)
{
	struct drm_panthor_vm_bind_op op = {
		.flags = flags, .bo_handle = bo_handle, .va = va, .size = size,
	};
	struct drm_panthor_vm_bind b = {
		.vm_id = vm_id, .ops = DRM_PANTHOR_OBJ_ARRAY(1, &op),
	};

	call(fd, DRM_IOCTL_PANTHOR_VM_BIND, &b, err);
}

void igt_panthor_bo_create(int fd, struct panthor_bo *bo, uint64_t size, uint32_t flags,
			   int err)
{
	struct drm_panthor_bo_create c = { .size = size, .flags = flags };

	memset(bo, 0, sizeof(*bo));
	call(fd, DRM_IOCTL_PANTHOR_BO_CREATE, &c, err);
	bo->handle = c.handle;
	bo->size = c.size;
}

void igt_panthor_bo_create_mapped(int fd, struct panthor_bo *bo, uint64_t size,
				  uint32_t flags, int err)
{
	struct drm_panthor_bo_mmap_offset m = { };

	igt_panthor_bo_create(fd, bo, size, flags, err);
	if (err)
		return;
	m.handle = bo->handle;
	do_ioctl(fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &m);
	bo->offset = m.offset;
	bo->map = mmap(NULL, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       (off_t)bo->offset);
	igt_assert(bo->map != MAP_FAILED);
}

void igt_panthor_free_bo(int fd, struct panthor_bo *bo)
{
	if (bo->map)
		munmap(bo->map, bo->size);
	gem_close(fd, bo->handle);
}

void igt_panthor_group_create(int fd, struct drm_panthor_group_create *group_create, int err)
{
	call(fd, DRM_IOCTL_PANTHOR_GROUP_CREATE, group_create, err);
}

void igt_panthor_group_destroy(int fd, uint32_t group_handle, int err)
{
	struct drm_panthor_group_destroy d = { .group_handle = group_handle };

	call(fd, DRM_IOCTL_PANTHOR_GROUP_DESTROY, &d, err);
}

void igt_panthor_group_submit(int fd, struct drm_panthor_group_submit *group_submit, int err)
{
	call(fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, group_submit, err);
}

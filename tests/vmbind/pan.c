// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Thin wrappers of the Panthor ioctls; see pan.h. No policy, no printing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sync_file.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <xf86drm.h>

#include "pan.h"

int pan_ioctl(const struct pan *p, unsigned long request, void *arg)
{
	return drmIoctl(p->fd, request, arg) ? -errno : 0;
}

int pan_query(const struct pan *p, uint32_t type, void *out, uint32_t size)
{
	struct drm_panthor_dev_query q = {
		.type = type,
		.size = size,
		.pointer = (uintptr_t)out,
	};

	return pan_ioctl(p, DRM_IOCTL_PANTHOR_DEV_QUERY, &q);
}

static int is_panthor(int fd)
{
	drmVersionPtr v = drmGetVersion(fd);
	int yes = v && !strcmp(v->name, "panthor");

	drmFreeVersion(v);
	return yes;
}

static int open_node(struct pan *p)
{
	for (int minor = 128; minor < 128 + 64; minor++) {
		snprintf(p->node, sizeof(p->node), "/dev/dri/renderD%d", minor);
		p->fd = open(p->node, O_RDWR | O_CLOEXEC);
		if (p->fd < 0)
			continue;
		if (is_panthor(p->fd))
			return 0;
		close(p->fd);
	}
	p->fd = -1;
	return -ENODEV;
}

int pan_open(struct pan *p)
{
	int ret;

	memset(p, 0, sizeof(*p));
	ret = open_node(p);
	if (!ret)
		ret = pan_query(p, DRM_PANTHOR_DEV_QUERY_GPU_INFO, &p->gpu,
				sizeof(p->gpu));
	if (!ret)
		ret = pan_query(p, DRM_PANTHOR_DEV_QUERY_CSIF_INFO, &p->csif,
				sizeof(p->csif));
	if (!ret)
		ret = pan_query(p, DRM_PANTHOR_DEV_QUERY_MMU_INFO, &p->mmu,
				sizeof(p->mmu));
	if (ret)
		pan_close(p);
	return ret;
}

void pan_close(struct pan *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

int pan_vm_create(const struct pan *p, uint32_t *vm)
{
	struct drm_panthor_vm_create c = { 0 };
	int ret = pan_ioctl(p, DRM_IOCTL_PANTHOR_VM_CREATE, &c);

	*vm = c.id;
	return ret;
}

int pan_vm_destroy(const struct pan *p, uint32_t vm)
{
	struct drm_panthor_vm_destroy d = { .id = vm };

	return pan_ioctl(p, DRM_IOCTL_PANTHOR_VM_DESTROY, &d);
}

int pan_vm_state(const struct pan *p, uint32_t vm)
{
	struct drm_panthor_vm_get_state s = { .vm_id = vm };
	int ret = pan_ioctl(p, DRM_IOCTL_PANTHOR_VM_GET_STATE, &s);

	return ret ? ret : (int)s.state;
}

static int map_bo(const struct pan *p, struct pan_bo *bo)
{
	struct drm_panthor_bo_mmap_offset m = { .handle = bo->handle };
	int ret = pan_ioctl(p, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &m);

	if (ret)
		return ret;
	bo->map = mmap(NULL, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       p->fd, (off_t)m.offset);
	if (bo->map == MAP_FAILED) {
		bo->map = NULL;
		return -errno;
	}
	return 0;
}

int pan_bo_create(const struct pan *p, uint64_t size, uint32_t flags,
		  struct pan_bo *bo)
{
	struct drm_panthor_bo_create c = { .size = size, .flags = flags };
	int ret;

	memset(bo, 0, sizeof(*bo));
	ret = pan_ioctl(p, DRM_IOCTL_PANTHOR_BO_CREATE, &c);
	if (ret)
		return ret;
	bo->handle = c.handle;
	bo->size = c.size;
	if (!(flags & DRM_PANTHOR_BO_NO_MMAP))
		ret = map_bo(p, bo);
	if (ret)
		pan_bo_destroy(p, bo);
	return ret;
}

void pan_bo_destroy(const struct pan *p, struct pan_bo *bo)
{
	if (bo->map)
		munmap(bo->map, bo->size);
	if (bo->handle)
		drmCloseBufferHandle(p->fd, bo->handle);
	memset(bo, 0, sizeof(*bo));
}

int pan_bo_sync(const struct pan *p, const struct pan_bo *bo, uint32_t type)
{
	struct drm_panthor_bo_sync_op op = {
		.handle = bo->handle,
		.type = type,
		.size = bo->size,
	};
	struct drm_panthor_bo_sync s = {
		.ops = DRM_PANTHOR_OBJ_ARRAY(1, &op),
	};

	return pan_ioctl(p, DRM_IOCTL_PANTHOR_BO_SYNC, &s);
}

struct drm_panthor_vm_bind_op pan_op_map(uint64_t va, const struct pan_bo *bo,
					 uint64_t offset, uint64_t size)
{
	return (struct drm_panthor_vm_bind_op) {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_MAP,
		.bo_handle = bo->handle,
		.bo_offset = offset,
		.va = va,
		.size = size,
	};
}

struct drm_panthor_vm_bind_op pan_op_sparse(uint64_t va, uint64_t size)
{
	return (struct drm_panthor_vm_bind_op) {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_MAP |
			 DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE |
			 DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC,
		.va = va,
		.size = size,
	};
}

struct drm_panthor_vm_bind_op pan_op_unmap(uint64_t va, uint64_t size)
{
	return (struct drm_panthor_vm_bind_op) {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP,
		.va = va,
		.size = size,
	};
}

struct drm_panthor_vm_bind_op pan_op_sync_only(void)
{
	return (struct drm_panthor_vm_bind_op) {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY,
	};
}

int pan_bind(const struct pan *p, uint32_t vm, uint32_t flags,
	     struct drm_panthor_vm_bind_op *ops, unsigned int count)
{
	struct drm_panthor_vm_bind b = {
		.vm_id = vm,
		.flags = flags,
		.ops = DRM_PANTHOR_OBJ_ARRAY(count, ops),
	};

	return pan_ioctl(p, DRM_IOCTL_PANTHOR_VM_BIND, &b);
}

int pan_map(const struct pan *p, uint32_t vm, uint64_t va,
	    const struct pan_bo *bo, uint64_t offset, uint64_t size,
	    uint32_t flags)
{
	struct drm_panthor_vm_bind_op op = pan_op_map(va, bo, offset, size);

	op.flags |= flags;
	return pan_bind(p, vm, 0, &op, 1);
}

int pan_map_sparse(const struct pan *p, uint32_t vm, uint64_t va,
		   uint64_t size)
{
	struct drm_panthor_vm_bind_op op = pan_op_sparse(va, size);

	return pan_bind(p, vm, 0, &op, 1);
}

int pan_unmap(const struct pan *p, uint32_t vm, uint64_t va, uint64_t size)
{
	struct drm_panthor_vm_bind_op op = pan_op_unmap(va, size);

	return pan_bind(p, vm, 0, &op, 1);
}

static struct drm_panthor_sync_op sync_op(uint32_t flags, uint32_t syncobj,
					  uint64_t point)
{
	return (struct drm_panthor_sync_op) {
		.flags = flags |
			 (point ? DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ :
				  DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_SYNCOBJ),
		.handle = syncobj,
		.timeline_value = point,
	};
}

struct drm_panthor_sync_op pan_wait(uint32_t syncobj, uint64_t point)
{
	return sync_op(DRM_PANTHOR_SYNC_OP_WAIT, syncobj, point);
}

struct drm_panthor_sync_op pan_signal(uint32_t syncobj, uint64_t point)
{
	return sync_op(DRM_PANTHOR_SYNC_OP_SIGNAL, syncobj, point);
}

struct drm_panthor_group_create pan_group_args(const struct pan *p, uint32_t vm,
					       struct drm_panthor_queue_create *q,
					       unsigned int queues)
{
	for (unsigned int i = 0; i < queues; i++)
		q[i] = (struct drm_panthor_queue_create){
			.ringbuf_size = SZ_64K,
		};
	return (struct drm_panthor_group_create) {
		.queues = DRM_PANTHOR_OBJ_ARRAY(queues, q),
		.max_compute_cores = 1,
		.max_fragment_cores = 1,
		.max_tiler_cores = 1,
		.priority = PANTHOR_GROUP_PRIORITY_MEDIUM,
		.compute_core_mask = p->gpu.shader_present,
		.fragment_core_mask = p->gpu.shader_present,
		.tiler_core_mask = 1,
		.vm_id = vm,
	};
}

int pan_group_create_args(const struct pan *p,
			  struct drm_panthor_group_create *args,
			  uint32_t *group)
{
	int ret = pan_ioctl(p, DRM_IOCTL_PANTHOR_GROUP_CREATE, args);

	*group = args->group_handle;
	return ret;
}

int pan_group_create(const struct pan *p, uint32_t vm, unsigned int queues,
		     uint32_t *group)
{
	struct drm_panthor_queue_create q[8];
	struct drm_panthor_group_create c;

	if (queues > ARRAY_SIZE(q))
		return -EINVAL;
	c = pan_group_args(p, vm, q, queues);
	return pan_group_create_args(p, &c, group);
}

int pan_group_destroy(const struct pan *p, uint32_t group)
{
	struct drm_panthor_group_destroy d = { .group_handle = group };

	return pan_ioctl(p, DRM_IOCTL_PANTHOR_GROUP_DESTROY, &d);
}

int pan_group_state(const struct pan *p, uint32_t group,
		    struct drm_panthor_group_get_state *state)
{
	memset(state, 0, sizeof(*state));
	state->group_handle = group;
	return pan_ioctl(p, DRM_IOCTL_PANTHOR_GROUP_GET_STATE, state);
}

int pan_submit(const struct pan *p, uint32_t group,
	       struct drm_panthor_queue_submit *jobs, unsigned int count)
{
	struct drm_panthor_group_submit s = {
		.group_handle = group,
		.queue_submits = DRM_PANTHOR_OBJ_ARRAY(count, jobs),
	};

	return pan_ioctl(p, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &s);
}

int pan_syncobj_create(const struct pan *p, uint32_t *syncobj)
{
	return drmSyncobjCreate(p->fd, 0, syncobj) ? -errno : 0;
}

int pan_syncobj_signal(const struct pan *p, uint32_t syncobj)
{
	return drmSyncobjSignal(p->fd, &syncobj, 1) ? -errno : 0;
}

void pan_syncobj_destroy(const struct pan *p, uint32_t syncobj)
{
	drmSyncobjDestroy(p->fd, syncobj);
}

static int64_t deadline_ns(unsigned int timeout_ms)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec +
	       timeout_ms * 1000000ll;
}

int pan_syncobj_wait(const struct pan *p, uint32_t syncobj, uint64_t point,
		     unsigned int timeout_ms)
{
	return drmSyncobjTimelineWait(p->fd, &syncobj, &point, 1,
				      deadline_ns(timeout_ms),
				      DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
				      NULL);
}

int pan_fence_status(const struct pan *p, uint32_t syncobj)
{
	struct sync_file_info info = { 0 };
	int fd, ret;

	if (drmSyncobjExportSyncFile(p->fd, syncobj, &fd))
		return -errno;
	ret = ioctl(fd, SYNC_IOC_FILE_INFO, &info) ? -errno : info.status;
	close(fd);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thin wrappers of the Panthor ioctls. Each returns 0 or a negative errno and
 * decides nothing, so that a scenario is a list of facts.
 *
 * Needs libdrm and the kernel's own uAPI header (make headers_install).
 */
#ifndef VMBIND_PAN_H
#define VMBIND_PAN_H

#include <stddef.h>
#include <stdint.h>

#include <drm/panthor_drm.h>

#define SZ_4K		0x1000ull
#define SZ_64K		0x10000ull
#define SZ_1M		0x100000ull
#define SZ_2M		0x200000ull
#define SZ_1G		0x40000000ull
#define SZ_1T		0x10000000000ull

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* How long anything may take: more than the driver's own job timeout, 5 s. */
#define PAN_TIMEOUT_MS	10000

/**
 * struct pan - an open Panthor render node
 */
struct pan {
	int fd;
	char node[64];
	struct drm_panthor_gpu_info gpu;
	struct drm_panthor_csif_info csif;
	struct drm_panthor_mmu_info mmu;
};

/**
 * struct pan_bo - a buffer object
 * @map: Its CPU mapping, NULL where it has none.
 */
struct pan_bo {
	uint32_t handle;
	uint64_t size;
	void *map;
};

/* Finds the node by the driver's name; -ENODEV when there is none */
int pan_open(struct pan *p);
void pan_close(struct pan *p);

/* Any ioctl, for the facts about bad arguments */
int pan_ioctl(const struct pan *p, unsigned long request, void *arg);

int pan_query(const struct pan *p, uint32_t type, void *out, uint32_t size);

int pan_vm_create(const struct pan *p, uint32_t *vm);
int pan_vm_destroy(const struct pan *p, uint32_t vm);
/* enum drm_panthor_vm_state, or a negative errno */
int pan_vm_state(const struct pan *p, uint32_t vm);

/* Created and, unless @flags forbids it, mapped for the CPU */
int pan_bo_create(const struct pan *p, uint64_t size, uint32_t flags,
		  struct pan_bo *bo);
void pan_bo_destroy(const struct pan *p, struct pan_bo *bo);
int pan_bo_sync(const struct pan *p, const struct pan_bo *bo, uint32_t type);

/* One synchronous operation */
int pan_map(const struct pan *p, uint32_t vm, uint64_t va,
	    const struct pan_bo *bo, uint64_t offset, uint64_t size,
	    uint32_t flags);
int pan_map_sparse(const struct pan *p, uint32_t vm, uint64_t va,
		   uint64_t size);
int pan_unmap(const struct pan *p, uint32_t vm, uint64_t va, uint64_t size);

/* Any number of operations, flags 0 or DRM_PANTHOR_VM_BIND_ASYNC */
int pan_bind(const struct pan *p, uint32_t vm, uint32_t flags,
	     struct drm_panthor_vm_bind_op *ops, unsigned int count);

struct drm_panthor_vm_bind_op pan_op_map(uint64_t va, const struct pan_bo *bo,
					 uint64_t offset, uint64_t size);
struct drm_panthor_vm_bind_op pan_op_sparse(uint64_t va, uint64_t size);
struct drm_panthor_vm_bind_op pan_op_unmap(uint64_t va, uint64_t size);
struct drm_panthor_vm_bind_op pan_op_sync_only(void);

/* Point 0 means a binary object */
struct drm_panthor_sync_op pan_wait(uint32_t syncobj, uint64_t point);
struct drm_panthor_sync_op pan_signal(uint32_t syncobj, uint64_t point);

int pan_group_create(const struct pan *p, uint32_t vm, unsigned int queues,
		     uint32_t *group);
/* The same with any arguments; those of pan_group_create() to start from */
struct drm_panthor_group_create pan_group_args(const struct pan *p, uint32_t vm,
					       struct drm_panthor_queue_create *q,
					       unsigned int queues);
int pan_group_create_args(const struct pan *p,
			  struct drm_panthor_group_create *args,
			  uint32_t *group);
int pan_group_destroy(const struct pan *p, uint32_t group);
int pan_group_state(const struct pan *p, uint32_t group,
		    struct drm_panthor_group_get_state *state);
int pan_submit(const struct pan *p, uint32_t group,
	       struct drm_panthor_queue_submit *jobs, unsigned int count);

int pan_syncobj_create(const struct pan *p, uint32_t *syncobj);
int pan_syncobj_signal(const struct pan *p, uint32_t syncobj);
void pan_syncobj_destroy(const struct pan *p, uint32_t syncobj);
/* -ETIME when it does not signal in time */
int pan_syncobj_wait(const struct pan *p, uint32_t syncobj, uint64_t point,
		     unsigned int timeout_ms);

/*
 * Of the fence in a binary object: 1 when it has signalled, 0 when not, the
 * negative errno that it carries when what it stands for failed.
 */
int pan_fence_status(const struct pan *p, uint32_t syncobj);

#endif /* VMBIND_PAN_H */

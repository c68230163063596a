// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Buffers of all kinds, and what the GPU may do with what is mapped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <xf86drm.h>

#include "ask.h"
#include "memory.h"

/* --- Access -------------------------------------------------------------- */

static void ask_access(struct world *w, const void *arg)
{
	const uint32_t *flags = arg;
	struct drm_panthor_vm_bind_op op = map_bo(VA);
	char *code = (char *)w->bo.map + SZ_4K;

	op.flags = *flags;
	if (*flags & F_SPARSE)
		op.bo_handle = 0;
	if (tell_bind(w, VM, 0, &op, 1))
		return;
	say("%s", gpu_reads(w, VA));
	say("%s", gpu_writes(w, VA));
	if (!(*flags & F_SPARSE))
		say("%s", gpu_executes(w, VA + SZ_4K, code));
	say("%s", gpu_reads(w, VA));
	tell_rest(w);
}

/* Mapped once more with less, then with all again */
static void ask_less_access(struct world *w, const void *arg)
{
	struct drm_panthor_sync_op s = pan_signal(OUT, 0);
	const uint32_t *flags = arg;
	struct drm_panthor_vm_bind_op op = map_bo(VA);

	need(bind(w, VM, 0, &op, 1));
	say("%s", gpu_writes(w, VA));
	op.flags = *flags;
	tell_bind(w, VM, 0, &op, 1);
	say("%s", gpu_writes(w, VA));
	op.flags = 0;
	op = with_syncs(op, &s, 1);
	tell_bind(w, VM, ASYNC, &op, 1);
	say("%s", settled(w, OUT));
	say("%s", gpu_writes(w, VA));
	tell_rest(w);
}

/* Two VMs, two addresses: the same memory */
static void ask_twice(struct world *w, const void *arg)
{
	struct drm_panthor_vm_bind_op op = map_bo(VA + SZ_1G);

	(void)arg;
	op.flags = F_RO;
	need(pan_map(&w->p, VM, VA, &w->bo, 0, SZ_64K, 0));
	tell_bind(w, VM, 0, &op, 1);
	tell_bind(w, OTHER_VM, 0, &op, 1);
	say("%s", gpu_writes(w, VA));
	say("%s", gpu_writes(w, VA + SZ_1G));
	tell_rest(w);
}

/* --- Buffers of others --------------------------------------------------- */

/* Handle of @size bytes of a memfd */
static uint32_t imported(struct world *w, uint64_t size)
{
	struct pan_bo bo = { .size = size };
	uint32_t handle;
	int fd;

	fd = memfd_dma_buf(size, &bo.map);
	mark(&bo, 99);
	need(drmPrimeFDToHandle(w->p.fd, fd, &handle) ? -errno : 0);
	close(fd);
	return handle;
}

struct shared_row {
	const char *name;
	uint32_t flags;
	uint64_t offset;
	uint64_t va;
	uint64_t size;
};

static const struct shared_row shared[] = {
	{ "whole", 0, 0, VA, SZ_64K },
	{ "read-only", F_RO, 0, VA, SZ_64K },
	{ "last-page", 0, SZ_64K - SZ_4K, VA, SZ_4K },
	{ "too-much", 0, 0, VA, SZ_64K + SZ_4K },
	{ "offset-leaves-too-little", 0, SZ_4K, VA, SZ_64K },
	{ "offset-at-end", 0, SZ_64K, VA, SZ_4K },
	{ "size-1", 0, 0, VA, 1 },
	{ "at-user-end", 0, 0, USER_END, SZ_64K },
	{ "sparse", SPARSE, 0, VA, SZ_64K },
};

static struct drm_panthor_vm_bind_op shared_op(const struct shared_row *r,
					       uint32_t handle)
{
	return (struct drm_panthor_vm_bind_op){
		.flags = r->flags, .bo_handle = handle, .bo_offset = r->offset,
		.va = r->va, .size = r->size,
	};
}

static void tell_both_ways(struct world *w, struct drm_panthor_vm_bind_op op)
{
	struct drm_panthor_sync_op s = pan_signal(OUT, 0);

	tell_bind(w, VM, 0, &op, 1);
	tell_list(w);
	tell_reads(w);
	op = with_syncs(op, &s, 1);
	if (!tell_bind(w, VM, ASYNC, &op, 1))
		say("%s", settled(w, OUT));
	tell_rest(w);
}

static void ask_imported(struct world *w, const void *arg)
{
	tell_both_ways(w, shared_op(arg, imported(w, SZ_64K)));
}

/* Ours, by another handle of another file */
static void ask_exported(struct world *w, const void *arg)
{
	struct pan_bo bo;
	uint32_t handle;
	struct pan p;
	int fd;

	need(pan_open(&p));
	need(pan_bo_create(&p, SZ_64K, 0, &bo));
	mark(&bo, 98);
	need(drmPrimeHandleToFD(p.fd, bo.handle, DRM_CLOEXEC | DRM_RDWR, &fd) ? -errno : 0);
	need(drmPrimeFDToHandle(w->p.fd, fd, &handle) ? -errno : 0);
	close(fd);
	pan_bo_destroy(&p, &bo);
	pan_close(&p);
	tell_both_ways(w, shared_op(arg, handle));
}

static void ask_import_closed(struct world *w, const void *arg)
{
	struct drm_panthor_vm_bind_op op = map_bo(VA);

	(void)arg;
	op.bo_handle = imported(w, SZ_64K);
	tell_bind(w, VM, 0, &op, 1);
	drmCloseBufferHandle(w->p.fd, op.bo_handle);
	tell_reads(w);
	tell_bind(w, VM, 0, &op, 1);
	tell_rest(w);
}

/* Its handle is closed while it is mapped; the memory stays */
static void ask_closed_while_mapped(struct world *w, const void *arg)
{
	struct drm_panthor_vm_bind_op op = map_bo(VA);

	(void)arg;
	tell_bind(w, VM, 0, &op, 1);
	drmCloseBufferHandle(w->p.fd, BO);
	tell_state(w, VM);
	tell_list(w);
	tell_reads(w);
	tell_bind(w, VM, 0, &op, 1);
	op = pan_op_unmap(VA + SZ_4K, SZ_4K);
	tell_bind(w, VM, 0, &op, 1);
	tell_list(w);
	tell_reads(w);
}

static void ask_shared_rows(const char *kind, question q)
{
	char name[80];

	for (unsigned int i = 0; i < ARRAY_SIZE(shared); i++) {
		snprintf(name, sizeof(name), "%s.%s", kind, shared[i].name);
		ask(name, q, &shared[i]);
	}
}

void ask_bos(void)
{
	char name[80];

	for (uint32_t flags = 0; flags < 16; flags++) {
		snprintf(name, sizeof(name), "access.flags-%u", flags);
		ask(name, ask_access, &flags);
		snprintf(name, sizeof(name), "access.less-by-flags-%u", flags);
		if (flags && flags < 8)
			ask(name, ask_less_access, &flags);
	}
	ask("access.mapped-twice", ask_twice, NULL);
	ask_shared_rows("imported", ask_imported);
	ask_shared_rows("exported", ask_exported);
	ask("imported.closed-while-mapped", ask_import_closed, NULL);
	ask("buffer.closed-while-mapped", ask_closed_while_mapped, NULL);
}

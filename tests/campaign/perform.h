/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a call: what its bytes mean. Each function does calls of one kind, and leaves
 * what they made in the place that the call names.
 */
#ifndef CAMPAIGN_PERFORM_H
#define CAMPAIGN_PERFORM_H

#include "state.h"

void perform(const struct call *c);

/* A new file with its lasting syncobjs, at a number that no file had; -1 without memory */
int file_open(struct file *f);

typedef void performer(const struct call *c);

performer do_query, do_vm_create, do_vm_destroy, do_vm_bind, do_vm_get_state, do_bo_create,
	do_bo_close, do_bo_mmap_offset, do_bo_set_label, do_bo_sync, do_bo_query_info,
	do_group_create, do_group_destroy, do_group_submit, do_group_get_state, do_heap_create,
	do_heap_destroy, do_set_window, do_mmap, do_munmap, do_mremap, do_madvise, do_touch,
	do_mmio_map, do_sync_create, do_sync_destroy, do_sync_wait, do_sync_timeline_wait,
	do_sync_array, do_sync_timeline_array, do_sync_transfer, do_sync_eventfd,
	do_sync_export, do_sync_import, do_sync_timeline_export, do_sync_timeline_import,
	do_fence_merge, do_prime_export, do_prime_import,
	do_buf_mmap, do_buf_sync, do_buf_sync_file, do_udmabuf, do_file_open, do_file_close,
	do_fork, do_raw, do_fdinfo, do_debugfs;

static inline struct file *file_of(const struct call *c)
{
	return &me.file[c->slot[0] % FILES];
}

static inline struct vm *vm_at(const struct call *c, unsigned int slot)
{
	return &file_of(c)->vm[slot % VMS];
}

static inline struct bo *bo_at(const struct call *c, unsigned int slot)
{
	return &file_of(c)->bo[slot % BOS];
}

/* The object's handle, or another number if that is what is wrong with the call */
uint32_t handle_for(const struct call *c, uint32_t handle);

/* Syncobjs that the call may signal, and those it may wait for: never the same */
uint32_t sync_to_signal(const struct call *c, unsigned int i);
uint32_t sync_to_wait(const struct call *c, unsigned int i);
/* @n operations: waits, and signals if @signals */
unsigned int sync_ops(const struct call *c, struct drm_panthor_sync_op *ops, uint32_t r);

/* Where in a VM's addresses something is bound, and how much */
uint64_t address(uint32_t r);
uint64_t length(uint32_t r);

#endif /* CAMPAIGN_PERFORM_H */

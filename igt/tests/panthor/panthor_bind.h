/* SPDX-License-Identifier: MIT */
/*
 * What the VM_BIND tests of this folder work with: a file of its own with a VM, a group
 * whose command streams look at the VM, binds of any form, fences that signal when the
 * test says so, and what the kernel shows of page tables. Beside IGT's library it needs
 * the kernel's uAPI only. It may grow by ways to ask and to look; what is expected stands
 * in the tests.
 */
#ifndef PANTHOR_BIND_H
#define PANTHOR_BIND_H

#include <stdbool.h>
#include <stdint.h>

#include "igt.h"
#include "igt_panthor.h"
#include "igt_syncobj.h"
#include "panthor_drm.h"

#define KB(n)		((uint64_t)(n) << 10)
#define MB(n)		((uint64_t)(n) << 20)
#define GB(n)		((uint64_t)(n) << 30)
#define TB(n)		((uint64_t)(n) << 40)
#define PAGE		KB(4)
#define TILE		KB(64)
#define BLOCK		MB(2)
#define LEN(a)		(sizeof(a) / sizeof((a)[0]))

/* Tests map from here on, up to the end of what is the user's; below is ours */
#define TEST_VA		0x8000000000ull
/* What a VM has for user space when it does not say; the GPU has 48 bits */
#define USER_END	(1ull << 47)

#define OP_UNMAP	DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP
#define OP_SYNC		DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY
#define OP_RO		DRM_PANTHOR_VM_BIND_OP_MAP_READONLY
#define OP_NX		DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC
#define OP_UC		DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED
#define OP_SPARSE_FLAG	DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE
#define OP_SPARSE	(OP_SPARSE_FLAG | OP_NX)
#define ASYNC		DRM_PANTHOR_VM_BIND_ASYNC

/* Longer than the driver's own time-outs of jobs and commands */
#define WAIT_MS		20000
/* Long enough for what does not wait to be over */
#define A_WHILE_MS	30

/**
 * struct pb - a file with a VM and a group in it
 * @fd: The file.
 * @vm: The VM.
 * @group: A group of one queue.
 * @done: What the last stream signals.
 * @code: Streams.
 * @seen: What streams have seen.
 * @used: How much of @code is taken, in instructions.
 * @timeline: Of the gate, -1 without one.
 * @gate: The gate's syncobj.
 * @passed: How often the gate was opened.
 */
struct pb {
	int fd;
	uint32_t vm;
	uint32_t group;
	uint32_t done;
	struct panthor_bo code;
	struct panthor_bo seen;
	unsigned int used;
	int timeline;
	uint32_t gate;
	unsigned int passed;
};

/* A new file of the device of @fd */
void pb_open(struct pb *p, int fd);
void pb_close(struct pb *p);
/* A VM beside others on one file: as pb_open() but for that */
void pb_open_on(struct pb *p, int fd);
void pb_close_on(struct pb *p);

/* --- Buffers ------------------------------------------------------------- */

/* Of @size bytes; each page begins with a word that says which page of @id it is */
void pb_bo(struct pb *p, struct panthor_bo *bo, uint64_t size, uint32_t id);
uint64_t pb_word(uint32_t id, uint64_t page);
void pb_mark(void *map, uint64_t size, uint32_t id);
/* All pages say so, as the CPU sees them */
bool pb_is_marked(const void *map, uint64_t size, uint32_t id);

/* --- Binds --------------------------------------------------------------- */

struct drm_panthor_vm_bind_op op_map(uint64_t va, uint32_t handle, uint64_t offset,
				     uint64_t size);
struct drm_panthor_vm_bind_op op_unmap(uint64_t va, uint64_t size);
struct drm_panthor_vm_bind_op op_sparse(uint64_t va, uint64_t size);
struct drm_panthor_vm_bind_op op_sync(void);
struct drm_panthor_vm_bind_op op_with(struct drm_panthor_vm_bind_op op,
				      const struct drm_panthor_sync_op *s, unsigned int n);
/* Point 0 means a binary syncobj */
struct drm_panthor_sync_op sync_wait(uint32_t handle, uint64_t point);
struct drm_panthor_sync_op sync_signal(uint32_t handle, uint64_t point);

/* VM_BIND: 0 or a negative errno; @failed, if there is one, gets ops.count */
int bind_raw(int fd, uint32_t vm, uint32_t flags, const struct drm_panthor_vm_bind_op *ops,
	     unsigned int count, uint32_t *failed);
int bind_now(struct pb *p, struct drm_panthor_vm_bind_op op);
/* One that is queued; 0 for no syncobj */
int bind_queued(struct pb *p, struct drm_panthor_vm_bind_op op, uint32_t wait,
		uint32_t signal);
/* These have to succeed */
void do_map(struct pb *p, uint64_t va, const struct panthor_bo *bo, uint64_t offset,
	    uint64_t size);
void do_unmap(struct pb *p, uint64_t va, uint64_t size);
void do_sparse(struct pb *p, uint64_t va, uint64_t size);
int vm_state(int fd, uint32_t vm);

/* --- Fences -------------------------------------------------------------- */

#define NO_FENCE	2

/* Of a binary syncobj: 0 pending, 1 signalled, its negative errno, or NO_FENCE */
int fence_of(int fd, uint32_t syncobj);
/* The same once it has signalled */
int fence_settled(int fd, uint32_t syncobj);
/* 0, or -ETIME */
int fence_wait(int fd, uint32_t syncobj, uint64_t point, unsigned int ms);
/* A syncobj whose fence is pending until the gate is opened; skips without sw_sync */
uint32_t gate_shut(struct pb *p);
void gate_open(struct pb *p);
/* All that is queued so far is done */
void queue_drained(struct pb *p);
/* A syncobj with a fence that has failed, by a stream that faults */
uint32_t failed_fence(struct pb *p);

/* --- What the GPU sees --------------------------------------------------- */

/*
 * The first words of @n pages, @step bytes apart: 0, or -EIO when the stream faulted, another
 * errno when it ended otherwise, in which case the group is a new one.
 */
int gpu_read(struct pb *p, uint64_t va, uint64_t step, unsigned int n, uint64_t *words);
int gpu_write(struct pb *p, uint64_t va, uint64_t word);
/* A stream at @va, which is @map for the CPU, is executed: 0 or -EIO */
int gpu_execute(struct pb *p, uint64_t va, void *map);
/* @n pages from @va on are those of @id from @page on */
void gpu_sees(struct pb *p, uint64_t va, uint32_t id, uint64_t page, unsigned int n);
/* The same, @stride pages apart */
void gpu_sees_each(struct pb *p, uint64_t va, uint32_t id, uint64_t page,
		   unsigned int stride, unsigned int n);
/* A load of it faults; to hang is no fault */
void gpu_faults(struct pb *p, uint64_t va);
/* A load of a sparse page, which may be read-only, does not fault and sees nothing of ours */
void gpu_loads_nothing(struct pb *p, uint64_t va);
/* Loads and stores of a sparse page fault neither, and change nothing of @bo */
void gpu_sparse(struct pb *p, uint64_t va);

/* A stream that loops until it is stopped: the VM keeps its address space */
void gpu_start(struct pb *p);
int gpu_stop(struct pb *p);
/* Without an end, until the driver ends it */
void gpu_hang(struct pb *p);
/* Queue a stream that reads a page's first word once @wait has signalled, signals done */
void gpu_read_after(struct pb *p, uint64_t va, uint32_t wait);
/* What gpu_read() returns, and the word */
int gpu_read_result(struct pb *p, uint64_t *word);

/* --- What the kernel shows ----------------------------------------------- */

long now_ms(void);
void sleep_ms(unsigned int ms);
bool write_file(const char *path, const char *text);
/* False when there is no such file */
bool read_file(const char *path, char *text, size_t size);

/* The kernel has page tables with reservations */
bool has_reservations(int fd);
void require_reservations(int fd);
/* A number of vm_tables in debugfs, over all VMs */
long tables(int fd, const char *what);
/* The same once it has not changed for a while: what has gone is cleaned up behind it */
long tables_at_rest(int fd, const char *what);
/*
 * What all VMs have mapped for user space, as debugfs lists it, as a number: the same one as
 * long as nothing of it changes. 0 without such a list.
 */
uint64_t mappings(int fd);
/* A value of the file's fdinfo, in bytes; -1 when there is none */
long fdinfo(int fd, const char *key);
/* A value of /proc/meminfo in KiB */
long meminfo(const char *key);
/* Let the kernel take back what it can */
void reclaim(void);
/* Zeroed memory that this process and those that it forks have in common; for munmap() */
void *shared_memory(size_t size);
/* Kills the children, none of which had ended; they are gone when it returns */
void end_children(void);
/* A swap file, without which the driver gives no memory back; skips if there cannot be one */
void require_swap(void);

#endif /* PANTHOR_BIND_H */

/* SPDX-License-Identifier: MIT */
/*
 * Questions about VM_BIND, and the errno of each answer: single operations with one field
 * that is odd, sync operations, sizes of VMs. panthor_vm_bind_validate asks them and
 * expects these answers; panthor-reserve's tests/answers asks two kernels and compares
 * what they say. Only rows and what they name may be here, so that both can include it.
 */
#ifndef PANTHOR_BIND_ROWS_H
#define PANTHOR_BIND_ROWS_H

#include <errno.h>
#include <stdint.h>

/* Of 64 bits, which those that IGT has are not */
#define B_4K		0x1000ull
#define B_64K		0x10000ull
#define B_1M		0x100000ull
#define B_2M		0x200000ull
#define B_1G		0x40000000ull
#define B_1T		0x10000000000ull

/* Where operations map */
#define VA		0x8000000000ull
/* What a VM has for user space when it does not say; the GPU has 48 bits */
#define USER_END	(1ull << 47)
#define MIN_KERNEL	(256 * B_1M)
#define ALL_OF_IT	(2 * USER_END)

#define T_UNMAP		DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP
#define T_SYNC		DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY
#define F_RO		DRM_PANTHOR_VM_BIND_OP_MAP_READONLY
#define F_NX		DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC
#define F_UC		DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED
#define F_SPARSE	DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE
#define SPARSE		(F_SPARSE | F_NX)

#define SIGNAL		((uint32_t)DRM_PANTHOR_SYNC_OP_SIGNAL)
#define TIMELINE	DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ

/* Who asks makes them; a handle that is none of them stands for itself */
enum bo_handle {
	CMD = 1,	/* streams */
	WORDS,		/* what they write */
	BO,		/* 64 KiB, marked */
	BIG,		/* 4 MiB, marked */
	OWN,		/* VM's alone */
	FOREIGN,	/* another VM's alone */
	ORPHAN,		/* a VM's alone that was destroyed */
	NO_MMAP,
	WB,
	TINY,		/* asked for with a size of 1 */
	GONE,		/* closed */
};

enum sync_handle {
	GPU_DONE = 1,	/* of streams */
	EMPTY,		/* never had a fence */
	DONE,		/* has signalled */
	OUT,		/* for what a question signals */
	OUT2,
	OUT3,
	TL,		/* a timeline at 5 */
	GONE_SYNC,	/* closed */
};

#define NOWHERE	0x7fffffffu	/* a handle that nothing has */

/* With an errno: the answer of a kernel with reservations; upstream's is another one */
#define RESERVED	0x10000

/* One operation; what a synchronous and a queued VM_BIND answer */
struct op_row {
	const char *name;
	uint32_t flags;
	uint32_t handle;
	uint64_t offset;
	uint64_t va;
	uint64_t size;
	int now;
	int queued;
};

struct sync_row {
	const char *name;
	uint32_t flags;
	uint32_t handle;
	uint64_t point;
	int queued;
};

struct range_row {
	const char *name;
	uint64_t range;
	int error;
};

/* Maps where nothing is mapped */
static const struct op_row map_rows[] = {
	{ "map.plain", 0, BO, 0, VA, B_64K, 0, 0 },
	{ "map.page", 0, BO, 0, VA, B_4K, 0, 0 },
	{ "map.last-page-of-buffer", 0, BO, B_64K - B_4K, VA, B_4K, 0, 0 },
	{ "map.across-2m", 0, BO, 0, VA + B_2M - B_4K, B_64K, 0, 0 },
	{ "map.across-1g", 0, BO, 0, VA + B_1G - B_4K, B_64K, 0, 0 },
	{ "map.across-512g", 0, BO, 0, VA + B_1T / 2 - B_4K, B_64K, 0, 0 },

	{ "map.va-0", 0, BO, 0, 0, B_64K, 0, 0 },
	{ "map.va-1", 0, BO, 0, VA + 1, B_64K, EINVAL, EINVAL },
	{ "map.va-2048", 0, BO, 0, VA + 2048, B_64K, EINVAL, EINVAL },
	{ "map.va-4095", 0, BO, 0, VA + 4095, B_64K, EINVAL, EINVAL },
	{ "map.last-user-page", 0, BO, 0, USER_END - B_4K, B_4K, 0, 0 },
	{ "map.up-to-user-end", 0, BO, 0, USER_END - B_64K, B_64K, 0, 0 },
	{ "map.one-page-beyond-user-end", 0, BO, 0, USER_END - B_64K + B_4K, B_64K,
	  EINVAL, EINVAL },
	{ "map.across-user-end", 0, BO, 0, USER_END - B_4K, B_64K, EINVAL, EINVAL },
	{ "map.at-user-end", 0, BO, 0, USER_END, B_4K, EINVAL, EINVAL },
	{ "map.kernels-last-page", 0, BO, 0, 2 * USER_END - B_4K, B_4K, EINVAL, EINVAL },
	{ "map.beyond-all", 0, BO, 0, 2 * USER_END, B_4K, EINVAL, EINVAL },
	{ "map.va-2^63", 0, BO, 0, 1ull << 63, B_64K, EINVAL, EINVAL },
	{ "map.last-page-of-64-bits", 0, BO, 0, -B_4K, B_4K, EINVAL, EINVAL },
	{ "map.up-to-64-bits", 0, BO, 0, -B_64K, B_64K, EINVAL, EINVAL },
	{ "map.wraps-to-a-page", 0, BO, 0, -B_64K + B_4K, B_64K, EINVAL, EINVAL },
	{ "map.wraps-to-user", 0, BO, 0, USER_END - B_4K, -USER_END, EINVAL, EINVAL },

	{ "map.size-0", 0, BO, 0, VA, 0, 0, EINVAL | RESERVED },
	{ "map.size-0-in-2m", 0, BO, 0, VA + B_4K, 0, 0, EINVAL | RESERVED },
	{ "map.size-0-at-0", 0, BO, 0, 0, 0, 0, EINVAL | RESERVED },
	{ "map.size-0-at-user-end", 0, BO, 0, USER_END, 0, 0, EINVAL },
	{ "map.size-0-beyond-user-end", 0, BO, 0, USER_END + B_4K, 0, 0, EINVAL },
	{ "map.size-0-unaligned", 0, BO, 0, VA + 1, 0, 0, EINVAL },
	{ "map.size-0-nowhere", 0, NOWHERE, 0, VA, 0, 0, EINVAL },
	{ "map.size-0-foreign", 0, FOREIGN, 0, VA, 0, 0, EINVAL },
	{ "map.size-0-at-buffers-end", 0, BO, B_64K, VA, 0, 0, EINVAL | RESERVED },
	{ "map.size-0-beyond-buffer", 0, BO, B_64K + B_4K, VA, 0, 0, EINVAL },
	{ "map.size-0-flag", 1u << 9, BO, 0, VA, 0, 0, EINVAL },
	{ "map.size-1", 0, BO, 0, VA, 1, EINVAL, EINVAL },
	{ "map.size-4095", 0, BO, 0, VA, 4095, EINVAL, EINVAL },
	{ "map.size-4097", 0, BO, 0, VA, 4097, EINVAL, EINVAL },
	{ "map.one-page-too-much", 0, BO, 0, VA, B_64K + B_4K, EINVAL, EINVAL },
	{ "map.size-4g", 0, BO, 0, VA, 1ull << 32, EINVAL, EINVAL },
	{ "map.size-2^63", 0, BO, 0, VA, 1ull << 63, EINVAL, EINVAL },
	{ "map.size-all-but-a-page", 0, BO, 0, VA, -B_4K, EINVAL, EINVAL },
	{ "map.size-all-bits", 0, BO, 0, VA, -1, EINVAL, EINVAL },
	{ "map.size-user-range", 0, BO, 0, 0, USER_END, EINVAL, EINVAL },

	{ "map.offset-1", 0, BO, 1, VA, B_4K, EINVAL, EINVAL },
	{ "map.offset-2048", 0, BO, 2048, VA, B_4K, EINVAL, EINVAL },
	{ "map.offset-leaves-too-little", 0, BO, B_4K, VA, B_64K, EINVAL, EINVAL },
	{ "map.offset-at-end", 0, BO, B_64K, VA, B_4K, EINVAL, EINVAL },
	{ "map.offset-4g", 0, BO, 1ull << 32, VA, B_4K, EINVAL, EINVAL },
	{ "map.offset-2^63", 0, BO, 1ull << 63, VA, B_4K, EINVAL, EINVAL },
	{ "map.offset-last-page-of-64-bits", 0, BO, -B_4K, VA, B_4K, EINVAL, EINVAL },
	{ "map.offset-wraps-into-buffer", 0, BO, -B_4K, VA, 2 * B_4K, EINVAL, EINVAL },

	{ "map.handle-0", 0, 0, 0, VA, B_64K, EINVAL, EINVAL },
	{ "map.handle-nowhere", 0, NOWHERE, 0, VA, B_64K, EINVAL, EINVAL },
	{ "map.handle-all-bits", 0, -1, 0, VA, B_64K, EINVAL, EINVAL },
	{ "map.handle-closed", 0, GONE, 0, VA, B_64K, EINVAL, EINVAL },
	{ "map.own", 0, OWN, 0, VA, B_64K, 0, 0 },
	{ "map.foreign", 0, FOREIGN, 0, VA, B_64K, EINVAL, EINVAL },
	{ "map.orphan", 0, ORPHAN, 0, VA, B_64K, EINVAL, EINVAL },
	{ "map.no-mmap", 0, NO_MMAP, 0, VA, B_64K, 0, 0 },
	{ "map.write-back", 0, WB, 0, VA, B_64K, 0, 0 },
	{ "map.tiny", 0, TINY, 0, VA, B_4K, 0, 0 },
	{ "map.tiny-two-pages", 0, TINY, 0, VA, 2 * B_4K, EINVAL, EINVAL },
	{ "map.tiny-size-1", 0, TINY, 0, VA, 1, EINVAL, EINVAL },
	{ "map.all-wrong", -1, -1, -1, -1, -1, EINVAL, EINVAL },
	{ "map.all-zero", 0, 0, 0, 0, 0, 0, EINVAL },
};

/* Sparse maps, there */
static const struct op_row sparse_rows[] = {
	{ "sparse.page", SPARSE, 0, 0, VA, B_4K, 0, 0 },
	{ "sparse.64k", SPARSE, 0, 0, VA, B_64K, 0, 0 },
	{ "sparse.block", SPARSE, 0, 0, VA, B_2M, 0, 0 },
	{ "sparse.blocks", SPARSE, 0, 0, VA, 4 * B_2M, 0, 0 },
	{ "sparse.a-page-off", SPARSE, 0, 0, VA + B_4K, 2 * B_2M, 0, 0 },
	{ "sparse.1g", SPARSE, 0, 0, VA, B_1G, 0, 0 },
	{ "sparse.16g", SPARSE, 0, 0, VA, 16 * B_1G, 0, 0 },
	{ "sparse.16g-a-page-off", SPARSE, 0, 0, VA + B_4K, 16 * B_1G, 0, 0 },
	{ "sparse.size-0-at-0", SPARSE, 0, 0, 0, 0, 0, EINVAL | RESERVED },
	{ "sparse.va-0", SPARSE, 0, 0, 0, B_2M, 0, 0 },
	{ "sparse.last-user-page", SPARSE, 0, 0, USER_END - B_4K, B_4K, 0, 0 },
	{ "sparse.last-user-block", SPARSE, 0, 0, USER_END - B_2M, B_2M, 0, 0 },
	{ "sparse.across-user-end", SPARSE, 0, 0, USER_END - B_2M, 2 * B_2M, EINVAL, EINVAL },
	{ "sparse.at-user-end", SPARSE, 0, 0, USER_END, B_2M, EINVAL, EINVAL },
	{ "sparse.wraps", SPARSE, 0, 0, -B_2M, 2 * B_2M, EINVAL, EINVAL },
	{ "sparse.size-0", SPARSE, 0, 0, VA, 0, 0, EINVAL | RESERVED },
	{ "sparse.size-0-in-2m", SPARSE, 0, 0, VA + B_4K, 0, 0, EINVAL | RESERVED },
	{ "sparse.size-1", SPARSE, 0, 0, VA, 1, EINVAL, EINVAL },
	{ "sparse.va-1", SPARSE, 0, 0, VA + 1, B_2M, EINVAL, EINVAL },
	{ "sparse.handle", SPARSE, BO, 0, VA, B_64K, EINVAL, EINVAL },
	{ "sparse.handle-nowhere", SPARSE, NOWHERE, 0, VA, B_64K, EINVAL, EINVAL },
	{ "sparse.handle-foreign", SPARSE, FOREIGN, 0, VA, B_64K, EINVAL, EINVAL },
	{ "sparse.offset", SPARSE, 0, B_4K, VA, B_64K, EINVAL, EINVAL },
	{ "sparse.offset-1", SPARSE, 0, 1, VA, B_64K, EINVAL, EINVAL },
	{ "sparse.handle-and-offset", SPARSE, BO, B_4K, VA, B_4K, EINVAL, EINVAL },
	{ "sparse.executable", F_SPARSE, 0, 0, VA, B_64K, EINVAL, EINVAL },
	{ "sparse.unmap", T_UNMAP | SPARSE, 0, 0, VA, B_64K, EINVAL, EINVAL },
	{ "sparse.sync-only", T_SYNC | SPARSE, 0, 0, 0, 0, 0, EINVAL },
};

/* Unmaps, with BIG mapped at VA */
static const struct op_row unmap_rows[] = {
	{ "unmap.all", T_UNMAP, 0, 0, VA, 2 * B_2M, 0, 0 },
	{ "unmap.more", T_UNMAP, 0, 0, VA - B_2M, 4 * B_2M, 0, 0 },
	{ "unmap.first-page", T_UNMAP, 0, 0, VA, B_4K, 0, 0 },
	{ "unmap.last-page", T_UNMAP, 0, 0, VA + 2 * B_2M - B_4K, B_4K, 0, 0 },
	{ "unmap.page-within", T_UNMAP, 0, 0, VA + B_64K, B_4K, 0, 0 },
	{ "unmap.block", T_UNMAP, 0, 0, VA, B_2M, 0, 0 },
	{ "unmap.across-blocks", T_UNMAP, 0, 0, VA + B_2M - B_4K, 2 * B_4K, 0, 0 },
	{ "unmap.all-but-edges", T_UNMAP, 0, 0, VA + B_4K, 2 * B_2M - 2 * B_4K, 0, 0 },
	{ "unmap.left-overlap", T_UNMAP, 0, 0, VA - B_64K, 2 * B_64K, 0, 0 },
	{ "unmap.right-overlap", T_UNMAP, 0, 0, VA + 2 * B_2M - B_64K, 2 * B_64K, 0, 0 },
	{ "unmap.nothing-before", T_UNMAP, 0, 0, VA - B_64K, B_64K, 0, 0 },
	{ "unmap.nothing-behind", T_UNMAP, 0, 0, VA + 2 * B_2M, B_64K, 0, 0 },
	{ "unmap.nothing-far", T_UNMAP, 0, 0, VA + B_1T, B_1G, 0, 0 },
	{ "unmap.nothing-1t", T_UNMAP, 0, 0, VA + B_1T, B_1T, 0, 0 },
	{ "unmap.last-user-page", T_UNMAP, 0, 0, USER_END - B_4K, B_4K, 0, 0 },
	{ "unmap.across-user-end", T_UNMAP, 0, 0, USER_END - B_4K, 2 * B_4K, EINVAL, EINVAL },
	{ "unmap.at-user-end", T_UNMAP, 0, 0, USER_END, B_4K, EINVAL, EINVAL },
	{ "unmap.from-va-to-user-end", T_UNMAP, 0, 0, VA, USER_END - VA, 0, 0 },
	{ "unmap.a-page-beyond-user-end", T_UNMAP, 0, 0, VA, USER_END - VA + B_4K,
	  EINVAL, EINVAL },
	{ "unmap.wraps", T_UNMAP, 0, 0, VA, -VA, EINVAL, EINVAL },
	{ "unmap.wraps-to-a-page", T_UNMAP, 0, 0, VA, -VA + B_4K, EINVAL, EINVAL },
	{ "unmap.size-0", T_UNMAP, 0, 0, VA, 0, 0, 0 },
	{ "unmap.size-0-in-2m", T_UNMAP, 0, 0, VA + B_4K, 0, 0, 0 },
	{ "unmap.size-0-nothing", T_UNMAP, 0, 0, VA - B_4K, 0, 0, 0 },
	{ "unmap.size-0-at-user-end", T_UNMAP, 0, 0, USER_END, 0, 0, EINVAL },
	{ "unmap.size-0-beyond-user-end", T_UNMAP, 0, 0, USER_END + B_4K, 0, 0, EINVAL },
	{ "unmap.size-1", T_UNMAP, 0, 0, VA, 1, EINVAL, EINVAL },
	{ "unmap.va-1", T_UNMAP, 0, 0, VA + 1, B_4K, EINVAL, EINVAL },
	{ "unmap.handle", T_UNMAP, BO, 0, VA, B_4K, EINVAL, EINVAL },
	{ "unmap.handle-nowhere", T_UNMAP, NOWHERE, 0, VA, B_4K, EINVAL, EINVAL },
	{ "unmap.offset", T_UNMAP, 0, B_4K, VA, B_4K, EINVAL, EINVAL },
	{ "unmap.offset-1", T_UNMAP, 0, 1, VA, B_4K, EINVAL, EINVAL },
	{ "unmap.read-only", T_UNMAP | F_RO, 0, 0, VA, B_4K, EINVAL, EINVAL },
};

/* Maps over BIG, which is mapped at VA */
static const struct op_row rebind_rows[] = {
	{ "rebind.same", 0, BIG, 0, VA, 2 * B_2M, 0, 0 },
	{ "rebind.same-read-only", F_RO, BIG, 0, VA, 2 * B_2M, 0, 0 },
	{ "rebind.first-page", 0, BO, 0, VA, B_4K, 0, 0 },
	{ "rebind.last-page", 0, BO, 0, VA + 2 * B_2M - B_4K, B_4K, 0, 0 },
	{ "rebind.tile-within", 0, BO, 0, VA + B_1M, B_64K, 0, 0 },
	{ "rebind.across-blocks", 0, BO, 0, VA + B_2M - B_4K, B_64K, 0, 0 },
	{ "rebind.left-overlap", 0, BO, 0, VA - B_4K, B_64K, 0, 0 },
	{ "rebind.right-overlap", 0, BO, 0, VA + 2 * B_2M - B_4K, B_64K, 0, 0 },
	{ "rebind.same-at-other-offset", 0, BIG, B_2M, VA, B_2M, 0, 0 },
	{ "rebind.same-part", 0, BIG, B_1M, VA + B_1M, B_64K, 0, 0 },
	{ "rebind.next-to", 0, BIG, 0, VA + 2 * B_2M, B_2M, 0, 0 },
	{ "rebind.sparse-within", SPARSE, 0, 0, VA + B_1M, B_64K, 0, 0 },
	{ "rebind.sparse-block", SPARSE, 0, 0, VA + B_2M, B_2M, 0, 0 },
	{ "rebind.sparse-over-all", SPARSE, 0, 0, VA - B_2M, 4 * B_2M, 0, 0 },
	{ "rebind.foreign-within", 0, FOREIGN, 0, VA + B_1M, B_64K, EINVAL, EINVAL },
	{ "rebind.size-0-within", 0, BO, 0, VA + B_1M, 0, 0, EINVAL | RESERVED },
};

/* Maps and unmaps within 8 MiB that are sparse, at VA */
static const struct op_row resparse_rows[] = {
	{ "resparse.same", SPARSE, 0, 0, VA, 4 * B_2M, 0, 0 },
	{ "resparse.unmap-page", T_UNMAP, 0, 0, VA + B_1M, B_4K, 0, 0 },
	{ "resparse.unmap-block", T_UNMAP, 0, 0, VA + B_2M, B_2M, 0, 0 },
	{ "resparse.unmap-first-page", T_UNMAP, 0, 0, VA, B_4K, 0, 0 },
	{ "resparse.tile", 0, BO, 0, VA + B_1M, B_64K, 0, 0 },
	{ "resparse.across-blocks", 0, BO, 0, VA + B_2M - B_4K, B_64K, 0, 0 },
	{ "resparse.right-overlap", 0, BO, 0, VA + 4 * B_2M - B_4K, B_64K, 0, 0 },
};

/* Operations that do nothing but wait and signal */
static const struct op_row sync_only_rows[] = {
	{ "sync-only.plain", T_SYNC, 0, 0, 0, 0, 0, 0 },
	{ "sync-only.handle", T_SYNC, BO, 0, 0, 0, 0, EINVAL },
	{ "sync-only.handle-nowhere", T_SYNC, NOWHERE, 0, 0, 0, 0, EINVAL },
	{ "sync-only.offset", T_SYNC, 0, B_4K, 0, 0, 0, EINVAL },
	{ "sync-only.offset-1", T_SYNC, 0, 1, 0, 0, 0, EINVAL },
	{ "sync-only.va", T_SYNC, 0, 0, VA, 0, 0, EINVAL },
	{ "sync-only.va-1", T_SYNC, 0, 0, 1, 0, 0, EINVAL },
	{ "sync-only.va-at-user-end", T_SYNC, 0, 0, USER_END, 0, 0, EINVAL },
	{ "sync-only.size", T_SYNC, 0, 0, 0, B_4K, EINVAL, EINVAL },
	{ "sync-only.size-1", T_SYNC, 0, 0, 0, 1, EINVAL, EINVAL },
	{ "sync-only.all-nonzero", T_SYNC, BO, B_4K, VA, B_64K, EINVAL, EINVAL },
	{ "sync-only.all-nonzero-with-flags", T_SYNC | 15, BO, B_4K, VA, B_64K, EINVAL, EINVAL },
};

/* A queued map with one of these, and a signal of OUT */
static const struct sync_row sync_rows[] = {
	{ "wait.done", 0, DONE, 0, 0 },
	{ "wait.empty", 0, EMPTY, 0, EINVAL },
	{ "wait.handle-0", 0, 0, 0, ENOENT },
	{ "wait.nowhere", 0, NOWHERE, 0, ENOENT },
	{ "wait.all-bits", 0, -1, 0, ENOENT },
	{ "wait.closed", 0, GONE_SYNC, 0, ENOENT },
	{ "wait.done-with-point", 0, DONE, 1, EINVAL },
	{ "wait.done-with-last-point", 0, DONE, -1, EINVAL },
	{ "wait.nowhere-with-point", 0, NOWHERE, 1, EINVAL },
	{ "wait.binary-of-timeline", 0, TL, 0, 0 },
	{ "wait.timeline-signalled", TIMELINE, TL, 5, 0 },
	{ "wait.timeline-before", TIMELINE, TL, 3, 0 },
	{ "wait.timeline-unsubmitted", TIMELINE, TL, 6, EINVAL },
	{ "wait.timeline-last", TIMELINE, TL, -1, EINVAL },
	{ "wait.timeline-0", TIMELINE, TL, 0, 0 },
	{ "wait.timeline-of-empty", TIMELINE, EMPTY, 1, EINVAL },
	{ "wait.timeline-0-of-empty", TIMELINE, EMPTY, 0, EINVAL },
	{ "wait.timeline-of-binary", TIMELINE, DONE, 1, EINVAL },
	{ "wait.timeline-0-of-binary", TIMELINE, DONE, 0, 0 },
	{ "wait.timeline-nowhere", TIMELINE, NOWHERE, 1, ENOENT },
	{ "wait.timeline-closed", TIMELINE, GONE_SYNC, 1, ENOENT },
	{ "signal.empty", SIGNAL, EMPTY, 0, 0 },
	{ "signal.done", SIGNAL, DONE, 0, 0 },
	{ "signal.twice", SIGNAL, OUT, 0, 0 },
	{ "signal.with-point", SIGNAL, EMPTY, 1, EINVAL },
	{ "signal.with-last-point", SIGNAL, EMPTY, -1, EINVAL },
	{ "signal.nowhere-with-point", SIGNAL, NOWHERE, 1, EINVAL },
	{ "signal.binary-of-timeline", SIGNAL, TL, 0, 0 },
	{ "signal.timeline-next", SIGNAL | TIMELINE, TL, 6, 0 },
	{ "signal.timeline-far", SIGNAL | TIMELINE, TL, 1000, 0 },
	{ "signal.timeline-same", SIGNAL | TIMELINE, TL, 5, 0 },
	{ "signal.timeline-before", SIGNAL | TIMELINE, TL, 3, 0 },
	{ "signal.timeline-last", SIGNAL | TIMELINE, TL, -1, 0 },
	{ "signal.timeline-0", SIGNAL | TIMELINE, TL, 0, 0 },
	{ "signal.timeline-of-empty", SIGNAL | TIMELINE, EMPTY, 1, 0 },
	{ "signal.timeline-0-of-empty", SIGNAL | TIMELINE, EMPTY, 0, 0 },
	{ "signal.timeline-of-binary", SIGNAL | TIMELINE, DONE, 1, 0 },
};

/* What VM_CREATE is asked for as the part of user space */
static const struct range_row range_rows[] = {
	{ "0", 0, 0 },
	{ "1", 1, 0 },
	{ "4095", 4095, 0 },
	{ "4k", B_4K, 0 },
	{ "64k", B_64K, 0 },
	{ "1m-and-1", B_1M + 1, 0 },
	{ "4g", 1ull << 32, 0 },
	{ "4g-and-a-page", (1ull << 32) + B_4K, 0 },
	{ "512g", B_1T / 2, 0 },
	{ "quarter", USER_END / 2, 0 },
	{ "half-less-a-page", USER_END - B_4K, 0 },
	{ "half", USER_END, 0 },
	{ "half-and-a-page", USER_END + B_4K, 0 },
	{ "all-but-512m", ALL_OF_IT - 2 * MIN_KERNEL, 0 },
	{ "all-but-256m-and-a-page", ALL_OF_IT - MIN_KERNEL - B_4K, 0 },
	{ "all-but-256m", ALL_OF_IT - MIN_KERNEL, 0 },
	{ "all-but-256m-less-1", ALL_OF_IT - MIN_KERNEL + 1, EINVAL },
	{ "all-but-a-page", ALL_OF_IT - B_4K, EINVAL },
	{ "all", ALL_OF_IT, EINVAL },
	{ "2^63", 1ull << 63, EINVAL },
	{ "all-bits", -1, EINVAL },
};

#endif /* PANTHOR_BIND_ROWS_H */

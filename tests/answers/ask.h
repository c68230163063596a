/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A question: a process of its own asks it in a world of its own, and what it says
 * becomes one line, the question's name and the answer. What differs from boot to
 * boot (times, kernel addresses) has no place in an answer.
 */
#ifndef ANSWERS_ASK_H
#define ANSWERS_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "gate.h"
#include "gpu.h"
#include "tap.h"

/* Where questions map, and where it is seen whether the VM still works */
#define VA		DATA_VA
#define LATER_VA	(DATA_VA + 2 * SZ_1T)
/* What a VM has for user space when it does not say; the GPU has 48 bits */
#define USER_END	(1ull << 47)
/* By this mapping look.c finds the VM in the driver's list; no question maps there */
#define MARK_VA		0x50000000ull

#define ASYNC		DRM_PANTHOR_VM_BIND_ASYNC
#define T_UNMAP		DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP
#define T_SYNC		DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY
#define F_RO		DRM_PANTHOR_VM_BIND_OP_MAP_READONLY
#define F_NX		DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC
#define F_UC		DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED
#define F_SPARSE	DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE
#define SPARSE		(F_SPARSE | F_NX)

#define SIGNAL		((uint32_t)DRM_PANTHOR_SYNC_OP_SIGNAL)
#define TIMELINE	DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ

/*
 * The kernel gives out handles in order, so that tables can name them before they
 * are made.
 */
enum vm_id {
	VM = 1,
	OTHER_VM,
	GONE_VM,	/* destroyed */
};

enum bo_handle {
	CMD = 1,	/* gpu_open()'s */
	WORDS,
	BO,		/* 64 KiB, marked */
	BIG,		/* 4 MiB, marked by with_big() */
	OWN,		/* VM's alone */
	FOREIGN,	/* OTHER_VM's alone */
	ORPHAN,		/* GONE_VM's alone */
	NO_MMAP,
	WB,
	TINY,		/* asked for with a size of 1 */
	GONE,		/* closed */
};

enum sync_handle {
	GPU_DONE = 1,	/* gpu_open()'s */
	EMPTY,		/* never had a fence */
	DONE,		/* has signalled */
	OUT,		/* for what a question signals */
	OUT2,
	OUT3,
	TL,		/* a timeline at 5 */
	GONE_SYNC,	/* closed */
};

#define NOWHERE	0x7fffffffu	/* a handle that nothing has */

struct world {
	struct pan p;
	struct gpu gpu;
	struct pan_bo bo;
	struct pan_bo big;
	struct gate gate;
	bool gate_shut;
};

typedef void (*question)(struct world *w, const void *arg);

/* Only those whose names begin with @prefix */
void ask_only(const char *prefix);
void ask(const char *name, question q, const void *arg);
/* How many have been asked */
unsigned int asked(void);

/* One more part of the answer; the parts are joined by "; " */
__printf(1, 2)
void say(const char *fmt, ...);
/* The answer is complete; what follows is another question's, in the same world */
__printf(1, 2)
void next_question(const char *name, ...);

/* "ok" or the errno's name */
const char *errno_text(int ret);
/* What a syncobj has: "none", "pending", "done" or the error of its fence */
const char *fence_text(struct world *w, uint32_t syncobj);
/* The same once it has signalled, "pending" when it does not */
const char *settled(struct world *w, uint32_t syncobj);

struct drm_panthor_obj_array sync_array(const struct drm_panthor_sync_op *s,
					unsigned int n);
struct drm_panthor_vm_bind_op with_syncs(struct drm_panthor_vm_bind_op op,
					 const struct drm_panthor_sync_op *s,
					 unsigned int n);
/* A map of all of BO, and what a table says otherwise */
struct drm_panthor_vm_bind_op map_bo(uint64_t va);

/* VM_BIND, and what it returned */
int tell_bind(struct world *w, uint32_t vm, uint32_t flags,
	      const struct drm_panthor_vm_bind_op *ops, unsigned int count);
/* The same without a word; negative errno */
int bind(struct world *w, uint32_t vm, uint32_t flags,
	 const struct drm_panthor_vm_bind_op *ops, unsigned int count);

/* look.c: the VM's state, its list of mappings, what the GPU reads there */
void tell_state(struct world *w, uint32_t vm);
void tell_list(struct world *w);
void tell_reads(struct world *w);
/* "written", or "faults" */
const char *gpu_writes(struct world *w, uint64_t va);
const char *gpu_reads(struct world *w, uint64_t va);
const char *gpu_executes(struct world *w, uint64_t va, void *map);
/* A bind now and a queued one, elsewhere */
void tell_later(struct world *w, uint32_t vm);
/* All four */
void tell_rest(struct world *w);
/* Puts into each page of @bo which it is */
void mark(struct pan_bo *bo, unsigned int id);

/* BIG is mapped at VA */
void with_big(struct world *w);
/* A fence that is not signalled until open_gate(), which may be called twice */
uint32_t shut_gate(struct world *w);
void open_gate(struct world *w);
/* A syncobj whose fence carries the error of a GPU job */
uint32_t failed_fence(struct world *w);

/* The families of questions, a file each */
void ask_ops(void);
void ask_arrays(void);
void ask_syncs(void);
void ask_order(void);
void ask_vms(void);
void ask_bos(void);
void ask_unusable(void);

#endif /* ANSWERS_ASK_H */

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
#include "panthor_bind_rows.h"
#include "tap.h"

/* Where it is seen whether the VM still works */
#define LATER_VA	(DATA_VA + 2 * SZ_1T)
/* By this mapping look.c finds the VM in the driver's list; no question maps there */
#define MARK_VA		0x50000000ull

#define ASYNC		DRM_PANTHOR_VM_BIND_ASYNC

/*
 * The kernel gives out handles in order, so that tables can name them before they
 * are made: VMs as here, buffers and syncobjs as in panthor_bind_rows.h.
 */
enum vm_id {
	VM = 1,
	OTHER_VM,
	GONE_VM,	/* destroyed */
};

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

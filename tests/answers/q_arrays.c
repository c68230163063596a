// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * struct drm_panthor_vm_bind itself and both of its arrays: strides, counts, and
 * pointers that fault; where among several operations the first wrong one is.
 *
 * Not asked: counts for which the array has 2 GiB and more. The allocator warns about
 * them, which is a mistake of upstream's.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "ask.h"

#define AREA_SIZE	SZ_64K

/* Where an array is */
enum where {
	HERE,		/* on a page, with room behind */
	AT_THE_END,	/* its last byte is the last before what is not mapped */
	OVER_THE_END,	/* one byte further */
	UNALIGNED,
	AT_NULL,
	AT_8,
	IN_THE_KERNEL,
	AT_ALL_BITS,
};

struct array_row {
	const char *name;
	uint32_t stride;
	uint32_t count;
	enum where where;
	/* What is in an element behind its struct */
	uint8_t tail;
};

static char *area(void)
{
	char *map = mmap(NULL, AREA_SIZE + SZ_4K, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(map == MAP_FAILED ? -1 : 0);
	need(mprotect(map + AREA_SIZE, SZ_4K, PROT_NONE));
	return map;
}

static char *place(char *from, const struct array_row *r)
{
	uint64_t bytes = (uint64_t)r->stride * r->count;

	switch (r->where) {
	case AT_THE_END:
		return from + AREA_SIZE - bytes;
	case OVER_THE_END:
		return from + AREA_SIZE - bytes + 1;
	case UNALIGNED:
		return from + 3;
	case AT_NULL:
		return NULL;
	case AT_8:
		return (char *)8;
	case IN_THE_KERNEL:
		return (char *)0xffff000000000000ull;
	case AT_ALL_BITS:
		return (char *)-1;
	default:
		return from;
	}
}

/* The array of @r: element @i is made by @element, as far as there is memory */
static struct drm_panthor_obj_array
lay_out(const struct array_row *r, size_t size,
	void (*element)(void *to, unsigned int i))
{
	char *from = area(), *at = place(from, r), *end = from + AREA_SIZE;
	struct drm_panthor_obj_array array = {
		.stride = r->stride, .count = r->count, .array = (uintptr_t)at,
	};
	char obj[64];

	for (unsigned int i = 0; i < r->count && at >= from && at < end; i++) {
		size_t room = end - at, have = size < room ? size : room;
		size_t step = r->stride ? r->stride : size;

		if (step > have)
			memset(at, r->tail, step < room ? step : room);
		element(obj, i);
		memcpy(at, obj, have);
		at = step < room ? at + step : end;
	}
	return array;
}

static void op_element(void *to, unsigned int i)
{
	struct drm_panthor_vm_bind_op op = map_bo(VA + i * SZ_64K);

	memcpy(to, &op, sizeof(op));
}

static void sync_element(void *to, unsigned int i)
{
	struct drm_panthor_sync_op s = pan_signal(OUT, 0);

	(void)i;
	memcpy(to, &s, sizeof(s));
}

static const struct array_row op_array_rows[] = {
	{ "plain", 48, 1, HERE, 0 },
	{ "stride-0", 0, 1, HERE, 0 },
	{ "stride-1", 1, 1, HERE, 0 },
	{ "stride-8", 8, 1, HERE, 0 },
	{ "stride-32", 32, 1, HERE, 0 },
	{ "stride-47", 47, 1, HERE, 0 },
	{ "stride-49", 49, 2, HERE, 0 },
	{ "stride-49-tail", 49, 2, HERE, 1 },
	{ "stride-56", 56, 2, HERE, 0 },
	{ "stride-56-tail", 56, 2, HERE, 1 },
	{ "stride-64", 64, 3, HERE, 0 },
	{ "stride-64-tail", 64, 3, HERE, 0x80 },
	{ "stride-4096", 4096, 3, HERE, 0 },
	{ "stride-4096-tail", 4096, 3, HERE, 1 },
	{ "stride-2g", 1u << 31, 1, HERE, 0 },
	{ "stride-4g", -1, 1, HERE, 0 },
	{ "stride-4g-tail", -1, 1, HERE, 1 },
	{ "stride-4g-two", -1, 2, HERE, 0 },
	{ "count-0", 48, 0, HERE, 0 },
	{ "count-0-stride-0", 0, 0, HERE, 0 },
	{ "count-0-null", 48, 0, AT_NULL, 0 },
	{ "count-0-all-bits", -1, 0, AT_ALL_BITS, 0 },
	{ "count-2", 48, 2, HERE, 0 },
	{ "count-100", 48, 100, HERE, 0 },
	{ "count-1000", 48, 1000, HERE, 0 },
	{ "count-64k-faults", 48, 65536, HERE, 0 },
	{ "count-64k-stride-56-faults", 56, 65536, HERE, 0 },
	{ "count-1m-faults", 48, 1 << 20, HERE, 0 },
	{ "count-1000-stride-47", 47, 1000, HERE, 0 },
	{ "at-the-end", 48, 2, AT_THE_END, 0 },
	{ "at-the-end-stride-64", 64, 2, AT_THE_END, 0 },
	{ "over-the-end", 48, 2, OVER_THE_END, 0 },
	{ "over-the-end-stride-64", 64, 2, OVER_THE_END, 0 },
	{ "unaligned", 48, 2, UNALIGNED, 0 },
	{ "unaligned-stride-51", 51, 2, UNALIGNED, 0 },
	{ "null", 48, 1, AT_NULL, 0 },
	{ "null-stride-64", 64, 1, AT_NULL, 0 },
	{ "null-stride-47", 47, 1, AT_NULL, 0 },
	{ "at-8", 48, 1, AT_8, 0 },
	{ "in-the-kernel", 48, 1, IN_THE_KERNEL, 0 },
	{ "at-all-bits", 48, 1, AT_ALL_BITS, 0 },
};

static const struct array_row sync_array_rows[] = {
	{ "plain", 16, 1, HERE, 0 },
	{ "stride-0", 0, 1, HERE, 0 },
	{ "stride-1", 1, 1, HERE, 0 },
	{ "stride-8", 8, 1, HERE, 0 },
	{ "stride-15", 15, 1, HERE, 0 },
	{ "stride-17", 17, 2, HERE, 0 },
	{ "stride-17-tail", 17, 2, HERE, 1 },
	{ "stride-24", 24, 2, HERE, 0 },
	{ "stride-24-tail", 24, 2, HERE, 1 },
	{ "stride-64", 64, 2, HERE, 0 },
	{ "stride-4g", -1, 1, HERE, 0 },
	{ "stride-4g-tail", -1, 1, HERE, 1 },
	{ "count-0", 16, 0, HERE, 0 },
	{ "count-0-stride-0", 0, 0, HERE, 0 },
	{ "count-0-all-bits", -1, 0, AT_ALL_BITS, 0 },
	{ "count-2", 16, 2, HERE, 0 },
	{ "count-1000", 16, 1000, HERE, 0 },
	{ "count-64k-faults", 16, 65536, HERE, 0 },
	{ "at-the-end", 16, 2, AT_THE_END, 0 },
	{ "over-the-end", 16, 2, OVER_THE_END, 0 },
	{ "unaligned", 16, 2, UNALIGNED, 0 },
	{ "null", 16, 1, AT_NULL, 0 },
	{ "null-stride-15", 15, 1, AT_NULL, 0 },
	{ "at-8", 16, 1, AT_8, 0 },
	{ "in-the-kernel", 16, 1, IN_THE_KERNEL, 0 },
	{ "at-all-bits", 16, 1, AT_ALL_BITS, 0 },
};

static void tell_request(struct world *w, struct drm_panthor_vm_bind *b)
{
	int ret = pan_ioctl(&w->p, DRM_IOCTL_PANTHOR_VM_BIND, b);

	say("%s", errno_text(ret));
	say("count %u", b->ops.count);
}

/* A queued operation at the end is a fence for all those before */
static void drain(struct world *w)
{
	struct drm_panthor_sync_op s = pan_signal(OUT2, 0);
	struct drm_panthor_vm_bind_op op = with_syncs(pan_op_sync_only(), &s, 1);

	need(bind(w, VM, ASYNC, &op, 1));
	say("queue %s", settled(w, OUT2));
}

static void ask_op_array(struct world *w, const struct array_row *r, uint32_t flags)
{
	struct drm_panthor_vm_bind b = {
		.vm_id = VM,
		.flags = flags,
		.ops = lay_out(r, sizeof(struct drm_panthor_vm_bind_op), op_element),
	};

	tell_request(w, &b);
	drain(w);
	tell_rest(w);
}

static void ask_ops_now(struct world *w, const void *arg)
{
	ask_op_array(w, arg, 0);
}

static void ask_ops_queued(struct world *w, const void *arg)
{
	ask_op_array(w, arg, ASYNC);
}

static void ask_sync_array(struct world *w, const struct array_row *r,
			   uint32_t flags, struct drm_panthor_vm_bind_op op)
{
	struct drm_panthor_vm_bind b = {
		.vm_id = VM, .flags = flags, .ops = DRM_PANTHOR_OBJ_ARRAY(1, &op),
	};

	op.syncs = lay_out(r, sizeof(struct drm_panthor_sync_op), sync_element);
	tell_request(w, &b);
	drain(w);
	say("fence %s", fence_text(w, OUT));
	tell_rest(w);
}

static void ask_syncs_now(struct world *w, const void *arg)
{
	ask_sync_array(w, arg, 0, map_bo(VA));
}

static void ask_syncs_queued(struct world *w, const void *arg)
{
	ask_sync_array(w, arg, ASYNC, map_bo(VA));
}

static void ask_syncs_only(struct world *w, const void *arg)
{
	ask_sync_array(w, arg, ASYNC, pan_op_sync_only());
}

static void ask_array_rows(const char *kind, const struct array_row *rows,
			   unsigned int n, question q)
{
	char name[80];

	for (unsigned int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), kind, rows[i].name);
		ask(name, q, &rows[i]);
	}
}

/* --- Which of several operations is wrong -------------------------------- */

struct wrong_row {
	const char *name;
	struct drm_panthor_vm_bind_op op;
};

static const struct drm_panthor_sync_op bad_wait = { .handle = EMPTY };

static const struct wrong_row wrongs[] = {
	{ "none", { .bo_handle = BO, .va = VA + SZ_1G, .size = SZ_4K } },
	{ "unaligned", { .bo_handle = BO, .va = VA + SZ_1G + 1, .size = SZ_4K } },
	{ "nowhere", { .bo_handle = NOWHERE, .va = VA + SZ_1G, .size = SZ_4K } },
	{ "type", { .flags = 7u << 28, .va = VA + SZ_1G, .size = SZ_4K } },
	{ "size-0", { .bo_handle = BO, .va = VA + SZ_1G + SZ_4K } },
	{ "size-0-nowhere", { .bo_handle = NOWHERE, .va = VA + SZ_1G } },
	{ "sync-only", { .flags = T_SYNC } },
	{ "stride", { .bo_handle = BO, .va = VA + SZ_1G, .size = SZ_4K,
		      .syncs = { .stride = 15, .count = 1 } } },
	{ "wait-empty", { .bo_handle = BO, .va = VA + SZ_1G, .size = SZ_4K,
			  .syncs = { 16, 1, (uintptr_t)&bad_wait } } },
};

struct wrong_question {
	const struct wrong_row *row;
	unsigned int at;
	uint32_t flags;
};

static void ask_wrong(struct world *w, const void *arg)
{
	const struct wrong_question *q = arg;
	struct drm_panthor_sync_op s = pan_signal(OUT, 0);
	struct drm_panthor_vm_bind_op ops[3];
	struct drm_panthor_vm_bind b = {
		.vm_id = VM, .flags = q->flags, .ops = DRM_PANTHOR_OBJ_ARRAY(3, ops),
	};

	for (unsigned int i = 0; i < 3; i++) {
		ops[i] = map_bo(VA + i * SZ_2M);
		if (q->flags)
			ops[i] = with_syncs(ops[i], &s, 1);
	}
	ops[q->at] = q->row->op;
	tell_request(w, &b);
	drain(w);
	say("fence %s", fence_text(w, OUT));
	tell_rest(w);
}

static void ask_wrongs(void)
{
	struct wrong_question q;
	char name[80];

	for (unsigned int i = 0; i < ARRAY_SIZE(wrongs); i++) {
		for (unsigned int at = 0; at < 6; at++) {
			q = (struct wrong_question){ &wrongs[i], at / 2,
						     at % 2 ? ASYNC : 0 };
			snprintf(name, sizeof(name), "of-three.%s-at-%u.%s",
				 wrongs[i].name, at / 2, at % 2 ? "queued" : "now");
			ask(name, ask_wrong, &q);
		}
	}
}

/* --- The request itself -------------------------------------------------- */

static void ask_request_flags(struct world *w, const void *arg)
{
	const uint32_t *flags = arg;
	struct drm_panthor_vm_bind_op op = map_bo(VA);

	tell_bind(w, VM, *flags, &op, 1);
	drain(w);
	tell_rest(w);
}

static void ask_request_vm(struct world *w, const void *arg)
{
	const uint32_t *vm = arg;
	struct drm_panthor_vm_bind_op op = map_bo(VA);

	tell_bind(w, *vm, 0, &op, 1);
	tell_bind(w, *vm, ASYNC, &op, 1);
	tell_bind(w, *vm, 0, NULL, 0);
	tell_bind(w, *vm, ASYNC, NULL, 0);
	tell_bind(w, *vm, 0, NULL, 1);
	tell_bind(w, *vm, ASYNC, NULL, 1);
	drain(w);
	tell_rest(w);
}

/* An ioctl number with a struct of another size: the kernel cuts, or fills with 0 */
static void ask_request_size(struct world *w, const void *arg)
{
	const unsigned int *size = arg;
	struct drm_panthor_vm_bind_op op = map_bo(VA);
	struct {
		struct drm_panthor_vm_bind b;
		uint64_t more[4];
	} args = {
		.b = { .vm_id = VM, .ops = DRM_PANTHOR_OBJ_ARRAY(1, &op) },
		.more = { -1, -1, -1, -1 },
	};
	unsigned int nr = _IOC_NR(DRM_IOCTL_PANTHOR_VM_BIND);
	int ret = pan_ioctl(&w->p, _IOC(_IOC_READ | _IOC_WRITE, 'd', nr, *size), &args);

	say("%s", errno_text(ret));
	say("count %u", args.b.ops.count);
	tell_rest(w);
}

static void ask_null_request(struct world *w, const void *arg)
{
	(void)arg;
	say("%s", errno_text(pan_ioctl(&w->p, DRM_IOCTL_PANTHOR_VM_BIND, NULL)));
	say("%s", errno_text(pan_ioctl(&w->p, DRM_IOCTL_PANTHOR_VM_BIND, (void *)8)));
	tell_rest(w);
}

static void ask_requests(void)
{
	static const uint32_t vms[] = {
		0, VM, OTHER_VM, GONE_VM, 4, 32, 33, NOWHERE, -1,
	};
	static const unsigned int sizes[] = { 4, 8, 16, 20, 24, 32, 56 };
	char name[80];

	for (unsigned int bit = 0; bit < 32; bit++) {
		uint32_t flags = 1u << bit;

		snprintf(name, sizeof(name), "request.flag-%u", bit);
		ask(name, ask_request_flags, &flags);
		flags |= ASYNC;
		snprintf(name, sizeof(name), "request.flag-%u-and-async", bit);
		if (bit % 8 == 1)
			ask(name, ask_request_flags, &flags);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(vms); i++) {
		snprintf(name, sizeof(name), "request.vm-%u", vms[i]);
		ask(name, ask_request_vm, &vms[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		snprintf(name, sizeof(name), "request.bytes-%u", sizes[i]);
		ask(name, ask_request_size, &sizes[i]);
	}
	ask("request.null", ask_null_request, NULL);
}

void ask_arrays(void)
{
	ask_array_rows("ops.%s.now", op_array_rows, ARRAY_SIZE(op_array_rows), ask_ops_now);
	ask_array_rows("ops.%s.queued", op_array_rows, ARRAY_SIZE(op_array_rows), ask_ops_queued);
	ask_array_rows("syncs.%s.now", sync_array_rows, ARRAY_SIZE(sync_array_rows), ask_syncs_now);
	ask_array_rows("syncs.%s.queued", sync_array_rows, ARRAY_SIZE(sync_array_rows),
		       ask_syncs_queued);
	ask_array_rows("syncs.%s.sync-only", sync_array_rows, ARRAY_SIZE(sync_array_rows),
		       ask_syncs_only);
	ask_wrongs();
	ask_requests();
}

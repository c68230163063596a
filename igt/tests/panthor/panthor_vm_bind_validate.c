// SPDX-License-Identifier: MIT
/*
 * Every field of VM_BIND, of its operations and of their sync operations, at its limits
 * and beyond: the errno, which operation ops.count says it was, and that the VM is as it
 * was: what the GPU sees, and the kernel's list of what is mapped. The rows with one
 * operation are in panthor_bind_rows.h; here is what one row does not say.
 */
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "panthor_bind.h"
#include "panthor_bind_rows.h"

IGT_TEST_DESCRIPTION("Checks what VM_BIND answers to each value of each of its fields.");

/* Where it is seen whether the VM still works; rows map elsewhere */
#define LATER_VA	(VA + 2 * B_1T)

/* What was mapped before a row's operation */
enum before { EMPTY_VM, WITH_BIG, WITH_SPARSE };

struct world {
	struct pb p;
	uint32_t handle[GONE + 1];
	uint32_t sync[GONE_SYNC + 1];
	enum before before;
};

static int device = -1;

static uint32_t make_exclusive(struct pb *p, uint32_t vm)
{
	struct drm_panthor_bo_create c = { .size = B_64K, .exclusive_vm_id = vm };

	do_ioctl(p->fd, DRM_IOCTL_PANTHOR_BO_CREATE, &c);
	return c.handle;
}

static uint32_t make_bo(struct pb *p, uint64_t size, uint32_t flags)
{
	struct panthor_bo bo;

	igt_panthor_bo_create(p->fd, &bo, size, flags, 0);
	return bo.handle;
}

static uint32_t make_marked(struct pb *p, uint64_t size, uint32_t id)
{
	struct panthor_bo bo;

	pb_bo(p, &bo, size, id);
	return bo.handle;
}

static void make_bos(struct world *w)
{
	struct pb *p = &w->p;
	uint32_t other, gone;

	igt_panthor_vm_create(p->fd, &other, 0);
	igt_panthor_vm_create(p->fd, &gone, 0);
	w->handle[CMD] = p->code.handle;
	w->handle[WORDS] = p->seen.handle;
	w->handle[BO] = make_marked(p, B_64K, BO);
	w->handle[BIG] = make_marked(p, 2 * B_2M, BIG);
	w->handle[OWN] = make_exclusive(p, p->vm);
	w->handle[FOREIGN] = make_exclusive(p, other);
	w->handle[ORPHAN] = make_exclusive(p, gone);
	w->handle[NO_MMAP] = make_bo(p, B_64K, DRM_PANTHOR_BO_NO_MMAP);
	w->handle[WB] = make_bo(p, B_64K, DRM_PANTHOR_BO_WB_MMAP);
	w->handle[TINY] = make_bo(p, 1, 0);
	w->handle[GONE] = make_bo(p, B_64K, 0);
	gem_close(p->fd, w->handle[GONE]);
	igt_panthor_vm_destroy(p->fd, gone, 0);
}

static void make_syncobjs(struct world *w)
{
	uint64_t point = 5;

	for (unsigned int i = EMPTY; i <= GONE_SYNC; i++)
		w->sync[i] = syncobj_create(w->p.fd, 0);
	w->sync[GPU_DONE] = w->p.done;
	syncobj_signal(w->p.fd, &w->sync[DONE], 1);
	syncobj_timeline_signal(w->p.fd, &w->sync[TL], &point, 1);
	syncobj_destroy(w->p.fd, w->sync[GONE_SYNC]);
}

static void open_world(struct world *w, enum before before)
{
	memset(w, 0, sizeof(*w));
	pb_open(&w->p, device);
	make_bos(w);
	make_syncobjs(w);
	w->before = before;
}

/* The number of a handle that a row names */
static uint32_t real_handle(const struct world *w, uint32_t h)
{
	return h && h <= GONE ? w->handle[h] : h;
}

static uint32_t real_sync(const struct world *w, uint32_t h)
{
	return h && h <= GONE_SYNC ? w->sync[h] : h;
}

static uint64_t before_size(const struct world *w)
{
	return w->before == WITH_SPARSE ? 4 * B_2M : w->before == WITH_BIG ? 2 * B_2M : 0;
}

/* As it was before the row, once its operation's range is empty */
static void restore(struct world *w, const struct op_row *r, bool done)
{
	if (done && r->size && !(r->flags & T_SYNC))
		do_unmap(&w->p, r->va, r->size);
	do_unmap(&w->p, VA - B_1M, 10 * B_1M);
	if (w->before == WITH_BIG)
		igt_assert_eq(bind_now(&w->p, op_map(VA, w->handle[BIG], 0, 2 * B_2M)), 0);
	else if (w->before == WITH_SPARSE)
		do_sparse(&w->p, VA, 4 * B_2M);
}

static bool has_marks(uint32_t handle)
{
	return handle == BO || handle == BIG;
}

/* Is the page at @va as it has to be after the row's operation, @done or refused? */
static void look_at(struct world *w, const struct op_row *r, bool done, uint64_t va)
{
	struct pb *p = &w->p;
	uint64_t val;

	if (va >= USER_END || va < VA - B_1M)
		return;
	if (done && r->size && va - r->va < r->size && !(r->flags & T_SYNC)) {
		if (r->flags & T_UNMAP)
			gpu_faults(p, va);
		else if (r->flags & F_SPARSE)
			igt_assert_eq(gpu_read(p, va, B_4K, 1, &val), 0);
		else if (has_marks(r->handle))
			gpu_sees(p, va, r->handle, (va - r->va + r->offset) / B_4K, 1);
		else
			igt_assert_eq(gpu_read(p, va, B_4K, 1, &val), 0);
	} else if (va - VA >= before_size(w)) {
		gpu_faults(p, va);
	} else if (w->before == WITH_BIG) {
		gpu_sees(p, va, BIG, (va - VA) / B_4K, 1);
	} else {
		gpu_sparse(p, va);
	}
}

/* Both sides of both edges of the operation, and both ends of what was there before */
static void look_around(struct world *w, const struct op_row *r, bool done)
{
	uint64_t va = r->va & -B_4K, last = va + ((r->size - 1) & -B_4K);

	look_at(w, r, done, VA);
	if (!done)
		return;
	look_at(w, r, done, va - B_4K);
	look_at(w, r, done, va);
	if (r->size) {
		look_at(w, r, done, last);
		look_at(w, r, done, last + B_4K);
	}
	if (before_size(w))
		look_at(w, r, done, VA + before_size(w) - B_4K);
}

static void works_later(struct world *w)
{
	struct pb *p = &w->p;

	igt_assert_eq(vm_state(p->fd, p->vm), DRM_PANTHOR_VM_STATE_USABLE);
	igt_assert_eq(bind_now(p, op_map(LATER_VA, w->handle[BO], 0, B_64K)), 0);
	gpu_sees(p, LATER_VA, BO, 0, 16);
	do_unmap(p, LATER_VA, B_64K);
}

/*
 * VM_BIND that has to answer @want. One that is refused changes nothing, and says which
 * operation it was if it is synchronous; ops.count is what it was otherwise.
 */
static void bind_answers(struct world *w, uint32_t vm, uint32_t flags,
			 const struct drm_panthor_vm_bind_op *ops, unsigned int n, int want,
			 const char *name)
{
	uint64_t before = mappings(device);
	uint32_t count;
	int ret = bind_raw(w->p.fd, vm, flags, ops, n, &count);

	igt_assert_f(ret == -want, "%s answers %s, not %s\n", name, strerror(-ret),
		     strerror(want));
	igt_assert_f(count == (want && !(flags & ASYNC) ? 0 : n), "%s: ops.count is %u\n", name,
		     count);
	igt_assert_f(!want || mappings(device) == before,
		     "%s is refused, and what is mapped has changed\n", name);
}

static int answer_of(const struct op_row *r, bool queued)
{
	return queued ? r->queued : r->now;
}

static void ask_row(struct world *w, const struct op_row *r, bool queued)
{
	int want = answer_of(r, queued);
	struct drm_panthor_vm_bind_op op = {
		.flags = r->flags, .bo_handle = real_handle(w, r->handle),
		.bo_offset = r->offset, .va = r->va, .size = r->size,
	};
	uint32_t out = w->sync[OUT];
	struct drm_panthor_sync_op signal = sync_signal(out, 0);

	if (want & RESERVED && !has_reservations(device))
		return;
	want &= ~RESERVED;
	syncobj_reset(w->p.fd, &out, 1);
	if (queued)
		op = op_with(op, &signal, 1);
	bind_answers(w, w->p.vm, queued ? ASYNC : 0, &op, 1, want, r->name);
	if (queued && !want)
		igt_assert_eq(fence_settled(w->p.fd, out), 1);
	else
		igt_assert_eq(fence_of(w->p.fd, out), NO_FENCE);
	look_around(w, r, !want);
	restore(w, r, !want);
}

static void ask_rows(const struct op_row *rows, unsigned int n, enum before before,
		     bool queued)
{
	struct world w;

	open_world(&w, before);
	restore(&w, rows, false);
	for (unsigned int i = 0; i < n; i++)
		ask_row(&w, &rows[i], queued);
	works_later(&w);
	pb_close(&w.p);
}

/* --- Bits and types ------------------------------------------------------ */

static void ask_bits(const struct op_row *row, uint32_t good, bool queued)
{
	struct op_row r = *row;
	struct world w;

	open_world(&w, EMPTY_VM);
	for (unsigned int bit = 0; bit < 28; bit++) {
		r.flags = row->flags | 1u << bit;
		r.now = good & 1u << bit ? 0 : EINVAL;
		r.queued = r.now;
		/* Without a sync operation nothing happens, whatever else is said */
		if (row->flags & T_SYNC)
			r.now = 0;
		ask_row(&w, &r, queued);
	}
	works_later(&w);
	pb_close(&w.p);
}

static void ask_types(bool queued)
{
	struct op_row r = { "type", 0, BO, 0, VA, B_64K, EINVAL, EINVAL };
	struct world w;

	open_world(&w, EMPTY_VM);
	/* 1 and 2 are types, which have no buffer */
	for (uint32_t type = 1; type < 16; type++) {
		r.flags = type << 28;
		ask_row(&w, &r, queued);
	}
	r.handle = 0;
	for (uint32_t type = 3; type < 16; type++) {
		r.flags = type << 28;
		ask_row(&w, &r, queued);
	}
	works_later(&w);
	pb_close(&w.p);
}

/* --- Sync operations ----------------------------------------------------- */

static void ask_sync(struct world *w, const struct sync_row *r)
{
	struct drm_panthor_sync_op s[2] = {
		{ .flags = r->flags, .handle = real_sync(w, r->handle),
		  .timeline_value = r->point },
		sync_signal(w->sync[OUT], 0),
	};
	struct drm_panthor_vm_bind_op op = op_with(op_map(VA, w->handle[BO], 0, B_64K), s, 2);

	syncobj_reset(w->p.fd, &w->sync[OUT], 1);
	bind_answers(w, w->p.vm, ASYNC, &op, 1, r->queued, r->name);
	if (r->queued) {
		igt_assert_eq(fence_of(w->p.fd, w->sync[OUT]), NO_FENCE);
		gpu_faults(&w->p, VA);
	} else {
		igt_assert_eq(fence_settled(w->p.fd, w->sync[OUT]), 1);
		gpu_sees(&w->p, VA, BO, 0, 16);
		do_unmap(&w->p, VA, B_64K);
	}
}

/* Each in a world of its own: what one signals another could wait for */
static void ask_syncs(bool signals)
{
	for (unsigned int i = 0; i < LEN(sync_rows); i++) {
		struct world w;

		if (!(sync_rows[i].flags & SIGNAL) == signals)
			continue;
		open_world(&w, EMPTY_VM);
		ask_sync(&w, &sync_rows[i]);
		works_later(&w);
		pb_close(&w.p);
	}
}

static void ask_sync_flags(void)
{
	static const unsigned int types[] = {
		2, 3, 4, 8, 0x10, 0x20, 0x40, 0x7f, 0x80, 0x81, 0xfe, 0xff,
	};
	struct sync_row r = { "sync flags", 0, DONE, 0, EINVAL };
	struct world w;

	open_world(&w, EMPTY_VM);
	for (unsigned int bit = 8; bit < 31; bit++) {
		r.flags = 1u << bit;
		ask_sync(&w, &r);
		r.flags |= SIGNAL;
		ask_sync(&w, &r);
	}
	for (unsigned int i = 0; i < LEN(types); i++) {
		r.flags = types[i];
		ask_sync(&w, &r);
		r.flags |= SIGNAL;
		ask_sync(&w, &r);
	}
	works_later(&w);
	pb_close(&w.p);
}

/* --- Arrays -------------------------------------------------------------- */

#define AREA_SIZE	B_64K

struct array_row {
	const char *name;
	uint32_t stride;
	uint32_t count;
	long at;		/* an address, or an offset into the area if it is below 64K */
	uint8_t tail;		/* what is in an element behind its struct */
	int error;
};

#define KERNEL_AT	(-(1l << 48))
#define END_OF(n)	((long)(AREA_SIZE - (n)))

static const struct array_row op_arrays[] = {
	{ "plain", 48, 2, 64, 0, 0 },
	{ "stride 0", 0, 1, 64, 0, EINVAL },
	{ "stride 1", 1, 1, 64, 0, EINVAL },
	{ "stride 47", 47, 2, 64, 0, EINVAL },
	{ "stride 49", 49, 2, 64, 0, 0 },
	{ "stride 49, a tail", 49, 2, 64, 1, E2BIG },
	{ "stride 64", 64, 3, 64, 0, 0 },
	{ "stride 64, a tail", 64, 3, 64, 0x80, E2BIG },
	{ "stride 4096", 4096, 3, 64, 0, 0 },
	{ "stride 4096, a tail", 4096, 3, 64, 1, E2BIG },
	{ "stride 2^31", 1u << 31, 1, 64, 0, EFAULT },
	{ "none", 48, 0, 64, 0, 0 },
	{ "none, stride 0", 0, 0, 64, 0, 0 },
	{ "none, in the kernel", 48, 0, KERNEL_AT, 0, 0 },
	{ "a hundred", 48, 100, 64, 0, 0 },
	{ "at the end of memory", 48, 2, END_OF(96), 0, 0 },
	{ "over the end of memory", 48, 2, END_OF(95), 0, EFAULT },
	{ "unaligned", 48, 2, 67, 0, 0 },
	{ "null", 48, 1, 0, 0, EFAULT },
	{ "in the kernel", 48, 1, KERNEL_AT, 0, EFAULT },
	{ "the last address", 48, 1, -1, 0, EFAULT },
};

static const struct array_row sync_arrays[] = {
	{ "plain", 16, 1, 64, 0, 0 },
	{ "stride 0", 0, 1, 64, 0, EINVAL },
	{ "stride 8", 8, 1, 64, 0, EINVAL },
	{ "stride 15", 15, 1, 64, 0, EINVAL },
	{ "stride 17", 17, 2, 64, 0, 0 },
	{ "stride 17, a tail", 17, 2, 64, 1, E2BIG },
	{ "stride 24, a tail", 24, 2, 64, 1, E2BIG },
	{ "stride 64", 64, 2, 64, 0, 0 },
	{ "none, stride 0", 0, 0, 64, 0, 0 },
	{ "a thousand", 16, 1000, 64, 0, 0 },
	{ "at the end of memory", 16, 2, END_OF(32), 0, 0 },
	{ "over the end of memory", 16, 2, END_OF(31), 0, EFAULT },
	{ "null", 16, 1, 0, 0, EFAULT },
	{ "in the kernel", 16, 1, KERNEL_AT, 0, EFAULT },
};

/* Memory whose last byte is the last before what is not mapped */
static char *area(void)
{
	char *map = mmap(NULL, AREA_SIZE + B_4K, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	igt_assert(map != MAP_FAILED);
	igt_assert(!mprotect(map + AREA_SIZE, B_4K, PROT_NONE));
	return map;
}

/* @r as an array of elements of @size, of which element() makes each */
static struct drm_panthor_obj_array
lay_out(struct world *w, char *from, const struct array_row *r, size_t size,
	void (*element)(struct world *w, void *to, unsigned int i))
{
	char *at = r->at > 0 && r->at < (long)AREA_SIZE ? from + r->at : (char *)r->at;
	struct drm_panthor_obj_array a = {
		.stride = r->stride, .count = r->count, .array = (uintptr_t)at,
	};
	char *end = from + AREA_SIZE, obj[64];

	for (unsigned int i = 0; i < r->count && at >= from && at < end; i++) {
		size_t room = end - at, have = size < room ? size : room;

		if (r->stride > have)
			memset(at, r->tail, r->stride < room ? r->stride : room);
		element(w, obj, i);
		memcpy(at, obj, have);
		at = r->stride < room ? at + r->stride : end;
	}
	return a;
}

static void op_element(struct world *w, void *to, unsigned int i)
{
	struct drm_panthor_vm_bind_op op = op_map(VA + i * B_64K, w->handle[BO], 0, B_64K);

	memcpy(to, &op, sizeof(op));
}

static void sync_element(struct world *w, void *to, unsigned int i)
{
	struct drm_panthor_sync_op s = sync_signal(w->sync[OUT], 0);

	(void)i;
	memcpy(to, &s, sizeof(s));
}

static void call_bind(struct world *w, struct drm_panthor_vm_bind *b, const char *name,
		      int want)
{
	uint64_t before = mappings(device);
	int ret = igt_ioctl(w->p.fd, DRM_IOCTL_PANTHOR_VM_BIND, b) ? errno : 0;

	errno = 0;
	igt_assert_f(ret == want, "%s: %s, not %s\n", name, strerror(ret), strerror(want));
	igt_assert_f(!want || mappings(device) == before,
		     "%s is refused, and what is mapped has changed\n", name);
}

static void ask_op_arrays(bool queued)
{
	char *memory = area();
	struct world w;

	open_world(&w, EMPTY_VM);
	for (unsigned int i = 0; i < LEN(op_arrays); i++) {
		const struct array_row *r = &op_arrays[i];
		struct drm_panthor_vm_bind b = {
			.vm_id = w.p.vm, .flags = queued ? ASYNC : 0,
			.ops = lay_out(&w, memory, r, sizeof(struct drm_panthor_vm_bind_op),
				       op_element),
		};

		call_bind(&w, &b, r->name, r->error);
		igt_assert_eq(b.ops.count, r->count);
		queue_drained(&w.p);
		if (r->error || !r->count) {
			gpu_faults(&w.p, VA);
			continue;
		}
		gpu_sees(&w.p, VA + (r->count - 1) * B_64K, BO, 0, 16);
		gpu_faults(&w.p, VA + r->count * B_64K);
		do_unmap(&w.p, VA, r->count * B_64K);
	}
	works_later(&w);
	pb_close(&w.p);
	munmap(memory, AREA_SIZE + B_4K);
}

static void ask_sync_arrays(uint32_t flags)
{
	char *memory = area();
	struct world w;

	open_world(&w, EMPTY_VM);
	for (unsigned int i = 0; i < LEN(sync_arrays); i++) {
		const struct array_row *r = &sync_arrays[i];
		struct drm_panthor_vm_bind_op op = op_map(VA, w.handle[BO], 0, B_64K);
		struct drm_panthor_vm_bind b = {
			.vm_id = w.p.vm, .flags = flags, .ops = DRM_PANTHOR_OBJ_ARRAY(1, &op),
		};
		/* A synchronous call has no use for any */
		int want = flags & ASYNC || !r->count ? r->error : EINVAL;

		syncobj_reset(w.p.fd, &w.sync[OUT], 1);
		op.syncs = lay_out(&w, memory, r, sizeof(struct drm_panthor_sync_op),
				   sync_element);
		call_bind(&w, &b, r->name, want);
		igt_assert_eq_u32(b.ops.count, want && !(flags & ASYNC) ? 0 : 1);
		queue_drained(&w.p);
		igt_assert_eq(fence_of(w.p.fd, w.sync[OUT]),
			      want || !r->count ? NO_FENCE : 1);
		if (want) {
			gpu_faults(&w.p, VA);
		} else {
			gpu_sees(&w.p, VA, BO, 0, 16);
			do_unmap(&w.p, VA, B_64K);
		}
	}
	works_later(&w);
	pb_close(&w.p);
	munmap(memory, AREA_SIZE + B_4K);
}

/* --- Of three operations, one is wrong ----------------------------------- */

static void wrong_of_three(struct world *w, struct drm_panthor_vm_bind_op wrong,
			   unsigned int at, bool queued)
{
	struct drm_panthor_sync_op s = sync_signal(w->sync[OUT], 0);
	struct drm_panthor_vm_bind_op ops[3];
	uint32_t done;

	syncobj_reset(w->p.fd, &w->sync[OUT], 1);
	for (unsigned int i = 0; i < 3; i++) {
		ops[i] = op_map(VA + i * B_2M, w->handle[BO], 0, B_64K);
		if (queued)
			ops[i] = op_with(ops[i], &s, 1);
	}
	ops[at] = wrong;
	igt_assert_eq(bind_raw(w->p.fd, w->p.vm, queued ? ASYNC : 0, ops, 3, &done), -EINVAL);
	/* Synchronous ones before it are done, queued ones are all refused */
	igt_assert_eq_u32(done, queued ? 3 : at);
	igt_assert_eq(fence_of(w->p.fd, w->sync[OUT]), NO_FENCE);
	for (unsigned int i = 0; i < 3; i++) {
		if (!queued && i < at)
			gpu_sees(&w->p, VA + i * B_2M, BO, 0, 16);
		else
			gpu_faults(&w->p, VA + i * B_2M);
	}
	do_unmap(&w->p, VA, 3 * B_2M);
}

static void ask_wrong_of_three(bool queued)
{
	struct world w;

	open_world(&w, EMPTY_VM);
	for (unsigned int at = 0; at < 3; at++) {
		wrong_of_three(&w, op_map(VA + 1, w.handle[BO], 0, B_4K), at, queued);
		wrong_of_three(&w, op_map(VA, NOWHERE, 0, B_4K), at, queued);
		wrong_of_three(&w, op_map(VA, w.handle[FOREIGN], 0, B_4K), at, queued);
		wrong_of_three(&w, op_map(USER_END, w.handle[BO], 0, B_4K), at, queued);
		wrong_of_three(&w, (struct drm_panthor_vm_bind_op){
					   .flags = 7u << 28, .va = VA, .size = B_4K,
				   }, at, queued);
	}
	works_later(&w);
	pb_close(&w.p);
}

/* --- The request, and VMs ------------------------------------------------ */

/* No operation was looked at, so ops.count stays */
static void ask_no_vm(struct world *w, uint32_t vm, uint32_t flags,
		      const struct drm_panthor_vm_bind_op *op)
{
	uint64_t before = mappings(device);
	uint32_t count;

	igt_assert_eq(bind_raw(w->p.fd, vm, flags, op, 1, &count), -EINVAL);
	igt_assert_eq_u32(count, 1);
	igt_assert_eq_u64(mappings(device), before);
}

static void ask_vm_ids(void)
{
	struct world w;

	open_world(&w, EMPTY_VM);
	for (unsigned int i = 0; i < 6; i++) {
		const uint32_t ids[] = { 0, w.p.vm + 2, 32, 33, NOWHERE, -1 };
		struct drm_panthor_vm_bind_op op = op_map(VA, w.handle[BO], 0, B_64K);

		ask_no_vm(&w, ids[i], 0, &op);
		ask_no_vm(&w, ids[i], ASYNC, &op);
		igt_assert_eq(bind_raw(w.p.fd, ids[i], 0, NULL, 0, NULL), -EINVAL);
		igt_assert_eq(vm_state(w.p.fd, ids[i]), -EINVAL);
		igt_panthor_vm_destroy(w.p.fd, ids[i], EINVAL);
	}
	gpu_faults(&w.p, VA);
	works_later(&w);
	pb_close(&w.p);
}

/* A map with flags that there are not; whether it was taken, as if they were not there */
static bool takes_flags(struct world *w, uint32_t flags)
{
	struct drm_panthor_vm_bind_op op = op_map(VA, w->handle[BO], 0, B_64K);
	uint64_t before = mappings(device);
	struct drm_panthor_sync_op wait;
	bool queued = flags & ASYNC;
	int ret;

	if (queued) {
		wait = sync_wait(gate_shut(&w->p), 0);
		op = op_with(op, &wait, 1);
	}
	ret = bind_raw(w->p.fd, w->p.vm, flags, &op, 1, NULL);
	if (ret) {
		igt_assert_eq(ret, -EINVAL);
		igt_assert_eq_u64(mappings(device), before);
	} else if (queued) {
		gpu_faults(&w->p, VA);
	}
	if (queued) {
		gate_open(&w->p);
		queue_drained(&w->p);
	}
	if (!ret) {
		gpu_sees(&w->p, VA, BO, 0, 16);
		do_unmap(&w->p, VA, B_64K);
	}
	return !ret;
}

static void ask_request_flags(void)
{
	unsigned int taken = 0;
	struct world w;

	open_world(&w, EMPTY_VM);
	for (unsigned int bit = 1; bit < 32; bit++) {
		taken += takes_flags(&w, 1u << bit);
		taken += takes_flags(&w, 1u << bit | ASYNC);
	}
	taken += takes_flags(&w, -1);
	works_later(&w);
	pb_close(&w.p);
	igt_assert_f(!taken, "calls with flags that there are not are taken: %u\n", taken);
}

/* An ioctl number with a struct of another size: the kernel cuts, or fills with 0 */
static void ask_sizes(void)
{
	static const struct {
		unsigned int size;
		int error;
		bool mapped;
	} sizes[] = {
		{ 4, 0, false }, { 8, 0, false }, { 16, EFAULT, false }, { 20, EFAULT, false },
		{ 24, 0, true }, { 32, 0, true }, { 56, 0, true },
	};
	struct {
		struct drm_panthor_vm_bind b;
		uint64_t more[4];
	} args;
	unsigned int nr = _IOC_NR(DRM_IOCTL_PANTHOR_VM_BIND);
	struct world w;

	open_world(&w, EMPTY_VM);
	for (unsigned int i = 0; i < LEN(sizes); i++) {
		struct drm_panthor_vm_bind_op op = op_map(VA, w.handle[BO], 0, B_64K);
		unsigned long request = _IOC(_IOC_READ | _IOC_WRITE, 'd', nr, sizes[i].size);

		memset(&args, 0xff, sizeof(args));
		args.b = (struct drm_panthor_vm_bind){
			.vm_id = w.p.vm, .ops = DRM_PANTHOR_OBJ_ARRAY(1, &op),
		};
		if (sizes[i].error)
			do_ioctl_err(w.p.fd, request, &args, sizes[i].error);
		else
			do_ioctl(w.p.fd, request, &args);
		if (sizes[i].mapped)
			gpu_sees(&w.p, VA, BO, 0, 16);
		else
			gpu_faults(&w.p, VA);
		do_unmap(&w.p, VA, B_64K);
	}
	do_ioctl_err(w.p.fd, DRM_IOCTL_PANTHOR_VM_BIND, NULL, EFAULT);
	works_later(&w);
	pb_close(&w.p);
}

static void ask_limits(struct world *w, uint32_t vm, uint64_t end)
{
	struct drm_panthor_vm_bind_op fit[] = {
		op_map(end - B_64K, w->handle[BO], 0, B_64K),
		op_unmap(end - B_4K, B_4K),
		op_sparse(end - B_4K, B_4K),
		op_unmap(0, end),
	};
	struct drm_panthor_vm_bind_op beyond[] = {
		op_map(end - B_64K + B_4K, w->handle[BO], 0, B_64K),
		op_map(end, w->handle[BO], 0, B_64K),
		op_unmap(0, end + B_4K),
		op_unmap(end, B_4K),
		op_sparse(end - B_4K, 2 * B_4K),
	};

	for (unsigned int i = 0; i < LEN(fit); i++)
		igt_assert_eq(bind_raw(w->p.fd, vm, 0, &fit[i], 1, NULL), 0);
	for (unsigned int i = 0; i < LEN(beyond); i++) {
		bind_answers(w, vm, 0, &beyond[i], 1, EINVAL, "what is beyond the VM");
		bind_answers(w, vm, ASYNC, &beyond[i], 1, EINVAL, "what is beyond the VM");
	}
	igt_assert_eq(vm_state(w->p.fd, vm), DRM_PANTHOR_VM_STATE_USABLE);
}

static void ask_ranges(void)
{
	struct world w;

	open_world(&w, EMPTY_VM);
	for (unsigned int i = 0; i < LEN(range_rows); i++) {
		const struct range_row *r = &range_rows[i];
		struct drm_panthor_vm_create c = { .user_va_range = r->range };
		int ret = igt_ioctl(w.p.fd, DRM_IOCTL_PANTHOR_VM_CREATE, &c) ? errno : 0;

		igt_assert_f(ret == r->error, "range %s: %s\n", r->name, strerror(ret));
		if (ret)
			continue;
		igt_assert(c.user_va_range >= r->range);
		ask_limits(&w, c.id, c.user_va_range);
		igt_panthor_vm_destroy(w.p.fd, c.id, 0);
	}
	works_later(&w);
	pb_close(&w.p);
}

static void ask_create_flags(void)
{
	struct pb p;

	pb_open(&p, device);
	for (unsigned int bit = 0; bit < 32; bit++) {
		struct drm_panthor_vm_create c = { .flags = 1u << bit };

		do_ioctl_err(p.fd, DRM_IOCTL_PANTHOR_VM_CREATE, &c, EINVAL);
	}
	pb_close(&p);
}

static void ask_number_of_vms(void)
{
	uint32_t vm[32];
	unsigned int n = 0;
	struct world w;

	open_world(&w, EMPTY_VM);
	for (;; n++) {
		struct drm_panthor_vm_create c = { };

		if (igt_ioctl(w.p.fd, DRM_IOCTL_PANTHOR_VM_CREATE, &c))
			break;
		igt_assert_lt(n, 32);
		vm[n] = c.id;
	}
	igt_assert_eq(errno, EBUSY);
	/* The two of the world are of the 32 */
	igt_assert_eq(n, 30);
	igt_panthor_vm_destroy(w.p.fd, vm[7], 0);
	igt_panthor_vm_destroy(w.p.fd, vm[7], EINVAL);
	igt_panthor_vm_create(w.p.fd, &vm[8], 0);
	igt_assert_eq_u32(vm[8], vm[7]);
	works_later(&w);
	pb_close(&w.p);
}

static void ask_destroy_pad(void)
{
	struct drm_panthor_vm_destroy d;
	struct pb p;

	pb_open(&p, device);
	d = (struct drm_panthor_vm_destroy){ .id = p.vm, .pad = 1 };
	do_ioctl_err(p.fd, DRM_IOCTL_PANTHOR_VM_DESTROY, &d, EINVAL);
	igt_assert_eq(vm_state(p.fd, p.vm), DRM_PANTHOR_VM_STATE_USABLE);
	pb_close(&p);
}

/* Handles that another file has, and this one has not */
static void ask_foreign_handles(void)
{
	struct drm_panthor_vm_bind_op op;
	struct drm_panthor_sync_op wait;
	struct panthor_bo bo = { };
	struct world w;
	struct pb other;
	uint32_t sync = 0, vm = 0;

	open_world(&w, EMPTY_VM);
	pb_open(&other, device);
	while (vm <= w.p.vm + 2)
		igt_panthor_vm_create(other.fd, &vm, 0);
	while (bo.handle <= (int)w.handle[GONE])
		igt_panthor_bo_create(other.fd, &bo, B_64K, 0, 0);
	while (sync <= w.sync[GONE_SYNC])
		sync = syncobj_create(other.fd, DRM_SYNCOBJ_CREATE_SIGNALED);
	op = op_map(VA, w.handle[BO], 0, B_64K);
	ask_no_vm(&w, vm, 0, &op);
	wait = sync_wait(sync, 0);
	op = op_with(op, &wait, 1);
	bind_answers(&w, w.p.vm, ASYNC, &op, 1, ENOENT, "another file's syncobj");
	op = op_map(VA, bo.handle, 0, B_64K);
	bind_answers(&w, w.p.vm, 0, &op, 1, EINVAL, "another file's buffer");
	bind_answers(&w, w.p.vm, ASYNC, &op, 1, EINVAL, "another file's buffer, queued");
	gpu_faults(&w.p, VA);
	works_later(&w);
	pb_close(&other);
	pb_close(&w.p);
}

/* --- Subtests ------------------------------------------------------------ */

static const struct rows {
	const char *name;
	const char *about;
	const struct op_row *rows;
	unsigned int n;
	enum before before;
} all_rows[] = {
	{ "map", "Maps where nothing is mapped", map_rows, LEN(map_rows), EMPTY_VM },
	{ "sparse", "Sparse maps where nothing is mapped", sparse_rows, LEN(sparse_rows),
	  EMPTY_VM },
	{ "unmap", "Unmaps in and around 4 MiB", unmap_rows, LEN(unmap_rows), WITH_BIG },
	{ "remap", "Maps over 4 MiB that are mapped", rebind_rows, LEN(rebind_rows),
	  WITH_BIG },
	{ "in-sparse", "Maps and unmaps in 8 MiB that are sparse", resparse_rows,
	  LEN(resparse_rows), WITH_SPARSE },
	{ "sync-only", "Operations that only wait and signal", sync_only_rows,
	  LEN(sync_only_rows), EMPTY_VM },
};

static const struct op_row map_row = { "map flag", 0, BO, 0, VA, B_64K, 0, 0 };
static const struct op_row unmap_row = { "unmap flag", T_UNMAP, 0, 0, VA, B_64K, 0, 0 };
static const struct op_row sync_row = { "sync-only flag", T_SYNC, 0, 0, 0, 0, 0, 0 };

static void both_ways(bool queued)
{
	const char *way = queued ? "queued" : "now";

	for (unsigned int i = 0; i < LEN(all_rows); i++) {
		const struct rows *r = &all_rows[i];

		igt_describe_f("%s, %s", r->about, way);
		igt_subtest_f("%s-%s", r->name, way)
			ask_rows(r->rows, r->n, r->before, queued);
	}
	igt_describe("Each bit of a map's flags, of which three may stand alone");
	igt_subtest_f("map-flags-%s", way)
		ask_bits(&map_row, F_RO | F_NX | F_UC, queued);
	igt_describe("Each bit of an unmap's flags, all of which are refused");
	igt_subtest_f("unmap-flags-%s", way)
		ask_bits(&unmap_row, 0, queued);
	igt_describe("Each bit of the flags of what only waits and signals");
	igt_subtest_f("sync-only-flags-%s", way)
		ask_bits(&sync_row, 0, queued);
	igt_describe("Types that there are not, and those there are with a buffer");
	igt_subtest_f("types-%s", way)
		ask_types(queued);
	igt_describe("Strides, counts and addresses of the array of operations");
	igt_subtest_f("op-arrays-%s", way)
		ask_op_arrays(queued);
	igt_describe("Strides, counts and addresses of an array of sync operations");
	igt_subtest_f("sync-arrays-%s", way)
		ask_sync_arrays(queued ? ASYNC : 0);
	igt_describe("One of three operations is wrong: which of them are done");
	igt_subtest_f("wrong-of-three-%s", way)
		ask_wrong_of_three(queued);
}

int igt_main()
{
	igt_fixture()
		device = drm_open_driver(DRIVER_PANTHOR);

	both_ways(false);
	both_ways(true);

	igt_describe("Sync operations that wait, for anything and nothing");
	igt_subtest("waits")
		ask_syncs(false);
	igt_describe("Sync operations that signal");
	igt_subtest("signals")
		ask_syncs(true);
	igt_describe("Bits and handle types of sync operations that there are not");
	igt_subtest("sync-flags")
		ask_sync_flags();
	igt_describe("VMs that there are not");
	igt_subtest("vm-ids")
		ask_vm_ids();
	igt_describe("Flags of the request that there are not: without effect, and refused");
	igt_subtest("request-flags")
		ask_request_flags();
	igt_describe("The request as a struct of another size");
	igt_subtest("struct-sizes")
		ask_sizes();
	igt_describe("VMs of all sizes, and binds at the end of each");
	igt_subtest("vm-ranges")
		ask_ranges();
	igt_describe("Each flag of VM_CREATE, of which there is none");
	igt_subtest("vm-create-flags")
		ask_create_flags();
	igt_describe("A file has 32 VMs, and gives their numbers out again");
	igt_subtest("number-of-vms")
		ask_number_of_vms();
	igt_describe("Padding of VM_DESTROY is zero");
	igt_subtest("vm-destroy-pad")
		ask_destroy_pad();
	igt_describe("VMs, buffers and syncobjs of another file");
	igt_subtest("foreign-handles")
		ask_foreign_handles();

	igt_fixture()
		drm_close_driver(device);
}

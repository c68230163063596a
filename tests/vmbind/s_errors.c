// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bad arguments and the errno that each gives, as tables of facts.
 */
#include <errno.h>

#include "gpu.h"
#include "scenarios.h"
#include "tap.h"

#define VA	DATA_VA
#define NOWHERE	0x7fffffffu	/* a handle that nothing has */

/*
 * What the facts talk about: an open VM, a buffer of 64 KiB, one that belongs
 * to another VM, one that the CPU may not map, and two syncobjs of which one
 * has signalled.
 */
struct subject {
	struct pan p;
	uint32_t vm;
	uint32_t group;
	struct pan_bo bo;
	uint32_t foreign;
	uint32_t no_mmap;
	uint32_t empty;
	uint32_t signalled;
};

static struct subject S;

/* --- binds --------------------------------------------------------------- */

static struct drm_panthor_vm_bind_op map_op(void)
{
	return pan_op_map(VA, &S.bo, 0, SZ_64K);
}

#define MAP(...)	({						\
	struct drm_panthor_vm_bind_op o = map_op();			\
	__VA_ARGS__;							\
	o; })
#define UNMAP(...)	({						\
	struct drm_panthor_vm_bind_op o = pan_op_unmap(VA, SZ_64K);	\
	__VA_ARGS__;							\
	o; })
#define SPARSE(...)	({						\
	struct drm_panthor_vm_bind_op o = pan_op_sparse(VA, SZ_64K);	\
	__VA_ARGS__;							\
	o; })

static void bind_fact(struct drm_panthor_vm_bind_op op, int want,
		      const char *what)
{
	is(pan_bind(&S.p, S.vm, 0, &op, 1), want, what);
}

static void bind_ranges(void)
{
	bind_fact(MAP(o.va += 1), -EINVAL, "bind: an unaligned address");
	bind_fact(MAP(o.size = 1), -EINVAL, "bind: an unaligned size");
	bind_fact(MAP(o.bo_offset = 2048), -EINVAL, "bind: an unaligned offset");
	bind_fact(MAP(o.size = 2 * SZ_64K), -EINVAL,
		  "bind: more than the buffer has");
	bind_fact(MAP(o.bo_offset = SZ_4K), -EINVAL,
		  "bind: an offset that leaves too little");
	bind_fact(MAP(o.bo_offset = -SZ_4K), -EINVAL,
		  "bind: an offset near the top of 64 bits");
	bind_fact(MAP(o.va = 1ull << 47), -EINVAL,
		  "bind: an address that is the kernel's");
	bind_fact(MAP(o.va = (1ull << 47) - SZ_4K), -EINVAL,
		  "bind: across the kernel's part");
	bind_fact(MAP(o.va = -SZ_64K), -EINVAL,
		  "bind: the last addresses of 64 bits");
	bind_fact(UNMAP(o.va += 1), -EINVAL, "unmap: an unaligned address");
	bind_fact(UNMAP(o.size = 100), -EINVAL, "unmap: an unaligned size");
	bind_fact(UNMAP(o.va = 1ull << 47), -EINVAL,
		  "unmap: an address that is the kernel's");
	bind_fact(UNMAP(), 0, "unmap: a range with nothing in it is no error");
}

static void bind_flags(void)
{
	bind_fact(MAP(o.flags |= 1 << 10), -EINVAL, "bind: an unknown flag");
	bind_fact(MAP(o.flags |= 7u << 28), -EINVAL, "bind: an unknown type");
	bind_fact(MAP(o.bo_handle = NOWHERE), -EINVAL, "bind: no such buffer");
	bind_fact(MAP(o.bo_handle = S.foreign), -EINVAL,
		  "bind: a buffer that is another VM's alone");
	bind_fact(UNMAP(o.bo_handle = S.bo.handle), -EINVAL,
		  "unmap: with a buffer");
	bind_fact(UNMAP(o.bo_offset = SZ_4K), -EINVAL, "unmap: with an offset");
	bind_fact(UNMAP(o.flags |= DRM_PANTHOR_VM_BIND_OP_MAP_READONLY),
		  -EINVAL, "unmap: with a flag of map");
	bind_fact(SPARSE(o.bo_handle = S.bo.handle), -EINVAL,
		  "sparse: with a buffer");
	bind_fact(SPARSE(o.bo_offset = SZ_4K), -EINVAL,
		  "sparse: with an offset");
	bind_fact(SPARSE(o.flags &= ~DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC),
		  -EINVAL, "sparse: without NOEXEC");
	bind_fact(SPARSE(o.size = 100), -EINVAL, "sparse: an unaligned size");
}

static void bind_arrays(void)
{
	struct drm_panthor_vm_bind_op ops[3] = {
		map_op(), MAP(o.va += 1), map_op(),
	};
	struct drm_panthor_vm_bind b = {
		.vm_id = S.vm,
		.ops = DRM_PANTHOR_OBJ_ARRAY(3, ops),
	};

	is(pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_VM_BIND, &b), -EINVAL,
	   "bind: the second of three operations is wrong");
	is(b.ops.count, 1, "bind: the count says how many were done");
	b.ops.count = 1;
	b.ops.stride = 8;
	is(pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_VM_BIND, &b), -EINVAL,
	   "bind: a stride below the size of an operation");
	b.ops.stride = sizeof(ops[0]);
	b.ops.array = 8;
	is(pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_VM_BIND, &b), -EFAULT,
	   "bind: an array that is not there");
	b.ops.array = (uintptr_t)ops;
	b.vm_id = 31;
	is(pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_VM_BIND, &b), -EINVAL,
	   "bind: no such VM");
}

static void sync_fact(struct drm_panthor_vm_bind_op op, uint32_t flags,
		      struct drm_panthor_sync_op sync, int want,
		      const char *what)
{
	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &sync);
	is(pan_bind(&S.p, S.vm, flags, &op, 1), want, what);
}

static void bind_syncs(void)
{
	struct drm_panthor_vm_bind_op nothing = pan_op_sync_only();
	const uint32_t async = DRM_PANTHOR_VM_BIND_ASYNC;
	struct drm_panthor_sync_op s;

	sync_fact(map_op(), 0, pan_signal(S.signalled, 0), -EINVAL,
		  "synchronous bind: with a syncobj");
	sync_fact(map_op(), async, pan_wait(S.signalled, 0), 0,
		  "asynchronous bind: a syncobj that has signalled");
	sync_fact(map_op(), async, pan_wait(S.empty, 0), -EINVAL,
		  "asynchronous bind: a wait for a syncobj without a fence");
	sync_fact(map_op(), async, pan_wait(S.signalled, 77), -EINVAL,
		  "asynchronous bind: a wait for a point nobody set");
	sync_fact(map_op(), async, pan_wait(NOWHERE, 0), -ENOENT,
		  "asynchronous bind: a wait for no such syncobj");
	/*
	 * Not here: a signal to no such syncobj. Linux 7.3 means to answer
	 * EINVAL, but its error path puts the syncobj that it did not find
	 * and the kernel oopses (panthor_submit_ctx_add_sync_signal()).
	 */
	s = pan_signal(S.empty, 0);
	s.timeline_value = 1;
	sync_fact(map_op(), async, s, -EINVAL,
		  "asynchronous bind: a binary syncobj with a point");
	s = pan_signal(S.empty, 0);
	s.flags |= 2;
	sync_fact(map_op(), async, s, -EINVAL,
		  "asynchronous bind: an unknown kind of handle");
	s = pan_signal(S.empty, 0);
	s.flags |= 1 << 20;
	sync_fact(map_op(), async, s, -EINVAL,
		  "asynchronous bind: an unknown sync flag");
	sync_fact(MAP(o.va += 1), async, pan_wait(S.signalled, 0), -EINVAL,
		  "asynchronous bind: bad arguments are found when queueing");
	is(pan_bind(&S.p, S.vm, async, &nothing, 1), -EINVAL,
	   "sync-only: without a syncobj");
	nothing.va = VA;
	sync_fact(nothing, async, pan_wait(S.signalled, 0), -EINVAL,
		  "sync-only: with an address");
}

/* --- everything else ----------------------------------------------------- */

static void vm_facts(void)
{
	struct drm_panthor_vm_create c = { .flags = 1 };
	struct drm_panthor_vm_destroy d = { .id = 31 };
	uint32_t vm[40];
	int n = 0, ret;

	is(pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_VM_CREATE, &c), -EINVAL,
	   "VM_CREATE: a flag");
	c = (struct drm_panthor_vm_create){ .user_va_range = -1ull };
	is(pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_VM_CREATE, &c), -EINVAL,
	   "VM_CREATE: a user range that leaves the kernel nothing");
	is(pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_VM_DESTROY, &d), -EINVAL,
	   "VM_DESTROY: no such VM");
	d = (struct drm_panthor_vm_destroy){ .id = S.vm, .pad = 1 };
	is(pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_VM_DESTROY, &d), -EINVAL,
	   "VM_DESTROY: padding that is not zero");
	is(pan_vm_state(&S.p, 31), -EINVAL, "VM_GET_STATE: no such VM");
	while (!(ret = pan_vm_create(&S.p, &vm[n])))
		n++;
	detail("%d more VMs, then %d", n, ret);
	ok(n == 30 && ret == -EBUSY, "VM_CREATE: a file has 32 VMs, not 33");
	while (n)
		need(pan_vm_destroy(&S.p, vm[--n]));
}

static void bo_fact(struct drm_panthor_bo_create c, int want, const char *what)
{
	is(pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_BO_CREATE, &c), want, what);
}

#define BO(...)	({							\
	struct drm_panthor_bo_create c = { .size = SZ_4K };		\
	__VA_ARGS__;							\
	c; })

static void bo_facts(void)
{
	struct drm_panthor_bo_mmap_offset m = { .handle = NOWHERE };

	bo_fact(BO(c.size = 0), -EINVAL,
		"BO_CREATE: no size");
	bo_fact(BO(c.flags = 1 << 9), -EINVAL, "BO_CREATE: an unknown flag");
	bo_fact(BO(c.flags = DRM_PANTHOR_BO_NO_MMAP | DRM_PANTHOR_BO_WB_MMAP),
		-EINVAL, "BO_CREATE: flags that contradict each other");
	bo_fact(BO(c.pad = 1), -EINVAL, "BO_CREATE: padding that is not zero");
	bo_fact(BO(c.exclusive_vm_id = 31), -EINVAL,
		"BO_CREATE: for no such VM alone");
	is(pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &m), -ENOENT,
	   "BO_MMAP_OFFSET: no such buffer");
	m.handle = S.no_mmap;
	is(pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &m), -EPERM,
	   "BO_MMAP_OFFSET: a buffer that the CPU may not map");
	m = (struct drm_panthor_bo_mmap_offset){ S.bo.handle, 1, 0 };
	is(pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &m), -EINVAL,
	   "BO_MMAP_OFFSET: padding that is not zero");
	is(pan_bo_sync(&S.p, &S.bo, 9), -EINVAL, "BO_SYNC: an unknown type");
}

static void group_fact(struct drm_panthor_queue_create q, unsigned int count,
		       uint32_t vm, uint64_t cores, int want, const char *what)
{
	struct drm_panthor_queue_create qs[16];
	struct drm_panthor_group_create c = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(count, qs),
		.priority = PANTHOR_GROUP_PRIORITY_MEDIUM,
		.compute_core_mask = cores,
		.max_compute_cores = __builtin_popcountll(cores),
		.vm_id = vm,
	};
	int ret;

	for (unsigned int i = 0; i < ARRAY_SIZE(qs); i++)
		qs[i] = q;
	ret = pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_GROUP_CREATE, &c);
	is(ret, want, what);
	if (!ret)
		pan_group_destroy(&S.p, c.group_handle);
}

#define QUEUE(...)	({						\
	struct drm_panthor_queue_create q = { .ringbuf_size = SZ_4K };	\
	__VA_ARGS__;							\
	q; })

static void group_facts(void)
{
	struct drm_panthor_group_get_state state;

	group_fact(QUEUE(), 1, S.vm, 1, 0, "GROUP_CREATE: one queue of 4 KiB");
	group_fact(QUEUE(), 0, S.vm, 1, -EINVAL, "GROUP_CREATE: no queue");
	group_fact(QUEUE(), S.p.csif.cs_slot_count + 1, S.vm, 1, -EINVAL,
		   "GROUP_CREATE: more queues than a slot has");
	group_fact(QUEUE(q.ringbuf_size = 2048), 1, S.vm, 1, -EINVAL,
		   "GROUP_CREATE: a ring below 4 KiB");
	group_fact(QUEUE(q.ringbuf_size = 2 * SZ_64K), 1, S.vm, 1, -EINVAL,
		   "GROUP_CREATE: a ring above 64 KiB");
	group_fact(QUEUE(q.ringbuf_size = 3 * SZ_4K), 1, S.vm, 1, -EINVAL,
		   "GROUP_CREATE: a ring that is no power of two");
	group_fact(QUEUE(q.priority = 16), 1, S.vm, 1, -EINVAL,
		   "GROUP_CREATE: a queue priority above 15");
	group_fact(QUEUE(q.pad[0] = 1), 1, S.vm, 1, -EINVAL,
		   "GROUP_CREATE: padding that is not zero");
	group_fact(QUEUE(), 1, 31, 1, -EINVAL, "GROUP_CREATE: no such VM");
	group_fact(QUEUE(), 1, S.vm, ~S.p.gpu.shader_present, -EINVAL,
		   "GROUP_CREATE: cores that are not there");
	is(pan_group_destroy(&S.p, 99), -EINVAL, "GROUP_DESTROY: no such group");
	is(pan_group_state(&S.p, 99, &state), -EINVAL,
	   "GROUP_GET_STATE: no such group");
}

static void submit_fact(struct drm_panthor_queue_submit job, uint32_t group,
			int want, const char *what)
{
	is(pan_submit(&S.p, group, &job, 1), want, what);
}

#define JOB(...)	({						\
	struct drm_panthor_queue_submit j = {				\
		.stream_addr = VA,					\
		.stream_size = 64,					\
	};								\
	__VA_ARGS__;							\
	j; })

static void submit_facts(void)
{
	submit_fact(JOB(), 99, -EINVAL, "GROUP_SUBMIT: no such group");
	submit_fact(JOB(j.queue_index = 7), S.group, -EINVAL,
		    "GROUP_SUBMIT: no such queue");
	submit_fact(JOB(j.stream_addr = VA + 8), S.group, -EINVAL,
		    "GROUP_SUBMIT: a stream that is not aligned to 64 bytes");
	submit_fact(JOB(j.stream_size = 12), S.group, -EINVAL,
		    "GROUP_SUBMIT: half an instruction");
	submit_fact(JOB(j.stream_size = 0), S.group, -EINVAL,
		    "GROUP_SUBMIT: an address without a size");
	submit_fact(JOB(j.stream_addr = 0), S.group, -EINVAL,
		    "GROUP_SUBMIT: a size without an address");
	submit_fact(JOB(j.latest_flush = 1 << 25), S.group, -EINVAL,
		    "GROUP_SUBMIT: a flush ID that cannot be");
	submit_fact(JOB(j.pad = 1), S.group, -EINVAL,
		    "GROUP_SUBMIT: padding that is not zero");
}

static void query_facts(void)
{
	struct drm_panthor_gpu_info info;

	is(pan_query(&S.p, 99, &info, sizeof(info)), -EINVAL,
	   "DEV_QUERY: an unknown question");
	is(pan_query(&S.p, DRM_PANTHOR_DEV_QUERY_GPU_INFO, &info, 8), -EINVAL,
	   "DEV_QUERY: no room for the answer");
	is(pan_query(&S.p, DRM_PANTHOR_DEV_QUERY_GPU_INFO, (void *)8,
		     sizeof(info)), -EFAULT,
	   "DEV_QUERY: a pointer to nowhere");
}

static void open_subject(void)
{
	struct drm_panthor_bo_create c = { .size = SZ_64K };
	struct pan_bo no_mmap;
	uint32_t other;

	need(pan_open(&S.p));
	need(pan_vm_create(&S.p, &S.vm));
	need(pan_vm_create(&S.p, &other));
	need(pan_bo_create(&S.p, SZ_64K, 0, &S.bo));
	need(pan_bo_create(&S.p, SZ_64K, DRM_PANTHOR_BO_NO_MMAP, &no_mmap));
	S.no_mmap = no_mmap.handle;
	c.exclusive_vm_id = other;
	need(pan_ioctl(&S.p, DRM_IOCTL_PANTHOR_BO_CREATE, &c));
	S.foreign = c.handle;
	need(pan_group_create(&S.p, S.vm, 2, &S.group));
	need(pan_syncobj_create(&S.p, &S.empty));
	need(pan_syncobj_create(&S.p, &S.signalled));
	need(pan_syncobj_signal(&S.p, S.signalled));
}

void run_errors(void)
{
	open_subject();
	query_facts();
	vm_facts();
	bo_facts();
	bind_ranges();
	bind_flags();
	bind_arrays();
	bind_syncs();
	group_facts();
	submit_facts();
	is(pan_vm_state(&S.p, S.vm), DRM_PANTHOR_VM_STATE_USABLE,
	   "none of it made the VM unusable");
	pan_close(&S.p);
}

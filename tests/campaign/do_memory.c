// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VMs, buffers and their mappings for the processor.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"
#include "issue.h"
#include "perform.h"

#define MOST_OPS	24

/* --- VMs ----------------------------------------------------------------- */

/* A buffer of its own, in the VM at @va; 0 if that cannot be had */
static uint32_t add_memory(const struct call *c, struct vm *vm, uint64_t va, uint64_t size,
			   uint32_t flags, void **map)
{
	int fd = file_of(c)->fd;
	struct drm_panthor_bo_create b = { .size = size };
	struct drm_panthor_bo_mmap_offset m = { };
	struct drm_panthor_vm_bind_op op = { .flags = flags, .va = va, .size = size };
	struct drm_panthor_vm_bind bind = {
		.vm_id = vm->id, .ops = DRM_PANTHOR_OBJ_ARRAY(1, &op),
	};

	if (issue_well(K_BO_CREATE, fd, DRM_IOCTL_PANTHOR_BO_CREATE, &b))
		return 0;
	op.bo_handle = b.handle;
	m.handle = b.handle;
	issue_well(K_VM_BIND, fd, DRM_IOCTL_PANTHOR_VM_BIND, &bind);
	if (map && !issue_well(K_BO_MMAP_OFFSET, fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &m)) {
		*map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, m.offset);
		if (*map == MAP_FAILED)
			*map = NULL;
	}
	return b.handle;
}

void do_vm_create(const struct call *c)
{
	static const uint64_t ranges[] = { 1ull << 47, 1ull << 40, 1ull << 48, 1ull << 32 };
	struct drm_panthor_vm_create v = {
		.user_va_range = c->r[0] & 15 ? 0 : ranges[(c->r[0] >> 4) % ARRAY_SIZE(ranges)],
	};
	struct vm *vm = vm_at(c, c->slot[1]), made = { };

	if (issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_VM_CREATE, &v, sizeof(v), -1, -1))
		return;
	made.id = v.id;
	/* One in eight has nothing, and no stream runs in it */
	if (c->r[1] & 7) {
		made.code_bo = add_memory(c, &made, CODE_VA, CODE_SIZE,
					  DRM_PANTHOR_VM_BIND_OP_MAP_READONLY, &made.code);
		made.data_bo = add_memory(c, &made, RESULT_VA, RESULT_SIZE,
					  DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC |
					  DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED, NULL);
	}
	*vm = made;
}

void do_vm_destroy(const struct call *c)
{
	struct drm_panthor_vm_destroy d = {
		.id = handle_for(c, vm_at(c, c->slot[1])->id),
	};

	issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_VM_DESTROY, &d, sizeof(d), -1, -1);
}

void do_vm_get_state(const struct call *c)
{
	struct drm_panthor_vm_get_state s = {
		.vm_id = handle_for(c, vm_at(c, c->slot[1])->id),
	};

	issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_VM_GET_STATE, &s, sizeof(s), -1, -1);
}

/* --- Binds --------------------------------------------------------------- */

/*
 * Ranges of terabytes are what reservations make possible; without them 1 TiB is a warning
 * and ENOMEM.
 */
static uint64_t sparse_length(uint32_t r)
{
	static int vast = -1;

	if (vast < 0)
		vast = !access(debugfs_path("vm_tables"), F_OK);
	switch (r & 7) {
	case 0:
		return SZ_1G * (1 + (r >> 3) % 16);
	case 1:
		return vast ? SZ_1T * (1 + (r >> 3) % 8) : SZ_2M;
	default:
		return length(r >> 3);
	}
}

static struct drm_panthor_vm_bind_op one_op(const struct call *c, uint64_t *random)
{
	uint32_t r = next_random(random), s = next_random(random), t = next_random(random);
	struct bo *bo = bo_at(c, r >> 12 & 15 ? c->slot[2] : t);
	struct drm_panthor_vm_bind_op op = { .va = address(s), .size = length(t) };

	if (c->kind == K_VM_BIND_ASYNC && !(r >> 8 & 15)) {
		op = (struct drm_panthor_vm_bind_op){
			.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY,
		};
	} else if ((r & 15) < 5) {
		op.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP;
	} else if ((r & 15) < 7) {
		op.flags = DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE |
			   DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC;
		op.size = sparse_length(t);
		/* No queued operation ends beyond what the VM has, which is the VM's end */
		if (op.size > SZ_2M * 4)
			op.va = SZ_1T * (s % 16);
	} else {
		op.flags = r >> 5 & 7;
		op.bo_handle = bo->handle;
		if (bo->size && op.size > bo->size)
			op.size = bo->size;
		if (bo->size)
			op.bo_offset = (t >> 8) % ((bo->size - op.size) / SZ_4K + 1) * SZ_4K;
	}
	return op;
}

/* A synchronous call has no use for any: it gets them where they are wrong, or right */
static bool has_syncs(const struct call *c)
{
	return c->kind == K_VM_BIND_ASYNC || c->twist == T_SYNC || c->twist == T_NESTED;
}

/* In one of four, those of a synchronous call are as they have to be in another one */
static void nest_wrongly(const struct call *c, struct drm_panthor_vm_bind_op *op,
			 struct drm_panthor_sync_op *syncs)
{
	if (!op->syncs.count) {
		syncs[0] = (struct drm_panthor_sync_op){ .handle = sync_to_wait(c, 0) };
		op->syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, syncs);
	}
	if (c->kind == K_VM_BIND_ASYNC || c->r[4] & 3)
		disturb_nested(c, &op->syncs);
}

void do_vm_bind(const struct call *c)
{
	static __thread struct drm_panthor_vm_bind_op ops[MOST_OPS + 48];
	static __thread struct drm_panthor_sync_op syncs[MOST_OPS + NESTED_ZEROES / 8][8];
	uint64_t random = (uint64_t)c->r[0] << 32 | c->r[1];
	unsigned int n = 1 + (c->r[2] >> 2 & 3 ? c->r[2] >> 4 & 3 : (c->r[2] >> 4) % MOST_OPS);
	struct drm_panthor_vm_bind b = {
		.vm_id = handle_for(c, vm_at(c, c->slot[1])->id),
		.flags = c->kind == K_VM_BIND_ASYNC ? DRM_PANTHOR_VM_BIND_ASYNC : 0,
		.ops = DRM_PANTHOR_OBJ_ARRAY(n, ops),
	};

	memset(ops, 0, sizeof(ops));
	for (unsigned int i = 0; i < n; i++) {
		unsigned int count = 0;

		ops[i] = one_op(c, &random);
		if (has_syncs(c))
			count = sync_ops(c, syncs[i], next_random(&random));
		if (count)
			ops[i].syncs = (struct drm_panthor_obj_array)
				DRM_PANTHOR_OBJ_ARRAY(count, syncs[i]);
	}
	if (c->twist == T_NESTED)
		nest_wrongly(c, &ops[c->r[3] % n], syncs[c->r[3] % n]);
	/* All but its sync operations */
	if (c->twist == T_ELEMENT)
		disturb(c, &ops[c->r[3] % n], offsetof(struct drm_panthor_vm_bind_op, syncs));
	issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_VM_BIND, &b, sizeof(b),
	      offsetof(struct drm_panthor_vm_bind, ops), -1);
}

/* --- Buffers ------------------------------------------------------------- */

/*
 * A size that something is wrong with may be more than there is memory. Who maps that gets
 * all its pages in the call, which goes on for a process that was killed, until the kernel
 * finds nobody else to kill, and panics
 */
#define MOST_OF_A_BUFFER	(16 * SZ_1M)

void do_bo_create(const struct call *c)
{
	struct drm_panthor_bo_create b = { .size = length(c->r[0]) };
	struct bo *bo = bo_at(c, c->slot[1]);

	if (!(c->r[1] & 7))
		b.flags = DRM_PANTHOR_BO_NO_MMAP;
	else if ((c->r[1] & 7) == 1)
		b.flags = DRM_PANTHOR_BO_WB_MMAP;
	if (!(c->r[1] >> 3 & 7))
		b.exclusive_vm_id = handle_for(c, vm_at(c, c->slot[2])->id);
	if (issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_BO_CREATE, &b, sizeof(b), -1, -1))
		return;
	if (b.size <= MOST_OF_A_BUFFER)
		*bo = (struct bo){ .handle = b.handle, .size = b.size };
	else
		ioctl(file_of(c)->fd, DRM_IOCTL_GEM_CLOSE,
		      &(struct drm_gem_close){ .handle = b.handle });
}

void do_bo_close(const struct call *c)
{
	struct drm_gem_close g = { .handle = handle_for(c, bo_at(c, c->slot[1])->handle) };

	issue(c, file_of(c)->fd, DRM_IOCTL_GEM_CLOSE, &g, sizeof(g), -1, -1);
}

void do_bo_mmap_offset(const struct call *c)
{
	struct bo *bo = bo_at(c, c->slot[1]);
	struct drm_panthor_bo_mmap_offset m = { .handle = handle_for(c, bo->handle) };

	if (!issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &m, sizeof(m), -1, -1))
		bo->offset = m.offset;
}

void do_bo_set_label(const struct call *c)
{
	static __thread char text[8192];
	struct drm_panthor_bo_set_label l = {
		.handle = handle_for(c, bo_at(c, c->slot[1])->handle),
		.label = c->r[0] & 15 ? (uintptr_t)text : 0,
	};

	memset(text, 'a' + c->r[1] % 26, sizeof(text) - 1);
	text[c->r[0] & 32 ? c->r[1] % sizeof(text) : c->r[1] % 40] = '\0';
	issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &l, sizeof(l), -1,
	      offsetof(struct drm_panthor_bo_set_label, label));
}

void do_bo_sync(const struct call *c)
{
	static __thread struct drm_panthor_bo_sync_op ops[80];
	unsigned int n = 1 + c->r[0] % 4;
	struct drm_panthor_bo_sync s = { .ops = DRM_PANTHOR_OBJ_ARRAY(n, ops) };

	memset(ops, 0, sizeof(ops));
	for (unsigned int i = 0; i < n; i++) {
		struct bo *bo = bo_at(c, c->slot[1] + i * (c->r[1] % 3));

		ops[i].handle = handle_for(c, bo->handle);
		ops[i].type = c->r[1] >> (8 + i) & 1;
		ops[i].size = bo->size ? 1 + c->r[2] % bo->size : 0;
		ops[i].offset = bo->size ? (c->r[2] >> 8) % (bo->size - ops[i].size + 1) : 0;
	}
	if (c->twist == T_ELEMENT)
		disturb(c, &ops[c->r[3] % n], sizeof(ops[0]));
	issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_BO_SYNC, &s, sizeof(s),
	      offsetof(struct drm_panthor_bo_sync, ops), -1);
}

void do_bo_query_info(const struct call *c)
{
	struct drm_panthor_bo_query_info q = {
		.handle = handle_for(c, bo_at(c, c->slot[1])->handle),
	};

	issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_BO_QUERY_INFO, &q, sizeof(q), -1, -1);
}

/* --- Mappings ------------------------------------------------------------ */

static struct map *map_at(const struct call *c)
{
	return &me.map[c->slot[2] % MAPS];
}

static int unmap(struct map *m)
{
	void *at = m->at;

	m->at = NULL;
	return at && munmap(at, m->size) ? -errno : 0;
}

static int map_fd(struct map *m, int fd, uint64_t size, int prot, int flags, uint64_t offset)
{
	void *at = mmap(NULL, size, prot, flags, fd, offset);

	if (at == MAP_FAILED)
		return -errno;
	unmap(m);
	m->size = size;
	m->at = at;
	return 0;
}

/* Well, or in part, beyond the end, for oneself, for execution */
void do_mmap(const struct call *c)
{
	static const int prots[] = { PROT_READ, PROT_WRITE, PROT_NONE, PROT_READ | PROT_EXEC };
	struct bo *bo = bo_at(c, c->slot[1]);
	uint64_t size = bo->size ? bo->size : SZ_4K, offset = bo->offset;
	int prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED;

	if (!offset && c->r[2] & 3) {
		struct drm_panthor_bo_mmap_offset m = { .handle = bo->handle };

		issue_well(K_BO_MMAP_OFFSET, file_of(c)->fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &m);
		offset = m.offset;
		bo->offset = offset;
	}
	if (!(c->r[0] & 7))
		prot = prots[c->r[0] >> 3 & 3];
	if (c->r[0] >> 5 & 1 && size > SZ_4K)
		size = SZ_4K * (1 + c->r[1] % (size / SZ_4K));
	if (c->twist == T_WORD || c->twist == T_BIT)
		size = (uint64_t)odd_value(c->r[3]) + 1;
	if (c->twist == T_COUNT)
		offset += SZ_4K * (1 + c->r[3] % 16);
	if (c->twist == T_SIZE)
		flags = MAP_PRIVATE;
	if (!(c->r[0] >> 6 & 31))
		flags |= MAP_POPULATE;
	fail_begin(c);
	count(c, map_fd(map_at(c), file_of(c)->fd, size, prot, flags, offset));
	fail_end();
}

void do_munmap(const struct call *c)
{
	struct map *m = map_at(c);

	/* In part, so that it becomes two */
	if (m->at && m->size > 2 * SZ_4K && !(c->r[0] & 3)) {
		count(c, munmap((char *)m->at + SZ_4K, SZ_4K) ? -errno : 0);
		m->size = SZ_4K;
		return;
	}
	count(c, unmap(m));
}

void do_mremap(const struct call *c)
{
	struct map *m = map_at(c);
	uint64_t size = SZ_4K * (1 + c->r[0] % 600);
	void *at;

	if (!m->at) {
		count(c, -EINVAL);
		return;
	}
	/* Longer than the buffer it cannot become: that is refused */
	at = mremap(m->at, m->size, size, c->r[1] & 1 ? MREMAP_MAYMOVE : 0);
	if (at != MAP_FAILED) {
		m->at = at;
		m->size = size;
	}
	count(c, at == MAP_FAILED ? -errno : 0);
}

void do_madvise(const struct call *c)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_WILLNEED, MADV_COLD, MADV_PAGEOUT, MADV_DONTFORK,
		MADV_DOFORK, MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_HUGEPAGE,
	};
	struct map *m = map_at(c);

	if (!m->at)
		count(c, -EINVAL);
	else if (c->r[1] & 7)
		count(c, madvise(m->at, m->size, advice[c->r[0] % ARRAY_SIZE(advice)]) ?
		      -errno : 0);
	else
		count(c, mprotect(m->at, m->size, c->r[0] & 1 ? PROT_READ :
				  PROT_READ | PROT_WRITE) ? -errno : 0);
}

/* Memory may be gone: a mapping beyond a shorter buffer, a device that went */
void do_touch(const struct call *c)
{
	struct map *m = map_at(c);
	volatile uint32_t *word;

	if (!m->at) {
		count(c, -EINVAL);
		return;
	}
	word = (uint32_t *)((char *)m->at + (uint64_t)c->r[0] % m->size / 4 * 4);
	self.may_fault = true;
	if (sigsetjmp(self.fault, 1)) {
		self.may_fault = false;
		atomic_fetch_add(&shared->faulted, 1);
		count(c, -EFAULT);
		return;
	}
	if (c->r[1] & 1)
		*word = c->r[2];
	else
		(void)*word;
	self.may_fault = false;
	count(c, 0);
}

/* --- Registers ----------------------------------------------------------- */

void do_set_window(const struct call *c)
{
	struct drm_panthor_set_user_mmio_offset s = {
		.offset = c->r[0] & 1 ? DRM_PANTHOR_USER_MMIO_OFFSET_32BIT :
					DRM_PANTHOR_USER_MMIO_OFFSET_64BIT,
	};

	if (!issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_SET_USER_MMIO_OFFSET, &s, sizeof(s),
		   -1, -1))
		file_of(c)->low_window = c->r[0] & 1;
}

void do_mmio_map(const struct call *c)
{
	uint64_t offset = file_of(c)->low_window ? DRM_PANTHOR_USER_MMIO_OFFSET_32BIT :
						   DRM_PANTHOR_USER_MMIO_OFFSET_64BIT;
	int prot = PROT_READ, flags = MAP_SHARED;
	uint64_t size = SZ_4K;

	if (c->twist == T_WORD)
		size = SZ_4K * (2 + c->r[3] % 8);
	if (c->twist == T_BIT)
		prot |= PROT_WRITE;
	if (c->twist == T_SIZE)
		flags = MAP_PRIVATE;
	if (c->twist == T_COUNT)
		offset += SZ_4K * (1 + c->r[3] % 4);
	count(c, map_fd(map_at(c), file_of(c)->fd, size, prot, flags, offset));
}

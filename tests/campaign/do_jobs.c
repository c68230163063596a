// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Groups, jobs with the streams that they execute, tiler heaps, and what can be asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cs.h"
#include "host.h"
#include "issue.h"
#include "perform.h"

#define MOST_QUEUES	8
#define MOST_JOBS	4
#define CHUNK_WORDS	64	/* instructions that a stream may have */
#define CHUNKS		(CODE_SIZE / (CHUNK_WORDS * sizeof(uint64_t)))
#define WORD_BYTES	16
#define WORDS		256
#define BUSY_ROUNDS	20000

enum reg {
	R_DATA = 0,
	R_SRC = 64,
	R_DST = 66,
	R_COUNT = 68,
	R_TMP = 69,
	R_ADDR = 70,
	R_VAL = 72,
	R_CALL = 74,
	R_LEN = 76,
};

/* --- Streams ------------------------------------------------------------- */

static uint64_t word_va(uint32_t r)
{
	return RESULT_VA + RESULT_SIZE / 2 + r % WORDS * WORD_BYTES;
}

static void end(struct cs *cs)
{
	cs_mov32(cs, R_TMP, 0);
	cs_flush_caches(cs, R_TMP);
	cs_wait(cs, CS_SB_LS);
}

static void copies(struct cs *cs, uint64_t from, uint64_t to, uint32_t rounds)
{
	unsigned int loop;

	cs_mov48(cs, R_SRC, from);
	cs_mov48(cs, R_DST, to);
	cs_mov32(cs, R_COUNT, 1 + rounds % 64);
	loop = cs->count;
	cs_load(cs, R_DATA, R_SRC, 0xffff, 0);
	cs_wait(cs, CS_SB_LS);
	cs_store(cs, R_DATA, R_DST, 0xffff, 0);
	cs_add64(cs, R_SRC, R_SRC, 64);
	cs_add64(cs, R_DST, R_DST, 64);
	cs_add32(cs, R_COUNT, R_COUNT, -1);
	cs_wait(cs, CS_SB_LS);
	cs_branch(cs, CS_GT, R_COUNT, loop);
	end(cs);
}

static void busy(struct cs *cs, uint32_t rounds)
{
	unsigned int loop;

	cs_mov32(cs, R_COUNT, rounds);
	loop = cs->count;
	cs_add32(cs, R_COUNT, R_COUNT, -1);
	cs_branch(cs, CS_GT, R_COUNT, loop);
}

static void syncs(struct cs *cs, uint32_t r, bool wait)
{
	cs_mov48(cs, R_ADDR, word_va(r));
	cs_mov48(cs, R_VAL, wait ? 0 : 1);
	if (wait)
		cs_sync_wait64(cs, CS_GT, R_ADDR, R_VAL);
	else
		cs_sync_add64(cs, R_ADDR, R_VAL);
}

static void tiles(struct cs *cs, const struct call *c)
{
	cs_set_sb(cs, 1, 2);
	cs_mov48(cs, R_ADDR, file_of(c)->heap[c->r[0] % HEAPS].ctx_va);
	cs_heap_set(cs, R_ADDR);
	cs_heap_operation(cs, CS_VT_START);
	cs_mov32(cs, 33, 1 + c->r[1] % 64);
	cs_mov32(cs, 34, 1 + c->r[1] % 4);
	cs_mov32(cs, 40, 0);
	cs_run_tiling(cs);
	cs_finish_tiling(cs);
	cs_wait(cs, 1);
	cs_heap_operation(cs, CS_VT_END);
}

static void nests(struct cs *cs)
{
	cs_mov48(cs, R_CALL, cs->va);
	cs_mov32(cs, R_LEN, 16);
	cs_call(cs, R_CALL, R_LEN);
}

static void garbage(struct cs *cs, uint64_t random)
{
	for (unsigned int i = 0; i < 16; i++)
		cs_emit(cs, next_random(&random) % 64, next_random(&random) >> 8);
}

/* Most streams come to their end; a few fault, wait in vain or hang, and cost a group */
static void write_stream(struct cs *cs, const struct call *c, uint32_t r)
{
	uint64_t random = (uint64_t)c->r[1] << 32 | r;

	cs_set_sb(cs, 1, CS_SB_LS);
	switch (r % 200) {
	case 0:
		cs_undefined(cs);
		break;
	case 1:
		cs_branch(cs, CS_ALWAYS, 0, cs->count);
		break;
	case 2:
		syncs(cs, r >> 8, true);
		break;
	case 3 ... 4:
		garbage(cs, random);
		break;
	case 5 ... 10:
		copies(cs, address(c->r[1]), RESULT_VA, r >> 8);
		break;
	case 11 ... 13:
		copies(cs, RESULT_VA, address(c->r[1]), r >> 8);
		break;
	case 14 ... 20:
		tiles(cs, c);
		break;
	case 21 ... 22:
		nests(cs);
		break;
	case 23 ... 60:
		syncs(cs, r >> 8, false);
		break;
	case 61 ... 100:
		busy(cs, (r >> 8) % BUSY_ROUNDS);
		break;
	default:
		copies(cs, RESULT_VA, RESULT_VA + RESULT_SIZE / 4, r >> 8);
	}
}

/* A stream in the VM's memory for them, or nothing */
static bool stream_in(struct vm *vm, const struct call *c, uint32_t r, struct cs *cs)
{
	uint64_t *code = vm->code;
	unsigned int chunk = r % CHUNKS;

	if (!code || !(r >> 20 & 7))
		return false;
	*cs = (struct cs){
		.buf = code + chunk * CHUNK_WORDS, .max = CHUNK_WORDS,
		.va = CODE_VA + chunk * CHUNK_WORDS * sizeof(uint64_t),
	};
	self.may_fault = true;
	if (sigsetjmp(self.fault, 1)) {
		self.may_fault = false;
		atomic_fetch_add(&shared->faulted, 1);
		return false;
	}
	write_stream(cs, c, r >> 3);
	self.may_fault = false;
	return !cs->overflow;
}

/* --- Groups -------------------------------------------------------------- */

static struct group *group_at(const struct call *c)
{
	return &file_of(c)->group[c->slot[1] % GROUPS];
}

void do_group_create(const struct call *c)
{
	static __thread struct drm_panthor_queue_create q[MOST_QUEUES + 80];
	unsigned int n = 1 + c->r[0] % 3;
	struct drm_panthor_group_create g = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(n, q),
		.max_compute_cores = 1, .max_fragment_cores = 1, .max_tiler_cores = 1,
		.priority = c->r[1] & 3, .compute_core_mask = me.gpu.shader_present,
		.fragment_core_mask = me.gpu.shader_present,
		.tiler_core_mask = me.gpu.tiler_present,
		.vm_id = handle_for(c, vm_at(c, c->slot[2])->id),
	};

	memset(q, 0, sizeof(q));
	for (unsigned int i = 0; i < n; i++) {
		q[i].priority = (c->r[0] >> (4 + 4 * i)) % 16;
		q[i].ringbuf_size = SZ_4K << (c->r[1] >> (4 + 2 * i)) % 5;
	}
	if (c->twist == T_ELEMENT)
		disturb(c, &q[c->r[3] % n], sizeof(q[0]));
	if (!issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_GROUP_CREATE, &g, sizeof(g),
		   offsetof(struct drm_panthor_group_create, queues), -1))
		*group_at(c) = (struct group){ g.group_handle, c->slot[2] };
}

void do_group_destroy(const struct call *c)
{
	struct drm_panthor_group_destroy d = {
		.group_handle = handle_for(c, group_at(c)->handle),
	};

	issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_GROUP_DESTROY, &d, sizeof(d), -1, -1);
}

void do_group_submit(const struct call *c)
{
	static __thread struct drm_panthor_queue_submit jobs[MOST_JOBS + 70];
	static __thread struct drm_panthor_sync_op ops[MOST_JOBS + NESTED_ZEROES / 8][8];
	uint64_t random = (uint64_t)c->r[0] << 32 | c->r[1];
	unsigned int n = 1 + (c->r[2] >> 2 & 3 ? 0 : (c->r[2] >> 4) % MOST_JOBS);
	struct drm_panthor_group_submit g = {
		.group_handle = handle_for(c, group_at(c)->handle),
		.queue_submits = DRM_PANTHOR_OBJ_ARRAY(n, jobs),
	};

	memset(jobs, 0, sizeof(jobs));
	for (unsigned int i = 0; i < n; i++) {
		uint32_t r = next_random(&random);
		unsigned int m = sync_ops(c, ops[i], next_random(&random));
		struct cs cs;

		jobs[i].queue_index = r & 15 ? 0 : (r >> 4) % 3;
		if (stream_in(vm_at(c, group_at(c)->vm), c, r, &cs)) {
			jobs[i].stream_addr = cs.va;
			jobs[i].stream_size = cs.count * sizeof(uint64_t);
		}
		jobs[i].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(m, ops[i]);
	}
	if (c->twist == T_NESTED)
		disturb_nested(c, &jobs[c->r[3] % n].syncs);
	/* All but its sync operations */
	if (c->twist == T_ELEMENT)
		disturb(c, &jobs[c->r[3] % n], offsetof(struct drm_panthor_queue_submit, syncs));
	__sync_synchronize();
	issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &g, sizeof(g),
	      offsetof(struct drm_panthor_group_submit, queue_submits), -1);
}

void do_group_get_state(const struct call *c)
{
	struct drm_panthor_group_get_state s = {
		.group_handle = handle_for(c, group_at(c)->handle),
	};

	issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_GROUP_GET_STATE, &s, sizeof(s), -1, -1);
}

/* --- Heaps --------------------------------------------------------------- */

void do_heap_create(const struct call *c)
{
	struct drm_panthor_tiler_heap_create h = {
		.vm_id = handle_for(c, vm_at(c, c->slot[2])->id),
		.initial_chunk_count = 1 + c->r[0] % 3,
		.chunk_size = 0x20000 << (c->r[0] >> 4) % 3,
		.max_chunks = 3 + (c->r[0] >> 8) % 6,
		.target_in_flight = 1 + (c->r[0] >> 16) % 4,
	};
	struct heap *heap = &file_of(c)->heap[c->slot[1] % HEAPS];

	if (!issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &h, sizeof(h), -1, -1))
		*heap = (struct heap){ h.handle, h.tiler_heap_ctx_gpu_va };
}

void do_heap_destroy(const struct call *c)
{
	struct drm_panthor_tiler_heap_destroy d = {
		.handle = handle_for(c, file_of(c)->heap[c->slot[1] % HEAPS].handle),
	};

	issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY, &d, sizeof(d), -1, -1);
}

/* --- What can be asked --------------------------------------------------- */

void do_query(const struct call *c)
{
	static const uint16_t sizes[] = { sizeof(struct drm_panthor_gpu_info),
		sizeof(struct drm_panthor_csif_info), sizeof(struct drm_panthor_timestamp_info),
		sizeof(struct drm_panthor_group_priorities_info),
		sizeof(struct drm_panthor_mmu_info) };
	uint32_t out[256] = { 0 };
	struct drm_panthor_dev_query q = { .type = c->r[0] % ARRAY_SIZE(sizes) };

	q.size = c->r[1] & 7 ? sizes[q.type] : c->r[1] >> 3 & 0xff;
	q.pointer = c->r[1] & 0x1000000 && !(c->r[1] & 0xe00000) ? 0 : (uintptr_t)out;
	if (q.type == DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO)
		((struct drm_panthor_timestamp_info *)out)->flags =
			c->r[2] & 1 ? (c->r[2] >> 1) & 0xff : c->r[2] >> 1;
	issue(c, file_of(c)->fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &q, sizeof(q), -1,
	      offsetof(struct drm_panthor_dev_query, pointer));
}

/* Any number and any bytes. Words are small, mostly, so that they can be handles */
void do_raw(const struct call *c)
{
	uint64_t random = (uint64_t)c->r[0] << 32 | c->r[1];
	uint32_t arg[64];
	unsigned int nr = DRM_COMMAND_BASE + c->r[2] % 20;

	for (unsigned int i = 0; i < ARRAY_SIZE(arg); i++) {
		uint32_t r = next_random(&random);

		arg[i] = r & 3 ? (r >> 2) % 8 : odd_value(r >> 2);
	}
	count(c, ioctl(file_of(c)->fd, _IOC(c->r[3] & 3, 'd', nr, 8 * ((c->r[3] >> 2) % 12)),
		       arg) < 0 ? -errno : 0);
}

static int read_through(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, text, sizeof(text))) > 0)
		;
	n = n < 0 ? -errno : 0;
	close(fd);
	return n;
}

void do_fdinfo(const struct call *c)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", file_of(c)->fd);
	count(c, read_through(path));
}

void do_debugfs(const struct call *c)
{
	static const char * const files[] = { "gems", "gpuvas", "vm_tables", "clients", "name" };

	count(c, read_through(debugfs_path(files[c->r[0] % ARRAY_SIZE(files)])));
}

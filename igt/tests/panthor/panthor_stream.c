// SPDX-License-Identifier: MIT
/*
 * What the GPU sees of a VM, by command streams; see panthor_stream.h and panthor_bind.h.
 */
#include <unistd.h>

#include "panthor_bind.h"
#include "panthor_stream.h"

#define CODE_VA		0x40000000ull
#define CODE_SIZE	MB(2)
#define SEEN_VA		0x48000000ull
#define SEEN_SIZE	TILE
#define MAX_WORDS	4096
/* Behind those that are read */
#define STOP_WORD	8000
#define LOOPS_WORD	8008
#define CODE_ROOM	512	/* instructions that a stream may have */
#define START_MS	4000

enum { R_DATA = 0, R_SRC = 64, R_DST = 66, R_COUNT = 68, R_TMP = 69, R_ADDR = 70 };

static uint64_t word_va(unsigned int i)
{
	return SEEN_VA + i * sizeof(uint64_t);
}

static volatile uint64_t *word(struct pb *p, unsigned int i)
{
	return (uint64_t *)p->seen.map + i;
}

static void make_group(struct pb *p)
{
	struct drm_panthor_gpu_info info = { };
	struct drm_panthor_queue_create queue = { .ringbuf_size = KB(64) };
	struct drm_panthor_group_create g = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(1, &queue),
		.max_compute_cores = 1, .max_fragment_cores = 1, .max_tiler_cores = 1,
		.priority = PANTHOR_GROUP_PRIORITY_MEDIUM,
		.tiler_core_mask = 1, .vm_id = p->vm,
	};

	igt_panthor_query(p->fd, DRM_PANTHOR_DEV_QUERY_GPU_INFO, &info, sizeof(info), 0);
	g.compute_core_mask = info.shader_present;
	g.fragment_core_mask = info.shader_present;
	igt_panthor_group_create(p->fd, &g, 0);
	p->group = g.group_handle;
}

void stream_open(struct pb *p)
{
	igt_panthor_bo_create_mapped(p->fd, &p->code, CODE_SIZE, 0, 0);
	igt_panthor_bo_create_mapped(p->fd, &p->seen, SEEN_SIZE, 0, 0);
	igt_panthor_vm_bind(p->fd, p->vm, p->code.handle, CODE_VA, CODE_SIZE, OP_RO, 0);
	igt_panthor_vm_bind(p->fd, p->vm, p->seen.handle, SEEN_VA, SEEN_SIZE,
			    OP_NX | OP_UC, 0);
	make_group(p);
}

void stream_close(struct pb *p)
{
	igt_panthor_group_destroy(p->fd, p->group, 0);
	igt_panthor_free_bo(p->fd, &p->code);
	igt_panthor_free_bo(p->fd, &p->seen);
}

struct stream stream_begin(struct pb *p)
{
	struct stream s;

	/* The GPU is done with the first ones when it comes to the end */
	if (p->used + CODE_ROOM > CODE_SIZE / sizeof(uint64_t))
		p->used = 0;
	s = (struct stream){
		.code = (uint64_t *)p->code.map + p->used,
		.va = CODE_VA + p->used * sizeof(uint64_t),
	};
	st_begin(&s);
	return s;
}

void stream_queue(struct pb *p, const struct stream *s, uint32_t wait)
{
	struct drm_panthor_sync_op syncs[2] = { sync_signal(p->done, 0), sync_wait(wait, 0) };
	struct drm_panthor_queue_submit job = {
		.stream_size = s->count * sizeof(uint64_t), .stream_addr = s->va,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(wait ? 2 : 1, syncs),
	};
	struct drm_panthor_group_submit g = {
		.group_handle = p->group, .queue_submits = DRM_PANTHOR_OBJ_ARRAY(1, &job),
	};

	p->used += (s->count + 7) & -8;
	syncobj_reset(p->fd, &p->done, 1);
	__sync_synchronize();
	igt_panthor_group_submit(p->fd, &g, 0);
}

/* What the stream ended with: only what the group says of a fault is one */
static int end_of_stream(struct pb *p)
{
	struct drm_panthor_group_get_state s = { .group_handle = p->group };
	int fence = fence_of(p->fd, p->done);

	do_ioctl(p->fd, DRM_IOCTL_PANTHOR_GROUP_GET_STATE, &s);
	if (s.state & DRM_PANTHOR_GROUP_STATE_TIMEDOUT)
		return -ETIMEDOUT;
	if (s.state & DRM_PANTHOR_GROUP_STATE_FATAL_FAULT)
		return -EIO;
	return s.state || fence != 1 ? -ECANCELED : 0;
}

int stream_result(struct pb *p)
{
	int ret;

	igt_assert_eq(fence_wait(p->fd, p->done, 0, WAIT_MS), 0);
	__sync_synchronize();
	ret = end_of_stream(p);
	if (ret) {
		igt_panthor_group_destroy(p->fd, p->group, 0);
		make_group(p);
	}
	return ret;
}

int stream_run(struct pb *p, const struct stream *s)
{
	stream_queue(p, s, 0);
	return stream_result(p);
}

static void emit_read(struct stream *s, uint64_t va, uint64_t step, unsigned int n)
{
	unsigned int loop;

	st_mov48(s, R_SRC, va);
	st_mov48(s, R_DST, SEEN_VA);
	st_mov32(s, R_COUNT, n);
	loop = s->count;
	st_load(s, R_DATA, R_SRC);
	st_wait(s);
	st_store(s, R_DATA, R_DST);
	st_add64(s, R_SRC, step);
	st_add64(s, R_DST, sizeof(uint64_t));
	st_add32(s, R_COUNT, -1);
	st_wait(s);
	st_branch(s, COND_GT, R_COUNT, loop);
	st_end(s, R_TMP);
}

int gpu_read(struct pb *p, uint64_t va, uint64_t step, unsigned int n, uint64_t *words)
{
	struct stream s = stream_begin(p);
	int ret;

	igt_assert(n && n <= MAX_WORDS && step < GB(2));
	memset(p->seen.map, 0x5c, n * sizeof(uint64_t));
	emit_read(&s, va, step, n);
	ret = stream_run(p, &s);
	for (unsigned int i = 0; i < n; i++)
		words[i] = *word(p, i);
	return ret;
}

int gpu_write(struct pb *p, uint64_t va, uint64_t val)
{
	struct stream s = stream_begin(p);

	*word(p, 0) = val;
	st_mov48(&s, R_ADDR, SEEN_VA);
	st_load(&s, R_DATA, R_ADDR);
	st_wait(&s);
	st_mov48(&s, R_ADDR, va);
	st_store(&s, R_DATA, R_ADDR);
	st_wait(&s);
	st_end(&s, R_TMP);
	return stream_run(p, &s);
}

int gpu_execute(struct pb *p, uint64_t va, void *map)
{
	struct stream s = { .code = map, .va = va };
	unsigned int used = p->used;
	int ret;

	*word(p, 0) = 0;
	*word(p, 1) = 0xe0ec;
	st_begin(&s);
	st_mov48(&s, R_ADDR, word_va(1));
	st_load(&s, R_DATA, R_ADDR);
	st_wait(&s);
	st_mov48(&s, R_ADDR, word_va(0));
	st_store(&s, R_DATA, R_ADDR);
	st_end(&s, R_TMP);
	ret = stream_run(p, &s);
	p->used = used;
	if (!ret)
		igt_assert_eq_u64(*word(p, 0), 0xe0ec);
	return ret;
}

void gpu_sees_each(struct pb *p, uint64_t va, uint32_t id, uint64_t page,
		   unsigned int stride, unsigned int n)
{
	static uint64_t words[MAX_WORDS];

	igt_assert_f(!gpu_read(p, va, stride * PAGE, n, words),
		     "one of %u pages from %#" PRIx64 " faults\n", n, va);
	for (unsigned int i = 0; i < n; i++)
		igt_assert_f(words[i] == pb_word(id, page + i * stride),
			     "page %#" PRIx64 " has %#" PRIx64 ", not %#" PRIx64 "\n",
			     va + i * stride * PAGE, words[i], pb_word(id, page + i * stride));
}

void gpu_sees(struct pb *p, uint64_t va, uint32_t id, uint64_t page, unsigned int n)
{
	gpu_sees_each(p, va, id, page, 1, n);
}

void gpu_faults(struct pb *p, uint64_t va)
{
	uint64_t val;
	int ret = gpu_read(p, va, PAGE, 1, &val);

	igt_assert_f(ret == -EIO, "%#" PRIx64 ", where nothing is mapped, has %#" PRIx64 ": %d\n",
		     va, val, ret);
}

void gpu_loads_nothing(struct pb *p, uint64_t va)
{
	uint64_t val;

	igt_assert_f(!gpu_read(p, va, PAGE, 1, &val), "a load of %#" PRIx64 " faults\n", va);
	igt_assert_f(val >> 56 != 0xb0, "%#" PRIx64 " is not sparse, it has %#" PRIx64 "\n",
		     va, val);
}

void gpu_sparse(struct pb *p, uint64_t va)
{
	gpu_loads_nothing(p, va);
	igt_assert_f(!gpu_write(p, va, 0), "a store to %#" PRIx64 " faults\n", va);
}

void gpu_start(struct pb *p)
{
	struct stream s = stream_begin(p);
	long end = now_ms() + START_MS;
	unsigned int loop = s.count;

	*word(p, STOP_WORD) = 0;
	*word(p, LOOPS_WORD) = 0;
	st_mov48(&s, R_ADDR, word_va(LOOPS_WORD));
	st_mov48(&s, R_DATA, 1);
	st_store(&s, R_DATA, R_ADDR);
	st_mov48(&s, R_ADDR, word_va(STOP_WORD));
	st_load(&s, R_DATA, R_ADDR);
	st_wait(&s);
	st_branch(&s, COND_EQ, R_DATA, loop);
	st_end(&s, R_TMP);
	stream_queue(p, &s, 0);
	while (!*word(p, LOOPS_WORD) && now_ms() < end)
		sleep_ms(1);
	igt_assert_eq_u64(*word(p, LOOPS_WORD), 1);
}

int gpu_stop(struct pb *p)
{
	*word(p, STOP_WORD) = 1;
	return stream_result(p);
}

void gpu_hang(struct pb *p)
{
	struct stream s = stream_begin(p);

	st_mov32(&s, R_DATA, 0);
	st_branch(&s, COND_ALWAYS, R_DATA, s.count);
	stream_queue(p, &s, 0);
}

void gpu_read_after(struct pb *p, uint64_t va, uint32_t wait)
{
	struct stream s = stream_begin(p);

	*word(p, 0) = 0x5c;
	emit_read(&s, va, PAGE, 1);
	stream_queue(p, &s, wait);
}

int gpu_read_result(struct pb *p, uint64_t *val)
{
	int ret = stream_result(p);

	*val = *word(p, 0);
	return ret;
}

uint32_t failed_fence(struct pb *p)
{
	uint32_t out = syncobj_create(p->fd, 0);
	struct stream s = stream_begin(p);
	int fd;

	/* Where nothing is mapped */
	emit_read(&s, 0, PAGE, 1);
	stream_queue(p, &s, 0);
	igt_assert_eq(fence_wait(p->fd, p->done, 0, WAIT_MS), 0);
	igt_assert(fence_of(p->fd, p->done) < 0);
	fd = syncobj_handle_to_fd(p->fd, p->done,
				  DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE);
	syncobj_import_sync_file(p->fd, out, fd);
	close(fd);
	igt_assert_eq(stream_result(p), -EIO);
	return out;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What every scenario works with; see gpu.h.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "gpu.h"
#include "tap.h"

#define CHUNK		256	/* bytes that one round of the copy loop moves */
#define SYNC_SIZE	16
#define STREAM_ALIGN	8	/* instructions: 64 bytes */

void gpu_open(struct gpu *g, struct pan *p)
{
	memset(g, 0, sizeof(*g));
	g->pan = p;
	need(pan_vm_create(p, &g->vm));
	need(pan_bo_create(p, CMD_SIZE, 0, &g->cmd));
	need(pan_bo_create(p, WORDS_SIZE, 0, &g->words));
	need(pan_map(p, g->vm, CMD_VA, &g->cmd, 0, CMD_SIZE,
		     DRM_PANTHOR_VM_BIND_OP_MAP_READONLY));
	need(pan_map(p, g->vm, WORDS_VA, &g->words, 0, WORDS_SIZE,
		     DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC |
		     DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED));
	need(pan_syncobj_create(p, &g->done));
	need(pan_group_create(p, g->vm, 2, &g->group));
}

void gpu_end_group(struct gpu *g)
{
	if (g->group)
		need(pan_group_destroy(g->pan, g->group));
	g->group = 0;
}

void gpu_close(struct gpu *g)
{
	gpu_end_group(g);
	need(pan_vm_destroy(g->pan, g->vm));
	pan_syncobj_destroy(g->pan, g->done);
	pan_bo_destroy(g->pan, &g->cmd);
	pan_bo_destroy(g->pan, &g->words);
}

static uint64_t *word_ptr(const struct gpu *g, enum word w)
{
	return (uint64_t *)((char *)g->words.map + w * SYNC_SIZE);
}

uint64_t gpu_word(const struct gpu *g, enum word w)
{
	return __atomic_load_n(word_ptr(g, w), __ATOMIC_SEQ_CST);
}

void gpu_set_word(struct gpu *g, enum word w, uint64_t val)
{
	__atomic_store_n(word_ptr(g, w), val, __ATOMIC_SEQ_CST);
}

uint64_t gpu_word_va(enum word w)
{
	return WORDS_VA + w * SYNC_SIZE;
}

void gpu_bo(struct gpu *g, uint64_t size, struct pan_bo *bo)
{
	need(pan_bo_create(g->pan, size, 0, bo));
}

void gpu_map(struct gpu *g, uint64_t va, const struct pan_bo *bo,
	     uint64_t offset, uint64_t size)
{
	need(pan_map(g->pan, g->vm, va, bo, offset, size,
		     DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC));
}

struct cs gpu_cs(struct gpu *g)
{
	unsigned int at = (g->cmd_used + STREAM_ALIGN - 1) & -STREAM_ALIGN;
	struct cs cs = {
		.buf = (uint64_t *)g->cmd.map + at,
		.va = CMD_VA + at * sizeof(uint64_t),
		.max = CMD_SIZE / sizeof(uint64_t) - at,
	};

	/* One stream is written at a time: gpu_queue() takes what it used. */
	g->cmd_used = at;
	cs_set_sb(&cs, 1, CS_SB_LS);
	return cs;
}

void gpu_cs_keep(struct gpu *g, const struct cs *cs)
{
	unsigned int end = cs->buf + cs->count - (uint64_t *)g->cmd.map;

	if (g->cmd_used < end)
		g->cmd_used = end;
}

void cs_copy_args(struct cs *cs, uint64_t dst, uint64_t src, uint64_t size)
{
	cs_mov48(cs, R_SRC, src);
	cs_mov48(cs, R_DST, dst);
	cs_mov32(cs, R_COUNT, size / CHUNK);
}

void cs_copy_loop(struct cs *cs)
{
	unsigned int loop = cs->count;

	for (int i = 0; i < 4; i++)
		cs_load(cs, i * 16, R_SRC, 0xffff, i * 64);
	cs_wait(cs, CS_SB_LS);
	for (int i = 0; i < 4; i++)
		cs_store(cs, i * 16, R_DST, 0xffff, i * 64);
	cs_add64(cs, R_SRC, R_SRC, CHUNK);
	cs_add64(cs, R_DST, R_DST, CHUNK);
	cs_add32(cs, R_COUNT, R_COUNT, -1);
	cs_wait(cs, CS_SB_LS);
	cs_branch(cs, CS_GT, R_COUNT, loop);
}

void cs_copy(struct cs *cs, uint64_t dst, uint64_t src, uint64_t size)
{
	cs_copy_args(cs, dst, src, size);
	cs_copy_loop(cs);
}

void cs_word_add(struct cs *cs, enum word w, uint64_t val)
{
	cs_mov48(cs, R_ADDR, gpu_word_va(w));
	cs_mov48(cs, R_DATA, val);
	cs_sync_add64(cs, R_ADDR, R_DATA);
}

void cs_word_wait(struct cs *cs, enum word w, uint64_t val)
{
	cs_mov48(cs, R_ADDR, gpu_word_va(w));
	cs_mov48(cs, R_DATA, val);
	cs_sync_wait64(cs, CS_GT, R_ADDR, R_DATA);
}

void cs_until_stopped(struct cs *cs, unsigned int loop)
{
	cs_word_add(cs, WORD_LOOPS, 1);
	cs_mov48(cs, R_ADDR, gpu_word_va(WORD_STOP));
	cs_load(cs, R_DATA, R_ADDR, 0x1, 0);
	cs_wait(cs, CS_SB_LS);
	cs_branch(cs, CS_EQ, R_DATA, loop);
}

void cs_end(struct cs *cs)
{
	cs_mov32(cs, R_FLUSH, 0);
	cs_flush_caches(cs, R_FLUSH);
	cs_wait(cs, CS_SB_LS);
}

int gpu_queue(struct gpu *g, unsigned int queue, const struct cs *cs,
	      uint32_t wait, uint32_t signal)
{
	struct drm_panthor_sync_op syncs[2];
	unsigned int n = 0;
	struct drm_panthor_queue_submit job = {
		.queue_index = queue,
		.stream_size = cs->count * sizeof(uint64_t),
		.stream_addr = cs->va,
	};

	if (cs->overflow)
		return -ENOSPC;
	gpu_cs_keep(g, cs);
	if (wait)
		syncs[n++] = pan_wait(wait, 0);
	if (signal)
		syncs[n++] = pan_signal(signal, 0);
	job.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(n, syncs);
	__sync_synchronize();
	return pan_submit(g->pan, g->group, &job, 1);
}

int gpu_run(struct gpu *g, const struct cs *cs)
{
	int ret = gpu_queue(g, 0, cs, 0, g->done);

	if (!ret)
		ret = pan_syncobj_wait(g->pan, g->done, 0, PAN_TIMEOUT_MS);
	if (!ret && gpu_dead(g))
		ret = -EIO;
	return ret;
}

void gpu_start(struct gpu *g, const struct cs *cs)
{
	gpu_set_word(g, WORD_STOP, 0);
	gpu_set_word(g, WORD_LOOPS, 0);
	need(gpu_queue(g, 0, cs, 0, g->done));
	for (int i = 0; i < 2000 && !gpu_word(g, WORD_LOOPS); i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

int gpu_stop(struct gpu *g)
{
	int ret;

	gpu_set_word(g, WORD_STOP, 1);
	ret = pan_syncobj_wait(g->pan, g->done, 0, PAN_TIMEOUT_MS);
	return !ret && gpu_dead(g) ? -EIO : ret;
}

void gpu_start_idling(struct gpu *g)
{
	struct cs cs = gpu_cs(g);

	cs_until_stopped(&cs, cs.count);
	cs_end(&cs);
	gpu_start(g, &cs);
}

int gpu_touch_each(struct gpu *g, uint64_t va, uint32_t step, unsigned int count)
{
	struct cs cs = gpu_cs(g);
	unsigned int loop;

	cs_mov48(&cs, R_SRC, va);
	cs_mov32(&cs, R_COUNT, count);
	loop = cs.count;
	cs_load(&cs, 0, R_SRC, 0xffff, 0);
	cs_wait(&cs, CS_SB_LS);
	cs_store(&cs, 0, R_SRC, 0xffff, 64);
	cs_wait(&cs, CS_SB_LS);
	cs_add64(&cs, R_SRC, R_SRC, step);
	cs_add32(&cs, R_COUNT, R_COUNT, -1);
	cs_branch(&cs, CS_GT, R_COUNT, loop);
	cs_end(&cs);
	return gpu_run(g, &cs);
}

int gpu_copy(struct gpu *g, uint64_t dst, uint64_t src, uint64_t size)
{
	struct cs cs = gpu_cs(g);

	cs_copy(&cs, dst, src, size);
	cs_end(&cs);
	return gpu_run(g, &cs);
}

bool gpu_dead(const struct gpu *g)
{
	struct drm_panthor_group_get_state s;

	return pan_group_state(g->pan, g->group, &s) || s.state;
}

int gpu_revive(struct gpu *g)
{
	int ret = pan_group_destroy(g->pan, g->group);

	return ret ? ret : pan_group_create(g->pan, g->vm, 2, &g->group);
}

uint64_t pattern(uint32_t seed, uint64_t i)
{
	uint64_t x = ((uint64_t)seed << 40) + i + 1;

	/* Any bijection that mixes well: no two (seed, i) collide */
	x *= 0x9e3779b97f4a7c15ull;
	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ull;
	return x ^ x >> 32;
}

uint64_t dice(uint32_t seed, uint64_t *turn, uint64_t sides)
{
	return pattern(seed, (*turn)++) % sides;
}

void fill(void *p, uint32_t seed, uint64_t size)
{
	uint64_t *w = p;

	for (uint64_t i = 0; i < size / sizeof(*w); i++)
		w[i] = pattern(seed, i);
	__sync_synchronize();
}

bool holds(const void *p, uint32_t seed, uint64_t from, uint64_t size)
{
	const uint64_t *w = p;

	__sync_synchronize();
	for (uint64_t i = 0; i < size / sizeof(*w); i++) {
		uint64_t want = pattern(seed, from / sizeof(*w) + i);

		if (w[i] == want)
			continue;
		detail("byte 0x%llx is 0x%016llx, wanted 0x%016llx",
		       (unsigned long long)(i * sizeof(*w)),
		       (unsigned long long)w[i], (unsigned long long)want);
		return false;
	}
	return true;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compute jobs: workgroup after workgroup, each as warps that take turns.
 *
 * Invariants:
 * - Workgroups execute one at a time, x first, and a job between two of them is
 *   its numbers. The memory that a group has is dropped when the job pauses and
 *   made anew, with the descriptors read again, when it goes on.
 * - A warp executes until it ends, waits at a barrier or the budget is spent.
 *   When none can execute, all that have not ended wait at the same barrier.
 */
#include <stdlib.h>
#include <string.h>

#include "warp.h"

/**
 * struct shader_group - a job under way
 * @env: What all its threads have in common.
 * @dim: Threads of a workgroup, by axis.
 * @threads: And together.
 * @active: A workgroup is under way.
 * @num_warps: Its warps.
 * @turn: The warp that executes.
 * @warps: All of them.
 */
struct shader_group {
	struct shader_env env;
	uint32_t dim[3], threads;
	bool active;
	unsigned int num_warps, turn;
	struct warp warps[];
};

struct shader *shader_new(const struct shader_ops *ops)
{
	struct shader *sh = calloc(1, sizeof(*sh));

	if (sh)
		sh->ops = ops;
	return sh;
}

void shader_free(struct shader *sh)
{
	if (sh)
		code_free(sh);
	free(sh);
}

void shader_get_stats(const struct shader *sh, struct shader_stats *stats)
{
	*stats = sh->stats;
}

static uint64_t reg_pair(const uint32_t *regs, unsigned int first,
			 uint64_t instr, unsigned int select)
{
	first += 2 * isa_bits(instr, select, 2);
	return regs[first] | (uint64_t)regs[first + 1] << 32;
}

void shader_dispatch_init(struct shader_dispatch *d, const uint32_t *regs,
			  uint64_t instr)
{
	*d = (struct shader_dispatch){
		.srt = reg_pair(regs, 0, instr, 40),
		.fau = reg_pair(regs, 8, instr, 46),
		.spd = reg_pair(regs, 16, instr, 42),
		.tsd = reg_pair(regs, 24, instr, 44),
		.attribute_offset = regs[32],
		.wg_size = regs[33],
	};
	memcpy(d->offset, regs + 34, sizeof(d->offset));
	memcpy(d->size, regs + 37, sizeof(d->size));
}

void shader_job_cancel(struct shader_job *job)
{
	free(job->group);
	job->group = NULL;
}

/* --- Start ---------------------------------------------------------------- */

/* More workgroups than 64 bits can count are never finished anyway. */
static uint64_t count_groups(const uint32_t *size)
{
	unsigned __int128 n = (unsigned __int128)size[0] * size[1];

	n *= size[2];
	return n > UINT64_MAX ? UINT64_MAX : n;
}

static bool job_invalid(const struct shader_job *job, const char *why,
			struct shader_fault *fault)
{
	*fault = (struct shader_fault){
		.exception = SHADER_DATA_INVALID, .va = job->d.spd, .why = why,
	};
	return false;
}

static bool group_new(struct shader *sh, struct shader_job *job,
		      struct shader_fault *fault)
{
	struct shader_group *g;
	uint32_t dim[3], threads;
	unsigned int warps;

	for (unsigned int i = 0; i < 3; i++)
		dim[i] = (job->d.wg_size >> i * 10 & 0x3ff) + 1;
	threads = dim[0] * dim[1] * dim[2];
	if (threads > SHADER_MAX_THREADS)
		return job_invalid(job, "too many threads in a workgroup",
				   fault);
	warps = (threads + LANES - 1) / LANES;
	/* Registers have the alignment of vectors. */
	g = aligned_alloc(64, (sizeof(*g) + warps * sizeof(struct warp) + 63) &
			  ~63ul);
	if (!g)
		return job_invalid(job, "no memory for warps", fault);
	memset(g, 0, sizeof(*g));
	memcpy(g->dim, dim, sizeof(dim));
	g->threads = threads;
	g->num_warps = warps;
	g->env.sh = sh;
	g->env.ctx = job->ctx;
	g->env.job_id = ++sh->last_job;
	job->group = g;
	return true;
}

static bool job_start(struct shader *sh, struct shader_job *job,
		      struct shader_fault *fault)
{
	job->total = count_groups(job->d.size);
	if (job->d.next >= job->total)
		return true;
	if (!group_new(sh, job, fault))
		return false;
	if (!desc_env(&job->group->env, job, fault)) {
		shader_job_cancel(job);
		return false;
	}
	sh->stats.jobs += !job->d.next;
	return true;
}

/* --- Workgroups ----------------------------------------------------------- */

/* Registers 48 and up that the program asks for; r55 to r62 mean something */
static void preload(struct warp *w, const struct shader_group *g,
		    const struct shader_job *job, const uint32_t *wg,
		    unsigned int lane)
{
	uint32_t t = w->first + lane;
	uint32_t id[3] = { t % g->dim[0], t / g->dim[0] % g->dim[1],
			   t / g->dim[0] / g->dim[1] };
	uint32_t val[16] = { [7] = id[0] | id[1] << 16, [8] = id[2] };

	for (unsigned int i = 0; i < 3; i++) {
		val[9 + i] = wg[i];
		val[12 + i] = wg[i] * g->dim[i] + id[i] + job->d.offset[i];
	}
	for (unsigned int i = 0; i < 16; i++)
		if (g->env.preload >> i & 1)
			w->r[48 + i].u32[lane] = val[i];
}

static void group_start(struct shader_group *g, const struct shader_job *job)
{
	uint64_t n = job->d.next;
	uint32_t wg[3] = { n % job->d.size[0], n / job->d.size[0] % job->d.size[1],
			   n / job->d.size[0] / job->d.size[1] };

	for (unsigned int i = 0; i < g->num_warps; i++) {
		struct warp *w = &g->warps[i];
		unsigned int lanes = g->threads - i * LANES;

		if (lanes > LANES)
			lanes = LANES;
		warp_start(w, &g->env, lanes);
		w->first = i * LANES;
		w->id = i;
		w->wls = 0;
		if (g->env.wls_base)
			w->wls = g->env.wls_base + (n & (g->env.wls_count - 1)) *
				 g->env.wls_size;
		for (unsigned int lane = 0; lane < lanes; lane++)
			preload(w, g, job, wg, lane);
	}
	g->env.sh->stats.warps += g->num_warps;
	g->turn = 0;
	g->active = true;
}

/* The next warp that can execute, from the one whose turn it is; NULL if none */
static struct warp *group_ready(struct shader_group *g)
{
	for (unsigned int i = 0; i < g->num_warps; i++) {
		unsigned int n = (g->turn + i) % g->num_warps;

		if (g->warps[n].state == WARP_READY) {
			g->turn = n;
			return &g->warps[n];
		}
	}
	return NULL;
}

/* Nobody can execute: those who are left have all arrived, or nobody is left */
static bool group_release(struct shader_group *g)
{
	bool any = false;

	for (unsigned int i = 0; i < g->num_warps; i++) {
		g->warps[i].arrived = false;
		if (g->warps[i].state != WARP_BARRIER)
			continue;
		g->warps[i].state = WARP_READY;
		any = true;
	}
	return any;
}

static enum shader_result warp_failed(struct shader *sh, struct warp *w,
				      struct shader_fault *fault)
{
	*fault = w->fault;
	w->state = WARP_READY;
	if (fault->stall)
		return SHADER_STALL;
	sh->stats.faults++;
	return SHADER_FAULT;
}

/* SHADER_DONE when the workgroup is */
static enum shader_result group_run(struct shader *sh, struct shader_group *g,
				    int64_t *budget, struct shader_fault *fault)
{
	for (;;) {
		struct warp *w = group_ready(g);

		if (!w) {
			if (!group_release(g))
				return SHADER_DONE;
			continue;
		}
		switch (warp_run(w, budget)) {
		case WARP_READY:
			return SHADER_MORE;
		case WARP_FAULT:
			return warp_failed(sh, w, fault);
		default:
			break;
		}
	}
}

static enum shader_result start_failed(struct shader *sh,
				       const struct shader_fault *fault)
{
	if (fault->stall)
		return SHADER_STALL;
	sh->stats.faults++;
	return SHADER_FAULT;
}

static enum shader_result run(struct shader *sh, struct shader_job *job,
			      int64_t budget, bool one_group,
			      struct shader_fault *fault)
{
	struct shader_group *g;
	enum shader_result r;

	memset(fault, 0, sizeof(*fault));
	if (!job->group && one_group)
		return SHADER_PAUSED;
	if (!job->group && !job_start(sh, job, fault))
		return start_failed(sh, fault);
	g = job->group;
	while (job->d.next < job->total) {
		if (!g->active && one_group) {
			shader_job_cancel(job);
			return SHADER_PAUSED;
		}
		if (!g->active && budget <= 0)
			return SHADER_MORE;
		if (!g->active) {
			group_start(g, job);
			budget -= g->num_warps * SHADER_WARP_COST;
			sh->stats.work += g->num_warps * SHADER_WARP_COST;
		}
		r = group_run(sh, g, &budget, fault);
		if (r != SHADER_DONE)
			return r;
		g->active = false;
		job->d.next++;
		sh->stats.workgroups++;
	}
	shader_job_cancel(job);
	return SHADER_DONE;
}

enum shader_result shader_run(struct shader *sh, struct shader_job *job,
			      int64_t budget, struct shader_fault *fault)
{
	return run(sh, job, budget, false, fault);
}

enum shader_result shader_run_group(struct shader *sh, struct shader_job *job,
				    int64_t budget, struct shader_fault *fault)
{
	return run(sh, job, budget, true, fault);
}

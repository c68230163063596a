// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The shader cores as command streams use them; see cores.h.
 *
 * Guest memory is written in place. The machine is told of what lies between the
 * first and the last byte written to a page when another page is written, and at
 * the end.
 */
#include <stdlib.h>

#include "cores.h"

/* What CSG_CONFIG can name; more than there are, and the others fault */
#define NUM_SPACES	16u

/**
 * struct space - an address space as jobs see it
 * @cores: What it belongs to.
 * @as: Its number.
 */
struct space {
	struct mali_cores *cores;
	unsigned int as;
};

/**
 * struct mali_cores - the shader cores
 * @base: What they stand on.
 * @mmu: Their way to memory.
 * @gpu: It knows when code is dropped.
 * @shader: What executes.
 * @space: Address spaces.
 * @code_epoch: Code was dropped as of this value of mali_gpu_code_epoch().
 * @seen: What the shader counted that is in the counters of the base.
 * @page: Host page that was written last.
 * @first: First byte of it that the machine does not know of.
 * @end: Behind the last one; 0 if there is none.
 */
struct mali_cores {
	struct mali_base *base;
	struct mali_mmu *mmu;
	struct mali_gpu *gpu;
	struct shader *shader;
	struct space space[NUM_SPACES];
	uint32_t code_epoch;
	struct shader_stats seen;
	uint8_t *page;
	size_t first;
	size_t end;
};

/* --- Memory ---------------------------------------------------------------- */

static void *map(void *ctx, uint64_t va, enum shader_access access,
		 struct shader_fault *fault)
{
	const struct space *sp = ctx;
	struct mali_mmu_fault f;
	uint8_t *page;

	/* Both name accesses as FAULTSTATUS does */
	switch (mali_mmu_page(sp->cores->mmu, sp->as, va,
			      (enum mali_mmu_access)access, &page, &f)) {
	case MALI_MMU_OK:
		return page;
	case MALI_MMU_STALL:
		fault->stall = true;
		return NULL;
	default:
		fault->exception = f.exception;
		return NULL;
	}
}

static void tell(struct mali_cores *c)
{
	if (c->end)
		mali_page_wrote(c->base, c->page + c->first, c->end - c->first);
	c->end = 0;
}

static void wrote(void *ctx, uint64_t va, void *host, size_t len)
{
	struct mali_cores *c = ((const struct space *)ctx)->cores;
	size_t first = va & ~MALI_PAGE_MASK;
	uint8_t *page = (uint8_t *)host - first;

	if (!c->end || page != c->page) {
		tell(c);
		c->page = page;
		c->first = first;
		c->end = first + len;
	}
	if (first < c->first)
		c->first = first;
	if (first + len > c->end)
		c->end = first + len;
}

static const struct shader_ops ops = { .map = map, .wrote = wrote };

/* --- Counters -------------------------------------------------------------- */

/* Take over what was counted; what of the budget that was. */
static int64_t count(struct mali_cores *c)
{
	struct mali_stats *to = mali_base_stats(c->base);
	struct shader_stats was = c->seen, *s = &c->seen;

	shader_get_stats(c->shader, s);
	to->dispatches += s->jobs - was.jobs;
	to->workgroups += s->workgroups - was.workgroups;
	to->warps += s->warps - was.warps;
	to->shader_instrs += s->instrs - was.instrs;
	to->lane_instrs += s->lane_instrs - was.lane_instrs;
	to->shader_faults += s->faults - was.faults;
	return s->work - was.work;
}

/* --- Jobs ------------------------------------------------------------------ */

enum shader_result mali_cores_run(struct mali_cores *c, struct shader_job *job,
				  int64_t *budget, bool one_group,
				  struct shader_fault *fault)
{
	uint32_t epoch = mali_gpu_code_epoch(c->gpu);
	enum shader_result r;

	if (c->code_epoch != epoch)
		shader_flush_code(c->shader);
	c->code_epoch = epoch;
	r = one_group ? shader_run_group(c->shader, job, *budget, fault) :
			shader_run(c->shader, job, *budget, fault);
	tell(c);
	*budget -= count(c);
	return r;
}

void *mali_cores_space(struct mali_cores *c, unsigned int as)
{
	return &c->space[as % NUM_SPACES];
}

/* --- Life ------------------------------------------------------------------ */

struct mali_cores *mali_cores_new(struct mali_base *base, struct mali_mmu *mmu,
				  struct mali_gpu *gpu, bool keep_code)
{
	struct mali_cores *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->base = base;
	c->mmu = mmu;
	c->gpu = gpu;
	for (unsigned int as = 0; as < NUM_SPACES; as++)
		c->space[as] = (struct space){ c, as };
	c->shader = shader_new(&ops);
	if (!c->shader) {
		free(c);
		return NULL;
	}
	shader_keep_code(c->shader, keep_code);
	return c;
}

void mali_cores_free(struct mali_cores *c)
{
	if (!c)
		return;
	shader_free(c->shader);
	free(c);
}

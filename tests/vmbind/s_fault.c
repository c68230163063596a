// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must fault does, the group reports it, and life goes on: a new group
 * in the same VM works again.
 */
#include <errno.h>

#include "gpu.h"
#include "scenarios.h"
#include "tap.h"

#define SRC_VA	DATA_VA
#define DST_VA	(DATA_VA + 0x100000000ull)

/* Where no block was ever bound */
#define PAGES_VA (DATA_VA + 0x180000000ull)

struct fault {
	struct gpu gpu;
	struct pan_bo src;
	struct pan_bo dst;
};

/* The group is dead and says why; then a new one takes its place */
static void expect_death(struct fault *f, int ret, const char *why)
{
	struct drm_panthor_group_get_state state;
	struct gpu *g = &f->gpu;
	struct cs cs = gpu_cs(g);

	detail("the job ended with %d", ret);
	ok(ret == -EIO, "%s kills the job", why);
	need(pan_group_state(g->pan, g->group, &state));
	detail("state 0x%x, fatal queues 0x%x", state.state,
	       state.fatal_queues);
	ok(state.state & DRM_PANTHOR_GROUP_STATE_FATAL_FAULT &&
	   state.fatal_queues & 1, "GROUP_GET_STATE reports it (%s)", why);
	is(pan_vm_state(g->pan, g->vm), DRM_PANTHOR_VM_STATE_USABLE,
	   "the VM stays usable");
	cs_end(&cs);
	is(gpu_queue(g, 0, &cs, 0, 0), -EINVAL,
	   "the dead group takes no more jobs");
	if (gpu_dead(g))
		need(gpu_revive(g));
}

static bool alive(struct fault *f)
{
	struct gpu *g = &f->gpu;

	gpu_map(g, SRC_VA, &f->src, 0, SZ_2M);
	fill(f->dst.map, 99, SZ_2M);
	if (gpu_copy(g, DST_VA, SRC_VA, SZ_2M)) {
		detail("the copy failed");
		return false;
	}
	return holds(f->dst.map, 1, 0, SZ_2M);
}

static void fault_unbound(struct fault *f)
{
	struct gpu *g = &f->gpu;

	expect_death(f, gpu_copy(g, DST_VA, SRC_VA + 16 * SZ_1G, SZ_64K),
		     "a load where nothing was ever bound");
	ok(alive(f), "a new group in the same VM works");
}

static void fault_after_unmap(struct fault *f, uint64_t size, const char *why)
{
	struct gpu *g = &f->gpu;

	ok(alive(f), "the memory is there before %s", why);
	need(pan_unmap(g->pan, g->vm, SRC_VA, size));
	expect_death(f, gpu_copy(g, DST_VA, SRC_VA, SZ_64K), why);
	ok(alive(f), "bound again, it is there again (%s)", why);
}

static void fault_readonly(struct fault *f)
{
	struct gpu *g = &f->gpu;

	need(pan_map(g->pan, g->vm, SRC_VA, &f->src, 0, SZ_2M,
		     DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC |
		     DRM_PANTHOR_VM_BIND_OP_MAP_READONLY));
	ok(!gpu_copy(g, DST_VA, SRC_VA, SZ_2M) && holds(f->dst.map, 1, 0, SZ_2M),
	   "a read-only mapping can be read");
	fill(f->dst.map, 3, SZ_2M);
	expect_death(f, gpu_copy(g, SRC_VA, DST_VA, SZ_64K),
		     "a store to a read-only mapping");
	ok(holds(f->src.map, 1, 0, SZ_2M), "the read-only memory is untouched");
	ok(alive(f), "mapped for writing again, it works");
}

static void fault_instruction(struct fault *f)
{
	struct gpu *g = &f->gpu;
	struct cs cs = gpu_cs(g);

	cs_undefined(&cs);
	cs_end(&cs);
	expect_death(f, gpu_run(g, &cs), "an undefined instruction");
	ok(alive(f), "a new group works after it");
}

/* What another VM of the same file does is not hurt */
static void fault_neighbour(struct fault *f)
{
	struct gpu *g = &f->gpu, other;
	struct pan_bo dst;

	gpu_open(&other, g->pan);
	gpu_bo(&other, SZ_2M, &dst);
	gpu_map(&other, SRC_VA, &f->src, 0, SZ_2M);
	gpu_map(&other, DST_VA, &dst, 0, SZ_2M);
	need(pan_unmap(g->pan, g->vm, SRC_VA, SZ_2M));
	expect_death(f, gpu_copy(g, DST_VA, SRC_VA, SZ_64K),
		     "an unmap in one of two VMs");
	ok(!gpu_copy(&other, DST_VA, SRC_VA, SZ_2M) &&
	   holds(dst.map, 1, 0, SZ_2M), "the other VM still has the memory");
	gpu_close(&other);
}

void run_fault(void)
{
	struct fault f;
	struct pan p;

	need(pan_open(&p));
	gpu_open(&f.gpu, &p);
	gpu_bo(&f.gpu, SZ_2M, &f.src);
	gpu_bo(&f.gpu, SZ_2M, &f.dst);
	fill(f.src.map, 1, SZ_2M);
	gpu_map(&f.gpu, DST_VA, &f.dst, 0, SZ_2M);
	fault_unbound(&f);
	fault_after_unmap(&f, SZ_2M, "an unmap of everything");
	fault_after_unmap(&f, SZ_64K, "an unmap of the first 64 KiB");
	fault_readonly(&f);
	fault_instruction(&f);
	fault_neighbour(&f);
	gpu_close(&f.gpu);
	pan_close(&p);
}

/*
 * What is unmapped must fault, and nothing else is done with the VM. Where the flush
 * is missing, a group that is made after a fault has its buffers at the addresses of
 * the one before, and the GPU would write to memory that is free.
 */
static void unmapped(uint64_t va, uint64_t offset, uint64_t then, const char *why)
{
	struct pan_bo src, dst;
	struct gpu g;
	struct pan p;
	int ret;

	need(pan_open(&p));
	gpu_open(&g, &p);
	gpu_bo(&g, 2 * SZ_2M, &src);
	gpu_bo(&g, SZ_2M, &dst);
	fill(src.map, 5, 2 * SZ_2M);
	gpu_map(&g, DST_VA, &dst, 0, SZ_2M);
	gpu_map(&g, va, &src, offset, SZ_2M);
	ok(!gpu_copy(&g, DST_VA, va, SZ_64K) &&
	   holds(dst.map, 5, offset, SZ_64K), "2 MiB are there before %s", why);
	need(pan_unmap(g.pan, g.vm, va, SZ_2M));
	ret = gpu_copy(&g, DST_VA, va + then, SZ_64K);
	detail("the job ended with %d", ret);
	ok(ret == -EIO, "%s kills the job", why);
	gpu_close(&g);
	pan_bo_destroy(&p, &src);
	pan_bo_destroy(&p, &dst);
	pan_close(&p);
}

void run_gone(void)
{
	unmapped(SRC_VA, 0, 0, "an unmap of everything");
}

/*
 * 2 MiB that are no block, as memory and address do not fit each other, have a
 * table of their own, which goes with them. The GPU knows it from the first
 * 64 KiB, and has to forget it before it looks for the second.
 */
void run_walk(void)
{
	unmapped(PAGES_VA, SZ_64K, SZ_64K, "an unmap of a whole table");
}

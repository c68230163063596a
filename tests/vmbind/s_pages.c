// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What binds cost in page-table pages: taken when they are queued, held while
 * they are, used once they have run, idle when everything is unmapped again, kept
 * when reclaim has taken what it can, left when the VM is gone. Each row is
 * measured in a VM of its own, behind a shut gate.
 *
 * The numbers are the report; what is tested here is what must hold for any
 * kernel: the table never shrinks below what is mapped, nothing is left. Binds
 * that upstream cannot do are rows with its errno; a kernel with reservations
 * must do them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acct.h"
#include "gate.h"
#include "gpu.h"
#include "refused.h"
#include "scenarios.h"
#include "tap.h"

#define VA	DATA_VA
/* All that a row may bind */
#define SPAN	(64 * SZ_1T)

struct pages {
	struct pan pan;
	struct gate gate;
	struct gpu gpu;
	struct pan_bo bo;
	uint32_t out;
	/* Upstream's driver has the root from elsewhere: it is not counted there */
	long root;
};

/**
 * struct cost - one row of the table
 * @before: Binds that the VM has before the measurement.
 * @fill: Writes the @ops operations that are measured.
 * @min_used: Tables that the operations need at least, by the format.
 * @shared: Tables that they need where sparse mappings share theirs: no more, no less.
 * @timeout_ms: How long they may run, PAN_TIMEOUT_MS when it is 0.
 */
struct cost {
	const char *id;
	const char *what;
	void (*before)(struct pages *p);
	void (*fill)(struct pages *p, struct drm_panthor_vm_bind_op *ops);
	unsigned int ops;
	long min_used;
	long shared;
	unsigned int timeout_ms;
};

static void before_populated(struct pages *p)
{
	/* Page by page, so that there are tables of the last level */
	for (uint64_t at = 0; at < SZ_2M; at += SZ_64K)
		need(pan_map(&p->pan, p->gpu.vm, VA + at, &p->bo, at, SZ_64K, 0));
}

static void before_block(struct pages *p)
{
	need(pan_map(&p->pan, p->gpu.vm, VA, &p->bo, 0, SZ_2M, 0));
}

/* A tile in each 2 MiB of 1 GiB */
static void before_wide(struct pages *p)
{
	for (uint64_t at = 0; at < SZ_1G; at += SZ_2M)
		need(pan_map(&p->pan, p->gpu.vm, VA + at, &p->bo, 0, SZ_64K, 0));
}

static void fill_tile(struct pages *p, struct drm_panthor_vm_bind_op *ops)
{
	ops[0] = pan_op_map(VA + SZ_64K, &p->bo, 0, SZ_64K);
}

static void fill_block(struct pages *p, struct drm_panthor_vm_bind_op *ops)
{
	ops[0] = pan_op_map(VA, &p->bo, 0, SZ_2M);
}

static void fill_scattered(struct pages *p, struct drm_panthor_vm_bind_op *ops)
{
	for (unsigned int i = 0; i < 512; i++)
		ops[i] = pan_op_map(VA + i * SZ_4K, &p->bo,
				    (511 - i) * SZ_4K, SZ_4K);
}

static void fill_split(struct pages *p, struct drm_panthor_vm_bind_op *ops)
{
	(void)p;
	ops[0] = pan_op_unmap(VA + SZ_1M, SZ_64K);
}

static void fill_sparse(struct pages *p, struct drm_panthor_vm_bind_op *ops)
{
	(void)p;
	ops[0] = pan_op_sparse(VA, 16 * SZ_1G);
}

static void fill_1t(struct pages *p, struct drm_panthor_vm_bind_op *ops)
{
	(void)p;
	ops[0] = pan_op_sparse(VA, SZ_1T);
}

static void fill_64t(struct pages *p, struct drm_panthor_vm_bind_op *ops)
{
	(void)p;
	ops[0] = pan_op_sparse(VA, 64 * SZ_1T);
}

static void fill_many(struct pages *p, struct drm_panthor_vm_bind_op *ops)
{
	for (unsigned int i = 0; i < 1000; i++)
		ops[i] = pan_op_map(VA + i % 512 * SZ_2M + i / 512 * SZ_64K,
				    &p->bo, SZ_64K, SZ_64K);
}

static const struct cost costs[] = {
	{
		.id = "tile-empty",
		.what = "a 64 KiB tile where nothing is bound yet",
		.fill = fill_tile, .ops = 1, .min_used = 3,
	}, {
		.id = "tile-populated",
		.what = "a 64 KiB tile rebound in a populated 2 MiB",
		.before = before_populated,
		.fill = fill_tile, .ops = 1,
	}, {
		.id = "block",
		.what = "2 MiB of one huge page",
		.fill = fill_block, .ops = 1, .min_used = 2,
	}, {
		.id = "scattered",
		.what = "2 MiB as 512 binds of scattered 4 KiB pages",
		.fill = fill_scattered, .ops = 512, .min_used = 3,
	}, {
		.id = "split",
		.what = "an unmap of 64 KiB that splits a 2 MiB block",
		.before = before_block,
		.fill = fill_split, .ops = 1,
	}, {
		.id = "sparse-16g",
		.what = "16 GiB sparse",
		.fill = fill_sparse, .ops = 1, .min_used = 17, .shared = 1 + 3,
	}, {
		.id = "queued-1000",
		.what = "1000 queued rebinds of tiles in a populated 1 GiB",
		.before = before_wide,
		.fill = fill_many, .ops = 1000,
	},
};

/* VA is a multiple of 512 GiB: a table for each GiB, and one for each 512 GiB */
static const struct cost huge_costs[] = {
	{
		.id = "sparse-1t",
		.what = "1 TiB sparse",
		.fill = fill_1t, .ops = 1, .min_used = 1024 + 2, .shared = 3,
		.timeout_ms = 60000,
	}, {
		.id = "sparse-64t",
		.what = "64 TiB sparse",
		.fill = fill_64t, .ops = 1, .min_used = 65536 + 128, .shared = 3,
		.timeout_ms = 240000,
	},
};

/* Queue the operations: the first waits for the gate, the last signals */
static int queue_ops(struct pages *p, const struct cost *c)
{
	struct drm_panthor_vm_bind_op *ops = calloc(c->ops, sizeof(*ops));
	struct drm_panthor_sync_op first[2], last;
	int ret;

	c->fill(p, ops);
	first[0] = pan_wait(p->gate.fence, 0);
	first[1] = pan_signal(p->out, 0);
	last = pan_signal(p->out, 0);
	ops[0].syncs = (struct drm_panthor_obj_array)
		DRM_PANTHOR_OBJ_ARRAY(c->ops == 1 ? 2 : 1, first);
	if (c->ops > 1)
		ops[c->ops - 1].syncs = (struct drm_panthor_obj_array)
			DRM_PANTHOR_OBJ_ARRAY(1, &last);
	ret = pan_bind(&p->pan, p->gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, c->ops);
	free(ops);
	return ret;
}

static void run_queued(struct pages *p, const struct cost *c,
		       struct pages_row *row, long empty, long before)
{
	unsigned int ms = c->timeout_ms ? c->timeout_ms : PAN_TIMEOUT_MS;
	long now;

	need(gate_open(&p->gate));
	need(pan_syncobj_wait(&p->pan, p->out, 0, ms));
	now = acct_settled();
	row->used = now - before;
	gpu_start_idling(&p->gpu);
	/* An address that every row has mapped by now */
	tap_pause("tables va=0x%llx pages=%ld id=%s", VA + SZ_64K,
		  now - empty - p->root, c->id);
	need(gpu_stop(&p->gpu));
	need(pan_unmap(&p->pan, p->gpu.vm, VA, SPAN));
}

static void measure(struct pages *p, const struct cost *c,
		    struct pages_row *row)
{
	long bare, before, empty = acct_reclaimed();

	gpu_open(&p->gpu, &p->pan);
	gate_shut(&p->gate);
	bare = acct_reclaimed();
	if (c->before)
		c->before(p);
	before = acct_settled();
	row->error = -queue_ops(p, c);
	if (!row->error) {
		row->taken = acct_pages() - before;
		row->held = acct_settled() - before;
		run_queued(p, c, row, empty, before);
	} else {
		need(gate_open(&p->gate));
	}
	row->idle = acct_settled() - bare;
	row->kept = acct_reclaimed() - bare;
	gpu_close(&p->gpu);
	row->left = acct_wait_for(empty) - empty;
}

/* What queueing the row's operations must answer */
static void queued_as_it_must(const struct cost *c, const struct pages_row *row,
			      bool too_large)
{
	detail("%s", strerror(row->error));
	/* Upstream has no memory for its list of pages */
	if (too_large && acct_has_slab())
		ok(!row->error || row->error == ENOMEM,
		   "%s: is queued, or there is no memory for it", c->what);
	else
		ok(!row->error, "%s: is queued", c->what);
}

/*
 * These pages can be so many tables. Where pages are larger than tables, these share
 * them, the first page and the last one with others.
 */
static bool has_tables(long pages, long tables)
{
	long each = sysconf(_SC_PAGESIZE) / SZ_4K;

	if (each == 1)
		return pages >= tables;
	return pages >= tables / each - 1 && pages <= tables / each + 1;
}

/* Sparse mappings share tables unless the driver has page tables of its own */
static bool used_as_it_must(const struct cost *c, long used)
{
	if (c->shared && !acct_has_slab())
		return has_tables(used, c->shared) && used <= c->shared;
	return has_tables(used, c->min_used);
}

static void one_row(struct pages *p, const struct cost *c, bool too_large)
{
	struct pages_row row = {
		.ops = c->ops,
		.taken = PAGES_NONE,
		.held = PAGES_NONE,
		.used = PAGES_NONE,
	};

	snprintf(row.id, sizeof(row.id), "%s", c->id);
	snprintf(row.what, sizeof(row.what), "%s", c->what);
	measure(p, c, &row);
	tap_pages(&row);
	queued_as_it_must(c, &row, too_large);
	if (!row.error) {
		detail("taken %ld, used %ld", row.taken, row.used);
		ok(used_as_it_must(c, row.used) && row.taken >= row.used,
		   "%s: all that is used was taken before", c->what);
	}
	if (!row.error && !acct_has_slab()) {
		detail("taken %ld, held %ld, used %ld, idle %ld, kept %ld",
		       row.taken, row.held, row.used, row.idle, row.kept);
		ok(row.taken == row.used && row.held == row.used &&
		   row.idle <= ACCT_IDLE_MAX && !row.kept,
		   "%s: no more is taken than is used, and none is kept", c->what);
	}
	detail("%ld are left", row.left);
	ok(!row.left, "%s: nothing is left when the VM is gone", c->what);
}

/* The pages that a VM costs which has nothing in it */
static long root_pages(struct pan *p)
{
	long before = acct_reclaimed(), pages;
	uint32_t vm;

	need(pan_vm_create(p, &vm));
	pages = acct_reclaimed() - before;
	need(pan_vm_destroy(p, vm));
	acct_wait_for(before);
	return pages;
}

/*
 * The last of many operations is refused. What the others had taken goes with them, now
 * and not when something else happens to the VM.
 */
static void refused_at_the_end(struct pages *p)
{
	struct pan_bo bad = { .handle = NOWHERE, .size = SZ_4K };
	struct drm_panthor_vm_bind_op ops[64];
	const unsigned int last = ARRAY_SIZE(ops) - 1;
	long bare, taken;

	gpu_open(&p->gpu, &p->pan);
	bare = acct_reclaimed();
	for (unsigned int i = 0; i < last; i++)
		ops[i] = pan_op_map(VA + i * SZ_2M, &p->bo, 0, SZ_4K);
	ops[last / 2] = pan_op_sparse(VA + SZ_1T, 16 * SZ_1G);
	ops[last] = pan_op_map(VA + last * SZ_2M, &bad, 0, SZ_4K);
	is(pan_bind(&p->pan, p->gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC, ops, last + 1),
	   -EINVAL, "the last of many operations is refused");
	taken = acct_settled() - bare;
	is(taken, 0, "and no table is left of the others");
	gpu_close(&p->gpu);
}

/* It has no tables of its own to give back, but a part in those that are shared */
static void empty_sparse_is_refused(struct pages *p)
{
	struct drm_panthor_vm_bind_op op = pan_op_sparse(0, 0);
	long before = acct_reclaimed();

	gpu_open(&p->gpu, &p->pan);
	pan_bind(&p->pan, p->gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1);
	gpu_close(&p->gpu);
	is(acct_wait_for(before), before, "an empty sparse mapping keeps nothing of its VM");
}

/* A VM comes with the tables of its first bind, which reclaim has until then */
static void first_bind_takes_nothing(struct pages *p)
{
	long made, before = acct_reclaimed();
	uint32_t vm;

	if (acct_has_slab())
		return;
	need(pan_vm_create(&p->pan, &vm));
	made = acct_pages();
	need(pan_map(&p->pan, vm, VA, &p->bo, 0, SZ_64K, 0));
	is(acct_pages(), made, "the first bind of a VM takes no page");
	need(pan_vm_destroy(&p->pan, vm));
	is(acct_wait_for(before), before, "which go with the VM");

	need(pan_vm_create(&p->pan, &vm));
	is(acct_reclaimed() - before, p->root, "reclaim leaves a VM its top alone");
	need(pan_map(&p->pan, vm, VA, &p->bo, 0, SZ_64K, 0));
	need(pan_vm_destroy(&p->pan, vm));
	is(acct_wait_for(before), before, "and it binds all the same");
}

static void run_costs(const struct cost *rows, unsigned int n, bool too_large)
{
	const char *why = acct_why_not();
	struct pages p;

	if (why) {
		skip(why, "page-table pages are counted");
		return;
	}
	need(pan_open(&p.pan));
	need(pan_bo_create(&p.pan, SZ_2M, 0, &p.bo));
	need(pan_syncobj_create(&p.pan, &p.out));
	p.root = root_pages(&p.pan);
	gate_init(&p.gate, &p.pan);
	for (unsigned int i = 0; i < n; i++)
		one_row(&p, &rows[i], too_large);
	if (!too_large) {
		refused_at_the_end(&p);
		empty_sparse_is_refused(&p);
		first_bind_takes_nothing(&p);
	}
	gate_fini(&p.gate);
	pan_close(&p.pan);
}

void run_pages(void)
{
	run_costs(costs, ARRAY_SIZE(costs), false);
}

void run_huge(void)
{
	run_costs(huge_costs, ARRAY_SIZE(huge_costs), true);
}

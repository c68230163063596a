// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the driver says of page tables: vm_tables in debugfs, and the client's
 * internal memory in fdinfo. Upstream's says nothing.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "acct.h"
#include "gate.h"
#include "gpu.h"
#include "host.h"
#include "scenarios.h"
#include "tap.h"

#define VM_TABLES	"/sys/kernel/debug/dri/0/vm_tables"
#define TILE_VA		(DATA_VA + 5 * SZ_1G + SZ_64K)
/* Their own tables of all levels but the top */
#define QUEUED_VA	(DATA_VA + 600 * SZ_1G)

/* Of all VMs together */
struct figures {
	long tables;
	long used;
	long waiting;
	long idle;
	long shared;
	long pages;
	long blocks;
	/* Of the client's memory, in KiB */
	long resident;
};

static struct figures look(const struct pan *p)
{
	static char text[65536];
	struct figures f = { 0 };

	need(sysfs_read(VM_TABLES, text, sizeof(text)));
	f.tables = sum_of(text, "  tables ");
	f.used = sum_of(text, "  in use ");
	f.waiting = sum_of(text, "  waiting ");
	f.idle = sum_of(text, "  idle ");
	f.shared = sum_of(text, "  shared ");
	f.pages = sum_of(text, "  reserved 4K ");
	f.blocks = sum_of(text, "  reserved 2M ");

	f.resident = fdinfo_value(p->fd, "panthor-resident-memory:");
	return f;
}

static void changed(const struct figures *now, const struct figures *then,
		    const struct figures *by, const char *what)
{
	struct figures d = {
		now->tables - then->tables, now->used - then->used,
		now->waiting - then->waiting, now->idle - then->idle,
		now->shared - then->shared, now->pages - then->pages,
		now->blocks - then->blocks, now->resident - then->resident,
	};

	detail("tables %ld, in use %ld, waiting %ld, idle %ld, shared %ld, reserved %ld and %ld, %ld KiB",
	       d.tables, d.used, d.waiting, d.idle, d.shared, d.pages, d.blocks, d.resident);
	ok(!memcmp(&d, by, sizeof(d)), "%s", what);
}

/* A tile of 64 KiB and the three tables that it alone has */
static const struct figures tile_waits = {
	.tables = 3, .waiting = 3, .pages = 16, .resident = 12,
};

static const struct figures tile_is_mapped = {
	.tables = 3, .used = 3, .pages = 16, .resident = 12,
};

static const struct figures and_two_slots = {
	.tables = 3, .used = 3, .shared = 3, .pages = 16, .blocks = 2, .resident = 24,
};

static const struct figures tables_are_idle = {
	.tables = 3, .idle = 3, .resident = 12,
};

static const struct figures nothing;

static void queued_tile(struct gpu *g, const struct pan_bo *bo)
{
	struct figures before, now;
	struct drm_panthor_sync_op syncs[2];
	struct drm_panthor_vm_bind_op op = pan_op_map(QUEUED_VA, bo, 0, SZ_64K);
	struct gate gate;
	uint32_t out;

	gate_init(&gate, g->pan);
	need(pan_syncobj_create(g->pan, &out));
	gate_shut(&gate);
	before = look(g->pan);
	syncs[0] = pan_wait(gate.fence, 0);
	syncs[1] = pan_signal(out, 0);
	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(2, syncs);
	need(pan_bind(g->pan, g->vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1));
	now = look(g->pan);
	changed(&now, &before, &tile_waits,
		"a queued tile: three tables wait for it");
	need(gate_open(&gate));
	need(pan_syncobj_wait(g->pan, out, 0, PAN_TIMEOUT_MS));
	now = look(g->pan);
	changed(&now, &before, &tile_is_mapped,
		"and are in use once it was executed");
	gate_fini(&gate);
}

/* A VM that the GPU does not have at hand is not active, whatever it has */
static void active_tables(struct gpu *g)
{
	struct figures f = look(g->pan);

	if (sleeps(3000))
		is(fdinfo_value(g->pan->fd, "panthor-active-memory:"), 0,
		   "nothing is active while the GPU sleeps");
	else
		skip("the GPU is kept awake", "nothing is active while the GPU sleeps");
	gpu_start_idling(g);
	detail("%ld tables", f.tables);
	ok(fdinfo_value(g->pan->fd, "panthor-active-memory:") >= 4 * f.tables,
	   "the tables of a VM that runs are");
	need(gpu_stop(g));
}

/* Its top, and with reservations a table of each level below for its first bind */
static void root_is_resident(const struct pan *p)
{
	struct figures before = look(p), now;
	long tables = acct_has_slab() ? 1 : 4;
	uint32_t vm;

	need(pan_vm_create(p, &vm));
	now = look(p);
	is(now.resident - before.resident, 4 * tables, "the first tables of a new VM are resident");
	need(pan_vm_destroy(p, vm));
	now = look(p);
	is(now.resident, before.resident, "and nothing once it is destroyed");
}

void run_figures(void)
{
	static struct pan p;
	static struct gpu g;
	struct figures before, now;
	struct pan_bo bo;

	if (access(VM_TABLES, R_OK) || sysconf(_SC_PAGESIZE) != SZ_4K) {
		skip("no " VM_TABLES ", or other pages than 4K", "figures of page tables");
		return;
	}
	need(pan_open(&p));
	gpu_open(&g, &p);
	gpu_bo(&g, SZ_64K, &bo);
	acct_reclaim();

	before = look(&p);
	need(pan_map(&p, g.vm, TILE_VA, &bo, 0, SZ_64K, 0));
	now = look(&p);
	changed(&now, &before, &tile_is_mapped,
		"a tile: three tables in use");
	need(pan_map_sparse(&p, g.vm, TILE_VA - SZ_64K + SZ_2M, 2 * SZ_2M));
	now = look(&p);
	changed(&now, &before, &and_two_slots,
		"two sparse slots beside it: no table more, but for those they share");
	need(pan_unmap(&p, g.vm, TILE_VA - SZ_64K, 3 * SZ_2M));
	now = look(&p);
	changed(&now, &before, &tables_are_idle,
		"unmapped: they are idle, and still the client's");
	acct_reclaim();
	now = look(&p);
	changed(&now, &before, &nothing,
		"and go when memory is scarce");

	queued_tile(&g, &bo);
	active_tables(&g);
	root_is_resident(&p);
	gpu_close(&g);
	pan_close(&p);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is left of 10,000 binds and unbinds at random places once nothing is
 * mapped any more. The same each time: the dice are a counter, mixed.
 */
#include <stdio.h>

#include "acct.h"
#include "gpu.h"
#include "scenarios.h"
#include "tap.h"

#define OPS	10000
#define SPAN	(64 * SZ_1G)
#define SEED	12

/* A place of 4 KiB to 2 MiB, at a multiple of its size; more than half are small */
static struct drm_panthor_vm_bind_op random_op(const struct pan_bo *bo,
					       uint64_t *turn)
{
	uint64_t size = SZ_4K << dice(SEED, turn, 10);
	/* Half of them in 1 GiB, so that they meet */
	uint64_t span = dice(SEED, turn, 2) ? SZ_1G : SPAN;
	uint64_t va = DATA_VA + dice(SEED, turn, span / size) * size;

	switch (dice(SEED, turn, 8)) {
	case 0:
		return pan_op_sparse(va, size);
	case 1 ... 4:
		return pan_op_map(va, bo, dice(SEED, turn, bo->size / size) * size, size);
	default:
		return pan_op_unmap(va, size);
	}
}

/* The first negative errno of all operations */
static int bind_at_random(const struct pan *p, uint32_t vm,
			  const struct pan_bo *bo)
{
	uint64_t turn = 0;
	int ret = 0;

	for (int i = 0; i < OPS && !ret; i++) {
		struct drm_panthor_vm_bind_op op = random_op(bo, &turn);

		ret = pan_bind(p, vm, 0, &op, 1);
	}
	return ret;
}

void run_random(void)
{
	struct pages_row row = {
		.id = "random-10000",
		.what = "10,000 random binds and unbinds in 64 GiB",
		.ops = OPS,
		.taken = PAGES_NONE,
		.held = PAGES_NONE,
	};
	const char *why = acct_why_not();
	struct pan_bo bo;
	struct pan p;
	uint32_t vm;
	long empty, bare;

	if (why) {
		skip(why, "page-table pages are counted");
		return;
	}
	need(pan_open(&p));
	need(pan_bo_create(&p, SZ_2M, 0, &bo));
	empty = acct_reclaimed();
	need(pan_vm_create(&p, &vm));
	bare = acct_reclaimed();
	is(bind_at_random(&p, vm, &bo), 0, "10,000 binds and unbinds");
	row.used = acct_settled() - bare;
	is(pan_unmap(&p, vm, DATA_VA, SPAN), 0, "all of them are unmapped");
	row.idle = acct_settled() - bare;
	row.kept = acct_reclaimed() - bare;
	need(pan_vm_destroy(&p, vm));
	row.left = acct_wait_for(empty) - empty;
	tap_pages(&row);
	/* Upstream keeps them until the VM goes */
	if (!acct_has_slab()) {
		detail("%ld are idle", row.idle);
		ok(row.idle <= ACCT_IDLE_MAX, "few page tables are idle");
		is(row.kept, 0, "no page table is kept");
	}
	is(row.left, 0, "nothing is left when the VM is gone");
	pan_bo_destroy(&p, &bo);
	pan_close(&p);
}

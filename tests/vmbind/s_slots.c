// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * More VMs than the GPU has address spaces, all using the same addresses: a
 * slot that changes hands must not keep translations of the VM before.
 */
#include "gpu.h"
#include "scenarios.h"
#include "tap.h"

#define VMS	12
#define ROUNDS	3
#define SRC_VA	DATA_VA
#define DST_VA	(DATA_VA + SZ_1G)

static bool copies(struct gpu *g)
{
	int ret = gpu_copy(g, DST_VA, SRC_VA, SZ_64K);

	detail("the copy ended with %d", ret);
	return !ret;
}

void run_slots(void)
{
	struct pan_bo src[VMS], dst[VMS];
	struct gpu g[VMS];
	bool right = true;
	struct pan p;

	need(pan_open(&p));
	ok(__builtin_popcount(p.gpu.as_present) - 1 < VMS,
	   "%d VMs are more than the GPU has address spaces", VMS);
	for (int i = 0; i < VMS; i++) {
		gpu_open(&g[i], &p);
		gpu_bo(&g[i], SZ_64K, &src[i]);
		gpu_bo(&g[i], SZ_64K, &dst[i]);
		fill(src[i].map, i, SZ_64K);
		gpu_map(&g[i], SRC_VA, &src[i], 0, SZ_64K);
		gpu_map(&g[i], DST_VA, &dst[i], 0, SZ_64K);
	}
	for (int round = 0; round < ROUNDS && right; round++) {
		for (int i = 0; i < VMS; i++)
			fill(dst[i].map, 1000, SZ_64K);
		for (int i = 0; i < VMS && right; i++)
			right = copies(&g[i]);
		for (int i = 0; i < VMS && right; i++)
			right = holds(dst[i].map, i, 0, SZ_64K);
		ok(right, "round %d: each VM reads and writes its own memory",
		   round + 1);
	}
	for (int i = 0; i < VMS; i++)
		gpu_close(&g[i]);
	pan_close(&p);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fence that signals when we say so; see gate.h.
 */
#include "gate.h"
#include "tap.h"

void gate_init(struct gate *g, struct pan *p)
{
	gpu_open(&g->gpu, p);
	g->passed = 0;
	need(pan_syncobj_create(p, &g->fence));
}

void gate_fini(struct gate *g)
{
	pan_syncobj_destroy(g->gpu.pan, g->fence);
	gpu_close(&g->gpu);
}

void gate_shut(struct gate *g)
{
	struct cs cs = gpu_cs(&g->gpu);

	cs_word_wait(&cs, WORD_GATE, g->passed);
	cs_end(&cs);
	need(gpu_queue(&g->gpu, 0, &cs, 0, g->fence));
}

int gate_open(struct gate *g)
{
	struct cs cs = gpu_cs(&g->gpu);
	int ret;

	g->passed++;
	cs_word_add(&cs, WORD_GATE, 1);
	cs_end(&cs);
	ret = gpu_queue(&g->gpu, 1, &cs, 0, 0);
	if (!ret)
		ret = pan_syncobj_wait(g->gpu.pan, g->fence, 0,
				       PAN_TIMEOUT_MS);
	return ret;
}

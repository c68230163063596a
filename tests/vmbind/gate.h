/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fence that signals when we say so, made of the GPU itself: a queue of a VM
 * of its own waits for a sync object which another queue advances.
 */
#ifndef VMBIND_GATE_H
#define VMBIND_GATE_H

#include "gpu.h"

struct gate {
	struct gpu gpu;
	uint64_t passed;
	uint32_t fence;
};

void gate_init(struct gate *g, struct pan *p);
void gate_fini(struct gate *g);

/* From here on g->fence is an unsignalled binary syncobj ... */
void gate_shut(struct gate *g);
/* ... until this. 0, or a negative errno when it does not signal in time */
int gate_open(struct gate *g);

#endif /* VMBIND_GATE_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fence that signals when we say so, however long that takes: one of the
 * kernel's software timelines (CONFIG_SW_SYNC). A job of the GPU is no gate, the
 * driver ends it after a few seconds.
 */
#ifndef VMBIND_GATE_H
#define VMBIND_GATE_H

#include "pan.h"

struct gate {
	const struct pan *pan;
	int timeline;
	uint32_t passed;
	uint32_t fence;
};

void gate_init(struct gate *g, const struct pan *p);
/* What still waits goes on */
void gate_fini(struct gate *g);

/* From here on g->fence is an unsignalled binary syncobj ... */
void gate_shut(struct gate *g);
/* ... until this. 0, or a negative errno when it does not signal in time */
int gate_open(struct gate *g);

#endif /* VMBIND_GATE_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory seen from the kernel's side: a swap file, without which Panthor gives
 * nothing back, the driver's shrinker, and what debugfs says of a buffer.
 */
#ifndef PANTHOR_MEMORY_H
#define PANTHOR_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "pan.h"

/* A swap file is in use from here on, until the guest ends */
void swap_ready(void);
/* A line of /proc/meminfo, in KiB; -1 when there is none */
long mem_kib(const char *key);

/* Names a buffer; debugfs shows it by this */
void bo_label(const struct pan *p, const struct pan_bo *bo, const char *label);

/* What debugfs says of the buffer with a label */
struct bo_state {
	int evictions;
	long resident;
	uint32_t state;
};

/* Bits of bo_state::state; imported buffers are not in the list at all */
#define BO_EXPORTED	2
#define BO_EVICTED	4

struct bo_state bo_state(const char *label);

/* Lines of buffers in debugfs: all of the driver's own, too, and the head of the table */
long bo_count(void);

/*
 * What debugfs says of the page tables of all VMs: "idle", "reserved 4K" and so on, added
 * up. 0 where the driver does not say
 */
long vm_tables(const char *what);

/* Pages that the shrinker took when it was asked for @pages */
long shrink(unsigned long pages);
/* It is asked until the buffer is gone; false when that does not help */
bool evict(const char *label);

/* A sealed memfd of @size bytes, mapped at *@map, as a dma-buf */
int memfd_dma_buf(uint64_t size, void **map);

#endif /* PANTHOR_MEMORY_H */

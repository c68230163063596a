/* SPDX-License-Identifier: MIT */
/*
 * Fences that a program signals, by the kernel's sw_sync, under IGT's names.
 */
#ifndef SW_SYNC_H
#define SW_SYNC_H

#include <stdint.h>

/* Skips when the kernel has none, or debugfs is not mounted */
void igt_require_sw_sync(void);
int sw_sync_timeline_create(void);
void sw_sync_timeline_inc(int timeline, uint32_t count);
/* A sync file that signals when the timeline has come to @seqno */
int sw_sync_timeline_create_fence(int timeline, uint32_t seqno);
/* Of a sync file: 0 when it has not signalled, 1 when it has, or its negative errno */
int sync_fence_status(int fence);

#endif /* SW_SYNC_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of calls: memory of QEMU's device ivshmem, which is a file of the host and stays
 * when the guest dies. A call is there before it is made. Without the device the log is
 * ordinary memory.
 */
#ifndef CAMPAIGN_RING_H
#define CAMPAIGN_RING_H

#include <stdbool.h>

#include "calls.h"

/* Before any fork. False: there is no device, and the log dies with the guest */
bool ring_open(void);
/* Numbers the call, and logs it */
void ring_put(struct call *c);
/* How many there are */
unsigned int ring_count(void);

#endif /* CAMPAIGN_RING_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's device "edu" copies bytes between memory and a buffer of its own, 100 ms after its
 * command, and raises interrupts. What only it can: to be looked at before it has begun.
 */
#ifndef EDU_H
#define EDU_H

#include "device.h"

void edu_start_read(struct device *dev, __u64 iova, size_t length);
/* Has it not ended yet? */
bool edu_runs(struct device *dev);
bool edu_wait(struct device *dev);

#endif

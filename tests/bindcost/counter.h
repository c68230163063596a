/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts instructions of the whole machine, and times at which it was idle.
 *
 * Under QEMU's -icount with one processor the virtual counter advances with the
 * instructions that were executed, the kernel's and every task's, and with
 * nothing else as long as the processor is not idle. So a difference of two
 * readings is a number of instructions, exact to the few that are a tick of
 * the counter.
 */
#ifndef BINDCOST_COUNTER_H
#define BINDCOST_COUNTER_H

#include <stdint.h>

/*
 * Finds out how many instructions a tick is, with a loop of a known length.
 * -ENOSYS when time does not pass by instructions, -ENOENT when the kernel cannot
 * tell that it was idle.
 */
int counter_open(void);
void counter_close(void);

/* Instructions since some time */
uint64_t counter_read(void);

/* How often the processor went idle since counter_open() */
uint64_t counter_idle(void);

#endif /* BINDCOST_COUNTER_H */

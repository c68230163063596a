/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What there is to see of page tables: how many pages the kernel has for them, and
 * what the driver shows of them in debugfs, if it does.
 */
#ifndef STREAM_SIGHT_H
#define STREAM_SIGHT_H

#include <stdbool.h>

/**
 * struct sight - pages and tables at one time
 * @pages: Of the system, in pages of 4 KiB; see vmbind's acct.h.
 * @tables: Of all VMs, and what they are for; -1 where the driver shows nothing.
 */
struct sight {
	long pages;
	long tables;
	long used;
	long waiting;
	long idle;
};

void sight_take(struct sight *s);
/* Now that deferred work has come to rest */
void sight_take_settled(struct sight *s);
/* A GPU that sleeps has no address spaces to look at; false if it cannot be kept awake */
bool sight_stay_awake(bool awake);

#endif /* STREAM_SIGHT_H */

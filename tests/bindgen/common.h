/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What most scenarios begin and end with: the device, page-table pages counted
 * before and after, and the report.
 */
#ifndef BINDGEN_COMMON_H
#define BINDGEN_COMMON_H

#include <stdbool.h>
#include <stdint.h>

#include "world.h"

/**
 * struct stage - where a scenario plays
 * @before: Page-table pages before it, or a negative errno when no exact count
 *	can be had.
 * @end: When it ends, for now_ms().
 */
struct stage {
	struct pan pan;
	struct bufs bufs;
	long before;
	long end;
};

/*
 * The GPU stays awake, so that VMs keep their address spaces. Without @large there
 * are no buffers of 2 MiB and more.
 */
void stage_open_with(struct stage *s, bool large);
void stage_open(struct stage *s);
/* A test point: each table page that came went */
void stage_close(struct stage *s);

/* There is time, and nothing was wrong, and there are operations left */
bool goes_on(const struct stage *s, const struct world *w);

/* Test point @what: nothing was wrong. The history when there was. */
void report(const struct world *w, const char *what);

/* What was done and seen, of @n worlds */
void tell_tally(const struct world *w, unsigned int n);

/* The kernel is one that keeps tables when they are empty */
bool keeps_empty_tables(void);

#endif /* BINDGEN_COMMON_H */

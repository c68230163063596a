/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's event traces. All functions leave the scenario when it is not so that
 * they can work.
 */
#ifndef EDGES_TRACES_H
#define EDGES_TRACES_H

#include <stdbool.h>

void traces_open(void);
/* "group" or "group/event"; negative errno */
int traces_enable(const char *events, bool on);
void traces_forget(void);
/* Read what there is now, and return it */
const char *traces_read(void);
/* How many lines of what was read have both; "" is in each */
unsigned int traces_lines(const char *a, const char *b);

#endif /* EDGES_TRACES_H */

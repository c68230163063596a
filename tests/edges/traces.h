/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's event traces as text; trace.h turns them on, off and empty. All functions
 * leave the scenario when there are none.
 */
#ifndef EDGES_TRACES_H
#define EDGES_TRACES_H

#include "trace.h"

void traces_open(void);
/* Read what there is now, and return it */
const char *traces_read(void);
/* How many lines of what was read have both; "" is in each */
unsigned int traces_lines(const char *a, const char *b);
/* Note what was read, line by line */
void traces_show(void);

#endif /* EDGES_TRACES_H */

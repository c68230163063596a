/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocations of this thread that fail: the kernel's fail-nth.
 */
#ifndef EDGES_FAIL_H
#define EDGES_FAIL_H

#include <stdbool.h>

/* False: this kernel has no fault injection */
bool fail_open(void);

/* The @n-th allocation from here on fails */
void fail_nth(unsigned int n);

/* Whether it did; from here on none does */
bool fail_happened(void);

#endif /* EDGES_FAIL_H */

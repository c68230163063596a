/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How calls reach the kernel: with what is wrong with them, and counted.
 */
#ifndef CAMPAIGN_ISSUE_H
#define CAMPAIGN_ISSUE_H

#include "state.h"

/* Sync operations that are zero, behind those of a call */
#define NESTED_ZEROES	72

/*
 * An ioctl whose argument has @size bytes, made wrong as @c says. @array is where in it a
 * struct drm_panthor_obj_array is, or -1; @pointer the same of a plain pointer. What the
 * kernel wrote is in @arg afterwards. 0 or a negative errno.
 */
int issue(const struct call *c, int fd, unsigned long request, void *arg, size_t size,
	  int array, int pointer);
/* A call of @kind that belongs to another one: nothing is wrong */
int issue_well(enum kind kind, int fd, unsigned long request, void *arg);
/* A call that is none of ioctl(): counts @ret, which is 0 or a negative errno */
int count(const struct call *c, int ret);

/* A word of @words from @at on becomes another one, drawn from the call */
void disturb(const struct call *c, void *at, size_t bytes);
/* The array of sync operations of an element gets another stride, count or address */
void disturb_nested(const struct call *c, struct drm_panthor_obj_array *a);
/* A value at which mistakes are likely */
uint32_t odd_value(uint32_t r);
/* Memory that is not there */
uint64_t bad_pointer(uint32_t r);

/* The next allocation, or one after it, fails if the call says so */
void fail_begin(const struct call *c);
void fail_end(void);

#endif /* CAMPAIGN_ISSUE_H */

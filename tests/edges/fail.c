// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Allocations that fail; see fail.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fail.h"
#include "host.h"
#include "pan.h"
#include "tap.h"

#define FAULTS	"/sys/kernel/debug/"

/* Of the thread that opened it. Open all the time: opening would be an allocation */
static int nth = -1;

bool fail_open(void)
{
	static const char * const set[][2] = {
		{ "failslab/verbose", "0" },
		{ "failslab/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
	};
	char path[128];

	nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth < 0)
		return false;
	for (unsigned int i = 0; i < ARRAY_SIZE(set); i++) {
		snprintf(path, sizeof(path), FAULTS "%s", set[i][0]);
		if (sysfs_write(path, set[i][1]))
			return false;
	}
	return true;
}

void fail_nth(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	need(pwrite(nth, text, len, 0) == len ? 0 : -errno);
}

bool fail_happened(void)
{
	char text[16] = "";
	ssize_t len = pread(nth, text, sizeof(text) - 1, 0);

	fail_nth(0);
	need(len > 0 ? 0 : -errno);
	return !atoi(text);
}

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

/* Open all the time: opening would be an allocation */
static int file = -1;

bool fail_open(void)
{
	static const char *const no[] = {
		"failslab/ignore-gfp-wait", "fail_page_alloc/ignore-gfp-wait",
		"fail_page_alloc/ignore-gfp-highmem",
	};
	static const char *const zero[] = {
		"failslab/verbose", "fail_page_alloc/verbose",
		"fail_page_alloc/min-order",
	};
	char path[128];

	file = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (file < 0)
		return false;
	for (unsigned int i = 0; i < ARRAY_SIZE(no); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", no[i]);
		if (sysfs_write(path, "N"))
			return false;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(zero); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", zero[i]);
		if (sysfs_write(path, "0"))
			return false;
	}
	return true;
}

void fail_nth(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	need(pwrite(file, text, len, 0) == len ? 0 : -errno);
}

bool fail_happened(void)
{
	char text[16] = "";
	ssize_t len = pread(file, text, sizeof(text) - 1, 0);

	fail_nth(0);
	need(len > 0 ? 0 : -errno);
	return !atoi(text);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocations of this thread that fail, one at a time.
 */
#ifndef FAILS_H
#define FAILS_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static inline int put(const char *path, const char *value)
{
	int file = open(path, O_WRONLY), ok;

	ok = file >= 0 && write(file, value, strlen(value)) == (ssize_t)strlen(value);
	if (file >= 0)
		close(file);
	return ok;
}

/*
 * Any allocation can fail, those of single pages too, and the kernel writes about it as
 * much as @verbose says. What the others take, or less than 0
 */
static inline int fail_nth_open(const char *verbose)
{
	const char *const settings[][2] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "failslab/verbose", verbose },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_page_alloc/verbose", verbose },
		{ "fail_iommufd/verbose", verbose },
	};
	char path[80];

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", settings[i][0]);
		if (!put(path, settings[i][1]))
			return -1;
	}
	return open("/proc/thread-self/fail-nth", O_RDWR);
}

/* The @n-th allocation from here on fails */
static inline int fail_nth(int file, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	return pwrite(file, text, len, 0) == len;
}

/* Was there a failure since then? From here on there is none */
static inline int met_failure(int file)
{
	char left[16] = "";
	int met = pread(file, left, sizeof(left) - 1, 0) > 0 && !strcmp(left, "0\n");

	/* The call that ends it may be the one that fails */
	while (!fail_nth(file, 0))
		met = 0;
	return met;
}

#endif

// SPDX-License-Identifier: MIT
/*
 * See igt_debugfs.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "igt_debugfs.h"

int igt_debugfs_open(int fd, const char *filename, int mode)
{
	char path[256];
	struct stat st;

	if (fstat(fd, &st))
		return -1;
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/%s", minor(st.st_rdev), filename);
	return open(path, mode | O_CLOEXEC);
}

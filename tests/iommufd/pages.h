/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many pages the page tables of IOMMUs have.
 */
#ifndef PAGES_H
#define PAGES_H

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* What each processor counted goes to the sum, on kernels for more than one */
static inline void sum_up_pages(void)
{
	int out = open("/proc/sys/vm/stat_refresh", O_WRONLY);

	if (out < 0)
		return;
	if (write(out, "1", 1) != 1)
		perror("# stat_refresh");
	close(out);
}

static inline long iommu_pages(void)
{
	char line[128];
	long value = -1;
	FILE *f;

	sum_up_pages();
	f = fopen("/proc/vmstat", "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "nr_iommu_pages %ld", &value) == 1)
			break;
	if (f)
		fclose(f);
	return value;
}

/* Tables are freed a grace period after they went */
static inline long settled_pages(void)
{
	long now, before;

	now = iommu_pages();
	do {
		before = now;
		usleep(100000);
		now = iommu_pages();
	} while (now != before);
	return now;
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counts page-table pages; see acct.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acct.h"

#define SLAB		"/sys/kernel/slab/panthor-mmu-pt/"
#define REST_MS		20
#define RESTS		5
#define MAX_RESTS	250
/* A table that goes can be the last one below another */
#define RECLAIMS	3

static long read_long(const char *path)
{
	FILE *f = fopen(path, "r");
	long val;

	if (!f)
		return -errno;
	if (fscanf(f, "%ld", &val) != 1)
		val = -EINVAL;
	fclose(f);
	return val;
}

/* Folds the per-CPU parts of the VM counters into the totals */
static int refresh_vmstat(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, "1\n", 2);
	close(fd);
	return n == 2 ? 0 : -EIO;
}

static long secondary_tables(void)
{
	FILE *f = fopen("/proc/vmstat", "r");
	long val = -ENOENT, n;
	char name[64];

	if (!f)
		return -errno;
	while (fscanf(f, "%63s %ld", name, &n) == 2)
		if (!strcmp(name, "nr_sec_page_table_pages"))
			val = n;
	fclose(f);
	return val;
}

const char *acct_why_not(void)
{
	if (secondary_tables() < 0)
		return "/proc/vmstat has no nr_sec_page_table_pages";
	if (refresh_vmstat())
		return "/proc/sys/vm/stat_refresh cannot be written";
	if (access(SLAB "objects", R_OK))
		return access("/sys/kernel/slab", R_OK) ?
		       "the kernel has no CONFIG_SLUB_DEBUG" : NULL;
	if (read_long(SLAB "sanity_checks") != 1)
		return "boot with slab_debug=F,panthor-mmu-pt";
	return NULL;
}

bool acct_has_slab(void)
{
	return !access(SLAB, F_OK);
}

long acct_pages(void)
{
	long slab = read_long(SLAB "objects"), sec;

	if (slab == -ENOENT)
		slab = 0;
	if (slab < 0)
		return slab;
	refresh_vmstat();
	sec = secondary_tables();
	return sec < 0 ? sec : slab + sec;
}

static void rest(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = REST_MS * 1000000 }, NULL);
}

void acct_reclaim(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0)
		return;
	/* No message from here on, then what shrinkers have; each from the start */
	n = pwrite(fd, "4\n", 2, 0);
	for (int i = 0; i < RECLAIMS && n >= 0; i++)
		n = pwrite(fd, "2\n", 2, 0);
	close(fd);
}

long acct_reclaimed(void)
{
	acct_reclaim();
	return acct_settled();
}

long acct_wait_for(long pages)
{
	acct_reclaim();
	for (int i = 0; i < MAX_RESTS && acct_pages() != pages; i++)
		rest();
	return acct_settled();
}

long acct_settled(void)
{
	long last = acct_pages();

	for (int i = 0, same = 0; i < MAX_RESTS && same < RESTS; i++) {
		long now;

		rest();
		now = acct_pages();
		same = now == last ? same + 1 : 0;
		last = now;
	}
	return last;
}

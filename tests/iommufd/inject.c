// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Maps an area of several batches again and again, and lets the n-th allocation of the
 * call fail, n = 1, 2, ..., until a call meets no failure. Nothing may be left of a call
 * that failed. The kernel logs the stack of each failure, between two lines of this
 * program; stacks.py looks where they were.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fails.h"
#include "mock.h"
#include "pages.h"
#include "scattered.h"

#define HUGE_PAGE	(2UL << 20)
#define GIB		(1UL << 30)
#define MOST_CALLS	1000

/* An area from @iova on: on both sides of a border of each level of the mock's tables */
struct kind {
	const char *name;
	unsigned int memfd;
	size_t unit, count;
	unsigned long iova;
	/* What a batch may have, in bytes: about a twelfth of the area, or a half */
	unsigned int limit;
};

static const struct kind kinds[] = {
	{ "scattered pages", 0, PAGE, 1536, GIB - (3UL << 20), 128 * 12 },
	{ "huge pages", MFD_HUGETLB, HUGE_PAGE, 4, GIB - 2 * HUGE_PAGE, 2 * 12 },
};

/* How often a call failed, and what was wrong afterwards */
struct sweep {
	unsigned int failed, left, refused;
	bool ended, mapped;
};

static int kmsg, nth_fd, fd;
static __u32 ioas;

/* Among the kernel's own lines, where stdout would be anywhere */
static void __attribute__((format(printf, 1, 2))) note(const char *format, ...)
{
	char line[128];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (write(kmsg, line, len) != len)
		check(false, "a line for the kernel's log");
}

/* A device, whose domain all others would share, and @more domains that it could have */
static bool add_domains(unsigned int more)
{
	__u32 dev, stdev, hwpt;
	bool ok = !mock_device(fd, ioas, &dev, &stdev, &hwpt);

	while (ok && more--)
		ok = !hwpt_new(fd, dev, ioas, 0, &hwpt);
	return ok;
}

/* An IOAS that has no tables yet */
static bool open_ioas(unsigned int domains, unsigned int limit)
{
	fd = open("/dev/iommu", O_RDWR);
	return fd >= 0 && !ioas_new(fd, &ioas) && !mock_limit_batches(fd, limit) &&
	       add_domains(domains - 1);
}

/* Map the area while allocation @n fails. Its error, or 0; @met if one did fail */
static int map_failing(const struct kind *kind, void *mem, unsigned int n, bool *met)
{
	int ret;

	if (!fail_nth(nth_fd, n))
		return EIO;
	ret = ioas_map(fd, ioas, mem, kind->iova, kind->unit * kind->count) ? errno : 0;
	*met = met_failure(nth_fd);
	return ret;
}

/* What a failed call left, and whether it stands in the way of the next */
static void look_after(const struct kind *kind, void *mem, struct sweep *sweep)
{
	size_t length = kind->unit * kind->count;

	sweep->failed++;
	sweep->left += !ioas_unmap(fd, ioas, kind->iova, length) || errno != ENOENT;
	sweep->refused += ioas_map(fd, ioas, mem, kind->iova, length) ||
			  ioas_unmap(fd, ioas, kind->iova, length);
}

static void sweep(const struct kind *kind, unsigned int domains, void *mem,
		  struct sweep *sweep)
{
	for (unsigned int n = 1; n <= MOST_CALLS && !sweep->ended; n++) {
		bool met = false;
		int error;

		if (!open_ioas(domains, kind->limit))
			return;
		note("inject: %s, domains: %u: call %u", kind->name, domains, n);
		error = map_failing(kind, mem, n, &met);
		note("inject: %s, domains: %u: end %u, error %d", kind->name, domains, n, error);
		if (error)
			look_after(kind, mem, sweep);
		sweep->ended = !met;
		sweep->mapped = !met && !error;
		close(fd);
	}
}

static void try(const struct kind *kind, unsigned int domains, void *mem)
{
	struct sweep s = {};
	long before = settled_pages();

	sweep(kind, domains, mem, &s);
	printf("# %s, domains: %u: %u calls failed\n", kind->name, domains, s.failed);
	check(s.mapped && s.failed, "%s, domains: %u: each allocation failed once", kind->name,
	      domains);
	check(!s.left, "%s, domains: %u: nothing is left of a call that failed", kind->name,
	      domains);
	check(!s.refused, "%s, domains: %u: the area can be mapped then", kind->name, domains);
	check(settled_pages() == before, "%s, domains: %u: no table is left", kind->name, domains);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	kmsg = open("/dev/kmsg", O_WRONLY);
	nth_fd = fail_nth_open("2");
	check(kmsg >= 0 && nth_fd >= 0, "allocations can fail");
	for (size_t i = 0; !nr_failed && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		void *mem = scattered(kinds[i].memfd, kinds[i].unit, kinds[i].count);

		if (!mem && kinds[i].memfd) {
			skip(kinds[i].name, "there are none");
			continue;
		}
		check(!!mem, "%s: memory", kinds[i].name);
		for (unsigned int domains = 1; mem && domains <= 2; domains++)
			try(&kinds[i], domains, mem);
	}
	printf("1..%u\n", nr_checks);
	return !!nr_failed;
}

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

#include "ioas.h"
#include "pages.h"
#include "scattered.h"

#define PAGE		4096UL
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

static int kmsg, fail_nth, fd;
static __u32 ioas;
static unsigned int nr, failures;

static void __attribute__((format(printf, 2, 3))) check(bool ok, const char *name, ...)
{
	va_list args;

	printf("%sok %u ", ok ? "" : "not ", ++nr);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	putchar('\n');
	failures += !ok;
}

static bool put(const char *file, const char *value)
{
	int out = open(file, O_WRONLY);
	bool ok = out >= 0 && write(out, value, strlen(value)) == (ssize_t)strlen(value);

	if (out >= 0)
		close(out);
	return ok;
}

/* Every allocation may fail, and says where it was */
static bool set_up_failures(void)
{
	kmsg = open("/dev/kmsg", O_WRONLY);
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR);
	return kmsg >= 0 && fail_nth >= 0 &&
	       put("/sys/kernel/debug/failslab/ignore-gfp-wait", "N") &&
	       put("/sys/kernel/debug/failslab/verbose", "2") &&
	       put("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N") &&
	       put("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N") &&
	       put("/sys/kernel/debug/fail_page_alloc/min-order", "0") &&
	       put("/sys/kernel/debug/fail_page_alloc/verbose", "2");
}

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

/* What a batch holds, and the pages that are pinned at once, fit into @limit bytes */
static bool limit_batches(unsigned int limit)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_SET_TEMP_MEMORY_LIMIT,
		.memory_limit = { .limit = limit },
	};

	return !ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* A device, whose domain all others would share, and @more domains that it could have */
static bool add_domains(unsigned int more)
{
	struct iommu_test_cmd device = {
		.size = sizeof(device),
		.op = IOMMU_TEST_OP_MOCK_DOMAIN,
		.id = ioas,
	};

	if (ioctl(fd, IOMMU_TEST_CMD, &device))
		return false;
	while (more--) {
		struct iommu_hwpt_alloc domain = {
			.size = sizeof(domain),
			.dev_id = device.mock_domain.out_idev_id,
			.pt_id = ioas,
		};

		if (ioctl(fd, IOMMU_HWPT_ALLOC, &domain))
			return false;
	}
	return true;
}

/* An IOAS that has no tables yet */
static bool open_ioas(unsigned int domains, unsigned int limit)
{
	fd = open("/dev/iommu", O_RDWR);
	return fd >= 0 && !ioas_new(fd, &ioas) && limit_batches(limit) &&
	       add_domains(domains - 1);
}

/* Was there a failure since the @n-th allocation was to fail? From here on there is none */
static bool met_failure(void)
{
	char left[16] = "";
	bool met = pread(fail_nth, left, sizeof(left) - 1, 0) > 0 && !strcmp(left, "0\n");

	/* The call that ends it may be the one that fails */
	while (pwrite(fail_nth, "0", 1, 0) != 1)
		met = false;
	return met;
}

/* Map the area while allocation @n fails. Its error, or 0; @met if one did fail */
static int map_failing(const struct kind *kind, void *mem, unsigned int n, bool *met)
{
	char nth[16];
	int len = snprintf(nth, sizeof(nth), "%u", n), ret;

	if (pwrite(fail_nth, nth, len, 0) != len)
		return EIO;
	ret = ioas_map(fd, ioas, mem, kind->iova, kind->unit * kind->count) ? errno : 0;
	*met = met_failure();
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
	check(set_up_failures(), "allocations can fail");
	for (size_t i = 0; !failures && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		void *mem = scattered(kinds[i].memfd, kinds[i].unit, kinds[i].count);

		if (!mem && kinds[i].memfd) {
			printf("ok %u %s # SKIP there are none\n", ++nr, kinds[i].name);
			continue;
		}
		check(!!mem, "%s: memory", kinds[i].name);
		for (unsigned int domains = 1; mem && domains <= 2; domains++)
			try(&kinds[i], domains, mem);
	}
	printf("1..%u\n", nr);
	return !!failures;
}

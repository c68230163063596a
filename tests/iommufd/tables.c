// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many pages the page tables of an IOAS have, of the mock device of iommufd's
 * selftests: after many areas came and went, and while some stand. Prints a line
 * "NAME N" for each, as comments of its TAP; whether that is much is for the caller,
 * who has it of two kernels.
 */

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/mman.h>

#include "mock.h"
#include "pages.h"
#include "scattered.h"

#define PAIRS		2031
#define MEMORY		(4UL << 20)
#define GIB		(1UL << 30)

static int fd;

/* @PAIRS areas of a page come and go, each in a leaf table of its own */
static void come_and_go(__u32 ioas, void *mem, long first)
{
	int bad = 0;

	for (unsigned long i = 0; i < PAIRS; i++) {
		unsigned long iova = MOCK_APERTURE_START + i * LEAVES;

		bad |= ioas_map(fd, ioas, mem, iova, PAGE) ||
		       ioas_unmap(fd, ioas, iova, PAGE);
	}
	check(!bad, "areas of a page come and go");
	printf("# left %ld\n", settled_pages() - first);
}

/* Areas of one size, some of them at once, where others were before */
static void stand(__u32 ioas, void *mem, size_t length, const char *name, long first)
{
	unsigned long iova = MOCK_APERTURE_START;
	int bad = 0;

	for (int i = 0; i < 16; i++)
		bad |= ioas_map(fd, ioas, mem, iova + i * 8 * LEAVES, length);
	printf("# standing-%s %ld\n", name, settled_pages() - first);
	for (int i = 0; i < 16; i++)
		bad |= ioas_unmap(fd, ioas, iova + i * 8 * LEAVES, length);
	check(!bad, "%s", name);
}

/* An area that is one block, where the machine has such a page */
static void stand_1g(__u32 ioas, long first)
{
	void *mem = mmap(NULL, GIB, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_1GB, -1, 0);
	int bad;

	if (mem == MAP_FAILED) {
		skip("1G", "no page of that size");
		return;
	}
	bad = ioas_map(fd, ioas, mem, GIB, GIB);
	printf("# standing-1G %ld\n", settled_pages() - first);
	bad |= ioas_unmap(fd, ioas, GIB, GIB);
	check(!bad, "1G");
}

int main(void)
{
	__u32 ioas = 0, dev, stdev, hwpt;
	void *mem;
	long first;

	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = open("/dev/iommu", O_RDWR);
	check(fd >= 0 && !ioas_new(fd, &ioas), "an IOAS");
	check(!mock_device(fd, ioas, &dev, &stdev, &hwpt), "a device with a domain");
	mem = scattered(0, PAGE, MEMORY / PAGE);
	check(!!mem, "memory");
	if (!nr_failed) {
		first = settled_pages();
		stand(ioas, mem, PAGE, "4K", first);
		stand(ioas, mem, 2UL << 20, "2M", first);
		stand(ioas, mem, MEMORY, "4M", first);
		stand_1g(ioas, first);
		come_and_go(ioas, mem, first);
	}
	printf("1..%u\n", nr_checks);
	return !!nr_failed;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What IOMMU_IOAS_MAP and UNMAP cost, in an IOAS of one domain and of two: of memory whose
 * pages are scattered, so that each is mapped by itself, of memory in order, which takes
 * entries of 4 KiB all the same, and of huge pages. 1 GiB where there are that many huge
 * pages. Else 64 MiB, and in order is what the kernel gave out so. Prints a line "time NAME
 * NANOSECONDS" for each, a page of 4 KiB mapped and unmapped, the median of some rounds.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "mock.h"

/* On User Mode Linux each is a mapping of the host's, which has 65,530 for a process */
#define FEW_PAGES	16384UL
#define MANY_PAGES	262144UL
#define MAX_ROUNDS	201

static unsigned long pages = FEW_PAGES, size = FEW_PAGES * PAGE;
static int rounds = MAX_ROUNDS;
static int fd;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Devices share the domain that comes by itself, so a second one is asked for */
static __u32 new_ioas(int domains)
{
	__u32 ioas, dev, stdev, hwpt;

	if (ioas_new(fd, &ioas))
		die("IOMMU_IOAS_ALLOC");
	if (mock_device(fd, ioas, &dev, &stdev, &hwpt))
		die("a mock device");
	if (domains == 2 && hwpt_new(fd, dev, ioas, 0, &hwpt))
		die("IOMMU_HWPT_ALLOC");
	return ioas;
}

/* A page is where it was touched first: in order, or all over the place */
static char *memory(int scattered)
{
	char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		die("memory");
	/* The multiplier is odd, so every page has its turn */
	for (unsigned long i = 0; i < pages; i++)
		mem[PAGE * (scattered ? i * 40503 % pages : i)] = 1;
	return mem;
}

static char *huge_memory(void)
{
	return mmap(NULL, MANY_PAGES * PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static double round_of(__u32 ioas, char *mem, __u64 iova)
{
	double start = now();

	if (ioas_map(fd, ioas, mem, iova, size))
		die("IOMMU_IOAS_MAP");
	if (ioas_unmap(fd, ioas, iova, size))
		die("IOMMU_IOAS_UNMAP");
	return (now() - start) / pages;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(char *mem, const char *name, __u64 iova)
{
	double times[MAX_ROUNDS];

	for (int domains = 1; domains <= 2; domains++) {
		__u32 ioas = new_ioas(domains);

		for (int i = 0; i < rounds; i++)
			times[i] = round_of(ioas, mem, iova);
		qsort(times, rounds, sizeof(*times), ascending);
		printf("# time %s-%d %.1f\n", name, domains, times[rounds / 2]);
	}
}

static void measure_4k(const char *name, int scattered)
{
	char *mem = memory(scattered);

	measure(mem, name, MOCK_APERTURE_START);
	munmap(mem, size);
}

/* Beside its alignment, what is in order has no larger entries than of 4 KiB */
static void measure_huge(char *mem)
{
	pages = MANY_PAGES;
	size = MANY_PAGES * PAGE;
	rounds = 3;
	measure(mem, "huge", MOCK_APERTURE_START);
	measure(mem, "in-order", MOCK_APERTURE_START + PAGE);
	munmap(mem, size);
}

int main(void)
{
	char *huge;

	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = open("/dev/iommu", O_RDWR);
	if (fd < 0)
		die("/dev/iommu");
	huge = huge_memory();
	if (huge != MAP_FAILED)
		measure_huge(huge);
	else
		measure_4k("in-order", 0);
	measure_4k("scattered", 1);
	printf("ok 1 measured\n1..1\n");
	return 0;
}

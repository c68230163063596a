// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What IOMMU_IOAS_MAP and UNMAP of 64 MiB cost, in an IOAS of one mock device and of
 * two: of memory whose pages are scattered, so that each is mapped by itself, and of
 * memory that was taken in order. Prints a line "time NAME NANOSECONDS" for each, a page
 * mapped and unmapped, the median of some rounds.
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/iommufd.h>

#include "iommufd_test.h"

/* Each is a mapping of the host's, which has no more than 65,530 for a process */
#define PAGES	16384UL
#define SIZE	(PAGES * 4096)
#define ROUNDS	9

static int fd;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static __u32 new_ioas(int devices)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_MOCK_DOMAIN,
	};

	if (ioctl(fd, IOMMU_IOAS_ALLOC, &alloc))
		die("IOMMU_IOAS_ALLOC");
	for (int i = 0; i < devices; i++) {
		cmd.id = alloc.out_ioas_id;
		if (ioctl(fd, _IOMMU_TEST_CMD(IOMMU_TEST_OP_MOCK_DOMAIN), &cmd))
			die("a mock device");
	}
	return alloc.out_ioas_id;
}

/* A page is where it was touched first: in order, or all over the place */
static char *memory(int scattered)
{
	char *mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		die("memory");
	/* The multiplier is odd, so every page has its turn */
	for (unsigned long i = 0; i < PAGES; i++)
		mem[4096 * (scattered ? i * 40503 % PAGES : i)] = 1;
	return mem;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static double round_of(__u32 ioas, char *mem)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = ioas,
		.user_va = (uintptr_t)mem,
		.length = SIZE,
		.iova = MOCK_APERTURE_START,
	};
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = ioas,
		.iova = MOCK_APERTURE_START,
		.length = SIZE,
	};
	double start = now();

	if (ioctl(fd, IOMMU_IOAS_MAP, &map))
		die("IOMMU_IOAS_MAP");
	if (ioctl(fd, IOMMU_IOAS_UNMAP, &unmap))
		die("IOMMU_IOAS_UNMAP");
	return (now() - start) / PAGES;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(char *mem, int devices, const char *name)
{
	__u32 ioas = new_ioas(devices);
	double times[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		times[i] = round_of(ioas, mem);
	qsort(times, ROUNDS, sizeof(*times), ascending);
	printf("# time %s-%d %.1f\n", name, devices, times[ROUNDS / 2]);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = open("/dev/iommu", O_RDWR);
	if (fd < 0)
		die("/dev/iommu");
	for (int scattered = 1; scattered >= 0; scattered--) {
		char *mem = memory(scattered);

		for (int devices = 1; devices <= 2; devices++)
			measure(mem, devices, scattered ? "scattered" : "in-order");
		munmap(mem, SIZE);
	}
	printf("ok 1 measured\n1..1\n");
	return 0;
}

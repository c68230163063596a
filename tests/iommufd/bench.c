// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What IOMMU_IOAS_MAP and UNMAP of 64 MiB cost, in an IOAS of one mock device and of
 * two: of memory whose pages are scattered, so that each is mapped by itself, and of
 * memory that was taken in order. Prints a line "time NAME NANOSECONDS" for each, a page
 * mapped and unmapped, the median of 201 rounds.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "ioas.h"

/* Each is a mapping of the host's, which has no more than 65,530 for a process */
#define PAGES	16384UL
#define SIZE	(PAGES * 4096)
#define ROUNDS	201

static int fd;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static __u32 new_ioas(int devices)
{
	__u32 ioas;

	if (ioas_new(fd, &ioas))
		die("IOMMU_IOAS_ALLOC");
	for (int i = 0; i < devices; i++)
		if (ioas_add_device(fd, ioas))
			die("a mock device");
	return ioas;
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
	double start = now();

	if (ioas_map(fd, ioas, mem, MOCK_APERTURE_START, SIZE))
		die("IOMMU_IOAS_MAP");
	if (ioas_unmap(fd, ioas, MOCK_APERTURE_START, SIZE))
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

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who maps is killed meanwhile. The IOAS is another process's as well, and lives on: what
 * it has afterwards is the whole area or nothing, in all domains, and if nothing then no
 * table either. It is scattered, so that reserving it takes a while, and many batches.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mock.h"
#include "pages.h"

#define LENGTH	(6 * LEAVES)
#define BASE	((unsigned long)MOCK_APERTURE_START + PAGE)
#define ROUNDS	12
/* Of the kernel's memory for a batch */
#define BATCH	1024

static int fd;
static char *mem;
static __u32 ioas, hwpts[2];

/* Pages from the end and from the start in turn, so that no two are one after the other */
static char *scattered(void)
{
	int file = memfd_create("scattered", 0);
	char *at = mmap(NULL, LENGTH, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long n = LENGTH / PAGE;

	if (file < 0 || ftruncate(file, LENGTH) || at == MAP_FAILED)
		return NULL;
	for (unsigned long i = 0; i < n; i++)
		if (pwrite(file, "page", 4, i * PAGE) != 4 ||
		    mmap(at + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED | MAP_POPULATE, file,
			 (i % 2 ? n - 1 - i / 2 : i / 2) * PAGE) == MAP_FAILED)
			return NULL;
	return at;
}

static int whole(void)
{
	return mock_sees(fd, hwpts[0], BASE, mem, LENGTH) &&
	       mock_sees(fd, hwpts[1], BASE, mem, LENGTH);
}

static int nothing(void)
{
	for (unsigned long at = 0; at < LENGTH; at += PAGE)
		if (mock_walk(fd, hwpts[0], BASE + at) != EFAULT ||
		    mock_walk(fd, hwpts[1], BASE + at) != EFAULT)
			return 0;
	return 1;
}

/* 1 if it was killed before it was done, 0 if it was done, -1 if something is wrong */
static int killed_after(useconds_t delay)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(!!ioas_map(fd, ioas, mem, BASE, LENGTH));
	usleep(delay);
	kill(pid, SIGKILL);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status))
		return -1;
	if (nothing())
		return 1;
	return whole() && !ioas_unmap(fd, ioas, BASE, LENGTH) && nothing() ? 0 : -1;
}

static void test(void)
{
	int killed = 0, ok = 1, ret = 0;
	long first = settled_pages();

	for (int i = 0; ok && i < ROUNDS; i++) {
		ret = killed_after(i * 700);
		killed += ret > 0;
		ok = ret >= 0;
	}
	check(ok, "who maps is killed");
	printf("# %d of %d maps were cut short\n", killed, ROUNDS);
	printf("# killed-left %ld\n", settled_pages() - first);
}

int main(void)
{
	__u32 dev, stdev;

	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = open("/dev/iommu", O_RDWR);
	mem = scattered();
	check(mem && !ioas_new(fd, &ioas) && !mock_device(fd, ioas, &dev, &stdev, &hwpts[0]) &&
	      !hwpt_new(fd, dev, ioas, 0, &hwpts[1]) && !mock_limit_batches(fd, BATCH),
	      "two domains");
	if (!nr_failed)
		test();
	close(fd);
	printf("1..%u\n", nr_checks);
	return !!nr_failed;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page tables and the memcg of who maps: they are charged to it as long as they are there,
 * those of areas and those for the page of interrupts' messages, and its limit holds.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mock.h"

#define ROOT		"/tmp/cgroup"
#define MEMCG		ROOT "/charged"
#define AREAS		256
#define DOMAINS		32
/* What the upper levels of the tables have, and what is yet to be freed */
#define MORE_TABLES	8
/* More than the limit has room for */
#define LIMIT		(2L << 20)
#define TOO_MANY	4096
#define LIMITED		3

static int fd;
static __u32 ioas, dev, hwpt;
static void *mem;

static int put(const char *file, const char *text)
{
	int out = open(file, O_WRONLY), ok;

	if (out < 0)
		return 0;
	ok = write(out, text, strlen(text)) == (ssize_t)strlen(text);
	close(out);
	return ok;
}

/* The number behind @key in a file, -1 if there is none */
static long number_in(const char *file, const char *key)
{
	FILE *f = fopen(file, "r");
	char line[128];
	long number = -1;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			number = atol(line + strlen(key));
	if (f)
		fclose(f);
	return number;
}

/* Whether there is a memcg to work in */
static int memcg_make(void)
{
	mkdir(ROOT, 0755);
	return !mount("none", ROOT, "cgroup2", 0, NULL) &&
	       put(ROOT "/cgroup.subtree_control", "+memory") && !mkdir(MEMCG, 0755);
}

static int enter(void)
{
	return put(MEMCG "/cgroup.procs", "0");
}

static int leave(void)
{
	return put(ROOT "/cgroup.procs", "0");
}

/* Tables that are charged */
static long charged(void)
{
	return number_in(MEMCG "/memory.stat", "sec_pagetables ") / (long)PAGE;
}

/* Within some seconds: the kernel sums up its counters every other one */
static long charged_rises_to(long tables)
{
	for (int i = 0; i < 50 && charged() < tables; i++)
		usleep(100000);
	return charged();
}

static long charged_falls_to(long tables)
{
	for (int i = 0; i < 50 && charged() > tables; i++)
		usleep(100000);
	return charged();
}

static unsigned long iova_of(unsigned long i)
{
	return MOCK_APERTURE_START + i * LEAVES;
}

/* Areas of a page, each in a leaf table of its own */
static int map_area(unsigned long i)
{
	return ioas_map(fd, ioas, mem, iova_of(i), PAGE);
}

static int unmap_areas(unsigned long first, unsigned long count)
{
	int bad = 0;

	for (unsigned long i = first; i < first + count; i++)
		bad |= ioas_unmap(fd, ioas, iova_of(i), PAGE);
	return !bad;
}

static void areas_are_charged(void)
{
	static const char gone[] = "and nothing when the areas are gone";
	long before, grown;
	int bad = 0;

	check(enter(), "in a memcg");
	before = charged();
	for (unsigned long i = 0; i < AREAS; i++)
		bad |= map_area(i);
	check(!bad, "areas");
	grown = charged_rises_to(before + AREAS) - before;
	printf("# %ld tables are charged for %d areas\n", grown, AREAS);
	check(grown >= AREAS && grown <= AREAS + MORE_TABLES,
	      "tables are charged to who maps, and as many as they are");
	check(unmap_areas(0, AREAS), "areas go");
	if (mock_has_reservations(fd, hwpt))
		check(charged_falls_to(before) == before, "%s", gone);
	else
		skip(gone, "this kernel keeps them");
	check(leave(), "out of the memcg");
}

/* The page of messages in domains that have nothing else */
static void messages_are_charged(void)
{
	static const char name[] = "so are those of the page of messages";
	__u32 hwpts[DOMAINS];
	long before, grown;
	int bad = 0;

	if (!mock_has_reservations(fd, hwpt)) {
		skip(name, "this kernel can put no page there");
		return;
	}
	for (int i = 0; i < DOMAINS; i++)
		bad |= hwpt_new(fd, dev, ioas, 0, &hwpts[i]);
	check(!bad && enter(), "domains without areas");
	before = charged();
	for (int i = 0; i < DOMAINS; i++)
		bad |= mock_sw_msi(fd, hwpts[i], iova_of(0));
	check(!bad, "a page of messages in each");
	grown = charged_rises_to(before + DOMAINS) - before;
	printf("# %ld tables are charged for %d pages of messages\n", grown, DOMAINS);
	check(grown >= DOMAINS, "%s", name);
	for (int i = 0; i < DOMAINS; i++)
		bad |= object_destroy(fd, hwpts[i]);
	check(!bad && leave(), "domains go");
}

/*
 * In a process of its own, which the kernel may kill. Says how far it got, where no tables
 * can have been left
 */
static void map_beyond_the_limit(unsigned long *areas)
{
	char limit[32];

	if (!enter())
		_exit(1);
	snprintf(limit, sizeof(limit), "%ld", number_in(MEMCG "/memory.current", "") + LIMIT);
	if (!put(MEMCG "/memory.max", limit))
		_exit(1);
	while (*areas < TOO_MANY && !map_area(AREAS + *areas))
		++*areas;
	_exit(*areas < TOO_MANY && errno == ENOMEM ? LIMITED : 1);
}

static void limit_holds(void)
{
	unsigned long *areas = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	pid_t pid;

	if (areas == MAP_FAILED) {
		check(0, "memory to report in");
		return;
	}
	*areas = 0;
	fflush(stdout);
	pid = fork();
	if (!pid)
		map_beyond_the_limit(areas);
	waitpid(pid, &status, 0);
	printf("# %lu areas, status %#x\n", *areas, status);
	check((WIFEXITED(status) && WEXITSTATUS(status) == LIMITED) ||
	      (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL),
	      "who maps more than its memcg allows gets ENOMEM, or is killed");
	check(*areas && *areas <= LIMIT / PAGE + MORE_TABLES,
	      "with as many tables as there is room for");
	check(put(MEMCG "/memory.max", "max") && unmap_areas(AREAS, *areas),
	      "what was mapped goes");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = open("/dev/iommu", O_RDWR);
	mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!memcg_make()) {
		skip("tables are charged to who maps", "no memcg");
	} else {
		__u32 stdev;

		check(fd >= 0 && mem != MAP_FAILED && !ioas_new(fd, &ioas) &&
		      !mock_device(fd, ioas, &dev, &stdev, &hwpt), "a device in an IOAS");
		areas_are_charged();
		messages_are_charged();
		limit_holds();
	}
	printf("1..%u\n", nr_checks);
	return !!nr_failed;
}

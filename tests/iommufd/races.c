// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads of one IOAS, side by side: areas come and go that share tables at every level,
 * while domains come and go that get all areas, accesses pin what is mapped, and every
 * now and then an allocation fails. Each thread looks with the hardware's eyes at what is
 * its own: what it mapped is there, whatever others do to the table that has it.
 *
 * The hardware may remember the table of an address that is not mapped for as long as
 * who let the table go has not flushed. So a walk to nothing is asked again for a while.
 */

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fails.h"
#include "mock.h"
#include "pages.h"

#define THREADS	3
#define SECONDS	5
#define OWN	4UL
#define LENGTH	(THREADS * OWN * PAGE)
/* Half of what the threads have is in one leaf table, half in the next */
#define BASE	((unsigned long)MOCK_APERTURE_START + 8 * LEAVES - LENGTH / 2)
#define PATIENCE	1000

static int fd;
static char *mem;
static __u32 ioas, dev, hwpt;
static int over;
static pthread_mutex_t saying = PTHREAD_MUTEX_INITIALIZER;

struct mapper {
	unsigned long nr;
	unsigned int seed;
	unsigned long rounds, failures;
	const char *wrong;
};

static int ends(void)
{
	return __atomic_load_n(&over, __ATOMIC_RELAXED);
}

static void say(const char *text)
{
	pthread_mutex_lock(&saying);
	printf("# %s\n", text);
	pthread_mutex_unlock(&saying);
}

static int gone(unsigned long iova)
{
	int said = 0;

	for (int i = 0; i < PATIENCE; i++) {
		said = mock_walk(fd, hwpt, iova);
		if (said == EFAULT)
			return 1;
		usleep(100);
	}
	errno = said;
	return 0;
}

/* Pages of the threads take turns, so that all tables are everybody's */
static const char *round_of(struct mapper *m, int nth)
{
	unsigned long page = (rand_r(&m->seed) % OWN) * THREADS + m->nr;
	unsigned long iova = BASE + page * PAGE;
	int failed = 0, ret;

	if (nth >= 0 && !(rand_r(&m->seed) % 4)) {
		if (!fail_nth(nth, 1 + rand_r(&m->seed) % 24))
			return "no failures";
		ret = ioas_map(fd, ioas, mem + page * PAGE, iova, PAGE);
		failed = met_failure(nth);
		m->failures += failed;
	} else {
		ret = ioas_map(fd, ioas, mem + page * PAGE, iova, PAGE);
	}
	m->rounds++;
	if (ret)
		return failed ? gone(iova) ? NULL : "what failed to be mapped is there" :
				"IOMMU_IOAS_MAP fails";
	if (!mock_sees(fd, hwpt, iova, mem + page * PAGE, PAGE))
		return "what was mapped is not there";
	if (rand_r(&m->seed) % 2)
		usleep(rand_r(&m->seed) % 200);
	if (!mock_sees(fd, hwpt, iova, mem + page * PAGE, PAGE))
		return "what was mapped is not there any more";
	if (ioas_unmap(fd, ioas, iova, PAGE))
		return "IOMMU_IOAS_UNMAP fails";
	return gone(iova) ? NULL : "what was unmapped is there";
}

static void *map_and_unmap(void *arg)
{
	struct mapper *m = arg;
	int nth = fail_nth_open("0");

	while (!ends() && !m->wrong)
		m->wrong = round_of(m, nth);
	if (m->wrong)
		say(m->wrong);
	close(nth);
	return NULL;
}

/* A page that stays, beside those that come and go: each domain that comes has it */
static void *come_and_go(void *arg)
{
	const char **wrong = arg;
	unsigned long iova = BASE + LENGTH + PAGE;
	__u32 other;

	if (ioas_map(fd, ioas, mem, iova, PAGE))
		*wrong = "no page that stays";
	while (!ends() && !*wrong) {
		if (hwpt_new(fd, dev, ioas, 0, &other))
			*wrong = "no other domain";
		else if (!mock_sees(fd, other, iova, mem, PAGE) ||
			 !mock_sees(fd, hwpt, iova, mem, PAGE))
			*wrong = "a domain that came does not have what is mapped";
		else if (object_destroy(fd, other))
			*wrong = "the other domain stays";
	}
	if (*wrong)
		say(*wrong);
	ioas_unmap(fd, ioas, iova, PAGE);
	return NULL;
}

/* What is pinned by an access is found in a domain, beside what goes there */
static int access_new(void)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_CREATE_ACCESS,
		.id = ioas,
		.create_access.flags = MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES,
	};

	return ioctl(fd, IOMMU_TEST_CMD, &cmd) ? -1 : (int)cmd.create_access.out_access_fd;
}

static void *pin(void *arg)
{
	const char **wrong = arg;
	unsigned long iova = BASE + LENGTH + 3 * PAGE;
	int access = access_new();

	if (access < 0 || ioas_map(fd, ioas, mem, iova, 5 * PAGE))
		*wrong = "no access, or nothing for it";
	while (!ends() && !*wrong) {
		struct iommu_test_cmd cmd = {
			.size = sizeof(cmd),
			.op = IOMMU_TEST_OP_ACCESS_PAGES,
			.id = access,
			.access_pages = { .iova = iova, .length = 5 * PAGE,
					  .uptr = (uintptr_t)mem },
		};

		if (ioctl(fd, IOMMU_TEST_CMD, &cmd)) {
			*wrong = "an access does not get its pages";
			break;
		}
		cmd.op = IOMMU_TEST_OP_DESTROY_ACCESS_PAGES;
		cmd.destroy_access_pages.access_pages_id = cmd.access_pages.out_access_pages_id;
		if (ioctl(fd, IOMMU_TEST_CMD, &cmd))
			*wrong = "an access keeps its pages";
	}
	if (*wrong)
		say(*wrong);
	ioas_unmap(fd, ioas, iova, 5 * PAGE);
	close(access);
	return NULL;
}

static void run(void)
{
	struct mapper mappers[THREADS] = {};
	const char *domains = NULL, *pins = NULL;
	pthread_t threads[THREADS + 2];
	unsigned long rounds = 0, failures = 0;
	int ok = 1;

	for (unsigned long i = 0; i < THREADS; i++) {
		mappers[i].nr = i;
		mappers[i].seed = i + 1;
		ok = ok && !pthread_create(&threads[i], NULL, map_and_unmap, &mappers[i]);
	}
	ok = ok && !pthread_create(&threads[THREADS], NULL, come_and_go, &domains) &&
	     !pthread_create(&threads[THREADS + 1], NULL, pin, &pins);
	check(ok, "threads");
	sleep(SECONDS);
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	for (int i = 0; ok && i < THREADS + 2; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++) {
		ok = ok && !mappers[i].wrong;
		rounds += mappers[i].rounds;
		failures += mappers[i].failures;
	}
	printf("# %lu areas came and went, %lu met a failure\n", rounds, failures);
	check(ok, "areas that come and go");
	check(!domains, "domains that come and go");
	check(!pins, "accesses");
}

int main(void)
{
	__u32 stdev;
	long first;

	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = open("/dev/iommu", O_RDWR);
	mem = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	check(mem != MAP_FAILED && !ioas_new(fd, &ioas) &&
	      !mock_device(fd, ioas, &dev, &stdev, &hwpt), "a device");
	if (!nr_failed) {
		first = settled_pages();
		run();
		printf("# races-left %ld\n", settled_pages() - first);
	}
	close(fd);
	printf("1..%u\n", nr_checks);
	return !!nr_failed;
}

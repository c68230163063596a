// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each allocation in turn fails while an area is mapped in several domains, in several
 * batches, or a domain comes when areas are there. Nothing may be mapped or reserved
 * afterwards, and no table may be left. The kernel's fail_nth has one domain and one
 * batch, and does not look at what is left.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fails.h"
#include "mock.h"
#include "pages.h"

#define PAGES	48UL
#define LENGTH	(PAGES * PAGE)
/* From here on another table is needed, in the midst of the area */
#define BORDER	(MOCK_APERTURE_START + LEAVES)
/* Of the kernel's memory for a batch: four runs of pages in one, so a dozen batches */
#define BATCH	64
#define TRIES	1000

static int fd, nth_fd;
static char *mem;
static __u32 ioas, dev, hwpts[3];
/* Where the area is, and a page that is in its way */
static unsigned long base = BORDER - 22 * PAGE, obstacle;

/*
 * Pages that are one after the other in the file, and so in memory, come as fours: forwards,
 * which is one run, and backwards, which are four of them, in turn.
 */
static unsigned long page_of(unsigned long i)
{
	return (PAGES / 4 - 1 - i / 4) * 4 + (i / 4 % 2 ? i % 4 : 3 - i % 4);
}

static char *scattered(void)
{
	int file = memfd_create("scattered", 0);
	char *at = mmap(NULL, LENGTH, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (file < 0 || ftruncate(file, LENGTH) || at == MAP_FAILED)
		return NULL;
	/* Memory is taken in the order in which it is written */
	for (unsigned long i = 0; i < PAGES; i++)
		if (pwrite(file, "page", 4, i * PAGE) != 4)
			return NULL;
	for (unsigned long i = 0; i < PAGES; i++)
		if (mmap(at + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED | MAP_POPULATE, file,
			 page_of(i) * PAGE) == MAP_FAILED)
			return NULL;
	return at;
}

static int everywhere(int (*ok)(__u32 hwpt))
{
	for (int i = 0; i < 3; i++)
		if (!ok(hwpts[i]))
			return 0;
	return 1;
}

static int faults(__u32 hwpt)
{
	for (unsigned long i = 0; i < PAGES; i++)
		if (mock_walk(fd, hwpt, base + i * PAGE) != EFAULT)
			return 0;
	return 1;
}

/* But for the obstacle */
static int is_free(__u32 hwpt)
{
	for (unsigned long i = 0; i < PAGES; i++)
		if (base + i * PAGE != obstacle && mock_walk(fd, hwpt, base + i * PAGE) != EFAULT)
			return 0;
	return 1;
}

static int is_there(__u32 hwpt)
{
	return mock_sees(fd, hwpt, base, mem, LENGTH);
}

/* Only the first batch begins in the midst of a page */
static int half_a_page_off(void)
{
	size_t half = PAGE / 2, length = LENGTH - half;
	int ok = !ioas_map(fd, ioas, mem + half, base + half, length);

	for (int i = 0; i < 3; i++)
		ok = ok && mock_sees(fd, hwpts[i], base + half, mem + half, length);
	return ok && !ioas_unmap(fd, ioas, base + half, length) && everywhere(faults);
}

/* An area in three domains. 1 if it ended well without a failure */
static int try_map(unsigned int n, int *ok)
{
	int ret, failed;

	if (!fail_nth(nth_fd, n))
		return 0;
	ret = ioas_map(fd, ioas, mem, base, LENGTH);
	failed = met_failure(nth_fd);
	*ok = ret ? everywhere(faults) : everywhere(is_there) &&
	      !ioas_unmap(fd, ioas, base, LENGTH) && everywhere(faults);
	return !failed && !ret;
}

/* A domain that comes when the area is there */
static int try_domain(unsigned int n, int *ok)
{
	__u32 hwpt = 0;
	int ret, failed;

	if (!fail_nth(nth_fd, n))
		return 0;
	ret = hwpt_new(fd, dev, ioas, 0, &hwpt);
	failed = met_failure(nth_fd);
	*ok = ret || (is_there(hwpt) && !object_destroy(fd, hwpt));
	*ok = *ok && everywhere(is_there);
	return !failed && !ret;
}

static int each_fails(int (*attempt)(unsigned int n, int *ok))
{
	int ok = 1, done = 0;

	for (unsigned int n = 1; ok && !done && n < TRIES; n++)
		done = attempt(n, &ok);
	return ok && done;
}

/* The last domain is one without reservations: mapping fails there after all were made */
static int a_plain_domain(void)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS,
		.id = ioas,
		.mock_domain_flags.dev_flags = MOCK_DEVICE_NO_RESERVE,
	};

	return !ioctl(fd, IOMMU_TEST_CMD, &cmd) && !object_destroy(fd, hwpts[2]) &&
	       !hwpt_new(fd, cmd.mock_domain_flags.out_idev_id, ioas, 0, &hwpts[2]) &&
	       !mock_reserves(fd, hwpts[2]) && each_fails(try_map);
}

static void test_plain(const char *name)
{
	if (mock_has_reservations(fd, hwpts[0]))
		check(a_plain_domain(), "%s", name);
	else
		skip(name, "this kernel has no reservations");
}

/* The border is at another place of a batch each time */
static int each_fails_anywhere(void)
{
	int ok = 1;

	for (unsigned long before = 16; ok && before < 32; before++) {
		base = BORDER - before * PAGE;
		ok = each_fails(try_map);
	}
	return ok;
}

/* Domains between which one has a page in the way of the area */
static int put_obstacle(unsigned long at)
{
	obstacle = at;
	return !object_destroy(fd, hwpts[2]) && !object_destroy(fd, hwpts[1]) &&
	       !hwpt_new(fd, dev, ioas, 0, &hwpts[1]) && !mock_sw_msi(fd, hwpts[1], at) &&
	       !hwpt_new(fd, dev, ioas, 0, &hwpts[2]);
}

/* Mapping fails in the second domain, and only there, at each page in turn */
static int is_blocked(void)
{
	for (unsigned long i = 0; i < PAGES; i++)
		if (!put_obstacle(base + i * PAGE) ||
		    !ioas_map(fd, ioas, mem, base, LENGTH) || !everywhere(is_free) ||
		    mock_walk(fd, hwpts[1], obstacle))
			return 0;
	return 1;
}

static void test_blocked(const char *name)
{
	if (mock_has_reservations(fd, hwpts[0]))
		check(is_blocked(), "%s", name);
	else
		skip(name, "this kernel can put no page there");
}

static int prepare(void)
{
	__u32 stdev;

	fd = open("/dev/iommu", O_RDWR);
	nth_fd = fail_nth_open("0");
	mem = scattered();
	return nth_fd >= 0 && mem && !ioas_new(fd, &ioas) &&
	       !mock_device(fd, ioas, &dev, &stdev, &hwpts[0]) &&
	       !hwpt_new(fd, dev, ioas, 0, &hwpts[1]) && !hwpt_new(fd, dev, ioas, 0, &hwpts[2]) &&
	       !mock_limit_batches(fd, BATCH);
}

int main(void)
{
	long first;

	setvbuf(stdout, NULL, _IOLBF, 0);
	check(prepare(), "three domains, and allocations that fail");
	if (!nr_failed) {
		first = settled_pages();
		check(each_fails_anywhere(), "an area in three domains");
		printf("# left %ld\n", settled_pages() - first);
		check(!ioas_map(fd, ioas, mem, base, LENGTH), "an area for those that come");
		first = settled_pages();
		check(each_fails(try_domain), "a domain that comes");
		printf("# domains-left %ld\n", settled_pages() - first);
		check(!ioas_unmap(fd, ioas, base, LENGTH), "it goes");
		check(half_a_page_off(), "an area that begins in the midst of a page");
		test_plain("an area in a domain without reservations as well");
		test_blocked("an area with a page in its way");
	}
	close(fd);
	printf("1..%u\n", nr_checks);
	return !!nr_failed;
}

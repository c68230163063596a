// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the mock device's walker sees, which caches tables and translations until it is
 * told to forget them: areas that come, go and make way for others, in each way in which
 * entries change. A flush that is left out, or is of too little, is a walk by what is
 * not there any more. And whether the domains of iommufd have reservations.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "mock.h"

#define BASE	((unsigned long)MOCK_APERTURE_START)
#define BLOCK	(2 * LEAVES)
#define MEMORY	(8 * LEAVES)

static int fd;
static char *mem;

/* An IOAS, a device in it, and its domain */
struct space {
	__u32 ioas, dev, stdev, hwpt;
};

static int space_new(struct space *s)
{
	return ioas_new(fd, &s->ioas) || mock_device(fd, s->ioas, &s->dev, &s->stdev, &s->hwpt);
}

static int map(struct space *s, unsigned long at, size_t from, size_t length)
{
	return !ioas_map(fd, s->ioas, mem + from, BASE + at, length);
}

static int unmap(struct space *s, unsigned long at, size_t length)
{
	return !ioas_unmap(fd, s->ioas, BASE + at, length);
}

static int sees(struct space *s, unsigned long at, size_t from, size_t length)
{
	return mock_sees(fd, s->hwpt, BASE + at, mem + from, length);
}

/* The first and the last page of a range, and one between */
static int faults(struct space *s, unsigned long at, size_t length)
{
	return mock_walk(fd, s->hwpt, BASE + at) == EFAULT &&
	       mock_walk(fd, s->hwpt, BASE + at + length / 2) == EFAULT &&
	       mock_walk(fd, s->hwpt, BASE + at + length - 1) == EFAULT;
}

static int come_and_go(struct space *s, unsigned long at, size_t from, size_t length)
{
	return map(s, at, from, length) && sees(s, at, from, length) &&
	       unmap(s, at, length) && faults(s, at, length);
}

static int a_page(struct space *s)
{
	return come_and_go(s, 0, 0, PAGE) && come_and_go(s, 0, PAGE, PAGE);
}

/* What is beside it in its table stays, and can be used meanwhile */
static int a_neighbour(struct space *s)
{
	return map(s, 0, 0, PAGE) && map(s, PAGE, 4 * PAGE, PAGE) &&
	       sees(s, 0, 0, PAGE) && sees(s, PAGE, 4 * PAGE, PAGE) &&
	       unmap(s, 0, PAGE) && faults(s, 0, PAGE) && sees(s, PAGE, 4 * PAGE, PAGE) &&
	       map(s, 0, 9 * PAGE, PAGE) && sees(s, 0, 9 * PAGE, PAGE) &&
	       unmap(s, 0, PAGE) && unmap(s, PAGE, PAGE) && faults(s, 0, 2 * PAGE);
}

static int a_table(struct space *s)
{
	return come_and_go(s, 0, 0, LEAVES) && come_and_go(s, 0, LEAVES, LEAVES);
}

static int half_a_page_off(struct space *s)
{
	return come_and_go(s, 2048, 2048, LEAVES) && come_and_go(s, 0, PAGE, LEAVES);
}

/* Tables at several levels, which one unmap takes away */
static int many_tables(struct space *s)
{
	size_t far = 600 * LEAVES;

	return map(s, LEAVES / 2, 0, 3 * LEAVES) && map(s, far, 4 * LEAVES, LEAVES) &&
	       sees(s, LEAVES / 2, 0, 3 * LEAVES) && sees(s, far, 4 * LEAVES, LEAVES) &&
	       !ioas_unmap(fd, s->ioas, 0, -1UL) &&
	       faults(s, LEAVES / 2, 3 * LEAVES) && faults(s, far, LEAVES) &&
	       come_and_go(s, far, 0, LEAVES);
}

/* A dmabuf is in one piece, so it is one entry above the leaf tables */
static int a_block(struct space *s)
{
	int dmabuf = dmabuf_new(fd, BLOCK), ok;

	ok = dmabuf >= 0 && come_and_go(s, 0, 0, BLOCK) &&
	     !ioas_map_file(fd, s->ioas, dmabuf, BASE, BLOCK) &&
	     !mock_walk(fd, s->hwpt, BASE) && !mock_walk(fd, s->hwpt, BASE + BLOCK - 1) &&
	     unmap(s, 0, BLOCK) && faults(s, 0, BLOCK) && come_and_go(s, 0, PAGE, BLOCK) &&
	     !ioas_map_file(fd, s->ioas, dmabuf, BASE, BLOCK) &&
	     !mock_walk(fd, s->hwpt, BASE + PAGE) &&
	     !dmabuf_revoke(fd, dmabuf) && faults(s, 0, BLOCK) && unmap(s, 0, BLOCK);
	close(dmabuf);
	return ok;
}

/* As VFIO had it: each page is an entry, and parts of areas can go */
static int is_vfio(struct space *s)
{
	struct iommu_vfio_ioas set = {
		.size = sizeof(set), .op = IOMMU_VFIO_IOAS_SET, .ioas_id = s->ioas,
	};

	return !ioctl(fd, IOMMU_VFIO_IOAS, &set) &&
	       !ioctl(fd, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU);
}

static int a_part(struct space *s)
{
	struct vfio_iommu_type1_dma_unmap part = {
		.argsz = sizeof(part), .iova = BASE + 8 * PAGE, .size = 4 * PAGE,
	};

	return is_vfio(s) && map(s, 0, 0, 32 * PAGE) && sees(s, 0, 0, 32 * PAGE) &&
	       !ioctl(fd, VFIO_IOMMU_UNMAP_DMA, &part) && faults(s, 8 * PAGE, 4 * PAGE) &&
	       sees(s, 0, 0, 8 * PAGE) && sees(s, 12 * PAGE, 12 * PAGE, 20 * PAGE) &&
	       come_and_go(s, 8 * PAGE, 64 * PAGE, 4 * PAGE) &&
	       unmap(s, 0, 8 * PAGE) && sees(s, 12 * PAGE, 12 * PAGE, 20 * PAGE) &&
	       unmap(s, 12 * PAGE, 20 * PAGE) && faults(s, 0, 32 * PAGE);
}

/* One of them begins where a block could, in the IOMMU and in memory */
static int pages_for_a_block(struct space *s)
{
	int ok = is_vfio(s);

	for (size_t from = 0; ok && from < LEAVES; from += PAGE)
		ok = come_and_go(s, 0, from, LEAVES);
	return ok;
}

/* A device whose driver knows of no reservations has its domain beside one that has them */
static int a_plain_domain(struct space *s)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS,
		.id = s->ioas,
		.mock_domain_flags.dev_flags = MOCK_DEVICE_NO_RESERVE,
	};
	struct space other = *s;

	return map(s, 0, 0, LEAVES) && !ioctl(fd, IOMMU_TEST_CMD, &cmd) &&
	       !hwpt_new(fd, cmd.mock_domain_flags.out_idev_id, s->ioas, 0, &other.hwpt) &&
	       !mock_reserves(fd, other.hwpt) && sees(&other, 0, 0, LEAVES) &&
	       !mock_sw_msi(fd, other.hwpt, BASE + 5 * LEAVES) &&
	       !mock_walk(fd, other.hwpt, BASE + 5 * LEAVES) &&
	       map(s, LEAVES, LEAVES, 3 * PAGE) && sees(s, LEAVES, LEAVES, 3 * PAGE) &&
	       sees(&other, LEAVES, LEAVES, 3 * PAGE) &&
	       unmap(s, 0, LEAVES) && unmap(s, LEAVES, 3 * PAGE) &&
	       faults(s, 0, 2 * LEAVES) && faults(&other, 0, 2 * LEAVES);
}

/* A domain that comes when areas are there, and one that goes before them */
static int a_second_domain(struct space *s)
{
	struct space other = *s;

	return map(s, 0, 0, LEAVES) && sees(s, 0, 0, LEAVES) &&
	       !hwpt_new(fd, s->dev, s->ioas, 0, &other.hwpt) &&
	       sees(&other, 0, 0, LEAVES) &&
	       map(s, LEAVES, LEAVES, 3 * PAGE) && sees(s, LEAVES, LEAVES, 3 * PAGE) &&
	       sees(&other, LEAVES, LEAVES, 3 * PAGE) &&
	       unmap(s, 0, LEAVES) && faults(s, 0, LEAVES) && faults(&other, 0, LEAVES) &&
	       sees(&other, LEAVES, LEAVES, 3 * PAGE) && !object_destroy(fd, other.hwpt) &&
	       sees(s, LEAVES, LEAVES, 3 * PAGE) && unmap(s, LEAVES, 3 * PAGE) &&
	       faults(s, 0, 2 * LEAVES);
}

/* The device goes to another IOAS, whose domain is new, and back */
static int another_ioas(struct space *s)
{
	struct space other;

	return !space_new(&other) && map(s, 0, 0, LEAVES) && sees(s, 0, 0, LEAVES) &&
	       map(&other, 0, LEAVES, LEAVES) && !mock_replace(fd, s->stdev, other.ioas) &&
	       sees(&other, 0, LEAVES, LEAVES) && !mock_replace(fd, s->stdev, s->ioas) &&
	       unmap(s, 0, LEAVES) && unmap(&other, 0, LEAVES) && faults(&other, 0, LEAVES);
}

/* Pages of MSIs stay when areas go that have the same table, and go with their domain */
static int a_message(struct space *s)
{
	struct space other = *s;
	unsigned long at = BASE + PAGE, first = BASE + 5 * LEAVES, last = BASE + 8 * LEAVES - PAGE;

	return map(s, 0, 0, PAGE) && mock_sw_msi(fd, s->hwpt, BASE) &&
	       !mock_sw_msi(fd, s->hwpt, at) && !mock_sw_msi(fd, s->hwpt, first) &&
	       !mock_sw_msi(fd, s->hwpt, last) &&
	       sees(s, 0, 0, PAGE) && !mock_walk(fd, s->hwpt, at) &&
	       !mock_walk(fd, s->hwpt, first) && !mock_walk(fd, s->hwpt, last) &&
	       unmap(s, 0, PAGE) && faults(s, 0, PAGE) && !mock_walk(fd, s->hwpt, at) &&
	       come_and_go(s, 2 * PAGE, 0, PAGE) && !mock_walk(fd, s->hwpt, at) &&
	       !hwpt_new(fd, s->dev, s->ioas, 0, &other.hwpt) &&
	       !mock_sw_msi(fd, other.hwpt, at) && !mock_walk(fd, other.hwpt, at) &&
	       !object_destroy(fd, other.hwpt);
}

/* What only a kernel with reservations can be asked for */
static void test_reserved(int (*test)(struct space *s), const char *name)
{
	struct space s;

	fd = open("/dev/iommu", O_RDWR);
	if (space_new(&s))
		check(0, "%s", name);
	else if (mock_has_reservations(fd, s.hwpt))
		check(test(&s), "%s", name);
	else
		skip(name, "this kernel has no reservations");
	close(fd);
}

static void reserves(const char *name, __u32 hwpt)
{
	if (mock_has_reservations(fd, hwpt))
		check(mock_reserves(fd, hwpt), "%s", name);
	else
		skip(name, "this kernel has no reservations");
}

static void kinds_of_domains(void)
{
	static const struct {
		__u32 flags;
		const char *name;
	} kinds[] = {
		{ 0, "a domain that was asked for reserves" },
		{ IOMMU_HWPT_ALLOC_NEST_PARENT, "the parent of nested domains reserves" },
		{ IOMMU_HWPT_ALLOC_DIRTY_TRACKING, "a domain that tracks what is dirty reserves" },
	};
	struct space s;

	check(!space_new(&s), "a device with a domain");
	reserves("the domain of an IOAS reserves", s.hwpt);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		__u32 hwpt = 0;

		check(!hwpt_new(fd, s.dev, s.ioas, kinds[i].flags, &hwpt), "one more domain");
		reserves(kinds[i].name, hwpt);
	}
}

int main(void)
{
	static const struct {
		int (*test)(struct space *s);
		const char *name;
	} tests[] = {
		{ a_page, "a page, and another at its place" },
		{ a_neighbour, "a page whose neighbour stays" },
		{ a_table, "a whole leaf table" },
		{ half_a_page_off, "pages of the device that are halves of the processor's" },
		{ many_tables, "tables of several levels" },
		{ a_block, "a block for pages, pages for a block, and one that is revoked" },
		{ a_part, "a part of an area" },
		{ pages_for_a_block, "pages one by one where a block would fit" },
		{ a_second_domain, "a second domain" },
		{ another_ioas, "a device that changes its IOAS" },
	};
	struct space s;

	setvbuf(stdout, NULL, _IOLBF, 0);
	mem = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	check(mem != MAP_FAILED, "memory");
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		fd = open("/dev/iommu", O_RDWR);
		check(!space_new(&s) && tests[i].test(&s), "%s", tests[i].name);
		close(fd);
	}
	fd = open("/dev/iommu", O_RDWR);
	kinds_of_domains();
	close(fd);
	test_reserved(a_message, "pages of MSIs");
	test_reserved(a_plain_domain, "a domain without reservations beside one with them");
	printf("1..%u\n", nr_checks);
	return !!nr_failed;
}

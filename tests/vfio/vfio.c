// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first and only process of a guest that has two devices of one kind behind an IOMMU:
 * QEMU's "edu", or "igb" if DEVICE=igb is on the kernel's command line. It opens them by
 * VFIO, maps memory for them by iommufd, and lets them move bytes while areas come, go and
 * change. Speaks TAP, and ends the machine.
 *
 * What any device can do is here; what only igb can, many descriptors at once, in burst.c.
 *
 * SILENT_FAULTS on the kernel's command line says that it does not hear of faults.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "compat.h"
#include "edu.h"
#include "pages.h"
#include "points.h"

#define PAGES		64

/* Where areas are. Nothing is near the software MSI page but what is meant to be. */
#define SMALL		0x40000000ULL
#define LARGE		0x50000000ULL
#define SPLIT		0x60000000ULL
#define FLIGHT		0x70000000ULL
#define ASK		0x78000000ULL
#define MANY		0x100000000ULL
/* The driver of SMMUv3 has the page at 0x8000000; here is the same leaf table */
#define NEAR_MSI	0x8100000ULL

#define MANY_AREAS	1000

/* How much is accessed where nothing is, so that it is one fault */
#define FEW		4

int iommufd;
__u32 ioas;
struct device devs[2], *dev = &devs[0];
const struct device_ops *ops;
static uint8_t *pages;		/* PAGES of them */
uint8_t *blocks;		/* two, each of one huge page */
bool silent;			/* the kernel does not hear of faults */
unsigned int fault_accesses, fault_reports;
static unsigned int nr;

void check(bool ok, const char *name)
{
	printf("%sok %u - %s\n", ok ? "" : "not ", ++nr, name);
	if (!ok && errno)
		printf("# %s\n", strerror(errno));
	else if (!ok)
		printf("# no call failed\n");
	errno = 0;
}

static uint8_t *page(unsigned int i)
{
	return pages + i * PAGE;
}

int map(const void *mem, __u64 iova, size_t length)
{
	return ioas_map(iommufd, ioas, mem, iova, length);
}

int unmap(__u64 iova, size_t length)
{
	return ioas_unmap(iommufd, ioas, iova, length);
}

static int enter(unsigned int i, __u32 where)
{
	return ops->enter ? ops->enter(&devs[i], iommufd, where) : 0;
}

/* One to which each of the devices can be attached */
static int new_ioas(__u32 *other)
{
	return ioas_new(iommufd, other) || enter(0, *other) || enter(1, *other);
}

/* --- Bytes ---------------------------------------------------------------- */

static uint8_t byte_of(uint32_t seed, uint32_t i)
{
	uint32_t x = seed * 0x9e3779b1U + i * 0x85ebca6bU;

	return (x ^ x >> 15) * 0x2c1b3c6dU >> 24;
}

void fill(uint8_t *mem, uint32_t seed)
{
	for (uint32_t i = 0; i < PAGE; i++)
		mem[i] = byte_of(seed, i);
}

bool holds(const uint8_t *mem, uint32_t seed, size_t length)
{
	for (uint32_t i = 0; i < length; i++)
		if (mem[i] != byte_of(seed, i))
			return false;
	return true;
}

static bool is_zero(const uint8_t *mem, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (mem[i])
			return false;
	return true;
}

/* No two fills are the same */
uint32_t new_seed(void)
{
	static uint32_t seed;

	return ++seed;
}

/*
 * A device reads the page at @iova, and writes it back there once the page was cleared.
 * @mem has to be that page, and what follows the bytes that move has to stay clear.
 */
static bool moves_by(struct device *by, __u64 iova, uint8_t *mem)
{
	uint32_t seed = new_seed();

	fill(mem, seed);
	if (!ops->read(by, iova, ops->most))
		return false;
	memset(mem, 0, PAGE);
	return ops->write(by, iova, ops->most) && holds(mem, seed, ops->most) &&
	       is_zero(mem + ops->most, PAGE - ops->most);
}

static bool moves(__u64 iova, uint8_t *mem)
{
	return moves_by(dev, iova, mem);
}

/* --- What the kernel says ------------------------------------------------- */

/* Is @number in what the log has got since the last look? A read returns one record. */
static bool next_records_have(int log, const char *number)
{
	char record[1024];
	ssize_t length;

	while ((length = read(log, record, sizeof(record) - 1)) > 0) {
		record[length] = '\0';
		if (strstr(record, number))
			return true;
	}
	/* There is no more */
	errno = 0;
	return false;
}

/*
 * Does the kernel's log name the page of @iova within a second? @log was opened before. Some
 * drivers name the byte, some the page: "0x", and what both begin with.
 */
bool log_names(int log, __u64 iova)
{
	char number[32];

	snprintf(number, sizeof(number), "0x%llx", (unsigned long long)(iova / PAGE));
	for (int ms = 0; ms < 1000; ms += 10) {
		if (next_records_have(log, number))
			return true;
		usleep(10000);
	}
	return false;
}

int log_from_here(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	lseek(log, 0, SEEK_END);
	return log;
}

/* The device writes what it got to a page that it may access. @seed is what it must not be. */
static bool got_other_than(uint32_t seed)
{
	uint32_t kept = new_seed();
	uint8_t *mem = page(PAGES - 1);
	bool ok;

	fill(mem, kept);
	if (map(mem, ASK, PAGE))
		return false;
	ok = ops->write(dev, ASK, FEW) && !holds(mem, kept, FEW) && !holds(mem, seed, FEW);
	return !unmap(ASK, PAGE) && ok;
}

/*
 * Drivers report few faults in five seconds, that of VT-d three. nothing_at() has two, so
 * each has five seconds of its own.
 */
void wait_for_reports(void)
{
	static time_t next;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec < next)
		sleep(next - now.tv_sec);
	clock_gettime(CLOCK_MONOTONIC, &now);
	next = now.tv_sec + 6;
}

/* An access that has to fault, by one of the device's functions */
static bool access_nothing(bool (*access)(struct device *, __u64, size_t), __u64 iova)
{
	int log = log_from_here();
	bool ok = access(dev, iova, FEW);

	fault_accesses++;
	if (!silent)
		fault_reports += log_names(log, iova);
	close(log);
	return ok;
}

/*
 * Nothing is at @iova, where @mem was: no byte arrives, in both directions. Whether the
 * IOMMU reported it is counted, and checked at the end.
 */
static bool nothing_at(__u64 iova, uint8_t *mem)
{
	uint32_t secret = new_seed();

	if (!silent)
		wait_for_reports();
	fill(mem, secret);
	return access_nothing(ops->read, iova) && got_other_than(secret) &&
	       access_nothing(ops->write, iova) && holds(mem, secret, PAGE);
}

/* What is kept for later is given back when memory is scarce */
static int reclaim(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY), ret;

	ret = fd >= 0 && write(fd, "2", 1) == 1 ? 0 : -1;
	close(fd);
	return ret;
}

/* --- Tests ---------------------------------------------------------------- */

/* Areas side by side, and each in a leaf table of its own */
static void test_small(void)
{
	static const __u64 iovas[] = {
		SMALL, SMALL + PAGE, SMALL + 3 * PAGE, SMALL + BLOCK - PAGE, SMALL + BLOCK,
		SMALL + 5 * BLOCK,
	};
	unsigned int n = sizeof(iovas) / sizeof(iovas[0]);
	bool ok = true;

	for (unsigned int i = 0; i < n; i++)
		ok &= !map(page(i), iovas[i], PAGE);
	for (unsigned int i = 0; i < n; i++)
		ok &= moves(iovas[i], page(i));
	check(ok, "areas of 4 KiB");

	for (unsigned int i = 0; i < n; i += 2)
		ok &= !unmap(iovas[i], PAGE);
	for (unsigned int i = 1; i < n; i += 2)
		ok &= moves(iovas[i], page(i)) && !unmap(iovas[i], PAGE);
	check(ok, "those that stay when others go");
}

static bool block_moves(__u64 iova, uint8_t *block)
{
	return moves(iova, block) && moves(iova + BLOCK / 2, block + BLOCK / 2) &&
	       moves(iova + BLOCK - PAGE, block + BLOCK - PAGE);
}

/* A block, a table where it was, and a block again */
static void test_large(void)
{
	long before;
	bool ok;

	ok = !map(page(0), LARGE + BLOCK, PAGE);
	before = settled_pages();
	ok &= !map(blocks, LARGE, BLOCK) && block_moves(LARGE, blocks);
	check(ok, "an area of 2 MiB");
	check(settled_pages() == before, "which is a block: it takes no table");

	ok = !unmap(LARGE, BLOCK) && !map(page(1), LARGE + PAGE, PAGE) &&
	     moves(LARGE + PAGE, page(1)) && !unmap(LARGE + PAGE, PAGE);
	check(ok, "4 KiB where it was");
	ok = !map(blocks + BLOCK, LARGE, BLOCK) && block_moves(LARGE, blocks + BLOCK) &&
	     !unmap(LARGE, BLOCK);
	check(ok, "and 2 MiB of other memory there");
	check(moves(LARGE + BLOCK, page(0)) && !unmap(LARGE + BLOCK, PAGE),
	      "beside it nothing changed");
}

static void test_remap(void)
{
	uint32_t old = new_seed();
	bool ok = true;

	for (unsigned int i = 0; i < 4; i++) {
		ok &= !map(page(i), SMALL, PAGE) && moves(SMALL, page(i)) &&
		      !unmap(SMALL, PAGE);
		fill(page(i), old);
	}
	for (unsigned int i = 0; i < 4; i++)
		ok &= holds(page(i), old, PAGE);
	check(ok, "other memory at the same IOVA, and nothing in the old one");
}

static void test_faults(void)
{
	bool ok = !map(page(0), SMALL, PAGE) && moves(SMALL, page(0)) && !unmap(SMALL, PAGE);

	check(ok && nothing_at(SMALL, page(0)), "a page that went: no byte arrives");
	check(!map(page(1), SMALL, PAGE) && moves(SMALL, page(1)) && !unmap(SMALL, PAGE),
	      "and DMA works again");

	ok = !map(blocks, LARGE, BLOCK) && moves(LARGE + PAGE, blocks + PAGE) &&
	     !unmap(LARGE, BLOCK);
	check(ok && nothing_at(LARGE + PAGE, blocks + PAGE),
	      "a block that went: no byte arrives");
	check(!map(blocks, LARGE, BLOCK) && block_moves(LARGE, blocks) && !unmap(LARGE, BLOCK),
	      "and DMA works again there");
}

/* Each access to nothing, in whatever test */
static void test_reports(void)
{
	const char *name = "the kernel reports each access to nothing";

	if (silent)
		printf("ok %u - %s # SKIP this IOMMU reports none\n", ++nr, name);
	else
		check(fault_accesses && fault_reports == fault_accesses, name);
	printf("# faults %u of %u\n", fault_reports, fault_accesses);
}

/* From here on all is in another IOAS. Only one that has nothing yet can get small pages. */
static bool small_pages(void)
{
	__u32 other = 0;
	bool ok = !ioas_new(iommufd, &other) && !compat_set(iommufd, other);

	for (unsigned int i = 0; i < 2; i++)
		ok &= !enter(i, other) && !device_attach(&devs[i], other);
	ioas = other;
	return ok;
}

/* 16 pages, of which some go, as VFIO's first calls allow it */
static void test_split(void)
{
	bool ok = small_pages() && !map(pages, SPLIT, 16 * PAGE);

	for (unsigned int i = 0; i < 16; i += 5)
		ok &= moves(SPLIT + i * PAGE, page(i));
	check(ok, "an area of pages");
	ok = !compat_unmap(iommufd, SPLIT + 4 * PAGE, 4 * PAGE) &&
	     moves(SPLIT + 3 * PAGE, page(3)) && moves(SPLIT + 8 * PAGE, page(8));
	check(ok, "split in three: both sides stay");
	check(nothing_at(SPLIT + 4 * PAGE, page(4)), "and its middle is gone");
	ok = !map(page(32), SPLIT + 4 * PAGE, 4 * PAGE) &&
	     moves(SPLIT + 5 * PAGE, page(33)) && moves(SPLIT + 3 * PAGE, page(3));
	check(ok, "other memory in the middle");
	ok = !compat_unmap(iommufd, SPLIT, 2 * PAGE) && moves(SPLIT + 2 * PAGE, page(2)) &&
	     !unmap(SPLIT + 2 * PAGE, 14 * PAGE);
	check(ok && nothing_at(SPLIT + 2 * PAGE, page(2)), "all parts go");
}

static int new_ioas_with(__u32 *other, const void *mem, __u64 iova)
{
	return new_ioas(other) || ioas_map(iommufd, *other, mem, iova, PAGE);
}

static void test_replace(void)
{
	__u32 other = 0;
	bool ok;

	ok = !map(page(0), SMALL, PAGE) && moves(SMALL, page(0)) &&
	     !new_ioas_with(&other, page(1), SMALL) && !device_attach(dev, other);
	check(ok && moves(SMALL, page(1)), "another IOAS: its memory");
	check(moves_by(&devs[1], SMALL, page(0)) && moves(SMALL, page(1)),
	      "an IOAS for each of two devices");
	ok = !device_attach(dev, ioas) && !ioas_unmap(iommufd, other, SMALL, PAGE) &&
	     !object_destroy(iommufd, other);
	check(ok && moves(SMALL, page(0)) && !unmap(SMALL, PAGE), "and the first one again");
}

/* Pages that are pinned for one IOAS, and read back from its domain for the other */
static void test_copy(void)
{
	__u32 other = 0;
	bool ok;

	ok = !map(pages, SMALL, 8 * PAGE) && !new_ioas(&other) &&
	     !ioas_copy(iommufd, ioas, other, SMALL, 8 * PAGE) && !device_attach(dev, other) &&
	     !unmap(SMALL, 8 * PAGE) && moves(SMALL, page(0)) &&
	     moves(SMALL + 7 * PAGE, page(7));
	check(ok, "an area that is copied to another IOAS stays there");
	ok = !device_attach(dev, ioas) && !object_destroy(iommufd, other);
	check(ok && nothing_at(SMALL, page(0)), "and goes with it");
}

/* Each area is in both domains of one IOAS */
static void test_domains(void)
{
	__u32 hwpt = 0;
	bool ok;

	ok = !map(page(0), SMALL, PAGE) && !hwpt_new(iommufd, dev->id, ioas, 0, &hwpt) &&
	     !device_attach(dev, hwpt) && moves(SMALL, page(0));
	check(ok, "a new domain has what its IOAS has");
	ok = !map(page(1), SMALL + BLOCK, PAGE) && moves(SMALL + BLOCK, page(1)) &&
	     moves_by(&devs[1], SMALL + BLOCK, page(1)) && !unmap(SMALL, PAGE) &&
	     moves_by(&devs[1], SMALL + BLOCK, page(1)) && moves(SMALL + BLOCK, page(1));
	check(ok, "areas come and go in both");
	ok = nothing_at(SMALL, page(0)) && !unmap(SMALL + BLOCK, PAGE) &&
	     !device_attach(dev, ioas) && !object_destroy(iommufd, hwpt);
	check(ok, "nothing is in the second one of what went; and it goes");
}

/*
 * Other memory comes to the IOVA between a command and its DMA. If the DMA was quicker
 * than that, which is possible on a busy host, it is tried again.
 */
static bool read_in_flight(void)
{
	uint32_t was = new_seed(), is = new_seed();

	fill(page(0), was);
	fill(page(1), is);
	for (int i = 0; i < 20; i++) {
		bool ok = !map(page(0), FLIGHT, PAGE) && !map(page(2), FLIGHT + PAGE, PAGE);
		bool in_time;

		edu_start_read(dev, FLIGHT, ops->most);
		ok &= !unmap(FLIGHT, PAGE) && !map(page(1), FLIGHT, PAGE);
		in_time = edu_runs(dev);
		ok &= edu_wait(dev) && ops->write(dev, FLIGHT + PAGE, ops->most) &&
		      !unmap(FLIGHT, 2 * PAGE);
		if (!ok || in_time)
			return ok && holds(page(2), is, ops->most);
	}
	return false;
}

static atomic_bool stop;
static atomic_ulong rounds;

/* Areas around one that is in use, in the same leaf table and beside it */
static void *come_and_go(void *memory)
{
	static const __u64 iovas[] = { FLIGHT + PAGE, FLIGHT + 9 * PAGE, FLIGHT + BLOCK };
	bool ok = true;

	while (ok && !stop) {
		for (unsigned int i = 0; i < 3; i++)
			ok &= !map(page(8 + i), iovas[i], PAGE);
		for (unsigned int i = 0; i < 3; i++)
			ok &= !unmap(iovas[i], PAGE);
		rounds += ok;
	}
	return ok ? memory : NULL;
}

/* Of the devices, only edu can be looked at before it has begun */
static void test_flight(void)
{
	pthread_t thread;
	void *fine = NULL;
	bool ok;

	if (ops == &edu_ops)
		check(read_in_flight(), "memory that changes before the device comes to it");

	ok = !map(page(0), FLIGHT, PAGE) && !pthread_create(&thread, NULL, come_and_go, pages);
	/* A device may be much quicker than the thread */
	for (int i = 0; ok && i < 10000 && (i < 10 || rounds <= 10); i++)
		ok &= moves(FLIGHT, page(0));
	stop = true;
	pthread_join(thread, &fine);
	check(ok && fine && rounds > 10 && !unmap(FLIGHT, PAGE),
	      "DMA while areas around it come and go");
	printf("# rounds %lu\n", (unsigned long)rounds);
}

/*
 * An area comes and goes near the page of the interrupts' doorbell, where there is one. Its
 * table would go as well, at the latest when memory is reclaimed.
 */
static bool near_comes_and_goes(__u32 where)
{
	bool ok = !ioas_map(iommufd, where, page(0), NEAR_MSI, PAGE) &&
		  moves(NEAR_MSI, page(0)) &&
		  !ioas_unmap(iommufd, where, NEAR_MSI, PAGE) && !reclaim();

	settled_pages();
	return ok;
}

static bool interrupted(void)
{
	bool came = device_interrupted(dev);

	ops->acknowledge(dev);
	return came;
}

static bool raises(void)
{
	ops->raise(dev);
	return interrupted();
}

static bool raises_after_dma(__u32 where)
{
	bool ok = !ioas_map(iommufd, where, page(0), SMALL, PAGE);

	return ok && ops->read_raise(dev, SMALL, ops->most) && interrupted() &&
	       !ioas_unmap(iommufd, where, SMALL, PAGE);
}

static void test_interrupts(void)
{
	__u32 other = 0;

	check(!device_interrupts(dev, ops->irqs, 1) && raises(), "an interrupt");
	check(near_comes_and_goes(ioas) && raises(),
	      "an interrupt when an area in its page's table has gone");
	check(raises_after_dma(ioas), "an interrupt at the end of DMA");
	check(!new_ioas(&other) && !device_attach(dev, other) && raises(),
	      "an interrupt in another IOAS");
	check(near_comes_and_goes(other) && raises_after_dma(other) && raises(),
	      "and there when an area in its page's table has gone");
	check(!device_attach(dev, ioas) && !object_destroy(iommufd, other) && raises(),
	      "an interrupt in the first IOAS again");
	check(!device_interrupts(dev, ops->irqs, 0), "interrupts end");
}

/* Each area is in a leaf table of its own */
static void test_tables(void)
{
	long before = reclaim() ? -1 : settled_pages();
	bool ok = before > 0;

	for (unsigned int i = 0; i < MANY_AREAS; i++) {
		__u64 iova = MANY + i * BLOCK;

		ok &= !map(page(i % PAGES), iova, PAGE);
		if (i % 250 == 100)
			ok &= moves(iova, page(i % PAGES));
		ok &= !unmap(iova, PAGE);
	}
	check(ok, "many areas come and go");
	printf("# left %ld\n", settled_pages() - before);
	check(!reclaim(), "memory is reclaimed");
	printf("# reclaimed %ld\n", settled_pages() - before);
	check(!map(page(0), MANY, PAGE) && moves(MANY, page(0)) && !unmap(MANY, PAGE),
	      "and DMA goes on");
}

/* --- The machine ---------------------------------------------------------- */

static int write_number(const char *path, const char *number)
{
	int fd = open(path, O_WRONLY);
	int ret = fd >= 0 && write(fd, number, strlen(number)) > 0 ? 0 : -1;

	close(fd);
	return ret;
}

static bool get_memory(void)
{
	int prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE;

	write_number("/proc/sys/vm/nr_hugepages", "2");
	pages = mmap(NULL, PAGES * PAGE, prot, flags, -1, 0);
	blocks = mmap(NULL, 2 * BLOCK, prot, flags | MAP_HUGETLB, -1, 0);
	return pages != MAP_FAILED && blocks != MAP_FAILED;
}

static bool get_devices(void)
{
	char names[2][32];

	iommufd = open("/dev/iommu", O_RDWR);
	if (iommufd < 0 || ioas_new(iommufd, &ioas) || device_find(ops->alias, names, 2) != 2)
		return false;
	for (int i = 0; i < 2; i++)
		if (device_open(&devs[i], names[i], iommufd) ||
		    (ops->init && ops->init(&devs[i], i)) || enter(i, ioas) ||
		    device_attach(&devs[i], ioas) || (ops->start && ops->start(&devs[i])))
			return false;
	return true;
}

static void mount_all(void)
{
	static const char *const dirs[][2] = {
		{ "proc", "/proc" }, { "sysfs", "/sys" }, { "devtmpfs", "/dev" },
	};

	for (unsigned int i = 0; i < 3; i++) {
		mkdir(dirs[i][1], 0755);
		mount(dirs[i][0], dirs[i][1], dirs[i][0], 0, NULL);
	}
}

static void run_tests(void)
{
	test_small();
	test_large();
	test_remap();
	test_faults();
	test_replace();
	test_copy();
	test_domains();
	test_flight();
	test_interrupts();
	if (ops == &igb_ops)
		test_bursts();
	test_tables();
	/* From here on the IOAS has small pages only */
	test_split();
	if (ops == &igb_ops)
		test_burst_split();
	test_reports();
}

int main(void)
{
	bool ready;

	mount_all();
	/* Through the kernel's log, so that its lines and ours do not mix */
	if (!freopen("/dev/kmsg", "w", stdout))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	silent = !!getenv("SILENT_FAULTS");
	ops = getenv("DEVICE") && !strcmp(getenv("DEVICE"), "igb") ? &igb_ops : &edu_ops;
	ready = get_memory() && get_devices();
	check(ready, "two devices, and memory for them");
	if (ready)
		run_tests();
	printf("1..%u\n", nr);
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 1;
}

// SPDX-License-Identifier: MIT
/*
 * Memory that is in more than one place: in several VMs, files and address spaces, or
 * somebody else's altogether; and memory that is one VM's alone.
 */
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "panthor_bind.h"

IGT_TEST_DESCRIPTION("Checks shared, exclusive and imported buffers, and many VMs.");

enum { BO_ID = 1, OTHER_ID, MEMFD_ID };

#define SIZE	(4 * BLOCK)
#define PAGES	(SIZE / PAGE)
/* More than a GPU has address spaces */
#define VMS	14

static int device = -1;
static struct pb p, other;
static struct panthor_bo bo;

static void unmap_both(void)
{
	do_unmap(&p, TEST_VA, SIZE);
	do_unmap(&other, TEST_VA, SIZE);
}

/* --- VMs and files ------------------------------------------------------- */

static void two_vms(void)
{
	pb_open_on(&other, p.fd);
	do_map(&p, TEST_VA, &bo, 0, SIZE);
	do_map(&other, TEST_VA, &bo, BLOCK, SIZE - BLOCK);
	gpu_sees(&p, TEST_VA, BO_ID, 0, PAGES);
	gpu_sees(&other, TEST_VA, BO_ID, 512, PAGES - 512);
	igt_assert_eq(gpu_write(&p, TEST_VA + BLOCK, pb_word(OTHER_ID, 0)), 0);
	gpu_sees(&other, TEST_VA, OTHER_ID, 0, 1);
	do_unmap(&p, TEST_VA, SIZE);
	gpu_faults(&p, TEST_VA);
	gpu_sees(&other, TEST_VA + PAGE, BO_ID, 513, 100);
	unmap_both();
	pb_close_on(&other);
}

static void many_times(void)
{
	for (unsigned int i = 0; i < 64; i++)
		do_map(&p, TEST_VA + i * GB(1), &bo, i % 4 * BLOCK, BLOCK);
	for (unsigned int i = 0; i < 64; i++)
		gpu_sees(&p, TEST_VA + i * GB(1), BO_ID, i % 4 * 512, 512);
	for (unsigned int i = 0; i < 64; i += 2)
		do_unmap(&p, TEST_VA + i * GB(1), BLOCK);
	for (unsigned int i = 0; i < 64; i += 7) {
		if (i % 2)
			gpu_sees(&p, TEST_VA + i * GB(1), BO_ID, i % 4 * 512, 512);
		else
			gpu_faults(&p, TEST_VA + i * GB(1));
	}
}

/* Another file of the device: the same object, not a copy of it */
static void exported(void)
{
	int fd = prime_handle_to_fd(p.fd, bo.handle);
	uint32_t twin;

	pb_open(&other, device);
	twin = prime_fd_to_handle(other.fd, fd);
	close(fd);
	do_map(&p, TEST_VA, &bo, 0, SIZE);
	igt_assert_eq(bind_now(&other, op_map(TEST_VA, twin, 0, SIZE)), 0);
	gpu_sees(&other, TEST_VA, BO_ID, 0, PAGES);
	igt_assert_eq(gpu_write(&other, TEST_VA, pb_word(OTHER_ID, 0)), 0);
	gpu_sees(&p, TEST_VA, OTHER_ID, 0, 1);
	/* It outlives who made it */
	do_unmap(&p, TEST_VA, SIZE);
	igt_panthor_free_bo(p.fd, &bo);
	gpu_sees(&other, TEST_VA + PAGE, BO_ID, 1, PAGES - 1);
	do_unmap(&other, TEST_VA + BLOCK + PAGE, PAGE);
	gpu_sees(&other, TEST_VA + BLOCK + 2 * PAGE, BO_ID, 514, 100);
	pb_close(&other);
}

static void handle_closed(void)
{
	do_map(&p, TEST_VA, &bo, 0, SIZE);
	igt_panthor_free_bo(p.fd, &bo);
	gpu_sees(&p, TEST_VA, BO_ID, 0, PAGES);
	igt_assert_eq(bind_now(&p, op_map(TEST_VA, bo.handle, 0, SIZE)), -EINVAL);
	do_unmap(&p, TEST_VA + TILE, TILE);
	gpu_sees(&p, TEST_VA, BO_ID, 0, 16);
	gpu_faults(&p, TEST_VA + TILE);
	gpu_sees(&p, TEST_VA + 2 * TILE, BO_ID, 32, PAGES - 32);
}

/* --- Exclusive ----------------------------------------------------------- */

static uint32_t own(uint32_t vm)
{
	struct drm_panthor_bo_create c = { .size = SIZE, .exclusive_vm_id = vm };

	do_ioctl(p.fd, DRM_IOCTL_PANTHOR_BO_CREATE, &c);
	return c.handle;
}

static void exclusive(void)
{
	struct drm_prime_handle export = { .flags = DRM_CLOEXEC, .fd = -1 };
	uint64_t word;

	pb_open_on(&other, p.fd);
	export.handle = own(other.vm);
	for (unsigned int queued = 0; queued < 2; queued++) {
		struct drm_panthor_vm_bind_op op = op_map(TEST_VA, export.handle, 0, SIZE);

		igt_assert_eq(queued ? bind_queued(&p, op, 0, 0) : bind_now(&p, op), -EINVAL);
		igt_assert_eq(queued ? bind_queued(&other, op, 0, 0) : bind_now(&other, op), 0);
		queue_drained(&other);
		igt_assert_eq(gpu_write(&other, TEST_VA + BLOCK, 77 + queued), 0);
		igt_assert_eq(gpu_read(&other, TEST_VA + BLOCK, PAGE, 1, &word), 0);
		igt_assert_eq_u64(word, 77 + queued);
		do_unmap(&other, TEST_VA, SIZE);
	}
	gpu_faults(&p, TEST_VA);
	do_ioctl_err(p.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &export, EINVAL);
	pb_close_on(&other);
}

static void exclusive_of_destroyed(void)
{
	struct drm_panthor_bo_create c = { .size = SIZE };
	uint32_t handle;

	pb_open_on(&other, p.fd);
	handle = own(other.vm);
	c.exclusive_vm_id = other.vm;
	igt_assert_eq(bind_now(&other, op_map(TEST_VA, handle, 0, SIZE)), 0);
	pb_close_on(&other);
	igt_assert_eq(bind_now(&p, op_map(TEST_VA, handle, 0, SIZE)), -EINVAL);
	do_ioctl_err(p.fd, DRM_IOCTL_PANTHOR_BO_CREATE, &c, EINVAL);
	gpu_faults(&p, TEST_VA);
	gem_close(p.fd, handle);
}

/* --- Imported ------------------------------------------------------------ */

/* Memory of the system's as a buffer; @map is it for the CPU */
static uint32_t import_memfd(void **map)
{
	struct udmabuf_create c = { .size = SIZE };
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), fd;
	uint32_t handle;

	igt_require_f(dev >= 0, "no udmabuf\n");
	c.memfd = memfd_create("igt", MFD_ALLOW_SEALING);
	igt_assert_fd(c.memfd);
	igt_assert(!ftruncate(c.memfd, SIZE));
	igt_assert(!fcntl(c.memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	*map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, c.memfd, 0);
	igt_assert(*map != MAP_FAILED);
	pb_mark(*map, SIZE, MEMFD_ID);
	fd = ioctl(dev, UDMABUF_CREATE, &c);
	igt_assert_fd(fd);
	handle = prime_fd_to_handle(p.fd, fd);
	close(fd);
	close(dev);
	close(c.memfd);
	return handle;
}

static void imported(void)
{
	volatile uint64_t *word;
	uint32_t handle;
	void *map;

	handle = import_memfd(&map);
	word = map;
	for (unsigned int queued = 0; queued < 2; queued++) {
		struct drm_panthor_vm_bind_op op = op_map(TEST_VA, handle, TILE, SIZE - TILE);

		igt_assert_eq(queued ? bind_queued(&p, op, 0, 0) : bind_now(&p, op), 0);
		queue_drained(&p);
		gpu_sees(&p, TEST_VA, MEMFD_ID, 16, PAGES - 16);
		igt_assert_eq(gpu_write(&p, TEST_VA + 8, 99 + queued), 0);
		__sync_synchronize();
		igt_assert_eq_u64(word[TILE / 8 + 1], 99 + queued);
		do_unmap(&p, TEST_VA, SIZE - TILE);
		gpu_faults(&p, TEST_VA);
	}
	igt_assert_eq(bind_now(&p, op_map(TEST_VA, handle, TILE, SIZE)), -EINVAL);
	gem_close(p.fd, handle);
	igt_assert(pb_is_marked(map, SIZE, MEMFD_ID));
	munmap(map, SIZE);
}

/* Upstream's kernel looks at pages that such a buffer has not, and oopses */
static void imported_in_part(void)
{
	uint32_t handle;
	void *map;

	require_reservations(device);
	handle = import_memfd(&map);
	igt_assert_eq(bind_now(&p, op_map(TEST_VA, handle, 0, SIZE)), 0);
	for (unsigned int i = 0; i < 8; i++) {
		unsigned int at = 100 + i * 211;

		do_unmap(&p, TEST_VA + at * PAGE, PAGE);
		gpu_faults(&p, TEST_VA + at * PAGE);
		gpu_sees_each(&p, TEST_VA + (at - 1) * PAGE, MEMFD_ID, at - 1, 2, 2);
	}
	gpu_sees(&p, TEST_VA, MEMFD_ID, 0, 100);
	do_map(&p, TEST_VA + BLOCK, &bo, 0, TILE);
	gpu_sees(&p, TEST_VA + BLOCK, BO_ID, 0, 16);
	do_unmap(&p, TEST_VA, SIZE);
	gpu_faults(&p, TEST_VA);
	gem_close(p.fd, handle);
	munmap(map, SIZE);
}

/* --- More VMs than address spaces ---------------------------------------- */

static struct pb vms[VMS];
static struct panthor_bo bos[VMS];

static void open_vms(void)
{
	struct drm_panthor_gpu_info info = { };

	igt_panthor_query(p.fd, DRM_PANTHOR_DEV_QUERY_GPU_INFO, &info, sizeof(info), 0);
	igt_require(__builtin_popcount(info.as_present) < VMS);
	for (unsigned int i = 0; i < VMS; i++) {
		pb_open_on(&vms[i], p.fd);
		pb_bo(&vms[i], &bos[i], BLOCK, 10 + i);
		do_map(&vms[i], TEST_VA, &bos[i], 0, BLOCK);
	}
}

static void close_vms(void)
{
	for (unsigned int i = 0; i < VMS; i++)
		pb_close_on(&vms[i]);
}

/* All at the same address: who gets an address space must not see who had it before */
static void more_vms(void)
{
	open_vms();
	for (unsigned int round = 0; round < 4; round++)
		for (unsigned int i = 0; i < VMS; i++)
			gpu_sees(&vms[i * 3 % VMS], TEST_VA, 10 + i * 3 % VMS, 0, 512);
	close_vms();
}

/* Binds of VMs that have an address space, and of VMs that have lost theirs */
static void more_vms_rebind(void)
{
	open_vms();
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < VMS; i++) {
			unsigned int next = (i + round + 1) % VMS;

			gpu_sees(&vms[i], TEST_VA, 10 + (i + round) % VMS, 0, 512);
			do_map(&vms[i], TEST_VA, &bos[next], 0, BLOCK);
			if (i % 2)
				do_unmap(&vms[i], TEST_VA + TILE, PAGE);
		}
		for (unsigned int i = 0; i < VMS; i++) {
			unsigned int now = (i + round + 1) % VMS;

			gpu_sees(&vms[i], TEST_VA, 10 + now, 0, 16);
			if (i % 2)
				gpu_faults(&vms[i], TEST_VA + TILE);
			do_map(&vms[i], TEST_VA, &bos[now], 0, BLOCK);
		}
	}
	close_vms();
}

static const struct {
	const char *name;
	const char *about;
	void (*run)(void);
} subtests[] = {
	{ "two-vms", "One buffer in two VMs", two_vms },
	{ "many-times", "One buffer 64 times in a VM", many_times },
	{ "exported", "A buffer in VMs of two files, which outlives its maker", exported },
	{ "handle-closed", "A mapped buffer's handle is closed, and it is cut", handle_closed },
	{ "exclusive", "A VM's own buffer is not for another, nor for export", exclusive },
	{ "exclusive-of-destroyed", "A buffer whose VM is gone is nobody's",
	  exclusive_of_destroyed },
	{ "imported", "Memory of the system's as a buffer, at an offset", imported },
	{ "imported-in-part", "Parts of imported blocks are unmapped and replaced",
	  imported_in_part },
	{ "more-vms", "More VMs than address spaces read their own memory", more_vms },
	{ "more-vms-rebind", "And rebind it while they come and go", more_vms_rebind },
};

int igt_main()
{
	igt_fixture()
		device = drm_open_driver(DRIVER_PANTHOR);

	for (unsigned int i = 0; i < LEN(subtests); i++) {
		igt_describe_f("%s", subtests[i].about);
		igt_subtest_f("%s", subtests[i].name) {
			pb_open(&p, device);
			pb_bo(&p, &bo, SIZE, BO_ID);
			subtests[i].run();
			pb_close(&p);
		}
	}

	igt_fixture()
		drm_close_driver(device);
}

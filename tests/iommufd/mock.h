/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the mock device of iommufd's selftests can be asked for, for programs of this
 * room: calls that return what ioctl() returns; and the lines of their TAP.
 */
#ifndef MOCK_H
#define MOCK_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ioas.h"
#include "iommufd_test.h"

#define PAGE	4096UL
/* What a leaf table of the mock device has */
#define LEAVES	(1UL << 20)

static unsigned int nr_checks, nr_failed;

static inline void __attribute__((format(printf, 2, 3)))
check(int ok, const char *name, ...)
{
	int error = errno;
	va_list args;

	printf("%sok %u ", ok ? "" : "not ", ++nr_checks);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	putchar('\n');
	if (!ok)
		printf("# %s\n", strerror(error));
	nr_failed += !ok;
}

static inline void skip(const char *name, const char *why)
{
	printf("ok %u %s # SKIP %s\n", ++nr_checks, name, why);
}

/* A device in @ioas, and the domain that it is given, or shares */
static inline int mock_device(int fd, __u32 ioas, __u32 *dev, __u32 *stdev, __u32 *hwpt)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_MOCK_DOMAIN,
		.id = ioas,
	};
	int ret = ioctl(fd, IOMMU_TEST_CMD, &cmd);

	*dev = cmd.mock_domain.out_idev_id;
	*stdev = cmd.mock_domain.out_stdev_id;
	*hwpt = cmd.mock_domain.out_hwpt_id;
	return ret;
}

/* What a batch holds, and the pages that are pinned at once, fit into @limit bytes */
static inline int mock_limit_batches(int fd, __u32 limit)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_SET_TEMP_MEMORY_LIMIT,
		.memory_limit.limit = limit,
	};

	return ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

static inline int mock_replace(int fd, __u32 stdev, __u32 pt)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE,
		.id = stdev,
		.mock_domain_replace.pt_id = pt,
	};

	return ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* The hardware walks to each page, and finds @mem there */
static inline int mock_sees(int fd, __u32 hwpt, unsigned long iova, void *mem,
			    size_t length)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_MD_CHECK_MAP,
		.id = hwpt,
		.check_map = {
			.iova = iova,
			.length = length,
			.uptr = (uintptr_t)mem,
		},
	};

	return !ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* A kernel without reservations does not know them */
#define MD_CHECK_RESERVED	(IOMMU_TEST_OP_MD_WALK + 1)
#define MD_SW_MSI		(IOMMU_TEST_OP_MD_WALK + 2)
#define MOCK_DEVICE_NO_RESERVE	(1 << 3)

static inline int mock_domain_op(int fd, __u32 op, __u32 hwpt, unsigned long iova)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd), .op = op, .id = hwpt, .walk.iova = iova,
	};

	return ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* The hardware walks: 0, EFAULT if nothing is mapped, or ESTALE */
static inline int mock_walk(int fd, __u32 hwpt, unsigned long iova)
{
	return mock_domain_op(fd, IOMMU_TEST_OP_MD_WALK, hwpt, iova) ? errno : 0;
}

/* Where messages of interrupts go is mapped in a domain */
static inline int mock_sw_msi(int fd, __u32 hwpt, unsigned long iova)
{
	return mock_domain_op(fd, MD_SW_MSI, hwpt, iova);
}

static inline int mock_reserves(int fd, __u32 hwpt)
{
	return !mock_domain_op(fd, MD_CHECK_RESERVED, hwpt, 0);
}

static inline int mock_has_reservations(int fd, __u32 hwpt)
{
	return mock_reserves(fd, hwpt) || errno != EOPNOTSUPP;
}

static inline int dmabuf_new(int fd, size_t length)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_DMABUF_GET,
		.dmabuf_get.length = length,
	};

	return ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

static inline int dmabuf_revoke(int fd, int dmabuf)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_DMABUF_REVOKE,
		.dmabuf_revoke = { .dmabuf_fd = dmabuf, .revoked = 1 },
	};

	return ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

static inline int ioas_map_file(int fd, __u32 ioas, int file, unsigned long iova,
				size_t length)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = ioas,
		.fd = file,
		.length = length,
		.iova = iova,
	};

	return ioctl(fd, IOMMU_IOAS_MAP_FILE, &cmd);
}

#endif

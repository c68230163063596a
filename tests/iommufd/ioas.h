/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An IOAS of iommufd with mock devices of the kernel's selftests, for programs of this
 * room: calls that return what ioctl() returns.
 */
#ifndef IOAS_H
#define IOAS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include <linux/iommufd.h>

#include "iommufd_test.h"

static inline int ioas_new(int fd, __u32 *ioas)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
	int ret = ioctl(fd, IOMMU_IOAS_ALLOC, &cmd);

	*ioas = cmd.out_ioas_id;
	return ret;
}

static inline int ioas_add_device(int fd, __u32 ioas)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_MOCK_DOMAIN,
		.id = ioas,
	};

	return ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

static inline int ioas_map(int fd, __u32 ioas, void *mem, unsigned long iova,
			   size_t length)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = ioas,
		.user_va = (uintptr_t)mem,
		.length = length,
		.iova = iova,
	};

	return ioctl(fd, IOMMU_IOAS_MAP, &cmd);
}

static inline int ioas_unmap(int fd, __u32 ioas, unsigned long iova, size_t length)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = iova,
		.length = length,
	};

	return ioctl(fd, IOMMU_IOAS_UNMAP, &cmd);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only the tests of this room ask of iommufd, besides ../iommufd/ioas.h: an area in
 * two IOASes, and VFIO's own calls. Calls return what ioctl() returns.
 */
#ifndef COMPAT_H
#define COMPAT_H

#include <linux/vfio.h>

#include "ioas.h"

/* The same memory, pinned once, in another IOAS */
static inline int ioas_copy(int fd, __u32 from, __u32 to, __u64 iova, size_t length)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_FIXED_IOVA,
		.src_ioas_id = from,
		.dst_ioas_id = to,
		.length = length,
		.src_iova = iova,
		.dst_iova = iova,
	};

	return ioctl(fd, IOMMU_IOAS_COPY, &cmd);
}

/*
 * VFIO's calls from before iommufd work on one IOAS. Version 1 of them may unmap a part
 * of what was mapped, so there an area is split. Pages are small therefore.
 */
static inline int compat_set(int fd, __u32 ioas)
{
	struct iommu_vfio_ioas cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.op = IOMMU_VFIO_IOAS_SET,
	};

	return ioctl(fd, IOMMU_VFIO_IOAS, &cmd) ||
	       ioctl(fd, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU);
}

static inline int compat_unmap(int fd, __u64 iova, size_t length)
{
	struct vfio_iommu_type1_dma_unmap cmd = {
		.argsz = sizeof(cmd),
		.iova = iova,
		.size = length,
	};

	return ioctl(fd, VFIO_IOMMU_UNMAP_DMA, &cmd) || cmd.size != length;
}

#endif

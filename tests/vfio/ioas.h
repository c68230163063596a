/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of this room ask of iommufd. Calls return what ioctl() returns.
 */
#ifndef IOAS_H
#define IOAS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include <linux/iommufd.h>
#include <linux/vfio.h>

static inline int ioas_new(int fd, __u32 *ioas)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
	int ret = ioctl(fd, IOMMU_IOAS_ALLOC, &cmd);

	*ioas = cmd.out_ioas_id;
	return ret;
}

static inline int ioas_map(int fd, __u32 ioas, const void *mem, __u64 iova, size_t length)
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

static inline int ioas_unmap(int fd, __u32 ioas, __u64 iova, size_t length)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = iova,
		.length = length,
	};

	return ioctl(fd, IOMMU_IOAS_UNMAP, &cmd);
}

/* A domain of its own for a device, with all that the IOAS has */
static inline int hwpt_new(int fd, __u32 device, __u32 ioas, __u32 *hwpt)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.dev_id = device,
		.pt_id = ioas,
	};
	int ret = ioctl(fd, IOMMU_HWPT_ALLOC, &cmd);

	*hwpt = cmd.out_hwpt_id;
	return ret;
}

static inline int object_destroy(int fd, __u32 id)
{
	struct iommu_destroy cmd = { .size = sizeof(cmd), .id = id };

	return ioctl(fd, IOMMU_DESTROY, &cmd);
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

// SPDX-License-Identifier: MIT
/*
 * See sw_sync.h. The kernel has no header for programs that use its timelines; what
 * they look like says drivers/dma-buf/sw_sync.c.
 */
#include <fcntl.h>
#include <linux/sync_file.h>
#include <linux/types.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "igt_core.h"
#include "ioctl_wrappers.h"
#include "sw_sync.h"

#define SW_SYNC		"/sys/kernel/debug/sync/sw_sync"

struct new_fence {
	__u32 value;
	char name[32];
	__s32 fence;
};

#define NEW_FENCE	_IOWR('W', 0, struct new_fence)
#define INC		_IOW('W', 1, __u32)

void igt_require_sw_sync(void)
{
	igt_require_f(!access(SW_SYNC, R_OK | W_OK), "no %s\n", SW_SYNC);
}

int sw_sync_timeline_create(void)
{
	int fd = open(SW_SYNC, O_RDWR | O_CLOEXEC);

	igt_assert_fd(fd);
	return fd;
}

void sw_sync_timeline_inc(int timeline, uint32_t count)
{
	do_ioctl(timeline, INC, &count);
}

int sw_sync_timeline_create_fence(int timeline, uint32_t seqno)
{
	struct new_fence f = { .value = seqno, .name = "igt" };

	do_ioctl(timeline, NEW_FENCE, &f);
	return f.fence;
}

int sync_fence_status(int fence)
{
	struct sync_file_info info = { };

	do_ioctl(fence, SYNC_IOC_FILE_INFO, &info);
	return info.status;
}

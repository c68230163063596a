// SPDX-License-Identifier: MIT
/*
 * The device and its buffers; see drmtest.h and ioctl_wrappers.h. Ioctls only, so that
 * no library has to be there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm/drm.h>

#include "drmtest.h"
#include "igt_core.h"
#include "ioctl_wrappers.h"

#define FIRST_RENDER	128
#define NUM_RENDER	64

static int restarted(int fd, unsigned long request, void *arg)
{
	int ret;

	do
		ret = ioctl(fd, request, arg);
	while (ret && (errno == EINTR || errno == EAGAIN));
	return ret;
}

int (*igt_ioctl)(int fd, unsigned long request, void *arg) = restarted;

static bool is_panthor(int fd)
{
	char name[16] = "";
	struct drm_version v = { .name = name, .name_len = sizeof(name) - 1 };

	return !igt_ioctl(fd, DRM_IOCTL_VERSION, &v) && !strcmp(name, "panthor");
}

int drm_open_driver(int chipset)
{
	char node[32];

	(void)chipset;
	for (int minor = FIRST_RENDER; minor < FIRST_RENDER + NUM_RENDER; minor++) {
		int fd;

		snprintf(node, sizeof(node), "/dev/dri/renderD%d", minor);
		fd = open(node, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (is_panthor(fd))
			return fd;
		close(fd);
	}
	igt_skip("No known gpu found\n");
}

int drm_reopen_driver(int fd)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	igt_assert_fd(again);
	return again;
}

int drm_close_driver(int fd)
{
	return close(fd);
}

void gem_close(int fd, uint32_t handle)
{
	struct drm_gem_close c = { .handle = handle };

	do_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &c);
}

int prime_handle_to_fd(int fd, uint32_t handle)
{
	struct drm_prime_handle p = {
		.handle = handle, .flags = DRM_CLOEXEC | DRM_RDWR, .fd = -1,
	};

	do_ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &p);
	return p.fd;
}

uint32_t prime_fd_to_handle(int fd, int dma_buf_fd)
{
	struct drm_prime_handle p = { .fd = dma_buf_fd };

	do_ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &p);
	return p.handle;
}

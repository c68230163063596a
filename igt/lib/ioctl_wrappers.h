/* SPDX-License-Identifier: MIT */
/*
 * Ioctls that have to succeed, or to fail in one way; and those on buffers.
 */
#ifndef IOCTL_WRAPPERS_H
#define IOCTL_WRAPPERS_H

#include <errno.h>
#include <stdint.h>
#include <sys/types.h>

#include "igt_core.h"

/* Interrupted calls are made again. A variable, as in IGT, where it can be another one */
extern int (*igt_ioctl)(int fd, unsigned long request, void *arg);

#define do_ioctl(fd, request, arg)					\
	do {								\
		igt_assert_eq(igt_ioctl((fd), (request), (arg)), 0);	\
		errno = 0;						\
	} while (0)

#define do_ioctl_err(fd, request, arg, err)				\
	do {								\
		igt_assert_eq(igt_ioctl((fd), (request), (arg)), -1);	\
		igt_assert_eq(errno, err);				\
		errno = 0;						\
	} while (0)

void gem_close(int fd, uint32_t handle);
int prime_handle_to_fd(int fd, uint32_t handle);
uint32_t prime_fd_to_handle(int fd, int dma_buf_fd);

#endif /* IOCTL_WRAPPERS_H */

/* SPDX-License-Identifier: MIT */
/*
 * Opening the device, under IGT's names.
 */
#ifndef DRMTEST_H
#define DRMTEST_H

/* The value is IGT's own business; tests only name it */
#define DRIVER_PANTHOR	1

/* A file of the driver's render node; skips when there is none */
int drm_open_driver(int chipset);
/* One more of the same device */
int drm_reopen_driver(int fd);
int drm_close_driver(int fd);

#endif /* DRMTEST_H */

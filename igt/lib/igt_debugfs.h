/* SPDX-License-Identifier: MIT */
/*
 * The device's folder in debugfs, under IGT's names.
 */
#ifndef IGT_DEBUGFS_H
#define IGT_DEBUGFS_H

/* A file of it; -1 when it is not there */
int igt_debugfs_open(int fd, const char *filename, int mode);

#endif /* IGT_DEBUGFS_H */

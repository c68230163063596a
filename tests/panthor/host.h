/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says and shows of the driver: its messages, its device in
 * sysfs, its files in debugfs; and time.
 */
#ifndef PANTHOR_HOST_H
#define PANTHOR_HOST_H

#include <stdbool.h>
#include <stddef.h>

long now_ms(void);
long now_us(void);
void sleep_ms(unsigned int ms);

/* From here on kmsg_*() look at what the kernel says */
void kmsg_mark(void);
/* How often it said @text since */
unsigned int kmsg_count(const char *text);
/* Within @ms */
bool kmsg_wait(const char *text, unsigned int ms);
/* A test point: the driver says so, now or within a second */
bool said(const char *text);
/* A test point: the driver did not */
bool not_said(const char *text);

/* The device's folder in sysfs; its name is the last part */
const char *device_dir(void);
const char *device_name(void);

/* Negative errno; relative to device_dir() unless it starts with "/" */
int sysfs_write(const char *file, const char *text);
int sysfs_read(const char *file, char *out, size_t size);
/* The numbers behind each @label in a text, added up */
long sum_of(const char *text, const char *label);
/* A value of an open file's fdinfo, -1 if that has none; leaves the scenario when it fails */
long long fdinfo_value(int fd, const char *key);
/* A file of the device's in debugfs, until the next call of the same thread */
const char *debugfs_path(const char *file);
/*
 * What it has. A VM is listed before it has a name, and the whole file cannot be read then:
 * it is read again. Negative errno
 */
int debugfs_read(const char *file, char *out, size_t size);
/* Within @ms the file reads @text */
bool sysfs_wait(const char *file, const char *text, unsigned int ms);

/* Whether runtime PM may suspend the GPU; returns when it is awake (true) */
bool stay_awake(bool awake);
/* It is suspended within @ms */
bool sleeps(unsigned int ms);

int driver_unbind(void);
int driver_bind(void);

/* The line of /proc/interrupts with @name: the sum over the processors */
long interrupt_count(const char *name);

#endif /* PANTHOR_HOST_H */

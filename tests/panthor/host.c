// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel says and shows of the driver; see host.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "tap.h"

/* How long a VM may have no name */
#define DEBUGFS_MS	100
#define DRIVER	"/sys/bus/platform/drivers/panthor/"

static int kmsg = -1;
static char heard[262144];
static size_t heard_len;

long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

long now_ms(void)
{
	return now_us() / 1000;
}

void sleep_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/* --- Messages ------------------------------------------------------------ */

void kmsg_mark(void)
{
	if (kmsg < 0)
		kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	need(kmsg < 0 ? -errno : 0);
	lseek(kmsg, 0, SEEK_END);
	heard_len = 0;
	heard[0] = '\0';
}

static void listen_to_kernel(void)
{
	for (;;) {
		ssize_t n = read(kmsg, heard + heard_len,
				 sizeof(heard) - heard_len - 1);

		if (n > 0)
			heard_len += n;
		else if (n < 0 && errno == EPIPE)
			continue;	/* some were overwritten */
		else
			break;
	}
	heard[heard_len] = '\0';
}

unsigned int kmsg_count(const char *text)
{
	unsigned int n = 0;

	listen_to_kernel();
	for (const char *p = heard; (p = strstr(p, text)); p++)
		n++;
	return n;
}

bool kmsg_wait(const char *text, unsigned int ms)
{
	long end = now_ms() + ms;

	while (!kmsg_count(text)) {
		if (now_ms() >= end)
			return false;
		sleep_ms(10);
	}
	return true;
}

bool said(const char *text)
{
	return ok(kmsg_wait(text, 1000), "the driver says \"%s\"", text);
}

bool not_said(const char *text)
{
	return ok(!kmsg_count(text), "the driver does not say \"%s\"", text);
}

/* --- sysfs --------------------------------------------------------------- */

const char *device_dir(void)
{
	static __thread char dir[128];
	glob_t g;

	if (!dir[0] && !glob("/sys/bus/platform/devices/*.gpu", 0, NULL, &g)) {
		snprintf(dir, sizeof(dir), "%s", g.gl_pathv[0]);
		globfree(&g);
	}
	return dir;
}

const char *device_name(void)
{
	return strrchr(device_dir(), '/') + 1;
}

static int sysfs_open(const char *file, int flags)
{
	char path[256];
	int fd;

	if (file[0] == '/')
		snprintf(path, sizeof(path), "%s", file);
	else
		snprintf(path, sizeof(path), "%s/%s", device_dir(), file);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysfs_write(const char *file, const char *text)
{
	int fd = sysfs_open(file, O_WRONLY), ret = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int sysfs_read(const char *file, char *out, size_t size)
{
	int fd = sysfs_open(file, O_RDONLY);
	size_t len = 0;
	ssize_t n = 0;
	int ret;

	out[0] = '\0';
	if (fd < 0)
		return fd;
	while (len + 1 < size && (n = read(fd, out + len, size - len - 1)) > 0)
		len += n;
	ret = n < 0 ? -errno : 0;
	close(fd);
	out[len] = '\0';
	return ret;
}

const char *debugfs_path(const char *file)
{
	static __thread char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/%s", device_name(), file);
	return path;
}

int debugfs_read(const char *file, char *out, size_t size)
{
	long end = now_ms() + DEBUGFS_MS;
	int ret;

	do {
		ret = sysfs_read(debugfs_path(file), out, size);
		if ((!ret && out[0]) || ret == -ENOENT)
			return ret;
		sleep_ms(5);
	} while (now_ms() < end);
	return ret ? ret : -ENODATA;
}

long sum_of(const char *text, const char *label)
{
	long sum = 0;

	while ((text = strstr(text, label))) {
		text += strlen(label);
		sum += strtol(text, NULL, 10);
	}
	return sum;
}

long long fdinfo_value(int fd, const char *key)
{
	static __thread char info[8192];
	char path[64], *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	need(sysfs_read(path, info, sizeof(info)));
	at = strstr(info, key);
	return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

bool sysfs_wait(const char *file, const char *text, unsigned int ms)
{
	long end = now_ms() + ms;
	char now[64];

	do {
		sysfs_read(file, now, sizeof(now));
		if (!strncmp(now, text, strlen(text)))
			return true;
		sleep_ms(5);
	} while (now_ms() < end);
	now[strcspn(now, "\n")] = '\0';
	detail("%s reads \"%s\"", file, now);
	return false;
}

bool stay_awake(bool awake)
{
	return !sysfs_write("power/control", awake ? "on" : "auto") &&
	       (!awake || sysfs_wait("power/runtime_status", "active", 3000));
}

bool sleeps(unsigned int ms)
{
	return sysfs_wait("power/runtime_status", "suspended", ms);
}

int driver_unbind(void)
{
	return sysfs_write(DRIVER "unbind", device_name());
}

int driver_bind(void)
{
	return sysfs_write(DRIVER "bind", device_name());
}

long interrupt_count(const char *name)
{
	FILE *f = fopen("/proc/interrupts", "r");
	char text[512];
	long sum = -1;

	while (f && fgets(text, sizeof(text), f)) {
		char *p = strchr(text, ':');

		if (!p || !strstr(text, name))
			continue;
		sum = 0;
		for (p++;; ) {
			char *end;
			long n = strtol(p, &end, 10);

			if (end == p)
				break;
			sum += n;
			p = end;
		}
		break;
	}
	if (f)
		fclose(f);
	return sum;
}

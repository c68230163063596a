// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory seen from the kernel's side; see memory.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <unistd.h>

#include "host.h"
#include "memory.h"
#include "tap.h"

#define SWAP_FILE	"/tests.swap"
#define SWAP_SIZE	(64 * SZ_1M)
#define PAGE		4096

/* What mkswap writes: version, last page, signature at the page's end */
static int write_swap(int fd)
{
	static char page[PAGE];
	uint32_t head[2] = { 1, SWAP_SIZE / PAGE - 1 };

	memcpy(page + 1024, head, sizeof(head));
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	if (posix_fallocate(fd, 0, SWAP_SIZE))
		return -ENOSPC;
	if (pwrite(fd, page, PAGE, 0) != PAGE || fsync(fd))
		return -errno;
	return 0;
}

void swap_ready(void)
{
	int fd;

	if (mem_kib("SwapTotal:") > 0)
		return;
	fd = open(SWAP_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	need(fd < 0 ? -errno : 0);
	need(write_swap(fd));
	close(fd);
	need(swapon(SWAP_FILE, 0) ? -errno : 0);
}

long mem_kib(const char *key)
{
	static char text[8192];
	char *at;

	need(sysfs_read("/proc/meminfo", text, sizeof(text)));
	at = strstr(text, key);
	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

void bo_label(const struct pan *p, const struct pan_bo *bo, const char *label)
{
	struct drm_panthor_bo_set_label s = {
		.handle = bo->handle,
		.label = (uintptr_t)label,
	};

	need(pan_ioctl(p, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &s));
}

/* The creator's name may hold spaces; from its end, "/PID", on none do */
static bool parse(const char *line, struct bo_state *s)
{
	const char *rest = strchr(line, '/');
	long size;

	return rest && sscanf(rest, "/%*d %*d %*d %d %ld %ld %*s %x",
			      &s->evictions, &size, &s->resident, &s->state) == 4;
}

struct bo_state bo_state(const char *label)
{
	static char text[262144];
	struct bo_state s = { .evictions = -1, .resident = -1 };
	char *line, *save;

	need(debugfs_read("gems", text, sizeof(text)));
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		size_t len = strlen(line), want = strlen(label);

		if (len > want && !strcmp(line + len - want, label) &&
		    parse(line, &s))
			return s;
	}
	detail("debugfs has no buffer '%s'", label);
	return s;
}

long bo_count(void)
{
	static char text[262144];
	long lines = 0, rules = 0;

	need(debugfs_read("gems", text, sizeof(text)));
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		lines++;
	for (const char *p = text; (p = strstr(p, "===\n")); p++)
		rules++;
	return lines - rules;
}

long vm_tables(const char *what)
{
	static char text[65536];
	char label[32];

	if (debugfs_read("vm_tables", text, sizeof(text)) < 0)
		return 0;
	snprintf(label, sizeof(label), "  %s ", what);
	return sum_of(text, label);
}

long shrink(unsigned long pages)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", pages);
	need(sysfs_write(debugfs_path("shrink"), text));
	need(debugfs_read("shrink", text, sizeof(text)));
	return strtol(text, NULL, 0);
}

bool evict(const char *label)
{
	long end = now_ms() + 3000;
	struct bo_state s;

	do {
		shrink(100000);
		s = bo_state(label);
		if (!s.resident)
			return true;
		sleep_ms(20);
	} while (now_ms() < end);
	detail("%ld bytes of '%s' stay, %d evictions", s.resident, label,
	       s.evictions);
	return false;
}

int memfd_dma_buf(uint64_t size, void **map)
{
	struct udmabuf_create c = { .size = size };
	int dev, fd;

	c.memfd = memfd_create("memory", MFD_ALLOW_SEALING);
	need(ftruncate(c.memfd, size) ? -errno : 0);
	need(fcntl(c.memfd, F_ADD_SEALS, F_SEAL_SHRINK) ? -errno : 0);
	*map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, c.memfd, 0);
	need(*map == MAP_FAILED ? -errno : 0);
	dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	need(dev < 0 ? -errno : 0);
	fd = ioctl(dev, UDMABUF_CREATE, &c);
	need(fd < 0 ? -errno : 0);
	close(dev);
	close(c.memfd);
	return fd;
}

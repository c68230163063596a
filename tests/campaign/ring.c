// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See ring.h. The next number is counted in ordinary memory, since what the device has is
 * only written, with whole words.
 */
#include <fcntl.h>
#include <glob.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"
#include "ring.h"

#define DEVICES		"/sys/bus/pci/devices/*"
#define IVSHMEM_ID	"0x1af4 0x1110"
#define BAR		2
#define FALLBACK	(1u << 20)

static struct {
	volatile uint64_t *words;	/* of the calls */
	uint64_t size;			/* how many calls there is room for */
	atomic_uint *next;
} ring;

static bool is_ivshmem(const char *dir)
{
	char path[256], vendor[16] = "", device[16] = "", id[32];

	snprintf(path, sizeof(path), "%s/vendor", dir);
	sysfs_read(path, vendor, sizeof(vendor));
	snprintf(path, sizeof(path), "%s/device", dir);
	sysfs_read(path, device, sizeof(device));
	vendor[strcspn(vendor, "\n")] = '\0';
	device[strcspn(device, "\n")] = '\0';
	snprintf(id, sizeof(id), "%s %s", vendor, device);
	return !strcmp(id, IVSHMEM_ID);
}

/* The memory of the device in this folder, NULL if it cannot be had */
static void *map_bar(const char *dir, uint64_t *size)
{
	char path[256];
	void *at;
	int fd;

	snprintf(path, sizeof(path), "%s/enable", dir);
	sysfs_write(path, "1");
	snprintf(path, sizeof(path), "%s/resource%d", dir, BAR);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	*size = lseek(fd, 0, SEEK_END);
	at = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return at == MAP_FAILED ? NULL : at;
}

static void *find_device(uint64_t *size)
{
	void *at = NULL;
	glob_t g;

	if (glob(DEVICES, 0, NULL, &g))
		return NULL;
	for (size_t i = 0; i < g.gl_pathc && !at; i++)
		if (is_ivshmem(g.gl_pathv[i]))
			at = map_bar(g.gl_pathv[i], size);
	globfree(&g);
	return at;
}

static void *shared(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

bool ring_open(void)
{
	uint64_t size = FALLBACK;
	volatile uint64_t *at = find_device(&size);
	bool device = at;

	if (!at)
		at = shared(size);
	ring.next = shared(4096);
	ring.size = (size - sizeof(struct ring)) / sizeof(struct call);
	ring.words = at + sizeof(struct ring) / sizeof(*at);
	at[1] = ring.size;
	at[0] = RING_MAGIC;
	return device;
}

void ring_put(struct call *c)
{
	uint64_t words[sizeof(*c) / sizeof(uint64_t)];
	volatile uint64_t *to;

	c->seq = atomic_fetch_add(ring.next, 1) + 1;
	memcpy(words, c, sizeof(*c));
	to = ring.words + c->seq % ring.size * (sizeof(*c) / sizeof(uint64_t));
	for (unsigned int i = 0; i < sizeof(*c) / sizeof(uint64_t); i++)
		to[i] = words[i];
}

unsigned int ring_count(void)
{
	return atomic_load(ring.next);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the CPU may do with a buffer's mapping and with the flush ID's page.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu.h"
#include "host.h"
#include "memory.h"
#include "scenarios.h"
#include "tap.h"

#define SIZE	(4 * SZ_2M)

static off_t offset_of(struct pan *p, uint32_t handle)
{
	struct drm_panthor_bo_mmap_offset m = { .handle = handle };

	need(pan_ioctl(p, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &m));
	return (off_t)m.offset;
}

/* NULL when it is refused; at @at when that is not NULL */
static void *map_at(struct pan *p, void *at, uint64_t size, int prot, int flags,
		    off_t offset)
{
	void *map = mmap(at, size, prot, at ? flags | MAP_FIXED : flags, p->fd,
			 offset);

	return map == MAP_FAILED ? NULL : map;
}

/* Address space of @size bytes whose start is a multiple of 2 MiB */
static char *room(uint64_t size)
{
	char *at = mmap(NULL, size + SZ_2M, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(at == MAP_FAILED ? -errno : 0);
	return (char *)(((uintptr_t)at + SZ_2M - 1) & -SZ_2M);
}

/* The same pages where a huge entry fits, and where none does */
static void aligned(struct pan *p, off_t offset)
{
	const int rw = PROT_READ | PROT_WRITE;
	char *at = room(SIZE), *off;

	need(map_at(p, at, SIZE, rw, MAP_SHARED, offset) ? 0 : -errno);
	fill(at, 1, SIZE);
	ok(holds(at, 1, 0, SIZE), "a mapping that could have huge pages");
	need(munmap(at, SIZE));
	off = room(SIZE + SZ_2M) + SZ_4K;
	need(map_at(p, off, SIZE, rw, MAP_SHARED, offset) ? 0 : -errno);
	ok(holds(off, 1, 0, SIZE), "one that cannot, being off by a page");
	need(munmap(off, SIZE));
	at = room(SZ_2M);
	need(map_at(p, at, SZ_2M - SZ_4K, rw, MAP_SHARED, offset) ? 0 : -errno);
	ok(holds(at, 1, 0, SZ_2M - SZ_4K), "one that is too short for it");
	need(munmap(at, SZ_2M - SZ_4K));
	at = map_at(p, NULL, SZ_64K, rw, MAP_SHARED, offset + SZ_1M);
	ok(!at, "one that starts inside the buffer is refused");
}

static void bad_mappings(struct pan *p, off_t offset)
{
	ok(!map_at(p, NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, offset),
	   "a private mapping for writing is refused");
	ok(!map_at(p, NULL, SIZE + SZ_4K, PROT_READ, MAP_SHARED, offset),
	   "so is one that is longer than the buffer");
	ok(!map_at(p, NULL, SZ_4K, PROT_READ, MAP_SHARED, 0),
	   "and an offset that no buffer has");
}

static void forked(char *map)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	need(pid < 0 ? -errno : 0);
	if (!pid) {
		bool right = holds(map, 1, 0, SIZE);

		fill(map, 2, SZ_64K);
		munmap(map + SIZE / 2, SIZE / 2);
		_exit(!right);
	}
	waitpid(pid, &status, 0);
	is(status, 0, "a child finds what its parent wrote");
	ok(holds(map, 2, 0, SZ_64K), "and the parent what the child did");
	ok(holds(map + SIZE / 2, 1, SIZE / 2, SIZE / 2),
	   "what the child unmapped the parent keeps");
}

struct toucher {
	pthread_t thread;
	char *map;
	bool right;
};

static void *touch(void *arg)
{
	struct toucher *t = arg;

	t->right = holds(t->map, 1, 0, SIZE);
	return NULL;
}

/* All threads fault in the same pages, which have just been taken away */
static void at_once(char *map)
{
	struct toucher t[4];
	bool right = true;

	fill(map, 1, SZ_64K);
	for (int round = 0; round < 5; round++) {
		need(evict("edges mmap") ? 0 : -EBUSY);
		for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
			t[i].map = map;
			need(-pthread_create(&t[i].thread, NULL, touch, &t[i]));
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
			need(-pthread_join(t[i].thread, NULL));
			right &= t[i].right;
		}
	}
	ok(right, "four threads fault in what was taken away, five times");
}

void run_mmap(void)
{
	struct pan_bo bo;
	struct pan p;
	off_t offset;

	swap_ready();
	need(pan_open(&p));
	need(pan_bo_create(&p, SIZE, 0, &bo));
	bo_label(&p, &bo, "edges mmap");
	offset = offset_of(&p, bo.handle);
	aligned(&p, offset);
	bad_mappings(&p, offset);
	forked(bo.map);
	at_once(bo.map);
	{
		char *map = bo.map;

		bo.map = NULL;
		pan_bo_destroy(&p, &bo);
		pan_close(&p);
		ok(holds(map, 1, 0, SIZE), "a mapping outlives handle and file");
		munmap(map, SIZE);
	}
}

/* --- The flush ID -------------------------------------------------------- */

static int set_offset(struct pan *p, uint64_t offset)
{
	struct drm_panthor_set_user_mmio_offset s = { .offset = offset };

	return pan_ioctl(p, DRM_IOCTL_PANTHOR_SET_USER_MMIO_OFFSET, &s);
}

static uint32_t *flush_id(struct pan *p, uint64_t base)
{
	return map_at(p, NULL, SZ_4K, PROT_READ, MAP_SHARED, (off_t)base);
}

/* From the device, or from what stands in for it while it sleeps */
static uint32_t value_of(const uint32_t *page)
{
	return __atomic_load_n(page, __ATOMIC_RELAXED);
}

/* In bytes, across words, and by a system call: never more than its own fault */
static void read_anyhow(struct pan *p, const uint32_t *page)
{
	const volatile uint8_t *byte = (const volatile uint8_t *)page;
	struct drm_panthor_bo_set_label s = { };
	uint32_t sum = 0;
	struct pan_bo bo;

	for (int i = 0; i < 4; i++)
		sum |= (uint32_t)byte[i] << (8 * i);
	detail("%#x in bytes, %#x", sum, value_of(page));
	ok(sum == value_of(page), "its bytes are those of the word");
	need(pan_bo_create(p, SZ_4K, 0, &bo));
	s.handle = bo.handle;
	s.label = (uintptr_t)byte + 0x121;
	is(pan_ioctl(p, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &s), 0, "a string there is an empty one");
}

void run_mmio(void)
{
	uint32_t *low, *high;
	struct pan p;

	need(pan_open(&p));
	high = flush_id(&p, DRM_PANTHOR_USER_MMIO_OFFSET_64BIT);
	ok(high, "the page is where 64-bit programs look for it");
	ok(!flush_id(&p, DRM_PANTHOR_USER_MMIO_OFFSET_32BIT),
	   "and not where 32-bit programs do");
	is(set_offset(&p, 0x1234), -EINVAL, "it is nowhere else");
	is(set_offset(&p, DRM_PANTHOR_USER_MMIO_OFFSET_32BIT), 0,
	   "it moves on request");
	low = flush_id(&p, DRM_PANTHOR_USER_MMIO_OFFSET_32BIT);
	ok(low, "the page is where 32-bit programs look for it");
	ok(!flush_id(&p, DRM_PANTHOR_USER_MMIO_OFFSET_64BIT),
	   "and no longer where it was");
	need(stay_awake(true) ? 0 : -ETIME);
	need(low && high ? 0 : -EINVAL);
	ok(value_of(low) && value_of(low) == value_of(high),
	   "both mappings read the same");
	read_anyhow(&p, low);
	need(stay_awake(false) ? 0 : -ETIME);
	ok(sleeps(3000) && value_of(low) == 1 && value_of(high) == 1,
	   "both read 1 when the GPU sleeps");
	is(set_offset(&p, DRM_PANTHOR_USER_MMIO_OFFSET_64BIT), 0,
	   "it moves back");
	ok(flush_id(&p, DRM_PANTHOR_USER_MMIO_OFFSET_64BIT),
	   "and is there again");
	pan_close(&p);
}

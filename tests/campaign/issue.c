// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See issue.h.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "issue.h"

#define MOST_BYTES	256
#define FAIL_WITHIN	48

uint32_t odd_value(uint32_t r)
{
	static const uint32_t odd[] = {
		0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 127, 128, 129, 255, 256, 4095, 4096, 4097,
		0xffff, 0x10000, 0x1fffff, 0x200000, 0x3fffffff, 0x40000000, 0x7ffffffe,
		0x7fffffff, 0x80000000, 0x80000001, 0xfffff000, 0xfffffffe, 0xffffffff,
		0xdeadbeef,
	};

	return odd[r % ARRAY_SIZE(odd)];
}

uint64_t bad_pointer(uint32_t r)
{
	static const uint64_t bad[] = {
		0, 1, 4095, 0xfffffffffffffff0ull, 0xffff800000000000ull, 0x0000fffffffff000ull,
		0x8000000000000000ull, 0x00dead0000000000ull,
	};

	return bad[r % ARRAY_SIZE(bad)];
}

void disturb(const struct call *c, void *at, size_t bytes)
{
	uint32_t *word = (uint32_t *)at + c->r[4] % (bytes / sizeof(uint32_t));

	if (c->r[3] & 1)
		*word ^= 1u << (c->r[3] >> 1) % 32;
	else
		*word = odd_value(c->r[3] >> 1);
}

/* --- Allocations that fail ----------------------------------------------- */

/*
 * Two mistakes that are known end the kernel: a scheduler that finds no memory when a group
 * is made, and a point of a timeline that finds none when a job would signal it, which
 * sync_ops() keeps from happening.
 */
static bool survives_failure(const struct call *c)
{
	return options.findings || c->kind != K_GROUP_CREATE;
}

/* Most calls have few allocations */
static unsigned int which_allocation(uint32_t r)
{
	return 1 + (r & 3 ? (r >> 2) % 5 : (r >> 2) % FAIL_WITHIN);
}

void fail_begin(const struct call *c)
{
	char text[16];
	int n;

	if (c->twist != T_FAIL || self.fail_nth < 0 || !survives_failure(c))
		return;
	n = snprintf(text, sizeof(text), "%u", which_allocation(c->r[4]));
	self.failing = pwrite(self.fail_nth, text, n, 0) == n;
}

void fail_end(void)
{
	char text[16] = "";
	int saved = errno;

	if (!self.failing)
		return;
	self.failing = false;
	if (pread(self.fail_nth, text, sizeof(text) - 1, 0) > 0 && !atoi(text))
		atomic_fetch_add(&shared->failed_allocations, 1);
	if (pwrite(self.fail_nth, "0", 1, 0) != 1)
		self.fail_nth = -1;
	errno = saved;
}

/* --- Counting ------------------------------------------------------------ */

static int count_kind(enum kind kind, int ret)
{
	int error = ret < 0 ? -ret : 0;

	if (error >= MAX_ERRNO)
		error = MAX_ERRNO - 1;
	atomic_fetch_add(&shared->by_errno[kind][error], 1);
	return ret;
}

int count(const struct call *c, int ret)
{
	return count_kind(c->kind, ret);
}

int issue_well(enum kind kind, int fd, unsigned long request, void *arg)
{
	return count_kind(kind, ioctl(fd, request, arg) < 0 ? -errno : 0);
}

/* --- What is wrong ------------------------------------------------------- */

static unsigned long other_size(unsigned long request, uint32_t r)
{
	static const int delta[] = { -8, -4, -1, 1, 4, 8, 64 };
	int size = _IOC_SIZE(request) + delta[r % ARRAY_SIZE(delta)];

	if (r & 64)
		size = odd_value(r >> 8) & _IOC_SIZEMASK;
	return (request & ~(unsigned long)IOCSIZE_MASK) |
	       (unsigned long)(size & _IOC_SIZEMASK) << IOCSIZE_SHIFT;
}

/*
 * Counts of 4,294,967,295 are a warning that is known, so they are a million at most; and
 * the argument's memory goes on behind the array, in zeroes.
 */
static void disturb_array(const struct call *c, enum twist how, struct drm_panthor_obj_array *a)
{
	switch (how) {
	case T_STRIDE:
		a->stride = c->r[3] & 1 ? a->stride + (c->r[3] >> 1) % 64 - 16 :
					  odd_value(c->r[3] >> 1);
		break;
	case T_COUNT:
		a->count = options.findings ? odd_value(c->r[3]) :
			   c->r[3] & 15 ? c->r[3] % 70 : c->r[3] % (1 << 20);
		break;
	case T_POINTER:
		a->array = bad_pointer(c->r[3]);
		break;
	default:
		break;
	}
}

/* Behind sync operations of a call there are zeroes, for as many as a count can be here */
void disturb_nested(const struct call *c, struct drm_panthor_obj_array *a)
{
	static const enum twist twists[] = { T_STRIDE, T_COUNT, T_POINTER };

	disturb_array(c, twists[c->r[4] % ARRAY_SIZE(twists)], a);
	if (!options.findings && a->count >= NESTED_ZEROES)
		a->count %= NESTED_ZEROES;
}

/* A word of the argument but for counts of arrays, see above */
static void disturb_word(const struct call *c, void *arg, size_t size, int array)
{
	struct drm_panthor_obj_array saved;

	if (array < 0) {
		disturb(c, arg, size);
		return;
	}
	memcpy(&saved, (char *)arg + array, sizeof(saved));
	disturb(c, arg, size);
	if (!options.findings)
		memcpy((char *)arg + array, &saved, sizeof(saved));
}

int issue(const struct call *c, int fd, unsigned long request, void *arg, size_t size,
	  int array, int pointer)
{
	/* Room for the kernel to write to, whatever size the request says */
	static __thread uint64_t big[(1 << 14) / sizeof(uint64_t) + 64];
	bool wrong = c->twist != T_NONE && c->twist != T_FAIL;
	void *to = arg;
	int ret;

	if (wrong && size <= MOST_BYTES) {
		memset(big, 0, MOST_BYTES * 2);
		memcpy(big, arg, size);
		to = big;
	}
	if (to == big && (c->twist == T_WORD || c->twist == T_BIT))
		disturb_word(c, to, size, array);
	if (to == big && array >= 0)
		disturb_array(c, c->twist,
			      (struct drm_panthor_obj_array *)((char *)to + array));
	if (to == big && pointer >= 0 && c->twist == T_POINTER)
		*(uint64_t *)((char *)to + pointer) = bad_pointer(c->r[3]);
	if (c->twist == T_SIZE)
		request = other_size(request, c->r[3]);
	if (c->twist == T_POINTER && array < 0 && pointer < 0)
		to = (void *)(uintptr_t)bad_pointer(c->r[3]);

	fail_begin(c);
	ret = ioctl(fd, request, to) < 0 ? -errno : 0;
	fail_end();
	if (to == big)
		memcpy(arg, big, size);
	return count(c, ret);
}

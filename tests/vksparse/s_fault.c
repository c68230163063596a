// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A block without memory, of a buffer without residency: Vulkan allows no access to it, and
 * the GPU's MMU faults. It must cost who did it the device, and nobody else anything.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "objects.h"
#include "scenarios.h"

#define BLOCKS	4u

struct half {
	struct vk vk;
	struct touch touch;
	struct mem mem;
	struct buf buf;
};

/* The first half is bound */
static void half_open(struct half *h)
{
	VkSparseMemoryBind one;

	vk_open(&h->vk);
	must(h->vk.sparse >= 0 && h->vk.features.sparseBinding);
	touch_make(&h->vk, &h->touch);
	mem_make(&h->vk, &h->mem, BLOCKS, 0);
	buf_make(&h->vk, &h->touch, &h->buf, BLOCKS, false);
	one = bind_blocks(0, BLOCKS / 2, h->mem.memory, 0);
	bind_now(&h->vk, h->buf.buffer, &one, 1);
}

static bool bound_works(struct half *h)
{
	uint32_t value = 0;

	return touch_read(&h->vk, &h->touch, h->buf.address + BLOCK, &value) == VK_SUCCESS &&
	       value == h->mem.want[BLOCK_WORDS];
}

/* What the process that faults sees: the result, as its exit code, minus 1 */
static int faults(bool store)
{
	VkResult res, later;
	struct half h;
	uint32_t value;

	half_open(&h);
	if (!bound_works(&h))
		return 100;
	res = store ? touch_write(&h.vk, &h.touch, h.buf.address + 2 * BLOCK, 1) :
		      touch_read(&h.vk, &h.touch, h.buf.address + 2 * BLOCK, &value);
	later = vkQueueWaitIdle(vk_queue(&h.vk));
	note("the dispatch that faults gives %d, the queue then %d", res, later);
	return res == VK_ERROR_DEVICE_LOST || later == VK_ERROR_DEVICE_LOST ? 0 : 101;
}

/* Its exit code */
static int in_a_process(int (*what)(bool store), bool store)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(what(store));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static void next_works(const char *after)
{
	struct half h;

	half_open(&h);
	ok(bound_works(&h), "the next process works, after %s", after);
	vk_close(&h.vk);
}

void run_fault(void)
{
	is(in_a_process(faults, false), 0, "a load where nothing is bound loses the device");
	next_works("a load");
	is(in_a_process(faults, true), 0, "a store where nothing is bound loses the device");
	next_works("a store");
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Instructions of sparse binds, all of them: the driver's in user space, the kernel's, and
 * what the kernel's workers do until the last fence is signalled. Nothing else runs. The
 * GPU has no work, so that the processor waits for nothing; that is checked.
 *
 *	V1	a tile of 64 KiB is bound, and waited for
 *	V2	1,024 tiles of a buffer of 64 MiB, each a bind of its own, in one submission
 *	V3	512 buffers of 4 GiB with residency: made, and one tile bound in each
 *	V4	81,920 tiles of two buffers of 2.5 GiB, 1,024 in each submission
 *
 * panvk has no buffer of 4 GiB: its largest has a byte less, so that those have a tile less.
 *
 * V1 and V2 are done again and again on one buffer, after a first time, so that page tables
 * are there; V3 and V4 once, in a process that is new: page tables come with them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "costs.h"
#include "counter.h"
#include "objects.h"

#define ROUNDS		16
#define WARM_UP		4
#define SETTLE_MS	200
#define TILES		1024u
#define BUFFERS		512u
#define FOUR_GIB	(4096 * MIB - BLOCK)
#define HALF		(40 * TILES)
#define PAGES		1024u

struct bench {
	struct vk vk;
	VkFence fence;
	VkDeviceMemory memory;
	VkSparseMemoryBind *binds;
	char mesa[16];
};

static void wait_for_all(struct bench *b)
{
	vk_need(vk_wait_fence(&b->vk, b->fence, PATIENCE));
	vk_need(vkResetFences(b->vk.dev, 1, &b->fence));
}

/* Tiles @first and on, to pages that are no neighbours */
static void bind_tiles(struct bench *b, VkBuffer buffer, uint32_t first, uint32_t count,
		       uint32_t turn)
{
	for (uint32_t i = 0; i < count; i++)
		b->binds[i] = bind_blocks(first + i, 1, b->memory,
					  ((first + i) * 17 + turn) % PAGES);
	vk_need(bind_submit(&b->vk, buffer, b->binds, count, &(struct batch){ 0 }, b->fence));
	wait_for_all(b);
}

static void tell(struct bench *b, const char *row, uint64_t instructions, uint64_t idle)
{
	printf("# %s: the processor was idle %llu times\n", row, (unsigned long long)idle);
	/* The counter advances meanwhile: no figure then */
	if (!idle)
		printf("bench: %s %s_instrs %llu\n", row, b->mesa,
		       (unsigned long long)instructions);
	fflush(stdout);
}

/* @count tiles again and again */
static void cost_tiles(struct bench *b, const char *row, uint32_t count)
{
	VkBuffer buffer = sparse_buffer(&b->vk, TILES * BLOCK, true);
	uint64_t start, idle;

	for (uint32_t i = 0; i < WARM_UP; i++)
		bind_tiles(b, buffer, 0, count, i);
	idle = counter_idle();
	start = counter_read();
	for (uint32_t i = 0; i < ROUNDS; i++)
		bind_tiles(b, buffer, 0, count, WARM_UP + i);
	tell(b, row, (counter_read() - start) / ROUNDS, counter_idle() - idle);
	vkDestroyBuffer(b->vk.dev, buffer, NULL);
}

static void cost_buffers(struct bench *b)
{
	static VkBuffer buffer[BUFFERS];
	uint64_t idle = counter_idle(), start = counter_read();

	for (uint32_t i = 0; i < BUFFERS; i++) {
		buffer[i] = sparse_buffer(&b->vk, FOUR_GIB, true);
		bind_tiles(b, buffer[i], i * 100, 1, i);
	}
	tell(b, "V3", counter_read() - start, counter_idle() - idle);
	for (uint32_t i = 0; i < BUFFERS; i++)
		vkDestroyBuffer(b->vk.dev, buffer[i], NULL);
}

static void cost_many(struct bench *b)
{
	VkBuffer buffer[] = { sparse_buffer(&b->vk, HALF * BLOCK, true),
			      sparse_buffer(&b->vk, HALF * BLOCK, true) };
	uint64_t idle = counter_idle(), start = counter_read();

	for (unsigned int i = 0; i < ARRAY_SIZE(buffer); i++)
		for (uint32_t first = 0; first < HALF; first += TILES)
			bind_tiles(b, buffer[i], first, TILES, first / TILES);
	tell(b, "V4", counter_read() - start, counter_idle() - idle);
	for (unsigned int i = 0; i < ARRAY_SIZE(buffer); i++)
		vkDestroyBuffer(b->vk.dev, buffer[i], NULL);
}

static void bench_open(struct bench *b)
{
	unsigned int major = 0, minor = 0;

	vk_open(&b->vk);
	must(b->vk.sparse >= 0 && b->vk.features.sparseResidencyBuffer);
	must(sscanf(mesa_name(&b->vk), "Mesa %u.%u", &major, &minor) == 2);
	snprintf(b->mesa, sizeof(b->mesa), "mesa_%u.%u", major, minor);
	b->fence = vk_fence(&b->vk);
	b->memory = mem_alloc(&b->vk, PAGES * BLOCK, 0, -1);
	b->binds = calloc(TILES, sizeof(*b->binds));
	must(b->binds);
	/* What the device began with is done, and the GPU sleeps */
	sleep_ms(SETTLE_MS);
}

void costs(void)
{
	struct bench b;

	tap_init("vksparse");
	need(counter_open());
	bench_open(&b);
	/* Each in an address space that has had nothing like it */
	cost_tiles(&b, "V1", 1);
	cost_tiles(&b, "V2", TILES);
	cost_buffers(&b);
	cost_many(&b);
	counter_close();
	vk_close(&b.vk);
	printf("bench: done\n");
}

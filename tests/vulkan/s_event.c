// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events: set, reset and waited for by the GPU, set and reset by the host.
 *
 * Two things that Vulkan's text may suggest are left out:
 * - An event that the host sets while the GPU waits for it. Vulkan does not
 *   allow it any more, and the hardware looks at memory again only when it is
 *   told to, which panvk has no way to do.
 * - A reset in the same batch as the wait, with a barrier between them. The
 *   vertex, fragment and compute parts of a queue are streams of their own;
 *   panvk's barrier lets the fragment part run ahead of the vertex part, which
 *   may then find the event reset and wait for good.
 */
#include "scenarios.h"
#include "vk.h"

#define ALL	VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT
#define TOP	VK_PIPELINE_STAGE_2_TOP_OF_PIPE_BIT

/* The commands of Vulkan 1.0, or those of synchronization2 */
static void record_set(VkCommandBuffer cmd, VkEvent event, bool old)
{
	if (old)
		vkCmdSetEvent(cmd, event, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT);
	else
		vkCmdSetEvent2(cmd, event, &vk_everything);
}

static void record_reset(VkCommandBuffer cmd, VkEvent event, bool old)
{
	if (old)
		vkCmdResetEvent(cmd, event, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT);
	else
		vkCmdResetEvent2(cmd, event, ALL);
}

static void record_wait(VkCommandBuffer cmd, VkEvent event, bool old)
{
	if (old)
		vkCmdWaitEvents(cmd, 1, &event,
				VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
				VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, NULL, 0,
				NULL, 0, NULL);
	else
		vkCmdWaitEvents2(cmd, 1, &event, &vk_everything);
}

static void set_and_reset(struct vk *vk, bool old)
{
	const char *how = old ? "1.0" : "2";
	VkEvent event = vk_event(vk);
	VkCommandBuffer cmd = vk_begin_primary(vk);

	record_set(cmd, event, old);
	vk_end(cmd);
	vk_is(vkGetEventStatus(vk->dev, event), VK_EVENT_RESET,
	      "%s: a new event", how);
	vk_is(vk_run(vk, cmd), VK_SUCCESS, "%s: the GPU sets it", how);
	vk_is(vkGetEventStatus(vk->dev, event), VK_EVENT_SET,
	      "%s: the host sees it", how);
	cmd = vk_begin_primary(vk);
	record_reset(cmd, event, old);
	vk_end(cmd);
	vk_is(vk_run(vk, cmd), VK_SUCCESS, "%s: the GPU resets it", how);
	vk_is(vkGetEventStatus(vk->dev, event), VK_EVENT_RESET,
	      "%s: it is reset", how);
	vk_need(vkSetEvent(vk->dev, event));
	vk_is(vkGetEventStatus(vk->dev, event), VK_EVENT_SET,
	      "%s: the host sets it", how);
	vk_need(vkResetEvent(vk->dev, event));
	vk_is(vkGetEventStatus(vk->dev, event), VK_EVENT_RESET,
	      "%s: and resets it", how);
}

/* In one buffer or in two batches, by the old commands or the new ones */
struct way {
	bool apart;
	bool old;
	const char *name;
};

static void record_both(const struct way *way, VkCommandBuffer set,
			VkCommandBuffer wait, VkEvent event, VkQueryPool pool)
{
	vkCmdWriteTimestamp2(set, ALL, pool, 0);
	record_set(set, event, way->old);
	if (way->apart)
		vk_end(set);
	record_wait(wait, event, way->old);
	vkCmdWriteTimestamp2(wait, TOP, pool, 1);
	vk_end(wait);
}

/*
 * The parts of the queue start one after the other, so that the first of them
 * really waits. That none goes past the event before all have set it their
 * timestamps tell: the last one in front of the event, the first one behind.
 */
static void set_then_wait(struct vk *vk, uint32_t q, const struct way *way)
{
	VkQueue queue = vk->family[vk->main].queue[q];
	VkQueryPool pool = vk_query_pool(vk, VK_QUERY_TYPE_TIMESTAMP, 2);
	VkCommandBuffer set = vk_begin_primary(vk);
	VkCommandBuffer wait = way->apart ? vk_begin_primary(vk) : set;
	VkEvent event = vk_event(vk);
	VkFence fence = vk_fence(vk);
	uint64_t t[2] = { 0 };

	vkResetQueryPool(vk->dev, pool, 0, 2);
	record_both(way, set, wait, event, pool);
	if (way->apart)
		vk_need(vk_submit(queue, set, VK_NULL_HANDLE));
	vk_need(vk_submit(queue, wait, fence));
	vk_is(vk_wait_fence(vk, fence, PATIENCE), VK_SUCCESS,
	      "%u: set and waited for, %s", q, way->name);
	vk_is(vkGetEventStatus(vk->dev, event), VK_EVENT_SET,
	      "%u: it remains set, %s", q, way->name);
	vk_need(vkGetQueryPoolResults(vk->dev, pool, 0, 2, sizeof(t), t,
				      sizeof(t[0]), VK_QUERY_RESULT_64_BIT));
	detail("%llu, %llu", (unsigned long long)t[0],
	       (unsigned long long)t[1]);
	ok(t[0] && t[1] >= t[0], "%u: nothing goes past it before, %s", q,
	   way->name);
}

/* Over and over: each round sets an event of its own, and all are reset at once */
static void many_events(struct vk *vk)
{
	enum { ROUNDS = 32 };
	VkCommandBuffer cmd = vk_begin_primary(vk);
	VkEvent event[ROUNDS];
	unsigned int set = 0;

	for (int i = 0; i < ROUNDS; i++) {
		event[i] = vk_event(vk);
		record_set(cmd, event[i], i & 1);
		record_wait(cmd, event[i], i & 1);
	}
	vk_end(cmd);
	vk_is(vk_run(vk, cmd), VK_SUCCESS, "%d events in one buffer", ROUNDS);
	for (int i = 0; i < ROUNDS; i++)
		set += vkGetEventStatus(vk->dev, event[i]) == VK_EVENT_SET;
	is(set, ROUNDS, "all are set");
	cmd = vk_begin_primary(vk);
	for (int i = 0; i < ROUNDS; i += 2)
		record_reset(cmd, event[i], false);
	vk_end(cmd);
	vk_need(vk_run(vk, cmd));
	set = 0;
	for (int i = 0; i < ROUNDS; i++)
		set += (vkGetEventStatus(vk->dev, event[i]) == VK_EVENT_SET) ==
		       (i & 1);
	is(set, ROUNDS, "every other one is reset again");
}

/* Set by the host before the batch is submitted */
static void event_from_host(struct vk *vk)
{
	VkEvent event = vk_event(vk);
	VkCommandBuffer cmd = vk_begin_primary(vk);

	/* With the host as the only source panvk would not even look */
	vkCmdWaitEvents(cmd, 1, &event,
			VK_PIPELINE_STAGE_HOST_BIT |
			VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
			VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, NULL, 0, NULL, 0,
			NULL);
	vk_end(cmd);
	vk_need(vkSetEvent(vk->dev, event));
	vk_is(vk_run(vk, cmd), VK_SUCCESS,
	      "the GPU goes past what the host set");
}

void run_event(void)
{
	static const struct way ways[] = {
		{ false, false, "in one buffer" },
		{ false, true, "in one buffer, 1.0" },
		{ true, false, "in two batches" },
		{ true, true, "in two batches, 1.0" },
	};
	struct vk vk;

	vk_open(&vk);
	set_and_reset(&vk, false);
	set_and_reset(&vk, true);
	for (uint32_t q = 0; q < vk.family[vk.main].count; q++)
		for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++)
			set_then_wait(&vk, q, &ways[i]);
	many_events(&vk);
	event_from_host(&vk);
	vk_close(&vk);
}

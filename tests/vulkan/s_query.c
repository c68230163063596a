// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events, timestamps and query resets: what the GPU writes on its own account.
 */
#include "scenarios.h"
#include "vk.h"

#define ALL	VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT

static const VkMemoryBarrier2 everything = {
	.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
	.srcStageMask = ALL,
	.srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
	.dstStageMask = ALL,
	.dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT,
};

static const VkDependencyInfo dependency = {
	.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
	.memoryBarrierCount = 1,
	.pMemoryBarriers = &everything,
};

/* --- Events ---------------------------------------------------------------------- */

static void event_from_gpu(struct vk *vk)
{
	VkEvent event = vk_event(vk);
	VkCommandBuffer cmd = vk_begin_primary(vk);

	vkCmdSetEvent2(cmd, event, &dependency);
	vk_end(cmd);
	is(vkGetEventStatus(vk->dev, event), VK_EVENT_RESET, "a new event");
	is(vk_run(vk, cmd), VK_SUCCESS, "the GPU sets it");
	is(vkGetEventStatus(vk->dev, event), VK_EVENT_SET, "the host sees it");
	cmd = vk_begin_primary(vk);
	vkCmdResetEvent2(cmd, event, ALL);
	vk_end(cmd);
	is(vk_run(vk, cmd), VK_SUCCESS, "the GPU resets it");
	is(vkGetEventStatus(vk->dev, event), VK_EVENT_RESET, "it is reset");
	need(vkSetEvent(vk->dev, event));
	is(vkGetEventStatus(vk->dev, event), VK_EVENT_SET, "the host sets it");
	need(vkResetEvent(vk->dev, event));
	is(vkGetEventStatus(vk->dev, event), VK_EVENT_RESET, "and resets it");
}

/* One queue sets, the same or the other one waits */
static void event_between(struct vk *vk, VkQueue setter, VkQueue waiter,
			  const char *what)
{
	VkEvent event = vk_event(vk);
	VkCommandBuffer set = vk_begin_primary(vk), wait = vk_begin_primary(vk);
	VkFence fence = vk_fence(vk);

	vkCmdSetEvent2(set, event, &dependency);
	vk_end(set);
	vkCmdWaitEvents2(wait, 1, &event, &dependency);
	/* The reset must not overtake a wait in another part of the queue */
	vkCmdPipelineBarrier2(wait, &dependency);
	vkCmdResetEvent2(wait, event, ALL);
	vk_end(wait);
	need(vk_submit(setter, set, VK_NULL_HANDLE));
	if (setter != waiter)
		need(vkQueueWaitIdle(setter));
	need(vk_submit(waiter, wait, fence));
	is(vk_wait_fence(vk, fence, PATIENCE), VK_SUCCESS, what);
	is(vkGetEventStatus(vk->dev, event), VK_EVENT_RESET,
	   "and resets it behind the wait");
}

/*
 * An event that the host set before. One that it sets while the GPU waits is
 * left out: the hardware looks at memory again only when it is told to, which
 * panvk has no way to do, and panvk skips the wait when its source is the host.
 */
static void event_from_host(struct vk *vk)
{
	VkEvent event = vk_event(vk);
	VkCommandBuffer cmd = vk_begin_primary(vk);

	vkCmdWaitEvents(cmd, 1, &event,
			VK_PIPELINE_STAGE_HOST_BIT |
			VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
			VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, NULL, 0, NULL, 0,
			NULL);
	vk_end(cmd);
	need(vkSetEvent(vk->dev, event));
	is(vk_run(vk, cmd), VK_SUCCESS, "the GPU goes past what the host set");
}

void run_event(void)
{
	struct family *f;
	struct vk vk;

	vk_open(&vk);
	f = &vk.family[vk.main];
	event_from_gpu(&vk);
	event_between(&vk, f->queue[0], f->queue[0], "a queue waits for itself");
	if (f->count > 1)
		event_between(&vk, f->queue[0], f->queue[1],
			      "a queue waits for another");
	event_from_host(&vk);
	vk_close(&vk);
}

/* --- Timestamps -------------------------------------------------------------------- */

#define STAMPS	16u

static void timestamps_in_order(struct vk *vk)
{
	VkQueryPool pool = vk_query_pool(vk, VK_QUERY_TYPE_TIMESTAMP, STAMPS);
	VkCommandBuffer cmd = vk_begin_primary(vk);
	uint64_t before, after, t[STAMPS];
	bool rising = true;

	vkCmdResetQueryPool(cmd, pool, 0, STAMPS);
	/* Only a dependency orders what different parts of the queue write */
	for (uint32_t i = 0; i < STAMPS; i++) {
		vkCmdPipelineBarrier2(cmd, &dependency);
		vkCmdWriteTimestamp2(cmd, i & 1 ? ALL :
				     VK_PIPELINE_STAGE_2_TOP_OF_PIPE_BIT, pool, i);
	}
	vk_end(cmd);
	before = host_ns();
	is(vk_run(vk, cmd), VK_SUCCESS, "timestamps are written");
	after = host_ns();
	need(vkGetQueryPoolResults(vk->dev, pool, 0, STAMPS, sizeof(t), t,
				   sizeof(t[0]), VK_QUERY_RESULT_64_BIT |
				   VK_QUERY_RESULT_WAIT_BIT));
	for (uint32_t i = 1; i < STAMPS; i++)
		rising &= t[i] >= t[i - 1];
	ok(rising && t[0], "they never fall");
	detail("%.0f ns of the GPU, %.0f ns of the CPU",
	       vk_ns(vk, t[0], t[STAMPS - 1]), (double)(after - before));
	ok(vk_ns(vk, t[0], t[STAMPS - 1]) <= (double)(after - before),
	   "all within the time that the host saw pass");
}

/* The GPU's clock runs at the speed of the CPU's. */
static void timestamp_rate(struct vk *vk)
{
	VkQueryPool pool = vk_query_pool(vk, VK_QUERY_TYPE_TIMESTAMP, 2);
	uint64_t t[2], host[2];

	vkResetQueryPool(vk->dev, pool, 0, 2);
	for (uint32_t i = 0; i < 2; i++) {
		VkCommandBuffer cmd = vk_begin_primary(vk);

		vkCmdWriteTimestamp2(cmd, ALL, pool, i);
		vk_end(cmd);
		need(vk_run(vk, cmd));
		host[i] = host_ns();
		sleep_ms(i ? 0 : 500);
	}
	need(vkGetQueryPoolResults(vk->dev, pool, 0, 2, sizeof(t), t,
				   sizeof(t[0]), VK_QUERY_RESULT_64_BIT));
	detail("%.0f ns of the GPU, %.0f ns of the CPU", vk_ns(vk, t[0], t[1]),
	       (double)(host[1] - host[0]));
	/* A busy host may delay either end */
	ok(vk_ns(vk, t[0], t[1]) > 350e6 &&
	   vk_ns(vk, t[0], t[1]) < (host[1] - host[0]) + 150e6,
	   "half a second is half a second");
}

static void calibrated(struct vk *vk)
{
	PFN_vkGetCalibratedTimestampsKHR get = (PFN_vkGetCalibratedTimestampsKHR)
		vkGetDeviceProcAddr(vk->dev, "vkGetCalibratedTimestampsKHR");
	const VkCalibratedTimestampInfoKHR info[2] = {
		{ .sType = VK_STRUCTURE_TYPE_CALIBRATED_TIMESTAMP_INFO_KHR,
		  .timeDomain = VK_TIME_DOMAIN_DEVICE_KHR },
		{ .sType = VK_STRUCTURE_TYPE_CALIBRATED_TIMESTAMP_INFO_KHR,
		  .timeDomain = VK_TIME_DOMAIN_CLOCK_MONOTONIC_KHR },
	};
	uint64_t a[2], b[2], deviation;

	must(get);
	is(get(vk->dev, 2, info, a, &deviation), VK_SUCCESS,
	   "calibrated timestamps");
	sleep_ms(200);
	need(get(vk->dev, 2, info, b, &deviation));
	detail("%.0f ns and %.0f ns", vk_ns(vk, a[0], b[0]),
	       (double)(b[1] - a[1]));
	ok(vk_ns(vk, a[0], b[0]) > 190e6 && b[1] - a[1] > 190000000,
	   "both clocks run");
}

void run_timestamp(void)
{
	struct vk vk;

	vk_open(&vk);
	timestamps_in_order(&vk);
	timestamp_rate(&vk);
	if (vk_has_extension(&vk, VK_KHR_CALIBRATED_TIMESTAMPS_EXTENSION_NAME))
		calibrated(&vk);
	else
		skip("the driver does not have them", "calibrated timestamps");
	vk_close(&vk);
}

/* --- Resets ------------------------------------------------------------------------ */

struct answer {
	uint64_t value;
	uint64_t available;
};

static VkResult ask(struct vk *vk, VkQueryPool pool, uint32_t n,
		    struct answer *a)
{
	*a = (struct answer){ 0 };
	return vkGetQueryPoolResults(vk->dev, pool, n, 1, sizeof(*a), a,
				     sizeof(*a), VK_QUERY_RESULT_64_BIT |
				     VK_QUERY_RESULT_WITH_AVAILABILITY_BIT);
}

static void reset_timestamps(struct vk *vk)
{
	VkQueryPool pool = vk_query_pool(vk, VK_QUERY_TYPE_TIMESTAMP, 4);
	VkCommandBuffer write = vk_begin_primary(vk);
	VkCommandBuffer reset = vk_begin_primary(vk);
	struct answer a;

	for (uint32_t i = 0; i < 4; i++)
		vkCmdWriteTimestamp2(write, ALL, pool, i);
	vk_end(write);
	vkCmdResetQueryPool(reset, pool, 1, 2);
	vk_end(reset);

	vkResetQueryPool(vk->dev, pool, 0, 4);
	is(ask(vk, pool, 0, &a), VK_NOT_READY, "after a reset by the host");
	is(a.available, 0, "a query is not available");
	need(vk_run(vk, write));
	is(ask(vk, pool, 1, &a), VK_SUCCESS, "after it was written");
	ok(a.available && a.value, "it is, with a value");
	need(vk_run(vk, reset));
	for (uint32_t i = 0; i < 4; i++) {
		ask(vk, pool, i, &a);
		is(!!a.available, i == 0 || i == 3,
		   "a reset by the GPU reaches two of four");
	}
	vkResetQueryPool(vk->dev, pool, 3, 1);
	ask(vk, pool, 3, &a);
	is(a.available, 0, "one by the host reaches one");
	ask(vk, pool, 0, &a);
	is(a.available, 1, "and not another");
}

static void reset_occlusion(struct vk *vk)
{
	VkQueryPool pool = vk_query_pool(vk, VK_QUERY_TYPE_OCCLUSION, 64);
	VkCommandBuffer cmd = vk_begin_primary(vk);
	struct answer a;
	bool none = true;

	vkCmdResetQueryPool(cmd, pool, 0, 64);
	vk_end(cmd);
	is(vk_run(vk, cmd), VK_SUCCESS, "64 occlusion queries are reset");
	for (uint32_t i = 0; i < 64; i++)
		none &= ask(vk, pool, i, &a) == VK_NOT_READY && !a.available;
	ok(none, "none of them is available");
}

void run_reset(void)
{
	struct vk vk;

	vk_open(&vk);
	reset_timestamps(&vk);
	reset_occlusion(&vk);
	vk_close(&vk);
}

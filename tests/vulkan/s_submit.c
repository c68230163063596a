// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Batches and fences on every queue, command buffers of all kinds, and many
 * submissions in a row.
 */
#include "scenarios.h"
#include "vk.h"

/* A queue of a family that only binds takes its batches another way */
static VkResult empty_batch(const struct vk *vk, uint32_t family, VkQueue queue,
			    VkFence fence)
{
	const VkBindSparseInfo bind = {
		.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
	};

	if ((int)family == vk->sparse && (int)family != vk->main)
		return vkQueueBindSparse(queue, 1, &bind, fence);
	return vk_submit(queue, NULL, fence);
}

static void submit_to(struct vk *vk, uint32_t family, uint32_t q)
{
	VkQueue queue = vk->family[family].queue[q];
	VkFence fence = vk_fence(vk);

	vk_is(vkGetFenceStatus(vk->dev, fence), VK_NOT_READY,
	      "%u.%u: a new fence is not signalled", family, q);
	vk_is(vk_wait_fence(vk, fence, 10000000), VK_TIMEOUT,
	      "%u.%u: and a wait for it times out", family, q);
	vk_is(empty_batch(vk, family, queue, VK_NULL_HANDLE), VK_SUCCESS,
	      "%u.%u: an empty batch without a fence", family, q);
	vk_is(empty_batch(vk, family, queue, fence), VK_SUCCESS,
	      "%u.%u: one with a fence", family, q);
	vk_is(vk_wait_fence(vk, fence, PATIENCE), VK_SUCCESS,
	      "%u.%u: it is waited for", family, q);
	vk_is(vkGetFenceStatus(vk->dev, fence), VK_SUCCESS,
	      "%u.%u: it is signalled", family, q);
	vk_need(vkResetFences(vk->dev, 1, &fence));
	vk_is(vkGetFenceStatus(vk->dev, fence), VK_NOT_READY,
	      "%u.%u: and reset", family, q);
	vk_is(empty_batch(vk, family, queue, fence), VK_SUCCESS,
	      "%u.%u: it is used again", family, q);
	vk_is(vkQueueWaitIdle(queue), VK_SUCCESS,
	      "%u.%u: the queue becomes idle", family, q);
	vk_is(vkGetFenceStatus(vk->dev, fence), VK_SUCCESS,
	      "%u.%u: by then the fence is signalled", family, q);
	vkDestroyFence(vk->dev, fence, NULL);
}

void run_submit(void)
{
	struct vk vk;
	VkFence fences[2];

	vk_open(&vk);
	for (uint32_t i = 0; i < vk.families; i++)
		for (uint32_t q = 0; q < vk.family[i].count; q++)
			submit_to(&vk, i, q);

	fences[0] = vk_fence(&vk);
	fences[1] = vk_fence(&vk);
	vk_need(vkQueueSubmit(vk_queue(&vk), 0, NULL, fences[0]));
	vk_is(vk_wait_fence(&vk, fences[0], PATIENCE), VK_SUCCESS,
	      "a fence without a batch");
	vk_is(vkWaitForFences(vk.dev, 2, fences, VK_FALSE, PATIENCE), VK_SUCCESS,
	      "one of two fences");
	vk_is(vkWaitForFences(vk.dev, 2, fences, VK_TRUE, 10000000), VK_TIMEOUT,
	      "but not both");
	vk_is(vkDeviceWaitIdle(vk.dev), VK_SUCCESS, "the device becomes idle");
	vk_close(&vk);
}

/* --- Many ------------------------------------------------------------------------ */

static unsigned int submissions(void)
{
	return extent == SAMPLE ? 500 : 2000;
}

void run_many(void)
{
	VkSemaphore sem;
	VkCommandBuffer cmd;
	unsigned int n = submissions();
	bool good = true;
	struct vk vk;

	vk_open(&vk);
	sem = vk_timeline(&vk, 0);
	cmd = vk_end(vk_begin_primary(&vk));
	/* Far more than a ring holds: it wraps many times */
	for (uint64_t i = 1; i <= n && good; i++)
		good = vk_submit_batch(vk_queue(&vk), &(struct batch){
			.signal = sem, .signal_value = i, .cmd = cmd,
		}, VK_NULL_HANDLE) == VK_SUCCESS;
	ok(good, "%u submissions in a row", n);
	vk_is(vk_wait(&vk, sem, n, PATIENCE), VK_SUCCESS, "all complete");
	is(vk_counter(&vk, sem), n, "in their order");

	for (int i = 0; i < 200 && good; i++)
		good = vk_run(&vk, cmd) == VK_SUCCESS;
	ok(good, "200 submissions, each waited for");
	vk_close(&vk);
}

/* --- Command buffers ------------------------------------------------------------- */

/* Timestamps tell in which order the buffers were executed */
static bool ordered(struct vk *vk, VkQueryPool pool, uint32_t count)
{
	uint64_t t[8];

	if (vkGetQueryPoolResults(vk->dev, pool, 0, count, sizeof(t), t,
				  sizeof(t[0]), VK_QUERY_RESULT_64_BIT))
		return false;
	for (uint32_t i = 1; i < count; i++)
		if (t[i] < t[i - 1])
			return false;
	return t[0] > 0;
}

static VkCommandBuffer stamp(struct vk *vk, VkCommandBufferLevel level,
			     VkQueryPool pool, uint32_t n)
{
	VkCommandBuffer cmd = vk_begin(vk, level);

	vk_barrier(cmd);
	vkCmdWriteTimestamp2(cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, pool, n);
	vk_barrier(cmd);
	return vk_end(cmd);
}

void run_commands(void)
{
	const VkCommandBufferLevel primary = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
	VkCommandBuffer cmds[4], secondary[2], cmd;
	VkSubmitInfo submit = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
		.commandBufferCount = 4,
		.pCommandBuffers = cmds,
	};
	VkQueryPool pool;
	struct vk vk;

	vk_open(&vk);
	pool = vk_query_pool(&vk, VK_QUERY_TYPE_TIMESTAMP, 8);
	vkResetQueryPool(vk.dev, pool, 0, 8);
	for (uint32_t i = 0; i < 4; i++)
		cmds[i] = stamp(&vk, primary, pool, i);
	vk_need(vkQueueSubmit(vk_queue(&vk), 1, &submit, VK_NULL_HANDLE));
	vk_is(vkQueueWaitIdle(vk_queue(&vk)), VK_SUCCESS,
	      "four buffers in one batch");
	ok(ordered(&vk, pool, 4), "are executed in their order");

	vkResetQueryPool(vk.dev, pool, 0, 8);
	secondary[0] = stamp(&vk, VK_COMMAND_BUFFER_LEVEL_SECONDARY, pool, 1);
	secondary[1] = stamp(&vk, VK_COMMAND_BUFFER_LEVEL_SECONDARY, pool, 2);
	cmd = vk_begin_primary(&vk);
	vkCmdWriteTimestamp2(cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, pool, 0);
	vkCmdExecuteCommands(cmd, 2, secondary);
	vkCmdWriteTimestamp2(cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, pool, 3);
	vk_end(cmd);
	vk_is(vk_run(&vk, cmd), VK_SUCCESS, "secondary buffers");
	ok(ordered(&vk, pool, 4), "are executed where they are called");

	for (int i = 0; i < 4; i++)
		cmds[i] = cmd;
	vkResetQueryPool(vk.dev, pool, 0, 8);
	vk_need(vkQueueSubmit(vk_queue(&vk), 1, &submit, VK_NULL_HANDLE));
	vk_is(vkQueueWaitIdle(vk_queue(&vk)), VK_SUCCESS,
	      "one buffer four times in a batch");
	ok(ordered(&vk, pool, 4), "ends in order as well");
	vk_close(&vk);
}

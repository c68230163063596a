// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Semaphores between queues, families and the host.
 */
#include "scenarios.h"
#include "vk.h"

/* An empty batch with semaphores, as the family takes it */
static VkResult pass(struct vk *vk, uint32_t family, uint32_t q,
		     const struct batch *b, VkFence fence)
{
	VkQueue queue = vk->family[family].queue[q];
	const VkTimelineSemaphoreSubmitInfo values = {
		.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
		.waitSemaphoreValueCount = 1,
		.pWaitSemaphoreValues = &b->wait_value,
		.signalSemaphoreValueCount = 1,
		.pSignalSemaphoreValues = &b->signal_value,
	};
	const VkBindSparseInfo bind = {
		.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
		.pNext = &values,
		.waitSemaphoreCount = b->wait != VK_NULL_HANDLE,
		.pWaitSemaphores = &b->wait,
		.signalSemaphoreCount = b->signal != VK_NULL_HANDLE,
		.pSignalSemaphores = &b->signal,
	};

	if ((int)family == vk->sparse && (int)family != vk->main)
		return vkQueueBindSparse(queue, 1, &bind, fence);
	return vk_submit_batch(queue, b, fence);
}

/* Along all queues of all families, and back to the first */
static void all_queues(struct vk *vk, bool timeline, const char *what)
{
	VkSemaphore last = VK_NULL_HANDLE;
	VkFence fence = vk_fence(vk);
	unsigned int n = 0;
	bool good = true;

	for (uint32_t i = 0; i < vk->families; i++) {
		for (uint32_t q = 0; q < vk->family[i].count; q++, n++) {
			VkSemaphore next = timeline ? vk_timeline(vk, 0) :
						      vk_semaphore(vk);

			good &= pass(vk, i, q, &(struct batch){
				.wait = last, .wait_value = 1,
				.signal = next, .signal_value = 1,
			}, VK_NULL_HANDLE) == VK_SUCCESS;
			last = next;
		}
	}
	ok(good, "a chain of %s along %u queues", what, n);
	good = pass(vk, vk->main, 0, &(struct batch){
		.wait = last, .wait_value = 1,
	}, fence) == VK_SUCCESS;
	ok(good && vk_wait_fence(vk, fence, PATIENCE) == VK_SUCCESS,
	   "comes to its end (%s)", what);
}

void run_binary(void)
{
	struct vk vk;

	vk_open(&vk);
	all_queues(&vk, false, "binary semaphores");
	for (int i = 0; i < 20; i++) {
		VkSemaphore sem = vk_semaphore(&vk);

		/* The same one again and again, between two queues */
		vk_need(vk_submit_batch(vk_queue(&vk), &(struct batch){
			.signal = sem }, VK_NULL_HANDLE));
		vk_need(vk_submit_batch(vk.family[vk.main].queue[vk.family[vk.main].count - 1],
					&(struct batch){ .wait = sem },
					VK_NULL_HANDLE));
	}
	vk_is(vkDeviceWaitIdle(vk.dev), VK_SUCCESS, "20 signals, 20 waits");
	vk_close(&vk);
}

static void host_and_queue(struct vk *vk)
{
	VkSemaphore sem = vk_timeline(vk, 5);
	VkFence fence = vk_fence(vk);

	is(vk_counter(vk, sem), 5, "it starts at its initial value");
	vk_is(vk_wait(vk, sem, 5, 0), VK_SUCCESS, "which counts as reached");
	vk_is(vk_wait(vk, sem, 6, 10000000), VK_TIMEOUT, "the next one does not");
	vk_need(vk_submit_batch(vk_queue(vk), &(struct batch){
		.wait = sem, .wait_value = 7, .signal = sem, .signal_value = 8,
	}, fence));
	vk_is(vk_wait_fence(vk, fence, 50000000), VK_TIMEOUT,
	      "a batch waits for the host");
	vk_is(vk_signal(vk, sem, 6), VK_SUCCESS, "the host signals less");
	vk_is(vk_wait_fence(vk, fence, 50000000), VK_TIMEOUT, "it waits on");
	is(vk_counter(vk, sem), 6, "the value");
	vk_is(vk_signal(vk, sem, 7), VK_SUCCESS, "the host signals enough");
	vk_is(vk_wait(vk, sem, 8, PATIENCE), VK_SUCCESS, "the batch signals");
	vk_is(vk_wait_fence(vk, fence, PATIENCE), VK_SUCCESS, "and ends");
	is(vk_counter(vk, sem), 8, "the last value");
}

/* Submitted in the wrong order: the waiter first, on another queue */
static void wait_before_signal(struct vk *vk)
{
	struct family *f = &vk->family[vk->main];
	VkSemaphore sem = vk_timeline(vk, 0);
	VkFence fence = vk_fence(vk);

	vk_need(vk_submit_batch(f->queue[f->count - 1], &(struct batch){
		.wait = sem, .wait_value = 3, .signal = sem, .signal_value = 4,
	}, fence));
	vk_is(vk_wait_fence(vk, fence, 50000000), VK_TIMEOUT,
	      "a wait for what is not yet submitted");
	vk_need(vk_submit_batch(f->queue[0], &(struct batch){
		.signal = sem, .signal_value = 3,
		.cmd = vk_end(vk_begin_primary(vk)),
	}, VK_NULL_HANDLE));
	vk_is(vk_wait_fence(vk, fence, PATIENCE), VK_SUCCESS,
	      "ends when that was submitted");
	is(vk_counter(vk, sem), 4, "after the waiter's own signal");
}

void run_timeline(void)
{
	struct vk vk;

	vk_open(&vk);
	host_and_queue(&vk);
	wait_before_signal(&vk);
	all_queues(&vk, true, "timeline semaphores");
	vk_close(&vk);
}

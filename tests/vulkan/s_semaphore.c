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
static void chain(struct vk *vk, VkSemaphore (*make)(struct vk *vk),
		  const char *what)
{
	VkSemaphore last = VK_NULL_HANDLE;
	VkFence fence = vk_fence(vk);
	unsigned int n = 0;
	bool good = true;

	for (uint32_t i = 0; i < vk->families; i++) {
		for (uint32_t q = 0; q < vk->family[i].count; q++, n++) {
			VkSemaphore next = make(vk);

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

static VkSemaphore make_timeline(struct vk *vk)
{
	return vk_timeline(vk, 0);
}

void run_binary(void)
{
	struct vk vk;

	vk_open(&vk);
	chain(&vk, vk_semaphore, "binary semaphores");
	for (int i = 0; i < 20; i++) {
		VkSemaphore sem = vk_semaphore(&vk);

		/* The same one again and again, between two queues */
		need(vk_submit_batch(vk_queue(&vk), &(struct batch){
			.signal = sem }, VK_NULL_HANDLE));
		need(vk_submit_batch(vk.family[vk.main].queue[vk.family[vk.main].count - 1],
				     &(struct batch){ .wait = sem },
				     VK_NULL_HANDLE));
	}
	is(vkDeviceWaitIdle(vk.dev), VK_SUCCESS, "20 signals, 20 waits");
	vk_close(&vk);
}

static void host_and_queue(struct vk *vk)
{
	VkSemaphore sem = vk_timeline(vk, 5);
	VkFence fence = vk_fence(vk);

	is(vk_counter(vk, sem), 5, "it starts at its initial value");
	is(vk_wait(vk, sem, 5, 0), VK_SUCCESS, "which counts as reached");
	is(vk_wait(vk, sem, 6, 10000000), VK_TIMEOUT, "the next one does not");
	need(vk_submit_batch(vk_queue(vk), &(struct batch){
		.wait = sem, .wait_value = 7, .signal = sem, .signal_value = 8,
	}, fence));
	is(vk_wait_fence(vk, fence, 50000000), VK_TIMEOUT,
	   "a batch waits for the host");
	is(vk_signal(vk, sem, 6), VK_SUCCESS, "the host signals less");
	is(vk_wait_fence(vk, fence, 50000000), VK_TIMEOUT, "it waits on");
	is(vk_counter(vk, sem), 6, "the value");
	is(vk_signal(vk, sem, 7), VK_SUCCESS, "the host signals enough");
	is(vk_wait(vk, sem, 8, PATIENCE), VK_SUCCESS, "the batch signals");
	is(vk_wait_fence(vk, fence, PATIENCE), VK_SUCCESS, "and ends");
	is(vk_counter(vk, sem), 8, "the last value");
}

/* Submitted in the wrong order: the waiter first, on another queue */
static void wait_before_signal(struct vk *vk)
{
	struct family *f = &vk->family[vk->main];
	VkSemaphore sem = vk_timeline(vk, 0);
	VkFence fence = vk_fence(vk);

	need(vk_submit_batch(f->queue[f->count - 1], &(struct batch){
		.wait = sem, .wait_value = 3, .signal = sem, .signal_value = 4,
	}, fence));
	is(vk_wait_fence(vk, fence, 50000000), VK_TIMEOUT,
	   "a wait for what is not yet submitted");
	need(vk_submit_batch(f->queue[0], &(struct batch){
		.signal = sem, .signal_value = 3,
		.cmd = vk_end(vk_begin_primary(vk)),
	}, VK_NULL_HANDLE));
	is(vk_wait_fence(vk, fence, PATIENCE), VK_SUCCESS,
	   "ends when that was submitted");
	is(vk_counter(vk, sem), 4, "after the waiter's own signal");
}

void run_timeline(void)
{
	struct vk vk;

	vk_open(&vk);
	host_and_queue(&vk);
	wait_before_signal(&vk);
	chain(&vk, make_timeline, "timeline semaphores");
	vk_close(&vk);
}

/* --- File descriptors -------------------------------------------------------------- */

static void sync_file(struct vk *vk)
{
	PFN_vkGetFenceFdKHR get_fd = (PFN_vkGetFenceFdKHR)
		vkGetDeviceProcAddr(vk->dev, "vkGetFenceFdKHR");
	PFN_vkImportFenceFdKHR import_fd = (PFN_vkImportFenceFdKHR)
		vkGetDeviceProcAddr(vk->dev, "vkImportFenceFdKHR");
	const VkExportFenceCreateInfo export = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
		.handleTypes = VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT,
	};
	const VkFenceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
		.pNext = &export,
	};
	VkFenceGetFdInfoKHR get = {
		.sType = VK_STRUCTURE_TYPE_FENCE_GET_FD_INFO_KHR,
		.handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT,
	};
	VkImportFenceFdInfoKHR import = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_FD_INFO_KHR,
		.fence = vk_fence(vk),
		.flags = VK_FENCE_IMPORT_TEMPORARY_BIT,
		.handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT,
	};
	VkSemaphore sem = vk_timeline(vk, 0);

	must(get_fd && import_fd);
	need(vkCreateFence(vk->dev, &info, NULL, &get.fence));
	need(vk_submit_batch(vk_queue(vk), &(struct batch){
		.signal = sem, .signal_value = 1 }, get.fence));
	is(get_fd(vk->dev, &get, &import.fd), VK_SUCCESS,
	   "a fence becomes a sync file");
	is(import_fd(vk->dev, &import), VK_SUCCESS, "which becomes a fence");
	is(vk_wait_fence(vk, import.fence, PATIENCE), VK_SUCCESS,
	   "that is signalled");
	is(vk_wait(vk, sem, 1, PATIENCE), VK_SUCCESS, "with its batch");
}

static void semaphore_fd(struct vk *vk)
{
	PFN_vkGetSemaphoreFdKHR get_fd = (PFN_vkGetSemaphoreFdKHR)
		vkGetDeviceProcAddr(vk->dev, "vkGetSemaphoreFdKHR");
	PFN_vkImportSemaphoreFdKHR import_fd = (PFN_vkImportSemaphoreFdKHR)
		vkGetDeviceProcAddr(vk->dev, "vkImportSemaphoreFdKHR");
	const VkExportSemaphoreCreateInfo export = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO,
		.handleTypes = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT,
	};
	const VkSemaphoreCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
		.pNext = &export,
	};
	VkSemaphoreGetFdInfoKHR get = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_GET_FD_INFO_KHR,
		.handleType = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT,
	};
	VkImportSemaphoreFdInfoKHR import = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_SEMAPHORE_FD_INFO_KHR,
		.semaphore = vk_semaphore(vk),
		.handleType = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT,
	};
	VkFence fence = vk_fence(vk);

	must(get_fd && import_fd);
	need(vkCreateSemaphore(vk->dev, &info, NULL, &get.semaphore));
	is(get_fd(vk->dev, &get, &import.fd), VK_SUCCESS,
	   "a semaphore becomes a file");
	is(import_fd(vk->dev, &import), VK_SUCCESS, "which is imported");
	need(vk_submit_batch(vk_queue(vk), &(struct batch){
		.signal = get.semaphore }, VK_NULL_HANDLE));
	need(vk_submit_batch(vk_queue(vk), &(struct batch){
		.wait = import.semaphore }, fence));
	is(vk_wait_fence(vk, fence, PATIENCE), VK_SUCCESS,
	   "the two are one semaphore");
}

void run_external(void)
{
	struct vk vk;

	vk_open(&vk);
	if (vk_has_extension(&vk, VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME))
		sync_file(&vk);
	else
		skip("the driver does not have them", "files of fences");
	if (vk_has_extension(&vk, VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME))
		semaphore_fd(&vk);
	else
		skip("the driver does not have them", "files of semaphores");
	vk_close(&vk);
}

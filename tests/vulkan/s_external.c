// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fences and semaphores that become file descriptors, and others again: an
 * opaque file is the same object under another name, a sync file is what a
 * batch in flight will signal.
 */
#include "scenarios.h"
#include "vk.h"

#define FENCE_OPAQUE	VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT
#define FENCE_SYNC	VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT
#define SEM_OPAQUE	VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT
#define SEM_SYNC	VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT

#define FUNCTION(vk, name)						\
	((PFN_##name)vkGetDeviceProcAddr((vk)->dev, #name))

/* --- Fences --------------------------------------------------------------- */

static bool fence_shared(struct vk *vk, VkExternalFenceHandleTypeFlagBits type)
{
	const VkPhysicalDeviceExternalFenceInfo info = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO,
		.handleType = type,
	};
	const VkExternalFenceFeatureFlags both =
		VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT |
		VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT;
	VkExternalFenceProperties props = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES,
	};

	vkGetPhysicalDeviceExternalFenceProperties(vk->phys, &info, &props);
	return (props.externalFenceFeatures & both) == both;
}

static VkFence shared_fence(struct vk *vk,
			    VkExternalFenceHandleTypeFlagBits type)
{
	const VkExportFenceCreateInfo export = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
		.handleTypes = type,
	};
	const VkFenceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
		.pNext = &export,
	};
	VkFence fence;

	vk_need(vkCreateFence(vk->dev, &info, NULL, &fence));
	return fence;
}

/* A new fence that is @from, by way of a file */
static VkFence fence_twin(struct vk *vk, VkFence from,
			  VkExternalFenceHandleTypeFlagBits type)
{
	const VkFenceGetFdInfoKHR get = {
		.sType = VK_STRUCTURE_TYPE_FENCE_GET_FD_INFO_KHR,
		.fence = from,
		.handleType = type,
	};
	VkImportFenceFdInfoKHR import = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_FD_INFO_KHR,
		.fence = vk_fence(vk),
		.flags = type == FENCE_SYNC ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0,
		.handleType = type,
	};

	vk_is(FUNCTION(vk, vkGetFenceFdKHR)(vk->dev, &get, &import.fd),
	      VK_SUCCESS, "a fence becomes a file");
	vk_is(FUNCTION(vk, vkImportFenceFdKHR)(vk->dev, &import), VK_SUCCESS,
	      "which becomes a fence");
	return import.fence;
}

static void opaque_fence(struct vk *vk)
{
	VkFence fence = shared_fence(vk, FENCE_OPAQUE);
	VkFence twin = fence_twin(vk, fence, FENCE_OPAQUE);
	VkSemaphore sem = vk_timeline(vk, 0);

	vk_need(vk_submit_batch(vk_queue(vk), &(struct batch){
		.wait = sem, .wait_value = 1 }, fence));
	vk_is(vk_wait_fence(vk, twin, 20000000), VK_TIMEOUT,
	      "that is not signalled before its batch");
	vk_need(vk_signal(vk, sem, 1));
	vk_is(vk_wait_fence(vk, twin, PATIENCE), VK_SUCCESS, "but with it");
	vk_need(vkResetFences(vk->dev, 1, &twin));
	vk_is(vkGetFenceStatus(vk->dev, fence), VK_NOT_READY,
	      "to reset the one resets the other");
}

static void sync_fence(struct vk *vk)
{
	VkFence fence = shared_fence(vk, FENCE_SYNC), twin;
	VkSemaphore sem = vk_timeline(vk, 0);

	vk_need(vk_submit_batch(vk_queue(vk), &(struct batch){
		.signal = sem, .signal_value = 1 }, fence));
	twin = fence_twin(vk, fence, FENCE_SYNC);
	vk_is(vk_wait_fence(vk, twin, PATIENCE), VK_SUCCESS,
	      "that its batch signals");
	vk_is(vk_wait(vk, sem, 1, PATIENCE), VK_SUCCESS, "with all the rest");
}

/* --- Semaphores ----------------------------------------------------------- */

static bool semaphore_shared(struct vk *vk,
			     VkExternalSemaphoreHandleTypeFlagBits type)
{
	const VkPhysicalDeviceExternalSemaphoreInfo info = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_SEMAPHORE_INFO,
		.handleType = type,
	};
	const VkExternalSemaphoreFeatureFlags both =
		VK_EXTERNAL_SEMAPHORE_FEATURE_EXPORTABLE_BIT |
		VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT;
	VkExternalSemaphoreProperties props = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_SEMAPHORE_PROPERTIES,
	};

	vkGetPhysicalDeviceExternalSemaphoreProperties(vk->phys, &info, &props);
	return (props.externalSemaphoreFeatures & both) == both;
}

static VkSemaphore shared_semaphore(struct vk *vk,
				    VkExternalSemaphoreHandleTypeFlagBits type)
{
	const VkExportSemaphoreCreateInfo export = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO,
		.handleTypes = type,
	};
	const VkSemaphoreCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
		.pNext = &export,
	};
	VkSemaphore sem;

	vk_need(vkCreateSemaphore(vk->dev, &info, NULL, &sem));
	return sem;
}

static VkSemaphore semaphore_twin(struct vk *vk, VkSemaphore from,
				  VkExternalSemaphoreHandleTypeFlagBits type)
{
	const VkSemaphoreGetFdInfoKHR get = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_GET_FD_INFO_KHR,
		.semaphore = from,
		.handleType = type,
	};
	VkImportSemaphoreFdInfoKHR import = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_SEMAPHORE_FD_INFO_KHR,
		.semaphore = vk_semaphore(vk),
		.flags = type == SEM_SYNC ? VK_SEMAPHORE_IMPORT_TEMPORARY_BIT : 0,
		.handleType = type,
	};

	vk_is(FUNCTION(vk, vkGetSemaphoreFdKHR)(vk->dev, &get, &import.fd),
	      VK_SUCCESS, "a semaphore becomes a file");
	vk_is(FUNCTION(vk, vkImportSemaphoreFdKHR)(vk->dev, &import),
	      VK_SUCCESS, "which becomes a semaphore");
	return import.semaphore;
}

/* The last queue waits for the twin of what the first one signals */
static void wait_for_twin(struct vk *vk, VkSemaphore twin)
{
	struct family *f = &vk->family[vk->main];
	VkFence fence = vk_fence(vk);

	vk_need(vk_submit_batch(f->queue[f->count - 1], &(struct batch){
		.wait = twin }, fence));
	vk_is(vk_wait_fence(vk, fence, PATIENCE), VK_SUCCESS,
	      "for which another queue waits");
}

static void opaque_semaphore(struct vk *vk)
{
	VkSemaphore sem = shared_semaphore(vk, SEM_OPAQUE);
	VkSemaphore twin = semaphore_twin(vk, sem, SEM_OPAQUE);

	vk_need(vk_submit_batch(vk_queue(vk), &(struct batch){ .signal = sem },
				VK_NULL_HANDLE));
	wait_for_twin(vk, twin);
}

static void sync_semaphore(struct vk *vk)
{
	VkSemaphore sem = shared_semaphore(vk, SEM_SYNC);

	vk_need(vk_submit_batch(vk_queue(vk), &(struct batch){ .signal = sem },
				VK_NULL_HANDLE));
	wait_for_twin(vk, semaphore_twin(vk, sem, SEM_SYNC));
}

void run_external(void)
{
	static const char none[] = "the driver does not have them";
	static const char semaphore_fd[] =
		VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME;
	bool fences, semaphores;
	struct vk vk;

	vk_open(&vk);
	fences = vk_has_extension(&vk, VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME);
	semaphores = vk_has_extension(&vk, semaphore_fd);
	if (fences && fence_shared(&vk, FENCE_OPAQUE))
		opaque_fence(&vk);
	else
		skip(none, "opaque files of fences");
	if (fences && fence_shared(&vk, FENCE_SYNC))
		sync_fence(&vk);
	else
		skip(none, "sync files of fences");
	if (semaphores && semaphore_shared(&vk, SEM_OPAQUE))
		opaque_semaphore(&vk);
	else
		skip(none, "opaque files of semaphores");
	if (semaphores && semaphore_shared(&vk, SEM_SYNC))
		sync_semaphore(&vk);
	else
		skip(none, "sync files of semaphores");
	vk_close(&vk);
}

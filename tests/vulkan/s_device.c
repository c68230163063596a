// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device as panvk shows it, and devices that come and go.
 */
#include <string.h>

#include "scenarios.h"
#include "vk.h"

void run_device(void)
{
	struct vk vk;

	vk_open(&vk);
	is(vk.driver.driverID, VK_DRIVER_ID_MESA_PANVK, "the driver is panvk");
	detail("%s", vk.props.deviceName);
	ok(strstr(vk.props.deviceName, "Mali-G610"), "on a Mali-G610");
	is(vk.props.vendorID, 0x13b5, "of Arm");
	detail("%u.%u", VK_API_VERSION_MAJOR(vk.props.apiVersion),
	       VK_API_VERSION_MINOR(vk.props.apiVersion));
	ok(vk.props.apiVersion >= VK_API_VERSION_1_3, "Vulkan 1.3 or later");
	ok(vk.families >= 1, "it has queue families");
	for (uint32_t i = 0; i < vk.families; i++) {
		bool all = vk.family[i].count > 0;

		for (uint32_t q = 0; q < vk.family[i].count; q++)
			all &= !!vk.family[i].queue[q];
		ok(all, "family %u (flags 0x%x): every queue is there", i,
		   vk.family[i].flags);
	}
	ok((vk.family[vk.main].flags &
	    (VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT)) ==
	   (VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT),
	   "the main family draws and computes");
	ok(vk.sparse >= 0 && vk.features.sparseBinding,
	   "a family binds sparse memory");
	ok(vk.features12.timelineSemaphore, "timeline semaphores");
	ok(vk.features12.hostQueryReset, "query resets from the host");
	ok(vk.props.limits.timestampPeriod > 0 &&
	   vk.family[vk.main].timestamp_bits, "timestamps");
	vk_close(&vk);
}

void run_lifetime(void)
{
	bool good = true;
	struct vk vk;

	vk_open(&vk);
	for (int i = 0; i < 8 && good; i++) {
		good = vk_run(&vk, vk_end(vk_begin_primary(&vk))) == VK_SUCCESS;
		vk_need(vkDeviceWaitIdle(vk.dev));
		vk_close_device(&vk);
		vk_open_device(&vk);
	}
	ok(good, "eight devices after each other execute");
	vk_close(&vk);

	for (int i = 0; i < 3 && good; i++) {
		vk_open(&vk);
		good = vk_run(&vk, NULL) == VK_SUCCESS;
		vk_close(&vk);
	}
	ok(good, "three instances after each other execute");
}

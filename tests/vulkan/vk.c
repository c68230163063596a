// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device and its objects; see vk.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vk.h"

/* --- Results ------------------------------------------------------------------- */

static const char *result_name(VkResult res)
{
#define NAME(res)	{ res, #res }
	static const struct {
		VkResult res;
		const char *name;
	} names[] = {
		NAME(VK_SUCCESS),
		NAME(VK_NOT_READY),
		NAME(VK_TIMEOUT),
		NAME(VK_EVENT_SET),
		NAME(VK_EVENT_RESET),
		NAME(VK_INCOMPLETE),
		NAME(VK_ERROR_OUT_OF_HOST_MEMORY),
		NAME(VK_ERROR_OUT_OF_DEVICE_MEMORY),
		NAME(VK_ERROR_INITIALIZATION_FAILED),
		NAME(VK_ERROR_DEVICE_LOST),
		NAME(VK_ERROR_MEMORY_MAP_FAILED),
		NAME(VK_ERROR_EXTENSION_NOT_PRESENT),
		NAME(VK_ERROR_FEATURE_NOT_PRESENT),
		NAME(VK_ERROR_INCOMPATIBLE_DRIVER),
		NAME(VK_ERROR_TOO_MANY_OBJECTS),
		NAME(VK_ERROR_INVALID_EXTERNAL_HANDLE),
		NAME(VK_ERROR_UNKNOWN),
	};
#undef NAME

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].res == res)
			return names[i].name;
	return "a VkResult that nobody expected";
}

bool vk_is(VkResult got, VkResult want, const char *name, ...)
{
	char text[120];
	va_list ap;

	va_start(ap, name);
	vsnprintf(text, sizeof(text), name, ap);
	va_end(ap);
	detail("%s (%d), wanted %s", result_name(got), got, result_name(want));
	return ok(got == want, "%s", text);
}

void vk_need_(VkResult res, const char *expr)
{
	if (res == VK_SUCCESS)
		return;
	detail("%s (%d): %s", result_name(res), res, expr);
	ok(false, "the scenario's set-up works");
	exit(1);
}

/* --- Instance and device ------------------------------------------------------ */

static void open_instance(struct vk *vk)
{
	const VkApplicationInfo app = {
		.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
		.pApplicationName = "vkqueue",
		.apiVersion = VK_API_VERSION_1_3,
	};
	const VkInstanceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
		.pApplicationInfo = &app,
	};

	vk_need(vkCreateInstance(&info, NULL, &vk->instance));
}

static void describe(struct vk *vk)
{
	VkPhysicalDeviceProperties2 props = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
		.pNext = &vk->driver,
	};
	VkPhysicalDeviceFeatures2 features = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
		.pNext = &vk->features12,
	};

	vk->driver.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES;
	vk->features12.sType =
		VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
	vkGetPhysicalDeviceProperties2(vk->phys, &props);
	vkGetPhysicalDeviceFeatures2(vk->phys, &features);
	vk->props = props.properties;
	vk->features = features.features;
}

static void find_families(struct vk *vk)
{
	VkQueueFamilyProperties props[MAX_FAMILIES];

	vk->families = MAX_FAMILIES;
	vkGetPhysicalDeviceQueueFamilyProperties(vk->phys, &vk->families, props);
	vk->main = -1;
	vk->sparse = -1;
	for (uint32_t i = 0; i < vk->families; i++) {
		struct family *f = &vk->family[i];

		f->flags = props[i].queueFlags;
		f->timestamp_bits = props[i].timestampValidBits;
		f->count = props[i].queueCount < MAX_QUEUES ?
				   props[i].queueCount : MAX_QUEUES;
		if (f->flags & VK_QUEUE_COMPUTE_BIT && vk->main < 0)
			vk->main = i;
		if (f->flags & VK_QUEUE_SPARSE_BINDING_BIT && vk->sparse < 0)
			vk->sparse = i;
	}
	must(vk->main >= 0);
}

static const char *const wanted[] = {
	VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME,
	VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME,
	VK_KHR_CALIBRATED_TIMESTAMPS_EXTENSION_NAME,
	VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME,
	VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME,
};

bool vk_has_extension(const struct vk *vk, const char *name)
{
	VkExtensionProperties *ext;
	bool found = false;
	uint32_t n = 0;

	vkEnumerateDeviceExtensionProperties(vk->phys, NULL, &n, NULL);
	ext = calloc(n, sizeof(*ext));
	must(ext);
	vkEnumerateDeviceExtensionProperties(vk->phys, NULL, &n, ext);
	for (uint32_t i = 0; i < n; i++)
		found |= !strcmp(ext[i].extensionName, name);
	free(ext);
	return found;
}

bool vk_driver_is(const struct vk *vk, const char *version)
{
	return !strncmp(vk->driver.driverInfo, version, strlen(version));
}

void vk_open_device(struct vk *vk)
{
	static const float priority[MAX_QUEUES] = { 1, 1, 1, 1 };
	VkDeviceQueueCreateInfo queues[MAX_FAMILIES] = { 0 };
	const char *extensions[ARRAY_SIZE(wanted)];
	VkPhysicalDeviceSynchronization2Features sync2 = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES,
		.synchronization2 = VK_TRUE,
	};
	VkPhysicalDeviceVulkan12Features f12 = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
		.pNext = &sync2,
		.timelineSemaphore = VK_TRUE,
		.hostQueryReset = VK_TRUE,
		.bufferDeviceAddress = vk->features12.bufferDeviceAddress,
	};
	VkPhysicalDeviceFeatures features = {
		.occlusionQueryPrecise = vk->features.occlusionQueryPrecise,
		.sparseBinding = vk->features.sparseBinding,
		.sparseResidencyBuffer = vk->features.sparseResidencyBuffer,
		.sparseResidencyImage2D = vk->features.sparseResidencyImage2D,
		.sparseResidencyImage3D = vk->features.sparseResidencyImage3D,
		.shaderStorageImageExtendedFormats =
			vk->features.shaderStorageImageExtendedFormats,
		.shaderStorageImageReadWithoutFormat =
			vk->features.shaderStorageImageReadWithoutFormat,
		.shaderStorageImageWriteWithoutFormat =
			vk->features.shaderStorageImageWriteWithoutFormat,
		.shaderImageGatherExtended = vk->features.shaderImageGatherExtended,
	};
	VkDeviceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
		.pNext = &f12,
		.queueCreateInfoCount = vk->families,
		.pQueueCreateInfos = queues,
		.ppEnabledExtensionNames = extensions,
		.pEnabledFeatures = &features,
	};
	VkCommandPoolCreateInfo pool = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
		.queueFamilyIndex = vk->main,
	};

	for (uint32_t i = 0; i < vk->families; i++) {
		queues[i].sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
		queues[i].queueFamilyIndex = i;
		queues[i].queueCount = vk->family[i].count;
		queues[i].pQueuePriorities = priority;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(wanted); i++)
		if (vk_has_extension(vk, wanted[i]))
			extensions[info.enabledExtensionCount++] = wanted[i];
	vk_need(vkCreateDevice(vk->phys, &info, NULL, &vk->dev));
	for (uint32_t i = 0; i < vk->families; i++)
		for (uint32_t q = 0; q < vk->family[i].count; q++)
			vkGetDeviceQueue(vk->dev, i, q, &vk->family[i].queue[q]);
	vk_need(vkCreateCommandPool(vk->dev, &pool, NULL, &vk->pool));
}

void vk_close_device(struct vk *vk)
{
	vkDestroyCommandPool(vk->dev, vk->pool, NULL);
	vkDestroyDevice(vk->dev, NULL);
}

void vk_open(struct vk *vk)
{
	uint32_t n = 1;

	memset(vk, 0, sizeof(*vk));
	open_instance(vk);
	vk_need(vkEnumeratePhysicalDevices(vk->instance, &n, &vk->phys));
	must(n == 1);
	describe(vk);
	find_families(vk);
	vk_open_device(vk);
}

/* Objects go with the device: a scenario is a process, and ends here. */
void vk_close(struct vk *vk)
{
	vk_need(vkDeviceWaitIdle(vk->dev));
	vk_close_device(vk);
	vkDestroyInstance(vk->instance, NULL);
}

/* --- Objects --------------------------------------------------------------------- */

VkFence vk_fence(struct vk *vk)
{
	const VkFenceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
	};
	VkFence fence;

	vk_need(vkCreateFence(vk->dev, &info, NULL, &fence));
	return fence;
}

static VkSemaphore semaphore(struct vk *vk, VkSemaphoreType type, uint64_t value)
{
	const VkSemaphoreTypeCreateInfo kind = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
		.semaphoreType = type,
		.initialValue = value,
	};
	const VkSemaphoreCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
		.pNext = &kind,
	};
	VkSemaphore sem;

	vk_need(vkCreateSemaphore(vk->dev, &info, NULL, &sem));
	return sem;
}

VkSemaphore vk_semaphore(struct vk *vk)
{
	return semaphore(vk, VK_SEMAPHORE_TYPE_BINARY, 0);
}

VkSemaphore vk_timeline(struct vk *vk, uint64_t value)
{
	return semaphore(vk, VK_SEMAPHORE_TYPE_TIMELINE, value);
}

VkEvent vk_event(struct vk *vk)
{
	const VkEventCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO,
	};
	VkEvent event;

	vk_need(vkCreateEvent(vk->dev, &info, NULL, &event));
	return event;
}

VkQueryPool vk_query_pool(struct vk *vk, VkQueryType type, uint32_t count)
{
	const VkQueryPoolCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
		.queryType = type,
		.queryCount = count,
	};
	VkQueryPool pool;

	vk_need(vkCreateQueryPool(vk->dev, &info, NULL, &pool));
	return pool;
}

uint32_t vk_memory_type(struct vk *vk, uint32_t allowed)
{
	const VkMemoryPropertyFlags want = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
					   VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
	VkPhysicalDeviceMemoryProperties props;

	vkGetPhysicalDeviceMemoryProperties(vk->phys, &props);
	for (uint32_t i = 0; i < props.memoryTypeCount; i++)
		if (allowed >> i & 1 &&
		    (props.memoryTypes[i].propertyFlags & want) == want)
			return i;
	must(!"memory that the host sees");
	return 0;
}

VkDeviceMemory vk_memory(struct vk *vk, const VkMemoryRequirements *req,
			 VkDeviceSize size, void **map)
{
	const VkMemoryAllocateInfo info = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
		.allocationSize = size,
		.memoryTypeIndex = vk_memory_type(vk, req->memoryTypeBits),
	};
	VkDeviceMemory memory;

	vk_need(vkAllocateMemory(vk->dev, &info, NULL, &memory));
	vk_need(vkMapMemory(vk->dev, memory, 0, VK_WHOLE_SIZE, 0, map));
	return memory;
}

VkBuffer vk_buffer(struct vk *vk, VkDeviceSize size, VkBufferUsageFlags usage,
		   VkDeviceMemory *memory, void **map)
{
	const VkBufferCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.size = size,
		.usage = usage,
	};
	VkMemoryRequirements req;
	VkBuffer buffer;

	vk_need(vkCreateBuffer(vk->dev, &info, NULL, &buffer));
	vkGetBufferMemoryRequirements(vk->dev, buffer, &req);
	*memory = vk_memory(vk, &req, req.size, map);
	vk_need(vkBindBufferMemory(vk->dev, buffer, *memory, 0));
	return buffer;
}

VkDescriptorSetLayout vk_storage_layout(struct vk *vk, uint32_t count)
{
	VkDescriptorSetLayoutBinding bindings[MAX_BINDINGS];
	const VkDescriptorSetLayoutCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
		.bindingCount = count,
		.pBindings = bindings,
	};
	VkDescriptorSetLayout layout;

	must(count <= MAX_BINDINGS);
	for (uint32_t i = 0; i < count; i++)
		bindings[i] = (VkDescriptorSetLayoutBinding) {
			.binding = i,
			.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
			.descriptorCount = 1,
			.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
		};
	vk_need(vkCreateDescriptorSetLayout(vk->dev, &info, NULL, &layout));
	return layout;
}

VkDescriptorPool vk_storage_pool(struct vk *vk, uint32_t sets, uint32_t count)
{
	const VkDescriptorPoolSize size = {
		.type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
		.descriptorCount = sets * count,
	};
	const VkDescriptorPoolCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
		.maxSets = sets,
		.poolSizeCount = 1,
		.pPoolSizes = &size,
	};
	VkDescriptorPool pool;

	vk_need(vkCreateDescriptorPool(vk->dev, &info, NULL, &pool));
	return pool;
}

VkDescriptorSet vk_set(struct vk *vk, VkDescriptorPool pool, VkDescriptorSetLayout layout)
{
	const VkDescriptorSetAllocateInfo info = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
		.descriptorPool = pool,
		.descriptorSetCount = 1,
		.pSetLayouts = &layout,
	};
	VkDescriptorSet set;

	vk_need(vkAllocateDescriptorSets(vk->dev, &info, &set));
	return set;
}

void vk_set_storage(struct vk *vk, VkDescriptorSet set, uint32_t binding, VkBuffer buffer)
{
	const VkDescriptorBufferInfo range = { .buffer = buffer, .range = VK_WHOLE_SIZE };
	const VkWriteDescriptorSet write = {
		.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
		.dstSet = set,
		.dstBinding = binding,
		.descriptorCount = 1,
		.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
		.pBufferInfo = &range,
	};

	vkUpdateDescriptorSets(vk->dev, 1, &write, 0, NULL);
}

VkResult vk_pipeline(struct vk *vk, VkPipelineLayout layout, const uint32_t *code, size_t size,
		     const VkSpecializationInfo *constants, VkPipeline *pipeline)
{
	const VkShaderModuleCreateInfo module = {
		.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
		.codeSize = size,
		.pCode = code,
	};
	VkComputePipelineCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
		.stage = {
			.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
			.stage = VK_SHADER_STAGE_COMPUTE_BIT,
			.pName = "main",
			.pSpecializationInfo = constants,
		},
		.layout = layout,
	};
	VkResult res;

	vk_need(vkCreateShaderModule(vk->dev, &module, NULL, &info.stage.module));
	res = vkCreateComputePipelines(vk->dev, VK_NULL_HANDLE, 1, &info, NULL, pipeline);
	vkDestroyShaderModule(vk->dev, info.stage.module, NULL);
	return res;
}

VkCommandBuffer vk_begin(struct vk *vk, VkCommandBufferLevel level)
{
	const VkCommandBufferAllocateInfo alloc = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
		.commandPool = vk->pool,
		.level = level,
		.commandBufferCount = 1,
	};
	const VkCommandBufferInheritanceInfo inherit = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO,
	};
	const VkCommandBufferBeginInfo begin = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
		.flags = VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT,
		.pInheritanceInfo = &inherit,
	};
	VkCommandBuffer cmd;

	vk_need(vkAllocateCommandBuffers(vk->dev, &alloc, &cmd));
	vk_need(vkBeginCommandBuffer(cmd, &begin));
	return cmd;
}

VkCommandBuffer vk_begin_primary(struct vk *vk)
{
	return vk_begin(vk, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
}

VkCommandBuffer vk_end(VkCommandBuffer cmd)
{
	vk_need(vkEndCommandBuffer(cmd));
	return cmd;
}

static const VkMemoryBarrier2 all_memory = {
	.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
	.srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
	.srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
	.dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT |
			VK_PIPELINE_STAGE_2_HOST_BIT,
	.dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_HOST_READ_BIT,
};

const VkDependencyInfo vk_everything = {
	.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
	.memoryBarrierCount = 1,
	.pMemoryBarriers = &all_memory,
};

void vk_barrier(VkCommandBuffer cmd)
{
	vkCmdPipelineBarrier2(cmd, &vk_everything);
}

/* --- Submission --------------------------------------------------------------------- */

VkQueue vk_queue(const struct vk *vk)
{
	return vk->family[vk->main].queue[0];
}

VkResult vk_submit_batch(VkQueue queue, const struct batch *b, VkFence fence)
{
	const VkSemaphoreSubmitInfo wait = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
		.semaphore = b->wait,
		.value = b->wait_value,
		.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
	};
	const VkSemaphoreSubmitInfo signal = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
		.semaphore = b->signal,
		.value = b->signal_value,
		.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
	};
	const VkCommandBufferSubmitInfo cmd = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
		.commandBuffer = b->cmd,
	};
	const VkSubmitInfo2 submit = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
		.waitSemaphoreInfoCount = b->wait != VK_NULL_HANDLE,
		.pWaitSemaphoreInfos = &wait,
		.commandBufferInfoCount = !!b->cmd,
		.pCommandBufferInfos = &cmd,
		.signalSemaphoreInfoCount = b->signal != VK_NULL_HANDLE,
		.pSignalSemaphoreInfos = &signal,
	};

	return vkQueueSubmit2(queue, 1, &submit, fence);
}

VkResult vk_submit(VkQueue queue, VkCommandBuffer cmd, VkFence fence)
{
	return vk_submit_batch(queue, &(struct batch){ .cmd = cmd }, fence);
}

VkResult vk_wait_fence(struct vk *vk, VkFence fence, uint64_t ns)
{
	return vkWaitForFences(vk->dev, 1, &fence, VK_TRUE, ns);
}

VkResult vk_run(struct vk *vk, VkCommandBuffer cmd)
{
	VkFence fence = vk_fence(vk);
	VkResult res = vk_submit(vk_queue(vk), cmd, fence);

	if (res == VK_SUCCESS)
		res = vk_wait_fence(vk, fence, PATIENCE);
	vkDestroyFence(vk->dev, fence, NULL);
	return res;
}

uint64_t vk_counter(struct vk *vk, VkSemaphore sem)
{
	uint64_t value = 0;

	vk_need(vkGetSemaphoreCounterValue(vk->dev, sem, &value));
	return value;
}

VkResult vk_signal(struct vk *vk, VkSemaphore sem, uint64_t value)
{
	const VkSemaphoreSignalInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
		.semaphore = sem,
		.value = value,
	};

	return vkSignalSemaphore(vk->dev, &info);
}

VkResult vk_wait(struct vk *vk, VkSemaphore sem, uint64_t value, uint64_t ns)
{
	const VkSemaphoreWaitInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
		.semaphoreCount = 1,
		.pSemaphores = &sem,
		.pValues = &value,
	};

	return vkWaitSemaphores(vk->dev, &info, ns);
}

/* --- Time ------------------------------------------------------------------------------ */

double vk_ns(const struct vk *vk, uint64_t from, uint64_t to)
{
	return (to - from) * (double)vk->props.limits.timestampPeriod;
}

uint64_t host_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

void sleep_ms(unsigned int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000,
			       .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Timestamps, query resets and copied results: what the command stream itself
 * writes.
 */
#include <string.h>

#include "scenarios.h"
#include "stamp.h"
#include "vk.h"

#define ALL	VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT
#define TOP	VK_PIPELINE_STAGE_2_TOP_OF_PIPE_BIT

/* --- Timestamps -------------------------------------------------------------------- */

#define STAMPS	16u

static void get_timestamps(struct vk *vk, VkQueryPool pool, uint32_t n,
			   uint64_t *t)
{
	vk_need(vkGetQueryPoolResults(vk->dev, pool, 0, n, n * sizeof(*t), t,
				      sizeof(*t), VK_QUERY_RESULT_64_BIT |
				      VK_QUERY_RESULT_WAIT_BIT));
}

/*
 * Every part of the queue writes a value of its own: the first of them counts
 * at the top of the pipe, the last one for all commands. Each of the two rises,
 * and the first is not later than the last.
 */
static bool in_order(const uint64_t *t)
{
	for (uint32_t i = 0; i < STAMPS; i++)
		if (!t[i] || (i & 1 && t[i] < t[i - 1]) ||
		    (i > 1 && t[i] < t[i - 2]))
			return false;
	return true;
}

static void timestamps_in_order(struct vk *vk, VkQueue queue, uint32_t q)
{
	VkQueryPool pool = vk_query_pool(vk, VK_QUERY_TYPE_TIMESTAMP, STAMPS);
	VkCommandBuffer cmd = vk_begin_primary(vk);
	uint64_t before, after, t[STAMPS];

	vkCmdResetQueryPool(cmd, pool, 0, STAMPS);
	for (uint32_t i = 0; i < STAMPS; i += 2) {
		vkCmdWriteTimestamp2(cmd, TOP, pool, i);
		vkCmdWriteTimestamp(cmd, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
				    pool, i + 1);
		vk_barrier(cmd);
	}
	vk_end(cmd);
	before = host_ns();
	vk_need(vk_submit(queue, cmd, VK_NULL_HANDLE));
	vk_is(vkQueueWaitIdle(queue), VK_SUCCESS, "%u: timestamps are written",
	      q);
	after = host_ns();
	get_timestamps(vk, pool, STAMPS, t);
	ok(in_order(t), "%u: they never fall", q);
	detail("%.0f ns of the GPU, %.0f ns of the CPU",
	       vk_ns(vk, t[0], t[STAMPS - 1]), (double)(after - before));
	ok(vk_ns(vk, t[0], t[STAMPS - 1]) <= (double)(after - before),
	   "%u: all within the time that the host saw pass", q);
}

/* One timestamp, and the host's time before and after it */
static void timestamp_at(struct vk *vk, VkQueryPool pool, uint32_t n,
			 uint64_t *before, uint64_t *after)
{
	VkCommandBuffer cmd = vk_begin_primary(vk);

	vkCmdWriteTimestamp2(cmd, ALL, pool, n);
	vk_end(cmd);
	*before = host_ns();
	vk_need(vk_run(vk, cmd));
	*after = host_ns();
}

/*
 * The GPU's clock runs at the speed of the CPU's. However late the host got to
 * submit and to see the end, the two timestamps lie in between.
 */
static void timestamp_rate(struct vk *vk)
{
	VkQueryPool pool = vk_query_pool(vk, VK_QUERY_TYPE_TIMESTAMP, 2);
	uint64_t before[2], after[2], t[2];
	double gpu, least, most;

	vkResetQueryPool(vk->dev, pool, 0, 2);
	timestamp_at(vk, pool, 0, &before[0], &after[0]);
	sleep_ms(500);
	timestamp_at(vk, pool, 1, &before[1], &after[1]);
	get_timestamps(vk, pool, 2, t);
	gpu = vk_ns(vk, t[0], t[1]);
	least = before[1] - after[0];
	most = after[1] - before[0];
	detail("%.0f ns of the GPU, %.0f to %.0f ns of the CPU", gpu, least,
	       most);
	/* The two clocks are rounded differently */
	ok(gpu >= 0.999 * least && gpu <= 1.001 * most,
	   "half a second is half a second");
}

/* The GPU's clock as the driver reads it, and the host's at that time */
static void calibrate(struct vk *vk, uint64_t now[2])
{
	PFN_vkGetCalibratedTimestampsKHR get = (PFN_vkGetCalibratedTimestampsKHR)
		vkGetDeviceProcAddr(vk->dev, "vkGetCalibratedTimestampsKHR");
	const VkCalibratedTimestampInfoKHR info[2] = {
		{ .sType = VK_STRUCTURE_TYPE_CALIBRATED_TIMESTAMP_INFO_KHR,
		  .timeDomain = VK_TIME_DOMAIN_DEVICE_KHR },
		{ .sType = VK_STRUCTURE_TYPE_CALIBRATED_TIMESTAMP_INFO_KHR,
		  .timeDomain = VK_TIME_DOMAIN_CLOCK_MONOTONIC_KHR },
	};
	uint64_t deviation;

	must(get);
	vk_need(get(vk->dev, 2, info, now, &deviation));
}

static void calibrated(struct vk *vk)
{
	VkQueryPool pool = vk_query_pool(vk, VK_QUERY_TYPE_TIMESTAMP, 1);
	uint64_t a[2], b[2], t, before, after;

	vkResetQueryPool(vk->dev, pool, 0, 1);
	before = host_ns();
	calibrate(vk, a);
	timestamp_at(vk, pool, 0, &t, &t);
	calibrate(vk, b);
	after = host_ns();
	get_timestamps(vk, pool, 1, &t);
	detail("%llu, %llu, %llu", (unsigned long long)a[0],
	       (unsigned long long)t, (unsigned long long)b[0]);
	ok(a[0] <= t && t <= b[0],
	   "a timestamp lies between calibrations before and after");
	detail("%llu to %llu, seen from %llu to %llu", (unsigned long long)a[1],
	       (unsigned long long)b[1], (unsigned long long)before,
	       (unsigned long long)after);
	ok(before <= a[1] && a[1] <= b[1] && b[1] <= after,
	   "their host's time is the host's");
}

void run_timestamp(void)
{
	struct vk vk;

	vk_open(&vk);
	for (uint32_t q = 0; q < vk.family[vk.main].count; q++)
		timestamps_in_order(&vk, vk.family[vk.main].queue[q], q);
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
	vk_is(ask(vk, pool, 0, &a), VK_NOT_READY, "after a reset by the host");
	is(a.available, 0, "a query is not available");
	vk_need(vk_run(vk, write));
	vk_is(ask(vk, pool, 1, &a), VK_SUCCESS, "after it was written");
	ok(a.available && a.value, "it is, with a value");
	vk_need(vk_run(vk, reset));
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

/* How many queries are available; -1 when a value is not that of no sample */
static int available(struct vk *vk, VkQueryPool pool, uint32_t count)
{
	struct answer a;
	int n = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (ask(vk, pool, i, &a) == VK_SUCCESS && a.available)
			n++;
		if (a.available && a.value)
			return -1;
	}
	return n;
}

/* Outside of a render pass nothing is drawn, and the result is 0 */
static void reset_occlusion(struct vk *vk)
{
	VkQueryPool pool = vk_query_pool(vk, VK_QUERY_TYPE_OCCLUSION, 64);
	VkCommandBuffer begin = vk_begin_primary(vk);
	VkCommandBuffer reset = vk_begin_primary(vk);

	for (uint32_t i = 0; i < 64; i++) {
		vkCmdBeginQuery(begin, pool, i,
				i & 1 ? VK_QUERY_CONTROL_PRECISE_BIT : 0);
		vkCmdEndQuery(begin, pool, i);
	}
	vk_end(begin);
	vkCmdResetQueryPool(reset, pool, 0, 64);
	vk_end(reset);

	vkResetQueryPool(vk->dev, pool, 0, 64);
	is(available(vk, pool, 64), 0, "64 occlusion queries, not yet begun");
	vk_is(vk_run(vk, begin), VK_SUCCESS, "they begin and end");
	is(available(vk, pool, 64), 64, "all are available, and count nothing");
	vk_is(vk_run(vk, reset), VK_SUCCESS, "they are reset");
	is(available(vk, pool, 64), 0, "none of them is available");
}

void run_reset(void)
{
	struct vk vk;

	vk_open(&vk);
	reset_timestamps(&vk);
	reset_occlusion(&vk);
	vk_close(&vk);
}

/* --- Copies ------------------------------------------------------------------------ */

#define COPY_SIZE	65536u

static VkBuffer copy_buffer(struct vk *vk, void **map)
{
	VkDeviceMemory memory;
	VkBuffer buffer;

	buffer = vk_buffer(vk, COPY_SIZE, VK_BUFFER_USAGE_TRANSFER_DST_BIT, &memory, map);
	memset(*map, STAMP_WIPED, COPY_SIZE);
	return buffer;
}

/* Results of 64 bits, far apart, and waited for in the batch that makes them */
static void copy_apart(struct vk *vk, VkBuffer buffer, const unsigned char *map)
{
	enum { QUERIES = 5, STRIDE = 256, AT = 0x4000 };
	VkQueryPool pool = vk_query_pool(vk, VK_QUERY_TYPE_OCCLUSION, QUERIES);
	VkCommandBuffer cmd = vk_begin_primary(vk);
	uint64_t zero = 0;
	bool good = true;

	vkCmdResetQueryPool(cmd, pool, 0, QUERIES);
	for (uint32_t i = 0; i < QUERIES; i++) {
		vkCmdBeginQuery(cmd, pool, i, 0);
		vkCmdEndQuery(cmd, pool, i);
	}
	vkCmdCopyQueryPoolResults(cmd, pool, 0, QUERIES, buffer, AT, STRIDE,
				  VK_QUERY_RESULT_64_BIT |
				  VK_QUERY_RESULT_WAIT_BIT);
	vk_barrier(cmd);
	vk_is(vk_run(vk, vk_end(cmd)), VK_SUCCESS, "results with a stride");
	for (uint32_t i = 0; i < QUERIES; i++) {
		const unsigned char *at = map + AT + i * STRIDE;

		good &= !memcmp(at, &zero, sizeof(zero)) &&
			stamp_none(at + sizeof(zero), STRIDE - sizeof(zero));
	}
	ok(good, "are written, and nothing between them");
}

void run_copy(void)
{
	VkBuffer buffer;
	struct vk vk;
	void *map;

	vk_open(&vk);
	buffer = copy_buffer(&vk, &map);
	vk_is(stamp_write(&vk, buffer, 0x1000, 0x80f0a53c), VK_SUCCESS,
	      "the availability of 32 queries is copied");
	ok(stamp_is((char *)map + 0x1000, 0x80f0a53c), "to the bit");
	ok(stamp_none(map, 0x1000) &&
	   stamp_none((char *)map + 0x1000 + STAMP_SIZE, 0x1000),
	   "and nothing around it");
	copy_apart(&vk, buffer, map);
	vk_close(&vk);
}

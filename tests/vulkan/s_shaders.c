// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shaders of ours: dispatches, and the same SPIR-V on panvk and on lavapipe, which
 * executes it on the CPU.
 *
 * Lavapipe is asked by a second process of this very program, since the loader
 * decides at its start which drivers there are.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compute.h"
#include "scenarios.h"

#define LAVAPIPE	"/share/lavapipe"

static const struct shader *shader_named(const char *name)
{
	for (unsigned int i = 0; i < num_shaders; i++)
		if (!strcmp(shaders[i].name, name))
			return &shaders[i];
	must(!"a shader of this name");
	return NULL;
}

/* --- Dispatches ---------------------------------------------------------------- */

static uint32_t src_word(unsigned int i)
{
	static uint32_t words[WORDS];
	struct compute c = { .src = words };
	uint32_t none[WORDS];

	if (!words[0]) {
		c.dst = none;
		compute_fill(&c);
	}
	return words[i % WORDS];
}

/* dst[i] = src[i] + src[i + 1], for the first @n; the others are as they were */
static bool sums(const uint32_t *dst, unsigned int n)
{
	for (unsigned int i = 0; i < WORDS; i++) {
		uint32_t want = i < n ? src_word(i) + src_word(i + 1) : 0;

		if (dst[i] == want)
			continue;
		detail("word %u is 0x%x, should be 0x%x", i, dst[i], want);
		return false;
	}
	return true;
}

static void sizes(struct vk *vk, struct compute *c)
{
	static const struct {
		uint32_t threads, groups, count;
	} sizes[] = {
		{ 1, 1, 1024 }, { 1, 1000, 1024 }, { 3, 341, 1024 }, { 16, 64, 1024 },
		{ 17, 60, 1000 }, { 64, 16, 1024 }, { 100, 11, 1024 }, { 256, 4, 999 },
		{ 1024, 1, 1024 }, { 64, 16, 0 }, { 64, 0, 1024 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct shader s = *shader_named("iadd");
		uint32_t groups[3] = { sizes[i].groups, 1, 1 };
		uint32_t n = sizes[i].threads * sizes[i].groups;
		VkCommandBuffer cmd;

		if (sizes[i].threads > vk->props.limits.maxComputeWorkGroupInvocations)
			continue;
		s.threads[0] = sizes[i].threads;
		vk_need(compute_load(vk, c, &s));
		compute_fill(c);
		cmd = vk_begin_primary(vk);
		compute_record(cmd, c, groups, sizes[i].count);
		vk_need(vk_run(vk, vk_end(cmd)));
		n = n < sizes[i].count ? n : sizes[i].count;
		ok(sums(c->dst, n), "%u workgroups of %u threads", sizes[i].groups,
		   sizes[i].threads);
	}
}

/* Dispatches behind each other, each of which needs the one before */
static void chain(struct vk *vk, struct compute *c)
{
	const struct shader *s = shader_named("in_place");
	VkCommandBuffer cmd = vk_begin_primary(vk);
	bool good = true;
	uint32_t want;

	vk_need(compute_load(vk, c, s));
	compute_fill(c);
	for (unsigned int i = 0; i < 100; i++)
		compute_record(cmd, c, s->groups, WORDS);
	vk_need(vk_run(vk, vk_end(cmd)));
	for (unsigned int i = 0; good && i < WORDS; i++) {
		want = src_word(i);
		for (unsigned int k = 0; k < 100; k++)
			want *= 3;
		good = c->src[i] == want && c->dst[i] == (want ^ 0x55);
	}
	ok(good, "a hundred dispatches, each behind a barrier");
}

static void indirect(struct vk *vk, struct compute *c)
{
	const struct shader *s = shader_named("iadd");
	static const uint32_t none[3] = { 0, 1, 1 };
	VkDispatchIndirectCommand *groups;
	VkDeviceMemory memory;
	VkCommandBuffer cmd;
	VkBuffer buffer;
	void *map;

	buffer = vk_buffer(vk, 64, VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT, &memory, &map);
	groups = map + 16;
	*groups = (VkDispatchIndirectCommand){ 10, 1, 1 };
	vk_need(compute_load(vk, c, s));
	compute_fill(c);
	cmd = vk_begin_primary(vk);
	compute_record(cmd, c, none, WORDS);
	vkCmdDispatchIndirect(cmd, buffer, 16);
	vk_barrier(cmd);
	vk_need(vk_run(vk, vk_end(cmd)));
	ok(sums(c->dst, 640), "workgroups that memory says");
	vkDestroyBuffer(vk->dev, buffer, NULL);
	vkFreeMemory(vk->dev, memory, NULL);
}

void run_dispatch(void)
{
	struct compute c;
	struct vk vk;

	vk_open(&vk);
	compute_make(&vk, &c);
	sizes(&vk, &c);
	chain(&vk, &c);
	indirect(&vk, &c);
	compute_free(&vk, &c);
	vk_close(&vk);
}

/* --- Time ---------------------------------------------------------------------- */

/*
 * For a guest whose time is that of instructions, and a GPU with "mali-lane-ps=1": what
 * shader cores do takes of the guest's time what that says, not what the host needs, which
 * is half a second or more. With the 2 ns of other guests it would be as long. What the
 * guest waits for must come at once (guest.sh --no-sleep), or its time is the host's.
 */
void run_clock(void)
{
	static const uint32_t groups[3] = { 65535, 8, 1 };
	const uint64_t most = SECOND / 10;
	VkCommandBuffer cmd;
	uint64_t took;
	struct compute c;
	struct vk vk;

	vk_open(&vk);
	compute_make(&vk, &c);
	vk_need(compute_load(&vk, &c, shader_named("iadd")));
	compute_fill(&c);
	cmd = vk_begin_primary(&vk);
	compute_record(cmd, &c, groups, 0);
	vk_end(cmd);
	/* Once before, so that nothing of it is read from a disk, which the guest waits for */
	vk_need(vk_run(&vk, cmd));
	took = host_ns();
	vk_need(vk_run(&vk, cmd));
	took = host_ns() - took;
	detail("%llu ns", (unsigned long long)took);
	ok(took < most, "33 million threads end within a tenth of a second");
	compute_free(&vk, &c);
	vk_close(&vk);
}

/* --- The same on lavapipe --------------------------------------------------------- */

int reference_write(const char *path)
{
	FILE *f = fopen(path, "wb");
	struct compute c;
	struct vk vk;

	if (!f)
		return 1;
	vk_open(&vk);
	fprintf(stderr, "%s, %s\n", vk.props.deviceName, vk.driver.driverInfo);
	compute_make(&vk, &c);
	for (unsigned int i = 0; i < num_shaders; i++) {
		vk_need(compute_run(&vk, &c, &shaders[i]));
		fwrite(c.dst, sizeof(*c.dst), WORDS, f);
	}
	compute_free(&vk, &c);
	vk_close(&vk);
	return fclose(f) ? 1 : 0;
}

static bool ask_lavapipe(const char *path)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		setenv("VK_DRIVER_FILES", LAVAPIPE "/lvp.json", 1);
		setenv("LD_LIBRARY_PATH", LAVAPIPE, 1);
		dup2(2, 1);
		execl("/proc/self/exe", "vkqueue", "--reference", path, NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

/* How far two floats are apart; equal bits are equal */
static uint64_t distance(uint32_t a, uint32_t b)
{
	int64_t x = a >> 31 ? -(int64_t)(a & 0x7fffffff) : a;
	int64_t y = b >> 31 ? -(int64_t)(b & 0x7fffffff) : b;

	return x > y ? x - y : y - x;
}

static bool same(const uint32_t *got, const uint32_t *want, uint32_t tolerance)
{
	uint64_t most = 0;

	for (unsigned int i = 0; i < WORDS; i++) {
		uint64_t d = distance(got[i], want[i]);

		if (got[i] != want[i] && d > tolerance) {
			detail("word %u: panvk 0x%08x, lavapipe 0x%08x", i, got[i],
			       want[i]);
			return false;
		}
		most = d > most ? d : most;
	}
	if (tolerance)
		detail("at most %llu of %u units apart", (unsigned long long)most,
		       tolerance);
	return true;
}

void run_shaders(void)
{
	char path[] = "/tmp/reference-XXXXXX";
	int fd = mkstemp(path);
	uint32_t want[WORDS];
	struct compute c;
	struct vk vk;
	VkResult res;
	FILE *f;

	must(fd >= 0);
	must(ask_lavapipe(path));
	f = fdopen(fd, "rb");
	vk_open(&vk);
	compute_make(&vk, &c);
	for (unsigned int i = 0; i < num_shaders; i++) {
		must(fread(want, sizeof(*want), WORDS, f) == WORDS);
		res = compute_run(&vk, &c, &shaders[i]);
		if (res != VK_SUCCESS)
			vk_is(res, VK_SUCCESS, "shader %s", shaders[i].name);
		else
			ok(same(c.dst, want, shaders[i].tolerance), "shader %s",
			   shaders[i].name);
		if (res == VK_ERROR_DEVICE_LOST)
			break;
	}
	compute_free(&vk, &c);
	vk_close(&vk);
	fclose(f);
	unlink(path);
}

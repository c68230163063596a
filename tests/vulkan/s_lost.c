// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shaders that cannot execute, as a Vulkan process has them: what it is told, and that
 * the next process works.
 *
 * No API makes a wrong instruction. But the driver has its programs and descriptors in
 * memory that is mapped into the process, where this one finds the descriptor of its
 * program and overwrites it, as a process with a wild pointer would.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compute.h"
#include "scenarios.h"

/* A shader program descriptor, of a compute shader */
#define SPD_COMPUTE	0x18u
#define SPD_BYTES	32u
/*
 * Shaders begin at multiples of 64 bytes, and that of iadd has 17 or 18 words: this is
 * behind its end and before any other, where nothing was ever written
 */
#define BEHIND_CODE	184u

enum wrong {
	NOTHING,
	INSTRUCTION,	/* the program begins with a word that is none */
	PROGRAM,	/* its address is misaligned */
	DESCRIPTOR,	/* the program's is another one's */
	EXECUTE,	/* the program is in memory for data */
	ADDRESS,	/* it reads what is not bound */
};

enum { OK, NO_SET_UP, NOT_FOUND, NOT_LOST, WRONG_RESULT };

static const char *const outcomes[] = {
	"", "it was not set up", "what to overwrite was not found",
	"panvk reports success", "the result is wrong",
};

/* Call @visit for each range of the GPU's memory that is mapped here */
static unsigned int each_mapping(unsigned int (*visit)(char *from, char *to, uint64_t arg),
				 uint64_t arg)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	unsigned int n = 0;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, "/dev/dri/renderD") && strstr(line, " rw") &&
		    sscanf(line, "%lx-%lx", &from, &to) == 2)
			n += visit((char *)from, (char *)to, arg);
	if (f)
		fclose(f);
	return n;
}

static bool is_program(const uint32_t *w)
{
	uint64_t code = w[2] | (uint64_t)w[3] << 32;

	return (w[0] & 0xff) == SPD_COMPUTE && !(w[0] >> 30 & 1) && code &&
	       code % 64 == 0 && !(code >> 48) && !w[4] && !w[5] && !w[6] && !w[7];
}

static unsigned int spoil_programs(char *from, char *to, uint64_t arg)
{
	unsigned int n = 0;

	for (char *at = from; at + SPD_BYTES <= to; at += SPD_BYTES) {
		uint32_t w[8];

		memcpy(w, at, sizeof(w));
		if (!is_program(w))
			continue;
		if (arg == INSTRUCTION)
			w[2] += BEHIND_CODE;
		else if (arg == PROGRAM)
			w[2] += 4;
		else if (arg == DESCRIPTOR)
			w[0] ^= 1;
		else
			memcpy(&w[2], &arg, sizeof(arg));
		memcpy(at, w, sizeof(w));
		n++;
	}
	return n;
}

static uint64_t address_of(struct vk *vk, VkBuffer buffer)
{
	const VkBufferDeviceAddressInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO,
		.buffer = buffer,
	};

	return vkGetBufferDeviceAddress(vk->dev, &info) & ~63ull;
}

static unsigned int spoil(struct vk *vk, struct compute *c, enum wrong wrong)
{
	switch (wrong) {
	case NOTHING:
	case ADDRESS:
		return 1;
	case EXECUTE:
		return each_mapping(spoil_programs, address_of(vk, c->buffer[0]));
	default:
		return each_mapping(spoil_programs, wrong);
	}
}

/* A buffer without residency, of which nothing is bound, in place of the one to read */
static void read_nothing(struct vk *vk, struct compute *c)
{
	const VkBufferCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.flags = VK_BUFFER_CREATE_SPARSE_BINDING_BIT,
		.size = 1 << 20,
		.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
	};
	VkBuffer buffer;

	vk_need(vkCreateBuffer(vk->dev, &info, NULL, &buffer));
	vk_set_storage(vk, c->set, 0, buffer);
}

static const struct shader *sums(void)
{
	for (unsigned int i = 0; i < num_shaders; i++)
		if (!strcmp(shaders[i].name, "iadd"))
			return &shaders[i];
	return NULL;
}

/* One dispatch; the pipeline is there */
static VkResult dispatch(struct vk *vk, struct compute *c)
{
	VkCommandBuffer cmd = vk_begin_primary(vk);

	compute_fill(c);
	compute_record(cmd, c, sums()->groups, WORDS);
	return vk_run(vk, vk_end(cmd));
}

static bool right(const struct compute *c)
{
	for (unsigned int i = 0; i < WORDS; i++)
		if (c->dst[i] != c->src[i] + c->src[(i + 1) % WORDS])
			return false;
	return true;
}

static int process(enum wrong wrong)
{
	struct compute c;
	struct vk vk;
	VkResult res;

	vk_open(&vk);
	compute_make(&vk, &c);
	if (compute_load(&vk, &c, sums()) != VK_SUCCESS)
		return NO_SET_UP;
	if (dispatch(&vk, &c) != VK_SUCCESS || !right(&c))
		return WRONG_RESULT;
	if (wrong == ADDRESS)
		read_nothing(&vk, &c);
	if (!spoil(&vk, &c, wrong))
		return NOT_FOUND;
	res = dispatch(&vk, &c);
	if (wrong == NOTHING)
		return res == VK_SUCCESS && right(&c) ? OK : WRONG_RESULT;
	/* The queue may be told of it by the next batch only */
	if (res == VK_SUCCESS)
		res = dispatch(&vk, &c);
	return res == VK_ERROR_DEVICE_LOST ? OK : NOT_LOST;
}

/* In a process of its own, since its device may be lost */
static int of_process(enum wrong wrong)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(process(wrong));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return NO_SET_UP;
	return WEXITSTATUS(status);
}

void run_lost(void)
{
	static const struct {
		enum wrong wrong;
		const char *name;
	} all[] = {
		{ INSTRUCTION, "a word that is no instruction" },
		{ PROGRAM, "a misaligned program" },
		{ DESCRIPTOR, "a descriptor that is no program's" },
		{ EXECUTE, "a program in a page without execute permission" },
		{ ADDRESS, "a read of what is not bound" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
		int outcome = of_process(all[i].wrong);

		detail("%s", outcomes[outcome]);
		ok(outcome == OK, "%s: the device is lost", all[i].name);
		outcome = of_process(NOTHING);
		detail("%s", outcomes[outcome]);
		ok(outcome == OK, "%s: the next process works", all[i].name);
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a bind left behind: the VM's state, the driver's list of its mappings, what
 * the GPU finds there, and whether the VM still takes binds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "host.h"

#define VM_LINE		"DRM GPU VA space"
#define MAX_TEXT	SZ_1M
#define MAX_MAPPINGS	1024
#define MAX_TOLD	8
#define TRIES		100
/* A page's first word: which page of which buffer it is */
#define MARKED		0xb0ull

struct mapping {
	uint64_t va;
	uint64_t size;
	uint64_t offset;
};

void mark(struct pan_bo *bo, unsigned int id)
{
	for (uint64_t at = 0; at < bo->size; at += SZ_4K)
		*(uint64_t *)((char *)bo->map + at) =
			MARKED << 56 | (uint64_t)id << 32 | at / SZ_4K;
	__sync_synchronize();
}

void tell_state(struct world *w, uint32_t vm)
{
	int state = pan_vm_state(&w->p, vm);

	if (state == DRM_PANTHOR_VM_STATE_USABLE)
		say("usable");
	else if (state == DRM_PANTHOR_VM_STATE_UNUSABLE)
		say("unusable");
	else
		say("state %s", errno_text(state));
}

/* The part of the text that is about our VM, which nothing else has at MARK_VA */
static char *our_vm(char *text)
{
	char needle[40], *vm, *next;

	snprintf(needle, sizeof(needle), "\n     | 0x%016" PRIx64 " |", (uint64_t)MARK_VA);
	for (vm = strstr(text, VM_LINE); vm; vm = next) {
		next = strstr(vm + 1, VM_LINE);
		if (next)
			next[-1] = '\0';
		if (strstr(vm, needle))
			return vm;
	}
	return NULL;
}

/*
 * The file cannot be read as a whole while some VM comes or goes, and those of the
 * question before may still go.
 */
static char *find_our_vm(char *text)
{
	char *vm = NULL;

	for (int i = 0; i < TRIES && !vm; i++) {
		if (i)
			sleep_ms(5);
		need(debugfs_read("gpuvas", text, MAX_TEXT));
		vm = our_vm(text);
	}
	return vm;
}

static bool is_ours(const struct mapping *m)
{
	return m->va == CMD_VA || m->va == WORDS_VA || m->va == MARK_VA ||
	       m->va >= USER_END;
}

static bool parse(const char *line, struct mapping *m)
{
	unsigned long long v[5];

	/* The third is where it ends, the fourth a kernel address */
	if (sscanf(line, " | %llx | %llx | %llx | %llx | %llx", &v[0], &v[1],
		   &v[2], &v[3], &v[4]) != 5)
		return false;
	*m = (struct mapping){ v[0], v[1], v[4] };
	return !is_ours(m);
}

/* Mappings of questions, not of the world or the kernel; -1 without a list */
static int read_list(struct mapping *m)
{
	char *text = malloc(MAX_TEXT), *save, *vm;
	int n = 0;

	need(text ? 0 : -1);
	vm = find_our_vm(text);
	if (!vm)
		n = -1;
	for (char *line = vm ? strtok_r(vm, "\n", &save) : NULL;
	     line && n < MAX_MAPPINGS; line = strtok_r(NULL, "\n", &save))
		n += parse(line, &m[n]);
	free(text);
	return n;
}

/* Addresses are those that questions chose; from VA on they are shorter */
static const char *va_text(uint64_t va, char text[32])
{
	if (va >= VA)
		snprintf(text, 32, "V+%#" PRIx64, (uint64_t)(va - VA));
	else
		snprintf(text, 32, "%#" PRIx64, va);
	return text;
}

void tell_list(struct world *w)
{
	struct mapping m[MAX_MAPPINGS];
	char text[600], va[32];
	int n = read_list(m);
	size_t at;

	(void)w;
	if (n < 0) {
		say("no list");
		return;
	}
	at = snprintf(text, sizeof(text), "%d mapped", n);
	for (int i = 0; i < n && i < MAX_TOLD; i++)
		at += snprintf(text + at, sizeof(text) - at, " %s:%#" PRIx64 "@%#" PRIx64,
			       va_text(m[i].va, va), m[i].size, m[i].offset);
	say("%s", text);
}

/* What a stream does that may fault; the group lives on afterwards */
static bool survives(struct world *w, const struct cs *cs)
{
	int ret = gpu_run(&w->gpu, cs);

	if (!ret)
		return true;
	need(gpu_revive(&w->gpu));
	return false;
}

const char *gpu_reads(struct world *w, uint64_t va)
{
	struct cs cs = gpu_cs(&w->gpu);
	static char text[40];
	uint64_t val;

	gpu_set_word(&w->gpu, WORD_SCRATCH, 0x5c);
	cs_mov48(&cs, R_ADDR, va);
	cs_load(&cs, R_DATA, R_ADDR, 0x3, 0);
	cs_wait(&cs, CS_SB_LS);
	cs_mov48(&cs, R_ADDR, gpu_word_va(WORD_SCRATCH));
	cs_store(&cs, R_DATA, R_ADDR, 0x3, 0);
	cs_wait(&cs, CS_SB_LS);
	cs_end(&cs);
	if (!survives(w, &cs))
		return "faults";
	val = gpu_word(&w->gpu, WORD_SCRATCH);
	if (val >> 56 != MARKED)
		return val ? "unmarked" : "zero";
	snprintf(text, sizeof(text), "bo%u.%u", (unsigned int)(val >> 32 & 0xffffff),
		 (unsigned int)val);
	return text;
}

const char *gpu_writes(struct world *w, uint64_t va)
{
	struct cs cs = gpu_cs(&w->gpu);

	cs_mov48(&cs, R_ADDR, va);
	cs_mov48(&cs, R_DATA, 0x1234);
	cs_store(&cs, R_DATA, R_ADDR, 0x3, 8);
	cs_wait(&cs, CS_SB_LS);
	cs_end(&cs);
	return survives(w, &cs) ? "written" : "faults";
}

const char *gpu_executes(struct world *w, uint64_t va, void *map)
{
	struct drm_panthor_sync_op done = pan_signal(w->gpu.done, 0);
	struct cs cs = { .buf = map, .va = va, .max = 64 };
	struct drm_panthor_queue_submit job = { .stream_addr = va };
	uint64_t before = gpu_word(&w->gpu, WORD_DONE);

	cs_set_sb(&cs, 1, CS_SB_LS);
	cs_word_add(&cs, WORD_DONE, 1);
	cs_end(&cs);
	__sync_synchronize();
	job.stream_size = cs.count * sizeof(uint64_t);
	job.syncs = sync_array(&done, 1);
	need(pan_submit(&w->p, w->gpu.group, &job, 1));
	pan_syncobj_wait(&w->p, w->gpu.done, 0, PAN_TIMEOUT_MS);
	if (gpu_dead(&w->gpu)) {
		need(gpu_revive(&w->gpu));
		return "faults";
	}
	return gpu_word(&w->gpu, WORD_DONE) == before + 1 ? "executed" : "nothing";
}

/* The first and the last page of what is mapped, and the page behind all of it */
void tell_reads(struct world *w)
{
	struct mapping m[MAX_MAPPINGS];
	char text[400] = "";
	size_t at = 0;
	int n = read_list(m);

	if (n <= 0) {
		say("reads %s", gpu_reads(w, VA));
		return;
	}
	for (int i = 0; i < n && i < 4; i++) {
		at += snprintf(text + at, sizeof(text) - at, " %s",
			       gpu_reads(w, m[i].va));
		at += snprintf(text + at, sizeof(text) - at, ",%s",
			       gpu_reads(w, m[i].va + m[i].size - SZ_4K));
	}
	/* What the kernel has behind the last user page is its own business */
	if (m[n - 1].va + m[n - 1].size < USER_END)
		snprintf(text + at, sizeof(text) - at, " %s",
			 gpu_reads(w, m[n - 1].va + m[n - 1].size));
	say("reads%s", text);
}

void tell_later(struct world *w, uint32_t vm)
{
	struct drm_panthor_sync_op s = pan_signal(OUT3, 0);
	struct drm_panthor_vm_bind_op op = map_bo(LATER_VA);
	int now = bind(w, vm, 0, &op, 1), queued;

	op.va += SZ_64K;
	op = with_syncs(op, &s, 1);
	queued = bind(w, vm, ASYNC, &op, 1);
	say("later %s, %s", errno_text(now),
	    queued ? errno_text(queued) : settled(w, OUT3));
}

void tell_rest(struct world *w)
{
	tell_state(w, VM);
	tell_list(w);
	tell_reads(w);
	tell_later(w, VM);
}

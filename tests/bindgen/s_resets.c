// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The GPU fails between operations, and while they are under way: what is mapped
 * is still mapped afterwards. Only an MMU that takes no commands costs the VM.
 */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "common.h"
#include "host.h"
#include "inject.h"
#include "scenarios.h"
#include "tap.h"

/* Job timeout, ping and the reset itself, on a slow kernel */
#define RESET_MS	40000

static void batches(struct world *w, unsigned int n)
{
	while (n-- && random_batch(w))
		;
}

/* While firmware is loaded a group cannot be made: ENOSPC */
static bool revive(struct world *w)
{
	int ret = gpu_revive(&w->gpu);

	for (int i = 0; ret == -ENOSPC && i < 200; i++) {
		sleep_ms(50);
		ret = pan_group_create(w->pan, w->gpu.vm, 2, &w->gpu.group);
	}
	return !ret || wrong(w, "no new group after a reset: %s", strerror(-ret));
}

static bool was_reset(struct world *w, uint64_t before, const char *what)
{
	long end = now_ms() + RESET_MS;

	while (gpu_stat("resets") == before) {
		if (now_ms() > end)
			return wrong(w, "no reset after %s", what);
		sleep_ms(20);
	}
	inject_clear();
	return true;
}

/* Operations go on from the failure to behind the reset */
static bool fails(struct world *w, const char *what, const char *how)
{
	uint64_t before = gpu_stat("resets");

	gpu_start_idling(&w->gpu);
	if (induce("%s", how))
		return wrong(w, "%s cannot be had: %s", what, inject_error());
	batches(w, 8);
	if (!was_reset(w, before, what))
		return false;
	batches(w, 8);
	gpu_set_word(&w->gpu, WORD_STOP, 1);
	if (!drain(w))
		return false;
	if (pan_vm_state(w->pan, w->gpu.vm) != DRM_PANTHOR_VM_STATE_USABLE)
		return wrong(w, "the VM is lost after %s", what);
	return revive(w) && check_all(w);
}

static bool by_hang(struct world *w)
{
	return fails(w, "a hang", "\"kind\": \"hang\", \"hard\": true");
}

static bool by_crash(struct world *w)
{
	return fails(w, "a crash of the firmware", "\"kind\": \"firmware-crash\"");
}

static bool by_gpu_fault(struct world *w)
{
	gpu_start_idling(&w->gpu);
	if (induce("\"kind\": \"gpu-fault\", \"exception\": 136, \"address\": 4096"))
		return wrong(w, "a GPU fault cannot be had: %s", inject_error());
	batches(w, 8);
	inject_clear();
	gpu_stop(&w->gpu);
	return drain(w) && revive(w) && check_all(w);
}

/*
 * One command is stuck, for which the driver waits 100 ms. The VM is lost then,
 * and another one takes its place.
 */
static bool by_stuck_mmu(struct world *w)
{
	uint64_t before = gpu_stat("resets");
	struct op ops[MAX_BATCH];
	struct world lost;

	gpu_start_idling(&w->gpu);
	kmsg_mark();
	if (inject_stuck())
		return wrong(w, "a stuck MMU cannot be had: %s", inject_error());
	for (int i = 0; i < 4; i++)
		bind_queued(w, ops, draw_batch(w, ops, 4, ALL_WINDOWS), 0, 0);
	w->wrong[0] = '\0';
	if (!kmsg_wait("AS_ACTIVE bit stuck", RESET_MS))
		return wrong(w, "no operation met the stuck MMU");
	if (!was_reset(w, before, "a stuck MMU"))
		return false;
	/* The last fence says nothing: unmaps are done in a lost VM as well */
	drain(w);
	if (pan_vm_state(w->pan, w->gpu.vm) != DRM_PANTHOR_VM_STATE_UNUSABLE)
		return wrong(w, "the VM outlives a stuck MMU");
	lost = *w;
	world_close(w);
	world_open(w, lost.pan, lost.bufs, 0, lost.random);
	w->tally = lost.tally;
	w->done = lost.done;
	memcpy(w->history, lost.history, sizeof(w->history));
	batches(w, 8);
	return check_all(w);
}

void run_resets(void)
{
	static bool (*const kinds[])(struct world *w) = {
		check_fault, by_gpu_fault, by_crash, by_stuck_mmu, by_hang,
	};
	uint64_t before = gpu_stat("resets");
	unsigned int i = 0;
	struct stage s;
	struct world w;

	stage_open(&s);
	world_open(&w, &s.pan, &s.bufs, 0, options.seed);
	/* Each once, however long it takes */
	while (goes_on(&s, &w) || (!w.wrong[0] && i < ARRAY_SIZE(kinds))) {
		batches(&w, 8);
		if (check_all(&w))
			kinds[i++ % ARRAY_SIZE(kinds)](&w);
		inject_clear();
	}
	tell_tally(&w, 1);
	note("%llu resets of the GPU",
	     (unsigned long long)(gpu_stat("resets") - before));
	report(&w, "what is mapped stays mapped when the GPU fails");
	world_close(&w);
	stage_close(&s);
}

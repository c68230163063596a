// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VM whose queued bind failed, since the MMU did not take its commands: it says so,
 * refuses maps and lets go of what it has. The GPU is made to fail by way of QEMU
 * (scripts/guest/guest.sh --inject); without that nothing is asked. It takes the driver
 * seconds to give up, so that all questions are asked of one such VM.
 */
#include <stdio.h>

#include <xf86drm.h>

#include "ask.h"
#include "host.h"
#include "inject.h"

#define GIVES_UP_MS	20000
#define RESET_MS	3000
#define STUCK_VA	(VA + SZ_1G)

static void queue(struct world *w, uint32_t vm, struct drm_panthor_vm_bind_op op,
		  uint32_t wait, uint32_t signal)
{
	struct drm_panthor_sync_op s[2] = { pan_signal(signal, 0), pan_wait(wait, 0) };

	op = with_syncs(op, s, wait ? 2 : 1);
	say("%s", errno_text(bind(w, vm, ASYNC, &op, 1)));
}

/* Only a VM with an address space has one that can be stuck */
static void get_address_space(struct world *w)
{
	int slot = -1;

	gpu_start_idling(&w->gpu);
	for (int i = 0; i < 200 && slot < 0; i++) {
		slot = gpu_slot_of(CMD_VA, CMD_SIZE, -1);
		if (slot < 0)
			sleep_ms(10);
	}
	need(slot);
}

/*
 * A map that is stuck, a map, an unmap and a sync point behind it in the queue, and
 * a map of another VM that waits for the first.
 */
static void make_unusable(struct world *w)
{
	uint64_t resets = gpu_stat("resets");
	uint32_t more;

	need(pan_syncobj_create(&w->p, &more));
	get_address_space(w);
	kmsg_mark();
	need(inject_stuck());
	queue(w, VM, map_bo(STUCK_VA), 0, OUT);
	queue(w, VM, map_bo(STUCK_VA + SZ_2M), 0, OUT2);
	queue(w, VM, pan_op_sync_only(), 0, OUT3);
	queue(w, OTHER_VM, map_bo(VA), OUT, more);
	need(kmsg_wait("AS_ACTIVE bit stuck", GIVES_UP_MS) ? 0 : -1);
	for (int ms = 0; ms < RESET_MS && gpu_stat("resets") == resets; ms += 10)
		sleep_ms(10);
	say("fences %s", settled(w, OUT));
	/*
	 * Whether the reset has come when the second one runs, and so how it fails, is
	 * luck.
	 */
	settled(w, OUT2);
	say("%s", pan_fence_status(&w->p, OUT2) < 0 ? "fails" : fence_text(w, OUT2));
	say("%s", settled(w, OUT3));
	say("other VM %s", settled(w, more));
	tell_state(w, VM);
	tell_state(w, OTHER_VM);
	tell_list(w);
}

static const struct refused_row {
	const char *name;
	struct drm_panthor_vm_bind_op op;
} rows[] = {
	{ "map", { .bo_handle = BO, .va = VA + SZ_2M, .size = SZ_64K } },
	{ "map-over", { .bo_handle = BO, .va = VA, .size = SZ_64K } },
	{ "map-unaligned", { .bo_handle = BO, .va = VA + 1, .size = SZ_64K } },
	{ "map-size-0", { .bo_handle = BO, .va = VA, .size = 0 } },
	{ "sparse", { .flags = SPARSE, .va = VA + SZ_2M, .size = SZ_2M } },
	{ "unmap-nothing", { .flags = T_UNMAP, .va = VA + SZ_1T, .size = SZ_4K } },
	{ "unmap-page", { .flags = T_UNMAP, .va = VA + SZ_4K, .size = SZ_4K } },
	{ "unmap-rest", { .flags = T_UNMAP, .va = VA, .size = SZ_64K } },
	{ "sync-only", { .flags = T_SYNC } },
};

static void ask_refused(struct world *w, const struct refused_row *r)
{
	struct drm_panthor_sync_op s = pan_signal(OUT, 0);
	struct drm_panthor_vm_bind_op op = r->op;
	uint32_t out = OUT;

	next_question("unusable.%s.now", r->name);
	tell_bind(w, VM, 0, &op, 1);
	tell_state(w, VM);
	tell_list(w);
	next_question("unusable.%s.queued", r->name);
	drmSyncobjReset(w->p.fd, &out, 1);
	op = with_syncs(op, &s, 1);
	if (tell_bind(w, VM, ASYNC, &op, 1))
		say("fence %s", fence_text(w, OUT));
	else
		say("fence %s", settled(w, OUT));
	tell_state(w, VM);
	tell_list(w);
}

static void ask_of_unusable(struct world *w, const void *arg)
{
	uint32_t group, vm;

	(void)arg;
	need(pan_map(&w->p, VM, VA, &w->bo, 0, SZ_64K, 0));
	make_unusable(w);
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
		ask_refused(w, &rows[i]);
	next_question("unusable.group");
	say("%s", errno_text(pan_group_create(&w->p, VM, 1, &group)));
	next_question("unusable.other-vm");
	tell_later(w, OTHER_VM);
	tell_state(w, OTHER_VM);
	next_question("unusable.new-vm");
	say("%s", errno_text(pan_vm_create(&w->p, &vm)));
	tell_later(w, vm);
	next_question("unusable.destroy");
	say("%s", errno_text(pan_vm_destroy(&w->p, VM)));
	tell_state(w, VM);
}

void ask_unusable(void)
{
	inject_open();
	if (!inject_ready()) {
		note("no QMP port: nothing is asked of a VM that is lost");
		return;
	}
	stay_awake(true);
	ask("unusable", ask_of_unusable, NULL);
	stay_awake(false);
}

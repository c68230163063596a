// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In which order what is queued runs, what waits for what, and how far errors go:
 * within a request, in a VM, between VMs, along timelines.
 */
#include <stdio.h>

#include <xf86drm.h>

#include "ask.h"
#include "host.h"

/* Long enough for what does not wait to be over */
#define A_WHILE_MS	20

static const uint32_t outs[] = { OUT, OUT2, OUT3 };

static void tell_fences(struct world *w, unsigned int n)
{
	sleep_ms(A_WHILE_MS);
	for (unsigned int i = 0; i < n; i++)
		say("%s", fence_text(w, outs[i]));
}

static void tell_settled(struct world *w, unsigned int n)
{
	open_gate(w);
	for (unsigned int i = 0; i < n; i++)
		say("%s", settled(w, outs[i]));
}

/* Queues one operation that waits for @wait and signals @signal, if not 0 */
static int queue(struct world *w, uint32_t vm, struct drm_panthor_vm_bind_op op,
		 uint32_t wait, uint32_t signal)
{
	struct drm_panthor_sync_op s[2];
	unsigned int n = 0;

	if (wait)
		s[n++] = pan_wait(wait, 0);
	if (signal)
		s[n++] = pan_signal(signal, 0);
	op = with_syncs(op, s, n);
	return bind(w, vm, ASYNC, &op, 1);
}

static void tell_queue(struct world *w, uint32_t vm, struct drm_panthor_vm_bind_op op,
		       uint32_t wait, uint32_t signal)
{
	say("%s", errno_text(queue(w, vm, op, wait, signal)));
}

/* --- Behind a gate ------------------------------------------------------- */

static void behind_gate(struct world *w, const void *arg)
{
	const struct drm_panthor_vm_bind_op *op = arg;

	tell_queue(w, VM, *op, shut_gate(w), OUT);
	tell_fences(w, 1);
	tell_list(w);
	tell_settled(w, 1);
	tell_rest(w);
}

static void no_wait_behind_wait(struct world *w, const void *arg)
{
	(void)arg;
	tell_queue(w, VM, map_bo(VA), shut_gate(w), OUT);
	tell_queue(w, VM, map_bo(VA + SZ_2M), 0, OUT2);
	tell_queue(w, VM, pan_op_unmap(VA, SZ_4K), DONE, OUT3);
	tell_fences(w, 3);
	tell_list(w);
	tell_settled(w, 3);
	tell_rest(w);
}

/* The operations that are done at once while a map of BIG waits */
static const struct op_now {
	const char *name;
	struct drm_panthor_vm_bind_op op;
} overtakers[] = {
	{ "elsewhere", { .bo_handle = BO, .va = VA + SZ_1G, .size = SZ_64K } },
	{ "same-place", { .bo_handle = BO, .va = VA, .size = SZ_64K } },
	{ "overlap-left", { .bo_handle = BO, .va = VA - SZ_4K, .size = SZ_64K } },
	{ "overlap-right", { .bo_handle = BO, .va = VA + 2 * SZ_2M - SZ_4K,
			     .size = SZ_64K } },
	{ "unmap", { .flags = T_UNMAP, .va = VA, .size = 2 * SZ_2M } },
	{ "unmap-a-page", { .flags = T_UNMAP, .va = VA + SZ_4K, .size = SZ_4K } },
	{ "sparse", { .flags = SPARSE, .va = VA, .size = 4 * SZ_2M } },
	{ "bad", { .bo_handle = NOWHERE, .va = VA, .size = SZ_64K } },
};

static void overtaken(struct world *w, const void *arg)
{
	const struct op_now *now = arg;
	struct drm_panthor_vm_bind_op big = {
		.bo_handle = BIG, .va = VA, .size = 2 * SZ_2M,
	};

	mark(&w->big, BIG);
	tell_queue(w, VM, big, shut_gate(w), OUT);
	tell_bind(w, VM, 0, &now->op, 1);
	tell_fences(w, 1);
	tell_list(w);
	tell_settled(w, 1);
	tell_rest(w);
}

/* The same while an unmap of BIG waits */
static void overtaken_unmap(struct world *w, const void *arg)
{
	const struct op_now *now = arg;

	with_big(w);
	tell_queue(w, VM, pan_op_unmap(VA + SZ_4K, SZ_2M), shut_gate(w), OUT);
	tell_bind(w, VM, 0, &now->op, 1);
	tell_fences(w, 1);
	tell_list(w);
	tell_settled(w, 1);
	tell_rest(w);
}

static void unmap_then_map(struct world *w, const void *arg)
{
	(void)arg;
	with_big(w);
	tell_queue(w, VM, pan_op_unmap(VA, 2 * SZ_2M), shut_gate(w), OUT);
	tell_queue(w, VM, map_bo(VA + SZ_2M), 0, OUT2);
	tell_settled(w, 2);
	tell_rest(w);
}

static void map_then_unmap(struct world *w, const void *arg)
{
	(void)arg;
	tell_queue(w, VM, map_bo(VA), shut_gate(w), OUT);
	tell_queue(w, VM, pan_op_unmap(VA + SZ_4K, SZ_4K), 0, OUT2);
	tell_settled(w, 2);
	tell_rest(w);
}

static void handle_closed(struct world *w, const void *arg)
{
	(void)arg;
	tell_queue(w, VM, map_bo(VA), shut_gate(w), OUT);
	drmCloseBufferHandle(w->p.fd, BO);
	tell_settled(w, 1);
	tell_state(w, VM);
	tell_list(w);
	tell_reads(w);
}

static void out_reset(struct world *w, const void *arg)
{
	uint32_t out = OUT;

	(void)arg;
	tell_queue(w, VM, map_bo(VA), shut_gate(w), OUT);
	drmSyncobjReset(w->p.fd, &out, 1);
	tell_fences(w, 1);
	tell_queue(w, VM, pan_op_sync_only(), 0, OUT2);
	open_gate(w);
	say("%s", settled(w, OUT2));
	tell_rest(w);
}

static void out_destroyed(struct world *w, const void *arg)
{
	(void)arg;
	tell_queue(w, VM, map_bo(VA), shut_gate(w), OUT);
	pan_syncobj_destroy(&w->p, OUT);
	tell_queue(w, VM, pan_op_sync_only(), 0, OUT2);
	open_gate(w);
	say("%s", settled(w, OUT2));
	tell_rest(w);
}

/* What is waited for is the fence, not the syncobj */
static void wait_destroyed(struct world *w, const void *arg)
{
	(void)arg;
	need(drmSyncobjTransfer(w->p.fd, OUT2, 0, shut_gate(w), 0, 0));
	tell_queue(w, VM, map_bo(VA), OUT2, OUT);
	pan_syncobj_destroy(&w->p, OUT2);
	tell_fences(w, 1);
	tell_settled(w, 1);
	tell_rest(w);
}

static void wait_signalled_by_hand(struct world *w, const void *arg)
{
	(void)arg;
	need(drmSyncobjTransfer(w->p.fd, OUT2, 0, shut_gate(w), 0, 0));
	tell_queue(w, VM, map_bo(VA), OUT2, OUT);
	need(pan_syncobj_signal(&w->p, OUT2));
	tell_fences(w, 2);
	tell_settled(w, 1);
	tell_rest(w);
}

static void same_out_twice(struct world *w, const void *arg)
{
	(void)arg;
	tell_queue(w, VM, map_bo(VA), 0, OUT);
	tell_queue(w, VM, map_bo(VA + SZ_2M), shut_gate(w), OUT);
	tell_fences(w, 1);
	tell_settled(w, 1);
	tell_rest(w);
}

/* --- Between VMs and along timelines ------------------------------------- */

static void chain_of_vms(struct world *w, const void *arg)
{
	(void)arg;
	tell_queue(w, VM, map_bo(VA), shut_gate(w), OUT);
	tell_queue(w, OTHER_VM, map_bo(VA), OUT, OUT2);
	tell_queue(w, VM, map_bo(VA + SZ_2M), OUT2, OUT3);
	tell_fences(w, 3);
	tell_settled(w, 3);
	tell_state(w, OTHER_VM);
	tell_rest(w);
}

static void other_vm_goes_on(struct world *w, const void *arg)
{
	(void)arg;
	tell_queue(w, VM, map_bo(VA), shut_gate(w), OUT);
	tell_queue(w, OTHER_VM, map_bo(VA), 0, OUT2);
	tell_fences(w, 2);
	tell_settled(w, 2);
	tell_rest(w);
}

static void tell_timeline(struct world *w)
{
	uint32_t tl = TL;
	uint64_t point = 0;

	drmSyncobjQuery(w->p.fd, &tl, &point, 1);
	say("timeline %llu", (unsigned long long)point);
}

static void tell_queue_points(struct world *w, uint32_t vm, uint64_t va,
			      uint64_t wait, uint64_t signal, uint32_t out)
{
	struct drm_panthor_sync_op s[3] = { pan_signal(out, 0) };
	struct drm_panthor_vm_bind_op op;
	unsigned int n = 1;

	if (wait)
		s[n++] = pan_wait(TL, wait);
	if (signal)
		s[n++] = pan_signal(TL, signal);
	op = with_syncs(map_bo(va), s, n);
	say("%s", errno_text(bind(w, vm, ASYNC, &op, 1)));
}

static void timeline_of_vms(struct world *w, const void *arg)
{
	(void)arg;
	need(drmSyncobjTransfer(w->p.fd, TL, 6, shut_gate(w), 0, 0));
	tell_queue_points(w, VM, VA, 6, 7, OUT);
	tell_queue_points(w, OTHER_VM, VA, 7, 9, OUT2);
	tell_queue_points(w, VM, VA + SZ_2M, 8, 0, OUT3);
	tell_timeline(w);
	tell_fences(w, 3);
	tell_settled(w, 3);
	tell_timeline(w);
	tell_rest(w);
}

static void timeline_out_of_order(struct world *w, const void *arg)
{
	(void)arg;
	need(drmSyncobjTransfer(w->p.fd, OUT3, 0, shut_gate(w), 0, 0));
	tell_queue(w, VM, map_bo(VA), OUT3, 0);
	tell_queue_points(w, VM, VA + SZ_2M, 0, 20, OUT);
	tell_queue_points(w, OTHER_VM, VA, 0, 10, OUT2);
	tell_timeline(w);
	tell_fences(w, 2);
	tell_settled(w, 2);
	tell_timeline(w);
	tell_rest(w);
}

static void wait_for_unsubmitted(struct world *w, const void *arg)
{
	(void)arg;
	tell_queue_points(w, VM, VA, 6, 7, OUT);
	tell_queue_points(w, OTHER_VM, VA, 0, 6, OUT2);
	tell_queue_points(w, VM, VA, 6, 7, OUT);
	tell_settled(w, 2);
	tell_timeline(w);
	tell_rest(w);
}

/* --- Within one request -------------------------------------------------- */

static void tell_request(struct world *w, struct drm_panthor_vm_bind_op *ops,
			 unsigned int n)
{
	if (!tell_bind(w, VM, ASYNC, ops, n)) {
		tell_fences(w, 2);
		tell_settled(w, 2);
	}
	tell_rest(w);
}

static void second_waits_for_first(struct world *w, const void *arg)
{
	struct drm_panthor_sync_op a[2] = {
		pan_wait(shut_gate(w), 0), pan_signal(OUT, 0),
	};
	struct drm_panthor_sync_op b[2] = { pan_wait(OUT, 0), pan_signal(OUT2, 0) };
	struct drm_panthor_vm_bind_op ops[2] = {
		with_syncs(map_bo(VA), a, 2), with_syncs(map_bo(VA + SZ_2M), b, 2),
	};

	(void)arg;
	tell_request(w, ops, 2);
}

/* OUT has a fence already, which is what the first one waits for */
static void first_waits_for_second(struct world *w, const void *arg)
{
	struct drm_panthor_sync_op a[2] = { pan_wait(OUT, 0), pan_signal(OUT2, 0) };
	struct drm_panthor_sync_op b[1] = { pan_signal(OUT, 0) };
	struct drm_panthor_vm_bind_op ops[2] = {
		with_syncs(map_bo(VA), a, 2), with_syncs(map_bo(VA + SZ_2M), b, 1),
	};

	(void)arg;
	need(drmSyncobjTransfer(w->p.fd, OUT, 0, shut_gate(w), 0, 0));
	tell_request(w, ops, 2);
}

static void waits_and_signals_the_same(struct world *w, const void *arg)
{
	struct drm_panthor_sync_op s[3] = {
		pan_signal(OUT, 0), pan_wait(OUT, 0), pan_signal(OUT2, 0),
	};
	struct drm_panthor_vm_bind_op op = with_syncs(map_bo(VA), s, 3);

	(void)arg;
	need(drmSyncobjTransfer(w->p.fd, OUT, 0, shut_gate(w), 0, 0));
	tell_request(w, &op, 1);
}

static void waits_twice(struct world *w, const void *arg)
{
	struct drm_panthor_sync_op s[4] = {
		pan_wait(shut_gate(w), 0), pan_wait(w->gate.fence, 0),
		pan_wait(DONE, 0), pan_signal(OUT, 0),
	};
	struct drm_panthor_vm_bind_op op = with_syncs(map_bo(VA), s, 4);

	(void)arg;
	tell_request(w, &op, 1);
}

/* A request of which the last operation is wrong leaves no fence, and no mapping */
static void last_is_wrong(struct world *w, const void *arg)
{
	const struct op_now *wrong = arg;
	struct drm_panthor_sync_op s = pan_signal(OUT, 0), t = pan_signal(TL, 6);
	struct drm_panthor_vm_bind_op ops[3] = {
		with_syncs(map_bo(VA), &s, 1), with_syncs(map_bo(VA + SZ_2M), &t, 1),
		wrong->op,
	};

	tell_bind(w, VM, ASYNC, ops, 3);
	tell_fences(w, 1);
	tell_timeline(w);
	tell_rest(w);
}

static const struct drm_panthor_sync_op no_such_wait = { .handle = NOWHERE };
static const struct drm_panthor_sync_op empty_wait = { .handle = EMPTY };
static const struct drm_panthor_sync_op bad_type = { .flags = 2, .handle = DONE };
static const struct drm_panthor_sync_op bad_signal = { .flags = SIGNAL | 2 };

static const struct op_now last_wrongs[] = {
	{ "wait-nowhere", { .bo_handle = BO, .va = VA, .size = SZ_4K,
			    .syncs = { 16, 1, (uintptr_t)&no_such_wait } } },
	{ "wait-empty", { .bo_handle = BO, .va = VA, .size = SZ_4K,
			  .syncs = { 16, 1, (uintptr_t)&empty_wait } } },
	{ "wait-type", { .bo_handle = BO, .va = VA, .size = SZ_4K,
			 .syncs = { 16, 1, (uintptr_t)&bad_type } } },
	{ "signal-type", { .bo_handle = BO, .va = VA, .size = SZ_4K,
			   .syncs = { 16, 1, (uintptr_t)&bad_signal } } },
	{ "stride", { .bo_handle = BO, .va = VA, .size = SZ_4K,
		      .syncs = { 15, 1, (uintptr_t)&empty_wait } } },
	{ "unaligned", { .bo_handle = BO, .va = VA + 1, .size = SZ_4K } },
	{ "foreign", { .bo_handle = FOREIGN, .va = VA, .size = SZ_4K } },
};

/* --- Errors -------------------------------------------------------------- */

static void waits_for_failed(struct world *w, const void *arg)
{
	const struct drm_panthor_vm_bind_op *op = arg;

	tell_queue(w, VM, *op, failed_fence(w), OUT);
	say("%s", settled(w, OUT));
	tell_queue(w, OTHER_VM, map_bo(VA), OUT, OUT2);
	say("%s", settled(w, OUT2));
	tell_state(w, OTHER_VM);
	tell_rest(w);
}

/* A GPU job that faults fails itself, and no bind */
static void after_a_fault(struct world *w, const void *arg)
{
	(void)arg;
	failed_fence(w);
	tell_queue(w, VM, map_bo(VA), 0, OUT);
	say("%s", settled(w, OUT));
	tell_rest(w);
}

/* --- Who waits, in user space -------------------------------------------- */

struct cpu_wait {
	const char *name;
	uint32_t syncobj;
	uint64_t point;
	uint32_t flags;
};

#define FOR_SUBMIT	DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT
#define AVAILABLE	DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE

static const struct cpu_wait cpu_waits[] = {
	{ "pending", OUT, 0, 0 },
	{ "pending-for-submit", OUT, 0, FOR_SUBMIT },
	{ "pending-available", OUT, 0, AVAILABLE },
	{ "empty", EMPTY, 0, 0 },
	{ "empty-for-submit", EMPTY, 0, FOR_SUBMIT },
	{ "empty-available", EMPTY, 0, AVAILABLE },
	{ "done", DONE, 0, 0 },
	{ "point-pending", TL, 6, 0 },
	{ "point-pending-for-submit", TL, 6, FOR_SUBMIT },
	{ "point-pending-available", TL, 6, AVAILABLE },
	{ "point-unsubmitted", TL, 7, 0 },
	{ "point-unsubmitted-for-submit", TL, 7, FOR_SUBMIT },
	{ "point-unsubmitted-available", TL, 7, AVAILABLE },
	{ "point-signalled", TL, 5, 0 },
	{ "point-signalled-available", TL, 5, AVAILABLE },
};

static const char *cpu_wait_text(struct world *w, const struct cpu_wait *c)
{
	uint32_t syncobj = c->syncobj;
	uint64_t point = c->point;
	int ret = drmSyncobjTimelineWait(w->p.fd, &syncobj, &point, 1, 0, c->flags, NULL);

	return errno_text(ret);
}

static void ask_cpu_wait(struct world *w, const void *arg)
{
	struct drm_panthor_sync_op s[3] = {
		pan_wait(shut_gate(w), 0), pan_signal(OUT, 0), pan_signal(TL, 6),
	};
	struct drm_panthor_vm_bind_op op = with_syncs(map_bo(VA), s, 3);

	say("%s", errno_text(bind(w, VM, ASYNC, &op, 1)));
	say("%s", cpu_wait_text(w, arg));
	tell_settled(w, 1);
	say("%s", cpu_wait_text(w, arg));
	tell_rest(w);
}

static void ask_many(void)
{
	char name[80];

	for (unsigned int i = 0; i < ARRAY_SIZE(overtakers); i++) {
		snprintf(name, sizeof(name), "order.map-overtaken-by-%s",
			 overtakers[i].name);
		ask(name, overtaken, &overtakers[i]);
		snprintf(name, sizeof(name), "order.unmap-overtaken-by-%s",
			 overtakers[i].name);
		ask(name, overtaken_unmap, &overtakers[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(last_wrongs); i++) {
		snprintf(name, sizeof(name), "order.last-wrong-%s", last_wrongs[i].name);
		ask(name, last_is_wrong, &last_wrongs[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(cpu_waits); i++) {
		snprintf(name, sizeof(name), "cpu-wait.%s", cpu_waits[i].name);
		ask(name, ask_cpu_wait, &cpu_waits[i]);
	}
}

void ask_order(void)
{
	const struct drm_panthor_vm_bind_op map = map_bo(VA);
	const struct drm_panthor_vm_bind_op unmap = pan_op_unmap(VA, SZ_64K);
	const struct drm_panthor_vm_bind_op sparse = pan_op_sparse(VA, SZ_2M);
	const struct drm_panthor_vm_bind_op sync = pan_op_sync_only();

	ask("order.map-behind-gate", behind_gate, &map);
	ask("order.unmap-behind-gate", behind_gate, &unmap);
	ask("order.sparse-behind-gate", behind_gate, &sparse);
	ask("order.sync-only-behind-gate", behind_gate, &sync);
	ask("order.no-wait-behind-wait", no_wait_behind_wait, NULL);
	ask("order.unmap-then-map", unmap_then_map, NULL);
	ask("order.map-then-unmap", map_then_unmap, NULL);
	ask("order.handle-closed-meanwhile", handle_closed, NULL);
	ask("order.out-reset-meanwhile", out_reset, NULL);
	ask("order.out-destroyed-meanwhile", out_destroyed, NULL);
	ask("order.wait-destroyed-meanwhile", wait_destroyed, NULL);
	ask("order.wait-signalled-by-hand", wait_signalled_by_hand, NULL);
	ask("order.same-out-twice", same_out_twice, NULL);
	ask("order.chain-of-vms", chain_of_vms, NULL);
	ask("order.other-vm-goes-on", other_vm_goes_on, NULL);
	ask("order.timeline-of-vms", timeline_of_vms, NULL);
	ask("order.timeline-out-of-order", timeline_out_of_order, NULL);
	ask("order.wait-for-unsubmitted", wait_for_unsubmitted, NULL);
	ask("order.second-waits-for-first", second_waits_for_first, NULL);
	ask("order.first-waits-for-second", first_waits_for_second, NULL);
	ask("order.waits-and-signals-the-same", waits_and_signals_the_same, NULL);
	ask("order.waits-twice", waits_twice, NULL);
	ask("error.map-waits-for-failed", waits_for_failed, &map);
	ask("error.unmap-waits-for-failed", waits_for_failed, &unmap);
	ask("error.sync-only-waits-for-failed", waits_for_failed, &sync);
	ask("error.after-a-fault", after_a_fault, NULL);
	ask_many();
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VMs: what they are created with, the limits of their part for user space, and what
 * becomes of what is queued when they, or their file, go.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <xf86drm.h>

#include "ask.h"
#include "host.h"

#define A_WHILE_MS	20

/* --- Creation ------------------------------------------------------------ */

static int create(struct world *w, uint32_t flags, uint64_t range, uint32_t *vm)
{
	struct drm_panthor_vm_create c = { .flags = flags, .user_va_range = range };
	int ret = pan_ioctl(&w->p, DRM_IOCTL_PANTHOR_VM_CREATE, &c);

	say("%s", errno_text(ret));
	if (!ret)
		say("range %#llx", (unsigned long long)c.user_va_range);
	*vm = c.id;
	return ret;
}

/* Binds at the end of what user space has, told by the VM itself or assumed */
static void tell_limits(struct world *w, uint32_t vm, uint64_t end)
{
	const struct drm_panthor_vm_bind_op ops[] = {
		map_bo(end - SZ_64K),
		map_bo(end - SZ_64K + SZ_4K),
		map_bo(end),
		pan_op_unmap(0, end),
		pan_op_unmap(0, end + SZ_4K),
		pan_op_unmap(end - SZ_4K, SZ_4K),
		pan_op_unmap(end, SZ_4K),
		pan_op_unmap(end, 0),
		pan_op_sparse(end - SZ_4K, SZ_4K),
		pan_op_sparse(end - SZ_4K, 2 * SZ_4K),
		pan_op_sparse(end - SZ_4K, -end),
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
		struct drm_panthor_sync_op s = pan_signal(OUT, 0);
		struct drm_panthor_vm_bind_op op = with_syncs(ops[i], &s, 1);
		int now = bind(w, vm, 0, &ops[i], 1);
		int queued = bind(w, vm, ASYNC, &op, 1);

		say("%s, %s", errno_text(now),
		    queued ? errno_text(queued) : settled(w, OUT));
	}
	tell_state(w, vm);
}

static void ask_range(struct world *w, const void *arg)
{
	const struct range_row *r = arg;
	struct drm_panthor_vm_create c = { .user_va_range = r->range };
	uint32_t vm;

	if (create(w, 0, r->range, &vm))
		return;
	need(pan_ioctl(&w->p, DRM_IOCTL_PANTHOR_VM_CREATE, &c));
	tell_limits(w, vm, c.user_va_range);
}

static void ask_create_flags(struct world *w, const void *arg)
{
	const uint32_t *flags = arg;
	uint32_t vm;

	create(w, *flags, 0, &vm);
}

static void ask_33_vms(struct world *w, const void *arg)
{
	unsigned int n = 0;
	uint32_t vm, last = 0;
	int ret;

	(void)arg;
	while (!(ret = pan_vm_create(&w->p, &vm)) && n < 64) {
		last = vm;
		n++;
	}
	say("%u more, the last is %u, then %s", n, last, errno_text(ret));
	say("destroyed %s", errno_text(pan_vm_destroy(&w->p, OTHER_VM)));
	ret = pan_vm_create(&w->p, &vm);
	say("%s, again %u", errno_text(ret), vm);
	tell_later(w, vm);
}

/* --- Destruction --------------------------------------------------------- */

static int destroy(struct world *w, uint32_t vm, uint32_t pad)
{
	struct drm_panthor_vm_destroy d = { .id = vm, .pad = pad };

	return pan_ioctl(&w->p, DRM_IOCTL_PANTHOR_VM_DESTROY, &d);
}

static void ask_destroy(struct world *w, const void *arg)
{
	const uint32_t *vm = arg;

	say("%s", errno_text(destroy(w, *vm, 0)));
	say("%s", errno_text(destroy(w, *vm, 0)));
	tell_state(w, *vm);
	tell_later(w, *vm);
}

static void ask_destroy_pad(struct world *w, const void *arg)
{
	(void)arg;
	say("%s", errno_text(destroy(w, OTHER_VM, 1)));
	say("%s", errno_text(destroy(w, OTHER_VM, 1u << 31)));
	say("%s", errno_text(destroy(w, GONE_VM, 1)));
	tell_state(w, OTHER_VM);
	tell_later(w, OTHER_VM);
}

static void ask_state(struct world *w, const void *arg)
{
	static const uint32_t vms[] = {
		0, VM, OTHER_VM, GONE_VM, 32, 33, NOWHERE, -1,
	};
	struct drm_panthor_vm_get_state s = { .vm_id = VM, .state = -1 };

	(void)arg;
	for (unsigned int i = 0; i < ARRAY_SIZE(vms); i++)
		tell_state(w, vms[i]);
	say("%s", errno_text(pan_ioctl(&w->p, DRM_IOCTL_PANTHOR_VM_GET_STATE, &s)));
	say("%u", s.state);
	s = (struct drm_panthor_vm_get_state){ .vm_id = GONE_VM, .state = 77 };
	say("%s", errno_text(pan_ioctl(&w->p, DRM_IOCTL_PANTHOR_VM_GET_STATE, &s)));
	say("%u", s.state);
}

/* --- Destruction of a VM with something queued --------------------------- */

static const struct queued_row {
	const char *name;
	struct drm_panthor_vm_bind_op op;
} queued[] = {
	{ "map", { .bo_handle = BO, .va = VA, .size = SZ_64K } },
	{ "map-big", { .bo_handle = BIG, .va = VA, .size = 2 * SZ_2M } },
	{ "sparse", { .flags = SPARSE, .va = VA, .size = 2 * SZ_2M } },
	{ "unmap", { .flags = T_UNMAP, .va = VA, .size = SZ_64K } },
	{ "unmap-a-page", { .flags = T_UNMAP, .va = VA + SZ_4K, .size = SZ_4K } },
	{ "sync-only", { .flags = T_SYNC } },
};

static void queue_in(struct world *w, uint32_t vm, struct drm_panthor_vm_bind_op op,
		     uint32_t wait, uint32_t signal)
{
	struct drm_panthor_sync_op s[2] = { pan_signal(signal, 0), pan_wait(wait, 0) };

	op = with_syncs(op, s, wait ? 2 : 1);
	say("%s", errno_text(bind(w, vm, ASYNC, &op, 1)));
}

/* The VM goes while @arg, and an unmap behind it, wait; another VM waits for both */
static void ask_destroyed(struct world *w, const void *arg)
{
	const struct queued_row *q = arg;
	uint32_t gate = shut_gate(w);

	need(pan_map(&w->p, OTHER_VM, VA, &w->bo, 0, SZ_64K, 0));
	queue_in(w, OTHER_VM, q->op, gate, OUT);
	queue_in(w, OTHER_VM, pan_op_unmap(VA, SZ_64K), 0, OUT2);
	queue_in(w, VM, map_bo(VA), OUT2, OUT3);
	say("destroyed %s", errno_text(pan_vm_destroy(&w->p, OTHER_VM)));
	sleep_ms(A_WHILE_MS);
	say("%s", fence_text(w, OUT));
	say("%s", fence_text(w, OUT2));
	tell_state(w, OTHER_VM);
	open_gate(w);
	say("%s", settled(w, OUT));
	say("%s", settled(w, OUT2));
	say("%s", settled(w, OUT3));
	tell_rest(w);
}

/* What is queued before one that fails runs, what is behind it is another question */
static void ask_destroyed_behind(struct world *w, const void *arg)
{
	const struct queued_row *q = arg;

	queue_in(w, OTHER_VM, map_bo(VA + SZ_1G), shut_gate(w), OUT);
	queue_in(w, OTHER_VM, q->op, 0, OUT2);
	need(pan_vm_destroy(&w->p, OTHER_VM));
	open_gate(w);
	say("%s", settled(w, OUT));
	say("%s", settled(w, OUT2));
	tell_rest(w);
}

/* What runs before the VM is destroyed has run */
static void ask_destroyed_later(struct world *w, const void *arg)
{
	const struct queued_row *q = arg;

	need(pan_map(&w->p, OTHER_VM, VA, &w->bo, 0, SZ_64K, 0));
	queue_in(w, OTHER_VM, q->op, 0, OUT);
	say("%s", settled(w, OUT));
	say("destroyed %s", errno_text(pan_vm_destroy(&w->p, OTHER_VM)));
	say("%s", fence_text(w, OUT));
	tell_rest(w);
}

/* A file of its own, which is closed; its fences are in syncobjs of ours */
static void ask_file_closed(struct world *w, const void *arg)
{
	const struct queued_row *q = arg;
	struct drm_panthor_sync_op s[2];
	struct drm_panthor_vm_bind_op op = q->op;
	uint32_t vm, out, gate, gate_fence = shut_gate(w);
	struct pan_bo bo;
	struct pan p;
	int fd;

	need(pan_open(&p));
	need(pan_vm_create(&p, &vm));
	/* Maps of them would keep the file open */
	need(pan_bo_create(&p, 2 * SZ_2M, DRM_PANTHOR_BO_NO_MMAP, &bo));
	need(drmSyncobjHandleToFD(w->p.fd, gate_fence, &fd));
	need(drmSyncobjFDToHandle(p.fd, fd, &gate));
	close(fd);
	need(drmSyncobjHandleToFD(w->p.fd, OUT, &fd));
	need(drmSyncobjFDToHandle(p.fd, fd, &out));
	close(fd);
	if (op.bo_handle)
		op.bo_handle = bo.handle;
	s[0] = pan_wait(gate, 0);
	s[1] = pan_signal(out, 0);
	op = with_syncs(op, s, 2);
	say("%s", errno_text(pan_bind(&p, vm, ASYNC, &op, 1)));
	say("%s", fence_text(w, OUT));
	pan_close(&p);
	sleep_ms(A_WHILE_MS);
	say("%s", fence_text(w, OUT));
	open_gate(w);
	say("%s", settled(w, OUT));
	tell_rest(w);
}

static void ask_id_used_again(struct world *w, const void *arg)
{
	uint32_t vm;

	(void)arg;
	queue_in(w, OTHER_VM, map_bo(VA), shut_gate(w), OUT);
	need(pan_vm_destroy(&w->p, OTHER_VM));
	need(pan_vm_create(&w->p, &vm));
	say("the new one is %u", vm);
	queue_in(w, vm, map_bo(VA), 0, OUT2);
	say("%s", settled(w, OUT2));
	open_gate(w);
	say("%s", settled(w, OUT));
	tell_state(w, vm);
	tell_later(w, vm);
}

static void ask_bo_of_destroyed(struct world *w, const void *arg)
{
	struct drm_panthor_bo_create c = { .size = SZ_4K, .exclusive_vm_id = GONE_VM };
	struct drm_panthor_vm_bind_op op = { .bo_handle = FOREIGN, .va = VA,
					     .size = SZ_64K };
	uint32_t group;

	(void)arg;
	say("buffer %s", errno_text(pan_ioctl(&w->p, DRM_IOCTL_PANTHOR_BO_CREATE, &c)));
	say("group %s", errno_text(pan_group_create(&w->p, GONE_VM, 1, &group)));
	queue_in(w, OTHER_VM, op, shut_gate(w), OUT);
	need(pan_vm_destroy(&w->p, OTHER_VM));
	drmCloseBufferHandle(w->p.fd, FOREIGN);
	open_gate(w);
	say("%s", settled(w, OUT));
	tell_rest(w);
}

/* --- Other files --------------------------------------------------------- */

/* Handles that another file has, and this one has not */
static void ask_foreign(struct world *w, const void *arg)
{
	struct drm_panthor_vm_bind_op op = map_bo(VA);
	struct drm_panthor_sync_op s;
	struct pan_bo bo = { 0 };
	uint32_t vm = 0, sync = 0;
	struct pan p;

	(void)arg;
	need(pan_open(&p));
	while (vm < 4)
		need(pan_vm_create(&p, &vm));
	while (bo.handle <= GONE)
		need(pan_bo_create(&p, SZ_64K, 0, &bo));
	while (sync <= GONE_SYNC)
		need(pan_syncobj_create(&p, &sync));
	need(pan_syncobj_signal(&p, sync));
	say("vm %s", errno_text(bind(w, vm, 0, &op, 1)));
	say("%s", errno_text(bind(w, vm, ASYNC, &op, 1)));
	s = pan_wait(sync, 0);
	op = with_syncs(op, &s, 1);
	say("syncobj %s", errno_text(bind(w, VM, ASYNC, &op, 1)));
	op = map_bo(VA);
	op.bo_handle = bo.handle;
	say("buffer %s", errno_text(bind(w, VM, 0, &op, 1)));
	say("%s", errno_text(bind(w, VM, ASYNC, &op, 1)));
	say("state %s", errno_text(pan_vm_state(&w->p, vm)));
	say("destroy %s", errno_text(pan_vm_destroy(&w->p, vm)));
	tell_rest(w);
}

static void ask_queued_rows(const char *kind, question q)
{
	char name[80];

	for (unsigned int i = 0; i < ARRAY_SIZE(queued); i++) {
		snprintf(name, sizeof(name), kind, queued[i].name);
		ask(name, q, &queued[i]);
	}
}

void ask_vms(void)
{
	static const uint32_t vms[] = { 0, OTHER_VM, GONE_VM, 4, 33, NOWHERE, -1 };
	char name[80];

	for (unsigned int i = 0; i < ARRAY_SIZE(range_rows); i++) {
		snprintf(name, sizeof(name), "vm.range-%s", range_rows[i].name);
		ask(name, ask_range, &range_rows[i]);
	}
	for (unsigned int bit = 0; bit < 32; bit++) {
		uint32_t flags = 1u << bit;

		snprintf(name, sizeof(name), "vm.flag-%u", bit);
		ask(name, ask_create_flags, &flags);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(vms); i++) {
		snprintf(name, sizeof(name), "vm.destroy-%u", vms[i]);
		ask(name, ask_destroy, &vms[i]);
	}
	ask("vm.33", ask_33_vms, NULL);
	ask("vm.destroy-pad", ask_destroy_pad, NULL);
	ask("vm.state", ask_state, NULL);
	ask("vm.foreign-handles", ask_foreign, NULL);
	ask_queued_rows("destroyed.%s-queued", ask_destroyed);
	ask_queued_rows("destroyed.%s-behind-a-map", ask_destroyed_behind);
	ask_queued_rows("destroyed.%s-done", ask_destroyed_later);
	ask_queued_rows("closed.%s-queued", ask_file_closed);
	ask("destroyed.id-used-again", ask_id_used_again, NULL);
	ask("destroyed.buffer-of-it", ask_bo_of_destroyed, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Questions and their worlds; see ask.h.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xf86drm.h>

#include "ask.h"

#define TIMEOUT_S	120
#define SETTLE_MS	3000

static const char *only = "";
static unsigned int count;

static char name_now[96];
static char answer[1500];

void ask_only(const char *prefix)
{
	only = prefix;
}

unsigned int asked(void)
{
	return count;
}

void say(const char *fmt, ...)
{
	size_t at = strlen(answer);
	va_list ap;

	if (at)
		at += snprintf(answer + at, sizeof(answer) - at, "; ");
	va_start(ap, fmt);
	vsnprintf(answer + at, sizeof(answer) - at, fmt, ap);
	va_end(ap);
}

static void print_answer(void)
{
	printf("answer\t%s\t%s\n", name_now, answer);
	fflush(stdout);
	answer[0] = '\0';
}

void next_question(const char *fmt, ...)
{
	va_list ap;

	print_answer();
	va_start(ap, fmt);
	vsnprintf(name_now, sizeof(name_now), fmt, ap);
	va_end(ap);
}

static uint32_t exclusive(struct world *w, uint32_t vm)
{
	struct drm_panthor_bo_create c = {
		.size = SZ_64K, .exclusive_vm_id = vm,
	};

	need(pan_ioctl(&w->p, DRM_IOCTL_PANTHOR_BO_CREATE, &c));
	return c.handle;
}

/* What tables say about handles has to be so */
static void is_handle(uint32_t got, uint32_t want)
{
	need(got == want ? 0 : -EBADSLT);
}

static void make_vms(struct world *w)
{
	uint32_t vm;

	need(pan_vm_create(&w->p, &vm));
	is_handle(vm, OTHER_VM);
	need(pan_vm_create(&w->p, &vm));
	is_handle(vm, GONE_VM);
}

static void make_bos(struct world *w)
{
	struct pan_bo bo;

	need(pan_bo_create(&w->p, SZ_64K, 0, &w->bo));
	is_handle(w->bo.handle, BO);
	mark(&w->bo, BO);
	need(pan_bo_create(&w->p, 2 * SZ_2M, 0, &w->big));
	is_handle(w->big.handle, BIG);
	is_handle(exclusive(w, VM), OWN);
	is_handle(exclusive(w, OTHER_VM), FOREIGN);
	is_handle(exclusive(w, GONE_VM), ORPHAN);
	need(pan_bo_create(&w->p, SZ_64K, DRM_PANTHOR_BO_NO_MMAP, &bo));
	is_handle(bo.handle, NO_MMAP);
	need(pan_bo_create(&w->p, SZ_64K, DRM_PANTHOR_BO_WB_MMAP, &bo));
	is_handle(bo.handle, WB);
	need(pan_bo_create(&w->p, 1, 0, &bo));
	is_handle(bo.handle, TINY);
	need(pan_bo_create(&w->p, SZ_64K, 0, &bo));
	is_handle(bo.handle, GONE);
	pan_bo_destroy(&w->p, &bo);
	need(pan_vm_destroy(&w->p, GONE_VM));
}

static void make_syncobjs(struct world *w)
{
	uint64_t point = 5;
	uint32_t s;

	for (uint32_t want = EMPTY; want <= GONE_SYNC; want++) {
		need(pan_syncobj_create(&w->p, &s));
		is_handle(s, want);
	}
	need(pan_syncobj_signal(&w->p, DONE));
	s = TL;
	need(drmSyncobjTimelineSignal(w->p.fd, &s, &point, 1) ? -errno : 0);
	pan_syncobj_destroy(&w->p, GONE_SYNC);
}

static void make_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	need(pan_open(&w->p));
	gpu_open(&w->gpu, &w->p);
	is_handle(w->gpu.vm, VM);
	is_handle(w->gpu.done, GPU_DONE);
	need(pan_map(&w->p, VM, MARK_VA, &w->gpu.words, 0, SZ_4K, F_NX));
	make_vms(w);
	make_bos(w);
	make_syncobjs(w);
}

static void answer_one(question q, const void *arg)
{
	struct world w;

	alarm(TIMEOUT_S);
	make_world(&w);
	q(&w, arg);
	open_gate(&w);
	print_answer();
	exit(0);
}

void ask(const char *name, question q, const void *arg)
{
	int status = -1;
	pid_t pid;

	if (strncmp(name, only, strlen(only)))
		return;
	count++;
	snprintf(name_now, sizeof(name_now), "%s", name);
	fflush(stdout);
	pid = fork();
	if (!pid)
		answer_one(q, arg);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		printf("died\t%s\tstatus 0x%x\n", name, (unsigned int)status);
}

const char *errno_text(int ret)
{
	const char *name = ret < 0 ? strerrorname_np(-ret) : NULL;

	return name ? name : ret < 0 ? "unknown" : "ok";
}

const char *fence_text(struct world *w, uint32_t syncobj)
{
	int fd, status;

	if (drmSyncobjExportSyncFile(w->p.fd, syncobj, &fd))
		return "none";
	close(fd);
	status = pan_fence_status(&w->p, syncobj);
	if (status < 0)
		return errno_text(status);
	return status ? "done" : "pending";
}

const char *settled(struct world *w, uint32_t syncobj)
{
	pan_syncobj_wait(&w->p, syncobj, 0, SETTLE_MS);
	return fence_text(w, syncobj);
}

struct drm_panthor_obj_array sync_array(const struct drm_panthor_sync_op *s,
					unsigned int n)
{
	return (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(n, s);
}

struct drm_panthor_vm_bind_op with_syncs(struct drm_panthor_vm_bind_op op,
					 const struct drm_panthor_sync_op *s,
					 unsigned int n)
{
	op.syncs = sync_array(s, n);
	return op;
}

struct drm_panthor_vm_bind_op map_bo(uint64_t va)
{
	return (struct drm_panthor_vm_bind_op){
		.bo_handle = BO, .va = va, .size = SZ_64K,
	};
}

int bind(struct world *w, uint32_t vm, uint32_t flags,
	 const struct drm_panthor_vm_bind_op *ops, unsigned int n)
{
	struct drm_panthor_vm_bind b = {
		.vm_id = vm,
		.flags = flags,
		.ops = DRM_PANTHOR_OBJ_ARRAY(n, ops),
	};

	return pan_ioctl(&w->p, DRM_IOCTL_PANTHOR_VM_BIND, &b);
}

int tell_bind(struct world *w, uint32_t vm, uint32_t flags,
	      const struct drm_panthor_vm_bind_op *ops, unsigned int n)
{
	struct drm_panthor_vm_bind b = {
		.vm_id = vm,
		.flags = flags,
		.ops = DRM_PANTHOR_OBJ_ARRAY(n, ops),
	};
	int ret = pan_ioctl(&w->p, DRM_IOCTL_PANTHOR_VM_BIND, &b);

	say("%s", errno_text(ret));
	if (ret)
		say("count %u", b.ops.count);
	return ret;
}

void with_big(struct world *w)
{
	mark(&w->big, BIG);
	need(pan_map(&w->p, VM, VA, &w->big, 0, 2 * SZ_2M, 0));
}

uint32_t shut_gate(struct world *w)
{
	if (!w->gate.fence)
		gate_init(&w->gate, &w->p);
	gate_shut(&w->gate);
	w->gate_shut = true;
	return w->gate.fence;
}

void open_gate(struct world *w)
{
	if (w->gate_shut)
		need(gate_open(&w->gate));
	w->gate_shut = false;
}

uint32_t failed_fence(struct world *w)
{
	struct cs cs = gpu_cs(&w->gpu);

	/* Where nothing is mapped */
	cs_mov48(&cs, R_ADDR, 0);
	cs_load(&cs, R_DATA, R_ADDR, 0x1, 0);
	cs_end(&cs);
	need(gpu_queue(&w->gpu, 0, &cs, 0, w->gpu.done));
	need(pan_syncobj_wait(&w->p, w->gpu.done, 0, PAN_TIMEOUT_MS));
	need(pan_fence_status(&w->p, w->gpu.done) < 0 ? 0 : -EUCLEAN);
	need(gpu_revive(&w->gpu));
	return w->gpu.done;
}

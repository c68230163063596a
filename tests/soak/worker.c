// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A worker: one VM with eight groups, each of which copies a piece of memory in
 * every round. Half of the groups wait for the one before through a fence, one
 * through a sync object in memory.
 */
#include <errno.h>
#include <string.h>

#include "host.h"
#include "soak.h"
#include "tap.h"
#include "work.h"

#define SRC_VA	COPY_VA
#define DST_VA	(COPY_VA + SZ_1G)
/* Beside the registers that gpu.h names */
#define R_REPEAT 80
/* Longer than the job timeout, a reset and the queue in front of a job */
#define PATIENCE_MS	60000

atomic_bool soak_over;

static uint32_t random32(struct worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 17;
	w->random ^= w->random << 5;
	return w->random;
}

static char *piece(const struct pan_bo *bo, unsigned int i)
{
	return (char *)bo->map + i * PIECE;
}

static const struct pan_bo *source(const struct worker *w, unsigned int i)
{
	return &w->src[w->from[i]];
}

/* The last group waits in the GPU for the one before it */
static bool waits_in_gpu(unsigned int i)
{
	return i == GROUPS_PER_VM - 1;
}

/* Some copy again and again, so that there is work on the GPU when it fails */
static unsigned int repeats(unsigned int i)
{
	static const unsigned int n[GROUPS_PER_VM] = { 1, 1, 40, 1, 10, 1, 1, 1 };

	return n[i];
}

static void write_stream(struct worker *w, unsigned int i)
{
	struct cs cs = gpu_cs(&w->owner);
	unsigned int loop;

	if (waits_in_gpu(i))
		cs_word_wait(&cs, member_word(i - 1, 0), 0);
	cs_mov32(&cs, R_REPEAT, repeats(i));
	loop = cs.count;
	cs_copy(&cs, DST_VA + i * PIECE, SRC_VA + i * PIECE, PIECE);
	cs_add32(&cs, R_REPEAT, R_REPEAT, -1);
	cs_branch(&cs, CS_GT, R_REPEAT, loop);
	cs_end(&cs);
	cs_word_add(&cs, member_word(i, 0), 1);
	gpu_cs_keep(&w->owner, &cs);
	w->stream[i] = cs;
}

static void open_vm(struct worker *w)
{
	gpu_open(&w->owner, w->pan);
	gpu_map(&w->owner, DST_VA, &w->dst, 0, GROUPS_PER_VM * PIECE);
	for (unsigned int i = 0; i < GROUPS_PER_VM; i++) {
		gpu_map(&w->owner, SRC_VA + i * PIECE, source(w, i), i * PIECE,
			PIECE);
		member_open(&w->member[i], &w->owner,
			    PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
		write_stream(w, i);
	}
}

static void close_vm(struct worker *w)
{
	for (unsigned int i = 0; i < GROUPS_PER_VM; i++)
		member_close(&w->member[i]);
	gpu_close(&w->owner);
}

void worker_open(struct worker *w, struct pan *p, unsigned int id)
{
	memset(w, 0, sizeof(*w));
	w->pan = p;
	w->id = id;
	w->random = 0x9e3779b9u * (id + 1);
	w->seed = id << 20;
	for (unsigned int i = 0; i < 2; i++)
		need(pan_bo_create(p, GROUPS_PER_VM * PIECE, 0, &w->src[i]));
	need(pan_bo_create(p, GROUPS_PER_VM * PIECE, 0, &w->dst));
	open_vm(w);
}

void worker_close(struct worker *w)
{
	close_vm(w);
	for (unsigned int i = 0; i < 2; i++)
		pan_bo_destroy(w->pan, &w->src[i]);
	pan_bo_destroy(w->pan, &w->dst);
}

/* --- What was lost is made again ----------------------------------------------- */

/*
 * A new group in place of @i's. While the driver reloads the firmware after a
 * reset it knows no size of suspend buffers, and says ENOSPC: try again then.
 */
static void revive(struct worker *w, unsigned int i)
{
	struct gpu *g = &w->member[i];
	int ret = gpu_revive(g);

	for (int n = 0; ret == -ENOSPC && n < 100; n++) {
		sleep_ms(50);
		ret = pan_group_create(g->pan, g->vm, 2, &g->group);
	}
	need(ret);
	w->tally.groups++;
}

static bool vm_usable(const struct worker *w)
{
	return pan_vm_state(w->pan, w->owner.vm) == DRM_PANTHOR_VM_STATE_USABLE;
}

static void heal(struct worker *w)
{
	if (!vm_usable(w)) {
		close_vm(w);
		open_vm(w);
		w->tally.vms++;
		return;
	}
	for (unsigned int i = 0; i < GROUPS_PER_VM; i++) {
		if (gpu_dead(&w->member[i]))
			revive(w, i);
	}
}

/* --- A round -------------------------------------------------------------------- */

/*
 * Take a piece out of the VM and put the same piece of the other buffer there:
 * who goes on with the old translation copies what was there rounds ago.
 */
static void rebind(struct worker *w, unsigned int i)
{
	uint64_t va = SRC_VA + i * PIECE;

	if (pan_unmap(w->pan, w->owner.vm, va, PIECE))
		return;		/* the VM is lost: heal() sees it */
	w->from[i] ^= 1;
	if (!pan_map(w->pan, w->owner.vm, va, source(w, i), i * PIECE, PIECE,
		     DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC))
		w->tally.binds++;
}

static int submit(struct worker *w, unsigned int i)
{
	/* Even ones start at once, odd ones behind the one before */
	uint32_t wait = i & 1 && !waits_in_gpu(i) ? w->member[i - 1].done : 0;

	memset(piece(&w->dst, i), 0xee, PIECE);
	fill(piece(source(w, i), i), w->seed + i, PIECE);
	gpu_set_word(&w->owner, member_word(i, 0), 0);
	return gpu_queue(&w->member[i], 0, &w->stream[i], wait,
			 w->member[i].done);
}

/* True: the job was done. */
static bool judge(struct worker *w, unsigned int i, bool submitted)
{
	/* Only what is dead, and says so, may refuse work */
	if (!submitted) {
		if (gpu_dead(&w->member[i]) || !vm_usable(w))
			w->tally.lost++;
		else
			w->tally.stuck++;
		return false;
	}
	if (pan_syncobj_wait(w->pan, w->member[i].done, 0, PATIENCE_MS)) {
		w->tally.stuck++;
		return false;
	}
	if (pan_fence_status(w->pan, w->member[i].done) != 1) {
		w->tally.lost++;
		return false;
	}
	if (holds(piece(&w->dst, i), w->seed + i, 0, PIECE))
		w->tally.done++;
	else
		w->tally.wrong++;
	return true;
}

static void round_of_work(struct worker *w)
{
	bool submitted[GROUPS_PER_VM], done = true;

	w->seed += GROUPS_PER_VM;
	for (unsigned int i = 0; i < GROUPS_PER_VM; i++) {
		if (!(random32(w) % 4))
			rebind(w, i);
		submitted[i] = !submit(w, i);
	}
	for (unsigned int i = 0; i < GROUPS_PER_VM; i++) {
		/*
		 * What it waits for in the GPU was lost and will not come, and
		 * no job timeout runs for a group that waits: end it.
		 */
		if (waits_in_gpu(i) && !done)
			revive(w, i);
		done = judge(w, i, submitted[i]);
	}
	heal(w);
}

void *worker_run(void *worker)
{
	struct worker *w = worker;

	while (!atomic_load(&soak_over))
		round_of_work(w);
	return NULL;
}

unsigned int worker_last_round(struct worker *w)
{
	unsigned long before = w->tally.done;

	heal(w);
	round_of_work(w);
	return GROUPS_PER_VM - (w->tally.done - before);
}

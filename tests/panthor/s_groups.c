// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The scheduler with more groups than slots and more VMs than address spaces:
 * groups are suspended and resumed by its ticks, wait for each other, and have
 * priorities. What they compute shows whether any state was lost.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "inject.h"
#include "scenarios.h"
#include "tap.h"
#include "work.h"

#define MEMBERS		24
#define WORK_MS		2000	/* for all of them together */
#define VMS		12
#define LONG_MS		20000

/* How often each member started to move again after a pause */
struct watch {
	uint32_t last[MEMBERS];
	bool moved[MEMBERS];
	unsigned int bursts[MEMBERS];
};

static bool watch_members(struct watch *w, const struct sums *s, uint32_t rounds)
{
	bool all_done = true;

	for (unsigned int i = 0; i < MEMBERS; i++) {
		uint32_t now = sums_progress(s, i);
		bool moved = now != w->last[i];

		if (moved && !w->moved[i])
			w->bursts[i]++;
		w->moved[i] = moved;
		w->last[i] = now;
		all_done &= now == rounds;
	}
	return all_done;
}

static unsigned int fewest_bursts(const struct watch *w)
{
	unsigned int least = w->bursts[0];

	for (unsigned int i = 1; i < MEMBERS; i++)
		if (w->bursts[i] < least)
			least = w->bursts[i];
	return least;
}

static void rotate_once(struct sums *s, struct gpu *m, uint32_t rounds,
			struct watch *w)
{
	long start = now_ms();

	memset(w->last, 0, sizeof(w->last));
	memset(w->moved, 0, sizeof(w->moved));
	for (int i = 0; i < MEMBERS; i++) {
		struct cs cs = sums_stream(s, i, rounds);

		need(gpu_queue(&m[i], 0, &cs, 0, m[i].done));
	}
	while (!watch_members(w, s, rounds) && now_ms() - start < LONG_MS)
		sleep_ms(3);
}

void run_rotate(void)
{
	struct gpu owner, m[MEMBERS];
	struct watch w = { 0 };
	unsigned int right = 0, tries;
	uint32_t rounds;
	struct sums s;
	struct pan p;
	long start;

	need(pan_open(&p));
	gpu_open(&owner, &p);
	sums_open(&s, &owner);
	rounds = sums_rounds(&s, WORK_MS) / MEMBERS;
	ok(p.csif.csg_slot_count < MEMBERS, "%d groups are more than slots",
	   MEMBERS);
	for (int i = 0; i < MEMBERS; i++)
		member_open(&m[i], &owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
	start = now_ms();
	/*
	 * Who looks late sees no pause, so a busy host takes more than one try. A
	 * burst in each is the start.
	 */
	for (tries = 0; tries < 10 && fewest_bursts(&w) < tries + 2; tries++) {
		rotate_once(&s, m, rounds, &w);
		for (int i = 0; i < MEMBERS; i++)
			right += ends(&m[i], 1000) && sums_right(&s, i, rounds);
	}
	ok(right == MEMBERS * tries, "the sums in the registers of all are exact");
	note("%ld ms, each was resumed %u times or more", now_ms() - start,
	     fewest_bursts(&w) - tries);
	detail("the fewest bursts are %u in %u tries", fewest_bursts(&w), tries);
	ok(fewest_bursts(&w) >= tries + 2,
	   "each was suspended and resumed at least twice");
	group_is(&m[0], 0, 1, "no group is marked");
	for (int i = 0; i < MEMBERS; i++)
		member_close(&m[i]);
	sums_close(&s);
	gpu_close(&owner);
	pan_close(&p);
}

/* Two groups in each of more VMs than the GPU has address spaces */
void run_vms(void)
{
	struct gpu owner[VMS], m[VMS][2];
	struct sums s[VMS];
	unsigned int right = 0;
	uint32_t rounds;
	struct pan p;
	long start;

	need(pan_open(&p));
	ok(__builtin_popcount(p.gpu.as_present) - 1 < VMS,
	   "%d VMs are more than address spaces", VMS);
	for (int v = 0; v < VMS; v++) {
		gpu_open(&owner[v], &p);
		sums_open(&s[v], &owner[v]);
		for (int i = 0; i < 2; i++)
			member_open(&m[v][i], &owner[v],
				    PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
	}
	rounds = sums_rounds(&s[0], WORK_MS) / (2 * VMS);
	start = now_ms();
	for (int v = 0; v < VMS; v++) {
		for (int i = 0; i < 2; i++) {
			struct cs cs = sums_stream(&s[v], i, rounds + v);

			need(gpu_queue(&m[v][i], 0, &cs, 0, m[v][i].done));
		}
	}
	for (int v = 0; v < VMS; v++)
		for (int i = 0; i < 2; i++)
			right += ends(&m[v][i], LONG_MS) &&
				 sums_right(&s[v], i, rounds + v);
	ok(right == 2 * VMS, "the sums of all groups in all VMs are exact");
	note("%ld ms", now_ms() - start);
	for (int v = 0; v < VMS; v++) {
		for (int i = 0; i < 2; i++)
			member_close(&m[v][i]);
		sums_close(&s[v]);
		gpu_close(&owner[v]);
	}
	pan_close(&p);
}

/* --- Chains -------------------------------------------------------------- */

#define LAPS		3
#define SHARED_VA	(DATA_VA + 2 * SZ_1G)

/*
 * Link @i waits until the link before has done its part of this lap, adds its
 * square to a sum in memory, writes down what that is now, and passes on. The
 * last link is one lap ahead, by the kick that starts it all: that is what the
 * first one waits for.
 */
static struct cs link_stream(struct gpu *owner, unsigned int i,
			     unsigned int links, unsigned int lap)
{
	struct cs cs = gpu_cs(owner);
	uint64_t before = SHARED_VA + 64 + (i ? i - 1 : links - 1) * 16;

	cs_mov48(&cs, R_ADDR, before);
	cs_mov48(&cs, R_DATA, lap);
	cs_sync_wait64(&cs, CS_GT, R_ADDR, R_DATA);
	cs_mov48(&cs, R_ADDR, SHARED_VA);
	cs_load(&cs, 0, R_ADDR, 0x3, 0);
	cs_wait(&cs, CS_SB_LS);
	cs_add64(&cs, 0, 0, (i + 1) * (i + 1));
	cs_store(&cs, 0, R_ADDR, 0x3, 0);
	cs_mov48(&cs, R_ADDR, SHARED_VA + SZ_4K + (lap * links + i) * 8);
	cs_store(&cs, 0, R_ADDR, 0x3, 0);
	cs_wait(&cs, CS_SB_LS);
	cs_mov48(&cs, R_ADDR, SHARED_VA + 64 + i * 16);
	cs_mov48(&cs, R_DATA, 1);
	cs_sync_add64(&cs, R_ADDR, R_DATA);
	cs_end(&cs);
	gpu_cs_keep(owner, &cs);
	return cs;
}

static struct cs kick_stream(struct gpu *owner, unsigned int links)
{
	struct cs cs = gpu_cs(owner);

	cs_mov48(&cs, R_ADDR, SHARED_VA + 64 + (links - 1) * 16);
	cs_mov48(&cs, R_DATA, 1);
	cs_sync_add64(&cs, R_ADDR, R_DATA);
	cs_end(&cs);
	gpu_cs_keep(owner, &cs);
	return cs;
}

static bool chain_right(const struct pan_bo *bo, unsigned int links)
{
	const uint64_t *left = (uint64_t *)((char *)bo->map + SZ_4K);
	uint64_t sum = 0;

	for (unsigned int n = 0; n < LAPS * links; n++) {
		unsigned int i = n % links;

		sum += (i + 1) * (i + 1);
		detail("lap %u link %u left %llu, wanted %llu", n / links, i,
		       (unsigned long long)left[n], (unsigned long long)sum);
		if (left[n] != sum)
			return false;
	}
	return true;
}

/* How many links have done their part, over all laps: they do so in order */
static unsigned int chain_done(const struct pan_bo *bo, unsigned int links)
{
	const uint64_t *word = (uint64_t *)((char *)bo->map + 64);
	unsigned int n = 0;

	for (unsigned int i = 0; i < links; i++)
		n += __atomic_load_n(&word[i * 2], __ATOMIC_SEQ_CST);
	return n - 1;	/* the kick */
}

struct chain {
	unsigned int owners;
	unsigned int links;
	struct gpu owner[VMS];
	struct gpu m[MEMBERS];
	struct pan_bo bo;
};

/*
 * @owners VMs, @per groups in each, all of them links of one chain that goes
 * round through a buffer that all VMs map.
 */
static void chain_open(struct chain *c, struct pan *p, unsigned int owners,
		       unsigned int per)
{
	c->owners = owners;
	c->links = owners * per;
	need(pan_bo_create(p, SZ_64K, 0, &c->bo));
	for (unsigned int v = 0; v < owners; v++) {
		gpu_open(&c->owner[v], p);
		need(pan_map(p, c->owner[v].vm, SHARED_VA, &c->bo, 0, SZ_64K,
			     DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC |
			     DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED));
	}
	/* The last of the chain first: when it is queued all of it must wait */
	for (int i = c->links - 1; i >= 0; i--) {
		struct gpu *o = &c->owner[i % owners];

		member_open(&c->m[i], o, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
		for (unsigned int lap = 0; lap < LAPS; lap++) {
			struct cs cs = link_stream(o, i, c->links, lap);

			need(gpu_queue(&c->m[i], 0, &cs, 0, c->m[i].done));
		}
	}
}

static void chain_close(struct chain *c)
{
	for (unsigned int i = 0; i < c->links; i++)
		member_close(&c->m[i]);
	for (unsigned int v = 0; v < c->owners; v++)
		gpu_close(&c->owner[v]);
	pan_bo_destroy(c->owner[0].pan, &c->bo);
}

static void chain_kick(struct chain *c)
{
	struct cs cs = kick_stream(&c->owner[0], c->links);

	need(gpu_queue(&c->owner[0], 0, &cs, 0, 0));
}

/* Work of someone else; it makes the scheduler look at its groups */
static void chain_pace(struct chain *c)
{
	struct cs cs = gpu_cs(&c->owner[0]);

	cs_end(&cs);
	need(gpu_queue(&c->owner[0], 1, &cs, 0, 0));
}

static bool chain_over(struct chain *c)
{
	return chain_done(&c->bo, c->links) == LAPS * c->links;
}

static void chain(struct pan *p, unsigned int owners, unsigned int per,
		  const char *what)
{
	unsigned int over = 0;
	struct chain c;
	long start;

	chain_open(&c, p, owners, per);
	sleep_ms(100);
	ok(chain_done(&c.bo, c.links) == -1u &&
	   !pan_fence_status(p, c.m[c.links - 1].done), "all of %s wait", what);
	start = now_ms();
	chain_kick(&c);
	while (!chain_over(&c) && now_ms() - start < 4000) {
		sleep_ms(20);
		chain_pace(&c);
	}
	note("%ld ms", now_ms() - start);
	for (unsigned int i = 0; i < c.links; i++)
		over += ends(&c.m[i], 1000) &&
			pan_fence_status(p, c.m[i].done) == 1;
	ok(over == c.links && chain_right(&c.bo, c.links),
	   "%s: %d laps in the right order", what, LAPS);
	chain_close(&c);
}

void run_chain(void)
{
	struct pan p;

	need(pan_open(&p));
	chain(&p, 1, MEMBERS, "a chain of 24 groups in a VM");
	chain(&p, VMS, 2, "a chain of 24 groups in 12 VMs");
	pan_close(&p);
}

#define WAITERS	12

/*
 * Turns until WORD_GO, signals the sync object whose address is in member 0's
 * word 2, and turns on until WORD_STOP: it is never idle.
 */
static struct cs signal_and_stay(struct gpu *owner)
{
	struct cs cs = gpu_cs(owner);
	unsigned int loop = cs.count;

	cs_mov48(&cs, R_ADDR, gpu_word_va(WORD_GO));
	cs_load(&cs, R_DATA, R_ADDR, 0x1, 0);
	cs_wait(&cs, CS_SB_LS);
	cs_branch(&cs, CS_EQ, R_DATA, loop);
	cs_mov48(&cs, R_SRC, gpu_word_va(member_word(0, 2)));
	cs_load(&cs, R_ADDR, R_SRC, 0x3, 0);
	cs_wait(&cs, CS_SB_LS);
	cs_mov48(&cs, R_DATA, 1);
	cs_sync_add64(&cs, R_ADDR, R_DATA);
	cs_until_stopped(&cs, cs.count);
	cs_end(&cs);
	gpu_cs_keep(owner, &cs);
	return cs;
}

/* The waiter that has none when all have had the time to get one */
static int without_slot(const struct cs *stream)
{
	int off = -1;

	sleep_ms(300);
	for (int i = 0; i < WAITERS && off < 0; i++)
		if (gpu_slot_of(stream[i].va, stream[i].count * 8, -1) < 0)
			off = i;
	note("waiter %d of %d has no slot", off, WAITERS);
	need(off < 0 ? -ENOENT : 0);
	return off;
}

/*
 * A group without a slot, whose wait is over, while idle groups have seven of them and the
 * one that signalled it is busy. Upstream's driver has nobody look.
 */
void run_wakeup(void)
{
	struct gpu owner, signaller, m[WAITERS];
	struct cs cs, stream[WAITERS];
	struct pan p;
	long start;
	int off;

	need(pan_open(&p));
	ok(stay_awake(true), "the GPU is awake");
	gpu_open(&owner, &p);
	gpu_set_word(&owner, WORD_GO, 0);
	gpu_set_word(&owner, WORD_STOP, 0);
	for (int i = 0; i < WAITERS; i++) {
		member_open(&m[i], &owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
		stream[i] = cs_never(&owner, i);
		need(gpu_queue(&m[i], 0, &stream[i], 0, m[i].done));
	}
	member_open(&signaller, &owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
	cs = signal_and_stay(&owner);
	need(gpu_queue(&signaller, 0, &cs, 0, signaller.done));
	off = without_slot(stream);
	gpu_set_word(&owner, member_word(0, 2),
		     gpu_word_va(member_word(off, 1)));
	gpu_set_word(&owner, WORD_GO, 1);
	start = now_ms();
	ok(ends(&m[off], 2000), "it runs when it is signalled");
	note("its sync object is %llu after %ld ms",
	     (unsigned long long)gpu_word(&owner, member_word(off, 1)),
	     now_ms() - start);
	gpu_set_word(&owner, WORD_STOP, 1);
	ok(ends(&m[off], 1000), "or at last when the other is idle");
	stay_awake(false);
	pan_close(&p);
}

/* Waits for the sync object at the beginning of page @i of SHARED_VA */
static struct cs wait_at(struct gpu *owner, unsigned int i)
{
	struct cs cs = gpu_cs(owner);

	cs_mov48(&cs, R_ADDR, SHARED_VA + i * SZ_4K);
	cs_mov48(&cs, R_DATA, 0);
	cs_sync_wait64(&cs, CS_GT, R_ADDR, R_DATA);
	cs_end(&cs);
	gpu_cs_keep(owner, &cs);
	return cs;
}

/*
 * What a group waits for, which has no slot, is unmapped: when anybody signals anything
 * the driver looks for it there. That is nothing to warn of.
 */
void run_lost_wait(void)
{
	struct cs cs, stream[WAITERS];
	struct gpu owner, other, m[WAITERS];
	struct pan_bo bo;
	struct pan p;
	int off;

	need(pan_open(&p));
	ok(stay_awake(true), "the GPU is awake");
	gpu_open(&owner, &p);
	gpu_open(&other, &p);
	gpu_bo(&owner, WAITERS * SZ_4K, &bo);
	gpu_map(&owner, SHARED_VA, &bo, 0, WAITERS * SZ_4K);
	for (int i = 0; i < WAITERS; i++) {
		member_open(&m[i], &owner, PANTHOR_GROUP_PRIORITY_MEDIUM, 1);
		stream[i] = wait_at(&owner, i);
		need(gpu_queue(&m[i], 0, &stream[i], 0, m[i].done));
	}
	off = without_slot(stream);
	kmsg_mark();
	need(pan_unmap(&p, owner.vm, SHARED_VA + off * SZ_4K, SZ_4K));
	cs = gpu_cs(&other);
	cs_word_add(&cs, WORD_SCRATCH, 1);
	cs_end(&cs);
	is(gpu_run(&other, &cs), 0, "a group of another VM signals something");
	ok(ends(&m[off], 2000), "the one whose sync object is gone does not wait on");
	not_said("WARNING");
	stay_awake(false);
	pan_close(&p);
	life_goes_on("after what a group waited for was gone");
}

/* --- Priorities ---------------------------------------------------------- */

#define PER_PRIORITY	4
#define PRIORITIES	3

static struct cs counting_stream(struct gpu *owner, unsigned int i)
{
	struct cs cs = gpu_cs(owner);
	unsigned int loop = cs.count;

	gpu_set_word(owner, member_word(i, 0), 0);
	cs_word_add(&cs, member_word(i, 0), 1);
	cs_mov48(&cs, R_ADDR, gpu_word_va(WORD_STOP));
	cs_load(&cs, R_DATA, R_ADDR, 0x1, 0);
	cs_wait(&cs, CS_SB_LS);
	cs_branch(&cs, CS_EQ, R_DATA, loop);
	cs_end(&cs);
	gpu_cs_keep(owner, &cs);
	return cs;
}

static void sum_by_priority(struct gpu *owner, uint64_t sum[PRIORITIES])
{
	for (int prio = 0; prio < PRIORITIES; prio++) {
		sum[prio] = 0;
		for (int i = 0; i < PER_PRIORITY; i++)
			sum[prio] += gpu_word(owner, member_word(prio *
							PER_PRIORITY + i, 0));
	}
}

/* A real-time group gets a slot though all are taken by busy ones */
static void preempt(struct gpu *owner)
{
	struct copier c;
	struct gpu rt;
	struct cs cs;

	copier_open(&c, owner->pan);
	member_open(&rt, &c.gpu, PANTHOR_GROUP_PRIORITY_REALTIME, 1);
	fill(c.src.map, 77, SZ_64K);
	cs = gpu_cs(&c.gpu);
	cs_copy(&cs, COPY_VA + SZ_1M, COPY_VA, SZ_64K);
	cs_end(&cs);
	need(gpu_queue(&rt, 0, &cs, 0, rt.done));
	ok(ends(&rt, 3000) && holds(c.dst.map, 77, 0, SZ_64K),
	   "a real-time group is done while all slots are busy");
	member_close(&rt);
	copier_close(&c);
}

/* What the kernel refuses to those who may not */
static void refuse(struct gpu *owner)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		struct drm_panthor_group_priorities_info info = { 0 };
		struct drm_panthor_queue_create q[1];
		struct drm_panthor_group_create a;
		uint32_t group;
		int bad;

		if (setresuid(65534, 65534, 65534))
			_exit(1);
		a = pan_group_args(owner->pan, owner->vm, q, 1);
		a.priority = PANTHOR_GROUP_PRIORITY_HIGH;
		bad = pan_group_create_args(owner->pan, &a, &group) != -EACCES;
		a.priority = PANTHOR_GROUP_PRIORITY_REALTIME;
		bad |= pan_group_create_args(owner->pan, &a, &group) != -EACCES;
		a.priority = PANTHOR_GROUP_PRIORITY_MEDIUM;
		bad |= pan_group_create_args(owner->pan, &a, &group) != 0;
		bad |= pan_query(owner->pan,
				 DRM_PANTHOR_DEV_QUERY_GROUP_PRIORITIES_INFO,
				 &info, sizeof(info)) || info.allowed_mask != 3;
		_exit(bad);
	}
	ok(pid > 0 && waitpid(pid, &status, 0) == pid && !status,
	   "without CAP_SYS_NICE there is no high and no real-time priority");
}

void run_priority(void)
{
	struct gpu owner, m[PRIORITIES * PER_PRIORITY];
	uint64_t sum[PRIORITIES], before[PRIORITIES];
	unsigned int over = 0;
	struct pan p;

	need(pan_open(&p));
	gpu_open(&owner, &p);
	refuse(&owner);
	gpu_set_word(&owner, WORD_STOP, 0);
	/* The low ones first: they must lose what they have */
	for (int i = 0; i < PRIORITIES * PER_PRIORITY; i++) {
		struct cs cs = counting_stream(&owner, i);

		member_open(&m[i], &owner, i / PER_PRIORITY, 1);
		need(gpu_queue(&m[i], 0, &cs, 0, m[i].done));
	}
	/* Whoever came first had the GPU; what counts is who has it now. */
	sleep_ms(200);
	sum_by_priority(&owner, before);
	sleep_ms(600);
	sum_by_priority(&owner, sum);
	for (int prio = 0; prio < PRIORITIES; prio++)
		sum[prio] -= before[prio];
	preempt(&owner);
	detail("low %llu, medium %llu, high %llu", (unsigned long long)sum[0],
	       (unsigned long long)sum[1], (unsigned long long)sum[2]);
	note("loops: low %llu, medium %llu, high %llu",
	     (unsigned long long)sum[0], (unsigned long long)sum[1],
	     (unsigned long long)sum[2]);
	ok(sum[2] > sum[1] * 3 / 2 && sum[1] > sum[0] * 3 / 2,
	   "the higher the priority, the further the groups get");
	gpu_set_word(&owner, WORD_STOP, 1);
	for (int i = 0; i < PRIORITIES * PER_PRIORITY; i++)
		over += ends(&m[i], 3000) && pan_fence_status(&p, m[i].done) == 1;
	ok(over == PRIORITIES * PER_PRIORITY,
	   "all of them end, those of low priority too");
	for (int i = 0; i < PRIORITIES * PER_PRIORITY; i++)
		member_close(&m[i]);
	gpu_close(&owner);
	pan_close(&p);
}

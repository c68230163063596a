// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Work for the GPU whose outcome can be told; see work.h.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "host.h"
#include "inject.h"
#include "tap.h"
#include "work.h"

#define FIRST_MEMBER_WORD	64
#define WORDS_OF_A_MEMBER	4

/* Registers of the sums; calls use R_CALL and what follows it */
enum {
	R_SUM = 10,
	R_ROUND = 11,
	R_BIG = 12,
	R_DONE = 14,
	R_KEPT = 20,
	R_STOP = 32,
	R_LEN = R_CALL + 2,
	R_SUB2 = R_CALL + 4,
	R_SUB2_LEN = R_CALL + 6,
};

#define SUM_OF_A_ROUND	7
#define BIG_OF_A_ROUND	0x12345678

/* --- Members of a VM ----------------------------------------------------- */

void member_open(struct gpu *g, const struct gpu *owner, int priority,
		 unsigned int queues)
{
	struct drm_panthor_queue_create q[8];
	struct drm_panthor_group_create args;

	*g = *owner;
	args = pan_group_args(g->pan, g->vm, q, queues);
	args.priority = priority;
	need(pan_group_create_args(g->pan, &args, &g->group));
	need(pan_syncobj_create(g->pan, &g->done));
}

void member_close(struct gpu *g)
{
	pan_group_destroy(g->pan, g->group);
	pan_syncobj_destroy(g->pan, g->done);
}

enum word member_word(unsigned int member, unsigned int i)
{
	return FIRST_MEMBER_WORD + member * WORDS_OF_A_MEMBER + i;
}

/* --- Sums ---------------------------------------------------------------- */

/* Two levels of called buffers, so that a suspend can hit any of them */
static void write_subs(struct sums *s)
{
	struct cs inner = gpu_cs(s->owner), outer;

	cs_add32(&inner, R_SUM, R_SUM, SUM_OF_A_ROUND - 3);
	cs_add64(&inner, R_BIG, R_BIG, BIG_OF_A_ROUND);
	gpu_cs_keep(s->owner, &inner);
	outer = gpu_cs(s->owner);
	cs_mov48(&outer, R_SUB2, inner.va);
	cs_mov32(&outer, R_SUB2_LEN, inner.count * sizeof(uint64_t));
	cs_call(&outer, R_SUB2, R_SUB2_LEN);
	cs_add32(&outer, R_SUM, R_SUM, 3);
	gpu_cs_keep(s->owner, &outer);
	s->sub = outer.va;
	s->sub_bytes = outer.count * sizeof(uint64_t);
}

void sums_open(struct sums *s, struct gpu *owner)
{
	s->owner = owner;
	gpu_bo(owner, SZ_64K, &s->out);
	gpu_map(owner, OUT_VA, &s->out, 0, SZ_64K);
	write_subs(s);
}

void sums_close(struct sums *s)
{
	pan_bo_destroy(s->owner->pan, &s->out);
}

static uint32_t kept_value(unsigned int member, unsigned int i)
{
	return 0x5a000000u + member * 0x100 + i;
}

static void store_results(struct cs *cs, unsigned int i)
{
	cs_mov48(cs, R_ADDR, OUT_VA + i * sizeof(struct sum_out));
	cs_store(cs, R_SUM, R_ADDR, 0x1, 0);
	cs_store(cs, R_DONE, R_ADDR, 0x1, 4);
	cs_store(cs, R_BIG, R_ADDR, 0x3, 8);
	cs_store(cs, R_KEPT, R_ADDR, 0xfff, 16);
	cs_wait(cs, CS_SB_LS);
	cs_end(cs);
}

/* What member @i counts with, and one round. Returns where rounds begin. */
static unsigned int first_round(struct cs *cs, struct sums *s, unsigned int i,
				uint32_t rounds)
{
	unsigned int loop;

	gpu_set_word(s->owner, member_word(i, 0), 0);
	memset((struct sum_out *)s->out.map + i, 0, sizeof(struct sum_out));
	cs_mov48(cs, R_SUM, 0);
	cs_mov48(cs, R_BIG, 0);
	cs_mov32(cs, R_DONE, 0);
	cs_mov32(cs, R_ROUND, rounds);
	for (unsigned int k = 0; k < 12; k++)
		cs_mov32(cs, R_KEPT + k, kept_value(i, k));
	cs_mov48(cs, R_CALL, s->sub);
	cs_mov32(cs, R_LEN, s->sub_bytes);
	cs_mov48(cs, R_ADDR, gpu_word_va(member_word(i, 0)));
	loop = cs->count;
	cs_call(cs, R_CALL, R_LEN);
	cs_add32(cs, R_DONE, R_DONE, 1);
	cs_store(cs, R_DONE, R_ADDR, 0x1, 0);
	cs_wait(cs, CS_SB_LS);
	return loop;
}

struct cs sums_stream(struct sums *s, unsigned int i, uint32_t rounds)
{
	struct cs cs = gpu_cs(s->owner);
	unsigned int loop;

	loop = first_round(&cs, s, i, rounds);
	cs_add32(&cs, R_ROUND, R_ROUND, -1);
	cs_branch(&cs, CS_GT, R_ROUND, loop);
	store_results(&cs, i);
	gpu_cs_keep(s->owner, &cs);
	return cs;
}

struct cs sums_until_stopped(struct sums *s, unsigned int i)
{
	struct cs cs = gpu_cs(s->owner);
	unsigned int loop;

	cs_mov48(&cs, R_STOP, gpu_word_va(WORD_STOP));
	loop = first_round(&cs, s, i, 0);
	cs_load(&cs, R_ROUND, R_STOP, 0x1, 0);
	cs_wait(&cs, CS_SB_LS);
	cs_branch(&cs, CS_EQ, R_ROUND, loop);
	store_results(&cs, i);
	gpu_cs_keep(s->owner, &cs);
	return cs;
}

uint32_t sums_rounds(struct sums *s, unsigned int ms)
{
	const uint32_t probe = 200000;
	struct cs cs = sums_stream(s, 0, probe);
	long start, took;

	need(gpu_run(s->owner, &cs));	/* the GPU wakes up */
	start = now_ms();
	need(gpu_run(s->owner, &cs));
	took = now_ms() - start;
	return (uint64_t)probe * ms / (took ? took : 1);
}

uint32_t sums_progress(const struct sums *s, unsigned int i)
{
	return gpu_word(s->owner, member_word(i, 0));
}

bool sums_right(const struct sums *s, unsigned int i, uint32_t rounds)
{
	const struct sum_out *o = (struct sum_out *)s->out.map + i;
	bool kept = true;

	__sync_synchronize();
	for (unsigned int k = 0; k < 12; k++)
		kept &= o->kept[k] == kept_value(i, k);
	detail("member %u: %u rounds of %u, sum %u, big 0x%llx, %s", i,
	       o->rounds, rounds, o->sum, (unsigned long long)o->big,
	       kept ? "registers kept" : "registers lost");
	return kept && o->rounds == rounds &&
	       o->sum == rounds * SUM_OF_A_ROUND &&
	       o->big == (uint64_t)rounds * BIG_OF_A_ROUND;
}

/* --- Copies -------------------------------------------------------------- */

void copier_open(struct copier *c, struct pan *p)
{
	gpu_open(&c->gpu, p);
	gpu_bo(&c->gpu, SZ_64K, &c->src);
	gpu_bo(&c->gpu, SZ_64K, &c->dst);
	gpu_map(&c->gpu, COPY_VA, &c->src, 0, SZ_64K);
	gpu_map(&c->gpu, COPY_VA + SZ_1M, &c->dst, 0, SZ_64K);
	c->seed = 1;
}

void copier_open_awake(struct copier *c, struct pan *p, const char *first)
{
	need(pan_open(p));
	ok(stay_awake(true), "the GPU is awake");
	copier_open(c, p);
	is(copier_run(c), 0, first);
}

void copier_close(struct copier *c)
{
	gpu_close(&c->gpu);
	pan_bo_destroy(c->gpu.pan, &c->src);
	pan_bo_destroy(c->gpu.pan, &c->dst);
}

int copier_run(struct copier *c)
{
	int ret;

	/* Streams of the copies before this one have been executed */
	c->gpu.cmd_used = 0;
	c->seed++;
	fill(c->src.map, c->seed, SZ_64K);
	ret = gpu_copy(&c->gpu, COPY_VA + SZ_1M, COPY_VA, SZ_64K);
	if (!ret && !holds(c->dst.map, c->seed, 0, SZ_64K))
		ret = -EBADMSG;
	else if (ret)
		detail("the copy ended with %d (%s)", ret, strerror(-ret));
	return ret;
}

void copier_leave_tables(struct copier *c, unsigned int tables)
{
	const uint64_t va = DATA_VA + SZ_1T;

	for (unsigned int i = 0; i < tables; i++)
		gpu_map(&c->gpu, va + i * SZ_2M, &c->src, 0, SZ_4K);
	need(pan_unmap(c->gpu.pan, c->gpu.vm, va, tables * SZ_2M));
}

void copier_idle(struct copier *c, unsigned int tables)
{
	struct pan *p = c->gpu.pan;
	uint32_t vm = c->gpu.vm;

	gpu_end_group(&c->gpu);
	sleep_ms(100);
	copier_leave_tables(c, tables);
	need(pan_unmap(p, vm, COPY_VA, SZ_64K));
	need(pan_unmap(p, vm, COPY_VA + SZ_1M, SZ_64K));
	need(pan_unmap(p, vm, WORDS_VA, WORDS_SIZE));
	need(pan_unmap(p, vm, CMD_VA, CMD_SIZE));
}

int heap_create(struct pan *p, struct drm_panthor_tiler_heap_create *h)
{
	return pan_ioctl(p, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, h);
}

int heap_destroy(struct pan *p, uint32_t handle, uint32_t pad)
{
	struct drm_panthor_tiler_heap_destroy d = {
		.handle = handle,
		.pad = pad,
	};

	return pan_ioctl(p, DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY, &d);
}

bool gpu_works(void)
{
	struct copier c;
	struct pan p;
	int ret = pan_open(&p);

	if (ret) {
		detail("the device does not open: %s", strerror(-ret));
		return false;
	}
	copier_open(&c, &p);
	ret = copier_run(&c);
	copier_close(&c);
	pan_close(&p);
	return !ret;
}

void life_goes_on(const char *when)
{
	ok(gpu_works(), "%s a new client's work is done and right", when);
}

/* --- Verdicts ------------------------------------------------------------ */

bool ends(const struct gpu *g, unsigned int ms)
{
	int ret = pan_syncobj_wait(g->pan, g->done, 0, ms);

	detail("it does not end within %u ms: %d", ms, ret);
	return !ret;
}

void group_is(struct gpu *g, uint32_t state, int fence, const char *what)
{
	struct drm_panthor_group_get_state s;
	int got = pan_fence_status(g->pan, g->done);
	int ret = pan_group_state(g->pan, g->group, &s);

	detail("state 0x%x (%d), wanted 0x%x; fence %d, wanted %d", s.state,
	       ret, state, got, fence);
	ok(!ret && s.state == state && got == fence, "%s", what);
}

struct cs cs_endless(struct gpu *owner)
{
	struct cs cs = gpu_cs(owner);

	cs_branch(&cs, CS_ALWAYS, 0, cs.count);
	gpu_cs_keep(owner, &cs);
	return cs;
}

struct cs cs_never(struct gpu *owner, unsigned int member)
{
	struct cs cs = gpu_cs(owner);

	gpu_set_word(owner, member_word(member, 1), 0);
	cs_word_wait(&cs, member_word(member, 1), 0);
	cs_end(&cs);
	gpu_cs_keep(owner, &cs);
	return cs;
}

int slot_of_stream(const struct cs *cs)
{
	for (int i = 0; i < 100; i++) {
		int slot = gpu_slot_of(cs->va, cs->count * sizeof(uint64_t), -1);

		if (slot >= 0)
			return slot;
		sleep_ms(10);
	}
	return -1;
}

bool reset_within(uint64_t resets, unsigned int ms)
{
	long end = now_ms() + ms;

	while (gpu_stat("resets") == resets) {
		if (now_ms() > end)
			return false;
		sleep_ms(10);
	}
	return true;
}

static void *call_thread(void *arg)
{
	struct call *c = arg;

	__atomic_store_n(&c->begun, true, __ATOMIC_SEQ_CST);
	c->ret = c->function(c->g, c->arg);
	__atomic_store_n(&c->over, true, __ATOMIC_SEQ_CST);
	return NULL;
}

void call_begin(struct call *c, struct gpu *g, int (*function)(struct gpu *g, void *arg),
		void *arg)
{
	*c = (struct call){ .g = g, .function = function, .arg = arg };
	need(-pthread_create(&c->thread, NULL, call_thread, c));
	for (int ms = 0; ms < 2000 &&
	     !__atomic_load_n(&c->begun, __ATOMIC_SEQ_CST); ms++)
		sleep_ms(1);
}

bool call_is_over(const struct call *c)
{
	return __atomic_load_n(&c->over, __ATOMIC_SEQ_CST);
}

int call_end(struct call *c)
{
	pthread_join(c->thread, NULL);
	return c->ret;
}

/* The command takes @ns; those that follow are not slow */
static int call_with_slow(const char *what, uint64_t ns, struct gpu *g,
			  int (*function)(struct gpu *g, void *arg), void *arg)
{
	struct call c;

	need(inject_slow(what, ns));
	call_begin(&c, g, function, arg);
	/* The driver gives up after 100 ms */
	sleep_ms(50);
	need(inject_slow(what, 0));
	return call_end(&c);
}

int call_with_stuck(const char *what, struct gpu *g,
		    int (*function)(struct gpu *g, void *arg), void *arg)
{
	return call_with_slow(what, INJECT_NEVER, g, function, arg);
}

int call_with_late(struct gpu *g, int (*function)(struct gpu *g, void *arg), void *arg)
{
	struct call c;
	bool given_up;

	kmsg_mark();
	need(inject_stuck());
	call_begin(&c, g, function, arg);
	/* 10,000 polls, 10 us at least each but 300 us under emulation */
	given_up = kmsg_wait("AS_ACTIVE bit stuck", 20000);
	need(inject_clear());
	call_end(&c);
	need(given_up ? 0 : -ETIME);
	return c.ret;
}

static int bind_op(struct gpu *g, void *op)
{
	return pan_bind(g->pan, g->vm, 0, op, 1);
}

int op_with_stuck(struct gpu *g, struct drm_panthor_vm_bind_op op, const char *what)
{
	return call_with_stuck(what, g, bind_op, &op);
}

int bind_with_slow(struct gpu *g, struct pan_bo *bo, const char *what, uint64_t ns)
{
	struct drm_panthor_vm_bind_op op = pan_op_map(DATA_VA + 64 * SZ_1G, bo, 0, SZ_64K);

	op.flags |= DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC;
	return call_with_slow(what, ns, g, bind_op, &op);
}

int bind_with_stuck(struct gpu *g, struct pan_bo *bo, const char *what)
{
	return bind_with_slow(g, bo, what, INJECT_NEVER);
}

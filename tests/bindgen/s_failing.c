// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each allocation of a VM_BIND fails in turn. The call says so, or does without;
 * what it then did and did not do is what the model says, and no page of page
 * tables is lost. Needs a kernel with fault injection.
 */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "common.h"
#include "fail.h"
#include "host.h"
#include "scenarios.h"
#include "tap.h"

#define MOST		2000u
#define BASE		DATA_VA		/* in the window "512-gib", in its middle */
#define WINDOW		1u

static struct op map(uint64_t va, int buf, uint64_t offset, uint64_t size)
{
	return (struct op){
		.kind = OP_MAP, .window = WINDOW,
		.e = { .va = va, .size = size, .buf = buf, .offset = offset },
	};
}

static struct op sparse(uint64_t va, uint64_t size)
{
	return (struct op){
		.kind = OP_SPARSE, .window = WINDOW,
		.e = { .va = va, .size = size, .buf = SPARSE,
		       .flags = DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC },
	};
}

static struct op unmap(uint64_t va, uint64_t size)
{
	return (struct op){
		.kind = OP_UNMAP, .window = WINDOW,
		.e = { .va = va, .size = size },
	};
}

/* Buffers 0 and 1 have several times 2 MiB (bufs.c) */

static unsigned int small_map(struct op *ops)
{
	ops[0] = map(BASE + 3 * SZ_64K, 2, SZ_4K, SZ_64K);
	return 1;
}

static unsigned int large_map(struct op *ops)
{
	ops[0] = map(BASE - 2 * SZ_2M, 0, 0, 5 * SZ_2M);
	return 1;
}

static unsigned int scattered_map(struct op *ops)
{
	ops[0] = map(BASE - SZ_64K, 0, SZ_4K, 3 * SZ_2M);
	return 1;
}

static unsigned int sparse_map(struct op *ops)
{
	ops[0] = sparse(BASE - 5 * SZ_4K, 3 * SZ_2M);
	return 1;
}

static unsigned int hole(struct op *ops)
{
	ops[0] = unmap(BASE + SZ_1M, SZ_64K);
	return 1;
}

static unsigned int over(struct op *ops)
{
	ops[0] = map(BASE + SZ_1M, 3, 0, SZ_64K);
	return 1;
}

static unsigned int across(struct op *ops)
{
	ops[0] = map(BASE + SZ_1M, 1, 0, 2 * SZ_2M);
	return 1;
}

static unsigned int all_of_it(struct op *ops)
{
	ops[0] = unmap(windows[WINDOW].va, windows[WINDOW].size);
	return 1;
}

static unsigned int one_after_another(struct op *ops)
{
	ops[0] = map(BASE - SZ_2M, 1, 0, SZ_64K);
	ops[1] = unmap(BASE + SZ_64K, SZ_64K);
	ops[2] = sparse(BASE - SZ_64K, 2 * SZ_64K);
	ops[3] = map(BASE + 3 * SZ_2M, 2, 0, SZ_2M);
	return 4;
}

/*
 * @ops gives the operations; with @before, what they meet are two blocks of 2 MiB
 * and a sparse range behind them, otherwise nothing.
 */
static const struct subject {
	const char *name;
	unsigned int (*ops)(struct op *ops);
	bool before;
} subjects[] = {
	{ "a small map", small_map, false },
	{ "a large map", large_map, false },
	{ "a map of scattered pages", scattered_map, false },
	{ "a sparse map", sparse_map, false },
	{ "a hole in a block", hole, true },
	{ "a map into a block", over, true },
	{ "a map across three mappings", across, true },
	{ "an unmap of all", all_of_it, true },
	{ "four operations in a call", one_after_another, true },
};

static bool prepare(struct world *w, const struct subject *s)
{
	struct op ops[4];

	if (!drain(w))
		return false;
	all_of_it(&ops[0]);
	ops[1] = map(BASE, 0, 0, SZ_2M);
	ops[2] = map(BASE + SZ_2M, 0, 2 * SZ_2M, SZ_2M);
	ops[3] = sparse(BASE + 2 * SZ_2M, SZ_2M);
	return bind_now(w, ops, s->before ? 4 : 1);
}

/*
 * A queued call is done or not done; of another one, as much as its count says. A
 * call that did not even get to read its operations leaves the count as it was.
 */
static int try(struct world *w, const struct op *ops, unsigned int n, bool queued)
{
	struct drm_panthor_vm_bind_op d[MAX_BATCH];
	struct drm_panthor_sync_op out = pan_signal(w->fence, 0);
	struct drm_panthor_vm_bind b = {
		.vm_id = w->gpu.vm,
		.flags = queued ? DRM_PANTHOR_VM_BIND_ASYNC : 0,
		.ops = DRM_PANTHOR_OBJ_ARRAY(n, d),
	};
	unsigned int did;
	int ret;

	for (unsigned int i = 0; i < n; i++)
		d[i] = op_for_driver(w, &ops[i]);
	if (queued)
		d[n - 1].syncs = (struct drm_panthor_obj_array)
				 DRM_PANTHOR_OBJ_ARRAY(1, &out);
	ret = pan_ioctl(w->pan, DRM_IOCTL_PANTHOR_VM_BIND, &b);
	did = !ret ? n : queued || b.ops.count == n ? 0 : b.ops.count;
	for (unsigned int i = 0; i < did; i++) {
		op_done(w, &ops[i]);
		if (queued)
			w->queued |= 1u << ops[i].window;
	}
	return ret;
}

struct outcome {
	unsigned int refused, survived;
	int odd;
};

/* The @n-th allocation of the call fails. False when it has fewer */
static bool fails(struct world *w, const struct op *ops, unsigned int count,
		  bool queued, unsigned int n, struct outcome *o)
{
	bool failed;
	int ret;

	fail_nth(n);
	ret = try(w, ops, count, queued);
	failed = fail_happened();
	if (failed && ret)
		o->refused++;
	else if (failed)
		o->survived++;
	if (ret && (ret != -ENOMEM || !failed))
		o->odd = ret;
	return failed && !o->odd;
}

static void each_allocation(struct world *w, const struct subject *s, bool queued)
{
	struct outcome o = { 0 };
	struct op ops[MAX_BATCH];
	unsigned int count = s->ops(ops), n;

	for (n = 1; n < MOST && prepare(w, s); n++) {
		bool more = fails(w, ops, count, queued, n, &o);

		if (!drain(w) || !check_list(w) || !more)
			break;
	}
	check_all(w);
	note("%s%s: %u failures refused, %u survived", s->name,
	     queued ? ", queued" : "", o.refused, o.survived);
	detail("%u refused, %u survived, odd %d, %s", o.refused, o.survived,
	       o.odd, w->wrong);
	ok(o.refused && !o.odd && !w->wrong[0], "%s%s: each allocation fails once",
	   s->name, queued ? ", queued" : "");
}

/* Anything, each allocation of it */
static bool any_call(struct world *w, struct outcome *o)
{
	bool queued = below(w, 2);
	struct op ops[MAX_BATCH];
	unsigned int count = draw_batch(w, ops, MAX_BATCH, ALL_WINDOWS);

	for (unsigned int n = 1; n < MOST; n++)
		if (!drain(w) || !fails(w, ops, count, queued, n, o))
			break;
	if (o->odd)
		return wrong(w, "a call ends with %s", strerror(-o->odd));
	return check_all(w);
}

void run_failing(void)
{
	struct outcome o = { 0 };
	struct stage s;
	struct world w;

	need(fail_open() ? 0 : -EOPNOTSUPP);
	stage_open(&s);
	world_open(&w, &s.pan, &s.bufs, 0, options.seed);
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(subjects) && !w.wrong[0]; i++)
		each_allocation(&w, &subjects[i / 2], i % 2);
	s.end = now_ms() + options.seconds * 1000l;
	while (goes_on(&s, &w) && any_call(&w, &o))
		;
	note("random calls: %u failures refused, %u survived", o.refused,
	     o.survived);
	tell_tally(&w, 1);
	report(&w, "whatever fails, the model is right");
	is(pan_vm_state(&s.pan, w.gpu.vm), DRM_PANTHOR_VM_STATE_USABLE,
	   "the VM is still usable");
	world_close(&w);
	stage_close(&s);
}

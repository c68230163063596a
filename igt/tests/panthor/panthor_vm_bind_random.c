// SPDX-License-Identifier: MIT
/*
 * Random binds against a model of the address space, page by page; what the GPU sees of
 * it, and where it may store, is compared with the model all the time. A seed does the same
 * each time.
 */
#include <stdlib.h>

#include "panthor_bind.h"

IGT_TEST_DESCRIPTION("Compares random VM_BINDs with a model of the address space.");

#define NUM_BOS		3
#define BO_SIZE		(4 * BLOCK)
#define BO_PAGES	((unsigned int)(BO_SIZE / PAGE))
/* The space: as if its blocks lay side by side, though some are far apart */
#define NUM_BLOCKS	12
#define SPACE_PAGES	(NUM_BLOCKS * 512)
#define MAX_CALL	24
#define LOOKS		4

enum { NOTHING, SPARSE_PAGE, FIRST_BO };

/* What is at a page: nothing, sparse, or which page of which buffer; and for loads only */
struct at {
	unsigned char what;
	bool read_only;
	unsigned short page;
};

struct space {
	struct pb p;
	struct panthor_bo bo[NUM_BOS];
	struct at at[SPACE_PAGES];
	uint64_t base;
	uint32_t out;
	unsigned int seed;
	/* Of stores, so that they change nothing of what is bound */
	unsigned int stores;
};

static int device = -1;

static unsigned int roll(struct space *s, unsigned int sides)
{
	return rand_r(&s->seed) % sides;
}

static uint64_t va_of(const struct space *s, unsigned int page)
{
	return s->base + page * PAGE;
}

/* --- Operations ---------------------------------------------------------- */

/* Where, and how much: a page, a tile, a block, anything; often at an edge of these */
static unsigned int random_part(struct space *s, unsigned int *n)
{
	static const unsigned int units[] = { 1, 16, 512, 1 };
	unsigned int unit = units[roll(s, LEN(units))], at;

	*n = unit * (1 + roll(s, unit == 1 ? 600 : 4));
	if (*n > BO_PAGES)
		*n = BO_PAGES;
	at = roll(s, SPACE_PAGES - *n + 1);
	if (roll(s, 2))
		at -= at % (roll(s, 2) ? 512 : 16);
	return at;
}

static void note(struct space *s, unsigned int at, unsigned int n, struct at first)
{
	for (unsigned int i = 0; i < n; i++) {
		s->at[at + i] = first;
		if (first.what >= FIRST_BO)
			s->at[at + i].page += i;
	}
}

/* A random operation, and the model after it */
static struct drm_panthor_vm_bind_op random_op(struct space *s)
{
	unsigned int n, at = random_part(s, &n), kind = roll(s, 8), bo, page;
	struct drm_panthor_vm_bind_op op;
	bool read_only;

	if (kind < 2) {
		note(s, at, n, (struct at){ .what = NOTHING });
		return op_unmap(va_of(s, at), n * PAGE);
	}
	if (kind == 2) {
		op = op_sparse(va_of(s, at), n * PAGE);
		read_only = at % 3 == 0;
		op.flags |= read_only ? OP_RO : 0;
		note(s, at, n, (struct at){ .what = SPARSE_PAGE, .read_only = read_only });
		return op;
	}
	bo = roll(s, NUM_BOS);
	page = roll(s, BO_PAGES - n + 1);
	/* As aligned as the address, so that there are blocks */
	if (roll(s, 2) && (at & 511) + n <= BO_PAGES)
		page = at & 511;
	read_only = roll(s, 4) == 0;
	op = op_map(va_of(s, at), s->bo[bo].handle, page * PAGE, n * PAGE);
	op.flags |= read_only ? OP_RO : 0;
	note(s, at, n, (struct at){ FIRST_BO + bo, read_only, page });
	return op;
}

/* --- Looking ------------------------------------------------------------- */

/* A store to a page, beside the word that says which page it is: it is seen, or faults */
static void store(struct space *s, unsigned int page)
{
	struct at at = s->at[page];
	volatile uint64_t *word;

	if (at.what == SPARSE_PAGE) {
		igt_assert_eq(gpu_write(&s->p, va_of(s, page), 2), at.read_only ? -EIO : 0);
		return;
	}
	word = (uint64_t *)((char *)s->bo[at.what - FIRST_BO].map + at.page * PAGE) + 1;
	*word = 1;
	__sync_synchronize();
	igt_assert_eq(gpu_write(&s->p, va_of(s, page) + sizeof(*word), 2),
		      at.read_only ? -EIO : 0);
	__sync_synchronize();
	igt_assert_eq_u64(*word, at.read_only ? 1 : 2);
}

/* At both ends of what is all of one kind, one time in three: a fault costs a group */
static void stores(struct space *s, unsigned int at, unsigned int n)
{
	if (s->at[at].what == NOTHING || rand_r(&s->stores) % 3)
		return;
	store(s, at);
	store(s, at + n - 1);
}

/* From @at on, as far as it is all of one kind; how far that was */
static unsigned int look_from(struct space *s, unsigned int at, unsigned int most)
{
	struct at first = s->at[at];
	unsigned int n = 1;

	while (n < most && at + n < SPACE_PAGES && s->at[at + n].what == first.what &&
	       s->at[at + n].read_only == first.read_only &&
	       (first.what < FIRST_BO || s->at[at + n].page == first.page + n))
		n++;
	if (first.what == NOTHING) {
		gpu_faults(&s->p, va_of(s, at));
		gpu_faults(&s->p, va_of(s, at + n - 1));
	} else if (first.what == SPARSE_PAGE) {
		gpu_loads_nothing(&s->p, va_of(s, at));
		gpu_loads_nothing(&s->p, va_of(s, at + n - 1));
	} else {
		gpu_sees(&s->p, va_of(s, at), first.what, first.page, n);
	}
	stores(s, at, n);
	return n;
}

static void look_at_all(struct space *s)
{
	for (unsigned int at = 0; at < SPACE_PAGES;)
		at += look_from(s, at, 2048);
	gpu_faults(&s->p, s->base - PAGE);
	gpu_faults(&s->p, va_of(s, SPACE_PAGES));
	for (unsigned int i = 0; i < NUM_BOS; i++)
		igt_assert(pb_is_marked(s->bo[i].map, BO_SIZE, FIRST_BO + i));
}

static void look_around(struct space *s)
{
	for (unsigned int i = 0; i < LOOKS; i++)
		look_from(s, roll(s, SPACE_PAGES), 600);
}

/* --- Rounds -------------------------------------------------------------- */

static void one_now(struct space *s)
{
	igt_assert_eq(bind_now(&s->p, random_op(s)), 0);
}

static void some_queued(struct space *s)
{
	unsigned int n = 1 + roll(s, MAX_CALL);
	uint32_t gate = gate_shut(&s->p);

	for (unsigned int i = 0; i < n; i++)
		igt_assert_eq(bind_queued(&s->p, random_op(s), i ? 0 : gate,
					  i + 1 < n ? 0 : s->out), 0);
	gate_open(&s->p);
	igt_assert_eq(fence_settled(s->p.fd, s->out), 1);
}

/* In one call, now or queued, with a fence here and there */
static void one_call(struct space *s)
{
	struct drm_panthor_sync_op signal = sync_signal(s->out, 0);
	struct drm_panthor_vm_bind_op ops[MAX_CALL];
	unsigned int n = 1 + roll(s, MAX_CALL);
	bool queued = roll(s, 2);

	for (unsigned int i = 0; i < n; i++) {
		ops[i] = random_op(s);
		if (queued && (i + 1 == n || !roll(s, 5)))
			ops[i] = op_with(ops[i], &signal, 1);
	}
	igt_assert_eq(bind_raw(s->p.fd, s->p.vm, queued ? ASYNC : 0, ops, n, NULL), 0);
	if (queued)
		igt_assert_eq(fence_settled(s->p.fd, s->out), 1);
}

static void any(struct space *s)
{
	static void (*const all[])(struct space *s) = { one_now, some_queued, one_call };

	all[roll(s, LEN(all))](s);
	if (!roll(s, 40))
		reclaim();
}

/* --- Subtests ------------------------------------------------------------ */

static void open_space(struct space *s, unsigned int seed, uint64_t base)
{
	memset(s, 0, sizeof(*s));
	pb_open(&s->p, device);
	for (unsigned int i = 0; i < NUM_BOS; i++)
		pb_bo(&s->p, &s->bo[i], BO_SIZE, FIRST_BO + i);
	s->out = syncobj_create(s->p.fd, 0);
	s->seed = seed;
	s->stores = seed;
	s->base = base;
}

static void close_space(struct space *s)
{
	look_at_all(s);
	do_unmap(&s->p, s->base, SPACE_PAGES * PAGE);
	note(s, 0, SPACE_PAGES, (struct at){ .what = NOTHING });
	look_around(s);
	igt_assert_eq(vm_state(s->p.fd, s->p.vm), DRM_PANTHOR_VM_STATE_USABLE);
	pb_close(&s->p);
}

static void run(void (*round)(struct space *s), unsigned int rounds, unsigned int seed,
		uint64_t base)
{
	static struct space s;

	open_space(&s, seed, base);
	for (unsigned int i = 0; i < rounds; i++) {
		round(&s);
		look_around(&s);
		if (i % 64 == 63)
			look_at_all(&s);
	}
	close_space(&s);
}

/* Two files whose spaces are at the same addresses, turn by turn */
static void run_two(unsigned int rounds)
{
	static struct space s[2];

	for (unsigned int i = 0; i < 2; i++)
		open_space(&s[i], 5 + i, TEST_VA);
	for (unsigned int i = 0; i < 2 * rounds; i++) {
		any(&s[i % 2]);
		look_around(&s[!(i % 2)]);
	}
	for (unsigned int i = 0; i < 2; i++)
		close_space(&s[i]);
}

int igt_main()
{
	/* Where a table of the first, of the second and of the third level ends */
	static const uint64_t bases[] = {
		TEST_VA, TEST_VA + GB(1) - 6 * BLOCK, TEST_VA + GB(512) - 6 * BLOCK - 5 * PAGE,
	};

	igt_fixture()
		device = drm_open_driver(DRIVER_PANTHOR);

	igt_describe("One operation at a time, at once");
	igt_subtest("now")
		run(one_now, 250, 1, bases[0]);
	igt_describe("Calls of one operation that wait for each other");
	igt_subtest("queued")
		run(some_queued, 60, 2, bases[1]);
	igt_describe("Calls of up to 24 operations");
	igt_subtest("calls")
		run(one_call, 80, 3, bases[2]);
	igt_describe("Two files at the same addresses, with reclaim between");
	igt_subtest("two-files")
		run_two(60);
	igt_describe("All of it, for long");
	igt_subtest("long")
		for (unsigned int i = 0; i < 3; i++)
			run(any, 250, 100 + i, bases[i % LEN(bases)]);

	igt_fixture()
		drm_close_driver(device);
}

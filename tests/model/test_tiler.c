// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tiler heaps: what a tiling operation takes of them, the out-of-memory event
 * and the driver's answers, exception handlers, and how chunks come back.
 */
#include "cs_fixture.h"

#define CHUNK(n)	(0x50000000ull + (n) * 0x100000)
#define CHUNK_PAGES	2u
#define CHUNK_ROOM	(CHUNK_PAGES * 4096 - 64)
#define NAME(n)		(CHUNK(n) | CHUNK_PAGES)
#define NUM_CHUNKS	6u

/* In the data pages: heap context, tiler context, heap descriptor */
#define HEAP		(DATA + 0x100)
#define TILER		(DATA + 0x200)
#define DESC		(DATA + 0x300)

#define CI_HEAP_START	0x20
#define CI_HEAP_END	0x28
#define CO_HEAP		0xc0
#define CO_HEAP_ADDR	0xd0
#define C_OOM		(1u << 26)
#define EXC_OOM		0x60

#define I_RUN_TILING	OP(5)
#define I_RUN_FRAGMENT	OP(7)
#define I_FINISH_TILING	OP(9)
#define I_FINISH_FRAGMENT(top, bottom, done) \
	(OP(11) | F40(top) | F32(bottom) | (done))
#define I_HEAP_OP(op)	(OP(49) | F32(op))
enum { VT_START, VT_END, FRAG_END = 3 };

/* A tiling operation that takes @bytes: 16 for a vertex */
#define TILE(bytes) \
	I_MOVE32(33, (bytes) / 16), I_MOVE32(34, 1), I_MOVE(40, TILER), \
	I_RUN_TILING
#define BEGIN	I_MOVE(4, HEAP), I_HEAP_SET(4), I_SB_ENTRY(1, 0), \
		I_HEAP_OP(VT_START)

struct heap {
	struct cs *c;
	uint64_t pa[NUM_CHUNKS];
};

static uint64_t next_of(struct heap *h, unsigned int n)
{
	return mem64(&h->c->d, h->pa[n]);
}

/* As the driver does: @initial chunks linked to each other, the last is first */
static void heap_new(struct heap *h, unsigned int initial)
{
	h->c = cs_new();
	for (unsigned int i = 0; i < NUM_CHUNKS; i++)
		h->pa[i] = drv_map(&h->c->d, 1, CHUNK(i), CHUNK_PAGES, SIM_RW);
	for (unsigned int i = 1; i < initial; i++)
		put64(&h->c->d, h->pa[i], NAME(i - 1));
	set64(h->c, TILER + 24, DESC);
	set64(h->c, DESC + 8, CHUNK(initial - 1));
	set64(h->c, DESC + 16, CHUNK(initial - 1) + 64);
	set64(h->c, DESC + 24, CHUNK(initial - 1) + CHUNK_PAGES * 4096);
}

/* A heap descriptor at @pa: the first chunk, used up to @bottom */
static void put_desc(struct driver *d, uint64_t pa, uint64_t bottom)
{
	put64(d, pa + 8, CHUNK(0));
	put64(d, pa + 16, bottom);
	put64(d, pa + 24, CHUNK(0) + CHUNK_PAGES * 4096);
}

static uint32_t events(struct heap *h)
{
	return drv_cs_events(&h->c->d, 0, 0);
}

/* Panthor's answer to the event: a chunk, or 0 */
static void answer(struct heap *h, uint64_t chunk)
{
	struct driver *d = &h->c->d;

	put64(d, d->cs_in[0][0] + CI_HEAP_START, chunk);
	put64(d, d->cs_in[0][0] + CI_HEAP_END, chunk);
	drv_cs_ack(d, 0, 0, C_OOM);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
}

static void test_inside_a_chunk(void)
{
	struct heap h;

	heap_new(&h, 1);
	RUN(h.c, BEGIN, TILE(1024), I_WAIT(2), I_HEAP_OP(VT_END));
	ok(!events(&h), "a small operation needs no chunk");
	is_u64(data64(h.c, DESC + 16), CHUNK(0) + 64 + 1024,
	       "the bottom of the heap moved by what it took");
	ok(data32(h.c, HEAP) == 1 && data32(h.c, HEAP + 4) == 1 &&
	   data32(h.c, HEAP + 8) == 0, "one pass started and completed");
	RUN(h.c, TILE(0), I_WAIT(2));
	is_u64(data64(h.c, DESC + 16), CHUNK(0) + 64 + 1024,
	       "one without vertices takes nothing");
	cs_delete(h.c);
}

static void test_initial_chunks(void)
{
	struct heap h;

	heap_new(&h, 3);
	RUN(h.c, BEGIN, TILE(2 * CHUNK_ROOM + 160), I_WAIT(2));
	ok(!events(&h), "linked chunks are taken in their order");
	is_u64(data64(h.c, DESC + 8), NAME(0), "down to the last one");
	is_u64(data64(h.c, DESC + 16), CHUNK(0) + 64 + 160, "of which a part");
	is_u64(data64(h.c, TILER + 40), NAME(1), "the list of full ones: top");
	is_u64(next_of(&h, 1), NAME(2), "linked");
	is_u64(data64(h.c, TILER + 48), NAME(2), "bottom");
	is_u64(next_of(&h, 2), 0, "and ended");
	cs_delete(h.c);
}

static void test_grow(void)
{
	struct heap h;
	struct driver *d;

	heap_new(&h, 1);
	d = &h.c->d;
	/* What nobody asked for is no answer */
	put64(d, d->cs_in[0][0] + CI_HEAP_START, NAME(4));
	drv_cs_doorbell(d, 0, 1);
	RUN(h.c, BEGIN, TILE(CHUNK_ROOM + 64), I_WAIT(2), I_ADD32(20, 20, 1));
	is_u64(events(&h), C_OOM, "no room: an out-of-memory event");
	is_u64(mem32(d, d->cs_out[0][0] + CO_HEAP), 1, "passes started");
	is_u64(mem32(d, d->cs_out[0][0] + CO_HEAP + 4), 0, "completed");
	is_u64(mem32(d, d->cs_out[0][0] + CO_HEAP + 12), 0, "rendered");
	is_u64(mem64(d, d->cs_out[0][0] + CO_HEAP_ADDR), HEAP, "of this heap");
	is_u64(data64(h.c, DESC + 16), CHUNK(0) + 8192, "the chunk is full");
	drv_run(d, 10 * MS);
	is_u64(reg(h.c, 20), 0, "the stream waits");
	answer(&h, NAME(5));
	ok(!events(&h), "with a new chunk it goes on");
	is_u64(reg(h.c, 20), 1, "to its end");
	is_u64(data64(h.c, DESC + 8), NAME(5), "the new chunk is in use");
	is_u64(data64(h.c, DESC + 16), CHUNK(5) + 128, "as far as needed");
	is_u64(data64(h.c, TILER + 40), CHUNK(0) | CHUNK_PAGES,
	       "the full one is the pass's, with its size");
	cs_delete(h.c);
}

static void test_refused(void)
{
	struct heap h;
	struct result r;

	heap_new(&h, 1);
	RUN(h.c, BEGIN, TILE(3 * CHUNK_ROOM), I_WAIT(2), I_ADD32(20, 20, 1),
	    I_ERROR_BARRIER);
	answer(&h, 0);
	r = result(h.c);
	ok(r.events == C_FAULT && r.fault == EXC_OOM && r.fault_info == I_RUN_TILING,
	   "no chunk and no handler: a fault");
	drv_cs_ack(&h.c->d, 0, 0, ~0u);
	is_u64(reg(h.c, 20), 1, "after which the stream goes on");
	cs_delete(h.c);
}

/* The fault belongs to an instruction that the stream left behind long ago */
static void test_late_fault(void)
{
	struct heap h;
	struct result r;

	heap_new(&h, 1);
	RUN(h.c, BEGIN, TILE(3 * CHUNK_ROOM), I_ADD32(20, 20, 1));
	answer(&h, 0);
	r = result(h.c);
	is_u64(r.fault, EXC_OOM, "a fault when the ring is empty");
	is_u64(r.extract, 9 * 8, "EXTRACT stays at INSERT");
	RUN(h.c, I_ERROR_BARRIER);
	is_u64(reg(h.c, 20), 1, "what came in between was done");
	cs_delete(h.c);
}

/* The handler gives a chunk back, as incremental rendering does */
static void test_handler(void)
{
	struct heap h;
	struct result r;

	heap_new(&h, 2);
	PUT_CODE(h.c, 0x100, I_ADD32(21, 21, 1), I_WAIT(2), I_MOVE(10, TILER),
		 I_LOAD(12, 10, 0xf, 40), I_WAIT(1),
		 I_FINISH_FRAGMENT(12, 14, 0), I_MOVE(16, 0),
		 I_STORE(16, 10, 3, 40), I_STORE(16, 10, 3, 48), I_WAIT(1));
	RUN(h.c, BEGIN, I_MOVE(6, CODE + 0x100), I_MOVE32(8, 10 * 8),
	    I_HANDLER(6, 8), TILE(3 * CHUNK_ROOM), I_WAIT(2),
	    I_ADD32(20, 20, 1));
	is_u64(events(&h), C_OOM, "two chunks are not enough");
	answer(&h, 0);
	r = result(h.c);
	ok(!r.events && reg(h.c, 21) == 1, "no chunk: the handler runs");
	is_u64(reg(h.c, 20), 1, "what it freed lets the operation end");
	is_u64(data64(h.c, DESC + 8), NAME(1), "in the chunk that came back");

	RUN(h.c, TILE(3 * CHUNK_ROOM), I_WAIT(2), I_ADD32(20, 20, 1));
	PUT_CODE(h.c, 0x100, I_ADD32(21, 21, 1), I_NOP, I_NOP, I_NOP, I_NOP,
		 I_NOP, I_NOP, I_NOP, I_NOP, I_NOP);
	answer(&h, 0);
	is_u64(events(&h), C_OOM, "a handler that frees nothing: asked again");
	answer(&h, 0);
	r = result(h.c);
	ok(r.events == C_FAULT && r.fault == EXC_OOM, "refused again: a fault");
	RUN(h.c, I_ERROR_BARRIER);
	is_u64(reg(h.c, 21), 2, "the handler ran once more");
	cs_delete(h.c);
}

static void test_finish(void)
{
	struct heap h;

	heap_new(&h, 3);
	RUN(h.c, BEGIN, TILE(3 * CHUNK_ROOM - 16), I_WAIT(2), I_HEAP_OP(VT_END),
	    I_FINISH_TILING, I_MOVE(10, TILER), I_LOAD(12, 10, 0xf, 40),
	    I_WAIT(1), I_FINISH_FRAGMENT(12, 14, 1));
	ok(!events(&h), "a whole pass");
	is_u64(data32(h.c, HEAP + 8), 1, "counts as rendered");
	is_u64(data64(h.c, HEAP + 16), NAME(1), "its chunks are free");
	is_u64(next_of(&h, 1), NAME(2), "all of them");
	is_u64(next_of(&h, 2), 0, "and no more");
	RUN(h.c, TILE(CHUNK_ROOM + 16), I_WAIT(2));
	ok(!events(&h), "the next pass takes them");
	is_u64(data64(h.c, HEAP + 16), NAME(2), "from the top");
	RUN(h.c, I_MOVE(12, 0), I_MOVE(14, 0), I_FINISH_FRAGMENT(12, 14, 1));
	is_u64(data32(h.c, HEAP + 8), 2, "a pass without chunks counts as well");
	cs_delete(h.c);
}

static void test_suspended(void)
{
	struct heap h;
	struct driver *d;

	heap_new(&h, 1);
	d = &h.c->d;
	RUN(h.c, BEGIN, TILE(CHUNK_ROOM + 64), I_WAIT(2), I_ADD32(20, 20, 1));
	is_u64(events(&h), C_OOM, "out of memory");
	ok(drv_group_stop(d, &h.c->g, S_SUSPEND), "suspended before the answer");
	drv_cs_ack(d, 0, 0, ~0u);
	ok(drv_group_resume(d, &h.c->g, 0), "and resumed");
	drv_run(d, 1 * MS);
	is_u64(events(&h), C_OOM, "it asks again");
	answer(&h, NAME(2));
	is_u64(reg(h.c, 20), 1, "and goes on");
	is_u64(data64(h.c, DESC + 16), CHUNK(2) + 128, "having taken it once");
	cs_delete(h.c);
}

/* The handler may have more under way than the queue holds beside its cause */
static void test_busy_handler(void)
{
	struct heap h;
	struct result r;

	heap_new(&h, 1);
	for (unsigned int i = 0; i < 40; i++)
		PUT_CODE(h.c, 0x100 + i * 8, I_LOAD(50, 10, 1, i * 4));
	RUN(h.c, BEGIN, I_MOVE(6, CODE + 0x100), I_MOVE32(8, 40 * 8),
	    I_HANDLER(6, 8), I_MOVE(10, DATA), TILE(3 * CHUNK_ROOM), I_WAIT(2));
	answer(&h, 0);
	is_u64(events(&h), C_OOM, "40 loads later the heap is looked at again");
	answer(&h, 0);
	r = result(h.c);
	ok(r.events == C_FAULT && r.fault == EXC_OOM, "and is as empty as before");
	cs_delete(h.c);
}

/* A handler that faults is over: its cause is not held back any more. */
static void test_faulting_handler(void)
{
	struct heap h;
	struct result r;

	heap_new(&h, 1);
	PUT_CODE(h.c, 0x100, I_RUN_FRAGMENT);
	RUN(h.c, BEGIN, I_MOVE(6, CODE + 0x100), I_MOVE32(8, 8), I_HANDLER(6, 8),
	    TILE(3 * CHUNK_ROOM));
	answer(&h, 0);
	r = result(h.c);
	ok(r.events == C_FAULT && r.fault == EXC_ENDPOINT, "a handler that faults");
	acknowledge(h.c, &r);
	is_u64(events(&h), C_OOM, "its operation goes on, with nothing behind it in the ring");
	answer(&h, 0);
	is_u64(result(h.c).fault, EXC_OOM, "and ends in a fault");
	cs_delete(h.c);
}

/*
 * What a suspend buffer has around a handler, from whose address, length and depth the others
 * are counted: each as it cannot be. A handler that runs in a buffer which is not called
 * would never end.
 */
static void test_suspended_fields(void)
{
	static const struct {
		const char *name;
		int at;
		uint32_t val;
	} bad[] = {
		{ "calls", -32, 9 },
		{ "entry of endpoints", -20, 8 },
		{ "entry of others", -20, 8 << 8 },
		{ "misaligned heap", -16, 4 },
		{ "misaligned handler", 0, CODE + 0x104 },
		{ "length of the handler", 8, 0x7c },
		{ "depth of the handler", 12, 1 },
		{ "work under way", 20, 17 },
	};
	uint64_t at, buf;
	struct driver *d;
	struct heap h;

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		heap_new(&h, 1);
		d = &h.c->d;
		buf = h.c->g.suspend_pa;
		RUN(h.c, BEGIN, I_MOVE(6, CODE + 0x100), I_MOVE32(8, 0x78), I_HANDLER(6, 8),
		    I_MOVE(6, 0));
		drv_group_stop(d, &h.c->g, S_SUSPEND);
		for (at = buf; mem64(d, at) != CODE + 0x100 || mem32(d, at + 8) != 0x78; at += 8)
			;
		put32(d, at + bad[i].at, bad[i].val);
		drv_group_resume(d, &h.c->g, 0);
		drv_run(d, 1 * MS);
		ok(result(h.c).events == C_FATAL && result(h.c).fatal == EXC_CONFIG,
		   "a suspend buffer with a wrong %s", bad[i].name);
		cs_delete(h.c);
	}
}

/* More than a chunk is missing: each is asked for, and the handler may run for each. */
static void test_grow_twice(void)
{
	struct heap h;

	heap_new(&h, 1);
	RUN(h.c, BEGIN, TILE(3 * CHUNK_ROOM), I_WAIT(2), I_ADD32(20, 20, 1));
	is_u64(events(&h), C_OOM, "two chunks are missing");
	answer(&h, NAME(2));
	is_u64(events(&h), C_OOM, "with one the other is asked for");
	answer(&h, NAME(3));
	ok(!events(&h) && reg(h.c, 20) == 1, "with both it ends");
	cs_delete(h.c);

	heap_new(&h, 2);
	PUT_CODE(h.c, 0x100, I_ADD32(21, 21, 1), I_WAIT(2), I_MOVE(10, TILER),
		 I_LOAD(12, 10, 0xf, 40), I_WAIT(1),
		 I_FINISH_FRAGMENT(12, 14, 0), I_MOVE(16, 0),
		 I_STORE(16, 10, 3, 40), I_STORE(16, 10, 3, 48), I_WAIT(1));
	RUN(h.c, BEGIN, I_MOVE(6, CODE + 0x100), I_MOVE32(8, 10 * 8), I_HANDLER(6, 8),
	    TILE(6 * CHUNK_ROOM), I_WAIT(2), I_ADD32(20, 20, 1));
	for (unsigned int i = 0; i < 8 && events(&h) == C_OOM; i++)
		answer(&h, 0);
	ok(!events(&h) && reg(h.c, 20) == 1 && reg(h.c, 21) > 1,
	   "a handler that frees chunks runs as often as it is needed");
	cs_delete(h.c);
}

/* Of operations that nobody waits for, each takes its own. */
static void test_one_after_another(void)
{
	struct result r;
	struct heap h;

	heap_new(&h, 1);
	RUN(h.c, BEGIN, TILE(1024), TILE(64), I_WAIT(2));
	is_u64(data64(h.c, DESC + 16), CHUNK(0) + 64 + 1024 + 64, "two in a row");
	RUN(h.c, I_FINISH_TILING | 1ull << 32, I_PROGRESS_LOAD(60));
	is_u64(reg(h.c, 60), 1, "the end of a pass counts as progress");
	cs_delete(h.c);

	heap_new(&h, 1);
	PUT_CODE(h.c, 0x100, I_RUN_TILING);
	RUN(h.c, BEGIN, I_MOVE(6, CODE + 0x100), I_MOVE32(8, 8), I_HANDLER(6, 8),
	    TILE(3 * CHUNK_ROOM), I_WAIT(2));
	answer(&h, 0);
	r = result(h.c);
	is_fatal(&r, EXC_INVALID, I_RUN_TILING, "one in its own handler");
	cs_delete(h.c);

	/* A counter of passes is memory that a stream may wait for */
	heap_new(&h, 1);
	drv_submit(&h.c->d, &h.c->g, 1, I_MOVE(4, HEAP), I_MOVE(6, 0),
		   I_WAIT_SYNC32(GT, 4, 6, 1));
	drv_run(&h.c->d, 100 * US);
	RUN(h.c, I_MOVE(4, HEAP), I_HEAP_SET(4), I_HEAP_OP(VT_START));
	is_u64(drv_extract(&h.c->d, &h.c->g.q[1]), 24, "who waits for a pass sees it begin");
	cs_delete(h.c);
}

/* An operation goes on while its stream waits for another one, and so does its handler. */
static void test_beside_a_wait(void)
{
	struct heap h;

	heap_new(&h, 3);
	/* By themselves: the count of a pass would wake the stream */
	RUN(h.c, BEGIN);
	RUN(h.c, TILE(2 * CHUNK_ROOM + 160), I_MOVE(4, 1), I_PROGRESS_WAIT(1, 4));
	is_u64(data64(h.c, DESC + 8), NAME(0), "three chunks are taken beside a wait");
	cs_delete(h.c);

	heap_new(&h, 1);
	PUT_CODE(h.c, 0x100, I_MOVE(10, DATA), I_ADD32(21, 21, 1), I_STORE(21, 10, 1, 0),
		 I_WAIT(1));
	RUN(h.c, BEGIN, I_MOVE(6, CODE + 0x100), I_MOVE32(8, 4 * 8), I_HANDLER(6, 8),
	    TILE(3 * CHUNK_ROOM), I_MOVE(4, 1), I_PROGRESS_WAIT(1, 4), I_ADD32(20, 20, 1));
	is_u64(events(&h), C_OOM, "one is asked for beside a wait");
	answer(&h, 0);
	is_u64(data32(h.c, DATA), 1, "and the handler runs");
	is_u64(result(h.c).extract, 12 * 8, "the stream waits again");
	cs_delete(h.c);
}

/* Eight buffers are called: there is no room for a handler. */
static void test_deep_handler(void)
{
	struct result r;
	struct heap h;

	heap_new(&h, 1);
	for (unsigned int n = 0; n < 7; n++)
		PUT_CODE(h.c, n * 0x100, CALL_CODE((n + 1) * 0x100, 5));
	PUT_CODE(h.c, 7 * 0x100, TILE(3 * CHUNK_ROOM), I_WAIT(2));
	PUT_CODE(h.c, 0x1000, I_ADD32(21, 21, 1));
	RUN(h.c, BEGIN, I_MOVE(6, CODE + 0x1000), I_MOVE32(8, 8), I_HANDLER(6, 8),
	    CALL_CODE(0, 3));
	is_u64(events(&h), C_OOM, "out of memory in the eighth call");
	answer(&h, 0);
	r = result(h.c);
	ok(r.events == C_FAULT && r.fault == EXC_OOM, "no handler runs in a ninth");
	cs_delete(h.c);
}

/* An operation belongs to the heap that was set when it was issued */
static void test_other_heap(void)
{
	struct heap h;
	struct driver *d;

	heap_new(&h, 1);
	d = &h.c->d;
	RUN(h.c, BEGIN, TILE(CHUNK_ROOM + 64), I_MOVE(4, HEAP + 0x40),
	    I_HEAP_SET(4), I_WAIT(2));
	is_u64(mem64(d, d->cs_out[0][0] + CO_HEAP_ADDR), HEAP,
	       "another HEAP_SET does not redirect what is under way");
	cs_delete(h.c);
}

/* What is no answer: an acknowledgment of what was not sent, one of the stream before */
static void test_no_answer(void)
{
	struct driver *d;
	uint64_t req;
	struct heap h;

	heap_new(&h, 1);
	d = &h.c->d;
	req = d->cs_in[0][0] + 0;
	put32(d, req, mem32(d, req) ^ C_OOM);
	RUN(h.c, BEGIN, TILE(CHUNK_ROOM + 64), I_WAIT(2));
	put32(d, req, mem32(d, req) ^ C_OOM);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	is_u64(events(&h), C_OOM, "an event that could not be sent before is sent");
	answer(&h, NAME(2));
	ok(!events(&h) && data64(h.c, DESC + 8) == NAME(2), "and its answer is waited for");
	cs_delete(h.c);

	heap_new(&h, 1);
	d = &h.c->d;
	req = d->cs_in[0][0] + 0;
	RUN(h.c, BEGIN, TILE(CHUNK_ROOM + 64), I_WAIT(2));
	is_u64(events(&h), C_OOM, "a stream that asks");
	put32(d, req, mem32(d, req) & ~7u);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	put64(d, h.c->g.q[0].io_pa + 8, h.c->g.q[0].insert);
	put32(d, req, mem32(d, req) | 1);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	RUN(h.c, BEGIN, TILE(CHUNK_ROOM + 64), I_WAIT(2));
	is_u64(events(&h), C_OOM, "the one that starts in its place asks for itself");
	cs_delete(h.c);
}

/* Panthor does not acknowledge the event of a group that left its slot */
static void test_forgotten(void)
{
	struct heap h;
	struct driver *d;

	heap_new(&h, 1);
	d = &h.c->d;
	RUN(h.c, BEGIN, TILE(CHUNK_ROOM + 64), I_WAIT(2));
	ok(drv_group_stop(d, &h.c->g, S_SUSPEND), "suspended, not acknowledged");
	is_u64(events(&h), C_OOM, "the event is still there");
	ok(drv_group_resume(d, &h.c->g, 0), "resumed");
	drv_run(d, 1 * MS);
	is_u64(events(&h), C_OOM, "a new event was sent");
	answer(&h, NAME(2));
	ok(!events(&h), "and can be answered");
	is_u64(data64(h.c, DESC + 16), CHUNK(2) + 128, "the operation ends");
	cs_delete(h.c);
}

/* Two operations for two scoreboard entries: the second begins when the first is over */
static void test_two_entries(void)
{
	struct heap h;

	heap_new(&h, 1);
	RUN(h.c, BEGIN, TILE(1024), I_SB_ENTRY(2, 0), TILE(64), I_WAIT(6));
	is_u64(data64(h.c, DESC + 16), CHUNK(0) + 64 + 1088,
	       "an operation beside another one takes what it needs, and so does that one");
	cs_delete(h.c);
}

/* A stream that was given a chunk and did not come to take it; what starts next gets none */
static void test_unused_answer(void)
{
	struct driver *d;
	struct heap h;
	uint64_t req;

	heap_new(&h, 1);
	d = &h.c->d;
	req = d->cs_in[0][0];
	RUN(h.c, BEGIN, TILE(CHUNK_ROOM + 64), I_WAIT(2));
	is_u64(events(&h), C_OOM, "a stream that asks for a chunk");
	drv_as_lock(d, 1, DESC, 15);
	answer(&h, NAME(2));
	put32(d, req, mem32(d, req) & ~7u);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	drv_as_cmd(d, 1, AS_UNLOCK);
	put64(d, h.c->g.q[0].io_pa + 8, h.c->g.q[0].insert);
	put32(d, req, mem32(d, req) | 1);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	RUN(h.c, BEGIN, TILE(CHUNK_ROOM + 64), I_WAIT(2));
	is_u64(events(&h), C_OOM, "the one in its place asks, whatever that one was given");
	is_u64(data64(h.c, DESC + 8), CHUNK(0), "and has taken nothing");
	cs_delete(h.c);
}

/* What the driver answers is not lost where it could not be used at once. */
static void test_late_use(void)
{
	static const uint64_t desc = 0x70000000;
	struct driver *d;
	struct heap h;
	uint64_t pa;

	heap_new(&h, 1);
	d = &h.c->d;
	pa = drv_map(d, 1, desc, 1, SIM_RW);
	set64(h.c, TILER + 24, desc);
	put_desc(d, pa, CHUNK(0) + 64);
	RUN(h.c, BEGIN, TILE(CHUNK_ROOM + 64), I_WAIT(2));
	is_u64(events(&h), C_OOM, "a chunk is asked for");
	drv_as_lock(d, 1, desc, 15);
	sim_pt_map_one(&d->sim, d->root[1], desc, pa, 3, SIM_RO);
	drv_as_cmd(d, 1, AS_UNLOCK);
	answer(&h, NAME(2));
	is_u64(rd64(d, AS_REG(1, AS_FAULTADDR)), desc + 8, "and can not be noted down");
	wr32(d, MMU_INT + CLEAR, ~0u);
	drv_as_lock(d, 1, desc, 15);
	sim_pt_map_one(&d->sim, d->root[1], desc, pa, 3, SIM_RW);
	drv_as_cmd(d, 1, AS_UNLOCK);
	drv_run(d, 1 * MS);
	ok(!events(&h) && mem64(d, pa + 8) == NAME(2), "it is when it can, and not asked for again");
	cs_delete(h.c);
}

/* A word that cannot be written: of all that belongs to a change nothing is */
static void test_whole_changes(void)
{
	static const uint64_t page = 0x70000000;
	struct driver *d;
	uint64_t pa, list;
	struct heap h;

	/* The free list is in the next page, which is read-only */
	heap_new(&h, 1);
	d = &h.c->d;
	drv_map(d, 1, page, 1, SIM_RW);
	pa = drv_map(d, 1, page + 4096, 1, SIM_RO);
	put64(d, pa, 0x1234000 | 2);
	RUN(h.c, I_MOVE(4, page + 4096 - 16), I_HEAP_SET(4), I_MOVE(10, NAME(1)),
	    I_MOVE(12, NAME(1)), I_FINISH_FRAGMENT(10, 12, 1));
	is_u64(rd64(d, AS_REG(1, AS_FAULTADDR)), page + 4096, "a list that cannot be written");
	is_u64(next_of(&h, 1), 0, "no chunk is linked to it");
	cs_delete(h.c);

	/* The counter is */
	heap_new(&h, 1);
	d = &h.c->d;
	pa = drv_map(d, 1, page, 1, SIM_RO);
	drv_map(d, 1, page + 4096, 1, SIM_RW);
	RUN(h.c, I_MOVE(4, page + 4096 - 16), I_HEAP_SET(4), I_MOVE(10, NAME(1)),
	    I_MOVE(12, NAME(1)), I_FINISH_FRAGMENT(10, 12, 1));
	is_u64(rd64(d, AS_REG(1, AS_FAULTADDR)), page + 4096 - 8,
	       "a counter that cannot be written");
	is_u64(next_of(&h, 1), 0, "nor then");
	cs_delete(h.c);

	/* Each word of the descriptor, of which one is in two pages */
	for (unsigned int at = 8; at <= 28; at += 4) {
		uint64_t desc = page + 4096 - at, old;

		heap_new(&h, 1);
		d = &h.c->d;
		pa = drv_map(d, 1, page, 2, SIM_RW);
		set64(h.c, TILER + 24, desc);
		put_desc(d, pa + desc - page, CHUNK(0) + CHUNK_PAGES * 4096);
		old = mem64(d, pa + desc + 8 - page);
		set64(h.c, HEAP + 16, NAME(3));
		sim_pt_map_one(&d->sim, d->root[1], page + 4096, pa + 4096, 3, SIM_RO);
		RUN(h.c, BEGIN, TILE(64), I_WAIT(2));
		is_u64(rd64(d, AS_REG(1, AS_FAULTADDR)), page + 4096,
		       "%u bytes of a descriptor can be written", at);
		ok(mem64(d, pa + desc + 8 - page) == old && data64(h.c, HEAP + 16) == NAME(3) &&
		   !data64(h.c, TILER + 40), "none is, and no chunk taken");
		cs_delete(h.c);
	}

	/* The list of full chunks, whose two ends are in two pages */
	heap_new(&h, 1);
	d = &h.c->d;
	list = drv_map(d, 1, page, 1, SIM_RW) + 4096 - 48;
	put64(d, list + 24, DESC);
	drv_map(d, 1, page + 4096, 1, SIM_RO);
	set64(h.c, HEAP + 16, NAME(3));
	RUN(h.c, BEGIN, I_MOVE32(33, (CHUNK_ROOM + 64) / 16), I_MOVE32(34, 1),
	    I_MOVE(40, page + 4096 - 48), I_RUN_TILING, I_WAIT(2));
	is_u64(rd64(d, AS_REG(1, AS_FAULTADDR)), page + 4096, "an end that cannot be written");
	ok(!mem64(d, list + 40) && data64(h.c, DESC + 8) == CHUNK(0) &&
	   data64(h.c, HEAP + 16) == NAME(3), "no chunk is taken then, nor is one full");
	cs_delete(h.c);
}

static void test_nonsense(void)
{
	struct heap h;
	struct result r;

	heap_new(&h, 1);
	/* A free list that bites its tail: endless memory, but no endless loop */
	put64(&h.c->d, h.pa[3], NAME(3));
	set64(h.c, HEAP + 16, NAME(3));
	RUN(h.c, BEGIN, I_MOVE32(33, -1), I_MOVE32(34, -1), I_MOVE(40, TILER),
	    I_RUN_TILING, I_WAIT(2));
	drv_run(&h.c->d, 5 * MS);
	is_u64(result(h.c).extract, 8 * 8, "an operation without an end is not over");
	ok(drv_group_stop(&h.c->d, &h.c->g, S_TERMINATE),
	   "an operation without an end can be terminated");
	fresh(h.c);
	r = RUN(h.c, I_MOVE(4, HEAP + 4), I_HEAP_SET(4), I_HEAP_OP(VT_START));
	is_fatal(&r, EXC_BUS, HEAP + 4, "a misaligned heap");
	fresh(h.c);
	r = RUN(h.c, BEGIN, I_MOVE32(33, 1), I_MOVE32(34, 1),
		I_MOVE(40, TILER + 2), I_RUN_TILING);
	is_fatal(&r, EXC_BUS, TILER + 2, "a misaligned tiler context");
	fresh(h.c);
	r = RUN(h.c, I_MOVE(6, CODE + 4), I_MOVE32(8, 8), I_HANDLER(6, 8));
	is_fatal(&r, EXC_INVALID, I_HANDLER(6, 8), "a misaligned handler");
	fresh(h.c);
	r = RUN(h.c, I_MOVE(6, CODE), I_MOVE32(8, 12), I_HANDLER(6, 8));
	is_fatal(&r, EXC_INVALID, I_HANDLER(6, 8), "one of one and a half instructions");
	fresh(h.c);
	set64(h.c, TILER + 24, HOLE);
	RUN(h.c, BEGIN, TILE(64), I_WAIT(2));
	is_u64(rd64(&h.c->d, AS_REG(1, AS_FAULTADDR)), HOLE + 8,
	       "a descriptor that is nowhere: a fault");
	cs_delete(h.c);
}

int main(void)
{
	test_inside_a_chunk();
	test_initial_chunks();
	test_grow();
	test_refused();
	test_late_fault();
	test_handler();
	test_finish();
	test_suspended();
	test_no_answer();
	test_forgotten();
	test_two_entries();
	test_unused_answer();
	test_late_use();
	test_whole_changes();
	test_busy_handler();
	test_faulting_handler();
	test_suspended_fields();
	test_grow_twice();
	test_one_after_another();
	test_beside_a_wait();
	test_deep_handler();
	test_other_heap();
	test_nonsense();
	return done_testing();
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random binds; see world.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "world.h"

/* In KiB. Three are larger than all memory */
static const struct {
	uint32_t size;
	bool resident;
} shapes[NUM_BUFS] = {
	{ 65536, true }, { 2412, true }, { 8192, false }, { 262144, true },
};

/* In KiB: of the first two the page tables may have blocks of 2 MiB */
static const uint32_t sizes[NUM_MEMS] = { 4096, 8192, 1024, 204 };

static const char *const gate_names[NUM_GATES] = {
	"no gate", "the host", "a binary semaphore", "a timeline",
};

uint64_t below(struct world *w, uint64_t n)
{
	return chance(&w->random) % n;
}

bool wrong(struct world *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!w->wrong[0])
		vsnprintf(w->wrong, sizeof(w->wrong), fmt, ap);
	va_end(ap);
	return false;
}

/* --- Begin and end -------------------------------------------------------- */

/* Without residency each block has memory before anything is looked at */
static void bind_all(struct world *w, struct buf *b)
{
	VkSparseMemoryBind binds[2];
	uint32_t half = b->now.blocks / 2;

	must(half <= w->mem[0].pages && half <= w->mem[1].pages);
	for (unsigned int i = 0; i < 2; i++) {
		binds[i] = bind_blocks(i * half, half, w->mem[i].memory, 0);
		residency_bind(&b->now, i * half, half, i, 0);
	}
	bind_now(&w->vk, b->buffer, binds, 2);
}

void world_open(struct world *w)
{
	uint32_t number = 0, n;

	memset(w, 0, sizeof(*w));
	w->random = options.seed * 0x9e3779b97f4a7c15ull | 1;
	vk_open(&w->vk);
	must(w->vk.sparse >= 0 && w->vk.features.sparseResidencyBuffer);
	must(w->vk.family[w->vk.main].count > 1);
	blocks_of_driver(&w->vk);
	touch_make(&w->vk, &w->touch);
	touch_make(&w->vk, &w->spin);
	for (unsigned int i = 0; i < NUM_MEMS; i++) {
		n = sizes[i] * 1024 / BLOCK;
		mem_make(&w->vk, &w->mem[i], n, number);
		number += n;
	}
	for (unsigned int i = 0; i < NUM_BUFS; i++) {
		n = shapes[i].size * 1024 / BLOCK;
		buf_make(&w->vk, &w->touch, &w->buf[i], n, shapes[i].resident);
		residency_make(&w->before[i], n);
		w->taken[i] = calloc(n, sizeof(bool));
		must(w->taken[i]);
		if (!shapes[i].resident)
			bind_all(w, &w->buf[i]);
	}
	w->line = vk_timeline(&w->vk, 0);
	w->gate_sem = vk_timeline(&w->vk, 0);
	w->binary = vk_semaphore(&w->vk);
	w->unbind = options.unbind == UNBIND_ASK ? unbind_ask(&w->vk, &w->touch) :
						   options.unbind;
}

void world_close(struct world *w)
{
	vk_need(vkDeviceWaitIdle(w->vk.dev));
	for (unsigned int i = 0; i < NUM_BUFS; i++) {
		buf_free(&w->vk, &w->buf[i]);
		residency_free(&w->before[i]);
		free(w->taken[i]);
	}
	for (unsigned int i = 0; i < NUM_MEMS; i++)
		mem_free(&w->vk, &w->mem[i]);
	touch_free(&w->vk, &w->touch);
	touch_free(&w->vk, &w->spin);
	vkDestroySemaphore(w->vk.dev, w->line, NULL);
	vkDestroySemaphore(w->vk.dev, w->gate_sem, NULL);
	vkDestroySemaphore(w->vk.dev, w->binary, NULL);
	vk_close(&w->vk);
}

/* --- Drawing -------------------------------------------------------------- */

/* A block, a tile, some of either, and 2 MiB, which can be a block of the page table's */
static uint32_t draw_count(struct world *w)
{
	switch (below(w, 8)) {
	case 0: return 2 * MIB / BLOCK;
	case 1: return 1 + below(w, 5 * MIB / 2 / BLOCK);
	case 2: return (1 + below(w, 8)) * TILE / BLOCK;
	case 3: return 2 + below(w, 4);
	case 4: return 1;
	default: return TILE / BLOCK;
	}
}

/* Some blocks are drawn more often than others: those are bound again and again */
static uint32_t draw_first(struct world *w, uint32_t blocks, uint32_t count)
{
	uint32_t first = below(w, blocks - count + 1);

	/* A power of two is where it is aligned */
	if (!(count & (count - 1)) && below(w, 8))
		first -= first % count;
	return below(w, 2) ? first : first % NEAR % (blocks - count + 1);
}

static bool take(struct world *w, unsigned int buf, uint32_t first, uint32_t count)
{
	bool *taken = w->taken[buf] + first;

	if (memchr(taken, true, count))
		return false;
	memset(taken, true, count);
	return true;
}

static bool draw_bind(struct world *w, struct bind *b)
{
	const struct buf *buf;
	uint32_t most;

	b->buf = below(w, NUM_BUFS);
	buf = &w->buf[b->buf];
	b->memory = buf->resident && !below(w, 4) ? UNBOUND : (int)below(w, NUM_MEMS);
	most = b->memory == UNBOUND ? buf->now.blocks : w->mem[b->memory].pages;
	most = most < buf->now.blocks ? most : buf->now.blocks;
	b->count = draw_count(w);
	b->count = b->count < most ? b->count : most;
	b->first = draw_first(w, buf->now.blocks, b->count);
	b->page = b->memory == UNBOUND ? 0 :
		  draw_first(w, w->mem[b->memory].pages, b->count);
	/* A driver that does more, or other, than it is told leaves the order open again */
	if (b->memory == UNBOUND && w->unbind != UNBIND_SPEC && !w->chained)
		return false;
	return take(w, b->buf, b->first, b->count);
}

static void forget_taken(struct world *w)
{
	for (unsigned int i = 0; i < NUM_BUFS; i++)
		memset(w->taken[i], 0, w->buf[i].now.blocks);
}

/* --- Handing over --------------------------------------------------------- */

/* The batches of one call, with all that their structures point to */
struct call {
	unsigned int batches;
	VkBindSparseInfo info[MAX_BATCHES];
	VkTimelineSemaphoreSubmitInfo values[MAX_BATCHES];
	VkSparseBufferMemoryBindInfo buffers[MAX_BATCHES][NUM_BUFS];
	VkSparseMemoryBind binds[MAX_BATCHES][NUM_BUFS][MAX_BINDS];
	VkSemaphore waits[MAX_BATCHES][2];
	uint64_t wait_values[MAX_BATCHES][2];
	uint64_t signal_values[MAX_BATCHES];
};

static void do_to_model(struct world *w, const struct bind *b)
{
	struct buf *buf = &w->buf[b->buf];

	if (b->memory == UNBOUND)
		unbind_model(buf, &buf->now, b->first, b->count, w->unbind);
	else
		residency_bind(&buf->now, b->first, b->count, b->memory, b->page);
}

static void remember(struct world *w, unsigned int call, unsigned int batch, enum gate gate,
		     const struct bind *b)
{
	w->past[w->pasts++ % HISTORY] = (struct past){
		w->tally.rounds, call, batch, gate, *b };
	w->tally.binds++;
	w->tally.unbinds += b->memory == UNBOUND;
}

/* Random binds of batch @i, by buffer as Vulkan wants them */
static void draw_batch(struct world *w, struct call *c, unsigned int call, unsigned int i,
		       enum gate gate)
{
	unsigned int n = 1 + below(w, MAX_BINDS), count[NUM_BUFS] = { 0 };
	struct bind b;

	if (w->chained)
		forget_taken(w);
	while (n--) {
		if (!draw_bind(w, &b))
			continue;
		c->binds[i][b.buf][count[b.buf]++] =
			bind_blocks(b.first, b.count, b.memory == UNBOUND ?
				    VK_NULL_HANDLE : w->mem[b.memory].memory, b.page);
		do_to_model(w, &b);
		remember(w, call, i, gate, &b);
	}
	for (unsigned int buf = 0; buf < NUM_BUFS; buf++)
		if (count[buf])
			c->buffers[i][c->info[i].bufferBindCount++] =
				(VkSparseBufferMemoryBindInfo){
					w->buf[buf].buffer, count[buf], c->binds[i][buf] };
}

static void wait_for(struct call *c, unsigned int i, VkSemaphore sem, uint64_t value)
{
	unsigned int n = c->info[i].waitSemaphoreCount++;

	c->waits[i][n] = sem;
	c->wait_values[i][n] = value;
}

static void gate_waits(struct world *w, struct call *c, enum gate gate)
{
	if (gate == GATE_BINARY)
		wait_for(c, 0, w->binary, 0);
	else if (gate != GATE_NONE)
		wait_for(c, 0, w->gate_sem, w->gate_point);
}

static void start_batch(struct world *w, struct call *c, unsigned int i)
{
	c->values[i] = (VkTimelineSemaphoreSubmitInfo){
		.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
		.pWaitSemaphoreValues = c->wait_values[i],
		.pSignalSemaphoreValues = &c->signal_values[i],
	};
	c->info[i] = (VkBindSparseInfo){
		.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
		.pNext = &c->values[i],
		.pWaitSemaphores = c->waits[i],
		.pBufferBinds = c->buffers[i],
		.pSignalSemaphores = &w->line,
	};
}

/* One call of vkQueueBindSparse; the first of a round waits for its gate */
static VkResult draw_call(struct world *w, unsigned int call, enum gate gate)
{
	static struct call c;

	c.batches = 1 + below(w, MAX_BATCHES);
	for (unsigned int i = 0; i < c.batches; i++) {
		start_batch(w, &c, i);
		if (!i && !call)
			gate_waits(w, &c, gate);
		else if (w->chained || !i)
			wait_for(&c, i, w->line, w->point);
		draw_batch(w, &c, call, i, gate);
		if (w->chained || i == c.batches - 1) {
			c.signal_values[i] = ++w->point;
			c.info[i].signalSemaphoreCount = 1;
		}
		c.values[i].waitSemaphoreValueCount = c.info[i].waitSemaphoreCount;
		c.values[i].signalSemaphoreValueCount = c.info[i].signalSemaphoreCount;
	}
	w->tally.batches += c.batches;
	w->tally.calls++;
	return vkQueueBindSparse(bind_queue(&w->vk), c.batches, c.info, VK_NULL_HANDLE);
}

/* --- Rounds --------------------------------------------------------------- */

static enum gate draw_gate(struct world *w)
{
	static const enum gate often[] = {
		GATE_NONE, GATE_NONE, GATE_NONE, GATE_NONE, GATE_HOST, GATE_HOST,
		GATE_BINARY, GATE_TIMELINE,
	};

	return often[below(w, ARRAY_SIZE(often))];
}

static void close_gate(struct world *w, enum gate gate)
{
	VkQueue other = w->vk.family[w->vk.main].queue[1];

	if (gate == GATE_HOST || gate == GATE_TIMELINE)
		w->gate_point++;
	if (gate == GATE_BINARY)
		spin_start(&w->spin, other, w->binary, 0);
	if (gate == GATE_TIMELINE)
		spin_start(&w->spin, other, w->gate_sem, w->gate_point);
}

static void open_gate(struct world *w, enum gate gate)
{
	if (gate == GATE_HOST)
		vk_need(vk_signal(&w->vk, w->gate_sem, w->gate_point));
	else if (gate != GATE_NONE)
		spin_end(&w->spin);
}

/* As long as the gate is closed, nothing has changed */
static bool look_before(struct world *w)
{
	const struct residency *map[NUM_BUFS];

	for (unsigned int i = 0; i < NUM_BUFS; i++)
		map[i] = &w->before[i];
	if (!world_look(w, map, 0))
		return false;
	if (vk_counter(&w->vk, w->line) == w->point)
		return wrong(w, "binds were done before their gate opened");
	return true;
}

static bool look_behind(struct world *w)
{
	const struct residency *map[NUM_BUFS];

	for (unsigned int i = 0; i < NUM_BUFS; i++)
		map[i] = &w->buf[i].now;
	/* Without a chain the last batch says nothing of those before it */
	if (w->chained)
		return world_look(w, map, w->point);
	vk_need(vkQueueWaitIdle(bind_queue(&w->vk)));
	return world_look(w, map, 0);
}

bool world_round(struct world *w)
{
	unsigned int calls = 1 + below(w, MAX_CALLS);
	enum gate gate = draw_gate(w);
	bool good = true;
	VkResult res;

	w->chained = below(w, 4);
	forget_taken(w);
	for (unsigned int i = 0; i < NUM_BUFS; i++)
		residency_copy(&w->before[i], &w->buf[i].now);
	close_gate(w, gate);
	for (unsigned int i = 0; i < calls; i++) {
		res = draw_call(w, i, gate);
		if (res != VK_SUCCESS)
			return wrong(w, "vkQueueBindSparse gives %d", res);
	}
	if (gate != GATE_NONE && w->chained)
		good = look_before(w);
	open_gate(w, gate);
	w->tally.gates[gate]++;
	w->tally.rounds++;
	good = good && look_behind(w);
	if (gate == GATE_BINARY || gate == GATE_TIMELINE)
		vk_need(vkQueueWaitIdle(w->vk.family[w->vk.main].queue[1]));
	if (w->spin.seen[1])
		return wrong(w, "the shader that is the gate gave up");
	return good;
}

bool world_compare(struct world *w)
{
	uint64_t at;

	for (unsigned int i = 0; i < NUM_MEMS; i++)
		if (!mem_good(&w->mem[i], &at))
			return wrong(w, "memory %u, page %llu, word %llu is %#x, should be %#x",
				     i, (unsigned long long)(at / BLOCK_WORDS),
				     (unsigned long long)(at % BLOCK_WORDS),
				     w->mem[i].map[at], w->mem[i].want[at]);
	return true;
}

/* --- Report --------------------------------------------------------------- */

static void tell_past(const struct past *p)
{
	const struct bind *b = &p->bind;
	char what[60];

	if (b->memory == UNBOUND)
		snprintf(what, sizeof(what), "unbound");
	else
		snprintf(what, sizeof(what), "memory %d, pages from %u on", b->memory, b->page);
	note("round %lu, behind %s, call %u, batch %u: buffer %u, blocks %u to %u: %s",
	     p->round, gate_names[p->gate], p->call, p->batch, b->buf, b->first,
	     b->first + b->count - 1, what);
}

void world_tell(const struct world *w)
{
	unsigned long from = w->pasts > HISTORY ? w->pasts - HISTORY : 0;

	note("seed %llu; the last operations:", (unsigned long long)options.seed);
	for (unsigned long i = from; i < w->pasts; i++)
		tell_past(&w->past[i % HISTORY]);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine of the fuzzer; see machine.h. It looks into the blocks of the model,
 * which no other test does, to copy them and to check what they say of themselves.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_state.h"
#include "csf/mcu.h"
#include "gpu/gpu_state.h"
#include "machine.h"
#include "mali_blocks.h"

#define RAM_PAGES	1024u
/* No step of an input may need more: else the model does not let time pass */
#define MAX_STEPS	16u

/* The model's state, block by block */
struct snapshot {
	struct mali_base base;
	struct mali_mmu mmu;
	struct mali_gpu gpu;
	struct mali_csf csf;
};

static struct snapshot *snapshot[NUM_STARTS];
static struct sim sim_snapshot[NUM_STARTS];
static struct group group_snapshot[NUM_GROUPS];

/*
 * Guest memory: the snapshot's pages, and which of them were written since.
 * All starts share one content of memory, that of START_GROUPS.
 */
static uint8_t (*saved)[SIM_PAGE_SIZE];
static bool dirty[RAM_PAGES];
static uint16_t dirty_list[RAM_PAGES];
static unsigned int num_dirty;

static void die(const char *what, uint64_t a, uint64_t b)
{
	fprintf(stderr, "the model contradicts itself: %s (0x%" PRIx64 ", 0x%"
		PRIx64 ")\n", what, a, b);
	abort();
}

/* --- Guest memory with dirty pages ---------------------------------------- */

static void mark_dirty(struct sim *s, uint64_t pa, size_t len)
{
	uint64_t first = (pa - s->ram_base) / SIM_PAGE_SIZE;
	uint64_t last = (pa + len - 1 - s->ram_base) / SIM_PAGE_SIZE;

	if (pa < s->ram_base || !len)
		return;
	for (uint64_t i = first; i <= last && i < RAM_PAGES; i++) {
		if (dirty[i])
			continue;
		dirty[i] = true;
		dirty_list[num_dirty++] = i;
	}
}

static int fuzz_mem_write(void *host, uint64_t pa, const void *buf, size_t len)
{
	if (len > 4096)
		die("a write of more than a page", pa, len);
	mark_dirty(host, pa, len);
	return sim_ops.mem_write(host, pa, buf, len);
}

/* Written in place: whose page it is has to be found. */
static void fuzz_page_wrote(void *host, void *at, size_t len)
{
	uint8_t *page = (uint8_t *)((uintptr_t)at & ~(uintptr_t)(SIM_PAGE_SIZE - 1));
	struct sim *s = host;

	for (unsigned int i = 0; i < RAM_PAGES; i++)
		if (s->pages[i] == page) {
			mark_dirty(s, s->ram_base + (uint64_t)i * SIM_PAGE_SIZE, len);
			return;
		}
	die("a page that is none was written", (uintptr_t)at, len);
}

/* The text of an error is no concern here, but that there is one */
static void fuzz_guest_error(void *host, const char *msg)
{
	struct sim *s = host;

	if (!msg[0])
		die("an empty error message", 0, 0);
	s->errors++;
}

static void use_fuzz_ops(struct mali *m)
{
	m->base->ops.mem_write = fuzz_mem_write;
	m->base->ops.page_wrote = fuzz_page_wrote;
	m->base->ops.guest_error = fuzz_guest_error;
	base_update_mem(m->base);
}

void machine_poke(struct machine *m, uint64_t pa, const void *buf, size_t len)
{
	struct sim *s = &m->d.sim;

	if (pa < s->ram_base || pa + len > s->ram_base + s->ram_size)
		return;
	mark_dirty(s, pa, len);
	sim_write(s, pa, buf, len);
}

/* --- Boot and snapshots ---------------------------------------------------- */

static void region(struct machine *m, uint64_t pa, uint32_t size)
{
	if (m->num_regions == MAX_REGIONS)
		abort();
	m->region[m->num_regions++] = (struct region){ pa, size };
}

static void note_regions(struct machine *m)
{
	struct driver *d = &m->d;

	region(m, d->glb_in, 0x84);
	region(m, d->glb_out, 0x14);
	for (unsigned int i = 0; i < 3; i++) {
		region(m, d->csg_in[i], 0x58);
		region(m, d->csg_out[i], 0x20);
		for (unsigned int q = 0; q < NUM_QUEUES; q++) {
			region(m, d->cs_in[i][q], 0x48);
			region(m, d->cs_out[i][q], 0xd8);
		}
	}
	for (unsigned int i = 0; i < NUM_GROUPS; i++) {
		region(m, m->g[i].suspend_pa, 2 * sizeof(struct mali_cs_ctx));
		for (unsigned int q = 0; q < NUM_QUEUES; q++) {
			region(m, m->g[i].q[q].ring_pa, 0x100);
			region(m, m->g[i].q[q].io_pa, 0x10);
			region(m, m->g[i].q[q].io_pa + SIM_PAGE_SIZE, 0x10);
		}
	}
	for (unsigned int i = 0; i < DATA_PAGES; i++)
		region(m, m->data_pa[i], 0x100);
	for (unsigned int i = 0; i < HEAP_PAGES; i += 2)
		region(m, m->heap_pa[i], 0x40);
	region(m, d->root[0], 0x1000);
	region(m, d->root[1], 0x1000);
	region(m, d->sections[0].pa, 0x200);
	region(m, m->shader_pa, 0x200);
}

static void map_memory(struct machine *m)
{
	struct mali_translation t;

	drv_as_new(&m->d, 1);
	for (unsigned int i = 0; i < DATA_PAGES; i++)
		m->data_pa[i] = drv_map(&m->d, 1, DATA_VA + i * SIM_PAGE_SIZE,
					1, SIM_RW);
	for (unsigned int i = 0; i < HEAP_PAGES; i++)
		m->heap_pa[i] = drv_map(&m->d, 1, HEAP_VA + i * SIM_PAGE_SIZE,
					1, SIM_RW);
	m->shader_pa = drv_map(&m->d, 1, SHADER_VA, 1, SIM_RWX);
	/* The tables themselves: where most of what can go wrong goes wrong */
	if (mali_translate(m->d.m, 1, DATA_VA, &t))
		abort();
	for (unsigned int level = 1; level < 4; level++)
		region(m, t.tables[level], 0x1000);
}

/* A tiler context and heap descriptor, for RUN_TILING to find */
static void make_heap(struct machine *m)
{
	uint64_t pa = m->data_pa[0];

	put64(&m->d, pa + 0x200 + 24, DATA_VA + 0x300);
	put64(&m->d, pa + 0x300 + 8, HEAP_VA);
	put64(&m->d, pa + 0x300 + 16, HEAP_VA + 64);
	put64(&m->d, pa + 0x300 + 24, HEAP_VA + 0x2000);
	for (unsigned int i = 2; i < HEAP_PAGES; i += 2)
		put64(&m->d, m->heap_pa[i], 0);
}

/* Descriptors of a compute program in the page of its code, for RUN_COMPUTE to find */
static void make_shader(struct machine *m)
{
	uint64_t pa = m->shader_pa;

	put64(&m->d, pa + SHADER_SPD, 8 | 1 << 4 | 0x7f80ull << 32);
	put64(&m->d, pa + SHADER_SPD + 8, SHADER_VA);
	put64(&m->d, pa + SHADER_TSD, 2 | (2ull | 13 << 8) << 32);
	put64(&m->d, pa + SHADER_TSD + 8, DATA_VA + 0x4000);
	put64(&m->d, pa + SHADER_TSD + 16, DATA_VA + 0x5000);
	put64(&m->d, pa + SHADER_FAU, DATA_VA + 0x2000);
}

static void take(struct machine *m, enum start start)
{
	struct snapshot *to = malloc(sizeof(*to));

	if (!to)
		abort();
	to->base = *m->d.m->base;
	to->mmu = *m->d.m->mmu;
	to->gpu = *m->d.m->gpu;
	to->csf = *m->d.m->csf;
	snapshot[start] = to;
	sim_snapshot[start] = m->d.sim;
}

static void save_memory(struct machine *m)
{
	struct sim *s = &m->d.sim;

	if (s->next - s->ram_base > RAM_PAGES * SIM_PAGE_SIZE)
		abort();
	saved = malloc(RAM_PAGES * SIM_PAGE_SIZE);
	if (!saved)
		abort();
	for (unsigned int i = 0; i < RAM_PAGES; i++)
		sim_read(s, s->ram_base + i * SIM_PAGE_SIZE, saved[i],
			 SIM_PAGE_SIZE);
}

void machine_init(struct machine *m)
{
	memset(m, 0, sizeof(*m));
	drv_up(&m->d);
	map_memory(m);
	for (unsigned int i = 0; i < NUM_GROUPS; i++)
		drv_group_new(&m->d, &m->g[i], 1, NUM_QUEUES, RING_SIZE);
	make_heap(m);
	make_shader(m);
	use_fuzz_ops(m->d.m);
	take(m, START_BOOTED);
	for (unsigned int i = 0; i < NUM_GROUPS; i++)
		if (!drv_group_start(&m->d, &m->g[i], i))
			abort();
	if (!drv_group_stop(&m->d, &m->g[2], 2))
		abort();
	note_regions(m);
	m->d.sim.ram_size = RAM_PAGES * SIM_PAGE_SIZE;
	save_memory(m);
	take(m, START_GROUPS);
	memcpy(group_snapshot, m->g, sizeof(group_snapshot));
	mali_reset(m->d.m);
	take(m, START_POWER_ON);
	for (unsigned int i = 0; i < NUM_STARTS; i++)
		sim_snapshot[i].ram_size = RAM_PAGES * SIM_PAGE_SIZE;
}

void machine_restore(struct machine *m, enum start start)
{
	struct sim *s = &m->d.sim;

	for (unsigned int i = 0; i < num_dirty; i++) {
		memcpy(s->pages[dirty_list[i]], saved[dirty_list[i]],
		       SIM_PAGE_SIZE);
		dirty[dirty_list[i]] = false;
	}
	num_dirty = 0;
	/* A workgroup under way is not in the snapshot */
	groups_stop(&m->d.m->csf->groups);
	*m->d.m->base = snapshot[start]->base;
	*m->d.m->mmu = snapshot[start]->mmu;
	*m->d.m->gpu = snapshot[start]->gpu;
	*m->d.m->csf = snapshot[start]->csf;
	*s = sim_snapshot[start];
	memcpy(m->g, group_snapshot, sizeof(group_snapshot));
	m->runs = 0;
}

/* --- Time -------------------------------------------------------------------- */

void machine_pass(struct machine *m, uint64_t ns)
{
	struct sim *s = &m->d.sim;
	uint64_t end = s->now_ns + ns;

	for (unsigned int i = 0; i < MAX_STEPS && s->deadline_ns <= end; i++) {
		sim_step(s, m->d.m);
		m->runs++;
		/* Or a busy GPU would keep the machine's lock to itself */
		if (s->deadline_ns <= s->now_ns)
			die("no time passes", s->deadline_ns, s->now_ns);
	}
	if (s->now_ns < end)
		s->now_ns = end;
}

/* --- Invariants ---------------------------------------------------------------- */

static void check_line(struct mali *m, const struct sim *s, enum mali_irq line,
		       uint32_t stat)
{
	const struct mali_line *l = &m->base->line[line];
	bool level = (l->wanted && !l->losing) || l->spurious;

	if (l->wanted != !!stat)
		die("an interrupt line does not follow STAT", line, stat);
	if (s->irq[line] != level)
		die("the machine sees another level", line, level);
}

/* Instructions are fetched by one aligned load each. */
static void check_positions(const struct mali_cs_ctx *c)
{
	if ((c->handler | c->handler_len) % 8)
		die("a handler that is not aligned", c->handler, c->handler_len);
	for (uint32_t i = 0; i < c->depth; i++)
		if ((c->frame[i].pc | c->frame[i].end) % 8)
			die("a position that is not aligned", c->frame[i].pc,
			    c->frame[i].end);
}

/* There is something to execute and nothing to wait for. */
static bool can_run(const struct mali_cs *cs)
{
	return cs->started && !cs->ctx.dead && !cs->held &&
	       cs->block == MALI_CS_UNBLOCKED &&
	       (cs->ctx.depth || cs->ctx.extract != cs->insert);
}

static void check_stream(const struct mali_cs *cs)
{
	const struct mali_cs_ctx *c = &cs->ctx;

	check_positions(c);
	if (c->depth > MALI_CALL_DEPTH || c->handler_depth > c->depth)
		die("call depth", c->depth, c->handler_depth);
	if (c->num_ops > MALI_CS_OPS)
		die("more instructions under way than fit", c->num_ops, 0);
	if (cs->started && !c->dead && cs->insert - c->extract > cs->ring_size)
		die("EXTRACT is beyond INSERT", c->extract, cs->insert);
}

/* A model that asked for no other run must have nothing to do. */
static void check_awake(const struct mali *m, const struct sim *s)
{
	if (s->deadline_ns != MALI_NEVER || m->csf->stopped ||
	    mali_mmu_as_locked(m->mmu, 0))
		return;
	for (unsigned int i = 0; i < FW_NUM_CSGS; i++) {
		const struct mali_csg *g = &m->csf->groups.csg[i];

		for (unsigned int q = 0; q < FW_NUM_CS; q++)
			if (g->active && !g->ending && can_run(&g->cs[q]))
				die("asleep over a stream with work", i, q);
	}
}

void machine_check(struct machine *machine)
{
	struct mali *m = machine->d.m;
	const struct sim *s = &machine->d.sim;

	check_line(m, s, MALI_IRQ_GPU, m->gpu->irq.rawstat & m->gpu->irq.mask);
	check_line(m, s, MALI_IRQ_JOB, m->csf->fw.irq.rawstat & m->csf->fw.irq.mask);
	check_line(m, s, MALI_IRQ_MMU, m->mmu->irq.rawstat & m->mmu->irq.mask);
	/* What a firmware that crashed read last means nothing */
	if (m->csf->fw.status != MCU_STATUS_ENABLED)
		return;
	check_awake(m, s);
	for (unsigned int i = 0; i < FW_NUM_CSGS; i++) {
		if (!m->csf->groups.csg[i].active)
			continue;
		for (unsigned int q = 0; q < FW_NUM_CS; q++)
			check_stream(&m->csf->groups.csg[i].cs[q]);
	}
}

static uint64_t mix(uint64_t h, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	uint64_t word;

	for (; len; len -= len < 8 ? len : 8, p += 8) {
		word = 0;
		memcpy(&word, p, len < 8 ? len : 8);
		h = (h ^ word) * 0x100000001b3ull;
		h ^= h >> 29;
	}
	return h;
}

uint64_t machine_hash(struct machine *machine)
{
	struct sim *s = &machine->d.sim;
	uint64_t h = 0xcbf29ce484222325ull;
	struct mali_stats st;

	for (unsigned int i = 0; i < num_dirty; i++) {
		h = mix(h, &dirty_list[i], sizeof(dirty_list[i]));
		h = mix(h, s->pages[dirty_list[i]], SIM_PAGE_SIZE);
	}
	mali_get_stats(machine->d.m, &st);
	h = mix(h, &st, sizeof(st));
	h = mix(h, s->irq, sizeof(s->irq));
	h = mix(h, &s->now_ns, sizeof(s->now_ns));
	return mix(h, &s->deadline_ns, sizeof(s->deadline_ns));
}

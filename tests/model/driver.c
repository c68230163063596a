// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The driver of the tests of the whole GPU; see driver.h. Misuse by a test
 * aborts; what the model does wrong is returned.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

#define SECT_WRITE	(1u << 1)
#define SECT_EXEC	(1u << 2)
#define SECT_PROTECTED	(1u << 5)
#define SECT_SHARED	(1u << 30)
#define SECT_ZERO	(1u << 31)
#define SECT_KNOWN	0xc000003fu

/* TRANSCFG and MEMATTR as Panthor writes them for 48 bits */
#define TRANSCFG_48	(6 | 2 << 24 | 1 << 30 | (55ull - 48) << 6)
#define ATTRS		0xc0c0c0c0c04c8f4cull

#define MCU_HEAP_VA	0x10000000u

/* --- Firmware image ---------------------------------------------------------- */

static void read_image(struct driver *d)
{
	FILE *f = fopen(FIRMWARE, "rb");

	if (!f) {
		perror(FIRMWARE);
		abort();
	}
	d->image_size = fread(d->image, 1, sizeof(d->image), f);
	assert(d->image_size && d->image_size < sizeof(d->image));
	fclose(f);
}

static uint32_t image32(const struct driver *d, size_t at)
{
	uint32_t val;

	assert(at + 4 <= d->image_size);
	memcpy(&val, d->image + at, 4);
	return val;
}

static void section_data(struct driver *d, const struct fw_section *s)
{
	uint8_t zero[SIM_PAGE_SIZE] = { 0 };

	sim_write(&d->sim, s->pa, d->image + s->data, s->data_size);
	if (!(s->flags & SECT_ZERO))
		return;
	for (uint32_t at = s->data_size; at < s->size;) {
		uint32_t n = SIM_PAGE_SIZE - at % SIM_PAGE_SIZE;

		sim_write(&d->sim, s->pa + at, zero, n);
		at += n;
	}
}

void drv_reload_sections(struct driver *d, bool all)
{
	for (unsigned int i = 0; i < d->num_sections; i++)
		if (all || d->sections[i].flags & SECT_WRITE)
			section_data(d, &d->sections[i]);
}

static const char *load_section(struct driver *d, size_t at)
{
	uint32_t va_end = image32(d, at + 8), data_end = image32(d, at + 16);
	struct fw_section *s = &d->sections[d->num_sections];
	uint64_t bits = SIM_PTE_USER | SIM_PTE_AF;

	assert(d->num_sections < 8);
	*s = (struct fw_section){
		.flags = image32(d, at),
		.va = image32(d, at + 4),
		.data = image32(d, at + 12),
	};
	if (data_end < s->data || va_end < s->va || data_end > d->image_size)
		return "section ranges";
	s->size = va_end - s->va;
	s->data_size = data_end - s->data;
	if (s->va % SIM_PAGE_SIZE || s->size % SIM_PAGE_SIZE)
		return "section alignment";
	if (s->flags & ~SECT_KNOWN || s->flags & SECT_PROTECTED)
		return "section flags";
	if (s->data_size > s->size)
		return "section data larger than the section";
	if (s->va == MCU_SHARED_VA && !(s->flags & SECT_SHARED))
		return "shared section is not shared";

	if (!(s->flags & SECT_WRITE))
		bits |= SIM_PTE_RDONLY;
	if (!(s->flags & SECT_EXEC))
		bits |= SIM_PTE_XN;
	s->pa = drv_map(d, 0, s->va, s->size / SIM_PAGE_SIZE, bits);
	section_data(d, s);
	if (s->va == MCU_SHARED_VA)
		d->shared_pa = s->pa;
	d->num_sections++;
	return NULL;
}

const char *drv_load_firmware(struct driver *d)
{
	const char *err = NULL;
	uint32_t end;

	drv_as_new(d, 0);
	if (image32(d, 0) != 0xc3f13a6e)
		return "magic";
	if (d->image[5] != 0)
		return "version";
	end = image32(d, 16);
	if (end > d->image_size)
		return "truncated";

	for (uint32_t at = 20; at < end && !err;) {
		uint32_t head = image32(d, at), size = head >> 8 & 0xff;

		if (size < 4 || size % 4 || size > end - at)
			return "entry size";
		if ((head & 0xff) == 0)
			err = load_section(d, at + 4);
		else if ((head & 0xff) > 6 && !(head >> 31))
			err = "unknown entry";
		at += size;
	}
	return err ? err : d->shared_pa ? NULL : "no shared section";
}

/* --- Life ---------------------------------------------------------------------- */

uint32_t drv_ignore, drv_lane_ps;

void drv_init(struct driver *d)
{
	const struct mali_config cfg = {
		.coherent = true,
		.ignore = drv_ignore,
		.lane_ps = drv_lane_ps,
	};

	memset(d, 0, sizeof(*d));
	sim_init(&d->sim);
	d->m = mali_new(&cfg, &sim_ops, &d->sim);
	assert(d->m);
	d->next_mcu_va = MCU_HEAP_VA;
	read_image(d);
}

void drv_free(struct driver *d)
{
	mali_free(d->m);
	sim_free(&d->sim);
}

void drv_power_l2(struct driver *d)
{
	wr32(d, PWR_ON + PWR_L2, 1);
	wr32(d, GPU_INT + CLEAR, IRQ_POWER);
}

bool drv_boot(struct driver *d)
{
	uint32_t booted;

	wr32(d, JOB_INT + CLEAR, ~0u);
	wr32(d, JOB_INT + MASK, ~0u);
	wr32(d, MCU_CTL, 2);
	drv_run(d, 1 * MS);
	booted = rd32(d, JOB_INT + STAT);
	wr32(d, JOB_INT + CLEAR, booted);
	return booted >> 31;
}

/* Physical address of a block of the shared section; 0 when it lies outside */
static uint64_t block_pa(struct driver *d, uint32_t va, uint32_t size)
{
	uint32_t shared_size = 0;

	for (unsigned int i = 0; i < d->num_sections; i++)
		if (d->sections[i].va == MCU_SHARED_VA)
			shared_size = d->sections[i].size;
	if (va < MCU_SHARED_VA || va % 4 || va - MCU_SHARED_VA > shared_size ||
	    size > shared_size - (va - MCU_SHARED_VA))
		return 0;
	return d->shared_pa + (va - MCU_SHARED_VA);
}

static const char *init_stream(struct driver *d, unsigned int csg,
			       unsigned int cs, uint64_t ctl)
{
	static uint32_t first_features;
	uint32_t features = mem32(d, ctl);

	d->cs_in[csg][cs] = block_pa(d, mem32(d, ctl + 4), 0x60);
	d->cs_out[csg][cs] = block_pa(d, mem32(d, ctl + 8), 0xe0);
	if (!d->cs_in[csg][cs] || !d->cs_out[csg][cs])
		return "stream block outside the shared section";
	if (!csg && !cs)
		first_features = features;
	if (features != first_features)
		return "streams differ";
	/* Panthor keeps the last four registers to itself */
	if ((features & 0xff) + 1 != 96)
		return "number of registers";
	return NULL;
}

static const char *init_slot(struct driver *d, unsigned int csg, uint64_t ctl)
{
	uint32_t num = mem32(d, ctl + 0x14), stride = mem32(d, ctl + 0x18);
	const char *err = NULL;

	d->csg_in[csg] = block_pa(d, mem32(d, ctl + 4), 0x58);
	d->csg_out[csg] = block_pa(d, mem32(d, ctl + 8), 0x20);
	if (!d->csg_in[csg] || !d->csg_out[csg])
		return "group block outside the shared section";
	if (num != MAX_STREAMS)
		return "number of streams";
	if (csg && mem32(d, ctl + 0xc) != d->suspend_size)
		return "groups differ";
	d->suspend_size = mem32(d, ctl + 0xc);
	for (unsigned int cs = 0; cs < num && !err; cs++)
		err = init_stream(d, csg, cs, ctl + 0x40 + cs * stride);
	return err;
}

const char *drv_init_ifaces(struct driver *d)
{
	uint64_t ctl = d->shared_pa;
	uint32_t num = mem32(d, ctl + 0x10), stride = mem32(d, ctl + 0x14);
	const char *err = NULL;

	if (!mem32(d, ctl))
		return "version is 0";
	d->glb_in = block_pa(d, mem32(d, ctl + 8), 0x84);
	d->glb_out = block_pa(d, mem32(d, ctl + 0xc), 0x1c);
	if (!d->glb_in || !d->glb_out)
		return "global block outside the shared section";
	if (num != MAX_SLOTS)
		return "number of groups";
	for (unsigned int csg = 0; csg < num && !err; csg++)
		err = init_slot(d, csg, ctl + 0x1000 + csg * stride);
	return err;
}

void drv_up(struct driver *d)
{
	const char *err;

	drv_init(d);
	drv_power_l2(d);
	err = drv_load_firmware(d);
	assert(!err);
	if (!drv_boot(d))
		abort();
	err = drv_init_ifaces(d);
	assert(!err);
	(void)err;

	put32(d, d->glb_in + GI_IRQ_MASK, ~0u);
	put32(d, d->glb_in + GI_IDLE_TIMER, 49);	/* 800 us */
	drv_glb_toggle(d, G_ALLOC_EN | G_POWEROFF | G_PROGRESS | G_IDLE_EN);
	wr32(d, JOB_INT + CLEAR, ~0u);
	wr32(d, MMU_INT + MASK, 0xff);
}

/* --- Address spaces --------------------------------------------------------------- */

void drv_as_cmd(struct driver *d, unsigned int as, unsigned int cmd)
{
	wr32(d, AS_REG(as, AS_CMD), cmd);
}

void drv_as_enable(struct driver *d, unsigned int as, uint64_t root)
{
	wr64(d, AS_REG(as, AS_TRANSTAB), root);
	wr64(d, AS_REG(as, AS_MEMATTR), ATTRS);
	wr64(d, AS_REG(as, AS_TRANSCFG), TRANSCFG_48);
	drv_as_cmd(d, as, AS_UPDATE);
}

void drv_as_new(struct driver *d, unsigned int as)
{
	d->root[as] = sim_alloc(&d->sim, 1);
	drv_as_enable(d, as, d->root[as]);
}

void drv_as_disable(struct driver *d, unsigned int as)
{
	wr64(d, AS_REG(as, AS_TRANSTAB), 0);
	wr64(d, AS_REG(as, AS_MEMATTR), 0);
	wr64(d, AS_REG(as, AS_TRANSCFG), 1);
	drv_as_cmd(d, as, AS_UPDATE);
}

void drv_as_lock(struct driver *d, unsigned int as, uint64_t va,
		 unsigned int bits)
{
	uint64_t base = va & ~((1ull << bits) - 1);

	wr64(d, AS_REG(as, AS_LOCKADDR), base | (bits - 1));
	drv_as_cmd(d, as, AS_LOCK);
}

uint64_t drv_map(struct driver *d, unsigned int as, uint64_t va,
		 unsigned int pages, uint64_t bits)
{
	uint64_t pa = sim_alloc(&d->sim, pages);

	for (unsigned int i = 0; i < pages; i++)
		sim_pt_map_one(&d->sim, d->root[as], va + i * SIM_PAGE_SIZE,
			       pa + i * SIM_PAGE_SIZE, 3, bits);
	return pa;
}

uint64_t drv_mcu_alloc(struct driver *d, unsigned int pages, uint32_t *va)
{
	*va = d->next_mcu_va;
	d->next_mcu_va += (pages + 1) * SIM_PAGE_SIZE;	/* and a hole */
	return drv_map(d, 0, *va, pages, SIM_RW);
}

/* --- Global interface -------------------------------------------------------------- */

/* Make the @mask bits of the word at @req differ from those at @ack */
static void toggle(struct driver *d, uint64_t req, uint64_t ack, uint32_t mask)
{
	put32(d, req, (mem32(d, req) & ~mask) | (~mem32(d, ack) & mask));
}

void drv_ring_glb(struct driver *d)
{
	wr32(d, DOORBELL(0), 1);
}

uint32_t drv_glb_toggle(struct driver *d, uint32_t reqs)
{
	toggle(d, d->glb_in + GI_REQ, d->glb_out + GO_ACK, reqs);
	drv_ring_glb(d);
	drv_run(d, 100 * US);
	return reqs & ~(mem32(d, d->glb_in + GI_REQ) ^
			mem32(d, d->glb_out + GO_ACK));
}

bool drv_halt(struct driver *d)
{
	put32(d, d->glb_in + GI_REQ, mem32(d, d->glb_in + GI_REQ) | G_HALT);
	drv_ring_glb(d);
	drv_run(d, 1 * MS);
	return rd32(d, MCU_STAT) == MCU_HALTED;
}

void drv_mcu_stop(struct driver *d)
{
	wr32(d, JOB_INT + MASK, 0);
	wr32(d, MCU_CTL, 0);
}

/* --- Groups ---------------------------------------------------------------------------- */

#define RING_VA(q)	(0x200000000ull + (q) * 0x1000000ull)

void drv_group_new(struct driver *d, struct group *g, unsigned int as,
		   unsigned int num_queues, uint32_t ring_size)
{
	static uint64_t next_ring;
	unsigned int pages = (ring_size + SIM_PAGE_SIZE - 1) / SIM_PAGE_SIZE;

	*g = (struct group){ .as = as, .num_queues = num_queues };
	g->suspend_pa = drv_mcu_alloc(d, d->suspend_size / SIM_PAGE_SIZE,
				      &g->suspend_va);
	for (unsigned int i = 0; i < num_queues; i++) {
		struct queue *q = &g->q[i];

		q->ring_size = ring_size;
		q->ring_va = RING_VA(next_ring++);
		q->ring_pa = drv_map(d, as, q->ring_va, pages, SIM_RW);
		q->io_pa = drv_mcu_alloc(d, 2, &q->io_va);
	}
}

void drv_ring_csg(struct driver *d, uint32_t slots)
{
	toggle(d, d->glb_in + GI_DB_REQ, d->glb_out + GO_DB_ACK, slots);
	drv_ring_glb(d);
}

static void queue_prog(struct driver *d, struct group *g, unsigned int cs)
{
	uint64_t in = d->cs_in[g->slot][cs];
	struct queue *q = &g->q[cs];
	uint32_t req;

	put64(d, q->io_pa + 8, mem64(d, q->io_pa + SIM_PAGE_SIZE));
	put64(d, in + CI_BASE, q->ring_va);
	put32(d, in + CI_SIZE, q->ring_size);
	put64(d, in + CI_INPUT, q->io_va);
	put64(d, in + CI_OUTPUT, q->io_va + SIM_PAGE_SIZE);
	put32(d, in + CI_CONFIG, (g->slot + 1) << 8);
	put32(d, in + CI_IRQ_MASK, ~0u);
	req = mem32(d, in + CI_REQ) & ~C_STATE;
	put32(d, in + CI_REQ, req | C_START | C_IDLE_SYNC | C_IDLE_EMPTY);
}

void drv_group_prog(struct driver *d, struct group *g, unsigned int slot)
{
	uint64_t in = d->csg_in[slot];

	g->slot = slot;
	for (unsigned int i = 0; i < g->num_queues; i++)
		queue_prog(d, g, i);
	put64(d, in + SI_ALLOW_COMPUTE, 0x50005);
	put32(d, in + SI_EP_REQ, g->priority << 28 | 0x010404);
	put32(d, in + SI_CONFIG, g->as);
	put64(d, in + SI_SUSPEND_BUF, g->suspend_va);
	put32(d, in + SI_IRQ_MASK, ~0u);
	toggle(d, in + SI_DB_REQ, d->csg_out[slot] + SO_DB_ACK,
	       (1u << g->num_queues) - 1);
}

bool drv_csg_state(struct driver *d, unsigned int slot, unsigned int state)
{
	uint64_t req = d->csg_in[slot] + SI_REQ;

	put32(d, req, (mem32(d, req) & ~S_STATE) | state);
	drv_ring_csg(d, 1u << slot);
	drv_run(d, 100 * US);
	return (mem32(d, d->csg_out[slot] + SO_ACK) & S_STATE) == state;
}

static bool group_run(struct driver *d, struct group *g, unsigned int slot,
		      unsigned int state)
{
	drv_group_prog(d, g, slot);
	toggle(d, d->csg_in[slot] + SI_REQ, d->csg_out[slot] + SO_ACK,
	       S_EP_CONFIG);
	return drv_csg_state(d, slot, state);
}

bool drv_group_start(struct driver *d, struct group *g, unsigned int slot)
{
	return group_run(d, g, slot, S_START);
}

bool drv_group_resume(struct driver *d, struct group *g, unsigned int slot)
{
	return group_run(d, g, slot, S_RESUME);
}

/* The streams' state requests are reset for the slot's next group */
bool drv_group_stop(struct driver *d, struct group *g, unsigned int state)
{
	bool acked = drv_csg_state(d, g->slot, state);

	for (unsigned int i = 0; i < g->num_queues; i++) {
		uint64_t req = d->cs_in[g->slot][i] + CI_REQ;

		put32(d, req, mem32(d, req) & ~C_STATE);
	}
	return acked;
}

bool drv_csg_toggle(struct driver *d, unsigned int slot, uint32_t reqs)
{
	uint64_t req = d->csg_in[slot] + SI_REQ;
	uint64_t ack = d->csg_out[slot] + SO_ACK;

	toggle(d, req, ack, reqs);
	drv_ring_csg(d, 1u << slot);
	drv_run(d, 100 * US);
	return !((mem32(d, req) ^ mem32(d, ack)) & reqs);
}

void drv_cs_doorbell(struct driver *d, unsigned int slot, uint32_t streams)
{
	toggle(d, d->csg_in[slot] + SI_DB_REQ, d->csg_out[slot] + SO_DB_ACK,
	       streams);
	drv_ring_csg(d, 1u << slot);
}

uint32_t drv_csg_events(struct driver *d, unsigned int slot)
{
	return (mem32(d, d->csg_in[slot] + SI_REQ) ^
		mem32(d, d->csg_out[slot] + SO_ACK)) & S_EVENTS;
}

uint32_t drv_cs_events(struct driver *d, unsigned int slot, unsigned int cs)
{
	return (mem32(d, d->cs_in[slot][cs] + CI_REQ) ^
		mem32(d, d->cs_out[slot][cs] + CO_ACK)) & C_EVENTS;
}

void drv_csg_ack(struct driver *d, unsigned int slot, uint32_t events)
{
	uint64_t req = d->csg_in[slot] + SI_REQ;

	put32(d, req, mem32(d, req) ^ (drv_csg_events(d, slot) & events));
	drv_ring_csg(d, 1u << slot);
}

/* Interrupt first, then the events, as the protocol demands */
void drv_cs_ack(struct driver *d, unsigned int slot, unsigned int cs,
		uint32_t events)
{
	uint64_t req = d->cs_in[slot][cs] + CI_REQ;

	put32(d, d->csg_in[slot] + SI_CS_IRQ_ACK,
	      mem32(d, d->csg_out[slot] + SO_CS_IRQ_REQ));
	put32(d, req, mem32(d, req) ^ (drv_cs_events(d, slot, cs) & events));
	drv_cs_doorbell(d, slot, 1u << cs);
}

/* --- Rings -------------------------------------------------------------------------------- */

void drv_emit(struct driver *d, struct queue *q, const uint64_t *instrs,
	      unsigned int num)
{
	while (num--) {
		put64(d, q->ring_pa + q->insert % q->ring_size, *instrs++);
		q->insert += 8;
	}
}

void drv_publish(struct driver *d, struct queue *q)
{
	put64(d, q->io_pa, q->insert);
}

void drv_kick(struct driver *d, struct group *g, unsigned int queue)
{
	drv_publish(d, &g->q[queue]);
	wr32(d, DOORBELL(g->slot + 1), 1);
}

uint64_t drv_extract(struct driver *d, struct queue *q)
{
	return mem64(d, q->io_pa + SIM_PAGE_SIZE);
}

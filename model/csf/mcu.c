// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The microcontroller and the firmware on it: boot, the global, group and
 * stream interface, and which stream executes when.
 *
 * The firmware is modelled at the level of its interface, not instruction by
 * instruction, but it lives by the hardware's rules:
 * - All it reads and writes is memory of address space 0, through the MMU. An
 *   access that faults there is the end of it (MCU_STATUS FATAL), as a crash
 *   of the real one is.
 * - While the driver has a region of address space 0 locked it does nothing:
 *   the core could be stalled on any access.
 * - It keeps no copy of REQ and ACK words; memory is the only truth.
 * - Groups take turns in the order of their priority. While one of a higher
 *   priority has more to do than its turn allows, those below get a small one:
 *   they are slowed down and not starved, as on hardware, where streams that
 *   need no endpoint share the command-stream unit.
 * - An event (a toggle towards the driver) is sent when the driver has
 *   acknowledged the one before, and waits in struct mali_csg until then.
 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "../gpu/gpu_regs.h"
#include "../mali_internal.h"

/* Instructions that a stream executes before the next has its turn */
#ifndef SLICE_INSTRS	/* a fuzzer wants it small */
#define SLICE_INSTRS		4096u
#endif
/* The same while a group of higher priority is busy */
#define SMALL_SLICE_INSTRS	(SLICE_INSTRS / 8)
/* What one instruction takes of the model's time */
#define INSTR_NS		4u

#define MCU_AS			0u
#define MCU_SOURCE_ID		0x4000u

/* --- The firmware's own memory ------------------------------------------ */

static bool mcu_alive(const struct mali *m)
{
	return m->mcu.status == MCU_STATUS_ENABLED;
}

static void mcu_set_status(struct mali *m, uint32_t status)
{
	if (m->mcu.status == status)
		return;
	m->mcu.status = status;
	mali_irq_raise(m->base, &m->gpu.irq, GPU_IRQ_MCU_STATUS_CHANGED);
}

static void mcu_crash(struct mali *m, const struct mali_mmu_fault *f)
{
	if (mali_mmu_as_enabled(m->mmu, MCU_AS))
		mali_mmu_report_fault(m->mmu, MCU_AS, f, MCU_SOURCE_ID);
	mali_guest_error(m->base, "firmware access to 0x%" PRIx64 " failed", f->va);
	mcu_set_status(m, MCU_STATUS_FATAL);
}

/*
 * Accessors. After a crash they do nothing and read zero, so that callers need
 * no error path: whatever they go on to do has no effect.
 */
static bool fw_read(struct mali *m, uint64_t va, void *buf, size_t len)
{
	struct mali_mmu_fault f;

	memset(buf, 0, len);
	if (!mcu_alive(m))
		return false;
	if (mali_mmu_read(m->mmu, MCU_AS, va, buf, len, MALI_ACCESS_READ,
			  &f) == MALI_MMU_OK)
		return true;
	mcu_crash(m, &f);
	return false;
}

static void fw_write(struct mali *m, uint64_t va, const void *buf, size_t len)
{
	struct mali_mmu_fault f;

	if (!mcu_alive(m))
		return;
	if (mali_mmu_write(m->mmu, MCU_AS, va, buf, len, MALI_ACCESS_WRITE,
			   &f) != MALI_MMU_OK)
		mcu_crash(m, &f);
}

static uint32_t fw_rd32(struct mali *m, uint64_t va)
{
	uint32_t val;

	fw_read(m, va, &val, sizeof(val));
	return val;
}

static uint64_t fw_rd64(struct mali *m, uint64_t va)
{
	uint64_t val;

	fw_read(m, va, &val, sizeof(val));
	return val;
}

static void fw_wr32(struct mali *m, uint64_t va, uint32_t val)
{
	fw_write(m, va, &val, sizeof(val));
}

static void fw_wr64(struct mali *m, uint64_t va, uint64_t val)
{
	fw_write(m, va, &val, sizeof(val));
}

static uint32_t glb_in(const struct mali *m)
{
	return m->mcu.shared_va + FW_GLB_INPUT;
}

static uint32_t glb_out(const struct mali *m)
{
	return m->mcu.shared_va + FW_GLB_OUTPUT;
}

static uint32_t csg_in(const struct mali *m, unsigned int csg)
{
	return m->mcu.shared_va + FW_CSG_INPUT(csg);
}

static uint32_t csg_out(const struct mali *m, unsigned int csg)
{
	return m->mcu.shared_va + FW_CSG_OUTPUT(csg);
}

static uint32_t cs_in(const struct mali *m, unsigned int csg, unsigned int cs)
{
	return m->mcu.shared_va + FW_CS_INPUT(csg, cs);
}

static uint32_t cs_out(const struct mali *m, unsigned int csg, unsigned int cs)
{
	return m->mcu.shared_va + FW_CS_OUTPUT(csg, cs);
}

/* --- Interrupts and events ---------------------------------------------- */

static void glb_irq(struct mali *m, uint32_t changed)
{
	if (changed & fw_rd32(m, glb_in(m) + GLB_ACK_IRQ_MASK))
		mali_irq_raise(m->base, &m->mcu.irq, JOB_INT_GLOBAL);
}

static void csg_irq(struct mali *m, unsigned int csg, uint32_t changed)
{
	if (changed & fw_rd32(m, csg_in(m, csg) + CSG_ACK_IRQ_MASK))
		mali_irq_raise(m->base, &m->mcu.irq, JOB_INT_CSG(csg));
}

/*
 * Toggle those of *events in the ACK word at @out that the driver is not
 * still working on, and take them off *events. Returns what was sent.
 */
static uint32_t send_events(struct mali *m, uint32_t in, uint32_t out,
			    uint32_t *events)
{
	uint32_t req, ack, now;

	if (!*events)
		return 0;
	req = fw_rd32(m, in);
	ack = fw_rd32(m, out);
	now = *events & ~(req ^ ack);
	if (now)
		fw_wr32(m, out, ack ^ now);
	*events &= ~now;
	return now;
}

static void csg_send_events(struct mali *m, unsigned int csg)
{
	struct mali_csg *g = &m->mcu.csg[csg];

	csg_irq(m, csg, send_events(m, csg_in(m, csg) + CSG_REQ,
				    csg_out(m, csg) + CSG_ACK, &g->events));
}

static void cs_send_events(struct mali *m, unsigned int csg, unsigned int cs)
{
	struct mali_csg *g = &m->mcu.csg[csg];
	uint32_t in = cs_in(m, csg, cs), out = cs_out(m, csg, cs);
	uint32_t sent, irq_req;

	sent = send_events(m, in + CS_REQ, out + CS_ACK, &g->cs_events[cs]);
	if (!(sent & fw_rd32(m, in + CS_ACK_IRQ_MASK)))
		return;

	/* The bit of a stream whose last interrupt is pending stays pending */
	irq_req = fw_rd32(m, csg_out(m, csg) + CSG_CS_IRQ_REQ);
	if (!((irq_req ^ fw_rd32(m, csg_in(m, csg) + CSG_CS_IRQ_ACK)) &
	      BIT(cs)))
		fw_wr32(m, csg_out(m, csg) + CSG_CS_IRQ_REQ,
			irq_req ^ BIT(cs));
	mali_irq_raise(m->base, &m->mcu.irq, JOB_INT_CSG(csg));
}

static void csg_event(struct mali *m, unsigned int csg, uint32_t event)
{
	m->mcu.csg[csg].events |= event;
	csg_send_events(m, csg);
}

static void cs_event(struct mali *m, unsigned int csg, unsigned int cs,
		     uint32_t event)
{
	m->mcu.csg[csg].cs_events[cs] |= event;
	cs_send_events(m, csg, cs);
}

/* --- Streams ------------------------------------------------------------ */

static void cs_exception(struct mali *m, unsigned int csg, unsigned int cs,
			 const struct mali_cs_result *r)
{
	bool fatal = r->outcome == MALI_CS_FATAL;
	uint32_t out = cs_out(m, csg, cs);

	fw_wr32(m, out + (fatal ? CS_OUT_FATAL : CS_OUT_FAULT), r->exception);
	fw_wr64(m, out + (fatal ? CS_OUT_FATAL_INFO : CS_OUT_FAULT_INFO),
		r->info);
	cs_event(m, csg, cs, fatal ? CS_FATAL : CS_FAULT);
}

static void cs_fatal(struct mali *m, unsigned int csg, unsigned int cs,
		     enum cs_exception exc, uint64_t info)
{
	struct mali_cs_result r = {
		.outcome = MALI_CS_FATAL,
		.exception = exc,
		.info = info,
	};

	m->mcu.csg[csg].cs[cs].ctx.dead = 1;
	cs_exception(m, csg, cs, &r);
}

/* Tell the queue's owner how far the stream is */
static void cs_publish(struct mali *m, struct mali_cs *cs)
{
	uint32_t active;

	if (!cs->started || cs->published == cs->ctx.extract)
		return;
	active = cs->ctx.extract != cs->insert || cs->ctx.depth;
	fw_wr64(m, cs->ring_out + RING_EXTRACT, cs->ctx.extract);
	fw_wr32(m, cs->ring_out + RING_ACTIVE, active);
	cs->published = cs->ctx.extract;
}

static bool ring_valid(const struct mali_cs *cs)
{
	return cs->ring_size >= CS_INSTR_SIZE &&
	       !(cs->ring_size & (cs->ring_size - 1)) &&
	       !(cs->ring_base % CS_INSTR_SIZE) &&
	       !(cs->ctx.extract % CS_INSTR_SIZE) &&
	       !(cs->insert % CS_INSTR_SIZE) &&
	       cs->insert - cs->ctx.extract <= cs->ring_size;
}

/* An INSERT that cannot be would have the stream run until the end of time */
static void cs_read_insert(struct mali *m, unsigned int csg, unsigned int id)
{
	struct mali_cs *cs = &m->mcu.csg[csg].cs[id];

	cs->insert = fw_rd64(m, cs->ring_in + RING_INSERT);
	if (!mcu_alive(m) || cs->ctx.dead || ring_valid(cs))
		return;
	mali_guest_error(m->base, "bad ring for group %u stream %u", csg, id);
	cs->insert = cs->ctx.extract;
	cs_fatal(m, csg, id, CS_EXC_CONFIG_FAULT, cs->ring_base);
}

/* The driver has acknowledged the recoverable fault: it knows whose it was. */
static void cs_fault_answer(struct mali *m, unsigned int csg, unsigned int id,
			    uint32_t req, uint32_t ack)
{
	struct mali_csg *g = &m->mcu.csg[csg];

	if (!((g->cs_events[id] | (req ^ ack)) & CS_FAULT))
		g->cs[id].held = false;
}

/* The driver has acknowledged the out-of-memory event: with a chunk, or none */
static void cs_oom_answer(struct mali *m, unsigned int csg, unsigned int id,
			  uint32_t req, uint32_t ack)
{
	struct mali_csg *g = &m->mcu.csg[csg];
	struct mali_cs *cs = &g->cs[id];

	if (!cs->oom_sent || (g->cs_events[id] | (req ^ ack)) & CS_TILER_OOM)
		return;
	cs->oom_sent = false;
	cs->oom_answered = true;
	cs->chunk = fw_rd64(m, cs_in(m, csg, id) + CS_HEAP_START);
}

static void cs_out_of_memory(struct mali *m, unsigned int csg, unsigned int id,
			     const struct mali_cs_result *r)
{
	uint32_t out = cs_out(m, csg, id);

	fw_wr32(m, out + CS_OUT_HEAP_VT_START, r->counters.vt_start);
	fw_wr32(m, out + CS_OUT_HEAP_VT_END, r->counters.vt_end);
	fw_wr32(m, out + CS_OUT_HEAP_FRAG_END, r->counters.frag_end);
	fw_wr64(m, out + CS_OUT_HEAP_ADDRESS, r->heap);
	cs_event(m, csg, id, CS_TILER_OOM);
}

/*
 * What the stream before this one reported and nobody acknowledged is nothing to
 * wait for: Panthor leaves an out-of-memory event alone when its group leaves.
 */
static void cs_forget_events(struct mali *m, unsigned int csg, unsigned int id)
{
	uint32_t req = fw_rd32(m, cs_in(m, csg, id) + CS_REQ);
	uint32_t out = cs_out(m, csg, id) + CS_ACK;

	fw_wr32(m, out, (fw_rd32(m, out) & ~CS_EVT_MASK) | (req & CS_EVT_MASK));
}

static void cs_start(struct mali *m, unsigned int csg, unsigned int id,
		     bool resume)
{
	struct mali_cs *cs = &m->mcu.csg[csg].cs[id];
	uint32_t in = cs_in(m, csg, id);

	cs_forget_events(m, csg, id);
	cs->held = false;
	cs->oom_sent = false;
	cs->ring_base = fw_rd64(m, in + CS_BASE);
	cs->ring_size = fw_rd32(m, in + CS_SIZE);
	cs->ring_in = fw_rd64(m, in + CS_USER_INPUT);
	cs->ring_out = fw_rd64(m, in + CS_USER_OUTPUT);
	cs->config = fw_rd32(m, in + CS_CONFIG);
	if (!resume) {
		memset(&cs->ctx, 0, sizeof(cs->ctx));
		cs->ctx.extract = fw_rd64(m, cs->ring_in + RING_EXTRACT_INIT);
	}
	cs->published = ~cs->ctx.extract;
	mali_cs_start(cs);
	cs_read_insert(m, csg, id);
}

/* What the driver asks of one stream */
static void cs_process(struct mali *m, unsigned int csg, unsigned int id,
		       bool resume)
{
	struct mali_cs *cs = &m->mcu.csg[csg].cs[id];
	uint32_t req = fw_rd32(m, cs_in(m, csg, id) + CS_REQ);
	uint32_t ack = fw_rd32(m, cs_out(m, csg, id) + CS_ACK);
	uint32_t state = req & CS_STATE_MASK;

	cs->idle_flags = req & (CS_IDLE_SYNC_WAIT | CS_IDLE_EMPTY);
	if (state == CS_STATE_START && !cs->started) {
		cs_start(m, csg, id, resume);
	} else if (state == CS_STATE_STOP && cs->started) {
		cs_publish(m, cs);
		cs->started = false;
	} else if (cs->started) {
		cs_read_insert(m, csg, id);
		cs_fault_answer(m, csg, id, req, ack);
		cs_oom_answer(m, csg, id, req, ack);
	}

	/* cs_start() may have sent an event: its bit is not to be undone */
	ack = fw_rd32(m, cs_out(m, csg, id) + CS_ACK);
	fw_wr32(m, cs_out(m, csg, id) + CS_ACK,
		(ack & CS_EVT_MASK) | (req & ~CS_EVT_MASK));
	cs_send_events(m, csg, id);
}

static uint32_t blocked_reason(const struct mali_cs *cs)
{
	switch (cs->block) {
	case MALI_CS_BLOCK_SYNC:
		return CS_BLOCKED_SYNC_WAIT;
	case MALI_CS_BLOCK_PROGRESS:
		return CS_BLOCKED_PROGRESS_WAIT;
	case MALI_CS_BLOCK_SB:
		return CS_BLOCKED_SB_WAIT;
	default:
		return CS_BLOCKED_UNBLOCKED;
	}
}

/* The CS_STATUS_WAIT word */
static uint32_t wait_word(const struct mali_cs *cs)
{
	switch (cs->block) {
	case MALI_CS_BLOCK_SYNC:
	case MALI_CS_BLOCK_SB:
		return cs->wait_flags;
	case MALI_CS_BLOCK_PROGRESS:
		return CS_WAIT_PROGRESS;
	default:
		return 0;
	}
}

static void cs_write_status(struct mali *m, unsigned int csg, unsigned int id)
{
	const struct mali_cs *cs = &m->mcu.csg[csg].cs[id];
	bool waits = cs->started && cs->block == MALI_CS_BLOCK_SYNC;
	uint32_t out = cs_out(m, csg, id);

	fw_wr64(m, out + CS_STATUS_CMD_PTR, mali_cs_cmd_ptr(cs));
	fw_wr32(m, out + CS_STATUS_WAIT, cs->started ? wait_word(cs) : 0);
	fw_wr32(m, out + CS_STATUS_REQ_RESOURCE, cs->ctx.resources);
	fw_wr64(m, out + CS_STATUS_WAIT_PTR, waits ? cs->wait_addr : 0);
	fw_wr32(m, out + CS_STATUS_WAIT_VALUE,
		waits ? (uint32_t)cs->wait_ref : 0);
	fw_wr32(m, out + CS_STATUS_WAIT_VALUE_HI,
		waits ? cs->wait_ref >> 32 : 0);
	fw_wr32(m, out + CS_STATUS_SCOREBOARDS, mali_cs_scoreboards(cs));
	fw_wr32(m, out + CS_STATUS_BLOCKED,
		cs->started ? blocked_reason(cs) : CS_BLOCKED_UNBLOCKED);
}

/* --- Suspend and resume ------------------------------------------------- */

#define SUSPEND_MAGIC		0x50535543u	/* "CUSP" */

/* The suspend buffer: this header, then the context of each stream */
struct suspend_header {
	uint32_t magic;
	uint32_t size;
};

#define SUSPEND_SIZE	(sizeof(struct suspend_header) + \
			 FW_NUM_CS * sizeof(struct mali_cs_ctx))

static uint64_t suspend_ctx(uint64_t buf, unsigned int id)
{
	return buf + sizeof(struct suspend_header) +
	       id * sizeof(struct mali_cs_ctx);
}

static void csg_save(struct mali *m, unsigned int csg)
{
	struct mali_csg *g = &m->mcu.csg[csg];
	struct suspend_header h = { SUSPEND_MAGIC, SUSPEND_SIZE };
	uint64_t buf = fw_rd64(m, csg_in(m, csg) + CSG_SUSPEND_BUF);

	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		fw_write(m, suspend_ctx(buf, id), &g->cs[id].ctx,
			 sizeof(g->cs[id].ctx));
	fw_write(m, buf, &h, sizeof(h));
}

/* Guest memory: what the interpreter relies on must be checked again */
static bool ctx_valid(const struct mali_cs_ctx *c)
{
	if (c->depth > MALI_CALL_DEPTH || c->handler_depth > c->depth ||
	    c->num_ops > MALI_CS_OPS || c->heap & 7)
		return false;
	if (c->sb_other >= CS_NUM_SCOREBOARDS ||
	    c->sb_endpoint >= CS_NUM_SCOREBOARDS)
		return false;
	if ((c->handler | c->handler_len) % CS_INSTR_SIZE)
		return false;
	for (uint32_t i = 0; i < c->num_ops; i++)
		if (!mali_cs_op_valid(&c->op[i]))
			return false;
	for (uint32_t i = 0; i < c->depth; i++)
		if ((c->frame[i].pc | c->frame[i].end) % CS_INSTR_SIZE)
			return false;
	return true;
}

/* False when the buffer is not one that csg_save() wrote */
static bool csg_restore(struct mali *m, unsigned int csg)
{
	struct mali_csg *g = &m->mcu.csg[csg];
	uint64_t buf = fw_rd64(m, csg_in(m, csg) + CSG_SUSPEND_BUF);
	struct suspend_header h;

	if (!fw_read(m, buf, &h, sizeof(h)) || h.magic != SUSPEND_MAGIC ||
	    h.size != SUSPEND_SIZE)
		return false;
	for (unsigned int id = 0; id < FW_NUM_CS; id++) {
		fw_read(m, suspend_ctx(buf, id), &g->cs[id].ctx,
			sizeof(g->cs[id].ctx));
		if (!ctx_valid(&g->cs[id].ctx))
			return false;
	}
	return true;
}

/* A round of turns: what it has executed, and when the next is wanted */
struct round {
	uint64_t executed;
	uint64_t due;
	bool more;
};

static void note_due(struct round *r, uint64_t due)
{
	if (due < r->due)
		r->due = due;
}

static bool run_stream(struct mali *m, unsigned int csg, unsigned int id,
		       unsigned int slice, struct round *round);

/* --- Groups ------------------------------------------------------------- */

static void csg_set_idle(struct mali *m, unsigned int csg, bool idle)
{
	struct mali_csg *g = &m->mcu.csg[csg];

	if (g->idle == idle)
		return;
	g->idle = idle;
	m->mcu.idle_since = MALI_NEVER;
	m->mcu.idle_sent = false;
	fw_wr32(m, csg_out(m, csg) + CSG_STATUS_STATE,
		idle ? CSG_STATUS_STATE_IDLE : 0);
	if (idle)
		csg_event(m, csg, CSG_IDLE);
}

static void csg_begin(struct mali *m, unsigned int csg, bool resume)
{
	struct mali_csg *g = &m->mcu.csg[csg];
	uint32_t in = csg_in(m, csg);
	unsigned int priority = g->priority;
	bool lost;

	memset(g, 0, sizeof(*g));
	g->active = true;
	g->priority = priority;
	g->as = CSG_CONFIG_AS(fw_rd32(m, in + CSG_CONFIG));
	fw_wr32(m, csg_out(m, csg) + CSG_STATUS_STATE, 0);
	lost = resume && !csg_restore(m, csg);
	if (lost)
		memset(g->cs, 0, sizeof(g->cs));

	for (unsigned int id = 0; id < FW_NUM_CS; id++) {
		cs_process(m, csg, id, resume && !lost);
		if (lost && g->cs[id].started)
			cs_fatal(m, csg, id, CS_EXC_CONFIG_FAULT, 0);
	}
}

/*
 * A stream that waits for a sync object has one more look at it before its group
 * leaves: who signals it now may have nobody left to tell.
 */
static void look_again(struct mali *m, unsigned int csg)
{
	struct round round = { .due = MALI_NEVER };

	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		if (m->mcu.csg[csg].cs[id].block == MALI_CS_BLOCK_SYNC)
			run_stream(m, csg, id, 1, &round);
}

static void csg_end(struct mali *m, unsigned int csg, bool save)
{
	struct mali_csg *g = &m->mcu.csg[csg];

	if (save)
		look_again(m, csg);
	for (unsigned int id = 0; id < FW_NUM_CS; id++) {
		cs_publish(m, &g->cs[id]);
		cs_write_status(m, csg, id);
	}
	if (save)
		csg_save(m, csg);
	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		g->cs[id].started = false;
	g->active = false;
	g->idle = false;
}

/*
 * Whether the group can do as it is told now: a suspend waits for work under
 * way, and nothing ends a hard hang but a reset.
 */
static bool csg_ready_to_end(struct mali *m, unsigned int csg, uint32_t state)
{
	struct mali_csg *g = &m->mcu.csg[csg];

	for (unsigned int id = 0; g->active && id < FW_NUM_CS; id++) {
		struct mali_cs *cs = &g->cs[id];

		if (state == CSG_STATE_SUSPEND && mali_cs_unfinished(m, cs))
			return false;
		if (state == CSG_STATE_TERMINATE && cs->hang_hard &&
		    cs->block == MALI_CS_BLOCK_HANG)
			return false;
	}
	return true;
}

static void csg_set_state(struct mali *m, unsigned int csg, uint32_t state)
{
	struct mali_csg *g = &m->mcu.csg[csg];

	switch (state) {
	case CSG_STATE_START:
	case CSG_STATE_RESUME:
		if (!g->active)
			csg_begin(m, csg, state == CSG_STATE_RESUME);
		break;
	case CSG_STATE_SUSPEND:
	case CSG_STATE_TERMINATE:
		if (g->active)
			csg_end(m, csg, state == CSG_STATE_SUSPEND);
		break;
	default:
		mali_guest_error(m->base, "group %u: unknown state %u", csg, state);
		break;
	}
}

/* Streams whose doorbell bit the driver toggled */
static void csg_cs_doorbells(struct mali *m, unsigned int csg)
{
	uint32_t req = fw_rd32(m, csg_in(m, csg) + CSG_DB_REQ);
	uint32_t out = csg_out(m, csg) + CSG_DB_ACK;
	uint32_t rung = req ^ fw_rd32(m, out);

	fw_wr32(m, out, req);
	if (!m->mcu.csg[csg].active)
		return;
	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		if (rung & BIT(id))
			cs_process(m, csg, id, false);
}

/* What the driver asks of one group */
static void csg_process(struct mali *m, unsigned int csg)
{
	struct mali_csg *g = &m->mcu.csg[csg];
	uint32_t in = csg_in(m, csg), out = csg_out(m, csg);
	uint32_t req = fw_rd32(m, in + CSG_REQ);
	uint32_t changed = (req ^ fw_rd32(m, out + CSG_ACK)) & ~CSG_EVT_MASK;

	if (changed & CSG_ENDPOINT_CONFIG) {
		uint32_t ep = fw_rd32(m, in + CSG_EP_REQ);

		g->priority = CSG_EP_REQ_PRIORITY(ep);
		fw_wr32(m, out + CSG_STATUS_EP_CURRENT, ep);
		fw_wr32(m, out + CSG_STATUS_EP_REQ, ep);
	}
	g->ending = changed & CSG_STATE_MASK &&
		    !csg_ready_to_end(m, csg, req & CSG_STATE_MASK);
	if (g->ending)
		changed &= ~CSG_STATE_MASK;
	else if (changed & CSG_STATE_MASK)
		csg_set_state(m, csg, req & CSG_STATE_MASK);
	csg_cs_doorbells(m, csg);
	/* The status of a group that was just suspended is written already */
	if (changed & CSG_STATUS_UPDATE && g->active)
		for (unsigned int id = 0; id < FW_NUM_CS; id++)
			cs_write_status(m, csg, id);

	if (changed) {
		fw_wr32(m, out + CSG_ACK,
			fw_rd32(m, out + CSG_ACK) ^ changed);
		csg_irq(m, csg, changed);
	}
	csg_send_events(m, csg);
	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		cs_send_events(m, csg, id);
}

/* --- The global interface ----------------------------------------------- */

/* Requests that are done by taking note of them */
#define GLB_SIMPLE_REQS	(GLB_CFG_PROGRESS_TIMER | GLB_CFG_ALLOC_EN | \
			 GLB_CFG_POWEROFF_TIMER | GLB_PERFCNT_EN | \
			 GLB_PERFCNT_SAMPLE | GLB_COUNTER_EN | GLB_PING | \
			 GLB_FWCFG_UPDATE | GLB_IDLE_EN)

/* Timers are set in units of 1024 counts of a clock */
static uint64_t timer_ns(const struct mali *m, uint32_t val)
{
	uint64_t counts = (uint64_t)GLB_TIMER_VALUE(val) << GLB_TIMER_SHIFT;

	return val & GLB_TIMER_SOURCE_CYCLES ?
		       mali_cycles_ns(counts) :
		       mali_timestamp_ns(m->base, counts);
}

static uint64_t progress_ns(uint32_t units)
{
	return mali_cycles_ns((uint64_t)units << GLB_TIMER_SHIFT);
}

static void halt(struct mali *m)
{
	for (unsigned int csg = 0; csg < FW_NUM_CSGS; csg++)
		for (unsigned int id = 0; id < FW_NUM_CS; id++)
			cs_publish(m, &m->mcu.csg[csg].cs[id]);
	fw_wr32(m, glb_out(m) + GLB_HALT_STATUS, 0);
	if (mcu_alive(m))
		mcu_set_status(m, MCU_STATUS_HALT);
}

static void glb_process(struct mali *m)
{
	uint32_t in = glb_in(m), out = glb_out(m);
	uint32_t req = fw_rd32(m, in + GLB_REQ);
	uint32_t ack = fw_rd32(m, out + GLB_ACK);
	uint32_t changed = (req ^ ack) & GLB_SIMPLE_REQS;
	uint32_t db_req, rung;

	if (req & GLB_HALT) {
		halt(m);
		return;
	}
	if (changed & GLB_CFG_PROGRESS_TIMER)
		m->mcu.progress_ns = progress_ns(fw_rd32(m, in + GLB_PROGRESS_TIMER));
	m->mcu.timers_on = req & GLB_IDLE_EN;
	m->mcu.idle_ns = timer_ns(m, fw_rd32(m, in + GLB_IDLE_TIMER));
	if (changed) {
		fw_wr32(m, out + GLB_ACK, ack ^ changed);
		glb_irq(m, changed);
	}

	db_req = fw_rd32(m, in + GLB_DB_REQ);
	rung = db_req ^ fw_rd32(m, out + GLB_DB_ACK);
	fw_wr32(m, out + GLB_DB_ACK, db_req);
	for (unsigned int csg = 0; csg < FW_NUM_CSGS; csg++)
		if (rung & BIT(csg))
			csg_process(m, csg);
}

/* --- Boot --------------------------------------------------------------- */

static uint32_t get32(const uint8_t *p)
{
	uint32_t val;

	memcpy(&val, p, sizeof(val));
	return val;
}

/* Read and check the image as the core would find it; false: do not boot */
static bool load_image(struct mali *m)
{
	uint8_t code[FW_CODE_SIZE];
	uint8_t *desc = code + FW_DESC_OFFSET;
	struct mali_mmu_fault f;
	uint32_t crc;

	if (mali_mmu_read(m->mmu, MCU_AS, FW_CODE_VA, code, sizeof(code),
			  MALI_ACCESS_EXECUTE, &f) != MALI_MMU_OK) {
		mcu_crash(m, &f);
		return false;
	}
	crc = get32(desc + FW_DESC_O_CRC);
	memset(desc + FW_DESC_O_CRC, 0, sizeof(crc));
	if (get32(desc + FW_DESC_O_MAGIC) != FW_DESC_MAGIC ||
	    get32(desc + FW_DESC_O_ABI) != FW_DESC_ABI ||
	    get32(desc + FW_DESC_O_CODE_SIZE) != FW_CODE_SIZE ||
	    fw_crc32(code, sizeof(code)) != crc ||
	    get32(desc + FW_DESC_O_SHARED_SIZE) != FW_SHARED_SIZE ||
	    get32(desc + FW_DESC_O_NUM_CSGS) != FW_NUM_CSGS ||
	    get32(desc + FW_DESC_O_NUM_CS) != FW_NUM_CS) {
		mali_guest_error(m->base, "firmware image is damaged or not the virtual Mali's");
		return false;
	}
	m->mcu.shared_va = get32(desc + FW_DESC_O_SHARED_VA);
	return true;
}

static void write_cs_control(struct mali *m, unsigned int csg, unsigned int id)
{
	uint32_t ctl = m->mcu.shared_va + FW_CSG_CONTROL +
		       csg * FW_CSG_CONTROL_STRIDE + FW_CS_CONTROL +
		       id * FW_CS_CONTROL_STRIDE;

	fw_wr32(m, ctl + CS_CTRL_FEATURES,
		CS_FEATURES_WORK_REGS(CS_NUM_REGS) |
		CS_FEATURES_SCOREBOARDS(CS_NUM_SCOREBOARDS) |
		CS_FEATURES_COMPUTE | CS_FEATURES_FRAGMENT | CS_FEATURES_TILER);
	fw_wr32(m, ctl + CS_CTRL_INPUT_VA, cs_in(m, csg, id));
	fw_wr32(m, ctl + CS_CTRL_OUTPUT_VA, cs_out(m, csg, id));
}

static void write_csg_control(struct mali *m, unsigned int csg)
{
	uint32_t ctl = m->mcu.shared_va + FW_CSG_CONTROL +
		       csg * FW_CSG_CONTROL_STRIDE;

	fw_wr32(m, ctl + CSG_CTRL_FEATURES, 0);
	fw_wr32(m, ctl + CSG_CTRL_INPUT_VA, csg_in(m, csg));
	fw_wr32(m, ctl + CSG_CTRL_OUTPUT_VA, csg_out(m, csg));
	fw_wr32(m, ctl + CSG_CTRL_SUSPEND_SIZE,
		(SUSPEND_SIZE + MALI_PAGE_SIZE - 1) & MALI_PAGE_MASK);
	fw_wr32(m, ctl + CSG_CTRL_PROTM_SIZE, MALI_PAGE_SIZE);
	fw_wr32(m, ctl + CSG_CTRL_STREAM_NUM, FW_NUM_CS);
	fw_wr32(m, ctl + CSG_CTRL_STREAM_STRIDE, FW_CS_CONTROL_STRIDE);
	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		write_cs_control(m, csg, id);
}

static void write_controls(struct mali *m)
{
	uint32_t ctl = m->mcu.shared_va + FW_GLB_CONTROL;

	for (unsigned int csg = 0; csg < FW_NUM_CSGS; csg++)
		write_csg_control(m, csg);
	fw_wr32(m, ctl + GLB_CTRL_FEATURES, 0);
	fw_wr32(m, ctl + GLB_CTRL_INPUT_VA, glb_in(m));
	fw_wr32(m, ctl + GLB_CTRL_OUTPUT_VA, glb_out(m));
	fw_wr32(m, ctl + GLB_CTRL_GROUP_NUM, FW_NUM_CSGS);
	fw_wr32(m, ctl + GLB_CTRL_GROUP_STRIDE, FW_CSG_CONTROL_STRIDE);
	fw_wr32(m, ctl + GLB_CTRL_PERFCNT_SIZE, 0);
	fw_wr32(m, ctl + GLB_CTRL_INSTR_FEATURES, FW_INSTR_FEATURES);
	/* Last: a driver takes a version of 0 for firmware that did not boot */
	fw_wr32(m, ctl + GLB_CTRL_VERSION, FW_IFACE_VERSION);
}

static void boot(struct mali *m)
{
	/* Without its L2 the core fetches nothing, and waits */
	if (!mali_gpu_l2_ready(m))
		return;
	m->mcu.boot_pending = false;
	if (!load_image(m)) {
		mcu_set_status(m, MCU_STATUS_FATAL);
		return;
	}
	mcu_set_status(m, MCU_STATUS_ENABLED);
	write_controls(m);
	if (mcu_alive(m))
		mali_irq_raise(m->base, &m->mcu.irq, JOB_INT_GLOBAL);
}

/* --- Registers ---------------------------------------------------------- */

static void stop(struct mali *m)
{
	struct mali_mcu *mcu = &m->mcu;

	mcu->boot_pending = false;
	mcu->stopped = false;
	mcu->glb_doorbell = false;
	mcu->doorbells = 0;
	mcu->progress_ns = 0;
	mcu->timers_on = false;
	mcu->idle_since = MALI_NEVER;
	mcu->idle_sent = false;
	memset(mcu->csg, 0, sizeof(mcu->csg));
	mcu_set_status(m, MCU_STATUS_DISABLED);
}

void mali_mcu_reset(struct mali *m)
{
	stop(m);
	m->mcu.control = MCU_CONTROL_DISABLE;
	mali_irq_reset(m->base, &m->mcu.irq);
}

uint32_t mali_mcu_read(struct mali *m, uint32_t reg)
{
	return reg == MCU_STATUS ? m->mcu.status : m->mcu.control;
}

void mali_mcu_write(struct mali *m, uint32_t reg, uint32_t val)
{
	if (reg != MCU_CONTROL)
		return;
	m->mcu.control = val;
	if (val == MCU_CONTROL_DISABLE) {
		stop(m);
	} else if (m->mcu.status == MCU_STATUS_DISABLED) {
		m->mcu.boot_pending = true;
		m->mcu.answer_due = mali_inject_due(m->base, MALI_SLOW_FIRMWARE);
		mali_kick(m->base);
	}
}

void mali_mcu_doorbell(struct mali *m, unsigned int id)
{
	if (!m->mcu.glb_doorbell && !m->mcu.doorbells)
		m->mcu.answer_due = mali_inject_due(m->base, MALI_SLOW_FIRMWARE);
	if (!id)
		m->mcu.glb_doorbell = true;
	else if (id < 32)
		m->mcu.doorbells |= BIT(id);
	mali_kick(m->base);
}

/* --- One round ---------------------------------------------------------- */

static void user_doorbells(struct mali *m)
{
	uint32_t rung = m->mcu.doorbells;

	m->mcu.doorbells = 0;
	for (unsigned int csg = 0; csg < FW_NUM_CSGS; csg++) {
		struct mali_csg *g = &m->mcu.csg[csg];

		for (unsigned int id = 0; g->active && id < FW_NUM_CS; id++) {
			unsigned int db = CS_CONFIG_DOORBELL(g->cs[id].config);

			if (g->cs[id].started && db < 32 && rung & BIT(db))
				cs_read_insert(m, csg, id);
		}
	}
}

static void doorbells(struct mali *m)
{
	/* The CPU may have written a sync object before it rang */
	if (m->mcu.glb_doorbell || m->mcu.doorbells)
		m->mcu.wake_epoch++;
	if (m->mcu.doorbells)
		user_doorbells(m);
	if (m->mcu.glb_doorbell) {
		m->mcu.glb_doorbell = false;
		glb_process(m);
	}
}

/* Give one stream its turn. True: it has more to do. */
static bool run_stream(struct mali *m, unsigned int csg, unsigned int id,
		       unsigned int slice, struct round *round)
{
	struct mali_csg *g = &m->mcu.csg[csg];
	struct mali_cs *cs = &g->cs[id];
	unsigned int budget = slice;
	struct mali_cs_result r;

	if (!cs->started || cs->held)
		return false;
	r = mali_cs_run(m, g, id, &budget);
	round->executed += slice - budget;
	note_due(round, r.due);
	cs_publish(m, cs);

	if (r.wake)
		m->mcu.wake_epoch++;
	if (r.sync_update)
		csg_event(m, csg, CSG_SYNC_UPDATE);
	if (r.oom)
		cs_out_of_memory(m, csg, id, &r);
	if (r.outcome == MALI_CS_FATAL || r.outcome == MALI_CS_FAULTED)
		cs_exception(m, csg, id, &r);
	/* EXTRACT tells the driver which job failed: it must not move on yet */
	cs->held = r.outcome == MALI_CS_FAULTED;
	return r.outcome == MALI_CS_RAN;
}

/* Nothing to do that could go on without the driver or another stream */
static bool stream_idle(const struct mali_cs *cs)
{
	if (!cs->started || cs->ctx.dead)
		return true;
	if (cs->ctx.num_ops || cs->held)
		return false;
	if (cs->block == MALI_CS_BLOCK_SYNC)
		return cs->idle_flags & CS_IDLE_SYNC_WAIT;
	if (cs->block != MALI_CS_UNBLOCKED)
		return false;
	return !cs->ctx.depth && cs->ctx.extract == cs->insert &&
	       cs->idle_flags & CS_IDLE_EMPTY;
}

static void update_idle(struct mali *m, unsigned int csg)
{
	struct mali_csg *g = &m->mcu.csg[csg];
	bool idle = true;

	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		idle &= stream_idle(&g->cs[id]);
	csg_set_idle(m, csg, idle);
}

/*
 * The indices 0 to @n - 1 by falling priority, those of equal priority in turn
 * from @first on. @n is 8: nothing cleverer is worth it.
 */
static void sort_by_priority(unsigned int order[], const unsigned int priority[],
			     unsigned int n, unsigned int first)
{
	for (unsigned int i = 0; i < n; i++) {
		unsigned int it = (first + i) % n, at = i;

		for (; at && priority[order[at - 1]] < priority[it]; at--)
			order[at] = order[at - 1];
		order[at] = it;
	}
}

/* True: a stream had more to do than its turn allowed. */
static bool run_group(struct mali *m, unsigned int csg, unsigned int slice,
		      struct round *round)
{
	unsigned int order[FW_NUM_CS], priority[FW_NUM_CS];
	struct mali_csg *g = &m->mcu.csg[csg];
	uint64_t before = round->executed;
	bool busy = false;

	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		priority[id] = CS_CONFIG_PRIORITY(g->cs[id].config);
	sort_by_priority(order, priority, FW_NUM_CS, 0);
	for (unsigned int i = 0; i < FW_NUM_CS; i++)
		busy |= run_stream(m, csg, order[i], slice, round);

	/* However short the work was, it ends an idle period */
	if (round->executed != before)
		csg_set_idle(m, csg, false);
	update_idle(m, csg);
	return busy;
}

static void run_groups(struct mali *m, struct round *round)
{
	unsigned int order[FW_NUM_CSGS], priority[FW_NUM_CSGS];
	struct mali_mcu *mcu = &m->mcu;
	uint32_t epoch = mcu->wake_epoch;
	int busy = -1;	/* the highest priority that had more to do */

	for (unsigned int csg = 0; csg < FW_NUM_CSGS; csg++)
		priority[csg] = mcu->csg[csg].priority;
	sort_by_priority(order, priority, FW_NUM_CSGS, mcu->next);
	mcu->next = (mcu->next + 1) % FW_NUM_CSGS;

	for (unsigned int i = 0; i < FW_NUM_CSGS; i++) {
		struct mali_csg *g = &mcu->csg[order[i]];
		bool small = busy > (int)g->priority;

		if (!g->active || g->ending)
			continue;
		if (run_group(m, order[i],
			      small ? SMALL_SLICE_INSTRS : SLICE_INSTRS, round) &&
		    busy < 0)
			busy = g->priority;
	}
	/* What a stream signalled may have unblocked one that had its turn */
	round->more = busy >= 0 || epoch != mcu->wake_epoch;
}

/* Suspend and terminate requests that could not be met at once */
static void end_groups(struct mali *m, struct round *round)
{
	for (unsigned int csg = 0; csg < FW_NUM_CSGS; csg++) {
		struct mali_csg *g = &m->mcu.csg[csg];

		if (!g->ending)
			continue;
		csg_process(m, csg);
		for (unsigned int id = 0; g->ending && id < FW_NUM_CS; id++)
			note_due(round, mali_cs_finish_due(&g->cs[id]));
	}
}

/* CSG_PROGRESS_TIMER_EVENT for work on an endpoint that does not move */
static void progress_timer(struct mali *m, struct round *round)
{
	for (unsigned int i = 0; i < FW_NUM_CSGS * FW_NUM_CS; i++) {
		struct mali_csg *g = &m->mcu.csg[i / FW_NUM_CS];
		struct mali_cs *cs = &g->cs[i % FW_NUM_CS];

		if (!g->active || !m->mcu.progress_ns || cs->hang_reported ||
		    cs->block != MALI_CS_BLOCK_HANG)
			continue;
		if (mali_now(m->base) - cs->hang_since < m->mcu.progress_ns) {
			note_due(round, cs->hang_since + m->mcu.progress_ns);
			continue;
		}
		cs->hang_reported = true;
		csg_event(m, i / FW_NUM_CS, CSG_PROGRESS_TIMER_EVENT);
	}
}

/* GLB_IDLE, once every group has been idle for the hysteresis */
static uint64_t idle_timer(struct mali *m)
{
	struct mali_mcu *mcu = &m->mcu;
	bool any = false, idle = true;
	uint32_t event = GLB_IDLE;
	uint64_t due;

	for (unsigned int csg = 0; csg < FW_NUM_CSGS; csg++) {
		any |= mcu->csg[csg].active;
		idle &= !mcu->csg[csg].active || mcu->csg[csg].idle;
	}
	if (!idle) {
		mcu->idle_since = MALI_NEVER;
		mcu->idle_sent = false;
		return MALI_NEVER;
	}
	if (!any || mcu->idle_sent || !mcu->timers_on)
		return MALI_NEVER;
	if (mcu->idle_since == MALI_NEVER)
		mcu->idle_since = mali_now(m->base);
	due = mcu->idle_since + mcu->idle_ns;
	if (mali_now(m->base) < due)
		return due;
	mcu->idle_sent = true;
	glb_irq(m, send_events(m, glb_in(m) + GLB_REQ, glb_out(m) + GLB_ACK,
			       &event));
	return MALI_NEVER;
}

/* True when the firmware is still asleep over what it was called for */
static bool answers_later(struct mali *m, struct round *round)
{
	const struct mali_mcu *mcu = &m->mcu;

	if (!mcu->boot_pending && !mcu->glb_doorbell && !mcu->doorbells)
		return false;
	if (mali_now(m->base) >= mcu->answer_due)
		return false;
	note_due(round, mcu->answer_due);
	return true;
}

uint64_t mali_mcu_run(struct mali *m)
{
	struct round round = { .due = MALI_NEVER };
	uint64_t start = mali_now(m->base);

	/* An unlock kicks, and so does what ends an injection */
	if (mali_mmu_as_locked(m->mmu, MCU_AS) || m->mcu.stopped)
		return MALI_NEVER;
	if (!answers_later(m, &round)) {
		if (m->mcu.boot_pending)
			boot(m);
		if (mcu_alive(m))
			doorbells(m);
	}
	if (!mcu_alive(m))
		return round.due;
	end_groups(m, &round);
	run_groups(m, &round);
	progress_timer(m, &round);
	note_due(&round, idle_timer(m));
	if (round.more)
		note_due(&round, start + round.executed * INSTR_NS);
	return round.due;
}

/* --- Looking inside, and injection -------------------------------------- */

void mali_mcu_get_slot(const struct mali *m, unsigned int csg,
		       struct mali_slot *s)
{
	const struct mali_csg *g = &m->mcu.csg[csg];

	memset(s, 0, sizeof(*s));
	s->active = g->active;
	s->as = g->as;
	s->priority = g->priority;
	s->idle = g->idle;
	for (unsigned int id = 0; id < FW_NUM_CS; id++) {
		const struct mali_cs *cs = &g->cs[id];

		s->stream[id].started = cs->started;
		s->stream[id].block = cs->block;
		s->stream[id].cmd_ptr = mali_cs_cmd_ptr(cs);
		s->stream[id].extract = cs->ctx.extract;
		s->stream[id].insert = cs->insert;
	}
}

const char *mali_mcu_inject(struct mali *m, bool crash)
{
	if (!mcu_alive(m))
		return "the firmware is not running";
	if (crash)
		mcu_set_status(m, MCU_STATUS_FATAL);
	else
		m->mcu.stopped = true;
	return NULL;
}

void mali_mcu_inject_clear(struct mali *m)
{
	m->mcu.stopped = false;
	m->mcu.answer_due = 0;
	for (unsigned int i = 0; i < FW_NUM_CSGS * FW_NUM_CS; i++) {
		struct mali_cs *cs = &m->mcu.csg[i / FW_NUM_CS].cs[i % FW_NUM_CS];

		if (cs->block == MALI_CS_BLOCK_HANG)
			cs->block = MALI_CS_UNBLOCKED;
		for (unsigned int k = 0; k < cs->ctx.num_ops; k++)
			cs->ctx.op[k].due = 0;
	}
}

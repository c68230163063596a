/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One group of two streams with data, code and a place for its registers: what
 * the tests of the command-stream interpreter work with.
 */
#ifndef CS_FIXTURE_H
#define CS_FIXTURE_H

#include <stdlib.h>

#include "driver.h"
#include "tap.h"

#define RING	0x10000u
#define DATA	0x10000000ull		/* DATA_PAGES pages, then a hole */
#define DATA_PAGES 4u
#define HOLE	(DATA + DATA_PAGES * 4096)
#define CODE	0x20000000ull		/* 16 pages */
#define REGS	0x30000000ull		/* where dump() puts the registers */
#define NUM_REGS 94u			/* registers 94 and 95 are dump()'s */

struct cs {
	struct driver d;
	struct group g;
	uint64_t data[DATA_PAGES];	/* physical pages, not neighbours */
	uint64_t code, regs;
};

/* What became of stream 0 */
struct result {
	uint32_t events, fatal, fault;
	uint64_t fatal_info, fault_info, extract;
};

static inline void cs_begin(struct cs *c)
{
	struct driver *d = &c->d;

	drv_up(d);
	drv_as_new(d, 1);
	for (unsigned int i = 0; i < DATA_PAGES; i++) {
		c->data[i] = drv_map(d, 1, DATA + i * 4096, 1, SIM_RW);
		sim_alloc(&d->sim, 1 + i);
	}
	c->code = drv_map(d, 1, CODE, 16, SIM_RW);
	c->regs = drv_map(d, 1, REGS, 1, SIM_RW);
	drv_group_new(d, &c->g, 1, 2, RING);
	if (!drv_group_start(d, &c->g, 0))
		abort();
}

static inline struct cs *cs_new(void)
{
	struct cs *c = malloc(sizeof(*c));

	if (!c)
		abort();
	cs_begin(c);
	return c;
}

static inline void cs_delete(struct cs *c)
{
	drv_free(&c->d);
	free(c);
}

/* Start the group again, its rings empty and its registers 0 */
static inline void fresh(struct cs *c)
{
	struct driver *d = &c->d;

	drv_group_stop(d, &c->g, S_TERMINATE);
	for (unsigned int i = 0; i < c->g.num_queues; i++) {
		struct queue *q = &c->g.q[i];

		drv_cs_ack(d, 0, i, ~0u);
		drv_run(d, 30 * US);
		q->insert = 0;
		put64(d, q->io_pa, 0);
		put64(d, q->io_pa + 4096, 0);
	}
	drv_csg_ack(d, 0, ~0u);
	wr32(d, MMU_INT + CLEAR, ~0u);
	if (!drv_group_start(d, &c->g, 0))
		abort();
}

static inline uint64_t data_pa(struct cs *c, uint64_t va)
{
	return c->data[(va - DATA) / 4096] + va % 4096;
}

static inline uint32_t data32(struct cs *c, uint64_t va)
{
	return mem32(&c->d, data_pa(c, va));
}

static inline uint64_t data64(struct cs *c, uint64_t va)
{
	return data32(c, va) | (uint64_t)data32(c, va + 4) << 32;
}

static inline void set32(struct cs *c, uint64_t va, uint32_t val)
{
	put32(&c->d, data_pa(c, va), val);
}

static inline void set64(struct cs *c, uint64_t va, uint64_t val)
{
	set32(c, va, val);
	set32(c, va + 4, val >> 32);
}

static inline struct result result(struct cs *c)
{
	uint64_t out = c->d.cs_out[0][0];
	struct result r = {
		.events = drv_cs_events(&c->d, 0, 0),
		.extract = drv_extract(&c->d, &c->g.q[0]),
	};

	r.fatal = r.events & C_FATAL ? mem32(&c->d, out + CO_FATAL) : 0;
	r.fault = r.events & C_FAULT ? mem32(&c->d, out + CO_FAULT) : 0;
	r.fatal_info = mem64(&c->d, out + CO_FATAL_INFO);
	r.fault_info = mem64(&c->d, out + CO_FAULT_INFO);
	return r;
}

/*
 * A stream that faulted waits until the driver knows; acknowledge it, and see
 * what else happens. The result is that of the fault, with the last EXTRACT.
 */
static inline void acknowledge(struct cs *c, struct result *r)
{
	if (!(r->events & C_FAULT))
		return;
	drv_cs_ack(&c->d, 0, 0, C_FAULT);
	drv_cs_doorbell(&c->d, 0, 1);
	drv_run(&c->d, 200 * US);
	r->extract = drv_extract(&c->d, &c->g.q[0]);
}

static inline struct result run(struct cs *c, const uint64_t *instrs,
				unsigned int num)
{
	struct result r;

	drv_emit(&c->d, &c->g.q[0], instrs, num);
	drv_kick(&c->d, &c->g, 0);
	drv_run(&c->d, 200 * US);
	r = result(c);
	acknowledge(c, &r);
	return r;
}

#define RUN(c, ...) ({							\
	const uint64_t prog_[] = { __VA_ARGS__ };			\
									\
	run(c, prog_, sizeof(prog_) / sizeof(prog_[0]));		\
})

/* Write a called buffer at CODE + @at */
#define PUT_CODE(c, at, ...) do {					\
	const uint64_t code_[] = { __VA_ARGS__ };			\
									\
	sim_write(&(c)->d.sim, (c)->code + (at), code_, sizeof(code_));	\
} while (0)

/* Call @num instructions at CODE + @at, with registers 80 to 82 */
#define CALL_CODE(at, num) \
	I_MOVE(80, CODE + (at)), I_MOVE32(82, (num) * 8), I_CALL(80, 82)

static inline struct result dump(struct cs *c, uint32_t *regs)
{
	uint64_t prog[7] = { I_MOVE(94, REGS) };
	struct result r;

	for (unsigned int i = 0; i < 6; i++)
		prog[1 + i] = I_STORE(i * 16, 94, i < 5 ? 0xffff : 0x3fff,
				      i * 64);
	r = run(c, prog, 7);
	sim_read(&c->d.sim, c->regs, regs, NUM_REGS * 4);
	return r;
}

static inline uint32_t reg(struct cs *c, unsigned int r)
{
	uint32_t regs[NUM_REGS];

	dump(c, regs);
	return regs[r];
}

static inline void is_fatal(const struct result *r, uint32_t exc, uint64_t info,
			    const char *name)
{
	ok(r->events == C_FATAL && r->fatal == exc && r->fatal_info == info,
	   "%s: fatal 0x%x", name, exc);
	if (r->fatal != exc || r->fatal_info != info)
		diag("events 0x%x, fatal 0x%x, info 0x%" PRIx64, r->events,
		     r->fatal, r->fatal_info);
}

#endif /* CS_FIXTURE_H */

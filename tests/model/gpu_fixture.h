/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compute on top of cs_fixture.h: programs as text, their descriptors and uniforms,
 * and the instructions that dispatch them. Offsets and bits are spelled out here,
 * apart from those of the model.
 */
#ifndef GPU_FIXTURE_H
#define GPU_FIXTURE_H

#include <string.h>

#include "../shader/asm.h"
#include "cs_fixture.h"

#define SHADER		0x40000000ull	/* a page that can be executed and read */
#define DESC		0x41000000ull	/* a page of descriptors */
#define SPD		(DESC + 0x000)
#define TSD		(DESC + 0x040)
#define SRT		(DESC + 0x080)
#define FAU		(DESC + 0x800)
#define UNIFORMS	16u		/* 64-bit ones */
#define OUT		0x50000000ull	/* OUT_PAGES, then a hole */
#define OUT_PAGES	64u

#define I_RUN_COMPUTE		OP(4)
#define I_FINISH_TILING		OP(9)
#define EXC_INVALID_PC		0x50
#define EXC_INVALID_ENC		0x51
#define EXC_BARRIER		0x55
#define EXC_DATA_INVALID	0x58
#define EXC_ADDR_RANGE		0x5a
#define RES_COMPUTE		1

/* r2:r3 = u0:u1 + 4 * global id */
#define ADDRESS		"SHADDX.u64 r2, u0, r60.w0, shift:0x2\n"
#define PUT		"STORE.i32.slot0.end @r0, r2, offset:0\n"
/* The word of the thread becomes u2, or one more */
#define FILL		ADDRESS "MOV.i32 r0, u2\n" PUT
#define COUNT		ADDRESS "LOAD.i32.unsigned.slot0.wait0 @r0, r2, offset:0\n" \
			"IADD_IMM.i32 r0, r0, #0x1\n" PUT
/* The same after u3 rounds of a loop */
#define SLOW_COUNT	"MOV.i32 r1, u3\n"				\
			"IADD.s32 r1, r1, 0xFFFFFFFF\n"			\
			"BRANCHZ.reconverge r1, offset:-2\n" COUNT
/* The rounds come after it */
#define COUNT_SLOW	ADDRESS "LOAD.i32.unsigned.slot0.wait0 @r0, r2, offset:0\n" \
			"IADD_IMM.i32 r0, r0, #0x1\n"			\
			"STORE.i32.slot0.wait0 @r0, r2, offset:0\n"	\
			"MOV.i32 r1, u3\nIADD.s32 r1, r1, 0xFFFFFFFF\n"	\
			"BRANCHZ.reconverge r1, offset:-2\nNOP.end\n"
#define ENDLESS		"BRANCHZ.eq.reconverge 0x0, offset:-1\n"

struct gp {
	struct cs *c;
	uint64_t code, desc, out;	/* physical */
};

static inline void gp_code(struct gp *g, const char *text)
{
	char line[256];
	unsigned int at = 0;

	for (; *text; text += strcspn(text, "\n") + 1, at += 8) {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
		put64(&g->c->d, g->code + at, asm_one(line));
	}
}

static inline void gp_uniform(struct gp *g, unsigned int index, uint32_t val)
{
	put32(&g->c->d, g->desc + (FAU - DESC) + 4 * index, val);
}

static inline uint32_t out32(struct gp *g, unsigned int index)
{
	return mem32(&g->c->d, g->out + 4 * index);
}

/* How many of the first @n words are @val */
static inline unsigned int out_count(struct gp *g, unsigned int n, uint32_t val)
{
	unsigned int same = 0;

	for (unsigned int i = 0; i < n; i++)
		same += out32(g, i) == val;
	return same;
}

static inline void gp_begin(struct gp *g)
{
	struct driver *d;

	g->c = cs_new();
	d = &g->c->d;
	g->code = drv_map(d, 1, SHADER, 1, SIM_RX);
	g->desc = drv_map(d, 1, DESC, 1, SIM_RO);
	g->out = drv_map(d, 1, OUT, OUT_PAGES, SIM_RW);
	/* Compute, r55 to r62 preloaded, 64 registers */
	put32(d, g->desc, 8 | 1 << 4);
	put32(d, g->desc + 4, 0x7f80);
	put64(d, g->desc + 8, SHADER);
	/* No memory of workgroups */
	put32(d, g->desc + 0x44, 31);
	gp_uniform(g, 0, (uint32_t)OUT);
	gp_uniform(g, 1, OUT >> 32);
	gp_uniform(g, 2, 7);
	gp_uniform(g, 3, 1);
}

static inline void gp_end(struct gp *g)
{
	cs_delete(g->c);
}

/* Registers for @groups workgroups of 16 threads; and the cores */
#define SETUP(groups)							\
	I_MOVE(0, SRT | 1), I_MOVE(8, FAU),				\
	I_MOVE32(9, (uint32_t)(FAU >> 32) | UNIFORMS << 24),		\
	I_MOVE(16, SPD), I_MOVE(24, TSD), I_MOVE(32, 15ull << 32),	\
	I_MOVE(34, 0), I_MOVE32(36, 0), I_MOVE32(37, groups),		\
	I_MOVE32(38, 1), I_MOVE32(39, 1), I_REQ_RESOURCE(RES_COMPUTE)

#endif /* GPU_FIXTURE_H */

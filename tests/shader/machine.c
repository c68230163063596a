// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory and descriptors for tests of the shader core. See machine.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asm.h"
#include "machine.h"

static void *map(void *ctx, uint64_t va, enum shader_access access,
		 struct shader_fault *fault)
{
	static const unsigned int need[] = {
		MAY_READ | MAY_WRITE, MAY_EXECUTE, MAY_READ, MAY_WRITE,
	};
	struct machine *m = ctx;

	m->maps++;
	if (m->stall) {
		m->stall--;
		fault->stall = true;
		return NULL;
	}
	for (unsigned int i = 0; i < m->num_pages; i++) {
		if (m->page[i].va != va)
			continue;
		if ((m->page[i].may & need[access]) == need[access])
			return m->page[i].host;
		fault->exception = 0xc8; /* permission fault */
		return NULL;
	}
	fault->exception = 0xc3; /* translation fault */
	return NULL;
}

static void wrote(void *ctx, uint64_t va, void *host, size_t len)
{
	struct machine *m = ctx;

	m->wrote += len;
	if (machine_at(m, va) != host || va / 4096 != (va + len - 1) / 4096)
		abort();
}

static const struct shader_ops ops = { .map = map, .wrote = wrote };

void machine_map(struct machine *m, uint64_t va, unsigned int pages,
		 unsigned int may)
{
	for (unsigned int i = 0; i < pages; i++) {
		if (m->num_pages == NUM_PAGES)
			abort();
		m->page[m->num_pages].va = va + i * 4096;
		m->page[m->num_pages].may = may;
		m->page[m->num_pages++].host = calloc(1, 4096);
	}
}

void *machine_at(struct machine *m, uint64_t va)
{
	for (unsigned int i = 0; i < m->num_pages; i++)
		if (m->page[i].va == (va & ~4095ull))
			return m->page[i].host + va % 4096;
	abort();
}

void machine_put32(struct machine *m, uint64_t va, uint32_t val)
{
	memcpy(machine_at(m, va), &val, 4);
}

uint32_t machine_get32(struct machine *m, uint64_t va)
{
	uint32_t val;

	memcpy(&val, machine_at(m, va), 4);
	return val;
}

void machine_put64(struct machine *m, uint64_t va, uint64_t val)
{
	machine_put32(m, va, val);
	machine_put32(m, va + 4, val >> 32);
}

uint64_t machine_get64(struct machine *m, uint64_t va)
{
	return machine_get32(m, va) |
	       (uint64_t)machine_get32(m, va + 4) << 32;
}

uint32_t data32(struct machine *m, unsigned int index)
{
	return machine_get32(m, DATA + 4 * index);
}

static void pair(struct machine *m, unsigned int reg, uint64_t val)
{
	m->regs[reg] = val;
	m->regs[reg + 1] = val >> 32;
}

/* A texture of 16 by 16 texels in 3 levels, linear, and a sampler for it */
static void texture(struct machine *m)
{
	static const uint32_t desc[8] = {
		2 | 2 << 4 | 187 << 22, 15 | 15 << 16, 0x688 | 2 << 16, 2 << 24, PLANES,
	};
	static const uint32_t sampler[8] = { 1 | 0x888 << 8 | 3u << 30 | 1 << 25, 2 << 24 };

	for (unsigned int i = 0; i < 8; i++) {
		machine_put32(m, SET0 + 32 * MACHINE_TEXTURE + 4 * i, desc[i]);
		machine_put32(m, SET0 + 32 * MACHINE_SAMPLER + 4 * i, sampler[i]);
	}
	for (unsigned int i = 0; i < 3; i++) {
		machine_put32(m, PLANES + 32 * i, 10 | 1 << 4 | 2 << 8 | 2 << 24);
		machine_put64(m, PLANES + 32 * i + 8, DATA + 0x8000 + 0x1000 * i);
		machine_put32(m, PLANES + 32 * i + 16, 64);
	}
	machine_uniform(m, 6, 1 << 24 | MACHINE_SAMPLER);
	machine_uniform(m, 7, 1 << 24 | MACHINE_TEXTURE);
}

void machine_init(struct machine *m)
{
	memset(m, 0, sizeof(*m));
	m->sh = shader_new(&ops);
	machine_map(m, CODE, 2, MAY_READ | MAY_EXECUTE);
	machine_map(m, DESC, 1, MAY_READ);
	machine_map(m, DATA, DATA_PAGES, MAY_READ | MAY_WRITE);
	machine_map(m, WLS, 4, MAY_READ | MAY_WRITE);
	machine_map(m, TLS, 16, MAY_READ | MAY_WRITE);

	/* Compute, r55 to r62 preloaded, 64 registers */
	machine_put32(m, SPD, 8 | 1 << 4);
	machine_put32(m, SPD + 4, 0x7f80);
	machine_put64(m, SPD + 8, CODE);
	/* 64 bytes a thread; 4 KiB a workgroup, for 4 of them */
	machine_put32(m, TSD, 2);
	machine_put32(m, TSD + 4, 2 | 13 << 8);
	machine_put64(m, TSD + 8, TLS >> 8 | 1ull << 60);
	machine_put64(m, TSD + 16, WLS);
	/* Table 0 is empty, table 1 has 8 descriptors */
	machine_put64(m, SRT + 16, SET0 | 1ull << 56);
	machine_put64(m, SRT + 24, 8 * 32);

	pair(m, 0, SRT | 2);
	pair(m, 8, FAU | 64ull << 56);
	pair(m, 16, SPD);
	pair(m, 24, TSD);
	machine_size(m, 16, 1, 1, 1, 1, 1);
	machine_uniform(m, 0, DATA);
	machine_uniform(m, 1, 0);
	machine_buffer(m, 0, DATA, 4096);
	texture(m);
}

void machine_fini(struct machine *m)
{
	shader_job_cancel(&m->job);
	shader_free(m->sh);
	for (unsigned int i = 0; i < m->num_pages; i++)
		free(m->page[i].host);
}

void machine_far_code(struct machine *m, uint64_t at)
{
	machine_map(m, at, 1, MAY_READ | MAY_EXECUTE);
	machine_put64(m, at, asm_one("IADD.s32 r1, r1, 0xFFFFFFFF"));
	machine_put64(m, at + 8, asm_one("BRANCHZI.absolute r1, u14"));
	machine_put64(m, at + 16, asm_one("NOP.end"));
	machine_uniform(m, 12, at);
	machine_uniform(m, 13, at >> 32);
	machine_uniform(m, 14, CODE + 8);
	machine_uniform(m, 15, CODE >> 32);
}

void machine_uniform(struct machine *m, unsigned int index, uint32_t val)
{
	machine_put32(m, FAU + 4 * index, val);
}

void machine_buffer(struct machine *m, unsigned int index, uint64_t va,
		    uint32_t size)
{
	machine_put32(m, SET0 + 32 * index, 9 | 1 << 4);
	machine_put32(m, SET0 + 32 * index + 4, size);
	machine_put64(m, SET0 + 32 * index + 8, va);
}

void machine_size(struct machine *m, unsigned int x, unsigned int y,
		  unsigned int z, unsigned int nx, unsigned int ny,
		  unsigned int nz)
{
	m->regs[33] = (x - 1) | (y - 1) << 10 | (z - 1) << 20;
	m->regs[37] = nx;
	m->regs[38] = ny;
	m->regs[39] = nz;
}

void machine_code(struct machine *m, const char *text)
{
	m->num_words = 0;
	while (*text) {
		size_t len = strcspn(text, "\n");
		char line[256];

		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		if (len)
			machine_put64(m, CODE + 8 * m->num_words++,
				      asm_one(line));
		text += len + (text[len] == '\n');
	}
}

void machine_job(struct machine *m)
{
	shader_job_cancel(&m->job);
	m->job = (struct shader_job){ .ctx = m };
	shader_dispatch_init(&m->job.d, m->regs, 4ull << 56);
}

enum shader_result machine_run(struct machine *m)
{
	machine_job(m);
	return shader_run(m->sh, &m->job, 1000000000, &m->fault);
}

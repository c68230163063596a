/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What shaders need around them in tests: memory with page permissions, the
 * descriptors that panvk would write, programs as text.
 */
#ifndef SHADER_MACHINE_H
#define SHADER_MACHINE_H

#include "shader.h"

#define CODE		0x00100000ull
#define DESC		0x00200000ull
#define DATA		0x00300000ull	/* DATA_PAGES, then nothing */
#define WLS		0x00500000ull
#define TLS		0x00600000ull
#define DATA_PAGES	16u
#define NUM_PAGES	64u

/* In the page of descriptors */
#define SPD		(DESC + 0x000)
#define TSD		(DESC + 0x040)
#define SRT		(DESC + 0x080)
#define SET0		(DESC + 0x200)	/* table 1: buffer descriptors */
#define FAU		(DESC + 0x800)
#define PLANES		(DESC + 0xc00)	/* of the texture */

/* Descriptors of set 0; uniforms 6 and 7 are handles of them */
#define MACHINE_TEXTURE	5u
#define MACHINE_SAMPLER	6u

enum { MAY_READ = 1, MAY_WRITE = 2, MAY_EXECUTE = 4 };

/**
 * struct machine - memory, and a job on it
 * @maps: Translations that were asked for.
 * @wrote: Bytes that were said to be written.
 * @stall: So many translations have no answer at first.
 */
struct machine {
	struct shader *sh;
	struct shader_job job;
	struct shader_fault fault;
	struct {
		uint64_t va;
		unsigned int may;
		uint8_t *host;
	} page[NUM_PAGES];
	unsigned int num_pages;
	uint64_t maps, wrote;
	unsigned int stall;
	uint32_t regs[96];
	unsigned int num_words;
};

void machine_init(struct machine *m);
void machine_fini(struct machine *m);
void machine_map(struct machine *m, uint64_t va, unsigned int pages,
		 unsigned int may);
void *machine_at(struct machine *m, uint64_t va);
void machine_put32(struct machine *m, uint64_t va, uint32_t val);
uint32_t machine_get32(struct machine *m, uint64_t va);
void machine_put64(struct machine *m, uint64_t va, uint64_t val);
uint64_t machine_get64(struct machine *m, uint64_t va);
uint32_t data32(struct machine *m, unsigned int index);

/* Lines of assembly, separated by newlines, from CODE on */
void machine_code(struct machine *m, const char *text);
/* Of these: r6 is @first, and one more for odd threads; r6 may not be in @first */
#define BY_PARITY(first) \
	"IADD_IMM.i32 r6, 0x0, #0x2\nLSHIFT_AND.i32 r6, r60, 0x3020100.b11, r6\n" \
	"IADD.u32 r6, r6, " first "\n"
/*
 * Code at @at that counts r1 down and goes back to the second line of the other, or is the
 * end. u12 is the way there, u14 that back.
 */
void machine_far_code(struct machine *m, uint64_t at);
void machine_uniform(struct machine *m, unsigned int index, uint32_t val);
void machine_size(struct machine *m, unsigned int x, unsigned int y,
		  unsigned int z, unsigned int nx, unsigned int ny,
		  unsigned int nz);
/* Descriptor @index of set 0, which is table 1 */
void machine_buffer(struct machine *m, unsigned int index, uint64_t va,
		    uint32_t size);

/* A new job of what was set up */
void machine_job(struct machine *m);
enum shader_result machine_run(struct machine *m);

#endif

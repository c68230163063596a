/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command-stream encoder for architecture 10: one small function for each
 * instruction that our programs use.
 *
 * Opcodes and field positions are facts of the instruction set. The file may
 * grow by instructions; it must not know of panthor or of the scenarios.
 *
 * Registers are 32 bits wide. An address or a 64-bit value takes two, the even
 * one is named. A load or store completes only when its scoreboard entry has
 * been waited for: until then its registers belong to the GPU.
 */
#ifndef VMBIND_CS_H
#define VMBIND_CS_H

#include <stdbool.h>
#include <stdint.h>

/* The scoreboard entry that loads, stores and flushes of our streams use. */
#define CS_SB_LS	0

enum cs_cond {
	CS_LE,
	CS_GT,
	CS_EQ,
	CS_NE,
	CS_LT,
	CS_GE,
	CS_ALWAYS,
};

/**
 * struct cs - a command stream being written
 * @buf: Where the instructions go.
 * @va: GPU address of @buf.
 * @count: Instructions written.
 * @max: Instructions that fit.
 * @overflow: More were emitted than fit; the stream is useless.
 */
struct cs {
	uint64_t *buf;
	uint64_t va;
	unsigned int count;
	unsigned int max;
	bool overflow;
};

static inline void cs_emit(struct cs *cs, unsigned int opcode, uint64_t fields)
{
	if (cs->count == cs->max) {
		cs->overflow = true;
		return;
	}
	cs->buf[cs->count++] = (uint64_t)opcode << 56 | fields;
}

static inline void cs_mov48(struct cs *cs, unsigned int dst, uint64_t val)
{
	cs_emit(cs, 1, (uint64_t)dst << 48 | (val & 0xffffffffffffull));
}

static inline void cs_mov32(struct cs *cs, unsigned int dst, uint32_t val)
{
	cs_emit(cs, 2, (uint64_t)dst << 48 | val);
}

static inline void cs_wait(struct cs *cs, unsigned int slot)
{
	cs_emit(cs, 3, 1ull << (16 + slot));
}

static inline void cs_add32(struct cs *cs, unsigned int dst, unsigned int src,
			    int32_t val)
{
	cs_emit(cs, 16, (uint64_t)dst << 48 | (uint64_t)src << 40 |
		(uint32_t)val);
}

static inline void cs_add64(struct cs *cs, unsigned int dst, unsigned int src,
			    int32_t val)
{
	cs_emit(cs, 17, (uint64_t)dst << 48 | (uint64_t)src << 40 |
		(uint32_t)val);
}

/* Registers base + i for every bit i of @mask, from the address pair @addr */
static inline void cs_load(struct cs *cs, unsigned int base, unsigned int addr,
			   uint16_t mask, int16_t offset)
{
	cs_emit(cs, 20, (uint64_t)base << 48 | (uint64_t)addr << 40 |
		(uint64_t)mask << 16 | (uint16_t)offset);
}

static inline void cs_store(struct cs *cs, unsigned int base, unsigned int addr,
			    uint16_t mask, int16_t offset)
{
	cs_emit(cs, 21, (uint64_t)base << 48 | (uint64_t)addr << 40 |
		(uint64_t)mask << 16 | (uint16_t)offset);
}

/* To instruction @target when the signed register @reg compares so with 0 */
static inline void cs_branch(struct cs *cs, enum cs_cond cond, unsigned int reg,
			     unsigned int target)
{
	int16_t offset = (int)target - (int)cs->count - 1;

	cs_emit(cs, 22, (uint64_t)reg << 40 | (uint64_t)cond << 28 |
		(uint16_t)offset);
}

/* Which scoreboard entries what follows uses */
static inline void cs_set_sb(struct cs *cs, unsigned int endpoint,
			     unsigned int other)
{
	cs_emit(cs, 23, other << 4 | endpoint);
}

/* @len holds bytes */
static inline void cs_call(struct cs *cs, unsigned int addr, unsigned int len)
{
	cs_emit(cs, 32, (uint64_t)addr << 40 | (uint64_t)len << 32);
}

/*
 * Write the caches back and drop what they hold: L2 and load/store caches are
 * cleaned and invalidated, the others invalidated. @id is a register with the
 * flush ID, 0 in it for an unconditional flush.
 */
static inline void cs_flush_caches(struct cs *cs, unsigned int id)
{
	cs_emit(cs, 36, (uint64_t)CS_SB_LS << 48 | (uint64_t)id << 40 | 0x233);
}

/* Which of a stream's state STORE_STATE stores */
enum cs_state {
	CS_TIMESTAMP,
	CS_CYCLES,
	CS_DISJOINT,
	CS_ERROR,
};

/* At once: it waits for no scoreboard entry */
static inline void cs_store_state(struct cs *cs, unsigned int addr,
				  enum cs_state what)
{
	cs_emit(cs, 40, (uint64_t)addr << 40 | (uint64_t)what << 32);
}

/* The heap that the tiler's memory comes from, by the address of its context */
static inline void cs_heap_set(struct cs *cs, unsigned int addr)
{
	cs_emit(cs, 48, (uint64_t)addr << 40);
}

enum cs_heap_op {
	CS_VT_START,
	CS_VT_END,
	CS_FRAG_END = 3,
};

static inline void cs_heap_operation(struct cs *cs, enum cs_heap_op op)
{
	cs_emit(cs, 49, (uint64_t)op << 32);
}

/* Operands are in r33, r34 and r40, see below */
static inline void cs_run_tiling(struct cs *cs)
{
	cs_emit(cs, 5, 0);
}

static inline void cs_finish_tiling(struct cs *cs)
{
	cs_emit(cs, 9, 0);
}

/* Gives the chunks between those in @top and @bottom back */
static inline void cs_finish_fragment(struct cs *cs, unsigned int top,
				      unsigned int bottom, bool completed)
{
	cs_emit(cs, 11, (uint64_t)top << 40 | (uint64_t)bottom << 32 |
		completed);
}

/* What is called when the heap cannot grow; @len holds bytes */
static inline void cs_set_handler(struct cs *cs, unsigned int addr,
				  unsigned int len)
{
	cs_emit(cs, 25, (uint64_t)addr << 40 | (uint64_t)len << 32);
}

/* Work for shader cores */
static inline void cs_run_compute(struct cs *cs)
{
	cs_emit(cs, 4, 0);
}

/* Into protected mode */
static inline void cs_prot_region(struct cs *cs)
{
	cs_emit(cs, 41, 1);
}

/* System scope: other queues, other groups and the CPU notice */
static inline void cs_sync_add64(struct cs *cs, unsigned int addr,
				 unsigned int data)
{
	cs_emit(cs, 51, (uint64_t)addr << 40 | (uint64_t)data << 32);
}

/* Until the object at @addr compares so with @data; LE and GT exist */
static inline void cs_sync_wait64(struct cs *cs, enum cs_cond cond,
				  unsigned int addr, unsigned int data)
{
	cs_emit(cs, 53, (uint64_t)addr << 40 | (uint64_t)data << 32 |
		(uint64_t)cond << 28);
}

/* An opcode that no architecture defines */
static inline void cs_undefined(struct cs *cs)
{
	cs_emit(cs, 0xff, 0);
}

#endif /* VMBIND_CS_H */

/* SPDX-License-Identifier: MIT */
/*
 * Command streams that look at memory: the instructions that they need, of architecture
 * 10 and later. Opcodes and fields are facts of the instruction set. Registers have 32
 * bits; an address takes two. What is loaded is there once its scoreboard was waited for.
 */
#ifndef PANTHOR_STREAM_H
#define PANTHOR_STREAM_H

#include <stdint.h>

struct pb;

struct stream {
	uint64_t *code;
	uint64_t va;
	unsigned int count;
};

enum stream_cond { COND_GT = 1, COND_EQ = 2, COND_ALWAYS = 6 };

static inline void st_emit(struct stream *s, unsigned int opcode, uint64_t fields)
{
	s->code[s->count++] = (uint64_t)opcode << 56 | fields;
}

static inline void st_mov48(struct stream *s, unsigned int reg, uint64_t val)
{
	st_emit(s, 1, (uint64_t)reg << 48 | (val & 0xffffffffffffull));
}

static inline void st_mov32(struct stream *s, unsigned int reg, uint32_t val)
{
	st_emit(s, 2, (uint64_t)reg << 48 | val);
}

/* Until what is on scoreboard 0 is done */
static inline void st_wait(struct stream *s)
{
	st_emit(s, 3, 1 << 16);
}

static inline void st_add32(struct stream *s, unsigned int reg, int32_t val)
{
	st_emit(s, 16, (uint64_t)reg << 48 | (uint64_t)reg << 40 | (uint32_t)val);
}

static inline void st_add64(struct stream *s, unsigned int reg, int32_t val)
{
	st_emit(s, 17, (uint64_t)reg << 48 | (uint64_t)reg << 40 | (uint32_t)val);
}

/* 64 bits */
static inline void st_load(struct stream *s, unsigned int reg, unsigned int addr)
{
	st_emit(s, 20, (uint64_t)reg << 48 | (uint64_t)addr << 40 | 3 << 16);
}

static inline void st_store(struct stream *s, unsigned int reg, unsigned int addr)
{
	st_emit(s, 21, (uint64_t)reg << 48 | (uint64_t)addr << 40 | 3 << 16);
}

/* To instruction @target if the signed register compares so with 0 */
static inline void st_branch(struct stream *s, enum stream_cond cond, unsigned int reg,
			     unsigned int target)
{
	int16_t offset = (int)target - (int)s->count - 1;

	st_emit(s, 22, (uint64_t)reg << 40 | (uint64_t)cond << 28 | (uint16_t)offset);
}

/* Until the 64-bit sync object at @addr compares so with @reg; COND_GT exists */
static inline void st_sync_wait64(struct stream *s, enum stream_cond cond, unsigned int addr,
				  unsigned int reg)
{
	st_emit(s, 53, (uint64_t)addr << 40 | (uint64_t)reg << 32 | (uint64_t)cond << 28);
}

/* Loads and stores use scoreboard 0 */
static inline void st_begin(struct stream *s)
{
	st_emit(s, 23, 1);
}

/* Caches are written back; @reg is one to use */
static inline void st_end(struct stream *s, unsigned int reg)
{
	st_mov32(s, reg, 0);
	st_emit(s, 36, (uint64_t)reg << 40 | 0x233);
	st_wait(s);
}

/* Memory for streams and a group, in the VM of @p */
void stream_open(struct pb *p);
void stream_close(struct pb *p);
/* A new one */
struct stream stream_begin(struct pb *p);
/* Queued; it signals p->done, and waits for @wait if not 0 */
void stream_queue(struct pb *p, const struct stream *s, uint32_t wait);
/*
 * 0, or a new group and -EIO after a fault, -ETIMEDOUT after a hang, -ECANCELED after what is
 * neither
 */
int stream_result(struct pb *p);
int stream_run(struct pb *p, const struct stream *s);

#endif /* PANTHOR_STREAM_H */

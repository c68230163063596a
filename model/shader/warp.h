/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Warps: 16 threads that execute together, their registers, the messages they
 * wait for, and the groups into which branches divide them.
 *
 * Invariants:
 * - The groups of a warp are disjoint, none is empty, and all have different
 *   program counters. The one with the lowest executes; the others wait.
 * - What a message brings is in its struct message until it lands; registers
 *   never show it before. Each slot has one message at most.
 */
#ifndef SHADER_WARP_H
#define SHADER_WARP_H

#include <assert.h>

#include "decode.h"
#include "shader.h"

#define LANES		SHADER_LANES
#define ALL_LANES	0xffffu
#define NUM_SLOTS	3u
#define PAGE_WORDS	(SHADER_PAGE_SIZE / 8)
#define PAGE_OF(va)	((va) & ~(uint64_t)(SHADER_PAGE_SIZE - 1))

/* Elements of registers are numbered from the low end. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "byte order");

typedef uint32_t v4u __attribute__((vector_size(16)));
typedef int32_t v4s __attribute__((vector_size(16)));
typedef float v4f __attribute__((vector_size(16)));
typedef uint16_t v8u16 __attribute__((vector_size(16)));
typedef int16_t v8s16 __attribute__((vector_size(16)));
typedef uint8_t v16u8 __attribute__((vector_size(16)));
typedef int8_t v16s8 __attribute__((vector_size(16)));

/* A register of all lanes, by what is in it */
union lanes {
	uint32_t u32[16];
	int32_t s32[16];
	float f32[16];
	uint16_t u16[32];
	int16_t s16[32];
	uint8_t u8[64];
	int8_t s8[64];
	v4u vu32[4];
	v4s vs32[4];
	v4f vf32[4];
	v8u16 vu16[4];
	v8s16 vs16[4];
	v16u8 vu8[4];
	v16s8 vs8[4];
} __attribute__((aligned(64)));

/**
 * struct message - what an instruction brings later
 * @mask: Lanes.
 * @reg: First register.
 * @count: Registers.
 * @bits: Which bits of the first register.
 * @data: What they become.
 */
struct message {
	uint16_t mask;
	uint8_t reg, count;
	uint32_t bits;
	union lanes data[4];
};

/**
 * struct code_page - a page of decoded instructions
 * @va, @ctx, @half_regs: What it is of.
 * @checked: The job for which it was compared with memory.
 * @words: Memory as it was decoded.
 * @insn: The instructions; op is NULL until it is needed.
 */
struct code_page {
	uint64_t va;
	void *ctx;
	bool half_regs, valid;
	uint64_t checked;
	uint64_t words[PAGE_WORDS];
	struct insn insn[PAGE_WORDS];
};

/**
 * struct shader_env - what all threads of a job have in common
 * @sh: The shader core.
 * @ctx: For the callbacks.
 * @job_id: To tell one job from the next.
 * @uniforms: The FAU.
 * @srt: The resource table, with its count.
 * @entry: Where threads begin.
 * @preload: Which of registers 48 to 63 are set (bit 0 is 48).
 * @half_regs: Threads have registers 0 to 15 and 48 to 63 only.
 * @ftz32, @ftz16: Subnormal floats are zero.
 * @tls_base, @tls_size: Memory of threads: where, and bytes for each.
 * @wls_base, @wls_size, @wls_count: The same for workgroups.
 */
struct shader_env {
	struct shader *sh;
	void *ctx;
	uint64_t job_id;
	uint32_t uniforms[256];
	uint64_t srt, entry;
	uint16_t preload;
	bool half_regs, ftz32, ftz16;
	uint64_t tls_base, wls_base;
	uint64_t tls_size, wls_size;
	uint32_t wls_count;
};

enum warp_state {
	WARP_READY,	/* can execute; the budget is spent */
	WARP_BARRIER,	/* waits for the others of its workgroup */
	WARP_DONE,
	WARP_FAULT,	/* or a stall: the fault says */
};

struct warp_group {
	uint64_t pc;
	uint16_t mask;
};

/**
 * struct warp - a warp
 * @r: Registers.
 * @env: What is common to the job.
 * @wls: Memory of its workgroup.
 * @first: Number of lane 0 in the workgroup.
 * @id: Number of the warp in the workgroup.
 * @pc: Next instruction of the group that executes.
 * @mask: Its lanes.
 * @live: Lanes that have not ended.
 * @all: Lanes that there ever were.
 * @num_waiting: Other groups.
 * @waiting: They.
 * @busy: Slots with a message, a bit each.
 * @msg: The messages.
 * @arrived: At a barrier that is not complete.
 * @state: See enum warp_state.
 * @page: Code that @pc is in, or NULL.
 * @extra: What the instruction takes off the budget beside its lanes.
 * @fault: Why it cannot go on.
 */
struct warp {
	union lanes r[64];
	struct shader_env *env;
	uint64_t wls;
	uint32_t first, id;
	uint64_t pc;
	uint16_t mask, live, all;
	uint8_t num_waiting, busy;
	bool arrived;
	enum warp_state state;
	struct warp_group waiting[LANES];
	struct message msg[NUM_SLOTS];
	struct code_page *page;
	unsigned int extra;
	struct shader_fault fault;
};

/*
 * What takes the host long beside a lane's addition, in lane instructions, so that a turn
 * is over in milliseconds whatever is executed (make -C tests/shader bench): another page of
 * data that an instruction looks up, a texel that is read, or a value that is stored as one,
 * and a page of code that makes room for another. Nearly each load reads descriptors, so
 * they count for less than they take, and for as much as it needs to end in time.
 */
/* An instruction of one lane, for which the host does all but the addition */
#define LEAST_COST	4u
#define COST_PAGE	32u
#define COST_DESC	8u
#define COST_TEXEL	32u
#define COST_CODE	512u

/**
 * struct shader - the shader cores
 * @ops: Callbacks.
 * @stats: What happened so far.
 * @last_job: Number of the last job that was started or went on.
 * @keep_code: Code is not compared with memory.
 * @pages: The instruction cache, by address.
 */
struct shader {
	const struct shader_ops *ops;
	struct shader_stats stats;
	uint64_t last_job;
	bool keep_code;
	struct code_page *pages[64];
};

/* warp.c */
void warp_start(struct warp *w, struct shader_env *env, unsigned int lanes);
enum warp_state warp_run(struct warp *w, int64_t *budget);
void warp_land(struct warp *w, unsigned int slots);
struct message *warp_message(struct warp *w, const struct insn *in);

/* Record a fault of the shader's own; false, for the caller to return */
bool warp_fault(struct warp *w, unsigned int exception, uint64_t va,
		const char *why);

/* src.c: read all sources; a pair takes two entries of @s */
#define MAX_OPERANDS	6u
void warp_fetch(struct warp *w, const struct insn *in, const union lanes **s,
		union lanes *tmp);
/* A special value, for lanes that may differ */
uint32_t warp_special(const struct warp *w, unsigned int page,
		      unsigned int index, unsigned int lane);

/* code.c: the instruction at @w->pc, or NULL with a fault */
const struct insn *code_at(struct warp *w);
void code_free(struct shader *sh);

/* exec.c: what executes an instruction, or why nothing does */
const char *exec_bind(struct insn *in, bool half_regs);

/* int.c, bits.c, compare.c, float.c, sfu.c, convert.c: NULL if not theirs */
insn_fn int_handler(const struct insn *in);
insn_fn bits_handler(const struct insn *in);
insn_fn compare_handler(const struct insn *in);
insn_fn float_handler(const struct insn *in);
insn_fn sfu_handler(const struct insn *in);
insn_fn convert_handler(const struct insn *in);
/* convert.c: floats, rounded already, become halves; each is in both halves */
void float_narrow(const struct warp *w, union lanes *d);

/* mem.c, atomic.c: false with a fault */
bool mem_load(struct warp *w, const struct insn *in, const union lanes **s);
bool mem_store(struct warp *w, const struct insn *in, const union lanes **s);
bool mem_ld_buffer(struct warp *w, const struct insn *in, const union lanes **s);
bool mem_lea_buffer(struct warp *w, const struct insn *in, const union lanes **s);
bool mem_atomic(struct warp *w, const struct insn *in, const union lanes **s);

/* image.c, tex.c: the same */
bool image_load(struct warp *w, const struct insn *in, const union lanes **s);
bool image_address(struct warp *w, const struct insn *in, const union lanes **s);
bool image_load_typed(struct warp *w, const struct insn *in, const union lanes **s);
bool image_store_typed(struct warp *w, const struct insn *in, const union lanes **s);
bool image_lea_buf(struct warp *w, const struct insn *in, const union lanes **s);
bool tex_execute(struct warp *w, const struct insn *in, const union lanes **s);
/* What of these is not implemented, or NULL */
const char *tex_bind(const struct insn *in);

/*
 * Where an address is that LEA_BUFFER gives out of bounds: loads from there
 * are zero, stores go nowhere.
 */
#define NOWHERE		(1ull << 63)
#define VA_BITS		48

/**
 * struct span - pages that an instruction touches, each translated once
 */
struct span {
	struct warp *w;
	enum shader_access access;
	unsigned int count;
	struct {
		uint64_t va;
		uint8_t *host;
		uint16_t lo, hi;	/* bytes that were written */
	} page[2 * LANES];
};

/* mem.c; NULL with a fault. The bytes do not cross a page. */
uint8_t *span_at(struct span *sp, uint64_t va);
void span_wrote(struct span *sp, uint64_t va, unsigned int len);
void span_done(struct span *sp);
/* Whether an address of a lane is one; false with a fault */
bool mem_check(struct warp *w, uint64_t va, unsigned int len);

/**
 * struct buffer - a BUFFER descriptor
 * @va: Its first byte.
 * @size: Its bytes.
 * @stride: Bytes of a structure; 1 if it is none of structures.
 */
struct buffer {
	uint64_t va;
	uint32_t size, stride;
};

/**
 * struct buffers - descriptors that the lanes of an instruction name
 *
 * Mostly one; each that differs from the lane's before is read anew.
 */
struct buffers {
	bool valid;
	uint32_t handle;
	struct buffer buf;
};

/* desc.c: false with a fault. What is read comes off the budget, by the page. */
bool desc_read(struct warp *w, uint64_t va, void *to, unsigned int len);
/* The 32 bytes that a handle names, and where they are */
bool desc_words(struct warp *warp, uint32_t handle, uint32_t *w, uint64_t *va);
bool desc_next_buffer(struct warp *w, struct buffers *b, uint32_t handle);
/* Before the first workgroup: nobody pays */
bool desc_env(struct shader_env *env, const struct shader_job *job,
	      struct shader_fault *fault);

/* The buffer of a lane, which is mostly that of the lane before */
static inline bool desc_buffer(struct warp *w, struct buffers *b, uint32_t handle)
{
	return (b->valid && b->handle == handle) || desc_next_buffer(w, b, handle);
}

#endif /* SHADER_WARP_H */

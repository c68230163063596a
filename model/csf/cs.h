/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command streams: their state, and the interpreter that executes them.
 *
 * The interpreter knows a stream, the streams beside it in its group, and the
 * blocks below. What becomes of a stream is a struct mali_cs_result, for the groups
 * to act on.
 *
 *	cs.c		the slice, control flow, and what is done when it is read
 *	cs_wait.c	what a stream waits for, and when it may go on
 *	cs_async.c	what is queued and completes later
 *	cs_tiling.c	of that, tiling and heaps; tiler.c is the tiler itself
 *	cs_compute.c	of that, compute; cores.c are the shader cores to it
 *	cs_slice.c	how an instruction fails or waits
 */
#ifndef MALI_CSF_CS_H
#define MALI_CSF_CS_H

#include "cores.h"
#include "csf.h"
#include "cs_isa.h"
#include "fw_iface.h"
#include "tiler.h"

/* --- State of a stream ---------------------------------------------------- */

#define MALI_CALL_DEPTH		8

/**
 * struct mali_cs_frame - where a called buffer is executing
 * @pc: GPU address of the next instruction.
 * @end: GPU address behind the last one.
 */
struct mali_cs_frame {
	uint64_t pc;
	uint64_t end;
};

/* Asynchronous instructions that a stream may have under way */
#define MALI_CS_OPS		16

/**
 * struct mali_cs_op - an asynchronous instruction under way
 * @instr: The instruction.
 * @va: Its address operand, and @data its data operand where that is read when
 *	it is issued; loads and stores use their registers when they complete.
 * @due: Not before this time.
 * @wait: Scoreboard entries that must be clear first.
 * @slot: Scoreboard entry that is busy until then.
 */
struct mali_cs_op {
	uint64_t instr;
	uint64_t va;
	uint64_t data;
	uint64_t due;
	uint16_t wait;
	uint16_t slot;
	uint32_t pad;
};

/**
 * struct mali_cs_ctx - what a stream owns: saved when its group is suspended
 * @regs: Work registers.
 * @extract: Byte count of what was consumed of the ring; points behind the
 *	CALL while a called buffer executes.
 * @frame: Called buffers, innermost at @depth - 1.
 * @depth: 0 while the ring itself executes.
 * @error: A fault happened and no ERROR_BARRIER came yet.
 * @dead: A fatal exception happened; only a new start revives the stream.
 * @sb_endpoint: Scoreboard entry that SET_SB_ENTRY chose for endpoints.
 * @sb_other: The same for loads, stores and the like.
 * @resources: What REQ_RESOURCE asked for.
 * @heap: Heap context set by HEAP_SET.
 * @progress: The stream's progress counter.
 * @handler: Tiler out-of-memory handler: address and length.
 * @handler_len: See @handler.
 * @handler_depth: Depth of the frame in which the handler runs, or 0.
 * @handler_ran: It ran since a chunk was found last.
 * @num_ops: Asynchronous instructions under way, oldest first in @op.
 * @tiling_left: Heap memory that the tiling operation in @op still takes.
 * @dispatch: How far the RUN_COMPUTE in @op is: there is one at most.
 *
 * Fixed-width members only: this is the format of the suspend buffer.
 */
struct mali_cs_ctx {
	uint32_t regs[CS_NUM_REGS];
	uint64_t extract;
	struct mali_cs_frame frame[MALI_CALL_DEPTH];
	uint32_t depth;
	uint32_t error;
	uint32_t dead;
	uint8_t sb_endpoint;
	uint8_t sb_other;
	uint16_t resources;
	uint64_t heap;
	uint64_t progress;
	uint64_t handler;
	uint32_t handler_len;
	uint32_t handler_depth;
	uint32_t handler_ran;
	uint32_t num_ops;
	uint64_t tiling_left;
	struct shader_dispatch dispatch;
	struct mali_cs_op op[MALI_CS_OPS];
};

/**
 * struct mali_cs - one stream slot
 * @ctx: The saved part.
 * @started: The driver asked for START and not yet for STOP.
 * @ring_base: GPU address of the ring, in the group's address space.
 * @ring_size: Bytes, a power of two.
 * @ring_in: MCU addresses of the queue's input and output page.
 * @ring_out: See @ring_in.
 * @config: CS_CONFIG: priority and doorbell.
 * @insert: Last value read from the input page.
 * @published: Last extract count written to the output page, and
 * @published_active: whether it was said to execute.
 * @idle_flags: CS_IDLE_* bits: which conditions count as idle.
 * @block: Why the stream cannot continue.
 * @block_epoch: Value of mali_cs_env::wake_epoch at which it blocked.
 * @block_gen: Generation of the address space at which it blocked.
 * @block_va: Address of the access that faulted.
 * @look_due: When one that is blocked in SYNC_WAIT looks at memory again.
 * @wait_addr: What a SYNC_WAIT is waiting for.
 * @wait_ref: See @wait_addr.
 * @wait_flags: The CS_STATUS_WAIT word.
 * @job: The dispatch, while a workgroup of it is under way.
 * @hang_hard: It hangs on request, and does not terminate.
 * @stuck_since: When its work on an endpoint moved last.
 * @stuck_reported: The progress timer told the driver.
 * @held: A recoverable fault was reported, and the driver did not acknowledge it.
 * @oom_sent: The driver was asked for a chunk and has not answered.
 * @oom_answered: It did.
 * @chunk: With this one, or 0.
 * @fetch_page: Page that @fetch_ptr is the host address of, or ~0.
 * @fetch_ptr: See @fetch_page.
 * @fetch_gen: Generation of the address space at which it was translated.
 */
struct mali_cs {
	struct mali_cs_ctx ctx;
	bool started;
	uint64_t ring_base;
	uint32_t ring_size;
	uint64_t ring_in;
	uint64_t ring_out;
	uint32_t config;
	uint64_t insert;
	uint64_t published;
	uint32_t published_active;
	uint32_t idle_flags;
	enum mali_cs_block block;
	uint32_t block_epoch;
	uint32_t block_gen;
	uint64_t block_va;
	uint64_t look_due;
	uint64_t wait_addr;
	uint64_t wait_ref;
	uint32_t wait_flags;
	struct shader_job job;
	bool hang_hard;
	uint64_t stuck_since;
	bool stuck_reported;
	bool held;
	bool oom_sent;
	bool oom_answered;
	uint64_t chunk;
	uint64_t fetch_page;
	const uint8_t *fetch_ptr;
	uint32_t fetch_gen;
};

/* --- A time slice --------------------------------------------------------- */

/**
 * struct mali_cs_env - what streams execute on
 * @base: What all stands on.
 * @mmu: Their way to memory.
 * @gpu: Counters and flushes.
 * @cores: The shader cores.
 * @stats: Counters to keep.
 * @wake_epoch: Incremented when a waiting stream has reason to look again.
 * @cores_free: When shader cores are through with what they did already.
 * @sharing: Streams that share them, as far as is known; 0 is 1.
 * @lanes_left: Lane instructions that they execute in this round.
 */
struct mali_cs_env {
	struct mali_base *base;
	struct mali_mmu *mmu;
	struct mali_gpu *gpu;
	struct mali_cores *cores;
	struct mali_stats *stats;
	uint32_t wake_epoch;
	uint64_t cores_free;
	unsigned int sharing;
	int64_t lanes_left;
};

/**
 * struct mali_cs_place - which stream executes
 * @cs: The streams of its group.
 * @id: Its number among them.
 * @csg: The group's slot.
 * @as: The group's address space.
 * @compute: The group was given shader cores.
 * @leaving: It is about to leave its slot: the workgroup under way is finished, and
 *	no other work begun.
 */
struct mali_cs_place {
	struct mali_cs *cs;
	unsigned int id;
	unsigned int csg;
	unsigned int as;
	bool compute;
	bool leaving;
};

enum mali_cs_outcome {
	MALI_CS_RAN,		/* budget used up, more to do */
	MALI_CS_EMPTY,		/* the ring is empty */
	MALI_CS_BLOCKED,	/* see mali_cs::block */
	MALI_CS_FATAL,		/* exception, address in struct mali_cs_result */
	MALI_CS_FAULTED,	/* the same, recoverable */
};

/**
 * struct mali_cs_result - what became of a time slice
 * @outcome: Why it ended.
 * @exception: enum cs_exception, on MALI_CS_FATAL and MALI_CS_FAULTED.
 * @info: Its address or instruction.
 * @sync_update: A sync object of system scope was written.
 * @wake: A sync object was written: waiting streams look again.
 * @due: When an instruction under way completes, or MALI_NEVER.
 * @work: What shader cores did for it, in lane instructions.
 * @working: They have more to do.
 * @oom: The tiler heap needs a chunk: @heap and @counters say of which.
 */
struct mali_cs_result {
	enum mali_cs_outcome outcome;
	uint32_t exception;
	uint64_t info;
	bool sync_update;
	bool wake;
	uint64_t due;
	uint64_t work;
	bool working;
	bool oom;
	uint64_t heap;
	struct mali_heap_counters counters;
};

/* Instructions that a stream executes before the next has its turn */
#ifndef SLICE_INSTRS	/* a fuzzer wants it small */
#define SLICE_INSTRS		4096u
#endif

/* Lane instructions of shader cores for each instruction of a stream's turn */
#define LANES_PER_INSTR		256
/* What shader cores execute in a round, for all streams: a million */
#define ROUND_LANES		((int64_t)SLICE_INSTRS * LANES_PER_INSTR)

void mali_cs_start(struct mali_cs *cs);
/* It stops, or nobody wants it any more: what is under way on shader cores is over. */
void mali_cs_stop(struct mali_cs *cs);
/*
 * Execute up to *@budget instructions and take them off it. Shader cores work for
 * the stream in proportion to the budget, which may be 0 for one that is leaving.
 */
struct mali_cs_result mali_cs_run(const struct mali_cs_env *env,
				  const struct mali_cs_place *at,
				  unsigned int *budget);

/* --- Looking at a stream -------------------------------------------------- */

uint64_t mali_cs_cmd_ptr(const struct mali_cs *cs);
/* Scoreboard entries that are busy */
unsigned int mali_cs_scoreboards(const struct mali_cs *cs);
/*
 * At @now, work is under way that only time ends, or a workgroup: the group cannot
 * be suspended.
 */
bool mali_cs_unfinished(const struct mali_cs *cs, uint64_t now);
/* When all that is under way completes, MALI_NEVER when nothing is */
uint64_t mali_cs_finish_due(const struct mali_cs *cs);
/* An instruction under way, read back from a suspend buffer, is one. */
bool mali_cs_op_valid(const struct mali_cs_op *op);

#endif /* MALI_CSF_CS_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the model know of each other.
 *
 *	mali.c	register decode, interrupts, time, the run loop
 *	csf/	the firmware (mcu.c), command streams (cs.c), tiler heaps
 *	gpu/	identity, power, reset, cache flush: the GPU control page
 *	mmu/	address spaces, translation, faults (mmu.h)
 *	base/	faults on request; the operations that all of them use
 *
 * Calls go down that list and through the functions declared here; cs.c
 * reports to mcu.c through mali_cs_*() outcomes, never by writing firmware
 * memory itself.
 */
#ifndef MALI_INTERNAL_H
#define MALI_INTERNAL_H

#include "csf/cs_isa.h"
#include "csf/fw_iface.h"
#include "mali.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "guest memory is little-endian and is copied to host integers as it is"
#endif

#define BIT(n)		(1u << (n))

/* --- GPU control -------------------------------------------------------- */

enum mali_power_domain {
	MALI_PWR_SHADER,
	MALI_PWR_TILER,
	MALI_PWR_L2,
	MALI_NUM_PWR,
};

/**
 * struct mali_gpu - state of the GPU control page
 * @irq: The GPU interrupt.
 * @ready: Powered cores of each domain.
 * @coherency: COHERENCY_PROTOCOL as written.
 * @l2_config: L2_CONFIG as written.
 * @timestamp_offset: TIMESTAMP_OFFSET as written.
 * @flush_id: LATEST_FLUSH_ID: incremented by each flush of the L2.
 * @fault_status: GPU_FAULT_STATUS; zero while there is none to report.
 * @fault_addr: GPU_FAULT_ADDR.
 * @going_up: Cores of each domain on their way up; @going_down likewise.
 * @power_due: When the transition of a domain ends.
 * @flushing: A FLUSH_CACHES command is under way until @flush_due.
 * @resetting: A reset is under way until @reset_due: nothing but the interrupt
 *	block of this page takes a write.
 */
struct mali_gpu {
	struct mali_irq_block irq;
	uint64_t ready[MALI_NUM_PWR];
	uint32_t fault_status;
	uint64_t fault_addr;
	uint64_t going_up[MALI_NUM_PWR];
	uint64_t going_down[MALI_NUM_PWR];
	uint64_t power_due[MALI_NUM_PWR];
	bool flushing;
	uint64_t flush_due;
	bool resetting;
	uint64_t reset_due;
	uint32_t coherency;
	uint32_t l2_config;
	uint64_t timestamp_offset;
	uint32_t flush_id;
};

void mali_gpu_reset(struct mali *m);
uint32_t mali_gpu_read(struct mali *m, uint32_t reg);
void mali_gpu_write(struct mali *m, uint32_t reg, uint32_t val);
bool mali_gpu_l2_ready(const struct mali *m);
/* Ends what is due; when the next command ends, or MALI_NEVER. */
uint64_t mali_gpu_run(struct mali *m);
/* What is under way ends at the next run. */
void mali_gpu_hurry(struct mali *m);
/* A fault of the GPU itself, not of one of its address spaces */
void mali_gpu_fault(struct mali *m, uint8_t exception, uint64_t va, bool protm);
/* A flush of the L2 on behalf of a register or an instruction */
void mali_gpu_count_flush(struct mali *m);

/* --- Command streams ---------------------------------------------------- */

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
 * @published: Last extract count written to the output page.
 * @idle_flags: CS_IDLE_* bits: which conditions count as idle.
 * @block: Why the stream cannot continue.
 * @block_epoch: Value of mali_mcu::wake_epoch at which it blocked.
 * @block_gen: Generation of the address space at which it blocked.
 * @block_va: Address of the access that faulted.
 * @wait_addr: What a SYNC_WAIT is waiting for.
 * @wait_ref: See @wait_addr.
 * @wait_flags: The CS_STATUS_WAIT word.
 * @hang_since: When its work began to hang.
 * @hang_hard: It does not terminate.
 * @hang_reported: The progress timer told the driver.
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
	uint32_t idle_flags;
	enum mali_cs_block block;
	uint32_t block_epoch;
	uint32_t block_gen;
	uint64_t block_va;
	uint64_t wait_addr;
	uint64_t wait_ref;
	uint32_t wait_flags;
	uint64_t hang_since;
	bool hang_hard;
	bool hang_reported;
	bool held;
	bool oom_sent;
	bool oom_answered;
	uint64_t chunk;
	uint64_t fetch_page;
	const uint8_t *fetch_ptr;
	uint32_t fetch_gen;
};

/**
 * struct mali_csg - one group slot
 * @active: Started or resumed, not suspended or terminated since.
 * @as: Address space of the group.
 * @priority: From the endpoint request, 0 to 15.
 * @idle: What CSG_STATUS_STATE says.
 * @ending: A suspend or terminate request waits for work under way.
 * @events: CSG_EVT_MASK events to send as soon as the driver has
 *	acknowledged the last one of their kind.
 * @cs_events: CS_EVT_MASK events of each stream, the same way.
 * @cs: The streams.
 */
struct mali_csg {
	bool active;
	unsigned int as;
	unsigned int priority;
	bool idle;
	bool ending;
	uint32_t events;
	uint32_t cs_events[FW_NUM_CS];
	struct mali_cs cs[FW_NUM_CS];
};

enum mali_cs_outcome {
	MALI_CS_RAN,		/* budget used up, more to do */
	MALI_CS_EMPTY,		/* the ring is empty */
	MALI_CS_BLOCKED,	/* see mali_cs::block */
	MALI_CS_FATAL,		/* exception, address in struct mali_cs_result */
	MALI_CS_FAULTED,	/* the same, recoverable */
};

/**
 * struct mali_heap_counters - render passes of a tiler heap
 * @vt_start: Vertex work started.
 * @vt_end: Vertex work completed.
 * @frag_end: Fragment work completed.
 */
struct mali_heap_counters {
	uint32_t vt_start;
	uint32_t vt_end;
	uint32_t frag_end;
};

/**
 * struct mali_cs_result - what became of a time slice
 * @outcome: Why it ended.
 * @exception: enum cs_exception, on MALI_CS_FATAL and MALI_CS_FAULTED.
 * @info: Its address or instruction.
 * @sync_update: A sync object of system scope was written.
 * @wake: A sync object was written: waiting streams look again.
 * @due: When an instruction under way completes, or MALI_NEVER.
 * @oom: The tiler heap needs a chunk: @heap and @counters say of which.
 */
struct mali_cs_result {
	enum mali_cs_outcome outcome;
	uint32_t exception;
	uint64_t info;
	bool sync_update;
	bool wake;
	uint64_t due;
	bool oom;
	uint64_t heap;
	struct mali_heap_counters counters;
};

void mali_cs_start(struct mali_cs *cs);
/* Execute up to *budget instructions of stream @id and take them off it. */
struct mali_cs_result mali_cs_run(struct mali *m, struct mali_csg *g,
				  unsigned int id, unsigned int *budget);
uint64_t mali_cs_cmd_ptr(const struct mali_cs *cs);
/* Scoreboard entries that are busy */
unsigned int mali_cs_scoreboards(const struct mali_cs *cs);
/* Work is under way that only time ends: the group cannot be suspended. */
bool mali_cs_unfinished(const struct mali *m, const struct mali_cs *cs);

/* When all that is under way completes, MALI_NEVER when nothing is */
uint64_t mali_cs_finish_due(const struct mali_cs *cs);
/* An instruction under way, read back from a suspend buffer, is one. */
bool mali_cs_op_valid(const struct mali_cs_op *op);

/* --- Tiler heaps -------------------------------------------------------- */

/**
 * struct mali_tiling - what a tiling operation takes
 * @tiler: GPU address of its tiler context.
 * @heap: GPU address of the heap context.
 * @left: Bytes of heap memory that it still needs.
 * @offered: A chunk from the driver, or 0; taken when the heap has no other.
 * @out_of_memory: Nothing was taken: there is no chunk.
 */
struct mali_tiling {
	uint64_t tiler;
	uint64_t heap;
	uint64_t left;
	uint64_t offered;
	bool out_of_memory;
};

/* One step: a part of a chunk, or the change to the next one. */
enum mali_mmu_result mali_tiler_take(struct mali *m, unsigned int as,
				     struct mali_tiling *t,
				     struct mali_mmu_fault *f);
enum mali_mmu_result mali_heap_counters(struct mali *m, unsigned int as,
					uint64_t heap,
					struct mali_heap_counters *c,
					struct mali_mmu_fault *f);
enum mali_mmu_result mali_heap_count(struct mali *m, unsigned int as,
				     uint64_t heap, unsigned int operation,
				     struct mali_mmu_fault *f);
enum mali_mmu_result mali_heap_free(struct mali *m, unsigned int as,
				    uint64_t heap, uint64_t top,
				    uint64_t bottom, bool completed,
				    struct mali_mmu_fault *f);

/* --- Firmware ----------------------------------------------------------- */

/**
 * struct mali_mcu - the microcontroller and the firmware on it
 * @irq: The job interrupt.
 * @control: MCU_CONTROL as written.
 * @status: MCU_STATUS.
 * @boot_pending: Started; the firmware has not come up yet.
 * @stopped: Injected: it answers nothing.
 * @glb_doorbell: The global doorbell rang.
 * @doorbells: Queue doorbells that rang.
 * @answer_due: When the firmware looks at them, and boots.
 * @wake_epoch: Incremented when a waiting stream has reason to look again.
 * @shared_va: Shared section, from the image.
 * @progress_ns: How long an endpoint may work without progress, or 0.
 * @timers_on: GLB_IDLE_EN.
 * @idle_ns: Idle hysteresis.
 * @idle_since: Time at which the last group became idle, or MALI_NEVER.
 * @idle_sent: GLB_IDLE was sent for this idle period.
 * @next: Group of equal priority at which the next round starts.
 * @csg: The group slots.
 */
struct mali_mcu {
	struct mali_irq_block irq;
	uint32_t control;
	uint32_t status;
	bool boot_pending;
	bool stopped;
	bool glb_doorbell;
	uint32_t doorbells;
	uint64_t answer_due;
	uint32_t wake_epoch;
	uint32_t shared_va;
	uint64_t progress_ns;
	bool timers_on;
	uint64_t idle_ns;
	uint64_t idle_since;
	bool idle_sent;
	unsigned int next;
	struct mali_csg csg[FW_NUM_CSGS];
};

void mali_mcu_reset(struct mali *m);
uint32_t mali_mcu_read(struct mali *m, uint32_t reg);
void mali_mcu_write(struct mali *m, uint32_t reg, uint32_t val);
void mali_mcu_doorbell(struct mali *m, unsigned int id);
/*
 * One round of firmware and streams. Returns the time at which it wants the
 * next one: now, a timer, or MALI_NEVER.
 */
uint64_t mali_mcu_run(struct mali *m);
void mali_mcu_get_slot(const struct mali *m, unsigned int csg,
		       struct mali_slot *s);
/* The firmware stops or crashes; NULL, or why it cannot. */
const char *mali_mcu_inject(struct mali *m, bool crash);
/* What was stopped or hung on request goes on. */
void mali_mcu_inject_clear(struct mali *m);

/* --- The whole ----------------------------------------------------------- */

struct mali {
	struct mali_config cfg;
	struct mali_base *base;
	struct mali_mmu *mmu;
	struct mali_stats *stats;
	struct mali_gpu gpu;
	struct mali_mcu mcu;
};

#endif /* MALI_INTERNAL_H */

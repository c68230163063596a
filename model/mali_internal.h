/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the model know of each other.
 *
 *	core.c	register decode, interrupts, time, the run loop
 *	gpu.c	identity, power, reset, cache flush: the GPU control page
 *	mmu.c	address spaces, translation, faults (mmu.h)
 *	mcu.c	the firmware: boot, global, group and stream interface
 *	cs.c	the command-stream interpreter
 *
 * Calls go down that list and through the functions declared here; cs.c
 * reports to mcu.c through mali_cs_*() outcomes, never by writing firmware
 * memory itself.
 */
#ifndef MALI_INTERNAL_H
#define MALI_INTERNAL_H

#include "cs_isa.h"
#include "fw_iface.h"
#include "mali.h"
#include "mmu.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "guest memory is little-endian and is copied to host integers as it is"
#endif

#define BIT(n)		(1u << (n))

/* Rate of the cycle counter: the core clock that the device tree states */
#define MALI_CORE_HZ	1000000000u

/* --- Interrupt blocks --------------------------------------------------- */

/**
 * struct mali_irq_block - RAWSTAT, CLEAR, MASK and STAT of one line
 * @line: The interrupt line that STAT drives.
 * @rawstat: Events since they were cleared.
 * @mask: Events that drive the line.
 * @level: What the line was last set to.
 */
struct mali_irq_block {
	enum mali_irq line;
	uint32_t rawstat;
	uint32_t mask;
	bool level;
};

void mali_irq_raise(struct mali *m, struct mali_irq_block *b, uint32_t events);
uint32_t mali_irq_read(const struct mali_irq_block *b, uint32_t reg);
void mali_irq_write(struct mali *m, struct mali_irq_block *b, uint32_t reg,
		    uint32_t val);
void mali_irq_reset(struct mali *m, struct mali_irq_block *b);

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
 */
struct mali_gpu {
	struct mali_irq_block irq;
	uint64_t ready[MALI_NUM_PWR];
	uint32_t coherency;
	uint32_t l2_config;
	uint64_t timestamp_offset;
	uint32_t flush_id;
};

void mali_gpu_reset(struct mali *m);
uint32_t mali_gpu_read(struct mali *m, uint32_t reg);
void mali_gpu_write(struct mali *m, uint32_t reg, uint32_t val);
bool mali_gpu_l2_ready(const struct mali *m);
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
	uint32_t pad;
};

enum mali_cs_block {
	MALI_CS_UNBLOCKED,
	MALI_CS_BLOCK_SYNC,	/* SYNC_WAIT: until memory or a doorbell says so */
	MALI_CS_BLOCK_PROGRESS,	/* PROGRESS_WAIT */
	MALI_CS_BLOCK_MMU,	/* a locked region */
	MALI_CS_BLOCK_FAULT,	/* a fault not yet handled */
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
 * struct mali_cs_result - what became of a time slice
 * @outcome: Why it ended.
 * @exception: enum cs_exception, on MALI_CS_FATAL and MALI_CS_FAULTED.
 * @info: Its address or instruction.
 * @sync_update: A sync object of system scope was written.
 * @wake: A sync object was written: waiting streams look again.
 */
struct mali_cs_result {
	enum mali_cs_outcome outcome;
	uint32_t exception;
	uint64_t info;
	bool sync_update;
	bool wake;
};

void mali_cs_start(struct mali_cs *cs);
/* Execute up to *budget instructions of stream @id and take them off it. */
struct mali_cs_result mali_cs_run(struct mali *m, struct mali_csg *g,
				  unsigned int id, unsigned int *budget);
uint64_t mali_cs_cmd_ptr(const struct mali_cs *cs);

/* --- Firmware ----------------------------------------------------------- */

/**
 * struct mali_mcu - the microcontroller and the firmware on it
 * @irq: The job interrupt.
 * @control: MCU_CONTROL as written.
 * @status: MCU_STATUS.
 * @boot_pending: Started; the firmware has not come up yet.
 * @glb_doorbell: The global doorbell rang.
 * @doorbells: Queue doorbells that rang.
 * @wake_epoch: Incremented when a waiting stream has reason to look again.
 * @shared_va: Shared section, from the image.
 * @timers_on: GLB_IDLE_EN.
 * @idle_ns: Idle hysteresis.
 * @idle_since: Time at which the last group became idle, or MALI_NEVER.
 * @idle_sent: GLB_IDLE was sent for this idle period.
 * @next: Group at which the next round starts, for fairness.
 * @csg: The group slots.
 */
struct mali_mcu {
	struct mali_irq_block irq;
	uint32_t control;
	uint32_t status;
	bool boot_pending;
	bool glb_doorbell;
	uint32_t doorbells;
	uint32_t wake_epoch;
	uint32_t shared_va;
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

/* --- The whole ----------------------------------------------------------- */

struct mali {
	struct mali_config cfg;
	struct mali_host_ops ops;
	void *host;
	struct mali_stats stats;
	struct mali_mmu mmu;
	struct mali_gpu gpu;
	struct mali_mcu mcu;
};

/* Run soon: something happened that the firmware or a stream waits for. */
void mali_kick(struct mali *m);
uint64_t mali_now(const struct mali *m);
/* The system counter, as the CPUs' generic timer counts it. */
uint64_t mali_timestamp(const struct mali *m);
uint64_t mali_cycles(const struct mali *m);
void mali_guest_error(struct mali *m, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* MALI_INTERNAL_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Public interface of the Mali CSF GPU model.
 *
 * The core is portable C11 and knows nothing of QEMU. It owns no thread and
 * no lock: the embedder calls every function here from one thread at a time
 * (in QEMU, under the big lock). The outside is reached through struct
 * mali_host_ops only, so that host unit tests, fuzzers and the QEMU device
 * run the very same code.
 *
 * Time is the embedder's: the model asks to be run again through
 * mali_host_ops::schedule() and reads mali_host_ops::clock_ns(); it never
 * looks at the host's clock. Under a deterministic clock two runs are equal.
 */
#ifndef MALI_H
#define MALI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct mali;

/* Size of the register window, in bytes. */
#define MALI_MMIO_SIZE		0x200000u

/* "Never", as a deadline of mali_host_ops::schedule(). */
#define MALI_NEVER		UINT64_MAX

/* Number of address spaces. AS 0 belongs to the MCU. */
#define MALI_NUM_AS		8

enum mali_irq {
	MALI_IRQ_JOB,
	MALI_IRQ_MMU,
	MALI_IRQ_GPU,
	MALI_NUM_IRQS,
};

/**
 * struct mali_host_ops - what the model needs of the machine around it
 * @mem_read: Copy @len bytes of guest-physical memory at @pa to @buf. Returns
 *	0, or -1 where the bus has no memory (a bus error).
 * @mem_write: The other direction.
 * @page_ptr: Host address of the 4 KiB page of guest RAM at @pa (page
 *	aligned), for reading only, or NULL where @pa is not plain RAM. It
 *	stays valid for the lifetime of the model.
 * @set_irq: Drive an interrupt line.
 * @clock_ns: The model's time, in nanoseconds, never decreasing.
 * @schedule: Call mali_run() at @deadline_ns of that clock (at once when it
 *	has passed); replaces the deadline asked for before. MALI_NEVER
 *	cancels.
 * @guest_error: The guest did what no driver should; @msg is one line without
 *	a newline. Never fatal.
 */
struct mali_host_ops {
	int (*mem_read)(void *host, uint64_t pa, void *buf, size_t len);
	int (*mem_write)(void *host, uint64_t pa, const void *buf, size_t len);
	const void *(*page_ptr)(void *host, uint64_t pa);
	void (*set_irq)(void *host, enum mali_irq line, bool level);
	uint64_t (*clock_ns)(void *host);
	void (*schedule)(void *host, uint64_t deadline_ns);
	void (*guest_error)(void *host, const char *msg);
};

/*
 * Commands that a deliberately broken model ignores: it answers as if it had
 * done them and keeps its caches. Used by the tests that prove that a missing
 * flush shows.
 */
#define MALI_IGNORE_AS_UNLOCK	(1u << 0)	/* UNLOCK drops no translation */
#define MALI_IGNORE_AS_UPDATE	(1u << 1)	/* UPDATE drops no translation */
#define MALI_IGNORE_AS_FLUSH	(1u << 2)	/* nor FLUSH_PT, FLUSH_MEM */
#define MALI_IGNORE_AS_LOCK	(1u << 3)	/* LOCK does not hold accesses off */
#define MALI_IGNORE_AS_WIDER	(1u << 4)	/* a region drops no table wider than it */

/**
 * struct mali_config - how the GPU is built
 * @coherent: The integration is I/O coherent (ACE-Lite).
 * @ignore: MALI_IGNORE_* mask, 0 for a faithful model.
 * @timer_hz: Rate of the system counter that the CPUs' generic timers share
 *	with the GPU; 0 for the 62.5 MHz that QEMU gives a Cortex-A76.
 */
struct mali_config {
	bool coherent;
	uint32_t ignore;
	uint32_t timer_hz;
};

/* mali_new() gives NULL only when the host is out of memory. */
struct mali *mali_new(const struct mali_config *cfg,
		      const struct mali_host_ops *ops, void *host);
void mali_free(struct mali *m);

/* Power-on reset: registers, caches and firmware state as after power-up. */
void mali_reset(struct mali *m);

/*
 * Register access. @size is 4 or 8, @offset is aligned to 4. What a real
 * register file ignores is ignored; unknown registers read as zero.
 */
uint64_t mali_mmio_read(struct mali *m, uint32_t offset, unsigned int size);
void mali_mmio_write(struct mali *m, uint32_t offset, uint64_t val,
		     unsigned int size);

/*
 * Do a bounded amount of work (firmware, command streams, timers), then ask
 * for the next run through mali_host_ops::schedule().
 */
void mali_run(struct mali *m);

/* --- Introspection: read-only, for tests and QMP ----------------------- */

/**
 * struct mali_translation - one GPU address, walked in guest memory now
 * @mapped: A valid leaf or block descriptor was found.
 * @pa: The physical address @va translates to.
 * @desc: The last descriptor read.
 * @level: Its level, 0 to 3.
 * @page_size: Bytes that the descriptor covers.
 * @readable: GPU loads are permitted; @writable, @executable likewise.
 * @cached: The TLB holds a translation of this page.
 * @cached_pa: What the TLB translates @va to, when @cached.
 * @tables: Physical address of the table read at each level; 0 where the
 *	walk did not get there.
 */
struct mali_translation {
	bool mapped;
	uint64_t pa;
	uint64_t desc;
	int level;
	uint64_t page_size;
	bool readable;
	bool writable;
	bool executable;
	bool cached;
	uint64_t cached_pa;
	uint64_t tables[4];
};

/*
 * Walk @va in address space @as without touching TLB, walk cache, counters
 * or fault registers. Returns 0, or -1 when @as is out of range, disabled or
 * @va is beyond the address space.
 */
int mali_translate(struct mali *m, unsigned int as, uint64_t va,
		   struct mali_translation *t);

/*
 * Call @fn for each table reachable from the root of @as: its physical
 * address, level (0 is the root) and the number of valid entries. Returns the
 * number of tables, or -1 as mali_translate() does.
 */
typedef void mali_table_fn(void *opaque, uint64_t pa, int level,
			   unsigned int valid);
long mali_walk_tables(struct mali *m, unsigned int as, mali_table_fn *fn,
		      void *opaque);

/**
 * struct mali_stats - counters since the last power-on reset
 */
struct mali_stats {
	uint64_t tlb_hits;
	uint64_t tlb_misses;
	uint64_t walk_cache_hits;	/* walks that started below the root */
	uint64_t table_reads;		/* descriptors fetched from memory */
	uint64_t faults;
	uint64_t poisoned_walks;	/* walks that read a freed table, see mmu/translate.c */
	uint64_t as_update, as_lock, as_unlock, as_flush_pt, as_flush_mem;
	uint64_t cache_flushes;		/* GPU_COMMAND FLUSH_CACHES */
	uint64_t resets;
	uint64_t cs_instrs;		/* command-stream instructions executed */
	uint64_t irqs[MALI_NUM_IRQS];	/* rising edges of each line */
};

void mali_get_stats(const struct mali *m, struct mali_stats *s);

/* Group slots, and streams in each */
#define MALI_NUM_SLOTS		8
#define MALI_NUM_STREAMS	8

/* Why a stream does not go on */
enum mali_cs_block {
	MALI_CS_UNBLOCKED,
	MALI_CS_BLOCK_SYNC,	/* SYNC_WAIT: until memory or a doorbell says so */
	MALI_CS_BLOCK_PROGRESS,	/* PROGRESS_WAIT */
	MALI_CS_BLOCK_MMU,	/* a locked region */
	MALI_CS_BLOCK_FAULT,	/* a fault not yet handled */
	MALI_CS_BLOCK_SB,	/* WAIT: a scoreboard entry is busy */
	MALI_CS_BLOCK_HEAP,	/* the tiler heap is out of memory */
	MALI_CS_BLOCK_HANG,	/* injected: its work never ends */
};

/**
 * struct mali_slot - what a group slot does at this moment
 * @active: A group is on it.
 * @as: Its address space.
 * @priority: Its priority, 0 to 15.
 * @idle: It reported that it is idle.
 * @stream: Its streams.
 */
struct mali_slot {
	bool active;
	unsigned int as;
	unsigned int priority;
	bool idle;
	struct {
		bool started;
		enum mali_cs_block block;
		uint64_t cmd_ptr;
		uint64_t extract;
		uint64_t insert;
	} stream[MALI_NUM_STREAMS];
};

/* Returns 0, or -1 when there is no slot @csg. */
int mali_get_slot(const struct mali *m, unsigned int csg, struct mali_slot *s);

/* --- Injection: what goes wrong on a real machine, on request ----------- */

/*
 * Faults that tests ask for. Each is something that hardware can do, and the
 * guest sees what it would see there. Power-on reset ends them all; a reset of
 * the GPU ends what it would end on hardware and leaves the rest armed.
 */
enum mali_inject_kind {
	MALI_INJECT_HANG,
	MALI_INJECT_LOST_IRQ,
	MALI_INJECT_SPURIOUS_IRQ,
	MALI_INJECT_FIRMWARE_STOP,
	MALI_INJECT_FIRMWARE_CRASH,
	MALI_INJECT_BUS_ERROR,
	MALI_INJECT_FAULT,
	MALI_INJECT_GPU_FAULT,
	MALI_INJECT_SLOW,
	MALI_INJECT_CLEAR,
};

/* What MALI_INJECT_SLOW slows down */
enum mali_slow {
	MALI_SLOW_AS,		/* commands of address spaces */
	MALI_SLOW_FLUSH,	/* GPU_COMMAND FLUSH_CACHES */
	MALI_SLOW_POWER,	/* power transitions */
	MALI_SLOW_RESET,	/* soft and hard reset */
	MALI_SLOW_FIRMWARE,	/* answers to doorbells */
	MALI_SLOW_STREAM,	/* asynchronous instructions */
	MALI_NUM_SLOW,
};

#define MALI_ANY		(-1)

/**
 * struct mali_injection - one fault; each kind uses the fields named with it
 * @kind: Which.
 * @csg: HANG: the group slot, or MALI_ANY for the next stream that executes.
 * @cs: HANG: the stream, or MALI_ANY.
 * @hard: HANG: the group does not terminate either; only a reset helps.
 * @line: LOST_IRQ, SPURIOUS_IRQ: the line.
 * @count: LOST_IRQ, BUS_ERROR, FAULT: how many times, at least 1. SLOW of
 *	MALI_SLOW_AS: how many commands, 0 for all from now on.
 * @pa: BUS_ERROR: start of the physical range.
 * @size: BUS_ERROR: its bytes, at least 1.
 * @as: FAULT: the address space, or MALI_ANY for any but the MCU's.
 * @va: FAULT: an address in the page whose accesses fault. GPU_FAULT: the
 *	address that is reported.
 * @exception: FAULT, GPU_FAULT: the exception type.
 * @protm: GPU_FAULT: it happened in protected mode.
 * @slow: SLOW: what.
 * @ns: SLOW: how long it takes from now on; 0 for at once, INT64_MAX for ever.
 */
struct mali_injection {
	enum mali_inject_kind kind;
	int csg;
	int cs;
	bool hard;
	enum mali_irq line;
	unsigned int count;
	uint64_t pa;
	uint64_t size;
	int as;
	uint64_t va;
	uint8_t exception;
	bool protm;
	enum mali_slow slow;
	uint64_t ns;
};

/* Returns NULL, or what is wrong with the request, which then did nothing. */
const char *mali_inject(struct mali *m, const struct mali_injection *inj);

#endif /* MALI_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every block of the GPU stands on: the machine around it, time, memory,
 * interrupt lines, the guest's errors, counters, and what goes wrong on request.
 *
 * The base knows no block and calls none. Blocks reach the outside through the
 * functions here only, so that a bus error or a lost interrupt looks the same to
 * all of them.
 */
#ifndef MALI_BASE_H
#define MALI_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- The machine around the GPU ------------------------------------------ */

/* "Never", as a deadline of mali_host_ops::schedule(). */
#define MALI_NEVER		UINT64_MAX

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
 *	aligned), or NULL where @pa is not plain RAM. It stays valid for the
 *	lifetime of the model. Who writes there tells it by @page_wrote.
 * @page_wrote: Bytes of such a page, at host address @at, were changed, or lie
 *	between some that were.
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
	void *(*page_ptr)(void *host, uint64_t pa);
	void (*page_wrote)(void *host, void *at, size_t len);
	void (*set_irq)(void *host, enum mali_irq line, bool level);
	uint64_t (*clock_ns)(void *host);
	void (*schedule)(void *host, uint64_t deadline_ns);
	void (*guest_error)(void *host, const char *msg);
};

struct mali_base;

/*
 * @timer_hz: rate of the system counter. NULL when the host is out of memory.
 * Before its first use it wants mali_disarm() and mali_base_reset().
 */
struct mali_base *mali_base_new(const struct mali_host_ops *ops, void *host,
				uint32_t timer_hz);
void mali_base_free(struct mali_base *b);
/* Power-on: counters are 0 and no run is asked for. */
void mali_base_reset(struct mali_base *b);

/* --- Counters ------------------------------------------------------------- */

/**
 * struct mali_stats - counters since the last power-on reset
 *
 * Each block counts what is its own, through mali_base_stats().
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
	uint64_t reset_writes;		/* of registers, during a reset: not taken */
	uint64_t cs_instrs;		/* command-stream instructions executed */
	uint64_t dispatches;		/* compute jobs that were begun */
	uint64_t workgroups;		/* of them, finished */
	uint64_t warps;			/* of them, begun */
	uint64_t shader_instrs;		/* instructions that warps executed */
	uint64_t lane_instrs;		/* the same, counted for each lane */
	uint64_t shader_faults;
	uint64_t irqs[MALI_NUM_IRQS];	/* rising edges of each line */
};

/* Stays where it is for the lifetime of the base */
struct mali_stats *mali_base_stats(struct mali_base *b);

/* --- Time ----------------------------------------------------------------- */

uint64_t mali_now(const struct mali_base *b);
/* The system counter, as the CPUs' generic timer counts it. */
uint64_t mali_timestamp(const struct mali_base *b);
uint64_t mali_cycles(const struct mali_base *b);
/* How long the system counter, and the cycle counter, take for @counts */
uint64_t mali_timestamp_ns(const struct mali_base *b, uint64_t counts);
uint64_t mali_cycles_ns(uint64_t counts);
/* Run at @deadline; it replaces the one asked for before. */
void mali_schedule(struct mali_base *b, uint64_t deadline);
/* Run soon: something happened that a block waits for. */
void mali_kick(struct mali_base *b);

/* When a command that takes @delay from @now on ends: it may be never. */
static inline uint64_t mali_deadline(uint64_t now, uint64_t delay)
{
	return delay >= MALI_NEVER - now ? MALI_NEVER : now + delay;
}

/* --- The guest's errors --------------------------------------------------- */

void mali_guest_error(struct mali_base *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* --- Memory --------------------------------------------------------------- */

#define MALI_PAGE_SHIFT		12
#define MALI_PAGE_SIZE		(1u << MALI_PAGE_SHIFT)
#define MALI_PAGE_MASK		(~(uint64_t)(MALI_PAGE_SIZE - 1))

/**
 * struct mali_mem - guest-physical memory, with the bus errors on request
 * @read: As mali_host_ops::mem_read.
 * @write: As mali_host_ops::mem_write.
 * @host: Their first argument.
 *
 * These are the machine's own operations unless a bus error is armed.
 */
struct mali_mem {
	int (*read)(void *host, uint64_t pa, void *buf, size_t len);
	int (*write)(void *host, uint64_t pa, const void *buf, size_t len);
	void *host;
};

/* Stays where it is for the lifetime of the base */
const struct mali_mem *mali_base_mem(struct mali_base *b);

static inline int mali_mem_read(const struct mali_mem *mem, uint64_t pa,
				void *buf, size_t len)
{
	return mem->read(mem->host, pa, buf, len);
}

static inline int mali_mem_write(const struct mali_mem *mem, uint64_t pa,
				 const void *buf, size_t len)
{
	return mem->write(mem->host, pa, buf, len);
}

/* The page around @pa, or NULL; as mali_host_ops::page_ptr. */
uint8_t *mali_page_ptr(struct mali_base *b, uint64_t pa);
void mali_page_wrote(struct mali_base *b, void *at, size_t len);
/*
 * Between a call with true and one with false somebody looks inside: no access
 * of the GPU's, so that no bus error is used up.
 */
void mali_looking(struct mali_base *b, bool looking);

/* Guest memory is little-endian. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define mali_le32(x)	__builtin_bswap32(x)
#define mali_le64(x)	__builtin_bswap64(x)
#else
#define mali_le32(x)	(x)
#define mali_le64(x)	(x)
#endif

/*
 * Loads of guest memory that guest CPUs write at the same time: aligned ones
 * are single-copy atomic, as on the bus.
 */
typedef uint32_t __attribute__((may_alias)) mali_u32_alias;
typedef uint64_t __attribute__((may_alias)) mali_u64_alias;

static inline uint32_t mali_load32(const void *p)
{
	return mali_le32(__atomic_load_n((const mali_u32_alias *)p,
					 __ATOMIC_RELAXED));
}

static inline uint64_t mali_load64(const void *p)
{
	return mali_le64(__atomic_load_n((const mali_u64_alias *)p,
					 __ATOMIC_RELAXED));
}

/* --- Interrupts ----------------------------------------------------------- */

/* An interrupt block is four registers, at these offsets. */
#define MALI_INT_RAWSTAT	0x0
#define MALI_INT_CLEAR		0x4
#define MALI_INT_MASK		0x8
#define MALI_INT_STAT		0xc
#define MALI_INT_SIZE		0x10

/**
 * struct mali_irq_block - RAWSTAT, CLEAR, MASK and STAT of one line
 * @line: The interrupt line that STAT drives.
 * @rawstat: Events since they were cleared.
 * @mask: Events that drive the line.
 * @level: What the line was last set to.
 *
 * A part of the state of the block whose events these are; changed by the
 * functions below only.
 */
struct mali_irq_block {
	enum mali_irq line;
	uint32_t rawstat;
	uint32_t mask;
	bool level;
};

void mali_irq_raise(struct mali_base *b, struct mali_irq_block *i,
		    uint32_t events);
/* What was raised is forgotten; the mask stays. */
void mali_irq_forget(struct mali_base *b, struct mali_irq_block *i);
/* The mask is forgotten, too. */
void mali_irq_reset(struct mali_base *b, struct mali_irq_block *i);
uint32_t mali_irq_read(struct mali_base *b, const struct mali_irq_block *i,
		       uint32_t reg);
void mali_irq_write(struct mali_base *b, struct mali_irq_block *i,
		    uint32_t reg, uint32_t val);

/* --- Injection: what goes wrong on a real machine, on request -------------- */

/*
 * What is armed is held here, and who is concerned asks for it when the fault
 * would happen. What the guest then sees is decided there. Arguments were checked
 * by mali_inject().
 */

/* What can be slow */
enum mali_slow {
	MALI_SLOW_AS,		/* commands of address spaces */
	MALI_SLOW_FLUSH,	/* GPU_COMMAND FLUSH_CACHES */
	MALI_SLOW_POWER,	/* power transitions */
	MALI_SLOW_RESET,	/* soft and hard reset */
	MALI_SLOW_FIRMWARE,	/* answers to doorbells */
	MALI_SLOW_STREAM,	/* asynchronous instructions */
	MALI_NUM_SLOW,
};

/* The next stream that executes, of those that fit; negative: any */
void mali_arm_hang(struct mali_base *b, int csg, int cs, bool hard);
void mali_arm_lost_irq(struct mali_base *b, enum mali_irq line,
		       unsigned int count);
void mali_arm_spurious_irq(struct mali_base *b, enum mali_irq line);
void mali_arm_bus_error(struct mali_base *b, uint64_t pa, uint64_t size,
			unsigned int count);
/* Accesses to the page of @va; a negative @as is any but 0. */
void mali_arm_fault(struct mali_base *b, int as, uint64_t va,
		    uint8_t exception, unsigned int count);
/* The next @count commands take @ns each; all from now on when it is 0. */
void mali_arm_slow(struct mali_base *b, enum mali_slow what, uint64_t ns,
		   unsigned int count);
/* Nothing of it any more. */
void mali_disarm(struct mali_base *b);

/* Whether the stream hangs from now on; *@hard: it does not terminate either. */
bool mali_inject_hang(struct mali_base *b, unsigned int csg, unsigned int cs,
		      bool *hard);
/* Accesses in @as may fault. */
bool mali_inject_faults(const struct mali_base *b, unsigned int as);
/* This one does, and is counted. */
bool mali_inject_fault(struct mali_base *b, unsigned int as, uint64_t va,
		       uint8_t *exception);
/* How long a command takes that starts now; it is counted. */
uint64_t mali_inject_delay(struct mali_base *b, enum mali_slow what);
/* The same as a deadline; MALI_NEVER when it never ends. */
uint64_t mali_inject_due(struct mali_base *b, enum mali_slow what);

#endif /* MALI_BASE_H */

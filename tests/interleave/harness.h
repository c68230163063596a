/* SPDX-License-Identifier: GPL-2.0-only */
/* What the harness' own files share. */
#ifndef HARNESS_H
#define HARNESS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "il.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define PRINTF(fmt, first)	__attribute__((format(printf, fmt, first)))
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

/* --- mem.c ------------------------------------------------------------------ */

enum mem_state { MEM_NEVER, MEM_LIVE, MEM_FREED };

extern unsigned long mem_base, mem_size;

/* By units of that many bytes: surely good if 1, else mem_bad() knows */
#define MEM_GOOD_SHIFT	4
extern unsigned char *mem_good;

void mem_init(void);
/* Forget all, as if nothing was ever allocated */
void mem_reset(void);
/*
 * Keep all that a setup made, to begin with it again after mem_reset(): the arena,
 * the kernel's static data, and what is IL_STATE. Threads and callbacks are no part.
 */
void mem_save(void);
void mem_restore(void);
/* Why the bytes may not be touched, NULL if they may */
const char *mem_bad(unsigned long addr, size_t size);
/* A table that the hardware may read */
bool mem_table_live(unsigned long phys, unsigned int level);
/* Two bytes of memory that hardware could see: cleaned, and not yet */
uint64_t mem_read_cleaned(unsigned long phys);
uint64_t mem_read_now(unsigned long phys);
unsigned long mem_word(unsigned long phys);
/* A name for an address, for people */
const char *mem_name(unsigned long addr);
/* Pages and objects that were not freed */
unsigned int mem_live_pages(void);
unsigned int mem_live_objs(void);
bool mem_is_page(unsigned long addr);
/* Where in the kernel's static data that is, 0 if it is not */
unsigned long mem_static(unsigned long addr);
/* NULL if all was given back and counted */
const char *mem_leak(void);

/* --- sched.c ---------------------------------------------------------------- */

#define MAX_THREADS	4
#define FOREVER		(~0U)

/* What a scheduling point is about */
enum point {
	P_READ, P_WRITE, P_RMW, P_LOCK, P_UNLOCK, P_RCU, P_CALL_RCU, P_ALLOC,
	P_FREE, P_FLUSH, P_SYNC, P_OP
};

struct thread {
	unsigned int id;
	/* Points passed, and the one before which to stop */
	unsigned int steps, stop_at;
	enum { T_READY, T_LOCK, T_RCU, T_DONE } state;
	/* The lock that it waits for, the one whose release others wait for */
	unsigned int *wants, *owes;
	/* Others wait for it to leave its read section */
	bool owes_rcu;
	/* Somebody waits for what it waits for */
	bool waited;
	unsigned int rcu_nest, spins;
	/*
	 * Allocations so far, and the one from which on they fail, or that reclaims;
	 * the same for signals
	 */
	unsigned int allocs, fail_at, reclaim_at, signals, signal_at;
	bool reclaims;
	unsigned int frees;
	/* What costs others: atomic operations, locks, flushes */
	unsigned int shared;
	void *sp;
	char *stack;
	const char *op;
	/* In a reserve(), which may be called where nobody can flush */
	bool reserving;
};

extern struct thread threads[MAX_THREADS], *cur;
extern bool sched_on;

/* Who runs next and for how many points */
struct segment {
	unsigned int thread;
	unsigned int steps;
};

void sched_init(void);
void sched_reset(void);
/* Run bodies of the threads by a plan, then all to their ends */
void sched_run(unsigned int nr, const struct segment *plan, unsigned int segments);
/* Or by chance, every number from a seed */
void sched_run_random(unsigned int nr, uint64_t *seed, unsigned int mean);
unsigned int rnd(uint64_t *seed);
/* RCU callbacks that are left, when nobody runs */
void sched_drain(void);
bool sched_drained(void);

/*
 * What one segment of a run touches, and where another one first meets it:
 * preempting anywhere before that point makes no difference.
 */
struct foot {
	/* Record what this segment of the plan does, check that one */
	unsigned int record, check;
	/* Step before which the first access of @check that matters comes, or 0 */
	unsigned int met;
	/* The plan was left, for a lock or for RCU */
	bool forced;
};

extern struct foot foot;

/* Defined by ops.c */
void thread_body(unsigned int id);

/* The code that called the harness, for functions that the shims call */
#define CALLER	((unsigned long)__builtin_return_address(0))

/* A point that is no access; @hw if the hardware or the model can tell */
void point(enum point kind, const void *addr, size_t size, bool hw, unsigned long pc);

/* --- violations --------------------------------------------------------------- */

PRINTF(1, 2) void violation(const char *fmt, ...) __attribute__((noreturn));

extern char violation_text[512];
extern unsigned long violation_pc;
extern bool violated;

/* What warns is no violation */
extern bool warn_ok;

/* Runs @fn, false if there was a violation in it */
bool guarded(void (*fn)(void *), void *arg);

/* --- trace --------------------------------------------------------------------- */

/* Print reads, too, that nobody else writes */
extern bool tracing, trace_all;
PRINTF(1, 2) void trace_note(const char *fmt, ...);
void trace_print(FILE *to);
void trace_clear(void);
const char *source_line(unsigned long pc);

/* --- hw.c ----------------------------------------------------------------------- */

#define MAX_ADDRS	10

enum expect { EXPECT_ANY, EXPECT_NONE, EXPECT_MAPPED };

/* An address that the walker looks at, and what is to be found there */
struct hw_addr {
	unsigned long iova;
	enum expect expect;
	unsigned long paddr;
	/* Counts changes of what is expected */
	unsigned int version;
	/* How often it was said to be dirty */
	unsigned int reports;
	/* Somebody mapped there without a reservation: no promise holds */
	bool tainted;
};

extern struct hw_addr hw_addrs[MAX_ADDRS];
extern unsigned int hw_nr;
/* Something that the walker sees may have changed */
extern bool hw_dirty;

struct il_cfg;
void hw_start(const struct il_cfg *cfg, unsigned long pgd_phys,
	      const unsigned long *addrs, unsigned int nr);
void hw_stop(void);
/* Walk everything, in all ways that the caches allow, and cache all of it */
void hw_walk(void);
/* The walker may read this word, if it is in a table that it comes to */
bool hw_cares(unsigned long addr);
void hw_expect(unsigned int addr, enum expect expect, unsigned long paddr);
extern unsigned long hw_walks;
/* How often the top grew */
extern unsigned int hw_grown;
/* The hardware writes to the address, if dirty tracking knows; nobody has read that yet */
void hw_write(unsigned int addr);
bool hw_written(unsigned int addr);

/* --- ops.c ------------------------------------------------------------------------ */

struct config {
	const char *name;
	struct il_cfg cfg;
	/* All pairs of programs; else only those of the first @nr_core */
	bool full;
};

struct setup {
	const char *name;
	/* "OWNER:OP ..." */
	const char *steps;
	/* Owners 0 and 1 are the same to it */
	bool even;
};

extern const struct config configs[];
extern const unsigned int nr_configs;
/* Of the page tables that this program has */
bool config_fits(const struct config *config);
extern const struct setup setups[];
extern const unsigned int nr_setups;
extern const char *const programs[];
extern const unsigned int nr_programs, nr_core;
/* Calls of reserve() that were to lack memory, and those that said so */
extern unsigned long ops_starved, ops_refused;

struct run {
	const struct config *config;
	const struct setup *setup;
	unsigned int nr;
	const char *program[MAX_THREADS];
	/* Destroy the page table as it is, in place of unwinding */
	bool destroy;
};

/* NULL, or why the programs do not go together */
const char *run_excluded(const struct run *run);
/* A program that owner @id may run after the setup */
void random_program(const struct config *config, const struct setup *setup, unsigned int id,
		    unsigned int length, uint64_t *seed, char *to, size_t size);
/* Before, and after, what the threads do */
void run_begin(const struct run *run);
/* After mem_restore() of what run_begin() made for the same programs */
void run_begun(const struct run *run);
void run_end(const struct run *run);

#endif /* HARNESS_H */

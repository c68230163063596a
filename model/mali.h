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

#include "base/base.h"		/* struct mali_host_ops, struct mali_stats */
#include "csf/csf.h"		/* struct mali_slot */
#include "mmu/mmu.h"		/* MALI_IGNORE_*, struct mali_translation */

struct mali;

/* Size of the register window, in bytes. */
#define MALI_MMIO_SIZE		0x200000u

/**
 * struct mali_config - how the GPU is built
 * @coherent: The integration is I/O coherent (ACE-Lite).
 * @ignore: MALI_IGNORE_* mask, 0 for a faithful model.
 * @timer_hz: Rate of the system counter that the CPUs' generic timers share
 *	with the GPU; 0 for the 62.5 MHz that QEMU gives a Cortex-A76.
 * @lane_ps: Picoseconds of the model's time that an instruction of one lane of a
 *	shader core takes; 0 for about what it takes of the host's.
 */
struct mali_config {
	bool coherent;
	uint32_t ignore;
	uint32_t timer_hz;
	uint32_t lane_ps;
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

/* See mali_mmu_translate_peek() and mali_mmu_walk_tables(). */
int mali_translate(struct mali *m, unsigned int as, uint64_t va,
		   struct mali_translation *t);
long mali_walk_tables(struct mali *m, unsigned int as, mali_table_fn *fn,
		      void *opaque);

void mali_get_stats(const struct mali *m, struct mali_stats *s);

/* An instruction of a shader: where, the word, and its text */
typedef void mali_instr_fn(void *opaque, uint64_t va, uint64_t word, const char *text);
/*
 * Call @fn for up to @count instructions of the program at @va in address space
 * @as, as guest memory has them now. It ends before what is not mapped, and behind
 * the first word that is no instruction, whose text says why. Returns how many
 * there were, or -1 as mali_translate() does and for a misaligned @va.
 */
long mali_disassemble(struct mali *m, unsigned int as, uint64_t va,
		      unsigned int count, mali_instr_fn *fn, void *opaque);

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

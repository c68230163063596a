/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the bare MMU share: a base and an MMU on a simulated machine, with
 * one set of tables, and the registers as a driver would write them. Register
 * numbers and codes are spelled out here, apart from those of the model, so
 * that a wrong one shows.
 */
#ifndef MMU_FIXTURE_H
#define MMU_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "mmu/mmu.h"
#include "sim.h"

#define INT_RAWSTAT	0x2000
#define INT_CLEAR	0x2004
#define INT_MASK	0x2008
#define INT_STAT	0x200c
#define AS(n, reg)	(0x2400 + (n) * 0x40 + (reg))
#define TRANSTAB	0x00
#define MEMATTR		0x08
#define LOCKADDR	0x10
#define COMMAND		0x18
#define FAULTSTATUS	0x1c
#define FAULTADDRESS	0x20
#define STATUS		0x28
#define TRANSCFG	0x30
#define FAULTEXTRA	0x38

enum { NOP, UPDATE, LOCK, UNLOCK, FLUSH_PT, FLUSH_MEM };

/* TRANSCFG as Panthor writes it for 48 bits. */
#define CFG_BITS(va_bits)	((55ull - (va_bits)) << 6)
#define CFG_4K		(6 | 2 << 24 | 1 << 30)
#define CFG_48		(CFG_4K | CFG_BITS(48))
#define CFG_OUTA(bits)	((55ull - (bits)) << 14)
#define CFG_NO_HIER	(1ull << 33)
#define CFG_NO_AF	(1ull << 34)
#define CFG_WXN		(1ull << 35)
#define CFG_XREADABLE	(1ull << 36)

/* Index 0 not cached, 1 write-back, 2 not cached, 3 faults, others likewise. */
#define ATTRS		0xc0c0c0c0c04c8f4cull

#define BUS_FAULT	0x80
#define TRANSLATION(l)	(0xc0 + (l))
#define PERMISSION(l)	(0xc8 + (l))
#define ACCESS_FLAG(l)	(0xd8 + (l))
#define SIZE_IN		0xe0
#define SIZE_OUT(l)	(0xe4 + (l))
#define MEM_ATTR(l)	(0xe8 + (l))

#define ATOMIC		MALI_ACCESS_ATOMIC
#define EXECUTE		MALI_ACCESS_EXECUTE
#define READ		MALI_ACCESS_READ
#define WRITE		MALI_ACCESS_WRITE

#define KB		1024ull
#define MB		(1024 * KB)
#define GB		(1024 * MB)

struct fixture {
	struct sim sim;
	struct mali_base *base;
	struct mali_stats *stats;
	struct mali_mmu *mmu;
	uint64_t root;
	unsigned int changes;
	unsigned int changed_as;
};

static inline void fixture_changed(void *opaque, unsigned int as)
{
	struct fixture *f = opaque;

	f->changes++;
	f->changed_as = as;
}

static inline void wr(struct fixture *f, uint32_t offset, uint32_t val)
{
	mali_mmu_reg_write(f->mmu, offset, val);
}

static inline void wr64(struct fixture *f, uint32_t offset, uint64_t val)
{
	wr(f, offset, (uint32_t)val);
	wr(f, offset + 4, val >> 32);
}

static inline uint32_t rd(struct fixture *f, uint32_t offset)
{
	return mali_mmu_reg_read(f->mmu, offset);
}

static inline uint64_t rd64(struct fixture *f, uint32_t offset)
{
	return rd(f, offset) | (uint64_t)rd(f, offset + 4) << 32;
}

static inline void command(struct fixture *f, unsigned int as, uint32_t cmd)
{
	wr(f, AS(as, COMMAND), cmd);
}

static inline void configure(struct fixture *f, unsigned int as,
			     uint64_t root, uint64_t transcfg)
{
	wr64(f, AS(as, TRANSTAB), root);
	wr64(f, AS(as, MEMATTR), ATTRS);
	wr64(f, AS(as, TRANSCFG), transcfg);
	command(f, as, UPDATE);
}

/* Lock the aligned region of 2^@bits bytes around @va. */
static inline void lock(struct fixture *f, unsigned int as, uint64_t va,
			unsigned int bits)
{
	wr64(f, AS(as, LOCKADDR), (va & ~0x3full) | (bits - 1));
	command(f, as, LOCK);
}

static inline void lock_unlock(struct fixture *f, unsigned int as, uint64_t va,
			       unsigned int bits)
{
	lock(f, as, va, bits);
	command(f, as, UNLOCK);
}

/* An MMU with AS 1 and AS 2 both on f->root. */
static inline void fixture_init(struct fixture *f, uint32_t ignore)
{
	memset(f, 0, sizeof(*f));
	sim_init(&f->sim);
	f->base = mali_base_new(&sim_ops, &f->sim, 1);
	if (!f->base)
		abort();
	f->stats = mali_base_stats(f->base);
	f->mmu = mali_mmu_new(f->base, ignore, fixture_changed, f);
	if (!f->mmu)
		abort();
	f->root = sim_alloc(&f->sim, 1);
	configure(f, 1, f->root, CFG_48);
	configure(f, 2, f->root, CFG_48);
	f->changes = 0;
}

static inline void fixture_free(struct fixture *f)
{
	mali_mmu_free(f->mmu);
	mali_base_free(f->base);
	sim_free(&f->sim);
}

#define STALLED		0xffff0000u
/* No guest-physical address here reaches up to this bit. */
#define FAULTED		(1ull << 63)

/*
 * An access in one number: the physical address, FAULTED plus the exception,
 * or STALLED.
 */
static inline uint64_t go_as(struct fixture *f, unsigned int as, uint64_t va,
			     enum mali_mmu_access access)
{
	struct mali_mmu_fault fault;
	struct mali_mmu_xlat x;

	switch (mali_mmu_translate(f->mmu, as, va, access, &x, &fault)) {
	case MALI_MMU_OK:
		return x.pa;
	case MALI_MMU_STALL:
		return FAULTED | STALLED;
	default:
		if (fault.va != va || fault.access != access)
			return ~0ull;
		return FAULTED | fault.exception;
	}
}

static inline uint64_t go(struct fixture *f, uint64_t va,
			  enum mali_mmu_access access)
{
	return go_as(f, 1, va, access);
}

#endif /* MMU_FIXTURE_H */

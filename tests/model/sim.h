/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine that the host tests put around the model: sparse guest RAM,
 * interrupt lines, a clock moved by hand, and a builder of AArch64 4 KiB
 * page tables. Serves the bare MMU and the whole GPU alike; it knows nothing
 * of the model's insides.
 */
#ifndef SIM_H
#define SIM_H

#include "mali.h"

#define SIM_PAGE_SIZE	4096u
#define SIM_RAM_BASE	0x40000000ull
#define SIM_RAM_SIZE	0x40000000ull

/**
 * struct sim - a machine
 * @ram_base: First guest-physical address of RAM; everything else is a bus
 *	error.
 * @ram_size: Bytes of RAM; a page takes host memory from its first use.
 * @pages: Host page of each guest page, or NULL.
 * @next: Next page that sim_alloc() gives.
 * @no_page_ptr: Refuse page_ptr(), so that the slow way of every access runs.
 * @irq: Level of each line.
 * @rises: Rising edges of each line.
 * @now_ns: The clock.
 * @deadline_ns: When mali_run() is wanted.
 * @errors: Guest errors; @last_error is the latest.
 * @accesses: mem_read() and mem_write() calls.
 * @wrote_calls: page_wrote() calls, which told of @wrote bytes.
 */
struct sim {
	uint64_t ram_base;
	uint64_t ram_size;
	uint8_t **pages;
	uint64_t next;
	bool no_page_ptr;
	bool irq[MALI_NUM_IRQS];
	unsigned int rises[MALI_NUM_IRQS];
	uint64_t now_ns;
	uint64_t deadline_ns;
	unsigned int errors;
	char last_error[160];
	uint64_t accesses;
	uint64_t wrote_calls;
	uint64_t wrote;
};

/* The operations to hand to the model, with a struct sim as the host. */
extern const struct mali_host_ops sim_ops;

/* RAM from SIM_RAM_BASE, SIM_RAM_SIZE bytes. */
void sim_init(struct sim *s);
void sim_free(struct sim *s);

/* @pages fresh, zeroed, contiguous pages of RAM; aborts when there are none. */
uint64_t sim_alloc(struct sim *s, unsigned int pages);
/* The same, the address a multiple of @align, a power of two. */
uint64_t sim_alloc_aligned(struct sim *s, unsigned int pages, uint64_t align);

/* Guest memory as the CPU sees it. An address outside RAM aborts. */
void sim_read(struct sim *s, uint64_t pa, void *buf, size_t len);
void sim_write(struct sim *s, uint64_t pa, const void *buf, size_t len);
uint32_t sim_read32(struct sim *s, uint64_t pa);
uint64_t sim_read64(struct sim *s, uint64_t pa);
void sim_write32(struct sim *s, uint64_t pa, uint32_t val);
void sim_write64(struct sim *s, uint64_t pa, uint64_t val);

/* Descriptor bits, spelled out apart from those of the model. */
#define SIM_PTE_BLOCK		1ull
#define SIM_PTE_TABLE		3ull
#define SIM_PTE_PAGE		3ull
#define SIM_PTE_ATTR(i)		((uint64_t)(i) << 2)
#define SIM_PTE_USER		(1ull << 6)
#define SIM_PTE_RDONLY		(1ull << 7)
#define SIM_PTE_AF		(1ull << 10)
#define SIM_PTE_PXN		(1ull << 53)
#define SIM_PTE_UXN		(1ull << 54)
#define SIM_PTE_XN		(SIM_PTE_PXN | SIM_PTE_UXN)

/* Ready-made rights for sim_pt_map(). */
#define SIM_RW			(SIM_PTE_USER | SIM_PTE_AF | SIM_PTE_XN)
#define SIM_RO			(SIM_RW | SIM_PTE_RDONLY)
#define SIM_RX			(SIM_PTE_USER | SIM_PTE_AF | SIM_PTE_RDONLY)
#define SIM_RWX			(SIM_PTE_USER | SIM_PTE_AF)

/* Bytes that a descriptor of @level covers. */
static inline uint64_t sim_level_size(int level)
{
	return 1ull << (12 + 9 * (3 - level));
}

/* Address in guest memory of entry @va of a table of @level. */
static inline uint64_t sim_pt_entry(uint64_t table, uint64_t va, int level)
{
	return table + va / sim_level_size(level) % 512 * 8;
}

/* Where the byte at @pa is on the host, as CPUs have it */
void *sim_host(struct sim *s, uint64_t pa);

/*
 * Address of the descriptor of @va at @level of a tree whose root is a table
 * of level 0; missing tables are made, bits of @table_bits set in their
 * descriptors.
 */
uint64_t sim_pt_slot(struct sim *s, uint64_t root, uint64_t va, int level,
		     uint64_t table_bits);

/* Map with the largest blocks that fit, as a driver does. @bits: SIM_R*. */
void sim_pt_map(struct sim *s, uint64_t root, uint64_t va, uint64_t pa,
		uint64_t size, uint64_t bits);
/* Map one page or block with a descriptor of @level. */
void sim_pt_map_one(struct sim *s, uint64_t root, uint64_t va, uint64_t pa,
		    int level, uint64_t bits);
/* Clear the descriptor of @va at @level. */
void sim_pt_clear(struct sim *s, uint64_t root, uint64_t va, int level);

/* A small generator with a seed, the same numbers on every host. */
uint64_t sim_random(uint64_t *state);

/* Move the clock to the model's deadline and run it; false when it sleeps. */
static inline bool sim_step(struct sim *s, struct mali *m)
{
	if (s->deadline_ns == MALI_NEVER)
		return false;
	if (s->deadline_ns > s->now_ns)
		s->now_ns = s->deadline_ns;
	s->deadline_ns = MALI_NEVER;
	mali_run(m);
	return true;
}

/* Step while the model's deadlines lie within @ns from now; then be there. */
static inline void sim_run_for(struct sim *s, struct mali *m, uint64_t ns)
{
	uint64_t end = s->now_ns + ns;

	while (s->deadline_ns <= end && sim_step(s, m))
		;
	if (s->now_ns < end)
		s->now_ns = end;
}

#endif /* SIM_H */

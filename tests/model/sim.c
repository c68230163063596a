// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine around the model in host tests; see sim.h. Misuse by a test
 * aborts, misuse by the model is answered as a bus would answer it.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static uint8_t *page_of(struct sim *s, uint64_t pa)
{
	uint64_t idx;

	if (pa < s->ram_base || pa - s->ram_base >= s->ram_size)
		return NULL;
	idx = (pa - s->ram_base) / SIM_PAGE_SIZE;
	if (!s->pages[idx]) {
		s->pages[idx] = aligned_alloc(SIM_PAGE_SIZE, SIM_PAGE_SIZE);
		assert(s->pages[idx]);
		memset(s->pages[idx], 0, SIM_PAGE_SIZE);
	}
	return s->pages[idx];
}

/* Copy within RAM, page by page; @to_guest gives the direction. */
static int copy(struct sim *s, uint64_t pa, void *buf, size_t len,
		bool to_guest)
{
	uint8_t *p = buf;

	while (len) {
		size_t offset = pa % SIM_PAGE_SIZE;
		size_t n = SIM_PAGE_SIZE - offset;
		uint8_t *page = page_of(s, pa);

		if (!page)
			return -1;
		if (n > len)
			n = len;
		if (to_guest)
			memcpy(page + offset, p, n);
		else
			memcpy(p, page + offset, n);
		pa += n;
		p += n;
		len -= n;
	}
	return 0;
}

static int op_mem_read(void *host, uint64_t pa, void *buf, size_t len)
{
	struct sim *s = host;

	s->accesses++;
	return copy(s, pa, buf, len, false);
}

static int op_mem_write(void *host, uint64_t pa, const void *buf, size_t len)
{
	struct sim *s = host;

	s->accesses++;
	return copy(s, pa, (void *)buf, len, true);
}

static void *op_page_ptr(void *host, uint64_t pa)
{
	struct sim *s = host;

	assert(pa % SIM_PAGE_SIZE == 0);
	return s->no_page_ptr ? NULL : page_of(s, pa);
}

/* Each page apart, and one that there is */
static void op_page_wrote(void *host, void *at, size_t len)
{
	uint64_t first = (uintptr_t)at / SIM_PAGE_SIZE;
	struct sim *s = host;

	assert(len && ((uintptr_t)at + len - 1) / SIM_PAGE_SIZE == first);
	s->wrote_calls++;
	s->wrote += len;
}

static void op_set_irq(void *host, enum mali_irq line, bool level)
{
	struct sim *s = host;

	assert(line < MALI_NUM_IRQS);
	s->rises[line] += level && !s->irq[line];
	s->irq[line] = level;
}

static uint64_t op_clock_ns(void *host)
{
	struct sim *s = host;

	return s->now_ns;
}

static void op_schedule(void *host, uint64_t deadline_ns)
{
	struct sim *s = host;

	s->deadline_ns = deadline_ns;
}

static void op_guest_error(void *host, const char *msg)
{
	struct sim *s = host;

	assert(!strchr(msg, '\n'));
	s->errors++;
	snprintf(s->last_error, sizeof(s->last_error), "%s", msg);
}

const struct mali_host_ops sim_ops = {
	.mem_read = op_mem_read,
	.mem_write = op_mem_write,
	.page_ptr = op_page_ptr,
	.page_wrote = op_page_wrote,
	.set_irq = op_set_irq,
	.clock_ns = op_clock_ns,
	.schedule = op_schedule,
	.guest_error = op_guest_error,
};

void *sim_host(struct sim *s, uint64_t pa)
{
	return page_of(s, pa) + pa % SIM_PAGE_SIZE;
}

void sim_init(struct sim *s)
{
	memset(s, 0, sizeof(*s));
	s->ram_base = SIM_RAM_BASE;
	s->ram_size = SIM_RAM_SIZE;
	s->next = s->ram_base;
	s->deadline_ns = MALI_NEVER;
	s->pages = calloc(s->ram_size / SIM_PAGE_SIZE, sizeof(*s->pages));
	assert(s->pages);
}

void sim_free(struct sim *s)
{
	for (uint64_t i = 0; i < s->ram_size / SIM_PAGE_SIZE; i++)
		free(s->pages[i]);
	free(s->pages);
}

uint64_t sim_alloc_aligned(struct sim *s, unsigned int pages, uint64_t align)
{
	uint64_t pa = (s->next + align - 1) & ~(align - 1);

	s->next = pa + (uint64_t)pages * SIM_PAGE_SIZE;
	assert(s->next <= s->ram_base + s->ram_size);
	return pa;
}

uint64_t sim_alloc(struct sim *s, unsigned int pages)
{
	return sim_alloc_aligned(s, pages, SIM_PAGE_SIZE);
}

void sim_read(struct sim *s, uint64_t pa, void *buf, size_t len)
{
	int ret = copy(s, pa, buf, len, false);

	assert(!ret);
	(void)ret;
}

void sim_write(struct sim *s, uint64_t pa, const void *buf, size_t len)
{
	int ret = copy(s, pa, (void *)buf, len, true);

	assert(!ret);
	(void)ret;
}

/* Guest memory is little-endian whatever the host is. */
static uint64_t read_le(struct sim *s, uint64_t pa, unsigned int size)
{
	uint64_t val = 0;
	uint8_t b[8];

	sim_read(s, pa, b, size);
	for (unsigned int i = 0; i < size; i++)
		val |= (uint64_t)b[i] << (8 * i);
	return val;
}

static void write_le(struct sim *s, uint64_t pa, uint64_t val,
		     unsigned int size)
{
	uint8_t b[8];

	for (unsigned int i = 0; i < size; i++)
		b[i] = val >> (8 * i);
	sim_write(s, pa, b, size);
}

uint32_t sim_read32(struct sim *s, uint64_t pa)
{
	return read_le(s, pa, 4);
}

uint64_t sim_read64(struct sim *s, uint64_t pa)
{
	return read_le(s, pa, 8);
}

void sim_write32(struct sim *s, uint64_t pa, uint32_t val)
{
	write_le(s, pa, val, 4);
}

void sim_write64(struct sim *s, uint64_t pa, uint64_t val)
{
	write_le(s, pa, val, 8);
}

uint64_t sim_pt_slot(struct sim *s, uint64_t root, uint64_t va, int level,
		     uint64_t table_bits)
{
	uint64_t table = root;

	for (int l = 0; l < level; l++) {
		uint64_t slot = sim_pt_entry(table, va, l);
		uint64_t desc = sim_read64(s, slot);

		if ((desc & 3) != SIM_PTE_TABLE) {
			desc = sim_alloc(s, 1) | SIM_PTE_TABLE;
			sim_write64(s, slot, desc | table_bits);
		}
		table = desc & 0xfffffffff000ull;
	}
	return sim_pt_entry(table, va, level);
}

void sim_pt_map_one(struct sim *s, uint64_t root, uint64_t va, uint64_t pa,
		    int level, uint64_t bits)
{
	uint64_t type = level == 3 ? SIM_PTE_PAGE : SIM_PTE_BLOCK;

	sim_write64(s, sim_pt_slot(s, root, va, level, 0), pa | bits | type);
}

void sim_pt_map(struct sim *s, uint64_t root, uint64_t va, uint64_t pa,
		uint64_t size, uint64_t bits)
{
	assert((va | pa | size) % SIM_PAGE_SIZE == 0);
	while (size) {
		int level = 1;

		while ((va | pa) % sim_level_size(level) ||
		       size < sim_level_size(level))
			level++;
		sim_pt_map_one(s, root, va, pa, level, bits);
		va += sim_level_size(level);
		pa += sim_level_size(level);
		size -= sim_level_size(level);
	}
}

void sim_pt_clear(struct sim *s, uint64_t root, uint64_t va, int level)
{
	sim_write64(s, sim_pt_slot(s, root, va, level, 0), 0);
}

/* xorshift64*; the state must not be 0. */
uint64_t sim_random(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dull;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the driver and the rest of the GPU see of the MMU: registers, region
 * locks, faults and their interrupt, memory accesses, and introspection.
 */
#include "mmu_fixture.h"
#include "tap.h"

#define VA	(1ull << 39 | 5ull << 30 | 64 * MB)

/* --- Registers ----------------------------------------------------------- */

static void test_registers(void)
{
	static const uint32_t wide[] = { TRANSTAB, MEMATTR, LOCKADDR, TRANSCFG };
	static const uint32_t fixed[] = { COMMAND, FAULTSTATUS, FAULTADDRESS,
					  FAULTADDRESS + 4, STATUS, FAULTEXTRA };
	struct fixture f;
	bool good = true;

	fixture_init(&f, 0);
	mali_mmu_reset(f.mmu);
	for (uint32_t off = 0x2000; off < 0x3000; off += 4)
		good = good && rd(&f, off) == 0;
	ok(good, "every register is zero after reset");

	for (unsigned int i = 0; i < 4; i++) {
		wr64(&f, AS(7, wide[i]), 0x0123456789abcdefull);
		is_u64(rd64(&f, AS(7, wide[i])), 0x0123456789abcdefull,
		       "register 0x%x holds 64 bits", wide[i]);
		wr(&f, AS(7, wide[i]) + 4, 0xfeed);
		is_u64(rd64(&f, AS(7, wide[i])), 0xfeed89abcdefull,
		       "register 0x%x: each half alone", wide[i]);
		is_u64(rd64(&f, AS(6, wide[i])), 0,
		       "register 0x%x: not that of another AS", wide[i]);
	}
	for (unsigned int i = 0; i < 6; i++) {
		wr(&f, AS(7, fixed[i]), i ? ~0u : NOP);
		is_u64(rd(&f, AS(7, fixed[i])), 0, "register 0x%x cannot be set",
		       fixed[i]);
	}
	wr64(&f, AS(8, TRANSTAB), ~0ull);
	is_u64(rd64(&f, AS(8, TRANSTAB)), 0, "there is no AS 8");
	wr(&f, INT_RAWSTAT, ~0u);
	wr(&f, INT_STAT, ~0u);
	is_u64(rd(&f, INT_RAWSTAT), 0, "RAWSTAT cannot be written");
	is_u64(rd(&f, INT_CLEAR), 0, "CLEAR reads as zero");
	is_u64(f.sim.errors, 0, "none of it is an error");
	fixture_free(&f);
}

static void test_commands(void)
{
	struct fixture f;
	unsigned int gen;

	fixture_init(&f, 0);
	wr(&f, INT_CLEAR, ~0u);
	for (uint32_t cmd = UPDATE; cmd <= FLUSH_MEM; cmd++) {
		wr64(&f, AS(1, LOCKADDR), 14);
		gen = mali_mmu_as_generation(f.mmu, 1);
		f.changes = 0;
		command(&f, 1, cmd);
		is_u64(f.changes, cmd != LOCK, "command %u calls on_change", cmd);
		is_u64(mali_mmu_as_generation(f.mmu, 1) - gen, cmd != LOCK,
		       "command %u moves the generation", cmd);
		is_u64(rd(&f, AS(1, STATUS)), 0, "command %u is done at once",
		       cmd);
		is_u64(rd(&f, INT_RAWSTAT), 1u << 17,
		       "command %u sets the completion bit", cmd);
		wr(&f, INT_CLEAR, ~0u);
	}
	is_u64(f.changed_as, 1, "on_change names the AS");
	f.changes = 0;
	command(&f, 1, NOP);
	is_u64(f.changes, 0, "NOP changes nothing");
	is_u64(f.sim.errors, 0, "and is no error");
	command(&f, 1, 6);
	is_u64(f.sim.errors, 1, "command 6 is one");
	is_u64(f.changes, 0, "and does nothing");
	is_u64(rd(&f, INT_RAWSTAT), 0, "not even complete");
	gen = mali_mmu_as_generation(f.mmu, 1);
	mali_mmu_reset(f.mmu);
	ok(mali_mmu_as_generation(f.mmu, 1) != gen, "reset moves the generation");
	ok(!mali_mmu_as_enabled(f.mmu, 1), "and leaves the AS disabled");
	fixture_free(&f);
}

/* --- Locks --------------------------------------------------------------- */

static void test_lock(void)
{
	struct fixture f;
	uint8_t buf[16] = { 0 };
	struct mali_mmu_fault fault;
	uint64_t pa;

	fixture_init(&f, 0);
	pa = sim_alloc(&f.sim, 64);
	sim_pt_map(&f.sim, f.root, VA, pa, 64 * 4096, SIM_RW);
	go(&f, VA + 0x8000, READ);
	lock(&f, 1, VA + 0xa000, 15);
	ok(mali_mmu_as_locked(f.mmu, 1) && !mali_mmu_as_locked(f.mmu, 2) &&
	   !mali_mmu_as_locked(f.mmu, 8), "the lock can be asked for");
	is_u64(go(&f, VA + 0x8000, READ), FAULTED | STALLED,
	       "a locked page stalls, TLB hit or not");
	is_u64(go(&f, VA + 0xffff, WRITE), FAULTED | STALLED,
	       "to the last byte of the region");
	is_u64(go(&f, VA + 0x7fff, READ), pa + 0x7fff, "the byte before does not");
	is_u64(go(&f, VA + 0x10000, READ), pa + 0x10000, "nor the byte after");
	is_u64(go_as(&f, 2, VA + 0x8000, READ), pa + 0x8000, "nor another AS");

	memset(buf, 0xff, sizeof(buf));
	is_u64(mali_mmu_write(f.mmu, 1, VA + 0x7ff8, buf, 16, WRITE, &fault),
	       MALI_MMU_STALL, "a write into the region stalls");
	is_u64(sim_read64(&f.sim, pa + 0x7ff8), 0, "and wrote nothing before it");
	is_u64(mali_mmu_read(f.mmu, 1, VA + 0x7ff8, buf, 16, READ, &fault),
	       MALI_MMU_STALL, "a read into the region stalls");

	command(&f, 1, UPDATE);
	is_u64(go(&f, VA + 0x8000, READ), FAULTED | STALLED, "UPDATE keeps the lock");
	lock(&f, 1, VA, 17);
	is_u64(go(&f, VA + 0x10000, READ), FAULTED | STALLED, "LOCK again widens it");
	f.changes = 0;
	command(&f, 1, UNLOCK);
	is_u64(f.changes, 1, "UNLOCK tells the waiters");
	is_u64(go(&f, VA + 0x8000, READ), pa + 0x8000, "who go on");

	for (uint32_t cmd = FLUSH_PT; cmd <= FLUSH_MEM; cmd++) {
		lock(&f, 1, VA, 15);
		command(&f, 1, cmd);
		is_u64(go(&f, VA, READ), pa, "command %u ends the lock", cmd);
	}
	lock(&f, 1, 0, 64);
	is_u64(go(&f, VA, READ), FAULTED | STALLED, "2^64 bytes lock everything");
	is_u64(go(&f, ~0ull, READ), FAULTED | STALLED, "the last byte too");
	mali_mmu_reset(f.mmu);
	configure(&f, 1, f.root, CFG_48);
	is_u64(go(&f, VA, READ), pa, "reset ends a lock");

	is_u64(f.sim.errors, 0, "no errors so far");
	wr64(&f, AS(1, LOCKADDR), VA | 13);
	command(&f, 1, LOCK);
	is_u64(f.sim.errors, 1, "a region of 16 KiB is an error");
	is_u64(go(&f, VA, READ), pa, "and not locked");
	fixture_free(&f);
}

static void test_lock_ignored(void)
{
	struct fixture f;
	uint64_t pa;

	fixture_init(&f, MALI_IGNORE_AS_LOCK);
	pa = sim_alloc(&f.sim, 1);
	sim_pt_map(&f.sim, f.root, VA, pa, 0x1000, SIM_RW);
	lock(&f, 1, VA, 15);
	is_u64(go(&f, VA, READ), pa, "LOCK, ignored, holds nothing off");
	sim_pt_clear(&f.sim, f.root, VA, 3);
	command(&f, 1, UNLOCK);
	is_u64(go(&f, VA, READ), FAULTED | TRANSLATION(3),
	       "UNLOCK still drops its region");
	fixture_free(&f);
}

/* --- Faults and interrupt ------------------------------------------------ */

static void raise_fault(struct fixture *f, unsigned int as, uint64_t va,
			enum mali_mmu_access access, uint16_t source)
{
	struct mali_mmu_xlat x;
	struct mali_mmu_fault fault;

	if (mali_mmu_translate(f->mmu, as, va, access, &x, &fault) ==
	    MALI_MMU_FAULT)
		mali_mmu_report_fault(f->mmu, as, &fault, source);
}

static void test_fault_registers(void)
{
	static const struct {
		enum mali_mmu_access access;
		uint32_t code;
	} kinds[] = { { ATOMIC, 0 }, { EXECUTE, 1 }, { READ, 2 }, { WRITE, 3 } };
	struct fixture f;

	fixture_init(&f, 0);
	wr(&f, INT_CLEAR, ~0u);
	for (unsigned int i = 0; i < 4; i++) {
		raise_fault(&f, 1, VA + i * 0x123456, kinds[i].access, 0xab00 + i);
		is_u64(rd(&f, AS(1, FAULTSTATUS)),
		       (0xab00u + i) << 16 | kinds[i].code << 8 | 0xc0,
		       "access type %u: FAULTSTATUS", kinds[i].code);
		is_u64(rd64(&f, AS(1, FAULTADDRESS)), VA + i * 0x123456,
		       "access type %u: FAULTADDRESS", kinds[i].code);
		is_u64(rd(&f, INT_RAWSTAT), 2, "access type %u: RAWSTAT",
		       kinds[i].code);
		wr(&f, INT_CLEAR, 2);
	}

	raise_fault(&f, 1, 0x1000, READ, 1);
	raise_fault(&f, 1, 0x2000, WRITE, 2);
	is_u64(rd64(&f, AS(1, FAULTADDRESS)), 0x1000,
	       "a second fault leaves the pending one");
	is_u64(rd(&f, AS(1, FAULTSTATUS)), 0x102c0, "and its status");
	raise_fault(&f, 2, 0x3000, READ, 3);
	is_u64(rd64(&f, AS(2, FAULTADDRESS)), 0x3000, "another AS has its own");
	is_u64(rd(&f, INT_RAWSTAT), 6, "both are pending");
	wr(&f, INT_CLEAR, 2);
	is_u64(rd64(&f, AS(1, FAULTADDRESS)), 0x1000, "CLEAR keeps the address");
	raise_fault(&f, 1, 1ull << 52, READ, 4);
	is_u64(rd64(&f, AS(1, FAULTADDRESS)), 1ull << 52,
	       "until the next fault, 64 bits of it");
	is_u64(f.stats->faults, 8, "all were counted");

	is_u64(f.sim.errors, 0, "no errors so far");
	raise_fault(&f, 9, 0, READ, 0);
	is_u64(f.sim.errors, 1, "a fault in AS 9 is only an error");
	is_u64(rd(&f, INT_RAWSTAT), 6, "and not pending anywhere");
	fixture_free(&f);
}

static void test_irq(void)
{
	struct fixture f;

	fixture_init(&f, 0);
	wr(&f, INT_CLEAR, ~0u);
	raise_fault(&f, 1, 0, READ, 0);
	ok(!f.sim.irq[MALI_IRQ_MMU], "a masked fault does not raise the line");
	is_u64(rd(&f, INT_STAT), 0, "nor STAT");
	wr(&f, INT_MASK, 0xffff);
	ok(f.sim.irq[MALI_IRQ_MMU], "unmasking does");
	is_u64(rd(&f, INT_STAT), 2, "and STAT");
	raise_fault(&f, 2, 0, READ, 0);
	wr(&f, INT_CLEAR, 2);
	ok(f.sim.irq[MALI_IRQ_MMU], "the line stays up for the second fault");
	is_u64(f.stats->irqs[MALI_IRQ_MMU], 1, "one edge so far");
	wr(&f, INT_MASK, 2);
	ok(!f.sim.irq[MALI_IRQ_MMU], "masking it lowers the line");
	wr(&f, INT_MASK, 0xffff);
	ok(f.sim.irq[MALI_IRQ_MMU], "and back up");
	is_u64(rd(&f, INT_MASK), 0xffff, "MASK reads back");
	wr(&f, INT_CLEAR, 4);
	ok(!f.sim.irq[MALI_IRQ_MMU], "clearing the last lowers it");
	is_u64(f.stats->irqs[MALI_IRQ_MMU], 2, "two edges");
	is_u64(f.sim.rises[MALI_IRQ_MMU], 2, "as the machine saw it");
	command(&f, 1, UPDATE);
	ok(!f.sim.irq[MALI_IRQ_MMU], "completion bits are not in this mask");
	raise_fault(&f, 1, 0, READ, 0);
	mali_mmu_reset(f.mmu);
	ok(!f.sim.irq[MALI_IRQ_MMU], "reset lowers the line");
	is_u64(rd(&f, INT_RAWSTAT), 0, "and clears RAWSTAT");
	fixture_free(&f);
}

/* What the driver does about a fault, and that the GPU can tell. */
static void test_fault_recovery(void)
{
	struct fixture f;
	unsigned int gen;

	fixture_init(&f, 0);
	raise_fault(&f, 1, VA, READ, 0);
	gen = mali_mmu_as_generation(f.mmu, 1);
	wr(&f, INT_CLEAR, 2);
	is_u64(mali_mmu_as_generation(f.mmu, 1), gen, "clearing alone ends no stall");
	wr64(&f, AS(1, TRANSTAB), 0);
	wr64(&f, AS(1, TRANSCFG), 1);
	command(&f, 1, UPDATE);
	ok(mali_mmu_as_generation(f.mmu, 1) != gen, "disabling the AS does");
	ok(!mali_mmu_as_enabled(f.mmu, 1), "which is then off");
	ok(!mali_mmu_as_enabled(f.mmu, 8), "one that does not exist is never on");
	ok(mali_mmu_as_enabled(f.mmu, 2), "the other is not");
	fixture_free(&f);
}

/* --- Memory -------------------------------------------------------------- */

static uint64_t pa_of(uint64_t pa[3], uint64_t off)
{
	return pa[off / 0x1000] + off % 0x1000;
}

static void test_memory(bool no_page_ptr)
{
	const char *how = no_page_ptr ? "over the bus" : "by host pointer";
	uint8_t want[8192], got[8192];
	struct mali_mmu_fault fault;
	struct fixture f;
	uint64_t accesses, pa[3];
	bool good = true;

	fixture_init(&f, 0);
	f.sim.no_page_ptr = no_page_ptr;
	/* Three pages, backwards in memory. */
	for (int i = 2; i >= 0; i--) {
		pa[i] = sim_alloc(&f.sim, 1);
		sim_pt_map(&f.sim, f.root, VA + i * 0x1000, pa[i], 0x1000, SIM_RW);
	}
	for (unsigned int i = 0; i < sizeof(want); i++)
		want[i] = i * 7 + i / 256;
	is_u64(mali_mmu_write(f.mmu, 1, VA + 0x800, want, sizeof(want), WRITE,
			      &fault), MALI_MMU_OK, "write over three pages, %s", how);
	is_u64(mali_mmu_read(f.mmu, 1, VA + 0x800, got, sizeof(got), READ,
			     &fault), MALI_MMU_OK, "read them, %s", how);
	is_mem(got, want, sizeof(want), "the same bytes, %s", how);
	accesses = f.sim.accesses;
	mali_mmu_read(f.mmu, 1, VA + 0x800, got, sizeof(got), READ, &fault);
	is_u64(f.sim.accesses - accesses, no_page_ptr ? 3 : 0,
	       "reading cached pages, %s: bus accesses", how);
	for (unsigned int i = 0; good && i < sizeof(want); i++) {
		uint8_t b;

		sim_read(&f.sim, pa_of(pa, 0x800 + i), &b, 1);
		good = b == want[i];
	}
	ok(good, "each where it belongs, %s", how);

	good = true;
	for (uint64_t off = 0xff0; good && off < 0x1010; off++) {
		uint32_t v32 = 0, w32;
		uint64_t v64 = 0, w64;

		good = !mali_mmu_write64(f.mmu, 1, VA + off, 0x1122334455667788,
					 WRITE, &fault) &&
		       !mali_mmu_read64(f.mmu, 1, VA + off, &v64, READ, &fault) &&
		       v64 == 0x1122334455667788 &&
		       !mali_mmu_write32(f.mmu, 1, VA + off, 0xa1b2c3d4, WRITE,
					 &fault) &&
		       !mali_mmu_read32(f.mmu, 1, VA + off, &v32, READ, &fault) &&
		       v32 == 0xa1b2c3d4;
		if (off % 8)
			continue;
		w64 = sim_read64(&f.sim, pa_of(pa, off));
		w32 = sim_read32(&f.sim, pa_of(pa, off));
		good = good && w64 == 0x11223344a1b2c3d4 && w32 == 0xa1b2c3d4;
	}
	ok(good, "32 and 64 bits around a page's end, %s", how);
	is_u64(mali_mmu_read(f.mmu, 1, VA + 0x3000, got, 0, READ, &fault),
	       MALI_MMU_OK, "nothing read from nowhere is fine, %s", how);
	fixture_free(&f);
}

static void test_memory_faults(void)
{
	uint8_t buf[0x3000] = { 0 };
	struct mali_mmu_fault fault;
	struct fixture f;
	uint64_t pa, v = 5;

	fixture_init(&f, 0);
	pa = sim_alloc(&f.sim, 1);
	sim_pt_map(&f.sim, f.root, VA, pa, 0x1000, SIM_RW);
	memset(buf, 0xff, sizeof(buf));

	is_u64(mali_mmu_write(f.mmu, 1, VA + 0xff0, buf, 32, WRITE, &fault),
	       MALI_MMU_FAULT, "a write that ends in an unmapped page");
	is_u64(fault.va, VA + 0x1000, "faults where that page begins");
	is_u64(fault.exception, TRANSLATION(3), "with its reason");
	is_u64(fault.access, WRITE, "and its access type");
	is_u64(sim_read64(&f.sim, pa + 0xff0), 0, "and wrote nothing");
	is_u64(mali_mmu_read(f.mmu, 1, VA + 0xffc, &v, 8, READ, &fault),
	       MALI_MMU_FAULT, "a read likewise");
	is_u64(mali_mmu_read64(f.mmu, 1, VA + 0x1000, &v, READ, &fault),
	       MALI_MMU_FAULT, "a read of 64 bits there");
	is_u64(mali_mmu_read32(f.mmu, 1, VA + 0xffe, (uint32_t[]){ 0 }, READ,
			       &fault), MALI_MMU_FAULT, "an unaligned one");
	is_u64(fault.va, VA + 0x1000, "faults in the second page");

	sim_pt_map(&f.sim, f.root, VA + 0x1000, pa, 0x1000, SIM_RO);
	is_u64(mali_mmu_write(f.mmu, 1, VA + 0xff0, buf, 32, WRITE, &fault),
	       MALI_MMU_FAULT, "a write that ends in a read-only page");
	is_u64(fault.exception, PERMISSION(3), "is not permitted");
	is_u64(sim_read64(&f.sim, pa + 0xff0), 0, "and wrote nothing");
	is_u64(mali_mmu_read(f.mmu, 1, VA, buf, 8, EXECUTE, &fault),
	       MALI_MMU_FAULT, "a fetch from a page that is XN");
	is_u64(fault.exception, PERMISSION(3), "is not permitted");
	is_u64(mali_mmu_read32(f.mmu, 1, VA + 0x1000, (uint32_t[]){ 0 }, ATOMIC,
			       &fault), MALI_MMU_FAULT, "an atomic on a read-only page");
	is_u64(fault.exception, PERMISSION(3), "is not permitted");

	sim_pt_map(&f.sim, f.root, VA + 0x2000, 0x5000, 0x1000, SIM_RW);
	is_u64(mali_mmu_read64(f.mmu, 1, VA + 0x2000, &v, READ, &fault),
	       MALI_MMU_FAULT, "a read where there is no RAM");
	is_u64(fault.exception, BUS_FAULT, "is a bus fault");
	is_u64(mali_mmu_write64(f.mmu, 1, VA + 0x2008, 1, WRITE, &fault),
	       MALI_MMU_FAULT, "a write likewise");
	is_u64(fault.exception, BUS_FAULT, "is a bus fault");
	is_u64(fault.va, VA + 0x2008, "at its address");
	is_u64(mali_mmu_read(f.mmu, 1, ~0ull - 3, buf, 8, READ, &fault),
	       MALI_MMU_FAULT, "an access past the end of the address space");
	is_u64(fault.exception, SIZE_IN, "is beyond the input size");
	fixture_free(&f);
}

/* The page that is written may be the very table that maps it. */
static void test_write_own_table(void)
{
	struct mali_mmu_fault fault;
	struct fixture f;
	uint64_t l3, slot;

	fixture_init(&f, 0);
	slot = sim_pt_slot(&f.sim, f.root, VA, 3, 0);
	l3 = slot & ~0xfffull;
	sim_write64(&f.sim, slot, l3 | SIM_RW | 3);
	is_u64(mali_mmu_write64(f.mmu, 1, VA + slot % 4096, 0, WRITE, &fault),
	       MALI_MMU_OK, "the GPU unmaps a page through itself");
	is_u64(sim_read64(&f.sim, slot), 0, "the descriptor is gone");
	is_u64(go(&f, VA, READ), l3, "the TLB does not know");
	command(&f, 1, FLUSH_PT);
	is_u64(go(&f, VA, READ), FAULTED | TRANSLATION(3), "until a flush");
	fixture_free(&f);
}

/* --- Introspection ------------------------------------------------------- */

static void test_peek(void)
{
	struct mali_translation t;
	struct mali_stats before;
	struct fixture f;
	uint64_t accesses;

	fixture_init(&f, 0);
	sim_pt_map(&f.sim, f.root, VA, 0x8000001000, 0x1000, SIM_RO);
	sim_pt_map_one(&f.sim, f.root, VA + GB, 0x8040000000, 2, SIM_RX);
	before = *f.stats;
	accesses = f.sim.accesses;

	is_u64(mali_mmu_translate_peek(f.mmu, 1, VA + 0x123, &t), 0, "peek a page");
	ok(t.mapped && t.readable && !t.writable && !t.executable, "its rights");
	is_u64(t.pa, 0x8000001123, "its address");
	is_u64(t.desc, 0x8000001000 | SIM_RO | 3, "its descriptor");
	is_u64(t.level, 3, "its level");
	is_u64(t.page_size, 4096, "its size");
	is_u64(t.tables[0], f.root, "the root it came from");
	for (int l = 1; l < 4; l++)
		is_u64(t.tables[l], sim_pt_slot(&f.sim, f.root, VA, l, 0) & ~0xfffull,
		       "the table of level %d", l);
	ok(!t.cached, "not cached");

	mali_mmu_translate_peek(f.mmu, 1, VA + GB + 0x1234, &t);
	ok(t.mapped && t.readable && !t.writable && t.executable, "a block");
	is_u64(t.pa, 0x8040001234, "its address");
	is_u64(t.page_size, 2 * MB, "its size");
	is_u64(t.tables[3], 0, "no table of level 3");

	mali_mmu_translate_peek(f.mmu, 1, VA + 0x1000, &t);
	ok(!t.mapped && !t.readable, "a hole is not mapped");
	is_u64(t.level, 3, "found at level 3");
	ok(!memcmp(&before, f.stats, sizeof(before)), "no counter moved");
	is_u64(f.sim.accesses, accesses, "the bus was left alone");

	/* Stale: what memory says, next to what the TLB says. */
	go(&f, VA, READ);
	go(&f, VA + GB, READ);
	sim_pt_map(&f.sim, f.root, VA, 0x9000000000, 0x1000, SIM_RW);
	sim_pt_clear(&f.sim, f.root, VA + GB, 2);
	mali_mmu_translate_peek(f.mmu, 1, VA + 0x123, &t);
	is_u64(t.pa, 0x9000000123, "memory's view");
	ok(t.cached && t.cached_pa == 0x8000001123, "the TLB's view");
	mali_mmu_translate_peek(f.mmu, 1, VA + GB + 0x123456, &t);
	ok(!t.mapped, "a block gone from memory");
	ok(t.cached && t.cached_pa == 0x8040123456, "is in the TLB, all of it");

	lock(&f, 1, 0, 48);
	is_u64(mali_mmu_translate_peek(f.mmu, 1, VA, &t), 0, "a lock does not matter");
	is_u64(mali_mmu_translate_peek(f.mmu, 1, 1ull << 48, &t), -1ull,
	       "an address beyond the address space");
	is_u64(mali_mmu_translate_peek(f.mmu, 0, VA, &t), -1ull, "a disabled AS");
	is_u64(mali_mmu_translate_peek(f.mmu, 8, VA, &t), -1ull, "no AS");
	configure(&f, 3, 0, 2);
	is_u64(mali_mmu_translate_peek(f.mmu, 3, 0x1234, &t), 0, "IDENTITY");
	ok(t.mapped && t.pa == 0x1234 && t.executable, "maps to itself");
	is_u64(rd(&f, INT_RAWSTAT) & 0xffff, 0, "no fault was raised");
	fixture_free(&f);
}

struct seen {
	unsigned int tables[4];
	unsigned int valid[4];
	uint64_t root;
};

static void see_table(void *opaque, uint64_t pa, int level, unsigned int valid)
{
	struct seen *s = opaque;

	if (!s->root)
		s->root = pa;
	s->tables[level]++;
	s->valid[level] += valid;
}

static void test_walk_tables(void)
{
	struct seen s = { 0 };
	struct fixture f;

	fixture_init(&f, 0);
	sim_pt_map(&f.sim, f.root, VA, 0x8000000000, 5 * MB, SIM_RW);
	sim_pt_map(&f.sim, f.root, VA + 512 * GB, 0x8000001000, 0x1000, SIM_RW);
	/* Reserved descriptors are not valid. */
	sim_write64(&f.sim, f.root, 1);
	sim_write64(&f.sim, sim_pt_slot(&f.sim, f.root, VA + 5 * MB, 3, 0), 1);
	is_u64(mali_mmu_walk_tables(f.mmu, 1, see_table, &s), 7, "tables");
	is_u64(s.root, f.root, "the root comes first");
	is_u64(s.tables[0], 1, "one root");
	is_u64(s.tables[1], 2, "two of level 1");
	is_u64(s.tables[2], 2, "two of level 2");
	is_u64(s.tables[3], 2, "two of level 3");
	is_u64(s.valid[0], 2, "two entries in the root");
	is_u64(s.valid[2], 4, "two blocks, two tables in level 2");
	is_u64(s.valid[3], 256 + 1, "257 pages");
	is_u64(f.stats->table_reads, 0, "none of it counted as a walk");

	is_u64(mali_mmu_walk_tables(f.mmu, 0, see_table, &s), -1ull,
	       "a disabled AS has none");
	is_u64(mali_mmu_walk_tables(f.mmu, 8, see_table, &s), -1ull,
	       "nor has one that does not exist");
	configure(&f, 3, 0, 2);
	is_u64(mali_mmu_walk_tables(f.mmu, 3, see_table, &s), 0,
	       "IDENTITY has no tables");
	fixture_free(&f);
}

static void test_walk_corrupt(void)
{
	struct seen s = { 0 };
	uint64_t reads;
	uint64_t next, last;
	struct fixture f;

	fixture_init(&f, 0);
	next = sim_alloc(&f.sim, 1);
	last = sim_alloc(&f.sim, 1);
	sim_write64(&f.sim, f.root, 0x1000 | 3);
	sim_write64(&f.sim, f.root + 8, 1ull << 47 | 3);
	is_u64(mali_mmu_walk_tables(f.mmu, 1, see_table, &s), 1,
	       "tables that are nowhere are left out");

	sim_write64(&f.sim, f.root, f.root | 3);
	is_u64(mali_mmu_walk_tables(f.mmu, 1, see_table, &s), 4,
	       "a table that points to itself ends with the levels");
	for (unsigned int i = 0; i < 512; i++)
		sim_write64(&f.sim, f.root + i * 8, f.root | 3);
	is_u64(mali_mmu_walk_tables(f.mmu, 1, see_table, &s),
	       MALI_MMU_MAX_TABLES, "512 times over, with the limit");

	/* Entries that name no memory are looked at, too: 512 times 512 times 512 of them */
	for (unsigned int i = 0; i < 512; i++) {
		sim_write64(&f.sim, f.root + i * 8, next | 3);
		sim_write64(&f.sim, next + i * 8, last | 3);
		sim_write64(&f.sim, last + i * 8, 0x1000000000 | 3);
	}
	reads = f.sim.accesses;
	mali_mmu_walk_tables(f.mmu, 1, see_table, &s);
	ok(f.sim.accesses - reads <= MALI_MMU_MAX_TABLES, "and so are entries that name nothing");

	configure(&f, 1, 0x1000, CFG_48);
	is_u64(mali_mmu_walk_tables(f.mmu, 1, see_table, &s), 0,
	       "a root that is nowhere has none");
	fixture_free(&f);
}

/* --- Anything at all ----------------------------------------------------- */

/* Random register writes and accesses: the sanitizers are the judges. */
static void test_noise(void)
{
	static const uint32_t offsets[] = { 0x00, 0x04, 0x08, 0x10, 0x14, 0x18,
					    0x18, 0x30, 0x30, 0x34, 0x18, 0x18 };
	uint64_t seed = 7, done = 0;
	struct fixture f;
	uint64_t pool;

	fixture_init(&f, 0);
	pool = sim_alloc(&f.sim, 8);
	for (unsigned int i = 0; i < 8 * 512; i++)
		sim_write64(&f.sim, pool + i * 8,
			    (pool + sim_random(&seed) % 8 * 0x1000) | SIM_RWX |
			    (sim_random(&seed) & 3));
	for (unsigned int i = 0; i < 200000; i++) {
		uint64_t r = sim_random(&seed), va = sim_random(&seed);
		unsigned int as = r % 9;
		uint32_t off = offsets[r >> 8 & 7];
		uint32_t val = off == 0x18 ? r >> 40 & 7 : r >> 32;
		struct mali_mmu_fault fault;
		struct mali_translation t;
		uint8_t buf[64] = { 0 };

		if (off == 0 && (r >> 12 & 3))
			val = pool + (r >> 20 & 7) * 0x1000;
		if (off == 0x30 && (r >> 12 & 3))
			val = CFG_48;
		if (r >> 14 & 1)
			wr(&f, AS(as, off), val);
		else
			wr(&f, 0x2000 + (r >> 16 & 0x3fc), val);
		if (r >> 15 & 1)
			wr64(&f, AS(as, TRANSTAB), pool);
		va >>= r >> 60;
		mali_mmu_translate_peek(f.mmu, as, va, &t);
		done += !mali_mmu_read(f.mmu, as, va, buf, va % 64, READ, &fault);
		done += !mali_mmu_write(f.mmu, as, va, buf, va % 8, WRITE, &fault);
		if (go_as(&f, as, va, va & 3) & FAULTED)
			raise_fault(&f, as, va, va & 3, r);
	}
	ok(done > 1000, "200000 rounds of noise (%" PRIu64 " accesses went through)",
	   done);
	fixture_free(&f);
}

int main(void)
{
	test_registers();
	test_commands();
	test_lock();
	test_lock_ignored();
	test_fault_registers();
	test_irq();
	test_fault_recovery();
	test_memory(false);
	test_memory(true);
	test_memory_faults();
	test_write_own_table();
	test_peek();
	test_walk_tables();
	test_walk_corrupt();
	test_noise();
	return done_testing();
}

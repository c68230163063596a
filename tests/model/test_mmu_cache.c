// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TLB and walk cache: that they keep what memory no longer says, which
 * command drops what, which does not, and that a model told to ignore a
 * command is seen to. A test that passed without the caches would be worth
 * nothing here.
 */
#include "mmu_fixture.h"
#include "tap.h"

/* Far from the edges of any region tried below. */
#define VA	(1ull << 39 | 5ull << 30 | 64 * MB)
#define PA1	0x8100000000ull
#define PA2	0x8200000000ull

/* What a table entry of @level is mapped to, the old way and the new one. */
struct subject {
	const char *name;
	int level;
	bool table;	/* replace the table that maps VA, not its descriptor */
};

static const struct subject subjects[] = {
	{ "page", 3, false },
	{ "2M block", 2, false },
	{ "1G block", 1, false },
	{ "level 3 table", 3, true },
	{ "level 2 table", 2, true },
	{ "level 1 table", 1, true },
};

#define NUM_SUBJECTS	(sizeof(subjects) / sizeof(subjects[0]))

/*
 * A table of @level that maps VA to PA2, by the same path below. Upper levels
 * are reached through the descriptor of the level above.
 */
static void replace_table(struct fixture *f, int level)
{
	uint64_t other = sim_alloc(&f->sim, 1), desc;

	sim_pt_map_one(&f->sim, other, VA, PA2, 3, SIM_RW);
	desc = sim_read64(&f->sim, sim_pt_slot(&f->sim, other, VA, level - 1, 0));
	sim_write64(&f->sim, sim_pt_slot(&f->sim, f->root, VA, level - 1, 0),
		    desc);
}

/* The address to try after the change: for a table, a page not in the TLB. */
static uint64_t probe(const struct subject *s)
{
	return s->table ? VA + 0x1000 : VA;
}

/* Map VA to PA1 in AS 1 and 2, let the caches see it, then map it to PA2. */
static void make_stale(struct fixture *f, const struct subject *s)
{
	uint64_t root = f->root;

	if (s->table) {
		sim_pt_map(&f->sim, root, VA, PA1, 0x2000, SIM_RW);
	} else {
		sim_pt_map_one(&f->sim, root, VA & ~(sim_level_size(s->level) - 1),
			       PA1, s->level, SIM_RW);
	}
	go_as(f, 1, VA, READ);
	go_as(f, 2, VA, READ);
	if (s->table) {
		replace_table(f, s->level);
		sim_write64(&f->sim, sim_pt_slot(&f->sim, root, VA + 0x1000, 3, 0),
			    (PA2 + 0x1000) | SIM_RW | 3);
	} else {
		sim_pt_map_one(&f->sim, root, VA & ~(sim_level_size(s->level) - 1),
			       PA2, s->level, SIM_RW);
	}
}

static uint64_t result(const struct subject *s, uint64_t pa)
{
	if (s->table)
		return pa + 0x1000;
	return pa | (VA & (sim_level_size(s->level) - 1));
}

static bool is_stale(struct fixture *f, const struct subject *s,
		     unsigned int as, const char *name)
{
	return is_u64(go_as(f, as, probe(s), READ), result(s, PA1),
		      "%s: %s keeps it", s->name, name);
}

static bool is_fresh(struct fixture *f, const struct subject *s,
		     unsigned int as, const char *name)
{
	return is_u64(go_as(f, as, probe(s), READ), result(s, PA2),
		      "%s: %s drops it", s->name, name);
}

/* --- What does not drop -------------------------------------------------- */

static void do_nothing(struct fixture *f)
{
	(void)f;
}

static void do_registers(struct fixture *f)
{
	wr64(f, AS(1, TRANSTAB), sim_alloc(&f->sim, 1));
	wr64(f, AS(1, TRANSCFG), 1);
	wr64(f, AS(1, MEMATTR), 0);
}

static void do_nop(struct fixture *f)
{
	command(f, 1, NOP);
}

static void do_unlock_alone(struct fixture *f)
{
	wr64(f, AS(1, LOCKADDR), 47);
	command(f, 1, UNLOCK);
}

/* The page next to the region, on either side; nothing in it is VA's. */
static void do_unlock_above(struct fixture *f)
{
	lock_unlock(f, 1, 1ull << 40, 40);
}

static void do_unlock_below(struct fixture *f)
{
	lock_unlock(f, 1, 0, 39);
}

static void do_flush_elsewhere(struct fixture *f)
{
	lock(f, 1, 0, 39);
	command(f, 1, FLUSH_PT);
	lock(f, 1, 1ull << 40, 40);
	command(f, 1, FLUSH_MEM);
}

static void do_other_as(struct fixture *f)
{
	lock_unlock(f, 2, 0, 48);
	command(f, 2, FLUSH_PT);
	command(f, 2, FLUSH_MEM);
	configure(f, 2, f->root, CFG_48);
}

static void do_bad_lock(struct fixture *f)
{
	wr64(f, AS(1, LOCKADDR), VA | 13);
	command(f, 1, LOCK);
	command(f, 1, UNLOCK);
}

static void do_unknown(struct fixture *f)
{
	command(f, 1, 6);
	command(f, 1, 0xffffffff);
}

static void do_int_clear(struct fixture *f)
{
	wr(f, INT_CLEAR, ~0u);
}

static const struct {
	const char *name;
	void (*fn)(struct fixture *f);
} keepers[] = {
	{ "nothing", do_nothing },
	{ "a register write without UPDATE", do_registers },
	{ "NOP", do_nop },
	{ "UNLOCK without LOCK", do_unlock_alone },
	{ "UNLOCK of what lies above", do_unlock_above },
	{ "UNLOCK of what lies below", do_unlock_below },
	{ "a locked FLUSH elsewhere", do_flush_elsewhere },
	{ "every command in another AS", do_other_as },
	{ "LOCK of less than 32 KiB", do_bad_lock },
	{ "an unknown command", do_unknown },
	{ "INT_CLEAR", do_int_clear },
};

static void test_keepers(void)
{
	for (unsigned int s = 0; s < NUM_SUBJECTS; s++) {
		for (unsigned int k = 0; k < sizeof(keepers) / sizeof(keepers[0]);
		     k++) {
			struct fixture f;

			fixture_init(&f, 0);
			make_stale(&f, &subjects[s]);
			keepers[k].fn(&f);
			is_stale(&f, &subjects[s], 1, keepers[k].name);
			fixture_free(&f);
		}
	}
}

/* --- What drops ---------------------------------------------------------- */

static void do_update(struct fixture *f)
{
	command(f, 1, UPDATE);
}

static void do_unlock_all(struct fixture *f)
{
	lock_unlock(f, 1, 0, 48);
}

static void do_unlock_64(struct fixture *f)
{
	lock_unlock(f, 1, 0, 64);
}

static void do_unlock_exact(struct fixture *f)
{
	lock_unlock(f, 1, VA, 15);
}

/* LOCKADDR may change between the two: the region is the latched one. */
static void do_unlock_latched(struct fixture *f)
{
	lock(f, 1, VA, 15);
	wr64(f, AS(1, LOCKADDR), 14);
	command(f, 1, UNLOCK);
}

static void do_unlock_widened(struct fixture *f)
{
	lock(f, 1, VA + 1 * MB, 15);
	lock(f, 1, VA, 21);
	command(f, 1, UNLOCK);
}

static void do_flush_pt(struct fixture *f)
{
	command(f, 1, FLUSH_PT);
}

static void do_flush_mem(struct fixture *f)
{
	command(f, 1, FLUSH_MEM);
}

static void do_flush_pt_locked(struct fixture *f)
{
	lock(f, 1, VA, 15);
	command(f, 1, FLUSH_PT);
}

static void do_flush_mem_locked(struct fixture *f)
{
	lock(f, 1, VA, 15);
	command(f, 1, FLUSH_MEM);
}

static void do_power_down(struct fixture *f)
{
	mali_mmu_drop_all(f->mmu);
}

static void do_reset(struct fixture *f)
{
	mali_mmu_reset(f->mmu);
	configure(f, 1, f->root, CFG_48);
	configure(f, 2, f->root, CFG_48);
}

#define ALL_AS	(1u << 31)

static const struct {
	const char *name;
	void (*fn)(struct fixture *f);
	uint32_t ignore;	/* flag that makes it keep, ALL_AS: none */
} droppers[] = {
	{ "UPDATE", do_update, MALI_IGNORE_AS_UPDATE },
	{ "UNLOCK of 2^48 bytes", do_unlock_all, MALI_IGNORE_AS_UNLOCK },
	{ "UNLOCK of 2^64 bytes", do_unlock_64, MALI_IGNORE_AS_UNLOCK },
	{ "UNLOCK of 32 KiB", do_unlock_exact, MALI_IGNORE_AS_UNLOCK },
	{ "UNLOCK of the latched region", do_unlock_latched,
	  MALI_IGNORE_AS_UNLOCK },
	{ "UNLOCK of a widened region", do_unlock_widened,
	  MALI_IGNORE_AS_UNLOCK },
	{ "FLUSH_PT", do_flush_pt, MALI_IGNORE_AS_FLUSH },
	{ "FLUSH_MEM", do_flush_mem, MALI_IGNORE_AS_FLUSH },
	{ "FLUSH_PT of a locked region", do_flush_pt_locked,
	  MALI_IGNORE_AS_FLUSH },
	{ "FLUSH_MEM of a locked region", do_flush_mem_locked,
	  MALI_IGNORE_AS_FLUSH },
	{ "power down", do_power_down, ALL_AS },
	{ "reset", do_reset, ALL_AS },
};

static void try_dropper(unsigned int d, const struct subject *s)
{
	uint32_t flag = droppers[d].ignore;
	struct fixture f;
	char name[96];

	fixture_init(&f, 0);
	make_stale(&f, s);
	droppers[d].fn(&f);
	is_fresh(&f, s, 1, droppers[d].name);
	/* Only its own AS, unless everything goes. */
	if (flag == ALL_AS)
		is_fresh(&f, s, 2, "and of every AS");
	else
		is_stale(&f, s, 2, "and another AS");
	fixture_free(&f);

	if (flag == ALL_AS)
		return;
	fixture_init(&f, flag);
	make_stale(&f, s);
	droppers[d].fn(&f);
	snprintf(name, sizeof(name), "%s, ignored,", droppers[d].name);
	is_stale(&f, s, 1, name);
	fixture_free(&f);

	/* The flag of another command must not matter. */
	fixture_init(&f, ~flag & 7);
	make_stale(&f, s);
	droppers[d].fn(&f);
	snprintf(name, sizeof(name), "%s, all others ignored,",
		 droppers[d].name);
	is_fresh(&f, s, 1, name);
	fixture_free(&f);
}

static void test_droppers(void)
{
	for (unsigned int s = 0; s < NUM_SUBJECTS; s++) {
		for (unsigned int d = 0;
		     d < sizeof(droppers) / sizeof(droppers[0]); d++)
			try_dropper(d, &subjects[s]);
	}
}

/* LOCK itself drops nothing: it shows when the lock does not hold off. */
static void test_lock_keeps(void)
{
	struct fixture f;

	fixture_init(&f, MALI_IGNORE_AS_LOCK | MALI_IGNORE_AS_UNLOCK);
	make_stale(&f, &subjects[0]);
	lock(&f, 1, VA, 15);
	is_stale(&f, &subjects[0], 1, "LOCK, holding nothing off,");
	command(&f, 1, UNLOCK);
	is_stale(&f, &subjects[0], 1, "and UNLOCK, ignored,");
	fixture_free(&f);
}

/*
 * A GPU that drops a table only if the region has all that the table spans. What
 * maps memory goes as ever.
 */
static void test_wider_tables(void)
{
	static const unsigned int widths[] = { 21, 30, 39 };

	for (unsigned int s = 0; s < NUM_SUBJECTS; s++) {
		struct fixture f;

		fixture_init(&f, MALI_IGNORE_AS_WIDER);
		make_stale(&f, &subjects[s]);
		if (!subjects[s].table) {
			lock_unlock(&f, 1, VA, 15);
			is_fresh(&f, &subjects[s], 1, "a region in it");
			fixture_free(&f);
			continue;
		}
		lock_unlock(&f, 1, VA, widths[3 - subjects[s].level] - 1);
		is_stale(&f, &subjects[s], 1, "half of what it spans");
		fixture_free(&f);

		fixture_init(&f, MALI_IGNORE_AS_WIDER);
		make_stale(&f, &subjects[s]);
		lock_unlock(&f, 1, VA, widths[3 - subjects[s].level]);
		is_fresh(&f, &subjects[s], 1, "all that it spans");
		fixture_free(&f);
	}
}

/* --- Finer points -------------------------------------------------------- */

/* Where a region ends: the last page in it goes, the first beyond stays. */
static void test_region_edges(void)
{
	static const int64_t offsets[] = { -0x1000, 0, 0x7000, 0x8000 };
	struct fixture f;

	fixture_init(&f, 0);
	for (unsigned int i = 0; i < 4; i++) {
		sim_pt_map(&f.sim, f.root, VA + offsets[i], PA1, 0x1000, SIM_RW);
		go(&f, VA + offsets[i], READ);
		sim_pt_map(&f.sim, f.root, VA + offsets[i], PA2, 0x1000, SIM_RW);
	}
	/* Bits of the address below the region's size do not count. */
	lock_unlock(&f, 1, VA + 0x3000, 15);
	is_u64(go(&f, VA - 0x1000, READ), PA1, "the page before the region stays");
	is_u64(go(&f, VA, READ), PA2, "its first page goes");
	is_u64(go(&f, VA + 0x7000, READ), PA2, "its last page goes");
	is_u64(go(&f, VA + 0x8000, READ), PA1, "the page after it stays");
	fixture_free(&f);
}

/* Every AS has its own entries, and its own commands to drop them. */
static void test_each_as(void)
{
	struct fixture f;

	fixture_init(&f, 0);
	sim_pt_map(&f.sim, f.root, VA, PA1, 0x1000, SIM_RW);
	for (unsigned int as = 0; as < 8; as++) {
		configure(&f, as, f.root, CFG_48);
		go_as(&f, as, VA, READ);
	}
	sim_pt_map(&f.sim, f.root, VA, PA2, 0x1000, SIM_RW);
	for (unsigned int as = 0; as < 8; as++) {
		is_u64(go_as(&f, as, VA, READ), PA1, "AS %u: not yet dropped", as);
		lock_unlock(&f, as, VA, 15);
		is_u64(go_as(&f, as, VA, READ), PA2, "AS %u: dropped", as);
	}
	fixture_free(&f);
}

/* A second UNLOCK finds no lock, the region of the last one or any other. */
static void test_unlock_twice(void)
{
	struct fixture f;

	fixture_init(&f, 0);
	lock_unlock(&f, 1, VA, 21);
	make_stale(&f, &subjects[0]);
	command(&f, 1, UNLOCK);
	is_stale(&f, &subjects[0], 1, "a second UNLOCK");
	fixture_free(&f);
}

/* Reset drops by itself, not through the UPDATE that has to follow. */
static void test_reset_drops(void)
{
	struct fixture f;

	fixture_init(&f, MALI_IGNORE_AS_UPDATE);
	make_stale(&f, &subjects[0]);
	do_reset(&f);
	is_fresh(&f, &subjects[0], 1, "reset, UPDATE ignored,");
	fixture_free(&f);
}

/*
 * A block is one descriptor: a region anywhere in it drops all that came from
 * it, the pages already split off it included.
 */
static void test_block_goes_whole(int level)
{
	uint64_t size = sim_level_size(level);
	uint64_t va = VA & ~(size - 1);
	struct fixture f;

	fixture_init(&f, 0);
	sim_pt_map_one(&f.sim, f.root, va, 0x8000000000, level, SIM_RW);
	for (uint64_t off = 0; off < size; off += size / 16)
		go(&f, va + off, READ);
	is_u64(f.stats->tlb_misses, 1, "level %d block: one miss for all of it",
	       level);
	sim_pt_map_one(&f.sim, f.root, va, 0x9000000000, level, SIM_RW);
	is_u64(go(&f, va + size / 2, READ), 0x8000000000 + size / 2,
	       "level %d block: cached", level);
	is_u64(go(&f, va + size - 0x5000, READ), 0x8000000000 + size - 0x5000,
	       "level %d block: also where nothing was read yet", level);
	lock_unlock(&f, 1, va + size - 1, 15);
	is_u64(go(&f, va, READ), 0x9000000000,
	       "level %d block: gone at its first page", level);
	is_u64(go(&f, va + size / 2, READ), 0x9000000000 + size / 2,
	       "level %d block: gone in the middle", level);

	/* And from the other end: the pages lie above the region. */
	sim_pt_map_one(&f.sim, f.root, va, 0x8000000000, level, SIM_RW);
	lock_unlock(&f, 1, va, 15);
	is_u64(go(&f, va + size / 2, READ), 0x8000000000 + size / 2,
	       "level %d block: gone above the region", level);
	is_u64(go(&f, va + size - 0x1000, READ), 0x8000000000 + size - 0x1000,
	       "level %d block: gone at its last page", level);
	fixture_free(&f);
}

static void test_faults_not_cached(void)
{
	struct fixture f;

	fixture_init(&f, 0);
	for (int level = 0; level < 4; level++) {
		is_u64(go(&f, VA, READ), FAULTED | TRANSLATION(level),
		       "nothing at level %d", level);
		if (level < 3)
			sim_pt_slot(&f.sim, f.root, VA, level + 1, 0);
	}
	sim_pt_map(&f.sim, f.root, VA, PA1, 0x1000, SIM_RW & ~SIM_PTE_AF);
	is_u64(go(&f, VA, READ), FAULTED | ACCESS_FLAG(3), "then no access flag");
	sim_pt_map(&f.sim, f.root, VA, PA1, 0x1000, SIM_RW);
	is_u64(go(&f, VA, READ), PA1, "each fault gone without a command");
	fixture_free(&f);
}

/* Rights are cached too, in both directions. */
static void test_rights_cached(void)
{
	struct fixture f;

	fixture_init(&f, 0);
	sim_pt_map(&f.sim, f.root, VA, PA1, 0x1000, SIM_RO);
	go(&f, VA, READ);
	sim_pt_map(&f.sim, f.root, VA, PA1, 0x1000, SIM_RW);
	is_u64(go(&f, VA, WRITE), FAULTED | PERMISSION(3),
	       "a right granted shows only after a command");
	lock_unlock(&f, 1, VA, 15);
	is_u64(go(&f, VA, WRITE), PA1, "and then it does");
	sim_pt_map(&f.sim, f.root, VA, PA1, 0x1000, SIM_RO);
	is_u64(go(&f, VA, WRITE), PA1, "a right taken away likewise");
	lock_unlock(&f, 1, VA, 15);
	is_u64(go(&f, VA, WRITE), FAULTED | PERMISSION(3), "until a command");
	fixture_free(&f);
}

/* Tables freed and reused below a live walk cache: the walker reads garbage. */
static void test_freed_table(void)
{
	struct fixture f;
	uint64_t l3;

	fixture_init(&f, 0);
	sim_pt_map(&f.sim, f.root, VA, PA1, 0x1000, SIM_RW);
	go(&f, VA, READ);
	l3 = sim_pt_slot(&f.sim, f.root, VA, 3, 0) & ~0xfffull;
	sim_pt_clear(&f.sim, f.root, VA, 2);
	sim_write64(&f.sim, sim_pt_entry(l3, VA + 0x3000, 3), PA2 | SIM_RW | 3);
	is_u64(go(&f, VA + 0x3000, READ), PA2,
	       "a table unlinked without a flush is still walked");
	lock_unlock(&f, 1, VA, 15);
	is_u64(go(&f, VA + 0x3000, READ), FAULTED | TRANSLATION(2),
	       "and no longer after it");
	fixture_free(&f);
}

/* A freed table that the guest's kernel filled with its poison is recognised. */
static void test_poisoned_table(void)
{
	static const uint8_t poison[] = { 0x6b, 0xaa };
	uint8_t page[SIM_PAGE_SIZE];

	for (unsigned int i = 0; i < sizeof(poison); i++) {
		struct fixture f;
		uint64_t l3;

		fixture_init(&f, 0);
		sim_pt_map(&f.sim, f.root, VA, PA1, 0x1000, SIM_RW);
		go(&f, VA, READ);
		go(&f, VA + 0x4000, READ);
		is_u64(f.stats->poisoned_walks, 0, "a hole is no freed table");
		l3 = sim_pt_slot(&f.sim, f.root, VA, 3, 0) & ~0xfffull;
		sim_pt_clear(&f.sim, f.root, VA, 2);
		memset(page, poison[i], sizeof(page));
		sim_write(&f.sim, l3, page, sizeof(page));
		ok(go(&f, VA + 0x5000, READ) & FAULTED,
		   "a walk through a table full of 0x%x faults", poison[i]);
		is_u64(f.stats->poisoned_walks, 1, "and is counted");
		ok(!!strstr(f.sim.last_error, "freed table of level 3"),
		   "and reported");
		lock_unlock(&f, 1, VA, 15);
		go(&f, VA + 0x5000, READ);
		is_u64(f.stats->poisoned_walks, 1, "not after the flush");
		fixture_free(&f);
	}
}

static void test_counters(void)
{
	struct fixture f;

	fixture_init(&f, 0);
	memset(f.stats, 0, sizeof(*f.stats));
	sim_pt_map(&f.sim, f.root, VA, PA1, 0x3000, SIM_RW);
	go(&f, VA, READ);
	is_u64(f.stats->table_reads, 4, "a cold walk reads four descriptors");
	is_u64(f.stats->tlb_misses, 1, "after one miss");
	is_u64(f.stats->walk_cache_hits, 0, "without help");
	go(&f, VA + 0x1000, READ);
	is_u64(f.stats->table_reads, 5, "its neighbour needs one");
	is_u64(f.stats->walk_cache_hits, 1, "thanks to the walk cache");
	go(&f, VA + 2 * MB, READ);
	is_u64(f.stats->table_reads, 6, "the next 2M start at level 2");
	go(&f, VA, WRITE);
	go(&f, VA, READ);
	is_u64(f.stats->tlb_hits, 2, "hits");
	is_u64(f.stats->table_reads, 6, "read nothing");
	lock_unlock(&f, 1, VA, 15);
	command(&f, 1, FLUSH_PT);
	command(&f, 1, FLUSH_MEM);
	command(&f, 1, UPDATE);
	is_u64(f.stats->as_lock, 1, "LOCK counted");
	is_u64(f.stats->as_unlock, 1, "UNLOCK counted");
	is_u64(f.stats->as_flush_pt, 1, "FLUSH_PT counted");
	is_u64(f.stats->as_flush_mem, 1, "FLUSH_MEM counted");
	is_u64(f.stats->as_update, 1, "UPDATE counted");
	fixture_free(&f);
}

/* More pages and tables than any bank holds, in several address spaces. */
static void test_capacity(void)
{
	unsigned int pages = 3 * 4096;
	bool good = true;
	struct fixture f;
	uint64_t hits;

	fixture_init(&f, 0);
	for (unsigned int i = 0; i < pages; i++)
		sim_pt_map(&f.sim, f.root, VA + i * 0x1000ull,
			   PA1 + i * 0x3000ull, 0x1000, SIM_RW);
	for (unsigned int pass = 0; pass < 2; pass++) {
		for (unsigned int i = 0; good && i < pages; i++)
			good = go_as(&f, 1 + i % 2, VA + i * 0x1000ull, READ) ==
			       PA1 + i * 0x3000ull;
	}
	ok(good, "more pages than the TLB holds translate right");
	ok(f.stats->tlb_misses > pages, "which it does not hold");

	for (unsigned int i = 0; i < 3000; i++)
		go(&f, VA + i * 0x1000ull, READ);
	hits = f.stats->tlb_hits;
	for (unsigned int i = 0; i < 3000; i++)
		go(&f, VA + i * 0x1000ull, READ);
	is_u64(f.stats->tlb_hits - hits, 3000, "3000 neighbouring pages all fit");
	fixture_free(&f);
}

/* --- The driver's protocol ----------------------------------------------- */

/* What the driver believes is mapped, in units of 4 KiB over 64 MiB. */
#define UNITS	16384u

struct model_map {
	uint64_t pa[UNITS];	/* 0: not mapped */
};

/*
 * Change a random piece, of pages or of whole 2M blocks. Replacing a block by
 * a table and the reverse both happen, old tables being left behind.
 */
static void random_change(struct fixture *f, struct model_map *map,
			  uint64_t *seed, unsigned int *first,
			  unsigned int *count)
{
	uint64_t r = sim_random(seed);
	bool block = r & 1, mapped = r & 6;
	uint64_t pa = PA1 + (r >> 20 & 0xffff) * 2 * MB;

	*count = block ? 512 : 1 + (r >> 8) % 16;
	*first = (r >> 40) % UNITS / *count * *count;
	if (*first % 512 + *count > 512)
		*count = 512 - *first % 512;

	for (unsigned int i = *first; i < *first + *count; i++) {
		uint64_t va = VA + i * 0x1000ull;
		uint64_t to = mapped ? pa + (i - *first) * 0x1000ull : 0;
		uint64_t slot = sim_pt_slot(&f->sim, f->root, va, 2, 0);
		uint64_t old = sim_read64(&f->sim, slot);

		map->pa[i] = to;
		if (block) {
			sim_write64(&f->sim, slot, mapped ? pa | SIM_RW | 1 : 0);
			continue;
		}
		/* Split a block: the rest of it keeps its mapping. */
		if ((old & 3) == 1) {
			sim_write64(&f->sim, slot, 0);
			sim_pt_map(&f->sim, f->root, va & ~(2 * MB - 1),
				   0x8000000000, 0x1000, SIM_RW);
			for (unsigned int j = 0; j < 512; j++)
				sim_pt_map_one(&f->sim, f->root,
					       (va & ~(2 * MB - 1)) + j * 0x1000ull,
					       (old & 0xffffffe00000ull) +
					       j * 0x1000ull, 3, SIM_RW);
		}
		slot = sim_pt_slot(&f->sim, f->root, va, 3, 0);
		sim_write64(&f->sim, slot, to ? to | SIM_RW | 3 : 0);
	}
}

/* The smallest aligned power of two around units [first, first + count). */
static unsigned int region_bits(uint64_t va, uint64_t size)
{
	unsigned int bits = 15;

	while (va >> bits != (va + size - 1) >> bits)
		bits++;
	return bits;
}

/*
 * Lock, change, unlock, as the driver does, and look at random pages between.
 * Returns how many were wrong.
 */
static unsigned int run_protocol(uint32_t ignore, unsigned int rounds)
{
	struct model_map *map = calloc(1, sizeof(*map));
	unsigned int wrong = 0, first, count, bits;
	uint64_t seed = 42;
	struct fixture f;

	if (!map)
		abort();
	fixture_init(&f, ignore);
	for (unsigned int r = 0; r < rounds; r++) {
		random_change(&f, map, &seed, &first, &count);
		bits = region_bits(VA + first * 0x1000ull, count * 0x1000ull);
		lock_unlock(&f, 1, VA + first * 0x1000ull, bits);
		for (unsigned int i = 0; i < 64; i++) {
			unsigned int u = i < 16 ? first + i % count :
					 sim_random(&seed) % UNITS;
			uint64_t got = go(&f, VA + u * 0x1000ull, WRITE);

			wrong += map->pa[u] ? got != map->pa[u] :
					      !(got & FAULTED);
		}
	}
	fixture_free(&f);
	free(map);
	return wrong;
}

static void test_protocol(void)
{
	unsigned int wrong;

	is_u64(run_protocol(0, 2000), 0,
	       "lock, change, unlock: every translation is the current one");
	wrong = run_protocol(MALI_IGNORE_AS_UNLOCK, 2000);
	ok(wrong > 1000, "and with UNLOCK ignored many are not (%u)", wrong);
}

int main(void)
{
	test_keepers();
	test_droppers();
	test_lock_keeps();
	test_wider_tables();
	test_region_edges();
	test_each_as();
	test_unlock_twice();
	test_reset_drops();
	test_block_goes_whole(2);
	test_block_goes_whole(1);
	test_faults_not_cached();
	test_rights_cached();
	test_freed_table();
	test_poisoned_table();
	test_counters();
	test_capacity();
	test_protocol();
	return done_testing();
}

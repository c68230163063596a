// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The walk: every kind of descriptor at every level, rights, attributes,
 * address sizes and modes, and random tables against a second walker written
 * from the architecture's rules alone.
 */
#include "mmu_fixture.h"
#include "tap.h"

/* An address whose index differs at each level. */
#define VA	(1ull << 39 | 2ull << 30 | 3ull << 21 | 4ull << 12 | 0x678)
#define PA	0x8000000000ull

static uint64_t slot(struct fixture *f, int level)
{
	return sim_pt_slot(&f->sim, f->root, VA, level, 0);
}

/* Put @desc at @level of VA's path and forget what was cached. */
static void put(struct fixture *f, int level, uint64_t desc)
{
	sim_write64(&f->sim, slot(f, level), desc);
	command(f, 1, UPDATE);
}

static uint64_t leaf_type(int level)
{
	return level == 3 ? 3 : 1;
}

static uint64_t offset_in(int level)
{
	return VA & (sim_level_size(level) - 1);
}

static void test_types(void)
{
	for (int level = 0; level < 4; level++) {
		for (unsigned int type = 0; type < 4; type++) {
			uint64_t want = FAULTED | TRANSLATION(level);
			struct fixture f;

			fixture_init(&f, 0);
			slot(&f, 3);
			if (level < 3 && type == 3)
				want = FAULTED | TRANSLATION(3);
			else if (level > 0 && type == leaf_type(level))
				want = PA | offset_in(level);
			if (level == 3 || type != 3)
				put(&f, level, PA | SIM_RW | type);
			is_u64(go(&f, VA, READ), want,
			       "level %d, descriptor type %u", level, type);
			fixture_free(&f);
		}
	}
}

/* The rights by the rules, for one leaf. */
static bool want_allowed(bool user, bool rdonly, bool uxn, uint64_t cfg,
			 enum mali_mmu_access access)
{
	bool write = user && !rdonly;
	bool exec = !uxn && !(write && (cfg & CFG_WXN));

	switch (access) {
	case READ:
		return user || (exec && (cfg & CFG_XREADABLE));
	case EXECUTE:
		return exec;
	default:
		return write;
	}
}

static bool try_rights(struct fixture *f, int level, bool user, bool rdonly,
		       bool uxn, uint64_t cfg)
{
	for (enum mali_mmu_access a = ATOMIC; a <= WRITE; a++) {
		uint64_t want = PA | offset_in(level);
		uint64_t got = go(f, VA, a);

		if (!want_allowed(user, rdonly, uxn, cfg, a))
			want = FAULTED | PERMISSION(level);
		if (got == want)
			continue;
		diag("user %d rdonly %d uxn %d access %d: got 0x%" PRIx64
		     ", want 0x%" PRIx64, user, rdonly, uxn, a, got, want);
		return false;
	}
	return true;
}

static void test_rights(uint64_t cfg, const char *name)
{
	for (int level = 1; level < 4; level++) {
		bool good = true;
		struct fixture f;

		fixture_init(&f, 0);
		configure(&f, 1, f.root, CFG_48 | cfg);
		for (unsigned int bits = 0; good && bits < 16; bits++) {
			put(&f, level, PA | SIM_PTE_AF | leaf_type(level) |
			    (bits & 1 ? SIM_PTE_USER : 0) |
			    (bits & 2 ? SIM_PTE_RDONLY : 0) |
			    (bits & 4 ? SIM_PTE_UXN : 0) |
			    (bits & 8 ? SIM_PTE_PXN : 0));
			good = try_rights(&f, level, bits & 1, bits & 2,
					  bits & 4, cfg);
		}
		ok(good, "level %d: AP, UXN and PXN, %s", level, name);
		fixture_free(&f);
	}
}

/* APTable, UXNTable and PXNTable of the table descriptor at @level. */
static void test_hierarchy(int level, uint64_t cfg, const char *name)
{
	bool on = !(cfg & CFG_NO_HIER);
	struct fixture f;
	bool good = true;

	fixture_init(&f, 0);
	configure(&f, 1, f.root, CFG_48 | cfg);
	sim_write64(&f.sim, slot(&f, 3), PA | SIM_RWX | 3);
	for (uint64_t bits = 0; good && bits < 16; bits++) {
		uint64_t desc = sim_read64(&f.sim, slot(&f, level));

		put(&f, level, (desc & ~(0xfull << 59)) | bits << 59);
		/* 59 PXN, 60 UXN, 61 no user access, 62 read-only. */
		good = try_rights(&f, 3, !(on && (bits & 4)),
				  on && (bits & 8), on && (bits & 2), cfg);
		/* The same from the walk cache, another page of the table. */
		go(&f, VA ^ 0x1000, READ);
	}
	ok(good, "hierarchical bits at level %d, %s", level, name);
	fixture_free(&f);
}

/* Restrictions must survive the walk cache, not only the walk. */
static void test_hierarchy_cached(void)
{
	struct fixture f;
	uint64_t desc;

	fixture_init(&f, 0);
	sim_pt_map(&f.sim, f.root, VA & ~0xfffull, PA, 0x2000, SIM_RWX);
	for (int level = 0; level < 3; level++) {
		desc = sim_read64(&f.sim, slot(&f, level));
		put(&f, level, desc | 1ull << 62);
		go(&f, VA, READ);
		is_u64(f.stats->walk_cache_hits, level * 2, "level %d: first walk from the root",
		       level);
		is_u64(go(&f, VA + 0x1000, WRITE), FAULTED | PERMISSION(3),
		       "level %d: APTable is kept in the walk cache", level);
		is_u64(f.stats->walk_cache_hits, level * 2 + 1,
		       "level %d: which served the second walk", level);
		put(&f, level, desc);
		go(&f, VA, READ);
		go(&f, VA + 0x1000, READ);
	}
	fixture_free(&f);
}

static void test_access_flag(void)
{
	struct fixture f;

	fixture_init(&f, 0);
	for (int level = 3; level > 0; level--) {
		uint64_t desc = PA | (SIM_RW & ~SIM_PTE_AF) | leaf_type(level);

		configure(&f, 1, f.root, CFG_48);
		put(&f, level, desc);
		is_u64(go(&f, VA, READ), FAULTED | ACCESS_FLAG(level),
		       "level %d: AF clear", level);
		put(&f, level, desc | SIM_PTE_AF);
		is_u64(go(&f, VA, READ), PA | offset_in(level),
		       "level %d: AF set", level);
		configure(&f, 1, f.root, CFG_48 | CFG_NO_AF);
		put(&f, level, desc);
		is_u64(go(&f, VA, READ), PA | offset_in(level),
		       "level %d: AF clear, AF faults disabled", level);
	}
	fixture_free(&f);
}

static void test_attributes(void)
{
	static const uint64_t attrs = 0xcc018d5e8f4c0788ull;
	struct fixture f;
	bool good = true;

	fixture_init(&f, 0);
	wr64(&f, AS(1, MEMATTR), attrs);
	for (int level = 3; level > 0; level--) {
		for (unsigned int i = 0; good && i < 8; i++) {
			uint8_t want = attrs >> (8 * i);
			struct mali_mmu_fault fault;
			struct mali_mmu_xlat x;
			enum mali_mmu_result r;

			put(&f, level, PA | SIM_RW | SIM_PTE_ATTR(i) |
			    leaf_type(level));
			r = mali_mmu_translate(f.mmu, 1, VA, READ, &x, &fault);
			if (want >> 6 == 3)
				good = r == MALI_MMU_FAULT &&
				       fault.exception == MEM_ATTR(level);
			else
				good = r == MALI_MMU_OK && x.attr == want;
		}
		ok(good, "level %d: AttrIndx selects the MEMATTR byte, 3 << 6 faults",
		   level);
	}
	fixture_free(&f);
}

static void test_output_size(void)
{
	struct fixture f;

	for (int level = 1; level < 4; level++) {
		fixture_init(&f, 0);
		put(&f, level, 1ull << 40 | SIM_RW | leaf_type(level));
		is_u64(go(&f, VA, READ), FAULTED | SIZE_OUT(level),
		       "level %d: a leaf beyond 40 bits", level);
		put(&f, level, 1ull << 47 | leaf_type(level));
		is_u64(go(&f, VA, READ), FAULTED | SIZE_OUT(level),
		       "level %d: comes before access flag and rights", level);
		configure(&f, 1, f.root, CFG_48 | CFG_OUTA(36));
		put(&f, level, 1ull << 36 | SIM_RW | leaf_type(level));
		is_u64(go(&f, VA, READ), FAULTED | SIZE_OUT(level),
		       "level %d: a leaf beyond OUTA_BITS", level);
		put(&f, level, 1ull << 35 | SIM_RW | leaf_type(level));
		is_u64(go(&f, VA, READ), 1ull << 35 | offset_in(level),
		       "level %d: a leaf within OUTA_BITS", level);
		fixture_free(&f);
	}
	for (int level = 0; level < 3; level++) {
		fixture_init(&f, 0);
		put(&f, level, 1ull << 41 | 3);
		is_u64(go(&f, VA, READ), FAULTED | SIZE_OUT(level),
		       "level %d: a table beyond 40 bits", level);
		fixture_free(&f);
	}
	fixture_init(&f, 0);
	configure(&f, 1, 1ull << 40, CFG_48);
	is_u64(go(&f, VA, READ), FAULTED | SIZE_OUT(0), "a root beyond 40 bits");
	fixture_free(&f);
}

static void test_input_size(void)
{
	static const struct {
		unsigned int bits;
		int start;
	} sizes[] = { { 48, 0 }, { 40, 0 }, { 39, 1 }, { 33, 1 }, { 31, 1 },
		      { 30, 2 }, { 24, 2 } };

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t last = (1ull << sizes[i].bits) - 0x1000;
		uint64_t table, pa;
		struct fixture f;

		fixture_init(&f, 0);
		pa = sim_alloc(&f.sim, 1);
		table = f.root;
		sim_pt_map(&f.sim, f.root, last, pa, 0x1000, SIM_RW);
		for (int l = 0; l < sizes[i].start; l++)
			table = sim_read64(&f.sim, sim_pt_entry(table, last, l)) &
				~0xfffull;
		configure(&f, 1, table, CFG_4K | CFG_BITS(sizes[i].bits));
		is_u64(go(&f, last, READ), pa, "%u bits: the last page, from level %d",
		       sizes[i].bits, sizes[i].start);
		is_u64(go(&f, last + 0x1000, READ), FAULTED | SIZE_IN,
		       "%u bits: the first address beyond", sizes[i].bits);
		is_u64(go(&f, last | 1ull << 63, READ), FAULTED | SIZE_IN,
		       "%u bits: bit 63 is no tag to ignore", sizes[i].bits);
		fixture_free(&f);
	}
}

/* A root smaller than a page is aligned to its own size, not to a page. */
static void test_small_root(void)
{
	struct fixture f;
	uint64_t table, l3, pa;

	fixture_init(&f, 0);
	table = sim_alloc(&f.sim, 1);
	l3 = sim_alloc(&f.sim, 1);
	pa = sim_alloc(&f.sim, 1);
	sim_write64(&f.sim, table + 0x100 + 8, l3 | 3);
	sim_write64(&f.sim, l3, pa | SIM_RW | 3);
	configure(&f, 1, table + 0x100, CFG_4K | CFG_BITS(24));
	is_u64(go(&f, 2 * MB, READ), pa, "a root of 64 bytes inside a page");
	configure(&f, 1, table + 0x100 + 0x10, CFG_4K | CFG_BITS(24));
	is_u64(go(&f, 2 * MB, READ), pa, "low bits of TRANSTAB do not count");
	/* Two entries for GiBs, the second one here a table of blocks */
	sim_write64(&f.sim, table + 0x108, table | 3);
	sim_write64(&f.sim, table, l3 | 3);
	configure(&f, 1, table + 0x100 + 0x30, CFG_4K | CFG_BITS(31));
	is_u64(go(&f, 1024 * MB, READ), pa, "nor those within 64 bytes, if a root has 16");
	fixture_free(&f);
}

static void test_modes(void)
{
	struct mali_mmu_fault fault;
	struct mali_mmu_xlat x = { 0 };
	struct fixture f;

	fixture_init(&f, 0);
	put(&f, 3, PA | SIM_RWX | 3);
	configure(&f, 1, f.root, 1);
	is_u64(go(&f, VA, READ), FAULTED | TRANSLATION(0), "UNMAPPED faults");
	is_u64(f.sim.errors, 0, "and is no error of the guest");

	configure(&f, 1, f.root, 2);
	is_u64(go(&f, 0x12345678, WRITE), 0x12345678, "IDENTITY writes");
	mali_mmu_translate(f.mmu, 1, 0x12345678, READ, &x, &fault);
	is_u64(x.attr, ATTRS & 0xff, "with the first of MEMATTR");
	is_u64(go(&f, 0x12345678, EXECUTE), 0x12345678, "IDENTITY executes");
	is_u64(go(&f, 0x12345678, ATOMIC), 0x12345678, "IDENTITY: atomic");
	is_u64(go(&f, 1ull << 40, READ), FAULTED | SIZE_OUT(0),
	       "IDENTITY beyond 40 bits");

	configure(&f, 1, f.root, 8);
	is_u64(go(&f, VA, READ), FAULTED | TRANSLATION(0), "64K granule faults");
	is_u64(f.sim.errors, 1, "and says so");
	configure(&f, 1, f.root, 0);
	is_u64(go(&f, VA, READ), FAULTED | TRANSLATION(0), "mode 0 faults");
	is_u64(f.sim.errors, 2, "and says so");
	configure(&f, 1, f.root, CFG_48 | 1 << 22);
	is_u64(go(&f, VA, READ), FAULTED | TRANSLATION(0),
	       "concatenated roots fault");
	is_u64(f.sim.errors, 3, "and say so");

	configure(&f, 1, f.root, CFG_48);
	is_u64(go(&f, VA, READ), PA | offset_in(3), "and 4K again");
	is_u64(go_as(&f, 3, VA, READ), FAULTED | TRANSLATION(0),
	       "an AS never configured faults");
	is_u64(go_as(&f, 8, VA, READ), FAULTED | TRANSLATION(0),
	       "an AS that does not exist faults");
	is_u64(go_as(&f, 33, VA, READ), FAULTED | TRANSLATION(0),
	       "so does one that looks like AS 1 modulo 32");
	fixture_free(&f);
}

static void test_bus_errors(void)
{
	struct fixture f;

	for (int level = 0; level < 3; level++) {
		fixture_init(&f, 0);
		put(&f, level, 0x1000 | 3);
		is_u64(go(&f, VA, READ), FAULTED | BUS_FAULT,
		       "a table of level %d where there is no RAM", level + 1);
		fixture_free(&f);
	}
	fixture_init(&f, 0);
	configure(&f, 1, 0x1000, CFG_48);
	is_u64(go(&f, VA, READ), FAULTED | BUS_FAULT, "a root where there is no RAM");
	fixture_free(&f);
}

static void test_self_reference(void)
{
	struct fixture f;
	uint64_t self = 511ull << 39 | 511ull << 30 | 511ull << 21 |
			511ull << 12;

	fixture_init(&f, 0);
	sim_write64(&f.sim, f.root + 511 * 8, f.root | SIM_RW | 3);
	is_u64(go(&f, self, READ), f.root, "a root that maps itself ends at level 3");
	is_u64(go(&f, 0, READ), FAULTED | TRANSLATION(0), "and elsewhere at level 0");
	fixture_free(&f);
}

/* --- Against a second walker --------------------------------------------- */

struct second {
	uint64_t root;
	unsigned int bits;
	unsigned int pa_bits;
	uint64_t cfg;
	uint64_t attrs;
};

static uint64_t field(uint64_t v, unsigned int high, unsigned int low)
{
	return v >> low & ((2ull << (high - low)) - 1);
}

static bool in_ram(const struct sim *s, uint64_t pa)
{
	return pa >= s->ram_base && pa < s->ram_base + s->ram_size;
}

/* The result of an access as go() gives it, in one straight walk. */
static uint64_t second_walk(struct sim *s, const struct second *c, uint64_t va,
			    enum mali_mmu_access access)
{
	static const unsigned int low[] = { 39, 30, 21, 12 };
	bool no_user = false, rdonly = false, uxn = false;
	uint64_t table = c->root, d, pa;
	int level = 0;

	if (c->bits < 64 && va >> c->bits)
		return FAULTED | SIZE_IN;
	while (level < 3 && low[level] >= c->bits)
		level++;
	if (table >> c->pa_bits)
		return FAULTED | SIZE_OUT(0);

	for (;; level++) {
		uint64_t at = table + 8 * field(va, low[level] + 8, low[level]);

		if (!in_ram(s, at))
			return FAULTED | BUS_FAULT;
		d = sim_read64(s, at);
		if (!(d & 1) || (level == 0 && !(d & 2)) ||
		    (level == 3 && !(d & 2)))
			return FAULTED | TRANSLATION(level);
		if (level == 3 || !(d & 2))
			break;
		table = field(d, 47, 12) << 12;
		if (table >> c->pa_bits)
			return FAULTED | SIZE_OUT(level);
		if (c->cfg & CFG_NO_HIER)
			continue;
		uxn |= field(d, 60, 60);
		no_user |= field(d, 61, 61);
		rdonly |= field(d, 62, 62);
	}

	pa = field(d, 47, low[level]) << low[level];
	if (pa >> c->pa_bits)
		return FAULTED | SIZE_OUT(level);
	if (!field(d, 10, 10) && !(c->cfg & CFG_NO_AF))
		return FAULTED | ACCESS_FLAG(level);
	if (field(c->attrs, 8 * field(d, 4, 2) + 7, 8 * field(d, 4, 2) + 6) == 3)
		return FAULTED | MEM_ATTR(level);
	if (!want_allowed(field(d, 6, 6) && !no_user, field(d, 7, 7) || rdonly,
			  field(d, 54, 54) || uxn, c->cfg, access))
		return FAULTED | PERMISSION(level);
	return pa | field(va, low[level] - 1, 0);
}

#define POOL	24

/*
 * A descriptor out of anything, but mostly one that leads on: to a page of
 * the pool as table or leaf.
 */
static uint64_t random_desc(uint64_t *seed, uint64_t pool)
{
	uint64_t r = sim_random(seed);
	uint64_t d = pool + r % POOL * 0x1000;

	r >>= 16;
	d |= r % 16 < 9 ? 3 : r % 16 < 14 ? 1 : 0;
	r >>= 4;
	if (r % 8)
		d |= SIM_PTE_AF;
	r >>= 3;
	if (r % 8)
		d |= SIM_PTE_USER;
	r >>= 3;
	d |= (r % 4 == 0 ? SIM_PTE_RDONLY : 0);
	r >>= 2;
	d |= SIM_PTE_ATTR(r % 16 == 0 ? 3 : r % 3);
	r >>= 4;
	if (r % 64 == 0)
		return sim_random(seed);	/* noise */
	r >>= 6;
	if (r % 8 == 0)
		d |= sim_random(seed) & (0x1full << 59 | 3ull << 53);
	r >>= 3;
	if (r % 64 == 0)
		d |= 1ull << (36 + sim_random(seed) % 12);
	return d;
}

static void random_tables(struct fixture *f, uint64_t pool, uint64_t *seed)
{
	for (unsigned int i = 0; i < POOL * 512; i += 1 + sim_random(seed) % 8)
		sim_write64(&f->sim, pool + i * 8, random_desc(seed, pool));
}

static void random_config(struct fixture *f, uint64_t pool, uint64_t *seed,
			  struct second *c)
{
	static const unsigned int bits[] = { 48, 48, 48, 39, 32, 42, 30, 24 };
	uint64_t r = sim_random(seed);

	*c = (struct second){
		.root = pool + r % POOL * 0x1000,
		.bits = bits[r >> 8 & 7],
		.pa_bits = r >> 16 & 7 ? 40 : 36,
		.cfg = r & (CFG_NO_HIER | CFG_NO_AF | CFG_WXN | CFG_XREADABLE),
		.attrs = ATTRS,
	};
	configure(f, 1, c->root, c->cfg | CFG_4K | CFG_BITS(c->bits) |
		  (c->pa_bits == 36 ? CFG_OUTA(36) : 0));
}

/*
 * @tables sets of random tables, @addresses tries of each. Within a set
 * memory does not change, so caches must not be seen at all.
 */
static void test_random(unsigned int tables, unsigned int addresses,
			bool no_page_ptr)
{
	uint64_t seed = 0x9e3779b97f4a7c15ull, pool, translated = 0;
	struct second c = { 0 };
	bool good = true;
	struct fixture f;

	fixture_init(&f, 0);
	f.sim.no_page_ptr = no_page_ptr;
	pool = sim_alloc(&f.sim, POOL);
	for (unsigned int t = 0; good && t < tables; t++) {
		random_tables(&f, pool, &seed);
		random_config(&f, pool, &seed, &c);
		for (unsigned int i = 0; good && i < addresses; i++) {
			uint64_t va = sim_random(&seed);
			enum mali_mmu_access a = va >> 60 & 3;
			uint64_t got, want;

			/* Mostly inside, and near one another. */
			if (va >> 56 & 0xf)
				va &= (1ull << c.bits) - 1;
			if (va >> 3 & 1)
				va &= ~(0xfull << 21 | 0xfcull << 12 | 0xfull << 32);
			want = second_walk(&f.sim, &c, va, a);
			got = go(&f, va, a);
			translated += !(want & FAULTED);
			good = got == want;
			if (!good)
				diag("table %u, va 0x%" PRIx64 " access %d: got 0x%"
				     PRIx64 ", want 0x%" PRIx64, t, va, a, got,
				     want);
		}
	}
	ok(good, "%u addresses in random tables agree with a second walker%s",
	   tables * addresses, no_page_ptr ? ", tables read over the bus" : "");
	ok(translated > (uint64_t)tables * addresses / 10,
	   "of which enough were mapped");
	diag("%" PRIu64 " mapped, %" PRIu64 " TLB hits, %" PRIu64
	     " walk cache hits", translated, f.stats->tlb_hits,
	     f.stats->walk_cache_hits);
	fixture_free(&f);
}

int main(void)
{
	test_types();
	test_rights(0, "plain");
	test_rights(CFG_WXN, "WXN");
	test_rights(CFG_XREADABLE, "XREADABLE");
	for (int level = 0; level < 3; level++) {
		test_hierarchy(level, 0, "obeyed");
		test_hierarchy(level, CFG_NO_HIER, "disabled");
	}
	test_hierarchy_cached();
	test_access_flag();
	test_attributes();
	test_output_size();
	test_input_size();
	test_small_root();
	test_modes();
	test_bus_errors();
	test_self_reference();
	test_random(2000, 60, false);
	test_random(200, 60, true);
	return done_testing();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hardware: a table walker with a TLB and a walk cache.
 *
 * It may walk at any time and cache whatever valid entry it reads. So for each
 * slot (a level and an aligned range of addresses) this keeps the set of all
 * entries that can be cached by now, and looks at every walk that starts from
 * memory or from any of them. Each is one that some hardware could do, and
 * together they are all of them, with regard to a few addresses.
 *
 * Flushes name addresses. An address drops what is cached for the slots that it
 * is in, at all levels or at the last one only; nothing else is dropped. For generic
 * page tables they name ranges, and drop what is cached for slots that lie in those.
 *
 * A page table that grows has several tops. A walk can begin at any of them that spans
 * the address: the hardware is told of a new one, and may have begun before that.
 *
 * What is said of several slots by each of their entries (AMDv1's pages of other
 * sizes) can be cached for all of them.
 *
 * Where the walker is not coherent it sees for each entry what was cleaned, and
 * what stands in the processor's cache by now, which may be evicted any time.
 */
#include "harness.h"

#define ADDR_MASK	0x0000fffffffff000UL
/* Of stage 1: a write through the entry clears the second if the first is set */
#define PTE_DBM		(1UL << 51)
#define PTE_RDONLY	(1UL << 7)
/* Of x86-64 and VT-d: memory, above the last level */
#define PTE_PS		(1UL << 7)
/* Of AMDv1 */
#define AMD_PR		1
#define AMD_DIRTY	(1UL << 6)
#define AMD_NEXT(e)	((e) >> 9 & 7)
#define AMD_SIZED	7
#define MAX_LEVELS	4
#define MAX_VALUES	6
#define MAX_NODES	(MAX_ADDRS * MAX_LEVELS)

/* A slot, and what may be cached for it */
struct node {
	int level;
	unsigned long base, span;
	unsigned long index;
	struct node *parent;
	unsigned int nr;
	uint64_t value[MAX_VALUES];
	/* A walk may end here with nothing */
	bool fault;
};

struct hw_addr hw_addrs[MAX_ADDRS] IL_STATE;
unsigned int hw_nr IL_STATE;
bool hw_dirty IL_STATE;
unsigned int hw_grown IL_STATE;
/* Of all runs */
unsigned long hw_walks;

static const struct il_cfg *cfg IL_STATE;
/* The table that walks begin with at a level, 0 if none do, and the newest */
static unsigned long tops[MAX_LEVELS] IL_STATE;
static int top_level IL_STATE;
static int start_level IL_STATE;
static struct node nodes[MAX_NODES] IL_STATE;
static unsigned int nr_nodes IL_STATE;
static struct node *path[MAX_ADDRS][MAX_LEVELS] IL_STATE;
static bool running IL_STATE;
static bool asleep IL_STATE;
static unsigned long granule IL_STATE;
static unsigned long indices[65536 / 8 / 64] IL_STATE;

/* Of x86-64, and of VT-d, where reading or writing is enough to be present */
static bool is_present(uint64_t e)
{
	return e & (cfg->fmt == IL_FMT_VTD ? 3 : 1);
}

static bool is_table(uint64_t e, int level)
{
	if (cfg->fmt == IL_FMT_AMD)
		return e & AMD_PR && level < 3 && AMD_NEXT(e) == 3U - level;
	if (il_generic)
		return level < 3 && is_present(e) && !(e & PTE_PS);
	return level < 3 && (e & 3) == 3;
}

static bool is_leaf(uint64_t e, int level)
{
	if (cfg->fmt == IL_FMT_AMD)
		return e & AMD_PR && (!AMD_NEXT(e) || AMD_NEXT(e) == AMD_SIZED);
	if (il_generic)
		return is_present(e) && (level == 3 || e & PTE_PS);
	if (level == 3)
		return (e & 3) == (cfg->fmt == IL_FMT_MALI ? 1 : 3);
	return (e & 3) == 1;
}

/* Of that and all above, a walk needs to know what is present, where, and how large */
static uint64_t what_matters(uint64_t e)
{
	if (cfg->fmt == IL_FMT_AMD)
		return e & (ADDR_MASK | AMD_PR | 7 << 9);
	return e & (ADDR_MASK | 3 | (il_generic ? PTE_PS : 0));
}

/* What a leaf entry translates; AMDv1 says the size by ones below the address */
static unsigned long leaf_span(const struct node *n, uint64_t e)
{
	if (cfg->fmt == IL_FMT_AMD && AMD_NEXT(e) == AMD_SIZED)
		return 2UL << __builtin_ctzl(~(e | 0xfff));
	return n->span;
}

static unsigned long leaf_paddr(const struct node *n, uint64_t e, unsigned long iova)
{
	unsigned long in = leaf_span(n, e) - 1;

	return (e & ADDR_MASK & ~in) + (iova & in);
}

void hw_start(const struct il_cfg *c, unsigned long pgd_phys,
	      const unsigned long *addrs, unsigned int nr)
{
	unsigned int shift = __builtin_ctzl(c->pgsizes), bits = shift - 3;
	unsigned int levels = (c->ias - shift + bits - 1) / bits;
	unsigned int top = c->ias - shift - bits * (levels - 1);

	cfg = c;
	start_level = 4 - levels;
	/* Tables side by side in place of a level of few entries */
	if (c->fmt == IL_FMT_S2 && start_level == 0 && shift == 12 && c->oas <= 42) {
		start_level++;
		top += bits;
	}
	if (c->fmt == IL_FMT_MALI && start_level > 0) {
		start_level = 0;
		top = 0;
	}

	memset(tops, 0, sizeof(tops));
	top_level = c->fmt == IL_FMT_AMD ? 3 - IL_AMD_TOP : start_level;
	tops[top_level] = pgd_phys;
	hw_grown = 0;
	nr_nodes = 0;
	hw_nr = nr;
	for (unsigned int i = 0; i < nr; i++)
		hw_addrs[i] = (struct hw_addr) { .iova = addrs[i], .expect = EXPECT_NONE };
	for (int level = start_level; level < MAX_LEVELS; level++) {
		unsigned int lshift = shift + (3 - level) * bits;
		unsigned long span = 1UL << lshift;
		unsigned int lbits = level == start_level ? top : bits;

		for (unsigned int i = 0; i < nr; i++) {
			unsigned long base = addrs[i] & -span;
			struct node *n = NULL;

			for (unsigned int j = 0; j < nr_nodes; j++)
				if (nodes[j].level == level && nodes[j].base == base)
					n = &nodes[j];
			if (!n) {
				n = &nodes[nr_nodes++];
				*n = (struct node) {
					.level = level,
					.base = base,
					.span = span,
					.index = (addrs[i] >> lshift) & ((1UL << lbits) - 1),
					.parent = level == start_level ? NULL : path[i][level - 1],
				};
			}
			path[i][level] = n;
		}
	}
	granule = 1UL << shift;
	memset(indices, 0, sizeof(indices));
	for (unsigned int i = 0; i < nr_nodes; i++) {
		unsigned int index = nodes[i].index % (granule / 8);

		indices[index / 64] |= 1UL << index % 64;
	}
	running = true;
	asleep = false;
	hw_dirty = true;
}

void hw_stop(void)
{
	running = false;
	hw_nr = 0;
	hw_dirty = false;
}

/* A walk reads entries with few indices, whatever table they are in */
bool hw_cares(unsigned long addr)
{
	unsigned int i = (addr & (granule - 1)) / 8;

	return indices[i / 64] >> i % 64 & 1;
}

static void cache(struct node *n, uint64_t e)
{
	for (unsigned int i = 0; i < n->nr; i++)
		if (n->value[i] == e)
			return;
	if (n->nr == MAX_VALUES) {
		fprintf(stderr, "a slot has too many entries that may be cached\n");
		exit(2);
	}
	n->value[n->nr++] = e;
}

/* A leaf entry that several slots have is cached for all of them */
static void cache_leaf(struct node *n, uint64_t e)
{
	unsigned long span = leaf_span(n, e);

	for (unsigned int i = 0; i < nr_nodes; i++)
		if (nodes[i].level == n->level && (nodes[i].base & -span) == (n->base & -span))
			cache(&nodes[i], e);
}

static void see(struct node *n, uint64_t e)
{
	if (!is_table(e, n->level) && !is_leaf(e, n->level)) {
		if (!il_generic && e & PTE_RDONLY)
			violation("what is not mapped was marked as clean, level %d, IOVA %#lx",
				  n->level, n->base);
		n->fault = true;
		return;
	}
	e = what_matters(e);
	if (is_leaf(e, n->level) && leaf_span(n, e) != n->span)
		cache_leaf(n, e);
	else
		cache(n, e);
}

static void read_table(struct node *n, unsigned long table)
{
	unsigned long phys = table + n->index * 8;

	if (unlikely(!mem_table_live(phys, n->level)))
		violation("the walker reads a table that was freed: %s, at level %d for IOVA %#lx",
			  mem_name(mem_word(phys)), n->level, n->base);
	see(n, mem_read_now(phys));
	if (!cfg->coherent)
		see(n, mem_read_cleaned(phys));
}

static void check_addr(unsigned int i)
{
	struct hw_addr *a = &hw_addrs[i];

	if (a->expect == EXPECT_ANY || a->tainted)
		return;
	for (int level = start_level; level < MAX_LEVELS; level++) {
		struct node *n = path[i][level];

		if (n->fault && a->expect == EXPECT_MAPPED)
			violation("a walk for the mapped IOVA %#lx can fault at level %d",
				  a->iova, level);
		for (unsigned int v = 0; v < n->nr; v++) {
			unsigned long paddr;

			if (!is_leaf(n->value[v], level))
				continue;
			paddr = leaf_paddr(n, n->value[v], a->iova);
			if (a->expect == EXPECT_NONE)
				violation("not mapped, but can be translated: IOVA %#lx, to %#lx",
					  a->iova, paddr);
			if (paddr != a->paddr)
				violation("IOVA %#lx can be translated to %#lx in place of %#lx",
					  a->iova, paddr, a->paddr);
		}
	}
}

/* Can a walk begin with the entry of the slot? */
static bool is_in_top(const struct node *n)
{
	return tops[n->level] && (n->level == start_level || n->base < n->span << 9);
}

void hw_walk(void)
{
	if (asleep)
		return;
	hw_dirty = false;
	if (!running)
		return;
	hw_walks++;
	for (unsigned int i = 0; i < nr_nodes; i++) {
		struct node *n = &nodes[i];

		/* The newest top may not span it */
		n->fault = n->level == top_level && !is_in_top(n);
		if (is_in_top(n))
			read_table(n, tops[n->level]);
		for (unsigned int v = 0; n->parent && v < n->parent->nr; v++)
			if (is_table(n->parent->value[v], n->parent->level))
				read_table(n, n->parent->value[v] & ADDR_MASK);
	}
	for (unsigned int i = 0; i < hw_nr; i++)
		check_addr(i);
}

/* What translates the address by what is in memory now, and its slot; NULL if nothing does */
static uint64_t *leaf_entry(unsigned int addr, const struct node **slot)
{
	unsigned long table = tops[top_level];

	if (!is_in_top(path[addr][top_level]))
		return NULL;
	for (int level = top_level; level < MAX_LEVELS; level++) {
		uint64_t *entry = (uint64_t *)mem_word(table + path[addr][level]->index * 8);

		*slot = path[addr][level];
		if (is_leaf(*entry, level))
			return entry;
		if (!is_table(*entry, level))
			return NULL;
		table = *entry & ADDR_MASK;
	}
	return NULL;
}

/* Of @nr entries for one page the hardware marks the one that it walked through */
static bool any_dirty(const uint64_t *entry, unsigned long nr)
{
	entry = (const uint64_t *)((unsigned long)entry & -(nr * sizeof(*entry)));
	for (unsigned long i = 0; i < nr; i++)
		if (entry[i] & AMD_DIRTY)
			return true;
	return false;
}

void hw_write(unsigned int addr)
{
	const struct node *slot;
	uint64_t *entry = leaf_entry(addr, &slot);

	if (!entry)
		return;
	if (cfg->fmt == IL_FMT_AMD)
		*entry |= AMD_DIRTY;
	else if (!il_generic && cfg->coherent && *entry & PTE_DBM)
		*entry &= ~PTE_RDONLY;
}

bool hw_written(unsigned int addr)
{
	const struct node *slot;
	uint64_t *entry = leaf_entry(addr, &slot);

	if (cfg->fmt == IL_FMT_AMD)
		return entry && any_dirty(entry, leaf_span(slot, *entry) / slot->span);
	return entry && (*entry & (PTE_DBM | PTE_RDONLY)) == PTE_DBM;
}

void hw_expect(unsigned int addr, enum expect expect, unsigned long paddr)
{
	hw_addrs[addr].expect = expect;
	hw_addrs[addr].paddr = paddr;
	hw_addrs[addr].version++;
	hw_dirty = true;
}

/* Some address of the flush is in the slot */
static bool names(const struct node *n, unsigned long iova, size_t size, size_t step)
{
	unsigned long first;

	if (n->base + n->span <= iova)
		return false;
	first = n->base <= iova ? iova : iova + (n->base - iova + step - 1) / step * step;
	return first - iova < size && first - n->base < n->span;
}

static void drop(struct node *n, bool leaf_only)
{
	unsigned int kept = 0;

	for (unsigned int v = 0; v < n->nr; v++)
		if (leaf_only && !is_leaf(n->value[v], n->level))
			n->value[kept++] = n->value[v];
	n->nr = kept;
}

void il_tlb_flush_range(unsigned long iova, size_t size, bool leaf_only)
{
	point(P_FLUSH, (void *)iova, size, true, CALLER);
	for (unsigned int i = 0; i < nr_nodes; i++)
		if (nodes[i].base >= iova &&
		    nodes[i].base + (nodes[i].span - 1) <= iova + (size - 1))
			drop(&nodes[i], leaf_only);
	hw_dirty = true;
}

void il_tlb_flush(unsigned long iova, size_t size, size_t step, bool leaf_only)
{
	point(P_FLUSH, (void *)iova, size, true, CALLER);
	if (cur->reserving)
		violation("a reserve() flushes");
	if (!step)
		violation("a flush of %#lx +%#zx with a granule of 0", iova, size);
	for (unsigned int i = 0; i < nr_nodes; i++)
		if (names(&nodes[i], iova, size, step))
			drop(&nodes[i], leaf_only);
	hw_dirty = true;
}

void il_change_top(unsigned long phys, unsigned int level)
{
	point(P_FLUSH, NULL, 0, true, CALLER);
	top_level = 3 - level;
	tops[top_level] = phys;
	hw_grown++;
	hw_dirty = true;
}

void il_tlb_flush_all(void)
{
	point(P_FLUSH, NULL, 0, true, CALLER);
	for (unsigned int i = 0; i < nr_nodes; i++)
		nodes[i].nr = 0;
	hw_dirty = true;
}

bool il_hw_powered(void)
{
	point(P_FLUSH, NULL, 0, true, CALLER);
	return !asleep;
}

void il_hw_sleep(void)
{
	point(P_FLUSH, NULL, 0, true, CALLER);
	asleep = true;
}

void il_hw_wake(void)
{
	if (!asleep)
		return;
	il_tlb_flush_all();
	/* Not yet: somebody who looks sees it without power, and does not flush */
	point(P_FLUSH, NULL, 0, true, CALLER);
	asleep = false;
	hw_dirty = true;
}

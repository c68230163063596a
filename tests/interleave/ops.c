// SPDX-License-Identifier: GPL-2.0-only
/*
 * What threads do to the page table: operations, who may do them when, and what
 * must be true afterwards.
 *
 * A program is a list of operations "NAME.REGION", done one after the other by
 * one owner. A setup is the same with the owner before each: "0:res.x 1:res.x".
 * "res!2.x" lets the second allocation of the operation fail, "res@2.x" lets it
 * reclaim, "res^1.D" finds the task killed the first time that it looks.
 *
 *   res, unres	reserve a region, release it (or a part of what was reserved)
 *   map, unmap	in a reserved region; unmap flushes as a driver does
 *   drop	unmap and release, with one flush for both
 *   take	the same by an unmap that releases what it unmaps
 *   sweep	a take of all that is there, in pages of whatever size
 *   trim	let go of all that is kept though nobody needs it, or of some: "trim!1"
 *   mapbad	map what the owner did not reserve
 *   noun	unmap what is not mapped
 *   look, walk	look an address up
 *   write	the hardware writes there
 *   dirty	read and clear the dirty bits
 *   reclaim	memory is scarce
 *   stock	allocate the tables of one mapping for whoever reserves next
 *   attach	a device begins to walk, by the top that there is
 *   sleep, wake	the hardware loses its power, and has it again
 *   rres, runres	reserve a region for memory that repeats, release it
 *   rmap	map that memory again and again; unmap goes for it, too, also of a part
 *
 * Regions: slot 0 and slot 1 are what two leaf tables side by side span.
 *
 *   x, y	the owner's own granule in slot 0, the neighbour's
 *   z, w	the owner's own granule in slot 1, far away in another upper table
 *   q		four granules of slot 0, which include x and y
 *   S		all granules of slot 0
 *   l		the last granule of slot 0 and the first two of slot 1
 *   B, E	a block over slot 0, and the block after it
 *   D		both blocks
 *   H		a larger block over all of them
 *   J		all slots that one table spans, and one more
 *   v		the owner's own granule, not the first in any table
 *   e, f	the last granule of the block over slot 0, the first one after E
 *   M		e, E and f
 *
 * Where the top grows, x to H are in the first top, w in the second, v in the third.
 */
#include "harness.h"

#define KB	(1UL << 10)
#define MB	(1UL << 20)
#define GB	(1UL << 30)
#define NR_RESERVED	64
#define MAX_OPS		8

enum op_kind {
	OP_RES, OP_UNRES, OP_MAP, OP_UNMAP, OP_DROP, OP_TAKE, OP_SWEEP, OP_TRIM, OP_MAPBAD,
	OP_NOUN, OP_LOOK, OP_WALK, OP_WRITE, OP_DIRTY, OP_RECLAIM, OP_STOCK, OP_ATTACH,
	OP_SLEEP, OP_WAKE, OP_RRES, OP_RUNRES, OP_RMAP
};

static const char *const op_names[] = {
	"res", "unres", "map", "unmap", "drop", "take", "sweep", "trim", "mapbad", "noun",
	"look", "walk", "write", "dirty", "reclaim", "stock", "attach", "sleep", "wake",
	"rres", "runres", "rmap"
};

struct op {
	enum op_kind kind;
	char region;
	unsigned int fail, sig, reclaim;
	char text[16];
};

struct range {
	unsigned int owner;
	unsigned long start, end;
	unsigned long pgsize;
	unsigned long paddr;
	/* Of memory that repeats, and what is left of that */
	bool repeat, part;
};

/* What is reserved and mapped; one for the run, one to see what would be */
struct ledger {
	struct range reserved[NR_RESERVED], mapped[NR_RESERVED];
	unsigned int nr_reserved, nr_mapped;
};

struct geometry {
	unsigned long granule, slot, upper, block, large;
	unsigned long base, far, high;
	unsigned int paddr_shift;
};

const struct config configs[] = {
	{ "4k-2m", { IL_FMT_S1, 4096 | 2 * MB, 39, 48, true, 0 }, true },
	{ "4k-2m-nogather",
	  { IL_FMT_S1, 4096 | 2 * MB, 39, 48, true, IL_NO_GATHER | IL_ONE_IDLE }, true },
	{ "4k-2m-queued",
	  { IL_FMT_S1, 4096 | 2 * MB, 39, 48, true, IL_QUEUED | IL_ONE_IDLE }, false },
	{ "4k-2m-nc", { IL_FMT_S1, 4096 | 2 * MB, 39, 48, false, 0 }, false },
	{ "4k-2m-32", { IL_FMT_S1, 4096 | 2 * MB, 32, 32, true, IL_ONE_IDLE }, false },
	{ "4k-2m-top", { IL_FMT_S1, 4096 | 2 * MB, 29, 32, true, 0 }, false },
	{ "4k-2m-1g", { IL_FMT_S1, 4096 | 2 * MB | GB, 40, 48, true, 0 }, false },
	{ "4k-2m-1g-nc", { IL_FMT_S1, 4096 | 2 * MB | GB, 40, 48, false, IL_ONE_IDLE }, true },
	{ "4k-1g", { IL_FMT_S1, 4096 | GB, 40, 48, true, 0 }, true },
	{ "4k", { IL_FMT_S1, 4096, 39, 48, true, IL_ONE_IDLE }, false },
	{ "msm", { IL_FMT_S1, 4096, 48, 48, true, IL_MSM | IL_ONE_IDLE }, true },
	{ "msm-nc", { IL_FMT_S1, 4096, 48, 48, false, IL_MSM }, true },
	{ "s2-4k-2m", { IL_FMT_S2, 4096 | 2 * MB, 40, 40, true, IL_ONE_IDLE }, false },
	{ "s2-4k-2m-1g-nc", { IL_FMT_S2, 4096 | 2 * MB | GB, 48, 48, false, 0 }, false },
	{ "mali", { IL_FMT_MALI, 4096 | 2 * MB, 48, 40, true, 0 }, false },
	{ "mali-nc", { IL_FMT_MALI, 4096 | 2 * MB, 48, 40, false, IL_ONE_IDLE }, false },
	{ "16k-32m", { IL_FMT_S1, 16384 | 32 * MB, 37, 48, true, 0 }, false },
	{ "16k-32m-nc", { IL_FMT_S1, 16384 | 32 * MB, 37, 48, false, IL_ONE_IDLE }, false },
	{ "64k-512m", { IL_FMT_S1, 65536 | 512 * MB, 43, 48, true, 0 }, false },
	{ "vtd-4k-2m", { IL_FMT_VTD, 4096 | 2 * MB, 39, 48, true, 0 }, true },
	{ "vtd-4k-2m-nc", { IL_FMT_VTD, 4096 | 2 * MB, 39, 48, false, IL_NO_GATHER }, true },
	{ "vtd-4k-2m-queued", { IL_FMT_VTD, 4096 | 2 * MB, 39, 48, true, IL_QUEUED }, false },
	{ "vtd-4k-2m-1g", { IL_FMT_VTD, 4096 | 2 * MB | GB, 48, 48, true, 0 }, false },
	{ "vtd-4k", { IL_FMT_VTD, 4096, 39, 48, false, 0 }, false },
	{ "x86-4k-2m-1g", { IL_FMT_X86, 4096 | 2 * MB | GB, 48, 48, true, 0 }, false },
	{ "x86-4k-1g-nc", { IL_FMT_X86, 4096 | GB, 48, 48, false, 0 }, false },
	{ "amd-4k-64k", { IL_FMT_AMD, 4096 | 64 * KB, 48, 48, true, 0 }, true },
	{ "amd-4k-2m-8m", { IL_FMT_AMD, 4096 | 2 * MB | 8 * MB, 48, 48, true, 0 }, true },
	{ "amd-4k-8m-nogaps", { IL_FMT_AMD, 4096 | 8 * MB, 48, 48, true, IL_NO_GAPS }, false },
};

const unsigned int nr_configs = ARRAY_SIZE(configs);

bool config_fits(const struct config *config)
{
	return il_generic == (config->cfg.fmt >= IL_FMT_VTD);
}

const struct setup setups[] = {
	{ "empty", "", true },
	{ "mine", "0:res.x", false },
	{ "mine-mapped", "0:res.x 0:map.x 0:write.x", false },
	{ "neighbour", "1:res.x", false },
	{ "neighbour-mapped", "1:res.x 1:map.x", false },
	{ "both", "0:res.x 1:res.x", true },
	{ "both-mapped", "0:res.x 1:res.x 0:map.x 1:map.x 0:write.x 1:write.x", true },
	{ "twice", "0:res.x 0:res.x 0:map.x", false },
	{ "slot", "0:res.S", false },
	{ "slot-mapped", "0:res.S 0:map.q 1:res.x", false },
	{ "block", "0:res.B 0:map.B", false },
	{ "block-beside", "0:res.B 0:map.B 0:write.B 1:res.x", false },
	{ "waiting", "0:res.B 0:res.S 0:map.q 0:unmap.q 0:map.B 1:res.x", false },
	{ "waiting-seen", "0:res.B 0:res.S 0:map.q 0:unmap.q 0:map.B 0:unmap.B 1:res.x", false },
	{ "emptied", "0:res.B 0:res.S 0:map.q 0:unmap.B", false },
	{ "idle", "0:res.x 0:map.x 0:unmap.x 0:unres.x", false },
	{ "stock", "0:stock.x", false },
	{ "idle-beside", "0:res.x 0:map.x 0:unmap.x 0:unres.x 1:res.z 1:map.z", false },
	{ "block-or-table", "0:res.S 0:map.q 0:unmap.q 1:res.B", false },
	{ "two-blocks", "0:res.D 1:res.D 1:map.E", false },
	{ "far", "0:res.x 0:map.x 1:res.w 1:map.w", false },
	{ "far-neighbour", "1:res.w", false },
	{ "gone", "0:res.B 0:map.B 0:unmap.B 0:unres.B 1:res.x 1:map.x", false },
	{ "large", "0:res.H 0:map.H 0:write.x 1:res.x", false },
	{ "repeat", "0:rres.D 0:rmap.D 1:res.x", false },
	{ "repeat-own", "0:rres.D 0:res.S 0:rmap.D 1:res.x", false },
	{ "lone", "0:res.v 0:map.v", false },
	{ "repeat-two", "0:rres.J 0:res.D 1:res.D 0:rmap.J", false },
	{ "repeat-wide", "0:rres.J 0:res.x 0:rmap.J 1:res.w", false },
	{ "left-two", "0:res.l 0:map.l 0:unmap.l 1:res.D", false },
	{ "evicted", "0:res.x 0:map.x 0:unmap.x 1:res.x 1:map.x", false },
	{ "mixed", "0:res.e 0:res.E 0:res.f 0:map.e 0:map.E 0:map.f 0:write.e 1:res.x 1:map.x",
	  false },
	{ "left-below", "0:res.z 0:map.z 0:unmap.z 1:res.H", false },
};

const unsigned int nr_setups = ARRAY_SIZE(setups);

const char *const programs[] = {
	"res.x", "res.S", "res.B", "res.w", "unres.x", "unres.S", "unres.B",
	"map.x", "map.B", "map.w", "unmap.x", "unmap.B", "mapbad.x",
	"drop.x", "drop.B", "trim.x", "unmap.x unres.x", "unres.x res.x",
	"res.x map.x unmap.x unres.x", "res.B map.B unmap.B unres.B",
	"res.w map.w drop.w", "res.z map.z", "map.B unmap.B map.x", "look.y",
	"res!2.w", "drop.v", "res.v map.v", "unmap.D runres.D", "rres.J rmap.J",
	"unmap.x unmap.B", "unres.l", "map.D", "unres.z", "map.H", "take.x", "take.B",
#define NR_CORE 36
	"res.D", "res.l", "unres.D", "unres.w", "map.q", "unmap.q", "unmap.w",
	"noun.x", "look.x", "walk.y", "dirty.x", "dirty.y", "res.x map.x", "unmap.x map.x",
	"res.B map.B", "unmap.B unres.B", "unmap.B map.x", "unmap.B map.B", "res.z",
	"res.l unres.l", "res.w map.w unmap.w unres.w", "res.x map.x drop.x",
	"reclaim.x", "stock.x", "stock!2.x", "stock.x res.v map.v", "trim!1.x", "res@1.x",
	"res@3.w map.w", "res!1.x", "res!1.l", "res!2.D",
	"res!3.w", "res^1.D", "rres.D rmap.D", "rres.B rmap.B unmap.B runres.B",
	"unmap.J runres.J", "res.H map.H", "unmap.H unres.H", "unmap.E",
	"take.w", "take.D", "res.x map.x take.x", "res.w map.w take.w", "res.l map.l take.l",
	"res.D map.D take.D", "sweep.M", "sweep.M res.D", "res.v", "res!4.v", "mapbad.w", "look.w",
	"dirty.z", "attach.x",
	/* What msm does: ioctl, job, shrinker, job; and its SMMU */
	"res.x map.x unmap.x map.x drop.x", "unmap.x map.x drop.x", "res.w unres.w", "sleep.x",
	"sleep.x wake.x", "sleep.x trim.x", "sleep.x res.z map.z", "drop.x sleep.x trim.x wake.x",
};

const unsigned int nr_programs = ARRAY_SIZE(programs);
const unsigned int nr_core = NR_CORE;

static struct geometry geo;
static const struct run *now;
static void *pt IL_STATE;
static struct ledger ledger IL_STATE;
static unsigned int pages_at_start IL_STATE, objs_at_start IL_STATE;
static unsigned long next_paddr IL_STATE, repeat_paddr IL_STATE;
static bool repeats IL_STATE;
static struct op ops[MAX_THREADS][MAX_OPS];
static unsigned int nr_ops[MAX_THREADS];
/* Calls of reserve() so far; those, and calls of unreserve(), that did not return */
static unsigned int reserve_calls IL_STATE, under_way IL_STATE;
/* The same of calls for dirty bits, and that unmap */
static unsigned int dirty_calls IL_STATE, dirty_running IL_STATE;
static unsigned int unmap_calls IL_STATE, unmaps_running IL_STATE;
unsigned long ops_starved, ops_refused;

static bool grows(const struct il_cfg *c)
{
	return c->fmt == IL_FMT_AMD;
}

static void set_geometry(const struct config *config)
{
	const struct il_cfg *c = &config->cfg;
	unsigned int shift = __builtin_ctzl(c->pgsizes), bits = shift - 3;
	unsigned long sizes = c->pgsizes & (c->pgsizes - 1);

	geo.granule = 1UL << shift;
	geo.slot = geo.granule << bits;
	geo.block = sizes ? sizes & -sizes : 0;
	sizes &= sizes - 1;
	geo.large = sizes ? sizes & -sizes : 0;
	geo.base = 1UL << (c->ias - 1);
	geo.upper = geo.slot << bits < geo.base ? geo.slot << bits : 0;
	/* In another table of the level above leaf tables, if there are any */
	geo.far = geo.slot << (bits + 1) <= geo.base ? geo.base + (geo.slot << bits) :
						       geo.base + 4 * geo.slot;
	geo.high = geo.base;
	if (grows(c)) {
		geo.base = geo.slot << (bits - 1);
		geo.far = geo.base << bits;
		geo.upper = 0;
	}
	geo.paddr_shift = geo.large ? __builtin_ctzl(geo.large) :
			  geo.block ? __builtin_ctzl(geo.block) : 21;
	/* Room for two blocks side by side */
	geo.paddr_shift++;
}

/* False if the configuration has no such region */
static bool region(char name, unsigned int owner, struct range *r)
{
	unsigned int bits = __builtin_ctzl(geo.granule) - 3;
	unsigned long size = geo.granule;

	r->owner = owner;
	r->pgsize = geo.granule;
	switch (name) {
	case 'x':
		r->start = geo.base + (1 + owner) * geo.granule;
		break;
	case 'y':
		r->start = geo.base + (1 + (owner ^ 1)) * geo.granule;
		break;
	case 'z':
		r->start = geo.base + geo.slot + owner * geo.granule;
		break;
	case 'w':
		r->start = geo.far + owner * geo.granule;
		break;
	/* Not the first in any table, so not where a flush of a whole slot begins */
	case 'v':
		r->start = geo.high + geo.slot + owner * geo.granule;
		for (unsigned long span = geo.slot << bits; span < geo.high; span <<= bits)
			r->start += span;
		break;
	case 'q':
		r->start = geo.base;
		size = 4 * geo.granule;
		break;
	case 'e':
		if (!geo.block)
			return false;
		r->start = geo.base + geo.block - geo.granule;
		break;
	case 'f':
		r->start = geo.base + 2 * geo.block;
		size = geo.block ? geo.granule : 0;
		break;
	case 'M':
		r->start = geo.base + geo.block - geo.granule;
		size = geo.block ? geo.block + 2 * geo.granule : 0;
		break;
	case 'S':
		r->start = geo.base;
		size = geo.slot;
		break;
	case 'l':
		r->start = geo.base + geo.slot - geo.granule;
		size = 3 * geo.granule;
		break;
	case 'B':
	case 'D':
		r->start = geo.base;
		size = name == 'D' ? 2 * geo.block : geo.block;
		r->pgsize = geo.block;
		break;
	case 'E':
		r->start = geo.base + geo.block;
		size = geo.block;
		r->pgsize = geo.block;
		break;
	case 'J':
		if (geo.block != geo.slot || !geo.upper)
			return false;
		r->start = geo.base;
		size = geo.upper + geo.slot;
		r->pgsize = geo.slot;
		break;
	case 'H':
		r->start = geo.base;
		size = geo.large;
		r->pgsize = geo.large;
		break;
	default:
		fprintf(stderr, "there is no region '%c'\n", name);
		exit(2);
	}
	r->end = r->start + size;
	r->paddr = 0;
	r->repeat = false;
	r->part = false;
	return size;
}

static void parse_op(const char *text, size_t len, struct op *op)
{
	char *dot, *p;

	if (len >= sizeof(op->text))
		goto bad;
	memset(op, 0, sizeof(*op));
	memcpy(op->text, text, len);
	dot = strchr(op->text, '.');
	if (!dot || !dot[1] || dot[2])
		goto bad;
	op->region = dot[1];
	p = op->text + strcspn(op->text, ".!^@");
	if (*p == '!')
		op->fail = atoi(p + 1);
	if (*p == '^')
		op->sig = atoi(p + 1);
	if (*p == '@')
		op->reclaim = atoi(p + 1);
	for (op->kind = 0; op->kind < ARRAY_SIZE(op_names); op->kind++)
		if (strlen(op_names[op->kind]) == (size_t)(p - op->text) &&
		    !memcmp(op_names[op->kind], op->text, p - op->text))
			return;
bad:
	fprintf(stderr, "'%.*s' is no operation\n", (int)len, text);
	exit(2);
}

static unsigned int parse_program(const char *text, struct op *to)
{
	unsigned int n = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (n == MAX_OPS) {
			fprintf(stderr, "'%s' is too long\n", text);
			exit(2);
		}
		parse_op(text, len, &to[n++]);
		text += len + strspn(text + len, " ");
	}
	return n;
}

/* --- the ledger ----------------------------------------------------------- */

static bool overlap(const struct range *a, const struct range *b)
{
	return a->start < b->end && b->start < a->end;
}

static bool covers(const struct range *a, const struct range *b)
{
	return a->start <= b->start && a->end >= b->end;
}

static void add_range(struct range *list, unsigned int *nr, const struct range *r)
{
	if (r->start >= r->end)
		return;
	if (*nr == NR_RESERVED) {
		fprintf(stderr, "the ledger is too small\n");
		exit(2);
	}
	list[(*nr)++] = *r;
}

/* Take a part out of a range */
static void cut_range(struct range *list, unsigned int *nr, struct range *at,
		      const struct range *r)
{
	struct range left = *at, right = *at;

	left.end = r->start;
	right.start = r->end;
	if (!at->repeat)
		right.paddr += r->end - at->start;
	left.part = at->repeat;
	right.part = at->repeat;
	*at = list[--*nr];
	add_range(list, nr, &left);
	add_range(list, nr, &right);
}

static struct range *find_reserved(struct ledger *l, const struct range *r, bool exact)
{
	for (unsigned int i = 0; i < l->nr_reserved; i++) {
		struct range *s = &l->reserved[i];

		if (s->owner == r->owner && covers(s, r) && s->repeat == r->repeat &&
		    (exact ? s->pgsize == r->pgsize : s->pgsize <= r->pgsize))
			return s;
	}
	return NULL;
}

static struct range *find_mapped(struct ledger *l, const struct range *r)
{
	for (unsigned int i = 0; i < l->nr_mapped; i++)
		if (overlap(&l->mapped[i], r))
			return &l->mapped[i];
	return NULL;
}

/* Memory repeats as a block, not as pages */
static bool repeats_block(void)
{
	return (now->config->cfg.variant & IL_ONE_IDLE) && geo.block == geo.slot;
}

/* A piece of memory that repeats which its owner lets others have, and keeps off */
static bool is_handed_over(const struct range *r)
{
	return r->start == geo.base + geo.block && r->end == r->start + geo.block;
}

/* Generic page tables unmap what is mapped without a hole, by whole pages */
static bool covered(struct ledger *l, const struct range *r)
{
	for (unsigned long iova = r->start; iova < r->end;) {
		struct range p = { .start = iova, .end = iova + geo.granule };
		struct range *m = find_mapped(l, &p);

		if (!m || m->owner != r->owner || (iova - m->start) % m->pgsize ||
		    r->end - iova < m->pgsize)
			return false;
		iova += m->pgsize;
	}
	return true;
}

/*
 * All that is mapped in the range is the owner's, and the range cuts no page.
 * Without a hole, but if a table is unmapped as a block.
 */
static bool unmappable(struct ledger *l, const struct range *r)
{
	if (il_generic)
		return covered(l, r);

	for (struct range p = *r; p.start < r->end; p.start = p.end) {
		bool any = false;

		p.end = p.start + r->pgsize;
		for (unsigned int i = 0; i < l->nr_mapped; i++) {
			struct range *m = &l->mapped[i];

			if (!overlap(m, &p))
				continue;
			any = true;
			if (m->owner != r->owner && !(m->repeat && is_handed_over(r)))
				return false;
			/* Of memory that repeats a part goes, if it is reserved */
			if (m->repeat && !covers(r, m) && !find_reserved(l, r, false))
				return false;
			if (m->pgsize > r->pgsize && (!m->repeat || repeats_block()))
				return false;
		}
		if (!any)
			return false;
	}
	return true;
}

/* What is mapped there is just what the reservation counts */
static bool all_of_size(struct ledger *l, const struct range *r)
{
	for (unsigned int i = 0; i < l->nr_mapped; i++)
		if (overlap(&l->mapped[i], r) &&
		    (l->mapped[i].pgsize != r->pgsize || l->mapped[i].repeat))
			return false;
	return covered(l, r);
}

/*
 * What is left of memory that repeats, after a part was unmapped, is in tables
 * that only the reservations keep which the part needed.
 */
static bool has_part(struct ledger *l, unsigned int owner)
{
	for (unsigned int i = 0; i < l->nr_mapped; i++)
		if (l->mapped[i].part && l->mapped[i].owner == owner)
			return true;
	return false;
}

static void forget_mapped(struct ledger *l, const struct range *r)
{
	struct range *m;

	while ((m = find_mapped(l, r)))
		cut_range(l->mapped, &l->nr_mapped, m, r);
}

/* Each mapping of the range goes with a reservation that is just for that */
static bool sweep(struct ledger *l, const struct range *r)
{
	struct range p = { .owner = r->owner };

	if (!covered(l, r))
		return false;
	for (p.start = r->start; p.start < r->end; p.start = p.end) {
		struct range *m, *s;

		p.end = p.start + geo.granule;
		m = find_mapped(l, &p);
		p.pgsize = m->pgsize;
		p.end = p.start + p.pgsize;
		s = m->repeat ? NULL : find_reserved(l, &p, true);
		if (!s)
			return false;
		cut_range(l->reserved, &l->nr_reserved, s, &p);
	}
	forget_mapped(l, r);
	return true;
}

/* May the owner do that? If so, write down what it does */
static bool allowed(struct ledger *l, const struct op *op, unsigned int owner)
{
	struct range r, *s;

	/* Of a block in granules there are too many */
	if (!region(op->region, owner, &r) || (op->region == 'M' && op->kind != OP_SWEEP))
		return false;
	switch (op->kind) {
	case OP_RES:
		if (!op->fail && !op->sig)
			add_range(l->reserved, &l->nr_reserved, &r);
		return true;
	case OP_UNRES:
		s = find_reserved(l, &r, true);
		if (!s)
			return false;
		/* The last reservation goes after what is mapped in it */
		cut_range(l->reserved, &l->nr_reserved, s, &r);
		for (unsigned int i = 0; i < l->nr_mapped; i++)
			if (l->mapped[i].owner == owner &&
			    !find_reserved(l, &l->mapped[i], false) &&
			    !(l->mapped[i].repeat && l->mapped[i].pgsize >= r.pgsize))
				return false;
		return !has_part(l, owner);
	case OP_MAP:
		if (!find_reserved(l, &r, false) || find_mapped(l, &r))
			return false;
		add_range(l->mapped, &l->nr_mapped, &r);
		return true;
	case OP_MAPBAD:
		/* It is unmapped again, or not: see OP_NOUN */
		if (now->config->cfg.fmt == IL_FMT_MALI || r.end - r.start != r.pgsize ||
		    find_mapped(l, &r))
			return false;
		for (unsigned int i = 0; i < l->nr_reserved; i++)
			if (l->reserved[i].owner == owner && overlap(&l->reserved[i], &r))
				return false;
		return true;
	case OP_TAKE:
		if (!all_of_size(l, &r) || now->config->cfg.variant & IL_MSM)
			return false;
		/* Falls through - it is a drop, then */
	case OP_DROP:
		s = find_reserved(l, &r, true);
		if (!s || !unmappable(l, &r))
			return false;
		forget_mapped(l, &r);
		cut_range(l->reserved, &l->nr_reserved, s, &r);
		return !has_part(l, owner);
	case OP_SWEEP:
		return !(now->config->cfg.variant & IL_MSM) && sweep(l, &r);
	case OP_UNMAP:
		if (!unmappable(l, &r))
			return false;
		forget_mapped(l, &r);
		return true;
	case OP_RRES:
		if (il_generic || geo.block != geo.slot || r.pgsize != geo.slot)
			return false;
		r.repeat = true;
		if (!op->fail)
			add_range(l->reserved, &l->nr_reserved, &r);
		return true;
	case OP_RUNRES:
		r.repeat = true;
		s = find_reserved(l, &r, true);
		if (!s || s->start != r.start || s->end != r.end || find_mapped(l, &r))
			return false;
		cut_range(l->reserved, &l->nr_reserved, s, &r);
		return true;
	case OP_RMAP:
		r.repeat = true;
		s = find_reserved(l, &r, true);
		if (!s || s->start != r.start || s->end != r.end || find_mapped(l, &r))
			return false;
		add_range(l->mapped, &l->nr_mapped, &r);
		return true;
	case OP_NOUN:
		/* Formats without the quirk that keeps it silent warn */
		return now->config->cfg.fmt != IL_FMT_MALI && r.pgsize == geo.granule &&
		       !find_mapped(l, &r);
	case OP_WRITE:
		s = find_mapped(l, &r);
		return s && s->owner == owner && covers(s, &r) && !s->repeat;
	case OP_DIRTY:
		s = find_mapped(l, &r);
		/* Not all that repeats: it is walked page by page */
		return (now->config->cfg.fmt == IL_FMT_S1 ||
			now->config->cfg.fmt == IL_FMT_AMD) && s && covers(s, &r) &&
		       r.end - r.start <= geo.slot;
	case OP_WALK:
		return !il_generic;
	case OP_ATTACH:
		return grows(&now->config->cfg);
	case OP_SLEEP:
	case OP_WAKE:
		return now->config->cfg.variant & IL_MSM;
	case OP_LOOK:
	case OP_TRIM:
	case OP_RECLAIM:
	case OP_STOCK:
		return true;
	}
	return false;
}

/* Owners keep off each other's addresses, but to look up what is there, and its dirty bits */
static bool claims(const struct op *op, unsigned int owner, struct range *r)
{
	return (op->kind == OP_MAP || op->kind == OP_UNMAP || op->kind == OP_DROP ||
		op->kind == OP_TAKE || op->kind == OP_SWEEP ||
		op->kind == OP_MAPBAD || op->kind == OP_NOUN || op->kind == OP_RMAP) &&
	       region(op->region, owner, r);
}

static bool collide(unsigned int a, unsigned int b, struct ledger *start)
{
	for (unsigned int i = 0; i < nr_ops[a]; i++) {
		struct range ra, rb;

		if (!claims(&ops[a][i], a, &ra))
			continue;
		for (unsigned int j = 0; j < start->nr_mapped; j++)
			if (start->mapped[j].owner == b && overlap(&ra, &start->mapped[j]) &&
			    !(start->mapped[j].repeat && is_handed_over(&ra)))
				return true;
		for (unsigned int j = 0; j < nr_ops[b]; j++)
			if (claims(&ops[b][j], b, &rb) && overlap(&ra, &rb))
				return true;
	}
	return false;
}

static const char *next_step(const char *text, struct op *op, unsigned int *owner)
{
	size_t len = strcspn(text, " ");

	if (!len)
		return NULL;
	if (len < 3 || text[1] != ':' || text[0] < '0' || text[0] >= '0' + MAX_THREADS) {
		fprintf(stderr, "'%s' does not say whose step it is\n", text);
		exit(2);
	}
	*owner = text[0] - '0';
	parse_op(text + 2, len - 2, op);
	return text + len + strspn(text + len, " ");
}

const char *run_excluded(const struct run *run)
{
	const char *text = run->setup->steps;
	struct ledger start = {}, mine;
	unsigned int owner;
	struct op op;

	now = run;
	set_geometry(run->config);
	while ((text = next_step(text, &op, &owner)))
		if (!allowed(&start, &op, owner))
			return "the setup is not possible";

	for (unsigned int i = 0; i < run->nr; i++) {
		nr_ops[i] = parse_program(run->program[i], ops[i]);
		mine = start;
		for (unsigned int j = 0; j < nr_ops[i]; j++)
			if (!allowed(&mine, &ops[i][j], i))
				return "a program is not allowed after the setup";
	}
	for (unsigned int i = 0; i < run->nr; i++)
		for (unsigned int j = 0; j < run->nr; j++)
			if (i != j && collide(i, j, &start))
				return "the programs use the same addresses";
	return NULL;
}

void random_program(const struct config *config, const struct setup *setup, unsigned int id,
		    unsigned int length, uint64_t *seed, char *to, size_t size)
{
	static const char regions[] = "xxxxzzwvqSlBBDDHJyeEfMM";
	struct run run = { .config = config, .setup = setup };
	struct ledger mine = {}, next;
	const char *text = setup->steps;
	unsigned int owner, tries = 0;
	struct op op;
	size_t n = 0;

	now = &run;
	set_geometry(config);
	while ((text = next_step(text, &op, &owner)))
		allowed(&mine, &op, owner);

	to[0] = 0;
	while (length && tries++ < 200) {
		unsigned int kind = rnd(seed) % ARRAY_SIZE(op_names);
		char name[16];

		/* Mostly what changes something */
		if (kind > OP_TRIM && kind < OP_RRES && rnd(seed) % 2)
			continue;
		snprintf(name, sizeof(name), "%s", op_names[kind]);
		if (kind == OP_RES && !(rnd(seed) % 8))
			snprintf(name + 3, sizeof(name) - 3, "!%u", 1 + rnd(seed) % 4);
		n = strlen(name);
		name[n] = '.';
		name[n + 1] = regions[rnd(seed) % (sizeof(regions) - 1)];
		name[n + 2] = 0;
		parse_op(name, n + 2, &op);
		next = mine;
		if (!allowed(&next, &op, id))
			continue;
		mine = next;
		n = strlen(to);
		snprintf(to + n, size - n, "%s%s", n ? " " : "", name);
		length--;
	}
}

/* --- doing it ------------------------------------------------------------- */

static void expect_range(const struct range *r, enum expect expect)
{
	for (unsigned int i = 0; i < hw_nr; i++)
		if (hw_addrs[i].iova >= r->start && hw_addrs[i].iova < r->end)
			hw_expect(i, expect, r->paddr +
				  (r->repeat ? hw_addrs[i].iova & (geo.slot - 1) :
					       hw_addrs[i].iova - r->start));
	point(P_OP, NULL, 0, true, 0);
}

static struct hw_addr *watched(unsigned long iova)
{
	for (unsigned int i = 0; i < hw_nr; i++)
		if (hw_addrs[i].iova == iova)
			return &hw_addrs[i];
	return NULL;
}

static void do_reserve(const struct op *op, const struct range *r)
{
	int ret;

	reserve_calls++;
	under_way++;
	cur->fail_at = op->fail ? cur->allocs + op->fail : 0;
	cur->reclaim_at = op->reclaim ? cur->allocs + op->reclaim : 0;
	cur->signal_at = op->sig ? cur->signals + op->sig : 0;
	cur->reserving = !op->reclaim;
	if (r->repeat)
		ret = il_pt_repeat_reserve(pt, r->start, r->end - r->start);
	else
		ret = il_pt_reserve(pt, r->start, r->end - r->start, r->pgsize);
	under_way--;
	cur->reserving = false;
	cur->fail_at = 0;
	cur->reclaim_at = 0;
	cur->signal_at = 0;
	ops_starved += !!op->fail;
	ops_refused += ret == -12;
	if (!ret)
		add_range(ledger.reserved, &ledger.nr_reserved, r);
	else if (!(op->fail && ret == -12) && !(op->sig && ret == -4))
		violation("reserve() returns %d", ret);
}

/* It may fail, and says nothing then */
static void do_stock(const struct op *op)
{
	cur->fail_at = op->fail ? cur->allocs + op->fail : 0;
	cur->reserving = true;
	il_pt_stock(pt);
	cur->reserving = false;
	cur->fail_at = 0;
}

static void do_unreserve(const struct range *r)
{
	under_way++;
	cut_range(ledger.reserved, &ledger.nr_reserved,
		  find_reserved(&ledger, r, true), r);
	if (r->repeat)
		il_pt_repeat_unreserve(pt, r->start, r->end - r->start);
	else
		il_pt_unreserve(pt, r->start, r->end - r->start, r->pgsize);
	under_way--;
}

/* Somebody has a page in the table that a page is to be mapped in */
static bool table_in_use(const struct range *r)
{
	for (unsigned int i = 0; i < ledger.nr_mapped; i++) {
		struct range *m = &ledger.mapped[i];

		if (m->pgsize == geo.granule && r->pgsize == geo.granule &&
		    (m->start & -geo.slot) == (r->start & -geo.slot) &&
		    ((r->end - 1) & -geo.slot) == (r->start & -geo.slot))
			return true;
	}
	return false;
}

static void do_map(struct range *r)
{
	unsigned int allocs = cur->allocs, shared;
	bool in_use = table_in_use(r);
	int ret;

	r->paddr = r->repeat ? repeat_paddr : next_paddr++ << geo.paddr_shift;
	expect_range(r, EXPECT_ANY);
	shared = cur->shared;
	if (r->repeat)
		ret = il_pt_repeat_map(pt, r->start, r->end - r->start);
	else
		ret = il_pt_map(pt, r->start, r->paddr, r->pgsize,
				(r->end - r->start) / r->pgsize);
	if (ret)
		violation("a reserved map fails with %d", ret);
	if (cur->allocs != allocs)
		violation("a reserved map takes memory");
	if (in_use && cur->shared != shared && !(now->config->cfg.variant & IL_MSM))
		violation("a map in a table that is in use locks or flushes");
	add_range(ledger.mapped, &ledger.nr_mapped, r);
	expect_range(r, EXPECT_MAPPED);
}

/*
 * Nobody has a reservation in what the range's slots span, or is about to. The
 * table of a block can be there though nobody reserved it, for idle ones below.
 */
static bool unreserved(const struct range *r)
{
	struct range span = { .start = r->start & -geo.slot, .end = r->end };

	for (unsigned int i = 0; i < ledger.nr_reserved; i++)
		if (overlap(&span, &ledger.reserved[i]) ||
		    (ledger.reserved[i].start & -geo.slot) == span.start)
			return false;
	return !under_way && r->pgsize == geo.granule;
}

/* An error, or if others reserved it or are about to release it, no harm */
static void do_map_bad(struct range *r)
{
	unsigned int allocs = cur->allocs, calls = reserve_calls;
	bool must_fail = unreserved(r);
	int ret;

	r->paddr = next_paddr++ << geo.paddr_shift;
	expect_range(r, EXPECT_ANY);
	ret = il_pt_map(pt, r->start, r->paddr, r->pgsize, (r->end - r->start) / r->pgsize);
	if (cur->allocs != allocs)
		violation("a map takes memory where nothing is reserved");
	if (!ret && must_fail && reserve_calls == calls)
		violation("a map succeeds where nobody has reserved anything");
	if (ret) {
		expect_range(r, EXPECT_NONE);
		return;
	}
	/* What such a map leaves in the TLB is the trouble of who did it */
	for (unsigned int i = 0; i < hw_nr; i++)
		if (hw_addrs[i].iova >= r->start && hw_addrs[i].iova < r->end)
			hw_addrs[i].tainted = true;
	il_pt_unmap(pt, r->start, r->pgsize, (r->end - r->start) / r->pgsize);
}

static void do_unmap(const struct range *r)
{
	size_t size = r->end - r->start, done;
	unsigned int frees = cur->frees;

	unmap_calls++;
	unmaps_running++;
	expect_range(r, EXPECT_ANY);
	done = il_pt_unmap(pt, r->start, r->pgsize, size / r->pgsize);
	unmaps_running--;
	if (done != size)
		violation("unmap() of %#zx returns %#zx", size, done);
	if (cur->frees != frees)
		violation("an unmap gives a table back");
	forget_mapped(&ledger, r);
	expect_range(r, EXPECT_NONE);
}

static void do_drop(const struct range *r, bool take)
{
	size_t size = r->end - r->start, done;

	under_way++;
	unmap_calls++;
	unmaps_running++;
	expect_range(r, EXPECT_ANY);
	cut_range(ledger.reserved, &ledger.nr_reserved, find_reserved(&ledger, r, true), r);
	forget_mapped(&ledger, r);
	if (take)
		done = il_pt_take(pt, r->start, r->pgsize, size / r->pgsize);
	else
		done = il_pt_drop(pt, r->start, r->pgsize, size / r->pgsize);
	under_way--;
	unmaps_running--;
	if (done != size)
		violation("unmap() of %#zx returns %#zx", size, done);
	expect_range(r, EXPECT_NONE);
}

static void do_sweep(const struct range *r)
{
	size_t size = r->end - r->start, done;

	under_way++;
	unmap_calls++;
	unmaps_running++;
	expect_range(r, EXPECT_ANY);
	if (!sweep(&ledger, r))
		violation("a sweep of what is not mapped as it is reserved");
	done = il_pt_take(pt, r->start, r->pgsize, size / r->pgsize);
	under_way--;
	unmaps_running--;
	if (done != size)
		violation("unmap() of %#zx returns %#zx", size, done);
	expect_range(r, EXPECT_NONE);
}

static void do_lookup(const struct range *r)
{
	struct hw_addr *a = watched(r->start);
	struct hw_addr before = {};
	unsigned long paddr;

	if (a)
		before = *a;
	paddr = il_pt_lookup(pt, r->start);
	if (!a || a->tainted || a->version != before.version || before.expect == EXPECT_ANY)
		return;
	if (paddr != (before.expect == EXPECT_MAPPED ? before.paddr : 0))
		violation("a lookup of %#lx finds %#lx in place of %#lx", r->start, paddr,
			  before.expect == EXPECT_MAPPED ? before.paddr : 0);
}

static bool in_range(unsigned int addr, unsigned long iova, size_t size)
{
	return hw_addrs[addr].iova - iova < size;
}

static void do_write(const struct range *r)
{
	for (unsigned int i = 0; i < hw_nr; i++)
		if (in_range(i, r->start, r->end - r->start))
			hw_write(i);
}

void il_dirty(unsigned long iova, size_t size)
{
	for (unsigned int i = 0; i < hw_nr; i++)
		hw_addrs[i].reports += in_range(i, iova, size);
}

void il_unmap_freed(void)
{
	violation("an unmap gives a table back");
}

/*
 * What is mapped all the time and was written before is reported. Upstream's walk goes
 * on by whole blocks from where it began, which can be in the middle of one.
 */
static void do_dirty(const struct range *r)
{
	const struct range *m = find_mapped(&ledger, r);
	bool stable = !unmaps_running && m && covers(m, r) &&
		      (m->pgsize <= r->pgsize ||
		       r->start / m->pgsize == (r->end - 1) / m->pgsize);
	unsigned int unmaps = unmap_calls, call = ++dirty_calls;
	bool alone = !dirty_running++;
	bool written[MAX_ADDRS];
	unsigned int reports[MAX_ADDRS];
	size_t size = r->end - r->start;
	int ret;

	for (unsigned int i = 0; i < hw_nr; i++) {
		written[i] = hw_written(i);
		reports[i] = hw_addrs[i].reports;
	}
	ret = il_pt_dirty(pt, r->start, size);
	dirty_running--;
	if (!stable || unmaps != unmap_calls)
		return;
	if (ret)
		violation("read_and_clear_dirty() returns %d", ret);
	/* Another call may be about to report it */
	if (!alone || call != dirty_calls)
		return;
	for (unsigned int i = 0; i < hw_nr; i++)
		if (in_range(i, r->start, size) && written[i] &&
		    hw_addrs[i].reports == reports[i])
			violation("a write to %#lx is not reported", hw_addrs[i].iova);
}

static void do_op(const struct op *op, unsigned int owner)
{
	struct range r;

	region(op->region, owner, &r);
	cur->op = op->text;
	r.repeat = op->kind >= OP_RRES;
	trace_note("%s: IOVA %#lx +%#lx, page size %#lx", op->text, r.start,
		   r.end - r.start, r.pgsize);
	switch (op->kind) {
	case OP_RES:
	case OP_RRES:
		do_reserve(op, &r);
		break;
	case OP_UNRES:
	case OP_RUNRES:
		do_unreserve(&r);
		break;
	case OP_MAP:
	case OP_RMAP:
		do_map(&r);
		break;
	case OP_MAPBAD:
		do_map_bad(&r);
		break;
	case OP_DROP:
		do_drop(&r, false);
		break;
	case OP_TAKE:
		do_drop(&r, true);
		break;
	case OP_SWEEP:
		do_sweep(&r);
		break;
	case OP_UNMAP:
		do_unmap(&r);
		break;
	case OP_NOUN:
		if (il_pt_unmap(pt, r.start, r.pgsize, (r.end - r.start) / r.pgsize))
			violation("unmap() of what is not mapped returns a size");
		break;
	case OP_LOOK:
		do_lookup(&r);
		break;
	case OP_WALK:
		il_pt_walk(pt, r.start);
		break;
	case OP_WRITE:
		do_write(&r);
		break;
	case OP_DIRTY:
		do_dirty(&r);
		break;
	case OP_TRIM:
		il_pt_trim(pt, op->fail ? op->fail : ~0UL);
		break;
	case OP_RECLAIM:
		il_reclaim();
		break;
	case OP_STOCK:
		do_stock(op);
		break;
	case OP_ATTACH:
		il_pt_attach(pt);
		break;
	case OP_SLEEP:
		il_hw_sleep();
		break;
	case OP_WAKE:
		il_hw_wake();
		break;
	}
	if (hw_dirty)
		hw_walk();
}

void thread_body(unsigned int id)
{
	for (unsigned int i = 0; i < nr_ops[id]; i++)
		do_op(&ops[id][i], id);
}

static void watch(const struct il_cfg *cfg, unsigned long pgd, unsigned int nr)
{
	static const struct watch { char region; unsigned int owner; } what[2][MAX_ADDRS] = {
		{ { 'x', 0 }, { 'x', 1 }, { 'z', 0 }, { 'w', 0 }, { 'l', 0 }, { 'z', 1 },
		  { 'v', 0 }, { 'v', 1 } },
		{ { 'x', 0 }, { 'x', 1 }, { 'z', 0 }, { 'w', 0 }, { 'e', 0 }, { 'v', 0 },
		  { 'w', 1 }, { 'v', 1 } },
	};
	const struct watch *w = what[grows(cfg)];
	unsigned long addrs[MAX_ADDRS];
	struct range r;

	nr = nr > 2 ? 8 : 6;
	for (unsigned int i = 0; i < nr; i++) {
		region(w[i].region, w[i].owner, &r);
		addrs[i] = r.start;
	}
	hw_start(cfg, pgd, addrs, nr);
}

void run_begin(const struct run *run)
{
	const char *text = run->setup->steps;
	unsigned int owner;
	unsigned long pgd;
	struct op op;

	now = run;
	memset(&ledger, 0, sizeof(ledger));
	next_paddr = 1;
	under_way = 0;
	dirty_running = 0;
	unmaps_running = 0;
	/* Checks of the users may report this one */
	for (unsigned int i = 0; i < run->nr; i++)
		warn_ok |= !!strstr(run->program[i], "mapbad");

	pt = il_pt_new(&run->config->cfg, &pgd);
	if (!pt)
		violation("there is no page table");
	pages_at_start = mem_live_pages();
	objs_at_start = mem_live_objs();
	watch(&run->config->cfg, pgd, run->nr);
	repeats = !!strstr(text, "rres");
	for (unsigned int i = 0; i < run->nr; i++)
		repeats |= !!strstr(run->program[i], "rres");
	if (repeats) {
		repeat_paddr = next_paddr++ << geo.paddr_shift;
		/* As pages, or as a block */
		if (il_pt_repeat_create(pt, repeat_paddr, repeats_block() ?
					geo.block : geo.granule, geo.slot))
			violation("no memory can repeat");
		pages_at_start = mem_live_pages();
		objs_at_start = mem_live_objs();
	}
	while ((text = next_step(text, &op, &owner)))
		do_op(&op, owner);
}

/* What is reserved can be mapped, all of it, whatever happened */
static void probe(void)
{
	trace_note("what is reserved can be mapped");
	for (unsigned int i = 0; i < ledger.nr_reserved; i++) {
		struct range r = ledger.reserved[i];

		if (!r.repeat)
			r.end = r.start + r.pgsize;
		if (find_mapped(&ledger, &r))
			continue;
		do_map(&r);
		do_unmap(&r);
	}
}

/*
 * Whoever releases buries what a reserve() that failed left, an unmap too. The granule is
 * that of an owner who does nothing else.
 */
static void bury_by_unmap(void)
{
	struct range r;

	if (!il_pt_waits(pt))
		return;
	trace_note("an unmap that releases, and tables that wait for it");
	/* A block can be where that is, or in its way */
	for (const char *name = "wzv"; *name; name++)
		if (region(*name, 2, &r) && !find_mapped(&ledger, &r))
			break;
	do_reserve(&(struct op){}, &r);
	do_map(&r);
	do_drop(&r, true);
	if (il_pt_waits(pt))
		violation("an unmap that releases leaves tables that wait for it");
}

static void unwind(void)
{
	int pages;

	il_hw_wake();
	probe();
	bury_by_unmap();
	trace_note("unwind");
	while (ledger.nr_mapped) {
		struct range r = ledger.mapped[0];

		/* What is left of a table of memory that repeats */
		if (r.repeat && ((r.start | r.end) & (geo.slot - 1))) {
			r.end = (r.start | (geo.slot - 1)) + 1 < r.end ?
				(r.start | (geo.slot - 1)) + 1 : r.end;
			r.pgsize = geo.granule;
		}
		do_unmap(&r);
	}
	while (ledger.nr_reserved) {
		struct range r = ledger.reserved[0];

		do_unreserve(&r);
		if (hw_dirty)
			hw_walk();
	}
	il_pt_trim(pt, ~0UL);
	il_pt_unstock(pt);
	sched_drain();
	if (hw_dirty)
		hw_walk();
	/* Tops stay */
	pages = mem_live_pages() - (pages_at_start + hw_grown);
	if (pages)
		violation("nothing is mapped or reserved, but %d pages are kept", pages);
	if (mem_live_objs() > objs_at_start + IL_KEPT_OBJS + IL_TOP_OBJS * hw_grown)
		violation("nothing is mapped or reserved, but %u objects are kept",
			  mem_live_objs() - objs_at_start);
}

void run_begun(const struct run *run)
{
	now = run;
}

void run_end(const struct run *run)
{
	const char *leak;

	if (il_pt_attached_elsewhere(pt))
		violation("the top grew, and a device was not told of it");
	if (!run->destroy)
		unwind();
	trace_note("destroy");
	/* If things are still reserved then it may say so */
	warn_ok |= run->destroy;
	hw_stop();
	if (repeats)
		il_pt_repeat_destroy(pt);
	il_pt_free(pt);
	sched_drain();
	leak = mem_leak();
	if (leak)
		violation("%s", leak);
}

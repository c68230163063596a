// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is allocated once and never again within a run: what was freed
 * stays poisoned until the run is over, so that every late access is seen.
 *
 * One arena: descriptors of pages, small objects, pages. Beside the pages, what
 * a walker that is not coherent has been shown of them.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "harness.h"

#define MIN_PAGE_SHIFT	12
#define PAGE		(1UL << il_page_shift)
#define PAGES_SIZE	(24UL << 20)
/* At most; as many as there are if they are the smallest */
#define NR_PAGES	(PAGES_SIZE >> MIN_PAGE_SHIFT)
#define OBJS_SIZE	(1UL << 20)
#define OBJ_ALIGN	16
#define MAX_OBJS	4096
#define PHYS_BASE	0x80000000UL
#define POISON		0xa5

struct page_state {
	unsigned char state;
	unsigned char order;
	/* A table of that level, less one, or 0 if it is none */
	unsigned char level;
	bool dma;
	/* Number of the head page of which this one is a part */
	unsigned int head;
	unsigned int by;
};

struct obj_state {
	unsigned int start, size;
	unsigned char state;
	unsigned int by;
};

unsigned long mem_base, mem_size;
unsigned char *mem_good;

static unsigned long descs, objs, pages;
static char *cleaned;
static struct page_state page_states[NR_PAGES];
/* Parts of pages that were handed out by themselves, and came back */
static bool parts_freed[NR_PAGES];
static struct obj_state obj_states[MAX_OBJS];
static unsigned short obj_of[OBJS_SIZE / OBJ_ALIGN];
static unsigned int next_page IL_STATE, nr_objs IL_STATE;
static unsigned int objs_end IL_STATE;
/* A page was mapped for a device that is not coherent */
static bool any_dma IL_STATE;
static long counters[IL_COUNTERS] IL_STATE;
/* The kernel's static data, and a copy of how it was at first */
extern char __start_kernel_data[] __attribute__((weak)), __stop_kernel_data[] __attribute__((weak));
extern char __start_kernel_bss[] __attribute__((weak)), __stop_kernel_bss[] __attribute__((weak));
static unsigned long data_size, bss_size;
static char *data_copy, *bss_copy;
static unsigned int live_pages IL_STATE, live_objs IL_STATE;
extern char __start_il_state[], __stop_il_state[];

/* What mem_save() kept: places, and their contents one behind the other */
static struct area { void *at; size_t size; } areas[16];
static unsigned int nr_areas;
static char *saved;
static size_t saved_size, saved_room;


void mem_init(void)
{
	unsigned long size = NR_PAGES * IL_PAGE_DESC + OBJS_SIZE + PAGES_SIZE;
	char *p;

	p = mmap(NULL, size + PAGES_SIZE + (1UL << 22), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	/* The pages are aligned as they are in physical memory */
	pages = ((unsigned long)p + size - PAGES_SIZE + (1UL << 21) - 1) & -(1UL << 21);
	objs = pages - OBJS_SIZE;
	descs = objs - NR_PAGES * IL_PAGE_DESC;
	mem_base = descs;
	mem_size = pages + PAGES_SIZE - descs;
	mem_good = calloc(mem_size >> MEM_GOOD_SHIFT, 1);
	if (!mem_good)
		abort();
	cleaned = (char *)pages + PAGES_SIZE;

	data_size = __stop_kernel_data - __start_kernel_data;
	bss_size = __stop_kernel_bss - __start_kernel_bss;
	data_copy = malloc(data_size + bss_size + 1);
	if (!data_copy)
		abort();
	bss_copy = data_copy + data_size;
	memcpy(data_copy, __start_kernel_data, data_size);
	memcpy(bss_copy, __start_kernel_bss, bss_size);
	mem_reset();
}

/* All of it may be touched, or nothing */
static void set_good(unsigned long addr, size_t size, bool good)
{
	memset(&mem_good[(addr - mem_base) >> MEM_GOOD_SHIFT], good, size >> MEM_GOOD_SHIFT);
}

void mem_reset(void)
{
	set_good(descs, (next_page + 1) * IL_PAGE_DESC, false);
	set_good(objs, (objs_end + OBJ_ALIGN - 1) & -OBJ_ALIGN, false);
	set_good(pages, (next_page + 1) * PAGE, false);
	memcpy(__start_kernel_data, data_copy, data_size);
	memcpy(__start_kernel_bss, bss_copy, bss_size);
	memset(page_states, 0, (next_page + 1) * sizeof(*page_states));
	memset((void *)descs, 0, (next_page + 1) * IL_PAGE_DESC);
	memset(obj_of, 0, objs_end / OBJ_ALIGN * sizeof(*obj_of) + 64);
	/* Page 0 and object 0 are never used */
	next_page = 1;
	nr_objs = 1;
	objs_end = OBJ_ALIGN;
	memset(counters, 0, sizeof(counters));
	any_dma = false;
	live_pages = 0;
	live_objs = 0;
}

/* --- the state after a setup ------------------------------------------------ */

static void save_area(void *at, size_t size)
{
	if (saved_size + size > saved_room) {
		saved_room = 2 * (saved_size + size);
		saved = realloc(saved, saved_room);
		if (!saved)
			abort();
	}
	if (nr_areas == ARRAY_SIZE(areas))
		abort();
	memcpy(saved + saved_size, at, size);
	areas[nr_areas++] = (struct area) { at, size };
	saved_size += size;
}

static void save_good(unsigned long addr, size_t size)
{
	save_area(&mem_good[(addr - mem_base) >> MEM_GOOD_SHIFT],
		  (size + (1UL << MEM_GOOD_SHIFT) - 1) >> MEM_GOOD_SHIFT);
}

void mem_save(void)
{
	unsigned long used = (next_page - 1) * PAGE;

	nr_areas = 0;
	saved_size = 0;
	save_area(__start_il_state, __stop_il_state - __start_il_state);
	save_area(__start_kernel_data, data_size);
	save_area(__start_kernel_bss, bss_size);
	save_area(page_states, next_page * sizeof(*page_states));
	save_area(parts_freed, next_page * PAGE >> MIN_PAGE_SHIFT);
	save_area(obj_states, nr_objs * sizeof(*obj_states));
	save_area(obj_of, objs_end / OBJ_ALIGN * sizeof(*obj_of));
	save_good(descs, next_page * IL_PAGE_DESC);
	save_good(objs, objs_end);
	save_good(pages, next_page * PAGE);
	save_area((void *)descs, next_page * IL_PAGE_DESC);
	save_area((void *)objs, objs_end);
	save_area((void *)(pages + PAGE), used);
	if (any_dma)
		save_area(cleaned + PAGE, used);
}

void mem_restore(void)
{
	const char *from = saved;

	for (unsigned int i = 0; i < nr_areas; i++) {
		memcpy(areas[i].at, from, areas[i].size);
		from += areas[i].size;
	}
}

/* --- what may be touched ---------------------------------------------------- */

static struct page_state *page_of(unsigned long addr)
{
	struct page_state *p = &page_states[(addr - pages) >> il_page_shift];

	return &page_states[p->head];
}

static bool part_freed(unsigned long addr)
{
	return parts_freed[(addr - pages) >> MIN_PAGE_SHIFT];
}

static const char *const state_names[] = { "was never allocated", "", "was freed" };

const char *mem_bad(unsigned long addr, size_t size)
{
	if (addr >= pages) {
		unsigned int state = page_of(addr)->state;

		if (state != MEM_LIVE)
			return state_names[state];
		return part_freed(addr) ? "was given back" : NULL;
	}
	if (addr >= objs) {
		struct obj_state *o = &obj_states[obj_of[(addr - objs) / OBJ_ALIGN]];

		if (o == obj_states)
			return "was never allocated";
		if (o->state != MEM_LIVE)
			return state_names[o->state];
		return addr + size > objs + o->start + o->size ? "ends before" : NULL;
	}
	/* A descriptor lives as long as its page */
	return page_states[page_states[(addr - descs) / IL_PAGE_DESC].head].state == MEM_LIVE ?
	       NULL : "belongs to a page that was freed";
}

bool mem_table_live(unsigned long phys, unsigned int level)
{
	unsigned long off = phys - PHYS_BASE;
	struct page_state *p;

	if (off >= PAGES_SIZE)
		return false;
	p = page_of(pages + off);
	p->level = level + 1;
	return p->state == MEM_LIVE && !part_freed(pages + off);
}

unsigned long mem_word(unsigned long phys)
{
	return pages + (phys - PHYS_BASE);
}

uint64_t mem_read_now(unsigned long phys)
{
	return *(uint64_t *)(pages + (phys - PHYS_BASE));
}

uint64_t mem_read_cleaned(unsigned long phys)
{
	return *(uint64_t *)(cleaned + (phys - PHYS_BASE));
}

const char *mem_name(unsigned long addr)
{
	static char names[4][64];
	static unsigned int turn;
	char *name = names[turn++ % 4];

	if (addr < mem_base || addr >= mem_base + mem_size) {
		snprintf(name, sizeof(names[0]), "static data");
	} else if (addr >= pages) {
		unsigned int head = page_states[(addr - pages) >> il_page_shift].head;

		snprintf(name, sizeof(names[0]), page_states[head].level ?
			 "page %u entry %lu (table of level %u)" : "page %u entry %lu", head,
			 (addr - pages - head * PAGE) / 8, page_states[head].level - 1);
	} else if (addr >= objs) {
		unsigned int o = obj_of[(addr - objs) / OBJ_ALIGN];

		snprintf(name, sizeof(names[0]), "object %u +%#lx", o,
			 addr - objs - obj_states[o].start);
	} else {
		snprintf(name, sizeof(names[0]), "descriptor of page %lu +%#lx",
			 (addr - descs) / IL_PAGE_DESC, (addr - descs) % IL_PAGE_DESC);
	}
	return name;
}

unsigned long mem_static(unsigned long addr)
{
	if (addr - (unsigned long)__start_kernel_data < data_size)
		return addr - (unsigned long)__start_kernel_data + 8;
	if (addr - (unsigned long)__start_kernel_bss < bss_size)
		return addr - (unsigned long)__start_kernel_bss + data_size + 16;
	return 0;
}

unsigned int mem_live_pages(void)
{
	return live_pages;
}

unsigned int mem_live_objs(void)
{
	return live_objs;
}

bool mem_is_page(unsigned long addr)
{
	return addr >= pages;
}

const char *mem_leak(void)
{
	static char text[128];
	unsigned int i;

	for (i = 1; i < next_page; i++)
		if (page_states[i].head == i && page_states[i].state == MEM_LIVE) {
			snprintf(text, sizeof(text), "page %u, allocated in T%u, was not freed",
				 i, page_states[i].by);
			return text;
		}
	for (i = 1; i < nr_objs; i++)
		if (obj_states[i].state == MEM_LIVE) {
			snprintf(text, sizeof(text),
				 "object %u of %u bytes, allocated in T%u, was not freed",
				 i, obj_states[i].size, obj_states[i].by);
			return text;
		}
	for (i = 0; i < IL_COUNTERS; i++)
		if (counters[i]) {
			snprintf(text, sizeof(text), "%s is %ld in the end",
				 i == IL_IOMMU_PAGES ? "NR_IOMMU_PAGES" : "NR_SECONDARY_PAGETABLE",
				 counters[i]);
			return text;
		}
	return NULL;
}

/* --- what the shims call -------------------------------------------------- */

unsigned long il_desc_to_virt(unsigned long desc)
{
	return pages + ((desc - descs) / IL_PAGE_DESC << il_page_shift);
}

unsigned long il_virt_to_desc(unsigned long virt)
{
	if (virt < pages || virt >= pages + PAGES_SIZE)
		violation("virt_to_page() of what is no page: %s", mem_name(virt));
	return descs + page_states[(virt - pages) >> il_page_shift].head * IL_PAGE_DESC;
}

unsigned long il_virt_to_phys(unsigned long virt)
{
	if (virt < pages || virt >= pages + PAGES_SIZE)
		violation("virt_to_phys() of what is no page: %s", mem_name(virt));
	return PHYS_BASE + (virt - pages);
}

unsigned long il_phys_to_virt(unsigned long phys)
{
	unsigned long off = phys - PHYS_BASE;

	/* Page 0 is never allocated: asking does no harm, touching it does */
	return pages + (off < PAGES_SIZE ? off : phys % PAGE);
}

unsigned int il_page_order(unsigned long desc)
{
	return page_states[(desc - descs) / IL_PAGE_DESC].order;
}

static bool fails(bool may_sleep, unsigned long pc)
{
	if (may_sleep)
		il_might_sleep("allocation");
	point(P_ALLOC, NULL, 0, false, pc);
	if (++cur->allocs == cur->reclaim_at && !cur->reclaims) {
		cur->reclaims = true;
		il_reclaim();
		cur->reclaims = false;
	}
	/* And from there on: who asks again gets nothing either */
	return cur->fail_at && cur->allocs >= cur->fail_at;
}

unsigned long il_alloc_pages(unsigned int order, bool may_sleep)
{
	unsigned int n = 1U << order, page;

	if (fails(may_sleep, CALLER))
		return 0;

	page = (next_page + n - 1) & -n;
	if (page + n >= PAGES_SIZE >> il_page_shift) {
		fprintf(stderr, "the arena is too small\n");
		exit(2);
	}
	memset(&page_states[next_page], 0, (page + n + 1 - next_page) * sizeof(*page_states));
	memset((void *)(descs + next_page * IL_PAGE_DESC), 0,
	       (page + n + 1 - next_page) * IL_PAGE_DESC);
	next_page = page + n;
	for (unsigned int i = page; i < page + n; i++)
		page_states[i].head = page;
	page_states[page].state = MEM_LIVE;
	page_states[page].order = order;
	page_states[page].by = cur->id;
	memset((void *)(pages + page * PAGE), 0, n * PAGE);
	set_good(pages + page * PAGE, n * PAGE, true);
	set_good(descs + page * IL_PAGE_DESC, n * IL_PAGE_DESC, true);
	memset(&parts_freed[page * PAGE >> MIN_PAGE_SHIFT], 0, n * PAGE >> MIN_PAGE_SHIFT);
	live_pages += n;
	return descs + page * IL_PAGE_DESC;
}

void il_free_pages(unsigned long desc)
{
	unsigned long page = (desc - descs) / IL_PAGE_DESC;
	struct page_state *p = &page_states[page];

	point(P_FREE, (void *)(pages + page * PAGE), PAGE << p->order, true, CALLER);
	if (page >= NR_PAGES || p->head != page || p->state != MEM_LIVE)
		violation("page %lu is freed, but %s", page,
			  p->head == page ? state_names[p->state] : "is a part of another one");
	if (p->dma)
		violation("page %lu is freed while it is mapped for the device", page);
	p->state = MEM_FREED;
	set_good(pages + page * PAGE, PAGE << p->order, false);
	set_good(desc, IL_PAGE_DESC << p->order, false);
	live_pages -= 1U << p->order;
	cur->frees++;
	hw_dirty = true;
}

void il_part(const void *p, size_t size, bool freed)
{
	unsigned long part = ((unsigned long)p - pages) >> MIN_PAGE_SHIFT;

	if (freed) {
		point(P_FREE, p, size, true, CALLER);
		if (part_freed((unsigned long)p))
			violation("a part of a page is given back twice: %s",
				  mem_name((unsigned long)p));
	}
	for (size_t i = 0; i < size >> MIN_PAGE_SHIFT; i++)
		parts_freed[part + i] = freed;
	set_good((unsigned long)p, size, !freed);
	hw_dirty = true;
}

void *il_kmalloc(size_t size, bool zero, bool may_sleep)
{
	struct obj_state *o;

	if (fails(may_sleep, CALLER))
		return NULL;

	o = &obj_states[nr_objs];
	if (nr_objs == MAX_OBJS - 1 || objs_end + size + 2 * OBJ_ALIGN > OBJS_SIZE) {
		fprintf(stderr, "the arena is too small for objects\n");
		exit(2);
	}
	*o = (struct obj_state) {
		.start = objs_end,
		.size = size,
		.state = MEM_LIVE,
		.by = cur->id,
	};
	/* What follows belongs to none, so that running over is seen */
	for (size_t i = 0; i < size; i += OBJ_ALIGN)
		obj_of[(objs_end + i) / OBJ_ALIGN] = nr_objs;
	memset((void *)(objs + objs_end), zero ? 0 : POISON, size);
	/* The end is looked at closely */
	set_good(objs + objs_end, size & -OBJ_ALIGN, true);
	objs_end += (size + 2 * OBJ_ALIGN - 1) & -OBJ_ALIGN;
	nr_objs++;
	live_objs++;
	return (void *)(objs + o->start);
}

void il_kfree(const void *p)
{
	unsigned long addr = (unsigned long)p;
	struct obj_state *o;

	if (!p)
		return;
	if (addr < objs || addr >= pages)
		violation("kfree() of what is no object: %s", mem_name(addr));
	o = &obj_states[obj_of[(addr - objs) / OBJ_ALIGN]];
	point(P_FREE, p, o->size, true, CALLER);
	if (o->state != MEM_LIVE || addr != objs + o->start)
		violation("%s is freed, but %s", mem_name(addr),
			  o->state == MEM_LIVE ? "does not start there" : state_names[o->state]);
	o->state = MEM_FREED;
	set_good(addr, o->size, false);
	live_objs--;
}

void il_count(enum il_counter which, long delta)
{
	counters[which] += delta;
}

/* --- a walker that is not coherent ---------------------------------------- */

void il_dma_map(unsigned long virt, size_t size)
{
	struct page_state *p = page_of(virt);

	if (p->state != MEM_LIVE || p->dma)
		violation("%s is mapped for the device, but %s", mem_name(virt),
			  p->dma ? "is already" : state_names[p->state]);
	p->dma = true;
	any_dma = true;
	memcpy(cleaned + (virt - pages), (void *)virt, size);
}

void il_dma_unmap(unsigned long virt, size_t size)
{
	struct page_state *p = page_of(virt);

	if (p->state != MEM_LIVE || !p->dma)
		violation("%s is unmapped for the device, but %s", mem_name(virt),
			  p->dma ? state_names[p->state] : "is not mapped");
	p->dma = false;
}

void il_dma_sync(unsigned long virt, size_t size)
{
	struct page_state *p = page_of(virt);

	point(P_SYNC, (void *)virt, size, true, CALLER);
	if (p->state != MEM_LIVE || !p->dma)
		violation("%s is cleaned for the device, but %s", mem_name(virt),
			  p->dma ? state_names[p->state] : "is not mapped for it");
	memcpy(cleaned + (virt - pages), (void *)virt, size);
	hw_dirty = true;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The GPU's loads and its walker against the model; see check.h.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "broken.h"
#include "check.h"
#include "inject.h"
#include "json.h"
#include "tap.h"

#define LINE		64u		/* bytes that are loaded at a place */
#define MAX_LOADS	512u
#define FIRST_USER_AS	1u
#define NUM_AS		8u
#define ATTR_INDEX(d)	((d) >> 2 & 7)	/* of a descriptor */
#define ATTR_CACHED	1u

unsigned int checks = CHECK_LOADS | CHECK_WALKS | CHECK_LIST;
unsigned int samples = 48;

/* There is one port to QEMU, and one idea of where buffers are */
static pthread_mutex_t port = PTHREAD_MUTEX_INITIALIZER;

static const char *const names[] = { "loads", "walks", "list" };

bool checks_set(const char *list)
{
	checks = 0;
	while (*list) {
		size_t len = strcspn(list, ",");
		unsigned int i;

		for (i = 0; i < ARRAY_SIZE(names); i++)
			if (strlen(names[i]) == len &&
			    !strncmp(names[i], list, len))
				break;
		if (i == ARRAY_SIZE(names))
			return false;
		checks |= 1u << i;
		list += len + (list[len] == ',');
	}
	return checks;
}

/* --- Loads ------------------------------------------------------------------- */

/* A line of the first, the last or any page of something that is mapped */
static uint64_t draw_line(struct world *w)
{
	const struct extent *e = &w->space.extent[below(w, w->space.count)];
	uint64_t pages = e->size / SZ_4K, page;

	switch (below(w, 3)) {
	case 0:
		page = 0;
		break;
	case 1:
		page = pages - 1;
		break;
	default:
		page = below(w, pages);
	}
	return e->va + page * SZ_4K + below(w, SZ_4K / LINE) * LINE;
}

static void emit_loads(struct world *w, struct cs *cs, const uint64_t *va,
		       unsigned int n)
{
	cs_mov48(cs, R_DST, w->result_va);
	for (unsigned int i = 0; i < n; i++) {
		cs_mov48(cs, R_SRC, va[i]);
		cs_load(cs, 0, R_SRC, 0xffff, 0);
		cs_wait(cs, CS_SB_LS);
		cs_store(cs, 0, R_DST, 0xffff, 0);
		cs_add64(cs, R_DST, R_DST, LINE);
		cs_wait(cs, CS_SB_LS);
	}
	cs_end(cs);
}

static bool loaded_right(struct world *w, uint64_t va, const uint64_t *got)
{
	const struct extent *e = space_at(&w->space, va);
	uint64_t at;

	/* What a sparse range reads as is undefined */
	if (e->buf == SPARSE)
		return true;
	at = (e->offset + va - e->va) / sizeof(*got);
	for (unsigned int i = 0; i < LINE / sizeof(*got); i++) {
		uint64_t want = pattern(w->bufs->buf[e->buf].seed, at + i);

		if (got[i] != want)
			return wrong(w, "the GPU loads 0x%llx at 0x%llx, not 0x%llx (buffer %d)",
				     (unsigned long long)got[i],
				     (unsigned long long)va + i * sizeof(*got),
				     (unsigned long long)want, e->buf);
	}
	return true;
}

/* A stream that is over leaves its place to the next one */
static int run_and_forget(struct gpu *g, const struct cs *cs, unsigned int used)
{
	int ret = gpu_run(g, cs);

	g->cmd_used = used;
	return ret;
}

bool check_loads(struct world *w, unsigned int n)
{
	unsigned int used = w->gpu.cmd_used;
	struct cs cs = gpu_cs(&w->gpu);
	uint64_t va[MAX_LOADS];
	int ret;

	if (n > MAX_LOADS)
		n = MAX_LOADS;
	if (!w->space.count)
		n = 0;
	for (unsigned int i = 0; i < n; i++)
		va[i] = draw_line(w);
	emit_loads(w, &cs, va, n);
	memset(w->result.map, 0xee, w->result.size);
	ret = run_and_forget(&w->gpu, &cs, used);
	if (ret)
		return wrong(w, "the GPU's loads end with %s", strerror(-ret));
	__sync_synchronize();
	w->tally.loads += n;
	for (unsigned int i = 0; i < n; i++)
		if (!loaded_right(w, va[i], (uint64_t *)w->result.map +
				  i * LINE / sizeof(uint64_t)))
			return false;
	return true;
}

/* --- Walks ------------------------------------------------------------------- */

/* What x-mali-translate says */
struct walk {
	bool mapped, readable, writable, executable, cached, block;
	uint64_t pa, desc, cached_pa;
};

static bool walk(unsigned int as, uint64_t va, struct walk *k)
{
	const char *answer;
	char args[64];

	memset(k, 0, sizeof(*k));
	snprintf(args, sizeof(args), "\"as\": %u, \"va\": %llu", as,
		 (unsigned long long)va);
	answer = qmp("x-mali-translate", args);
	if (!answer)
		return false;
	k->mapped = json_true(json_get(answer, "mapped"));
	k->readable = json_true(json_get(answer, "readable"));
	k->writable = json_true(json_get(answer, "writable"));
	k->executable = json_true(json_get(answer, "executable"));
	k->cached = json_true(json_get(answer, "cached"));
	k->block = json_u64(json_get(answer, "page-size")) == SZ_2M;
	k->pa = json_u64(json_get(answer, "pa"));
	k->desc = json_u64(json_get(answer, "desc"));
	k->cached_pa = json_u64(json_get(answer, "cached-pa"));
	return true;
}

static bool is_mapped(unsigned int as, uint64_t va)
{
	struct walk k;

	return walk(as, va, &k) && k.mapped;
}

/* The VM keeps it while the GPU is awake and nobody else needs one */
static bool find_as(struct world *w)
{
	if (w->as && is_mapped(w->as, w->result_va))
		return true;
	for (w->as = FIRST_USER_AS; w->as < NUM_AS; w->as++)
		if (is_mapped(w->as, w->result_va))
			return true;
	w->as = 0;
	return false;
}

/* The ends of what is mapped and what is beside them, or anywhere in a window */
static uint64_t draw_place(struct world *w)
{
	const struct window *win = &windows[below(w, NUM_WINDOWS)];
	const struct extent *e;

	if (!w->space.count || !below(w, 4))
		return win->va + SZ_4K * below(w, win->size / SZ_4K);
	e = &w->space.extent[below(w, w->space.count)];
	switch (below(w, 5)) {
	case 0:
		return e->va;
	case 1:
		return extent_end(e) - SZ_4K;
	case 2:
		return e->va ? e->va - SZ_4K : e->va;
	case 3:
		return extent_end(e) < windows[NUM_WINDOWS - 1].va +
				       windows[NUM_WINDOWS - 1].size ?
		       extent_end(e) : e->va;
	default:
		return e->va + SZ_4K * below(w, e->size / SZ_4K);
	}
}

/* What one operation mapped over all of the 2 MiB around @va has to be a block */
static bool must_be_block(struct world *w, const struct extent *e, uint64_t va)
{
	uint64_t start = va & -SZ_2M;

	if (e->buf == SPARSE || start < e->va || start + SZ_2M > extent_end(e))
		return false;
	return broken_block() ||
	       buf_is_block(&w->bufs->buf[e->buf], e->offset + start - e->va);
}

/* The first word of guest memory at @pa */
static bool peek(uint64_t pa, uint64_t *word)
{
	char args[64], text[128];
	unsigned long long val;
	const char *answer, *at;

	snprintf(args, sizeof(args), "\"command-line\": \"xp /1gx 0x%llx\"",
		 (unsigned long long)pa);
	answer = qmp("human-monitor-command", args);
	json_string(answer, text, sizeof(text));
	at = strchr(text, ':');
	if (!at || sscanf(at, ": 0x%llx", &val) != 1)
		return false;
	*word = val;
	return true;
}

/*
 * Where a page is shows the first time that the walker is asked, and what it says
 * is believed when the page's contents are there. From then on it has to be the
 * same. A sparse range of a VM shows the same 2 MiB again and again.
 */
static bool place_right(struct world *w, const struct extent *e, uint64_t va,
			uint64_t pa, bool block)
{
	struct buf *b = e->buf == SPARSE ? NULL : &w->bufs->buf[e->buf];
	uint64_t page = (b ? e->offset + va - e->va : va % SZ_2M) / SZ_4K;
	uint64_t *known = b ? &b->pa[page] : &w->sparse_pa[page], word;

	if (*known)
		return pa == *known ||
		       wrong(w, "0x%llx translates to 0x%llx, not 0x%llx (buffer %d)",
			     (unsigned long long)va, (unsigned long long)pa,
			     (unsigned long long)*known, e->buf);
	if (!b) {
		*known = pa;
		return true;
	}
	if (!peek(pa, &word))
		return wrong(w, "QEMU shows no memory: %s", inject_error());
	if (word != pattern(b->seed, page * SZ_4K / sizeof(word)))
		return wrong(w, "0x%llx translates to 0x%llx, not to page %llu of buffer %d",
			     (unsigned long long)va, (unsigned long long)pa,
			     (unsigned long long)page, e->buf);
	buf_found(b, page, pa, block);
	return true;
}

static bool permissions_right(struct world *w, const struct extent *e,
			      uint64_t va, const struct walk *k)
{
	bool ro = e->flags & DRM_PANTHOR_VM_BIND_OP_MAP_READONLY;
	bool nx = e->flags & DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC;
	bool nc = e->flags & DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED;

	if (!k->readable || k->writable == ro || k->executable == nx)
		return wrong(w, "flags %x are not the permissions at 0x%llx: 0x%llx",
			     e->flags, (unsigned long long)va,
			     (unsigned long long)k->desc);
	if ((ATTR_INDEX(k->desc) == ATTR_CACHED) == nc)
		return wrong(w, "flags %x are not the memory type at 0x%llx: 0x%llx",
			     e->flags, (unsigned long long)va,
			     (unsigned long long)k->desc);
	return true;
}

static bool mapping_right(struct world *w, const struct extent *e, uint64_t va,
			  const struct walk *k)
{
	if (!place_right(w, e, va, k->pa, k->block))
		return false;
	w->tally.blocks += k->block;
	if (!k->block && must_be_block(w, e, va))
		return wrong(w, "there is no block at 0x%llx (buffer %d), though one fits",
			     (unsigned long long)va, e->buf);
	if (k->cached && k->cached_pa != k->pa)
		return wrong(w, "the TLB still says 0x%llx for 0x%llx, now 0x%llx",
			     (unsigned long long)k->cached_pa,
			     (unsigned long long)va, (unsigned long long)k->pa);
	return permissions_right(w, e, va, k);
}

static bool walk_right(struct world *w, uint64_t va)
{
	const struct extent *e = space_at(&w->space, va);
	struct walk k;

	if (!walk(w->as, va, &k))
		return wrong(w, "QEMU does not translate: %s", inject_error());
	w->tally.walks++;
	if (k.mapped != !!e)
		return wrong(w, "the walker says that 0x%llx is %smapped (%s)",
			     (unsigned long long)va, k.mapped ? "" : "not ",
			     !e ? "nothing is" : e->buf == SPARSE ?
			     "a sparse range is" : "a buffer is");
	if (!e && k.cached)
		return wrong(w, "the TLB still has 0x%llx, which is not mapped",
			     (unsigned long long)va);
	return !e || mapping_right(w, e, va, &k);
}

/* What was found in an address space that was somebody else's is nothing */
static bool still_ours(struct world *w)
{
	if (is_mapped(w->as, w->result_va))
		return true;
	w->wrong[0] = '\0';
	return false;
}

static bool walks_right(struct world *w, unsigned int n)
{
	for (unsigned int i = 0; i < n && find_as(w); i++)
		if (!walk_right(w, draw_place(w)) && still_ours(w))
			return false;
	return true;
}

bool check_walks(struct world *w, unsigned int n)
{
	struct cs cs;
	unsigned int used = w->gpu.cmd_used;
	bool right;
	int ret;

	if (!inject_ready())
		return true;
	cs = gpu_cs(&w->gpu);
	cs_end(&cs);
	ret = run_and_forget(&w->gpu, &cs, used);
	if (ret)
		return wrong(w, "an empty job ends with %s", strerror(-ret));
	pthread_mutex_lock(&port);
	right = walks_right(w, n);
	pthread_mutex_unlock(&port);
	return right;
}

/* --- Faults ------------------------------------------------------------------ */

bool check_fault(struct world *w)
{
	unsigned int used = w->gpu.cmd_used;
	struct cs cs = gpu_cs(&w->gpu);
	uint64_t va;
	int ret;

	for (int i = 0;; i++) {
		if (i == 20)
			return true;	/* it is all mapped */
		va = draw_place(w);
		if (!space_at(&w->space, va))
			break;
	}
	emit_loads(w, &cs, &va, 1);
	ret = run_and_forget(&w->gpu, &cs, used);
	if (ret != -EIO)
		return wrong(w, "a load from 0x%llx, where nothing is mapped, ends with %d",
			     (unsigned long long)va, ret);
	w->tally.faults++;
	ret = gpu_revive(&w->gpu);
	return !ret || wrong(w, "no new group after a fault: %s", strerror(-ret));
}

bool check_three(struct world *w)
{
	w->tally.checks++;
	return (!(checks & CHECK_LOADS) || check_loads(w, 4 * samples)) &&
	       (!(checks & CHECK_WALKS) || check_walks(w, samples)) &&
	       (!(checks & CHECK_LIST) || check_list(w));
}

bool check_all(struct world *w)
{
	return drain(w) && check_three(w);
}

/* --- Blocks ------------------------------------------------------------------ */

#define SURVEY_WINDOW	4u	/* "wide", which starts at a block */

/* One operation for each whole 2 MiB of each buffer */
static unsigned int survey_ops(const struct bufs *b, struct op *ops,
			       unsigned int most)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < b->count; i++)
		for (uint64_t at = 0; at + SZ_2M <= b->buf[i].bo.size && n < most;
		     at += SZ_2M, n++)
			ops[n] = (struct op){
				.kind = OP_MAP, .window = SURVEY_WINDOW,
				.e = {
					.va = windows[SURVEY_WINDOW].va + n * SZ_2M,
					.size = SZ_2M, .buf = i, .offset = at,
				},
			};
	return n;
}

unsigned int survey(struct world *w)
{
	struct op ops[MAX_BATCH];
	unsigned int n = survey_ops(w->bufs, ops, ARRAY_SIZE(ops));
	unsigned int blocks = 0;

	if (!inject_ready() || !bind_now(w, ops, n) || !check_walks(w, 0))
		return 0;
	pthread_mutex_lock(&port);
	for (unsigned int i = 0; i < n && find_as(w); i++) {
		if (!walk_right(w, ops[i].e.va))
			break;
		blocks += buf_is_block(&w->bufs->buf[ops[i].e.buf],
				       ops[i].e.offset);
	}
	pthread_mutex_unlock(&port);
	unmap_all(w);
	return blocks;
}

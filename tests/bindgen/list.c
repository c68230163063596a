// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The driver's list of mappings, debugfs' gpuvas, against the model; see check.h.
 *
 * It names buffers by kernel addresses. Which is whose shows the first time: from
 * then on a buffer has to keep its name, and no other may have it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "host.h"
#include "tap.h"

#define MAX_TEXT	(4 * SZ_1M)
#define VM_LINE		"DRM GPU VA space"

/* Buffers are shared between threads, and so is what they are called */
static pthread_mutex_t names = PTHREAD_MUTEX_INITIALIZER;

/* A line of the list */
struct listed {
	uint64_t va;
	uint64_t size;
	uint64_t end;
	uint64_t object;
	uint64_t offset;
};

static bool parse(const char *line, struct listed *l)
{
	unsigned long long v[5];

	if (sscanf(line, " | %llx | %llx | %llx | %llx | %llx", &v[0], &v[1],
		   &v[2], &v[3], &v[4]) != 5)
		return false;
	*l = (struct listed){ v[0], v[1], v[2], v[3], v[4] };
	return true;
}

static char *read_list(void)
{
	char *text = malloc(MAX_TEXT);

	need(text ? 0 : -ENOMEM);
	need(debugfs_read("gpuvas", text, MAX_TEXT));
	return text;
}

/* The lines of the VM that has @mark mapped, up to the next VM's */
static char *find_vm(char *text, uint64_t mark)
{
	char needle[32], *vm, *next, *found;

	snprintf(needle, sizeof(needle), "\n     | 0x%016llx |",
		 (unsigned long long)mark);
	for (vm = strstr(text, VM_LINE); vm; vm = next) {
		next = strstr(vm + 1, VM_LINE);
		if (next)
			next[-1] = '\0';
		found = strstr(vm, needle);
		if (found)
			return vm;
	}
	return NULL;
}

/* The name is the buffer's: @name is where it is remembered */
static bool name_right(struct world *w, uint64_t *name, uint64_t object, int buf)
{
	if (!*name) {
		for (unsigned int i = 0; i < w->bufs->count; i++)
			if (w->bufs->buf[i].object == object)
				return wrong(w, "debugfs takes buffer %d for %u",
					     buf, i);
		if (w->dummy == object)
			return wrong(w, "debugfs takes buffer %d for none", buf);
		*name = object;
	}
	return *name == object ||
	       wrong(w, "debugfs has another buffer in the place of %d", buf);
}

static bool piece_right(struct world *w, const struct listed *l,
			const struct extent *e, uint64_t va)
{
	if (e->buf == SPARSE)
		return name_right(w, &w->dummy, l->object, SPARSE) &&
		       (l->offset == l->va % SZ_2M ||
			wrong(w, "debugfs has offset 0x%llx in a sparse range at 0x%llx",
			      (unsigned long long)l->offset,
			      (unsigned long long)l->va));
	if (!name_right(w, &w->bufs->buf[e->buf].object, l->object, e->buf))
		return false;
	return l->offset + va - l->va == e->offset + va - e->va ||
	       wrong(w, "debugfs has 0x%llx at offset 0x%llx of buffer %d, not 0x%llx",
		     (unsigned long long)va,
		     (unsigned long long)(l->offset + va - l->va), e->buf,
		     (unsigned long long)(e->offset + va - e->va));
}

/*
 * @l covers what the model has there, piece by piece. *@at is the next extent, and
 * *@from where the part of it starts that is not covered yet.
 */
static bool covers(struct world *w, const struct listed *l, unsigned int *at,
		   uint64_t *from)
{
	uint64_t va = l->va;

	if (l->va + l->size != l->end || !l->size)
		return wrong(w, "debugfs has a mapping from 0x%llx to 0x%llx",
			     (unsigned long long)l->va, (unsigned long long)l->end);
	while (va < l->end) {
		const struct extent *e = *at < w->space.count ?
					 &w->space.extent[*at] : NULL;

		if (!e || va < (*from > e->va ? *from : e->va))
			return wrong(w, "debugfs has something at 0x%llx, where nothing is mapped",
				     (unsigned long long)va);
		if (va > (*from > e->va ? *from : e->va))
			return wrong(w, "debugfs lacks 0x%llx, where buffer %d is mapped",
				     (unsigned long long)(*from > e->va ? *from : e->va),
				     e->buf);
		if (!piece_right(w, l, e, va))
			return false;
		*from = l->end < extent_end(e) ? l->end : extent_end(e);
		va = *from;
		*at += va == extent_end(e);
	}
	return true;
}

static bool in_a_window(uint64_t va)
{
	for (unsigned int i = 0; i < NUM_WINDOWS; i++)
		if (va >= windows[i].va && va - windows[i].va < windows[i].size)
			return true;
	return false;
}

static bool list_right(struct world *w, char *vm)
{
	unsigned int at = 0;
	struct listed l;
	uint64_t from = 0;
	char *save;

	for (char *line = strtok_r(vm, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!parse(line, &l) || !in_a_window(l.va))
			continue;
		w->tally.listed++;
		if (!covers(w, &l, &at, &from))
			return false;
	}
	return at == w->space.count ||
	       wrong(w, "debugfs lacks 0x%llx, where buffer %d is mapped",
		     (unsigned long long)w->space.extent[at].va,
		     w->space.extent[at].buf);
}

bool check_list(struct world *w)
{
	char *text = read_list();
	char *vm = find_vm(text, w->result_va);
	bool right;

	pthread_mutex_lock(&names);
	right = vm ? list_right(w, vm) :
		     wrong(w, "debugfs does not have the VM");
	pthread_mutex_unlock(&names);
	free(text);
	return right;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of calls, and calls as text; see calls.h.
 */
#include <stdio.h>
#include <string.h>

#include "calls.h"

static const char * const names[] = {
	"NONE",
#define X(name) #name,
	WORKER_CALLS(X)
	"-",
	SUPERVISOR_CALLS(X)
#undef X
};

static const char * const twists[] = {
	"-", "word", "bit", "size", "pointer", "stride", "count", "element", "sync", "nested",
	"handle", "fail",
};

const char *kind_name(unsigned int kind)
{
	return kind < K_COUNT ? names[kind] : "?";
}

const char *twist_name(unsigned int twist)
{
	return twist < T_COUNT_OF ? twists[twist] : "?";
}

void call_print(const struct call *c, char text[CALL_TEXT])
{
	snprintf(text, CALL_TEXT, "%u %u %u %s %s %02x%02x%02x%02x %08x %08x %08x %08x %08x",
		 c->seq, c->proc, c->thread, kind_name(c->kind), twist_name(c->twist),
		 c->slot[0], c->slot[1], c->slot[2], c->slot[3],
		 c->r[0], c->r[1], c->r[2], c->r[3], c->r[4]);
}

static int index_of(const char *name, const char * const *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (!strcmp(list[i], name))
			return i;
	return -1;
}

bool call_parse(const char *text, struct call *c)
{
	unsigned int proc, thread, slot[4];
	char kind[32], twist[16];
	int k, t;

	if (sscanf(text, "%u %u %u %31s %15s %2x%2x%2x%2x %x %x %x %x %x", &c->seq, &proc,
		   &thread, kind, twist, &slot[0], &slot[1], &slot[2], &slot[3],
		   &c->r[0], &c->r[1], &c->r[2], &c->r[3], &c->r[4]) != 14)
		return false;
	k = index_of(kind, names, K_COUNT);
	t = index_of(twist, twists, T_COUNT_OF);
	if (k < 0 || t < 0)
		return false;
	c->proc = proc;
	c->thread = thread;
	c->kind = k;
	c->twist = t;
	for (int i = 0; i < 4; i++)
		c->slot[i] = slot[i];
	return true;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sync operations: every field, in waits and in signals; binary objects and
 * timelines.
 *
 * Not asked, since upstream's kernel answers with an oops or a warning: a signal of a
 * syncobj that does not exist (its error path puts what it did not find), and a wait
 * for what only a later operation of the same request signals, when nothing has
 * signalled it before.
 */
#include <stdio.h>

#include <xf86drm.h>

#include "ask.h"

struct sync_row {
	const char *name;
	uint32_t flags;
	uint32_t handle;
	uint64_t point;
};

/* A queued map with this sync operation, and one that tells when it is done */
static void ask_sync(struct world *w, const void *arg)
{
	const struct sync_row *r = arg;
	struct drm_panthor_sync_op s[2] = {
		{ .flags = r->flags, .handle = r->handle, .timeline_value = r->point },
		pan_signal(OUT, 0),
	};
	struct drm_panthor_vm_bind_op op = with_syncs(map_bo(VA), s, 2);
	uint32_t tl = TL;
	uint64_t point = 0;

	if (tell_bind(w, VM, ASYNC, &op, 1))
		say("fence %s", fence_text(w, OUT));
	else
		say("fence %s", settled(w, OUT));
	say("it %s", fence_text(w, r->handle));
	drmSyncobjQuery(w->p.fd, &tl, &point, 1);
	say("timeline %llu", (unsigned long long)point);
	tell_rest(w);
}

static const struct sync_row rows[] = {
	{ "wait.done", 0, DONE, 0 },
	{ "wait.empty", 0, EMPTY, 0 },
	{ "wait.handle-0", 0, 0, 0 },
	{ "wait.nowhere", 0, NOWHERE, 0 },
	{ "wait.all-bits", 0, -1, 0 },
	{ "wait.closed", 0, GONE_SYNC, 0 },
	{ "wait.done-with-point", 0, DONE, 1 },
	{ "wait.done-with-last-point", 0, DONE, -1 },
	{ "wait.nowhere-with-point", 0, NOWHERE, 1 },
	{ "wait.binary-of-timeline", 0, TL, 0 },
	{ "wait.timeline-signalled", TIMELINE, TL, 5 },
	{ "wait.timeline-before", TIMELINE, TL, 3 },
	{ "wait.timeline-unsubmitted", TIMELINE, TL, 6 },
	{ "wait.timeline-last", TIMELINE, TL, -1 },
	{ "wait.timeline-0", TIMELINE, TL, 0 },
	{ "wait.timeline-of-empty", TIMELINE, EMPTY, 1 },
	{ "wait.timeline-0-of-empty", TIMELINE, EMPTY, 0 },
	{ "wait.timeline-of-binary", TIMELINE, DONE, 1 },
	{ "wait.timeline-0-of-binary", TIMELINE, DONE, 0 },
	{ "wait.timeline-nowhere", TIMELINE, NOWHERE, 1 },
	{ "wait.timeline-closed", TIMELINE, GONE_SYNC, 1 },
	{ "signal.empty", SIGNAL, EMPTY, 0 },
	{ "signal.done", SIGNAL, DONE, 0 },
	{ "signal.twice", SIGNAL, OUT, 0 },
	{ "signal.with-point", SIGNAL, EMPTY, 1 },
	{ "signal.with-last-point", SIGNAL, EMPTY, -1 },
	{ "signal.nowhere-with-point", SIGNAL, NOWHERE, 1 },
	{ "signal.binary-of-timeline", SIGNAL, TL, 0 },
	{ "signal.timeline-next", SIGNAL | TIMELINE, TL, 6 },
	{ "signal.timeline-far", SIGNAL | TIMELINE, TL, 1000 },
	{ "signal.timeline-same", SIGNAL | TIMELINE, TL, 5 },
	{ "signal.timeline-before", SIGNAL | TIMELINE, TL, 3 },
	{ "signal.timeline-last", SIGNAL | TIMELINE, TL, -1 },
	{ "signal.timeline-0", SIGNAL | TIMELINE, TL, 0 },
	{ "signal.timeline-of-empty", SIGNAL | TIMELINE, EMPTY, 1 },
	{ "signal.timeline-0-of-empty", SIGNAL | TIMELINE, EMPTY, 0 },
	{ "signal.timeline-of-binary", SIGNAL | TIMELINE, DONE, 1 },
};

static void ask_one(const char *name, uint32_t flags, uint32_t handle, uint64_t point)
{
	struct sync_row r = { name, flags, handle, point };

	ask(name, ask_sync, &r);
}

static void ask_sync_flags(void)
{
	char name[80];

	for (unsigned int bit = 8; bit < 31; bit++) {
		snprintf(name, sizeof(name), "wait.flag-%u", bit);
		ask_one(name, 1u << bit, DONE, 0);
		snprintf(name, sizeof(name), "signal.flag-%u", bit);
		ask_one(name, SIGNAL | 1u << bit, EMPTY, 0);
	}
}

static void ask_handle_types(void)
{
	static const unsigned int types[] = {
		2, 3, 4, 8, 0x10, 0x20, 0x40, 0x7f, 0x80, 0x81, 0xfe, 0xff,
	};
	char name[80];

	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		snprintf(name, sizeof(name), "wait.type-%u", types[i]);
		ask_one(name, types[i], DONE, 0);
		snprintf(name, sizeof(name), "signal.type-%u", types[i]);
		ask_one(name, SIGNAL | types[i], TL, 6);
	}
}

void ask_syncs(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
		ask(rows[i].name, ask_sync, &rows[i]);
	ask_sync_flags();
	ask_handle_types();
}

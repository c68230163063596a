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

static void ask_one(const char *name, uint32_t flags, uint32_t handle, uint64_t point)
{
	struct sync_row r = { name, flags, handle, point, 0 };

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
	for (unsigned int i = 0; i < ARRAY_SIZE(sync_rows); i++)
		ask(sync_rows[i].name, ask_sync, &sync_rows[i]);
	ask_sync_flags();
	ask_handle_types();
}

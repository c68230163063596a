// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One operation with one field that is odd, each as a synchronous bind (.now) and as
 * a queued one (.queued). The driver checks in this order: alignment of all three
 * fields, the range, then by type; so each row but the combinations is wrong in one
 * thing only.
 */
#include <stdio.h>

#include "ask.h"

struct op_question {
	const struct op_row *row;
	void (*before)(struct world *w);
	bool queued;
};

static void ask_op(struct world *w, const void *arg)
{
	const struct op_question *q = arg;
	const struct op_row *r = q->row;
	struct drm_panthor_sync_op s = pan_signal(OUT, 0);
	struct drm_panthor_vm_bind_op op = {
		.flags = r->flags, .bo_handle = r->handle,
		.bo_offset = r->offset, .va = r->va, .size = r->size,
	};

	if (q->before)
		q->before(w);
	if (q->queued)
		op = with_syncs(op, &s, 1);
	if (tell_bind(w, VM, q->queued ? ASYNC : 0, &op, 1) || !q->queued)
		say("fence %s", fence_text(w, OUT));
	else
		say("fence %s", settled(w, OUT));
	tell_rest(w);
}

static void ask_row(const struct op_row *row, void (*before)(struct world *w))
{
	struct op_question q = { row, before, false };
	char name[80];

	snprintf(name, sizeof(name), "%s.now", row->name);
	ask(name, ask_op, &q);
	q.queued = true;
	snprintf(name, sizeof(name), "%s.queued", row->name);
	ask(name, ask_op, &q);
}

static void ask_rows(const struct op_row *rows, unsigned int n,
		     void (*before)(struct world *w))
{
	for (unsigned int i = 0; i < n; i++)
		ask_row(&rows[i], before);
}

static void with_sparse(struct world *w)
{
	need(pan_map_sparse(&w->p, VM, VA, 4 * SZ_2M));
}

/* --- Flags and types ----------------------------------------------------- */

static void ask_bits(const char *kind, struct op_row row)
{
	uint32_t flags = row.flags;
	char name[40];

	row.name = name;
	for (unsigned int bit = 0; bit < 28; bit++) {
		snprintf(name, sizeof(name), "%s.flag-%u", kind, bit);
		row.flags = flags | 1u << bit;
		ask_row(&row, NULL);
	}
}

static void ask_types(void)
{
	struct op_row row = { NULL, 0, BO, 0, VA, SZ_64K, 0, 0 };
	char name[40];

	row.name = name;
	for (uint32_t type = 1; type < 16; type++) {
		snprintf(name, sizeof(name), "type.%u-with-buffer", type);
		row.flags = type << 28;
		row.handle = BO;
		ask_row(&row, NULL);
		snprintf(name, sizeof(name), "type.%u", type);
		row.handle = 0;
		ask_row(&row, NULL);
	}
}

/* All that the flags of map can be */
static void ask_flag_sets(void)
{
	struct op_row row = { NULL, 0, 0, 0, VA, SZ_64K, 0, 0 };
	char name[40];

	row.name = name;
	for (uint32_t flags = 0; flags < 16; flags++) {
		snprintf(name, sizeof(name), "flags%s%s%s%s%s", flags & F_RO ? ".ro" : "",
			 flags & F_NX ? ".nx" : "", flags & F_UC ? ".uc" : "",
			 flags & F_SPARSE ? ".sparse" : "", flags ? "" : ".none");
		row.flags = flags;
		row.handle = flags & F_SPARSE ? 0 : BO;
		ask_row(&row, NULL);
	}
}

void ask_ops(void)
{
	const struct op_row unmap = { NULL, T_UNMAP, 0, 0, VA, SZ_64K, 0, 0 };
	const struct op_row sync = { NULL, T_SYNC, 0, 0, 0, 0, 0, 0 };
	const struct op_row map = { NULL, 0, BO, 0, VA, SZ_64K, 0, 0 };

	ask_rows(map_rows, ARRAY_SIZE(map_rows), NULL);
	ask_rows(sparse_rows, ARRAY_SIZE(sparse_rows), NULL);
	ask_rows(unmap_rows, ARRAY_SIZE(unmap_rows), with_big);
	ask_rows(rebind_rows, ARRAY_SIZE(rebind_rows), with_big);
	ask_rows(resparse_rows, ARRAY_SIZE(resparse_rows), with_sparse);
	ask_rows(sync_only_rows, ARRAY_SIZE(sync_only_rows), NULL);
	ask_flag_sets();
	ask_types();
	ask_bits("map", map);
	ask_bits("unmap", unmap);
	ask_bits("sync-only", sync);
}

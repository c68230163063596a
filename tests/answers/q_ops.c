// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One operation with one field that is odd, each as a synchronous bind (.now) and as
 * a queued one (.queued). The driver checks in this order: alignment of all three
 * fields, the range, then by type; so each row but the combinations is wrong in one
 * thing only.
 */
#include <stdio.h>

#include "ask.h"

/* An operation without sync objects, under a name */
struct op_row {
	const char *name;
	uint32_t flags;
	uint32_t handle;
	uint64_t offset;
	uint64_t va;
	uint64_t size;
};

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

/* --- Map ----------------------------------------------------------------- */

static const struct op_row maps[] = {
	{ "map.plain", 0, BO, 0, VA, SZ_64K },
	{ "map.page", 0, BO, 0, VA, SZ_4K },
	{ "map.last-page-of-buffer", 0, BO, SZ_64K - SZ_4K, VA, SZ_4K },
	{ "map.across-2m", 0, BO, 0, VA + SZ_2M - SZ_4K, SZ_64K },
	{ "map.across-1g", 0, BO, 0, VA + SZ_1G - SZ_4K, SZ_64K },
	{ "map.across-512g", 0, BO, 0, VA + SZ_1T / 2 - SZ_4K, SZ_64K },

	{ "map.va-0", 0, BO, 0, 0, SZ_64K },
	{ "map.va-1", 0, BO, 0, VA + 1, SZ_64K },
	{ "map.va-2048", 0, BO, 0, VA + 2048, SZ_64K },
	{ "map.va-4095", 0, BO, 0, VA + 4095, SZ_64K },
	{ "map.last-user-page", 0, BO, 0, USER_END - SZ_4K, SZ_4K },
	{ "map.up-to-user-end", 0, BO, 0, USER_END - SZ_64K, SZ_64K },
	{ "map.one-page-beyond-user-end", 0, BO, 0, USER_END - SZ_64K + SZ_4K, SZ_64K },
	{ "map.across-user-end", 0, BO, 0, USER_END - SZ_4K, SZ_64K },
	{ "map.at-user-end", 0, BO, 0, USER_END, SZ_4K },
	{ "map.kernels-last-page", 0, BO, 0, 2 * USER_END - SZ_4K, SZ_4K },
	{ "map.beyond-all", 0, BO, 0, 2 * USER_END, SZ_4K },
	{ "map.va-2^63", 0, BO, 0, 1ull << 63, SZ_64K },
	{ "map.last-page-of-64-bits", 0, BO, 0, -SZ_4K, SZ_4K },
	{ "map.up-to-64-bits", 0, BO, 0, -SZ_64K, SZ_64K },
	{ "map.wraps-to-a-page", 0, BO, 0, -SZ_64K + SZ_4K, SZ_64K },
	{ "map.wraps-to-user", 0, BO, 0, USER_END - SZ_4K, -USER_END },

	{ "map.size-0", 0, BO, 0, VA, 0 },
	{ "map.size-0-in-2m", 0, BO, 0, VA + SZ_4K, 0 },
	{ "map.size-0-at-0", 0, BO, 0, 0, 0 },
	{ "map.size-0-at-user-end", 0, BO, 0, USER_END, 0 },
	{ "map.size-0-beyond-user-end", 0, BO, 0, USER_END + SZ_4K, 0 },
	{ "map.size-0-unaligned", 0, BO, 0, VA + 1, 0 },
	{ "map.size-0-nowhere", 0, NOWHERE, 0, VA, 0 },
	{ "map.size-0-foreign", 0, FOREIGN, 0, VA, 0 },
	{ "map.size-0-at-buffers-end", 0, BO, SZ_64K, VA, 0 },
	{ "map.size-0-beyond-buffer", 0, BO, SZ_64K + SZ_4K, VA, 0 },
	{ "map.size-0-flag", 1u << 9, BO, 0, VA, 0 },
	{ "map.size-1", 0, BO, 0, VA, 1 },
	{ "map.size-4095", 0, BO, 0, VA, 4095 },
	{ "map.size-4097", 0, BO, 0, VA, 4097 },
	{ "map.one-page-too-much", 0, BO, 0, VA, SZ_64K + SZ_4K },
	{ "map.size-4g", 0, BO, 0, VA, 1ull << 32 },
	{ "map.size-2^63", 0, BO, 0, VA, 1ull << 63 },
	{ "map.size-all-but-a-page", 0, BO, 0, VA, -SZ_4K },
	{ "map.size-all-bits", 0, BO, 0, VA, -1 },
	{ "map.size-user-range", 0, BO, 0, 0, USER_END },

	{ "map.offset-1", 0, BO, 1, VA, SZ_4K },
	{ "map.offset-2048", 0, BO, 2048, VA, SZ_4K },
	{ "map.offset-leaves-too-little", 0, BO, SZ_4K, VA, SZ_64K },
	{ "map.offset-at-end", 0, BO, SZ_64K, VA, SZ_4K },
	{ "map.offset-4g", 0, BO, 1ull << 32, VA, SZ_4K },
	{ "map.offset-2^63", 0, BO, 1ull << 63, VA, SZ_4K },
	{ "map.offset-last-page-of-64-bits", 0, BO, -SZ_4K, VA, SZ_4K },
	{ "map.offset-wraps-into-buffer", 0, BO, -SZ_4K, VA, 2 * SZ_4K },

	{ "map.handle-0", 0, 0, 0, VA, SZ_64K },
	{ "map.handle-nowhere", 0, NOWHERE, 0, VA, SZ_64K },
	{ "map.handle-all-bits", 0, -1, 0, VA, SZ_64K },
	{ "map.handle-closed", 0, GONE, 0, VA, SZ_64K },
	{ "map.own", 0, OWN, 0, VA, SZ_64K },
	{ "map.foreign", 0, FOREIGN, 0, VA, SZ_64K },
	{ "map.orphan", 0, ORPHAN, 0, VA, SZ_64K },
	{ "map.no-mmap", 0, NO_MMAP, 0, VA, SZ_64K },
	{ "map.write-back", 0, WB, 0, VA, SZ_64K },
	{ "map.tiny", 0, TINY, 0, VA, SZ_4K },
	{ "map.tiny-two-pages", 0, TINY, 0, VA, 2 * SZ_4K },
	{ "map.tiny-size-1", 0, TINY, 0, VA, 1 },
	{ "map.all-wrong", -1, -1, -1, -1, -1 },
	{ "map.all-zero", 0, 0, 0, 0, 0 },
};

/* --- Sparse -------------------------------------------------------------- */

static const struct op_row sparse[] = {
	{ "sparse.page", SPARSE, 0, 0, VA, SZ_4K },
	{ "sparse.64k", SPARSE, 0, 0, VA, SZ_64K },
	{ "sparse.block", SPARSE, 0, 0, VA, SZ_2M },
	{ "sparse.blocks", SPARSE, 0, 0, VA, 4 * SZ_2M },
	{ "sparse.a-page-off", SPARSE, 0, 0, VA + SZ_4K, 2 * SZ_2M },
	{ "sparse.1g", SPARSE, 0, 0, VA, SZ_1G },
	{ "sparse.16g", SPARSE, 0, 0, VA, 16 * SZ_1G },
	{ "sparse.16g-a-page-off", SPARSE, 0, 0, VA + SZ_4K, 16 * SZ_1G },
	{ "sparse.size-0-at-0", SPARSE, 0, 0, 0, 0 },
	{ "sparse.va-0", SPARSE, 0, 0, 0, SZ_2M },
	{ "sparse.last-user-page", SPARSE, 0, 0, USER_END - SZ_4K, SZ_4K },
	{ "sparse.last-user-block", SPARSE, 0, 0, USER_END - SZ_2M, SZ_2M },
	{ "sparse.across-user-end", SPARSE, 0, 0, USER_END - SZ_2M, 2 * SZ_2M },
	{ "sparse.at-user-end", SPARSE, 0, 0, USER_END, SZ_2M },
	{ "sparse.wraps", SPARSE, 0, 0, -SZ_2M, 2 * SZ_2M },
	{ "sparse.size-0", SPARSE, 0, 0, VA, 0 },
	{ "sparse.size-0-in-2m", SPARSE, 0, 0, VA + SZ_4K, 0 },
	{ "sparse.size-1", SPARSE, 0, 0, VA, 1 },
	{ "sparse.va-1", SPARSE, 0, 0, VA + 1, SZ_2M },
	{ "sparse.handle", SPARSE, BO, 0, VA, SZ_64K },
	{ "sparse.handle-nowhere", SPARSE, NOWHERE, 0, VA, SZ_64K },
	{ "sparse.handle-foreign", SPARSE, FOREIGN, 0, VA, SZ_64K },
	{ "sparse.offset", SPARSE, 0, SZ_4K, VA, SZ_64K },
	{ "sparse.offset-1", SPARSE, 0, 1, VA, SZ_64K },
	{ "sparse.handle-and-offset", SPARSE, BO, SZ_4K, VA, SZ_4K },
	{ "sparse.executable", F_SPARSE, 0, 0, VA, SZ_64K },
	{ "sparse.unmap", T_UNMAP | SPARSE, 0, 0, VA, SZ_64K },
	{ "sparse.sync-only", T_SYNC | SPARSE, 0, 0, 0, 0 },
};

/* --- Unmap, with 4 MiB mapped at VA -------------------------------------- */

static const struct op_row unmaps[] = {
	{ "unmap.all", T_UNMAP, 0, 0, VA, 2 * SZ_2M },
	{ "unmap.more", T_UNMAP, 0, 0, VA - SZ_2M, 4 * SZ_2M },
	{ "unmap.first-page", T_UNMAP, 0, 0, VA, SZ_4K },
	{ "unmap.last-page", T_UNMAP, 0, 0, VA + 2 * SZ_2M - SZ_4K, SZ_4K },
	{ "unmap.page-within", T_UNMAP, 0, 0, VA + SZ_64K, SZ_4K },
	{ "unmap.block", T_UNMAP, 0, 0, VA, SZ_2M },
	{ "unmap.across-blocks", T_UNMAP, 0, 0, VA + SZ_2M - SZ_4K, 2 * SZ_4K },
	{ "unmap.all-but-edges", T_UNMAP, 0, 0, VA + SZ_4K, 2 * SZ_2M - 2 * SZ_4K },
	{ "unmap.left-overlap", T_UNMAP, 0, 0, VA - SZ_64K, 2 * SZ_64K },
	{ "unmap.right-overlap", T_UNMAP, 0, 0, VA + 2 * SZ_2M - SZ_64K, 2 * SZ_64K },
	{ "unmap.nothing-before", T_UNMAP, 0, 0, VA - SZ_64K, SZ_64K },
	{ "unmap.nothing-behind", T_UNMAP, 0, 0, VA + 2 * SZ_2M, SZ_64K },
	{ "unmap.nothing-far", T_UNMAP, 0, 0, VA + SZ_1T, SZ_1G },
	{ "unmap.nothing-1t", T_UNMAP, 0, 0, VA + SZ_1T, SZ_1T },
	{ "unmap.last-user-page", T_UNMAP, 0, 0, USER_END - SZ_4K, SZ_4K },
	{ "unmap.across-user-end", T_UNMAP, 0, 0, USER_END - SZ_4K, 2 * SZ_4K },
	{ "unmap.at-user-end", T_UNMAP, 0, 0, USER_END, SZ_4K },
	{ "unmap.from-va-to-user-end", T_UNMAP, 0, 0, VA, USER_END - VA },
	{ "unmap.a-page-beyond-user-end", T_UNMAP, 0, 0, VA, USER_END - VA + SZ_4K },
	{ "unmap.wraps", T_UNMAP, 0, 0, VA, -VA },
	{ "unmap.wraps-to-a-page", T_UNMAP, 0, 0, VA, -VA + SZ_4K },
	{ "unmap.size-0", T_UNMAP, 0, 0, VA, 0 },
	{ "unmap.size-0-in-2m", T_UNMAP, 0, 0, VA + SZ_4K, 0 },
	{ "unmap.size-0-nothing", T_UNMAP, 0, 0, VA - SZ_4K, 0 },
	{ "unmap.size-0-at-user-end", T_UNMAP, 0, 0, USER_END, 0 },
	{ "unmap.size-0-beyond-user-end", T_UNMAP, 0, 0, USER_END + SZ_4K, 0 },
	{ "unmap.size-1", T_UNMAP, 0, 0, VA, 1 },
	{ "unmap.va-1", T_UNMAP, 0, 0, VA + 1, SZ_4K },
	{ "unmap.handle", T_UNMAP, BO, 0, VA, SZ_4K },
	{ "unmap.handle-nowhere", T_UNMAP, NOWHERE, 0, VA, SZ_4K },
	{ "unmap.offset", T_UNMAP, 0, SZ_4K, VA, SZ_4K },
	{ "unmap.offset-1", T_UNMAP, 0, 1, VA, SZ_4K },
	{ "unmap.read-only", T_UNMAP | F_RO, 0, 0, VA, SZ_4K },
};

/* --- Map over what is mapped --------------------------------------------- */

static const struct op_row rebinds[] = {
	{ "rebind.same", 0, BIG, 0, VA, 2 * SZ_2M },
	{ "rebind.same-read-only", F_RO, BIG, 0, VA, 2 * SZ_2M },
	{ "rebind.first-page", 0, BO, 0, VA, SZ_4K },
	{ "rebind.last-page", 0, BO, 0, VA + 2 * SZ_2M - SZ_4K, SZ_4K },
	{ "rebind.tile-within", 0, BO, 0, VA + SZ_1M, SZ_64K },
	{ "rebind.across-blocks", 0, BO, 0, VA + SZ_2M - SZ_4K, SZ_64K },
	{ "rebind.left-overlap", 0, BO, 0, VA - SZ_4K, SZ_64K },
	{ "rebind.right-overlap", 0, BO, 0, VA + 2 * SZ_2M - SZ_4K, SZ_64K },
	{ "rebind.same-at-other-offset", 0, BIG, SZ_2M, VA, SZ_2M },
	{ "rebind.same-part", 0, BIG, SZ_1M, VA + SZ_1M, SZ_64K },
	{ "rebind.next-to", 0, BIG, 0, VA + 2 * SZ_2M, SZ_2M },
	{ "rebind.sparse-within", SPARSE, 0, 0, VA + SZ_1M, SZ_64K },
	{ "rebind.sparse-block", SPARSE, 0, 0, VA + SZ_2M, SZ_2M },
	{ "rebind.sparse-over-all", SPARSE, 0, 0, VA - SZ_2M, 4 * SZ_2M },
	{ "rebind.foreign-within", 0, FOREIGN, 0, VA + SZ_1M, SZ_64K },
	{ "rebind.size-0-within", 0, BO, 0, VA + SZ_1M, 0 },
};

static void with_sparse(struct world *w)
{
	need(pan_map_sparse(&w->p, VM, VA, 4 * SZ_2M));
}

static const struct op_row resparse[] = {
	{ "resparse.same", SPARSE, 0, 0, VA, 4 * SZ_2M },
	{ "resparse.unmap-page", T_UNMAP, 0, 0, VA + SZ_1M, SZ_4K },
	{ "resparse.unmap-block", T_UNMAP, 0, 0, VA + SZ_2M, SZ_2M },
	{ "resparse.unmap-first-page", T_UNMAP, 0, 0, VA, SZ_4K },
	{ "resparse.tile", 0, BO, 0, VA + SZ_1M, SZ_64K },
	{ "resparse.across-blocks", 0, BO, 0, VA + SZ_2M - SZ_4K, SZ_64K },
	{ "resparse.right-overlap", 0, BO, 0, VA + 4 * SZ_2M - SZ_4K, SZ_64K },
};

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
	struct op_row row = { NULL, 0, BO, 0, VA, SZ_64K };
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
	struct op_row row = { NULL, 0, 0, 0, VA, SZ_64K };
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

/* --- Sync only ----------------------------------------------------------- */

static const struct op_row syncs_only[] = {
	{ "sync-only.plain", T_SYNC, 0, 0, 0, 0 },
	{ "sync-only.handle", T_SYNC, BO, 0, 0, 0 },
	{ "sync-only.handle-nowhere", T_SYNC, NOWHERE, 0, 0, 0 },
	{ "sync-only.offset", T_SYNC, 0, SZ_4K, 0, 0 },
	{ "sync-only.offset-1", T_SYNC, 0, 1, 0, 0 },
	{ "sync-only.va", T_SYNC, 0, 0, VA, 0 },
	{ "sync-only.va-1", T_SYNC, 0, 0, 1, 0 },
	{ "sync-only.va-at-user-end", T_SYNC, 0, 0, USER_END, 0 },
	{ "sync-only.size", T_SYNC, 0, 0, 0, SZ_4K },
	{ "sync-only.size-1", T_SYNC, 0, 0, 0, 1 },
	{ "sync-only.all-nonzero", T_SYNC, BO, SZ_4K, VA, SZ_64K },
	{ "sync-only.all-nonzero-with-flags", T_SYNC | 15, BO, SZ_4K, VA, SZ_64K },
};

void ask_ops(void)
{
	const struct op_row unmap = { NULL, T_UNMAP, 0, 0, VA, SZ_64K };
	const struct op_row sync = { NULL, T_SYNC, 0, 0, 0, 0 };
	const struct op_row map = { NULL, 0, BO, 0, VA, SZ_64K };

	ask_rows(maps, ARRAY_SIZE(maps), NULL);
	ask_rows(sparse, ARRAY_SIZE(sparse), NULL);
	ask_rows(unmaps, ARRAY_SIZE(unmaps), with_big);
	ask_rows(rebinds, ARRAY_SIZE(rebinds), with_big);
	ask_rows(resparse, ARRAY_SIZE(resparse), with_sparse);
	ask_rows(syncs_only, ARRAY_SIZE(syncs_only), NULL);
	ask_flag_sets();
	ask_types();
	ask_bits("map", map);
	ask_bits("unmap", unmap);
	ask_bits("sync-only", sync);
}

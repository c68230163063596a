// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The QMP commands x-mali-*: what tests on the host see of the GPU. All of
 * them only look; they change nothing that the guest or the GPU can notice.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-mali.h"
#include "mali-csf.h"

static struct mali *mali_qmp_core(Error **errp)
{
	Object *obj = object_resolve_path_type("", TYPE_MALI_CSF, NULL);

	if (!obj) {
		error_setg(errp, "this machine has no Mali GPU");
		return NULL;
	}
	return MALI_CSF(obj)->core;
}

static bool mali_qmp_check_as(uint32_t as, Error **errp)
{
	if (as < MALI_NUM_AS)
		return true;

	error_setg(errp, "address space %" PRIu32 " does not exist (0 to %d do)",
		   as, MALI_NUM_AS - 1);
	return false;
}

MaliTranslation *qmp_x_mali_translate(uint32_t as, uint64_t va, Error **errp)
{
	struct mali *core = mali_qmp_core(errp);
	struct mali_translation t = { 0 };
	MaliTranslation *ret;
	int i;

	if (!core || !mali_qmp_check_as(as, errp))
		return NULL;
	if (mali_translate(core, as, va, &t)) {
		error_setg(errp, "address space %" PRIu32 " is disabled, or 0x%"
			   PRIx64 " is beyond it", as, va);
		return NULL;
	}

	ret = g_new0(MaliTranslation, 1);
	ret->mapped = t.mapped;
	ret->pa = t.pa;
	ret->desc = t.desc;
	ret->level = t.level;
	ret->page_size = t.page_size;
	ret->readable = t.readable;
	ret->writable = t.writable;
	ret->executable = t.executable;
	ret->cached = t.cached;
	ret->has_cached_pa = t.cached;
	ret->cached_pa = t.cached ? t.cached_pa : 0;
	for (i = ARRAY_SIZE(t.tables) - 1; i >= 0; i--)
		QAPI_LIST_PREPEND(ret->tables, t.tables[i]);
	return ret;
}

static void mali_qmp_add_table(void *opaque, uint64_t pa, int level,
			       unsigned int valid)
{
	MaliTableList ***tail = opaque;
	MaliTable *table = g_new0(MaliTable, 1);

	table->pa = pa;
	table->level = level;
	table->valid = valid;
	QAPI_LIST_APPEND(*tail, table);
}

MaliTableList *qmp_x_mali_tables(uint32_t as, Error **errp)
{
	struct mali *core = mali_qmp_core(errp);
	MaliTableList *ret = NULL;
	MaliTableList **tail = &ret;

	if (!core || !mali_qmp_check_as(as, errp))
		return NULL;
	if (mali_walk_tables(core, as, mali_qmp_add_table, &tail) < 0)
		error_setg(errp, "address space %" PRIu32 " is disabled", as);
	return ret;
}

MaliStats *qmp_x_mali_stats(Error **errp)
{
	struct mali *core = mali_qmp_core(errp);
	struct mali_stats s = { 0 };
	MaliStats *ret;

	if (!core)
		return NULL;
	mali_get_stats(core, &s);

	ret = g_new0(MaliStats, 1);
	ret->tlb_hits = s.tlb_hits;
	ret->tlb_misses = s.tlb_misses;
	ret->walk_cache_hits = s.walk_cache_hits;
	ret->table_reads = s.table_reads;
	ret->faults = s.faults;
	ret->as_update = s.as_update;
	ret->as_lock = s.as_lock;
	ret->as_unlock = s.as_unlock;
	ret->as_flush_pt = s.as_flush_pt;
	ret->as_flush_mem = s.as_flush_mem;
	ret->cache_flushes = s.cache_flushes;
	ret->resets = s.resets;
	ret->cs_instrs = s.cs_instrs;
	ret->irq_job = s.irqs[MALI_IRQ_JOB];
	ret->irq_mmu = s.irqs[MALI_IRQ_MMU];
	ret->irq_gpu = s.irqs[MALI_IRQ_GPU];
	return ret;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The QMP commands x-mali-*: what tests see of the GPU, and what they have go
 * wrong. All but x-mali-inject only look; they change nothing that the guest or
 * the GPU can notice.
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
	ret->poisoned_walks = s.poisoned_walks;
	ret->as_update = s.as_update;
	ret->as_lock = s.as_lock;
	ret->as_unlock = s.as_unlock;
	ret->as_flush_pt = s.as_flush_pt;
	ret->as_flush_mem = s.as_flush_mem;
	ret->cache_flushes = s.cache_flushes;
	ret->resets = s.resets;
	ret->reset_writes = s.reset_writes;
	ret->cs_instrs = s.cs_instrs;
	ret->dispatches = s.dispatches;
	ret->workgroups = s.workgroups;
	ret->warps = s.warps;
	ret->shader_instrs = s.shader_instrs;
	ret->lane_instrs = s.lane_instrs;
	ret->shader_faults = s.shader_faults;
	ret->irq_job = s.irqs[MALI_IRQ_JOB];
	ret->irq_mmu = s.irqs[MALI_IRQ_MMU];
	ret->irq_gpu = s.irqs[MALI_IRQ_GPU];
	return ret;
}

/* More than any shader has; the machine stands still meanwhile */
#define MALI_QMP_MAX_INSTRS	65536u

static void mali_qmp_add_instr(void *opaque, uint64_t va, uint64_t word,
			       const char *text)
{
	MaliInstrList ***tail = opaque;
	MaliInstr *instr = g_new0(MaliInstr, 1);

	instr->va = va;
	instr->word = word;
	instr->text = g_strdup(text);
	QAPI_LIST_APPEND(*tail, instr);
}

MaliInstrList *qmp_x_mali_disassemble(uint32_t as, uint64_t va, bool has_count,
				      uint32_t count, Error **errp)
{
	struct mali *core = mali_qmp_core(errp);
	MaliInstrList *ret = NULL;
	MaliInstrList **tail = &ret;

	if (!core || !mali_qmp_check_as(as, errp))
		return NULL;
	if (has_count && count > MALI_QMP_MAX_INSTRS) {
		error_setg(errp, "count is %" PRIu32 ", and may be %u at most", count,
			   MALI_QMP_MAX_INSTRS);
		return NULL;
	}
	if (mali_disassemble(core, as, va, has_count ? count : 64,
			     mali_qmp_add_instr, &tail) < 0)
		error_setg(errp, "address space %" PRIu32 " is disabled, or 0x%"
			   PRIx64 " is beyond it or misaligned", as, va);
	return ret;
}

static MaliStreamList *mali_qmp_streams(const struct mali_slot *slot)
{
	MaliStreamList *list = NULL;
	MaliStreamList **tail = &list;
	int i;

	/* The two enumerations name the same reasons in the same order. */
	QEMU_BUILD_BUG_ON((int)MALI_BLOCK_REASON_HANG !=
			  (int)MALI_CS_BLOCK_HANG);
	for (i = 0; i < MALI_NUM_STREAMS; i++) {
		MaliStream *stream = g_new0(MaliStream, 1);

		stream->started = slot->stream[i].started;
		stream->block = (MaliBlockReason)slot->stream[i].block;
		stream->cmd_ptr = slot->stream[i].cmd_ptr;
		stream->extract = slot->stream[i].extract;
		stream->insert = slot->stream[i].insert;
		QAPI_LIST_APPEND(tail, stream);
	}
	return list;
}

MaliSlotList *qmp_x_mali_slots(Error **errp)
{
	struct mali *core = mali_qmp_core(errp);
	MaliSlotList *list = NULL;
	MaliSlotList **tail = &list;
	struct mali_slot s;
	int i;

	for (i = 0; core && !mali_get_slot(core, i, &s); i++) {
		MaliSlot *slot = g_new0(MaliSlot, 1);

		slot->active = s.active;
		slot->as = s.as;
		slot->priority = s.priority;
		slot->idle = s.idle;
		slot->streams = mali_qmp_streams(&s);
		QAPI_LIST_APPEND(tail, slot);
	}
	return list;
}

/* Arguments that this kind of injection cannot do without */
static bool mali_qmp_check_injection(const MaliInjection *arg, Error **errp)
{
	const char *missing = NULL;

	switch (arg->kind) {
	case MALI_INJECT_KIND_LOST_IRQ:
	case MALI_INJECT_KIND_SPURIOUS_IRQ:
		missing = arg->has_line ? NULL : "line";
		break;
	case MALI_INJECT_KIND_BUS_ERROR:
		missing = arg->has_pa ? NULL : "pa";
		break;
	case MALI_INJECT_KIND_FAULT:
		missing = arg->has_va && arg->has_exception ?
			  NULL : "va and exception";
		break;
	case MALI_INJECT_KIND_GPU_FAULT:
		missing = arg->has_exception ? NULL : "exception";
		break;
	case MALI_INJECT_KIND_SLOW:
		missing = arg->has_what && arg->has_ns ? NULL : "what and ns";
		break;
	default:
		break;
	}
	if (missing)
		error_setg(errp, "'%s' needs %s",
			   MaliInjectKind_str(arg->kind), missing);
	return !missing;
}

static enum mali_inject_kind mali_qmp_kind(MaliInjectKind kind)
{
	static const enum mali_inject_kind kinds[] = {
		[MALI_INJECT_KIND_HANG] = MALI_INJECT_HANG,
		[MALI_INJECT_KIND_LOST_IRQ] = MALI_INJECT_LOST_IRQ,
		[MALI_INJECT_KIND_SPURIOUS_IRQ] = MALI_INJECT_SPURIOUS_IRQ,
		[MALI_INJECT_KIND_FIRMWARE_STOP] = MALI_INJECT_FIRMWARE_STOP,
		[MALI_INJECT_KIND_FIRMWARE_CRASH] = MALI_INJECT_FIRMWARE_CRASH,
		[MALI_INJECT_KIND_BUS_ERROR] = MALI_INJECT_BUS_ERROR,
		[MALI_INJECT_KIND_FAULT] = MALI_INJECT_FAULT,
		[MALI_INJECT_KIND_GPU_FAULT] = MALI_INJECT_GPU_FAULT,
		[MALI_INJECT_KIND_SLOW] = MALI_INJECT_SLOW,
		[MALI_INJECT_KIND_CLEAR] = MALI_INJECT_CLEAR,
	};

	return kinds[kind];
}

/* What is slow is so until it is cleared, anything else happens once. */
static uint32_t mali_qmp_count(const MaliInjection *arg)
{
	if (arg->has_count)
		return arg->count;
	return arg->kind == MALI_INJECT_KIND_SLOW ? 0 : 1;
}

void qmp_x_mali_inject(MaliInjection *arg, Error **errp)
{
	struct mali *core = mali_qmp_core(errp);
	struct mali_injection inj = {
		.kind = mali_qmp_kind(arg->kind),
		.csg = arg->has_csg ? arg->csg : MALI_ANY,
		.cs = arg->has_cs ? arg->cs : MALI_ANY,
		.hard = arg->hard,
		.line = (enum mali_irq)arg->line,
		.count = mali_qmp_count(arg),
		.pa = arg->pa,
		.size = arg->has_size ? arg->size : 4096,
		.as = arg->has_as ? arg->as : MALI_ANY,
		.va = arg->has_address ? arg->address : arg->va,
		.exception = arg->exception,
		.protm = arg->q_protected,	/* a C++ keyword */
		.slow = (enum mali_slow)arg->what,
		.ns = arg->ns,
	};
	const char *wrong;

	/* Lines and slow commands are named in the same order on both sides. */
	QEMU_BUILD_BUG_ON((int)MALI_LINE_GPU != (int)MALI_IRQ_GPU);
	QEMU_BUILD_BUG_ON((int)MALI_SLOW_KIND_STREAM != (int)MALI_SLOW_STREAM);
	if (!core || !mali_qmp_check_injection(arg, errp))
		return;
	wrong = mali_inject(core, &inj);
	if (wrong)
		error_setg(errp, "%s", wrong);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The QMP commands x-mali-* of a QEMU binary built without the GPU: they
 * exist in the schema of every target, and say that there is none.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-mali.h"

MaliTranslation *qmp_x_mali_translate(uint32_t as, uint64_t va, Error **errp)
{
	error_setg(errp, "built without the Mali GPU model");
	return NULL;
}

MaliTableList *qmp_x_mali_tables(uint32_t as, Error **errp)
{
	error_setg(errp, "built without the Mali GPU model");
	return NULL;
}

MaliStats *qmp_x_mali_stats(Error **errp)
{
	error_setg(errp, "built without the Mali GPU model");
	return NULL;
}

MaliInstrList *qmp_x_mali_disassemble(uint32_t as, uint64_t va, bool has_count,
				      uint32_t count, Error **errp)
{
	error_setg(errp, "built without the Mali GPU model");
	return NULL;
}

MaliSlotList *qmp_x_mali_slots(Error **errp)
{
	error_setg(errp, "built without the Mali GPU model");
	return NULL;
}

void qmp_x_mali_inject(MaliInjection *arg, Error **errp)
{
	error_setg(errp, "built without the Mali GPU model");
}

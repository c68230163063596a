/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QEMU device "mali-csf": what the QMP commands and the machine need to
 * know of it. The GPU itself is the portable core, see ../mali.h.
 */
#ifndef HW_MALI_CSF_H
#define HW_MALI_CSF_H

#include "hw/sysbus.h"
#include "qom/object.h"
#include "core/mali.h"

#define TYPE_MALI_CSF "mali-csf"
OBJECT_DECLARE_SIMPLE_TYPE(MaliCsfState, MALI_CSF)

struct MaliCsfState {
	SysBusDevice parent_obj;

	MemoryRegion iomem;
	qemu_irq irq[MALI_NUM_IRQS];
	QEMUTimer *timer;

	/* Regions whose host address the core was given, each referenced. */
	GPtrArray *ram;

	struct mali *core;

	/* Properties */
	bool coherent;
	uint32_t ignore;
	uint32_t lane_ps;
};

#endif /* HW_MALI_CSF_H */

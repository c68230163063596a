/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GPU in the Arm "virt" machine: its machine properties and its device
 * tree node. hw/arm/virt.c only keeps the configuration and says where.
 */
#ifndef HW_MALI_VIRT_H
#define HW_MALI_VIRT_H

#include "qom/object.h"

/* Interrupt lines that the GPU takes from the machine's map. */
#define MALI_VIRT_NUM_IRQS 3

/* Part of the machine's state; all zero is the default. */
typedef struct MaliVirtConfig {
	bool enabled;
	bool noncoherent;
	uint32_t ignore;
	uint32_t lane_ps;
} MaliVirtConfig;

struct VirtMachineState;

void mali_virt_class_init(ObjectClass *oc);
void mali_virt_create(const struct VirtMachineState *vms);

#endif /* HW_MALI_VIRT_H */

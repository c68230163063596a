/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The differences between the QEMU versions that the device builds with
 * (7.2 and 10.0), and nothing else.
 */
#ifndef HW_MALI_COMPAT_H
#define HW_MALI_COMPAT_H

#include "hw/qdev-core.h"

#if QEMU_VERSION_MAJOR >= 10

#include "system/device_tree.h"

/* Property arrays are constant and carry their size. */
#define MALI_COMPAT_PROPERTIES const Property
#define MALI_COMPAT_PROP_END

static inline void mali_compat_set_reset(DeviceClass *dc, DeviceReset reset)
{
	device_class_set_legacy_reset(dc, reset);
}

#else

#include "sysemu/device_tree.h"

#define MALI_COMPAT_PROPERTIES Property
#define MALI_COMPAT_PROP_END DEFINE_PROP_END_OF_LIST(),

static inline void mali_compat_set_reset(DeviceClass *dc, DeviceReset reset)
{
	dc->reset = reset;
}

#endif

#endif /* HW_MALI_COMPAT_H */

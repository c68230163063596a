// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Puts the GPU into the Arm "virt" machine: the machine properties "mali",
 * "mali-coherent", "mali-ignore" and "mali-lane-ps", the device and its device tree
 * node.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "hw/arm/fdt.h"
#include "hw/arm/virt.h"
#include "hw/qdev-properties.h"
#include "hw/sysbus.h"
#include "mali-compat.h"
#include "mali-csf.h"
#include "mali-virt.h"

/*
 * Nothing is clocked, but the driver wants a rate and an operating point.
 * One cycle a nanosecond makes the cycle counter readable.
 */
#define MALI_VIRT_CLOCK_HZ 1000000000u

/* The driver refuses to probe without an operating-point table. */
static uint32_t mali_virt_fdt_opp(void *fdt, const char *gpu)
{
	g_autofree char *table = g_strdup_printf("%s/opp-table", gpu);
	g_autofree char *opp = g_strdup_printf("%s/opp-%u", table,
					       MALI_VIRT_CLOCK_HZ);
	uint32_t phandle = qemu_fdt_alloc_phandle(fdt);

	qemu_fdt_add_subnode(fdt, table);
	qemu_fdt_setprop_string(fdt, table, "compatible",
				"operating-points-v2");
	qemu_fdt_setprop_cell(fdt, table, "phandle", phandle);
	qemu_fdt_add_subnode(fdt, opp);
	qemu_fdt_setprop_u64(fdt, opp, "opp-hz", MALI_VIRT_CLOCK_HZ);
	return phandle;
}

static uint32_t mali_virt_fdt_clock(void *fdt)
{
	uint32_t phandle = qemu_fdt_alloc_phandle(fdt);

	qemu_fdt_add_subnode(fdt, "/gpu-clk");
	qemu_fdt_setprop_string(fdt, "/gpu-clk", "compatible", "fixed-clock");
	qemu_fdt_setprop_cell(fdt, "/gpu-clk", "#clock-cells", 0);
	qemu_fdt_setprop_cell(fdt, "/gpu-clk", "clock-frequency",
			      MALI_VIRT_CLOCK_HZ);
	qemu_fdt_setprop_cell(fdt, "/gpu-clk", "phandle", phandle);
	return phandle;
}

static void mali_virt_fdt_interrupts(void *fdt, const char *gpu, int irq)
{
	static const char names[] = "job\0mmu\0gpu";

	qemu_fdt_setprop_cells(fdt, gpu, "interrupts",
			       GIC_FDT_IRQ_TYPE_SPI, irq + MALI_IRQ_JOB,
			       GIC_FDT_IRQ_FLAGS_LEVEL_HI,
			       GIC_FDT_IRQ_TYPE_SPI, irq + MALI_IRQ_MMU,
			       GIC_FDT_IRQ_FLAGS_LEVEL_HI,
			       GIC_FDT_IRQ_TYPE_SPI, irq + MALI_IRQ_GPU,
			       GIC_FDT_IRQ_FLAGS_LEVEL_HI);
	qemu_fdt_setprop(fdt, gpu, "interrupt-names", names, sizeof(names));
}

static void mali_virt_fdt(void *fdt, const MaliVirtConfig *cfg, hwaddr base,
			  int irq)
{
	g_autofree char *gpu = g_strdup_printf("/gpu@%" PRIx64, base);
	uint32_t clock = mali_virt_fdt_clock(fdt);

	qemu_fdt_add_subnode(fdt, gpu);
	qemu_fdt_setprop_string(fdt, gpu, "compatible",
				"arm,mali-valhall-csf");
	qemu_fdt_setprop_sized_cells(fdt, gpu, "reg", 2, base,
				     2, (uint64_t)MALI_MMIO_SIZE);
	mali_virt_fdt_interrupts(fdt, gpu, irq);
	qemu_fdt_setprop_cell(fdt, gpu, "clocks", clock);
	qemu_fdt_setprop_string(fdt, gpu, "clock-names", "core");
	qemu_fdt_setprop_cell(fdt, gpu, "operating-points-v2",
			      mali_virt_fdt_opp(fdt, gpu));
	/* The root node may say that everything is coherent: be explicit. */
	qemu_fdt_setprop(fdt, gpu, cfg->noncoherent ? "dma-noncoherent" :
			 "dma-coherent", NULL, 0);
}

void mali_virt_create(const VirtMachineState *vms)
{
	hwaddr base = vms->memmap[VIRT_MALI].base;
	int irq = vms->irqmap[VIRT_MALI];
	SysBusDevice *sbd;
	DeviceState *dev;
	int i;

	if (!vms->mali.enabled)
		return;

	dev = qdev_new(TYPE_MALI_CSF);
	qdev_prop_set_bit(dev, "coherent", !vms->mali.noncoherent);
	qdev_prop_set_uint32(dev, "ignore", vms->mali.ignore);
	qdev_prop_set_uint32(dev, "lane-ps", vms->mali.lane_ps);
	sbd = SYS_BUS_DEVICE(dev);
	sysbus_realize_and_unref(sbd, &error_fatal);
	sysbus_mmio_map(sbd, 0, base);
	for (i = 0; i < MALI_NUM_IRQS; i++)
		sysbus_connect_irq(sbd, i, qdev_get_gpio_in(vms->gic, irq + i));

	mali_virt_fdt(MACHINE(vms)->fdt, &vms->mali, base, irq);
}

static bool mali_virt_get(Object *obj, Error **errp)
{
	return VIRT_MACHINE(obj)->mali.enabled;
}

static void mali_virt_set(Object *obj, bool value, Error **errp)
{
	VIRT_MACHINE(obj)->mali.enabled = value;
}

static bool mali_virt_get_coherent(Object *obj, Error **errp)
{
	return !VIRT_MACHINE(obj)->mali.noncoherent;
}

static void mali_virt_set_coherent(Object *obj, bool value, Error **errp)
{
	VIRT_MACHINE(obj)->mali.noncoherent = !value;
}

/* Read and written alike */
static void mali_virt_ignore(Object *obj, Visitor *v, const char *name,
			     void *opaque, Error **errp)
{
	visit_type_uint32(v, name, &VIRT_MACHINE(obj)->mali.ignore, errp);
}

static void mali_virt_lane_ps(Object *obj, Visitor *v, const char *name,
			      void *opaque, Error **errp)
{
	visit_type_uint32(v, name, &VIRT_MACHINE(obj)->mali.lane_ps, errp);
}

void mali_virt_class_init(ObjectClass *oc)
{
	object_class_property_add_bool(oc, "mali", mali_virt_get,
				       mali_virt_set);
	object_class_property_set_description(oc, "mali",
					      "Set on/off to enable/disable the Mali CSF GPU");

	object_class_property_add_bool(oc, "mali-coherent",
				       mali_virt_get_coherent,
				       mali_virt_set_coherent);
	object_class_property_set_description(oc, "mali-coherent",
					      "Set on/off to make the GPU I/O coherent or not");

	object_class_property_add(oc, "mali-ignore", "uint32",
				  mali_virt_ignore, mali_virt_ignore,
				  NULL, NULL);
	object_class_property_set_description(oc, "mali-ignore",
					      "Mask of MMU commands that a broken GPU only pretends to do");

	object_class_property_add(oc, "mali-lane-ps", "uint32",
				  mali_virt_lane_ps, mali_virt_lane_ps,
				  NULL, NULL);
	object_class_property_set_description(oc, "mali-lane-ps",
					      "Picoseconds that an instruction of a shader core's lane takes");
}

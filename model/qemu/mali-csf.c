// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The QEMU device "mali-csf": a register window, three interrupt lines and a
 * timer around the portable GPU core in the parent folder. Nothing about the
 * GPU is decided here; this file only connects the core to the machine.
 *
 * Everything runs under the big lock: register accesses on the vCPU threads,
 * the timer in the main loop (or, under -icount, in the vCPU thread at an
 * instruction count that does not depend on the host).
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/rcu.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "trace.h"
#include "mali-csf.h"
#include "mali-compat.h"

/*
 * The GPU masters memory only. Letting it reach device registers would let a
 * guest re-enter this very device, so that is a bus error, as on a system
 * whose interconnect does not route the GPU to peripherals.
 */
static const MemTxAttrs mali_csf_attrs = { .memory = 1 };

static int mali_csf_mem_read(void *host, uint64_t pa, void *buf, size_t len)
{
	MemTxResult res = address_space_read(&address_space_memory, pa,
					     mali_csf_attrs, buf, len);

	return res == MEMTX_OK ? 0 : -1;
}

static int mali_csf_mem_write(void *host, uint64_t pa, const void *buf,
			      size_t len)
{
	/* Marks pages dirty and drops translated code, as any DMA must. */
	MemTxResult res = address_space_write(&address_space_memory, pa,
					      mali_csf_attrs, buf, len);

	return res == MEMTX_OK ? 0 : -1;
}

/*
 * The core may keep a host address for as long as it lives, so the region
 * behind it must not go away, not even when its memory device is unplugged.
 */
static void mali_csf_pin_ram(MaliCsfState *s, MemoryRegion *mr)
{
	if (g_ptr_array_find(s->ram, mr, NULL))
		return;

	memory_region_ref(mr);
	g_ptr_array_add(s->ram, mr);
}

static void *mali_csf_page_ptr(void *host, uint64_t pa)
{
	MaliCsfState *s = host;
	MemoryRegion *mr;
	hwaddr len = 4096;
	hwaddr offset;

	RCU_READ_LOCK_GUARD();
	mr = address_space_translate(&address_space_memory, pa, &offset, &len,
				     false, mali_csf_attrs);
	if (len < 4096 || !memory_region_is_ram(mr) ||
	    memory_region_is_rom(mr) || memory_region_is_ram_device(mr))
		return NULL;

	mali_csf_pin_ram(s, mr);
	return (uint8_t *)memory_region_get_ram_ptr(mr) + offset;
}

/* What mali_csf_mem_write() does beside writing, for what was written in place */
static void mali_csf_page_wrote(void *host, void *at, size_t len)
{
	ram_addr_t offset;
	MemoryRegion *mr = memory_region_from_host(at, &offset);

	/* The end of a mapping, whose reference this takes back */
	memory_region_ref(mr);
	address_space_unmap(&address_space_memory, at, len, true, len);
}

static void mali_csf_set_irq(void *host, enum mali_irq line, bool level)
{
	MaliCsfState *s = host;

	trace_mali_csf_irq(line, level);
	qemu_set_irq(s->irq[line], level);
}

static uint64_t mali_csf_clock_ns(void *host)
{
	return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void mali_csf_schedule(void *host, uint64_t deadline_ns)
{
	MaliCsfState *s = host;

	trace_mali_csf_schedule(deadline_ns);
	if (deadline_ns == MALI_NEVER)
		timer_del(s->timer);
	else
		timer_mod_ns(s->timer, MIN(deadline_ns, INT64_MAX));
}

static void mali_csf_guest_error(void *host, const char *msg)
{
	trace_mali_csf_guest_error(msg);
	qemu_log_mask(LOG_GUEST_ERROR, "mali-csf: %s\n", msg);
}

static const struct mali_host_ops mali_csf_host_ops = {
	.mem_read = mali_csf_mem_read,
	.mem_write = mali_csf_mem_write,
	.page_ptr = mali_csf_page_ptr,
	.page_wrote = mali_csf_page_wrote,
	.set_irq = mali_csf_set_irq,
	.clock_ns = mali_csf_clock_ns,
	.schedule = mali_csf_schedule,
	.guest_error = mali_csf_guest_error,
};

static void mali_csf_timer(void *opaque)
{
	MaliCsfState *s = opaque;

	mali_run(s->core);
}

/* Whether these are registers, and not parts of them; 64-bit ones at any 4-byte boundary */
static bool whole(hwaddr offset, unsigned int size)
{
	return size >= 4 && QEMU_IS_ALIGNED(offset, 4);
}

/* A bus of registers has no narrow reads: the processor picks its bytes from words */
static uint64_t read_bytes(struct mali *core, hwaddr offset, unsigned int size)
{
	uint64_t val = 0;

	for (unsigned int i = 0; i < size; i++) {
		hwaddr at = offset + i;
		uint64_t word = mali_mmio_read(core, QEMU_ALIGN_DOWN(at, 4), 4);

		val |= (word >> (at % 4 * 8) & 0xff) << (i * 8);
	}
	return val;
}

static uint64_t mali_csf_read(void *opaque, hwaddr offset, unsigned int size)
{
	MaliCsfState *s = opaque;
	uint64_t val = whole(offset, size) ? mali_mmio_read(s->core, offset, size) :
					     read_bytes(s->core, offset, size);

	trace_mali_csf_read(offset, val, size);
	return val;
}

static void mali_csf_write(void *opaque, hwaddr offset, uint64_t val,
			   unsigned int size)
{
	MaliCsfState *s = opaque;

	trace_mali_csf_write(offset, val, size);
	mali_mmio_write(s->core, offset, val, size);
}

/* Who has the flush ID's page mapped reads it as he likes, and so does a system call */
static bool mali_csf_accepts(void *opaque, hwaddr offset, unsigned int size,
			     bool is_write, MemTxAttrs attrs)
{
	return offset + size <= MALI_MMIO_SIZE && (!is_write || whole(offset, size));
}

static const MemoryRegionOps mali_csf_ops = {
	.read = mali_csf_read,
	.write = mali_csf_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = {
		.min_access_size = 1,
		.max_access_size = 8,
		.unaligned = true,
		.accepts = mali_csf_accepts,
	},
	.impl = {
		.min_access_size = 1,
		.max_access_size = 8,
		.unaligned = true,
	},
};

static void mali_csf_dev_reset(DeviceState *dev)
{
	MaliCsfState *s = MALI_CSF(dev);

	timer_del(s->timer);
	mali_reset(s->core);
}

static void mali_csf_realize(DeviceState *dev, Error **errp)
{
	MaliCsfState *s = MALI_CSF(dev);
	struct mali_config cfg = {
		.coherent = s->coherent,
		.ignore = s->ignore,
		.lane_ps = s->lane_ps,
	};

	/* Before the core: it may ask for its first run at once. */
	s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, mali_csf_timer, s);
	s->core = mali_new(&cfg, &mali_csf_host_ops, s);
	if (!s->core) {
		timer_free(s->timer);
		s->timer = NULL;
		error_setg(errp, "mali-csf: out of memory");
	}
}

static void mali_csf_init(Object *obj)
{
	MaliCsfState *s = MALI_CSF(obj);
	SysBusDevice *sbd = SYS_BUS_DEVICE(obj);
	int i;

	s->ram = g_ptr_array_new();
	memory_region_init_io(&s->iomem, obj, &mali_csf_ops, s, TYPE_MALI_CSF,
			      MALI_MMIO_SIZE);
	sysbus_init_mmio(sbd, &s->iomem);
	for (i = 0; i < MALI_NUM_IRQS; i++)
		sysbus_init_irq(sbd, &s->irq[i]);
}

static void mali_csf_finalize(Object *obj)
{
	MaliCsfState *s = MALI_CSF(obj);
	unsigned int i;

	if (s->core) {
		mali_free(s->core);
		timer_free(s->timer);
	}
	for (i = 0; i < s->ram->len; i++)
		memory_region_unref(g_ptr_array_index(s->ram, i));
	g_ptr_array_free(s->ram, true);
}

/* The core cannot be saved, so a snapshot without it must not be made. */
static const VMStateDescription mali_csf_vmstate = {
	.name = TYPE_MALI_CSF,
	.unmigratable = 1,
};

static MALI_COMPAT_PROPERTIES mali_csf_properties[] = {
	DEFINE_PROP_BOOL("coherent", MaliCsfState, coherent, true),
	DEFINE_PROP_UINT32("ignore", MaliCsfState, ignore, 0),
	DEFINE_PROP_UINT32("lane-ps", MaliCsfState, lane_ps, 0),
	MALI_COMPAT_PROP_END
};

static void mali_csf_class_init(ObjectClass *klass, void *data)
{
	DeviceClass *dc = DEVICE_CLASS(klass);

	dc->desc = "Mali CSF GPU model";
	dc->realize = mali_csf_realize;
	dc->vmsd = &mali_csf_vmstate;
	/* Wired to interrupts and a device tree node by the machine only. */
	dc->user_creatable = false;
	set_bit(DEVICE_CATEGORY_DISPLAY, dc->categories);
	mali_compat_set_reset(dc, mali_csf_dev_reset);
	device_class_set_props(dc, mali_csf_properties);
}

static const TypeInfo mali_csf_info = {
	.name = TYPE_MALI_CSF,
	.parent = TYPE_SYS_BUS_DEVICE,
	.instance_size = sizeof(MaliCsfState),
	.instance_init = mali_csf_init,
	.instance_finalize = mali_csf_finalize,
	.class_init = mali_csf_class_init,
};

static void mali_csf_register_types(void)
{
	type_register_static(&mali_csf_info);
}

type_init(mali_csf_register_types)
